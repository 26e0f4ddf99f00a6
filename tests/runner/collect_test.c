/*
 * collect_run() with a fixed time: which entries become a digest, and of how
 * many messages.
 */
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

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
#include "queue/health.h"
#include "runner/collect.h"
#include "runner/runner.h"
#include "support/cases.h"
#include "support/spool_place.h"
#include "support/temp_spool.h"

enum { NOW = 1763760000, HOUR = 60 * 60 };

struct fixture {
	struct spool_place	 at;
	char			 last[ID_SIZE];	/* of put() */
};

static void
fixture_open(struct fixture *f, const char *conf)
{
	struct buffer	text = { 0 };
	int		fd;

	buffer_addf(&text, "domain = example.org\n%s", conf);
	spool_place_open(&f->at, "", text.data);
	buffer_free(&text);
	fd = openat(f->at.spool.fd, "storm", O_CREAT | O_WRONLY, 0600);
	assert_true(fd != -1);
	close(fd);
}

/* digest: IDs, or NULL. */
static void
put(struct fixture *f, int64_t next, size_t body, const char *digest)
{
	struct envelope		 env = { 0 };
	struct message		 message;
	struct spool_submission	 submission = {
		.envelope = &env, .message = &message, .collected = true,
		.next = next, .uid = 33, .caller = "www-data",
		.digest = digest,
	};
	struct failure		 why;

	envelope_set_reverse(&env, "me@example.org");
	envelope_add(&env, "a@example.net");
	temp_spool_message(&message, &f->at.spool, body, 1);
	if (!spool_commit(&f->at.spool, &submission, f->last, &why))
		fail_msg("%s", why.text);
	message_free(&message);
	envelope_free(&env);
}

static void
run_collect(struct fixture *f, bool early)
{
	struct collect_options	options = { .config = &f->at.config,
				    .me = &f->at.me, .log = &f->at.log,
				    .spool = &f->at.spool, .early = early };
	struct spool_list	list;
	struct failure		why;
	size_t			bad;

	assert_true(spool_list(&list, &f->at.spool, SPOOL_QUEUE, &why));
	collect_run(&options, &list, NOW, &bad);
	assert_int_equal(bad, 0);
	spool_list_free(&list);
}

/* What is in the queue, in the order of arrival: "c c 3", "alone". */
static const char *
describe(struct fixture *f)
{
	static char		text[200];
	struct spool_list	list;
	struct failure		why;

	text[0] = '\0';
	assert_true(spool_list(&list, &f->at.spool, SPOOL_QUEUE, &why));
	for (size_t i = 0; i < list.n; i++) {
		struct entry	e;
		size_t		n = 1;
		char		word[24];

		assert_int_equal(entry_open(&e, &f->at.spool, SPOOL_QUEUE,
		    list.item[i].name, ENTRY_LOOK, &why), ENTRY_OPENED);
		for (const char *c = e.file.digest; c != NULL && *c != '\0';
		    c++)
			n += *c == ' ';
		if (e.file.collected)
			strlcpy(word, e.file.digest != NULL ? "digest" : "c",
			    sizeof(word));
		else if (e.file.digest != NULL)
			snprintf(word, sizeof(word), "%zu", n);
		else
			strlcpy(word, "alone", sizeof(word));
		if (!e.file.collected)
			assert_int_equal(e.next, NOW);
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "%s%s", i > 0 ? " " : "", word);
		entry_close(&e);
	}
	spool_list_free(&list);
	return text;
}

struct due_case {
	const char	*sentence;
	const char	*conf;
	int64_t		 next[3];	/* after NOW */
	bool		 early;
	const char	*queue;
};

