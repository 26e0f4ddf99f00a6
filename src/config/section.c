#include "config/section.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "config/keys.h"
#include "util/memory.h"
#include "util/text.h"
#include "util/visible.h"

struct section *
section_insert(struct section **where, enum section_kind kind)
{
	struct section	*s = memory_new(1, sizeof(*s));

	s->kind = kind;
	s->next = *where;
	*where = s;
	return s;
}

const char *
section_name(enum section_kind kind)
{
	switch (kind) {
	case SECTION_FROM:
		return "from";
	case SECTION_TO:
		return "to";
	case SECTION_USER:
		return "user";
	case SECTION_OVERRIDE:
	case SECTION_ENVIRONMENT:
	case SECTION_TOP:
		break;
	}
	return NULL;
}

static bool
is_between_words(char c)
{
	return text_is_blank(c) || c == ',';
}

static bool
is_allowed_in(const struct section *s, const struct key *key,
    struct failure *why)
{
	if (section_name(s->kind) == NULL || key->place == PLACE_ANY)
		return true;
	if (key->place == PLACE_SENDER && s->kind != SECTION_TO)
		return true;
	if (key->place == PLACE_USER && s->kind == SECTION_USER)
		return true;
	return failed(why, EX_CONFIG, "%s is not allowed in a [%s] section; "
	    "put it at the top of the file%s", key->name, section_name(s->kind),
	    key->place == PLACE_SENDER ? " or in a [from] or [user] section" :
	    key->place == PLACE_USER ? " or in a [user] section" : "");
}

static void
setting_wipe(struct setting *set, bool secret)
{
	if (secret)
		explicit_bzero(set->value, strlen(set->value));
}

static void
setting_free(struct setting *set, bool secret)
{
	while (set != NULL) {
		struct setting	*next = set->next;

		setting_wipe(set, secret);
		free(set->replaced);
		free(set);
		set = next;
	}
}

/* Allocates one block, because each start of the program needs many. */
static struct setting *
setting_new(const char *value, size_t len, const char *origin)
{
	size_t		 origin_size = strlen(origin) + 1;
	struct setting	*set = memory_new(1, sizeof(*set) + len + 1 +
			    origin_size);

	set->value = (char *)(set + 1);
	set->origin = set->value + len + 1;
	memcpy(set->value, value, len);
	memcpy(set->origin, origin, origin_size);
	return set;
}

/*
 * A line of another file, such as one in /etc/relais.d, is meant to replace the
 * earlier one, and so is -o.
 */
static bool
is_same_file(const struct setting *a, const struct setting *b)
{
	const char	*colon = strrchr(a->origin, ':');

	return colon != NULL && strncmp(a->origin, b->origin,
	    (size_t)(colon - a->origin) + 1) == 0;
}

static void
replace(struct section *s, enum config_key key, struct setting *set,
    bool secret)
{
	struct setting	*old = s->setting[key];

	if (old == NULL)
		return;
	free(old->replaced);
	old->replaced = NULL;
	if (is_same_file(old, set)) {
		setting_wipe(old, secret);
		set->replaced = old;
	} else {
		setting_free(old, secret);
	}
}

static bool
set_value(struct section *s, enum config_key key, const char *value, size_t len,
    const char *origin, struct failure *why)
{
	const struct key	*k = key_of(key);
	struct setting		*set = setting_new(value, len, origin);

	if (!value_check(&k->rule, set->value, why)) {
		setting_free(set, k->flags & KEY_IS_SECRET);
		return failure_prefix(why, "%s: ", k->name);
	}
	if (k->flags & KEY_ACCUMULATES)
		set->next = s->setting[key];
	else
		replace(s, key, set, k->flags & KEY_IS_SECRET);
	s->setting[key] = set;
	return true;
}

static bool
set_words(struct section *s, enum config_key key, const char *value,
    size_t len, const char *origin, struct failure *why)
{
	const char	*end = value + len;

	while (value < end) {
		const char	*word = value;

		while (value < end && !is_between_words(*value))
			value++;
		if (value > word && !set_value(s, key, word,
		    (size_t)(value - word), origin, why))
			return false;
		value++;
	}
	return true;
}

bool
section_set(struct section *s, enum config_key key, const char *value,
    size_t len, const char *origin, struct failure *why)
{
	const struct key	*k = key_of(key);
	bool		       (*is_around)(char);

	if (!is_allowed_in(s, k, why))
		return false;
	is_around = k->flags & KEY_IS_LIST ? is_between_words : text_is_blank;
	for (; len > 0 && is_around(*value); len--)
		value++;
	while (len > 0 && is_around(value[len - 1]))
		len--;
	if (len == 0)
		return failed(why, EX_CONFIG, "%s: the value is missing",
		    k->name);
	/* A control character could end a line of SMTP, a header or a log. */
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)value[i] < ' ' && value[i] != '\t') ||
		    value[i] == 127)
			return failed(why, EX_CONFIG, "%s: the value contains "
			    "a control character", k->name);
	if (k->flags & KEY_IS_LIST)
		return set_words(s, key, value, len, origin, why);
	return set_value(s, key, value, len, origin, why);
}

bool
section_copy(struct section *to, enum config_key key,
    const struct setting *last, const char *origin, struct failure *why)
{
	const struct setting	**all;
	size_t			  n;
	bool			  good = true;

	all = config_in_order(last, &n);
	for (size_t i = 0; good && i < n; i++)
		good = section_set(to, key, all[i]->value,
		    strlen(all[i]->value), origin, why);
	free(all);
	return good;
}

void
config_free(struct config *config)
{
	while (config->first != NULL) {
		struct section	*s = config->first;

		for (size_t k = 0; k < CONFIG_KEYS; k++)
			if (s->setting[k] != NULL)
				setting_free(s->setting[k],
				    config_is_secret((enum config_key)k));
		config->first = s->next;
		free(s->pattern);
		free(s->origin);
		free(s);
	}
	free(config->path);
	free(config->unreadable);
	*config = (struct config){ .first = NULL };
}
