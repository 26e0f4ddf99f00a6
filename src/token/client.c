#include "token/client.h"

#include <string.h>
#include <sysexits.h>

#include "token/assertion.h"
#include "token/http.h"

bool
client_add(struct buffer *form, const struct store *s, struct failure *why)
{
	const struct assertion	a = {
		.client_id = s->value[STORE_CLIENT_ID],
		.audience = s->value[STORE_TOKEN_ENDPOINT],
		.key_file = s->value[STORE_PRIVATE_KEY],
		.certificate_file = s->value[STORE_CERTIFICATE],
	};
	struct buffer		text = { 0 };

	http_form_add(form, "client_id", a.client_id);
	if (a.key_file == NULL || a.certificate_file == NULL) {
		http_form_add(form, "client_secret",
		    s->value[STORE_CLIENT_SECRET]);
		return true;
	}
	if (!assertion_make(&text, &a, why))
		return failure_prefix(why, "%s: ", s->name);
	http_form_add(form, "client_assertion_type", ASSERTION_TYPE);
	http_form_add(form, "client_assertion", text.data);
	buffer_wipe(&text);
	return true;
}

bool
client_add_renewal(struct buffer *form, const struct store *s,
    struct failure *why)
{
	const char	*grant = s->value[STORE_GRANT];

	http_form_add(form, "grant_type", grant);
	if (strcmp(grant, "refresh_token") == 0) {
		if (s->value[STORE_REFRESH_TOKEN] == NULL)
			return failed(why, EX_CONFIG, "%s: the login has no "
			    "refresh token; run: relais login %s", s->name,
			    s->name);
		/* Without a scope: the one of the login (RFC 6749, 6). */
		http_form_add(form, "refresh_token",
		    s->value[STORE_REFRESH_TOKEN]);
	} else if (strcmp(grant, "client_credentials") == 0) {
		http_form_add(form, "scope", s->value[STORE_SCOPE]);
	} else {
		return failed(why, EX_CONFIG, "%s: unknown grant; run: relais "
		    "login %s", s->path, s->name);
	}
	return client_add(form, s, why);
}
