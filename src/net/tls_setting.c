#include "net/tls_setting.h"

#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

#include "util/trusted.h"

bool
tls_setting_failed(struct failure *why, enum tls_cause cause,
    const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	why->status = EX_CONFIG;
	why->cause = cause;
	return false;
}

bool
tls_setting_read(struct buffer *text, enum tls_cause cause,
    const char *path, unsigned rules, struct failure *why)
{
	struct stat	st;

	if (trusted_read(text, path, TLS_FILE_MAX, rules, &st, why) !=
	    TRUSTED_READ) {
		if (why->status != EX_NOPERM && why->status != EX_TEMPFAIL)
			why->status = EX_CONFIG;
		why->cause = cause;
		return false;
	}
	if (text->len == 0)
		return tls_setting_failed(why, cause, "%s is empty", path);
	return true;
}
