#include "config/check.h"

#include <fnmatch.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "config/smarthost.h"

/* Returns the setting of s, or of a section without a pattern. */
static const struct setting *
setting_for(const struct config *config, const struct section *s,
    enum config_key key)
{
	if (s->setting[key] != NULL)
		return s->setting[key];
	return config_find(config, NULL, key);
}

static bool
fail_requires(const struct setting *set, enum config_key key,
    const char *required, struct failure *why)
{
	return failed(why, EX_CONFIG, "%s: %s requires %s", set->origin,
	    config_key_name(key), required);
}

static bool
has_one_secret(const struct section *s, struct failure *why)
{
	const struct setting	*first = NULL;
	enum config_key		 name = KEY_PASSWORD;

	for (enum config_key k = KEY_PASSWORD; k <= KEY_TOKEN_COMMAND; k++) {
		if (s->setting[k] == NULL)
			continue;
		if (first != NULL)
			return failed(why, EX_CONFIG, "%s: %s conflicts "
			    "with %s (%s); remove one of them",
			    s->setting[k]->origin, config_key_name(k),
			    config_key_name(name), first->origin);
		first = s->setting[k];
		name = k;
	}
	return true;
}

static bool
credentials_are_complete(const struct config *config, const struct section *s,
    struct failure *why)
{
	const struct setting	*host = s->setting[KEY_SMARTHOST];
	const struct setting	*user = config_credential(config, s, KEY_USER);
	enum config_key		 kind;
	const struct setting	*secret = config_secret(config, s, &kind);
	bool			 in_url = smarthost_list_has_user(host->value);

	if (secret != NULL && user == NULL && !in_url)
		return fail_requires(secret, kind, "user in the same section",
		    why);
	if (secret != NULL ||
	    setting_for(config, s, KEY_TLS_CERTIFICATE) != NULL)
		return true;
	if (user != NULL)
		return fail_requires(user, KEY_USER, "password_file, "
		    "password_command, token, token_command or password in "
		    "the same section", why);
	if (in_url)
		return fail_requires(host, KEY_SMARTHOST, "password_file or "
		    "another secret for the user in the URL", why);
	return true;
}

/* Credentials without a smarthost in their section would never be used. */
static bool
credentials_have_host(const struct config *config, const struct section *s,
    struct failure *why)
{
	const struct section	*home = config_section(config, NULL,
				    KEY_SMARTHOST);

	if (s->kind == SECTION_OVERRIDE || (s->pattern == NULL && home != NULL))
		return true;
	for (enum config_key k = KEY_USER; k <= KEY_TOKEN_COMMAND; k++) {
		if (s->setting[k] != NULL)
			return fail_requires(s->setting[k], k, "smarthost in "
			    "the same section, because credentials are used "
			    "only for that smarthost", why);
	}
	return true;
}

/* Fields that header_add and header_set must not contain. */
static const struct { char name[16], reason[40]; } reserved[] = {
	{ "Bcc",		"it would reveal hidden recipients" },
	{ "Resent-Bcc",		"it would reveal hidden recipients" },
	{ "Apparently-To",	"it would reveal the recipients" },
	{ "From",		"use from and from_mode" },
	{ "Sender",		"use from and from_mode" },
	{ "Resent-From",	"use from and from_mode" },
	{ "Resent-Sender",	"use from and from_mode" },
	{ "Return-Path",	"the host of final delivery adds it" },
	{ "Received",		"use received = yes" },
	{ "Content-Length",	"the length can change in transit" },
};

static bool
fields_are_allowed(const struct section *s, enum config_key key,
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
				    "%s: %s cannot set %s; %s", f->origin,
				    config_key_name(key), reserved[i].name,
				    reserved[i].reason);
	}
	return true;
}

/*
 * The smarthost is selected by the sender of the outgoing message.  If the
 * sender that a section sets does not match the section, its smarthost would
 * not be selected.
 */
static bool
from_matches_section(const struct section *s, struct failure *why)
{
	const struct setting	*from = s->setting[KEY_FROM];

	if (s->kind != SECTION_FROM || from == NULL ||
	    s->setting[KEY_SMARTHOST] == NULL ||
	    fnmatch(s->pattern, from->value, FNM_CASEFOLD) == 0)
		return true;
	return failed(why, EX_CONFIG, "%s: from = %s does not match [from %s], "
	    "so the smarthost of this section would not be used; move "
	    "smarthost to a section [from %s]", from->origin,
	    from->value, s->pattern, from->value);
}

