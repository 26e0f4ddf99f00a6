/*
 * Postfix's main.cf, as on a null client, with the tables of logins and senders
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "import/account.h"
#include "import/import.h"
#include "import/keyword.h"
#include "util/memory.h"
#include "util/text.h"

enum {
	RELAYHOST, MYHOSTNAME, MYDOMAIN, MYORIGIN, HELO, SASL, SASL_MAPS,
	LEVEL, USE_TLS, ENFORCE_TLS, WRAPPER, CERT, KEY, ALIASES,
	DESTINATION, CANONICAL, GENERIC, LIFETIME, SIZE, MECHANISMS,
	PROTOCOLS, LUSER, MAILLOG, USER, PASSWORD,
	SLOTS
};

#define NOT_A_SERVER	"relais accepts no mail from the network"
#define BY_SENDER	"write a section for each sender; see SECTIONS in " \
	"relais.conf(5)"
#define REWRITING	"relais replaces addresses only with from, root and " \
	"aliases"

static const struct keyword keywords[] = {
	KEYWORD_KEPT("relayhost", RELAYHOST),
	KEYWORD_KEPT("myhostname", MYHOSTNAME),
	KEYWORD_KEPT("mydomain", MYDOMAIN),
	KEYWORD_KEPT("myorigin", MYORIGIN),
	KEYWORD_KEPT("smtp_helo_name", HELO),
	KEYWORD_KEPT("smtp_sasl_auth_enable", SASL),
	KEYWORD_KEPT("smtp_sasl_password_maps", SASL_MAPS),
	KEYWORD_KEPT("smtp_sasl_mechanism_filter", MECHANISMS),
	KEYWORD_KEPT("smtp_tls_security_level", LEVEL),
	KEYWORD_KEPT("smtp_use_tls", USE_TLS),
	KEYWORD_KEPT("smtp_enforce_tls", ENFORCE_TLS),
	KEYWORD_KEPT("smtp_tls_wrappermode", WRAPPER),
	KEYWORD_SAME("smtp_tls_CAfile", KEY_TLS_CA),
	KEYWORD_SAME("smtp_tls_CApath", KEY_TLS_CA),
	KEYWORD_KEPT("smtp_tls_cert_file", CERT),
	KEYWORD_KEPT("smtp_tls_key_file", KEY),
	KEYWORD_KEPT("alias_maps", ALIASES),
	KEYWORD_KEPT("mydestination", DESTINATION),
	KEYWORD_KEPT("sender_canonical_maps", CANONICAL),
	KEYWORD_KEPT("smtp_generic_maps", GENERIC),
	KEYWORD_KEPT("maximal_queue_lifetime", LIFETIME),
	KEYWORD_KEPT("message_size_limit", SIZE),
	KEYWORD_KEPT("inet_protocols", PROTOCOLS),
	KEYWORD_KEPT("luser_relay", LUSER),
	KEYWORD_KEPT("maillog_file", MAILLOG),
	KEYWORD_SAME("always_bcc", KEY_ALWAYS_BCC),
	KEYWORD_SAME("smtp_bind_address", KEY_SOURCE_ADDRESS),
	KEYWORD_SAME("smtp_bind_address6", KEY_SOURCE_ADDRESS),
	KEYWORD_NONE("smtp_sender_dependent_authentication", BY_SENDER),
	KEYWORD_NONE("sender_dependent_*", BY_SENDER),
	KEYWORD_NONE("transport_maps", "write a [to] section for each domain; "
	    "see SECTIONS in relais.conf(5)"),
	KEYWORD_NONE("smtp_tls_fingerprint_*", "see tls_pin in relais.conf(5)"),
	KEYWORD_NONE("smtp_tls_*protocols", "see tls_min in relais.conf(5)"),
	KEYWORD_NONE("tls_eecdh_auto_curves", "see tls_groups in "
	    "relais.conf(5)"),
	KEYWORD_NONE("smtp_tls_policy_maps", "see tls in relais.conf(5)"),
	KEYWORD_NONE("smtp_fallback_relay", "add the hosts to smarthost"),
	KEYWORD_NONE("smtp_header_checks", "see header_remove in "
	    "relais.conf(5)"),
	KEYWORD_NONE("header_checks", "see header_remove in relais.conf(5)"),
	KEYWORD_NONE("canonical_maps", REWRITING),
	KEYWORD_NONE("recipient_canonical_maps", REWRITING),
	KEYWORD_NONE("virtual_alias_maps", REWRITING),
	KEYWORD_NONE("masquerade_domains", REWRITING),
	KEYWORD_NONE("content_filter", "messages are not filtered"),
	KEYWORD_NONE("mynetworks", NOT_A_SERVER),
	KEYWORD_NONE("relay_domains", NOT_A_SERVER),
	KEYWORD_NONE("virtual_mailbox_*", NOT_A_SERVER),
	KEYWORD_NONE("default_transport", "relais sends all mail to the "
	    "smarthost"),
	/* The rest of main.cf does not concern a null client. */
	KEYWORD_SAME("*", CONFIG_KEYS),
};

