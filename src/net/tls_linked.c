/*
 * tls_linked.c - replaces tls_load.c for TLS=linked
 */
#include "net/tls_module.h"

#include <openssl/opensslv.h>
#include <stddef.h>

const struct tls_module *
tls_load(struct failure *why)
{
	(void)why;
	return &TLS_MODULE_SYMBOL;
}

const char *
tls_built_with(void)
{
	return OPENSSL_VERSION_TEXT;
}

const char *
tls_module_path(void)
{
	return NULL;
}
