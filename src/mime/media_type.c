#include "mime/media_type.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mail/charset.h"
#include "mail/encoded_word.h"
#include "util/hex.h"
#include "util/memory.h"
#include "util/text.h"

enum {
	SECTION = 20,		/* octets of a value in one section (RFC 2231);
				 * each may become three */
	PARAMETERS_MAX = 200,	/* a field with more does not change */
	SAMPLE = 4096,		/* octets of a value that tell its charset */
};

/* "filename*0*=value": section 0 of an extended value (RFC 2231). */
struct parameter {
	const char	*name;
	size_t		 name_len;	/* without section and "*" */
	long		 section;	/* -1: the value is not split */
	bool		 extended;
	bool		 quoted;
	struct buffer	 value;		/* without its quotes */
	size_t		 start;		/* text[start, end) is the parameter */
	size_t		 value_at;
	size_t		 end;
};

static bool
is_white_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Returns the offset after white space and comments. */
static size_t
skip_comments(const char *text, size_t len, size_t i)
{
	unsigned	depth = 0;

	for (; i < len; i++) {
		if (text[i] == '(')
			depth++;
		else if (text[i] == ')' && depth > 0)
			depth--;
		else if (text[i] == '\\' && depth > 0)
			i++;
		else if (depth == 0 && !is_white_space(text[i]))
			break;
	}
	return i < len ? i : len;
}

static size_t
token_end(const char *text, size_t len, size_t i)
{
	while (i < len && !is_white_space(text[i]) &&
	    strchr(";=\"(", text[i]) == NULL)
		i++;
	return i;
}

/*
 * Reads a value and returns the offset after it.  A value without quotes ends
 * at white space or a semicolon, whatever else it contains.  Like most readers,
 * this accepts a backslash before other characters than a quote or a backslash
 * as text, because it occurs in file names.
 */
static size_t
read_value(struct buffer *value, const char *text, size_t len, size_t i)
{
	size_t	end;

	if (i >= len || text[i] != '"') {
		for (end = i; end < len && !is_white_space(text[end]) &&
		    text[end] != ';';)
			end++;
		buffer_add(value, text + i, end - i);
		return end;
	}
	for (i++; i < len && text[i] != '"'; i++) {
		if (text[i] == '\\' && i + 1 < len &&
		    (text[i + 1] == '"' || text[i + 1] == '\\'))
			i++;
		if (text[i] != '\r' && text[i] != '\n')
			buffer_add_byte(value, text[i]);
	}
	return i < len ? i + 1 : len;
}

/* Splits "name*0*" into the name, the section and the final "*". */
static void
split_name(struct parameter *p)
{
	size_t	n = p->name_len;
	size_t	digits;

	p->section = -1;
	p->extended = n > 1 && p->name[n - 1] == '*';
	if (p->extended)
		n--;
	for (digits = n; digits > 0 &&
	    isdigit((unsigned char)p->name[digits - 1]);)
		digits--;
	if (digits < n && n - digits < 6 && digits > 1 &&
	    p->name[digits - 1] == '*') {
		p->section = (long)strtoimax(p->name + digits, NULL, 10);
		n = digits - 1;
	}
	p->name_len = n;
}

/* Reads the next parameter at or after *at; the caller frees its value. */
static bool
read_next_parameter(struct parameter *p, const char *text, size_t len,
    size_t *at)
{
	size_t	i = *at;

	*p = (struct parameter){ 0 };
	for (;;) {
		while (i < len && text[i] != ';')
			i++;
		if (i == len)
			return false;
		p->start = skip_comments(text, len, i + 1);
		i = token_end(text, len, p->start);
		p->name = text + p->start;
		p->name_len = i - p->start;
		i = skip_comments(text, len, i);
		if (p->name_len > 0 && i < len && text[i] == '=')
			break;
	}
	split_name(p);
	p->value_at = skip_comments(text, len, i + 1);
	p->quoted = p->value_at < len && text[p->value_at] == '"';
	*at = p->end = read_value(&p->value, text, len, p->value_at);
	return true;
}

