#include "support/measure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/temp_dir.h"
#include "util/clock.h"

enum { WORDS_MAX = 32, DEADLINE_MS = 120000 };

/* Runs sendmail, and not the program relais with all commands. */
static void
run(struct program_result *out, const char *tool, const char *const *before,
    const char *const *argv, const char *input)
{
	const char	*words[WORDS_MAX] = { tool };
	size_t		 n = 1;

	for (; *before != NULL; before++)
		words[n++] = *before;
	words[n++] = SENDMAIL;
	for (argv++; *argv != NULL && n < WORDS_MAX - 1; argv++)
		words[n++] = *argv;
	program_run(out, &(struct program){ .path = "/usr/bin/env",
	    .argv = words, .input = input, .deadline_ms = 120000 });
	if (out->status != 0)
		fail_msg("%s: status %d: %s", tool, out->status,
		    out->err.data);
}

long
measure_instructions(const char *const *argv, const char *input)
{
	struct program_result	 out;
	const char		*at;
	long			 n;

	run(&out, "env", WORDS("valgrind", "--tool=callgrind",
	    "--callgrind-out-file=/dev/null"), argv, input);
	at = strstr(out.err.data, "Collected : ");
	if (at == NULL)
		fail_msg("no count from callgrind: %s", out.err.data);
	n = atol(at + strlen("Collected : "));
	program_result_free(&out);
	return n;
}

static bool
has(const char *line, const char *words)
{
	return strstr(line, words) != NULL;
}

/* One line of strace's output. */
static void
count_call(struct measured_calls *c, const char *line)
{
	if (has(line, "+++") || has(line, "---"))
		return;
	c->all++;
	if (has(line, "openat(") && has(line, ".so") &&
	    !has(line, "ENOENT") && !has(line, "ld.so.cache")) {
		c->objects++;
		c->ssl |= has(line, "libssl");
	}
	c->writes += has(line, "sendto(") || has(line, "sendmsg(") ||
	    has(line, "sendfile(");
}

void
measure_calls(struct measured_calls *c, const char *const *argv,
    const char *input)
{
	struct temp_dir		 dir;
	struct program_result	 out;
	struct buffer		 trace = { 0 };

	*c = (struct measured_calls){ 0 };
	temp_dir_make(&dir);
	run(&out, "env", WORDS("strace", "-f", "-o",
	    temp_dir_path(&dir, "trace")), argv, input);
	file_read(&trace, temp_dir_path(&dir, "trace"));
	for (char *line = strtok(trace.data, "\n"); line != NULL;
	    line = strtok(NULL, "\n"))
		count_call(c, line);
	buffer_free(&trace);
	program_result_free(&out);
	temp_dir_remove(&dir);
}

static long
peak_of(pid_t pid)
{
	char	path[64], line[256];
	long	kib = -1;
	FILE	*f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = atol(line + 6);
	fclose(f);
	assert_true(kib > 0);
	return kib;
}

static bool
has_message(struct mock_smtp *host)
{
	const struct heard	*h = mock_smtp_heard(host, 0);

	return h != NULL && h->n_messages > 0 && h->message[0]->complete;
}

/* The whole message arrived; the reply is held back. */
static void
await_message(struct mock_smtp *host)
{
	struct pollfd	bell = { .fd = mock_smtp_bell(host),
			    .events = POLLIN };
	int64_t		end = clock_ms() + DEADLINE_MS;

	while (!has_message(host)) {
		assert_true(clock_ms() < end);
		poll(&bell, 1, 1000);
	}
}

long
measure_memory(const struct program *p, struct mock_smtp *host)
{
	struct running		*running = program_start(p);
	struct program_result	 out;
	long			 kib;

	program_wait_output(running, "octets");
	await_message(host);
	kib = peak_of(program_pid(running));
	mock_smtp_release(host);
	program_stop(running, 0, &out);
	assert_int_equal(out.status, 0);
	program_result_free(&out);
	return kib;
}
