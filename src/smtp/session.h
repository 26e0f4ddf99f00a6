/*
 * session.h - one SMTP or LMTP session with a smarthost (RFC 5321, RFC 2033)
 *
 * Greeting, EHLO, STARTTLS, AUTH, then any number of messages.  Takes a
 * connected stream and just what it needs to know; which host comes next,
 * what is kept for later and what the user reads about it are relay's.
 */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "net/stream.h"
#include "net/tls.h"
#include "smtp/auth.h"
#include "smtp/reply.h"
#include "smtp/secrets.h"
#include "util/failure.h"

enum tls_policy {
	TLS_OFF,		/* in clear */
	TLS_OPPORTUNISTIC,	/* STARTTLS if offered; nothing to rely on, so
				 * no AUTH but what may go in clear */
	TLS_REQUIRED,		/* STARTTLS, verified, or nothing */
	TLS_IMPLICIT,		/* before the greeting, verified */
};

/* The dialogue, as it happens: secrets masked, control characters visible. */
struct session_trace {
	void	(*line)(void *context, char side, const char *text);
	void	*context;	/* side: 'C' client, 'S' server, '*' remark */
};

struct session_options {
	const char		*prefix;	/* of the text of each failure
						 * and outcome, such as
						 * "smtp.example.org:587: " */
	bool			 lmtp;
	const char		*helo;		/* a domain or an address
						 * literal; NULL: that of the
						 * connection */
	enum tls_policy		 tls_policy;
	const struct tls_module	*tls_module;	/* NULL: no TLS; loaded
						 * for a digest */
	struct tls		*tls;		/* started; the session's now,
						 * used or not */
	const struct auth_options *auth;	/* NULL: no AUTH */
	int64_t			 timeout_ms;	/* 0: RFC 5321's, by step */
	int64_t			 greeting_ms;	/* 0: as any other step */
	int64_t			 noop_ms;	/* 0: as any other step */
	bool			 early_bdat;	/* a small message goes with
						 * its envelope */
	bool			 no_chunking;	/* BDAT is not to be used */
	const struct session_trace	*trace;		/* NULL: none */
	struct interrupt	*interrupt;	/* ends each wait; or NULL */

	/*
	 * session_send() calls this after each transaction, whether it
	 * succeeded or not, and at least once.  If it returns false, no
	 * further transaction begins.  NULL: none.
	 */
	bool		       (*after_transaction)(void *context);
	void			*context;
};

/* The extensions in the last reply to EHLO. */
enum session_extension {
	EXT_PIPELINING	= 1 << 0,	/* RFC 2920 */
	EXT_SIZE	= 1 << 1,	/* RFC 1870 */
	EXT_8BITMIME	= 1 << 2,	/* RFC 6152 */
	EXT_SMTPUTF8	= 1 << 3,	/* RFC 6531 */
	EXT_DSN		= 1 << 4,	/* RFC 3461 */
	EXT_ENHANCED	= 1 << 5,	/* RFC 2034 */
	EXT_STARTTLS	= 1 << 6,	/* RFC 3207 */
	EXT_AUTH	= 1 << 7,	/* RFC 4954 */
	EXT_CHUNKING	= 1 << 8,	/* RFC 3030 */
	EXT_LIMITS	= 1 << 9,	/* RFC 9422 */
};

struct session {
	const struct session_options	*options;	/* borrowed */
	struct tls			*tls;		/* before it is used */
	unsigned			 extensions;	/* enum session_extension */
	uint64_t			 size_max;	/* 0: none */
	unsigned			 rcpt_max;	/* LIMITS; 0: none */
	unsigned			 mail_max;	/* LIMITS; 0: none */
	unsigned			 domain_max;	/* LIMITS; 0: none */
	unsigned			 n_domains;	/* so far */
	struct buffer			 domains;	/* "@a.example @b " */
	unsigned			 mails;		/* transactions begun */
	struct buffer			 mechanisms;	/* of AUTH */
	struct buffer			 challenge;	/* of AUTH, in base64 */
	struct secrets			 secrets;	/* masked in replies */
	enum session_step		 step;
	struct reply			 reply;		/* the last one */
	unsigned			 pending;	/* replies to come */
	unsigned			 ehlo_line;	/* in the reply to EHLO;
							 * 0: another reply */
	bool				 by_address;	/* the name in EHLO was
							 * refused */
	bool				 encrypted;
	bool				 open;		/* greeting received */
	bool				 dirty;		/* a transaction needs
							 * RSET */
	bool				 broken;	/* must be closed */
	bool				 no_chunking;	/* BDAT was refused */
	struct stream			 stream;
};

/*
 * Takes the descriptor over and goes as far as the session's last EHLO and
 * AUTH.  False with why: the text names the step and holds the reply; the
 * status is EX_TEMPFAIL if a later attempt may succeed, else EX_NOPERM (AUTH),
 * EX_CONFIG (TLS), EX_UNAVAILABLE (refused), EX_PROTOCOL.  The caller must
 * close the session in either case.
 */
bool	session_open(struct session *, int fd, const struct session_options *,
	    struct failure *why);

/*
 * Sends one message to all forward-paths whose outcome is OUTCOME_WAITING, in
 * as many transactions as the limits of the server require, and fills in their
 * outcomes.  True if each has an outcome now, or if the others require another
 * session (LIMITS, RFC 9422) or .after_transaction returned false.
 *
 * False, with why, if the connection is lost (.broken) or the message cannot
 * be read.  Forward-paths without an outcome may then be tried elsewhere,
 * unless *data_sent.  If .no_chunking has been set, the server announces
 * CHUNKING but does not know BDAT; set it in the options of the next session.
 */
bool	session_send(struct session *, const struct envelope *,
	    const struct message *, struct outcome *outcomes, bool *data_sent,
	    struct failure *why);

/* No further transaction fits in (RFC 9422, MAILMAX). */
bool	session_is_full(const struct session *);

/*
 * Asks with NOOP: false if no positive reply comes within .noop_ms, as where
 * something on the way has forgotten an idle connection.
 */
bool	session_is_alive(struct session *);

/* QUIT, whose answer is not waited for, if there is a session; then closes. */
void	session_close(struct session *);

#endif
