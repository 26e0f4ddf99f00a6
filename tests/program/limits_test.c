/* Ten thousand recipients in several transactions, each exactly once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cases.h"
#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "util/memory.h"

enum { MANY = 10000 };

struct limits_case {
	const char	*sentence;
	struct script	 script;
	const char	*more;
	size_t		 messages;	/* transactions it takes */
	size_t		 connections;
	size_t		 rcpt_max;	/* commands at most */
};

#define SILENT	{ .at = ON_EHLO, .say = "250-mail.example\n250 PIPELINING" }
#define SILENT_STEPWISE { .at = ON_EHLO, .say = "250 mail.example" }

static const struct limits_case cases[] = {
	{ "without a limit, all recipients share a transaction",
	    { .keywords = "PIPELINING" }, NULL, 1, 1, MANY },
	{ "RCPTMAX limits the recipients of a transaction",
	    { .keywords = "PIPELINING", .rcpt_max = 100 },
	    NULL, 100, 1, MANY },
	{ "a limit of more than 32 bits is not a smaller one", { .keywords =
	    "PIPELINING\nLIMITS RCPTMAX=4294967297 MAILMAX=4294967297" },
	    NULL, 1, 1, MANY },
	{ "RCPTMAX limits the recipients with BDAT",
	    { .keywords = "PIPELINING\nCHUNKING",
	    .rcpt_max = 250 }, NULL, 40, 1, MANY },
	{ "RCPTMAX limits the recipients with early BDAT", { .rcpt_max = 100,
	    .keywords = "PIPELINING\nCHUNKING" }, "early_bdat = yes\n", 100,
	    1, MANY },
	{ "after MAILMAX transactions, a new connection is opened",
	    { .keywords = "PIPELINING",
	    .rcpt_max = 500, .mail_max = 3 }, NULL, 20, 7, MANY },
	{ "after 452, later transactions have fewer recipients",
	    { .rcpt_max = 150, .steps = { SILENT } },
	    NULL, 67, 1, MANY + 320 },
	{ "after 452 without PIPELINING, later transactions have fewer "
	    "recipients", { .rcpt_max = 150,
	    .steps = { SILENT_STEPWISE } }, NULL, 67, 1, MANY + 1 },
	{ "after 421, a new connection is opened", { .mail_max = 4,
	    .rcpt_max = 1000, .steps = { SILENT } }, NULL, 10, 3,
	    MANY + 3 * 100 },
	{ "a limit of one recipient for each transaction",
	    { .keywords = "PIPELINING", .rcpt_max = 1,
	    .discard = true }, NULL, MANY, 1, MANY },
};

/* Each recipient must get the message once; counts the commands. */
static size_t
count(struct mock_smtp *host, unsigned char got[MANY])
{
	const struct heard	*h;
	size_t			 commands = 0;

	for (size_t i = 0; (h = mock_smtp_heard(host, i)) != NULL; i++)
		for (size_t k = 0; k < h->n_messages; k++) {
			const struct heard_message	*m = h->message[k];

			commands += m->n_rcpt;
			for (size_t r = 0; r < m->n_rcpt; r++)
				if (m->code == 250 && m->rcpt[r].code == 250)
					got[atoi(m->rcpt[r].path + 1)]++;
		}
	return commands;
}

static void
run(const char *conf, struct program_result *out)
{
	static const char	*argv[MANY + 8];
	static char		 to[MANY][24];
	size_t			 n = 0;

	argv[n++] = "relais";
	argv[n++] = "-C";
	argv[n++] = conf;
	argv[n++] = "-i";
	argv[n++] = "-fa@example.org";
	for (size_t i = 0; i < MANY; i++) {
		snprintf(to[i], sizeof(to[i]), "r%zu@example.net", i);
		argv[n++] = to[i];
	}
	argv[n] = NULL;
	program_run(out, &(struct program){ .argv = argv,
	    .input = "From: a@example.org\n\nHello\n" });
}

static void
each_gets_it_once(void **state)
{
	const struct limits_case	*c = *state;
	static unsigned char		 got[MANY];
	struct mock_smtp		*host = mock_smtp_start(&c->script);
	struct temp_dir			 dir;
	struct program_result		 out;
	size_t				 commands;

	memset(got, 0, sizeof(got));
	temp_dir_make(&dir);
	run(conf_write(&dir, host, "smtp", c->more), &out);
	assert_string_equal(out.err.data, "");
	assert_int_equal(out.status, 0);
	assert_true(mock_smtp_wait_closed(host, c->connections));
	assert_int_equal(mock_smtp_connections(host), c->connections);
	assert_int_equal(mock_smtp_messages(host), c->messages);
	commands = count(host, got);
	for (size_t i = 0; i < MANY; i++)
		if (got[i] != 1)
			fail_msg("r%zu got it %d times", i, got[i]);
	assert_in_range(commands, MANY, c->rcpt_max);
	program_result_free(&out);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

int
main(void)
{
	return CASES_RUN("limits", each_gets_it_once, cases);
}
