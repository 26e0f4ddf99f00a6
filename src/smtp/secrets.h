/*
 * secrets.h - mask our own secrets in the replies of a server
 *
 * A server that does not recognize a command may repeat it in its reply, and
 * replies appear on terminals, in logs, in the queue and in bounces.  For the
 * rest of the session, passwords and tokens are masked in every form: as sent,
 * in clear text, in base64 at any alignment, in hexadecimal, percent-encoded or
 * escaped, in upper or lower case.  Since a reply may be truncated or folded,
 * any six consecutive octets of these forms are masked.
 *
 * Secrets are stored XORed with a random pad, so that memory contains no copy
 * of a secret after the secret has been sent.
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

/* Adds base64 that is sent or expected; only this form is masked. */
void	secrets_add_sent(struct secrets *, const char *base64);

/*
 * Replaces each secret with "****".  The text is truncated if it becomes longer
 * than its buffer.
 */
void	secrets_mask(const struct secrets *, char *text, size_t size);

void	secrets_free(struct secrets *);

#endif
