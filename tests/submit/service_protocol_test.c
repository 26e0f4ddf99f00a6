/*
 * The lines of XRELAIS OPTIONS, RESULT, ABOUT, COUNT, RELEASE and ENTRIES.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "submit/service_protocol.h"
#include "support/cases.h"
#include "util/memory.h"

struct options_case {
	const char	*sentence;
	const char	*text;		/* after OPTIONS */
	bool		 invalid;
	bool		 queue;
	bool		 default_sender;
	bool		 late_checks;
	bool		 from_header;
	bool		 plain;
	const char	*full_name;	/* or NULL */
	const char	*written;	/* if it is not the text */
};

static const struct options_case options_table[] = {
	{ "OPTIONS without a word clears all options", .text = "" },
	{ "each word sets an option",
	    "queue default-sender late-checks from-header plain", .queue = true,
	    .default_sender = true, .late_checks = true,
	    .from_header = true, .plain = true },
	{ "a name is escaped", "name=Kim%20%25%20%C3%A9",
	    .full_name = "Kim % \303\251" },
	{ "a name can be empty", "late-checks name=", .late_checks = true,
	    .full_name = "" },
	{ "words are in any order, with any number of spaces",
	    "  name=a   queue ", .queue = true, .full_name = "a",
	    .written = "queue name=a" },
	{ "an unknown word is an error", "queue trace", .invalid = true },
	{ "a second name is an error", "name=a name=b", .invalid = true },
	{ "half an escape is an error", "name=%2", .invalid = true },
	{ "a NUL in a name is an error", "name=%00", .invalid = true },
};

static void
parses_options(void **state)
{
	const struct options_case	*c = *state;
	struct service_options		 o;
	struct buffer			 line = { 0 }, expected = { 0 };
	struct failure			 why = { .status = EX_OK };
	char				*text = memory_copy(c->text);

	assert_int_equal(service_options_parse(&o, text, &why), !c->invalid);
	free(text);
	if (c->invalid) {
		assert_int_equal(why.status, EX_USAGE);
		assert_null(o.full_name);
		return;
	}
	assert_int_equal(o.queue, c->queue);
	assert_int_equal(o.default_sender, c->default_sender);
	assert_int_equal(o.late_checks, c->late_checks);
	assert_int_equal(o.from_header, c->from_header);
	assert_int_equal(o.plain, c->plain);
	if (c->full_name == NULL)
		assert_null(o.full_name);
	else
		assert_string_equal(o.full_name, c->full_name);
	service_options_write(&line, &o);
	text = memory_copy(c->written != NULL ? c->written : c->text);
	buffer_addf(&expected, "XRELAIS OPTIONS%s%s", *text != '\0' ? " " : "",
	    text);
	assert_string_equal(line.data, expected.data);
	free(text);
	buffer_free(&expected);
	buffer_free(&line);
	service_options_free(&o);
}

static void
a_name_is_limited(void **state)
{
	char		text[SERVICE_NAME_MAX + 10];
	struct service_options	o;
	struct failure	why;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "name=", 5);
	text[5 + SERVICE_NAME_MAX] = '\0';
	assert_true(service_options_parse(&o, text, &why));
	assert_int_equal(strlen(o.full_name), SERVICE_NAME_MAX);
	service_options_free(&o);
	text[5 + SERVICE_NAME_MAX] = 'a';
	text[6 + SERVICE_NAME_MAX] = '\0';
	assert_false(service_options_parse(&o, text, &why));
}

/* Adds all lines; false if one of them is invalid. */
static bool
read_result(struct service_result *r, const char *text, struct failure *why)
{
	char	*copy = memory_copy(text);
	char	*rest = copy;
	char	*line;
	bool	 good = true;

	*r = (struct service_result){ 0 };
	while (good && (line = strsep(&rest, "\n")) != NULL)
		good = service_result_add(r, line, why);
	free(copy);
	return good;
}

