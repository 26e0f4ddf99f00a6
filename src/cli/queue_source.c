#include "cli/queue_source.h"

#include <sysexits.h>
#include <unistd.h>

#include "submit/service.h"
#include "submit/service_queue.h"
#include "submit/spool_config.h"

/* Whether the key is set by -o or in the environment. */
static bool
is_own_setting(const struct config *config, enum config_key key)
{
	const struct section	*s = config_section(config, NULL, key);

	return s != NULL && (s->kind == SECTION_OVERRIDE ||
	    s->kind == SECTION_ENVIRONMENT);
}

/* A queue that this user has selected may not be that of the service. */
static bool
is_other_queue(const struct config *config)
{
	return is_own_setting(config, KEY_QUEUE) &&
	    !is_own_setting(config, KEY_SOCKET);
}

void
queue_source_open(struct queue_source *q, const struct config *config)
{
	enum spool_config	result = SPOOL_CONFIG_NONE;

	*q = (struct queue_source){ .service = NULL };
	if (config->unreadable != NULL)
		failed(&q->why, EX_NOPERM, "%s", config->unreadable);
	else
		result = spool_config_find(&q->spool, config, &q->why);
	if (result == SPOOL_CONFIG_OPEN || result == SPOOL_CONFIG_OFF)
		return;
	if (q->why.status != EX_OK &&
	    (q->why.status != EX_NOPERM || geteuid() == 0))
		return;
	if (is_other_queue(config))
		failed(&q->no_service, EX_NOPERM, "it does not know the "
		    "setting of %s", config_find(config, NULL,
		    KEY_QUEUE)->origin);
	else
		q->service = service_path(config, &q->no_service);
}

bool
queue_source_is_open(const struct queue_source *q)
{
	return q->spool.directory != NULL;
}

/* Returns whether the caller can go on; otherwise, fills in why. */
static bool
accept_answer(const struct queue_source *q, enum service_answer answer,
    const struct failure *reason, struct failure *why)
{
	switch (answer) {
	case SERVICE_ACCEPTED:
		return true;
	case SERVICE_REFUSED:
	case SERVICE_UNASKED:
	case SERVICE_BUSY:
		*why = *reason;
		return false;
	case SERVICE_OFF:
	case SERVICE_ABSENT:
		if (q->why.status == EX_OK)
			return true;
		*why = q->why;
		break;
	case SERVICE_DOWN:
		*why = q->why;
		why->status = EX_TEMPFAIL;
		break;
	}
	service_advise(answer, reason, "run this command as root", why);
	return false;
}

static bool
each_file(struct queue_source *q, enum spool_dir dir,
    queue_source_fn *each, void *context, struct failure *why)
{
	struct spool_list	list;

	if (!spool_list(&list, &q->spool, dir, why))
		return false;
	for (size_t i = 0; i < list.n; i++) {
		struct entry	entry;
		struct failure	what;

		switch (entry_open(&entry, &q->spool, dir,
		    list.item[i].name, ENTRY_LOOK, &what)) {
		case ENTRY_OPENED:
			each(context, &list.item[i], &entry, NULL);
			entry_close(&entry);
			break;
		case ENTRY_BAD:
		case ENTRY_TROUBLE:
			each(context, &list.item[i], NULL, &what);
			break;
		case ENTRY_LOCKED:
		case ENTRY_GONE:
			break;
		}
	}
	spool_list_free(&list);
	return true;
}

/* An iteration over the entries of the service. */
struct iteration {
	enum queue_source_part part;
	queue_source_fn	*each;
	void		*context;
};

static void
pass_entry(void *context, const struct entry *e)
{
	const struct iteration	*i = context;
	const struct spool_item	 item = {
		.name = e->name,
		.size = e->size,
		.next = e->next,
		.is_file = true,
	};

	if (i->part == QUEUE_SOURCE_BOTH ||
	    (i->part == QUEUE_SOURCE_FAILED) == (e->dir == SPOOL_FAILED))
		i->each(i->context, &item, e, NULL);
}

bool
queue_source_each(struct queue_source *q, enum queue_source_part part,
    queue_source_fn *each, void *context, struct failure *why)
{
	struct iteration	iteration = { part, each, context };

	if (!queue_source_is_open(q))
		return queue_source_ask(q, NULL, pass_entry, &iteration, why);
	return (part == QUEUE_SOURCE_FAILED ||
	    each_file(q, SPOOL_QUEUE, each, context, why)) &&
	    (part == QUEUE_SOURCE_WAITING ||
	    each_file(q, SPOOL_FAILED, each, context, why));
}

bool
queue_source_ask(struct queue_source *q, const char *id,
    void (*each)(void *, const struct entry *), void *context,
    struct failure *why)
{
	const struct service_entries	wanted = { id, each, context };
	enum service_answer		answer = SERVICE_OFF;
	struct failure			reason = q->no_service;

	if (q->service != NULL)
		answer = service_queue_entries(q->service, &wanted, &reason);
	return accept_answer(q, answer, &reason, why);
}

bool
queue_source_count(struct queue_source *q, struct health_state *state,
    struct failure *why)
{
	enum service_answer	answer = SERVICE_OFF;
	struct failure		reason = q->no_service;

	*state = (struct health_state){ 0 };
	if (queue_source_is_open(q))
		return health_examine(state, &q->spool, why);
	if (q->service != NULL)
		answer = service_queue_count(q->service, state, &reason);
	return accept_answer(q, answer, &reason, why);
}

bool
queue_source_run(struct queue_source *q, struct failure *why)
{
	enum service_answer	answer = SERVICE_OFF;
	struct failure		reason = q->no_service;

	if (q->service != NULL)
		answer = service_queue_run(q->service, &reason);
	return accept_answer(q, answer, &reason, why);
}

bool
queue_source_release(struct queue_source *q, const char *id,
    char released[ID_SIZE], struct failure *why)
{
	enum service_answer	answer = SERVICE_OFF;
	struct failure		reason = q->no_service;

	if (q->service != NULL)
		answer = service_queue_release(q->service, id, released,
		    &reason);
	if (!accept_answer(q, answer, &reason, why))
		return false;
	return answer == SERVICE_ACCEPTED || failed(why, EX_NOINPUT,
	    "%s: no such message", id);
}

void
queue_source_close(struct queue_source *q)
{
	spool_close(&q->spool);
}
