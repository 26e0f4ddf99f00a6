#include "cli/subcommand.h"

#include <string.h>

#include "cli/flush.h"
#include "cli/print_config.h"
#include "cli/queue_commands.h"

static const struct {
	const char	*name;
	command_fn	*run;
} commands[] = {
	{ "config",	print_config },
	{ "queue",	queue_command },
	{ "serve",	serve_command },
};

command_fn *
command_find(const struct options *options)
{
	if (options->mode != MODE_DELIVER || options->from_header ||
	    options->n_arguments == 0)
		return NULL;
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(options->arguments[0], commands[i].name) == 0)
			return commands[i].run;
	return NULL;
}
