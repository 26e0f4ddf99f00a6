#include "cli/sendmail.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "cli/configured.h"
#include "cli/flush.h"
#include "cli/input.h"
#include "cli/mailq.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/send.h"
#include "cli/smtp.h"
#include "cli/subcommand.h"
#include "cli/version.h"
#include "config/config.h"
#include "util/failure.h"
#include "util/log.h"

/* For the log, and for whoever looks at the outputs. */
static void
mention_options(const struct options *options, const struct log *log)
{
	/* A client of -bs takes anything before the greeting for a failure. */
	if (options->mode == MODE_SMTP && log->target == LOG_TO_STDERR)
		return;
	if (options->ignored)
		log_line(log, LOG_NOTICE, "an option that names a file or "
		    "changes the configuration was ignored");
	if (options->warning != NULL && options->mode != MODE_SMTP &&
	    options->errors != ERRORS_QUIET)
		report_line(options->warning);
}

static int
work(const struct options *options, const struct config *config,
    const struct log *log)
{
	mention_options(options, log);
	if (options->mode == MODE_SMTP)
		return smtp_session(options, config, log);
	if (options->mode == MODE_VERIFY)
		return submit_verify(options, config, log);
	return submit(options, config, log);
}

/* Whoever speaks SMTP to us, or writes a message, learns it as well. */
static void
without(const struct options *options, const struct failure *why)
{
	if (options->mode == MODE_SMTP)
		smtp_refuse(why);
	else if (options->mode == MODE_DELIVER)
		input_drain(STDIN_FILENO);
}

static int
run(const struct options *options)
{
	switch (options->mode) {
	case MODE_DELIVER:
		if (options->print_version && options->n_arguments == 0 &&
		    !options->from_header)
			return print_version(options);
		return configured(options, work, without);
	case MODE_SMTP:
	case MODE_VERIFY:
		return configured(options, work, without);
	case MODE_FLUSH:
		return configured(options, flush, NULL);
	case MODE_LIST:
		return configured(options, mailq, NULL);
	case MODE_COUNT:
		return configured(options, mailq_count, NULL);
	case MODE_ALIASES:
	case MODE_NOTHING:
		return EX_OK;
	case MODE_VERSION:
		return print_version(options);
	case MODE_HELP:
		break;
	}
	return print_help();
}

/*
 * Whether somebody may be writing a message who should see our exit status
 * and not SIGPIPE.  In other modes than -bm and -ba nobody does: a client of
 * -bs waits for its greeting.
 */
static bool
may_be_written_to(int argc, char **argv, enum mode mode)
{
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "-b", 2) == 0 &&
		    strcmp(argv[i], "-bm") != 0 && strcmp(argv[i], "-ba") != 0)
			return false;
	return mode == MODE_DELIVER;
}

/*
 * Who asks for a list gets it whole or learns that it is not.  A message is
 * another matter: what -v shows of its way does not change its fate.
 */
static int
finish_output(int status, bool is_asked_for)
{
	struct log	log = { LOG_TO_NOTHING };
	struct failure	why;

	if ((fflush(stdout) == 0 && !ferror(stdout)) || !is_asked_for ||
	    status != EX_OK)
		return status;
	failed_errno(&why, EX_IOERR, "can't write to standard output");
	/* A reader that has seen enough, as head(1), wants no comment. */
	return report_failure(&log, errno == EPIPE ? ERRORS_QUIET :
	    ERRORS_PRINTED, &why);
}

static int
parse_and_run(int argc, char **argv, enum mode mode, bool administrator)
{
	struct options	options = { .mode = mode };
	struct log	log = { LOG_TO_NOTHING };
	struct failure	why;
	command_fn	*command = NULL;
	int		status;

	if (options_parse(&options, argc, argv, administrator, &why)) {
		if (administrator)
			command = command_find(&options);
		status = command != NULL ? command(&options) : run(&options);
	} else {
		status = report_failure(&log, options.errors, &why);
		if (may_be_written_to(argc, argv, options.mode))
			input_drain(STDIN_FILENO);
	}
	options_free(&options);
	return finish_output(status, command != NULL ||
	    options.mode != MODE_DELIVER);
}

int
cli_sendmail(int argc, char **argv)
{
	return parse_and_run(argc, argv, MODE_DELIVER, false);
}

int
cli_mailq(int argc, char **argv)
{
	return parse_and_run(argc, argv, MODE_LIST, false);
}

int
cli_newaliases(int argc, char **argv)
{
	return parse_and_run(argc, argv, MODE_ALIASES, false);
}

int
cli_relais(int argc, char **argv)
{
	return parse_and_run(argc, argv, MODE_DELIVER, true);
}

int
cli_nothing(int argc, char **argv)
{
	(void)argc, (void)argv;
	return EX_OK;
}

int
cli_smtpd(int argc, char **argv)
{
	(void)argc, (void)argv;
	report_line("there is no SMTP daemon under this name; use relais "
	    "serve");
	return EX_USAGE;
}
