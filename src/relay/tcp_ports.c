#include "relay/tcp_ports.h"

#include "config/smarthost.h"

static void
allow(struct sandbox *s, uint16_t port)
{
	for (size_t i = 0; i < s->n_ports; i++)
		if (s->port[i] == port)
			return;
	if (s->n_ports < SANDBOX_PORTS)
		s->port[s->n_ports++] = port;
	else
		s->any_port = true;
}

static void
allow_smarthosts(struct sandbox *s, const char *value)
{
	struct smarthost_list	list = { .n = 0 };
	struct failure		ignored;

	/* relais never connects to a smarthost with an invalid URL. */
	smarthost_list_parse(&list, value, &ignored);
	for (size_t i = 0; i < list.n; i++) {
		const struct smarthost_url	*url = &list.host[i];

		if (url->lookup == LOOKUP_SRV)
			s->any_port = true;
		else if (smarthost_is_server(url) && url->host != NULL)
			allow(s, url->port);
	}
	smarthost_list_free(&list);
}

static void
allow_proxy(struct sandbox *s, const char *value)
{
	struct proxy_url	url;
	struct failure		ignored;

	if (!proxy_parse(&url, value, &ignored))
		return;
	allow(s, url.port);
	proxy_free(&url);
}

void
tcp_ports_allow(struct sandbox *s, const struct config *config)
{
	for (const struct section *c = config->first; c != NULL; c = c->next) {
		const struct setting	*smarthost =
					    c->setting[KEY_SMARTHOST];
		const struct setting	*proxy = c->setting[KEY_PROXY];

		if (smarthost != NULL)
			allow_smarthosts(s, smarthost->value);
		if (config_is_on(proxy))
			allow_proxy(s, proxy->value);
	}
}
