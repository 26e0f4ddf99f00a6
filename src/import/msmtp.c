/*
 * msmtprc: accounts, each of which is a list of commands
 *
 * The default account becomes the top of the file, and every other account
 * with a sender a [from] section.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "import/account.h"
#include "import/import.h"
#include "import/keyword.h"
#include "util/memory.h"
#include "util/text.h"

enum {
	HOST, PORT, SOCKET, PROTOCOL, AUTH, USER, PASSWORD, PASSWORDEVAL, TLS,
	STARTTLS, TRUST_FILE, CERTCHECK, FINGERPRINT, CERT_FILE, KEY_FILE,
	HOST_OVERRIDE, FROM, ALLOW_OVERRIDE, SET_FROM, AUTO_FROM, MAILDOMAIN,
	DOMAIN, SOURCE_IP, TIMEOUT, ALIASES, LOGFILE, SYSLOG, PROXY_NAME,
	PROXY_SERVICE, UNDISCLOSED,
	SLOTS
};

static const struct keyword keywords[] = {
	KEYWORD_KEPT("host", HOST),
	KEYWORD_KEPT("port", PORT),
	KEYWORD_KEPT("socket", SOCKET),
	KEYWORD_KEPT("protocol", PROTOCOL),
	KEYWORD_KEPT("auth", AUTH),
	KEYWORD_KEPT("user", USER),
	KEYWORD_KEPT("password", PASSWORD),
	KEYWORD_KEPT("passwordeval", PASSWORDEVAL),
	KEYWORD_KEPT("tls", TLS),
	KEYWORD_KEPT("tls_starttls", STARTTLS),
	KEYWORD_KEPT("tls_trust_file", TRUST_FILE),
	KEYWORD_KEPT("tls_certcheck", CERTCHECK),
	KEYWORD_KEPT("tls_fingerprint", FINGERPRINT),
	KEYWORD_KEPT("tls_cert_file", CERT_FILE),
	KEYWORD_KEPT("tls_key_file", KEY_FILE),
	KEYWORD_KEPT("tls_host_override", HOST_OVERRIDE),
	KEYWORD_KEPT("from", FROM),
	KEYWORD_KEPT("allow_from_override", ALLOW_OVERRIDE),
	KEYWORD_KEPT("set_from_header", SET_FROM),
	KEYWORD_KEPT("auto_from", AUTO_FROM),
	KEYWORD_KEPT("maildomain", MAILDOMAIN),
	KEYWORD_KEPT("domain", DOMAIN),
	KEYWORD_KEPT("source_ip", SOURCE_IP),
	KEYWORD_KEPT("timeout", TIMEOUT),
	KEYWORD_KEPT("connect_timeout", TIMEOUT),
	KEYWORD_KEPT("aliases", ALIASES),
	KEYWORD_KEPT("logfile", LOGFILE),
	KEYWORD_KEPT("proxy_host", PROXY_NAME),
	KEYWORD_KEPT("proxy_port", PROXY_SERVICE),
	KEYWORD_KEPT("undisclosed_recipients", UNDISCLOSED),
	KEYWORD_KEPT("syslog", SYSLOG),
	KEYWORD_SAME("logfile_time_format", CONFIG_KEYS),
	KEYWORD_SAME("set_date_header", CONFIG_KEYS),
	KEYWORD_SAME("set_msgid_header", CONFIG_KEYS),
	KEYWORD_SAME("remove_bcc_headers", CONFIG_KEYS),
	KEYWORD_SAME("add_missing_from_header", CONFIG_KEYS),
	KEYWORD_SAME("add_missing_date_header", CONFIG_KEYS),
	KEYWORD_NONE("ntlmdomain", "NTLM is not supported"),
	KEYWORD_NONE("keepbcc", "relais removes Bcc"),
	KEYWORD_NONE("from_full_name", "the name comes from -F, the "
	    "environment variable NAME or the account of the user"),
	KEYWORD_NONE("tls_crl_file", "revocation lists are not supported"),
	KEYWORD_NONE("tls_priorities", "see tls_min and tls_groups in "
	    "relais.conf(5); openssl.cnf has the other settings of TLS"),
	KEYWORD_NONE("tls_min_dh_prime_bits", "openssl.cnf has the settings "
	    "of TLS"),
	KEYWORD_NONE("dsn_notify", "use the option -N of sendmail"),
	KEYWORD_NONE("dsn_return", "use the option -R of sendmail"),
	KEYWORD_NONE("eval", "the command was not run; write the setting that "
	    "it prints into relais.conf"),
	KEYWORD_END,
};

struct msmtp_account {
	char		*name;			/* owned; "": defaults */
	char		*origin;		/* owned */
	struct kept	 kept[SLOTS];		/* owned */
	bool		 own[SLOTS];		/* not from defaults */
};

