#include "mail/phrase.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mail/charset.h"
#include "mail/encoded_word.h"
#include "util/memory.h"

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
		encoded_words_write(to, clean, strlen(clean),
		    charset_of_text(clean, strlen(clean), NULL), 0);
	else if (atoms && clean[0] != '\0')
		buffer_add_text(to, clean);
	else
		write_quoted(to, clean);
	free(clean);
}
