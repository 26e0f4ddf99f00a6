#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "check/local.h"
#include "mail/aliases.h"
#include "submit/local_names.h"
#include "util/buffer.h"
#include "util/memory.h"

enum { TROUBLES_SHOWN = 20, ADDRESSES_SHOWN = 3 };

/* Why mail to one or more names is refused. */
struct trouble {
	struct failure	 why;
	unsigned	 line;		/* of the file; 0: none */
	const char	*name;		/* borrowed; the first one */
	size_t		 n;		/* number of names */
};

struct aliases_check {
	struct check		*check;
	struct check_finding	 found;		/* what all findings share */
	struct local_names	 names;
	struct aliases		 aliases;
	struct trouble		*trouble;	/* owned */
	size_t			 n;
	size_t			 cap;
};

static void
add_trouble(struct aliases_check *a, const char *name, unsigned line,
    const struct failure *why)
{
	for (size_t i = 0; i < a->n; i++) {
		struct trouble	*t = &a->trouble[i];

		if (t->line == line && strcmp(t->why.text, why->text) == 0) {
			t->n++;
			return;
		}
	}
	a->trouble = memory_room(a->trouble, a->n, &a->cap,
	    sizeof(*a->trouble));
	a->trouble[a->n++] = (struct trouble){ *why, line, name, 1 };
}

static const char *
remedy_for(const struct failure *why)
{
	if (why->status == EX_NOUSER)
		return "set root = you@example.org (or domain) in relais.conf, "
		    "or add an alias for this name";
	switch (why->cause) {
	case ALIAS_CAUSE_LOOP:
		return "remove a name from the loop, or write \\name, for "
		    "which only root and domain are used, not the aliases";
	case ALIAS_CAUSE_REPEATED:
		return "combine the lines into one, or remove all but one";
	case ADDRESS_CAUSE_UNSUPPORTED:
		return "replace it with an address, or remove the alias";
	}
	return "correct the line: it must list addresses and names that are "
	    "separated by commas";
}

static void
report_trouble(struct aliases_check *a, const struct trouble *t)
{
	struct check_finding	found = a->found;
	struct buffer		origin = { 0 };
	char			others[64] = "";

	if (t->line != 0)
		buffer_addf(&origin, "%s:%u", a->aliases.path, t->line);
	found.origin = origin.data;
	found.remedy = remedy_for(&t->why);
	/*
	 * An alias that was written for another mail system may name a program
	 * that is no longer installed.
	 */
	found.verdict = t->why.status == EX_NOUSER ||
	    t->why.cause == ADDRESS_CAUSE_UNSUPPORTED ? CHECK_WARNING :
	    CHECK_FAIL;
	found.status = found.verdict == CHECK_FAIL ? t->why.status : EX_OK;
	if (t->n > 1)
		snprintf(others, sizeof(others), " and %zu other name%s",
		    t->n - 1, t->n > 2 ? "s" : "");
	check_report(a->check, &found, "mail to %s%s is refused: %s", t->name,
	    others, t->why.text);
	buffer_free(&origin);
}

static void
report_troubles(struct aliases_check *a)
{
	size_t	shown = a->n < TROUBLES_SHOWN ? a->n : TROUBLES_SHOWN;

	for (size_t i = 0; i < shown; i++)
		report_trouble(a, &a->trouble[i]);
	if (shown < a->n) {
		struct check_finding	found = a->found;

		found.verdict = CHECK_WARNING;
		check_report(a->check, &found, "%zu more problems are not "
		    "shown", a->n - shown);
	}
}

/* Resolves each alias. */
static void
check_each(struct aliases_check *a)
{
	for (size_t i = 0; i < a->aliases.n; i++) {
		const char		*name = a->aliases.alias[i].name;
		struct address_list	 list = { 0 };
		struct failure		 why;
		unsigned		 line;

		if (i > 0 && strcmp(name, a->aliases.alias[i - 1].name) == 0)
			continue;
		if (!aliases_resolve(&a->aliases, name, &a->names.rules, &list,
		    &line, &why))
			add_trouble(a, name, line, &why);
		address_list_free(&list);
	}
}

