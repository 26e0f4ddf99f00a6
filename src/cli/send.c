#include "cli/send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "cli/flush.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/transcript.h"
#include "config/identity.h"
#include "mail/address.h"
#include "mail/verdict.h"
#include "relay/mail_log.h"
#include "relay/relay.h"
#include "submit/deliver.h"
#include "submit/prepare.h"
#include "submit/spool_config.h"
#include "util/buffer.h"
#include "util/interrupt.h"
#include "util/memory.h"

struct submission {
	const struct options	*options;
	const struct config	*config;
	const struct log	*log;
	struct identity		 me;
	struct message		 message;
	struct envelope		 envelope;
	struct outcome		*outcomes;	/* one for each forward-path */
	struct spool		 spool;
	enum spool_config	 queue;
	struct failure		 no_queue;	/* why there is none */
	struct interrupt	 interrupt;	/* once the message is read */
};

static void
add_recipients(struct submission *s, const struct address_list *to)
{
	struct buffer	path = { 0 };

	for (size_t i = 0; i < to->n; i++) {
		buffer_clear(&path);
		address_write(&path, &to->address[i]);
		envelope_add(&s->envelope, path.data)->notify =
		    s->options->notify;
	}
	buffer_free(&path);
}

static bool
take_arguments(struct submission *s, struct failure *why)
{
	const struct options	*o = s->options;
	struct address_list	 to = { 0 };
	bool			 good = true;

	for (int i = 0; good && i < o->n_arguments; i++)
		good = address_list_parse(&to, o->arguments[i],
		    strlen(o->arguments[i]), ADDRESS_ARGUMENT, why);
	add_recipients(s, &to);
	if (good && to.n == 0 && !o->from_header)
		good = failed(why, EX_USAGE, "no recipients: name them as "
		    "arguments, or use -t to take them from the header");
	address_list_free(&to);
	return good;
}

static void
open_queue(struct submission *s)
{
	s->queue = spool_config_open(&s->spool, s->config, &s->no_queue);
	if (s->queue == SPOOL_CONFIG_BROKEN)
		log_line(s->log, LOG_WARNING, "%s", s->no_queue.text);
}

static bool
read_message(struct submission *s, struct failure *why)
{
	struct spill_directories	spill;
	struct message_limits	limits = {
		.spill = spill.directory,
		.size_max = config_number(s->config, NULL,
		    KEY_MESSAGE_SIZE_LIMIT),
	};
	bool			dots = !s->options->ignore_dots &&
				    !config_bool(s->config, NULL,
				    KEY_IGNORE_DOTS);
	bool			dot_ended;

	spool_config_spill(&spill, &s->spool);
	message_begin(&s->message, &limits);
	message_keep_binary(&s->message, s->options->binary);
	if (!input_read(STDIN_FILENO, &s->message, dots, &dot_ended, why))
		return false;
	if (dot_ended)
		log_line(s->log, LOG_INFO,
		    "a lone dot ended the message (no -i was given)");
	return true;
}

/* One address of -f, with or without a name; "" is the null sender. */
static bool
parse_sender(const char *text, struct address *a, struct failure *why)
{
	struct address_list	list = { 0 };
	bool			good;

	if (!address_list_parse(&list, text, strlen(text), ADDRESS_ARGUMENT,
	    why))
		return failure_prefix(why, "-f: ");
	good = list.n == 1 || failed(why, EX_USAGE,
	    "-f: one address is wanted");
	if (good)
		*a = list.address[--list.n];
	address_list_free(&list);
	return good;
}

static bool
take_sender(struct submission *s, struct failure *why)
{
	const char	*sender = s->options->sender;
	struct address	 a = { 0 };
	struct buffer	 path = { 0 };

	if (sender == NULL || sender[0] == '\0') {
		if (sender != NULL)
			envelope_set_reverse(&s->envelope, "");
		return true;
	}
	if (!parse_sender(sender, &a, why))
		return false;
	address_write(&path, &a);
	envelope_set_reverse(&s->envelope, path.data);
	address_free(&a);
	buffer_free(&path);
	return true;
}

