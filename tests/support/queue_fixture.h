/*
 * queue_fixture.h - run relais with a queue and a smarthost
 */
#ifndef SUPPORT_QUEUE_FIXTURE_H
#define SUPPORT_QUEUE_FIXTURE_H

#include "support/mock_smtp.h"
#include "support/temp_dir.h"

struct queue_fixture {
	struct temp_dir		 dir;
	struct temp_dir		 memory;	/* of the spool, or "" */
	struct mock_smtp	*host;
	char			 conf[80];
	char			 spool[80];	/* DIR/spool */
};

/* more: further lines of the configuration, or NULL; may set queue. */
void	queue_fixture_open(struct queue_fixture *, const struct script *,
	    const char *more);

/*
 * With the spool in memory if possible, for tests with hundreds of runs: they
 * would be slow if each fsync(2) waited for a disk.
 */
void	queue_fixture_open_fast(struct queue_fixture *, const struct script *);

/* Replaces the smarthost and the configuration; the spool remains. */
void	queue_fixture_change(struct queue_fixture *, const struct script *,
	    const char *more);

void	queue_fixture_close(struct queue_fixture *);

/* Queues a message with -odq for each recipient; "" ends the list. */
void	queue_fixture_put(struct queue_fixture *, const char *sender,
	    const char *const *recipients);

/* Queues one message for all recipients. */
void	queue_fixture_put_one(struct queue_fixture *, const char *sender,
	    const char *const *recipients);

/*
 * Runs relais -C CONF with an argument such as "-q"; checks its status, and
 * that it prints why messages were not sent if that is EX_TEMPFAIL.
 */
void	queue_fixture_run(struct queue_fixture *, const char *argument,
	    int status);

enum { QUEUE_FIXTURE_ANY = -1 };	/* EX_OK or EX_TEMPFAIL */

/* Makes every entry due. */
void	queue_fixture_make_due(const struct queue_fixture *);

/*
 * In every entry, replaces each digit of the number after a word such as
 * "arrived ".
 */
void	queue_fixture_rewrite(struct queue_fixture *, const char *word,
	    char digit);

#endif
