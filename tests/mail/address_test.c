#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "mail/address.h"
#include "support/cases.h"
#include "util/memory.h"

/*
 * Writes each address, its display name in braces, and text[start, end) in
 * brackets if that is not the address.
 */
static char *
describe(const struct address_list *list, const char *text)
{
	struct buffer	out = { 0 };

	for (size_t i = 0; i < list->n; i++) {
		const struct address	*a = &list->address[i];
		struct buffer		 path = { 0 };

		if (i > 0)
			buffer_add_text(&out, " ");
		address_write(&path, a);
		buffer_add(&out, path.data, path.len);
		if (a->name[0] != '\0')
			buffer_addf(&out, "{%s}", a->name);
		if (path.len != a->end - a->start ||
		    memcmp(path.data, text + a->start, path.len) != 0)
			buffer_addf(&out, "[%.*s]", (int)(a->end - a->start),
			    text + a->start);
		buffer_free(&path);
	}
	return buffer_take(&out);
}

struct example {
	const char	*sentence;
	const char	*text;
	size_t		 len;
	const char	*want;		/* describe(), or text of the failure */
};

#define EXAMPLE(sentence, text, want) \
	{ sentence, text, sizeof(text) - 1, want }

static void
check_list(const struct example *e, enum address_where where, bool want,
    int status)
{
	struct address_list	list = { 0 };
	struct failure		why = { 0 };
	bool			good;
	char			*got;

	good = address_list_parse(&list, e->text, e->len, where, &why);
	got = good ? describe(&list, e->text) : memory_copy(why.text);
	assert_string_equal(got, e->want);
	assert_int_equal(good, want);
	if (!good) {
		assert_int_equal(why.status, status);
		assert_int_equal(list.n, 0);
	}
	free(got);
	address_list_free(&list);
}

