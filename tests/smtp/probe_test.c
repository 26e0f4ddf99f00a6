/*
 * relais check asks a server about a sender and a recipient, in the form in
 * which a message would be sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "smtp/probe.h"
#include "support/cases.h"
#include "support/mock_smtp.h"
#include "support/smtp_client.h"

enum { STEPS = 2 };

struct answer {
	int		 status;
	const char	*text;		/* NULL: none is expected */
};

struct probe_case {
	const char	*sentence;
	const char	*sender;	/* NULL: a@example.org */
	const char	*recipient;	/* NULL: none */
	const char	*keywords;	/* NULL: none */
	struct step	 steps[STEPS];
	struct answer	 mail, rcpt;
	const char	*sent;
};

#define TO	.recipient = "b@example.net"
#define AFTER	"EHLO client.example|"
#define MAIL	AFTER "MAIL FROM:<a@example.org>|"
#define RCPT	MAIL "RCPT TO:<b@example.net>|"
#define QUIT	"RSET|QUIT"
#define UTF8	"\303\244"

static const struct probe_case probe_cases[] = {
	{ "the server accepts both", TO, .sent = RCPT QUIT },
	{ "the sender may be asked about alone", .sent = MAIL QUIT },
	{ "a permanent refusal of the sender", TO,
	    .steps = { { .at = ON_MAIL, .say = "550 5.7.1 no" } },
	    .mail = { EX_UNAVAILABLE, "MAIL FROM:<a@example.org>: "
	    "550 5.7.1 no" }, .sent = MAIL QUIT },
	{ "a server that requires a login", TO,
	    .steps = { { .at = ON_MAIL, .say = "530 5.7.0 log in" } },
	    .mail = { EX_NOPERM, "MAIL FROM:<a@example.org>: "
	    "530 5.7.0 log in" }, .sent = MAIL QUIT },
	{ "a temporary refusal of the recipient", TO,
	    .steps = { { .at = ON_RCPT, .say = "450 4.2.1 later" } },
	    .rcpt = { EX_TEMPFAIL, "RCPT TO:<b@example.net>: "
	    "450 4.2.1 later" }, .sent = RCPT QUIT },
	{ "a permanent refusal of the recipient", TO,
	    .steps = { { .at = ON_RCPT, .say = "550 5.1.1 unknown" } },
	    .rcpt = { EX_NOUSER, "RCPT TO:<b@example.net>: "
	    "550 5.1.1 unknown" }, .sent = RCPT QUIT },
	{ "a reply that is not one to RCPT", TO,
	    .steps = { { .at = ON_RCPT, .say = "354 go on" } },
	    .rcpt = { EX_PROTOCOL, "RCPT TO:<b@example.net>: 354 go on" },
	    .sent = RCPT QUIT },
	{ "SMTPUTF8 for a local part that is not ASCII",
	    .sender = UTF8 "@example.org", .keywords = "SMTPUTF8",
	    .sent = AFTER "MAIL FROM:<" UTF8 "@example.org> SMTPUTF8|" QUIT },
	{ "SMTPUTF8 in MAIL for a recipient", .keywords = "SMTPUTF8",
	    .recipient = UTF8 "@example.net", .sent = AFTER
	    "MAIL FROM:<a@example.org> SMTPUTF8|RCPT TO:<" UTF8
	    "@example.net>|" QUIT },
	{ "domains that are not ASCII as A-labels",
	    .sender = "a@" UTF8 ".example", .recipient = "b@" UTF8 ".example",
	    .sent = AFTER "MAIL FROM:<a@xn--4ca.example>|"
	    "RCPT TO:<b@xn--4ca.example>|" QUIT },
	{ "a sender that cannot be sent is not sent",
	    .sender = UTF8 "@example.org", TO,
	    .mail = { EX_DATAERR, "<" UTF8 "@example.org> cannot be sent: the "
	    "server does not support addresses that are not ASCII "
	    "(SMTPUTF8)" }, .sent = AFTER QUIT },
	{ "a sender that cannot be sent, without a recipient",
	    .sender = UTF8 "@example.org",
	    .mail = { EX_DATAERR, "<" UTF8 "@example.org> cannot be sent: the "
	    "server does not support addresses that are not ASCII "
	    "(SMTPUTF8)" }, .sent = AFTER QUIT },
	{ "a recipient that cannot be sent does not concern MAIL",
	    .recipient = UTF8 "@example.net",
	    .rcpt = { EX_NOUSER, "<" UTF8 "@example.net> cannot be sent: the "
	    "server does not support addresses that are not ASCII "
	    "(SMTPUTF8)" }, .sent = MAIL QUIT },
};

static void
assert_answer(bool good, const struct answer *want, const struct failure *why)
{
	assert_int_equal(good, want->text == NULL);
	if (good)
		return;
	assert_string_equal(why->text, want->text);
	assert_int_equal(why->status, want->status);
}

static void
is_probed(void **state)
{
	const struct probe_case	*c = *state;
	struct session_options	 options = { .prefix = "host:25: ",
				    .helo = "client.example" };
	struct script		 script = { .keywords = c->keywords != NULL ?
				    c->keywords : "" };
	struct envelope		 env = { 0 };
	struct mock_smtp	*host;
	struct session		 s;
	struct failure		 why;
	char			*sent;

	memcpy(script.steps, c->steps, sizeof(c->steps));
	host = mock_smtp_start(&script);
	envelope_set_reverse(&env, c->sender != NULL ? c->sender :
	    "a@example.org");
	if (c->recipient != NULL)
		envelope_add(&env, c->recipient);
	smtp_client_open(&s, &options, host);
	assert_answer(probe_mail(&s, &env, &why), &c->mail, &why);
	if (c->recipient != NULL && c->mail.text == NULL)
		assert_answer(probe_rcpt(&s, &env, &why), &c->rcpt, &why);
	assert_true(probe_rset(&s, &why));
	session_close(&s);
	assert_true(mock_smtp_wait_closed(host, 1));
	sent = heard_commands(mock_smtp_heard(host, 0), true);
	assert_string_equal(sent, c->sent);
	free(sent);
	envelope_free(&env);
	mock_smtp_stop(host);
}

int
main(void)
{
	return CASES_RUN("probes", is_probed, probe_cases);
}
