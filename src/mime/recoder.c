#include "mime/recoder.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "util/hex.h"
#include "util/octets.h"
#include "util/text.h"

enum {
	LINE = 75,		/* and a '=' that breaks it: 76, RFC 2045 */
	BASE64_LINE = 76,
	GROWTH = 4,		/* =XX, and a break every 75 */
	SLACK = 32,
	BLOCK = 64,		/* octets looked at together */
};

/* The room was made by the caller. */
struct output {
	char	*to;		/* or NULL: what is written is only counted */
	size_t	 written;
	size_t	 column;
};

static bool
is_literal(unsigned char c)
{
	return c >= ' ' && c < 127 && c != '=';
}

static void
put(struct output *o, const char *text, size_t len)
{
	if (o->to != NULL)
		memcpy(o->to + o->written, text, len);
	o->written += len;
	o->column += len;
}

static void
put_line_end(struct output *o, const char *line_end)
{
	put(o, line_end, strlen(line_end));
	o->column = 0;
}

/* A line is broken, for one that begins with this character. */
static bool
break_line(struct output *o, char next)
{
	put_line_end(o, "=\r\n");
	if (next == '-')
		put(o, "=2D", 3);
	return next == '-';
}

/* One character of quoted-printable, of one octet or three. */
static void
put_token(struct output *o, const char *token, size_t len)
{
	if (o->column + len <= LINE || !break_line(o, token[0]))
		put(o, token, len);
}

/* Characters that stand for themselves. */
static void
put_literals(struct output *o, const char *text, size_t len)
{
	while (len > 0) {
		size_t	room = LINE - o->column;
		size_t	n;

		if (o->column == LINE) {
			room = LINE;
			if (break_line(o, *text)) {
				text++;
				len--;
				continue;
			}
		}
		n = room < len ? room : len;
		if (n == LINE)
			put(o, text, LINE);	/* inline, its size known */
		else
			put(o, text, n);
		text += n;
		len -= n;
	}
}

static void
put_octet(struct output *o, unsigned char c)
{
	char	token[3] = "=";

	hex_write_upper(token + 1, c);
	if (o->column + 3 > LINE)
		break_line(o, '=');
	put(o, token, 3);
}

/* A blank may stand as it is unless it ends the line. */
static void
release_blank(struct recoder *r, struct output *o, bool ends_line)
{
	if (r->n_held == 0)
		return;
	if (ends_line)
		put_octet(o, (unsigned char)r->held[0]);
	else
		put_token(o, r->held, 1);
	r->n_held = 0;
}

/* Written so that a compiler makes vector instructions of it. */
static bool
is_literal_block(const char *text)
{
	const unsigned char	*at = (const unsigned char *)text;
	unsigned char		 bad = 0;

	for (int i = 0; i < BLOCK; i++)
		bad |= (unsigned char)(((unsigned char)(at[i] - ' ') > '~' - ' ') |
		    (at[i] == '='));
	return bad == 0;
}

/* Marks what can't stand for itself. */
static uint64_t
not_literal(uint64_t eight)
{
	return (eight & OCTETS_HIGH) | octets_below(eight, ' ') |
	    octets_equal(eight, 127) | octets_equal(eight, '=');
}

static size_t
literal_words(const char *text, size_t len)
{
	size_t		n = 0;
	uint64_t	marks;

	for (; len - n >= 8; n += 8)
		if ((marks = not_literal(octets_load(text + n))) != 0)
			return n + octets_first(marks);
	while (n < len && is_literal((unsigned char)text[n]))
		n++;
	return n;
}

/* How many of the next octets stand for themselves. */
static size_t
literal_run(const char *text, size_t len)
{
	size_t	n = literal_words(text, len < BLOCK ? len : BLOCK);

	if (n == BLOCK) {
		while (len - n >= BLOCK && is_literal_block(text + n))
			n += BLOCK;
		n += literal_words(text + n, len - n);
	}
	/* A blank in the end has to wait for what follows it. */
	return n > 0 && text[n - 1] == ' ' ? n - 1 : n;
}

static void
feed_text(struct recoder *r, struct output *o, const char *text, size_t len)
{
	const char	*end = text + len;

	while (text < end) {
		size_t	run = literal_run(text, (size_t)(end - text));
		char	c;

		if (run > 0) {
			release_blank(r, o, false);
			put_literals(o, text, run);
			text += run;
			continue;
		}
		c = *text++;
		if (c == '\r')
			continue;
		release_blank(r, o, c == '\n');
		if (c == '\n')
			put_line_end(o, "\r\n");
		else if (c == ' ' || c == '\t')
			r->held[r->n_held++] = c;
		else
			put_octet(o, (unsigned char)c);
	}
}

