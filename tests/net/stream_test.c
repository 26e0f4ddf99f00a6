/*
 * Lines and blocks on a connection with a deadline.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "net/stream.h"
#include "net/tls.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/memory.h"

/* A stream, and the other end of its socket. */
struct pair {
	struct stream	s;
	int		peer;
};

static int
set_up(void **state)
{
	struct pair	*p = memory_new(1, sizeof(*p));
	int		 fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	stream_open(&p->s, fd[0]);
	stream_set_timeout(&p->s, 5000);
	p->peer = fd[1];
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct pair	*p = *state;

	stream_close(&p->s);
	if (p->peer != -1)
		close(p->peer);
	free(p);
	return 0;
}

static void
close_peer(struct pair *p)
{
	close(p->peer);
	p->peer = -1;
}

static void
lines_are_read_one_by_one(void **state)
{
	struct pair	*p = *state;
	struct buffer	 line = { 0 };
	struct failure	 why;
	bool		 bare;

	assert_true(file_write(p->peer, "one\r\ntwo\n\r\nr\rs\r\nrest", 20));
	close_peer(p);
	assert_int_equal(stream_read_line(&p->s, &line, 100, &bare, &why),
	    STREAM_LINE);
	assert_string_equal(line.data, "one");
	assert_false(bare);
	buffer_clear(&line);
	assert_int_equal(stream_read_line(&p->s, &line, 100, &bare, &why),
	    STREAM_LINE);
	assert_string_equal(line.data, "two");
	assert_true(bare);
	buffer_clear(&line);
	assert_int_equal(stream_read_line(&p->s, &line, 100, &bare, &why),
	    STREAM_LINE);
	assert_string_equal(line.data, "");
	assert_int_equal(stream_read_line(&p->s, &line, 100, NULL, &why),
	    STREAM_LINE);
	assert_string_equal(line.data, "r\rs");
	buffer_clear(&line);
	assert_int_equal(stream_read_line(&p->s, &line, 100, NULL, &why),
	    STREAM_CLOSED);
	assert_string_equal(line.data, "rest");
	buffer_free(&line);
}

static void
a_line_beyond_the_limit_is_reported(void **state)
{
	struct pair	*p = *state;
	struct buffer	 line = { 0 };
	struct failure	 why;

	assert_true(file_write(p->peer, "0123456789\n", 11));
	assert_int_equal(stream_read_line(&p->s, &line, 5, NULL, &why),
	    STREAM_LONG);
	buffer_free(&line);
}

static void
a_silent_peer_times_out(void **state)
{
	struct pair	*p = *state;
	struct failure	 why;
	const char	*data;

	stream_set_timeout(&p->s, 20);
	assert_int_equal(stream_peek(&p->s, &data, &why), -1);
	assert_int_equal(why.status, EX_TEMPFAIL);
	assert_non_null(strstr(why.text, "timed out"));
}

static void
a_peer_that_does_not_read_times_out(void **state)
{
	struct pair	*p = *state;
	char		*much = memory_new(8 << 20, 1);
	struct failure	 why;

	stream_set_timeout(&p->s, 20);
	assert_false(stream_write(&p->s, much, 8 << 20, &why));
	assert_int_equal(why.status, EX_TEMPFAIL);
	free(much);
}

/* Writes an octet every 10 ms, up to four seconds. */
static pid_t
start_trickle(int fd)
{
	pid_t	pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid != 0)
		return pid;
	for (int i = 0; i < 400 && file_write(fd, "x", 1); i++)
		poll(NULL, 0, 10);
	_exit(0);
}

/* If it were progress, the write would end with the connection. */
static void
input_is_not_progress_of_a_write(void **state)
{
	struct pair	*p = *state;
	char		*much = memory_new(8 << 20, 1);
	pid_t		 writer = start_trickle(p->peer);
	struct failure	 why;

	close_peer(p);		/* the writer has it */
	stream_read_while_writing(&p->s, 1000);
	stream_set_wait_timeout(&p->s, 200);
	assert_false(stream_write(&p->s, much, 8 << 20, &why));
	assert_non_null(strstr(why.text, "timed out"));
	kill(writer, SIGKILL);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	free(much);
}

static void
a_write_to_a_closed_connection_fails(void **state)
{
	struct pair	*p = *state;
	struct failure	 why;

	close_peer(p);
	assert_true(stream_write(&p->s, "x", 1, &why));
	assert_false(stream_flush(&p->s, &why));
	assert_int_equal(why.status, EX_TEMPFAIL);
	assert_non_null(strstr(why.text, "the connection was reset"));
}

