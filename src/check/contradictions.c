#include <sys/socket.h>

#include <arpa/inet.h>

#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "check/local.h"
#include "config/value.h"
#include "relay/mechanism_list.h"
#include "relay/tls_policy.h"
#include "util/buffer.h"
#include "util/memory.h"

/* A setting, and the one that it contradicts or that disables it. */
struct pair {
	enum config_key		 key;
	const struct setting	*set;
	enum config_key		 other;
	const struct setting	*by;		/* or NULL */
	const char		*remedy;
	bool			 fails;		/* mail does not leave */
};

static void report_pair(struct check *, const struct pair *, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

static void
report_pair(struct check *c, const struct pair *p, const char *fmt, ...)
{
	struct buffer		text = { 0 };
	struct check_fact	facts[2];
	struct check_finding	found = {
		.stage = CHECK_CONFIG,
		.verdict = p->fails ? CHECK_FAIL : CHECK_WARNING,
		.status = p->fails ? EX_CONFIG : EX_OK,
		.object = config_key_name(p->key),
		.origin = p->set->origin,
		.remedy = p->remedy,
		.facts = facts,
		.n_facts = p->by != NULL ? 2 : 1,
	};
	va_list			ap;

	facts[0] = (struct check_fact){ config_key_name(p->key),
	    config_is_secret(p->key) ? "(hidden)" : p->set->value,
	    p->set->origin };
	if (p->by != NULL)
		facts[1] = (struct check_fact){ config_key_name(p->other),
		    config_is_secret(p->other) ? "(hidden)" : p->by->value,
		    p->by->origin };
	va_start(ap, fmt);
	buffer_vaddf(&text, fmt, ap);
	va_end(ap);
	check_report(c, &found, "%s", text.data);
	buffer_free(&text);
}

/* "has no effect, because auth = off in /etc/relais.conf:5" */
static void
report_no_effect(struct check *c, struct pair *p)
{
	struct buffer	remedy = { 0 };

	buffer_addf(&remedy, "remove %s, or change %s",
	    config_key_name(p->key), config_key_name(p->other));
	p->remedy = remedy.data;
	if (p->other == KEY_TLS_PIN)
		report_pair(c, p, "has no effect, because tls_pin is set in %s",
		    p->by->origin);
	else
		report_pair(c, p, "has no effect, because %s = %s in %s",
		    config_key_name(p->other), p->by->value, p->by->origin);
	buffer_free(&remedy);
}

static bool
is_value(const struct setting *set, const char *value)
{
	return set != NULL && strcmp(set->value, value) == 0;
}

/*
 * Keys that concern the whole machine.
 */

/* The key has no effect if the other one has this value, or is not set. */
static const struct {
	enum config_key	key, other;
	char		value[8];	/* "": the other key is set nowhere */
} useless[] = {
	{ KEY_QUEUE_LIFETIME, KEY_QUEUE, "off" },
	{ KEY_QUEUE_RETRY, KEY_QUEUE, "off" },
	{ KEY_QUEUE_SIZE_LIMIT, KEY_QUEUE, "off" },
	{ KEY_PACE, KEY_QUEUE, "off" },
	{ KEY_STORM, KEY_QUEUE, "off" },
	{ KEY_ALARM_COMMAND, KEY_QUEUE, "off" },
	{ KEY_ALARM_AFTER, KEY_QUEUE, "off" },
	{ KEY_ALARM_AFTER, KEY_ALARM_COMMAND, "" },
	{ KEY_LOG_ADDRESSES, KEY_LOG, "off" },
	{ KEY_FROM_MODE, KEY_FROM, "" },
};

static void
report_missing(struct check *c, struct pair *p)
{
	struct buffer	remedy = { 0 };

	buffer_addf(&remedy, "set %s, or remove %s", config_key_name(p->other),
	    config_key_name(p->key));
	p->remedy = remedy.data;
	report_pair(c, p, "has no effect, because %s is not set",
	    config_key_name(p->other));
	buffer_free(&remedy);
}

static void
check_useless(struct check *c)
{
	const struct setting	*last = NULL;

	for (size_t i = 0; i < sizeof(useless) / sizeof(useless[0]); i++) {
		struct pair	p = { .key = useless[i].key,
				    .other = useless[i].other };
		bool		when_unset = useless[i].value[0] == '\0';

		p.set = config_find(c->config, NULL, p.key);
		p.by = config_find(c->config, NULL, p.other);
		if (p.set == NULL || p.set == last)
			continue;
		if (when_unset && !config_is_set(c->config, p.other))
			report_missing(c, &p);
		else if (!when_unset && is_value(p.by, useless[i].value))
			report_no_effect(c, &p);
		else
			continue;
		last = p.set;
	}
}

/* Numbers of which one must be less than the other. */
static void
check_numbers(struct check *c)
{
	const struct config	*config = c->config;
	uint64_t		 size = config_number(config, NULL,
				    KEY_MESSAGE_SIZE_LIMIT);
	uint64_t		 room = config_number(config, NULL,
				    KEY_QUEUE_SIZE_LIMIT);
	struct pair		 p = { .key = KEY_MESSAGE_SIZE_LIMIT,
				    .other = KEY_QUEUE_SIZE_LIMIT };

	p.set = config_find(config, NULL, p.key);
	p.by = config_find(config, NULL, p.other);
	p.remedy = "lower message_size_limit, or raise queue_size_limit";
	if (p.set != NULL && room > 0 && size > room)
		report_pair(c, &p, "a message of %s can never be queued, "
		    "because queue_size_limit = %s%s%s", p.set->value,
		    config_text(config, NULL, p.other), p.by != NULL ?
		    " in " : " by default", p.by != NULL ? p.by->origin : "");
	p = (struct pair){ .key = KEY_ALARM_AFTER,
	    .other = KEY_QUEUE_LIFETIME };
	p.set = config_find(config, NULL, p.key);
	p.by = config_find(config, NULL, p.other);
	p.remedy = "set alarm_after to less than queue_lifetime";
	if (p.set != NULL && config_is_set(config, KEY_ALARM_COMMAND) &&
	    config_ms(config, NULL, p.key) >= config_ms(config, NULL, p.other))
		report_pair(c, &p, "messages may be given up before the "
		    "alarm, because queue_lifetime = %s%s%s",
		    config_text(config, NULL, p.other), p.by != NULL ?
		    " in " : " by default", p.by != NULL ? p.by->origin : "");
}

/* A line of the same section and file that a later line has replaced. */
static void
check_replaced(struct check *c)
{
	for (const struct section *s = c->config->first; s != NULL;
	    s = s->next)
		for (enum config_key k = 0; k < CONFIG_KEYS; k++) {
			const struct setting	*set = s->setting[k];
			struct pair		 p = { .key = k, .other = k };

			if (set == NULL || set->replaced == NULL)
				continue;
			p.set = set->replaced;
			p.by = set;
			p.remedy = "remove one of the two lines";
			report_pair(c, &p, "has no effect, because the same "
			    "key is set again in %s", set->origin);
		}
}

/* A field that is removed and, in the same section, set anyway. */
static void
check_fields(struct check *c, const struct section *s)
{
	for (const struct setting *cut = s->setting[KEY_HEADER_REMOVE];
	    cut != NULL; cut = cut->next)
		for (const struct setting *set = s->setting[KEY_HEADER_SET];
		    set != NULL; set = set->next) {
			struct pair	p = { .key = KEY_HEADER_REMOVE,
					    .set = cut,
					    .other = KEY_HEADER_SET,
					    .by = set };

			if (strcspn(set->value, ": \t") != strlen(cut->value) ||
			    strncasecmp(set->value, cut->value,
			    strlen(cut->value)) != 0)
				continue;
			p.remedy = "remove one of the two lines";
			report_pair(c, &p, "has no effect on %s, which "
			    "header_set adds again in %s", cut->value,
			    set->origin);
		}
}

/*
 * Keys that concern a smarthost.  A home is a section that sets smarthost.
 */

struct home {
	const struct config	*config;
	const struct section	*section;
	struct config_subject	 subject;
	char			*guess;		/* owned; for .subject */
	struct smarthost_list	 list;		/* of servers */
	struct tls_decision	*decision;	/* owned; one for each */
	bool			 contradictory;	/* a decision is missing */
	struct failure		 why;		/* the reason */
};

static const struct setting *
home_setting(const struct home *h, enum config_key key)
{
	if (key >= KEY_USER && key <= KEY_TOKEN_COMMAND)
		return config_credential(h->config, h->section, key);
	if (h->section->setting[key] != NULL)
		return h->section->setting[key];
	return config_find(h->config, NULL, key);
}

static void
decide(struct home *h)
{
	/* Zeroed, and too large for the stack. */
	struct connection	*c = memory_new(1, sizeof(*c));

	h->decision = memory_new(h->list.n + 1, sizeof(*h->decision));
	connection_begin(c);
	c->config = h->config;
	c->subject = h->subject;
	for (size_t i = 0; i < h->list.n; i++) {
		c->smarthost = &h->list.host[i];
		if (!tls_policy_decide(&h->decision[i], c, &h->why))
			h->contradictory = true;
	}
	free(c);
}

/* Most keys concern servers only. */
static void
drop_others(struct smarthost_list *list)
{
	size_t	n = 0;

	for (size_t i = 0; i < list->n; i++)
		if (smarthost_is_server(&list->host[i]))
			list->host[n++] = list->host[i];
		else
			smarthost_url_free(&list->host[i]);
	list->n = n;
}

static bool
home_open(struct home *h, const struct config *config, const struct section *s)
{
	struct failure	ignored;

	*h = (struct home){ .config = config, .section = s };
	if (s->setting[KEY_SMARTHOST] == NULL || (s->pattern == NULL &&
	    s != config_section(config, NULL, KEY_SMARTHOST)) ||
	    !smarthost_list_parse(&h->list, s->setting[KEY_SMARTHOST]->value,
	    &ignored))
		return false;
	drop_others(&h->list);
	if (s->pattern != NULL)
		h->guess = check_matching_address(s->pattern);
	if (s->kind == SECTION_FROM)
		h->subject.from = h->guess;
	else if (s->kind == SECTION_TO)
		h->subject.to = h->guess;
	else if (s->kind == SECTION_USER)
		h->subject.user = s->pattern;
	decide(h);
	return true;
}

static void
home_close(struct home *h)
{
	smarthost_list_free(&h->list);
	free(h->guess);
	free(h->decision);
}

/* The key proxy or connect_command, if it is the way to the smarthosts. */
static const struct setting *
home_way(const struct home *h, enum config_key *key)
{
	static const enum config_key	keys[] = { KEY_PROXY,
					    KEY_CONNECT_COMMAND };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct setting	*set = home_setting(h, keys[i]);

		*key = keys[i];
		if (config_is_on(set))
			return set;
	}
	return NULL;
}

