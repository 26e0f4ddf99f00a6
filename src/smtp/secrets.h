/*
 * secrets.h - our own secrets, struck out of what a server says
 *
 * A server that does not understand a command may repeat it in its reply, and
 * replies end up on terminals, in logs, in the queue and in bounces.  What was
 * said in confidence is remembered here for the rest of the session and
 * masked wherever it comes back: as it was sent, in clear, in base64 at any
 * alignment, in hexadecimal, percent-encoded or with escapes, in capitals or
 * small letters; and any six octets of it, since a reply may be cut or folded.
 *
 * What is remembered is kept under a random pad, so that the memory holds no
 * copy of a secret that has served.
 */
#ifndef SMTP_SECRETS_H
#define SMTP_SECRETS_H

#include <stddef.h>

#include "util/buffer.h"

/* A zeroed one holds nothing, and masks nothing. */
struct secrets {
	struct buffer	forms;		/* each with a newline after it */
	struct buffer	pad;		/* as long */
};

/* A password or a token. */
void	secrets_add(struct secrets *, const char *secret);

/* What was sent: base64, which is masked only as it is. */
void	secrets_add_sent(struct secrets *, const char *base64);

/* Puts "****" in place of each; the text is cut if it gets too long. */
void	secrets_mask(const struct secrets *, char *text, size_t size);

void	secrets_free(struct secrets *);

#endif