static const struct example header[] = {
	EXAMPLE("an addr-spec", "a@b.example", "a@b.example"),
	EXAMPLE("a display name", "Ann <a@b>", "a@b{Ann}"),
	EXAMPLE("a list", "a@b,c@d, Ed <e@f>", "a@b c@d e@f{Ed}"),
	EXAMPLE("an empty value", "", ""),
	EXAMPLE("white space and a line end", " \t\r\n", ""),
	EXAMPLE("empty elements are skipped", ",, a@b ,\t,c@d,,", "a@b c@d"),
	EXAMPLE("a bare name", "joe", "joe"),
	EXAMPLE("a bare name with dots", "joe.doe", "joe.doe"),
	EXAMPLE("a bare name in brackets", "Joe Doe <joe>", "joe{Joe Doe}"),
	EXAMPLE("a leading hyphen", "-oX@d", "-oX@d"),
	EXAMPLE("every character of an atom", "!#$%&'*+-/=?^_`{|}~1aZ@d",
	    "!#$%&'*+-/=?^_`{|}~1aZ@d"),
	EXAMPLE("angle brackets without a display name", "<a@b>", "a@b"),

	EXAMPLE("a comma in quotes does not separate addresses",
	    "\"Doe, J.\" <j@d>, k@d",
	    "j@d{\"Doe, J.\"} k@d"),
	EXAMPLE("dots in a display name", "John Q. Public Jr. <j@d>",
	    "j@d{John Q. Public Jr.}"),
	EXAMPLE("an @ in a display name without quotes",
	    "a@b <c@d>, e@f g@[1.2.3.4] h <i@j>, k@l",
	    "c@d{a@b} i@j{e@f g@[1.2.3.4] h} k@l"),
	EXAMPLE("encoded words in a display name",
	    "=?utf-8?Q?J=C3=BCrg?= =?utf-8?B?RG9l?= <j@d>",
	    "j@d{=?utf-8?Q?J=C3=BCrg?= =?utf-8?B?RG9l?=}"),
	EXAMPLE("an encoded word that contains specials",
	    "=?iso-8859-1*en?q?Doe,_J._(at)_@:;?= <j@d>, k@d",
	    "j@d{=?iso-8859-1*en?q?Doe,_J._(at)_@:;?=} k@d"),
	EXAMPLE("angle brackets and an @ in a quoted display name",
	    "\"<x@y>\\\" <z@y>\" <j@d>", "j@d{\"<x@y>\\\" <z@y>\"}"),
	EXAMPLE("ISO-2022-JP in quotes is accepted", "\"\33$B\33(B\" <j@d>",
	    "j@d{\"\33$B\33(B\"}"),
	EXAMPLE("Latin-1 in a display name is accepted",
	    "J\374rg <j@d>", "j@d{J\374rg}"),

	EXAMPLE("the From field of cron", "root (Cron Daemon)", "root"),
	EXAMPLE("a quoted name in parentheses", "\"(Cron Daemon)\" <root>",
	    "root{\"(Cron Daemon)\"}"),
	EXAMPLE("a comment before the address", "(c) a@b", "a@b"),
	EXAMPLE("a comment after the address", "a@b (Name)", "a@b"),
	EXAMPLE("comments nest and contain any character",
	    "(a (b (c) \\) \",<@:;) d) a@b", "a@b"),
	EXAMPLE("comments everywhere",
	    "(1)A(2)B(3)<(4)a(5)@(6)b(7).(8)c(9)>(10),(11)d@e(12)",
	    "a@b.c{A(2)B}[a(5)@(6)b(7).(8)c] d@e"),
	EXAMPLE("white space within the address (obsolete syntax)",
	    " a . b @ c . d ",
	    "a.b@c.d[a . b @ c . d]"),
	EXAMPLE("folds everywhere",
	    "Joe\r\n Doe\r\n\t<\r\n a\r\n @\r\n b\r\n >\r\n ,\n c@d\r\n",
	    "a@b{Joe Doe}[a\r\n @\r\n b] c@d"),
	EXAMPLE("a fold of only white space", "a@b,\r\n \r\n c@d\r\n",
	    "a@b c@d"),
	EXAMPLE("a fold in a quoted name", "\"Joe\r\n Doe\" <a@b>",
	    "a@b{\"Joe Doe\"}"),
	EXAMPLE("a fold in a comment", "a@b (c\r\n d)", "a@b"),

	EXAMPLE("a quoted local part", "\"a b\"@c", "\"a b\"@c"),
	EXAMPLE("a comma, @ and colon in a quoted local part", "\"a,b@c:d\"@e",
	    "\"a,b@c:d\"@e"),
	EXAMPLE("quoted pairs", "\"a\\\"b\\\\c\"@d", "\"a\\\"b\\\\c\"@d"),
	EXAMPLE("quotes around text that looks like an encoded word are kept",
	    "\"=?utf-8?q?a?=\"@d", "\"=?utf-8?q?a?=\"@d"),
	EXAMPLE("a local part that looks like an encoded word is quoted",
	    "=?utf-8?q?.\"a\".?=@d",
	    "\"=?utf-8?q?.a.?=\"@d[=?utf-8?q?.\"a\".?=@d]"),
	EXAMPLE("unnecessary quotes are removed", "\"a\\b\"@d",
	    "ab@d[\"a\\b\"@d]"),
	EXAMPLE("several quoted words in a local part", "\"a\".\"b c\".d@e",
	    "\"a.b c.d\"@e[\"a\".\"b c\".d@e]"),
	EXAMPLE("a fold in a quoted local part", "\"a\r\n b\"@c",
	    "\"a b\"@c[\"a\r\n b\"@c]"),
	EXAMPLE("an empty quoted local part", "\"\"@d", "\"\"@d"),
	EXAMPLE("dots in unusual places of a local part", "a..b@c, .d@e, f.@g",
	    "\"a..b\"@c[a..b@c] \".d\"@e[.d@e] \"f.\"@g[f.@g]"),

	EXAMPLE("domain literals", "a@[127.0.0.1], b@[IPv6:::1]",
	    "a@[127.0.0.1] b@[IPv6:::1]"),
	EXAMPLE("white space in a literal is removed", "a@[ 127.0.0.1\r\n ]",
	    "a@[127.0.0.1][a@[ 127.0.0.1\r\n ]]"),
	EXAMPLE("a source route is removed", "<@a,@b:u@d>", "u@d"),
	EXAMPLE("a source route with comments, white space and literals",
	    "X <,@a.b , (c), @[1.2.3.4] : u@d>", "u@d{X}"),
	EXAMPLE("a source route before a bare name", "<@a:u>", "u"),

	EXAMPLE("the members of a group are included", "g: a@b, C <c@d>;, e@f",
	    "a@b c@d{C} e@f"),
	EXAMPLE("an empty group has no members",
	    "undisclosed-recipients:;", ""),
	EXAMPLE("an empty group with folds and comments",
	    "undisclosed recipients (x):\r\n (y) , ;(z)\r\n", ""),
	EXAMPLE("several groups", "\"g,1\":a@b;,g2:;,g3:c@d,;",
	    "a@b c@d"),

	EXAMPLE("semicolons between addresses", "a@b; C <c@d> ;e@f;",
	    "a@b c@d{C} e@f"),
	EXAMPLE("a semicolon in quotes or a comment is text",
	    "\"a; b\" <c@d> (e; f); g@h", "c@d{\"a; b\"} g@h"),
	EXAMPLE("an address directly after a group", "g: a@b; c@d; e@f",
	    "a@b c@d e@f"),

	EXAMPLE("an address in quotes", "\"a@b\", <\"c@d\">, E <\"e@f\"> (g)",
	    "a@b[\"a@b\"] c@d[\"c@d\"] e@f{E}[\"e@f\"]"),
	EXAMPLE("an address in quotes before a domain is a local part",
	    "\"a@b\"@c", "\"a@b\"@c"),
	EXAMPLE("other text in quotes is a bare name",
	    "\"a@b c\", \"a@b\".c, \"@a:b@c\", \"a@\", \"a@b,c@d\"",
	    "\"a@b c\" \"a@b.c\"[\"a@b\".c] \"@a:b@c\" \"a@\" \"a@b,c@d\""),

	EXAMPLE("blanks in an encoded word are accepted",
	    "=?UTF-8?Q?L=C3=A9e, Kim?= <a@b>, =?utf-8?q?c\r\n d?= <e@f>",
	    "a@b{=?UTF-8?Q?L=C3=A9e, Kim?=} e@f{=?utf-8?q?c d?=}"),
	EXAMPLE("blanks in an encoded word with an @ are not accepted",
	    "=?UTF-8?Q?a, b@c, d?= <e@f>",
	    "\"=?UTF-8?Q?a\"[=?UTF-8?Q?a] b@c e@f{d?=}"),

	EXAMPLE("UTF-8 in the display name, local part and domain",
	    "Zo\u00eb <zo\u00eb@b\u00fccher.example>, \U0001f600@d",
	    "zo\u00eb@b\u00fccher.example{Zo\u00eb} \U0001f600@d"),
	EXAMPLE("programs and paths are accepted as names",
	    "|cmd, /path, /g=a/s=b/@d", "|cmd /path /g=a/s=b/@d"),
};

