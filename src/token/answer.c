#include "token/answer.h"

#include <jansson.h>

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "util/memory.h"

enum { SECONDS_MAX = 366 * 24 * 3600, DEPTH_MAX = 32 };

struct answer {
	json_t	*root;		/* an object */
};

/* Precedes a block of memory. */
union block {
	size_t		size;
	max_align_t	align;
};

static void *
wiped_new(size_t size)
{
	union block	*b = malloc(sizeof(*b) + size);

	if (b == NULL)
		return NULL;
	b->size = size;
	return b + 1;
}

static void
wiped_free(void *memory)
{
	union block	*b = memory;

	if (b == NULL)
		return;
	b--;
	freezero(b, sizeof(*b) + b->size);
}

void
answer_wipe_memory(void)
{
	json_set_alloc_funcs(wiped_new, wiped_free);
}

/*
 * The parser recurses, and its own limit is thousands of levels.  Brackets in
 * strings count, too: no answer has many of them.
 */
static bool
is_shallow(const char *text, size_t len)
{
	int	depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '[' || text[i] == '{')
			depth++;
		else if ((text[i] == ']' || text[i] == '}') && depth > 0)
			depth--;
		if (depth > DEPTH_MAX)
			return false;
	}
	return true;
}

struct answer *
answer_parse(const char *text, size_t len, struct failure *why)
{
	struct answer	*a;
	json_error_t	 error;
	json_t		*root = NULL;

	if (is_shallow(text, len))
		root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(root)) {
		json_decref(root);
		failed(why, EX_PROTOCOL, "the reply is not a valid JSON "
		    "object");
		return NULL;
	}
	a = memory_new(1, sizeof(*a));
	a->root = root;
	return a;
}

bool
answer_text(const struct answer *a, const char *name, const char **value,
    struct failure *why)
{
	const json_t	*j = json_object_get(a->root, name);

	*value = NULL;
	if (j == NULL || json_is_null(j))
		return true;
	if (!json_is_string(j))
		return failed(why, EX_PROTOCOL, "\"%s\" in the reply is not a "
		    "string", name);
	for (const char *c = json_string_value(j); *c != '\0'; c++)
		if ((unsigned char)*c < ' ' && strchr("\t\r\n", *c) == NULL)
			return failed(why, EX_PROTOCOL, "\"%s\" in the reply "
			    "contains a control character", name);
	*value = json_string_value(j);
	return true;
}

bool
answer_seconds(const struct answer *a, const char *name, int64_t *value,
    struct failure *why)
{
	const json_t	*j = json_object_get(a->root, name);
	const char	*text = json_string_value(j);
	double		 number = -1;
	char		*end;

	*value = -1;
	if (j == NULL || json_is_null(j))
		return true;
	if (json_is_number(j)) {
		number = json_number_value(j);
	} else if (text != NULL && isdigit((unsigned char)text[0])) {
		number = strtod(text, &end);
		if (*end != '\0')
			number = -1;
	}
	if (!(number >= 0))
		return failed(why, EX_PROTOCOL, "\"%s\" in the reply is not a "
		    "number of seconds", name);
	*value = number < SECONDS_MAX ? (int64_t)number : SECONDS_MAX;
	return true;
}

void
answer_free(struct answer *a)
{
	if (a == NULL)
		return;
	json_decref(a->root);
	free(a);
}
