/*
 * entry_fuzz.c - read a file of the queue directory, rewrite it as a queue run
 * does, and read it again
 *
 * The envelope and the message are the same afterwards, and also if the
 * envelope is written to a new file.  An invalid entry is tried again with the
 * right lengths.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/entry_text.h"
#include "fuzz/must.h"
#include "queue/entry.h"
#include "queue/spool.h"
#include "util/memory.h"

static const char	name[] = "0123456789abcde";
static struct spool	spool;

static void
remove_spool(void)
{
	unlinkat(spool.dir[SPOOL_QUEUE], name, 0);
	for (int i = 0; i < SPOOL_DIRS; i++)
		unlinkat(spool.fd, spool_dir_name((enum spool_dir)i),
		    AT_REMOVEDIR);
	rmdir(spool.directory);
	spool_close(&spool);
}

static void
make_spool(void)
{
	struct spool_options	options = { .create = true };
	struct failure		why;
	char			path[] = "/tmp/relais-fuzz.XXXXXX";

	if (mkdtemp(path) == NULL || !spool_open(&spool, path, &options, &why))
		abort();
	atexit(remove_spool);
}

static void
write_file(const void *data, size_t len)
{
	int	fd = openat(spool.dir[SPOOL_QUEUE], name,
		    O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	close(fd);
}

/* No text of the envelope can contain an SMTP command. */
static void
check_words(const struct envelope *env)
{
	must(strpbrk(env->reverse_path, "\r\n") == NULL);
	must(env->envid == NULL || strpbrk(env->envid, "\r\n") == NULL);
	for (size_t i = 0; i < env->n; i++) {
		const struct forward_path	*to = &env->forward[i];

		must(strpbrk(to->path, "\r\n") == NULL);
		must(to->orcpt == NULL || strpbrk(to->orcpt, "\r\n") == NULL);
	}
}

static void
add_word(struct buffer *to, const char *word)
{
	buffer_addf(to, "%s\n", word != NULL ? word : "-");
}

/* Everything that does not change while the entry is in the queue. */
static void
describe(struct buffer *to, const struct envelope_file *file)
{
	const struct envelope	*env = &file->envelope;

	buffer_addf(to, "%ju %ju %d%d%d%d %zu %jd %ju %d %d %zu\n",
	    (uintmax_t)file->header_size, (uintmax_t)file->message_size,
	    file->header_8bit, file->body_8bit, file->held, file->collected,
	    file->longest_line, (intmax_t)file->arrived_us,
	    (uintmax_t)file->uid, (int)env->ret, (int)env->requiretls, env->n);
	add_word(to, file->caller);
	add_word(to, file->digest);
	add_word(to, env->reverse_path);
	add_word(to, env->envid);
	for (size_t i = 0; i < env->n; i++) {
		add_word(to, env->forward[i].path);
		add_word(to, env->forward[i].orcpt);
		buffer_addf(to, "%u\n", env->forward[i].notify);
	}
}

static void
describe_message(struct buffer *to, const struct message *m)
{
	const char	*body = body_in_memory(&m->body);
	char		 block[4096];
	struct failure	 why;
	ssize_t		 n;

	for (size_t i = 0; i < m->header.n; i++)
		buffer_add(to, m->header.field[i].text, m->header.field[i].len);
	if (body != NULL) {
		buffer_add(to, body, m->body.size);
		return;
	}
	for (uint64_t at = 0; (n = body_read(&m->body, at, block,
	    sizeof(block), &why)) > 0; at += (uint64_t)n)
		buffer_add(to, block, (size_t)n);
}

static void
must_be_equal(const struct buffer *a, const struct buffer *b)
{
	must(a->len == b->len && memcmp(a->data, b->data, a->len) == 0);
}

static void
write_again(struct envelope_file *file)
{
	struct buffer		before = { 0 }, after = { 0 }, text = { 0 };
	struct envelope_file	again;
	struct failure		why;

	describe(&before, file);
	must(envelope_file_write(&text, file, &why));
	must(envelope_file_parse(&again, text.data, text.len, &why));
	describe(&after, &again);
	must_be_equal(&before, &after);
	envelope_file_free(&again);
	buffer_free(&text);
	buffer_free(&before);
	buffer_free(&after);
}

/* A valid entry stays valid, and no recipient is served twice. */
static void
rewrite(struct entry *entry)
{
	size_t		 n = entry->file.envelope.n;
	struct outcome	*outcomes = memory_new(n, sizeof(*outcomes));
	struct buffer	 before = { 0 }, after = { 0 };
	struct failure	 why;

	describe(&before, &entry->file);
	describe_message(&before, &entry->message);

	for (size_t i = 0; i < n; i++) {
		outcomes[i].kind = (enum outcome_kind)(i % 4);
		outcomes[i].text = "250 ok";
	}
	must(entry_record(entry, outcomes, &why));
	must(entry_defer(entry, 1000, true, &why));
	free(outcomes);
	entry_close(entry);
	must(entry_open(entry, &spool, SPOOL_QUEUE, name, ENTRY_WORK, &why) ==
	    ENTRY_OPENED);
	must(entry->file.envelope.n == n);
	for (size_t i = 1; i < n; i += 4)
		must(entry->file.outcomes[i].kind != OUTCOME_WAITING);
	describe(&after, &entry->file);
	describe_message(&after, &entry->message);
	must_be_equal(&before, &after);
	buffer_free(&before);
	buffer_free(&after);
}

static bool
try(const void *data, size_t len)
{
	struct entry	entry;
	struct failure	why;
	bool		opened;

	write_file(data, len);
	opened = entry_open(&entry, &spool, SPOOL_QUEUE, name, ENTRY_WORK,
	    &why) == ENTRY_OPENED;
	if (opened) {
		check_words(&entry.file.envelope);
		rewrite(&entry);
		write_again(&entry.file);
	}
	entry_close(&entry);
	unlinkat(spool.dir[SPOOL_FAILED], name, 0);
	return opened;
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buffer	mended = { 0 };

	if (spool.directory == NULL)
		make_spool();
	if (!try(data, len) && entry_text_mend(&mended, data, len))
		try(mended.data, mended.len);
	buffer_free(&mended);
	return 0;
}