static const struct example bad_header[] = {
	EXAMPLE("two words without an address", "a@b, John Doe, c@d",
	    "invalid address 'John Doe': a display name without an address in "
	    "'<' and '>'"),
	EXAMPLE("a display name and an address without angle brackets",
	    "J joe@d",
	    "invalid address 'J joe@d': a display name without an address in "
	    "'<' and '>'"),
	EXAMPLE("two words in angle brackets", "<a b@c>",
	    "invalid address '<a b@c>': missing dot between two words"),
	EXAMPLE("a missing comma", "a@b c@d",
	    "invalid address 'a@b c@d': missing comma between addresses"),
	EXAMPLE("a missing comma after angle brackets", "<a@b> <c@d>",
	    "invalid address '<a@b> <c@d>': a display name that contains '@' "
	    "must be quoted"),
	EXAMPLE("two @", "a@b@c", "invalid address 'a@b@c': more than one"
	    " '@'"),
	EXAMPLE("a missing local part", "@b",
	    "invalid address '@b': missing local part before '@'"),
	EXAMPLE("a local part of dots", "..@b",
	    "invalid address '..@b': missing local part before '@'"),
	EXAMPLE("a missing domain", "a@, c@d",
	    "invalid address 'a@': missing domain after '@'"),
	EXAMPLE("a quoted domain", "a@\"b\"",
	    "invalid address 'a@\"b\"': missing domain after '@'"),
	EXAMPLE("a domain that ends with a dot", "a@b.",
	    "invalid address 'a@b.': the domain ends with a dot"),
	EXAMPLE("a domain in angle brackets that ends with a dot", "<a@b. >",
	    "invalid address '<a@b. >': the domain ends with a dot"),
	EXAMPLE("a domain that begins with a dot", "a@.b",
	    "invalid address 'a@.b': empty label in the domain"),
	EXAMPLE("a domain with two dots in a row", "a@b..c",
	    "invalid address 'a@b..c': empty label in the domain"),
	EXAMPLE("the null path", "a@b, <>",
	    "invalid address '<>': no address between '<' and '>'"),
	EXAMPLE("empty quotes", "\"\"",
	    "invalid address '\"\"': empty local part"),
	EXAMPLE("a missing >", "<a@b",
	    "invalid address '<a@b': missing '>' after '<'"),
	EXAMPLE("a list in angle brackets", "<a@b,c@d>",
	    "invalid address '<a@b': unexpected text between '<' and '>'"),
	EXAMPLE("nested angle brackets", "<<a@b>>",
	    "invalid address '<<a@b>>': missing local part before '@'"),
	EXAMPLE("a > without < after an address", "a@b>",
	    "invalid address 'a@b>': missing '<' before '>'"),
	EXAMPLE("a > without < before an address", "> a@b",
	    "invalid address '> a@b': missing '<' before '>'"),
	EXAMPLE("two > after one <", "<a@b>>",
	    "invalid address '<a@b>>': missing '<' before '>'"),
	EXAMPLE("text after angle brackets", "<a@b> c",
	    "invalid address '<a@b> c': missing comma between addresses"),
	EXAMPLE("an angle bracket in a quoted local part", "\"a>b\"@c",
	    "invalid address '\"a>b\"@c': contains an angle bracket"),
	EXAMPLE("an angle bracket after a backslash", "\"a\\<b\"@c",
	    "invalid address '\"a\\\\<b\"@c': contains an angle bracket"),
	EXAMPLE("an angle bracket in a literal", "a@[>]",
	    "invalid address 'a@[>]': contains an angle bracket"),
	EXAMPLE("a missing quote", "\"a@b, c",
	    "invalid address '\"a@b, c': missing '\"' at the end of a quoted "
	    "string"),
	EXAMPLE("a missing quote after an escaped one", "\"a\\\"",
	    "invalid address '\"a\\\\\"': missing '\"' at the end of a quoted "
	    "string"),
	EXAMPLE("a backslash at the end", "\"a\\",
	    "invalid address '\"a\\\\': missing '\"' at the end of a quoted "
	    "string"),
	EXAMPLE("an unclosed comment", "a@b (c (d)",
	    "invalid address 'a@b (c (d)': missing ')' after a comment"),
	EXAMPLE("two ) after one comment", "a@b (c))",
	    "invalid address 'a@b (c))': missing '(' before ')'"),
	EXAMPLE("a ] without [", "a@b]",
	    "invalid address 'a@b]': missing '[' before ']'"),
	EXAMPLE("a backslash outside quotes", "a\\b@c",
	    "invalid address 'a\\\\b@c': a backslash is allowed only in "
	    "quotes"),
	EXAMPLE("an unclosed comment after a dot", "a@b.(c",
	    "invalid address 'a@b.(c': missing ')' after a comment"),
	EXAMPLE("an unclosed literal", "a@[1.2.3.4",
	    "invalid address 'a@[1.2.3.4': missing ']' after '['"),
	EXAMPLE("an empty literal", "a@[ ]",
	    "invalid address 'a@[ ]': empty domain literal"),
	EXAMPLE("a backslash in a literal", "a@[\\]]",
	    "invalid address 'a@[\\\\]]': invalid domain literal"),
	EXAMPLE("text after a literal", "a@[1.2.3.4].b",
	    "invalid address 'a@[1.2.3.4].b': missing comma between addresses"),
	EXAMPLE("square brackets in a display name", "[x] <a@b>",
	    "invalid address '[x] <a@b>': '[' is allowed only in quotes and "
	    "domains"),
	EXAMPLE("an encoded word as a local part", "=?utf-8?q?a,b?=@c",
	    "invalid address '=?utf-8?q?a,b?=@c': an encoded word is not an "
	    "address"),
	EXAMPLE("a domain that looks like an encoded word",
	    "a@=?utf-8?q?b (@) .?=",
	    "invalid address 'a@=?utf-8?q?b (@) .?=': an encoded word is not a "
	    "domain"),
	EXAMPLE("an encoded word as a domain", "a@=?utf-8?q?b?=",
	    "invalid address 'a@=?utf-8?q?b?=': missing domain after '@'"),
	EXAMPLE("a source route without an address", "<@a:>",
	    "invalid address '<@a:>': missing local part before '@'"),
	EXAMPLE("a source route without a colon", "<@a,@b>",
	    "invalid address '<@a,@b>': missing ':' after the source route"),
	EXAMPLE("a source route with an unclosed comment", "<@a,(@b:c@d>",
	    "invalid address '<@a,(@b:c@d>': missing ')' after a comment"),
	EXAMPLE("a source route without a comma", "<@a@b:c@d>",
	    "invalid address '<@a@b:c@d>': missing ':' after the source route"),
	EXAMPLE("a source route without a domain", "<,:c@d>",
	    "invalid address '<,:c@d>': missing ':' after the source route"),
	EXAMPLE("a source route outside angle brackets", "@a:u@d",
	    "invalid address '@a:u@d': missing local part before '@'"),
	EXAMPLE("a group without an end", "g: a@b",
	    "invalid address 'g: a@b': missing ';' after a group"),
	EXAMPLE("a nested group", "g: h: a@b;;",
	    "invalid address 'h: a@b': a group must not contain another group"),
	EXAMPLE("a group without a name", ": a@b;",
	    "invalid address ': a@b': missing group name before ':'"),
	EXAMPLE("a colon after an address", "a@b: c",
	    "invalid address 'a@b: c': missing comma between addresses"),
	EXAMPLE("a line end that is not part of a fold",
	    "x@y, a@b\r\nRCPT TO:<c@d>",
	    "invalid address ' a@b\\015\\012RCPT TO:<c@d>': contains a line "
	    "break"),
	EXAMPLE("a lone CR", "a@b\r c@d",
	    "invalid address 'a@b\\015 c@d': contains a line break"),
	EXAMPLE("a CR at the end", "a@b\r",
	    "invalid address 'a@b': contains a line break"),
	EXAMPLE("a CR in quotes", "\"a\rb\" <c@d>",
	    "invalid address '\"a\\015b\" <c@d>': contains a line break"),
	EXAMPLE("a LF in a comment", "a@b (\n)",
	    "invalid address 'a@b (\\012)': contains a line break"),
	EXAMPLE("a CR after a backslash", "\"a\\\r\n b\"@c",
	    "invalid address '\"a\\\\\\015\\012 b\"@c': contains a control "
	    "character"),
	EXAMPLE("a NUL", "a@b\0.c",
	    "invalid address 'a@b\\000.c': contains a NUL character"),
	EXAMPLE("a NUL in quotes", "\"\0\" <a@b>",
	    "invalid address '\"\\000\" <a@b>': contains a NUL character"),
	EXAMPLE("an escape sequence", "a\33[2J@b",
	    "invalid address 'a\\033[2J@b': contains a control character"),
	EXAMPLE("a DEL", "a@b\177",
	    "invalid address 'a@b\\177': contains a control character"),
	EXAMPLE("a tab in a quoted local part", "\"a\tb\"@c",
	    "invalid address '\"a\\011b\"@c': contains a control character"),
	EXAMPLE("a C1 control character", "a\302\205b@c",
	    "invalid address 'a\\302\\205b@c': contains a control character"),
	EXAMPLE("Latin-1 in a local part", "j\374rg@d",
	    "invalid address 'j\\374rg@d': not valid UTF-8"),
	EXAMPLE("Latin-1 in a domain", "j@m\374ller",
	    "invalid address 'j@m\\374ller': not valid UTF-8"),
};

