#include "runner/runner.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "queue/entry.h"
#include "queue/health.h"
#include "queue/retry.h"
#include "queue/storm.h"
#include "runner/alarm.h"
#include "runner/backoff.h"
#include "runner/collect.h"
#include "runner/idle_login.h"
#include "runner/turn_list.h"
#include "submit/login_backoff.h"
#include "submit/pace.h"
#include "submit/spool_config.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/memory.h"

enum {
	ENTRIES_EACH = 10,	/* for each connection */
	PROGRESS_MS = 200,
	WAIT_MS = 60 * 1000,	/* SIGCHLD ends the wait earlier */
};

/* The state of a worker process; an entry is its index + 1, 0 for none. */
struct worker_slot {
	atomic_size_t	at;		/* being attempted */
	atomic_size_t	ahead;		/* the next one of this worker */
	atomic_size_t	back;		/* left to other workers */
	char		error[512];
	char		given_up[512];
	bool		delivered;	/* any message */
	bool		sending;	/* .at may be sent to a server */
};

/*
 * Shared by the processes.  A worker that an attacker controls can write
 * anything to it, so indexes and the ends of strings are checked.
 */
struct shared_state {
	atomic_size_t		next;		/* first entry not taken */
	atomic_size_t		active;		/* running workers */
	atomic_bool		stop;
	atomic_size_t		result[ATTEMPT_RESULTS];
	struct relay_deferrals	deferrals;
	struct worker_slot	slot[];
};

struct queue_run {
	const struct runner	*runner;
	pid_t			 parent;	/* of the workers */
	struct spool_list	 list;
	struct shared_state	*shared;
	struct backoff_shared	*backoff;
	int			 backoff_lock;	/* a file, or -1 */
	int			 seats;		/* a file, or -1 */
	struct turn_list	 turns;		/* empty without pace */
	size_t			 slots;
	pid_t			*pid;		/* owned; 0: no worker */
	size_t			 started;	/* workers so far */
	sigset_t		 before;	/* the signal mask */
	sigset_t		 awaited;	/* signals */
	int			 stopped_by;	/* the last signal, or 0 */
	int			 demands;	/* SIGTERM or SIGINT received */
};

size_t
runner_done(const struct runner_totals *t)
{
	size_t	n = 0;

	for (int i = 0; i < ATTEMPT_RESULTS; i++)
		n += t->result[i];
	return n;
}

/*
 * The worker processes.
 */

/* The context of the callbacks of a worker. */
struct worker_place {
	const struct queue_run	*run;
	struct worker_slot	*slot;
};

/*
 * A worker that cannot connect ends, except the last one, which records the
 * reason in each entry.  There is room for one entry that is left: a worker
 * goes on while it has the next entry open, or until the entry that it has left
 * because of a late reply has been taken.
 */
static bool
may_leave_entry(void *context)
{
	struct worker_place	*place = context;
	struct shared_state	*shared = place->run->shared;
	size_t			 active = atomic_load(&shared->active);

	while (active > 1 && atomic_load(&place->slot->back) == 0 &&
	    atomic_load(&place->slot->ahead) == 0)
		if (atomic_compare_exchange_weak(&shared->active, &active,
		    active - 1))
			return true;
	return false;
}

/* After a signal, or if the parent process was killed. */
static bool
must_end(const struct queue_run *run)
{
	return atomic_load(&run->shared->stop) || getppid() != run->parent;
}

/* Takes the next entry, or one that another worker has left. */
static bool
take_entry(const struct queue_run *run, size_t *index)
{
	struct shared_state	*shared = run->shared;

	if (must_end(run))
		return false;
	*index = atomic_fetch_add(&shared->next, 1);
	if (*index < run->list.n)
		return true;
	atomic_store(&shared->next, run->list.n);
	for (size_t i = 0; i < run->slots; i++) {
		size_t	back = atomic_exchange(&shared->slot[i].back, 0);

		if (back == 0 || back > run->list.n)
			continue;
		*index = back - 1;
		return true;
	}
	return false;
}

/*
 * The worker takes the next entry while it sends another one, unless it might
 * have to leave two entries.
 */
