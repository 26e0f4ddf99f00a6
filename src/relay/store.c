#include "relay/store.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum store_answer
store_open(struct spool *spool, const struct config *config,
    struct failure *why)
{
	const struct setting	*set = config_find(config, NULL, KEY_QUEUE);
	const char		*directory = config_text(config, NULL,
				    KEY_QUEUE);
	struct spool_options	 options = {
		.create = true,
		.size_max = config_number(config, NULL, KEY_QUEUE_SIZE_LIMIT),
	};

	*spool = (struct spool){ 0 };
	if (strcmp(directory, "off") == 0) {
		failed(why, EX_TEMPFAIL, "there is no queue (%s)",
		    set != NULL ? set->origin : "queue = off");
		return STORE_NONE;
	}
	if (spool_open(spool, directory, &options, why))
		return STORE_OPEN;
	*spool = (struct spool){ 0 };
	if (set == NULL) {
		why->status = EX_TEMPFAIL;
		failure_prefix(why, "there is no queue: ");
		return STORE_NONE;
	}
	if (why->status == EX_OSFILE)
		why->status = EX_CANTCREAT;
	failure_suffix(why, " (%s)", set->origin);
	return STORE_BROKEN;
}

const char *
store_spill_directory(enum store_answer answer, const struct spool *spool)
{
	const char	*tmp = secure_getenv("TMPDIR");

	if (answer == STORE_OPEN)
		return spool->spill;
	return tmp != NULL && tmp[0] == '/' ? tmp : "/tmp";
}
