#include "mail/phrase.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mail/address.h"
#include "mail/charset.h"
#include "mail/encoded_word.h"
#include "util/memory.h"

static bool
is_atom_or_blank(unsigned char c)
{
	return isalnum(c) || strchr("!#$%&'*+-/=?^_`{|}~ ", c) != NULL;
}

/* Whether all characters of an encoded word are permitted in a phrase. */
static bool
is_atom(const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (word[i] == ' ' || !is_atom_or_blank((unsigned char)word[i]))
			return false;
	return true;
}

static void
add_separator(struct buffer *to, size_t start)
{
	if (to->len > start)
		buffer_add_byte(to, ' ');
}

/* Encodes the name, except for encoded words in it. */
static void
write_encoded(struct buffer *to, const char *name, size_t len)
{
	struct mixed_text	m;
	struct buffer		octets = { 0 };
	size_t			at = 0, start = to->len;

	while (mixed_text_next(&m, name, len, &at)) {
		const char	*word = name + at - m.word.len;

		if (m.len > 0) {
			add_separator(to, start);
			encoded_words_write(to, m.text, m.len,
			    charset_of_text(m.text, m.len, NULL), 0);
		}
		if (m.word.len == 0)
			break;
		add_separator(to, start);
		buffer_clear(&octets);
		if (!is_atom(word, m.word.len) &&
		    encoded_word_decode(&octets, &m.word))
			encoded_words_write(to, octets.data, octets.len,
			    m.word.charset, 0);
		else
			buffer_add(to, word, m.word.len);
	}
	buffer_free(&octets);
}

/*
 * Whether the name contains an encoded word, and whether other text contains
 * "=?", which looks like the beginning of an encoded word.
 */
static void
find_encoded(const char *name, size_t len, bool *word, bool *text)
{
	struct mixed_text	m;
	size_t			at = 0;

	*word = *text = false;
	while (mixed_text_next(&m, name, len, &at)) {
		*word |= m.word.len > 0;
		*text |= memmem(m.text, m.len, "=?", 2) != NULL;
	}
}

void
phrase_write(struct buffer *to, const char *name)
{
	size_t	len = strlen(name);
	char	*clean = memory_copy(name);
	bool	 ascii = true, atoms = true;
	bool	 has_word, has_text;

	for (char *c = clean; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = ' ';
		ascii &= (unsigned char)*c < 128;
		atoms &= is_atom_or_blank((unsigned char)*c);
	}
	find_encoded(clean, len, &has_word, &has_text);
	atoms &= !has_text && clean[0] != ' ' && clean[0] != '\0';
	if (atoms)
		buffer_add(to, clean, len);
	else if (!ascii || has_word)
		write_encoded(to, clean, len);
	else
		address_write_quoted(to, clean);
	free(clean);
}
