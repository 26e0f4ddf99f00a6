#include "smtp/authenticate.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "smtp/dialogue.h"
#include "util/base64.h"

enum { AUTH_LINE_MAX = 512 };	/* octets with CRLF (RFC 4954 section 4) */

enum exchange_result {
	EXCHANGE_ACCEPTED,
	EXCHANGE_REFUSED,	/* the user is refused, or the session ended */
	EXCHANGE_NEXT,		/* try the next mechanism */
	EXCHANGE_REPEAT,	/* repeat without the initial response */
	EXCHANGE_REBIND,	/* repeat with tls-server-end-point */
};

static struct auth_offer
offer_of(const struct session *s)
{
	return (struct auth_offer){
		.mechanisms = s->mechanisms.data != NULL ?
		    s->mechanisms.data : "",
		.module = s->options->tls_module,
		.tls = s->stream.tls,
	};
}

/* "AUTH NAME", with the initial response if that is requested and fits. */
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
	if (!auth_initial(a, initially ? AUTH_LINE_MAX - 2 - (size_t)len : 0,
	    &initial))
		return dialogue_send(s, why, "AUTH %s", name);
	base64_encode(&line, initial.data, initial.len);
	good = dialogue_send_secret(s, words, line.len > 0 ? line.data : "=",
	    why);
	buffer_wipe(&initial);
	buffer_wipe(&line);
	return good;
}

static void
hide_expected(struct session *s, const struct auth *a)
{
	struct buffer	expected = { 0 };
	struct buffer	line = { 0 };

	auth_add_expected(a, &expected);
	if (expected.len > 0) {
		base64_encode(&line, expected.data, expected.len);
		secrets_add_sent(&s->secrets, line.data);
	}
	buffer_wipe(&expected);
	buffer_wipe(&line);
}

/* Responds to the 334 in s->reply. */
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
		hide_expected(s, a);
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
cancel_exchange(struct session *s, struct failure *why)
{
	struct failure	lost;

	if (dialogue_send(s, &lost, "*") &&
	    dialogue_receive(s, STEP_AUTH, &lost))
		return reply_is_permanent(&s->reply);
	*why = lost;
	return false;
}

/* The server cannot be trusted: the session is ended, too. */
static enum exchange_result
abort_exchange(struct session *s, struct failure *why)
{
	s->broken = true;
	failure_prefix(why, "AUTH: ");
	return EXCHANGE_REFUSED;
}

/* The server has ended the exchange with the negative reply in s->reply. */
static enum exchange_result
judge_refusal(struct session *s, const char *name, const struct auth *a,
    struct failure *why)
{
	const int	code = s->reply.code;
	bool		mechanism;

	dialogue_refused(s, STEP_AUTH, EX_NOPERM, why);
	failed(why, why->status, "AUTH %s%s", name, why->text + strlen("AUTH"));
	if (auth_detail(a)[0] != '\0')
		failure_suffix(why, " (%s)", auth_detail(a));
	/* They refuse the mechanism, not the user (RFC 4954 section 6). */
	mechanism = code == 501 || code == 504 || code == 534 || code == 538;
	why->cause = mechanism && auth_binding(a) != NULL ?
	    AUTH_CAUSE_NO_BINDING : auth_cause(a);
	if (reply_is_permanent(&s->reply) && auth_may_rebind(a))
		return EXCHANGE_REBIND;
	return mechanism ? EXCHANGE_NEXT : EXCHANGE_REFUSED;
}

