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
#include "util/buffer.h"
#include "util/memory.h"

/* Each path behind a blank, in the envelope's order. */
static char *
told(const struct envelope *env)
{
	struct buffer	out = { 0 };

	for (size_t i = 0; i < env->n; i++)
		buffer_addf(&out, " %s", env->forward[i].path);
	return buffer_take(&out);
}

struct example {
	const char	*sentence;
	const char	*path[6];
	const char	*want;		/* told() */
};

static const struct example unique[] = {
	{ "no path stays none", { NULL }, "" },
	{ "one path stays", { "a@b" }, " a@b" },
	{ "the same path twice is one", { "a@b", "a@b" }, " a@b" },
	{ "the first of its kind stays, in its place",
	    { "z@b", "a@B", "m@c", "a@b", "z@b" }, " z@b a@B m@c" },
	{ "domains compare without regard to case",
	    { "a@Example.ORG", "a@example.org" }, " a@Example.ORG" },
	{ "local parts to the letter", { "A@b", "a@b" }, " A@b a@b" },
	{ "a local part that begins another is not the same",
	    { "ab@c", "a@c", "abc@c" }, " ab@c a@c abc@c" },
	{ "nor is a domain that begins another",
	    { "a@b.c", "a@b" }, " a@b.c a@b" },
	{ "bare names are paths", { "joe", "joe@b", "joe", "Joe" },
	    " joe joe@b Joe" },
	{ "the last @ begins the domain",
	    { "\"a@B\"@c", "\"a@b\"@c", "\"a@b\"@C" },
	    " \"a@B\"@c \"a@b\"@c" },
};

static void
envelope_unique_merges_equal_mailboxes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(unique) / sizeof(*unique); i++) {
		struct envelope	 env = { 0 };
		char		*got;
		size_t		 places[6];

		for (size_t k = 0; k < 6 && unique[i].path[k] != NULL; k++)
			envelope_add(&env, unique[i].path[k]);
		envelope_unique_places(&env, places);
		for (size_t k = 0; k < 6 && unique[i].path[k] != NULL; k++)
			assert_int_equal(strcasecmp(unique[i].path[k],
			    env.forward[places[k]].path), 0);
		got = told(&env);
		if (strcmp(got, unique[i].want) != 0)
			fail_msg("%s: got%s", unique[i].sentence, got);
		free(got);
		envelope_free(&env);
	}
}

/* In n log n: a comparison of each with each would take minutes. */
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

static const struct {
	const char	*sentence;
	unsigned	 first;
	unsigned	 second;
	unsigned	 want;
} merged[] = {
	{ "nothing said stays so", 0, 0, 0 },
	{ "NEVER stays so", NOTIFY_NEVER, NOTIFY_NEVER, NOTIFY_NEVER },
	{ "sets are joined", NOTIFY_FAILURE, NOTIFY_DELAY,
	    NOTIFY_FAILURE | NOTIFY_DELAY },
	{ "NEVER yields to any other", NOTIFY_NEVER, NOTIFY_SUCCESS,
	    NOTIFY_SUCCESS },
	{ "from either side", NOTIFY_DELAY, NOTIFY_NEVER, NOTIFY_DELAY },
	{ "and to nothing said", 0, NOTIFY_NEVER, 0 },
	{ "what was not said means failures at least", NOTIFY_SUCCESS, 0,
	    NOTIFY_SUCCESS | NOTIFY_FAILURE },
};

static void
merged_paths_keep_every_notice_that_was_asked_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(merged) / sizeof(*merged); i++) {
		struct envelope	env = { 0 };

		envelope_add(&env, "a@b")->notify = merged[i].first;
		envelope_add(&env, "a@B")->notify = merged[i].second;
		envelope_unique(&env);
		assert_int_equal(env.n, 1);
		if (env.forward[0].notify != merged[i].want)
			fail_msg("%s: got %u", merged[i].sentence,
			    env.forward[0].notify);
		envelope_free(&env);
	}
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
a_new_path_has_nothing_else_said(void **state)
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
a_freed_envelope_is_ready_for_use_again(void **state)
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
		cmocka_unit_test(envelope_unique_merges_equal_mailboxes),
		cmocka_unit_test(a_hundred_thousand_paths_merge),
		cmocka_unit_test(
		    merged_paths_keep_every_notice_that_was_asked_for),
		cmocka_unit_test(the_first_path_keeps_its_original_recipient),
		cmocka_unit_test(a_new_path_has_nothing_else_said),
		cmocka_unit_test(the_reverse_path_is_replaced),
		cmocka_unit_test(a_freed_envelope_is_ready_for_use_again),
	};

	return cmocka_run_group_tests(envelope_spec, NULL, NULL);
}