static void
attempt(struct submission *s, struct delivered *where)
{
	struct relay	relay;
	struct sandbox	sandbox;
	struct delivery	delivery = {
		.relay = &relay,
		.queue = s->queue == SPOOL_CONFIG_OPEN ? &s->spool : NULL,
		.no_queue = s->queue == SPOOL_CONFIG_OPEN ||
		    s->queue == SPOOL_CONFIG_OFF ? NULL : &s->no_queue,
		.queue_is_set = s->queue == SPOOL_CONFIG_BROKEN,
		.envelope = &s->envelope,
		.message = &s->message,
		.uid = (uint32_t)getuid(),
		.caller = s->me.user,
		.untried = s->options->delivery != DELIVER_NOW,
	};

	relay_begin(&relay, s->config, &s->me,
	    s->options->verbose ? &transcript : NULL);
	relay.interrupt = &s->interrupt;
	if (deliver_tries(&delivery)) {
		sandbox = spool_config_sandbox(delivery.queue);
		relay_confine(&relay, &sandbox);
	}
	deliver(&delivery, s->outcomes, where);
	relay_end(&relay);
}

static int
hand_over(struct submission *s)
{
	struct delivered	where;
	struct mail_log		mail_log = {
		.uid = (uint32_t)getuid(),
		.envelope = &s->envelope,
		.message = &s->message,
	};
	struct report		report = {
		.log = s->log,
		.errors = s->options->errors,
		.verbose = s->options->verbose,
		.envelope = &s->envelope,
	};

	interrupt_hold(&s->interrupt);
	attempt(s, &where);
	mail_log.id = report.queued = where.queued[0] != '\0' ? where.queued :
	    NULL;
	report.kept = where.failed[0] != '\0' ? where.failed : NULL;
	report.spool = s->spool.directory;
	mail_log_outcomes(s->log, &mail_log, s->outcomes);
	if (s->options->delivery == DELIVER_BACKGROUND &&
	    where.queued[0] != '\0')
		flush_in_background(s->config, s->log, &s->spool,
		    where.queued);
	return report_outcomes(&report, s->outcomes);
}

static bool
take_envelope(struct submission *s, struct failure *why)
{
	const struct options	*o = s->options;

	s->envelope.envid = o->envid != NULL ? memory_copy(o->envid) : NULL;
	s->envelope.ret = o->ret;
	if (take_arguments(s, why) && take_sender(s, why))
		return true;
	if (o->mode == MODE_DELIVER || o->from_header)
		input_drain(STDIN_FILENO);
	return false;
}

static bool
judge(struct submission *s, struct failure *why)
{
	struct local_names	directory;
	struct preparation	preparation = {
		.config = s->config,
		.me = &s->me,
		.directory = &directory,
		.full_name = s->options->full_name,
		.from_header = s->options->from_header,
		.notify = s->options->notify,
	};
	bool			good;

	identity_find(&s->me, s->config);
	local_names_begin(&directory, s->config, &s->me);
	good = prepare(&preparation, &s->envelope, &s->message, &s->outcomes,
	    why);
	local_names_end(&directory);
	return good;
}

static void
submission_free(struct submission *s)
{
	free(s->outcomes);
	envelope_free(&s->envelope);
	message_free(&s->message);
	identity_free(&s->me);
	spool_close(&s->spool);
}

int
submit(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct submission	s = { .options = options, .config = config,
				    .log = log, .message.body.fd = -1 };
	struct failure		why;
	int			status;

	open_queue(&s);
	if (take_envelope(&s, &why) && read_message(&s, &why) &&
	    judge(&s, &why))
		status = hand_over(&s);
	else
		status = report_failure(log, options->errors, &why);
	submission_free(&s);
	return status;
}

static void
print_path(const char *what, const char *path)
{
	printf("%s <", what);
	output_visible(path, strlen(path));
	putchar('>');
}

/* One that goes nowhere says why. */
static int
print_envelope(const struct submission *s)
{
	const struct envelope	*env = &s->envelope;
	const struct outcome	*worst = verdict_worst(s->outcomes, env->n,
				    false);

	print_path("from", env->reverse_path);
	putchar('\n');
	for (size_t i = 0; i < env->n; i++) {
		bool	good = s->outcomes[i].kind == OUTCOME_WAITING;

		print_path(good ? "to" : "not to", env->forward[i].path);
		if (!good) {
			printf(": ");
			output_text(s->outcomes[i].text);
		}
		putchar('\n');
	}
	return worst != NULL && worst->kind == OUTCOME_FAILED ?
	    worst->status : EX_OK;
}

int
submit_verify(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct submission	s = { .options = options, .config = config,
				    .log = log, .message.body.fd = -1 };
	struct failure		why;
	int			status;

	if (take_envelope(&s, &why) &&
	    (!options->from_header || read_message(&s, &why)) &&
	    judge(&s, &why))
		status = print_envelope(&s);
	else
		status = report_failure(log, options->errors, &why);
	submission_free(&s);
	return status;
}
