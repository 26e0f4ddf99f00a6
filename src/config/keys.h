/*
 * keys.h - the table of the keys of relais.conf
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "config/value.h"

/* The sections in which a key is allowed; all are allowed at the top. */
enum key_place {
	PLACE_TOP,	/* none: the key concerns the machine */
	PLACE_USER,	/* [user]: the key limits a user */
	PLACE_SENDER,	/* [from], [user]: the key changes the message, which
			 * is the same for all recipients */
	PLACE_ANY,	/* also [to]: the key concerns the delivery */
};

enum key_flag {
	KEY_ACCUMULATES	= 1 << 0,	/* each line adds a value */
	KEY_IS_LIST	= 1 << 1,	/* each word of a line is a value */
	KEY_IS_SECRET	= 1 << 2,	/* the value must not be shown */
};

struct key {
	char			 name[24];	/* a pointer would be relocated
						 * at each start */
	size_t			 len;
	const char		*fallback;	/* the default, or NULL */
	enum key_place		 place;
	unsigned		 flags;
	struct value_rule	 rule;
};

const struct key *key_of(enum config_key);

/* Sets *key to the key with this name; false if the name is unknown. */
bool	key_find(const char *name, size_t len, enum config_key *key);

/* Returns the name of the most similar key, or NULL if none is similar. */
const char *key_nearest(const char *name, size_t len);

/* Sets *why to EX_CONFIG, with the most similar key; returns false. */
bool	key_unknown(const char *name, size_t len, struct failure *why);

#endif
