#include "cli/commands.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/help_keys.h"
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
	{ "help", MODE_COMMANDS, "[COMMAND | keys]",
	    "print the commands, the usage of one, or the keys" },
	{ "import", MODE_IMPORT, "[--write] [FILE ...]",
	    "make a configuration from that of another program" },
	{ "login", MODE_LOGIN, "[OPTION ...] NAME",
	    "log in with OAuth 2, for the key token" },
	{ "queue", MODE_QUEUE, "[list | show | run | flush | hold | release | "
	    "drop | status] [ID] [--json]",
	    "list, show, send, hold, release or delete waiting messages" },
	{ "route", MODE_ROUTE, "[-f SENDER] [--user NAME] [--json] ADDRESS ...",
	    "show where mail would go, and which line decides it" },
	{ "serve", MODE_SERVE, "",
	    "accept mail on a socket, and run the queue once a minute" },
	{ "setup", MODE_SETUP, "[OPTION ...] [ADDRESS]",
	    "ask for the mail account of this machine, and write relais.conf" },
	{ "test", MODE_TEST, "[--user NAME] [ADDRESS]",
	    "send a test message, and show what becomes of it" },
	{ "token", MODE_TOKEN, "[--renew] NAME",
	    "print the access token of a login, renewed if necessary" },
};

/* The arguments of a command, if the usage alone does not explain them. */
static const char *
command_details(enum mode mode)
{
	switch (mode) {
	case MODE_CHECK:
		return
"  --all      also test the smarthosts that are used only if another one fails\n"
"  --verbose  print every setting and the dialogue with each server\n"
"  --json     print JSON\n";
	case MODE_IMPORT:
		return
"  FILE     ssmtp.conf, msmtprc, dma.conf, the directory of nullmailer, main.cf\n"
"           of Postfix, or update-exim4.conf.conf; otherwise, the one that is\n"
"           installed on this machine\n"
"  --write  write relais.conf and the password files; otherwise, relais.conf is\n"
"           printed, without passwords\n";
	case MODE_LOGIN:
		return
"  NAME                  the name of the login, for token = NAME in relais.conf\n"
"  --provider NAME       google, microsoft or another authorization server of\n"
"                        the table; or the path of a file that describes one\n"
"  --client-id ID        the client ID of the application registered there\n"
"  --client-secret-file FILE\n"
"                        the client secret; if one is required and this option\n"
"                        is missing, it is asked for\n"
"  --tenant ID           the directory (tenant) of Microsoft 365\n"
"  --user ADDRESS        the address of the mailbox\n"
"  --device              enter a code on another device; or\n"
"  --browser             open a browser, or an address in any browser; or\n"
"  --client-credentials  log in as the application, without a user, with its\n"
"                        secret, or with --key FILE and --certificate FILE\n"
"  --no-check            do not log in to the smarthost\n"
"Values that are not given are taken from the earlier login NAME and from\n"
"relais.conf, or are asked for.\n";
	case MODE_QUEUE:
		return
"  list [--failed]      list the waiting messages, or those that were given up\n"
"  show ID              print a message, its state and the replies of the server\n"
"  run                  try the messages that are due, for cron(8)\n"
"  flush [ID]           try all messages, or one message, now\n"
"  hold ID              do not try the message\n"
"  release ID           send a message that is held, collected or given up\n"
"  release [--failed | --all] [--recipient TEXT] [--since TIME]\n"
"                       send messages that were given up; --all: also those\n"
"                       that are held; --since 2d: those of the last two days\n"
"  drop ID              delete the message\n"
"  status [--older TIME]\n"
"                       report whether mail is being sent; exit status 1 if not\n"
"  status --metrics [--output FILE]\n"
"                       print the same numbers for Prometheus\n"
"  --json               print JSON: list, show and status\n"
"Exit status: 0 if the command succeeded, 1 if status found a problem, 64 if the\n"
"arguments are wrong, 66 if there is no such message, 75 if flush did not send\n"
"every message or another process is using the message, 77 without permission.\n";
	case MODE_ROUTE:
		return
"  -f SENDER    the sender; by default, the user\n"
"  --user NAME  show where mail of this user would go\n"
"  --json       print JSON\n";
	case MODE_SETUP:
		return
"  ADDRESS                  the address that sends the mail of this machine\n"
"  --smarthost URL          the server: submission://smtp.example.org, or the\n"
"                           name of a provider, such as gmail\n"
"  --user NAME              the user name; or --no-login\n"
"  --password-stdin         read the password from standard input; or\n"
"  --password-file FILE, --password-command COMMAND, --token NAME (a login of\n"
"                           relais login), --token-command COMMAND\n"
"  --root ADDRESS           the address that receives mail to root\n"
"  --group NAME             the group that can read the password file\n"
"  --no-check               do not connect to the smarthost\n"
"  --test                   send a test message without asking\n"
"  --force                  replace existing files, and keep them as NAME.old\n"
"On a terminal, setup asks for everything that is not given.  Other settings\n"
"are given before the command: relais -o tls_ca=FILE setup\n";
	case MODE_TEST:
		return
"  ADDRESS      the recipient; by default, root\n"
"  --user NAME  send the message as this user\n"
"To print the dialogue: relais -v test\n";
	default:
		return "";
	}
}

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

static void
write_usage(const struct command *c, struct failure *why)
{
	failed(why, EX_USAGE, "usage: relais %s%s%s", c->name,
	    c->arguments[0] != '\0' ? " " : "", c->arguments);
}

bool
command_usage(const char *name, struct failure *why)
{
	const struct command	*c = command_find(name);

	write_usage(c, why);
	return command_details(c->mode)[0] == '\0' ? false :
	    failure_suffix(why, "; see relais help %s", name);
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
	    "See relais(8).\nThe keys of relais.conf: relais help keys. "
	    "See relais.conf(5).\n");
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
		fputs(list.data, stdout);
		buffer_free(&list);
		return EX_OK;
	}
	if (strcmp(o->arguments[1], "keys") == 0) {
		help_keys();
		return EX_OK;
	}
	c = command_find(o->arguments[1]);
	if (c == NULL)
		return refuse_word(o, o->arguments[1], log);
	write_usage(c, &why);
	printf("%s\n%s\n", why.text, c->summary);
	if (command_details(c->mode)[0] != '\0')
		printf("\n%s", command_details(c->mode));
	return EX_OK;
}
