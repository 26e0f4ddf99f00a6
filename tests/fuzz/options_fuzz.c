/*
 * options_fuzz.c - the command lines of sendmail, relais and postqueue
 *
 * The first octet selects the program; each line is an argument.  An option
 * that names a file or changes the configuration has no effect in sendmail.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/options.h"
#include "fuzz/must.h"
#include "util/memory.h"

enum { ARGUMENTS_MAX = 32 };

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_options(const struct options *o, int argc, bool administrator)
{
	if (!administrator)
		must(o->config_file == NULL && o->overrides == NULL &&
		    (o->mode < MODE_COMMANDS || o->mode == MODE_SERVE));
	must(o->n_arguments >= 0 && o->n_arguments < argc);
	for (int i = 0; i < o->n_arguments; i++)
		must(o->arguments[i] != NULL);
	must(o->mode != MODE_FLUSH || o->queue != NULL);
	if (o->envid != NULL)
		must(strpbrk(o->envid, " \r\n=") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		*argv[ARGUMENTS_MAX + 2] = { (char []){ "sendmail" } };
	struct options	 o = { .mode = MODE_DELIVER };
	struct failure	 why = { .status = 0 };
	char		*text, *rest, *line;
	int		 argc = 1;

	if (size == 0)
		return 0;
	rest = text = memory_copy_n((const char *)data + 1, size - 1);
	while (argc <= ARGUMENTS_MAX && (line = strsep(&rest, "\n")) != NULL)
		argv[argc++] = line;
	if (data[0] % 3 == 2)
		o.mode = MODE_POSTQUEUE;
	if (options_parse(&o, argc, argv, data[0] % 3 == 1, &why))
		check_options(&o, argc, data[0] % 3 == 1);
	else
		must(why.status == EX_USAGE && why.text[0] != '\0');
	options_free(&o);
	free(text);
	return 0;
}
