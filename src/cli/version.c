#include "cli/version.h"

#include <stdio.h>
#include <sysexits.h>

int
print_version(void)
{
	puts("relais " VERSION);
	return EX_OK;
}

int
print_help(void)
{
	puts("usage: sendmail [-itv] [-F name] [-f address] [-B type] [-o x] "
	    "[--] [recipient ...]\n"
	    "       mailq | newaliases\n"
	    "       relais [-C file] [-o key=value] and everything of "
	    "sendmail\n"
	    "A message is read from standard input. See sendmail(8), "
	    "relais(8), relais.conf(5).");
	return EX_OK;
}
