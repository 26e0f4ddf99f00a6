#include "queue/lock_holder.h"

#include <sys/stat.h>

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/memory.h"

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

/* Returns NULL if this user has no permission. */
static DIR *
open_directory(int dir, const char *name)
{
	int	 fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR	*d = fd >= 0 ? fdopendir(fd) : NULL;

	if (d == NULL && fd >= 0)
		close(fd);
	return d;
}

/* Adds the files like this one that the process has locked. */
static void
add_process(struct lock_holders *h, int process, pid_t pid,
    const struct stat *like)
{
	DIR		*dir = open_directory(process, "fd");
	struct dirent	*d;
	struct stat	 st;
	char		 name[300], text[1024];

	if (dir == NULL)
		return;
	while ((d = readdir(dir)) != NULL) {
		struct lock_holder	*holder;

		snprintf(name, sizeof(name), "fd/%s", d->d_name);
		if (fstatat(process, name, &st, 0) != 0 ||
		    !S_ISREG(st.st_mode) || st.st_dev != like->st_dev ||
		    st.st_uid != like->st_uid)
			continue;
		snprintf(name, sizeof(name), "fdinfo/%s", d->d_name);
		read_beginning(process, name, text, sizeof(text));
		if (strstr(text, "OFDLCK") == NULL)
			continue;
		h->holder = memory_room(h->holder, h->n, &h->cap,
		    sizeof(*h->holder));
		holder = &h->holder[h->n++];
		*holder = (struct lock_holder){ .device = st.st_dev,
		    .inode = st.st_ino, .pid = pid };
		read_beginning(process, "comm", holder->program,
		    sizeof(holder->program));
		holder->program[strcspn(holder->program, "\n")] = '\0';
	}
	closedir(dir);
}

static void
read_processes(struct lock_holders *h, const struct stat *like)
{
	DIR		*dir = open_directory(AT_FDCWD, "/proc");
	struct dirent	*d;
	char		 path[300];
	int		 process;

	h->read = true;
	if (dir == NULL)
		return;
	while ((d = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s", d->d_name);
		process = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (process < 0)
			continue;
		add_process(h, process, (pid_t)strtoimax(d->d_name, NULL,
		    10), like);
		close(process);
	}
	closedir(dir);
}

const struct lock_holder *
lock_holders_find(struct lock_holders *h, int fd)
{
	struct stat	file;

	if (fstat(fd, &file) != 0)
		return NULL;
	if (!h->read)
		read_processes(h, &file);
	for (size_t i = 0; i < h->n; i++)
		if (h->holder[i].device == file.st_dev &&
		    h->holder[i].inode == file.st_ino)
			return &h->holder[i];
	return NULL;
}

void
lock_holders_free(struct lock_holders *h)
{
	free(h->holder);
	*h = (struct lock_holders){ 0 };
}
