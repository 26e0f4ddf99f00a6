/*
 * failure.h - the reason for a failure: an exit status and a sentence
 *
 * The code that knows the cause chooses the exit status (sysexits.h) and writes
 * the sentence.  Its callers pass both on, sometimes with a prefix such as a
 * host or a file, and cli/ prints the text.  A struct failure owns nothing.
 */
#ifndef UTIL_FAILURE_H
#define UTIL_FAILURE_H

#include <stdbool.h>
#include <stddef.h>

struct failure {
	int	status;		/* EX_*; not EX_OK after a failure */
	int	cause;		/* of an enum of the module that failed, such
				 * as enum tls_cause; 0: none */
	char	text[1024];	/* one line, no program name, no newline */
};

/*
 * Fills in *why and returns false, which the caller can return.  The arguments
 * may include why->text.
 */
bool	failed(struct failure *why, int status, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* As failed(), followed by ": " and the text of errno. */
bool	failed_errno(struct failure *why, int status, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* Inserts text before .text; returns false. */
bool	failure_prefix(struct failure *why, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* Appends text to .text; returns false. */
bool	failure_suffix(struct failure *why, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * For each of n reasons, from i = 0 on: the first one becomes .text, the next
 * three are appended, and the others are only counted; returns false.
 */
bool	failure_reason(struct failure *why, size_t i, size_t n,
	    const char *text);

/*
 * Whether the error, an errno of a file, is a lack of resources, such as space,
 * memory or descriptors, or a signal, so that another attempt may succeed.
 */
bool	failure_may_pass(int error);

#endif
