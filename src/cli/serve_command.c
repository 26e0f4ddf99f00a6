#include "cli/serve_command.h"

#include <sysexits.h>

#include "cli/commands.h"
#include "cli/flush.h"
#include "cli/report.h"
#include "config/log_config.h"
#include "serve/serve.h"

/* The shortest time between two attempts for a message. */
enum { INTERVAL_S = 60 };

static bool
load_again(void *context, struct config *config, struct failure *why)
{
	const struct options	*options = context;
	struct config_source	 source = {
		.file = options->config_file,
		.overrides = options->overrides,
	};

	return config_load(config, &source, why);
}

static int
run_service(const struct options *options, struct serve_options service)
{
	struct log	log;
	struct failure	why;
	int		status;

	log_config_open(&log, service.config);
	service.log = &log;
	service.load = load_again;
	service.context = (void *)options;
	status = serve_run(&service, &why) ? EX_OK :
	    report_failure(&log, options->errors, &why);
	log_close(&log);
	return status;
}

int
serve_command(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct serve_options	service = {
		.config = config,
		.interval_s = INTERVAL_S,
		.listens = true,
	};
	struct failure		why;

	/* The name of the command is the first argument. */
	if (options->n_arguments > 1) {
		command_usage("serve", &why);
		return report_failure(log, options->errors, &why);
	}
	if (options->queue != NULL && !flush_parse_interval(options->queue,
	    &service.interval_s, &why))
		return report_failure(log, options->errors, &why);
	return run_service(options, service);
}

int
serve_command_timer(const struct options *options,
    const struct config *config, const struct log *log)
{
	struct serve_options	service = {
		.config = config,
		.with_parent = true,
	};
	struct failure		why;
	bool			good = flush_parse_interval(options->queue,
				    &service.interval_s, &why);

	if (good && config->unreadable != NULL)
		good = failed(&why, EX_NOPERM, "%s", config->unreadable);
	return good ? run_service(options, service) :
	    report_failure(log, options->errors, &why);
}
