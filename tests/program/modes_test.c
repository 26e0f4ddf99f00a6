/*
 * The modes of sendmail other than sending, and its options.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/conf.h"
#include "support/fixture.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "util/file.h"

/* Calls that require neither a configuration nor standard input. */
struct example {
	const char	*path;		/* in BUILD */
	const char	*argv[12];
	int		 status;
	const char	*out;		/* its beginning; "": nothing */
	const char	*err;		/* words in it; "": nothing */
};

static void
assert_said(const char *said, const char *want)
{
	if (want[0] == '\0')
		assert_string_equal(said, "");
	else if (strstr(said, want) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", want, said);
}

/* Standard input stays open, so reading it would hang. */
static void
answers(void **state)
{
	const struct example	*e = *state;
	char			 path[1024];
	struct program_result	 o;

	snprintf(path, sizeof(path), "%s/%s", BUILD, e->path);
	program_run(&o, &(struct program){ .path = path, .argv = e->argv,
	    .keep_open = true, .deadline_ms = 5000,
	    .env = WORDS("RELAIS_QUEUE=off", "RELAIS_LOG=off") });
	assert_int_equal(o.status, e->status);
	assert_said(o.out.data, e->out);
	assert_said(o.err.data, e->err);
	program_result_free(&o);
}

#define ANSWERS(sentence, path, status, out, err, ...) \
	{ sentence, answers, NULL, NULL, &(struct example){ path, \
	    { __VA_ARGS__, NULL }, status, out, err } }

/* Output that cannot be written is an error, except for a closed pipe. */
struct output {
	const char	*call;		/* with $0, the directory of programs */
	int		 status;
	const char	*err;
};

static void
ends_without_its_output(void **state)
{
	const struct output	*x = *state;
	struct program_result	 o;

	program_run(&o, &(struct program){ .path = "/bin/sh",
	    .argv = WORDS("sh", "-c", x->call, BUILD), .keep_open = true,
	    .deadline_ms = 5000,
	    .env = WORDS("RELAIS_QUEUE=off", "RELAIS_LOG=off") });
	assert_int_equal(o.status, x->status);
	assert_said(o.err.data, x->err);
	program_result_free(&o);
}

/* The reader closes the pipe first, and reports this through another one. */
static void
a_closed_pipe_is_not_reported(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;

	(void)state;
	temp_dir_make(&dir);
	program_run(&o, &(struct program){ .path = "/bin/sh",
	    .argv = WORDS("sh", "-c", "mkfifo \"$1\" && "
	    "{ read -r x <\"$1\"; \"$0\"/mailq; echo $? >&2; } | "
	    "{ exec <&-; echo gone >\"$1\"; }", BUILD,
	    temp_dir_path(&dir, "fifo")), .keep_open = true,
	    .deadline_ms = 5000,
	    .env = WORDS("RELAIS_QUEUE=off", "RELAIS_LOG=off") });
	assert_string_equal(o.err.data, "74\n");
	program_result_free(&o);
	temp_dir_remove(&dir);
}

#define UNWRITTEN(sentence, call, status, err) \
	{ sentence, ends_without_its_output, NULL, NULL, \
	    &(struct output){ call, status, err } }

#define POSTQUEUE "usage: postqueue [-v] -p | -j | -f | -i ID\n"

static const struct CMUnitTest modes_spec[] = {
	ANSWERS("mailq lists an empty queue",
	    "mailq", 0, "Mail queue is empty\n",
	    "", "mailq"),
	ANSWERS("mailq can be called by its full path", "mailq", 0,
	    "Mail queue is empty\n", "", "/usr/bin/mailq"),
	ANSWERS("-bp lists the queue",
	    "sendmail", 0, "Mail queue is empty\n", "",
	    "sendmail", "-bp"),
	ANSWERS("-bP prints the number of entries",
	    "sendmail", 0, "0\n", "", "sendmail", "-bP"),
	ANSWERS("postqueue -p lists the queue", "postqueue", 0,
	    "Mail queue is empty\n", "", "postqueue", "-p"),
	ANSWERS("postqueue -j prints no line for an empty queue", "postqueue",
	    0, "", "", "postqueue", "-j"),
	ANSWERS("postqueue -f succeeds without a queue", "postqueue", 0, "",
	    "", "postqueue", "-c", "/etc/postfix", "-fv"),
	ANSWERS("postqueue requires an option", "postqueue", EX_USAGE, "",
	    "postqueue: " POSTQUEUE, "postqueue"),
	ANSWERS("postqueue does one thing at a time", "postqueue", EX_USAGE,
	    "", "postqueue: " POSTQUEUE, "postqueue", "-pj"),
	ANSWERS("postqueue has no arguments", "postqueue", EX_USAGE, "",
	    "postqueue: " POSTQUEUE, "postqueue", "-p", "a@example.net"),
	ANSWERS("postqueue -i requires an ID", "postqueue", EX_USAGE, "",
	    "postqueue: option -i requires a value\n", "postqueue", "-i"),
	ANSWERS("postqueue -i sends one message", "postqueue", EX_NOINPUT, "",
	    "postqueue: 0123456789abcde: no such message in the queue\n",
	    "postqueue", "-i", "0123456789abcde"),
	ANSWERS("the ID can follow -i directly", "postqueue", EX_NOINPUT, "",
	    "postqueue: 0123456789abcde: no such message in the queue\n",
	    "postqueue", "-vi0123456789abcde"),
	ANSWERS("postqueue -- ends the options", "postqueue", 0,
	    "Mail queue is empty\n", "", "postqueue", "-p", "--"),
	ANSWERS("postqueue -s names the command to use", "postqueue",
	    EX_USAGE, "", "postqueue: -s: not supported; to send the messages "
	    "for a domain, run: sendmail -qR@domain\n", "postqueue", "-s",
	    "example.net"),
	ANSWERS("postqueue has no other options", "postqueue", EX_USAGE, "",
	    "postqueue: unknown option -x\n", "postqueue", "-x"),
	ANSWERS("newaliases does nothing", "newaliases", 0, "", "",
	    "newaliases"),
	ANSWERS("-bi does nothing", "sendmail", 0, "", "", "sendmail", "-bi"),
	ANSWERS("-I does nothing", "sendmail", 0, "", "", "sendmail", "-I"),
	ANSWERS("newaliases -bp lists the queue", "newaliases", 0,
	    "Mail queue is empty\n", "", "newaliases", "-bp"),
	ANSWERS("hoststat prints nothing", "sendmail", 0, "", "", "hoststat"),
	ANSWERS("purgestat does nothing", "sendmail", 0, "", "",
	    "purgestat"),
	ANSWERS("-bh prints nothing", "sendmail", 0, "", "", "sendmail",
	    "-bh"),
	ANSWERS("smtpd is refused", "sendmail", EX_USAGE, "", "smtpd: ",
	    "smtpd"),
	ANSWERS("--version prints the paths", "sendmail", 0,
	    "\nConfiguration: ", "", "sendmail", "--version"),
	ANSWERS("--version names TLS", "sendmail", 0, "\nTLS: OpenSSL 3", "",
	    "sendmail", "--version"),
	ANSWERS("--version names mechanisms", "sendmail", 0,
	    "\nAuthentication: SCRAM-SHA-256-PLUS ", "", "sendmail",
	    "--version"),
	ANSWERS("--version names the queue and the log", "sendmail", 0,
	    "\nQueue: off\nLog: none\n", "", "sendmail", "--version"),
	ANSWERS("--version names another log", "relais", 0, "\nLog: syslog\n",
	    "", "relais", "-o", "log=syslog", "--version"),
	ANSWERS("--version names the standard error stream", "relais", 0,
	    "\nLog: stderr\n", "", "relais", "-o", "log=stderr",
	    "--version"),
	ANSWERS("--version reports a configuration that cannot be read",
	    "relais", 0, "\nConfiguration: /nonexistent: ", "", "relais",
	    "-C", "/nonexistent", "--version"),
	ANSWERS("relais serve has no arguments", "relais", EX_USAGE, "",
	    "usage: relais serve\n", "relais", "serve", "x"),
	ANSWERS("relais serve refuses an interval that is none", "relais",
	    EX_USAGE, "", "x", "relais", "-qx", "serve"),
	ANSWERS("an interval is not longer than a year", "relais", EX_USAGE,
	    "", "-q52w3d: invalid value", "relais", "-q52w3d"),
	ANSWERS("the digits of an interval are limited", "relais", EX_USAGE,
	    "", "-q1234567: invalid value", "relais", "-q1234567"),
	ANSWERS("relais route has no other options", "relais", EX_USAGE, "",
	    "usage: relais route ", "relais", "route", "--x"),
	ANSWERS("relais route requires an address", "relais", EX_USAGE, "",
	    "a@@example.net", "relais", "route", "a@@example.net"),
	ANSWERS("relais test requires an address", "relais", EX_USAGE, "",
	    "a@@example.net", "relais", "test", "a@@example.net"),
	ANSWERS("relais login refuses a key and a secret", "relais", EX_USAGE,
	    "", "--key and --client-secret-file cannot be combined", "relais",
	    "login", "work", "--key", "x", "--certificate", "y",
	    "--client-secret-file", "z"),
	ANSWERS("-d0.1 without recipients prints the version", "sendmail", 0,
	    "relais ", "", "sendmail", "-d0.1"),
	ANSWERS("--help prints the usage",
	    "sendmail", 0, "usage: sendmail ", "",
	    "sendmail", "--help"),
	ANSWERS("relais help prints the commands", "relais", 0,
	    "\n  queue    list, show, send, hold, release or delete waiting "
	    "messages\n", "", "relais", "help"),
	ANSWERS("relais help with a command prints its usage", "relais", 0,
	    "usage: relais serve\naccept mail on a socket", "", "relais",
	    "help", "serve"),
	ANSWERS("relais help explains the arguments of a command", "relais", 0,
	    "\n  --smarthost URL ", "", "relais", "help", "setup"),
	ANSWERS("a wrong argument of a command names its help", "relais",
	    EX_USAGE, "", "; see relais help setup", "relais", "setup", "--x"),
	ANSWERS("an unknown command prints the commands", "relais", EX_USAGE,
	    "", "relais: queu: not a command; a recipient is written as "
	    "name@host\nusage: relais ", "relais", "queu", "list"),
	ANSWERS("relais without arguments prints the commands", "relais",
	    EX_USAGE, "", "relais: no command and no recipient\nusage: relais ",
	    "relais"),
	ANSWERS("sendmail executes relais for a command", "sendmail", 0,
	    "usage: relais queue [list | show", "", "relais", "help", "queue"),
	ANSWERS("relais help prints the commands for an unknown one", "relais",
	    EX_USAGE, "", "queu: not a command", "relais", "help", "queu"),
	ANSWERS("relais help takes one command", "relais", EX_USAGE, "",
	    "usage: relais help [COMMAND | keys]", "relais", "help", "queue",
	    "list"),
	ANSWERS("relais help keys prints the values and the default of a key",
	    "relais", 0, "\n  tls_min              one of: 1.2 1.3; default: "
	    "1.2\n", "", "relais", "help", "keys"),
	ANSWERS("relais help keys prints the range of a number", "relais", 0,
	    "\n  clients              a number, from 1 to 10000; default: "
	    "100\n", "", "relais", "help", "keys"),
	ANSWERS("relais help keys says that include names files", "relais", 0,
	    "\n  include              a path, or a pattern such as "
	    "/etc/relais.d/*.conf\n", "", "relais", "help", "keys"),
	ANSWERS("-bt is refused", "sendmail", EX_USAGE,
	    "", "-b: mode t is not supported", "sendmail", "-bt"),
	ANSWERS("-be is refused", "sendmail", EX_USAGE, "", "-b: mode e",
	    "sendmail", "-be", "${run{/bin/id}}"),
	ANSWERS("-oeq also suppresses errors about options",
	    "sendmail", EX_USAGE, "",
	    "", "sendmail", "-oeq", "-Z"),
	ANSWERS("REQUIRETLS is refused if there is no message", "sendmail",
	    EX_USAGE, "", "-O RequireTLS can only be used to send a message",
	    "sendmail", "-O", "requiretls=yes", "-bp"),
	ANSWERS("relais -C names the configuration", "relais", EX_CONFIG, "",
	    "/nonexistent", "relais", "-C", "/nonexistent", "-bv", "a@x"),
};

static void
verify_shows_the_envelope_and_sends_nothing(void **state)
{
	struct fixture		p;
	struct program_result	o;

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp",
	    "root = admin@example.net\n");
	program_run(&o, &(struct program){ .argv = WORDS("relais", "-C",
	    p.conf, "-bv", "-f", "me@example.org",
	    "a@example.net, B <b@example.net>", "root"), .keep_open = true });
	assert_int_equal(o.status, 0);
	assert_string_equal(o.out.data, "from <me@example.org>\n"
	    "to <a@example.net>\nto <b@example.net>\n"
	    "to <admin@example.net>\n");
	assert_string_equal(o.err.data, "");
	program_result_free(&o);
	assert_int_equal(mock_smtp_connections(p.host), 0);
	fixture_close(&p);
}

