/*
 * A signal while relais waits for the smarthost: the message is queued, or the
 * exit status says that it is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "queue/spool.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/temp_spool.h"
#include "util/clock.h"

static const char	letter[] = "Subject: x\nFrom: me@example.org\n"
			    "To: list@example.org\n\nhi\n";

enum { HOUR = 60 * 60 };

/* The next attempt of the only entry, in seconds from now. */
static int64_t
next_attempt(const struct queue_fixture *p)
{
	struct spool		spool;
	struct spool_list	list;
	struct failure		why;
	int64_t			next;

	assert_true(spool_open(&spool, p->spool, &(struct spool_options){ 0 },
	    &why));
	assert_true(spool_list(&list, &spool, SPOOL_QUEUE, &why));
	assert_int_equal(list.n, 1);
	next = list.item[0].next - (int64_t)time(NULL);
	spool_list_free(&list);
	spool_close(&spool);
	return next;
}

/* The server stops replying at a stage; then a signal arrives. */
struct interruption {
	int		 sig;
	enum stage	 at;
	const char	*match;
	const char	*more;		/* of the configuration */
	const char	*queued;
	bool		 in_doubt;
	int		 status;
	const char	*words;		/* on stderr; NULL: nothing there */
};

static struct running *
start(struct queue_fixture *p, void (*prepare)(void *))
{
	return program_start(&(struct program){ .argv = WORDS("relais", "-C",
	    p->conf, "-i", "a@example.net", "b@example.net"),
	    .input_file = temp_dir_write(&p->dir, "letter", 0600, letter),
	    .prepare = prepare });
}

/* The whole message was received, and the server has not replied yet. */
static bool
has_all(struct mock_smtp *host)
{
	struct pollfd		 bell = { .fd = mock_smtp_bell(host),
				    .events = POLLIN };
	const struct heard	*h;

	do
		h = mock_smtp_heard(host, 0);
	while ((h == NULL || h->n_messages == 0 || !h->message[0]->complete) &&
	    poll(&bell, 1, 10000) == 1);
	return h != NULL && h->n_messages > 0 && h->message[0]->complete;
}

static void
wait_for(struct queue_fixture *p, enum stage at)
{
	if (at == ON_GREETING)
		assert_true(mock_smtp_wait_connections(p->host, 1));
	else if (at == ON_BODY)
		assert_true(has_all(p->host));
	else
		assert_true(mock_smtp_wait_commands(p->host, at, 1));
}

static void
is_kept(void **state)
{
	const struct interruption	*t = *state;
	struct queue_fixture		 p;
	struct running			*r;
	struct program_result		 o;

	queue_fixture_open(&p, &(struct script){ .keywords = "PIPELINING",
	    .steps = { { .at = t->at, .match = t->match, .say = "",
	    .then = THEN_HANG } } }, t->more);
	r = start(&p, NULL);
	wait_for(&p, t->at);
	program_stop(r, t->sig, &o);
	assert_int_equal(o.signal, 0);
	assert_int_equal(o.status, t->status);
	if (t->words == NULL)
		assert_string_equal(o.err.data, "");
	else if (strstr(o.err.data, t->words) == NULL)
		fail_msg("no \"%s\" in: %s", t->words, o.err.data);
	program_result_free(&o);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE),
	    t->queued);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_FAILED), "");
	if (t->queued[0] != '\0')
		assert_int_equal(next_attempt(&p) > HOUR - 60, t->in_doubt);
	queue_fixture_close(&p);
}

#define KEPT(sentence, ...) { sentence, is_kept, NULL, NULL, \
	&(struct interruption){ __VA_ARGS__ } }
#define BOTH "?a@example.net ?b@example.net"

