/*
 * The advice for a failure: the reply, the key and the place of the key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "relay/advice.h"
#include "support/conf_load.h"
#include "support/temp_dir.h"

struct row {
	enum session_step	 step;
	int			 code;
	const char		*enhanced;
	const char		*text;		/* of the failure */
	const char		*want;		/* what is added; "FILE" stands
						 * for the configuration file */
	int			 status;	/* 0: EX_UNAVAILABLE */
	const char		*conf;		/* after smarthost */
	enum smarthost_scheme	 scheme;	/* 0: SCHEME_SUBMISSION; with
						 * SCHEME_SMTP, port 465 */
	bool			 authenticates;
	enum session_tls_policy		 policy;	/* 0: SESSION_TLS_REQUIRED */
	const char		*password;	/* its origin */
	int			 cause;		/* of the failure */
	const char		*offered;	/* mechanisms; the user name is
						 * set, nothing else */
	const char		*auth;		/* value of auth, or NULL */
};

/* "FILE" becomes the path of the configuration. */
static void
expand(char *to, size_t size, const char *want, const char *file)
{
	const char	*at = strstr(want, "FILE");

	to[0] = '\0';
	for (; at != NULL; at = strstr(want, "FILE")) {
		size_t	len = strlen(to);

		snprintf(to + len, size - len, "%.*s%s", (int)(at - want), want,
		    file);
		want = at + strlen("FILE");
	}
	strlcat(to, want, size);
}

static void
advises(void **state)
{
	const struct row	*row = *state;
	struct temp_dir		 dir;
	struct config		 config;
	struct smarthost_url	 smarthost = { .scheme = row->scheme != 0 ?
				    row->scheme : SCHEME_SUBMISSION,
				    .host = "smtp.example.org" };
	struct auth_options	 auth = { .user = "nina",
				    .mechanisms = row->auth,
				    .in_clear = true };
	static struct connection c;
	struct advice_facts	 facts = { .step = row->step,
				    .code = row->code, .cause = row->cause,
				    .status = row->status != 0 ? row->status :
				    EX_UNAVAILABLE,
				    .enhanced = row->enhanced != NULL ?
				    row->enhanced : "" };
	char			 text[1024], want[1024], conf[512];
	size_t			 len = strlen(row->text);

	temp_dir_make(&dir);
	snprintf(conf, sizeof(conf), "smarthost = smtp.example.org\n%s",
	    row->conf != NULL ? row->conf : "");
	conf_load(&config, &dir, conf);
	connection_begin(&c);
	c.config = &config;
	c.smarthost = &smarthost;
	c.at.port = row->scheme == SCHEME_SMTP ? 465 : 587;
	c.session.stream.fd = -1;
	c.options.tls_policy = row->policy != 0 ? row->policy : SESSION_TLS_REQUIRED;
	if (row->authenticates || row->offered != NULL)
		c.options.auth = &auth;
	c.session.options = &c.options;
	if (row->offered != NULL)
		buffer_add_text(&c.session.mechanisms, row->offered);
	if (row->password != NULL)
		strlcpy(c.credentials.origin, row->password,
		    sizeof(c.credentials.origin));
	strlcpy(text, row->text, sizeof(text));
	advice_add(&c, &facts, text, sizeof(text));
	expand(want, sizeof(want), row->want, config.path);
	assert_memory_equal(text, row->text, len);
	assert_string_equal(text + len, want);
	buffer_free(&c.session.mechanisms);
	config_free(&config);
	temp_dir_remove(&dir);
}

/* The text is truncated, and the advice is complete. */
static void
long_text_is_truncated(void **state)
{
	struct smarthost_url	 smarthost = { .scheme = SCHEME_SUBMISSION,
				    .host = "smtp.example.org" };
	struct config		 config = { .path = NULL };
	static struct connection c;
	char			 text[1024];
	const char		*end = "; set helo to the fully qualified name "
				    "of this host";

	(void)state;
	connection_begin(&c);
	c.config = &config;
	c.smarthost = &smarthost;
	c.session.stream.fd = -1;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	advice_add(&c, &(struct advice_facts){ .step = STEP_EHLO, .code = 501,
	    .enhanced = "", .status = EX_UNAVAILABLE }, text, sizeof(text));
	assert_int_equal(strlen(text), sizeof(text) - 1);
	assert_string_equal(text + strlen(text) - strlen(end), end);
}

#define ADVISES(sentence, ...) { sentence, advises, NULL, NULL, \
	&(struct row){ .step = __VA_ARGS__ } }

