#include "mime/recoder.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "util/hex.h"
#include "util/octets.h"
#include "util/text.h"

enum {
	LINE = 75,		/* without the "=" of a soft line break */
	BASE64_LINE = 76,
	GROWTH = 4,		/* =XX, and a soft line break every 75 octets */
	SLACK = 32,
};

/* The caller has reserved the room. */
struct output {
	char	*to;		/* NULL: octets are only counted */
	size_t	 written;
	size_t	 column;
};

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

/*
 * Writes a soft line break.  If the next character is a hyphen, writes that as
 * well, encoded, and returns true.
 */
static bool
soft_break(struct output *o, char next)
{
	put_line_end(o, "=\r\n");
	if (next == '-')
		put(o, "=2D", 3);
	return next == '-';
}

/* Writes one character of quoted-printable: one octet, or three. */
static void
put_token(struct output *o, const char *token, size_t len)
{
	if (o->column + len <= LINE || !soft_break(o, token[0]))
		put(o, token, len);
}

/* Writes characters that represent themselves. */
static void
put_literals(struct output *o, const char *text, size_t len)
{
	while (len > 0) {
		size_t	room = LINE - o->column;
		size_t	n;

		if (o->column == LINE) {
			room = LINE;
			if (soft_break(o, *text)) {
				text++;
				len--;
				continue;
			}
		}
		n = room < len ? room : len;
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
		soft_break(o, '=');
	put(o, token, 3);
}

/* Writes the blank that was held back: encoded if it ends the line. */
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

/* The number of octets at the beginning that represent themselves. */
static size_t
literal_run(const char *text, size_t len)
{
	size_t	n = 0, before = 16;

	while (before == 16 && len - n >= 16) {	/* octets.h has the gain */
		octets_sixteen	sixteen = octets_load_sixteen(text + n);

		before = octets_zeros((octets_sixteen)((sixteen < ' ') |
		    (sixteen > 126) | (sixteen == '=')));
		n += before;
	}
	while (before == 16 && n < len && text[n] >= ' ' && text[n] < 127 &&
	    text[n] != '=')
		n++;
	/* A final blank depends on the octet after it. */
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

/*
 * Writes the beginning of an encoded octet that was held back.  Within a line,
 * only =XX is valid; at the end of a line, only a "=", a soft line break.
 */
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

/* Octets that are encoded already are copied; =XX is never split. */
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
		    !text_is_blank(c)) {	/* white space after a "=" is
						 * ignored */
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

/*
 * The line ends change and all else is copied.  White space is valid only at
 * the end of a line.
 */
static void
feed_base64(struct recoder *r, struct output *o, const char *text, size_t len)
{
	const char	*end = text + len;

	while (text < end) {
		const char	*start = text;

		while (text < end && is_base64((unsigned char)*text))
			text++;
		if (text > start) {
			r->mislabelled |= r->blank || r->padding > 0;
			r->digits += (size_t)(text - start);
		} else if (*text == '=') {
			r->mislabelled |= r->blank;
			r->padding++;
			text++;
		} else {
			r->mislabelled |= memchr(" \t\r\n", *text, 4) == NULL;
			r->blank = text_is_blank(*text);
			text++;
			continue;
		}
		for (size_t n; start < text; start += n) {
			if (o->column == BASE64_LINE)
				put_line_end(o, "\r\n");
			n = BASE64_LINE - o->column;
			if (n > (size_t)(text - start))
				n = (size_t)(text - start);
			put(o, start, n);
		}
	}
}

/* Reserves room in the buffer, unless it is NULL. */
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
