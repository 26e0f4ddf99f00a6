#include "support/mechanisms.h"

#include <stdio.h>
#include <string.h>

#include <openssl/ssl.h>

#include "support/binding.h"
#include "support/digests.h"
#include "util/base64.h"
#include "util/buffer.h"

#define WELCOME	"235 2.7.0 welcome"
#define REFUSED	"535 5.7.8 credentials invalid"
#define SALT	"pepper"

/* The contents of .state. */
struct progress {
	unsigned	n;		/* the client's messages so far */
	char		binding[128];	/* the header of the first one */
	char		said[3000];	/* what both sides sign */
	bool		refused;	/* an error was sent */
};

static void
say(struct auth_exchange *x, const char *text)
{
	strlcpy(x->reply, text, sizeof(x->reply));
}

static void
challenge(struct auth_exchange *x, const char *text)
{
	struct buffer	coded = { 0 };

	base64_encode(&coded, text, strlen(text));
	snprintf(x->reply, sizeof(x->reply), "334 %s", coded.len > 0 ?
	    coded.data : "");
	buffer_free(&coded);
}

/* ------------------------------------------------------------------ SCRAM */

static enum tls_digest
digest_of(const struct auth_exchange *x)
{
	return strncmp(x->mechanism, "SCRAM-SHA-1", 11) == 0 ? TLS_SHA1 :
	    TLS_SHA256;
}

static void
refuse(struct auth_exchange *x, const struct mechanisms *m,
    struct progress *p, const char *error)
{
	p->refused = true;
	if (m->silent)
		say(x, REFUSED);
	else
		challenge(x, error);
}

/* "p=TYPE,,n=user": copies the type, or "y" or "n". */
static bool
read_header(const char *text, char type[32])
{
	const char	*end = strstr(text, ",,n=");

	if (end == NULL || end - text >= 32)
		return false;
	if (strncmp(text, "p=", 2) == 0)
		text += 2;
	else if (end - text != 1 || (text[0] != 'y' && text[0] != 'n'))
		return false;
	snprintf(type, 32, "%.*s", (int)(end - text), text);
	return true;
}

static void
first(struct auth_exchange *x, const struct mechanisms *m,
    struct progress *p, const char *text)
{
	const char	*bare = strstr(text, ",,");
	const char	*nonce = strstr(text, ",r=");
	char		 server[1000], type[32] = "";
	bool		 plus = strstr(x->mechanism, "-PLUS") != NULL;

	if (nonce == NULL || !read_header(text, type) ||
	    plus != (text[0] == 'p')) {
		say(x, "501 5.5.2 no SCRAM");
		return;
	}
	if (plus && m->binding != NULL && strcmp(type, m->binding) != 0) {
		refuse(x, m, p, "e=unsupported-channel-binding-type");
		return;
	}
	if (m->stripped && text[0] == 'y') {
		refuse(x, m, p, "e=server-does-support-channel-binding");
		return;
	}
	strlcpy(x->user, bare + 4, sizeof(x->user));
	x->user[strcspn(x->user, ",")] = '\0';
	snprintf(p->binding, sizeof(p->binding), "%.*s",
	    (int)(bare + 2 - text), text);
	snprintf(server, sizeof(server), "%s+server,s=cGVwcGVy,i=%u",
	    nonce + 1, m->iterations > 0 ? m->iterations : 4096);
	snprintf(p->said, sizeof(p->said), "%s,%s", bare + 2, server);
	challenge(x, server);
}

/* "c=" must repeat the header, followed by the channel binding. */
static bool
is_bound(const struct auth_exchange *x, const struct mechanisms *m,
    const struct progress *p, const char *text)
{
	struct buffer	want = { 0 }, line = { 0 };
	unsigned char	data[BINDING_MAX];
	char		type[32] = "";
	bool		good;

	buffer_add_text(&want, p->binding);
	if (p->binding[0] == 'p') {
		snprintf(type, sizeof(type), "%.*s",
		    (int)strcspn(p->binding + 2, ","), p->binding + 2);
		buffer_add(&want, data, binding_of(x->tls, type, data));
	}
	if (m->attacked || (m->intercepted &&
	    strcmp(type, "tls-server-end-point") != 0))
		buffer_add_text(&want, "of another session");
	buffer_add_text(&line, "c=");
	base64_encode(&line, want.data, want.len);
	buffer_add_text(&line, ",r=");
	good = strncmp(text, line.data, line.len) == 0;
	buffer_free(&want);
	buffer_free(&line);
	return good;
}

struct keys {
	enum tls_digest	digest;
	size_t		size;
	unsigned char	salted[TLS_DIGEST_MAX];
};

static void
sign(const struct keys *k, const char *name, const char *said, bool stored,
    unsigned char key[TLS_DIGEST_MAX], unsigned char out[TLS_DIGEST_MAX])
{
	unsigned char	by[TLS_DIGEST_MAX];

	digests.hmac(k->digest, k->salted, k->size, name, strlen(name), key);
	memcpy(by, key, sizeof(by));
	if (stored)
		digests.digest(k->digest, key, k->size, by);
	digests.hmac(k->digest, by, k->size, said, strlen(said), out);
}

