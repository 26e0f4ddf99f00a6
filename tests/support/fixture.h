/*
 * fixture.h - a directory with a relais.conf, and its smarthost
 *
 *	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
 *	relais_run(&o, p.conf, WORDS("-t"), "To: a@example.net\n\nhi\n");
 *	m = fixture_message(&p, 0);
 *	fixture_close(&p);
 *
 * See also queue_fixture.h (a spool) and tls_fixture.h (TLS and AUTH).
 */
#ifndef SUPPORT_FIXTURE_H
#define SUPPORT_FIXTURE_H

#include "support/mock_smtp.h"
#include "support/temp_dir.h"

struct fixture {
	struct temp_dir		 dir;
	struct mock_smtp	*host;
	const char		*conf;		/* its path */
};

/* more: lines for the configuration, or NULL. */
void	fixture_open(struct fixture *, const struct script *,
	    const char *scheme, const char *more);

/* Waits for the n-th message, from 0; fails the test if it does not arrive. */
const struct heard_message *fixture_message(struct fixture *, size_t n);

void	fixture_close(struct fixture *);

#endif
