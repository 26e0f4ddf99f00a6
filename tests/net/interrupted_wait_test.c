/*
 * A signal that is held ends waits for the network; data that has already
 * arrived is still read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "net/connect.h"
#include "net/stream.h"
#include "net/tls.h"
#include "support/mock_smtp.h"
#include "support/temp_dir.h"
#include "util/interrupt.h"

#define WORDS "interrupted by signal 15 (Terminated)"

static void
hold_and_raise(struct interrupt *i)
{
	interrupt_hold(i);
	assert_int_not_equal(i->fd, -1);
	raise(SIGTERM);
}

/* Discards the signal, which must not end the test. */
static void
discard_signal(struct interrupt *i)
{
	assert_int_equal(i->signal, SIGTERM);
	i->signal = 0;
	interrupt_release(i);
}

/* A stream, after a signal has arrived. */
struct wait {
	struct interrupt	interrupt;
	struct stream		stream;
	int			peer;
};

static void
wait_open(struct wait *w)
{
	int	fd[2];

	hold_and_raise(&w->interrupt);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	stream_open(&w->stream, fd[0]);
	stream_set_interrupt(&w->stream, &w->interrupt);
	stream_set_timeout(&w->stream, 0);
	w->peer = fd[1];
}

/* Also checks that the signal is why the wait has ended. */
static void
wait_close(struct wait *w, const struct failure *why)
{
	assert_int_equal(why->status, EX_TEMPFAIL);
	assert_string_equal(why->text, WORDS);
	discard_signal(&w->interrupt);
	stream_close(&w->stream);
	close(w->peer);
}

static void
a_signal_ends_a_wait_for_input(void **state)
{
	struct wait		w;
	struct buffer		line = { 0 };
	struct failure		why;

	(void)state;
	wait_open(&w);
	assert_int_equal(write(w.peer, "250 yes\r\n25", 11), 11);
	/* This line has already arrived. */
	assert_int_equal(stream_read_line(&w.stream, &line, 100, NULL, &why),
	    STREAM_LINE);
	assert_string_equal(line.data, "250 yes");
	assert_int_equal(stream_read_line(&w.stream, &line, 100, NULL, &why),
	    STREAM_FAILED);
	assert_int_equal(why.status, EX_TEMPFAIL);
	assert_string_equal(why.text, WORDS);
	/* Later reads fail as well. */
	assert_int_equal(stream_read_line(&w.stream, &line, 100, NULL, &why),
	    STREAM_FAILED);
	buffer_free(&line);
	wait_close(&w, &why);
}

/* Writes, after a signal, to a peer that does not read. */
static void
assert_write_ends(int64_t grace_ms)
{
	static const char	block[STREAM_OUT];
	struct wait		w;
	struct failure		why;

	wait_open(&w);
	stream_set_grace(&w.stream, grace_ms);
	while (stream_write(&w.stream, block, sizeof(block), &why))
		continue;
	wait_close(&w, &why);
}

static void
a_signal_ends_a_wait_for_output(void **state)
{
	(void)state;
	assert_write_ends(0);
}

/* Reads n octets, at most 1000 at a time. */
static pid_t
start_reader(int fd, size_t n)
{
	pid_t	pid = fork();
	char	block[1000];
	ssize_t	got = 1;

	assert_int_not_equal(pid, -1);
	if (pid != 0)
		return pid;
	while (n > 0 && got > 0) {
		got = read(fd, block, n < sizeof(block) ? n : sizeof(block));
		n -= got > 0 ? (size_t)got : 0;
	}
	_exit(n == 0 ? 0 : 1);
}

/* Input does not get the time. */
static void
a_write_gets_time_after_a_signal(void **state)
{
	static const char	block[8 * STREAM_OUT];
	struct wait		w;
	struct failure		why;
	const char		*data;
	int			status;
	pid_t			reader;

	(void)state;
	wait_open(&w);
	stream_set_grace(&w.stream, 10 * 1000);
	reader = start_reader(w.peer, sizeof(block));
	assert_true(stream_write(&w.stream, block, sizeof(block), &why));
	assert_true(stream_flush(&w.stream, &why));
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
	assert_int_equal(stream_peek(&w.stream, &data, &why), -1);
	wait_close(&w, &why);
}

