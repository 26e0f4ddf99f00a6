/*
 * smtpd_session.h - relais as an SMTP or LMTP server (RFC 5321, RFC 2033)
 *
 * For programs that speak SMTP to their sendmail (-bs), and for those that
 * may not read the smarthost's password and use the service's socket.  Who
 * may send what to whom, and what becomes of a message, is the policy's
 * business; here is the protocol, and bounds on all that a client may do.
 *
 * Offered are PIPELINING, 8BITMIME, SIZE, CHUNKING, ENHANCEDSTATUSCODES, DSN
 * and SMTPUTF8; a client that said LHLO gets an answer for each recipient
 * behind its message.  Lines may end with LF; the end of DATA has the line
 * end that the first command had.
 */
#ifndef SMTPD_SESSION_H
#define SMTPD_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/address.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "net/stream.h"
#include "util/failure.h"

enum {
	SERVE_LINE_MAX = 4096,		/* octets of a command */
	SERVE_FRUITLESS_MAX = 1000,	/* commands without a message */
	SERVE_BAD_MAX = 100,		/* commands refused for their form */
};

struct serve_policy {
	const char	*host;			/* our name */
	uint64_t	 size_max;		/* octets, 0: any */
	uint64_t	 recipients_max;	/* of a message, 0: any */
	int64_t		 idle_ms;		/* 0: a client may think long */
	const char *const *spill;		/* as in message_limits */
	const struct message_spare *spare;	/* likewise */

	/* False, with why, to refuse a forward-path; NULL: none. */
	bool	(*recipient)(void *context, const struct address *,
		    struct failure *why);

	/*
	 * A whole message as it came, with the paths as they were named (a
	 * bare name stays bare): an outcome for each of them.  Returns the
	 * name that what is deferred has in the queue, good until the next
	 * call; NULL if it is not there.
	 */
	const char *(*message)(void *context, const struct envelope *,
		    struct message *, struct outcome *);
	void	*context;
};

/*
 * From the greeting to QUIT, the end of input, or a client that was thrown
 * out, which are all true; a transaction that was not ended is forgotten.
 * False with why if the connection failed.
 */
bool	serve_session(struct stream *, const struct serve_policy *,
	    struct failure *why);

/* In place of a session: 421 and why there is none. */
void	serve_refuse(struct stream *, const char *host,
	    const struct failure *why);

#endif