static void
verify_expands_aliases_and_shows_unresolvable_names(void **state)
{
	struct fixture		p;
	struct program_result	o;
	char			more[200];

	(void)state;
	temp_dir_make(&p.dir);
	p.host = mock_smtp_start(&(struct script){ 0 });
	snprintf(more, sizeof(more), "domain =\naliases = %s\n",
	    temp_dir_write(&p.dir, "who", 0600,
	    "ops: c@example.net, d@example.net\n"));
	p.conf = conf_write(&p.dir, p.host, "smtp", more);
	relais_run(&o, p.conf, WORDS("-bv", "-f", "me@example.org", "ops",
	    "nobody-at-all"), "");
	assert_int_equal(o.status, EX_NOUSER);
	assert_non_null(strstr(o.out.data, "to <c@example.net>\n"));
	assert_non_null(strstr(o.out.data, "to <d@example.net>\n"));
	assert_non_null(strstr(o.out.data, "not to <nobody-at-all"));
	program_result_free(&o);
	fixture_close(&p);
}

static void
verify_reads_the_header_with_t(void **state)
{
	struct fixture		p;
	struct program_result	o;

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	relais_run(&o, p.conf, WORDS("-bv", "-t", "-f", ""),
	    "Bcc: a@example.net\n\nhi\n");
	assert_int_equal(o.status, 0);
	assert_string_equal(o.out.data, "from <>\nto <a@example.net>\n");
	program_result_free(&o);
	relais_run(&o, p.conf, WORDS("-bv", "-t"), "Subject: x\n\n");
	assert_int_equal(o.status, EX_USAGE);
	program_result_free(&o);
	relais_run(&o, p.conf, WORDS("-bv", "a@@example.net"), "");
	assert_int_equal(o.status, EX_USAGE);
	program_result_free(&o);
	fixture_close(&p);
}

