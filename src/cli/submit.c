#include "cli/submit.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "cli/input.h"
#include "cli/report.h"
#include "cli/transcript.h"
#include "config/identity.h"
#include "mail/address.h"
#include "relay/prepare.h"
#include "relay/relay.h"
#include "util/buffer.h"
#include "util/memory.h"

struct submission {
	const struct options	*options;
	const struct config	*config;
	const struct log	*log;
	struct identity		 me;
	struct message		 message;
	struct envelope		 envelope;
	struct outcome		*outcomes;	/* one for each forward-path */
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

static const char *
spill_directory(void)
{
	const char	*tmp = secure_getenv("TMPDIR");

	return tmp != NULL && tmp[0] == '/' ? tmp : "/tmp";
}

static bool
read_message(struct submission *s, struct failure *why)
{
	struct message_limits	limits = {
		.spill_directory = spill_directory(),
		.size_max = config_number(s->config, NULL,
		    KEY_MESSAGE_SIZE_LIMIT),
	};
	bool			dots = !s->options->ignore_dots &&
				    !config_bool(s->config, NULL,
				    KEY_IGNORE_DOTS);
	bool			dot_ended;

	message_begin(&s->message, &limits);
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

static int
hand_over(struct submission *s)
{
	struct relay	 relay;
	int		 status;

	relay_begin(&relay, s->config, &s->me,
	    s->options->verbose ? &transcript : NULL);
	relay_send(&relay, &s->envelope, &s->message, s->outcomes);
	status = report_outcomes(s->log, s->options->errors, &s->envelope,
	    &s->message, s->outcomes, false);
	relay_end(&relay);
	return status;
}

static bool
take_envelope(struct submission *s, struct failure *why)
{
	const struct options	*o = s->options;

	s->envelope.envid = o->envid != NULL ? memory_copy(o->envid) : NULL;
	s->envelope.ret = o->ret;
	if (take_arguments(s, why) && take_sender(s, why))
		return true;
	input_drain(STDIN_FILENO);
	return false;
}

static bool
judge(struct submission *s, struct failure *why)
{
	struct preparation	preparation = {
		.config = s->config,
		.me = &s->me,
		.full_name = s->options->full_name,
		.from_header = s->options->from_header,
		.notify = s->options->notify,
	};

	identity_find(&s->me, s->config);
	return prepare(&preparation, &s->envelope, &s->message, &s->outcomes,
	    why);
}

int
submit(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct submission	s = { .options = options, .config = config,
				    .log = log, .message.body.fd = -1 };
	struct failure		why;
	int			status;

	if (take_envelope(&s, &why) && read_message(&s, &why) &&
	    judge(&s, &why))
		status = hand_over(&s);
	else
		status = report_failure(log, options->errors, &why);
	free(s.outcomes);
	envelope_free(&s.envelope);
	message_free(&s.message);
	identity_free(&s.me);
	return status;
}
