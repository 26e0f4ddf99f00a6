#include "token/renew.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "token/client.h"
#include "util/clock.h"
#include "util/utc.h"

enum {
	MARGIN = 10 * 60,	/* s; a message may wait for its turn */
	MINIMUM = 10,		/* s; less is not valid any more */
	DEFAULT_LIFETIME = 3600,
	RECENT = 60,		/* s */
	RETRY_MAX = 3600,	/* s; do not obey a wrong Retry-After */
	HTTP_MIN_MS = 3000,
	HTTP_USABLE_MS = 5000,	/* a message waits, and has a valid token */
};

/* The seconds until the token expires; 0 or less: it is not valid. */
static int64_t
validity(const struct store *s, int64_t now)
{
	int64_t	renewed = store_time(s, STORE_RENEWED);
	int64_t	expires = store_time(s, STORE_EXPIRES);

	/* If the clock was set back, the time of expiry is unknown. */
	if (s->value[STORE_ACCESS_TOKEN] == NULL || renewed > now)
		return 0;
	return expires - now;
}

static bool
is_fresh(const struct store *s, int64_t now)
{
	int64_t	half = (store_time(s, STORE_EXPIRES) -
		    store_time(s, STORE_RENEWED)) / 2;
	int64_t	margin = half < MARGIN ? half : MARGIN;

	return validity(s, now) > MINIMUM && validity(s, now) >= margin;
}

static bool
is_recent(const struct store *s, int64_t now)
{
	return validity(s, now) > MINIMUM &&
	    now - store_time(s, STORE_RENEWED) < RECENT;
}

/* Whether no renewal is necessary. */
static bool
is_sufficient(const struct store *s, enum renew_reason reason, int64_t now)
{
	return reason == RENEW_REFUSED_TOKEN ? is_recent(s, now) :
	    is_fresh(s, now);
}

void
renew_take_grant(struct store *s, const struct exchange *e, int64_t now)
{
	int64_t	lifetime = e->expires_in != -1 ? e->expires_in :
		    DEFAULT_LIFETIME;

	store_set(s, STORE_ACCESS_TOKEN, e->access_token);
	if (e->refresh_token != NULL)
		store_set(s, STORE_REFRESH_TOKEN, e->refresh_token);
	/* With client credentials, the same scope is requested each time. */
	if (e->scope != NULL && strcmp(s->value[STORE_GRANT],
	    "refresh_token") == 0)
		store_set(s, STORE_SCOPE, e->scope);
	store_set_time(s, STORE_RENEWED, now);
	store_set_time(s, STORE_EXPIRES, now + lifetime);
	store_set(s, STORE_RENEWAL_BEGUN, NULL);
	store_set(s, STORE_RETRY_AT, NULL);
	store_set(s, STORE_TROUBLE_AT, NULL);
	store_set(s, STORE_TROUBLE, NULL);
}

/* Adds the remedy to the text about a refusal. */
static void
explain_refusal(const struct store *s, int64_t begun, struct failure *why)
{
	char	at[64];

	if (why->status != EX_NOPERM)
		return;
	if (begun != 0)
		failure_suffix(why, " (the renewal of %s was interrupted; the "
		    "server may have replaced the refresh token then)",
		    utc_text(at, sizeof(at), begun));
	failure_suffix(why, "; the login has ended; run: relais login %s",
	    s->name);
}

/*
 * Records the failure, and a refresh token that has replaced the present one
 * although the rest of the reply was invalid.  A failure to write this changes
 * nothing for the caller.
 */
static void
record_failure(struct store *s, const struct exchange *e, int64_t begun,
    int64_t now, const struct failure *why)
{
	struct failure	ignored;
	int64_t		wait = e->retry_after < RETRY_MAX ? e->retry_after :
			    RETRY_MAX;

	if (e->refresh_token != NULL)
		store_set(s, STORE_REFRESH_TOKEN, e->refresh_token);
	if (!e->is_unknown || e->refresh_token != NULL)
		store_set_time(s, STORE_RENEWAL_BEGUN, begun);
	if (why->status == EX_TEMPFAIL && wait > 0)
		store_set_time(s, STORE_RETRY_AT, now + wait);
	store_set_time(s, STORE_TROUBLE_AT, now);
	store_set(s, STORE_TROUBLE, why->text);
	store_write(s, &ignored);
}

/* Steps 2 to 4, with the lock. */
static bool
exchange_and_store(struct store *s, const struct http_options *options,
    struct failure *why)
{
	int64_t			 begun = store_time(s, STORE_RENEWAL_BEGUN);
	struct buffer		 form = { 0 };
	struct exchange		 e = { .retry_after = -1 };
	enum exchange_result	 result = EXCHANGE_FAILED;