/* The parameters, for $name.  Later ones replace earlier ones. */
struct parameter {
	char		*name;		/* all owned */
	char		*value;
	char		*origin;
};

struct postfix {
	struct import		*in;
	struct parameter	*parameters;
	size_t			 n;
	size_t			 cap;
	unsigned		 names;		/* that were expanded */
	struct kept		 kept[SLOTS];
};

enum {
	PARAMETERS_MAX = 5000,		/* Postfix has a thousand */
	EXPANSION_MAX = 64 * 1024,	/* octets of a value */
	NESTING_MAX = 8,
	NAMES_MAX = 10000,		/* $name in all values */
};

static bool
add_parameter(struct postfix *p, char *line, const char *origin,
    struct failure *why)
{
	char	*equals = strchr(line, '=');
	char	*name = line + strspn(line, " \t");
	char	*value;

	if (equals == NULL) {
		draft_note(&p->in->draft, origin, "expected name = value");
		return true;
	}
	if (p->n == PARAMETERS_MAX)
		return failed(why, EX_DATAERR, "%s: more than %d parameters",
		    origin, PARAMETERS_MAX);
	*equals = '\0';
	name[strcspn(name, " \t")] = '\0';
	value = source_trim(equals + 1);
	p->parameters = memory_room(p->parameters, p->n, &p->cap,
	    sizeof(*p->parameters));
	p->parameters[p->n++] = (struct parameter){
		.name = memory_copy(name), .value = memory_copy(value),
		.origin = memory_copy(origin),
	};
	return true;
}

/* A line that begins with a blank continues the previous one. */
static bool
read_parameters(struct postfix *p, struct failure *why)
{
	struct buffer	 whole = { 0 }, origin = { 0 };
	struct source	 file;
	char		*line;
	bool		 good = p->in->read(&file, p->in->main, why) ==
			    SOURCE_READ;

	while (good && (line = source_line(&file)) != NULL) {
		size_t	blank = strspn(line, " \t");

		if (line[blank] == '\0' || line[blank] == '#')
			continue;
		if (blank > 0 && whole.len > 0) {
			buffer_add_byte(&whole, ' ');
			buffer_add_text(&whole, line + blank);
			continue;
		}
		if (whole.len > 0)
			good = add_parameter(p, whole.data, origin.data, why);
		buffer_clear(&whole);
		buffer_clear(&origin);
		buffer_add_text(&whole, line);
		buffer_add_text(&origin, source_origin(&file));
	}
	if (good && whole.len > 0)
		good = add_parameter(p, whole.data, origin.data, why);
	buffer_wipe(&whole);
	buffer_free(&origin);
	source_free(&file);
	return good;
}

