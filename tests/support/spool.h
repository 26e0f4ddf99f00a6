/*
 * spool.h - a spool in a folder of its own, and messages to put into it
 */
#ifndef SUPPORT_SPOOL_H
#define SUPPORT_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/message.h"
#include "queue/spool.h"

/* A new folder with a new spool in it; ends the test if there can be none. */
void	scratch_spool(struct spool *, uint64_t size_max);

/* The same below a folder, such as one on another file system. */
void	scratch_spool_in(struct spool *, const char *folder,
	    uint64_t size_max);

/* Closes the spool and removes its folder with all that is in it. */
void	scratch_remove(struct spool *);

/* "Subject: ..." and a body of so many octets, lines of 70, from a seed. */
void	make_message(struct message *, const struct spool *, size_t body,
	    unsigned seed);

/* The same octets in header and body, the same facts about them. */
bool	same_message(const struct message *, const struct message *);

/* Commits a small message for these recipients ("" ends them); its name. */
void	put_entry(struct spool *, char *id, const char *const *recipients);

/*
 * What a folder of the spool in that directory holds, an entry a line as
 * "?a@example.org +b@example.org": the status of each forward-path.  "" if
 * there is no such folder.  Good until the next call.
 */
const char *tell_entries(const char *directory, enum spool_folder);

/* How many names a folder holds. */
size_t	count_names(struct spool *, enum spool_folder);

#endif
