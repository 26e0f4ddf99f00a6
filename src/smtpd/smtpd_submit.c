#include "smtpd/smtpd_submit.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "smtpd/smtpd_session.h"
#include "submit/service_protocol.h"

struct smtpd_submit {
	const struct smtpd_submit_options *options;
	struct smtpd_policy	policy;
	struct submit		*submit;
	struct service_options	private;	/* of XRELAIS OPTIONS */

	/* The last message.  After a failure, .result is empty. */
	bool			submitted;	/* there was one */
	bool			refused;	/* why: in failure */
	struct failure		failure;
	struct envelope		envelope;	/* expanded */
	struct submit_result	result;
};

static bool
check_mail(void *context, struct smtpd_reply *reply)
{
	const struct smtpd_submit_options	*o =
		    ((struct smtpd_submit *)context)->options;

	return o->mail == NULL || o->mail(o->context, reply);
}

static bool
check_recipient(void *context, const char *reverse_path,
    const struct address *a, struct smtpd_reply *reply)
{
	struct smtpd_submit	*s = context;
	struct failure		 why;

	if (s->private.late_checks ||
	    submit_recipient(s->submit, reverse_path, a, &why))
		return true;
	smtpd_reply_failure(reply, &why);
	return false;
}

/* The session keeps the envelope as it was given, for its replies. */
static void
copy_envelope(struct smtpd_submit *s, const struct envelope *from)
{
	struct envelope	*to = &s->envelope;

	envelope_free(to);
	envelope_begin_like(to, from);
	for (size_t i = 0; i < from->n; i++)
		envelope_add_like(to, from->forward[i].path,
		    &from->forward[i]);
	if (s->private.default_sender) {
		free(to->reverse_path);
		to->reverse_path = NULL;
	}
}

/* Whether the message is delivered or queued for a recipient. */
static bool
is_accepted(const struct envelope *env, const struct outcome *outcomes,
    bool queued)
{
	for (size_t i = 0; i < env->n; i++)
		if (outcomes[i].kind == OUTCOME_DELIVERED ||
		    (outcomes[i].kind == OUTCOME_DEFERRED && queued))
			return true;
	return false;
}

static const char *
submit_received_message(void *context, const struct envelope *given,
    struct message *m, struct outcome *outcomes)
{
	struct smtpd_submit	*s = context;
	struct submit_result	*result = &s->result;
	struct submit_request	 request = {
		.envelope = &s->envelope,
		.message = m,
		.full_name = s->private.full_name,
		.queue = s->private.queue,
		.bad_from_header = s->private.from_header,
	};
	struct outcome		 refused = { .kind = OUTCOME_FAILED };

	submit_result_free(result);
	copy_envelope(s, given);
	s->submitted = true;
	s->refused = !submit_message(s->submit, &request, result,
	    &s->failure);
	if (!s->refused) {
		for (size_t i = 0; i < given->n; i++)
			outcome_set(&outcomes[i],
			    submit_result_for(result, i));
	} else {
		log_line(s->submit->options.log, LOG_ERR, "%s",
		    s->failure.text);
		refused.status = s->failure.status;
		outcome_set_text(&refused, "%s", s->failure.text);
		for (size_t i = 0; i < given->n; i++)
			outcome_set(&outcomes[i], &refused);
		outcome_clear(&refused);
	}
	if (s->options->ended != NULL)
		s->options->ended(s->options->context, is_accepted(given,
		    outcomes, result->queued[0] != '\0'));
	return result->queued[0] != '\0' ? result->queued : NULL;
}

static void
set_options(struct smtpd_submit *s, char *text, struct smtpd_reply *reply)
{
	struct service_options	options;
	struct failure		why;

	if (!service_options_parse(&options, text, &why)) {
		smtpd_reply_set(reply, 501, "5.5.4", "%s", why.text);
		return;
	}
	service_options_free(&s->private);
	s->private = options;
	s->policy.recipients_max = options.late_checks ?
	    SERVICE_RECIPIENTS_MAX : config_number(s->submit->options.config,
	    NULL, KEY_RECIPIENT_LIMIT);
	if (options.plain)
		s->policy.private_command = NULL;
	smtpd_reply_set(reply, 250, "2.0.0", "Ok");
}

static void
write_result(const struct smtpd_submit *s, struct smtpd_reply *reply)
{
	struct service_result	result = {
		.refused = s->refused,
		.envelope = s->envelope,
		.outcomes = s->result.outcomes,
	};

	if (!s->submitted) {
		smtpd_reply_set(reply, 503, "5.5.1", "Error: no message");
		return;
	}
	if (s->refused)
		result.why = s->failure;
	strlcpy(result.queued, s->result.queued, sizeof(result.queued));
	strlcpy(result.failed, s->result.failed, sizeof(result.failed));
	smtpd_reply_set(reply, 250, "", "%s", "");
	service_result_write(&reply->text, &result);
	reply->unbroken = true;
}

/* "OPTIONS queue": the command is compared without regard to case. */
static bool
private_command(void *context, char *text, struct smtpd_reply *reply)
{
	struct smtpd_submit			*s = context;
	const struct smtpd_submit_options	*o = s->options;
	size_t					 n = strcspn(text, " ");

	if (n == 7 && strncasecmp(text, "OPTIONS", n) == 0)
		set_options(s, text + n, reply);
	else if (strcasecmp(text, "RESULT") == 0)
		write_result(s, reply);
	else if (o->command != NULL)
		return o->command(o->context, text, reply);
	else
		smtpd_reply_set(reply, 504, "5.5.4", "Error: unknown private "
		    "command");
	return true;
}

void
smtpd_submit_open(struct submit *submit, const struct submit_options *options)
{
	struct submit_options	how = *options;

	how.confine = how.each_recipient = true;
	submit_open(submit, &how);
}

bool
smtpd_submit(struct stream *stream, const struct smtpd_submit_options *options,
    struct failure *why)
{
	struct submit			*submit = options->submit;
	const struct submit_options	*how = &submit->options;
	struct smtpd_submit		 s = {
		.options = options,
		.submit = submit,
		.policy = {
			.host = how->me->host,
			.size_max = submit->limits.size_max,
			.recipients_max = config_number(how->config, NULL,
			    KEY_RECIPIENT_LIMIT),
			.idle_ms = options->idle_ms,
			.spill = submit->limits.spill,
			.spare = submit->limits.spare,
			.mail = check_mail,
			.recipient = check_recipient,
			.message = submit_received_message,
			.private_command = options->private_commands ?
			    private_command : NULL,
		},
	};
	bool				 good;

	s.policy.context = &s;
	submit_begin_session(submit);
	stream_set_interrupt(stream, how->interrupt);
	good = smtpd_session(stream, &s.policy, why);
	submit_result_free(&s.result);
	envelope_free(&s.envelope);
	service_options_free(&s.private);
	return good;
}
