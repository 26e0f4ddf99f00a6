#include "mail/local.h"

#include <string.h>
#include <strings.h>

static bool
is_localhost(const char *name)
{
	static const char	word[] = "localhost";
	size_t			n = sizeof(word) - 1;

	/* Some systems call themselves localhost.localdomain. */
	return strncasecmp(name, word, n) == 0 &&
	    (name[n] == '\0' || strcasecmp(name + n, ".localdomain") == 0);
}

bool
local_name_is_possible(const char *name)
{
	size_t	len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+$");

	return len > 0 && name[len] == '\0' && name[0] != '-';
}

bool
domain_is_local(const char *name, const struct local_host *names)
{
	const char	*dot = strchr(name, '.');
	size_t		 label = strcspn(names->host, ".");

	if (name[0] == '\0' || is_localhost(name))
		return true;
	if (strcasecmp(name, names->domain) == 0)
		/* web1.example.org, but not example.org */
		return dot != NULL && strchr(dot + 1, '.') != NULL &&
		    strcasecmp(name, names->host) == 0;
	/* The host name, or its first label, alone or in the domain. */
	return strcasecmp(name, names->host) == 0 ||
	    (strncasecmp(name, names->host, label) == 0 &&
	    (name[label] == '\0' || (name[label] == '.' &&
	    strcasecmp(name + label + 1, names->domain) == 0)));
}

bool
address_is_local(const struct address *a, const struct local_host *names)
{
	return a->local[0] != '\0' && domain_is_local(a->domain, names);
}
