/*
 * advice.h - the likely cause of a failure and the key to change
 *
 * The modules below report facts: the step, the reply, the exit status and, for
 * the connection, TLS and AUTH, the cause (enum connect_cause, socks_cause,
 * dial_cause, tls_cause and auth_cause).  A table in advice.c maps these facts
 * to a key of relais.conf and to words; the place where the key is set, or
 * could be set, is added.
 * The known replies of providers, which take precedence, are in relay/hints.c.
 */
#ifndef RELAY_ADVICE_H
#define RELAY_ADVICE_H

#include <stddef.h>

#include "mail/outcome.h"
#include "relay/connection.h"

struct advice_facts {
	enum session_step	 step;
	int			 code;		/* reply code; 0: no reply */
	const char		*enhanced;	/* "5.7.1", or "" */
	int			 status;	/* EX_* */
	int			 cause;		/* of struct failure */
};

/*
 * Appends "; words (/etc/relais.conf:7)" to the text of a failure, which ends
 * with the reply, if the table has advice for it.  The text is truncated if
 * there is no room for the advice.
 */
void	advice_add(const struct connection *, const struct advice_facts *,
	    char *text, size_t size);

#endif
