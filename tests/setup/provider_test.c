/* The table of providers: conf/providers, and tables that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "setup/provider.h"
#include "support/cases.h"
#include "util/installed.h"

/* A section, to which a case adds lines. */
#define HEAD	"[one]\nname = One\nsmarthost = submissions://smtp.one.test\n" \
		"login = password\n"
#define ONE	HEAD "user = address\n"

struct refused_case {
	const char	*sentence;
	const char	*text;
	const char	*why;		/* begins with the line */
};

static const struct refused_case refused[] = {
	{ "a line before the first section", "name = x\n",
	    "t:1: a section must begin" },
	{ "a line without an equals sign", "[one]\nname\n",
	    "t:2: expected key = value" },
	{ "an unknown key", ONE "color = red\n", "t:6: unknown key color" },
	{ "the beginning of a key", "[one]\nnam = x\n", "t:2: unknown key nam" },
	{ "a key that is set twice", ONE "name = Two\n",
	    "t:6: name is set twice" },
	{ "an empty value", "[one]\nname =\n", "t:2: the value is empty" },
	{ "a value that ends with a blank", "[one]\nname = x \n",
	    "t:2: the value is empty or ends with a blank" },
	{ "a control character", "[one]\nname = \033[2J\n",
	    "t:2: the line is too long or contains a control character" },
	{ "a section that appears twice", ONE "[one]\n",
	    "t:6: [one] appears twice" },
	{ "a section in capital letters", "[One]\n", "t:1: expected [name]" },
	{ "a section without an end", "[one\n", "t:1: expected [name]" },
	{ "a section without a required key", "[one]\nname = x\n[two]\n",
	    "t:3: [one] has no smarthost" },
	{ "a last section without a required key", HEAD,
	    "t: [one] has no user" },
	{ "a smarthost without TLS", "[one]\nsmarthost = smtp://a.test\n",
	    "t:2: the smarthost is not" },
	{ "a smarthost without a scheme", "[one]\nsmarthost = a.test\n",
	    "t:2: the smarthost is not" },
	{ "a smarthost with a user", "[one]\n"
	    "smarthost = submission://me@a.test\n",
	    "t:2: the smarthost is not" },
	{ "two smarthosts", "[one]\nsmarthost = submission://a.test "
	    "submission://b.test\n", "t:2: the smarthost is not" },
	{ "an unknown login", "[one]\nlogin = Password\n",
	    "t:2: login must be" },
	{ "a fixed user without a name", "[one]\nuser = fixed\n",
	    "t:2: user must be" },
	{ "a name after address", "[one]\nuser = address x\n",
	    "t:2: user must be" },
	{ "an unknown sender", "[one]\nsender = me\n", "t:2: sender must be" },
	{ "a domain in capital letters", "[one]\ndomains = a.test B.test\n",
	    "t:2: B.test is not a domain" },
	{ "a domain without a dot", "[one]\ndomains = test\n",
	    "t:2: test is not a domain" },
	{ "a pattern that is not one of smarthosts", "[one]\nmx = *.test\n",
	    "t:2: *.test is not a domain" },
	{ "a domain of two providers", "[one]\nname = x\ndomains = a.test\n"
	    "smarthost = submission://x.test\nlogin = oauth\nuser = issued\n"
	    "[two]\ndomains = b.test a.test\n", "t:8: [one] also has a.test" },
	{ "an MX host of two providers", "[one]\nname = x\nmx = a.test\n"
	    "smarthost = submission://x.test\nlogin = oauth\nuser = issued\n"
	    "[two]\nmx = mx.a.test\n", "t:8: [one] also has mx.a.test" },
	{ "a page without https", "[one]\npage = http://a.test/\n",
	    "t:2: the page" },
	{ "a pace without a period", "[one]\npace = 30\n",
	    "t:2: invalid value \"30\"; expected off, or" },
	{ "no connections", "[one]\nconnections = 0\n",
	    "t:2: \"0\" is out of range" },
	{ "a note that ends with a full stop", "[one]\nnote = No.\n",
	    "t:2: the note" },
};

