#include "serve/serve.h"

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "config/credentials.h"
#include "config/log_config.h"
#include "queue/retry.h"
#include "queue/spool.h"
#include "runner/alarm.h"
#include "runner/idle_login.h"
#include "runner/runner.h"
#include "serve/serve_clients.h"
#include "serve/serve_pool.h"
#include "serve/serve_start.h"
#include "serve/serve_state.h"
#include "submit/login_backoff.h"
#include "submit/spool_config.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/memory.h"

enum {
	FINISH_MS = 20 * 1000,		/* on SIGTERM, until attempts end */
	KILL_MS = 30 * 1000,		/* and until processes are killed */
	ACCEPT_MAX = 16,		/* clients at a time */
};

/* --------------------------------------------------------------- queue runs */

static bool
is_run_wanted(const struct serve_state *s)
{
	return s->run_now || s->run_due;
}

static void
start_run(struct serve_state *s)
{
	struct runner		runner = {
		.config = s->config,
		.me = &s->me,
		.log = s->options->log,
		.spool = &s->spool,
		.choice.when = s->run_now ? ATTEMPT_WHEN_SAFE :
		    ATTEMPT_WHEN_DUE,
		.connections = s->options->listens ?
		    serve_pool_run_connections(s) : 0,
		.patience_ms = s->options->interval_s * 1000,
		.seats = s->seats != -1 ? &s->seats : NULL,
	};
	struct runner_totals	totals;
	struct failure		why;
	pid_t			pid = serve_state_fork(s, NULL);

	if (pid == 0) {
		if (!runner_run_queue(&runner, &totals, &why))
			log_line(s->options->log, LOG_ERR, "%s", why.text);
		_exit(EX_OK);
	}
	s->next_run = clock_ms() + s->options->interval_s * 1000;
	/* Without a process, the run remains wanted. */
	if (pid == -1)
		return;
	s->run_now = s->run_due = false;
	s->runner = pid;
}

/*
 * Whether an entry, the alarm or a renewal is due; the names and times of the
 * files are enough.
 */
static bool
is_entry_due(struct serve_state *s)
{
	int64_t			now = clock_now();
	struct spool_totals	totals;
	struct retry_schedule	schedule;
	struct failure		why;

	spool_config_retry(&schedule, s->config);
	if (!spool_count(&totals, &s->spool, SPOOL_QUEUE, &why)) {
		log_line(s->options->log, LOG_ERR, "%s", why.text);
		return false;
	}
	if (totals.entries > 0) {
		if (retry_is_due(&schedule, now, totals.next) ||
		    login_backoff_is_over(&s->spool, s->config))
			return true;
		serve_state_expect_turn(s, totals.next - now);
	}
	return alarm_is_due(s->config, &s->spool, &totals, now) ||
	    idle_login_is_due(s->config, now);
}

static void
run_when_possible(struct serve_state *s, int64_t now)
{
	if (now >= s->next_run) {
		s->next_run = now + s->options->interval_s * 1000;
		if (s->spool.directory != NULL && !is_run_wanted(s))
			s->run_due = is_entry_due(s);
	}
	if (!is_run_wanted(s) || s->runner != 0 || s->stopping)
		return;
	serve_pool_end_idle(s, now);
	if (serve_pool_may_run(s))
		start_run(s);
}

/* ------------------------------------------------------------------ signals */

static void
log_death(const struct serve_state *s, const char *what, pid_t pid, int status)
{
	/* A queue run that was asked to stop ends in this way. */
	if (s->stopping && WIFSIGNALED(status) &&
	    WTERMSIG(status) == SIGTERM)
		return;
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
reap_children(struct serve_state *s)
{
	int	status;
	pid_t	pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0 ||
	    (pid == -1 && errno == EINTR))
		if (pid == -1) {
			continue;
		} else if (pid == s->runner) {
			log_death(s, "queue run", pid, status);
			s->runner = 0;
			serve_state_expect_turn(s, 0);
		} else if (serve_clients_reap(s, pid)) {
			log_death(s, "session", pid, status);
		} else if (serve_pool_reap(s, pid)) {
			log_death(s, "worker", pid, status);
		}
}

static void
signal_all(const struct serve_state *s, int sig)
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
begin_stop(struct serve_state *s)
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

