/*
 * invocation.h - how a program calls sendmail, and the message that must arrive
 *
 * BUILD/sendmail is started with the arguments and the input of that program,
 * in an empty home directory, and with its configuration in the environment.
 * Blind carbon copies go to hidden.example: this name must not appear in the
 * message that arrives.
 */
#ifndef SUPPORT_INVOCATION_H
#define SUPPORT_INVOCATION_H

#include <stdbool.h>

struct invocation {
	const char *const *argv;
	const char	*input;
	bool		 from_file;	/* input is a file, not a pipe */
	void	       (*prepare)(void *);	/* in the child, before exec */
	const char	*from;		/* relais.conf's from, or NULL */

	const char	*sender;	/* NULL: the user's own address */
	const char *const *to;		/* the forward-paths, in order */
	const char	*mail_says;	/* a parameter of MAIL, or NULL */
	const char	*rcpt_says;	/* of the first RCPT, or NULL */
	const char *const *fields;	/* required header lines, or NULL */
	const char	*body;		/* with '\n' for each CRLF */
	bool		 talks;		/* with -v: output is expected */
};

/* Runs the call; fails the test unless exactly that message arrives. */
void	invocation_arrives(const struct invocation *);

/* For .prepare: some programs close standard output and standard error. */
void	invocation_close_outputs(void *);

#endif
