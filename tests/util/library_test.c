/* library_is_missing(): a library that is not installed, and other failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <sys/resource.h>

#include "support/temp_dir.h"
#include "util/library.h"

static bool
is_missing(const char *path)
{
	assert_null(dlopen(path, RTLD_NOW | RTLD_LOCAL));
	return library_is_missing(dlerror());
}

static void
a_library_that_does_not_exist_is_missing(void **state)
{
	(void)state;
	assert_true(is_missing("librelais-does-not-exist.so.1"));
	assert_true(is_missing("/nonexistent/relais/tls.so"));
}

static void
a_file_that_is_not_a_library_is_not_missing(void **state)
{
	struct temp_dir	dir;

	(void)state;
	temp_dir_make(&dir);
	assert_false(is_missing(temp_dir_write(&dir, "tls.so", 0644, "junk")));
	temp_dir_remove(&dir);
}

static void
without_descriptors_a_library_is_not_missing(void **state)
{
	struct temp_dir	 dir;
	const char	*path;
	struct rlimit	 before, none;
	bool		 missing;

	(void)state;
	temp_dir_make(&dir);
	path = temp_dir_write(&dir, "tls.so", 0644, "junk");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ 0, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	missing = is_missing(path);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_false(missing);
	temp_dir_remove(&dir);
}

static const struct CMUnitTest library_spec[] = {
	cmocka_unit_test(a_library_that_does_not_exist_is_missing),
	cmocka_unit_test(a_file_that_is_not_a_library_is_not_missing),
	cmocka_unit_test(without_descriptors_a_library_is_not_missing),
};

int
main(void)
{
	return cmocka_run_group_tests(library_spec, NULL, NULL);
}
