#include "relay/advice.h"

#include <stdbool.h>
#include <string.h>
#include <sysexits.h>

#include "net/socks.h"
#include "relay/dial.h"
#include "relay/hints.h"
#include "smtp/authenticate.h"
#include "util/buffer.h"

/* Conditions that apply to the connection, the policy and the failure. */
enum condition {
	AUTHENTICATES	= 1 << 0,	/* credentials are configured */
	IMPLICIT_TLS	= 1 << 1,
	PINNED		= 1 << 2,	/* tls_pin is set */
	NAMED_LOCAL	= 1 << 3,	/* the smarthost is localhost ... */
	IS_REMOTE	= 1 << 4,	/* ... but its address is not */
	SPEAKS_LMTP	= 1 << 5,
	PORT_465	= 1 << 6,
	TEMPORARY	= 1 << 7,	/* EX_TEMPFAIL: closed, or no reply */
	INVALID		= 1 << 8,	/* EX_PROTOCOL */
	UNAVAILABLE	= 1 << 9,	/* EX_UNAVAILABLE */
	NO_PERMISSION	= 1 << 10,	/* EX_NOPERM */
	TOO_LARGE	= 1 << 11,	/* EX_DATAERR */
	HAS_TLS_KEY	= 1 << 12,	/* tls_key is set */
	HAS_TLS_GROUPS	= 1 << 13,	/* tls_groups is set */
	HAS_TLS_MIN	= 1 << 14,	/* tls_min is set */
	HAS_REQUIRETLS	= 1 << 15,	/* requiretls = yes */
};

enum { NO_REPLY = -1 };

#define NO_KEY		CONFIG_KEYS

#define ANY_STEP	(~0u)
#define AT(step)	(1u << (step))

#define SET_HELO	"set helo to the fully qualified name of this host"

/*
 * Many servers check the sender only when they reply to RCPT or to the
 * message.  Without credentials, the server probably requires them; with
 * credentials, it probably rejects this sender.
 */
#define SENDER_REJECTED(...) \
	{ __VA_ARGS__, .when = AUTHENTICATES, .key = KEY_FROM, \
	    .words = "the provider probably rejects this sender" }, \
	REQUIRES_AUTH(__VA_ARGS__)
#define REQUIRES_AUTH(...) \
	{ __VA_ARGS__, .unless = AUTHENTICATES, .key = KEY_SMARTHOST, \
	    .words = "the server may require authentication: set user and " \
	    "password_file" }

#define SOCKS		TLS
#define TLS(cause_, key_, words_) \
	{ ANY_STEP, .cause = (cause_), .key = (key_), .words = (words_) }

/*
 * The first row that applies is used.  A row applies at its steps if its code
 * is the reply code or begins it, its enhanced status code is that of the
 * reply, its text is part of the reply (case-insensitive), all conditions of
 * .when are true and no condition of .unless is.  A member that is not set
 * always applies.  A row without a key gives no advice.
 *
 * Words for KEY_FROM are the cause; the remedy is added.  Without words, only
 * the place of the key is added; for KEY_USER, the places of the credentials
 * come first; for KEY_AUTH, the remedies for the mechanisms that the server
 * offers.
 */
