/*
 * prepare.h - prepare a message and its envelope for sending
 *
 * Applies the keys about recipients, senders and header fields to new messages
 * (submit/submit.h) and to bounces.  Every message is prepared once, before it
 * is sent or queued.
 *
 * The message is given as it was read.  The paths of the given envelope were
 * written by address_write() and may be bare or local names.  If no
 * reverse-path was given, it is NULL; "" is the null sender.
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
#include "submit/sender.h"
#include "util/failure.h"

/*
 * The settings and rules by which a message was prepared.  The settings are
 * borrowed, or NULL.
 */
struct prepare_origins {
	char			*subject;	/* owned; the address that
						 * selects sections [from] */
	const struct setting	*redirect;	/* redirect_all */
	const struct setting	*bcc;		/* always_bcc */
	const struct setting	*from;		/* even if it has no effect */
	const struct setting	*from_mode;
	enum sender_rule	 path_rule;	/* of the reverse-path */
	enum sender_rule	 field_rule;	/* of the field From */
};

void	prepare_origins_free(struct prepare_origins *);

/* All pointers are borrowed. */
struct prepare_options {
	const struct config	*config;
	const struct identity	*me;		/* the user who submits */
	struct local_names	*local_names;	/* of the same configuration */
	const char		*full_name;	/* for a From field that is
						 * added; NULL: from .me */
	bool			 from_header;	/* -t: add the recipients in
						 * the header */
	unsigned		 notify;	/* NOTIFY of these recipients */
	bool			 bad_from_header; /* only elements of the
						 * header's recipient fields
						 * that are not addresses are
						 * added: they fail */
	const char		*about;		/* of a bounce: the reverse-path
						 * of the message that failed;
						 * its redirect_all applies,
						 * too; or NULL */
	struct expand_map	*map;		/* to fill in; repeated given
						 * forward-paths are kept until
						 * they are expanded; or NULL */
	struct prepare_origins	*origins;	/* to fill in; or NULL */
};

/*
 * Makes the envelope and the message ready to be sent: expands the recipients
 * (submit/expand.h), sets the reverse-path (submit/sender.h), and edits and
 * completes the header.  NOTIFY and ORCPT are kept.
 *
 * *outcomes, freed by the caller, has one element for each forward-path:
 * OUTCOME_WAITING, or OUTCOME_FAILED for a local name that cannot be resolved
 * and for a recipient in the header that is not an address.
 *
 * Returns false, with why, if nothing can be sent: EX_USAGE (no recipients, or
 * too many), the status of the first failure if all recipients fail
 * (EX_DATAERR, EX_NOUSER, EX_CONFIG, EX_NOPERM), or EX_UNAVAILABLE (a mail
 * loop).  The envelope and the message must then be freed.
 */
bool	prepare_message(const struct prepare_options *, struct envelope *,
	    struct message *, struct outcome **outcomes, struct failure *why);

/*
 * Checks a forward-path before the message is known.  Returns false, with why,
 * if it is a local name that cannot be resolved, unless redirect_all applies
 * to the reverse-path.
 */
bool	prepare_recipient(const struct prepare_options *,
	    const char *reverse_path, const struct address *,
	    struct failure *why);

#endif
