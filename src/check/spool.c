#include <sys/statvfs.h>

#include <pwd.h>
#include <stdio.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "check/local.h"
#include "queue/entry.h"
#include "queue/id.h"
#include "queue/retry.h"
#include "queue/spool.h"
#include "submit/service_queue.h"
#include "submit/spool_config.h"
#include "util/buffer.h"
#include "util/clock.h"

enum {
	MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR,

	/* A message can be this late without a fault. */
	LATE_S = 15 * MINUTE,

	/* Warn if less space is left: this part of queue_size_limit, or, if
	 * there is no limit, so many octets; and so many files. */
	SPACE_PART = 10,
	MIB = 1024 * 1024,
	SPACE_MIN = 64 * MIB,
	FILES_MIN = 1000,

	FULL_PERCENT = 90,	/* of queue_size_limit */
	ENTRIES_OPENED = 1000,	/* to find one that is not held */
};

struct spool_check {
	struct check		*check;
	struct check_finding	 found;		/* what all findings share */
	struct spool		 spool;
	struct spool_totals	 waiting, lost;
	int64_t			 now;
};

/* "1 minute", "26 hours", "3 days" */
static const char *
age_text(char *to, size_t size, int64_t seconds)
{
	int64_t		 n = seconds / MINUTE;
	const char	*unit = "minute";

	if (seconds >= 2 * DAY) {
		n = seconds / DAY;
		unit = "day";
	} else if (seconds >= 2 * HOUR) {
		n = seconds / HOUR;
		unit = "hour";
	}
	snprintf(to, size, "%lld %s%s", (long long)n, unit, n == 1 ? "" : "s");
	return to;
}

/*
 * The messages.
 */

/* Opens the newest entry that was given up; false if there is none. */
static bool
open_last_failed(struct spool_check *s, struct entry *last)
{
	struct spool_list	list;
	struct failure		ignored;
	bool			found = false;

	if (!spool_list(&list, &s->spool, SPOOL_FAILED, &ignored))
		return false;
	for (size_t i = list.n; i > 0 && !found; i--)
		found = id_is_valid(list.item[i - 1].name) &&
		    entry_open(last, &s->spool, SPOOL_FAILED,
		    list.item[i - 1].name, ENTRY_LOOK, &ignored) ==
		    ENTRY_OPENED;
	spool_list_free(&list);
	return found;
}

static void
report_totals(struct spool_check *s)
{
	struct check_finding	found = s->found;
	struct buffer		text = { 0 };
	struct entry		last;

	buffer_addf(&text, "%zu waiting, ", s->waiting.entries);
	if (s->lost.entries > 0) {
		found.verdict = CHECK_WARNING;
		found.remedy = "run: relais queue list --failed";
		buffer_addf(&text, "%zu given up", s->lost.entries);
		if (open_last_failed(s, &last)) {
			buffer_addf(&text, "; the newest of them, %s: %s",
			    last.name, last.file.reason);
			entry_close(&last);
		}
	} else {
		buffer_addf(&text, "none given up");
	}
	check_report(s->check, &found, "%s", text.data);
	buffer_free(&text);
}

static void
report_oldest(struct spool_check *s, const struct entry *e)
{
	struct check_finding	found = s->found;
	struct retry_schedule	schedule;
	int64_t			longest = LATE_S, due;
	int64_t			age = s->now - id_time(e->name);
	int64_t			after = config_ms(s->check->config, NULL,
				    KEY_ALARM_AFTER) / 1000;
	char			text[64], remedy[64];

	snprintf(remedy, sizeof(remedy), "run: relais queue show %s", e->name);
	found.verdict = age > after ? CHECK_WARNING : CHECK_OK;
	found.remedy = age > after ? remedy : NULL;
	check_report(s->check, &found, "the oldest message, %s, has waited %s: "
	    "%s", e->name, age_text(text, sizeof(text), age),
	    e->file.reason[0] != '\0' ? e->file.reason : "it has not been "
	    "tried");
	spool_config_retry(&schedule, s->check->config);
	for (size_t i = 0; i < schedule.n; i++)
		if (schedule.delay[i] + LATE_S > longest)
			longest = schedule.delay[i] + LATE_S;
	/* Without a time of its own, a new message is due when it arrives. */
	due = e->next > id_time(e->name) ? e->next :
	    e->file.attempts == 0 ? id_time(e->name) : s->now;
	if (s->now - due <= longest)
		return;
	found.verdict = CHECK_WARNING;
	found.remedy = check_start_command(false);
	check_report(s->check, &found, "the next attempt for %s has been due "
	    "for %s: nothing runs the queue", e->name,
	    age_text(text, sizeof(text), s->now - due));
}

