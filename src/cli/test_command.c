#include "cli/test_command.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/process.h"
#include "cli/report.h"
#include "cli/send.h"
#include "cli/transcript.h"
#include "config/log_config.h"
#include "mail/address.h"
#include "mail/complete.h"
#include "serve/serve_user.h"
#include "submit/submit.h"
#include "util/clock.h"
#include "util/memory.h"

struct test_request {
	const struct options	*options;
	const char		*user;		/* --user, or NULL */
	const char		*to;
};

/* The message and the result of submit_message(). */
struct test_message {
	struct envelope		 envelope;
	struct message		 message;
	struct submit_result	 result;
	struct buffer		 id;		/* Message-ID */
};

static bool
parse_request(struct test_request *r, struct failure *why)
{
	const struct options	*o = r->options;

	for (int i = 1; i < o->n_arguments; i++) {
		char	*word = o->arguments[i];

		if (strcmp(word, "--user") == 0 && i + 1 < o->n_arguments)
			r->user = o->arguments[++i];
		else if (word[0] != '-' && r->to == NULL)
			r->to = word;
		else {
			command_usage("test", why);
			return false;
		}
	}
	if (r->to == NULL)
		r->to = "root";
	return true;
}

static bool
set_recipient(struct envelope *env, const char *text, struct failure *why)
{
	struct address_list	list = { 0 };
	struct buffer		path = { 0 };
	bool			good;

	if (!address_list_parse(&list, text, strlen(text), ADDRESS_ARGUMENT,
	    why))
		return false;
	good = list.n == 1 || failed(why, EX_USAGE, "a test message has one "
	    "recipient");
	if (good) {
		address_write(&path, &list.address[0]);
		envelope_add(env, path.data);
	}
	buffer_free(&path);
	address_list_free(&list);
	return good;
}

/* Fills in the message, which has no From field, as that of cron(8) may. */
static bool
write_message(struct test_message *m, const struct identity *me,
    const struct message_limits *limits, struct failure *why)
{
	struct buffer	text = { 0 };
	bool		good;

	message_id_write(&m->id, clock_now(), me->domain);
	buffer_addf(&text, "To: %s\nSubject: Test message from %s\n"
	    "Message-ID: %s\n\n"
	    "The user %s sent this message on %s with \"relais test\".\n"
	    "Mail from this machine arrives.\n", m->envelope.forward[0].path,
	    me->host, m->id.data, me->user, me->host);
	message_begin(&m->message, limits);
	good = message_feed(&m->message, text.data, text.len, why) &&
	    message_end(&m->message, why);
	buffer_free(&text);
	return good;
}

static void
print_line(const char *label, const char *text)
{
	printf("%-10s ", label);
	output_text(text);
	putchar('\n');
}

/* Prints the outcome of each recipient with the reply. */
static void
print_outcomes(const struct test_message *m)
{
	for (size_t i = 0; i < m->envelope.n; i++) {
		const struct outcome	*o = &m->result.outcomes[i];
		const char		*label = "refused";
		struct buffer		 text = { 0 };

		if (o->kind == OUTCOME_DELIVERED)
			label = "accepted";
		else if (o->kind == OUTCOME_FAILED && o->code == 0)
			label = "not sent";
		else if (o->kind == OUTCOME_DEFERRED)
			label = m->result.queued[0] != '\0' ? "queued" :
			    "not sent";
		buffer_addf(&text, "%s: %s", m->envelope.forward[i].path,
		    outcome_text(o));
		print_line(label, text.data);
		buffer_free(&text);
	}
}

/* "LABEL: relais -C FILE COMMAND --user USER OBJECT"; user may be NULL. */
static void
print_command(const char *label, const struct test_request *r,
    const char *command, const char *user, const char *object)
{
	struct buffer	line = { 0 };

	buffer_addf(&line, "%s: relais ", label);
	if (r->options->config_file != NULL)
		buffer_addf(&line, "-C %s ", r->options->config_file);
	buffer_addf(&line, "%s ", command);
	if (user != NULL)
		buffer_addf(&line, "--user %s ", user);
	buffer_add_text(&line, object);
	print_line("", line.data);
	buffer_free(&line);
}

/* Prints the IDs, and what to do. */
static void
print_advice(const struct test_message *m, const struct test_request *r)
{
	const struct submit_result	*result = &m->result;

	print_line("Message-ID", m->id.data);
	if (result->queued[0] != '\0') {
		print_line("queue ID", result->queued);
		print_command("The next queue run tries it again. To try it "
		    "now", r,
		    "queue flush", NULL, result->queued);
		print_command("To see the message and its state", r,
		    "queue show", NULL, result->queued);
	}
	if (result->failed[0] != '\0') {
		print_line("failed ID", result->failed);
		print_command("To send it after you have corrected the cause",
		    r, "queue release", NULL, result->failed);
		print_command("or, to delete it", r, "queue drop", NULL,
		    result->failed);
	}
	if (outcome_worst(result->outcomes, m->envelope.n, false) == NULL) {
		/* A program, a Maildir and discard: have no reply code. */
		if (result->outcomes[0].code == 0)
			return;
		print_line("", "If it does not arrive, look for the "
		    "Message-ID in the log of the");
		print_line("", "smarthost, and for the message in the "
		    "recipient's spam folder.");
	} else {
		print_command("To see the settings that apply", r,
		    "route", r->user, r->to);
		print_command("To see the dialogue with the smarthost", r,
		    "-v -o socket=off test", r->user, r->to);
	}
}

