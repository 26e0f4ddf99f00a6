/*
 * serve.h - the process of the smarthost
 */
#ifndef SUPPORT_SERVE_H
#define SUPPORT_SERVE_H

#include "support/journal.h"
#include "support/script.h"

/*
 * Accepts connections, each in a thread, until the process is killed, its
 * parent has ended or its lifetime is over.
 */
_Noreturn void	serve(const struct script *, int listener, int release,
	    const struct journal *);

#endif
