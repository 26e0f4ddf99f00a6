#include "net/tls_module.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net/tls_binding.h"
#include "net/tls_certificate.h"
#include "net/tls_digest.h"
#include "net/tls_error.h"
#include "net/tls_facts.h"
#include "net/tls_groups.h"
#include "net/tls_library.h"
#include "net/tls_verify.h"
#include "net/tls_wire.h"
#include "util/memory.h"

struct tls {
	SSL_CTX			*ctx;
	SSL			*ssl;
	struct tls_wire		 wire;
	struct tls_verify	 verify;
	struct tls_own		 own;
	bool			 established;	/* the handshake is done */
	bool			 broken;	/* nothing must be sent */
};

static void
tls_close(struct tls *tls)
{
	ERR_clear_error();
	/* Sends close_notify if the socket accepts it at once. */
	if (tls->established && !tls->broken)
		SSL_shutdown(tls->ssl);
	SSL_free(tls->ssl);
	SSL_CTX_free(tls->ctx);
	tls_wire_free(&tls->wire);
	tls_verify_free(&tls->verify);
	ERR_clear_error();
	free(tls);
}

/* openssl.cnf can require a later version than the options. */
static bool
set_protocol(SSL_CTX *ctx, const struct tls_options *options)
{
	int	least = options->only_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;

	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
	SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY |
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(ctx, 1);
	if (SSL_CTX_get_min_proto_version(ctx) >= least)
		return true;
	return SSL_CTX_set_min_proto_version(ctx, least) == 1;
}

static bool
openssl_failed(struct failure *why)
{
	return failed(why, EX_SOFTWARE, "cannot initialize OpenSSL: %s",
	    tls_library_reason());
}

static bool
prepare_session(struct tls *tls, const struct tls_options *options,
    struct failure *why)
{
	const char	*name;

	ERR_clear_error();
	if (!tls_library_start() ||
	    (tls->ctx = SSL_CTX_new(TLS_client_method())) == NULL ||
	    !set_protocol(tls->ctx, options))
		return openssl_failed(why);
	if (options->groups != NULL &&
	    !tls_groups_use(tls->ctx, options->groups, why))
		return false;
	if (!tls_verify_init(&tls->verify, tls->ctx, options, why))
		return false;
	tls->own.only_1_3 = SSL_CTX_get_min_proto_version(tls->ctx) >=
	    TLS1_3_VERSION;
	tls->own.certificate = options->certificate != NULL ||
	    options->key != NULL;
	if (tls->own.certificate) {
		if (!tls_certificate_use(tls->ctx, options->certificate,
		    options->key, why))
			return false;
		/* If the file contains no chain, OpenSSL sends the store's. */
		tls_bundle_load(&tls->verify.bundle,
		    SSL_CTX_get_cert_store(tls->ctx),
		    SSL_CTX_get0_certificate(tls->ctx));
	}
	if ((tls->ssl = SSL_new(tls->ctx)) == NULL)
		return openssl_failed(why);
	/* SNI contains names, not addresses (RFC 6066 section 3). */
	name = tls->verify.name;
	return name == NULL || name[0] == '\0' || tls->verify.is_address ||
	    SSL_set_tlsext_host_name(tls->ssl, name) == 1 ||
	    openssl_failed(why);
}

static struct tls *
tls_start(const struct tls_options *options, struct failure *why)
{
	struct tls	*tls = memory_new(1, sizeof(*tls));

	if (prepare_session(tls, options, why))
		return tls;
	tls_close(tls);
	return NULL;
}

/* The result of a function of OpenSSL that has returned ret, a failure. */
static enum tls_result
result_of(struct tls *tls, int ret, struct failure *why)
{
	int	error = SSL_get_error(tls->ssl, ret);

	if (error == SSL_ERROR_WANT_READ)
		return TLS_WANT_READ;
	if (error == SSL_ERROR_WANT_WRITE)
		return TLS_WANT_WRITE;
	if (error == SSL_ERROR_ZERO_RETURN)
		return TLS_CLOSED;
	tls->broken = true;
	if (tls->established && tls_error_is_eof(&tls->wire))
		return TLS_CLOSED;
	if (tls->verify.refused)
		*why = tls->verify.why;
	else
		tls_error_report(&tls->wire, tls->established ?
		    TLS_PHASE_SESSION : TLS_PHASE_HANDSHAKE, &tls->own, why);
	return TLS_FAILED;
}

