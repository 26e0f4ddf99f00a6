#include "cli/setup_command.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/config_target.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/setup_answers.h"
#include "cli/setup_service.h"
#include "cli/setup_verify.h"
#include "cli/test_command.h"
#include "setup/setup_files.h"
#include "util/buffer.h"
#include "util/file.h"
#include "util/installed.h"
#include "util/memory.h"

enum { STOPPED = 1 };

#define FORCE	"use --force"

/* The password file, if there is a password, and the configuration. */
static void
name_files(struct setup_files *files, struct setup_file file[2],
    const struct setup_answers *s, bool has_secret)
{
	file[0] = (struct setup_file){ s->secret_path, NULL, 0600 };
	file[1] = (struct setup_file){ s->path, NULL,
		geteuid() == 0 ? 0644 : 0600 };
	*files = (struct setup_files){ .force = s->force, .group = getegid(),
		.file = has_secret ? file : &file[1],
		.n = has_secret ? 2 : 1, .advice = FORCE };
}

/*
 * Gets the answers and tests them.  On a terminal, a failure can be corrected
 * or ignored.  False with why, or with .stopped.
 */
static bool
answer_and_verify(struct setup_answers *s, struct failure *why)
{
	int	status;

	for (;;) {
		char	answer;

		if (!setup_answers_complete(s, why))
			return false;
		status = s->no_check ? EX_OK : setup_verify(s->top,
		    s->secret.len > 0 ? s->secret.data : NULL, &s->table);
		if (status == EX_OK)
			return true;
		if (!s->terminal)
			return failed(why, status, "the test failed, and "
			    "nothing was written; with --no-check, the answers "
			    "are not tested");
		if (status == EX_CONFIG)
			printf("Other settings can be given with -o, such as: "
			    "relais -o tls_ca=FILE setup\n");
		answer = ask_letter("Change the answers, write them anyway, or "
		    "stop (change, write, stop)", "change", "cws");
		if (answer == 'w')
			return true;
		if (answer != 'c') {
			s->stopped = true;
			return false;
		}
		setup_answers_change(s);
	}
}

/*
 * The group that can read the password file: --group, or that of the service;
 * (gid_t)-1: none.
 */
static bool
find_group(const struct setup_answers *s, gid_t *gid, struct failure *why)
{
	const char		*name = s->given[ANSWER_GROUP];
	const struct group	*group;

	if (name == NULL)
		return config_target_group(gid, why);
	group = getgrnam(name);
	if (group == NULL)
		return failed(why, EX_USAGE, "--group: the group %s does not "
		    "exist", name);
	*gid = group->gr_gid;
	return true;
}

static void
show_file(const struct setup_file *f, gid_t gid)
{
	const struct group	*group = getgrgid(gid);

	printf("\n%s (mode %04o", f->path, (unsigned)f->mode);
	if (f->mode & S_IRGRP && !(f->mode & S_IROTH) && group != NULL)
		printf(", group %s", group->gr_name);
	printf("):\n");
}

/* Control characters are made visible. */
static void
show_text(char *text)
{
	char	*line;

	while ((line = strsep(&text, "\n")) != NULL && text != NULL) {
		printf("    ");
		output_text(line);
		putchar('\n');
	}
}

static void
show_directory(const struct setup_answers *s)
{
	char	*directory = config_target_new_directory(s->options, s->path);

	if (directory != NULL) {
		printf("\nThe directory ");
		output_text(directory);
		printf(" will be created (mode 0700).\n");
	}
	free(directory);
}

