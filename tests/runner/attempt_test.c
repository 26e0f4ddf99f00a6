/*
 * attempt_entry() with a scripted smarthost: what becomes of the entry.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/commit.h"
#include "queue/spool_state.h"
#include "runner/attempt.h"
#include "support/cases.h"
#include "support/mock_smtp.h"
#include "support/spool_place.h"
#include "support/temp_spool.h"
#include "util/file.h"

enum { RECIPIENTS = 3, HOUR = 60 * 60 };

struct attempt_case {
	const char		*sentence;
	struct script		 script;
	enum attempt_result	 result;
	const char		*queue;		/* temp_spool_entries() */
	const char		*failed;	/* of failed/; NULL: "" */
	size_t			 messages;	/* received completely */
	int64_t			 delay[2];	/* until the next attempt,
						 * seconds: from, to */
	bool			 delivered;	/* to any recipient */
	bool			 fails;		/* the worker has an error */

	/* The entry; without .to, it has the recipient b@example.net. */
	const char		*to[RECIPIENTS];
	enum outcome_kind	 kind[RECIPIENTS];
	const char		*sender;	/* NULL: a@example.org */
	unsigned		 notify;
	unsigned		 attempts;
	bool			 in_doubt;	/* in the last attempt */
	bool			 held;
	bool			 collected;
	bool			 is_old;	/* older than queue_lifetime */
	int64_t			 due;		/* seconds from now */

	const char		*conf;		/* more lines, or NULL */
	int64_t			 turn;		/* of the smarthost, seconds
						 * from now; 0: now */
	struct attempt_choice	 choice;
	bool			 locked;	/* by another open file */
	bool			 others;	/* have a connection */
};

struct fixture {
	struct spool_place	 at;
	struct mock_smtp	*host;
	char			 id[ID_SIZE];
};

static bool
may_leave(void *context)
{
	const struct attempt_case	*c = context;

	return c->others;
}

/*
 * Moves the time of arrival to the year 1994.  The time of the next attempt
 * stays: the kernel would set one that can be in the next second of clock_now(),
 * whose clock is coarse.
 */
static void
make_old(struct fixture *f)
{
	int		 fd = openat(f->at.spool.dir[SPOOL_QUEUE], f->id,
			    O_RDWR);
	char		 text[512] = "";
	char		*arrived;
	struct stat	 st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	arrived = strstr(text, "\narrived ");
	assert_non_null(arrived);
	assert_int_equal(pwrite(fd, "0", 1, arrived - text + 9), 1);
	assert_int_equal(futimens(fd, (struct timespec[]){ st.st_atim,
	    st.st_mtim }), 0);
	close(fd);
}

static void
put(struct fixture *f, const struct attempt_case *c)
{
	struct outcome		 outcomes[RECIPIENTS] = { 0 };
	struct envelope		 envelope = { 0 };
	struct message		 message;
	struct spool_submission	 submission = {
		.envelope = &envelope, .message = &message,
		.outcomes = outcomes, .attempts = c->attempts,
		.asked = c->attempts, .next = time(NULL) + c->due,
		.held = c->held, .collected = c->collected, .uid = 33,
	};
	struct failure		 why;

	envelope_set_reverse(&envelope, c->sender != NULL ? c->sender :
	    "a@example.org");
	for (size_t i = 0; i < RECIPIENTS; i++) {
		if (i > 0 && c->to[i] == NULL)
			break;
		envelope_add(&envelope, c->to[i] != NULL ? c->to[i] :
		    "b@example.net")->notify = c->notify;
		outcomes[i].kind = c->kind[i];
		outcomes[i].in_doubt = c->in_doubt;
		outcomes[i].text = "451 later";
	}
	temp_spool_message(&message, &f->at.spool, 200, 7);
	if (!spool_commit(&f->at.spool, &submission, f->id, &why))
		fail_msg("%s", why.text);
	message_free(&message);
	envelope_free(&envelope);
	if (c->is_old)
		make_old(f);
}

static void
fixture_open(struct fixture *f, const struct script *script, const char *more)
{
	char	conf[256];

	f->host = mock_smtp_start(script);
	snprintf(conf, sizeof(conf), "smarthost = smtp://127.0.0.1:%u\n"
	    "timeout = 5s\nhelo = client.example\ndomain = example.org\n%s",
	    f->host->port, more != NULL ? more : "");
	spool_place_open(&f->at, "", conf);
}

static void
fixture_close(struct fixture *f)
{
	mock_smtp_stop(f->host);
	spool_place_close(&f->at);
}

