/*
 * REQUIRETLS (RFC 8689): a message with this promise is sent only to a verified
 * server that offers it, and is refused with the reason otherwise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "queue/spool.h"
#include "support/cases.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/serving.h"
#include "support/temp_spool.h"
#include "support/tls_fixture.h"

#define OFFERED		"PIPELINING\n8BITMIME\nDSN\nREQUIRETLS"
#define TRUSTED		"tls_ca = {ca}\n"
#define NO_OFFER	"the server does not offer REQUIRETLS (RFC 8689), so " \
	"the message was not sent"

struct promise_case {
	const char	*sentence;
	const char	*more;		/* of the configuration */
	struct script	 script;
	const char	*option;	/* or NULL */
	int		 status;
	const char	*says;		/* on standard error, or NULL */
	const char	*mail;		/* of the parameters of MAIL; NULL: no
					 * MAIL was sent */
};

#define TLS		.security = STARTTLS_OFFERED

static const struct promise_case promises[] = {
	{ "requiretls = yes sends REQUIRETLS", TRUSTED "requiretls = yes\n",
	    { TLS, .keywords = OFFERED }, NULL, 0, NULL, "REQUIRETLS" },
	{ "-O requiretls=yes sends REQUIRETLS", TRUSTED,
	    { TLS, .keywords = OFFERED }, "-Orequiretls=yes", 0, NULL,
	    "REQUIRETLS" },
	{ "-ORequireTLS sends REQUIRETLS", TRUSTED,
	    { TLS, .keywords = OFFERED }, "-ORequireTLS", 0, NULL,
	    "REQUIRETLS" },
	{ "without a promise, REQUIRETLS is not sent", TRUSTED,
	    { TLS, .keywords = OFFERED }, NULL, 0, NULL, "" },
	{ "-O requiretls=no does not override the key",
	    TRUSTED "requiretls = yes\n", { TLS, .keywords = OFFERED },
	    "-Orequiretls=no", 0, NULL, "REQUIRETLS" },
	{ "a pinned key is a verification", "tls_pin = {pin}\n"
	    "requiretls = yes\n", { TLS, .keywords = OFFERED }, NULL, 0, NULL,
	    "REQUIRETLS" },
	{ "a server that does not offer it, with the key",
	    TRUSTED "requiretls = yes\n", { TLS }, NULL, EX_UNAVAILABLE,
	    NO_OFFER "; mail is sent without this guarantee if requiretls = no "
	    "(", NULL },
	{ "a server that does not offer it, with the option", TRUSTED,
	    { TLS }, "-Orequiretls=yes", EX_UNAVAILABLE, NO_OFFER "\n", NULL },
	{ "an offer before TLS is void", TRUSTED "requiretls = yes\n",
	    { TLS, .steps = { { .at = ON_EHLO, .nth = 1, .say =
	    "250-mail.example\n250-REQUIRETLS\n250 STARTTLS" } } }, NULL,
	    EX_UNAVAILABLE, NO_OFFER, NULL },
	{ "a server that is not verified", "tls = opportunistic\n"
	    "requiretls = yes\n", { TLS, .keywords = OFFERED }, NULL,
	    EX_UNAVAILABLE, "REQUIRETLS (RFC 8689) requires that the server is "
	    "verified, and it is not, so the message was not sent; set tls = "
	    "required (", NULL },
	{ "a session in clear text", "tls = off\n",
	    { .keywords = OFFERED }, "-Orequiretls=yes", EX_UNAVAILABLE,
	    "REQUIRETLS (RFC 8689) requires TLS, and the session is in clear "
	    "text, so the message was not sent; set tls = required (", NULL },
	{ "STARTTLS is refused with tls = opportunistic",
	    "tls = opportunistic\n", { TLS, .keywords = OFFERED, .steps = {
	    { .at = ON_STARTTLS, .say = "454 no" } } }, "-Orequiretls=yes",
	    EX_UNAVAILABLE, "the session is in clear text", NULL },
	{ "the second smarthost offers it", TRUSTED "requiretls = yes\n"
	    "smarthost = submission://127.0.0.1:{port} "
	    "submission://127.0.0.1:{port}\n", { TLS, .keywords = OFFERED,
	    .steps = { { .at = ON_EHLO, .connection = 1, .nth = 2,
	    .say = "250-mail.example\n250 8BITMIME" } } }, NULL, 0, NULL,
	    "REQUIRETLS" },
	{ "the first smarthost is down, and may offer it",
	    TRUSTED "requiretls = yes\nqueue = off\nsmarthost = "
	    "submission://127.0.0.1:1 submission://127.0.0.1:{port}\n",
	    { TLS }, NULL, EX_TEMPFAIL, NO_OFFER, NULL },
	{ "an invalid value of the option is refused", TRUSTED, { TLS,
	    .keywords = OFFERED }, "-Orequiretls=maybe", EX_USAGE,
	    "invalid value \"maybe\"; expected yes or no", NULL },
	{ "[to] sets it for a recipient", TRUSTED "[to *@example.net]\n"
	    "requiretls = yes\n", { TLS }, NULL, EX_UNAVAILABLE, NO_OFFER,
	    NULL },
	{ "[to] does not set it for another recipient", TRUSTED
	    "[to *@other.example]\nrequiretls = yes\n", { TLS }, NULL, 0, NULL,
	    "" },
};

