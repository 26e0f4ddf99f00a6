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
#include <time.h>

#include <openssl/ssl.h>

#include "check/check.h"
#include "support/cases.h"
#include "support/findings.h"
#include "support/mechanisms.h"
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
	const char	*own_name;	/* its common name; NULL: mail */
	unsigned	 copies;	/* of it in the chain, and one more */
	int		 clock_s;	/* add to now: the date in a greeting */
	bool		 is_guess;
};

#define TLS	.security = STARTTLS_OFFERED
#define LOGIN	.user = "nina", .password = TLS_FIXTURE_PASSWORD
#define WITH_LOGIN "tls_ca = {ca}\n" TLS_FIXTURE_LOGIN
#define STEP(...) .steps = { { __VA_ARGS__ } }

/*
 * For a server that hangs after it has replied to commands: a machine under
 * load may need longer than a fraction of a second for these.
 */
#define PATIENCE "timeout = 2s\n"

#define FIFTY_OCTETS	"abcdefghi.abcdefghi.abcdefghi.abcdefghi.abcdefghi."
#define LONG_NAME	FIFTY_OCTETS FIFTY_OCTETS FIFTY_OCTETS FIFTY_OCTETS \
	"mail.example"

static struct mechanisms knows_password = { LOGIN };
static struct mechanisms is_attacked = { LOGIN, .attacked = true };

