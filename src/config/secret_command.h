/*
 * secret_command.h - run a program that prints a secret, receives a
 * notification, delivers a message, or is the connection to a server
 *
 * The command is split into words at blanks and run without a shell.  Its
 * standard input is /dev/null, all other descriptors are closed, no signal is
 * ignored or blocked, and its environment consists of PATH, HOME and LANG=C.
 * It leads a process group, which is killed after the timeout.
 */
#ifndef CONFIG_SECRET_COMMAND_H
#define CONFIG_SECRET_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buffer.h"
#include "util/failure.h"

/*
 * Appends the standard output of the command, at most 64 KiB.  Returns false,
 * and sets *why to the name of the program and the reason:
 *	EX_CONFIG	the program was not found, was killed, printed too much,
 *			or exited with a status other than 0; the first line of
 *			its standard error follows
 *	EX_TEMPFAIL	the program timed out, or exited with EX_TEMPFAIL, for
 *			example because a server did not provide a token
 *	EX_OSERR	the program cannot be started
 *
 * caller: a socket or -1.  If its other end is closed, the command is killed.
 */
bool	command_output(struct buffer *, const char *command,
	    int64_t timeout_ms, int caller, struct failure *why);

/* All pointers are borrowed. */
struct command_program {
	const char	*path;
	char *const	*arguments;	/* ends with NULL */
	char *const	*environment;	/* at most 8 more variables; NULL */
	int64_t		 timeout_ms;
	int		 caller;	/* as above */
};

/*
 * Runs a program of relais as command_output() does.  If it exits with another
 * status than 0, the text is the first line of its standard error.  If the
 * caller ends, the program is not killed, because the work that it has begun,
 * such as the renewal of a login, must be completed; it ends by itself.
 */
bool	command_program(struct buffer *, const struct command_program *,
	    struct failure *why);

/*
 * Sets *path to the program that would be run for the first word of a command:
 * the word itself if it is a path, or its first match in the directories of
 * executable programs.  False with errno if there is none.
 */
bool	command_search(struct buffer *path, const char *name);

/*
 * Returns the last line that is not blank in what a program wrote to standard
 * error, and sets *line_len to its length without trailing blanks, or to 0 if
 * all lines are blank.
 */
const char *command_last_line(const char *errors, size_t len,
	    size_t *line_len);

/* All pointers are borrowed. */
struct command_notice {
	const char	*command;
	const char	*input;		/* its standard input */
	char *const	*environment;	/* at most 8 more variables; NULL */
	int64_t		 timeout_ms;
};

/*
 * Runs a command as command_output() does, with input, and ignores its output.
 * The program is also killed if this process ends.
 */
bool	command_notify(const struct command_notice *, struct failure *why);

enum { COMMAND_ERRORS_MAX = 4096 };

/* All pointers are borrowed. */
struct command_delivery {
	const char	*command;
	char *const	*arguments;	/* after its words; ends with NULL */
	char *const	*environment;	/* at most 8 more variables; NULL */
	int		 input;		/* its standard input: a descriptor
					 * above standard error */
	int64_t		 timeout_ms;
	int		 caller;	/* as above */

	int		 status;	/* its exit status, or its signal */
	struct buffer	 errors;	/* owned by the caller: the last
					 * COMMAND_ERRORS_MAX octets of its
					 * standard error are appended */
};

enum command_end {
	COMMAND_END_NOT_STARTED,	/* with why: EX_CONFIG or EX_OSERR */
	COMMAND_END_STATUS,		/* it has exited */
	COMMAND_END_SIGNAL,		/* a signal has ended it */
	COMMAND_END_STOPPED,		/* with why: it was killed after the
					 * timeout, or because the caller has
					 * ended */
};

/*
 * Runs a command as command_output() does, with a file as its standard input,
 * discards its standard output, and reports its end.  The text of why does not
 * name the program.  The program is also killed if this process ends.
 */
enum command_end command_deliver(struct command_delivery *,
	    struct failure *why);

/* All pointers are borrowed. */
struct command_connection {
	const char	*command;
	int		 fd;		/* a socket above standard error, which
					 * is closed */
	int		 caller;	/* a socket */

	int		 status;	/* as above */
	struct buffer	 errors;	/* as above */
};

/*
 * Runs a command as command_output() does, with the socket as its standard
 * input and output, until it ends.  If the caller closes its socket, or shuts
 * it down, the command has one second to end by itself, and one second after
 * SIGTERM, before it is killed (COMMAND_END_STOPPED).  The program is also
 * killed if this process ends.  What remains of its process group is killed.
 * The caller blocks all signals, as a helper does (util/helper.h).
 */
enum command_end command_connect(struct command_connection *,
	    struct failure *why);

#endif
