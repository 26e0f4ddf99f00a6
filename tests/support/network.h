/*
 * network.h - a network of the test's own
 *
 * Loopback and nothing else, all ports free; the resolver's files are the
 * test's, and name a name server on 127.0.0.1.  It lasts as long as the test
 * program, which alone sees it with what it starts.
 */
#ifndef SUPPORT_NETWORK_H
#define SUPPORT_NETWORK_H

#include <stdbool.h>

/*
 * Moves the test program there.  False where the system does not allow it;
 * then a line for run-tests.sh has told why.
 */
bool	network_alone(void);

/*
 * One more address of loopback, which is not a loopback address; false, and
 * told why, if the system lacks it.  Of IPv4 there is one.
 */
bool	network_add_ipv4(const char *address);
bool	network_add_ipv6(const char *address);

/* What main() returns where there is no such network: one skipped test. */
int	network_skip(void);

#endif
