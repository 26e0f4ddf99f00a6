/*
 * Mail addresses are hidden in the log.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>

#include "support/cases.h"
#include "support/temp_dir.h"
#include "util/log_addresses.h"

struct text_case {
	const char	*sentence;
	const char	*text;
	const char	*hidden;
};

static const struct text_case texts[] = {
	{ "text without an address is unchanged", "250 Ok", "250 Ok" },
	{ "empty text is unchanged", "", "" },
	{ "an address", "joe@example.org", "*@example.org" },
	{ "several addresses", "a@b.example, c@d.example;e@f.example",
	    "*@b.example, *@d.example;*@f.example" },
	{ "an address in angle brackets in a reply",
	    "550 5.1.1 <joe.user+tag@example.org>: unknown",
	    "550 5.1.1 <*@example.org>: unknown" },
	{ "an address in parentheses", "(joe@example.org)",
	    "(*@example.org)" },
	{ "an address in apostrophes", "'o'joe@example.org'",
	    "'*@example.org'" },
	{ "a local part that is an apostrophe", "<'@example.org>",
	    "<*@example.org>" },
	{ "an address at the end of a sentence", "unknown: joe@example.org.",
	    "unknown: *@example.org." },
	{ "a quoted local part", "to \"joe user\"@example.org",
	    "to *@example.org" },
	{ "a quotation mark in a quoted local part",
	    "to \"joe \\\"the\\\" user\"@example.org: ok", "to *@example.org: ok" },
	{ "a backslash at the end of a quoted local part",
	    "to \"joe user\\\\\"@example.org: ok", "to *@example.org: ok" },
	{ "a sign and a backslash in a quoted local part",
	    "<\"joe@home user\\\\\"@example.org>", "<*@example.org>" },
	{ "a sign and a backslash, with both backslashes shown as two",
	    "<\"joe@home user\\\\\\\\\"@example.org>", "<*@example.org>" },
	{ "a quoted local part after a path with a backslash at its end",
	    "\"joe\\\\\"@x.example \"kim@home user\"@y.example",
	    "*@x.example *@y.example" },
	{ "backslashes and quotation marks in a quoted local part",
	    "<\"\\\\\\\"joe user\\\\\\\\\"@example.org>", "<*@example.org>" },
	{ "a quoted sign in a quoted local part",
	    "<\"joe\\@home user\"@example.org>", "<*@example.org>" },
	{ "a quotation mark and a sign in a quoted local part",
	    "<\"joe\\\"@home user\"@example.org>", "<*@example.org>" },
	{ "a quotation mark in a quoted local part, with its backslash shown "
	    "as two", "<\"joe \\\\\"the\\\\\" user\"@example.org>",
	    "<*@example.org>" },
	{ "a quotation mark and a sign, with the backslash shown as two",
	    "<\"joe\\\\\"@home user\"@example.org>", "<*@example.org>" },
	{ "a backslash at the end, with both backslashes shown as two",
	    "<\"joe user\\\\\\\\\"@example.org> \"x\"",
	    "<*@example.org> \"x\"" },
	{ "a quoted local part after words in quotation marks",
	    "the \"host\" says \"joe \\\"user\"@example.org",
	    "the \"host\" says *@example.org" },
	{ "an odd quotation mark before a quoted local part",
	    "5\" \"joe user\"@example.org", "5\" *@example.org" },
	{ "an odd quotation mark before an address",
	    "5\" joe@example.org", "5\" *@example.org" },
	{ "quoted strings and atoms, separated by dots",
	    "<joe.\"the user\".\"x\".y@example.org>", "<*@example.org>" },
	{ "a value after an equals sign", "to=\"joe user\"@example.org",
	    "to=*@example.org" },
	{ "an address in JSON", "{\"to\":\"joe@example.org\"}",
	    "{\"to\":\"*@example.org\"}" },
	{ "a quoted local part in apostrophes", "'\"joe user\"@example.org'",
	    "'*@example.org'" },
	{ "a quoted local part without its beginning",
	    "user\"@example.org", "*@example.org" },
	{ "a sign in a quoted local part", "<\"joe@home user\"@example.org>",
	    "<*@example.org>" },
	{ "a sign at the beginning of a quoted local part",
	    "\"@joe\"@example.org", "*@example.org" },
	{ "two quoted local parts", "\"a b\"@b.example, \"c@d\"@d.example",
	    "*@b.example, *@d.example" },
	{ "a quoted address", "\"joe@example.org\" and \"kim\"@b.example",
	    "\"*@example.org\" and *@b.example" },
	{ "an address in another one",
	    "bounces+joe=example.org@list.example", "*@list.example" },
	{ "an address with two signs", "joe@example.org@proxy.example",
	    "*@proxy.example" },
	{ "an address literal", "joe@[192.0.2.1]:", "*@[192.0.2.1]:" },
	{ "an address in UTF-8",
	    "j\303\266e@b\303\274cher.example",
	    "*@b\303\274cher.example" },
	{ "an address with escaped octets", "j\\366e@example.org",
	    "*@example.org" },
	{ "the user of a URL", "smtp://joe@mail.example:587",
	    "smtp:*@mail.example:587" },
	{ "a single sign", "a @ b", "a @ b" },
	{ "a sign at the beginning", "@example.org", "@example.org" },
	{ "a sign at the end", "joe@", "*@" },
	{ "a quotation mark before a sign", "\"@example.org",
	    "*@example.org" },
	{ "quoted strings that do not end before an address",
	    "\"\\\"\\\" \"joe\\\" kim@example.org",
	    "\"\\\"\\\" \"joe\\\" *@example.org" },
	{ "quoted quotation marks, one of which begins a local part",
	    "\"a\\\"b\\\"c\" \"joe\\\" user\"@example.org",
	    "\"a\\\"b\\\"c\" *@example.org" },
	{ "a chain of quoted strings that does not end in an address",
	    "\"a\".\"b\".\"c\" joe@example.org",
	    "\"a\".\"b\".\"c\" *@example.org" },
	{ "a chain that is read in two ways",
	    "\".\".\".\".\"joe\"@example.org", "*@example.org" },
	{ "the last quotation mark of a chain does not close",
	    "\"a\".\"b\".\"joe@example.org",
	    "\"a\".\"b\".\"*@example.org" },
};

static void
becomes(void **state)
{
	const struct text_case	*c = *state;
	struct log_addresses	 how;
	struct buffer		 hidden = { 0 };

	log_addresses_begin(&how, "domain", "off");
	log_addresses_add_text(&hidden, &how, c->text);
	assert_string_equal(hidden.data, c->hidden);
	buffer_free(&hidden);
}

/* Text that is followed by an address, which is the only one. */
static const char *const repeated[] = {
	"\"",
	"\\\"",
	"\\\\\"",
	"\".",
	"\"a\".",
	"a.\"",
	"'",
};