static const struct advice_row {
	unsigned	 steps;
	int		 code;
	const char	*enhanced;
	const char	*text;
	unsigned	 when;
	unsigned	 unless;
	enum config_key	 key;
	const char	*words;
	int		 cause;		/* enum tls_cause, auth_cause,
					 * connect_cause, socks_cause,
					 * dial_cause; 0: any */
} rows[] = {
	{ ANY_STEP, .cause = CONNECT_CAUSE_UNREACHABLE, .key = KEY_SMARTHOST },
	{ ANY_STEP, .cause = CONNECT_CAUSE_FAMILY, .key = KEY_FAMILY,
	    .words = "check family" },
	{ ANY_STEP, .cause = CONNECT_CAUSE_SOURCE, .key = KEY_SOURCE_ADDRESS,
	    .words = "check source_address" },

	{ ANY_STEP, .cause = DIAL_CAUSE_COMMAND, .key = KEY_CONNECT_COMMAND },
	SOCKS(SOCKS_CAUSE_PROXY, KEY_PROXY, "check the host and the port of "
	    "the proxy, and that it is running"),
	SOCKS(SOCKS_CAUSE_PROTOCOL, KEY_PROXY, "check the host and the port of "
	    "the proxy"),
	{ ANY_STEP, .cause = SOCKS_CAUSE_NO_METHOD, .text = "requires",
	    .key = KEY_PROXY, .words = "name the user in the URL, as in "
	    "socks5://user@host, and set proxy_password_file" },
	SOCKS(SOCKS_CAUSE_NO_METHOD, KEY_PROXY, "use another proxy"),
	SOCKS(SOCKS_CAUSE_LOGIN, KEY_PROXY_PASSWORD_FILE, "check the user in "
	    "proxy and the password in proxy_password_file"),
	SOCKS(SOCKS_CAUSE_RULES, KEY_PROXY, "its administrator must allow "
	    "connections to this host and port"),
	SOCKS(SOCKS_CAUSE_HOST, KEY_SMARTHOST, "check the host and the port, "
	    "and whether the proxy can reach them"),

	TLS(TLS_CAUSE_NAME, KEY_TLS_NAME, "set tls_name to the name in the "
	    "server's certificate"),
	TLS(TLS_CAUSE_CA, KEY_TLS_CA, "check tls_ca"),
	TLS(TLS_CAUSE_PIN, KEY_TLS_PIN, "check tls_pin"),
	TLS(TLS_CAUSE_CERTIFICATE, KEY_TLS_CERTIFICATE,
	    "check tls_certificate"),
	{ ANY_STEP, .cause = TLS_CAUSE_KEY, .when = HAS_TLS_KEY,
	    .key = KEY_TLS_KEY, .words = "check tls_key" },
	TLS(TLS_CAUSE_KEY, KEY_TLS_CERTIFICATE, "check tls_certificate, which "
	    "must also contain the key if tls_key is not set"),
	TLS(TLS_CAUSE_NO_STORE, KEY_TLS_CA, "or set tls_ca to a file that "
	    "contains the certificates of the authorities to trust"),
	TLS(TLS_CAUSE_GROUPS, KEY_TLS_GROUPS, "check tls_groups"),
	TLS(TLS_CAUSE_DEFECTIVE, KEY_TLS_PIN, "to trust the "
	    "server nevertheless, ask its owner for the pin of its key and set "
	    "tls_pin"),
	TLS(TLS_CAUSE_NOT_YET_VALID, KEY_TLS_PIN, "if that is wrong, set the "
	    "clock; to trust the server nevertheless, ask its owner for the "
	    "pin of its key and set tls_pin"),
	TLS(TLS_CAUSE_SELF_SIGNED, KEY_TLS_CA, "to trust this certificate, set "
	    "tls_ca to a copy from the owner of the server, or set tls_pin"),
	TLS(TLS_CAUSE_UNKNOWN_ISSUER, KEY_TLS_CA, "to trust this authority, "
	    "set tls_ca to a file that contains its certificate, or set "
	    "tls_pin"),
	TLS(TLS_CAUSE_CHAIN_TOO_LONG, KEY_TLS_CA, "set tls_ca to a file that "
	    "contains a certificate of the chain that you trust"),
	TLS(TLS_CAUSE_WRONG_NAME, KEY_TLS_NAME, "if this is the right server, "
	    "set tls_name to a name in its certificate"),
	TLS(TLS_CAUSE_NOT_PINNED, KEY_TLS_PIN, "if the owner of the server has "
	    "replaced the key, add the pin of the new key to tls_pin"),
	TLS(TLS_CAUSE_OWN_REJECTED, KEY_TLS_CERTIFICATE,
	    "check tls_certificate"),
	TLS(TLS_CAUSE_OWN_REQUIRED, KEY_TLS_CERTIFICATE,
	    "set tls_certificate and tls_key"),
	{ ANY_STEP, .cause = TLS_CAUSE_OWN_OR_CIPHER, .when = HAS_TLS_GROUPS,
	    .key = KEY_TLS_GROUPS, .words = "check tls_groups: the server may "
	    "support none of these groups" },
	TLS(TLS_CAUSE_OWN_OR_CIPHER, KEY_TLS_CERTIFICATE, "if the server "
	    "requires a client certificate, set tls_certificate"),
	{ ANY_STEP, .cause = TLS_CAUSE_ONLY_1_3, .when = HAS_TLS_MIN,
	    .key = KEY_TLS_MIN, .words = "tls_min = 1.2 permits TLS 1.2, too" },
	{ ANY_STEP, .cause = TLS_CAUSE_ONLY_1_3, .key = NO_KEY },
	{ ANY_STEP, .cause = TLS_CAUSE_MODULE, .key = NO_KEY },

	{ ANY_STEP, .cause = TLS_CAUSE_LARGE_HELLO, .when = HAS_TLS_GROUPS,
	    .key = KEY_TLS_GROUPS, .words = "a firewall or the server may drop "
	    "client hellos that do not fit into one packet: put a small "
	    "group, such as X25519, first in tls_groups" },
	TLS(TLS_CAUSE_LARGE_HELLO, KEY_TLS_GROUPS, "a firewall or the server "
	    "may drop client hellos that do not fit into one packet: "
	    "tls_groups = X25519:P-256 makes it smaller"),
	TLS(TLS_CAUSE_HELLO, KEY_SMARTHOST, "the client hello fits into one "
	    "packet, so its size is not the reason: a firewall may block TLS "
	    "on this port, or the server may be overloaded"),

	/*
	 * A server that waits for a ClientHello sends nothing, or a TLS alert,
	 * which begins with octets 21 and 3.
	 */
	{ AT(STEP_GREETING), NO_REPLY, .when = IMPLICIT_TLS, .key = NO_KEY },
	{ AT(STEP_GREETING), NO_REPLY, .when = PORT_465 | TEMPORARY,
	    .key = KEY_SMARTHOST,
	    .words = "port 465 requires implicit TLS: use submissions://" },
	{ AT(STEP_GREETING), NO_REPLY, .when = PORT_465 | INVALID,
	    .key = KEY_SMARTHOST,
	    .words = "port 465 requires implicit TLS: use submissions://" },
	{ AT(STEP_GREETING), NO_REPLY, .text = "\\003", .when = INVALID,
	    .key = KEY_SMARTHOST, .words = "the server seems to speak TLS: if "
	    "this port requires implicit TLS, use submissions://" },
	{ AT(STEP_GREETING), NO_REPLY, .when = TEMPORARY,
	    .key = KEY_SMARTHOST, .words = "if this port requires implicit "
	    "TLS, use submissions://" },

	{ ANY_STEP, .cause = SESSION_CAUSE_CLEAR_TEXT, .key = KEY_TLS,
	    .words = "set tls = required" },
	{ ANY_STEP, .cause = SESSION_CAUSE_UNVERIFIED, .key = KEY_TLS,
	    .words = "set tls = required" },
	{ ANY_STEP, .cause = SESSION_CAUSE_NO_REQUIRETLS,
	    .when = HAS_REQUIRETLS, .key = KEY_REQUIRETLS, .words = "mail is "
	    "sent without this guarantee if requiretls = no" },
	{ ANY_STEP, .cause = SESSION_CAUSE_NO_REQUIRETLS, .key = NO_KEY },

	/* 501 and 504 refuse the name, 500 and 502 the command. */
	{ AT(STEP_EHLO), 501, .key = KEY_HELO, .words = SET_HELO },
	{ AT(STEP_EHLO), 504, .key = KEY_HELO, .words = SET_HELO },
	{ AT(STEP_EHLO), 500, .when = SPEAKS_LMTP, .key = KEY_SMARTHOST,
	    .words = "if the server speaks SMTP, use smtp:// or "
	    "submission://" },
	{ AT(STEP_EHLO), 502, .when = SPEAKS_LMTP, .key = KEY_SMARTHOST,
	    .words = "if the server speaks SMTP, use smtp:// or "
	    "submission://" },
	{ AT(STEP_EHLO), 500, .key = KEY_SMARTHOST,
	    .words = "if the server speaks LMTP, use lmtp://" },
	{ AT(STEP_EHLO), 502, .key = KEY_SMARTHOST,
	    .words = "if the server speaks LMTP, use lmtp://" },

	{ AT(STEP_STARTTLS), .when = UNAVAILABLE | PINNED, .key = KEY_TLS_PIN,
	    .words = "tls_pin requires TLS" },
	{ AT(STEP_STARTTLS), .when = UNAVAILABLE | NAMED_LOCAL | IS_REMOTE,
	    .key = KEY_SMARTHOST, .words = "TLS is required because the "
	    "address of the server is not on this machine" },
	{ AT(STEP_STARTTLS), .when = UNAVAILABLE, .key = KEY_SMARTHOST,
	    .words = "if the server does not support TLS, tls = off sends "
	    "everything in clear text" },
	{ AT(STEP_TLS), .when = INVALID | IMPLICIT_TLS, .key = KEY_SMARTHOST,
	    .words = "this port does not use implicit TLS: for STARTTLS, use "
	    "submission://" },

	{ AT(STEP_AUTH), .cause = AUTH_CAUSE_IN_CLEAR, .key = KEY_SMARTHOST,
	    .words = "set tls = required; or, on a trusted network, set "
	    "tls = off and name the mechanism, such as auth = PLAIN or, with "
	    "a token, auth = XOAUTH2" },
	{ AT(STEP_AUTH), .cause = AUTH_CAUSE_UNVERIFIED, .key = KEY_TLS,
	    .words = "set tls = required" },
	{ AT(STEP_AUTH), .cause = AUTH_CAUSE_NOT_OFFERED, .key = KEY_SMARTHOST,
	    .words = "use the submission port of the server (587 or 465), or "
	    "set auth = off" },
	{ AT(STEP_AUTH), .cause = AUTH_CAUSE_NOT_IN_CLEAR,
	    .key = KEY_SMARTHOST, .words = "set tls = required" },
	{ AT(STEP_AUTH), .cause = AUTH_CAUSE_NO_MECHANISM, .key = KEY_AUTH },
	{ AT(STEP_AUTH), .cause = AUTH_CAUSE_OTHER_CHANNEL,
	    .when = NO_PERMISSION, .key = KEY_SMARTHOST,
	    .words = "the TLS session does not end at the server: a proxy or "
	    "an attacker decrypts everything; if it is a proxy that you "
	    "trust, set auth = SCRAM-SHA-256, which does not detect it" },
	{ AT(STEP_AUTH), .cause = AUTH_CAUSE_UNOFFERED, .when = NO_PERMISSION,
	    .key = KEY_SMARTHOST, .words = "the server supports channel "
	    "binding, but the offer that has arrived does not include it: a "
	    "proxy or an attacker in between may have changed the offer; if "
	    "it is a proxy that you trust, set auth = SCRAM-SHA-256, which "
	    "does not detect it" },
	{ AT(STEP_AUTH), .cause = AUTH_CAUSE_NO_BINDING,
	    .when = NO_PERMISSION, .key = KEY_SMARTHOST,
	    .words = "to log in without channel binding, set auth = "
	    "SCRAM-SHA-256, or another mechanism without -PLUS" },
	/* These refuse the command or the mechanism (RFC 4954 section 6). */
	{ AT(STEP_AUTH), 50, .key = NO_KEY },
	{ AT(STEP_AUTH), 538, .key = NO_KEY },
	{ AT(STEP_AUTH), 5, .cause = AUTH_CAUSE_BOUND, .when = NO_PERMISSION,
	    .key = KEY_USER, .words = "if they are correct, a proxy or an "
	    "attacker may decrypt TLS in between, or the server may not "
	    "support this channel binding; if you are sure that it is not an "
	    "attacker, set auth = SCRAM-SHA-256 to log in without channel "
	    "binding" },
	{ AT(STEP_AUTH), 5, .when = NO_PERMISSION, .key = KEY_USER },
	/* Without a refusal: relais ended the exchange, since SCRAM failed. */
	{ AT(STEP_AUTH), .when = NO_PERMISSION, .key = KEY_SMARTHOST },

	{ AT(STEP_MAIL), 5, .when = TOO_LARGE, .key = NO_KEY },
	SENDER_REJECTED(AT(STEP_MAIL), 5),
	SENDER_REJECTED(AT(STEP_RCPT), 530),
	SENDER_REJECTED(AT(STEP_RCPT), 535),
	/* X.7.X concerns permission (RFC 3463 section 3.8). */
	SENDER_REJECTED(AT(STEP_RCPT) | AT(STEP_FINAL), 553,
	    .text = " 5.7."),
	SENDER_REJECTED(AT(STEP_FINAL), 553),
	SENDER_REJECTED(AT(STEP_FINAL), 550, .text = " 5.7."),
	REQUIRES_AUTH(AT(STEP_RCPT), 554),
	REQUIRES_AUTH(AT(STEP_RCPT), .text = " 5.7."),
};

