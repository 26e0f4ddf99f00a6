/*
 * The text of a delivery status notification (RFC 3464).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "submit/bounce.h"
#include "support/cases.h"
#include "support/conf_load.h"
#include "support/temp_dir.h"
#include "support/temp_spool.h"
#include "util/memory.h"

enum { LINES = 6 };

struct bounce_case {
	const char	*sentence;
	enum bounce_kind kind;
	struct outcome	 outcome;
	const char	*text;		/* of the outcome */
	const char	*path;		/* NULL: b@example.net */
	const char	*orcpt;
	const char	*envid;
	const char	*has[LINES];	/* in this order */
	const char	*lacks;		/* or NULL */
};

#define FAILED	.kind = BOUNCE_FAILED, .outcome = { .kind = OUTCOME_FAILED
#define NO_USER	FAILED, .status = EX_NOUSER, .code = 550, \
		.step = STEP_RCPT, .enhanced = "5.1.1" }
#define LATER	FAILED, .status = EX_TEMPFAIL, .code = 451, \
		.step = STEP_FINAL, .enhanced = "4.3.0" }
#define REPLY	"RCPT TO:<b@example.net>: 550 5.1.1 unknown"
#define STATUS	"Content-Type: message/delivery-status\r\n"
#define LONG	"a reply with many words that is so long that it does not "

static const struct bounce_case bounce_cases[] = {
	{ "the server that refused the message is named", NO_USER,
	    .text = "mail.example:25: " REPLY, .has = { STATUS,
	    "\r\nFinal-Recipient: rfc822;b@example.net\r\nAction: failed\r\n"
	    "Status: 5.1.1\r\nRemote-MTA: dns; mail.example\r\n"
	    "Diagnostic-Code: smtp; 550 5.1.1 unknown\r\n" },
	    .lacks = "Original-" },
	{ "an IPv4 address is written as a literal", NO_USER,
	    .text = "192.0.2.1:587: " REPLY,
	    .has = { "\r\nRemote-MTA: dns; [192.0.2.1]\r\n" } },
	{ "an IPv6 address is written as a literal", NO_USER,
	    .text = "[2001:db8::1]:25: " REPLY,
	    .has = { "\r\nRemote-MTA: dns; [IPv6:2001:db8::1]\r\n" } },
	{ "a Unix socket has no name", NO_USER,
	    .text = "/run/lmtp:24: " REPLY, .lacks = "Remote-MTA" },
	{ "a program has no name", NO_USER,
	    .text = "my program:1: " REPLY, .lacks = "Remote-MTA" },
	{ "a text without a server has no name", NO_USER,
	    .text = "unknown", .has = { "Diagnostic-Code: smtp; unknown\r\n" },
	    .lacks = "Remote-MTA" },
	{ "the last server is named after queue_lifetime", LATER,
	    .text = "given up after 5 days: mail.example:25: "
	    "end of message: 451 4.3.0 later",
	    .has = { "Status: 4.4.7\r\nRemote-MTA: dns; mail.example\r\n"
	    "Diagnostic-Code: smtp; 451 4.3.0 later\r\n" } },
	{ "a long reply is folded", NO_USER,
	    .text = "mail.example:25: RCPT TO:<b@example.net>: 550 5.1.1 "
	    LONG "fit into a line",
	    .has = { "Diagnostic-Code: smtp; 550 5.1.1 a reply with many words "
	    "that is so long\r\n that it does not fit into a line\r\n" } },
	{ "octets that are not ASCII are replaced in the diagnostic", NO_USER,
	    .text = "mail.example:25: " REPLY " \303\244",
	    .has = { "\r\n    mail.example:25: " REPLY " \303\244\r\n",
	    "Diagnostic-Code: smtp; 550 5.1.1 unknown ??\r\n" } },
	{ "ORCPT and ENVID are decoded", NO_USER,
	    .text = "mail.example:25: " REPLY,
	    .orcpt = "rfc822;joe+2Bx+3Dy+00@example.org", .envid = "A+3Db+",
	    .has = { "\r\nOriginal-Envelope-Id: A=b+\r\n",
	    "\r\nOriginal-Recipient: rfc822;joe+x=y+00@example.org\r\n"
	    "Final-Recipient: rfc822;b@example.net\r\n" } },
	{ "an address that is not ASCII has another type (RFC 6533)", NO_USER,
	    .text = "mail.example:25: " REPLY, .path = "\303\244+\374@x.example",
	    .has = { "\r\nFinal-Recipient: "
	    "utf-8;\\x{E4}\\x{2B}\\x{FC}@x.example\r\n" } },
	{ "without a reply, such an address has Status 5.6.7",
	    FAILED, .status = EX_UNAVAILABLE },
	    .text = "not sent", .path = "\303\244@x.example",
	    .has = { "\r\nStatus: 5.6.7\r\n" }, .lacks = "Diagnostic-Code" },
	{ "a name that is unknown here has Status 5.1.1",
	    FAILED, .status = EX_NOUSER }, .text = "no address",
	    .has = { "\r\nStatus: 5.1.1\r\n" } },
	{ "a message that may have been delivered", FAILED,
	    .status = EX_TEMPFAIL, .in_doubt = true }, .text = "lost",
	    .has = { "\r\nThe connection to the server was lost after the "
	    "whole message had been\r\nsent, so the message may have been "
	    "delivered.\r\n", "\r\nStatus: 4.4.7\r\n" } },
	{ "a delay", .kind = BOUNCE_DELAYED,
	    .outcome = { .kind = OUTCOME_WAITING, .status = EX_TEMPFAIL,
	    .code = 451, .enhanced = "4.3.0" },
	    .text = "mail.example:25: end of message: 451 4.3.0 later",
	    .has = { "If it cannot be delivered by Sat, 22 Nov 2025 ",
	    "\r\nAction: delayed\r\nStatus: 4.3.0\r\n",
	    "\r\nWill-Retry-Until: Sat, 22 Nov 2025 " } },
	{ "a relayed message", .kind = BOUNCE_RELAYED,
	    .outcome = { .kind = OUTCOME_DELIVERED, .code = 250,
	    .enhanced = "2.0.0" },
	    .text = "mail.example:25: end of message: 250 2.0.0 Ok",
	    .has = { "\r\nAction: relayed\r\nStatus: 2.0.0\r\n",
	    "\r\nDiagnostic-Code: smtp; 250 2.0.0 Ok\r\n" } },
};

