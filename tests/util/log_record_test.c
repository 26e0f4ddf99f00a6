/*
 * The forms of a log line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "support/cases.h"
#include "util/log_record.h"

enum { FIELDS = 5 };

struct record_case {
	const char		*sentence;
	const char		*status;
	struct log_field	 fields[FIELDS];
	const char		*message;
	const char		*line;
};

#define ID(value)	{ "id", "id", LOG_WORD, value }
#define FROM(value)	{ "from", "sender", LOG_ADDRESS, value }
#define SIZE(value)	{ "size", "size", LOG_NUMBER, value }
#define REPLY(value)	{ "reply", "reply", LOG_TEXT, value }
#define MESSAGE_ID(value) { "message-id", "message_id", LOG_IDENTIFIER, value }

static const struct record_case lines[] = {
	{ "fields follow the status", "sent", { ID("1"), FROM("a@b.example"),
	    SIZE("12"), MESSAGE_ID("3@b.example"), REPLY("250 Ok") }, NULL,
	    "sent id=1 from=<a@b.example> size=12 message-id=<3@b.example> "
	    "reply=\"250 Ok\"" },
	{ "a field without a value is omitted", "sent", { ID(NULL),
	    SIZE("12") }, NULL, "sent size=12" },
	{ "a message can have no status and no fields", NULL, { ID(NULL) },
	    "the service has stopped", "the service has stopped" },
	{ "a message follows its ID", NULL, { ID("1") }, " failed",
	    "id=1 failed" },
	{ "the null sender", "sent", { FROM("") }, NULL, "sent from=<>" },
	{ "an address cannot look like another field", "sent",
	    { FROM("\"a> to=<b\"@c.example") }, NULL,
	    "sent from=<\\042a\\076\\040to=\\074b\\042@c.example>" },
	{ "a backslash in an address is doubled", "sent", { FROM("a\\b") },
	    NULL, "sent from=<a\\\\b>" },
	{ "the escapes of a reply are unchanged", "sent",
	    { REPLY("550 \\033[1m") }, NULL, "sent reply=\"550 \\033[1m\"" },
	{ "a quotation mark in a reply is escaped", "sent",
	    { REPLY("550 \"a\" b=c") }, NULL,
	    "sent reply=\"550 \\042a\\042 b=c\"" },
	{ "control characters are escaped", NULL, { ID(NULL) },
	    "a\nb\033\342\200\256", "a\\012b\\033\\342\\200\\256" },
	{ "UTF-8 is unchanged", "sent", { FROM("j\303\266@b.example") }, NULL,
	    "sent from=<j\303\266@b.example>" },
};

static void
is_line(void **state)
{
	const struct record_case	*c = *state;
	const struct log_event		 e = { .priority = LOG_INFO,
					    .tag = "me", .status = c->status,
					    .fields = c->fields, .n = FIELDS,
					    .message = c->message };
	struct buffer			 record = { 0 };
	char				 line[1000];

	snprintf(line, sizeof(line), "me: %s\n", c->line);
	log_record_plain(&record, &e);
	assert_string_equal(record.data, line);
	buffer_free(&record);
}

/* Each value is as long as a header field can be, and has to be escaped. */
static void
a_record_fits_into_a_pipe(void **state)
{
	static char		 octets[100000];
	struct log_field	 fields[] = { ID("1"), FROM(octets),
				    { "to", "recipient", LOG_ADDRESS, octets },
				    MESSAGE_ID(octets), REPLY(octets) };
	struct log_event	 e = { .tag = octets, .status = "sent",
				    .fields = fields, .n = 5 };
	struct buffer		 record = { 0 };

	(void)state;
	memset(octets, '\001', sizeof(octets) - 1);
	log_record_plain(&record, &e);
	assert_in_range(record.len, 2000, LOG_RECORD_MAX);
	buffer_clear(&record);
	e.status = NULL;
	e.n = 1;
	e.message = octets;
	log_record_plain(&record, &e);
	assert_in_range(record.len, 2000, LOG_RECORD_MAX);
	buffer_free(&record);
}

static const struct CMUnitTest record_spec[] = {
	cmocka_unit_test(a_record_fits_into_a_pipe),
};

int
main(void)
{
	return CASES_RUN("lines", is_line, lines) +
	    cmocka_run_group_tests(record_spec, NULL, NULL);
}
