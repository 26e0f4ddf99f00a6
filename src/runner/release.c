#include "runner/release.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "mail/address.h"
#include "queue/commit.h"
#include "runner/collect.h"
#include "submit/expand.h"
#include "submit/local_names.h"
#include "util/clock.h"
#include "util/memory.h"

static bool
is_to_be_sent(const struct envelope_file *file, size_t i)
{
	const char	*path = file->envelope.forward[i].path;
	struct address	 address;
	struct failure	 ignored;

	if (file->outcomes[i].kind == OUTCOME_DELIVERED ||
	    !address_parse_path(&address, path, strlen(path), &ignored))
		return false;
	address_free(&address);
	return true;
}

/* Fills in the envelope with the recipients to be sent to. */
static bool
expand_again(struct envelope *env, const struct envelope_file *file,
    const struct expand_options *options, struct failure *why)
{
	struct outcome	*outcomes = NULL;
	bool		 good;

	for (size_t i = 0; i < file->envelope.n; i++)
		if (is_to_be_sent(file, i))
			envelope_add_like(env, file->envelope.forward[i].path,
			    &file->envelope.forward[i]);
	if (env->n == 0)
		return failed(why, EX_DATAERR, "none of the remaining "
		    "recipients has a valid address");
	good = expand_recipients(options, env, &outcomes, NULL, why);
	for (size_t i = 0; good && i < env->n; i++)
		if (outcomes[i].kind == OUTCOME_FAILED)
			good = failed(why, outcomes[i].status, "%s",
			    outcome_text(&outcomes[i]));
	outcome_list_free(outcomes, env->n);
	return good;
}

/* Removes the new entry, which is locked, if the old one cannot be removed. */
static void
withdraw(struct spool *spool, const char *id, int fd, struct failure *why)
{
	struct entry	entry;
	struct failure	how;

	if (!entry_take(&entry, spool, id, fd, &how) ||
	    !entry_remove(&entry, &how))
		failure_suffix(why, "; the message is also in the queue: %s",
		    how.text);
	entry_close(&entry);
}

static bool
release_failed(struct entry *entry, const struct config *config,
    const struct identity *me, char id[ID_SIZE], struct failure *why)
{
	const struct envelope_file	*file = &entry->file;
	struct local_names		 names;
	struct expand_options		 options = {
		.local_names = &names,
		.max = config_number(config, NULL, KEY_RECIPIENT_LIMIT),
	};
	struct envelope			 env;
	struct outcome			*outcomes;
	int				 fd = -1;
	struct spool_submission		 submission = {
		.envelope = &env,
		.message = &entry->message,
		.reason = file->reason,
		.next = clock_now(),
		.uid = file->uid,
		.caller = file->caller,
		.keep = &fd,
	};
	bool				 good;

	local_names_begin(&names, config, me);
	envelope_begin_like(&env, &file->envelope);
	good = expand_again(&env, file, &options, why);
	/* The expanded recipients wait, with an empty outcome. */
	outcomes = memory_new(env.n + file->envelope.n, sizeof(*outcomes));
	for (size_t i = 0; good && i < file->envelope.n; i++) {
		if (is_to_be_sent(file, i))
			continue;
		outcomes[env.n] = file->outcomes[i];
		envelope_add_like(&env, file->envelope.forward[i].path,
		    &file->envelope.forward[i]);
	}
	submission.outcomes = outcomes;
	good = good && spool_commit(entry->spool, &submission, id, why);
	if (good && entry_remove(entry, why)) {
		close(fd);
	} else if (good) {
		withdraw(entry->spool, id, fd, why);
		good = false;
	}
	free(outcomes);
	envelope_free(&env);
	local_names_end(&names);
	return good;
}

bool
release_entry(struct entry *entry, const struct config *config,
    const struct identity *me, char id[ID_SIZE], struct failure *why)
{
	if (entry->dir == SPOOL_FAILED)
		return release_failed(entry, config, me, id, why) ||
		    failure_prefix(why, "%s: ", entry->name);
	strlcpy(id, entry->name, ID_SIZE);
	entry->next = clock_now();
	return collect_may_change(entry, why) && entry_hold(entry, false, why);
}
