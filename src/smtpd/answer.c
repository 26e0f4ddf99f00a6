#include "smtpd/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/verdict.h"

enum {
	LINE_MAX_TEXT = 480,	/* RFC 5321 section 4.5.3.1.5: 512 in all */
	TROUBLES_MAX = 20,	/* lines that name refused paths */
};

bool
answer_set(struct answer *a, int code, const char *enhanced, const char *fmt,
    ...)
{
	va_list	ap;

	a->code = code;
	strlcpy(a->enhanced, enhanced, sizeof(a->enhanced));
	buffer_clear(&a->text);
	va_start(ap, fmt);
	buffer_vaddf(&a->text, fmt, ap);
	va_end(ap);
	return false;
}

/* What an exit status means between SMTP partners (RFC 3463). */
static const struct {
	int		 status;
	int		 code;
	const char	*enhanced;
} meanings[] = {
	{ EX_USAGE,		553, "5.1.3" },
	{ EX_DATAERR,		554, "5.6.0" },
	{ EX_NOUSER,		550, "5.1.1" },
	{ EX_NOHOST,		451, "4.4.3" },
	{ EX_UNAVAILABLE,	554, "5.0.0" },
	{ EX_CANTCREAT,		452, "4.3.1" },
	{ EX_IOERR,		451, "4.3.0" },
	{ EX_TEMPFAIL,		451, "4.4.1" },
	{ EX_PROTOCOL,		451, "4.5.0" },
	{ EX_NOPERM,		554, "5.7.0" },
	{ EX_CONFIG,		554, "5.3.5" },
};

static void
set_meaning(struct answer *a, int status)
{
	a->code = 451;
	strlcpy(a->enhanced, "4.3.0", sizeof(a->enhanced));
	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
		if (meanings[i].status == status) {
			a->code = meanings[i].code;
			strlcpy(a->enhanced, meanings[i].enhanced,
			    sizeof(a->enhanced));
		}
}

bool
answer_failure(struct answer *a, const struct failure *why)
{
	answer_set(a, 0, "", "%s", why->text);
	set_meaning(a, why->status);
	return false;
}

/*
 * The smarthost's own code, where it is about mail.  Others are about our
 * session with it: a 421 or 530 would have our client hang up or log in.
 */
static void
set_refusal(struct answer *a, const struct outcome *o)
{
	int	class = o->kind == OUTCOME_FAILED ? 5 : 4;

	set_meaning(a, o->status);
	if (a->code / 100 != class) {
		a->code = class == 5 ? 554 : 451;
		snprintf(a->enhanced, sizeof(a->enhanced), "%d.0.0", class);
	}
	if (o->code / 10 == class * 10 + 5) {
		a->code = o->code;
		snprintf(a->enhanced, sizeof(a->enhanced), "%d.0.0", class);
		if (o->enhanced[0] == '0' + class)
			strlcpy(a->enhanced, o->enhanced, sizeof(a->enhanced));
	}
}

static void
set_taken(struct answer *a, const struct outcome *o, const char *queued)
{
	if (o->kind == OUTCOME_DELIVERED)
		answer_set(a, 250, "2.0.0", "sent: %s", o->text);
	else
		answer_set(a, 250, "2.0.0", "queued as %s%s%s", queued,
		    o->text[0] != '\0' ? ": " : "", o->text);
}

void
answer_outcome(struct answer *a, const struct outcome *o, const char *queued)
{
	if (verdict_worst(o, 1, queued != NULL) == NULL) {
		set_taken(a, o, queued);
		return;
	}
	answer_set(a, 0, "", "%s", o->text);
	set_refusal(a, o);
}

/* A queued one speaks for all: it has not arrived yet. */
static const struct outcome *
spokesman(const struct outcome *outcomes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (outcomes[i].kind != OUTCOME_DELIVERED)
			return &outcomes[i];
	return &outcomes[0];
}

struct lines {
	struct buffer	*text;
	size_t		 n;
	size_t		 left_out;
};

static void
add_line(void *context, const struct outcome *o, const char *line)
{
	struct lines	*lines = context;

	(void)o;
	if (lines->n++ < TROUBLES_MAX)
		buffer_addf(lines->text, "%s\n", line);
	else
		lines->left_out++;
}

void
answer_outcomes(struct answer *a, const struct envelope *env,
    const struct outcome *outcomes, const char *queued)
{
	const struct outcome	*worst = verdict_worst(outcomes, env->n,
				    queued != NULL);
	struct lines		 lines = { .text = &a->text };
	size_t			 good = 0;

	if (worst == NULL) {
		set_taken(a, spokesman(outcomes, env->n), queued);
		return;
	}
	answer_set(a, 0, "", "%s", "");
	set_refusal(a, worst);
	verdict_tell(env, outcomes, queued != NULL, add_line, &lines);
	if (lines.left_out > 0)
		buffer_addf(&a->text, "%zu more lines like these\n",
		    lines.left_out);
	for (size_t i = 0; i < env->n; i++)
		good += verdict_worst(&outcomes[i], 1, queued != NULL) ==
		    NULL;
	buffer_addf(&a->text, "sent to %zu of %zu recipients", good, env->n);
}

/* As much of a line as may go out in one, in whole characters. */
static size_t
fitting(const char *line)
{
	size_t	len = strcspn(line, "\n");

	if (len <= LINE_MAX_TEXT)
		return len;
	len = LINE_MAX_TEXT;
	while (len > 0 && ((unsigned char)line[len] & 0xc0) == 0x80)
		len--;
	return len > 0 ? len : LINE_MAX_TEXT;
}

bool
answer_write(const struct answer *a, struct stream *s, struct failure *why)
{
	const char	*line = a->text.data != NULL ? a->text.data : "";

	for (;;) {
		size_t	len = fitting(line);
		bool	last = line[len] == '\0';

		if (!stream_printf(s, why, "%d%c%s%s%.*s\r\n", a->code,
		    last ? ' ' : '-', a->enhanced,
		    a->enhanced[0] != '\0' ? " " : "", (int)len, line))
			return false;
		if (last)
			return true;
		line += len + (line[len] == '\n');
	}
}

void
answer_free(struct answer *a)
{
	buffer_free(&a->text);
}
