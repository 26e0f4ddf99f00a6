/*
 * lookup_text.h - look up the TXT records of a name, such as SPF (RFC 7208)
 *
 * A reply is untrusted input: at most LOOKUP_TEXT_MAX records are kept, and
 * records that contain control characters are ignored.
 */
#ifndef NET_LOOKUP_TEXT_H
#define NET_LOOKUP_TEXT_H

#include <stddef.h>

#include "util/failure.h"

struct dns_options;

enum { LOOKUP_TEXT_MAX = 32 };

struct lookup_text {
	char	*text[LOOKUP_TEXT_MAX];	/* owned; the strings of a record,
					 * concatenated */
	size_t	 n;
};

enum lookup_text_result {
	LOOKUP_TEXT_FOUND,
	LOOKUP_TEXT_NONE,	/* the name has no TXT records */
	LOOKUP_TEXT_NO_NAME,	/* the name does not exist */
	LOOKUP_TEXT_FAILED,	/* no valid reply: see why */
};

/* The options (net/dns_query.h) may be NULL. */
enum lookup_text_result lookup_text(struct lookup_text *, const char *name,
	    const struct dns_options *, struct failure *why);

/* Parses a reply. */
enum lookup_text_result lookup_text_parse(struct lookup_text *,
	    const unsigned char *answer, size_t len, struct failure *why);

void	lookup_text_free(struct lookup_text *);

#endif
