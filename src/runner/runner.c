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
#include "submit/spool_config.h"
#include "util/memory.h"

enum {
	ENTRIES_EACH = 10,	/* that are worth a connection of their own */
	PROGRESS_MS = 200,
	WAIT_MS = 60 * 1000,	/* a child's end wakes us in any case */
};

/* One worker's part; an entry is its index + 1, or 0 for none. */
struct slot {
	atomic_size_t	at;		/* being attempted */
	atomic_size_t	back;		/* left to other workers */
	char		error[512];
	bool		delivered;	/* any message */
	bool		sending;	/* a server may get .at */
};

/*
 * What the processes share.  A worker that has been taken over can write
 * anything to it, so no index and no end of a text in it is trusted.
 */
struct shared {
	atomic_size_t	next;		/* first entry not taken */
	atomic_size_t	active;		/* running workers */
	atomic_bool	stop;
	atomic_size_t	result[ATTEMPT_RESULTS];
	struct slot	slot[];
};

struct pass {
	const struct runner	*runner;
	struct spool_list	 list;
	struct shared		*shared;
	size_t			 shared_size;
	size_t			 slots;
	pid_t			*pid;		/* owned; 0: no worker */
	size_t			 spawned;	/* so far */
	sigset_t		 before;	/* the signal mask */
	sigset_t		 awaited;	/* signals */
	int			 stopped_by;	/* the last signal, or 0 */
	int			 demands;	/* to end, SIGTERM or SIGINT */
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
 * What runs in a worker.
 */

struct worker_place {
	struct pass	*pass;
	struct slot	*slot;
};

/* The last one stays, to note at every entry why it could not go. */
static bool
may_leave(void *context)
{
	struct worker_place	*place = context;
	struct shared		*shared = place->pass->shared;
	size_t			 active = atomic_load(&shared->active);

	while (active > 1)
		if (atomic_compare_exchange_weak(&shared->active, &active,
		    active - 1))
			return true;
	return false;
}

/* The next entry nobody took, or one that was put back. */
static bool
take_entry(const struct pass *pass, size_t *index)
{
	struct shared	*shared = pass->shared;

	if (atomic_load(&shared->stop))
		return false;
	*index = atomic_fetch_add(&shared->next, 1);
	if (*index < pass->list.n)
		return true;
	atomic_store(&shared->next, pass->list.n);
	for (size_t i = 0; i < pass->slots; i++) {
		size_t	back = atomic_exchange(&shared->slot[i].back, 0);

		if (back == 0 || back > pass->list.n)
			continue;
		*index = back - 1;
		return true;
	}
	return false;
}

static void
begin_worker(struct attempt_worker *w, const struct runner *r)
{
	*w = (struct attempt_worker){ .config = r->config, .me = r->me,
	    .log = r->log, .spool = r->spool, .choice = &r->choice };
	attempt_worker_begin(w, r->trace);
}

static void
worker_run(struct pass *pass, size_t number)
{
	struct slot		*slot = &pass->shared->slot[number];
	struct worker_place	 place = { pass, slot };
	struct sandbox		 sandbox =
				    spool_config_sandbox(pass->runner->spool);
	struct attempt_worker	 worker;
	bool			 left = false;
	size_t			 i;

	begin_worker(&worker, pass->runner);
	relay_confine(&worker.relay, &sandbox);
	worker.may_leave = may_leave;
	worker.context = &place;
	worker.sending = &slot->sending;
	while (!left && take_entry(pass, &i)) {
		enum attempt_result	result;

		slot->sending = false;
		atomic_store(&slot->at, i + 1);
		result = attempt_entry(&worker, pass->list.item[i].name);
		left = result == ATTEMPT_LEFT;
		if (left)
			atomic_store(&slot->back, i + 1);
		else
			atomic_fetch_add(&pass->shared->result[result], 1);
		strlcpy(slot->error, worker.error, sizeof(slot->error));
		slot->delivered |= worker.delivered;
		atomic_store(&slot->at, 0);
	}
	if (!left)
		atomic_fetch_sub(&pass->shared->active, 1);
	attempt_worker_end(&worker);
}

/*
 * What runs in the process that waits for them.
 */

static bool
spawn(struct pass *pass, size_t number, struct failure *why)
{
	pid_t	pid;

	atomic_fetch_add(&pass->shared->active, 1);
	pid = fork();
	if (pid == 0) {
		/* With the signals blocked: the one that waits decides. */
		worker_run(pass, number);
		_exit(EX_OK);
	}
	if (pid == -1) {
		atomic_fetch_sub(&pass->shared->active, 1);
		return failed_errno(why, EX_OSERR,
		    "cannot start a worker process");
	}
	pass->pid[number] = pid;
	pass->spawned++;
	return true;
}

static bool
is_left(const struct pass *pass)
{
	if (atomic_load(&pass->shared->stop))
		return false;
	if (atomic_load(&pass->shared->next) < pass->list.n)
		return true;
	for (size_t i = 0; i < pass->slots; i++)
		if (atomic_load(&pass->shared->slot[i].back) != 0)
			return true;
	return false;
}

/* It died with an entry in hand: that one later. */
static void
put_off(struct pass *pass, struct slot *slot, size_t index, int status)
{
	const char	*name = pass->list.item[index].name;
	struct attempt_worker	 worker;
	char		 error[sizeof(slot->error)];

	snprintf(error, sizeof(error), "the process that worked on %s was "
	    "ended by %s %d", name, WIFSIGNALED(status) ? "signal" : "status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	log_line(pass->runner->log, LOG_ERR, "%s", error);
	begin_worker(&worker, pass->runner);
	attempt_postpone(&worker, name, error, slot->sending);
	memcpy(slot->error, error, sizeof(error));
	attempt_worker_end(&worker);
	atomic_fetch_add(&pass->shared->result[ATTEMPT_DEFERRED], 1);
}

static void
reap(struct pass *pass, size_t number, int status)
{
	struct slot	*slot = &pass->shared->slot[number];
	size_t		 at = atomic_exchange(&slot->at, 0);

	pass->pid[number] = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EX_OK)
		return;
	atomic_fetch_sub(&pass->shared->active, 1);
	if (at != 0 && at <= pass->list.n)
		put_off(pass, slot, at - 1, status);
}

static size_t
count_active(const struct pass *pass)
{
	size_t	n = 0;

	for (size_t i = 0; i < pass->slots; i++)
		n += pass->pid[i] != 0;
	return n;
}

/*
 * How many are at work.  Who died is replaced once all others are done, as
 * often as there are entries to die of.
 */
static size_t
look_after(struct pass *pass)
{
	struct failure	why;
	int		status;

	for (size_t i = 0; i < pass->slots; i++)
		if (pass->pid[i] != 0 &&
		    waitpid(pass->pid[i], &status, WNOHANG) != 0)
			reap(pass, i, status);
	if (count_active(pass) == 0 && is_left(pass) &&
	    pass->spawned < pass->list.n + pass->slots)
		spawn(pass, 0, &why);
	return count_active(pass);
}

static void
stop_workers(struct pass *pass, int sig)
{
	atomic_store(&pass->shared->stop, true);
	pass->stopped_by = sig;
	pass->demands += sig == SIGTERM || sig == SIGINT;
	for (size_t i = 0; pass->demands > 1 && i < pass->slots; i++)
		if (pass->pid[i] != 0)
			kill(pass->pid[i], SIGKILL);
}

static void
read_totals(const struct pass *pass, struct runner_totals *t)
{
	t->entries = pass->list.n;
	for (int i = 0; i < ATTEMPT_RESULTS; i++)
		t->result[i] = atomic_load(&pass->shared->result[i]);
	t->stopped = atomic_load(&pass->shared->stop);
}

static void
wait_for_all(struct pass *pass, struct runner_totals *t)
{
	const struct runner	*r = pass->runner;
	int			 ms = r->progress != NULL ? PROGRESS_MS :
				    WAIT_MS;
	struct timespec		 time = { ms / 1000, ms % 1000 * 1000000L };

	while (look_after(pass) > 0) {
		int	sig = sigtimedwait(&pass->awaited, NULL, &time);

		if (sig > 0 && sig != SIGCHLD)
			stop_workers(pass, sig);
		if (r->progress != NULL) {
			read_totals(pass, t);
			r->progress(r->context, t);
		}
	}
}

static bool
run_workers(struct pass *pass, struct runner_totals *t, struct failure *why)
{
	bool	good = spawn(pass, 0, why);

	/* Fewer than might be are enough. */
	for (size_t i = 1; good && i < pass->slots &&
	    spawn(pass, i, why); i++)
		;
	wait_for_all(pass, t);
	return good;
}

/* A signal that the caller ignores, or waits for itself, ends no pass. */
static bool
is_ending(const struct pass *pass, int sig)
{
	struct sigaction	now;

	return sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_DFL &&
	    (sig == SIGTERM || sig == SIGINT ||
	    !sigismember(&pass->before, sig));
}

/*
 * A signal that ended a worker, or us, would cut off the message in hand, which
 * would be sent again.  All but those for faults and for job control are
 * blocked; those that are likely to come are waited for, the others take
 * effect when the pass is over.
 */
static void
hold_signals(struct pass *pass)
{
	static const int	ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGALRM,
		SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGXCPU };
	static const int	others[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL,
		SIGSEGV, SIGSYS, SIGTRAP, SIGTSTP, SIGTTIN, SIGTTOU };
	sigset_t		blocked;