static bool
all_have_policy(const struct home *h, enum session_tls_policy policy)
{
	for (size_t i = 0; i < h->list.n; i++)
		if (h->decision[i].policy != policy)
			return false;
	return true;
}

static bool
all_have_user(const struct home *h)
{
	for (size_t i = 0; i < h->list.n; i++)
		if (h->list.host[i].user == NULL)
			return false;
	return true;
}

static bool
all_are_unix_sockets(const struct home *h)
{
	for (size_t i = 0; i < h->list.n; i++)
		if (h->list.host[i].host != NULL)
			return false;
	return true;
}

static bool
names_mechanisms(const struct setting *auth)
{
	return auth != NULL && !is_value(auth, "auto") &&
	    !is_value(auth, "off");
}

/*
 * Whether p->key has no effect on mail to the smarthosts of this home.  Sets
 * p->other and p->by to the cause, which is NULL if it is a default.
 */
static bool
is_useless_at(const struct home *h, struct pair *p)
{
	const struct setting	*pin = home_setting(h, KEY_TLS_PIN);

	if (h->list.n == 0) {
		p->other = KEY_SMARTHOST;
		p->by = home_setting(h, p->other);
		return true;
	}
	if (p->key == KEY_PROXY || p->key == KEY_CONNECT_COMMAND) {
		p->other = KEY_SMARTHOST;
		p->by = home_setting(h, p->other);
		return !is_value(p->set, "off") && all_are_unix_sockets(h);
	}
	if (p->key == KEY_FAMILY || p->key == KEY_SOURCE_ADDRESS) {
		p->by = home_way(h, &p->other);
		return p->by != NULL && p->other == KEY_CONNECT_COMMAND;
	}
	p->other = KEY_AUTH;
	p->by = home_setting(h, p->other);
	if (p->key >= KEY_PASSWORD && p->key <= KEY_TOKEN_COMMAND &&
	    is_value(p->by, "off"))
		return true;
	if (p->key == KEY_AUTH) {
		p->other = KEY_USER;
		p->by = NULL;
		return names_mechanisms(p->set) && !all_have_user(h) &&
		    home_setting(h, KEY_USER) == NULL &&
		    home_setting(h, KEY_TLS_CERTIFICATE) == NULL;
	}
	if (p->key == KEY_USER) {
		p->other = KEY_SMARTHOST;
		p->by = home_setting(h, p->other);
		return all_have_user(h);
	}
	if (p->key < KEY_TLS || p->key > KEY_TLS_MIN || h->contradictory)
		return false;
	p->other = KEY_TLS_PIN;
	p->by = pin;
	if (pin != NULL && (p->key == KEY_TLS_CA || (p->key == KEY_TLS &&
	    strcmp(p->set->value, "required") != 0)))
		return true;
	if (p->key == KEY_TLS) {
		p->other = KEY_SMARTHOST;
		p->by = home_setting(h, p->other);
		return strcmp(p->set->value, "opportunistic") == 0 &&
		    all_have_policy(h, SESSION_TLS_IMPLICIT);
	}
	p->other = KEY_TLS;
	p->by = home_setting(h, p->other);
	return all_have_policy(h, SESSION_TLS_OFF) ||
	    (p->key == KEY_TLS_CA &&
	    all_have_policy(h, SESSION_TLS_OPPORTUNISTIC));
}