/* Remedies; the names of the mechanisms that require them are added. */
static const char *const mechanism_remedies[AUTH_OBSTACLES] = {
	[AUTH_OBSTACLE_NO_TOKEN]	= "set token for",
	[AUTH_OBSTACLE_NO_PASSWORD]	= "set user and password_file for",
	[AUTH_OBSTACLE_NO_USER]		= "set user for",
	[AUTH_OBSTACLE_NO_CERTIFICATE]	= "set tls_certificate for",
	[AUTH_OBSTACLE_NO_BINDING]	= "TLS 1.3, or TLS 1.2 with extended "
					  "master secret, is required for",
	[AUTH_OBSTACLE_TOKEN]		= "set password_file, not "
					  "token, for",
	[AUTH_OBSTACLE_NOT_NAMED]	= "auth must name",
	[AUTH_OBSTACLE_IN_CLEAR]	= "without TLS, auth must name",
};

static unsigned
conditions_of(const struct connection *c, const struct advice_facts *f)
{
	static const struct {
		int		status;
		enum condition	condition;
	} statuses[] = {
		{ EX_TEMPFAIL,		TEMPORARY },
		{ EX_PROTOCOL,		INVALID },
		{ EX_UNAVAILABLE,	UNAVAILABLE },
		{ EX_NOPERM,		NO_PERMISSION },
		{ EX_DATAERR,		TOO_LARGE },
	};
	unsigned	conditions = 0;

	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
		if (statuses[i].status == f->status)
			conditions |= statuses[i].condition;
	if (c->options.auth != NULL)
		conditions |= AUTHENTICATES;
	if (c->options.tls_policy == SESSION_TLS_IMPLICIT)
		conditions |= IMPLICIT_TLS;
	if (config_find(c->config, &c->subject, KEY_TLS_PIN) != NULL)
		conditions |= PINNED;
	if (config_find(c->config, &c->subject, KEY_TLS_KEY) != NULL)
		conditions |= HAS_TLS_KEY;
	if (config_find(c->config, &c->subject, KEY_TLS_GROUPS) != NULL)
		conditions |= HAS_TLS_GROUPS;
	if (config_find(c->config, &c->subject, KEY_TLS_MIN) != NULL)
		conditions |= HAS_TLS_MIN;
	if (config_bool(c->config, &c->subject, KEY_REQUIRETLS))
		conditions |= HAS_REQUIRETLS;
	if (smarthost_is_local(c->smarthost) &&
	    dial_choose(c).way == DIAL_DIRECT)
		conditions |= NAMED_LOCAL;
	if (!connect_is_local(c->session.stream.fd))
		conditions |= IS_REMOTE;
	if (c->smarthost->scheme == SCHEME_LMTP)
		conditions |= SPEAKS_LMTP;
	if (c->at.port == 465)
		conditions |= PORT_465;
	return conditions;
}

