#include "support/cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "util/memory.h"

int
cases_run(const char *name, void (*test)(void **state), const void *cases,
    size_t size, size_t n)
{
	struct CMUnitTest	*tests = memory_new(n, sizeof(*tests));
	char			*at = (char *)(uintptr_t)cases;
	int			 failures;

	for (size_t i = 0; i < n; i++, at += size)
		tests[i] = (struct CMUnitTest){
			.name = *(const char **)(void *)at,
			.test_func = test,
			.initial_state = at,
		};
	failures = _cmocka_run_group_tests(name, tests, n, NULL, NULL);
	free(tests);
	return failures;
}