/* Within a line it has to be =XX; a "=" alone breaks the line that it ends. */
static void
release_quoted(struct recoder *r, struct output *o, bool ends_line)
{
	const char	*held = r->held;
	bool		 good = ends_line ?
			    r->n_held == 1 || text_is_blank(held[1]) :
			    r->n_held == 3 &&
			    isxdigit((unsigned char)held[1]) &&
			    isxdigit((unsigned char)held[2]);

	if (r->n_held == 0)
		return;
	r->mislabelled |= !good;
	put_token(o, held, r->n_held);
	r->n_held = 0;
}

/* What is encoded stays as it is; =XX must not be torn. */
static void
feed_quoted(struct recoder *r, struct output *o, const char *text, size_t len)
{
	const char	*end = text + len;

	while (text < end) {
		size_t	run = r->n_held == 0 ?
			    literal_run(text, (size_t)(end - text)) : 0;
		char	c;

		if (run > 0) {
			put_literals(o, text, run);
			text += run;
			continue;
		}
		c = *text++;
		if (c == '\r')
			continue;
		if (c == '\n') {
			release_quoted(r, o, true);
			put_line_end(o, "\r\n");
		} else if ((unsigned char)c >= 127) {
			release_quoted(r, o, false);
			put_octet(o, (unsigned char)c);
		} else if (r->n_held == 0 && c != '=') {
			put_token(o, &c, 1);
		} else if (r->n_held < 2 || !text_is_blank(r->held[1]) ||
		    !text_is_blank(c)) {	/* blanks after a "=" mean nothing */
			r->held[r->n_held++] = c;
			if (r->n_held == 3)
				release_quoted(r, o, false);
		}
	}
}

static bool
is_base64(unsigned char c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	    (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/* For vector instructions, too. */
static bool
is_base64_block(const char *text)
{
	const unsigned char	*at = (const unsigned char *)text;
	unsigned char		 good = 1;

	for (int i = 0; i < BLOCK; i++)
		good &= ((unsigned char)((at[i] | 0x20) - 'a') < 26) |
		    ((unsigned char)(at[i] - '0') < 10) |
		    ((at[i] | ('+' ^ '/')) == '/');
	return good != 0;
}

static size_t
base64_run(const char *text, size_t len)
{
	size_t	n = 0;

	while (len - n >= BLOCK && is_base64_block(text + n))
		n += BLOCK;
	while (n < len && is_base64((unsigned char)text[n]))
		n++;
	return n;
}

static void
put_base64(struct output *o, const char *text, size_t len)
{
	while (len > 0) {
		size_t	n = BASE64_LINE - o->column;

		if (n == 0) {
			put_line_end(o, "\r\n");
			n = BASE64_LINE;
		}
		n = n < len ? n : len;
		put(o, text, n);
		text += n;
		len -= n;
	}
}

/* Only blanks that end a line are not meant as text (RFC 2045 section 6.8). */
static void
feed_base64(struct recoder *r, struct output *o, const char *text, size_t len)
{
	const char	*end = text + len;

	while (text < end) {
		size_t	run = base64_run(text, (size_t)(end - text));

		if (run > 0) {
			r->mislabelled |= r->blank || r->padding > 0;
			r->digits += run;
		} else if (*text == '=') {
			r->mislabelled |= r->blank;
			r->padding++;
			run = 1;
		} else {
			r->mislabelled |= memchr(" \t\r\n", *text, 4) == NULL;
			r->blank = text_is_blank(*text);
			text++;
			continue;
		}
		put_base64(o, text, run);
		text += run;
	}
}

/* Where to write; NULL: nowhere. */
static struct output
begin_output(const struct recoder *r, struct buffer *to, size_t room)
{
	return (struct output){
		.to = to != NULL ? buffer_room(to, room) : NULL,
		.column = r->column,
	};
}

static size_t
end_output(struct recoder *r, struct buffer *to, const struct output *o)
{
	r->column = o->column;
	if (to != NULL) {
		to->len += o->written;
		to->data[to->len] = '\0';
	}
	return o->written;
}

size_t
recoder_feed(struct recoder *r, struct buffer *to, const char *data,
    size_t len)
{
	struct output	o = begin_output(r, to, GROWTH * len + SLACK);

	switch (r->how) {
	case RECODE_NOTHING:
		put(&o, data, len);
		break;
	case RECODE_TEXT:
		feed_text(r, &o, data, len);
		break;
	case RECODE_QUOTED:
		feed_quoted(r, &o, data, len);
		break;
	case RECODE_BASE64:
		feed_base64(r, &o, data, len);
		break;
	}
	return end_output(r, to, &o);
}

size_t
recoder_end(struct recoder *r, struct buffer *to)
{
	struct output	o = begin_output(r, to, SLACK);

	switch (r->how) {
	case RECODE_NOTHING:
		break;
	case RECODE_TEXT:
		release_blank(r, &o, true);
		break;
	case RECODE_QUOTED:
		release_quoted(r, &o, true);
		break;
	case RECODE_BASE64:
		r->mislabelled |= r->padding > 2 ||
		    (r->digits + r->padding) % 4 != 0;
		break;
	}
	return end_output(r, to, &o);
}