/* The oldest message that waits: not held, and not collected in time. */
static void
check_oldest(struct spool_check *s)
{
	struct spool_list	list;
	struct failure		ignored;
	bool			found = false;

	if (!spool_list(&list, &s->spool, SPOOL_QUEUE, &ignored))
		return;
	for (size_t i = 0; i < list.n && i < ENTRIES_OPENED && !found; i++) {
		struct entry	e;

		if (!id_is_valid(list.item[i].name) ||
		    entry_open(&e, &s->spool, SPOOL_QUEUE, list.item[i].name,
		    ENTRY_LOOK, &ignored) != ENTRY_OPENED)
			continue;
		found = !e.file.held && (!e.file.collected ||
		    s->now - e.next > LATE_S);
		if (found)
			report_oldest(s, &e);
		entry_close(&e);
	}
	spool_list_free(&list);
}

/*
 * The directory.
 */

/* The room in queue_size_limit. */
static void
check_limit(struct spool_check *s)
{
	const struct setting	*set = config_find(s->check->config, NULL,
				    KEY_QUEUE_SIZE_LIMIT);
	struct check_finding	 found = s->found;
	uint64_t		 used = s->waiting.octets + s->lost.octets;

	if (s->spool.size_max == 0 ||
	    used / FULL_PERCENT < s->spool.size_max / 100)
		return;
	found.verdict = CHECK_WARNING;
	found.origin = set != NULL ? set->origin : NULL;
	found.remedy = "raise queue_size_limit, or release or delete messages; "
	    "to list those that were given up, run: relais queue list --failed";
	check_report(s->check, &found, "%llu KiB of queue_size_limit = %s are "
	    "used; when the limit is reached, messages that must wait are "
	    "refused", (unsigned long long)(used / 1024),
	    config_text(s->check->config, NULL, KEY_QUEUE_SIZE_LIMIT));
}

static void
check_space(struct spool_check *s)
{
	struct check_finding	found = s->found;
	uint64_t		least = s->spool.size_max > 0 ?
				    s->spool.size_max / SPACE_PART : SPACE_MIN;
	uint64_t		room;
	struct statvfs		fs;
	bool			few;

	if (fstatvfs(s->spool.fd, &fs) == -1)
		return;
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (fs.f_flag & ST_RDONLY) {
		found.verdict = CHECK_FAIL;
		found.status = EX_CANTCREAT;
		found.remedy = "remount the file system read-write";
		check_report(s->check, &found, "the file system is read-only: "
		    "waiting messages are not sent, and none can be queued");
		return;
	}
	/* Some file systems have no fixed number of inodes. */
	few = fs.f_files > 0 && fs.f_favail < FILES_MIN;
	if (!few && room >= least) {
		check_report(s->check, &found, "%llu MiB are free",
		    (unsigned long long)(room / MIB));
		return;
	}
	found.verdict = CHECK_WARNING;
	found.remedy = "remove files from this file system, or set queue to a "
	    "directory on another one";
	if (few)
		check_report(s->check, &found, "only %llu inodes are free: "
		    "soon, no message can be queued",
		    (unsigned long long)fs.f_favail);
	else
		check_report(s->check, &found, "only %llu MiB are free: soon, "
		    "no message can be queued",
		    (unsigned long long)(room / MIB));
}

