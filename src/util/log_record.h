/*
 * log_record.h - the forms of a log line
 *
 * Records are appended to a buffer.  A value that is too long is truncated
 * after a complete character, so that a record has at most LOG_RECORD_MAX
 * octets.
 */
#ifndef UTIL_LOG_RECORD_H
#define UTIL_LOG_RECORD_H

#include <stddef.h>

#include "util/buffer.h"
#include "util/log.h"

enum { LOG_RECORD_MAX = 4096 };		/* PIPE_BUF of Linux */

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

/* "<22>Nov 28 21:16:09 sendmail[4711]: sent ...", without a LF (RFC 3164). */
void	log_record_syslog(struct buffer *, const struct log_event *);

#endif
