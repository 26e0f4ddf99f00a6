/*
 * relais - the name we were called by chooses the role
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/report.h"
#include "cli/sendmail.h"
#include "util/file.h"
#include "util/privilege.h"

static const struct {
	const char	*name;
	int		(*run)(int argc, char **argv);
} roles[] = {
	{ "sendmail",	cli_sendmail },
	{ "send-mail",	cli_sendmail },
	{ "relais",	cli_relais },
	{ "mailq",	cli_mailq },
	{ "newaliases",	cli_newaliases },
	{ "hoststat",	cli_nothing },
	{ "purgestat",	cli_nothing },
	{ "smtpd",	cli_smtpd },
};

/*
 * Some callers close 0, 1 or 2: a socket that took the place of standard
 * output would have a warning written into its SMTP session.
 */
static void
fill_descriptors(void)
{
	int	fd;

	do
		fd = file_nothing();
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd != -1)
		close(fd);
}

/*
 * No password in a core file, and none for another process of this user that
 * would look into our memory.
 */
static void
keep_memory_private(void)
{
	const struct rlimit	none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
#ifdef __linux__
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

static void
keep_no_privilege(void)
{
	if (!privilege_is_raised() || privilege_drop())
		return;
	report_line("can't give up the rights of my set-ID bit; run: chmod "
	    "ug-s on the program");
	_exit(EX_OSERR);
}

int
main(int argc, char **argv)
{
	const char	*slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char	*name = slash != NULL ? slash + 1 :
			    argc > 0 ? argv[0] : "sendmail";
	int		(*run)(int, char **) = cli_sendmail;

	fill_descriptors();
	keep_no_privilege();
	keep_memory_private();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);	/* a queue file too large: EFBIG */
	umask(077);
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		if (strcmp(name, roles[i].name) == 0)
			run = roles[i].run;
	/* Nothing is left to flush; what exit() would tidy up costs more. */
	_exit(run(argc, argv));
}