static const struct example argument[] = {
	EXAMPLE("a list", "a@x, b@y,c@z", "a@x b@y c@z"),
	EXAMPLE("a name", "Ann <a@b>", "a@b{Ann}"),
	EXAMPLE("a leading hyphen", "-x@d", "-x@d"),
	EXAMPLE("a leading backslash is removed", "\\joe", "joe"),
	EXAMPLE("a leading backslash is removed from each address",
	    "\\joe, \\ann@b", "joe ann@b"),
	EXAMPLE("an address in quotes", "\"a@b\"", "a@b[\"a@b\"]"),
	EXAMPLE("semicolons between addresses", "a@b;c@d", "a@b c@d"),
	EXAMPLE("a path with a domain", "/g=a/@d", "/g=a/@d"),
	EXAMPLE("a tab is white space", "a@b,\tc@d", "a@b c@d"),
	EXAMPLE("shell metacharacters that are valid in an atom",
	    "`id`$x@d", "`id`$x@d"),
};

static const struct example bad_argument[] = {
	EXAMPLE("an empty argument", "", "invalid address '': no address"),
	EXAMPLE("a blank argument", " ", "invalid address '': no address"),
	EXAMPLE("an empty group", "a:;", "invalid address 'a:;': no address"),
	EXAMPLE("two backslashes", "\\\\joe",
	    "invalid address '\\\\\\\\joe': a backslash is allowed only in "
	    "quotes"),
	EXAMPLE("a program", "|cmd arg",
	    "invalid address '|cmd arg': mail to programs is not supported"),
	EXAMPLE("a program at a domain", "|cmd@d",
	    "invalid address '|cmd@d': mail to programs is not supported"),
	EXAMPLE("a program in quotes", "\"|cmd arg\"",
	    "invalid address '\"|cmd arg\"': mail to programs is not "
	    "supported"),
	EXAMPLE("a program in angle brackets", "x <|cmd>",
	    "invalid address 'x <|cmd>': mail to programs is not supported"),
	EXAMPLE("an angle bracket after a backslash", "a@b, \\|cmd",
	    "invalid address '\\\\|cmd': mail to programs is not supported"),
	EXAMPLE("a file", "/etc/passwd",
	    "invalid address '/etc/passwd': mail to files is not supported"),
	EXAMPLE("a file in quotes", "\"/a b\"",
	    "invalid address '\"/a b\"': mail to files is not supported"),
	EXAMPLE("a list in a file", ":include:/x",
	    "invalid address ':include:/x': lists in files are not supported"),
	EXAMPLE("a list in a file, in quotes and capitals", "\":INCLUDE:/x\"@d",
	    "invalid address '\":INCLUDE:/x\"@d': lists in files are not"
	    " supported"),
	EXAMPLE("a fold", "a@b,\r\n c@d",
	    "invalid address '\\015\\012 c@d': contains a line break"),
	EXAMPLE("a line end", "a@b\n", "invalid address 'a@b': contains a line "
	    "break"),
	EXAMPLE("a control character in quotes", "\"\33\" <a@b>",
	    "invalid address '\"\\033\" <a@b>': contains a control character"),
};

