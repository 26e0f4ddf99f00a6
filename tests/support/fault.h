/*
 * fault.h - faults in a program: failing calls of libc, signals, wrong clocks
 *
 * faulty.so (tests/program/faulty.c), which is loaded before libc, counts the
 * calls of the functions in struct fault and lets one of them fail.  The
 * program and its children share memory with the test for this.
 *
 *	fault_open(&f, &dir);
 *	fault_begin(&f, &(struct fault){ .functions = "read pread",
 *	    .kind = FAULT_ERROR, .error = EIO });
 *	... run the program with fault_environment(&f): it only counts ...
 *	fault_choose(&f, 0, 0);
 *	while (fault_next(&f))
 *		... run the program with fault_environment(&f) ...
 *	fault_close(&f);
 */
#ifndef SUPPORT_FAULT_H
#define SUPPORT_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/temp_dir.h"

#define FAULTY	BUILD "/tests/program/faulty.so"

/* The functions that faulty.so replaces. */
#define FAULT_FUNCTIONS(X) \
	X(malloc) X(calloc) X(realloc) X(reallocarray) \
	X(open) X(openat) X(fopen) X(fdopendir) X(opendir) X(mkostemp) \
	X(memfd_create) X(pipe2) X(socketpair) X(signalfd) X(dup2) \
	X(read) X(pread) X(recv) X(recvmsg) X(readdir) X(readlink) \
	X(write) X(pwrite) X(pwritev2) X(send) X(sendmsg) X(sendfile) \
	X(copy_file_range) X(ftruncate) X(fflush) \
	X(fsync) X(fdatasync) X(close) X(fclose) \
	X(linkat) X(renameat) X(renameat2) X(unlink) X(unlinkat) X(mkdir) \
	X(mkdirat) \
	X(fstat) X(fstatat) X(stat) X(lstat) X(access) X(faccessat) X(fchmod) \
	X(chmod) X(chown) X(flock) X(posix_fallocate) X(fchown) X(futimens) X(utimensat) X(fcntl) X(ioctl) X(lseek) \
	X(fstatvfs) X(mmap) \
	X(socket) X(connect) X(bind) X(listen) X(accept4) X(setsockopt) \
	X(getsockopt) X(getsockname) X(getpeername) X(shutdown) X(poll) \
	X(getaddrinfo) X(getnameinfo) X(res_nquery) X(getpwuid) X(getpwnam) \
	X(getgrgid) X(getgrnam) X(gethostname) X(dlopen) \
	X(fork) X(execve) X(execvp) X(waitpid) X(waitid) X(pthread_create) \
	X(setsid) X(setpgid) X(prctl) X(syscall) X(sigtimedwait) \
	X(clock_gettime) X(time)

enum fault_function {
#define FAULT_NAME(name)	FAULT_OF_##name,
	FAULT_FUNCTIONS(FAULT_NAME)
#undef FAULT_NAME
	FAULT_N
};

enum fault_kind {
	FAULT_ERROR,		/* fails with .error and has no effect */
	FAULT_LATE_ERROR,	/* fails with .error after it has taken effect,
				 * as on a network file system */
	FAULT_SHORT,		/* reads or writes a single octet or, if
				 * .lasting, at most a hundred */
	FAULT_SIGNAL,		/* the signal .error arrives before the call */
	FAULT_CLOCK,		/* the clock changes by .error seconds */
};

struct fault {
	const char	*functions;	/* separated by blanks; NULL: all but
					 * those for memory and clocks */
	enum fault_kind	 kind;
	int		 error;		/* errno; of getaddrinfo(3), EAI_* */
	bool		 lasting;	/* each later call fails, too, in every
					 * process */
};

enum {
	FAULT_PROCESSES = 64,
	FAULT_CALLS = 4096,	/* of a process; later ones do not fail */
};

/* In shared memory. */
struct fault_state {
	/* Set by the test. */
	bool		 is_in[FAULT_N];
	enum fault_kind	 kind;
	int		 error;
	bool		 lasting;
	unsigned	 process;	/* in the order of their start, from 0 */
	unsigned	 nth;		/* call of that process; 0: none */

	/* Set by the program. */
	atomic_uint	 processes;
	atomic_uint	 calls[FAULT_PROCESSES];
	unsigned char	 called[FAULT_PROCESSES][FAULT_CALLS];	/* enum
						 * fault_function */
	atomic_uint	 hits;
	atomic_int	 clock;		/* seconds to add */
	atomic_bool	 ended;		/* enough memory was released */

	/* The first call that failed. */
	enum fault_function function;
	int		 fd;		/* its first argument, or -1 */
	uintptr_t	 caller;	/* offset in .object */
	char		 object[64];

	bool		 last_in_libc;	/* the last one was called by libc */
};

struct fault_run {
	struct fault_state *state;	/* mapped */
	struct fault_call {
		unsigned	process, nth;
	}		*chosen;	/* owned */
	size_t		 n, at;
	char		 text[4][200];
	const char	*environment[9];
};

/* Skips the test if objects cannot be preloaded. */
void	fault_open(struct fault_run *, struct temp_dir *);
void	fault_close(struct fault_run *);

/* The next run counts the calls. */
void	fault_begin(struct fault_run *, const struct fault *);

/*
 * Chooses the calls that fail, after the run that counted them.  max 0: all, or
 * a thousand of each process.  Otherwise at most max, one of each function in
 * each process, which depend on seed.
 */
void	fault_choose(struct fault_run *, size_t max, unsigned seed);

/*
 * Prepares the run in which the next chosen call fails; false after the last
 * one.
 */
bool	fault_next(struct fault_run *);

/* The next run has no fault. */
void	fault_none(struct fault_run *);

/* For .env of struct program. */
const char *const *fault_environment(struct fault_run *);

/* "fsync(3) from sendmail+0x1234"; valid until the next call. */
const char *fault_describe(const struct fault_run *);

#endif
