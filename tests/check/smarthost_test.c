/*
 * The stages of relais check that need the smarthost: each with a smarthost
 * that fails at exactly this stage.
 *
 * A finding is a line: stage, verdict, text, and the remedy after " => ".  The
 * lines of a case are in the output in this order; "!" begins a text that is
 * not in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/ssl.h>

#include "check/check.h"
#include "support/cases.h"
#include "support/findings.h"
#include "support/tls_fixture.h"

enum { WANT_MAX = 8 };

struct stage_case {
	const char	*sentence;
	struct script	 script;
	const char	*scheme;	/* NULL: submission */
	const char	*conf;		/* NULL: tls_ca = {ca} */
	int		 status;
	const char	*want[WANT_MAX];
	int		 from_day;	/* of a certificate of its own, if */
	int		 to_day;	/* they differ */
	bool		 is_guess;
};

#define TLS	.security = STARTTLS_OFFERED
#define LOGIN	.user = "nina", .password = TLS_FIXTURE_PASSWORD
#define WITH_LOGIN "tls_ca = {ca}\n" TLS_FIXTURE_LOGIN
#define STEP(...) .steps = { { __VA_ARGS__ } }

static const struct stage_case cases[] = {
	{ "every stage of a good smarthost is OK", { TLS, LOGIN }, NULL,
	    WITH_LOGIN, 0, .want = { "lookup ok 127.0.0.1",
	    "connect ok connected in ", "greeting ok 220 mail.example",
	    "ehlo ok in clear text, the server offers ",
	    "tls ok TLSv1.3 TLS_AES_", "ehlo ok in TLS",
	    "auth ok logged in as nina with PLAIN; offered: PLAIN LOGIN",
	    "mail ok MAIL FROM:<kim@example.org>: 250" } },
	{ "nothing is sent, and the session ends", { TLS }, NULL, NULL, 0,
	    .want = { "auth ok not used: no credentials are configured",
	    "rcpt ok RCPT TO:<root@example.net>: 250",
	    "rset ok 250" } },
	{ "a refused connection", { .refusing = true }, NULL, NULL,
	    EX_TEMPFAIL, .want = { "connect fail Connection refused after",
	    "=> no server listens there", "!greeting" } },
	{ "an address without an answer", { .black_hole = true }, NULL,
	    "connect_timeout = 200ms\n", EX_TEMPFAIL,
	    .want = { "connect fail Connection timed out after",
	    "=> a firewall may block the port" } },
	{ "a refused greeting", { STEP(.at = ON_GREETING, .say = "554 no") },
	    NULL, NULL, EX_UNAVAILABLE,
	    .want = { "greeting fail 554 no", "!ehlo" } },
	{ "no greeting", { STEP(.at = ON_GREETING, .say = "",
	    .then = THEN_HANG) }, NULL, "timeout = 200ms\n", EX_TEMPFAIL,
	    .want = { "greeting fail timed out", "submissions://" } },
	{ "a greeting that is not SMTP", { STEP(.at = ON_GREETING,
	    .raw = "\033[2Jhello\r\n") }, NULL, NULL, EX_PROTOCOL,
	    .want = { "greeting fail", "\\033[2J", "!\033" } },
	{ "a refused EHLO and HELO", { .steps = { { .at = ON_EHLO,
	    .say = "550 no" }, { .at = ON_HELO, .say = "550 no" } } }, NULL,
	    NULL, EX_UNAVAILABLE, .want = { "ehlo fail 550 no", "!tls" } },
	{ "HELO, if EHLO is refused", { STEP(.at = ON_EHLO,
	    .say = "550 no"), }, "smtp",
	    "tls = off\n", 0, .want = { "greeting ok", "ehlo ok" } },
	{ "a server without STARTTLS", { .host = NULL }, NULL, NULL,
	    EX_UNAVAILABLE,
	    .want = { "ehlo ok in clear text", "tls fail STARTTLS: "
	    "the server does not offer TLS", "!auth ok" } },
	{ "an untrusted certificate", { TLS }, NULL, "", EX_CONFIG,
	    .want = { "ehlo ok", "tls fail ", "tls_ca" } },
	{ "a certificate for another name", { TLS }, NULL,
	    "tls_ca = {ca}\ntls_name = other.example\n", EX_CONFIG,
	    .want = { "tls fail ", "not for other.example",
	    "=> if this is the right server, set tls_name" } },
	{ "a client hello without an answer", { TLS, STEP(.at = ON_HANDSHAKE,
	    .then = THEN_HANG) }, NULL, "tls_ca = {ca}\ntimeout = 300ms\n",
	    EX_TEMPFAIL,
	    .want = { "tls fail the server does not answer the TLS client "
	    "hello: timed out", "=> a firewall", "-starttls smtp" } },
	{ "a certificate that is about to expire", { TLS }, NULL, NULL, 0,
	    .want = { "tls ok",
	    "tls warning a certificate of the server expires in ",
	    "mail ok" }, .from_day = -20, .to_day = 9 },
	{ "a certificate that is not valid yet", { TLS }, NULL, NULL,
	    EX_CONFIG, .want = { "tls fail ", "is not valid before ",
	    "=> if the clock of this machine is wrong" },
	    .from_day = 2, .to_day = 30 },
	{ "a certificate with three weeks left is not a warning", { TLS },
	    NULL, NULL, 0,
	    .want = { "tls ok", "!warning" }, .from_day = -20, .to_day = 21 },
	{ "a refused password", { TLS, .user = "nina", .password = "x" },
	    NULL, WITH_LOGIN, EX_NOPERM, .want = { "auth fail AUTH PLAIN: 535",
	    "=> check user", "!MAIL FROM", "!Tr0ub4dor" } },
	{ "AUTH is not offered", { TLS }, NULL, WITH_LOGIN, EX_NOPERM,
	    .want = { "auth fail AUTH: ", "=> use the submission port" } },
	{ "a password that cannot be read", { TLS, LOGIN }, NULL,
	    "tls_ca = {ca}\nuser = nina\npassword_file = {dir}/missing\n",
	    EX_CONFIG,
	    .want = { "tls ok", "auth fail", "missing", "!MAIL FROM" } },
	{ "a refused sender", { TLS, STEP(.at = ON_MAIL,
	    .say = "553 5.7.1 not yours") }, NULL, NULL, EX_UNAVAILABLE,
	    .want = { "mail fail MAIL FROM:<kim@example.org>: 553 "
	    "5.7.1 not yours",
	    "!rcpt", "rset ok" } },
	{ "a refused recipient", { TLS, STEP(.at = ON_RCPT,
	    .say = "550 5.1.1 no such user") }, NULL, NULL, EX_NOUSER,
	    .want = { "mail ok",
	    "rcpt fail RCPT TO:<root@example.net>: 550 5.1.1 no "
	    "such user", "rset ok" } },
	{ "a recipient that is refused for now", { TLS, STEP(.at = ON_RCPT,
	    .say = "450 4.2.0 greylisted") }, NULL, NULL, 0,
	    .want = { "rcpt warning RCPT TO:<root@example.net>: 450 "
	    "4.2.0 greylisted "
	    "(for now: the queue tries again)", "rset ok" } },
	{ "a recipient that is a guess", { TLS, STEP(.at = ON_RCPT,
	    .say = "550 5.1.1 no such user") }, NULL, NULL, 0,
	    .want = { "rcpt warning RCPT TO:<root@example.net>: 550" },
	    .is_guess = true },
	{ "a refused RSET", { TLS, STEP(.at = ON_RSET, .say = "502 no") },
	    NULL, NULL, EX_UNAVAILABLE,
	    .want = { "rcpt ok", "rset fail RSET: 502" } },
	{ "a connection that is lost at MAIL", { TLS, STEP(.at = ON_MAIL,
	    .then = THEN_RESET, .say = "") }, NULL, NULL, EX_TEMPFAIL,
	    .want = { "mail fail MAIL: ", "!rset" } },
	{ "a clock that is wrong", { TLS, STEP(.at = ON_GREETING,
	    .say = "220 x ESMTP Exim Sun, 01 Nov 2020 05:17:50 +0000") },
	    NULL, NULL, 0,
	    .want = { "greeting ok 220 x", "greeting warning the clock "
	    "of this machine is ", "minutes ahead of the date" } },
	{ "implicit TLS", { .security = TLS_AT_ONCE }, "submissions", NULL, 0,
	    .want = { "connect ok", "tls ok", "greeting ok", "ehlo ok in TLS",
	    "rset ok" } },
};

