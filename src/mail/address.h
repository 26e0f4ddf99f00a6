/*
 * address.h - one parser for every address (RFC 5322 section 3.4 and 4.4)
 *
 * Arguments, header fields, aliases and -bs all come through here.  Lists,
 * names, comments, groups, quoted local parts, domain literals, routes and
 * the obsolete forms are understood; what is not an address is refused, never
 * cut or guessed.  Time grows with the length of the text and nothing else.
 *
 * An address is kept as parsed parts and written anew.  Local part and domain
 * are valid UTF-8; no control character and no angle bracket can be in them,
 * so no text written by address_write() ends an SMTP command or starts
 * another.  A display name may hold what a quoted string or a comment may,
 * other control characters included: it belongs in a header field.
 *
 * Some forms that callers write are accepted although the RFC does not have
 * them, because their meaning is plain: dots in odd places of a local part
 * (a..b@c, which address_write() puts in quotes); in a display name, encoded
 * words with specials or blanks in them (=?utf-8?q?Doe, J?=) and an unquoted
 * @ (a@b <a@b>); an address in quotes ("a@b"), except in a path; and a
 * semicolon for the comma between addresses.
 */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"
#include "util/failure.h"

enum {
	ADDRESS_MAX = 1000,		/* octets of local@domain as written; */
					/* longer ones are refused */
	ADDRESS_LIST_MAX = 100000,	/* addresses in one list, likewise */
};

struct address {
	char	*local;		/* owned; unquoted, UTF-8 as it came */
	char	*domain;	/* owned; "" for a bare name; "[...]" literal */
	char	*name;		/* owned; display name as written but */
				/* unfolded, "" if none; comments in front */
				/* of it or behind the address are no name */
	size_t	 start;		/* where local@domain stands in the text: */
	size_t	 end;		/* [start, end), with the comments and folds */
				/* in it and quotes around all of it, without */
				/* angle brackets and route */
};

struct address_list {
	struct address	*address;	/* owned */
	size_t		 n;
	size_t		 cap;
};

enum address_where {
	ADDRESS_HEADER,		/* the body of a header field */
	ADDRESS_ARGUMENT,	/* an argument: one leading backslash of an */
				/* address goes; |x, /x without a domain, */
				/* :include:, line ends and an argument */
				/* that names nobody are refused */
};

/* An element of a list that is not an address: text[start, end), and why. */
struct address_fault {
	size_t		 start;
	size_t		 end;
	const char	*reason;	/* static */
};

struct address_faults {
	struct address_fault	*fault;		/* owned */
	size_t			 n;
	size_t			 cap;
};

/*
 * Appends every address of a comma-separated list.  Groups give their
 * members, an empty group or empty list element gives none; <> is refused.
 * A fold may stand wherever white space may, and a line end at the end.
 * False with EX_DATAERR (EX_USAGE for an argument) and a text that shows the
 * piece at fault, made visible; the list is then as it was before.
 */
bool	address_list_parse(struct address_list *, const char *text, size_t len,
	    enum address_where, struct failure *why);

/*
 * The same for the body of a header field, but an element that is not an
 * address is appended to the faults, and the others are taken.  False only if
 * nothing can be taken: too many addresses, or octets that no field can have.
 */
bool	address_list_parse_lenient(struct address_list *,
	    struct address_faults *, const char *text, size_t len, struct failure *why);

/*
 * Appends the addresses among the elements of a header field's body, and
 * changes the text, not its length: a semicolon that stands for a comma
 * becomes one, and quotes around an address become blanks.  Elements that are
 * not addresses stay as they are.
 */
void	address_list_repair(struct address_list *, char *text, size_t len);

/*
 * Whether a header field's body has no address and no group, but only white
 * space, comments and commas.
 */
bool	address_list_is_empty(const char *text, size_t len);

/* "bad address 'x y': ...", made visible; false. */
bool	address_fault_explain(const struct address_fault *, const char *text,
	    int status, struct failure *why);

/*
 * One addr-spec as it stands in an SMTP path, without angle brackets: no
 * comments, no names; a source route is dropped (RFC 5321 appendix C).
 * "" is the null path and gives an address with two empty parts.  False with
 * EX_DATAERR and an address that is all zero.
 */
bool	address_parse_path(struct address *, const char *text, size_t len,
	    struct failure *why);

/* A name without a domain; the null path is not one. */
bool	address_is_bare(const struct address *);

/* Appends local@domain, quoting the local part where it must be. */
void	address_write(struct buffer *, const struct address *);

void	address_free(struct address *);
void	address_list_free(struct address_list *);
void	address_faults_free(struct address_faults *);

#endif
