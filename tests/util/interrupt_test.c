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

/* What a child does with the signal, and how it ends. */
struct example {
	void	(*before)(void);	/* what it inherits */
	int	sig;
	bool	released;
	int	status;			/* -1: ended by the signal */
};

enum { CAME = 10, NOT_CAME = 11 };

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
run(const struct example *e)
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
	/* Once it is known, it stays known. */
	if (came != interrupt_came(&i) || came != (i.signal == e->sig))
		_exit(EXIT_FAILURE);
	if (e->released)
		interrupt_release(&i);
	_exit(came ? CAME : NOT_CAME);
}

static void
ends(void **state)
{
	const struct example	*e = *state;
	pid_t			 pid = fork();
	int			 status;

	assert_int_not_equal(pid, -1);
	if (pid == 0)
		run(e);
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
	ENDS("SIGTERM is held back", NULL, SIGTERM, false, CAME),
	ENDS("SIGINT is", NULL, SIGINT, false, CAME),
	ENDS("SIGHUP is", NULL, SIGHUP, false, CAME),
	ENDS("SIGQUIT is", NULL, SIGQUIT, false, CAME),
	ENDS("the alarm that a caller set is", NULL, SIGALRM, false, CAME),
	ENDS("SIGUSR1 is", NULL, SIGUSR1, false, CAME),
	ENDS("SIGUSR2 is", NULL, SIGUSR2, false, CAME),
	ENDS("the limit of processor time is", NULL, SIGXCPU, false, CAME),
	ENDS("it takes effect when it is released", NULL, SIGTERM, true, -1),
	ENDS("as nohup(1) wants it, an ignored one is none", ignore_hup,
	    SIGHUP, true, NOT_CAME),
	ENDS("but another one is", ignore_hup, SIGTERM, false, CAME),
	ENDS("a signal that was blocked stays blocked", block_hup, SIGHUP,
	    true, NOT_CAME),
	ENDS("and does not hide another one", block_hup, SIGTERM, true, -1),
};

int
main(void)
{
	return cmocka_run_group_tests(interrupt_spec, NULL, NULL);
}
