/*
 * main.c - select the mode from the name that relais was called by
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/report.h"
#include "util/privilege.h"

struct name {
	const char	*name;
	enum mode	 mode;
	bool		 administrator;		/* accepts commands and -C */
	bool		 no_arguments;		/* ignores its arguments */
};

/* The first one is used for a name that is not in the list. */
static const struct name names[] = {
	{ "sendmail",	MODE_DELIVER, false, false },
	{ "send-mail",	MODE_DELIVER, false, false },
	{ "relais",	MODE_DELIVER, true, false },
	{ "mailq",	MODE_LIST, false, false },
	{ "postqueue",	MODE_POSTQUEUE, false, false },
	{ "newaliases",	MODE_ALIASES, false, false },
	{ "hoststat",	MODE_NOTHING, false, true },
	{ "purgestat",	MODE_NOTHING, false, true },
	{ "smtpd",	MODE_NO_DAEMON, false, true },
};

int
main(int argc, char **argv)
{
	const char	*slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char	*called = slash != NULL ? slash + 1 :
			    argc > 0 ? argv[0] : "sendmail";
	const struct name *name = &names[0];

	if (!privilege_begin()) {
		report_line("cannot drop set-user-ID or set-group-ID "
		    "privileges; run: chmod ug-s on the program");
		_exit(EX_OSERR);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(called, names[i].name) == 0)
			name = &names[i];
	/* All output has been flushed, and exit(3) would take longer. */
	_exit(cli_run(name->no_arguments ? 1 : argc, argv, name->mode,
	    name->administrator));
}