static const struct example path[] = {
	EXAMPLE("a mailbox", "a@b.c", "a@b.c"),
	EXAMPLE("a bare name", "postmaster", "postmaster"),
	EXAMPLE("a source route is removed", "@a,@b:u@d", "u@d"),
	EXAMPLE("a quoted local part", "\"a b\\\"@c\"@d", "\"a b\\\"@c\"@d"),
	EXAMPLE("an address in quotes is a local part", "\"a@b\"", "\"a@b\""),
	EXAMPLE("a domain literal",
	    "a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"),
	EXAMPLE("UTF-8", "zo\u00eb@b\u00fccher", "zo\u00eb@b\u00fccher"),
	EXAMPLE("the null path", "", ""),
};

static const struct example bad_path[] = {
	EXAMPLE("angle brackets", "<a@b>",
	    "invalid address '<a@b>': missing local part before '@'"),
	EXAMPLE("a > after the path", "a@b>",
	    "invalid address 'a@b>': more than one address"),
	EXAMPLE("white space", "a@b c",
	    "invalid address 'a@b c': white space is not allowed here"),
	EXAMPLE("a tab before the path", "\ta@b",
	    "invalid address '\\011a@b': white space is not allowed here"),
	EXAMPLE("a comment", "a@b(c)",
	    "invalid address 'a@b(c)': a comment is not allowed here"),
	EXAMPLE("a list", "a@b,c@d",
	    "invalid address 'a@b,c@d': more than one address"),
	EXAMPLE("two words", "\"a\"b@c",
	    "invalid address '\"a\"b@c': missing dot between two words"),
	EXAMPLE("empty quotes", "\"\"", "invalid address '\"\"': empty local "
	    "part"),
	EXAMPLE("a fold", "a@b\r\n ",
	    "invalid address 'a@b': contains a line break"),
	EXAMPLE("a NUL", "a\0@b",
	    "invalid address 'a\\000@b': contains a NUL character"),
	EXAMPLE("a source route without an address", "@a:",
	    "invalid address '@a:': missing local part before '@'"),
	EXAMPLE("a route without a colon", "@a",
	    "invalid address '@a': missing ':' after the source route"),
};

static void
is_accepted_in_header(void **state)
{
	check_list(*state, ADDRESS_HEADER, true, 0);
}

