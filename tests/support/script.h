/*
 * script.h - what the scripted smarthost is to do
 *
 * A zeroed struct script is a well-behaved, modern server on 127.0.0.1
 * without TLS or AUTH.  The fields say what kind of server it is; .steps say
 * where it misbehaves.  For each command the first step that applies is
 * taken; where none does, the answer is the well-behaved one:
 *
 *	struct script script = { .steps = {
 *		{ .at = ON_RCPT, .nth = 2, .say = "550 5.1.1 who?" },
 *		{ .at = ON_BODY, .then = THEN_RESET },
 *	} };
 *
 * What the server remembers follows from the reply that it gave, also where
 * that came from a step: a RCPT that was told 550 is no recipient.
 */
#ifndef SUPPORT_SCRIPT_H
#define SUPPORT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ssl_st;
struct ssl_ctx_st;

/* Where the dialogue stands. */
enum stage {
	ON_END,			/* no step: the end of the table */
	ON_HANDSHAKE,		/* the client's first octets of TLS are due */
	ON_GREETING,
	ON_EHLO, ON_HELO, ON_LHLO,
	ON_STARTTLS,
	ON_AUTH,		/* the AUTH command */
	ON_AUTH_LINE,		/* a line of the client's behind a 334 */
	ON_MAIL, ON_RCPT, ON_DATA,
	ON_BDAT,		/* a chunk that is not the last, received */
	ON_IN_BODY,		/* .after octets of the message came */
	ON_BODY,		/* the message is complete; in LMTP once for
				 * each recipient, matched by its path */
	ON_RSET, ON_NOOP, ON_VRFY, ON_HELP, ON_QUIT,
	ON_OTHER,		/* a command that nobody knows */
	ON_ANY,			/* every stage but HANDSHAKE and IN_BODY */
};

/* How the octets of a reply go out. */
enum manner {
	AT_ONCE,		/* with what else is due, in one write */
	DRIPPING,		/* octet by octet, .pause_ms apart */
	SPLIT,			/* in two segments, .pause_ms apart */
	ENDLESS,		/* over and over, until the client leaves */
};

/* What happens behind it. */
enum sequel {
	THEN_GO_ON,
	THEN_CLOSE,		/* close_notify if in TLS, then close */
	THEN_CUT,		/* close, without close_notify */
	THEN_RESET,		/* a TCP reset */
	THEN_SHUT,		/* end our direction; read on to the end */
	THEN_HANG,		/* nothing more is read or said until the
				 * client leaves or smarthost_release() */
};

struct step {
	enum stage	 at;
	const char	*match;		/* only if the line contains this */
	unsigned	 nth;		/* only the n-th time that all else
					 * applies in a connection; 0: each */
	unsigned	 connection;	/* only the n-th; 0: every */
	uint64_t	 after;		/* ON_IN_BODY */

	/*
	 * At most one of the two; with neither, the well-behaved reply.
	 * "" is silence.
	 */
	const char	*say;		/* lines parted by \n; CRLF is added */
	const char	*raw;		/* these octets */
	size_t		 raw_len;	/* 0: raw is a string */
	const char	*also;		/* octets behind either: a reply that
					 * comes too early, an injection */

	bool		 hold;		/* wait for smarthost_release() */
	unsigned	 delay_ms;	/* wait before it */
	enum manner	 how;
	unsigned	 pause_ms;	/* 0: 1 to drip, 5 to split */
	size_t		 split_at;	/* 0: in the middle */
	enum sequel	 then;
};

enum { SCRIPT_STEPS = 16 };

enum security { IN_CLEAR, STARTTLS_OFFERED, TLS_AT_ONCE };

/*
 * One exchange of AUTH with a mechanism that is not built in.  The hook is
 * called with what followed the mechanism's name (NULL: nothing) and then
 * with each line of the client's, as sent; it writes the whole reply, such
 * as "334 cj0x" or "235 2.7.0 welcome", and is called again while that is a
 * 334.  It runs in the server's process: what it stores elsewhere than in
 * .state, which begins zeroed, the test does not see.
 */
struct auth_exchange {
	const char	*mechanism;	/* in capitals */
	void		*ctx;		/* the script's */
	struct ssl_st	*tls;		/* NULL in clear */
	char		 reply[4096];
	char		 user[256];	/* to be recorded, if it is known */
	unsigned	 round;		/* 0, 1, ... */
	char		 state[4096];
};

struct script {
	/* Where. */
	const char	*address;	/* NULL: 127.0.0.1; ::1; :: for all of
					 * IPv6; a path */
	uint16_t	 port;		/* 0: the kernel chooses */
	bool		 refusing;	/* the port is held, nobody listens */
	bool		 black_hole;	/* connections are never completed */
	bool		 lmtp;

	/* TLS. */
	enum security	 security;
	const char	*certificate;	/* PEM, with its chain */
	const char	*key;
	const char	*client_ca;	/* PEM: ask for a certificate; one that
					 * it did not sign ends the handshake */
	int		 tls_min, tls_max;	/* TLS1_2_VERSION ... */
	bool		 tickets_at_once;	/* not with the next reply */
	void	       (*tls_setup)(struct ssl_ctx_st *);

	/* What it offers. */
	const char	*host;		/* NULL: mail.example */
	const char	*keywords;	/* parted by \n, "" for none; STARTTLS,
					 * AUTH, LIMITS are added; NULL: all
					 * that a modern server has */
	uint64_t	 size_limit;
	unsigned	 rcpt_max;	/* beyond it 452; 0: no limit */
	unsigned	 mail_max;	/* beyond it 421 */

	/* AUTH is offered when there is a user or a hook. */
	const char	*mechanisms;	/* NULL: PLAIN LOGIN */
	const char	*user;
	const char	*password;
	bool		 auth_in_clear;	/* offered before STARTTLS too */
	bool		 auth_required;	/* MAIL without: 530 */
	void	       (*auth)(struct auth_exchange *, const char *line);
	void		*auth_ctx;

	/* 554 and close for talk before the greeting, for a flight that
	 * PIPELINING does not allow, or that goes on where it must end. */
	bool		 strict;

	bool		 discard;	/* count and hash messages only */
	unsigned	 life_s;	/* seconds to live; 0: 60 */

	struct step	 steps[SCRIPT_STEPS];
};

#endif
