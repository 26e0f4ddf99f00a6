/*
 * A message from standard input to the smarthost, and the exit status.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "support/certificate.h"
#include "support/conf.h"
#include "support/fixture.h"
#include "support/mock_smtp.h"
#include "support/program.h"

static void
recipients_come_from_the_header_with_t(void **state)
{
	struct fixture			 p;
	struct program_result		 o;
	const struct heard_message	*m;

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	relais_run(&o, p.conf, WORDS("-t", "-i", "-f", "me@example.org"),
	    "To: a@example.net\nCc: \"B, C\" <b@example.net>\n"
	    "bcc: c@example.net\nSubject: hello\nDate: today\n"
	    "From: me@example.org\nMessage-ID: <1@example.org>\n\n"
	    ".\n..x\nlast");
	assert_int_equal(o.status, 0);
	assert_string_equal(o.out.data, "");
	assert_string_equal(o.err.data, "");
	m = fixture_message(&p, 0);
	assert_string_equal(m->reverse_path, "me@example.org");
	assert_int_equal(m->n_rcpt, 3);
	assert_string_equal(m->rcpt[0].path, "a@example.net");
	assert_string_equal(m->rcpt[1].path, "b@example.net");
	assert_string_equal(m->rcpt[2].path, "c@example.net");
	assert_string_equal(m->data.data,
	    "To: a@example.net\r\nCc: \"B, C\" <b@example.net>\r\n"
	    "Subject: hello\r\nDate: today\r\nFrom: me@example.org\r\n"
	    "Message-ID: <1@example.org>\r\n\r\n.\r\n..x\r\nlast\r\n");
	program_result_free(&o);
	fixture_close(&p);
}

/* Each address is refused with a reason, as by the smarthost. */
static void
an_invalid_address_in_the_header_does_not_stop_the_others(void **state)
{
	struct fixture			 p;
	struct program_result		 o;
	const struct heard_message	*m;

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp",
	    "root = admin@example.net\n");
	relais_run(&o, p.conf, WORDS("-t", "-i"),
	    "From: a@example.org\nTo: John Doe, b@example.net; \"c@example.net\""
	    "\nCc: kim\uff20example.net\nBcc: <d@example.net\n\nhello\n");
	assert_int_equal(o.status, EX_NOUSER);
	assert_non_null(strstr(o.err.data, "not sent to \"John Doe\": field "
	    "To: invalid address 'John Doe': "));
	assert_non_null(strstr(o.err.data, "not sent to kim\uff20example.net: "
	    "'kim\uff20example.net' is neither an "
	    "address nor the name of an account"));
	assert_non_null(strstr(o.err.data, "field Bcc: invalid address "
	    "'<d@example.net': "));
	m = fixture_message(&p, 0);
	assert_int_equal(m->n_rcpt, 2);
	assert_string_equal(m->rcpt[0].path, "b@example.net");
	assert_string_equal(m->rcpt[1].path, "c@example.net");
	assert_non_null(strstr(m->data.data, "To: John Doe, b@example.net,  "
	    "c@example.net \r\nCc: "));
	program_result_free(&o);
	relais_run(&o, p.conf, WORDS("-t", "-i"), "To: John Doe\n\nhello\n");
	assert_int_equal(o.status, EX_DATAERR);
	program_result_free(&o);
	relais_run(&o, p.conf, WORDS("-i", "e@example.net", "John Doe"),
	    "\nhello\n");
	assert_int_equal(o.status, EX_USAGE);
	program_result_free(&o);
	assert_int_equal(mock_smtp_messages(p.host), 1);
	fixture_close(&p);
}

/* As PHP writes CRLF if it converts each LF to CRLF. */
static void
the_header_ends_at_an_empty_line_with_any_line_ends(void **state)
{
	struct fixture			 p;
	struct program_result		 o;
	const struct heard_message	*m;

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	relais_run(&o, p.conf, WORDS("-t", "-i"),
	    "From: a@example.org\r\r\nTo: b@example.net\r\r\n\r\r\n"
	    "Bcc: victim@example.net\r\r\n\r\r\nhello\r\r\n");
	assert_int_equal(o.status, 0);
	m = fixture_message(&p, 0);
	assert_int_equal(m->n_rcpt, 1);
	assert_string_equal(m->rcpt[0].path, "b@example.net");
	assert_non_null(strstr(m->data.data, "\r\n\r\nBcc: victim@example.net"
	    "\r\n\r\nhello\r\n"));
	program_result_free(&o);
	fixture_close(&p);
}

