#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "queue/envelope_file.h"
#include "queue/escape.h"
#include "support/random.h"
#include "util/memory.h"

#define IDS "1j9w0g8aa0000q7 1j9w0ga4k0002xx"

/* Random octets except NUL. */
static char *
random_text(uint64_t *seed, size_t most)
{
	size_t	 len = next_random(seed) % (most + 1);
	char	*text = memory_new(len + 1, 1);

	for (size_t i = 0; i < len; i++)
		text[i] = (char)(next_random(seed) % 255 + 1);
	return text;
}

/* The same without CR and LF. */
static char *
random_word(uint64_t *seed, size_t most)
{
	char	*text = random_text(seed, most);

	for (char *c = text; *c != '\0'; c++)
		if (*c == '\r' || *c == '\n')
			*c = '%';
	return text;
}

static void
random_line(uint64_t *seed, char *to, size_t size, size_t most)
{
	char	*text = random_text(seed, most);

	strlcpy(to, text, size);
	free(text);
}

static struct outcome
random_outcome(uint64_t *seed, size_t most)
{
	static const enum outcome_kind	kinds[] = {
		OUTCOME_WAITING, OUTCOME_DELIVERED, OUTCOME_FAILED
	};
	struct outcome			outcome = {
		.kind = kinds[next_random(seed) % 3],
		.status = (int)(next_random(seed) % 79),
		.code = (int)(next_random(seed) % 600),
		.in_doubt = next_random(seed) % 2,
	};
	char				text[OUTCOME_TEXT_MAX];

	if (next_random(seed) % 2)
		snprintf(outcome.enhanced, sizeof(outcome.enhanced),
		    "%u.%u.%u", next_random(seed) % 6,
		    next_random(seed) % 1000, next_random(seed) % 1000);
	random_line(seed, text, sizeof(text), most);
	outcome_set_text(&outcome, "%s", text);
	return outcome;
}

static void
set_random_outcome(struct outcome *to, uint64_t *seed, size_t most)
{
	outcome_clear(to);
	*to = random_outcome(seed, most);
}

static void
random_path(uint64_t *seed, struct envelope_file *file, size_t most)
{
	char			*path = random_word(seed, 90);
	struct forward_path	*to = envelope_add(&file->envelope, path);
	size_t			 n = file->envelope.n;

	free(path);
	to->notify = next_random(seed) % 16;
	if (next_random(seed) % 2)
		to->orcpt = random_word(seed, 50);
	file->outcomes = memory_resize(file->outcomes, n,
	    sizeof(*file->outcomes));
	file->outcomes[n - 1] = (struct outcome){ .kind = OUTCOME_WAITING };
	if (n > 1 && next_random(seed) % 3 == 0)
		outcome_set(&file->outcomes[n - 1], &file->outcomes[n - 2]);
	else
		file->outcomes[n - 1] = random_outcome(seed, most);
}

static void
random_envelope_file(uint64_t *seed, struct envelope_file *file)
{
	size_t	n = next_random(seed) % 50 + 1;

	*file = (struct envelope_file){
		.header_size = next_random(seed) % 100000,
		.header_8bit = next_random(seed) % 2,
		.body_8bit = next_random(seed) % 2,
		.has_dots = next_random(seed) % 2,
		.longest_line = next_random(seed),
		.arrived_us = (int64_t)next_random(seed) * 1000000,
		.uid = next_random(seed), .held = next_random(seed) % 2,
		.attempts = next_random(seed) % 99999,
		.asked = next_random(seed) % 10000,
		.notice_sent = next_random(seed) % 2,
		.caller = random_word(seed, 40),
		.envelope = { .reverse_path = random_word(seed, 100),
		    .ret = (enum dsn_return)(next_random(seed) % 3),
		    .requiretls = (enum requiretls)(next_random(seed) % 3) },
	};
	file->message_size = file->header_size +
	    ((uint64_t)next_random(seed) << 16);
	if (next_random(seed) % 2)
		file->envelope.envid = random_word(seed, 60);
	file->collected = !file->held && next_random(seed) % 2;
	if (next_random(seed) % 2)
		file->digest = memory_copy(next_random(seed) % 2 ? IDS :
		    "000000000000000");
	random_line(seed, file->reason, sizeof(file->reason), 170);
	/* Fits into the fields of a long list if each octet is escaped. */
	while (n-- > 0)
		random_path(seed, file, 42);
}

