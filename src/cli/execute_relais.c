#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/command_action.h"
#include "util/installed.h"

extern char	**environ;

const struct action *
command_action(enum mode mode, char **argv, struct failure *why)
{
	const char	*path = installed_relais();

	(void)mode;
	execve(path, argv, environ);
	failed(why, EX_OSERR, "cannot execute %s, which contains this "
	    "command: %s; install relais again", path, strerror(errno));
	return NULL;
}