/* Valid addresses, a bar, and the invalid elements. */
static const struct example lenient[] = {
	EXAMPLE("a valid list", "a@b, c@d", "a@b c@d |"),
	EXAMPLE("one invalid element", "a@b, John Doe, c@d",
	    "a@b c@d | invalid address 'John Doe': a display name without an "
	    "address in '<' and '>'"),
	EXAMPLE("several invalid elements", "a b; c@, d@e, <>\r\n",
	    "d@e | invalid address 'a b': a display name without an address in "
	    "'<' and '>' | invalid address 'c@': missing domain after '@' | "
	    "invalid address '<>': no address between '<' and '>'"),
	EXAMPLE("only an invalid element",
	    "a b", "| invalid address 'a b': a display name "
	    "without an address in '<' and '>'"),
	EXAMPLE("delimiters in quotes, comments and literals do not end an "
	    "invalid element",
	    "a b \"c, d@e\" (f, g@h) [i, j@k] l, m@n",
	    "m@n | invalid address 'a b \"c, d@e\" (f, g@h) [i, j@k] l': '[' "
	    "is allowed only in quotes and domains"),
	EXAMPLE("an unclosed quote includes the rest of the list",
	    "a@b, \"c, d@e, f@g",
	    "a@b | invalid address '\"c, d@e, f@g': missing '\"' at the end of "
	    "a quoted string"),
	EXAMPLE("an unclosed comment includes the rest of the list",
	    "a@b, (c, d@e",
	    "a@b | invalid address ' (c, d@e': missing ')' after a comment"),
	EXAMPLE("invalid octets in an element", "a@b, ) ] \\ \33 c, d@e",
	    "a@b d@e | invalid address ') ] \\\\ \\033 c': missing '(' before "
	    "')'"),
	EXAMPLE("no address is taken from an invalid element",
	    "<a@b> <c@d>, e@f g@h, i@j",
	    "i@j | invalid address '<a@b> <c@d>': a display name that contains "
	    "'@' must be quoted | invalid address 'e@f g@h': missing comma "
	    "between addresses"),
	EXAMPLE("an invalid member of a group", "g: a@b, c d; e@f",
	    "a@b e@f | invalid address 'c d': a display name without an "
	    "address in '<' and '>'"),
	EXAMPLE("an invalid last member of a group", "g: a@b, c d;, e@f",
	    "a@b e@f | invalid address 'c d': a display name without an "
	    "address in '<' and '>'"),
	EXAMPLE("a group without an end is invalid as a whole",
	    "a@b, g: c@d, e@f",
	    "a@b | invalid address 'g: c@d, e@f': missing ';' after a group"),
};

static void
is_parsed_leniently(void **state)
{
	const struct example	*e = *state;
	struct address_list	 list = { 0 };
	struct address_faults	 faults = { 0 };
	struct buffer		 got = { 0 };
	struct failure		 why;
	char			*good;

	assert_true(address_list_parse_lenient(&list, &faults, e->text,
	    e->len, &why));
	good = describe(&list, e->text);
	buffer_addf(&got, "%s%s|", good, list.n > 0 ? " " : "");
	for (size_t k = 0; k < faults.n; k++) {
		assert_false(address_fault_explain(&faults.fault[k], e->text,
		    EX_DATAERR, &why));
		buffer_addf(&got, "%s %s", k > 0 ? " |" : "", why.text);
	}
	assert_string_equal(got.data, e->want);
	free(good);
	buffer_free(&got);
	address_list_free(&list);
	address_faults_free(&faults);
}

static const struct example repaired_lists[] = {
	EXAMPLE("a valid list does not change", " A <a@b>, \"c;d\"@e; ",
	    " A <a@b>, \"c;d\"@e, "),
	EXAMPLE("semicolons between addresses become commas",
	    "a@b; \"c;\" <d@e> (f;);g@h",
	    "a@b, \"c;\" <d@e> (f;),g@h"),
	EXAMPLE("semicolons of groups do not change", "g:;, h: a@b;, c@d; i:;",
	    "g:;, h: a@b;, c@d, i:;"),
	EXAMPLE("quotes around an address become blanks",
	    "\"a@b\", C <\"d@e\">, \"f\", g",
	    " a@b , C < d@e >, \"f\", g"),
	EXAMPLE("quotes in an invalid element do not change",
	    "\"a@b\" c; \"d@e\"@f; \"g@h\"", "\"a@b\" c; \"d@e\"@f,  g@h "),
};

static void
is_repaired(void **state)
{
	const struct example	*e = *state;
	char			*text = memory_copy(e->text);
	struct address_list	 before = { 0 }, after = { 0 };
	struct address_faults	 faults = { 0 };
	struct failure		 why;

	address_list_repair(&before, text, e->len);
	assert_string_equal(text, e->want);
	assert_true(address_list_parse_lenient(&after, &faults, text, e->len,
	    &why));
	assert_int_equal(before.n, after.n);
	for (size_t k = 0; k < before.n; k++) {
		assert_string_equal(before.address[k].local,
		    after.address[k].local);
		assert_string_equal(before.address[k].domain,
		    after.address[k].domain);
	}
	address_list_free(&before);
	address_list_free(&after);
	address_faults_free(&faults);
	free(text);
}

static void
is_refused_in_header(void **state)
{
	check_list(*state, ADDRESS_HEADER, false, EX_DATAERR);
}

