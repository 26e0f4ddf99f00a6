/*
 * mime_walk.h - the parts of a body, found line by line (RFC 2046 section 5.1)
 *
 * A body is read once, and a visitor is told of each part as it begins and
 * ends.  A part that holds others is a level: a multipart with a boundary,
 * whatever encoding its label says, or a message within the message.  All
 * other parts are text, and so is what is outside the parts of a multipart.
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
	MIME_DEPTH_MAX = 40,		/* parts in parts */
	MIME_HEADER_MAX = 64 * 1024,	/* octets of a part's header */
};

struct mime_level {
	struct media_type	type;
	size_t			boundary_len;	/* 0: a message */
	enum mime_encoding		encoding;	/* as its label says */
	bool			digest;
	bool			is_signed;		/* signed or encrypted, or in
						 * a level that is */
	bool			begun;		/* a part of it was seen */
	bool			open_header;	/* no empty line ended it */
};

enum mime_place { MIME_HEADER, MIME_TEXT, MIME_OUTSIDE };

struct mime_walk {
	struct mime_level	 level[MIME_DEPTH_MAX];
	size_t			 depth;

	/* The present part, or the text outside the parts. */
	enum mime_place		 place;
	uint64_t		 header_at;
	uint64_t		 body_at;
	struct buffer		 header;	/* as text; of the top: empty */
	bool			 is_top;	/* the message's own body */
	bool			 open_header;	/* no empty line ended it */
	struct media_type	 type;
	enum mime_encoding		 encoding;
	bool			 unsupported;	/* a kind of part that has no
						 * encoding, or is unknown */
	bool			 ambiguous;	/* a line of it is a boundary
						 * to some readers */

	size_t			 line_end;	/* octets; the boundary's if
						 * one follows */
	const struct mime_visitor *visitor;
	void			*context;
};

/* Everything is about the present part.  .header may be taken away. */
struct mime_visitor {
	/* It is a level, the last one now; .header is its header. */
	void	(*open)(void *context);
	/* The last level has ended; it is level[depth] now. */
	void	(*close)(void *context);

	/* Text begins; its lines, after a line end of so many octets that
	 * belongs to the text; and its end. */
	void	(*begin)(void *context);
	void	(*text)(void *context, size_t line_end,
		    const struct body_line *);
	void	(*end)(void *context, uint64_t at);

	/* In front of a header, or a header that is too large: as it is. */
	void	(*skip)(void *context, const char *text, size_t len);
};

/* False with EX_IOERR if the body can't be read.  Nothing is to be freed. */
bool	mime_walk(struct mime_walk *, const struct message *,
	    const struct mime_visitor *, void *context, struct failure *why);

bool	mime_walk_is_signed(const struct mime_walk *);

#endif
