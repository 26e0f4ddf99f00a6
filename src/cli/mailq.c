#include "cli/mailq.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "cli/report.h"
#include "queue/id.h"
#include "util/visible.h"

enum {
	REASON_COLUMN = 74,	/* reasons are aligned to the right here */
	SHOWN = 1200,		/* octets of visible text */
};

bool
mailq_each(struct spool *spool, enum spool_folder folder,
    void (*each)(void *, const struct spool_item *, const struct entry *,
	const struct failure *), void *context, struct failure *why)
{
	struct spool_list	list;

	if (!spool_list(&list, spool, folder, why))
		return false;
	for (size_t i = 0; i < list.n; i++) {
		struct entry	entry;
		struct failure	what;

		switch (entry_open(&entry, spool, folder, list.item[i].name,
		    ENTRY_LOOK, &what)) {
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

struct list_totals {
	size_t		entries;
	uint64_t	octets;
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
		size_t			 n = strlen(o->text);

		if (o->kind != OUTCOME_DELIVERED && (n == 0 ||
		    strncmp(o->text, d->reason, n < len ? n : len) == 0))
			return false;
	}
	return len > 0;
}

static void
print_paths(const struct envelope_file *d)
{
	const char	*last = "";
	char		 shown[SHOWN];

	if (has_separate_reason(d))
		print_reason(d->reason);
	for (size_t i = 0; i < d->envelope.n; i++) {
		const struct outcome	*o = &d->outcomes[i];
		const char		*path = d->envelope.forward[i].path;
		const char		*reason = o->text[0] != '\0' ?
					    o->text : d->reason;

		if (o->kind == OUTCOME_DELIVERED)
			continue;
		if (reason[0] != '\0' && strcmp(reason, last) != 0)
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

	if (totals->entries == 0)
		puts("-Queue ID-  --Size-- ----Arrival Time---- "
		    "-Sender/Recipient-------");
	else
		putchar('\n');
	totals->entries++;
	totals->octets += e != NULL ? e->file.message_size : item->size;
	if (e == NULL) {
		print_line(item->name, '\0', item->size,
		    id_is_valid(item->name) ? id_time(item->name) : 0, "?");
		print_reason(why->text);
		return;
	}
	print_line(item->name, e->locked ? '*' : e->file.held ? '!' : '\0',
	    e->file.message_size, e->file.arrived_us / 1000000,
	    e->file.envelope.reverse_path[0] != '\0' ?
	    e->file.envelope.reverse_path : "MAILER-DAEMON");
	print_paths(&e->file);
}

bool
mailq_print(struct spool *spool, struct failure *why)
{
	struct list_totals	totals = { 0 };

	if (!mailq_each(spool, SPOOL_QUEUE, print_entry, &totals, why))
		return false;
	if (totals.entries == 0)
		puts("Mail queue is empty");
	else
		printf("\n-- %llu Kbytes in %zu Request%s.\n",
		    (unsigned long long)((totals.octets + 1023) / 1024),
		    totals.entries, totals.entries == 1 ? "" : "s");
	return true;
}

/*
 * Returns the exit status.  If the queue does not exist, it is EX_OK, and the
 * spool is closed.
 */
static int
open_queue(struct spool *spool, const struct options *options,
    const struct config *config, const struct log *log)
{
	struct failure	why;

	if (spool_config_find(spool, config, &why) == SPOOL_CONFIG_OPEN ||
	    why.status == EX_OK)
		return EX_OK;
	return report_failure(log, options->errors, &why);
}

int
mailq(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct spool	spool;
	struct failure	why;
	int		status = open_queue(&spool, options, config, log);

	if (status != EX_OK)
		return status;
	if (spool.directory == NULL)
		puts("Mail queue is empty");
	else if (!mailq_print(&spool, &why))
		status = report_failure(log, options->errors, &why);
	spool_close(&spool);
	return status;
}

int
mailq_count(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct spool		spool;
	struct spool_totals	totals = { 0 };
	struct failure		why;
	int			status = open_queue(&spool, options, config,
				    log);

	if (status != EX_OK)
		return status;
	if (spool.directory != NULL && !spool_count(&totals, &spool,
	    SPOOL_QUEUE, &why))
		status = report_failure(log, options->errors, &why);
	else
		printf("%zu\n", totals.entries);
	spool_close(&spool);
	return status;
}
