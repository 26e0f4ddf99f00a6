#include "cli/check_command.h"

#include <string.h>
#include <sysexits.h>

#include "check/check.h"
#include "cli/commands.h"
#include "cli/findings.h"
#include "cli/items.h"
#include "cli/report.h"
#include "config/identity.h"
#include "util/installed.h"

/* An object of the array "findings". */
static void
add_finding(void *context, const struct check_finding *f)
{
	struct items	*t = context;

	items_open(t, NULL, '{');
	items_string(t, "stage", check_stage_name(f->stage));
	items_string(t, "verdict", check_verdict_name(f->verdict));
	items_string(t, "object", f->object);
	items_string(t, "text", f->text);
	items_string(t, "origin", f->origin);
	items_string(t, "remedy", f->remedy);
	items_open(t, "facts", '[');
	for (size_t i = 0; i < f->n_facts; i++) {
		items_open(t, NULL, '{');
		items_string(t, "name", f->facts[i].name);
		items_string(t, "value", f->facts[i].value);
		items_string(t, "origin", f->facts[i].origin);
		items_close(t, '}');
	}
	items_close(t, ']');
	items_close(t, '}');
}

static bool
parse_arguments(struct check *c, struct items *t, struct findings *f,
    const struct options *o, struct failure *why)
{
	f->verbose = o->verbose;
	for (int i = 1; i < o->n_arguments; i++)
		if (strcmp(o->arguments[i], "--all") == 0)
			c->all = true;
		else if (strcmp(o->arguments[i], "--json") == 0)
			t->json = true;
		else if (strcmp(o->arguments[i], "--verbose") == 0 ||
		    strcmp(o->arguments[i], "-v") == 0)
			f->verbose = true;
		else
			return command_usage("check", why);
	return true;
}

/*
 * False if the configuration is invalid, with why.  If this user must not read
 * it, the service can.
 */
static bool
read_config(struct config *config, const struct options *options,
    struct failure *why)
{
	const struct config_source	source = {
		.file = options->config_file,
		.overrides = options->overrides,
	};

	return config_load(config, &source, why) || config->unreadable != NULL;
}

int
check_command(const struct options *options, const struct config *none,
    const struct log *log)
{
	struct config			config = { 0 };
	struct identity			me;
	struct findings			print;
	const struct session_trace	dialogue = { findings_print_line,
					    &print };
	struct check			c = { .config = &config, .me = &me,
					    .report = findings_print,
					    .context = &print };
	struct items			t = { .json = false };
	struct provider_table		providers;
	struct failure			why, invalid;

	(void)none;
	if (!parse_arguments(&c, &t, &print, options, &why))
		return report_failure(log, options->errors, &why);
	if (!read_config(&config, options, &invalid)) {
		if (invalid.status == EX_USAGE) {	/* -o */
			config_free(&config);
			return report_failure(log, options->errors, &invalid);
		}
		c.invalid = &invalid;
	}
	identity_find(&me, &config);
	if (provider_table_read(&providers, installed_providers(), &why))
		c.providers = &providers;
	findings_begin(&print);
	if (print.verbose && !t.json)
		c.trace = &dialogue;
	if (t.json) {
		c.report = add_finding;
		c.context = &t;
		items_open(&t, NULL, '{');
		items_open(&t, "findings", '[');
	}
	check_run(&c);
	if (t.json) {
		items_close(&t, ']');
		items_number(&t, "status", c.status);
		items_close(&t, '}');
		items_print(&t);
	} else {
		findings_print_totals(&c);
	}
	provider_table_free(&providers);
	identity_free(&me);
	config_free(&config);
	return c.status;
}