static bool
has_code(const struct advice_row *row, int code)
{
	if (row->code == 0 || (row->code == NO_REPLY && code == 0))
		return true;
	for (; code > 0; code /= 10)
		if (code == row->code)
			return true;
	return false;
}

static const struct advice_row *
find_row(const struct advice_facts *f, unsigned conditions, const char *text)
{
	const struct advice_row	*end = rows + sizeof(rows) / sizeof(*rows);

	for (const struct advice_row *row = rows; row < end; row++)
		if ((row->steps & AT(f->step)) != 0 && has_code(row, f->code) &&
		    (row->cause == 0 || row->cause == f->cause) &&
		    (row->enhanced == NULL ||
		    strcmp(row->enhanced, f->enhanced) == 0) &&
		    (row->text == NULL ||
		    strcasestr(text, row->text) != NULL) &&
		    (row->when & ~conditions) == 0 &&
		    (row->unless & conditions) == 0)
			return row;
	return NULL;
}

/*
 * Adds the line that sets the key, " (/etc/relais.conf:7)", or the file in
 * which the key can be set, " (in /etc/relais.conf)".
 */
static void
add_place(struct buffer *to, const struct connection *c, enum config_key key)
{
	const struct setting	*set = config_find(c->config, &c->subject, key);

	if (set != NULL)
		buffer_addf(to, " (%s)", set->origin);
	else if (c->config->path != NULL)
		buffer_addf(to, " (in %s)", c->config->path);
}

