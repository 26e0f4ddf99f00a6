#include "token/browser.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/memory.h"

static bool
is_set(const char *variable)
{
	const char	*value = getenv(variable);

	return value != NULL && value[0] != '\0';
}

/*
 * The first program of a list that is separated by colons, without the
 * arguments that some systems permit; or xdg-open.
 */
static char *
program(void)
{
	const char	*value = getenv("BROWSER");

	return value != NULL && value[0] != '\0' ?
	    memory_copy_n(value, strcspn(value, ": ")) :
	    memory_copy("xdg-open");
}

static bool
is_executable(const char *name)
{
	char	*list = memory_copy(is_set("PATH") ? getenv("PATH") : "/usr/bin");
	char	*rest = list, *directory, path[4096];
	bool	 found = false;

	if (strchr(name, '/') != NULL)
		found = access(name, X_OK) == 0;
	else
		while (!found && (directory = strsep(&rest, ":")) != NULL) {
			snprintf(path, sizeof(path), "%s/%s", directory, name);
			found = access(path, X_OK) == 0;
		}
	free(list);
	return found;
}

bool
browser_is_available(void)
{
	char	*name;
	bool	 found;

	if ((!is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY")) ||
	    is_set("SSH_CONNECTION") ||
	    (geteuid() == 0 && !is_set("BROWSER")))
		return false;
	name = program();
	found = is_executable(name);
	free(name);
	return found;
}

/* The messages of browsers would disturb ours. */
static void
discard_output(void)
{
	int	fd = open("/dev/null", O_RDWR);

	for (int i = 0; i <= STDERR_FILENO && fd != -1; i++)
		dup2(fd, i);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* Two processes: the browser must not end together with ours. */
bool
browser_open(const char *url)
{
	char	*name = program();
	pid_t	 pid = fork();
	int	 status = 1;

	if (pid == 0) {
		discard_output();
		setsid();
		pid = fork();
		if (pid != 0)
			_exit(pid == -1);
		execlp(name, name, url, (char *)NULL);
		_exit(127);
	}
	free(name);
	return pid != -1 && waitpid(pid, &status, 0) == pid && status == 0;
}
