/*
 * log.h - one line for every event, to syslog or stderr
 *
 * Losing the log never changes what becomes of a message.  A line is
 * key=value words; whoever writes one has made foreign bytes visible.
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <stdbool.h>

enum log_target { LOG_TO_NOTHING, LOG_TO_SYSLOG, LOG_TO_STDERR };

struct log {
	enum log_target	target;
};

/*
 * setting: "syslog", "stderr", "off", or NULL: syslog where the system has a
 * log socket, else nothing (the caller prints failures anyway, and programs
 * take anything else on stderr for one).  tag is borrowed for good.
 */
void	log_open(struct log *, const char *setting, const char *tag);

/* priority: LOG_INFO, LOG_WARNING, LOG_ERR of syslog(3). */
void	log_line(const struct log *, int priority, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

#endif
