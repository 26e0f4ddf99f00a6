/*
 * process.h - wait for the end of a child process
 */
#ifndef CLI_PROCESS_H
#define CLI_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "util/failure.h"

/* Sets the exit status; false with EX_OSERR if a signal has killed the child. */
bool	process_wait(pid_t, int *status, struct failure *why);

#endif