/*
 * The time must be linear: this would take minutes if each position were
 * followed to the end of the text.
 */
static void
long_texts_are_read_once(void **state)
{
	enum { SIZE = 1024 * 1024 };

	(void)state;
	for (size_t i = 0; i < sizeof(repeated) / sizeof(*repeated); i++) {
		struct log_addresses	how;
		struct buffer		text = { 0 }, hidden = { 0 };

		while (text.len < SIZE)
			buffer_add_text(&text, repeated[i]);
		buffer_add_text(&text, " joe@example.org");
		log_addresses_begin(&how, "domain", "off");
		log_addresses_add_text(&hidden, &how, text.data);
		assert_non_null(strstr(hidden.data, "*@example.org"));
		assert_null(strstr(hidden.data, "joe"));
		buffer_free(&text);
		buffer_free(&hidden);
	}
}

static const struct text_case mailboxes[] = {
	{ "the null sender remains", "", "" },
	{ "a mailbox", "\"a b@c\"@example.org", "*@example.org" },
	{ "a name without a domain is hidden", "joe", "*" },
};

static void
mailbox_becomes(void **state)
{
	const struct text_case	*c = *state;
	struct log_addresses	 how;
	struct buffer		 hidden = { 0 };

	log_addresses_begin(&how, "domain", "off");
	buffer_add_text(&hidden, "");
	log_addresses_add(&hidden, &how, c->text);
	assert_string_equal(hidden.data, c->hidden);
	buffer_free(&hidden);
}

static void
hash_with(const char *key, const char *text, char hidden[100])
{
	struct log_addresses	how = { .form = LOG_ADDRESSES_HASH };
	struct buffer		b = { 0 };

	strlcpy(how.key, key, sizeof(how.key));
	log_addresses_add_text(&b, &how, text);
	strlcpy(hidden, b.data, 100);
	buffer_free(&b);
}