static void
report_useless(struct check *c, struct pair *p)
{
	if (p->by != NULL) {
		report_no_effect(c, p);
		return;
	}
	if (p->other == KEY_USER) {
		report_missing(c, p);
		return;
	}
	p->remedy = "set tls = required, or remove this key";
	report_pair(c, p, "has no effect, because mail to a smarthost on this "
	    "machine is not encrypted by default");
}

/* A setting is useless if it is useless at each home where it is found. */
static void
check_setting(struct check *c, const struct home *home, size_t n,
    enum config_key key, const struct setting *set)
{
	struct pair	first = { .set = NULL };

	for (size_t i = 0; i < n; i++) {
		struct pair	p = { .key = key, .set = set };

		if (home_setting(&home[i], key) != set)
			continue;
		if (!is_useless_at(&home[i], &p))
			return;
		if (first.set == NULL)
			first = p;
	}
	if (first.set != NULL)
		report_useless(c, &first);
}

#define OF_TOKENS	"OAUTHBEARER XOAUTH2"
#define OF_PASSWORDS	"SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 " \
			"SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN"

/* Mechanisms that cannot be used with what the login has. */
static bool
check_mechanisms(struct check *c, const struct tls_decision *d)
{
	const struct credentials_choice	*login = &d->credentials;
	struct pair			 p = { .key = KEY_AUTH,
					    .set = d->auth,
					    .other = KEY_TLS_CERTIFICATE,
					    .by = d->certificate,
					    .fails = true };
	bool				 good;

	if (!names_mechanisms(d->auth) ||
	    (login->secret == NULL && d->certificate == NULL))
		return true;
	good = d->certificate != NULL &&
	    mechanism_list_has(d->auth->value, "EXTERNAL");
	if (login->secret != NULL) {
		p.other = login->key;
		p.by = login->secret;
		good |= mechanism_list_has(d->auth->value,
		    config_is_token(login->key) ? OF_TOKENS : OF_PASSWORDS);
	}
	p.remedy = "set auth = auto";
	if (!good)
		report_pair(c, &p, "none of these mechanisms can be used with "
		    "%s in %s", config_key_name(p.other), p.by->origin);
	return good;
}

