/*
 * relais check: the protections of the sandbox, on kernels with all of them,
 * with some and with none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/landlock.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check/local.h"
#include "support/cases.h"
#include "support/findings.h"
#include "support/skip.h"
#include "util/buffer.h"
#include "util/sandbox.h"

struct protections_case {
	const char		*sentence;
	struct sandbox_state	 state;
	const char		*line;
};

#define FILES	"Landlock for files"
#define PORTS	"Landlock for TCP ports"
#define SOCKETS	"Landlock for abstract sockets"

static const struct protections_case cases[] = {
	{ "all protections", { true, true, 6 },
	  "program ok has no_new_privs, seccomp, " FILES ", " PORTS ", "
	  SOCKETS "\n" },
	{ "Linux 6.7", { true, true, 4 },
	  "program ok has no_new_privs, seccomp, " FILES ", " PORTS
	  "; lacks " SOCKETS " (needs Linux 6.12)\n" },
	{ "Linux 6.1", { true, true, 2 },
	  "program ok has no_new_privs, seccomp, " FILES "; lacks " PORTS
	  " (needs Linux 6.7), " SOCKETS " (needs Linux 6.12)\n" },
	{ "an old kernel without Landlock", { true, true, 0 },
	  "program ok has no_new_privs, seccomp; lacks " FILES
	  " (needs Linux 5.19), " PORTS " (needs Linux 6.7), " SOCKETS
	  " (needs Linux 6.12)\n" },
	{ "a container without seccomp and Landlock", { true, false, 0 },
	  "program warning has no_new_privs; lacks seccomp (needs Linux 3.17), "
	  FILES " (needs Linux 5.19), " PORTS " (needs Linux 6.7), " SOCKETS
	  " (needs Linux 6.12) => use a kernel with seccomp and Landlock, and "
	  "permit both in the container; without them, a smarthost that takes "
	  "over relais has all permissions of its user\n" },
	{ "no protection at all", { false, false, 0 },
	  "program warning lacks no_new_privs (needs Linux 3.5), seccomp " },
};

static void
is_reported(void **state)
{
	const struct protections_case	*c = *state;
	struct buffer			 out = { 0 };
	struct check			 check = { .report = findings_note,
					    .context = &out };

	check_report_protections(&check, &c->state);
	if (strncmp(out.data, c->line, strlen(c->line)) != 0)
		fail_msg("%s", out.data);
	assert_int_equal(check.status, 0);
	buffer_free(&out);
}

/* The question does not confine this process. */
static void
this_kernel_is_asked(void **state)
{
	struct sandbox_state	on;
	long			landlock = syscall(SYS_landlock_create_ruleset,
				    NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	(void)state;
	if (landlock < 6)
		skip_because("the kernel lacks this version of Landlock");
	for (int i = 0; i < 2; i++) {
		assert_true(sandbox_try(&on));
		assert_int_equal(on.landlock, 6);
		assert_true(on.no_new_privs);
	}
}

static const struct CMUnitTest kernel_spec[] = {
	cmocka_unit_test(this_kernel_is_asked),
};

int
main(void)
{
	return cmocka_run_group_tests(kernel_spec, NULL, NULL) +
	    CASES_RUN("protections", is_reported, cases);
}
