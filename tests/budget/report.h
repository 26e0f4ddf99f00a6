/*
 * report.h - the results of the benchmark, as a table and as a chart
 */
#ifndef BUDGET_REPORT_H
#define BUDGET_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "budget/peers.h"

/* Which figures are better. */
enum sense { LESS_IS_BETTER, MORE_IS_BETTER };

enum state {
	ABSENT,			/* not measured, or not possible */
	MEASURED,
	TOO_SLOW,		/* not finished at the deadline */
	REFUSED,		/* it failed */
};

struct figure {
	enum state	 state;
	double		 value;		/* the median, or the deadline */
	bool		 note;		/* with an asterisk */
};

struct line {
	const char	*scenario;	/* its name */
	size_t		 number;	/* of this line, within it */
	const char	*label;
	enum sense	 sense;
	struct figure	 figure[N_PEERS];
};

/* The table in Markdown. */
void	report_table(FILE *, const struct line *, size_t n);

/*
 * The chart as SVG.  Returns false, having written nothing, if a line that it
 * needs was not measured.
 */
bool	report_chart(FILE *, const struct line *, size_t n);

#endif
