#include "mime/mime_header.h"

#include <string.h>
#include <strings.h>

#include "util/memory.h"
#include "util/text.h"

static const char *
next_line(const char *text, const char *end)
{
	const char	*lf = memchr(text, '\n', (size_t)(end - text));

	return lf != NULL ? lf + 1 : end;
}

void
mime_header_parse(struct header *h, const char *text, size_t len)
{
	const char	*end = text + len;

	while (text < end) {
		const char	*next = next_line(text, end);
		size_t		 n;

		while (next < end && text_is_blank(*next))
			next = next_line(next, end);
		n = (size_t)(next - text);
		if (field_name_length(text, n) > 0)
			header_append(h, memory_copy_n(text, n), n);
		text = next;
	}
}

bool
mime_header_type(struct media_type *type, const struct header *h)
{
	const struct field	*f = header_find(h, "Content-Type", 0);
	const char		*value;
	size_t			 len;

	*type = (struct media_type){ 0 };
	if (f == NULL)
		return false;
	value = field_value(f, &len);
	media_type_read(type, value, len);
	return true;
}

bool
mime_header_charset(char name[CHARSET_NAME_MAX + 1], const struct header *h)
{
	struct media_type	type;

	if (!mime_header_type(&type, h) || !charset_is_8bit(type.charset))
		return false;
	strlcpy(name, type.charset, CHARSET_NAME_MAX + 1);
	return true;
}

/*
 * The length of "7bit" or "8bit" at the beginning, including the spellings of
 * some programs ("8-bit", "8 bit", "7bits"), or 0.
 */
static size_t
bits_length(const char *word, size_t len)
{
	size_t	n = 1;

	if (len < 4 || (word[0] != '7' && word[0] != '8'))
		return 0;
	n += word[n] == '-' || word[n] == ' ';
	if (len < n + 3 || strncasecmp(word + n, "bit", 3) != 0)
		return 0;
	n += 3;
	return n + (n < len && (word[n] == 's' || word[n] == 'S'));
}

static size_t
word_length(const char *text, size_t len)
{
	size_t	n = 0;

	while (n < len && strchr(" \t\r\n;(", text[n]) == NULL)
		n++;
	return n;
}

static enum mime_encoding
encoding_named(const char *value, size_t len)
{
	static const struct {
		const char		*name;
		enum mime_encoding	 is;
	} names[] = {
		{ "binary", ENCODING_BINARY },
		{ "quoted-printable", ENCODING_QUOTED },
		{ "base64", ENCODING_BASE64 },
	};
	size_t	word, bits;

	while (len > 0 && strchr(" \t\r\n", *value) != NULL)
		value++, len--;
	if (len == 0)
		return ENCODING_7BIT;
	bits = bits_length(value, len);
	if (bits > 0 && word_length(value + bits, len - bits) == 0)
		return value[0] == '7' ? ENCODING_7BIT : ENCODING_8BIT;
	word = word_length(value, len);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i].name) == word &&
		    strncasecmp(value, names[i].name, word) == 0)
			return names[i].is;
	return ENCODING_OTHER;
}

bool
mime_encoding_is_identity(enum mime_encoding e)
{
	return e <= ENCODING_BINARY;
}

enum mime_encoding
mime_header_encoding(const struct header *h)
{
	enum mime_encoding	encoding = ENCODING_7BIT;
	bool		found = false;

	for (size_t i = 0; i < h->n; i++) {
		enum mime_encoding	e;
		size_t		len;
		const char	*value;

		if (!field_is(&h->field[i], "Content-Transfer-Encoding"))
			continue;
		value = field_value(&h->field[i], &len);
		e = encoding_named(value, len);
		if (found && e != encoding && !(mime_encoding_is_identity(e) &&
		    mime_encoding_is_identity(encoding)))
			return ENCODING_OTHER;
		if (e > encoding)
			encoding = e;
		found = true;
	}
	return encoding;
}

bool
mime_header_is_fit(const struct header *h, const struct field_form *form)
{
	for (size_t i = 0; i < h->n; i++)
		if (!field_is_fit(&h->field[i], form))
			return false;
	return true;
}

struct mime_unfit_field
mime_header_write(struct buffer *to, const struct header *h,
    const struct mime_header_change *change, const struct field_form *form)
{
	struct mime_unfit_field	first = { 0 };
	struct field_form	own = { 0 };	/* with the charset */
	char			charset[CHARSET_NAME_MAX + 1];
	bool			has_encoding = change->encoding == NULL;
	bool			has_own = false;

	for (size_t i = 0; i < h->n; i++) {
		const struct field	*f = &h->field[i];
		enum field_result	 result;

		if (change->encoding != NULL &&
		    field_is(f, "Content-Transfer-Encoding")) {
			if (!has_encoding)	/* a second one is omitted */
				buffer_addf(to, "%.*s: %s\r\n",
				    (int)f->name_len, f->text,
				    change->encoding);
			has_encoding = true;
			continue;
		}
		if (field_is_fit(f, form)) {
			buffer_add(to, f->text, f->len);
			continue;
		}
		if (!has_own) {
			has_own = true;
			own = *form;
			if (mime_header_charset(charset, h))
				own.charset = charset;
		}
		result = field_write(to, f, &own);
		if (first.result == FIELD_FITS && result != FIELD_FITS)
			first = (struct mime_unfit_field){ f, result };
	}
	if (change->version && header_find(h, "MIME-Version", 0) == NULL)
		buffer_add_text(to, "MIME-Version: 1.0\r\n");
	if (change->charset != NULL &&
	    header_find(h, "Content-Type", 0) == NULL)
		buffer_addf(to, "Content-Type: text/plain; charset=%s\r\n",
		    change->charset);
	if (!has_encoding)
		buffer_addf(to, "Content-Transfer-Encoding: %s\r\n",
		    change->encoding);
	return first;
}