struct msmtp {
	struct import		*in;
	struct msmtp_account	*accounts;	/* the first is defaults */
	size_t			 n;
	size_t			 cap;
	size_t			 current;	/* of the following commands */
};

enum { ACCOUNTS_MAX = 500 };

static struct msmtp_account *
add_account(struct msmtp *m, const char *name, const char *origin)
{
	struct msmtp_account	*a;

	m->accounts = memory_room(m->accounts, m->n, &m->cap,
	    sizeof(*m->accounts));
	a = &m->accounts[m->n++];
	*a = (struct msmtp_account){ .name = memory_copy(name),
	    .origin = memory_copy(origin) };
	for (size_t i = 0; i < SLOTS; i++)
		if (m->accounts[0].kept[i].text != NULL)
			kept_set(&a->kept[i], m->accounts[0].kept[i].text,
			    m->accounts[0].kept[i].origin);
	return a;
}

static void
account_clear(struct msmtp_account *a)
{
	kept_free(a->kept, SLOTS);
	free(a->name);
	free(a->origin);
}

static struct msmtp_account *
find_account(const struct msmtp *m, const char *name)
{
	for (size_t i = m->n; i > 1; i--)
		if (strcmp(m->accounts[i - 1].name, name) == 0)
			return &m->accounts[i - 1];
	return NULL;
}

/* "account name : a, b": only what a and b set themselves is inherited. */
static bool
start_account(struct msmtp *m, char *value, const char *origin,
    struct failure *why)
{
	char			*name = strsep(&value, ": \t");
	struct msmtp_account	*to, *from;
	char			*parent;

	if (m->n > ACCOUNTS_MAX)
		return failed(why, EX_DATAERR, "%s: more than %d accounts",
		    origin, ACCOUNTS_MAX);
	to = add_account(m, name, origin);
	m->current = m->n - 1;
	while (value != NULL && (parent = strsep(&value, ":, \t")) != NULL) {
		if (*parent == '\0')
			continue;
		from = find_account(m, parent);
		if (from == NULL || from == to)
			return failed(why, EX_DATAERR, "%s: account %.64s is "
			    "not defined before this line", origin, parent);
		for (size_t i = 0; i < SLOTS; i++)
			if (from->own[i]) {
				kept_set(&to->kept[i], from->kept[i].text,
				    from->kept[i].origin);
				to->own[i] = true;
			}
	}
	return true;
}

/* The command is a word; quotation marks around the argument are removed. */
static bool
read_line(struct msmtp *m, char *line, const char *origin, struct failure *why)
{
	struct msmtp_account	*a;
	char			*command, *value;
	size_t			 len;

	line += strspn(line, " \t");
	if (*line == '\0' || *line == '#')
		return true;
	command = strsep(&line, " \t");
	value = source_trim(line != NULL ? line : command + strlen(command));
	len = strlen(value);
	if (len > 1 && value[0] == '"' && value[len - 1] == '"') {
		value[len - 1] = '\0';
		value++;
	}
	if (strcasecmp(command, "account") == 0)
		return start_account(m, value, origin, why);
	if (strcasecmp(command, "defaults") == 0) {
		kept_free(m->accounts[0].kept, SLOTS);
		m->current = 0;
		return true;
	}
	a = &m->accounts[m->current];
	keyword_apply(&m->in->draft, keywords, a->kept, command, value,
	    origin);
	for (size_t i = 0; i < SLOTS; i++)
		if (a->kept[i].origin != NULL &&
		    strcmp(a->kept[i].origin, origin) == 0)
			a->own[i] = true;
	return true;
}

