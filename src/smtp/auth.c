#include "smtp/auth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "smtp/auth_mechanism.h"
#include "smtp/saslprep.h"
#include "util/memory.h"

/* 12288 octets of base64 (RFC 4954 section 4). */
enum { CHALLENGE_MAX = 12288 / 4 * 3 };

#define BY_PASSWORD	(AUTH_USER | AUTH_PASSWORD)
#define BY_SCRAM	(BY_PASSWORD | AUTH_DIGEST | AUTH_PREPARED)

const struct auth_mechanism auth_table[AUTH_MECHANISMS + 1] = {
	{ "SCRAM-SHA-256-PLUS", BY_SCRAM | AUTH_BINDING, TLS_SHA256,
	    auth_scram_start, auth_scram_step },	/* RFC 7677 */
	{ "SCRAM-SHA-1-PLUS", BY_SCRAM | AUTH_BINDING, TLS_SHA1,
	    auth_scram_start, auth_scram_step },	/* RFC 5802 */
	{ "SCRAM-SHA-256", BY_SCRAM, TLS_SHA256,
	    auth_scram_start, auth_scram_step },
	{ "SCRAM-SHA-1", BY_SCRAM, TLS_SHA1,
	    auth_scram_start, auth_scram_step },
	{ "PLAIN", BY_PASSWORD, 0,
	    auth_plain_start, NULL },			/* RFC 4616 */
	{ "LOGIN", BY_PASSWORD, 0,
	    auth_login_start, auth_login_step },
	{ "CRAM-MD5", BY_PASSWORD | AUTH_DIGEST | AUTH_NAMING, TLS_MD5,
	    NULL, auth_cram_step },			/* RFC 2195 */
	{ "OAUTHBEARER", AUTH_TOKEN, 0,
	    auth_bearer_start, auth_bearer_step },	/* RFC 7628 */
	{ "XOAUTH2", AUTH_USER | AUTH_TOKEN, 0,
	    auth_xoauth2_start, auth_xoauth2_step },
	{ "EXTERNAL", AUTH_CERTIFICATE, 0,
	    auth_external_start, NULL },		/* RFC 4422, app. A */
	{ 0 }
};

const char *
auth_mechanisms(void)
{
	return "SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 "
	    "PLAIN LOGIN CRAM-MD5 OAUTHBEARER XOAUTH2 EXTERNAL";
}

/*
 * Returns a copy of a user name or password, prepared by SASLprep if the
 * mechanism requires that, or NULL with why.  The other mechanisms send the
 * octets unchanged (RFC 4616 section 2).
 */
static char *
prepare_copy(const struct auth_mechanism *m, const char *text, const char *what,
    struct failure *why)
{
	struct buffer	out = { 0 };

	if (!(m->needs & AUTH_PREPARED))
		return memory_copy(text);
	if (!saslprep(&out, text, what, why)) {
		buffer_wipe(&out);
		return NULL;
	}
	return buffer_take(&out);
}

static bool
start_mechanism(struct auth *a, struct failure *why)
{
	const struct auth_mechanism	*m = a->mechanism;

	if (m->needs & AUTH_USER) {
		a->user = prepare_copy(m, a->options->user, "the user name",
		    why);
		if (a->user == NULL)
			return false;
	}
	if (m->needs & AUTH_PASSWORD) {
		a->password = prepare_copy(m, a->options->password,
		    "the password", why);
		if (a->password == NULL)
			return false;
	}
	if ((m->needs & AUTH_DIGEST) && a->offer.module == NULL)
		return failed(why, EX_UNAVAILABLE, "the digest is not "
		    "available: the TLS module is not loaded");
	return m->start == NULL || m->start(a, why);
}

struct auth *
auth_start(const char *mechanism, const struct auth_options *options,
    const struct auth_offer *offer, struct failure *why)
{
	const struct auth_mechanism	*m = auth_table;
	struct auth			*a;

	while (m->name != NULL && strcasecmp(m->name, mechanism) != 0)
		m++;
	if (m->name == NULL ||
	    ((m->needs & AUTH_USER) && options->user == NULL) ||
	    ((m->needs & AUTH_PASSWORD) && options->password == NULL) ||
	    ((m->needs & AUTH_TOKEN) && options->token == NULL)) {
		failed(why, EX_CONFIG, "%s: not possible with these "
		    "credentials", mechanism);
		return NULL;
	}
	a = memory_new(1, sizeof(*a));
	*a = (struct auth){
		.mechanism = m,
		.options = options,
		.offer = *offer,
	};
	if (!start_mechanism(a, why)) {
		failure_prefix(why, "%s: ", m->name);
		auth_free(a);
		return NULL;
	}
	return a;
}

bool
auth_initial(struct auth *a, size_t room, struct buffer *initial)
{
	size_t	encoded = (a->first.len + 2) / 3 * 4;

	if (a->mechanism->start == NULL)
		return false;
	a->first_waits = (encoded > 0 ? encoded : 1) > room;
	if (a->first_waits)
		return false;
	buffer_add(initial, a->first.data, a->first.len);
	a->first_sent = true;
	return true;
}

bool
auth_step(struct auth *a, const char *challenge, size_t len,
    struct buffer *response, struct failure *why)
{
	const struct auth_mechanism	*m = a->mechanism;

	if (len > CHALLENGE_MAX)
		return failed(why, EX_PROTOCOL, "%s: the server's challenge "
		    "of %zu octets exceeds the limit of RFC 4954", m->name,
		    len);
	if (a->first_waits) {
		a->first_waits = false;
		buffer_add(response, a->first.data, a->first.len);
		return true;
	}
	a->steps++;
	if (m->step == NULL)
		return failed(why, EX_PROTOCOL, "%s: unexpected challenge "
		    "from the server", m->name);
	return m->step(a, len > 0 ? challenge : "", len, response, why) ||
	    failure_prefix(why, "%s: ", m->name);
}

bool
auth_may_repeat(const struct auth *a)
{
	return a->mechanism->step == auth_login_step && a->first_sent &&
	    !a->answered;
}

bool
auth_finish(struct auth *a, struct failure *why)
{
	if (a->mechanism->step != auth_scram_step ||
	    a->scram.state == SCRAM_PROVED)
		return true;
	return failed(why, EX_NOPERM, "%s: the server accepted the login, but "
	    "did not prove that it knows the password", a->mechanism->name);
}

const char *
auth_binding(const struct auth *a)
{
	return a->binding;
}

const char *
auth_detail(const struct auth *a)
{
	return a->detail;
}

void
auth_free(struct auth *a)
{
	if (a == NULL)
		return;
	memory_wipe(&a->user);
	memory_wipe(&a->password);
	buffer_wipe(&a->first);
	scram_free(&a->scram);
	freezero(a, sizeof(*a));
}
