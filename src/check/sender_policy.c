#include "check/sender_policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/lookup_text.h"
#include "util/buffer.h"
#include "util/memory.h"
#include "util/text.h"

enum { LOOKUPS_MAX = 10, DOMAIN_MAX = 256 };

struct policy {
	const char		*smarthost;	/* its host name */
	const char		*records;	/* of the provider: names; or
						 * NULL */
	const struct reach	*addresses;
	unsigned		 lookups;
	struct buffer		 looked_at;	/* names */
	char			 shown[400];	/* the SPF record of the
						 * sender's domain */
	bool			 covered;
	bool			 unknown;	/* not followed to its end */
	bool			 has_mechanism;	/* other than all */
	bool			 hard;		/* ends in -all or ~all */
	bool			 none;		/* "-all" is all it says */
};

/* Whether the first 'bits' bits of two addresses are equal. */
static bool
is_same_network(const unsigned char *a, const unsigned char *b, int bits)
{
	return memcmp(a, b, (size_t)bits / 8) == 0 && (bits % 8 == 0 ||
	    (a[bits / 8] ^ b[bits / 8]) >> (8 - bits % 8) == 0);
}

/* "192.0.2.0/24" or "2001:db8::/32". */
static bool
covers_address(const struct policy *p, const char *network, int family)
{
	unsigned char	net[16], address[16];
	char		text[64];
	size_t		len = strcspn(network, "/");
	int		max = family == AF_INET ? 32 : 128;
	long		bits = network[len] == '/' ?
			    (long)strtoimax(network + len + 1, NULL, 10) : max;

	if (len >= sizeof(text) || bits < 0 || bits > max)
		return false;
	memcpy(text, network, len);
	text[len] = '\0';
	if (inet_pton(family, text, net) != 1)
		return false;
	for (size_t i = 0; i < p->addresses->n; i++)
		if (inet_pton(family, p->addresses->attempt[i].address,
		    address) == 1 && is_same_network(net, address,
		    (int)bits))
			return true;
	return false;
}

/* Copies the record that begins with the version; false: none. */
static enum lookup_text_result
find_record(struct policy *p, const char *name, const char *version,
    char **record)
{
	struct lookup_text	 t;
	struct failure		 why;
	enum lookup_text_result	 result;
	size_t			 len = strlen(version);

	*record = NULL;
	p->lookups++;
	buffer_addf(&p->looked_at, "%s%s", p->looked_at.len > 0 ? ", " : "",
	    name);
	result = lookup_text(&t, name, NULL, &why);
	if (result != LOOKUP_TEXT_FOUND)
		return result;
	for (size_t i = 0; i < t.n && *record == NULL; i++)
		if (strncasecmp(t.text[i], version, len) == 0 &&
		    (t.text[i][len] == '\0' || t.text[i][len] == ' ' ||
		    t.text[i][len] == ';'))
			*record = memory_copy(t.text[i]);
	lookup_text_free(&t);
	return *record != NULL ? LOOKUP_TEXT_FOUND : LOOKUP_TEXT_NONE;
}

static void	follow(struct policy *, const char *domain, bool is_first);

/* One term of an SPF record (RFC 7208 section 5). */
static void
read_term(struct policy *p, const char *term, bool is_first)
{
	const char	*name = term + strspn(term, "+-~?");
	const char	*value = strpbrk(name, ":=");

	value = value != NULL ? value + 1 : "";
	if (strcasecmp(name, "all") == 0) {
		if (is_first)
			p->hard = term[0] == '-' || term[0] == '~';
		if (is_first)
			p->none = term[0] == '-' && !p->has_mechanism;
		p->covered |= term[0] != '-' && term[0] != '~' &&
		    term[0] != '?';
		return;
	}
	if (strncasecmp(name, "exp=", 4) == 0)
		return;
	p->has_mechanism = true;
	if (strncasecmp(name, "ip4:", 4) == 0)
		p->covered |= covers_address(p, value, AF_INET);
	else if (strncasecmp(name, "ip6:", 4) == 0)
		p->covered |= covers_address(p, value, AF_INET6);
	else if (strchr(value, '%') != NULL)
		p->unknown = true;
	else if (strncasecmp(name, "include:", 8) == 0 ||
	    strncasecmp(name, "redirect=", 9) == 0)
		follow(p, value, is_first && name[0] == 'r');
	else if (strcasecmp(name, "a") != 0 && strncasecmp(name, "a:", 2) != 0)
		p->unknown = true;	/* mx, ptr, exists */
}

/* Reads an SPF record, whose text is changed, and those that it includes. */
static void
read_record(struct policy *p, char *record, bool is_first)
{
	char	*term;

	while (!p->covered && (term = strsep(&record, " ")) != NULL)
		if (term[0] != '\0' && strcasecmp(term, "v=spf1") != 0)
			read_term(p, term, is_first);
}

static bool
is_of_provider(const struct policy *p, const char *domain)
{
	const char	*name = p->records;
	size_t		 len;

	while (name != NULL && (len = strcspn(name, " ")) > 0) {
		if (text_is_below(domain, name, len))
			return true;
		name += len + strspn(name + len, " ");
	}
	return false;
}