/* A shell loop that reads standard input must not lose lines of it. */
static void
verify_leaves_standard_input_alone(void **state)
{
	struct fixture		p;
	struct program_result	o;

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	program_run(&o, &(struct program){ .path = "/bin/sh",
	    .argv = WORDS("sh", "-c", "\"$0\"/relais -C \"$1\" -bv a@@x; cat",
	    BUILD, p.conf), .input = "the next one\n" });
	assert_string_equal(o.out.data, "the next one\n");
	program_result_free(&o);
	fixture_close(&p);
}

static void
dsn_is_requested_if_it_is_offered(void **state)
{
	struct fixture			 p;
	struct program_result		 o;
	const struct heard_message	*m;

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	relais_run(&o, p.conf, WORDS("-N", "failure,Delay", "-Rhdrs", "-V",
	    "id+3D1", "-t"), "To: a@example.net\n\nhi\n");
	assert_int_equal(o.status, 0);
	m = fixture_message(&p, 0);
	assert_non_null(strstr(m->parameters, "RET=HDRS ENVID=id+3D1"));
	assert_string_equal(m->rcpt[0].parameters, "NOTIFY=FAILURE,DELAY");
	program_result_free(&o);
	fixture_close(&p);
}

static void
dsn_is_not_requested_if_it_is_not_offered(void **state)
{
	struct fixture			 p;
	struct program_result		 o;
	const struct heard_message	*m;

	(void)state;
	fixture_open(&p, &(struct script){ .keywords = "PIPELINING\nSIZE" },
	    "smtp", NULL);
	relais_run(&o, p.conf, WORDS("-N", "never", "-R", "full", "-V", "1",
	    "a@example.net"), "\nhi\n");
	assert_int_equal(o.status, 0);
	m = fixture_message(&p, 0);
	assert_null(strstr(m->parameters, "RET"));
	assert_null(strstr(m->parameters, "ENVID"));
	assert_string_equal(m->rcpt[0].parameters, "");
	program_result_free(&o);
	fixture_close(&p);
}