static void
is_refused(void **state)
{
	const struct refused_case	*c = *state;
	struct provider_table		 t;
	struct failure			 why;

	assert_false(provider_table_parse(&t, "t", c->text, strlen(c->text),
	    &why));
	assert_int_equal(why.status, EX_CONFIG);
	if (strncmp(why.text, c->why, strlen(c->why)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", why.text,
		    c->why);
	assert_int_equal(t.n, 0);
}

struct found_case {
	const char	*sentence;
	const struct provider *(*find)(const struct provider_table *,
			    const char *);
	const char	*what;
	const char	*id;		/* NULL: none */
};

static const struct found_case found[] = {
	{ "an address at gmail.com", provider_by_domain, "gmail.com",
	    "gmail" },
	{ "a domain in capital letters", provider_by_domain, "GMX.de",
	    "gmx" },
	{ "a subdomain is another domain", provider_by_domain,
	    "mail.gmail.com", NULL },
	{ "a domain that ends in the same way", provider_by_domain,
	    "notgmail.com", NULL },
	{ "an MX host of Google Workspace", provider_by_mx,
	    "aspmx.l.google.com", "gmail" },
	{ "an MX host with a final dot", provider_by_mx,
	    "smtp.google.com.", "gmail" },
	{ "an MX host of Microsoft 365", provider_by_mx,
	    "example-org.mail.protection.outlook.com", "microsoft365" },
	{ "an MX host of Outlook.com", provider_by_mx,
	    "outlook-com.olc.protection.outlook.com", "outlook" },
	{ "a host that ends in the same way", provider_by_mx,
	    "mx.notgoogle.com", NULL },
	{ "an SMTP host", provider_by_smarthost, "smtp.gmail.com", "gmail" },
	{ "a further SMTP host", provider_by_smarthost,
	    "smtp.eu.mailgun.org", "mailgun" },
	{ "the SMTP host of a region", provider_by_smarthost,
	    "email-smtp.eu-west-1.amazonaws.com", "ses" },
	{ "another host of the same company", provider_by_smarthost,
	    "ec2-1-2-3-4.compute.amazonaws.com", NULL },
	{ "a name", provider_by_id, "SendGrid", "sendgrid" },
	{ "an unknown name", provider_by_id, "nobody", NULL },
};

static struct provider_table table;	/* conf/providers */

static void
is_found(void **state)
{
	const struct found_case	*c = *state;
	const struct provider	*p = c->find(&table, c->what);

	if (c->id == NULL)
		assert_null(p);
	else {
		assert_non_null(p);
		assert_string_equal(p->id, c->id);
	}
}

static void
the_values_are_those_of_the_table(void **state)
{
	const struct provider	*p = provider_by_id(&table, "sendgrid");

	(void)state;
	assert_non_null(p);
	assert_string_equal(p->value[PROVIDER_NAME], "Twilio SendGrid");
	assert_string_equal(p->host, "smtp.sendgrid.net");
	assert_int_equal(p->login, LOGIN_API_KEY);
	assert_int_equal(p->user, PROVIDER_USER_FIXED);
	assert_string_equal(p->fixed_user, "apikey");
	assert_int_equal(p->sender, PROVIDER_SENDER_VERIFIED);
	assert_null(p->value[PROVIDER_MX]);
}

/* Each smarthost must be found again, and each login must be explained. */
static void
the_table_is_complete(void **state)
{
	(void)state;
	assert_in_range(table.n, 40, 200);
	for (size_t i = 0; i < table.n; i++) {
		const struct provider	*p = &table.provider[i];

		if (provider_by_smarthost(&table, p->host) != p)
			fail_msg("[%s]: %s is the host of another provider",
			    p->id, p->host);
		if (p->login != LOGIN_PASSWORD && p->value[PROVIDER_PAGE] ==
		    NULL && p->value[PROVIDER_NOTE] == NULL &&
		    p->user != PROVIDER_USER_FIXED)
			fail_msg("[%s]: neither a page nor a note says how to "
			    "get %s", p->id,
			    provider_login_text(p->login));
	}
}

static void
a_table_that_does_not_exist(void **state)
{
	struct provider_table	t;
	struct failure		why;

	(void)state;
	assert_false(provider_table_read(&t, "/nonexistent/providers", &why));
	assert_int_equal(why.status, EX_NOINPUT);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(the_values_are_those_of_the_table),
		cmocka_unit_test(the_table_is_complete),
		cmocka_unit_test(a_table_that_does_not_exist),
	};
	struct failure	why;
	int		failures;

	if (!provider_table_read(&table, installed_providers(), &why)) {
		fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	failures = CASES_RUN("tables that are refused", is_refused, refused) +
	    CASES_RUN("providers that are found", is_found, found) +
	    cmocka_run_group_tests(tests, NULL, NULL);
	provider_table_free(&table);
	return failures;
}
