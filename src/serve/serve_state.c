#include "serve/serve_state.h"

#include <sys/mman.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "submit/pace.h"
#include "util/clock.h"

enum {
	TURN_S = 5,
	LOG_AGAIN_MS = 60 * 1000,
};

/* In a child of that process. */
static void
leave_service(struct serve_state *s, pid_t parent)
{
	for (size_t i = 0; i < s->n_clients; i++)
		serve_state_close(&s->client[i].channel);
	for (size_t i = 0; i < s->n_workers; i++)
		serve_state_close(&s->worker[i].channel);
	for (size_t i = 0; i < s->n_messages; i++)
		for (size_t k = 0; k < SERVE_CHANNEL_FDS; k++)
			serve_state_close(&s->message[i].fds[k]);
	serve_listen_leave(&s->listen);
	serve_notify_close(&s->notify);
	close(s->signals);
	sigprocmask(SIG_SETMASK, &s->before, NULL);
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
	/* It was killed before: no signal will come. */
	if (getppid() != parent)
		raise(SIGTERM);
}

bool
serve_state_may_log(int64_t *last)
{
	int64_t	now = clock_ms();

	if (*last != 0 && now - *last < LOG_AGAIN_MS)
		return false;
	*last = now;
	return true;
}

pid_t
serve_state_fork(struct serve_state *s, int *channel)
{
	int	ends[2] = { -1, -1 };
	pid_t	parent = getpid(), pid = -1;

	if (channel == NULL || serve_channel_open(ends))
		pid = fork();
	if (pid == -1 && serve_state_may_log(&s->fork_logged))
		log_line(s->options->log, LOG_ERR,
		    "cannot start a process: %s", strerror(errno));
	if (pid == 0) {
		leave_service(s, parent);
		serve_state_close(&ends[0]);
	} else {
		serve_state_close(&ends[1]);
	}
	if (pid == -1)
		serve_state_close(&ends[0]);
	if (channel != NULL)
		*channel = ends[pid == 0];
	return pid;
}

void
serve_state_expect_turn(struct serve_state *s, int64_t seconds)
{
	int64_t	next = clock_ms() + 1000 * (seconds > TURN_S ? seconds :
		    TURN_S);

	if (s->options->listens && next < s->next_run &&
	    pace_is_set(s->config))
		s->next_run = next;
}

void
serve_state_close(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
serve_state_free(struct serve_state *s)
{
	serve_listen_close(&s->listen);
	serve_notify_close(&s->notify);
	serve_state_close(&s->signals);
	serve_state_close(&s->seats);
	spool_close(&s->spool);
	identity_free(&s->me);
	serve_users_free(&s->users);
	config_free(&s->loaded);
	free(s->client);
	free(s->worker);
	free(s->message);
	if (s->waiting != NULL)
		munmap(s->waiting, sizeof(*s->waiting));
}
