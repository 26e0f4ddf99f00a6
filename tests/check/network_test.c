/*
 * relais check: addresses, ports, and the SPF and DMARC records of the sender's
 * domain, in a network of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "check/check.h"
#include "check/sender_policy.h"
#include "support/cases.h"
#include "support/conf.h"
#include "support/dns.h"
#include "support/findings.h"
#include "support/network.h"

#define TXT(n, v)	{ .name = n, .type = DNS_TXT, .value = v }
#define A(n, v)		{ .name = n, .type = DNS_A, .value = v }

static const struct dns_record records[] = {
	TXT("none.test", "v=spf1 -all"),
	TXT("good.test", "v=spf1 include:_spf.google.com ~all"),
	TXT("deep.test", "v=spf1 include:one.test -all"),
	TXT("old.test", "v=spf1 include:_old.google.com -all"),
	TXT("one.test", "v=spf1 redirect=good.test"),
	TXT("bad.test", "v=spf1 ip4:198.51.100.0/24 a -all"),
	TXT("_dmarc.bad.test", "v=DMARC1; sp=none; p=reject; pct=100"),
	TXT("address.test", "v=spf1 ip4:192.0.2.0/28 -all"),
	TXT("mx.test", "v=spf1 mx -all"),
	TXT("macro.test", "v=spf1 exists:%{i}.x.test -all"),
	TXT("loop.test", "v=spf1 include:loop.test -all"),
	TXT("soft.test", "v=spf1 ip4:198.51.100.1 ?all"),
	TXT("other.test", "google-site-verification=1"),
	A("ports.test", "127.0.0.1"),
	A("two.test", "127.0.0.1"), A("two.test", "127.0.0.2"),
	{ .name = "srv.test", .type = DNS_MX, .priority = 1,
	    .value = "two.test" },
	{ .name = NULL }
};

struct network_case {
	const char	*sentence;
	const char	*smarthost;
	const char	*sender;
	const char	*want[6];	/* in order; NULL: no finding; "!": is
					 * not reported */
};

#define GMAIL	"submission://smtp.gmail.com"

static const char table[] =
    "[gmail]\nname = Gmail\nsmarthost = " GMAIL "\nlogin = password\n"
    "user = address\nspf = _spf.google.com _old.google.com\n"
    "[service]\nname = Service\nsmarthost = submission://smtp.service.test\n"
    "login = password\nuser = address\n";

static const struct network_case policies[] = {
	{ "a domain that sends no mail", "submission://smtp.example.net",
	    "a@none.test", { "mail warning the SPF record of none.test says "
	    "that this domain sends no mail: \"v=spf1 -all\"" } },
	{ "a record that includes the provider", GMAIL, "a@good.test",
	    { NULL } },
	{ "a record that includes the provider indirectly", GMAIL,
	    "a@deep.test", { NULL } },
	{ "a record that covers neither the provider nor the addresses",
	    GMAIL, "a@bad.test", { "mail warning the SPF record of bad.test "
	    "covers neither _spf.google.com nor smtp.gmail.com, and its DMARC "
	    "policy is reject: \"v=spf1 ip4:198.51.100.0/24 a -all\" (looked "
	    "at bad.test, _dmarc.bad.test)",
	    "=> add include:_spf.google.com to the TXT record of bad.test" } },
	{ "a record that includes another name of the provider", GMAIL,
	    "a@old.test", { NULL } },
	{ "no alarm for a provider that has a domain of its own in the "
	    "envelope", "submission://smtp.service.test", "a@bad.test",
	    { NULL } },
	{ "a record that covers the address of the smarthost", GMAIL,
	    "a@address.test", { NULL } },
	{ "no alarm for a smarthost whose provider is not known",
	    "submission://smtp.example.net", "a@bad.test", { NULL } },
	{ "no alarm for mx", GMAIL, "a@mx.test", { NULL } },
	{ "no alarm for a macro", GMAIL, "a@macro.test", { NULL } },
	{ "no alarm for a loop", GMAIL, "a@loop.test", { NULL } },
	{ "no alarm for a neutral result", GMAIL, "a@soft.test", { NULL } },
	{ "no alarm without an SPF record", GMAIL, "a@other.test", { NULL } },
	{ "a sender whose domain does not exist", GMAIL, "a@gone.test",
	    { "mail warning the domain of the sender, gone.test, does not "
	    "exist in the DNS", "=> set from or domain" } },
	{ "the null sender has no domain", GMAIL, "", { NULL } },
	{ "an address literal has no records", GMAIL, "a@[192.0.2.1]",
	    { NULL } },
};

