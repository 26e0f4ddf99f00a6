/* The meaning of each reply code of RFC 5321 section 4.2 at each step. */
#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>

#include "support/rows.h"

enum {
	OK	= EX_OK,
	USER	= EX_NOUSER,		/* the recipient, for good */
	NO	= EX_UNAVAILABLE,	/* for good */
	LATER	= EX_TEMPFAIL,
	ODD	= EX_PROTOCOL,		/* makes no sense here */
};

/*
 * Exit statuses without a queue. The first digit decides, as RFC 5321 section
 * 4.3.2 requires; 421 and 221 end the session at any step. After 221 or 354 to
 * the message, the server may have accepted it.
 */
static const struct {
	int	code;
	int	mail, rcpt, data, final;
} meaning[] = {
	/*	MAIL	RCPT	DATA	final */
	{ 211,	OK,	OK,	ODD,	OK },
	{ 214,	OK,	OK,	ODD,	OK },
	{ 220,	OK,	OK,	ODD,	OK },
	{ 221,	LATER,	LATER,	LATER,	LATER },
	{ 250,	OK,	OK,	ODD,	OK },
	{ 251,	OK,	OK,	ODD,	OK },
	{ 252,	OK,	OK,	ODD,	OK },
	{ 354,	ODD,	ODD,	OK,	LATER },
	{ 421,	LATER,	LATER,	LATER,	LATER },
	{ 450,	LATER,	LATER,	LATER,	LATER },
	{ 451,	LATER,	LATER,	LATER,	LATER },
	{ 452,	LATER,	LATER,	LATER,	LATER },
	{ 455,	LATER,	LATER,	LATER,	LATER },
	{ 500,	NO,	USER,	NO,	NO },
	{ 501,	NO,	USER,	NO,	NO },
	{ 502,	NO,	USER,	NO,	NO },
	{ 503,	NO,	USER,	NO,	NO },
	{ 504,	NO,	USER,	NO,	NO },
	{ 550,	NO,	USER,	NO,	NO },
	{ 551,	NO,	USER,	NO,	NO },
	{ 552,	NO,	USER,	NO,	NO },
	{ 553,	NO,	USER,	NO,	NO },
	{ 554,	NO,	USER,	NO,	NO },
	{ 555,	NO,	USER,	NO,	NO },
};

enum { CODES = sizeof(meaning) / sizeof(*meaning), STEPS = 4 };

static const struct {
	const char	*name;
	enum stage	 at;
} steps[STEPS] = {
	{ "MAIL", ON_MAIL },
	{ "RCPT", ON_RCPT },
	{ "DATA", ON_DATA },
	{ "end of message", ON_BODY },
};

/* With DATA and without BDAT, so that the session has each step. */
#define PIPELINED	"PIPELINING\n8BITMIME\nSIZE 10485760"
#define STEPWISE	"8BITMIME\nSIZE 10485760"

struct words {
	char	sentence[64];
	char	say[64];
};

static void
fill(struct row *row, struct words *words, size_t step, size_t i,
    bool pipelining)
{
	const int	statuses[STEPS] = { meaning[i].mail,
			    meaning[i].rcpt, meaning[i].data,
			    meaning[i].final };
	int		code = meaning[i].code;

	snprintf(words->sentence, sizeof(words->sentence), "%s%s: %d",
	    steps[step].name, pipelining ? ", pipelined" : "", code);
	snprintf(words->say, sizeof(words->say), "%d as it is told", code);
	*row = (struct row){
		.sentence = words->sentence,
		.script = { .keywords = pipelining ? PIPELINED : STEPWISE },
		.status = statuses[step],
		.delivered = statuses[step] == OK,
	};
	row->script.steps[0].at = steps[step].at;
	row->script.steps[0].say = words->say;
	if (row->status != OK) {
		row->err = steps[step].name;
		row->err_too = words->say;
	}
	if (steps[step].at == ON_BODY && (code == 221 || code == 354)) {
		row->err = "the server may have accepted the message";
		row->delivered = -1;	/* whatever the server thinks */
	}
}

int
main(void)
{
	static struct row	rows[2 * STEPS * CODES];
	static struct words	words[2 * STEPS * CODES];
	size_t			n = 0;

	for (size_t step = 0; step < STEPS; step++)
		for (size_t i = 0; i < CODES; i++)
			for (int way = 0; way < 2; way++, n++)
				fill(&rows[n], &words[n], step, i, way == 1);
	return rows_test("reply codes", rows, n);
}
