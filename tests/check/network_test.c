/*
 * relais check: addresses, ports, and the SPF and DMARC records of the sender's
 * domain, in a network of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "check/check.h"
#include "check/sender_policy.h"
#include "support/cases.h"
#include "support/conf.h"
#include "support/dns.h"
#include "support/findings.h"
#include "support/network.h"
#include "util/memory.h"

#define TXT(n, v)	{ .name = n, .type = DNS_TXT, .value = v }
#define A(n, v)		{ .name = n, .type = DNS_A, .value = v }
#define MX(n, p, v)	{ .name = n, .type = DNS_MX, .priority = p, .value = v }
#define SRV(n, p, at, v) { .name = n, .type = DNS_SRV, .priority = p, \
			    .port = at, .value = v }

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
	A("down.test", "127.0.0.9"), A("up.test", "127.0.0.2"),
	A("silent.test", "127.0.0.3"), A("silent.test", "127.0.0.4"),
	MX("mx.test", 1, "two.test"),
	MX("half.test", 1, "down.test"), MX("half.test", 2, "up.test"),
	MX("none-up.test", 1, "down.test"),
	SRV("_smtp._tcp.srv.test", 1, 2609, "down.test"),
	SRV("_smtp._tcp.srv.test", 2, 2600, "up.test"),
	{ .name = NULL }
};

struct network_case {
	const char	*sentence;
	const char	*smarthost;
	const char	*sender;
	const char	*want[8];	/* in order; NULL: no finding; "!": is
					 * not reported at all */
	int		 status;
	bool		 all;
};

#define GMAIL	"submission://smtp.gmail.com"
#define UP	"smtp://127.0.0.2:2600"
#define BUSY	"smtp://127.0.0.2:2601"
#define PICKY	"smtp://127.0.0.2:2602"
#define DOWN	"smtp://127.0.0.2:1"
#define USED	"; mail uses another server"
#define FROM	"a@good.test"

static const char table[] =
    "[gmail]\nname = Gmail\nsmarthost = " GMAIL "\nlogin = password\n"
    "user = address\nspf = _spf.google.com _old.google.com\n"
    "[service]\nname = Service\nsmarthost = submission://smtp.service.test\n"
    "login = password\nuser = address\n";

static const struct network_case policies[] = {
	{ "a domain that sends no mail", "submission://smtp.example.net",
	    "a@none.test",
	    .want = { "mail warning the SPF record of none.test says "
	    "that this domain sends no mail: \"v=spf1 -all\"" } },
	{ "a record that includes the provider", GMAIL, "a@good.test",
	    .want = { NULL } },
	{ "a record that includes the provider indirectly", GMAIL,
	    "a@deep.test", .want = { NULL } },
	{ "a record that covers neither the provider nor the addresses",
	    GMAIL, "a@bad.test",
	    .want = { "mail warning the SPF record of bad.test "
	    "covers neither _spf.google.com nor smtp.gmail.com, and its DMARC "
	    "policy is reject: \"v=spf1 ip4:198.51.100.0/24 a -all\" "
	    "(examined: bad.test, _dmarc.bad.test)",
	    "=> add include:_spf.google.com to the TXT record of bad.test" } },
	{ "a record that includes another name of the provider", GMAIL,
	    "a@old.test", .want = { NULL } },
	{ "no alarm for a provider that has a domain of its own in the "
	    "envelope", "submission://smtp.service.test", "a@bad.test",
	    .want = { NULL } },
	{ "a record that covers the address of the smarthost", GMAIL,
	    "a@address.test", .want = { NULL } },
	{ "no alarm for a smarthost whose provider is not known",
	    "submission://smtp.example.net", "a@bad.test", .want = { NULL } },
	{ "no alarm for mx", GMAIL, "a@mx.test", .want = { NULL } },
	{ "no alarm for a macro", GMAIL, "a@macro.test", .want = { NULL } },
	{ "no alarm for a loop", GMAIL, "a@loop.test", .want = { NULL } },
	{ "no alarm for a neutral result", GMAIL, "a@soft.test",
	    .want = { NULL } },
	{ "no alarm without an SPF record", GMAIL, "a@other.test",
	    .want = { NULL } },
	{ "a sender whose domain does not exist", GMAIL, "a@gone.test",
	    .want = { "mail warning the domain of the sender, gone.test, "
	    "does not "
	    "exist in the DNS", "=> set from or domain" } },
	{ "the null sender has no domain", GMAIL, "", .want = { NULL } },
	{ "an address literal has no records", GMAIL, "a@[192.0.2.1]",
	    .want = { NULL } },
};

