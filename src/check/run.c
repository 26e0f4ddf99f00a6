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

void
check_find_paths(const struct check *c, const char *to, char **sender,
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
	outcome_list_free(outcomes, env.n);
	envelope_free(&env);
	message_free(&message);
	local_names_end(&names);
}

char *
check_matching_address(const char *pattern)
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

static void
check_section(struct check *c, const struct section *s, const char *sender,
    const char *recipient)
{
	struct check_target	 t = { .smarthost = s->setting[KEY_SMARTHOST],
				    .sender = sender,
				    .recipient = recipient };
	struct buffer		 name = { 0 };
	char			*guess = NULL;

	buffer_addf(&name, "[%s %s]", section_name(s->kind), s->pattern);
	t.section = name.data;
	if (s->kind == SECTION_FROM || s->kind == SECTION_TO)
		guess = check_matching_address(s->pattern);
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

void
check_smarthosts(struct check *c)
{
	struct sandbox		 sandbox = spool_config_sandbox(NULL);
	char			*sender = NULL, *recipient = NULL;
	char			*ignored = NULL;
	const struct setting	*set = config_find(c->config, NULL,
				    KEY_SMARTHOST);

	command_process_start(&c->commands, c->config);
	c->commands.interrupt = c->interrupt;
	connect_process_start(&c->connector, c->config);
	/* The check also tries ports that are not in the configuration. */
	sandbox.any_port = true;
	sandbox_enter(&sandbox);
	if (c->sender != NULL)
		sender = memory_copy(c->sender);
	if (c->recipient != NULL)
		recipient = memory_copy(c->recipient);
	check_find_paths(c, recipient != NULL ? recipient : "root",
	    &sender, &recipient);
	/* If root has no address, the sender is that of other mail. */
	if (sender == NULL)
		check_find_paths(c, "postmaster@example.org", &sender,
		    &ignored);
	if (set != NULL)
		check_smarthost(c, &(struct check_target){ .smarthost = set,
		    .sender = sender, .recipient = recipient });
	for (const struct section *s = c->config->first; s != NULL; s = s->next)
		if (s->pattern != NULL && s->setting[KEY_SMARTHOST] != NULL)
			check_section(c, s, sender, recipient);
	command_process_end(&c->commands);
	connect_process_end(&c->connector);
	free(sender);
	free(recipient);
	free(ignored);
}

const char *
check_take_commands(char *text)
{
	char	*commands = strstr(text, "; run: ");

	if (commands == NULL)
		return NULL;
	*commands = '\0';
	return commands + 2;
}

void
check_report_untrusted(struct check *c, const struct check_finding *finding,
    const struct failure *why)
{
	struct check_finding	found = *finding;
	size_t			len = strlen(found.object);
	char			*text = memory_copy(why->text);
	const char		*commands = NULL;
	const char		*rest = text;

	/* The file itself, not a directory on its path. */
	if (strncmp(text, found.object, len) == 0 &&
	    (text[len] == ':' || text[len] == ' '))
		rest += len + strspn(text + len, ": ");
	found.verdict = CHECK_FAIL;
	found.status = why->status;
	if (why->status == EX_NOPERM) {
		found.verdict = CHECK_SKIPPED;
		found.remedy = "run \"relais check\" as root";
	} else if ((commands = check_take_commands(text)) != NULL) {
		found.remedy = commands;
	}
	check_report(c, &found, "%s", rest);
	free(text);
}

/* For a user who must not read the configuration, and uses the service. */
static void
run_without_config(struct check *c)
{
	const struct config	*config = c->config;
	size_t			 len = strlen(config->path);
	const char		*text = config->unreadable;

	if (strncmp(text, config->path, len) == 0)
		text += len + strspn(text + len, ": ");
	check_report(c, &(struct check_finding){ .stage = CHECK_CONFIG,
	    .verdict = CHECK_SKIPPED, .object = config->path,
	    .remedy = "to check the rest, run \"relais check\" as root; to "
	    "send a message through the service, run \"relais test\"" },
	    "%s; only the service and the program can be checked", text);
	check_service(c);
	check_program(c);
	check_protections(c);
}

/* Whether a line precedes the colon, as in "PATH:3:". */
static bool
names_a_line(const char *text, const char *colon)
{
	const char	*at = colon;

	while (at > text && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return at < colon && at > text && at[-1] == ':';
}

/*
 * The text is that of config_load(): "PATH:3: unknown key", or "PATH: writable
 * by other users; run: COMMANDS".
 */
static void
run_with_invalid_config(struct check *c)
{
	struct check_finding	found = { .stage = CHECK_CONFIG,
				    .verdict = CHECK_FAIL,
				    .status = c->invalid->status };
	char			*text = memory_copy(c->invalid->text);
	char			*colon = strstr(text, ": ");
	const char		*commands;
	const char		*rest = text;

	found.remedy = "correct the configuration; until then, no mail is sent";
	if (colon != NULL && names_a_line(text, colon))
		found.remedy = "correct this line; until then, no mail is sent";
	if ((commands = check_take_commands(text)) != NULL)
		found.remedy = commands;
	if (colon != NULL) {
		*colon = '\0';
		found.origin = text;
		rest = colon + 2;
	}
	check_report(c, &found, "%s", rest);
	check_program(c);
	free(text);
}

void
check_run(struct check *c)
{
	if (c->invalid != NULL) {
		run_with_invalid_config(c);
		return;
	}
	if (c->config->unreadable != NULL) {
		run_without_config(c);
		return;
	}
	check_config(c);
	check_secrets(c);
	check_aliases(c);
	check_spool(c);
	check_service(c);
	check_names(c);
	check_program(c);
	check_protections(c);
	check_smarthosts(c);
}
