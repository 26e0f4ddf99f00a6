/*
 * aliases.h - aliases(5): which addresses local names stand for
 *
 *	# comment
 *	root:		admin@example.org
 *	ops, "the cat" and so on are names, bare or in quotes, in any case
 *	ops:		root, nina@example.net,
 *			otto@example.net
 *	*:		root
 *
 * A line that begins with a blank continues the one before, over comments and
 * empty lines.  The name * stands for all accounts that no other line names,
 * and so does default, which other programs use.  A target \name is not looked up
 * again; where mail is not kept on the machine, it means what a name without
 * an alias means.
 *
 * The form of the file is checked when it is read, its targets when they are
 * needed: a program's or a file's alias, which we refuse, does not stop the
 * mail of others.
 */
#ifndef MAIL_ALIASES_H
#define MAIL_ALIASES_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/address.h"
#include "mail/local.h"
#include "util/failure.h"

enum {
	ALIASES_SIZE_MAX = 4 * 1024 * 1024,	/* octets of the file */
	ALIASES_DEPTH_MAX = 50,			/* aliases in a row */
	ALIASES_TARGETS_MAX = 10000,		/* looked at for one name */
};

struct alias {
	char		*name;		/* owned; in small letters */
	unsigned	 line;
	char		*targets;	/* owned; one line */
};

struct aliases {
	char		*path;		/* owned; for messages */
	struct alias	*alias;		/* owned; by name, then by line */
	size_t		 n;
	size_t		 cap;
};

/* What else decides where a local name leads. */
struct alias_rules {
	struct local_host	 names;
	/* A name without an alias leads to this path, or else to the same
	 * name at this domain; both NULL: nowhere. */
	const char		*root;
	const char		*domain;
};

/*
 * A missing file has no aliases, unless it is required.  EX_CONFIG with file
 * and line, or as trusted_read() says.
 */
bool	aliases_read(struct aliases *, const char *path, bool required,
	    struct failure *why);

/* The same of a text. */
bool	aliases_parse(struct aliases *, const char *path, const char *text,
	    size_t len, struct failure *why);

/*
 * Appends the foreign addresses that a local name leads to, at least one, in
 * order; duplicates stay.  EX_NOUSER: there is no alias, root or domain for
 * it, or for a name that an alias leads to; or there is no alias, and no
 * account can have that name (local.h).  EX_CONFIG with file and line: a loop,
 * a name that stands in the file twice, a target that is no address, and the
 * bounds above.  The list is as it was then.
 */
bool	aliases_resolve(const struct aliases *, const char *name,
	    const struct alias_rules *, struct address_list *,
	    struct failure *why);

void	aliases_free(struct aliases *);

#endif
