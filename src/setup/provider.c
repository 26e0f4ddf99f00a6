#include "setup/provider.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "config/keys.h"
#include "config/smarthost.h"
#include "config/value.h"
#include "mail/domain.h"
#include "setup/table.h"
#include "util/memory.h"
#include "util/text.h"

enum { NOTE_MAX = 200 };

static const char key_names[PROVIDER_KEYS][12] = {
	[PROVIDER_NAME] = "name", [PROVIDER_DOMAINS] = "domains",
	[PROVIDER_MX] = "mx", [PROVIDER_SMARTHOST] = "smarthost",
	[PROVIDER_HOSTS] = "hosts", [PROVIDER_LOGIN] = "login",
	[PROVIDER_USER] = "user", [PROVIDER_SENDER] = "sender",
	[PROVIDER_SPF] = "spf", [PROVIDER_CONNECTIONS] = "connections",
	[PROVIDER_PACE] = "pace", [PROVIDER_PAGE] = "page",
	[PROVIDER_NOTE] = "note",
};

static const char login_words[][16] = {
	[LOGIN_PASSWORD] = "password", [LOGIN_APP_PASSWORD] = "app-password",
	[LOGIN_API_KEY] = "api-key", [LOGIN_OAUTH] = "oauth",
};

static const char user_words[][16] = {
	[PROVIDER_USER_ADDRESS] = "address", [PROVIDER_USER_ISSUED] = "issued",
	[PROVIDER_USER_FIXED] = "fixed",
};

static const char sender_words[][16] = {
	[PROVIDER_SENDER_ANY] = "any", [PROVIDER_SENDER_ACCOUNT] = "account",
	[PROVIDER_SENDER_VERIFIED] = "verified",
};

/* Returns the index of the word, or -1. */
static int
find_word(const char words[][16], size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return (int)i;
	return -1;
}

#define FIND_WORD(words, word) \
	find_word(words, sizeof(words) / sizeof(*(words)), word)

/* The host names of a list are domains in lower case, "*" apart. */
static bool
check_hosts(const char *list, bool patterns, struct failure *why)
{
	const char	*word;
	size_t		 len;

	while ((len = table_next_word(&list, &word)) > 0) {
		char	*name = memory_copy_n(word, len);
		bool	 good = true;

		for (char *c = name; *c != '\0'; c++) {
			good = good && !isupper((unsigned char)*c);
			if (patterns && *c == '*')
				*c = 'x';
			/* SPF names are not host names. */
			else if (*c == '_')
				*c = 'x';
		}
		good = good && domain_is_valid(name) &&
		    strchr(name, '.') != NULL;
		free(name);
		if (!good)
			return failed(why, EX_CONFIG, "%.*s is not a domain in "
			    "lower case", (int)len, word);
	}
	return true;
}

static bool
check_smarthost(struct provider *p, const char *value, struct failure *why)
{
	struct smarthost_list	list = { 0 };
	bool			good = smarthost_list_parse(&list, value, why);

	if (good && (list.n != 1 || list.host[0].host == NULL ||
	    list.host[0].user != NULL || strstr(value, "://") == NULL ||
	    list.host[0].scheme > SCHEME_SUBMISSION))
		good = failed(why, EX_CONFIG, "the smarthost is not a "
		    "submissions:// or submission:// URL");
	if (good)
		p->host = memory_copy(list.host[0].host);
	smarthost_list_free(&list);
	return good;
}

static bool
check_user(struct provider *p, char *value, struct failure *why)
{
	char	*space = strchr(value, ' ');
	int	 n;

	if (space != NULL) {
		*space = '\0';
		p->fixed_user = space + 1;
	}
	n = FIND_WORD(user_words, value);
	if (n == -1 || (n == PROVIDER_USER_FIXED) != (space != NULL))
		return failed(why, EX_CONFIG, "user must be address, issued or "
		    "fixed NAME");
	p->user = (enum provider_user)n;
	return true;
}

/* Checks the value of a key, and sets the fields that follow from it. */
static bool
check_value(struct provider *p, enum provider_key key, struct failure *why)
{
	char	*value = p->value[key];
	int	 n;

	switch (key) {
	case PROVIDER_DOMAINS:
	case PROVIDER_MX:
	case PROVIDER_SPF:
		return check_hosts(value, false, why);
	case PROVIDER_HOSTS:
		return check_hosts(value, true, why);
	case PROVIDER_SMARTHOST:
		return check_smarthost(p, value, why);
	case PROVIDER_LOGIN:
		n = FIND_WORD(login_words, value);
		p->login = (enum provider_login)n;
		return n != -1 || failed(why, EX_CONFIG, "login must be "
		    "password, app-password, api-key or oauth");
	case PROVIDER_USER:
		return check_user(p, value, why);
	case PROVIDER_SENDER:
		n = FIND_WORD(sender_words, value);
		p->sender = (enum provider_sender)n;
		return n != -1 || failed(why, EX_CONFIG, "sender must be any, "
		    "account or verified");
	case PROVIDER_CONNECTIONS:
	case PROVIDER_PACE:
		return value_check(&key_of(key == PROVIDER_PACE ? KEY_PACE :
		    KEY_CONNECTIONS)->rule, value, why);
	case PROVIDER_PAGE:
		return (strncmp(value, "https://", 8) == 0 &&
		    !text_has_any(value, " \t")) || failed(why, EX_CONFIG,
		    "the page is not an https:// URL");
	case PROVIDER_NOTE:
		return (strlen(value) <= NOTE_MAX &&
		    value[strlen(value) - 1] != '.') || failed(why, EX_CONFIG,
		    "the note is longer than %d octets or ends with a full "
		    "stop", NOTE_MAX);
	case PROVIDER_NAME:
	case PROVIDER_KEYS:
		break;
	}
	return true;
}

