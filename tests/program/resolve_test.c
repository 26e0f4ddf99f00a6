/*
 * Lookups of the addresses of a smarthost, with name servers that reply late,
 * incompletely or not at all (RFC 8305 section 3).
 *
 * The tests run in a network namespace.  A smarthost listens at port 2501 of
 * 127.0.0.1; nothing listens at other ports or at ::1, so that an error shows
 * which addresses were found.  The name server accepts TCP connections at port
 * 53, and never replies to them.
 *
 * The resolver of libc waits for 30 seconds.  If relais waited for it, the
 * lookup would not end before `timeout`, and would fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/conf.h"
#include "support/dns.h"
#include "support/mock_smtp.h"
#include "support/network.h"
#include "support/program.h"
#include "support/serving.h"

#define FOUR(n)		{ .name = n, .type = DNS_A, .value = "127.0.0.1" }
#define SIX(n)		{ .name = n, .type = DNS_AAAA, .value = "::1" }
#define NO_FOUR(n, f)	{ .name = n, .type = DNS_A, .flaw = f }
#define NO_SIX(n, f)	{ .name = n, .type = DNS_AAAA, .flaw = f }

static const struct dns_record records[] = {
	FOUR("good.test"), SIX("good.test"),
	FOUR("four.test"), NO_SIX("four.test", DNS_SILENT),
	NO_FOUR("six.test", DNS_SILENT), SIX("six.test"),
	{ .name = "late.test", .type = DNS_A, .value = "127.0.0.1",
	    .after_ms = 40 },
	{ .name = "late.test", .type = DNS_AAAA, .value = "::1",
	    .after_ms = 200 },
	FOUR("later.test"), { .name = "later.test", .type = DNS_AAAA,
	    .value = "::1", .after_ms = 20 * 1000 },
	NO_FOUR("silent.test", DNS_SILENT), NO_SIX("silent.test", DNS_SILENT),
	FOUR("tcp6.test"), NO_SIX("tcp6.test", DNS_TRUNCATED),
	NO_FOUR("tcp4.test", DNS_TRUNCATED), SIX("tcp4.test"),
	NO_FOUR("tcp.test", DNS_TRUNCATED), NO_SIX("tcp.test", DNS_TRUNCATED),
	{ .name = "silent.test", .type = DNS_MX, .flaw = DNS_SILENT },
	{ .name = "tcp.test", .type = DNS_MX, .flaw = DNS_TRUNCATED },
	{ .name = "_smtp._tcp.tcp.test", .type = DNS_SRV,
	    .flaw = DNS_TRUNCATED },
	FOUR("fail6.test"), NO_SIX("fail6.test", DNS_FAILURE),
	NO_FOUR("fail4.test", DNS_FAILURE), SIX("fail4.test"),
	NO_FOUR("fail.test", DNS_FAILURE), NO_SIX("fail.test", DNS_FAILURE),
	NO_FOUR("none.test", DNS_EMPTY), NO_SIX("none.test", DNS_FAILURE),
	FOUR("no6.test"), NO_SIX("no6.test", DNS_NO_NAME),
	NO_FOUR("no4.test", DNS_NO_NAME), SIX("no4.test"),
	NO_FOUR("empty.test", DNS_EMPTY), NO_SIX("empty.test", DNS_EMPTY),
	FOUR("only4.test"), NO_SIX("only4.test", DNS_EMPTY),
	NO_FOUR("only6.test", DNS_EMPTY), SIX("only6.test"),
	{ .name = "mx.test", .type = DNS_MX, .value = "four.test" },
	{ .name = "_smtp._tcp.srv.test", .type = DNS_SRV, .port = 2501,
	    .value = "four.test" },
	{ .name = NULL }
};

struct resolve_case {
	const char	*sentence;
	const char	*smarthost;
	const char	*more;
	int		 status;
	const char	*err;		/* NULL: delivered */
};

#define PATIENT		"timeout = 8s\n"
#define IMPATIENT	"timeout = 1s\n"
/* Less than the time after which the families are separated. */
#define AT_ONCE		"timeout = 400ms\n"

