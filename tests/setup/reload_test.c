/* The running service is told to read its configuration again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "setup/reload.h"
#include "support/cases.h"
#include "support/skip.h"
#include "support/temp_dir.h"
#include "support/user.h"

struct reload_case {
	const char		*sentence;
	const char		*name;		/* of the process; NULL: no
						 * process */
	bool			 stale;		/* the socket of a process that
						 * has ended */
	enum reload_answer	 answer;
	bool			 other_user;	/* than that of the socket */
};

static const struct reload_case cases[] = {
	{ "the service receives SIGHUP", "relais", false, RELOAD_DONE, false },
	{ "the service that sendmail -bd has started receives SIGHUP",
	    "sendmail", false, RELOAD_DONE, false },
	{ "another program does not receive it", "other", false,
	    RELOAD_FAILED, false },
	{ "a process of another user than the socket does not receive it",
	    "relais", false, RELOAD_FAILED, true },
	{ "no service: the socket does not exist", NULL, false,
	    RELOAD_NO_SERVICE, false },
	{ "no service: nothing listens on the socket", NULL, true,
	    RELOAD_NO_SERVICE, false },
};

static int
listen_on(const char *path)
{
	struct sockaddr_un	at = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strlcpy(at.sun_path, path, sizeof(at.sun_path));
	return bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	    listen(fd, 5) == 0 ? fd : -1;
}

/* Exits with status 0 after SIGHUP, and with 1 after SIGTERM. */
static _Noreturn void
serve(const struct reload_case *c, const char *path, int ready)
{
	sigset_t	set;
	int		sig;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, c->name);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (listen_on(path) == -1 || (c->other_user &&
	    setuid(NOBODY) == -1) || write(ready, "", 1) != 1 ||
	    sigwait(&set, &sig) != 0)
		_exit(2);
	_exit(sig == SIGHUP ? 0 : 1);
}

static void
is_told(void **state)
{
	const struct reload_case	*c = *state;
	struct temp_dir			 dir;
	struct failure			 what;
	const char			*path;
	pid_t				 child = 0;
	int				 ready[2], status = 0;
	char				 octet;

	if (c->other_user && geteuid() != 0)
		skip_because("only root can be another user");
	temp_dir_make(&dir);
	path = temp_dir_path(&dir, "socket");
	if (c->name != NULL) {
		assert_int_equal(pipe(ready), 0);
		if ((child = fork()) == 0)
			serve(c, path, ready[1]);
		close(ready[1]);
		assert_int_equal(read(ready[0], &octet, 1), 1);
		close(ready[0]);
	} else if (c->stale)
		close(listen_on(path));
	assert_int_equal(reload_service(path, &what), c->answer);
	if (child != 0) {
		kill(child, SIGTERM);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status == 0, c->answer == RELOAD_DONE);
	}
	temp_dir_remove(&dir);
}

int
main(void)
{
	return CASES_RUN("reload", is_told, cases);
}
