/*
 * Without a smarthost in the configuration, relais connects to nothing: it
 * has no default server, and does not look up the MX records of the recipient.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "support/cases.h"
#include "support/program.h"
#include "support/strace.h"
#include "support/temp_dir.h"

struct unconfigured_case {
	const char	*sentence;
	const char	*argument[3];
};

#define MESSAGE "MAIL FROM:<a@example.org>\nRCPT TO:<b@example.net>\nDATA\n" \
	"Subject: x\n\nhi\n.\nQUIT\n"

static const struct unconfigured_case cases[] = {
	{ "a recipient as an argument", { "b@example.net" } },
	{ "recipients in the header", { "-t" } },
	{ "another sender", { "-f", "a@example.org", "b@example.net" } },
	{ "a recipient at an address literal", { "b@[127.0.0.1]" } },
	{ "a session on standard input", { "-bs" } },
	{ "the background", { "-odb", "b@example.net" } },
	{ "a queue run", { "-q" } },
	{ "a list of the queue", { "-bp" } },
	{ "relais test", { "test", "b@example.net" } },
};

static void
connects_to_nothing(void **state)
{
	const struct unconfigured_case	*c = *state;
	struct temp_dir			 dir;
	struct program_result		 o;
	struct buffer			 trace = { 0 };
	char				 conf[120], to[120];

	strace_need();
	temp_dir_make(&dir);
	strlcpy(conf, temp_dir_write(&dir, "relais.conf", 0600,
	    "queue = off\nsocket = off\nlog = off\n"), sizeof(conf));
	strlcpy(to, temp_dir_path(&dir, "trace"), sizeof(to));
	program_run(&o, &(struct program){ .path = STRACE, .argv = WORDS(
	    "strace", "-f", "-qq", "-e", "trace=socket", "-o", to,
	    relais_program(WORDS(c->argument[0])), "-C", conf,
	    c->argument[0], c->argument[1], c->argument[2]), .input = strcmp(c->argument[0], "-bs") == 0 ?
	    MESSAGE : "To: b@example.net\n\nhi\n" });
	file_read(&trace, to);
	if (strstr(trace.data, "AF_INET") != NULL)
		fail_msg("%s", trace.data);
	buffer_free(&trace);
	program_result_free(&o);
	temp_dir_remove(&dir);
}

int
main(void)
{
	return CASES_RUN("without a smarthost", connects_to_nothing, cases);
}