static const struct resolve_case cases[] = {
	{ "A without a reply to AAAA", "smtp://four.test:2501", PATIENT, 0,
	    NULL },
	{ "AAAA without a reply to A", "smtp://six.test:2502", PATIENT,
	    EX_TEMPFAIL, ": six.test:2502: ::1: Connection refused (" },
	{ "both families are used if one is late", "smtp://late.test:2502",
	    PATIENT, EX_TEMPFAIL, ": late.test:2502: ::1: Connection refused; "
	    "127.0.0.1: Connection refused (" },
	{ "a family that is too late is not used", "smtp://later.test:2502",
	    PATIENT, EX_TEMPFAIL,
	    ": later.test:2502: 127.0.0.1: Connection refused (" },
	{ "no reply at all", "smtp://silent.test:2501", IMPATIENT, EX_TEMPFAIL,
	    "silent.test:2501: cannot resolve the host name: no result within "
	    "1 second (" },
	{ "AAAA is truncated, and the server is silent over TCP",
	    "smtp://tcp6.test:2501", PATIENT, 0, NULL },
	{ "A is truncated, and the server is silent over TCP",
	    "smtp://tcp4.test:2502", PATIENT, EX_TEMPFAIL,
	    ": tcp4.test:2502: ::1: Connection refused (" },
	{ "both are truncated, and the server is silent over TCP",
	    "smtp://tcp.test:2501", IMPATIENT, EX_TEMPFAIL,
	    ": tcp.test:2501: cannot resolve the host name: no result within "
	    "1 second (" },
	{ "A, and an error for AAAA", "smtp://fail6.test:2501", PATIENT, 0,
	    NULL },
	{ "AAAA, and an error for A", "smtp://fail4.test:2502", PATIENT,
	    EX_TEMPFAIL, ": fail4.test:2502: ::1: Connection refused (" },
	{ "an error for both", "smtp://fail.test:2501", PATIENT, EX_TEMPFAIL,
	    ": fail.test:2501: cannot resolve the host name: Temporary "
	    "failure in name resolution" },
	{ "no A records, and an error for AAAA, which is temporary",
	    "smtp://none.test:2501", PATIENT, EX_TEMPFAIL,
	    ": none.test:2501: cannot resolve the host name: Temporary "
	    "failure in name resolution" },
	{ "A, and no such name for AAAA", "smtp://no6.test:2501", PATIENT, 0,
	    NULL },
	{ "AAAA, and no such name for A", "smtp://no4.test:2502", PATIENT,
	    EX_TEMPFAIL, ": no4.test:2502: ::1: Connection refused (" },
	{ "a name without addresses", "smtp://empty.test:2501", PATIENT,
	    EX_NOHOST, ": empty.test:2501: the host has no address (" },
	{ "a name that does not exist", "smtp://nowhere.test:2501", PATIENT,
	    EX_NOHOST, ": nowhere.test:2501: the host name does not exist in "
	    "the DNS (" },
	{ "the target of an MX record", "smtp+mx://mx.test:2501", PATIENT, 0,
	    NULL },
	{ "the target of an SRV record", "smtp+srv://srv.test", PATIENT, 0,
	    NULL },
	{ "MX records without a reply", "smtp+mx://silent.test:2501",
	    IMPATIENT, EX_TEMPFAIL, ": cannot look up the MX records of "
	    "silent.test: no reply from a name server (" },
	{ "MX records that are truncated, and the server is silent over TCP",
	    "smtp+mx://tcp.test:2501", IMPATIENT, EX_TEMPFAIL,
	    ": cannot look up the MX records of tcp.test: the name server "
	    "127.0.0.1 did not answer over TCP within 1 second (" },
	{ "SRV records that are truncated, and the server is silent over TCP",
	    "smtp+srv://tcp.test", IMPATIENT, EX_TEMPFAIL,
	    ": cannot look up the SRV records of _smtp._tcp.tcp.test: the name "
	    "server 127.0.0.1 did not answer over TCP within 1 second (" },
	{ "family = ipv4 looks up only A", "smtp://four.test:2501",
	    AT_ONCE "family = ipv4\n", 0, NULL },
	{ "family = ipv6 looks up only AAAA", "smtp://six.test:2502",
	    AT_ONCE "family = ipv6\n", EX_TEMPFAIL,
	    ": six.test:2502: ::1: Connection refused (" },
	{ "an IPv4 source address looks up only A", "smtp://four.test:2501",
	    AT_ONCE "source_address = 127.0.0.7\n", 0, NULL },
	{ "an IPv6 source address looks up only AAAA", "smtp://six.test:2502",
	    AT_ONCE "source_address = ::1\n", EX_TEMPFAIL,
	    ": six.test:2502: ::1: Connection refused (" },
	{ "an IPv4 source address without a reply", "smtp://six.test:2501",
	    AT_ONCE "source_address = 127.0.0.7\n", EX_TEMPFAIL,
	    ": six.test:2501: cannot resolve the host name: no result within "
	    "0.4 seconds (" },
	{ "an IPv4 source address, and only AAAA", "smtp://only6.test:2501",
	    "source_address = 127.0.0.7\n", EX_CONFIG, ": only6.test:2501: "
	    "the host has no address of the same family as the source address "
	    "127.0.0.7; check source_address (" },
	{ "an IPv6 source address, and only A", "smtp://only4.test:2501",
	    "source_address = ::1\n", EX_CONFIG, ": only4.test:2501: the host "
	    "has no address of the same family as the source address ::1; "
	    "check source_address (" },
	{ "a source address of another family than the key family",
	    "smtp://good.test:2501", "family = ipv4\nsource_address = ::1\n",
	    EX_CONFIG, ": good.test:2501: the host has no address of the same "
	    "family as the source address ::1; check source_address (" },
};

