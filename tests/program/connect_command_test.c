/*
 * The smarthost is reached by connect_command.  The name mail.example does not
 * exist, so only the program can connect to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/certificate.h"
#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "support/queue_fixture.h"

enum { DEADLINE_MS = 30000, LARGE = 3000000 };

#define SMTP	"smarthost = smtp://mail.example:25\ntls = off\n"
#define RUN	"connect_command = {dir}/run\n"
#define LOGIN	"user = nina\npassword = secret\ntls_ca = {ca}\n"

/* Copies between standard input and output and the scripted smarthost. */
#define CONNECT	"exec 3<>/dev/tcp/127.0.0.1/{port} || exit 1\n" \
		"cat <&3 &\ncat >&3\n"

struct command_case {
	const char	*run;		/* the bash script {dir}/run */
	const char	*conf;
	int		 status;
	const char	*said[2];	/* on standard output or error */
	struct script	 host;
};

/* One test: a smarthost, the script, the configuration, and its result. */
struct bench {
	struct temp_dir			 dir;
	struct usual_certificates	 certificates;
	struct mock_smtp		*host;
	struct program_result		 out;
	struct buffer			 text;
};

/* Replaces {word} in the text; the result is valid until the next call. */
static const char *
fill_in(struct bench *b, const char *text)
{
	buffer_clear(&b->text);
	buffer_add(&b->text, "", 0);
	for (size_t skip; *text != '\0'; text += skip) {
		skip = 1;
		if (strncmp(text, "{port}", 6) == 0)
			buffer_addf(&b->text, "%u", b->host->port), skip = 6;
		else if (strncmp(text, "{dir}", 5) == 0)
			buffer_add_text(&b->text, b->dir.path), skip = 5;
		else if (strncmp(text, "{ca}", 4) == 0)
			buffer_add_text(&b->text, b->certificates.ca), skip = 4;
		else
			buffer_add_byte(&b->text, *text);
	}
	return b->text.data;
}

static void
bench_open(struct bench *b, const struct script *script, const char *run)
{
	struct script	whole = *script;
	struct buffer	text = { 0 };

	*b = (struct bench){ .host = NULL };
	temp_dir_make(&b->dir);
	certificate_usual(&b->certificates, &b->dir);
	whole.certificate = b->certificates.chain;
	whole.key = b->certificates.key;
	b->host = mock_smtp_start(&whole);
	buffer_addf(&text, "#!/usr/bin/env bash\n%s", fill_in(b, run));
	temp_dir_write(&b->dir, "run", 0700, text.data);
	buffer_free(&text);
}

static void
bench_send(struct bench *b, const char *conf, const char *message)
{
	program_result_free(&b->out);
	relais_run(&b->out, conf_write(&b->dir, NULL, NULL,
	    fill_in(b, conf)), WORDS("-v", "-i", "-fme@example.org",
	    "a@example.net"), message);
}

static void
bench_close(struct bench *b)
{
	program_result_free(&b->out);
	mock_smtp_stop(b->host);
	buffer_free(&b->text);
	temp_dir_remove(&b->dir);
}

static void
assert_said(struct bench *b, const char *words)
{
	const char	*text = fill_in(b, words);

	if (strstr(b->out.err.data, text) == NULL &&
	    strstr(b->out.out.data, text) == NULL)
		fail_msg("not said: \"%s\", but: %s%s", text, b->out.out.data,
		    b->out.err.data);
}

static void
delivers_or_fails(void **state)
{
	const struct command_case	*c = *state;
	struct bench			 b;

	bench_open(&b, &c->host, c->run);
	bench_send(&b, c->conf, "Subject: x\n\nhi\n");
	if (b.out.status != c->status)
		fail_msg("status %d: %s%s", b.out.status, b.out.out.data,
		    b.out.err.data);
	assert_int_equal(mock_smtp_messages(b.host), c->status == EX_OK);
	for (size_t i = 0; i < 2 && c->said[i] != NULL; i++)
		assert_said(&b, c->said[i]);
	bench_close(&b);
}

/* The program of the script, whose process ID is in the file {dir}/name. */
static int
pid_written(struct bench *b, const char *name)
{
	struct buffer	text = { 0 };
	int		pid;

	file_read(&text, temp_dir_path(&b->dir, name));
	pid = atoi(text.data);
	assert_true(pid > 1);
	buffer_free(&text);
	return pid;
}

