/*
 * smtp_stdio.h - sendmail -bs: an SMTP session on standard input and output
 *
 * Options that apply to one message have no effect.
 */
#ifndef CLI_SMTP_STDIO_H
#define CLI_SMTP_STDIO_H

#include "cli/options.h"
#include "config/config.h"
#include "util/failure.h"
#include "util/log.h"

/*
 * Returns the exit status of the session; the client learns what happened to
 * a message from the replies.
 */
int	smtp_stdio_run(const struct options *, const struct config *,
	    const struct log *);

/* Replies 421 in place of a greeting. */
void	smtp_stdio_refuse(const struct failure *why);

#endif