#define HELO	"; set helo to the fully qualified name of this host"
#define NOT_ALLOWED "; this account is not allowed to send as this address: "
#define SERVER	" must be an address that the server accepts"
#define ALWAYS	"; with from_mode = always, from is the sender of every message"
#define SET	"set from to an address that the server accepts"
#define LOGIN	"; the server may require authentication: set user and " \
		"password_file (FILE:1)"
#define SENDER	"; the provider probably rejects this sender: "
#define IMPLICIT "use submissions:// (FILE:1)"

static const struct CMUnitTest advice_spec[] = {
	ADVISES("if the connection fails, the smarthost's line is named",
	    STEP_TLS, 0, NULL, "Connection refused", " (FILE:1)",
	    .cause = CONNECT_CAUSE_UNREACHABLE, .status = EX_TEMPFAIL),
	ADVISES("if the host has no address of the family, family is named",
	    STEP_TLS, 0, NULL, "no IPv6 address", "; check family (FILE:2)",
	    .cause = CONNECT_CAUSE_FAMILY, .status = EX_NOHOST,
	    .conf = "family = ipv6\n"),
	ADVISES("if the source address is unusable, its key is named",
	    STEP_TLS, 0, NULL, "cannot bind",
	    "; check source_address (FILE:2)", .cause = CONNECT_CAUSE_SOURCE,
	    .status = EX_CONFIG, .conf = "source_address = 192.0.2.1\n"),

	ADVISES("if the certificate has another name, tls_name is named",
	    STEP_TLS, 0, NULL, "wrong name", "; if this is the right server, "
	    "set tls_name to a name in its certificate (in FILE)",
	    .cause = TLS_CAUSE_WRONG_NAME, .status = EX_CONFIG),
	ADVISES("if the certificate is self-signed, tls_ca is named",
	    STEP_TLS, 0, NULL, "self-signed", "; to trust this certificate, "
	    "set tls_ca to a copy from the owner of the server, or set "
	    "tls_pin (in FILE)", .cause = TLS_CAUSE_SELF_SIGNED,
	    .status = EX_CONFIG),
	ADVISES("if the authority is unknown, the line of tls_ca is named",
	    STEP_TLS, 0, NULL, "unknown", "; to trust this authority, set "
	    "tls_ca to a file that contains its certificate, or set tls_pin "
	    "(FILE:2)", .cause = TLS_CAUSE_UNKNOWN_ISSUER,
	    .status = EX_CONFIG, .conf = "tls_ca = /nonexistent\n"),
	ADVISES("if no pin matches, the line of tls_pin is named",
	    STEP_TLS, 0, NULL, "no match", "; if the owner of the server has "
	    "replaced the key, add the pin of the new key to tls_pin (FILE:2)",
	    .cause = TLS_CAUSE_NOT_PINNED, .status = EX_CONFIG,
	    .conf = "tls_pin = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
	ADVISES("if a group is not supported, tls_groups is named",
	    STEP_TLS, 0, NULL, "no group", "; check tls_groups (FILE:2)",
	    .status = EX_CONFIG, .cause = TLS_CAUSE_GROUPS,
	    .conf = "tls_groups = X\n"),
	ADVISES("without tls_min, openssl.cnf requires TLS 1.3",
	    STEP_TLS, 0, NULL, "too old", "", .cause = TLS_CAUSE_ONLY_1_3),
	ADVISES("if the key is unusable, tls_key is named",
	    STEP_TLS, 0, NULL, "no key", "; check tls_key (FILE:3)",
	    .cause = TLS_CAUSE_KEY, .status = EX_CONFIG,
	    .conf = "tls_certificate = /nonexistent\n"
	    "tls_key = /nonexistent\n"),
	ADVISES("without tls_key, tls_certificate must contain the key",
	    STEP_TLS, 0, NULL, "no key", "; check tls_certificate, which must "
	    "also contain the key if tls_key is not set (FILE:2)",
	    .cause = TLS_CAUSE_KEY, .status = EX_CONFIG,
	    .conf = "tls_certificate = /nonexistent\n"),

	ADVISES("SendAsDenied names from",
	    STEP_FINAL, 554, "5.2.252", "554 5.2.252 SendAsDenied",
	    NOT_ALLOWED "from (FILE:2)"
	    SERVER ALWAYS, .conf = "from = a@example.org\n"),
	ADVISES("from_mode = always is not suggested if it is set",
	    STEP_FINAL, 554, "5.2.252", "554 5.2.252 SendAsDenied",
	    NOT_ALLOWED "from (FILE:2)"
	    SERVER, .conf = "from = a@example.org\nfrom_mode = always\n"),
	ADVISES("if from is not set, the file is named",
	    STEP_FINAL, 550, "5.7.60", "550 5.7.60 no",
	    NOT_ALLOWED SET " (in FILE)"),
	ADVISES("text is compared without regard to case",
	    STEP_FINAL, 554, NULL, "554 Email Address Is Not Verified",
	    "; the provider has not verified this address: " SET " (in FILE)"),
	ADVISES("text with another code gives no advice",
	    STEP_FINAL, 550, NULL, "550 address is not verified", ""),
	ADVISES("an enhanced status code is compared as a whole",
	    STEP_FINAL, 554, "5.2.25", "554 5.2.25 no", ""),
	ADVISES("a rejected HELO name is recognised at each step",
	    STEP_RCPT, 450, "4.7.1", "450 4.7.1 Helo command rejected",
	    HELO " (FILE:2)", .conf = "helo = box\n", .status = EX_TEMPFAIL),

	ADVISES("silence on port 465 is explained",
	    STEP_GREETING, 0, NULL, "greeting: timeout",
	    "; port 465 requires implicit TLS: " IMPLICIT,
	    .scheme = SCHEME_SMTP, .status = EX_TEMPFAIL),
	ADVISES("silence on another port is explained",
	    STEP_GREETING, 0, NULL, "greeting: timeout",
	    "; if this port requires implicit TLS, " IMPLICIT,
	    .status = EX_TEMPFAIL),
	ADVISES("a TLS alert instead of a greeting is recognised",
	    STEP_GREETING, 0, NULL, "greeting: \\025\\003\\001",
	    "; the server seems to speak TLS: if this port requires implicit "
	    "TLS, " IMPLICIT, .status = EX_PROTOCOL),
	ADVISES("with implicit TLS, silence is not explained",
	    STEP_GREETING, 0, NULL, "greeting: timeout", "",
	    .status = EX_TEMPFAIL, .policy = SESSION_TLS_IMPLICIT),
	ADVISES("a greeting with a reply code is not explained",
	    STEP_GREETING, 421, NULL, "greeting: 421 busy", "",
	    .status = EX_TEMPFAIL),

	ADVISES("501 to EHLO refuses the name",
	    STEP_EHLO, 501, NULL, "EHLO: 501 no", HELO " (in FILE)"),
	ADVISES("500 to EHLO: the server may speak LMTP",
	    STEP_EHLO, 500, NULL, "EHLO: 500 no",
	    "; if the server speaks LMTP, use lmtp:// (FILE:1)"),
	ADVISES("502 to LHLO: the server may speak SMTP",
	    STEP_EHLO, 502, NULL, "LHLO: 502 no",
	    "; if the server speaks SMTP, use smtp:// or submission:// "
	    "(FILE:1)", .scheme = SCHEME_LMTP),
	ADVISES("550 to EHLO is not explained",
	    STEP_EHLO, 550, NULL, "EHLO: 550 no", ""),

	ADVISES("without STARTTLS, tls = off is named",
	    STEP_STARTTLS, 0, NULL, "STARTTLS: none", "; if the server does "
	    "not support TLS, tls = off sends everything in clear text "
	    "(FILE:1)"),
	ADVISES("without STARTTLS, tls_pin is named if it is set",
	    STEP_STARTTLS, 0, NULL, "STARTTLS: none",
	    "; tls_pin requires TLS (FILE:2)", .conf = "tls_pin = "
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
	ADVISES("a temporary refusal of STARTTLS is not explained",
	    STEP_STARTTLS, 454, NULL, "STARTTLS: 454 later", "",
	    .status = EX_TEMPFAIL),
	ADVISES("clear text in reply to a ClientHello is explained",
	    STEP_TLS, 0, NULL, "TLS: no", "; this port does not use implicit "
	    "TLS: for STARTTLS, use submission:// (FILE:1)",
	    .policy = SESSION_TLS_IMPLICIT, .status = EX_PROTOCOL),

	ADVISES("rejected credentials are named with their places",
	    STEP_AUTH, 535, "5.7.8", "AUTH PLAIN: 535 5.7.8 no",
	    "; check user (FILE:2) and password (elsewhere:3)",
	    .conf = "user = nina\npassword = x\n", .password = "elsewhere:3",
	    .status = EX_NOPERM),
	ADVISES("the hint for a reply names the place of the credentials",
	    STEP_AUTH, 535, "5.7.8", "AUTH PLAIN: 535 5.7.8 Username and "
	    "Password not accepted.", "; Google requires an app password: turn "
	    "on 2-Step Verification in the Google Account, create an app "
	    "password, and use it as the password; user is the full address "
	    "of the mailbox, also with a token (elsewhere:3)",
	    .password = "elsewhere:3", .status = EX_NOPERM),
	ADVISES("the hint for a reply names the line of its key",
	    STEP_FINAL, 432, "4.3.2", "432 4.3.2 Concurrent connections limit "
	    "exceeded.", "; Microsoft permits three connections for a mailbox: "
	    "use the service (relais serve) with connections = 3 or less "
	    "(FILE:2)", .conf = "connections = 8\n", .status = EX_TEMPFAIL),
	ADVISES("the hint for a reply may have no key",
	    STEP_FINAL, 451, NULL, "451 Maximum credits exceeded", "; the "
	    "account has reached its limit: send less, or ask the provider to "
	    "raise the limit", .status = EX_TEMPFAIL),
	ADVISES("a rejected mechanism says nothing about credentials",
	    STEP_AUTH, 504, NULL, "AUTH PLAIN: 504 no", "",
	    .status = EX_NOPERM),
	ADVISES("if the server fails to prove itself, the smarthost is named",
	    STEP_AUTH, 0, NULL, "AUTH: no", " (FILE:1)",
	    .status = EX_NOPERM),
	ADVISES("tls = opportunistic is named if it prevents AUTH",
	    STEP_AUTH, 0, NULL, "AUTH: no", "; set tls = required (FILE:2)",
	    .conf = "tls = opportunistic\n", .policy = SESSION_TLS_OPPORTUNISTIC,
	    .status = EX_NOPERM, .cause = AUTH_CAUSE_UNVERIFIED),
	ADVISES("a missing token is named with its mechanisms",
	    STEP_AUTH, 0, NULL, "AUTH: no", "; set token for "
	    "OAUTHBEARER, XOAUTH2 (in FILE)", .status = EX_NOPERM,
	    .cause = AUTH_CAUSE_NO_MECHANISM,
	    .offered = "XOAUTH2 OAUTHBEARER GSSAPI"),
	ADVISES("each remedy is named with its mechanisms",
	    STEP_AUTH, 0, NULL, "AUTH: no", "; set token for XOAUTH2; "
	    "set user and password_file for PLAIN, LOGIN; set tls_certificate "
	    "for EXTERNAL (in FILE)", .status = EX_NOPERM,
	    .cause = AUTH_CAUSE_NO_MECHANISM,
	    .offered = "LOGIN EXTERNAL PLAIN XOAUTH2"),
	ADVISES("the line of auth is named if auth allows no mechanism",
	    STEP_AUTH, 0, NULL, "AUTH: no", "; auth allows only XOAUTH2; auth "
	    "must name EXTERNAL (FILE:2)", .status = EX_NOPERM,
	    .cause = AUTH_CAUSE_NO_MECHANISM, .conf = "auth = XOAUTH2\n",
	    .auth = "XOAUTH2", .offered = "EXTERNAL"),
	ADVISES("if relais knows no offered mechanism, the smarthost is named",
	    STEP_AUTH, 0, NULL, "AUTH: no", " (FILE:1)", .status = EX_NOPERM,
	    .cause = AUTH_CAUSE_NO_MECHANISM, .offered = "GSSAPI"),

	ADVISES("a rejected sender without credentials requires them",
	    STEP_MAIL, 550, NULL, "MAIL: 550 no", LOGIN),
	ADVISES("a rejected sender with credentials may not be allowed",
	    STEP_MAIL, 550, NULL, "MAIL: 550 no", SENDER SET " (in FILE)",
	    .authenticates = true),
	ADVISES("a message that is too large says nothing about the sender",
	    STEP_MAIL, 552, "5.3.4", "MAIL: 552 5.3.4 no", "",
	    .status = EX_DATAERR),
	ADVISES("530 to RCPT requires credentials",
	    STEP_RCPT, 530, NULL, "RCPT: 530 no", LOGIN),
	ADVISES("553 5.7.1 to RCPT is about the sender",
	    STEP_RCPT, 553, "5.7.1", "RCPT: 553 5.7.1 no",
	    SENDER SET " (in FILE)", .authenticates = true),
	ADVISES("554 to RCPT is about the sender only without credentials",
	    STEP_RCPT, 554, NULL, "RCPT: 554 no", LOGIN),
	ADVISES("with credentials, 554 to RCPT is about the recipient",
	    STEP_RCPT, 554, NULL, "RCPT: 554 no", "", .authenticates = true),
	ADVISES("an unknown recipient is not explained",
	    STEP_RCPT, 550, "5.1.1", "RCPT: 550 5.1.1 no", ""),
	ADVISES("553 to the message is about the sender",
	    STEP_FINAL, 553, NULL, "553 no", LOGIN),
	ADVISES("a rejected message is not explained",
	    STEP_FINAL, 550, NULL, "550 spam", ""),
	cmocka_unit_test(long_text_is_truncated),
};

int
main(void)
{
	return cmocka_run_group_tests(advice_spec, NULL, NULL);
}
