/*
 * mock_process.h - the process of the smarthost
 */
#ifndef SUPPORT_MOCK_PROCESS_H
#define SUPPORT_MOCK_PROCESS_H

#include "support/event_log.h"
#include "support/script.h"

/*
 * Accepts connections, each in a thread, until the process is killed, its
 * parent has ended or its lifetime is over.
 */
_Noreturn void	mock_process_run(const struct script *, int listener,
    int release,
	    const struct event_log *);

#endif