static int		 silent;	/* the listening socket */
static struct dns	 names;
static struct mock_smtp	*host;
static struct temp_dir	 dir;

static void
sends(void **state)
{
	const struct resolve_case	*c = *state;
	struct buffer			 more = { 0 };
	struct program_result		 out;

	buffer_addf(&more, "smarthost = %s\ntls = off\n%s", c->smarthost,
	    c->more);
	relais_run(&out, conf_write(&dir, NULL, NULL, more.data),
	    WORDS("-i", "b@example.net"), "\nHello\n");
	if (c->err == NULL)
		assert_string_equal(out.err.data, "");
	else if (strstr(out.err.data, c->err) == NULL)
		fail_msg("stderr lacks \"%s\": %s", c->err, out.err.data);
	assert_int_equal(out.status, c->status);
	program_result_free(&out);
	buffer_free(&more);
}

/* Waits until a name server is asked over TCP. */
static void
wait_for_tcp(void)
{
	struct pollfd	p = { .fd = silent, .events = POLLIN };

	assert_int_equal(poll(&p, 1, 20 * 1000), 1);
}

static void
forget_connections(void)
{
	int	fd;

	while ((fd = accept(silent, NULL, NULL)) != -1)
		close(fd);
	assert_int_equal(errno, EAGAIN);
}

static void
a_signal_ends_a_look_up(void **state)
{
	struct running		*r;
	struct program_result	 o;
	struct buffer		 more = { 0 };
	const char		*conf;

	(void)state;
	forget_connections();
	buffer_addf(&more, "smarthost = smtp://tcp.test:2501\ntls = off\n"
	    "queue = %s/spool\n", dir.path);
	conf = conf_write(&dir, NULL, NULL, more.data);
	r = program_start(&(struct program){
	    .input_file = temp_dir_write(&dir, "letter", 0600, "\nHello\n"),
	    .argv = WORDS("relais", "-C", conf, "-i", "b@example.net") });
	wait_for_tcp();
	program_stop(r, SIGTERM, &o);
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	relais_run(&o, conf, WORDS("-bp"), "");
	assert_non_null(strstr(o.out.data, "interrupted by signal 15"));
	program_result_free(&o);
	buffer_free(&more);
}

