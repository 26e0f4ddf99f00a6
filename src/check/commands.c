#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "check/local.h"
#include "config/secret_command.h"
#include "util/buffer.h"
#include "util/memory.h"

/* The programs that a configuration starts. */
static const struct {
	enum config_key	key;
	bool		fails;		/* no mail leaves without it */
	char		text[40];
} programs[] = {
	{ KEY_PASSWORD_COMMAND, true, "there is no password" },
	{ KEY_TOKEN_COMMAND, true, "there is no token" },
	{ KEY_CONNECT_COMMAND, true, "no connection can be made" },
	{ KEY_ALARM_COMMAND, false, "no alarm is sent" },
};

static void
check_command_of(struct check *c, size_t row, const struct setting *set)
{
	char		*name = memory_copy_n(set->value,
			    strcspn(set->value, " \t"));
	struct buffer	 path = { 0 };
	int		 error;

	errno = 0;
	error = command_search(&path, name) ? 0 : errno;
	if (error != 0)
		check_report(c, &(struct check_finding){
		    .stage = CHECK_CONFIG,
		    .verdict = programs[row].fails ? CHECK_FAIL :
		    CHECK_WARNING,
		    .status = programs[row].fails ? EX_CONFIG : EX_OK,
		    .object = config_key_name(programs[row].key),
		    .origin = set->origin, .remedy = error == EACCES ?
		    "make it executable, or name another program" :
		    "install the program, or write its full path" },
		    "%s cannot be started (%s), so %s", name, strerror(error),
		    programs[row].text);
	buffer_free(&path);
	free(name);
}

void
check_commands(struct check *c)
{
	for (const struct section *s = c->config->first; s != NULL;
	    s = s->next)
		for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]);
		    i++)
			if (config_is_on(s->setting[programs[i].key]))
				check_command_of(c, i,
				    s->setting[programs[i].key]);
}