static void
is_accepted_as_argument(void **state)
{
	check_list(*state, ADDRESS_ARGUMENT, true, 0);
}

static void
is_refused_as_argument(void **state)
{
	check_list(*state, ADDRESS_ARGUMENT, false, EX_USAGE);
}

static void
is_path(void **state)
{
	const struct example	*e = *state;
	struct address		 a;
	struct failure		 why;
	struct buffer		 out = { 0 };

	if (!address_parse_path(&a, e->text, e->len, &why))
		fail_msg("%s", why.text);
	address_write(&out, &a);
	assert_string_equal(out.len > 0 ? out.data : "", e->want);
	assert_string_equal(a.name, "");
	buffer_free(&out);
	address_free(&a);
}

static void
is_not_path(void **state)
{
	const struct example	*e = *state;
	struct address		 a = { .start = 1 };
	struct failure		 why;

	assert_false(address_parse_path(&a, e->text, e->len, &why));
	assert_string_equal(why.text, e->want);
	assert_int_equal(why.status, EX_DATAERR);
	assert_null(a.local);
	assert_null(a.domain);
	assert_int_equal(a.start, 0);
	address_free(&a);
}

static void
the_parts_are_unquoted(void **state)
{
	struct address_list	list = { 0 };
	struct failure		why;
	const char		text[] = "\"a\\\"b c\" . d @ E . f, joe";

	(void)state;
	assert_true(address_list_parse(&list, text, strlen(text),
	    ADDRESS_HEADER, &why));
	assert_string_equal(list.address[0].local, "a\"b c.d");
	assert_string_equal(list.address[0].domain, "E.f");
	assert_false(address_is_bare(&list.address[0]));
	assert_string_equal(list.address[1].domain, "");
	assert_true(address_is_bare(&list.address[1]));
	address_list_free(&list);
}

static void
the_null_path_is_not_a_bare_name(void **state)
{
	struct address	a;
	struct failure	why;

	(void)state;
	assert_true(address_parse_path(&a, NULL, 0, &why));
	assert_string_equal(a.local, "");
	assert_string_equal(a.domain, "");
	assert_false(address_is_bare(&a));
	address_free(&a);
}

static void
a_refused_list_does_not_change(void **state)
{
	struct address_list	list = { 0 };
	struct failure		why;

	(void)state;
	assert_true(address_list_parse(&list, "a@b", 3, ADDRESS_HEADER, &why));
	assert_true(address_list_parse(&list, "c@d", 3, ADDRESS_HEADER, &why));
	assert_false(address_list_parse(&list, "e@f, g@h, @", 11,
	    ADDRESS_HEADER, &why));
	assert_false(address_list_parse(&list, "", 0, ADDRESS_ARGUMENT, &why));
	assert_int_equal(list.n, 2);
	assert_string_equal(list.address[0].local, "a");
	assert_string_equal(list.address[1].local, "c");
	address_list_free(&list);
	assert_null(list.address);
}

/* A control character is refused, or is part of a display name or comment. */
static void
control_characters_are_refused_everywhere(void **state)
{
	static const char *const	forms[] = {
		"?a@b", "a?@b", "a@?b", "a@b?", "\"?\"@b", "\"\\?\"@b",
		"a@[?]", "<?a@b>", "<@?a:a@b>", "N? <a@b>", "\"?\" <a@b>",
		"(?) a@b", "g?:a@b;", "a@b,?c@d", "=?utf-8?q??x?= <a@b>",
	};

	(void)state;
	for (size_t f = 0; f < sizeof(forms) / sizeof(*forms); f++)
	for (int c = 0; c < 128; c = c == 31 ? 127 : c + 1)
	for (int where = 0; where < 3; where++) {
		struct address_list	list = { 0 };
		struct address		a = { 0 };
		struct failure		why;
		char			text[32];
		size_t			len = strlen(forms[f]);

		memcpy(text, forms[f], len);
		for (size_t i = 0; i < len; i++)
			if (text[i] == '?')
				text[i] = (char)c;
		if (where == 2) {
			if (address_parse_path(&a, text, len, &why))
				fail_msg("'%s' with %d in a path", forms[f],
				    c);
			continue;
		}
		address_list_parse(&list, text, len,
		    where == 0 ? ADDRESS_HEADER : ADDRESS_ARGUMENT, &why);
		for (size_t i = 0; i < list.n; i++) {
			assert_null(strchr(list.address[i].local, c));
			assert_true(c == 0 ||
			    strchr(list.address[i].domain, c) == NULL);
		}
		address_list_free(&list);
	}
}

static char *
repeated(const char *unit, size_t total)
{
	size_t	 n = strlen(unit);
	size_t	 len = (total + n - 1) / n * n;
	char	*text = memory_new(len + 1, 1);

	for (size_t i = 0; i < len; i++)
		text[i] = unit[i % n];
	return text;
}

static bool
takes(const char *before, const char *unit, size_t total, const char *after,
    struct failure *why)
{
	struct address_list	 list = { 0 };
	char			*middle = repeated(unit, total);
	struct buffer		 text = { 0 };
	bool			 good;

	buffer_addf(&text, "%s%s%s", before, middle, after);
	good = address_list_parse(&list, text.data, text.len, ADDRESS_HEADER,
	    why);
	address_list_free(&list);
	buffer_free(&text);
	free(middle);
	return good;
}

