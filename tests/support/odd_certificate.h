/*
 * odd_certificate.h - certificates as nobody should issue them
 *
 * Every form that there is; certificate.h makes the usual ones of it.
 * A zeroed form is a server's certificate without a name, valid from
 * yesterday for thirty days, with a key on P-256.
 */
#ifndef SUPPORT_ODD_CERTIFICATE_H
#define SUPPORT_ODD_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>

struct evp_pkey_st;
struct x509_st;

struct odd_form {
	const char	*common_name;	/* NULL: an empty subject */
	const char	*dns;		/* subjectAltName, blanks between; an
					 * '@' becomes a NUL */
	const char	*ip;		/* addresses for it, blanks between */
	bool		 authority;
	int		 from_day;	/* counted from today; both 0: -1 */
	int		 to_day;	/* and 30 */
	int		 rsa_bits;	/* 0: P-256 */
	const char	*key_usage;	/* or NULL: none */
	const char	*usage;		/* extendedKeyUsage, or NULL: none */
	const char	*digest;	/* NULL: SHA-256 */
	const char	*issuer_name;	/* to be written, if not the issuer's
					 * own common name */
};

struct odd_certificate {
	struct x509_st		*x;	/* owned */
	struct evp_pkey_st	*key;	/* owned */
};

/* Signed by issuer, or by itself. */
void	odd_make(struct odd_certificate *, const struct odd_form *,
	    const struct odd_certificate *issuer);

enum { ODD_KEY = 1, ODD_APPEND = 2 };

/* As PEM into that file (mode 0600), with the key behind it if asked for. */
void	odd_write(const struct odd_certificate *, const char *path,
	    int flags);

/* The key alone. */
void	odd_write_key(const struct odd_certificate *, const char *path,
	    int flags);

/* As PEM into that folder, under the hash of its subject. */
void	odd_write_hashed(const struct odd_certificate *,
	    const char *folder);

/* "sha256//...", the pin of its key; to be freed. */
char	*odd_pin(const struct odd_certificate *);

void	odd_free(struct odd_certificate *);

#endif