static enum exchange_result
run_exchange(struct session *s, const char *name, struct auth *a,
    bool initially, struct failure *why)
{
	const struct reply	*r = &s->reply;

	if (!send_auth(s, name, a, initially, why) ||
	    !dialogue_receive(s, STEP_AUTH, why))
		return EXCHANGE_REFUSED;
	while (r->code == 334) {	/* auth_step() limits their number */
		if (!send_response(s, a, why)) {
			if (!s->broken && auth_may_repeat(a) &&
			    cancel_exchange(s, why))
				return EXCHANGE_REPEAT;
			return abort_exchange(s, why);
		}
		if (!dialogue_receive(s, STEP_AUTH, why))
			return EXCHANGE_REFUSED;
	}
	if (reply_is_positive(r))
		return auth_finish(a, why) ? EXCHANGE_ACCEPTED :
		    abort_exchange(s, why);
	if (reply_is_permanent(r) && auth_may_repeat(a))
		return EXCHANGE_REPEAT;
	return judge_refusal(s, name, a, why);
}

static void
remark_binding(struct session *s, const char *name, const struct auth *a)
{
	s->binding = auth_binding(a);
	if (s->binding != NULL)
		dialogue_remark(s, "%s with channel binding %s", name,
		    s->binding);
}

/* Tries the mechanisms in order until one succeeds or the user is refused. */
static bool
try_mechanisms(struct session *s, const char *name, struct failure *why)
{
	const struct auth_options	*options = s->options->auth;
	struct auth_offer		 offer = offer_of(s);
	bool				 initially = true;

	while (name != NULL) {
		enum exchange_result	 result = EXCHANGE_NEXT;
		struct auth		*a;

		if (!dialogue_is_idle(s, why))
			return false;
		a = auth_start(name, options, &offer, why);
		if (a != NULL) {
			remark_binding(s, name, a);
			result = run_exchange(s, name, a, initially, why);
			offer.plus_refused |= s->binding != NULL;
			offer.secret_refused |= auth_sends_secret(a) &&
			    (s->reply.code == 534 || s->reply.code == 538);
			auth_free(a);
		} else {
			dialogue_remark(s, "%s", why->text);
			failure_prefix(why, "AUTH: ");
		}
		switch (result) {
		case EXCHANGE_ACCEPTED:
			return true;
		case EXCHANGE_REFUSED:
			return false;
		case EXCHANGE_REPEAT:
			initially = false;
			break;
		case EXCHANGE_REBIND:
			offer.end_point = true;
			break;
		case EXCHANGE_NEXT:
			initially = true;
			name = auth_choose_after(options, &offer, name);
			break;
		}
	}
	return false;
}

bool
authenticate(struct session *s, struct failure *why)
{
	const struct auth_options	*options = s->options->auth;
	const struct auth_offer		 offer = offer_of(s);
	const char			*name;
	bool				 is_optional;

	s->step = STEP_AUTH;
	/*
	 * With a certificate and no other credentials, the TLS handshake may
	 * have been the login: many servers identify clients by their
	 * certificate, without AUTH.
	 */
	is_optional = options->certificate && options->mechanisms == NULL &&
	    options->password == NULL && options->token == NULL;
	/* TLS without verification does not protect a secret. */
	if (s->encrypted && !options->in_clear &&
	    s->options->tls_policy == SESSION_TLS_OPPORTUNISTIC) {
		if (is_optional)
			return true;
		failed(why, EX_NOPERM, "AUTH: credentials are not sent to a "
		    "server whose certificate is not verified");
		why->cause = AUTH_CAUSE_UNVERIFIED;
		return false;
	}
	name = auth_choose(options, &offer, why);
	if (name == NULL)
		return is_optional || failure_prefix(why, "AUTH: ");
	if (options->password != NULL)
		secrets_add(&s->secrets, options->password);
	if (options->token != NULL)
		secrets_add(&s->secrets, options->token);
	if (try_mechanisms(s, name, why))
		return true;
	/* The text may quote a challenge that has been decoded. */
	secrets_mask(&s->secrets, why->text, sizeof(why->text));
	return false;
}

void
authenticate_list_obstructed(const struct session *s,
    enum auth_obstacle obstacle, struct buffer *names)
{
	const struct auth_offer	offer = offer_of(s);

	auth_list_obstructed(s->options->auth, &offer, obstacle, names);
}
