/*
 * findings.h - print the findings of check/ for people, on standard output
 *
 *	connect  OK          192.0.2.1:587: connected in 3 ms
 *	auth     FAIL        smtp.example.org:587: AUTH PLAIN: 535 5.7.8 wrong
 *			     password (/etc/relais.conf:1)
 *			     -> check user (/etc/relais.conf:2)
 *
 * A finding begins with the stage and the verdict.  The remedy follows on a
 * line that begins with "-> ".  The place in a file is printed if something is
 * to be changed.  On a terminal, the verdict is coloured, unless NO_COLOR is
 * set or TERM is dumb, and lines are wrapped at its width; a quoted command
 * stays on one line, so that it can be copied.  Otherwise, a finding and a
 * remedy are a line each.  Control characters, also those in a server's reply,
 * are made visible.
 *
 *	struct findings		print;
 *	struct check		c = { ..., .report = findings_print,
 *				    .context = &print };
 *
 *	findings_begin(&print);
 *	check_run(&c);
 *	findings_print_totals(&c);
 */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

#include <stdbool.h>

#include "check/check.h"

struct findings {
	bool	verbose;	/* set by the caller: print also the facts, and
				 * the place of what is OK */
	bool	colour;
	int	columns;	/* of the terminal; 0: lines are not wrapped */
};

/* Finds out whether standard output is a terminal; keeps .verbose. */
void	findings_begin(struct findings *);

/* For .report of struct check; the context is a struct findings. */
void	findings_print(void *context, const struct check_finding *);

/*
 * For .trace of struct check: prints a line of the dialogue.  The context is a
 * struct findings.
 */
void	findings_print_line(void *context, char side, const char *text);

/* "12 OK, 1 warning, 2 FAIL". */
void	findings_print_totals(const struct check *);

#endif
