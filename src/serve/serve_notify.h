/*
 * serve_notify.h - report the state of the service to the service manager
 *
 * The protocol of sd_notify(3): datagrams to the socket in $NOTIFY_SOCKET.
 * Without that variable, nothing is sent.
 */
#ifndef SERVE_NOTIFY_H
#define SERVE_NOTIFY_H

#include <stdint.h>

struct serve_notify {
	int	fd;		/* connected; -1: no service manager listens */
	int64_t	watchdog_ms;	/* interval of WATCHDOG=1, half the timeout of
				 * the service manager; 0: no watchdog */
};

/* Removes the variables from the environment, for the child processes. */
void	serve_notify_open(struct serve_notify *);

/* Sends lines such as "READY=1"; an error has no effect. */
void	serve_notify(const struct serve_notify *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* RELOADING=1, with the time that it requires. */
void	serve_notify_reloading(const struct serve_notify *);

void	serve_notify_close(struct serve_notify *);

#endif