/* Each route has a smarthost, and only the second one is silent. */
static void
a_delivered_message_is_not_sent_again(void **state)
{
	struct queue_fixture	 p;
	struct mock_smtp	*silent;
	struct running		*r;
	struct program_result	 o;
	char			 more[200];

	(void)state;
	silent = mock_smtp_start(&(struct script){ .steps = { {
	    .at = ON_GREETING, .say = "", .then = THEN_HANG } } });
	snprintf(more, sizeof(more), "[to b@example.net]\n"
	    "smarthost = smtp://127.0.0.1:%u, smtp:///nowhere/socket\n",
	    silent->port);
	queue_fixture_open(&p, &(struct script){ 0 }, more);
	r = start(&p, NULL);
	assert_true(mock_smtp_wait_connections(silent, 1));
	assert_true(mock_smtp_wait_messages(p.host, 1));
	program_stop(r, SIGTERM, &o);
	assert_int_equal(o.status, 0);
	assert_string_equal(o.err.data, "");
	program_result_free(&o);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE),
	    "+a@example.net ?b@example.net");
	/* No other smarthost was tried meanwhile. */
	relais_run(&o, p.conf, WORDS("queue", "list"), "");
	assert_non_null(strstr(o.out.data, "greeting: interrupted by signal "
	    "15 (Terminated))\n"));
	assert_null(strstr(o.out.data, "nowhere"));
	program_result_free(&o);
	mock_smtp_stop(silent);
	queue_fixture_close(&p);
}

/* The command opens a pipe to report that it runs, and prints nothing. */
static void
a_signal_does_not_wait_for_password_command(void **state)
{
	struct temp_dir		 dir;
	struct queue_fixture	 p;
	struct running		*r;
	struct program_result	 o;
	char			 fifo[80], script[200], more[200];
	int			 fd;

	(void)state;
	temp_dir_make(&dir);
	strlcpy(fifo, temp_dir_path(&dir, "fifo"), sizeof(fifo));
	assert_int_equal(mkfifo(fifo, 0600), 0);
	snprintf(script, sizeof(script), "#!/bin/sh\nexec sleep 60 >%s\n",
	    fifo);
	snprintf(more, sizeof(more), "user = nina\nauth = plain\ntls = off\n"
	    "password_command = %s\n", temp_dir_write(&dir, "command", 0700,
	    script));
	queue_fixture_open(&p, &(struct script){ 0 }, more);
	r = start(&p, NULL);
	fd = open(fifo, O_RDONLY);
	assert_int_not_equal(fd, -1);
	program_stop(r, SIGTERM, &o);
	assert_int_equal(o.status, 0);
	assert_string_equal(o.err.data, "");
	program_result_free(&o);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE),
	    "?a@example.net ?b@example.net");
	/* The command must have ended. */
	assert_int_equal(read(fd, script, 1), 0);
	close(fd);
	queue_fixture_close(&p);
	temp_dir_remove(&dir);
}

static void
ignore_hup(void *ctx)
{
	(void)ctx;
	signal(SIGHUP, SIG_IGN);
}

/* The attempt continues, and the signal is not reported. */
static void
an_ignored_signal_does_not_interrupt_an_attempt(void **state)
{
	struct queue_fixture	 p;
	struct running		*r;
	struct program_result	 o;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { {
	    .at = ON_GREETING, .hold = true } } }, NULL);
	r = start(&p, ignore_hup);
	assert_true(mock_smtp_wait_connections(p.host, 1));
	kill(program_pid(r), SIGHUP);
	mock_smtp_release(p.host);
	program_stop(r, 0, &o);
	assert_int_equal(o.status, 0);
	assert_string_equal(o.err.data, "");
	program_result_free(&o);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	queue_fixture_close(&p);
}

static void
read_from_pipe(void *ctx)
{
	dup2(*(int *)ctx, STDIN_FILENO);
}

/* The caller still has a message that is incomplete here. */
static void
an_incomplete_message_is_not_queued(void **state)
{
	const struct timespec	 moment = { 0, 1000000 };
	int64_t			 end = clock_ms() + 10000;
	struct queue_fixture	 p;
	struct running		*r;
	struct program_result	 o;
	int			 ends[2], left = 1;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], letter, strlen(letter)),
	    strlen(letter));
	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	r = program_start(&(struct program){ .argv = WORDS("relais", "-C",
	    p.conf, "-i", "a@example.net"), .prepare = read_from_pipe,
	    .ctx = &ends[0] });
	while (left > 0 && clock_ms() < end) {
		nanosleep(&moment, NULL);
		assert_int_equal(ioctl(ends[1], FIONREAD, &left), 0);
	}
	assert_int_equal(left, 0);
	program_stop(r, SIGTERM, &o);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(o.signal, SIGTERM);
	program_result_free(&o);
	assert_int_equal(mock_smtp_connections(p.host), 0);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	queue_fixture_close(&p);
}

