#include "cli/print_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/report.h"
#include "config/config.h"
#include "relay/tls_policy.h"
#include "util/buffer.h"
#include "util/file.h"
#include "util/log.h"
#include "util/memory.h"
#include "util/visible.h"

struct config_output {
	const struct config	*config;
	struct buffer		 out;
	bool			 secrets;	/* write them, not a comment */
	bool			 has_secret;
};

static bool
is_credential(enum config_key key)
{
	return key >= KEY_USER && key <= KEY_TOKEN_COMMAND;
}

static void
print_origin(struct config_output *p, const char *origin)
{
	char	shown[300];

	buffer_addf(&p->out, "# %s\n", visible(shown, sizeof(shown), origin,
	    strlen(origin)));
}

/* Prints every value of a key, each after its origin. */
static void
print_setting(struct config_output *p, enum config_key key,
    const struct setting *set)
{
	size_t			  n;
	const struct setting	**all = config_in_order(set, &n);

	p->has_secret |= config_is_secret(key);
	for (size_t i = 0; i < n; i++) {
		print_origin(p, all[i]->origin);
		if (config_is_secret(key) && !p->secrets)
			buffer_addf(&p->out, "#%s = (hidden; written only "
			    "to a file that other users cannot read)\n",
			    config_key_name(key));
		else
			buffer_addf(&p->out, "%s = %s\n",
			    config_key_name(key), all[i]->value);
	}
	free(all);
}

/* The credentials for the smarthost that the section home sets. */
static void
print_credentials(struct config_output *p, const struct section *home)
{
	const struct setting	*set = config_credential(p->config, home,
				    KEY_USER);
	enum config_key		 key;

	if (set != NULL)
		print_setting(p, KEY_USER, set);
	set = config_secret(p->config, home, &key);
	if (set != NULL)
		print_setting(p, key, set);
}

static void
print_section(struct config_output *p, const struct section *s)
{
	static const char *const	names[] = { [SECTION_FROM] = "from",
		[SECTION_TO] = "to", [SECTION_USER] = "user" };
	const struct section		*first = p->config->first;

	buffer_add_text(&p->out, "\n");
	print_origin(p, s->origin);
	buffer_addf(&p->out, "[%s %s]\n", names[s->kind], s->pattern);
	for (enum config_key k = 0; k < CONFIG_KEYS; k++) {
		/* -o overrides sections; the top of the file does not. */
		if (first->kind == SECTION_OVERRIDE &&
		    first->setting[k] != NULL)
			continue;
		if (s->setting[k] == NULL || is_credential(k))
			continue;
		print_setting(p, k, s->setting[k]);
		if (k == KEY_SMARTHOST)
			print_credentials(p, s);
	}
}

/* Defaults, as comments. */
static void
print_comments(struct config_output *p)
{
	buffer_add_text(&p->out, "\n# Keys that are not set, with their "
	    "defaults\n");
	for (enum config_key k = 0; k < CONFIG_KEYS; k++)
		if (config_default(k) != NULL &&
		    config_find(p->config, NULL, k) == NULL)
			buffer_addf(&p->out, "#%s = %s\n",
			    config_key_name(k), config_default(k));
}

static bool
write_output(struct config_output *p, const struct stat *st,
    struct failure *why)
{
	char	*text = p->out.data, *line;

	if (p->has_secret && p->secrets && st->st_mode & (S_IROTH | S_IWOTH))
		return failed(why, EX_NOPERM, "other users can read or write "
		    "the file on standard output (mode %04o), and the "
		    "configuration contains a password; run umask 077 first, "
		    "or chmod o-rwx on the file",
		    (unsigned)(st->st_mode & 07777));
	if (!isatty(STDOUT_FILENO))
		return file_write(STDOUT_FILENO, p->out.data, p->out.len) ||
		    failed_errno(why, EX_IOERR,
			"cannot write to standard output");
	while ((line = strsep(&text, "\n")) != NULL) {
		output_text(line);
		if (text != NULL)
			putchar('\n');
	}
	return true;
}

int
print_config(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct config_output	p = { .config = config };
	const struct section	*home, *proxy;
	const struct setting	*set;
	struct stat		st = { .st_mode = 0 };
	struct failure		why;
	bool			good;

	if (options->n_arguments > 1) {
		command_usage("config", &why);
		return report_failure(log, options->errors, &why);
	}
	if (!tls_policy_check_groups(config, &set, &why) && set != NULL) {
		failure_prefix(&why, "%s: tls_groups: ", set->origin);
		return report_failure(log, options->errors, &why);
	}
	p.secrets = fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode);
	home = config_section(config, NULL, KEY_SMARTHOST);
	proxy = config_section(config, NULL, KEY_PROXY);
	for (enum config_key k = 0; k < CONFIG_KEYS; k++) {
		set = config_find(config, NULL, k);
		/* Not the password of another proxy. */
		if (set != NULL && k == KEY_PROXY_PASSWORD_FILE)
			set = proxy == NULL ? NULL :
			    config_credential(config, proxy, k);
		if (set != NULL && !is_credential(k))
			print_setting(&p, k, set);
		if (k == KEY_SMARTHOST && home != NULL)
			print_credentials(&p, home);
	}
	for (const struct section *s = config->first; s != NULL; s = s->next)
		if (s->pattern != NULL)
			print_section(&p, s);
	print_comments(&p);
	good = write_output(&p, &st, &why);
	buffer_wipe(&p.out);
	return good ? EX_OK : report_failure(log, options->errors, &why);
}
