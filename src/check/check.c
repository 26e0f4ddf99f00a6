#include "check/check.h"

#include <stdarg.h>
#include <sysexits.h>

#include "check/held.h"
#include "util/buffer.h"

const char *
check_stage_name(enum check_stage stage)
{
	static const char	names[CHECK_STAGES][12] = {
		[CHECK_CONFIG] = "config",
		[CHECK_SECRETS] = "secrets",
		[CHECK_ALIASES] = "aliases",
		[CHECK_SPOOL] = "spool",
		[CHECK_SERVICE] = "service",
		[CHECK_NAMES] = "names",
		[CHECK_PROGRAM] = "program",
		[CHECK_LOOKUP] = "lookup",
		[CHECK_CONNECT] = "connect",
		[CHECK_GREETING] = "greeting",
		[CHECK_EHLO] = "ehlo",
		[CHECK_TLS] = "tls",
		[CHECK_AUTH] = "auth",
		[CHECK_MAIL] = "mail",
		[CHECK_RCPT] = "rcpt",
		[CHECK_RSET] = "rset",
	};

	return names[stage];
}

const char *
check_verdict_name(enum check_verdict verdict)
{
	static const char	names[CHECK_VERDICTS][12] = {
		[CHECK_OK] = "ok",
		[CHECK_WARNING] = "warning",
		[CHECK_FAIL] = "fail",
		[CHECK_SKIPPED] = "skipped",
	};

	return names[verdict];
}

void
check_report(struct check *c, const struct check_finding *finding,
    const char *fmt, ...)
{
	struct check_finding	found = *finding;
	struct buffer		text = { 0 };
	va_list			ap;

	va_start(ap, fmt);
	buffer_vaddf(&text, fmt, ap);
	va_end(ap);
	found.text = text.data;
	if (held_add(c, &found)) {
		buffer_free(&text);
		return;
	}
	c->n[found.verdict]++;
	if (found.verdict == CHECK_FAIL && c->status == EX_OK)
		c->status = found.status != EX_OK ? found.status : EX_SOFTWARE;
	c->report(c->context, &found);
	buffer_free(&text);
}

void
check_report_failure(struct check *c, const struct check_finding *finding,
    const struct failure *why)
{
	struct check_finding	found = *finding;

	found.verdict = CHECK_FAIL;
	found.status = why->status;
	check_report(c, &found, "%s", why->text);
}
