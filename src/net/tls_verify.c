#include "net/tls_verify.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/x509v3.h>

#include "net/tls_refusal.h"
#include "net/tls_setting.h"
#include "net/tls_trust.h"
#include "util/memory.h"
#include "util/text.h"
#include "util/visible.h"

static bool
verify_chain(struct tls_verify *v, X509_STORE_CTX *chain)
{
	X509_STORE	*store = X509_STORE_CTX_get0_store(chain);
	STACK_OF(X509)	*sent = X509_STORE_CTX_get0_untrusted(chain);

	tls_bundle_load(&v->bundle, store, X509_STORE_CTX_get0_cert(chain));
	for (int i = 0; i < sk_X509_num(sent); i++)
		tls_bundle_load(&v->bundle, store, sk_X509_value(sent, i));
	return X509_verify_cert(chain) == 1;
}

/* Called by OpenSSL; if it returns 0, the handshake fails. */
static int
verify_server(X509_STORE_CTX *chain, void *context)
{
	struct tls_verify	*v = context;

	if (!v->required)
		return 1;
	v->accepted = v->pins.n > 0 ?
	    tls_pins_match(&v->pins, X509_STORE_CTX_get0_cert(chain)) :
	    verify_chain(v, chain);
	if (v->accepted) {
		X509_STORE_CTX_set_error(chain, X509_V_OK);
		return 1;
	}
	v->refused = true;
	if (v->pins.n > 0) {
		X509_STORE_CTX_set_error(chain, X509_V_ERR_CERT_REJECTED);
		tls_refusal_by_pin(X509_STORE_CTX_get0_cert(chain),
		    &v->why);
	} else {
		tls_refusal_by_chain(chain, v, &v->why);
	}
	return 0;
}

/* Omits the final dot of a name and the zone of an address. */
static void
set_name(struct tls_verify *v, const char *name)
{
	unsigned char	octets[sizeof(struct in6_addr)];
	size_t		len = strlen(name);

	v->name = memory_copy(name);
	if (strchr(name, ':') != NULL)
		v->name[strcspn(name, "%")] = '\0';
	else if (len > 1 && name[len - 1] == '.')
		v->name[len - 1] = '\0';
	v->is_address = inet_pton(AF_INET, v->name, octets) == 1 ||
	    inet_pton(AF_INET6, v->name, octets) == 1;
}

static bool
require_name(struct tls_verify *v, X509_VERIFY_PARAM *param,
    struct failure *why)
{
	char	shown[300];

	if (v->name == NULL)
		return tls_setting_failed(why, TLS_CAUSE_NAME, "the name that "
		    "the server's certificate must contain is not known");
	/*
	 * OpenSSL accepts any certificate if the name is empty, and all hosts
	 * of a domain if it begins with a dot; neither is a host name.
	 */
	X509_VERIFY_PARAM_set_hostflags(param,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (v->is_address ? X509_VERIFY_PARAM_set1_ip_asc(param, v->name) :
	    text_is_host_name(v->name, strlen(v->name)) &&
	    X509_VERIFY_PARAM_set1_host(param, v->name, 0))
		return true;
	return tls_setting_failed(why, TLS_CAUSE_NAME, "\"%s\" is not a name "
	    "that a certificate can contain", visible(shown, sizeof(shown),
	    v->name, strlen(v->name)));
}

bool
tls_verify_init(struct tls_verify *v, SSL_CTX *ctx,
    const struct tls_options *options, struct failure *why)
{
	X509_STORE		*store = SSL_CTX_get_cert_store(ctx);
	X509_VERIFY_PARAM	*param = SSL_CTX_get0_param(ctx);

	if (options->name != NULL)
		set_name(v, options->name);
	if (options->ca != NULL)
		v->ca = memory_copy(options->ca);
	if (!tls_pins_read(&v->pins, options->pins, why))
		return false;
	v->required = options->verify || v->pins.n > 0;
	SSL_CTX_set_verify(ctx, v->required ? SSL_VERIFY_PEER :
	    SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, verify_server, v);
	if (!v->required || v->pins.n > 0)
		return true;
	X509_VERIFY_PARAM_set_depth(param, TLS_CHAIN_MAX);
	if (!require_name(v, param, why))
		return false;
	if (v->ca == NULL)
		return tls_trust_system(store, &v->bundle, why);
	/* An intermediate certificate in the file is trusted as well. */
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	return tls_trust_path(store, &v->bundle, v->ca, why);
}

void
tls_verify_free(struct tls_verify *v)
{
	free(v->name);
	free(v->ca);
	tls_pins_free(&v->pins);
	tls_bundle_free(&v->bundle);
	*v = (struct tls_verify){ 0 };
}
