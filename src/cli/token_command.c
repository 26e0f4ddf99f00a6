#include "cli/token_command.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/report.h"
#include "config/token_program.h"
#include "util/installed.h"
#include "util/memory.h"

/* Returns the first section whose login is one of the arguments, or NULL. */
static const struct section *
section_of(const struct config *config, const struct options *o)
{
	for (const struct section *s = config->first; s != NULL; s = s->next)
		for (int i = 1; i < o->n_arguments; i++)
			if (s->setting[KEY_TOKEN] != NULL &&
			    strcmp(o->arguments[i],
			    s->setting[KEY_TOKEN]->value) == 0)
				return s;
	return NULL;
}

/* Appends words to the array, which ends with NULL; returns their number. */
static size_t
add_words(const char **to, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = words[i];
	to[n] = NULL;
	return n;
}

int
token_command(const struct options *o, const struct config *config,
    const struct log *log)
{
	const struct section	 *section = section_of(config, o);
	struct token_request	  request = { 0 };
	const char		**argv;
	size_t			  n = 0;
	struct failure		  why;

	if (section != NULL)
		token_program_configure(&request, config, section);
	if (o->n_arguments < 2) {
		command_usage(o->arguments[0], &why);
		return report_failure(log, o->errors, &why);
	}
	argv = memory_new((size_t)o->n_arguments + 8, sizeof(*argv));
	n += add_words(argv, &(const char *){ "relais-token" }, 1);
	n += add_words(argv + n, &(const char *){ o->arguments[0] }, 1);
	if (request.ca != NULL)
		n += add_words(argv + n, (const char *[]){ "--ca",
		    request.ca }, 2);
	if (request.use_proxy)
		n += add_words(argv + n, (const char *[]){ "--proxy",
		    "environment" }, 2);
	add_words(argv + n, (const char *const *)o->arguments + 1,
	    (size_t)o->n_arguments - 1);
	execve(installed_relais_token(), (char *const *)argv, environ);
	if (errno == ENOENT)
		token_program_missing(&why);
	else
		failed_errno(&why, EX_OSERR, "%s", installed_relais_token());
	return report_failure(log, o->errors, &why);
}
