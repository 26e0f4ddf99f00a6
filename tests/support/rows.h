/*
 * rows.h - run a table of sessions of sendmail at the same time
 *
 * A row consists of a script for the smarthost, a configuration, and the
 * expected result.  Rows that wait for a timeout wait at the same time, so
 * that a table of hundreds takes seconds.
 *
 *	static const struct row rows[] = {
 *		{ "a refused sender fails", { .steps = {
 *		    { .at = ON_MAIL, .say = "550 5.7.1 no" } } },
 *		    .status = EX_UNAVAILABLE, .err = "MAIL: 550 5.7.1 no" },
 *	};
 *	return rows_test("sessions", rows, sizeof(rows) / sizeof(*rows));
 */
#ifndef SUPPORT_ROWS_H
#define SUPPORT_ROWS_H

#include <stddef.h>

#include "support/script.h"

struct row {
	const char	*sentence;
	struct script	 script;	/* with .security, certificates
					 * are filled in */
	const char	*scheme;	/* NULL: smtp */
	const char	*more;		/* lines of relais.conf, or NULL */
	const char	*to;		/* recipients, separated by blanks;
					 * NULL: one@example.net */
	const char	*input;		/* NULL: a small message */
	bool		 impatient;	/* timeout = 2s, for a row in which
					 * the server hangs */

	int		 status;	/* the exit status */
	const char	*err;		/* part of stderr; NULL: stderr is
					 * empty */
	const char	*err_too;	/* another part, or NULL */
	const char	*heard;		/* heard_commands() of the first
					 * connection, or NULL */
	int		 delivered;	/* messages accepted; -1: any */
	size_t		 connections;	/* 0: any number */
};

/*
 * Runs the rows as a cmocka group, each as a test.  Returns the number of
 * failed rows, for main() to return.
 */
int	rows_test(const char *name, const struct row *, size_t n);

#endif