static const struct stage_case cases[] = {
	{ "every stage of a good smarthost is OK", { TLS, LOGIN }, NULL,
	    WITH_LOGIN, 0, .want = { "lookup ok 127.0.0.1",
	    "connect ok connected in ", "greeting ok 220 mail.example",
	    "ehlo ok in clear text, the server offers ",
	    "tls ok TLSv1.3 TLS_AES_", "ehlo ok in TLS",
	    "auth ok logged in as nina with PLAIN; offered: PLAIN LOGIN",
	    "mail ok MAIL FROM:<kim@example.org>: 250" } },
	{ "a login with channel binding", { TLS, LOGIN, .mechanisms =
	    "PLAIN SCRAM-SHA-1-PLUS", .auth = mechanisms_auth,
	    .auth_ctx = &knows_password }, NULL, WITH_LOGIN, 0,
	    .want = { "auth ok logged in as nina with SCRAM-SHA-1-PLUS and "
	    "channel binding tls-exporter; offered: PLAIN SCRAM-SHA-1-PLUS" } },
	{ "a login whose channel binding does not match", { TLS, LOGIN,
	    .mechanisms = "PLAIN SCRAM-SHA-1-PLUS", .auth = mechanisms_auth,
	    .auth_ctx = &is_attacked }, NULL, WITH_LOGIN, EX_NOPERM,
	    .want = { "auth fail AUTH SCRAM-SHA-1-PLUS: 535 5.7.8 credentials "
	    "invalid (channel-bindings-dont-match)",
	    "the TLS session does not end at the server" } },
	{ "nothing is sent, and the session ends", { TLS }, NULL, NULL, 0,
	    .want = { "auth ok not used: no credentials are configured",
	    "rcpt ok RCPT TO:<root@example.net>: 250",
	    "rset ok 250" } },
	{ "a refused connection", { .refusing = true }, NULL, NULL,
	    EX_TEMPFAIL, .want = { "connect fail Connection refused after",
	    "=> no server listens on this port", "!greeting" } },
	{ "an address without an answer", { .black_hole = true }, NULL,
	    "connect_timeout = 200ms\n", EX_TEMPFAIL,
	    .want = { "connect fail Connection timed out after",
	    "=> a firewall may block this port" } },
	{ "a smarthost that is named as its own proxy", { TLS }, NULL,
	    "proxy = socks5://127.0.0.1:{port}\n", EX_PROTOCOL,
	    .want = { "lookup ok left to the proxy 127.0.0.1:",
	    "connect fail proxy 127.0.0.1:", "the server does not speak "
	    "SOCKS5: it sent \"220 mail.example",
	    "=> check the host and the port of the proxy", "!greeting" } },
	{ "a program of connect_command that ends", { TLS }, NULL,
	    "connect_command = false\n", EX_TEMPFAIL,
	    .want = { "lookup ok left to the command false",
	    "connect ok started the command false in ", "connect fail the "
	    "server closed the connection; connect_command: false exited with "
	    "status 1", "=> correct connect_command", "!greeting" } },
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
	    .then = THEN_HANG) }, NULL, "tls_ca = {ca}\n" PATIENCE,
	    EX_TEMPFAIL,
	    .want = { "tls fail the server does not answer the client hello "
	    "of ", " octets: timed out", "=> the client hello fits into one "
	    "packet", "-starttls smtp -connect 127.0.0.1:" } },
	{ "a large client hello that is dropped", { TLS, STEP(
	    .at = ON_HANDSHAKE, .after = 1200, .say = "",
	    .then = THEN_RESET) }, NULL, "tls_ca = {ca}\n"
	    "tls_groups = ffdhe8192\ntls_name = " LONG_NAME "\n",
	    EX_TEMPFAIL, .want = { "tls fail the connection was reset after "
	    "the client hello of 1", "=> a firewall or the server may drop",
	    "-groups X25519\"" } },
	{ "requiretls, which the server offers", { TLS, .keywords =
	    "8BITMIME\nREQUIRETLS" }, NULL,
	    "tls_ca = {ca}\nrequiretls = yes\n", 0, .want = { "ehlo ok the "
	    "server is verified and offers REQUIRETLS", "rset ok" } },
	{ "requiretls, which the server does not offer", { TLS }, NULL,
	    "tls_ca = {ca}\nrequiretls = yes\n", EX_UNAVAILABLE,
	    .want = { "tls ok", "ehlo fail the server does not offer REQUIRETLS "
	    "(RFC 8689), so mail is not sent with requiretls = yes",
	    "=> mail is sent without this guarantee if requiretls = no",
	    "!mail ok" } },
	{ "requiretls, and the server is not verified", { TLS, .keywords =
	    "8BITMIME\nREQUIRETLS" }, NULL,
	    "tls = opportunistic\nrequiretls = yes\n", EX_UNAVAILABLE,
	    .want = { "ehlo fail REQUIRETLS (RFC 8689) requires that the "
	    "server is verified, and it is not", "=> set tls = required",
	    "!mail ok" } },
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
	    "(a temporary refusal: queued mail is tried again)", "rset ok" } },
	{ "a recipient that is a guess", { TLS, STEP(.at = ON_RCPT,
	    .say = "550 5.1.1 no such user") }, NULL, NULL, 0,
	    .want = { "rcpt warning RCPT TO:<root@example.net>: 550",
	    "(an example of an address that the section matches)" },
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
	{ "a clock that is behind", { TLS }, NULL, NULL, 0,
	    .want = { "greeting ok 220 x", "greeting warning the clock of "
	    "this machine is 6 minutes behind the date" }, .clock_s = 390 },
	{ "a clock that is ahead", { TLS }, NULL, NULL, 0,
	    .want = { "greeting warning the clock of this machine is 6 "
	    "minutes ahead of the date", "=> compare with another clock" },
	    .clock_s = -390 },
	{ "a clock that is off by less than five minutes is good", { TLS },
	    NULL, NULL, 0, .want = { "greeting ok 220 x", "!warning" },
	    .clock_s = -240 },
	{ "a certificate that has expired", { TLS }, NULL, NULL, EX_CONFIG,
	    .want = { "tls fail ", "expired", "=> " },
	    .from_day = -20, .to_day = -1 },
	{ "implicit TLS", { .security = TLS_AT_ONCE }, "submissions", NULL, 0,
	    .want = { "connect ok", "tls ok", "greeting ok", "ehlo ok in TLS",
	    "rset ok" } },
};

/*
 * Servers that are broken or hostile: the check ends soon, with one clear
 * failure at most.
 */
