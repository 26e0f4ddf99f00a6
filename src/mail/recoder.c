#include "mail/recoder.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "util/octets.h"

enum {
	LINE = 75,		/* and a '=' that breaks it: 76, RFC 2045 */
	BASE64_LINE = 76,
	UNSEEN_LINE = 990,
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
	static const char	digits[] = "0123456789ABCDEF";
	char			token[3] = { '=', digits[c >> 4],
				    digits[c & 15] };

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

static void
release_quoted(struct recoder *r, struct output *o)
{
	if (r->n_held > 0)
		put_token(o, r->held, r->n_held);
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
			release_quoted(r, o);
			put_line_end(o, "\r\n");
		} else if ((unsigned char)c >= 127) {
			release_quoted(r, o);
			put_octet(o, (unsigned char)c);
		} else if (r->n_held == 0 && c != '=') {
			put_token(o, &c, 1);
		} else {
			r->held[r->n_held++] = c;
			if (r->n_held == 3)
				release_quoted(r, o);
		}
	}
}

static bool
is_base64(unsigned char c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	    (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=';
}

/* For vector instructions, too; without the '=' that comes in the end. */
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

/* A reader skips whatever is not of the alphabet (RFC 2045 section 6.8). */
static void
feed_base64(struct output *o, const char *text, size_t len)
{
	const char	*end = text + len;

	while (text < end) {
		size_t	run = base64_run(text, (size_t)(end - text));

		if (run == 0)
			text++;
		while (run > 0) {
			size_t	n = BASE64_LINE - o->column;

			if (n == 0) {
				put_line_end(o, "\r\n");
				n = BASE64_LINE;
			}
			n = n < run ? n : run;
			put(o, text, n);
			text += n;
			run -= n;
		}
	}
}

static void
feed_unseen(struct output *o, const char *data, size_t len, bool eight_bit)
{
	for (size_t i = 0; i < len; i++) {
		bool	fits = eight_bit || (unsigned char)data[i] < 128;
		char	c = fits ? data[i] : '?';

		if (c == '\n' || c == '\r') {
			put(o, &c, 1);
			o->column = 0;
			continue;
		}
		if (o->column == UNSEEN_LINE) {
			put_line_end(o, "\r\n");
			put(o, " ", 1);
		}
		put(o, &c, 1);
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
		feed_base64(&o, data, len);
		break;
	case RECODE_UNSEEN:
	case RECODE_UNSEEN_LONG:
		feed_unseen(&o, data, len, r->how == RECODE_UNSEEN_LONG);
		break;
	}
	return end_output(r, to, &o);
}

size_t
recoder_end(struct recoder *r, struct buffer *to)
{
	struct output	o = begin_output(r, to, SLACK);

	if (r->how == RECODE_TEXT)
		release_blank(r, &o, true);
	else
		release_quoted(r, &o);
	return end_output(r, to, &o);
}
