/*
 * options.h - the sendmail command line
 *
 * Every letter that any sendmail ever had is known with its arity, so no
 * value is ever taken for a recipient.  Parsing stops at the first word that
 * is no option, and behind "--".  No option names a file, a server or a
 * configuration under any name but relais.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/envelope.h"
#include "util/failure.h"

/* What a command line asks for. */
enum mode {
	MODE_DELIVER,		/* -bm, -ba */
	MODE_SMTP,		/* -bs */
	MODE_LIST,		/* -bp, mailq */
	MODE_COUNT,		/* -bP */
	MODE_ALIASES,		/* -bi, -I, newaliases */
	MODE_VERIFY,		/* -bv */
	MODE_FLUSH,		/* -q... */
	MODE_NOTHING,		/* -bh, -bH, hoststat, purgestat */
	MODE_VERSION,		/* --version, -d0.1 without recipients */
	MODE_HELP,		/* --help */
	MODE_NO_DAEMON,		/* smtpd */
	MODE_CONFIG,		/* relais config */
	MODE_QUEUE,		/* relais queue */
	MODE_SERVE,		/* relais serve */
};

enum error_mode {
	ERRORS_PRINTED,		/* -oep, -oem, -oew and no -e at all */
	ERRORS_QUIET,		/* -oeq: the exit status alone */
};

enum delivery_mode {
	DELIVER_NOW,		/* -odi, -odf, and no -od at all */
	DELIVER_BACKGROUND,	/* -odb */
	DELIVER_QUEUE,		/* -odq, -odd */
};

struct options {
	enum mode		 mode;
	enum error_mode		 errors;
	enum delivery_mode	 delivery;
	bool			 from_header;	/* -t */
	bool			 ignore_dots;	/* -i */
	bool			 verbose;	/* -v */
	bool			 print_version;	/* -d0.1 */
	const char		*sender;	/* -f; "" is null; NULL: none */
	const char		*full_name;	/* -F, or NULL */
	const char		*envid;		/* -V, or NULL */
	enum dsn_return		 ret;		/* -R */
	unsigned		 notify;	/* -N */
	const char		*queue;		/* what follows -q */
	const char		*config_file;	/* relais -C, or NULL */
	const char		**overrides;	/* relais -o key=value; NULL at
						 * the end; owned */
	char			**arguments;	/* what is left of argv */
	int			 n_arguments;
	bool			 ignored;	/* an option that would be unsafe to
						 * take up did nothing */
	const char		*warning;	/* about a bad value that does no
						 * harm, or NULL */
};

/*
 * administrator: the name is relais.  False with EX_USAGE; EX_UNAVAILABLE for
 * an option that asks for a guarantee that can't be given.
 */
bool	options_parse(struct options *, int argc, char **argv,
	    bool administrator, struct failure *why);

void	options_free(struct options *);

#endif
