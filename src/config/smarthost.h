/*
 * smarthost.h - the URL of a smarthost, taken apart
 *
 *	submissions://user@host:465	submission://host	smtp://[::1]:2525
 *	lmtp:///run/lmtp.sock	submission+srv://example.org	host
 *
 * A bare host is submission://; with the port of another scheme behind it
 * (host:465, host:25, host:24) it is that scheme.  The user may be a whole
 * address (the last @ counts) and may be written with %XX; a password is
 * refused, since a URL ends up in logs.
 */
#ifndef CONFIG_SMARTHOST_H
#define CONFIG_SMARTHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/failure.h"

enum smarthost_scheme {
	SCHEME_SUBMISSIONS,	/* 465, TLS at once */
	SCHEME_SUBMISSION,	/* 587, STARTTLS required */
	SCHEME_SMTP,		/* 25, STARTTLS required but on loopback */
	SCHEME_LMTP,		/* 24 */
};

enum smarthost_lookup { LOOKUP_ADDRESS, LOOKUP_SRV, LOOKUP_MX };

struct smarthost {
	enum smarthost_scheme	 scheme;
	enum smarthost_lookup	 lookup;
	char			*user;	/* owned, or NULL */
	char			*host;	/* owned; NULL: a Unix socket; literals
					 * without their brackets */
	char			*path;	/* owned; of the Unix socket, or NULL */
	uint16_t		 port;
	bool			 port_given;
};

struct smarthost_list {
	struct smarthost	*host;	/* owned */
	size_t			 n;
	size_t			 cap;
};

/* One or more URLs, blanks or commas between; EX_CONFIG, no place named. */
bool	smarthost_list_parse(struct smarthost_list *, const char *value,
	    struct failure *why);

/*
 * localhost, 127.0.0.0/8, ::1, or a Unix socket, by what the URL says; whether
 * the peer is this machine is for connect_is_local() to see.
 */
bool	smarthost_is_local(const struct smarthost *);

void	smarthost_list_free(struct smarthost_list *);

#endif
