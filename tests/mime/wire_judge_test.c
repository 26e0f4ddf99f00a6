/*
 * A MIME reader decodes the converted form of a message to the same content as
 * the message itself.  judge.py compares them with Python's email package, for
 * the messages of that package's tests and for generated ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mime/binary.h"
#include "mime/wire.h"
#include "support/program.h"
#include "support/skip.h"
#include "support/temp_dir.h"

static void
write_wire(const char *path, const char *kind, struct temp_dir *dir,
    const struct message *m)
{
	const struct wire_abilities	 abilities = {
		.eight_bit = kind[0] == '8' };
	struct buffer			 all = { 0 };
	struct failure			 why;
	struct wire			 w;
	const char			*base = strrchr(path, '/') + 1;
	char				 name[200], block[3000];
	ssize_t				 n;

	assert_true(wire_prepare(&w, m, &abilities, &why));
	buffer_add(&all, w.head.data, w.head.len);
	while ((n = wire_read(&w, block, sizeof(block), &why)) > 0)
		buffer_add(&all, block, (size_t)n);
	assert_int_equal(n, 0);
	assert_int_equal(all.len, w.size);
	snprintf(name, sizeof(name), "%.*s%s", (int)strlen(base) - 2, base,
	    kind);
	temp_dir_write_bytes(dir, name, 0600, all.data, all.len);
	if (w.remark != NULL) {
		strlcat(name, ".remark", sizeof(name));
		temp_dir_write(dir, name, 0600, w.remark);
	}
	wire_free(&w);
	buffer_free(&all);
}

static void
convert(const char *path, struct temp_dir *dir)
{
	static const char *const		tmp[] = { "/tmp", NULL };
	static const struct message_limits	limits = { .spill = tmp };
	struct buffer				text = { 0 };
	struct message				m;
	struct failure				why;

	file_read(&text, path);
	message_begin(&m, &limits);
	message_keep_binary(&m, false);
	assert_true(message_feed(&m, text.data, text.len, &why));
	assert_true(binary_encode(&m, &why));
	assert_true(message_end(&m, &why));
	write_wire(path, "7", dir, &m);
	write_wire(path, "8", dir, &m);
	message_free(&m);
	buffer_free(&text);
}

static int
judge(const char *what, const char *dir)
{
	struct program_result	out;
	int			status;

	program_run(&out, &(struct program){ .path = "/usr/bin/python3",
	    .argv = WORDS("python3", "-B", "tests/mime/judge.py", what,
	    dir), .deadline_ms = 120000 });
	status = out.status;
	if (out.out.len > 0 || out.err.len > 0)
		print_message("%s%s", out.out.data, out.err.data);
	program_result_free(&out);
	return status;
}

static void
a_reader_decodes_what_was_written(void **state)
{
	struct temp_dir	dir;
	glob_t		found;
	char		pattern[100];

	(void)state;
	if (access("/usr/bin/python3", X_OK) == -1)
		skip_because("python3 is not installed");
	temp_dir_make(&dir);
	if (judge("make", dir.path) == 77)
		print_message("Python's own tests are not installed: judged "
		    "without its messages\n");
	snprintf(pattern, sizeof(pattern), "%s/*.in", dir.path);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		convert(found.gl_pathv[i], &dir);
	globfree(&found);
	assert_int_equal(judge("compare", dir.path), 0);
	temp_dir_remove(&dir);
}

int
main(void)
{
	static const struct CMUnitTest judge_spec[] = {
		cmocka_unit_test(a_reader_decodes_what_was_written),
	};

	return cmocka_run_group_tests(judge_spec, NULL, NULL);
}
