/*
 * The timeouts of a session with a silent server.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "smtp/session.h"
#include "util/clock.h"

static void
times_out(const struct session_options *options, const char *greeting,
    const char *error)
{
	struct session	s;
	struct failure	why;
	int		pair[2];
	int64_t		since = clock_ms();

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    pair), 0);
	assert_int_equal(write(pair[1], greeting, strlen(greeting)),
	    strlen(greeting));
	assert_false(session_open(&s, pair[0], options, &why));
	assert_int_equal(why.status, EX_TEMPFAIL);
	if (strstr(why.text, error) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", why.text, error);
	assert_true(clock_ms() - since < 10 * 1000);
	session_close(&s);
	close(pair[1]);
}

static void
the_greeting_has_its_own_timeout(void **state)
{
	(void)state;
	times_out(&(struct session_options){ .prefix = "", .helo = "x",
	    .greeting_ms = 50, .timeout_ms = 60 * 1000 }, "",
	    "greeting: timed out");
}

static void
other_steps_have_the_general_timeout(void **state)
{
	(void)state;
	times_out(&(struct session_options){ .prefix = "", .helo = "x",
	    .greeting_ms = 60 * 1000, .timeout_ms = 50 },
	    "220 mail.example\r\n", "EHLO: timed out");
}

int
main(void)
{
	const struct CMUnitTest	timeout_spec[] = {
		cmocka_unit_test(the_greeting_has_its_own_timeout),
		cmocka_unit_test(other_steps_have_the_general_timeout),
	};

	return cmocka_run_group_tests(timeout_spec, NULL, NULL);
}
