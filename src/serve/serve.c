#include "serve/serve.h"

#include <signal.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/types.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

/*
 * Requests SIGTERM for the end of the parent.  Returns false if the parent has
 * ended already.  The parent of an orphan is init, which does not end.
 */
static bool
tie_to_parent(void)
{
	pid_t	parent = getppid();

#ifdef __linux__
	if (parent > 1)
		prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
	return getppid() == parent;
}

void
serve_run(const struct serve_options *options)
{
	struct timespec	interval = { .tv_sec = options->interval_s };
	struct failure	why;
	sigset_t	signals;
	int		sig;

	/* A queue run that a signal ends early raises the signal again. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (options->with_parent && !tie_to_parent())
		return;
	do {
		if (!options->run(options->context, &why))
			log_line(options->log, LOG_ERR, "%s", why.text);
		sig = sigtimedwait(&signals, NULL, &interval);
	} while (sig != SIGTERM && sig != SIGINT);
}
