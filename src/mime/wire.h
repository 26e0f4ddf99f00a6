/*
 * wire.h - convert a message for one server
 *
 * The form of a message depends on the extensions of the server (8BITMIME,
 * SMTPUTF8).  A struct wire serves one or more transactions with the same
 * server; the message itself does not change.
 *
 * Header text that is not ASCII becomes encoded words (RFC 2047), unless it has
 * to stay UTF-8 (field_form.h).  Lines of more than 998 octets are folded or
 * encoded.  If the server does not offer 8BITMIME, parts with 8-bit text become
 * quoted-printable (mime.h).  A message with a DKIM signature stays unchanged.
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

struct wire_abilities {
	bool	any;		/* the server converts messages itself: send
				 * them unchanged */
	bool	eight_bit;	/* the server offers 8BITMIME */
	bool	utf8;		/* the transaction uses SMTPUTF8.  Later servers
				 * may not support it, so it is used only for
				 * addresses that have no ASCII form. */
};

struct wire {
	struct buffer		 head;		/* header and empty line */
	const struct body	*body;		/* borrowed, unchanged */
	uint64_t		 size;		/* octets of head and body */
	bool			 has_8bit;	/* BODY=8BITMIME is required */
	bool			 has_dots;	/* a line of the body may begin
						 * with a dot */
	const char		*remark;	/* what stays unchanged and why,
						 * for the log; or NULL */

	/* Private. */
	uint64_t		 at;		/* offset in the body */
	struct field_form	 form;
	char			 charset[CHARSET_NAME_MAX + 1];	/* declared */
	bool			 changed;	/* the plan changes the body */
	struct mime_plan	 plan;
	struct mime_reader	 reader;
	char			 remarks[256];	/* storage for remark */
};

/*
 * Returns false with EX_IOERR if the body cannot be read.  Even then, the
 * caller must call wire_free().
 */
bool	wire_prepare(struct wire *, const struct message *,
	    const struct wire_abilities *, struct failure *why);

/* Returns to the beginning of the body, for another transaction. */
void	wire_rewind(struct wire *);

/*
 * Returns the body if it is sent unchanged, so that it can be sent without a
 * copy, or NULL if the caller must use wire_read().
 */
const struct body *wire_unchanged(const struct wire *);

/*
 * Reads up to room octets of the converted body.  Returns their number, 0 at
 * the end, or -1 with EX_IOERR.
 */
ssize_t	wire_read(struct wire *, char *to, size_t room, struct failure *why);

void	wire_free(struct wire *);

#endif
