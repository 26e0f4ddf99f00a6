/*
 * Replies of providers and servers, and the key and line that the error names.
 */
#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>

#include "support/rows.h"

/* The lines of .more begin at line 12. */
#define LOGIN \
	"tls = off\nauth = plain\nuser = alerts@example.org\n" \
	"password = secret\n"
#define FROM	LOGIN "from = alerts@example.org\n"

#define SAYS(stage, reply) { .user = "alerts@example.org", \
	.password = "secret", .steps = { { .at = stage, .say = reply } } }

#define M365	"554 5.2.252 SendAsDenied; alerts@example.org not allowed " \
	"to send as other@example.org; STOREDRV.Submission.Exception:" \
	"SendAsDeniedException.MapiExceptionSendAsDenied"
#define SES	"554 Message rejected: Email address is not verified. The " \
	"following identities failed the check in region EU-WEST-1: " \
	"alerts@example.org"

static const struct row rows[] = {
	{ "Microsoft 365: SendAsDenied", SAYS(ON_BODY, M365), .more = FROM,
	    .status = EX_UNAVAILABLE, .err = "MapiExceptionSendAsDenied; this "
	    "account is not allowed to send as this address: from (",
	    .err_too = "relais.conf:12) must be an address that the server "
	    "accepts; with from_mode = always, from is the sender of every "
	    "message\n" },
	{ "Microsoft 365: SendAsDenied, from_mode = always",
	    SAYS(ON_BODY, M365), .more = FROM "from_mode = always\n",
	    .status = EX_UNAVAILABLE, .err = "this account is not allowed to "
	    "send as this address: from (",
	    .err_too = "relais.conf:12) must be an address that the server "
	    "accepts\n" },
	{ "Microsoft 365: SendAsDenied, from is not set",
	    SAYS(ON_BODY, M365), .more = LOGIN, .status = EX_UNAVAILABLE,
	    .err = "address: set from to an address that the server accepts "
	    "(in ",
	    .err_too = "/relais.conf)\n" },
	{ "Microsoft 365: SendAsDenied, from is set in a section",
	    SAYS(ON_BODY, M365),
	    .more = LOGIN "from = a@example.org\n[from *@example.org]\n"
	    "from = b@example.org\n", .status = EX_UNAVAILABLE,
	    .err = "relais.conf:14) must be an address that the server "
	    "accepts" },
	{ "Exchange: no permission to send as this sender", SAYS(ON_BODY,
	    "550 5.7.60 SMTP; Client does not have permissions to send as "
	    "this sender"), .more = FROM, .status = EX_UNAVAILABLE,
	    .err = "this account is not allowed to send as this address: from "
	    "(",
	    .err_too = "relais.conf:12)" },
	{ "Amazon SES: not verified", SAYS(ON_BODY, SES), .more = FROM,
	    .status = EX_UNAVAILABLE, .err = "alerts@example.org; the "
	    "provider has not verified this address: from (",
	    .err_too = "relais.conf:12)" },
	{ "SendGrid: no verified sender identity", SAYS(ON_BODY, "550 The "
	    "from address does not match a verified Sender Identity. Mail "
	    "cannot be sent until this error is resolved."), .more = FROM,
	    .status = EX_UNAVAILABLE, .err = "resolved.; the provider has not "
	    "verified this address: from (", .err_too = "relais.conf:12)" },
	{ "Postfix: the EHLO name is not fully qualified", SAYS(ON_RCPT,
	    "504 5.5.2 <box>: Helo command rejected: need fully-qualified "
	    "hostname"), .more = LOGIN "helo = box\n", .status = EX_NOUSER,
	    .err = "hostname; set helo to the fully qualified name of this "
	    "host (",
	    .err_too = "relais.conf:11)\n" },
	{ "Postfix: the EHLO name does not exist, with a temporary reply",
	    SAYS(ON_RCPT,
	    "450 4.7.1 <box>: Helo command rejected: Host not found"),
	    .more = LOGIN "helo = box\n", .status = EX_TEMPFAIL,
	    .err = "Host not found; set helo to the fully qualified name of "
	    "this host (",
	    .err_too = "relais.conf:11)\n" },
	{ "the name and the literal in EHLO are refused", { .steps = {
	    { .at = ON_EHLO, .say = "501 5.5.4 Invalid domain name" },
	    { .at = ON_HELO, .say = "501 5.5.4 Invalid domain name" } } },
	    .more = LOGIN "helo = box\n",
	    .status = EX_UNAVAILABLE,
	    .err = "EHLO: 501 5.5.4 Invalid domain name; set helo to the "
	    "fully qualified name of this host (",
	    .err_too = "relais.conf:11)\n" },
	{ "the same reply code with another text gives no hint", SAYS(ON_BODY,
	    "554 5.2.25 no"), .more = FROM, .status = EX_UNAVAILABLE,
	    .err = "end of message: 554 5.2.25 no\n" },
};

int
main(void)
{
	return rows_test("hints", rows, sizeof(rows) / sizeof(*rows));
}
