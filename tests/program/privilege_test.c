/*
 * A set-group-ID copy of the program, as an administrator might make one who
 * remembers other mailers: its caller gets nothing that he has not already.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/folder.h"
#include "support/program.h"
#include "support/skip.h"

enum { NOBODY = 65534, GROUP = 8 };

static void
become_nobody(void *ctx)
{
	(void)ctx;
	if (setgroups(0, NULL) == -1 || setgid(NOBODY) == -1 ||
	    setuid(NOBODY) == -1)
		_exit(EX_OSERR);
}

/* The program with the bit; true if this machine heeds it. */
static bool
copy_program(struct folder *f, const char *name)
{
	struct buffer	program = { 0 };
	struct statvfs	fs;
	const char	*path;

	if (geteuid() != 0 || statvfs(f->path, &fs) == -1 ||
	    fs.f_flag & ST_NOSUID)
		return false;
	file_read(&program, BUILD "/sendmail");
	path = folder_write_bytes(f, name, 0755, program.data, program.len);
	buffer_free(&program);
	assert_int_equal(chmod(f->path, 0755), 0);
	assert_int_equal(chown(path, 0, GROUP), 0);
	assert_int_equal(chmod(path, 02755), 0);
	return true;
}

static void
files_of_the_group_stay_closed(void **state)
{
	struct folder	f;
	struct outcome	out;
	const char	*conf;

	(void)state;
	folder_make(&f);
	if (!copy_program(&f, "relais")) {
		folder_remove(&f);
		skip_because("needs root, and a TMPDIR that is not mounted "
		    "with nosuid");
	}
	conf = folder_write(&f, "conf", 0640, "a secret\n");
	assert_int_equal(chown(conf, 0, GROUP), 0);
	assert_int_equal(chmod(conf, 0640), 0);
	program_run(&out, &(struct program){
	    .argv = WORDS("relais", "-C", conf, "-bv", "a@example.org"),
	    .path = folder_path(&f, "relais"), .prepare = become_nobody });
	assert_int_equal(out.status, EX_NOPERM);
	assert_non_null(strstr(out.err.data, "may not read it"));
	outcome_free(&out);
	folder_remove(&f);
}

static void
the_environment_does_not_count(void **state)
{
	struct folder	f;
	struct outcome	out;

	(void)state;
	folder_make(&f);
	if (!copy_program(&f, "sendmail")) {
		folder_remove(&f);
		skip_because("needs root, and a TMPDIR that is not mounted "
		    "with nosuid");
	}
	program_run(&out, &(struct program){
	    .argv = WORDS("sendmail", "-bv", "a@example.org"),
	    .env = WORDS("RELAIS_NONSENSE=1"),
	    .path = folder_path(&f, "sendmail"), .prepare = become_nobody });
	assert_null(strstr(out.err.data, "NONSENSE"));
	outcome_free(&out);
	folder_remove(&f);
}

static const struct CMUnitTest privilege_spec[] = {
	{ "what only the group may read stays closed",
	    files_of_the_group_stay_closed, NULL, NULL, NULL },
	{ "RELAIS_ variables are the caller's, and do not count",
	    the_environment_does_not_count, NULL, NULL, NULL },
};

int
main(void)
{
	return cmocka_run_group_tests(privilege_spec, NULL, NULL);
}
