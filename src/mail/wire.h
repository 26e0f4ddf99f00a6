/*
 * wire.h - a message as it travels to one server
 *
 * What a message is on the wire depends on what the server takes: 8 bits,
 * UTF-8 in the header.  A struct wire is made for one transaction, from a
 * message that stays as it is, and read once from its beginning to its end.
 */
#ifndef MAIL_WIRE_H
#define MAIL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/message.h"
#include "util/buffer.h"
#include "util/failure.h"

/* What the server offered. */
struct wire_abilities {
	bool	eight_bit;	/* 8BITMIME */
	bool	utf8;		/* SMTPUTF8, and the message asks for it */
};

struct wire {
	struct buffer		 head;		/* header and empty line */
	const struct body	*body;		/* borrowed */
	uint64_t		 size;		/* octets of head and body */
	bool			 has_8bit;	/* needs BODY=8BITMIME */
	bool			 has_dots;	/* in the body: a line begins
						 * with a dot */
	uint64_t		 at;		/* how far the body was read */
};

bool	wire_prepare(struct wire *, const struct message *,
	    const struct wire_abilities *, struct failure *why);

/*
 * The body as it is in memory or in the file, where it travels unchanged, so
 * that it can be sent without a copy; NULL where it has to be read.
 */
const struct body *wire_unchanged(const struct wire *);

/* The next octets of the body; 0 at its end, -1 with why (EX_IOERR). */
ssize_t	wire_read(struct wire *, char *to, size_t room, struct failure *why);

void	wire_free(struct wire *);

#endif
