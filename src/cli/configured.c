#include "cli/configured.h"

#include <stdlib.h>

#include "cli/report.h"
#include "util/failure.h"

int
configured(const struct options *options, configured_fn *work,
    unconfigured_fn *without)
{
	struct config_source	source = {
		.file = options->config_file,
		.overrides = options->overrides,
	};
	struct config		config = { 0 };
	struct log		log = { LOG_TO_NOTHING };
	struct failure		why;
	int			status;

	if (config_load(&config, &source, &why)) {
		log_open(&log, config_text(&config, NULL, KEY_LOG),
		    getprogname());
		status = work(options, &config, &log);
	} else {
		log_open(&log, NULL, getprogname());
		status = report_failure(&log, options->errors, &why);
		if (without != NULL)
			without(options, &why);
	}
	log_close(&log);
	config_free(&config);
	return status;
}
