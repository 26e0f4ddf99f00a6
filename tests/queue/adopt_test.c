#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/commit.h"
#include "queue/entry.h"
#include "support/temp_spool.h"
#include "util/file.h"

/* A message is written to a file in memory and read back. */
static void
is_passed_on(void **state)
{
	size_t			 body = *(const size_t *)*state;
	struct envelope		 envelope = { 0 };
	struct message		 message;
	struct spool_submission	 submission = { .envelope = &envelope,
				     .message = &message, .uid = 33,
				     .caller = "www-data" };
	struct spool		 spool;
	struct entry		 entry;
	struct failure		 why;
	int			 fd = file_in_memory();

	temp_spool_make(&spool, 0);
	temp_spool_message(&message, &spool, body, 7);
	envelope_set_reverse(&envelope, "a@example.org");
	envelope_add(&envelope, "b@example.org")->notify = NOTIFY_FAILURE;
	assert_true(spool_write(&submission, fd, &why));
	if (!entry_adopt(&entry, "message", fd, &why))
		fail_msg("%s", why.text);
	assert_true(temp_spool_same_message(&message, &entry.message));
	assert_int_equal(entry.file.uid, 33);
	assert_string_equal(entry.file.caller, "www-data");
	assert_string_equal(entry.file.envelope.reverse_path, "a@example.org");
	assert_int_equal(entry.file.envelope.forward[0].notify,
	    NOTIFY_FAILURE);
	entry_close(&entry);
	assert_int_equal(temp_spool_count(&spool, SPOOL_QUEUE), 0);
	message_free(&message);
	envelope_free(&envelope);
	temp_spool_remove(&spool);
}

/* Writes an entry to memory, and sets the text of its envelope. */
static uint64_t
make_envelope(struct buffer *text)
{
	struct envelope		 envelope = { .reverse_path = NULL };
	struct message		 message;
	struct spool_submission	 submission = { .envelope = &envelope,
				     .message = &message, .uid = 33,
				     .caller = "www-data" };
	struct spool		 spool;
	struct entry		 entry;
	struct failure		 why;
	uint64_t		 size;
	int			 fd = file_in_memory();

	temp_spool_make(&spool, 0);
	temp_spool_message(&message, &spool, 4000, 7);
	envelope_set_reverse(&envelope, "a@example.org");
	envelope_add(&envelope, "b@example.org");
	assert_true(spool_write(&submission, fd, &why));
	assert_true(entry_adopt(&entry, "message", fd, &why));
	buffer_add(text, entry.text.data, entry.text.len);
	size = entry.size;
	entry_close(&entry);
	message_free(&message);
	envelope_free(&envelope);
	temp_spool_remove(&spool);
	return size;
}

static void
an_envelope_is_read_without_its_message(void **state)
{
	struct buffer	text = { 0 };
	uint64_t	size = make_envelope(&text);
	struct entry	entry;
	struct failure	why;

	(void)state;
	assert_true(entry_adopt_envelope(&entry, "1", &text, size, &why));
	assert_string_equal(entry.name, "1");
	assert_int_equal(entry.size, size);
	assert_int_equal(entry.file.uid, 33);
	assert_string_equal(entry.file.envelope.forward[0].path,
	    "b@example.org");
	entry_close(&entry);
	buffer_free(&text);
}

static void
an_envelope_of_a_file_of_another_size_is_refused(void **state)
{
	struct buffer	text = { 0 };
	uint64_t	size = make_envelope(&text);
	struct entry	entry;
	struct failure	why;

	(void)state;
	assert_false(entry_adopt_envelope(&entry, "1", &text, size - 1, &why));
	assert_int_equal(why.status, EX_DATAERR);
	assert_string_equal(why.text, "1: the size differs from the size in "
	    "the header");
	entry_close(&entry);
	assert_false(entry_adopt_envelope(&entry, "1", &text, text.len - 1,
	    &why));
	entry_close(&entry);
	buffer_free(&text);
}

static void
a_truncated_envelope_is_refused(void **state)
{
	struct buffer	text = { 0 };
	uint64_t	size = make_envelope(&text);
	struct entry	entry;
	struct failure	why;

	(void)state;
	while (text.len > 0) {
		text.data[--text.len] = '\0';
		if (entry_adopt_envelope(&entry, "1", &text, size, &why))
			fail_msg("%zu octets are accepted", text.len);
		assert_int_equal(why.status, EX_DATAERR);
		entry_close(&entry);
	}
	buffer_free(&text);
}

struct refused {
	const char	*text;		/* of the file */
	const char	*reason;
};

static void
is_refused(void **state)
{
	const struct refused	*r = *state;
	struct entry		 entry;
	struct failure		 why;
	int			 fd = file_in_memory();

	assert_true(file_write(fd, r->text, strlen(r->text)));
	assert_false(entry_adopt(&entry, "message", fd, &why));
	assert_int_equal(why.status, EX_DATAERR);
	assert_string_equal(why.text, r->reason);
	entry_close(&entry);
}

static void
a_pipe_is_refused(void **state)
{
	struct entry	entry;
	struct failure	why;
	int		ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_false(entry_adopt(&entry, "message", ends[0], &why));
	assert_string_equal(why.text, "message: not a regular file");
	entry_close(&entry);
	close(ends[1]);
}

#define PASSES(sentence, octets) \
	{ sentence, is_passed_on, NULL, NULL, &(size_t){ octets } }
#define REFUSES(sentence, text, reason) \
	{ sentence, is_refused, NULL, NULL, \
	    &(struct refused){ text, reason } }

static struct CMUnitTest adopt_spec[] = {
	PASSES("a message without a body is read back", 0),
	PASSES("a small message is read back", 4000),
	PASSES("a message too large for memory is read back", 3000000),
	REFUSES("an empty file is refused", "",
	    "message: is not a queued message"),
	REFUSES("a file that is not an entry is refused",
	    "From: a@example.org\n\nHello\n",
	    "message: is not a queued message"),
	cmocka_unit_test(a_pipe_is_refused),
	cmocka_unit_test(an_envelope_is_read_without_its_message),
	cmocka_unit_test(an_envelope_of_a_file_of_another_size_is_refused),
	cmocka_unit_test(a_truncated_envelope_is_refused),
};

int
main(void)
{
	return cmocka_run_group_tests(adopt_spec, NULL, NULL);
}
