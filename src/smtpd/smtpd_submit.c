#include "smtpd/smtpd_submit.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "smtpd/smtpd_session.h"

struct smtpd_submit {
	struct submit		submit;
	struct submit_result	result;		/* of the last message */
};

static bool
check_recipient(void *context, const char *reverse_path,
    const struct address *a, struct smtpd_reply *reply)
{
	struct smtpd_submit	*s = context;
	struct failure		 why;

	if (submit_recipient(&s->submit, reverse_path, a, &why))
		return true;
	smtpd_reply_failure(reply, &why);
	return false;
}

static const char *
submit_received_message(void *context, const struct envelope *given,
    struct message *m, struct outcome *outcomes)
{
	struct smtpd_submit	*s = context;
	struct submit_result	*result = &s->result;
	struct envelope		 env;
	struct submit_request	 request = { .envelope = &env, .message = m };
	struct failure		 why;

	submit_result_free(result);
	/* submit_message() changes its envelope; the session keeps its own. */
	envelope_begin_like(&env, given);
	for (size_t i = 0; i < given->n; i++)
		envelope_add_like(&env, given->forward[i].path,
		    &given->forward[i]);
	if (submit_message(&s->submit, &request, result, &why)) {
		for (size_t i = 0; i < given->n; i++)
			outcomes[i] = *submit_result_for(result, i);
	} else {
		log_line(s->submit.options.log, LOG_ERR, "%s", why.text);
		for (size_t i = 0; i < given->n; i++) {
			outcomes[i] = (struct outcome){
			    .kind = OUTCOME_FAILED, .status = why.status };
			strlcpy(outcomes[i].text, why.text,
			    sizeof(outcomes[i].text));
		}
	}
	envelope_free(&env);
	return result->queued[0] != '\0' ? result->queued : NULL;
}

bool
smtpd_submit(struct stream *stream, const struct submit_options *options,
    int64_t idle_ms, struct failure *why)
{
	struct smtpd_submit	s;
	struct submit_options	all = *options;
	struct smtpd_policy	policy = {
		.host = options->me->host,
		.recipients_max = config_number(options->config, NULL,
		    KEY_RECIPIENT_LIMIT),
		.idle_ms = idle_ms,
		.recipient = check_recipient,
		.message = submit_received_message,
		.context = &s,
	};
	bool			good;

	all.confine = all.each_recipient = true;
	s.result = (struct submit_result){ 0 };
	stream_set_interrupt(stream, options->interrupt);
	submit_open(&s.submit, &all);
	policy.size_max = s.submit.limits.size_max;
	policy.spill = s.submit.limits.spill;
	policy.spare = s.submit.limits.spare;
	good = smtpd_session(stream, &policy, why);
	submit_close(&s.submit);
	submit_result_free(&s.result);
	return good;
}
