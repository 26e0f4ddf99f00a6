#include <sysexits.h>

#include "check/local.h"
#include "queue/spool.h"
#include "submit/spool_config.h"

/* Mail can leave without the spool, unless the smarthost cannot be reached. */
static void
report_closed(struct check *c, struct check_finding *found,
    enum spool_config answer, const struct failure *why)
{
	if (answer != SPOOL_CONFIG_OFF && why->status == EX_OK) {
		check_report(c, found, "does not exist yet: it is created "
		    "for the first message that has to wait");
		return;
	}
	found->verdict = CHECK_WARNING;
	if (answer == SPOOL_CONFIG_OFF)
		found->object = NULL;
	else
		found->remedy = "run relais check as root, or correct the "
		    "owner and the mode of the directory";
	check_report(c, found, "%s", why->text);
}

void
check_spool(struct check *c)
{
	const struct setting	*set = config_find(c->config, NULL, KEY_QUEUE);
	struct check_finding	 found = { .stage = CHECK_SPOOL,
				    .verdict = CHECK_OK,
				    .object = config_text(c->config, NULL,
				    KEY_QUEUE) };
	struct spool_totals	 waiting, lost;
	struct spool		 spool;
	struct failure		 why;
	enum spool_config	 answer;

	answer = spool_config_find(&spool, c->config, &why);
	if (answer != SPOOL_CONFIG_OPEN) {
		report_closed(c, &found, answer, &why);
		return;
	}
	found.origin = set != NULL ? set->origin : NULL;
	if (!spool_count(&waiting, &spool, SPOOL_QUEUE, &why) ||
	    !spool_count(&lost, &spool, SPOOL_FAILED, &why)) {
		check_report_failure(c, &found, &why);
	} else if (lost.entries > 0) {
		found.verdict = CHECK_WARNING;
		found.remedy = "run relais queue list --failed";
		check_report(c, &found, "%zu waiting, %zu given up",
		    waiting.entries, lost.entries);
	} else {
		check_report(c, &found, "%zu waiting, none given up",
		    waiting.entries);
	}
	spool_close(&spool);
}
