/*
 * section.h - add sections and settings to a configuration
 */
#ifndef CONFIG_SECTION_H
#define CONFIG_SECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

/* Inserts a new section before the section at *where. */
struct section *section_insert(struct section **where, enum section_kind);

/*
 * Checks the value, without surrounding blanks, and stores copies of it and of
 * origin.  False with EX_CONFIG, the key and the reason if the value is
 * invalid, or if the key is not allowed in such a section.
 */
bool	section_set(struct section *, enum config_key, const char *value,
	    size_t len, const char *origin, struct failure *why);

/*
 * Copies a setting and, if the key accumulates, the previous ones.  False as
 * section_set().
 */
bool	section_copy(struct section *, enum config_key, const struct setting *,
	    const char *origin, struct failure *why);

/* "from", "to" or "user"; NULL for sections without a pattern. */
const char *section_name(enum section_kind);

#endif
