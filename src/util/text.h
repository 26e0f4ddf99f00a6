/*
 * text.h - characters, words and names: blanks, lists, ASCII, UTF-8 (RFC 3629),
 * host names
 */
#ifndef UTIL_TEXT_H
#define UTIL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A space or a tab: WSP of RFC 5234. */
static inline bool
text_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Whether the text contains one of the characters. */
static inline bool
text_has_any(const char *text, const char *characters)
{
	return text[strcspn(text, characters)] != '\0';
}

/*
 * Returns the next word of a list with blanks between its words, sets *len to
 * its length, and moves *list after it.  Returns NULL after the last word.
 */
const char *text_next_word(const char **list, size_t *len);

/* Whether such a list contains the word, in any case. */
bool	text_has_word(const char *list, const char *word, size_t len);

/* Every octet is less than 128. */
bool	text_is_ascii(const char *text, size_t len);

/* Valid UTF-8, which includes ASCII. */
bool	text_is_utf8(const char *text, size_t len);

/*
 * Sets *c to the first character of the text and returns its length in octets.
 * Returns 0 if the text is empty or does not begin with a complete character;
 * overlong forms, surrogates and values above U+10FFFF are not characters.
 */
size_t	text_decode_utf8(const char *text, size_t len, uint32_t *c);

/*
 * A host name as the resolver accepts it: at most 255 octets of letters,
 * digits, hyphens, underscores and dots.  It does not begin with a hyphen, and
 * no label is empty except after a final dot.  Characters that are not ASCII
 * are accepted if they are valid UTF-8: IDNA decides about them
 * (mail/domain.h).  domain_is_valid() has the stricter rule of RFC 5321.
 */
bool	text_is_host_name(const char *name, size_t len);

/*
 * Whether the host, which can end with a dot, is the domain, which has len
 * octets, or a name below it.
 */
bool	text_is_below(const char *host, const char *domain, size_t len);

#endif
