#include "support/namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool
write_map(const char *path, const char *text)
{
	int	fd = open(path, O_WRONLY | O_CLOEXEC);
	bool	good = fd != -1 &&
		    write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd != -1)
		close(fd);
	return good;
}

bool
namespace_enter(unsigned id, int flags)
{
	char	uid[40], gid[40];

	snprintf(uid, sizeof(uid), "%u %lu 1", id, (unsigned long)getuid());
	snprintf(gid, sizeof(gid), "%u %lu 1", id, (unsigned long)getgid());
	return unshare(CLONE_NEWUSER | flags) == 0 &&
	    write_map("/proc/self/setgroups", "deny") &&
	    write_map("/proc/self/uid_map", uid) &&
	    write_map("/proc/self/gid_map", gid);
}