static void
assert_same_text(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a != NULL)
		assert_string_equal(a, b);
}

static void
assert_same_outcome(const struct outcome *a, const struct outcome *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->code, b->code);
	assert_int_equal(a->in_doubt, b->in_doubt);
	assert_string_equal(a->enhanced, b->enhanced);
	assert_string_equal(outcome_text(a), outcome_text(b));
}

static void
assert_same_envelope_file(const struct envelope_file *a,
    const struct envelope_file *b)
{
	const struct envelope	*x = &a->envelope, *y = &b->envelope;

	assert_int_equal(a->message_at, b->message_at);
	assert_int_equal(a->header_size, b->header_size);
	assert_int_equal(a->message_size, b->message_size);
	assert_int_equal(a->header_8bit, b->header_8bit);
	assert_int_equal(a->body_8bit, b->body_8bit);
	assert_int_equal(a->has_dots, b->has_dots);
	assert_int_equal(a->longest_line, b->longest_line);
	assert_int_equal(a->arrived_us, b->arrived_us);
	assert_int_equal(a->uid, b->uid);
	assert_int_equal(a->held, b->held);
	assert_int_equal(a->collected, b->collected);
	assert_same_text(a->digest, b->digest);
	assert_int_equal(a->attempts, b->attempts);
	assert_int_equal(a->asked, b->asked);
	assert_int_equal(a->notice_sent, b->notice_sent);
	assert_same_text(a->caller, b->caller);
	assert_string_equal(a->reason, b->reason);
	assert_same_text(x->reverse_path, y->reverse_path);
	assert_same_text(x->envid, y->envid);
	assert_int_equal(x->ret, y->ret);
	assert_int_equal(x->requiretls, y->requiretls);
	assert_int_equal(x->n, y->n);
	for (size_t i = 0; i < x->n; i++) {
		assert_same_text(x->forward[i].path, y->forward[i].path);
		assert_same_text(x->forward[i].orcpt, y->forward[i].orcpt);
		assert_int_equal(x->forward[i].notify, y->forward[i].notify);
		assert_same_outcome(&a->outcomes[i], &b->outcomes[i]);
	}
}

static void
assert_reads_as(const struct buffer *text, const struct envelope_file *expected)
{
	struct envelope_file	file;
	struct failure	why;

	assert_int_equal(envelope_file_length(text->data, text->len),
	    text->len);
	if (!envelope_file_parse(&file, text->data, text->len, &why))
		fail_msg("%s", why.text);
	assert_same_envelope_file(&file, expected);
	envelope_file_free(&file);
}

static void
write_envelope_file(struct buffer *text, struct envelope_file *file)
{
	struct failure	why;

	if (!envelope_file_write(text, file, &why))
		fail_msg("%s", why.text);
}

static void
any_octets_are_read_back(void **state)
{
	uint64_t	seed = 20261121;

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct envelope_file	file;
		struct buffer	text = { 0 };

		random_envelope_file(&seed, &file);
		write_envelope_file(&text, &file);
		assert_int_equal(file.message_at, text.len);
		assert_reads_as(&text, &file);
		buffer_free(&text);
		envelope_file_free(&file);
	}
}

static void
rewriting_does_not_change_the_length(void **state)
{
	uint64_t	seed = 4;

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct envelope_file	file;
		struct buffer	text = { 0 };
		size_t		len, first, end;

		random_envelope_file(&seed, &file);
		write_envelope_file(&text, &file);
		len = text.len;
		first = next_random(&seed) % file.envelope.n;
		end = first + next_random(&seed) %
		    (file.envelope.n - first) + 1;
		for (size_t j = first; j < end; j++)
			set_random_outcome(&file.outcomes[j], &seed, 42);
		file.attempts++;
		file.held = !file.held;
		file.collected = !file.held && !file.collected;
		random_line(&seed, file.reason, sizeof(file.reason), 170);
		envelope_file_rewrite_state(text.data, &file);
		envelope_file_rewrite_outcomes(text.data, text.len, &file,
		    first, end);
		assert_int_equal(text.len, len);
		assert_reads_as(&text, &file);
		buffer_free(&text);
		envelope_file_free(&file);
	}
}