static bool
is_on(const struct kept *k, bool fallback)
{
	if (k->text == NULL)
		return fallback;
	return k->text[0] == '\0' || strcasecmp(k->text, "on") == 0;
}

/* ~ in the name of a file is the home directory. */
static void
set_path(struct draft *d, struct section *s, enum config_key key,
    const struct kept *k)
{
	const char	*home = getenv("HOME");
	struct buffer	 path = { 0 };

	if (kept_text(k, NULL) == NULL)
		return;
	if (k->text[0] == '~' && home != NULL)
		buffer_addf(&path, "%s%s", home, k->text + 1);
	else
		buffer_add_text(&path, k->text);
	draft_set(d, s, key, path.data, k->origin);
	buffer_free(&path);
}

/*
 * msmtp runs passwordeval in a shell, relais without one.  "cat FILE" becomes
 * password_file; a command of plain words is unchanged.
 */
static void
set_command(struct draft *d, struct section *s, const struct kept *k,
    bool token)
{
	static const char	plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ./_-+,:@%=";
	const char		*file = k->text + 4;

	if (k->text[strspn(k->text, plain)] != '\0' || k->text[0] == '\0') {
		draft_note(d, k->origin, "passwordeval: the command requires a "
		    "shell, which relais does not use; put it into a script "
		    "and set %s to the script, or write the password to the "
		    "password_file above", token ? "token_command" :
		    "password_command");
		draft_set_secret(d, s, NULL, k->origin);
	} else if (!token && strncmp(k->text, "cat /", 5) == 0 &&
	    strchr(file, ' ') == NULL)
		draft_set(d, s, KEY_PASSWORD_FILE, file, k->origin);
	else
		draft_set(d, s, token ? KEY_TOKEN_COMMAND :
		    KEY_PASSWORD_COMMAND, k->text, k->origin);
}

/* The mechanism of auth; NULL if any may be used. */
static const char *
mechanism_of(const struct kept *auth)
{
	if (auth->text[0] == '\0' || strcasecmp(auth->text, "on") == 0)
		return NULL;
	return auth->text;
}

/* The login, after the server.  The secret has one of three forms. */
static void
set_login(struct draft *d, struct account *a, const struct kept *kept)
{
	const char	*mechanism = mechanism_of(&kept[AUTH]);
	bool		 token;
	struct buffer	 upper = { 0 };

	token = mechanism != NULL &&
	    (strcasecmp(mechanism, "oauthbearer") == 0 ||
	    strcasecmp(mechanism, "xoauth2") == 0);
	if (mechanism != NULL && (strcasecmp(mechanism, "gssapi") == 0 ||
	    strcasecmp(mechanism, "ntlm") == 0 ||
	    strcasecmp(mechanism, "digest-md5") == 0)) {
		draft_note(d, kept[AUTH].origin, "auth: %s is not supported; "
		    "any mechanism of the server is used", mechanism);
		mechanism = NULL;
	}
	for (const char *c = mechanism; c != NULL && *c != '\0'; c++)
		buffer_add_byte(&upper, *c >= 'a' && *c <= 'z' ?
		    (char)(*c - 32) : *c);
	if (kept_text(&kept[PASSWORD], NULL) != NULL && !token)
		draft_set_secret(d, a->section, kept[PASSWORD].text,
		    kept[PASSWORD].origin);
	else if (kept[PASSWORDEVAL].text != NULL)
		set_command(d, a->section, &kept[PASSWORDEVAL], token);
	else if (token) {
		draft_note(d, kept[AUTH].origin, "auth: set token_command to a "
		    "program that prints a token");
		draft_set_secret(d, a->section, NULL, kept[AUTH].origin);
	} else {
		draft_note(d, kept[AUTH].origin, "the password is not in this "
		    "file; msmtp reads it from a key ring, from .netrc or "
		    "from the terminal");
		draft_set_secret(d, a->section, NULL, kept[AUTH].origin);
	}
	if (mechanism != NULL)
		draft_set(d, a->section, KEY_AUTH, upper.data,
		    kept[AUTH].origin);
	else if (a->tls == ACCOUNT_CLEAR)
		draft_set(d, a->section, KEY_AUTH, "SCRAM-SHA-256 SCRAM-SHA-1 "
		    "CRAM-MD5", a->origin);
	else if (a->section != d->top && d->top->setting[KEY_AUTH] != NULL)
		draft_set(d, a->section, KEY_AUTH, "auto", a->origin);
	buffer_free(&upper);
}

