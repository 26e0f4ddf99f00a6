/*
 * peer.h - the smarthost's end of one connection: octets, TLS, turns
 *
 * Counts flights (the client spoke after we did) in decrypted octets, and
 * round trips on the wire below TLS.  OpenSSL works on memory here, so that
 * what it wants to send waits for our next word: a session ticket written on
 * its own would make the count depend on who was faster.
 */
#ifndef SUPPORT_PEER_H
#define SUPPORT_PEER_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/journal.h"
#include "support/script.h"
#include "support/smarthost.h"
#include "util/buffer.h"

enum { PEER_ROOM = 128 * 1024 };

struct peer {
	int		 fd;
	int		 release;	/* eventfd, a semaphore */
	unsigned	 connection;	/* from 0 */
	const struct script *script;
	const struct journal *journal;
	SSL		*ssl;		/* NULL: in clear */
	struct buffer	 out;		/* said, not yet written */
	size_t		 start, end;	/* in[]: read, not yet taken */
	uint64_t	 taken;		/* octets of the stream before start */
	bool		 in_body;	/* a message is being read */
	bool		 said;		/* since the client last spoke */
	bool		 wrote;		/* the same, on the wire */
	unsigned	 round_trips;
	enum ending	 ending;
	char		 in[PEER_ROOM];
};

void	peer_open(struct peer *);	/* the first fields are filled in */
void	peer_close(struct peer *);	/* tells the journal */

void	peer_event(const struct peer *, enum event_kind, uint64_t a,
	    uint64_t b, const void *bytes, size_t len);

/*
 * Reads more behind .end; false at the end of the connection.  Writes .out
 * before it waits.
 */
bool	peer_fill(struct peer *);

/* Whether there is something for peer_fill() within so many milliseconds. */
bool	peer_pending(const struct peer *, int ms);

/* Takes n octets from .start. */
void	peer_take(struct peer *, size_t n);

/* To .out; goes out at the next flush, or before we wait for the client. */
void	peer_say(struct peer *, const void *, size_t len);
bool	peer_flush(struct peer *);

/* At once, and not told to the journal. */
bool	peer_send(struct peer *, const void *, size_t len);

/* Straight onto the wire, below TLS. */
bool	peer_write_raw(struct peer *, const void *, size_t len);

/* False, and told to the journal, where no handshake comes about. */
bool	peer_start_tls(struct peer *, SSL_CTX *);

/*
 * Waits without reading: until the client leaves, a release (if asked for)
 * or so many milliseconds (-1: for ever) have passed.  False: it left.
 */
bool	peer_wait(struct peer *, bool for_release, int ms);

/* Reads all that still comes. */
void	peer_drain(struct peer *);

/* Ends it as the script says. */
void	peer_end(struct peer *, enum sequel);

#endif