static const char *
take_next(void *context)
{
	struct worker_place	*place = context;
	size_t			 index;

	if (atomic_load(&place->slot->back) != 0 ||
	    !take_entry(place->run, &index))
		return NULL;
	atomic_store(&place->slot->ahead, index + 1);
	return place->run->list.item[index].name;
}

static void
give_back_next(void *context)
{
	struct worker_slot	*slot = ((struct worker_place *)context)->slot;

	atomic_store(&slot->back, atomic_exchange(&slot->ahead, 0));
}

/* The entry that take_next() has taken, or the next one of the run. */
static bool
take_own_entry(const struct queue_run *run, struct worker_slot *slot,
    size_t *index)
{
	size_t	ahead = atomic_load(&slot->ahead);

	if (ahead == 0)
		return take_entry(run, index);
	*index = ahead - 1;
	return true;
}

static void
init_worker(struct attempt_worker *w, const struct runner *r)
{
	*w = (struct attempt_worker){ .config = r->config, .me = r->me,
	    .log = r->log, .spool = r->spool, .choice = &r->choice };
	attempt_worker_begin(w, r->trace);
}

static void
count(struct queue_run *run, enum attempt_result result)
{
	atomic_fetch_add(&run->shared->result[result], 1);
}

/* Makes the attempt for an entry, and counts its result unless it waits. */
static enum attempt_result
work_on(struct queue_run *run, struct worker_slot *slot,
    struct attempt_worker *w, size_t index)
{
	enum attempt_result	result;

	slot->sending = false;
	atomic_store(&slot->at, index + 1);
	atomic_store(&slot->ahead, 0);
	result = attempt_entry(w, run->list.item[index].name);
	if (result == ATTEMPT_LEFT)
		atomic_store(&slot->back, index + 1);
	else if (result != ATTEMPT_PACED)
		count(run, result);
	strlcpy(slot->error, w->error, sizeof(slot->error));
	strlcpy(slot->given_up, w->given_up, sizeof(slot->given_up));
	slot->delivered |= w->delivered;
	atomic_store(&slot->at, 0);
	return result;
}

/*
 * Waits for the turn of an entry, and makes the attempt.  If another process
 * was faster, the entry waits for the next turn.  Returns false if the worker
 * ends.
 */
static bool
work_in_turn(struct queue_run *run, struct worker_slot *slot,
    struct attempt_worker *w, struct turn_list_entry *entry)
{
	enum attempt_result	result = ATTEMPT_PACED;
	enum turn_list_answer	answer;

	do {
		answer = turn_list_wait(&run->turns, entry, w);
		if (answer == TURN_LIST_CAME)
			result = work_on(run, slot, w, entry->index);
		entry->turn_us = w->turn_us;
	} while (answer == TURN_LIST_CAME && result == ATTEMPT_PACED);
	if (answer == TURN_LIST_LATE)
		count(run, ATTEMPT_PACED);
	return answer != TURN_LIST_LEFT && result != ATTEMPT_LEFT;
}

static void
run_worker(struct queue_run *run, size_t number)
{
	struct worker_slot	*slot = &run->shared->slot[number];
	struct sandbox		 sandbox =
				    spool_config_sandbox(run->runner->spool);
	struct worker_place	 place = { run, slot };
	struct attempt_worker	 worker;
	struct turn_list_entry	 paced;
	enum attempt_result	 result;
	bool			 left = false;

	init_worker(&worker, run->runner);
	turn_list_begin_worker(&run->turns);
	worker.backoff = (struct backoff){
	    .login = { .spool = run->runner->spool,
	    .config = run->runner->config,
	    .at_once = run->runner->choice.when != ATTEMPT_WHEN_DUE },
	    .shared = run->backoff, .lock = run->backoff_lock };
	worker.relay.seats.file = run->seats;
	relay_confine(&worker.relay, &sandbox);
	worker.relay.deferrals = &run->shared->deferrals;
	worker.may_leave = may_leave_entry;
	worker.next = take_next;
	worker.next_late = give_back_next;
	worker.context = &place;
	worker.sending = &slot->sending;
	/* At the end, an entry whose envelope has been sent is finished. */
	while (!left && (!must_end(run) || atomic_load(&slot->ahead) != 0)) {
		if (take_own_entry(run, slot, &paced.index)) {
			result = work_on(run, slot, &worker, paced.index);
			paced.turn_us = worker.turn_us;
			if (result == ATTEMPT_PACED &&
			    !turn_list_add(&run->turns, &paced))
				count(run, result);
			left = result == ATTEMPT_LEFT;
		} else if (turn_list_take(&run->turns, &paced)) {
			left = !work_in_turn(run, slot, &worker, &paced);
		} else {
			break;
		}
	}
	if (!left)
		atomic_fetch_sub(&run->shared->active, 1);
	attempt_worker_end(&worker);
}

