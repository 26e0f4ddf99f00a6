#include "check/check.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "check/local.h"
#include "config/section.h"
#include "submit/local_names.h"
#include "submit/prepare.h"
#include "submit/spool_config.h"
#include "util/buffer.h"
#include "util/memory.h"
#include "util/sandbox.h"
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

/*
 * Prepares a message from this user, as it would be sent, and copies its sender
 * and its first recipient to those that are NULL.
 */
static void
find_paths(const struct check *c, const char *to, char **sender,
    char **recipient)
{
	struct local_names	 names;
	struct envelope		 env = { .n = 0 };
	struct message		 message = { .body.fd = -1 };
	struct outcome		*outcomes = NULL;
	struct prepare_options	 p = { .config = c->config, .me = c->me,
				    .local_names = &names };
	struct failure		 ignored;

	local_names_begin(&names, c->config, c->me);
	envelope_add(&env, to);
	if (*sender != NULL)
		envelope_set_reverse(&env, *sender);
	if (prepare_message(&p, &env, &message, &outcomes, &ignored)) {
		if (*sender == NULL && env.reverse_path != NULL)
			*sender = memory_copy(env.reverse_path);
		if (*recipient == NULL && env.n > 0)
			*recipient = memory_copy(env.forward[0].path);
	}
	envelope_free(&env);
	message_free(&message);
	local_names_end(&names);
	free(outcomes);
}

/* An address that matches the pattern of a section. */
static char *
matching_address(const char *pattern)
{
	struct buffer	b = { 0 };

	if (pattern[0] == '@')
		buffer_addf(&b, "postmaster");
	for (const char *p = pattern; *p != '\0'; p++)
		if (*p == '*')
			buffer_addf(&b, "postmaster");
		else
			buffer_addf(&b, "%c", *p == '?' ? 'x' : *p);
	return b.data;
}

void
check_smarthosts(struct check *c)
{
	const struct sandbox	 sandbox = spool_config_sandbox(NULL);
	char			*sender = NULL, *recipient = NULL;
	char			*ignored = NULL;

	command_process_start(&c->commands, c->config);
	c->commands.interrupt = c->interrupt;
	sandbox_enter(&sandbox);
	if (c->sender != NULL)
		sender = memory_copy(c->sender);
	if (c->recipient != NULL)
		recipient = memory_copy(c->recipient);
	find_paths(c, recipient != NULL ? recipient : "root", &sender,
	    &recipient);
	/* If root has no address, the sender is that of other mail. */
	if (sender == NULL)
		find_paths(c, "postmaster@example.org", &sender, &ignored);
	for (const struct section *s = c->config->first; s != NULL;
	    s = s->next) {
		const struct setting	*set = s->setting[KEY_SMARTHOST];
		struct check_target	 t = { .smarthost = set,
					    .sender = sender,
					    .recipient = recipient };
		struct buffer		 name = { 0 };
		char			*guess = NULL;

		/* The first one without a pattern is in effect. */
		if (set == NULL || (s->pattern == NULL &&
		    s != config_section(c->config, NULL, KEY_SMARTHOST)))
			continue;
		if (s->pattern != NULL) {
			buffer_addf(&name, "[%s %s]", section_name(s->kind),
			    s->pattern);
			t.section = name.data;
		}
		if (s->kind == SECTION_FROM || s->kind == SECTION_TO)
			guess = matching_address(s->pattern);
		t.is_guess = guess != NULL;
		if (s->kind == SECTION_FROM)
			t.sender = t.subject.from = guess;
		else if (s->kind == SECTION_TO)
			t.recipient = t.subject.to = guess;
		else if (s->kind == SECTION_USER)
			t.subject.user = s->pattern;
		check_smarthost(c, &t);
		buffer_free(&name);
		free(guess);
	}
	command_process_end(&c->commands);
	free(sender);
	free(recipient);
	free(ignored);
}

void
check_run(struct check *c)
{
	check_config(c);
	for (const struct section *s = c->config->first; s != NULL; s = s->next)
		if (s->setting[KEY_PASSWORD_FILE] != NULL)
			check_secret(c, s->setting[KEY_PASSWORD_FILE]);
	check_spool(c);
	check_smarthosts(c);
}
