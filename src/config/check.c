#include "config/check.h"

#include <fnmatch.h>
#include <string.h>
#include <strings.h>
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

/* Fields that are not the configuration's to write, and why. */
static const struct { const char *name, *reason; } reserved[] = {
	{ "Bcc",		"it would tell what it is to hide" },
	{ "Resent-Bcc",		"it would tell what it is to hide" },
	{ "Apparently-To",	"it would tell who got the message" },
	{ "From",		"from and from_mode are for that" },
	{ "Sender",		"from and from_mode are for that" },
	{ "Resent-From",	"from and from_mode are for that" },
	{ "Resent-Sender",	"from and from_mode are for that" },
	{ "Return-Path",	"it is for the host that delivers" },
	{ "Received",		"received = yes is for that" },
	{ "Content-Length",	"the message may change on its way" },
};

static bool
fields_are_free(const struct section *s, enum config_key key,
    struct failure *why)
{
	for (const struct setting *f = s->setting[key]; f != NULL;
	    f = f->next) {
		size_t	len = strcspn(f->value, ":");

		for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved);
		    i++)
			if (strlen(reserved[i].name) == len &&
			    strncasecmp(reserved[i].name, f->value, len) == 0)
				return failed(why, EX_CONFIG,
				    "%s: %s: %s can't be set, %s", f->origin,
				    config_key_name(key), reserved[i].name,
				    reserved[i].reason);
	}
	return true;
}

/* The way of local names would lead in a circle. */
static bool
root_is_elsewhere(const struct section *s, struct failure *why)
{
	const struct setting	*root = s->setting[KEY_ROOT];

	if (root == NULL ||
	    strcasecmp(strrchr(root->value, '@'), "@localhost") != 0)
		return true;
	return failed(why, EX_CONFIG, "%s: root = %s is a local name itself; "
	    "it must be an address that the smarthost can reach",
	    root->origin, root->value);
}

/*
 * The smarthost is chosen by the sender that the message leaves with.  A
 * section that gives its mail another one, which it does not match itself,
 * would lose it to the smarthost of others.
 */
static bool
section_keeps_its_mail(const struct section *s, struct failure *why)
{
	const struct setting	*from = s->setting[KEY_FROM];

	if (s->kind != SECTION_FROM || from == NULL ||
	    s->setting[KEY_SMARTHOST] == NULL ||
	    fnmatch(s->pattern, from->value, FNM_CASEFOLD) == 0)
		return true;
	return failed(why, EX_CONFIG, "%s: from = %s does not match [from %s], "
	    "so its mail would not go to the smarthost of this section; put "
	    "the smarthost into a section [from %s]", from->origin,
	    from->value, s->pattern, from->value);
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
	if (!one_secret(s, why) || !fields_are_free(s, KEY_HEADER_ADD, why) ||
	    !fields_are_free(s, KEY_HEADER_SET, why) ||
	    !root_is_elsewhere(s, why) || !section_keeps_its_mail(s, why))
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
