#include "submit/deliver.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "queue/commit.h"
#include "queue/health.h"
#include "queue/retry.h"
#include "util/memory.h"

/* The forward-paths of an envelope that share a fate, with their outcomes. */
struct part {
	struct envelope	 envelope;
	struct outcome	*outcomes;
};

static bool
is_waiting(const struct outcome *o)
{
	return o->kind == OUTCOME_WAITING;
}

static bool
is_failed(const struct outcome *o)
{
	return o->kind == OUTCOME_FAILED;
}

static bool
is_deferred(const struct outcome *o)
{
	return o->kind == OUTCOME_DEFERRED;
}

static bool
any(const struct delivery *d, const struct outcome *outcomes,
    bool (*is)(const struct outcome *))
{
	for (size_t i = 0; i < d->envelope->n; i++)
		if (is(&outcomes[i]))
			return true;
	return false;
}

/* Those that have failed, or all others. */
static void
part_of(struct part *part, const struct delivery *d,
    const struct outcome *outcomes, bool with_failed)
{
	const struct envelope	*all = d->envelope;

	envelope_begin_like(&part->envelope, all);
	part->outcomes = memory_new(all->n, sizeof(*part->outcomes));
	for (size_t i = 0; i < all->n; i++) {
		const struct forward_path	*from = &all->forward[i];

		if (is_failed(&outcomes[i]) != with_failed)
			continue;
		part->outcomes[part->envelope.n] = outcomes[i];
		envelope_add_like(&part->envelope, from->path, from);
	}
}

static void
part_free(struct part *part)
{
	envelope_free(&part->envelope);
	free(part->outcomes);
}

static bool
keep(const struct delivery *d, const struct outcome *outcomes,
    enum spool_folder folder, char *id, struct failure *why)
{
	int64_t			now = (int64_t)time(NULL);
	bool			in_doubt = false, asked = false, good;
	struct part		part;
	struct submission	submission = {
		.folder = folder,
		.message = d->message,
		.attempts = d->untried ? 0 : 1,
		.next = now,
		.uid = d->uid,
		.caller = d->caller,
	};

	part_of(&part, d, outcomes, folder == SPOOL_FAILED);
	for (size_t i = 0; i < part.envelope.n; i++) {
		in_doubt |= part.outcomes[i].in_doubt;
		asked |= !part.outcomes[i].unasked;
	}
	submission.asked = asked && !d->untried;
	submission.envelope = &part.envelope;
	submission.outcomes = part.outcomes;
	if (!d->untried)
		submission.next += retry_delay(1, in_doubt, arc4random());
	good = spool_commit(d->queue, &submission, id, why);
	if (!good)
		id[0] = '\0';
	part_free(&part);
	return good;
}

/*
 * What nobody may ever look at shall not take the room of what is still to be
 * sent, so failed/ stops growing when half the spool is used.
 */
static void
keep_failed(const struct delivery *d, const struct outcome *outcomes,
    struct delivered *result)
{
	uint64_t	size_max = d->queue->size_max;
	struct failure	ignored;	/* the caller is told of more */

	d->queue->size_max = size_max == 1 ? 1 : size_max / 2;
	keep(d, outcomes, SPOOL_FAILED, result->failed, &ignored);
	d->queue->size_max = size_max;
}

/* It is not ours: for the reason that is there, and this one. */
static void
hand_back(const struct delivery *d, struct outcome *outcomes,
    const struct failure *why, bool with_status)
{
	for (size_t i = 0; i < d->envelope->n; i++) {
		struct outcome	*o = &outcomes[i];

		if (!is_deferred(o))
			continue;
		/* Half of the room for each. */
		if (o->text[0] != '\0') {
			o->text[sizeof(o->text) / 2] = '\0';
			strlcat(o->text, "; and not queued: ",
			    sizeof(o->text));
		}
		strlcat(o->text, why->text, sizeof(o->text));
		if (with_status)
			o->status = why->status;
	}
}

static void
put_off(const struct delivery *d, struct outcome *outcomes)
{
	for (size_t i = 0; i < d->envelope->n; i++)
		if (is_waiting(&outcomes[i]))
			outcomes[i] = (struct outcome){
			    .kind = OUTCOME_DEFERRED, .status = EX_TEMPFAIL };
}

/* For relais queue status; an untried message says nothing of the road. */
static void
note_health(const struct delivery *d, const struct outcome *outcomes)
{
	const struct outcome	*error = NULL;
	bool			 delivered = false;
	int64_t			 now = (int64_t)time(NULL);
	struct failure		 ignored;	/* nothing depends on it */

	for (size_t i = 0; i < d->envelope->n; i++) {
		if (outcomes[i].kind == OUTCOME_DELIVERED)
			delivered = true;
		else if (error == NULL || is_failed(&outcomes[i]))
			error = &outcomes[i];
	}
	if (error != NULL)
		health_note_error(d->queue, now, error->text,
		    is_failed(error), &ignored);
	if (delivered)
		health_note_success(d->queue, now, &ignored);
}

bool
deliver_tries(const struct delivery *d)
{
	return !d->untried || (d->queue == NULL && !d->queue_is_set);
}

void
deliver(const struct delivery *d, struct outcome *outcomes,
    struct delivered *result)
{
	struct failure	why;

	*result = (struct delivered){ 0 };
	if (!deliver_tries(d))
		put_off(d, outcomes);
	else if (any(d, outcomes, is_waiting))
		relay_send(d->relay, d->envelope, d->message, outcomes);
	if (any(d, outcomes, is_deferred)) {
		if (d->queue == NULL && d->no_queue != NULL)
			hand_back(d, outcomes, d->no_queue, d->queue_is_set);
		else if (d->queue != NULL && !keep(d, outcomes, SPOOL_QUEUE,
		    result->queued, &why))
			hand_back(d, outcomes, &why, true);
	}
	if (d->queue != NULL && any(d, outcomes, is_failed))
		keep_failed(d, outcomes, result);
	if (d->queue != NULL && deliver_tries(d))
		note_health(d, outcomes);
}
