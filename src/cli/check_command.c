#include "cli/check_command.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "check/check.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/report.h"
#include "config/identity.h"

static void
print_finding(void *context, const struct check_finding *f)
{
	static const char	names[CHECK_VERDICTS][12] = { "OK", "warning",
		"FAIL", "not checked" };

	(void)context;
	printf("%-8s %-11s ", check_stage_name(f->stage), names[f->verdict]);
	if (f->object != NULL) {
		output_text(f->object);
		printf(": ");
	}
	output_text(f->text);
	if (f->origin != NULL) {
		printf(" (");
		output_text(f->origin);
		putchar(')');
	}
	putchar('\n');
	if (f->remedy != NULL) {
		printf("%-8s %-11s ", "", "");
		output_text(f->remedy);
		putchar('\n');
	}
	fflush(stdout);
}

int
check_command(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct identity	me;
	struct check	c = { .config = config, .me = &me,
			    .report = print_finding };
	struct failure	why;

	if (options->n_arguments > 2 || (options->n_arguments == 2 &&
	    strcmp(options->arguments[1], "--all") != 0)) {
		command_usage("check", &why);
		return report_failure(log, options->errors, &why);
	}
	c.all = options->n_arguments == 2;
	identity_find(&me, config);
	check_run(&c);
	identity_free(&me);
	return c.status;
}
