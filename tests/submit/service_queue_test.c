/*
 * The reply to XRELAIS ENTRIES, as the client reads it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "queue/commit.h"
#include "queue/entry.h"
#include "submit/service_queue.h"
#include "support/cases.h"
#include "support/temp_spool.h"
#include "util/file.h"

#define ID	"0123456789abcde"
#define OTHER	"0123456789abcdf"

/* An entry in memory: the file, and the length of its envelope. */
struct sample {
	struct buffer	file;
	size_t		envelope;
};

static void
sample_make(struct sample *s)
{
	struct envelope		 envelope = { .reverse_path = NULL };
	struct message		 message;
	struct spool_submission	 submission = { .envelope = &envelope,
				     .message = &message, .uid = 33,
				     .caller = "www-data" };
	struct spool		 spool;
	struct entry		 entry;
	struct failure		 why;
	int			 fd = file_in_memory();
	size_t			 size;

	temp_spool_make(&spool, 0);
	temp_spool_message(&message, &spool, 300, 7);
	envelope_set_reverse(&envelope, "a@example.org");
	envelope_add(&envelope, "b@example.org");
	assert_true(spool_write(&submission, fd, &why));
	size = (size_t)lseek(fd, 0, SEEK_END);
	*s = (struct sample){ .envelope = 0 };
	assert_int_equal(pread(fd, buffer_room(&s->file, size), size, 0),
	    (ssize_t)size);
	s->file.len = size;
	assert_true(entry_adopt(&entry, ID, fd, &why));
	s->envelope = entry.text.len;
	entry_close(&entry);
	message_free(&message);
	envelope_free(&envelope);
	temp_spool_remove(&spool);
}

/* What the reader was given. */
struct seen {
	char	text[200];	/* "queue ID" or "failed ID*", and a space */
	size_t	body;		/* octets of all messages */
};

static void
note_entry(void *context, const struct entry *e)
{
	struct seen	*s = context;

	strlcat(s->text, spool_dir_name(e->dir), sizeof(s->text));
	strlcat(s->text, " ", sizeof(s->text));
	strlcat(s->text, e->name, sizeof(s->text));
	strlcat(s->text, e->locked ? "* " : " ", sizeof(s->text));
	assert_int_equal(e->next, 1763760000);
	assert_string_equal(e->file.envelope.forward[0].path,
	    "b@example.org");
	s->body += e->message.body.size;
}

struct reading {
	const char	*sentence;
	const char	*id;		/* of the request, or NULL */

	/*
	 * A line each; then follow the octets of the file, as many as its last
	 * number says: E for the envelope, S for the size of the file.
	 */
	const char	*line[4];
	const char	*seen;
	int		 status;	/* EX_OK: the list is complete */
};

/* Appends a line, and the octets that follow it. */
static void
add_line(struct buffer *b, const struct sample *s, const char *line)
{
	size_t	len = strlen(line);
	char	last = len > 0 ? line[len - 1] : '\0';

	for (; *line != '\0'; line++)
		if (*line == 'E' && line[1] == '\0')
			buffer_addf(b, "%zu", s->envelope);
		else if (*line == 'S')
			buffer_addf(b, "%zu", s->file.len);
		else
			buffer_add_byte(b, *line);
	buffer_add_byte(b, '\n');
	if (last == 'E')
		buffer_add(b, s->file.data, s->envelope);
	else if (last == 'S')
		buffer_add(b, s->file.data, s->file.len);
}

/* Reads the octets as the reply of the service. */
static bool
read_octets(const struct buffer *b, const char *id, struct seen *seen,
    struct failure *why)
{
	struct service_entries	wanted = { id, note_entry, seen };
	struct stream		stream;
	int			fd = file_in_memory();
	bool			good;

	*seen = (struct seen){ .body = 0 };
	assert_true(file_write(fd, b->data, b->len));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	stream_open(&stream, fd);
	good = service_queue_read(&stream, &wanted, why);
	stream_close(&stream);
	return good;
}

static void
is_read(void **state)
{
	const struct reading	*r = *state;
	struct buffer		 b = { 0 };
	struct failure		 why = { .status = EX_OK };
	struct sample		 sample;
	struct seen		 seen;

	sample_make(&sample);
	for (size_t i = 0; i < 4 && r->line[i] != NULL; i++)
		add_line(&b, &sample, r->line[i]);
	assert_int_equal(read_octets(&b, r->id, &seen, &why),
	    r->status == EX_OK);
	if (why.status != r->status)
		fail_msg("status %d: %s", why.status, why.text);
	assert_string_equal(seen.text, r->seen);
	assert_int_equal(seen.body > 0, r->id != NULL &&
	    r->seen[0] != '\0');
	buffer_free(&b);
	buffer_free(&sample.file);
}

