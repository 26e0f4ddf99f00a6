/*
 * tls_module.h - the one name that tls.so exports
 *
 * The number in it goes up whenever struct tls_module or what it uses
 * changes its shape, so a module of another version is not found, instead of
 * misunderstood.
 */
#ifndef NET_TLS_MODULE_H
#define NET_TLS_MODULE_H

#include "net/tls.h"

#define TLS_MODULE_SYMBOL	relais_tls_1
#define TLS_MODULE_NAME		"relais_tls_1"

extern const struct tls_module TLS_MODULE_SYMBOL
    __attribute__((visibility("default")));

#endif
