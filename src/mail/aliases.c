#include "mail/aliases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "util/buffer.h"
#include "util/memory.h"
#include "util/text.h"
#include "util/trusted.h"
#include "util/visible.h"

/*
 * Read the file.
 */

struct aliases_reader {
	struct aliases	*aliases;
	unsigned	 line;
	struct buffer	 targets;	/* of the last alias */
	struct failure	*why;
};

static bool
refuse_line(const struct aliases_reader *r, const char *reason)
{
	r->aliases->bad_line = r->line;
	return failed(r->why, EX_CONFIG, "%s", reason);
}

static char *
lower_copy(const char *name)
{
	char	*copy = memory_copy(name);

	for (char *c = copy; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return copy;
}

/* The last alias has no further continuation lines. */
static void
end_alias(struct aliases_reader *r)
{
	struct aliases	*a = r->aliases;

	if (a->n > 0 && a->alias[a->n - 1].targets == NULL)
		a->alias[a->n - 1].targets = buffer_take(&r->targets);
}

/* Reads a name, perhaps quoted, and its colon, and moves *at after it. */
static bool
read_name(const struct aliases_reader *r, const char **at, const char *end,
    struct buffer *name)
{
	const char	*c = *at;
	bool		 quoted = *c == '"';

	for (c += quoted; c < end; c++) {
		if (quoted ? *c == '"' : *c == ':' || text_is_blank(*c))
			break;
		if (quoted && *c == '\\' && c + 1 < end)
			c++;
		if (*c == '@')
			return refuse_line(r, "the name of an alias must not "
			    "contain @");
		buffer_add_byte(name, *c);
	}
	if (quoted && c < end)
		c++;
	while (c < end && text_is_blank(*c))
		c++;
	if (c == end || *c != ':' || name->len == 0)
		return refuse_line(r, "expected name: address, ...");
	*at = c + 1;
	return true;
}

static bool
begin_alias(struct aliases_reader *r, const char *at, const char *end)
{
	struct aliases	*a = r->aliases;
	struct buffer	 name = { 0 };
	bool		 good;

	end_alias(r);
	good = read_name(r, &at, end, &name);
	if (good) {
		a->alias = memory_room(a->alias, a->n, &a->cap,
		    sizeof(*a->alias));
		a->alias[a->n++] = (struct alias){ lower_copy(name.data),
		    r->line, NULL };
		buffer_add(&r->targets, at, (size_t)(end - at));
	}
	buffer_free(&name);
	return good;
}

static bool
read_alias_line(struct aliases_reader *r, const char *at, const char *end)
{
	const char	*text = at;

	if (memchr(at, '\0', (size_t)(end - at)) != NULL)
		return refuse_line(r, "contains a NUL character");
	if (end > at && end[-1] == '\r')
		end--;
	while (text < end && text_is_blank(*text))
		text++;
	if (text == end || *text == '#')
		return true;
	if (text == at)
		return begin_alias(r, at, end);
	if (r->aliases->n == 0)
		return refuse_line(r, "a line that begins with white space "
		    "must follow a line that it continues");
	buffer_add(&r->targets, at, (size_t)(end - at));
	return true;
}

static int
compare_alias(const void *a, const void *b)
{
	const struct alias	*x = a;
	const struct alias	*y = b;
	int			 order = strcmp(x->name, y->name);

	if (order != 0)
		return order;
	return x->line < y->line ? -1 : x->line > y->line;
}

bool
aliases_parse(struct aliases *a, const char *path, const char *text,
    size_t len, struct failure *why)
{
	static const char	bom[] = "\xef\xbb\xbf";
	struct aliases_reader	r = { .aliases = a, .why = why };
	const char		*end = text + len;
	bool			 good = true;

	*a = (struct aliases){ .path = memory_copy(path) };
	if (len >= 3 && memcmp(text, bom, 3) == 0)
		text += 3;
	while (good && text < end) {
		const char	*lf = memchr(text, '\n', (size_t)(end - text));
		const char	*stop = lf != NULL ? lf : end;

		r.line++;
		good = read_alias_line(&r, text, stop);
		text = lf != NULL ? lf + 1 : end;
	}
	end_alias(&r);
	buffer_free(&r.targets);
	if (a->n > 1)
		qsort(a->alias, a->n, sizeof(*a->alias), compare_alias);
	return good;
}

bool
aliases_read(struct aliases *a, const char *path, bool required,
    struct failure *why)
{
	struct buffer	text = { 0 };
	struct stat	st;
	bool		good = false;

	*a = (struct aliases){ .path = NULL };
	switch (trusted_read(&text, path, ALIASES_SIZE_MAX, 0, &st, why)) {
	case TRUSTED_READ:
		good = aliases_parse(a, path, text.len > 0 ? text.data : "",
		    text.len, why);
		break;
	case TRUSTED_MISSING:
		a->path = memory_copy(path);
		good = !required;
		break;
	case TRUSTED_REFUSED:
		break;
	}
	buffer_free(&text);
	return good;
}

void
aliases_free(struct aliases *a)
{
	for (size_t i = 0; i < a->n; i++) {
		free(a->alias[i].name);
		free(a->alias[i].targets);
	}
	free(a->alias);
	free(a->path);
	*a = (struct aliases){ .path = NULL };
}

bool
aliases_add_place(const struct aliases *a, unsigned line, struct failure *why)
{
	if (line == 0)
		return false;
	return why->status == EX_NOUSER ?
	    failure_suffix(why, " (%s:%u)", a->path, line) :
	    failure_prefix(why, "%s:%u: ", a->path, line);
}

/*
 * Resolve a name.
 */

struct resolver {
	const struct aliases	 *aliases;
	const struct alias_rules *rules;
	struct address_list	 *to;
	const struct alias	 *path[ALIASES_DEPTH_MAX]; /* nested aliases */
	size_t			  depth;
	size_t			  seen;		/* targets */
	unsigned		  line;		/* of the failure; 0: none */
	struct failure		 *why;
};

static bool	resolve_name(struct resolver *, const char *name);

static void
trace_step(const struct resolver *w, const char *name, const struct address *a,
    enum alias_rule rule)
{
	const struct alias_trace	*trace = w->rules->trace;
	struct buffer			 to = { 0 };

	if (trace == NULL)
		return;
	address_write(&to, a);
	trace->step(trace->context, &(struct alias_step){ .name = name,
	    .to = to.data, .rule = rule, .line = rule == ALIAS_BY_LINE ?
	    w->path[w->depth - 1]->line : 0 });
	buffer_free(&to);
}

static const struct alias *
find_alias(const struct aliases *a, const char *lower_name)
{
	size_t	low = 0;
	size_t	high = a->n;

	while (low < high) {
		size_t	middle = low + (high - low) / 2;

		if (strcmp(a->alias[middle].name, lower_name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < a->n && strcmp(a->alias[low].name, lower_name) == 0)
		return &a->alias[low];
	return NULL;
}

/* Returns the alias for all other names, unless it is being resolved. */
static const struct alias *
find_default(const struct resolver *w)
{
	const struct alias	*other = find_alias(w->aliases, "*");

	if (other == NULL)
		other = find_alias(w->aliases, "default");
	for (size_t i = 0; i < w->depth; i++)
		if (w->path[i] == other)
			return NULL;
	return other;
}

static bool
refuse_alias(struct resolver *w, const struct alias *a, const char *reason,
    int cause)
{
	char	shown[80];

	w->line = a->line;
	failed(w->why, EX_CONFIG, "alias %s: %s", visible(shown,
	    sizeof(shown), a->name, strlen(a->name)), reason);
	w->why->cause = cause;
	return false;
}

/* Refuses a name that is neither an alias nor possible for an account. */
static bool
refuse_name(struct resolver *w, const char *name)
{
	char	shown[80], reason[200];

	visible(shown, sizeof(shown), name, strlen(name));
	snprintf(reason, sizeof(reason), "'%s' is neither an address nor the "
	    "name of an account", shown);
	if (w->depth > 0)
		return refuse_alias(w, w->path[w->depth - 1], reason, 0);
	return failed(w->why, EX_NOUSER, "%s", reason);
}

/* Takes ownership of the address. */
static bool
add_result(struct resolver *w, struct address *a)
{
	w->to->address = memory_room(w->to->address, w->to->n, &w->to->cap,
	    sizeof(*w->to->address));
	w->to->address[w->to->n++] = *a;
	*a = (struct address){ 0 };
	return true;
}

const char *
alias_rules_domain(const struct alias_rules *rules)
{
	if (rules->root == NULL)
		return rules->domain;
	return strncmp(rules->root, "*@", 2) == 0 ? rules->root + 2 : NULL;
}

/* Resolves a name without an alias. */
static bool
resolve_account(struct resolver *w, const char *name)
{
	const char	*root = w->rules->root;
	const char	*domain = alias_rules_domain(w->rules);
	struct address	 a;
	char		 shown[80];

	if (!local_name_is_possible(name))
		return refuse_name(w, name);
	if (root == NULL && domain == NULL) {
		if (w->depth > 0)
			w->line = w->path[w->depth - 1]->line;
		return failed(w->why, EX_NOUSER, "no address for the local "
		    "name %s", visible(shown, sizeof(shown), name,
		    strlen(name)));
	}
	if (domain != NULL)
		address_make(&a, name, domain, "");
	else if (!address_parse_path(&a, root, strlen(root), w->why))
		return failure_prefix(w->why, "root: ");
	trace_step(w, name, &a, root != NULL ? ALIAS_BY_ROOT :
	    ALIAS_BY_DOMAIN);
	return add_result(w, &a);
}

static bool
resolve_targets(struct resolver *w, const struct alias *alias,
    const char *name)
{
	const char		*text = alias->targets;
	struct address_list	 list = { 0 };
	bool			 good;

	good = address_list_parse(&list, text, strlen(text), ADDRESS_ARGUMENT,
	    w->why);
	if (!good) {
		w->why->status = EX_CONFIG;
		w->line = alias->line;
	}
	w->seen += list.n;
	if (good && w->seen > ALIASES_TARGETS_MAX)
		good = refuse_alias(w, alias, "refers to too many addresses",
		    0);
	for (size_t i = 0; good && i < list.n; i++) {
		struct address	*a = &list.address[i];

		trace_step(w, name, a, ALIAS_BY_LINE);
		if (a->start > 0 && text[a->start - 1] == '\\')
			good = resolve_account(w, a->local);
		else if (address_is_local(a, &w->rules->names))
			good = resolve_name(w, a->local);
		else
			good = add_result(w, a);
	}
	address_list_free(&list);
	return good;
}

static bool
resolve_alias(struct resolver *w, const struct alias *alias, const char *name)
{
	const struct alias	*end = w->aliases->alias + w->aliases->n;
	bool			 good;

	if (alias + 1 < end && strcmp(alias[1].name, alias->name) == 0)
		return refuse_alias(w, &alias[1], "defined more than once",
		    ALIAS_CAUSE_REPEATED);
	for (size_t i = 0; i < w->depth; i++)
		if (w->path[i] == alias)
			return refuse_alias(w, w->path[w->depth - 1],
			    "refers to itself", ALIAS_CAUSE_LOOP);
	if (w->depth == ALIASES_DEPTH_MAX)
		return refuse_alias(w, alias, "too many levels of aliases", 0);
	w->path[w->depth++] = alias;
	good = resolve_targets(w, alias, name);
	w->depth--;
	return good;
}

static bool
resolve_name(struct resolver *w, const char *name)
{
	char			*copy = lower_copy(name);
	const struct alias	*alias = find_alias(w->aliases, copy);

	free(copy);
	if (alias == NULL && local_name_is_possible(name))
		alias = find_default(w);
	return alias != NULL ? resolve_alias(w, alias, name) :
	    resolve_account(w, name);
}

bool
aliases_resolve(const struct aliases *a, const char *name,
    const struct alias_rules *rules, struct address_list *to, unsigned *line,
    struct failure *why)
{
	struct resolver	w = { .aliases = a, .rules = rules, .to = to,
			    .why = why };
	size_t		before = to->n;

	if (resolve_name(&w, name))
		return true;
	*line = w.line;
	while (to->n > before)
		address_free(&to->address[--to->n]);
	return false;
}
