#include "relay/tls_policy.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "net/connect.h"
#include "net/tls.h"
#include "relay/dial.h"
#include "util/memory.h"

static const struct setting *
find(const struct connection *c, enum config_key key)
{
	return config_find(c->config, &c->subject, key);
}

static bool
is_set_to(const struct connection *c, enum config_key key, const char *value)
{
	const char	*text = connection_text(c, key);

	return text != NULL && strcmp(text, value) == 0;
}

/*
 * A pin overrides tls = off: without TLS, the server does not send its key.  If
 * the configuration does not set tls, mail to a server on this machine is sent
 * in clear text, except with submission:// or a client certificate, which
 * requires TLS.
 */
static enum session_tls_policy
policy_of(const struct connection *c, const struct setting **by)
{
	*by = find(c, KEY_SMARTHOST);
	if (c->smarthost->scheme == SCHEME_SUBMISSIONS)
		return SESSION_TLS_IMPLICIT;
	*by = find(c, KEY_TLS_PIN);
	if (*by != NULL)
		return SESSION_TLS_REQUIRED;
	*by = find(c, KEY_TLS);
	if (is_set_to(c, KEY_TLS, "off"))
		return SESSION_TLS_OFF;
	if (*by == NULL && find(c, KEY_TLS_CERTIFICATE) == NULL &&
	    c->smarthost->scheme != SCHEME_SUBMISSION &&
	    smarthost_is_local(c->smarthost) &&
	    dial_choose(c).way == DIAL_DIRECT)
		return SESSION_TLS_OFF;
	if (is_set_to(c, KEY_TLS, "opportunistic"))
		return SESSION_TLS_OPPORTUNISTIC;
	return SESSION_TLS_REQUIRED;
}

bool
tls_policy_decide(struct tls_decision *d, const struct connection *c,
    struct failure *why)
{
	*d = (struct tls_decision){
		.auth_off = is_set_to(c, KEY_AUTH, "off"),
		.auth = find(c, KEY_AUTH),
		.certificate = find(c, KEY_TLS_CERTIFICATE),
	};
	d->policy = policy_of(c, &d->by);
	if (c->smarthost->scheme == SCHEME_SUBMISSIONS &&
	    is_set_to(c, KEY_TLS, "off"))
		return failed(why, EX_CONFIG, "%s: tls = off contradicts "
		    "submissions:// (%s), which means implicit TLS; use "
		    "smtp:// to send in clear text", find(c, KEY_TLS)->origin,
		    d->by->origin);
	if (!d->auth_off)
		credentials_choose(&d->credentials, c->config, &c->subject,
		    c->smarthost->user);
	return true;
}

bool
tls_policy_choose(struct connection *c, struct failure *why)
{
	const char		*list = connection_text(c, KEY_AUTH);
	struct tls_decision	 d;
	bool			 is_explicit;

	if (!tls_policy_decide(&d, c, why))
		return false;
	c->options.tls_policy = d.policy;
	if (d.auth_off || c->no_login)
		return true;
	if (!credentials_read(&c->credentials, c->config, &c->subject,
	    c->smarthost->user, c->commands, why))
		return false;
	c->is_exposed |= c->credentials.is_exposed;
	if (list != NULL && strcmp(list, "auto") == 0)
		list = NULL;
	is_explicit = d.policy == SESSION_TLS_OFF && find(c, KEY_TLS) != NULL &&
	    d.auth != NULL;
	c->auth = (struct auth_options){
		.mechanisms = list,
		.user = c->credentials.user,
		.password = c->credentials.password,
		.token = c->credentials.token,
		.certificate = d.certificate != NULL,
		.in_clear = is_explicit,
		.host = c->smarthost->host,
		.port = c->smarthost->port,
	};
	if (c->auth.password != NULL || c->auth.token != NULL ||
	    c->auth.certificate)
		c->options.auth = &c->auth;
	return true;
}

/* The pins as a list.  The caller frees the list, not the strings. */
static const char **
pins_of(const struct connection *c)
{
	const struct setting	 *first = config_find(c->config, &c->subject,
				    KEY_TLS_PIN);
	const char		**pins;
	size_t			  n = 0;

	for (const struct setting *s = first; s != NULL; s = s->next)
		n++;
	pins = memory_new(n + 1, sizeof(*pins));
	n = 0;
	for (const struct setting *s = first; s != NULL; s = s->next)
		pins[n++] = s->value;
	return pins;
}

bool
tls_policy_start(struct connection *c, struct failure *why)
{
	struct session_options	 *o = &c->options;
	struct tls_options	  tls = {
		.name = connection_text(c, KEY_TLS_NAME),
		.ca = connection_text(c, KEY_TLS_CA),
		.certificate = connection_text(c, KEY_TLS_CERTIFICATE),
		.key = connection_text(c, KEY_TLS_KEY),
		.groups = connection_text(c, KEY_TLS_GROUPS),
		.only_1_3 = is_set_to(c, KEY_TLS_MIN, "1.3"),
		.verify = o->tls_policy != SESSION_TLS_OPPORTUNISTIC,
	};
	const char		**pins;

	/* Without TLS, only the digests of AUTH require the module. */
	if (o->tls_policy == SESSION_TLS_OFF && o->auth == NULL)
		return true;
	o->tls_module = tls_load(why);
	if (o->tls_module == NULL)
		return false;
	if (o->tls_policy == SESSION_TLS_OFF)
		return true;
	/* Never a name from DNS: an attacker can forge DNS replies. */
	if (tls.name == NULL)
		tls.name = c->smarthost->host != NULL ? c->smarthost->host :
		    "localhost";
	tls.pins = pins = pins_of(c);
	o->tls = o->tls_module->start(&tls, why);
	free(pins);
	return o->tls != NULL;
}

bool
tls_policy_check_groups(const struct config *config, const struct setting **set,
    struct failure *why)
{
	const struct tls_module	*module = NULL;

	*set = NULL;
	for (const struct section *s = config->first; s != NULL; s = s->next) {
		struct tls_options	 options = { .name = "localhost" };
		struct tls		*tls;

		if (s->setting[KEY_TLS_GROUPS] == NULL)
			continue;
		if (module == NULL && (module = tls_load(why)) == NULL)
			return false;
		options.groups = s->setting[KEY_TLS_GROUPS]->value;
		if ((tls = module->start(&options, why)) == NULL) {
			*set = s->setting[KEY_TLS_GROUPS];
			return false;
		}
		module->close(tls);
	}
	return true;
}

bool
tls_policy_enforce(struct connection *c, int fd, struct failure *why)
{
	if (c->options.tls_policy != SESSION_TLS_OFF ||
	    is_set_to(c, KEY_TLS, "off") || connect_is_local(fd))
		return true;
	c->options.tls_policy = SESSION_TLS_REQUIRED;
	return tls_policy_start(c, why);
}
