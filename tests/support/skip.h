/*
 * skip.h - skip a test and print the reason
 *
 * run-tests.sh prints the reasons, and treats a skipped test without a reason
 * as a failure.
 */
#ifndef SUPPORT_SKIP_H
#define SUPPORT_SKIP_H

/* Whether this is a build with AddressSanitizer. */
#if defined(__SANITIZE_ADDRESS__)
#define SKIP_SANITIZED	1
#else
#define SKIP_SANITIZED	0
#endif

/* Ends the running test as skipped.  The reason is one line. */
void	skip_because(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2)));

/* Skips the test if relais-token is not built. */
void	skip_without_token(void);

#endif