static void
a_result_is_read_as_it_was_written(void **state)
{
	static const char	text[] =
		"path delivered 0 250 final 2.0.0 - b@example.net "
		"end%20of%20message:%20250%20Ok\n"
		"path deferred 75 451 rcpt 4.2.1 dn \"a%20b\"@example.net "
		"later\n"
		"path deferred 75 0 final - dns c@example.net\n"
		"path failed 67 0 greeting 5.1.1 - joe\n"
		"queued 0123456789abcde\n"
		"failed 0123456789abcdf\n"
		"end 4";
	struct service_result	r;
	struct buffer		again = { 0 };
	struct failure		why;

	(void)state;
	if (!read_result(&r, text, &why))
		fail_msg("%s", why.text);
	assert_true(r.complete);
	assert_false(r.refused);
	assert_int_equal(r.envelope.n, 4);
	assert_string_equal(r.envelope.forward[1].path,
	    "\"a b\"@example.net");
	assert_int_equal(r.outcomes[0].kind, OUTCOME_DELIVERED);
	assert_int_equal(r.outcomes[0].step, STEP_FINAL);
	assert_string_equal(r.outcomes[0].text, "end of message: 250 Ok");
	assert_int_equal(r.outcomes[1].code, 451);
	assert_string_equal(r.outcomes[1].enhanced, "4.2.1");
	assert_true(r.outcomes[1].in_doubt);
	assert_true(r.outcomes[1].not_attempted);
	assert_string_equal(r.outcomes[2].text, "later");
	assert_string_equal(r.outcomes[2].enhanced, "");
	assert_int_equal(r.outcomes[3].status, EX_NOUSER);
	assert_string_equal(outcome_text(&r.outcomes[3]), "");
	assert_string_equal(r.queued, "0123456789abcde");
	assert_string_equal(r.failed, "0123456789abcdf");
	service_result_write(&again, &r);
	assert_string_equal(again.data, text);
	buffer_free(&again);
	service_result_free(&r);
}

static void
outcomes_that_are_alike_are_read_as_they_were_written(void **state)
{
	static const char	text[] =
		"path delivered 0 250 final 2.0.0 - a@x ok\n"
		"path delivered 0 250 final 2.0.0 s b@x\n"
		"path delivered 0 250 final 2.0.0 s c@x\n"
		"path failed 67 550 rcpt 5.1.1 s d@x\n"
		"path failed 67 550 rcpt 5.1.1 - e@x no\n"
		"path failed 67 550 rcpt 5.1.1 s f@x\n"
		"path failed 67 550 rcpt 5.1.1 - g@x\n"
		"path failed 67 550 rcpt 5.1.1 - h@x\n"
		"path failed 67 550 rcpt 5.1.1 - i@x no\n"
		"end 9";
	struct service_result	r;
	struct buffer		again = { 0 };
	struct failure		why;

	(void)state;
	assert_true(read_result(&r, text, &why));
	service_result_write(&again, &r);
	assert_string_equal(again.data, text);
	buffer_free(&again);
	service_result_free(&r);
}

static void
a_failure_is_read_as_it_was_written(void **state)
{
	static const char	text[] = "failure 64 no%20recipients\nend 0";
	struct service_result	r;
	struct buffer		again = { 0 };
	struct failure		why;

	(void)state;
	assert_true(read_result(&r, text, &why));
	assert_true(r.complete && r.refused);
	assert_int_equal(r.why.status, EX_USAGE);
	assert_string_equal(r.why.text, "no recipients");
	service_result_write(&again, &r);
	assert_string_equal(again.data, text);
	buffer_free(&again);
	service_result_free(&r);
}

static void
a_failure_without_a_text_is_read_as_it_was_written(void **state)
{
	static const char	text[] = "failure 64\nend 0";
	struct service_result	r;
	struct buffer		again = { 0 };
	struct failure		why;

	(void)state;
	assert_true(read_result(&r, text, &why));
	assert_string_equal(r.why.text, "");
	service_result_write(&again, &r);
	assert_string_equal(again.data, text);
	buffer_free(&again);
	service_result_free(&r);
}

