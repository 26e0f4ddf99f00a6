#include "submit/login_backoff.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "config/changed.h"
#include "queue/retry.h"
#include "queue/spool_state.h"
#include "submit/spool_config.h"
#include "util/clock.h"

static enum spool_trouble
kind_of(enum connection_trouble trouble)
{
	static const enum spool_trouble	kinds[] = {
		[CONNECTION_TROUBLE_NONE] = SPOOL_TROUBLE_NONE,
		[CONNECTION_TROUBLE_CONNECT] = SPOOL_TROUBLE_CONNECT,
		[CONNECTION_TROUBLE_TLS] = SPOOL_TROUBLE_TLS,
		[CONNECTION_TROUBLE_LOGIN] = SPOOL_TROUBLE_LOGIN,
		[CONNECTION_TROUBLE_CONFIG] = SPOOL_TROUBLE_CONFIG,
		[CONNECTION_TROUBLE_BUSY] = SPOOL_TROUBLE_BUSY,
	};

	return kinds[trouble];
}

bool
login_backoff_lasts(enum connection_trouble trouble)
{
	return spool_trouble_lasts(kind_of(trouble));
}

bool
login_backoff_excuses(const struct outcome *o)
{
	return o->kind == OUTCOME_FAILED && (o->not_attempted ||
	    o->status == EX_NOPERM || o->status == EX_CONFIG);
}

static int64_t
next_step(const struct login_backoff *b, const struct spool_state_host *host,
    int64_t now)
{
	unsigned		n = host->trouble_count < 100 ?
				    (unsigned)host->trouble_count : 100;
	struct retry_schedule	schedule;

	spool_config_retry(&schedule, b->config);
	return now + retry_delay(&schedule, n + 1, false, arc4random());
}

/* Without the lock: most logins have no trouble. */
static bool
is_in_trouble(const struct login_backoff *b, const struct relay_login *login)
{
	const struct spool_state_host	*host;
	struct spool_state		 state;
	bool				 trouble;

	spool_state_read(&state, b->spool);
	host = spool_state_find(&state, login->url, login->user);
	trouble = host != NULL && host->trouble != SPOOL_TROUBLE_NONE;
	spool_state_free(&state);
	return trouble;
}

bool
login_backoff_claim(const struct login_backoff *b,
    const struct relay_login *login, bool *in_trouble, struct failure *why)
{
	int64_t			 now = clock_now();
	struct spool_state_host	*host;
	struct spool_state	 state;
	struct retry_schedule	 schedule;
	struct failure		 ignored;	/* mail goes on */
	bool			 good;

	*in_trouble = false;
	if (!is_in_trouble(b, login))
		return true;
	spool_config_retry(&schedule, b->config);
	spool_state_open(&state, b->spool, now, &ignored);
	host = spool_state_host(&state, login->url, login->user);
	*in_trouble = spool_trouble_lasts(host->trouble);
	good = !*in_trouble || b->at_once ||
	    retry_is_due(&schedule, now, host->not_before) ||
	    config_changed_us(b->config) > host->config_us;
	if (good) {
		host->not_before = next_step(b, host, now);
		host->config_us = config_changed_us(b->config);
	} else {
		failed(why, EX_TEMPFAIL, "%s", host->trouble_text);
	}
	spool_state_close(&state, &ignored);
	return good;
}

static void
record_trouble(const struct login_backoff *b, const struct relay_login *login,
    enum spool_trouble trouble, const struct failure *why)
{
	int64_t			 now = clock_now();
	int64_t			 changed_us = config_changed_us(b->config);
	struct spool_state	 state;
	struct spool_state_host	*host;
	struct failure		 ignored;	/* mail goes on */

	spool_state_open(&state, b->spool, now, &ignored);
	host = spool_state_host(&state, login->url, login->user);
	if (host->trouble == SPOOL_TROUBLE_NONE) {
		host->trouble_since = now;
		host->trouble_count = 0;
	}
	host->trouble = trouble;
	host->trouble_at = now;
	host->not_before = next_step(b, host, now);
	host->trouble_count++;
	if (changed_us > host->config_us)
		host->config_us = changed_us;
	strlcpy(host->trouble_text, why->text, sizeof(host->trouble_text));
	spool_state_close(&state, &ignored);
}

static void
clear_trouble(const struct login_backoff *b, const struct relay_login *login)
{
	int64_t			 now = clock_now();
	struct spool_state_host	*host;
	struct spool_state	 state;
	struct failure		 ignored;	/* mail goes on */

	if (!is_in_trouble(b, login))
		return;
	spool_state_open(&state, b->spool, now, &ignored);
	host = spool_state_host(&state, login->url, login->user);
	if (spool_trouble_lasts(host->trouble))
		state.resumed = now;
	host->trouble = SPOOL_TROUBLE_NONE;
	host->trouble_since = host->trouble_at = host->trouble_count = 0;
	host->not_before = host->config_us = 0;
	host->trouble_text[0] = '\0';
	spool_state_close(&state, &ignored);
}

void
login_backoff_record(const struct login_backoff *b,
    const struct relay_login *login, enum connection_trouble trouble,
    const struct failure *why)
{
	if (login_backoff_lasts(trouble))
		record_trouble(b, login, kind_of(trouble), why);
	else if (trouble == CONNECTION_TROUBLE_NONE)
		clear_trouble(b, login);
}

static bool
is_over(const struct spool_state *state, int64_t changed_us)
{
	bool	over = state->resumed != 0;

	for (size_t i = 0; i < state->n_hosts; i++)
		over |= spool_trouble_lasts(state->host[i].trouble) &&
		    changed_us > state->host[i].config_us;
	return over;
}

bool
login_backoff_is_over(const struct spool *spool, const struct config *config)
{
	struct spool_state	state;
	bool			over;

	spool_state_read(&state, spool);
	over = is_over(&state, state.n_hosts > 0 ? config_changed_us(config) :
	    0);
	spool_state_free(&state);
	return over;
}

/* False if the state cannot be written: the next call would return true. */
bool
login_backoff_end(struct spool *spool, const struct config *config,
    int64_t now)
{
	int64_t			changed_us = config_changed_us(config);
	struct spool_state	state;
	struct failure		ignored;
	bool			over;

	if (!login_backoff_is_over(spool, config))
		return false;
	over = spool_state_open(&state, spool, now, &ignored) &&
	    is_over(&state, changed_us);
	state.resumed = 0;
	for (size_t i = 0; i < state.n_hosts; i++) {
		struct spool_state_host	*host = &state.host[i];

		if (!spool_trouble_lasts(host->trouble) ||
		    changed_us <= host->config_us)
			continue;
		host->not_before = 0;
		host->config_us = changed_us;
	}
	return spool_state_close(&state, &ignored) && over;
}
