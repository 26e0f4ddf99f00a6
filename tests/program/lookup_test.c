/*
 * Smarthosts that DNS names, by the whole program, in a network of its own:
 * a name server has to be on port 53, and the resolver's files are ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/certificate.h"
#include "support/conf.h"
#include "support/dns.h"
#include "support/program.h"
#include "support/smarthost.h"
#include "util/clock.h"
#include "util/clock.h"

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
	ADDRESS("localhost", "127.0.0.1"),
	ADDRESS("far.test", "127.0.0.1"),
	ADDRESS("two.test", "192.0.2.1"),	/* nobody answers there */
	ADDRESS("two.test", "127.0.0.1"),
	ADDRESS("slow.test", "127.0.0.2"),
	ADDRESS("slow.test", "127.0.0.1"),
	{ .name = NULL }
};

static struct dns		 names;
static struct smarthost		*plain, *secure, *black_hole, *beside;
static struct folder		 folder;
static struct usual_certificates certificates;

struct lookup_case {
	const char	*sentence;
	const char	*smarthost;
	const char	*more;
	int		 status;
	const char	*err;		/* or NULL: delivered */
};

static const struct lookup_case cases[] = {
	{ "SRV, the second one, where nobody is at the first",
	    "smtp+srv://srv.test", "tls = off\n", 0, NULL },
	{ "SRV, TLS with the certificate of the name in the configuration",
	    "submissions+srv://mail.example", NULL, 0, NULL },
	{ "SRV without records", "submission+srv://bare.test", NULL,
	    EX_NOHOST, "_submission._tcp.bare.test does not exist" },
	{ "MX, the second one, where nobody is at the first",
	    "smtp+mx://mx.test:2501", "tls = off\n", 0, NULL },
	{ "a domain without MX is its own",
	    "smtp+mx://bare.test:2501", "tls = off\n", 0, NULL },
	{ "a null MX", "smtp+mx://null.test:2501", "tls = off\n", EX_NOHOST,
	    "null.test: null.test says that it has no such service" },
	{ "a name that leads to this machine does not switch TLS off",
	    "smtp+mx://evil.test:2501", NULL, EX_UNAVAILABLE,
	    "STARTTLS: the server does not offer it" },
	{ "no such name", "smtp://nowhere.test:2501", NULL, EX_NOHOST,
	    "the name nowhere.test does not exist in the DNS" },
	{ "another address of the name", "smtp://two.test:2501",
	    "tls = off\n", 0, NULL },
};

static void
finds(void **state)
{
	const struct lookup_case	*c = *state;
	struct buffer			 more = { 0 };
	struct outcome			 out;

	buffer_addf(&more, "smarthost = %s\ntls_ca = %s\n%s", c->smarthost,
	    certificates.ca, c->more != NULL ? c->more : "");
	relais_run(&out, conf_write(&folder, NULL, NULL, more.data),
	    WORDS("-i", "b@example.net"), "\nHello\n");
	if (c->err == NULL)
		assert_string_equal(out.err.data, "");
	else if (strstr(out.err.data, c->err) == NULL)
		fail_msg("stderr lacks \"%s\": %s", c->err, out.err.data);
	assert_int_equal(out.status, c->status);
	outcome_free(&out);
	buffer_free(&more);
}

/*
 * The next address gets its turn after 250 ms; the bound leaves room for a
 * busy machine and is far below connect_timeout.
 */
static void
a_black_hole_costs_little(void **state)
{
	struct outcome	out;
	int64_t		begin = clock_ms();

	(void)state;
	relais_run(&out, conf_write(&folder, NULL, NULL,
	    "smarthost = smtp://slow.test:2510\ntls = off\n"),
	    WORDS("-i", "b@example.net"), "\nHello\n");
	assert_string_equal(out.err.data, "");
	assert_int_equal(out.status, 0);
	assert_in_range(clock_ms() - begin, 200, 3000);
	outcome_free(&out);
}

static int
start(void **state)
{
	struct script	script = { .port = 2501 };
	struct script	hole = { .port = 2510, .black_hole = true };
	struct script	near = { .port = 2510, .address = "127.0.0.2" };
	struct script	tls = { .port = 4650, .security = TLS_AT_ONCE };

	(void)state;
	folder_make(&folder);
	certificate_usual(&certificates, &folder);
	tls.certificate = certificates.chain;
	tls.key = certificates.key;
	dns_start(&names, records, 53);
	plain = smarthost_start(&script);
	secure = smarthost_start(&tls);
	/* The resolver puts the address nearest to ours first. */
	black_hole = smarthost_start(&hole);
	beside = smarthost_start(&near);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	smarthost_stop(plain);
	smarthost_stop(secure);
	smarthost_stop(black_hole);
	smarthost_stop(beside);
	dns_stop(&names);
	folder_remove(&folder);
	return 0;
}

static bool
loopback_up(void)
{
	struct ifreq	request = { .ifr_name = "lo" };
	int		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool		good;

	request.ifr_flags = IFF_UP | IFF_RUNNING;
	good = fd != -1 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
	close(fd);
	return good;
}

/* A file of ours in the place of the system's. */
static bool
replace(const char *path, const char *name, const char *text)
{
	struct folder	f;
	bool		good;

	folder_make(&f);
	good = mount(folder_write(&f, name, 0644, text), path, NULL, MS_BIND,
	    NULL) == 0;
	folder_remove(&f);
	return good;
}

static bool
alone(void)
{
	return unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 &&
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    loopback_up() &&
	    replace("/etc/resolv.conf", "resolv", "nameserver 127.0.0.1\n") &&
	    replace("/etc/hosts", "hosts", "") &&
	    replace("/etc/nsswitch.conf", "nss", "hosts: files dns\n");
}

static void
no_network_of_its_own(void **state)
{
	(void)state;
	skip();
}

int
main(void)
{
	enum { N = sizeof(cases) / sizeof(*cases) };
	const struct CMUnitTest	none[] = {
		cmocka_unit_test(no_network_of_its_own),
	};
	struct CMUnitTest	tests[N + 1];

	if (!alone()) {
		print_message("unshare, mount: %s\n", strerror(errno));
		return cmocka_run_group_tests(none, NULL, NULL);
	}
	for (size_t i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].sentence,
		    .test_func = finds,
		    .initial_state = (void *)(uintptr_t)&cases[i] };
	tests[N] = (struct CMUnitTest)cmocka_unit_test(
	    a_black_hole_costs_little);
	return cmocka_run_group_tests(tests, start, stop);
}