/* As after messages for all turns until then. */
static void
set_turn(struct fixture *f, int64_t at)
{
	struct spool_state	 state;
	struct spool_state_host	*host;
	struct failure		 why;
	char			 url[40];

	snprintf(url, sizeof(url), "smtp://127.0.0.1:%u", f->host->port);
	assert_true(spool_state_open(&state, &f->at.spool, at, &why));
	host = spool_state_host(&state, url, NULL);
	host->pace_us = host->pace_promised_us = at * 1000000;
	assert_true(spool_state_close(&state, &why));
}

static void
check_delay(struct fixture *f, const struct attempt_case *c, int64_t before)
{
	int64_t		after = time(NULL);
	struct stat	st;

	assert_int_equal(fstatat(f->at.spool.dir[SPOOL_QUEUE], f->id, &st, 0),
	    0);
	assert_true(st.st_mtime >= before + c->delay[0]);
	assert_true(st.st_mtime <= after + c->delay[1]);
}

static void
is_attempted(void **state)
{
	const struct attempt_case	*c = *state;
	static struct fixture		 f;
	static struct attempt_worker	 worker;
	struct entry			 other;
	struct failure			 why;
	int64_t				 now;

	fixture_open(&f, &c->script, c->conf);
	put(&f, c);
	if (c->turn != 0)
		set_turn(&f, time(NULL) + c->turn);
	worker = (struct attempt_worker){ .config = &f.at.config,
	    .me = &f.at.me, .log = &f.at.log, .spool = &f.at.spool,
	    .choice = &c->choice, .may_leave = may_leave, .context = *state };
	attempt_worker_begin(&worker, NULL);
	if (c->locked)
		assert_int_equal(entry_open(&other, &f.at.spool, SPOOL_QUEUE,
		    f.id, ENTRY_WORK, &why), ENTRY_OPENED);
	now = time(NULL);
	assert_int_equal(attempt_entry(&worker, f.id), c->result);
	if (c->locked)
		entry_close(&other);
	attempt_worker_end(&worker);
	assert_string_equal(temp_spool_entries(f.at.spool.directory,
	    SPOOL_QUEUE), c->queue);
	assert_string_equal(temp_spool_entries(f.at.spool.directory,
	    SPOOL_FAILED), c->failed != NULL ? c->failed : "");
	assert_int_equal(mock_smtp_messages(f.host), c->messages);
	assert_int_equal(worker.delivered, c->delivered);
	assert_int_equal(worker.error[0] != '\0', c->fails);
	if (c->delay[1] != 0)
		check_delay(&f, c, now);
	fixture_close(&f);
}

#define TO(...)		.to = { __VA_ARGS__ }
#define STEPS(...)	{ .steps = { __VA_ARGS__ } }
#define LATER		STEPS({ .at = ON_RCPT, .say = "451 4.7.1 later" })
#define REFUSED		STEPS({ .at = ON_RCPT, .match = "@example.net", \
	.say = "550 5.1.1 no" })
#define LOST		STEPS({ .at = ON_BODY, .say = "", .then = THEN_CLOSE })
#define DEFERRED(from, to)	ATTEMPT_DEFERRED, "?b@example.net", \
	.delay = { from, to }, .fails = true

