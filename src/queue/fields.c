#include "queue/fields.h"

#include <string.h>

#include "util/memory.h"
#include "util/text.h"

/* The end of the field that begins at 'at': past its last line. */
static size_t
field_end(const char *text, size_t len, size_t at)
{
	do {
		const char	*end = memchr(text + at, '\n', len - at);

		at = end != NULL ? (size_t)(end - text) + 1 : len;
	} while (at < len && text_is_blank(text[at]));
	return at;
}

static bool
is_field(const char *field, size_t len)
{
	return len > 2 && memcmp(field + len - 2, "\r\n", 2) == 0 &&
	    memchr(field, '\0', len) == NULL &&
	    field_name_length(field, len) > 0;
}

bool
fields_split(struct header *header, const char *text, size_t len)
{
	size_t	at = 0, n = 0;

	if (len > FIELDS_OCTETS_MAX)
		return false;
	while (len - at > 2) {
		size_t	end = field_end(text, len, at);

		if (n++ >= FIELDS_MAX || !is_field(text + at, end - at))
			return false;
		if (header != NULL)
			header_append(header, memory_copy_n(text + at,
			    end - at), end - at);
		at = end;
	}
	return len - at == 2 && memcmp(text + at, "\r\n", 2) == 0;
}
