/*
 * advice.h - the likely cause of a refusal, and the setting that matters
 */
#ifndef RELAY_ADVICE_H
#define RELAY_ADVICE_H

#include <stddef.h>

#include "relay/connection.h"

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
void	advice_add(const struct connection *, const struct refusal *, char *text,
	    size_t size);

/* As advice_add(), where no connection was made. */
void	advice_add_connect(const struct connection *, char *text, size_t size);

#endif
