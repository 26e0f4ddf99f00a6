/*
 * mime_fuzz.c - properties of every converted message
 *
 * The first octet selects the extensions of the server and the size of the
 * reads. The size is the announced one, and all line ends are CRLF.  Without a
 * remark, the result has no 8-bit octets that the server does not accept and no
 * line over 998 octets, and converting it again does not change it.  If the
 * message is not a multipart and encloses no message, its text decodes to the
 * same octets.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mime/media_type.h"
#include "mime/mime_header.h"
#include "mime/wire.h"
#include "util/hex.h"
#include "util/text.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool
feed_message(struct message *m, const char *text, size_t len)
{
	static const char *const		tmp[] = { "/tmp", NULL };
	static const struct message_limits	limits = { .spill = tmp };
	struct failure				why;
	bool					good;

	message_begin(m, &limits);
	good = message_feed(m, text, len, &why);
	return message_end(m, &why) && good;
}

static const char *
converted_form(struct buffer *to, const struct message *m,
    const struct wire_abilities *abilities, size_t room)
{
	struct wire	w;
	struct failure	why;
	char		block[256];
	const char	*remark;
	ssize_t		n;

	assert(wire_prepare(&w, m, abilities, &why));
	buffer_add(to, w.head.data, w.head.len);
	while ((n = wire_read(&w, block, room, &why)) > 0)
		buffer_add(to, block, (size_t)n);
	assert(n == 0 && to->len == w.size);
	assert(w.has_8bit || text_is_ascii(to->data, to->len));
	remark = w.remark;
	wire_free(&w);
	return remark;
}

static void
assert_fit(const struct buffer *wire, bool eight_bit)
{
	size_t	line = 0;

	assert(eight_bit || text_is_ascii(wire->data, wire->len));
	for (size_t i = 0; i < wire->len; i++) {
		assert(wire->data[i] != '\n' || wire->data[i - 1] == '\r');
		assert(wire->data[i] != '\r' || wire->data[i + 1] == '\n');
		line = wire->data[i] == '\n' ? 0 : line + 1;
		assert(line <= 999);
	}
}

/* Removes the quoted-printable encoding (RFC 2045 section 6.7). */
static void
decode_quoted(struct buffer *to, const char *line, size_t len)
{
	while (len > 0 && text_is_blank(line[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++) {
		int	octet = line[i] == '=' && i + 2 < len ?
			    hex_read(line + i + 1) : -1;

		if (line[i] == '=' && i + 1 == len)
			return;
		buffer_add_byte(to, octet != -1 ? (char)octet : line[i]);
		i += octet != -1 ? 2 : 0;
	}
	buffer_add_text(to, "\r\n");
}

/* What a mail reader shows; base64 stays encoded, without white space. */
static void
read_content(struct buffer *to, const struct message *m)
{
	enum mime_encoding	encoding = mime_header_encoding(&m->header);
	size_t			len = m->body.size, n;
	char			*text = malloc(len + 1);
	struct failure		why;

	assert(text != NULL && body_read(&m->body, 0, text, len, &why) ==
	    (ssize_t)len);
	for (size_t i = 0; i < len; i += n + 2) {
		const char	*end = memmem(text + i, len - i, "\r\n", 2);

		assert(end != NULL);
		n = (size_t)(end - (text + i));
		if (encoding == ENCODING_QUOTED)
			decode_quoted(to, text + i, n);
		else if (encoding == ENCODING_BASE64)
			buffer_add(to, text + i, n);
		else
			buffer_add(to, text + i, n + 2);
	}
	free(text);
}

static void
assert_same_content(const struct message *a, const struct message *b)
{
	struct buffer		before = { 0 }, after = { 0 };
	struct media_type	type;

	if (mime_header_type(&type, &a->header) &&
	    (media_type_is(&type, "multipart/") ||
	    strncmp(type.type, "message/", 8) == 0))
		return;
	read_content(&before, a);
	read_content(&after, b);
	assert(before.len == after.len);
	assert(before.len == 0 ||
	    memcmp(before.data, after.data, before.len) == 0);
	buffer_free(&before);
	buffer_free(&after);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_abilities	abilities;
	struct buffer		wire = { 0 }, again = { 0 };
	struct message		m, n;
	const char		*remark;

	if (size == 0)
		return 0;
	abilities = (struct wire_abilities){ .eight_bit = data[0] & 1,
	    .utf8 = (data[0] & 3) == 3 };
	if (feed_message(&m, (const char *)data + 1, size - 1)) {
		remark = converted_form(&wire, &m, &abilities,
		    1 + (data[0] >> 2));
		if (remark == NULL) {
			assert_fit(&wire, abilities.eight_bit);
			assert(feed_message(&n, wire.data, wire.len));
			assert_same_content(&m, &n);
			converted_form(&again, &n, &abilities, 200);
			assert(wire.len == again.len && memcmp(wire.data,
			    again.data, wire.len) == 0);
			message_free(&n);
		}
	}
	message_free(&m);
	buffer_free(&wire);
	buffer_free(&again);
	return 0;
}