/* A login over a connection without verified TLS. */
static bool
check_login(struct check *c, const struct home *h, size_t i)
{
	const struct tls_decision	*d = &h->decision[i];
	const struct setting		*tls = home_setting(h, KEY_TLS);
	const struct credentials_choice	*login = &d->credentials;
	struct pair			 p = { .key = login->key,
					    .set = login->secret,
					    .other = KEY_TLS, .by = tls,
					    .fails = true };
	const char			*what = config_is_token(login->key) ?
					    "the token" : "the password";

	if (login->secret == NULL)
		return true;
	if (d->policy == SESSION_TLS_OPPORTUNISTIC) {
		p.remedy = "set tls = required";
		report_pair(c, &p, "%s is never sent, because tls = "
		    "opportunistic in %s does not verify the server", what,
		    tls->origin);
		return false;
	}
	if (d->policy != SESSION_TLS_OFF)
		return true;
	if (tls == NULL) {
		/* Other smarthosts of the same mail are not affected. */
		p.fails = h->list.n == 1;
		p.remedy = !p.fails ? "set tls = required" :
		    config_is_token(login->key) ? "set tls = required; or, to "
		    "log in without TLS, set tls = off and auth = " OF_TOKENS :
		    "set tls = required; or, to log in without TLS, set tls = "
		    "off and auth = PLAIN LOGIN";
		report_pair(c, &p, "%s is %s, because connections to a "
		    "smarthost on this machine are not encrypted by default",
		    what, p.fails ? "never sent" : "not sent to some "
		    "smarthosts");
		return false;
	}
	if (d->auth == NULL) {
		p.remedy = config_is_token(login->key) ? "set tls = required; "
		    "or, if nobody else can read the traffic, set auth = "
		    OF_TOKENS : "set tls = required; or, if nobody else can "
		    "read the traffic, set auth = PLAIN LOGIN";
		report_pair(c, &p, "%s is never sent, because tls = off in %s",
		    what, tls->origin);
		return false;
	}
	p.fails = false;
	p.remedy = config_is_token(login->key) ? "set tls = required" :
	    "set tls = required, or name only SCRAM mechanisms in auth";
	if ((smarthost_is_local(&h->list.host[i]) &&
	    home_way(h, &(enum config_key){ 0 }) == NULL) ||
	    !mechanism_list_has(d->auth->value, "PLAIN LOGIN " OF_TOKENS))
		return true;
	report_pair(c, &p, "%s is sent in clear text to %s, because tls = off "
	    "in %s and auth = %s in %s", what, h->list.host[i].host,
	    tls->origin, d->auth->value, d->auth->origin);
	return false;
}

