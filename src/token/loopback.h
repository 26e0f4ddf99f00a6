/*
 * loopback.h - receive the redirect of a browser (RFC 8252 section 7.3)
 *
 * A minimal HTTP server on a random port of 127.0.0.1 and, if possible, of
 * [::1]: a browser can use either for localhost.  It answers GET requests for
 * one path, with a small page, until one of them is the redirect of this login.
 * A browser can open several connections, and use any of them or none.
 *
 * The user can also paste the redirected address into the terminal, because the
 * browser may run on another machine.
 */
#ifndef TOKEN_LOOPBACK_H
#define TOKEN_LOOPBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "util/buffer.h"
#include "util/failure.h"

struct loopback {
	int		fd[2];		/* -1: not used */
	unsigned	port;
};

/* EX_OSERR; the listeners are closed after a failure. */
bool	loopback_open(struct loopback *, struct failure *why);

/* All pointers are borrowed. */
struct loopback_login {
	const char	*path;		/* of the redirect URI: "/" */
	const char	*state;
	int64_t		 until;		/* clock_ms() */
	int		 terminal;	/* for a pasted address; -1: none */
	void		(*remark)(const char *line);	/* about the first
					 * request, and addresses, that are not
					 * accepted */
};

/*
 * Waits for the authorization code.  False with EX_NOPERM and the error of the
 * server, EX_PROTOCOL, or EX_TEMPFAIL after the deadline.
 */
bool	loopback_receive(const struct loopback *,
	    const struct loopback_login *, struct buffer *code,
	    struct failure *why);

void	loopback_close(struct loopback *);

#endif
