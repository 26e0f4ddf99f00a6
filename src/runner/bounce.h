/*
 * bounce.h - a delivery status notification (RFC 3464)
 *
 * Tells whoever sent a message which of its forward-paths were given up, and
 * why: in plain words, then for programs, then by the message itself or its
 * header.  It comes from the null path, so nothing answers it.  It is as raw
 * as a message from a program: submit/prepare.h makes it one that can be sent.
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
 * There is somebody to tell, who wants to be told (RFC 3461 section 4.1) and
 * was not told before.
 */
bool	bounce_is_due(const struct envelope_file *);

/*
 * About the forward-paths that failed; the entry's message must be loaded.
 * False with EX_IOERR or EX_CANTCREAT; bounce_free() in any case.
 */
bool	bounce_make(struct bounce *, const struct entry *,
	    const struct identity *me, int64_t now, struct failure *why);

void	bounce_free(struct bounce *);

#endif
