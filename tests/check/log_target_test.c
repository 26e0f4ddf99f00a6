/*
 * relais check: a log that cannot be written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "check/local.h"
#include "support/cases.h"
#include "support/findings.h"
#include "support/skip.h"
#include "support/temp_dir.h"
#include "util/buffer.h"

struct target_case {
	const char	*sentence;
	const char	*log;		/* a path is in the directory of the
					 * test */
	void	       (*make)(const char *path);
	const char	*text;		/* a part of the warning; NULL: there
					 * is none */
	const char	*remedy;
	bool		 as_user;	/* root can write everything */
};

static void
make_link(const char *path)
{
	assert_int_equal(symlink("nowhere", path), 0);
}

static void
make_fifo(const char *path)
{
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void
make_read_only(const char *path)
{
	FILE	*f = fopen(path, "w");

	assert_non_null(f);
	fclose(f);
	assert_int_equal(chmod(path, 0400), 0);
}

static const struct target_case cases[] = {
	{ "a file that can be created is good", "/log", NULL, NULL, NULL,
	    false },
	{ "a missing directory", "/missing/log", NULL,
	    "/missing does not exist, so ", "-m 0750 ", false },
	{ "a symbolic link", "/log", make_link,
	    "/log is a symbolic link, so ", "set log to a file that does not "
	    "exist or is a regular file", false },
	{ "a FIFO", "/log", make_fifo, "/log is not a regular file, so ",
	    "set log to a file that does not exist or is a regular file",
	    false },
	{ "a file without permission", "/log", make_read_only,
	    "the user kim cannot write to ", "start the service", true },
	{ "standard error is good", "json", NULL, NULL, NULL, false },
};

static void
is_reported(void **state)
{
	const struct target_case *c = *state;
	struct temp_dir		  dir;
	char			  value[200];
	const struct identity	  me = { .user = "kim" };
	struct config_source	  source = { .overrides = NULL };
	struct config		  config;
	struct buffer		  out = { 0 };
	struct check		  check = { .config = &config, .me = &me,
				    .report = findings_note,
				    .context = &out };
	struct failure		  why;

	if (c->as_user && geteuid() == 0)
		skip_because("root can write all files");
	temp_dir_make(&dir);
	snprintf(value, sizeof(value), "socket = off\nlog = %s%s\n",
	    c->log[0] == '/' ? dir.path : "", c->log);
	source.file = temp_dir_write(&dir, "conf", 0600, value);
	if (c->make != NULL)
		c->make(temp_dir_path(&dir, c->log + 1));
	if (!config_load(&config, &source, &why))
		fail_msg("%s", why.text);
	check_log(&check);
	buffer_add_text(&out, "");
	if (c->text == NULL)
		assert_string_equal(out.data, "");
	else if (strstr(out.data, c->text) == NULL ||
	    strstr(out.data, c->remedy) == NULL)
		fail_msg("%s", out.data);
	assert_int_equal(check.status, EX_OK);
	config_free(&config);
	buffer_free(&out);
	temp_dir_remove(&dir);
}

int
main(void)
{
	return CASES_RUN("targets", is_reported, cases);
}