static const struct network_case hosts[] = {
	{ "ports 25, 465 and 587 time out, and 2525 answers",
	    "submission://ports.test", "a@good.test",
	    .want = { "connect fail Connection timed out after ",
	    "ports that time out: 587, 465, 25",
	    "=> port 2525 answers: if the server accepts your mail there, set "
	    "smarthost = submission://ports.test:2525 (here:1)" },
	    .status = EX_TEMPFAIL },
	{ "a port times out, and no other port answers",
	    "submission://127.0.0.3", FROM,
	    .want = { "connect fail Connection timed out after ",
	    "; ports that time out: 587 => a firewall may block this port" },
	    .status = EX_TEMPFAIL },
	{ "the other ports are tried once",
	    "submission://silent.test", FROM,
	    .want = { "lookup ok 127.0.0.3, 127.0.0.4",
	    "; ports that time out: 587 => ",
	    "fail Connection timed out after ", " ms => a firewall" },
	    .status = EX_TEMPFAIL },
	{ "each address is reported", "smtp://two.test:2600", "a@good.test",
	    .want = { "lookup ok 127.0.0.1, 127.0.0.2",
	    "connect warning Connection refused after ",
	    " ms; mail uses another address\n",
	    "connect ok connected in", "rset ok" } },
	{ "the targets of MX records", "smtp+mx://mx.test:2600",
	    "a@good.test",
	    .want = { "lookup ok 127.0.0.1, 127.0.0.2", "rset ok" } },
	{ "a name that does not exist", "smtp://gone.test", "a@good.test",
	    .want = { "lookup fail the host name does not exist in the DNS" },
	    .status = EX_NOHOST },
	{ "a domain without SRV records", "submission+srv://gone.test",
	    "a@good.test",
	    .want = { "lookup fail _submission._tcp.gone.test does not "
	    "exist in the DNS (here:1)" }, .status = EX_NOHOST },
};

/* 127.0.0.2: port 2600 works, 2601 has no time, and 2602 refuses our sender. */
static const struct network_case several[] = {
	{ "if the first smarthost works, the others are not checked",
	    UP " " DOWN, FROM, .want = { "rset ok", "!Connection refused" } },
	{ "with --all, they are, and one that is down is a warning",
	    UP " " DOWN, FROM, .want = { "rset ok",
	    "connect warning Connection refused after ", " ms" USED },
	    .all = true },
	{ "a smarthost that is down is a warning if another one works",
	    DOWN " " UP, FROM,
	    .want = { "connect warning Connection refused after ",
	    " ms" USED, "connect ok", "rset ok", "!fail" } },
	{ "a smarthost that refuses in its greeting is a warning, too",
	    BUSY " " UP, FROM,
	    .want = { "greeting warning 554 no time" USED,
	    "rset ok", "!fail" } },
	{ "a smarthost whose name does not exist is a warning, too",
	    "smtp://gone.test " UP, FROM,
	    .want = { "lookup warning the host name does "
	    "not exist in the DNS" USED, "rset ok", "!fail" } },
	{ "so is a smarthost without MX records",
	    "smtp+mx://gone.test " UP, FROM, .want = { "lookup warning ", USED,
	    "rset ok", "!fail" } },
	{ "if none works, each is a failure, and the first has the status",
	    BUSY " " DOWN, FROM, .want = { "greeting fail 554 no time => ",
	    "connect fail Connection refused after ", "!another" },
	    .status = EX_UNAVAILABLE },
	{ "if none works, the order decides", DOWN " " BUSY, FROM,
	    .want = { "connect fail Connection refused after ", "greeting fail",
	    "!another" }, .status = EX_TEMPFAIL },
	{ "mail does not go to another server after a reply to MAIL",
	    PICKY " " UP, FROM,
	    .want = { "mail fail MAIL FROM:<a@good.test>: 553 ",
	    "rset ok", "!RCPT" }, .status = EX_UNAVAILABLE },
	{ "with --all, a refused sender is still a failure", PICKY " " UP, FROM,
	    .want = { "mail fail MAIL FROM:<a@good.test>: 553 ",
	    "rset ok", "rcpt ok" },
	    .status = EX_UNAVAILABLE, .all = true },
	{ "a refused sender at an unused server is a warning",
	    UP " " PICKY, FROM, .want = { "rset ok",
	    "mail warning MAIL FROM:<a@good.test>: 553 5.7.1 not yours"
	    USED }, .all = true },
	{ "the target of an MX record that is down, before one that works",
	    "smtp+mx://half.test:2600", FROM, .want = { "lookup ok 127.0.0.9",
	    "connect warning Connection refused after ", " ms" USED,
	    "lookup ok 127.0.0.2", "rset ok" } },
	{ "the only target of an MX record is down",
	    "smtp+mx://none-up.test:2600", FROM,
	    .want = { "connect fail Connection refused after ", "!rset" },
	    .status = EX_TEMPFAIL },
	{ "the target of an SRV record that is down, before one that works",
	    "smtp+srv://srv.test", FROM, .want = { "lookup ok 127.0.0.9",
	    "connect warning Connection refused after ", " ms" USED,
	    "lookup ok 127.0.0.2", "rset ok" } },
	{ "with --all, each target is checked", "smtp+mx://half.test:2600",
	    FROM,
	    .want = { "connect warning", "lookup ok 127.0.0.2", "rset ok" },
	    .all = true },
	{ "the dialogues are in the order of the servers", BUSY " " UP, FROM,
	    .want = { "S 554 no time\n", "greeting warning 554 no time" USED,
	    "S 220 mail.example ESMTP ready\n", "greeting ok" } },
};

