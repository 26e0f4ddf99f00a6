#include "setup/oauth_provider.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "setup/table.h"
#include "util/installed.h"
#include "util/memory.h"
#include "util/text.h"

#define PLACE_OF_TENANT	"{tenant}"
#define PLACE_OF_PORT	"{port}"

/* A search in a table, and the section that is being read. */
struct search {
	const char		*id;		/* or NULL */
	const char		*host;		/* or NULL; neither: the only
						 * section */
	struct oauth_provider	*found;		/* .id is NULL: not yet */
	struct oauth_provider	 present;
	struct buffer		 names;		/* of all sections */
	unsigned		 n;
};

static const char key_names[OAUTH_KEYS][16] = {
	[OAUTH_NAME] = "name", [OAUTH_TOKEN] = "token",
	[OAUTH_DEVICE] = "device", [OAUTH_AUTHORIZE] = "authorize",
	[OAUTH_PARAMETERS] = "parameters", [OAUTH_REDIRECT] = "redirect",
	[OAUTH_SCOPE] = "scope", [OAUTH_CLIENT_SCOPE] = "client-scope",
	[OAUTH_SECRET] = "secret", [OAUTH_TENANT] = "tenant",
	[OAUTH_SMARTHOST] = "smarthost", [OAUTH_PAGE] = "page",
	[OAUTH_NOTE] = "note",
};

static const char secret_words[][12] = {
	[OAUTH_SECRET_OPTIONAL] = "optional",
	[OAUTH_SECRET_REQUIRED] = "required", [OAUTH_SECRET_NONE] = "none",
};

static bool
is_https(const char *url)
{
	return strncmp(url, "https://", 8) == 0 && url[8] != '\0' &&
	    !text_has_any(url, " \t\"<>\\^`#@");
}

/* RFC 8252 section 7.3; the path is empty or that of a file. */
static bool
is_loopback(const char *url)
{
	static const char	 starts[][32] = {
		"http://127.0.0.1:" PLACE_OF_PORT,
		"http://[::1]:" PLACE_OF_PORT,
		"http://localhost:" PLACE_OF_PORT,
	};
	const char		*path;

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		path = url + strlen(starts[i]);
		if (strncmp(url, starts[i], strlen(starts[i])) == 0)
			return (*path == '\0' || *path == '/') &&
			    !text_has_any(path, " \t?#{");
	}
	return false;
}

/* Letters, digits, dots and hyphens: a domain, a GUID or a word. */
static bool
is_tenant(const char *tenant)
{
	return tenant[0] != '\0' && tenant[strspn(tenant, "abcdefghijklmnop"
	    "qrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")] == '\0' &&
	    strstr(tenant, "..") == NULL;
}

static bool
check_value(struct oauth_provider *p, enum oauth_key key, struct failure *why)
{
	const char	*value = p->value[key];

	switch (key) {
	case OAUTH_TOKEN:
	case OAUTH_DEVICE:
	case OAUTH_AUTHORIZE:
	case OAUTH_PAGE:
		return (is_https(value) || (key == OAUTH_PAGE &&
		    strncmp(value, "https://", 8) == 0)) || failed(why,
		    EX_CONFIG, "%s is not an https:// URL", key_names[key]);
	case OAUTH_REDIRECT:
		return is_loopback(value) || failed(why, EX_CONFIG, "redirect "
		    "must be http://127.0.0.1:{port} or "
		    "http://localhost:{port}, optionally with a path");
	case OAUTH_SECRET:
		for (enum oauth_secret s = 0; s <= OAUTH_SECRET_NONE; s++)
			if (strcmp(value, secret_words[s]) == 0) {
				p->secret = s;
				return true;
			}
		return failed(why, EX_CONFIG, "secret must be required, "
		    "optional or none");
	case OAUTH_TENANT:
		return is_tenant(value) || failed(why, EX_CONFIG,
		    "the tenant is not a domain or an ID");
	case OAUTH_PARAMETERS:
		return !text_has_any(value, " \t#") || failed(why, EX_CONFIG,
		    "parameters must be encoded as in a URL");
	case OAUTH_NAME:
	case OAUTH_SCOPE:
	case OAUTH_CLIENT_SCOPE:
	case OAUTH_SMARTHOST:
	case OAUTH_NOTE:
	case OAUTH_KEYS:
		break;
	}
	return true;
}

static bool
has_host(const struct oauth_provider *p, const char *host)
{
	const char	*list = p->value[OAUTH_SMARTHOST], *word;
	size_t		 len;

	while ((len = table_next_word(&list, &word)) > 0)
		if (strlen(host) == len && strncasecmp(host, word, len) == 0)
			return true;
	return false;
}