#define LONG_TEXT_10	"aaaaaaaaaa"
#define LONG_TEXT_100	LONG_TEXT_10 LONG_TEXT_10 LONG_TEXT_10 LONG_TEXT_10 \
	LONG_TEXT_10 LONG_TEXT_10 LONG_TEXT_10 LONG_TEXT_10 LONG_TEXT_10 \
	LONG_TEXT_10
#define LONG_TEXT_1000	LONG_TEXT_100 LONG_TEXT_100 LONG_TEXT_100 \
	LONG_TEXT_100 LONG_TEXT_100 LONG_TEXT_100 LONG_TEXT_100 \
	LONG_TEXT_100 LONG_TEXT_100 LONG_TEXT_100

#define GOOD	"path delivered 0 250 final 2.0.0 - b@x"

struct invalid_case {
	const char	*sentence;
	const char	*text;
};

static const struct invalid_case invalid_table[] = {
	{ "an empty line is an error", "" },
	{ "an unknown keyword is an error", "paths 1" },
	{ "a path without words is an error", "path" },
	{ "a path without its address is an error",
	    "path delivered 0 250 final 2.0.0 -" },
	{ "an unknown kind is an error",
	    "path waiting 0 250 final 2.0.0 - b@x" },
	{ "an exit status over 255 is an error",
	    "path failed 256 250 final 2.0.0 - b@x" },
	{ "a signed number is an error",
	    "path failed -1 250 final 2.0.0 - b@x" },
	{ "success as the status of a failure is an error",
	    "path failed 0 550 final 5.0.0 - b@x" },
	{ "a reply code over 599 is an error",
	    "path delivered 0 600 final 2.0.0 - b@x" },
	{ "an unknown step is an error",
	    "path delivered 0 250 mime 2.0.0 - b@x" },
	{ "a long enhanced status code is an error",
	    "path delivered 0 250 final 2.0.0000000000 - b@x" },
	{ "letters in an enhanced status code are an error",
	    "path delivered 0 250 final 2.x - b@x" },
	{ "an unknown flag is an error",
	    "path delivered 0 250 final 2.0.0 x b@x" },
	{ "a flag twice is an error",
	    "path delivered 0 250 final 2.0.0 dd b@x" },
	{ "the text of a line before the first is an error",
	    "path delivered 0 250 final 2.0.0 s b@x" },
	{ "two texts are an error", GOOD " a b" },
	{ "two spaces are an error", GOOD "  b" },
	{ "a line break in a text is an error", GOOD " a%0Ab" },
	{ "a text that does not fit is an error",
	    GOOD " " LONG_TEXT_1000 LONG_TEXT_100 },
	{ "an invalid queue ID is an error", "queued 0123" },
	{ "two queue IDs are an error",
	    "queued 0123456789abcde\nqueued 0123456789abcde" },
	{ "a wrong number of paths is an error", GOOD "\nend 2" },
	{ "neither a path nor a failure is an error", "end 0" },
	{ "a line after the end is an error", GOOD "\nend 1\n" GOOD },
	{ "a path after a failure is an error", "failure 75 a\n" GOOD },
	{ "a failure after a path is an error", GOOD "\nfailure 75 a" },
	{ "a failure with the status of success is an error", "failure 0 a" },
};

static void
refuses_result(void **state)
{
	const struct invalid_case	*c = *state;
	struct service_result		 r;
	struct failure			 why;

	assert_false(read_result(&r, c->text, &why));
	assert_int_equal(why.status, EX_PROTOCOL);
	service_result_free(&r);
}

/* ------------------------------------------------------------------- ABOUT */

static void
facts_are_read_as_they_were_written(void **state)
{
	static const char	text[] = "0.2 1763760000123456";
	struct service_about	a;
	struct buffer		again = { 0 };
	struct failure		why;

	(void)state;
	assert_true(service_about_parse(&a, text, &why));
	assert_string_equal(a.version, "0.2");
	assert_int_equal(a.changed_us, 1763760000123456);
	service_about_write(&again, &a);
	assert_string_equal(again.data, text);
	buffer_free(&again);
}

