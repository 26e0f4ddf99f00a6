/*
 * items.h - a report as lines of text for people, or as JSON
 *
 * An item is a value with its origin.  The text has a line for each item,
 *
 *	  smarthost  submission://smtp.example.org:587 (/etc/relais.conf:1)
 *
 * and the JSON an object, {"value":"...","origin":"..."}.  Objects and arrays
 * that enclose items appear only in the JSON.  A name is NULL in an array.
 */
#ifndef CLI_ITEMS_H
#define CLI_ITEMS_H

#include <stdbool.h>

#include "util/buffer.h"

struct items {
	struct buffer	out;
	bool		json;
	bool		follows;	/* another value in this object */
};

void	items_open(struct items *, const char *name, char bracket);
void	items_close(struct items *, char bracket);

/* Only in the JSON: a string, null if it is NULL, or a number. */
void	items_string(struct items *, const char *name, const char *value);
void	items_number(struct items *, const char *name, int value);

/* Only in the text. */
void	items_line(struct items *, const char *label, const char *text);

/* Adds an item to both.  The value must not be NULL. */
void	items_add(struct items *, const char *name, const char *label,
	    const char *value, const char *origin);

/* Prints everything, with control characters made visible, and frees it. */
void	items_print(struct items *);

#endif
