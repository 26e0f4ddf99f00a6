/*
 * aliases(5): which addresses local names stand for.
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
	const char	*want;		/* addresses, or words of the refusal */
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

/* In the file of the row, on web1 in example.org. */
static bool
look_up(const struct row *row, struct address_list *list, struct failure *why)
{
	struct alias_rules	rules = { { "web1", "example.org" },
				    row->root, row->domain };
	struct aliases		a;
	bool			good;

	good = aliases_parse(&a, "aliases", row->text, strlen(row->text),
	    why) && aliases_resolve(&a, row->name, &rules, list, why);
	aliases_free(&a);
	return good;
}

static void
leads_to(void **state)
{
	const struct row	*row = *state;
	struct address_list	 list = { 0 };
	struct failure		 why;

	if (!look_up(row, &list, &why))
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

	assert_false(look_up(row, &list, &why));
	assert_int_equal(why.status, row->status);
	if (strstr(why.text, row->want) == NULL)
		fail_msg("no \"%s\" in: %s", row->want, why.text);
	assert_int_equal(list.n, 0);
	address_list_free(&list);
}

#define LEADS(sentence, text, name, root, want) { sentence, leads_to, NULL, \
	NULL, &(struct row){ text, name, root, NULL, want, 0 } }
#define GOES(sentence, text, name, root, domain, want) { sentence, leads_to, \
	NULL, NULL, &(struct row){ text, name, root, domain, want, 0 } }
#define REFUSES(sentence, text, name, status, want) { sentence, is_refused, \
	NULL, NULL, &(struct row){ text, name, NULL, NULL, want, status } }

/* A file that is refused for where the name a0 leads. */
static void
assert_leads_too_far(struct buffer *text, const char *words)
{
	struct row		row = { .text = text->data, .name = "a0" };
	struct address_list	list = { 0 };
	struct failure		why;

	assert_false(look_up(&row, &list, &why));
	assert_non_null(strstr(why.text, words));
	assert_int_equal(list.n, 0);
	address_list_free(&list);
	buffer_free(text);
}

static void
what_an_attacker_of_the_stack_writes(void **state)
{
	struct buffer	text = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		buffer_addf(&text, "a%d: a%d\n", i, i + 1);
	assert_leads_too_far(&text, "aliases:51: alias a50: too many levels of "
	    "aliases");
}

/* Two to the power of forty ways lead to the last name. */
static void
what_an_attacker_of_the_clock_writes(void **state)
{
	struct buffer	text = { 0 };

	(void)state;
	for (int i = 0; i < 40; i++)
		buffer_addf(&text, "a%d: a%d, a%d\n", i, i + 1, i + 1);
	buffer_add_text(&text, "a40: x@example.net\n");
	assert_leads_too_far(&text, "too many addresses");
}