/* A section ends: its required keys must be set; keeps it if it is the one. */
static bool
end_section(struct search *s, struct failure *why)
{
	static const enum oauth_key	required[] = { OAUTH_NAME,
		OAUTH_TOKEN, OAUTH_PAGE };
	struct oauth_provider		*p = &s->present;

	if (p->id == NULL)
		return true;
	for (size_t i = 0; i < sizeof(required) / sizeof(*required); i++)
		if (p->value[required[i]] == NULL)
			return failed(why, EX_CONFIG, "[%s] has no %s", p->id,
			    key_names[required[i]]);
	if (p->value[OAUTH_SCOPE] == NULL &&
	    p->value[OAUTH_CLIENT_SCOPE] == NULL)
		return failed(why, EX_CONFIG, "[%s] has no scope", p->id);
	if (s->found->id == NULL && (s->id != NULL ? strcmp(p->id, s->id) == 0 :
	    s->host == NULL || has_host(p, s->host))) {
		*s->found = *p;
		*p = (struct oauth_provider){ .id = NULL };
	}
	oauth_provider_free(p);
	return true;
}

static bool
begin_section(void *context, const char *id, struct failure *why)
{
	struct search	*s = context;

	if (!end_section(s, why))
		return false;
	if (id == NULL)
		return true;
	buffer_addf(&s->names, "%s%s", s->names.len > 0 ? ", " : "", id);
	s->n++;
	s->present.id = memory_copy(id);
	return true;
}

static bool
set_value(void *context, const char *key, const char *value,
    struct failure *why)
{
	struct search		*s = context;
	struct oauth_provider	*p = &s->present;

	for (enum oauth_key k = 0; k < OAUTH_KEYS; k++) {
		if (strcmp(key_names[k], key) != 0)
			continue;
		if (p->value[k] != NULL)
			return failed(why, EX_CONFIG, "%s is set twice", key);
		p->value[k] = memory_copy(value);
		return check_value(p, k, why);
	}
	return failed(why, EX_CONFIG, "unknown key %s", key);
}

/* The section was found, unless it was named and does not exist. */
static bool
end_search(struct search *s, const char *file, bool good, struct failure *why)
{
	if (good && s->found->id == NULL && s->id != NULL)
		good = failed(why, EX_USAGE, "%s: unknown provider; expected "
		    "%s, or the path of a file with a slash, such as "
		    "./FILE", s->id, s->names.data);
	else if (good && s->id == NULL && s->host == NULL && s->n != 1)
		good = failed(why, EX_CONFIG, "%s: the file must have exactly "
		    "one section [name]", file);
	oauth_provider_free(&s->present);
	buffer_free(&s->names);
	if (!good)
		oauth_provider_free(s->found);
	return good;
}

static bool
search_file(struct search *s, const char *file, struct failure *why)
{
	const struct table_form	form = { begin_section, set_value };

	*s->found = (struct oauth_provider){ .id = NULL };
	return end_search(s, file, table_read(&form, s, file, why), why);
}

bool
oauth_provider_find(struct oauth_provider *p, const char *name,
    struct failure *why)
{
	bool		is_file = strchr(name, '/') != NULL;
	struct search	s = { .id = is_file ? NULL : name, .found = p };

	return search_file(&s, is_file ? name : installed_oauth_providers(),
	    why);
}

bool
oauth_provider_by_smarthost(struct oauth_provider *p, const char *host,
    struct failure *why)
{
	struct search	s = { .host = host, .found = p };

	return search_file(&s, installed_oauth_providers(), why);
}

bool
oauth_provider_parse(struct oauth_provider *p, const char *name,
    const char *text, struct failure *why)
{
	const struct table_form	form = { begin_section, set_value };
	struct search		s = { .id = name, .found = p };

	*p = (struct oauth_provider){ .id = NULL };
	return end_search(&s, "t", table_parse(&form, &s, "t", text,
	    strlen(text), why), why);
}

bool
oauth_provider_url(struct buffer *to, const struct oauth_provider *p,
    enum oauth_key key, const char *tenant, struct failure *why)
{
	const char	*url = p->value[key], *place;

	if (tenant == NULL)
		tenant = p->value[OAUTH_TENANT];
	if (tenant != NULL && !is_tenant(tenant))
		return failed(why, EX_USAGE, "the tenant is not a domain or an "
		    "ID");
	while ((place = strstr(url, PLACE_OF_TENANT)) != NULL) {
		if (tenant == NULL)
			return failed(why, EX_USAGE, "%s requires a tenant: "
			    "add --tenant ID", p->value[OAUTH_NAME]);
		buffer_add(to, url, (size_t)(place - url));
		buffer_add_text(to, tenant);
		url = place + strlen(PLACE_OF_TENANT);
	}
	buffer_add_text(to, url);
	return true;
}

void
oauth_provider_free(struct oauth_provider *p)
{
	for (enum oauth_key k = 0; k < OAUTH_KEYS; k++)
		free(p->value[k]);
	free(p->id);
	*p = (struct oauth_provider){ .id = NULL };
}
