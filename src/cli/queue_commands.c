#include "cli/queue_commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/flush.h"
#include "cli/mailq.h"
#include "cli/queue_health.h"
#include "cli/queue_metrics.h"
#include "cli/queue_json.h"
#include "cli/queue_release.h"
#include "cli/queue_show.h"
#include "cli/queue_source.h"
#include "cli/report.h"
#include "config/value.h"
#include "queue/id.h"
#include "runner/collect.h"
#include "util/visible.h"

struct queue_request {
	const struct config	*config;
	const struct log	*log;
	struct queue_source	*queue;
	struct spool		*spool;		/* NULL if it is not open */
	bool			 json;
	int64_t			 older_s;	/* --older; -1: not given */
	bool			 metrics;	/* --metrics, for status */
	const char		*output;	/* --output, or NULL */
	const char		*id;		/* NULL if none was given */
	enum error_mode		 errors;

	/* Entries for list and release. */
	bool			 failed;	/* --failed */
	bool			 all;		/* --all: those that are held,
						 * too */
	int64_t			 since_s;	/* --since: given up in the
						 * last so many seconds; 0: at
						 * any time */
	const char		*recipient;	/* --recipient, or NULL */
};

/* Returns the exit status.  If it is not EX_OK, why may have a text. */
typedef int queue_fn(const struct queue_request *, struct failure *why);

static int
list_queue(const struct queue_request *r, struct failure *why)
{
	bool	good;

	if (r->json)
		good = queue_json_list(r->queue, r->failed ?
		    QUEUE_SOURCE_FAILED : QUEUE_SOURCE_WAITING, why);
	else if (r->failed)
		good = mailq_print_failed(r->queue, why);
	else
		good = mailq_print(r->queue, true, why);
	return good ? EX_OK : why->status;
}

static bool
failed_locked(const struct queue_request *r, struct failure *why)
{
	return failed(why, EX_TEMPFAIL, "%s: being sent by another process; "
	    "try again later", r->id);
}

static bool
failed_missing(const struct queue_request *r, struct failure *why)
{
	return failed(why, EX_NOINPUT, "%s: no such message", r->id);
}

static bool
check_id(const struct queue_request *r, struct failure *why)
{
	char	shown[80];

	return id_is_valid(r->id) || failed(why, EX_USAGE, "%s: not a queue "
	    "ID", visible(shown, sizeof(shown), r->id, strlen(r->id)));
}

/* Opens the entry r->id in queue/ or failed/. */
static bool
open_entry(const struct queue_request *r, struct entry *entry,
    enum entry_access access, struct failure *why)
{
	enum entry_result	result = ENTRY_GONE;

	if (!check_id(r, why))
		return false;
	if (r->spool != NULL)
		result = entry_open(entry, r->spool, SPOOL_QUEUE, r->id,
		    access, why);
	if (r->spool != NULL && result == ENTRY_GONE)
		result = entry_open(entry, r->spool, SPOOL_FAILED, r->id,
		    access, why);
	switch (result) {
	case ENTRY_OPENED:
		return true;
	case ENTRY_LOCKED:
		return failed_locked(r, why);
	case ENTRY_GONE:
		return failed_missing(r, why);
	case ENTRY_BAD:
	case ENTRY_TROUBLE:
		break;
	}
	return false;
}

/* Prints an entry that has its message. */
static bool
print_entry(const struct queue_request *r, const struct entry *entry,
    struct failure *why)
{
	if (!r->json)
		return queue_show(entry, why);
	queue_json_show(entry);
	return true;
}

/* The entry that the service shows. */
struct shown {
	const struct queue_request	*request;
	bool				 found;
	bool				 good;
	struct failure			 why;
};

static void
print_shown(void *context, const struct entry *entry)
{
	struct shown	*s = context;

	if (s->found)
		return;
	s->found = true;
	s->good = print_entry(s->request, entry, &s->why);
}

static int
show_entry_of_service(const struct queue_request *r, struct failure *why)
{
	struct shown	s = { .request = r };

	if (!check_id(r, why) || !queue_source_ask(r->queue, r->id,
	    print_shown, &s, why))
		return why->status;
	if (!s.found)
		failed_missing(r, why);
	else if (!s.good)
		*why = s.why;
	return why->status;
}

static int
show_entry(const struct queue_request *r, struct failure *why)
{
	struct entry	entry;
	bool		good;

	if (r->spool == NULL)
		return show_entry_of_service(r, why);
	if (!open_entry(r, &entry, ENTRY_LOOK, why))
		return why->status;
	good = entry_load(&entry, why) && print_entry(r, &entry, why);
	entry_close(&entry);
	return good ? EX_OK : why->status;
}

