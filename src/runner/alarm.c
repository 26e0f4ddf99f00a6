#include "runner/alarm.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "config/secret_command.h"
#include "queue/entry.h"
#include "queue/files.h"
#include "queue/health.h"
#include "queue/id.h"
#include "queue/spool_state.h"
#include "util/buffer.h"
#include "util/file.h"
#include "util/visible.h"

enum {
	COMMAND_MS = 30 * 1000,
	HOUR = 60 * 60,			/* seconds */
	DAY = 24 * HOUR,
};

/* Bits of .alarm in the state of the spool, which keeps them: do not change. */
enum reason {
	REASON_WAITING	= 1 << 0,
	REASON_REFUSED	= 1 << 1,
	REASON_GIVEN_UP	= 1 << 2,
};

/* What is wrong now. */
struct facts {
	unsigned	reasons;
	size_t		waiting;	/* entries, with held ones */
	int64_t		oldest;		/* REASON_WAITING: its arrival, */
	char		oldest_text[512];	/* and its last failure */
	bool		is_old;		/* an entry is as old as alarm_after */
	int64_t		next;		/* the earliest time at which another
					 * entry can be a reason */
	char		url[320];	/* REASON_REFUSED */
	int64_t		refused_since;
	char		refused_text[512];
	int64_t		given_up_at;	/* REASON_GIVEN_UP */
	char		given_up_text[512];
};

static int64_t
alarm_after(const struct config *config)
{
	return config_ms(config, NULL, KEY_ALARM_AFTER) / 1000;
}

static void
note_next(struct facts *f, int64_t when)
{
	if (when < f->next)
		f->next = when;
}

/* The oldest entry that is not held, if it is old enough. */
static void
find_oldest(const struct alarm_options *o, int64_t now, struct facts *f)
{
	int64_t			after = alarm_after(o->config);
	struct spool_list	list;
	struct entry		entry;
	struct failure		why;

	if (!spool_list(&list, o->spool, SPOOL_QUEUE, &why)) {
		log_line(o->log, LOG_ERR, "%s", why.text);
		return;
	}
	f->waiting = list.n;
	f->next = now + after;
	for (size_t i = 0; i < list.n && f->oldest == 0; i++) {
		const char	*name = list.item[i].name;

		if (!id_is_valid(name))
			continue;
		if (now - id_time(name) < after) {
			note_next(f, id_time(name) + after);
			break;
		}
		f->is_old = true;
		if (entry_open(&entry, o->spool, SPOOL_QUEUE, name, ENTRY_LOOK,
		    &why) != ENTRY_OPENED)
			continue;
		/* A collected entry waits for its digest. */
		if (entry.file.collected && now - entry.next < after) {
			note_next(f, entry.next + after);
		} else if (!entry.file.held) {
			f->reasons |= REASON_WAITING;
			f->oldest = id_time(name);
			strlcpy(f->oldest_text, entry.file.reason,
			    sizeof(f->oldest_text));
		}
		entry_close(&entry);
	}
	spool_list_free(&list);
}

/*
 * A smarthost for which nobody has made an attempt for a day is not used any
 * more, and one without a waiting entry does no harm.
 */
static void
find_refused(const struct spool_state *s, int64_t now, struct facts *f)
{
	for (size_t i = 0; i < s->n_hosts && f->waiting > 0; i++) {
		const struct spool_state_host	*host = &s->host[i];

		if (!spool_trouble_lasts(host->trouble) ||
		    now - host->trouble_at > DAY)
			continue;
		f->reasons |= REASON_REFUSED;
		f->refused_since = host->trouble_since;
		strlcpy(f->url, host->url, sizeof(f->url));
		strlcpy(f->refused_text, host->trouble_text,
		    sizeof(f->refused_text));
		return;
	}
}

/*
 * Whether an entry that was given up is to be reported, or has been reported
 * and was given up within the last hour.
 */
static bool
is_given_up(const struct spool_state *s, int64_t now)
{
	bool	reported = (s->alarm & REASON_GIVEN_UP) != 0;
	int64_t	age = now - s->given_up_at;

	/* If the clock was set back, the time can be in the future. */
	return s->given_up_at != 0 && age <= (reported ? HOUR : DAY) &&
	    age >= -HOUR && (reported || s->given_up_at > s->given_up_told);
}

