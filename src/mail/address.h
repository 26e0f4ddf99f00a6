/*
 * address.h - parse addresses (RFC 5322 sections 3.4 and 4.4)
 *
 * All addresses are parsed here: arguments, header fields, aliases and paths of
 * SMTP commands.  The parser supports lists, display names, comments, groups,
 * quoted local parts, domain literals, source routes and the obsolete syntax.
 * Text that is not an address is refused and never changed into an address.
 * The time depends linearly on the length of the text.
 *
 * An address is stored in parts, and address_write() composes a new text.  The
 * local part and the domain are valid UTF-8 without control characters and
 * angle brackets, so the result cannot end an SMTP command or begin another.
 * A display name can contain control characters, as quoted strings and
 * comments can; use it only in header fields.
 *
 * Some forms that violate the RFC are accepted because programs write them and
 * their meaning is clear: dots in unusual places of a local part (a..b@c, which
 * address_write() quotes); in a display name, encoded words with specials or
 * blanks (=?utf-8?q?Doe, J?=) and an unquoted @ (a@b <a@b>); a quoted address
 * ("a@b"), except in a path; and a semicolon instead of a comma between
 * addresses.
 */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"
#include "util/failure.h"

enum {
	ADDRESS_MAX = 1000,		/* octets of local@domain */
	ADDRESS_LIST_MAX = 100000,	/* addresses in one list */
};

struct address {
	char	*local;		/* owned, in one block with the other texts;
				 * without quotes */
	char	*domain;	/* "" if missing; "[...]" is a literal */
	char	*name;		/* display name, unfolded, or ""; does not
				 * include comments before the display name or
				 * after the address */
	size_t	 start;		/* text[start, end) is local@domain, with
				 * comments and folds in it and quotes around
				 * it, without angle brackets and route */
	size_t	 end;
};

struct address_list {
	struct address	*address;	/* owned */
	size_t		 n;
	size_t		 cap;
};

enum address_where {
	ADDRESS_HEADER,		/* the value of a header field */
	ADDRESS_ARGUMENT,	/* an argument or a target of an alias: a
				 * backslash before an address is removed; |x,
				 * :include:, /x without a domain, line ends and
				 * an empty list are refused */
};

/* The .cause in struct failure if an element of a list is invalid. */
enum address_cause {
	ADDRESS_CAUSE_UNSUPPORTED = 1,	/* a program, a file or :include: */
};

/* An invalid element of a list: text[start, end). */
struct address_fault {
	size_t		 start;
	size_t		 end;
	const char	*reason;	/* static */
	int		 cause;		/* enum address_cause, or 0 */
};

struct address_faults {
	struct address_fault	*fault;		/* owned */
	size_t			 n;
	size_t			 cap;
	bool			 repairable;	/* address_list_repair() would
						 * change the text */
};

/*
 * Appends all addresses of a comma-separated list, including the members of
 * groups.  Empty elements and empty groups are skipped; <> is refused.  White
 * space can contain folds, and the text can end with a line end.  Returns false
 * with EX_DATAERR (EX_USAGE for an argument) and a text that shows the invalid
 * element, safe for a terminal; the list is then unchanged.
 */
bool	address_list_parse(struct address_list *, const char *text, size_t len,
	    enum address_where, struct failure *why);

/*
 * Parses the value of a header field like address_list_parse(), but skips
 * invalid elements and appends them to the faults.  Returns false only if the
 * whole list is refused: it has too many addresses, or octets that a header
 * field must not contain.
 */
bool	address_list_parse_lenient(struct address_list *,
	    struct address_faults *, const char *text, size_t len,
	    struct failure *why);

/*
 * Appends the valid addresses in the value of a header field, and repairs the
 * text without changing its length: a semicolon between addresses becomes a
 * comma, and quotes around an address become blanks.  Invalid elements do not
 * change.
 */
void	address_list_repair(struct address_list *, char *text, size_t len);

/*
 * Whether the value of a header field contains only white space, comments and
 * commas.
 */
bool	address_list_is_empty(const char *text, size_t len);

/*
 * Sets why to "invalid address 'x y': ...", safe for a terminal, and returns
 * false.
 */
bool	address_fault_explain(const struct address_fault *, const char *text,
	    int status, struct failure *why);

/*
 * Parses the path of an SMTP command, without angle brackets: an addr-spec
 * without comments or display name.  A source route is removed (RFC 5321
 * appendix C).  "" is the null path: an address with two empty parts.  Returns
 * false with EX_DATAERR and zeroes the address.
 */
bool	address_parse_path(struct address *, const char *text, size_t len,
	    struct failure *why);

/* Makes an address of these parts, which are not checked. */
void	address_make(struct address *, const char *local, const char *domain,
	    const char *name);

/* Whether the address has no domain; false for the null path. */
bool	address_is_bare(const struct address *);

/* Appends local@domain.  Quotes the local part if necessary. */
void	address_write(struct buffer *, const struct address *);

/* Appends the text as a quoted string (RFC 5322 section 3.2.4). */
void	address_write_quoted(struct buffer *, const char *text);

void	address_free(struct address *);
void	address_list_free(struct address_list *);
void	address_faults_free(struct address_faults *);

#endif
