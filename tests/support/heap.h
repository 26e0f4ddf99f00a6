/*
 * heap.h - the memory that a program and its children allocate
 *
 * counting.so (tests/program/counting.c), which is loaded before libc, counts
 * the blocks of malloc(3) and their octets in memory that it shares with the
 * test.  A child begins with what its parent has.
 *
 *	heap_open(&h, &dir);
 *	... run the program with h.environment ...
 *	heap_copy(&h, &few);
 *	... let it do the same many times more ...
 *	heap_copy(&h, &many);
 *	heap_close(&h);
 */
#ifndef SUPPORT_HEAP_H
#define SUPPORT_HEAP_H

#include <stdatomic.h>

#include "support/temp_dir.h"

#define HEAP_COUNTING	BUILD "/tests/program/counting.so"

enum { HEAP_PROCESSES = 1024 };

struct heap_use {
	atomic_long	blocks, octets;			/* now */
	atomic_long	most_blocks, most_octets;	/* at any time */
};

/* In shared memory.  Processes are in the order of their start. */
struct heap_state {
	atomic_uint	processes;	/* beside the first one */
	struct heap_use	process[HEAP_PROCESSES];
};

struct heap {
	struct heap_state *state;	/* mapped */
	char		 text[2][200];
	const char	*environment[7];	/* for .env of struct program */
};

/* What each process has allocated so far. */
struct heap_copy {
	unsigned	n;
	struct {
		long	blocks, octets;	/* at most */
	}		process[HEAP_PROCESSES];
};

void	heap_open(struct heap *, struct temp_dir *);
void	heap_close(struct heap *);

/* Forgets all processes. */
void	heap_clear(struct heap *);

void	heap_copy(const struct heap *, struct heap_copy *);

#endif
