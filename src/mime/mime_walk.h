/*
 * mime_walk.h - find the parts of a body (RFC 2046 section 5.1)
 *
 * The body is read once, line by line, and a visitor is called at the beginning
 * and the end of each part.  A part that contains other parts is a level: a
 * multipart with a boundary, whatever its Content-Transfer-Encoding, or an
 * enclosed message (message/rfc822).  All other parts are text, and so are the
 * preamble and epilogue of a multipart.
 */
#ifndef MIME_WALK_H
#define MIME_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/body_lines.h"
#include "mail/header.h"
#include "mail/message.h"
#include "mime/media_type.h"
#include "mime/mime_header.h"
#include "util/buffer.h"
#include "util/failure.h"

enum {
	MIME_DEPTH_MAX = 40,		/* nested levels; the rest is text */
	MIME_HEADER_MAX = 64 * 1024,	/* octets of a part's header */
};

struct mime_level {
	struct media_type	type;
	size_t			boundary_len;	/* 0: an enclosed message */
	enum mime_encoding	encoding;	/* declared */
	bool			digest;		/* multipart/digest */
	bool			is_signed;	/* it or an enclosing level is
						 * signed or encrypted */
	bool			begun;		/* it has a part */
	bool			open_header;	/* no empty line follows its
						 * header */
};

/* MIME_OUTSIDE: in a preamble or epilogue. */
enum mime_place { MIME_HEADER, MIME_TEXT, MIME_OUTSIDE };

struct mime_walk {
	struct mime_level	 level[MIME_DEPTH_MAX];
	size_t			 depth;		/* number of open levels */

	/* The current part, preamble or epilogue.  Offsets are octets in the
	 * body. */
	enum mime_place		 place;
	uint64_t		 header_at;
	uint64_t		 body_at;
	struct buffer		 header;	/* empty for the message's own
						 * body */
	bool			 is_top;	/* the message's own body */
	bool			 open_header;	/* no empty line follows it */
	struct media_type	 type;
	enum mime_encoding	 encoding;
	bool			 unsupported;	/* its type is unknown or must
						 * not be encoded */
	bool			 ambiguous;	/* a line of it is a boundary to
						 * some readers */

	/* Private. */
	size_t			 line_end;	/* octets of the last line end,
						 * which belongs to a boundary
						 * that follows */
	const struct mime_visitor *visitor;
	void			*context;
};

/*
 * All calls refer to the current part in the struct mime_walk.  A visitor may
 * take its .header and leave an empty buffer.
 */
struct mime_visitor {
	/* A level begins: level[depth - 1]; .header is its header. */
	void	(*open)(void *context);

	/* A level has ended: level[depth]. */
	void	(*close)(void *context);

	void	(*begin)(void *context);	/* a text begins */

	/* The next line of the text, after a line end of line_end octets (0 at
	 * the beginning) that belongs to the text. */
	void	(*text)(void *context, size_t line_end,
		    const struct body_line *);

	void	(*end)(void *context, uint64_t at);	/* the text ends */

	/* Lines that are not parsed: a "From " line before a header, or a
	 * header that is too large. */
	void	(*skip)(void *context, const char *text, size_t len);
};

/*
 * Walks through the body of the message.  Returns false with EX_IOERR if the
 * body cannot be read.  The struct mime_walk owns nothing afterwards.
 */
bool	mime_walk(struct mime_walk *, const struct message *,
	    const struct mime_visitor *, void *context, struct failure *why);

/* Whether the current part is in a signed or encrypted multipart. */
bool	mime_walk_is_signed(const struct mime_walk *);

#endif