static void
enforce_stop(struct serve_state *s, int64_t now)
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
apply_config(struct serve_state *s, const struct config *config)
{
	s->config = config;
	s->clients_max = (size_t)config_number(config, NULL, KEY_CLIENTS);
	s->connections = (size_t)config_number(config, NULL, KEY_CONNECTIONS);
	if (s->clients_max == 0)
		s->clients_max = 1;
	if (s->connections == 0)
		s->connections = 1;
	if (s->seats == -1 && seats_are_set(config))
		s->seats = file_in_memory();
	credentials_warn(config, s->options->log);
}

/* Processes that were started before serve no other message. */
static void
replace_processes(struct serve_state *s)
{
	for (size_t i = 0; i < s->n_workers; i++)
		s->worker[i].outdated = true;
	for (size_t i = 0; i < s->n_clients; i++)
		s->client[i].outdated = true;
}

static void
prepare_log(struct serve_state *s)
{
	struct failure	why;

	if (!log_prepare(s->options->log, &why))
		log_line(s->options->log, LOG_WARNING, "%s", why.text);
}

/* The other processes cannot open a log file after it was rotated. */
static void
follow_log(struct serve_state *s)
{
	const struct log	*log = s->options->log;
	struct failure		 ignored;

	if (log_is_current(log))
		return;
	log_prepare(log, &ignored);
	if (log_is_current(log))
		replace_processes(s);
}

/* The socket stays, because its directory may belong to root. */
static void
warn_of_socket(const struct serve_state *s)
{
	const struct setting	*set = config_find(s->config, NULL, KEY_SOCKET);
	const char		*path = config_text(s->config, NULL, KEY_SOCKET);

	if (strcmp(path, config_text(s->options->config, NULL,
	    KEY_SOCKET)) != 0)
		log_line(s->options->log, LOG_WARNING, "%s%ssocket = %s has no "
		    "effect until the service is restarted",
		    set != NULL ? set->origin : "", set != NULL ? ": " : "",
		    path);
}

/* Processes that were started before keep the configuration they have. */
static void
reload(struct serve_state *s)
{
	struct config	config = { 0 };
	struct spool	old = s->spool;
	struct failure	why;

	serve_notify_reloading(&s->notify);
	if (!s->options->load(s->options->context, &config, &why) ||
	    !serve_start_check_secrets(&config, &why) ||
	    !serve_start_queue(&s->spool, &config, s->options->listens,
	    &why)) {
		log_line(s->options->log, LOG_ERR, "%s; the service continues "
		    "with the previous configuration", why.text);
		s->spool = old;
		config_free(&config);
	} else {
		config_free(&s->loaded);
		s->loaded = config;
		log_close(s->options->log);
		log_config_open(s->options->log, &s->loaded);
		prepare_log(s);
		apply_config(s, &s->loaded);
		warn_of_socket(s);
		identity_free(&s->me);
		identity_find(&s->me, s->config);
		spool_close(&old);
		if (s->spool.directory == NULL)
			s->run_now = s->run_due = false;
		/* A corrected password is tried at once. */
		s->next_run = clock_ms();
		replace_processes(s);
		log_line(s->options->log, LOG_INFO,
		    "the configuration has been read again");
	}
	serve_notify(&s->notify, "READY=1");
}

static void
read_signals(struct serve_state *s)
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

/* ----------------------------------------------------------------- the loop */

static void
notify_state(struct serve_state *s, int64_t now)
{
	char	status[sizeof(s->status)];

	if (s->next_watchdog != 0 && now >= s->next_watchdog) {
		serve_notify(&s->notify, "WATCHDOG=1");
		s->next_watchdog = now + s->notify.watchdog_ms;
	}
	if (s->notify.fd == -1)
		return;
	snprintf(status, sizeof(status), "%zu of %zu clients, %zu of %zu "
	    "workers busy%s", serve_clients_count(s), s->clients_max,
	    serve_pool_count_busy(s), s->connections,
	    s->runner != 0 ? ", queue run in progress" : "");
	if (strcmp(status, s->status) == 0)
		return;
	strlcpy(s->status, status, sizeof(s->status));
	serve_notify(&s->notify, "STATUS=%s", status);
}

