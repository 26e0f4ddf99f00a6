/*
 * interrupt.h - delay signals while the process holds a message
 *
 * A signal that ends the process would lose the message that it has read.
 * While signals are held, code that waits for something else also polls .fd.
 * If interrupt_came() is true, it returns, and the caller puts the message into
 * the queue.  Signals that were ignored or blocked before are not affected.
 */
#ifndef UTIL_INTERRUPT_H
#define UTIL_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

#include "util/failure.h"

struct interrupt {
	int		fd;		/* readable after a signal; -1: signals
					 * are not held */
	int		signal;		/* the first one that came, or 0 */
	sigset_t	before;		/* the mask to restore */
};

/* Holds signals.  If that fails, signals end the process as before. */
void	interrupt_hold(struct interrupt *);

/*
 * Whether a signal came; false if the argument is NULL.  Makes a system call
 * until the result is true.
 */
bool	interrupt_came(struct interrupt *);

/* Whether interrupt_came() has returned true before. */
bool	interrupt_is_known(const struct interrupt *);

/* Sets *why to EX_TEMPFAIL and the name of the signal; returns false. */
bool	interrupt_failed(const struct interrupt *, struct failure *why);

/* Stops holding signals; one that came takes effect. */
void	interrupt_release(struct interrupt *);

#endif
