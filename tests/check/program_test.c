/*
 * relais check: whether /usr/sbin/sendmail is this program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check/local.h"
#include "support/cases.h"
#include "support/findings.h"
#include "support/namespace.h"
#include "support/skip.h"
#include "support/temp_dir.h"
#include "util/buffer.h"

enum { SKIPPED = 77 };
enum target { NOTHING, THIS, OTHER, RELAIS, GONE };

struct program_case {
	const char	*sentence;
	enum target	 is;
	const char	*verdict;
	const char	*text;		/* a part of it */
	const char	*remedy;	/* a part of it */
};

static const struct program_case programs[] = {
	{ "a link to this program is good", THIS, "program ok ",
	    "is this program", "" },
	{ "a missing program is a warning", NOTHING, "program warning ",
	    "does not exist: programs that call it cannot send mail",
	    " => run: ln -sf " },
	{ "a link that leads nowhere is a warning", GONE, "program warning ",
	    "is a link to a program that does not exist",
	    " => run: ln -sf " },
	{ "another program is a warning that names it", OTHER,
	    "program warning ", "",
	    " => to use relais, run: ln -sf " },
	{ "another copy of relais is a warning that names both", RELAIS,
	    "program warning ", "is another copy of relais, not this program, ",
	    " => if that copy sends the mail of this machine, " },
};

static void
assert_says(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in: %s", part, text);
}

static void
is_reported(void **state)
{
	const struct program_case *c = *state;
	struct temp_dir		 dir;
	const char		*link, *to = NULL;
	char			 self[PATH_MAX], relais[PATH_MAX];
	char			 real[PATH_MAX];
	struct buffer		 out = { 0 }, part = { 0 };
	struct check		 check = { .report = findings_note,
				    .context = &out };
	const char		*rest;

	temp_dir_make(&dir);
	link = check.program = temp_dir_path(&dir, "sendmail");
	assert_non_null(realpath("/proc/self/exe", self));
	assert_non_null(realpath(BUILD "/sendmail", relais));
	switch (c->is) {
	case NOTHING:
		break;
	case THIS:
		to = self;
		break;
	case OTHER:
		to = temp_dir_write(&dir, "other", 0755, "#!/bin/sh\n");
		break;
	case RELAIS:
		to = relais;
		break;
	case GONE:
		to = "nowhere";
		break;
	}
	if (to != NULL)
		assert_int_equal(symlink(to, link), 0);
	check_program(&check);
	rest = c->text;
	if (c->is == OTHER) {
		assert_non_null(realpath(dir.path, real));
		buffer_addf(&part, "is %s/other, not relais: ", real);
		rest = part.data;
	}
	assert_says(out.data, c->verdict);
	assert_says(out.data, rest);
	assert_says(out.data, c->remedy);
	assert_int_equal(check.status, 0);
	buffer_free(&out);
	buffer_free(&part);
	temp_dir_remove(&dir);
}

/* In a mount namespace, in which a script has the place of dpkg-query. */
static void
run_with_diversions(struct temp_dir *dir)
{
	const char	*script = temp_dir_write(dir, "dpkg-query", 0755,
			    "#!/bin/sh\n"
			    "echo diversion by x from: /usr/sbin/sendmail\n"
			    "echo local diversion from: /usr/sbin/sendmail\n"
			    "echo exim4-daemon-light: /usr/sbin/sendmail\n");
	struct buffer	out = { 0 };
	struct check	check = { .report = findings_note, .context = &out,
			    .program = temp_dir_path(dir, "other") };

	if (!namespace_enter(0, CLONE_NEWNS) || mount(script,
	    "/usr/bin/dpkg-query", NULL, MS_BIND, NULL) == -1)
		_exit(SKIPPED);
	check_program(&check);
	_exit(strstr(out.data, " of the package exim4-daemon-light, not "
	    "relais: ") == NULL);
}

static void
a_diversion_is_not_a_package(void **state)
{
	struct temp_dir	dir;
	pid_t		pid;
	int		status;

	(void)state;
	temp_dir_make(&dir);
	temp_dir_write(&dir, "other", 0755, "#!/bin/sh\n");
	pid = fork();
	if (pid == 0)
		run_with_diversions(&dir);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	temp_dir_remove(&dir);
	if (WEXITSTATUS(status) == SKIPPED)
		skip_because("dpkg-query cannot be replaced in a namespace");
	assert_int_equal(status, 0);
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(a_diversion_is_not_a_package),
};

int
main(void)
{
	return CASES_RUN("the program", is_reported, programs) +
	    cmocka_run_group_tests(others, NULL, NULL);
}