#define LINE(dir, id, octets) \
	"entry " dir " " id " S 1763760000 0 " octets

static const struct reading readings[] = {
	{ "an empty list", NULL, { "end" }, "", EX_OK },
	{ "entries of both directories", NULL, {
	    "entry queue " ID " S 1763760000 1 E", LINE("queue", OTHER, "E"),
	    LINE("failed", ID, "E"), "end" }, "queue " ID "* queue " OTHER
	    " failed " ID " ", EX_OK },
	{ "a message", ID, { LINE("failed", ID, "S"), "end" },
	    "failed " ID " ", EX_OK },
	{ "no message with this ID", ID, { "end" }, "", EX_OK },
	{ "a list without its end", NULL, { LINE("queue", ID, "E") },
	    "queue " ID " ", EX_TEMPFAIL },
	{ "queue after failed", NULL, { LINE("failed", ID, "E"),
	    LINE("queue", OTHER, "E"), "end" }, "failed " ID " ",
	    EX_PROTOCOL },
	{ "another message", ID, { LINE("queue", OTHER, "S"), "end" }, "",
	    EX_PROTOCOL },
	{ "an envelope instead of a message", ID, { LINE("queue", ID, "E"),
	    "end" }, "", EX_PROTOCOL },
	{ "a message instead of an envelope", NULL, { LINE("queue", ID, "S"),
	    "end" }, "", EX_DATAERR },
	{ "no octets", NULL, { LINE("queue", ID, "0"), "end" }, "",
	    EX_PROTOCOL },
	{ "octets that are not an envelope", NULL, { LINE("queue", ID, "4"),
	    "end" }, "", EX_DATAERR },
	{ "an envelope that is too long", NULL, {
	    "entry queue " ID " 99999999999 1763760000 0 67108865" }, "",
	    EX_PROTOCOL },
	{ "more octets than arrive", NULL, {
	    "entry queue " ID " 99999999999 1763760000 0 67108864" }, "",
	    EX_TEMPFAIL },
	{ "a larger message than arrives", ID, {
	    "entry queue " ID " 99999999999 1763760000 0 99999999999" }, "",
	    EX_TEMPFAIL },
	{ "an empty line", NULL, { "", "end" }, "", EX_PROTOCOL },
	{ "an unknown line", NULL, { "ends" }, "", EX_PROTOCOL },
};

/* The connection may break at every octet. */
static void
a_truncated_reply_is_not_a_list(void **state)
{
	struct buffer	b = { 0 };
	struct failure	why;
	struct sample	sample;
	struct seen	seen;

	(void)state;
	sample_make(&sample);
	add_line(&b, &sample, LINE("queue", ID, "E"));
	add_line(&b, &sample, "end");
	assert_true(read_octets(&b, NULL, &seen, &why));
	while (b.len > 0) {
		b.data[--b.len] = '\0';
		why.status = EX_OK;
		if (read_octets(&b, NULL, &seen, &why) ||
		    why.status != EX_TEMPFAIL)
			fail_msg("%zu octets: status %d", b.len, why.status);
	}
	buffer_free(&b);
	buffer_free(&sample.file);
}

static void
a_nul_in_a_line_is_refused(void **state)
{
	struct buffer	b = { 0 };
	struct failure	why;
	struct seen	seen;

	(void)state;
	buffer_add(&b, "end\0\n", 5);
	assert_false(read_octets(&b, NULL, &seen, &why));
	assert_int_equal(why.status, EX_PROTOCOL);
	buffer_free(&b);
}

static void
a_line_is_limited(void **state)
{
	struct buffer	b = { 0 };
	struct failure	why;
	struct seen	seen;

	(void)state;
	for (int i = 0; i < 1000; i++)
		buffer_add_byte(&b, 'a');
	assert_false(read_octets(&b, NULL, &seen, &why));
	assert_int_equal(why.status, EX_PROTOCOL);
	buffer_free(&b);
}

static const struct CMUnitTest reader_spec[] = {
	cmocka_unit_test(a_truncated_reply_is_not_a_list),
	cmocka_unit_test(a_nul_in_a_line_is_refused),
	cmocka_unit_test(a_line_is_limited),
};

int
main(void)
{
	return CASES_RUN("the reply to XRELAIS ENTRIES", is_read, readings) +
	    cmocka_run_group_tests(reader_spec, NULL, NULL);
}
