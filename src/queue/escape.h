/*
 * escape.h - arbitrary octets in a line of printable ASCII
 *
 * An octet that is not printable ASCII is written as '%' and two hexadecimal
 * digits, and so are '%' and the space, so a value cannot end a line or a word.
 */
#ifndef QUEUE_ESCAPE_H
#define QUEUE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"

/* Appends one word; "" for "". */
void	escape_word(struct buffer *, const char *text);

/*
 * Decodes a word into a string that the caller frees.  Returns NULL if the word
 * contains an octet that must be escaped, an incomplete escape, or a NUL.
 */
char	*escape_decode_word(const char *word, size_t len);

/*
 * Writes exactly width octets: as much of the text as fits, padded with spaces.
 * Spaces are not escaped, except at the end of the text.
 */
void	escape_padded(char *to, size_t width, const char *text);

/*
 * Decodes the text, as much as fits.  Because such a field is rewritten in
 * place and can be incomplete after a crash, no content is an error.
 */
void	escape_decode_padded(char *to, size_t size, const char *field,
	    size_t width);

#endif
