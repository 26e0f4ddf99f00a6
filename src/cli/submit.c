#include "cli/submit.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "cli/input.h"
#include "cli/report.h"
#include "cli/transcript.h"
#include "config/identity.h"
#include "mail/address.h"
#include "mail/complete.h"
#include "mail/recipients.h"
#include "relay/relay.h"
#include "util/buffer.h"
#include "util/memory.h"

struct submission {
	const struct options	*options;
	const struct config	*config;
	const struct log	*log;
	struct identity		 me;
	struct address_list	 to;
	struct message		 message;
	struct envelope		 envelope;
};

static bool
take_arguments(struct submission *s, struct failure *why)
{
	const struct options	*o = s->options;

	for (int i = 0; i < o->n_arguments; i++)
		if (!address_list_parse(&s->to, o->arguments[i],
		    strlen(o->arguments[i]), ADDRESS_ARGUMENT, why))
			return false;
	if (s->to.n == 0 && !o->from_header)
		return failed(why, EX_USAGE, "no recipients: name them as "
		    "arguments, or use -t to take them from the header");
	return true;
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

/* local@domain; a bare name gets our domain. */
static void
path_of(const struct submission *s, const struct address *a,
    struct buffer *path)
{
	buffer_clear(path);
	address_write(path, a);
	if (a->domain[0] == '\0' && a->local[0] != '\0')
		buffer_addf(path, "@%s", s->me.domain);
}

static bool
choose_recipients(struct submission *s, struct failure *why)
{
	struct buffer	path = { 0 };
	uint64_t	max = config_number(s->config, NULL,
			    KEY_RECIPIENT_LIMIT);

	if (s->options->from_header &&
	    !recipients_from_header(&s->to, &s->message.header, why))
		return false;
	if (s->to.n == 0)
		return failed(why, EX_USAGE, "no recipients: there is no "
		    "address in the To, Cc and Bcc fields");
	for (size_t i = 0; i < s->to.n; i++) {
		path_of(s, &s->to.address[i], &path);
		envelope_add(&s->envelope, path.data)->notify =
		    s->options->notify;
	}
	buffer_free(&path);
	envelope_unique(&s->envelope);
	if (max > 0 && s->envelope.n > max)
		return failed(why, EX_USAGE, "%zu recipients are more than "
		    "recipient_limit = %llu allows", s->envelope.n,
		    (unsigned long long)max);
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
choose_sender(struct submission *s, struct failure *why)
{
	const char	*sender = s->options->sender;
	const char	*from = config_text(s->config, NULL, KEY_FROM);
	struct address	 a = { 0 };
	struct buffer	 path = { 0 };

	if (sender != NULL && sender[0] == '\0') {
		envelope_set_reverse(&s->envelope, "");
		return true;
	}
	if (sender != NULL) {
		if (!parse_sender(sender, &a, why))
			return false;
		path_of(s, &a, &path);
	} else if (from != NULL) {
		buffer_add_text(&path, from);
	} else {
		buffer_addf(&path, "%s@%s", s->me.user, s->me.domain);
	}
	envelope_set_reverse(&s->envelope, path.data);
	address_free(&a);
	buffer_free(&path);
	return true;
}

static void
complete(struct submission *s)
{
	struct buffer		mailer_daemon = { 0 };
	const char		*from = s->envelope.reverse_path;
	const char		*domain;
	struct completion	completion = { .now = time(NULL) };

	buffer_addf(&mailer_daemon, "MAILER-DAEMON@%s", s->me.domain);
	completion.from = from[0] != '\0' ? from : mailer_daemon.data;
	completion.name = s->options->full_name != NULL ?
	    s->options->full_name : s->me.name;
	if (from[0] == '\0')
		completion.name = NULL;
	domain = strrchr(completion.from, '@');
	completion.id_domain = domain != NULL ? domain + 1 : s->me.domain;
	header_complete(&s->message.header, &completion);
	buffer_free(&mailer_daemon);
}

static int
hand_over(struct submission *s)
{
	struct outcome	*outcomes = memory_new(s->envelope.n,
			    sizeof(*outcomes));
	struct relay	 relay;
	int		 status;

	relay_begin(&relay, s->config, &s->me,
	    s->options->verbose ? &transcript : NULL);
	relay_send(&relay, &s->envelope, &s->message, outcomes);
	status = report_outcomes(s->log, s->options->errors, &s->envelope,
	    &s->message, outcomes, false);
	relay_end(&relay);
	free(outcomes);
	return status;
}

static bool
prepare(struct submission *s, struct failure *why)
{
	if (!take_arguments(s, why)) {
		input_drain(STDIN_FILENO);
		return false;
	}
	if (!read_message(s, why))
		return false;
	identity_find(&s->me, s->config);
	s->envelope.envid = s->options->envid != NULL ?
	    memory_copy(s->options->envid) : NULL;
	s->envelope.ret = s->options->ret;
	if (!choose_recipients(s, why) || !choose_sender(s, why))
		return false;
	complete(s);
	return true;
}

int
submit(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct submission	s = { .options = options, .config = config,
				    .log = log, .message.body.fd = -1 };
	struct failure		why;
	int			status;

	if (prepare(&s, &why))
		status = hand_over(&s);
	else
		status = report_failure(log, options->errors, &why);
	address_list_free(&s.to);
	envelope_free(&s.envelope);
	message_free(&s.message);
	identity_free(&s.me);
	return status;
}
