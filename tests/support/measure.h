/*
 * measure.h - count the instructions, system calls and memory of a run
 *
 * Each function runs BUILD/relais with these arguments (the program's name
 * first, NULL last) and fails the test if the exit status is not 0.
 */
#ifndef SUPPORT_MEASURE_H
#define SUPPORT_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/mock_smtp.h"
#include "support/program.h"

/* User space instructions by callgrind, including the dynamic loader. */
long	measure_instructions(const char *const *argv, const char *input);

struct measured_calls {
	long	all;		/* system calls, execve included */
	long	objects;	/* shared objects that were opened */
	long	writes;		/* to sockets of the network */
	bool	ssl;		/* libssl was opened */
};

void	measure_calls(struct measured_calls *, const char *const *argv,
	    const char *input);

/*
 * The peak resident memory in KiB until the smarthost, which holds back its
 * final reply, has the whole message.
 */
long	measure_memory(const struct program *, struct mock_smtp *);

#endif