static int
flush_queue(const struct queue_request *r, struct failure *why)
{
	struct flush_run	run = {
		.config = r->config,
		.log = r->log,
		.spool = r->spool,
		.choice = { .when = ATTEMPT_WHEN_ANY, .id = r->id },
		.patience_ms = FLUSH_PATIENCE_MS,
	};
	struct runner_totals	totals;
	struct entry		entry;

	if (r->id != NULL) {
		if (!open_entry(r, &entry, ENTRY_LOOK, why))
			return why->status;
		if (entry.file.held || entry.file.collected ||
		    entry.dir == SPOOL_FAILED)
			failed(why, EX_USAGE, "%s: %s; to send it, run relais "
			    "queue release %s", r->id, entry.dir ==
			    SPOOL_FAILED ? "given up" : entry.file.held ?
			    "held" : "collected for a digest", r->id);
		else if (entry.locked)
			failed_locked(r, why);
		entry_close(&entry);
		if (why->status != EX_OK)
			return why->status;
	}
	return r->spool == NULL || (flush_once(&run, &totals, why) &&
	    flush_sent_all(&run.choice, &totals, why)) ? EX_OK : why->status;
}

/*
 * For cron and timers: tries the entries that are due.  Prints only the number
 * of invalid files, because nobody would notice them if nothing is logged.
 */
static int
run_queue(const struct queue_request *r, struct failure *why)
{
	struct flush_run	run = {
		.config = r->config,
		.log = r->log,
		.spool = r->spool,
		.choice.when = ATTEMPT_WHEN_DUE,
		.patience_ms = FLUSH_PATIENCE_MS,
	};
	struct runner_totals	totals;
	size_t			n;
	char			line[120];

	if (r->spool == NULL)
		return EX_OK;
	if (!flush_once(&run, &totals, why))
		return why->status;
	n = totals.result[ATTEMPT_BAD];
	snprintf(line, sizeof(line), "%zu invalid file%s moved from the queue "
	    "to failed; for the reason%s, run relais queue list --failed", n,
	    n == 1 ? " was" : "s were", n == 1 ? "" : "s");
	if (n > 0 && !log_is_on_stderr(r->log))
		report_line(line);
	return EX_OK;
}

static int
hold_entry(const struct queue_request *r, struct failure *why)
{
	struct entry	entry;
	bool		good;

	if (!open_entry(r, &entry, ENTRY_WORK, why))
		return why->status;
	good = entry.dir == SPOOL_QUEUE ? collect_may_change(&entry, why) &&
	    entry_hold(&entry, true, why) :
	    failed(why, EX_USAGE, "%s: given up; only messages "
		"in the queue can be held", r->id);
	entry_close(&entry);
	return good ? EX_OK : why->status;
}

static int
release_messages(const struct queue_request *r, struct failure *why)
{
	const struct queue_release	release = {
		.config = r->config,
		.log = r->log,
		.errors = r->errors,
		.queue = r->queue,
		.held = r->all,
		.since_s = r->since_s,
		.recipient = r->recipient,
	};
	struct entry	entry;
	bool		good;

	if (r->id == NULL)
		return queue_release_selected(&release);
	if (r->spool == NULL) {
		good = check_id(r, why) &&
		    queue_release_by_service(&release, r->id, why);
		return good ? EX_OK : why->status;
	}
	if (!open_entry(r, &entry, ENTRY_WORK, why))
		return why->status;
	good = queue_release_entry(&release, &entry, why);
	entry_close(&entry);
	return good ? EX_OK : why->status;
}

static int
drop_entry(const struct queue_request *r, struct failure *why)
{
	struct entry	entry;
	bool		good;

	if (!open_entry(r, &entry, ENTRY_WORK, why))
		return why->status;
	good = collect_may_change(&entry, why) &&
	    entry_remove(&entry, why) && spool_sync(r->spool, why);
	entry_close(&entry);
	return good ? EX_OK : why->status;
}

static int
queue_status(const struct queue_request *r, struct failure *why)
{
	if (r->metrics)
		return queue_metrics(r->queue, r->config, r->output, why);
	return queue_health(r->queue, r->older_s != -1 ? r->older_s :
	    QUEUE_HEALTH_OLDER_S, r->json, why);
}

enum id_argument { NO_ID, OPTIONAL_ID, REQUIRED_ID };

static const struct queue_command {
	const char	*name;
	enum id_argument id;
	bool		 by_service;	/* for users without permission */
	queue_fn	*run;
} commands[] = {
	{ "list",	NO_ID,		true,	list_queue },
	{ "show",	REQUIRED_ID,	true,	show_entry },
	{ "run",	NO_ID,		false,	run_queue },
	{ "flush",	OPTIONAL_ID,	false,	flush_queue },
	{ "hold",	REQUIRED_ID,	false,	hold_entry },
	{ "release",	OPTIONAL_ID,	true,	release_messages },
	{ "drop",	REQUIRED_ID,	false,	drop_entry },
	{ "status",	NO_ID,		true,	queue_status },
};

