/*
 * visible.h - make text safe for a terminal, a log or a message
 *
 * Replies, header fields and files may contain escape sequences.  A control
 * character becomes \ and three octal digits, and a backslash is doubled.
 * Valid UTF-8 above U+009F is unchanged, except characters that end a line or
 * change the direction of text.  All other octets above 126 are escaped.
 */
#ifndef UTIL_VISIBLE_H
#define UTIL_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Writes at most size octets, including a NUL, truncated after a complete
 * character.  Returns its argument to.
 */
char	*visible(char *to, size_t size, const char *text, size_t len);

/*
 * As visible(), for text that may already contain escapes: backslashes are not
 * doubled.  ASCII characters in special are also escaped.
 */
char	*visible_more(char *to, size_t size, const char *text,
	    const char *special);

/* As visible(); blanks, quotation marks and angle brackets are also escaped. */
char	*visible_word(char *to, size_t size, const char *text);

/* Whether a Unicode character needs no escape. */
bool	visible_is_safe(uint32_t c);

#endif
