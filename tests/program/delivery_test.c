/*
 * Smarthosts that are not servers: what a program gets, what its end means, and
 * whether the next smarthost gets the message; Maildirs; discard:.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/conf.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/serving.h"
#include "support/skip.h"
#include "support/temp_spool.h"

#define MESSAGE	"Subject: x\nTo: b@example.net\n\nhi\n"
#define ADDED \
	"To: b@x.example\nFrom: \"A\" <a@example.org>\n" \
	"Date: Sun, 1 Nov 2026 10:00:00 +0000\n" \
	"Message-ID: <1@example.org>\n"

static const struct script	accepts = { 0 };

/* The script runs in its directory, where it can leave files. */
static void
write_program(struct queue_fixture *p, const char *body)
{
	struct buffer	text = { 0 };

	buffer_addf(&text, "#!/bin/sh\ncd %s\n%s\n", p->dir.path, body);
	temp_dir_write(&p->dir, "send", 0700, text.data);
	buffer_free(&text);
}

/* smarthost = command://DIR/send, followed by rest; and more lines. */
static void
open_program(struct queue_fixture *p, const char *body, const char *rest,
    const char *more)
{
	struct buffer	lines = { 0 };

	queue_fixture_open(p, &accepts, NULL);
	write_program(p, body);
	buffer_addf(&lines, "smarthost = command://%s/send%s", p->dir.path,
	    rest != NULL ? rest : "");
	if (rest != NULL && strcmp(rest, ", ") == 0)
		buffer_addf(&lines, "smtp://127.0.0.1:%u", p->host->port);
	buffer_addf(&lines, "\n%s", more != NULL ? more : "");
	if (strstr(lines.data, "queue = ") == NULL)
		buffer_addf(&lines, "queue = %s\n", p->spool);
	conf_write(&p->dir, p->host, "smtp", lines.data);
	buffer_free(&lines);
}

static void
assert_contains(const char *text, const char *part)
{
	if (part != NULL && strstr(text, part) == NULL)
		fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

/* --------------------------------------------------- the end of a program */

struct end {
	const char	*sentence;
	const char	*body;		/* of the script */
	int		 status;
	const char	*err;		/* part of stderr; NULL: nothing */
	const char	*entries;	/* in the queue; NULL: "" */
	const char	*more;
	const char	*log;		/* part of the log, or NULL */
	bool		 no_queue;
};

static const struct end	ends[] = {
	{ "status 0 means delivered, with the last line as the reply",
	    "echo one >&2; echo 'stored as 17' >&2; echo >&2",
	    .log = "send: exited with status 0: stored as 17\"" },
	{ "status 0 means delivered, even if the program reads nothing",
	    "exit 0", .log = "sent uid=" },
	{ "status 75 defers", "echo 'API down' >&2; exit 75",
	    .entries = "?b@example.net", .log = "queued id=" },
	{ "without a queue, status 75 is passed on",
	    "echo 'API down' >&2; exit 75",
	    .status = EX_TEMPFAIL, .no_queue = true,
	    .err = "send: exited with status 75: API down" },
	{ "status 71 defers", "exit 71", .entries = "?b@example.net" },
	{ "status 67 is an unknown recipient", "echo 'who?' >&2; exit 67",
	    .status = EX_NOUSER, .err = "send: exited with status 67: who?" },
	{ "other statuses of sysexits.h are passed on", "exit 65",
	    .status = EX_DATAERR, .err = "exited with status 65" },
	{ "a configuration error of the program is passed on", "exit 78",
	    .status = EX_CONFIG, .err = "exited with status 78" },
	{ "any other status is EX_UNAVAILABLE", "exit 1",
	    .status = EX_UNAVAILABLE, .err = "exited with status 1" },
	{ "a command that the script does not find is a permanent failure",
	    "relais-no-such-command",
	    .status = EX_UNAVAILABLE, .err = "exited with status 127: " },
	{ "after a signal, the message may have been delivered",
	    "kill -9 $$", .entries = "?b@example.net",
	    .log = "killed by signal 9; the program may have delivered" },
	{ "after the timeout, the message may have been delivered",
	    "trap '' TERM HUP; echo begun >&2; sleep 100; sleep 100",
	    .more = "timeout = 2s\n", .entries = "?b@example.net",
	    .log = "timed out and was killed: begun; the program may have" },
	{ "a program that keeps the pipes open is not waited for",
	    "sleep 100 & echo $! >pid; echo ok >&2", .log = "status 0: ok" },
	{ "a long output is dropped, except its end",
	    "head -c 50000000 /dev/zero >&2; echo >&2; echo end >&2",
	    .log = "status 0: end\"" },
	{ "endless output is ended by the timeout", "exec yes >&2",
	    .more = "timeout = 2s\n", .entries = "?b@example.net",
	    .log = "timed out and was killed: y" },
	{ "control characters of the reply are made visible",
	    "printf '\\033[2Jgone\\a\\n' >&2; exit 1",
	    .status = EX_UNAVAILABLE, .err = "status 1: \\033[2Jgone\\007" },
	{ "a progress meter is not the reply",
	    "printf '10%%\\r50%%\\rcurl: (6) no host\\n' >&2; exit 1",
	    .status = EX_UNAVAILABLE, .err = "status 1: curl: (6) no host" },
	{ "a program cannot guarantee TLS", "exit 0",
	    .more = "requiretls = yes\n", .status = EX_UNAVAILABLE,
	    .err = "send: REQUIRETLS (RFC 8689) requires TLS, which only a "
	    "server can use" },
	{ "standard output is not the reply", "echo out; echo err >&2; exit 1",
	    .status = EX_UNAVAILABLE, .err = "status 1: err" },
	{ "a program that closes everything", "exec <&- >&- 2>&-; exit 0",
	    .log = "send: exited with status 0\"" },
};

static void
end_of_a_program(void **state)
{
	const struct end	*c = *state;
	struct queue_fixture	 p;
	struct program_result	 o;
	struct buffer		 more = { 0 }, pid = { 0 };

	buffer_addf(&more, "log = stderr\n%s%s", c->no_queue ?
	    "queue = off\n" : "", c->more != NULL ? c->more : "");
	open_program(&p, c->body, NULL, more.data);
	relais_run(&o, p.conf, WORDS("-f", "a@example.org", "-t"), MESSAGE);
	if (o.status != c->status)
		fail_msg("status %d: %s", o.status, o.err.data);
	assert_contains(o.err.data, c->err);
	assert_contains(o.err.data, c->log);
	if (c->err == NULL)
		assert_null(strstr(o.err.data, "not sent to"));
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE),
	    c->entries != NULL ? c->entries : "");
	if (strstr(c->body, ">pid") != NULL) {
		file_read(&pid, temp_dir_path(&p.dir, "pid"));
		assert_int_equal(kill(atoi(pid.data), SIGKILL), 0);
		buffer_free(&pid);
	}
	program_result_free(&o);
	buffer_free(&more);
	queue_fixture_close(&p);
}

