/*
 * certificate.h - certificates to order, good ones and bad ones
 *
 * A zeroed form is a server's certificate without a name, valid from
 * yesterday for thirty days, with a key on P-256.
 */
#ifndef SUPPORT_CERTIFICATE_H
#define SUPPORT_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>

struct evp_pkey_st;
struct x509_st;

struct certificate_form {
	const char	*common_name;	/* NULL: an empty subject */
	const char	*dns;		/* subjectAltName, blanks between; an
					 * '@' becomes a NUL */
	const char	*ip;		/* one address for subjectAltName */
	bool		 authority;
	int		 from_day;	/* counted from today; both 0: -1 */
	int		 to_day;	/* and 30 */
	int		 rsa_bits;	/* 0: P-256 */
	const char	*usage;		/* extendedKeyUsage, or NULL: none */
	const char	*digest;	/* NULL: SHA-256 */
	const char	*issuer_name;	/* to be written, if not the issuer's
					 * own common name */
};

struct certificate {
	struct x509_st		*x;	/* owned */
	struct evp_pkey_st	*key;	/* owned */
};

/* Signed by issuer, or by itself. */
void	certificate_make(struct certificate *, const struct certificate_form *,
	    const struct certificate *issuer);

enum { CERTIFICATE_KEY = 1, CERTIFICATE_APPEND = 2 };

/* As PEM into that file (mode 0600), with the key behind it if asked for. */
void	certificate_write(const struct certificate *, const char *path,
	    int flags);

/* The key alone. */
void	certificate_write_key(const struct certificate *, const char *path);

/* As PEM into that folder, under the hash of its subject. */
void	certificate_write_hashed(const struct certificate *,
	    const char *folder);

/* "sha256//...", the pin of its key; to be freed. */
char	*certificate_pin(const struct certificate *);

void	certificate_free(struct certificate *);

#endif
