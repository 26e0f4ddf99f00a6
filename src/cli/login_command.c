#include "cli/login_command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/login_options.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/setup_verify.h"
#include "config/section.h"
#include "config/smarthost.h"
#include "config/token_program.h"
#include "config/token_status.h"
#include "setup/oauth_provider.h"
#include "setup/provider.h"
#include "setup/table.h"
#include "util/buffer.h"
#include "util/installed.h"
#include "util/memory.h"

enum { MORE_WORDS = 12 };

#define ORIGIN	"answer"

struct login {
	const struct options	*options;
	const struct config	*config;
	const struct section	*section;	/* that uses the login; NULL:
						 * none */
	struct login_options	 o;
	struct token_request	 request;	/* .ca and .use_proxy */
	char			*usual_provider;	/* or NULL */
	char			*account;
	char			*smarthost;	/* a URL */
	struct provider_table	 table;
};

/* The setting of the section, or of the top of the file; or NULL. */
static const struct setting *
find(const struct login *l, enum config_key key)
{
	if (l->section != NULL && l->section->setting[key] != NULL)
		return l->section->setting[key];
	return config_find(l->config, NULL, key);
}

static const char *
value_of(const struct login *l, enum config_key key)
{
	const struct setting	*set = find(l, key);

	return set != NULL ? set->value : NULL;
}

/* The provider of the smarthost, if it is in the table. */
static void
find_usual_provider(struct login *l)
{
	const char		*url = value_of(l, KEY_SMARTHOST);
	struct smarthost_list	 list = { 0 };
	struct oauth_provider	 p = { .id = NULL };
	struct failure		 ignored;

	if (url == NULL)
		return;
	if (smarthost_list_parse(&list, url, &ignored) &&
	    list.host[0].host != NULL && oauth_provider_by_smarthost(&p,
	    list.host[0].host, &ignored) && p.id != NULL)
		l->usual_provider = memory_copy(p.id);
	smarthost_list_free(&list);
	oauth_provider_free(&p);
}

static void
add(const char **argv, size_t *n, const char *option, const char *value)
{
	if (value == NULL)
		return;
	argv[(*n)++] = option;
	argv[(*n)++] = value;
}

_Noreturn static void
become_token_program(const struct login *l)
{
	const struct options	 *o = l->options;
	const char		**argv;
	size_t			  n = 0;
	struct failure		  why;

	argv = memory_new((size_t)o->n_arguments + MORE_WORDS, sizeof(*argv));
	argv[n++] = "relais-token";
	argv[n++] = "login";
	n += token_program_options(argv + n, &l->request);
	add(argv, &n, "--usual-provider", l->usual_provider);
	add(argv, &n, "--usual-user", value_of(l, KEY_USER));
	for (int i = 1; i < o->n_arguments; i++)
		argv[n++] = o->arguments[i];
	execve(installed_relais_token(), (char *const *)argv, environ);
	failed_errno(&why, EX_OSERR, "%s", installed_relais_token());
	report_line(why.text);
	_exit(EX_OSERR);
}

/*
 * Returns the status of relais-token.  A signal from the terminal is for it; if
 * it ends because of it, so does this process.
 */
static int
run_token_program(const struct login *l, struct failure *why)
{
	struct sigaction	ignore = { .sa_handler = SIG_IGN };
	struct sigaction	interrupt, quit;
	pid_t			pid, ended = -1;
	int			status;

	if (access(installed_relais_token(), X_OK) == -1) {
		token_program_missing(why);
		return why->status;
	}
	fflush(stdout);
	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	pid = fork();
	if (pid == 0) {
		sigaction(SIGINT, &interrupt, NULL);
		sigaction(SIGQUIT, &quit, NULL);
		become_token_program(l);
	}
	while (pid != -1 && (ended = waitpid(pid, &status, 0)) == -1 &&
	    errno == EINTR)
		continue;
	if (ended == -1)
		failed_errno(why, EX_OSERR, "cannot run relais-token");
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	if (ended == -1)
		return why->status;
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
		return EX_SOFTWARE;
	}
	return WEXITSTATUS(status);
}

/* The URL of the first smarthost of an authorization server. */
static void
find_smarthost(struct login *l, const char *provider)
{
	struct oauth_provider	 p;
	const struct provider	*known;
	const char		*list, *word;
	struct buffer		 url = { 0 };
	struct failure		 ignored;
	char			*host;
	size_t			 len;

	if (!oauth_provider_find(&p, provider, &ignored))
		return;
	list = p.value[OAUTH_SMARTHOST];
	if ((len = table_next_word(&list, &word)) > 0) {
		host = memory_copy_n(word, len);
		known = provider_by_smarthost(&l->table, host);
		if (known != NULL)
			buffer_add_text(&url,
			    known->value[PROVIDER_SMARTHOST]);
		else
			buffer_addf(&url, "submission://%s", host);
		l->smarthost = buffer_take(&url);
		free(host);
	}
	oauth_provider_free(&p);
}