/* ------------------------------------------------------ what a program gets */

struct gets {
	const char		*sentence;
	const char		*rest;		/* of the command line */
	const char *const	*words;		/* of relais */
	const char		*input;
	const char		*body;		/* of the script */
	const char		*got;		/* the file that it wrote */
};

#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }

static const struct gets	gets_table[] = {
	{ "the words of the command come first, then -- and the paths",
	    " -a  b,c http://h/", LIST("-f", "s@example.org", "-i",
	    "b@x.example", "c@x.example"), ADDED "\nhi\n",
	    "for a; do echo \"$a\"; done >got",
	    "-a\nb,c\nhttp://h/\n--\nb@x.example\nc@x.example\n" },
	{ "the message has LF and no dot-stuffing", NULL, LIST("-i", "-f",
	    "s@example.org", "b@x.example"), ADDED "\n.\n..two\r\nend",
	    "cat >got", ADDED "\n.\n..two\nend\n" },
	{ "8-bit text is passed as it is, with its header", NULL, LIST("-f",
	    "s@example.org", "b@x.example"), ADDED "Content-Type: text/plain; "
	    "charset=utf-8\nContent-Transfer-Encoding: 8bit\nMIME-Version: 1.0"
	    "\n\nh\303\251\n", "tail -n 1 >got", "h\303\251\n" },
	{ "the sender is in the environment, which has nothing else", NULL,
	    LIST("-f", "s@example.org", "b@x.example"), ADDED "\nhi\n",
	    "env | sed '/^_=/d; /^PWD=/d; /^OLDPWD=/d; /^SHLVL=/d' | sort >got",
	    "HOME=/nowhere\nLANG=C\nPATH=/usr/local/sbin:/usr/local/bin:"
	    "/usr/sbin:/usr/bin:/sbin:/bin\nRELAIS_SENDER=s@example.org\n" },
	{ "the program can run relais, but not send mail by itself", NULL,
	    LIST("-f", "s@example.org", "b@x.example"), ADDED "\nhi\n",
	    BUILD "/relais -C relais.conf config >/dev/null 2>&1; echo $? >got;"
	    "echo hi | " BUILD "/relais -C relais.conf a@b.example 2>err; "
	    "echo $? >>got; grep -c 'send: not run, because this message is "
	    "sent by a program' err >>got", "0\n69\n1\n" },
	{ "the null sender is an empty variable", NULL, LIST("-f", "<>",
	    "b@x.example"), ADDED "\nhi\n", "echo \"<$RELAIS_SENDER>\" >got",
	    "<>\n" },
	{ "a domain that is not ASCII is passed in its ASCII form", NULL,
	    LIST("-f", "s@example.org", "b@b\303\274ro.example"),
	    ADDED "\nhi\n", "echo \"$2\" >got", "b@xn--bro-hoa.example\n" },
	{ "a local part that is not ASCII is passed as it is", NULL,
	    LIST("-f", "s@example.org", "b\303\274@b\303\274ro.example"),
	    ADDED "\nhi\n", "echo \"$2\" >got",
	    "b\303\274@b\303\274ro.example\n" },
	{ "the input is a file, which is at its beginning", NULL, LIST("-f",
	    "s@example.org", "b@x.example"), ADDED "\nhi\n",
	    "head -c 4 >/dev/null; cat /dev/stdin | head -n 1 >got",
	    "To: b@x.example\n" },
	/* In posix_spawn(), glibc leaves its signals 32 and 33 ignored. */
	{ "no signal is ignored or blocked", NULL, LIST("-f", "s@example.org",
	    "b@x.example"), ADDED "\nhi\n", "cat >/dev/null; "
	    "for set in $(grep -E '^Sig(Blk|Ign):' /proc/self/status | "
	    "cut -f 2); do echo $((0x$set & 0x7fffffff)); done >got",
	    "0\n0\n" },
	{ "no descriptor is open except the three", NULL, LIST("-f",
	    "s@example.org", "b@x.example"), ADDED "\nhi\n",
	    "exec sh -c 'ls /proc/$$/fd >list; "
	    "grep -cv \"^1[0-9]$\" list >got'",
	    "3\n" },
};

