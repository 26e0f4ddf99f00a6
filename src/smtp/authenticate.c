/*
 * authenticate.c - run a SASL exchange over SMTP (RFC 4954)
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "smtp/auth.h"
#include "smtp/dialogue.h"
#include "util/base64.h"

enum {
	LINE_MAX_INITIAL = 512,	/* octets with CRLF (RFC 4954 section 4) */
	STEPS_MAX = 16,		/* no mechanism needs more than 5 */
};

/* The result of one exchange. */
enum exchange_result {
	ACCEPTED,
	REFUSED,		/* the user is refused, or the session ended */
	UNFIT,			/* another mechanism may succeed */
	REPEAT,			/* again, without an initial response */
};

/* "AUTH NAME", with the initial response if it is wanted and fits. */
static bool
send_auth(struct session *s, const char *name, struct auth *a, bool initially,
    struct failure *why)
{
	struct buffer	initial = { 0 };
	struct buffer	line = { 0 };
	char		words[64];
	int		len;
	bool		good;

	len = snprintf(words, sizeof(words), "AUTH %s ", name);
	if (!auth_initial(a, initially ? LINE_MAX_INITIAL - 2 - (size_t)len : 0,
	    &initial))
		return dialogue_send(s, why, "AUTH %s", name);
	base64_encode(&line, initial.data, initial.len);
	good = dialogue_send_secret(s, words, line.len > 0 ? line.data : "=",
	    why);
	buffer_wipe(&initial);
	buffer_wipe(&line);
	return good;
}

/* Answers the 334 in s->reply. */
static bool
send_response(struct session *s, struct auth *a, struct failure *why)
{
	struct buffer	challenge = { 0 };
	struct buffer	response = { 0 };
	struct buffer	line = { 0 };
	bool		good;

	if (!base64_decode(&challenge, s->challenge.data, s->challenge.len))
		good = failed(why, EX_PROTOCOL,
		    "the server's challenge is not base64");
	else
		good = auth_step(a, challenge.data, challenge.len, &response,
		    why);
	if (good) {
		base64_encode(&line, response.data, response.len);
		good = dialogue_send_secret(s, "",
		    line.data != NULL ? line.data : "", why);
	}
	buffer_wipe(&challenge);
	buffer_wipe(&response);
	buffer_wipe(&line);
	return good;
}

/* Cancels the exchange; the server must reply 501 (RFC 4954 section 4). */
static bool
cancel(struct session *s, struct failure *why)
{
	struct failure	lost;

	if (dialogue_send(s, &lost, "*") &&
	    dialogue_receive(s, STEP_AUTH, &lost))
		return reply_is_permanent(&s->reply);
	*why = lost;
	return false;
}

/* These codes refuse the mechanism, not the user (RFC 4954 section 6). */
static bool
refuses_mechanism(const struct reply *r)
{
	return r->code == 501 || r->code == 504 || r->code == 534 ||
	    r->code == 538;
}

static bool
refused(struct session *s, const char *name, const struct auth *a,
    struct failure *why)
{
	dialogue_refused(s, STEP_AUTH, EX_NOPERM, why);
	failed(why, why->status, "AUTH %s%s", name, why->text + strlen("AUTH"));
	if (auth_detail(a)[0] != '\0')
		failure_suffix(why, " (%s)", auth_detail(a));
	return false;
}

/* Ends the connection too: the server cannot be trusted. */
static enum exchange_result
abort_exchange(struct session *s, struct failure *why)
{
	s->broken = true;
	failure_prefix(why, "AUTH: ");
	return REFUSED;
}

static enum exchange_result
converse(struct session *s, const char *name, struct auth *a, bool initially,
    struct failure *why)
{
	if (!send_auth(s, name, a, initially, why) ||
	    !dialogue_receive(s, STEP_AUTH, why))
		return REFUSED;
	for (int i = 0; s->reply.code == 334; i++) {
		if (i == STEPS_MAX) {
			failed(why, EX_PROTOCOL, "the server sends too many "
			    "challenges");
			return abort_exchange(s, why);
		}
		if (!send_response(s, a, why)) {
			if (!s->broken && auth_may_repeat(a) && cancel(s, why))
				return REPEAT;
			return abort_exchange(s, why);
		}
		if (!dialogue_receive(s, STEP_AUTH, why))
			return REFUSED;
	}
	if (reply_is_positive(&s->reply))
		return auth_finish(a, why) ? ACCEPTED : abort_exchange(s, why);
	if (reply_is_permanent(&s->reply) && auth_may_repeat(a))
		return REPEAT;
	refused(s, name, a, why);
	return refuses_mechanism(&s->reply) ? UNFIT : REFUSED;
}

/* One exchange by one mechanism. */
static enum exchange_result
exchange(struct session *s, const char *name, bool initially,
    struct failure *why)
{
	struct auth	*a;
	enum exchange_result	 verdict;

	a = auth_start(name, s->options->auth, s->options->tls_module,
	    s->stream.tls, why);
	if (a == NULL) {
		dialogue_remark(s, "%s", why->text);
		failure_prefix(why, "AUTH: ");
		return UNFIT;
	}
	verdict = converse(s, name, a, initially, why);
	auth_free(a);
	return verdict;
}

/* Unverified TLS: no secret may be sent that may not be sent in clear. */
static bool
is_unverified(const struct session *s)
{
	return s->encrypted && s->options->tls_policy == TLS_OPPORTUNISTIC;
}

/*
 * With a certificate and no other credentials, the TLS handshake may have been
 * the login: many servers identify clients by their certificate, without AUTH.
 */
static bool
may_do_without(const struct auth_options *options)
{
	return options->certificate && options->mechanisms == NULL &&
	    options->password == NULL && options->token == NULL;
}

/* Tries mechanisms in order until one succeeds or the user is refused. */
static bool
try_each(struct session *s, const char *name, const char *offered,
    struct failure *why)
{
	bool	initially = true;

	while (name != NULL) {
		if (!dialogue_is_idle(s, why))
			return false;
		switch (exchange(s, name, initially, why)) {
		case ACCEPTED:
			return true;
		case REFUSED:
			return false;
		case REPEAT:
			initially = false;
			break;
		case UNFIT:
			initially = true;
			name = auth_choose_after(s->options->auth, offered,
			    name, s->options->tls_module, s->stream.tls);
			break;
		}
	}
	return false;
}

bool
session_authenticate(struct session *s, struct failure *why)
{
	const struct auth_options	*options = s->options->auth;
	const char			*offered = s->mechanisms.data;
	const char			*name;
	bool				 good;

	s->step = STEP_AUTH;
	if (offered == NULL)
		offered = "";
	if (is_unverified(s) && !options->in_clear) {
		if (may_do_without(options))
			return true;
		failed(why, EX_NOPERM, "AUTH: credentials are not sent to a "
		    "server whose certificate is not verified");
		why->cause = AUTH_CAUSE_UNVERIFIED;
		return false;
	}
	name = auth_choose(options, offered, s->options->tls_module,
	    s->stream.tls, why);
	if (name == NULL)
		return may_do_without(options) ||
		    failure_prefix(why, "AUTH: ");
	if (options->password != NULL)
		secrets_add(&s->secrets, options->password);
	if (options->token != NULL)
		secrets_add(&s->secrets, options->token);
	good = try_each(s, name, offered, why);
	/* The text may quote a challenge that has been decoded. */
	if (!good)
		secrets_mask(&s->secrets, why->text, sizeof(why->text));
	return good;
}