static const struct attempt_case cases[] = {
	/* Outcomes. */
	{ "an entry that is delivered to all is removed", { 0 },
	    ATTEMPT_DELIVERED, "", .messages = 1, .delivered = true },
	{ "delivered recipients are recorded if others are deferred",
	    STEPS({ .at = ON_RCPT, .match = "c@", .say = "451 later" }),
	    ATTEMPT_DEFERRED, "+b@example.net ?c@example.net", .messages = 1,
	    .delivered = true, .fails = true,
	    TO("b@example.net", "c@example.net") },
	{ "a failed recipient is recorded while others are deferred",
	    STEPS({ .at = ON_RCPT, .match = "b@", .say = "550 no" },
		{ .at = ON_RCPT, .say = "451 later" }),
	    ATTEMPT_DEFERRED, "-b@example.net ?c@example.net", .fails = true,
	    TO("b@example.net", "c@example.net") },
	{ "a delivered recipient is not sent the message again", { 0 },
	    ATTEMPT_DELIVERED, "", .messages = 1, .delivered = true,
	    TO("b@example.net", "c@example.net"),
	    .kind = { OUTCOME_DELIVERED, OUTCOME_WAITING } },
	{ "an entry without waiting recipients is removed without an attempt",
	    { 0 }, ATTEMPT_DELIVERED, "", TO("b@example.net"),
	    .kind = { OUTCOME_DELIVERED } },
	{ "a refusal of the session does not fail the message",
	    STEPS({ .at = ON_GREETING, .say = "554 no", .then = THEN_CLOSE }),
	    DEFERRED(60, 68) },

	/* Bounces. */
	{ "a failed message causes a bounce, which is sent at once", REFUSED,
	    ATTEMPT_FAILED, "", .messages = 1, .fails = true },
	{ "a bounce that cannot be sent waits in the queue",
	    STEPS({ .at = ON_RCPT, .match = "@example.net", .say = "550 no" },
		{ .at = ON_RCPT, .say = "451 later" }),
	    ATTEMPT_FAILED, "?a@example.org", .fails = true },
	{ "a failed bounce causes no bounce", REFUSED, ATTEMPT_FAILED, "",
	    .failed = "-b@example.net", .fails = true, .sender = "" },
	{ "with NOTIFY=NEVER a failed message is kept in failed/", REFUSED,
	    ATTEMPT_FAILED, "", .failed = "-b@example.net", .fails = true,
	    .notify = NOTIFY_NEVER },
	{ "an interrupted failure is completed without an attempt", { 0 },
	    ATTEMPT_FAILED, "", .messages = 1, TO("b@example.net"),
	    .kind = { OUTCOME_FAILED } },

	/* Attempts in doubt. */
	{ "after a lost final reply the delay is an hour", LOST,
	    DEFERRED(HOUR, HOUR + HOUR / 8), .messages = 1 },
	{ "the doubt remains if no server is asked",
	    STEPS({ .at = ON_GREETING, .say = "421 no", .then = THEN_CLOSE }),
	    DEFERRED(HOUR, HOUR + HOUR / 8), .in_doubt = true },
	{ "an entry in doubt is not safe before its time", { 0 },
	    ATTEMPT_DOUBTFUL, "?b@example.net", .in_doubt = true, .due = HOUR,
	    .choice = { .when = ATTEMPT_WHEN_SAFE } },
	{ "an entry without doubt is safe before its time", { 0 },
	    ATTEMPT_DELIVERED, "", .messages = 1, .delivered = true,
	    .due = HOUR, .choice = { .when = ATTEMPT_WHEN_SAFE } },

	/* The schedule. */
	{ "after the first attempt the delay is a minute", LATER,
	    DEFERRED(60, 68) },
	{ "after the second attempt the delay is 5 minutes", LATER,
	    DEFERRED(300, 338), .attempts = 1 },
	{ "after the third attempt the delay is 15 minutes", LATER,
	    DEFERRED(900, 1013), .attempts = 2 },
	{ "after the fourth attempt the delay is 30 minutes", LATER,
	    DEFERRED(1800, 2025), .attempts = 3 },
	{ "after the fifth attempt the delay is an hour", LATER,
	    DEFERRED(HOUR, HOUR + HOUR / 8), .attempts = 4 },
	{ "after many attempts the delay is an hour", LATER,
	    DEFERRED(HOUR, HOUR + HOUR / 8), .attempts = 100 },
	{ "after queue_lifetime a deferred message fails",
	    STEPS({ .at = ON_RCPT, .match = "@example.net",
		.say = "451 later" }), ATTEMPT_FAILED, "", .messages = 1,
	    .fails = true, .attempts = 9, .is_old = true },
	{ "after queue_lifetime only the waiting recipients fail",
	    STEPS({ .at = ON_RCPT, .match = "@example.net",
		.say = "451 later" }), ATTEMPT_FAILED, "", .messages = 1,
	    .fails = true, TO("b@example.net", "c@example.net"),
	    .kind = { OUTCOME_DELIVERED, OUTCOME_WAITING },
	    .attempts = 9, .is_old = true },
	{ "after queue_lifetime a message gets at least five attempts", LATER,
	    DEFERRED(1800, 2025), .attempts = 3, .is_old = true },

	/* The pace of a smarthost. */
	{ "a message waits for its turn", { 0 }, ATTEMPT_PACED,
	    "?b@example.net", .conf = "pace = 6/hour\n", .turn = 300,
	    .delay = { 299, 301 } },
	{ "the sender is told that an old message waits for its turn", { 0 },
	    ATTEMPT_PACED, "?b@example.net\n?a@example.org",
	    .conf = "pace = 6/hour\n", .turn = 600, .notify = NOTIFY_DELAY,
	    .is_old = true },
	{ "recipients who wait do not delay others", LATER,
	    ATTEMPT_DEFERRED, "?b@example.net ?c@example.com", .fails = true,
	    TO("b@example.net", "c@example.com"),
	    .conf = "[to *@example.net]\npace = 6/hour\n", .turn = 600,
	    .delay = { 60, 68 } },
	{ "recipients who wait are not delayed by others", LATER,
	    ATTEMPT_DEFERRED, "?b@example.net ?c@example.com", .fails = true,
	    TO("b@example.net", "c@example.com"), .attempts = 4,
	    .conf = "[to *@example.net]\npace = 6/hour\n", .turn = 300,
	    .delay = { 299, 301 } },

	/* Entries that are not attempted. */
	{ "an entry that is not due is skipped", { 0 }, ATTEMPT_SKIPPED,
	    "?b@example.net", .due = 60 },
	{ "a time beyond any delay is not valid, and the entry is due", { 0 },
	    ATTEMPT_DELIVERED, "", .messages = 1, .delivered = true,
	    .due = 2 * HOUR },
	{ "a collected entry is not tried, even if it is due", { 0 },
	    ATTEMPT_HELD, "?b@example.net", .collected = true },
	{ "a collected entry that is not in a digest was not sent by -qf",
	    { 0 }, ATTEMPT_DEFERRED, "?b@example.net", .collected = true,
	    .choice = { .when = ATTEMPT_WHEN_ANY } },
	{ "a held entry is not tried", { 0 }, ATTEMPT_HELD, "?b@example.net",
	    .held = true, .choice = { .when = ATTEMPT_WHEN_ANY } },
	{ "a held entry that is due is looked at again after an hour", { 0 },
	    ATTEMPT_HELD, "?b@example.net", .held = true, .due = -60,
	    .delay = { HOUR, HOUR } },
	{ "an entry that another process has locked is skipped", { 0 },
	    ATTEMPT_LOCKED, "?b@example.net", .locked = true },
	{ "an entry can be chosen by a part of its recipient", { 0 },
	    ATTEMPT_DELIVERED, "", .messages = 1, .delivered = true,
	    .choice = { .recipient = "B@EX" } },
	{ "an entry without a matching recipient is skipped", { 0 },
	    ATTEMPT_SKIPPED, "?b@example.net",
	    .choice = { .recipient = "c@" } },
	{ "a delivered recipient does not match", { 0 }, ATTEMPT_SKIPPED,
	    "+b@example.net ?c@example.net",
	    TO("b@example.net", "c@example.net"),
	    .kind = { OUTCOME_DELIVERED, OUTCOME_WAITING },
	    .choice = { .recipient = "b@" } },
	{ "an entry without a matching sender is skipped", { 0 },
	    ATTEMPT_SKIPPED, "?b@example.net", .choice = { .sender = "c@" } },
	{ "an entry is left to workers with a connection", { .refusing = true },
	    ATTEMPT_LEFT, "?b@example.net", .fails = true, .others = true },
	{ "the last worker records that it cannot connect",
	    { .refusing = true }, DEFERRED(60, 68) },
};

