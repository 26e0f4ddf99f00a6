/*
 * call.h - a program that calls sendmail, and what must come of it
 *
 * BUILD/sendmail is started the way the program would start it, with its
 * words on the command line and its octets on standard input, in an empty
 * home, and with a configuration that stands in the environment.  Whoever
 * is not to be known by the others is at hidden.example: the name must not
 * be in the message that arrives.
 */
#ifndef SUPPORT_CALL_H
#define SUPPORT_CALL_H

#include <stdbool.h>

struct call {
	const char *const *argv;
	const char	*input;
	bool		 from_file;	/* standard input is a file, no pipe */
	void	       (*prepare)(void *);	/* in the child, before exec */
	const char	*from;		/* relais.conf's from, or NULL */

	const char	*sender;	/* NULL: the user's own address */
	const char *const *to;		/* the forward-paths, in order */
	const char	*mail_says;	/* among MAIL's parameters, or NULL */
	const char	*rcpt_says;	/* among the first RCPT's, or NULL */
	const char *const *fields;	/* header lines to be found; or NULL */
	const char	*body;		/* with '\n' for each CRLF */
	bool		 talks;		/* with -v: standard output has words */
};

/* One message, and all that is wanted of each, or the test fails. */
void	call_arrives(const struct call *);

/* For .prepare: some programs leave no standard output and error. */
void	close_outputs(void *);

#endif
