/*
 * A worker that takes the next message while it sends another one: the test is
 * the service and both sessions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "queue/commit.h"
#include "serve/serve_channel.h"
#include "support/cases.h"
#include "support/worker_process.h"
#include "util/file.h"

struct next_case {
	const char	*sentence;
	struct script	 script;
	bool		 is_stopped;	/* after it has taken the next one */
	const char	*words;		/* to the service */
	const char	*lines[2];	/* the first octet to each session; "":
					 * none */
};

struct fixture {
	struct worker_process	 worker;
	int			 line[2];	/* to each session */
};

/* Passes a message; f->line[i] is the end of its session. */
static void
pass(struct fixture *f, int i)
{
	static const struct message_limits	limits;
	struct envelope		envelope = { 0 };
	struct message		message;
	struct spool_submission	submission = { .envelope = &envelope,
				    .message = &message };
	struct failure		why;
	const char		octet = 0, text[] = "Subject: x\r\n\r\nhi\r\n";
	int			pair[2], fds[SERVE_CHANNEL_FDS];

	message_begin(&message, &limits);
	assert_true(message_feed(&message, text, sizeof(text) - 1, &why));
	assert_true(message_end(&message, &why));
	envelope_set_reverse(&envelope, "a@example.org");
	envelope_add(&envelope, "b@example.net");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    pair), 0);
	fds[0] = file_in_memory();
	fds[1] = pair[1];
	assert_true(spool_write(&submission, fds[0], &why));
	assert_true(serve_channel_send(f->worker.channel, &octet, 1, fds));
	close(fds[0]);
	close(fds[1]);
	f->line[i] = pair[0];
	message_free(&message);
	envelope_free(&envelope);
}

/* The worker asks for a connection, too; each may be made. */
static void
check_line(int line, const char *first)
{
	const struct serve_permit	permit = { .good = true };
	char				octet[2] = "";

	if (read(line, octet, 1) == 1)
		send(line, &permit, sizeof(permit), MSG_NOSIGNAL);
	assert_string_equal(octet, first);
}

static void
is_worked_on(void **state)
{
	const struct next_case	*c = *state;
	struct fixture		 f;
	char			 words[10] = "";

	worker_process_open(&f.worker, &c->script);
	worker_process_start(&f.worker);
	pass(&f, 0);
	check_line(f.line[0], c->lines[0]);
	assert_int_equal(serve_channel_receive(f.worker.channel, words, 1,
	    NULL), 1);
	pass(&f, 1);
	if (c->is_stopped)
		kill(f.worker.pid, SIGTERM);
	for (size_t i = 1; i < strlen(c->words); i++)
		assert_int_equal(serve_channel_receive(f.worker.channel,
		    &words[i], 1, NULL), 1);
	assert_string_equal(words, c->words);
	check_line(f.line[1], c->lines[1]);
	assert_int_equal(worker_process_end(&f.worker), 0);
	close(f.line[0]);
	close(f.line[1]);
	worker_process_close(&f.worker);
}

static const struct next_case cases[] = {
	{ "the next message is sent, and the one after it asked for",
	    .words = "ndn", .lines = { "T", "T" } },
	{ "if the reply is late, the session of the next one queues it",
	    { .steps = { { .at = ON_BODY, .delay_ms = 2500 } } },
	    .words = "nld", .lines = { "T", "" } },
	{ "after SIGTERM, the session of the next message queues it",
	    { .steps = { { .at = ON_BODY, .then = THEN_HANG, .say = "" } } },
	    .is_stopped = true, .words = "ndd", .lines = { "T", "" } },
};

int
main(void)
{
	return CASES_RUN("workers", is_worked_on, cases);
}
