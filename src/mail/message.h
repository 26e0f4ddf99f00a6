/*
 * message.h - a message on its way from a caller to the wire
 *
 * A message is fed once, in pieces of any size, from wherever it comes: a
 * pipe, an SMTP session, a file.  What is kept is wire-ready but for dots: it
 * has CRLF line ends only, the header apart as fields, the body in memory up
 * to a limit and in an unnamed file beyond it, so that memory does not grow
 * with the message.
 *
 * Line ends are decided line by line: a LF ends a line, and CRs before it
 * belong to the line end.  Any other CR becomes a space; a NUL is refused.
 * The first line that is neither a field nor the continuation of one ends the
 * header; unless it is empty, it belongs to the body.  Lines are judged as
 * they came, before any repair, so no repair moves the end of the header.
 * "From " lines without a CR in them are dropped if a field follows them.
 * Lines of the header that consist of blanks, which continue a field but are
 * the end of the header to some servers, are dropped.
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
	MESSAGE_MEMORY = 256 * 1024,		/* body octets before the file */
	MESSAGE_HEADER_MAX = 32 * 1024 * 1024,	/* octets of all the header */
	MESSAGE_FIELDS_MAX = 100000,
};

/*
 * An unnamed file that was opened for later, when no other can be made any
 * more.  One message after another may be in it.
 */
struct message_spare {
	int		 fd;		/* stays open */
	const char	*directory;	/* where it was made */
};

struct message_limits {
	const char *const *spill;	/* directories for the unnamed file, NULL
					 * at the end: the first that can be
					 * made and has room */
	uint64_t	 size_max;	/* octets in wire form, 0: any */
	const struct message_spare *spare; /* after them, or NULL */
};

/* The body: first what is in memory, or all of it in the file. */
struct body {
	struct buffer	 memory;	/* all of it while fd is -1 */
	int		 fd;		/* -1, or the open file, owned */
	off_t		 offset;	/* where in the file it begins */
	uint64_t	 size;		/* octets in wire form, no dots added */
	size_t		 longest_line;	/* octets, CRLF not counted */
	bool		 has_8bit;	/* an octet above 127 */
	bool		 has_dots;	/* a line begins with a dot */
	bool		 raw;		/* it is as it came, at least in part */
};

struct message {
	struct header	 header;
	struct body	 body;
	bool		 header_8bit;	/* as it came */
	bool		 all_binary;	/* see message_keep_binary() */
	struct message_parser *parser;	/* while it is being fed, else NULL */
};

/* A message that is to be fed. The limits are borrowed until message_end. */
void	message_begin(struct message *, const struct message_limits *);

/*
 * Right after the beginning: from the first field on that labels a part as
 * binary, or the whole body if all (BINARYMIME, RFC 3030 section 3), octets
 * are kept as they come.  Such a body is raw; binary_encode() (mime/binary.h)
 * has to be called before message_end().
 */
void	message_keep_binary(struct message *, bool all);

/*
 * Hands a raw body over, which is then to be fed again in another form and
 * freed.  In a file, the new one follows it.
 */
bool	message_take_raw(struct message *, struct body *raw,
	    struct failure *why);

/*
 * Takes the next octets.  False with EX_DATAERR (NUL, size, header beyond
 * the bounds) or EX_CANTCREAT (no directory takes the file); the message is of
 * no use then, feeding it more is allowed and does nothing but fail again.
 */
bool	message_feed(struct message *, const char *data, size_t len,
	    struct failure *why);

/* The last line counts even where its line end is missing; it gets one. */
bool	message_end(struct message *, struct failure *why);

/*
 * Reads the body again, from any offset, as often as needed.  Returns the
 * octets read, 0 at the end, -1 with why (EX_IOERR).
 */
ssize_t	body_read(const struct body *, uint64_t at, char *to, size_t room,
	    struct failure *why);

/*
 * Where the body is in memory, all of it at once; NULL where it is in a file.
 */
const char *body_in_memory(const struct body *);

void	body_close(struct body *);

/* Octets of the wire form, header and empty line included. */
uint64_t message_size(const struct message *);

void	message_free(struct message *);

#endif
