/*
 * Servers to which no credentials are sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sysexits.h>

#include "smtp/authenticate.h"
#include "support/cases.h"

struct refusal {
	const char		*sentence;
	bool			 encrypted;
	enum session_tls_policy		 policy;
	enum auth_cause		 cause;
};

/* Nothing is written before the refusal: fd is -1. */
static void
refuses(void **state)
{
	const struct refusal	*c = *state;
	struct auth_options	 auth = { .user = "user",
				    .password = "secret" };
	struct session_options	 options = { .prefix = "", .auth = &auth,
				    .tls_policy = c->policy };
	struct session		 s = { .options = &options,
				    .encrypted = c->encrypted,
				    .stream = { .fd = -1 } };
	struct failure		 why;

	buffer_add_text(&s.mechanisms, "PLAIN LOGIN");
	assert_false(authenticate(&s, &why));
	assert_int_equal(why.status, EX_NOPERM);
	assert_int_equal(why.cause, c->cause);
	assert_int_equal(s.step, STEP_AUTH);
	assert_int_equal(s.stream.out.len, 0);
	buffer_free(&s.mechanisms);
}

static const struct refusal refusals[] = {
	{ "no credentials are sent in clear text", false, SESSION_TLS_OFF,
	    AUTH_CAUSE_IN_CLEAR },
	{ "no credentials are sent if TLS is opportunistic and not offered", false,
	    SESSION_TLS_OPPORTUNISTIC, AUTH_CAUSE_IN_CLEAR },
	{ "no credentials are sent if the certificate is not verified", true,
	    SESSION_TLS_OPPORTUNISTIC, AUTH_CAUSE_UNVERIFIED },
};

int
main(void)
{
	return CASES_RUN("authenticate", refuses, refusals);
}
