/*
 * input.h - read the message from standard input
 */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stdbool.h>

#include "mail/message.h"
#include "util/failure.h"

/*
 * Reads a message until the end of input or, if dots is set (no -i), until a
 * line that consists of a dot.  In the second case, sets *dot_ended and does
 * not read the rest of the input.  Returns false, with why: EX_NOINPUT if the
 * input cannot be read; if the message is refused, the failure of
 * message_feed(), after the input is drained.
 */
bool	input_read(int fd, struct message *, bool dots, bool *dot_ended,
	    struct failure *why);

/*
 * Reads and discards the rest of the input, so that the caller sees our exit
 * status instead of SIGPIPE.  Stops after 256 MiB, after ten seconds, or after
 * two seconds without input.  Does not read from a terminal.
 */
void	input_drain(int fd);

#endif
