/*
 * message_fuzz.c - properties of every stored message
 *
 * The first octet selects the size of the pieces and BINARYMIME.  The result
 * does not depend on the size of the pieces, and does not change if it is
 * received again.  It has CRLF line ends, no NUL, a complete header, and no Bcc
 * field.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/complete.h"
#include "mail/message.h"
#include "mail/recipients.h"
#include "mime/binary.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool
feed_message(struct message *m, const char *text, size_t len, size_t piece,
    bool binary)
{
	static const char *const		tmp[] = { "/tmp", NULL };
	static const struct message_limits	limits = { .spill = tmp };
	struct failure				why;
	bool					good = true;

	message_begin(m, &limits);
	message_keep_binary(m, binary);
	for (size_t at = 0; good && at < len; at += piece)
		good = message_feed(m, text + at,
		    len - at < piece ? len - at : piece, &why);
	return good && binary_encode(m, &why) && message_end(m, &why);
}

static void
write_all(struct buffer *to, const struct message *m)
{
	struct failure	why;
	size_t		size = (size_t)m->body.size;

	header_write(to, &m->header);
	assert(body_read(&m->body, 0, buffer_room(to, size + 1), size + 1,
	    &why) == (ssize_t)size);
	to->len += size;
	assert(to->len == message_size(m));
}

static void
assert_lines(const struct buffer *text)
{
	for (size_t i = 0; i < text->len; i++) {
		assert(text->data[i] != '\0');
		assert((text->data[i] == '\r') == (i + 1 < text->len &&
		    text->data[i + 1] == '\n'));
		if (text->data[i] == '\n')
			assert(i > 0 && text->data[i - 1] == '\r');
	}
	assert(text->len >= 2 && text->data[text->len - 1] == '\n');
}

static void
assert_complete(struct message *m)
{
	static const char *const	never[] = { "Bcc", "Resent-Bcc",
					    "Return-Path", "Apparently-To" };
	const struct completion		 c = { .from = "a@b",
					    .name = "n", .id_domain = "b" };
	struct recipients		 found = { 0 };
	struct failure			 why;

	recipients_from_header(&found, &m->header, NULL, &why);
	for (size_t i = 0; i < found.n_bad; i++)
		assert(found.bad[i].path[0] != '\0' &&
		    strpbrk(found.bad[i].path, "<>\r\n") == NULL);
	recipients_free(&found);
	header_complete(&m->header, &c);
	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		assert(header_find(&m->header, never[i], 0) == NULL);
	assert(header_find(&m->header, "From", 0) != NULL);
	assert(header_find(&m->header, "Date", 0) != NULL);
	assert(header_find(&m->header, "Message-ID", 0) != NULL);
}

/* The stored form, received again, does not change. */
static void
assert_stable(const struct buffer *stored)
{
	struct buffer	again = { 0 };
	struct message	m;

	assert(feed_message(&m, stored->data, stored->len, stored->len,
	    false));
	write_all(&again, &m);
	assert(again.len == stored->len &&
	    memcmp(again.data, stored->data, again.len) == 0);
	message_free(&m);
	buffer_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char	*text = (const char *)data + 1;
	struct buffer	 at_once = { 0 }, in_pieces = { 0 };
	struct message	 m, n;
	bool		 good, binary;

	if (size == 0)
		return 0;
	binary = (data[0] & 16) != 0;
	good = feed_message(&m, text, size - 1, size, binary);
	assert(feed_message(&n, text, size - 1, 1 + data[0] % 16, binary) ==
	    good);
	if (good) {
		write_all(&at_once, &m);
		write_all(&in_pieces, &n);
		assert(at_once.len == in_pieces.len &&
		    memcmp(at_once.data, in_pieces.data, at_once.len) == 0);
		assert(m.body.has_dots == n.body.has_dots);
		assert(m.body.has_8bit == n.body.has_8bit);
		assert(m.body.longest_line == n.body.longest_line);
		assert_lines(&at_once);
		assert_stable(&at_once);
		assert_complete(&m);
	}
	message_free(&m);
	message_free(&n);
	buffer_free(&at_once);
	buffer_free(&in_pieces);
	return 0;
}
