/*
 * tls_library.h - initialize OpenSSL; its version and its errors
 */
#ifndef NET_TLS_LIBRARY_H
#define NET_TLS_LIBRARY_H

#include <stdbool.h>

/* Must be called before any other function of OpenSSL; may be repeated. */
bool	tls_library_start(void);

const char *tls_library_version(void);

/* The text of the first error in the error queue. */
const char *tls_library_reason(void);

#endif
