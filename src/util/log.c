#include "util/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "util/buffer.h"
#include "util/file.h"
#include "util/log_addresses.h"
#include "util/log_file.h"
#include "util/log_record.h"
#include "util/memory.h"

enum {
	LINE = 3072,
	ROOM = 2 * LOG_RECORD_MAX - 1,	/* no record needs more memory */
	FIELDS_MAX = 24,
};

struct log_way {
	int			 fd;	/* of syslog or the journal; -1: not
					 * connected */
	bool			 is_journal;
	bool			 is_stream;	/* each record ends in a NUL */
	struct log_file		 file;
	struct log_addresses	 addresses;
	struct buffer		 record;	/* the last one */
	size_t			 dropped;	/* lines since the last one that
						 * was accepted */
};

enum log_target
log_target_of(const char *setting)
{
	if (setting == NULL)
		return access("/dev/log", W_OK) == 0 ? LOG_TO_SYSLOG :
		    LOG_TO_NOTHING;
	if (setting[0] == '/')
		return LOG_TO_FILE;
	return strcmp(setting, "syslog") == 0 ? LOG_TO_SYSLOG :
	    strcmp(setting, "journal") == 0 ? LOG_TO_JOURNAL :
	    strcmp(setting, "stderr") == 0 ? LOG_TO_STDERR :
	    strcmp(setting, "json") == 0 ? LOG_TO_JSON : LOG_TO_NOTHING;
}

void
log_open(struct log *log, const struct log_options *options)
{
	*log = (struct log){ .target = log_target_of(options->target),
	    .tag = options->tag };
	if (log->target == LOG_TO_NOTHING)
		return;
	log->way = memory_new(1, sizeof(*log->way));
	log->way->fd = log->way->file.fd = -1;
	if (log->target == LOG_TO_FILE)
		log_file_begin(&log->way->file, options->target);
	log_addresses_begin(&log->way->addresses, options->addresses,
	    options->key_directory);
	/* A lack of memory must not end the process after an attempt. */
	buffer_room(&log->way->record, ROOM);
}

bool
log_prepare(const struct log *log, struct failure *why)
{
	if (log->way != NULL)
		log_addresses_prepare(&log->way->addresses);
	return log->target != LOG_TO_FILE ||
	    log_file_open(&log->way->file, why);
}

bool
log_is_current(const struct log *log)
{
	return log->target != LOG_TO_FILE || log->way->file.fd == -1 ||
	    log_file_is_current(&log->way->file);
}

bool
log_is_on_stderr(const struct log *log)
{
	return log->target == LOG_TO_STDERR || log->target == LOG_TO_JSON;
}

