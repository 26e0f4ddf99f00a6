#include "support/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/certificate.h"
#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "support/temp_dir.h"
#include "util/memory.h"

enum { AT_ONCE_MAX = 24, WORDS_MAX = 64 };

#define SMALL "From: sender@example.org\nSubject: row\n\nHello\n"

/* A row while it runs, and its result. */
struct trial {
	const struct row	*row;
	struct mock_smtp	*host;
	struct running		*running;
	struct temp_dir		 dir;
	struct program_result	 out;
	char			*heard;
	int			 delivered;
	size_t			 connections;
};

struct table {
	struct trial			*trial;
	size_t				 n;
	struct temp_dir			 dir;
	struct usual_certificates	 certificates;
};

static void
write_conf(const struct table *t, struct trial *trial, char *path, size_t size)
{
	const struct row	*row = trial->row;
	struct buffer		 more = { 0 };

	if (row->more != NULL)
		buffer_add_text(&more, row->more);
	if (row->script.security != IN_CLEAR)
		buffer_addf(&more, "tls_ca = %s\n", t->certificates.ca);
	if (row->impatient)
		buffer_add_text(&more, "timeout = 2s\n");
	strlcpy(path, conf_write(&trial->dir, trial->host,
	    row->scheme != NULL ? row->scheme : "smtp", more.data), size);
	buffer_free(&more);
}

static void
start_trial(const struct table *t, struct trial *trial)
{
	const struct row	*row = trial->row;
	struct script		 script = row->script;
	const char		*argv[WORDS_MAX] = { "relais", "-C" };
	char			 conf[512];
	char			 to[1024];
	size_t			 n = 5;

	if (script.security != IN_CLEAR && script.certificate == NULL) {
		script.certificate = t->certificates.chain;
		script.key = t->certificates.key;
	}
	temp_dir_make(&trial->dir);
	trial->host = mock_smtp_start(&script);
	write_conf(t, trial, conf, sizeof(conf));
	argv[2] = conf;
	argv[3] = "-i";
	argv[4] = "-fsender@example.org";
	strlcpy(to, row->to != NULL ? row->to : "one@example.net",
	    sizeof(to));
	for (char *word = strtok(to, " "); word != NULL && n < WORDS_MAX - 1;
	    word = strtok(NULL, " "))
		argv[n++] = word;
	trial->running = program_start(&(struct program){ .argv = argv,
	    .input_file = temp_dir_write(&trial->dir, "message", 0600,
	    row->input != NULL ? row->input : SMALL) });
}

static void
finish_trial(struct trial *trial)
{
	const struct heard_message	*m;

	program_stop(trial->running, 0, &trial->out);
	/* The last events are recorded at the end of the connection. */
	trial->connections = mock_smtp_connections(trial->host);
	if (trial->connections > 0)
		mock_smtp_wait_closed(trial->host, trial->connections);
	if (mock_smtp_heard(trial->host, 0) != NULL)
		trial->heard = heard_commands(mock_smtp_heard(trial->host, 0),
		    false);
	for (size_t i = 0; (m = mock_smtp_message(trial->host, i)); i++)
		trial->delivered += m->code / 100 == 2;
	mock_smtp_stop(trial->host);
	temp_dir_remove(&trial->dir);
}

/* Runs rows that wait for a timeout first, so that they wait together. */
static int
run_all(void **state)
{
	struct table	*t = *state;
	struct trial   **order = memory_new(t->n, sizeof(*order));
	size_t		 n = 0;

	temp_dir_make(&t->dir);
	certificate_usual(&t->certificates, &t->dir);
	for (int impatient = 1; impatient >= 0; impatient--)
		for (size_t i = 0; i < t->n; i++)
			if (t->trial[i].row->impatient == (impatient == 1))
				order[n++] = &t->trial[i];
	for (size_t i = 0; i < n + AT_ONCE_MAX; i++) {
		if (i >= AT_ONCE_MAX && i - AT_ONCE_MAX < n)
			finish_trial(order[i - AT_ONCE_MAX]);
		if (i < n)
			start_trial(t, order[i]);
	}
	free(order);
	return 0;
}

static int
free_all(void **state)
{
	struct table	*t = *state;

	for (size_t i = 0; i < t->n; i++) {
		program_result_free(&t->trial[i].out);
		free(t->trial[i].heard);
	}
	temp_dir_remove(&t->dir);
	return 0;
}

static void
check_text(const struct trial *trial, const char *want)
{
	if (want != NULL && strstr(trial->out.err.data, want) == NULL)
		fail_msg("stderr lacks \"%s\": %s", want, trial->out.err.data);
}

static bool
is_plain(const struct buffer *text)
{
	for (size_t i = 0; i < text->len; i++)
		if ((unsigned char)text->data[i] < 0x20 &&
		    text->data[i] != '\n')
			return false;
	return true;
}

static void
check_row(void **state)
{
	const struct trial	*trial = *state;
	const struct row	*row = trial->row;

	if (trial->out.status != row->status)
		fail_msg("exit status %d, not %d; stderr: %s",
		    trial->out.status, row->status, trial->out.err.data);
	if (row->err == NULL && trial->out.err.len > 0)
		fail_msg("stderr is not empty: %s", trial->out.err.data);
	check_text(trial, row->err);
	check_text(trial, row->err_too);
	if (!is_plain(&trial->out.err))
		fail_msg("a control character on stderr: %s",
		    trial->out.err.data);
	assert_string_equal(trial->out.out.data, "");
	if (row->heard != NULL)
		assert_string_equal(trial->heard != NULL ? trial->heard : "",
		    row->heard);
	if (row->delivered >= 0)
		assert_int_equal(trial->delivered, row->delivered);
	if (row->connections > 0)
		assert_int_equal(trial->connections, row->connections);
}

int
rows_test(const char *name, const struct row *rows, size_t n)
{
	struct table		 t = { .n = n };
	struct CMUnitTest	*tests = memory_new(n, sizeof(*tests));
	int			 failures;

	t.trial = memory_new(n, sizeof(*t.trial));
	for (size_t i = 0; i < n; i++) {
		t.trial[i].row = &rows[i];
		tests[i] = (struct CMUnitTest){ .name = rows[i].sentence,
		    .test_func = check_row, .initial_state = &t.trial[i] };
	}
	run_all(&(void *){ &t });
	failures = _cmocka_run_group_tests(name, tests, n, NULL, NULL);
	free_all(&(void *){ &t });
	free(t.trial);
	free(tests);
	return failures;
}
