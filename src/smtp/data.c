#include "smtp/data.h"

#include <string.h>

enum { BLOCK = 64 * 1024 };

/* Copies whole runs and doubles a dot behind each line end that has one. */
static bool
send_stuffed(struct stream *s, const char *data, size_t len, bool *line_start,
    struct failure *why)
{
	const char	*end = data + len;

	if (len == 0)
		return true;
	if (*line_start && data[0] == '.' && !stream_write(s, ".", 1, why))
		return false;
	for (const char *at = data; ;) {
		const char	*lf = memchr(at, '\n', (size_t)(end - at));

		if (lf == NULL || lf + 1 == end)
			break;
		at = lf + 1;
		if (*at != '.')
			continue;
		if (!stream_write(s, data, (size_t)(at - data), why) ||
		    !stream_write(s, ".", 1, why))
			return false;
		data = at;
	}
	*line_start = end[-1] == '\n';
	return stream_write(s, data, (size_t)(end - data), why);
}

/* Block by block, where the body is made as it goes. */
static bool
send_read(struct stream *s, struct wire *w, bool stuffed, struct failure *why)
{
	char	block[BLOCK];
	bool	line_start = true;
	ssize_t	n;

	while ((n = wire_read(w, block, sizeof(block), why)) > 0)
		if (!(stuffed ?
		    send_stuffed(s, block, (size_t)n, &line_start, why) :
		    stream_write(s, block, (size_t)n, why)))
			return false;
	return n == 0;
}

static bool
send_unchanged(struct stream *s, const struct body *body, struct failure *why)
{
	const char	*data = body_in_memory(body);

	if (data != NULL)
		return stream_write(s, data, (size_t)body->size, why);
	return stream_send_file(s, body->fd, body->offset, body->size, why);
}

static bool
send_body(struct stream *s, struct wire *w, bool stuffed, struct failure *why)
{
	const struct body	*body = wire_unchanged(w);
	bool			 line_start = true;

	if (body == NULL)
		return send_read(s, w, stuffed, why);
	if (!stuffed || !w->has_dots)
		return send_unchanged(s, body, why);
	if (body_in_memory(body) == NULL)
		return send_read(s, w, stuffed, why);
	return send_stuffed(s, body_in_memory(body), (size_t)body->size,
	    &line_start, why);
}

bool
data_send_stuffed(struct stream *s, struct wire *w, struct failure *why)
{
	bool	line_start = true;

	return send_stuffed(s, w->head.data, w->head.len, &line_start, why) &&
	    send_body(s, w, true, why);
}

bool
data_end(struct stream *s, struct failure *why)
{
	return stream_write(s, ".\r\n", 3, why) && stream_flush(s, why);
}

bool
data_send_plain(struct stream *s, struct wire *w, struct failure *why)
{
	return stream_write(s, w->head.data, w->head.len, why) &&
	    send_body(s, w, false, why) &&
	    stream_flush(s, why);
}