/* Reads the login that relais-token has stored. */
static bool
read_login(struct login *l, struct failure *why)
{
	struct token_status	stored;

	if (!token_status_read(&stored, l->o.name, why))
		return false;
	if (stored.account[0] == '\0')
		return failed(why, EX_SOFTWARE, "%s: the login has no account",
		    l->o.name);
	l->account = memory_copy(stored.account);
	if (value_of(l, KEY_SMARTHOST) != NULL)
		l->smarthost = memory_copy(value_of(l, KEY_SMARTHOST));
	else if (stored.provider[0] != '\0')
		find_smarthost(l, stored.provider);
	return true;
}

/* The sender: from, or the account if it is an address. */
static const char *
sender_of(const struct login *l)
{
	const char	*from = value_of(l, KEY_FROM);

	if (from == NULL && strchr(l->account, '@') != NULL)
		from = l->account;
	return from;
}

static bool
set(struct section *to, enum config_key key, const char *value,
    struct failure *why)
{
	return value == NULL || section_set(to, key, value, strlen(value),
	    ORIGIN, why);
}

/*
 * Logs in to the smarthost with all settings of the section, but with this
 * login.
 */
static int
verify(const struct login *l, struct failure *why)
{
	struct config	 config = { 0 };
	struct section	*top = section_insert(&config.first, SECTION_TOP);
	bool		 good;
	int		 status = EX_CONFIG;

	good = set(top, KEY_SMARTHOST, l->smarthost, why) &&
	    set(top, KEY_USER, l->account, why) &&
	    set(top, KEY_TOKEN, l->o.name, why) &&
	    set(top, KEY_FROM, sender_of(l), why);
	for (enum config_key k = 0; good && k < CONFIG_KEYS; k++)
		if (top->setting[k] == NULL && find(l, k) != NULL &&
		    (k < KEY_USER || k > KEY_TOKEN_COMMAND))
			good = section_copy(top, k, find(l, k), ORIGIN, why);
	if (good)
		status = setup_verify(top, NULL, &l->table);
	config_free(&config);
	return status;
}

static void
print_key(const char *name, const char *value)
{
	printf("    %s = ", name);
	output_text(value);
	printf("\n");
}

/*
 * The lines for relais.conf, without those that it has.  If it has them all, a
 * login that passed its test can send the messages that wait for it.
 */
static void
print_lines(const struct login *l, int status)
{
	const struct setting	*user = find(l, KEY_USER);
	const struct setting	*secret;

	if (l->section != NULL) {
		printf("\nrelais.conf uses this login (%s).%s\n",
		    l->section->setting[KEY_TOKEN]->origin,
		    status != EX_OK ? "" : "  To send waiting messages now, "
		    "run: relais queue flush");
		return;
	}
	printf("\nLines for relais.conf:\n\n");
	if (find(l, KEY_SMARTHOST) == NULL)
		print_key("smarthost", l->smarthost != NULL ? l->smarthost :
		    "submission://HOST");
	if (user == NULL || strcmp(user->value, l->account) != 0)
		print_key("user", l->account);
	if (find(l, KEY_FROM) == NULL && sender_of(l) != NULL)
		print_key("from", sender_of(l));
	print_key("token", l->o.name);
	for (enum config_key k = KEY_PASSWORD; k <= KEY_TOKEN_COMMAND; k++)
		if ((secret = find(l, k)) != NULL)
			printf("\nRemove %s (%s), which this login replaces."
			    "\n", config_key_name(k), secret->origin);
}

static int
test_login(struct login *l, struct failure *why)
{
	int	status = EX_OK;

	if (!read_login(l, why))
		return why->status;
	if (l->o.no_check)
		;
	else if (l->smarthost == NULL)
		printf("The login was not tested, because the smarthost is not "
		    "known.\n");
	else
		status = verify(l, why);
	print_lines(l, status);
	if (status != EX_OK && why->text[0] == '\0')
		failed(why, status, "%s: the login is stored, but its test "
		    "failed: see above", l->o.name);
	return status;
}

int
login_command(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct login	l = { .options = options, .config = config };
	struct failure	why;
	int		status;

	if (!login_options_parse(&l.o, options->n_arguments,
	    options->arguments, &why)) {
		if (why.text[0] == '\0')
			command_usage("login", &why);
		return report_failure(log, options->errors, &why);
	}
	why.text[0] = '\0';
	l.section = token_program_section(config, l.o.name);
	token_program_configure(&l.request, config, l.section != NULL ?
	    l.section : &(const struct section){ .kind = SECTION_TOP });
	find_usual_provider(&l);
	if (!provider_table_read(&l.table, installed_providers(), &why))
		why.text[0] = '\0';
	status = run_token_program(&l, &why);
	if (status == EX_OK)
		status = test_login(&l, &why);
	if (why.text[0] != '\0')
		report_failure(log, options->errors, &why);
	provider_table_free(&l.table);
	free(l.usual_provider);
	free(l.account);
	free(l.smarthost);
	return status;
}
