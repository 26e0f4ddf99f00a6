/* What is given up, and what is not.  Each case has a child of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/folder.h"
#include "support/skip.h"
#include "util/sandbox.h"

enum { DENIED, DONE, SOMETHING_ELSE };

static struct folder	inside, outside;

static int
verdict(bool done)
{
	if (done)
		return DONE;
	return errno == EPERM || errno == EACCES ? DENIED : SOMETHING_ELSE;
}

static int
starts_a_program(void)
{
	return verdict(execl("/bin/true", "true", (char *)NULL) == 0);
}

/* By its number in x32, which is told from a kernel without x32. */
static int
starts_one_by_another_number(void)
{
#ifdef __x86_64__
	enum { X32_EXECVE = 0x40000000 + 520 };

	return verdict(syscall(X32_EXECVE, "/bin/true", NULL, NULL) == 0);
#else
	return DENIED;
#endif
}

static int
traces_its_parent(void)
{
	return verdict(ptrace(PTRACE_ATTACH, getppid(), 0, 0) == 0);
}

static int
listens(void)
{
	int	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return verdict(listen(fd, 1) == 0);
}

static int
writes_elsewhere(void)
{
	return verdict(open(folder_path(&outside, "new"),
	    O_WRONLY | O_CREAT | O_CLOEXEC, 0600) != -1);
}

static int
removes_elsewhere(void)
{
	return verdict(unlink(folder_path(&outside, "old")) == 0);
}

static int
writes_inside(void)
{
	return verdict(open(folder_path(&inside, "queue/new"),
	    O_WRONLY | O_CREAT | O_CLOEXEC, 0600) != -1);
}

/* As the queue commits, and as it gives up. */
static int
links_and_moves_inside(void)
{
	char	name[64];
	int	fd = open(folder_path(&inside, "queue"),
		    O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return verdict(fd != -1 && linkat(AT_FDCWD, name, AT_FDCWD,
	    folder_path(&inside, "queue/id"), AT_SYMLINK_FOLLOW) == 0 &&
	    rename(folder_path(&inside, "queue/id"),
	    folder_path(&inside, "failed/id")) == 0);
}

static int
reads_anything(void)
{
	return verdict(open("/etc/passwd", O_RDONLY | O_CLOEXEC) != -1 &&
	    open(folder_path(&outside, "old"), O_RDONLY | O_CLOEXEC) != -1);
}

static int
looks_names_up(void)
{
	struct addrinfo	*list;

	return verdict(getpwuid(0) != NULL &&
	    getaddrinfo("localhost", "25", NULL, &list) == 0);
}

static int
throws_away(void)
{
	return verdict(open("/dev/null", O_RDWR | O_CLOEXEC) != -1);
}

static int
forks(void)
{
	pid_t	pid = fork();

	if (pid == 0)
		_exit(0);
	return verdict(pid != -1 && waitpid(pid, NULL, 0) == pid);
}

static const struct sandbox_case {
	const char	*sentence;
	int	       (*attempt)(void);
	int		 want;
} cases[] = {
	{ "starts no program", starts_a_program, DENIED },
	{ "starts none by another number", starts_one_by_another_number,
	  DENIED },
	{ "traces nobody", traces_its_parent, DENIED },
	{ "listens nowhere", listens, DENIED },
	{ "writes nowhere else", writes_elsewhere, DENIED },
	{ "removes nothing elsewhere", removes_elsewhere, DENIED },
	{ "writes where it may", writes_inside, DONE },
	{ "links and moves where it may", links_and_moves_inside, DONE },
	{ "reads anything", reads_anything, DONE },
	{ "looks names up", looks_names_up, DONE },
	{ "throws away", throws_away, DONE },
	{ "forks", forks, DONE },
};

/* Whether this kernel, and nothing around us, lets a sandbox be made. */
static bool
is_possible(void)
{
	pid_t	pid = fork();
	int	status;

	if (pid == 0) {
		sandbox_enter((const char *const[]){ NULL });
		_exit(starts_a_program() == DENIED &&
		    writes_elsewhere() == DENIED ? 0 : 1);
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static void
keeps_to_it(void **state)
{
	const struct sandbox_case	*c = *state;
	pid_t				 pid;
	int				 status;

	if (!is_possible())
		skip_because("the kernel has no seccomp filters or no "
		    "Landlock, or something around us forbids them");
	if ((pid = fork()) == 0) {
		sandbox_enter((const char *const[]){ inside.path, NULL });
		_exit(c->attempt());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), c->want);
}

static int
make_folders(void **state)
{
	(void)state;
	folder_make(&inside);
	folder_make(&outside);
	folder_write(&inside, "queue/x", 0600, "");
	folder_write(&inside, "failed/x", 0600, "");
	folder_write(&outside, "old", 0600, "");
	return 0;
}

static int
remove_folders(void **state)
{
	(void)state;
	folder_remove(&inside);
	folder_remove(&outside);
	return 0;
}

int
main(void)
{
	enum { N = sizeof(cases) / sizeof(*cases) };
	struct CMUnitTest	tests[N];

	for (size_t i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].sentence,
		    .test_func = keeps_to_it,
		    .initial_state = (void *)(uintptr_t)&cases[i] };
	return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
