/*
 * smarthost.h - a scripted SMTP and LMTP server, and what it heard
 *
 * A process of its own, with a thread for each connection.  It is listening
 * when smarthost_start() returns; it dies at smarthost_stop(), with the test
 * program, or when its life is over.  It tells all that happens through a
 * journal in shared memory, so that the test may look at any time and waits
 * for events, never for time to pass:
 *
 *	struct smarthost *host = smarthost_start(&script);
 *	... run a client against host->port ...
 *	assert_true(smarthost_wait_closed(host, 1));
 *	const struct heard *heard = smarthost_heard(host, 0);
 *	assert_string_equal(heard->message[0]->reverse_path, "a@example.org");
 *	smarthost_stop(host);
 *
 * All that smarthost_heard() and smarthost_message() give belongs to the
 * handle; strings and arrays in it are good until the next call with it.
 */
#ifndef SUPPORT_SMARTHOST_H
#define SUPPORT_SMARTHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/script.h"
#include "util/buffer.h"

/* One command line of the client's, or its line behind a 334. */
struct heard_command {
	enum stage	 stage;
	char		*line;		/* without line end; NUL ends it */
	int		 code;		/* of the reply; 0: none was given */
	size_t		 flight;	/* it was read in, counted from 0 */
};

struct heard_rcpt {
	char		*path;		/* without angle brackets */
	char		*parameters;	/* "NOTIFY=NEVER", or "" */
	int		 code;
	int		 body_code;	/* LMTP: of the reply for this path */
};

/* One mail transaction, from MAIL on, however far it came. */
struct heard_message {
	unsigned	 connection;	/* counted from 0 */
	char		*reverse_path;
	char		*parameters;	/* "SIZE=100 BODY=8BITMIME", or "" */
	int		 mail_code;	/* 0: hung, or RCPT or DATA came alone */
	struct heard_rcpt *rcpt;	/* refused ones too */
	size_t		 n_rcpt;

	bool		 complete;	/* all of the message came */
	int		 code;		/* of the (last) final reply; 0: none */
	unsigned	 chunks;	/* BDAT commands; 0: came by DATA */
	uint64_t	 size;		/* of .data, also if discarded */

	/* Unless discarded: as on the wire with its stuffed dots, without the
	 * dot that ends it; and as it was meant. */
	struct buffer	 wire;
	struct buffer	 data;

	/* Only if discarded: SHA-256 of .data in hex; both its ends. */
	char		 sha256[65];
	struct buffer	 first, last;	/* up to 4096 octets each */

	/*
	 * At the final reply: flights of the client's so far, and round trips
	 * since it began to connect, TLS handshake included.
	 */
	size_t		 flights;
	unsigned	 round_trips;
};

/* A flight: what the client sent between two replies of ours. */
struct heard_flight {
	uint64_t	 offset;	/* in .wire */
	uint64_t	 len;
	unsigned	 reads;		/* it took so many */
};

enum ending {
	STILL_OPEN,
	CLIENT_CLOSED,		/* close_notify first, if in TLS */
	CLIENT_CUT,		/* in TLS, without close_notify */
	CLIENT_RESET,
	WE_CLOSED,
};

/* One connection. */
struct heard {
	struct buffer	 wire;		/* every octet, decrypted; if messages
					 * are discarded, reads within them
					 * are left out */
	struct buffer	 said;		/* what we said; an ENDLESS reply only
					 * in its beginning */
	struct heard_command *command;
	size_t		 n_commands;
	struct heard_flight *flight;
	size_t		 n_flights;
	struct heard_message **message;
	size_t		 n_messages;

	bool		 quit;		/* QUIT came */
	bool		 left_early;	/* closed before QUIT was answered, as
					 * far as we saw at that moment */
	enum ending	 ending;

	char		*tls;		/* "TLSv1.3"; NULL: in clear */
	char		*cipher, *sni, *client_name;	/* or NULL */
	char		*tls_failure;	/* why no handshake came about */

	char		*mechanism;	/* of the last AUTH; or NULL */
	char		*authorize_as, *user, *password;	/* or NULL */
	bool		 authenticated;
};

struct smarthost {
	uint16_t	 port;		/* 0: a Unix socket */
	char		 address[108];	/* 127.0.0.1, ::1 or the path */
	struct smarthost_private *own;
};

/* Never NULL: what keeps it from starting ends the test program. */
struct smarthost *smarthost_start(const struct script *);

/*
 * Ends it and frees all.  NULL is fine.  A server that ended by itself while
 * it should not have ends the test program with a message.
 */
void	smarthost_stop(struct smarthost *);

/* Lets one step that holds, or hangs, go on; or the next one that will. */
void	smarthost_release(struct smarthost *);

/*
 * Each waits until it is true, or ten seconds have passed: then false.
 * Counts are over the server's life.
 */
bool	smarthost_wait_connections(struct smarthost *, size_t n);
bool	smarthost_wait_closed(struct smarthost *, size_t n);
bool	smarthost_wait_commands(struct smarthost *, enum stage, size_t n);
bool	smarthost_wait_messages(struct smarthost *, size_t n); /* complete */

/* To poll: readable when there is more to see, until it is looked at. */
int	smarthost_bell(const struct smarthost *);

/* How many so far. */
size_t	smarthost_connections(struct smarthost *);
size_t	smarthost_messages(struct smarthost *);

/*
 * The n-th connection, counted from 0, and the n-th complete message over
 * all connections in the order of their completion; NULL: none such.
 */
const struct heard *smarthost_heard(struct smarthost *, size_t n);
const struct heard_message *smarthost_message(struct smarthost *, size_t n);

/*
 * The command lines in order, parted by '|', without what follows the verb
 * unless full: "EHLO|MAIL|RCPT|RCPT|DATA|QUIT".  Freed by the caller.
 */
char	*heard_commands(const struct heard *, bool full);

/* The octets of one flight, as a string; freed by the caller. */
char	*heard_flight(const struct heard *, size_t n);

#endif
