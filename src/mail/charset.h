/*
 * charset.h - properties of charsets, for encoded words
 *
 * Text is not converted.  This module knows where text can be split, because
 * each encoded word must decode on its own (RFC 2047 section 5), and which
 * charset 8-bit text without a label can be in.
 */
#ifndef MAIL_CHARSET_H
#define MAIL_CHARSET_H

#include <stdbool.h>
#include <stddef.h>

enum { CHARSET_NAME_MAX = 40 };

/*
 * Whether the name is valid in an encoded word and the charset has 8-bit text.
 */
bool	charset_is_8bit(const char *name);

/*
 * Returns the number of octets at the beginning of the text that must not be
 * split: one character, or the whole text if the charset is stateful.  The text
 * must not be empty.
 */
size_t	charset_character(const char *name, const char *text, size_t len);

/*
 * Returns the charset of text that is not ASCII: UTF-8 if the text is valid
 * UTF-8, else the declared charset (may be NULL), else "unknown-8bit".
 *
 * Text in an East Asian charset with two octets per character can be valid
 * UTF-8 by chance.  If such a charset is declared, the text is UTF-8 only if it
 * contains a character of three octets, which all East Asian characters have in
 * UTF-8, a character that the declared charset does not have, or a letter next
 * to an ASCII letter, as in a European name.
 */
const char *charset_of_text(const char *text, size_t len,
	    const char *declared);

#endif