/* Submits the message.  Returns the exit status. */
static int
submit_test(struct test_request *r, const struct config *config,
    const struct log *log)
{
	struct test_message	m = { .message.body.fd = -1 };
	struct identity		me;
	struct submit_options	how = {
		.mode = SUBMIT_NOW,
		.config = config,
		.uid = (uint32_t)getuid(),
		.log = log,
		.trace = r->options->verbose ? &transcript_trace : NULL,
	};
	struct submit_request	request = {
		.envelope = &m.envelope,
		.message = &m.message,
	};
	struct submit		submit;
	struct failure		why;
	bool			good;
	int			status;

	identity_find(&me, config);
	submit_open(&submit, &how);
	good = set_recipient(&m.envelope, r->to, &why) &&
	    send_set_sender(&m.envelope, r->options->sender, &why) &&
	    write_message(&m, &me, &submit.limits, &why) &&
	    submit_message(&submit, &request, &m.result, &why);
	submit_close(&submit);
	if (good) {
		print_line("sent by", me.user);
		print_line("through", submit.by_service ? "the service" :
		    "this process, without the service");
		print_outcomes(&m);
		print_advice(&m, r);
		status = outcome_status(m.result.outcomes, m.envelope.n,
		    m.result.queued[0] != '\0');
	} else {
		status = report_failure(log, r->options->errors, &why);
	}
	submit_result_free(&m.result);
	envelope_free(&m.envelope);
	message_free(&m.message);
	buffer_free(&m.id);
	identity_free(&me);
	return status;
}

/* Reads the configuration as this user, and sends the message. */
static int
run_test(struct test_request *r)
{
	const struct options	*o = r->options;
	struct config_source	 source = { .file = o->config_file,
				    .overrides = o->overrides };
	struct config		 config = { 0 };
	struct log		 log = { .target = LOG_TO_NOTHING };
	struct failure		 why;
	bool			 good;
	int			 status;

	good = config_load(&config, &source, &why);
	/* The service can read what this user cannot. */
	good |= config.unreadable != NULL;
	if (good)
		log_config_open(&log, &config);
	status = good ? submit_test(r, &config, &log) :
	    report_failure(&log, o->errors, &why);
	log_close(&log);
	config_free(&config);
	return status;
}

/* Becomes the user, with the environment of a login. */
static bool
become(const struct passwd *pw, struct failure *why)
{
	const struct serve_user	user = { .name = pw->pw_name,
				    .uid = pw->pw_uid, .gid = pw->pw_gid,
				    .change = pw->pw_uid != 0 };

	unsetenv("XDG_CONFIG_HOME");
	unsetenv("NAME");
	if (setenv("HOME", pw->pw_dir, 1) == -1 ||
	    setenv("USER", pw->pw_name, 1) == -1 ||
	    setenv("LOGNAME", pw->pw_name, 1) == -1)
		return failed_errno(why, EX_OSERR,
		    "cannot set the environment");
	return serve_user_become(&user, why);
}

/* Sends the message in a child process, which becomes another user. */
static int
run_test_as(struct test_request *r)
{
	const struct log	 no_log = { .target = LOG_TO_NOTHING };
	const struct passwd	*pw = getpwnam(r->user);
	struct failure		 why;
	pid_t			 child;
	int			 status;

	if (pw == NULL)
		failed(&why, EX_NOUSER, "--user: there is no user %s", r->user);
	else if (geteuid() != 0)
		failed(&why, EX_NOPERM, "--user: only root can send mail as "
		    "another user");
	else if ((child = fork()) == -1)
		failed_errno(&why, EX_OSERR, "--user: fork");
	else if (child == 0) {
		status = become(pw, &why) ? run_test(r) :
		    report_failure(&no_log, r->options->errors, &why);
		if (fflush(stdout) != 0 && status == EX_OK)
			status = EX_IOERR;
		_exit(status);
	} else if (process_wait(child, &status, &why)) {
		return status;
	} else {
		failure_prefix(&why, "--user: ");
	}
	return report_failure(&no_log, r->options->errors, &why);
}

int
test_command(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct test_request	r = { .options = options };
	struct failure		why;

	(void)config;
	if (!parse_request(&r, &why))
		return report_failure(log, options->errors, &why);
	return r.user != NULL ? run_test_as(&r) : run_test(&r);
}