static void
find_given_up(const struct spool_state *s, int64_t now, struct facts *f)
{
	if (!is_given_up(s, now))
		return;
	f->reasons |= REASON_GIVEN_UP;
	f->given_up_at = s->given_up_at;
	strlcpy(f->given_up_text, s->given_up_text, sizeof(f->given_up_text));
}

/* ----------------------------------------------------------------- the text */

struct notice {
	struct buffer	event;		/* "waiting refused" */
	struct buffer	subject;
	struct buffer	text;
	struct buffer	reason;		/* the last error */
	int64_t		since;
};

static void
add_time(struct buffer *b, int64_t when)
{
	time_t		t = (time_t)when;
	struct tm	tm;
	char		text[40];

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm) == 0)
		strlcpy(text, "an unknown time", sizeof(text));
	buffer_add_text(b, text);
}

/* Begins a sentence, or a word of .event, after the others. */
static void
add_after(struct buffer *b, const char *separator, const char *text)
{
	if (b->len > 0)
		buffer_add_text(b, separator);
	buffer_add_text(b, text);
}

static void
add_reason(struct notice *n, int64_t since, const char *text)
{
	if (n->since == 0 || since < n->since)
		n->since = since;
	add_after(&n->reason, "; ", text[0] != '\0' ? text : "no reason is "
	    "known");
}

static void
write_alarm(struct notice *n, const struct alarm_options *o,
    const struct facts *f, unsigned reasons)
{
	const char	*host = o->me->host;
	const char	*spool = o->spool->directory;
	const char	*s = f->waiting == 1 ? "" : "s";

	if (reasons & REASON_REFUSED) {
		add_after(&n->event, " ", "refused");
		add_after(&n->subject, "; ", host);
		buffer_addf(&n->subject, ": no mail can be sent through %s",
		    f->url);
		add_after(&n->text, " ", host);
		buffer_addf(&n->text, " has been unable to send mail through "
		    "%s since ", f->url);
		add_time(&n->text, f->refused_since);
		buffer_addf(&n->text, ": %s. %zu message%s in %s/queue: "
		    "correct the cause, and run \"relais queue flush\".",
		    f->refused_text, f->waiting, f->waiting == 1 ? " waits" :
		    "s wait", spool);
		add_reason(n, f->refused_since, f->refused_text);
	}
	if (reasons & REASON_WAITING) {
		add_after(&n->event, " ", "waiting");
		add_after(&n->subject, "; ", host);
		buffer_add_text(&n->subject, ": mail has been waiting since ");
		add_time(&n->subject, f->oldest);
		add_after(&n->text, " ", "The oldest message in ");
		buffer_addf(&n->text, "the queue of %s (%s/queue, %zu "
		    "message%s) has been waiting since ", host, spool,
		    f->waiting, s);
		add_time(&n->text, f->oldest);
		buffer_addf(&n->text, ". %s%s. \"relais queue list\" shows the "
		    "messages, and \"relais queue flush\" tries to send them "
		    "at once.", f->oldest_text[0] != '\0' ?
		    "The last error is: " : "No attempt has been made; start "
		    "relais serve, or a timer for relais queue run",
		    f->oldest_text);
		add_reason(n, f->oldest, f->oldest_text);
	}
	if (reasons & REASON_GIVEN_UP) {
		add_after(&n->event, " ", "given-up");
		add_after(&n->subject, "; ", host);
		buffer_add_text(&n->subject, ": a message was given up");
		add_after(&n->text, " ", host);
		buffer_add_text(&n->text, " gave up a message at ");
		add_time(&n->text, f->given_up_at);
		buffer_addf(&n->text, ": %s. Its sender receives a bounce, or "
		    "the message is kept in %s/failed: \"relais queue list "
		    "--failed\" lists it, and \"relais queue release\" sends "
		    "it again.", f->given_up_text, spool);
		add_reason(n, f->given_up_at, f->given_up_text);
	}
}

static void
write_recovery(struct notice *n, const struct alarm_options *o,
    const struct facts *f, int64_t since)
{
	buffer_add_text(&n->event, "recovered");
	buffer_addf(&n->subject, "%s: mail is sent again", o->me->host);
	buffer_addf(&n->text, "The mail queue of %s is in order again. The "
	    "problem began at ", o->me->host);
	add_time(&n->text, since);
	buffer_addf(&n->text, ". %zu message%s in %s/queue.", f->waiting,
	    f->waiting == 1 ? " waits" : "s wait", o->spool->directory);
	n->since = since;
}

