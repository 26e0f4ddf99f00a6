/*
 * base64 as SASL and MIME use it (RFC 4648 section 10 has the vectors).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "util/base64.h"

struct pair {
	const char	*plain;
	const char	*encoded;
};

static void
encodes_and_decodes(void **state)
{
	const struct pair	*p = *state;
	struct buffer		 b = { 0 };

	base64_encode(&b, p->plain, strlen(p->plain));
	assert_string_equal(b.data, p->encoded);
	buffer_clear(&b);
	assert_true(base64_decode(&b, p->encoded, strlen(p->encoded)));
	assert_int_equal(b.len, strlen(p->plain));
	assert_memory_equal(b.len > 0 ? b.data : "", p->plain, b.len);
	buffer_free(&b);
}

static void
is_refused(void **state)
{
	const char	*text = *state;
	struct buffer	 b = { 0 };

	buffer_add_text(&b, "before");
	assert_false(base64_decode(&b, text, strlen(text)));
	assert_string_equal(b.data, "before");
	buffer_free(&b);
}

static void
every_octet_is_restored(void **state)
{
	unsigned char	all[256];
	struct buffer	encoded = { 0 }, decoded = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)(255 - i);
	for (size_t len = 0; len <= sizeof(all); len++) {
		buffer_clear(&encoded);
		buffer_clear(&decoded);
		base64_encode(&encoded, all, len);
		assert_true(base64_decode(&decoded, encoded.data,
		    encoded.len));
		assert_int_equal(decoded.len, len);
		assert_memory_equal(len > 0 ? decoded.data : "", all, len);
	}
	buffer_free(&encoded);
	buffer_free(&decoded);
}

#define CODES(plain, encoded) { "\"" plain "\" is \"" encoded "\"", \
	encodes_and_decodes, NULL, NULL, &(struct pair){ plain, encoded } }
#define REFUSED(sentence, text) { sentence, is_refused, NULL, NULL, \
	(void *)(uintptr_t)(text) }

static const struct CMUnitTest base64_spec[] = {
	CODES("", ""),
	CODES("f", "Zg=="),
	CODES("fo", "Zm8="),
	CODES("foo", "Zm9v"),
	CODES("foob", "Zm9vYg=="),
	CODES("fooba", "Zm9vYmE="),
	CODES("foobar", "Zm9vYmFy"),
	CODES("\xff\xfe\xfd", "//79"),
	REFUSED("an incomplete group", "Zm9"),
	REFUSED("a character that is not in the alphabet", "Zm9!"),
	REFUSED("padding in the middle", "Zg==Zm9v"),
	REFUSED("padding alone", "===="),
	REFUSED("three padding characters", "Z==="),
	REFUSED("a blank", "Zm 9"),
	REFUSED("the alphabet of base64url", "__79"),
	cmocka_unit_test(every_octet_is_restored),
};

int
main(void)
{
	return cmocka_run_group_tests(base64_spec, NULL, NULL);
}
