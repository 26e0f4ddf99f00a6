/*
 * aliases_fuzz.c - properties of every aliases file and of each resolved name
 *
 * The first line is the name; the file follows.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/aliases.h"
#include "mail/local.h"
#include "util/memory.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
resolve(const struct aliases *a, const char *name, const char *root)
{
	struct alias_rules	rules = { .names = { "web1", "example.org" },
				    .root = root };
	struct address_list	list = { 0 };
	struct failure		why;
	unsigned		line;

	if (!aliases_resolve(a, name, &rules, &list, &line, &why)) {
		assert(why.status == EX_CONFIG ||
		    (why.status == EX_NOUSER && (root == NULL ||
		    !local_name_is_possible(name))));
		assert(list.n == 0);
		for (const char *s = why.text; *s != '\0'; s++)
			assert((unsigned char)*s >= ' ' && *s != '\177');
		address_list_free(&list);
		return;
	}
	assert(list.n > 0 && list.n <= ALIASES_TARGETS_MAX + 1);
	for (size_t i = 0; i < list.n; i++)
		assert(!address_is_local(&list.address[i], &rules.names));
	address_list_free(&list);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char	*text = (const char *)data;
	const char	*lf = len > 0 ? memchr(text, '\n', len) : NULL;
	struct aliases	 a;
	struct failure	 why;
	char		*name;

	if (lf == NULL)
		return 0;
	name = memory_copy_n(text, (size_t)(lf - text));
	if (aliases_parse(&a, "aliases", lf + 1,
	    len - (size_t)(lf + 1 - text), &why)) {
		resolve(&a, name, NULL);
		resolve(&a, name, "me@example.net");
	} else {
		assert(why.status == EX_CONFIG);
	}
	aliases_free(&a);
	free(name);
	return 0;
}
