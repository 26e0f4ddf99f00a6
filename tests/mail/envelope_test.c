/*
 * Forward-paths are merged, and an envelope can be used again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mail/envelope.h"
#include "support/cases.h"
#include "util/buffer.h"
#include "util/memory.h"

/* Writes each path after a blank. */
static char *
written_paths(const struct envelope *env)
{
	struct buffer	out = { 0 };

	for (size_t i = 0; i < env->n; i++)
		buffer_addf(&out, " %s", env->forward[i].path);
	return buffer_take(&out);
}

struct example {
	const char	*sentence;
	const char	*path[6];
	const char	*want;		/* written_paths() */
};

static const struct example unique[] = {
	{ "an empty envelope does not change", { NULL }, "" },
	{ "a single path does not change", { "a@b" }, " a@b" },
	{ "equal paths are merged", { "a@b", "a@b" }, " a@b" },
	{ "the first of several equal paths keeps its place",
	    { "z@b", "a@B", "m@c", "a@b", "z@b" }, " z@b a@B m@c" },
	{ "domains are case-insensitive",
	    { "a@Example.ORG", "a@example.org" }, " a@Example.ORG" },
	{ "local parts are case-sensitive", { "A@b", "a@b" }, " A@b a@b" },
	{ "a local part that is a prefix of another is different",
	    { "ab@c", "a@c", "abc@c" }, " ab@c a@c abc@c" },
	{ "a domain that is a prefix of another is different",
	    { "a@b.c", "a@b" }, " a@b.c a@b" },
	{ "equal bare names are merged", { "joe", "joe@b", "joe", "Joe" },
	    " joe joe@b Joe" },
	{ "the last @ begins the domain",
	    { "\"a@B\"@c", "\"a@b\"@c", "\"a@b\"@C" },
	    " \"a@B\"@c \"a@b\"@c" },
};

static void
is_merged(void **state)
{
	const struct example	*e = *state;
	struct envelope		 env = { 0 };
	char			*got;
	size_t			 places[6];

	for (size_t k = 0; k < 6 && e->path[k] != NULL; k++)
		envelope_add(&env, e->path[k]);
	envelope_unique_places(&env, places);
	for (size_t k = 0; k < 6 && e->path[k] != NULL; k++)
		assert_int_equal(strcasecmp(e->path[k],
		    env.forward[places[k]].path), 0);
	got = written_paths(&env);
	assert_string_equal(got, e->want);
	free(got);
	envelope_free(&env);
}

/* Quadratic time would take minutes. */
static void
a_hundred_thousand_paths_merge(void **state)
{
	struct envelope	env = { 0 };
	char		path[32];

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(path, sizeof(path), "%u@b", i * 7919 % 50000);
		envelope_add(&env, path);
	}
	envelope_unique(&env);
	assert_int_equal(env.n, 50000);
	assert_string_equal(env.forward[0].path, "0@b");
	assert_string_equal(env.forward[1].path, "7919@b");
	assert_string_equal(env.forward[49999].path, "42081@b");
	envelope_free(&env);
}

static const struct notify_example {
	const char	*sentence;
	unsigned	 first;
	unsigned	 second;
	unsigned	 want;
} merged[] = {
	{ "no NOTIFY and no NOTIFY", 0, 0, 0 },
	{ "NEVER and NEVER", NOTIFY_NEVER, NOTIFY_NEVER, NOTIFY_NEVER },
	{ "two sets are united", NOTIFY_FAILURE, NOTIFY_DELAY,
	    NOTIFY_FAILURE | NOTIFY_DELAY },
	{ "NEVER is dropped if the second has a set", NOTIFY_NEVER,
	    NOTIFY_SUCCESS,
	    NOTIFY_SUCCESS },
	{ "NEVER is dropped if the first has a set", NOTIFY_DELAY, NOTIFY_NEVER,
	    NOTIFY_DELAY },
	{ "NEVER is dropped if the other has no NOTIFY", 0, NOTIFY_NEVER, 0 },
	{ "FAILURE is added to a set if the other has no NOTIFY",
	    NOTIFY_SUCCESS, 0,
	    NOTIFY_SUCCESS | NOTIFY_FAILURE },
};

static void
notify_is_merged(void **state)
{
	const struct notify_example	*e = *state;
	struct envelope			 env = { 0 };

	envelope_add(&env, "a@b")->notify = e->first;
	envelope_add(&env, "a@B")->notify = e->second;
	envelope_unique(&env);
	assert_int_equal(env.n, 1);
	assert_int_equal(env.forward[0].notify, e->want);
	envelope_free(&env);
}

static void
the_first_path_keeps_its_original_recipient(void **state)
{
	struct envelope	env = { 0 };

	(void)state;
	envelope_add(&env, "a@b")->orcpt = memory_copy("rfc822;first@b");
	envelope_add(&env, "a@B")->orcpt = memory_copy("rfc822;second@b");
	envelope_unique(&env);
	assert_int_equal(env.n, 1);
	assert_string_equal(env.forward[0].orcpt, "rfc822;first@b");
	envelope_free(&env);
}

static void
a_new_path_has_no_parameters(void **state)
{
	struct envelope		 env = { 0 };
	struct forward_path	*to;
	char			 path[] = "a@b";

	(void)state;
	to = envelope_add(&env, path);
	path[0] = 'x';
	assert_string_equal(to->path, "a@b");
	assert_null(to->orcpt);
	assert_int_equal(to->notify, 0);
	envelope_free(&env);
}

static void
the_reverse_path_is_replaced(void **state)
{
	struct envelope	env = { 0 };

	(void)state;
	envelope_set_reverse(&env, "a@b");
	assert_string_equal(env.reverse_path, "a@b");
	envelope_set_reverse(&env, env.reverse_path);
	assert_string_equal(env.reverse_path, "a@b");
	envelope_set_reverse(&env, "");
	assert_string_equal(env.reverse_path, "");
	envelope_free(&env);
}

static void
a_freed_envelope_is_empty(void **state)
{
	struct envelope	env = { 0 };

	(void)state;
	envelope_free(&env);
	envelope_set_reverse(&env, "a@b");
	envelope_add(&env, "c@d")->orcpt = memory_copy("rfc822;c@d");
	env.envid = memory_copy("id");
	env.ret = RETURN_HEADERS;
	envelope_free(&env);
	assert_null(env.reverse_path);
	assert_null(env.forward);
	assert_null(env.envid);
	assert_int_equal(env.n, 0);
	assert_int_equal(env.ret, RETURN_UNSPECIFIED);
	envelope_add(&env, "e@f");
	assert_int_equal(env.n, 1);
	envelope_free(&env);
}

int
main(void)
{
	static const struct CMUnitTest	envelope_spec[] = {
		cmocka_unit_test(a_hundred_thousand_paths_merge),
		cmocka_unit_test(the_first_path_keeps_its_original_recipient),
		cmocka_unit_test(a_new_path_has_no_parameters),
		cmocka_unit_test(the_reverse_path_is_replaced),
		cmocka_unit_test(a_freed_envelope_is_empty),
	};

	return CASES_RUN("unique", is_merged, unique) +
	    CASES_RUN("NOTIFY", notify_is_merged, merged) +
	    cmocka_run_group_tests(envelope_spec, NULL, NULL);
}