static const struct due_case	due[] = {
	{ "entries wait until the end of the period", "storm = 1/hour\n",
	    { 1, 2, HOUR }, false, "c c c" },
	{ "entries are due at the end of the period", "storm = 1/hour\n",
	    { 0, -1, 1 }, false, "c 2" },
	{ "entries of several periods are in one digest", "storm = 1/hour\n",
	    { -5 * HOUR, -HOUR, 0 }, false, "3" },
	{ "an entry that is alone is sent as it is", "storm = 1/hour\n",
	    { 0, 2, 3 }, false, "alone c c" },
	{ "if the clock was set back, entries are due", "storm = 1/hour\n",
	    { HOUR + 1, 2 * HOUR, 3 * HOUR }, false, "3" },
	{ "a period can be a day", "storm = 1/day\n",
	    { 2 * HOUR, 24 * HOUR, 0 }, false, "c c alone" },
	{ "without the key, entries are due", "", { 1, 2, 3 }, false, "3" },
	{ "if the key is off, entries are due", "storm = off\n", { 1, 2, 3 },
	    false, "3" },
	{ "the key of the sender counts", "storm = 1/hour\n"
	    "[from me@example.org]\nstorm = off\n", { 1, 2, 3 }, false, "3" },
	{ "the key of the user counts", "storm = 1/hour\n"
	    "[user www-data]\nstorm = off\n", { 1, 2, 3 }, false, "3" },
	{ "entries can be sent early", "storm = 1/hour\n", { 1, 2, 3 }, true,
	    "3" },
};

static void
is_due(void **state)
{
	const struct due_case	*c = *state;
	struct fixture		 f;

	fixture_open(&f, c->conf);
	for (size_t i = 0; i < 3; i++)
		put(&f, NOW + c->next[i], 100, NULL);
	run_collect(&f, c->early);
	assert_string_equal(describe(&f), c->queue);
	spool_place_close(&f.at);
}

struct size_case {
	const char	*sentence;
	const char	*conf;
	size_t		 n;
	size_t		 body;		/* octets */
	rlim_t		 files;		/* RLIMIT_NOFILE; 0: unchanged */
	const char	*queue;
};

static const struct size_case	sizes[] = {
	{ "a digest has at most 400 messages", "", 801, 10, 0,
	    "alone 400 400" },
	{ "a digest has at most 5 MiB", "", 22, 250 * 1024, 0, "20 2" },
	{ "message_size_limit applies to a digest",
	    "message_size_limit = 600K\n", 5, 250 * 1024, 0, "alone 2 2" },
	{ "a message can be larger than message_size_limit",
	    "message_size_limit = 10K\n", 2, 250 * 1024, 0, "alone alone" },
	{ "a digest has fewer messages if few files can be open", "", 20, 10,
	    80, "8 8 4" },
};

static void
has_size(void **state)
{
	const struct size_case	*c = *state;
	struct fixture		 f;
	struct rlimit		 files;
	int			 status;
	pid_t			 pid;

	fixture_open(&f, c->conf);
	for (size_t i = 0; i < c->n; i++)
		put(&f, NOW, c->body, NULL);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		files = (struct rlimit){ c->files, c->files };
		if (c->files != 0 && setrlimit(RLIMIT_NOFILE, &files) != 0)
			_exit(1);
		run_collect(&f, false);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_string_equal(describe(&f), c->queue);
	spool_place_close(&f.at);
}

static struct entry
open_last(struct fixture *f)
{
	struct entry	e;
	struct failure	why;

	assert_int_equal(entry_open(&e, &f->at.spool, SPOOL_QUEUE, f->last,
	    ENTRY_WORK, &why), ENTRY_OPENED);
	return e;
}

static void
a_locked_entry_is_left_out(void **state)
{
	struct fixture	f;
	struct entry	e;

	(void)state;
	fixture_open(&f, "");
	for (int i = 0; i < 3; i++)
		put(&f, NOW, 10, NULL);
	e = open_last(&f);
	run_collect(&f, false);
	assert_string_equal(describe(&f), "c 2");
	entry_close(&e);
	spool_place_close(&f.at);
}

