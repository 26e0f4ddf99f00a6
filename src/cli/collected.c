#include "cli/collected.h"

#include <stdlib.h>
#include <string.h>

#include "queue/storm.h"
#include "util/buffer.h"
#include "util/memory.h"

static int
compare_keys(const void *a, const void *b)
{
	const char *const	*x = a;
	const char *const	*y = b;

	return strcmp(*x, *y);
}

static char *
key_of(const struct entry *e)
{
	struct buffer	key = { 0 };

	storm_key(&key, e->file.uid, &e->file.envelope, e->file.outcomes);
	return buffer_take(&key);
}

static void
read_spool(struct collected *c, struct spool *spool)
{
	struct spool_list	list;
	struct failure		ignored;	/* the caller reads it, too */

	c->read = true;
	if (!spool_list(&list, spool, SPOOL_QUEUE, &ignored))
		return;
	for (size_t i = 0; i < list.n; i++) {
		struct entry	e;

		if (entry_open(&e, spool, SPOOL_QUEUE, list.item[i].name,
		    ENTRY_LOOK, &ignored) != ENTRY_OPENED)
			continue;
		if (e.file.collected && e.file.digest == NULL) {
			c->key = memory_room(c->key, c->n, &c->cap,
			    sizeof(*c->key));
			c->key[c->n++] = key_of(&e);
		}
		entry_close(&e);
	}
	spool_list_free(&list);
	if (c->n > 1)
		qsort(c->key, c->n, sizeof(*c->key), compare_keys);
}

size_t
collected_others(struct collected *c, const struct entry *e)
{
	char	*key;
	size_t	 first = 0, end, n = 0;

	if (e->spool == NULL)
		return 0;
	if (!c->read)
		read_spool(c, e->spool);
	key = key_of(e);
	for (end = c->n; first < end;) {
		size_t	middle = first + (end - first) / 2;

		if (strcmp(c->key[middle], key) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	for (; first < c->n && strcmp(c->key[first], key) == 0; first++)
		n++;
	free(key);
	return n > 0 ? n - 1 : 0;
}

void
collected_free(struct collected *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->key[i]);
	free(c->key);
	*c = (struct collected){ 0 };
}