static bool
is_proof(const struct keys *k, const char *said, const char *base64)
{
	struct buffer	proof = { 0 };
	unsigned char	key[TLS_DIGEST_MAX], sum[TLS_DIGEST_MAX];
	bool		good;

	sign(k, "Client Key", said, true, key, sum);
	good = base64_decode(&proof, base64, strlen(base64)) &&
	    proof.len == k->size;
	for (size_t i = 0; good && i < k->size; i++)
		good = ((unsigned char)proof.data[i] ^ sum[i]) == key[i];
	buffer_free(&proof);
	return good;
}

static void
final(struct auth_exchange *x, const struct mechanisms *m,
    struct progress *p, const char *text)
{
	struct keys	k = { .digest = digest_of(x) };
	const char	*proof = strstr(text, ",p=");
	unsigned char	key[TLS_DIGEST_MAX], sum[TLS_DIGEST_MAX];
	struct buffer	line = { 0 };

	if (proof == NULL || !is_bound(x, m, p, text)) {
		refuse(x, m, p, "e=channel-bindings-dont-match");
		return;
	}
	snprintf(p->said + strlen(p->said), sizeof(p->said) -
	    strlen(p->said), ",%.*s", (int)(proof - text), text);
	k.size = digests.pbkdf2(k.digest, m->password, strlen(m->password),
	    SALT, strlen(SALT), m->iterations > 0 ? m->iterations : 4096,
	    k.salted);
	sign(&k, "Server Key", p->said, false, key, sum);
	sum[0] ^= m->forged;
	buffer_add_text(&line, "v=");
	base64_encode(&line, sum, k.size);
	if (!is_proof(&k, p->said, proof + 3))
		say(x, REFUSED);
	else if (m->unproved)
		say(x, WELCOME);
	else
		challenge(x, line.data);
	buffer_free(&line);
}

static void
scram(struct auth_exchange *x, const struct mechanisms *m,
    struct progress *p, const char *text)
{
	if (p->refused)
		say(x, REFUSED);
	else if (p->n == 1)
		first(x, m, p, text);
	else if (p->n == 2)
		final(x, m, p, text);
	else
		say(x, text[0] == '\0' ? WELCOME : "501 5.5.2 too much");
}

/* ----------------------------------------------------------------- others */

static void
cram(struct auth_exchange *x, const struct mechanisms *m, const char *text)
{
	static const char	ticket[] = "<1.2@mail.example>";
	unsigned char		mac[TLS_DIGEST_MAX];
	struct buffer		want = { 0 };
	size_t			n = digests.hmac(TLS_MD5, m->password,
				    strlen(m->password), ticket,
				    strlen(ticket), mac);

	if (x->round == 0) {
		challenge(x, ticket);
		return;
	}
	buffer_addf(&want, "%s ", m->user);
	for (size_t i = 0; i < n; i++)
		buffer_addf(&want, "%02x", mac[i]);
	say(x, strcmp(text, want.data) == 0 ? WELCOME : REFUSED);
	buffer_free(&want);
}

/* Refused in two steps: JSON, then the negative reply. */
static void
bearer(struct auth_exchange *x, const struct mechanisms *m,
    struct progress *p, const char *text)
{
	bool		old = strcmp(x->mechanism, "XOAUTH2") == 0;
	struct buffer	end = { 0 }, start = { 0 };
	size_t		len = strlen(text);

	buffer_addf(&end, "\1auth=Bearer %s\1\1", m->token);
	buffer_addf(&start, old ? "user=%s\1" : "n,a=%s,\1", m->user);
	if (p->n > 1)
		say(x, strcmp(text, old ? "" : "\1") == 0 ? REFUSED :
		    "501 5.5.2 what?");
	else if (len >= end.len && strcmp(text + len - end.len, end.data) ==
	    0 && strncmp(text, start.data, start.len) == 0)
		say(x, WELCOME);
	else
		challenge(x, m->error != NULL ? m->error :
		    "{\"status\":\"invalid_token\"}");
	buffer_free(&end);
	buffer_free(&start);
}

static void
external(struct auth_exchange *x, const struct mechanisms *m,
    const char *text)
{
	bool	shown = x->tls != NULL &&
		    SSL_get0_peer_certificate(x->tls) != NULL;

	say(x, shown && (text[0] == '\0' || strcmp(text, m->user) == 0) ?
	    WELCOME : REFUSED);
}

static void
take(struct auth_exchange *x, const struct mechanisms *m,
    struct progress *p, const char *text)
{
	if (strncmp(x->mechanism, "SCRAM-", 6) == 0)
		scram(x, m, p, text);
	else if (strcmp(x->mechanism, "CRAM-MD5") == 0)
		cram(x, m, text);
	else if (strcmp(x->mechanism, "EXTERNAL") == 0)
		external(x, m, text);
	else if (strstr("OAUTHBEARER XOAUTH2", x->mechanism) != NULL)
		bearer(x, m, p, text);
	else
		say(x, "504 5.5.4 no such mechanism");
}

void
mechanisms_auth(struct auth_exchange *x, const char *line)
{
	struct progress	*p = (struct progress *)(void *)x->state;
	struct buffer	 text = { 0 };

	if (line == NULL && strcmp(x->mechanism, "CRAM-MD5") != 0) {
		say(x, "334 ");
		return;
	}
	p->n++;
	if (line == NULL || strcmp(line, "=") == 0)
		line = "";
	if (base64_decode(&text, line, strlen(line)))
		take(x, x->ctx, p, text.data != NULL ? text.data : "");
	else
		say(x, "501 5.5.2 no base64");
	buffer_free(&text);
}
