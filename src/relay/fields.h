/*
 * fields.h - header fields that the configuration puts in and takes out
 */
#ifndef RELAY_FIELDS_H
#define RELAY_FIELDS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "config/config.h"
#include "config/identity.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "util/failure.h"

enum { RECEIVED_MAX = 50 };	/* hosts that a message may have passed */

/*
 * header_remove, then header_set, then header_add, each in the order of the
 * file.
 */
void	fields_edit(struct message *, const struct config *,
	    const struct config_subject *);

/* X-Original-To, with every forward-path. */
void	fields_keep_recipients(struct message *, const struct envelope *);

/* RFC 5321 section 6.3: EX_UNAVAILABLE for a message that goes in circles. */
bool	fields_check_loop(const struct header *, struct failure *why);

/*
 * A Received field (RFC 5321 section 4.4) in front of all others: our name,
 * the user and the time.
 */
void	fields_add_received(struct header *, const struct identity *, time_t);

#endif
