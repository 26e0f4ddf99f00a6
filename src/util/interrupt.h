/*
 * interrupt.h - signals that wait while a message is in hand
 *
 * A signal whose default is to end the process would take the message with it
 * that the process has read.  While it is held back, whoever waits for
 * something else polls .fd as well, and gives the message up to a safer place
 * when interrupt_came() says so.  A signal that was ignored or blocked before
 * stays that.
 */
#ifndef UTIL_INTERRUPT_H
#define UTIL_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

#include "util/failure.h"

struct interrupt {
	int		fd;		/* readable when one has come; -1: none
					 * is held back */
	int		signal;		/* the first that came, or 0 */
	sigset_t	before;		/* the mask to return to */
};

/* From now on.  If the system refuses it, signals end us as before. */
void	interrupt_hold(struct interrupt *);

/* NULL: no.  A system call until it is known. */
bool	interrupt_came(struct interrupt *);

/* interrupt_came() has said so already. */
bool	interrupt_is_known(const struct interrupt *);

/* Fills *why with EX_TEMPFAIL and the signal that came; returns false. */
bool	interrupt_failed(const struct interrupt *, struct failure *why);

/* The one that came takes effect now. */
void	interrupt_release(struct interrupt *);

#endif