/*
 * The parent process.
 */

static bool
fork_worker(struct queue_run *run, size_t number, struct failure *why)
{
	pid_t	pid;

	atomic_fetch_add(&run->shared->active, 1);
	pid = fork();
	if (pid == 0) {
		/* The signals remain blocked: the parent handles them. */
		run_worker(run, number);
		_exit(EX_OK);
	}
	if (pid == -1) {
		atomic_fetch_sub(&run->shared->active, 1);
		return failed_errno(why, EX_OSERR,
		    "cannot start a worker process");
	}
	run->pid[number] = pid;
	run->started++;
	return true;
}

static bool
has_entries_left(const struct queue_run *run)
{
	if (atomic_load(&run->shared->stop))
		return false;
	if (atomic_load(&run->shared->next) < run->list.n)
		return true;
	for (size_t i = 0; i < run->slots; i++)
		if (atomic_load(&run->shared->slot[i].back) != 0)
			return true;
	return !turn_list_is_empty(&run->turns);
}

/* The worker crashed during the attempt for an entry. */
static void
postpone_crashed(struct queue_run *run, struct worker_slot *slot, size_t index,
    int status)
{
	const char		*name = run->list.item[index].name;
	struct attempt_worker	 worker;
	enum attempt_result	 result;
	char			 error[sizeof(slot->error)];

	snprintf(error, sizeof(error), "the process that worked on %s was "
	    "ended by %s %d", name, WIFSIGNALED(status) ? "signal" : "status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	log_line(run->runner->log, LOG_ERR, "%s", error);
	init_worker(&worker, run->runner);
	result = attempt_postpone(&worker, name, error, slot->sending);
	count(run, result);
	memcpy(slot->error, error, sizeof(error));
	if (result == ATTEMPT_FAILED)
		strlcpy(slot->given_up, worker.given_up,
		    sizeof(slot->given_up));
	attempt_worker_end(&worker);
}

static size_t
count_running(const struct queue_run *run)
{
	size_t	n = 0;

	for (size_t i = 0; i < run->slots; i++)
		n += run->pid[i] != 0;
	return n;
}

/*
 * Returns the number of running workers.  If the last one has crashed, another
 * one is started for the other entries; each entry can crash one worker.
 */
static size_t
reap_workers(struct queue_run *run)
{
	struct failure	why;
	int		status;

	for (size_t i = 0; i < run->slots; i++) {
		struct worker_slot	*slot = &run->shared->slot[i];
		size_t			 at, ahead;

		if (run->pid[i] == 0 ||
		    waitpid(run->pid[i], &status, WNOHANG) == 0)
			continue;
		run->pid[i] = 0;
		at = atomic_exchange(&slot->at, 0);
		ahead = atomic_exchange(&slot->ahead, 0);
		if (ahead != 0)
			atomic_store(&slot->back, ahead);
		if (WIFEXITED(status) && WEXITSTATUS(status) == EX_OK)
			continue;
		atomic_fetch_sub(&run->shared->active, 1);
		if (at != 0 && at <= run->list.n)
			postpone_crashed(run, slot, at - 1, status);
	}
	if (count_running(run) == 0 && has_entries_left(run) &&
	    run->started < run->list.n + run->slots &&
	    !fork_worker(run, 0, &why))
		log_line(run->runner->log, LOG_ERR, "%s; the other entries "
		    "wait for the next queue run", why.text);
	return count_running(run);
}

static void
read_totals(const struct queue_run *run, struct runner_totals *t)
{
	size_t	left = run->list.n;

	t->entries = run->list.n;
	/* Backwards: if the numbers are wrong, nothing has been delivered. */
	for (int i = ATTEMPT_RESULTS - 1; i >= 0; i--) {
		size_t	n = atomic_load(&run->shared->result[i]);

		t->result[i] = n < left ? n : left;
		left -= t->result[i];
	}
	t->stopped = atomic_load(&run->shared->stop);
}

static void
wait_for_workers(struct queue_run *run, struct runner_totals *t)
{
	const struct runner	*r = run->runner;
	int			 ms = r->progress != NULL ? PROGRESS_MS :
				    WAIT_MS;
	struct timespec		 time = { ms / 1000, ms % 1000 * 1000000L };

	while (reap_workers(run) > 0) {
		int	sig = sigtimedwait(&run->awaited, NULL, &time);

		if (sig > 0 && sig != SIGCHLD) {
			atomic_store(&run->shared->stop, true);
			turn_list_stop(&run->turns);
			run->stopped_by = sig;
			run->demands += sig == SIGTERM || sig == SIGINT;
		}
		for (size_t i = 0; run->demands > 1 && i < run->slots; i++)
			if (run->pid[i] != 0)
				kill(run->pid[i], SIGKILL);
		if (r->progress != NULL) {
			read_totals(run, t);
			r->progress(r->context, t);
		}
	}
}

/*
 * If a signal ended a worker or this process, the message being sent would be
 * sent again later.  All signals are blocked except those for faults and job
 * control.  SIGTERM and similar signals are handled during the queue run,
 * unless the caller ignores or handles them; the others take effect after it.
 */
static void
block_signals(struct queue_run *run)
{
	static const int	ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGALRM,
		SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGXCPU };
	static const int	others[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL,
		SIGSEGV, SIGSYS, SIGTRAP, SIGTSTP, SIGTTIN, SIGTTOU };
	sigset_t		blocked;

	sigfillset(&blocked);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		sigdelset(&blocked, others[i]);
	sigprocmask(SIG_BLOCK, &blocked, &run->before);
	sigemptyset(&run->awaited);
	sigaddset(&run->awaited, SIGCHLD);
	for (size_t i = 0; i < sizeof(ending) / sizeof(*ending); i++) {
		int			sig = ending[i];
		struct sigaction	now;

		if (sigaction(sig, NULL, &now) == 0 &&
		    now.sa_handler == SIG_DFL && (sig == SIGTERM ||
		    sig == SIGINT || !sigismember(&run->before, sig)))
			sigaddset(&run->awaited, sig);
	}
}

