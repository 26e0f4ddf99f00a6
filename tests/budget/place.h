/*
 * place.h - a private copy of the machine for one program of the benchmark
 *
 * A program that is measured has its own configuration in /etc, its own queue
 * in /var/spool, and an empty /run.  The files of its package are in an image,
 * which tests/servers/image.sh has unpacked in build/servers.  relais runs in
 * such a place, too, so that all programs have the same file systems.  Changes
 * are kept in memory.  A place has its own processes, which end with it, but
 * not its own network.
 *
 * Requires root.  An error ends the program.
 */
#ifndef BUDGET_PLACE_H
#define BUDGET_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PLACE_HOME	"/run/home"	/* the programs' HOME */

struct place {
	char	root[128];	/* a directory in memory */
	pid_t	keeper;		/* its first process; 0: no place */
	int	mounts, pids;	/* its namespaces */
	int	errors;		/* stderr of its programs */
};

/*
 * Returns false if the image does not exist; NULL: the machine itself.
 * furnish is called inside, before any other program is started.
 */
bool	place_open(struct place *, const char *image,
	    void (*furnish)(const void *), const void *ctx);
void	place_close(struct place *);	/* kills its processes */

/* Standard input: a file or a short text. */
struct place_input {
	const char	*file, *text;
};

/*
 * Starts a program, which must have an absolute path.  Its standard output and
 * error go to the file of errors, or standard output to a pipe, whose other
 * end is *out.
 */
pid_t	place_start(const struct place *, const char *const *argv,
	    const struct place_input *, int *out);

enum { PLACE_WAIT_MAX = 16 };

/*
 * Waits for one of n programs that place_start() has started, sets its process
 * ID to 0, and returns its index; n at the deadline (CLOCK_MONOTONIC).
 */
size_t	place_wait(pid_t *, size_t n, int64_t deadline_ns, int *status);

/* Writes the end of the programs' output to standard error. */
void	place_show_errors(const struct place *);

/* Waits up to ten seconds for a file. */
bool	place_wait_file(const struct place *, const char *path);

struct place_memory {
	long	peak_kib;	/* resident, of its largest process */
	long	all_kib;	/* proportional (PSS), of all processes */
};

struct place_memory place_memory(const struct place *);

/* For furnish: writes a file and its directories; runs a shell command. */
void	place_write(const char *path, mode_t, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
void	place_shell(const char *command);

int64_t	place_now_ns(void);

#endif
