#include "relay/hints.h"

#include <stdbool.h>
#include <string.h>

#include "config/config.h"

#define NO_KEY		CONFIG_KEYS
#define LOGIN		(1 << STEP_AUTH)

#define NOT_YOUR_SENDER	"this account is not allowed to send as this " \
			"address"
#define SET_HELO	"set helo to the fully qualified name of this host"
#define SET_LOGIN	"the server relays only for authenticated clients " \
			"and for hosts that it knows: set user and " \
			"password_file"
#define YAHOO_PASSWORD	"create an app password in the security settings of " \
			"the Yahoo or AOL account, and use it as the password"
#define GMX_PASSWORD	"enable POP3 and IMAP access in the settings of the " \
			"mailbox; with two-factor authentication, create an " \
			"application-specific password and use it"
#define ZOHO_PASSWORD	"with two-factor authentication, use an " \
			"application-specific password; use the host of the " \
			"account's data centre, such as smtp.zoho.eu"
#define LOG_IN		"run relais login NAME --provider microsoft, and " \
			"set token = NAME (OAuth 2)"
#define LIMIT_REACHED	"the account has reached its limit: send less, or " \
			"ask the provider to raise the limit"

static const struct hint hints[] = {
	/* Gmail and Google Workspace */
	{ .code = 535, .enhanced = "5.7.8", .key = KEY_PASSWORD,
	    .text = "Username and Password not accepted",
	    .words = "Google requires an app password: turn on 2-Step "
	    "Verification in the Google Account, create an app password, and "
	    "use it as the password; user is the full address of the "
	    "mailbox, also with a token" },
	{ .code = 534, .enhanced = "5.7.9", .key = KEY_PASSWORD,
	    .text = "Application-specific password required",
	    .words = "create an app password in the Google Account, and use "
	    "it as the password" },
	{ .code = 534, .enhanced = "5.7.14", .key = KEY_PASSWORD,
	    .text = "log in via your web browser",
	    .words = "sign in to the account once with a web browser, and use "
	    "an app password" },
	{ .code = 454, .enhanced = "4.7.0", .key = NO_KEY,
	    .text = "Too many login attempts",
	    .words = "the service (relais serve) sends many messages with one "
	    "login" },
	{ .code = 550, .enhanced = "5.4.5", .key = NO_KEY,
	    .text = "Daily user sending",
	    .words = "the account has reached its daily limit: send again "
	    "after 24 hours" },
	{ .code = 550, .key = KEY_SMARTHOST,
	    .text = "Invalid credentials for relay",
	    .words = "allow the public address of this host in the Google "
	    "Admin console (Gmail, Routing, SMTP relay service), or set user "
	    "and password_file" },
	{ .code = 421, .enhanced = "4.7.0", .key = KEY_HELO,
	    .text = "closing connection. (EHLO)", .words = SET_HELO },

	/* Microsoft 365, Outlook.com and Exchange */
	{ .code = 554, .enhanced = "5.2.252", .key = KEY_FROM,
	    .words = NOT_YOUR_SENDER },
	{ .code = 554, .key = KEY_FROM, .text = "SendAsDenied",
	    .words = NOT_YOUR_SENDER },
	{ .code = 550, .enhanced = "5.7.60", .key = KEY_FROM,
	    .words = NOT_YOUR_SENDER },
	{ .code = 550, .enhanced = "5.7.1", .key = KEY_FROM,
	    .text = "permissions to send as this sender",
	    .words = NOT_YOUR_SENDER },
	{ .code = 535, .enhanced = "5.7.139", .key = KEY_USER,
	    .text = "SmtpClientAuthentication is disabled",
	    .words = "enable it for this mailbox in Exchange Online "
	    "PowerShell: Set-CASMailbox -Identity USER "
	    "-SmtpClientAuthenticationDisabled $false" },
	{ .code = 535, .enhanced = "5.7.139", .key = KEY_TOKEN,
	    .text = "basic authentication is disabled",
	    .words = "Microsoft does not accept a password for this account: "
	    LOG_IN },
	{ .code = 535, .enhanced = "5.7.139", .key = KEY_TOKEN,
	    .text = "security defaults policy",
	    .words = "the organization's security defaults do not accept "
	    "passwords: " LOG_IN },
	{ .code = 535, .enhanced = "5.7.139", .key = KEY_TOKEN,
	    .text = "did not meet the criteria",
	    .words = "a Conditional Access policy of the organization rejects "
	    "this login: ask its administrator for an exception, or " LOG_IN },
	{ .code = 535, .enhanced = "5.7.3", .key = KEY_PASSWORD,
	    .text = "Authentication unsuccessful",
	    .words = "check user and password, and that Authenticated SMTP is "
	    "enabled for the mailbox; a token must be for this mailbox and "
	    "have the permission SMTP.Send" },
	{ .code = 530, .enhanced = "5.7.57", .key = KEY_SMARTHOST,
	    .words = "set user, and password_file or token" },
	{ .code = 432, .enhanced = "4.3.2", .key = KEY_CONNECTIONS,
	    .text = "Concurrent connections limit exceeded",
	    .words = "Microsoft permits three connections for a mailbox: use "
	    "the service (relais serve) with connections = 3 or less" },
	{ .code = 432, .enhanced = "4.3.2", .key = KEY_CONNECTIONS,
	    .text = "sender thread limit exceeded",
	    .words = "Microsoft permits three connections for a mailbox: use "
	    "the service (relais serve) with connections = 3 or less" },
	{ .code = 554, .key = NO_KEY,
	    .text = "SubmissionQuotaExceeded", .words = LIMIT_REACHED },
	{ .code = 554, .key = KEY_USER, .text = "OutboundSpamException",
	    .words = "Microsoft has restricted this account: its "
	    "administrator can release it under Restricted entities in "
	    "Microsoft Defender" },
	{ .code = 550, .enhanced = "5.1.8", .key = KEY_USER,
	    .text = "bad outbound sender",
	    .words = "Microsoft has restricted this account: its "
	    "administrator can release it under Restricted entities in "
	    "Microsoft Defender" },
	{ .code = 550, .enhanced = "5.7.64", .key = KEY_SMARTHOST,
	    .text = "TenantAttribution",
	    .words = "add a connector for the public address of this host in "
	    "the Exchange admin center, or use smtp.office365.com with user "
	    "and password_file" },
	{ .code = 550, .key = KEY_SMARTHOST, .text = "Unable to relay",
	    .words = SET_LOGIN },
	{ .code = 530, .key = KEY_SMARTHOST,
	    .text = "Client was not authenticated", .words = SET_LOGIN },

	/* Amazon SES */
	{ .code = 554, .key = KEY_FROM, .text = "address is not verified",
	    .words = "the provider has not verified this address" },
	{ .steps = LOGIN, .code = 535, .host = ".amazonaws.com",
	    .key = KEY_PASSWORD, .words = "create SMTP credentials in the "
	    "Amazon SES console, in the region of the smarthost; the secret "
	    "access key of a user is not an SMTP password" },
	{ .code = 554, .key = KEY_USER,
	    .text = "not authorized to perform `ses:",
	    .words = "allow ses:SendRawEmail for the sender's domain in the "
	    "IAM policy of this user" },
	{ .code = 554, .key = NO_KEY, .text = "paused for this account",
	    .words = "the Amazon SES console says why sending is paused" },
	{ .code = 454, .key = NO_KEY, .text = "Throttling failure",
	    .words = LIMIT_REACHED },
	{ .code = 554, .key = KEY_FROM, .text = "Missing final '@domain'",
	    .words = "an address in the envelope or header has no domain" },

	/* SendGrid */
	{ .code = 550, .key = KEY_FROM, .text = "verified Sender Identity",
	    .words = "the provider has not verified this address" },
	{ .code = 535, .key = KEY_PASSWORD,
	    .text = "authorization grant is invalid",
	    .words = "set user = apikey, and use a SendGrid API key with the "
	    "permission Mail Send as the password" },
	{ .code = 550, .key = KEY_SMARTHOST,
	    .text = "Unauthenticated senders not allowed",
	    .words = "set user = apikey, and password_file to a file that "
	    "contains a SendGrid API key" },
	{ .code = 451, .key = NO_KEY, .text = "Maximum credits exceeded",
	    .words = LIMIT_REACHED },

	/* Mailgun */
	{ .steps = LOGIN, .code = 535, .host = ".mailgun.org",
	    .key = KEY_PASSWORD, .words = "create SMTP credentials for the "
	    "sending domain in the Mailgun control panel; domains in the EU "
	    "region use smtp.eu.mailgun.org" },
	{ .code = 550, .enhanced = "5.7.1", .host = ".mailgun.org",
	    .key = KEY_SMARTHOST, .text = "Relaying denied",
	    .words = "set user and password_file to SMTP credentials of the "
	    "sending domain" },
	{ .host = ".mailgun.org", .key = KEY_USER,
	    .text = "for test purposes only",
	    .words = "add the recipient to the authorized recipients of the "
	    "sandbox domain in the Mailgun control panel, or use the SMTP "
	    "credentials of a domain of your own" },

	/* Postmark */
	{ .steps = LOGIN, .code = 535, .host = ".postmarkapp.com",
	    .key = KEY_PASSWORD, .words = "user and password are both the "
	    "Server API token, not the account token" },

	/* OVH, which also runs Exchange */
	{ .steps = LOGIN, .code = 535, .host = ".ovh.net",
	    .key = KEY_PASSWORD, .words = "user is the full address of a "
	    "mailbox, not of an alias; if OVH has blocked the account because "
	    "of spam, change its password in the control panel" },

	/* GMX, WEB.DE and IONOS */
	{ .steps = LOGIN, .code = 535, .host = ".gmx.",
	    .key = KEY_PASSWORD, .words = GMX_PASSWORD },
	{ .steps = LOGIN, .code = 535, .host = ".web.de",
	    .key = KEY_PASSWORD, .words = GMX_PASSWORD },
	{ .code = 550, .key = KEY_FROM, .text = "Sender address is not allowed",
	    .words = NOT_YOUR_SENDER },

	/* Yahoo and AOL */
	{ .code = 535, .key = KEY_PASSWORD, .text = "(#AUTH005)",
	    .words = YAHOO_PASSWORD },
	{ .steps = LOGIN, .code = 535, .host = ".yahoo.",
	    .key = KEY_PASSWORD, .words = YAHOO_PASSWORD },
	{ .steps = LOGIN, .code = 535, .host = ".aol.com",
	    .key = KEY_PASSWORD, .words = YAHOO_PASSWORD },
	{ .code = 550, .key = KEY_FROM,
	    .text = "Request failed; Mailbox unavailable",
	    .words = NOT_YOUR_SENDER },

	/* iCloud */
	{ .steps = LOGIN, .code = 535, .host = ".mail.me.com",
	    .key = KEY_PASSWORD, .words = "create an app-specific password in "
	    "the Apple Account, under Sign-In and Security, and use it as the "
	    "password" },
	{ .code = 550, .key = KEY_FROM,
	    .text = "From address is not one of your addresses",
	    .words = NOT_YOUR_SENDER },

	/* Zoho */
	{ .steps = LOGIN, .code = 535, .host = ".zoho.",
	    .key = KEY_PASSWORD, .words = ZOHO_PASSWORD },
	{ .code = 553, .key = KEY_FROM, .text = "Relaying disallowed",
	    .words = NOT_YOUR_SENDER },
	{ .code = 550, .enhanced = "5.4.6", .key = KEY_USER,
	    .text = "Unusual sending activity",
	    .words = "Zoho has blocked the account: sign in with a web "
	    "browser to unblock it, and send less" },

	/* Postfix */
	{ .key = KEY_HELO, .text = "helo command rejected",
	    .words = SET_HELO },
	{ .code = 504, .key = KEY_HELO, .text = "need fully-qualified hostname",
	    .words = SET_HELO },
	{ .code = 504, .key = KEY_FROM,
	    .text = "Sender address rejected: need fully-qualified",
	    .words = "the address of the sender has no domain" },
	{ .code = 504, .key = KEY_DOMAIN,
	    .text = "Recipient address rejected: need fully-qualified",
	    .words = "set domain, which is added to recipients without a "
	    "domain" },
	{ .code = 553, .key = KEY_FROM,
	    .text = "Sender address rejected: not owned by user",
	    .words = NOT_YOUR_SENDER },
	{ .code = 553, .key = KEY_SMARTHOST,
	    .text = "Sender address rejected: not logged in",
	    .words = "this sender requires authentication: set user and "
	    "password_file" },
	{ .key = KEY_FROM, .text = "Sender address rejected: Domain not found",
	    .words = "the domain of the sender does not exist" },
	{ .code = 554, .key = KEY_SMARTHOST, .text = "Relay access denied",
	    .words = SET_LOGIN },
	{ .code = 454, .key = KEY_SMARTHOST, .text = "Relay access denied",
	    .words = SET_LOGIN },
	{ .code = 554, .key = KEY_SMARTHOST,
	    .text = "Client host rejected: Access denied",
	    .words = SET_LOGIN },
	{ .code = 530, .key = KEY_TLS, .text = "Must issue a STARTTLS command",
	    .words = "set tls = required" },

	/* Exim and cPanel */
	{ .steps = LOGIN, .code = 535, .key = KEY_PASSWORD,
	    .text = "Incorrect authentication data",
	    .words = "check user and password; with many hosting providers, "
	    "user is the full address" },
	{ .code = 550, .key = KEY_SMARTHOST, .text = "relay not permitted",
	    .words = SET_LOGIN },
	{ .code = 550, .key = KEY_SMARTHOST,
	    .text = "turn on SMTP Authentication", .words = SET_LOGIN },
	{ .code = 550, .key = KEY_SMARTHOST,
	    .text = "not permitted to relay through this server",
	    .words = SET_LOGIN },
	{ .code = 550, .key = KEY_HELO, .text = "Invalid HELO name",
	    .words = SET_HELO },
	{ .code = 501, .key = KEY_FROM,
	    .text = "sender address must contain a domain",
	    .words = "the address of the sender has no domain" },
	{ .code = 501, .key = KEY_DOMAIN,
	    .text = "recipient address must contain a domain",
	    .words = "set domain, which is added to recipients without a "
	    "domain" },
	{ .code = 550, .key = KEY_FROM, .text = "Sender verify failed",
	    .words = "the server could not verify the address of the sender" },

	/* Fastmail, Brevo, QQ */
	{ .code = 551, .key = KEY_FROM,
	    .text = "Not authorised to send from this header address",
	    .words = NOT_YOUR_SENDER },
	{ .code = 525, .key = KEY_SMARTHOST, .text = "Unauthorized IP address",
	    .words = "add the public address of this host to the authorized "
	    "addresses in the security settings of the provider" },
	{ .code = 501, .key = KEY_FROM,
	    .text = "from address must be same as authorization user",
	    .words = NOT_YOUR_SENDER },
};

static bool
applies(const struct hint *h, const struct hint_reply *r)
{
	return (h->steps == 0 || (h->steps & 1 << r->step) != 0) &&
	    (h->code == 0 || h->code == r->code) &&
	    (h->enhanced[0] == '\0' ||
	    strcmp(h->enhanced, r->enhanced) == 0) &&
	    (h->host[0] == '\0' || (r->host != NULL &&
	    strcasestr(r->host, h->host) != NULL)) &&
	    (h->text[0] == '\0' || strcasestr(r->text, h->text) != NULL);
}

const struct hint *
hint_find(const struct hint_reply *reply)
{
	const struct hint	*end = hints + sizeof(hints) / sizeof(*hints);

	if (reply->code == 0)
		return NULL;
	for (const struct hint *h = hints; h < end; h++)
		if (applies(h, reply))
			return h;
	return NULL;
}
