/*
 * aliases(5): resolve local names to addresses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/aliases.h"
#include "support/temp_dir.h"
#include "util/buffer.h"

struct row {
	const char	*text;
	const char	*name;
	const char	*root;
	const char	*domain;
	const char	*want;		/* addresses, or text of the failure */
	int		 status;
};

static void
assert_list(const struct address_list *list, const char *want)
{
	struct buffer	got = { 0 };

	for (size_t i = 0; i < list->n; i++) {
		if (i > 0)
			buffer_add_byte(&got, ' ');
		address_write(&got, &list->address[i]);
	}
	assert_string_equal(got.data, want);
	buffer_free(&got);
}

/* Resolves the name of the row with its file, on host web1 in example.org. */
static bool
resolve_row(const struct row *row, struct address_list *list,
    struct failure *why)
{
	struct alias_rules	rules = { { "web1", "example.org" },
				    row->root, row->domain, NULL };
	struct aliases		a;
	bool			good;
	unsigned		line;

	good = aliases_parse(&a, "aliases", row->text, strlen(row->text),
	    why);
	line = a.bad_line;
	good = good && aliases_resolve(&a, row->name, &rules, list, &line,
	    why);
	if (!good)
		aliases_add_place(&a, line, why);
	aliases_free(&a);
	return good;
}

/* Appends "name>to:line ", with R or D for the rules without a line. */
static void
note_step(void *context, const struct alias_step *step)
{
	struct buffer	*steps = context;

	buffer_addf(steps, "%s>%s:", step->name, step->to);
	switch (step->rule) {
	case ALIAS_BY_LINE:
		buffer_addf(steps, "%u ", step->line);
		break;
	case ALIAS_BY_ROOT:
		buffer_add_text(steps, "R ");
		break;
	case ALIAS_BY_DOMAIN:
		buffer_add_text(steps, "D ");
		break;
	}
}

/* .want has the steps, even of a name that cannot be resolved. */
static void
takes_steps(void **state)
{
	const struct row	*row = *state;
	struct buffer		 steps = { 0 };
	struct alias_trace	 trace = { note_step, &steps };
	struct alias_rules	 rules = { { "web1", "example.org" },
				    row->root, row->domain, &trace };
	struct address_list	 list = { 0 };
	struct aliases		 a;
	struct failure		 why;
	unsigned		 line;

	assert_true(aliases_parse(&a, "aliases", row->text, strlen(row->text),
	    &why));
	assert_int_equal(aliases_resolve(&a, row->name, &rules, &list, &line,
	    &why), row->status == 0);
	assert_string_equal(steps.data, row->want);
	address_list_free(&list);
	aliases_free(&a);
	buffer_free(&steps);
}

static void
resolves(void **state)
{
	const struct row	*row = *state;
	struct address_list	 list = { 0 };
	struct failure		 why;

	if (!resolve_row(row, &list, &why))
		fail_msg("%s", why.text);
	assert_list(&list, row->want);
	address_list_free(&list);
}

static void
is_refused(void **state)
{
	const struct row	*row = *state;
	struct address_list	 list = { 0 };
	struct failure		 why;

	assert_false(resolve_row(row, &list, &why));
	assert_int_equal(why.status, row->status);
	if (strstr(why.text, row->want) == NULL)
		fail_msg("no \"%s\" in: %s", row->want, why.text);
	assert_int_equal(list.n, 0);
	address_list_free(&list);
}

static void
a_nul_character_is_refused(void **state)
{
	const char	text[] = "a: x@x\nb: x\0@x\n";
	struct aliases	a;
	struct failure	why;

	(void)state;
	assert_false(aliases_parse(&a, "aliases", text, sizeof(text) - 1,
	    &why));
	assert_int_equal(why.status, EX_CONFIG);
	assert_string_equal(why.text, "contains a NUL character");
	assert_int_equal(a.bad_line, 2);
	aliases_free(&a);
}

#define RESOLVES(sentence, text, name, root, want) { sentence, resolves, NULL, \
	NULL, &(struct row){ text, name, root, NULL, want, 0 } }
#define RESOLVES_IN(sentence, text, name, root, domain, want) { sentence, \
	resolves, NULL, NULL, &(struct row){ text, name, root, domain, want, 0 } }
#define REFUSES(sentence, text, name, status, want) { sentence, is_refused, \
	NULL, NULL, &(struct row){ text, name, NULL, NULL, want, status } }

#define REFUSES_IN(sentence, text, name, root, status, want) { sentence, \
	is_refused, NULL, NULL, &(struct row){ text, name, root, NULL, want, \
	status } }

#define STEPS(sentence, text, name, root, domain, status, want) { sentence, \
	takes_steps, NULL, NULL, \
	&(struct row){ text, name, root, domain, want, status } }