/* It has been killed, and ends even if nobody has waited for it yet. */
static void
assert_ends(int pid)
{
	struct pollfd	end = { .fd = pidfd_open(pid, 0), .events = POLLIN };

	if (end.fd == -1) {
		assert_int_equal(errno, ESRCH);
		return;
	}
	assert_int_equal(poll(&end, 1, DEADLINE_MS), 1);
	close(end.fd);
}

static void
the_arguments_are_not_those_of_a_shell(void **state)
{
	struct bench	b;
	struct buffer	args = { 0 };

	(void)state;
	bench_open(&b, &(struct script){ 0 },
	    "printf '%s|' \"$@\" >{dir}/args\n" CONNECT);
	bench_send(&b, "smarthost = smtp://[2001:db8::7]:2525\ntls = off\n"
	    "connect_command = {dir}/run -W [%h]:%p  %%h $HOME; 'a b' >x\n",
	    "\nhi\n");
	assert_int_equal(b.out.status, EX_OK);
	file_read(&args, temp_dir_path(&b.dir, "args"));
	assert_string_equal(args.data,
	    "-W|[2001:db8::7]:2525|%h|$HOME;|'a|b'|>x|");
	buffer_free(&args);
	bench_close(&b);
}

static void
the_environment_and_the_descriptors_are_few(void **state)
{
	struct bench	b;
	struct buffer	text = { 0 };

	(void)state;
	bench_open(&b, &(struct script){ 0 }, "tr '\\0' '|' "
	    "</proc/$$/environ >{dir}/env\nfor n in {3..9}; do [ -e /proc/$$/fd/$n ] &&\n"
	    "echo $n; done >{dir}/fds\n" CONNECT);
	bench_send(&b, SMTP RUN, "\nhi\n");
	assert_int_equal(b.out.status, EX_OK);
	file_read(&text, temp_dir_path(&b.dir, "env"));
	assert_non_null(strstr(text.data, "PATH=/usr/local/sbin:"));
	assert_non_null(strstr(text.data, "LANG=C|"));
	assert_non_null(strstr(text.data, "HOME=/nowhere|"));
	assert_null(strstr(text.data, "LC_ALL"));
	file_read(&text, temp_dir_path(&b.dir, "fds"));
	assert_int_equal(text.len, 0);
	buffer_free(&text);
	bench_close(&b);
}

static char *
large_message(void)
{
	static const char	begin[] = "Subject: large\n\n";
	char			*text = malloc(LARGE + 1);
	size_t			 n = sizeof(begin) - 1;

	assert_non_null(text);
	memcpy(text, begin, n);
	for (; n < LARGE; n++)
		text[n] = n % 70 == 0 ? '\n' : 'x';
	text[LARGE] = '\0';
	return text;
}

/* Larger than the buffers of the socket and of the pipes. */
static void
a_large_message_arrives_unchanged(void **state)
{
	struct bench	 b;
	char		*message = large_message();

	(void)state;
	bench_open(&b, &(struct script){ 0 }, CONNECT);
	bench_send(&b, SMTP RUN, message);
	assert_int_equal(b.out.status, EX_OK);
	assert_true(mock_smtp_message(b.host, 0)->size > LARGE);
	free(message);
	bench_close(&b);
}

/* In clear, the message is sent by sendfile(2). */
static void
a_program_that_stops_reading_times_out(void **state)
{
	struct bench	 b;
	char		*message = large_message();

	(void)state;
	bench_open(&b, &(struct script){ 0 }, "echo $$ >{dir}/pid\n"
	    "reply() { read -r _; printf '%s\\r\\n' \"$1\"; }\n"
	    "printf '220 hi\\r\\n'; reply '250 hi'; reply '250 ok'\n"
	    "reply '250 ok'; reply '354 go'; exec sleep 1000\n");
	bench_send(&b, SMTP RUN "timeout = 1s\n", message);
	assert_int_equal(b.out.status, EX_TEMPFAIL);
	assert_said(&b, "timed out after 1 s");
	assert_ends(pid_written(&b, "pid"));
	free(message);
	bench_close(&b);
}