static const struct parameter *
find_parameter(const struct postfix *p, const char *name, size_t len)
{
	for (size_t i = p->n; i > 0; i--)
		if (strlen(p->parameters[i - 1].name) == len &&
		    strncmp(p->parameters[i - 1].name, name, len) == 0)
			return &p->parameters[i - 1];
	return NULL;
}

/*
 * Replaces $name, ${name} and $(name).  An unknown name has no value, and nor
 * has one beyond a limit.
 */
static void
expand(struct postfix *p, const char *value, int depth, struct buffer *to)
{
	while (*value != '\0' && to->len < EXPANSION_MAX) {
		const struct parameter	*found = NULL;
		const char		*name;
		size_t			 len = 0;

		if (*value != '$') {
			buffer_add_byte(to, *value++);
			continue;
		}
		name = ++value;
		if (*name == '{' || *name == '(') {
			name++;
			len = strcspn(name, "})");
			value = name + len + (name[len] != '\0');
		} else {
			while (isalnum((unsigned char)name[len]) ||
			    name[len] == '_')
				len++;
			value = name + len;
		}
		if (depth < NESTING_MAX && p->names++ < NAMES_MAX)
			found = find_parameter(p, name, len);
		if (found != NULL)
			expand(p, found->value, depth + 1, to);
	}
}

static void
apply_parameters(struct postfix *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct parameter	*m = &p->parameters[i];
		struct buffer		 value = { 0 };

		if (find_parameter(p, m->name, strlen(m->name)) != m)
			continue;
		expand(p, m->value, 0, &value);
		/* An empty value turns most parameters off. */
		if (value.len > 0 || strcmp(m->name, "mydestination") == 0)
			keyword_apply(&p->in->draft, keywords, p->kept,
			    m->name, value.len > 0 ? value.data : "",
			    m->origin);
		buffer_wipe(&value);
	}
}

static bool
is_yes(const struct kept *k)
{
	return k->text != NULL && strcasecmp(k->text, "yes") == 0;
}

/*
 * Reads the table of a list such as "hash:/etc/postfix/generic", which must
 * have one table.  Adds a note if it cannot be read.
 */
static bool
open_table(struct postfix *p, const struct kept *maps, struct source *file)
{
	static const char	types[][10] = {
		"hash:", "texthash:", "btree:", "lmdb:", "cdb:", "dbm:",
		"regexp:", "pcre:",
	};
	struct failure			why;

	*file = (struct source){ .path = NULL };
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		size_t	len = strlen(types[i]);

		if (strncmp(maps->text, types[i], len) != 0 ||
		    text_has_any(maps->text, ", \t"))
			continue;
		if (p->in->read(file, maps->text + len, &why) == SOURCE_READ)
			return true;
		draft_note(&p->in->draft, maps->origin, "%s", why.text);
		return false;
	}
	draft_note(&p->in->draft, maps->origin, "only one table of the type "
	    "hash, btree, lmdb, cdb, dbm, texthash, regexp or pcre can be "
	    "read");
	return false;
}

/* Returns the next line of a table as a key and a value, or false. */
static bool
table_line(struct source *file, char **key, char **value)
{
	char	*line;

	while ((line = source_line(file)) != NULL) {
		line += strspn(line, " \t");
		if (*line == '#' || *line == '\0')
			continue;
		*key = strsep(&line, " \t");
		if (line == NULL)
			continue;
		*value = source_trim(line);
		return true;
	}
	return false;
}

/* "user:password" */
static void
keep_login(struct postfix *p, char *login, const char *origin)
{
	char	*user = strsep(&login, ":");

	kept_set(&p->kept[USER], user, origin);
	if (login != NULL)
		kept_set(&p->kept[PASSWORD], login, origin);
}

/*
 * Finds the login by the name of the host or by the value of relayhost, as
 * Postfix does.
 */
static bool
read_logins(struct postfix *p, const char *host, const char *relayhost,
    struct failure *why)
{
	const struct kept	*maps = &p->kept[SASL_MAPS];
	struct source		 file = { .path = NULL };
	char			*key, *value;
	bool			 opened;

