/*
 * A worker with a message asks for the one after it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "serve/serve_channel.h"
#include "serve/serve_pool.h"
#include "serve/serve_worker.h"
#include "support/cases.h"

enum { PID = 4711 };

struct next_case {
	const char	*sentence;
	bool		 given;		/* it gets the message that waits */
	size_t		 connections;
	size_t		 workers;
	bool		 none;		/* no message waits */
	bool		 second;	/* it has two messages already */
	bool		 outdated, stopping;
	bool		 run_now, run_due, running;
};

/* A pool with workers that have a message each; ours is the first one. */
static int
open_pool(struct serve_state *s, const struct next_case *c)
{
	static char	directory[] = "/spool";
	const int	message[SERVE_CHANNEL_FDS] = { open("/dev/null",
			    O_RDONLY | O_CLOEXEC), open("/dev/null",
			    O_RDONLY | O_CLOEXEC) };
	int		ends[2];

	*s = (struct serve_state){ .connections = c->connections,
	    .stopping = c->stopping, .run_now = c->run_now,
	    .run_due = c->run_due, .runner = c->running,
	    .spool.directory = directory, .signals = -1, .seats = -1 };
	assert_true(serve_channel_open(ends));
	s->worker = calloc(c->workers, sizeof(*s->worker));
	s->n_workers = c->workers;
	for (size_t i = 0; i < c->workers; i++)
		s->worker[i] = (struct serve_pool_worker){ .channel = -1,
		    .pid = PID + (pid_t)i, .busy = 1 };
	s->worker[0].channel = ends[0];
	s->worker[0].busy += c->second;
	s->worker[0].outdated = c->outdated;
	serve_pool_begin(s);
	serve_pool_add(s, message);
	if (c->none)
		serve_pool_dispatch(s, INT64_MAX);
	return ends[1];
}

static void
close_pool(struct serve_state *s, int channel)
{
	for (size_t i = 0; s->n_messages > 0 && i < SERVE_CHANNEL_FDS; i++)
		serve_state_close(&s->message[0].fds[i]);
	serve_state_close(&s->worker[0].channel);
	serve_state_close(&channel);
	s->spool.directory = NULL;
	serve_state_free(s);
}

static void
is_answered(void **state)
{
	const struct next_case	*c = *state;
	const char		 word = SERVE_NEXT;
	struct serve_state	 s;
	int			 fds[SERVE_CHANNEL_FDS];
	int			 channel = open_pool(&s, c);
	unsigned		 before = s.worker[0].busy;
	char			 octet;

	assert_true(serve_channel_send(channel, &word, 1, NULL));
	serve_pool_read(&s, &s.worker[0]);
	assert_int_equal(serve_channel_receive(channel, &octet, 1, fds), 1);
	assert_int_equal(fds[0] != -1, c->given);
	assert_int_equal(fds[1] != -1, c->given);
	assert_int_equal(s.worker[0].busy, before + c->given);
	assert_int_equal(s.n_messages, !c->given && !c->none);
	for (int i = 0; i < SERVE_CHANNEL_FDS; i++)
		serve_state_close(&fds[i]);
	close_pool(&s, channel);
}

static const struct next_case nexts[] = {
	{ "a message that waits is given", true, 2, 2, .none = false },
	{ "another worker can be started for it", false, 2, 1,
	    .none = false },
	{ "no message waits", false, 2, 2, .none = true },
	{ "a worker has at most two messages", false, 2, 2, .second = true },
	{ "a worker with the previous configuration gets none", false, 2, 2,
	    .outdated = true },
	{ "a service that stops gives none", false, 2, 2, .stopping = true },
	{ "a queue run waits for the only connection", false, 1, 1,
	    .run_now = true },
	{ "a queue run waits for one of two connections", false, 2, 2,
	    .run_due = true },
	{ "a queue run has the only connection", false, 1, 1,
	    .running = true },
	{ "a queue run has the other connection", true, 2, 1,
	    .running = true },
};

/* The message after the one that was sent is in the queue, and due. */
static void
a_worker_that_ends_with_two_messages_causes_a_queue_run(void **state)
{
	(void)state;
	for (int second = 0; second < 2; second++) {
		struct serve_state	s;
		int			channel = open_pool(&s,
					    &(struct next_case){
					    .connections = 2, .workers = 2,
					    .second = second });

		assert_true(serve_pool_reap(&s, PID));
		assert_int_equal(s.n_workers, 1);
		assert_int_equal(s.run_due, second);
		close_pool(&s, channel);
	}
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(
	    a_worker_that_ends_with_two_messages_causes_a_queue_run),
};

int
main(void)
{
	return CASES_RUN("next messages", is_answered, nexts) +
	    cmocka_run_group_tests(others, NULL, NULL);
}