static void
a_program_gets(void **state)
{
	const struct gets	*c = *state;
	struct queue_fixture	 p;
	struct program_result	 o;
	struct buffer		 got = { 0 };

	open_program(&p, c->body, c->rest, NULL);
	relais_run(&o, p.conf, c->words, c->input);
	if (o.status != EX_OK)
		fail_msg("status %d: %s", o.status, o.err.data);
	file_read(&got, temp_dir_path(&p.dir, "got"));
	assert_string_equal(got.data, c->got);
	buffer_free(&got);
	program_result_free(&o);
	queue_fixture_close(&p);
}

/* The service would run the program for each message that the program sends. */
static void
a_program_does_not_send_mail_through_the_service(void **state)
{
	struct serving		s;
	struct program_result	o;
	struct buffer		lines = { 0 }, program = { 0 }, got = { 0 };

	(void)state;
	serving_open(&s, &accepts, "");
	buffer_addf(&program, "#!/bin/sh\ncd %s && echo run >>got\n"
	    "[ $(wc -l <got) -gt 3 ] || echo hi | " BUILD "/relais -C %s "
	    "a@b.example 2>err\necho $? >>got\ngrep -c 'send: not run, "
	    "because this message is sent by a program' err >>got\nexit 0\n",
	    s.dir.path, s.conf);
	temp_dir_write(&s.dir, "send", 0700, program.data);
	buffer_addf(&lines, "smarthost = command://%s/send\n", s.dir.path);
	serving_configure(&s, lines.data);
	serving_start(&s, NULL);
	serving_expect(&s, "EHLO a\r\nMAIL FROM:<a@example.org>\r\n"
	    "RCPT TO:<b@example.net>\r\nDATA\r\nSubject: a\r\n\r\nhello\r\n"
	    ".\r\nQUIT\r\n", "\r\n250 2.0.0 Ok: sent (");
	serving_stop(&s, &o);
	file_read(&got, temp_dir_path(&s.dir, "got"));
	assert_string_equal(got.data, "run\n69\n1\n");
	buffer_free(&got);
	buffer_free(&lines);
	buffer_free(&program);
	program_result_free(&o);
	serving_close(&s);
}

/* ------------------------------------------------------- the next smarthost */

struct next {
	const char	*sentence;
	const char	*body;		/* NULL: the program does not exist */
	bool		 second;	/* the server gets the message */
	int		 status;
};

static const struct next	next_table[] = {
	{ "after status 0, no other smarthost is tried", .body = "exit 0" },
	{ "after status 75, the next one is tried", .body = "exit 75",
	    .second = true },
	{ "after status 71, the next one is tried", .body = "exit 71",
	    .second = true },
	{ "a refusal is an outcome", .body = "exit 69",
	    .status = EX_UNAVAILABLE },
	{ "a program that may have delivered the message is the last",
	    .body = "kill -9 $$" },
	{ "a program that does not exist", .second = true },
};