	if (!is_yes(&p->kept[SASL]))
		return true;
	if (p->in->companion != NULL) {
		opened = p->in->read(&file, p->in->companion, why) ==
		    SOURCE_READ;
		if (!opened) {
			source_free(&file);
			return false;
		}
	} else if (maps->text == NULL) {
		draft_note(&p->in->draft, p->kept[SASL].origin,
		    "smtp_sasl_password_maps is not set");
		return true;
	} else if (strncmp(maps->text, "static:", 7) == 0) {
		char	*login = memory_copy(maps->text + 7);

		keep_login(p, login, maps->origin);
		freezero(login, strlen(maps->text + 7));
		return true;
	} else
		opened = open_table(p, maps, &file);
	while (opened && table_line(&file, &key, &value)) {
		bool	by_host = strcasecmp(key, host) == 0;

		if (by_host || (p->kept[USER].text == NULL &&
		    strcasecmp(key, relayhost) == 0))
			keep_login(p, value, source_origin(&file));
		if (by_host)
			break;
	}
	if (opened && p->kept[USER].text == NULL)
		draft_note(&p->in->draft, maps->origin != NULL ? maps->origin :
		    p->in->companion, "the table has no login for %.255s",
		    relayhost);
	else if (!opened)
		draft_note(&p->in->draft, maps->origin, "set user and "
		    "password_file, or import again as a user who can read "
		    "the table");
	source_free(&file);
	return true;
}

static enum account_tls
tls_of(const struct postfix *p, bool *unverified)
{
	const char	*level = kept_text(&p->kept[LEVEL], "");
	bool		 verifies = strcmp(level, "verify") == 0 ||
			    strcmp(level, "secure") == 0 ||
			    strncmp(level, "dane", 4) == 0;

	*unverified = !verifies;
	if (is_yes(&p->kept[WRAPPER]))
		return ACCOUNT_IMPLICIT;
	if (verifies || strcmp(level, "encrypt") == 0 ||
	    strcmp(level, "fingerprint") == 0 ||
	    (*level == '\0' && is_yes(&p->kept[ENFORCE_TLS])))
		return ACCOUNT_STARTTLS;
	if (strcmp(level, "may") == 0 ||
	    (*level == '\0' && is_yes(&p->kept[USE_TLS])))
		return ACCOUNT_OPPORTUNISTIC;
	return ACCOUNT_CLEAR;
}

/* Without brackets, the servers are the MX hosts of the name. */
static bool
set_server(struct postfix *p, struct failure *why)
{
	struct draft	*d = &p->in->draft;
	char		*copy = memory_copy(p->kept[RELAYHOST].text);
	char		*rest = copy, *first, *whole, *port;
	struct account	 a = {
		.section = d->top, .origin = p->kept[RELAYHOST].origin,
	};
	bool		 good;

	do
		first = strsep(&rest, ", \t");
	while (*first == '\0' && rest != NULL);
	if (rest != NULL)
		draft_note(d, a.origin, "relayhost: only the first host was "
		    "imported; add the others to smarthost");
	whole = memory_copy(first);
	a.mx = *first != '[';
	a.host = account_split_port(first, &port);
	if (strncasecmp(a.host, "ipv6:", 5) == 0)
		a.host += 5;
	a.port = port != NULL ? port : "25";
	a.tls = tls_of(p, &a.unverified);
	good = read_logins(p, a.host, whole, why);
	a.user = kept_text(&p->kept[USER], NULL);
	a.user_origin = a.secret_origin = p->kept[USER].origin;
	a.secret = kept_text(&p->kept[PASSWORD], NULL);
	account_set(d, &a);
	if (a.user != NULL && kept_text(&p->kept[MECHANISMS], NULL) != NULL)
		draft_note(d, p->kept[MECHANISMS].origin,
		    "smtp_sasl_mechanism_filter: see auth in relais.conf(5)");
	free(whole);
	free(copy);
	return good;
}

