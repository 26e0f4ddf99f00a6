/*
 * auth_mechanism.h - what a SASL mechanism is, among the files of auth.h
 *
 * A mechanism is a row of auth_table: what it needs, and two functions.
 * Who adds one writes these, adds the row where it stands in the order of
 * preference, and its name to auth_mechanisms().
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
	AUTH_DIGEST	 = 1 << 5,	/* of the TLS module */
	AUTH_NAMING	 = 1 << 6,	/* too weak unless it is asked for */
	AUTH_PREPARED	 = 1 << 7,	/* user and password by SASLprep */
};

struct auth_mechanism {
	const char	*name;
	unsigned	 needs;		/* enum auth_need */
	enum tls_digest	 digest;
	/* Fills .first; NULL: the server speaks first. */
	bool		(*start)(struct auth *, struct failure *why);
	/* NULL: there is nothing more to be said. */
	bool		(*step)(struct auth *, const char *challenge,
			    size_t len, struct buffer *response,
			    struct failure *why);
};

/* By preference; the end is a row without a name. */
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
	bool				 first_waits;	/* for a challenge */
	unsigned			 steps;		/* challenges so far */
	bool				 answered;	/* LOGIN: a prompt */
	bool				 said_password;	/* LOGIN */
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
