#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "serve/serve_users.h"

enum { HOUR_MS = 3600 * 1000 };

static int64_t
check(struct serve_users *u, uid_t uid, int64_t now_ms)
{
	bool	first;

	return serve_users_check(u, uid, 3, 3600, now_ms, &first);
}

static void
send_messages(struct serve_users *u, uid_t uid, int n)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(check(u, uid, 1000), 0);
}

static void
a_user_can_send_up_to_the_limit(void **state)
{
	struct serve_users	u = { 0 };

	(void)state;
	send_messages(&u, 33, 2);
	assert_int_equal(check(&u, 33, 2000), 0);
	assert_int_equal(check(&u, 33, 3000), 3598);
	serve_users_free(&u);
}

/* Only a session that was taken over names it. */
static void
an_invalid_period_is_one_day(void **state)
{
	static const int64_t	periods[] = { INT64_MIN, -1, 0, 86401,
				    INT64_MAX / 1000, INT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(periods) / sizeof(*periods); i++) {
		struct serve_users	u = { 0 };
		bool			first;

		assert_int_equal(serve_users_check(&u, 33, 1, periods[i], 1000,
		    &first), 0);
		assert_int_equal(serve_users_check(&u, 33, 1, periods[i], 2000,
		    &first), 86399);
		assert_true(first);
		serve_users_free(&u);
	}
}

static void
a_refused_message_does_not_count(void **state)
{
	struct serve_users	u = { 0 };

	(void)state;
	send_messages(&u, 33, 3);
	serve_users_uncount(&u, 33, 1000);
	assert_int_equal(check(&u, 33, 2000), 0);
	assert_int_equal(check(&u, 33, 3000), 3598);
	assert_int_equal(check(&u, 33, 1000 + HOUR_MS), 0);
	serve_users_uncount(&u, 33, 1000 + HOUR_MS);
	serve_users_uncount(&u, 33, 1000 + HOUR_MS);
	assert_int_equal(check(&u, 33, 1000 + HOUR_MS), 0);
	serve_users_free(&u);
}

/* Otherwise, messages that are begun and not sent would raise the limit. */
static void
a_message_of_an_earlier_period_makes_no_room(void **state)
{
	struct serve_users	u = { 0 };

	(void)state;
	send_messages(&u, 33, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(check(&u, 33, 1000 + HOUR_MS), 0);
	serve_users_uncount(&u, 33, 1000);
	assert_int_not_equal(check(&u, 33, 1000 + HOUR_MS), 0);
	serve_users_free(&u);
}

static void
a_new_period_begins_after_the_last_one(void **state)
{
	struct serve_users	u = { 0 };

	(void)state;
	send_messages(&u, 33, 3);
	assert_int_equal(check(&u, 33, 1000 + HOUR_MS - 1), 1);
	assert_int_equal(check(&u, 33, 1000 + HOUR_MS), 0);
	serve_users_free(&u);
}

static void
users_do_not_affect_each_other(void **state)
{
	struct serve_users	u = { 0 };

	(void)state;
	send_messages(&u, 33, 3);
	assert_int_not_equal(check(&u, 33, 1000), 0);
	assert_int_equal(check(&u, 34, 1000), 0);
	serve_users_free(&u);
}

static void
only_the_first_refusal_in_a_period_is_logged(void **state)
{
	struct serve_users	u = { 0 };
	bool			first;

	(void)state;
	serve_users_check(&u, 33, 0, 60, 1000, &first);
	assert_true(first);
	serve_users_check(&u, 33, 0, 60, 2000, &first);
	assert_false(first);
	serve_users_check(&u, 33, 0, 60, 61000, &first);
	assert_true(first);
	serve_users_free(&u);
}

static void
a_user_can_request_a_queue_run_every_ten_seconds(void **state)
{
	struct serve_users	u = { 0 };

	(void)state;
	assert_int_equal(serve_users_run(&u, 33, 1000), 0);
	assert_int_equal(serve_users_run(&u, 33, 1001), 10);
	assert_int_equal(serve_users_run(&u, 34, 1001), 0);
	assert_int_equal(serve_users_run(&u, 33, 10999), 1);
	assert_int_equal(serve_users_run(&u, 33, 11000), 0);
	serve_users_free(&u);
}

static const struct CMUnitTest serve_users_spec[] = {
	cmocka_unit_test(a_user_can_send_up_to_the_limit),
	cmocka_unit_test(an_invalid_period_is_one_day),
	cmocka_unit_test(a_refused_message_does_not_count),
	cmocka_unit_test(a_message_of_an_earlier_period_makes_no_room),
	cmocka_unit_test(a_new_period_begins_after_the_last_one),
	cmocka_unit_test(users_do_not_affect_each_other),
	cmocka_unit_test(only_the_first_refusal_in_a_period_is_logged),
	cmocka_unit_test(a_user_can_request_a_queue_run_every_ten_seconds),
};

int
main(void)
{
	return cmocka_run_group_tests(serve_users_spec, NULL, NULL);
}
