#include "mail/phrase.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/base64.h"
#include "util/memory.h"

enum { WORD_OCTETS = 42 };	/* encoded they stay within 75 (RFC 2047) */

static bool
is_atom_or_blank(unsigned char c)
{
	return isalnum(c) || strchr("!#$%&'*+-/=?^_`{|}~ ", c) != NULL;
}

static void
write_quoted(struct buffer *to, const char *name)
{
	buffer_add_byte(to, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"' || *name == '\\')
			buffer_add_byte(to, '\\');
		buffer_add_byte(to, *name);
	}
	buffer_add_byte(to, '"');
}

/* Cut between characters: each word has to decode alone (section 5). */
static void
write_encoded(struct buffer *to, const char *name)
{
	size_t	len = strlen(name);

	while (len > 0) {
		size_t	n = len < WORD_OCTETS ? len : WORD_OCTETS;

		while (n < len && n > 1 && ((unsigned char)name[n] & 0xc0) == 0x80)
			n--;
		buffer_add_text(to, "=?UTF-8?B?");
		base64_encode(to, name, n);
		buffer_add_text(to, n < len ? "?= " : "?=");
		name += n;
		len -= n;
	}
}

void
phrase_write(struct buffer *to, const char *name)
{
	char	*clean = memory_copy(name);
	bool	 ascii = true, atoms = true;

	for (char *c = clean; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = ' ';
		ascii &= (unsigned char)*c < 128;
		atoms &= is_atom_or_blank((unsigned char)*c);
	}
	/* "=?" would be read as an encoded word. */
	atoms &= strstr(clean, "=?") == NULL && clean[0] != ' ';
	if (!ascii)
		write_encoded(to, clean);
	else if (atoms && clean[0] != '\0')
		buffer_add_text(to, clean);
	else
		write_quoted(to, clean);
	free(clean);
}
