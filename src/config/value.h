/*
 * value.h - the kinds of values of keys in relais.conf
 *
 * value_check() checks a value against the rule of its key.  The other
 * functions convert checked values.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/buffer.h"
#include "util/failure.h"

enum value_kind {
	VALUE_TEXT,		/* anything */
	VALUE_WORD,		/* one of .words */
	VALUE_COUNT,		/* 10000 */
	VALUE_SIZE,		/* 0, 512, 64K, 10M, 1G, 1T; K is 1024 */
	VALUE_DURATION,		/* 200ms, 15s, 5m, 2h, 5d, 1w */
	VALUE_DURATIONS,	/* 1m 5m 1h: at most 16, from 1s to 1d */
	VALUE_RATE,		/* 5/second, 10/minute, 200/hour, 1000/day */
	VALUE_PATH,		/* an absolute path */
	VALUE_PATTERN,		/* of file names, for include */
	VALUE_COMMAND,		/* a program and its arguments */
	VALUE_CONNECT_COMMAND,	/* the same, with %h, %p and %% */
	VALUE_LOGIN,		/* the name or path of a login with OAuth 2 */
	VALUE_HOST,		/* a host name or an IP address */
	VALUE_HELO,		/* an argument of EHLO */
	VALUE_IP,		/* an IPv4 or IPv6 address */
	VALUE_ADDRESS,		/* local@domain only, and not *@domain */
	VALUE_ROOT,		/* local@domain or *@domain */
	VALUE_SMARTHOST,	/* one or more URLs */
	VALUE_PROXY,		/* one URL */
	VALUE_MECHANISMS,	/* names of SASL mechanisms */
	VALUE_PIN,		/* a SHA-256 digest in base64 */
	VALUE_GROUPS,		/* of TLS, in the syntax of OpenSSL, which
				 * checks the names */
	VALUE_FIELD,		/* Name: value, a header field */
	VALUE_FIELD_NAME,
};

struct value_rule {
	enum value_kind	 kind;
	const char	*words;		/* words that are also valid, separated
					 * by blanks; or NULL */
	const char	*least;		/* the range of a number, in the form */
	const char	*most;		/* of values; or both NULL */
};

/* False with EX_CONFIG; the text contains neither key nor line. */
bool	value_check(const struct value_rule *, const char *text,
	    struct failure *why);

/* Appends what the rule expects: "one of: yes no", "off, or a number". */
void	value_describe(struct buffer *to, const struct value_rule *);

/*
 * Convert a count, a size in octets or a duration in milliseconds.  False if
 * the form is wrong or the number is greater than 2^50.
 */
bool	value_count(const char *text, uint64_t *count);
bool	value_size(const char *text, uint64_t *octets);
bool	value_duration(const char *text, uint64_t *ms);

/* Converts a rate: *count, which is at least 1, in *ms milliseconds. */
bool	value_rate(const char *text, uint64_t *count, uint64_t *ms);

#endif
