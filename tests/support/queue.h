/*
 * queue.h - a queue, a smarthost, and the program between them
 */
#ifndef SUPPORT_QUEUE_H
#define SUPPORT_QUEUE_H

#include "support/folder.h"
#include "support/smarthost.h"

struct queue_place {
	struct folder		 folder;
	struct folder		 memory;	/* the spool's, or "" */
	struct smarthost	*host;
	char			 conf[80];
	char			 spool[80];	/* FOLDER/spool */
};

/* more: lines for the configuration, or NULL; a queue in it wins. */
void	queue_place_open(struct queue_place *, const struct script *,
	    const char *more);

/*
 * With the spool in memory where that can be, for tests with hundreds of
 * runs: flushing each to a disk would prove no more.
 */
void	queue_place_open_fast(struct queue_place *, const struct script *);

/* Another smarthost and configuration for the same spool. */
void	queue_place_change(struct queue_place *, const struct script *,
	    const char *more);

void	queue_place_close(struct queue_place *);

/* Queues a message with -odq for each recipient; "" ends them. */
void	queue_put(struct queue_place *, const char *sender,
	    const char *const *recipients);

/* The same, all of them in one message. */
void	queue_put_one(struct queue_place *, const char *sender,
	    const char *const *recipients);

/* relais -C CONF with one argument ("-q"); the exit status must be this. */
void	queue_run(struct queue_place *, const char *argument, int status);

/*
 * Writes another number behind a word that an entry's file holds once, such
 * as "arrived ", in every entry; as many digits as there are.
 */
void	queue_rewrite(struct queue_place *, const char *word, char digit);

#endif
