#include "budget/place.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FILE_WAIT_MS = 10000, LOOK_AGAIN_MS = 2, SHOWN = 2000 };

static const char *const overlaid[] = { "etc", "usr", "var" };

int64_t
place_now_ns(void)
{
	struct timespec	t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
make_directory(const char *path)
{
	if (mkdir(path, 0755) == -1 && errno != EEXIST)
		err(1, "%s", path);
}

static void
overlay(const char *root, const char *image, const char *name)
{
	char	lower[600], upper[200], work[200], options[1200], at[8];

	snprintf(upper, sizeof(upper), "%s/new-%s", root, name);
	snprintf(work, sizeof(work), "%s/work-%s", root, name);
	snprintf(at, sizeof(at), "/%s", name);
	if (image == NULL)
		snprintf(lower, sizeof(lower), "/%s", name);
	else
		snprintf(lower, sizeof(lower), "%s/%s:/%s", image, name, name);
	make_directory(upper);
	make_directory(work);
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s",
	    lower, upper, work);
	if (mount("relais", at, "overlay", 0, options) == -1)
		err(1, "mount: %s: %s", at, options);
}

/* The first process of a place, which adopts and reaps its orphans. */
_Noreturn static void
keep(const struct place *p, const char *image, void (*furnish)(const void *),
    const void *ctx, int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount("relais", p->root, "tmpfs", 0, "mode=755") == -1)
		err(1, "%s", p->root);
	for (size_t i = 0; i < sizeof(overlaid) / sizeof(overlaid[0]); i++)
		overlay(p->root, image, overlaid[i]);
	/* The overlays keep it: nothing is left if we are killed. */
	if (umount2(p->root, MNT_DETACH) == -1)
		err(1, "%s", p->root);
	if (mount("proc", "/proc", "proc", 0, NULL) == -1)
		err(1, "/proc");
	if (mount("relais", "/run", "tmpfs", 0, "mode=755") == -1)
		err(1, "/run");
	make_directory(PLACE_HOME);
	furnish(ctx);
	signal(SIGCHLD, SIG_IGN);
	if (write(ready, "", 1) != 1)
		err(1, "pipe");
	for (;;)
		pause();
}

static int
namespace_of(pid_t pid, const char *name)
{
	char	path[64];
	int	fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		err(1, "%s", path);
	return fd;
}

/* The processes that this one starts from now on are in the namespace. */
static void
start_in(int pids)
{
	static int	own = -1;

	if (own == -1)
		own = namespace_of(getpid(), "pid");
	if (setns(pids != -1 ? pids : own, CLONE_NEWPID) == -1)
		err(1, "setns");
}