static void
a_file_is_read_if_it_is_there(void **state)
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
	LEADS("a name leads to its address",
	    "root: admin@example.net\n", "root", NULL, "admin@example.net"),
	LEADS("in any case of letters",
	    "Root: admin@example.net\n", "rOOT", NULL, "admin@example.net"),
	LEADS("several targets keep their order",
	    "ops: b@x, a@x\n", "ops", NULL, "b@x a@x"),
	LEADS("blanks do not matter, nor does a missing last line end",
	    "ops\t :\t a@x ,b@x", "ops", NULL, "a@x b@x"),
	LEADS("comments and empty lines are skipped",
	    "# root: no@x\n\n  # nor this\nroot: a@x\n", "root", NULL, "a@x"),
	LEADS("a line that begins with a blank continues the one before",
	    "ops: a@x,\n\tb@x,\n c@x\nroot: d@x\n", "ops", NULL,
	    "a@x b@x c@x"),
	LEADS("also over a comment and an empty line",
	    "ops: a@x,\n# not c@x\n\n\tb@x\n", "ops", NULL, "a@x b@x"),
	LEADS("the targets may begin on the next line",
	    "ops:\n\ta@x\n", "ops", NULL, "a@x"),
	LEADS("line ends may be CRLF",
	    "ops: a@x,\r\n b@x\r\nroot: ops\r\n", "root", NULL, "a@x b@x"),
	LEADS("a byte order mark counts for nothing",
	    "\xef\xbb\xbfroot: a@x\n", "root", NULL, "a@x"),
	LEADS("a name may be quoted",
	    "\"the \\\"cat\\\": x\": a@x\n", "the \"cat\": x", NULL, "a@x"),
	LEADS("a target may have a name and a comment",
	    "ops: \"A, B\" <a@x>, b@x (the other)\n", "ops", NULL, "a@x b@x"),
	LEADS("such a name as a target, too",
	    "a: \"the cat\"\n\"the cat\": b@x\n", "a", NULL, "b@x"),
	LEADS("a target may be an address in quotes",
	    "a: \"b@x\"; c@x\n", "a", NULL, "b@x c@x"),
	LEADS("a target may be quoted",
	    "ops: \"a b\"@x\n", "ops", NULL, "\"a b\"@x"),
	LEADS("aliases lead to aliases",
	    "a: b, x@x\nb: c@localhost\nc: d@web1, y@x\nd: z@x\n", "a", NULL,
	    "z@x y@x x@x"),
	LEADS("two ways to one address are two",
	    "a: b, c\nb: d\nc: d\nd: z@x\n", "a", NULL, "z@x z@x"),
	LEADS("a name at the domain is foreign",
	    "a: b@example.org\nb: no@x\n", "a", NULL, "b@example.org"),
	LEADS("a name without an alias goes to root's address",
	    "a: b\n", "a", "me@x", "me@x"),
	LEADS("and so does one that the file does not name",
	    "a: b\n", "c", "me@x", "me@x"),
	LEADS("an alias comes before root's address",
	    "root: a@x\n", "root", "me@x", "a@x"),
	LEADS("* stands for all that no line names",
	    "*: a@x\nroot: b@x\n", "joe", "me@x", "a@x"),
	LEADS("but not for what a line names",
	    "*: a@x\nroot: b@x\n", "root", "me@x", "b@x"),
	LEADS("default means the same",
	    "default: a@x\n", "joe", "me@x", "a@x"),
	LEADS("* may lead to an alias",
	    "*: root\nroot: a@x\n", "joe", NULL, "a@x"),
	LEADS("a name that * leads to goes to root's address",
	    "*: joe\n", "nina", "me@x", "me@x"),
	LEADS("a backslash ends the way at root's address",
	    "root: \\root, a@x\n", "root", "me@x", "me@x a@x"),
	GOES("without root's address, a name goes to the same one at domain",
	    "", "Joe", NULL, "example.org", "Joe@example.org"),
	GOES("and so does one that an alias leads to",
	    "a: b, c@localhost, \\d, e@x\n", "a", NULL, "example.org",
	    "b@example.org c@example.org d@example.org e@x"),
	GOES("an alias comes before domain",
	    "joe: a@x\n", "joe", NULL, "example.org", "a@x"),
	GOES("and so does *",
	    "*: a@x\n", "joe", NULL, "example.org", "a@x"),
	GOES("and so does root's address",
	    "", "joe", "me@x", "example.org", "me@x"),
	LEADS("a program elsewhere in the file stops nobody",
	    "list: \"|/usr/bin/list post\"\nroot: a@x\n", "root", NULL,
	    "a@x"),
	REFUSES("a name that leads nowhere",
	    "a: b@x\n", "joe", EX_NOUSER,
	    "no address for the local name joe"),
	REFUSES("a name that an alias leads to and that leads nowhere",
	    "a: b@x\nc:\n joe\n", "c", EX_NOUSER,
	    "no address for the local name joe (aliases:2)"),
	REFUSES("text that no account is called, although * stands for all",
	    "*: b@x\n", "kim\uff20x", EX_NOUSER,
	    "'kim\uff20x' is neither an address nor the name of an account"),
	REFUSES("such a text as a target",
	    "a: b@x\nc: \"d e\", f@x\n*: g@x\n", "c", EX_CONFIG,
	    "aliases:2: alias c: 'd e' is neither an address nor the "
	    "name of an account"),
	REFUSES("such a text after a backslash",
	    "a: \\\"b c\"\n", "a", EX_CONFIG,
	    "aliases:1: alias a: 'b c' is neither an address nor the "
	    "name of an account"),
	REFUSES("a backslash without root's address",
	    "root: \\root\n", "root", EX_NOUSER, "(aliases:1)"),
	REFUSES("an alias that leads to itself",
	    "a: x@x\nb: b\n", "b", EX_CONFIG,
	    "aliases:2: alias b: refers to itself"),
	REFUSES("aliases that lead to each other",
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
	REFUSES("what is no address",
	    "a: b c d\n", "a", EX_CONFIG, "aliases:1: invalid address"),
	REFUSES("an alias for nobody",
	    "b: x@x\na:\n", "a", EX_CONFIG, "aliases:2: invalid address"),
	REFUSES("a name that stands there twice",
	    "a: x@x\nb: y@x\nA: z@x\n", "a", EX_CONFIG,
	    "aliases:3: alias a: defined more than once"),
	REFUSES("a line without a colon",
	    "a: x@x\nroot x@x\n", "a", EX_CONFIG,
	    "aliases:2: expected name: address, ..."),
	REFUSES("a line without a name",
	    ": x@x\n", "a", EX_CONFIG, "aliases:1: expected name: address"),
	REFUSES("quotes that do not end",
	    "\"a: x\n", "a", EX_CONFIG, "aliases:1: expected name: address"),
	REFUSES("an alias for an address",
	    "a@example.net: x@x\n", "a", EX_CONFIG, "must not contain @"),
	REFUSES("a continuation of nothing",
	    "# x\n\tx@x\n", "a", EX_CONFIG, "aliases:2: a line that begins"),
	cmocka_unit_test(what_an_attacker_of_the_stack_writes),
	cmocka_unit_test(what_an_attacker_of_the_clock_writes),
	cmocka_unit_test(a_file_is_read_if_it_is_there),
};

int
main(void)
{
	return cmocka_run_group_tests(aliases_spec, NULL, NULL);
}
