#include "cli/setup_verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sysexits.h>
#include <unistd.h>

#include "check/check.h"
#include "cli/findings.h"
#include "cli/output.h"
#include "cli/process.h"
#include "config/section.h"
#include "util/memory.h"

/* The origin of all settings: it says nothing to the reader, and is removed. */
#define ORIGIN		"answer"

/* Removes a text wherever it occurs. */
static void
remove_all(char *text, const char *part)
{
	size_t	len = strlen(part);

	while ((text = strstr(text, part)) != NULL)
		memmove(text, text + len, strlen(text + len) + 1);
}

/* The file does not exist yet, so findings must not refer to its lines. */
static void
print_finding(void *context, const struct check_finding *finding)
{
	struct check_finding	found = *finding;
	char			*text = memory_copy(finding->text);
	char			*remedy = NULL;

	if (finding->remedy != NULL) {
		remedy = memory_copy(finding->remedy);
		remove_all(remedy, " (" ORIGIN " (password))");
		remove_all(remedy, " (" ORIGIN ")");
	}
	remove_all(text, " (" ORIGIN ")");
	found.text = text;
	found.remedy = remedy;
	found.origin = NULL;
	findings_print(context, &found);
	free(text);
	free(remedy);
}

/* Copies the answers, with the password itself in place of its file. */
static bool
copy_answers(struct config *config, const struct section *answers,
    const char *secret, struct failure *why)
{
	struct section	*top = section_insert(&config->first, SECTION_TOP);
	bool		 good = true;

	for (enum config_key k = 0; good && k < CONFIG_KEYS; k++) {
		const struct setting	*set = answers->setting[k];

		if (set == NULL)
			continue;
		if (k == KEY_PASSWORD_FILE && secret != NULL)
			good = section_set(top, KEY_PASSWORD, secret,
			    strlen(secret), ORIGIN, why);
		else
			good = section_copy(top, k, set, ORIGIN, why);
	}
	return good;
}

/* Returns the status of the first failure. */
static int
check_answers(const struct config *config,
    const struct provider_table *providers)
{
	struct identity	me;
	struct findings	print = { .verbose = false };
	struct check	c = { .config = config, .me = &me,
			    .report = print_finding, .context = &print,
			    .providers = providers,
			    .sender = config_text(config, NULL, KEY_FROM),
			    .recipient = config_text(config, NULL, KEY_ROOT) };

	if (c.recipient != NULL && strncmp(c.recipient, "*@", 2) == 0)
		c.recipient = NULL;	/* that of mail to root */
	identity_find(&me, config);
	findings_begin(&print);
	check_smarthosts(&c);
	identity_free(&me);
	return c.status;
}

static int
print_failure(const struct failure *why)
{
	printf("The connection cannot be tested: ");
	output_text(why->text);
	putchar('\n');
	return why->status;
}

int
setup_verify(const struct section *answers, const char *secret,
    const struct provider_table *providers)
{
	struct config	config = { 0 };
	struct failure	why;
	pid_t		pid;
	int		status;

	if (!copy_answers(&config, answers, secret, &why)) {
		config_free(&config);
		return print_failure(&why);
	}
	printf("\nTesting the connection; no message is sent:\n");
	fflush(stdout);
	/* The child enters the sandbox; this process writes files later. */
	pid = fork();
	if (pid == 0)
		_exit(check_answers(&config, providers));
	config_free(&config);
	if (pid == -1)
		failed_errno(&why, EX_OSERR, "cannot start a process");
	else if (process_wait(pid, &status, &why))
		return status;
	return print_failure(&why);
}