static bool
connect_to(struct log_way *way, const char *path, int type)
{
	struct sockaddr_un	to = { .sun_family = AF_UNIX };

	strlcpy(to.sun_path, path, sizeof(to.sun_path));
	way->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (way->fd == -1)
		return false;
	if (connect(way->fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return true;
	close(way->fd);
	way->fd = -1;
	return false;
}

static bool
connect_logger(struct log_way *way, enum log_target target)
{
	way->is_stream = false;
	way->is_journal = target == LOG_TO_JOURNAL && connect_to(way,
	    "/run/systemd/journal/socket", SOCK_DGRAM);
	if (way->is_journal || connect_to(way, "/dev/log", SOCK_DGRAM))
		return true;
	/* Some loggers accept only stream connections, as syslog(3) allows. */
	way->is_stream = errno == EPROTOTYPE &&
	    connect_to(way, "/dev/log", SOCK_STREAM);
	return way->is_stream;
}

/* Reconnects if the logger was restarted after the last line. */
static bool
send_to_logger(const struct log *log, const struct log_event *e)
{
	struct log_way	*way = log->way;
	struct buffer	*record = &way->record;

	for (int i = 0; i < 2; i++) {
		size_t	len;
		ssize_t	n;

		if (way->fd == -1 && !connect_logger(way, log->target))
			return false;
		buffer_clear(record);
		if (way->is_journal)
			log_record_journal(record, e);
		else
			log_record_syslog(record, e);
		len = record->len + way->is_stream;
		n = send(way->fd, record->data, len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n == (ssize_t)len)
			return true;
		if (n == -1 && (errno == EAGAIN || errno == ENOBUFS))
			return false;
		close(way->fd);
		way->fd = -1;
	}
	return false;
}

static bool
write_event(const struct log *log, const struct log_event *e)
{
	struct buffer	*record = &log->way->record;
	struct failure	 ignored;

	buffer_clear(record);
	switch (log->target) {
	case LOG_TO_NOTHING:
		return true;
	case LOG_TO_STDERR:
		log_record_plain(record, e);
		return file_write_now(STDERR_FILENO, record->data,
		    record->len);
	case LOG_TO_JSON:
		log_record_json(record, e);
		return file_write_now(STDERR_FILENO, record->data,
		    record->len);
	case LOG_TO_FILE:
		if (!log_file_open(&log->way->file, &ignored))
			break;
		log_record_file(record, e);
		return log_file_write(&log->way->file, record->data,
		    record->len);
	case LOG_TO_SYSLOG:
	case LOG_TO_JOURNAL:
		break;
	}
	return send_to_logger(log, e);
}

/* As write_event(), without addresses. */
static bool
write_hidden(const struct log *log, const struct log_event *e)
{
	const struct log_addresses	*how = &log->way->addresses;
	struct log_event		 copy = *e;
	struct log_field		 fields[FIELDS_MAX];
	struct buffer			 values[FIELDS_MAX + 1] = { { 0 } };
	bool				 good;

	copy.fields = fields;
	for (copy.n = 0; copy.n < e->n && copy.n < FIELDS_MAX; copy.n++) {
		struct log_field	*f = &fields[copy.n];
		struct buffer		*value = &values[copy.n];

		*f = e->fields[copy.n];
		if (f->value == NULL ||
		    (f->kind != LOG_ADDRESS && f->kind != LOG_TEXT))
			continue;
		if (f->kind == LOG_ADDRESS)
			log_addresses_add(value, how, f->value);
		else
			log_addresses_add_text(value, how, f->value);
		f->value = value->data != NULL ? value->data : "";
	}
	if (e->message != NULL) {
		log_addresses_add_text(&values[FIELDS_MAX], how, e->message);
		copy.message = values[FIELDS_MAX].data;
	}
	good = write_event(log, &copy);
	for (size_t i = 0; i <= FIELDS_MAX; i++)
		buffer_free(&values[i]);
	return good;
}

/* Counts the event if the log does not accept it. */
static void
add_event(const struct log *log, struct log_event *e)
{
	struct log_way		*way = log->way;
	char			 text[80];
	struct log_event	 dropped = { .priority = LOG_WARNING,
				    .tag = log->tag, .message = text };

	e->tag = log->tag;
	if (way->dropped > 0) {
		snprintf(text, sizeof(text), "log lines dropped because the "
		    "log was not ready: %zu", way->dropped);
		if (write_event(log, &dropped))
			way->dropped = 0;
	}
	if (way->dropped > 0 ||
	    !(way->addresses.form == LOG_ADDRESSES_FULL ?
	    write_event(log, e) : write_hidden(log, e)))
		way->dropped++;
}

/* The text is formatted only if there is a log. */
__attribute__((format(printf, 3, 0)))
static void
add_text(const struct log *log, struct log_event e, const char *fmt,
    va_list ap)
{
	char	text[LINE];

	if (log->way == NULL)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	e.message = text;
	add_event(log, &e);
}

void
log_line(const struct log *log, int priority, const char *fmt, ...)
{
	struct log_event	e = { .priority = priority };
	va_list			ap;

	va_start(ap, fmt);
	add_text(log, e, fmt, ap);
	va_end(ap);
}

void
log_entry(const struct log *log, int priority, const char *id,
    const char *fmt, ...)
{
	const struct log_field	about = { "id", "id", LOG_WORD, id };
	struct log_event	e = { .priority = priority, .fields = &about,
				    .n = 1 };
	va_list			ap;

	va_start(ap, fmt);
	add_text(log, e, fmt, ap);
	va_end(ap);
}

void
log_status(const struct log *log, int priority, const char *status,
    const struct log_field *fields, size_t n)
{
	struct log_event	e = { .priority = priority, .status = status,
				    .fields = fields, .n = n };

	if (log->way != NULL)
		add_event(log, &e);
}

void
log_close(struct log *log)
{
	if (log->way != NULL) {
		if (log->way->fd != -1)
			close(log->way->fd);
		log_file_end(&log->way->file);
		log_addresses_end(&log->way->addresses);
		buffer_free(&log->way->record);
	}
	free(log->way);
	*log = (struct log){ .target = LOG_TO_NOTHING };
}
