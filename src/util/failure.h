/*
 * failure.h - the reason for a failure: an exit status and a sentence
 *
 * The code that knows the cause chooses the exit status (sysexits.h) and writes
 * the sentence.  Its callers return it unchanged or add a prefix such as a host
 * or a file, and cli/ prints it.  A struct failure owns nothing.
 */
#ifndef UTIL_FAILURE_H
#define UTIL_FAILURE_H

#include <stdbool.h>

struct failure {
	int	status;		/* EX_*; not EX_OK after a failure */
	int	cause;		/* an enum of the module that failed, such as
				 * enum tls_cause; 0: only the text */
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

/* Inserts text at the beginning; returns false. */
bool	failure_prefix(struct failure *why, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* Appends text; returns false. */
bool	failure_suffix(struct failure *why, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

#endif