/* Ports that belong to another scheme. */
static const struct {
	enum smarthost_scheme	scheme;
	uint16_t		port;
	char			text[48];
	char			remedy[20];
} wrong_ports[] = {
	{ SCHEME_SUBMISSION, 465, "requires implicit TLS", "submissions://" },
	{ SCHEME_SMTP, 465, "requires implicit TLS", "submissions://" },
	{ SCHEME_LMTP, 465, "is not used for LMTP", "submissions://" },
	{ SCHEME_SUBMISSIONS, 587, "requires STARTTLS", "submission://" },
	{ SCHEME_LMTP, 587, "is not used for LMTP", "submission://" },
	{ SCHEME_SUBMISSIONS, 25, "requires STARTTLS", "smtp://" },
	{ SCHEME_LMTP, 25, "is not used for LMTP", "smtp://" },
};

static void
check_port(struct check *c, const struct home *h, const struct smarthost_url *u)
{
	struct pair	p = { .key = KEY_SMARTHOST,
			    .set = home_setting(h, KEY_SMARTHOST) };
	struct buffer	url = { 0 }, remedy = { 0 };

	for (size_t i = 0; i < sizeof(wrong_ports) / sizeof(wrong_ports[0]);
	    i++) {
		if (u->host == NULL || !u->port_given ||
		    u->scheme != wrong_ports[i].scheme ||
		    u->port != wrong_ports[i].port)
			continue;
		smarthost_write(&url, u);
		buffer_addf(&remedy, "unless this server differs, use %s%s",
		    wrong_ports[i].remedy, strstr(url.data, "://") + 3);
		p.remedy = remedy.data;
		report_pair(c, &p, "%s: port %u usually %s", url.data, u->port,
		    wrong_ports[i].text);
	}
	buffer_free(&url);
	buffer_free(&remedy);
}

