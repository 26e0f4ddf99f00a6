/*
 * secret_command.h - run a helper for the secret that it prints
 *
 * Words, split at blanks and run without a shell.  The helper gets nothing of
 * ours: standard input is empty, every other descriptor is closed, no signal
 * is ignored or blocked, the environment is PATH, HOME and LANG=C, and it leads
 * a process group that is killed when its time is over.
 */
#ifndef CONFIG_SECRET_COMMAND_H
#define CONFIG_SECRET_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "util/buffer.h"
#include "util/failure.h"

/*
 * Appends what it wrote to its standard output, at most 64 KiB.  EX_CONFIG,
 * naming the program: not found, killed or ended with a status other than 0
 * (with the first line of its standard error), too talkative.  EX_TEMPFAIL:
 * too slow, or ended with that status, as a helper may that asks a server
 * for a token and gets no answer.
 *
 * caller: a socket or -1.  If its other end is closed, the helper's time is
 * over at once.
 */
bool	command_output(struct buffer *, const char *words, int64_t timeout_ms,
	    int caller, struct failure *why);

#endif
