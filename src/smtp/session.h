/*
 * session.h - one SMTP or LMTP session with a smarthost (RFC 5321, RFC 2033)
 *
 * session_open() reads the greeting and sends EHLO, STARTTLS and AUTH;
 * session_send() sends one message, and can be called any number of times;
 * session_close() sends QUIT.  If the caller knows which message follows, the
 * envelope of that message is sent ahead (smtp/transaction_ahead.h).  A session
 * depends only on its options: relay/ chooses the host and adds advice to
 * failures.
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

struct session;
struct transaction;

enum session_tls_policy {
	SESSION_TLS_OFF,		/* clear text */
	SESSION_TLS_OPPORTUNISTIC,	/* STARTTLS if it is offered, without
				 * verification; AUTH only if it is allowed in
				 * clear text */
	SESSION_TLS_REQUIRED,		/* STARTTLS, with verification */
	SESSION_TLS_IMPLICIT,		/* the same, before the greeting */
};

/*
 * .line is called for each command, reply line and remark as it occurs.
 * Secrets are masked and control characters are made visible.
 */
struct session_trace {
	void	(*line)(void *context, char side, const char *text);
	void	*context;	/* side: 'C' client, 'S' server, '*' remark */
};

/*
 * .passed is called after each step of session_open() that has succeeded: the
 * greeting, each EHLO, the TLS handshake, and AUTH, unless none was needed.
 * The last reply is in .reply.
 */
struct session_watch {
	void	(*passed)(void *context, const struct session *,
		    enum session_step);
	void	*context;
};

/*
 * The message for which session_send() will be called next.  All pointers are
 * borrowed until then, or until session_forget_ahead().
 */
struct session_next {
	const struct envelope	*envelope;	/* NULL: it is not for this
						 * session */
	const struct message	*message;
	const struct outcome	*outcomes;	/* NULL: all are waiting */
};

/* All pointers except .tls are borrowed until session_close(). */
struct session_options {
	const char		*prefix;	/* of the text of each failure
						 * and outcome, such as
						 * "smtp.example.org:587: " */
	bool			 lmtp;
	const char		*helo;		/* a domain or an address
						 * literal; NULL: the address
						 * literal of the connection */
	enum session_tls_policy		 tls_policy;
	const struct tls_module	*tls_module;	/* for TLS and the digests of
						 * AUTH; NULL: neither */
	struct tls		*tls;		/* prepared by the module, or
						 * NULL; session_close() closes
						 * it, used or not */
	const struct auth_options *auth;	/* NULL: no AUTH */
	int64_t			 timeout_ms;	/* of each step; 0: those of
						 * RFC 5321 */
	int64_t			 greeting_ms;	/* of the greeting; 0: as
						 * above */
	int64_t			 noop_ms;	/* of NOOP; 0: as above */
	bool			 early_bdat;	/* a small message is sent in
						 * the flight of its envelope */
	bool			 no_chunking;	/* do not use BDAT */
	unsigned		 rcpt_max;	/* .rcpt_max of an earlier
						 * session; 0: unknown */
	bool			 unchanged;	/* send paths and message as
						 * they are: the server
						 * converts them */
	const struct session_trace *trace;	/* NULL: none */
	const struct session_watch *watch;	/* NULL: none */
	struct interrupt	*interrupt;	/* ends each wait; or NULL */

	/*
	 * session_send() calls this after each transaction, whether the
	 * transaction succeeded or not, and at least once for each message.
	 * If it returns false, no further transaction begins.  NULL: none.
	 */
	bool		       (*after_transaction)(void *context);

	/*
	 * session_send() calls next() before it sends a message for which no
	 * other transaction is necessary.  If next() returns true, there is a
	 * next message, and its envelope may be sent ahead: see
	 * session_is_ahead().  In that case, next_sent() is called while the
	 * server has not replied to the first message.  next_late() is called
	 * if this reply takes so long that the next message should not wait
	 * for it; if the envelope was sent ahead, the session has become
	 * unusable (.broken).  Each may be NULL.
	 */
	bool		       (*next)(void *context, struct session_next *);
	void		       (*next_sent)(void *context);
	void		       (*next_late)(void *context);
	void			*context;
};

/* Extensions (bits of session.extensions). */
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
	EXT_REQUIRETLS	= 1 << 10,	/* RFC 8689 */
	EXT_BURL	= 1 << 11,	/* RFC 4468 */
};

/*
 * Why a message with REQUIRETLS cannot be sent, in .cause of a failure.  The
 * values differ from those of the other modules.
 */
enum session_cause {
	SESSION_CAUSE_CLEAR_TEXT = 500,
	SESSION_CAUSE_UNVERIFIED,	/* the server is not verified */
	SESSION_CAUSE_NO_REQUIRETLS,	/* the server does not offer it */
};

