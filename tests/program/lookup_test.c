/*
 * Smarthosts in DNS, with the whole program. The tests run in a network
 * namespace, because the name server must use port 53.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sysexits.h>

#include "support/certificate.h"
#include "support/conf.h"
#include "support/dns.h"
#include "support/mock_smtp.h"
#include "support/network.h"
#include "support/program.h"
#include "support/skip.h"

#define SERVICE(n, p, at, host) { .name = n, .type = DNS_SRV, \
	.priority = p, .port = at, .value = host }
#define MAIL(n, p, host) \
	{ .name = n, .type = DNS_MX, .priority = p, .value = host }
#define ADDRESS(n, a)	{ .name = n, .type = DNS_A, .value = a }

static const struct dns_record records[] = {
	SERVICE("_smtp._tcp.srv.test", 20, 2501, "good.test"),
	SERVICE("_smtp._tcp.srv.test", 10, 2502, "good.test"),
	SERVICE("_submissions._tcp.mail.example", 1, 4650, "far.test"),
	MAIL("mx.test", 10, "nobody.test"),
	MAIL("mx.test", 20, "good.test"),
	MAIL("null.test", 0, "."),
	MAIL("evil.test", 0, "localhost"),
	ADDRESS("good.test", "127.0.0.1"),
	ADDRESS("nobody.test", "127.0.0.9"),
	ADDRESS("bare.test", "127.0.0.1"),
	ADDRESS("localhost", "198.51.100.9"),	/* a resolver that lies */
	ADDRESS("far.test", "127.0.0.1"),
	ADDRESS("two.test", "192.0.2.1"),	/* nobody answers there */
	ADDRESS("two.test", "127.0.0.1"),
	{ .name = NULL }
};

static struct dns		 names;
static struct mock_smtp		*plain, *secure, *far;
static struct temp_dir		 dir;
static struct usual_certificates certificates;

struct lookup_case {
	const char	*sentence;
	const char	*smarthost;
	const char	*more;
	int		 status;
	const char	*err;		/* or NULL: delivered */
};

static const struct lookup_case cases[] = {
	{ "the second SRV target is tried if the first refuses",
	    "smtp+srv://srv.test", "tls = off\n", 0, NULL },
	{ "SRV: the certificate is verified for the configured name",
	    "submissions+srv://mail.example", NULL, 0, NULL },
	{ "SRV without records", "submission+srv://bare.test", NULL,
	    EX_NOHOST,
	    "not sent to b@example.net: _submission._tcp.bare.test does not "
	    "exist in the DNS (" },
	{ "the second MX target is tried if the first refuses",
	    "smtp+mx://mx.test:2501", "tls = off\n", 0, NULL },
	{ "a domain without MX records is its own MX",
	    "smtp+mx://bare.test:2501", "tls = off\n", 0, NULL },
	{ "MX: connect_command is given the hosts of the records",
	    "smtp+mx://mx.test:2501", "tls = off\nconnect_command = false %h\n",
	    EX_TEMPFAIL, "b@example.net: nobody.test:2501: greeting: the "
	    "server closed the connection; connect_command: false exited with "
	    "status 1" },
	{ "connect_command is given a name that is not looked up",
	    "smtp://nowhere.test:2501",
	    "tls = off\nconnect_command = false %h\n", EX_TEMPFAIL,
	    "b@example.net: nowhere.test:2501: greeting: the server closed the "
	    "connection; connect_command: false exited with status 1" },
	{ "a null MX is reported",
	    "smtp+mx://null.test:2501", "tls = off\n", EX_NOHOST,
	    "b@example.net: null.test does not offer this service: its MX "
	    "record is \".\" (" },
	{ "a name that resolves to this machine does not disable TLS",
	    "smtp+mx://evil.test:2501", NULL, EX_UNAVAILABLE,
	    "STARTTLS: the server does not offer TLS" },
	{ "127.0.0.1 is this machine, and needs no TLS",
	    "smtp://127.0.0.1:2501", NULL, 0, NULL },
	{ "localhost that resolves to another machine requires TLS",
	    "smtp://localhost:2501", NULL, EX_UNAVAILABLE,
	    "STARTTLS: the server does not offer TLS, so nothing was sent; TLS "
	    "is required because the address of the server is not on this "
	    "machine (" },
	{ "localhost with a trailing dot requires TLS in the same case",
	    "smtp://localhost.:2501", NULL,
	    EX_UNAVAILABLE, "STARTTLS: the server does not offer TLS" },
	{ "localhost that resolves to another machine is used with tls = off",
	    "smtp://localhost:2501", "tls = off\n", 0, NULL },
	{ "a name that does not exist is reported",
	    "smtp://nowhere.test:2501", NULL, EX_NOHOST,
	    "b@example.net: nowhere.test:2501: the host name does not exist in "
	    "the DNS (" },
	{ "the second address of a name is tried", "smtp://two.test:2501",
	    "tls = off\n", 0, NULL },
	{ "an address that is listed twice is tried once",
	    "smtp://both.test:2502", "tls = off\nsource_address = 127.0.0.1\n",
	    EX_TEMPFAIL, "both.test:2502: 127.0.0.1: Connection refused (" },
};

static void
finds(void **state)
{
	const struct lookup_case	*c = *state;
	struct buffer			 more = { 0 };
	struct program_result		 out;

	buffer_addf(&more, "smarthost = %s\ntls_ca = %s\n%s", c->smarthost,
	    certificates.ca, c->more != NULL ? c->more : "");
	relais_run(&out, conf_write(&dir, NULL, NULL, more.data),
	    WORDS("-i", "b@example.net"), "\nHello\n");
	if (strstr(out.err.data, "cannot load the TLS module") != NULL)
		skip_because("the program was built without tls.so");
	if (c->err == NULL)
		assert_string_equal(out.err.data, "");
	else if (strstr(out.err.data, c->err) == NULL)
		fail_msg("stderr lacks \"%s\": %s", c->err, out.err.data);
	assert_int_equal(out.status, c->status);
	program_result_free(&out);
	buffer_free(&more);
}

static int
start(void **state)
{
	struct script	script = { .port = 2501 };
	struct script	away = { .port = 2501, .address = "198.51.100.9" };
	struct script	tls = { .port = 4650, .security = TLS_AT_ONCE };

	(void)state;
	temp_dir_make(&dir);
	certificate_usual(&certificates, &dir);
	tls.certificate = certificates.chain;
	tls.key = certificates.key;
	dns_start(&names, records, 53);
	plain = mock_smtp_start(&script);
	secure = mock_smtp_start(&tls);
	far = mock_smtp_start(&away);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	mock_smtp_stop(plain);
	mock_smtp_stop(secure);
	mock_smtp_stop(far);
	dns_stop(&names);
	temp_dir_remove(&dir);
	return 0;
}

int
main(void)
{
	enum { N = sizeof(cases) / sizeof(*cases) };
	struct CMUnitTest	tests[N];

	if (!network_alone() || !network_add_ipv4("198.51.100.9") ||
	    !network_set_hosts("127.0.0.1 both.test\n::1 both.test\n"))
		return network_skip();
	for (size_t i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].sentence,
		    .test_func = finds,
		    .initial_state = (void *)(uintptr_t)&cases[i] };
	return cmocka_run_group_tests(tests, start, stop);
}