static void
is_kept_or_refused(void **state)
{
	const struct promise_case	*c = *state;
	struct tls_fixture		 s = { .host = NULL };
	const struct heard_message	*m;

	tls_fixture_open(&s, &c->script, "submission", c->more);
	program_run(&s.o, &(struct program){ .argv = c->option != NULL ?
	    WORDS("relais", "-C", s.conf, c->option, "a@example.net") :
	    WORDS("relais", "-C", s.conf, "a@example.net"),
	    .input = "TLS-Required: No\nSubject: x\n\nhi\n" });
	tls_fixture_said(&s, c->says);
	assert_int_equal(s.o.status, c->status);
	if (c->mail != NULL) {
		assert_true(mock_smtp_wait_messages(s.host, 1));
		m = mock_smtp_message(s.host, 0);
		assert_int_equal(strstr(m->parameters, "REQUIRETLS") != NULL,
		    c->mail[0] != '\0');
		/* The field is for the servers of the recipients. */
		assert_non_null(strstr(m->data.data, "TLS-Required: No\r\n"));
	} else {
		for (size_t i = 0; i < mock_smtp_connections(s.host); i++) {
			assert_true(mock_smtp_wait_closed(s.host, i + 1));
			assert_int_equal(mock_smtp_heard(s.host,
			    i)->n_messages, 0);
		}
	}
	tls_fixture_close(&s);
}

/* ---------------------------------------------------------------- SMTP */

#define DIALOGUE(parameters) "EHLO x\r\nMAIL FROM:<me@example.org>" \
	parameters "\r\nRCPT TO:<a@example.net>\r\nDATA\r\nSubject: x\r\n" \
	"\r\nhi\r\n.\r\nQUIT\r\n"

static void
by_smtp(const char *keywords, const char *says, const char *mail)
{
	struct tls_fixture	s = { .host = NULL };

	tls_fixture_open(&s, &(struct script){ TLS, .keywords = keywords },
	    "submission", TRUSTED);
	program_run(&s.o, &(struct program){ .argv = WORDS("relais", "-C",
	    s.conf, "-bs"), .input = DIALOGUE(" REQUIRETLS") });
	assert_non_null(strstr(s.o.out.data, "250 REQUIRETLS\r\n"));
	if (strstr(s.o.out.data, says) == NULL)
		fail_msg("%s is not in: %s", says, s.o.out.data);
	assert_int_equal(mock_smtp_messages(s.host), mail != NULL);
	if (mail != NULL)
		assert_non_null(strstr(mock_smtp_message(s.host,
		    0)->parameters, mail));
	tls_fixture_close(&s);
}

static void
smtp_accepts_the_parameter(void **state)
{
	(void)state;
	by_smtp(OFFERED, "\r\n250 2.0.0 Ok: sent", "REQUIRETLS");
	by_smtp("8BITMIME", "554 5.7.30 ", NULL);
}