/* Only one of the ways to connect to the smarthost can be set. */
static bool
has_one_way(const struct config *config, const struct section *s,
    struct failure *why)
{
	const struct setting	*proxy = setting_for(config, s, KEY_PROXY);
	const struct setting	*command = setting_for(config, s,
				    KEY_CONNECT_COMMAND);

	if (!config_is_on(proxy) || !config_is_on(command) ||
	    (s->setting[KEY_PROXY] == NULL &&
	    s->setting[KEY_CONNECT_COMMAND] == NULL))
		return true;
	return failed(why, EX_CONFIG, "%s: proxy conflicts with "
	    "connect_command (%s); remove one of them, or set it to off in the "
	    "section of the other", proxy->origin, command->origin);
}

/* Whether the section sets a proxy with a user. */
static bool
has_proxy_user(const struct section *s)
{
	const struct setting	*set = s->setting[KEY_PROXY];
	struct proxy_url	 url;
	struct failure		 ignored;
	bool			 found;

	if (!config_is_on(set) || !proxy_parse(&url, set->value, &ignored))
		return false;
	found = url.user != NULL;
	proxy_free(&url);
	return found;
}

/* The password belongs to the proxy of a section, as other credentials do. */
static bool
proxy_login_is_complete(const struct config *config, const struct section *s,
    struct failure *why)
{
	const struct setting	*file = s->setting[KEY_PROXY_PASSWORD_FILE];

	if (has_proxy_user(s) && config_credential(config, s,
	    KEY_PROXY_PASSWORD_FILE) == NULL)
		return fail_requires(s->setting[KEY_PROXY], KEY_PROXY,
		    "proxy_password_file in the same section, for the user in "
		    "the URL", why);
	if (file == NULL || s->kind == SECTION_OVERRIDE)
		return true;
	for (const struct section *o = config->first; o != NULL; o = o->next)
		if (has_proxy_user(o) && config_credential(config, o,
		    KEY_PROXY_PASSWORD_FILE) == file)
			return true;
	/* The environment or -o can replace the proxy of the file. */
	if (s->pattern == NULL &&
	    config_is_on(config_find(config, NULL, KEY_PROXY)) &&
	    s->setting[KEY_PROXY] != config_find(config, NULL, KEY_PROXY))
		return true;
	return fail_requires(file, KEY_PROXY_PASSWORD_FILE, "a proxy with a "
	    "user, such as socks5://user@proxy.example.org, in the same "
	    "section", why);
}

static bool
check_section(const struct config *config, const struct section *s,
    struct failure *why)
{
	const struct setting	*mode = s->setting[KEY_FROM_MODE];
	const struct setting	*key = s->setting[KEY_TLS_KEY];
	const struct setting	*root = s->setting[KEY_ROOT];

	if (mode != NULL && strcmp(mode->value, "always") == 0 &&
	    setting_for(config, s, KEY_FROM) == NULL)
		return failed(why, EX_CONFIG, "%s: from_mode = always "
		    "requires from", mode->origin);
	if (key != NULL && setting_for(config, s, KEY_TLS_CERTIFICATE) == NULL)
		return fail_requires(key, KEY_TLS_KEY, "tls_certificate", why);
	/* Mail to a local name goes to root, so root cannot be one. */
	if (root != NULL &&
	    strcasecmp(strrchr(root->value, '@'), "@localhost") == 0)
		return failed(why, EX_CONFIG, "%s: root = %s is a local name; "
		    "use an address that the smarthost can deliver to",
		    root->origin, root->value);
	if (!has_one_secret(s, why) || !has_one_way(config, s, why) ||
	    !proxy_login_is_complete(config, s, why) ||
	    !fields_are_allowed(s, KEY_HEADER_ADD, why) ||
	    !fields_are_allowed(s, KEY_HEADER_SET, why) ||
	    !from_matches_section(s, why))
		return false;
	if (s->setting[KEY_SMARTHOST] != NULL)
		return credentials_are_complete(config, s, why);
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
