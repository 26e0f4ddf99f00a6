/*
 * json.h - write JSON (RFC 8259)
 */
#ifndef UTIL_JSON_H
#define UTIL_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"

/* Appends a quoted string; octets that are not UTF-8 become U+FFFD. */
void	json_string(struct buffer *, const char *text);

/*
 * As json_string(), but appends at most max octets, which are at least 2: the
 * string is truncated after a complete character.
 */
void	json_string_max(struct buffer *, const char *text, size_t max);

/*
 * Appends an object or an array.  In its strings, \u escapes replace characters
 * that are not ASCII.  False, with nothing appended, if the text is not
 * enclosed in {} or [], is not UTF-8, or contains a character that is not ASCII
 * outside a string.
 */
bool	json_to_ascii(struct buffer *, const char *text, size_t len);

#endif
