/*
 * Clients that stall, break off, or send what is not SMTP: others are served,
 * nothing is sent, and memory and processes are bounded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/serving.h"
#include "support/skip.h"
#include "support/temp_spool.h"
#include "support/user.h"
#include "util/clock.h"

enum {
	CLIENTS = 500,
	SHARE = 25,		/* of one user, with the default of clients */
	DEADLINE_MS = 20 * 1000,
	MIB = 1024 * 1024,
	MEMORY_MAX_KIB = 40 * 1024,	/* of a session; with ASan, more */
};

#ifdef __SANITIZE_ADDRESS__
#define MEMORY_FACTOR	4
#else
#define MEMORY_FACTOR	1
#endif

#define TRANSACTION \
	"LHLO a\r\nMAIL FROM:<a@example.org>\r\n" \
	"RCPT TO:<good@example.net>\r\n" \
	"DATA\r\nSubject: a\r\n\r\nhello\r\n.\r\nQUIT\r\n"

#define ENVELOPE	"MAIL FROM:<evil@example.org>\r\n" \
			"RCPT TO:<bad@example.net>\r\n"

static void
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t	n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			fail_msg("the service closed the connection: %s",
			    strerror(errno));
		data += n;
		len -= (size_t)n;
	}
}

/* Waits until what the client receives contains the text. */
static void
hear(int fd, const char *text)
{
	struct pollfd	p = { .fd = fd, .events = POLLIN };
	struct buffer	heard = { 0 };
	char		block[4096];
	ssize_t		n;

	do {
		if (poll(&p, 1, DEADLINE_MS) != 1)
			fail_msg("no \"%s\" in: %s", text, heard.data);
		n = read(fd, block, sizeof(block));
		if (n > 0)
			buffer_add(&heard, block, (size_t)n);
		else
			fail_msg("\"%s\" was not sent: %s", text, heard.data);
	} while (memmem(heard.data, heard.len, text, strlen(text)) == NULL);
	buffer_free(&heard);
}

/* Only messages of other clients have arrived, and none is in the queue. */
static void
assert_only_good(const struct serving *s, size_t messages)
{
	assert_int_equal(mock_smtp_messages(s->host), messages);
	for (size_t i = 0; i < messages; i++)
		assert_string_equal(mock_smtp_message(s->host, i)
		    ->rcpt[0].path, "good@example.net");
	assert_string_equal(temp_spool_entries(s->spool, SPOOL_QUEUE), "");
}

/* The peak of the memory of all children, in KiB. */
static void
assert_memory_is_bounded(const struct serving *s)
{
	pid_t	pids[1000];
	size_t	n = serving_children(program_pid(s->running), pids, 1000);

	for (size_t i = 0; i < n; i++) {
		struct buffer	 status = { 0 };
		char		 path[50];
		const char	*peak;

		snprintf(path, sizeof(path), "/proc/%ld/status",
		    (long)pids[i]);
		file_read(&status, path);
		peak = strstr(status.data, "\nVmHWM:");
		if (peak != NULL && strtol(peak + 7, NULL, 10) >
		    MEMORY_MAX_KIB * MEMORY_FACTOR)
			fail_msg("a session needs%.20s", peak + 7);
		buffer_free(&status);
	}
}

/* -------------------------------------------- a client that stops somewhere */

struct state_case {
	const char	*sentence;
	const char	*says;
	size_t		 len;		/* 0: says is a string */
	const char	*hears;		/* before it stalls, or NULL */
};

static void
open_client(const struct serving *s, const struct state_case *c, int *fd)
{
	*fd = serving_connect(s);
	hear(*fd, "220 ");
	write_all(*fd, c->says, c->len > 0 ? c->len : strlen(c->says));
	if (c->hears != NULL)
		hear(*fd, c->hears);
}