static void
next_smarthost(void **state)
{
	const struct next	*c = *state;
	struct queue_fixture	 p;
	struct program_result	 o;

	open_program(&p, c->body != NULL ? c->body : "", ", ", NULL);
	if (c->body == NULL)
		unlink(temp_dir_path(&p.dir, "send"));
	relais_run(&o, p.conf, WORDS("-f", "a@example.org", "-t"), MESSAGE);
	if (o.status != c->status)
		fail_msg("status %d: %s", o.status, o.err.data);
	assert_int_equal(mock_smtp_messages(p.host), c->second ? 1 : 0);
	program_result_free(&o);
	queue_fixture_close(&p);
}

/* ------------------------------------------------------------ single tests */

static void
a_program_that_cannot_be_started_is_reported(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;

	(void)state;
	open_program(&p, "exit 0", NULL, "queue = off\n");
	chmod(temp_dir_path(&p.dir, "send"), 0600);
	relais_run(&o, p.conf, WORDS("-t"), MESSAGE);
	assert_int_equal(o.status, EX_CONFIG);
	assert_contains(o.err.data, "/send: cannot be started: Permission "
	    "denied; correct the path, or make the program executable by "
	    "user ");
	assert_contains(o.err.data, "/relais.conf:");
	program_result_free(&o);

	temp_dir_write(&p.dir, "send", 0700, "no program");
	relais_run(&o, p.conf, WORDS("-t"), MESSAGE);
	assert_int_equal(o.status, EX_CONFIG);
	assert_contains(o.err.data, "/send: Exec format error (a script must "
	    "begin with #!); correct the path");
	program_result_free(&o);
	queue_fixture_close(&p);
}

/* 3000 paths of 40 octets are passed in two runs. */
static void
many_recipients_are_passed_in_several_runs(void **state)
{
	enum { N = 3000 };
	struct queue_fixture	 p;
	struct program_result	 o;
	struct buffer		 text = { 0 }, got = { 0 };
	size_t			 lines = 0;

	(void)state;
	for (int i = 0; i < N; i++)
		buffer_addf(&text, "To: recipient-with-a-long-name-%04d@"
		    "example.net\n", i);
	buffer_addf(&text, "Subject: x\n\nhi\n");
	open_program(&p, "shift; for a; do echo \"$a\"; done >>got; "
	    "echo run >>runs; cat >message", NULL, NULL);
	relais_run(&o, p.conf, WORDS("-t"), text.data);
	if (o.status != EX_OK)
		fail_msg("status %d: %s", o.status, o.err.data);
	file_read(&got, temp_dir_path(&p.dir, "got"));
	for (const char *c = got.data; *c != '\0'; c++)
		lines += *c == '\n';
	assert_int_equal(lines, N);
	assert_contains(got.data, "name-0000@");
	assert_contains(got.data, "name-2999@");
	file_read(&got, temp_dir_path(&p.dir, "runs"));
	assert_true(got.len > strlen("run\n"));
	assert_true(got.len < 5 * strlen("run\n"));
	file_read(&got, temp_dir_path(&p.dir, "message"));
	assert_contains(got.data, "\n\nhi\n");
	buffer_free(&got);
	buffer_free(&text);
	program_result_free(&o);
	queue_fixture_close(&p);
}

/* If a later run defers, the recipients of the first are not sent it again. */
static void
a_run_that_fails_does_not_repeat_the_others(void **state)
{
	struct queue_fixture	 p;
	struct program_result	 o;
	struct buffer		 text = { 0 }, got = { 0 };

	(void)state;
	for (int i = 0; i < 3000; i++)
		buffer_addf(&text, "To: recipient-with-a-long-name-%04d@"
		    "example.net\n", i);
	buffer_addf(&text, "Subject: x\n\nhi\n");
	open_program(&p, "shift; test -e again -o ! -e got || exit 75; "
	    "for a; do echo \"$a\"; done >>got", NULL, NULL);
	relais_run(&o, p.conf, WORDS("-t"), text.data);
	assert_int_equal(o.status, EX_OK);
	program_result_free(&o);
	temp_dir_write(&p.dir, "again", 0600, "");
	queue_fixture_run(&p, "-q", EX_OK);
	file_read(&got, temp_dir_path(&p.dir, "got"));
	assert_int_equal(got.len, 3000 * strlen("recipient-with-a-long-name-"
	    "0000@example.net\n"));
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	buffer_free(&got);
	buffer_free(&text);
	program_result_free(&o);
	queue_fixture_close(&p);
}

/* 20 MB do not fit in memory, but in a file without a name. */
static size_t
make_large(void *context, uint64_t at, char *to, size_t size)
{
	static const char	begin[] = ADDED "Subject: x\n\n";
	const uint64_t		total = 20 * 1000 * 1000;

	(void)context;
	if (at < sizeof(begin) - 1) {
		size_t	n = sizeof(begin) - 1 - (size_t)at;

		n = n < size ? n : size;
		memcpy(to, begin + at, n);
		return n;
	}
	at -= sizeof(begin) - 1;
	if (at >= total)
		return 0;
	size = size < total - at ? size : (size_t)(total - at);
	for (size_t i = 0; i < size; i++)
		to[i] = (at + i) % 70 == 69 ? '\n' : (char)('a' +
		    (at + i) % 26);
	return size;
}

