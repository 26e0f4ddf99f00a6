#include "cli/sendmail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "cli/input.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/submit.h"
#include "cli/version.h"
#include "config/config.h"
#include "util/failure.h"
#include "util/log.h"

static int
deliver(const struct options *options)
{
	struct config_source	source = {
		.file = options->config_file,
		.overrides = options->overrides,
	};
	struct config		config = { 0 };
	struct log		log = { LOG_TO_NOTHING };
	struct failure		why;
	int			status;

	if (!config_load(&config, &source, &why)) {
		log_open(&log, NULL, getprogname());
		status = report_failure(&log, options->errors, &why);
		input_drain(STDIN_FILENO);
	} else {
		log_open(&log, config_text(&config, NULL, KEY_LOG),
		    getprogname());
		if (options->ignored)
			log_line(&log, LOG_NOTICE, "an option that names a "
			    "file or changes the configuration was ignored");
		if (options->warning != NULL)
			dprintf(STDERR_FILENO, "%s: %s\n", getprogname(),
			    options->warning);
		status = submit(options, &config, &log);
	}
	config_free(&config);
	return status;
}

static int
refuse(const struct options *options, const char *what)
{
	struct log	log = { LOG_TO_NOTHING };
	struct failure	why;

	failed(&why, EX_USAGE, "%s", what);
	return report_failure(&log, options->errors, &why);
}

static int
run(const struct options *options)
{
	switch (options->mode) {
	case MODE_DELIVER:
		if (options->print_version && options->n_arguments == 0 &&
		    !options->from_header)
			return print_version();
		return deliver(options);
	case MODE_LIST:
		puts("Mail queue is empty");
		return EX_OK;
	case MODE_COUNT:
		puts("0");
		return EX_OK;
	case MODE_ALIASES:
	case MODE_FLUSH:
	case MODE_NOTHING:
		return EX_OK;
	case MODE_VERSION:
		return print_version();
	case MODE_HELP:
		return print_help();
	case MODE_SMTP:
	case MODE_VERIFY:
		break;
	}
	return refuse(options, "this mode is not supported yet");
}

static int
parse_and_run(int argc, char **argv, enum mode mode, bool administrator)
{
	struct options	options = { .mode = mode };
	struct log	log = { LOG_TO_NOTHING };
	struct failure	why;
	int		status;

	if (options_parse(&options, argc, argv, administrator, &why)) {
		status = run(&options);
	} else {
		status = report_failure(&log, ERRORS_PRINTED, &why);
		input_drain(STDIN_FILENO);
	}
	options_free(&options);
	fflush(stdout);
	return status;
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
	dprintf(STDERR_FILENO, "%s: there is no SMTP daemon under this name; "
	    "use relais serve\n", getprogname());
	return EX_USAGE;
}
