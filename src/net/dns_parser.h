/*
 * dns_parser.h - the functions of libresolv that parse the replies of name
 * servers
 *
 * In glibc, ns_initparse(3) and ns_parserr(3) are in libresolv, which is not
 * linked because every start would have to map it.  In other systems they are
 * in libc, and in a static program they are linked in (dns_parser_static.c).
 */
#ifndef NET_DNS_PARSER_H
#define NET_DNS_PARSER_H

#include <arpa/nameser.h>
#include <stdbool.h>

#include "util/failure.h"

struct dns_parser {
	int	(*init)(const unsigned char *, int, ns_msg *);
	int	(*record)(ns_msg *, ns_sect, int, ns_rr *);
};

/* Returns false with why (EX_UNAVAILABLE) if libresolv is missing. */
bool	dns_parser_load(struct dns_parser *, struct failure *why);

#endif
