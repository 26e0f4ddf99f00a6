/*
 * relais check: the aliases file, each alias, and the addresses of root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "check/local.h"
#include "support/cases.h"
#include "support/temp_dir.h"
#include "util/buffer.h"

struct aliases_case {
	const char	*sentence;
	const char	*text;		/* of the file; NULL: there is none */
	mode_t		 mode;		/* of the file; 0: 0600 */
	const char	*root;		/* the key, or NULL */
	const char	*domain;	/* the key, or NULL */
	const char	*want;
	int		 status;
};

#define ROOT_OK(n)	"ok: " n "; mail to root goes to a@example.org (-) " \
	"=> -\n"
#define OTHERS		"; mail to a name without an alias goes to this " \
	"name at example.org"
#define NO_ROOT		"warning: mail to root and to other local names " \
	"without an alias, such as mail from cron, is refused: these names " \
	"have no address (-) => set root = you@example.org (or domain) in " \
	"relais.conf, or add an alias for this name\n"
#define LOOP_REMEDY	"remove a name from the loop, or write \\name, for " \
	"which only root and domain are used, not the aliases\n"

static const struct aliases_case files[] = {
	{ "good aliases", "root: a@example.org\npostmaster: root\n", 0, NULL,
	    NULL, ROOT_OK("2 aliases"), EX_OK },
	{ "the key root is for all names", "kim: nina\n", 0, "a@example.org",
	    NULL, ROOT_OK("1 alias"), EX_OK },
	{ "the key domain is for all names", "", 0, NULL, "example.org",
	    "ok: no aliases; mail to root goes to root@example.org" OTHERS
	    " (-) => -\n", EX_OK },
	{ "with root = *@domain, each name has its own address",
	    "postmaster: root\n", 0, "*@example.org", "example.net",
	    "ok: 1 alias; mail to root goes to root@example.org" OTHERS
	    " (-) => -\n", EX_OK },
	{ "the address of other names is reported even if root has an alias",
	    "root: a@example.org\n", 0, "*@example.org", NULL,
	    "ok: 1 alias; mail to root goes to a@example.org" OTHERS
	    " (-) => -\n", EX_OK },
	{ "the address of other names is not reported if it is that of *",
	    "root: a@example.org\n*: root\n", 0, "*@example.org", NULL,
	    ROOT_OK("2 aliases"), EX_OK },
	{ "all addresses of root are reported",
	    "root: a@example.org, b@example.org, c@example.org, "
	    "d@example.org, e@example.org\n", 0, NULL, NULL,
	    "ok: 1 alias; mail to root goes to a@example.org, b@example.org, "
	    "c@example.org and 2 more (-) => -\n", EX_OK },
	{ "root without an address is a warning", "", 0, NULL, NULL,
	    NO_ROOT, EX_OK },
	{ "a chain that ends nowhere is a warning, with its last line",
	    "root: a@example.org\npostmaster: kim\nkim: nina\n", 0, NULL, NULL,
	    ROOT_OK("3 aliases") "warning: mail to kim and 1 other name is "
	    "refused: no address for the local name nina (aliases:3) => set "
	    "root = you@example.org (or domain) in relais.conf, or add an "
	    "alias for this name\n", EX_OK },
	{ "a loop fails, with each line", "root: a@example.org\n\nkim: nina\n"
	    "nina: kim\n", 0, NULL, NULL, ROOT_OK("3 aliases")
	    "fail: mail to kim is refused: alias nina: refers to itself "
	    "(aliases:4) => " LOOP_REMEDY
	    "fail: mail to nina is refused: alias kim: refers to itself "
	    "(aliases:3) => " LOOP_REMEDY, EX_CONFIG },
	{ "an alias of root that refers to itself fails", "root: root\n", 0,
	    NULL, NULL, "fail: mail to root is refused: alias root: refers to "
	    "itself (aliases:1) => " LOOP_REMEDY, EX_CONFIG },
	{ "an alias that is defined twice fails",
	    "root: a@example.org\nkim: b@example.org\nkim: c@example.org\n", 0,
	    NULL, NULL, ROOT_OK("3 aliases") "fail: mail to kim is refused: "
	    "alias kim: defined more than once (aliases:3) => combine the "
	    "lines into one, or remove all but one\n", EX_CONFIG },
	{ "an invalid address fails", "root: a@example.org\nkim: b@@c\n", 0,
	    NULL, NULL, ROOT_OK("2 aliases") "fail: mail to kim is refused: "
	    "invalid address 'b@@c': missing domain after '@' (aliases:2) => "
	    "correct the line: it must list addresses and names that are "
	    "separated by commas\n", EX_CONFIG },
	{ "the words of an address do not decide",
	    "root: a@example.org\nkim: \"not supported\"@@c\n", 0, NULL, NULL,
	    ROOT_OK("2 aliases") "fail: mail to kim is refused: invalid "
	    "address '\"not supported\"@@c': missing domain after '@' "
	    "(aliases:2) => correct the line: it must list addresses and names "
	    "that are separated by commas\n", EX_CONFIG },
	{ "a program of another mailer is a warning",
	    "root: a@example.org\nlist: \"|/usr/bin/post list\"\n", 0, NULL,
	    NULL, ROOT_OK("2 aliases") "warning: mail to list is refused: "
	    "invalid address '\"|/usr/bin/post list\"': mail to programs is "
	    "not supported (aliases:2) => replace it with an address, or "
	    "remove the alias\n", EX_OK },
	{ "a line without a colon fails for all names",
	    "root: a@example.org\nkim nina\n", 0, NULL, NULL,
	    "fail: expected name: address, ... (aliases:2) => correct the "
	    "line; until then, mail to all local names is refused\n",
	    EX_CONFIG },
	{ "a file that others can change fails", "root: a@example.org\n", 0602,
	    NULL, NULL, "fail: writable by other users (mode 0602) (conf:1) "
	    "=> run: chmod o-w aliases\n", EX_CONFIG },
	{ "a missing file fails if the key names it", NULL, 0, NULL, NULL,
	    "fail: No such file or directory (conf:1) => create the file, or "
	    "correct aliases; until then, mail to all local names is "
	    "refused\n", EX_CONFIG },
};

