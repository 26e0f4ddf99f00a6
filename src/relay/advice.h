/*
 * advice.h - the likely cause of a refusal, and the setting that matters
 */
#ifndef RELAY_ADVICE_H
#define RELAY_ADVICE_H

#include <stddef.h>

#include "relay/relay.h"

struct refusal {
	enum session_step	 step;
	int			 code;		/* of the reply; 0: none */
	const char		*enhanced;	/* "5.7.1", or "" */
	int			 status;	/* EX_* */
};

/*
 * Appends "; what to look at (file:line)" to the text, which holds the reply,
 * where something useful can be said of the refusal.
 */
void	explain(const struct relay *, const struct refusal *, char *text,
	    size_t size);

/* As explain(), where no connection was made. */
void	explain_connect(const struct relay *, char *text, size_t size);

#endif
