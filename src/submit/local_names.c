#include "submit/local_names.h"

#include <string.h>
#include <strings.h>
#include <sysexits.h>

void
local_names_begin(struct local_names *n, const struct config *config,
    const struct identity *me)
{
	const char	*domain = config_text(config, NULL, KEY_DOMAIN);

	/* At the smarthost, localhost would mean the smarthost itself. */
	if (domain != NULL && strcasecmp(domain, "localhost") == 0)
		domain = NULL;
	*n = (struct local_names){
		.config = config,
		.rules = { .names = { me->host, me->domain },
		    .root = config_text(config, NULL, KEY_ROOT),
		    .domain = domain },
	};
}

void
local_names_end(struct local_names *n)
{
	aliases_free(&n->aliases);
}

bool
local_names_is_local(const struct local_names *n, const struct address *a)
{
	return address_is_local(a, &n->rules.names);
}

static bool
read_aliases(struct local_names *n, struct failure *why)
{
	const struct setting	*set = config_find(n->config, NULL,
				    KEY_ALIASES);
	const char		*path = set != NULL ? set->value :
				    config_default(KEY_ALIASES);

	if (strcmp(path, "off") == 0)
		return true;
	if (aliases_read(&n->aliases, path, set != NULL, why))
		return true;
	aliases_add_place(&n->aliases, n->aliases.bad_line, why);
	if (set != NULL)
		failure_prefix(why, "%s: aliases: ", set->origin);
	return false;
}

bool
local_names_resolve(struct local_names *n, const char *name,
    struct address_list *list, struct failure *why)
{
	const char	*conf = n->config->path;
	unsigned	 line;

	if (!n->is_read) {
		n->is_read = true;
		if (!read_aliases(n, &n->why))
			n->status = n->why.status;
	}
	if (n->status != 0) {
		*why = n->why;
		return false;
	}
	if (aliases_resolve(&n->aliases, name, &n->rules, list, &line, why))
		return true;
	aliases_add_place(&n->aliases, line, why);
	if (why->status != EX_NOUSER || !local_name_is_possible(name))
		return false;
	/* Without any configuration, more than one key is missing. */
	if (conf == NULL && config_find(n->config, NULL,
	    KEY_SMARTHOST) == NULL)
		return failure_suffix(why, "; no smarthost is configured "
		    "either: run \"relais setup\"");
	failure_suffix(why, "; set root = you@example.org (or domain) in %s",
	    conf != NULL ? conf : config_system_file());
	if (n->aliases.path != NULL)
		failure_suffix(why, ", or add an alias to %s", n->aliases.path);
	return false;
}

void
local_names_write(const struct local_names *n, const struct address *a,
    struct buffer *to)
{
	struct address	bare = *a;
	char		none[] = "";

	if (!local_names_is_local(n, a) || (strchr(a->domain, '.') != NULL &&
	    strcasecmp(a->domain, "localhost.localdomain") != 0)) {
		address_write(to, a);
		return;
	}
	bare.domain = none;
	address_write(to, &bare);
	buffer_addf(to, "@%s", n->rules.names.domain);
}
