#include "mime/declared_charset.h"

#include <string.h>

#include "mime/media_type.h"
#include "mime/mime_header.h"

enum {
	LOOKED_AT = 64 * 1024,	/* octets of the body */
	DEPTH_MAX = 8,		/* multiparts in multiparts */
};

/* The beginning of a body, read from one part's header to the next. */
struct search {
	const char		*at;
	const char		*end;
	struct media_type	 open[DEPTH_MAX];	/* multiparts */
	size_t			 depth;
};

static const char *
line_end(const struct search *s)
{
	const char	*lf = memchr(s->at, '\n', (size_t)(s->end - s->at));

	return lf != NULL ? lf + 1 : s->end;
}

/* Whether the line is a delimiter; what it ends is not open any more. */
static bool
is_delimiter(struct search *s, const char *line, size_t len, bool *closes)
{
	for (size_t i = s->depth; i > 0; i--) {
		const char	*boundary = s->open[i - 1].boundary;
		size_t		 n = strlen(boundary);

		if (len < n + 2 || memcmp(line, "--", 2) != 0 ||
		    memcmp(line + 2, boundary, n) != 0)
			continue;
		*closes = len >= n + 4 && memcmp(line + 2 + n, "--", 2) == 0;
		s->depth = *closes ? i - 1 : i;
		return true;
	}
	return false;
}

/* The type of the next part; false if there is no other one. */
static bool
next_part(struct search *s, struct media_type *type)
{
	struct header	 h = { 0 };
	const char	*start;
	bool		 begins = false;

	while (!begins) {
		const char	*line = s->at;
		bool		 closes;

		if (s->at == s->end)
			return false;
		s->at = line_end(s);
		begins = is_delimiter(s, line, (size_t)(s->at - line),
		    &closes) && !closes;
	}
	start = s->at;
	while (s->at < s->end && *s->at != '\r' && *s->at != '\n')
		s->at = line_end(s);
	mime_header_parse(&h, start, (size_t)(s->at - start));
	mime_header_type(type, &h);
	header_free(&h);
	return true;
}

static bool
search(char *name, struct search *s, struct media_type *type)
{
	for (;;) {
		bool	text = type->type[0] == '\0' ||
			    media_type_is(type, "text/");

		if (text && charset_is_8bit(type->charset)) {
			strlcpy(name, type->charset, CHARSET_NAME_MAX + 1);
			return true;
		}
		if (media_type_is(type, "multipart/") &&
		    type->boundary[0] != '\0' && s->depth < DEPTH_MAX)
			s->open[s->depth++] = *type;
		if (s->depth == 0 || !next_part(s, type))
			return false;
	}
}

/* The octets at the beginning of a body, copied if they are in a file. */
static const char *
beginning(struct buffer *copy, const struct body *b, size_t *len)
{
	struct failure	 ignored;	/* the body will be read again */
	const char	*memory = body_in_memory(b);
	ssize_t		 n;

	*len = b->size < LOOKED_AT ? (size_t)b->size : LOOKED_AT;
	if (memory != NULL)
		return memory;
	n = body_read(b, 0, buffer_room(copy, *len), *len, &ignored);
	*len = n > 0 ? (size_t)n : 0;
	return copy->data;
}

bool
declared_charset(char name[CHARSET_NAME_MAX + 1], const struct message *m)
{
	struct media_type	type;
	struct search		s = { 0 };
	struct buffer		copy = { 0 };
	size_t			len;
	bool			found;

	if (mime_header_charset(name, &m->header))
		return true;
	mime_header_type(&type, &m->header);
	s.at = beginning(&copy, &m->body, &len);
	s.end = s.at + len;
	found = search(name, &s, &type);
	buffer_free(&copy);
	return found;
}
