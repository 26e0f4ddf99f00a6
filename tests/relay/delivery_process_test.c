/* The process that delivers without a server, for an untrusted parent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "relay/delivery_process.h"
#include "support/conf_load.h"
#include "support/temp_dir.h"

struct test {
	struct temp_dir		 dir;
	struct config		 config;
	struct smarthost_list	 list;
	struct delivery_process	 process;
	struct failure		 why;
};

/* A program that writes what it gets to a file, and a Maildir. */
static int
set_up(void **state)
{
	struct test	*t = calloc(1, sizeof(*t));
	char		 text[400];

	assert_non_null(t);
	temp_dir_make(&t->dir);
	snprintf(text, sizeof(text), "#!/bin/sh\ncat >%s/got\n", t->dir.path);
	temp_dir_write(&t->dir, "send", 0700, text);
	snprintf(text, sizeof(text), "smarthost = command://%s/send a, "
	    "maildir://%s/Maildir\n", t->dir.path, t->dir.path);
	conf_load(&t->config, &t->dir, text);
	text[strcspn(text, "\n")] = '\0';
	assert_true(smarthost_list_parse(&t->list, strchr(text, '=') + 2,
	    &t->why));
	delivery_process_start(&t->process, &t->config);
	assert_true(t->process.pid > 0);
	*state = t;
	return 0;
}

static int
tear_down(void **state)
{
	struct test	*t = *state;

	delivery_process_stop(&t->process);
	smarthost_list_free(&t->list);
	config_free(&t->config);
	temp_dir_remove(&t->dir);
	free(t);
	return 0;
}

static const char	two_paths[] = "a@x.example\0b@x.example";

static void
begin(struct test *t, struct delivery_request *d, struct buffer *paths)
{
	buffer_add(paths, two_paths, sizeof(two_paths));
	*d = (struct delivery_request){ .smarthost = &t->list.host[0],
	    .timeout_ms = 30000, .paths = paths };
	if (!delivery_process_begin(&t->process, d, &t->why) ||
	    !delivery_process_write(&t->process, "text\n", 5, &t->why))
		fail_msg("%s", t->why.text);
}

static void
deliver(struct test *t)
{
	struct delivery_request	d;
	struct delivery_result	r;
	struct buffer		paths = { 0 }, output = { 0 }, got = { 0 };

	begin(t, &d, &paths);
	assert_true(delivery_process_end(&t->process, &d, &r, &output,
	    &t->why));
	assert_int_equal(r.kind, DELIVERY_DONE);
	file_read(&got, temp_dir_path(&t->dir, "got"));
	assert_string_equal(got.data, "text\n");
	buffer_free(&got);
	buffer_free(&output);
	buffer_free(&paths);
}

static void
delivers_one_message_after_another(void **state)
{
	struct test	*t = *state;

	for (int i = 0; i < 3; i++) {
		deliver(t);
		unlink(temp_dir_path(&t->dir, "got"));
	}
}

/* The process ends without having run the program. */
static void
delivers_no_part_of_a_message(void **state)
{
	struct test		*t = *state;
	struct delivery_request	 d;
	struct buffer		 paths = { 0 };

	begin(t, &d, &paths);
	delivery_process_stop(&t->process);
	assert_int_equal(access(temp_dir_path(&t->dir, "got"), F_OK), -1);
	buffer_free(&paths);
}

/* The part that was written is not delivered, and the next message is whole. */
static void
goes_on_after_an_abandoned_message(void **state)
{
	struct test		*t = *state;
	struct delivery_request	 d;
	struct buffer		 paths = { 0 };

	begin(t, &d, &paths);
	delivery_process_abandon(&t->process);
	if (!delivery_process_open(&t->process, d.smarthost, &t->why))
		fail_msg("%s", t->why.text);
	assert_int_equal(access(temp_dir_path(&t->dir, "got"), F_OK), -1);
	deliver(t);
	buffer_free(&paths);
}