static void
note(void *context, const struct check_finding *f)
{
	assert_int_equal(f->stage, CHECK_ALIASES);
	buffer_addf(context, "%s: %s (%s) => %s\n",
	    check_verdict_name(f->verdict), f->text,
	    f->origin != NULL ? f->origin : "-",
	    f->remedy != NULL ? f->remedy : "-");
}

/* Removes the directory of the test from each path. */
static void
shorten(char *text, const char *path)
{
	size_t	len = strlen(path);

	while ((text = strstr(text, path)) != NULL)
		memmove(text, text + len + 1, strlen(text + len));
}

static void
is_reported(void **state)
{
	const struct aliases_case *c = *state;
	char			 host[] = "web1", domain[] = "example.org";
	struct temp_dir		 dir;
	struct setting		 aliases = { .origin = (char []){ "conf:1" } };
	struct setting		 root = aliases, our_domain = aliases;
	struct section		 top = { .kind = SECTION_TOP };
	struct config		 config = { .first = &top };
	struct identity		 me = { .host = host, .domain = domain };
	struct buffer		 out = { 0 };
	struct check		 check = { .config = &config, .me = &me,
				    .report = note, .context = &out };

	temp_dir_make(&dir);
	aliases.value = (char *)(uintptr_t)temp_dir_path(&dir, "aliases");
	if (c->text != NULL)
		temp_dir_write(&dir, "aliases", c->mode != 0 ? c->mode : 0600,
		    c->text);
	root.value = (char *)(uintptr_t)c->root;
	our_domain.value = (char *)(uintptr_t)c->domain;
	top.setting[KEY_ALIASES] = &aliases;
	if (c->root != NULL)
		top.setting[KEY_ROOT] = &root;
	if (c->domain != NULL)
		top.setting[KEY_DOMAIN] = &our_domain;
	check_aliases(&check);
	shorten(out.data, dir.path);
	assert_string_equal(out.data, c->want);
	assert_int_equal(check.status, c->status);
	buffer_free(&out);
	temp_dir_remove(&dir);
}

int
main(void)
{
	return CASES_RUN("aliases", is_reported, files);
}
