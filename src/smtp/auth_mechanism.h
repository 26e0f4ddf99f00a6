/*
 * auth_mechanism.h - the table of SASL mechanisms, for the files of auth.h
 *
 * A row of auth_table is a mechanism: its requirements and two functions.  To
 * add a mechanism, write these functions, add the row at its place in the order
 * of preference, and add the name to auth_mechanisms().
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
	AUTH_BINDING	 = 1 << 4,	/* tls-exporter */
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
	/* Answers a challenge; NULL: none is valid. */
	bool		(*step)(struct auth *, const char *challenge,
			    size_t len, struct buffer *response,
			    struct failure *why);
};

/* In the order of preference; ends with a row without a name. */
extern const struct auth_mechanism auth_table[];

enum { AUTH_MECHANISMS = 9 };

struct auth {
	const struct auth_mechanism	*mechanism;
	const struct auth_options	*options;
	const struct tls_module		*module;
	struct tls			*tls;
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
	unsigned char			 binding[TLS_BINDING_SIZE];
	char				 detail[512];
};

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
