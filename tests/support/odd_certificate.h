/*
 * odd_certificate.h - certificates with unusual or invalid contents
 *
 * certificate.h uses this to make ordinary certificates.  A zeroed form is a
 * server certificate without a name, valid from yesterday for thirty days,
 * with a P-256 key.
 */
#ifndef SUPPORT_ODD_CERTIFICATE_H
#define SUPPORT_ODD_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>

struct evp_pkey_st;
struct x509_st;

struct odd_form {
	const char	*common_name;	/* NULL: an empty subject */
	const char	*dns;		/* subjectAltName, separated by blanks;
					 * '@' is replaced by NUL */
	const char	*ip;		/* addresses, separated by blanks */
	bool		 authority;
	int		 from_day;	/* relative to today; if both are 0, */
	int		 to_day;	/* from -1 to 30 */
	int		 rsa_bits;	/* 0: P-256 */
	const char	*key_usage;	/* or NULL: none */
	const char	*usage;		/* extendedKeyUsage, or NULL: none */
	const char	*digest;	/* NULL: SHA-256 */
	const char	*issuer_name;	/* if it differs from the issuer's
					 * common name */
};

struct odd_certificate {
	struct x509_st		*x;	/* owned */
	struct evp_pkey_st	*key;	/* owned */
};

/* Signed by issuer, or self-signed if issuer is NULL. */
void	odd_make(struct odd_certificate *, const struct odd_form *,
	    const struct odd_certificate *issuer);

enum { ODD_KEY = 1, ODD_APPEND = 2 };

/* Writes PEM to a file (mode 0600), followed by the key with ODD_KEY. */
void	odd_write(const struct odd_certificate *, const char *path,
	    int flags);

/* Writes only the key. */
void	odd_write_key(const struct odd_certificate *, const char *path,
	    int flags);

/* Writes PEM to a directory, named by the hash of the subject. */
void	odd_write_hashed(const struct odd_certificate *,
	    const char *dir);

/* "sha256//...", the pin of the key; freed by the caller. */
char	*odd_pin(const struct odd_certificate *);

void	odd_free(struct odd_certificate *);

#endif
