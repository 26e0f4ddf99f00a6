/*
 * complete.h - what every message must carry, and what none may
 *
 * Added where missing: Date, Message-ID (one without a value is none), From,
 * and an empty group in To where there is no destination field (RFC 5322
 * section 3.6).  A message that is resent gets what its first resent block
 * lacks of Resent-Date, Resent-From and Resent-Message-ID in front.  Removed:
 * Bcc and Resent-Bcc, always; Return-Path, Content-Length and Apparently-To;
 * To, Cc, Reply-To and their Resent- forms without an address or a group.
 */
#ifndef MAIL_COMPLETE_H
#define MAIL_COMPLETE_H

#include <stdbool.h>
#include <time.h>

#include "mail/header.h"
#include "util/buffer.h"

struct completion {
	time_t		 now;
	const char	*from;		/* addr-spec for a From of our own */
	const char	*name;		/* the person's name, or NULL */
	const char	*id_domain;	/* what Message-IDs end with */
};

void	header_complete(struct header *, const struct completion *);

/* True if a field of a resent block is there (RFC 5322 section 3.6.6). */
bool	header_is_resent(const struct header *);

/* "Sat, 21 Nov 2026 22:04:16 +0000" (RFC 5322 section 3.3). */
void	date_write(struct buffer *, time_t);

/* "<time.random@domain>", the domain in ASCII: an identifier is no text. */
void	message_id_write(struct buffer *, time_t, const char *domain);

#endif