/* A section that ends must have the required keys. */
static bool
check_section(const struct provider_table *t, struct failure *why)
{
	static const enum provider_key	required[] = { PROVIDER_NAME,
		PROVIDER_SMARTHOST, PROVIDER_LOGIN, PROVIDER_USER };
	const struct provider		*p;

	if (t->n == 0)
		return true;
	p = &t->provider[t->n - 1];
	for (size_t i = 0; i < sizeof(required) / sizeof(*required); i++)
		if (p->value[required[i]] == NULL)
			return failed(why, EX_CONFIG, "[%s] has no %s", p->id,
			    key_names[required[i]]);
	return true;
}

static bool
begin_section(void *context, const char *id, struct failure *why)
{
	struct provider_table	*t = context;

	if (!check_section(t, why))
		return false;
	if (id == NULL)
		return true;
	if (provider_by_id(t, id) != NULL)
		return failed(why, EX_CONFIG, "[%s] appears twice", id);
	t->provider = memory_room(t->provider, t->n, &t->cap,
	    sizeof(*t->provider));
	t->provider[t->n++] = (struct provider){ .id = memory_copy(id) };
	return true;
}

/* A domain belongs to one provider. */
static bool
is_unique(const struct provider_table *t, enum provider_key key,
    const char *list, struct failure *why)
{
	const char	*word;
	size_t		 len;

	while ((len = table_next_word(&list, &word)) > 0) {
		char			*name = memory_copy_n(word, len);
		const struct provider	*other = key == PROVIDER_MX ?
					    provider_by_mx(t, name) :
					    provider_by_domain(t, name);

		free(name);
		if (other != NULL)
			return failed(why, EX_CONFIG, "[%s] also has %.*s",
			    other->id, (int)len, word);
	}
	return true;
}

static bool
set_value(void *context, const char *key, const char *value,
    struct failure *why)
{
	struct provider_table	*t = context;
	struct provider		*p = &t->provider[t->n - 1];

	for (enum provider_key k = 0; k < PROVIDER_KEYS; k++) {
		if (strcmp(key_names[k], key) != 0)
			continue;
		if (p->value[k] != NULL)
			return failed(why, EX_CONFIG, "%s is set twice", key);
		if ((k == PROVIDER_DOMAINS || k == PROVIDER_MX) &&
		    !is_unique(t, k, value, why))
			return false;
		p->value[k] = memory_copy(value);
		return check_value(p, k, why);
	}
	return failed(why, EX_CONFIG, "unknown key %s", key);
}

bool
provider_table_parse(struct provider_table *t, const char *path,
    const char *text, size_t len, struct failure *why)
{
	const struct table_form	form = { begin_section, set_value };

	*t = (struct provider_table){ .n = 0 };
	if (table_parse(&form, t, path, text, len, why))
		return true;
	provider_table_free(t);
	return false;
}

bool
provider_table_read(struct provider_table *t, const char *path,
    struct failure *why)
{
	const struct table_form	form = { begin_section, set_value };

	*t = (struct provider_table){ .n = 0 };
	if (table_read(&form, t, path, why))
		return true;
	provider_table_free(t);
	return false;
}

const struct provider *
provider_by_id(const struct provider_table *t, const char *id)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcasecmp(t->provider[i].id, id) == 0)
			return &t->provider[i];
	return NULL;
}

const struct provider *
provider_by_domain(const struct provider_table *t, const char *domain)
{
	const char	*list, *word;
	size_t		 len;

	for (size_t i = 0; i < t->n; i++) {
		list = t->provider[i].value[PROVIDER_DOMAINS];
		while ((len = table_next_word(&list, &word)) > 0)
			if (strlen(domain) == len &&
			    strncasecmp(domain, word, len) == 0)
				return &t->provider[i];
	}
	return NULL;
}

const struct provider *
provider_by_mx(const struct provider_table *t, const char *host)
{
	const char	*list, *word;
	size_t		 len;

	for (size_t i = 0; i < t->n; i++) {
		list = t->provider[i].value[PROVIDER_MX];
		while ((len = table_next_word(&list, &word)) > 0)
			if (text_is_below(host, word, len))
				return &t->provider[i];
	}
	return NULL;
}

const struct provider *
provider_by_smarthost(const struct provider_table *t, const char *host)
{
	const char	*list, *word;
	size_t		 len;

	for (size_t i = 0; i < t->n; i++) {
		const struct provider	*p = &t->provider[i];

		if (p->host != NULL && strcasecmp(p->host, host) == 0)
			return p;
		list = p->value[PROVIDER_HOSTS];
		while ((len = table_next_word(&list, &word)) > 0) {
			char	*pattern = memory_copy_n(word, len);
			bool	 same = fnmatch(pattern, host,
				    FNM_CASEFOLD | FNM_NOESCAPE) == 0;

			free(pattern);
			if (same)
				return p;
		}
	}
	return NULL;
}

const char *
provider_login_text(enum provider_login login)
{
	switch (login) {
	case LOGIN_PASSWORD:
		return "the password of the account";
	case LOGIN_APP_PASSWORD:
		return "an app password";
	case LOGIN_API_KEY:
		return "a key";
	case LOGIN_OAUTH:
		return "an access token";
	}
	return "";
}

void
provider_table_free(struct provider_table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		for (enum provider_key k = 0; k < PROVIDER_KEYS; k++)
			free(t->provider[i].value[k]);
		free(t->provider[i].host);
		free(t->provider[i].id);
	}
	free(t->provider);
	*t = (struct provider_table){ .n = 0 };
}
