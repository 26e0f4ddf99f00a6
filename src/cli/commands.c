#include "cli/commands.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/input.h"
#include "cli/report.h"
#include "util/buffer.h"
#include "util/file.h"
#include "util/visible.h"

static const struct command commands[] = {
	{ "check", MODE_CHECK, "[--all] [--json] [--verbose]",
	    "test the configuration and each smarthost; sends nothing" },
	{ "config", MODE_CONFIG, "",
	    "print the settings in effect, and where each of them is set" },
	{ "help", MODE_COMMANDS, "[COMMAND]",
	    "print the commands, or the usage of one of them" },
	{ "import", MODE_IMPORT, "[--write] [FILE ...]",
	    "make a configuration from that of another program" },
	{ "queue", MODE_QUEUE, "[list [--failed] | show ID | run | "
	    "flush [ID] | hold ID | release ID | release --failed | --all | "
	    "[--recipient TEXT] [--since TIME] | drop ID | "
	    "status [--older TIME | --metrics [--output FILE]]] [--json]",
	    "list, show, send, hold, release or delete waiting messages" },
	{ "route", MODE_ROUTE, "[-f SENDER] [--user NAME] [--json] ADDRESS ...",
	    "show where mail would go, and which line decides it" },
	{ "serve", MODE_SERVE, "",
	    "accept mail on a socket, and run the queue once a minute" },
	{ "setup", MODE_SETUP, "[--force] [--test] [--OPTION VALUE ...] "
	    "[ADDRESS]",
	    "ask for the mail account of this machine, and write relais.conf" },
	{ "test", MODE_TEST, "[--user NAME] [ADDRESS]",
	    "send a test message, and show what becomes of it" },
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

bool
command_usage(const char *name, struct failure *why)
{
	const struct command	*c = command_find(name);

	return failed(why, EX_USAGE, "usage: relais %s%s%s", c->name,
	    c->arguments[0] != '\0' ? " " : "", c->arguments);
}

static void
add_list(struct buffer *to)
{
	buffer_add_text(to, "usage: relais [-C file] [-o key=value] command "
	    "[argument ...]\n"
	    "       relais [-C file] [-o key=value] [sendmail options] "
	    "address ...\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		buffer_addf(to, "  %-8s %s\n", commands[i].name,
		    commands[i].summary);
	buffer_add_text(to, "\nThe usage of a command: relais help COMMAND. "
	    "See relais(8).\n");
}

/* The caller may be writing a message. */
static int
refuse_word(const struct options *o, const char *word, const struct log *log)
{
	struct buffer	list = { 0 };
	struct failure	why;
	char		shown[80];
	int		status;

	if (word == NULL)
		failed(&why, EX_USAGE, "no command and no recipient");
	else
		failed(&why, EX_USAGE, "%s: not a command; a recipient is "
		    "written as name@host", visible(shown, sizeof(shown), word,
		    strlen(word)));
	status = report_failure(log, o->errors, &why);
	add_list(&list);
	if (o->errors != ERRORS_QUIET)
		file_write_now(STDERR_FILENO, list.data, list.len);
	buffer_free(&list);
	input_drain(STDIN_FILENO);
	return status;
}

int
commands_help(const struct options *o, const struct config *config,
    const struct log *log)
{
	const struct command	*c;
	struct buffer		 list = { 0 };
	struct failure		 why;

	(void)config;
	if (o->n_arguments == 0 || command_find(o->arguments[0]) == NULL)
		return refuse_word(o, o->n_arguments == 0 ? NULL :
		    o->arguments[0], log);
	if (o->n_arguments > 2) {
		command_usage("help", &why);
		return report_failure(log, o->errors, &why);
	}
	if (o->n_arguments == 1) {
		add_list(&list);
		fwrite(list.data, 1, list.len, stdout);
		buffer_free(&list);
		return EX_OK;
	}
	c = command_find(o->arguments[1]);
	if (c == NULL)
		return refuse_word(o, o->arguments[1], log);
	command_usage(c->name, &why);
	printf("%s\n%s\n", why.text, c->summary);
	return EX_OK;
}
