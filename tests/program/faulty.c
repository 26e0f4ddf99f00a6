/*
 * Faults in a program: this object is loaded before libc (LD_PRELOAD).  It
 * replaces the functions of support/fault.h by functions that count the calls
 * and let one of them fail.
 *
 * Calls from within libc are not replaced, except those of malloc(3).  Programs
 * that the program starts are not affected.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/fault.h"

enum { FEW = 100, LARGE = 32 * 1024 };	/* octets */

static struct fault_state	*state;		/* NULL: no faults */
static unsigned			 process;

__attribute__((constructor)) static void
begin(void)
{
	const char	*path = getenv("FAULTY_STATE");
	int		 fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void		*shared;

	if (fd == -1)
		return;
	shared = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	close(fd);
	unsetenv("LD_PRELOAD");
	unsetenv("FAULTY_STATE");
	if (shared != MAP_FAILED)
		state = shared;
}

static void *
find(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

/* Whether the fault occurs in this call of a chosen function; it is counted. */
static bool
occurs(enum fault_function function)
{
	unsigned	n;

	n = atomic_fetch_add(&state->calls[process], 1) + 1;
	if (n <= FAULT_CALLS)
		state->called[process][n - 1] = (unsigned char)function;
	if (state->lasting && atomic_load(&state->hits) > 0)
		return !state->ended;
	return state->process == process && state->nth == n;
}

static void
note(enum fault_function function, int fd, const void *caller)
{
	Dl_info		 info;
	const char	*name = "", *slash;
	uintptr_t	 base = 0;

	if (dladdr(caller, &info) != 0) {
		slash = strrchr(info.dli_fname, '/');
		name = slash != NULL ? slash + 1 : info.dli_fname;
		base = (uintptr_t)info.dli_fbase;
	}
	state->last_in_libc = strcmp(name, "libc.so.6") == 0;
	if (atomic_fetch_add(&state->hits, 1) > 0)
		return;
	state->function = function;
	state->fd = fd;
	snprintf(state->object, sizeof(state->object), "%s", name);
	state->caller = (uintptr_t)caller - base;
}

/* Its type, and that of a socket in *type; 0 without a descriptor. */
static mode_t
format_of(int fd, int *type)
{
	static int	(*fstat_next)(int, struct stat *);
	static int	(*getsockopt_next)(int, int, int, void *, socklen_t *);
	struct stat	 st;
	socklen_t	 size = sizeof(*type);

	if (fstat_next == NULL) {
		*(void **)&fstat_next = find("fstat");
		*(void **)&getsockopt_next = find("getsockopt");
	}
	*type = 0;
	if (fd == -1 || fstat_next(fd, &st) != 0)
		return 0;
	if (S_ISSOCK(st.st_mode))
		getsockopt_next(fd, SOL_SOCKET, SO_TYPE, type, &size);
	return st.st_mode & S_IFMT;
}

/*
 * Whether the system could let a call with the descriptor fail in this way.  A
 * write to a pipe or socket does not need the disk; and a part of a datagram,
 * or of the record of a signalfd(2), is never returned.
 */
static bool
is_possible(int fd)
{
	int	type;
	mode_t	format;

	switch (state->kind) {
	case FAULT_ERROR:
		if (state->error != ENOSPC)
			return true;
		format = format_of(fd, &type);
		return format != S_IFIFO && format != S_IFSOCK;
	case FAULT_SHORT:
		format = format_of(fd, &type);
		return format == S_IFREG || format == S_IFIFO ||
		    (format == S_IFSOCK && type == SOCK_STREAM);
	case FAULT_LATE_ERROR:
	case FAULT_SIGNAL:
	case FAULT_CLOCK:
		return true;
	}
	return true;
}

enum verdict { SUCCEED, FAIL, FAIL_LATE, CUT };

static enum verdict
judge(enum fault_function function, int fd, const void *caller)
{
	int	before = errno;

	if (state == NULL || !state->is_in[function] || !is_possible(fd) ||
	    !occurs(function))
		return SUCCEED;
	note(function, fd, caller);
	errno = before;
	switch (state->kind) {
	case FAULT_ERROR:
		errno = state->error;
		return FAIL;
	case FAULT_LATE_ERROR:
		return FAIL_LATE;
	case FAULT_SHORT:
		return CUT;
	case FAULT_SIGNAL:
		raise(state->error);
		return SUCCEED;
	case FAULT_CLOCK:
		if (state->clock == 0)
			state->clock = state->error;
		return SUCCEED;
	}
	return SUCCEED;
}

/* Own names, because some declarations of libc are not ISO C. */
#define DECLARE(type, name, params) \
	type	faulty_##name params __asm__ (#name); \
	type faulty_##name params

#define NEXT(type, name, params) \
	static type	(*next) params; \
	if (next == NULL) \
		*(void **)&next = find(#name)

#define JUDGE(name, fd) \
	judge(FAULT_OF_##name, fd, __builtin_return_address(0))

/* A function that returns failure and errno if it fails. */
#define FAIL_CALL(type, name, failure, fd, params, args) \
	DECLARE(type, name, params) \
	{ \
		enum verdict	 verdict = JUDGE(name, fd); \
		NEXT(type, name, params); \
		if (verdict == FAIL) \
			return failure; \
		if (verdict == FAIL_LATE) { \
			(void)next args; \
			errno = state->error; \
			return failure; \
		} \
		return next args; \
	}

/* A function that reads or writes size octets. */
#define FAIL_IO(name, size, params, args) \
	DECLARE(ssize_t, name, params) \
	{ \
		enum verdict	 verdict = JUDGE(name, fd); \
		NEXT(ssize_t, name, params); \
		if (verdict == FAIL || verdict == FAIL_LATE) { \
			errno = state->error; \
			return -1; \
		} \
		if (verdict == CUT && size > 0) \
			size = state->lasting && size > FEW ? FEW : 1; \
		return next args; \
	}

/* The last of several arguments, which is optional. */
#define OPTIONAL(type, last, argument) \
	do { \
		va_list	list; \
		va_start(list, last); \
		argument = va_arg(list, type); \
		va_end(list); \
	} while (0)

FAIL_CALL(void *, malloc, NULL, -1, (size_t n), (n))
FAIL_CALL(void *, calloc, NULL, -1, (size_t n, size_t size), (n, size))
FAIL_CALL(void *, realloc, NULL, -1, (void *p, size_t n), (p, n))
FAIL_CALL(void *, reallocarray, NULL, -1, (void *p, size_t n, size_t size),
    (p, n, size))

/* A large block that is released ends the lack of memory. */
DECLARE(void, free, (void *p))
{
	NEXT(void, free, (void *));

	if (state != NULL && state->lasting && state->hits > 0 &&
	    state->is_in[FAULT_OF_malloc] && p != NULL &&
	    malloc_usable_size(p) >= LARGE)
		state->ended = true;
	next(p);
}

/* Without FAULT_LATE_ERROR, which would lose the descriptor. */
#define FAIL_OPEN(name, fd, params, args) \
	DECLARE(int, name, params) \
	{ \
		enum verdict	 verdict = JUDGE(name, fd); \
		mode_t		 mode = 0; \
		NEXT(int, name, params); \
		if (verdict == FAIL || verdict == FAIL_LATE) { \
			errno = state->error; \
			return -1; \
		} \
		if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) != 0) \
			OPTIONAL(unsigned, flags, mode); \
		return next args; \
	}

FAIL_OPEN(open, -1, (const char *path, int flags, ...), (path, flags, mode))
FAIL_OPEN(openat, fd, (int fd, const char *path, int flags, ...),
    (fd, path, flags, mode))
FAIL_CALL(FILE *, fopen, NULL, -1, (const char *path, const char *mode),
    (path, mode))
FAIL_CALL(void *, fdopendir, NULL, fd, (int fd), (fd))
FAIL_CALL(void *, opendir, NULL, -1, (const char *path), (path))
FAIL_CALL(int, mkostemp, -1, -1, (char *path, int flags), (path, flags))
FAIL_CALL(int, memfd_create, -1, -1, (const char *name, unsigned flags),
    (name, flags))
FAIL_CALL(int, pipe2, -1, -1, (int *ends, int flags), (ends, flags))
FAIL_CALL(int, socketpair, -1, -1, (int domain, int type, int protocol,
    int *ends), (domain, type, protocol, ends))
FAIL_CALL(int, signalfd, -1, fd, (int fd, const sigset_t *set, int flags),
    (fd, set, flags))
FAIL_CALL(int, dup2, -1, fd, (int fd, int to), (fd, to))

FAIL_IO(read, n, (int fd, void *to, size_t n), (fd, to, n))
FAIL_IO(pread, n, (int fd, void *to, size_t n, off_t at), (fd, to, n, at))
FAIL_IO(recv, n, (int fd, void *to, size_t n, int flags), (fd, to, n, flags))
FAIL_CALL(ssize_t, recvmsg, -1, fd, (int fd, struct msghdr *m, int flags),
    (fd, m, flags))
FAIL_CALL(struct dirent *, readdir, NULL, -1, (void *dir), (dir))
FAIL_CALL(ssize_t, readlink, -1, -1, (const char *path, char *to, size_t n),
    (path, to, n))

FAIL_IO(write, n, (int fd, const void *from, size_t n), (fd, from, n))
FAIL_IO(pwrite, n, (int fd, const void *from, size_t n, off_t at),
    (fd, from, n, at))
FAIL_CALL(ssize_t, pwritev2, -1, fd, (int fd, const struct iovec *v, int n,
    off_t at, int flags), (fd, v, n, at, flags))
FAIL_IO(send, n, (int fd, const void *from, size_t n, int flags),
    (fd, from, n, flags))
FAIL_CALL(ssize_t, sendmsg, -1, fd, (int fd, const struct msghdr *m, int flags),
    (fd, m, flags))
FAIL_IO(sendfile, n, (int fd, int from, off_t *at, size_t n),
    (fd, from, at, n))
FAIL_IO(copy_file_range, n, (int from, off_t *x, int fd, off_t *y, size_t n,
    unsigned flags), (from, x, fd, y, n, flags))
FAIL_CALL(int, ftruncate, -1, fd, (int fd, off_t size), (fd, size))
FAIL_CALL(int, fflush, EOF, f != NULL ? fileno(f) : -1, (FILE *f), (f))

FAIL_CALL(int, fsync, -1, fd, (int fd), (fd))
FAIL_CALL(int, fdatasync, -1, fd, (int fd), (fd))

/* Even if close(2) fails, the descriptor is closed. */
DECLARE(int, close, (int fd))
{
	enum verdict	 verdict = JUDGE(close, fd);
	NEXT(int, close, (int));
	int		 result = next(fd);

	if (verdict == FAIL || verdict == FAIL_LATE) {
		errno = state->error;
		return -1;
	}
	return result;
}

DECLARE(int, fclose, (FILE *f))
{
	enum verdict	 verdict = JUDGE(fclose, fileno(f));
	NEXT(int, fclose, (FILE *));
	int		 result = next(f);

	if (verdict == FAIL || verdict == FAIL_LATE) {
		errno = state->error;
		return EOF;
	}
	return result;
}

FAIL_CALL(int, linkat, -1, -1, (int d, const char *from, int e, const char *to,
    int flags), (d, from, e, to, flags))
FAIL_CALL(int, renameat, -1, -1, (int d, const char *from, int e,
    const char *to), (d, from, e, to))
FAIL_CALL(int, renameat2, -1, -1, (int d, const char *from, int e,
    const char *to, unsigned flags), (d, from, e, to, flags))
FAIL_CALL(int, unlink, -1, -1, (const char *path), (path))
FAIL_CALL(int, unlinkat, -1, -1, (int d, const char *path, int flags),
    (d, path, flags))
FAIL_CALL(int, mkdir, -1, -1, (const char *path, mode_t mode), (path, mode))
FAIL_CALL(int, mkdirat, -1, -1, (int d, const char *path, mode_t mode),
    (d, path, mode))

FAIL_CALL(int, fstat, -1, fd, (int fd, struct stat *st), (fd, st))
FAIL_CALL(int, fstatat, -1, -1, (int d, const char *path, struct stat *st,
    int flags), (d, path, st, flags))
FAIL_CALL(int, stat, -1, -1, (const char *path, struct stat *st), (path, st))
FAIL_CALL(int, lstat, -1, -1, (const char *path, struct stat *st), (path, st))
FAIL_CALL(int, access, -1, -1, (const char *path, int mode), (path, mode))
FAIL_CALL(int, faccessat, -1, -1, (int d, const char *path, int mode,
    int flags), (d, path, mode, flags))
FAIL_CALL(int, fchmod, -1, fd, (int fd, mode_t mode), (fd, mode))
FAIL_CALL(int, chmod, -1, -1, (const char *path, mode_t mode), (path, mode))
FAIL_CALL(int, chown, -1, -1, (const char *path, uid_t user, gid_t group),
    (path, user, group))
FAIL_CALL(int, flock, -1, fd, (int fd, int how), (fd, how))
FAIL_CALL(int, posix_fallocate, state->error, fd, (int fd, off_t at, off_t n),
    (fd, at, n))
FAIL_CALL(int, fchown, -1, fd, (int fd, uid_t user, gid_t group),
    (fd, user, group))
FAIL_CALL(int, futimens, -1, fd, (int fd, const struct timespec *t), (fd, t))
FAIL_CALL(int, utimensat, -1, -1, (int d, const char *path,
    const struct timespec *t, int flags), (d, path, t, flags))
FAIL_CALL(off_t, lseek, -1, fd, (int fd, off_t at, int whence),
    (fd, at, whence))
FAIL_CALL(int, fstatvfs, -1, fd, (int fd, struct statvfs *s), (fd, s))
FAIL_CALL(void *, mmap, MAP_FAILED, fd, (void *p, size_t n, int protection,
    int flags, int fd, off_t at), (p, n, protection, flags, fd, at))

/* Functions with one optional argument, which is a long or a pointer. */
#define FAIL_CONTROL(name, type) \
	DECLARE(int, name, (int fd, type request, ...)) \
	{ \
		enum verdict	 verdict = JUDGE(name, fd); \
		long		 argument; \
		static int	(*next)(int, type, ...); \
		if (next == NULL) \
			*(void **)&next = find(#name); \
		if (verdict == FAIL || verdict == FAIL_LATE) { \
			errno = state->error; \
			return -1; \
		} \
		OPTIONAL(long, request, argument); \
		return next(fd, request, argument); \
	}

FAIL_CONTROL(fcntl, int)
FAIL_CONTROL(ioctl, unsigned long)

FAIL_CALL(int, socket, -1, -1, (int domain, int type, int protocol),
    (domain, type, protocol))
FAIL_CALL(int, connect, -1, fd, (int fd, const struct sockaddr *a,
    socklen_t n), (fd, a, n))
FAIL_CALL(int, bind, -1, fd, (int fd, const struct sockaddr *a, socklen_t n),
    (fd, a, n))
FAIL_CALL(int, listen, -1, fd, (int fd, int n), (fd, n))
FAIL_CALL(int, accept4, -1, fd, (int fd, struct sockaddr *a, socklen_t *n,
    int flags), (fd, a, n, flags))
FAIL_CALL(int, setsockopt, -1, fd, (int fd, int level, int option,
    const void *value, socklen_t n), (fd, level, option, value, n))
FAIL_CALL(int, getsockopt, -1, fd, (int fd, int level, int option,
    void *value, socklen_t *n), (fd, level, option, value, n))
FAIL_CALL(int, getsockname, -1, fd, (int fd, struct sockaddr *a,
    socklen_t *n), (fd, a, n))
FAIL_CALL(int, getpeername, -1, fd, (int fd, struct sockaddr *a,
    socklen_t *n), (fd, a, n))
FAIL_CALL(int, shutdown, -1, fd, (int fd, int how), (fd, how))
FAIL_CALL(int, poll, -1, -1, (struct pollfd *p, nfds_t n, int ms), (p, n, ms))

/* With _FORTIFY_SOURCE. */
int	faulty_poll_chk(struct pollfd *, nfds_t, int ms, size_t)
	    __asm__ ("__poll_chk");

int
faulty_poll_chk(struct pollfd *p, nfds_t n, int ms, size_t size)
{
	static int	(*next)(struct pollfd *, nfds_t, int, size_t);

	if (next == NULL)
		*(void **)&next = find("__poll_chk");
	if (JUDGE(poll, -1) != SUCCEED) {
		errno = state->error;
		return -1;
	}
	return next(p, n, ms, size);
}

DECLARE(int, getaddrinfo, (const char *host, const char *service,
    const struct addrinfo *hints, struct addrinfo **list))
{
	enum verdict	 verdict = JUDGE(getaddrinfo, -1);
	NEXT(int, getaddrinfo, (const char *, const char *,
	    const struct addrinfo *, struct addrinfo **));

	if (verdict == FAIL)
		return state->error;
	return next(host, service, hints, list);
}

DECLARE(int, getnameinfo, (const struct sockaddr *a, socklen_t n, char *host,
    socklen_t host_size, char *port, socklen_t port_size, int flags))
{
	enum verdict	 verdict = JUDGE(getnameinfo, -1);
	NEXT(int, getnameinfo, (const struct sockaddr *, socklen_t, char *,
	    socklen_t, char *, socklen_t, int));

	if (verdict == FAIL)
		return state->error;
	return next(a, n, host, host_size, port, port_size, flags);
}

FAIL_CALL(int, res_nquery, -1, -1, (void *r, const char *name, int class,
    int type, unsigned char *to, int n), (r, name, class, type, to, n))
FAIL_CALL(void *, getpwuid, NULL, -1, (uid_t id), (id))
FAIL_CALL(void *, getpwnam, NULL, -1, (const char *name), (name))
FAIL_CALL(void *, getgrgid, NULL, -1, (gid_t id), (id))
FAIL_CALL(void *, getgrnam, NULL, -1, (const char *name), (name))
FAIL_CALL(int, gethostname, -1, -1, (char *to, size_t n), (to, n))

/* dlerror(3) has to know of the error. */
DECLARE(void *, dlopen, (const char *path, int flags))
{
	enum verdict	 verdict = JUDGE(dlopen, -1);
	NEXT(void *, dlopen, (const char *, int));

	return next(verdict == FAIL ? "/nowhere/faulty" : path, flags);
}

/* The number of the child is known before it runs. */
DECLARE(pid_t, fork, (void))
{
	enum verdict	 verdict = JUDGE(fork, -1);
	unsigned	 number;
	pid_t		 pid;
	NEXT(pid_t, fork, (void));

	if (verdict == FAIL)
		return -1;
	number = state != NULL ? atomic_fetch_add(&state->processes, 1) + 1 : 0;
	pid = next();
	if (pid == 0)
		process = number < FAULT_PROCESSES ? number :
		    FAULT_PROCESSES - 1;
	return pid;
}

FAIL_CALL(int, execve, -1, -1, (const char *path, char *const *argv,
    char *const *env), (path, argv, env))
FAIL_CALL(int, execvp, -1, -1, (const char *path, char *const *argv),
    (path, argv))

/* With WNOHANG, they do not wait, and a signal cannot interrupt them. */
#define FAIL_WAIT(type, name, params, args) \
	DECLARE(type, name, params) \
	{ \
		enum verdict	 verdict = SUCCEED; \
		NEXT(type, name, params); \
		if (state == NULL || state->error != EINTR || \
		    (options & WNOHANG) == 0) \
			verdict = JUDGE(name, -1); \
		if (verdict == FAIL) \
			return -1; \
		return next args; \
	}

FAIL_WAIT(pid_t, waitpid, (pid_t pid, int *status, int options),
    (pid, status, options))
FAIL_WAIT(int, waitid, (idtype_t kind, id_t id, siginfo_t *info, int options),
    (kind, id, info, options))

FAIL_CALL(pid_t, setsid, -1, -1, (void), ())
FAIL_CALL(int, setpgid, -1, -1, (pid_t pid, pid_t group), (pid, group))
FAIL_CALL(int, sigtimedwait, -1, -1, (const sigset_t *set, siginfo_t *info,
    const struct timespec *t), (set, info, t))

DECLARE(int, pthread_create, (pthread_t *thread, const pthread_attr_t *a,
    void *(*run)(void *), void *context))
{
	enum verdict	 verdict = JUDGE(pthread_create, -1);
	NEXT(int, pthread_create, (pthread_t *, const pthread_attr_t *,
	    void *(*)(void *), void *));

	if (verdict == FAIL)
		return state->error;
	return next(thread, a, run, context);
}

DECLARE(int, prctl, (int option, ...))
{
	enum verdict	 verdict = JUDGE(prctl, -1);
	unsigned long	 a[4];
	va_list		 list;
	static int	(*next)(int, ...);

	if (next == NULL)
		*(void **)&next = find("prctl");
	if (verdict == FAIL)
		return -1;
	va_start(list, option);
	for (size_t i = 0; i < 4; i++)
		a[i] = va_arg(list, unsigned long);
	va_end(list);
	return next(option, a[0], a[1], a[2], a[3]);
}

DECLARE(long, syscall, (long number, ...))
{
	enum verdict	 verdict = JUDGE(syscall, -1);
	long		 a[6];
	va_list		 list;
	static long	(*next)(long, ...);

	if (next == NULL)
		*(void **)&next = find("syscall");
	if (verdict == FAIL)
		return -1;
	va_start(list, number);
	for (size_t i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

DECLARE(int, clock_gettime, (clockid_t id, struct timespec *now))
{
	int	result;
	NEXT(int, clock_gettime, (clockid_t, struct timespec *));

	/* The monotonic clock is never changed. */
	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		JUDGE(clock_gettime, -1);
	result = next(id, now);
	if (state != NULL && result == 0 && (id == CLOCK_REALTIME ||
	    id == CLOCK_REALTIME_COARSE))
		now->tv_sec += state->clock;
	return result;
}

DECLARE(time_t, time, (time_t *to))
{
	time_t	now;
	NEXT(time_t, time, (time_t *));

	JUDGE(time, -1);
	now = next(NULL) + (state != NULL ? state->clock : 0);
	if (to != NULL)
		*to = now;
	return now;
}

/* Programs with 64-bit files (_FILE_OFFSET_BITS) use these names. */
#define ALSO(name, other) \
	extern __typeof__(faulty_##name) faulty_##other __asm__ (#other) \
	    __attribute__((alias(#name)));

ALSO(open, open64)
ALSO(openat, openat64)
ALSO(fopen, fopen64)
ALSO(mkostemp, mkostemp64)
ALSO(pread, pread64)
ALSO(readdir, readdir64)
ALSO(pwrite, pwrite64)
ALSO(pwritev2, pwritev64v2)
ALSO(sendfile, sendfile64)
ALSO(ftruncate, ftruncate64)
ALSO(posix_fallocate, posix_fallocate64)
ALSO(fstat, fstat64)
ALSO(fstatat, fstatat64)
ALSO(stat, stat64)
ALSO(lstat, lstat64)
ALSO(fcntl, fcntl64)
ALSO(lseek, lseek64)
ALSO(fstatvfs, fstatvfs64)
ALSO(mmap, mmap64)
