/*
 * A worker that is killed before each system call that changes something, while
 * it sends two messages and the envelope of the second one with the end of the
 * first one; and sessions that end meanwhile.  The test is the service, and
 * each session is a process.
 *
 * A message is queued, and due at once, only if it was not sent.  It is
 * delivered only if the smarthost has accepted it once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "serve/serve_attempt.h"
#include "serve/serve_channel.h"
#include "serve/serve_worker.h"
#include "support/program.h"
#include "support/skip.h"
#include "support/strace.h"
#include "support/worker_process.h"
#include "util/interrupt.h"

enum { MESSAGES = 2 };

/* What a session has learnt about its message: its exit status. */
enum learnt {
	NOT_SENT,		/* it queues the message, which is due at
				 * once */
	IN_DOUBT,		/* it queues the message, due after an hour */
	DELIVERED,
	REFUSED,		/* or deferred by the smarthost */
};

static const char *const	to[MESSAGES] = { "a@example.net",
	"b@example.net" };

struct session_process {
	pid_t	pid;
	int	channel;
	int	fds[SERVE_CHANNEL_FDS];		/* of its message */
};

static enum learnt
attempt(const struct serve_attempt *s, const char *path)
{
	static const struct message_limits	limits;
	static const char	text[] = "Subject: x\r\n\r\nhi\r\n";
	struct envelope		envelope = { 0 };
	struct message		message;
	struct outcome		outcome = { 0 };
	struct tried		tried;
	struct failure		why;

	message_begin(&message, &limits);
	message_feed(&message, text, sizeof(text) - 1, &why);
	message_end(&message, &why);
	envelope_set_reverse(&envelope, "me@example.org");
	envelope_add(&envelope, path);
	if (!serve_attempt_make(s, &(struct submit_attempt){
	    .envelope = &envelope, .message = &message, .outcomes = &outcome,
	    .tried = &tried }, &why))
		return NOT_SENT;
	if (outcome.in_doubt)
		return IN_DOUBT;
	return outcome.kind == OUTCOME_DELIVERED ? DELIVERED : REFUSED;
}

static void
start_session(struct session_process *p, const char *path)
{
	struct interrupt	interrupt;
	struct buffer		transcript = { 0 };
	struct serve_attempt	s = { .uid = 1, .caller = "me",
				    .interrupt = &interrupt,
				    .transcript = &transcript };
	int			ends[2];

	assert_true(serve_channel_open(ends));
	p->pid = fork();
	assert_int_not_equal(p->pid, -1);
	if (p->pid == 0) {
		close(ends[0]);
		s.channel = ends[1];
		interrupt_hold(&interrupt);
		_exit((int)attempt(&s, path));
	}
	close(ends[1]);
	p->channel = ends[0];
}

static enum learnt
end_session(struct session_process *p)
{
	int	status;

	close(p->channel);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	return WIFEXITED(status) ? (enum learnt)WEXITSTATUS(status) :
	    NOT_SENT;
}

static void
drop(struct session_process *p)
{
	for (size_t i = 0; i < SERVE_CHANNEL_FDS; i++)
		close(p->fds[i]);
}

static void
pass(const struct worker_process *w, struct session_process *p)
{
	const char	octet = 0;

	/* If the worker has been killed, this fails, as its session sees. */
	serve_channel_send(w->channel, &octet, 1, p->fds);
	drop(p);
}

/* As serve_pool.c, until both messages are done or the worker has ended. */
static void
serve(const struct worker_process *w, struct session_process *p)
{
	const char	none = 0;
	size_t		passed = 0, done = 0;
	char		word;

	while (done < MESSAGES) {
		if (done == passed)
			pass(w, &p[passed++]);
		if (serve_channel_receive(w->channel, &word, 1, NULL) != 1)
			break;
		if (word == SERVE_NEXT && passed < MESSAGES)
			pass(w, &p[passed++]);
		else if (word == SERVE_NEXT)
			serve_channel_send(w->channel, &none, 1, NULL);
		else
			done++;
	}
	for (; passed < MESSAGES; passed++)
		drop(&p[passed]);
}

static size_t
arrived(struct mock_smtp *host, const char *path)
{
	size_t	n = 0;

	assert_true(mock_smtp_wait_closed(host, mock_smtp_connections(host)));
	for (size_t i = 0; i < mock_smtp_messages(host); i++) {
		const struct heard_message	*m = mock_smtp_message(host,
						    i);

		assert_int_equal(m->n_rcpt, 1);
		n += m->code == 250 && strcmp(m->rcpt[0].path, path) == 0;
	}
	return n;
}

static void
check(enum learnt learnt, size_t copies, size_t i, const char *inject)
{
	static const size_t	least[] = { [DELIVERED] = 1, [REFUSED] = 0 };
	static const size_t	most[] = { [IN_DOUBT] = 1, [DELIVERED] = 1,
				    [REFUSED] = 0 };

	if (copies < least[learnt] || copies > most[learnt])
		fail_msg("%s: message %zu: %zu copies, status %d", inject,
		    i + 1, copies, (int)learnt);
}

