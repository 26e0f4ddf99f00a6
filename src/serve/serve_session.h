/*
 * serve_session.h - the process that serves a client
 *
 * Receives messages by SMTP or LMTP and submits them (submit/submit.h) for the
 * user at the other end of the socket.  The service passes each message to a
 * worker, which makes the attempt; everything else is done here.  A client
 * that stalls or misbehaves affects only its own process.
 *
 * After the session, the process can serve another client, but only one of the
 * same user: a hostile client that took over the process would see nothing of
 * other users.  In a burst of messages, this saves four fifths of the processor
 * time of the service (make bench): a process and its sandbox per message.
 */
#ifndef SERVE_SESSION_H
#define SERVE_SESSION_H

#include <stdbool.h>
#include <sys/types.h>

#include "config/config.h"
#include "queue/spool.h"
#include "util/log.h"

enum { SERVE_SESSION_IDLE_MS = 5 * 60 * 1000 };	/* RFC 5321 4.5.3.2.7 */

/* The process at the other end of a socket. */
struct serve_peer {
	bool	is_known;	/* false for TCP */
	uid_t	uid;
	pid_t	pid;
};

/* All pointers are borrowed. */
struct serve_session {
	const struct config	*config;
	const struct log	*log;
	struct spool		*spool;		/* closed if there is none */
	struct serve_peer	 peer;
	int			 client;	/* owned */
	int			 channel;	/* to the service */
};

/*
 * Serves the client, and then those that the service passes, until the service
 * closes the channel.
 */
void	serve_session_run(const struct serve_session *);

#endif