/* As the service does for a message that another process has received. */
static void
an_entry_that_is_in_no_spool_is_sent(void **state)
{
	static const struct script	 script;
	static const struct attempt_choice choice;
	static struct fixture		 f;
	static struct attempt_worker	 worker;
	struct envelope			 envelope = { 0 };
	struct message			 message;
	struct spool_submission		 submission = {
		.envelope = &envelope, .message = &message,
	};
	struct outcome			 outcome = { 0 };
	struct entry			 entry;
	struct failure			 why;
	int				 fd = file_in_memory();

	(void)state;
	fixture_open(&f, &script, NULL);
	envelope_set_reverse(&envelope, "a@example.org");
	envelope_add(&envelope, "b@example.net");
	temp_spool_message(&message, &f.at.spool, 200, 7);
	assert_true(spool_write(&submission, fd, &why));
	message_free(&message);
	envelope_free(&envelope);
	assert_true(entry_adopt(&entry, "message", fd, &why));
	worker = (struct attempt_worker){ .config = &f.at.config,
	    .me = &f.at.me, .log = &f.at.log, .spool = &f.at.spool,
	    .choice = &choice };
	attempt_worker_begin(&worker, NULL);
	attempt_send(&worker, &entry, NULL, &outcome);
	attempt_worker_end(&worker);
	entry_close(&entry);
	assert_int_equal(outcome.kind, OUTCOME_DELIVERED);
	assert_int_equal(outcome.code, 250);
	outcome_clear(&outcome);
	assert_int_equal(mock_smtp_messages(f.host), 1);
	fixture_close(&f);
}

int
main(void)
{
	static const struct CMUnitTest	unnamed[] = {
		cmocka_unit_test(an_entry_that_is_in_no_spool_is_sent),
	};

	return CASES_RUN("attempt", is_attempted, cases) +
	    cmocka_run_group_tests_name("attempt_send", unnamed, NULL, NULL);
}
