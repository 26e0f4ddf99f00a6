#include "mail/media_type.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "mail/encoded_word.h"

enum { SEGMENT = 60 };		/* octets of a value in one RFC 2231 segment */

struct parameter {
	const char	*name;
	size_t		 name_len;
	struct buffer	 value;		/* without its quotes */
	size_t		 start, end;	/* all of it, in the text */
};

static bool
is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Over white space and comments. */
static size_t
skip_white(const char *text, size_t len, size_t i)
{
	unsigned	depth = 0;

	for (; i < len; i++) {
		if (text[i] == '(')
			depth++;
		else if (text[i] == ')' && depth > 0)
			depth--;
		else if (text[i] == '\\' && depth > 0)
			i++;
		else if (depth == 0 && !is_white(text[i]))
			break;
	}
	return i < len ? i : len;
}

static size_t
token_end(const char *text, size_t len, size_t i)
{
	while (i < len && !is_white(text[i]) &&
	    strchr(";=\"(", text[i]) == NULL)
		i++;
	return i;
}

/* A value that is not quoted may hold what it should not; its end is plain. */
static size_t
read_value(struct buffer *value, const char *text, size_t len, size_t i)
{
	size_t	end;

	if (i >= len || text[i] != '"') {
		for (end = i; end < len && !is_white(text[end]) &&
		    text[end] != ';';)
			end++;
		buffer_add(value, text + i, end - i);
		return end;
	}
	for (i++; i < len && text[i] != '"'; i++) {
		if (text[i] == '\\' && i + 1 < len)
			i++;
		if (text[i] != '\r' && text[i] != '\n')
			buffer_add_byte(value, text[i]);
	}
	return i < len ? i + 1 : len;
}

/* The next parameter at or behind *at; its value is to be freed. */
static bool
next_parameter(struct parameter *p, const char *text, size_t len, size_t *at)
{
	size_t	i = *at;

	*p = (struct parameter){ 0 };
	for (;;) {
		while (i < len && text[i] != ';')
			i++;
		if (i == len)
			return false;
		p->start = skip_white(text, len, i + 1);
		i = token_end(text, len, p->start);
		p->name = text + p->start;
		p->name_len = i - p->start;
		i = skip_white(text, len, i);
		if (p->name_len > 0 && i < len && text[i] == '=')
			break;
	}
	i = skip_white(text, len, i + 1);
	*at = p->end = read_value(&p->value, text, len, i);
	return true;
}

static bool
is_named(const struct parameter *p, const char *name)
{
	return p->name_len == strlen(name) &&
	    strncasecmp(p->name, name, p->name_len) == 0;
}

static void
read_type(struct media_type *m, const char *value, size_t len)
{
	size_t	start = skip_white(value, len, 0);
	size_t	end = token_end(value, len, start);

	if (end - start >= sizeof(m->type))
		return;
	for (size_t i = start; i < end; i++)
		m->type[i - start] = (char)tolower((unsigned char)value[i]);
	if (strchr(m->type, '/') == NULL)
		m->type[0] = '\0';
}

static void
keep(char *to, size_t size, const struct buffer *value)
{
	if (to[0] == '\0' && value->len > 0 && value->len < size)
		memcpy(to, value->data, value->len + 1);
}

void
media_type_read(struct media_type *m, const char *value, size_t len)
{
	struct parameter	p;
	size_t			at = 0;

	*m = (struct media_type){ 0 };
	read_type(m, value, len);
	while (next_parameter(&p, value, len, &at)) {
		if (is_named(&p, "boundary"))
			keep(m->boundary, sizeof(m->boundary), &p.value);
		if (is_named(&p, "charset"))
			keep(m->charset, sizeof(m->charset), &p.value);
		buffer_free(&p.value);
	}
}

bool
media_type_is(const struct media_type *m, const char *type)
{
	size_t	len = strlen(type);

	return strncmp(m->type, type, len) == 0 &&
	    (type[len - 1] == '/' || m->type[len] == '\0');
}

static void
write_percent(struct buffer *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (isalnum((unsigned char)text[i]) ||
		    strchr("-._", text[i]) != NULL)
			buffer_add_byte(to, text[i]);
		else
			buffer_addf(to, "%%%02X", (unsigned char)text[i]);
	}
}

/* RFC 2231 section 4, and 4.1 where one line would get long. */
static void
write_parameter(struct buffer *to, const struct parameter *p,
    const char *charset)
{
	size_t	step = SEGMENT / 3;
	size_t	n = 0;

	if (p->value.len <= step) {
		buffer_addf(to, "%.*s*=%s''", (int)p->name_len, p->name,
		    charset);
		write_percent(to, p->value.data, p->value.len);
		return;
	}
	for (size_t i = 0; i < p->value.len; i += step, n++) {
		size_t	left = p->value.len - i;

		buffer_addf(to, "%s%.*s*%zu*=%s", n > 0 ? "; " : "",
		    (int)p->name_len, p->name, n, n > 0 ? "" : charset);
		buffer_add_text(to, n > 0 ? "" : "''");
		write_percent(to, p->value.data + i,
		    left < step ? left : step);
	}
}

void
parameters_write(struct buffer *to, const char *value, size_t len,
    const char *declared)
{
	struct parameter	p;
	size_t			at = 0;
	size_t			written = 0;

	while (next_parameter(&p, value, len, &at)) {
		const char	*text = p.value.data;
		size_t		 n = p.value.len;

		if (n > 0 && !text_is_ascii(text, n)) {
			buffer_add(to, value + written, p.start - written);
			write_parameter(to, &p, text_charset(text, n,
			    declared));
			written = p.end;
		}
		buffer_free(&p.value);
	}
	buffer_add(to, value + written, len - written);
}
