/*
 * wire.h - a message as it travels to one server
 *
 * What a message is on the wire depends on what the server takes: 8 bits,
 * UTF-8 in the header.  A struct wire is made for one transaction, from a
 * message that stays as it is, and read once from its beginning to its end.
 *
 * Header text that is not ASCII becomes RFC 2047 unless it has to stay UTF-8
 * (field_form.h), lines over 998 octets are folded or encoded, 8-bit text for
 * a server without 8BITMIME becomes quoted-printable in its part (mime.h).  A
 * message that bears a DKIM signature is left alone.
 */
#ifndef MIME_WIRE_H
#define MIME_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/message.h"
#include "mime/field_form.h"
#include "mime/mime.h"
#include "util/buffer.h"
#include "util/failure.h"

/* What the server offered. */
struct wire_abilities {
	bool	eight_bit;	/* 8BITMIME */
	bool	utf8;		/* SMTPUTF8, and the transaction asks for it:
				 * servers after it may not have it, so it is
				 * for what has no other form */
};

struct wire {
	struct buffer		 head;		/* header and empty line */
	const struct body	*body;		/* borrowed */
	uint64_t		 size;		/* octets of head and body */
	bool			 has_8bit;	/* needs BODY=8BITMIME */
	bool			 has_dots;	/* in the body: a line begins
						 * with a dot */
	const char		*remark;	/* what could not be mended,
						 * for the log; or NULL */
	uint64_t		 at;		/* how far the body was read */

	struct field_form	 form;
	char			 charset[CHARSET_NAME_MAX + 1];	/* declared */
	bool			 changed;	/* the body, by the plan */
	struct mime_plan	 plan;
	struct mime_reader	 reader;
	char			 remarks[256];	/* what remark points to */
};

bool	wire_prepare(struct wire *, const struct message *,
	    const struct wire_abilities *, struct failure *why);

/* Back to the beginning of the body, for another transaction. */
void	wire_rewind(struct wire *);

/*
 * The body as it is in memory or in the file, where it travels unchanged, so
 * that it can be sent without a copy; NULL where it has to be read.
 */
const struct body *wire_unchanged(const struct wire *);

/* The next octets of the body; 0 at its end, -1 with why (EX_IOERR). */
ssize_t	wire_read(struct wire *, char *to, size_t room, struct failure *why);

void	wire_free(struct wire *);

#endif
