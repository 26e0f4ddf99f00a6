/*
 * Who is told a password: nobody whose name has not been checked.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>
#include <cmocka.h>

#include "smtp/dialogue.h"

/* Nothing is written before the refusal: fd is -1. */
static void
refuses(bool encrypted, enum tls_policy policy, enum auth_cause cause)
{
	struct auth_options	auth = { .user = "user", .password = "secret" };
	struct session_options	options = { .prefix = "", .auth = &auth,
	    .tls_policy = policy };
	struct session		s = { .options = &options,
	    .encrypted = encrypted, .stream = { .fd = -1 } };
	struct failure		why;

	buffer_add_text(&s.mechanisms, "PLAIN LOGIN");
	assert_false(session_authenticate(&s, &why));
	assert_int_equal(why.status, EX_NOPERM);
	assert_int_equal(why.cause, cause);
	assert_int_equal(s.step, STEP_AUTH);
	assert_int_equal(s.stream.out.len, 0);
	buffer_free(&s.mechanisms);
}

static void
credentials_are_not_sent_in_clear(void **state)
{
	(void)state;
	refuses(false, TLS_OFF, AUTH_CAUSE_IN_CLEAR);
	refuses(false, TLS_OPPORTUNISTIC, AUTH_CAUSE_IN_CLEAR);
}

static void
credentials_are_not_sent_to_an_unverified_server(void **state)
{
	(void)state;
	refuses(true, TLS_OPPORTUNISTIC, AUTH_CAUSE_UNVERIFIED);
}

int
main(void)
{
	const struct CMUnitTest	authenticate_spec[] = {
		cmocka_unit_test(credentials_are_not_sent_in_clear),
		cmocka_unit_test(credentials_are_not_sent_to_an_unverified_server),
	};

	return cmocka_run_group_tests(authenticate_spec, NULL, NULL);
}
