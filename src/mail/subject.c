#include "mail/subject.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "mail/encoded_word.h"
#include "util/text.h"
#include "util/visible.h"

/* Their names for the same octets, except those from 128 to 159. */
static bool
is_latin1(const char *charset, size_t len)
{
	static const char *const	names[] = { "iso-8859-1",
		"iso-8859-15", "windows-1252", "cp1252" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i]) == len &&
		    strncasecmp(names[i], charset, len) == 0)
			return true;
	return false;
}

static void
add_latin1(struct buffer *b, const struct buffer *octets)
{
	for (size_t i = 0; i < octets->len; i++) {
		unsigned char	c = (unsigned char)octets->data[i];

		if (c >= 128)
			buffer_add_byte(b, (char)(0xc0 | c >> 6));
		buffer_add_byte(b, c < 128 ? (char)c :
		    (char)(0x80 | (c & 0x3f)));
	}
}

/* An encoded word that cannot be decoded is copied. */
static void
add_word(struct buffer *b, const struct encoded_word *w, const char *word)
{
	struct buffer	octets = { 0 };
	size_t		len = strcspn(w->charset, "*");
	bool		utf8 = (len == 5 &&
			    strncasecmp(w->charset, "utf-8", len) == 0) ||
			    (len == 8 &&
			    strncasecmp(w->charset, "us-ascii", len) == 0);

	if ((!utf8 && !is_latin1(w->charset, len)) ||
	    !encoded_word_decode(&octets, w))
		buffer_add(b, word, w->len);
	else if (utf8)
		buffer_add(b, octets.data, octets.len);
	else
		add_latin1(b, &octets);
	buffer_free(&octets);
}

/* Blanks, line ends and other control characters become one space. */
static void
add_clean(struct buffer *to, const char *text, size_t len, size_t max)
{
	size_t	start = to->len;
	bool	blank = false;

	for (size_t at = 0; at < len;) {
		uint32_t	c = '?';
		size_t		n = text_decode_utf8(text + at, len - at, &c);
		bool		valid = n > 0;

		if (!valid)
			n = 1;
		if (c == ' ' || !visible_is_safe(c)) {
			blank = true;
		} else {
			blank = blank && to->len > start;
			if (to->len - start + blank + n > max) {
				buffer_add_text(to, "...");
				return;
			}
			if (blank)
				buffer_add_byte(to, ' ');
			blank = false;
			buffer_add(to, valid ? text + at : "?", n);
		}
		at += n;
	}
}

void
subject_write(struct buffer *to, const struct header *h, size_t max)
{
	const struct field	*f = header_find(h, "Subject", 0);
	struct buffer		 line = { 0 }, text = { 0 };
	struct mixed_text	 piece;
	const char		*value;
	size_t			 len, at = 0;

	if (f == NULL)
		return;
	value = field_value(f, &len);
	for (size_t i = 0; i < len; i++)
		if (value[i] != '\r' && value[i] != '\n')
			buffer_add_byte(&line, value[i]);
	while (mixed_text_next(&piece, line.data, line.len, &at)) {
		buffer_add(&text, piece.text, piece.len);
		if (piece.word.len > 0)
			add_word(&text, &piece.word, line.data + at -
			    piece.word.len);
	}
	add_clean(to, text.data, text.len, max);
	buffer_free(&line);
	buffer_free(&text);
}
