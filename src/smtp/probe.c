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

/*
 * Sends MAIL or RCPT, unless the server cannot accept the form of the path.  If
 * the envelope has no recipient, an empty path takes its place.
 */
static bool
probe_path(struct session *s, enum session_step step,
    const struct envelope *env, struct failure *why)
{
	const struct message	none = { .body.fd = -1 };
	struct forward_path	nobody = { .path = (char[]){ "" } };
	struct outcome		outcome = { .kind = OUTCOME_WAITING };
	struct envelope		one = *env;
	struct smtp_paths	paths;
	struct buffer		line = { 0 };
	bool			good;

	one.forward = env->n > 0 ? env->forward : &nobody;
	one.n = 1;
	s->step = step;
	s->reply = (struct reply){ 0 };
	smtp_paths_prepare(&paths, s, &one, &none, &outcome);
	if (step == STEP_RCPT)
		buffer_addf(&line, "RCPT TO:<%s>",
		    smtp_paths_forward(&paths, 0));
	else
		buffer_addf(&line, "MAIL FROM:<%s>%s%s",
		    smtp_paths_reverse(&paths), paths.utf8 ? " SMTPUTF8" : "",
		    env->requiretls == REQUIRETLS_YES ? " REQUIRETLS" : "");
	if (outcome.kind != OUTCOME_WAITING && outcome.step == step)
		good = failed(why, outcome.status, "%s",
		    outcome_text(&outcome) + strlen(s->options->prefix));
	else
		good = ask(s, step, line.data, why);
	outcome_clear(&outcome);
	buffer_free(&line);
	smtp_paths_free(&paths);
	return good;
}

bool
probe_mail(struct session *s, const struct envelope *env, struct failure *why)
{
	return probe_path(s, STEP_MAIL, env, why);
}

bool
probe_rcpt(struct session *s, const struct envelope *env, struct failure *why)
{
	return probe_path(s, STEP_RCPT, env, why);
}

bool
probe_rset(struct session *s, struct failure *why)
{
	return ask(s, STEP_RSET, "RSET", why);
}
