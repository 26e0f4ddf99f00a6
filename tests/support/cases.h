/*
 * cases.h - a table of cases as a cmocka group, one test a case
 *
 * A case is a struct that begins with its sentence, a const char *; the test
 * gets it as its state.
 */
#ifndef SUPPORT_CASES_H
#define SUPPORT_CASES_H

#include <stddef.h>

/* What main() returns. */
int	cases_run(const char *name, void (*test)(void **state),
	    const void *cases, size_t size, size_t n);

#define CASES_RUN(name, test, table) cases_run(name, test, table, \
	sizeof(*(table)), sizeof(table) / sizeof(*(table)))

#endif
