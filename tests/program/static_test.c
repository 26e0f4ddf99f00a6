/*
 * The program that `make static` builds, in a root directory that contains only
 * the program, the certificates of the authorities and resolv.conf.
 *
 * The tests run in a network namespace.  A smarthost with STARTTLS listens at
 * port 2501 of 127.0.0.1; the environment configures relais.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/certificate.h"
#include "support/dns.h"
#include "support/mock_smtp.h"
#include "support/network.h"
#include "support/program.h"
#include "support/skip.h"
#include "support/temp_dir.h"

#define PROGRAM		BUILD "/relais-static"

static const struct dns_record records[] = {
	{ .name = "mail.example", .type = DNS_A, .value = "127.0.0.1" },
	{ .name = "_smtp._tcp.srv.test", .type = DNS_SRV, .port = 2501,
	    .value = "mail.example" },
	{ .name = NULL }
};

struct static_case {
	const char	*sentence;
	const char	*smarthost;
	const char	*file, *text;	/* a further file, or NULL */
	bool		 in_clear;
	int		 status;
	const char	*err;		/* NULL: delivered */
};

static const struct static_case cases[] = {
	{ "TLS with an address", "submission://127.0.0.1:2501", NULL, NULL,
	    false, EX_OK, NULL },
	{ "TLS with a name in the DNS", "submission://mail.example:2501", NULL,
	    NULL, false, EX_OK, NULL },
	{ "a name in /etc/hosts", "smtp://hosts.test:2501", "etc/hosts",
	    "127.0.0.1 hosts.test\n", true, EX_OK, NULL },
	{ "the target of an SRV record", "smtp+srv://srv.test", NULL, NULL,
	    true, EX_OK, NULL },
	{ "modules in nsswitch.conf are not loaded",
	    "submission://mail.example:2501", "etc/nsswitch.conf",
	    "hosts: mymachines [!SUCCESS=return] dns\n"
	    "passwd: systemd [!SUCCESS=return] files\n", false, EX_OK, NULL },
	{ "a name that does not exist", "submission://nowhere.test:2501", NULL,
	    NULL, false, EX_NOHOST, ": nowhere.test:2501: the host name "
	    "does not exist in the DNS (" },
};

static struct dns		 names;
static struct mock_smtp		*host;
static struct temp_dir		 root;

static void
enter(void *context)
{
	(void)context;
	if (chroot(root.path) == -1 || chdir("/") == -1)
		_exit(EX_OSERR);
}

static void
run(struct program_result *o, const struct static_case *c)
{
	char	smarthost[80];

	snprintf(smarthost, sizeof(smarthost), "RELAIS_SMARTHOST=%s",
	    c->smarthost);
	program_run(o, &(struct program){ .path = "/sendmail",
	    .argv = WORDS("sendmail", "-i", "root"),
	    .env = WORDS(smarthost, "RELAIS_DOMAIN=example.org",
	    "RELAIS_ROOT=admin@example.net", "RELAIS_QUEUE=off",
	    "RELAIS_LOG=off", c->in_clear ? "RELAIS_TLS=off" :
	    "RELAIS_TLS=required"),
	    .input = "Subject: x\n\nhi\n", .prepare = enter });
}

static void
works_alone(void **state)
{
	const struct static_case	*c = *state;
	size_t				 before = mock_smtp_messages(host);
	const struct heard_message	*m;
	struct program_result		 o;

	if (c->file != NULL)
		temp_dir_write(&root, c->file, 0644, c->text);
	run(&o, c);
	if (c->file != NULL)
		unlink(temp_dir_path(&root, c->file));
	if (c->err == NULL)
		assert_string_equal(o.err.data, "");
	else if (strstr(o.err.data, c->err) == NULL)
		fail_msg("stderr lacks \"%s\": %s", c->err, o.err.data);
	assert_int_equal(o.status, c->status);
	program_result_free(&o);
	if (c->err != NULL)
		return;
	assert_true(mock_smtp_wait_messages(host, before + 1));
	m = mock_smtp_message(host, before);
	assert_string_equal(m->rcpt[0].path, "admin@example.net");
	assert_int_equal(mock_smtp_heard(host, m->connection)->tls != NULL,
	    !c->in_clear);
}

static void
make_root(const struct usual_certificates *usual)
{
	struct buffer	octets = { 0 };

	temp_dir_make(&root);
	file_read(&octets, PROGRAM);
	temp_dir_write_bytes(&root, "sendmail", 0755, octets.data, octets.len);
	file_read(&octets, usual->ca);
	temp_dir_write_bytes(&root, "etc/ssl/certs/ca-certificates.crt", 0644,
	    octets.data, octets.len);
	temp_dir_write(&root, "etc/resolv.conf", 0644,
	    "nameserver 127.0.0.1\n");
	buffer_free(&octets);
}

static void
no_static_program(void **state)
{
	(void)state;
	skip_because("make static has not built " PROGRAM);
}

int
main(void)
{
	const struct CMUnitTest		none[] = {
		cmocka_unit_test(no_static_program),
	};
	struct usual_certificates	usual;
	struct temp_dir			dir;
	int				failures;

	if (access(PROGRAM, X_OK) == -1)
		return cmocka_run_group_tests(none, NULL, NULL);
	if (!network_alone())
		return network_skip();
	temp_dir_make(&dir);
	certificate_usual(&usual, &dir);
	dns_start(&names, records, 53);
	host = mock_smtp_start(&(struct script){ .port = 2501,
	    .security = STARTTLS_OFFERED, .certificate = usual.chain,
	    .key = usual.key });
	make_root(&usual);
	failures = CASES_RUN("static", works_alone, cases);
	mock_smtp_stop(host);
	dns_stop(&names);
	temp_dir_remove(&root);
	temp_dir_remove(&dir);
	return failures;
}
