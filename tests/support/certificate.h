/*
 * certificate.h - make certificates for tests, ordinary and invalid ones
 *
 * A zeroed form describes a server certificate without a name, with a P-256
 * key, and valid from yesterday for thirty days.  Any error ends the test
 * program.
 *
 *	struct certificate root, leaf;
 *
 *	certificate_make(&root, &(struct certificate_form){
 *	    .common_name = "Test root", .authority = true }, NULL);
 *	certificate_make(&leaf, &(struct certificate_form){
 *	    .dns = "mail.example", .ip = "127.0.0.1" }, &root);
 */
#ifndef SUPPORT_CERTIFICATE_H
#define SUPPORT_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>

#include "support/temp_dir.h"

struct evp_pkey_st;
struct x509_st;

struct certificate_form {
	const char	*common_name;	/* NULL: an empty subject */
	const char	*dns;		/* subjectAltName, separated by blanks;
					 * '@' is replaced by NUL */
	const char	*ip;		/* addresses, separated by blanks */
	bool		 authority;	/* a CA certificate */
	int		 from_day;	/* relative to today; if both are 0, */
	int		 to_day;	/* from -1 to 30 */
	int		 rsa_bits;	/* 0: P-256 */
	bool		 ed25519;	/* the key, and that of its issuer */
	const char	*key_usage;	/* or NULL: none */
	const char	*usage;		/* extendedKeyUsage, or NULL: none */
	const char	*digest;	/* NULL: SHA-256 */
	const char	*issuer_name;	/* if it differs from the issuer's
					 * common name */
};

struct certificate {
	struct x509_st		*x;	/* owned */
	struct evp_pkey_st	*key;	/* owned */
	const struct certificate *issuer;	/* NULL: itself */
};

/* Signed by issuer, which must outlive it, or self-signed if it is NULL. */
void	certificate_make(struct certificate *, const struct certificate_form *,
	    const struct certificate *issuer);
void	certificate_free(struct certificate *);

enum {
	CERTIFICATE_APPEND = 1,
	CERTIFICATE_CHAIN = 2,	/* add the intermediate certificates */
	CERTIFICATE_KEY = 4,	/* add the key */
};

/* Each writes PEM to a file (mode 0600), and returns the path. */
const char *certificate_write(const struct certificate *, const char *path,
	    int flags);
const char *certificate_write_key(const struct certificate *,
	    const char *path, int flags);

/*
 * Writes PEM to a directory, which is created if it does not exist, to a file
 * named by the hash of the subject.
 */
void	certificate_write_hashed(const struct certificate *, const char *dir);

/* "sha256//...", the value of tls_pin; freed by the caller. */
char	*certificate_pin(const struct certificate *);

/*
 * The standard set: root, intermediate, and a server certificate for
 * localhost, mail.example, 127.0.0.1 and ::1.
 */
struct usual_certificates {
	char	ca[96];			/* PEM bundle: the root */
	char	hashed[96];		/* hashed directory with the root */
	char	chain[96], key[96];	/* for the server */
	char	pin[45];		/* without "sha256//" */
};

void	certificate_usual(struct usual_certificates *, struct temp_dir *);

#endif