/* Reads the SPF record of a domain, and those that it includes. */
static void
follow(struct policy *p, const char *domain, bool is_first)
{
	char	*record;

	p->covered |= is_of_provider(p, domain);
	if (p->covered)
		return;
	if (p->lookups >= LOOKUPS_MAX || strlen(domain) >= DOMAIN_MAX ||
	    find_record(p, domain, "v=spf1", &record) != LOOKUP_TEXT_FOUND) {
		p->unknown = true;
		return;
	}
	read_record(p, record, is_first);
	free(record);
}

/* The policy of the domain or of the domain above it: "reject", or "". */
static void
find_dmarc(struct policy *p, const char *domain, char *to, size_t size)
{
	char	 name[DOMAIN_MAX + 16], *record = NULL;

	to[0] = '\0';
	while (record == NULL && strchr(domain, '.') != NULL &&
	    p->lookups < 2 * LOOKUPS_MAX) {
		snprintf(name, sizeof(name), "_dmarc.%s", domain);
		if (find_record(p, name, "v=DMARC1", &record) ==
		    LOOKUP_TEXT_FAILED)
			return;
		domain = strchr(domain, '.') + 1;
	}
	for (const char *at = record; at != NULL && to[0] == '\0';) {
		at += strspn(at, "; ");
		if (strncmp(at, "p=", 2) == 0)
			snprintf(to, size, "%.*s", (int)strcspn(at + 2, "; "),
			    at + 2);
		at = strchr(at, ';');
	}
	free(record);
}

static void
report(struct check *c, const struct check_target *t, const char *object,
    enum check_verdict verdict, const char *remedy, const char *text)
{
	check_report(c, &(struct check_finding){ .stage = CHECK_MAIL,
	    .verdict = verdict, .object = object, .remedy = remedy,
	    .origin = t->smarthost->origin }, "%s", text);
}

static void
report_policy(struct check *c, const struct check_target *t,
    const char *object, const char *domain, struct policy *p)
{
	struct buffer	text = { 0 }, remedy = { 0 };
	char		dmarc[32];
	int		first = p->records != NULL ?
			    (int)strcspn(p->records, " ") : 0;

	find_dmarc(p, domain, dmarc, sizeof(dmarc));
	buffer_addf(&text, "the SPF record of %s ", domain);
	if (p->none) {
		buffer_addf(&text, "says that this domain sends no mail");
		buffer_addf(&remedy, "add the smarthost to the TXT record of "
		    "%s, or set from to an address in another domain",
		    domain);
	} else {
		buffer_addf(&text, "covers neither %.*s nor %s", first,
		    p->records, p->smarthost);
		buffer_addf(&remedy, "add include:%.*s to the TXT record of "
		    "%s", first, p->records, domain);
	}
	if (strcasecmp(dmarc, "reject") == 0 ||
	    strcasecmp(dmarc, "quarantine") == 0)
		buffer_addf(&text, ", and its DMARC policy is %s", dmarc);
	buffer_addf(&text, ": \"%s\" (examined: %s)", p->shown,
	    p->looked_at.data);
	report(c, t, object, CHECK_WARNING, remedy.data, text.data);
	buffer_free(&text);
	buffer_free(&remedy);
}

void
sender_policy_check(struct check *c, const struct check_target *t,
    const struct sender_policy_server *server)
{
	const char			*at = t->sender != NULL ?
					    strrchr(t->sender, '@') : NULL;
	const struct smarthost_url	*smarthost = server->smarthost;
	const struct provider		*provider;
	struct policy			*p;
	struct buffer			 text = { 0 };
	char				*record;

	if (at == NULL || at[1] == '[' || smarthost->host == NULL ||
	    smarthost_is_local(smarthost) ||
	    !text_is_host_name(at + 1, strlen(at + 1)))
		return;
	p = memory_new(1, sizeof(*p));
	p->smarthost = smarthost->host;
	p->addresses = server->addresses;
	if (c->providers != NULL &&
	    (provider = provider_by_smarthost(c->providers,
	    p->smarthost)) != NULL)
		p->records = provider->value[PROVIDER_SPF];
	switch (find_record(p, at + 1, "v=spf1", &record)) {
	case LOOKUP_TEXT_FOUND:
		p->covered = is_of_provider(p, at + 1);
		strlcpy(p->shown, record, sizeof(p->shown));
		read_record(p, record, true);
		if (p->none || (p->records != NULL && p->hard && !p->covered &&
		    !p->unknown))
			report_policy(c, t, server->object, at + 1, p);
		break;
	case LOOKUP_TEXT_NO_NAME:
		buffer_addf(&text, "the domain of the sender, %s, does not "
		    "exist in the DNS: many servers refuse such senders",
		    at + 1);
		report(c, t, server->object, CHECK_WARNING, "set from or "
		    "domain to a domain that exists", text.data);
		break;
	case LOOKUP_TEXT_NONE:
	case LOOKUP_TEXT_FAILED:
		break;
	}
	free(record);
	buffer_free(&text);
	buffer_free(&p->looked_at);
	free(p);
}
