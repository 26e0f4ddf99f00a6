/*
 * The program that `make static` builds, in a root directory that contains only
 * the program, the certificates of the authorities and resolv.conf.
 *
 * The tests run in a network namespace.  A smarthost with STARTTLS listens at
 * port 2501 of 127.0.0.1, and one that requires a login at port 2502; the
 * environment configures relais.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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
#define SOCKET		"RELAIS_SOCKET=/run/relais/submission"

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
static struct mock_smtp		*host, *login_host;
static struct temp_dir		 root;

static void
enter(void *context)
{
	(void)context;
	if (chroot(root.path) == -1 || chdir("/") == -1)
		_exit(EX_OSERR);
}

/* Runs the program in the root directory, with at most six more variables. */
static void
run(struct program_result *o, const struct program *how,
    const char *const *more)
{
	const char	*env[12] = { "RELAIS_DOMAIN=example.org",
			    "RELAIS_ROOT=admin@example.net",
			    "RELAIS_LOG=off" };
	struct program	 p = *how;

	for (size_t n = 3; *more != NULL; n++)
		env[n] = *more++;
	p.path = "/sendmail";
	p.env = env;
	p.prepare = enter;
	program_run(o, &p);
}

static void
works_alone(void **state)
{
	const struct static_case	*c = *state;
	size_t				 before = mock_smtp_messages(host);
	const struct heard_message	*m;
	struct program_result		 o;
	char				 smarthost[80];

	if (c->file != NULL)
		temp_dir_write(&root, c->file, 0644, c->text);
	snprintf(smarthost, sizeof(smarthost), "RELAIS_SMARTHOST=%s",
	    c->smarthost);
	run(&o, &(struct program){ .argv = WORDS("sendmail", "-i", "root"),
	    .input = "Subject: x\n\nhi\n" }, WORDS(smarthost,
	    c->in_clear ? "RELAIS_TLS=off" : "RELAIS_TLS=required"));
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

static const char	*const here[] = {
	"RELAIS_SMARTHOST=submission://127.0.0.1:2501", NULL
};

/* Fails unless the program delivered one message, which is returned. */
static const struct heard_message *
delivered(struct program_result *o, struct mock_smtp *by, size_t before)
{
	assert_string_equal(o->err.data, "");
	assert_int_equal(o->status, EX_OK);
	program_result_free(o);
	assert_true(mock_smtp_wait_messages(by, before + 1));
	return mock_smtp_message(by, before);
}

static void
sends_the_message_of_make_demo(void **state)
{
	size_t				 before = mock_smtp_messages(host);
	const struct heard_message	*m;
	struct program_result		 o;

	(void)state;
	run(&o, &(struct program){ .argv = WORDS("sendmail", "-i", "-t"),
	    .input = "To: root, Jo <jo@example.net>\n"
	    "Bcc: archive@example.org\nSubject: The backup is done\n\n"
	    "All 3 disks were saved.\n.\nWith -i, a dot is text.\n" }, here);
	m = delivered(&o, host, before);
	assert_int_equal(m->n_rcpt, 3);
	assert_string_equal(m->rcpt[0].path, "admin@example.net");
	assert_string_equal(m->rcpt[1].path, "jo@example.net");
	assert_string_equal(m->rcpt[2].path, "archive@example.org");
	assert_null(strstr(m->data.data, "archive"));
	assert_non_null(strstr(m->data.data, "saved.\r\n.\r\nWith -i"));
	assert_non_null(mock_smtp_heard(host, m->connection)->tls);
}

static void
logs_in(void **state)
{
	size_t				 before =
					    mock_smtp_messages(login_host);
	const struct heard_message	*m;
	struct program_result		 o;

	(void)state;
	temp_dir_write(&root, "run/secrets/mail", 0400, "s3cret\n");
	run(&o, &(struct program){ .argv = WORDS("sendmail", "root"),
	    .input = "\nhi\n" }, WORDS("RELAIS_USER=nina",
	    "RELAIS_SMARTHOST=submission://127.0.0.1:2502",
	    "RELAIS_PASSWORD_FILE=/run/secrets/mail"));
	m = delivered(&o, login_host, before);
	assert_string_equal(mock_smtp_heard(login_host, m->connection)->user,
	    "nina");
}

static void
refuses_a_certificate_that_it_does_not_trust(void **state)
{
	static const struct certificate_form	form = {
		.common_name = "Another root", .authority = true,
	};
	struct certificate			other;
	struct program_result			o;

	(void)state;
	certificate_make(&other, &form, NULL);
	certificate_write(&other, temp_dir_path(&root, "other.pem"), 0);
	certificate_free(&other);
	run(&o, &(struct program){ .argv = WORDS("sendmail", "root"),
	    .input = "\nhi\n" }, WORDS(here[0], "RELAIS_TLS_CA=/other.pem"));
	assert_non_null(strstr(o.err.data, "certificate"));
	assert_int_equal(o.status, EX_CONFIG);
	program_result_free(&o);
}

static void
says_that_the_authorities_are_missing(void **state)
{
	const char		*bundle = "etc/ssl/certs/ca-certificates.crt";
	char			*away = strdup(temp_dir_path(&root, "away"));
	struct program_result	 o;

	(void)state;
	assert_int_equal(rename(temp_dir_path(&root, bundle), away), 0);
	run(&o, &(struct program){ .argv = WORDS("sendmail", "root"),
	    .input = "\nhi\n" }, here);
	assert_int_equal(rename(away, temp_dir_path(&root, bundle)), 0);
	free(away);
	assert_non_null(strstr(o.err.data, "tls_ca"));
	assert_int_equal(o.status, EX_CONFIG);
	program_result_free(&o);
}

static size_t
lines(void *context, uint64_t n, char *to, size_t size)
{
	const size_t	*len = context;

	if (n >= *len)
		return 0;
	for (size_t i = 0; i < size; i++)
		to[i] = (n + i) % 64 == 63 ? '\n' : 'x';
	return size;
}

/* The root directory has no /tmp. */
static void
sends_a_large_message(void **state)
{
	size_t				 before = mock_smtp_messages(host);
	size_t				 len = 8 * 1024 * 1024;
	const struct heard_message	*m;
	struct program_result		 o;

	(void)state;
	run(&o, &(struct program){ .argv = WORDS("sendmail", "root"),
	    .generate = lines, .ctx = &len }, here);
	m = delivered(&o, host, before);
	assert_true(m->size > len);
}

static void
queues_a_message_and_sends_it_later(void **state)
{
	size_t			before = mock_smtp_messages(host);
	struct program_result	o;

	(void)state;
	run(&o, &(struct program){ .argv = WORDS("sendmail", "root"),
	    .input = "\nhi\n" }, WORDS("RELAIS_QUEUE=/queue",
	    "RELAIS_SMARTHOST=submission://127.0.0.1:1"));
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, EX_OK);
	program_result_free(&o);
	assert_int_equal(temp_dir_count(temp_dir_path(&root,
	    "queue/queue")), 1);
	run(&o, &(struct program){ .argv = WORDS("sendmail", "-q") },
	    WORDS("RELAIS_QUEUE=/queue", here[0]));
	delivered(&o, host, before);
	assert_int_equal(temp_dir_count(temp_dir_path(&root,
	    "queue/queue")), 0);
}

