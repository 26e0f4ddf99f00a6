/*
 * The forms of a log line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "support/cases.h"
#include "util/log_record.h"
#include "util/text.h"

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

struct form_case {
	const char	*sentence;
	void		(*form)(struct buffer *, const struct log_event *);
	const char	*status;
	struct log_field fields[FIELDS];
	const char	*message;
	const char	*record;	/* without variable parts */
};

#define UID(value)	{ "uid", "uid", LOG_NUMBER, value }

static const struct form_case forms[] = {
	{ "the fields of a JSON object", log_record_json, "sent", { ID("1"),
	    UID("0"), FROM("a@b.example"), REPLY("250 Ok") }, NULL,
	    "{\"time\":\"TIME\",\"level\":\"warning\",\"tag\":\"me\","
	    "\"pid\":PID,\"status\":\"sent\",\"id\":\"1\",\"uid\":0,"
	    "\"sender\":\"a@b.example\",\"reply\":\"250 Ok\"}\n" },
	{ "the message of a JSON object", log_record_json, NULL, { ID("1") },
	    ": not \"sent\"", "{\"time\":\"TIME\",\"level\":\"warning\","
	    "\"tag\":\"me\",\"pid\":PID,\"id\":\"1\","
	    "\"message\":\"not \\\"sent\\\"\"}\n" },
	{ "strings in JSON", log_record_json, "sent", { FROM("\\\"\n\344"),
	    ID("\342\200\256\303\244") }, NULL,
	    "{\"time\":\"TIME\",\"level\":\"warning\",\"tag\":\"me\","
	    "\"pid\":PID,\"status\":\"sent\","
	    "\"sender\":\"\\\\\\\"\\u000a\\ufffd\","
	    "\"id\":\"\\u202e\303\244\"}\n" },
	{ "an unknown number in JSON", log_record_json, "sent", { UID("-") },
	    NULL, "{\"time\":\"TIME\",\"level\":\"warning\","
	    "\"tag\":\"me\",\"pid\":PID,\"status\":\"sent\","
	    "\"uid\":null}\n" },
	{ "the fields of a record in the journal", log_record_journal, "sent",
	    { ID("1"), UID("-"), MESSAGE_ID("2"), FROM("a@b.example") }, NULL,
	    "MESSAGE=sent id=1 uid=- message-id=<2> from=<a@b.example>\n"
	    "PRIORITY=4\nSYSLOG_FACILITY=2\nSYSLOG_PID=PID\n"
	    "SYSLOG_IDENTIFIER=me\nRELAIS_STATUS=sent\nRELAIS_ID=1\n"
	    "RELAIS_MESSAGE_ID=2\nRELAIS_SENDER=a@b.example\n" },
	{ "a line of a file", log_record_file, NULL, { ID("1") }, " failed",
	    "TIME HOST me[PID]: id=1 failed\n" },
	{ "a line for syslog", log_record_syslog, NULL, { ID("1") },
	    " failed", "<20>DATE me[PID]: id=1 failed" },
};

/* Replaces the first match of a pattern. */
static void
replace(struct buffer *text, const char *pattern, const char *by)
{
	struct buffer	out = { 0 };
	regex_t		re;
	regmatch_t	m;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED), 0);
	if (regexec(&re, text->data, 1, &m, 0) == 0) {
		buffer_add(&out, text->data, (size_t)m.rm_so);
		buffer_add_text(&out, by);
		buffer_add_text(&out, text->data + m.rm_eo);
		buffer_free(text);
		*text = out;
	}
	regfree(&re);
}

static void
has_form(void **state)
{
	const struct form_case	*c = *state;
	const struct log_event	 e = { .priority = LOG_WARNING, .tag = "me",
				    .status = c->status, .fields = c->fields,
				    .n = FIELDS, .message = c->message };
	struct buffer		 record = { 0 };
	char			 pid[32], host[300] = " ";

	c->form(&record, &e);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	gethostname(host + 1, sizeof(host) - 2);
	strlcat(host, " ", sizeof(host));
	replace(&record, "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:"
	    "[0-9]{2}(\\.[0-9]{3}Z|[+-][0-9]{2}:[0-9]{2})", "TIME");
	replace(&record, "[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}", "DATE");
	replace(&record, pid, "PID");
	if (c->form == log_record_file)
		replace(&record, host, " HOST ");
	assert_string_equal(record.data, c->record);
	buffer_free(&record);
}

/* The length of a value with a line feed precedes it. */
static void
the_journal_has_values_with_line_feeds(void **state)
{
	static const char	 expected[] = "RELAIS_SENDER\n"
				    "\003\0\0\0\0\0\0\0a\nb\n";
	const struct log_field	 from = FROM("a\nb");
	const struct log_event	 e = { .tag = "me", .status = "sent",
				    .fields = &from, .n = 1 };
	struct buffer		 record = { 0 };
	const size_t		 len = sizeof(expected) - 1;

	(void)state;
	log_record_journal(&record, &e);
	assert_true(record.len > len);
	assert_memory_equal(record.data + record.len - len, expected, len);
	buffer_free(&record);
}

/* The journal would store a part of a character as binary data. */
static void
a_character_in_the_journal_is_not_split(void **state)
{
	char			 letters[3 * 200 + 1] = "";
	const struct log_field	 from = FROM(letters);
	const struct log_event	 e = { .tag = "me", .fields = &from, .n = 1 };
	struct buffer		 record = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(letters) - 1; i += 3)
		memcpy(letters + i, "\342\202\254", 3);
	log_record_journal(&record, &e);
	assert_true(text_is_utf8(record.data, record.len));
	assert_non_null(strstr(record.data, "\nRELAIS_SENDER=\342\202\254"));
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
	void (*const		 all[])(struct buffer *,
				    const struct log_event *) = {
				    log_record_plain, log_record_file,
				    log_record_json, log_record_syslog };
	struct buffer		 record = { 0 };

	(void)state;
	memset(octets, '\001', sizeof(octets) - 1);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		all[i](&record, &e);
		assert_in_range(record.len, 1500, LOG_RECORD_MAX);
		buffer_clear(&record);
	}
	e.status = NULL;
	e.n = 1;
	e.message = octets;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		all[i](&record, &e);
		assert_in_range(record.len, 1500, LOG_RECORD_MAX);
		buffer_clear(&record);
	}
	buffer_free(&record);
}

static const struct CMUnitTest record_spec[] = {
	cmocka_unit_test(the_journal_has_values_with_line_feeds),
	cmocka_unit_test(a_character_in_the_journal_is_not_split),
	cmocka_unit_test(a_record_fits_into_a_pipe),
};

int
main(void)
{
	return CASES_RUN("lines", is_line, lines) +
	    CASES_RUN("forms", has_form, forms) +
	    cmocka_run_group_tests(record_spec, NULL, NULL);
}
