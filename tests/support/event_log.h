/*
 * event_log.h - pass events from the smarthost's process to the test
 *
 * The server's threads append to a file in memory, one write(2) per event; the
 * test reads the file when it likes.  An eventfd becomes readable when events
 * have been added.
 */
#ifndef SUPPORT_EVENT_LOG_H
#define SUPPORT_EVENT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buffer.h"

/* The comments give the meaning of a, b and the bytes of an event. */
enum event_kind {
	EVENT_ACCEPTED,		/* a: connections that are open */
	EVENT_READ,		/* decrypted octets; a: begins a flight */
	EVENT_SKIPPED,		/* b octets of a discarded body */
	EVENT_SAID,		/* octets that the server sent */
	EVENT_COMMAND,		/* a: stage; the line */
	EVENT_REPLY,		/* a: code, for the last command or body */
	EVENT_CHUNK,		/* a: BDAT chunk begins */
	EVENT_PIECE,		/* of a message: a offset in wire, b length */
	EVENT_MESSAGE,		/* complete: a size; struct event_digest */
	EVENT_FINAL,		/* reply to it: a code, b round trips */
	EVENT_TLS,		/* version, cipher, sni, client: 4 strings */
	EVENT_TLS_FAILED,	/* the reason */
	EVENT_AUTH,		/* mechanism, authorize as, user, password */
	EVENT_AUTHENTICATED,
	EVENT_LEFT_EARLY,
	EVENT_CLOSED,		/* a: enum ending */
};

struct event {
	uint32_t	kind;
	uint32_t	connection;
	uint64_t	a, b;
	uint64_t	len;
};

enum { DIGEST_ENDS = 4096 };

struct event_digest {
	char	 sha256[65];
	uint32_t first_len, last_len;
	char	 first[DIGEST_ENDS], last[DIGEST_ENDS];
};

struct event_log {
	int		fd;
	int		bell;		/* eventfd: more events */
	uint64_t	read_to;	/* offset of the test */
	struct buffer	unread;		/* read, not yet returned */
	size_t		taken;
};

void	event_log_open(struct event_log *);
void	event_log_close(struct event_log *);

/* The server's side; safe from several threads. */
void	event_log_add(const struct event_log *, const struct event *,
	    const void *bytes);

/*
 * The test's side: the next event.  Its bytes, followed by a NUL, are valid
 * until the next call.  Returns false if there is no event yet.
 */
bool	event_log_next(struct event_log *, struct event *, const char **bytes);

/* Waits for an event; returns false after that many milliseconds. */
bool	event_log_wait(struct event_log *, int ms);

#endif
