#include "smtp/saslprep.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "util/unicode_library.h"
#include "util/utf8.h"

/* The values of libunistring's uc_bidi_category() that matter here. */
enum { LEFT_TO_RIGHT = 0, RIGHT_TO_LEFT = 3, ARABIC = 4 };

struct range {
	uint32_t	first, last;
};

/* RFC 3454 table C.1.2: become ASCII's space. */
static const struct range spaces[] = {
	{ 0x00a0, 0x00a0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200b },
	{ 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x3000, 0x3000 },
};

/* Table B.1: disappear. */
static const struct range nothing[] = {
	{ 0x00ad, 0x00ad }, { 0x034f, 0x034f }, { 0x1806, 0x1806 },
	{ 0x180b, 0x180d }, { 0x200c, 0x200d }, { 0x2060, 0x2060 },
	{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },
};

/*
 * Tables C.2.1 to C.9, joined and sorted.  Surrogates (C.5) are no UTF-8,
 * and each plane's last two characters are left to is_prohibited().
 */
static const struct range prohibited[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x0340, 0x0341 },
	{ 0x06dd, 0x06dd }, { 0x070f, 0x070f }, { 0x180e, 0x180e },
	{ 0x200c, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x2063 },
	{ 0x206a, 0x206f }, { 0x2ff0, 0x2ffb }, { 0xe000, 0xf8ff },
	{ 0xfdd0, 0xfdef }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffd },
	{ 0x1d173, 0x1d17a }, { 0xe0001, 0xe0001 }, { 0xe0020, 0xe007f },
	{ 0xf0000, 0x10ffff },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
is_in(const struct range *ranges, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n && c >= ranges[i].first; i++) {
		if (c <= ranges[i].last)
			return true;
	}
	return false;
}

static bool
is_prohibited(uint32_t c)
{
	return is_in(prohibited, COUNT(prohibited), c) ||
	    is_in(spaces, COUNT(spaces), c) || (c & 0xfffe) == 0xfffe;
}

static bool
is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}

/* RFC 4013 section 2.1. */
static bool
map(struct buffer *out, const char *text, const char *what,
    struct failure *why)
{
	uint32_t	c;
	size_t		left = strlen(text), n;

	for (; left > 0; text += n, left -= n) {
		n = utf8_decode(text, left, &c);
		if (n == 0)
			return failed(why, EX_CONFIG, "%s is not valid UTF-8",
			    what);
		if (is_in(spaces, COUNT(spaces), c))
			buffer_add_byte(out, ' ');
		else if (!is_in(nothing, COUNT(nothing), c))
			buffer_add(out, text, n);
	}
	return true;
}

/* Section 2.2.  Where the library is out of memory nothing changes. */
static void
normalize(const struct unicode *unicode, struct buffer *text)
{
	size_t	 len = 0;
	uint8_t	*normal;

	normal = unicode->normalize(unicode->nfkc, (const uint8_t *)text->data,
	    text->len, NULL, &len);
	if (normal == NULL)
		return;
	buffer_wipe(text);
	buffer_add(text, normal, len);
	freezero(normal, len);
}

/* Section 2.3.  The text is valid UTF-8 here. */
static bool
check(const struct buffer *text, const char *what, struct failure *why)
{
	uint32_t	c;

	for (size_t i = 0; i < text->len;) {
		i += utf8_decode(text->data + i, text->len - i, &c);
		if (is_prohibited(c))
			return failed(why, EX_CONFIG, "%s holds U+%04X, a "
			    "character that SASL forbids (RFC 4013)", what,
			    (unsigned)c);
	}
	return true;
}

/* Section 2.4 (RFC 3454 section 6). */
static bool
check_direction(const struct unicode *unicode, const struct buffer *text,
    const char *what, struct failure *why)
{
	bool		first = false, last = false, left = false, any = false;
	uint32_t	c;

	for (size_t i = 0; i < text->len;) {
		size_t	n = utf8_decode(text->data + i, text->len - i, &c);
		int	direction = unicode->direction(c);

		last = direction == RIGHT_TO_LEFT || direction == ARABIC;
		if (i == 0)
			first = last;
		any = any || last;
		left = left || direction == LEFT_TO_RIGHT;
		i += n;
	}
	if (any && (left || !first || !last))
		return failed(why, EX_CONFIG, "%s has letters that run from "
		    "right to left, and mixes them with others in a way that "
		    "SASL forbids (RFC 4013)", what);
	return true;
}

/*
 * From libidn2 rather than libunistring itself: the loader looks symbols up
 * in what a library depends on, and only libidn2's name has stayed the same.
 */
bool
unicode_load(struct unicode *unicode)
{
	void	*library = unicode_library();

	if (library == NULL)
		return false;
	/* POSIX promises that this conversion works; C only allows it. */
	*(void **)&unicode->normalize = dlsym(library, "u8_normalize");
	*(void **)&unicode->direction = dlsym(library, "uc_bidi_category");
	unicode->nfkc = dlsym(library, "uninorm_nfkc");
	if (unicode->normalize != NULL && unicode->direction != NULL &&
	    unicode->nfkc != NULL)
		return true;
	dlclose(library);
	return false;
}

bool
saslprep_with(const struct unicode *unicode, struct buffer *out,
    const char *text, const char *what, struct failure *why)
{
	struct buffer	work = { 0 };
	bool		ok;

	ok = map(&work, text, what, why);
	if (ok && unicode != NULL && work.len > 0)
		normalize(unicode, &work);
	ok = ok && check(&work, what, why);
	if (ok && unicode != NULL)
		ok = check_direction(unicode, &work, what, why);
	if (ok)
		buffer_add(out, work.data, work.len);
	buffer_wipe(&work);
	return ok;
}

bool
saslprep(struct buffer *out, const char *text, const char *what,
    struct failure *why)
{
	struct unicode	unicode;
	bool		loaded = !is_ascii(text) && unicode_load(&unicode);

	return saslprep_with(loaded ? &unicode : NULL, out, text, what, why);
}
