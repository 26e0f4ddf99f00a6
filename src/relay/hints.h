/*
 * hints.h - remedies for the known replies of providers and mail servers
 *
 * Many replies do not name the setting to change, or name one at the provider
 * that only its administrator knows.  A table in hints.c maps the words of such
 * a reply to a remedy.  Replies that are not in the table are left to the
 * general rules of relay/advice.c.
 *
 * The table contains no pointers, so that it is not relocated at each start.
 */
#ifndef RELAY_HINTS_H
#define RELAY_HINTS_H

#include "mail/outcome.h"

enum {
	HINT_ENHANCED_MAX	= 8,
	HINT_HOST_MAX		= 20,
	HINT_TEXT_MAX		= 56,
	HINT_WORDS_MAX		= 216,
};

/*
 * A hint applies at its steps, if its code is the reply code, its enhanced
 * status code is that of the reply, its host is part of the name of the host,
 * and its text is part of the reply (both case-insensitive).  A member that is
 * not set always applies.
 */
struct hint {
	unsigned short	steps;		/* 1 << enum session_step, or'ed; 0:
					 * each */
	short		code;
	short		key;		/* enum config_key: the key to change;
					 * KEY_FROM: and .words are the cause;
					 * KEY_PASSWORD: that of the secret;
					 * CONFIG_KEYS: no key */
	char		enhanced[HINT_ENHANCED_MAX];
	char		host[HINT_HOST_MAX];
	char		text[HINT_TEXT_MAX];
	char		words[HINT_WORDS_MAX];
};

/* What a server replied. */
struct hint_reply {
	enum session_step	 step;
	int			 code;		/* 0: no reply */
	const char		*enhanced;	/* "5.7.1", or "" */
	const char		*host;		/* or NULL */
	const char		*text;		/* contains the reply */
};

/* Returns the first hint that applies, or NULL. */
const struct hint *hint_find(const struct hint_reply *);

#endif