static void
an_address_has_at_most_1000_octets(void **state)
{
	struct failure	why;

	(void)state;
	assert_true(takes("", "a", ADDRESS_MAX - 2, "@b", &why));
	assert_false(takes("", "a", ADDRESS_MAX - 1, "@b", &why));
	assert_non_null(strstr(why.text, "...': too long"));
	assert_true(takes("a@", "b", ADDRESS_MAX - 2, "", &why));
	assert_false(takes("a@", "b", ADDRESS_MAX - 1, "", &why));
	assert_true(takes("", "a", ADDRESS_MAX, "", &why));
	assert_false(takes("", "a", ADDRESS_MAX + 1, "", &why));
	/* Quotes and backslashes are included. */
	assert_true(takes("\"", "\\\"", ADDRESS_MAX - 4, "\"@b", &why));
	assert_false(takes("\"", "\\\"", ADDRESS_MAX - 2, "\"@b", &why));
	assert_false(takes("\"", "\\\"", 2 * ADDRESS_MAX + 2, "\"@b", &why));
	assert_false(takes("a@[", "1", ADDRESS_MAX, "]", &why));
}

static void
a_list_has_at_most_100000_addresses(void **state)
{
	struct failure	why;

	(void)state;
	assert_true(takes("", "a,", 2 * ADDRESS_LIST_MAX, "", &why));
	assert_false(takes("", "a,", 2 * ADDRESS_LIST_MAX, "b@c", &why));
	assert_string_equal(why.text,
	    "invalid address 'b@c': too many addresses in one list");
}

static void
a_long_element_is_cut_between_characters(void **state)
{
	struct failure	 why;
	char		*as = repeated("a", 79);
	struct buffer	 want = { 0 };

	(void)state;
	buffer_addf(&want, "invalid address '%s...': a display name without an "
	    "address in '<' and '>'", as);
	assert_false(takes(as, "\u00e9", 2, " b", &why));
	assert_string_equal(why.text, want.data);
	buffer_free(&want);
	buffer_addf(&want, "invalid address '%s@': missing domain after "
	    "'@'", as);
	assert_false(takes(as, "@", 1, "", &why));
	assert_string_equal(why.text, want.data);
	buffer_free(&want);
	free(as);
}

static double
seconds(void)
{
	struct timespec	now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Quadratic time would take minutes; five seconds allow for sanitizers. */
static void
a_megabyte_of_any_text_takes_linear_time(void **state)
{
	static const char *const	units[] = {
		"(", ")", "()", "<", ">", "<>", "\"", "\\", "\"\\", "a,", ",",
		":", ";", "g:;,", "g:", "@", "@a,", "[", "]", "a ", "a.", ".",
		"a", "\"a\" ", "=?", "=?a?q?", "=?a?q?,", "=?a?q?,?= ", "\xff",
		"\xc3\xa9", " ", "\r\n ", "(a)a", "a@b ", "<@a,", "a@b,", "a@",
		"[]", "a<", "<a@b>", "\t", "a@b,x y,", "x y;", "a b ",
		"\"a@b\",",
	};
	static const char *const	before[] = { "", "a@", "<", "(", "\"" };

	(void)state;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
	for (size_t k = 0; k < sizeof(before) / sizeof(*before); k++) {
		char			*text;
		struct address_list	 list = { 0 };
		struct address_faults	 faults = { 0 };
		struct failure		 why;
		double			 began;

		text = repeated(units[i], 1 << 20);
		memcpy(text, before[k], strlen(before[k]));
		began = seconds();
		address_list_parse(&list, text, strlen(text), ADDRESS_HEADER,
		    &why);
		address_list_parse_lenient(&list, &faults, text, strlen(text),
		    &why);
		if (seconds() - began > 5)
			fail_msg("%s%s...: %f s", before[k], units[i],
			    seconds() - began);
		address_list_free(&list);
		address_faults_free(&faults);
		free(text);
	}
}

int
main(void)
{
	static const struct CMUnitTest	other[] = {
		cmocka_unit_test(the_parts_are_unquoted),
		cmocka_unit_test(the_null_path_is_not_a_bare_name),
		cmocka_unit_test(a_refused_list_does_not_change),
		cmocka_unit_test(control_characters_are_refused_everywhere),
		cmocka_unit_test(an_address_has_at_most_1000_octets),
		cmocka_unit_test(a_list_has_at_most_100000_addresses),
		cmocka_unit_test(a_long_element_is_cut_between_characters),
		cmocka_unit_test(a_megabyte_of_any_text_takes_linear_time),
	};

	return CASES_RUN("header", is_accepted_in_header, header) +
	    CASES_RUN("bad header", is_refused_in_header, bad_header) +
	    CASES_RUN("lenient", is_parsed_leniently, lenient) +
	    CASES_RUN("repaired", is_repaired, repaired_lists) +
	    CASES_RUN("argument", is_accepted_as_argument, argument) +
	    CASES_RUN("bad argument", is_refused_as_argument, bad_argument) +
	    CASES_RUN("path", is_path, path) +
	    CASES_RUN("bad path", is_not_path, bad_path) +
	    cmocka_run_group_tests(other, NULL, NULL);
}
