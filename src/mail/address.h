/*
 * address.h - one parser for every address (RFC 5322 section 3.4 and 4.4)
 *
 * Arguments, header fields, aliases and -bs all come through here.  Lists,
 * names, comments, groups, quoted local parts, domain literals, routes and
 * the obsolete forms are understood; what is not an address is refused, never
 * cut or guessed.  Time grows with the length of the text and nothing else.
 *
 * An address is kept as parsed parts and written anew.  No control character
 * and no angle bracket can be in a part, so no text written by
 * address_write() ends an SMTP command or starts another.
 */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"
#include "util/failure.h"

struct address {
	char	*local;		/* owned; unquoted, UTF-8 as it came */
	char	*domain;	/* owned; "" for a bare name; "[...]" literal */
	char	*name;		/* owned; display name as written, "" if none */
	size_t	 start;		/* where local@domain stands in the text: */
	size_t	 end;		/* [start, end), without the angle brackets */
};

struct address_list {
	struct address	*address;	/* owned */
	size_t		 n;
	size_t		 cap;
};

enum address_where {
	ADDRESS_HEADER,		/* the body of a header field */
	ADDRESS_ARGUMENT,	/* an argument: one leading backslash goes; */
				/* |x, /x and :include: are refused */
};

/*
 * Appends every address of a comma-separated list.  Groups give their
 * members, an empty group or empty list element gives none.  False with
 * EX_DATAERR (EX_USAGE for an argument) and a text that shows the piece at
 * fault, made visible; the list is then as it was before.
 */
bool	address_list_parse(struct address_list *, const char *text, size_t len,
	    enum address_where, struct failure *why);

/*
 * One addr-spec as it stands in an SMTP path, without angle brackets: no
 * comments, no names; a source route is dropped (RFC 5321 appendix C).
 * "" is the null path and gives an address with two empty parts.
 */
bool	address_parse_path(struct address *, const char *text, size_t len,
	    struct failure *why);

/* Appends local@domain, quoting the local part where it must be. */
void	address_write(struct buffer *, const struct address *);

void	address_free(struct address *);
void	address_list_free(struct address_list *);

#endif