static const struct identity	me = { .host = (char []){ "web1" },
	.domain = (char []){ "example.org" }, .user = (char []){ "www-data" },
	.name = (char []){ "Web" } };

static void
add_body(struct buffer *to, const struct message *m)
{
	struct failure	why;

	for (uint64_t at = 0; at < m->body.size; ) {
		ssize_t	n = body_read(&m->body, at, buffer_room(to, 4096),
			    4096, &why);

		assert_true(n > 0);
		to->len += (size_t)n;
		at += (uint64_t)n;
	}
	buffer_add(to, "", 0);
}

static void
load_config(struct config *config, struct temp_dir *dir)
{
	conf_load(config, dir, "smarthost = smtp://mail.example\n"
	    "domain = example.org\naliases = off\n");
}

static void
make_envelope(struct envelope *env, const struct bounce_case *c)
{
	struct forward_path	*to;

	*env = (struct envelope){ 0 };
	envelope_set_reverse(env, "a@example.org");
	env->envid = c->envid != NULL ? memory_copy(c->envid) : NULL;
	to = envelope_add(env, c->path != NULL ? c->path : "b@example.net");
	to->orcpt = c->orcpt != NULL ? memory_copy(c->orcpt) : NULL;
	to->notify = NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY;
}

static void
check_text(const struct bounce_case *c, const struct bounce *bounce)
{
	struct buffer	 text = { 0 };
	const char	*at;

	add_body(&text, &bounce->message);
	at = text.data;
	for (size_t i = 0; i < LINES && c->has[i] != NULL; i++)
		if ((at = strstr(at, c->has[i])) == NULL)
			fail_msg("no \"%s\" in: %s", c->has[i], text.data);
	if (c->lacks != NULL && strstr(text.data, c->lacks) != NULL)
		fail_msg("\"%s\" in: %s", c->lacks, text.data);
	assert_string_equal(bounce->envelope.reverse_path, "");
	assert_int_equal(bounce->envelope.n, 1);
	assert_string_equal(bounce->envelope.forward[0].path, "a@example.org");
	assert_int_equal(bounce->envelope.forward[0].notify, NOTIFY_NEVER);
	buffer_free(&text);
}

static void
is_written(void **state)
{
	const struct bounce_case *c = *state;
	struct outcome		 outcome = c->outcome;
	struct envelope		 env;
	struct message		 message;
	struct temp_dir		 dir;
	struct spool		 spool;
	struct config		 config;
	struct local_names	 names;
	struct prepare_options	 options = { .config = &config, .me = &me,
				    .local_names = &names };
	struct bounce_report	 report = {
		.kind = c->kind, .envelope = &env, .outcomes = &outcome,
		.message = &message, .arrived = 1763386000,
		.retry_until = 1763818000, .spool = &spool,
	};
	struct bounce		 bounce;
	struct failure		 why;

	temp_dir_make(&dir);
	temp_spool_make(&spool, 0);
	load_config(&config, &dir);
	local_names_begin(&names, &config, &me);
	temp_spool_message(&message, &spool, 100, 1);
	make_envelope(&env, c);
	outcome_set_text(&outcome, "%s", c->text);
	assert_true(bounce_is_due(&report));
	if (!bounce_make(&bounce, &report, &options, &why))
		fail_msg("%s", why.text);
	check_text(c, &bounce);
	bounce_free(&bounce);
	outcome_clear(&outcome);
	envelope_free(&env);
	message_free(&message);
	local_names_end(&names);
	config_free(&config);
	temp_spool_remove(&spool);
	temp_dir_remove(&dir);
}

int
main(void)
{
	return CASES_RUN("bounces", is_written, bounce_cases);
}