/*
 * Moves a file that is not a regular one to failed/, and adds the result to the
 * totals.  A worker cannot: its sandbox allows it to move regular files only.
 */
static void
move_bad_entry(const struct runner *r, const char *name,
    struct runner_totals *t)
{
	enum attempt_result	result = ATTEMPT_ERROR;
	struct entry		entry;
	struct failure		why;

	switch (entry_open(&entry, r->spool, SPOOL_QUEUE, name, ENTRY_WORK,
	    &why)) {
	case ENTRY_OPENED:
		entry_close(&entry);
		break;
	case ENTRY_BAD:
		alarm_note_given_up(r->spool, 1, why.text, clock_now());
		result = ATTEMPT_BAD;
		/* FALLTHROUGH */
	case ENTRY_TROUBLE:
		log_line(r->log, LOG_ERR, "%s", why.text);
		t->entries++;
		t->result[result]++;
		strlcpy(t->error, why.text, sizeof(t->error));
		break;
	case ENTRY_LOCKED:
	case ENTRY_GONE:
		break;
	}
}

/*
 * Whether an entry that is due although its time is in the future, as after the
 * clock was set back, waits for a digest at the end of a long period.
 */
static bool
is_collected(const struct runner *r, const struct spool_item *item, int64_t now)
{
	struct entry	e;
	struct failure	ignored;
	bool		collected;

	if (item->next <= now || !storm_was_used(r->spool) ||
	    entry_open(&e, r->spool, SPOOL_QUEUE, item->name, ENTRY_LOOK,
	    &ignored) != ENTRY_OPENED)
		return false;
	collected = e.file.collected;
	entry_close(&e);
	return collected;
}

