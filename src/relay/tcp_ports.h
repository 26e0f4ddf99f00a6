/*
 * tcp_ports.h - the TCP ports that the smarthosts and proxies need
 *
 * Without this limit, a server that has taken over a process could connect to
 * other services that trust this machine, such as the metadata service of a
 * cloud or a database on a loopback address.
 */
#ifndef RELAY_TCP_PORTS_H
#define RELAY_TCP_PORTS_H

#include "config/config.h"
#include "util/sandbox.h"

/*
 * Allows the port of each smarthost and proxy in the configuration.  Allows all
 * ports if a port is looked up in SRV records, or if there are more ports than
 * a sandbox can list.
 */
void	tcp_ports_allow(struct sandbox *, const struct config *);

#endif