/*
 * Appends where mail to a name without an alias goes, unless it goes to the
 * addresses of root or of *.
 */
static void
add_other_names(struct buffer *to, const struct aliases_check *a)
{
	const char	*domain = alias_rules_domain(&a->names.rules);

	for (size_t i = 0; i < a->aliases.n; i++)
		if (strcmp(a->aliases.alias[i].name, "*") == 0 ||
		    strcmp(a->aliases.alias[i].name, "default") == 0)
			return;
	if (domain != NULL)
		buffer_addf(to, "; mail to a name without an alias goes to "
		    "this name at %s", domain);
}

static void
check_root(struct aliases_check *a)
{
	struct check_finding	found = a->found;
	struct address_list	list = { 0 };
	struct buffer		to = { 0 };
	struct failure		why;
	size_t			n = a->aliases.n;
	unsigned		line;
	char			count[32] = "no";

	if (n > 0)
		snprintf(count, sizeof(count), "%zu", n);
	if (aliases_resolve(&a->aliases, "root", &a->names.rules, &list,
	    &line, &why)) {
		for (size_t i = 0; i < list.n && i < ADDRESSES_SHOWN; i++) {
			buffer_add_text(&to, i > 0 ? ", " : "");
			address_write(&to, &list.address[i]);
		}
		if (list.n > ADDRESSES_SHOWN)
			buffer_addf(&to, " and %zu more",
			    list.n - ADDRESSES_SHOWN);
		add_other_names(&to, a);
		check_report(a->check, &found, "%s alias%s; mail to root "
		    "goes to %s", count, n == 1 ? "" : "es", to.data);
	} else if (why.status == EX_NOUSER) {
		found.verdict = CHECK_WARNING;
		found.remedy = remedy_for(&why);
		check_report(a->check, &found, "mail to root and to other "
		    "local names without an alias, such as mail from cron, is "
		    "refused: these names have no address");
	}
	address_list_free(&list);
	buffer_free(&to);
}

/* The file cannot be read, so mail to every local name is refused. */
static void
report_unusable(struct aliases_check *a, const struct setting *set,
    const struct failure *why)
{
	const unsigned	line = a->aliases.bad_line;
	struct buffer	origin = { 0 };

	if (line != 0) {
		buffer_addf(&origin, "%s:%u", a->found.object, line);
		a->found.origin = origin.data;
	} else if (set != NULL) {
		a->found.origin = set->origin;
	}
	a->found.remedy = line != 0 ? "correct the line; until then, mail "
	    "to all local names is refused" :
	    "create the file, or correct aliases; until then, mail to all "
	    "local names is refused";
	check_report_untrusted(a->check, &a->found, why);
	buffer_free(&origin);
}

void
check_aliases(struct check *c)
{
	const struct setting	*set = config_find(c->config, NULL,
				    KEY_ALIASES);
	const char		*path = config_text(c->config, NULL,
				    KEY_ALIASES);
	struct aliases_check	 a = { .check = c,
				    .found.stage = CHECK_ALIASES };
	struct failure		 why;

	local_names_begin(&a.names, c->config, c->me);
	a.found.object = path;
	if (strcmp(path, "off") == 0) {
		a.found.object = NULL;
	} else if (!aliases_read(&a.aliases, path, set != NULL, &why)) {
		report_unusable(&a, set, &why);
		goto out;
	}
	if (a.aliases.path == NULL)
		a.aliases.path = memory_copy("");
	else if (access(path, F_OK) == -1)
		a.found.object = NULL;
	check_each(&a);
	check_root(&a);
	report_troubles(&a);
out:
	free(a.trouble);
	aliases_free(&a.aliases);
	local_names_end(&a.names);
}
