#include "smtpd/smtpd_submit.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "relay/mail_log.h"
#include "relay/relay.h"
#include "smtpd/smtpd_session.h"
#include "submit/deliver.h"
#include "submit/prepare.h"
#include "submit/spool_config.h"

struct post {
	const struct post_options	*options;
	struct local_names		 directory;
	struct relay			 relay;
	struct spool			 spool;
	enum spool_config		 queue;
	struct failure			 no_queue;	/* why there is none */
	struct delivered		 where;		/* the last message */
};

static void
copy_envelope(struct envelope *to, const struct envelope *from)
{
	envelope_begin_like(to, from);
	for (size_t i = 0; i < from->n; i++)
		envelope_add_like(to, from->forward[i].path,
		    &from->forward[i]);
}

static struct preparation
rules(struct post *p, struct leads *leads)
{
	return (struct preparation){
		.config = p->options->config,
		.me = p->options->me,
		.directory = &p->directory,
		.leads = leads,
	};
}

/* A local name that leads nowhere is refused before there is a message. */
static bool
take_recipient(void *context, const struct address *a, struct failure *why)
{
	struct preparation	preparation = rules(context, NULL);

	return prepare_recipient(&preparation, a, why);
}

static void
hand_over(struct post *p, const struct envelope *env,
    const struct message *m, struct outcome *outcomes)
{
	struct delivery	delivery = {
		.relay = &p->relay,
		.queue = p->queue == SPOOL_CONFIG_OPEN ? &p->spool : NULL,
		.no_queue = p->queue == SPOOL_CONFIG_OPEN ||
		    p->queue == SPOOL_CONFIG_OFF ? NULL : &p->no_queue,
		.queue_is_set = p->queue == SPOOL_CONFIG_BROKEN,
		.envelope = env,
		.message = m,
		.uid = p->options->uid,
		.caller = p->options->me->user,
		.untried = p->options->untried,
	};
	struct mail_log	mail_log = { .uid = p->options->uid, .envelope = env,
			    .message = m };

	deliver(&delivery, outcomes, &p->where);
	if (p->where.queued[0] != '\0')
		mail_log.id = p->where.queued;
	mail_log_outcomes(p->options->log, &mail_log, outcomes);
}

static void
refuse_all(const struct post *p, const struct envelope *said,
    struct outcome *answers, const struct failure *why)
{
	log_line(p->options->log, LOG_ERR, "%s", why->text);
	for (size_t i = 0; i < said->n; i++) {
		answers[i] = (struct outcome){ .kind = OUTCOME_FAILED,
		    .status = why->status };
		strlcpy(answers[i].text, why->text, sizeof(answers[i].text));
	}
}

static const char *
take_message(void *context, const struct envelope *said, struct message *m,
    struct outcome *answers)
{
	struct post		*p = context;
	struct leads		 leads = { 0 };
	struct preparation	 preparation = rules(p, &leads);
	struct envelope		 env;
	struct outcome		*outcomes = NULL;
	struct failure		 why;

	p->where = (struct delivered){ 0 };
	copy_envelope(&env, said);
	if (prepare(&preparation, &env, m, &outcomes, &why)) {
		hand_over(p, &env, m, outcomes);
		for (size_t i = 0; i < said->n; i++)
			answers[i] = *leads_worst(&leads, outcomes, i,
			    p->where.queued[0] != '\0');
	} else {
		refuse_all(p, said, answers, &why);
	}
	free(outcomes);
	leads_free(&leads);
	envelope_free(&env);
	return p->where.queued[0] != '\0' ? p->where.queued : NULL;
}

bool
post_session(struct stream *stream, const struct post_options *options,
    struct failure *why)
{
	struct post		post = { .options = options };
	struct spill_directories	spill;
	struct message_spare	spare;
	struct smtpd_policy	policy = {
		.host = options->me->host,
		.size_max = config_number(options->config, NULL,
		    KEY_MESSAGE_SIZE_LIMIT),
		.recipients_max = config_number(options->config, NULL,
		    KEY_RECIPIENT_LIMIT),
		.idle_ms = options->idle_ms,
		.spill = spill.directory,
		.recipient = take_recipient,
		.message = take_message,
		.context = &post,
	};
	struct sandbox		sandbox;
	bool			good;

	post.queue = spool_config_open(&post.spool, options->config, &post.no_queue);
	if (post.queue == SPOOL_CONFIG_BROKEN)
		log_line(options->log, LOG_WARNING, "%s", post.no_queue.text);
	spool_config_spill(&spill, &post.spool);
	if (spool_config_spare(&spare, &spill, &post.spool))
		policy.spare = &spare;
	local_names_begin(&post.directory, options->config, options->me);
	relay_begin(&post.relay, options->config, options->me,
	    options->trace);
	post.relay.interrupt = options->interrupt;
	stream_set_interrupt(stream, options->interrupt);
	sandbox = spool_config_sandbox(post.queue == SPOOL_CONFIG_OPEN ?
	    &post.spool : NULL);
	relay_confine(&post.relay, &sandbox);
	good = smtpd_session(stream, &policy, why);
	relay_end(&post.relay);
	local_names_end(&post.directory);
	spool_close(&post.spool);
	if (policy.spare != NULL)
		close(spare.fd);
	return good;
}
