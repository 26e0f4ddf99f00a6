/* Authorization servers: conf/oauth-providers, and tables that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sysexits.h>

#include "setup/oauth_provider.h"
#include "support/cases.h"

#define HEAD	"[one]\nname = One\npage = https://one.test/\n" \
		"token = https://one.test/token\n"
#define ONE	HEAD "scope = mail\n"

struct refused_case {
	const char	*sentence;
	const char	*text;
	const char	*why;		/* begins with the line */
};

static const struct refused_case refused[] = {
	{ "a token endpoint without TLS", "[one]\ntoken = http://one.test/\n",
	    "t:2: token is not an https:// URL" },
	{ "a URL with a user", "[one]\ndevice = https://one.test@two.test/\n",
	    "t:2: device is not an https:// URL" },
	{ "a redirect to another host", "[one]\n"
	    "redirect = http://one.test:{port}/\n", "t:2: redirect must be" },
	{ "a redirect to a host with a similar name", "[one]\n"
	    "redirect = http://localhost:{port}.one.test/\n",
	    "t:2: redirect must be" },
	{ "a redirect with a fixed port", "[one]\n"
	    "redirect = http://127.0.0.1:80/\n", "t:2: redirect must be" },
	{ "an unknown secret", "[one]\nsecret = yes\n", "t:2: secret must be" },
	{ "a tenant with a slash", "[one]\ntenant = a/b\n",
	    "t:2: the tenant" },
	{ "parameters with a blank", "[one]\nparameters = a=b c\n",
	    "t:2: parameters must be" },
	{ "an unknown key", ONE "client_id = x\n",
	    "t:6: unknown key client_id" },
	{ "a key that is set twice", ONE "name = x\n",
	    "t:6: name is set twice" },
	{ "a section without a scope", HEAD, "t: [one] has no scope" },
	{ "a section without a token endpoint", "[one]\nname = x\n[two]\n",
	    "t:3: [one] has no token" },
	{ "a file with two sections", ONE "[two]\nname = x\n"
	    "page = https://two.test/\ntoken = https://two.test/\nscope = s\n",
	    "t: the file must have exactly one section" },
	{ "a file without a section", "# none\n",
	    "t: the file must have exactly one section" },
};

static void
is_refused(void **state)
{
	const struct refused_case	*c = *state;
	struct oauth_provider		 p;
	struct failure			 why;

	assert_false(oauth_provider_parse(&p, NULL, c->text, &why));
	assert_int_equal(why.status, EX_CONFIG);
	if (strncmp(why.text, c->why, strlen(c->why)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", why.text,
		    c->why);
	assert_null(p.id);
}

struct found_case {
	const char	*sentence;
	const char	*host;
	const char	*id;		/* NULL: none */
};

static const struct found_case found[] = {
	{ "Gmail", "smtp.gmail.com", "google" },
	{ "Microsoft 365", "SMTP.office365.com", "microsoft" },
	{ "Outlook.com", "smtp-mail.outlook.com", "microsoft" },
	{ "Microsoft 365 for the US government", "smtp.office365.us",
	    "microsoft-us" },
	{ "an unknown host", "mail.example.org", NULL },
	{ "a part of a host name", "gmail.com", NULL },
};

static void
is_found(void **state)
{
	const struct found_case	*c = *state;
	struct oauth_provider	 p;
	struct failure		 why;

	assert_true(oauth_provider_by_smarthost(&p, c->host, &why));
	if (c->id == NULL)
		assert_null(p.id);
	else
		assert_string_equal(p.id, c->id);
	oauth_provider_free(&p);
}

static void
the_tenant_is_part_of_the_url(void **state)
{
	struct oauth_provider	p;
	struct buffer		url = { 0 };
	struct failure		why;

	(void)state;
	assert_true(oauth_provider_find(&p, "microsoft", &why));
	assert_true(oauth_provider_url(&url, &p, OAUTH_TOKEN, "example.org",
	    &why));
	assert_string_equal(url.data, "https://login.microsoftonline.com/"
	    "example.org/oauth2/v2.0/token");
	buffer_clear(&url);
	assert_true(oauth_provider_url(&url, &p, OAUTH_DEVICE, NULL, &why));
	assert_string_equal(url.data, "https://login.microsoftonline.com/"
	    "common/oauth2/v2.0/devicecode");
	assert_false(oauth_provider_url(&url, &p, OAUTH_TOKEN, "../x", &why));
	assert_int_equal(why.status, EX_USAGE);
	buffer_free(&url);
	oauth_provider_free(&p);
}

static void
a_tenant_is_required_if_there_is_no_default(void **state)
{
	struct oauth_provider	p;
	struct buffer		url = { 0 };
	struct failure		why;

	(void)state;
	assert_true(oauth_provider_parse(&p, "one", "[one]\nname = One\n"
	    "page = https://one.test/\ntoken = https://one.test/{tenant}/t\n"
	    "scope = mail\n", &why));
	assert_false(oauth_provider_url(&url, &p, OAUTH_TOKEN, NULL, &why));
	assert_string_equal(why.text, "One requires a tenant: add --tenant ID");
	buffer_free(&url);
	oauth_provider_free(&p);
}

static void
an_unknown_name_is_answered_with_the_known_ones(void **state)
{
	struct oauth_provider	p;
	struct failure		why;

	(void)state;
	assert_false(oauth_provider_find(&p, "gogle", &why));
	assert_int_equal(why.status, EX_USAGE);
	assert_non_null(strstr(why.text, "gogle: unknown provider; expected "
	    "google, microsoft, microsoft-us"));
}

static void
a_file_that_does_not_exist(void **state)
{
	struct oauth_provider	p;
	struct failure		why;

	(void)state;
	assert_false(oauth_provider_find(&p, "/nonexistent/provider", &why));
	assert_int_equal(why.status, EX_NOINPUT);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(the_tenant_is_part_of_the_url),
		cmocka_unit_test(a_tenant_is_required_if_there_is_no_default),
		cmocka_unit_test(
		    an_unknown_name_is_answered_with_the_known_ones),
		cmocka_unit_test(a_file_that_does_not_exist),
	};

	return CASES_RUN("tables that are refused", is_refused, refused) +
	    CASES_RUN("smarthosts", is_found, found) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
