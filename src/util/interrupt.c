#include "util/interrupt.h"

#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/clock.h"

/* The caller may have set timers and limits before exec. */
static const int signals[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2,
	SIGVTALRM, SIGPROF, SIGXCPU, SIGIO,
};

void
interrupt_hold(struct interrupt *i)
{
	sigset_t	set;

	*i = (struct interrupt){ .fd = -1 };
	sigemptyset(&set);
	for (size_t k = 0; k < sizeof(signals) / sizeof(*signals); k++)
		sigaddset(&set, signals[k]);
	if (sigprocmask(SIG_BLOCK, &set, &i->before) == -1)
		return;
	for (size_t k = 0; k < sizeof(signals) / sizeof(*signals); k++)
		if (sigismember(&i->before, signals[k]))
			sigdelset(&set, signals[k]);
	i->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (i->fd == -1)
		sigprocmask(SIG_SETMASK, &i->before, NULL);
}

bool
interrupt_came(struct interrupt *i)
{
	struct signalfd_siginfo	info;
	struct sigaction	action;

	if (i == NULL)
		return false;
	while (i->signal == 0 && i->fd != -1 &&
	    read(i->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		int	sig = (int)info.ssi_signo;

		/* signalfd(2) also reports blocked signals that are ignored. */
		if (sigaction(sig, NULL, &action) == -1 ||
		    action.sa_handler != SIG_IGN)
			i->signal = sig;
	}
	return i->signal != 0;
}

bool
interrupt_is_known(const struct interrupt *i)
{
	return i != NULL && i->signal != 0;
}

bool
interrupt_failed(const struct interrupt *i, struct failure *why)
{
	return failed(why, EX_TEMPFAIL, "interrupted by signal %d (%s)",
	    i->signal, strsignal(i->signal));
}

void
interrupt_set_callback(struct interrupt *i, int64_t ms,
    void (*callback)(void *context), void *context)
{
	i->callback_ms = callback != NULL ? clock_ms() + ms : 0;
	i->callback = callback;
	i->context = context;
}

void
interrupt_call_back(struct interrupt *i)
{
	if (i->callback_ms == 0)
		return;
	i->callback_ms = 0;
	i->callback(i->context);
}

int64_t
interrupt_limit_wait(struct interrupt *i, int64_t left)
{
	int64_t	remaining;

	if (i == NULL || i->callback_ms == 0 || interrupt_is_known(i))
		return left;
	remaining = i->callback_ms - clock_ms();
	if (remaining <= 0) {
		interrupt_call_back(i);
		return left;
	}
	return left < 0 || remaining < left ? remaining : left;
}

void
interrupt_release(struct interrupt *i)
{
	if (i->fd == -1)
		return;
	close(i->fd);
	i->fd = -1;
	sigprocmask(SIG_SETMASK, &i->before, NULL);
	if (i->signal != 0)
		raise(i->signal);
}
