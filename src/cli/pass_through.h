/*
 * pass_through.h - pass octets between a client on a pair of descriptors and a
 * server on a socket
 */
#ifndef CLI_PASS_THROUGH_H
#define CLI_PASS_THROUGH_H

#include <stdbool.h>

#include "util/failure.h"

/*
 * Returns after the server has closed the connection and the client has got
 * everything that it sent.  If the client closes its output, the server reads
 * the end of its input after everything that the client has sent.  Does not
 * change the modes of the descriptors, which other processes may share.
 *
 * Returns false with EX_IOERR if the client's output fails, and with
 * EX_TEMPFAIL if the connection to the server does.
 */
bool	pass_through(int in, int out, int server, struct failure *why);

#endif