/* Without the user relais, the service runs as root, as in a container. */
static void
serves(void **state)
{
	const char *const	*env = WORDS(SOCKET, "RELAIS_QUEUE=off", here[0],
				    "RELAIS_DOMAIN=example.org",
				    "RELAIS_ROOT=admin@example.net",
				    "RELAIS_LOG=stderr");
	size_t			 before = mock_smtp_messages(host);
	struct running		*service;
	struct program_result	 o;

	(void)state;
	service = program_start(&(struct program){ .path = "/sendmail",
	    .argv = WORDS("relais", "serve"), .env = env, .prepare = enter });
	program_wait_output(service, "accepts mail on /run/relais/submission");
	run(&o, &(struct program){ .argv = WORDS("sendmail", "root"),
	    .input = "\nhi\n" }, WORDS(SOCKET));
	delivered(&o, host, before);
	program_stop(service, SIGTERM, &o);
	assert_int_equal(o.status, EX_OK);
	program_result_free(&o);
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
	}, more[] = {
		cmocka_unit_test(sends_the_message_of_make_demo),
		cmocka_unit_test(logs_in),
		cmocka_unit_test(refuses_a_certificate_that_it_does_not_trust),
		cmocka_unit_test(says_that_the_authorities_are_missing),
		cmocka_unit_test(sends_a_large_message),
		cmocka_unit_test(queues_a_message_and_sends_it_later),
		cmocka_unit_test(serves),
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
	login_host = mock_smtp_start(&(struct script){ .port = 2502,
	    .security = STARTTLS_OFFERED, .certificate = usual.chain,
	    .key = usual.key, .user = "nina", .password = "s3cret",
	    .auth_required = true });
	make_root(&usual);
	failures = CASES_RUN("static", works_alone, cases) +
	    cmocka_run_group_tests_name("in an empty directory", more, NULL,
	    NULL);
	mock_smtp_stop(login_host);
	mock_smtp_stop(host);
	dns_stop(&names);
	temp_dir_remove(&root);
	temp_dir_remove(&dir);
	return failures;
}
