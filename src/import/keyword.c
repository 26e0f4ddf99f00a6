#include "import/keyword.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/memory.h"

void
kept_set(struct kept *k, const char *text, const char *origin)
{
	kept_free(k, 1);
	k->text = memory_copy(text);
	k->origin = memory_copy(origin);
}

void
kept_free(struct kept *k, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		memory_wipe(&k[i].text);
		free(k[i].origin);
		k[i] = (struct kept){ .text = NULL };
	}
}

static bool
matches(const char *pattern, const char *name)
{
	size_t	len = strlen(pattern);

	if (len > 0 && pattern[len - 1] == '*')
		return strncasecmp(pattern, name, len - 1) == 0;
	return strcasecmp(pattern, name) == 0;
}

void
keyword_apply(struct draft *d, const struct keyword *table, struct kept *kept,
    const char *name, const char *value, const char *origin)
{
	const struct keyword	*k = table;

	while (k->name[0] != '\0' && !matches(k->name, name))
		k++;
	if (k->name[0] == '\0' && value[0] == '\0')
		draft_note(d, origin, "unknown setting");
	else if (k->name[0] == '\0')
		draft_note(d, origin, "%.64s: unknown setting", name);
	else if (k->slot != KEYWORD_NO_SLOT)
		kept_set(&kept[k->slot], value, origin);
	else if (k->reason[0] != '\0')
		draft_note(d, origin, "%.64s: %s", name, k->reason);
	else if (k->key != CONFIG_KEYS && value[0] != '\0')
		draft_set(d, d->top, k->key, value, origin);
}
