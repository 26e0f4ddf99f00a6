/*
 * smarthost.h - parse the URLs of smarthosts and proxies
 *
 *	submissions://user@host:465	submission://host
 *	submission+srv://example.org	smtp://[::1]:2525
 *	lmtp:///run/lmtp.sock		host
 *	command:///path words		maildir:///path
 *	discard:
 *
 * If the scheme is missing, the port selects it (465, 25 or 24), and otherwise
 * it is submission://.  The user may be an address, because the last @
 * separates the user from the host, and may contain %XX.  A password is
 * refused, because URLs appear in logs.  The URL of a proxy is
 *
 *	socks5://user@host:1080
 */
#ifndef CONFIG_SMARTHOST_H
#define CONFIG_SMARTHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buffer.h"
#include "util/failure.h"

enum smarthost_scheme {
	SCHEME_SUBMISSIONS,	/* 465, implicit TLS */
	SCHEME_SUBMISSION,	/* 587, STARTTLS required */
	SCHEME_SMTP,		/* 25, STARTTLS required except on loopback */
	SCHEME_LMTP,		/* 24 */

	/* Without a server: */
	SCHEME_COMMAND,		/* a program delivers the message */
	SCHEME_MAILDIR,
	SCHEME_DISCARD,
};

enum smarthost_lookup { LOOKUP_ADDRESS, LOOKUP_SRV, LOOKUP_MX };

struct smarthost_url {
	enum smarthost_scheme	 scheme;
	enum smarthost_lookup	 lookup;
	char			*user;	/* owned, or NULL */
	char			*host;	/* owned; NULL: a Unix socket; address
					 * literals without brackets */
	char			*path;	/* owned; of the Unix socket, program or
					 * Maildir; or NULL */
	uint16_t		 port;
	bool			 port_given;
	char			*command;	/* owned; the path and its
						 * arguments; or NULL */
};

struct smarthost_list {
	struct smarthost_url	*host;	/* owned */
	size_t			 n;
	size_t			 cap;
};

/*
 * Parses one or more URLs, separated by blanks or commas.  All words after the
 * path of a command are its arguments, up to one that ends with a comma.  False
 * with EX_CONFIG; the text contains the URL without user and password, and
 * neither key nor line.
 */
bool	smarthost_list_parse(struct smarthost_list *, const char *value,
	    struct failure *why);

/* Whether one of these URLs contains a user. */
bool	smarthost_list_has_user(const char *value);

/*
 * Appends the URL without the user and the arguments of a command, and with the
 * port, unless SRV records have it.
 */
void	smarthost_write(struct buffer *, const struct smarthost_url *);

/* Whether mail is sent to a server by SMTP or LMTP. */
bool	smarthost_is_server(const struct smarthost_url *);

/*
 * True if the host is a Unix socket, localhost, in 127.0.0.0/8 or ::1, or if
 * the smarthost is not a server.  connect_is_local() checks the address of an
 * open connection.
 */
bool	smarthost_is_local(const struct smarthost_url *);

void	smarthost_url_free(struct smarthost_url *);
void	smarthost_list_free(struct smarthost_list *);

enum { PROXY_PORT = 1080 };

struct proxy_url {
	char		*user;	/* owned, or NULL; at most 255 octets */
	char		*host;	/* owned; address literals without brackets */
	uint16_t	 port;
};

/* Parses one URL; false with EX_CONFIG, as above. */
bool	proxy_parse(struct proxy_url *, const char *value, struct failure *why);

/* Appends host:port, with the brackets of an IPv6 address. */
void	proxy_write(struct buffer *, const struct proxy_url *);

void	proxy_free(struct proxy_url *);

#endif
