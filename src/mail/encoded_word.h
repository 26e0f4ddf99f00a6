/*
 * encoded_word.h - encode and decode header text (RFC 2047)
 *
 * An encoded word has at most 75 octets and decodes on its own, so characters
 * are not split.  Only characters that are permitted in a phrase (section 5)
 * are literal, so the same form is valid in a subject, a comment and a display
 * name.
 */
#ifndef MAIL_ENCODED_WORD_H
#define MAIL_ENCODED_WORD_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/charset.h"
#include "util/buffer.h"

/*
 * Appends the text as encoded words with blanks between them, in B encoding if
 * most of the text is not ASCII, else in Q encoding.  The first word is shorter
 * by the given number of octets.  A word is longer than 75 octets only if it
 * consists of one character.
 */
void	encoded_words_write(struct buffer *, const char *text, size_t len,
	    const char *charset, size_t less);

/* An encoded word that was found in a text; borrows the text. */
struct encoded_word {
	size_t		 len;			/* of the whole word */
	char		 charset[CHARSET_NAME_MAX + 1];	/* and "*language" */
	bool		 base64;		/* B encoding; else Q */
	const char	*text;			/* encoded */
	size_t		 text_len;
};

/*
 * Reads the encoded word at the beginning of the text.  Returns its length, or
 * 0 if the text does not begin with an encoded word.  Like most readers, this
 * accepts a word of any length, and blanks, specials and 8-bit octets in it.  A
 * search stops at the beginning of the next word, so searching a whole text
 * takes linear time.
 */
size_t	encoded_word_read(struct encoded_word *, const char *text, size_t len);

/*
 * Appends the decoded octets; 8-bit octets in Q encoding are copied.  Returns
 * false, with nothing appended, if the text is not valid base64.
 */
bool	encoded_word_decode(struct buffer *, const struct encoded_word *);

/* A piece of text and the encoded word after it. */
struct mixed_text {
	const char		*text;
	size_t			 len;	/* 0 for white space between two words,
					 * which readers remove */
	struct encoded_word	 word;	/* .len is 0 after the last piece */
};

/* Reads the next piece at *at, which begins as 0.  Returns false at the end. */
bool	mixed_text_next(struct mixed_text *, const char *text, size_t len,
	    size_t *at);

#endif