/* The first smarthost does not offer REQUIRETLS, the second refuses us. */
static void
the_code_of_another_smarthost_is_not_passed_on(void **state)
{
	struct tls_fixture	s = { .host = NULL };

	(void)state;
	tls_fixture_open(&s, &(struct script){ TLS, .keywords = OFFERED,
	    .user = "nina", .password = TLS_FIXTURE_PASSWORD, .steps = {
	    { .at = ON_EHLO, .connection = 1, .nth = 2,
	    .say = "250-mail.example\n250-8BITMIME\n250 AUTH PLAIN" },
	    { .at = ON_AUTH, .connection = 2, .say = "535 5.7.8 no" } } },
	    "submission", TRUSTED TLS_FIXTURE_LOGIN "auth = PLAIN\n"
	    "smarthost = submission://127.0.0.1:{port} "
	    "submission://127.0.0.1:{port}\n");
	program_run(&s.o, &(struct program){ .argv = WORDS("relais", "-C",
	    s.conf, "-bs"), .input = DIALOGUE(" REQUIRETLS") });
	if (strstr(s.o.out.data, "\r\n554-5.7.0 ") == NULL &&
	    strstr(s.o.out.data, "\r\n554 5.7.0 ") == NULL)
		fail_msg("%s", s.o.out.data);
	assert_null(strstr(s.o.out.data, "5.7.30"));
	tls_fixture_close(&s);
}

static void
the_option_is_refused_with_smtp(void **state)
{
	struct tls_fixture	s = { .host = NULL };

	(void)state;
	tls_fixture_open(&s, &(struct script){ TLS, .keywords = OFFERED },
	    "submission", TRUSTED);
	program_run(&s.o, &(struct program){ .argv = WORDS("relais", "-C",
	    s.conf, "-bs", "-O", "requiretls=yes"), .input = DIALOGUE("") });
	assert_int_equal(s.o.status, EX_USAGE);
	tls_fixture_said(&s, "use the parameter REQUIRETLS of MAIL");
	assert_int_equal(mock_smtp_connections(s.host), 0);
	tls_fixture_close(&s);
}

/* ------------------------------------------------- the queue and the service */

/* The settings for a server that is verified by the usual certificates. */
static char *
trusting(const struct usual_certificates *usual, const char *more)
{
	struct buffer	text = { 0 };

	buffer_addf(&text, "tls = required\ntls_ca = %s\n%s", usual->ca, more);
	return buffer_take(&text);
}

struct certified {
	struct temp_dir			 dir;
	struct usual_certificates	 usual;
	char				*conf;		/* owned */
};

static struct script
certified_script(struct certified *c, const char *keywords, const char *more)
{
	temp_dir_make(&c->dir);
	certificate_usual(&c->usual, &c->dir);
	c->conf = trusting(&c->usual, more);
	return (struct script){ TLS, .certificate = c->usual.chain,
	    .key = c->usual.key, .keywords = keywords };
}

static void
certified_close(struct certified *c)
{
	free(c->conf);
	temp_dir_remove(&c->dir);
}

static void
put(struct queue_fixture *p, const char *ret)
{
	struct program_result	o;

	relais_run(&o, p->conf, WORDS("-odq", "-O", "requiretls=yes", "-R", ret,
	    "-f", "me@example.org", "a@example.net"),
	    "Subject: secret plans\n\nthe body\n");
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
}

/* relais queue show shows the promise. */
static void
assert_shown(const struct queue_fixture *p)
{
	struct program_result	o;
	char			pattern[100];
	glob_t			found;

	snprintf(pattern, sizeof(pattern), "%s/queue/*", p->spool);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	program_run(&o, &(struct program){ .argv = WORDS("relais", "-C",
	    p->conf, "queue", "show", strrchr(found.gl_pathv[0], '/') + 1) });
	globfree(&found);
	assert_non_null(strstr(o.out.data, "from: <me@example.org>\n"
	    "requiretls: yes\n"));
	program_result_free(&o);
}