/* An account without a proxy must not inherit that of the top of the file. */
static void
set_proxy(struct draft *d, struct section *s, const struct kept *kept,
    const char *origin)
{
	const char	*host = kept_text(&kept[PROXY_NAME], NULL);
	const char	*port = kept_text(&kept[PROXY_SERVICE], NULL);
	struct buffer	 url = { 0 };

	if (host == NULL && s != d->top && d->top->setting[KEY_PROXY] != NULL)
		draft_set(d, s, KEY_PROXY, "off", origin);
	if (host == NULL)
		return;
	buffer_addf(&url, strchr(host, ':') != NULL ? "socks5://[%s]" :
	    "socks5://%s", host);
	if (port != NULL)
		buffer_addf(&url, ":%s", port);
	draft_set(d, s, KEY_PROXY, url.data, kept[PROXY_NAME].origin);
	buffer_free(&url);
}

static void
set_server(struct draft *d, struct section *s, const struct kept *kept)
{
	struct account	a = {
		.section = s,
		.host = kept_text(&kept[SOCKET], kept_text(&kept[HOST],
		    NULL)),
		.port = kept_text(&kept[PORT], NULL),
		.tls = ACCOUNT_CLEAR,
		.unverified = !is_on(&kept[CERTCHECK], true),
		.lmtp = kept[PROTOCOL].text != NULL &&
		    strcasecmp(kept[PROTOCOL].text, "lmtp") == 0,
	};
	bool		external;

	a.origin = kept_text(&kept[SOCKET], NULL) != NULL ?
	    kept[SOCKET].origin : kept[HOST].origin;
	if (is_on(&kept[TLS], false))
		a.tls = is_on(&kept[STARTTLS], true) ? ACCOUNT_STARTTLS :
		    ACCOUNT_IMPLICIT;
	if (kept[AUTH].text != NULL && strcasecmp(kept[AUTH].text, "off") != 0)
		a.user = kept_text(&kept[USER], NULL);
	a.user_origin = kept[USER].origin;
	external = kept[AUTH].text != NULL &&
	    strcasecmp(kept[AUTH].text, "external") == 0;
	/* The user of EXTERNAL is in the certificate if none is set. */
	if (external && kept_text(&kept[CERT_FILE], NULL) == NULL)
		a.user = NULL;
	if (a.host == NULL || !account_set(d, &a))
		return;
	if (a.user != NULL && !external)
		set_login(d, &a, kept);
	if (kept_text(&kept[TRUST_FILE], NULL) != NULL &&
	    strcmp(kept[TRUST_FILE].text, "system") != 0)
		set_path(d, s, KEY_TLS_CA, &kept[TRUST_FILE]);
	if (kept_text(&kept[FINGERPRINT], NULL) != NULL)
		draft_note(d, kept[FINGERPRINT].origin, "tls_fingerprint: this "
		    "is the digest of a certificate, and relais pins public "
		    "keys; see tls_pin in relais.conf(5)");
	if (kept_text(&kept[HOST_OVERRIDE], NULL) != NULL)
		draft_set(d, s, KEY_TLS_NAME, kept[HOST_OVERRIDE].text,
		    kept[HOST_OVERRIDE].origin);
	set_path(d, s, KEY_TLS_CERTIFICATE, &kept[CERT_FILE]);
	if (kept_text(&kept[CERT_FILE], NULL) != NULL)
		set_path(d, s, KEY_TLS_KEY, &kept[KEY_FILE]);
	if (kept_text(&kept[SOURCE_IP], NULL) != NULL)
		draft_set(d, s, KEY_SOURCE_ADDRESS, kept[SOURCE_IP].text,
		    kept[SOURCE_IP].origin);
	set_proxy(d, s, kept, a.origin);
	if (kept_text(&kept[TIMEOUT], "off")[0] != 'o') {
		struct buffer	seconds = { 0 };

		buffer_addf(&seconds, "%ss", kept[TIMEOUT].text);
		draft_set(d, s, KEY_TIMEOUT, seconds.data,
		    kept[TIMEOUT].origin);
		buffer_free(&seconds);
	}
}