/*
 * Removes from the list the entries that need not be tried, and those that are
 * not regular files.  Adds the latter to the totals.
 */
static void
keep_chosen(const struct runner *r, struct spool_list *list, int64_t now,
    struct runner_totals *t)
{
	const struct attempt_choice	*choice = &r->choice;
	struct retry_schedule		 schedule;
	size_t				 n = 0;

	spool_config_retry(&schedule, r->config);
	for (size_t i = 0; i < list->n; i++) {
		struct spool_item	item = list->item[i];
		bool			chosen;

		chosen = (choice->when != ATTEMPT_WHEN_DUE ||
		    (retry_is_due(&schedule, now, item.next) &&
		    !is_collected(r, &item, now))) && (choice->id == NULL ||
		    strcmp(choice->id, item.name) == 0);
		if (chosen && item.is_file) {
			list->item[n++] = item;
			continue;
		}
		if (chosen)
			move_bad_entry(r, item.name, t);
		free(item.name);
	}
	list->n = n;
}

static void
record_health(const struct queue_run *run, struct runner_totals *t)
{
	struct spool	*spool = run->runner->spool;
	int64_t		 now = clock_now();
	size_t		 given_up = t->result[ATTEMPT_FAILED] +
			    t->result[ATTEMPT_BAD];
	const char	*reason = t->error;
	bool		 delivered = false;
	struct failure	 ignored;	/* nothing depends on it */

	for (size_t i = 0; i < run->slots; i++) {
		struct worker_slot	*slot = &run->shared->slot[i];

		delivered |= slot->delivered;
		slot->error[sizeof(slot->error) - 1] = '\0';
		if (slot->error[0] != '\0')
			strlcpy(t->error, slot->error, sizeof(t->error));
		slot->given_up[sizeof(slot->given_up) - 1] = '\0';
		if (slot->given_up[0] != '\0')
			reason = slot->given_up;
	}
	if (given_up > 0)
		alarm_note_given_up(spool, given_up, reason, now);
	else if (t->error[0] != '\0')
		health_note_error(spool, now, t->error, false, &ignored);
	if (delivered)
		health_note_success(spool, now, &ignored);
}

