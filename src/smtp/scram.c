#include "smtp/scram.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "util/base64.h"
#include "util/visible.h"

/* A part of the server's message. */
struct piece {
	const char	*at;
	size_t		 len;
};

struct challenge {
	struct piece	nonce;
	struct buffer	salt;
	unsigned	iterations;
};

static bool
timing_safe_equal(const unsigned char *a, const unsigned char *b, size_t n)
{
	unsigned char	difference = 0;

	for (size_t i = 0; i < n; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}

/* Removes "NAME=value" and the comma after it from the front of *rest. */
static bool
take_attribute(struct piece *rest, char name, struct piece *value)
{
	const char	*comma;
	size_t		 len;

	if (rest->len < 2 || rest->at[0] != name || rest->at[1] != '=')
		return false;
	comma = memchr(rest->at, ',', rest->len);
	len = comma != NULL ? (size_t)(comma - rest->at) : rest->len;
	*value = (struct piece){ rest->at + 2, len - 2 };
	if (comma != NULL)
		len++;
	rest->at += len;
	rest->len -= len;
	return true;
}

void
scram_add_name(struct buffer *out, const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name == '=')
			buffer_add_text(out, "=3D");
		else if (*name == ',')
			buffer_add_text(out, "=2C");
		else
			buffer_add_byte(out, *name);
	}
}

/*
 * gs2-header.  With the flag 'y', a server that does support channel binding
 * refuses the client: the -PLUS mechanisms were removed from its offer.
 */
static void
add_header(const struct scram_options *options, struct buffer *out)
{
	if (options->binding != NULL)
		buffer_addf(out, "p=%s,,", options->binding);
	else
		buffer_add_text(out, options->unoffered ? "y,," : "n,,");
}

void
scram_start(struct scram *s, const struct scram_options *options,
    struct buffer *first)
{
	*s = (struct scram){ .options = *options, .state = SCRAM_STARTED };
	buffer_add_text(&s->transcript, "n=");
	scram_add_name(&s->transcript, options->user);
	buffer_add_text(&s->transcript, ",r=");
	buffer_add_text(&s->transcript, options->nonce);
	add_header(options, first);
	buffer_add(first, s->transcript.data, s->transcript.len);
}

static bool
read_iterations(const struct scram *s, const struct piece *digits,
    unsigned *iterations, struct failure *why)
{
	unsigned	n = 0;
	size_t		i;

	for (i = 0; i < digits->len && n <= SCRAM_ITERATIONS_MAX; i++) {
		if (digits->at[i] < '0' || digits->at[i] > '9')
			break;
		n = n * 10 + (unsigned)(digits->at[i] - '0');
	}
	if (n > SCRAM_ITERATIONS_MAX)
		return failed(why, EX_PROTOCOL, "the server requires more "
		    "than %d iterations", SCRAM_ITERATIONS_MAX);
	if (i < digits->len || n == 0)
		return failed(why, EX_PROTOCOL, "invalid number of "
		    "iterations from the server");
	if (s->options.in_clear && n < SCRAM_ITERATIONS_MIN)
		return failed(why, EX_PROTOCOL, "the server requires only %u "
		    "iterations; without TLS, at least %d are required to "
		    "protect the password", n, SCRAM_ITERATIONS_MIN);
	*iterations = n;
	return true;
}

/*
 * RFC 5802 section 7, server-first-message, which may end with extensions.
 */
static bool
read_challenge(const struct scram *s, struct piece message,
    struct challenge *c, struct failure *why)
{
	size_t		ours = strlen(s->options.nonce);
	struct piece	value, salt, digits;

	if (take_attribute(&message, 'm', &value))
		return failed(why, EX_PROTOCOL, "the server requires an "
		    "unknown extension (m=)");
	if (!take_attribute(&message, 'r', &c->nonce) ||
	    !take_attribute(&message, 's', &salt) ||
	    !take_attribute(&message, 'i', &digits))
		return failed(why, EX_PROTOCOL, "invalid first message from "
		    "the server: not r=, s=, i=");
	if (!base64_decode(&c->salt, salt.at, salt.len) || c->salt.len == 0)
		return failed(why, EX_PROTOCOL, "the server's salt is empty "
		    "or not base64");
	if (c->nonce.len <= ours ||
	    memcmp(c->nonce.at, s->options.nonce, ours) != 0)
		return failed(why, EX_PROTOCOL, "the server's nonce does not "
		    "begin with ours");
	if (c->nonce.len > SCRAM_NONCE_MAX)
		return failed(why, EX_PROTOCOL, "the server's nonce is longer "
		    "than %d octets", SCRAM_NONCE_MAX);
	for (size_t i = ours; i < c->nonce.len; i++)
		if (c->nonce.at[i] < '!' || c->nonce.at[i] > '~')
			return failed(why, EX_PROTOCOL, "the server's nonce "
			    "is not printable ASCII");
	return read_iterations(s, &digits, &c->iterations, why);
}

