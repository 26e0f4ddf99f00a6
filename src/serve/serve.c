#include "serve/serve.h"

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sysexits.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "config/credentials.h"
#include "config/identity.h"
#include "queue/retry.h"
#include "queue/spool.h"
#include "runner/runner.h"
#include "serve/serve_channel.h"
#include "serve/serve_listen.h"
#include "serve/serve_notify.h"
#include "serve/serve_session.h"
#include "serve/serve_user.h"
#include "serve/serve_users.h"
#include "serve/serve_worker.h"
#include "submit/spool_config.h"
#include "util/clock.h"
#include "util/buffer.h"
#include "util/memory.h"
#include "util/text.h"

enum {
	SHARE = 4,			/* a user gets 1/SHARE of the clients */
	BUSY_MS = 1000,			/* a message waits for a worker */
	WORKER_IDLE_MS = 60 * 1000,	/* until a worker is ended */
	PAUSE_MS = 200,			/* after accept(2) has failed */
	FINISH_MS = 20 * 1000,		/* on SIGTERM, until attempts end */
	KILL_MS = 30 * 1000,		/* and until processes are killed */
};

struct client {
	pid_t	pid;
	uid_t	uid;
	int	channel;	/* -1: closed by the session */
};

struct worker {
	pid_t	pid;
	int	channel;	/* -1: closed, so the worker is ending */
	bool	busy;
	bool	outdated;	/* it has the previous configuration */
	int64_t	idle_since;	/* clock_ms(), unless busy */
};

/* A message that waits for a worker. */
struct job {
	int	fds[SERVE_CHANNEL_FDS];
	int64_t	deadline;
};

struct service {
	const struct serve_options *options;
	const struct config	*config;	/* the present one */
	struct config		 loaded;	/* after a reload */
	struct identity		 me;
	struct spool		 spool;		/* closed if there is none */
	struct serve_listen	 listen;
	struct serve_notify	 notify;
	struct serve_users	 users;
	sigset_t		 before;	/* the signal mask */
	int			 signals;	/* signalfd(2) */
	struct client		*client;	/* owned */
	size_t			 n_clients;
	size_t			 clients_cap;
	size_t			 clients_max;
	struct worker		*worker;	/* owned */
	size_t			 n_workers;
	size_t			 workers_cap;
	size_t			 connections;
	struct job		*job;		/* owned; the oldest first */
	size_t			 n_jobs;
	size_t			 jobs_cap;
	pid_t			 runner;	/* the queue run; 0: none */
	bool			 run_now;	/* all entries but held ones */
	bool			 run_due;	/* entries that are due */
	int64_t			 next_run;	/* clock_ms() */
	int64_t			 accept_after;	/* clock_ms() */
	int64_t			 next_watchdog;	/* clock_ms(); 0: none */
	bool			 stopping;	/* after SIGTERM or SIGINT */
	int64_t			 end_attempts;	/* clock_ms(); 0: not, or done */
	int64_t			 kill_all;	/* the same */
	char			 status[128];	/* as last notified */
};

