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
requires(const struct setting *half, enum config_key key, const char *what,
    struct failure *why)
{
	return failed(why, EX_CONFIG, "%s: %s: requires %s", half->origin,
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
			return failed(why, EX_CONFIG, "%s: %s: conflicts "
			    "with %s (%s); remove one of them",
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
		return requires(secret, kind, "user in the same section", why);
	if (secret != NULL || within(config, s, KEY_TLS_CERTIFICATE) != NULL)
		return true;
	if (user != NULL)
		return requires(user, KEY_USER, "password_file, "
		    "password_command, token_command or password in the same "
		    "section", why);
	if (in_url)
		return requires(host, KEY_SMARTHOST, "password_file or another "
		    "secret for the user in the URL", why);
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
			return failed(why, EX_CONFIG, "%s: %s: requires "
			    "smarthost in the same section: credentials are "
			    "used only for that smarthost", s->setting[k]->origin,
			    config_key_name(k));
	}
	return true;
}

/* Fields that are not the configuration's to write, and why. */
static const struct { const char *name, *reason; } reserved[] = {
	{ "Bcc",		"it would reveal hidden recipients" },
	{ "Resent-Bcc",		"it would reveal hidden recipients" },
	{ "Apparently-To",	"it would reveal the recipients" },
	{ "From",		"use from and from_mode" },
	{ "Sender",		"use from and from_mode" },
	{ "Resent-From",	"use from and from_mode" },
	{ "Resent-Sender",	"use from and from_mode" },
	{ "Return-Path",	"the host that delivers the message adds it" },
	{ "Received",		"use received = yes" },
	{ "Content-Length",	"the message may change in transit" },
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
				    "%s: %s: %s cannot be set; %s", f->origin,
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
	return failed(why, EX_CONFIG, "%s: root: %s is a local name; use an "
	    "address that the smarthost can deliver to",
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
	return failed(why, EX_CONFIG, "%s: from: %s does not match [from %s], so "
	    "the smarthost of this section would not be used; move smarthost "
	    "to a section [from %s]", from->origin,
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
		return failed(why, EX_CONFIG, "%s: from_mode: always requires "
		    "from", mode->origin);
	if (key != NULL && within(config, s, KEY_TLS_CERTIFICATE) == NULL)
		return requires(key, KEY_TLS_KEY, "tls_certificate", why);
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