static void *
map_shared(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static bool
attempt_list(struct queue_run *run, struct runner_totals *t,
    struct failure *why)
{
	const struct runner	*r = run->runner;
	size_t			 max = r->connections != 0 ? r->connections :
				    (size_t)config_number(r->config, NULL,
				    KEY_CONNECTIONS);
	size_t			 wanted = (run->list.n + ENTRIES_EACH - 1) /
				    ENTRIES_EACH;
	size_t			 size;
	char			 waits[50] = "";
	struct failure		 ignored;
	bool			 good;

	run->slots = wanted < max ? wanted : max > 0 ? max : 1;
	size = sizeof(*run->shared) + run->slots *
	    sizeof(run->shared->slot[0]);
	run->shared = map_shared(size);
	run->backoff = map_shared(backoff_shared_size());
	if (run->shared == MAP_FAILED || run->backoff == MAP_FAILED)
		return failed_errno(why, EX_OSERR,
		    "cannot map memory for the workers");
	run->backoff_lock = file_in_memory();
	run->seats = r->seats != NULL ? *r->seats :
	    seats_are_set(r->config) ? file_in_memory() : -1;
	if (pace_is_set(r->config) || run->seats != -1)
		turn_list_begin(&run->turns, run->list.n, r->patience_ms);
	run->pid = memory_new(run->slots, sizeof(*run->pid));
	good = fork_worker(run, 0, why);
	/* One worker is enough if the others cannot be started. */
	for (size_t i = 1; good && i < run->slots; i++)
		if (!fork_worker(run, i, &ignored))
			break;
	if (good)
		wait_for_workers(run, t);
	read_totals(run, t);
	record_health(run, t);
	if (t->result[ATTEMPT_PACED] > 0)
		snprintf(waits, sizeof(waits), ", %zu waiting for a turn",
		    t->result[ATTEMPT_PACED]);
	log_line(r->log, LOG_INFO, "queue run: %zu of %zu entries: %zu sent, "
	    "%zu deferred, %zu given up%s", runner_done(t), t->entries,
	    t->result[ATTEMPT_DELIVERED], t->result[ATTEMPT_DEFERRED],
	    t->result[ATTEMPT_FAILED] + t->result[ATTEMPT_BAD], waits);
	/* An entry that reappears after a crash would be sent again. */
	if (!spool_sync(r->spool, &ignored))
		log_line(r->log, LOG_ERR, "%s", ignored.text);
	turn_list_end(&run->turns);
	munmap(run->shared, size);
	munmap(run->backoff, backoff_shared_size());
	if (run->backoff_lock != -1)
		close(run->backoff_lock);
	if (r->seats == NULL && run->seats != -1)
		close(run->seats);
	free(run->pid);
	return good;
}

/*
 * Lists the queue after collected messages have been replaced by digests.  Adds
 * those that are invalid to the totals.
 */
static bool
list_queue(struct queue_run *run, int64_t now, struct runner_totals *t,
    struct failure *why)
{
	const struct runner	*r = run->runner;
	struct spool_list	*list = &run->list;
	struct collect_options	options = { .config = r->config, .me = r->me,
				    .log = r->log, .spool = r->spool,
				    .early = r->choice.when ==
				    ATTEMPT_WHEN_ANY };
	size_t			 bad;

	if (!spool_list(list, r->spool, SPOOL_QUEUE, why))
		return false;
	if (r->choice.id != NULL || !collect_run(&options, list, now, &bad))
		return true;
	t->entries += bad;
	t->result[ATTEMPT_BAD] += bad;
	spool_list_free(list);
	return spool_list(list, r->spool, SPOOL_QUEUE, why);
}

static void
check_alarm(const struct runner *r)
{
	struct alarm_options	options = { .config = r->config, .me = r->me,
				    .log = r->log, .spool = r->spool };

	alarm_check(&options, clock_now());
}

static void
add_totals(struct runner_totals *t, const struct runner_totals *others)
{
	t->entries += others->entries;
	for (int i = 0; i < ATTEMPT_RESULTS; i++)
		t->result[i] += others->result[i];
	if (t->error[0] == '\0')
		strlcpy(t->error, others->error, sizeof(t->error));
}

static bool
chooses_all(const struct attempt_choice *c)
{
	return c->id == NULL && c->recipient == NULL && c->sender == NULL;
}

bool
runner_run_queue(const struct runner *options, struct runner_totals *t,
    struct failure *why)
{
	struct runner		 copy = *options;
	const struct runner	*r = &copy;
	struct queue_run	 run = { .runner = r, .parent = getpid() };
	struct runner_totals	 others = { 0 };
	int64_t			 now = clock_now();
	bool			 good = true;

	*t = (struct runner_totals){ 0 };
	if (!log_prepare(r->log, why))
		log_line(r->log, LOG_WARNING, "%s", why->text);
	/* With an inherited SIG_IGN, waitpid(2) would return no status. */
	signal(SIGCHLD, SIG_DFL);
	spool_sweep(r->spool, now);
	if (chooses_all(&r->choice) && login_backoff_end(r->spool, r->config,
	    now) && r->choice.when == ATTEMPT_WHEN_DUE)
		copy.choice.when = ATTEMPT_WHEN_SAFE;
	if (!list_queue(&run, now, &others, why))
		return false;
	keep_chosen(r, &run.list, now, &others);
	if (run.list.n > 0) {
		block_signals(&run);
		good = attempt_list(&run, t, why);
		sigprocmask(SIG_SETMASK, &run.before, NULL);
	}
	add_totals(t, &others);
	spool_list_free(&run.list);
	if (run.stopped_by == 0)
		check_alarm(r);
	if (run.stopped_by == 0 && r->choice.when == ATTEMPT_WHEN_DUE)
		idle_login_renew(r->config, r->log, now);
	/* The caller must end, too. */
	if (run.stopped_by != 0)
		raise(run.stopped_by);
	return good;
}