/* The address family of an address, or AF_UNSPEC if it is a name. */
static int
family_of(const char *text)
{
	struct in6_addr	a;

	if (text != NULL && inet_pton(AF_INET, text, &a) == 1)
		return AF_INET;
	if (text != NULL && inet_pton(AF_INET6, text, &a) == 1)
		return AF_INET6;
	return AF_UNSPEC;
}

/* The family that a value of family or source_address permits. */
static int
permitted_family(enum config_key key, const char *value)
{
	if (key == KEY_SOURCE_ADDRESS)
		return family_of(value);
	return strcmp(value, "ipv4") == 0 ? AF_INET :
	    strcmp(value, "ipv6") == 0 ? AF_INET6 : AF_UNSPEC;
}

/* family and source_address; all is the first home. */
static void
check_family(struct check *c, const struct home *h, const struct home *all)
{
	static const enum config_key	 keys[] = { KEY_FAMILY,
					    KEY_SOURCE_ADDRESS };
	const struct setting		*family = home_setting(h, KEY_FAMILY);
	const struct setting		*source = home_setting(h,
					    KEY_SOURCE_ADDRESS);
	struct pair			 p = { .key = KEY_SOURCE_ADDRESS,
					    .set = source, .other = KEY_FAMILY,
					    .by = family, .fails = true };

	for (; all < h; all++)
		if (home_setting(all, KEY_FAMILY) == family &&
		    home_setting(all, KEY_SOURCE_ADDRESS) == source)
			source = NULL;	/* reported */
	p.remedy = "remove one of them";
	if (family != NULL && source != NULL &&
	    permitted_family(KEY_FAMILY, family->value) != AF_UNSPEC &&
	    permitted_family(KEY_FAMILY, family->value) !=
	    family_of(source->value)) {
		report_pair(c, &p, "no address can be used, because family = "
		    "%s in %s", family->value, family->origin);
		return;
	}
	/* The keys concern the address of a proxy. */
	for (size_t k = 0; k < 2 && home_way(h, &p.other) == NULL; k++)
		for (size_t i = 0; i < h->list.n; i++) {
			int	is = family_of(h->list.host[i].host);
			int	may;

			p.set = home_setting(h, KEY_SMARTHOST);
			p.key = KEY_SMARTHOST;
			p.other = keys[k];
			p.by = home_setting(h, keys[k]);
			if (p.by == NULL || is == AF_UNSPEC)
				continue;
			may = permitted_family(keys[k], p.by->value);
			p.remedy = "change one of them";
			if (may != AF_UNSPEC && may != is)
				report_pair(c, &p, "%s cannot be reached, "
				    "because %s = %s in %s",
				    h->list.host[i].host,
				    config_key_name(keys[k]), p.by->value,
				    p.by->origin);
		}
}