/* strace(1) traces the worker from its first message on. */
static struct running *
start_strace(struct worker_process *w, const char *inject)
{
	static char	 pid[20];
	struct running	*r;

	snprintf(pid, sizeof(pid), "%ld", (long)w->pid);
	r = program_start(&(struct program){ .path = STRACE,
	    .argv = WORDS("strace", "-o", temp_dir_path(&w->dir, "trace"),
	    "-p", pid, "-e", inject != NULL ? inject : "trace=all") });
	program_wait_output(r, "ttached");
	return r;
}

/* Returns what the sessions have learnt, as two digits. */
static int
send_two(struct worker_process *w, const char *inject)
{
	struct session_process	 p[MESSAGES];
	size_t			 before[MESSAGES];
	enum learnt		 learnt[MESSAGES];
	struct serve_request	 request;
	struct program_result	 o;
	struct running		*strace;

	for (size_t i = 0; i < MESSAGES; i++)
		before[i] = arrived(w->host, to[i]);
	worker_process_start(w);
	for (size_t i = 0; i < MESSAGES; i++)
		start_session(&p[i], to[i]);
	for (size_t i = 0; i < MESSAGES; i++)
		assert_int_equal(serve_channel_receive(p[i].channel, &request,
		    sizeof(request), p[i].fds), sizeof(request));
	strace = start_strace(w, inject);
	serve(w, p);
	for (size_t i = 0; i < MESSAGES; i++)
		learnt[i] = end_session(&p[i]);
	worker_process_end(w);
	program_stop(strace, 0, &o);
	program_result_free(&o);
	for (size_t i = 0; i < MESSAGES; i++)
		check(learnt[i], arrived(w->host, to[i]) - before[i], i,
		    inject != NULL ? inject : "no fault");
	return (int)learnt[0] * 10 + (int)learnt[1];
}

static void
is_killed(void **state)
{
	const struct strace_fault	 fault = { "signal=KILL", NULL, false };
	struct strace_calls		 calls;
	struct strace_walk		 walk = { .calls = &calls,
					    .fault = &fault };
	struct worker_process		 w;
	size_t				 runs = 0, seen[40] = { 0 };
	char				 inject[100];

	strace_need();
	if (geteuid() != 0)
		skip_because("only root can trace a worker");
	worker_process_open(&w, *state);
	assert_int_equal(send_two(&w, NULL), DELIVERED * 10 + DELIVERED);
	strace_learn(&calls, temp_dir_path(&w.dir, "trace"), NULL);
	for (; strace_next(&walk, inject, sizeof(inject)); runs++)
		seen[send_two(&w, inject)]++;
	print_message("%zu runs: neither message was sent in %zu, the first is "
	    "in doubt in %zu, the second in %zu\n", runs,
	    seen[NOT_SENT * 10 + NOT_SENT], seen[IN_DOUBT * 10 + NOT_SENT],
	    seen[DELIVERED * 10 + IN_DOUBT]);
	/* Never both: this would be one message more than without ahead. */
	assert_int_equal(seen[IN_DOUBT * 10 + IN_DOUBT], 0);
	assert_true(seen[IN_DOUBT * 10 + NOT_SENT] > 0);
	assert_true(seen[DELIVERED * 10 + IN_DOUBT] > 0);
	worker_process_close(&w);
}

/* The session of a message ends before the worker takes the message. */
static void
ends_before_the_attempt(void **state)
{
	size_t			ending = (size_t)(uintptr_t)*state;
	size_t			other = 1 - ending;
	struct worker_process	w;
	struct session_process	p[MESSAGES];
	struct serve_request	request;

	worker_process_open(&w, &(struct script){ 0 });
	worker_process_start(&w);
	for (size_t i = 0; i < MESSAGES; i++)
		start_session(&p[i], to[i]);
	for (size_t i = 0; i < MESSAGES; i++)
		assert_int_equal(serve_channel_receive(p[i].channel, &request,
		    sizeof(request), p[i].fds), sizeof(request));
	kill(p[ending].pid, SIGKILL);
	assert_int_equal(end_session(&p[ending]), NOT_SENT);
	serve(&w, p);
	assert_int_equal(end_session(&p[other]), DELIVERED);
	assert_int_equal(worker_process_end(&w), 0);
	assert_int_equal(arrived(w.host, to[ending]), 0);
	assert_int_equal(arrived(w.host, to[other]), 1);
	worker_process_close(&w);
}

#define DATA	"PIPELINING\n8BITMIME"
#define BDAT	"PIPELINING\n8BITMIME\nCHUNKING"

static const struct CMUnitTest crash_spec[] = {
	{ "a worker is killed, DATA", is_killed, NULL, NULL,
	    &(struct script){ .keywords = DATA } },
	{ "a worker is killed, BDAT", is_killed, NULL, NULL,
	    &(struct script){ .keywords = BDAT } },
	{ "the session of the first message has ended",
	    ends_before_the_attempt, NULL, NULL, (void *)(uintptr_t)0 },
	{ "the session of the next message has ended",
	    ends_before_the_attempt, NULL, NULL, (void *)(uintptr_t)1 },
};

int
main(void)
{
	return cmocka_run_group_tests(crash_spec, NULL, NULL);
}
