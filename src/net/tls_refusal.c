#include "net/tls_refusal.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "net/tls_names.h"
#include "net/tls_setting.h"
#include "util/buffer.h"

/* The parts of the texts. */
struct refusal {
	X509_STORE_CTX			*chain;
	X509				*leaf;	/* the server's own */
	X509				*cert;	/* the rejected one */
	int				 depth;	/* of .cert; 0: the leaf */
	char				 subject[260];	/* of .cert */
	char				 trust[260];
	const struct tls_verify		*v;
};

static void
date_text(char *to, size_t size, const ASN1_TIME *when)
{
	struct tm	tm = { 0 };

	if (!ASN1_TIME_to_tm(when, &tm) ||
	    strftime(to, size, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		strlcpy(to, "an invalid date", size);
}

/* "the server's certificate ..." or "certificate 2 of the chain, ...". */
static void
subject_text(char *to, size_t size, X509 *x, int depth)
{
	char	subject[180];

	tls_name_text(subject, sizeof(subject), X509_get_subject_name(x));
	if (subject[0] == '\0' &&
	    tls_names_text(subject, sizeof(subject), x) == 0)
		strlcpy(subject, "without a name", sizeof(subject));
	if (depth == 0)
		snprintf(to, size, "the server's certificate \"%s\"", subject);
	else
		snprintf(to, size, "certificate %d of the server's chain, "
		    "\"%s\",", depth + 1, subject);
}

static void
report_expired(const struct refusal *r, struct failure *why)
{
	char	date[64];

	date_text(date, sizeof(date), X509_get0_notAfter(r->cert));
	tls_setting_failed(why, TLS_CAUSE_DEFECTIVE, "%s expired on %s; the "
	    "owner of the server must renew it", r->subject, date);
}

static void
report_not_yet_valid(const struct refusal *r, struct failure *why)
{
	char	date[64], now[64];
	time_t	t = time(NULL);
	struct tm tm;

	date_text(date, sizeof(date), X509_get0_notBefore(r->cert));
	strftime(now, sizeof(now), "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&t, &tm));
	tls_setting_failed(why, TLS_CAUSE_NOT_YET_VALID, "%s is not valid "
	    "before %s; the clock of this machine is set to %s",
	    r->subject, date, now);
}

static void
report_self_signed(const struct refusal *r, struct failure *why)
{
	tls_setting_failed(why, TLS_CAUSE_SELF_SIGNED, "%s is self-signed; no "
	    "authority issued it", r->subject);
}

static void
report_unknown_root(const struct refusal *r, struct failure *why)
{
	tls_setting_failed(why, TLS_CAUSE_UNKNOWN_ISSUER, "%s is a root "
	    "certificate that %s does not contain",
	    r->subject, r->trust);
}

/*
 * If the server sends only its own certificate, an intermediate certificate
 * may be missing; otherwise the authority is unknown.
 */
static void
report_no_issuer(const struct refusal *r, struct failure *why)
{
	char	issuer[180];

	tls_name_text(issuer, sizeof(issuer), X509_get_issuer_name(r->cert));
	if (r->depth == 0)
		tls_setting_failed(why, TLS_CAUSE_UNKNOWN_ISSUER, "%s was "
		    "issued by \"%s\", which the server did not send and %s "
		    "does not contain; if that is an intermediate certificate, "
		    "the server must send it", r->subject, issuer, r->trust);
	else
		tls_setting_failed(why, TLS_CAUSE_UNKNOWN_ISSUER, "%s was "
		    "issued by the unknown authority \"%s\", which %s does "
		    "not contain", r->subject, issuer, r->trust);
}

static void
report_wrong_name(const struct refusal *r, struct failure *why)
{
	const char	*kind = r->v->is_address ? "the address " : "";
	char		 names[300];
	size_t		 n = tls_names_text(names, sizeof(names), r->leaf);

	if (!r->v->is_address && X509_check_host(r->leaf, r->v->name, 0,
	    X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT |
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1)
		tls_setting_failed(why, TLS_CAUSE_DEFECTIVE, "%s contains "
		    "the name %s only as its common name (CN), which is "
		    "ignored (RFC 9525); the owner of the server must add a "
		    "subjectAltName",
		    r->subject, r->v->name);
	else
		tls_setting_failed(why, TLS_CAUSE_WRONG_NAME, "%s is for %s, "
		    "not for %s%s", r->subject, n > 0 ? names : "no host",
		    kind, r->v->name);
}

static void
report_too_long(const struct refusal *r, struct failure *why)
{
	tls_setting_failed(why, TLS_CAUSE_CHAIN_TOO_LONG, "the chain from %s "
	    "to a trusted certificate has more than %d intermediate "
	    "certificates", r->subject, TLS_CHAIN_MAX);
}

static void
report_weak_key(const struct refusal *r, struct failure *why)
{
	EVP_PKEY	*key = X509_get0_pubkey(r->cert);

	tls_setting_failed(why, TLS_CAUSE_DEFECTIVE, "%s has a key that is "
	    "too weak for openssl.cnf on this system (%d bits of %s); the "
	    "owner of the server must replace it", r->subject,
	    key != NULL ? EVP_PKEY_get_bits(key) : 0,
	    key != NULL && EVP_PKEY_get0_type_name(key) != NULL ?
	    EVP_PKEY_get0_type_name(key) : "unknown type");
}

static void
report_weak_digest(const struct refusal *r, struct failure *why)
{
	tls_setting_failed(why, TLS_CAUSE_DEFECTIVE, "%s is signed with %s, "
	    "which is too weak for openssl.cnf on this system; the owner of "
	    "the server must replace it", r->subject,
	    OBJ_nid2ln(X509_get_signature_nid(r->cert)));
}

static void
report_bad_signature(const struct refusal *r, struct failure *why)
{
	failed(why, EX_CONFIG, "%s has an invalid signature: it is damaged "
	    "or forged, or %s contains another authority with the name of its "
	    "issuer", r->subject, r->trust);
}

static void
report_not_a_server(const struct refusal *r, struct failure *why)
{
	tls_setting_failed(why, TLS_CAUSE_DEFECTIVE, "%s was not issued for "
	    "use by a server (key usage); the owner of the server must replace "
	    "it", r->subject);
}

static void
report_no_authority(const struct refusal *r, struct failure *why)
{
	tls_setting_failed(why, TLS_CAUSE_DEFECTIVE, "%s issued a certificate, "
	    "which it is not allowed to do (basicConstraints)", r->subject);
}

static const struct {
	int	  error;
	void	(*report)(const struct refusal *, struct failure *);
} rules[] = {
	{ X509_V_ERR_CERT_HAS_EXPIRED,			report_expired },
	{ X509_V_ERR_CERT_NOT_YET_VALID,		report_not_yet_valid },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,	report_self_signed },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,		report_unknown_root },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,	report_no_issuer },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,		report_no_issuer },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,	report_no_issuer },
	{ X509_V_ERR_HOSTNAME_MISMATCH,			report_wrong_name },
	{ X509_V_ERR_IP_ADDRESS_MISMATCH,		report_wrong_name },
	{ X509_V_ERR_CERT_CHAIN_TOO_LONG,		report_too_long },
	{ X509_V_ERR_EE_KEY_TOO_SMALL,			report_weak_key },
	{ X509_V_ERR_CA_KEY_TOO_SMALL,			report_weak_key },
	{ X509_V_ERR_CA_MD_TOO_WEAK,			report_weak_digest },
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE,		report_bad_signature },
	{ X509_V_ERR_INVALID_PURPOSE,			report_not_a_server },
	{ X509_V_ERR_INVALID_CA,			report_no_authority },
	{ X509_V_ERR_PATH_LENGTH_EXCEEDED,		report_no_authority },
};

