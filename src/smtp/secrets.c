#include "smtp/secrets.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/base64.h"
#include "util/hex.h"
#include "util/memory.h"
#include "util/text.h"
#include "util/visible.h"

enum {
	PIECE_MIN = 6,		/* a shorter part of a form is not masked */
	FORM_MIN = 4,		/* a shorter secret is masked only as a whole
				 * word, a shorter encoding not at all */
};

/* Maps upper to lower case, and URL-safe base64 to standard base64. */
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
 * Adds the base64 of a longer text that contains the secret after 'shift'
 * octets: only the characters that do not depend on the adjacent octets.
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

void
secrets_add(struct secrets *s, const char *secret)
{
	size_t		 len = strlen(secret);
	size_t		 size = 4 * len + 1;
	char		*shown;
	struct buffer	 hex = { 0 };

	if (len == 0)
		return;
	add_form(s, secret, len);

	shown = memory_new(size, 1);
	visible(shown, size, secret, len);
	if (strcmp(shown, secret) != 0)
		add_form(s, shown, strlen(shown));
	freezero(shown, size);

	for (size_t i = 0; i < len; i++) {
		char	two[2];

		hex_write_lower(two, (unsigned char)secret[i]);
		buffer_add(&hex, two, sizeof(two));
	}
	if (hex.len >= FORM_MIN)
		add_form(s, hex.data, hex.len);
	buffer_wipe(&hex);

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

/* A folded text for comparison, and the source of each of its octets. */
struct folded {
	char	*text;		/* owned */
	size_t	*from;		/* owned; len + 1 elements */
	size_t	 len;
};

static int
digit_value(char c, int base)
{
	int	n = c >= '0' && c <= '9' ? c - '0' :
		    c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		    c >= 'A' && c <= 'F' ? c - 'A' + 10 : base;

	return n < base ? n : -1;
}

/*
 * Decodes an escaped octet: "%7a" (RFC 3986), "=7A" (RFC 2045) or "\172"
 * (visible.h).  Returns the length of the escape, or 1 for any other octet.
 */
static size_t
unescape(const char *at, char *octet)
{
	int	base = *at == '\\' ? 8 : 16;
	int	n = 0, width = *at == '\\' ? 3 : 2;

	*octet = *at;
	if (*at != '%' && *at != '=' && *at != '\\')
		return 1;
	for (int i = 1; i <= width; i++) {
		int	d = digit_value(at[i], base);

		if (d < 0)
			return 1;
		n = n * base + d;
	}
	*octet = (char)n;
	return (size_t)width + 1;
}

static void
fold_text(struct folded *v, const char *text, bool escaped)
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

static bool
is_whole_word(const struct folded *v, size_t at, size_t len)
{
	return (at == 0 || !isalnum((unsigned char)v->text[at - 1])) &&
	    (at + len == v->len || !isalnum((unsigned char)v->text[at + len]));
}

/*
 * Returns how many octets at 'at' are part of a form and must be masked: at
 * most PIECE_MIN, because the octets after them are a part of their own.  A
 * server can choose both texts: without this bound, a line of 12,000 octets
 * took two minutes.
 */
static size_t
match_forms(const struct folded *v, size_t at, const struct buffer *forms)
{
	const char	*end = forms->data + forms->len;
	size_t		 longest = 0;

	for (const char *p = forms->data; (p = memchr(p, v->text[at],
	    (size_t)(end - p))) != NULL; p++) {
		bool	whole;
		size_t	n = 1;

		while (n < PIECE_MIN && p + n < end && at + n < v->len &&
		    p[n] == v->text[at + n])
			n++;
		if (n == PIECE_MIN)
			return n;
		whole = p + n < end && p[n] == '\n' &&
		    (p == forms->data || p[-1] == '\n');
		if (n > longest && whole &&
		    (n >= FORM_MIN || is_whole_word(v, at, n)))
			longest = n;
	}
	return longest;
}

/* Marks in hidden[] the octets of the text that must be masked. */
static void
mark_hidden(const char *text, bool escaped, const struct buffer *forms,
    bool *hidden)
{
	struct folded	v;

	fold_text(&v, text, escaped);
	for (size_t at = 0; at < v.len; at++) {
		size_t	n = match_forms(&v, at, forms);

		memset(hidden + v.from[at], true,
		    v.from[at + n] - v.from[at]);
	}
	freezero(v.text, v.len);
	free(v.from);
}

/* Replaces each run of hidden octets with "****". */
static void
mask_hidden(char *text, size_t size, const bool *hidden)
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
	mark_hidden(text, false, &forms, hidden);
	if (text_has_any(text, "%=\\"))
		mark_hidden(text, true, &forms, hidden);
	if (memchr(hidden, 1, len) != NULL)
		mask_hidden(text, size, hidden);
	free(hidden);
	buffer_wipe(&forms);
}
