/*
 * mime.h - which parts of a body have to travel in another encoding
 *
 * A body that has lines over 998 octets, or 8 bits for a server without
 * 8BITMIME, is read once (mime_walk.h), and for each part that can't travel as
 * it is a change is noted.  With the changes the size is known before anything
 * is sent, and the second reading needs to understand nothing.
 *
 * A part is encoded where it stands: text and whatever else is not encoded as
 * quoted-printable; base64 and quoted-printable get shorter lines.  A message
 * in a message can't be encoded (RFC 2045 section 6.4), its parts can; what
 * its header then lacks of MIME is added to it.  A wrong label of a multipart
 * is corrected.  What is signed or encrypted as a multipart is left alone, and
 * so is text outside the parts, for which there is no encoding: a remark says
 * so.
 */
#ifndef MIME_MIME_H
#define MIME_MIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/message.h"
#include "mime/field_form.h"
#include "mime/mime_header.h"
#include "mime/recoder.h"
#include "util/failure.h"

enum {
	MIME_CHANGES_MAX = 20000,	/* beyond it nothing is changed */
};

struct mime_change {
	uint64_t	 header_at;
	uint64_t	 body_at;
	uint64_t	 end;
	enum recoding	 how;
	bool		 amend;		/* the header is written anew, */
	struct mime_header_change header;	/* and so */
};

struct mime_plan {
	struct mime_change	*change;	/* owned; in order */
	size_t			 n;
	size_t			 cap;
	uint64_t		 size;		/* of the body once changed */
	struct mime_header_change	 top;		/* of the message's header */
	bool			 has_8bit;	/* still */
	const char		*remark;	/* what was left alone, or NULL */
};

/* False with EX_IOERR if the body can't be read. */
bool	mime_plan(struct mime_plan *, const struct message *, bool eight_bit,
	    const struct field_form *, struct failure *why);

void	mime_plan_free(struct mime_plan *);

/* Where the second reading is; zeroed: at the beginning. */
struct mime_reader {
	size_t		 next;		/* change */
	uint64_t	 at;		/* in the body */
	bool		 within;	/* the header of that change is done */
	struct recoder	 recoder;
	struct buffer	 ready;		/* made, not read yet */
	size_t		 taken;		/* of that */
};

/* The next octets of the changed body; 0 at its end, -1 with why. */
ssize_t	mime_read(struct mime_reader *, const struct mime_plan *,
	    const struct body *, const struct field_form *, char *to,
	    size_t room, struct failure *why);

void	mime_reader_free(struct mime_reader *);

#endif