static void
a_queue_run_defers_the_message(void **state)
{
	struct program_result	 o;
	struct buffer		 more = { 0 };
	const char		*conf;

	(void)state;
	buffer_addf(&more, "smarthost = smtp://tcp.test:2501\ntls = off\n"
	    "queue = %s/queue\n" IMPATIENT, dir.path);
	conf = conf_write(&dir, NULL, NULL, more.data);
	relais_run(&o, conf, WORDS("-odq", "-i", "b@example.net"), "\nHello\n");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	relais_run(&o, conf, WORDS("-q"), "");
	program_result_free(&o);
	relais_run(&o, conf, WORDS("-bp"), "");
	assert_non_null(strstr(o.out.data, "tcp.test:2501: cannot resolve the "
	    "host name: no result within 1 second"));
	program_result_free(&o);
	buffer_free(&more);
}

static void
check_reports_a_silent_name_server(void **state)
{
	struct program_result	o;

	(void)state;
	relais_run(&o, conf_write(&dir, NULL, NULL,
	    "smarthost = smtp://four.test:2501\ntls = off\n"),
	    WORDS("check"), "");
	if (strstr(o.out.data, "lookup   warning     four.test: 127.0.0.1; "
	    "the lookup of IPv6 addresses fails or takes too long, which "
	    "delays mail (") == NULL)
		fail_msg("%s", o.out.data);
	assert_non_null(strstr(o.out.data, "-> check the name servers in "
	    "/etc/resolv.conf, or set family = ipv4\n"));
	program_result_free(&o);
	relais_run(&o, conf_write(&dir, NULL, NULL,
	    "smarthost = smtp://no6.test:2501\ntls = off\n"),
	    WORDS("check"), "");
	if (strstr(o.out.data, "lookup   OK          no6.test: 127.0.0.1\n") ==
	    NULL)
		fail_msg("%s", o.out.data);
	program_result_free(&o);
}

/* A worker whose lookups do not end is replaced by another one. */
static void
the_service_keeps_few_threads(void **state)
{
	struct serving		s;
	struct program_result	o;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "tls = off\n" IMPATIENT
	    "smarthost = smtp://tcp.test:2501\n"
	    "[from a@*]\nsmarthost = smtp://four.test:2501\n");
	serving_start(&s, NULL);
	for (int i = 0; i < 3; i++) {
		relais_run(&o, s.conf, WORDS("-i", "-f", "x@example.org",
		    "b@example.net"), "\nHello\n");
		assert_int_equal(o.status, 0);
		program_result_free(&o);
	}
	serving_wait_children(program_pid(s.running), 0);
	relais_run(&o, s.conf, WORDS("-i", "-f", "a@example.org",
	    "b@example.net"), "\nHello\n");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	serving_stop(&s, &o);
	assert_non_null(strstr(o.err.data, "tcp.test:2501: cannot resolve the "
	    "host name: no result within 1 second"));
	assert_non_null(strstr(o.err.data, "reply=\"four.test:2501: "));
	program_result_free(&o);
	serving_close(&s);
}

/* A server that accepts connections, and is silent. */
static void
listen_in_silence(void)
{
	struct sockaddr_in	at = { .sin_family = AF_INET,
				    .sin_port = htons(53),
				    .sin_addr.s_addr =
				    htonl(INADDR_LOOPBACK) };

	silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (silent == -1 ||
	    bind(silent, (struct sockaddr *)&at, sizeof(at)) == -1 ||
	    listen(silent, SOMAXCONN) == -1)
		err(1, "TCP port 53");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_signal_ends_a_look_up),
	cmocka_unit_test(a_queue_run_defers_the_message),
	cmocka_unit_test(check_reports_a_silent_name_server),
	cmocka_unit_test(the_service_keeps_few_threads),
};

int
main(void)
{
	struct script	script = { .port = 2501 };
	int		failures;

	if (!network_alone() || !network_set_resolver("nameserver 127.0.0.1\n"
	    "options timeout:30\n"))
		return network_skip();
	temp_dir_make(&dir);
	listen_in_silence();
	dns_start(&names, records, 53);
	host = mock_smtp_start(&script);
	failures = CASES_RUN("resolve", sends, cases) +
	    cmocka_run_group_tests(tests, NULL, NULL);
	mock_smtp_stop(host);
	dns_stop(&names);
	temp_dir_remove(&dir);
	return failures;
}
