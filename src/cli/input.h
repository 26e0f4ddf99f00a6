/*
 * input.h - the message on standard input
 */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stdbool.h>

#include "mail/message.h"
#include "util/failure.h"

/*
 * Feeds all of a descriptor to a message and ends it.  dots: the rules of
 * dots.h apply, as without -i; *dot_ended tells whether a lone dot ended the
 * message, and what follows it is not read.
 * EX_NOINPUT if reading fails; else what message_feed says, with the rest
 * drained.
 */
bool	input_read(int fd, struct message *, bool dots, bool *dot_ended,
	    struct failure *why);

/*
 * Reads what the caller still writes, so that it sees our exit status and
 * not SIGPIPE: up to a bound of octets and time, and nothing of a terminal.
 */
void	input_drain(int fd);

#endif
