/*
 * mime_fuzz.c - properties of every converted message
 *
 * The first octet selects the extensions of the server and the size of the
 * reads. The size is the announced one, and all line ends are CRLF.  Without a
 * remark, the result has no 8-bit octets that the server does not accept and no
 * line over 998 octets, and converting it again does not change it.  It has the
 * same parts, and each of them decodes to the same octets.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mime/mime_walk.h"
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
		assert(wire->data[i] != '\0');
		assert(wire->data[i] != '\n' || wire->data[i - 1] == '\r');
		assert(wire->data[i] != '\r' || wire->data[i + 1] == '\n');
		line = wire->data[i] == '\n' ? 0 : line + 1;
		assert(line <= 999);
	}
}

/* Removes the quoted-printable encoding (RFC 2045 section 6.7). */
static void
decode_quoted(struct buffer *to, const char *line, size_t len, bool ends)
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
	if (ends)
		buffer_add_text(to, "\r\n");
}

/* What a mail reader shows; base64 stays encoded, without white space. */
static void
decode(struct buffer *to, const struct buffer *text,
    enum mime_encoding encoding)
{
	size_t	n;

	for (size_t i = 0; i < text->len; i += n + 2) {
		const char	*line = text->data + i;
		const char	*end = memmem(line, text->len - i, "\r\n", 2);

		n = end != NULL ? (size_t)(end - line) : text->len - i;
		if (encoding == ENCODING_QUOTED)
			decode_quoted(to, line, n, end != NULL);
		else
			buffer_add(to, line, n);
		if (end != NULL && encoding != ENCODING_QUOTED &&
		    encoding != ENCODING_BASE64)
			buffer_add_text(to, "\r\n");
	}
}

/* The parts of a message, as text. */
struct content {
	struct mime_walk	 walk;
	struct buffer		 part, all;
	bool			 unclear;
};

/*
 * If a boundary follows the header of a multipart, without an empty line, it is
 * not clear whether it is that of the multipart or of the one that encloses it.
 */
static void
see_level(void *context)
{
	struct content	*c = context;

	buffer_addf(&c->all, "level %zu\n", c->walk.depth);
	c->unclear |= c->walk.level[c->walk.depth - 1].open_header;
}

static void
see_end_of_level(void *context)
{
	struct content	*c = context;

	buffer_addf(&c->all, "end of level %zu\n", c->walk.depth);
}

static void
see_part(void *context)
{
	struct content	*c = context;

	buffer_clear(&c->part);
	buffer_addf(&c->all, "part %zu %d\n", c->walk.depth,
	    (int)c->walk.place);
}

static void
see_text(void *context, size_t line_end, const struct body_line *line)
{
	struct content	*c = context;

	if (line_end > 0)
		buffer_add_text(&c->part, "\r\n");
	buffer_add(&c->part, line->text, line->len);
}

static void
see_end(void *context, uint64_t at)
{
	struct content	*c = context;

	(void)at;
	decode(&c->all, &c->part, c->walk.place == MIME_TEXT ?
	    c->walk.encoding : ENCODING_8BIT);
	buffer_add_text(&c->all, "\n");
}

static void
see_line(void *context, const char *text, size_t len)
{
	struct content	*c = context;

	buffer_add(&c->all, text, len);
}

static void
read_content(struct content *c, const struct message *m)
{
	static const struct mime_visitor	visitor = {
		.open = see_level, .close = see_end_of_level, .begin = see_part,
		.text = see_text, .end = see_end, .skip = see_line,
	};
	struct failure	why;

	assert(mime_walk(&c->walk, m, &visitor, c, &why));
	buffer_free(&c->part);
}

static void
assert_same_content(const struct message *a, const struct message *b)
{
	struct content	before = { .all = { 0 } }, after = { .all = { 0 } };

	read_content(&before, a);
	read_content(&after, b);
	assert(before.unclear || (before.all.len == after.all.len &&
	    memcmp(before.all.data, after.all.data, before.all.len) == 0));
	buffer_free(&before.all);
	buffer_free(&after.all);
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