/* printf '%s %s' KEY joe@example.org | sha256sum */
static void
a_hash_is_the_digest_of_key_and_address(void **state)
{
	char	hidden[100];

	(void)state;
	hash_with("0123456789abcdef0123456789abcdef",
	    "<joe@example.org>", hidden);
	assert_string_equal(hidden, "<83638902cf003533@example.org>");
}

static void
a_hash_is_the_same_in_capitals(void **state)
{
	char	small[100], capital[100];

	(void)state;
	hash_with("k", "<joe@example.org>", small);
	hash_with("k", "to: Joe@EXAMPLE.ORG.", capital);
	assert_memory_equal(small + 1, capital + 4, 16);
	assert_string_equal(capital + 20, "@EXAMPLE.ORG.");
}

static void
hashes_depend_on_the_key_and_the_domain(void **state)
{
	char	one[100], other[100], foreign[100];

	(void)state;
	hash_with("k", "joe@example.org", one);
	hash_with("k", "joe@example.net", other);
	hash_with("x", "joe@example.org", foreign);
	assert_memory_not_equal(one, other, 16);
	assert_memory_not_equal(one, foreign, 16);
}

static void
the_key_is_created_once(void **state)
{
	struct temp_dir		dir;
	struct log_addresses	first, second;
	struct buffer		key = { 0 };
	struct stat		st;

	(void)state;
	temp_dir_make(&dir);
	temp_dir_write(&dir, "tmp/x", 0600, "");
	log_addresses_begin(&first, "hash", dir.path);
	assert_int_equal(first.form, LOG_ADDRESSES_DOMAIN);
	log_addresses_begin(&second, "hash", dir.path);
	log_addresses_prepare(&first);
	assert_int_equal(first.form, LOG_ADDRESSES_HASH);
	log_addresses_prepare(&second);
	assert_int_equal(second.form, LOG_ADDRESSES_HASH);
	assert_string_equal(second.key, first.key);
	log_addresses_end(&second);
	log_addresses_begin(&second, "hash", dir.path);
	assert_string_equal(second.key, first.key);
	file_read(&key, temp_dir_path(&dir, "log-key"));
	assert_int_equal(key.len, 33);
	assert_memory_equal(key.data, first.key, 32);
	assert_int_equal(stat(temp_dir_path(&dir, "log-key"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(temp_dir_count(temp_dir_path(&dir, "tmp")), 1);
	buffer_free(&key);
	log_addresses_end(&first);
	log_addresses_end(&second);
	temp_dir_remove(&dir);
}

static void
only_the_domain_is_shown_with(const char *directory)
{
	struct log_addresses	how;
	struct buffer		b = { 0 };

	log_addresses_begin(&how, "hash", directory);
	log_addresses_prepare(&how);
	log_addresses_add(&b, &how, "joe@example.org");
	assert_string_equal(b.data, "*@example.org");
	buffer_free(&b);
	log_addresses_end(&how);
}

static void
without_a_key_only_the_domain_is_shown(void **state)
{
	struct temp_dir	dir;

	(void)state;
	only_the_domain_is_shown_with("off");
	only_the_domain_is_shown_with("/nonexistent");
	temp_dir_make(&dir);
	temp_dir_write(&dir, "log-key", 0600, "");
	only_the_domain_is_shown_with(dir.path);
	temp_dir_remove(&dir);
}

static const struct CMUnitTest hash_spec[] = {
	cmocka_unit_test(a_hash_is_the_digest_of_key_and_address),
	cmocka_unit_test(a_hash_is_the_same_in_capitals),
	cmocka_unit_test(hashes_depend_on_the_key_and_the_domain),
	cmocka_unit_test(the_key_is_created_once),
	cmocka_unit_test(without_a_key_only_the_domain_is_shown),
};

static const struct CMUnitTest time_spec[] = {
	cmocka_unit_test(long_texts_are_read_once),
};

int
main(void)
{
	return CASES_RUN("texts", becomes, texts) +
	    CASES_RUN("mailboxes", mailbox_becomes, mailboxes) +
	    cmocka_run_group_tests(time_spec, NULL, NULL) +
	    cmocka_run_group_tests(hash_spec, NULL, NULL);
}