	sigfillset(&blocked);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		sigdelset(&blocked, others[i]);
	sigprocmask(SIG_BLOCK, &blocked, &pass->before);
	sigemptyset(&pass->awaited);
	sigaddset(&pass->awaited, SIGCHLD);
	for (size_t i = 0; i < sizeof(ending) / sizeof(*ending); i++)
		if (is_ending(pass, ending[i]))
			sigaddset(&pass->awaited, ending[i]);
}

/*
 * Nothing but a regular file can be an entry, and a worker in the sandbox can
 * move nothing else.
 */
static void
set_aside(const struct runner *r, const char *name)
{
	struct entry	entry;
	struct failure	why;

	switch (entry_open(&entry, r->spool, SPOOL_QUEUE, name, ENTRY_WORK,
	    &why)) {
	case ENTRY_OPENED:
		entry_close(&entry);
		break;
	case ENTRY_BAD:
	case ENTRY_TROUBLE:
		log_line(r->log, LOG_ERR, "%s", why.text);
		break;
	case ENTRY_LOCKED:
	case ENTRY_GONE:
		break;
	}
}

/* Only what may be chosen: names and times are known without opening any. */
static void
sift(const struct runner *r, struct spool_list *list, int64_t now)
{
	const struct attempt_choice	*choice = &r->choice;
	size_t			 n = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct spool_item	item = list->item[i];
		bool			chosen;

		chosen = (choice->when != ATTEMPT_WHEN_DUE ||
		    retry_is_due(now, item.next)) && (choice->id == NULL ||
		    strcmp(choice->id, item.name) == 0);

		if (chosen && item.is_file) {
			list->item[n++] = item;
			continue;
		}
		if (chosen)
			set_aside(r, item.name);
		free(item.name);
	}
	list->n = n;
}

