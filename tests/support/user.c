#include "support/user.h"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <stdbool.h>
#include <unistd.h>

#include "support/skip.h"

void
user_become(void *uid)
{
	const uid_t	id = *(const uid_t *)uid;

	if (setgroups(0, NULL) == -1 || setgid((gid_t)id) == -1 ||
	    setuid(id) == -1 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		_exit(99);
}

/* Whether the user nobody can run the programs. */
static bool
can_nobody_run(void)
{
	uid_t	nobody = NOBODY;
	int	status;
	pid_t	pid = fork();

	if (pid == 0) {
		user_become(&nobody);
		_exit(access(BUILD "/relais", X_OK) == 0 ? 0 : 1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

void
user_needs_root(void)
{
	if (geteuid() != 0)
		skip_because("only root can become another user");
	if (!can_nobody_run())
		skip_because("other users cannot run the program in " BUILD);
}
