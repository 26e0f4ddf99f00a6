/*
 * certificate.h - certificates for tests
 *
 * They have P-256 keys and are valid from yesterday until tomorrow unless the
 * caller asks for something else.  For unusual contents, see
 * odd_certificate.h.
 *
 *	struct certificate *root = certificate_make(NULL,
 *	    &(struct wish){ .name = "Test root", .ca = true });
 *	struct certificate *leaf = certificate_make(root,
 *	    &(struct wish){ .dns = "mail.example", .ip = "127.0.0.1" });
 */
#ifndef SUPPORT_CERTIFICATE_H
#define SUPPORT_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>

#include "support/temp_dir.h"

struct certificate;

struct wish {
	const char	*name;		/* CN; NULL: the first of dns */
	const char	*dns;		/* names, separated by blanks; '@' is
					 * replaced by NUL */
	const char	*ip;		/* addresses, separated by blanks */
	bool		 no_san;	/* the name is only in the CN */
	bool		 ca;		/* a CA certificate */
	bool		 expired;	/* since yesterday */
	bool		 not_yet;	/* from tomorrow on */
	bool		 for_clients;	/* extendedKeyUsage clientAuth */
};

/* Signed by the issuer, which must outlive it, or self-signed if NULL. */
struct certificate *certificate_make(struct certificate *issuer,
	    const struct wish *);
void	certificate_free(struct certificate *);

/* Each writes a PEM file and returns temp_dir_path(). */
const char *certificate_write(const struct certificate *, struct temp_dir *,
	    const char *name);			/* no others */
const char *certificate_write_chain(const struct certificate *,
	    struct temp_dir *, const char *name);	/* with intermediates */
const char *certificate_write_key(const struct certificate *,
	    struct temp_dir *, const char *name);
/* The chain, followed by the key. */
const char *certificate_write_both(const struct certificate *,
	    struct temp_dir *, const char *name);

/* Adds it to a hashed directory, which is created if it does not exist. */
const char *certificate_write_hashed(const struct certificate *,
	    struct temp_dir *, const char *name);

/* SHA-256 of the public key in base64, as in tls_pin. */
void	certificate_pin(const struct certificate *, char pin[45]);

/*
 * The standard set: root, intermediate, and a server certificate for
 * localhost, mail.example, 127.0.0.1 and ::1.
 */
struct usual_certificates {
	char	ca[96];			/* PEM bundle: the root */
	char	hashed[96];		/* hashed directory with the root */
	char	chain[96], key[96];	/* for the server */
	char	pin[45];
};

void	certificate_usual(struct usual_certificates *, struct temp_dir *);

#endif
