/*
 * Which facts about the spool are reported by alarm_command, and with what
 * text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "queue/commit.h"
#include "queue/entry.h"
#include "queue/spool_state.h"
#include "runner/alarm.h"
#include "support/cases.h"
#include "support/conf_load.h"
#include "support/temp_dir.h"
#include "support/temp_spool.h"

enum {
	HOUR = 60 * 60,
	DAY = 24 * HOUR,
	TEXTS = 3,
	WAITING = 1, REFUSED = 2, GIVEN_UP = 4,	/* of the state */
};

/* Times are seconds before the alarm is checked; 0: not at all. */
struct alarm_case {
	const char	*sentence;
	int64_t		 waits;		/* an entry */
	const char	*reason;	/* why it waits */
	bool		 held;
	bool		 collected;	/* for a digest that is due after a
					 * day */
	bool		 foreign;	/* the queue has other files, too */
	enum spool_trouble trouble;	/* of a smarthost */
	int64_t		 asked;		/* this smarthost, for the last time */
	int64_t		 given_up;	/* an entry */
	bool		 told;		/* that it was given up */
	unsigned	 reported;	/* by an earlier alarm */

	const char	*event;		/* NULL: the command is not started */
	const char	*says[TEXTS];	/* in this order */
	unsigned	 state;		/* what is reported afterwards */
	bool		 due;		/* a queue run is needed before it */
};

static const struct alarm_case alarm_cases[] = {
	{ "an old entry", .waits = 2 * HOUR, .reason = "451 later",
	    .event = "waiting", .says = { "has been waiting since ",
	    "The last error is: 451 later." }, .state = WAITING, .due = true },
	{ "an old entry that was never tried", .waits = 2 * HOUR,
	    .event = "waiting", .says = { "(no reason is known)",
	    "No attempt has been made; start relais serve" },
	    .state = WAITING, .due = true },
	{ "a young entry", .waits = HOUR / 2 },
	{ "an old entry that is held", .waits = 2 * HOUR, .held = true,
	    .due = true },
	{ "an old entry that waits for a digest", .waits = 2 * HOUR,
	    .collected = true, .due = true },
	{ "other files in the queue", .waits = 2 * HOUR, .foreign = true,
	    .event = "waiting", .state = WAITING, .due = true },
	{ "a refused login", .waits = HOUR / 2,
	    .trouble = SPOOL_TROUBLE_LOGIN, .asked = 60, .event = "refused",
	    .says = { "(535 no)", "mail through smtp://mail.example since ",
	    ": 535 no. 1 message waits in " }, .state = REFUSED },
	{ "a refused login without a message", .trouble = SPOOL_TROUBLE_LOGIN,
	    .asked = 60 },
	{ "a smarthost that cannot be reached", .waits = HOUR / 2,
	    .trouble = SPOOL_TROUBLE_CONNECT, .asked = 60 },
	{ "a login that was refused days ago", .waits = HOUR / 2,
	    .trouble = SPOOL_TROUBLE_LOGIN, .asked = 2 * DAY },
	{ "an entry that was given up", .given_up = 60, .event = "given-up",
	    .says = { "(550 no)", " gave up a message at ", ": 550 no. Its " },
	    .state = GIVEN_UP, .due = true },
	{ "an entry that was given up and reported", .given_up = 60,
	    .told = true },
	{ "an entry that was given up days ago", .given_up = 2 * DAY },
	{ "all reasons at once", .waits = 2 * HOUR, .reason = "451 later",
	    .trouble = SPOOL_TROUBLE_LOGIN, .asked = 60, .given_up = 60,
	    .event = "refused waiting given-up",
	    .says = { "(535 no; 451 later; 550 no)",
	    "no mail can be sent through smtp://mail.example; web1: mail has "
	    "been waiting since ", "; web1: a message was given up" },
	    .state = WAITING | REFUSED | GIVEN_UP, .due = true },
	{ "a reason that was reported", .waits = 2 * HOUR,
	    .reported = WAITING, .state = WAITING, .due = true },
	{ "a second reason", .waits = 2 * HOUR,
	    .trouble = SPOOL_TROUBLE_LOGIN, .asked = 60,
	    .reported = WAITING, .event = "refused",
	    .state = WAITING | REFUSED, .due = true },
	{ "one of two reasons that is left", .waits = 2 * HOUR,
	    .reported = WAITING | REFUSED, .state = WAITING, .due = true },
	{ "no reason that is left", .waits = HOUR / 2,
	    .reported = WAITING | REFUSED, .event = "recovered",
	    .says = { "web1: mail is sent again", " in order again. ",
	    "1 message waits in " }, .due = true },
};

