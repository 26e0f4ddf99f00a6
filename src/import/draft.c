#include "import/draft.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/section.h"
#include "util/memory.h"
#include "util/text.h"
#include "util/visible.h"

void
draft_start(struct draft *d, const char *secret_path)
{
	*d = (struct draft){ .secret_path = memory_copy(secret_path) };
	d->top = section_insert(&d->config.first, SECTION_TOP);
	d->tail = &d->config.first;
}

/* Adds the text as one line of visible characters. */
static void
add_visible(struct buffer *to, const char *text)
{
	size_t	 size = 4 * strlen(text) + 1;
	char	*shown = memory_new(size, 1);

	buffer_add_text(to, visible_more(shown, size, text, ""));
	free(shown);
}

/* A value with control characters could contain another line. */
static bool
is_visible(const char *text)
{
	size_t	 size = 4 * strlen(text) + 1;
	char	*shown = memory_new(size, 1);
	bool	 same = strcmp(visible_more(shown, size, text, ""), text) == 0;

	free(shown);
	return same;
}

void
draft_note(struct draft *d, const char *origin, const char *fmt, ...)
{
	struct buffer	text = { 0 };
	va_list		ap;

	va_start(ap, fmt);
	buffer_vaddf(&text, fmt, ap);
	va_end(ap);
	buffer_add_text(&d->notes, "# ");
	add_visible(&d->notes, origin);
	buffer_add_text(&d->notes, ": ");
	add_visible(&d->notes, text.data);
	buffer_add_text(&d->notes, "\n");
	d->n_notes++;
	buffer_free(&text);
}

struct section *
draft_section(struct draft *d, enum section_kind kind, const char *pattern,
    const char *origin)
{
	struct section	*s;
	bool		 good = pattern[0] != '\0' && is_visible(pattern) &&
			    !text_has_any(pattern, " ,");
	unsigned	 n = 0;

	for (s = d->config.first; s != d->top && good; s = s->next, n++)
		if (s->kind == kind && strcmp(s->pattern, pattern) == 0)
			return s;
	if (!good || n >= CONFIG_SECTIONS_MAX) {
		draft_note(d, origin, good ? "too many sections" :
		    "the name cannot be the pattern of a section");
		return NULL;
	}
	s = section_insert(d->tail, kind);
	d->tail = &s->next;
	s->pattern = memory_copy(pattern);
	s->origin = memory_copy(origin);
	return s;
}

bool
draft_set(struct draft *d, struct section *s, enum config_key key,
    const char *value, const char *origin)
{
	const char	*fallback = config_default(key);
	struct failure	 why;

	if (s == d->top && fallback != NULL && strcmp(value, fallback) == 0)
		return true;
	if (!is_visible(value)) {
		draft_note(d, origin, "%s: the value contains a control "
		    "character", config_key_name(key));
		return false;
	}
	if (section_set(s, key, value, strlen(value), origin, &why))
		return true;
	draft_note(d, origin, "%s", why.text);
	return false;
}

/* Returns the index of the same secret from the same place, or .n_secrets. */
static size_t
find_secret(const struct draft *d, const char *value, const char *origin)
{
	size_t	i;

	for (i = 0; i < d->n_secrets; i++) {
		const struct draft_secret	*s = &d->secrets[i];

		if (value != NULL && s->value != NULL &&
		    strcmp(s->value, value) == 0 &&
		    strcmp(s->origin, origin) == 0)
			break;
	}
	return i;
}

void
draft_set_secret(struct draft *d, struct section *s, const char *value,
    const char *origin)
{
	size_t		 i = find_secret(d, value, origin);
	struct buffer	 path = { 0 };

	if (i == d->n_secrets) {
		buffer_add_text(&path, d->secret_path);
		if (i > 0)
			buffer_addf(&path, ".%zu", i + 1);
		d->secrets = memory_room(d->secrets, d->n_secrets,
		    &d->secrets_cap, sizeof(*d->secrets));
		d->secrets[d->n_secrets++] = (struct draft_secret){
			.path = buffer_take(&path),
			.value = value != NULL ? memory_copy(value) : NULL,
			.origin = memory_copy(origin),
		};
	}
	draft_set(d, s, KEY_PASSWORD_FILE, d->secrets[i].path, origin);
}

bool
draft_check(const struct draft *d, struct failure *why)
{
	return config_check(&d->config, why);
}

static void
print_setting(const struct draft *d, enum config_key key,
    const struct setting *set, bool secrets_written, struct buffer *to)
{
	size_t			  n;
	const struct setting	**all = config_in_order(set, &n);

	for (size_t i = 0; i < n; i++) {
		const struct draft_secret	*secret = NULL;

		for (size_t j = 0; key == KEY_PASSWORD_FILE &&
		    j < d->n_secrets; j++)
			if (strcmp(d->secrets[j].path, all[i]->value) == 0)
				secret = &d->secrets[j];
		buffer_add_text(to, "# ");
		add_visible(to, all[i]->origin);
		if (secret != NULL && secret->value == NULL)
			buffer_add_text(to, ": write the password to this "
			    "file, mode 0600");
		else if (secret != NULL && !secrets_written)
			buffer_add_text(to, ": the password is there; copy it "
			    "to this file, mode 0600, or use --write");
		buffer_addf(to, "\n%s = %s\n", config_key_name(key),
		    all[i]->value);
	}
	free(all);
}

static void
print_section(const struct draft *d, const struct section *s,
    bool secrets_written, struct buffer *to)
{
	if (s->pattern != NULL) {
		buffer_add_text(to, "\n# ");
		add_visible(to, s->origin);
		buffer_addf(to, "\n[%s %s]\n", section_name(s->kind),
		    s->pattern);
	}
	for (enum config_key k = 0; k < CONFIG_KEYS; k++)
		if (s->setting[k] != NULL)
			print_setting(d, k, s->setting[k], secrets_written,
			    to);
}

void
draft_print(const struct draft *d, bool secrets_written, struct buffer *to)
{
	print_section(d, d->top, secrets_written, to);
	for (const struct section *s = d->config.first; s != d->top;
	    s = s->next)
		print_section(d, s, secrets_written, to);
	if (d->n_notes > 0) {
		buffer_add_text(to, "\n# Settings that have no equivalent, or "
		    "have a different effect:\n");
		buffer_add(to, d->notes.data, d->notes.len);
	}
}

void
draft_free(struct draft *d)
{
	for (size_t i = 0; i < d->n_secrets; i++) {
		free(d->secrets[i].path);
		memory_wipe(&d->secrets[i].value);
		free(d->secrets[i].origin);
	}
	free(d->secrets);
	free(d->secret_path);
	buffer_free(&d->notes);
	config_free(&d->config);
}
