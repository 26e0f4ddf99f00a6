#include "util/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "util/file.h"
#include "util/memory.h"
#include "util/visible.h"

enum { LINE = 3072, RECORD = LINE + 256 };

struct log_way {
	int	fd;		/* of syslog; -1: not connected */
	bool	is_stream;	/* each record ends in a NUL */
	size_t	dropped;	/* lines since the last one that was accepted */
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
send_to_syslog(struct log_way *way, const char *record)
{
	for (int i = 0; i < 2; i++) {
		size_t	len;
		ssize_t	n;

		if (way->fd == -1 && !connect_syslog(way))
			return false;
		len = strlen(record) + way->is_stream;
		n = send(way->fd, record, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n == (ssize_t)len)
			return true;
		if (n == -1 && (errno == EAGAIN || errno == ENOBUFS))
			return false;
		close(way->fd);
		way->fd = -1;
	}
	return false;
}

/* "<22>Nov 28 21:16:09 sendmail[4711]: text" (RFC 3164). */
static bool
write_line(const struct log *log, int priority, const char *line)
{
	char		tag[64], shown[LINE], record[RECORD], date[32];
	time_t		now = time(NULL);
	struct tm	tm;

	visible_more(tag, sizeof(tag), log->tag, "");
	visible_more(shown, sizeof(shown), line, "");
	if (log->target == LOG_TO_STDERR) {
		snprintf(record, sizeof(record), "%s: %s\n", tag, shown);
		return file_write_now(STDERR_FILENO, record, strlen(record));
	}
	if (localtime_r(&now, &tm) == NULL ||
	    strftime(date, sizeof(date), "%b %e %T", &tm) == 0)
		return false;
	snprintf(record, sizeof(record), "<%d>%s %s[%ld]: %s", LOG_MAIL |
	    priority, date, tag, (long)getpid(), shown);
	return send_to_syslog(log->way, record);
}

void
log_line(const struct log *log, int priority, const char *fmt, ...)
{
	char	line[LINE];
	va_list	ap;

	if (log->way == NULL)
		return;
	if (log->way->dropped > 0) {
		snprintf(line, sizeof(line), "log lines dropped because the "
		    "log was not ready: %zu", log->way->dropped);
		if (write_line(log, LOG_WARNING, line))
			log->way->dropped = 0;
	}
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (log->way->dropped > 0 || !write_line(log, priority, line))
		log->way->dropped++;
}

void
log_close(struct log *log)
{
	if (log->way != NULL && log->way->fd != -1)
		close(log->way->fd);
	free(log->way);
	*log = (struct log){ .target = LOG_TO_NOTHING };
}
