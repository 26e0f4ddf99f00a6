/*
 * entry_text.h - an entry of the queue whose lengths are correct
 *
 * A fuzzer that inserts or removes an octet makes the numbers in an entry
 * wrong, and almost every entry invalid.
 */
#ifndef FUZZ_ENTRY_TEXT_H
#define FUZZ_ENTRY_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/must.h"
#include "queue/entry.h"
#include "util/buffer.h"
#include "util/file.h"

enum { ENTRY_TEXT_REASON = 512, ENTRY_TEXT_OUTCOME = 23 };

static inline void
entry_text_pad(struct buffer *to, const char *line, size_t len, size_t width)
{
	buffer_add(to, line, len < width ? len : width);
	for (; len < width; len++)
		buffer_add_byte(to, ' ');
}

static inline void
entry_text_line(struct buffer *to, const char *line, size_t len)
{
	static const char	reason[] = "reason ";
	size_t			n = sizeof(reason) - 1;

	if (len >= n && memcmp(line, reason, n) == 0) {
		buffer_add_text(to, reason);
		entry_text_pad(to, line + n, len - n, ENTRY_TEXT_REASON);
	} else if (len > 0 && (line[0] == ' ' ||
	    (len > 1 && memcmp(line, "d ", 2) == 0)))
		entry_text_pad(to, line, len, len > ENTRY_TEXT_OUTCOME ? len :
		    ENTRY_TEXT_OUTCOME);
	else
		buffer_add(to, line, len);
	buffer_add_byte(to, '\n');
}

/*
 * Appends the entry with the numbers of its line "message" and the widths of
 * its fields in their place.  Returns false if it does not have this form.
 */
static inline bool
entry_text_mend(struct buffer *to, const uint8_t *data, size_t len)
{
	static const char	start[] = "relais-queue 1\nmessage ";
	enum { START = sizeof(start) - 1, NUMBERS = 10 + 1 + 10 + 1 + 20 };
	const char		*at = (const char *)data, *end = at + len;
	const char		*message, *lf, *body = NULL;
	char			 numbers[NUMBERS + 64];
	size_t			 header;

	if (len < START || memcmp(at, start, START) != 0 ||
	    (message = memmem(at, len, "\n\n", 2)) == NULL)
		return false;
	message += 2;
	header = (size_t)(end - message);
	if (header >= 2 && memcmp(message, "\r\n", 2) == 0)
		header = 2;
	else if (header > 0)
		body = memmem(message, header, "\r\n\r\n", 4);
	if (body != NULL)
		header = (size_t)(body + 4 - message);
	buffer_add_text(to, start);
	buffer_room(to, NUMBERS);
	memset(to->data + to->len, '0', NUMBERS);
	to->len += NUMBERS;
	buffer_add_byte(to, '\n');
	lf = memchr(at + START, '\n', len - START);
	for (at = lf + 1; at < message; at = lf + 1) {
		lf = memchr(at, '\n', (size_t)(message - at));
		entry_text_line(to, at, (size_t)(lf - at));
	}
	snprintf(numbers, sizeof(numbers), "%010zu %010zu %020zu", to->len,
	    header, (size_t)(end - message));
	memcpy(to->data + START, numbers, NUMBERS);
	buffer_add(to, message, (size_t)(end - message));
	return true;
}

/* Opens the text as an entry, without a queue; false if it is invalid. */
static inline bool
entry_text_open(struct entry *e, const void *data, size_t len)
{
	struct failure	why;
	int		fd = file_in_memory();

	must(fd != -1 && file_write(fd, data, len));
	return entry_adopt(e, "0123456789abcde", fd, &why);
}

/*
 * For an input that consists of an octet, which must exist, and an entry: calls
 * try() and, if it says that the entry is invalid, calls it again with the right
 * lengths.
 */
static inline void
entry_text_try(bool (*try)(uint8_t octet, const void *data, size_t len),
    const uint8_t *data, size_t len)
{
	struct buffer	mended = { 0 };

	if (!try(data[0], data + 1, len - 1) &&
	    entry_text_mend(&mended, data + 1, len - 1))
		try(data[0], mended.data, mended.len);
	buffer_free(&mended);
}

#endif
