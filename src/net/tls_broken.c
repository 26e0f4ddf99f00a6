#include "net/tls_broken.h"

#include <string.h>
#include <sysexits.h>

#include <openssl/err.h>

#include "net/tls_library.h"
#include "util/visible.h"

#define TOO_OLD	"the server speaks no TLS newer than 1.1, which is broken; " \
		"it must be brought to TLS 1.2 or later"
#define NOT_OURS "the server refuses the certificate that we show it " \
		"(tls_certificate in relais.conf)"

static const struct {
	int		 reason;	/* of ERR_LIB_SSL */
	bool		 own;		/* only if we showed a certificate */
	int		 status;
	const char	*text;
} causes[] = {
	{ SSL_R_UNSUPPORTED_PROTOCOL, false, EX_UNAVAILABLE, TOO_OLD },
	{ SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, false, EX_UNAVAILABLE, TOO_OLD },
	{ SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY, false, EX_UNAVAILABLE,
	  "the server finds our cipher suites too weak" },
	{ SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, false, EX_TEMPFAIL,
	  "the server broke the TLS handshake off: it may share no cipher "
	  "suite with us, or ask for a certificate of ours (tls_certificate "
	  "in relais.conf)" },
	{ SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, false, EX_CONFIG,
	  "the server demands a certificate of ours; set tls_certificate and "
	  "tls_key in relais.conf" },
	{ SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, true, EX_CONFIG, NOT_OURS },
	{ SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, true, EX_CONFIG,
	  NOT_OURS },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, true, EX_CONFIG, NOT_OURS },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, true, EX_CONFIG, NOT_OURS },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, true, EX_CONFIG, NOT_OURS },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA, true, EX_CONFIG, NOT_OURS },
	{ SSL_R_DH_KEY_TOO_SMALL, false, EX_UNAVAILABLE,
	  "the server's Diffie-Hellman key is too small for this system's "
	  "openssl.cnf" },
	{ SSL_R_UNEXPECTED_EOF_WHILE_READING, false, EX_TEMPFAIL,
	  "the server hung up in the middle of TLS" },
};

static bool
is_ssl_error(unsigned long error)
{
	return error != 0 && ERR_GET_LIB(error) == ERR_LIB_SSL;
}

static bool
known_cause(unsigned long error, bool own, struct failure *why)
{
	if (!is_ssl_error(error))
		return false;
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		if (causes[i].reason != ERR_GET_REASON(error) ||
		    (causes[i].own && !own))
			continue;
		failed(why, causes[i].status, "%s", causes[i].text);
		return true;
	}
	return false;
}

static void
not_tls(const struct tls_wire *w, struct failure *why)
{
	char	said[4 * sizeof(w->first) + 1];
	size_t	len = 0;

	while (len < w->first_len && w->first[len] != '\r' &&
	    w->first[len] != '\n')
		len++;
	failed(why, EX_PROTOCOL, "the server answers our TLS in clear: \"%s\"",
	    visible(said, sizeof(said), w->first, len));
}

void
tls_broken(const struct tls_wire *w, enum tls_phase phase, bool own,
    struct failure *why)
{
	const char	*what = phase == TLS_SHAKING ?
			    "the TLS handshake was broken off" :
			    "the TLS connection broke";
	unsigned long	 error = ERR_peek_error();

	if (phase == TLS_SHAKING && tls_wire_is_plaintext(w))
		not_tls(w, why);
	else if (known_cause(error, own, why))
		return;
	else if (w->error != 0)
		failed(why, EX_TEMPFAIL, "%s: %s", what, strerror(w->error));
	else if (error == 0)
		failed(why, EX_TEMPFAIL, "%s: the server hung up", what);
	else
		failed(why, EX_TEMPFAIL, "%s: %s", what, tls_library_reason());
}

bool
tls_broken_by_eof(const struct tls_wire *w)
{
	unsigned long	error = ERR_peek_error();

	return w->eof && (error == 0 || (is_ssl_error(error) &&
	    ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING));
}
