#include <stdlib.h>
#include <sysexits.h>

#include "smtp/auth_mechanism.h"
#include "util/base64.h"
#include "util/buffer.h"

/* 24 random octets: 32 characters of base64, and none of them a comma. */
static void
make_nonce(char nonce[33])
{
	unsigned char	random[24];
	struct buffer	text = { 0 };

	arc4random_buf(random, sizeof(random));
	base64_encode(&text, random, sizeof(random));
	for (size_t i = 0; i <= text.len; i++)
		nonce[i] = text.data[i];
	buffer_free(&text);
}

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

	if (bind && (a->tls == NULL ||
	    !a->module->channel_binding(a->tls, a->binding)))
		return failed(why, EX_UNAVAILABLE, "channel binding requires TLS 1.3");
	make_nonce(a->nonce);
	scram_start(&a->scram, &options, &a->first);
	return true;
}

bool
auth_scram_step(struct auth *a, const char *challenge, size_t len,
    struct buffer *response, struct failure *why)
{
	return scram_step(&a->scram, challenge, len, response, why);
}
