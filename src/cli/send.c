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
#include "mail/address.h"
#include "mail/outcome.h"
#include "submit/submit.h"
#include "util/buffer.h"
#include "util/memory.h"

bool
send_set_sender(struct envelope *env, const char *sender, struct failure *why)
{
	struct address_list	list = { 0 };
	struct buffer		path = { 0 };
	bool			good;

	if (sender == NULL)
		return true;
	if (sender[0] == '\0') {
		envelope_set_reverse(env, "");
		return true;
	}
	if (!address_list_parse(&list, sender, strlen(sender),
	    ADDRESS_ARGUMENT, why))
		return failure_prefix(why, "-f: ");
	good = list.n == 1 || failed(why, EX_USAGE,
	    "-f requires exactly one address");
	if (good) {
		address_write(&path, &list.address[0]);
		envelope_set_reverse(env, path.data);
	}
	address_list_free(&list);
	buffer_free(&path);
	return good;
}

/* Adds the recipients of the command line. */
static bool
add_recipients(struct envelope *env, const struct options *o,
    struct failure *why)
{
	struct address_list	to = { 0 };
	struct buffer		path = { 0 };
	bool			good = true;

	for (int i = 0; good && i < o->n_arguments; i++)
		good = address_list_parse(&to, o->arguments[i],
		    strlen(o->arguments[i]), ADDRESS_ARGUMENT, why);
	for (size_t i = 0; good && i < to.n; i++) {
		buffer_clear(&path);
		address_write(&path, &to.address[i]);
		envelope_add(env, path.data)->notify = o->notify;
	}
	if (good && to.n == 0 && !o->from_header)
		good = failed(why, EX_USAGE, "no recipients: specify "
		    "addresses, or -t to take them from the header");
	buffer_free(&path);
	address_list_free(&to);
	return good;
}

static bool
read_message(struct message *m, const struct options *options,
    const struct submit *submit, struct failure *why)
{
	bool	dots = !options->ignore_dots &&
		    !config_bool(submit->options.config, NULL,
		    KEY_IGNORE_DOTS);
	bool	dot_ended;

	message_begin(m, &submit->limits);
	message_keep_binary(m, options->binary);
	if (!input_read(STDIN_FILENO, m, dots, &dot_ended, why))
		return false;
	if (dot_ended)
		log_line(submit->options.log, LOG_INFO,
		    "the message ended at a line that consists of a single dot "
		    "(use -i to prevent this)");
	return true;
}

static void
print_path(const char *what, const char *path)
{
	printf("%s <", what);
	output_visible(path, strlen(path));
	putchar('>');
}

/* Prints the envelope, and why recipients are refused. */
static int
print_envelope(const struct envelope *env, const struct outcome *outcomes)
{
	const struct outcome	*worst = outcome_worst(outcomes, env->n,
				    false);

	print_path("from", env->reverse_path);
	putchar('\n');
	for (size_t i = 0; i < env->n; i++) {
		bool	good = outcomes[i].kind == OUTCOME_WAITING;

		print_path(good ? "to" : "not to", env->forward[i].path);
		if (!good) {
			printf(": ");
			output_text(outcome_text(&outcomes[i]));
		}
		putchar('\n');
	}
	return worst != NULL && worst->kind == OUTCOME_FAILED ?
	    worst->status : EX_OK;
}

static int
report_result(const struct options *options, const struct submit_options *s,
    const struct envelope *env, const struct submit_result *result)
{
	struct report	report = {
		.log = s->log,
		.errors = options->errors,
		.verbose = options->verbose,
		.envelope = env,
	};

	if (s->mode == SUBMIT_VERIFY)
		return print_envelope(env, result->outcomes);
	if (result->queued[0] != '\0')
		report.queued = result->queued;
	if (result->failed[0] != '\0')
		report.kept = result->failed;
	return report_outcomes(&report, result->outcomes);
}

/*
 * Reads the message and submits it in the mode of *how, whose other fields it
 * sets.
 */
static int
send_message(const struct options *options, struct submit_options *how)
{
	static const struct log	no_log = { .target = LOG_TO_NOTHING };
	struct submit		submit;
	struct envelope		env = { .ret = options->ret,
				    .requiretls = options->requiretls ?
				    REQUIRETLS_YES : REQUIRETLS_NO };
	struct message		message = { .body.fd = -1 };
	struct submit_request	request = {
		.envelope = &env,
		.message = &message,
		.full_name = options->full_name,
		.from_header = options->from_header,
		.notify = options->notify,
		.background = options->delivery == DELIVER_BACKGROUND,
	};
	struct submit_result	result = { 0 };
	struct failure		why;
	bool			reads, good;
	int			status;

	how->uid = (uint32_t)getuid();
	how->trace = options->verbose ? &transcript_trace : NULL;
	submit_open(&submit, how);
	if (options->envid != NULL)
		env.envid = memory_copy(options->envid);
	reads = how->mode != SUBMIT_VERIFY || options->from_header;
	good = add_recipients(&env, options, &why) &&
	    send_set_sender(&env, options->sender, &why);
	if (!good && reads)
		input_drain(STDIN_FILENO);
	good = good && (!reads ||
	    read_message(&message, options, &submit, &why)) &&
	    submit_message(&submit, &request, &result, &why);
	if (good && !submit.by_service && request.background &&
	    result.queued[0] != '\0')
		flush_in_background(how->config, how->log, &submit.spool,
		    result.queued);
	submit_close(&submit);
	/* What the service has done is in its log. */
	if (submit.by_service)
		how->log = &no_log;
	status = good ? report_result(options, how, &env, &result) :
	    report_failure(how->log, options->errors, &why);
	submit_result_free(&result);
	envelope_free(&env);
	message_free(&message);
	return status;
}

int
send_mail(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct submit_options	how = {
		.mode = options->delivery == DELIVER_NOW ? SUBMIT_NOW :
		    SUBMIT_QUEUE,
		.config = config,
		.log = log,
	};

	return send_message(options, &how);
}

int
send_verify(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct submit_options	how = {
		.mode = SUBMIT_VERIFY,
		.config = config,
		.log = log,
	};

	return send_message(options, &how);
}
