#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/spool_state.h"
#include "support/temp_spool.h"

enum { NOW = 1763760000 };

static const char	url[] = "submission://mail.example.org:587";

static struct spool_state
opened(struct spool *spool)
{
	struct spool_state	facts;
	struct failure		why;

	if (!spool_state_open(&facts, spool, NOW, &why))
		fail_msg("%s", why.text);
	return facts;
}

static void
close_it(struct spool_state *facts)
{
	struct failure	why;

	if (!spool_state_close(facts, &why))
		fail_msg("%s", why.text);
}

static void
put_file(const struct spool *spool, const char *text)
{
	int	fd = openat(spool->fd, "state", O_WRONLY | O_CREAT | O_TRUNC,
		    0600);

	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void
facts_are_found_again(void **state)
{
	const struct spool_state_host	*found;
	struct spool_state_host		*host;
	struct spool_state		 facts;
	struct spool			 spool;

	(void)state;
	temp_spool_make(&spool, 0);
	facts = opened(&spool);
	facts.given_up = 7;
	strlcpy(facts.given_up_text, "550 5.1.1 no\nsuch \x1b[user 100%", 200);
	host = spool_state_host(&facts, url, "a b@example.org");
	host->trouble = SPOOL_TROUBLE_LOGIN;
	host->trouble_count = 12;
	strlcpy(host->trouble_text, "535 5.7.8 no", 200);
	spool_state_host(&facts, url, NULL)->trouble_at = 3;
	close_it(&facts);

	spool_state_read(&facts, &spool);
	assert_int_equal(facts.since, NOW);
	assert_int_equal(facts.given_up, 7);
	assert_string_equal(facts.given_up_text,
	    "550 5.1.1 no\nsuch \x1b[user 100%");
	assert_int_equal(facts.n_hosts, 2);
	found = spool_state_find(&facts, url, "a b@example.org");
	assert_int_equal(found->trouble, SPOOL_TROUBLE_LOGIN);
	assert_int_equal(found->trouble_count, 12);
	assert_string_equal(found->trouble_text, "535 5.7.8 no");
	assert_int_equal(spool_state_find(&facts, url, "")->trouble_at, 3);
	assert_null(spool_state_find(&facts, url, "b"));
	spool_state_free(&facts);
	temp_spool_remove(&spool);
}

static void
an_invalid_file_has_no_facts(void **state)
{
	const char		*text = *state;
	struct spool_state	 facts;
	struct spool		 spool;

	temp_spool_make(&spool, 0);
	put_file(&spool, text);
	spool_state_read(&facts, &spool);
	assert_int_equal(facts.since, 0);
	assert_int_equal(facts.n_hosts, 0);
	spool_state_free(&facts);
	/* It is replaced. */
	facts = opened(&spool);
	assert_int_equal(facts.n_hosts, 0);
	spool_state_host(&facts, url, NULL)->trouble_count++;
	close_it(&facts);
	spool_state_read(&facts, &spool);
	assert_int_equal(spool_state_find(&facts, url, NULL)->trouble_count, 1);
	spool_state_free(&facts);
	temp_spool_remove(&spool);
}

static void
a_file_with_another_name_does_not_change(void **state)
{
	struct spool_state	facts;
	struct failure		why;
	struct spool		spool;

	(void)state;
	temp_spool_make(&spool, 0);
	put_file(&spool, "relais-state 1\nsince 5\nend\n");
	assert_int_equal(linkat(spool.fd, "state", spool.fd, "other", 0), 0);
	assert_false(spool_state_open(&facts, &spool, 7, &why));
	assert_int_equal(why.status, EX_CANTCREAT);
	assert_non_null(strstr(why.text, "/state: Operation not permitted"));
	assert_int_equal(facts.since, 5);
	facts.since = 6;
	assert_true(spool_state_close(&facts, &why));
	spool_state_read(&facts, &spool);
	assert_int_equal(facts.since, 5);
	spool_state_free(&facts);
	temp_spool_remove(&spool);
}

static void
unknown_facts_are_ignored(void **state)
{
	struct spool_state	facts;
	struct spool		spool;

	(void)state;
	temp_spool_make(&spool, 0);
	put_file(&spool, "relais-state 1\nnew 1\nsince 5\nsmarthost smtp://a u"
	    "\n\tnew x y\n\ttrouble_count 4\nend\n");
	spool_state_read(&facts, &spool);
	assert_int_equal(facts.since, 5);
	assert_int_equal(spool_state_find(&facts, "smtp://a", "u")->trouble_count,
	    4);
	spool_state_free(&facts);
	temp_spool_remove(&spool);
}

static void
processes_do_not_lose_the_counts_of_others(void **state)
{
	enum { PROCESSES = 4, TIMES = 50 };
	struct spool_state	facts;
	struct spool		spool;
	int			status;

	(void)state;
	temp_spool_make(&spool, 0);
	for (int i = 0; i < PROCESSES; i++) {
		if (fork() != 0)
			continue;
		for (int j = 0; j < TIMES; j++) {
			struct failure	why;

			if (!spool_state_open(&facts, &spool, NOW, &why))
				_exit(1);
			spool_state_host(&facts, url, NULL)->trouble_count++;
			if (!spool_state_close(&facts, &why))
				_exit(1);
		}
		_exit(0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	spool_state_read(&facts, &spool);
	assert_int_equal(spool_state_find(&facts, url, NULL)->trouble_count,
	    PROCESSES * TIMES);
	spool_state_free(&facts);
	assert_int_equal(temp_spool_count(&spool, SPOOL_TMP), 0);
	temp_spool_remove(&spool);
}

static void
a_file_without_changes_is_not_written(void **state)
{
	struct spool_state	facts;
	struct stat		before, after;
	struct spool		spool;

	(void)state;
	temp_spool_make(&spool, 0);
	facts = opened(&spool);
	spool_state_host(&facts, url, NULL)->trouble_count++;
	close_it(&facts);
	assert_int_equal(fstatat(spool.fd, "state", &before, 0), 0);
	facts = opened(&spool);
	spool_state_host(&facts, url, NULL);
	close_it(&facts);
	assert_int_equal(fstatat(spool.fd, "state", &after, 0), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(after.st_mode, S_IFREG | 0600);
	temp_spool_remove(&spool);
}

static void
the_number_of_records_is_limited(void **state)
{
	struct spool_state	facts;
	struct spool		spool;
	char			name[] = "smtp://host--:25";

	(void)state;
	temp_spool_make(&spool, 0);
	facts = opened(&spool);
	for (int i = 0; i < SPOOL_STATE_HOSTS_MAX + 1; i++) {
		name[11] = (char)('0' + i / 10);
		name[12] = (char)('0' + i % 10);
		spool_state_host(&facts, name, NULL)->trouble_count = i + 1;
		/* In use again, so it is not the oldest. */
		spool_state_host(&facts, "smtp://host00:25", NULL);
	}
	close_it(&facts);
	spool_state_read(&facts, &spool);
	assert_int_equal(facts.n_hosts, SPOOL_STATE_HOSTS_MAX);
	assert_int_equal(spool_state_find(&facts, "smtp://host00:25", NULL)->
	    trouble_count, 1);
	assert_null(spool_state_find(&facts, "smtp://host01:25", NULL));
	assert_int_equal(spool_state_find(&facts, "smtp://host64:25", NULL)->
	    trouble_count, SPOOL_STATE_HOSTS_MAX + 1);
	spool_state_free(&facts);
	temp_spool_remove(&spool);
}

/* The limit on the size of files takes the place of a full disk. */
static void
the_facts_remain_if_the_disk_is_full(void **state)
{
	struct rlimit		before, none;
	struct spool_state	facts;
	struct failure		why;
	struct spool		spool;

	(void)state;
	temp_spool_make(&spool, 0);
	facts = opened(&spool);
	spool_state_host(&facts, url, NULL)->trouble_count = 1;
	close_it(&facts);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	facts = opened(&spool);
	spool_state_host(&facts, url, NULL)->trouble_count = 2;
	assert_false(spool_state_close(&facts, &why));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	spool_state_read(&facts, &spool);
	assert_int_equal(spool_state_find(&facts, url, NULL)->trouble_count, 1);
	spool_state_free(&facts);
	assert_int_equal(temp_spool_count(&spool, SPOOL_TMP), 0);
	temp_spool_remove(&spool);
}

static void
links_are_not_followed(void **state)
{
	struct spool_state	facts;
	struct failure		why;
	struct spool		spool;

	(void)state;
	temp_spool_make(&spool, 0);
	put_file(&spool, "relais-state 1\nsince 5\nend\n");
	assert_int_equal(renameat(spool.fd, "state", spool.fd, "other"), 0);
	assert_int_equal(symlinkat("other", spool.fd, "state"), 0);
	assert_false(spool_state_open(&facts, &spool, NOW, &why));
	assert_int_equal(facts.since, NOW);
	/* The caller need not care. */
	spool_state_host(&facts, url, NULL)->trouble_count++;
	close_it(&facts);
	temp_spool_remove(&spool);
}

#define INVALID(sentence, text) \
	{ sentence, an_invalid_file_has_no_facts, NULL, NULL, text }

static const struct CMUnitTest spool_state_spec[] = {
	{ "facts are found again, whatever the texts contain",
	    facts_are_found_again, NULL, NULL, NULL },
	INVALID("an empty file has no facts", ""),
	INVALID("a file of another version has no facts",
	    "relais-state 2\nsince 5\nend\n"),
	INVALID("a truncated file has no facts",
	    "relais-state 1\nsince 5\nsmarthost smtp://a u\n"),
	INVALID("a number with a sign makes the file invalid",
	    "relais-state 1\nsince -5\nend\n"),
	INVALID("a number that is too large makes the file invalid",
	    "relais-state 1\nsince 9999999999999999999\nend\n"),
	INVALID("a fact of no smarthost makes the file invalid",
	    "relais-state 1\nsince 5\n\ttrouble_count 5\nend\n"),
	INVALID("a smarthost without a name makes the file invalid",
	    "relais-state 1\nsince 5\nsmarthost\n\ttrouble_count 5\n"),
	INVALID("an incomplete escape makes the file invalid",
	    "relais-state 1\nsince 5\ngiven_up_text a%2\nend\n"),
	{ "a file with another name does not change",
	    a_file_with_another_name_does_not_change, NULL, NULL, NULL },
	{ "unknown facts are ignored", unknown_facts_are_ignored, NULL, NULL,
	    NULL },
	{ "processes that count at the same time do not lose a count",
	    processes_do_not_lose_the_counts_of_others, NULL, NULL, NULL },
	{ "a file without changes is not written",
	    a_file_without_changes_is_not_written, NULL, NULL, NULL },
	{ "the record that was not changed for the longest time is dropped",
	    the_number_of_records_is_limited, NULL, NULL, NULL },
	{ "if the disk is full, the facts remain",
	    the_facts_remain_if_the_disk_is_full, NULL, NULL, NULL },
	{ "a symbolic link is not followed, and stops nothing",
	    links_are_not_followed, NULL, NULL, NULL },
};

int
main(void)
{
	return cmocka_run_group_tests(spool_state_spec, NULL, NULL);
}
