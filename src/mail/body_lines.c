#include "mail/body_lines.h"

#include <string.h>

#include "util/buffer.h"

enum { BLOCK = 64 * 1024 };

struct line_reader {
	void		(*line)(void *, const struct body_line *);
	void		*context;
	uint64_t	 at;
	bool		 raw;
	bool		 within;	/* after an incomplete line */
};

static void
pass_line(struct line_reader *l, const char *text, size_t len, size_t end)
{
	struct body_line	line = { text, len, l->at, !l->within, end };

	l->line(l->context, &line);
	l->at += len + end;
	l->within = end == 0;
}

/* Passes on the complete lines.  Returns the number of octets in them. */
static size_t
pass_lines(struct line_reader *l, const char *text, size_t len)
{
	const char	*start = text;
	const char	*end = text + len;
	const char	*lf;

	for (const char *from = text; (lf = memchr(from, '\n',
	    (size_t)(end - from))) != NULL; from = lf + 1) {
		const char	*stop = lf;

		while (stop > text && stop[-1] == '\r' &&
		    (l->raw || stop == lf))
			stop--;
		if (stop == lf && !l->raw)
			continue;	/* only in an edited queue file */
		pass_line(l, text, (size_t)(stop - text),
		    (size_t)(lf + 1 - stop));
		text = lf + 1;
	}
	return (size_t)(text - start);
}

bool
body_each_line(const struct body *b, void (*line)(void *,
    const struct body_line *), void *context, struct failure *why)
{
	struct line_reader  l = { .line = line, .context = context,
			    .raw = b->raw };
	const char	*memory = body_in_memory(b);
	struct buffer	 block = { 0 };
	uint64_t	 at = 0;
	ssize_t		 n = 0;

	if (memory != NULL) {
		size_t	used = pass_lines(&l, memory, (size_t)b->size);

		if (used < b->size)
			pass_line(&l, memory + used, (size_t)b->size - used, 0);
		return true;
	}
	buffer_room(&block, BLOCK);
	while ((n = body_read(b, at, block.data + block.len,
	    BLOCK - block.len, why)) > 0) {
		size_t	used;

		at += (uint64_t)n;
		block.len += (size_t)n;
		used = pass_lines(&l, block.data, block.len);
		if (used == 0 && block.len == BLOCK) {
			/* The last octet may be a CR or part of a character. */
			used = block.len - 1;
			for (int i = 0; i < 3 &&
			    (block.data[used] & 0xc0) == 0x80; i++)
				used--;
			pass_line(&l, block.data, used, 0);
		}
		block.len -= used;
		memmove(block.data, block.data + used, block.len);
	}
	if (n == 0 && block.len > 0)
		pass_line(&l, block.data, block.len, 0);
	buffer_free(&block);
	return n == 0;
}