struct fixture {
	struct temp_dir		 dir;
	struct spool		 spool;
	struct config		 config;
	struct log		 log;
	int64_t			 now;		/* of the check */
	char			 told[100];	/* written by the command */
};

static const struct identity	me = { .host = (char []){ "web1" },
	.domain = (char []){ "example.org" }, .user = (char []){ "root" },
	.name = (char []){ "Root" } };

static void
fixture_open(struct fixture *f)
{
	char		 text[400];
	const char	*command;

	temp_dir_make(&f->dir);
	temp_spool_make(&f->spool, 0);
	snprintf(f->told, sizeof(f->told), "%s/told", f->dir.path);
	snprintf(text, sizeof(text), "#!/bin/sh\n{ echo \"[$RELAIS_ALARM_EVENT]"
	    "\"; echo \"($RELAIS_ALARM_REASON)\"; echo \"$RELAIS_ALARM_SUBJECT"
	    "\"; cat; } >%s\n", f->told);
	command = temp_dir_write(&f->dir, "command", 0700, text);
	snprintf(text, sizeof(text), "smarthost = smtp://mail.example\n"
	    "alarm_after = 1h\nalarm_command = %s\n", command);
	conf_load(&f->config, &f->dir, text);
	log_open(&f->log, &(struct log_options){ .target = "off",
	    .tag = "test" });
}

static void
fixture_close(struct fixture *f)
{
	log_close(&f->log);
	config_free(&f->config);
	temp_spool_remove(&f->spool);
	temp_dir_remove(&f->dir);
}

static void
put_entry(struct fixture *f, const struct alarm_case *c)
{
	struct envelope		 envelope = { 0 };
	struct message		 message;
	struct spool_submission	 submission = {
		.envelope = &envelope, .message = &message,
		.reason = c->reason, .next = f->now, .held = c->held,
		.collected = c->collected,
	};
	struct failure		 why;
	char			 id[ID_SIZE];

	if (c->collected)
		submission.next += DAY;
	temp_spool_message(&message, &f->spool, 100, 1);
	envelope_set_reverse(&envelope, "a@example.org");
	envelope_add(&envelope, "b@example.net");
	if (!spool_commit(&f->spool, &submission, id, &why))
		fail_msg("%s", why.text);
	envelope_free(&envelope);
	message_free(&message);
}

/* A name that comes first, and an old entry that cannot be read. */
static void
put_foreign_files(struct fixture *f)
{
	char		 id[ID_SIZE];
	const char	*names[] = { "0", id };

	id_make(id, ((int64_t)time(NULL) - DAY) * 1000000, 1);
	for (size_t i = 0; i < 2; i++) {
		int	fd = openat(f->spool.dir[SPOOL_QUEUE], names[i],
			    O_CREAT | O_WRONLY, 0600);

		assert_int_not_equal(fd, -1);
		close(fd);
	}
}

static void
put_state(struct fixture *f, const struct alarm_case *c)
{
	struct spool_state	 state;
	struct spool_state_host	*host;
	struct failure		 why;

	assert_true(spool_state_open(&state, &f->spool, f->now, &why));
	if (c->trouble != SPOOL_TROUBLE_NONE) {
		host = spool_state_host(&state, "smtp://mail.example", NULL);
		host->trouble = c->trouble;
		host->trouble_at = host->trouble_since = f->now - c->asked;
		strlcpy(host->trouble_text, "535 no",
		    sizeof(host->trouble_text));
	}
	if (c->given_up != 0)
		state.given_up_at = f->now - c->given_up;
	strlcpy(state.given_up_text, "550 no", sizeof(state.given_up_text));
	state.given_up_told = c->told ? state.given_up_at : 0;
	state.alarm = c->reported;
	assert_true(spool_state_close(&state, &why));
}

