#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "config/smarthost.h"

struct good {
	const char		*value;
	struct smarthost_url	 want;
	bool			 local;
};

static void
reads(void **state)
{
	const struct good	*c = *state;
	struct smarthost_list	 list;
	struct failure		 why = { 0 };
	const struct smarthost_url	*h;

	if (!smarthost_list_parse(&list, c->value, &why))
		fail_msg("%s", why.text);
	assert_int_equal(list.n, 1);
	h = &list.host[0];
	assert_int_equal(h->scheme, c->want.scheme);
	assert_int_equal(h->lookup, c->want.lookup);
	assert_int_equal(h->port, c->want.port);
	assert_int_equal(h->port_given, c->want.port_given);
	assert_string_equal(h->host != NULL ? h->host : "none",
	    c->want.host != NULL ? c->want.host : "none");
	assert_string_equal(h->user != NULL ? h->user : "none",
	    c->want.user != NULL ? c->want.user : "none");
	assert_string_equal(h->path != NULL ? h->path : "none",
	    c->want.path != NULL ? c->want.path : "none");
	assert_int_equal(smarthost_is_local(h), c->local);
	smarthost_list_free(&list);
}

struct bad {
	const char	*value;
	const char	*says;
};

static void
refuses(void **state)
{
	const struct bad	*c = *state;
	struct smarthost_list	 list;
	struct failure		 why = { 0 };

	assert_false(smarthost_list_parse(&list, c->value, &why));
	assert_int_equal(why.status, EX_CONFIG);
	if (strstr(why.text, c->says) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why.text, c->says);
	assert_null(list.host);
}

struct written {
	const char	*value;
	const char	*want;
};

static void
writes(void **state)
{
	const struct written	*c = *state;
	struct smarthost_list	 list;
	struct buffer		 url = { 0 };
	struct failure		 why;

	assert_true(smarthost_list_parse(&list, c->value, &why));
	smarthost_write(&url, &list.host[0]);
	assert_string_equal(url.data, c->want);
	buffer_free(&url);
	smarthost_list_free(&list);
}

static void
keeps_order(void **state)
{
	struct smarthost_list	list;
	struct failure		why;

	(void)state;
	assert_true(smarthost_list_parse(&list,
	    "a.example, smtp://b.example\tlmtp:///run/c", &why));
	assert_int_equal(list.n, 3);
	assert_string_equal(list.host[0].host, "a.example");
	assert_string_equal(list.host[1].host, "b.example");
	assert_string_equal(list.host[2].path, "/run/c");
	smarthost_list_free(&list);
	assert_int_equal(list.n, 0);
}

static void
bounds_the_list(void **state)
{
	struct smarthost_list	list;
	struct failure		why;
	char			value[256];

	(void)state;
	memset(value, 'a', sizeof(value));
	for (size_t i = 1; i < sizeof(value); i += 2)
		value[i] = ' ';
	value[sizeof(value) - 1] = '\0';
	assert_false(smarthost_list_parse(&list, value, &why));
	assert_string_equal(why.text, "too many smarthosts (at most 32)");
}

