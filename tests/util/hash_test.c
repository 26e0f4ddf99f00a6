#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "support/cases.h"
#include "util/hash.h"

/* The vectors of the authors of FNV-1a, http://isthe.com/chongo/tech/comp/fnv/ */
static const struct hash_case {
	const char	*text;
	uint64_t	 hash;
} cases[] = {
	{ "", UINT64_C(0xcbf29ce484222325) },
	{ "a", UINT64_C(0xaf63dc4c8601ec8c) },
	{ "foobar", UINT64_C(0x85944171f73967e8) },
};

static void
is_hash(void **state)
{
	const struct hash_case	*c = *state;
	size_t			 half = strlen(c->text) / 2;
	uint64_t		 hash;

	hash = hash_add(HASH_START, c->text, half);
	hash = hash_add(hash, c->text + half, strlen(c->text) - half);
	assert_true(hash == c->hash);
}

int
main(void)
{
	return CASES_RUN("hashes", is_hash, cases);
}
