/*
 * script.h - the behaviour of the scripted smarthost
 *
 * A zeroed struct script is a correct, modern server on 127.0.0.1 without TLS
 * or AUTH.  The fields change what it offers; .steps change its replies.  For
 * each command, the first step that matches is used; without one, the server
 * replies correctly:
 *
 *	struct script script = { .steps = {
 *		{ .at = ON_RCPT, .nth = 2, .say = "550 5.1.1 no" },
 *		{ .at = ON_BODY, .then = THEN_RESET },
 *	} };
 *
 * The server's state follows from the reply that it sent, even if a step
 * changed the reply: after a 550 to RCPT there is no recipient.
 */
#ifndef SUPPORT_SCRIPT_H
#define SUPPORT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ssl_st;
struct ssl_ctx_st;

/* The stages of a session at which the server replies. */
enum stage {
	ON_END,			/* ends .steps */
	ON_HANDSHAKE,		/* before the TLS handshake */
	ON_GREETING,
	ON_EHLO, ON_HELO, ON_LHLO,
	ON_STARTTLS,
	ON_AUTH,		/* the AUTH command */
	ON_AUTH_LINE,		/* a line from the client after a 334 */
	ON_MAIL, ON_RCPT, ON_DATA,
	ON_BDAT,		/* after a chunk that is not the last */
	ON_IN_BODY,		/* after .after octets of the message */
	ON_BODY,		/* after the message; in LMTP once for each
				 * recipient, matched by its path */
	ON_RSET, ON_NOOP, ON_VRFY, ON_HELP, ON_QUIT,
	ON_OTHER,		/* an unknown command */
	ON_ANY,			/* every stage but HANDSHAKE and IN_BODY */
};

/* How the octets of a reply are sent. */
enum manner {
	AT_ONCE,		/* together with other replies */
	DRIPPING,		/* octet by octet, .pause_ms apart */
	SPLIT,			/* in two segments, .pause_ms apart */
	ENDLESS,		/* repeatedly, until the client leaves */
};

/* What happens after the reply. */
enum sequel {
	THEN_GO_ON,
	THEN_CLOSE,		/* close_notify if in TLS, then close */
	THEN_CUT,		/* close, without close_notify */
	THEN_RESET,		/* a TCP reset */
	THEN_SHUT,		/* shutdown(2) for writing; read to the end */
	THEN_HANG,		/* read and send nothing until the client
				 * leaves or mock_smtp_release() */
};

struct step {
	enum stage	 at;
	const char	*match;		/* only if the line contains this */
	unsigned	 nth;		/* only the n-th match in a
					 * connection; 0: each */
	unsigned	 connection;	/* only on the n-th; 0: on every */
	uint64_t	 after;		/* ON_IN_BODY; ON_HANDSHAKE: only if
					 * the client hello has more octets */

	/*
	 * At most one of the two; without one, the correct reply is sent.
	 * "" sends nothing.
	 */
	const char	*say;		/* lines, separated by \n */
	const char	*raw;		/* octets, sent as they are */
	size_t		 raw_len;	/* 0: raw is a string */
	const char	*also;		/* octets after it: a premature
					 * reply, an injection */

	bool		 hold;		/* wait for mock_smtp_release() before
					 * the reply */
	bool		 until_more;	/* wait before the reply until the
					 * client has sent more; close the
					 * connection if it sends nothing for
					 * ten seconds */
	unsigned	 delay_ms;	/* wait before the reply */
	enum manner	 how;
	unsigned	 pause_ms;	/* 0: 1 to drip, 5 to split */
	size_t		 split_at;	/* 0: in the middle */
	enum sequel	 then;
};

enum { SCRIPT_STEPS = 16 };

enum security { IN_CLEAR, STARTTLS_OFFERED, TLS_AT_ONCE };

/*
 * An AUTH exchange with a mechanism that is not built in.  The hook is called
 * with the text after the mechanism's name (or NULL), then with each line from
 * the client.  It writes the whole reply, such as "334 cj0x" or "235 2.7.0 ok",
 * and is called again after a 334.  It runs in the server's process, so it must
 * keep its data in .state, which is zeroed at the beginning.
 */
struct auth_exchange {
	const char	*mechanism;	/* in upper case */
	void		*ctx;		/* .auth_ctx of the script */
	struct ssl_st	*tls;		/* NULL without TLS */
	char		 reply[4096];
	char		 user[256];	/* recorded; "" if unknown */
	unsigned	 round;		/* 0, 1, ... */
	char		 state[4096];
};

struct script {
	/* The socket. */
	const char	*address;	/* NULL: 127.0.0.1; else ::1, :: or
					 * the path of a Unix socket */
	uint16_t	 port;		/* 0: chosen by the kernel */
	bool		 refusing;	/* bound, but not listening */
	bool		 black_hole;	/* connection requests get no reply */
	bool		 lmtp;

	/* TLS. */
	enum security	 security;
	const char	*certificate;	/* PEM, with its chain */
	const char	*key;
	const char	*client_ca;	/* PEM: require a certificate that
					 * this CA signed */
	int		 tls_min, tls_max;	/* TLS1_2_VERSION ... */
	bool		 tickets_at_once;	/* do not wait for a reply */
	void	       (*tls_setup)(struct ssl_ctx_st *);

	/* Extensions and limits. */
	const char	*host;		/* NULL: mail.example */
	const char	*keywords;	/* separated by \n, "" for none;
					 * STARTTLS, AUTH and LIMITS are added;
					 * NULL: those of a modern server */
	uint64_t	 size_limit;
	unsigned	 rcpt_max;	/* then 452; 0: no limit */
	unsigned	 mail_max;	/* then 421; 0: no limit */

	/* AUTH is offered if there is a user or a hook. */
	const char	*mechanisms;	/* NULL: PLAIN LOGIN */
	const char	*user;
	const char	*password;
	bool		 auth_in_clear;	/* offered without TLS, too */
	bool		 auth_required;	/* MAIL without AUTH: 530 */
	void	       (*auth)(struct auth_exchange *, const char *line);
	void		*auth_ctx;

	/* 554 and close if the client sends before the greeting, or pipelines
	 * commands that RFC 2920 does not allow to be pipelined. */
	bool		 strict;

	bool		 discard;	/* only count and hash messages */
	unsigned	 life_s;	/* ends after that; 0: 600, as long
				 * as a test program may take */

	struct step	 steps[SCRIPT_STEPS];
};

#endif