static void
advance(int64_t *next, int64_t to)
{
	if (*next == -1 || to < *next)
		*next = to;
}

/* The time-out for poll(2): -1 if nothing will happen by itself. */
static int
next_event_ms(const struct serve_state *s, int64_t now)
{
	int64_t	next = serve_pool_next(s);

	if (serve_clients_next(s) != -1)
		advance(&next, serve_clients_next(s));
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
	if (next == -1)
		return -1;
	return next <= now ? 0 : next - now < INT_MAX ? (int)(next - now) :
	    INT_MAX;
}

static bool
is_finished(const struct serve_state *s)
{
	return s->stopping && s->n_clients == 0 && s->n_workers == 0 &&
	    s->runner == 0;
}

/*
 * Accepts a few clients; the others wait until the events have been handled.
 * The signals are read after each client has been accepted, so that a client
 * that connected after SIGHUP is served with the new configuration.
 */
static void
accept_clients(struct serve_state *s, size_t listener)
{
	for (int i = 0; i < ACCEPT_MAX && listener < s->listen.n; i++) {
		int	fd = serve_clients_accept(s, s->listen.fd[listener]);

		if (fd == -1)
			return;
		read_signals(s);
		if (s->stopping)
			close(fd);
		else
			serve_clients_admit(s, fd);
	}
}

/* Waits for events and handles them. */
static void
handle_events(struct serve_state *s, int64_t now)
{
	size_t		 listeners = now >= s->accept_after ? s->listen.n : 0;
	size_t		 clients = s->n_clients, workers = s->n_workers;
	size_t		 n = 0;
	int		 n_events;
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
	n_events = poll(p, n, next_event_ms(s, now));
	follow_log(s);
	if (n_events > 0) {
		struct pollfd	*q = p + 1 + listeners;

		for (size_t i = 0; i < clients; i++, q++)
			if (q->revents != 0)
				serve_clients_read(s, &s->client[i]);
		for (size_t i = 0; i < workers; i++, q++)
			if (q->revents != 0)
				serve_pool_read(s, &s->worker[i]);
		/* These change the arrays. */
		if (p[0].revents != 0)
			read_signals(s);
		for (size_t i = 0; i < listeners; i++)
			if (p[1 + i].revents != 0)
				accept_clients(s, i);
	}
	free(p);
}

static void
serve_until_stopped(struct serve_state *s)
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

		serve_pool_dispatch(s, now);
		run_when_possible(s, now);
		serve_pool_end_idle(s, now);
		serve_clients_end_idle(s, now);
		enforce_stop(s, now);
		notify_state(s, now);
		handle_events(s, now);
	}
}

/* ---------------------------------------------------------------- the start */

static bool
hold_signals(struct serve_state *s, struct failure *why)
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

static bool
start_listening(struct serve_state *s, struct failure *why)
{
	const char	*path = config_text(s->config, NULL, KEY_SOCKET);

	if (!serve_listen_inherit(&s->listen, why))
		return false;
	if (strcmp(path, "off") == 0)
		path = NULL;
	if (!serve_start_user(s->options, path, why) ||
	    !serve_start_check_secrets(s->config, why))
		return false;
	if (path == NULL && s->listen.n == 0)
		return failed(why, EX_CONFIG, "there is no socket: the service "
		    "manager passes none, and socket = off (%s)",
		    config_find(s->config, NULL, KEY_SOCKET)->origin);
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

bool
serve_run(const struct serve_options *options, struct failure *why)
{
	struct serve_state	s = { .options = options, .signals = -1,
				    .seats = -1,
				    .notify.fd = -1 };
	bool			good;

	apply_config(&s, options->config);
	good = hold_signals(&s, why);
	if (good && options->with_parent && !tie_to_parent())
		goto out;
	if (good && options->listens) {
		serve_notify_open(&s.notify);
		raise_descriptors();
		good = start_listening(&s, why);
	}
	good = good && serve_start_queue(&s.spool, options->config,
	    options->listens, why);
	if (good) {
		serve_pool_begin(&s);
		prepare_log(&s);
		identity_find(&s.me, options->config);
		serve_until_stopped(&s);
		log_line(options->log, LOG_INFO, "the service has stopped");
	}
out:
	serve_state_free(&s);
	return good;
}