struct session {
	const struct session_options	*options;	/* borrowed */
	struct tls			*tls;		/* until it is used */
	unsigned			 extensions;	/* in the last reply to
							 * EHLO */
	uint64_t			 size_max;	/* SIZE; 0: no limit */
	unsigned			 rcpt_max;	/* LIMITS, or found by
							 * a refusal; 0: none */
	unsigned			 mail_max;	/* LIMITS; 0: none */
	unsigned			 domain_max;	/* LIMITS; 0: none */
	unsigned			 n_domains;	/* of recipients so
							 * far */
	struct buffer			 domains;	/* "@a.example @b " */
	unsigned			 mails;		/* MAIL commands that
							 * were accepted */
	struct buffer			 mechanisms;	/* of AUTH */
	struct buffer			 challenge;	/* of AUTH, in base64 */
	const char			*binding;	/* of AUTH to the TLS
							 * session: its type;
							 * NULL: none */
	struct secrets			 secrets;	/* masked in replies */
	enum session_step		 step;
	struct reply			 reply;		/* the last one */
	unsigned			 pending;	/* commands without a
							 * reply so far */
	unsigned			 ehlo_line;	/* in the reply to EHLO;
							 * 0: another reply */
	bool				 by_address;	/* the name in EHLO was
							 * refused */
	bool				 encrypted;
	bool				 open;		/* the greeting was
							 * received */
	bool				 dirty;		/* RSET is required
							 * before MAIL */
	bool				 broken;	/* must be closed */
	bool				 no_chunking;	/* BDAT was refused */
	struct transaction		*ahead;		/* owned; NULL: none */
	bool				 ahead_works;	/* the server has
							 * accepted this */
	bool				 ahead_failed;	/* send no further
							 * envelopes ahead */
	bool				 holds_lines;	/* trace commands
							 * later */
	struct buffer			 held_lines;
	bool				 rcpt_limited;	/* .rcpt_max was found
							 * by a refusal */
	struct stream			 stream;
};

/*
 * Opens a session on a connected socket, which must not block (O_NONBLOCK), up
 * to the last EHLO and AUTH.  Returns false with why: the text names the step
 * and contains the reply; the status is EX_TEMPFAIL if a later attempt may
 * succeed, EX_NOPERM (AUTH), EX_CONFIG (TLS), EX_UNAVAILABLE (refused) or
 * EX_PROTOCOL.  Call session_close() in either case, which also closes the
 * socket.
 */
bool	session_open(struct session *, int fd, const struct session_options *,
	    struct failure *why);

/*
 * Sends one message to all forward-paths whose outcome is OUTCOME_WAITING, in
 * as many transactions as the limits of the server require, and fills in their
 * outcomes.  Returns true if each of them has an outcome now, if the others
 * require another session (LIMITS, RFC 9422), or if .after_transaction returned
 * false.
 *
 * Returns false, with why, if the connection is lost (.broken) or the message
 * cannot be read.  Unless *data_sent, forward-paths without an outcome can then
 * be tried at another server.  If .no_chunking has been set, the server offers
 * CHUNKING but does not support BDAT: set .no_chunking in the options of the
 * next session.  If .rcpt_limited has been set, the server accepts at most
 * .rcpt_max recipients and may have closed the connection after too many: set
 * .rcpt_max in the options of the next session, too.
 */
bool	session_send(struct session *, const struct envelope *,
	    const struct message *, struct outcome *outcomes, bool *data_sent,
	    struct failure *why);

/*
 * Whether the envelope was sent ahead; NULL: whether any envelope was.  If so,
 * session_send() must be called for it next, with the message and outcomes of
 * struct session_next.  If the message cannot be sent after all, close the
 * session, which cannot be used for another message.
 */
bool	session_is_ahead(const struct session *, const struct envelope *);

/*
 * Call this if the message whose envelope was sent ahead will not be sent.  The
 * session becomes unusable (.broken).
 */
void	session_forget_ahead(struct session *);

/*
 * Whether the session can send a message with REQUIRETLS (RFC 8689 section
 * 4.2.1): the server is verified, by a certificate or a pin, and offers the
 * extension.  If not, returns false with why: EX_UNAVAILABLE and enum
 * session_cause.  session_send() does not send such a message, and its outcomes
 * have the same reason.
 */
bool	session_can_require_tls(const struct session *, struct failure *why);

/* 5.7.30 or 5.7.10, for a cause of the function above. */
const char *session_cause_enhanced(int cause);

enum {
	/*
	 * The most RCPT commands in one flight, and the most octets of replies
	 * (RFC 5321 section 4.5.3.1.5: 512 each) that are read while the
	 * flight is being written.
	 */
	SESSION_FLIGHT_MAX = 8192,
	SESSION_REPLIES_MAX = SESSION_FLIGHT_MAX * 512,
};

enum { SESSION_LINE_MAX = 64 * 1024 };	/* octets, of a private command */

/*
 * Sends a command that RFC 5321 does not define, and calls line() for each line
 * of the reply, without the reply code; the lines may be longer and more than
 * those of SMTP.  Returns false, with why, if the reply is not positive
 * (EX_UNAVAILABLE, EX_TEMPFAIL), if line() returns false, or if the connection
 * is lost.  line may be NULL.
 */
bool	session_command(struct session *, const char *command,
	    bool (*line)(void *context, const char *text, struct failure *),
	    void *context, struct failure *why);

/* The limit of transactions has been reached (RFC 9422, MAILMAX). */
bool	session_is_full(const struct session *);

/*
 * Sends NOOP.  Returns false if no positive reply is received within .noop_ms:
 * for example, a NAT gateway may have dropped an idle connection.
 */
bool	session_is_alive(struct session *);

/*
 * Sends QUIT, if the session is open and not broken, without waiting for the
 * reply; then closes the connection.
 */
void	session_close(struct session *);

#endif
