/*
 * table_fuzz.c - the tables of mail providers and of authorization servers
 *
 * The first octet selects the form.  Each provider has what relais setup and
 * relais login need, and can be found.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/must.h"
#include "setup/oauth_provider.h"
#include "setup/provider.h"
#include "util/memory.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must_be_visible(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		must((unsigned char)*text >= ' ' && *text != 127);
}

static void
fuzz_providers(const char *text, size_t len)
{
	struct provider_table	t;
	struct failure		why = { .status = 0 };

	if (!provider_table_parse(&t, "providers", text, len, &why)) {
		must(why.status != 0 && t.n == 0);
		return;
	}
	for (size_t i = 0; i < t.n; i++) {
		const struct provider	*p = &t.provider[i];

		must(p->host != NULL && p->value[PROVIDER_NAME] != NULL &&
		    p->value[PROVIDER_SMARTHOST] != NULL);
		must(provider_by_id(&t, p->id) == p);
		must(provider_by_smarthost(&t, p->host) != NULL);
		must(provider_login_text(p->login) != NULL);
		must(p->user != PROVIDER_USER_FIXED || p->fixed_user != NULL);
		for (size_t k = 0; k < PROVIDER_KEYS; k++)
			must_be_visible(p->value[k]);
	}
	provider_table_free(&t);
}

/* A secret is sent only to an https URL. */
static void
fuzz_authorization(const char *data, size_t len)
{
	static const enum oauth_key	urls[] = { OAUTH_TOKEN, OAUTH_DEVICE,
					    OAUTH_AUTHORIZE };
	char			*text = memory_copy_n(data, len);
	struct oauth_provider	 p;
	struct failure		 why = { .status = 0 };

	if (oauth_provider_parse(&p, "x", text, &why)) {
		must(p.id != NULL && p.value[OAUTH_TOKEN] != NULL);
		for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
			struct buffer	url = { 0 };

			if (p.value[urls[i]] != NULL && oauth_provider_url(
			    &url, &p, urls[i], "tenant", &why))
				must(strncmp(url.data, "https://", 8) == 0);
			must_be_visible(url.data);
			buffer_free(&url);
		}
		oauth_provider_free(&p);
	} else {
		must(why.status != 0);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (data[0] % 2 == 0)
		fuzz_providers((const char *)data + 1, len - 1);
	else
		fuzz_authorization((const char *)data + 1, len - 1);
	return 0;
}
