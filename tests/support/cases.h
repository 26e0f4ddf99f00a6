/*
 * cases.h - run a table of cases as a cmocka group
 *
 * Tests are tables in which each case is a test of its own, so that a failure
 * does not hide other failures.  There are three kinds:
 *
 *  - a table of structs with one test function, run by CASES_RUN().  Each
 *    struct begins with the case's sentence; the function gets a pointer to
 *    the struct as its state:
 *
 *	static const struct greeting_case cases[] = {
 *		{ "a greeting may have several lines", "220-a\r\n220 b\r\n" },
 *	};
 *	return CASES_RUN("greetings", is_greeting, cases);
 *
 *  - a table of struct CMUnitTest, if cases need different functions.  A
 *    macro named after what is expected builds each element:
 *
 *	#define READS(sentence, in, out) { sentence, reads, NULL, NULL, \
 *	    &(struct example){ in, out } }
 *
 *  - a table of struct row (rows.h) for whole sessions of sendmail with a
 *    scripted smarthost, which run at the same time.
 */
#ifndef SUPPORT_CASES_H
#define SUPPORT_CASES_H

#include <stddef.h>

/* Returns the number of failed cases, for main() to return. */
int	cases_run(const char *name, void (*test)(void **state),
	    const void *cases, size_t size, size_t n);

/*
 * Runs a test for each pair of elements of two tables, whose elements begin
 * with a sentence.  The state of a test is a struct cases_pair.  If only is not
 * NULL, those whose sentence does not contain it are left out.
 */
struct cases_table {
	const void	*cases;
	size_t		 size, n;
};

struct cases_pair {
	char		*sentence;	/* "FIRST: SECOND" */
	const void	*first, *second;
	size_t		 first_index, second_index;
};

int	cases_run_pairs(const char *name, void (*test)(void **state),
	    const struct cases_table *first, const struct cases_table *second,
	    const char *only);

#define CASES_RUN(name, test, table) cases_run(name, test, table, \
	sizeof(*(table)), sizeof(table) / sizeof(*(table)))

#endif
