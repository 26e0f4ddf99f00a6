#include "cli/queue_release.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "cli/report.h"
#include "config/identity.h"
#include "queue/id.h"
#include "queue/spool.h"
#include "runner/release.h"
#include "util/clock.h"
#include "util/memory.h"

bool
queue_release_entry(const struct queue_release *r, struct entry *entry,
    struct failure *why)
{
	struct identity	me;
	char		id[ID_SIZE];
	bool		good, given_up = entry->dir == SPOOL_FAILED;

	identity_find(&me, r->config);
	good = release_entry(entry, r->config, &me, id, why);
	if (good && given_up)
		printf("%s\n", id);
	identity_free(&me);
	return good;
}

bool
queue_release_by_service(const struct queue_release *r, const char *id,
    struct failure *why)
{
	char	released[ID_SIZE];

	if (!queue_source_release(r->queue, id, released, why))
		return false;
	if (strcmp(released, id) != 0)
		printf("%s\n", released);
	return true;
}

/* Whether .held, .since_s and .recipient select the entry. */
static bool
is_selected(const struct queue_release *r, const struct entry *e)
{
	bool	found = r->recipient == NULL;

	if (e->dir == SPOOL_QUEUE && (!e->file.held || !r->held))
		return false;
	if (e->dir == SPOOL_FAILED && r->since_s > 0 &&
	    e->next < clock_now() - r->since_s)
		return false;
	for (size_t i = 0; !found && i < e->file.envelope.n; i++)
		found = e->file.outcomes[i].kind != OUTCOME_DELIVERED &&
		    strcasestr(e->file.envelope.forward[i].path,
		    r->recipient) != NULL;
	return found;
}

/* The number of entries that were released, and what became of the others. */
struct progress {
	size_t	released;
	int	status;		/* of the last one that was not, or EX_OK */
};

static void
note(const struct queue_release *r, struct progress *p, bool good,
    const struct failure *why)
{
	p->released += good;
	if (!good)
		p->status = report_failure(r->log, r->errors, why);
}

static void
release_file(const struct queue_release *r, struct progress *p,
    enum spool_dir dir, const char *name)
{
	struct entry	entry;
	struct failure	why;

	switch (entry_open(&entry, &r->queue->spool, dir, name, ENTRY_WORK,
	    &why)) {
	case ENTRY_GONE:
		return;
	case ENTRY_OPENED:
		if (is_selected(r, &entry))
			note(r, p, queue_release_entry(r, &entry, &why), &why);
		entry_close(&entry);
		return;
	case ENTRY_LOCKED:
		/* An entry in queue/ is being sent, and not held. */
		if (dir == SPOOL_QUEUE)
			return;
		failed(&why, EX_TEMPFAIL, "%s: in use by another process; try "
		    "again later", name);
		break;
	case ENTRY_BAD:
	case ENTRY_TROUBLE:
		break;
	}
	note(r, p, false, &why);
}

static void
release_files(const struct queue_release *r, struct progress *p,
    enum spool_dir dir)
{
	struct spool_list	list;
	struct failure		why;

	if (!spool_list(&list, &r->queue->spool, dir, &why)) {
		note(r, p, false, &why);
		return;
	}
	for (size_t i = 0; i < list.n; i++)
		release_file(r, p, dir, list.item[i].name);
	spool_list_free(&list);
}

/* The IDs of the selected entries of the service. */
struct selection {
	const struct queue_release	*release;
	char	       (*id)[ID_SIZE];	/* owned */
	size_t		 n;
	size_t		 cap;
};

static void
select_entry(void *context, const struct entry *e)
{
	struct selection	*s = context;

	if (!is_selected(s->release, e))
		return;
	s->id = memory_room(s->id, s->n, &s->cap, sizeof(*s->id));
	strlcpy(s->id[s->n++], e->name, ID_SIZE);
}

/* After the whole list was read: the service serves few sessions of a user. */
static void
release_of_service(const struct queue_release *r, struct progress *p)
{
	struct selection	s = { .release = r };
	struct failure		why;

	if (!queue_source_ask(r->queue, NULL, select_entry, &s, &why))
		note(r, p, false, &why);
	for (size_t i = 0; i < s.n; i++)
		note(r, p, queue_release_by_service(r, s.id[i], &why), &why);
	free(s.id);
}

int
queue_release_selected(const struct queue_release *r)
{
	struct progress	p = { .status = EX_OK };

	if (!queue_source_is_open(r->queue)) {
		release_of_service(r, &p);
	} else {
		release_files(r, &p, SPOOL_FAILED);
		if (r->held)
			release_files(r, &p, SPOOL_QUEUE);
	}
	printf("%zu message%s released\n", p.released, p.released == 1 ? "" :
	    "s");
	return p.status;
}