static void
add_sender(struct buffer *to, const struct connection *c, const char *cause)
{
	const char	*mode = connection_text(c, KEY_FROM_MODE);
	bool		 is_set = config_find(c->config, &c->subject,
			    KEY_FROM) != NULL;

	buffer_addf(to, "; %s: ", cause);
	buffer_add_text(to, is_set ? "from" :
	    "set from to an address that the server accepts");
	add_place(to, c, KEY_FROM);
	if (!is_set)
		return;
	buffer_add_text(to, " must be an address that the server accepts");
	if (strcmp(mode, "always") != 0)
		buffer_add_text(to, "; with from_mode = always, from is the "
		    "sender of every message");
}

static void
add_credentials(struct buffer *to, const struct connection *c)
{
	const struct credentials	*credentials = &c->credentials;

	buffer_add_text(to, "; check user");
	if (config_find(c->config, &c->subject, KEY_USER) != NULL)
		add_place(to, c, KEY_USER);
	buffer_add_text(to, credentials->by_token ? " and the token" :
	    " and password");
	if (credentials->origin[0] != '\0')
		buffer_addf(to, " (%s)", credentials->origin);
	if (credentials->login != NULL)
		buffer_addf(to, "; to log in again, run: relais login %s",
		    credentials->login->value);
}

