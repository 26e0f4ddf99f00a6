#include "smtp/saslprep.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "util/unicode_library.h"
#include "util/text.h"

/* The values of libunistring's uc_bidi_class() that matter here. */
enum { LEFT_TO_RIGHT = 0, RIGHT_TO_LEFT = 3, ARABIC = 4 };

struct range {
	uint32_t	first, last;
};

/* RFC 3454 table C.1.2: mapped to a space. */
static const struct range spaces[] = {
	{ 0x00a0, 0x00a0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200b },
	{ 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x3000, 0x3000 },
};

/* Table B.1: mapped to nothing. */
static const struct range removed[] = {
	{ 0x00ad, 0x00ad }, { 0x034f, 0x034f }, { 0x1806, 0x1806 },
	{ 0x180b, 0x180d }, { 0x200c, 0x200d }, { 0x2060, 0x2060 },
	{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },
};

/*
 * Tables C.2.1 to C.9, merged and sorted, without surrogates (C.5), which are
 * not valid UTF-8, and without the last two characters of each plane, which
 * is_prohibited() checks.
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

/*
 * Common characters that NFKC never changes, in any context, and that are not
 * right-to-left: text that consists of them does not require the library.  All
 * are in Unicode 3.2.
 */
static const struct range unchanged[] = {
	{ 0x0000, 0x007f }, { 0x00a1, 0x00a7 }, { 0x00a9, 0x00a9 },
	{ 0x00ab, 0x00ac }, { 0x00ae, 0x00ae }, { 0x00b0, 0x00b1 },
	{ 0x00b6, 0x00b7 }, { 0x00bb, 0x00bb }, { 0x00bf, 0x0131 },
	{ 0x0134, 0x013e }, { 0x0141, 0x0148 }, { 0x014a, 0x017e },
	{ 0x0388, 0x038a }, { 0x038e, 0x03a1 }, { 0x03a3, 0x03ce },
	{ 0x0400, 0x0482 }, { 0x2012, 0x2014 }, { 0x2018, 0x2022 },
	{ 0x20ac, 0x20ac }, { 0x3041, 0x3094 }, { 0x30a1, 0x30fa },
	{ 0x3400, 0x4db5 }, { 0x4e00, 0x9fa5 }, { 0xac00, 0xd7a3 },
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

/* Invalid UTF-8 is not unchanged: map_characters() refuses it. */
static bool
is_unchanged(const char *text, size_t len)
{
	uint32_t	c = 0;
	size_t		n;

	for (; len > 0; text += n, len -= n) {
		n = text_decode_utf8(text, len, &c);
		if (n == 0 || !is_in(unchanged, COUNT(unchanged), c))
			return false;
	}
	return true;
}

/* RFC 4013 section 2.1. */
static bool
map_characters(struct buffer *out, const char *text, const char *what,
    struct failure *why)
{
	uint32_t	c;
	size_t		left = strlen(text), n;

	for (; left > 0; text += n, left -= n) {
		n = text_decode_utf8(text, left, &c);
		if (n == 0)
			return failed(why, EX_CONFIG, "%s is not valid UTF-8",
			    what);
		if (is_in(spaces, COUNT(spaces), c))
			buffer_add_byte(out, ' ');
		else if (!is_in(removed, COUNT(removed), c))
			buffer_add(out, text, n);
	}
	return true;
}

/* Section 2.2. */
static bool
normalize_text(const struct saslprep_library *unicode, struct buffer *text,
    const char *what, struct failure *why)
{
	size_t	 len = 0;
	uint8_t	*normal;

	if (unicode == NULL)
		return failed(why, EX_CONFIG, "%s must be normalized (RFC "
		    "4013) with the library libunistring, %s", what,
		    unicode_library_lack());
	normal = unicode->normalize(unicode->nfkc, (const uint8_t *)text->data,
	    text->len, NULL, &len);
	if (normal == NULL)
		return failed_errno(why, EX_TEMPFAIL, "%s", what);
	buffer_wipe(text);
	buffer_add(text, normal, len);
	freezero(normal, len);
	return true;
}

/* Section 2.3.  The text is valid UTF-8 here. */
static bool
check_prohibited(const struct buffer *text, const char *what,
    struct failure *why)
{
	uint32_t	c;

	for (size_t i = 0; i < text->len;) {
		i += text_decode_utf8(text->data + i, text->len - i, &c);
		if (is_prohibited(c))
			return failed(why, EX_CONFIG, "%s contains U+%04X, a "
			    "character that RFC 4013 prohibits", what,
			    (unsigned)c);
	}
	return true;
}

/* Section 2.4 (RFC 3454 section 6). */
static bool
check_direction(const struct saslprep_library *unicode,
    const struct buffer *text, const char *what, struct failure *why)
{
	bool		first = false, last = false, left = false, any = false;
	uint32_t	c;

	for (size_t i = 0; i < text->len;) {
		size_t	n = text_decode_utf8(text->data + i, text->len - i, &c);
		int	direction = unicode->direction(c);

		last = direction == RIGHT_TO_LEFT || direction == ARABIC;
		if (i == 0)
			first = last;
		any = any || last;
		left = left || direction == LEFT_TO_RIGHT;
		i += n;
	}
	if (any && (left || !first || !last))
		return failed(why, EX_CONFIG, "%s mixes right-to-left and "
		    "left-to-right text in a way that RFC 4013 prohibits",
		    what);
	return true;
}

bool
saslprep_load(struct saslprep_library *unicode)
{
	void	*library = unicode_library_strings();

	if (library == NULL)
		return false;
	/* POSIX guarantees this conversion; ISO C does not. */
	*(void **)&unicode->normalize = dlsym(library, "u8_normalize");
	*(void **)&unicode->direction = dlsym(library, "uc_bidi_class");
	unicode->nfkc = dlsym(library, "uninorm_nfkc");
	return unicode->normalize != NULL && unicode->direction != NULL &&
	    unicode->nfkc != NULL;
}

bool
saslprep_with(const struct saslprep_library *unicode, struct buffer *out,
    const char *text, const char *what, struct failure *why)
{
	struct buffer	work = { 0 };
	bool		ok, same;

	ok = map_characters(&work, text, what, why);
	same = ok && is_unchanged(work.data, work.len);
	ok = ok && (same || normalize_text(unicode, &work, what, why)) &&
	    check_prohibited(&work, what, why) &&
	    (same || check_direction(unicode, &work, what, why));
	if (ok)
		buffer_add(out, work.data, work.len);
	buffer_wipe(&work);
	return ok;
}

bool
saslprep(struct buffer *out, const char *text, const char *what,
    struct failure *why)
{
	struct saslprep_library	unicode;
	bool		loaded = !is_unchanged(text, strlen(text)) &&
			    saslprep_load(&unicode);

	return saslprep_with(loaded ? &unicode : NULL, out, text, what, why);
}