/* The notice of the delivery would be an entry of the queue. */
static void
without_a_queue_a_missing_notice_is_logged(void **state)
{
	struct fixture		p;
	struct program_result	o;

	(void)state;
	fixture_open(&p, &(struct script){ .keywords = "PIPELINING" }, "smtp",
	    "log = stderr\n");
	relais_run(&o, p.conf, WORDS("-N", "success", "-f", "a@example.org",
	    "a@example.net"), "\nhi\n");
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(o.err.data, "the sender cannot be notified of "
	    "the delivery: the notice needs a queue\n"));
	program_result_free(&o);
	fixture_close(&p);
}

/* Who the errors are told is a matter of -e; that they are errors is not. */
struct error_mode_case {
	const char	*option;
	bool		 quiet;
};

static void
reports_a_refusal(void **state)
{
	const struct error_mode_case	*c = *state;
	struct fixture			 p;
	struct program_result		 o;

	fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .say = "550 5.1.1 who?" } } }, "smtp", NULL);
	relais_run(&o, p.conf, WORDS(c->option, "-Bodd", "a@example.net"),
	    "\nhi\n");
	assert_int_equal(o.status, EX_NOUSER);
	assert_string_equal(o.out.data, "");
	if (c->quiet)
		assert_string_equal(o.err.data, "");
	else
		assert_non_null(strstr(o.err.data, "550 5.1.1 who?"));
	program_result_free(&o);
	fixture_close(&p);
}