static struct temp_dir	dir;

static void
note_line(void *context, char side, const char *text)
{
	buffer_addf(context, "%c %s\n", side, text);
}

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
				    .trace = &(struct session_trace){
				    note_line, &out },
				    .all = c->all, .providers = &providers };
	struct setting		 set = { .origin = (char []){ "here:1" } };
	struct check_target	 target = { .smarthost = &set,
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
	set.value = memory_copy(c->smarthost);
	buffer_add_text(&out, "");
	if (policy_only)
		sender_policy_check(&check, &target,
		    &(struct sender_policy_server){ .addresses = &reach,
		    .smarthost = &list.host[0], .object = "host:587" });
	else
		assert_int_equal(check_smarthost(&check, &target),
		    c->status == 0);
	assert_int_equal(check.status, c->status);
	if (c->want[0] == NULL)
		assert_string_equal(out.data, "");
	at = out.data;
	for (size_t i = 0; i < 8 && c->want[i] != NULL; i++) {
		bool		 absent = c->want[i][0] == '!';
		const char	*found = absent ? strstr(out.data,
				    c->want[i] + 1) : strstr(at, c->want[i]);

		if (absent != (found == NULL))
			fail_msg("\"%s\" is %sin:\n%s", c->want[i] + absent,
			    absent ? "" : "not ", out.data);
		at = absent ? at : found;
	}
	buffer_free(&out);
	provider_table_free(&providers);
	smarthost_list_free(&list);
	free(set.value);
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
	struct script		 others[] = {
		{ .port = 2600, .address = "127.0.0.2" },
		{ .port = 2601, .address = "127.0.0.2", .steps = {
		    { .at = ON_GREETING, .say = "554 no time" } } },
		{ .port = 2602, .address = "127.0.0.2", .steps = {
		    { .at = ON_MAIL, .say = "553 5.7.1 not yours" } } },
	};
	struct mock_smtp	*server[9];
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
	for (size_t i = 0; i < 3; i++)
		server[4 + i] = mock_smtp_start(&others[i]);
	server[7] = mock_smtp_start(&(struct script){ .port = 587,
	    .address = "127.0.0.3", .black_hole = true });
	server[8] = mock_smtp_start(&(struct script){ .port = 587,
	    .address = "127.0.0.4", .black_hole = true });
	failures = CASES_RUN("SPF and DMARC", policy_is_reported, policies);
	failures += CASES_RUN("addresses and ports", host_is_reported, hosts);
	failures += CASES_RUN("several servers", host_is_reported, several);
	for (size_t i = 0; i < 9; i++)
		mock_smtp_stop(server[i]);
	dns_stop(&names);
	temp_dir_remove(&dir);
	return failures;
}
