#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/commit.h"
#include "runner/release.h"
#include "support/cases.h"
#include "support/spool_place.h"
#include "support/temp_spool.h"

enum { RECIPIENTS = 3 };

struct release_case {
	const char		*sentence;
	const char		*to[RECIPIENTS];
	const char		*queue;		/* afterwards; NULL: "" */
	const char		*failed;	/* likewise */
	int			 status;	/* EX_OK: it is released */
	const char		*text;		/* of the error */
	const char		*conf;		/* or NULL */
	enum outcome_kind	 kind[RECIPIENTS];	/* 0: failed */
};

static void
put_failed(struct spool *spool, const struct release_case *c, char *id)
{
	struct outcome		 outcomes[RECIPIENTS] = { 0 };
	struct envelope		 envelope = { 0 };
	struct message		 message;
	struct spool_submission	 submission = {
		.dir = SPOOL_FAILED, .envelope = &envelope,
		.message = &message, .outcomes = outcomes, .next = 1000,
	};
	struct failure		 why;

	envelope_set_reverse(&envelope, "a@example.org");
	for (size_t i = 0; i < RECIPIENTS && c->to[i] != NULL; i++) {
		envelope_add(&envelope, c->to[i]);
		outcomes[i].kind = c->kind[i] != OUTCOME_WAITING ?
		    c->kind[i] : OUTCOME_FAILED;
	}
	temp_spool_message(&message, spool, 200, 7);
	if (!spool_commit(spool, &submission, id, &why))
		fail_msg("%s", why.text);
	message_free(&message);
	envelope_free(&envelope);
}

static void
is_released(void **state)
{
	const struct release_case	*c = *state;
	struct spool_place		 at;
	struct entry			 entry;
	struct failure			 why = { .status = EX_OK };
	char				 conf[256], id[ID_SIZE];

	snprintf(conf, sizeof(conf), "smarthost = smtp://127.0.0.1\n%s",
	    c->conf != NULL ? c->conf : "");
	spool_place_open(&at, "staff: b@example.net, c@example.net\n", conf);
	put_failed(&at.spool, c, id);
	assert_int_equal(entry_open(&entry, &at.spool, SPOOL_FAILED, id,
	    ENTRY_WORK, &why), ENTRY_OPENED);

	if (!release_entry(&entry, &at.config, &at.me, id, &why))
		assert_int_equal(why.status, c->status);
	else
		assert_int_equal(EX_OK, c->status);
	if (c->text != NULL)
		assert_non_null(strstr(why.text, c->text));
	assert_string_equal(temp_spool_entries(at.spool.directory, SPOOL_QUEUE),
	    c->queue != NULL ? c->queue : "");
	assert_string_equal(temp_spool_entries(at.spool.directory,
	    SPOOL_FAILED), c->failed != NULL ? c->failed : "");

	entry_close(&entry);
	spool_place_close(&at);
}

static const struct release_case cases[] = {
	{ "a failed recipient is waiting again", { "b@example.net" },
	    .queue = "?b@example.net" },
	{ "a delivered recipient remains delivered",
	    { "b@example.net", "c@example.net" },
	    .queue = "?c@example.net +b@example.net",
	    .kind = { OUTCOME_DELIVERED } },
	{ "a local name is replaced by the addresses of its alias",
	    { "staff" }, .queue = "?b@example.net ?c@example.net" },
	{ "a local name without an alias is replaced by root",
	    { "joe" }, .queue = "?root@example.net",
	    .conf = "root = root@example.net\n" },
	{ "an address is in the new entry only once",
	    { "staff", "c@example.net" },
	    .queue = "?b@example.net ?c@example.net" },
	{ "redirect_all does not apply to an address", { "b@example.net" },
	    .queue = "?b@example.net",
	    .conf = "redirect_all = d@example.net\n" },
	{ "with a name that cannot be resolved, nothing is released",
	    { "joe", "b@example.net" }, .failed = "-joe -b@example.net",
	    .status = EX_NOUSER,
	    .text = "no address for the local name joe; set root" },
	{ "text that is not an address remains failed",
	    { "b@example.net", "c@d@" },
	    .queue = "?b@example.net -c@d@" },
	{ "without a valid address, nothing is released", { "c@d@" },
	    .failed = "-c@d@", .status = EX_DATAERR,
	    .text = "valid address" },
};

static void
an_entry_that_cannot_be_removed_is_not_queued(void **state)
{
	static const struct release_case	one = { .to = { "b@example.net" } };
	struct spool_place			at;
	struct entry				entry;
	struct failure				why;
	char					old[ID_SIZE], id[ID_SIZE];
	int					failed;

	(void)state;
	spool_place_open(&at, "", "smarthost = smtp://127.0.0.1\n");
	failed = at.spool.dir[SPOOL_FAILED];
	put_failed(&at.spool, &one, old);
	assert_int_equal(entry_open(&entry, &at.spool, SPOOL_FAILED, old,
	    ENTRY_WORK, &why), ENTRY_OPENED);
	/* The name belongs to something that unlink(2) does not remove. */
	assert_int_equal(unlinkat(failed, old, 0), 0);
	assert_int_equal(mkdirat(failed, old, 0700), 0);
	assert_false(release_entry(&entry, &at.config, &at.me, id, &why));
	assert_non_null(strstr(why.text, ": cannot be removed: "));
	assert_null(strstr(why.text, "in the queue"));
	assert_int_equal(temp_spool_count(&at.spool, SPOOL_QUEUE), 0);
	entry_close(&entry);
	spool_place_close(&at);
}

int
main(void)
{
	static const struct CMUnitTest	others[] = {
		cmocka_unit_test(an_entry_that_cannot_be_removed_is_not_queued),
	};

	return CASES_RUN("release", is_released, cases) +
	    cmocka_run_group_tests_name("others", others, NULL, NULL);
}