static const struct invalid_case invalid_facts[] = {
	{ "empty", "" },
	{ "no version", " 12" },
	{ "no time", "0.2" },
	{ "a third word", "0.2 12 3" },
	{ "a time that is not a number", "0.2 now" },
	{ "a version that is too long",
	    "0.2.3.4.5.6.7.8.9.10.11.12.13.14.15 12" },
};

static void
refuses_facts(void **state)
{
	const struct invalid_case *c = *state;
	struct service_about	   a;
	struct failure		   why;

	assert_false(service_about_parse(&a, c->text, &why));
	assert_int_equal(why.status, EX_PROTOCOL);
}

/* ------------------------------------------------------- COUNT, RELEASE, ENTRIES */

static void
counts_are_read_as_they_were_written(void **state)
{
	static const char	text[] = "1 20 1763760000 -1 4 50 6 0 "
				    "9223372036854775807 8 9 10";
	struct health_state	s;
	struct buffer		again = { 0 };
	struct failure		why;

	(void)state;
	assert_true(service_count_parse(&s, text, &why));
	assert_int_equal(s.queue.entries, 1);
	assert_int_equal(s.queue.octets, 20);
	assert_int_equal(s.queue.oldest, 1763760000);
	assert_int_equal(s.queue.next, -1);
	assert_int_equal(s.failed.entries, 4);
	assert_int_equal(s.failed.octets, 50);
	assert_int_equal(s.last.success, 6);
	assert_int_equal(s.last.given_up, 0);
	assert_int_equal(s.last.error, INT64_MAX);
	assert_int_equal(s.queue_given_up, 8);
	assert_int_equal(s.collected, 9);
	assert_int_equal(s.next_digest, 10);
	service_count_write(&again, &s);
	assert_string_equal(again.data, text);
	buffer_free(&again);
}

static void
an_entry_is_read_as_it_was_written(void **state)
{
	static const char	text[] = "entry failed 0123456789abcde 2000 "
				    "1763760000 1 1000\n";
	struct service_entry	e;
	struct buffer		again = { 0 };
	struct failure		why;
	char			line[sizeof(text)];

	(void)state;
	strlcpy(line, text, sizeof(line));
	line[strcspn(line, "\n")] = '\0';
	assert_true(service_entry_parse(&e, line, &why));
	assert_int_equal(e.dir, SPOOL_FAILED);
	assert_string_equal(e.id, "0123456789abcde");
	assert_int_equal(e.size, 2000);
	assert_int_equal(e.next, 1763760000);
	assert_true(e.locked);
	assert_int_equal(e.length, 1000);
	service_entry_write(&again, &e);
	assert_string_equal(again.data, text);
	buffer_free(&again);
}

static void
a_release_is_read_as_it_was_written(void **state)
{
	static const char *const	texts[] = { "released 0123456789abcde",
		"failure 67 0123456789abcde: no address for joe" };
	struct service_release	r;
	struct failure		why;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buffer	again = { 0 };

		assert_true(service_release_parse(&r, texts[i], &why));
		assert_int_equal(r.why.status, i == 0 ? EX_OK : EX_NOUSER);
		service_release_write(&again, &r);
		assert_string_equal(again.data, texts[i]);
		buffer_free(&again);
	}
}

/* A path in an old file may be the cause, and is part of the text. */
static void
the_text_of_a_failure_is_visible(void **state)
{
	struct service_release	r = { .why = { .status = EX_NOUSER,
				    .text = "\033[2J" } };
	struct buffer		text = { 0 };

	(void)state;
	service_release_write(&text, &r);
	assert_string_equal(text.data, "failure 67 \\033[2J");
	buffer_free(&text);
}

static const struct invalid_case invalid_releases[] = {
	{ "an empty reply is an error", "" },
	{ "another keyword is an error", "Ok" },
	{ "a missing ID is an error", "released" },
	{ "an invalid ID is an error", "released ../..456789abcde" },
	{ "a word after the ID is an error", "released 0123456789abcde x" },
	{ "the status of success is an error", "failure 0 text" },
	{ "a status that is not a number is an error", "failure x text" },
	{ "a missing text is an error", "failure 67" },
	{ "a second line is an error", "failure 67 text\nreleased x" },
};

