/*
 * header_rules.h - header fields that the configuration puts in and takes out
 */
#ifndef SUBMIT_HEADER_RULES_H
#define SUBMIT_HEADER_RULES_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "config/config.h"
#include "config/identity.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "util/failure.h"

/*
 * Hosts that a message may have passed: RFC 5321 section 6.3 demands a limit
 * of at least 100.
 */
enum { RECEIVED_MAX = 100 };

/*
 * header_remove, then header_set, then header_add, each in the order of the
 * file.
 */
void	header_rules_apply(struct message *, const struct config *,
	    const struct config_subject *);

/* X-Original-To, with every forward-path. */
void	header_rules_add_original_to(struct message *, const struct envelope *);

/* EX_UNAVAILABLE for a message in a mail loop: it has passed more hosts. */
bool	header_rules_check_loop(const struct header *, struct failure *why);

/*
 * A Received field (RFC 5321 section 4.4) in front of all others: our name,
 * the user and the time.
 */
void	header_rules_add_received(struct header *, const struct identity *, time_t);

#endif
