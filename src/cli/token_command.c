#include "cli/token_command.h"

#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/report.h"
#include "config/token_program.h"
#include "util/installed.h"
#include "util/memory.h"

/* The section of the first argument that is a configured login, or NULL. */
static const struct section *
section_of(const struct config *config, const struct options *o)
{
	const struct section	*s = NULL;

	for (int i = 1; i < o->n_arguments && s == NULL; i++)
		s = token_program_section(config, o->arguments[i]);
	return s;
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
	argv = memory_new((size_t)o->n_arguments + 2 + TOKEN_PROGRAM_OPTIONS,
	    sizeof(*argv));
	argv[n++] = "relais-token";
	argv[n++] = o->arguments[0];
	n += token_program_options(argv + n, &request);
	for (int i = 1; i < o->n_arguments; i++)
		argv[n++] = o->arguments[i];
	execve(installed_relais_token(), (char *const *)argv, environ);
	if (errno == ENOENT)
		token_program_missing(&why);
	else
		failed_errno(&why, EX_OSERR, "%s", installed_relais_token());
	return report_failure(log, o->errors, &why);
}
