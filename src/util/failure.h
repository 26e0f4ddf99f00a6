/*
 * failure.h - what went wrong, in the words that the user will read
 *
 * The place that knows the cause picks the exit status (sysexits.h) and
 * writes the sentence; everybody above passes it on or puts a step, a host
 * or a file in front of it; cli prints it.  A struct failure owns nothing.
 */
#ifndef UTIL_FAILURE_H
#define UTIL_FAILURE_H

#include <stdbool.h>

struct failure {
	int	status;		/* EX_*, never EX_OK once filled */
	int	cause;		/* an enum of the module that failed, such as
				 * enum tls_cause; 0: see the text */
	char	text[1024];	/* one line, no program name, no newline */
};

/*
 * Fills *why and returns false, so that a caller can return it at once.  The
 * arguments may quote why->text.
 */
bool	failed(struct failure *why, int status, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* As failed(), with ": " and the text of errno behind the sentence. */
bool	failed_errno(struct failure *why, int status, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* Puts words in front of the text that is there; returns false. */
bool	failure_prefix(struct failure *why, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* Puts words behind the text that is there; returns false. */
bool	failure_suffix(struct failure *why, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

#endif
