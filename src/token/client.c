#include "token/client.h"

#include <string.h>
#include <sysexits.h>

#include "token/http.h"

bool
client_add(struct buffer *form, const struct store *s, struct failure *why)
{
	(void)why;
	http_form_add(form, "client_id", s->value[STORE_CLIENT_ID]);
	http_form_add(form, "client_secret", s->value[STORE_CLIENT_SECRET]);
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
