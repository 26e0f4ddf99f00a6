#include "setup/provider.h"

/* Compiled a second time for the installed program (Makefile). */
const char *
provider_file(void)
{
	return PROVIDERS;
}