/* For a server that offers only mechanisms that cannot be used. */
static void
add_mechanisms(struct buffer *to, const struct connection *c)
{
	struct buffer	names = { 0 };

	if (c->options.auth->mechanisms != NULL)
		buffer_addf(to, "; auth allows only %s",
		    c->options.auth->mechanisms);
	for (int i = AUTH_OBSTACLE_NONE + 1; i < AUTH_OBSTACLES; i++) {
		buffer_clear(&names);
		authenticate_list_obstructed(&c->session,
		    (enum auth_obstacle)i, &names);
		if (names.len > 0)
			buffer_addf(to, "; %s %s", mechanism_remedies[i],
			    names.data);
	}
	buffer_free(&names);
	add_place(to, c, to->len > 0 ? KEY_AUTH : KEY_SMARTHOST);
}

/* For a hint with the key KEY_PASSWORD: the place of the credentials. */
static void
add_hint(struct buffer *to, const struct connection *c, const struct hint *h)
{
	if (h->key == KEY_FROM) {
		add_sender(to, c, h->words);
		return;
	}
	buffer_addf(to, "; %s", h->words);
	if (h->key == KEY_PASSWORD && c->credentials.origin[0] != '\0')
		buffer_addf(to, " (%s)", c->credentials.origin);
	else if (h->key != NO_KEY)
		add_place(to, c, (enum config_key)h->key);
}

static void
add_row(struct buffer *to, const struct connection *c,
    const struct advice_row *row)
{
	if (row->key == NO_KEY)
		return;
	if (row->key == KEY_FROM) {
		add_sender(to, c, row->words);
	} else if (row->key == KEY_USER) {
		add_credentials(to, c);
		if (row->words != NULL)
			buffer_addf(to, "; %s", row->words);
	} else if (row->key == KEY_AUTH) {
		add_mechanisms(to, c);
	} else {
		if (row->words != NULL)
			buffer_addf(to, "; %s", row->words);
		add_place(to, c, row->key);
	}
}

void
advice_add(const struct connection *c, const struct advice_facts *f,
    char *text, size_t size)
{
	const struct hint	*hint = hint_find(&(struct hint_reply){
				    .step = f->step, .code = f->code,
				    .enhanced = f->enhanced,
				    .host = c->at.host, .text = text });
	const struct advice_row	*row = NULL;
	struct buffer		 advice = { 0 };

	if (hint == NULL)
		row = find_row(f, conditions_of(c, f), text);
	if (hint != NULL)
		add_hint(&advice, c, hint);
	else if (row != NULL)
		add_row(&advice, c, row);
	if (advice.len < size && strlen(text) + advice.len >= size)
		text[size - advice.len - 1] = '\0';
	if (advice.len > 0)
		strlcat(text, advice.data, size);
	buffer_free(&advice);
}
