#include "submit/storm_rule.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>

#include "queue/storm.h"
#include "util/buffer.h"

static bool
may_be_collected(const struct storm_rule *r)
{
	const struct envelope	*env = r->envelope;
	struct config_subject	 subject = { .from = env->reverse_path,
				    .user = r->me->user };

	if (message_size(r->message) > STORM_SIZE_MAX || env->envid != NULL ||
	    env->ret != RETURN_UNSPECIFIED || env->requiretls != REQUIRETLS_NO)
		return false;
	for (size_t i = 0; i < env->n; i++) {
		subject.to = env->forward[i].path;
		if (env->forward[i].notify != 0 ||
		    env->forward[i].orcpt != NULL ||
		    config_bool(r->config, &subject, KEY_REQUIRETLS))
			return false;
	}
	return true;
}

static void
defer(struct storm_rule *r, const struct setting *set, int64_t until)
{
	struct outcome	deferred = { .kind = OUTCOME_DEFERRED,
			    .status = EX_TEMPFAIL, .not_attempted = true };
	time_t		at = (time_t)until;
	struct tm	tm;
	char		date[40] = "";

	if (localtime_r(&at, &tm) != NULL)
		strftime(date, sizeof(date), " at %Y-%m-%d %H:%M %z", &tm);
	snprintf(r->reason, sizeof(r->reason), "%s: storm = %s", set->origin,
	    set->value);
	outcome_set_text(&deferred, "collected for a digest, which will be "
	    "sent%s (%s)", date, r->reason);
	for (size_t i = 0; i < r->envelope->n; i++)
		if (r->outcomes[i].kind == OUTCOME_WAITING)
			outcome_set(&r->outcomes[i], &deferred);
	outcome_clear(&deferred);
}

int64_t
storm_rule_apply(struct storm_rule *r, int64_t now)
{
	const struct config_subject	 subject = {
		.from = r->envelope->reverse_path,
		.user = r->me->user,
	};
	struct buffer			 key = { 0 };
	struct storm_message		 m = { .uid = r->uid };
	int64_t				 ms, until;
	struct failure			 why;

	if (subject.from[0] == '\0' || !config_rate(r->config, &subject,
	    KEY_STORM, &m.limit, &ms))
		return 0;
	storm_key(&key, r->uid, r->envelope, r->outcomes);
	m.key = key.data;
	m.period = ms / 1000;
	if (!storm_count(r->spool, &m, now, &until, &why))
		log_line(r->log, LOG_WARNING, "storm has no effect on a "
		    "message from <%s>: %s", subject.from, why.text);
	buffer_free(&key);
	if (until == 0 || !may_be_collected(r))
		return 0;
	defer(r, config_find(r->config, &subject, KEY_STORM), until);
	return until;
}