static enum tls_result
tls_handshake(struct tls *tls, int fd, struct failure *why)
{
	enum tls_result	result;
	int		ret;

	ERR_clear_error();
	if (tls->wire.method == NULL &&
	    !tls_wire_attach(&tls->wire, tls->ssl, fd)) {
		openssl_failed(why);
		return TLS_FAILED;
	}
	tls_wire_begin_call(&tls->wire);
	ret = SSL_connect(tls->ssl);
	if (ret != 1) {
		result = result_of(tls, ret, why);
		if (result != TLS_CLOSED)
			return result;
		failed(why, EX_TEMPFAIL, "the server ended the TLS handshake");
	} else if (tls->verify.required && !tls->verify.accepted) {
		/* openssl.cnf may enable anonymous cipher suites. */
		failed(why, EX_CONFIG, "the server sent no certificate");
	} else {
		tls->established = true;
		return TLS_DONE;
	}
	tls->broken = true;
	return TLS_FAILED;
}

static void
tls_unanswered(const struct tls *tls, struct failure *why)
{
	if (tls_error_hello(&tls->wire) == 0)
		return;
	failure_prefix(why, "the server does not answer the client hello of "
	    "%zu octets: ", tls->wire.sent);
	why->cause = tls_error_hello(&tls->wire);
}

static enum tls_result
tls_read(struct tls *tls, void *to, size_t room, size_t *got,
    struct failure *why)
{
	int	ret;

	*got = 0;
	ERR_clear_error();
	tls_wire_begin_call(&tls->wire);
	ret = SSL_read_ex(tls->ssl, to, room, got);
	return ret == 1 ? TLS_DONE : result_of(tls, ret, why);
}

static enum tls_result
tls_write(struct tls *tls, const void *from, size_t len, size_t *put,
    struct failure *why)
{
	int	ret;

	*put = 0;
	if (len == 0)
		return TLS_DONE;
	ERR_clear_error();
	tls_wire_begin_call(&tls->wire);
	ret = SSL_write_ex(tls->ssl, from, len, put);
	return ret == 1 ? TLS_DONE : result_of(tls, ret, why);
}

static const char *
tls_describe(const struct tls *tls, char *to, size_t size)
{
	char	group[32];

	tls_facts_group(group, sizeof(group), tls->ssl);
	snprintf(to, size, "%s %s%s%s", SSL_get_version(tls->ssl),
	    SSL_get_cipher_name(tls->ssl), group[0] != '\0' ? " " : "",
	    group);
	return to;
}

static void
tls_session_facts(const struct tls *tls, struct tls_facts *f)
{
	tls_facts_fill(f, tls->ssl);
	f->verified = tls->verify.required && tls->verify.accepted;
	f->pinned = tls->verify.pins.n > 0;
}

static void
tls_summary(const struct tls *tls, struct tls_summary *s)
{
	bool	verified = tls->verify.required && tls->verify.accepted;

	strlcpy(s->version, SSL_get_version(tls->ssl), sizeof(s->version));
	tls_facts_group(s->group, sizeof(s->group), tls->ssl);
	strlcpy(s->verified, tls->verify.pins.n > 0 ? "pin" : verified ? "ca" :
	    "no", sizeof(s->verified));
}

static int64_t
tls_expiry(const struct tls *tls)
{
	return tls_facts_expiry(tls->ssl);
}

static size_t
tls_channel_binding(struct tls *tls, enum tls_binding type,
    unsigned char out[TLS_BINDING_MAX])
{
	return tls->established ? tls_binding_compute(tls->ssl, type, out) : 0;
}

const struct tls_module TLS_MODULE_SYMBOL = {
	.library = tls_library_version,
	.start = tls_start,
	.handshake = tls_handshake,
	.unanswered = tls_unanswered,
	.read = tls_read,
	.write = tls_write,
	.describe = tls_describe,
	.facts = tls_session_facts,
	.summary = tls_summary,
	.expiry = tls_expiry,
	.channel_binding = tls_channel_binding,
	.close = tls_close,
	.digest = tls_digest,
	.hmac = tls_hmac,
	.pbkdf2 = tls_pbkdf2,
};
