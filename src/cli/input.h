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
 * line that consists of a dot; *dot_ended is then set, and the rest of the
 * input is not read.  Returns false with EX_NOINPUT if reading fails, or with
 * the failure of message_feed() after draining the input.
 */
bool	input_read(int fd, struct message *, bool dots, bool *dot_ended,
	    struct failure *why);

/*
 * Reads and drops the rest of the input, so that the caller sees our exit
 * status instead of SIGPIPE.  Stops after a number of octets or seconds, and
 * does not read from a terminal.
 */
void	input_drain(int fd);

#endif
