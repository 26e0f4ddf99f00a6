#include "mail/recoder.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	LINE = 75,		/* and a '=' that breaks it: 76, RFC 2045 */
	BASE64_LINE = 76,
	UNSEEN_LINE = 990,
	GROWTH = 4,		/* =XX, and a break every 75 */
	SLACK = 32,
};

/* The room was made by the caller; *to moves behind what is written. */
struct output {
	char	*to;
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
	memcpy(o->to, text, len);
	o->to += len;
	o->column += len;
}

static void
put_line_end(struct output *o, const char *line_end)
{
	put(o, line_end, strlen(line_end));
	o->column = 0;
}

/* One character of quoted-printable, of one octet or three. */
static void
put_token(struct output *o, const char *token, size_t len)
{
	if (o->column + len > LINE) {
		put_line_end(o, "=\r\n");
		if (token[0] == '-') {
			put(o, "=2D", 3);
			return;
		}
	}
	put(o, token, len);
}

static void
put_octet(struct output *o, unsigned char c)
{
	static const char	digits[] = "0123456789ABCDEF";
	char			token[3] = { '=', digits[c >> 4],
				    digits[c & 15] };

	put_token(o, token, 3);
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

/* Whether eight octets are all above ' ', below 127 and no '='. */
static bool
are_literal(const char *data)
{
	const uint64_t	ones = 0x0101010101010101, tops = ones << 7;
	uint64_t	x, equal;

	memcpy(&x, data, sizeof(x));
	if ((x & tops) != 0)
		return false;
	equal = x ^ (ones * '=');
	/* Without a top bit no addition carries into the next octet. */
	return ((x + ones) & tops) == 0 &&
	    ((x + ones * (127 - ' ')) & tops) == tops &&
	    ((equal + ones * 127) & tops) == tops;
}

/* How many of the next octets may be copied just so. */
static size_t
literal_run(const char *data, size_t len, size_t room)
{
	size_t	n = 0;

	if (len > room)
		len = room;
	while (n + 8 <= len && are_literal(data + n))
		n += 8;
	while (n < len && data[n] > ' ' && data[n] < 127 && data[n] != '=')
		n++;
	return n;
}

static void
feed_text(struct recoder *r, struct output *o, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char	c = data[i];
		size_t	run;

		if (c == '\r')
			continue;
		if (c == '\n') {
			release_blank(r, o, true);
			put_line_end(o, "\r\n");
			continue;
		}
		release_blank(r, o, false);
		run = o->column < LINE ?
		    literal_run(data + i, len - i, LINE - o->column) : 0;
		if (run > 0) {
			put(o, data + i, run);
			i += run - 1;
		} else if (c == ' ' || c == '\t') {
			r->held[r->n_held++] = c;
		} else if (is_literal((unsigned char)c)) {
			put_token(o, &c, 1);
		} else {
			put_octet(o, (unsigned char)c);
		}
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
feed_quoted(struct recoder *r, struct output *o, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char	c = data[i];

		if (c == '\r')
			continue;
		if (c == '\n') {
			release_quoted(r, o);
			put_line_end(o, "\r\n");
			continue;
		}
		if ((unsigned char)c >= 127) {
			release_quoted(r, o);
			put_octet(o, (unsigned char)c);
			continue;
		}
		if (r->n_held == 0 && c != '=') {
			put_token(o, &c, 1);
			continue;
		}
		r->held[r->n_held++] = c;
		if (r->n_held == 3)
			release_quoted(r, o);
	}
}

static bool
is_base64(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=';
}

/* A reader skips whatever is not of the alphabet (RFC 2045 section 6.8). */
static void
feed_base64(struct output *o, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_base64((unsigned char)data[i]))
			continue;
		if (o->column == BASE64_LINE)
			put_line_end(o, "\r\n");
		put(o, data + i, 1);
	}
}

static void
feed_unseen(struct output *o, const char *data, size_t len, bool eight_bit)
{
	for (size_t i = 0; i < len; i++) {
		bool	fits = eight_bit || (unsigned char)data[i] < 128;
		char	c = fits ? data[i] : '?';

		if (c == '\n')
			o->column = 0;
		if (c == '\n' || c == '\r') {
			*o->to++ = c;
			continue;
		}
		if (o->column == UNSEEN_LINE) {
			put_line_end(o, "\r\n");
			put(o, " ", 1);
		}
		put(o, &c, 1);
	}
}

void
recoder_feed(struct recoder *r, struct buffer *to, const char *data,
    size_t len)
{
	char		*start = buffer_room(to, GROWTH * len + SLACK);
	struct output	 o = { start, r->column };

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
	r->column = o.column;
	to->len += (size_t)(o.to - start);
	to->data[to->len] = '\0';
}

void
recoder_end(struct recoder *r, struct buffer *to)
{
	char		*start = buffer_room(to, SLACK);
	struct output	 o = { start, r->column };

	if (r->how == RECODE_TEXT)
		release_blank(r, &o, true);
	else
		release_quoted(r, &o);
	r->column = o.column;
	to->len += (size_t)(o.to - start);
	to->data[to->len] = '\0';
}
