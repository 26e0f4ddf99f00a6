/*
 * smtpd_submit.h - a session whose messages go where all others go
 *
 * Each message is judged, tried at once, queued if it has to wait, and
 * accounted for in the log.  One connection to the smarthost serves them all
 * for as long as the smarthost keeps it.  A signal puts the message in hand
 * into the queue; its reply is given before the session ends.
 */
#ifndef SMTPD_SUBMIT_H
#define SMTPD_SUBMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "config/identity.h"
#include "net/stream.h"
#include "smtp/session.h"
#include "util/failure.h"
#include "util/log.h"

/* All borrowed. */
struct post_options {
	const struct config	*config;
	const struct identity	*me;		/* whose messages they are */
	const struct log	*log;
	const struct trace	*trace;		/* NULL: none */
	uint32_t		 uid;		/* likewise */
	struct interrupt	*interrupt;	/* ends the session; or NULL */
	int64_t			 idle_ms;	/* 0: a client may think long */
	bool			 untried;	/* into the queue, if there is
						 * one, without an attempt */
};

/* As smtpd_session(). */
bool	post_session(struct stream *, const struct post_options *,
	    struct failure *why);

#endif
