/*
 * section.h - put settings into a configuration as they are read
 */
#ifndef CONFIG_SECTION_H
#define CONFIG_SECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

/* A new section at *where, in front of what stands there. */
struct section *section_insert(struct section **where, enum section_kind);

/*
 * Checks the value, without the blanks around it, and takes a copy of it and
 * of origin.  EX_CONFIG, naming the key but not the place: a value that is
 * not right, a key that may not stand in such a section.
 */
bool	section_set(struct section *, enum config_key, const char *value,
	    size_t len, const char *origin, struct failure *why);

/* "from", "to", "user"; NULL for those that have no pattern. */
const char *section_name(enum section_kind);

/* Fills why for a key that there is not; always false. */
bool	key_unknown(const char *name, size_t len, struct failure *why);

#endif
