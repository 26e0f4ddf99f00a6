/*
 * table.h - read a table: sections "[name]" with lines "key = value"
 *
 * The form of conf/providers and conf/oauth-providers.  Lines that begin with #
 * and empty lines are ignored.  The text is shown on a terminal, so every line
 * must be visible (util/visible.h).
 */
#ifndef SETUP_TABLE_H
#define SETUP_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/failure.h"

/*
 * Each function returns false with EX_CONFIG and a text without the file and
 * line, which are added.  The context is passed on.
 */
struct table_form {
	/* A section begins; NULL: the table ends. */
	bool	(*section)(void *context, const char *id,
		    struct failure *why);
	/* The value is not empty, and has no blank at its ends. */
	bool	(*value)(void *context, const char *key, const char *value,
		    struct failure *why);
};

/*
 * Reads a file that no other user may be able to change.  False with EX_CONFIG,
 * EX_NOPERM, EX_IOERR, or EX_NOINPUT if the file does not exist.
 */
bool	table_read(const struct table_form *, void *context, const char *path,
	    struct failure *why);

/* Parses the text of a table; path is for messages. */
bool	table_parse(const struct table_form *, void *context,
	    const char *path, const char *text, size_t len,
	    struct failure *why);

/*
 * Sets *word to the first word of the list, and the list to the rest of it.
 * Returns its length, or 0 at the end.  The list may be NULL.
 */
size_t	table_next_word(const char **list, const char **word);

#endif
