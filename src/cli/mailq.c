#include "cli/mailq.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "cli/entry_state.h"
#include "cli/output.h"
#include "cli/queue_json.h"
#include "cli/report.h"
#include "queue/id.h"
#include "util/visible.h"

enum {
	REASON_COLUMN = 74,	/* reasons are aligned to the right here */
	SHOWN = 1200,		/* octets of visible text */
};

struct list_totals {
	size_t		entries;
	uint64_t	octets;
	size_t		failed;
	size_t		broken;		/* of the entries */
	bool		list_failed;	/* those, instead of the others */
	struct entry_state all;
};

/* The date is printed as by ctime(3), without the year. */
static void
print_line(const char *id, char mark, uint64_t size, int64_t arrived,
    const char *sender)
{
	char		name[SHOWN + 2], date[40], shown[SHOWN];
	time_t		t = (time_t)arrived;
	struct tm	tm;

	visible(name, SHOWN, id, strlen(id));
	if (mark != '\0')
		strlcat(name, mark == '*' ? "*" : "!", sizeof(name));
	if (localtime_r(&t, &tm) == NULL || strftime(date, sizeof(date),
	    "%a %b %e %H:%M:%S ", &tm) == 0)
		strlcpy(date, "?", sizeof(date));
	printf("%-11s %7llu %20.20s %s\n", name, (unsigned long long)size,
	    date, visible(shown, sizeof(shown), sender, strlen(sender)));
}

static void
print_reason(const char *reason)
{
	char	shown[SHOWN];
	size_t	len;

	visible_more(shown, sizeof(shown), reason, "");
	len = strlen(shown);
	printf("%*s(%s)\n", len < REASON_COLUMN ? (int)(REASON_COLUMN - len) :
	    0, "", shown);
}

/*
 * Whether the reason for the delay differs from the replies for all recipients.
 * The texts may be equal and truncated to different lengths.
 */
static bool
has_separate_reason(const struct envelope_file *d)
{
	size_t	len = strlen(d->reason);

	for (size_t i = 0; i < d->envelope.n; i++) {
		const struct outcome	*o = &d->outcomes[i];
		const char		*text = outcome_text(o);
		size_t			 n = strlen(text);

		if (o->kind != OUTCOME_DELIVERED && (n == 0 ||
		    strncmp(text, d->reason, n < len ? n : len) == 0))
			return false;
	}
	return len > 0;
}

static void
print_paths(const struct entry *e, struct entry_state *all)
{
	const struct envelope_file	*d = &e->file;
	const char	*last = "";
	char		 shown[SHOWN], state[ENTRY_STATE_REASON];

	if (entry_state_reason(state, e, all)[0] != '\0')
		print_reason(state);
	if (has_separate_reason(d))
		print_reason(d->reason);
	for (size_t i = 0; i < d->envelope.n; i++) {
		const struct outcome	*o = &d->outcomes[i];
		const char		*path = d->envelope.forward[i].path;
		const char		*reason = entry_state_reply(e, i);

		if (o->kind == OUTCOME_DELIVERED)
			continue;
		if (strcmp(reason, last) != 0)
			print_reason(reason);
		last = reason;
		printf("%-11s %7s %-20s %s\n", "", "", "",
		    visible(shown, sizeof(shown), path, strlen(path)));
	}
}

static void
print_entry(void *context, const struct spool_item *item,
    const struct entry *e, const struct failure *why)
{
	struct list_totals	*totals = context;

	if (e != NULL && e->dir == SPOOL_FAILED && !totals->list_failed) {
		totals->failed++;
		return;
	}
	if (totals->entries == 0)
		fputs("-Queue ID-  --Size-- ----Arrival Time---- "
		    "-Sender/Recipient-------\n", stdout);
	else
		putchar('\n');
	totals->entries++;
	totals->octets += e != NULL ? e->file.message_size : item->size;
	if (e == NULL) {
		print_line(item->name, '\0', item->size,
		    id_is_valid(item->name) ? id_time(item->name) : 0, "?");
		print_reason(why->text);
		if (totals->list_failed && why->status == EX_DATAERR) {
			print_reason("cannot be released; correct or delete "
			    "the file");
			totals->broken++;
		}
		return;
	}
	print_line(item->name, e->locked ? '*' : e->file.held ? '!' : '\0',
	    e->file.message_size, e->file.arrived_us / 1000000,
	    e->file.envelope.reverse_path[0] != '\0' ?
	    e->file.envelope.reverse_path : "MAILER-DAEMON");
	if (totals->list_failed) {
		printf("%-11s given up ", "");
		output_time(e->next);
		putchar('\n');
	}
	print_paths(e, &totals->all);
}

