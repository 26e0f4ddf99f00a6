/*
 * relais check: the whole output, on a terminal, in a pipe and as JSON.
 *
 * It is compared with the files in tests/program/check/.  In these, values that
 * differ between two runs or machines are replaced by words in braces.  After a
 * change of the output, GOLDEN=write BUILD/tests/program/check_golden_test
 * writes the files; read the difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "support/cases.h"
#include "support/program.h"
#include "support/terminal.h"
#include "support/tls_fixture.h"

enum { COLUMNS = 400 };		/* of the terminal: no line is wrapped */

/* A smarthost, and the configuration that uses it. */
struct scene {
	struct script	 script;
	const char	*conf;
	int		 status;
};

#define LOGIN \
	"from = kim@example.org\nroot = admin@example.net\n" \
	"tls_ca = {ca}\nuser = nina\npassword_file = {dir}/password\n"

static const struct scene good = {
	{ .security = STARTTLS_OFFERED, .user = "nina",
	    .password = TLS_FIXTURE_PASSWORD, .auth_required = true },
	LOGIN "queue = {dir}/spool\n", EX_OK,
};

/* The first smarthost is down, and the second one refuses the password. */
static const struct scene failing = {
	{ .security = STARTTLS_OFFERED, .user = "nina", .password = "other",
	    .auth_required = true },
	LOGIN "smarthost = submission://127.0.0.1:1 "
	    "submission://127.0.0.1:{port}\n", EX_TEMPFAIL,
};

struct golden_case {
	const char		*sentence;
	const struct scene	*scene;
	const char		*file;
	const char		*argument;	/* or NULL */
	bool			 is_terminal;
};

static const struct golden_case cases[] = {
	{ "a good smarthost, on a terminal", &good, "good.terminal", NULL,
	    true },
	{ "a good smarthost, in a pipe", &good, "good.txt", NULL, false },
	{ "a good smarthost, with --verbose", &good, "good-verbose.txt",
	    "--verbose", false },
	{ "a good smarthost, as JSON", &good, "good.json", "--json", false },
	{ "failing smarthosts, on a terminal", &failing, "failing.terminal",
	    NULL, true },
	{ "failing smarthosts, in a pipe", &failing, "failing.txt", NULL,
	    false },
	{ "failing smarthosts, as JSON", &failing, "failing.json", "--json",
	    false },
};

/*
 * Masks.
 */

/* Replaces each occurrence of a text. */
static void
mask_text(struct buffer *b, const char *text, const char *word)
{
	struct buffer	 out = { 0 };
	const char	*at = b->data, *found;

	for (; (found = strstr(at, text)) != NULL; at = found + strlen(text))
		buffer_addf(&out, "%.*s%s", (int)(found - at), at, word);
	buffer_add_text(&out, at);
	buffer_free(b);
	*b = out;
}

/* Replaces the text after "before", up to a character of "end". */
static void
mask_after(struct buffer *b, const char *before, const char *end,
    const char *word)
{
	struct buffer	 out = { 0 };
	const char	*at = b->data, *found;

	while ((found = strstr(at, before)) != NULL) {
		found += strlen(before);
		buffer_addf(&out, "%.*s%s", (int)(found - at), at, word);
		at = found + strcspn(found, end);
	}
	buffer_add_text(&out, at);
	buffer_free(b);
	*b = out;
}

/* The name of the stage at the start of a line, or NULL. */
static const char *
stage_of(const char *line)
{
	static const char	json[] = "{\"stage\":\"";

	if (strncmp(line, json, sizeof(json) - 1) == 0)
		return line + sizeof(json) - 1;
	return islower((unsigned char)line[0]) ? line : NULL;
}

/*
 * The findings of this stage are about this machine, and their number differs:
 * one line replaces them.
 */
static void
mask_stage(struct buffer *b, const char *stage)
{
	struct buffer	 out = { 0 };
	size_t		 len = strlen(stage);
	bool		 inside = false;

	for (char *at = b->data, *line; (line = strsep(&at, "\n")) != NULL;) {
		const char	*name = stage_of(line);
		bool		 was_inside = inside;

		if (name != NULL)
			inside = strncmp(name, stage, len) == 0;
		else if (!isblank((unsigned char)line[0]))
			inside = false;
		if (inside && !was_inside)
			buffer_addf(&out, "%.*s {about this machine}\n",
			    (int)(name + len - line), line);
		else if (!inside)
			buffer_addf(&out, "%s%s", line, at != NULL ? "\n" : "");
	}
	buffer_free(b);
	*b = out;
}

