/*
 * header_fuzz.c - properties of every converted header field
 *
 * The first octet selects SMTPUTF8 and the name of the field; the value
 * follows.  The result is one field of that name.  If field_write() returns
 * FIELD_FITS, the field is fit, its addr-specs are the same except for
 * A-labels, and a subject decodes to the same octets except for blanks.  A
 * field in ASCII without encoded words is unfolded to the same text, except for
 * blanks after a comma and between message ids.  As text for people, a subject
 * is one line of UTF-8 of limited length.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "mail/address.h"
#include "mail/encoded_word.h"
#include "mail/subject.h"
#include "mime/field_form.h"
#include "mime/mime_header.h"
#include "util/memory.h"
#include "util/text.h"
#include "util/visible.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char *const	names[] = { "Subject", "To", "From", "Keywords",
	"Content-Type", "Content-Disposition", "References", "List-Id",
	"List-Unsubscribe", "X-Data", "Comments" };
enum { NAMES = sizeof(names) / sizeof(*names) };

/* Writes "Name: text", with a fold for each line end if possible. */
static void
make_field(struct buffer *to, const char *name, const char *text, size_t len)
{
	buffer_addf(to, "%s:", name);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\0' || text[i] == '\r')
			buffer_add_byte(to, ' ');
		else if (text[i] == '\n')
			buffer_add_text(to, "\r\n ");
		else
			buffer_add_byte(to, text[i]);
	}
	buffer_add_text(to, "\r\n");
}

static void
assert_same_addresses(const struct field *a, const struct field *b)
{
	struct address_list	before = { 0 }, after = { 0 };
	struct failure		why;
	const char		*value;
	size_t			 len;

	value = field_value(a, &len);
	if (address_list_parse(&before, value, len, ADDRESS_HEADER, &why)) {
		value = field_value(b, &len);
		assert(address_list_parse(&after, value, len, ADDRESS_HEADER,
		    &why));
		assert(before.n == after.n);
		for (size_t i = 0; i < after.n; i++) {
			assert(strcmp(before.address[i].local,
			    after.address[i].local) == 0);
			assert(!text_is_ascii(before.address[i].domain,
			    strlen(before.address[i].domain)) ||
			    strcmp(before.address[i].domain,
			    after.address[i].domain) == 0);
		}
	}
	address_list_free(&before);
	address_list_free(&after);
}

static void
add_without_blanks(struct buffer *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr(" \t\r\n", text[i]) == NULL || text[i] == '\0')
			buffer_add_byte(to, text[i]);
}

/* Decodes a field as a mail reader does. */
static void
read_text(struct buffer *to, const struct field *f)
{
	struct buffer		unfolded = { 0 }, octets = { 0 };
	struct mixed_text	m;
	size_t			len, at = 0;
	const char		*value = field_value(f, &len);

	for (size_t i = 0; i < len; i++)
		if (value[i] != '\r' && value[i] != '\n')
			buffer_add_byte(&unfolded, value[i]);
	while (mixed_text_next(&m, unfolded.data, unfolded.len, &at)) {
		add_without_blanks(to, m.text, m.len);
		buffer_clear(&octets);
		if (m.word.len > 0 && !encoded_word_decode(&octets, &m.word))
			buffer_add(&octets, unfolded.data + at - m.word.len,
			    m.word.len);
		add_without_blanks(to, octets.data, octets.len);
	}
	buffer_free(&unfolded);
	buffer_free(&octets);
}

static void
assert_same_text(const struct field *a, const struct field *b)
{
	struct buffer	before = { 0 }, after = { 0 };

	read_text(&before, a);
	read_text(&after, b);
	assert(before.len == after.len);
	assert(before.len == 0 ||
	    memcmp(before.data, after.data, before.len) == 0);
	buffer_free(&before);
	buffer_free(&after);
}

/* Unfolds a field, and drops the white space at its end. */
static void
unfold(struct buffer *to, const struct field *f)
{
	for (size_t i = 0; i < f->len; i++)
		if (f->text[i] != '\r' && f->text[i] != '\n')
			buffer_add_byte(to, f->text[i]);
	while (to->len > 0 && text_is_blank(to->data[to->len - 1]))
		to->len--;
}

static void
assert_same_unfolded(const struct field *a, const struct field *b)
{
	struct buffer	before = { 0 }, after = { 0 };
	size_t		at = 0;

	unfold(&before, a);
	unfold(&after, b);
	for (size_t i = 0; i < after.len; i++) {
		const char	*c = after.data + i;

		if (at < before.len && *c == before.data[at])
			at++;
		else
			assert(*c == ' ' && (c[-1] == ',' ||
			    (c[-1] == '>' && c[1] == '<')));
	}
	assert(at == before.len);
	buffer_free(&before);
	buffer_free(&after);
}

static void
assert_readable(const struct header *h)
{
	enum { MOST = 20 };
	struct buffer	text = { 0 };

	buffer_add_text(&text, "");
	subject_write(&text, h, MOST);
	assert(text.len <= MOST + strlen("..."));
	assert(strlen(text.data) == text.len);
	for (size_t at = 0, n; at < text.len; at += n) {
		uint32_t	c;

		n = text_decode_utf8(text.data + at, text.len - at, &c);
		assert(n > 0 && visible_is_safe(c));
	}
	buffer_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct field_form	form;
	const char		*name;
	struct buffer		text = { 0 }, out = { 0 };
	struct header		in = { 0 }, written = { 0 };
	bool			good;

	if (size == 0)
		return 0;
	form = (struct field_form){ .utf8 = data[0] & 1 };
	name = names[(data[0] >> 1) % NAMES];
	make_field(&text, name, (const char *)data + 1, size - 1);
	header_append(&in, memory_copy_n(text.data, text.len), text.len);
	good = field_write(&out, &in.field[0], &form) == FIELD_FITS;
	mime_header_parse(&written, out.data, out.len);
	assert(written.n == 1 && written.field[0].len == out.len);
	assert(field_is(&written.field[0], name));
	assert(!good || field_is_fit(&written.field[0], &form));
	if (strcmp(name, "To") == 0 || strcmp(name, "From") == 0)
		assert_same_addresses(&in.field[0], &written.field[0]);
	if (strcmp(name, "Subject") == 0 || strcmp(name, "Comments") == 0)
		assert_same_text(&in.field[0], &written.field[0]);
	if (text_is_ascii(text.data, text.len) &&
	    memmem(text.data, text.len, "=?", 2) == NULL)
		assert_same_unfolded(&in.field[0], &written.field[0]);
	assert_readable(&in);
	header_free(&in);
	header_free(&written);
	buffer_free(&text);
	buffer_free(&out);
	return 0;
}