/* Each octet is the old one or the new one, as after a power failure. */
static void
an_incomplete_rewrite_can_be_read(void **state)
{
	uint64_t	seed = 99;

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct envelope_file	file, torn;
		struct buffer	old = { 0 }, new = { 0 };
		struct failure	why;

		random_envelope_file(&seed, &file);
		write_envelope_file(&old, &file);
		for (size_t j = 0; j < file.envelope.n; j++)
			set_random_outcome(&file.outcomes[j], &seed, 42);
		file.attempts = next_random(&seed) % 100000;
		file.asked = next_random(&seed) % 10000;
		file.notice_sent = !file.notice_sent;
		file.held = !file.held;
		file.collected = !file.held && !file.collected;
		write_envelope_file(&new, &file);
		for (size_t j = 0; j < old.len; j++)
			if (next_random(&seed) % 2 && old.data[j] != '\n')
				old.data[j] = new.data[j];
		if (!envelope_file_parse(&torn, old.data, old.len, &why))
			fail_msg("%s", why.text);
		envelope_file_free(&torn);
		buffer_free(&old);
		buffer_free(&new);
		envelope_file_free(&file);
	}
}

static void
long_texts_are_truncated(void **state)
{
	struct envelope_file	file = { .caller = memory_copy("") };
	struct envelope_file	back;
	struct buffer	text = { 0 };
	struct failure	why;
	char		longest[512];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[511] = '\0';
	envelope_set_reverse(&file.envelope, "");
	envelope_add(&file.envelope, "a@example.org");
	file.outcomes = memory_new(1, sizeof(*file.outcomes));
	outcome_set_text(&file.outcomes[0], "%s", longest);
	strlcpy(file.reason, longest, sizeof(longest));
	write_envelope_file(&text, &file);
	assert_reads_as(&text, &file);

	/* The escaped text is too long, and is truncated between octets. */
	memset(file.reason, '\n', 511);
	envelope_file_rewrite_state(text.data, &file);
	assert_true(envelope_file_parse(&back, text.data, text.len, &why));
	assert_int_equal(strlen(back.reason), 512 / 3);
	assert_int_equal(strspn(back.reason, "\n"), 512 / 3);
	envelope_file_free(&back);
	buffer_free(&text);
	envelope_file_free(&file);
}

static void
too_many_forward_paths_are_refused(void **state)
{
	struct envelope_file	file = { 0 };
	struct buffer	text = { 0 };
	struct failure	why;

	(void)state;
	envelope_set_reverse(&file.envelope, "a@example.org");
	for (int i = 0; i <= ENVELOPE_FILE_PATHS_MAX; i++)
		envelope_add(&file.envelope, "b@example.org");
	assert_false(envelope_file_write(&text, &file, &why));
	assert_int_equal(why.status, EX_DATAERR);
	buffer_free(&text);
	envelope_file_free(&file);
}

static void
untrusted_text_cannot_end_a_line(void **state)
{
	struct envelope_file	file = { .uid = 1 };
	struct envelope_file	back;
	struct buffer	text = { 0 };
	struct failure	why;

	(void)state;
	assert_false(envelope_file_write(&text, &file, &why));
	assert_int_equal(why.status, EX_DATAERR);
	envelope_add(&file.envelope, "a\t+ b@example.org")->notify = 0xff;
	file.outcomes = memory_new(1, sizeof(*file.outcomes));
	file.outcomes[0].status = file.outcomes[0].code = -1;
	strlcpy(file.outcomes[0].enhanced, "5.1\n\n",
	    sizeof(file.outcomes[0].enhanced));
	outcome_set_text(&file.outcomes[0], "550\n+ c\r\n\n");
	write_envelope_file(&text, &file);
	assert_true(envelope_file_parse(&back, text.data, text.len, &why));
	assert_int_equal(back.envelope.n, 1);
	assert_string_equal(back.envelope.forward[0].path,
	    "a\t+ b@example.org");
	assert_int_equal(back.envelope.forward[0].notify, 15);
	assert_int_equal(back.outcomes[0].status, 0);
	assert_string_equal(back.outcomes[0].enhanced, "5.1");
	assert_string_equal(back.outcomes[0].text, "550\n+ c\r\n\n");
	envelope_file_free(&back);
	envelope_file_free(&file);
	buffer_free(&text);
}

