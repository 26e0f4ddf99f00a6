#include "smtp/probe.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "mail/message.h"
#include "mail/outcome.h"
#include "smtp/dialogue.h"
#include "smtp/smtp_paths.h"

enum { SHOWN_MAX = 300 };

/* "MAIL FROM:<path>: 550 ..." in place of the name of the step. */
static bool
refused(struct session *s, enum session_step step, const char *command,
    struct failure *why)
{
	char	line[800];
	int	status = step == STEP_RCPT ? EX_NOUSER : EX_UNAVAILABLE;

	if (s->reply.code == 530 || s->reply.code == 535)
		status = EX_NOPERM;	/* RFC 4954 section 6 */
	else if (reply_is_transient(&s->reply))
		status = EX_TEMPFAIL;
	else if (!reply_is_permanent(&s->reply))
		status = EX_PROTOCOL;
	return failed(why, status, "%.*s: %s", SHOWN_MAX, command,
	    reply_line(&s->reply, line, sizeof(line)));
}

static bool
ask(struct session *s, enum session_step step, const char *command,
    struct failure *why)
{
	return dialogue_command(s, step, why, command) &&
	    (reply_is_positive(&s->reply) || refused(s, step, command, why));
}

/* Prepares the paths; false if the server cannot accept their form. */
static bool
prepare(struct session *s, const struct envelope *env, struct smtp_paths *paths,
    struct failure *why)
{
	const struct message	none = { .body.fd = -1 };
	struct outcome		outcome = { .kind = OUTCOME_WAITING };
	struct envelope		one = *env;

	one.n = env->n > 0 ? 1 : 0;
	s->reply = (struct reply){ 0 };
	smtp_paths_prepare(paths, s, &one, &none, &outcome);
	paths->env = env;
	if (outcome.kind == OUTCOME_WAITING)
		return true;
	failed(why, outcome.status, "%s", outcome_text(&outcome) +
	    strlen(s->options->prefix));
	outcome_clear(&outcome);
	return false;
}

bool
probe_mail(struct session *s, const struct envelope *env, struct failure *why)
{
	struct smtp_paths	paths;
	struct buffer		line = { 0 };
	bool			good = prepare(s, env, &paths, why);

	s->step = STEP_MAIL;
	if (good) {
		buffer_addf(&line, "MAIL FROM:<%s>%s%s",
		    smtp_paths_reverse(&paths), paths.utf8 ? " SMTPUTF8" : "",
		    env->requiretls == REQUIRETLS_YES ? " REQUIRETLS" : "");
		good = ask(s, STEP_MAIL, line.data, why);
	}
	buffer_free(&line);
	smtp_paths_free(&paths);
	return good;
}

bool
probe_rcpt(struct session *s, const struct envelope *env, struct failure *why)
{
	struct smtp_paths	paths;
	struct buffer		line = { 0 };
	bool			good = prepare(s, env, &paths, why);

	s->step = STEP_RCPT;
	if (good) {
		buffer_addf(&line, "RCPT TO:<%s>",
		    smtp_paths_forward(&paths, 0));
		good = ask(s, STEP_RCPT, line.data, why);
	}
	buffer_free(&line);
	smtp_paths_free(&paths);
	return good;
}

bool
probe_rset(struct session *s, struct failure *why)
{
	return ask(s, STEP_RSET, "RSET", why);
}
