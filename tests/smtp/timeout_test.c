/*
 * How long a silent server is waited for.
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
silence(const struct session_options *options, const char *said,
    const char *says)
{
	struct session	s;
	struct failure	why;
	int		pair[2];
	int64_t		since = clock_ms();

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[1], said, strlen(said)), strlen(said));
	assert_false(session_open(&s, pair[0], options, &why));
	assert_int_equal(why.status, EX_TEMPFAIL);
	if (strstr(why.text, says) == NULL)
		fail_msg("not said: %s, but: %s", says, why.text);
	assert_true(clock_ms() - since < 10 * 1000);
	session_close(&s);
	close(pair[1]);
}

static void
a_greeting_has_a_time_of_its_own(void **state)
{
	(void)state;
	silence(&(struct session_options){ .prefix = "", .helo = "x", .greeting_ms = 50,
	    .timeout_ms = 60 * 1000 }, "", "greeting: timed out");
}

static void
which_no_other_step_has(void **state)
{
	(void)state;
	silence(&(struct session_options){ .prefix = "", .helo = "x",
	    .greeting_ms = 60 * 1000, .timeout_ms = 50 },
	    "220 mail.example\r\n", "EHLO: timed out");
}

int
main(void)
{
	const struct CMUnitTest	patience_spec[] = {
		cmocka_unit_test(a_greeting_has_a_time_of_its_own),
		cmocka_unit_test(which_no_other_step_has),
	};

	return cmocka_run_group_tests(patience_spec, NULL, NULL);
}
