/*
 * interrupt.h - delay signals while the process holds a message
 *
 * If a signal ended the process, the message that it has read would be lost.
 * While signals are held, each wait also polls .fd; after a signal, the wait
 * ends, interrupt_came() is true, and the caller queues the message.  Signals
 * that were ignored or blocked before are not affected.
 *
 * The same waits call a function once if they last longer than expected.
 */
#ifndef UTIL_INTERRUPT_H
#define UTIL_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/failure.h"

struct interrupt {
	int		fd;		/* readable after a signal; -1: signals
					 * are not held */
	int		signal;		/* the first one received, or 0 */
	sigset_t	before;		/* the mask to restore */
	int64_t		callback_ms;	/* clock_ms(); 0: never */
	void		(*callback)(void *context);
	void		*context;
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

/*
 * From now on, the first wait that has not ended after ms calls callback(),
 * once, and continues.  NULL: does not call anything any more.
 */
void	interrupt_set_callback(struct interrupt *, int64_t ms,
	    void (*callback)(void *context), void *context);

/* Calls callback() now, if it has not been called. */
void	interrupt_call_back(struct interrupt *);

/*
 * Call this before each wait of left ms (-1: no limit): calls callback() if it
 * is due, and returns the number of ms after which this must be called again.
 * Makes no system call of its own; the argument may be NULL.
 */
int64_t	interrupt_limit_wait(struct interrupt *, int64_t left);

/* Stops holding signals; the received one takes effect. */
void	interrupt_release(struct interrupt *);

#endif
