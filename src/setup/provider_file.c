#include "setup/oauth_provider.h"
#include "setup/provider.h"

/* Compiled a second time for the installed program (Makefile). */
const char *
provider_file(void)
{
	return PROVIDERS;
}

const char *
oauth_provider_file(void)
{
	return OAUTH_PROVIDERS;
}