/* A client of -bs gets the reply to its message before the session ends. */
static void
a_signal_in_bs_queues_the_message_and_replies(void **state)
{
	struct queue_fixture	 p;
	struct running		*r;
	struct program_result	 o;
	const char		*line;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { {
	    .at = ON_GREETING, .say = "", .then = THEN_HANG } } }, NULL);
	r = program_start(&(struct program){ .argv = WORDS("relais", "-C",
	    p.conf, "-bs"), .keep_open = true });
	program_say(r, "HELO me\r\nMAIL FROM:<a@example.org>\r\n"
	    "RCPT TO:<b@example.net>\r\nDATA\r\n");
	do
		line = program_hear(r);
	while (line[0] == '2');
	assert_memory_equal(line, "354 ", 4);
	program_say(r, "\r\nhi\r\n.\r\n");
	assert_true(mock_smtp_wait_connections(p.host, 1));
	kill(program_pid(r), SIGTERM);
	line = program_hear(r);
	if (strncmp(line, "250 2.0.0 Ok: queued as ", 24) != 0 ||
	    strstr(line, "interrupted by signal 15") == NULL)
		fail_msg("the reply is: %s", line);
	assert_memory_equal(program_hear(r), "421 4.3.2 ", 10);
	program_stop(r, 0, &o);
	assert_int_equal(o.signal, SIGTERM);
	assert_string_equal(o.err.data, "");
	program_result_free(&o);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE),
	    "?b@example.net");
	queue_fixture_close(&p);
}

static const struct CMUnitTest interrupt_spec[] = {
	KEPT("SIGTERM while waiting for the greeting queues the message",
	    SIGTERM, ON_GREETING,
	    .queued = BOTH),
	KEPT("SIGHUP while waiting for the greeting queues the message",
	    SIGHUP, ON_GREETING, .queued = BOTH),
	KEPT("SIGINT while waiting for the greeting queues the message",
	    SIGINT, ON_GREETING, .queued = BOTH),
	KEPT("SIGQUIT while waiting for the greeting queues the message",
	    SIGQUIT, ON_GREETING, .queued = BOTH),
	KEPT("SIGALRM while waiting for the greeting queues the message",
	    SIGALRM, ON_GREETING, .queued = BOTH),
	KEPT("SIGUSR1 while waiting for the greeting queues the message",
	    SIGUSR1, ON_GREETING, .queued = BOTH),
	KEPT("a signal after the reply for one recipient", SIGTERM,
	    ON_RCPT, .match = "b@", .queued = BOTH),
	KEPT("a signal before the message is sent queues it", SIGTERM, ON_DATA,
	    .queued = BOTH),
	KEPT("a signal after the message was sent leaves it in doubt",
	    SIGTERM, ON_BODY, .queued = BOTH, .in_doubt = true),
	KEPT("without a queue, the exit status reports the signal",
	    SIGTERM, ON_GREETING,
	    .more = "queue = off\n", .queued = "", .status = EX_TEMPFAIL,
	    .words = "greeting: interrupted by signal 15 (Terminated)\n"),
	KEPT("with an unusable queue, the error has both reasons",
	    SIGTERM, ON_GREETING,
	    .more = "queue = /dev/null/x\n", .queued = "",
	    .status = EX_CANTCREAT, .words = "greeting: interrupted by signal "
	    "15 (Terminated); not queued: "),
	cmocka_unit_test(a_delivered_message_is_not_sent_again),
	cmocka_unit_test(a_signal_does_not_wait_for_password_command),
	cmocka_unit_test(an_ignored_signal_does_not_interrupt_an_attempt),
	cmocka_unit_test(an_incomplete_message_is_not_queued),
	cmocka_unit_test(a_signal_in_bs_queues_the_message_and_replies),
};

int
main(void)
{
	return cmocka_run_group_tests(interrupt_spec, NULL, NULL);
}