/* A line break would inject SMTP commands. */
static void
a_word_with_a_line_break_is_refused(void **state)
{
	static char	word[] = "a\r\nRSET";

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct envelope_file		 file = { .uid = 1 };
		struct forward_path	*to;
		struct buffer		 text = { 0 };
		struct failure		 why;

		to = envelope_add(&file.envelope, i == 0 ? word : "b@c.d");
		envelope_set_reverse(&file.envelope, i == 1 ? word : "");
		to->orcpt = i == 2 ? memory_copy(word) : NULL;
		file.envelope.envid = i == 3 ? memory_copy(word) : NULL;
		file.caller = i == 4 ? memory_copy(word) : NULL;
		assert_false(envelope_file_write(&text, &file, &why));
		assert_int_equal(why.status, EX_DATAERR);
		envelope_file_free(&file);
		buffer_free(&text);
	}
}

#define PAD32	"                                "
#define PAD512	PAD32 PAD32 PAD32 PAD32 PAD32 PAD32 PAD32 PAD32 \
		PAD32 PAD32 PAD32 PAD32 PAD32 PAD32 PAD32 PAD32
#define FIELDS	"body 8bit=0,0 dots=0 longest=10\narrived 5000000\n" \
		"user 33 www-data\nfrom a@example.org\n"
#define STATE	"state ready 0001/00001 notice=0\nreason " PAD512 "\n"
#define PATH	"? b@example.org\n   0   0             - " PAD32 "\n"

struct text_case {
	const char	*fields;	/* after the line "message" */
	bool		 good;
};

static void
text_is(void **state)
{
	const struct text_case	*c = *state;
	struct buffer		 text = { 0 };
	struct envelope_file		 file;
	struct failure		 why = { 0 };
	size_t			 start = strlen("relais-queue 1\nmessage "
				    "0000000000 0000000000 "
				    "00000000000000000000\n");

	buffer_addf(&text, "relais-queue 1\nmessage %010zu 0000000010 "
	    "00000000000000000020\n%s", start + strlen(c->fields), c->fields);
	if (envelope_file_parse(&file, text.data, text.len, &why) != c->good)
		fail_msg("%s", c->good ? why.text : "the text was accepted");
	assert_int_equal(why.status, c->good ? 0 : EX_DATAERR);
	envelope_file_free(&file);
	buffer_free(&text);
}

static void
start_is(void **state)
{
	const char	*text = *state;

	assert_int_equal(envelope_file_length(text, strlen(text)), 0);
}

#define READS(sentence, text) \
	{ sentence, text_is, NULL, NULL, &(struct text_case){ text, true } }
#define REFUSES(sentence, text) \
	{ sentence, text_is, NULL, NULL, &(struct text_case){ text, false } }
#define NO_START(sentence, text) \
	{ sentence, start_is, NULL, NULL, text }

static char	nothing[] = "";
static char	version[] = "relais-queue 2\nmessage 0000000100 0000000000 "
		    "00000000000000000000\n";
static char	too_long[] = "relais-queue 1\nmessage 0999999999 0000000000 "
		    "00000000000000000000\n";
static char	header_longer[] = "relais-queue 1\nmessage 0000000100 "
		    "0000000011 00000000000000000010\n";
static char	overflow[] = "relais-queue 1\nmessage 0000000100 "
		    "0000000011 99999999999999999999\n";

