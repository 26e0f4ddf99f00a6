/*
 * certificate.h - certificates for tests, good and bad ones
 *
 * Made on the fly with EC keys on P-256, valid from yesterday until
 * tomorrow unless asked otherwise.
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

#include "support/folder.h"

struct certificate;

struct wish {
	const char	*name;		/* CN; NULL: the first in dns */
	const char	*dns;		/* names, parted by blanks; wildcards;
					 * an '@' becomes a NUL */
	const char	*ip;		/* literals, parted by blanks */
	bool		 no_san;	/* the name stands in the CN alone */
	bool		 ca;		/* may sign others */
	bool		 expired;	/* since yesterday */
	bool		 not_yet;	/* from tomorrow on */
	bool		 for_clients;	/* extendedKeyUsage clientAuth */
};

/* Signed by the issuer (kept by reference), or by itself where NULL. */
struct certificate *certificate_make(struct certificate *issuer,
	    const struct wish *);
void	certificate_free(struct certificate *);

/* PEM files; each returns the path in the folder, as folder_path() does. */
const char *certificate_write(const struct certificate *, struct folder *,
	    const char *name);			/* it alone */
const char *certificate_write_chain(const struct certificate *,
	    struct folder *, const char *name);	/* with intermediates, no root */
const char *certificate_write_key(const struct certificate *,
	    struct folder *, const char *name);
/* Chain, and behind it the key, in one file. */
const char *certificate_write_both(const struct certificate *,
	    struct folder *, const char *name);

/* Adds it to a folder of trust as c_rehash names it; makes the folder. */
const char *certificate_write_hashed(const struct certificate *,
	    struct folder *, const char *name);

/* SHA-256 of the public key in base64, as tls_pin wants it. */
void	certificate_pin(const struct certificate *, char pin[45]);

/*
 * The usual set in a folder: root, intermediate, leaf for localhost,
 * mail.example, 127.0.0.1 and ::1.
 */
struct usual_certificates {
	char	ca[96];			/* PEM bundle: the root */
	char	hashed[96];		/* the same, a hashed folder */
	char	chain[96], key[96];	/* for the server */
	char	pin[45];
};

void	certificate_usual(struct usual_certificates *, struct folder *);

#endif
