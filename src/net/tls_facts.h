/*
 * tls_facts.h - facts about an established TLS session
 */
#ifndef NET_TLS_FACTS_H
#define NET_TLS_FACTS_H

#include <openssl/ssl.h>

#include "net/tls.h"

/* Fills in all but .verified and .pinned. */
void	tls_facts_fill(struct tls_facts *, SSL *);

#endif
