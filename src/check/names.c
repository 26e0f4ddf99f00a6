#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "check/local.h"
#include "config/section.h"
#include "util/buffer.h"

/* A name that other machines can look up, as far as its form tells. */
static bool
is_qualified(const char *name)
{
	const char	*dot = strrchr(name, '.');

	return name[0] == '[' || (dot != NULL &&
	    strcasecmp(dot, ".localdomain") != 0 &&
	    strcasecmp(dot, ".localhost") != 0);
}

/* Appends why the name of this host is not used in EHLO. */
static void
add_host_trouble(struct buffer *to, const struct identity *me)
{
	buffer_addf(to, "the name of this host, %s, %s", me->host,
	    strchr(me->host, '.') == NULL ? "has no domain" :
	    "is not a valid domain");
}

/* The name for all messages to which no section applies. */
static void
check_default_helo(struct check *c)
{
	const struct setting	*set = config_find(c->config, NULL, KEY_HELO);
	const struct identity	*me = c->me;
	const char		*name = me->helo;
	struct check_finding	 found = { .stage = CHECK_NAMES,
				    .object = "EHLO" };
	struct buffer		 text = { 0 };

	if (set != NULL) {
		found.origin = set->origin;
		buffer_addf(&text, "%s, set with helo", set->value);
	} else if (name == NULL) {
		buffer_addf(&text, "the address of the connection, such as "
		    "[192.0.2.1], because ");
		add_host_trouble(&text, me);
	} else if (strcmp(name, me->host) == 0) {
		buffer_addf(&text, "%s, the name of this host", name);
	} else {
		buffer_addf(&text, "%s (%s), because ", name,
		    me->domain_origin);
		add_host_trouble(&text, me);
	}
	if (name != NULL && !is_qualified(name)) {
		buffer_addf(&text, "; it is not a fully qualified name, which "
		    "many servers require");
		found.verdict = CHECK_WARNING;
		found.remedy = "set helo to a name of this host that is in "
		    "the DNS, such as web1.example.org";
	}
	check_report(c, &found, "%s", text.data);
	buffer_free(&text);
}

static void
check_section_helo(struct check *c)
{
	for (const struct section *s = c->config->first; s != NULL;
	    s = s->next) {
		const struct setting	*set = s->setting[KEY_HELO];

		if (set == NULL || s->pattern == NULL ||
		    is_qualified(set->value))
			continue;
		check_report(c, &(struct check_finding){
		    .stage = CHECK_NAMES, .verdict = CHECK_WARNING,
		    .object = "EHLO", .origin = set->origin,
		    .remedy = "set helo to a name of this host that is in the "
		    "DNS, such as web1.example.org" }, "%s, set with helo in "
		    "[%s %s]; it is not a fully qualified name, which many "
		    "servers require", set->value, section_name(s->kind),
		    s->pattern);
	}
}

/* The sender of mail for which the program gives none. */
static void
check_sender(struct check *c)
{
	const struct check_fact	 facts[] = { { "domain", c->me->domain,
				    c->me->domain_origin } };
	struct check_finding	 found = { .stage = CHECK_NAMES,
				    .object = "sender", .facts = facts,
				    .n_facts = 1 };
	char			*sender = NULL, *recipient = NULL;
	const char		*at;

	check_find_paths(c, "root", &sender, &recipient);
	if (sender == NULL)
		check_find_paths(c, "postmaster@example.org", &sender,
		    &recipient);
	at = sender != NULL ? strrchr(sender, '@') : NULL;
	if (at != NULL && !is_qualified(at + 1)) {
		found.verdict = CHECK_WARNING;
		found.origin = c->me->domain_origin;
		found.remedy = "set from to an address that the smarthost "
		    "accepts, or domain to a domain that is in the DNS";
		check_report(c, &found, "mail from %s gets the sender %s, "
		    "whose domain is known only to this machine; most servers "
		    "refuse this sender", c->me->user, sender);
	} else if (sender != NULL) {
		check_report(c, &found, "mail from %s gets the sender %s",
		    c->me->user, sender);
	}
	free(sender);
	free(recipient);
}

void
check_names(struct check *c)
{
	check_default_helo(c);
	check_section_helo(c);
	check_sender(c);
}