static bool
parameter_is(const struct parameter *p, const char *name)
{
	return p->name_len == strlen(name) &&
	    strncasecmp(p->name, name, p->name_len) == 0;
}

struct parameters {
	struct parameter	*list;		/* owned */
	size_t			 n;
	size_t			 cap;
};

/*
 * Like most readers, this extends a value without quotes that is not ASCII to
 * the next semicolon: it is a file name with blanks.
 */
static void
extend_to_semicolon(struct parameter *p, const char *text, size_t len)
{
	const char	*semicolon = memchr(text + p->end, ';', len - p->end);
	size_t		 end = semicolon != NULL ? (size_t)(semicolon - text) :
			    len;

	while (end > p->end && is_white_space(text[end - 1]))
		end--;
	if (p->quoted || text_is_ascii(text + p->value_at, end - p->value_at))
		return;
	buffer_clear(&p->value);
	buffer_add(&p->value, text + p->value_at, end - p->value_at);
	p->end = end;
}

static void
read_parameters(struct parameters *all, const char *text, size_t len)
{
	struct parameter	p;
	size_t			at = 0;

	while (all->n <= PARAMETERS_MAX &&
	    read_next_parameter(&p, text, len, &at)) {
		extend_to_semicolon(&p, text, len);
		at = p.end;
		all->list = memory_room(all->list, all->n, &all->cap,
		    sizeof(*all->list));
		all->list[all->n++] = p;
	}
}

static void
parameters_free(struct parameters *all)
{
	for (size_t i = 0; i < all->n; i++)
		buffer_free(&all->list[i].value);
	free(all->list);
}

/* Whether the other parameter is a section of the same value. */
static bool
is_same_value(const struct parameter *p, const struct parameter *other)
{
	return p == other || (p->section >= 0 && other->section >= 0 &&
	    p->name_len == other->name_len &&
	    strncasecmp(p->name, other->name, p->name_len) == 0);
}

/* The length of the "charset'language'" that an extended value begins with. */
static size_t
charset_prefix(const struct buffer *value)
{
	size_t		i = 0;
	unsigned	quotes = 0;

	for (; i < value->len && quotes < 2; i++) {
		unsigned char	c = (unsigned char)value->data[i];

		if (c == '\'')
			quotes++;
		else if (!isalnum(c) && (c == '\0' ||
		    strchr("-_.:+", c) == NULL))
			break;
	}
	return quotes == 2 ? i : 0;
}

/* Adds the decoded octets of a value; a "%" without two digits is literal. */
static void
add_octets(struct buffer *to, const struct parameter *p, size_t from)
{
	for (size_t i = from; i < p->value.len; i++) {
		const char	*c = p->value.data + i;
		int		 octet = p->extended && *c == '%' ?
				    hex_read(c + 1) : -1;

		buffer_add_byte(to, octet >= 0 ? (char)octet : *c);
		i += octet >= 0 ? 2 : 0;
	}
}

static void
read_type(struct media_type *m, const char *value, size_t len)
{
	size_t	start = skip_comments(value, len, 0);
	size_t	end = token_end(value, len, start);

	if (end - start >= sizeof(m->type))
		return;
	for (size_t i = start; i < end; i++)
		m->type[i - start] = (char)tolower((unsigned char)value[i]);
	if (strchr(m->type, '/') == NULL)
		m->type[0] = '\0';
}

static const struct parameter *
find_section(const struct parameters *all, const char *name, long section)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->list[i].section == section &&
		    parameter_is(&all->list[i], name))
			return &all->list[i];
	return NULL;
}