/* Returns the command, or NULL. */
static const struct queue_command *
find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

/* Returns 2, the number of words, or -1 with why. */
static int
parse_age(int64_t *seconds, int64_t least, const char *word,
    const char *value, struct failure *why)
{
	uint64_t	ms;
	char		shown[80];

	if (value_duration(value, &ms) && (int64_t)(ms / 1000) >= least)
		return *seconds = (int64_t)(ms / 1000), 2;
	failed(why, EX_USAGE, "%s %s: invalid time; expected a number followed "
	    "by s, m, h, d or w, such as 2h", word, visible(shown,
	    sizeof(shown), value, strlen(value)));
	return -1;
}

/*
 * Parses an option with its value, if it has one.  Returns their number, 0 if
 * this is not an option, or -1 with why.
 */
static int
parse_option(struct queue_request *r, const char *word, const char *value,
    struct failure *why)
{
	if (strcmp(word, "--json") == 0)
		r->json = true;
	else if (strcmp(word, "--metrics") == 0)
		r->metrics = true;
	else if (strcmp(word, "--failed") == 0)
		r->failed = true;
	else if (strcmp(word, "--all") == 0)
		r->all = true;
	else if (value == NULL || value[0] == '\0')
		return 0;
	else if (strcmp(word, "--output") == 0)
		return r->output = value, 2;
	else if (strcmp(word, "--recipient") == 0)
		return r->recipient = value, 2;
	else if (strcmp(word, "--older") == 0)
		return parse_age(&r->older_s, 0, word, value, why);
	else if (strcmp(word, "--since") == 0)
		return parse_age(&r->since_s, 1, word, value, why);
	else
		return 0;
	return 1;
}

static bool
check_metrics(const struct queue_request *r,
    const struct queue_command *command)
{
	if (!r->metrics)
		return r->output == NULL;
	return command->run == queue_status && !r->json && r->older_s == -1;
}

static bool
check_status(const struct queue_request *r,
    const struct queue_command *command)
{
	if (command->run == queue_status)
		return true;
	return r->older_s == -1 && (!r->json ||
	    command->run == list_queue || command->run == show_entry);
}

/* Options that select entries are for list and release, without an ID. */
static bool
check_selection(const struct queue_request *r,
    const struct queue_command *command)
{
	bool	selects = r->all || r->since_s > 0 || r->recipient != NULL;

	if (command->run == release_messages)
		return (selects || r->failed) == (r->id == NULL) &&
		    !(r->all && r->failed);
	return !selects && (!r->failed || command->run == list_queue);
}

/* Parses the arguments: a command, an ID, options anywhere. */
static bool
parse_request(struct queue_request *r, const struct queue_command **command,
    const struct options *o, struct failure *why)
{
	*command = NULL;
	for (int i = 1; i < o->n_arguments; i++) {
		const char	*word = o->arguments[i];
		int		 used = parse_option(r, word,
				    i + 1 < o->n_arguments ?
				    o->arguments[i + 1] : NULL, why);

		if (used < 0)
			return false;
		if (used > 0) {
			i += used - 1;
		} else if (*command == NULL) {
			*command = find_command(word);
			if (*command == NULL)
				return command_usage("queue", why);
		} else if ((*command)->id != NO_ID && r->id == NULL) {
			r->id = word;
		} else {
			return command_usage("queue", why);
		}
	}
	if (*command == NULL)
		*command = find_command("list");
	return (((*command)->id != REQUIRED_ID || r->id != NULL) &&
	    check_selection(r, *command) && check_metrics(r, *command) &&
	    check_status(r, *command)) ||
	    command_usage("queue", why);
}

int
queue_commands_run(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct queue_source	queue;
	struct queue_request	r = { .config = config, .log = log,
				    .queue = &queue,
				    .older_s = -1,
				    .errors = options->errors };
	const struct queue_command	*command;
	struct failure		why = { .status = EX_OK };
	int			answer;

	if (!parse_request(&r, &command, options, &why))
		return report_failure(log, options->errors, &why);
	queue_source_open(&queue, config);
	if (queue_source_is_open(&queue))
		r.spool = &queue.spool;
	else if (!command->by_service || r.metrics)
		why = queue.why;
	if (why.status == EX_NOPERM)
		failed(&why, EX_NOPERM, "relais queue %s%s: only root and the "
		    "user relais can do this: %s", command->name, r.metrics ?
		    " --metrics" : "", why.text);
	if (why.status == EX_OK) {
		why = (struct failure){ .status = EX_OK };
		answer = command->run(&r, &why);
	} else {
		answer = why.status;
	}
	queue_source_close(&queue);
	return why.text[0] != '\0' && answer != EX_OK ?
	    report_failure(log, options->errors, &why) : answer;
}
