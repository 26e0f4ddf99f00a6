/*
 * keys.h - the table of every key of relais.conf
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "config/value.h"

/* Where a key may stand besides the top of the file. */
enum key_place {
	PLACE_TOP,	/* nowhere: it is about the machine */
	PLACE_SENDER,	/* in [from] and [user]: it shapes the one message that
			 * all of its recipients get */
	PLACE_ANY,	/* in [to] as well: it is about handing over */
};

enum key_flag {
	KEY_ADDS_UP	= 1 << 0,	/* each line adds a value */
	KEY_IS_LIST	= 1 << 1,	/* and so does each word of a line */
	KEY_IS_SECRET	= 1 << 2,	/* never shown */
};

struct key {
	const char		*name;
	size_t			 len;
	const char		*fallback;	/* the default, or NULL */
	enum key_place		 place;
	unsigned		 flags;
	struct value_rule	 rule;
};

const struct key *key_of(enum config_key);

/* False if there is none of that name. */
bool	key_find(const char *name, size_t len, enum config_key *);

/*
 * A key of an earlier version that never had an effect.  It is accepted, since
 * a machine must not stop sending mail because of it.
 */
bool	key_is_ignored(const char *name, size_t len);

/* The key that is meant most likely, or NULL if none comes near. */
const char *key_nearest(const char *name, size_t len);

#endif
