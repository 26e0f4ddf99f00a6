/*
 * smtp_paths.h - an envelope's paths as one server takes them (RFC 6531)
 *
 * A domain that is not ASCII becomes its A-label.  A local part that is not
 * ASCII has no other form: with SMTPUTF8 it goes as it is, else the
 * forward-path fails, alone, or all do for the reverse-path.  The same is
 * true of a path, ENVID or ORCPT that contains CR or LF.
 */
#ifndef SMTP_PATHS_H
#define SMTP_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "smtp/session.h"

struct smtp_paths {
	const struct envelope	*env;		/* borrowed */
	char			*reverse;	/* owned; NULL: as it is */
	char			**forward;	/* owned; NULL: all as they are,
						 * so each NULL in it */
	bool			 utf8;		/* MAIL has to say SMTPUTF8 */
};

/* Fills the outcomes of what can't be sent to such a server. */
void	smtp_paths_prepare(struct smtp_paths *, const struct session *,
	    const struct envelope *, const struct message *, struct outcome *);

const char *smtp_paths_reverse(const struct smtp_paths *);
const char *smtp_paths_forward(const struct smtp_paths *, size_t i);

void	smtp_paths_free(struct smtp_paths *);

#endif
