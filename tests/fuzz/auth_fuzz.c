/*
 * auth_fuzz.c - replies of a server to AUTH
 *
 * The first line is the list of mechanisms in EHLO; each further line is a
 * decoded challenge.  A '~' in a challenge represents our nonce, which a server
 * must repeat.  All digests are zero, so that iterations are fast and the
 * fuzzer can guess a signature.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/auth.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char *
library(void)
{
	return "zeros";
}

static size_t
channel_binding(struct tls *tls, enum tls_binding type,
    unsigned char out[TLS_BINDING_MAX])
{
	(void)tls, (void)type;
	memset(out, 0, TLS_BINDING_MAX);
	return TLS_BINDING_MAX;
}

static size_t
zeros(enum tls_digest digest, unsigned char out[TLS_DIGEST_MAX])
{
	memset(out, 0, TLS_DIGEST_MAX);
	return digest == TLS_SHA256 ? 32 : 20;
}

static size_t
digest(enum tls_digest d, const void *data, size_t len,
    unsigned char out[TLS_DIGEST_MAX])
{
	(void)data, (void)len;
	return zeros(d, out);
}

static size_t
hmac(enum tls_digest d, const void *key, size_t key_len, const void *data,
    size_t len, unsigned char out[TLS_DIGEST_MAX])
{
	(void)key, (void)key_len, (void)data, (void)len;
	return zeros(d, out);
}

static size_t
pbkdf2(enum tls_digest d, const char *password, size_t len, const void *salt,
    size_t salt_len, unsigned iterations, unsigned char out[TLS_DIGEST_MAX])
{
	(void)password, (void)len, (void)salt;
	if (salt_len == 0 || iterations == 0 || iterations > 1000000)
		abort();
	return zeros(d, out);
}

static const struct tls_module module = {
	.library = library,
	.channel_binding = channel_binding,
	.digest = digest,
	.hmac = hmac,
	.pbkdf2 = pbkdf2,
};

/* Copies the line at *at, and moves *at after it. */
static char *
next_line(const uint8_t **at, size_t *left, size_t *len)
{
	const uint8_t	*end = *left > 0 ? memchr(*at, '\n', *left) : NULL;
	char		*line;

	*len = end != NULL ? (size_t)(end - *at) : *left;
	line = malloc(*len + 1);
	if (line == NULL)
		abort();
	if (*len > 0)
		memcpy(line, *at, *len);
	line[*len] = '\0';
	*at += *len + (end != NULL);
	*left -= *len + (end != NULL);
	return line;
}

static void
add_challenge(struct buffer *out, const char *line, size_t len,
    const char *nonce)
{
	for (size_t i = 0; i < len; i++) {
		if (line[i] == '~')
			buffer_add_text(out, nonce);
		else
			buffer_add_byte(out, line[i]);
	}
}

static bool
answer(struct auth *a, const char *line, size_t len, const char *nonce)
{
	struct buffer	challenge = { 0 }, response = { 0 };
	struct failure	why = { 0 };
	bool		ok;

	add_challenge(&challenge, line, len, nonce);
	ok = auth_step(a, challenge.data, challenge.len, &response, &why);
	if (!ok && (why.status == 0 || why.text[0] == '\0'))
		abort();
	for (const char *c = auth_detail(a); *c != '\0'; c++) {
		if ((unsigned char)*c < ' ')
			abort();
	}
	buffer_wipe(&challenge);
	buffer_wipe(&response);
	return ok;
}

static void
exchange(struct auth *a, const uint8_t *at, size_t left)
{
	struct buffer	initial = { 0 };
	struct failure	why;
	const char	*nonce;
	unsigned	steps = 0;
	size_t		len;
	bool		ok = true;

	auth_initial(a, SIZE_MAX, &initial);
	buffer_room(&initial, 0);
	nonce = strstr(initial.data, ",r=");
	nonce = nonce != NULL ? nonce + 3 : "";
	while (ok && left > 0) {
		char	*line = next_line(&at, &left, &len);

		ok = answer(a, line, len, nonce);
		free(line);
		if (++steps > 3)	/* no mechanism has more steps */
			abort();
	}
	if (auth_finish(a, &why) && auth_may_rebind(a))
		abort();
	buffer_wipe(&initial);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct auth_options	options = {
		.mechanisms = auth_mechanisms(),
		.user = "user",
		.password = "password",
		.token = "token",
		.in_clear = true,
	};
	struct failure		why;
	struct tls		*tls = (struct tls *)&options;
	size_t			len;
	char			*offered = next_line(&data, &size, &len);
	struct auth_offer	offer = { .mechanisms = offered,
				    .module = &module, .tls = tls };
	const char		*name;
	struct auth		*a;

	name = auth_choose(&options, &offer, &why);
	if (name != NULL) {
		a = auth_start(name, &options, &offer, &why);
		if (a == NULL)
			abort();
		exchange(a, data, size);
		auth_free(a);
		auth_choose_after(&options, &offer, name);
	}
	free(offered);
	return 0;
}