/* myorigin may be the path of a file such as /etc/mailname. */
static void
set_names(struct postfix *p)
{
	struct draft		*d = &p->in->draft;
	const struct kept	*k = p->kept;
	const struct kept	*origin = &k[MYORIGIN];
	const struct kept	*helo = kept_text(&k[HELO], NULL) != NULL ?
				    &k[HELO] : &k[MYHOSTNAME];
	struct source		 file = { .path = NULL };
	struct failure		 why;
	const char		*domain;
	char			*line;

	if (kept_text(origin, NULL) == NULL)
		origin = &k[MYHOSTNAME];
	domain = kept_text(origin, NULL);
	if (domain != NULL && domain[0] != '/')
		draft_set(d, d->top, KEY_DOMAIN, domain, origin->origin);
	else if (domain != NULL) {
		if (p->in->read(&file, domain, &why) != SOURCE_READ)
			draft_note(d, origin->origin, "%s", why.text);
		else if ((line = source_line(&file)) != NULL) {
			line[strcspn(line, " \t")] = '\0';
			draft_set(d, d->top, KEY_DOMAIN, line,
			    source_origin(&file));
		}
		source_free(&file);
	}
	if (kept_text(helo, NULL) != NULL)
		draft_set(d, d->top, KEY_HELO, helo->text, helo->origin);
}

/*
 * The address of unknown users: of $user@example.org and $local@example.org,
 * the name is not a parameter of main.cf and has been removed.
 */
static void
set_root(struct draft *d, const struct kept *luser)
{
	struct buffer	root = { 0 };

	buffer_addf(&root, "%s%s", luser->text[0] == '@' ? "*" : "",
	    luser->text);
	if (draft_set(d, d->top, KEY_ROOT, root.data, luser->origin))
		draft_note(d, luser->origin, "luser_relay: Postfix sends "
		    "only mail to unknown users to this address; relais sends "
		    "mail to every local name without an alias to it");
	buffer_free(&root);
}

/* Postfix applies aliases only to the domains of mydestination. */
static void
set_local_names(struct postfix *p)
{
	struct draft		*d = &p->in->draft;
	const struct kept	*destination = &p->kept[DESTINATION];
	const struct kept	*aliases = &p->kept[ALIASES];
	const char		*path = aliases->text != NULL ?
				    strchr(aliases->text, ':') : NULL;

	if (destination->text != NULL &&
	    kept_text(destination, NULL) == NULL) {
		draft_set(d, d->top, KEY_ALIASES, "off", destination->origin);
		return;
	}
	if (path != NULL && path[1] == '/' &&
	    !text_has_any(path, ", \t"))
		draft_set(d, d->top, KEY_ALIASES, path + 1, aliases->origin);
	if (p->kept[LUSER].text != NULL)
		set_root(d, &p->kept[LUSER]);
	if (d->top->setting[KEY_ROOT] != NULL)
		return;
	draft_note(d, destination->origin != NULL ? destination->origin :
	    p->in->main, "Postfix delivers mail to local users without an "
	    "alias into their mailboxes; relais does not: set root to the "
	    "address of a person");
}

/* A pattern that matches every address. */
static bool
is_any(const char *key)
{
	static const char	patterns[][8] = {
		"/.+/", "/.*/", "/^.*$/", "/^.+$/", "/^/",
	};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++)
		if (strcmp(key, patterns[i]) == 0)
			return true;
	return false;
}

/*
 * The senders: a key of a whole domain or of every address sets from, and
 * "user" or "user@host" a [user] section.
 */
