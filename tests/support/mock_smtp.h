/*
 * mock_smtp.h - a scripted SMTP and LMTP server that records its sessions
 *
 * A process of its own, with a thread for each connection.  It is listening
 * when mock_smtp_start() returns, and ends at mock_smtp_stop(), with the test
 * program, or at the end of its lifetime.  It records events in a events in
 * shared memory, so that the test can look at any time, and waits for events
 * instead of sleeping:
 *
 *	struct mock_smtp *host = mock_smtp_start(&script);
 *	... run a client against host->port ...
 *	assert_true(mock_smtp_wait_closed(host, 1));
 *	const struct heard *heard = mock_smtp_heard(host, 0);
 *	assert_string_equal(heard->message[0]->reverse_path, "a@example.org");
 *	mock_smtp_stop(host);
 *
 * The results of mock_smtp_heard() and mock_smtp_message() belong to the
 * handle; their strings and arrays are valid until the next call with it.
 */
#ifndef SUPPORT_MOCK_SMTP_H
#define SUPPORT_MOCK_SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/script.h"
#include "util/buffer.h"

/* A command line, or a line from the client after a 334. */
struct heard_command {
	enum stage	 stage;
	char		*line;		/* without line end; truncated at NUL */
	int		 code;		/* of the reply; 0: no reply */
	size_t		 flight;	/* in which it was read, from 0 */
};

struct heard_rcpt {
	char		*path;		/* without angle brackets */
	char		*parameters;	/* "NOTIFY=NEVER", or "" */
	int		 code;
	int		 body_code;	/* LMTP: of the reply for this path */
};

/* One mail transaction, complete or not. */
struct heard_message {
	unsigned	 connection;	/* counted from 0 */
	char		*reverse_path;
	char		*parameters;	/* "SIZE=100 BODY=8BITMIME", or "" */
	int		 mail_code;	/* 0: no reply, or no MAIL */
	struct heard_rcpt *rcpt;	/* including refused ones */
	size_t		 n_rcpt;

	bool		 complete;	/* the whole message arrived */
	int		 code;		/* of the (last) final reply, or 0 */
	unsigned	 chunks;	/* BDAT commands; 0: DATA */
	uint64_t	 size;		/* of .data, even if discarded */

	/* Unless discarded: the octets on the wire, with dot-stuffing but
	 * without the final dot; and the decoded message. */
	struct buffer	 wire;
	struct buffer	 data;

	/* Only if discarded: SHA-256 of .data in hex; its two ends. */
	char		 sha256[65];
	struct buffer	 first, last;	/* up to 4096 octets each */

	/*
	 * At the final reply: the number of flights from the client, and of
	 * round trips since connect(2), including the TLS handshake.
	 */
	size_t		 flights;
	unsigned	 round_trips;
};

/* A flight: the octets that the client sent between two replies. */
struct heard_flight {
	uint64_t	 offset;	/* in .wire */
	uint64_t	 len;
	unsigned	 reads;		/* read(2) calls it took */
};

enum ending {
	STILL_OPEN,
	CLIENT_CLOSED,		/* with close_notify, if TLS */
	CLIENT_CUT,		/* TLS, without close_notify */
	CLIENT_RESET,
	WE_CLOSED,
};

/* One connection. */
struct heard {
	struct buffer	 wire;		/* all input, decrypted; without
					 * discarded messages */
	struct buffer	 said;		/* all output; of an ENDLESS reply,
					 * only the beginning */
	struct heard_command *command;
	size_t		 n_commands;
	struct heard_flight *flight;
	size_t		 n_flights;
	struct heard_message **message;
	size_t		 n_messages;

	bool		 quit;		/* QUIT was received */
	bool		 left_early;	/* closed before the reply to QUIT,
					 * as far as we noticed */
	enum ending	 ending;

	char		*tls;		/* "TLSv1.3"; NULL: no TLS */
	char		*cipher, *sni, *client_name;	/* or NULL */
	char		*tls_failure;	/* why the handshake failed */

	char		*mechanism;	/* of the last AUTH; or NULL */
	char		*authorize_as, *user, *password;	/* or NULL */
	bool		 authenticated;
};

struct mock_smtp {
	uint16_t	 port;		/* 0: a Unix socket */
	char		 address[108];	/* 127.0.0.1, ::1 or the path */
	struct mock_smtp_private *own;
};

/* Never NULL: an error ends the test program. */
struct mock_smtp *mock_smtp_start(const struct script *);

/* Ends the server; what it has received can still be read. */
void	mock_smtp_end(struct mock_smtp *);

/*
 * Ends the server and frees the handle, which may be NULL.  If the server has
 * ended unexpectedly, the test program ends with a message.
 */
void	mock_smtp_stop(struct mock_smtp *);

/* Lets one step with .hold or THEN_HANG go on, now or when it is reached. */
void	mock_smtp_release(struct mock_smtp *);

/*
 * Each waits for n events since the start of the server, and returns false
 * after ten seconds.
 */
bool	mock_smtp_wait_connections(struct mock_smtp *, size_t n);
bool	mock_smtp_wait_closed(struct mock_smtp *, size_t n);
bool	mock_smtp_wait_commands(struct mock_smtp *, enum stage, size_t n);
bool	mock_smtp_wait_messages(struct mock_smtp *, size_t n); /* complete */

/* A descriptor for poll(2): readable while there are new events. */
int	mock_smtp_bell(const struct mock_smtp *);

/* The numbers so far. */
size_t	mock_smtp_connections(struct mock_smtp *);
size_t	mock_smtp_messages(struct mock_smtp *);

/* The most connections that were open at the same time. */
size_t	mock_smtp_most_open(struct mock_smtp *);

/*
 * The n-th connection, from 0, and the n-th complete message of all
 * connections, in the order of completion; NULL if there is none.
 */
const struct heard *mock_smtp_heard(struct mock_smtp *, size_t n);
const struct heard_message *mock_smtp_message(struct mock_smtp *, size_t n);

/*
 * The verbs of the commands, or the full command lines, separated by '|':
 * "EHLO|MAIL|RCPT|RCPT|DATA|QUIT".  Freed by the caller.
 */
char	*heard_commands(const struct heard *, bool full);

/* The octets of one flight, as a string; freed by the caller. */
char	*heard_flight(const struct heard *, size_t n);

#endif
