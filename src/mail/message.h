/*
 * message.h - receive a message and store it for transport
 *
 * A message is fed once, in pieces of any size, from a pipe, an SMTP session or
 * a file.  It is stored in the form for SMTP, except for dot-stuffing: all line
 * ends are CRLF, and the header is split into fields.  The body is stored in
 * memory up to a limit and in an unnamed file beyond it, so that memory does
 * not grow with the message.
 *
 * A LF ends a line, and CRs before it belong to the line end.  Any other CR
 * becomes a space; a NUL is refused.  The first line that is neither a field
 * nor a continuation of one ends the header; unless it is empty, it belongs to
 * the body.  This is decided before a line is changed, so a change cannot move
 * the end of the header.  A "From " line without a CR before the first field is
 * removed.  A line of white space in the header, which continues a field but
 * ends the header for some servers, is removed.
 */
#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "mail/header.h"
#include "util/buffer.h"
#include "util/failure.h"

enum {
	MESSAGE_MEMORY = 256 * 1024,		/* octets of a body in memory */
	MESSAGE_HEADER_MAX = 32 * 1024 * 1024,	/* octets of the header */
	MESSAGE_FIELDS_MAX = 100000,
};

/*
 * An unnamed file that was opened before the process gave up its access to the
 * file system.  It can store one message after another.
 */
struct message_spare {
	int		 fd;		/* stays open */
	const char	*directory;	/* borrowed; for messages */
};

struct message_limits {
	const char *const *spill;	/* directories for the unnamed file, to
					 * be tried in order; ends with NULL */
	uint64_t	 size_max;	/* octets as transferred; 0: no limit */
	const struct message_spare *spare; /* tried last; or NULL */
};

/* A complete body is either in memory or in the file. */
struct body {
	struct buffer	 memory;	/* the whole body if fd is -1 */
	int		 fd;		/* owned; the file, or -1 */
	off_t		 offset;	/* of the body in the file */
	uint64_t	 size;		/* octets, without dot-stuffing */
	size_t		 longest_line;	/* octets without CRLF */
	bool		 has_8bit;	/* an octet above 127 */
	bool		 has_dots;	/* a line begins with a dot */
	bool		 raw;		/* at least a part is unchanged, see
					 * message_keep_binary() */
};

struct message {
	struct header	 header;
	struct body	 body;
	bool		 header_8bit;	/* the header is not ASCII */
	bool		 all_binary;	/* see message_keep_binary() */
	struct message_parser *parser;	/* owned; NULL after message_end() */
};

/* Begins a message.  Borrows the limits until message_end(). */
void	message_begin(struct message *, const struct message_limits *);

/*
 * Keeps binary data; call it directly after message_begin().  If all is true
 * (BINARYMIME, RFC 3030 section 3), the whole body is stored unchanged, else
 * the rest of the body after the first field that labels a part as binary.
 * Such a body is raw: call binary_encode() (mime/binary.h) before
 * message_end().
 */
void	message_keep_binary(struct message *, bool all);

/*
 * Moves a raw body to *raw, which the caller converts, feeds again and closes.
 * If it is in a file, the new body is appended to the same file.  Returns false
 * with EX_CANTCREAT, EX_TEMPFAIL or EX_OSERR.
 */
bool	message_take_raw(struct message *, struct body *raw,
	    struct failure *why);

/*
 * Stores the next octets.  Returns false with EX_DATAERR (NUL character,
 * message or header too large), or, if the file cannot be written in any
 * directory, with EX_CANTCREAT, or EX_TEMPFAIL if one lacks space or the process
 * lacks descriptors.  After that, each call fails with the same error.
 */
bool	message_feed(struct message *, const char *data, size_t len,
	    struct failure *why);

/* Stores the body of another message.  In addition, EX_IOERR. */
bool	message_feed_body(struct message *, const struct body *,
	    struct failure *why);

/* Ends the message.  A line end is added to an incomplete last line. */
bool	message_end(struct message *, struct failure *why);

/*
 * Reads up to room octets of the body at an offset.  Returns their number, 0 at
 * the end, or -1 with EX_IOERR.
 */
ssize_t	body_read(const struct body *, uint64_t at, char *to, size_t room,
	    struct failure *why);

/* Returns the whole body if it is in memory, or NULL if it is in a file. */
const char *body_in_memory(const struct body *);

void	body_close(struct body *);

/* Returns the number of octets, including the header and the empty line. */
uint64_t message_size(const struct message *);

void	message_free(struct message *);

#endif