/* client-final-message-without-proof */
static void
add_final(const struct scram *s, const struct challenge *c,
    struct buffer *out)
{
	struct buffer	binding = { 0 };

	add_header(&s->options, &binding);
	if (s->options.binding != NULL)
		buffer_add(&binding, s->options.binding_data,
		    s->options.binding_len);
	buffer_add_text(out, "c=");
	base64_encode(out, binding.data, binding.len);
	buffer_add_text(out, ",r=");
	buffer_add(out, c->nonce.at, c->nonce.len);
	buffer_free(&binding);
}

struct keys {
	unsigned char	salted[TLS_DIGEST_MAX];
	unsigned char	client[TLS_DIGEST_MAX];
	unsigned char	stored[TLS_DIGEST_MAX];
	unsigned char	signature[TLS_DIGEST_MAX];
	unsigned char	server[TLS_DIGEST_MAX];
};

/*
 * RFC 5802 section 3: computes the proof, into k->client, and the signature
 * that the server must send.
 */
static bool
compute_proof(struct scram *s, const struct challenge *c, struct keys *k,
    struct failure *why)
{
	const struct tls_module	*m = s->options.module;
	enum tls_digest		 d = s->options.digest;
	const char		*password = s->options.password;
	size_t			 n;

	n = m->pbkdf2(d, password, strlen(password), c->salt.data,
	    c->salt.len, c->iterations, k->salted);
	if (n == 0 ||
	    m->hmac(d, k->salted, n, "Client Key", 10, k->client) != n ||
	    m->digest(d, k->client, n, k->stored) != n ||
	    m->hmac(d, k->stored, n, s->transcript.data, s->transcript.len,
	    k->signature) != n ||
	    m->hmac(d, k->salted, n, "Server Key", 10, k->server) != n ||
	    m->hmac(d, k->server, n, s->transcript.data, s->transcript.len,
	    s->signature) != n)
		return failed(why, EX_UNAVAILABLE, "%s does not support "
		    "the digest", m->library());
	for (size_t i = 0; i < n; i++)
		k->client[i] ^= k->signature[i];
	s->signature_len = n;
	return true;
}

/* Appends the response to the server's first message. */
static bool
add_response(struct scram *s, const struct challenge *c,
    const struct piece *message, struct buffer *response, struct failure *why)
{
	struct keys	k;
	bool		ok;
	size_t		start = response->len;

	add_final(s, c, response);
	buffer_add_byte(&s->transcript, ',');
	buffer_add(&s->transcript, message->at, message->len);
	buffer_add_byte(&s->transcript, ',');
	buffer_add(&s->transcript, response->data + start,
	    response->len - start);
	ok = compute_proof(s, c, &k, why);
	if (ok) {
		buffer_add_text(response, ",p=");
		base64_encode(response, k.client, s->signature_len);
		s->state = SCRAM_ANSWERED;
	}
	explicit_bzero(&k, sizeof(k));
	return ok;
}

/* server-final-message */
static bool
read_final(struct scram *s, struct piece message, struct failure *why)
{
	struct piece	value;
	struct buffer	signature = { 0 };
	bool		right;

	if (!take_attribute(&message, 'v', &value) ||
	    !base64_decode(&signature, value.at, value.len)) {
		buffer_free(&signature);
		return failed(why, EX_PROTOCOL, "the server's final message is "
		    "neither v= nor e=");
	}
	right = signature.len == s->signature_len && timing_safe_equal(
	    (const unsigned char *)signature.data, s->signature,
	    s->signature_len);
	buffer_free(&signature);
	if (!right)
		return failed(why, EX_NOPERM, "the server's signature is "
		    "wrong: the server did not prove that it knows the "
		    "password");
	s->state = SCRAM_PROVED;
	return true;
}

bool
scram_step(struct scram *s, const char *text, size_t len,
    struct buffer *response, struct failure *why)
{
	struct piece		message = { text, len }, error;
	struct challenge	c = { 0 };
	bool			ok;

	if ((s->state == SCRAM_STARTED || s->state == SCRAM_ANSWERED) &&
	    take_attribute(&message, 'e', &error)) {
		visible(s->error, sizeof(s->error), error.at, error.len);
		s->state = SCRAM_REFUSED;
		return true;
	}
	switch (s->state) {
	case SCRAM_STARTED:
		ok = read_challenge(s, message, &c, why) &&
		    add_response(s, &c, &message, response, why);
		buffer_free(&c.salt);
		return ok;
	case SCRAM_ANSWERED:
		return read_final(s, message, why);
	case SCRAM_PROVED:
	case SCRAM_REFUSED:
		break;
	}
	return failed(why, EX_PROTOCOL, "unexpected challenge after the "
	    "server's final message");
}

void
scram_free(struct scram *s)
{
	buffer_wipe(&s->transcript);
	explicit_bzero(s, sizeof(*s));
}
