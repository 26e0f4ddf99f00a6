/*
 * Local addresses, and names that an account can have.
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
is_local(void **state)
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

#define LOCAL(sentence, host, domain, path) { sentence, is_local, NULL, \
	NULL, &(struct row){ host, domain, path, true } }
#define FOREIGN(sentence, host, domain, path) { sentence, is_local, NULL, \
	NULL, &(struct row){ host, domain, path, false } }

static const struct CMUnitTest local_spec[] = {
	LOCAL("a bare name is local", "web1", "example.org", "root"),
	LOCAL("a quoted bare name is local", "web1", "example.org",
	    "\"the cat\""),
	LOCAL("an address at localhost is local", "web1", "example.org",
	    "root@localhost"),
	LOCAL("an address at LocalHost is local",
	    "web1", "example.org", "root@LocalHost"),
	LOCAL("an address at localhost.localdomain is local",
	    "web1", "example.org",
	    "root@localhost.localdomain"),
	FOREIGN("an address at another subdomain of localhost is not local",
	    "web1",
	    "example.org", "root@localhost.example.net"),
	FOREIGN("an address at localhosts is not local", "web1", "example.org",
	    "root@localhosts"),
	LOCAL("an address at the host name is local",
	    "web1", "example.org", "root@web1"),
	LOCAL("an address at the full host name is local", "web1.example.org",
	    "example.org", "root@Web1.Example.Org"),
	LOCAL("an address at the host name in the domain is local", "web1",
	    "example.org", "root@web1.example.org"),
	LOCAL("an address at the first label of the host name in the domain "
	    "is local",
	    "web1.lan", "example.org", "root@web1.example.org"),
	LOCAL("an address at the first label of the host name is local",
	    "web1.example.org", "example.org", "root@web1"),
	FOREIGN("a longer name is another host", "web1", "example.org",
	    "root@web10.example.org"),
	FOREIGN("a name below ours is another host", "web1", "example.org",
	    "root@a.web1.example.org"),
	FOREIGN("an address at the domain is not local", "web1",
	    "example.org", "info@example.org"),
	FOREIGN("an address at the domain is not local if the host has the "
	    "same name",
	    "example.org", "example.org", "info@example.org"),
	FOREIGN("an address at a domain of one label is not local",
	    "lan", "lan",
	    "info@lan"),
	LOCAL("an address at a domain that is the full host name is local",
	    "web1.example.org", "web1.example.org", "root@web1.example.org"),
	FOREIGN("an address at the parent domain is not local",
	    "web1.example.org",
	    "web1.example.org", "info@example.org"),
	FOREIGN("an address at a literal is not local", "web1", "example.org",
	    "root@[127.0.0.1]"),
	FOREIGN("the null path is not local", "web1", "example.org", ""),
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
	{ "names that an account can have", is_possible, NULL, NULL, NULL },
	{ "names that an account cannot have",
	    is_impossible, NULL, NULL, NULL },
};

int
main(void)
{
	return cmocka_run_group_tests(local_spec, NULL, NULL) +
	    cmocka_run_group_tests(name_spec, NULL, NULL);
}
