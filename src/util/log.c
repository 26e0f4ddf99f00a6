#include "util/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static enum log_target
target_of(const char *setting)
{
	if (setting == NULL)
		return access("/dev/log", W_OK) == 0 ? LOG_TO_SYSLOG :
		    LOG_TO_NOTHING;
	if (strcmp(setting, "syslog") == 0)
		return LOG_TO_SYSLOG;
	return strcmp(setting, "stderr") == 0 ? LOG_TO_STDERR : LOG_TO_NOTHING;
}

void
log_open(struct log *log, const char *setting, const char *tag)
{
	log->target = target_of(setting);
	if (log->target == LOG_TO_SYSLOG)
		openlog(tag, LOG_PID, LOG_MAIL);
}

void
log_line(const struct log *log, int priority, const char *fmt, ...)
{
	char	line[2048];
	va_list	ap;

	if (log->target == LOG_TO_NOTHING)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (log->target == LOG_TO_SYSLOG)
		syslog(priority, "%s", line);
	else
		dprintf(STDERR_FILENO, "%s: %s\n", getprogname(), line);
}
