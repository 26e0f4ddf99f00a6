#include <fnmatch.h>
#include <pwd.h>
#include <stdarg.h>
#include <string.h>

#include "check/local.h"
#include "config/section.h"
#include "util/buffer.h"
#include "util/text.h"

static void report_section(struct check *, const struct section *,
	    const char *remedy, const char *, ...)
	    __attribute__((format(printf, 4, 5)));

static void
report_section(struct check *c, const struct section *s, const char *remedy,
    const char *fmt, ...)
{
	struct buffer	name = { 0 }, text = { 0 };
	va_list		ap;

	buffer_addf(&name, "[%s %s]", section_name(s->kind), s->pattern);
	va_start(ap, fmt);
	buffer_vaddf(&text, fmt, ap);
	va_end(ap);
	check_report(c, &(struct check_finding){ .stage = CHECK_CONFIG,
	    .verdict = CHECK_WARNING, .object = name.data,
	    .origin = s->origin, .remedy = remedy }, "%s", text.data);
	buffer_free(&name);
	buffer_free(&text);
}

/*
 * Whether the pattern matches everything that the other one matches.  Knows
 * only asterisks: for other patterns, the result may be false.
 */
static bool
covers(const struct section *s, const struct section *later)
{
	int	flags = s->kind == SECTION_USER ? 0 : FNM_CASEFOLD;

	/* A [user] is not known for each message. */
	if (strcmp(s->pattern, "*") == 0 && s->kind != SECTION_USER)
		return true;
	if (s->kind != later->kind)
		return false;
	if (strcmp(s->pattern, later->pattern) == 0)
		return true;
	return !text_has_any(s->pattern, "?[\\") &&
	    !text_has_any(later->pattern, "[\\") &&
	    fnmatch(s->pattern, later->pattern, flags) == 0;
}

/* The settings of a section that an earlier one makes useless. */
static void
check_covered(struct check *c, const struct section *first,
    const struct section *s)
{
	struct buffer	names = { 0 }, remedy = { 0 };
	bool		rest = false;

	if (!covers(first, s))
		return;
	for (enum config_key k = 0; k < CONFIG_KEYS; k++) {
		if (s->setting[k] == NULL)
			continue;
		if (first->setting[k] != NULL)
			buffer_addf(&names, "%s%s", names.len > 0 ? ", " : "",
			    config_key_name(k));
		else
			rest = true;
	}
	if (names.len > 0) {
		buffer_addf(&remedy, "move this section before [%s %s] (%s), "
		    "or remove %s", section_name(first->kind), first->pattern,
		    first->origin, rest ? "these keys" : "it");
		report_section(c, s, remedy.data, "%s %s no effect, because "
		    "[%s %s] in %s comes first and matches the same mail",
		    names.data, strchr(names.data, ',') != NULL ? "have" :
		    "has", section_name(first->kind), first->pattern,
		    first->origin);
	}
	buffer_free(&names);
	buffer_free(&remedy);
}

/* Whether the pattern can match an address that has a domain. */
static bool
can_have_domain(const char *pattern)
{
	return text_has_any(pattern, "@*[?");
}

static void
check_to(struct check *c, const struct section *s)
{
	const struct setting	*redirect = config_find(c->config, NULL,
				    KEY_REDIRECT_ALL);
	const struct setting	*bcc = config_find(c->config, NULL,
				    KEY_ALWAYS_BCC);

	if (!can_have_domain(s->pattern)) {
		report_section(c, s, "write the pattern as name@domain",
		    "never matches, because local names are first replaced "
		    "with the addresses of aliases, root or domain");
		return;
	}
	if (redirect == NULL ||
	    fnmatch(s->pattern, redirect->value, FNM_CASEFOLD) == 0 ||
	    (bcc != NULL &&
	    fnmatch(s->pattern, bcc->value, FNM_CASEFOLD) == 0))
		return;
	for (const struct section *o = c->config->first; o != NULL;
	    o = o->next)
		if (o->pattern != NULL && (o->setting[KEY_REDIRECT_ALL] !=
		    NULL || o->setting[KEY_ALWAYS_BCC] != NULL))
			return;
	report_section(c, s, "remove the section, or redirect_all",
	    "never matches, because redirect_all = %s in %s replaces every "
	    "recipient", redirect->value, redirect->origin);
}

/* The smarthost of the section is for the sender as it is sent. */
static void
check_from(struct check *c, const struct section *s)
{
	const struct setting	*from, *mode;

	if (s->setting[KEY_SMARTHOST] == NULL)
		return;
	if (!can_have_domain(s->pattern)) {
		report_section(c, s, "write the pattern as name@domain",
		    "smarthost is never used, because each sender has a domain "
		    "when its message is sent");
		return;
	}
	from = s->setting[KEY_FROM] != NULL ? s->setting[KEY_FROM] :
	    config_find(c->config, NULL, KEY_FROM);
	mode = s->setting[KEY_FROM_MODE] != NULL ? s->setting[KEY_FROM_MODE] :
	    config_find(c->config, NULL, KEY_FROM_MODE);
	if (from == NULL || mode == NULL ||
	    strcmp(mode->value, "always") != 0 ||
	    fnmatch(s->pattern, from->value, FNM_CASEFOLD) == 0)
		return;
	for (const struct section *o = c->config->first; o != NULL;
	    o = o->next)
		if (o != s && o->pattern != NULL &&
		    o->setting[KEY_FROM] != NULL)
			return;
	report_section(c, s, "set from in this section to an address that "
	    "the pattern matches", "smarthost is never used, because "
	    "from_mode = always in %s replaces every sender with %s",
	    mode->origin, from->value);
}

static void
check_user(struct check *c, const struct section *s)
{
	if (text_has_any(s->pattern, "*?[\\") ||
	    strncmp(s->pattern, "uid-", 4) == 0 ||
	    getpwnam(s->pattern) != NULL)
		return;
	report_section(c, s, "correct the name, or remove the section",
	    "never matches, because there is no user %s", s->pattern);
}

void
check_sections(struct check *c)
{
	for (const struct section *s = c->config->first; s != NULL;
	    s = s->next) {
		if (s->pattern == NULL)
			continue;
		if (s->kind == SECTION_TO)
			check_to(c, s);
		else if (s->kind == SECTION_FROM)
			check_from(c, s);
		else
			check_user(c, s);
		for (const struct section *o = c->config->first; o != s;
		    o = o->next)
			if (o->pattern != NULL)
				check_covered(c, o, s);
	}
}
