/*
 * The replies of providers and servers, as they send them, and the hint for
 * each; replies that are similar have none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "config/config.h"
#include "relay/hints.h"
#include "support/cases.h"

struct reply_case {
	const char		*sentence;
	enum session_step	 step;
	const char		*host;
	int			 code;
	const char		*enhanced;
	const char		*text;		/* after the code */
	enum config_key		 key;
	const char		*words;		/* of the hint; NULL: no hint */
};

static void
is_explained(void **state)
{
	const struct reply_case	*t = *state;
	const struct hint	*h = hint_find(&(struct hint_reply){
				    .step = t->step, .code = t->code,
				    .enhanced = t->enhanced, .host = t->host,
				    .text = t->text });

	if (t->words == NULL) {
		if (h != NULL)
			fail_msg("the hint is: %s", h->words);
		return;
	}
	if (h == NULL)
		fail_msg("no hint for: %s", t->text);
	else if (strstr(h->words, t->words) == NULL)
		fail_msg("the hint is: %s", h->words);
	else
		assert_int_equal(h->key, t->key);
}

#define ON(step_)	STEP_##step_, "mail.example.org"
#define AT(host_)	STEP_AUTH, host_
#define NONE		CONFIG_KEYS, NULL
#define NO_KEY		CONFIG_KEYS
#define SENDER		KEY_FROM, "not allowed to send as this address"
#define SET_LOGIN	KEY_SMARTHOST, "only for authenticated clients"
#define SET_HELO	KEY_HELO, "set helo"

