#include "cli/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/output.h"
#include "config/config.h"
#include "net/tls.h"
#include "smtp/auth.h"
#include "util/log.h"

/* The destination of the log, which may be the default. */
static const char *
log_name(const struct config *config)
{
	const char	*setting = config_text(config, NULL, KEY_LOG);

	switch (log_target_of(setting)) {
	case LOG_TO_NOTHING:
		return "none";
	case LOG_TO_SYSLOG:
		return "syslog";
	case LOG_TO_JOURNAL:
	case LOG_TO_STDERR:
	case LOG_TO_JSON:
	case LOG_TO_FILE:
		break;
	}
	return setting;
}

static void
print_configuration(const struct options *options)
{
	struct config_source	source = {
		.file = options->config_file,
		.overrides = options->overrides,
	};
	struct config		config = { 0 };
	struct failure		why;

	if (!config_load(&config, &source, &why)) {
		printf("Configuration: ");
		output_text(why.text);
		putchar('\n');
	} else {
		printf("Configuration: ");
		output_text(config.path != NULL ? config.path :
		    config_system_file());
		printf("%s\nQueue: ", config.path != NULL ? "" :
		    " (does not exist)");
		output_text(config_text(&config, NULL, KEY_QUEUE));
		printf("\nLog: ");
		output_text(log_name(&config));
		putchar('\n');
	}
	config_free(&config);
}

int
version_print(const struct options *options, const struct config *config,
    const struct log *log)
{
	const char	*module = tls_module_path();

	(void)config, (void)log;
	fputs("relais " VERSION "\n", stdout);
	printf("TLS: %s, ", tls_built_with());
	output_text(module != NULL ? module : "linked in");
	fputs(module != NULL && access(module, R_OK) == -1 ? " (missing)\n" :
	    "\n", stdout);
	printf("Authentication: %s\n", auth_mechanisms());
	print_configuration(options);
	return EX_OK;
}

int
version_print_help(const struct options *options,
    const struct config *config, const struct log *log)
{
	(void)options, (void)config, (void)log;
	fputs("usage: sendmail [-itv] [-F name] [-f address] [-o option] "
	    "[recipient ...]\n"
	    "       sendmail -bs | -bv [-t] [recipient ...] | -bp | -q\n"
	    "       relais [-C file] [-o key=value] command [argument ...]\n"
	    "       relais [-C file] [-o key=value] [sendmail options] "
	    "[recipient ...]\n"
	    "       relais help\n"
	    "       mailq\n"
	    "The message is read from standard input. See sendmail(8), "
	    "relais(8) and\n"
	    "relais.conf(5).\n", stdout);
	return EX_OK;
}