static void
affects_nobody_else(void **state)
{
	const struct linger	 reset = { 1, 0 };
	const struct state_case	*c = *state;
	struct serving		 s;
	int			 stalls, leaves, breaks;

	serving_open(&s, &(struct script){ 0 }, "connections = 1\n");
	serving_start(&s, NULL);
	open_client(&s, c, &stalls);
	open_client(&s, c, &leaves);
	open_client(&s, c, &breaks);
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent (");
	/* An end of input, and a connection that is closed. */
	shutdown(leaves, SHUT_WR);
	setsockopt(breaks, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(breaks);
	/* The worker, and the client that stalls. */
	serving_wait_children(program_pid(s.running), 2);
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent (");
	assert_only_good(&s, 2);
	close(stalls);
	close(leaves);
	serving_wait_children(program_pid(s.running), 1);
	assert_only_good(&s, 2);
	serving_close(&s);
}

/* The first octets of a TLS handshake: a ClientHello of 512 octets. */
#define TLS_HELLO	"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" \
			"\x00\x0a\x0d\x0a\xff\xfe\x00random"

#define SAYS(says)	says, sizeof(says) - 1

static const struct state_case	state_table[] = {
	{ "nothing", SAYS(""), NULL },
	{ "half a command", SAYS("MAIL FR"), NULL },
	{ "a command without LF", SAYS("EHLO a\r"), NULL },
	{ "EHLO", SAYS("EHLO a\r\n"), "250 " },
	{ "LHLO and OPTIONS", SAYS("LHLO a\r\nXRELAIS OPTIONS late-checks\r\n"),
	    "250 2.0.0 Ok" },
	{ "half of OPTIONS", SAYS("LHLO a\r\nXRELAIS OPT"), "XRELAIS\r\n" },
	{ "MAIL", SAYS("LHLO a\r\nMAIL FROM:<evil@example.org>\r\n"),
	    "250 2.1.0" },
	{ "RCPT", SAYS("LHLO a\r\n" ENVELOPE), "250 2.1.5" },
	{ "DATA", SAYS("LHLO a\r\n" ENVELOPE "DATA\r\n"), "354 " },
	{ "half a message", SAYS("LHLO a\r\n" ENVELOPE "DATA\r\nSubject: a\r\n"
	    "\r\nhel"), "354 " },
	{ "a message without its last LF",
	    SAYS("LHLO a\r\n" ENVELOPE "DATA\r\n\r\nhello\r\n.\r"), "354 " },
	{ "BDAT without octets", SAYS("LHLO a\r\n" ENVELOPE "BDAT 10 LAST\r\n"),
	    "250 2.1.5" },
	{ "a part of a chunk", SAYS("LHLO a\r\n" ENVELOPE "BDAT 10 LAST\r\n"
	    "\r\nhi"), "250 2.1.5" },
	{ "a chunk that is not the last",
	    SAYS("LHLO a\r\n" ENVELOPE "BDAT 4\r\n\r\nhi"), "Ok: 4 bytes" },
	{ "a chunk of 2^60 octets", SAYS("LHLO a\r\n" ENVELOPE
	    "BDAT 1152921504606846976 LAST\r\n\r\nhi"), "250 2.1.5" },
	{ "a TLS handshake", SAYS(TLS_HELLO), "421 4.7.0" },
	{ "octets that are not text", SAYS("\0\xff\x80\r\n\x1b[2J\n\n\n"),
	    "421 4.7.0" },
	{ "octets that are not text after a command", SAYS("NOOP\r\n"
	    "\0\xff\x80\r\n\x1b[2J\n\n\n"), "500 5.5" },
	{ "commands of HTTP", SAYS("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	    "421 4.7.0" },
};

/* ---------------------------------------------------------- a lot of octets */

struct flood_case {
	const char	*sentence;
	const char	*begins;	/* then it sends */
	const char	*repeats;
	size_t		 mib;		/* so many MiB of this, and then */
	const char	*ends;
	const char	*hears;
};

static void
is_bounded(void **state)
{
	const struct flood_case	*c = *state;
	struct serving		 s;
	struct buffer		 block = { 0 };
	int			 fd;

	serving_open(&s, &(struct script){ 0 }, "message_size_limit = 1M\n");
	serving_start(&s, NULL);
	fd = serving_connect(&s);
	hear(fd, "220 ");
	write_all(fd, c->begins, strlen(c->begins));
	while (block.len < MIB)
		buffer_add_text(&block, c->repeats);
	for (size_t i = 0; i < c->mib; i++)
		write_all(fd, block.data, MIB);
	assert_memory_is_bounded(&s);
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent (");
	write_all(fd, c->ends, strlen(c->ends));
	hear(fd, c->hears);
	assert_memory_is_bounded(&s);
	close(fd);
	buffer_free(&block);
	serving_wait_children(program_pid(s.running), 1);
	assert_only_good(&s, 1);
	serving_close(&s);
}

static const struct flood_case	flood_table[] = {
	{ "a command line of 100 MiB", "LHLO a\r\nMAIL FROM:<", "aaaaaaaa", 100,
	    "\r\n", "500 5.5.2 Error: line too long" },
	{ "a first line of 100 MiB", "MAIL FROM:<", "aaaaaaaa", 100, "\r\n",
	    "421 4.7.0 " },
	{ "a line of 100 MiB in a message", "LHLO a\r\n" ENVELOPE "DATA\r\n",
	    "aaaaaaaa", 100, "\r\n.\r\n", "552 5.3.4 " },
	{ "a header of 100 MiB", "LHLO a\r\n" ENVELOPE "DATA\r\n",
	    "X: aaaaaaaaaaa\r\n", 100, "\r\n.\r\n", "552 5.3.4 " },
	{ "lines of dots", "LHLO a\r\n" ENVELOPE "DATA\r\n",
	    "..\r\n", 20, "\r\n.\r\n", "552 5.3.4 " },
	{ "100 MiB in chunks without recipients", "LHLO a\r\n"
	    "BDAT 104857600\r\n", "aaaaaaaa", 100, "NOOP\r\n",
	    "503 5.5.1 " },
	{ "a chunk of 100 MiB", "LHLO a\r\n" ENVELOPE
	    "BDAT 104857600 LAST\r\n", "aaaaaaaa", 100, "NOOP\r\n",
	    "552 5.3.4 " },
	{ "options of 100 MiB", "LHLO a\r\nXRELAIS OPTIONS name=", "aaaaaaaa",
	    100, "\r\n", "500 5.5.2 Error: line too long" },
};

/* ------------------------------------------------------------- many clients */

static void
send_as_nobody(const struct serving *s)
{
	struct program_result	o;
	uid_t			nobody = NOBODY;
	char			key[120];

	snprintf(key, sizeof(key), "socket=%s", s->socket);
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", s->conf, "-o", key, "-i",
		"good@example.net"), .input = "\nhello\n",
	    .prepare = user_become, .ctx = &nobody });
	if (o.status != 0)
		fail_msg("status %d: %s", o.status, o.err.data);
	program_result_free(&o);
}

static void
five_hundred_clients_of_a_user_leave_room_for_others(void **state)
{
	const struct rlimit	limit = { 1024, 1024 };
	struct serving		s;
	pid_t			children[1000];
	int			fd[CLIENTS];
	size_t			admitted = 0;

	(void)state;
	user_needs_root();
	setrlimit(RLIMIT_NOFILE, &limit);
	serving_open(&s, &(struct script){ 0 }, "");
	serving_start(&s, NULL);
	for (size_t i = 0; i < CLIENTS; i++)
		fd[i] = serving_connect(&s);
	for (size_t i = 0; i < CLIENTS; i++) {
		char	code[4] = "";

		assert_int_equal(read(fd[i], code, 3), 3);
		if (strcmp(code, "220") == 0)
			admitted++;
		else
			assert_string_equal(code, "421");
	}
	assert_int_equal(admitted, SHARE);
	assert_int_equal(serving_children(program_pid(s.running), children,
	    1000), SHARE);
	send_as_nobody(&s);
	for (size_t i = 0; i < CLIENTS; i++)
		close(fd[i]);
	/* The worker. */
	serving_wait_children(program_pid(s.running), 1);
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent (");
	assert_only_good(&s, 2);
	serving_close(&s);
}

static void
too_many_errors_end_a_session(void **state)
{
	struct serving	s;
	char		lines[4 * 500];
	int		fd;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "");
	serving_start(&s, NULL);
	for (size_t i = 0; i < sizeof(lines); i++)
		lines[i] = i % 4 == 2 ? '\r' : i % 4 == 3 ? '\n' : 'x';
	fd = serving_connect(&s);
	write_all(fd, "NOOP\r\n", 6);
	write_all(fd, lines, sizeof(lines));
	hear(fd, "421 4.7.0 ");
	close(fd);
	serving_wait_children(program_pid(s.running), 0);
	serving_close(&s);
}

static const struct CMUnitTest	client_spec[] = {
	cmocka_unit_test(five_hundred_clients_of_a_user_leave_room_for_others),
	cmocka_unit_test(too_many_errors_end_a_session),
};

int
main(void)
{
	return CASES_RUN("a client that stops after", affects_nobody_else,
	    state_table) +
	    CASES_RUN("a lot of octets", is_bounded, flood_table) +
	    cmocka_run_group_tests(client_spec, NULL, NULL);
}
