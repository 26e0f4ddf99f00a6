/*
 * tcp_ports.h - the TCP ports that the smarthosts and proxies need
 *
 * A server that has taken over this process could make it connect to other
 * services that trust this machine, such as the metadata service of a cloud or
 * a database on a loopback address.
 */
#ifndef RELAY_TCP_PORTS_H
#define RELAY_TCP_PORTS_H

#include "config/config.h"
#include "util/sandbox.h"

/*
 * Allows the ports of each smarthost and proxy in the configuration.  Allows
 * all ports if SRV records supply them, or if there are more ports than a
 * sandbox can list.
 */
void	tcp_ports_allow(struct sandbox *, const struct config *);

#endif