/* Checks that resolving a0 exceeds a limit. */
static void
assert_over_limit(struct buffer *text, const char *words)
{
	struct row		row = { .text = text->data, .name = "a0" };
	struct address_list	list = { 0 };
	struct failure		why;

	assert_false(resolve_row(&row, &list, &why));
	assert_non_null(strstr(why.text, words));
	assert_int_equal(list.n, 0);
	address_list_free(&list);
	buffer_free(text);
}

static void
deeply_nested_aliases_are_refused(void **state)
{
	struct buffer	text = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		buffer_addf(&text, "a%d: a%d\n", i, i + 1);
	assert_over_limit(&text, "aliases:51: alias a50: too many levels of "
	    "aliases");
}

/* There are 2^40 paths to the last name. */
static void
aliases_with_too_many_paths_are_refused(void **state)
{
	struct buffer	text = { 0 };

	(void)state;
	for (int i = 0; i < 40; i++)
		buffer_addf(&text, "a%d: a%d, a%d\n", i, i + 1, i + 1);
	buffer_add_text(&text, "a40: x@example.net\n");
	assert_over_limit(&text, "too many addresses");
}

static void
a_missing_file_is_an_error_only_if_required(void **state)
{
	struct temp_dir	dir;
	struct aliases	a;
	struct failure	why;

	(void)state;
	temp_dir_make(&dir);
	assert_true(aliases_read(&a, temp_dir_path(&dir, "none"), false,
	    &why));
	assert_int_equal(a.n, 0);
	aliases_free(&a);
	assert_false(aliases_read(&a, temp_dir_path(&dir, "none"), true,
	    &why));
	assert_int_equal(why.status, EX_CONFIG);
	aliases_free(&a);
	assert_true(aliases_read(&a, temp_dir_write(&dir, "empty", 0644, ""),
	    true, &why));
	aliases_free(&a);
	assert_true(aliases_read(&a, temp_dir_write(&dir, "one", 0644,
	    "root: a@x"), true, &why));
	assert_int_equal(a.n, 1);
	aliases_free(&a);
	assert_false(aliases_read(&a, dir.path, false, &why));
	assert_non_null(strstr(why.text, "is a directory"));
	aliases_free(&a);
	assert_false(aliases_read(&a, temp_dir_write(&dir, "all", 0666,
	    "root: a@x"), true, &why));
	assert_non_null(strstr(why.text, "writable by other users"));
	aliases_free(&a);
	temp_dir_remove(&dir);
}

