#include "support/random.h"
#include "support/temp_spool.h"

#include <sys/stat.h>

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/commit.h"
#include "queue/entry.h"
#include "util/buffer.h"
#include "util/clock.h"

enum { DEADLINE_MS = 30 * 1000, LOOK_AGAIN_MS = 5 };

void
temp_spool_make_in(struct spool *spool, const char *dir, uint64_t size_max)
{
	struct spool_options	options = { true, size_max };
	struct failure		why;
	char			path[512];

	snprintf(path, sizeof(path), "%s/relais-spool.XXXXXX", dir);
	assert_non_null(mkdtemp(path));
	if (!spool_open(spool, path, &options, &why))
		fail_msg("%s", why.text);
}

void
temp_spool_open(struct spool *spool, const char *directory)
{
	struct spool_options	options = { 0 };
	struct failure		why;

	if (!spool_open(spool, directory, &options, &why))
		fail_msg("%s", why.text);
}

void
temp_spool_make(struct spool *spool, uint64_t size_max)
{
	const char	*tmp = getenv("TMPDIR");

	temp_spool_make_in(spool, tmp != NULL ? tmp : "/tmp", size_max);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void
temp_spool_remove(struct spool *spool)
{
	assert_int_equal(nftw(spool->directory, remove_one, 16,
	    FTW_DEPTH | FTW_PHYS), 0);
	spool_close(spool);
}

void
temp_spool_message(struct message *message, const struct spool *spool,
    size_t body, unsigned seed)
{
	const char *const	spill[] = { spool->spill, NULL };
	struct message_limits	limits = { .spill = spill };
	struct buffer		text = { 0 };
	uint64_t		state = seed;
	struct failure		why;

	buffer_addf(&text, "From: a@example.org\r\nSubject: number %u,\r\n"
	    " folded\r\n\r\n", seed);
	for (size_t i = 0; i < body; i++)
		buffer_add_byte(&text, i % 72 == 70 ? '\r' : i % 72 == 71 ?
		    '\n' : (char)(next_random(&state) % 95 + 32));
	message_begin(message, &limits);
	if (!message_feed(message, text.data, text.len, &why) ||
	    !message_end(message, &why))
		fail_msg("%s", why.text);
	buffer_free(&text);
}

static bool
same_body(const struct body *a, const struct body *b)
{
	char		x[4096], y[4096];
	struct failure	why;

	for (uint64_t at = 0; at < a->size;) {
		size_t	room = a->size - at < sizeof(x) ?
		    (size_t)(a->size - at) : sizeof(x);

		if (body_read(a, at, x, room, &why) != (ssize_t)room ||
		    body_read(b, at, y, room, &why) != (ssize_t)room ||
		    memcmp(x, y, room) != 0)
			return false;
		at += room;
	}
	return true;
}

bool
temp_spool_same_message(const struct message *a, const struct message *b)
{
	struct buffer	x = { 0 }, y = { 0 };
	bool		same;

	header_write(&x, &a->header);
	header_write(&y, &b->header);
	same = x.len == y.len && memcmp(x.data, y.data, x.len) == 0 &&
	    a->header_8bit == b->header_8bit &&
	    a->body.size == b->body.size &&
	    a->body.longest_line == b->body.longest_line &&
	    a->body.has_8bit == b->body.has_8bit &&
	    same_body(&a->body, &b->body);
	buffer_free(&x);
	buffer_free(&y);
	return same;
}

void
temp_spool_put(struct spool *spool, char *id, const char *const *recipients)
{
	struct envelope		envelope = { 0 };
	struct message		message;
	struct spool_submission	submission = {
		.envelope = &envelope, .message = &message, .next = 1000,
	};
	struct failure		why;

	envelope_set_reverse(&envelope, "a@example.org");
	while (**recipients != '\0')
		envelope_add(&envelope, *recipients++);
	temp_spool_message(&message, spool, 200, 7);
	if (!spool_commit(spool, &submission, id, &why))
		fail_msg("%s", why.text);
	message_free(&message);
	envelope_free(&envelope);
}

static void
tell_entry(struct buffer *b, struct spool *spool, enum spool_dir dir,
    const char *name)
{
	static const char	marks[] = { '?', '+', '~', '-' };
	struct entry		entry;
	struct failure		why;

	if (entry_open(&entry, spool, dir, name, ENTRY_LOOK, &why) !=
	    ENTRY_OPENED) {
		buffer_addf(b, "(%s)", name);
		return;
	}
	for (size_t i = 0; i < entry.file.envelope.n; i++)
		buffer_addf(b, "%s%c%s", i > 0 ? " " : "",
		    marks[entry.file.outcomes[i].kind],
		    entry.file.envelope.forward[i].path);
	entry_close(&entry);
}

const char *
temp_spool_entries(const char *directory, enum spool_dir dir)
{
	static char		text[4096];
	struct spool_options	options = { 0 };
	struct buffer		b = { 0 };
	struct spool_list	list;
	struct spool		spool;
	struct failure		why;

	text[0] = '\0';
	if (!spool_open(&spool, directory, &options, &why))
		return text;
	if (!spool_list(&list, &spool, dir, &why))
		fail_msg("%s", why.text);
	for (size_t i = 0; i < list.n; i++) {
		if (i > 0)
			buffer_add_byte(&b, '\n');
		tell_entry(&b, &spool, dir, list.item[i].name);
	}
	if (b.data != NULL)
		strlcpy(text, b.data, sizeof(text));
	buffer_free(&b);
	spool_list_free(&list);
	spool_close(&spool);
	return text;
}

size_t
temp_spool_count(struct spool *spool, enum spool_dir dir)
{
	struct spool_totals	totals;
	struct failure		why;

	if (!spool_count(&totals, spool, dir, &why))
		fail_msg("%s", why.text);
	return totals.entries;
}

size_t
temp_spool_count_in(const char *directory, enum spool_dir dir)
{
	struct spool	spool;
	size_t		n;

	temp_spool_open(&spool, directory);
	n = temp_spool_count(&spool, dir);
	spool_close(&spool);
	return n;
}

void
temp_spool_wait(const char *directory, size_t n)
{
	const struct timespec	pause = { 0, LOOK_AGAIN_MS * 1000000 };
	int64_t			end = clock_ms() + DEADLINE_MS;
	struct spool		spool;

	temp_spool_open(&spool, directory);
	while (temp_spool_count(&spool, SPOOL_QUEUE) < n) {
		if (clock_ms() > end)
			fail_msg("there are fewer than %zu entries", n);
		nanosleep(&pause, NULL);
	}
	spool_close(&spool);
}

int64_t
temp_spool_next(const char *directory, bool *locked)
{
	struct spool		spool;
	struct spool_list	list;
	struct entry		entry;
	struct failure		why;
	int64_t			next;

	temp_spool_open(&spool, directory);
	if (!spool_list(&list, &spool, SPOOL_QUEUE, &why))
		fail_msg("%s", why.text);
	assert_int_equal(list.n, 1);
	next = list.item[0].next - (int64_t)time(NULL);
	*locked = entry_open(&entry, &spool, SPOOL_QUEUE, list.item[0].name,
	    ENTRY_WORK, &why) == ENTRY_LOCKED;
	entry_close(&entry);
	spool_list_free(&list);
	spool_close(&spool);
	return next;
}
