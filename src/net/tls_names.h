/*
 * tls_names.h - the names in a certificate, as text
 *
 * The text is made visible (util/visible.h) and truncated.
 */
#ifndef NET_TLS_NAMES_H
#define NET_TLS_NAMES_H

#include <stddef.h>

#include <openssl/x509.h>

/* Writes a subject or an issuer: "O=Example + CN=smtp.example.org". */
void	tls_name_text(char *to, size_t size, const X509_NAME *);

/*
 * Writes the host names and addresses of a certificate (subjectAltName),
 * "a, b and 3 more"; returns their number.  Empty names are left out.
 */
size_t	tls_names_text(char *to, size_t size, X509 *);

#endif
