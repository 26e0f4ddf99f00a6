#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "net/tls_module.h"
#include "util/installed.h"

static const struct tls_module *load_missing(struct failure *);
static const struct tls_module *load_foreign(struct failure *);
const char	*built_with_missing(void), *path_of_missing(void);
const char	*built_with_foreign(void), *path_of_foreign(void);

/*
 * The loader, compiled again for a module that does not exist and for a library
 * that is not the module.
 */
#define installed_tls_module()	"/nonexistent/relais/tls.so"
#define tls_load	load_missing
#define tls_built_with	built_with_missing
#define tls_module_path	path_of_missing
#include "net/tls_load.c"
#undef tls_load
#undef tls_built_with
#undef tls_module_path
#undef installed_tls_module
#define installed_tls_module()	"libc.so.6"
#define tls_load	load_foreign
#define tls_built_with	built_with_foreign
#define tls_module_path	path_of_foreign
#include "net/tls_load.c"
#undef tls_load
#undef tls_built_with
#undef tls_module_path

static void
the_error_names_the_file(void **state)
{
	struct failure	why;

	(void)state;
	assert_null(load_missing(&why));
	assert_int_equal(why.status, EX_UNAVAILABLE);
	assert_non_null(strstr(why.text, "/nonexistent/relais/tls.so: "));
	assert_non_null(strstr(why.text, "No such file"));
}

static void
a_module_of_another_version_is_a_temporary_failure(void **state)
{
	struct failure	why;

	(void)state;
	assert_null(load_foreign(&why));
	assert_int_equal(why.status, EX_TEMPFAIL);
	assert_int_equal(why.cause, TLS_CAUSE_MODULE);
	assert_non_null(strstr(why.text, TLS_MODULE_NAME));
}

static const struct CMUnitTest load_spec[] = {
	cmocka_unit_test(the_error_names_the_file),
	cmocka_unit_test(a_module_of_another_version_is_a_temporary_failure),
};

int
main(void)
{
	return cmocka_run_group_tests_name("net/tls_load", load_spec, NULL,
	    NULL);
}
