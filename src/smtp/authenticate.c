/*
 * authenticate.c - carries a SASL exchange over SMTP (RFC 4954)
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "smtp/auth.h"
#include "smtp/dialogue.h"
#include "util/base64.h"

enum {
	LINE_MAX_INITIAL = 512,	/* octets with CRLF (RFC 4954 section 4) */
	STEPS_MAX = 16,		/* no mechanism needs more than five */
};

/* "AUTH NAME", with the initial response where the line has room for it. */
static bool
say_auth(struct session *s, const char *name, struct auth *a,
    struct buffer *initial, bool *initial_sent, struct failure *why)
{
	struct buffer	line = { 0 };
	char		shown[64];
	bool		good;

	buffer_addf(&line, "AUTH %s", name);
	*initial_sent = false;
	if (auth_initial(a, initial)) {
		struct buffer	encoded = { 0 };

		base64_encode(&encoded, initial->data, initial->len);
		if (line.len + 1 + encoded.len + 2 <= LINE_MAX_INITIAL) {
			buffer_addf(&line, " %s",
			    encoded.len > 0 ? encoded.data : "=");
			*initial_sent = true;
		}
		buffer_wipe(&encoded);
	}
	snprintf(shown, sizeof(shown), "AUTH %s%s", name,
	    *initial_sent ? " ****" : "");
	good = dialogue_say_secret(s, shown, line.data, why);
	buffer_wipe(&line);
	return good;
}

/* Answers the 334 in s->reply. */
static bool
say_response(struct session *s, struct auth *a, struct buffer *initial,
    bool *initial_sent, struct failure *why)
{
	struct buffer	challenge = { 0 };
	struct buffer	response = { 0 };
	struct buffer	line = { 0 };
	bool		good = true;
	const char	*text = s->challenge.data;
	size_t		len = s->challenge.len;

	if (!*initial_sent && initial->len > 0) {
		/* It asks for what did not fit on the command line. */
		buffer_add(&response, initial->data, initial->len);
		*initial_sent = true;
	} else if (!base64_decode(&challenge, text, len)) {
		good = failed(why, EX_PROTOCOL,
		    "the server's challenge is no base64");
	} else {
		good = auth_step(a, challenge.data, challenge.len, &response,
		    why);
	}
	if (good) {
		base64_encode(&line, response.data, response.len);
		good = dialogue_say_secret(s, "****",
		    line.data != NULL ? line.data : "", why);
	}
	buffer_wipe(&challenge);
	buffer_wipe(&response);
	buffer_wipe(&line);
	return good;
}

/* 504 and 534 refuse the mechanism, not the user (RFC 4954 section 6). */
static bool
refuses_mechanism(const struct reply *r)
{
	return r->code == 504 || r->code == 534 || r->code == 538;
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

/*
 * What is broken off ends the connection, too: a server that is not to be
 * trusted hears no more of us.
 */
static bool
respond(struct session *s, struct auth *a, int step, struct buffer *initial,
    bool *initial_sent, struct failure *why)
{
	if (step >= STEPS_MAX)
		failed(why, EX_PROTOCOL, "the server asks without end");
	else if (say_response(s, a, initial, initial_sent, why))
		return true;
	s->broken = true;
	return failure_prefix(why, "AUTH: ");
}

static bool
finish(struct session *s, struct auth *a, struct failure *why)
{
	if (auth_finish(a, why))
		return true;
	s->broken = true;
	return failure_prefix(why, "AUTH: ");
}

/*
 * One mechanism, to the server's last word.  False with *unfit where another
 * mechanism may do.
 */
static bool
exchange(struct session *s, const char *name, bool *unfit,
    struct failure *why)
{
	struct buffer	 initial = { 0 };
	struct auth	*a;
	bool		 initial_sent;
	bool		 good;

	*unfit = false;
	a = auth_start(name, s->options->auth, s->options->tls_module,
	    s->stream.tls, why);
	if (a == NULL)
		return false;
	good = say_auth(s, name, a, &initial, &initial_sent, why) &&
	    dialogue_hear(s, STEP_AUTH, why);
	for (int i = 0; good && s->reply.code == 334; i++)
		good = respond(s, a, i, &initial, &initial_sent, why) &&
		    dialogue_hear(s, STEP_AUTH, why);
	if (good && reply_is_positive(&s->reply)) {
		good = finish(s, a, why);
	} else if (good) {
		*unfit = refuses_mechanism(&s->reply);
		good = refused(s, name, a, why);
	}
	buffer_wipe(&initial);
	auth_free(a);
	return good;
}

/* Encrypted, but to whom?  Such a peer gets no more than one in clear. */
static bool
is_unverified(const struct session *s)
{
	return s->encrypted && s->options->tls_policy == TLS_OPPORTUNISTIC;
}

/*
 * With a certificate and nothing else the handshake may have been the login
 * already: many servers know their clients by it, without AUTH.
 */
static bool
may_do_without(const struct auth_options *options)
{
	return options->certificate && options->mechanisms == NULL &&
	    options->password == NULL && options->token == NULL;
}

/* From the strongest on, until one is taken or the user is refused. */
static bool
try_each(struct session *s, const char *name, const char *offered,
    struct failure *why)
{
	bool	unfit;

	while (name != NULL) {
		if (!dialogue_is_quiet(s, why))
			return false;
		if (exchange(s, name, &unfit, why))
			return true;
		if (!unfit)
			return false;
		name = auth_choose_after(s->options->auth, offered, name,
		    s->options->tls_module, s->stream.tls);
	}
	return false;
}

bool
authenticate(struct session *s, struct failure *why)
{
	const struct auth_options	*options = s->options->auth;
	const char			*offered = s->mechanisms.data;
	const char			*name;

	s->step = STEP_AUTH;
	if (offered == NULL)
		offered = "";
	if (is_unverified(s) && !options->in_clear) {
		if (may_do_without(options))
			return true;
		return failed(why, EX_NOPERM, "AUTH: the server's certificate "
		    "is not checked, so it could be anybody: set "
		    "tls = required");
	}
	name = auth_choose(options, offered, s->options->tls_module,
	    s->stream.tls, why);
	if (name == NULL)
		return may_do_without(options) ||
		    failure_prefix(why, "AUTH: ");
	return try_each(s, name, offered, why);
}
