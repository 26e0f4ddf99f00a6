#include "relay/endpoints.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "net/dns_query.h"

bool
endpoints_begin_with(struct endpoints *e, const struct setting *set,
    struct failure *why)
{
	endpoints_free(e);
	e->origin = set->origin;
	return smarthost_list_parse(&e->smarthosts, set->value, why) ||
	    failure_prefix(why, "%s: ", set->origin);
}

bool
endpoints_begin(struct endpoints *e, const struct config *config,
    const struct config_subject *subject, struct failure *why)
{
	const struct setting	*set = config_find(config, subject,
				    KEY_SMARTHOST);

	endpoints_free(e);
	e->lookup_ms = config_ms(config, subject, KEY_TIMEOUT);
	if (set == NULL)
		return failed(why, EX_CONFIG, "no smarthost is configured: run "
		    "\"relais setup\", or set smarthost in %s",
		    config->path != NULL ? config->path :
		    config_system_file());
	return endpoints_begin_with(e, set, why);
}

void
endpoints_begin_with_last(struct endpoints *e)
{
	e->next = e->next_target = e->targets.n = 0;
	e->repeat_last = true;
}

/* Fills in the targets of the smarthost's SRV or MX records. */
static bool
look_up_targets(struct endpoints *e, struct failure *why)
{
	static const char *const	services[] = {
		[SCHEME_SUBMISSIONS]	= "submissions",
		[SCHEME_SUBMISSION]	= "submission",
		[SCHEME_SMTP]		= "smtp",
		[SCHEME_LMTP]		= "lmtp",
	};
	const struct smarthost_url	*h = e->smarthost;
	struct lookup_targets	*targets = &e->targets;
	const struct dns_options	 limit = { .timeout_ms = e->lookup_ms };
	char			 name[LOOKUP_NAME + 32];

	targets->n = 0;
	targets->none = false;
	if (h->lookup == LOOKUP_SRV) {
		snprintf(name, sizeof(name), "_%s._tcp.%s",
		    services[h->scheme], h->host);
		return lookup(targets, LOOKUP_TYPE_SRV, name, &limit, why);
	}
	if (lookup(targets, LOOKUP_TYPE_MX, h->host, &limit, why))
		return true;
	if (why->status != EX_NOHOST || targets->none)
		return false;
	/* A domain without MX records is its own MX (RFC 5321 section 5.1). */
	targets->n = 1;
	targets->target[0] = (struct lookup_target){ .port = 0 };
	strlcpy(targets->target[0].host, h->host,
	    sizeof(targets->target[0].host));
	return true;
}

enum endpoints_result
endpoints_next(struct endpoints *e, struct failure *why)
{
	const struct smarthost_url		*h = e->smarthost;
	const struct lookup_target	*t;

	if (e->repeat_last) {
		e->repeat_last = false;
		return ENDPOINTS_FOUND;
	}
	if (e->next_target == e->targets.n) {
		e->next_target = e->targets.n = 0;
		if (e->next == e->smarthosts.n)
			return ENDPOINTS_END;
		h = e->smarthost = &e->smarthosts.host[e->next++];
		if (h->lookup == LOOKUP_ADDRESS) {
			e->at = (struct endpoint){ .host = h->host,
			    .path = h->path, .port = h->port };
			return ENDPOINTS_FOUND;
		}
		if (!look_up_targets(e, why)) {
			failure_suffix(why, " (%s)", e->origin);
			e->targets.n = 0;
			return ENDPOINTS_LOOKUP_FAILED;
		}
	}
	t = &e->targets.target[e->next_target++];
	e->at = (struct endpoint){ .host = t->host,
	    .port = t->port != 0 && !h->port_given ? t->port : h->port };
	return ENDPOINTS_FOUND;
}

void
endpoints_free(struct endpoints *e)
{
	smarthost_list_free(&e->smarthosts);
	e->smarthost = NULL;
	e->next = e->next_target = e->targets.n = 0;
	e->repeat_last = false;
}
