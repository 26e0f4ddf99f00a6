/*
 * journal.h - events from the smarthost's process to the test
 *
 * A file in memory that the server's threads append to, one write an event,
 * and that the test reads at its own pace; an eventfd tells that there is
 * more.
 */
#ifndef SUPPORT_JOURNAL_H
#define SUPPORT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buffer.h"

/* What the numbers a and b and the bytes mean. */
enum event_kind {
	EVENT_ACCEPTED,
	EVENT_READ,		/* decrypted octets; a: it begins a flight */
	EVENT_SKIPPED,		/* the same, a discarded body: b octets */
	EVENT_SAID,		/* octets */
	EVENT_COMMAND,		/* a: stage; the line */
	EVENT_REPLY,		/* a: code, for the last command or body */
	EVENT_CHUNK,		/* a: BDAT chunk begins */
	EVENT_PIECE,		/* of a message: a offset in wire, b length */
	EVENT_MESSAGE,		/* complete: a size; struct event_digest */
	EVENT_FINAL,		/* reply to it: a code, b round trips */
	EVENT_TLS,		/* version, cipher, sni, client: 4 strings */
	EVENT_TLS_FAILED,	/* why */
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

struct journal {
	int		fd;
	int		bell;		/* eventfd */
	uint64_t	read_to;	/* the test's place */
	struct buffer	unread;		/* read, not yet taken */
	size_t		taken;
};

void	journal_open(struct journal *);
void	journal_close(struct journal *);

/* The server's side; safe from several threads. */
void	journal_add(const struct journal *, const struct event *,
	    const void *bytes);

/*
 * The test's side: the next event, its bytes (followed by a NUL) good until
 * the next call; false when there is none yet.
 */
bool	journal_next(struct journal *, struct event *, const char **bytes);

/* Waits for the bell, at most so many milliseconds; false: in vain. */
bool	journal_wait(struct journal *, int ms);

#endif
