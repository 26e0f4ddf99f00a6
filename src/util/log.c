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
#include "util/log_record.h"
#include "util/memory.h"

enum { LINE = 3072 };

struct log_way {
	int		fd;		/* of syslog; -1: not connected */
	bool		is_stream;	/* each record ends in a NUL */
	size_t		dropped;	/* lines since the last one that was
					 * accepted */
	struct buffer	record;		/* the last one */
};

void
log_open(struct log *log, const char *setting, const char *tag)
{
	*log = (struct log){ .target = LOG_TO_NOTHING, .tag = tag };
	if (setting == NULL ? access("/dev/log", W_OK) == 0 :
	    strcmp(setting, "syslog") == 0)
		log->target = LOG_TO_SYSLOG;
	else if (setting != NULL && strcmp(setting, "stderr") == 0)
		log->target = LOG_TO_STDERR;
	if (log->target == LOG_TO_NOTHING)
		return;
	log->way = memory_new(1, sizeof(*log->way));
	log->way->fd = -1;
}

/* Some loggers accept only stream connections, as syslog(3) allows. */
static bool
connect_syslog(struct log_way *way)
{
	static const struct sockaddr_un	to = { AF_UNIX, "/dev/log" };
	static const int		types[] = { SOCK_DGRAM, SOCK_STREAM };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		way->fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, 0);
		way->is_stream = types[i] == SOCK_STREAM;
		if (way->fd == -1 || connect(way->fd,
		    (const struct sockaddr *)&to, sizeof(to)) == 0)
			break;
		close(way->fd);
		way->fd = -1;
		if (errno != EPROTOTYPE)
			break;
	}
	return way->fd != -1;
}

/* Reconnects if the logger was restarted after the last line. */
static bool
send_to_syslog(struct log_way *way, const struct buffer *record)
{
	for (int i = 0; i < 2; i++) {
		size_t	len;
		ssize_t	n;

		if (way->fd == -1 && !connect_syslog(way))
			return false;
		len = record->len + way->is_stream;
		n = send(way->fd, record->data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
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
	struct log_way	*way = log->way;

	buffer_clear(&way->record);
	if (log->target == LOG_TO_STDERR) {
		log_record_plain(&way->record, e);
		return file_write_now(STDERR_FILENO, way->record.data,
		    way->record.len);
	}
	log_record_syslog(&way->record, e);
	return send_to_syslog(way, &way->record);
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
	if (way->dropped > 0 || !write_event(log, e))
		way->dropped++;
}

void
log_line(const struct log *log, int priority, const char *fmt, ...)
{
	char			text[LINE];
	struct log_event	e = { .priority = priority, .message = text };
	va_list			ap;

	if (log->way == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	add_event(log, &e);
}

void
log_entry(const struct log *log, int priority, const char *id,
    const char *fmt, ...)
{
	const struct log_field	about = { "id", "id", LOG_WORD, id };
	char			text[LINE];
	struct log_event	e = { .priority = priority, .fields = &about,
				    .n = 1, .message = text };
	va_list			ap;

	if (log->way == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	add_event(log, &e);
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
		buffer_free(&log->way->record);
	}
	free(log->way);
	*log = (struct log){ .target = LOG_TO_NOTHING };
}
