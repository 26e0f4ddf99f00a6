/*
 * json.h - what programs read of what people see (RFC 8259)
 */
#ifndef UTIL_JSON_H
#define UTIL_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"

/* Appends a string in quotes; bytes that are no UTF-8 become U+FFFD. */
void	json_string(struct buffer *, const char *text);

/*
 * Appends an object or an array with \u escapes for what is not ASCII in its
 * strings.  False, with nothing appended, if the text does not look like one.
 */
bool	json_to_ascii(struct buffer *, const char *text, size_t len);

#endif
