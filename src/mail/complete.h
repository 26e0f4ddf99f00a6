/*
 * complete.h - add required header fields and remove forbidden ones
 *
 * Added: Date and Message-ID if missing or without a value; From if missing; To
 * with an empty group if To and Cc are missing (RFC 5322 section 3.6).  If the
 * message is resent, missing Resent-Date, Resent-From and Resent-Message-ID
 * fields of its first block of Resent- fields are added at the beginning.
 *
 * Removed: Bcc, Resent-Bcc, Return-Path, Content-Length and Apparently-To; and
 * To, Cc, Reply-To and their Resent- forms if they contain neither an address
 * nor a group.
 */
#ifndef MAIL_COMPLETE_H
#define MAIL_COMPLETE_H

#include <stdbool.h>
#include <time.h>

#include "mail/header.h"
#include "util/buffer.h"

struct completion {
	time_t		 now;
	const char	*from;		/* addr-spec of a new From */
	const char	*name;		/* its display name, or NULL */
	const char	*id_domain;	/* domain of a new Message-ID */
};

void	header_complete(struct header *, const struct completion *);

/* Whether the header has a Resent- field (RFC 5322 section 3.6.6). */
bool	header_is_resent(const struct header *);

/* Appends "Sat, 21 Nov 2026 22:04:16 +0000" (RFC 5322 section 3.3). */
void	date_write(struct buffer *, time_t);

/* Appends "<time.random@domain>", with the domain in ASCII. */
void	message_id_write(struct buffer *, time_t, const char *domain);

#endif
