#include "token/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "token/answer.h"
#include "token/remedy.h"
#include "util/memory.h"
#include "util/visible.h"

/* Errors after which the user must log in again (also OpenID Connect). */
static const char *const login_errors[] = {
	"invalid_grant", "interaction_required", "login_required",
	"consent_required", "account_selection_required", NULL
};

/* Errors that pass. */
static const char *const passing_errors[] = {
	"temporarily_unavailable", "server_error", NULL
};

static bool
is_in(const char *const *list, const char *error)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, error) == 0)
			return true;
	return false;
}

/* RFC 6750 section 2.1, RFC 6749 appendix A: no blanks and no controls. */
static bool
is_token(const char *text)
{
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text >= 127)
			return false;
	return true;
}

static bool
take_token(char **to, const struct answer *a, const char *name,
    struct failure *why)
{
	const char	*value;

	if (!answer_text(a, name, &value, why))
		return false;
	if (value != NULL && !is_token(value))
		return failed(why, EX_PROTOCOL, "\"%s\" in the reply is not a "
		    "token", name);
	if (value != NULL)
		*to = memory_copy(value);
	return true;
}

static bool
read_grant(struct exchange *e, const struct answer *a, struct failure *why)
{
	const char	*type, *scope;

	/*
	 * The refresh token is read first: even if the rest of the reply is
	 * invalid, it has replaced the present one.
	 */
	if (!take_token(&e->refresh_token, a, "refresh_token", why) ||
	    !take_token(&e->access_token, a, "access_token", why) ||
	    !take_token(&e->id_token, a, "id_token", why) ||
	    !answer_text(a, "token_type", &type, why) ||
	    !answer_text(a, "scope", &scope, why) ||
	    !answer_seconds(a, "expires_in", &e->expires_in, why))
		return false;
	if (e->access_token == NULL)
		return failed(why, EX_PROTOCOL, "the reply contains no "
		    "access token");
	if (type != NULL && strcasecmp(type, "Bearer") != 0)
		return failed(why, EX_PROTOCOL, "the type of the access token "
		    "is not Bearer");
	if (scope != NULL)
		e->scope = memory_copy(scope);
	return true;
}

static bool
read_error(struct exchange *e, const struct answer *a, struct failure *why)
{
	const char	*error, *description;

	if (!answer_text(a, "error", &error, why) ||
	    !answer_text(a, "error_description", &description, why))
		return false;
	if (error == NULL || error[0] == '\0')
		return failed(why, EX_PROTOCOL, "the reply contains no error");
	visible(e->error, sizeof(e->error), error, strlen(error));
	if (description != NULL)
		visible(e->description, sizeof(e->description), description,
		    strcspn(description, "\r\n"));
	return true;
}

/* A status for which the request can be repeated later. */
static bool
is_passing(long status)
{
	return status >= 500 || status == 408 || status == 425 ||
	    status == 429;
}

/*
 * A reply without a JSON object, or with one that is not as specified.  The
 * request may have had its effect after a success, and if a server or a gateway
 * has failed; not if the service was not available.
 */
static enum exchange_result
unknown_reply(struct exchange *e, const struct http_reply *reply,
    struct failure *why)
{
	e->is_unknown = reply->status < 300 || (reply->status >= 500 &&
	    reply->status != 503);
	if (reply->status >= 300 && reply->status < 400)
		failed(why, EX_CONFIG, "HTTP status %ld, a redirect, which is "
		    "not followed; check the URL of the endpoint",
		    reply->status);
	else if (reply->status >= 400 && !is_passing(reply->status))
		failed(why, EX_CONFIG, "HTTP status %ld without an OAuth "
		    "error; check the URL of the endpoint",
		    reply->status);
	else
		failed(why, EX_TEMPFAIL, "HTTP status %ld: %s", reply->status,
		    why->text);
	return EXCHANGE_FAILED;
}

static enum exchange_result
read_reply(struct exchange *e, const struct http_reply *reply,
    const struct answer *a, struct failure *why)
{
	bool	has_text;

	if (a == NULL)
		return unknown_reply(e, reply, why);
	if (reply->status >= 200 && reply->status < 300)
		return read_grant(e, a, why) ? EXCHANGE_GRANTED :
		    unknown_reply(e, reply, why);
	if (!read_error(e, a, why))
		return unknown_reply(e, reply, why);
	has_text = e->description[0] != '\0';
	failed(why, is_passing(reply->status) ||
	    is_in(passing_errors, e->error) ? EX_TEMPFAIL :
	    is_in(login_errors, e->error) ? EX_NOPERM : EX_CONFIG,
	    "%s%s%s", e->error, has_text ? ": " : "", e->description);
	remedy_add(why, e->description);
	return why->status == EX_TEMPFAIL ? EXCHANGE_FAILED : EXCHANGE_REFUSED;
}

bool
exchange_is_success(const struct http_reply *reply, const struct answer *a,
    struct failure *why)
{
	struct exchange	refused = { .access_token = NULL };

	if (a != NULL && reply->status >= 200 && reply->status < 300)
		return true;
	read_reply(&refused, reply, a, why);
	return false;
}

enum exchange_result
exchange(struct exchange *e, const struct http_options *o, const char *url,
    const struct buffer *form, struct failure *why)
{
	struct http_reply	 reply;
	enum exchange_result	 result;
	struct answer		*a;
	char			*host;

	*e = (struct exchange){ .expires_in = -1, .retry_after = -1 };
	if (!http_post(&reply, o, url, form, why)) {
		e->is_unknown = reply.is_unknown;
		return EXCHANGE_FAILED;
	}
	e->retry_after = reply.retry_after;
	a = answer_parse(reply.body.data != NULL ? reply.body.data : "",
	    reply.body.len, why);
	result = read_reply(e, &reply, a, why);
	if (result != EXCHANGE_GRANTED) {
		host = http_host(url);
		failure_prefix(why, "%s: ", host);
		free(host);
	}
	answer_free(a);
	http_reply_free(&reply);
	return result;
}

void
exchange_free(struct exchange *e)
{
	memory_wipe(&e->access_token);
	memory_wipe(&e->refresh_token);
	memory_wipe(&e->id_token);
	free(e->scope);
	e->scope = NULL;
}
