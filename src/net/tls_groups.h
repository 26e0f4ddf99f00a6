/*
 * tls_groups.h - the groups for the key exchange
 */
#ifndef NET_TLS_GROUPS_H
#define NET_TLS_GROUPS_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "util/failure.h"

/*
 * Sets the groups, a list in the syntax of SSL_CTX_set1_groups_list(3).
 * EX_CONFIG with TLS_CAUSE_GROUPS if OpenSSL does not accept the list; the text
 * names the first group that it does not support, and the version of OpenSSL.
 */
bool	tls_groups_use(SSL_CTX *, const char *list, struct failure *why);

#endif