static void
the_time_for_a_write_after_a_signal_ends(void **state)
{
	(void)state;
	assert_write_ends(20);
}

/*
 * A TLS session in which the peer sends records without data: each call says
 * that it needs more, but there always is more, for so many calls.
 */
struct tls {
	int	left;
};

static enum tls_result
read_no_data(struct tls *tls, void *to, size_t room, size_t *got,
    struct failure *why)
{
	(void)room, (void)why;
	if (tls->left-- > 0)
		return TLS_WANT_READ;
	memcpy(to, "x", 1);
	*got = 1;
	return TLS_DONE;
}

static enum tls_result
write_no_data(struct tls *tls, const void *from, size_t len, size_t *put,
    struct failure *why)
{
	(void)from, (void)why;
	if (tls->left-- > 0)
		return TLS_WANT_WRITE;
	*put = len;
	return TLS_DONE;
}

static void
close_nothing(struct tls *tls)
{
	(void)tls;
}

/* The descriptor always has input, and never has room for output. */
static void
wait_open_flood(struct wait *w, struct tls *tls)
{
	static const struct tls_module	module = { .read = read_no_data,
		.write = write_no_data, .close = close_nothing };
	struct stream			*s = &w->stream;

	wait_open(w);
	assert_int_equal(write(w->peer, "x", 1), 1);
	while (send(s->fd, "much", 4, MSG_DONTWAIT) > 0)
		continue;
	tls->left = 1000;
	s->module = &module;
	s->tls = tls;
	stream_read_while_writing(s, 1000);
}

static void
a_signal_ends_a_read_of_records_without_data(void **state)
{
	struct wait		w;
	struct tls		tls;
	struct failure		why;
	const char		*data;

	(void)state;
	wait_open_flood(&w, &tls);
	assert_int_equal(stream_peek(&w.stream, &data, &why), -1);
	wait_close(&w, &why);
}

static void
a_signal_ends_a_write_while_records_without_data_arrive(void **state)
{
	struct wait		w;
	struct tls		tls;
	struct failure		why;

	(void)state;
	wait_open_flood(&w, &tls);
	assert_true(stream_write(&w.stream, "x", 1, &why));
	assert_false(stream_flush(&w.stream, &why));
	wait_close(&w, &why);
}

/* *state: "address" or "path". */
static void
a_connection_that_is_never_accepted_ends(void **state)
{
	const char		*kind = *state;
	struct script		 script = { .black_hole = true };
	struct temp_dir		 dir;
	struct mock_smtp	*host;
	struct interrupt	 i;
	struct endpoint		 to = { 0 };
	struct connect_options	 how = { .family = AF_UNSPEC,
				    .interrupt = &i };
	struct failure		 why;

	temp_dir_make(&dir);
	if (strcmp(kind, "path") == 0)
		script.address = temp_dir_path(&dir, "socket");
	host = mock_smtp_start(&script);
	if (script.address != NULL)
		to.path = script.address;
	else
		to = (struct endpoint){ .host = host->address,
		    .port = host->port };
	hold_and_raise(&i);
	assert_int_equal(connect_to(&to, &how, &why), -1);
	assert_int_equal(why.status, EX_TEMPFAIL);
	assert_string_equal(why.text, WORDS);
	discard_signal(&i);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

static const struct CMUnitTest interrupt_spec[] = {
	cmocka_unit_test(a_signal_ends_a_wait_for_input),
	cmocka_unit_test(a_signal_ends_a_wait_for_output),
	cmocka_unit_test(a_write_gets_time_after_a_signal),
	cmocka_unit_test(the_time_for_a_write_after_a_signal_ends),
	cmocka_unit_test(a_signal_ends_a_read_of_records_without_data),
	cmocka_unit_test(
	    a_signal_ends_a_write_while_records_without_data_arrive),
	{ "a signal ends a connection attempt",
	    a_connection_that_is_never_accepted_ends, NULL, NULL,
	    (void *)(uintptr_t)"address" },
	{ "a signal ends a connection attempt to a Unix socket",
	    a_connection_that_is_never_accepted_ends, NULL, NULL,
	    (void *)(uintptr_t)"path" },
};

int
main(void)
{
	return cmocka_run_group_tests(interrupt_spec, NULL, NULL);
}
