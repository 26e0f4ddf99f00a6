/* program.h, temp_dir.h and conf.h, with the utilities of POSIX. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/conf.h"
#include "support/program.h"
#include "support/temp_dir.h"

static void
shell(struct program_result *o, const char *script, const char *input)
{
	program_run(o, &(struct program){ .path = "/bin/sh", .input = input,
	    .argv = WORDS("sh", "-c", script), .measured = true });
}

static void
collects_output_and_status(void **state)
{
	struct program_result	o;

	(void)state;
	shell(&o, "cat; echo bad >&2; exit 75", "good");
	assert_string_equal(o.out.data, "good");
	assert_string_equal(o.err.data, "bad\n");
	assert_int_equal(o.status, 75);
	assert_int_equal(o.signal, 0);
	assert_true(o.max_rss_kb > 0);
	program_result_free(&o);
}

static void
reports_the_signal(void **state)
{
	struct program_result	o;

	(void)state;
	shell(&o, "kill -USR1 $$", NULL);
	assert_int_equal(o.status, -1);
	assert_int_equal(o.signal, SIGUSR1);
	assert_string_equal(o.out.data, "");
	program_result_free(&o);
}

static void
accepts_input_that_is_not_read(void **state)
{
	static char		big[1 << 20];
	struct program_result	o;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	shell(&o, "exec <&-; exit 3", big);
	assert_int_equal(o.status, 3);
	program_result_free(&o);
}

static void
sets_the_environment(void **state)
{
	struct program_result	o;

	(void)state;
	program_run(&o, &(struct program){ .path = "/bin/sh",
	    .argv = WORDS("sh", "-c", "echo $A $HOME; pwd"),
	    .env = WORDS("A=b"), .dir = "/" });
	assert_string_equal(o.out.data, "b\n/\n");
	program_result_free(&o);
}

static size_t
three_blocks(void *ctx, uint64_t n, char *to, size_t size)
{
	(void)ctx;
	memset(to, 'a', size);
	return n < 3 * size ? size : 0;
}

static void
generates_input(void **state)
{
	struct program_result	o;

	(void)state;
	program_run(&o, &(struct program){ .path = "/bin/sh",
	    .argv = WORDS("sh", "-c", "wc -c"), .generate = three_blocks });
	assert_string_equal(o.out.data, "196608\n");
	program_result_free(&o);
}

static void
does_not_wait_for_grandchildren(void **state)
{
	struct program_result	 o;
	struct running		*r = program_start(&(struct program){
					.path = "/bin/sh", .keep_open = true,
					.argv = WORDS("sh", "-c", "cat <&0 "
					">/dev/null & echo $!; exit 4") });

	(void)state;
	program_stop(r, 0, &o);
	assert_int_equal(o.status, 4);
	program_result_free(&o);
}

static void
runs_a_program_in_the_background(void **state)
{
	struct program_result	 o;
	struct running		*r = program_start(&(struct program){
					.path = "/bin/sh", .keep_open = true,
					.argv = WORDS("sh", "-c",
					    "trap 'exit 7' TERM;"
					" echo ready;"
					    " while read x; do :; done") });

	(void)state;
	program_wait_output(r, "ready");
	program_stop(r, SIGTERM, &o);
	assert_int_equal(o.status, 7);
	program_result_free(&o);
}

static void
makes_and_removes_directories(void **state)
{
	struct temp_dir	dir;
	struct buffer	content = { 0 };
	struct stat	st;
	char		path[sizeof(dir.path)];

	(void)state;
	temp_dir_make(&dir);
	strlcpy(path, dir.path, sizeof(path));
	file_read(&content, temp_dir_write(&dir, "a", 0640, "text"));
	assert_string_equal(content.data, "text");
	assert_int_equal(stat(temp_dir_path(&dir, "a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(mkdir(temp_dir_path(&dir, "b"), 0700), 0);
	temp_dir_write(&dir, "b/c", 0600, "");
	assert_int_equal(temp_dir_count(path), 2);
	temp_dir_remove(&dir);
	assert_int_equal(stat(path, &st), -1);
	buffer_free(&content);
}

static void
writes_a_configuration(void **state)
{
	struct temp_dir		 dir;
	struct mock_smtp	 host = { .port = 25, .address = "::1" };
	struct buffer		 got = { 0 }, want = { 0 };

	(void)state;
	temp_dir_make(&dir);
	file_read(&got, conf_write(&dir, &host, "smtp",
	    "queue = /spool\nfrom = a@b\nhelo=c\n"));
	buffer_addf(&want, "smarthost = smtp://[::1]:25\n"
	    "domain = example.org\naliases = %s/aliases\nsocket = off\n"
	    "log = off\nqueue = /spool\nfrom = a@b\nhelo=c\n", dir.path);
	assert_string_equal(got.data, want.data);
	buffer_free(&got);
	buffer_free(&want);
	temp_dir_remove(&dir);
}

static const struct CMUnitTest program_spec[] = {
	cmocka_unit_test(collects_output_and_status),
	cmocka_unit_test(reports_the_signal),
	cmocka_unit_test(accepts_input_that_is_not_read),
	cmocka_unit_test(sets_the_environment),
	cmocka_unit_test(generates_input),
	cmocka_unit_test(does_not_wait_for_grandchildren),
	cmocka_unit_test(runs_a_program_in_the_background),
	cmocka_unit_test(makes_and_removes_directories),
	cmocka_unit_test(writes_a_configuration),
};

int
main(void)
{
	return cmocka_run_group_tests(program_spec, NULL, NULL);
}
