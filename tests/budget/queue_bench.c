/*
 * Time to list and to flush a queue of ten thousand small messages to a
 * smarthost on loopback, with the spool in /tmp and in memory.  The scripted
 * smarthost accounts for much of the time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "support/temp_spool.h"
#include "util/clock.h"

enum { MANY = 10000 };

static double
seconds_of(const char *conf, const char *option, double *cpu)
{
	int64_t			began = clock_ms();
	struct program_result	o;

	program_run(&o, &(struct program){ .path = BUILD "/relais",
	    .argv = WORDS("relais", "-C", conf, option),
	    .deadline_ms = 600 * 1000 });
	assert_int_equal(o.status, 0);
	*cpu = o.user_s + o.system_s;
	program_result_free(&o);
	return (double)(clock_ms() - began) / 1000;
}

static void
time_queue(const char *dir)
{
	static const char *const	to[] = { "b@example.net", "" };
	struct mock_smtp	*host = mock_smtp_start(&(struct script){
				    .discard = true, .life_s = 600 });
	struct temp_dir		 place;
	struct spool		 spool;
	char			 id[32], more[300];
	const char		*conf;
	double			 list, flush, list_cpu, flush_cpu;

	temp_dir_make(&place);
	temp_spool_make_in(&spool, dir, 0);
	for (int i = 0; i < MANY; i++)
		temp_spool_put(&spool, id, to);
	snprintf(more, sizeof(more), "queue = %s\n", spool.directory);
	conf = conf_write(&place, host, "smtp", more);
	list = seconds_of(conf, "-bp", &list_cpu);
	flush = seconds_of(conf, "-q", &flush_cpu);
	assert_true(mock_smtp_wait_messages(host, MANY));
	assert_int_equal(temp_spool_count(&spool, SPOOL_QUEUE), 0);
	printf("%-10s listed in %.2f s (CPU %.2f s), flushed in %.1f s, %.0f "
	    "a second (CPU %.2f s)\n", dir, list, list_cpu, flush,
	    MANY / flush, flush_cpu);
	temp_spool_remove(&spool);
	temp_dir_remove(&place);
	mock_smtp_stop(host);
}

static void
bench(void **state)
{
	(void)state;
	time_queue("/tmp");
	if (access("/dev/shm", W_OK) == 0)
		time_queue("/dev/shm");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(bench) };

	return cmocka_run_group_tests_name("queue bench", tests, NULL, NULL);
}
