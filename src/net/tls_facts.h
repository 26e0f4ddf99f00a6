/*
 * tls_facts.h - facts about an established TLS session
 */
#ifndef NET_TLS_FACTS_H
#define NET_TLS_FACTS_H

#include <openssl/ssl.h>

#include "net/tls.h"

/* Copies the name of the group of the key exchange, or "". */
void	tls_facts_group(char *to, size_t size, SSL *);

/* Fills in all but .verified and .pinned. */
void	tls_facts_fill(struct tls_facts *, SSL *);

/* Only the expiry of the server's certificate; 0: unknown.  Cheap. */
int64_t	tls_facts_expiry(const SSL *);

#endif