static const struct CMUnitTest aliases_spec[] = {
	STEPS("each step is told with its line",
	    "root: Ops, \\kim, b@x\n\nops: a@x\n", "ROOT", "r@x", NULL, 0,
	    "ROOT>Ops:1 Ops>a@x:3 ROOT>kim:1 kim>r@x:R ROOT>b@x:1 "),
	STEPS("a step of the default alias has the name that was given",
	    "*: a@x\n", "joe", NULL, NULL, 0, "joe>a@x:1 "),
	STEPS("a name at domain is a step", "", "joe", NULL, "example.org", 0,
	    "joe>joe@example.org:D "),
	STEPS("a name at the domain of root is a step", "", "joe",
	    "*@y.example", "example.org", 0, "joe>joe@y.example:R "),
	STEPS("the steps of a loop are told", "a: b\nb: a\n", "a", NULL, NULL,
	    EX_CONFIG, "a>b:1 b>a:2 "),
	STEPS("the steps to a name without an address are told",
	    "a: b, c@x\n", "a", NULL, NULL, EX_NOUSER, "a>b:1 "),
	RESOLVES("a name resolves to its address",
	    "root: admin@example.net\n", "root", NULL, "admin@example.net"),
	RESOLVES("names are case-insensitive",
	    "Root: admin@example.net\n", "rOOT", NULL, "admin@example.net"),
	RESOLVES("several targets keep their order",
	    "ops: b@x, a@x\n", "ops", NULL, "b@x a@x"),
	RESOLVES("blanks around the colon and the commas are ignored",
	    "ops\t :\t a@x ,b@x", "ops", NULL, "a@x b@x"),
	RESOLVES("comments and empty lines are skipped",
	    "# root: no@x\n\n  # nor this\nroot: a@x\n", "root", NULL, "a@x"),
	RESOLVES("a line that begins with white space continues the previous "
	    "one",
	    "ops: a@x,\n\tb@x,\n c@x\nroot: d@x\n", "ops", NULL,
	    "a@x b@x c@x"),
	RESOLVES("a continuation line can follow a comment and an empty line",
	    "ops: a@x,\n# not c@x\n\n\tb@x\n", "ops", NULL, "a@x b@x"),
	RESOLVES("the first target can be on a continuation line",
	    "ops:\n\ta@x\n", "ops", NULL, "a@x"),
	RESOLVES("line ends can be CRLF",
	    "ops: a@x,\r\n b@x\r\nroot: ops\r\n", "root", NULL, "a@x b@x"),
	RESOLVES("a byte order mark is ignored",
	    "\xef\xbb\xbfroot: a@x\n", "root", NULL, "a@x"),
	RESOLVES("a name can be quoted",
	    "\"the \\\"cat\\\": x\": a@x\n", "the \"cat\": x", NULL, "a@x"),
	RESOLVES("a target can have a display name and a comment",
	    "ops: \"A, B\" <a@x>, b@x (the other)\n", "ops", NULL, "a@x b@x"),
	RESOLVES("a quoted name can be a target",
	    "a: \"the cat\"\n\"the cat\": b@x\n", "a", NULL, "b@x"),
	RESOLVES("a target can be an address in quotes",
	    "a: \"b@x\"; c@x\n", "a", NULL, "b@x c@x"),
	RESOLVES("the local part of a target can be quoted",
	    "ops: \"a b\"@x\n", "ops", NULL, "\"a b\"@x"),
	RESOLVES("a target can be another alias",
	    "a: b, x@x\nb: c@localhost\nc: d@web1, y@x\nd: z@x\n", "a", NULL,
	    "z@x y@x x@x"),
	RESOLVES("an address that is reached twice is listed twice",
	    "a: b, c\nb: d\nc: d\nd: z@x\n", "a", NULL, "z@x z@x"),
	RESOLVES("a target at the domain is not local",
	    "a: b@example.org\nb: no@x\n", "a", NULL, "b@example.org"),
	RESOLVES("a target without an alias resolves to root",
	    "a: b\n", "a", "me@x", "me@x"),
	RESOLVES("a name without an alias resolves to root",
	    "a: b\n", "c", "me@x", "me@x"),
	RESOLVES("an alias takes precedence over root",
	    "root: a@x\n", "root", "me@x", "a@x"),
	RESOLVES("* applies to names without an alias",
	    "*: a@x\nroot: b@x\n", "joe", "me@x", "a@x"),
	RESOLVES("* does not apply to names with an alias",
	    "*: a@x\nroot: b@x\n", "root", "me@x", "b@x"),
	RESOLVES("default is the same as *",
	    "default: a@x\n", "joe", "me@x", "a@x"),
	RESOLVES("the target of * can be an alias",
	    "*: root\nroot: a@x\n", "joe", NULL, "a@x"),
	RESOLVES("a name that is the target of * resolves to root",
	    "*: joe\n", "nina", "me@x", "me@x"),
	RESOLVES("a target with a backslash resolves to root",
	    "root: \\root, a@x\n", "root", "me@x", "me@x a@x"),
	RESOLVES_IN("without root, a name resolves to the same name at the "
	    "domain",
	    "", "Joe", NULL, "example.org", "Joe@example.org"),
	RESOLVES_IN("without root, a target resolves to the same name at the "
	    "domain",
	    "a: b, c@localhost, \\d, e@x\n", "a", NULL, "example.org",
	    "b@example.org c@example.org d@example.org e@x"),
	RESOLVES_IN("an alias takes precedence over the domain",
	    "joe: a@x\n", "joe", NULL, "example.org", "a@x"),
	RESOLVES_IN("* takes precedence over the domain",
	    "*: a@x\n", "joe", NULL, "example.org", "a@x"),
	RESOLVES_IN("root takes precedence over the domain",
	    "", "joe", "me@x", "example.org", "me@x"),
	RESOLVES("with root = *@domain, a name resolves to the same name at "
	    "the domain",
	    "", "Joe", "*@y.example", "Joe@y.example"),
	RESOLVES("with root = *@domain, root is a name like any other",
	    "", "root", "*@y.example", "root@y.example"),
	RESOLVES("with root = *@domain, a name keeps its detail",
	    "joe: a@x\n", "joe+logs", "*@y.example", "joe+logs@y.example"),
	RESOLVES("with root = *@domain, dots of a name are quoted where the "
	    "RFC requires it",
	    "", "a..b", "*@y.example", "\"a..b\"@y.example"),
	RESOLVES("the domain of root can be an address literal",
	    "", "joe", "*@[192.0.2.1]", "joe@[192.0.2.1]"),
	RESOLVES("with root = *@domain, targets without an alias resolve to "
	    "the domain",
	    "a: b, c@localhost, \\a, e@x\n", "a", "*@y.example",
	    "b@y.example c@y.example a@y.example e@x"),
	RESOLVES("an alias takes precedence over root = *@domain",
	    "root: a@x\n", "root", "*@y.example", "a@x"),
	RESOLVES("* takes precedence over root = *@domain",
	    "*: root\n", "joe", "*@y.example", "root@y.example"),
	RESOLVES_IN("root = *@domain takes precedence over the domain",
	    "", "joe", "*@y.example", "example.org", "joe@y.example"),
	RESOLVES("a target at the domain of root is not looked up again",
	    "a: b@y.example\nb: no@x\n", "a", "*@y.example", "b@y.example"),
	REFUSES_IN("a quoted name that cannot be an account, with root = "
	    "*@domain",
	    "", "the cat", "*@y.example", EX_NOUSER,
	    "'the cat' is neither an address nor the name of an account"),
	REFUSES_IN("a name that is not ASCII, with root = *@domain",
	    "", "j\u00f6rg", "*@y.example", EX_NOUSER,
	    "is neither an address nor the name of an account"),
	RESOLVES("an alias for a program does not affect other names",
	    "list: \"|/usr/bin/list post\"\nroot: a@x\n", "root", NULL,
	    "a@x"),
	REFUSES_IN("root that is not an address",
	    "", "joe", "a b", EX_DATAERR, "root: invalid address 'a b'"),
	REFUSES("a name without an address",
	    "a: b@x\n", "joe", EX_NOUSER,
	    "no address for the local name joe"),
	REFUSES("a target without an address",
	    "a: b@x\nc:\n joe\n", "c", EX_NOUSER,
	    "no address for the local name joe (aliases:2)"),
	REFUSES("text that cannot be an account, although * is defined",
	    "*: b@x\n", "kim\uff20x", EX_NOUSER,
	    "'kim\uff20x' is neither an address nor the name of an account"),
	REFUSES("a target that cannot be an account",
	    "a: b@x\nc: \"d e\", f@x\n*: g@x\n", "c", EX_CONFIG,
	    "aliases:2: alias c: 'd e' is neither an address nor the "
	    "name of an account"),
	REFUSES("a target with a backslash that cannot be an account",
	    "a: \\\"b c\"\n", "a", EX_CONFIG,
	    "aliases:1: alias a: 'b c' is neither an address nor the "
	    "name of an account"),
	REFUSES("a target with a backslash, without root",
	    "root: \\root\n", "root", EX_NOUSER, "(aliases:1)"),
	REFUSES("an alias that refers to itself",
	    "a: x@x\nb: b\n", "b", EX_CONFIG,
	    "aliases:2: alias b: refers to itself"),
	REFUSES("aliases that refer to each other",
	    "a: b, x@x\nb: c\nc: A\n", "b", EX_CONFIG,
	    "aliases:1: alias a: refers to itself"),
	REFUSES("a program",
	    "a: x@x,\n \"|/bin/sh -c id\"\n", "a", EX_CONFIG, "aliases:1: "
	    "invalid address '\"|/bin/sh -c id\"': mail to programs is not"),
	REFUSES("a program without quotes",
	    "\na: |/bin/id\n", "a", EX_CONFIG, "aliases:2: "),
	REFUSES("a file",
	    "a: /var/mail/a\n", "a", EX_CONFIG, "mail to files is not"),
	REFUSES("a list in a file",
	    "a: :include:/etc/passwd\n", "a", EX_CONFIG,
	    "lists in files are not"),
	REFUSES("a quoted list in a file",
	    "a: \":include:/etc/passwd\"\n", "a", EX_CONFIG,
	    "lists in files are not"),
	REFUSES("a target that is not an address",
	    "a: b c d\n", "a", EX_CONFIG, "aliases:1: invalid address"),
	REFUSES("an alias without a target",
	    "b: x@x\na:\n", "a", EX_CONFIG, "aliases:2: invalid address"),
	REFUSES("a name that is defined twice",
	    "a: x@x\nb: y@x\nA: z@x\n", "a", EX_CONFIG,
	    "aliases:3: alias a: defined more than once"),
	REFUSES("a line without a colon",
	    "a: x@x\nroot x@x\n", "a", EX_CONFIG,
	    "aliases:2: expected name: address, ..."),
	REFUSES("a line without a name",
	    ": x@x\n", "a", EX_CONFIG, "aliases:1: expected name: address"),
	REFUSES("an unclosed quote",
	    "\"a: x\n", "a", EX_CONFIG, "aliases:1: expected name: address"),
	REFUSES("an alias whose name is an address",
	    "a@example.net: x@x\n", "a", EX_CONFIG, "must not contain @"),
	REFUSES("a continuation line without a previous line",
	    "# x\n\tx@x\n", "a", EX_CONFIG, "aliases:2: a line that begins"),
	cmocka_unit_test(a_nul_character_is_refused),
	cmocka_unit_test(deeply_nested_aliases_are_refused),
	cmocka_unit_test(aliases_with_too_many_paths_are_refused),
	cmocka_unit_test(a_missing_file_is_an_error_only_if_required),
};

int
main(void)
{
	return cmocka_run_group_tests(aliases_spec, NULL, NULL);
}
