#include "smtp/secrets.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/base64.h"
#include "util/hex.h"
#include "util/memory.h"
#include "util/visible.h"

enum {
	PIECE_MIN = 6,		/* a part of a form is masked from here on */
	FORM_MIN = 4,		/* a shorter secret is masked only as a whole
				 * word, a shorter encoding not at all */
};

/* Makes upper and lower case, and the two alphabets of base64, the same. */
static char
fold_octet(char c)
{
	if (c == '-')
		return '+';
	if (c == '_')
		return '/';
	return (char)tolower((unsigned char)c);
}

/* ------------------------------------------------------------- remembering */

static void
add_form(struct secrets *s, const char *form, size_t len)
{
	size_t	 n = len + 1;
	char	*pad = buffer_room(&s->pad, n);
	char	*to = buffer_room(&s->forms, n);

	arc4random_buf(pad, n);
	for (size_t i = 0; i < len; i++)
		to[i] = (char)(fold_octet(form[i]) ^ pad[i]);
	to[len] = (char)('\n' ^ pad[len]);
	s->pad.len += n;
	s->forms.len += n;
}

/*
 * The base64 of a longer text that contains the secret after 'shift' octets:
 * only the characters that do not depend on the octets around it.
 */
static void
add_base64(struct secrets *s, const char *secret, size_t len, size_t shift)
{
	struct buffer	whole = { 0 }, coded = { 0 };
	size_t		from = (8 * shift + 5) / 6;
	size_t		to = 8 * (shift + len) / 6;

	buffer_add(&whole, "\0\0", shift);
	buffer_add(&whole, secret, len);
	base64_encode(&coded, whole.data, whole.len);
	if (to >= from + FORM_MIN)
		add_form(s, coded.data + from, to - from);
	buffer_wipe(&whole);
	buffer_wipe(&coded);
}

static void
add_hex(struct secrets *s, const char *secret, size_t len)
{
	struct buffer	hex = { 0 };

	for (size_t i = 0; i < len; i++) {
		char	two[2];

		hex_write_lower(two, (unsigned char)secret[i]);
		buffer_add(&hex, two, sizeof(two));
	}
	if (hex.len >= FORM_MIN)
		add_form(s, hex.data, hex.len);
	buffer_wipe(&hex);
}

/* The output of visible(), if it differs from the secret. */
static void
add_visible(struct secrets *s, const char *secret, size_t len)
{
	char	*shown = memory_new(4 * len + 1, 1);

	visible(shown, 4 * len + 1, secret, len);
	if (strcmp(shown, secret) != 0)
		add_form(s, shown, strlen(shown));
	freezero(shown, 4 * len + 1);
}

void
secrets_add(struct secrets *s, const char *secret)
{
	size_t	len = strlen(secret);

	if (len == 0)
		return;
	add_form(s, secret, len);
	add_visible(s, secret, len);
	add_hex(s, secret, len);
	for (size_t shift = 0; shift < 3; shift++)
		add_base64(s, secret, len, shift);
}

void
secrets_add_sent(struct secrets *s, const char *base64)
{
	if (strlen(base64) >= FORM_MIN)
		add_form(s, base64, strlen(base64));
}

void
secrets_free(struct secrets *s)
{
	buffer_wipe(&s->forms);
	buffer_wipe(&s->pad);
}

/* ----------------------------------------------------------------- masking */

/* A text for comparison, and the source of each of its octets. */
struct view {
	char	*text;		/* owned */
	size_t	*from;		/* owned; of len + 1 */
	size_t	 len;
};

static int
digit(char c, int base)
{
	int	n = c >= '0' && c <= '9' ? c - '0' :
		    c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		    c >= 'A' && c <= 'F' ? c - 'A' + 10 : base;

	return n < base ? n : -1;
}

/* "%7a" and "=7A" (RFC 3986, RFC 2045), "\172" (visible.h); 1 otherwise. */
static size_t
unescape(const char *at, char *octet)
{
	int	base = *at == '\\' ? 8 : 16;
	int	n = 0, width = *at == '\\' ? 3 : 2;

	*octet = *at;
	if (*at != '%' && *at != '=' && *at != '\\')
		return 1;
	for (int i = 1; i <= width; i++) {
		int	d = digit(at[i], base);

		if (d < 0)
			return 1;
		n = n * base + d;
	}
	*octet = (char)n;
	return (size_t)width + 1;
}

static void
view_make(struct view *v, const char *text, bool escaped)
{
	size_t	len = strlen(text);

	v->text = memory_new(len + 1, 1);
	v->from = memory_new(len + 1, sizeof(*v->from));
	v->len = 0;
	for (size_t i = 0, n; i < len; i += n) {
		char	c = text[i];

		n = escaped ? unescape(text + i, &c) : 1;
		v->text[v->len] = fold_octet(c);
		v->from[v->len++] = i;
	}
	v->from[v->len] = len;
}

static void
view_free(struct view *v)
{
	freezero(v->text, v->len);
	free(v->from);
}

static bool
is_word(const struct view *v, size_t at, size_t len)
{
	return (at == 0 || !isalnum((unsigned char)v->text[at - 1])) &&
	    (at + len == v->len || !isalnum((unsigned char)v->text[at + len]));
}

/* The number of octets of the view at "at" that are in a form. */
static size_t
match(const struct view *v, size_t at, const struct buffer *forms)
{
	const char	*end = forms->data + forms->len;
	size_t		 longest = 0;

	for (const char *p = forms->data; (p = memchr(p, v->text[at],
	    (size_t)(end - p))) != NULL; p++) {
		bool	whole;
		size_t	n = 1;

		while (p + n < end && at + n < v->len &&
		    p[n] == v->text[at + n])
			n++;
		whole = p + n < end && p[n] == '\n' &&
		    (p == forms->data || p[-1] == '\n');
		if (n > longest && (n >= PIECE_MIN || (whole &&
		    (n >= FORM_MIN || is_word(v, at, n)))))
			longest = n;
	}
	return longest;
}

/* Marks in hidden[] the octets of the text that must be masked. */
static void
mark(const char *text, bool escaped, const struct buffer *forms,
    bool *hidden)
{
	struct view	v;

	view_make(&v, text, escaped);
	for (size_t at = 0; at < v.len; at++) {
		size_t	n = match(&v, at, forms);

		memset(hidden + v.from[at], true,
		    v.from[at + n] - v.from[at]);
	}
	view_free(&v);
}

static void
strike_out(char *text, size_t size, const bool *hidden)
{
	struct buffer	out = { 0 };
	size_t		len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		if (!hidden[i])
			buffer_add_byte(&out, text[i]);
		else if (i == 0 || !hidden[i - 1])
			buffer_add_text(&out, "****");
	}
	explicit_bzero(text, len);
	strlcpy(text, out.data, size);
	buffer_free(&out);
}

void
secrets_mask(const struct secrets *s, char *text, size_t size)
{
	struct buffer	 forms = { 0 };
	size_t		 len = strlen(text);
	bool		*hidden;

	if (s->forms.len == 0 || len == 0)
		return;
	buffer_add(&forms, s->forms.data, s->forms.len);
	for (size_t i = 0; i < forms.len; i++)
		forms.data[i] ^= s->pad.data[i];
	hidden = memory_new(len, sizeof(*hidden));
	mark(text, false, &forms, hidden);
	if (strpbrk(text, "%=\\") != NULL)
		mark(text, true, &forms, hidden);
	if (memchr(hidden, true, len) != NULL)
		strike_out(text, size, hidden);
	free(hidden);
	buffer_wipe(&forms);
}
