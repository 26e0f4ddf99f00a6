#include "smtpd/smtpd_reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/outcome.h"
#include "util/memory.h"
#include "util/visible.h"

enum {
	TEXT_MAX = 480,		/* octets of text in a line of a reply; RFC
				 * 5321 section 4.5.3.1.5: 512 in all */
	REFUSALS_MAX = 20,	/* lines that list refused forward-paths */
};

void
smtpd_reply_vset(struct smtpd_reply *r, int code, const char *enhanced,
    const char *fmt, va_list ap)
{
	r->code = code;
	r->unbroken = false;
	strlcpy(r->enhanced, enhanced, sizeof(r->enhanced));
	buffer_clear(&r->text);
	buffer_vaddf(&r->text, fmt, ap);
}

bool
smtpd_reply_set(struct smtpd_reply *r, int code, const char *enhanced,
    const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	smtpd_reply_vset(r, code, enhanced, fmt, ap);
	va_end(ap);
	return false;
}

/* Exit statuses, and the equivalent codes of SMTP (RFC 3463). */
static const struct {
	int		 status;
	int		 code;
	const char	*enhanced;
} status_codes[] = {
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
set_status(struct smtpd_reply *r, int status, const char *text)
{
	smtpd_reply_set(r, 451, "4.3.0", "%s", text);
	for (size_t i = 0; i < sizeof(status_codes) / sizeof(*status_codes);
	    i++)
		if (status_codes[i].status == status) {
			r->code = status_codes[i].code;
			strlcpy(r->enhanced, status_codes[i].enhanced,
			    sizeof(r->enhanced));
		}
}

void
smtpd_reply_failure(struct smtpd_reply *r, const struct failure *why)
{
	set_status(r, why->status, why->text);
}

/*
 * The smarthost's reply code is passed on only if it concerns the mail system
 * (x5z).  Other codes concern our session with the smarthost: after 421 or 530,
 * our client would close the connection or try to authenticate.
 */
static void
set_refusal(struct smtpd_reply *r, const struct outcome *o, const char *text)
{
	int	class = o->kind == OUTCOME_FAILED ? 5 : 4;
	bool	passed_on = o->code / 10 == class * 10 + 5;

	set_status(r, o->status, text);
	if (r->code / 100 != class) {
		r->code = class == 5 ? 554 : 451;
		snprintf(r->enhanced, sizeof(r->enhanced), "%d.0.0", class);
	}
	if (passed_on) {
		r->code = o->code;
		snprintf(r->enhanced, sizeof(r->enhanced), "%d.0.0", class);
	}
	/* Without a reply, it is our own code, such as 5.7.30. */
	if ((passed_on || o->code == 0) && o->enhanced[0] == '0' + class)
		strlcpy(r->enhanced, o->enhanced, sizeof(r->enhanced));
}

static void
set_accepted(struct smtpd_reply *r, const struct outcome *o,
    const char *queued)
{
	const char	*text = outcome_text(o);

	if (o->kind == OUTCOME_DELIVERED)
		smtpd_reply_set(r, 250, "2.0.0", "Ok: sent (%s)", text);
	else if (text[0] != '\0')
		smtpd_reply_set(r, 250, "2.0.0", "Ok: queued as %s (%s)",
		    queued, text);
	else
		smtpd_reply_set(r, 250, "2.0.0", "Ok: queued as %s", queued);
}

void
smtpd_reply_outcome(struct smtpd_reply *r, const struct outcome *o,
    const char *queued)
{
	if (outcome_worst(o, 1, queued != NULL) == NULL)
		set_accepted(r, o, queued);
	else
		set_refusal(r, o, outcome_text(o));
}

struct refusals {
	struct buffer	*text;
	size_t		 n;
};

static void
add_refusal(void *context, const struct outcome *o, const char *line)
{
	struct refusals	*refusals = context;

	(void)o;
	if (refusals->n++ < REFUSALS_MAX)
		buffer_addf(refusals->text, "%s\n", line);
}

void
smtpd_reply_outcomes(struct smtpd_reply *r, const struct envelope *env,
    const struct outcome *outcomes, const char *queued)
{
	const struct outcome	*worst = outcome_worst(outcomes, env->n,
				    queued != NULL);
	struct refusals		 refusals = { .text = &r->text };
	size_t			 accepted = 0;

	if (worst == NULL) {
		/* If a forward-path is queued, the reply says so. */
		for (size_t i = 0; i < env->n && worst == NULL; i++)
			if (outcomes[i].kind != OUTCOME_DELIVERED)
				worst = &outcomes[i];
		set_accepted(r, worst != NULL ? worst : &outcomes[0], queued);
		return;
	}
	set_refusal(r, worst, "");
	outcome_describe(env, outcomes, queued != NULL, add_refusal, &refusals);
	if (refusals.n > REFUSALS_MAX)
		buffer_addf(&r->text, "%zu more errors not shown\n",
		    refusals.n - REFUSALS_MAX);
	for (size_t i = 0; i < env->n; i++)
		accepted += outcome_worst(&outcomes[i], 1, queued != NULL) ==
		    NULL;
	buffer_addf(&r->text, "Error: accepted for %zu of %zu recipients",
	    accepted, env->n);
}

/*
 * The text may contain control characters from the client or the smarthost, and
 * clients display it.
 */
static void
add_visible(struct buffer *to, const char *text)
{
	char	*copy = memory_copy(text);
	char	*rest = copy;

	do {
		char	*line = strsep(&rest, "\n");
		size_t	 size = 4 * strlen(line) + 1;
		char	*shown = buffer_room(to, size);

		visible_more(shown, size, line, "");
		to->len += strlen(shown);
		if (rest != NULL)
			buffer_add_byte(to, '\n');
	} while (rest != NULL);
	free(copy);
}

/*
 * The lines are not formatted: 20,000 replies, to 10,000 recipients in LMTP,
 * would take 60 million more instructions.
 */
bool
smtpd_reply_write(const struct smtpd_reply *r, struct stream *s,
    struct failure *why)
{
	char		 start[4 + sizeof(r->enhanced)] = {
			    (char)('0' + r->code / 100 % 10),
			    (char)('0' + r->code / 10 % 10),
			    (char)('0' + r->code % 10) };
	size_t		 start_len = 4 + strlcpy(start + 4, r->enhanced,
			    sizeof(r->enhanced));
	struct buffer	 shown = { 0 };
	const char	*line;
	bool		 good = true, last = false;

	if (start_len > 4)
		start[start_len++] = ' ';
	add_visible(&shown, r->text.data != NULL ? r->text.data : "");
	for (line = shown.data; good && !last;) {
		size_t	len = strcspn(line, "\n");

		if (!r->unbroken && len > TEXT_MAX) {
			len = TEXT_MAX;
			/* A UTF-8 character is not split. */
			while (len > 1 &&
			    ((unsigned char)line[len] & 0xc0) == 0x80)
				len--;
		}
		last = line[len] == '\0';
		start[3] = last ? ' ' : '-';
		good = stream_write(s, start, start_len, why) &&
		    stream_write(s, line, len, why) &&
		    stream_write(s, "\r\n", 2, why);
		line += len + (line[len] == '\n');
	}
	buffer_free(&shown);
	return good;
}

void
smtpd_reply_free(struct smtpd_reply *r)
{
	buffer_free(&r->text);
}