/* -------------------------------------------------------------- the command */

/* Returns "NAME=value" without control characters, which the caller frees. */
static char *
variable(const char *name, const char *value)
{
	struct buffer	b = { 0 };
	char		shown[2048];

	buffer_addf(&b, "RELAIS_ALARM_%s=%s", name, visible_more(shown,
	    sizeof(shown), value, ""));
	return buffer_take(&b);
}

static bool
run_command(const struct alarm_options *o, const struct notice *n,
    const struct facts *f, struct failure *why)
{
	char			 text[8192];
	char			 since[24], waiting[24];
	char			*environment[8] = { 0 };
	struct buffer		 input = { 0 };
	struct command_notice	 notice = {
		.command = config_text(o->config, NULL, KEY_ALARM_COMMAND),
		.environment = environment,
		.timeout_ms = COMMAND_MS,
	};
	bool			 good;

	snprintf(since, sizeof(since), "%lld", (long long)n->since);
	snprintf(waiting, sizeof(waiting), "%zu", f->waiting);
	environment[0] = variable("EVENT", n->event.data);
	environment[1] = variable("SUBJECT", n->subject.data);
	environment[2] = variable("HOST", o->me->host);
	environment[3] = variable("SINCE", since);
	environment[4] = variable("WAITING", waiting);
	environment[5] = variable("REASON", n->reason.data != NULL ?
	    n->reason.data : "");
	environment[6] = variable("SPOOL", o->spool->directory);
	buffer_addf(&input, "%s\n", visible_more(text, sizeof(text),
	    n->text.data, ""));
	notice.input = input.data;
	good = command_notify(&notice, why);
	for (size_t i = 0; environment[i] != NULL; i++)
		free(environment[i]);
	buffer_free(&input);
	return good;
}

/* What is remembered about the alarm: the state, and the time of this file. */
struct memory {
	int		fd;		/* the locked file, or -1 */
	bool		recorded;	/* the state can be written */
	struct failure	why;		/* otherwise */
};

/*
 * If the state cannot be written, the time of the file keeps further queue runs
 * from starting the command.
 */
static bool
may_start(const struct alarm_options *o, struct memory *m, int64_t now)
{
	int64_t			after = alarm_after(o->config);
	struct spool_state	state;
	struct stat		st;
	struct failure		close_why;
	bool			good;

	good = spool_state_open(&state, o->spool, now, &m->why);
	state.alarm_tried = now;
	if (!spool_state_close(&state, &close_why) && good) {
		m->why = close_why;
		good = false;
	}
	m->recorded = good;
	if (good)
		return true;
	log_line(o->log, LOG_ERR, "cannot record that alarm_command has "
	    "reported a problem: %s; it is started at most once in %lld "
	    "seconds", m->why.text, (long long)after);
	if (fstat(m->fd, &st) != 0 || (st.st_mtime <= now &&
	    now - st.st_mtime < after))
		return false;
	return files_set_time(m->fd, now);
}

static void
record_reported(const struct alarm_options *o, const struct facts *f,
    int64_t since, int64_t now)
{
	struct spool_state	state;
	struct failure		why, ignored;
	bool			good;

	good = spool_state_open(&state, o->spool, now, &why);
	if (state.alarm == 0 || f->reasons == 0)
		state.alarm_since = f->reasons == 0 ? 0 : since;
	state.alarm = f->reasons;
	state.alarm_next = f->next;
	if (f->reasons & REASON_GIVEN_UP)
		state.given_up_told = state.given_up_at;
	if (!spool_state_close(&state, good ? &why : &ignored) || !good)
		log_line(o->log, LOG_ERR, "the state of the alarm cannot be "
		    "recorded: %s", why.text);
}

