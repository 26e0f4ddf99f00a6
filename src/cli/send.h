/*
 * send.h - one message from standard input to the smarthost
 */
#ifndef CLI_SEND_H
#define CLI_SEND_H

#include "cli/options.h"
#include "config/config.h"
#include "util/log.h"

/* Reads, completes, hands over, reports; returns the exit status. */
int	send_mail(const struct options *, const struct config *,
	    const struct log *);

/*
 * -bv: prints what the envelope would be, and sends nothing.  Standard input
 * is read only where it has recipients (-t).
 */
int	send_verify(const struct options *, const struct config *,
	    const struct log *);

#endif