static void
reads_a_command(void **state)
{
	const struct { const char *value; size_t n; const char *command; }
	    cases[] = {
		{ "command:///a", 1, "/a" },
		{ "command:///a/b  -c d,e http://f?g@h", 1,
		    "/a/b -c d,e http://f?g@h" },
		{ "command:///a b, smtp://c", 2, "/a b" },
		{ "Command:///a, b", 2, "/a" },
		{ "command:///a,b", 2, "/a" },
		{ "command:///a b , c, d", 3, "/a b " },
		{ "command:///a\tb ,", 1, "/a b " },
	};
	struct smarthost_list	list;
	struct failure		why;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!smarthost_list_parse(&list, cases[i].value, &why))
			fail_msg("%s", why.text);
		assert_int_equal(list.n, cases[i].n);
		assert_int_equal(list.host[0].scheme, SCHEME_COMMAND);
		assert_string_equal(list.host[0].command, cases[i].command);
		smarthost_list_free(&list);
	}
	assert_true(smarthost_list_parse(&list, "a, command:///b c, maildir:///"
	    "d/ discard: lmtp:///e", &why));
	assert_int_equal(list.n, 5);
	assert_string_equal(list.host[1].command, "/b c");
	assert_string_equal(list.host[1].path, "/b");
	assert_string_equal(list.host[2].path, "/d");
	assert_int_equal(list.host[3].scheme, SCHEME_DISCARD);
	assert_true(smarthost_is_server(&list.host[0]));
	assert_true(smarthost_is_server(&list.host[4]));
	for (size_t i = 1; i < 4; i++)
		assert_false(smarthost_is_server(&list.host[i]));
	smarthost_list_free(&list);
}

/* Field by field: scheme, lookup, user, host, path, port, given. */
#define READS(sentence, value, local, ...) \
	{ sentence, reads, NULL, NULL, &(struct good){ value, \
	    { __VA_ARGS__, NULL }, local } }
#define REFUSES(sentence, value, says) \
	{ sentence, refuses, NULL, NULL, &(struct bad){ value, says } }

#define WRITES(sentence, value, want) \
	{ sentence, writes, NULL, NULL, &(struct written){ value, want } }

