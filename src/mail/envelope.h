/*
 * envelope.h - the envelope of a message: reverse-path and forward-paths
 *
 * The envelope contains the paths and parameters of MAIL and RCPT, and does not
 * depend on the header.  Paths are stored without angle brackets, in the form
 * of address_write().
 */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

/* A set (RFC 3461): 0 if not specified; NEVER excludes the others. */
enum notify {
	NOTIFY_NEVER	= 1,
	NOTIFY_SUCCESS	= 2,
	NOTIFY_FAILURE	= 4,
	NOTIFY_DELAY	= 8,
};

enum dsn_return { RETURN_UNSPECIFIED, RETURN_FULL, RETURN_HEADERS };

/* Whether the message may be relayed without verified TLS (RFC 8689). */
enum requiretls {
	REQUIRETLS_NO,
	REQUIRETLS_IF_OFFERED,	/* a bounce: section 5 */
	REQUIRETLS_YES,		/* if the server does not offer REQUIRETLS, the
				 * message fails */
};

struct forward_path {
	char		*path;		/* owned; local@domain */
	char		*orcpt;		/* owned or NULL; "rfc822;" and xtext */
	unsigned	 notify;	/* enum notify */
};

struct envelope {
	char			*reverse_path;	/* owned; "": null sender */
	struct forward_path	*forward;	/* owned */
	size_t			 n;
	size_t			 cap;
	char			*envid;		/* owned or NULL; xtext */
	enum dsn_return		 ret;
	enum requiretls		 requiretls;
};

/* Copies the path. */
void	envelope_set_reverse(struct envelope *, const char *path);

/* Appends a copy of the path, without parameters, even if it is a duplicate. */
struct forward_path *envelope_add(struct envelope *, const char *path);

/* Appends a copy of the path, with NOTIFY and ORCPT of another one. */
struct forward_path *envelope_add_like(struct envelope *, const char *path,
	    const struct forward_path *like);

/*
 * Begins an envelope with the reverse-path, RET, ENVID and REQUIRETLS of
 * another one.
 */
void	envelope_begin_like(struct envelope *, const struct envelope *like);

/*
 * Merges forward-paths to the same mailbox.  Domains are case-insensitive,
 * local parts are case-sensitive (RFC 5321 section 2.4).  The first path stays
 * in its place, with the notifications that any of them requested.  Takes n log
 * n steps.
 */
void	envelope_unique(struct envelope *);

/* Merges forward-paths, and sets places[i] to the new index of the i-th one. */
void	envelope_unique_places(struct envelope *, size_t *places);

/* Leaves an empty envelope. */
void	envelope_free(struct envelope *);

#endif
