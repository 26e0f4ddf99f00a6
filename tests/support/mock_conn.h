/*
 * mock_conn.h - the smarthost's end of one connection
 *
 * Counts flights (input after a reply of ours) in decrypted octets, and round
 * trips on the wire below TLS.  OpenSSL writes to memory, and its output is
 * sent together with our next reply: a session ticket that is sent on its own
 * would make the counts depend on timing.
 */
#ifndef SUPPORT_MOCK_CONN_H
#define SUPPORT_MOCK_CONN_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/event_log.h"
#include "support/mock_smtp.h"
#include "support/script.h"
#include "util/buffer.h"

enum { MOCK_CONN_ROOM = 128 * 1024 };

struct mock_conn {
	int		 fd;
	int		 release;	/* eventfd, a semaphore */
	unsigned	 connection;	/* counted from 0 */
	const struct script *script;
	const struct event_log *events;
	SSL		*ssl;		/* NULL: no TLS */
	struct buffer	 out;		/* not yet written */
	size_t		 start, end;	/* of the unread octets in in[] */
	uint64_t	 taken;		/* octets of the stream before start */
	bool		 in_body;	/* a message is being read */
	bool		 said;		/* since the last input */
	bool		 wrote;		/* as said, on the wire */
	unsigned	 round_trips;
	enum ending	 ending;
	char		 in[MOCK_CONN_ROOM];
};

/*
 * The caller sets the fields up to .events, and passes the number of
 * connections that are open now, this one included.
 */
void	mock_conn_open(struct mock_conn *, size_t n_open);
void	mock_conn_close(struct mock_conn *);	/* adds EVENT_CLOSED */

void	mock_conn_event(const struct mock_conn *, enum event_kind, uint64_t a,
	    uint64_t b, const void *bytes, size_t len);

/*
 * Writes .out, then reads more input and advances .end.  Returns false at the
 * end of the connection.
 */
bool	mock_conn_fill(struct mock_conn *);

/* Whether there is input for mock_conn_fill() within that many milliseconds. */
bool	mock_conn_pending(const struct mock_conn *, int ms);

/* Removes n octets of input at .start. */
void	mock_conn_take(struct mock_conn *, size_t n);

/* Appends to .out, which is written by mock_conn_flush() or before a wait. */
void	mock_conn_say(struct mock_conn *, const void *, size_t len);
bool	mock_conn_flush(struct mock_conn *);

/* Writes at once, without an event. */
bool	mock_conn_send(struct mock_conn *, const void *, size_t len);

/* Writes to the socket, below TLS. */
bool	mock_conn_write_raw(struct mock_conn *, const void *, size_t len);

/* Returns false, after an event, if the handshake fails. */
bool	mock_conn_start_tls(struct mock_conn *, SSL_CTX *);

/*
 * Waits without reading until the client closes the connection, until
 * mock_smtp_release() if for_release is set, or for that many milliseconds
 * (-1: no limit).  Returns false if the client closed the connection.
 */
bool	mock_conn_wait(struct mock_conn *, bool for_release, int ms);

/* Reads until the end of input. */
void	mock_conn_drain(struct mock_conn *);

/* Ends the connection as the script says. */
void	mock_conn_end(struct mock_conn *, enum sequel);

#endif