/* A pattern such as %U@%H depends on the user and the host. */
static bool
has_pattern(struct draft *d, const struct kept *k, const char *name)
{
	if (kept_text(k, NULL) == NULL || strchr(k->text, '%') == NULL)
		return false;
	draft_note(d, k->origin, "%s: patterns such as %%H are not supported; "
	    "relais uses the name of the user and of this host", name);
	return true;
}

static bool
is_wildcard(const char *from)
{
	return text_has_any(from, "*?[");
}

static void
set_sender(struct draft *d, struct section *s, const struct kept *kept)
{
	const struct kept	*from = &kept[FROM];
	bool			 always;

	if (kept_text(&kept[DOMAIN], NULL) != NULL &&
	    !has_pattern(d, &kept[DOMAIN], "domain") &&
	    strcmp(kept[DOMAIN].text, "localhost") != 0)
		draft_set(d, s, KEY_HELO, kept[DOMAIN].text,
		    kept[DOMAIN].origin);
	if (kept_text(from, NULL) == NULL || is_wildcard(from->text) ||
	    has_pattern(d, from, "from") ||
	    !draft_set(d, s, KEY_FROM, from->text, from->origin))
		return;
	always = !is_on(&kept[ALLOW_OVERRIDE], true) ||
	    (kept_text(&kept[SET_FROM], NULL) != NULL &&
	    strcasecmp(kept[SET_FROM].text, "on") == 0);
	if (always)
		draft_set(d, s, KEY_FROM_MODE, "always", from->origin);
	else if (s != d->top && d->top->setting[KEY_FROM_MODE] != NULL)
		draft_set(d, s, KEY_FROM_MODE, "local", from->origin);
}

/* msmtp can write two logs.  "on" and LOG_MAIL are the facility of relais. */
static void
set_log(struct draft *d, const struct kept *kept)
{
	const char	*file = kept_text(&kept[LOGFILE], "");
	const char	*syslog = kept_text(&kept[SYSLOG], "off");
	const bool	 to_syslog = strcasecmp(syslog, "off") != 0;

	if (to_syslog && strcasecmp(syslog, "on") != 0 &&
	    strcasecmp(syslog, "LOG_MAIL") != 0)
		draft_note(d, kept[SYSLOG].origin, "syslog: relais uses the "
		    "facility mail");
	if (to_syslog)
		draft_set(d, d->top, KEY_LOG, "syslog", kept[SYSLOG].origin);
	if (file[0] == '\0')
		return;
	if (to_syslog)
		draft_note(d, kept[LOGFILE].origin, "logfile: relais writes "
		    "one log, and syslog was chosen; see log in "
		    "relais.conf(5)");
	else if (file[0] == '/' || (file[0] == '~' && geteuid() != 0))
		set_path(d, d->top, KEY_LOG, &kept[LOGFILE]);
	else
		draft_note(d, kept[LOGFILE].origin, "logfile: relais has one "
		    "log for all users; see log in relais.conf(5)");
}

