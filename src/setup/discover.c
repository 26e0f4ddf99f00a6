#include "setup/discover.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "net/connect.h"
#include "net/lookup.h"

enum { CONNECT_MS = 4000 };

static bool
find_in_table(struct discovery *d, const struct provider *p)
{
	if (p == NULL)
		return false;
	d->provider = p;
	snprintf(d->smarthost, sizeof(d->smarthost), "%s",
	    p->value[PROVIDER_SMARTHOST]);
	return true;
}

static bool
find_by_mx(struct discovery *d, const struct provider_table *table,
    const char *domain)
{
	struct lookup_targets	t;
	struct failure		why;

	if (!lookup(&t, LOOKUP_TYPE_MX, domain, NULL, &why))
		return false;
	for (size_t i = 0; i < t.n; i++)
		if (find_in_table(d, provider_by_mx(table, t.target[i].host))) {
			snprintf(d->reason, sizeof(d->reason),
			    "%s: %s receives the mail of %s",
			    d->provider->value[PROVIDER_NAME],
			    t.target[i].host, domain);
			return true;
		}
	return false;
}

static bool
find_by_srv(struct discovery *d, const char *scheme, const char *domain)
{
	struct lookup_targets	t;
	struct failure		why;
	char			name[LOOKUP_NAME];

	if ((size_t)snprintf(name, sizeof(name), "_%s._tcp.%s", scheme,
	    domain) >= sizeof(name) ||
	    !lookup(&t, LOOKUP_TYPE_SRV, name, NULL, &why) || t.n == 0)
		return false;
	snprintf(d->smarthost, sizeof(d->smarthost), "%s://%s:%u", scheme,
	    t.target[0].host, t.target[0].port);
	snprintf(d->reason, sizeof(d->reason), "the SRV record %s", name);
	return true;
}

static bool
find_by_name(struct discovery *d, const char *prefix, uint16_t port,
    const char *domain)
{
	const struct connect_options	options = { .timeout_ms = CONNECT_MS };
	char				host[LOOKUP_NAME];
	struct endpoint			at = { .host = host, .port = port };
	struct failure			why;
	int				fd;

	if ((size_t)snprintf(host, sizeof(host), "%s.%s", prefix, domain) >=
	    sizeof(host) || (fd = connect_to(&at, &options, &why)) == -1)
		return false;
	close(fd);
	snprintf(d->smarthost, sizeof(d->smarthost), "%s://%s",
	    port == 465 ? "submissions" : "submission", host);
	snprintf(d->reason, sizeof(d->reason), "%s accepts connections on "
	    "port %u", host, port);
	return true;
}

bool
discover(struct discovery *d, const struct provider_table *table,
    const char *domain, struct failure *why)
{
	*d = (struct discovery){ .provider = NULL };
	if (find_in_table(d, provider_by_domain(table, domain))) {
		snprintf(d->reason, sizeof(d->reason), "%s, in the table of "
		    "providers", d->provider->value[PROVIDER_NAME]);
		return true;
	}
	return find_by_mx(d, table, domain) ||
	    find_by_srv(d, "submissions", domain) ||
	    find_by_srv(d, "submission", domain) ||
	    find_by_name(d, "smtp", 465, domain) ||
	    find_by_name(d, "mail", 465, domain) ||
	    find_by_name(d, "smtp", 587, domain) ||
	    find_by_name(d, "mail", 587, domain) ||
	    failed(why, EX_NOHOST, "no smarthost was found for %s: the domain "
	    "is not in the table of providers, its MX and SRV records name no "
	    "known smarthost, and smtp.%s and mail.%s do not answer", domain,
	    domain, domain);
}
