/*
 * place.h - a directory with a relais.conf, and its smarthost
 *
 *	place_open(&p, &(struct script){ 0 }, "smtp", NULL);
 *	relais_run(&o, p.conf, WORDS("-t"), "To: a@example.net\n\nhi\n");
 *	m = place_arrival(&p, 0);
 *	place_close(&p);
 *
 * See also queue.h (with a spool) and stand.h (with TLS and AUTH).
 */
#ifndef SUPPORT_PLACE_H
#define SUPPORT_PLACE_H

#include "support/folder.h"
#include "support/smarthost.h"

struct place {
	struct folder		 folder;
	struct smarthost	*host;
	const char		*conf;		/* its path */
};

/* more: lines for the configuration, or NULL. */
void	place_open(struct place *, const struct script *, const char *scheme,
	    const char *more);

/* Waits for the n-th message, from 0; fails the test if it does not arrive. */
const struct heard_message *place_arrival(struct place *, size_t n);

void	place_close(struct place *);

#endif
