/*
 * AUTH against GNU SASL, an independent implementation.  No server in Debian 12
 * offers SCRAM with channel binding, so only this test checks tls-exporter and
 * tls-unique against code that is not ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sysexits.h>

#if __has_include(<gsasl.h>)

#include <gsasl.h>
#include <openssl/ssl.h>

#include "support/binding.h"
#include "support/skip.h"
#include "support/tls_fixture.h"
#include "util/base64.h"

/* The state of an exchange between two lines, in .state. */
struct progress {
	Gsasl_session	*session;
	bool		 taken;		/* only the 235 remains to be sent */
};

/* Between two TLS sessions, the binding of the server is another one. */
static void
bind_session(struct auth_exchange *x, Gsasl_session *session,
    Gsasl_property property)
{
	const bool	*intercepted = x->ctx;
	unsigned char	octets[BINDING_MAX];
	struct buffer	coded = { 0 };
	size_t		n = binding_of(x->tls, property ==
			    GSASL_CB_TLS_EXPORTER ? "tls-exporter" :
			    "tls-unique", octets);

	if (n == 0)
		return;
	octets[0] ^= *intercepted;
	base64_encode(&coded, octets, n);
	gsasl_property_set(session, property, coded.data);
	buffer_free(&coded);
}

/* Called for each property that a mechanism requires. */
static int
answer(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
	struct auth_exchange	*x = gsasl_session_hook_get(session);

	(void)library;
	switch (property) {
	case GSASL_PASSWORD:
		gsasl_property_set(session, GSASL_PASSWORD,
		    TLS_FIXTURE_PASSWORD);
		return GSASL_OK;
	case GSASL_CB_TLS_EXPORTER:
	case GSASL_CB_TLS_UNIQUE:
		bind_session(x, session, property);
		return GSASL_OK;
	default:
		return GSASL_NO_CALLBACK;
	}
}

static Gsasl_session *
begin(struct auth_exchange *x)
{
	Gsasl		*library;
	Gsasl_session	*session;

	if (gsasl_init(&library) != GSASL_OK)
		return NULL;
	gsasl_callback_set(library, answer);
	if (gsasl_server_start(library, x->mechanism, &session) != GSASL_OK)
		return NULL;
	return session;
}

/* The server process ends soon, so nothing is freed. */
static void
ask_library(struct auth_exchange *x, const char *line)
{
	struct progress	p;
	const char	*user;
	char		*out = NULL;
	int		 result;

	memcpy(&p, x->state, sizeof(p));
	if (p.session == NULL)
		p.session = begin(x);
	if (p.session == NULL || p.taken) {
		strlcpy(x->reply, p.taken ? "235 2.7.0 welcome" :
		    "504 5.5.4 GNU SASL has no such mechanism",
		    sizeof(x->reply));
		return;
	}
	gsasl_session_hook_set(p.session, x);
	result = gsasl_step64(p.session, line != NULL &&
	    strcmp(line, "=") != 0 ? line : "", &out);
	p.taken = result == GSASL_OK;
	if (result != GSASL_OK && result != GSASL_NEEDS_MORE)
		snprintf(x->reply, sizeof(x->reply), "535 5.7.8 %s",
		    gsasl_strerror(result));
	else if (p.taken && (out == NULL || out[0] == '\0'))
		strlcpy(x->reply, "235 2.7.0 welcome", sizeof(x->reply));
	else
		snprintf(x->reply, sizeof(x->reply), "334 %s", out);
	user = gsasl_property_fast(p.session, GSASL_AUTHID);
	strlcpy(x->user, user != NULL ? user : "", sizeof(x->user));
	memcpy(x->state, &p, sizeof(p));
}

struct login {
	const char	*offered;
	const char	*mechanism;	/* that is taken */
	int		 tls_max;
	const char	*more;
	int		 status;
	const char	*says;		/* or NULL */
	const char	*traces;	/* or NULL */
	bool		 no_ems;
	bool		 intercepted;
};

static void
no_ems(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_EXTENDED_MASTER_SECRET);
}

static void
is_judged(void **state)
{
	const struct login	*l = *state;
	struct tls_fixture	 s = { .host = NULL };
	const struct heard	*h;
	struct buffer		 more = { 0 };

	buffer_addf(&more, "tls_ca = {ca}\n%s", l->more);
	tls_fixture_open(&s, &(struct script){ .security = STARTTLS_OFFERED,
	    .mechanisms = l->offered, .auth = ask_library,
	    .auth_ctx = (void *)(uintptr_t)&l->intercepted,
	    .tls_max = l->tls_max, .tls_setup = l->no_ems ? no_ems : NULL,
	    .auth_required = true }, "submission", more.data);
	tls_fixture_send(&s);
	if (s.o.status != l->status)
		fail_msg("status %d: %s", s.o.status, s.o.err.data);
	tls_fixture_said(&s, l->says);
	tls_fixture_traced(&s, l->traces);
	assert_true(mock_smtp_wait_closed(s.host, 1));
	h = mock_smtp_heard(s.host, 0);
	assert_string_equal(h->mechanism, l->mechanism);
	assert_int_equal(h->authenticated, l->status == 0);
	if (l->status == 0)
		assert_string_equal(h->user, "nina");
	buffer_free(&more);
	tls_fixture_kept_secret(&s);
	tls_fixture_close(&s);
}