static void
knows_only_the_configuration(void **state)
{
	struct test		*t = *state;
	char			 path[] = "/bin/sh", command[] = "/bin/sh -c x";
	struct smarthost_url	 other = { .scheme = SCHEME_COMMAND,
				    .path = path, .command = command };

	assert_false(delivery_process_open(&t->process, &other, &t->why));
	assert_int_equal(t->why.status, EX_SOFTWARE);
	other = t->list.host[0];
	other.command = command;
	assert_false(delivery_process_open(&t->process, &other, &t->why));
	assert_true(delivery_process_open(&t->process, &t->list.host[0],
	    &t->why));
	assert_true(delivery_process_open(&t->process, &t->list.host[1],
	    &t->why));
	assert_int_equal(access(temp_dir_path(&t->dir, "Maildir/new"), W_OK),
	    0);
}

/* A compromised parent can send anything: the process ends. */
static void
ends_after_an_invalid_request(void **state)
{
	struct test	*t = *state;
	unsigned char	 request[64];
	char		 octet;

	memset(request, 0xff, sizeof(request));
	assert_int_equal(write(t->process.fd, request, sizeof(request)),
	    sizeof(request));
	assert_true(read(t->process.fd, &octet, 1) <= 0);
}

/* The process ends without having run the program. */
static void
refuses(struct test *t, const char *paths, size_t len, int64_t timeout_ms)
{
	struct buffer			 list = { 0 }, output = { 0 };
	const struct delivery_request	 d = { .smarthost = &t->list.host[0],
					    .timeout_ms = timeout_ms,
					    .paths = &list };
	struct delivery_result		 r;

	buffer_add(&list, paths, len);
	assert_false(delivery_process_begin(&t->process, &d, &t->why) &&
	    delivery_process_write(&t->process, "text\n", 5, &t->why) &&
	    delivery_process_end(&t->process, &d, &r, &output, &t->why));
	assert_string_equal(t->why.text, "the delivery process has ended");
	delivery_process_stop(&t->process);
	assert_int_equal(access(temp_dir_path(&t->dir, "got"), F_OK), -1);
	buffer_free(&list);
	buffer_free(&output);
}

#define REFUSES(name, paths, timeout_ms) \
	static void \
	name(void **state) \
	{ \
		refuses(*state, paths, sizeof(paths) - 1, timeout_ms); \
	}

REFUSES(refuses_no_paths, "", 30000)
REFUSES(refuses_a_reverse_path_alone, "a@x.example\0", 30000)
REFUSES(refuses_an_empty_forward_path, "a@x.example\0\0", 30000)
REFUSES(refuses_a_path_without_an_end, "a@x.example\0b@x.example", 30000)
REFUSES(refuses_a_line_end_in_a_path, "a@x.example\0b\n@x.example\0", 30000)
REFUSES(refuses_a_timeout_of_more_than_a_day, "a@x.example\0b@x.example\0",
    24 * 60 * 60 * 1000 + 1)
REFUSES(refuses_a_negative_timeout, "a@x.example\0b@x.example\0", -1)

static void
does_not_start_for_servers(void **state)
{
	struct test		*t = *state;
	struct delivery_process	 p;
	struct config		 config = { 0 };

	conf_load(&config, &t->dir, "smarthost = smtp://a.example, "
	    "lmtp:///run/x discard:\n");
	delivery_process_start(&p, &config);
	assert_int_equal(p.pid, 0);
	assert_false(delivery_process_open(&p, &t->list.host[0], &t->why));
	assert_int_equal(t->why.status, EX_SOFTWARE);
	config_free(&config);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static const struct CMUnitTest spec[] = {
	TEST(delivers_one_message_after_another),
	TEST(delivers_no_part_of_a_message),
	TEST(goes_on_after_an_abandoned_message),
	TEST(knows_only_the_configuration),
	TEST(ends_after_an_invalid_request),
	TEST(refuses_no_paths),
	TEST(refuses_a_reverse_path_alone),
	TEST(refuses_an_empty_forward_path),
	TEST(refuses_a_path_without_an_end),
	TEST(refuses_a_line_end_in_a_path),
	TEST(refuses_a_timeout_of_more_than_a_day),
	TEST(refuses_a_negative_timeout),
	TEST(does_not_start_for_servers),
};

int
main(void)
{
	return cmocka_run_group_tests(spec, NULL, NULL);
}