static void
refuses_release(void **state)
{
	const struct invalid_case	*c = *state;
	struct service_release		 r;
	struct failure			 why;

	assert_false(service_release_parse(&r, c->text, &why));
	assert_int_equal(why.status, EX_PROTOCOL);
}

static const struct invalid_case invalid_counts[] = {
	{ "no numbers are an error", "" },
	{ "eleven numbers are an error", "1 2 3 4 5 6 7 8 9 10 11" },
	{ "thirteen numbers are an error",
	    "1 2 3 4 5 6 7 8 9 10 11 12 13" },
	{ "a negative count is an error", "-1 2 3 4 5 6 7 8 9 10 11 12" },
	{ "a number that is too large is an error",
	    "1 9223372036854775808 3 4 5 6 7 8 9 10 11 12" },
	{ "two spaces are an error", "1 2 3 4 5 6 7 8 9 10 11  12" },
	{ "a word is an error", "1 2 3 4 5 6 7 8 9 10 11 x" },
	{ "a sign alone is an error", "1 2 3 - 5 6 7 8 9 10 11 12" },
};

static void
refuses_count(void **state)
{
	const struct invalid_case	*c = *state;
	struct health_state		 s;
	struct failure			 why;

	assert_false(service_count_parse(&s, c->text, &why));
	assert_int_equal(why.status, EX_PROTOCOL);
}

static const struct invalid_case invalid_entries[] = {
	{ "an empty line is an error", "" },
	{ "another keyword is an error", "entries queue 0123456789abcde 2 1 0 "
	    "1" },
	{ "another directory is an error", "entry tmp 0123456789abcde 2 1 0 "
	    "1" },
	{ "a path is an error", "entry queue ../56789abcdefg 2 1 0 1" },
	{ "a short ID is an error", "entry queue 0123456789abcd 2 1 0 1" },
	{ "a long ID is an error", "entry queue 0123456789abcdeF 2 1 0 1" },
	{ "a negative size is an error", "entry queue 0123456789abcde -2 1 0 "
	    "1" },
	{ "a flag other than 0 and 1 is an error",
	    "entry queue 0123456789abcde 2 1 2 1" },
	{ "more octets than the file has are an error",
	    "entry queue 0123456789abcde 2 1 0 3" },
	{ "a missing number is an error",
	    "entry queue 0123456789abcde 2 1 0" },
	{ "another word is an error",
	    "entry queue 0123456789abcde 2 1 0 1 1" },
};

static void
refuses_entry(void **state)
{
	const struct invalid_case	*c = *state;
	struct service_entry		 e;
	struct failure			 why;

	assert_false(service_entry_parse(&e, c->text, &why));
	assert_int_equal(why.status, EX_PROTOCOL);
}

static const struct CMUnitTest result_spec[] = {
	cmocka_unit_test(a_name_is_limited),
	cmocka_unit_test(a_result_is_read_as_it_was_written),
	cmocka_unit_test(outcomes_that_are_alike_are_read_as_they_were_written),
	cmocka_unit_test(a_failure_is_read_as_it_was_written),
	cmocka_unit_test(a_failure_without_a_text_is_read_as_it_was_written),
	cmocka_unit_test(facts_are_read_as_they_were_written),
	cmocka_unit_test(counts_are_read_as_they_were_written),
	cmocka_unit_test(an_entry_is_read_as_it_was_written),
	cmocka_unit_test(a_release_is_read_as_it_was_written),
	cmocka_unit_test(the_text_of_a_failure_is_visible),
};

int
main(void)
{
	return CASES_RUN("OPTIONS", parses_options, options_table) +
	    CASES_RUN("invalid results", refuses_result, invalid_table) +
	    CASES_RUN("invalid facts", refuses_facts, invalid_facts) +
	    CASES_RUN("invalid counts", refuses_count, invalid_counts) +
	    CASES_RUN("invalid releases", refuses_release, invalid_releases) +
	    CASES_RUN("invalid entries", refuses_entry, invalid_entries) +
	    cmocka_run_group_tests(result_spec, NULL, NULL);
}