static void
output_is_sent_by_the_flush(void **state)
{
	struct pair	*p = *state;
	struct failure	 why;
	char		 got[20];

	assert_true(stream_write(&p->s, "MAIL\r\n", 6, &why));
	assert_true(stream_printf(&p->s, &why, "RCPT %d\r\n", 1));
	assert_int_equal(recv(p->peer, got, sizeof(got), MSG_DONTWAIT), -1);
	assert_true(stream_flush(&p->s, &why));
	assert_int_equal(recv(p->peer, got, sizeof(got), MSG_DONTWAIT), 14);
	assert_memory_equal(got, "MAIL\r\nRCPT 1\r\n", 14);
}

/* The file is larger than the socket buffer. */
static void
a_file_is_sent_from_its_offset(void **state)
{
	enum { SIZE = 300000, FROM = 1000 };
	struct pair	*p = *state;
	struct buffer	 text = { 0 };
	struct failure	 why;
	int		 fd = file_unnamed("/tmp");
	int		 room = 2 * SIZE;
	char		 block[65536];
	size_t		 at = 0;
	ssize_t		 n;

	for (int i = 0; i < SIZE; i++)
		buffer_add_byte(&text, (char)(i * 7 + i / 256));
	assert_int_not_equal(fd, -1);
	assert_true(file_write(fd, text.data, SIZE));
	setsockopt(p->s.fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	assert_true(stream_write(&p->s, "head", 4, &why));
	assert_true(stream_send_file(&p->s, fd, FROM, SIZE - FROM - 10, &why));
	assert_int_equal(recv(p->peer, block, 4, MSG_WAITALL), 4);
	assert_memory_equal(block, "head", 4);
	while (at < SIZE - FROM - 10) {
		n = recv(p->peer, block, sizeof(block), 0);
		assert_true(n > 0);
		assert_memory_equal(block, text.data + FROM + at, (size_t)n);
		at += (size_t)n;
	}
	assert_int_equal(at, SIZE - FROM - 10);
	close(fd);
	buffer_free(&text);
}

static void
a_truncated_file_is_an_error(void **state)
{
	struct pair	*p = *state;
	struct failure	 why;
	int		 fd = file_unnamed("/tmp");

	assert_true(file_write(fd, "short", 5));
	assert_false(stream_send_file(&p->s, fd, 0, 6, &why));
	assert_int_equal(why.status, EX_IOERR);
	close(fd);
}

/*
 * A TLS session in which the peer says something and leaves during the first
 * write: the writes return this, one after another, and fail then.
 */
struct tls {
	const enum tls_result	*writes;
	bool			 has_read;
	struct stream		*slow;	/* each write takes until its deadline;
					 * or NULL */
	unsigned		 reads;
};

static enum tls_result
read_last_words(struct tls *tls, void *to, size_t room, size_t *got,
    struct failure *why)
{
	(void)room;
	(void)why;
	if (tls->has_read)
		return TLS_CLOSED;
	tls->has_read = true;
	*got = 9;
	memcpy(to, "421 bye\r\n", *got);
	return TLS_DONE;
}

static enum tls_result
write_until_failed(struct tls *tls, const void *from, size_t len, size_t *put,
    struct failure *why)
{
	(void)from;
	*put = len;
	if (tls->slow != NULL)
		tls->slow->deadline = 1;
	if (*tls->writes != TLS_FAILED)
		return *tls->writes++;
	failed(why, EX_TEMPFAIL, "bad write retry");
	return TLS_FAILED;
}

static void
close_nothing(struct tls *tls)
{
	(void)tls;
}

static void
the_last_reply_in_tls_is_read_after_a_long_write(void **state)
{
	static const enum tls_result	writes[][3] = {
		{ TLS_WANT_WRITE, TLS_FAILED },
		{ TLS_DONE, TLS_FAILED },
		{ TLS_DONE, TLS_CLOSED, TLS_FAILED },
	};
	static const struct tls_module	module = { .read = read_last_words,
		.write = write_until_failed, .close = close_nothing };
	struct pair			*p = *state;
	char				*much = memory_new(4 * STREAM_OUT, 1);

	for (size_t i = 0; i < sizeof(writes) / sizeof(*writes); i++) {
		struct tls	 tls = { .writes = writes[i] };
		struct buffer	 line = { 0 };
		struct failure	 why;

		p->s.module = &module;
		p->s.tls = &tls;
		p->s.eof = false;
		stream_read_while_writing(&p->s, 1000);
		assert_true(stream_write(&p->s, much, 4 * STREAM_OUT, &why));
		assert_true(stream_flush(&p->s, &why));
		assert_int_equal(stream_read_line(&p->s, &line, 100, NULL,
		    &why), STREAM_LINE);
		assert_string_equal(line.data, "421 bye");
		assert_int_equal(stream_read_line(&p->s, &line, 100, NULL,
		    &why), STREAM_CLOSED);
		buffer_free(&line);
		p->s.tls = NULL;
	}
	free(much);
}

/* A reply to AUTH must not remain in memory. */
static void
input_that_was_not_used_is_wiped(void **state)
{
	static const struct tls_module	module = { .read = read_last_words,
		.close = close_nothing };
	struct pair			*p = *state;
	struct tls			 tls = { .writes = NULL };

	p->s.module = &module;
	p->s.tls = &tls;
	assert_true(stream_is_readable(&p->s));
	assert_memory_equal(p->s.in, "421 bye\r\n", 9);
	stream_close(&p->s);
	assert_memory_equal(p->s.in, "\0\0\0\0\0\0\0\0\0", 9);
}

static enum tls_result
read_no_data(struct tls *tls, void *to, size_t room, size_t *got,
    struct failure *why)
{
	(void)tls, (void)to, (void)room, (void)got, (void)why;
	return TLS_WANT_READ;
}

/*
 * Input without data is always there, and the timeout passes between one wait
 * of a write and the next.
 */
static bool
write_slowly(struct pair *p, struct failure *why)
{
	static const enum tls_result	writes[] = { TLS_WANT_WRITE,
		TLS_WANT_WRITE, TLS_WANT_WRITE, TLS_DONE, TLS_FAILED };
	static const struct tls_module	module = { .read = read_no_data,
		.write = write_until_failed, .close = close_nothing };
	struct tls			tls = { .writes = writes,
					    .slow = &p->s };
	bool				good;

	assert_true(file_write(p->peer, "x", 1));
	p->s.module = &module;
	p->s.tls = &tls;
	stream_read_while_writing(&p->s, 1000);
	stream_set_wait_timeout(&p->s, 5000);
	good = stream_write(&p->s, "x", 1, why) && stream_flush(&p->s, why);
	p->s.tls = NULL;
	return good;
}

static void
records_without_data_are_not_progress_of_a_write(void **state)
{
	struct pair	*p = *state;
	struct failure	 why;

	while (send(p->s.fd, "much", 4, MSG_DONTWAIT) > 0)
		continue;
	assert_false(write_slowly(p, &why));
	assert_int_equal(why.status, EX_TEMPFAIL);
	assert_string_equal(why.text, "timed out after 5 s");
}

/* Part of a record was sent: the rest has a timeout of its own. */
static void
room_for_output_is_progress_of_a_write(void **state)
{
	struct pair	*p = *state;
	struct failure	 why;

	assert_true(write_slowly(p, &why));
}

/*
 * TLS has to write before it can read, as after a request for new keys.  The
 * socket has input, and no room for output.
 */
static enum tls_result
read_after_writing(struct tls *tls, void *to, size_t room, size_t *got,
    struct failure *why)
{
	(void)to, (void)room, (void)got, (void)why;
	tls->reads++;
	return TLS_WANT_WRITE;
}

static enum tls_result
write_later(struct tls *tls, const void *from, size_t len, size_t *put,
    struct failure *why)
{
	(void)tls, (void)from, (void)len, (void)put, (void)why;
	return TLS_WANT_WRITE;
}

enum writer { WRITES, READS_MEANWHILE, EXPECTS_NO_INPUT, WAITS_FOR_A_LINE };

/* *state: enum writer. */
static void
input_that_cannot_be_read_does_not_end_a_wait(void **state)
{
	static const struct tls_module	module = { .read = read_after_writing,
		.write = write_later, .close = close_nothing };
	enum writer			how = (enum writer)(uintptr_t)*state;
	struct tls			tls = { .writes = NULL };
	struct pair			*p;
	struct failure			why;
	void				*made;

	set_up(&made);
	p = made;
	while (send(p->s.fd, "much", 4, MSG_DONTWAIT) > 0)
		continue;
	assert_true(file_write(p->peer, "x", 1));
	p->s.module = &module;
	p->s.tls = &tls;
	if (how != WRITES)
		stream_read_while_writing(&p->s, 1000);
	stream_set_timeout(&p->s, 200);
	if (how == EXPECTS_NO_INPUT)
		stream_expect_no_input(&p->s);
	if (how == WAITS_FOR_A_LINE) {
		assert_false(stream_wait_line(&p->s, 200));
	} else {
		assert_true(stream_write(&p->s, "x", 1, &why));
		assert_false(stream_flush(&p->s, &why));
		assert_string_equal(why.text, "timed out after 1 s");
	}
	assert_in_range(tls.reads, how == WRITES ? 0 : 1, 3);
	p->s.tls = NULL;
	tear_down(&made);
}

/* A TCP connection on the loopback interface; *state is a struct pair. */
static int
set_up_tcp(void **state)
{
	struct pair		*p = memory_new(1, sizeof(*p));
	struct sockaddr_in	 to = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t		 size = sizeof(to);
	int			 listener = socket(AF_INET, SOCK_STREAM, 0);
	int			 fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&to, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	getsockname(listener, (struct sockaddr *)&to, &size);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, size), 0);
	p->peer = accept(listener, NULL, NULL);
	assert_int_not_equal(p->peer, -1);
	close(listener);
	stream_open(&p->s, fd);
	stream_set_timeout(&p->s, 5000);
	*state = p;
	return 0;
}

