/*
 * storm_rule.h - decide whether a new message is collected for a digest
 *
 * Applies the key storm.  A message is counted if it has a sender; bounces have
 * none.  A message beyond the limit is collected, unless it is large, has a
 * promise to keep (REQUIRETLS, RFC 8689), or asks for reports (DSN, RFC 3461),
 * which would be about the digest.
 */
#ifndef SUBMIT_STORM_RULE_H
#define SUBMIT_STORM_RULE_H

#include <stdint.h>

#include "config/config.h"
#include "config/identity.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "queue/spool.h"
#include "util/log.h"

/* A message that is ready to be sent.  All pointers are borrowed. */
struct storm_rule {
	const struct config	*config;
	const struct identity	*me;
	const struct log	*log;
	struct spool		*spool;
	const struct envelope	*envelope;
	const struct message	*message;
	struct outcome		*outcomes;
	uint32_t		 uid;
	char			 reason[200];	/* set if the message is
						 * collected */
};

/*
 * Counts the message.  If it is to be collected, defers the forward-paths whose
 * outcome is OUTCOME_WAITING, with the reason, and returns when the digest is
 * due.  Otherwise, or if the message cannot be counted, returns 0.
 */
int64_t	storm_rule_apply(struct storm_rule *, int64_t now);

#endif
