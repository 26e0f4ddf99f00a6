/*
 * serve.h - the smarthost's own process
 */
#ifndef SUPPORT_SERVE_H
#define SUPPORT_SERVE_H

#include "support/journal.h"
#include "support/script.h"

/*
 * Accepts on the listening socket, a thread for each connection, until the
 * process is killed, its parent is gone or its time is over.
 */
_Noreturn void	serve(const struct script *, int listener, int release,
	    const struct journal *);

#endif
