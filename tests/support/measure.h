/*
 * measure.h - what a run of relais costs, counted and not timed
 *
 * Each runs BUILD/relais with these arguments (NULL at the end, the
 * program's name first) and fails the test where that does not end with 0.
 */
#ifndef SUPPORT_MEASURE_H
#define SUPPORT_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/program.h"
#include "support/smarthost.h"

/* User space instructions by callgrind, the dynamic loader's included. */
long	measure_instructions(const char *const *argv, const char *input);

struct calls {
	long	all;		/* system calls, execve included */
	long	objects;	/* shared objects that were opened */
	long	writes;		/* to sockets of the network */
	bool	ssl;		/* libssl was among the objects */
};

void	measure_calls(struct calls *, const char *const *argv,
	    const char *input);

/*
 * The most memory it had resident until the smarthost, which holds back its
 * final reply, had all of the message; in KiB.
 */
long	measure_memory(const struct program *, struct smarthost *);

#endif
