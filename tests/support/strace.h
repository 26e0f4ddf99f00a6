/*
 * strace.h - the system calls of a program, to let each of them fail
 *
 *	strace_learn(&calls, path, NULL);	output of strace -o path
 *	while (strace_next(&walk, inject, sizeof(inject)))
 *		... run the program under strace -e inject ...
 */
#ifndef SUPPORT_STRACE_H
#define SUPPORT_STRACE_H

#include <stdbool.h>
#include <stddef.h>

#define STRACE	"/usr/bin/strace"

enum { STRACE_CALLS_MAX = 200 };

/* One name of a call: which of its uses, counted in a process, matter. */
struct strace_call {
	char	name[24];
	int	first;
	int	last;
};

struct strace_calls {
	struct strace_call	call[STRACE_CALLS_MAX];
	size_t			n;
};

/* Skips the test if programs cannot be traced. */
void	strace_need(void);

/* relais -C conf, to be run under strace. */
struct strace_relais {
	const char		*output;	/* of strace -f */
	const char		*conf;
	const char		*inject;	/* separated by blanks; NULL:
						 * none */
	const char *const	*words;		/* further arguments */
	const char		*input;
};

/* Returns the exit status, or -1 if it was killed. */
int	strace_relais(const struct strace_relais *);

/* The calls in a trace after the line that contains marker (NULL: all). */
void	strace_learn(struct strace_calls *, const char *trace,
	    const char *marker);

struct strace_fault {
	const char	*how;		/* "signal=KILL", "error=EIO" */
	const char	*calls;		/* " write fsync "; NULL: all that
					 * change something outside the
					 * process */
	bool		 lasting;	/* each later call of that name, too */
};

/* .calls and .fault are borrowed; the rest begins as 0. */
struct strace_walk {
	const struct strace_calls *calls;
	const struct strace_fault *fault;
	size_t			   at;
	int			   nth;
};

/* Writes the next "inject=write:signal=KILL:when=3"; false after the last. */
bool	strace_next(struct strace_walk *, char *inject, size_t size);

#endif
