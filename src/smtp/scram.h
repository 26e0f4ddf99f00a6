/*
 * scram.h - the client side of SCRAM (RFC 5802, RFC 7677)
 *
 * Client and server prove that they know the password without sending it.  The
 * caller chooses the digest, the nonce and the channel binding.
 */
#ifndef SMTP_SCRAM_H
#define SMTP_SCRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "net/tls.h"
#include "util/buffer.h"
#include "util/failure.h"

/*
 * The server chooses the number of iterations, usually 4096 to several hundred
 * thousand.  A million take about a second.
 */
enum {
	SCRAM_ITERATIONS_MAX = 1000000,
	SCRAM_ITERATIONS_MIN = 4096,	/* without TLS: an attacker who acts
					 * as the server can test guesses of
					 * the password, faster with fewer
					 * iterations; 4096 is the usual
					 * minimum */
	SCRAM_NONCE_MAX = 1000,		/* octets; the usual length is 50 */
};

/* Borrowed until scram_free(); user and password are prepared by saslprep. */
struct scram_options {
	const struct tls_module	*module;
	enum tls_digest		 digest;
	const char		*user;
	const char		*password;
	const char		*nonce;		/* printable, without a comma */
	const char		*binding;	/* the type of the channel
						 * binding, such as
						 * "tls-exporter"; NULL: none */
	const unsigned char	*binding_data;
	size_t			 binding_len;
	bool			 unoffered;	/* we support channel binding,
						 * but the server does not */
	bool			 in_clear;	/* without TLS */
};

enum scram_state {
	SCRAM_STARTED,		/* next: the server's nonce and salt */
	SCRAM_ANSWERED,		/* next: the server's signature */
	SCRAM_PROVED,		/* the server knows the password */
	SCRAM_REFUSED,		/* the server has reported an error */
};

struct scram {
	struct scram_options	 options;
	enum scram_state	 state;
	struct buffer		 transcript;	/* AuthMessage */
	unsigned char		 signature[TLS_DIGEST_MAX];	/* expected */
	size_t			 signature_len;
	char			 error[100];	/* that the server reported,
						 * made visible, or "" */
};

/* Appends the first message. */
void	scram_start(struct scram *, const struct scram_options *,
	    struct buffer *first);

/*
 * Appends the response to a message of the server, which is empty after the
 * final message or an error.  Returns false with why: EX_PROTOCOL if the
 * message is invalid or requires too many iterations, EX_NOPERM if the server's
 * signature is wrong.
 */
bool	scram_step(struct scram *, const char *message, size_t len,
	    struct buffer *response, struct failure *why);

void	scram_free(struct scram *);	/* wipes the secrets */

/* Appends a name; "," and "=" are escaped (RFC 5802 section 5.1). */
void	scram_add_name(struct buffer *, const char *name);

#endif