bool
place_open(struct place *p, const char *image, void (*furnish)(const void *),
    const void *ctx)
{
	const char	*tmp = getenv("TMPDIR");
	int		 ready[2];
	char		 byte;

	p->keeper = 0;
	if (image != NULL && access(image, F_OK) == -1)
		return false;
	snprintf(p->root, sizeof(p->root), "%s/relais-bench.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(p->root) == NULL || pipe2(ready, O_CLOEXEC) == -1)
		err(1, "%s", p->root);
	p->errors = memfd_create("errors", MFD_CLOEXEC);
	fflush(NULL);
	start_in(-1);
	if (unshare(CLONE_NEWPID) == -1)
		err(1, "unshare");
	p->keeper = fork();
	if (p->keeper == -1)
		err(1, "fork");
	if (p->keeper == 0)
		keep(p, image, furnish, ctx, ready[1]);
	start_in(-1);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		errx(1, "cannot prepare the namespaces for %s", image != NULL ?
		    image : "relais");
	close(ready[0]);
	rmdir(p->root);
	p->mounts = namespace_of(p->keeper, "mnt");
	p->pids = namespace_of(p->keeper, "pid");
	return true;
}

/* The keeper does not end until our children in its place have been reaped. */
void
place_close(struct place *p)
{
	pid_t	ended;

	if (p->keeper == 0)
		return;
	kill(p->keeper, SIGKILL);
	do
		ended = waitpid(-1, NULL, 0);
	while (ended != -1 && ended != p->keeper);
	close(p->mounts);
	close(p->pids);
	close(p->errors);
	p->keeper = 0;
}

static int
open_input(const struct place_input *in)
{
	int	ends[2];
	size_t	len;

	if (in == NULL)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (in->file != NULL)
		return open(in->file, O_RDONLY | O_CLOEXEC);
	len = strlen(in->text);
	if (pipe2(ends, O_CLOEXEC) == -1 ||
	    write(ends[1], in->text, len) != (ssize_t)len)
		err(1, "pipe");
	close(ends[1]);
	return ends[0];
}

/*
 * vfork(2), because copying the page tables of this process takes as long as a
 * fast program needs for its message.
 */
pid_t
place_start(const struct place *p, const char *const *argv,
    const struct place_input *in, int *out)
{
	static const char *const	env[] = { "LC_ALL=C", "HOME=" PLACE_HOME,
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
		"/sbin:/bin", NULL };
	int				ends[2] = { -1, -1 };
	int				input = open_input(in);
	pid_t				pid;

	if (input == -1)
		err(1, "input");
	if (out != NULL && pipe2(ends, O_CLOEXEC) == -1)
		err(1, "pipe");
	start_in(p->pids);
	pid = vfork();
	if (pid == 0) {
		if (setns(p->mounts, CLONE_NEWNS) == -1 ||
		    dup2(input, 0) == -1 ||
		    dup2(out != NULL ? ends[1] : p->errors, 1) == -1 ||
		    dup2(p->errors, 2) == -1)
			_exit(126);
		execve(argv[0], (char *const *)(uintptr_t)argv,
		    (char *const *)(uintptr_t)env);
		_exit(127);
	}
	start_in(-1);
	if (pid == -1)
		err(1, "%s", argv[0]);
	close(input);
	if (out != NULL) {
		close(ends[1]);
		*out = ends[0];
	}
	return pid;
}

size_t
place_wait(pid_t *pids, size_t n, int64_t deadline_ns, int *status)
{
	struct pollfd	p[PLACE_WAIT_MAX];
	int64_t		left = deadline_ns - place_now_ns();
	size_t		found = n;

	for (size_t i = 0; i < n; i++)
		p[i] = (struct pollfd){ .events = POLLIN,
		    .fd = pids[i] != 0 ? pidfd_open(pids[i], 0) : -1 };
	if (left > 0 && poll(p, n, (int)(left / 1000000) + 1) > 0)
		for (size_t i = 0; i < n && found == n; i++)
			if (p[i].revents != 0)
				found = i;
	for (size_t i = 0; i < n; i++)
		if (p[i].fd != -1)
			close(p[i].fd);
	if (found < n) {
		waitpid(pids[found], status, 0);
		pids[found] = 0;
	}
	return found;
}

void
place_show_errors(const struct place *p)
{
	char	text[SHOWN];
	off_t	size = lseek(p->errors, 0, SEEK_END);
	ssize_t	n = pread(p->errors, text, sizeof(text), size > SHOWN ?
		    size - SHOWN : 0);

	if (n > 0)
		fprintf(stderr, "%.*s\n", (int)n, text);
}

bool
place_wait_file(const struct place *p, const char *path)
{
	const struct timespec	pause = { 0, LOOK_AGAIN_MS * 1000000 };
	char			inside[300];

	snprintf(inside, sizeof(inside), "/proc/%d/root%s", (int)p->keeper,
	    path);
	for (int i = 0; i < FILE_WAIT_MS / LOOK_AGAIN_MS; i++) {
		if (access(inside, F_OK) == 0)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* The number after a word at the beginning of a line, or 0. */
static long
number_in(int proc, const char *process, const char *file, const char *word)
{
	char	path[300], line[256];
	long	n = 0;
	int	fd;
	FILE	*f;

	snprintf(path, sizeof(path), "%s/%s", process, file);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	f = fd != -1 ? fdopen(fd, "r") : NULL;
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, word, strlen(word)) == 0)
			n = atol(line + strlen(word));
	fclose(f);
	return n;
}

struct place_memory
place_memory(const struct place *p)
{
	struct place_memory	 m = { 0 };
	char			 path[64];
	DIR			*d;
	struct dirent		*e;

	snprintf(path, sizeof(path), "/proc/%d/root/proc", (int)p->keeper);
	d = opendir(path);
	if (d == NULL)
		err(1, "%s", path);
	while ((e = readdir(d)) != NULL) {
		long	peak;

		if (atoi(e->d_name) <= 1)
			continue;
		peak = number_in(dirfd(d), e->d_name, "status", "VmHWM:");
		if (peak > m.peak_kib)
			m.peak_kib = peak;
		m.all_kib += number_in(dirfd(d), e->d_name, "smaps_rollup",
		    "Pss:");
	}
	closedir(d);
	return m;
}

void
place_write(const char *path, mode_t mode, const char *fmt, ...)
{
	char	 directory[200];
	va_list	 ap;
	FILE	*f;

	snprintf(directory, sizeof(directory), "%s", path);
	*strrchr(directory, '/') = '\0';
	if (mkdir(directory, 0755) == -1 && errno != EEXIST)
		err(1, "%s", directory);
	unlink(path);
	f = fopen(path, "w");
	if (f == NULL)
		err(1, "%s", path);
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	if (fclose(f) == EOF || chmod(path, mode) == -1)
		err(1, "%s", path);
}

void
place_shell(const char *command)
{
	if (system(command) != 0)	/* NOLINT(cert-env33-c) */
		errx(1, "%s", command);
}
