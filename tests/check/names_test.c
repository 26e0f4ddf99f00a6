/*
 * relais check: the name in EHLO, and the sender of a program's mail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "check/local.h"
#include "support/cases.h"
#include "support/findings.h"
#include "support/temp_dir.h"
#include "util/buffer.h"

struct names_case {
	const char	*sentence;
	const char	*conf;
	const char	*host;		/* the name of this host */
	const char	*domain;
	const char	*want;
};

#define HELO_REMEDY " => set helo to a name of this host that is in the DNS, " \
	"such as web1.example.org\n"
#define SENDER_OK	"names ok mail from kim gets the sender "
#define SENDER_REMEDY	" => set from to an address that the smarthost " \
	"accepts, or domain to a domain that is in the DNS\n"

static const struct names_case names[] = {
	{ "the full name of this host", "root = a@example.org\n",
	    "web1.example.org", "example.org",
	    "names ok web1.example.org, the name of this host\n"
	    SENDER_OK "kim@example.org\n" },
	{ "the domain, if this host has no full name",
	    "domain = example.org\n", "web1", "example.org",
	    "names ok example.org (the origin), because the name of this "
	    "host, web1, has no domain\n" SENDER_OK "kim@example.org\n" },
	{ "the domain, if the name of this host is invalid",
	    "domain = example.org\n", "web_1.example.net", "example.org",
	    "names ok example.org (the origin), because the name of this "
	    "host, web_1.example.net, is not a valid domain\n"
	    SENDER_OK "kim@example.org\n" },
	{ "the address, if nothing has a domain",
	    "from = a@example.org\nroot = a@example.org\n", "web1", "web1",
	    "names ok the address of the connection, such as [192.0.2.1], "
	    "because the name of this host, web1, has no domain\n"
	    SENDER_OK "a@example.org\n" },
	{ "a helo without a domain is a warning",
	    "helo = web1\ndomain = example.org\n", "web1.example.org",
	    "example.org", "names warning web1, set with helo; it is not a "
	    "fully qualified name, which many servers require" HELO_REMEDY
	    SENDER_OK "kim@example.org\n" },
	{ "an address literal is good",
	    "helo = [192.0.2.1]\ndomain = example.org\n", "web1",
	    "example.org", "names ok [192.0.2.1], set with helo\n"
	    SENDER_OK "kim@example.org\n" },
	{ "localhost.localdomain is not a name that others know",
	    "from = a@example.org\nroot = a@example.org\n",
	    "localhost.localdomain", "localhost.localdomain",
	    "names warning localhost.localdomain, the name of this host; it "
	    "is not a fully qualified name, which many servers require"
	    HELO_REMEDY SENDER_OK "a@example.org\n" },
	{ "a helo of a section",
	    "domain = example.org\n[to *@internal]\nhelo = web1\n",
	    "web1.example.org", "example.org",
	    "names ok web1.example.org, the name of this host\n"
	    "names warning web1, set with helo in [to *@internal]; it is not a "
	    "fully qualified name, which many servers require" HELO_REMEDY
	    SENDER_OK "kim@example.org\n" },
	{ "a sender without a domain is a warning",
	    "helo = web1.example.org\nroot = a@example.org\n", "web1", "web1",
	    "names ok web1.example.org, set with helo\n"
	    "names warning mail from kim gets the sender kim@web1, whose "
	    "domain is known only to this machine; most servers refuse this "
	    "sender"
	    SENDER_REMEDY },
	{ "the sender is known without an address for root", "",
	    "web1.example.org", "example.org",
	    "names ok web1.example.org, the name of this host\n"
	    SENDER_OK "kim@example.org\n" },
};

static void
is_reported(void **state)
{
	const struct names_case	*c = *state;
	struct temp_dir		 dir;
	struct config_source	 source = { .overrides = NULL };
	struct config		 config;
	struct identity		 me = { 0 };
	struct buffer		 out = { 0 }, text = { 0 };
	struct check		 check = { .config = &config, .me = &me,
				    .report = findings_note, .context = &out };
	struct failure		 why;

	temp_dir_make(&dir);
	buffer_addf(&text, "smarthost = mail.example\naliases = off\n%s",
	    c->conf);
	source.file = temp_dir_write(&dir, "conf", 0600, text.data);
	if (!config_load(&config, &source, &why))
		fail_msg("%s", why.text);
	me.host = strdup(c->host);
	me.domain = strdup(c->domain);
	me.domain_origin = strdup("the origin");
	me.user = strdup("kim");
	me.name = strdup("");
	me.helo = identity_helo(&me, &config, NULL);
	check_names(&check);
	assert_string_equal(out.data, c->want);
	identity_free(&me);
	config_free(&config);
	buffer_free(&out);
	buffer_free(&text);
	temp_dir_remove(&dir);
}

int
main(void)
{
	return CASES_RUN("names", is_reported, names);
}
