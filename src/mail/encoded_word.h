/*
 * encoded_word.h - encoded words in header fields (RFC 2047)
 *
 * Encoded words have at most 75 octets and are separated by blanks.  Each word
 * is decodable by itself, so no character is split.  Only characters that are
 * permitted in a phrase (section 5) are not encoded, so that the same words are
 * valid in a subject, a comment and a display name.
 */
#ifndef MAIL_ENCODED_WORD_H
#define MAIL_ENCODED_WORD_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/charset.h"
#include "util/buffer.h"

/*
 * Appends the text in Q, or in B if most of it is not ASCII.  The first word is
 * shorter by the given number of octets.  A word with a character that does not
 * fit is longer.
 */
void	encoded_words_write(struct buffer *, const char *text, size_t len,
	    const char *charset, size_t less);

/* An encoded word in a text, which it refers to. */
struct encoded_word {
	size_t		 len;			/* of all of it */
	char		 charset[CHARSET_NAME_MAX + 1];	/* with "*language" */
	bool		 base64;		/* else Q */
	const char	*text;			/* encoded */
	size_t		 text_len;
};

/*
 * Returns the length of the encoded word at the beginning of the text, or 0 if
 * there is none.  As in mail readers, a word can have any length, and can
 * contain characters that should have been encoded (blanks, specials, raw
 * octets).  All searches in a text together take linear time, because each one
 * ends at the beginning of the next word.
 */
size_t	encoded_word_read(struct encoded_word *, const char *text, size_t len);

/*
 * Appends the decoded octets of the word; raw octets in Q are kept.  Returns
 * false and appends nothing if the text is not valid base64.
 */
bool	encoded_word_decode(struct buffer *, const struct encoded_word *);

/* A piece of text and the encoded word after it, if it is not the last. */
struct mixed_text {
	const char		*text;
	size_t			 len;	/* 0 for blanks between two words, which
					 * mail readers do not display */
	struct encoded_word	 word;	/* .len is 0 if there is no word */
};

/* Reads the piece at *at, which is first 0; returns false at the end. */
bool	mixed_text_next(struct mixed_text *, const char *text, size_t len,
	    size_t *at);

#endif
