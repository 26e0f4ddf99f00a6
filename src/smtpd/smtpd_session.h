/*
 * smtpd_session.h - relais as an SMTP or LMTP server (RFC 5321, RFC 2033)
 *
 * For programs that speak SMTP to sendmail (-bs).  The session implements the
 * protocol and limits what a client can do; a policy decides which recipients
 * are accepted and delivers the messages.
 *
 * The session offers PIPELINING, 8BITMIME, SIZE, CHUNKING,
 * ENHANCEDSTATUSCODES, DSN and SMTPUTF8.  After LHLO, each recipient of a
 * message gets its own reply.  Command lines may end with LF alone; DATA ends
 * with CRLF.CRLF or LF.LF, depending on how the first command ended.
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
#include "smtpd/smtpd_reply.h"
#include "util/failure.h"

enum {
	SMTPD_LINE_MAX = 4096,		/* octets of a command */
	SMTPD_FRUITLESS_MAX = 1000,	/* commands without a message; more
					 * end the session */
	SMTPD_ERRORS_MAX = 100,		/* syntax and sequence errors; more
					 * end the session */
};

struct smtpd_policy {
	const char	*host;			/* our host name */
	uint64_t	 size_max;		/* octets of a message, 0: no
						 * limit */
	uint64_t	 recipients_max;	/* of a message, 0: no limit */
	int64_t		 idle_ms;		/* wait for the client, 0: no
						 * limit */
	const char *const *spill;		/* as in message_limits */
	const struct message_spare *spare;	/* as in message_limits */

	/*
	 * Returns false, with why, to refuse a forward-path.  NULL if every
	 * forward-path is accepted.
	 */
	bool	(*recipient)(void *context, const char *reverse_path,
		    const struct address *, struct failure *why);

	/*
	 * Delivers a complete message as it was received; bare names are not
	 * qualified yet.  Sets one outcome for each forward-path.  Returns the
	 * ID of the queue entry that holds the deferred forward-paths, valid
	 * until the next call, or NULL if there is none.
	 */
	const char *(*message)(void *context, const struct envelope *,
		    struct message *, struct outcome *);

	/*
	 * Runs a private command, XRELAIS, and sets the reply.  text is what
	 * follows the verb; it may be changed.  NULL: such commands are
	 * neither announced nor known.
	 */
	void	(*private_command)(void *context, char *text,
		    struct smtpd_reply *);
	void	*context;
};

/*
 * Runs a session from the greeting to QUIT, to the end of input, or until the
 * client exceeds a limit; all three return true.  A transaction that the
 * client does not complete is discarded.  Returns false, with why, if the
 * connection fails, the client is idle for too long, or a signal arrives.
 */
bool	smtpd_session(struct stream *, const struct smtpd_policy *,
	    struct failure *why);

/* Replies 421 with the reason in place of a session. */
void	smtpd_refuse(struct stream *, const char *host,
	    const struct failure *why);

#endif