static const struct network_case hosts[] = {
	{ "ports 25, 465 and 587 time out, and 2525 answers",
	    "submission://ports.test", "a@good.test",
	    { "connect fail Connection timed out after ",
	    "ports that time out: 587, 465, 25",
	    "=> port 2525 answers: if the server accepts your mail there, set "
	    "smarthost = submission://ports.test:2525 (here:1)" } },
	{ "each address is reported", "smtp://two.test:2600", "a@good.test",
	    { "lookup ok 127.0.0.1, 127.0.0.2",
	    "connect warning Connection refused after",
	    "connect ok connected in", "rset ok" } },
	{ "the targets of MX records", "smtp+mx://srv.test:2600",
	    "a@good.test", { "lookup ok 127.0.0.1, 127.0.0.2", "rset ok" } },
	{ "a name that does not exist", "smtp://gone.test", "a@good.test",
	    { "lookup fail the host name does not exist in the DNS" } },
	{ "a domain without SRV records", "submission+srv://gone.test",
	    "a@good.test", { "lookup fail _submission._tcp.gone.test does not "
	    "exist in the DNS (here:1)" } },
};

static struct temp_dir	dir;

static void
run_case(const struct network_case *c, bool policy_only)
{
	struct config		 config;
	struct identity		 me;
	struct smarthost_list	 list = { .n = 0 };
	struct failure		 why;
	struct reach		 reach = { .n = 1, .attempt = { {
				    .address = "192.0.2.7" } } };
	struct buffer		 out = { 0 };
	struct provider_table	 providers;
	struct check		 check = { .config = &config, .me = &me,
				    .report = findings_note, .context = &out,
				    .providers = &providers };
	struct check_target	 target = { .origin = "here:1",
				    .sender = c->sender,
				    .recipient = "b@example.net" };
	const char		*at;

	assert_true(config_load(&config, &(struct config_source){
	    .file = conf_write(&dir, NULL, NULL, "smarthost = localhost\n"
	    "tls = off\nconnect_timeout = 300ms\n") }, &why));
	assert_true(provider_table_parse(&providers, "table", table,
	    sizeof(table) - 1, &why));
	identity_find(&me, &config);
	assert_true(smarthost_list_parse(&list, c->smarthost, &why));
	target.smarthost = &list.host[0];
	buffer_add_text(&out, "");
	if (policy_only)
		sender_policy_check(&check, &target, "host:587", &reach);
	else
		check_smarthost(&check, &target);
	if (c->want[0] == NULL)
		assert_string_equal(out.data, "");
	at = out.data;
	for (size_t i = 0; i < 6 && c->want[i] != NULL; i++) {
		at = strstr(at, c->want[i]);
		if (at == NULL)
			fail_msg("\"%s\" is not in:\n%s", c->want[i],
			    out.data);
	}
	buffer_free(&out);
	provider_table_free(&providers);
	smarthost_list_free(&list);
	identity_free(&me);
	config_free(&config);
}

static void
policy_is_reported(void **state)
{
	run_case(*state, true);
}

static void
host_is_reported(void **state)
{
	run_case(*state, false);
}

int
main(void)
{
	static const uint16_t	 silent[] = { 25, 465, 587 };
	struct script		 answers = { .port = 2525 };
	struct script		 second = { .port = 2600,
				    .address = "127.0.0.2" };
	struct mock_smtp	*server[5];
	struct dns		 names;
	int			 failures;

	if (!network_alone())
		return network_skip();
	temp_dir_make(&dir);
	dns_start(&names, records, 53);
	for (size_t i = 0; i < 3; i++)
		server[i] = mock_smtp_start(&(struct script){
		    .port = silent[i], .black_hole = true });
	server[3] = mock_smtp_start(&answers);
	server[4] = mock_smtp_start(&second);
	failures = CASES_RUN("SPF and DMARC", policy_is_reported, policies);
	failures += CASES_RUN("addresses and ports", host_is_reported, hosts);
	for (size_t i = 0; i < 5; i++)
		mock_smtp_stop(server[i]);
	dns_stop(&names);
	temp_dir_remove(&dir);
	return failures;
}
