/*
 * entry_fuzz.c - read a file of the queue directory, rewrite it as a queue run
 * does, and read it again
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
write_file(const uint8_t *data, size_t len)
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

/* A valid entry stays valid, and no recipient is served twice. */
static void
rewrite(struct entry *entry)
{
	size_t		 n = entry->file.envelope.n;
	struct outcome	*outcomes = memory_new(n, sizeof(*outcomes));
	struct failure	 why;

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
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct entry	entry;
	struct failure	why;

	if (spool.directory == NULL)
		make_spool();
	write_file(data, len);
	if (entry_open(&entry, &spool, SPOOL_QUEUE, name, ENTRY_WORK, &why) ==
	    ENTRY_OPENED) {
		check_words(&entry.file.envelope);
		rewrite(&entry);
	}
	entry_close(&entry);
	unlinkat(spool.dir[SPOOL_FAILED], name, 0);
	return 0;
}