/* Adds a value in one piece, or in sections in any order (RFC 2231). */
static void
add_value(struct buffer *to, const struct parameters *all, const char *name)
{
	const struct parameter	*p = find_section(all, name, -1);
	long			 section = 0;

	if (p == NULL)
		p = find_section(all, name, section++);
	while (p != NULL) {
		bool	charset = p->extended && p->section <= 0;

		add_octets(to, p, charset ? charset_prefix(&p->value) : 0);
		p = section > 0 ? find_section(all, name, section++) : NULL;
	}
}

/* White space at the end is omitted: a boundary must not have it (RFC 2046). */
static void
read_parameter(char *to, size_t size, const struct parameters *all,
    const char *name)
{
	struct buffer	value = { 0 };

	add_value(&value, all, name);
	while (value.len > 0 && is_white_space(value.data[value.len - 1]))
		value.len--;
	if (value.len > 0 && value.len < size)
		memcpy(to, value.data, value.len);
	buffer_free(&value);
}

void
media_type_read(struct media_type *m, const char *value, size_t len)
{
	struct parameters	all = { 0 };

	*m = (struct media_type){ 0 };
	read_type(m, value, len);
	read_parameters(&all, value, len);
	read_parameter(m->boundary, sizeof(m->boundary), &all, "boundary");
	read_parameter(m->charset, sizeof(m->charset), &all, "charset");
	parameters_free(&all);
}

bool
media_type_is(const struct media_type *m, const char *type)
{
	size_t	len = strlen(type);

	return strncmp(m->type, type, len) == 0 &&
	    (type[len - 1] == '/' || m->type[len] == '\0');
}

/*
 * Encode parameters.
 */

static void
write_percent(struct buffer *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char	code[3] = "%";

		if (isalnum((unsigned char)text[i]) ||
		    (text[i] != '\0' && strchr("-._", text[i]) != NULL)) {
			buffer_add_byte(to, text[i]);
		} else {
			hex_write_upper(code + 1, (unsigned char)text[i]);
			buffer_add(to, code, 3);
		}
	}
}

/* Writes RFC 2231 section 4; section 4.1 if one line would be too long. */
static void
write_split(struct buffer *to, const struct parameter *p, const char *prefix,
    const struct buffer *octets)
{
	const char	*text = octets->data;
	size_t		 left = octets->len;

	if (left <= SECTION) {
		buffer_addf(to, "%.*s*=%s", (int)p->name_len, p->name, prefix);
		write_percent(to, text, left);
		return;
	}
	for (size_t i = 0; left > 0; i++) {
		size_t	n = 0, next = 0;

		do {
			n += next;
			next = n < left ? charset_character(prefix, text + n,
			    left - n) : 0;
		} while (next > 0 && (n == 0 || n + next <= SECTION));
		buffer_addf(to, "%s%.*s*%zu*=%s", i > 0 ? "; " : "",
		    (int)p->name_len, p->name, i, i > 0 ? "" : prefix);
		write_percent(to, text, n);
		text += n;
		left -= n;
	}
}

/*
 * Adds the charset of the octets in the sections of a value.  With all of them,
 * 200 sections with the same number took 200 times as long as one.
 */
static void
add_charset(struct buffer *prefix, const struct parameters *all,
    const struct parameter *p, const char *declared)
{
	struct buffer	raw = { 0 };

	for (size_t i = 0; i < all->n && raw.len < SAMPLE; i++)
		if (is_same_value(p, &all->list[i]))
			buffer_add(&raw, all->list[i].value.data,
			    all->list[i].value.len);
	buffer_addf(prefix, "%s''", charset_of_text(raw.data, raw.len,
	    declared));
	buffer_free(&raw);
}

enum words { NO_WORDS, DECODED, UNDECODABLE };

/*
 * Decodes a value that contains encoded words, which many programs write and
 * most readers accept.  All of it must be in the charset of the first word.
 */
