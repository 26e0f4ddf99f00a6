/*
 * tls_library.h - OpenSSL as a whole: its start, its version, its complaints
 */
#ifndef NET_TLS_LIBRARY_H
#define NET_TLS_LIBRARY_H

#include <stdbool.h>

/* Before any other call into OpenSSL; may be repeated. */
bool	tls_library_start(void);

const char *tls_library_version(void);

/* The first complaint since the queue was cleared, in OpenSSL's words. */
const char *tls_library_reason(void);

#endif
