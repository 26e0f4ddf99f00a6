/*
 * smtpd_session.h - an SMTP or LMTP session as the server (RFC 5321, RFC 2033)
 *
 * The session implements the protocol and its limits.  The functions of the
 * caller (struct smtpd_policy) accept or refuse recipients and deliver the
 * messages.
 *
 * The session offers PIPELINING, 8BITMIME, SIZE, CHUNKING,
 * ENHANCEDSTATUSCODES, DSN, SMTPUTF8 and REQUIRETLS.  After LHLO, the server
 * sends a reply for each recipient of a message.  Command lines may end with LF
 * alone.  DATA ends with CRLF.CRLF, or with LF.LF if the first command ended
 * with LF alone.
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
	SMTPD_COMMANDS_MAX = 1000,	/* commands without a message, and */
	SMTPD_ERRORS_MAX = 100,		/* syntax and sequence errors, after
					 * which the session is ended */
};

/* All pointers are borrowed. */
struct smtpd_policy {
	const char	*host;			/* our host name */
	uint64_t	 size_max;		/* octets of a message, 0: no
						 * limit */
	uint64_t	 recipients_max;	/* of a message, 0: no limit */
	int64_t		 idle_ms;		/* timeout for input, 0: none */
	const char *const *spill;		/* as in message_limits */
	const struct message_spare *spare;	/* as in message_limits */

	/*
	 * Returns true to accept MAIL.  To refuse it, sets the reply and
	 * returns false.  NULL: every MAIL is accepted.
	 */
	bool	(*mail)(void *context, struct smtpd_reply *);

	/*
	 * Returns true to accept a forward-path.  To refuse it, sets the reply
	 * and returns false.  NULL: every forward-path is accepted.
	 */
	bool	(*recipient)(void *context, const char *reverse_path,
		    const struct address *, struct smtpd_reply *);

	/*
	 * Delivers a complete message as it was received; bare names are not
	 * qualified yet.  Sets an outcome for each forward-path.  Returns the
	 * ID of the queue entry that holds the deferred forward-paths, valid
	 * until the next call, or NULL if the message is not in the queue.
	 */
	const char *(*message)(void *context, const struct envelope *,
		    struct message *, struct outcome *);

	/*
	 * Runs a private command, XRELAIS, and sets the reply.  text is what
	 * follows the verb; it may be changed.  Returns false to end the
	 * session after the reply.  Between MAIL and the end of the message,
	 * such commands are refused.  NULL: they are neither announced nor
	 * recognized.
	 */
	bool	(*private_command)(void *context, char *text,
		    struct smtpd_reply *);
	void	*context;
};

/*
 * Runs a session.  Returns true after QUIT or the end of input, or if the
 * client exceeds a limit.  Returns false, with why, if the connection fails,
 * the timeout for input expires, or a signal arrives.  A message that is not
 * complete is discarded.
 */
bool	smtpd_session(struct stream *, const struct smtpd_policy *,
	    struct failure *why);

/* Refuses a client: sends 421 with the reason instead of the greeting. */
void	smtpd_refuse(struct stream *, const char *host,
	    const struct failure *why);

#endif
