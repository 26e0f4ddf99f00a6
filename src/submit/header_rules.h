/*
 * header_rules.h - add and remove header fields according to the configuration,
 * and handle trace fields
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
 * A message with more Received fields is in a mail loop; RFC 5321 section 6.3
 * requires a limit of at least 100.
 */
enum { RECEIVED_MAX = 100 };

/*
 * Applies the keys header_remove, header_set and header_add, in this order, and
 * the lines of each key in the order of the file.
 */
void	header_rules_apply(struct message *, const struct config *,
	    const struct config_subject *);

/* Adds X-Original-To with every forward-path, for redirect_all. */
void	header_rules_add_original_to(struct message *, const struct envelope *);

/* Returns false, with why (EX_UNAVAILABLE), if there is a mail loop. */
bool	header_rules_check_loop(const struct header *, struct failure *why);

/*
 * Adds a Received field (RFC 5321 section 4.4) at the top, with the host, the
 * user and the time.
 */
void	header_rules_add_received(struct header *, const struct identity *,
	    time_t);

#endif
