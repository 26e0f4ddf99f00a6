/*
 * temp_spool.h - a temporary spool, and messages for it
 */
#ifndef SUPPORT_TEMP_SPOOL_H
#define SUPPORT_TEMP_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/message.h"
#include "queue/spool.h"

/* Creates a spool in a new directory; any error ends the test. */
void	temp_spool_make(struct spool *, uint64_t size_max);

/* Creates it below a directory, such as one on another file system. */
void	temp_spool_make_in(struct spool *, const char *dir,
	    uint64_t size_max);

/* Opens the spool of a program under test; any error ends the test. */
void	temp_spool_open(struct spool *, const char *directory);

/* Closes the spool and removes its directory. */
void	temp_spool_remove(struct spool *);

/* "Subject: ..." and a random body of that many octets, lines of 70. */
void	temp_spool_message(struct message *, const struct spool *, size_t body,
	    unsigned seed);

/* Whether header, body and properties are equal. */
bool	temp_spool_same_message(const struct message *, const struct message *);

/* Commits a small message for recipients (ended by ""), and sets its ID. */
void	temp_spool_put(struct spool *, char *id, const char *const *recipients);

/*
 * The entries in a directory of a spool, one per line, as the status of each
 * forward-path: "?a@example.org +b@example.org".  "" if the directory does
 * not exist.  Valid until the next call.
 */
const char *temp_spool_entries(const char *directory, enum spool_dir);

/* Waits until n entries are in the queue, or fails the test. */
void	temp_spool_wait(const char *directory, size_t n);

/*
 * Seconds until the next attempt for the only entry in the queue; whether a
 * process has locked it.
 */
int64_t	temp_spool_next(const char *directory, bool *locked);

/* The number of files in a directory of the spool. */
size_t	temp_spool_count(struct spool *, enum spool_dir);
size_t	temp_spool_count_in(const char *directory, enum spool_dir);

#endif
