/*
 * secrets.h - mask our own secrets in the replies of a server
 *
 * A server that does not understand a command may repeat it in its reply, and
 * replies appear on terminals, in logs, in the queue and in bounces.  Passwords
 * and tokens are remembered for the rest of the session and masked in every
 * form: as sent, in clear, in base64 at any alignment, in hexadecimal,
 * percent-encoded or escaped, in upper or lower case; and any six octets of
 * them, since a reply may be truncated or folded.
 *
 * Secrets are stored XORed with a random pad, so that no copy of a secret
 * stays in memory after it has been sent.
 */
#ifndef SMTP_SECRETS_H
#define SMTP_SECRETS_H

#include <stddef.h>

#include "util/buffer.h"

/* A zeroed struct is empty and masks nothing. */
struct secrets {
	struct buffer	forms;		/* each ends with a newline */
	struct buffer	pad;		/* of the same length */
};

/* Adds a password or a token, in all its forms. */
void	secrets_add(struct secrets *, const char *secret);

/* Adds base64 that was sent, which is masked only in this form. */
void	secrets_add_sent(struct secrets *, const char *base64);

/* Replaces each with "****"; the text is truncated if it gets too long. */
void	secrets_mask(const struct secrets *, char *text, size_t size);

void	secrets_free(struct secrets *);

#endif