void
tls_refusal_by_chain(X509_STORE_CTX *chain, const struct tls_verify *v,
    struct failure *why)
{
	int		error = X509_STORE_CTX_get_error(chain);
	struct refusal	r = { .chain = chain, .v = v };

	r.leaf = X509_STORE_CTX_get0_cert(chain);
	r.cert = X509_STORE_CTX_get_current_cert(chain);
	r.depth = X509_STORE_CTX_get_error_depth(chain);
	if (r.cert == NULL) {
		r.cert = r.leaf;
		r.depth = 0;
	}
	subject_text(r.subject, sizeof(r.subject), r.cert, r.depth);
	if (v->ca == NULL)
		strlcpy(r.trust, "the trust store of this system",
		    sizeof(r.trust));
	else
		snprintf(r.trust, sizeof(r.trust), "%.200s", v->ca);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].error == error) {
			rules[i].report(&r, why);
			return;
		}
	}
	tls_setting_failed(why, TLS_CAUSE_DEFECTIVE, "%s is not trusted: %s",
	    r.subject, X509_verify_cert_error_string(error));
}

void
tls_refusal_by_pin(X509 *leaf, struct failure *why)
{
	char	subject[260];

	subject_text(subject, sizeof(subject), leaf, 0);
	tls_setting_failed(why, TLS_CAUSE_NOT_PINNED, "%s has a key that is "
	    "not pinned", subject);
}
