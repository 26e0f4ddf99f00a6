#include "token/device.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "token/answer.h"
#include "token/client.h"
#include "util/buffer.h"
#include "util/clock.h"
#include "util/memory.h"
#include "util/visible.h"

#define GRANT	"urn:ietf:params:oauth:grant-type:device_code"

enum {
	SECOND_MS	= 1000,
	INTERVAL_MS	= 5 * 1000,	/* RFC 8628 section 3.2 */
	SLOW_DOWN_MS	= 5 * 1000,	/* section 3.5 */
	LONGEST_MS	= 60 * 1000,	/* between retries of failures */
	EXPIRES_S	= 15 * 60,	/* if the server does not say */
	EXPIRES_MAX_S	= 60 * 60,
	SHOWN_MAX	= 1000
};

/*
 * Copies a text that is shown to people: nothing in it may have an effect on a
 * terminal.
 */
static bool
take_visible(char **to, const struct answer *a, const char *name,
    struct failure *why)
{
	char		 shown[SHOWN_MAX + 1];
	const char	*text;

	if (!answer_text(a, name, &text, why))
		return false;
	if (text == NULL)
		return true;
	visible_more(shown, sizeof(shown), text, "");
	if (text[0] == '\0' || strcmp(shown, text) != 0)
		return failed(why, EX_PROTOCOL, "\"%s\" in the reply is empty, "
		    "too long, or contains control characters", name);
	*to = memory_copy(shown);
	return true;
}

static bool
take_address(char **to, const struct answer *a, const char *name,
    struct failure *why)
{
	if (!take_visible(to, a, name, why))
		return false;
	if (*to != NULL && (strncmp(*to, "https://", 8) != 0 ||
	    strchr(*to, ' ') != NULL))
		return failed(why, EX_PROTOCOL, "\"%s\" in the reply is not an "
		    "https:// URL", name);
	return true;
}

static bool
read_answer(struct device *d, const struct answer *a, struct failure *why)
{
	const char	*code;
	int64_t		 interval, expires;

	if (!answer_text(a, "device_code", &code, why) ||
	    !take_visible(&d->user_code, a, "user_code", why) ||
	    !take_address(&d->uri, a, "verification_uri", why) ||
	    (d->uri == NULL &&		/* an old name, which Google uses */
	    !take_address(&d->uri, a, "verification_url", why)) ||
	    !take_address(&d->complete_uri, a, "verification_uri_complete",
	    why) ||
	    !answer_seconds(a, "interval", &interval, why) ||
	    !answer_seconds(a, "expires_in", &expires, why))
		return false;
	if (code == NULL || d->user_code == NULL || d->uri == NULL)
		return failed(why, EX_PROTOCOL, "the reply contains no code or "
		    "no address for the user");
	d->code = memory_copy(code);
	if (expires == -1)
		expires = EXPIRES_S;
	if (expires > EXPIRES_MAX_S)
		expires = EXPIRES_MAX_S;
	d->until = clock_ms() + expires * SECOND_MS;
	d->interval_ms = interval == -1 ? INTERVAL_MS :
	    interval == 0 ? SECOND_MS : interval * SECOND_MS;
	return d->interval_ms < expires * SECOND_MS || failed(why, EX_PROTOCOL,
	    "the server permits the first request for the token after %lld "
	    "seconds, but the code expires after %lld",
	    (long long)(d->interval_ms / SECOND_MS), (long long)expires);
}

bool
device_begin(struct device *d, const struct store *s,
    const struct http_options *o, const char *url, struct failure *why)
{
	struct buffer		 form = { 0 };
	struct http_reply	 reply;
	struct answer		*a;
	char			*host = http_host(url);
	bool			 good;

	*d = (struct device){ .code = NULL };
	http_form_add(&form, "scope", s->value[STORE_SCOPE]);
	good = client_add(&form, s, why) && http_post(&reply, o, url, &form,
	    why);
	buffer_wipe(&form);
	if (good) {
		a = answer_parse(reply.body.data != NULL ? reply.body.data :
		    "", reply.body.len, why);
		good = exchange_is_success(&reply, a, why) &&
		    read_answer(d, a, why);
		if (!good)
			failure_prefix(why, "%s: ", host);
		answer_free(a);
		http_reply_free(&reply);
	}
	free(host);
	return good;
}

/* Shows the remaining time once a second; false if the code has expired. */
static bool
pause_for(const struct device *d, int64_t ms)
{
	int64_t	until = clock_ms() + ms, now;

	while ((now = clock_ms()) < until && now < d->until) {
		d->waiting((d->until - now) / SECOND_MS);
		poll(NULL, 0, (int)(until - now < SECOND_MS ? until - now :
		    SECOND_MS));
	}
	return clock_ms() < d->until;
}

static enum exchange_result
ask(const struct device *d, const struct store *s,
    const struct http_options *o, struct exchange *e, struct failure *why)
{
	struct buffer		form = { 0 };
	enum exchange_result	result = EXCHANGE_REFUSED;

	http_form_add(&form, "grant_type", GRANT);
	http_form_add(&form, "device_code", d->code);
	*e = (struct exchange){ .access_token = NULL };
	if (client_add(&form, s, why))
		result = exchange(e, o, s->value[STORE_TOKEN_ENDPOINT], &form,
		    why);
	buffer_wipe(&form);
	return result;
}

/* Whether to ask again after a refusal; otherwise, sets why. */
static bool
is_pending(struct device *d, const char *error, struct failure *why)
{
	if (strcmp(error, "authorization_pending") == 0)
		return true;
	if (strcmp(error, "slow_down") == 0) {
		d->interval_ms += SLOW_DOWN_MS;
		return true;
	}
	if (strcmp(error, "expired_token") == 0)
		return failed(why, EX_TEMPFAIL, "the code has expired before "
		    "the login was completed");
	if (strcmp(error, "access_denied") == 0 ||
	    strcmp(error, "authorization_declined") == 0)
		failed(why, EX_NOPERM, "the login was refused: %s", why->text);
	return false;
}

bool
device_wait(struct device *d, const struct store *s,
    const struct http_options *o, struct exchange *e, struct failure *why)
{
	int64_t	wait_ms = d->interval_ms;
	char	last[sizeof(why->text)] = "";

	while (pause_for(d, wait_ms)) {
		last[0] = '\0';
		switch (ask(d, s, o, e, why)) {
		case EXCHANGE_GRANTED:
			return true;
		case EXCHANGE_REFUSED:
			if (!is_pending(d, e->error, why))
				return false;
			wait_ms = d->interval_ms;
			break;
		case EXCHANGE_FAILED:
			/* RFC 8628 section 3.5: an exponential backoff. */
			if (why->status != EX_TEMPFAIL)
				return false;
			memcpy(last, why->text, sizeof(last));
			wait_ms = wait_ms * 2 < LONGEST_MS ? wait_ms * 2 :
			    d->interval_ms > LONGEST_MS ? d->interval_ms :
			    LONGEST_MS;
			if (e->retry_after * SECOND_MS > wait_ms)
				wait_ms = e->retry_after * SECOND_MS;
			break;
		}
		exchange_free(e);
	}
	return failed(why, EX_TEMPFAIL, "the code has expired before the login "
	    "was completed%s%s", last[0] != '\0' ? "; the last request failed: "
	    : "", last);
}

void
device_free(struct device *d)
{
	memory_wipe(&d->code);
	free(d->user_code);
	free(d->uri);
	free(d->complete_uri);
	*d = (struct device){ .code = NULL };
}