static void
set_senders(struct postfix *p, const struct kept *maps)
{
	struct draft	*d = &p->in->draft;
	struct source	 file;
	const char	*text = kept_text(maps, NULL);
	char		*key, *value;

	if (text == NULL)
		return;
	if (strncmp(text, "static:", 7) == 0) {
		if (draft_set(d, d->top, KEY_FROM, text + 7, maps->origin))
			draft_set(d, d->top, KEY_FROM_MODE, "always",
			    maps->origin);
		return;
	}
	if (open_table(p, maps, &file))
		while (table_line(&file, &key, &value)) {
			const char	*origin = source_origin(&file);
			char		*at = strchr(key, '@');
			struct section	*s = d->top;

			value[strcspn(value, " \t")] = '\0';
			if (*key == '/' && !is_any(key)) {
				draft_note(d, origin, "a pattern cannot be "
				    "carried over; set from in a section");
				continue;
			}
			if (at != NULL)
				*at = '\0';
			if (*key != '/' && *key != '\0')
				s = draft_section(d, SECTION_USER, key,
				    origin);
			if (s != NULL && s->setting[KEY_FROM] == NULL &&
			    draft_set(d, s, KEY_FROM, value, origin) &&
			    *key == '/')
				draft_set(d, s, KEY_FROM_MODE, "always",
				    origin);
		}
	source_free(&file);
}

/* Postfix has d for its unit of time if none is given. */
static void
set_limits(struct postfix *p)
{
	struct draft		*d = &p->in->draft;
	const struct kept	*k = p->kept;
	struct buffer		 text = { 0 };

	if (k[LIFETIME].text != NULL) {
		buffer_addf(&text, "%s%s", k[LIFETIME].text,
		    k[LIFETIME].text[strspn(k[LIFETIME].text,
		    "0123456789")] == '\0' ? "d" : "");
		draft_set(d, d->top, KEY_QUEUE_LIFETIME, text.data,
		    k[LIFETIME].origin);
		buffer_free(&text);
	}
	if (k[MAILLOG].text != NULL &&
	    strncmp(k[MAILLOG].text, "/dev/", 5) == 0)
		draft_note(d, k[MAILLOG].origin, "maillog_file: for the log of "
		    "a container, set log = stderr or log = json");
	else if (k[MAILLOG].text != NULL && k[MAILLOG].text[0] != '\0')
		draft_set(d, d->top, KEY_LOG, k[MAILLOG].text,
		    k[MAILLOG].origin);
	if (k[SIZE].text != NULL)
		draft_set(d, d->top, KEY_MESSAGE_SIZE_LIMIT, k[SIZE].text,
		    k[SIZE].origin);
	if (k[PROTOCOLS].text != NULL && (strcmp(k[PROTOCOLS].text, "ipv4") ==
	    0 || strcmp(k[PROTOCOLS].text, "ipv6") == 0))
		draft_set(d, d->top, KEY_FAMILY, k[PROTOCOLS].text,
		    k[PROTOCOLS].origin);
	if (k[CERT].text != NULL && strcmp(k[CERT].text, "none") != 0) {
		draft_set(d, d->top, KEY_TLS_CERTIFICATE, k[CERT].text,
		    k[CERT].origin);
		if (k[KEY].text != NULL)
			draft_set(d, d->top, KEY_TLS_KEY, k[KEY].text,
			    k[KEY].origin);
	}
}

bool
import_postfix(struct import *in, struct failure *why)
{
	struct postfix	p = { .in = in };
	bool		good = read_parameters(&p, why);

	if (good)
		apply_parameters(&p);
	if (good && kept_text(&p.kept[RELAYHOST], NULL) != NULL) {
		good = set_server(&p, why);
		set_names(&p);
		set_local_names(&p);
		set_senders(&p, &p.kept[CANONICAL]);
		set_senders(&p, &p.kept[GENERIC]);
		set_limits(&p);
	}
	for (size_t i = 0; i < p.n; i++) {
		free(p.parameters[i].name);
		freezero(p.parameters[i].value,
		    strlen(p.parameters[i].value));
		free(p.parameters[i].origin);
	}
	free(p.parameters);
	kept_free(p.kept, SLOTS);
	return good;
}
