/*
 * Findings are wrapped at the width of a terminal, except what people copy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/findings.h"
#include "support/cases.h"
#include "support/temp_dir.h"

#define BLANKS	"                     "		/* below the text */

struct wrap_case {
	const char	*sentence;
	int		 columns;
	const char	*text;
	const char	*remedy;
	const char	*want;		/* after the stage and the verdict */
};

static const struct wrap_case wraps[] = {
	{ "a line that fits is not wrapped", 61, "one two three four five "
	    "six seven eight", NULL,
	    "one two three four five six seven eight\n" },
	{ "the last words that do not fit follow below", 59, "one two three "
	    "four five six seven eight", NULL,
	    "one two three four five six seven\n" BLANKS "eight\n" },
	{ "without a width, nothing is wrapped", 0, "one two three four five "
	    "six seven eight nine ten eleven twelve", NULL,
	    "one two three four five six seven eight nine ten eleven "
	    "twelve\n" },
	{ "a long word has a line of its own", 52, "at "
	    "/a/path/that/is/longer/than/the/line, see", NULL,
	    "at\n" BLANKS "/a/path/that/is/longer/than/the/line,\n"
	    BLANKS "see\n" },
	{ "a character of several octets is one column", 54,
	    "\303\244\303\244\303\244\303\244 \303\266\303\266\303\266\303\266 "
	    "\303\274\303\274\303\274\303\274 four five six seven", NULL,
	    "\303\244\303\244\303\244\303\244 \303\266\303\266\303\266\303\266 "
	    "\303\274\303\274\303\274\303\274 four five six\n"
	    BLANKS "seven\n" },
	{ "a quoted command is not wrapped", 52, "x", "to set the clock, use "
	    "\"timedatectl set-ntp true\", or so",
	    "x\n" BLANKS "-> to set the clock, use\n"
	    BLANKS "\"timedatectl set-ntp true\", or\n" BLANKS "so\n" },
	{ "a quote that is not closed is a character", 52, "the server said "
	    "\"hello and good bye", NULL,
	    "the server said \"hello and good\n" BLANKS "bye\n" },
	{ "a command to run is not wrapped", 52, "x",
	    "run: chown root:relais /etc/relais.conf",
	    "x\n" BLANKS "-> run: chown root:relais /etc/relais.conf\n" },
	{ "a command at the end of a sentence is not wrapped", 52, "x",
	    "to use relais, remove the package, and run: "
	    "ln -sf /usr/bin/relais /sbin/x",
	    "x\n" BLANKS "-> to use relais, remove the\n"
	    BLANKS "package, and\n"
	    BLANKS "run: ln -sf /usr/bin/relais /sbin/x\n" },
	{ "a line end in a text is visible", 0, "one\r\nroot: two", NULL,
	    "one\\015\\012root: two\n" },
};

static void
is_wrapped(void **state)
{
	const struct wrap_case	*c = *state;
	struct findings		 print = { .columns = c->columns };
	struct temp_dir		 dir;
	struct buffer		 out = { 0 };
	int			 before, fd;

	temp_dir_make(&dir);
	fflush(stdout);
	before = dup(STDOUT_FILENO);
	fd = open(temp_dir_path(&dir, "out"), O_CREAT | O_WRONLY, 0600);
	assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	findings_print(&print, &(struct check_finding){ .stage = CHECK_MAIL,
	    .text = c->text, .remedy = c->remedy });
	dup2(before, STDOUT_FILENO);
	close(before);
	close(fd);
	file_read(&out, temp_dir_path(&dir, "out"));
	assert_memory_equal(out.data, "mail     OK          ", 21);
	assert_string_equal(out.data + 21, c->want);
	buffer_free(&out);
	temp_dir_remove(&dir);
}

int
main(void)
{
	return CASES_RUN("wrapping", is_wrapped, wraps);
}