/* "" if the command was not started. */
static void
read_told(const struct fixture *f, struct buffer *text)
{
	int	fd = open(f->told, O_RDONLY);
	ssize_t	n;

	buffer_add(text, "", 0);
	if (fd == -1)
		return;
	n = read(fd, buffer_room(text, 4096), 4096);
	assert_true(n > 0);
	text->len = (size_t)n;
	buffer_add(text, "", 0);
	close(fd);
}

static void
check_told(const struct fixture *f, const struct alarm_case *c)
{
	struct buffer	 text = { 0 };
	const char	*at;

	read_told(f, &text);
	at = text.data;
	if (c->event == NULL) {
		assert_string_equal(text.data, "");
	} else {
		assert_int_equal(at[0], '[');
		assert_int_equal(strncmp(at + 1, c->event, strlen(c->event)),
		    0);
		assert_int_equal(at[1 + strlen(c->event)], ']');
	}
	for (size_t i = 0; i < TEXTS && c->says[i] != NULL; i++)
		if ((at = strstr(at, c->says[i])) == NULL)
			fail_msg("no \"%s\" in: %s", c->says[i], text.data);
	buffer_free(&text);
}

static void
is_reported(void **state)
{
	const struct alarm_case	*c = *state;
	struct fixture		 f;
	struct alarm_options	 options = { .config = &f.config, .me = &me,
				    .log = &f.log, .spool = &f.spool };
	struct spool_totals	 totals;
	struct spool_state	 after;
	struct failure		 why;

	fixture_open(&f);
	f.now = (int64_t)time(NULL) + c->waits;
	if (c->waits != 0)
		put_entry(&f, c);
	if (c->foreign)
		put_foreign_files(&f);
	put_state(&f, c);
	assert_true(spool_count(&totals, &f.spool, SPOOL_QUEUE, &why));
	assert_int_equal(alarm_is_due(&f.config, &f.spool, &totals, f.now),
	    c->due);
	alarm_check(&options, f.now);
	check_told(&f, c);
	spool_state_read(&after, &f.spool);
	assert_int_equal(after.alarm, c->state);
	spool_state_free(&after);
	/* The next queue run is needed only for the recovery. */
	assert_int_equal(alarm_is_due(&f.config, &f.spool, &totals, f.now + 1),
	    c->state != 0);
	fixture_close(&f);
}

/* An old entry that is held, and one that is half an hour old. */
static void
a_check_is_due_when_the_next_entry_is_old_enough(void **state)
{
	static const struct alarm_case	held = { .held = true };
	struct fixture			f;
	struct alarm_options		options = { .config = &f.config,
					    .me = &me, .log = &f.log,
					    .spool = &f.spool };
	struct spool_totals		totals;
	struct failure			why;
	int64_t				now;
	char				id[ID_SIZE], young[ID_SIZE];

	(void)state;
	fixture_open(&f);
	f.now = (int64_t)time(NULL);
	put_entry(&f, &held);
	now = f.now + 2 * HOUR;
	temp_spool_put(&f.spool, id, (const char *const[]){ "b@x", "" });
	id_make(young, (now - HOUR / 2) * 1000000, 1);
	assert_int_equal(renameat(f.spool.dir[SPOOL_QUEUE], id,
	    f.spool.dir[SPOOL_QUEUE], young), 0);
	assert_true(spool_count(&totals, &f.spool, SPOOL_QUEUE, &why));
	assert_true(alarm_is_due(&f.config, &f.spool, &totals, now));
	alarm_check(&options, now);
	assert_false(alarm_is_due(&f.config, &f.spool, &totals,
	    now + HOUR / 2 - 1));
	assert_true(alarm_is_due(&f.config, &f.spool, &totals,
	    now + HOUR / 2));
	/* The clock was set back. */
	assert_true(alarm_is_due(&f.config, &f.spool, &totals,
	    now - HOUR / 2 - 1));
	fixture_close(&f);
}

int
main(void)
{
	static const struct CMUnitTest	others[] = { cmocka_unit_test(
	    a_check_is_due_when_the_next_entry_is_old_enough) };

	return CASES_RUN("alarms", is_reported, alarm_cases) +
	    cmocka_run_group_tests_name("others", others, NULL, NULL);
}
