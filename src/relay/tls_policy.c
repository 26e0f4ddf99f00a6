#include "relay/tls_policy.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "net/connect.h"
#include "net/tls.h"
#include "util/memory.h"

static const char *
text_of(const struct relay *r, enum config_key key)
{
	return config_text(r->config, &r->subject, key);
}

static const char *
origin_of(const struct relay *r, enum config_key key)
{
	const struct setting	*set = config_find(r->config, &r->subject, key);

	return set != NULL ? set->origin : NULL;
}

static bool
is_set_to(const struct relay *r, enum config_key key, const char *value)
{
	const char	*text = text_of(r, key);

	return text != NULL && strcmp(text, value) == 0;
}

/*
 * A server on this machine may be spoken to in clear if nothing is said about
 * TLS; a certificate of ours is something to show by TLS.
 */
static bool
is_exempt(const struct relay *r)
{
	return text_of(r, KEY_TLS) == NULL &&
	    text_of(r, KEY_TLS_CERTIFICATE) == NULL &&
	    r->host->scheme != SCHEME_SUBMISSION &&
	    smarthost_is_local(r->host);
}

/* A pin comes first: without TLS there is no key that could be the right one. */
static enum tls_policy
policy_of(const struct relay *r)
{
	if (r->host->scheme == SCHEME_SUBMISSIONS)
		return TLS_IMPLICIT;
	if (text_of(r, KEY_TLS_PIN) != NULL)
		return TLS_REQUIRED;
	if (is_set_to(r, KEY_TLS, "off") || is_exempt(r))
		return TLS_OFF;
	if (is_set_to(r, KEY_TLS, "opportunistic"))
		return TLS_OPPORTUNISTIC;
	return TLS_REQUIRED;
}

static void
choose_auth(struct relay *r)
{
	const struct credentials	*c = &r->credentials;
	const char			*list = text_of(r, KEY_AUTH);
	bool				 spelt_out;

	if (list != NULL && strcmp(list, "auto") == 0)
		list = NULL;
	spelt_out = r->options.tls_policy == TLS_OFF &&
	    origin_of(r, KEY_TLS) != NULL && origin_of(r, KEY_AUTH) != NULL;
	r->auth = (struct auth_options){
		.mechanisms = list,
		.user = c->user,
		.password = c->password,
		.token = c->token,
		.certificate = text_of(r, KEY_TLS_CERTIFICATE) != NULL,
		.in_clear = spelt_out,
		.host = r->host->host,
		.port = r->host->port,
	};
	if (c->password != NULL || c->token != NULL || r->auth.certificate)
		r->options.auth = &r->auth;
}

bool
security_choose(struct relay *r, struct failure *why)
{
	r->options.tls_policy = policy_of(r);
	if (r->host->scheme == SCHEME_SUBMISSIONS &&
	    is_set_to(r, KEY_TLS, "off"))
		return failed(why, EX_CONFIG, "%s: tls = off contradicts "
		    "submissions:// (%s), which means TLS at once; in clear, a "
		    "server is to be had by smtp://", origin_of(r, KEY_TLS),
		    origin_of(r, KEY_SMARTHOST));
	if (is_set_to(r, KEY_AUTH, "off"))
		return true;
	if (!credentials_read(&r->credentials, r->config, &r->subject,
	    r->host->user, &r->commands, why))
		return false;
	choose_auth(r);
	return true;
}

/* A list for the module, to be freed; the pins themselves are borrowed. */
static const char **
pins_of(const struct relay *r)
{
	const struct setting	 *first = config_find(r->config, &r->subject,
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

static struct tls *
start_tls(struct relay *r, struct failure *why)
{
	const char		**pins = pins_of(r);
	struct tls_options	  tls = {
		.name = text_of(r, KEY_TLS_NAME),
		.ca = text_of(r, KEY_TLS_CA),
		.ca_origin = origin_of(r, KEY_TLS_CA),
		.pins = pins,
		.pins_origin = origin_of(r, KEY_TLS_PIN),
		.certificate = text_of(r, KEY_TLS_CERTIFICATE),
		.key = text_of(r, KEY_TLS_KEY),
		.verify = r->options.tls_policy != TLS_OPPORTUNISTIC,
	};
	struct tls		 *started;

	/* Never a name that DNS gave, which anybody may have forged. */
	if (tls.name == NULL)
		tls.name = r->host->host != NULL ? r->host->host : "localhost";
	started = r->options.tls_module->start(&tls, why);
	free(pins);
	return started;
}

bool
security_start(struct relay *r, struct failure *why)
{
	struct session_options	*o = &r->options;

	/* Without TLS it is wanted for the digests of AUTH alone. */
	if (o->tls_policy == TLS_OFF && o->auth == NULL)
		return true;
	o->tls_module = tls_load(why);
	if (o->tls_module == NULL)
		return false;
	if (o->tls_policy == TLS_OFF)
		return true;
	o->tls = start_tls(r, why);
	return o->tls != NULL;
}

bool
security_settle(struct relay *r, int fd, struct failure *why)
{
	if (r->options.tls_policy != TLS_OFF || is_set_to(r, KEY_TLS, "off") ||
	    connect_is_local(fd))
		return true;
	r->options.tls_policy = TLS_REQUIRED;
	return security_start(r, why);
}