static size_t
slots_for(const struct runner *r, size_t entries)
{
	size_t	max = (size_t)config_number(r->config, NULL, KEY_CONNECTIONS);
	size_t	n = (entries + ENTRIES_EACH - 1) / ENTRIES_EACH;

	return n < max ? n : max > 0 ? max : 1;
}

static bool
make_shared(struct pass *pass, struct failure *why)
{
	pass->shared_size = sizeof(*pass->shared) + pass->slots *
	    sizeof(pass->shared->slot[0]);
	pass->shared = mmap(NULL, pass->shared_size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (pass->shared == MAP_FAILED)
		return failed_errno(why, EX_OSERR,
		    "cannot map memory for the workers");
	pass->pid = memory_new(pass->slots, sizeof(*pass->pid));
	return true;
}

static void
note_health(const struct pass *pass, struct runner_totals *t)
{
	struct spool	*spool = pass->runner->spool;
	int64_t		 now = (int64_t)time(NULL);
	bool		 delivered = false;
	struct failure	 ignored;	/* nothing depends on it */

	for (size_t i = 0; i < pass->slots; i++) {
		struct slot	*slot = &pass->shared->slot[i];

		delivered |= slot->delivered;
		slot->error[sizeof(slot->error) - 1] = '\0';
		if (slot->error[0] != '\0')
			strlcpy(t->error, slot->error, sizeof(t->error));
	}
	if (t->error[0] != '\0')
		health_note_error(spool, now, t->error,
		    t->result[ATTEMPT_FAILED] > 0, &ignored);
	if (delivered)
		health_note_success(spool, now, &ignored);
}

static void
log_totals(const struct runner *r, const struct runner_totals *t)
{
	log_line(r->log, LOG_INFO, "queue run: %zu of %zu entries: %zu sent, "
	    "%zu deferred, %zu given up", runner_done(t), t->entries,
	    t->result[ATTEMPT_DELIVERED], t->result[ATTEMPT_DEFERRED],
	    t->result[ATTEMPT_FAILED] + t->result[ATTEMPT_BAD]);
}

static bool
work_on_list(struct pass *pass, struct runner_totals *t, struct failure *why)
{
	struct failure	ignored;
	bool		good;

	pass->slots = slots_for(pass->runner, pass->list.n);
	if (!make_shared(pass, why))
		return false;
	good = run_workers(pass, t, why);
	read_totals(pass, t);
	note_health(pass, t);
	log_totals(pass->runner, t);
	/* An entry that comes back after a crash would be sent twice. */
	if (!spool_sync(pass->runner->spool, &ignored))
		log_line(pass->runner->log, LOG_ERR, "%s", ignored.text);
	munmap(pass->shared, pass->shared_size);
	free(pass->pid);
	return good;
}

bool
runner_run_queue(const struct runner *r, struct runner_totals *t,
    struct failure *why)
{
	struct pass	pass = { .runner = r };
	int64_t		now = (int64_t)time(NULL);
	bool		good = true;

	*t = (struct runner_totals){ 0 };
	/* An inherited SIG_IGN would take the workers' ends from us. */
	signal(SIGCHLD, SIG_DFL);
	spool_sweep(r->spool, now);
	if (!spool_list(&pass.list, r->spool, SPOOL_QUEUE, why))
		return false;
	sift(r, &pass.list, now);
	if (pass.list.n > 0) {
		hold_signals(&pass);
		good = work_on_list(&pass, t, why);
		sigprocmask(SIG_SETMASK, &pass.before, NULL);
	}
	spool_list_free(&pass.list);
	/* For whoever called: it is to end, too. */
	if (pass.stopped_by != 0)
		raise(pass.stopped_by);
	return good;
}
