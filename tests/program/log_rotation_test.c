/*
 * The service, and the rotation and the change of its log file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/program.h"
#include "support/serving.h"
#include "util/clock.h"

enum { DEADLINE_MS = 20 * 1000, LOOK_AGAIN_MS = 5 };

struct log_service {
	struct serving	 s;
	char		 log[100];
	char		 renamed[100];
	struct running	*running;
};

static size_t
count(const char *path, const char *text)
{
	struct buffer	content = { 0 };
	size_t		n = 0;

	if (access(path, F_OK) == -1)
		return 0;
	file_read(&content, path);
	for (const char *at = content.data; (at = strstr(at, text)) != NULL;
	    at++)
		n++;
	buffer_free(&content);
	return n;
}

static void
wait_for(const char *path, const char *text)
{
	const struct timespec	pause = { 0, LOOK_AGAIN_MS * 1000000L };
	const int64_t		deadline = clock_ms() + DEADLINE_MS;

	while (count(path, text) == 0) {
		if (clock_ms() > deadline)
			fail_msg("\"%s\" does not appear in %s", text, path);
		nanosleep(&pause, NULL);
	}
}

static int
set_up(void **state)
{
	static struct log_service	t;
	char				more[200];

	serving_open(&t.s, &(struct script){ 0 }, "");
	strlcpy(t.log, temp_dir_path(&t.s.dir, "log"), sizeof(t.log));
	strlcpy(t.renamed, temp_dir_path(&t.s.dir, "log.1"),
	    sizeof(t.renamed));
	snprintf(more, sizeof(more), "log = %s\nlog_addresses = hash\n",
	    t.log);
	serving_configure(&t.s, more);
	t.running = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", t.s.conf, "serve") });
	wait_for(t.log, "the service accepts mail on ");
	*state = &t;
	return 0;
}

static int
tear_down(void **state)
{
	struct log_service	*t = *state;
	struct program_result	 o;

	program_stop(t->running, SIGTERM, &o);
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	serving_close(&t->s);
	return 0;
}

static void
send_one(struct log_service *t)
{
	struct program_result	o;

	program_run(&o, &(struct program){ .argv = WORDS("relais", "-C",
	    t->s.conf, "-i", "a@example.net"),
	    .input = "Subject: x\n\nhi\n" });
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
}

/* A session that waits for another client still has the renamed file. */
static void
a_message_after_the_rotation_is_in_the_new_file(void **state)
{
	struct log_service	*t = *state;

	send_one(t);
	assert_int_equal(count(t->log, ": sent uid="), 1);
	assert_int_equal(rename(t->log, t->renamed), 0);
	send_one(t);
	send_one(t);
	assert_int_equal(count(t->renamed, ": sent uid="), 1);
	assert_int_equal(count(t->log, ": sent uid="), 2);
}

static void
a_message_after_a_removal_is_in_the_new_file(void **state)
{
	struct log_service	*t = *state;

	send_one(t);
	assert_int_equal(unlink(t->log), 0);
	send_one(t);
	assert_int_equal(count(t->log, ": sent uid="), 1);
}

static void
a_reload_changes_the_log(void **state)
{
	struct log_service	*t = *state;
	char			 more[200];

	send_one(t);
	snprintf(more, sizeof(more), "log = %s\n", t->renamed);
	serving_configure(&t->s, more);
	assert_int_equal(kill(program_pid(t->running), SIGHUP), 0);
	wait_for(t->renamed, "the configuration has been read again");
	send_one(t);
	assert_int_equal(count(t->log, ": sent uid="), 1);
	assert_int_equal(count(t->renamed, "to=<a@example.net>"), 1);
}

/* The key is created before the first session. */
static void
addresses_are_hashed(void **state)
{
	struct log_service	*t = *state;

	send_one(t);
	assert_int_equal(count(t->log, "to=<*@example.net>"), 0);
	assert_int_equal(count(t->log, "to=<a@example.net>"), 0);
	assert_int_equal(count(t->log, "@example.net>"), 1);
}

#define EACH(test)	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct CMUnitTest rotation_spec[] = {
	EACH(a_message_after_the_rotation_is_in_the_new_file),
	EACH(a_message_after_a_removal_is_in_the_new_file),
	EACH(a_reload_changes_the_log),
	EACH(addresses_are_hashed),
};

int
main(void)
{
	return cmocka_run_group_tests(rotation_spec, NULL, NULL);
}
