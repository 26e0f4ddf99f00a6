/*
 * smtp_stdio.h - sendmail -bs: an SMTP session on standard input and output
 *
 * Options that apply to one message, such as -t, -f, -F and -N, have no effect.
 * If the service accepts connections, the session is one of the service, which
 * is the same code, and its octets are passed on.
 */
#ifndef CLI_SMTP_STDIO_H
#define CLI_SMTP_STDIO_H

#include "cli/options.h"
#include "config/config.h"
#include "util/failure.h"
#include "util/log.h"

/*
 * Returns the exit status: EX_IOERR if the connection is lost.  The outcomes of
 * the messages are reported by the replies, not by the exit status.
 */
int	smtp_stdio_run(const struct options *, const struct config *,
	    const struct log *);

/* Replies 421 with the reason, instead of a greeting. */
void	smtp_stdio_refuse(const struct failure *why);

#endif
