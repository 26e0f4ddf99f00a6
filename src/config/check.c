#include "config/check.h"

#include <string.h>
#include <sysexits.h>

#include "config/smarthost.h"

static bool
is_general(const struct section *s)
{
	return s->pattern == NULL;
}

/* Does this hold for mail that s matches, by s or what matches all? */
static const struct setting *
within(const struct config *config, const struct section *s,
    enum config_key key)
{
	if (s->setting[key] != NULL)
		return s->setting[key];
	return config_find(config, NULL, key);
}

static bool
lacks(const struct setting *half, enum config_key key, const char *what,
    struct failure *why)
{
	return failed(why, EX_CONFIG, "%s: %s without %s", half->origin,
	    config_key_name(key), what);
}

static bool
url_has_user(const char *value)
{
	struct smarthost_list	list;
	struct failure		why;
	bool			found = false;

	/* Most have none, and need no closer look. */
	if (strchr(value, '@') == NULL)
		return false;
	if (!smarthost_list_parse(&list, value, &why))
		return false;
	for (size_t i = 0; i < list.n && !found; i++)
		found = list.host[i].user != NULL;
	smarthost_list_free(&list);
	return found;
}

static bool
one_secret(const struct section *s, struct failure *why)
{
	const struct setting	*first = NULL;
	enum config_key		 name = KEY_PASSWORD;

	for (enum config_key k = KEY_PASSWORD; k <= KEY_TOKEN_COMMAND; k++) {
		if (s->setting[k] == NULL)
			continue;
		if (first != NULL)
			return failed(why, EX_CONFIG, "%s: %s besides %s (%s): "
			    "only one of them can count",
			    s->setting[k]->origin, config_key_name(k),
			    config_key_name(name), first->origin);
		first = s->setting[k];
		name = k;
	}
	return true;
}

static bool
credentials_are_whole(const struct config *config, const struct section *s,
    struct failure *why)
{
	const struct setting	*host = s->setting[KEY_SMARTHOST];
	const struct setting	*user = config_beside(config, s, KEY_USER);
	enum config_key		 kind;
	const struct setting	*secret = config_secret_beside(config, s, &kind);
	bool			 in_url = url_has_user(host->value);

	if (secret != NULL && user == NULL && !in_url)
		return lacks(secret, kind, "user", why);
	if (secret != NULL || within(config, s, KEY_TLS_CERTIFICATE) != NULL)
		return true;
	if (user != NULL)
		return lacks(user, KEY_USER, "password_file, password_command, "
		    "token_command or password", why);
	if (in_url)
		return lacks(host, KEY_SMARTHOST, "a password_file for the "
		    "user in its URL", why);
	return true;
}

/* Credentials that no smarthost stands beside would never be used. */
static bool
credentials_have_host(const struct config *config, const struct section *s,
    struct failure *why)
{
	const struct section	*home = config_section(config, NULL,
				    KEY_SMARTHOST);

	if (s->kind == SECTION_OVERRIDE || (is_general(s) && home != NULL))
		return true;
	for (enum config_key k = KEY_USER; k <= KEY_TOKEN_COMMAND; k++) {
		if (s->setting[k] != NULL)
			return failed(why, EX_CONFIG, "%s: %s without "
			    "smarthost: credentials belong to the smarthost "
			    "named in the same section", s->setting[k]->origin,
			    config_key_name(k));
	}
	return true;
}

static bool
check_section(const struct config *config, const struct section *s,
    struct failure *why)
{
	const struct setting	*mode = s->setting[KEY_FROM_MODE];
	const struct setting	*key = s->setting[KEY_TLS_KEY];

	if (mode != NULL && strcmp(mode->value, "always") == 0 &&
	    within(config, s, KEY_FROM) == NULL)
		return lacks(mode, KEY_FROM_MODE, "from, the address that "
		    "always counts", why);
	if (key != NULL && within(config, s, KEY_TLS_CERTIFICATE) == NULL)
		return lacks(key, KEY_TLS_KEY, "tls_certificate", why);
	if (!one_secret(s, why))
		return false;
	if (s->setting[KEY_SMARTHOST] != NULL)
		return credentials_are_whole(config, s, why);
	return credentials_have_host(config, s, why);
}

bool
config_check(const struct config *config, struct failure *why)
{
	for (const struct section *s = config->first; s != NULL; s = s->next) {
		if (!check_section(config, s, why))
			return false;
	}
	return true;
}
