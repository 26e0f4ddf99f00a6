#include "config/log_config.h"

#include <stdlib.h>

void
log_config_open(struct log *log, const struct config *config)
{
	struct log_options	options = { .tag = getprogname() };

	if (config != NULL) {
		options.target = config_text(config, NULL, KEY_LOG);
		options.addresses = config_text(config, NULL,
		    KEY_LOG_ADDRESSES);
		options.key_directory = config_text(config, NULL, KEY_QUEUE);
	}
	log_open(log, &options);
}
