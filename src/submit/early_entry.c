#include "submit/early_entry.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>

#include "queue/commit.h"
#include "queue/retry.h"
#include "submit/spool_config.h"
#include "util/clock.h"
#include "util/interrupt.h"
#include "util/memory.h"

enum { WRITE_AFTER_MS = 5000 };

static void
log_failure(const struct early_entry *e, const struct failure *why)
{
	log_line(e->log, LOG_WARNING, "%s", why->text);
}

static int64_t
next_attempt(const struct early_entry *e, bool in_doubt)
{
	struct retry_schedule	schedule;

	spool_config_retry(&schedule, e->relay->config);
	return clock_now() + retry_delay(&schedule, 1, in_doubt,
	    arc4random());
}

/* The outcomes if the process is killed during the attempt. */
static struct outcome *
make_outcomes(const struct early_entry *e, bool in_doubt)
{
	const struct outcome	 lost = { .kind = OUTCOME_DEFERRED,
		.status = EX_TEMPFAIL, .in_doubt = in_doubt,
		.text = in_doubt ? "the attempt was not completed; the server "
		    "may have accepted the message" : "the attempt was not "
		    "completed" };
	size_t			 n = e->envelope->n;
	struct outcome		*outcomes = outcome_list_copy(e->outcomes, n);

	for (size_t i = 0; i < n; i++)
		if (outcomes[i].kind == OUTCOME_WAITING)
			outcome_set(&outcomes[i], &lost);
	return outcomes;
}

/* Called while the attempt waits. */
static void
write_entry(void *context)
{
	struct early_entry	*e = context;
	struct outcome		*outcomes = make_outcomes(e, e->in_doubt);
	char			 id[ID_SIZE];
	int			 fd = -1;
	struct failure		 why;
	struct spool_submission	 submission = {
		.dir = SPOOL_QUEUE, .envelope = e->envelope,
		.message = e->message, .outcomes = outcomes,
		.attempts = 1, .asked = e->in_doubt, .uid = e->uid,
		.next = next_attempt(e, e->in_doubt), .caller = e->caller,
		.keep = &fd,
	};

	if (!spool_commit(e->spool, &submission, id, &why)) {
		failure_suffix(&why, "; the message is not in the queue while "
		    "relais waits for the smarthost");
		log_failure(e, &why);
	} else {
		e->entry = memory_new(1, sizeof(*e->entry));
		if (!entry_take(e->entry, e->spool, id, fd, &why)) {
			log_failure(e, &why);
			early_entry_remove(e);
		}
	}
	outcome_list_free(outcomes, e->envelope->n);
}

/* If this fails, nothing is sent: a queue run could send it again too early. */
static bool
before_send(void *context, struct failure *why)
{
	struct early_entry	*e = context;
	bool			 known = e->in_doubt;

	e->in_doubt = true;
	if (e->entry == NULL || known)
		return true;
	e->entry->next = next_attempt(e, true);
	return entry_doubt(e->entry, why);
}

static bool
after_transaction(void *context, struct failure *why)
{
	struct early_entry	*e = context;

	return e->entry == NULL || entry_record(e->entry, e->outcomes, why);
}

void
early_entry_begin(struct early_entry *e)
{
	e->callbacks = (struct relay_callbacks){ .before_send = before_send,
	    .after_transaction = after_transaction, .context = e };
	e->relay->callbacks = &e->callbacks;
	interrupt_set_callback(e->relay->interrupt, WRITE_AFTER_MS,
	    write_entry, e);
}

void
early_entry_stop(struct early_entry *e)
{
	interrupt_set_callback(e->relay->interrupt, 0, NULL, NULL);
	e->relay->callbacks = NULL;
}

void
early_entry_leave(struct early_entry *e)
{
	entry_close(e->entry);
	free(e->entry);
	e->entry = NULL;
}

bool
early_entry_keep(struct early_entry *e, bool attempted, char id[ID_SIZE])
{
	bool		in_doubt = false, asked = false;
	struct failure	why;

	if (e->entry == NULL)
		return false;
	for (size_t i = 0; i < e->envelope->n; i++) {
		in_doubt |= e->outcomes[i].in_doubt;
		asked |= !e->outcomes[i].not_attempted;
	}
	e->entry->file.asked = asked;
	e->entry->next = attempted ? next_attempt(e, in_doubt) :
	    clock_now();
	/* If this fails, the entry stays as it was written: it waits. */
	if (!entry_record(e->entry, e->outcomes, &why) ||
	    !entry_postpone(e->entry, e->entry->next, &why))
		log_failure(e, &why);
	strlcpy(id, e->entry->name, ID_SIZE);
	early_entry_leave(e);
	return true;
}

/* An entry that reappears after a crash of the machine would be sent again. */
void
early_entry_remove(struct early_entry *e)
{
	struct failure	why;

	if (e->entry == NULL)
		return;
	if (!entry_remove(e->entry, &why)) {
		log_failure(e, &why);
		if (!entry_record(e->entry, e->outcomes, &why))
			log_failure(e, &why);
	} else if (!spool_sync(e->spool, &why)) {
		log_failure(e, &why);
	}
	early_entry_leave(e);
}