/* Returns how long the replies to a flight take, in ms, from a slow writer. */
static int64_t
time_flight(struct pair *p)
{
	int64_t		begin = clock_ms();
	struct buffer	line = { 0 };
	struct failure	why;
	char		octet;

	assert_true(stream_write(&p->s, "x", 1, &why));
	assert_true(stream_flush(&p->s, &why));
	assert_int_equal(read(p->peer, &octet, 1), 1);
	for (int i = 0; i < 3; i++)
		assert_true(file_write(p->peer, "250 Ok\r\n", 8));
	for (int i = 0; i < 3; i++)
		assert_int_equal(stream_read_line(&p->s, &line, 100, NULL,
		    &why), STREAM_LINE);
	buffer_free(&line);
	return clock_ms() - begin;
}

/*
 * The peer has no TCP_NODELAY, so each reply waits for the acknowledgement of
 * the reply before it.  Linux delays the acknowledgement by at least 40 ms, but
 * not in the first flights of a connection.
 */
static void
replies_are_acknowledged_at_once(void **state)
{
	struct pair	*p = *state;
	int64_t		 shortest = 5000;

	stream_read_while_writing(&p->s, 1000);
	for (int i = 0; i < 40; i++) {
		int64_t	ms = time_flight(p);

		if (i >= 20 && ms < shortest)
			shortest = ms;
	}
	assert_in_range(shortest, 0, 25);
}