static void
nothing_is_left_of_the_program(void **state)
{
	struct bench	b;

	(void)state;
	bench_open(&b, &(struct script){ 0 }, "trap '' TERM HUP INT\n"
	    "echo $$ >{dir}/pid\nsleep 1000 &\necho $! >{dir}/child\n"
	    CONNECT "while :; do sleep 1; done\n");
	bench_send(&b, SMTP RUN, "\nhi\n");
	assert_int_equal(b.out.status, EX_OK);
	assert_ends(pid_written(&b, "pid"));
	assert_ends(pid_written(&b, "child"));
	bench_close(&b);
}

static void
the_program_ends_if_relais_is_killed(void **state)
{
	struct bench		 b;
	struct program_result	 out;
	struct running		*relais;
	char			 fifo[128], line[32];
	const char		*conf;
	FILE			*f;

	(void)state;
	bench_open(&b, &(struct script){ 0 },
	    "trap '' TERM\necho $$ >{dir}/pid\ncat\nsleep 1000\n");
	strlcpy(fifo, temp_dir_path(&b.dir, "pid"), sizeof(fifo));
	assert_int_equal(mkfifo(fifo, 0600), 0);
	conf = conf_write(&b.dir, NULL, NULL, fill_in(&b, SMTP RUN));
	relais = program_start(&(struct program){ .argv = WORDS("relais", "-C",
	    conf, "-i", "a@example.net"), .input_file = temp_dir_write(&b.dir,
	    "message", 0600, "\nhi\n") });
	f = fopen(fifo, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	program_stop(relais, SIGKILL, &out);
	assert_ends(atoi(line));
	program_result_free(&out);
	bench_close(&b);
}

/* Two messages in a queue run use one session, and one program. */
static void
a_session_that_is_kept_open_has_one_program(void **state)
{
	struct bench	b;
	struct buffer	starts = { 0 };

	(void)state;
	bench_open(&b, &(struct script){ 0 },
	    "echo start >>{dir}/starts\n" CONNECT);
	mkdir(temp_dir_path(&b.dir, "spool"), 0700);
	for (int i = 0; i < 2; i++) {
		program_result_free(&b.out);
		relais_run(&b.out, conf_write(&b.dir, NULL, NULL, fill_in(&b,
		    SMTP RUN "queue = {dir}/spool\nconnections = 1\n")),
		    WORDS("-odq", "-i", "a@example.net"), "\nhi\n");
		assert_int_equal(b.out.status, EX_OK);
	}
	program_result_free(&b.out);
	relais_run(&b.out, temp_dir_path(&b.dir, "relais.conf"), WORDS("-q"),
	    "");
	assert_int_equal(b.out.status, EX_OK);
	assert_int_equal(mock_smtp_messages(b.host), 2);
	file_read(&starts, temp_dir_path(&b.dir, "starts"));
	assert_string_equal(starts.data, "start\n");
	buffer_free(&starts);
	bench_close(&b);
}

#define DELIVERS(sentence, script, lines, ...) \
	{ sentence, delivers_or_fails, NULL, NULL, &(struct command_case){ \
	    script, lines, .host = { __VA_ARGS__ } } }
#define DEFERS(sentence, script, lines, ...) \
	{ sentence, delivers_or_fails, NULL, NULL, &(struct command_case){ \
	    script, lines, EX_TEMPFAIL, .said = { __VA_ARGS__ } } }
#define FAILS(sentence, lines, code, ...) \
	{ sentence, delivers_or_fails, NULL, NULL, &(struct command_case){ \
	    CONNECT, lines, code, .said = { __VA_ARGS__ } } }

static const struct CMUnitTest connect_command_spec[] = {
	DELIVERS("the program is the connection", CONNECT, SMTP RUN,
	    .life_s = 0),
	DELIVERS("STARTTLS and AUTH", CONNECT,
	    "smarthost = submission://mail.example\n" LOGIN RUN,
	    .security = STARTTLS_OFFERED, .user = "nina",
	    .password = "secret"),
	DELIVERS("implicit TLS and AUTH", CONNECT,
	    "smarthost = submissions://mail.example\n" LOGIN RUN,
	    .security = TLS_AT_ONCE, .user = "nina", .password = "secret"),
	DELIVERS("an endless standard error does not stop the session",
	    "yes >&2 &\n" CONNECT, SMTP RUN, .life_s = 0),
	DELIVERS("a section can use the program", CONNECT,
	    "smarthost = smtp://127.0.0.1:1\ntls = off\n"
	    "[to *@example.net]\nsmarthost = smtp://mail.example\n" RUN,
	    .life_s = 0),
	DELIVERS("a section can do without the program", "exit 1\n",
	    SMTP RUN "[to *@example.net]\nconnect_command = off\n"
	    "smarthost = smtp://127.0.0.1:{port}\n", .life_s = 0),
	DELIVERS("the next smarthost is tried with the program as well",
	    "[ $1 = mail.example ] && exit 1\n" CONNECT,
	    "smarthost = smtp://mail.example smtp://mail2.example\n"
	    "tls = off\nconnect_command = {dir}/run %h\n", .life_s = 0),

	DEFERS("the program exits with an error",
	    "echo jump: Permission denied >&2\nexit 255\n", SMTP RUN,
	    "mail.example:25: greeting: the server closed the connection; "
	    "connect_command: {dir}/run exited with status 255: jump: "
	    "Permission denied ({dir}/relais.conf:"),
	DEFERS("the program exits without an error", "exit 0\n", SMTP RUN,
	    "connect_command: {dir}/run exited with status 0 ("),
	DEFERS("the program is killed", "kill -9 $$\n", SMTP RUN,
	    "connect_command: {dir}/run was killed by signal 9 ("),
	DEFERS("the last two lines of many are shown, with visible characters",
	    "for i in {1..9000}; do echo line $i; done >&2\n"
	    "printf 'last\\033[1m \\r\\n\\n' >&2; exit 1\n", SMTP RUN,
	    "exited with status 1: line 9000; last\\033[1m ("),
	DEFERS("the program ends in the TLS handshake",
	    "read -r -n 1 _; echo broken >&2; exit 3\n",
	    "smarthost = submissions://mail.example\n" RUN,
	    "exited with status 3: broken"),
	DEFERS("the program ends in the transaction",
	    "reply() { read -r _; printf '%s\\r\\n' \"$1\"; }\n"
	    "printf '220 hi\\r\\n'; reply '250 hi'; reply '250 ok'\n"
	    "echo broken >&2; exit 4\n", SMTP RUN,
	    "connect_command: {dir}/run exited with status 4: broken"),
	DEFERS("the program is silent, and ignores SIGTERM",
	    "trap '' TERM\necho connecting >&2\nwhile :; do sleep 1; done\n",
	    SMTP RUN "timeout = 1s\n", "greeting: timed out after 1 s; "
	    "connect_command: the last lines of {dir}/run: connecting"),
	DEFERS("a child of the program keeps the connection open",
	    "sleep 1000 &\nexit 5\n", SMTP RUN,
	    "connect_command: {dir}/run exited with status 5"),

	FAILS("the program does not exist",
	    SMTP "connect_command = {dir}/none\n", EX_CONFIG,
	    "mail.example:25: connect_command: {dir}/none: No such file or "
	    "directory ({dir}/relais.conf:"),
	FAILS("the program is not executable",
	    SMTP "connect_command = {dir}/relais.conf\n", EX_CONFIG,
	    "connect_command: {dir}/relais.conf: Permission denied ("),
	FAILS("localhost is another machine, so TLS is required",
	    "smarthost = smtp://localhost\n" RUN, EX_UNAVAILABLE,
	    "the server does not offer TLS"),
	FAILS("sections set both keys for a message", SMTP
	    "[from *@example.org]\n" RUN "[to *@example.net]\n"
	    "proxy = socks5://127.0.0.1\n", EX_CONFIG,
	    "proxy conflicts with connect_command ({dir}/relais.conf:"),

	cmocka_unit_test(the_arguments_are_not_those_of_a_shell),
	cmocka_unit_test(the_environment_and_the_descriptors_are_few),
	cmocka_unit_test(a_large_message_arrives_unchanged),
	cmocka_unit_test(a_program_that_stops_reading_times_out),
	cmocka_unit_test(nothing_is_left_of_the_program),
	cmocka_unit_test(the_program_ends_if_relais_is_killed),
	cmocka_unit_test(a_session_that_is_kept_open_has_one_program),
};

int
main(void)
{
	return cmocka_run_group_tests(connect_command_spec, NULL, NULL);
}