static void
a_digest_that_is_not_complete_is_completed(void **state)
{
	struct fixture	f;
	struct entry	e;
	struct failure	why;
	char		ids[100];

	(void)state;
	fixture_open(&f, "storm = 1/hour\n");
	put(&f, NOW + 100, 10, NULL);
	strlcpy(ids, f.last, sizeof(ids));
	/* One that an interrupted queue run has removed already. */
	strlcat(ids, " 000000000000000 ", sizeof(ids));
	put(&f, NOW + 100, 10, NULL);
	strlcat(ids, f.last, sizeof(ids));
	e = open_last(&f);
	assert_true(collect_may_change(&e, &why));
	entry_close(&e);
	put(&f, NOW + 100, 100, ids);
	e = open_last(&f);
	assert_false(collect_may_change(&e, &why));
	assert_int_equal(why.status, EX_TEMPFAIL);
	entry_close(&e);
	strlcpy(f.last, strrchr(ids, ' ') + 1, sizeof(f.last));
	e = open_last(&f);
	assert_false(collect_may_change(&e, &why));
	assert_int_equal(why.status, EX_TEMPFAIL);
	assert_non_null(strstr(why.text, f.last));
	entry_close(&e);
	put(&f, NOW + 100, 100, NULL);
	assert_string_equal(describe(&f), "c c digest c");
	run_collect(&f, false);
	assert_string_equal(describe(&f), "3 c");
	e = open_last(&f);
	assert_true(collect_may_change(&e, &why));
	entry_close(&e);
	spool_place_close(&f.at);
}

/* Makes the header of the last entry invalid. */
static void
spoil_last(struct fixture *f)
{
	int		 fd = openat(f->at.spool.dir[SPOOL_QUEUE], f->last,
			    O_RDWR);
	char		 text[4096], *at;
	ssize_t		 n;
	struct stat	 st;

	assert_int_equal(fstat(fd, &st), 0);
	n = pread(fd, text, sizeof(text), 0);
	assert_true(n > 0);
	at = memmem(text, (size_t)n, "\nSubject: ", 10);
	assert_non_null(at);
	assert_int_equal(pwrite(fd, "Subject?", 8, at + 1 - text), 8);
	assert_int_equal(futimens(fd, (struct timespec[]){ st.st_atim,
	    st.st_mtim }), 0);
	close(fd);
}

/* digest: as in put(). */
static void
is_counted_by_the_queue_run(const char *digest)
{
	struct fixture		f;
	struct runner_totals	totals;
	struct health		health;
	struct failure		why;

	fixture_open(&f, "storm = 1/hour\n");
	put(&f, NOW, 10, digest);
	spoil_last(&f);
	assert_true(runner_run_queue(&(struct runner){ .config = &f.at.config,
	    .me = &f.at.me, .log = &f.at.log, .spool = &f.at.spool }, &totals,
	    &why));
	assert_int_equal(totals.entries, 1);
	assert_int_equal(totals.result[ATTEMPT_BAD], 1);
	health_read(&health, &f.at.spool);
	assert_non_null(strstr(health.text, "the header is invalid; moved to"));
	assert_int_not_equal(health.given_up, 0);
	assert_int_equal(temp_spool_count(&f.at.spool, SPOOL_QUEUE), 0);
	assert_int_equal(temp_spool_count(&f.at.spool, SPOOL_FAILED), 1);
	spool_place_close(&f.at);
}

static void
an_invalid_entry_is_counted_by_the_queue_run(void **state)
{
	(void)state;
	is_counted_by_the_queue_run(NULL);
}

static void
an_invalid_digest_is_counted_by_the_queue_run(void **state)
{
	(void)state;
	is_counted_by_the_queue_run("000000000000000");
}

int
main(void)
{
	static const struct CMUnitTest	others[] = {
		cmocka_unit_test(a_locked_entry_is_left_out),
		cmocka_unit_test(a_digest_that_is_not_complete_is_completed),
		cmocka_unit_test(an_invalid_entry_is_counted_by_the_queue_run),
		cmocka_unit_test(an_invalid_digest_is_counted_by_the_queue_run),
	};

	return CASES_RUN("due", is_due, due) +
	    CASES_RUN("size", has_size, sizes) +
	    cmocka_run_group_tests_name("others", others, NULL, NULL);
}