static void
mask(struct buffer *b, const struct tls_fixture *s)
{
	static const struct {
		const char	*before, *end, *word;
	} values[] = {
		{ "mail from ", " ", "{user}" },
		{ "only root and ", " ", "{user}" },
		{ "uid = ", "\n", "{id}" },
		{ "gid = ", "\n", "{id}" },
		{ "\"uid\",\"value\":\"", "\"", "{id}" },
		{ "\"gid\",\"value\":\"", "\"", "{id}" },
		{ "onnected in ", " ", "{n}" },
		{ " after ", " ", "{n}" },
		{ "\"ms\",\"value\":\"", "\"", "{n}" },
		{ "ms = ", "\n", "{n}" },
		{ "TLSv", ";\"\n", "{version}" },
		{ "expires on ", ";", "{date}" },
		{ "expires = ", "\n", "{date}" },
		{ "\"expires\",\"value\":\"", "\"", "{date}" },
		{ "cipher = ", "\n", "{cipher}" },
		{ "\"cipher\",\"value\":\"", "\"", "{cipher}" },
		{ "group = ", "\n", "{group}" },
		{ "\"group\",\"value\":\"", "\"", "{group}" },
	};
	char	port[8];

	snprintf(port, sizeof(port), ":%u", s->host->port);
	mask_text(b, s->dir.path, "{dir}");
	mask_text(b, port, ":{port}");
	mask_text(b, ",{\"stage\"", ",\n{\"stage\"");
	mask_text(b, "[{\"stage\"", "[\n{\"stage\"");
	mask_stage(b, "program");
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		mask_after(b, values[i].before, values[i].end, values[i].word);
	mask_text(b, "only root and {user} can", "only root can");
}

/* The last line, which counts the findings, is different on each machine. */
static void
mask_totals(struct buffer *b)
{
	char	*line = b->data + b->len;

	assert_true(b->len > 0 && line[-1] == '\n');
	for (line--; line > b->data && line[-1] != '\n';)
		line--;
	if (!isdigit((unsigned char)line[0]))
		return;
	b->len = (size_t)(line - b->data);
	buffer_add_text(b, "{totals}\n");
}

/*
 * The comparison.
 */

static void
write_file(const char *path, const struct buffer *text)
{
	FILE	*f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text->data, 1, text->len, f), text->len);
	assert_int_equal(fclose(f), 0);
}

static void
assert_golden(const char *name, const struct buffer *text)
{
	const char	*want = getenv("GOLDEN");
	struct buffer	 golden = { 0 };
	char		 path[300];
	size_t		 line = 0;

	snprintf(path, sizeof(path), "%s/program/check/%s", TESTS, name);
	if (want != NULL && strcmp(want, "write") == 0) {
		write_file(path, text);
		return;
	}
	file_read(&golden, path);
	for (size_t i = 0; i < text->len &&
	    text->data[i] == golden.data[i]; i++)
		line = text->data[i] == '\n' ? i + 1 : line;
	if (strcmp(text->data, golden.data) != 0)
		fail_msg("%s says:\n%.*s\nbut the output is:\n%.*s\n", path,
		    (int)strcspn(golden.data + line, "\n"), golden.data + line,
		    (int)strcspn(text->data + line, "\n"), text->data + line);
	buffer_free(&golden);
}

static void
output_is_golden(void **state)
{
	const struct golden_case	*c = *state;
	struct tls_fixture		 s = { .host = NULL };
	struct program			 p = { .env = WORDS("TERM=xterm") };
	struct terminal			 t;
	struct program_result		 o;
	struct buffer			 out = { 0 };
	int				 status;

	tls_fixture_begin(&s);
	temp_dir_write(&s.dir, "password", 0600, TLS_FIXTURE_PASSWORD "\n");
	tls_fixture_open(&s, &c->scene->script, "submission", c->scene->conf);
	p.argv = WORDS("relais", "-C", s.conf, "check", c->argument);
	if (c->is_terminal) {
		terminal_start(&t, &p, COLUMNS);
		terminal_read(&t);
		buffer_add_text(&out, t.out.data);
		status = terminal_end(&t);
		mask_text(&out, "\r\n", "\n");
	} else {
		program_run(&o, &p);
		assert_string_equal(o.err.data, "");
		buffer_add_text(&out, o.out.data);
		status = o.status;
		program_result_free(&o);
	}
	mask_totals(&out);
	mask(&out, &s);
	assert_golden(c->file, &out);
	assert_int_equal(status, c->scene->status);
	assert_int_equal(mock_smtp_messages(s.host), 0);
	buffer_free(&out);
	tls_fixture_close(&s);
}

int
main(void)
{
	return CASES_RUN("golden", output_is_golden, cases);
}
