/*
 * log_record.h - the forms of a log line
 *
 * Records are appended to a buffer.  A value that is too long is truncated
 * after a complete character, so that a record has at most LOG_RECORD_MAX
 * octets.  A write of up to this size to a pipe is atomic (PIPE_BUF), so that
 * records of several processes do not mix.
 */
#ifndef UTIL_LOG_RECORD_H
#define UTIL_LOG_RECORD_H

#include <stddef.h>

#include "util/buffer.h"
#include "util/log.h"

enum { LOG_RECORD_MAX = 4096 };

/* All pointers are borrowed. */
struct log_event {
	int			 priority;	/* LOG_INFO ... */
	const char		*tag;		/* the name of the program */
	const char		*status;	/* "sent"; or NULL */
	const struct log_field	*fields;
	size_t			 n;
	const char		*message;	/* or NULL */
};

/* "sendmail: sent id=1 from=<joe@example.org>", with a LF. */
void	log_record_plain(struct buffer *, const struct log_event *);

/*
 * "2026-11-28T21:16:09+01:00 host sendmail[4711]: sent ...", with a LF: the
 * usual form of log files.
 */
void	log_record_file(struct buffer *, const struct log_event *);

/*
 * {"time":"2026-11-28T20:16:09.000Z","level":"info","tag":"sendmail",
 * "pid":4711,"status":"sent",...} on one line, with a LF.  Values are not
 * escaped, except as JSON requires.
 */
void	log_record_json(struct buffer *, const struct log_event *);

/*
 * MESSAGE=sent ..., PRIORITY=6, ..., RELAIS_STATUS=sent, and RELAIS_KEY=value
 * for each field (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/).
 */
void	log_record_journal(struct buffer *, const struct log_event *);

/* "<22>Nov 28 21:16:09 sendmail[4711]: sent ...", without a LF (RFC 3164). */
void	log_record_syslog(struct buffer *, const struct log_event *);

#endif
