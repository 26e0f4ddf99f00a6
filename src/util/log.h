/*
 * log.h - write log lines to syslog or standard error
 *
 * A failure of the log does not affect the delivery of a message, and the
 * process does not wait for the log.  A line that the log does not accept
 * immediately is dropped.  Before the next line that is accepted, a line with
 * the number of dropped lines is written.
 *
 * Characters that are not visible are escaped, so a call writes one line.
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_target { LOG_TO_NOTHING, LOG_TO_SYSLOG, LOG_TO_STDERR };

struct log {
	enum log_target	 target;
	const char	*tag;		/* borrowed */
	struct log_way	*way;		/* owned; NULL: nothing is logged */
};

/* The kind of a value, and how it is written in a line of text. */
enum log_kind {
	LOG_NUMBER,		/* size=1024; "-" if it is unknown */
	LOG_WORD,		/* program=cron */
	LOG_ADDRESS,		/* from=<joe@example.org> */
	LOG_IDENTIFIER,		/* message-id=<1@example.org> */
	LOG_TEXT,		/* reply="250 Ok"; it may contain the escapes
				 * of visible.h */
};

struct log_field {
	const char	*name;	/* in a line of text: "from" */
	const char	*key;	/* in records with named fields: "sender" */
	enum log_kind	 kind;
	const char	*value;	/* NULL: the field is omitted */
};

/*
 * setting: "syslog", "stderr", "off" or NULL.  NULL means syslog if /dev/log
 * exists, and otherwise off: failures are printed anyway, and programs treat
 * other text on standard error as a failure.  tag is borrowed until
 * log_close().
 */
void	log_open(struct log *, const char *setting, const char *tag);

/* priority: LOG_INFO, LOG_WARNING, LOG_ERR of syslog(3). */
void	log_line(const struct log *, int priority, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/*
 * Writes "id=ID" and the formatted text, which begins with a blank or a colon:
 * a line about an entry of the queue.
 */
void	log_entry(const struct log *, int priority, const char *id,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Writes what became of a message, "sent", with its fields. */
void	log_status(const struct log *, int priority, const char *status,
	    const struct log_field *, size_t n);

void	log_close(struct log *);

#endif
