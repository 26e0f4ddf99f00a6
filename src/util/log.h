/*
 * log.h - one line for every event, to syslog or stderr
 *
 * Losing the log never changes what becomes of a message, and nobody waits for
 * it: a line that the log does not take at once is dropped, and the next one
 * that gets through is preceded by a line that says how many were.
 *
 * A line of an event is key=value words; whoever writes one has quoted foreign
 * text.  Whatever a line holds, a reader sees one line of visible text.
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <stdbool.h>

enum log_target { LOG_TO_NOTHING, LOG_TO_SYSLOG, LOG_TO_STDERR };

struct log {
	enum log_target	 target;
	const char	*tag;		/* borrowed */
	struct log_way	*way;		/* owned; NULL: nothing is logged */
};

/*
 * setting: "syslog", "stderr", "off", or NULL: syslog where the system has a
 * log socket, else nothing (the caller prints failures anyway, and programs
 * take anything else on stderr for one).  tag is borrowed until log_close().
 */
void	log_open(struct log *, const char *setting, const char *tag);

/* priority: LOG_INFO, LOG_WARNING, LOG_ERR of syslog(3). */
void	log_line(const struct log *, int priority, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

void	log_close(struct log *);

#endif
