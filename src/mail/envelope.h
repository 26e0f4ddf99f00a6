/*
 * envelope.h - the sender and the recipients of a message
 *
 * The envelope consists of the arguments of the SMTP commands MAIL and RCPT; it
 * is independent of the header.  Paths are stored without angle brackets, in
 * the form of address_write().
 */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

/* RFC 3461: NOTIFY is a set; NEVER excludes all others; 0: not specified. */
enum notify {
	NOTIFY_NEVER	= 1,
	NOTIFY_SUCCESS	= 2,
	NOTIFY_FAILURE	= 4,
	NOTIFY_DELAY	= 8,
};

enum dsn_return { RETURN_UNSAID, RETURN_FULL, RETURN_HEADERS };

struct forward_path {
	char		*path;		/* owned; local@domain */
	char		*orcpt;		/* owned or NULL; "rfc822;..." as xtext */
	unsigned	 notify;	/* enum notify */
};

struct envelope {
	char			*reverse_path;	/* owned; "" is the null path */
	struct forward_path	*forward;	/* owned */
	size_t			 n;
	size_t			 cap;
	char			*envid;		/* owned or NULL; xtext */
	enum dsn_return		 ret;
};

void	envelope_set_reverse(struct envelope *, const char *path); /* copies */

/* Copies; the new element's other fields are empty.  Duplicates stay. */
struct forward_path *envelope_add(struct envelope *, const char *path);

/* As envelope_add(), with the NOTIFY and ORCPT of another forward-path. */
struct forward_path *envelope_add_like(struct envelope *, const char *path,
	    const struct forward_path *like);

/* An empty envelope with the reverse-path, RET and ENVID of another one. */
void	envelope_begin_like(struct envelope *, const struct envelope *like);

/*
 * Merges forward-paths of the same mailbox: domains are compared
 * case-insensitively, local parts exactly (RFC 5321 section 2.4).  The first
 * forward-path is kept, with the union of all NOTIFY conditions.  Takes
 * n log n steps.
 */
void	envelope_unique(struct envelope *);

/* The same; places[i] is set to the new index of the i-th forward-path. */
void	envelope_unique_places(struct envelope *, size_t *places);

void	envelope_free(struct envelope *);	/* ready for use again */

#endif
