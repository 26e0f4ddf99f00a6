/*
 * Passwords and tokens without TLS: for each mechanism, which settings allow
 * it to be used, at a port of this machine and at a Unix socket.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "support/cases.h"
#include "support/mechanisms.h"
#include "support/tls_fixture.h"

#define BY_TOKEN	"user = nina\ntoken_command = echo token\n"

enum { SOCKET = 1, SENT = 2 };

struct clear_case {
	const char	*sentence;
	const char	*offered;
	const char	*login;		/* settings */
	const char	*more;		/* tls and auth */
	unsigned	 flags;
	const char	*says;		/* unless SENT */
};

static void
is_decided(void **state)
{
	const struct clear_case	*c = *state;
	struct tls_fixture	 s = { .host = NULL };
	struct mechanisms	 how = { .user = "nina",
				    .password = TLS_FIXTURE_PASSWORD,
				    .token = "token" };
	struct script		 script = { .mechanisms = c->offered,
				    .user = "nina",
				    .password = TLS_FIXTURE_PASSWORD,
				    .auth = mechanisms_auth, .auth_ctx = &how,
				    .auth_in_clear = true };
	struct buffer		 more = { 0 };
	char			*commands;
	bool			 sent = c->flags & SENT;

	tls_fixture_begin(&s);
	if (c->flags & SOCKET) {
		script.address = temp_dir_path(&s.dir, "socket");
		script.lmtp = true;
	}
	buffer_addf(&more, "%s%s", c->login, c->more);
	tls_fixture_open(&s, &script, c->flags & SOCKET ? "lmtp" : "smtp",
	    more.data);
	tls_fixture_send(&s);
	if (s.o.status != (sent ? 0 : EX_NOPERM))
		fail_msg("status %d: %s", s.o.status, s.o.err.data);
	assert_true(mock_smtp_wait_closed(s.host, 1));
	commands = heard_commands(mock_smtp_heard(s.host, 0), false);
	assert_int_equal(strstr(commands, "AUTH") != NULL, sent);
	assert_int_equal(strstr(commands, "MAIL") != NULL, sent);
	if (!sent) {
		tls_fixture_said(&s, c->says);
		tls_fixture_kept_secret(&s);
	}
	free(commands);
	buffer_wipe(&more);
	tls_fixture_close(&s);
}

#define SET_BOTH	"credentials are not sent in clear text; set tls = " \
			"required; or, on a trusted network, set tls = off " \
			"and name the mechanism, such as auth = PLAIN or, " \
			"with a token, auth = XOAUTH2 (/"

/* A mechanism that sends the password or the token itself. */
#define REVEALS(name, login) \
	{ name ": no settings", name, login, "", 0, SET_BOTH }, \
	{ name ": auth = auto", name, login, "auth = auto\n", 0, SET_BOTH }, \
	{ name ": named in auth, without tls", name, login, \
	    "auth = " name "\n", 0, SET_BOTH }, \
	{ name ": tls = off", name, login, "tls = off\n", 0, SET_BOTH }, \
	{ name ": tls = off and auth = auto", name, login, \
	    "tls = off\nauth = auto\n", 0, "the server offers only " name \
	    "; without TLS, auth must name " name " (/" }, \
	{ name ": tls = opportunistic and auth = auto", name, login, \
	    "tls = opportunistic\nauth = auto\n", 0, SET_BOTH }, \
	{ name ": tls = opportunistic and named in auth", name, login, \
	    "tls = opportunistic\nauth = " name "\n", 0, SET_BOTH }, \
	{ name ": tls = off and named in auth", name, login, \
	    "tls = off\nauth = " name "\n", SENT, NULL }, \
	{ name ": no settings, at a Unix socket", name, login, "", SOCKET, \
	    SET_BOTH }, \
	{ name ": tls = off and auth = auto, at a Unix socket", name, login, \
	    "tls = off\nauth = auto\n", SOCKET, "without TLS, auth must " \
	    "name " name " (/" }, \
	{ name ": tls = off and named in auth, at a Unix socket", name, \
	    login, "tls = off\nauth = " name "\n", SOCKET | SENT, NULL }

#define PROVES(name, sent, words) \
	{ name ": no settings", name, TLS_FIXTURE_LOGIN, "", 0, SET_BOTH }, \
	{ name ": tls = off", name, TLS_FIXTURE_LOGIN, "tls = off\n", 0, \
	    SET_BOTH }, \
	{ name ": tls = off and auth = auto", name, TLS_FIXTURE_LOGIN, \
	    "tls = off\nauth = auto\n", sent, words }, \
	{ name ": tls = off and named in auth", name, TLS_FIXTURE_LOGIN, \
	    "tls = off\nauth = " name "\n", SENT, NULL }

static const struct clear_case cases[] = {
	REVEALS("PLAIN", TLS_FIXTURE_LOGIN),
	REVEALS("LOGIN", TLS_FIXTURE_LOGIN),
	REVEALS("XOAUTH2", BY_TOKEN),
	REVEALS("OAUTHBEARER", BY_TOKEN),
	PROVES("SCRAM-SHA-1", SENT, NULL),
	PROVES("SCRAM-SHA-256", SENT, NULL),
	PROVES("CRAM-MD5", 0, "auth must name CRAM-MD5 (/"),
	{ "-PLUS requires TLS", "SCRAM-SHA-1-PLUS", TLS_FIXTURE_LOGIN,
	    "tls = off\nauth = SCRAM-SHA-1-PLUS\n", 0, "auth allows only "
	    "SCRAM-SHA-1-PLUS; TLS 1.3, or TLS 1.2 with extended master "
	    "secret, is required for SCRAM-SHA-1-PLUS (/" },
	{ "the strongest of several is used", "PLAIN LOGIN SCRAM-SHA-1",
	    TLS_FIXTURE_LOGIN, "tls = off\nauth = auto\n", SENT, NULL },
};

int
main(void)
{
	return CASES_RUN("credentials in clear text", is_decided, cases);
}
