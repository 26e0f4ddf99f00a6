/*
 * sink.h - a smarthost that accepts everything as fast as it can
 *
 * A process of its own, with a thread for each connection.  Unlike the server
 * of mock_smtp.h, it records only counts, so that it does not limit what is
 * measured.  It offers the extensions of a modern server, and accepts any user
 * and password.
 */
#ifndef BUDGET_SINK_H
#define BUDGET_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "support/script.h"

struct sink_options {
	enum security	 security;	/* AUTH is offered in TLS */
	const char	*certificate;	/* PEM, with its chain */
	const char	*key;
	unsigned	 delay_ms;	/* the round trip of a slow link: each
					 * flight is read that much later; only
					 * in the clear */
};

/* Since the last sink_reset(). */
struct sink_counts {
	uint64_t	 messages;
	uint64_t	 recipients;	/* of complete messages */
	uint64_t	 octets;	/* of messages, on the wire */
	uint64_t	 line_max;	/* of the longest line, with its end */
	unsigned	 round_trips;	/* of the last message: since the one
					 * before it, or since connect(2) */
	int64_t		 last_ns;	/* CLOCK_MONOTONIC at the last final
					 * reply */
};

struct sink;

/* Listens on 127.0.0.1.  An error ends the program. */
struct sink	*sink_start(const struct sink_options *);
void		 sink_stop(struct sink *);
uint16_t	 sink_port(const struct sink *);

void		 sink_reset(struct sink *);
struct sink_counts sink_counts(struct sink *);

/* Waits for that many recipients; returns false at the deadline. */
bool		 sink_wait(struct sink *, uint64_t recipients,
		    int64_t deadline_ns);

/* While true, messages are counted, but get no final reply. */
void		 sink_hold(struct sink *, bool);

#endif