static void
close_descriptor(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/*
 * Child processes.
 */

/* In a child: closes what belongs to the service, and restores signals. */
static void
leave_service(struct service *s)
{
	for (size_t i = 0; i < s->n_clients; i++)
		close_descriptor(&s->client[i].channel);
	for (size_t i = 0; i < s->n_workers; i++)
		close_descriptor(&s->worker[i].channel);
	for (size_t i = 0; i < s->n_jobs; i++)
		for (size_t k = 0; k < SERVE_CHANNEL_FDS; k++)
			close_descriptor(&s->job[i].fds[k]);
	serve_listen_leave(&s->listen);
	serve_notify_close(&s->notify);
	close(s->signals);
	sigprocmask(SIG_SETMASK, &s->before, NULL);
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
}

static pid_t
fork_child(struct service *s)
{
	pid_t	pid = fork();

	if (pid == -1)
		log_line(s->options->log, LOG_ERR,
		    "cannot start a process: %s", strerror(errno));
	if (pid == 0)
		leave_service(s);
	return pid;
}

/* Starts a worker; false if that is not possible. */
static bool
start_worker(struct service *s)
{
	struct serve_worker	w = { .config = s->config, .me = &s->me,
				    .log = s->options->log };
	int			ends[2];
	pid_t			pid;

	if (!serve_channel_open(ends))
		return false;
	pid = fork_child(s);
	if (pid == 0) {
		close(ends[0]);
		w.channel = ends[1];
		serve_worker_run(&w);
		_exit(EX_OK);
	}
	close(ends[1]);
	if (pid == -1) {
		close(ends[0]);
		return false;
	}
	s->worker = memory_room(s->worker, s->n_workers, &s->workers_cap,
	    sizeof(*s->worker));
	s->worker[s->n_workers++] = (struct worker){ .pid = pid,
	    .channel = ends[0], .idle_since = clock_ms() };
	return true;
}

/* Starts a session, which takes over the socket. */
static bool
start_session(struct service *s, int fd, const struct serve_peer *peer)
{
	struct serve_session	session = { .config = s->config,
				    .log = s->options->log, .peer = *peer,
				    .spool = &s->spool, .client = fd };
	int			ends[2];
	pid_t			pid;

	if (!serve_channel_open(ends))
		return false;
	pid = fork_child(s);
	if (pid == 0) {
		close(ends[0]);
		session.channel = ends[1];
		serve_session_run(&session);
		_exit(EX_OK);
	}
	close(ends[1]);
	if (pid == -1) {
		close(ends[0]);
		return false;
	}
	close(fd);
	s->client = memory_room(s->client, s->n_clients, &s->clients_cap,
	    sizeof(*s->client));
	s->client[s->n_clients++] = (struct client){ .pid = pid,
	    .uid = peer->uid, .channel = ends[0] };
	return true;
}

static size_t
run_connections(const struct service *s)
{
	return s->connections > 1 ? s->connections / 2 : 1;
}

static bool
is_run_wanted(const struct service *s)
{
	return s->run_now || s->run_due;
}

static void
start_run(struct service *s)
{
	struct runner		runner = {
		.config = s->config,
		.me = &s->me,
		.log = s->options->log,
		.spool = &s->spool,
		.choice.when = s->run_now ? ATTEMPT_WHEN_SAFE :
		    ATTEMPT_WHEN_DUE,
		.connections = s->options->listens ? run_connections(s) : 0,
	};
	struct runner_totals	totals;
	struct failure		why;
	pid_t			pid = fork_child(s);

	if (pid == 0) {
		if (!runner_run_queue(&runner, &totals, &why))
			log_line(s->options->log, LOG_ERR, "%s", why.text);
		_exit(EX_OK);
	}
	s->next_run = clock_ms() + s->options->interval_s * 1000;
	s->run_now = s->run_due = false;
	if (pid > 0)
		s->runner = pid;
}

/*
 * Messages on their way from a session to a worker.
 */

/* Workers while a queue run is in progress leave it some connections. */
static size_t
workers_max(const struct service *s)
{
	return s->runner != 0 || is_run_wanted(s) ?
	    s->connections - run_connections(s) : s->connections;
}

static void
end_job(struct service *s, size_t i, bool busy)
{
	const char	octet = SERVE_BUSY;

	if (busy && write(s->job[i].fds[1], &octet, 1) == -1)
		busy = false;	/* the session has ended */
	for (size_t k = 0; k < SERVE_CHANNEL_FDS; k++)
		close_descriptor(&s->job[i].fds[k]);
	memmove(&s->job[i], &s->job[i + 1], (--s->n_jobs - i) *
	    sizeof(*s->job));
}

static struct worker *
idle_worker(struct service *s)
{
	for (size_t i = 0; i < s->n_workers; i++)
		if (!s->worker[i].busy && !s->worker[i].outdated &&
		    s->worker[i].channel != -1)
			return &s->worker[i];
	return NULL;
}

static size_t
count_busy(const struct service *s)
{
	size_t	n = 0;

	for (size_t i = 0; i < s->n_workers; i++)
		n += s->worker[i].busy;
	return n;
}

/* Passes messages to workers; those that have waited too long go back. */
static void
dispatch_jobs(struct service *s, int64_t now)
{
	const char	octet = 0;

	while (s->n_jobs > 0 && count_busy(s) < workers_max(s)) {
		struct worker	*w = idle_worker(s);

		if (w == NULL && s->n_workers < workers_max(s) &&
		    start_worker(s))
			w = idle_worker(s);
		if (w == NULL)
			break;
		if (!serve_channel_send(w->channel, &octet, 1,
		    s->job[0].fds)) {
			close_descriptor(&w->channel);
			continue;
		}
		w->busy = true;
		end_job(s, 0, false);
	}
	while (s->n_jobs > 0 && (s->stopping ||
	    s->job[0].deadline <= now)) {
		end_job(s, 0, true);
		s->run_due = s->spool.directory != NULL;
	}
}

/* Ends workers that have been idle for long, or whose connection is needed. */
static void
end_idle_workers(struct service *s, int64_t now)
{
	size_t	n = s->n_workers, max = workers_max(s);

	for (size_t i = 0; i < s->n_workers; i++) {
		struct worker	*w = &s->worker[i];

		if (w->channel == -1 || w->busy)
			continue;
		if (s->stopping || w->outdated || n > max ||
		    now - w->idle_since >= WORKER_IDLE_MS) {
			close_descriptor(&w->channel);
			n--;
		}
	}
}

static void
read_worker(struct worker *w)
{
	char	octet;

	if (serve_channel_receive(w->channel, &octet, 1, NULL) <= 0) {
		close_descriptor(&w->channel);
		return;
	}
	w->busy = false;
	w->idle_since = clock_ms();
}

/*
 * Requests of sessions.
 */

static void
add_job(struct service *s, const int fds[SERVE_CHANNEL_FDS])
{
	s->job = memory_room(s->job, s->n_jobs, &s->jobs_cap,
	    sizeof(*s->job));
	s->job[s->n_jobs].deadline = clock_ms() + BUSY_MS;
	memcpy(s->job[s->n_jobs].fds, fds, sizeof(s->job[0].fds));
	s->n_jobs++;
}

static int64_t
check_limit(struct service *s, uid_t uid, const struct serve_request *r)
{
	bool	first;
	int64_t	wait = serve_users_check(&s->users, uid, r->limit,
		    r->period_s, clock_ms(), &first);

	if (first)
		log_line(s->options->log, LOG_WARNING, "uid=%lu has sent %llu "
		    "messages in %lld seconds, as many as limit allows; more "
		    "are refused for %lld seconds", (unsigned long)uid,
		    (unsigned long long)r->limit, (long long)r->period_s,
		    (long long)wait);
	return wait;
}

static int64_t
request_run(struct service *s, uid_t uid)
{
	int64_t	wait = serve_users_run(&s->users, uid, clock_ms());

	s->run_now |= wait == 0 && s->spool.directory != NULL;
	return wait;
}

static void
read_client(struct service *s, struct client *c)
{
	struct serve_request	r;
	int			fds[SERVE_CHANNEL_FDS];
	int64_t			answer;

	if (serve_channel_receive(c->channel, &r, sizeof(r), fds) !=
	    (ssize_t)sizeof(r)) {
		close_descriptor(&fds[0]);
		close_descriptor(&fds[1]);
		close_descriptor(&c->channel);
		return;
	}
	switch (r.kind) {
	case SERVE_SEND:
		if (fds[0] != -1 && fds[1] != -1 &&
		    s->n_jobs < s->clients_max) {
			add_job(s, fds);
			return;
		}
		break;
	case SERVE_COUNT:
		serve_users_count(&s->users, c->uid);
		break;
	case SERVE_CHECK:
		answer = check_limit(s, c->uid, &r);
		serve_channel_send(c->channel, &answer, sizeof(answer), NULL);
		break;
	case SERVE_RUN:
		answer = request_run(s, c->uid);
		serve_channel_send(c->channel, &answer, sizeof(answer), NULL);
		break;
	}
	close_descriptor(&fds[0]);
	close_descriptor(&fds[1]);
}

/*
 * Clients.
 */

static struct serve_peer
peer_of(int fd)
{
	struct serve_peer	peer = { .uid = (uid_t)-1 };
	struct ucred		credentials;
	socklen_t		size = sizeof(credentials);
	struct sockaddr_storage	address;
	socklen_t		address_size = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &address_size) == 0 &&
	    address.ss_family == AF_UNIX && getsockopt(fd, SOL_SOCKET,
	    SO_PEERCRED, &credentials, &size) == 0) {
		peer.is_known = true;
		peer.uid = credentials.uid;
		peer.pid = credentials.pid;
	}
	return peer;
}

