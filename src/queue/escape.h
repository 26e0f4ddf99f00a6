/*
 * escape.h - any bytes as part of one line of printable ASCII
 *
 * A byte that is not printable ASCII becomes '%' and two hexadecimal digits,
 * as do '%' itself and the space, so a value never ends its line or its word.
 */
#ifndef QUEUE_ESCAPE_H
#define QUEUE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"

/* Appends one word; "" gives "". */
void	escape_word(struct buffer *, const char *text);

/*
 * The word back as a string, owned by the caller.  NULL if it is not what
 * escape_word() writes: a stray byte, half an escape, a NUL.
 */
char	*escape_decode_word(const char *word, size_t len);

/*
 * Fills exactly width bytes: as much of the text as fits, padded with spaces.
 * Spaces stay as they are, but for a last one.
 */
void	escape_padded(char *to, size_t width, const char *text);

/*
 * The text back, as much as fits.  Such a field is rewritten in place and may
 * be read half written after a crash, so nothing in it is an error.
 */
void	escape_decode_padded(char *to, size_t size, const char *field,
	    size_t width);

#endif
