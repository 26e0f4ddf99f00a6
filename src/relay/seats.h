/*
 * seats.h - limit the number of connections for the messages of a section
 *
 * For the key connections in a section.  The processes that send messages share
 * a file.  A process that has a connection for a section holds a lock on one of
 * the octets of that section.  The lock ends with the process.
 */
#ifndef RELAY_SEATS_H
#define RELAY_SEATS_H

#include <sys/types.h>

#include <stdbool.h>

#include "config/config.h"
#include "util/failure.h"
#include "util/interrupt.h"

struct seats {
	int	file;		/* file_in_memory(); -1: no limit is kept */
	int	wait_ms;	/* for a free seat */
	off_t	taken;		/* its octet; 0: none */
};

/* Whether any section has its own number. */
bool	seats_are_set(const struct config *);

/*
 * Takes a seat for the messages of a subject, if they need one, and releases
 * the seat that this process holds for others.  Returns false with EX_TEMPFAIL
 * if no seat is free in time, or if a signal arrives; interrupt may be NULL.
 */
bool	seats_take(struct seats *, const struct config *,
	    const struct config_subject *, struct interrupt *,
	    struct failure *why);

/* After the connection is closed. */
void	seats_leave(struct seats *);

#endif