static enum words
decode_words(struct buffer *octets, struct buffer *prefix,
    const struct buffer *value, const char *declared)
{
	struct mixed_text	m;
	char			charset[sizeof(m.word.charset)] = "";
	size_t			at = 0;

	while (mixed_text_next(&m, value->data, value->len, &at)) {
		m.word.charset[strcspn(m.word.charset, "*")] = '\0';
		if (charset[0] == '\0')
			strlcpy(charset, m.word.charset, sizeof(charset));
		if (charset[0] == '\0')
			return NO_WORDS;
		if (!text_is_ascii(m.text, m.len) && strcasecmp(charset,
		    charset_of_text(m.text, m.len, declared)) != 0)
			return UNDECODABLE;
		buffer_add(octets, m.text, m.len);
		if (m.word.len > 0 && (strcasecmp(charset,
		    m.word.charset) != 0 ||
		    !encoded_word_decode(octets, &m.word)))
			return UNDECODABLE;
	}
	buffer_addf(prefix, "%s''", charset);
	return DECODED;
}

/* Reads the octets of a value and the prefix that names their charset. */
static bool
read_octets(struct buffer *octets, struct buffer *prefix,
    const struct parameters *all, const struct parameter *p,
    const char *declared)
{
	size_t	named = p->extended && p->section <= 0 ?
		    charset_prefix(&p->value) : 0;

	if (p->section < 0 && !p->extended)
		switch (decode_words(octets, prefix, &p->value, declared)) {
		case DECODED:
			return true;
		case UNDECODABLE:
			return false;
		case NO_WORDS:
			break;
		}
	if (named > 2)		/* more than the two quotes */
		buffer_add(prefix, p->value.data, named);
	else if (p->section <= 0)
		add_charset(prefix, all, p, declared);
	add_octets(octets, p, named);
	return true;
}

/*
 * Writes a parameter according to RFC 2231, in the charset that it names, or
 * else in that of the octets in all sections.  A section keeps its number, and
 * only the first one names the charset.
 */
static bool
write_extended(struct buffer *to, const struct parameters *all,
    const struct parameter *p, const char *declared)
{
	struct buffer	octets = { 0 }, prefix = { 0 };
	bool		good;

	good = read_octets(&octets, &prefix, all, p, declared);
	if (good && p->section < 0) {
		write_split(to, p, prefix.data, &octets);
	} else if (good) {
		buffer_addf(to, "%.*s*%ld*=", (int)p->name_len, p->name,
		    p->section);
		buffer_add(to, prefix.data, prefix.len);
		write_percent(to, octets.data, octets.len);
	}
	buffer_free(&octets);
	buffer_free(&prefix);
	return good;
}

/*
 * Whether a section must be encoded.  If another section of the value must be,
 * the first one names the charset.  Readers do not decode identifiers.
 */
static bool
must_encode(const struct parameters *all, const struct parameter *p)
{
	bool	encode = !text_is_ascii(p->value.data, p->value.len);

	if (parameter_is(p, "boundary") || parameter_is(p, "start"))
		return false;
	for (size_t i = 0; p->section == 0 && !encode && i < all->n; i++)
		encode = is_same_value(p, &all->list[i]) &&
		    !text_is_ascii(all->list[i].value.data,
		    all->list[i].value.len);
	return encode;
}

void
media_type_write_parameters(struct buffer *to, const char *value, size_t len,
    const char *declared)
{
	struct parameters	all = { 0 };
	struct buffer		written = { 0 };
	size_t			done = 0;

	read_parameters(&all, value, len);
	for (size_t i = 0; all.n <= PARAMETERS_MAX && i < all.n; i++) {
		const struct parameter	*p = &all.list[i];

		if (!must_encode(&all, p))
			continue;
		buffer_clear(&written);
		if (!write_extended(&written, &all, p, declared))
			continue;
		buffer_add(to, value + done, p->start - done);
		buffer_add(to, written.data, written.len);
		done = p->end;
	}
	buffer_add(to, value + done, len - done);
	buffer_free(&written);
	parameters_free(&all);
}
