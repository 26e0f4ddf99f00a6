/*
 * loggers.h - sockets that a program finds in place of those of syslog and the
 * journal
 *
 *	loggers_open(&l, &dir, true);
 *	... run a program with .prepare = loggers_put and .ctx = &l, and receive
 *	    what it logs from l.syslog_fd and l.journal_fd ...
 *	loggers_close(&l);
 */
#ifndef SUPPORT_LOGGERS_H
#define SUPPORT_LOGGERS_H

#include <stdbool.h>

#include "support/temp_dir.h"

/* The exit status of a program if the system allows no namespaces. */
enum { LOGGERS_NO_NAMESPACE = 99 };

struct loggers {
	char	syslog[108];	/* becomes /dev/log */
	char	journal[108];	/* becomes the socket of the journal; "": does
				 * not exist */
	int	syslog_fd;
	int	journal_fd;
};

void	loggers_open(struct loggers *, struct temp_dir *, bool journal);
void	loggers_close(const struct loggers *);

/* Binds a socket of datagrams to the path. */
int	loggers_bind(const char *path);

/* In the child: /dev and /run are empty, except for the sockets. */
void	loggers_put(void *loggers);

#endif
