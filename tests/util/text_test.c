/*
 * The words of a list, characters of UTF-8 (RFC 3629), and the one rule for
 * host names.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "util/text.h"

struct reading {
	const char	*text;
	size_t		 len;
	size_t		 want;
	uint32_t	 c;
};

static void
reads(void **state)
{
	const struct reading	*r = *state;
	uint32_t		 c = 0;

	assert_int_equal(text_decode_utf8(r->text, r->len, &c), r->want);
	if (r->want > 0)
		assert_int_equal(c, r->c);
}

#define READS(sentence, text, want, c) \
	{ sentence, reads, NULL, NULL, \
	    &(struct reading){ text, sizeof(text) - 1, want, c } }
#define REFUSES(sentence, text) READS(sentence, text, 0, 0)

struct host {
	const char	*name;
	bool		 valid;
};

static void
checks(void **state)
{
	const struct host	*h = *state;

	assert_int_equal(text_is_host_name(h->name, strlen(h->name)), h->valid);
}

/* A list, and its words with a bar after each. */
struct list {
	const char	*text;
	const char	*words;
};

static void
has_words(void **state)
{
	const struct list	*l = *state;
	const char		*at = l->text, *want = l->words, *word;
	size_t			 len;

	while ((word = text_next_word(&at, &len)) != NULL) {
		assert_int_equal(strcspn(want, "|"), len);
		assert_memory_equal(word, want, len);
		assert_true(text_has_word(l->text, want, len));
		want += len + 1;
	}
	assert_string_equal(want, "");
	assert_string_equal(at, "");
}

static void
a_word_is_found_in_any_case(void **state)
{
	(void)state;
	assert_true(text_has_word("PLAIN LOGIN", "login", 5));
	assert_false(text_has_word("PLAIN LOGIN", "log", 3));
	assert_false(text_has_word("PLAIN LOGIN", "logins", 6));
	assert_false(text_has_word("", "login", 5));
}

#define WORDS(sentence, text, words) \
	{ sentence, has_words, NULL, NULL, &(struct list){ text, words } }

#define HOST(sentence, name) \
	{ sentence, checks, NULL, NULL, &(struct host){ name, true } }
#define NOT_HOST(sentence, name) \
	{ sentence, checks, NULL, NULL, &(struct host){ name, false } }

int
main(void)
{
	const struct CMUnitTest	list_spec[] = {
		WORDS("one word", "PLAIN", "PLAIN|"),
		WORDS("blanks separate words", "PLAIN LOGIN\tEXTERNAL",
		    "PLAIN|LOGIN|EXTERNAL|"),
		WORDS("blanks before, between and after words", " \ta  b \t",
		    "a|b|"),
		WORDS("an empty list", "", ""),
		WORDS("a list of blanks", " \t ", ""),
		cmocka_unit_test(a_word_is_found_in_any_case),
	};
	const struct CMUnitTest	utf8_spec[] = {
		READS("ASCII is one octet", "ab", 1, 'a'),
		READS("NUL is a character", "\0", 1, 0),
		READS("two octets from U+0080", "\302\200", 2, 0x80),
		READS("three octets from U+0800", "\340\240\200", 3, 0x800),
		READS("the euro sign", "\342\202\254x", 3, 0x20ac),
		READS("four octets from U+10000", "\360\220\200\200", 4,
		    0x10000),
		READS("the last character", "\364\217\277\277", 4, 0x10ffff),
		REFUSES("an empty text", ""),
		REFUSES("a continuation octet without a first octet", "\200"),
		REFUSES("an incomplete character of two octets", "\303"),
		REFUSES("an incomplete character of four octets",
		    "\360\220\200"),
		REFUSES("two first octets", "\303\303"),
		REFUSES("an overlong form of NUL", "\300\200"),
		REFUSES("an overlong form of a slash", "\340\200\257"),
		REFUSES("an overlong form of U+FFFF", "\360\217\277\277"),
		REFUSES("the first surrogate", "\355\240\200"),
		REFUSES("the last surrogate", "\355\277\277"),
		REFUSES("a value above U+10FFFF", "\364\220\200\200"),
		REFUSES("five octets", "\370\210\200\200\200"),
		REFUSES("an octet that UTF-8 does not use", "\377"),
	};
	static char		longest[256], too_long[257];
	const struct CMUnitTest	host_spec[] = {
		HOST("a single label is a host name", "localhost"),
		HOST("a domain is a host name", "www.example.org"),
		HOST("a final dot is allowed", "example.org."),
		HOST("an underscore is allowed", "_smtp.web_1"),
		HOST("a name of digits is allowed", "192.0.2.1"),
		HOST("UTF-8 is left to IDNA", "m\303\274nchen.example"),
		HOST("a name has at most 255 octets", longest),
		NOT_HOST("a name of 256 octets is too long", too_long),
		NOT_HOST("an empty name is refused", ""),
		NOT_HOST("a dot alone is refused", "."),
		NOT_HOST("a name must not begin with a dot", ".example.org"),
		NOT_HOST("a label must not be empty", "mail..example"),
		NOT_HOST("a name must not look like an option", "-example"),
		NOT_HOST("a blank is refused", "mail example"),
		NOT_HOST("a colon is refused", "mail:25"),
		NOT_HOST("a control character is refused", "mail\r\n"),
		NOT_HOST("octets that are not UTF-8 are refused", "m\374nchen"),
	};
	int			failed;

	memset(longest, 'a', sizeof(longest) - 1);
	memset(too_long, 'a', sizeof(too_long) - 1);
	failed = cmocka_run_group_tests(list_spec, NULL, NULL);
	failed += cmocka_run_group_tests(host_spec, NULL, NULL);
	return failed + cmocka_run_group_tests(utf8_spec, NULL, NULL);
}
