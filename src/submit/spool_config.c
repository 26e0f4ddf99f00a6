#include "submit/spool_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/value.h"
#include "util/file.h"
#include "util/text.h"

/* *why has only the reason. */
static enum spool_config
open_spool(struct spool *spool, const struct config *config, bool create,
    struct failure *why)
{
	const char		*directory = config_text(config, NULL,
				    KEY_QUEUE);
	struct spool_options	 options = {
		.create = create,
		.size_max = config_number(config, NULL, KEY_QUEUE_SIZE_LIMIT),
	};

	*spool = (struct spool){ 0 };
	if (strcmp(directory, "off") == 0) {
		failed(why, EX_OSFILE, "the queue is disabled");
		return SPOOL_CONFIG_OFF;
	}
	if (spool_open(spool, directory, &options, why))
		return SPOOL_CONFIG_OPEN;
	*spool = (struct spool){ 0 };
	return config_find(config, NULL, KEY_QUEUE) != NULL ?
	    SPOOL_CONFIG_BROKEN : SPOOL_CONFIG_NONE;
}

/* Adds the directory and the line of the configuration to the reason. */
static void
add_names(struct failure *why, const struct config *config,
    enum spool_config result)
{
	const struct setting	*set = config_find(config, NULL, KEY_QUEUE);

	if (result == SPOOL_CONFIG_OPEN)
		return;
	if (result != SPOOL_CONFIG_OFF)
		failure_prefix(why, "the queue directory %s: ",
		    config_text(config, NULL, KEY_QUEUE));
	if (set != NULL)
		failure_suffix(why, " (%s)", set->origin);
}

void
spool_config_spill(struct spill_directories *to, const struct spool *spool)
{
	const char	*tmp = secure_getenv("TMPDIR");
	size_t		 n = 0;

	*to = (struct spill_directories){ 0 };
	if (spool->spill != NULL)
		to->directory[n++] = spool->spill;
	/* After sudo or in cron, it may belong to another user or not exist. */
	if (tmp != NULL && tmp[0] == '/' && strcmp(tmp, "/tmp") != 0)
		to->directory[n++] = tmp;
	to->directory[n] = "/tmp";
}

bool
spool_config_spare(struct message_spare *spare, struct spill_directories *spill,
    const struct spool *spool)
{
	const char	**outside = spill->directory;

	if (spool->spill != NULL)
		outside++;
	for (const char **d = outside; *d != NULL; d++) {
		spare->directory = *d;
		spare->fd = file_unnamed(*d);
		if (spare->fd != -1) {
			*outside = NULL;
			return true;
		}
	}
	return false;
}

struct sandbox
spool_config_sandbox(const struct spool *spool)
{
	if (spool == NULL)
		return (struct sandbox){ .directory = -1, .owner = (uid_t)-1,
		    .group = (gid_t)-1 };
	return (struct sandbox){ .directory = spool->fd,
	    .owner = spool->owner, .group = spool->group };
}

enum spool_config
spool_config_open(struct spool *spool, const struct config *config,
    struct failure *why)
{
	/* Without a configuration, the directory is not created. */
	bool			create = config_find(config, NULL, KEY_QUEUE) ||
				    config_find(config, NULL, KEY_SMARTHOST);
	enum spool_config	result = open_spool(spool, config, create, why);

	add_names(why, config, result);
	if (result == SPOOL_CONFIG_OFF || result == SPOOL_CONFIG_NONE)
		why->status = EX_TEMPFAIL;
	if (result == SPOOL_CONFIG_BROKEN && why->status == EX_OSFILE)
		why->status = EX_CANTCREAT;
	return result;
}

enum spool_config
spool_config_examine(struct spool *spool, const struct config *config,
    struct failure *why)
{
	enum spool_config	result = open_spool(spool, config, false, why);

	/* The directory exists, and this user has no access. */
	if (result != SPOOL_CONFIG_OPEN && why->status == EX_CANTCREAT)
		why->status = EX_NOPERM;
	if (result != SPOOL_CONFIG_OPEN && why->status == EX_OSFILE)
		why->status = EX_OK;
	return result;
}

bool
spool_config_is_new(const struct config *config, struct failure *why)
{
	if (!spool_is_new(config_text(config, NULL, KEY_QUEUE), why))
		return false;
	failed(why, EX_OK, "no message has been queued yet");
	return true;
}

enum spool_config
spool_config_find(struct spool *spool, const struct config *config,
    struct failure *why)
{
	enum spool_config	result = spool_config_examine(spool, config,
				    why);
	struct failure		lost;

	if ((result == SPOOL_CONFIG_NONE || result == SPOOL_CONFIG_BROKEN) &&
	    why->status == EX_OK && spool_is_partial(config_text(config, NULL,
	    KEY_QUEUE), &lost))
		*why = lost;
	add_names(why, config, result);
	return result;
}

void
spool_config_retry(struct retry_schedule *s, const struct config *config)
{
	const char	*text = config_text(config, NULL, KEY_QUEUE_RETRY);
	const char	*word;
	size_t		 len;

	/* value_check() has checked the number and the form of the words. */
	s->n = 0;
	while (s->n < RETRY_DELAYS_MAX &&
	    (word = text_next_word(&text, &len)) != NULL) {
		char		copy[24];
		uint64_t	ms;

		strlcpy(copy, word, len < sizeof(copy) ? len + 1 :
		    sizeof(copy));
		if (value_duration(copy, &ms))
			s->delay[s->n++] = (int64_t)(ms / 1000);
	}
}
