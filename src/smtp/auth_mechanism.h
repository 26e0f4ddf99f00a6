/*
 * auth_mechanism.h - the table of SASL mechanisms, for the files of auth.h
 *
 * A row of auth_table is a mechanism: its requirements and two functions.  To
 * add a mechanism, write these functions, add the row at its place in the order
 * of preference, count it in AUTH_MECHANISMS, and add the name to
 * auth_mechanisms().
 */
#ifndef SMTP_AUTH_MECHANISM_H
#define SMTP_AUTH_MECHANISM_H

#include "smtp/auth.h"
#include "smtp/scram.h"

enum auth_need {
	AUTH_USER	 = 1 << 0,
	AUTH_PASSWORD	 = 1 << 1,
	AUTH_TOKEN	 = 1 << 2,
	AUTH_CERTIFICATE = 1 << 3,
	AUTH_BINDING	 = 1 << 4,	/* of the TLS session (scram.h) */
	AUTH_DIGEST	 = 1 << 5,	/* computed by the TLS module */
	AUTH_NAMING	 = 1 << 6,	/* weak: .mechanisms must name
					 * it */
	AUTH_PREPARED	 = 1 << 7,	/* SASLprep for user and password */
};

struct auth_mechanism {
	const char	*name;
	unsigned	 needs;		/* enum auth_need */
	enum tls_digest	 digest;
	/* Fills in .first; NULL: the server sends the first message. */
	bool		(*start)(struct auth *, struct failure *why);
	/*
	 * Answers a challenge, or fails if the mechanism expects no further
	 * challenge.  NULL: it expects none.
	 */
	bool		(*step)(struct auth *, const char *challenge,
			    size_t len, struct buffer *response,
			    struct failure *why);
};

/* In the order of preference; ends with a row without a name. */
extern const struct auth_mechanism auth_table[];

enum { AUTH_MECHANISMS = 10 };

struct auth {
	const struct auth_mechanism	*mechanism;
	const struct auth_options	*options;
	struct auth_offer		 offer;
	char				*user;		/* owned */
	char				*password;	/* owned */
	struct buffer			 first;
	bool				 first_sent;	/* with AUTH itself */
	bool				 first_waits;	/* for the first
							 * challenge */
	unsigned			 steps;		/* challenges so far */
	bool				 answered;	/* LOGIN: a response
							 * was sent */
	bool				 password_sent;	/* LOGIN */
	struct scram			 scram;
	char				 nonce[33];
	const char			*binding;	/* its name, or NULL */
	unsigned char			 binding_data[TLS_BINDING_MAX];
	char				 detail[512];
};

/*
 * The binding for this session, with its type.  Returns its length; 0 if the
 * session has none.
 */
size_t	auth_bind(const struct auth_offer *, enum tls_binding *type,
	    unsigned char data[TLS_BINDING_MAX]);

/*
 * Whether channel binding is possible and allowed, but the server does not
 * support it: it offers no such mechanism, or has refused one.
 */
bool	auth_misses_binding(const struct auth_options *,
	    const struct auth_offer *);

bool	auth_plain_start(struct auth *, struct failure *);
bool	auth_login_start(struct auth *, struct failure *);
bool	auth_login_step(struct auth *, const char *, size_t, struct buffer *,
	    struct failure *);
bool	auth_cram_step(struct auth *, const char *, size_t, struct buffer *,
	    struct failure *);
bool	auth_external_start(struct auth *, struct failure *);

bool	auth_scram_start(struct auth *, struct failure *);
bool	auth_scram_step(struct auth *, const char *, size_t, struct buffer *,
	    struct failure *);

bool	auth_bearer_start(struct auth *, struct failure *);
bool	auth_bearer_step(struct auth *, const char *, size_t, struct buffer *,
	    struct failure *);
bool	auth_xoauth2_start(struct auth *, struct failure *);
bool	auth_xoauth2_step(struct auth *, const char *, size_t, struct buffer *,
	    struct failure *);

#endif
