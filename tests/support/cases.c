#include "support/cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "util/buffer.h"
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

static const void *
element(const struct cases_table *t, size_t i)
{
	return (const char *)t->cases + i * t->size;
}

static char *
join_sentences(const struct cases_pair *p)
{
	struct buffer	text = { 0 };

	buffer_addf(&text, "%s: %s", *(const char *const *)p->first,
	    *(const char *const *)p->second);
	return buffer_take(&text);
}

int
cases_run_pairs(const char *name, void (*test)(void **state),
    const struct cases_table *first, const struct cases_table *second,
    const char *only)
{
	struct cases_pair	*pair = memory_new(first->n * second->n,
				    sizeof(*pair));
	size_t			 n = 0;
	int			 failures;

	for (size_t i = 0; i < first->n; i++)
		for (size_t k = 0; k < second->n; k++) {
			pair[n] = (struct cases_pair){ NULL,
				element(first, i), element(second, k), i, k };
			pair[n].sentence = join_sentences(&pair[n]);
			if (only == NULL || strstr(pair[n].sentence, only) !=
			    NULL)
				n++;
			else
				free(pair[n].sentence);
		}
	failures = cases_run(name, test, pair, sizeof(*pair), n);
	for (size_t i = 0; i < n; i++)
		free(pair[i].sentence);
	free(pair);
	return failures;
}
