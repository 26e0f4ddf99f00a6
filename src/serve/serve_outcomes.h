/*
 * serve_outcomes.h - the outcomes of an attempt as octets, for serve_channel.h
 *
 * A struct for each forward-path, then the texts.  Writer and reader are
 * processes of the same program, but the reader does not trust the values.
 */
#ifndef SERVE_OUTCOMES_H
#define SERVE_OUTCOMES_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/outcome.h"
#include "util/buffer.h"

/* Appends the octets.  A text that several outcomes share is written once. */
void	serve_outcomes_pack(struct buffer *, const struct outcome *, size_t n);

/* The most octets that n outcomes can take. */
size_t	serve_outcomes_size_max(size_t n);

/*
 * Replaces the outcomes of a list with those in the octets.  Control characters
 * in a text are made visible.  Returns false if the octets are incomplete, or if
 * a truth value, .enhanced or .tls is invalid; check .kind, .status and .step.
 */
bool	serve_outcomes_unpack(struct outcome *, size_t n, const char *data,
	    size_t len);

#endif
