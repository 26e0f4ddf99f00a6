/*
 * options.h - parse the sendmail command line
 *
 * The option letters of all versions of sendmail are accepted with the right
 * number of arguments, so that the argument of an option is never taken as a
 * recipient.  Parsing stops at "--" and at the first argument that is not an
 * option.  Options that name a file, a server or a configuration key are
 * accepted only from relais.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/envelope.h"
#include "util/failure.h"

/* The action that a command line selects. */
enum mode {
	MODE_DELIVER,		/* -bm, -ba */
	MODE_SMTP,		/* -bs */
	MODE_LIST,		/* -bp, mailq, postqueue -p */
	MODE_LIST_JSON,		/* postqueue -j */
	MODE_COUNT,		/* -bP */
	MODE_ALIASES,		/* -bi, -I, newaliases */
	MODE_VERIFY,		/* -bv */
	MODE_FLUSH,		/* -q, -qf, -qI... */
	MODE_TIMER,		/* -q with an interval */
	MODE_NOTHING,		/* -bh, -bH, hoststat, purgestat */
	MODE_VERSION,		/* --version, -d0.1 without recipients */
	MODE_HELP,		/* --help */
	MODE_NO_DAEMON,		/* smtpd */
	MODE_POSTQUEUE,		/* postqueue: its options select another one */
	MODE_COMMANDS,		/* relais help; relais with an unknown word */
	MODE_CHECK,		/* relais check */
	MODE_CONFIG,		/* relais config */
	MODE_IMPORT,		/* relais import */
	MODE_LOGIN,		/* relais login */
	MODE_QUEUE,		/* relais queue */
	MODE_ROUTE,		/* relais route */
	MODE_SERVE,		/* relais serve */
	MODE_SETUP,		/* relais setup */
	MODE_TEST,		/* relais test */
	MODE_TOKEN,		/* relais token */
};

enum { MODES = MODE_TOKEN + 1 };

enum error_mode {
	ERRORS_PRINTED,		/* -oep, -oem, -oew; without -e */
	ERRORS_QUIET,		/* -oeq: only the exit status */
};

enum delivery_mode {
	DELIVER_NOW,		/* -odi, -odf; without -od */
	DELIVER_BACKGROUND,	/* -odb */
	DELIVER_QUEUE,		/* -odq, -odd */
};

struct options {
	enum mode		 mode;
	enum error_mode		 errors;
	enum delivery_mode	 delivery;
	bool			 from_header;	/* -t */
	bool			 ignore_dots;	/* -i */
	bool			 binary;	/* -B BINARYMIME */
	bool			 verbose;	/* -v */
	bool			 print_version;	/* -d0.1 */
	bool			 requiretls;	/* -O RequireTLS */
	bool			 for_message;	/* an option other than -C and
						 * -o key=value */
	const char		*sender;	/* -f, or NULL; "": the null
						 * sender */
	const char		*full_name;	/* -F, or NULL */
	const char		*envid;		/* -V, or NULL */
	enum dsn_return		 ret;		/* -R */
	unsigned		 notify;	/* -N */
	const char		*queue;		/* the argument of -q */
	const char		*config_file;	/* relais -C, or NULL */
	const char		**overrides;	/* relais -o key=value; ends
						 * with NULL; owned */
	char			**arguments;	/* after the options */
	int			 n_arguments;
	bool			 ignored;	/* an unsafe option was
						 * ignored */
	const char		*warning;	/* about an ignored value, or
						 * NULL */
};

/*
 * Changes .mode if an option or, for relais (administrator), a command selects
 * another one.  Returns false, with why: EX_USAGE.
 */
bool	options_parse(struct options *, int argc, char **argv,
	    bool administrator, struct failure *why);

void	options_free(struct options *);

#endif
