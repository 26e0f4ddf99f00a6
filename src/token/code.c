#include "token/code.h"

#include <openssl/evp.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "token/base64url.h"
#include "token/client.h"
#include "token/remedy.h"
#include "util/buffer.h"
#include "util/clock.h"
#include "util/memory.h"

enum { WAIT_MS = 15 * 60 * 1000 };

#define REDIRECT	"http://127.0.0.1:{port}/"
#define PLACE_OF_PORT	"{port}"

static char *
random_text(void)
{
	struct buffer	text = { 0 };

	base64url_random(&text);
	return buffer_take(&text);
}

static char *
make_redirect_uri(const struct oauth_provider *p, unsigned port)
{
	const char	*form = p->value[OAUTH_REDIRECT] != NULL ?
			    p->value[OAUTH_REDIRECT] : REDIRECT;
	const char	*place = strstr(form, PLACE_OF_PORT);
	struct buffer	 uri = { 0 };

	buffer_addf(&uri, "%.*s%u%s", (int)(place - form), form, port,
	    place + strlen(PLACE_OF_PORT));
	return buffer_take(&uri);
}

/* The path of the redirect URI: "/" if it has none. */
static const char *
redirect_path(const struct code *c)
{
	const char	*path = strchr(c->redirect_uri + strlen("http://"),
			    '/');

	return path != NULL ? path : "/";
}

/* RFC 7636 section 4.2. */
static bool
add_challenge(struct buffer *query, const char *verifier)
{
	struct buffer	text = { 0 };
	unsigned char	digest[EVP_MAX_MD_SIZE];
	unsigned	len;

	if (EVP_Digest(verifier, strlen(verifier), digest, &len, EVP_sha256(),
	    NULL) != 1)
		return false;
	base64url_encode(&text, digest, len);
	http_form_add(query, "code_challenge", text.data);
	http_form_add(query, "code_challenge_method", "S256");
	buffer_free(&text);
	return true;
}

bool
code_begin(struct code *c, const struct store *s,
    const struct oauth_provider *p, const char *endpoint, struct failure *why)
{
	struct buffer	query = { 0 }, url = { 0 };
	const char	*more = p->value[OAUTH_PARAMETERS];

	*c = (struct code){ .terminal = -1, .listener.fd = { -1, -1 } };
	if (!loopback_open(&c->listener, why))
		return false;
	c->redirect_uri = make_redirect_uri(p, c->listener.port);
	c->state = random_text();
	c->verifier = random_text();
	http_form_add(&query, "response_type", "code");
	http_form_add(&query, "client_id", s->value[STORE_CLIENT_ID]);
	http_form_add(&query, "redirect_uri", c->redirect_uri);
	http_form_add(&query, "scope", s->value[STORE_SCOPE]);
	http_form_add(&query, "state", c->state);
	http_form_add(&query, "login_hint", s->value[STORE_ACCOUNT]);
	if (!add_challenge(&query, c->verifier)) {
		buffer_free(&query);
		return failed(why, EX_OSERR, "no SHA-256");
	}
	buffer_addf(&url, "%s%c%s%s%s", endpoint,
	    strchr(endpoint, '?') != NULL ? '&' : '?', query.data,
	    more != NULL ? "&" : "", more != NULL ? more : "");
	c->url = buffer_take(&url);
	buffer_free(&query);
	return true;
}

bool
code_wait(const struct code *c, const struct store *s,
    const struct http_options *o, struct exchange *e, struct failure *why)
{
	const struct loopback_login	 login = {
		.path = redirect_path(c), .state = c->state,
		.until = clock_ms() + WAIT_MS, .terminal = c->terminal,
		.remark = c->remark,
	};
	struct buffer			 code = { 0 }, form = { 0 };
	bool				 good = false;

	if (!loopback_receive(&c->listener, &login, &code, why)) {
		if (why->status == EX_NOPERM) {	/* a text of the server */
			remedy_add(why, why->text);
			failure_prefix(why, "the login was refused: ");
		}
		return false;
	}
	http_form_add(&form, "grant_type", "authorization_code");
	http_form_add(&form, "code", code.data);
	http_form_add(&form, "redirect_uri", c->redirect_uri);
	http_form_add(&form, "code_verifier", c->verifier);
	if (client_add(&form, s, why))
		good = exchange(e, o, s->value[STORE_TOKEN_ENDPOINT], &form,
		    why) == EXCHANGE_GRANTED;
	buffer_wipe(&form);
	buffer_wipe(&code);
	return good;
}

void
code_free(struct code *c)
{
	loopback_close(&c->listener);
	memory_wipe(&c->verifier);
	free(c->url);
	free(c->redirect_uri);
	free(c->state);
	*c = (struct code){ .listener.fd = { -1, -1 } };
}
