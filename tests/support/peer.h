/*
 * peer.h - the smarthost's end of one connection
 *
 * Counts flights (input after a reply of ours) in decrypted octets, and round
 * trips on the wire below TLS.  OpenSSL writes to memory, and its output is
 * sent together with our next reply: a session ticket that is sent on its own
 * would make the counts depend on timing.
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
	unsigned	 connection;	/* counted from 0 */
	const struct script *script;
	const struct journal *journal;
	SSL		*ssl;		/* NULL: no TLS */
	struct buffer	 out;		/* not yet written */
	size_t		 start, end;	/* of the unread octets in in[] */
	uint64_t	 taken;		/* octets of the stream before start */
	bool		 in_body;	/* a message is being read */
	bool		 said;		/* since the last input */
	bool		 wrote;		/* as said, on the wire */
	unsigned	 round_trips;
	enum ending	 ending;
	char		 in[PEER_ROOM];
};

void	peer_open(struct peer *);	/* the caller sets the fields up to
						 * journal */
void	peer_close(struct peer *);	/* adds EVENT_CLOSED */

void	peer_event(const struct peer *, enum event_kind, uint64_t a,
	    uint64_t b, const void *bytes, size_t len);

/*
 * Writes .out, then reads more input and advances .end.  Returns false at the
 * end of the connection.
 */
bool	peer_fill(struct peer *);

/* Whether there is input for peer_fill() within that many milliseconds. */
bool	peer_pending(const struct peer *, int ms);

/* Removes n octets of input at .start. */
void	peer_take(struct peer *, size_t n);

/* Appends to .out, which is written by peer_flush() or before a wait. */
void	peer_say(struct peer *, const void *, size_t len);
bool	peer_flush(struct peer *);

/* Writes at once, without an event. */
bool	peer_send(struct peer *, const void *, size_t len);

/* Writes to the socket, below TLS. */
bool	peer_write_raw(struct peer *, const void *, size_t len);

/* Returns false, after an event, if the handshake fails. */
bool	peer_start_tls(struct peer *, SSL_CTX *);

/*
 * Waits without reading until the client closes the connection, until
 * smarthost_release() if for_release is set, or for that many milliseconds
 * (-1: no limit).  Returns false if the client closed the connection.
 */
bool	peer_wait(struct peer *, bool for_release, int ms);

/* Reads until the end of input. */
void	peer_drain(struct peer *);

/* Ends the connection as the script says. */
void	peer_end(struct peer *, enum sequel);

#endif
