#include "mail/charset.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "util/text.h"

enum charset_kind {
	SEVEN_BIT,		/* ASCII */
	STATES,			/* stateful, or not a superset of ASCII */
	SINGLE,			/* one octet per character */
	UTF8,
	PAIRS,			/* two octets: KS X 1001, GB 2312, Big5 */
	PAIRS_OR_FOURS,		/* GB 18030 */
	EUC_JP,			/* two octets, or three */
	SHIFT_JIS,		/* one octet above 127, or two */
	UNKNOWN_CHARSET,	/* split only at blanks */
};

/*
 * The first entry that the name begins with, in any case.  Arrays, not pointers,
 * which are relocated at each start.
 */
static const struct { char name[16]; enum charset_kind kind; } kinds[] = {
	{ "utf-8", UTF8 }, { "utf8", UTF8 },
	{ "us-ascii", SEVEN_BIT }, { "ascii", SEVEN_BIT },
	{ "ansi_x3.4", SEVEN_BIT }, { "iso646", SEVEN_BIT },
	{ "iso-8859", SINGLE }, { "iso8859", SINGLE }, { "iso_8859", SINGLE },
	{ "latin", SINGLE }, { "windows-125", SINGLE }, { "cp125", SINGLE },
	{ "windows-874", SINGLE }, { "tis-620", SINGLE }, { "koi8", SINGLE },
	{ "ibm8", SINGLE }, { "cp8", SINGLE }, { "macintosh", SINGLE },
	{ "unknown-8bit", SINGLE },
	{ "euc-kr", PAIRS }, { "euckr", PAIRS }, { "ks_c_5601", PAIRS },
	{ "ksc5601", PAIRS }, { "windows-949", PAIRS }, { "cp949", PAIRS },
	{ "gb2312", PAIRS }, { "gb_2312", PAIRS }, { "euc-cn", PAIRS },
	{ "gbk", PAIRS }, { "windows-936", PAIRS }, { "cp936", PAIRS },
	{ "gb18030", PAIRS_OR_FOURS },
	{ "big5", PAIRS }, { "windows-950", PAIRS }, { "cp950", PAIRS },
	{ "euc-jp", EUC_JP }, { "eucjp", EUC_JP }, { "x-euc-jp", EUC_JP },
	{ "shift_jis", SHIFT_JIS }, { "shift-jis", SHIFT_JIS },
	{ "sjis", SHIFT_JIS }, { "x-sjis", SHIFT_JIS },
	{ "windows-31j", SHIFT_JIS }, { "cp932", SHIFT_JIS },
	{ "ms_kanji", SHIFT_JIS },
	{ "iso-2022", STATES }, { "csiso2022", STATES }, { "hz", STATES },
	{ "utf-7", STATES }, { "utf7", STATES }, { "unicode-1-1", STATES },
	{ "utf-16", STATES }, { "utf16", STATES }, { "utf-32", STATES },
	{ "utf32", STATES }, { "ucs-", STATES }, { "iso-10646", STATES },
};

static enum charset_kind
charset_kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strncasecmp(name, kinds[i].name,
		    strlen(kinds[i].name)) == 0)
			return kinds[i].kind;
	return UNKNOWN_CHARSET;
}

bool
charset_is_8bit(const char *name)
{
	size_t	len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) &&
		    strchr("-_.:+", name[i]) == NULL)
			return false;
	switch (charset_kind_of(name)) {
	case SEVEN_BIT:
	case STATES:
		return false;
	case SINGLE:
	case UTF8:
	case PAIRS:
	case PAIRS_OR_FOURS:
	case EUC_JP:
	case SHIFT_JIS:
	case UNKNOWN_CHARSET:
		break;
	}
	return len > 0 && len <= CHARSET_NAME_MAX;
}

/* The length of a character by its first two octets; 0 if one is missing. */
static size_t
wide_character(enum charset_kind kind, unsigned char first,
    unsigned char second)
{
	if (first < 0x80 || second < 0x30)
		return 1;
	if (kind == EUC_JP)
		return first == 0x8f ? 3 : second < 0xa1 ? 1 : 2;
	if (kind == SHIFT_JIS)
		return first >= 0xa0 && first < 0xe0 ? 1 : 2;
	if (second < 0x40)
		return kind == PAIRS_OR_FOURS ? 4 : 1;
	return 2;
}

static size_t
character_length(enum charset_kind kind, const char *text, size_t len)
{
	uint32_t	c;
	size_t		n = 1;

	switch (kind) {
	case SEVEN_BIT:
	case SINGLE:
		return 1;
	case STATES:
		return len;
	case UNKNOWN_CHARSET:
		/* A word and the blanks after it, which are in no character. */
		for (n = 0; n < len && text[n] != ' '; n++)
			;
		for (; n < len && text[n] == ' '; n++)
			;
		return n;
	case UTF8:
		n = text_decode_utf8(text, len, &c);
		return n > 0 ? n : 1;
	case PAIRS:
	case PAIRS_OR_FOURS:
	case EUC_JP:
	case SHIFT_JIS:
		n = wide_character(kind, (unsigned char)text[0],
		    len > 1 ? (unsigned char)text[1] : 0);
		break;
	}
	return n < len ? n : len;
}

size_t
charset_character(const char *name, const char *text, size_t len)
{
	return character_length(charset_kind_of(name), text, len);
}

/* Whether the text can be in the charset. */
static bool
can_be_in(const char *name, const char *text, size_t len)
{
	enum charset_kind	kind = charset_kind_of(name);

	if (!charset_is_8bit(name) ||
	    (kind == UTF8 && !text_is_utf8(text, len)))
		return false;
	if (kind != PAIRS && kind != PAIRS_OR_FOURS && kind != EUC_JP)
		return true;
	for (size_t i = 0, n; i < len; i += n) {
		n = character_length(kind, text + i, len - i);
		if (n == 1 && (unsigned char)text[i] > 127)
			return false;
	}
	return true;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The text is valid UTF-8; see charset_of_text(). */
static bool
is_utf8_by_chance(const char *name, const char *text, size_t len)
{
	enum charset_kind	kind = charset_kind_of(name);

	if (kind != PAIRS && kind != PAIRS_OR_FOURS && kind != EUC_JP)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char	first = (unsigned char)text[i];

		if (first < 0x80)
			continue;
		if (first >= 0xe0 || (unsigned char)text[i + 1] < 0xa1 ||
		    (i > 0 && is_letter(text[i - 1])) ||
		    (i + 2 < len && is_letter(text[i + 2])))
			return false;
		i++;
	}
	return true;
}

const char *
charset_of_text(const char *text, size_t len, const char *declared)
{
	if (declared != NULL && !can_be_in(declared, text, len))
		declared = NULL;
	if (text_is_utf8(text, len) && (declared == NULL ||
	    !is_utf8_by_chance(declared, text, len)))
		return "utf-8";
	return declared != NULL ? declared : "unknown-8bit";
}
