/*
 * auth_scram.c - the SCRAM mechanisms (RFC 5802, RFC 7677)
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "smtp/auth_mechanism.h"
#include "util/base64.h"
#include "util/buffer.h"

static const char *const binding_names[] = {
	[TLS_EXPORTER]		= "tls-exporter",
	[TLS_UNIQUE]		= "tls-unique",
	[TLS_SERVER_END_POINT]	= "tls-server-end-point",
};

/* The errors (RFC 5802 section 7) that are related to channel binding. */
static const struct binding_error {
	const char	*text;
	bool		 bound;		/* only if the client's message was */
	bool		 may_rebind;	/* another type may be accepted */
	enum auth_cause	 cause;
} binding_errors[] = {
	{ "channel-bindings-dont-match", true, true,
	    AUTH_CAUSE_OTHER_CHANNEL },
	{ "unsupported-channel-binding-type", true, true,
	    AUTH_CAUSE_NO_BINDING },
	{ "channel-binding-not-supported", true, false,
	    AUTH_CAUSE_NO_BINDING },
	{ "server-does-support-channel-binding", false, false,
	    AUTH_CAUSE_UNOFFERED },
};

size_t
auth_bind(const struct auth_offer *offer, enum tls_binding *type,
    unsigned char data[TLS_BINDING_MAX])
{
	const struct tls_module	*m = offer->module;
	size_t			 n;

	if (m == NULL || offer->tls == NULL)
		return 0;
	if (offer->end_point) {
		*type = TLS_SERVER_END_POINT;
		return m->channel_binding(offer->tls, *type, data);
	}
	*type = TLS_EXPORTER;
	n = m->channel_binding(offer->tls, *type, data);
	if (n == 0) {
		*type = TLS_UNIQUE;
		n = m->channel_binding(offer->tls, *type, data);
	}
	return n;
}

bool
auth_scram_start(struct auth *a, struct failure *why)
{
	struct scram_options	options = {
		.module = a->offer.module,
		.digest = a->mechanism->digest,
		.user = a->user,
		.password = a->password,
		.nonce = a->nonce,
		.binding_data = a->binding_data,
		.in_clear = a->offer.tls == NULL,
	};
	enum tls_binding	type;
	unsigned char		random[24];
	struct buffer		nonce = { 0 };

	if (a->mechanism->needs & AUTH_BINDING) {
		options.binding_len = auth_bind(&a->offer, &type,
		    a->binding_data);
		if (options.binding_len == 0)
			return failed(why, EX_UNAVAILABLE, "the TLS session "
			    "has no channel binding");
		options.binding = a->binding = binding_names[type];
	} else {
		options.unoffered = auth_misses_binding(a->options, &a->offer);
	}
	/* 32 characters of base64, which contains no comma. */
	arc4random_buf(random, sizeof(random));
	base64_encode(&nonce, random, sizeof(random));
	strlcpy(a->nonce, nonce.data, sizeof(a->nonce));
	buffer_free(&nonce);
	scram_start(&a->scram, &options, &a->first);
	return true;
}

bool
auth_scram_step(struct auth *a, const char *challenge, size_t len,
    struct buffer *response, struct failure *why)
{
	if (!scram_step(&a->scram, challenge, len, response, why))
		return false;
	strlcpy(a->detail, a->scram.error, sizeof(a->detail));
	return true;
}

void
auth_add_expected(const struct auth *a, struct buffer *out)
{
	if (a->scram.state != SCRAM_ANSWERED)
		return;
	buffer_add_text(out, "v=");
	base64_encode(out, a->scram.signature, a->scram.signature_len);
}

static const struct binding_error *
find_binding_error(const struct auth *a)
{
	for (size_t i = 0; i < sizeof(binding_errors) /
	    sizeof(*binding_errors); i++)
		if (strcmp(binding_errors[i].text, a->scram.error) == 0 &&
		    binding_errors[i].bound == (a->binding != NULL))
			return &binding_errors[i];
	return NULL;
}

bool
auth_may_rebind(const struct auth *a)
{
	const struct binding_error	*e = find_binding_error(a);
	struct auth_offer		 offer = a->offer;
	unsigned char			 data[TLS_BINDING_MAX];
	enum tls_binding		 type;

	if (e == NULL || !e->may_rebind || offer.end_point)
		return false;
	offer.end_point = true;
	return auth_bind(&offer, &type, data) > 0;
}

int
auth_cause(const struct auth *a)
{
	const struct binding_error	*e = find_binding_error(a);

	if (e != NULL)
		return (int)e->cause;
	/*
	 * Most servers do not say whether the password is wrong.  If they
	 * refuse before their first message, it is not the password: the flag
	 * 'y' may be the cause.
	 */
	if (a->scram.error[0] != '\0' &&
	    strcmp(a->scram.error, "other-error") != 0)
		return 0;
	return a->binding != NULL || (a->scram.options.unoffered &&
	    a->scram.state == SCRAM_STARTED) ? AUTH_CAUSE_BOUND : 0;
}