static void
assert_lines(const struct stage_case *c, const char *text)
{
	const char	*at = text;

	for (size_t i = 0; i < WANT_MAX && c->want[i] != NULL; i++) {
		const char	*want = c->want[i];

		if (want[0] == '!') {
			if (strstr(text, want + 1) != NULL)
				fail_msg("\"%s\" is in:\n%s", want + 1, text);
			continue;
		}
		at = strstr(at, want);
		if (at == NULL)
			fail_msg("\"%s\" is not in:\n%s", want, text);
	}
}

static void
stages_are_reported(void **state)
{
	const struct stage_case	*c = *state;
	struct tls_fixture	 s = { .host = NULL };
	struct script		 script = c->script;
	struct certificate	 own;
	struct config		 config;
	struct identity		 me;
	struct failure		 why;
	struct buffer		 out = { 0 };
	struct check		 check = { .config = &config, .me = &me,
				    .report = findings_note, .context = &out };
	struct check_target	 target = { .sender = "kim@example.org",
				    .recipient = "root@example.net",
				    .is_guess = c->is_guess };

	tls_fixture_begin(&s);
	if (c->from_day != c->to_day) {
		certificate_make(&own, &(struct certificate_form){
		    .common_name = "mail", .ip = "127.0.0.1",
		    .from_day = c->from_day, .to_day = c->to_day }, NULL);
		certificate_write(&own, temp_dir_path(&s.dir, "own.pem"),
		    CERTIFICATE_KEY);
		certificate_free(&own);
		strlcpy(s.usual.ca, temp_dir_path(&s.dir, "own.pem"),
		    sizeof(s.usual.ca));
		script.certificate = script.key = s.usual.ca;
	}
	tls_fixture_open(&s, &script, c->scheme != NULL ? c->scheme :
	    "submission", c->conf != NULL ? c->conf : "tls_ca = {ca}\n");
	assert_true(config_load(&config, &(struct config_source){
	    .file = s.conf }, &why));
	identity_find(&me, &config);
	target.smarthost = config_find(&config, NULL, KEY_SMARTHOST);
	assert_int_equal(check_smarthost(&check, &target), c->status == 0);
	assert_lines(c, out.data);
	assert_int_equal(check.status, c->status);
	assert_int_equal(mock_smtp_messages(s.host), 0);
	buffer_free(&out);
	identity_free(&me);
	config_free(&config);
	tls_fixture_close(&s);
}

int
main(void)
{
	return CASES_RUN("check_smarthost", stages_are_reported, cases);
}
