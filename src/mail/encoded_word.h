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

#include "mail/charset.h"
#include "util/buffer.h"

/*
 * Appends the text in Q, or in B where most of it is not ASCII.  The first
 * word has so much less room.  A character that does not fit into a word makes
 * it longer.
 */
void	encoded_words_write(struct buffer *, const char *text, size_t len,
	    const char *charset, size_t less);

/* One as it was found, in the text that it was found in. */
struct encoded_word {
	size_t		 len;			/* of all of it */
	char		 charset[CHARSET_NAME_MAX + 1];	/* with "*language" */
	bool		 base64;		/* else Q */
	const char	*text;			/* encoded */
	size_t		 text_len;
};

/*
 * The encoded word that the text begins with, if there is one: its length, or
 * 0.  It is taken as readers take it: whatever its length, and with what should
 * have been encoded in it (blanks, specials, raw octets).  All searches in a
 * text take linear time, since none passes the beginning of another word.
 */
size_t	encoded_word_read(struct encoded_word *, const char *text, size_t len);

/*
 * Appends the octets that the word stands for; raw octets in Q stand for
 * themselves.  False, with nothing appended, if the text is not base64.
 */
bool	encoded_word_decode(struct buffer *, const struct encoded_word *);

/* A piece of text and the encoded word after it, if it is not the last. */
struct mixed_text {
	const char		*text;
	size_t			 len;	/* 0 for blanks between two words, which
					 * readers leave out */
	struct encoded_word	 word;	/* .len is 0 if there is none */
};

/* The next piece at *at, 0 in the beginning; false at the end. */
bool	mixed_text_next(struct mixed_text *, const char *text, size_t len,
	    size_t *at);

#endif
