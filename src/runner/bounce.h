/*
 * bounce.h - a delivery status notification (RFC 3464)
 *
 * Reports to the sender which forward-paths failed and why: in plain text,
 * as message/delivery-status, and with the original message or its header.  It
 * has the null sender, so it does not cause a bounce.  It is like a message
 * from a program: it must pass through submit/prepare.h before it is queued.
 */
#ifndef RUNNER_BOUNCE_H
#define RUNNER_BOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/identity.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "queue/entry.h"
#include "util/failure.h"

struct bounce {
	struct envelope	envelope;
	struct message	message;
};

/*
 * Whether there is a failure to report (NOTIFY, RFC 3461 section 4.1) and a
 * sender that no bounce has been sent to.
 */
bool	bounce_is_due(const struct envelope_file *);

/*
 * Makes the bounce for the failed forward-paths of an entry, whose message must
 * be loaded.  Returns false, with why, if the message cannot be read (EX_IOERR)
 * or the bounce cannot be stored (EX_CANTCREAT).  Call bounce_free() in any
 * case.
 */
bool	bounce_make(struct bounce *, const struct entry *,
	    const struct identity *me, int64_t now, struct failure *why);

void	bounce_free(struct bounce *);

#endif