	store_set_time(s, STORE_RENEWAL_BEGUN, (int64_t)time(NULL));
	if (!client_add_renewal(&form, s, why) || !store_write(s, why) ||
	    !store_reserve(s, why)) {
		buffer_wipe(&form);
		return false;
	}
	result = exchange(&e, options, s->value[STORE_TOKEN_ENDPOINT], &form,
	    why);
	buffer_wipe(&form);
	if (result == EXCHANGE_GRANTED) {
		renew_take_grant(s, &e, (int64_t)time(NULL));
		if (!store_write(s, why)) {
			if (e.refresh_token != NULL)
				failure_suffix(why, "; the server has replaced "
				    "the refresh token, and the new one is "
				    "lost; run: relais login %s", s->name);
			why->status = EX_IOERR;
			result = EXCHANGE_FAILED;
		}
	} else {
		explain_refusal(s, begun, why);
		record_failure(s, &e, begun, (int64_t)time(NULL), why);
		failure_prefix(why, "%s: the access token cannot be renewed: ",
		    s->name);
	}
	exchange_free(&e);
	return result == EXCHANGE_GRANTED;
}

/* A signal must not end the process before the new tokens are stored. */
static bool
renew(struct store *s, const struct http_options *options, struct failure *why)
{
	static const int	signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
				    SIGUSR1, SIGUSR2 };
	sigset_t		blocked, before;
	bool			good;

	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaddset(&blocked, signals[i]);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	good = exchange_and_store(s, options, why);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return good;
}

/* Whether the server has sent Retry-After, and that time has not passed. */
static bool
must_wait(const struct store *s, int64_t now, struct failure *why)
{
	int64_t	until = store_time(s, STORE_RETRY_AT);
	char	at[64];

	if (until <= now || until > now + RETRY_MAX)
		return false;
	failed(why, EX_TEMPFAIL, "%s: the authorization server asked not to "
	    "try again before %s", s->name, utc_text(at, sizeof(at), until));
	if (s->value[STORE_TROUBLE] != NULL)
		failure_suffix(why, ": %s", s->value[STORE_TROUBLE]);
	return true;
}

/*
 * Whether the renewal of another process has failed while this one waited for
 * the lock: otherwise, each of many messages would wait for the same timeout
 * after the others.
 */
static bool
has_just_failed(const struct store *s, int64_t started, struct failure *why)
{
	int64_t	at = store_time(s, STORE_TROUBLE_AT);

	if (at <= started || at - (int64_t)time(NULL) > RECENT)
		return false;
	failed(why, EX_TEMPFAIL, "%s: the access token cannot be renewed",
	    s->name);
	if (s->value[STORE_TROUBLE] != NULL)
		failure_suffix(why, ": %s", s->value[STORE_TROUBLE]);
	return true;
}

/* With the lock. */
static bool
renew_unless_done(struct store *s, const struct http_options *options,
    enum renew_reason reason, int64_t started, struct failure *why)
{
	int64_t	now;

	if (!store_read(s, why))
		return false;
	now = (int64_t)time(NULL);
	if (is_sufficient(s, reason, now))
		return true;
	return !must_wait(s, now, why) && !has_just_failed(s, started, why) &&
	    renew(s, options, why);
}

/* A renewal failed just now: not every message should wait for one. */
static bool
has_failed_recently(const struct store *s, int64_t now)
{
	int64_t	at = store_time(s, STORE_TROUBLE_AT);

	return at <= now && now - at < RECENT;
}

bool
renew_token(struct store *s, const struct http_options *given,
    enum renew_reason reason, struct failure *why)
{
	struct http_options	options = *given;
	int64_t			deadline = clock_ms() + RENEW_MS, left;
	int64_t			started = (int64_t)time(NULL);
	bool			usable, good = false;

	if (!store_read(s, why))
		return false;
	if (is_sufficient(s, reason, (int64_t)time(NULL)))
		return true;
	usable = reason == RENEW_IF_NECESSARY &&
	    validity(s, (int64_t)time(NULL)) > MINIMUM;
	if (usable && has_failed_recently(s, (int64_t)time(NULL)))
		return true;
	if (usable && options.timeout_ms > HTTP_USABLE_MS)
		options.timeout_ms = HTTP_USABLE_MS;
	if (store_lock(s, usable ? 0 : RENEW_MS - HTTP_MIN_MS, why) ==
	    STORE_LOCKED) {
		left = deadline - clock_ms();
		if (left < options.timeout_ms)
			options.timeout_ms = left > HTTP_MIN_MS ? left :
			    HTTP_MIN_MS;
		good = renew_unless_done(s, &options, reason, started, why);
	}
	if (!good && (why->status == EX_TEMPFAIL ||
	    why->status == EX_CANTCREAT) && usable &&
	    validity(s, (int64_t)time(NULL)) > MINIMUM)
		return true;
	if (!good)
		store_set(s, STORE_ACCESS_TOKEN, NULL);
	return good;
}
