/*
 * aliases.h - read aliases(5) and resolve local names
 *
 *	# comment
 *	root:		admin@example.org
 *	"the cat":	root, nina@example.net,
 *			otto@example.net
 *	*:		root
 *
 * Names are case-insensitive and can be quoted.  A line that begins with white
 * space continues the previous one, even after comments and empty lines.  The
 * name *, or default as in other programs, applies to all accounts that have no
 * alias.  A target \name is not looked up again; it is treated like a name
 * without an alias.
 *
 * The syntax of the file is checked when it is read, and a target only when it
 * is used.  An alias for a program or a file, which is refused, therefore does
 * not affect other names.
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
	ALIASES_DEPTH_MAX = 50,			/* nested aliases */
	ALIASES_TARGETS_MAX = 10000,		/* targets for one name */
};

struct alias {
	char		*name;		/* owned; in lower case */
	unsigned	 line;
	char		*targets;	/* owned; continuation lines joined */
};

struct aliases {
	char		*path;		/* owned; for messages */
	struct alias	*alias;		/* owned; sorted by name and line */
	size_t		 n;
	size_t		 cap;
	unsigned	 bad_line;	/* the one that was refused; 0: none */
};

enum alias_rule {
	ALIAS_BY_LINE,		/* a line of the file */
	ALIAS_BY_ROOT,		/* no alias: alias_rules.root */
	ALIAS_BY_DOMAIN,	/* no alias: alias_rules.domain */
};

/* The replacement of a name with one of its targets. */
struct alias_step {
	const char	*name;
	const char	*to;		/* another name, or an address */
	enum alias_rule	 rule;
	unsigned	 line;		/* if ALIAS_BY_LINE */
};

/* Told each step, in order, even if a later one fails. */
struct alias_trace {
	void	(*step)(void *context, const struct alias_step *);
	void	*context;
};

/* The configuration for local names. */
struct alias_rules {
	struct local_host	 names;
	/* Mail to a name without an alias goes to root, an address, or, if
	 * that is "*@example.org", to the same name at example.org.  If root
	 * is NULL, the mail goes to the same name at domain; it is refused if
	 * both are NULL. */
	const char		*root;
	const char		*domain;
	const struct alias_trace *trace;	/* or NULL */
};

/*
 * Returns the domain where each name without an alias has its own mailbox, or
 * NULL if all of them have the same address or none.  Borrowed from the rules.
 */
const char *alias_rules_domain(const struct alias_rules *);

/*
 * Reads the file.  A missing file is an error only if it is required.  Returns
 * false with EX_CONFIG, and the line in .bad_line, or with the errors of
 * trusted_read().
 */
bool	aliases_read(struct aliases *, const char *path, bool required,
	    struct failure *why);

/* Reads a text; the path is only for messages. */
bool	aliases_parse(struct aliases *, const char *path, const char *text,
	    size_t len, struct failure *why);

/*
 * Adds file and line to the text of a failure of aliases_read() or
 * aliases_resolve(); returns false.  line: 0 if there is none.
 */
bool	aliases_add_place(const struct aliases *, unsigned line,
	    struct failure *why);

/*
 * The .cause in struct failure if a name has no address.  It can also be an
 * enum address_cause.
 */
enum alias_cause {
	ALIAS_CAUSE_LOOP = 100,
	ALIAS_CAUSE_REPEATED,	/* defined more than once */
};

/*
 * Appends the addresses of a local name, at least one, in order; duplicates are
 * not removed.  Returns false, with the list unchanged, and with the line of
 * the last alias or 0 in *line, if the name or a target has no address:
 *	EX_NOUSER	alias, root and domain are missing, or the name has no
 *			alias and cannot be an account (local.h)
 *	EX_CONFIG	the alias is a loop, is defined twice, has an invalid
 *			target or exceeds a limit
 */
bool	aliases_resolve(const struct aliases *, const char *name,
	    const struct alias_rules *, struct address_list *, unsigned *line,
	    struct failure *why);

void	aliases_free(struct aliases *);

#endif
