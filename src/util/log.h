/*
 * log.h - write log lines to syslog, the journal, standard error or a file
 *
 * A failure of the log does not affect the delivery of a message, and the
 * process does not wait for the log.  A line that the log does not accept
 * immediately is dropped.  Before the next line that is accepted, a line with
 * the number of dropped lines is written.  Only a write to a file can take time
 * (log_file.h).
 *
 * If the journal or the file cannot be opened, syslog is used instead.
 *
 * Characters that are not visible are escaped, so a call writes one line.
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "util/failure.h"

enum log_target {
	LOG_TO_NOTHING,
	LOG_TO_SYSLOG,
	LOG_TO_JOURNAL,		/* of systemd, with named fields */
	LOG_TO_STDERR,
	LOG_TO_JSON,		/* an object for each line, on standard error */
	LOG_TO_FILE,
};

struct log {
	enum log_target	 target;	/* as configured */
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
 * The setting is "syslog", "journal", "stderr", "json", "off", the path of a
 * file, or NULL.  NULL means syslog if /dev/log exists, and otherwise off:
 * failures are printed anyway, and programs treat other text on standard error
 * as a failure.
 */
enum log_target log_target_of(const char *setting);

struct log_options {
	const char	*target;	/* of log_target_of() */
	const char	*addresses;	/* see log_addresses.h; NULL: full */
	const char	*key_directory;	/* of the key for addresses, or "off" */
	const char	*tag;		/* borrowed until log_close() */
};

/* A file is opened by log_prepare(), or for the first line. */
void	log_open(struct log *, const struct log_options *);

/*
 * Opens the file of the log, or opens it again after a rotation, and creates
 * the key for addresses: to be called when the spool exists, and before the
 * process enters the sandbox.  Returns false, with why, if syslog will be used
 * instead: EX_NOPERM if this user has no permission.
 */
bool	log_prepare(const struct log *, struct failure *why);

/* False if the file of the log has been renamed or removed. */
bool	log_is_current(const struct log *);

/* Whether lines appear on standard error. */
bool	log_is_on_stderr(const struct log *);

/* priority: LOG_INFO, LOG_WARNING, LOG_ERR of syslog(3). */
void	log_line(const struct log *, int priority, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/*
 * Writes "id=ID" and the formatted text, which begins with a blank or a colon:
 * a line about an entry of the queue.
 */
void	log_entry(const struct log *, int priority, const char *id,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Writes the outcome of a message, such as "sent", with its fields. */
void	log_status(const struct log *, int priority, const char *status,
	    const struct log_field *, size_t n);

void	log_close(struct log *);

#endif
