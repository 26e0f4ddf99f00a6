#include "cli/process.h"

#include <errno.h>
#include <sys/wait.h>
#include <sysexits.h>

bool
process_wait(pid_t pid, int *status, struct failure *why)
{
	int	end;

	while (waitpid(pid, &end, 0) == -1)
		if (errno != EINTR)
			return failed_errno(why, EX_OSERR, "waitpid");
	if (WIFSIGNALED(end))
		return failed(why, EX_OSERR, "the process was killed by "
		    "signal %d", WTERMSIG(end));
	*status = WEXITSTATUS(end);
	return true;
}