static const struct CMUnitTest spec[] = {
	WRITES("a URL is written with its port", "mail.example",
	    "submission://mail.example:587"),
	WRITES("the user is not written", "submissions://kim@mail.example",
	    "submissions://mail.example:465"),
	WRITES("an IPv6 address is written in brackets", "smtp://[::1]:2525",
	    "smtp://[::1]:2525"),
	WRITES("a Unix socket is written with its path", "lmtp:///run/x",
	    "lmtp:///run/x"),
	WRITES("a URL with MX records has a port", "smtp+mx://mail.example",
	    "smtp+mx://mail.example:25"),
	WRITES("the port is that of the SRV records",
	    "submission+srv://mail.example", "submission+srv://mail.example"),
	READS("a host without a scheme is submission", "mail.example", false,
	    SCHEME_SUBMISSION, LOOKUP_ADDRESS, NULL, "mail.example",
	    NULL, 587, false),
	READS("a host with port 465 is submissions",
	    "mail.example:465", false, SCHEME_SUBMISSIONS,
	    LOOKUP_ADDRESS, NULL, "mail.example", NULL, 465, true),
	READS("a host with port 25 is smtp", "mail.example:25",
	    false, SCHEME_SMTP, LOOKUP_ADDRESS, NULL, "mail.example",
	    NULL, 25, true),
	READS("a host with another port is submission",
	    "mail.example:2525", false, SCHEME_SUBMISSION,
	    LOOKUP_ADDRESS, NULL, "mail.example", NULL, 2525, true),
	READS("a scheme takes precedence over the port",
	    "submission://mail.example:465", false, SCHEME_SUBMISSION,
	    LOOKUP_ADDRESS, NULL, "mail.example", NULL, 465, true),
	READS("schemes are case-insensitive and have a default port",
	    "SMTP://mail.example", false, SCHEME_SMTP, LOOKUP_ADDRESS,
	    NULL, "mail.example", NULL, 25, false),
	READS("a slash after the host is allowed",
	    "submissions://mail.example/", false, SCHEME_SUBMISSIONS,
	    LOOKUP_ADDRESS, NULL, "mail.example", NULL, 465, false),
	READS("a URL can contain a user and a port",
	    "submission://me@mail.example:588", false,
	    SCHEME_SUBMISSION, LOOKUP_ADDRESS, "me", "mail.example",
	    NULL, 588, true),
	READS("a user can be an address: the last @ is used",
	    "submission://me@work.example@mail.example", false,
	    SCHEME_SUBMISSION, LOOKUP_ADDRESS, "me@work.example",
	    "mail.example", NULL, 587, false),
	READS("a user can contain %XX",
	    "submission://m%65%40work.example@mail.example", false,
	    SCHEME_SUBMISSION, LOOKUP_ADDRESS, "me@work.example",
	    "mail.example", NULL, 587, false),
	READS("an address literal is stored without brackets",
	    "smtp://[::1]:2525", true, SCHEME_SMTP, LOOKUP_ADDRESS,
	    NULL, "::1", NULL, 2525, true),
	READS("an IPv6 address can have a zone", "smtp://[fe80::1%eth0]",
	    false, SCHEME_SMTP, LOOKUP_ADDRESS, NULL, "fe80::1%eth0",
	    NULL, 25, false),
	READS("all of 127.0.0.0/8 is local", "smtp://127.8.9.10", true,
	    SCHEME_SMTP, LOOKUP_ADDRESS, NULL, "127.8.9.10", NULL, 25,
	    false),
	READS("a name that begins with 127 is not local",
	    "smtp://127.0.0.1.example", false, SCHEME_SMTP,
	    LOOKUP_ADDRESS, NULL, "127.0.0.1.example", NULL, 25, false),
	READS("localhost is local", "smtp://LocalHost", true,
	    SCHEME_SMTP, LOOKUP_ADDRESS, NULL, "LocalHost", NULL, 25,
	    false),
	READS("the MX of localhost is not local",
	    "smtp+mx://localhost", false, SCHEME_SMTP, LOOKUP_MX, NULL,
	    "localhost", NULL, 25, false),
	READS("SRV records", "submissions+srv://example.org", false,
	    SCHEME_SUBMISSIONS, LOOKUP_SRV, NULL, "example.org", NULL,
	    465, false),
	READS("a Unix socket for LMTP", "lmtp:///run/lmtp.sock", true,
	    SCHEME_LMTP, LOOKUP_ADDRESS, NULL, NULL, "/run/lmtp.sock",
	    0, false),
	READS("a Unix socket for SMTP", "smtp:///run/a@b:1", true,
	    SCHEME_SMTP, LOOKUP_ADDRESS, NULL, NULL, "/run/a@b:1", 0,
	    false),
	READS("a name that is not ASCII", "b\303\274ro.example", false,
	    SCHEME_SUBMISSION, LOOKUP_ADDRESS, NULL,
	    "b\303\274ro.example", NULL, 587, false),
	READS("a Maildir", "maildir:///srv/mail/", true, SCHEME_MAILDIR,
	    LOOKUP_ADDRESS, NULL, NULL, "/srv/mail", 0, false),
	READS("a program", "command:///opt/a@b:1", true, SCHEME_COMMAND,
	    LOOKUP_ADDRESS, NULL, NULL, "/opt/a@b:1", 0, false),
	READS("nothing", "Discard:", true, SCHEME_DISCARD, LOOKUP_ADDRESS,
	    NULL, NULL, NULL, 0, false),
	WRITES("the arguments of a command are not written",
	    "command:///bin/x --key y", "command:///bin/x"),
	WRITES("a Maildir is written with its path", "maildir:///srv/x",
	    "maildir:///srv/x"),
	WRITES("discard: is written without slashes", "discard:", "discard:"),
	cmocka_unit_test(reads_a_command),
	cmocka_unit_test(keeps_order),
	cmocka_unit_test(bounds_the_list),
	REFUSES("an empty value", "", "the host is missing"),
	REFUSES("a value of commas", " ,, ", "the host is missing"),
	REFUSES("a URL without a host", "submission://", "the host is missing"),
	REFUSES("a port without a host", "smtp://:25",
	    "the host is missing"),
	REFUSES("an unknown scheme", "smtps://mail.example",
	    "expected submissions://"),
	REFUSES("a program with a relative path", "command://send",
	    "expected command:///path"),
	REFUSES("a program without a path", "command:///",
	    "expected command:///path"),
	REFUSES("one slash before the program", "command:/bin/x",
	    "must follow ://"),
	REFUSES("a Maildir with a relative path", "maildir://Maildir",
	    "expected maildir:///path"),
	REFUSES("a Maildir with an MX lookup", "maildir+mx:///srv/x",
	    "expected maildir:///path"),
	REFUSES("discard: with a host", "discard://x",
	    "expected discard: without"),
	REFUSES("a server after a command without a comma",
	    "command:///bin/x smtp://b", "end the command with a comma"),
	REFUSES("discard: after a command without a comma",
	    "command:///bin/x y discard:", "end the command with a comma"),
	REFUSES("an unknown lookup", "smtp+a://mail.example",
	    "expected submissions://"),
	REFUSES("a password in a URL", "submission://me:secret@mail.example",
	    "\"...@mail.example\": a URL must not contain a password"),
	REFUSES("a password that contains a blank",
	    "submission://me:hun ter2@mail.example",
	    "\"submission://me:...\": the port must be a number"),
	REFUSES("a password without a host", "me:hunter2",
	    "\"me:...\": the port must be a number"),
	REFUSES("a password that contains separators",
	    "smtp://me:a/b:c@d@mail.example:x",
	    "\"...@mail.example:...\": "),
	REFUSES("an empty user", "submission://@mail.example",
	    "the user before @"),
	REFUSES("an incomplete %XX", "submission://me%4@mail.example",
	    "the user before @"),
	REFUSES("a control character as %XX",
	    "submission://me%0Ayou@mail.example", "the user before @"),
	REFUSES("a NUL as %XX", "submission://me%00@mail.example",
	    "the user before @"),
	REFUSES("port 0", "mail.example:0", "1 to 65535"),
	REFUSES("port 65536", "mail.example:65536", "1 to 65535"),
	REFUSES("a port of twenty digits", "mail.example:99999999999999999999",
	    "1 to 65535"),
	REFUSES("a colon without a port", "mail.example:",
	    "1 to 65535"),
	REFUSES("a word as port", "mail.example:smtp", "1 to 65535"),
	REFUSES("a path after the host", "smtp://mail.example/x",
	    "only a port is allowed"),
	REFUSES("IPv6 without brackets", "smtp://2001:db8::1",
	    "must be enclosed in [ and ]"),
	REFUSES("an address without a closing bracket", "smtp://[::1",
	    "the closing ] of the address"),
	REFUSES("a name in brackets", "smtp://[mail.example]",
	    "expected an IPv6 address"),
	REFUSES("text after the closing bracket", "smtp://[::1]x",
	    "1 to 65535"),
	REFUSES("an empty label", "mail..example", "invalid host name"),
	REFUSES("a host that begins with a hyphen",
	    "-oX.example", "invalid host name"),
	REFUSES("a semicolon in the host", "mail.example;reboot",
	    "invalid host name"),
	REFUSES("an escape sequence, made visible", "mail\033[2J",
	    "mail\\033[2J"),
	REFUSES("a comment after the value",
	    "mail.example # the new one",
	    "a comment must be on a separate line"),
	REFUSES("a Unix socket for submission", "submission:///run/x",
	    "smtp:///path or lmtp:///path"),
	REFUSES("an MX lookup for a Unix socket", "lmtp+mx:///run/x",
	    "smtp:///path or lmtp:///path"),
	REFUSES("a path that is too long for a Unix socket",
	    "lmtp:///"
	    "/aaaaaaaaa/aaaaaaaaa/aaaaaaaaa/aaaaaaaaa/aaaaaaaaa/aaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    "too long"),
	REFUSES("an MX lookup for an address", "smtp+mx://192.0.2.1",
	    "require a host name"),
	REFUSES("a port with an SRV lookup",
	    "submission+srv://example.org:587", "SRV record"),
};

int
main(void)
{
	return cmocka_run_group_tests(spec, NULL, NULL);
}
