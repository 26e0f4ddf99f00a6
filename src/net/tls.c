#include "net/tls_module.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net/tls_broken.h"
#include "net/tls_digest.h"
#include "net/tls_library.h"
#include "net/tls_own.h"
#include "net/tls_verify.h"
#include "net/tls_wire.h"
#include "util/memory.h"

struct tls {
	SSL_CTX			*ctx;
	SSL			*ssl;
	struct tls_wire		 wire;
	struct tls_verify	 verify;
	bool			 own;		/* we show a certificate */
	bool			 established;	/* the handshake is done */
	bool			 broken;	/* nothing more may be sent */
};

static void
tls_close(struct tls *tls)
{
	ERR_clear_error();
	/* Sends close_notify if the socket takes it, and waits for nothing. */
	if (tls->established && !tls->broken)
		SSL_shutdown(tls->ssl);
	SSL_free(tls->ssl);
	SSL_CTX_free(tls->ctx);
	tls_wire_free(&tls->wire);
	tls_verify_free(&tls->verify);
	ERR_clear_error();
	free(tls);
}

/* openssl.cnf may ask for more than TLS 1.2, but not for less. */
static bool
set_protocol(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
	SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY |
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(ctx, 1);
	if (SSL_CTX_get_min_proto_version(ctx) >= TLS1_2_VERSION)
		return true;
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1;
}

/* SNI is for names, not for addresses (RFC 6066 section 3). */
static bool
set_sni(struct tls *tls)
{
	const char	*name = tls->verify.name;

	if (name == NULL || name[0] == '\0' || tls->verify.is_address)
		return true;
	return SSL_set_tlsext_host_name(tls->ssl, name) == 1;
}

static bool
no_openssl(struct failure *why)
{
	return failed(why, EX_SOFTWARE, "OpenSSL does not start: %s",
	    tls_library_reason());
}

static bool
prepare(struct tls *tls, const struct tls_options *options,
    struct failure *why)
{
	ERR_clear_error();
	if (!tls_library_start() ||
	    (tls->ctx = SSL_CTX_new(TLS_client_method())) == NULL ||
	    !set_protocol(tls->ctx))
		return no_openssl(why);
	if (!tls_verify_init(&tls->verify, tls->ctx, options, why))
		return false;
	tls->own = options->certificate != NULL || options->key != NULL;
	if (tls->own && !tls_own_certificate(tls->ctx, options->certificate,
	    options->key, why))
		return false;
	tls->ssl = SSL_new(tls->ctx);
	return (tls->ssl != NULL && set_sni(tls)) || no_openssl(why);
}

static struct tls *
tls_start(const struct tls_options *options, struct failure *why)
{
	struct tls	*tls = memory_new(1, sizeof(*tls));

	if (prepare(tls, options, why))
		return tls;
	tls_close(tls);
	return NULL;
}

/* OpenSSL's 'ret' was not success: what to do now. */
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
	if (tls->established && tls_broken_by_eof(&tls->wire))
		return TLS_CLOSED;
	if (tls->verify.refused)
		*why = tls->verify.why;
	else
		tls_broken(&tls->wire, tls->established ? TLS_TALKING :
		    TLS_SHAKING, tls->own, why);
	return TLS_FAILED;
}

/*
 * Nothing we offer lets a server get by without a certificate; should
 * openssl.cnf offer it, that is no proof of anything.
 */
static enum tls_result
established(struct tls *tls, struct failure *why)
{
	if (tls->verify.demanded && !tls->verify.accepted) {
		tls->broken = true;
		failed(why, EX_CONFIG, "the server shows no certificate");
		return TLS_FAILED;
	}
	tls->established = true;
	return TLS_DONE;
}

static enum tls_result
tls_handshake(struct tls *tls, int fd, struct failure *why)
{
	int	ret;

	ERR_clear_error();
	if (tls->wire.method == NULL &&
	    !tls_wire_attach(&tls->wire, tls->ssl, fd)) {
		no_openssl(why);
		return TLS_FAILED;
	}
	ret = SSL_connect(tls->ssl);
	if (ret == 1)
		return established(tls, why);
	switch (result_of(tls, ret, why)) {
	case TLS_WANT_READ:
		return TLS_WANT_READ;
	case TLS_WANT_WRITE:
		return TLS_WANT_WRITE;
	case TLS_CLOSED:
		tls->broken = true;
		failed(why, EX_TEMPFAIL, "the server ended the TLS handshake");
		return TLS_FAILED;
	case TLS_DONE:
	case TLS_FAILED:
		break;
	}
	return TLS_FAILED;
}

static enum tls_result
tls_read(struct tls *tls, void *to, size_t room, size_t *got,
    struct failure *why)
{
	int	ret;

	*got = 0;
	ERR_clear_error();
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
	ret = SSL_write_ex(tls->ssl, from, len, put);
	return ret == 1 ? TLS_DONE : result_of(tls, ret, why);
}

static const char *
tls_describe(const struct tls *tls, char *to, size_t size)
{
	snprintf(to, size, "%s %s", SSL_get_version(tls->ssl),
	    SSL_get_cipher_name(tls->ssl));
	return to;
}

static bool
tls_channel_binding(struct tls *tls, unsigned char binding[TLS_BINDING_SIZE])
{
	static const char	label[] = "EXPORTER-Channel-Binding";

	if (!tls->established || SSL_version(tls->ssl) != TLS1_3_VERSION)
		return false;
	/* An empty context, which is not the same as none before TLS 1.3. */
	return SSL_export_keying_material(tls->ssl, binding, TLS_BINDING_SIZE,
	    label, sizeof(label) - 1, (const unsigned char *)"", 0, 1) == 1;
}

const struct tls_module TLS_MODULE_SYMBOL = {
	.library = tls_library_version,
	.start = tls_start,
	.handshake = tls_handshake,
	.read = tls_read,
	.write = tls_write,
	.describe = tls_describe,
	.channel_binding = tls_channel_binding,
	.close = tls_close,
	.digest = tls_digest,
	.hmac = tls_hmac,
	.pbkdf2 = tls_pbkdf2,
};