#define QUIET(option) { option " suppresses the error", reports_a_refusal, \
	NULL, NULL, &(struct error_mode_case){ option, true } }
#define LOUD(option) { option " prints the error", reports_a_refusal, \
	NULL, NULL, &(struct error_mode_case){ option, false } }

static void
odq_queues_the_message_without_an_attempt(void **state)
{
	struct fixture		p;
	struct program_result	o;
	char			more[200];

	(void)state;
	temp_dir_make(&p.dir);
	p.host = mock_smtp_start(&(struct script){ 0 });
	snprintf(more, sizeof(more), "queue = %s/spool\n", p.dir.path);
	p.conf = conf_write(&p.dir, p.host, "smtp", more);
	relais_run(&o, p.conf, WORDS("-odq", "a@example.net"), "\nhi\n");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	assert_int_equal(mock_smtp_connections(p.host), 0);
	assert_int_equal(temp_dir_count(temp_dir_path(&p.dir, "spool/queue")),
	    1);
	relais_run(&o, p.conf, WORDS("-odq", "-v", "a@example.net"),
	    "\nhi\n");
	assert_int_equal(strncmp(o.out.data, "*** not sent to a@example.net; "
	    "queued as ", 41), 0);
	program_result_free(&o);
	relais_run(&o, p.conf, WORDS("-odq", "-bs"), "MAIL FROM:<>\r\n"
	    "RCPT TO:<a@example.net>\r\nDATA\r\n\r\nhi\r\n.\r\n");
	assert_non_null(strstr(o.out.data, "\n250 2.0.0 Ok: queued as "));
	assert_null(strstr(o.out.data, ": \r\n"));
	program_result_free(&o);
	assert_int_equal(mock_smtp_connections(p.host), 0);
	fixture_close(&p);
}