/* Refuses a client, without waiting for it. */
static void
refuse_client(const struct service *s, int fd, const char *reason)
{
	char	reply[400];

	snprintf(reply, sizeof(reply), "421 4.3.2 %s %s\r\n", s->me.host,
	    reason);
	send(fd, reply, strlen(reply), MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static size_t
count_clients(const struct service *s, uid_t uid)
{
	size_t	n = 0;

	for (size_t i = 0; i < s->n_clients; i++)
		n += s->client[i].uid == uid;
	return n;
}

static void
admit_client(struct service *s, int fd)
{
	struct serve_peer	peer = peer_of(fd);
	size_t			share = s->clients_max / SHARE;

	if (s->n_clients >= s->clients_max)
		refuse_client(s, fd, "Too many clients, try again later");
	else if (count_clients(s, peer.uid) >= (share > 0 ? share : 1))
		refuse_client(s, fd, "Too many clients of this user, try "
		    "again later");
	else if (!start_session(s, fd, &peer))
		refuse_client(s, fd, "No resources, try again later");
}

/* Accepts a few clients; the others wait until the events are handled. */
static void
accept_clients(struct service *s, int listener)
{
	for (int i = 0; i < 16; i++) {
		int	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd != -1)
			admit_client(s, fd);
		else if (errno == EMFILE || errno == ENFILE ||
		    errno == ENOBUFS || errno == ENOMEM)
			s->accept_after = clock_ms() + PAUSE_MS;
		if (fd == -1 && errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

/*
 * Signals.
 */

static void
log_death(const struct service *s, const char *what, pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		log_line(s->options->log, LOG_ERR,
		    "%s process %ld was ended by signal %d (%s)", what,
		    (long)pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != EX_OK)
		log_line(s->options->log, LOG_ERR,
		    "%s process %ld exited with status %d", what, (long)pid,
		    WEXITSTATUS(status));
}

/* Also reaps orphans, for which the service is process 1 in a container. */
static void
reap_children(struct service *s)
{
	int	status;
	pid_t	pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->runner) {
			log_death(s, "queue run", pid, status);
			s->runner = 0;
		}
		for (size_t i = s->n_clients; i-- > 0;)
			if (s->client[i].pid == pid) {
				log_death(s, "session", pid, status);
				close_descriptor(&s->client[i].channel);
				s->client[i] = s->client[--s->n_clients];
			}
		for (size_t i = s->n_workers; i-- > 0;)
			if (s->worker[i].pid == pid) {
				log_death(s, "worker", pid, status);
				close_descriptor(&s->worker[i].channel);
				s->worker[i] = s->worker[--s->n_workers];
			}
	}
}

static void
signal_all(const struct service *s, int sig)
{
	for (size_t i = 0; i < s->n_clients; i++)
		kill(s->client[i].pid, sig);
	for (size_t i = 0; i < s->n_workers; i++)
		kill(s->worker[i].pid, sig);
	if (s->runner != 0)
		kill(s->runner, sig);
}

/*
 * Sessions end after the message that they have received, workers after the
 * attempt in progress.  Messages that no worker has taken are queued.
 */
static void
begin_stop(struct service *s)
{
	if (s->stopping) {
		signal_all(s, SIGKILL);
		return;
	}
	s->stopping = true;
	s->end_attempts = clock_ms() + FINISH_MS;
	s->kill_all = clock_ms() + KILL_MS;
	serve_notify(&s->notify, "STOPPING=1");
	serve_listen_close(&s->listen);
	for (size_t i = 0; i < s->n_clients; i++)
		kill(s->client[i].pid, SIGTERM);
	if (s->runner != 0)
		kill(s->runner, SIGTERM);
}

/* Root may have used the queue before the service, which is another user. */
static void
advise_owner(const char *spool, struct failure *why)
{
	static const char *const	names[] = { "", "/queue", "/failed",
		"/tmp" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct buffer	path = { 0 };
		struct stat	st;
		bool		foreign;

		buffer_addf(&path, "%s%s", spool, names[i]);
		foreign = stat(path.data, &st) == 0 && st.st_uid != geteuid();
		buffer_free(&path);
		if (foreign) {
			failure_suffix(why, "; it must belong to the user of "
			    "the service: run chown -R %lu %s",
			    (unsigned long)geteuid(), spool);
			return;
		}
	}
}

static bool
open_queue(struct service *s, const struct config *config,
    struct failure *why)
{
	switch (spool_config_open(&s->spool, config, why)) {
	case SPOOL_CONFIG_OPEN:
		return true;
	case SPOOL_CONFIG_OFF:
	case SPOOL_CONFIG_NONE:
		return s->options->listens;
	case SPOOL_CONFIG_BROKEN:
		advise_owner(config_text(config, NULL, KEY_QUEUE), why);
		break;
	}
	return false;
}

static void
apply_config(struct service *s, const struct config *config)
{
	s->config = config;
	s->clients_max = (size_t)config_number(config, NULL, KEY_CLIENTS);
	s->connections = (size_t)config_number(config, NULL, KEY_CONNECTIONS);
	if (s->clients_max == 0)
		s->clients_max = 1;
	if (s->connections == 0)
		s->connections = 1;
}

/* Without the secret, no message could be sent to the smarthost. */
static bool
check_secrets(const struct config *config, struct failure *why)
{
	const struct setting	*set = credentials_unreadable(config);

	return set == NULL || failed(why, EX_NOPERM, "%s: %s: the user of the "
	    "service (uid %lu) has no permission to read it", set->origin,
	    set->value, (unsigned long)geteuid());
}

/* Processes that were started before keep the configuration they have. */
static void
reload(struct service *s)
{
	struct config	config = { 0 };
	struct spool	old = s->spool;
	struct failure	why;

	serve_notify_reloading(&s->notify);
	if (!s->options->load(s->options->context, &config, &why) ||
	    !check_secrets(&config, &why) || !open_queue(s, &config, &why)) {
		log_line(s->options->log, LOG_ERR, "%s; the service continues "
		    "with the previous configuration", why.text);
		s->spool = old;
		config_free(&config);
	} else {
		config_free(&s->loaded);
		s->loaded = config;
		apply_config(s, &s->loaded);
		identity_free(&s->me);
		identity_find(&s->me, s->config);
		spool_close(&old);
		for (size_t i = 0; i < s->n_workers; i++)
			s->worker[i].outdated = true;
		log_line(s->options->log, LOG_INFO,
		    "the configuration has been read again");
	}
	serve_notify(&s->notify, "READY=1");
}

static void
read_signals(struct service *s)
{
	struct signalfd_siginfo	info;

	while (read(s->signals, &info, sizeof(info)) ==
	    (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			reap_children(s);
			break;
		case SIGHUP:
			reload(s);
			break;
		case SIGUSR1:
			s->run_now = s->spool.directory != NULL;
			break;
		default:
			begin_stop(s);
			break;
		}
	}
}

/*
 * Time.
 */

/* Whether an entry is due; the names and times of the files are enough. */
static bool
is_entry_due(struct service *s)
{
	struct spool_totals	totals;
	struct failure		why;

	if (spool_count(&totals, &s->spool, SPOOL_QUEUE, &why))
		return totals.entries > 0 &&
		    retry_is_due((int64_t)time(NULL), totals.next);
	log_line(s->options->log, LOG_ERR, "%s", why.text);
	return false;
}

static void
run_when_possible(struct service *s, int64_t now)
{
	if (now >= s->next_run) {
		s->next_run = now + s->options->interval_s * 1000;
		if (s->spool.directory != NULL && !is_run_wanted(s))
			s->run_due = is_entry_due(s);
	}
	if (!is_run_wanted(s) || s->runner != 0 || s->stopping)
		return;
	end_idle_workers(s, now);
	if (s->n_workers <= workers_max(s))
		start_run(s);
}

static void
notify_state(struct service *s, int64_t now)
{
	char	status[sizeof(s->status)];

	if (s->next_watchdog != 0 && now >= s->next_watchdog) {
		serve_notify(&s->notify, "WATCHDOG=1");
		s->next_watchdog = now + s->notify.watchdog_ms;
	}
	if (s->notify.fd == -1)
		return;
	snprintf(status, sizeof(status), "%zu of %zu clients, %zu of %zu "
	    "workers busy%s", s->n_clients, s->clients_max, count_busy(s),
	    s->connections, s->runner != 0 ? ", queue run in progress" : "");
	if (strcmp(status, s->status) == 0)
		return;
	strlcpy(s->status, status, sizeof(s->status));
	serve_notify(&s->notify, "STATUS=%s", status);
}

static void
enforce_stop(struct service *s, int64_t now)
{
	if (s->end_attempts != 0 && now >= s->end_attempts) {
		s->end_attempts = 0;
		for (size_t i = 0; i < s->n_workers; i++)
			kill(s->worker[i].pid, SIGTERM);
	}
	if (s->kill_all != 0 && now >= s->kill_all) {
		s->kill_all = 0;
		signal_all(s, SIGKILL);
	}
}

static void
advance(int64_t *next, int64_t to)
{
	if (*next == -1 || to < *next)
		*next = to;
}

/* The time-out for poll(2): -1 if nothing will happen by itself. */
static int
next_event_ms(const struct service *s, int64_t now)
{
	int64_t	next = -1;

	if (s->n_jobs > 0)
		advance(&next, s->job[0].deadline);
	if (s->spool.directory != NULL && !s->stopping)
		advance(&next, s->next_run);
	if (s->accept_after > now)
		advance(&next, s->accept_after);
	if (s->next_watchdog != 0)
		advance(&next, s->next_watchdog);
	if (s->end_attempts != 0)
		advance(&next, s->end_attempts);
	if (s->kill_all != 0)
		advance(&next, s->kill_all);
	for (size_t i = 0; i < s->n_workers; i++)
		if (!s->worker[i].busy && s->worker[i].channel != -1)
			advance(&next, s->worker[i].idle_since +
			    WORKER_IDLE_MS);
	if (next == -1)
		return -1;
	return next <= now ? 0 : next - now < INT_MAX ? (int)(next - now) :
	    INT_MAX;
}

/*
 * The loop.
 */

static bool
is_finished(const struct service *s)
{
	return s->stopping && s->n_clients == 0 && s->n_workers == 0 &&
	    s->runner == 0;
}

/* Waits for events and handles them. */
static void
handle_events(struct service *s, int64_t now)
{
	size_t		 listeners = now >= s->accept_after ? s->listen.n : 0;
	size_t		 clients = s->n_clients, workers = s->n_workers;
	size_t		 n = 0;
	struct pollfd	*p = memory_new(1 + listeners + clients + workers,
			    sizeof(*p));

	p[n++].fd = s->signals;
	for (size_t i = 0; i < listeners; i++)
		p[n++].fd = s->listen.fd[i];
	for (size_t i = 0; i < clients; i++)
		p[n++].fd = s->client[i].channel;
	for (size_t i = 0; i < workers; i++)
		p[n++].fd = s->worker[i].channel;
	for (size_t i = 0; i < n; i++)
		p[i].events = POLLIN;
	if (poll(p, n, next_event_ms(s, now)) > 0) {
		struct pollfd	*q = p + 1 + listeners;

		for (size_t i = 0; i < clients; i++, q++)
			if (q->revents != 0)
				read_client(s, &s->client[i]);
		for (size_t i = 0; i < workers; i++, q++)
			if (q->revents != 0)
				read_worker(&s->worker[i]);
		/* These change the arrays. */
		for (size_t i = 0; i < listeners; i++)
			if (p[1 + i].revents != 0)
				accept_clients(s, s->listen.fd[i]);
		if (p[0].revents != 0)
			read_signals(s);
	}
	free(p);
}

/*
 * The start.
 */

static bool
hold_signals(struct service *s, struct failure *why)
{
	static const int	held[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1,
		SIGCHLD };
	sigset_t		set;

	/* An inherited SIG_IGN would discard SIGCHLD. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(held) / sizeof(*held); i++)
		sigaddset(&set, held[i]);
	sigprocmask(SIG_BLOCK, &set, &s->before);
	for (size_t i = 0; i < sizeof(held) / sizeof(*held); i++)
		sigdelset(&s->before, held[i]);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals != -1 || failed_errno(why, EX_OSERR,
	    "cannot wait for signals");
}

/* Each client needs a descriptor here, and two while its message waits. */
static void
raise_descriptors(void)
{
	struct rlimit	limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* "/run/relais" of "/run/relais/submission"; the caller frees it. */
static char *
directory_of(const char *path)
{
	const char	*slash = strrchr(path, '/');

	return slash > path ? memory_copy_n(path, (size_t)(slash - path)) :
	    memory_copy("/");
}

/*
 * Root creates the directories, then becomes the user relais and checks that
 * this user can read the configuration.
 */
static bool
become_user(struct service *s, const char *socket_path, struct failure *why)
{
	struct serve_user	 user;
	struct config		 config = { 0 };
	const char		*queue = config_text(s->config, NULL,
				    KEY_QUEUE);
	char			*directory = NULL;
	bool			 good = true;

	if (!serve_user_find(&user))
		log_line(s->options->log, LOG_WARNING, "the user relais does "
		    "not exist, so the service runs as root; create it with "
		    "useradd --system relais");
	if (socket_path != NULL) {
		directory = directory_of(socket_path);
		good = serve_user_directory(&user, directory, 0755, why);
		free(directory);
	}
	if (!good || !user.change)
		return good;
	if (strcmp(queue, "off") != 0)
		good = serve_user_directory(&user, queue, 0700, why);
	good = good && serve_user_become(&user, why) &&
	    s->options->load(s->options->context, &config, why);
	config_free(&config);
	return good;
}

static bool
start_listening(struct service *s, struct failure *why)
{
	const char	*path = config_text(s->config, NULL, KEY_SOCKET);

	if (!serve_listen_inherit(&s->listen, why))
		return false;
	if (strcmp(path, "off") == 0)
		path = NULL;
	if (!become_user(s, path, why) || !check_secrets(s->config, why))
		return false;
	if (path == NULL && s->listen.n == 0)
		return failed(why, EX_CONFIG, "there is no socket: the service "
		    "manager passes none, and %s turns off the one of the "
		    "service", config_find(s->config, NULL,
		    KEY_SOCKET)->origin);
	return path == NULL || serve_listen_create(&s->listen, path, why);
}

/* Requests SIGTERM for the end of the parent; false if it has ended. */
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

static void
serve_until_stopped(struct service *s)
{
	s->next_run = clock_ms();
	if (s->notify.watchdog_ms > 0)
		s->next_watchdog = clock_ms();
	serve_notify(&s->notify, "READY=1");
	if (s->options->listens)
		log_line(s->options->log, LOG_INFO, "the service accepts mail "
		    "on %s%s", s->listen.path != NULL ? s->listen.path :
		    "the sockets of the service manager", s->spool.directory !=
		    NULL ? "" : "; it has no queue");
	while (!is_finished(s)) {
		int64_t	now = clock_ms();

		dispatch_jobs(s, now);
		run_when_possible(s, now);
		end_idle_workers(s, now);
		enforce_stop(s, now);
		notify_state(s, now);
		handle_events(s, now);
	}
}

bool
serve_run(const struct serve_options *options, struct failure *why)
{
	struct service	s = { .options = options, .signals = -1,
			    .notify.fd = -1 };
	bool		good;

	apply_config(&s, options->config);
	good = hold_signals(&s, why);
	if (good && options->with_parent && !tie_to_parent())
		goto out;
	if (good && options->listens) {
		serve_notify_open(&s.notify);
		raise_descriptors();
		good = start_listening(&s, why);
	}
	good = good && open_queue(&s, options->config, why);
	if (good) {
		identity_find(&s.me, options->config);
		serve_until_stopped(&s);
		log_line(options->log, LOG_INFO, "the service has stopped");
	}
out:
	serve_listen_close(&s.listen);
	serve_notify_close(&s.notify);
	if (s.signals != -1)
		close(s.signals);
	spool_close(&s.spool);
	identity_free(&s.me);
	serve_users_free(&s.users);
	config_free(&s.loaded);
	free(s.client);
	free(s.worker);
	free(s.job);
	return good;
}