static void
the_queue_keeps_the_promise(void **state)
{
	struct certified	 c;
	struct script		 script = certified_script(&c, OFFERED, "");
	struct queue_fixture	 p;

	(void)state;
	queue_fixture_open(&p, &script, c.conf);
	put(&p, "hdrs");
	assert_shown(&p);
	queue_fixture_run(&p, "-q", 0);
	assert_int_equal(mock_smtp_messages(p.host), 1);
	assert_non_null(strstr(mock_smtp_message(p.host, 0)->parameters,
	    "REQUIRETLS"));
	queue_fixture_close(&p);
	certified_close(&c);
}

/* The bounce has the header only, even if the whole message was requested. */
static void
assert_bounce(const struct heard_message *m, bool protected)
{
	assert_string_equal(m->reverse_path, "");
	assert_string_equal(m->rcpt[0].path, "me@example.org");
	assert_int_equal(strstr(m->parameters, "REQUIRETLS") != NULL,
	    protected);
	assert_non_null(strstr(m->data.data, "Subject: secret plans"));
	assert_null(strstr(m->data.data, "the body"));
}

static void
a_message_without_the_offer_bounces(void **state)
{
	struct certified	 c;
	struct script		 script = certified_script(&c, "DSN", "");
	struct queue_fixture	 p;

	(void)state;
	queue_fixture_open(&p, &script, c.conf);
	put(&p, "full");
	queue_fixture_run(&p, "-q", QUEUE_FIXTURE_ANY);
	queue_fixture_run(&p, "-q", QUEUE_FIXTURE_ANY);
	/* The message is not sent, and the bounce is. */
	assert_int_equal(mock_smtp_messages(p.host), 1);
	assert_bounce(mock_smtp_message(p.host, 0), false);
	assert_non_null(strstr(mock_smtp_message(p.host, 0)->data.data,
	    "Status: 5.7.30\r\n"));
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	queue_fixture_close(&p);
	certified_close(&c);
}

static void
a_bounce_has_the_promise_too(void **state)
{
	struct certified	 c;
	struct script		 script = certified_script(&c, OFFERED, "");
	struct queue_fixture	 p;

	(void)state;
	script.steps[0] = (struct step){ .at = ON_RCPT,
	    .match = "a@example.net", .say = "550 5.1.1 no" };
	queue_fixture_open(&p, &script, c.conf);
	put(&p, "full");
	queue_fixture_run(&p, "-q", QUEUE_FIXTURE_ANY);
	queue_fixture_run(&p, "-q", QUEUE_FIXTURE_ANY);
	assert_int_equal(mock_smtp_messages(p.host), 1);
	assert_bounce(mock_smtp_message(p.host, 0), true);
	queue_fixture_close(&p);
	certified_close(&c);
}

/* A bounce of a message for which only the key requires TLS. */
static void
a_bounce_of_a_message_with_the_key_has_the_header_only(void **state)
{
	struct certified	 c;
	struct script		 script = certified_script(&c, OFFERED,
				    "[to *@example.net]\nrequiretls = yes\n");
	struct queue_fixture	 p;
	struct program_result	 o;

	(void)state;
	script.steps[0] = (struct step){ .at = ON_RCPT,
	    .match = "a@example.net", .say = "550 5.1.1 no" };
	queue_fixture_open(&p, &script, c.conf);
	relais_run(&o, p.conf, WORDS("-odq", "-R", "full", "-f",
	    "me@example.org", "a@example.net"),
	    "Subject: secret plans\n\nthe body\n");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	queue_fixture_run(&p, "-q", QUEUE_FIXTURE_ANY);
	queue_fixture_run(&p, "-q", QUEUE_FIXTURE_ANY);
	assert_int_equal(mock_smtp_messages(p.host), 1);
	assert_bounce(mock_smtp_message(p.host, 0), true);
	queue_fixture_close(&p);
	certified_close(&c);
}