/* One line for any number of ignored options. */
static void
an_ignored_option_is_logged(void **state)
{
	struct fixture		p;
	struct program_result	o;
	const char		*at;

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", "log = stderr\n");
	relais_run(&o, p.conf, WORDS("-X/tmp/x", "-oQ/tmp", "-D", "/tmp/y",
	    "a@example.net"), "\nhi\n");
	assert_int_equal(o.status, 0);
	at = strstr(o.err.data, "ignored an option that ");
	assert_non_null(at);
	assert_null(strstr(at + 1, "ignored an option that "));
	program_result_free(&o);
	/* With -bs, it must not precede the greeting. */
	relais_run(&o, p.conf, WORDS("-bs", "-X/tmp/x"), "QUIT\r\n");
	assert_int_equal(o.status, 0);
	assert_string_equal(o.err.data, "");
	program_result_free(&o);
	fixture_close(&p);
}

static void
ends_without_sending(void **state)
{
	const int		*signal = *state;
	struct fixture		 p;
	struct program_result	 o;

	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	program_stop(program_start(&(struct program){
	    .argv = WORDS("relais", "-C", p.conf, "-v", "a@example.net"),
	    .input = "Subject: x\n\nhi\n", .keep_open = true }), *signal, &o);
	assert_int_equal(o.signal, *signal);
	program_result_free(&o);
	assert_int_equal(mock_smtp_messages(p.host), 0);
	fixture_close(&p);
}

#define SIGNAL(number) { #number " while the message is read sends nothing", \
	ends_without_sending, NULL, NULL, &(int){ number } }

static void
take_for_input(void *context)
{
	const int	*fd = context;

	dup2(*fd, STDIN_FILENO);
}

/* It has read all there is, and waits or has ended (proc(5), stat). */
static void
wait_until_it_rests(pid_t pid, int input)
{
	char		path[64], line[256];
	const char	*state;
	int		left;

	do
		assert_int_equal(ioctl(input, FIONREAD, &left), 0);
	while (left > 0);
	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	do {
		FILE	*f = fopen(path, "re");

		assert_non_null(f);
		assert_non_null(fgets(line, sizeof(line), f));
		fclose(f);
		assert_non_null(state = strrchr(line, ')'));
	} while (state[2] != 'S' && state[2] != 'Z');
}

/* ssh(1) and others leave O_NONBLOCK set on a shared pipe. */
static void
nonblocking_input_is_read_to_its_end(void **state)
{
	static const char	first[] = "Subject: late\n";
	static const char	rest[] = "\nhi\n";
	struct running		*r;
	struct fixture		 p;
	struct program_result	 o;
	int			 fd[2];

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	assert_int_equal(pipe2(fd, O_NONBLOCK | O_CLOEXEC), 0);
	assert_true(file_write(fd[1], first, sizeof(first) - 1));
	r = program_start(&(struct program){ .argv = WORDS("relais", "-C",
	    p.conf, "-i", "a@example.net"), .prepare = take_for_input,
	    .ctx = &fd[0] });
	wait_until_it_rests(program_pid(r), fd[0]);
	assert_true(file_write(fd[1], rest, sizeof(rest) - 1));
	close(fd[1]);
	program_stop(r, 0, &o);
	close(fd[0]);
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(fixture_message(&p, 0)->data.data,
	    "Subject: late\r\n"));
	program_result_free(&o);
	fixture_close(&p);
}

static size_t
endless(void *ctx, uint64_t n, char *to, size_t size)
{
	const uint64_t	*end = ctx;

	if (n >= *end)
		return 0;
	memset(to, 'x', size);
	return size;
}

/* The caller can write to the end and gets the exit status. */
static void
after_an_early_error_the_input_is_drained(void **state)
{
	uint64_t		size = 50 * 1024 * 1024;
	struct program_result	o;

	(void)state;
	program_run(&o, &(struct program){ .argv = WORDS("sendmail", "-Z",
	    "a@example.net"), .generate = endless, .ctx = &size });
	assert_int_equal(o.status, EX_USAGE);
	assert_non_null(strstr(o.err.data, "-Z"));
	program_result_free(&o);
}

