/*
 * envelope.h - where a message comes from and where it goes
 *
 * The envelope is what SMTP's MAIL and RCPT say; the header is another thing.
 * Paths are kept without angle brackets, as address_write() gives them.
 */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

/* RFC 3461: NOTIFY is a set, NEVER stands alone, 0 is "not said". */
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

/* As envelope_add(), with the notices and the ORCPT of another one. */
struct forward_path *envelope_add_like(struct envelope *, const char *path,
	    const struct forward_path *like);

/* An empty envelope with the reverse-path of another one, and what it asks. */
void	envelope_begin_like(struct envelope *, const struct envelope *like);

/*
 * Merges forward-paths that are the same mailbox: domains compare without
 * regard to case, local parts to the letter (RFC 5321 section 2.4).  The
 * first one stays, in its place, with the notices that any of them asked
 * for.  In n log n.
 */
void	envelope_unique(struct envelope *);

/* The same; places[i] then says where the i-th one is now. */
void	envelope_unique_places(struct envelope *, size_t *places);

void	envelope_free(struct envelope *);	/* ready for use again */

#endif
