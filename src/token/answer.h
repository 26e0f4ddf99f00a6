/*
 * answer.h - the JSON object that an authorization server sends (RFC 8259)
 *
 * Strict: a duplicate name, a NUL, a value of the wrong type or any text after
 * the object is an error.  Unknown names are ignored (RFC 6749 section 5.1).
 */
#ifndef TOKEN_ANSWER_H
#define TOKEN_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/failure.h"

struct answer;

/*
 * Returns the object, or NULL with why: EX_PROTOCOL.  The text of the answer is
 * not shown, since it can contain a token.
 */
struct answer *answer_parse(const char *text, size_t len,
	    struct failure *why);

/*
 * Sets *value to a string, borrowed from the answer, or to NULL if the name is
 * missing or its value is null.  False with EX_PROTOCOL if it is of another
 * type or contains control characters.
 */
bool	answer_text(const struct answer *, const char *name,
	    const char **value, struct failure *why);

/*
 * Sets *value to a number of seconds that is not negative, or to -1 if the name
 * is missing.  Also accepts a string of digits, which some servers send, and a
 * fraction, which is dropped.  A number above a year is a year.
 */
bool	answer_seconds(const struct answer *, const char *name,
	    int64_t *value, struct failure *why);

void	answer_free(struct answer *);	/* NULL is accepted; wipes */

/* Makes jansson wipe the memory that it frees.  Call it first. */
void	answer_wipe_memory(void);

#endif