/* Returns the locked file, or -1 with errno. */
static int
lock_file(const struct alarm_options *o, int directory)
{
	int		fd = files_open(directory, "alarm", O_RDWR | O_CREAT |
			    O_EXCL);
	struct stat	st;
	int		error;

	/* Its time is that of the last command: see may_start(). */
	if (fd != -1)
		files_set_time(fd, 0);
	else if (errno == EEXIST)
		fd = files_open(directory, "alarm", O_RDWR | O_NONBLOCK);
	if (fd == -1)
		return -1;
	if (files_stat_regular(fd, &st) && spool_own(o->spool, fd) &&
	    files_lock(fd, false))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/*
 * Returns the locked file, or -1 if another queue run has the lock.  If the
 * file system of the spool is read-only or full, the file is in the directory
 * of the socket.
 */
static int
lock_alarm(const struct alarm_options *o)
{
	const char	*path = config_text(o->config, NULL, KEY_SOCKET);
	char		*other = file_directory(strcmp(path, "off") != 0 ?
			    path : config_default(KEY_SOCKET));
	int		 fd = lock_file(o, o->spool->fd), error = errno;
	int		 directory;

	if (fd == -1 && error != EAGAIN) {
		directory = open(other, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (directory != -1) {
			fd = lock_file(o, directory);
			close(directory);
		}
		if (fd == -1 && errno != EAGAIN)
			log_line(o->log, LOG_ERR, "alarm_command was not "
			    "started: %s/alarm: %s; %s/alarm: %s",
			    o->spool->directory, strerror(error), other,
			    strerror(errno));
	}
	free(other);
	return fd;
}

/* Whether an earlier check has found that no old entry is a problem yet. */
static bool
is_quiet(const struct config *config, const struct spool_state *s, int64_t now)
{
	return now < s->alarm_next &&
	    s->alarm_next - now <= alarm_after(config);
}

static void
check_locked(const struct alarm_options *o, struct memory *m, int64_t now)
{
	struct facts		f = { 0 };
	struct notice		n = { 0 };
	struct spool_state	state;
	struct failure		why;
	unsigned		reported, added;
	bool			quiet;

	spool_state_read(&state, o->spool);
	find_oldest(o, now, &f);
	find_refused(&state, now, &f);
	find_given_up(&state, now, &f);
	reported = (unsigned)state.alarm;
	added = f.reasons & ~reported;
	if (added != 0)
		write_alarm(&n, o, &f, added);
	else if (reported != 0 && f.reasons == 0)
		write_recovery(&n, o, &f, state.alarm_since);
	quiet = is_quiet(o->config, &state, now);
	spool_state_free(&state);
	if (n.text.len == 0) {
		if (reported != f.reasons || (f.reasons == 0 && f.is_old &&
		    !quiet))
			record_reported(o, &f, 0, now);
	} else if (may_start(o, m, now)) {
		if (!m->recorded)
			buffer_addf(&n.text, " The queue directory cannot be "
			    "written: %s.", m->why.text);
		if (run_command(o, &n, &f, &why)) {
			if (m->recorded)
				record_reported(o, &f, n.since, now);
			log_line(o->log, LOG_WARNING, "alarm_command reported: "
			    "%s", n.subject.data);
		} else {
			log_line(o->log, LOG_ERR, "alarm_command failed, and "
			    "is started again in the next queue run: %s",
			    why.text);
		}
	}
	buffer_free(&n.event);
	buffer_free(&n.subject);
	buffer_free(&n.text);
	buffer_free(&n.reason);
}

void
alarm_check(const struct alarm_options *o, int64_t now)
{
	struct memory	m = { .fd = -1 };

	if (config_text(o->config, NULL, KEY_ALARM_COMMAND) == NULL)
		return;
	m.fd = lock_alarm(o);
	if (m.fd == -1)
		return;
	check_locked(o, &m, now);
	close(m.fd);
}

void
alarm_note_given_up(struct spool *spool, size_t entries, const char *reason,
    int64_t now)
{
	struct spool_state	state;
	struct failure		ignored;	/* the log has the reason */

	health_note_error(spool, now, reason, true, &ignored);
	spool_state_open(&state, spool, now, &ignored);
	state.given_up += (int64_t)entries;
	state.given_up_at = now;
	strlcpy(state.given_up_text, reason, sizeof(state.given_up_text));
	spool_state_close(&state, &ignored);
}

bool
alarm_is_due(const struct config *config, const struct spool *spool,
    const struct spool_totals *queue, int64_t now)
{
	struct spool_state	state;
	bool			due;

	if (config_text(config, NULL, KEY_ALARM_COMMAND) == NULL)
		return false;
	spool_state_read(&state, spool);
	due = state.alarm != 0 || is_given_up(&state, now) ||
	    (queue->oldest != 0 && now - queue->oldest >=
	    alarm_after(config) && !is_quiet(config, &state, now));
	spool_state_free(&state);
	return due;
}
