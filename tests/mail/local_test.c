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
#include "support/cases.h"

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

struct name_case {
	const char	*sentence;
	const char	*name;
	bool		 possible;
};

static void
is_name(void **state)
{
	const struct name_case	*c = *state;

	assert_int_equal(local_name_is_possible(c->name), c->possible);
}

#define POSSIBLE(name)	{ #name " can be one", name, true }
#define IMPOSSIBLE(name) { #name " cannot be one", name, false }

static const struct name_case	name_table[] = {
	POSSIBLE("root"), POSSIBLE("www-data"), POSSIBLE("_apt"),
	POSSIBLE("Kim"), POSSIBLE("k.doe"), POSSIBLE("kim+list"),
	POSSIBLE("host$"), POSSIBLE("1000"), POSSIBLE("a"),
	IMPOSSIBLE(""), IMPOSSIBLE("a@b"), IMPOSSIBLE("kim\uff20b.example"),
	IMPOSSIBLE("L\u00e9e"), IMPOSSIBLE("=?UTF-8?Q?a"), IMPOSSIBLE("a b"),
	IMPOSSIBLE(" "), IMPOSSIBLE("-oX"), IMPOSSIBLE("a,b"),
	IMPOSSIBLE("a!b"), IMPOSSIBLE("a%b"), IMPOSSIBLE("|cmd"),
	IMPOSSIBLE("/path"), IMPOSSIBLE("a/b"), IMPOSSIBLE("a\\b"),
	IMPOSSIBLE("a:b"), IMPOSSIBLE("a;b"), IMPOSSIBLE("\"a\""),
	IMPOSSIBLE("'a'"), IMPOSSIBLE("a=b"), IMPOSSIBLE("(a)"),
	IMPOSSIBLE("a\tb"), IMPOSSIBLE("a*"),
};

int
main(void)
{
	return cmocka_run_group_tests(local_spec, NULL, NULL) +
	    CASES_RUN("names of accounts", is_name, name_table);
}