/* What applies to the machine is taken from the default account only. */
static void
set_machine(struct draft *d, const struct kept *kept)
{
	if (is_on(&kept[AUTO_FROM], false) &&
	    kept_text(&kept[MAILDOMAIN], NULL) != NULL &&
	    !has_pattern(d, &kept[MAILDOMAIN], "maildomain"))
		draft_set(d, d->top, KEY_DOMAIN, kept[MAILDOMAIN].text,
		    kept[MAILDOMAIN].origin);
	if (kept_text(&kept[ALIASES], NULL) != NULL)
		set_path(d, d->top, KEY_ALIASES, &kept[ALIASES]);
	set_log(d, kept);
	if (is_on(&kept[UNDISCLOSED], false)) {
		draft_set(d, d->top, KEY_HEADER_SET,
		    "To: undisclosed-recipients:;", kept[UNDISCLOSED].origin);
		draft_set(d, d->top, KEY_HEADER_REMOVE, "Cc",
		    kept[UNDISCLOSED].origin);
	}
}

/* A copy of the default account needs no section. */
static bool
is_same(const struct msmtp_account *a, const struct msmtp_account *b)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (strcmp(kept_text(&a->kept[i], ""), kept_text(&b->kept[i],
		    "")) != 0)
			return false;
	return true;
}

/* These keys have no value that means "as if it were not set". */
static void
note_inherited(struct draft *d, const struct section *s)
{
	static const enum config_key	keys[] = {
		KEY_TLS_CA, KEY_TLS_NAME, KEY_TLS_CERTIFICATE, KEY_TLS_KEY,
		KEY_SOURCE_ADDRESS, KEY_TIMEOUT,
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (d->top->setting[keys[i]] != NULL &&
		    s->setting[keys[i]] == NULL)
			draft_note(d, s->origin, "%s at the top of the file "
			    "also applies to this account; set it in the "
			    "section if it should not",
			    config_key_name(keys[i]));
}

static void
set_section(struct draft *d, const struct msmtp_account *a)
{
	const struct kept	*from = &a->kept[FROM];
	struct section		*s;

	if (kept_text(from, NULL) == NULL || strchr(from->text, '%') != NULL) {
		draft_note(d, a->origin, "account %.64s has no sender that "
		    "selects it; relais selects a server by sender, recipient "
		    "or user", a->name);
		return;
	}
	s = draft_section(d, SECTION_FROM, from->text, from->origin);
	/* msmtp uses the first account with this sender. */
	if (s == NULL || s->setting[KEY_SMARTHOST] != NULL)
		return;
	set_server(d, s, a->kept);
	if (s->setting[KEY_SMARTHOST] == NULL)
		return;
	set_sender(d, s, a->kept);
	note_inherited(d, s);
}

static void
set_all(struct msmtp *m, const struct msmtp_account *standard)
{
	struct draft	*d = &m->in->draft;

	set_server(d, d->top, standard->kept);
	set_sender(d, d->top, standard->kept);
	set_machine(d, standard->kept);
	for (size_t i = 1; i < m->n; i++)
		if (&m->accounts[i] != standard &&
		    !is_same(&m->accounts[i], standard))
			set_section(d, &m->accounts[i]);
}

bool
import_msmtp(struct import *in, struct failure *why)
{
	struct msmtp		 m = { .in = in };
	struct msmtp_account	*standard;
	struct source		 file;
	char			*line;
	bool			 good;

	good = in->read(&file, in->main, why) == SOURCE_READ;
	add_account(&m, "", in->main);
	while (good && (line = source_line(&file)) != NULL)
		good = read_line(&m, line, source_origin(&file), why);
	standard = find_account(&m, "default");
	/* Commands before the first account belong to the account default. */
	if (standard == NULL && good) {
		standard = &m.accounts[m.n > 1 ? 1 : 0];
		if (m.n > 2)
			draft_note(&in->draft, standard->origin, "msmtp has "
			    "no default account; relais uses %.64s for senders "
			    "that belong to no other account", standard->name);
	}
	if (good)
		set_all(&m, standard);
	for (size_t i = 0; i < m.n; i++)
		account_clear(&m.accounts[i]);
	free(m.accounts);
	source_free(&file);
	return good;
}