bool
mailq_print(struct queue_source *q, bool with_failed, struct failure *why)
{
	struct list_totals	totals = { 0 };
	struct spool_totals	kept = { 0 };
	bool			is_open = queue_source_is_open(q);
	bool			good;

	/*
	 * The entries in failed/ are counted without reading them, except
	 * those of the service.
	 */
	good = queue_source_each(q, with_failed && !is_open ?
	    QUEUE_SOURCE_BOTH : QUEUE_SOURCE_WAITING, print_entry, &totals,
	    why);
	entry_state_free(&totals.all);
	if (!good)
		return false;
	if (totals.entries == 0) {
		fputs("Mail queue is empty\n", stdout);
	} else {
		putchar('\n');
		/* For programs that read the list of sendmail. */
		if (!with_failed)
			printf("%16sTotal requests: %zu\n", "",
			    totals.entries);
		printf("-- %llu Kbytes in %zu Request%s.\n",
		    (unsigned long long)((totals.octets + 1023) / 1024),
		    totals.entries, totals.entries == 1 ? "" : "s");
	}
	if (with_failed && is_open && !spool_count(&kept, &q->spool,
	    SPOOL_FAILED, why))
		return false;
	if (kept.entries > 0) {
		printf("-- %zu failed in ", kept.entries);
		output_visible(q->spool.directory,
		    strlen(q->spool.directory));
		fputs("/failed.\n", stdout);
	} else if (totals.failed > 0) {
		printf("-- %zu failed; the service keeps %s.\n",
		    totals.failed, totals.failed == 1 ? "it" : "them");
	}
	return true;
}

bool
mailq_print_failed(struct queue_source *q, struct failure *why)
{
	struct list_totals	totals = { .list_failed = true };
	size_t			sendable;
	bool			good;

	good = queue_source_each(q, QUEUE_SOURCE_FAILED, print_entry, &totals,
	    why);
	entry_state_free(&totals.all);
	if (!good)
		return false;
	sendable = totals.entries - totals.broken;
	if (totals.entries == 0)
		fputs("No message has been given up\n", stdout);
	else
		printf("\n-- %llu Kbytes in %zu message%s given up%s%s%s\n",
		    (unsigned long long)((totals.octets + 1023) / 1024),
		    totals.entries, totals.entries == 1 ? "" : "s",
		    sendable > 0 ? "; to send " : ".",
		    sendable > 1 ? "them" : sendable > 0 ? "it" : "",
		    sendable > 0 ? " again: relais queue release --failed" :
		    "");
	return true;
}

int
mailq(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct queue_source	q;
	struct failure		why;
	int			status = EX_OK;

	queue_source_open(&q, config);
	if (!mailq_print(&q, false, &why))
		status = report_failure(log, options->errors, &why);
	queue_source_close(&q);
	return status;
}

int
mailq_json(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct queue_source	q;
	struct failure		why;
	int			status = EX_OK;

	queue_source_open(&q, config);
	if (!queue_json_list(&q, QUEUE_SOURCE_WAITING, &why))
		status = report_failure(log, options->errors, &why);
	queue_source_close(&q);
	return status;
}

int
mailq_count(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct queue_source	q;
	struct health_state	state;
	struct failure		why;
	int			status = EX_OK;

	queue_source_open(&q, config);
	if (queue_source_count(&q, &state, &why))
		printf("%zu\n", state.queue.entries);
	else
		status = report_failure(log, options->errors, &why);
	queue_source_close(&q);
	return status;
}
