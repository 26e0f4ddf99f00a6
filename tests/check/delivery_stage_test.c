/*
 * relais check: a program, a Maildir and discard: in place of a server.
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

#include "check/check.h"
#include "config/connect_process.h"
#include "support/cases.h"
#include "support/findings.h"
#include "support/temp_dir.h"
#include "support/user.h"
#include "util/buffer.h"

struct delivery_case {
	const char	*sentence;
	const char	*file;		/* made before; NULL: none */
	mode_t		 mode;
	const char	*scheme;
	const char	*path;		/* in the directory, or NULL */
	int		 status;
	const char	*want;		/* part of the finding */
};

static const struct delivery_case cases[] = {
	{ "a Maildir that can be used", "box/new/x", 0600, "maildir://", "/box",
	    0, "connect ok is writable by this user\n" },
	{ "a Maildir that does not exist yet", NULL, 0, "maildir://", "/box", 0,
	    "connect ok will be created for the first message\n" },
	{ "a Maildir in a directory that does not exist", NULL, 0,
	    "maildir://", "/of/kim", EX_CONFIG, "/of: No such file or "
	    "directory => create its parent directory" },
	{ "a file in place of a Maildir", "box", 0600, "maildir://", "/box",
	    EX_CONFIG, "/box: Not a directory => name a directory" },
	{ "a program in place of a Maildir", "box", 0700, "maildir://", "/box",
	    EX_CONFIG, "/box: Not a directory => name a directory" },
	{ "a file in place of a directory of the Maildir", "box/tmp", 0600,
	    "maildir://", "/box", EX_CONFIG, "/box/tmp: Not a directory => "
	    "name a directory" },
	{ "a Maildir below a file", "of", 0600, "maildir://", "/of/kim",
	    EX_CONFIG, "/of/kim: Not a directory => name a directory" },
	{ "a Maildir in a directory without permission", "of/x", 0600,
	    "maildir://", "/of/kim", EX_CONFIG, "/of: Permission denied => "
	    "make it writable by the user who sends mail" },
	{ "a program", "to", 0700, "command://", "/to", 0,
	    "connect ok is executable by this user; it is not run" },
	{ "a program that does not exist", NULL, 0, "command://", "/to",
	    EX_CONFIG, "connect fail cannot be started: No such file or "
	    "directory => install the program" },
	{ "a program that cannot be executed", "to", 0600, "command://", "/to",
	    EX_CONFIG, "connect fail cannot be started: Permission denied => "
	    "make it executable" },
	{ "a directory in place of a program", "to/x", 0600, "command://",
	    "/to", EX_CONFIG, "connect fail is not a program => " },
	{ "no delivery", NULL, 0, "discard:", NULL, 0,
	    "connect warning all mail is accepted and discarded => " },
};

/* The real user ID, which access(2) checks, must not be that of root. */
static void
set_read_only(struct temp_dir *dir, bool on)
{
	assert_int_equal(chmod(dir->path, 0711), 0);
	assert_int_equal(chmod(temp_dir_path(dir, "of"), on ? 0511 : 0700), 0);
	if (geteuid() == 0)
		assert_int_equal(setresuid(on ? NOBODY : 0, 0, 0), 0);
}

static void
is_reported(void **state)
{
	const struct delivery_case	*c = *state;
	struct temp_dir			 dir;
	struct buffer			 conf = { 0 }, out = { 0 };
	struct config			 config;
	struct identity			 me;
	struct failure			 why;
	struct check			 check = { .config = &config,
					    .me = &me,
					    .report = findings_note,
					    .context = &out };
	struct check_target		 target = {
		.sender = "kim@example.org",
		.recipient = "root@example.net",
	};

	bool				 read_only = c->file != NULL &&
					    strcmp(c->file, "of/x") == 0;

	temp_dir_make(&dir);
	if (c->file != NULL)
		temp_dir_write(&dir, c->file, c->mode, "");
	if (c->file != NULL && strcmp(c->file, "box/new/x") == 0)
		temp_dir_write(&dir, "box/tmp/x", 0600, "");
	buffer_addf(&conf, "smarthost = %s%s%s\n", c->scheme,
	    c->path != NULL ? dir.path : "", c->path != NULL ? c->path : "");
	assert_true(config_load(&config, &(struct config_source){
	    .file = temp_dir_write(&dir, "conf", 0600, conf.data) }, &why));
	identity_find(&me, &config);
	target.smarthost = config_find(&config, NULL, KEY_SMARTHOST);
	connect_process_start(&check.connector, &config);
	if (read_only)
		set_read_only(&dir, true);
	assert_int_equal(check_smarthost(&check, &target), c->status == 0);
	if (read_only)
		set_read_only(&dir, false);
	connect_process_end(&check.connector);
	if (strstr(out.data, c->want) == NULL)
		fail_msg("no \"%s\" in: %s", c->want, out.data);
	assert_int_equal(check.status, c->status);
	identity_free(&me);
	config_free(&config);
	buffer_free(&conf);
	buffer_free(&out);
	temp_dir_remove(&dir);
}

int
main(void)
{
	return CASES_RUN("deliveries", is_reported, cases);
}
