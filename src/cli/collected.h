/*
 * collected.h - how many collected messages will be sent together
 */
#ifndef CLI_COLLECTED_H
#define CLI_COLLECTED_H

#include <stdbool.h>
#include <stddef.h>

#include "queue/entry.h"

/* The groups of the collected entries of a spool.  Zeroed at first. */
struct collected {
	bool	  read;
	char	**key;		/* owned; of each entry, sorted */
	size_t	  n;
	size_t	  cap;
};

/*
 * Returns how many other entries will be in the digest of a collected entry.
 * The first call reads the spool.  Returns 0 for an entry that was received
 * from the service.
 */
size_t	collected_others(struct collected *, const struct entry *);

void	collected_free(struct collected *);

#endif
