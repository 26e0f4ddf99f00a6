#include "queue/lock_holder.h"

#include <sys/stat.h>

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads the beginning of a file in /proc; "" if it cannot be read. */
static void
read_beginning(int dir, const char *name, char *to, size_t size)
{
	int	fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t	n = fd >= 0 ? read(fd, to, size - 1) : 0;

	to[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

/* Whether the process has the file open under a descriptor with a lock. */
static bool
holds_lock(int process, const struct stat *file)
{
	int		 fds = openat(process, "fd", O_RDONLY | O_DIRECTORY |
			    O_CLOEXEC);
	DIR		*dir = fds >= 0 ? fdopendir(fds) : NULL;
	struct dirent	*d;
	struct stat	 st;
	char		 name[300], text[1024];
	bool		 found = false;

	if (dir == NULL) {
		if (fds >= 0)
			close(fds);
		return false;
	}
	while (!found && (d = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)d->d_name[0]) ||
		    fstatat(fds, d->d_name, &st, 0) != 0 ||
		    st.st_dev != file->st_dev || st.st_ino != file->st_ino)
			continue;
		snprintf(name, sizeof(name), "fdinfo/%s", d->d_name);
		read_beginning(process, name, text, sizeof(text));
		found = strstr(text, "OFDLCK") != NULL;
	}
	closedir(dir);
	return found;
}

void
lock_holder_find(struct lock_holder *holder, int fd)
{
	DIR		*dir = opendir("/proc");
	struct dirent	*d;
	struct stat	 file;
	int		 process;

	*holder = (struct lock_holder){ .pid = 0 };
	if (dir == NULL || fstat(fd, &file) != 0) {
		if (dir != NULL)
			closedir(dir);
		return;
	}
	while (holder->pid == 0 && (d = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		process = openat(dirfd(dir), d->d_name, O_RDONLY |
		    O_DIRECTORY | O_CLOEXEC);
		if (process < 0)
			continue;
		if (holds_lock(process, &file)) {
			holder->pid = (pid_t)strtol(d->d_name, NULL, 10);
			read_beginning(process, "comm", holder->program,
			    sizeof(holder->program));
			holder->program[strcspn(holder->program, "\n")] = '\0';
		}
		close(process);
	}
	closedir(dir);
}