static void
draining_the_input_is_limited(void **state)
{
	struct program_result	o;

	(void)state;
	program_run(&o, &(struct program){ .argv = WORDS("sendmail", "-Z"),
	    .keep_open = true, .deadline_ms = 10000 });
	assert_int_equal(o.status, EX_USAGE);
	program_result_free(&o);
}

static void
a_hundred_thousand_options_are_accepted(void **state)
{
	enum { N = 100000 };
	const char		**argv = calloc(N + 3, sizeof(*argv));
	struct program_result	  o;

	(void)state;
	assert_non_null(argv);
	argv[0] = "sendmail";
	for (size_t i = 1; i <= N; i++)
		argv[i] = "-oQ/tmp";
	argv[N + 1] = "-bP";
	program_run(&o, &(struct program){ .argv = argv, .env =
	    WORDS("RELAIS_QUEUE=off") });
	assert_int_equal(o.status, 0);
	assert_string_equal(o.out.data, "0\n");
	assert_true(o.user_s < 2);
	program_result_free(&o);
	free(argv);
}

static const struct CMUnitTest options_spec[] = {
	UNWRITTEN("mailq fails if its output cannot be written",
	    "\"$0\"/mailq >/dev/full",
	    EX_IOERR, "mailq: cannot write to standard output: No space left"),
	UNWRITTEN("-bp fails if its output cannot be written",
	    "\"$0\"/sendmail -bp >/dev/full",
	    EX_IOERR, "No space left"),
	UNWRITTEN("relais queue fails if its output cannot be written",
	    "\"$0\"/relais queue >/dev/full", EX_IOERR, "No space left"),
	UNWRITTEN("-bs fails if its replies cannot be written",
	    "\"$0\"/relais -o socket=off -o smarthost=discard: -bs "
	    "</dev/null >/dev/full",
	    EX_IOERR, "SMTP session on standard input and output: connection "
	    "lost: No space left on device"),
	UNWRITTEN("-bs fails if its commands cannot be read",
	    "\"$0\"/relais -o socket=off -o smarthost=discard: -bs </",
	    EX_IOERR, "SMTP session on standard input and output: connection "
	    "lost: Is a directory"),
	UNWRITTEN("--version fails if its output cannot be written",
	    "\"$0\"/sendmail --version >/dev/full",
	    EX_IOERR, "No space left"),
	cmocka_unit_test(a_closed_pipe_is_not_reported),
	cmocka_unit_test(verify_shows_the_envelope_and_sends_nothing),
	cmocka_unit_test(verify_expands_aliases_and_shows_unresolvable_names),
	cmocka_unit_test(verify_reads_the_header_with_t),
	cmocka_unit_test(verify_leaves_standard_input_alone),
	cmocka_unit_test(dsn_is_requested_if_it_is_offered),
	cmocka_unit_test(dsn_is_not_requested_if_it_is_not_offered),
	cmocka_unit_test(without_a_queue_a_missing_notice_is_logged),
	QUIET("-oeq"), QUIET("-eq"), QUIET("-OErrorMode=q"),
	LOUD("-oep"), LOUD("-oem"), LOUD("-oew"), LOUD("-oee"), LOUD("-em"),
	LOUD("-i"),
	cmocka_unit_test(odq_queues_the_message_without_an_attempt),
	cmocka_unit_test(an_ignored_option_is_logged),
	SIGNAL(SIGHUP), SIGNAL(SIGINT), SIGNAL(SIGTERM),
	cmocka_unit_test(nonblocking_input_is_read_to_its_end),
	cmocka_unit_test(after_an_early_error_the_input_is_drained),
	cmocka_unit_test(draining_the_input_is_limited),
	cmocka_unit_test(a_hundred_thousand_options_are_accepted),
};

int
main(void)
{
	return cmocka_run_group_tests(modes_spec, NULL, NULL) +
	    cmocka_run_group_tests(options_spec, NULL, NULL);
}