/* The promise passes through the socket, the session and the worker. */
static void
the_service_keeps_the_promise(void **state)
{
	struct certified	c;
	struct script		script = certified_script(&c, OFFERED,
				    "connections = 1\n");
	struct serving		s;
	struct program_result	o;

	(void)state;
	serving_open(&s, &script, c.conf);
	serving_start(&s, NULL);
	for (int i = 0; i < 2; i++) {
		program_run(&o, &(struct program){ .argv = WORDS("relais",
		    "-C", s.conf, "-O", i == 0 ? "requiretls=yes" :
		    "requiretls=no", "a@example.net"),
		    .input = "Subject: x\n\nhi\n" });
		assert_string_equal(o.err.data, "");
		assert_int_equal(o.status, 0);
		program_result_free(&o);
	}
	/* Both in one session. */
	assert_int_equal(mock_smtp_connections(s.host), 1);
	assert_non_null(strstr(mock_smtp_message(s.host, 0)->parameters,
	    "REQUIRETLS"));
	assert_null(strstr(mock_smtp_message(s.host, 1)->parameters,
	    "REQUIRETLS"));
	serving_close(&s);
	certified_close(&c);
}

/* The open session of a worker does not offer it, and neither does a new one. */
static void
the_service_refuses_what_it_cannot_promise(void **state)
{
	struct certified	c;
	struct script		script = certified_script(&c, "8BITMIME",
				    "connections = 1\n");
	struct serving		s;
	struct program_result	o;

	(void)state;
	serving_open(&s, &script, c.conf);
	serving_start(&s, NULL);
	for (int i = 0; i < 2; i++) {
		program_run(&o, &(struct program){ .argv = WORDS("relais",
		    "-C", s.conf, "-O", i == 0 ? "requiretls=no" :
		    "requiretls=yes", "a@example.net"),
		    .input = "Subject: x\n\nhi\n" });
		assert_int_equal(o.status, i == 0 ? 0 : EX_UNAVAILABLE);
		if (i == 1)
			assert_non_null(strstr(o.err.data, NO_OFFER));
		program_result_free(&o);
	}
	serving_expect(&s, DIALOGUE(" REQUIRETLS"), "554 5.7.30 ");
	assert_int_equal(mock_smtp_messages(s.host), 1);
	serving_close(&s);
	certified_close(&c);
}

/* With storm, the second message would be collected. */
static void
a_promise_is_not_collected_for_a_digest(void **state)
{
	const char		*more = *state;
	struct certified	 c;
	struct script		 script = certified_script(&c, OFFERED, more);
	struct queue_fixture	 p;
	struct program_result	 o;
	bool			 by_key = strstr(more, "requiretls") != NULL;

	queue_fixture_open(&p, &script, c.conf);
	for (int i = 0; i < 3; i++) {
		relais_run(&o, p.conf, WORDS("-O", by_key ? "requiretls=no" :
		    "requiretls=yes", "a@example.net"),
		    "Subject: x\n\nhi\n");
		assert_int_equal(o.status, 0);
		program_result_free(&o);
	}
	assert_int_equal(mock_smtp_messages(p.host), 3);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	queue_fixture_close(&p);
	certified_close(&c);
}

static const struct CMUnitTest requiretls_spec[] = {
	cmocka_unit_test(smtp_accepts_the_parameter),
	cmocka_unit_test(the_code_of_another_smarthost_is_not_passed_on),
	cmocka_unit_test(the_option_is_refused_with_smtp),
	cmocka_unit_test(the_queue_keeps_the_promise),
	cmocka_unit_test(a_message_without_the_offer_bounces),
	cmocka_unit_test(a_bounce_has_the_promise_too),
	cmocka_unit_test(
	    a_bounce_of_a_message_with_the_key_has_the_header_only),
	cmocka_unit_test(the_service_keeps_the_promise),
	cmocka_unit_test(the_service_refuses_what_it_cannot_promise),
	cmocka_unit_test_prestate(a_promise_is_not_collected_for_a_digest,
	    (void *)(uintptr_t)"storm = 1/hour\n"),
	cmocka_unit_test_prestate(a_promise_is_not_collected_for_a_digest,
	    (void *)(uintptr_t)"storm = 1/hour\n[to *@example.net]\n"
	    "requiretls = yes\n"),
};

int
main(void)
{
	return CASES_RUN("promises", is_kept_or_refused, promises) +
	    cmocka_run_group_tests(requiretls_spec, NULL, NULL);
}