/* Whether no session can keep the promise of requiretls. */
static void
check_promise(struct check *c, const struct home *h)
{
	struct pair	p = { .key = KEY_REQUIRETLS,
			    .set = home_setting(h, KEY_REQUIRETLS),
			    .other = KEY_TLS,
			    .by = home_setting(h, KEY_TLS),
			    .remedy = "set tls = required, or remove "
			    "requiretls", .fails = true };

	if (p.set == NULL || !is_value(p.set, "yes"))
		return;
	if (h->list.n == 0) {
		p.other = KEY_SMARTHOST;
		p.by = home_setting(h, KEY_SMARTHOST);
		p.remedy = "use a server as the smarthost, or remove "
		    "requiretls";
		report_pair(c, &p, "requires a server with verified TLS, and "
		    "the smarthost in %s is not a server, so mail is not sent",
		    p.by->origin);
		return;
	}
	if (!all_have_policy(h, SESSION_TLS_OFF) &&
	    !all_have_policy(h, SESSION_TLS_OPPORTUNISTIC))
		return;
	if (p.by != NULL)
		report_pair(c, &p, "requires verified TLS, which tls = %s in "
		    "%s excludes, so mail is not sent", p.by->value,
		    p.by->origin);
	else
		report_pair(c, &p, "requires verified TLS, and mail to a "
		    "smarthost on this machine is not encrypted by default, so "
		    "mail is not sent");
}

static void
check_home(struct check *c, const struct home *h, const struct home *all)
{
	const struct setting	*tls = home_setting(h, KEY_TLS);
	struct pair		 p = { .key = KEY_TLS, .set = tls,
				    .other = KEY_SMARTHOST,
				    .by = home_setting(h, KEY_SMARTHOST),
				    .fails = true };

	for (size_t i = 0; i < h->list.n; i++)
		check_port(c, h, &h->list.host[i]);
	check_family(c, h, all);
	if (h->contradictory && tls != NULL) {
		p.remedy = "remove tls = off; or, to send in clear text, use "
		    "smtp://";
		report_pair(c, &p, "tls = off contradicts submissions:// "
		    "(implicit TLS) in %s", p.by->origin);
		return;
	}
	check_promise(c, h);
	/* One finding is enough: the other hosts have the same settings. */
	for (size_t i = 0; i < h->list.n; i++)
		if (!check_mechanisms(c, &h->decision[i]) ||
		    !check_login(c, h, i))
			break;
}

static void
check_homes(struct check *c)
{
	struct home	*home = NULL;
	size_t		 n = 0, cap = 0;

	for (const struct section *s = c->config->first; s != NULL;
	    s = s->next) {
		home = memory_room(home, n, &cap, sizeof(*home));
		if (home_open(&home[n], c->config, s))
			n++;
		else
			home_close(&home[n]);
	}
	for (size_t i = 0; i < n; i++)
		check_home(c, &home[i], home);
	for (const struct section *s = c->config->first; s != NULL;
	    s = s->next)
		for (enum config_key k = KEY_USER; k <= KEY_PROXY; k++)
			if ((k <= KEY_TLS_MIN || k >= KEY_FAMILY) &&
			    s->setting[k] != NULL)
				check_setting(c, home, n, k, s->setting[k]);
	while (n > 0)
		home_close(&home[--n]);
	free(home);
}

/* All connections of a queue run or of the service are those of the top. */
static void
check_connections(struct check *c, const struct section *s)
{
	struct pair	p = { .key = KEY_CONNECTIONS,
			    .other = KEY_CONNECTIONS };
	uint64_t	n;

	p.set = s->setting[p.key];
	p.by = config_find(c->config, NULL, p.key);
	p.remedy = "raise connections at the top of the file";
	if (s->pattern == NULL || p.set == NULL ||
	    !value_count(p.set->value, &n) ||
	    n <= config_number(c->config, NULL, p.key))
		return;
	report_pair(c, &p, "this number is never reached, because connections "
	    "= %s%s%s", config_text(c->config, NULL, p.key), p.by != NULL ?
	    " in " : " by default", p.by != NULL ? p.by->origin : "");
}

void
check_contradictions(struct check *c)
{
	check_replaced(c);
	check_useless(c);
	check_numbers(c);
	for (const struct section *s = c->config->first; s != NULL;
	    s = s->next) {
		check_fields(c, s);
		check_connections(c, s);
	}
	check_homes(c);
}