static void
binary_data_arrives_unchanged_or_is_refused(void **state)
{
	struct fixture			 p;
	struct program_result		 o;
	const struct heard_message	*m;

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	relais_run(&o, p.conf, WORDS("-i", "-B", "BINARYMIME",
	    "a@example.net"), "Content-Type: image/png\n\n\211PNG\r\n\032\n");
	assert_int_equal(o.status, 0);
	m = fixture_message(&p, 0);
	assert_non_null(strstr(m->data.data,
	    "Content-Transfer-Encoding: base64\r\n"));
	assert_non_null(strstr(m->data.data, "\r\n\r\niVBORw0KGgo=\r\n"));
	program_result_free(&o);
	relais_run(&o, p.conf, WORDS("-i", "-B", "BINARYMIME",
	    "a@example.net"), "Content-Type: multipart/mixed; boundary=o\n\n"
	    "a\rb\n--o\n\nc\n--o--\n");
	assert_int_equal(o.status, EX_DATAERR);
	assert_non_null(strstr(o.err.data, "binary data"));
	program_result_free(&o);
	assert_int_equal(mock_smtp_messages(p.host), 1);
	fixture_close(&p);
}

static void
arguments_are_recipients_and_bcc_is_removed(void **state)
{
	struct fixture			 p;
	struct program_result		 o;
	const struct heard_message	*m;

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	relais_run(&o, p.conf, WORDS("-i", "a@example.net, b@example.net",
	    "c@example.net"), "To: x@example.net\nBcc: y@example.net\n\nhi\n");
	assert_int_equal(o.status, 0);
	m = fixture_message(&p, 0);
	assert_int_equal(m->n_rcpt, 3);
	assert_null(strstr(m->data.data, "Bcc"));
	assert_null(strstr(m->data.data, "y@example.net"));
	program_result_free(&o);
	fixture_close(&p);
}

static void
missing_fields_are_added_once(void **state)
{
	static const char *const	names[] = { "\r\nDate: ",
		"\r\nMessage-ID: <", "\r\nFrom: Nina <nina@example.org>\r\n",
		"\r\nTo: undisclosed-recipients:;\r\n" };
	struct fixture			 p;
	struct program_result		 o;
	const struct heard_message	*m;

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	relais_run(&o, p.conf, WORDS("-F", "Nina", "-f", "nina@example.org",
	    "a@example.net"), "Subject: x\n\nhi\n");
	assert_int_equal(o.status, 0);
	m = fixture_message(&p, 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char	*at = strstr(m->data.data, names[i]);

		assert_non_null(at);
		assert_null(strstr(at + 1, names[i]));
	}
	program_result_free(&o);
	fixture_close(&p);
}

static void
without_i_a_line_with_only_a_dot_ends_the_message(void **state)
{
	struct fixture		p;
	struct program_result	o;

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	relais_run(&o, p.conf, WORDS("a@example.net"),
	    "Subject: x\n\n..one\n.text\n...\n.\ntwo\n");
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(fixture_message(&p, 0)->data.data,
	    "\r\n\r\n.one\r\n.text\r\n..\r\n"));
	assert_null(strstr(fixture_message(&p, 0)->data.data, "two"));
	program_result_free(&o);
	fixture_close(&p);
}

/* The addresses on which a server can listen. */
static void
arrives_at(void **state)
{
	const char		*address = *state;
	struct fixture		 p;
	struct program_result	 o;
	char			*path = NULL;
	bool			 local = address[0] == '/';

	temp_dir_make(&p.dir);
	if (local)
		address = path = strdup(temp_dir_path(&p.dir, "socket"));
	p.host = mock_smtp_start(&(struct script){ .address = address });
	p.conf = conf_write(&p.dir, p.host, "smtp", NULL);
	relais_run(&o, p.conf, WORDS("a@example.net"), "Subject: x\n\nhi\n");
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	assert_int_equal(fixture_message(&p, 0)->n_rcpt, 1);
	program_result_free(&o);
	fixture_close(&p);
	free(path);
}

#define ARRIVES_AT(sentence, address) \
	{ sentence, arrives_at, NULL, NULL, (void *)(uintptr_t)(address) }