#define SLEEPS(sentence, how) { sentence, \
	input_that_cannot_be_read_does_not_end_a_wait, NULL, NULL, \
	(void *)(uintptr_t)(how) }
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct CMUnitTest stream_spec[] = {
	CASE(lines_are_read_one_by_one),
	CASE(a_line_beyond_the_limit_is_reported),
	CASE(a_silent_peer_times_out),
	CASE(a_peer_that_does_not_read_times_out),
	CASE(input_is_not_progress_of_a_write),
	CASE(a_write_to_a_closed_connection_fails),
	CASE(output_is_sent_by_the_flush),
	CASE(a_file_is_sent_from_its_offset),
	CASE(a_truncated_file_is_an_error),
	CASE(the_last_reply_in_tls_is_read_after_a_long_write),
	CASE(input_that_was_not_used_is_wiped),
	CASE(records_without_data_are_not_progress_of_a_write),
	CASE(room_for_output_is_progress_of_a_write),
	cmocka_unit_test_setup_teardown(replies_are_acknowledged_at_once,
	    set_up_tcp, tear_down),
	SLEEPS("a write sleeps", WRITES),
	SLEEPS("a write that reads sleeps while TLS has to write first",
	    READS_MEANWHILE),
	SLEEPS("a write that expects no input sleeps while TLS has to write "
	    "first", EXPECTS_NO_INPUT),
	SLEEPS("the wait for a line sleeps while TLS has to write first",
	    WAITS_FOR_A_LINE),
};

int
main(void)
{
	return cmocka_run_group_tests(stream_spec, NULL, NULL);
}
