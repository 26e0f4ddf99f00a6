/*
 * digest.h - one message that contains others (RFC 2046 section 5.1.5)
 *
 * The first part is a summary: how many messages, from when to when, and their
 * subjects.  The second part is a multipart/digest with the messages, each of
 * which is unchanged.
 *
 * The field To contains only addresses that are in To or Cc of every message:
 * the recipients of a message are also those of the digest, and a recipient who
 * is hidden in one of them (Bcc) must stay hidden.
 */
#ifndef SUBMIT_DIGEST_H
#define SUBMIT_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "config/identity.h"
#include "mail/message.h"
#include "queue/entry.h"
#include "queue/spool.h"
#include "util/failure.h"

/* All pointers are borrowed. */
struct digest_options {
	const struct config	*config;
	const struct identity	*me;		/* the user who submitted the
						 * messages */
	const struct spool	*spool;		/* for a large digest */
	const struct entry	*const *member;	/* with their messages, in order
						 * of their arrival; with the
						 * same reverse-path */
	size_t			 n;		/* at least 1 */
	int64_t			 now;
};

/*
 * Makes the digest, complete and ready to be sent.  Returns false, with why, if
 * a message cannot be read (EX_IOERR) or the digest cannot be stored
 * (EX_CANTCREAT).  Call message_free() in any case.
 */
bool	digest_make(struct message *, const struct digest_options *,
	    struct failure *why);

#endif