static void
a_large_message_does_not_take_memory(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;
	struct buffer		got = { 0 };
	char			expected[40];

	(void)state;
	open_program(&p, "cat >got.tmp; wc -c <got.tmp >got; "
	    "tail -c 1000 got.tmp >end", NULL, NULL);
	program_run(&o, &(struct program){ .argv = WORDS("relais", "-C",
	    p.conf, "-f", "a@example.org", "b@example.net"),
	    .generate = make_large, .measured = true });
	assert_int_equal(o.status, EX_OK);
#ifndef __SANITIZE_ADDRESS__
	assert_in_range(o.max_rss_kb, 1, 8000);
#endif
	file_read(&got, temp_dir_path(&p.dir, "got"));
	snprintf(expected, sizeof(expected), "%zu\n",
	    sizeof(ADDED "Subject: x\n\n") - 1 + 20 * 1000 * 1000 + 1);
	assert_string_equal(got.data, expected);
	buffer_free(&got);
	program_result_free(&o);
	queue_fixture_close(&p);
}

/* The program is killed with relais: it must not deliver half a message. */
static void
a_killed_relais_kills_the_program(void **state)
{
	struct queue_fixture	 p;
	struct program_result	 o;
	struct running		*r;
	struct buffer		 pid = { 0 };
	char			 fifo[100];
	FILE			*f;

	(void)state;
	open_program(&p, "exec 3>fifo; echo $$ >&3; sleep 100; sleep 100",
	    NULL, NULL);
	strlcpy(fifo, temp_dir_path(&p.dir, "fifo"), sizeof(fifo));
	assert_int_equal(mkfifo(fifo, 0600), 0);
	r = program_start(&(struct program){ .argv = WORDS("relais", "-C",
	    p.conf, "-t"), .input_file = temp_dir_write(&p.dir, "input", 0600,
	    MESSAGE) });
	f = fopen(fifo, "r");
	assert_non_null(f);
	buffer_room(&pid, 100);
	assert_non_null(fgets(pid.data, 100, f));
	program_stop(r, SIGKILL, &o);
	/* The end of the pipe: the program and its child have ended. */
	assert_null(fgets(pid.data, 100, f));
	fclose(f);
	buffer_free(&pid);
	program_result_free(&o);
	queue_fixture_close(&p);
}

/* The message was passed to the program when the signal came. */
static void
an_interrupted_message_is_queued_in_doubt(void **state)
{
	struct queue_fixture	 p;
	struct program_result	 o;
	struct running		*r;
	char			 fifo[100], line[100];
	FILE			*f;
	bool			 locked;

	(void)state;
	open_program(&p, "exec 3>fifo; echo begun >&3; sleep 100; sleep 100",
	    NULL, NULL);
	strlcpy(fifo, temp_dir_path(&p.dir, "fifo"), sizeof(fifo));
	assert_int_equal(mkfifo(fifo, 0600), 0);
	r = program_start(&(struct program){ .argv = WORDS("relais", "-C",
	    p.conf, "-t"), .input_file = temp_dir_write(&p.dir, "input", 0600,
	    MESSAGE) });
	f = fopen(fifo, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	program_stop(r, SIGTERM, &o);
	assert_null(fgets(line, sizeof(line), f));
	fclose(f);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE),
	    "?b@example.net");
	/* In doubt: not before an hour. */
	assert_true(temp_spool_next(p.spool, &locked) > 3000);
	program_result_free(&o);
	queue_fixture_close(&p);
}

static void
the_transcript_has_the_output_of_the_program(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;

	(void)state;
	open_program(&p, "echo 'HTTP 400' >&2; echo 'no such user' >&2; "
	    "exit 69", NULL, NULL);
	relais_run(&o, p.conf, WORDS("-v", "-t"), MESSAGE);
	assert_int_equal(o.status, EX_UNAVAILABLE);
	assert_contains(o.out.data, "<<< HTTP 400\n<<< no such user\n");
	assert_contains(o.out.data, "*** exited with status 69: no such user");
	program_result_free(&o);
	queue_fixture_close(&p);
}

