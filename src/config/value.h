/*
 * value.h - the kinds of value that a key of relais.conf can have
 *
 * A rule says what a value must look like; value_check() holds a value
 * against it, and says in its failure what would be right.  The readers below
 * are for values that have been checked.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/failure.h"

enum value_kind {
	VALUE_TEXT,		/* anything */
	VALUE_WORD,		/* nothing but one of .words */
	VALUE_COUNT,		/* 10000 */
	VALUE_SIZE,		/* 0, 512, 64K, 10M, 1G, 1T; K is 1024 */
	VALUE_DURATION,		/* 200ms, 15s, 5m, 2h, 5d, 1w */
	VALUE_PATH,		/* from the root */
	VALUE_PATTERN,		/* of files, for include */
	VALUE_COMMAND,		/* a program and its arguments */
	VALUE_HOST,		/* a host name or an address literal */
	VALUE_HELO,		/* the same, as EHLO takes it */
	VALUE_IP,		/* an IPv4 or IPv6 address */
	VALUE_ADDRESS,		/* local@domain, nothing around it */
	VALUE_SMARTHOST,	/* one or more URLs */
	VALUE_MECHANISMS,	/* names of SASL mechanisms, blanks between */
	VALUE_PIN,		/* SHA-256 in base64 */
	VALUE_FIELD,		/* Name: value, a header field */
	VALUE_FIELD_NAME,
};

struct value_rule {
	enum value_kind	 kind;
	const char	*words;		/* words that may stand instead, blanks
					 * between; NULL: none */
	const char	*least;		/* the range of a number, both ends or */
	const char	*most;		/* none, written as its kind is */
};

/* EX_CONFIG, no key or place named. */
bool	value_check(const struct value_rule *, const char *text,
	    struct failure *why);

/* False if it is not of that form, or too large for any use. */
bool	value_count(const char *text, uint64_t *count);
bool	value_size(const char *text, uint64_t *octets);
bool	value_duration(const char *text, uint64_t *ms);

#endif
