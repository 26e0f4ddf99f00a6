/*
 * mime_fuzz.c - properties of every converted message
 *
 * The first octet selects the extensions of the server and the size of the
 * reads. The size is the announced one, and all line ends are CRLF.  Without a
 * remark, the result has no 8-bit octets that the server does not accept and no
 * line over 998 octets, and converting it again does not change it.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mime/wire.h"
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