/* A bounce, because relais notifies the sender itself (RFC 3461). */
static void
notify_success_is_honoured(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;
	struct buffer		got = { 0 };

	(void)state;
	open_program(&p, "{ echo \"to $2 from <$RELAIS_SENDER>\"; cat; } >>got",
	    NULL, NULL);
	relais_run(&o, p.conf, WORDS("-N", "success", "-f", "a@example.org",
	    "b@example.net"), ADDED "\nhi\n");
	assert_int_equal(o.status, EX_OK);
	program_result_free(&o);
	queue_fixture_run(&p, "-q", EX_OK);
	file_read(&got, temp_dir_path(&p.dir, "got"));
	assert_contains(got.data, "to b@example.net from <a@example.org>\n");
	assert_contains(got.data, "to a@example.org from <>\n");
	assert_contains(got.data, "Action: relayed\n");
	buffer_free(&got);
	queue_fixture_close(&p);
}

static void
a_queued_message_that_is_refused_is_returned(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;
	struct buffer		got = { 0 };

	(void)state;
	open_program(&p, "test -n \"$RELAIS_SENDER\" || exec cat >bounce; "
	    "test -e again || exit 75; echo 'no such mailbox' >&2; exit 67",
	    NULL, NULL);
	relais_run(&o, p.conf, WORDS("-f", "a@example.org", "b@example.net"),
	    ADDED "\nhi\n");
	assert_int_equal(o.status, EX_OK);
	program_result_free(&o);
	temp_dir_write(&p.dir, "again", 0600, "");
	queue_fixture_run(&p, "-q", QUEUE_FIXTURE_ANY);
	file_read(&got, temp_dir_path(&p.dir, "bounce"));
	assert_contains(got.data, "To: <a@example.org>\n");
	assert_contains(got.data, "Action: failed\n");
	assert_contains(got.data, "status 67: no such mailbox");
	assert_null(strstr(got.data, "Remote-MTA"));
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	buffer_free(&got);
	queue_fixture_close(&p);
}

/* ---------------------------------------------------------------- Maildirs */

static void
open_maildir(struct queue_fixture *p, const char *path, const char *more)
{
	struct buffer	lines = { 0 };

	queue_fixture_open(p, &accepts, NULL);
	buffer_addf(&lines, "smarthost = maildir://%s/%s\n%s", p->dir.path,
	    path, more != NULL ? more : "");
	queue_fixture_change(p, &accepts, lines.data);
	buffer_free(&lines);
}

/* The only file in a directory. */
static const char *
only_file(struct queue_fixture *p, const char *directory)
{
	static char	 path[400];
	DIR		*d = opendir(temp_dir_path(&p->dir, directory));
	struct dirent	*e;
	int		 n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/%s/%s", p->dir.path,
			    directory, e->d_name);
			n++;
		}
	closedir(d);
	assert_int_equal(n, 1);
	return path;
}

static void
a_maildir_is_created_and_gets_one_file(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;
	struct buffer		got = { 0 };
	struct stat		st;
	const char		*path;

	(void)state;
	open_maildir(&p, "Maildir", NULL);
	relais_run(&o, p.conf, WORDS("-i", "-f", "s@example.org", "b@x.example",
	    "c@b\303\274ro.example"), ADDED "\n.\nhi\r\n");
	if (o.status != EX_OK)
		fail_msg("status %d: %s", o.status, o.err.data);
	path = only_file(&p, "Maildir/new");
	file_read(&got, path);
	assert_string_equal(got.data, "Return-Path: <s@example.org>\n"
	    "X-Envelope-To: <b@x.example>\n"
	    "X-Envelope-To: <c@xn--bro-hoa.example>\n" ADDED "\n.\nhi\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(stat(temp_dir_path(&p.dir, "Maildir"), &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(temp_dir_count(temp_dir_path(&p.dir, "Maildir/tmp")),
	    0);
	assert_int_equal(temp_dir_count(temp_dir_path(&p.dir, "Maildir/cur")),
	    0);
	buffer_free(&got);
	program_result_free(&o);
	queue_fixture_close(&p);
}

static void
names_in_a_maildir_are_unique(void **state)
{
	enum { N = 12 };
	struct queue_fixture	 p;
	struct running		*r[N];
	struct program_result	 o;

	(void)state;
	open_maildir(&p, "Maildir", NULL);
	for (int i = 0; i < N; i++)
		r[i] = program_start(&(struct program){ .argv = WORDS("relais",
		    "-C", p.conf, "-t"), .input = MESSAGE });
	for (int i = 0; i < N; i++) {
		program_stop(r[i], 0, &o);
		if (o.status != EX_OK)
			fail_msg("status %d: %s", o.status, o.err.data);
		program_result_free(&o);
	}
	assert_int_equal(temp_dir_count(temp_dir_path(&p.dir, "Maildir/new")),
	    N);
	queue_fixture_close(&p);
}

