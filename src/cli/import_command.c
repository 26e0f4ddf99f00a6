#include "cli/import_command.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/config_target.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/setup_service.h"
#include "import/import.h"
#include "setup/setup_files.h"
#include "util/buffer.h"
#include "util/file.h"
#include "util/memory.h"

/* Who can read the files: see config_target_group(). */
struct readers {
	mode_t	conf, secret;
	gid_t	group;		/* of the files that their group can read */
};

/*
 * All users may read the configuration of the system, which has no secret,
 * except perhaps in the arguments of a command.
 */
static bool
choose_readers(const struct draft *d, struct readers *r, struct failure *why)
{
	if (!config_target_group(&r->group, why))
		return false;
	r->secret = r->group != (gid_t)-1 ? 0640 : 0600;
	r->conf = geteuid() == 0 ? 0644 : 0600;
	for (const struct section *s = d->config.first; s != NULL; s = s->next)
		if (s->setting[KEY_PASSWORD_COMMAND] != NULL ||
		    s->setting[KEY_TOKEN_COMMAND] != NULL)
			r->conf = r->secret;
	return true;
}

static bool
write_files(const struct draft *d, const char *target,
    const struct readers *r, struct failure *why)
{
	struct buffer		text = { 0 };
	struct buffer		*line = memory_new(d->n_secrets,
				    sizeof(*line));
	struct setup_file	*file = memory_new(d->n_secrets + 1,
				    sizeof(*file));
	struct setup_files	 files = { .file = file, .group = r->group };
	bool			 good;

	draft_print(d, true, &text);
	for (size_t i = 0; i < d->n_secrets; i++) {
		const struct draft_secret	*s = &d->secrets[i];

		if (s->value == NULL)
			continue;
		buffer_addf(&line[i], "%s\n", s->value);
		file[files.n++] = (struct setup_file){ s->path, &line[i],
			r->secret };
	}
	file[files.n++] = (struct setup_file){ target, &text, r->conf };
	good = setup_files_write(&files, why);
	for (size_t i = 0; i < d->n_secrets; i++)
		buffer_wipe(&line[i]);
	buffer_free(&text);
	free(line);
	free(file);
	return good;
}

static void
print_files(const struct draft *d, const char *target)
{
	printf("created ");
	output_text(target);
	putchar('\n');
	for (size_t i = 0; i < d->n_secrets; i++) {
		printf(d->secrets[i].value != NULL ? "created " :
		    "not found: the password for ");
		output_text(d->secrets[i].path);
		putchar('\n');
	}
	if (d->n_notes > 0)
		printf("%zu setting%s no equivalent, or %s a different effect; "
		    "see the end of the file\n", d->n_notes,
		    d->n_notes == 1 ? " has" : "s have",
		    d->n_notes == 1 ? "has" : "have");
}

/* The file is that of the service, if there is one, only without -C. */
static void
print_next_step(const struct options *options, const struct draft *d,
    const char *target, const struct readers *r)
{
	const char	*private_file = NULL;

	if (r->conf == 0600)
		private_file = target;
	else if (r->secret == 0600 && d->n_secrets > 0)
		private_file = d->secrets[0].path;
	if (geteuid() == 0 && options->config_file == NULL)
		setup_service(&d->config, private_file);
	printf("To test it: relais ");
	if (options->config_file != NULL) {
		printf("-C ");
		output_text(target);
		putchar(' ');
	}
	printf("check\n");
}

static bool
print_draft(const struct draft *d, struct failure *why)
{
	struct buffer	text = { 0 };
	bool		good;

	draft_print(d, false, &text);
	good = file_write(STDOUT_FILENO, text.data, text.len) ||
	    failed_errno(why, EX_IOERR, "cannot write to standard output");
	buffer_free(&text);
	return good;
}

static bool
import_files(const struct options *options, struct import *in,
    const char *target, struct failure *why)
{
	char	*const			*paths = options->arguments + 1;
	int				 n = options->n_arguments - 1;
	const struct import_format	*format;
	char				*found[1] = { NULL };
	struct readers			 r;
	bool				 write, good;

	write = n > 0 && strcmp(paths[0], "--write") == 0;
	if (write) {
		paths++;
		n--;
	}
	for (int i = 0; i < n; i++)
		if (paths[i][0] == '-')
			return command_usage("import", why);
	if (n == 0) {
		found[0] = import_find("", why);
		if (found[0] == NULL)
			return false;
		paths = found;
		n = 1;
	}
	format = import_choose(in, paths, n, why);
	good = format != NULL && import_run(in, format, why);
	if (good && write) {
		good = choose_readers(&in->draft, &r, why) &&
		    config_target_make_directory(options, target, why) &&
		    write_files(&in->draft, target, &r, why);
		if (good) {
			print_files(&in->draft, target);
			print_next_step(options, &in->draft, target, &r);
		}
	} else if (good)
		good = print_draft(&in->draft, why);
	free(found[0]);
	return good;
}

int
import_command(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct import	 in = { .read = source_read };
	char		*target = config_target(options);
	char		*secret;
	struct failure	 why;
	bool		 good;

	(void)config;
	secret = config_target_secret(target);
	draft_start(&in.draft, secret);
	good = import_files(options, &in, target, &why);
	draft_free(&in.draft);
	free(secret);
	free(target);
	return good ? EX_OK : report_failure(log, options->errors, &why);
}
