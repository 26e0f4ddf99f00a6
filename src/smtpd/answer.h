/*
 * answer.h - what we answer an SMTP client: reply code, enhanced status code,
 * text
 */
#ifndef SMTPD_ANSWER_H
#define SMTPD_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/envelope.h"
#include "mail/outcome.h"
#include "net/stream.h"
#include "util/buffer.h"
#include "util/failure.h"

struct answer {
	int		code;		/* 250, 451, 550 ... */
	char		enhanced[12];	/* "2.1.0", or "" for none */
	struct buffer	text;		/* owned; lines parted by '\n' */
};

/* Sets all of it; false, so that a refusal can be returned at once. */
bool	answer_set(struct answer *, int code, const char *enhanced,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The codes that go with a failure's exit status; its text. */
bool	answer_failure(struct answer *, const struct failure *);

/*
 * LMTP: what became of one forward-path (RFC 2033 section 4.2).
 * queued: what is deferred is in the queue, under that name; or NULL.
 */
void	answer_outcome(struct answer *, const struct outcome *,
	    const char *queued);

/*
 * SMTP has one reply for all: a positive one promises each of them, so one
 * path in trouble decides, and the text tells which.
 */
void	answer_outcomes(struct answer *, const struct envelope *,
	    const struct outcome *, const char *queued);

/* In lines of a bounded length, nothing in them but text. */
bool	answer_write(const struct answer *, struct stream *, struct failure *);

void	answer_free(struct answer *);

#endif