static void
the_parent_of_a_maildir_is_not_created(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;

	(void)state;
	open_maildir(&p, "mispelt/Maildir", NULL);
	relais_run(&o, p.conf, WORDS("-t"), MESSAGE);
	assert_int_equal(o.status, EX_CONFIG);
	assert_contains(o.err.data, "/mispelt/Maildir: the parent directory: "
	    "No such file or directory; create the directory, or make it "
	    "writable by user ");
	assert_int_equal(access(temp_dir_path(&p.dir, "mispelt"), F_OK), -1);
	program_result_free(&o);
	queue_fixture_close(&p);
}

static void
a_maildir_that_is_not_writable_is_reported(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;

	(void)state;
	if (geteuid() == 0)
		skip_because("root may write to each directory");
	open_maildir(&p, "Maildir", NULL);
	temp_dir_write(&p.dir, "Maildir/new/x", 0600, "");
	chmod(temp_dir_path(&p.dir, "Maildir/new"), 0500);
	relais_run(&o, p.conf, WORDS("-t"), MESSAGE);
	chmod(temp_dir_path(&p.dir, "Maildir/new"), 0700);
	assert_int_equal(o.status, EX_CONFIG);
	assert_contains(o.err.data, "/Maildir: new: Permission denied; create "
	    "the directory, or make it writable by user ");
	program_result_free(&o);
	queue_fixture_close(&p);
}

static void
root_gives_files_to_the_owner_of_the_maildir(void **state)
{
	enum { OTHER = 65534 };
	struct queue_fixture	p;
	struct program_result	o;
	struct stat		st;

	(void)state;
	if (geteuid() != 0)
		skip_because("only root can give files away");
	open_maildir(&p, "Maildir", NULL);
	temp_dir_write(&p.dir, "Maildir/cur/x", 0600, "");
	if (chown(temp_dir_path(&p.dir, "Maildir"), OTHER, OTHER) != 0)
		skip_because("root of this namespace cannot give files away");
	relais_run(&o, p.conf, WORDS("-t"), MESSAGE);
	assert_int_equal(o.status, EX_OK);
	assert_int_equal(stat(only_file(&p, "Maildir/new"), &st), 0);
	assert_int_equal(st.st_uid, OTHER);
	assert_int_equal(st.st_gid, OTHER);

	/* Otherwise, that user could not read the file. */
	assert_int_equal(stat(temp_dir_path(&p.dir, "Maildir/new"), &st), 0);
	assert_int_equal(st.st_uid, OTHER);
	assert_int_equal(st.st_gid, OTHER);
	program_result_free(&o);
	queue_fixture_close(&p);
}

static void
tmp_must_not_be_a_link(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;

	(void)state;
	open_maildir(&p, "Maildir", NULL);
	temp_dir_write(&p.dir, "Maildir/new/x", 0600, "");
	temp_dir_write(&p.dir, "other/x", 0600, "");
	assert_int_equal(symlink(temp_dir_path(&p.dir, "other"),
	    temp_dir_path(&p.dir, "Maildir/tmp")), 0);
	relais_run(&o, p.conf, WORDS("-t"), MESSAGE);
	assert_int_equal(o.status, EX_CONFIG);
	assert_contains(o.err.data, "/Maildir: tmp: ");
	program_result_free(&o);
	queue_fixture_close(&p);
}

static void
limit_files(void *context)
{
	const struct rlimit	limit = { 20000, 20000 };

	(void)context;
	setrlimit(RLIMIT_FSIZE, &limit);
	signal(SIGXFSZ, SIG_IGN);
}

/* As on a full disk. */
static void
a_file_that_cannot_be_written_defers(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;
	struct buffer		text = { 0 };

	(void)state;
	open_maildir(&p, "Maildir", "queue = off\n");
	buffer_addf(&text, MESSAGE);
	for (int i = 0; i < 500; i++)
		buffer_addf(&text, "%050d\n", i);
	program_run(&o, &(struct program){ .argv = WORDS("relais", "-C",
	    p.conf, "-t"), .input = text.data, .prepare = limit_files });
	assert_int_equal(o.status, EX_TEMPFAIL);
	assert_contains(o.err.data, "/Maildir: cannot write the message: File "
	    "too large");
	assert_int_equal(temp_dir_count(temp_dir_path(&p.dir, "Maildir/new")),
	    0);
	assert_int_equal(temp_dir_count(temp_dir_path(&p.dir, "Maildir/tmp")),
	    0);
	buffer_free(&text);
	program_result_free(&o);
	queue_fixture_close(&p);
}

static void
discard_accepts_and_logs(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;

	(void)state;
	queue_fixture_open(&p, &accepts, "smarthost = discard:\n"
	    "log = stderr\n");
	relais_run(&o, p.conf, WORDS("-f", "a@example.org", "b@example.net",
	    "c@example.net"), ADDED "\nhi\n");
	assert_int_equal(o.status, EX_OK);
	assert_contains(o.err.data, "sent uid=");
	assert_contains(o.err.data, "to=<c@example.net>");
	assert_contains(o.err.data,
	    "reply=\"discard: the message was discarded\"");
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	program_result_free(&o);
	queue_fixture_close(&p);
}

