#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "cli/command_action.h"
#include "cli/flush.h"
#include "cli/input.h"
#include "cli/mailq.h"
#include "cli/report.h"
#include "cli/send.h"
#include "cli/smtp_stdio.h"
#include "cli/version.h"
#include "config/config.h"
#include "config/log_config.h"
#include "util/failure.h"
#include "util/log.h"

/* For newaliases, hoststat and purgestat, which have no effect. */
static int
do_nothing(const struct options *options, const struct config *config,
    const struct log *log)
{
	(void)options, (void)config, (void)log;
	return EX_OK;
}

static int
refuse_daemon(const struct options *options, const struct config *config,
    const struct log *log)
{
	(void)options, (void)config, (void)log;
	report_line("relais does not accept SMTP from the network; for SMTP on "
	    "standard input and output, run sendmail -bs");
	return EX_USAGE;
}

/* The other modes: command_action.h. */
static const struct action actions[MODES] = {
	[MODE_DELIVER]	 = { send_mail, true, true, true },
	[MODE_SMTP]	 = { smtp_stdio_run, true, true, true },
	[MODE_LIST]	 = { mailq, true, false, true },
	[MODE_LIST_JSON] = { mailq_json, true, false, true },
	[MODE_COUNT]	 = { mailq_count, true, false, true },
	[MODE_ALIASES]	 = { do_nothing, false, false, false },
	[MODE_VERIFY]	 = { send_verify, true, true, false },
	[MODE_FLUSH]	 = { flush_command, true, false, true },
	[MODE_NOTHING]	 = { do_nothing, false, false, false },
	[MODE_VERSION]	 = { version_print, false, false, false },
	[MODE_HELP]	 = { version_print_help, false, false, false },
	[MODE_NO_DAEMON] = { refuse_daemon, false, false, false },
};

/* Logs or prints that an option has no effect. */
static void
report_options(const struct options *options, const struct log *log)
{
	/* A client of -bs treats text before the greeting as a failure. */
	if (options->mode == MODE_SMTP && log_is_on_stderr(log))
		return;
	if (options->ignored)
		log_line(log, LOG_NOTICE, "ignored an option that names a "
		    "file or changes the configuration; only relais accepts "
		    "such options");
	if (options->warning != NULL && options->mode != MODE_SMTP &&
	    options->errors != ERRORS_QUIET)
		report_line(options->warning);
}

/*
 * Whether the caller of an invalid command line may be writing a message, which
 * is drained so that the caller sees the exit status instead of SIGPIPE.  In
 * modes other than -bm and -ba it is not: a client of -bs waits for the
 * greeting.
 */
static bool
may_be_writing(int argc, char **argv, enum mode mode)
{
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "-b", 2) == 0 &&
		    strcmp(argv[i], "-bm") != 0 && strcmp(argv[i], "-ba") != 0)
			return false;
	return mode == MODE_DELIVER;
}

/*
 * Flushes standard output.  If it cannot be written, the exit status is not
 * EX_OK, except after the submission of a message: the dialogue that -v prints
 * is less important than the outcome.
 */
static int
finish_output(int status, enum mode mode)
{
	struct log	log = { .target = LOG_TO_NOTHING };
	struct failure	why;
	int		error;

	errno = 0;
	if ((fflush(stdout) == 0 && !ferror(stdout)) || mode == MODE_DELIVER)
		return status;
	error = errno;
	failed(&why, EX_IOERR, "cannot write to standard output");
	/* Without an error, an earlier write has failed. */
	if (error != 0)
		failure_suffix(&why, ": %s", strerror(error));
	/* A reader such as head(1) may have closed the pipe on purpose. */
	report_failure(&log, error == EPIPE ? ERRORS_QUIET : ERRORS_PRINTED,
	    &why);
	return status != EX_OK ? status : why.status;
}

int
cli_run(int argc, char **argv, enum mode mode, bool administrator)
{
	struct options		 options = { .mode = mode };
	struct config		 config = { 0 };
	struct config_source	 source;
	struct log		 log = { .target = LOG_TO_NOTHING };
	const struct action	*action;
	struct failure		 why;
	bool			 good = true;
	int			 status;

	if (!options_parse(&options, argc, argv, administrator, &why)) {
		status = report_failure(&log, options.errors, &why);
		if (may_be_writing(argc, argv, options.mode))
			input_drain(STDIN_FILENO);
		goto out;
	}
	action = &actions[options.mode];
	if (action->run == NULL)
		action = command_action(options.mode, argv, &why);
	if (action == NULL) {
		status = report_failure(&log, options.errors, &why);
		goto out;
	}
	if (action->configured) {
		source = (struct config_source){ .file = options.config_file,
		    .overrides = options.overrides };
		good = config_load(&config, &source, &why);
		good |= config.unreadable != NULL && action->by_service;
		log_config_open(&log, good ? &config : NULL);
	}
	if (!good) {
		status = report_failure(&log, options.errors, &why);
		if (options.mode == MODE_SMTP)
			smtp_stdio_refuse(&why);
		else if (options.mode == MODE_DELIVER)
			input_drain(STDIN_FILENO);
		goto out;
	}
	if (action->mail)
		report_options(&options, &log);
	status = action->run(&options, &config, &log);
out:
	log_close(&log);
	config_free(&config);
	options_free(&options);
	return finish_output(status, options.mode);
}
