/*
 * network.h - a private network for a test program
 *
 * It has only loopback, and all ports are free; /etc/resolv.conf names a name
 * server on 127.0.0.1.  Only the test program and its children see it, and it
 * ends with the test program.
 */
#ifndef SUPPORT_NETWORK_H
#define SUPPORT_NETWORK_H

#include <stdbool.h>

/*
 * Moves the test program there.  Returns false, after printing the reason for
 * run-tests.sh, if the system does not allow it.
 */
bool	network_alone(void);

/*
 * Adds an address to the loopback interface: at most one of IPv4.  Returns
 * false, after printing the reason, if the system does not support it.
 */
bool	network_add_ipv4(const char *address);
bool	network_add_ipv6(const char *address);

/*
 * Replace the files of network_alone(), whose /etc/hosts is empty.  Return
 * false, after printing the reason, if the system does not allow it.
 */
bool	network_set_resolver(const char *text);
bool	network_set_hosts(const char *text);

/* For main() if there is no such network: reports one skipped test. */
int	network_skip(void);

#endif
