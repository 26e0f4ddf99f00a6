#include "mime/declared_charset.h"

#include <string.h>

#include "mime/media_type.h"
#include "mime/mime_header.h"

enum {
	SEARCHED = 64 * 1024,	/* octets of the body */
	DEPTH_MAX = 8,		/* nested multiparts */
};

/* The position in the beginning of a body. */
struct charset_search {
	const char		*at;
	const char		*end;
	struct media_type	 open[DEPTH_MAX];	/* multiparts */
	size_t			 depth;
};

static const char *
after_line(const struct charset_search *s)
{
	const char	*lf = memchr(s->at, '\n', (size_t)(s->end - s->at));

	return lf != NULL ? lf + 1 : s->end;
}

/*
 * Whether the line is the boundary of an open multipart.  Multiparts that the
 * boundary ends are closed.
 */
static bool
is_open_boundary(struct charset_search *s, const char *line, size_t len,
    bool *closes)
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

/* Reads the type of the next part.  Returns false after the last one. */
static bool
next_part(struct charset_search *s, struct media_type *type)
{
	struct header	 h = { 0 };
	const char	*start;
	bool		 begins = false;

	while (!begins) {
		const char	*line = s->at;
		bool		 closes;

		if (s->at == s->end)
			return false;
		s->at = after_line(s);
		begins = is_open_boundary(s, line,
		    (size_t)(s->at - line), &closes) && !closes;
	}
	start = s->at;
	while (s->at < s->end && *s->at != '\r' && *s->at != '\n')
		s->at = after_line(s);
	mime_header_parse(&h, start, (size_t)(s->at - start));
	mime_header_type(type, &h);
	header_free(&h);
	return true;
}

static bool
search_charset(char *name, struct charset_search *s, struct media_type *type)
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

bool
declared_charset(char name[CHARSET_NAME_MAX + 1], const struct message *m)
{
	const struct body	*b = &m->body;
	struct media_type	 type;
	struct charset_search	 s = { 0 };
	struct buffer		 copy = { 0 };
	struct failure		 ignored;	/* reported when it is sent */
	size_t			 len = b->size < SEARCHED ? (size_t)b->size :
				    SEARCHED;
	ssize_t			 n;
	bool			 found;

	if (mime_header_charset(name, &m->header))
		return true;
	mime_header_type(&type, &m->header);
	s.at = body_in_memory(b);
	if (s.at == NULL) {
		n = body_read(b, 0, buffer_room(&copy, len), len, &ignored);
		s.at = copy.data;
		len = n > 0 ? (size_t)n : 0;
	}
	s.end = s.at + len;
	found = search_charset(name, &s, &type);
	buffer_free(&copy);
	return found;
}