#define WRONG	"user = nina\npassword = wrong\n"
#define JUDGES(sentence, offer, ...) { sentence, is_judged, NULL, NULL, \
	&(struct login){ .offered = offer, __VA_ARGS__ } }

static const struct CMUnitTest gsasl_spec[] = {
	JUDGES("SCRAM-SHA-256-PLUS is bound to the channel",
	    "PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "SCRAM-SHA-256-PLUS",
	    0, TLS_FIXTURE_LOGIN, 0,
	    .traces = "channel binding tls-exporter\n"),
	JUDGES("SCRAM-SHA-1-PLUS is bound to the channel",
	    "PLAIN SCRAM-SHA-256 SCRAM-SHA-1-PLUS", "SCRAM-SHA-1-PLUS",
	    0, TLS_FIXTURE_LOGIN, 0,
	    .traces = "channel binding tls-exporter\n"),
	JUDGES("SCRAM-SHA-256-PLUS with TLS 1.2",
	    "SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "SCRAM-SHA-256-PLUS",
	    TLS1_2_VERSION, TLS_FIXTURE_LOGIN, 0,
	    .traces = "channel binding tls-unique\n"),
	JUDGES("SCRAM-SHA-1-PLUS with TLS 1.2",
	    "SCRAM-SHA-1 SCRAM-SHA-1-PLUS", "SCRAM-SHA-1-PLUS",
	    TLS1_2_VERSION, TLS_FIXTURE_LOGIN, 0,
	    .traces = "channel binding tls-unique\n"),
	JUDGES("without extended master secret, no downgrade is reported",
	    "SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "SCRAM-SHA-256",
	    TLS1_2_VERSION, TLS_FIXTURE_LOGIN, 0, .no_ems = true),
	JUDGES("SCRAM-SHA-256-PLUS detects another session",
	    "PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "SCRAM-SHA-256-PLUS",
	    0, TLS_FIXTURE_LOGIN, EX_NOPERM, "may decrypt TLS in between",
	    .intercepted = true),
	JUDGES("SCRAM-SHA-1-PLUS with TLS 1.2 detects another session",
	    "PLAIN SCRAM-SHA-1-PLUS", "SCRAM-SHA-1-PLUS", TLS1_2_VERSION,
	    TLS_FIXTURE_LOGIN, EX_NOPERM, "may decrypt TLS in between",
	    .intercepted = true),
	JUDGES("-PLUS that was removed from the offer is detected",
	    "PLAIN SCRAM-SHA-256", "SCRAM-SHA-256", 0, TLS_FIXTURE_LOGIN,
	    EX_NOPERM, "may decrypt TLS in between"),
	JUDGES("SCRAM-SHA-256", "SCRAM-SHA-256", "SCRAM-SHA-256", 0,
	    TLS_FIXTURE_LOGIN "auth = SCRAM-SHA-256\n", 0),
	JUDGES("SCRAM-SHA-1", "SCRAM-SHA-1", "SCRAM-SHA-1", 0,
	    TLS_FIXTURE_LOGIN "auth = SCRAM-SHA-1\n", 0),
	JUDGES("CRAM-MD5", "CRAM-MD5", "CRAM-MD5", 0, TLS_FIXTURE_LOGIN
	    "auth = CRAM-MD5\n", 0),
	JUDGES("SCRAM-SHA-256-PLUS reports a wrong password",
	    "SCRAM-SHA-256-PLUS",
	    "SCRAM-SHA-256-PLUS", 0, WRONG, EX_NOPERM, "535 5.7.8"),
	JUDGES("SCRAM-SHA-1 reports a wrong password", "SCRAM-SHA-1",
	    "SCRAM-SHA-1", 0, WRONG "auth = SCRAM-SHA-1\n", EX_NOPERM,
	    "535 5.7.8"),
};

#else

static void
gnu_sasl_is_required_for_these_tests(void **state)
{
	(void)state;
	skip_because("GNU SASL (libgsasl) is not installed");
}

static const struct CMUnitTest gsasl_spec[] = {
	cmocka_unit_test(gnu_sasl_is_required_for_these_tests),
};

#endif

int
main(void)
{
	return cmocka_run_group_tests(gsasl_spec, NULL, NULL);
}