/* ---------------------------------------------------------- relais check */

struct checks {
	const char	*sentence;
	const char	*smarthost;	/* %s: the directory */
	const char	*file;		/* created in it, or NULL */
	mode_t		 mode;
	const char	*says;
	const char	*too;		/* or NULL */
};

static const struct checks	checks_table[] = {
	{ "a program", "command://%s/send -x", "send", 0700,
	    "connect  OK          /", "/send: is executable by this user" },
	{ "a program that is not executable", "command://%s/send", "send", 0600,
	    "/send: cannot be started: Permission denied (",
	    "-> make it executable" },
	{ "a program that does not exist", "command://%s/send", "x", 0700,
	    "/send: cannot be started: No such file or directory (",
	    "-> install the program, or correct the path" },
	{ "a directory as program", "command://%s/a", "a/b", 0700,
	    "/a: is not a program", "-> name a program" },
	{ "a Maildir that does not exist", "maildir://%s/Maildir", "x", 0600,
	    "/Maildir: will be created for the first message", NULL },
	{ "a Maildir", "maildir://%s/.", "new/x", 0600,
	    "connect  OK          /", NULL },
	{ "a Maildir without a parent", "maildir://%s/a/b", "x", 0600,
	    "/a/b: cannot be created: ", "-> create its parent directory" },
	{ "discard", "discard:", "x", 0600,
	    "connect  warning     discard: all mail is accepted and discarded",
	    "-> if mail is to be delivered" },
	{ "keys for servers have no effect", "discard:\ntls = off", "x", 0600,
	    "tls: has no effect, because smarthost = discard: in ", NULL },
};

static void
check_reports(void **state)
{
	const struct checks	*c = *state;
	struct queue_fixture	 p;
	struct program_result	 o;
	struct buffer		 value = { 0 };

	queue_fixture_open(&p, &accepts, NULL);
	temp_dir_write(&p.dir, c->file, c->mode, "");
	buffer_add_text(&value, "smarthost = ");
	for (const char *s = c->smarthost; *s != '\0'; s++)
		if (strncmp(s, "%s", 2) == 0)
			buffer_add_text(&value, p.dir.path), s++;
		else
			buffer_add_byte(&value, *s);
	buffer_add_text(&value, "\n");
	conf_write(&p.dir, p.host, "smtp", value.data);
	relais_run(&o, p.conf, WORDS("check"), "");
	assert_contains(o.out.data, c->says);
	assert_contains(o.out.data, c->too);
	program_result_free(&o);

	/* What cannot be delivered is not found out by chance. */
	assert_int_equal(o.status == EX_OK, strstr(c->says, "cannot") ==
	    NULL && strstr(c->says, "is not") == NULL);
	buffer_free(&value);
	queue_fixture_close(&p);
}

static const struct CMUnitTest spec[] = {
	cmocka_unit_test(a_program_that_cannot_be_started_is_reported),
	cmocka_unit_test(many_recipients_are_passed_in_several_runs),
	cmocka_unit_test(a_run_that_fails_does_not_repeat_the_others),
	cmocka_unit_test(a_program_does_not_send_mail_through_the_service),
	cmocka_unit_test(a_large_message_does_not_take_memory),
	cmocka_unit_test(a_killed_relais_kills_the_program),
	cmocka_unit_test(an_interrupted_message_is_queued_in_doubt),
	cmocka_unit_test(the_transcript_has_the_output_of_the_program),
	cmocka_unit_test(notify_success_is_honoured),
	cmocka_unit_test(a_queued_message_that_is_refused_is_returned),
	cmocka_unit_test(a_maildir_is_created_and_gets_one_file),
	cmocka_unit_test(root_gives_files_to_the_owner_of_the_maildir),
	cmocka_unit_test(names_in_a_maildir_are_unique),
	cmocka_unit_test(the_parent_of_a_maildir_is_not_created),
	cmocka_unit_test(a_maildir_that_is_not_writable_is_reported),
	cmocka_unit_test(tmp_must_not_be_a_link),
	cmocka_unit_test(a_file_that_cannot_be_written_defers),
	cmocka_unit_test(discard_accepts_and_logs),
};

int
main(void)
{
	return CASES_RUN("ends of programs", end_of_a_program, ends) +
	    CASES_RUN("input of programs", a_program_gets, gets_table) +
	    CASES_RUN("next smarthosts", next_smarthost, next_table) +
	    CASES_RUN("checks", check_reports, checks_table) +
	    cmocka_run_group_tests(spec, NULL, NULL);
}
