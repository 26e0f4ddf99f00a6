/*
 * Which addresses mean this machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mail/local.h"

struct row {
	const char	*host, *domain, *path;
	bool		 local;
};

static void
is_judged(void **state)
{
	const struct row	*row = *state;
	struct local_host	 names = { row->host, row->domain };
	struct address		 a;
	struct failure		 why;

	assert_true(address_parse_path(&a, row->path, strlen(row->path),
	    &why));
	assert_int_equal(address_is_local(&a, &names), row->local);
	address_free(&a);
}

#define LOCAL(sentence, host, domain, path) { sentence, is_judged, NULL, \
	NULL, &(struct row){ host, domain, path, true } }
#define FOREIGN(sentence, host, domain, path) { sentence, is_judged, NULL, \
	NULL, &(struct row){ host, domain, path, false } }

static const struct CMUnitTest local_spec[] = {
	LOCAL("a bare name is local", "web1", "example.org", "root"),
	LOCAL("a bare name in quotes is, too", "web1", "example.org",
	    "\"the cat\""),
	LOCAL("so is a name at localhost", "web1", "example.org",
	    "root@localhost"),
	LOCAL("capitals or not", "web1", "example.org", "root@LocalHost"),
	LOCAL("and at localhost.localdomain", "web1", "example.org",
	    "root@localhost.localdomain"),
	FOREIGN("but not at any other name below localhost", "web1",
	    "example.org", "root@localhost.example.net"),
	FOREIGN("nor at one that begins like it", "web1", "example.org",
	    "root@localhosts"),
	LOCAL("the host's name is local", "web1", "example.org", "root@web1"),
	LOCAL("the host's full name is local", "web1.example.org",
	    "example.org", "root@Web1.Example.Org"),
	LOCAL("the host's name within the domain is local", "web1",
	    "example.org", "root@web1.example.org"),
	LOCAL("the first label of a full name within the domain, too",
	    "web1.lan", "example.org", "root@web1.example.org"),
	LOCAL("and so is that label alone",
	    "web1.example.org", "example.org", "root@web1"),
	FOREIGN("a longer name is another host", "web1", "example.org",
	    "root@web10.example.org"),
	FOREIGN("a name below ours is another host", "web1", "example.org",
	    "root@a.web1.example.org"),
	FOREIGN("people at the domain are not on this machine", "web1",
	    "example.org", "info@example.org"),
	FOREIGN("also where the host has the domain's own name",
	    "example.org", "example.org", "info@example.org"),
	FOREIGN("also where host and domain are one label", "lan", "lan",
	    "info@lan"),
	LOCAL("a domain that is but the full name of the host is local",
	    "web1.example.org", "web1.example.org", "root@web1.example.org"),
	FOREIGN("the parent domain is foreign", "web1.example.org",
	    "web1.example.org", "info@example.org"),
	FOREIGN("an address literal is foreign", "web1", "example.org",
	    "root@[127.0.0.1]"),
	FOREIGN("the null path is nobody", "web1", "example.org", ""),
};

static void
is_possible(void **state)
{
	static const char *const	names[] = { "root", "www-data", "_apt",
		"Kim", "k.doe", "kim+list", "host$", "1000", "a" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!local_name_is_possible(names[i]))
			fail_msg("%s", names[i]);
}

static void
is_impossible(void **state)
{
	static const char *const	names[] = { "", "a@b", "kim\uff20b.example",
		"L\u00e9e", "=?UTF-8?Q?a", "a b", " ", "-oX", "a,b", "a!b",
		"a%b", "|cmd", "/path", "a/b", "a\\b", "a:b", "a;b", "\"a\"",
		"'a'", "a=b", "(a)", "a\tb", "a*" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (local_name_is_possible(names[i]))
			fail_msg("%s", names[i]);
}

static const struct CMUnitTest name_spec[] = {
	{ "what an account may be called", is_possible, NULL, NULL, NULL },
	{ "what no account is called", is_impossible, NULL, NULL, NULL },
};

int
main(void)
{
	return cmocka_run_group_tests(local_spec, NULL, NULL) +
	    cmocka_run_group_tests(name_spec, NULL, NULL);
}
