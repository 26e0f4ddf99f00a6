/*
 * explain.h - the likely cause of a refusal, and the setting that matters
 */
#ifndef RELAY_EXPLAIN_H
#define RELAY_EXPLAIN_H

#include <stddef.h>

#include "relay/relay.h"

/*
 * Appends "; what to look at (file:line)" to the text where something useful
 * can be said of a failure at this step.  code is the reply's, 0 for none.
 */
void	explain(const struct relay *, enum session_step, int code, int status,
	    char *text, size_t size);

/* As explain(), where no connection was made. */
void	explain_connect(const struct relay *, char *text, size_t size);

#endif