static const struct reply_case cases[] = {
	{ "Gmail: the password of the account", AT("smtp.gmail.com"), 535,
	    "5.7.8", "Username and Password not accepted. For more "
	    "information, go to / https://support.google.com/mail/"
	    "?p=BadCredentials a1-20sm1.7 - gsmtp", KEY_PASSWORD,
	    "app password" },
	{ "Gmail: an app password is required", AT("smtp.gmail.com"), 534,
	    "5.7.9", "Application-specific password required. For more "
	    "information, go to / https://support.google.com/mail/"
	    "?p=InvalidSecondFactor a1-20sm1.7 - gsmtp", KEY_PASSWORD,
	    "create an app password" },
	{ "Gmail: a login with a web browser is required",
	    AT("smtp.gmail.com"), 534, "5.7.14",
	    "<https://accounts.google.com/signin/continue?sarp=1> Please log "
	    "in via your web browser and then try again.", KEY_PASSWORD,
	    "with a web browser" },
	{ "Gmail: too many logins", AT("smtp.gmail.com"), 454, "4.7.0",
	    "Too many login attempts, please try again later. a1-20sm1.7 - "
	    "gsmtp", NO_KEY, "relais serve" },
	{ "Gmail: the daily limit", ON(FINAL), 550, "5.4.5",
	    "Daily user sending limit exceeded. For more information on "
	    "Gmail / sending limits go to / https://support.google.com/a/"
	    "answer/166852", NO_KEY, "24 hours" },
	{ "Google Workspace relay: the address is not allowed", ON(MAIL), 550,
	    "5.7.1", "Invalid credentials for relay [192.0.2.1]. The IP "
	    "address you've / registered in your G Suite SMTP Relay service "
	    "doesn't match domain of", KEY_SMARTHOST, "Admin console" },
	{ "Google Workspace relay: the domain of the sender", ON(FINAL), 550,
	    "5.7.0", "Mail relay denied [192.0.2.1]. Invalid credentials for "
	    "relay for one of the domains in: example.org", KEY_SMARTHOST,
	    "Admin console" },
	{ "Google Workspace relay: the EHLO name", ON(EHLO), 421, "4.7.0",
	    "Try again later, closing connection. (EHLO) a1-20sm1.7 - gsmtp",
	    SET_HELO },

	{ "Microsoft 365: SendAsDenied", ON(FINAL), 554, "5.2.252",
	    "SendAsDenied; a@example.org not allowed to send as "
	    "b@example.org; STOREDRV.Submission.Exception:"
	    "SendAsDeniedException.MapiExceptionSendAsDenied", SENDER },
	{ "Microsoft 365: SendAsDenied with the older status", ON(FINAL), 554,
	    "5.2.0", "STOREDRV.Submission.Exception:SendAsDeniedException."
	    "MapiExceptionSendAsDenied; Failed to process message due to a "
	    "permanent exception with message Cannot submit message.",
	    SENDER },
	{ "Exchange and OVH: 5.7.60", ON(FINAL), 550, "5.7.60", "SMTP; Client "
	    "does not have permissions to send as this sender", SENDER },
	{ "Exchange: 5.7.1", ON(FINAL), 550, "5.7.1", "Client does not have "
	    "permissions to send as this sender", SENDER },
	{ "Microsoft 365: SMTP AUTH is disabled for the tenant",
	    AT("smtp.office365.com"), 535, "5.7.139", "Authentication "
	    "unsuccessful, SmtpClientAuthentication is disabled for the "
	    "Tenant. Visit https://aka.ms/smtp_auth_disabled for more "
	    "information. [MN2PR05CA0004.namprd05.prod.outlook.com]",
	    KEY_USER, "Set-CASMailbox" },
	{ "Microsoft 365: SMTP AUTH is disabled for the mailbox",
	    AT("smtp.office365.com"), 535, "5.7.139", "Authentication "
	    "unsuccessful, SmtpClientAuthentication is disabled for the "
	    "Mailbox. Visit https://aka.ms/smtp_auth_disabled for more "
	    "information.", KEY_USER, "Set-CASMailbox" },
	{ "Outlook.com: passwords are not accepted",
	    AT("smtp-mail.outlook.com"), 535, "5.7.139", "Authentication "
	    "unsuccessful, basic authentication is disabled. "
	    "[PN0PR01CA0024.INDPRD01.PROD.OUTLOOK.COM]", KEY_TOKEN,
	    "relais login" },
	{ "Microsoft 365: security defaults", AT("smtp.office365.com"), 535,
	    "5.7.139", "Authentication unsuccessful, user is locked by your "
	    "organization's security defaults policy. Contact your "
	    "administrator.", KEY_TOKEN, "security defaults" },
	{ "Microsoft 365: Conditional Access", AT("smtp.office365.com"), 535,
	    "5.7.139", "Authentication unsuccessful, the request did not meet "
	    "the criteria to be authenticated successfully. Contact your "
	    "administrator.", KEY_TOKEN, "Conditional Access" },
	{ "Microsoft 365: another reply with 5.7.139 has no hint",
	    AT("smtp.office365.com"), 535, "5.7.139", "Authentication "
	    "unsuccessful, the user credentials were incorrect.", NONE },
	{ "Microsoft 365: 5.7.3", AT("smtp.office365.com"), 535, "5.7.3",
	    "Authentication unsuccessful "
	    "[DB6P18901CA0015.EURP189.PROD.OUTLOOK.COM]", KEY_PASSWORD,
	    "Authenticated SMTP" },
	{ "Microsoft 365: without authentication", ON(MAIL), 530, "5.7.57",
	    "Client not authenticated to send mail.", KEY_SMARTHOST,
	    "token" },
	{ "Microsoft 365: too many connections", ON(FINAL), 432, "4.3.2",
	    "Concurrent connections limit exceeded. Visit "
	    "https://aka.ms/concurrent_sending for more information. "
	    "[Hostname=OS0PR01MB6099.jpnprd01.prod.outlook.com]",
	    KEY_CONNECTIONS, "connections = 3" },
	{ "Microsoft 365: too many threads", ON(FINAL), 432, "4.3.2",
	    "STOREDRV.ClientSubmit; sender thread limit exceeded",
	    KEY_CONNECTIONS, "connections = 3" },
	{ "Microsoft 365: another reply with 4.3.2 has no hint", ON(FINAL),
	    432, "4.3.2", "STOREDRV.Storage; mailbox server is offline",
	    NONE },
	{ "Microsoft 365: the quota", ON(FINAL), 554, "5.2.0",
	    "STOREDRV.Submission.Exception:SubmissionQuotaExceededException."
	    "MapiExceptionSubmissionQuotaExceeded", NO_KEY, "its limit" },
	{ "Microsoft 365: the account is restricted because of spam",
	    ON(FINAL), 554, "5.2.0", "STOREDRV.Submission.Exception:"
	    "OutboundSpamException; Failed to process message due to a "
	    "permanent exception", KEY_USER, "Restricted entities" },
	{ "Microsoft 365: bad outbound sender", ON(FINAL), 550, "5.1.8",
	    "Access denied, bad outbound sender AS(42004)", KEY_USER,
	    "Restricted entities" },
	{ "Microsoft 365: no connector", ON(RCPT), 550, "5.7.64",
	    "TenantAttribution; Relay Access Denied", KEY_SMARTHOST,
	    "connector" },
	{ "Exchange: no relaying", ON(RCPT), 550, "5.7.1", "Unable to relay",
	    SET_LOGIN },
	{ "Exchange: no relaying to another domain", ON(RCPT), 550, "5.7.54",
	    "SMTP; Unable to relay recipient in non-accepted domain",
	    SET_LOGIN },
	{ "Exchange: without authentication", ON(MAIL), 530, "5.7.1",
	    "Client was not authenticated", SET_LOGIN },

	{ "Amazon SES: the sender is not verified", ON(FINAL), 554, "",
	    "Message rejected: Email address is not verified. The following "
	    "identities failed the check in region EU-WEST-1: a@example.org",
	    KEY_FROM, "not verified this address" },
	{ "another code with the words of Amazon SES has no hint", ON(FINAL),
	    550, "", "Message rejected: Email address is not verified.",
	    NONE },
	{ "Amazon SES: the credentials",
	    AT("email-smtp.eu-west-1.amazonaws.com"), 535, "",
	    "Authentication Credentials Invalid", KEY_PASSWORD,
	    "create SMTP credentials" },
	{ "the words of Amazon SES from another host have no hint",
	    AT("amazonaws.com.example.org"), 535, "",
	    "Authentication Credentials Invalid", NONE },
	{ "Amazon SES: the policy", ON(FINAL), 554, "", "Access denied: User "
	    "`arn:aws:iam::745667007186:user/smtp' is not authorized to "
	    "perform `ses:SendRawEmail' on resource `arn:aws:ses:us-east-1:"
	    "745667007186:configuration-set/mail'", KEY_USER, "IAM policy" },
	{ "Amazon SES: sending is paused", ON(FINAL), 554, "",
	    "Message rejected: Sending paused for this account. For more "
	    "information, please check the inbox of the email address",
	    NO_KEY, "console" },
	{ "Amazon SES: the rate", ON(FINAL), 454, "",
	    "Throttling failure: Maximum sending rate exceeded.", NO_KEY,
	    "its limit" },
	{ "Amazon SES: an address without a domain", ON(FINAL), 554, "",
	    "Transaction failed: Missing final '@domain'", KEY_FROM,
	    "no domain" },

	{ "SendGrid: the sender is not verified", ON(FINAL), 550, "", "The "
	    "from address does not match a verified Sender Identity. Mail "
	    "cannot be sent until this error is resolved.", KEY_FROM,
	    "not verified this address" },
	{ "SendGrid: the credentials", AT("smtp.sendgrid.net"), 535, "",
	    "Authentication failed: The provided authorization grant is "
	    "invalid, expired, or revoked", KEY_PASSWORD, "user = apikey" },
	{ "SendGrid: without authentication", ON(MAIL), 550, "",
	    "Unauthenticated senders not allowed", KEY_SMARTHOST,
	    "user = apikey" },
	{ "SendGrid: the quota", AT("smtp.sendgrid.net"), 451, "",
	    "Authentication failed: Maximum credits exceeded", NO_KEY,
	    "its limit" },

	{ "Mailgun: the credentials", AT("smtp.mailgun.org"), 535, "5.7.0",
	    "Mailgun is not loving your login or password", KEY_PASSWORD,
	    "Mailgun control panel" },
	{ "Mailgun: without authentication", STEP_RCPT, "smtp.eu.mailgun.org",
	    550, "5.7.1", "Relaying denied", KEY_SMARTHOST,
	    "of the sending domain" },
	{ "the words of Mailgun from another host have no hint", ON(RCPT),
	    550, "5.7.1", "Relaying denied", NONE },
	{ "Mailgun: a sandbox domain", STEP_FINAL, "smtp.mailgun.org", 421,
	    "", "Domain sandbox1.mailgun.org is not allowed to send: Sandbox "
	    "subdomains are for test purposes only. Please add your own "
	    "domain or add the address to authorized recipients in Account "
	    "Settings.", KEY_USER, "authorized recipients" },
	{ "Mailgun: a disabled account has no hint", STEP_FINAL,
	    "smtp.mailgun.org", 421, "", "Domain mg.example.org is not allowed "
	    "to send: Account disabled", NONE },

	{ "Postmark: the credentials", AT("smtp.postmarkapp.com"), 535,
	    "5.7.8", "Error: authentication failed: ", KEY_PASSWORD,
	    "Server API token" },
	{ "OVH: the credentials", AT("ssl0.ovh.net"), 535, "5.7.1",
	    "Authentication failed", KEY_PASSWORD, "blocked" },
	{ "GMX: the credentials", AT("mail.gmx.net"), 535, "",
	    "Authentication credentials invalid", KEY_PASSWORD,
	    "enable POP3 and IMAP" },
	{ "WEB.DE: the credentials", AT("smtp.web.de"), 535, "",
	    "Authentication credentials invalid", KEY_PASSWORD,
	    "enable POP3 and IMAP" },
	{ "GMX and IONOS: the sender", ON(FINAL), 550, "",
	    "Sender address is not allowed.", SENDER },
	{ "the words of GMX with another code have no hint", ON(FINAL), 450,
	    "", "Sender address is not allowed.", NONE },
	{ "Yahoo: the credentials, after several attempts",
	    AT("smtp.att.yahoo.com"), 535, "5.7.0",
	    "(#AUTH005) Too many bad auth attempts.", KEY_PASSWORD,
	    "create an app password" },
	{ "Yahoo: any refused login", AT("smtp.mail.yahoo.com"), 535, "",
	    "refused", KEY_PASSWORD, "create an app password" },
	{ "AOL: any refused login", AT("smtp.aol.com"), 535, "", "refused",
	    KEY_PASSWORD, "create an app password" },
	{ "Yahoo: the sender", ON(FINAL), 550, "",
	    "Request failed; Mailbox unavailable", SENDER },
	{ "a mailbox that is unavailable has no hint", ON(RCPT), 550, "",
	    "Requested action not taken: mailbox unavailable", NONE },
	{ "iCloud: any refused login", AT("smtp.mail.me.com"), 535, "",
	    "refused", KEY_PASSWORD, "app-specific password" },
	{ "iCloud: the sender", ON(MAIL), 550, "5.7.0",
	    "From address is not one of your addresses", SENDER },
	{ "Zoho: the credentials", AT("smtp.zoho.com"), 535, "",
	    "Authentication Failed", KEY_PASSWORD, "data centre" },
	{ "Zoho: the sender", ON(FINAL), 553, "",
	    "Relaying disallowed as a@example.org", SENDER },
	{ "Zoho: the account is blocked", ON(FINAL), 550, "5.4.6",
	    "Unusual sending activity detected. Please try after sometime.",
	    KEY_USER, "unblock" },

	{ "Postfix: the EHLO name is not qualified", ON(RCPT), 504, "5.5.2",
	    "<box>: Helo command rejected: need fully-qualified hostname",
	    SET_HELO },
	{ "Postfix: the EHLO name does not exist", ON(RCPT), 450, "4.7.1",
	    "<box>: Helo command rejected: Host not found", SET_HELO },
	{ "Postfix, before version 2.0: the EHLO name is not qualified",
	    ON(RCPT), 504, "", "<box>: need fully-qualified hostname",
	    SET_HELO },
	{ "Postfix: the sender is not qualified", ON(RCPT), 504, "5.5.2",
	    "<root>: Sender address rejected: need fully-qualified address",
	    KEY_FROM, "no domain" },
	{ "Postfix: the recipient is not qualified", ON(RCPT), 504, "5.5.2",
	    "<root>: Recipient address rejected: need fully-qualified "
	    "address", KEY_DOMAIN, "set domain" },
	{ "Postfix: the sender belongs to another user", ON(RCPT), 553,
	    "5.7.1", "<a@example.org>: Sender address rejected: not owned by "
	    "user b@example.org", SENDER },
	{ "Postfix: the sender requires authentication", ON(RCPT), 553,
	    "5.7.1", "<a@example.org>: Sender address rejected: not logged "
	    "in", KEY_SMARTHOST, "requires authentication" },
	{ "Postfix: another rejected sender has no hint", ON(RCPT), 553,
	    "5.7.1", "<a@example.org>: Sender address rejected: no", NONE },
	{ "Postfix: the domain of the sender", ON(RCPT), 450, "4.1.8",
	    "<root@box.invalid>: Sender address rejected: Domain not found",
	    KEY_FROM, "does not exist" },
	{ "Postfix: the domain of a recipient has no hint", ON(RCPT), 450,
	    "4.1.2", "<a@box.invalid>: Recipient address rejected: Domain not "
	    "found", NONE },
	{ "Postfix: no relaying", ON(RCPT), 554, "5.7.1",
	    "<a@example.net>: Relay access denied", SET_LOGIN },
	{ "Postfix: no relaying, with a temporary reply", ON(RCPT), 454,
	    "4.7.1", "<a@example.net>: Relay access denied", SET_LOGIN },
	{ "Postfix: an unknown client", ON(RCPT), 554, "5.7.1",
	    "<unknown[192.0.2.1]>: Client host rejected: Access denied",
	    SET_LOGIN },
	{ "Postfix: a blocked client has no hint", ON(RCPT), 554, "5.7.1",
	    "Service unavailable; Client host [192.0.2.1] blocked using "
	    "dnsbl.example.org", NONE },
	{ "Postfix: TLS is required", ON(MAIL), 530, "5.7.0",
	    "Must issue a STARTTLS command first", KEY_TLS, "tls = required" },

	{ "Exim: the credentials", AT("mail.example.org"), 535, "",
	    "Incorrect authentication data", KEY_PASSWORD, "full address" },
	{ "Exim: no relaying", ON(RCPT), 550, "", "relay not permitted",
	    SET_LOGIN },
	{ "cPanel: authentication is required", ON(RCPT), 550, "",
	    "Please turn on SMTP Authentication in your mail client. / "
	    "box.example.org [192.0.2.1]:5000 is not permitted to relay "
	    "through this server without authentication.", SET_LOGIN },
	{ "cPanel: no relaying", ON(RCPT), 550, "", "box.example.org "
	    "[192.0.2.1]:5000 is not permitted to relay through this server "
	    "without authentication.", SET_LOGIN },
	{ "cPanel: the EHLO name", ON(RCPT), 550, "",
	    "Access denied - Invalid HELO name (See RFC2821 4.1.1.1)",
	    SET_HELO },
	{ "Exim: the sender is not qualified", ON(MAIL), 501, "",
	    "root: sender address must contain a domain", KEY_FROM,
	    "no domain" },
	{ "Exim: the recipient is not qualified", ON(RCPT), 501, "",
	    "root: recipient address must contain a domain", KEY_DOMAIN,
	    "set domain" },
	{ "Exim: the sender cannot be verified", ON(RCPT), 550, "",
	    "Verification failed for <a@box.invalid> / Unrouteable address / "
	    "Sender verify failed", KEY_FROM, "could not verify" },

	{ "Fastmail: the sender", ON(FINAL), 551, "5.7.1",
	    "Not authorised to send from this header address", SENDER },
	{ "Brevo: the address of the client", AT("smtp-relay.brevo.com"), 525,
	    "5.7.1", "Unauthorized IP address", KEY_SMARTHOST,
	    "authorized addresses" },
	{ "QQ: the sender", ON(MAIL), 501, "",
	    "mail from address must be same as authorization user", SENDER },
	{ "a failure without a reply has no hint", ON(RCPT), 0, "",
	    "Helo command rejected", NONE },
	{ "a rejected password has no hint", AT("mail.example.org"), 535,
	    "5.7.8", "Error: authentication failed", NONE },
	{ "a hint for AUTH does not apply to another step", STEP_MAIL,
	    "smtp.zoho.com", 535, "", "Authentication Failed", NONE },
};

int
main(void)
{
	return CASES_RUN("hints", is_explained, cases);
}
