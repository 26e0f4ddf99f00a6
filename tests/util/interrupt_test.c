/*
 * Signals that wait while a message is in hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/interrupt.h"

static bool
is_readable(const struct interrupt *i)
{
	struct pollfd	p = { .fd = i->fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* A child that holds signals and sends itself one. */
struct example {
	void	(*before)(void);	/* sets what the child inherits */
	int	sig;
	bool	released;
	int	status;			/* -1: the signal ends the child */
};

enum { RECEIVED = 10, NOT_RECEIVED = 11 };

static void
ignore_hup(void)
{
	signal(SIGHUP, SIG_IGN);
}

static void
block_hup(void)
{
	sigset_t	set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void
run_child(const struct example *e)
{
	struct interrupt	i;
	bool			came;

	if (e->before != NULL)
		e->before();
	interrupt_hold(&i);
	if (interrupt_came(&i) || is_readable(&i))
		_exit(EXIT_FAILURE);
	raise(e->sig);
	came = interrupt_came(&i);
	/* The result does not change. */
	if (came != interrupt_came(&i) || came != (i.signal == e->sig))
		_exit(EXIT_FAILURE);
	if (e->released)
		interrupt_release(&i);
	_exit(came ? RECEIVED : NOT_RECEIVED);
}

static void
ends(void **state)
{
	const struct example	*e = *state;
	pid_t			 pid = fork();
	int			 status;

	assert_int_not_equal(pid, -1);
	if (pid == 0)
		run_child(e);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (e->status == -1) {
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), e->sig);
	} else {
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), e->status);
	}
}

#define ENDS(sentence, ...) { sentence, ends, NULL, NULL, \
	&(struct example){ __VA_ARGS__ } }

static const struct CMUnitTest interrupt_spec[] = {
	ENDS("SIGTERM is held", NULL, SIGTERM, false, RECEIVED),
	ENDS("SIGINT is held", NULL, SIGINT, false, RECEIVED),
	ENDS("SIGHUP is held", NULL, SIGHUP, false, RECEIVED),
	ENDS("SIGQUIT is held", NULL, SIGQUIT, false, RECEIVED),
	ENDS("the alarm of a caller is held", NULL, SIGALRM, false, RECEIVED),
	ENDS("SIGUSR1 is held", NULL, SIGUSR1, false, RECEIVED),
	ENDS("SIGUSR2 is held", NULL, SIGUSR2, false, RECEIVED),
	ENDS("the signal of the CPU time limit is held",
	    NULL, SIGXCPU, false, RECEIVED),
	ENDS("a signal takes effect when signals are released",
	    NULL, SIGTERM, true, -1),
	ENDS("a signal that is ignored, as by nohup(1), has no effect",
	    ignore_hup, SIGHUP, true, NOT_RECEIVED),
	ENDS("another signal is held", ignore_hup, SIGTERM, false, RECEIVED),
	ENDS("a signal that was blocked stays blocked", block_hup, SIGHUP,
	    true, NOT_RECEIVED),
	ENDS("a blocked signal does not hide another one",
	    block_hup, SIGTERM, true, -1),
};

int
main(void)
{
	return cmocka_run_group_tests(interrupt_spec, NULL, NULL);
}
