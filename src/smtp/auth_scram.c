/*
 * auth_scram.c - the SCRAM mechanisms (RFC 5802, RFC 7677)
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "smtp/auth_mechanism.h"
#include "util/base64.h"
#include "util/buffer.h"

bool
auth_scram_start(struct auth *a, struct failure *why)
{
	bool			bind = a->mechanism->needs & AUTH_BINDING;
	struct scram_options	options = {
		.module = a->module,
		.digest = a->mechanism->digest,
		.user = a->user,
		.password = a->password,
		.nonce = a->nonce,
		.binding = bind ? a->binding : NULL,
	};
	unsigned char		random[24];
	struct buffer		nonce = { 0 };

	if (bind && (a->tls == NULL ||
	    !a->module->channel_binding(a->tls, a->binding)))
		return failed(why, EX_UNAVAILABLE,
		    "channel binding requires TLS 1.3");
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
	return scram_step(&a->scram, challenge, len, response, why);
}
