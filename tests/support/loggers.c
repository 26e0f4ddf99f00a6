#include "support/loggers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/namespace.h"

int
loggers_bind(const char *path)
{
	struct sockaddr_un	at = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strlcpy(at.sun_path, path, sizeof(at.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

void
loggers_open(struct loggers *l, struct temp_dir *dir, bool journal)
{
	*l = (struct loggers){ .journal_fd = -1 };
	strlcpy(l->syslog, temp_dir_path(dir, "syslog"), sizeof(l->syslog));
	l->syslog_fd = loggers_bind(l->syslog);
	if (!journal)
		return;
	strlcpy(l->journal, temp_dir_path(dir, "journal"),
	    sizeof(l->journal));
	l->journal_fd = loggers_bind(l->journal);
}

void
loggers_close(const struct loggers *l)
{
	close(l->syslog_fd);
	if (l->journal_fd != -1)
		close(l->journal_fd);
}

void
loggers_put(void *loggers)
{
	const struct loggers	*l = loggers;

	if (!namespace_enter(1000, CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("tmpfs", "/dev", "tmpfs", 0, "mode=0755") == -1 ||
	    mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") == -1 ||
	    symlink(l->syslog, "/dev/log") == -1 ||
	    mkdir("/run/systemd", 0755) == -1 ||
	    mkdir("/run/systemd/journal", 0755) == -1 ||
	    (l->journal[0] != '\0' && symlink(l->journal,
	    "/run/systemd/journal/socket") == -1))
		_exit(LOGGERS_NO_NAMESPACE);
}
