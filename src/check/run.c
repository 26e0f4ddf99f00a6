#include "check/check.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "config/section.h"
#include "util/buffer.h"
#include "util/memory.h"
#include "util/text.h"
#include "util/trusted.h"

/* Every value that is set, with its origin, as facts. */
static void
check_config(struct check *c)
{
	struct check_fact	*facts = NULL;
	size_t			 n = 0, cap = 0;

	for (const struct section *s = c->config->first; s != NULL; s = s->next)
		for (enum config_key k = 0; k < CONFIG_KEYS; k++)
			for (const struct setting *set = s->setting[k];
			    set != NULL; set = set->next) {
				facts = memory_room(facts, n, &cap,
				    sizeof(*facts));
				facts[n++] = (struct check_fact){
				    config_key_name(k), config_is_secret(k) ?
				    "(hidden)" : set->value, set->origin };
			}
	check_report(c, &(struct check_finding){ .stage = CHECK_CONFIG,
	    .verdict = CHECK_OK, .object = c->config->path, .facts = facts,
	    .n_facts = n }, "%zu setting%s", n, n == 1 ? "" : "s");
	free(facts);
}

static void
check_secret(struct check *c, const struct setting *set)
{
	struct check_finding	found = { .stage = CHECK_SECRETS,
				    .object = set->value,
				    .origin = set->origin };
	struct buffer		value = { 0 };
	struct failure		why;

	if (trusted_read_value(&value, set->value, TRUSTED_SECRET, &why)) {
		if (text_is_blank(value.data[value.len - 1])) {
			found.verdict = CHECK_WARNING;
			found.remedy = "remove the blank, unless it is part "
			    "of the password";
			check_report(c, &found, "the password ends with a "
			    "blank");
		} else {
			check_report(c, &found, "only permitted users can "
			    "read it");
		}
	} else if (why.status == EX_NOPERM) {
		found.verdict = CHECK_SKIPPED;
		found.remedy = "run relais check as root";
		check_report(c, &found, "%s", why.text);
	} else {
		check_report_failure(c, &found, &why);
	}
	buffer_wipe(&value);
}

void
check_smarthosts(struct check *c)
{
	for (const struct section *s = c->config->first; s != NULL;
	    s = s->next) {
		const struct setting	*set = s->setting[KEY_SMARTHOST];
		struct smarthost_list	 list = { 0 };
		struct check_target	 t = { .sender = c->sender,
					    .recipient = c->recipient };
		struct buffer		 name = { 0 };
		struct failure		 why;

		/* The first one without a pattern is in effect. */
		if (set == NULL || (s->pattern == NULL &&
		    s != config_section(c->config, NULL, KEY_SMARTHOST)))
			continue;
		if (s->pattern != NULL) {
			buffer_addf(&name, "[%s %s]", section_name(s->kind),
			    s->pattern);
			t.section = name.data;
		}
		if (s->kind == SECTION_FROM)
			t.subject.from = s->pattern;
		else if (s->kind == SECTION_TO)
			t.subject.to = s->pattern;
		else if (s->kind == SECTION_USER)
			t.subject.user = s->pattern;
		t.origin = set->origin;
		if (smarthost_list_parse(&list, set->value, &why))
			for (size_t i = 0; i < (c->all ? list.n : 1); i++) {
				t.smarthost = &list.host[i];
				check_smarthost(c, &t);
			}
		smarthost_list_free(&list);
		buffer_free(&name);
	}
}

void
check_run(struct check *c)
{
	check_config(c);
	for (const struct section *s = c->config->first; s != NULL; s = s->next)
		if (s->setting[KEY_PASSWORD_FILE] != NULL)
			check_secret(c, s->setting[KEY_PASSWORD_FILE]);
	check_smarthosts(c);
}
