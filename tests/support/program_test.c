/* program.h, folder.h and conf.h, with the utilities of POSIX. */
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
#include "support/folder.h"
#include "support/program.h"

static void
shell(struct outcome *o, const char *script, const char *input)
{
	program_run(o, &(struct program){ .path = "/bin/sh", .input = input,
	    .argv = WORDS("sh", "-c", script) });
}

static void
collects_output_and_status(void **state)
{
	struct outcome	o;

	(void)state;
	shell(&o, "cat; echo bad >&2; exit 75", "good");
	assert_string_equal(o.out.data, "good");
	assert_string_equal(o.err.data, "bad\n");
	assert_int_equal(o.status, 75);
	assert_int_equal(o.signal, 0);
	assert_true(o.max_rss_kb > 0);
	outcome_free(&o);
}

static void
reports_the_signal(void **state)
{
	struct outcome	o;

	(void)state;
	shell(&o, "kill -USR1 $$", NULL);
	assert_int_equal(o.status, -1);
	assert_int_equal(o.signal, SIGUSR1);
	assert_string_equal(o.out.data, "");
	outcome_free(&o);
}

static void
accepts_input_that_is_not_read(void **state)
{
	static char	big[1 << 20];
	struct outcome	o;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	shell(&o, "exec <&-; exit 3", big);
	assert_int_equal(o.status, 3);
	outcome_free(&o);
}

static void
sets_the_environment(void **state)
{
	struct outcome	o;

	(void)state;
	program_run(&o, &(struct program){ .path = "/bin/sh",
	    .argv = WORDS("sh", "-c", "echo $A $HOME; pwd"),
	    .env = WORDS("A=b"), .folder = "/" });
	assert_string_equal(o.out.data, "b\n/\n");
	outcome_free(&o);
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
	struct outcome	o;

	(void)state;
	program_run(&o, &(struct program){ .path = "/bin/sh",
	    .argv = WORDS("sh", "-c", "wc -c"), .generate = three_blocks });
	assert_string_equal(o.out.data, "196608\n");
	outcome_free(&o);
}

static void
does_not_wait_for_grandchildren(void **state)
{
	struct outcome	 o;
	struct running	*r = program_start(&(struct program){
				.path = "/bin/sh", .keep_open = true,
				.argv = WORDS("sh", "-c",
				"cat <&0 >/dev/null & echo $!; exit 4") });

	(void)state;
	program_stop(r, 0, &o);
	assert_int_equal(o.status, 4);
	outcome_free(&o);
}

static void
runs_a_program_in_the_background(void **state)
{
	struct outcome	 o;
	struct running	*r = program_start(&(struct program){
				.path = "/bin/sh", .keep_open = true,
				.argv = WORDS("sh", "-c", "trap 'exit 7' TERM;"
				" echo ready; while read x; do :; done") });

	(void)state;
	program_wait_output(r, "ready");
	program_stop(r, SIGTERM, &o);
	assert_int_equal(o.status, 7);
	outcome_free(&o);
}

static void
makes_and_removes_folders(void **state)
{
	struct folder	folder;
	struct buffer	content = { 0 };
	struct stat	st;
	char		path[sizeof(folder.path)];

	(void)state;
	folder_make(&folder);
	strlcpy(path, folder.path, sizeof(path));
	file_read(&content, folder_write(&folder, "a", 0640, "text"));
	assert_string_equal(content.data, "text");
	assert_int_equal(stat(folder_path(&folder, "a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(mkdir(folder_path(&folder, "b"), 0700), 0);
	folder_write(&folder, "b/c", 0600, "");
	assert_int_equal(folder_count(path), 2);
	folder_remove(&folder);
	assert_int_equal(stat(path, &st), -1);
	buffer_free(&content);
}

static void
writes_a_configuration(void **state)
{
	struct folder		 folder;
	struct smarthost	 host = { .port = 25, .address = "::1" };
	struct buffer		 got = { 0 }, want = { 0 };

	(void)state;
	folder_make(&folder);
	file_read(&got, conf_write(&folder, &host, "smtp",
	    "queue = /spool\nfrom = a@b\nhelo=c\n"));
	buffer_addf(&want, "smarthost = smtp://[::1]:25\n"
	    "domain = example.org\naliases = %s/aliases\nsocket = off\n"
	    "log = off\nqueue = /spool\nfrom = a@b\nhelo=c\n", folder.path);
	assert_string_equal(got.data, want.data);
	buffer_free(&got);
	buffer_free(&want);
	folder_remove(&folder);
}

static const struct CMUnitTest program_spec[] = {
	cmocka_unit_test(collects_output_and_status),
	cmocka_unit_test(reports_the_signal),
	cmocka_unit_test(accepts_input_that_is_not_read),
	cmocka_unit_test(sets_the_environment),
	cmocka_unit_test(generates_input),
	cmocka_unit_test(does_not_wait_for_grandchildren),
	cmocka_unit_test(runs_a_program_in_the_background),
	cmocka_unit_test(makes_and_removes_folders),
	cmocka_unit_test(writes_a_configuration),
};

int
main(void)
{
	return cmocka_run_group_tests(program_spec, NULL, NULL);
}
