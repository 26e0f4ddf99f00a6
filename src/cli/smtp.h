/*
 * smtp.h - -bs: SMTP with the program that started us, on its pipes
 *
 * Options that are about one message mean nothing here and do no harm.
 */
#ifndef CLI_SMTP_H
#define CLI_SMTP_H

#include "cli/options.h"
#include "config/config.h"
#include "util/failure.h"
#include "util/log.h"

/*
 * The exit status is about the session: what became of a message was said
 * in the answers.
 */
int	smtp_session(const struct options *, const struct config *,
	    const struct log *);

/* In place of a greeting, where there can be no session. */
void	smtp_refuse(const struct failure *why);

#endif