/* TLS and AUTH, with STARTTLS and with implicit TLS. */
static void
logs_in(enum security security, const char *scheme, const char *mechanisms)
{
	struct fixture			 p;
	struct usual_certificates	 u;
	struct program_result		 o;
	const struct heard		*h;
	char				 more[600];

	temp_dir_make(&p.dir);
	certificate_usual(&u, &p.dir);
	temp_dir_write(&p.dir, "password", 0600, "s3cret # \"x\n");
	p.host = mock_smtp_start(&(struct script){ .security = security,
	    .certificate = u.chain, .key = u.key, .user = "nina",
	    .password = "s3cret # \"x", .mechanisms = mechanisms,
	    .auth_required = true });
	snprintf(more, sizeof(more), "tls_ca = %s\nuser = nina\n"
	    "password_file = %s/password\n", u.ca, p.dir.path);
	p.conf = conf_write(&p.dir, p.host, scheme, more);
	relais_run(&o, p.conf, WORDS("-v", "a@example.net"),
	    "Subject: x\n\nhi\n");
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	assert_null(strstr(o.out.data, "s3cret"));
	assert_null(strstr(o.out.data, "czNjcmV0"));
	assert_int_equal(fixture_message(&p, 0)->n_rcpt, 1);
	h = mock_smtp_heard(p.host, 0);
	assert_true(h->authenticated);
	assert_non_null(strstr(h->tls, "TLSv1.3"));
	program_result_free(&o);
	fixture_close(&p);
}

static void
starttls_and_auth_plain(void **state)
{
	(void)state;
	logs_in(STARTTLS_OFFERED, "submission", "PLAIN LOGIN");
}

static void
starttls_and_auth_login(void **state)
{
	(void)state;
	logs_in(STARTTLS_OFFERED, "submission", "LOGIN");
}

static void
implicit_tls_and_auth_plain(void **state)
{
	(void)state;
	logs_in(TLS_AT_ONCE, "submissions", "PLAIN LOGIN");
}

/* The exit status and error for each behaviour of the server. */
struct trouble {
	struct script	 script;
	const char	*more;
	int		 status;
	size_t		 lines;		/* on stderr; 0: one */
	const char	*words[3];	/* on them */
};

static void
is_told(void **state)
{
	const struct trouble	*t = *state;
	struct fixture		 p;
	struct program_result	 o;
	size_t			 lines = 0;

	fixture_open(&p, &t->script, "smtp", t->more);
	relais_run(&o, p.conf, WORDS("a@example.net", "b@example.net"),
	    "Subject: x\n\nhi\n");
	assert_int_equal(o.status, t->status);
	for (size_t i = 0; i < 3 && t->words[i] != NULL; i++)
		if (strstr(o.err.data, t->words[i]) == NULL)
			fail_msg("no \"%s\" in: %s", t->words[i], o.err.data);
	for (const char *c = o.err.data; *c != '\0'; c++)
		lines += *c == '\n';
	assert_int_equal(lines, t->lines > 0 ? t->lines : 1);
	assert_string_equal(o.out.data, "");
	program_result_free(&o);
	fixture_close(&p);
}

#define TOLD(sentence, ...) { sentence, is_told, NULL, NULL, \
	&(struct trouble){ __VA_ARGS__ } }

/* sudo and cron may pass on the TMPDIR of another user. */
static void
an_unusable_tmpdir_does_not_matter(void **state)
{
	enum { LARGE = 400 * 1024 };
	static char		 text[LARGE + 1];
	struct mock_smtp	*host = mock_smtp_start(&(struct script){ 0 });
	struct temp_dir		 f;
	struct program_result	 out;

	(void)state;
	for (size_t i = 0; i < LARGE; i++)
		text[i] = i % 64 == 63 ? '\n' : 'a';
	temp_dir_make(&f);
	program_run(&out, &(struct program){ .input = text,
	    .env = WORDS("TMPDIR=/nonexistent"),
	    .argv = WORDS("relais", "-C", conf_write(&f, host, "smtp", NULL),
	    "-i", "a@example.net") });
	assert_string_equal(out.err.data, "");
	assert_int_equal(out.status, 0);
	assert_true(mock_smtp_wait_messages(host, 1));
	program_result_free(&out);
	temp_dir_remove(&f);
	mock_smtp_stop(host);
}

