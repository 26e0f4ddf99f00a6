#include "net/tls_error.h"

#include <string.h>
#include <sysexits.h>

#include <openssl/err.h>

#include "net/tls.h"
#include "net/tls_library.h"
#include "util/visible.h"

#define REJECTED true, EX_CONFIG, TLS_CAUSE_OWN_REJECTED, \
	"the server rejects the client certificate"

static const struct {
	int		 reason;	/* of ERR_LIB_SSL */
	bool		 own;		/* only if a certificate was sent */
	int		 status;
	enum tls_cause	 cause;		/* 0: none */
	const char	*text;
} causes[] = {
	{ SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY, false, EX_UNAVAILABLE,
	  0, "the server requires stronger cipher suites than this system "
	  "offers" },
	{ SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, false, EX_TEMPFAIL,
	  TLS_CAUSE_OWN_OR_CIPHER, "the server aborted the TLS handshake: it "
	  "may require a client certificate, or a cipher suite or a group that "
	  "this system does not offer" },
	{ SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, false, EX_CONFIG,
	  TLS_CAUSE_OWN_REQUIRED, "the server requires a client certificate" },
	{ SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, REJECTED },
	{ SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, REJECTED },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, REJECTED },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, REJECTED },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, REJECTED },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA, REJECTED },
	{ SSL_R_DH_KEY_TOO_SMALL, false, EX_UNAVAILABLE,
	  0, "the server's Diffie-Hellman key is too small for openssl.cnf on "
	  "this system" },
	{ SSL_R_UNEXPECTED_EOF_WHILE_READING, false, EX_TEMPFAIL,
	  0, "the server closed the connection without close_notify" },
};

static const struct {
	enum tls_cause	 cause;
	const char	*text;
} too_old[] = {
	[false] = { 0, "the server supports only TLS 1.1 or older, which is "
	    "insecure; it must support TLS 1.2 or later" },
	[true] = { TLS_CAUSE_ONLY_1_3, "the server supports only TLS 1.2 or "
	    "older, but TLS 1.3 is required" },
};

/* Both mean that the server has no version that is new enough. */
static bool
is_too_old(int reason)
{
	return reason == SSL_R_UNSUPPORTED_PROTOCOL ||
	    reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION;
}

static bool
is_ssl_error(unsigned long error)
{
	return error != 0 && ERR_GET_LIB(error) == ERR_LIB_SSL;
}

enum tls_cause
tls_error_hello(const struct tls_wire *w)
{
	if (w->sent == 0 || w->first_len > 0)
		return 0;
	return w->sent > TLS_HELLO_LARGE ? TLS_CAUSE_LARGE_HELLO :
	    TLS_CAUSE_HELLO;
}

void
tls_error_report(const struct tls_wire *w, enum tls_phase phase,
    const struct tls_own *own, struct failure *why)
{
	const char	*what = phase == TLS_PHASE_HANDSHAKE ?
			    "the TLS handshake failed" :
			    "the TLS connection failed";
	unsigned long	 error = ERR_peek_error();
	char		 sent[4 * sizeof(w->first) + 1];
	size_t		 len = 0;

	if (phase == TLS_PHASE_HANDSHAKE && tls_wire_is_plaintext(w)) {
		while (len < w->first_len && w->first[len] != '\r' &&
		    w->first[len] != '\n')
			len++;
		failed(why, EX_PROTOCOL, "the server does not speak TLS; it "
		    "sent: \"%s\"", visible(sent, sizeof(sent), w->first,
		    len));
		return;
	}
	if (phase == TLS_PHASE_HANDSHAKE && (w->error != 0 || w->eof) &&
	    tls_error_hello(w) != 0) {
		failed(why, EX_TEMPFAIL, "the connection was %s after the "
		    "client hello of %zu octets", w->eof ? "closed" : "reset",
		    w->sent);
		why->cause = tls_error_hello(w);
		return;
	}
	if (is_ssl_error(error) && is_too_old(ERR_GET_REASON(error))) {
		failed(why, EX_UNAVAILABLE, "%s", too_old[own->only_1_3].text);
		why->cause = too_old[own->only_1_3].cause;
		return;
	}
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		if (!is_ssl_error(error) ||
		    causes[i].reason != ERR_GET_REASON(error) ||
		    (causes[i].own && !own->certificate))
			continue;
		failed(why, causes[i].status, "%s", causes[i].text);
		why->cause = causes[i].cause;
		return;
	}
	if (w->error != 0)
		failed(why, EX_TEMPFAIL, "%s: %s", what, strerror(w->error));
	else if (error == 0)
		failed(why, EX_TEMPFAIL, "%s: the server closed the "
		    "connection", what);
	else
		failed(why, EX_TEMPFAIL, "%s: %s", what, tls_library_reason());
}

bool
tls_error_is_eof(const struct tls_wire *w)
{
	unsigned long	error = ERR_peek_error();

	return w->eof && (error == 0 || (is_ssl_error(error) &&
	    ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING));
}
