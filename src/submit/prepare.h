/*
 * prepare.h - what may be sent, made of what a caller wants to send
 *
 * The one place where the configuration's rules about senders, recipients
 * and header fields are applied, whoever the caller is: a command line, an
 * SMTP session, the queue with a bounce.  No road to the smarthost or into the
 * queue map past it.
 *
 * What goes in is what was said, and not yet judged: a message as it was read,
 * and an envelope whose paths come from address_write() but may be bare names
 * and local ones.  A reverse-path that is NULL was not said, "" is the null
 * path.  Notices and ORCPT of forward-paths are kept.
 */
#ifndef SUBMIT_PREPARE_H
#define SUBMIT_PREPARE_H

#include <stdbool.h>

#include "config/config.h"
#include "config/identity.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "submit/expand.h"
#include "submit/local_names.h"
#include "util/failure.h"

struct prepare_options {
	const struct config	*config;	/* borrowed, like all here */
	const struct identity	*me;		/* whose message it is */
	struct local_names	*local_names;	/* where local names lead; one
						 * for all messages reads the
						 * aliases once */
	const char		*full_name;	/* for a From of our own; NULL:
						 * the identity's */
	bool			 from_header;	/* take recipients from there,
						 * too (-t), with these */
	unsigned		 notify;	/* notices */
	const char		*about;		/* of a bounce: the reverse-path
						 * of the message that failed,
						 * whose redirect_all applies,
						 * too; or NULL */
	struct expand_map		*map;		/* filled where it is not NULL:
						 * where the forward-paths led,
						 * in the order they came in */
};

/*
 * Turns both into what is to be sent.  *outcomes, to be freed by the caller,
 * has an element for each forward-path: OUTCOME_WAITING, or OUTCOME_FAILED
 * for a local name that map nowhere and for a recipient in the header that
 * is not an address, so that it may be handed to deliver().
 *
 * False where nothing at all may be sent, with the exit status: no recipient
 * or too many (EX_USAGE), only recipients in the header that are not addresses
 * (EX_DATAERR) or local names that lead nowhere (EX_NOUSER, EX_CONFIG; the
 * first of them decides), a message that is in a mail loop (EX_UNAVAILABLE).
 * The envelope and the message are then good for nothing but to be freed.
 */
bool	prepare_message(const struct prepare_options *, struct envelope *,
	    struct message *, struct outcome **outcomes, struct failure *why);

/*
 * Will a forward-path lead somewhere?  For those that have to say so before
 * there is a message.
 */
bool	prepare_recipient(const struct prepare_options *, const struct address *,
	    struct failure *why);

#endif
