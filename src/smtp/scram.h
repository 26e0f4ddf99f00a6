/*
 * scram.h - the client's side of SCRAM (RFC 5802, RFC 7677)
 *
 * Both sides prove that they know the password, and neither sends it.  This
 * is the exchange alone: which digest, which nonce and which channel binding
 * are the caller's choice.
 */
#ifndef SMTP_SCRAM_H
#define SMTP_SCRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "net/tls.h"
#include "util/buffer.h"
#include "util/failure.h"

/*
 * The server chooses how long we compute: a million takes about a second.
 * Servers in use ask for 4096 to some hundred thousand.
 */
enum { SCRAM_ITERATIONS_MAX = 1000000 };

/* Borrowed until scram_free(); user and password have been through saslprep. */
struct scram_options {
	const struct tls_module	*module;
	enum tls_digest		 digest;
	const char		*user;
	const char		*password;
	const char		*nonce;		/* printable, without a comma */
	const unsigned char	*binding;	/* tls-exporter's, of
						 * TLS_BINDING_SIZE octets, or
						 * NULL */
};

enum scram_state {
	SCRAM_STARTED,		/* the server's nonce and salt come next */
	SCRAM_ANSWERED,		/* its signature comes next */
	SCRAM_PROVED,		/* it knows the password */
};

struct scram {
	struct scram_options	 options;
	enum scram_state	 state;
	struct buffer		 transcript;	/* what both sides sign */
	unsigned char		 signature[TLS_DIGEST_MAX];	/* to expect */
	size_t			 signature_len;
};

/* Appends the first message. */
void	scram_start(struct scram *, const struct scram_options *,
	    struct buffer *first);

/*
 * Answers the server's message; its last one is answered with nothing.
 * False with why: EX_PROTOCOL for what is no SCRAM or asks too much,
 * EX_NOPERM for the server's own refusal or a signature that is wrong.
 */
bool	scram_step(struct scram *, const char *message, size_t len,
	    struct buffer *response, struct failure *why);

void	scram_free(struct scram *);	/* wiped */

/* Appends a name with the two characters escaped that end one. */
void	scram_add_name(struct buffer *, const char *name);

#endif