static const struct CMUnitTest submit_spec[] = {
	cmocka_unit_test(an_unusable_tmpdir_does_not_matter),
	TOLD("the server replies to DATA with 250",
	    .script = { .keywords = "PIPELINING", .steps = { { .at = ON_DATA,
	    .say = "250 2.0.0 fine" } } }, .status = EX_PROTOCOL,
	    .words = { "DATA: 250 2.0.0 fine", "not a valid reply to DATA" }),
	cmocka_unit_test(recipients_come_from_the_header_with_t),
	cmocka_unit_test(
	    an_invalid_address_in_the_header_does_not_stop_the_others),
	cmocka_unit_test(
	    the_header_ends_at_an_empty_line_with_any_line_ends),
	cmocka_unit_test(binary_data_arrives_unchanged_or_is_refused),
	cmocka_unit_test(arguments_are_recipients_and_bcc_is_removed),
	cmocka_unit_test(missing_fields_are_added_once),
	cmocka_unit_test(without_i_a_line_with_only_a_dot_ends_the_message),
	ARRIVES_AT("a message arrives over IPv4", "127.0.0.1"),
	ARRIVES_AT("a message arrives over IPv6", "::1"),
	ARRIVES_AT("a message arrives over a Unix socket", "/"),
	cmocka_unit_test(starttls_and_auth_plain),
	cmocka_unit_test(starttls_and_auth_login),
	cmocka_unit_test(implicit_tls_and_auth_plain),
	TOLD("nothing listens on the port",
	    .script = { .refusing = true }, .status = EX_TEMPFAIL,
	    .words = { "127.0.0.1:", "Connection refused" }),
	TOLD("the server is full",
	    .script = { .steps = { { .at = ON_GREETING,
	    .say = "421 4.3.2 too busy", .then = THEN_CLOSE } } },
	    .status = EX_TEMPFAIL,
	    .words = { "greeting", "421 4.3.2 too busy" }),
	TOLD("the server refuses the connection",
	    .script = { .steps = { { .at = ON_GREETING,
	    .say = "554 5.7.1 go away" } } },
	    .status = EX_UNAVAILABLE,
	    .words = { "greeting", "554 5.7.1 go away" }),
	TOLD("the server sends no greeting",
	    .script = { .steps = { { .at = ON_GREETING,
	    .then = THEN_HANG, .say = "" } } },
	    .more = "timeout = 1s\n",
	    .status = EX_TEMPFAIL, .words = { "greeting", "timed out" }),
	TOLD("both recipients are refused because of the sender",
	    .script = { .steps = { { .at = ON_MAIL,
	    .say = "550 5.7.1 not you" } } },
	    .status = EX_UNAVAILABLE,
	    .words = { "not sent to a@example.net, b@example.net: ",
	    "MAIL: 550 5.7.1 not you" }),
	TOLD("one recipient is refused, and the other is not",
	    .script = { .steps = { { .at = ON_RCPT, .match = "b@",
	    .say = "550 5.1.1 who?" } } },
	    .status = EX_NOUSER,
	    .words = { "not sent to b@example.net", "550 5.1.1 who?" }),
	TOLD("one recipient is refused, and the message for the other is",
	    .script = { .steps = { { .at = ON_RCPT, .match = "a@",
	    .say = "550 5.1.1 who?" }, { .at = ON_BODY,
	    .say = "554 5.6.0 spam" } } },
	    .status = EX_UNAVAILABLE, .lines = 2,
	    .words = { "not sent to a@example.net: ", "550 5.1.1 who?",
	    "not sent to b@example.net: " }),
	TOLD("one recipient is refused, the other deferred without a queue",
	    .script = { .steps = { { .at = ON_RCPT, .match = "a@",
	    .say = "550 5.1.1 who?" }, { .at = ON_RCPT, .match = "b@",
	    .say = "450 4.7.1 greylisted" } } },
	    .status = EX_TEMPFAIL, .lines = 2,
	    .words = { "not sent to a@example.net: ",
	    "not sent to b@example.net: ", "450 4.7.1 greylisted" }),
	TOLD("the message is too large for the server",
	    .script = { .size_limit = 10 }, .status = EX_DATAERR,
	    .words = { "at most 10" }),
	TOLD("the server refuses the message after reading it",
	    .script = { .steps = { { .at = ON_BODY,
	    .say = "554 5.6.0 spam" } } },
	    .status = EX_UNAVAILABLE,
	    .words = { "end of message: 554 5.6.0 spam" }),
	TOLD("the server defers the message after reading it",
	    .script = { .steps = { { .at = ON_BODY,
	    .say = "452 4.3.1 disk full" } } },
	    .status = EX_TEMPFAIL, .words = { "452 4.3.1 disk full" }),
	TOLD("the server closes the connection instead of replying",
	    .script = { .steps = { { .at = ON_BODY, .say = "",
	    .then = THEN_CLOSE } } },
	    .status = EX_TEMPFAIL, .words = { "may have accepted" }),
	TOLD("the server does not speak SMTP",
	    .script = { .steps = { { .at = ON_GREETING,
	    .say = "SSH-2.0-OpenSSH_9.2" } } },
	    .status = EX_PROTOCOL, .words = { "SSH-2.0" }),
	TOLD("TLS is required but not offered",
	    .more = "tls = required\n", .status = EX_UNAVAILABLE,
	    .words = { "STARTTLS", "does not offer TLS" }),
};

int
main(void)
{
	return cmocka_run_group_tests(submit_spec, NULL, NULL);
}
