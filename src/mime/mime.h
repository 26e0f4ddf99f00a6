/*
 * mime.h - re-encode the parts of a body that a server cannot accept
 *
 * A body with lines of more than 998 octets, or with 8-bit text for a server
 * without 8BITMIME, is read twice.  The first pass (mime_plan) finds the parts
 * that must be encoded and notes a change for each, so that the size is known
 * before anything is sent.  The second pass (mime_read) applies the changes.
 *
 * Each part is encoded on its own: 7bit, 8bit and binary text as
 * quoted-printable; base64 and quoted-printable only get shorter lines.  A
 * message/rfc822 part must not be encoded itself (RFC 2045 section 6.4), but
 * its parts can be, and missing MIME fields are added to its header.  An
 * invalid Content-Transfer-Encoding of a multipart is corrected.
 *
 * Signed and encrypted multiparts stay unchanged, and so do preambles and
 * epilogues, which have no encoding.  The remark in the plan reports this.
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
	MIME_CHANGES_MAX = 20000,	/* with more, nothing is changed */
};

/* A part to be changed.  Offsets are octets in the unchanged body. */
struct mime_change {
	uint64_t		 header_at;
	uint64_t		 body_at;
	uint64_t		 end;		/* body_at: only the header */
	enum recoding		 how;
	bool			 new_header;	/* the header is rewritten */
	struct mime_header_change header;	/* with these changes */
};

struct mime_plan {
	struct mime_change	*change;	/* owned; in order */
	size_t			 n;
	size_t			 cap;
	uint64_t		 size;		/* octets of the changed body */
	struct mime_header_change top;		/* to the message's header */
	bool			 has_8bit;	/* in the changed body */
	const char		*remark;	/* static; a part that stays
						 * unchanged and why, or NULL */
};

/* Returns false with EX_IOERR if the body cannot be read. */
bool	mime_plan(struct mime_plan *, const struct message *, bool eight_bit,
	    const struct field_form *, struct failure *why);

void	mime_plan_free(struct mime_plan *);

/* The state of the second pass.  All members begin as zero. */
struct mime_reader {
	size_t		 next;		/* index of the next change */
	uint64_t	 at;		/* offset in the unchanged body */
	bool		 in_change;	/* after the header of that change */
	struct recoder	 recoder;
	struct buffer	 ready;		/* changed octets */
	size_t		 taken;		/* number of them already returned */
};

/* What mime_read() reads; all members are borrowed. */
struct mime_source {
	const struct mime_plan	*plan;
	const struct body	*body;
	const struct field_form	*form;
};

/*
 * Reads up to room octets of the changed body.  Returns their number, 0 at the
 * end, or -1 with EX_IOERR.
 */
ssize_t	mime_read(struct mime_reader *, const struct mime_source *, char *to,
	    size_t room, struct failure *why);

void	mime_reader_free(struct mime_reader *);

#endif
