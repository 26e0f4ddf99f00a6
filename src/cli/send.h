/*
 * send.h - submit one message from standard input: -bm, the default, and -bv
 */
#ifndef CLI_SEND_H
#define CLI_SEND_H

#include <stdbool.h>

#include "cli/options.h"
#include "config/config.h"
#include "mail/envelope.h"
#include "util/failure.h"
#include "util/log.h"

/*
 * Sets the reverse-path to the address of -f, with or without a name; NULL
 * leaves it unset.  Returns false, with why, if the address is invalid.
 */
bool	send_set_sender(struct envelope *, const char *sender,
	    struct failure *why);

/*
 * Reads the message, submits it (submit/submit.h) and reports the outcomes.
 * Returns the exit status.
 */
int	send_mail(const struct options *, const struct config *,
	    const struct log *);

/*
 * -bv: prints the envelope that the message would have, and sends nothing.
 * Standard input is read only with -t.
 */
int	send_verify(const struct options *, const struct config *,
	    const struct log *);

#endif
