/*
 * rows.h - a table of sessions, run side by side
 *
 * A row is a smarthost with its script, a configuration, and what sendmail
 * is to make of them.  Rows that wait for a deadline wait together, so a
 * table of hundreds takes seconds.
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
	struct script	 script;	/* with .security, the usual
					 * certificates are filled in */
	const char	*scheme;	/* NULL: smtp */
	const char	*more;		/* lines of relais.conf, or NULL */
	const char	*to;		/* recipients, blanks between; NULL:
					 * one@example.net */
	const char	*input;		/* NULL: a small message */
	bool		 impatient;	/* timeout = 2s: the steps before the
					 * one that hangs must be faster */

	int		 status;	/* the exit status */
	const char	*err;		/* in the one line on stderr; NULL:
					 * stderr is empty */
	const char	*err_too;	/* this as well, or NULL */
	const char	*heard;		/* heard_commands() of the first
					 * connection, or NULL */
	int		 delivered;	/* messages taken with 2xx; -1: any */
	size_t		 connections;	/* 0: any number */
};

/* Runs all as a cmocka group, one test a row; what main() returns. */
int	rows_test(const char *name, const struct row *, size_t n);

#endif