/* Root may have used the queue before the service was installed. */
static void
check_owner(struct spool_check *s)
{
	const struct passwd	*pw = getpwnam("relais");
	struct check_finding	 found = s->found;
	struct buffer		 remedy = { 0 };
	struct failure		 ignored;

	if (pw == NULL || s->spool.owner == pw->pw_uid ||
	    s->spool.owner != 0 ||
	    service_path(s->check->config, &ignored) == NULL)
		return;
	buffer_addf(&remedy, "run: chown -R relais:relais %s",
	    s->spool.directory);
	found.verdict = CHECK_WARNING;
	found.remedy = remedy.data;
	check_report(s->check, &found, "belongs to root, so the service, "
	    "which runs as the user relais, cannot use it");
	buffer_free(&remedy);
}

/* A user without access to the directory asks the service. */
static bool
check_by_service(struct check *c, const struct check_finding *about)
{
	struct check_finding	 found = *about;
	struct health_state	 state;
	struct failure		 ignored;
	const char		*path = service_path(c->config, &ignored);

	if (path == NULL || geteuid() == 0 ||
	    service_queue_count(path, &state, &ignored) != SERVICE_ACCEPTED)
		return false;
	if (state.failed.entries > 0) {
		found.verdict = CHECK_WARNING;
		found.remedy = "as root, run: relais queue list --failed";
	}
	check_report(c, &found, "%zu waiting, %zu given up, as the service "
	    "reports", state.queue.entries, state.failed.entries);
	return true;
}

/* Mail can leave without the spool, unless the smarthost cannot be reached. */
static void
report_closed(struct check *c, struct check_finding *found,
    enum spool_config answer, struct failure *why)
{
	const struct setting	*set = config_find(c->config, NULL, KEY_QUEUE);

	if (answer != SPOOL_CONFIG_OFF && why->status == EX_OK) {
		if (!spool_config_is_new(c->config, why)) {
			found->verdict = CHECK_WARNING;
			found->origin = set != NULL ? set->origin : NULL;
			found->remedy = "create the missing directory, or "
			    "correct the path in queue";
		}
		check_report(c, found, "%s", why->text);
		return;
	}
	if (answer != SPOOL_CONFIG_OFF && why->status == EX_NOPERM &&
	    check_by_service(c, found))
		return;
	found->verdict = CHECK_WARNING;
	found->origin = set != NULL ? set->origin : NULL;
	if (answer == SPOOL_CONFIG_OFF)
		found->object = NULL;
	else if ((found->remedy = check_take_commands(why->text)) == NULL)
		found->remedy = "run \"relais check\" as root, or correct the "
		    "owner and the mode of the directory";
	check_report(c, found, "%s", why->text);
}

void
check_spool(struct check *c)
{
	const struct setting	*set = config_find(c->config, NULL, KEY_QUEUE);
	struct spool_check	 s = { .check = c, .now = clock_now(),
				    .found = { .stage = CHECK_SPOOL,
				    .object = config_text(c->config, NULL,
				    KEY_QUEUE) } };
	struct failure		 why;
	enum spool_config	 answer;

	answer = spool_config_examine(&s.spool, c->config, &why);
	if (answer != SPOOL_CONFIG_OPEN) {
		report_closed(c, &s.found, answer, &why);
		return;
	}
	s.found.origin = set != NULL ? set->origin : NULL;
	if (!spool_count(&s.waiting, &s.spool, SPOOL_QUEUE, &why) ||
	    !spool_count(&s.lost, &s.spool, SPOOL_FAILED, &why)) {
		check_report_failure(c, &s.found, &why);
	} else {
		report_totals(&s);
		check_oldest(&s);
		check_limit(&s);
		check_space(&s);
		check_owner(&s);
	}
	spool_close(&s.spool);
}
