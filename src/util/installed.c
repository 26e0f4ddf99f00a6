#include "util/installed.h"

/* Compiled a second time for the installed programs (Makefile). */

const char *
installed_tls_module(void)
{
	return TLS_MODULE;
}

const char *
installed_relais_token(void)
{
	return TOKEN_PROGRAM;
}

const char *
installed_relais(void)
{
	return RELAIS_PROGRAM;
}

const char *
installed_providers(void)
{
	return PROVIDERS;
}

const char *
installed_oauth_providers(void)
{
	return OAUTH_PROVIDERS;
}
