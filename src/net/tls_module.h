/*
 * tls_module.h - the only symbol that tls.so exports
 *
 * The number in its name must be increased whenever struct tls_module, or a
 * type that it uses, changes, so that a module of another version is refused.
 */
#ifndef NET_TLS_MODULE_H
#define NET_TLS_MODULE_H

#include "net/tls.h"

#define TLS_MODULE_SYMBOL	relais_tls_4
#define TLS_MODULE_NAME		"relais_tls_4"

extern const struct tls_module TLS_MODULE_SYMBOL
    __attribute__((visibility("default")));

#endif
