#include "config/config.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "config/keys.h"
#include "util/memory.h"

static bool
pattern_matches(const char *pattern, const char *subject, int flags)
{
	return subject != NULL && fnmatch(pattern, subject, flags) == 0;
}

bool
config_section_matches(const struct section *s,
    const struct config_subject *subject)
{
	switch (s->kind) {
	case SECTION_OVERRIDE:
	case SECTION_ENVIRONMENT:
	case SECTION_TOP:
		return true;
	case SECTION_FROM:
		return subject != NULL &&
		    pattern_matches(s->pattern, subject->from, FNM_CASEFOLD);
	case SECTION_TO:
		return subject != NULL &&
		    pattern_matches(s->pattern, subject->to, FNM_CASEFOLD);
	case SECTION_USER:
		return subject != NULL &&
		    pattern_matches(s->pattern, subject->user, 0);
	}
	return false;
}

void
config_view(struct config_view *view, const struct config *config,
    const struct config_subject *subject)
{
	size_t	i = 0;

	*view = (struct config_view){ { 0 } };
	for (const struct section *s = config->first; s != NULL; s = s->next) {
		if (s->pattern == NULL)
			continue;
		if (config_section_matches(s, subject))
			view->matches[i / 64] |= UINT64_C(1) << (i % 64);
		i++;
	}
}

bool
config_is_set(const struct config *config, enum config_key key)
{
	for (const struct section *s = config->first; s != NULL; s = s->next)
		if (s->setting[key] != NULL)
			return true;
	return false;
}

const struct section *
config_section(const struct config *config,
    const struct config_subject *subject, enum config_key key)
{
	for (const struct section *s = config->first; s != NULL; s = s->next) {
		if (s->setting[key] != NULL &&
		    config_section_matches(s, subject))
			return s;
	}
	return NULL;
}

const struct setting *
config_find(const struct config *config, const struct config_subject *subject,
    enum config_key key)
{
	const struct section	*s = config_section(config, subject, key);

	return s != NULL ? s->setting[key] : NULL;
}

const struct setting **
config_in_order(const struct setting *last, size_t *n)
{
	const struct setting	**all;
	size_t			  left = 0;

	for (const struct setting *s = last; s != NULL; s = s->next)
		left++;
	*n = left;
	all = memory_new(left, sizeof(struct setting *));
	for (const struct setting *s = last; s != NULL; s = s->next)
		all[--left] = s;
	return all;
}

/* Whether credentials in section s are used for the smarthost in home. */
static bool
credentials_apply_to(const struct section *s, const struct section *home)
{
	return s == home || s->kind == SECTION_OVERRIDE ||
	    (s->kind == SECTION_ENVIRONMENT && home->kind == SECTION_TOP);
}

const struct setting *
config_credential(const struct config *config, const struct section *home,
    enum config_key key)
{
	for (const struct section *s = config->first; s != NULL; s = s->next) {
		if (s->setting[key] != NULL && credentials_apply_to(s, home))
			return s->setting[key];
	}
	return NULL;
}

const struct setting *
config_secret(const struct config *config, const struct section *home,
    enum config_key *key)
{
	for (const struct section *s = config->first; s != NULL; s = s->next) {
		if (!credentials_apply_to(s, home))
			continue;
		for (*key = KEY_PASSWORD; *key <= KEY_TOKEN_COMMAND; ++*key) {
			if (s->setting[*key] != NULL)
				return s->setting[*key];
		}
	}
	return NULL;
}

const char *
config_text(const struct config *config, const struct config_subject *subject,
    enum config_key key)
{
	const struct setting	*set = config_find(config, subject, key);

	return set != NULL ? set->value : key_of(key)->fallback;
}

bool
config_bool(const struct config *config, const struct config_subject *subject,
    enum config_key key)
{
	const char	*text = config_text(config, subject, key);

	return text != NULL && strcmp(text, "yes") == 0;
}

uint64_t
config_number(const struct config *config,
    const struct config_subject *subject, enum config_key key)
{
	const char	*text = config_text(config, subject, key);
	uint64_t	 n;

	return text != NULL && value_size(text, &n) ? n : 0;
}

int64_t
config_ms(const struct config *config, const struct config_subject *subject,
    enum config_key key)
{
	const char	*text = config_text(config, subject, key);
	uint64_t	 ms;

	return text != NULL && value_duration(text, &ms) ? (int64_t)ms : 0;
}

bool
config_rate(const struct config *config, const struct config_subject *subject,
    enum config_key key, uint64_t *count, int64_t *ms)
{
	const char	*text = config_text(config, subject, key);
	uint64_t	 period;

	if (text == NULL || !value_rate(text, count, &period))
		return false;
	*ms = (int64_t)period;
	return true;
}

const char *
config_key_name(enum config_key key)
{
	return key_of(key)->name;
}

const char *
config_default(enum config_key key)
{
	return key_of(key)->fallback;
}

bool
config_is_secret(enum config_key key)
{
	return key_of(key)->flags & KEY_IS_SECRET;
}

bool
config_is_on(const struct setting *set)
{
	return set != NULL && strcmp(set->value, "off") != 0;
}

bool
config_is_token(enum config_key key)
{
	return key == KEY_TOKEN || key == KEY_TOKEN_COMMAND;
}