static bool
write_files(struct setup_answers *s, gid_t group, struct failure *why)
{
	struct buffer		text = { 0 }, secret = { 0 };
	struct setup_file	file[2], *conf = &file[1];
	struct setup_files	files;
	bool			has_secret = s->secret.len > 0, good;
	char			*copy;

	name_files(&files, file, s, has_secret);
	file[0].content = &secret;
	conf->content = &text;
	if (group != (gid_t)-1) {
		files.group = group;
		file[0].mode = 0640;
	}
	/* The arguments of a command may be secret. */
	if (setup_answers_value(s, KEY_PASSWORD_COMMAND) != NULL ||
	    setup_answers_value(s, KEY_TOKEN_COMMAND) != NULL)
		conf->mode = file[0].mode;
	setup_answers_write(s, &text);
	if (has_secret)
		buffer_addf(&secret, "%s\n", s->secret.data);
	copy = memory_copy(text.data);
	show_file(conf, files.group);
	show_text(copy);
	free(copy);
	if (has_secret) {
		show_file(&file[0], files.group);
		printf("    the password, %zu octets\n", s->secret.len);
	}
	show_directory(s);
	putchar('\n');
	s->stopped = s->terminal && !ask_yes("Write these files?");
	good = !s->stopped && config_target_make_directory(s->options,
	    s->path, why) && setup_files_write(&files, why);
	if (good)
		printf("Written: %s\n", s->path);
	if (good && geteuid() == 0 && s->options->config_file == NULL)
		setup_service(&s->config, file[0].mode != 0600 ? NULL :
		    conf->mode == 0600 ? conf->path :
		    has_secret ? file[0].path : NULL);
	buffer_free(&text);
	buffer_wipe(&secret);
	return good;
}

static int
send_test(const struct setup_answers *s, const struct log *log)
{
	char		test[] = "test", root[] = "root";
	char		*arguments[] = { test, root, NULL };
	struct options	 o = { .mode = MODE_TEST, .arguments = arguments,
			    .n_arguments = 2, .errors = s->options->errors,
			    .config_file = s->options->config_file };

	if (s->test || (s->terminal && ask_yes("Send a test message to root?")))
		return test_command(&o, &s->config, log);
	printf("To send a test message: relais ");
	if (o.config_file != NULL) {
		printf("-C ");
		output_text(s->path);
		putchar(' ');
	}
	printf("test root\n");
	return EX_OK;
}

/* A user's file is read only if the system has none. */
static bool
check_target(const struct setup_answers *s, struct failure *why)
{
	struct setup_file	 file[2];
	struct setup_files	 files;
	char			*directory, *parent;
	bool			 good;

	name_files(&files, file, s, setup_answers_may_have_secret(s));
	if (geteuid() != 0 && s->options->config_file == NULL &&
	    access(config_system_file(), F_OK) == 0)
		return failed(why, EX_NOPERM, "%s exists, so %s would not be "
		    "read; run this command as root, or with -C FILE",
		    config_system_file(), s->path);
	directory = config_target_new_directory(s->options, s->path);
	if (directory == NULL)
		return setup_files_check(&files, why);
	parent = file_directory(directory);
	good = access(parent, W_OK | X_OK) == 0 || failed_errno(why,
	    errno == EACCES ? EX_NOPERM : EX_CANTCREAT,
	    "cannot create the directory %s", directory);
	free(parent);
	free(directory);
	return good;
}

int
setup_command(const struct options *options, const struct config *config,
    const struct log *log)
{
	char			*path = config_target(options);
	char			*secret_path = config_target_secret(path);
	struct setup_answers	 s = { .options = options, .path = path,
				    .secret_path = secret_path,
				    .terminal = ask_is_possible() };
	struct failure		*why = &s.why;
	gid_t			 group;
	bool			 good;
	int			 status;

	(void)config;
	good = setup_answers_parse(&s, why) && find_group(&s, &group, why) &&
	    check_target(&s, why);
	if (good && s.terminal) {
		printf("An empty answer accepts the suggestion in brackets. The "
		    "configuration is shown\nbefore it is written to ");
		output_text(s.path);
		printf(".\n\n");
	}
	if (good && !provider_table_read(&s.table, installed_providers(), why))
		printf("The table of providers is not used: %s\n", why->text);
	good = good && answer_and_verify(&s, why) &&
	    write_files(&s, group, why);
	if (good) {
		status = send_test(&s, log);
	} else if (s.stopped) {
		printf("Stopped; nothing was written.\n");
		status = STOPPED;
	} else {
		status = report_failure(log, options->errors, why);
	}
	setup_answers_free(&s);
	free(secret_path);
	free(path);
	return status;
}
