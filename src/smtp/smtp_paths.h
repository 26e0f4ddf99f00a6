/*
 * smtp_paths.h - the paths of an envelope in the form that a server accepts
 *
 * A domain that is not ASCII is converted to A-labels.  A local part that is
 * not ASCII is sent unchanged if the server supports SMTPUTF8 (RFC 6531);
 * otherwise the forward-path fails, or, if the reverse-path has such a local
 * part, all forward-paths.  The same applies if a path, ENVID or ORCPT contains
 * CR or LF.
 */
#ifndef SMTP_PATHS_H
#define SMTP_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "smtp/session.h"

/* What the next host accepts; .prefix is borrowed. */
struct smtp_paths_rules {
	const char	*prefix;	/* of the text of each outcome */
	bool		 smtputf8;	/* RFC 6531 */
	bool		 unchanged;	/* it converts paths itself */
};

struct smtp_paths {
	const struct envelope	*env;		/* borrowed */
	char			*reverse;	/* owned; NULL: unchanged */
	char			**forward;	/* owned; NULL: unchanged */
	bool			 utf8;		/* MAIL requires SMTPUTF8 */
};

/*
 * Converts the paths, and fills in the outcomes of forward-paths that cannot be
 * sent to the server of the session, or to the host with these rules.
 */
void	smtp_paths_prepare(struct smtp_paths *, const struct session *,
	    const struct envelope *, const struct message *, struct outcome *);
void	smtp_paths_prepare_by(struct smtp_paths *,
	    const struct smtp_paths_rules *, const struct envelope *,
	    const struct message *, struct outcome *);

const char *smtp_paths_reverse(const struct smtp_paths *);
const char *smtp_paths_forward(const struct smtp_paths *, size_t i);

void	smtp_paths_free(struct smtp_paths *);

#endif