static struct CMUnitTest envelope_file_spec[] = {
	cmocka_unit_test(any_octets_are_read_back),
	cmocka_unit_test(rewriting_does_not_change_the_length),
	cmocka_unit_test(an_incomplete_rewrite_can_be_read),
	cmocka_unit_test(long_texts_are_truncated),
	cmocka_unit_test(too_many_forward_paths_are_refused),
	cmocka_unit_test(untrusted_text_cannot_end_a_line),
	cmocka_unit_test(a_word_with_a_line_break_is_refused),
	READS("a minimal envelope is valid", FIELDS STATE PATH "\n"),
	READS("a held entry is valid", FIELDS
	    "state held  0000000001 notice=0\nreason " PAD512 "\n" PATH "\n"),
	READS("a collected entry is valid", FIELDS
	    "state storm 0000000001 notice=0\nreason " PAD512 "\n" PATH "\n"),
	READS("a digest is valid", FIELDS "digest " IDS "\n" STATE PATH "\n"),
	REFUSES("a digest contains IDs only",
	    FIELDS "digest " IDS " ../../etc/passwd\n" STATE PATH "\n"),
	REFUSES("a digest contains at least one message",
	    FIELDS "digest \n" STATE PATH "\n"),
	READS("two forward-paths are valid", FIELDS STATE PATH PATH "\n"),
	REFUSES("a line with a digest must have an end",
	    FIELDS "digest " IDS),
	REFUSES("a forward-path is required", FIELDS STATE "\n"),
	REFUSES("an empty line is required at the end", FIELDS STATE PATH),
	REFUSES("an empty line must be the last one",
	    FIELDS STATE PATH "\n" PATH "\n"),
	REFUSES("the order of the fields is fixed", STATE FIELDS PATH "\n"),
	REFUSES("all fields are required", FIELDS PATH "\n"),
	READS("the attempts may be a single number", FIELDS
	    "state ready 0000000007 notice=0\nreason " PAD512 "\n" PATH "\n"),
	REFUSES("a state that is too short is invalid", FIELDS
	    "state ready 1/1 notice=0\nreason " PAD512 "\n" PATH "\n"),
	REFUSES("an unknown state is invalid", FIELDS
	    "state lost  0000000001 notice=0\nreason " PAD512 "\n" PATH "\n"),
	REFUSES("an unknown status octet is invalid", FIELDS STATE
	    "! b@example.org\n   0   0             - " PAD32 "\n\n"),
	REFUSES("an incomplete escape is invalid", FIELDS STATE
	    "? b%zz\n   0   0             - " PAD32 "\n\n"),
	REFUSES("an escaped NUL is invalid", FIELDS STATE
	    "? b%00\n   0   0             - " PAD32 "\n\n"),
	REFUSES("an escaped LF in a forward-path is invalid", FIELDS STATE
	    "? b%0ARSET\n   0   0             - " PAD32 "\n\n"),
	REFUSES("an escaped CR in a forward-path is invalid", FIELDS STATE
	    "? b%0DRSET\n   0   0             - " PAD32 "\n\n"),
	REFUSES("an escaped LF in ORCPT is invalid", FIELDS STATE
	    "? b orcpt=b%0ARSET\n   0   0             - " PAD32 "\n\n"),
	REFUSES("an escaped LF in the reverse-path is invalid",
	    "body 8bit=0,0 dots=0 longest=10\narrived 5000000\n"
	    "user 33 x\nfrom a%0D%0ARSET\n" STATE PATH "\n"),
	REFUSES("an escaped LF in ENVID is invalid",
	    "body 8bit=0,0 dots=0 longest=10\narrived 5000000\n"
	    "user 33 x\nfrom a\nenvid b%0ARSET\n" STATE PATH "\n"),
	REFUSES("an escaped LF in the user name is invalid",
	    "body 8bit=0,0 dots=0 longest=10\narrived 5000000\n"
	    "user 33 x%0Ay\nfrom a\n" STATE PATH "\n"),
	REFUSES("an octet above 126 must be escaped", FIELDS STATE
	    "? b\xc3\xbc\n   0   0             - " PAD32 "\n\n"),
	REFUSES("an outcome that is too short is invalid", FIELDS STATE
	    "? b@example.org\n   0   0 \n\n"),
	REFUSES("notify=0 is invalid", FIELDS STATE
	    "? b@example.org notify=0\n   0   0             - " PAD32 "\n\n"),
	REFUSES("unknown bits of notify are invalid", FIELDS STATE
	    "? b@example.org notify=16\n   0   0             - "
	    PAD32 "\n\n"),
	REFUSES("a uid of more than 32 bits is invalid",
	    "body 8bit=0,0 dots=0 longest=10\narrived 5000000\n"
	    "user 4294967296 x\nfrom a@example.org\n" STATE PATH "\n"),
	NO_START("an empty file is not an entry", nothing),
	NO_START("another version is not an entry", version),
	NO_START("an envelope that is too long is not an entry", too_long),
	NO_START("the header cannot be longer than the message", header_longer),
	NO_START("a size of more than 63 bits is not an entry", overflow),
};

int
main(void)
{
	return cmocka_run_group_tests(envelope_file_spec, NULL, NULL);
}
