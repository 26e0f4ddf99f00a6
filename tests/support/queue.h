/*
 * queue.h - run relais with a queue and a smarthost
 */
#ifndef SUPPORT_QUEUE_H
#define SUPPORT_QUEUE_H

#include "support/folder.h"
#include "support/smarthost.h"

struct queue_place {
	struct folder		 folder;
	struct folder		 memory;	/* directory of the spool, or "" */
	struct smarthost	*host;
	char			 conf[80];
	char			 spool[80];	/* FOLDER/spool */
};

/* more: further lines of the configuration, or NULL; may set queue. */
void	queue_place_open(struct queue_place *, const struct script *,
	    const char *more);

/*
 * With the spool in memory if possible, for tests with hundreds of runs: they
 * would be slow if each fsync(2) waited for a disk.
 */
void	queue_place_open_fast(struct queue_place *, const struct script *);

/* Replaces the smarthost and the configuration; the spool remains. */
void	queue_place_change(struct queue_place *, const struct script *,
	    const char *more);

void	queue_place_close(struct queue_place *);

/* Queues a message with -odq for each recipient; "" ends the list. */
void	queue_put(struct queue_place *, const char *sender,
	    const char *const *recipients);

/* Queues one message for all recipients. */
void	queue_put_one(struct queue_place *, const char *sender,
	    const char *const *recipients);

/* Runs relais -C CONF with an argument such as "-q"; checks its status. */
void	queue_run(struct queue_place *, const char *argument, int status);

/*
 * In every entry, replaces each digit of the number after a word such as
 * "arrived ".
 */
void	queue_rewrite(struct queue_place *, const char *word, char digit);

#endif
