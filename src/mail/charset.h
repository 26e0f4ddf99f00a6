/*
 * charset.h - what has to be known of a charset to label text with it
 *
 * No text is converted.  An encoded word has to decode by itself (RFC 2047
 * section 5), so it matters where text can be cut, and for raw text which
 * charset it can be in.
 */
#ifndef MAIL_CHARSET_H
#define MAIL_CHARSET_H

#include <stdbool.h>
#include <stddef.h>

enum { CHARSET_NAME_MAX = 40 };

/* A name that can be put into an encoded word, of a charset with 8-bit text. */
bool	charset_is_8bit(const char *name);

/*
 * The number of octets at the beginning of the text, which is not empty, that
 * must not be separated: one character, or all of it if the charset has states.
 */
size_t	charset_character(const char *name, const char *text, size_t len);

/*
 * The charset to name for raw text that is not ASCII.  It is UTF-8 if the text
 * is valid UTF-8, else the one that the message declares (or NULL), else
 * "unknown-8bit".  Text in an East Asian charset of two octets a character may
 * be valid UTF-8 by chance: if the message declares such a charset, UTF-8 is
 * chosen only for characters of three octets, as all East Asian ones are in
 * UTF-8, for what that charset does not have, and for letters next to ASCII
 * letters, as in a European name.
 */
const char *charset_of_text(const char *text, size_t len,
	    const char *declared);

#endif
