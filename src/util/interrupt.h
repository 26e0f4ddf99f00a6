/*
 * interrupt.h - delay signals while the process holds a message
 *
 * If a signal ended the process, the message that it has read would be lost.
 * While signals are held, each wait also polls .fd; after a signal, the wait
 * ends, interrupt_came() is true, and the caller queues the message.  Signals
 * that were ignored or blocked before are not affected.
 */
#ifndef UTIL_INTERRUPT_H
#define UTIL_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

#include "util/failure.h"

struct interrupt {
	int		fd;		/* readable after a signal; -1: signals
					 * are not held */
	int		signal;		/* the first one received, or 0 */
	sigset_t	before;		/* the mask to restore */
};

/* Holds signals.  On failure, signals still end the process. */
void	interrupt_hold(struct interrupt *);

/*
 * Whether a signal was received; false if the argument is NULL.  Makes a system
 * call unless it has returned true before.
 */
bool	interrupt_came(struct interrupt *);

/* Whether interrupt_came() has returned true before. */
bool	interrupt_is_known(const struct interrupt *);

/* Sets *why to EX_TEMPFAIL and the name of the signal; returns false. */
bool	interrupt_failed(const struct interrupt *, struct failure *why);

/* Stops holding signals; the received one takes effect. */
void	interrupt_release(struct interrupt *);

#endif
