/*
 * encoded_word.h - text as RFC 2047 puts it into a header field
 *
 * Words of 75 octets at the most with a blank between them; each decodes
 * alone, so no character is split.  Only letters that may stand in a phrase
 * (section 5) are left as they are, so the same words do for a subject, a
 * comment and a display name.
 */
#ifndef MAIL_ENCODED_WORD_H
#define MAIL_ENCODED_WORD_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"

bool	text_is_ascii(const char *text, size_t len);
bool	text_is_utf8(const char *text, size_t len);

/*
 * The charset to name for text that is not ASCII: UTF-8 where it is UTF-8,
 * else the one that the message declares, else (NULL) "unknown-8bit".
 */
const char *text_charset(const char *text, size_t len, const char *declared);

/*
 * Appends the text in Q, or in B where most of it is not ASCII.  The first
 * word has so much less room; a charset that is not UTF-8 has one octet a
 * character.
 */
void	encoded_words_write(struct buffer *, const char *text, size_t len,
	    const char *charset, size_t less);

/* An encoded word, as far as its looks go. */
bool	is_encoded_word(const char *word, size_t len);

#endif