#define ENDS(stage_, step_, ...) \
	{ __VA_ARGS__ " at " #stage_, { TLS, LOGIN, STEP(.at = step_, \
	    .say = "", .then = THEN_CLOSE) }, NULL, WITH_LOGIN, EX_TEMPFAIL, \
	    .want = { #stage_ " fail ", "the server closed the connection" } }
#define HANGS(stage_, step_, ...) \
	{ __VA_ARGS__ " at " #stage_, { TLS, LOGIN, STEP(.at = step_, \
	    .say = "", .then = THEN_HANG) }, NULL, WITH_LOGIN \
	    PATIENCE, EX_TEMPFAIL, \
	    .want = { #stage_ " fail ", "timed out after 2 s" } }
#define DRIPS(stage_, step_, ...) \
	{ __VA_ARGS__ " at " #stage_, { TLS, LOGIN, STEP(.at = step_, \
	    .raw = "220-slowly, slowly, octet by octet\r\n", \
	    .how = DRIPPING, .pause_ms = 100) }, NULL, WITH_LOGIN \
	    PATIENCE, EX_TEMPFAIL, \
	    .want = { #stage_ " fail ", "timed out after 2 s" } }
#define FLOODS(stage_, step_, octets, says, ...) \
	{ __VA_ARGS__ " at " #stage_, { TLS, LOGIN, STEP(.at = step_, \
	    .raw = octets, .how = ENDLESS) }, NULL, WITH_LOGIN, EX_PROTOCOL, \
	    .want = { #stage_ " fail ", says, "=> " } }
#define AT_EACH(kind, ...) \
	kind(greeting, ON_GREETING, __VA_ARGS__), \
	kind(ehlo, ON_EHLO, __VA_ARGS__), \
	kind(tls, ON_STARTTLS, __VA_ARGS__), \
	kind(auth, ON_AUTH, __VA_ARGS__), \
	kind(mail, ON_MAIL, __VA_ARGS__), \
	kind(rcpt, ON_RCPT, __VA_ARGS__), \
	kind(rset, ON_RSET, __VA_ARGS__)
#define LINES	"250-more\r\n", "too many lines"
#define LINE	"250 on and on", "a line of more than 12288 octets"
#define TEN(x)	x x x x x x x x x x

static const struct stage_case hostile[] = {
	AT_EACH(ENDS, "a connection that is closed"),
	AT_EACH(HANGS, "no reply"),
	DRIPS(greeting, ON_GREETING, "a reply that takes too long"),
	DRIPS(auth, ON_AUTH, "a reply that takes too long"),
	AT_EACH(FLOODS, LINES, "a reply that does not end"),
	AT_EACH(FLOODS, LINE, "a line that does not end"),
	{ "a connection that is closed in place of the TLS handshake", { TLS,
	    STEP(.at = ON_HANDSHAKE, .say = "", .then = THEN_CLOSE) }, NULL,
	    NULL, EX_TEMPFAIL, .want = { "tls fail the " } },	/* or reset */
	{ "text in place of the TLS handshake", { .security = TLS_AT_ONCE,
	    STEP(.at = ON_HANDSHAKE, .raw = "500 what\033[2J?\r\n",
	    .then = THEN_SHUT) }, "submissions", NULL, EX_PROTOCOL,
	    .want = { "tls fail the server does not speak TLS; it sent: \"500 "
	    "what\\033[2J?\"", "=> ", "!\033" } },
	{ "octets in place of the TLS handshake", { .security = TLS_AT_ONCE,
	    STEP(.at = ON_HANDSHAKE, .then = THEN_SHUT,
	    .raw = "\026\003\003\001\005" TEN(TEN("octets"))) },
	    "submissions", NULL, EX_TEMPFAIL,
	    .want = { "tls fail the TLS handshake failed: ", "=> " } },
	{ "text after the reply to STARTTLS", { TLS, STEP(.at = ON_STARTTLS,
	    .raw = "220 go\r\n250 injected\r\n") }, NULL, NULL, EX_PROTOCOL,
	    .want = { "tls fail the server sent clear text after its reply "
	    "to STARTTLS", "=> " } },
	{ "a server with 100 extensions", { TLS,
	    .keywords = TEN(TEN("X-MORE\n")) "SIZE 0" }, NULL, NULL, 0,
	    .want = { "X-MORE, X-MORE ...\n", "tls ok", "rset ok",
	    "!SIZE" } },
	{ "a chain of 60 certificates", { TLS }, NULL, NULL, 0,
	    .want = { "tls ok", "rset ok" }, .from_day = -20, .to_day = 21,
	    .copies = 59 },
	{ "control characters in a certificate", { TLS }, NULL, NULL, 0,
	    .want = { "tls ok", "issued by CN=a\\033[2J\\007b, ", "rset ok",
	    "!\033" }, .from_day = -20, .to_day = 21,
	    .own_name = "a\033[2J\007b" },
	{ "two reply codes in one reply", { TLS, STEP(.at = ON_RCPT,
	    .raw = "250-yes\r\n550 no\r\n") }, NULL, NULL, EX_PROTOCOL,
	    .want = { "rcpt fail RCPT: invalid SMTP reply from the server "
	    "(two reply codes in one reply)", "=> " } },
	{ "354 in place of 250", { TLS, STEP(.at = ON_MAIL,
	    .say = "354 go ahead") }, NULL, NULL, EX_PROTOCOL,
	    .want = { "mail fail MAIL FROM:<kim@example.org>: 354 go ahead",
	    "=> the server violates the protocol", "rset ok" } },
};

/* A broken server is not the cause of several failures. */
static void
assert_one_failure(const char *text, int status)
{
	const char	*at = text;
	int		 n = 0;

	for (; (at = strstr(at, " fail ")) != NULL; at++)
		n++;
	if (n != (status != 0))
		fail_msg("%d failures in:\n%s", n, text);
}

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

/* As Exim greets, in another time zone. */
static void
greet_with_date(struct script *script, char *line, size_t size, int clock_s)
{
	time_t		t = time(NULL) + clock_s - 5 * 60 * 60;
	struct tm	tm;

	assert_non_null(gmtime_r(&t, &tm));
	assert_true(strftime(line, size,
	    "220 x ESMTP Exim 4.96 %a, %d %b %Y %H:%M:%S -0500", &tm) > 0);
	script->steps[0] = (struct step){ .at = ON_GREETING, .say = line };
}

static void
stages_are_reported(void **state)
{
	const struct stage_case	*c = *state;
	struct tls_fixture	 s = { .host = NULL };
	struct script		 script = c->script;
	struct certificate	 own;
	char			 greeting[100];
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
		    .common_name = c->own_name != NULL ? c->own_name : "mail",
		    .ip = "127.0.0.1",
		    .from_day = c->from_day, .to_day = c->to_day }, NULL);
		certificate_write(&own, temp_dir_path(&s.dir, "own.pem"),
		    CERTIFICATE_KEY);
		for (unsigned i = 0; i < c->copies; i++)
			certificate_write(&own, temp_dir_path(&s.dir,
			    "own.pem"), CERTIFICATE_APPEND);
		certificate_free(&own);
		strlcpy(s.usual.ca, temp_dir_path(&s.dir, "own.pem"),
		    sizeof(s.usual.ca));
		script.certificate = script.key = s.usual.ca;
	}
	if (c->clock_s != 0)
		greet_with_date(&script, greeting, sizeof(greeting),
		    c->clock_s);
	tls_fixture_open(&s, &script, c->scheme != NULL ? c->scheme :
	    "submission", c->conf != NULL ? c->conf : "tls_ca = {ca}\n");
	assert_true(config_load(&config, &(struct config_source){
	    .file = s.conf }, &why));
	identity_find(&me, &config);
	target.smarthost = config_find(&config, NULL, KEY_SMARTHOST);
	connect_process_start(&check.connector, &config);
	assert_int_equal(check_smarthost(&check, &target), c->status == 0);
	connect_process_end(&check.connector);
	assert_lines(c, out.data);
	assert_one_failure(out.data, c->status);
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
	return CASES_RUN("check_smarthost", stages_are_reported, cases) +
	    CASES_RUN("hostile servers", stages_are_reported, hostile);
}
