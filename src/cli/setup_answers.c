#include "cli/setup_answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "config/check.h"
#include "config/keys.h"
#include "config/section.h"
#include "config/smarthost.h"
#include "setup/discover.h"
#include "util/text.h"
#include "util/trusted.h"

enum { SECRET_MAX = 64 * 1024, DISCOVER_MS = 30000 };

static const char answer_names[ANSWERS][20] = {
	[ANSWER_SMARTHOST] = "--smarthost", [ANSWER_USER] = "--user",
	[ANSWER_PASSWORD_FILE] = "--password-file",
	[ANSWER_PASSWORD_COMMAND] = "--password-command",
	[ANSWER_TOKEN] = "--token",
	[ANSWER_TOKEN_COMMAND] = "--token-command", [ANSWER_ROOT] = "--root",
	[ANSWER_GROUP] = "--group",
};

static bool
parse_options(struct setup_answers *s, struct failure *why)
{
	const struct options	*o = s->options;

	for (int i = 1; i < o->n_arguments; i++) {
		const char	*word = o->arguments[i];
		int		 n = 0;

		while (n < ANSWERS && strcmp(word, answer_names[n]) != 0)
			n++;
		if (n < ANSWERS && i + 1 < o->n_arguments)
			s->given[n] = o->arguments[++i];
		else if (strcmp(word, "--password-stdin") == 0)
			s->password_stdin = true;
		else if (strcmp(word, "--no-login") == 0)
			s->no_login = true;
		else if (strcmp(word, "--force") == 0)
			s->force = true;
		else if (strcmp(word, "--no-check") == 0)
			s->no_check = true;
		else if (strcmp(word, "--test") == 0)
			s->test = true;
		else if (word[0] != '-' && s->address == NULL)
			s->address = word;
		else
			return command_usage("setup", why);
	}
	return true;
}

/* The number of options for the password or token. */
static int
login_options(const struct setup_answers *s)
{
	return (s->given[ANSWER_PASSWORD_FILE] != NULL) +
	    (s->given[ANSWER_PASSWORD_COMMAND] != NULL) +
	    (s->given[ANSWER_TOKEN] != NULL) +
	    (s->given[ANSWER_TOKEN_COMMAND] != NULL) + s->password_stdin +
	    s->no_login;
}

static bool
check_login_options(const struct setup_answers *s, struct failure *why)
{
	if (login_options(s) > 1)
		return failed(why, EX_USAGE, "--password-stdin, "
		    "--password-file, --password-command, --token, "
		    "--token-command and --no-login cannot be combined");
	return s->given[ANSWER_USER] == NULL || !s->no_login || failed(why,
	    EX_USAGE, "--user and --no-login cannot be combined");
}

/* Without a terminal, names all options that are missing. */
static bool
require_options(const struct setup_answers *s, struct failure *why)
{
	struct buffer	missing = { 0 };
	bool		good;

	if (s->address == NULL)
		buffer_add_text(&missing, " ADDRESS,");
	if (s->given[ANSWER_SMARTHOST] == NULL)
		buffer_add_text(&missing, " --smarthost,");
	if (s->given[ANSWER_USER] == NULL && !s->no_login)
		buffer_add_text(&missing, " --user or --no-login,");
	if (login_options(s) == 0)
		buffer_add_text(&missing, " --password-stdin, "
		    "--password-file, --password-command, --token or "
		    "--token-command,");
	if (s->given[ANSWER_ROOT] == NULL)
		buffer_add_text(&missing, " --root,");
	good = missing.len == 0 || failed(why, EX_USAGE, "without a terminal, "
	    "all answers must be on the command line; missing:%.*s",
	    (int)missing.len - 1, missing.data);
	buffer_free(&missing);
	return good;
}

bool
setup_answers_parse(struct setup_answers *s, struct failure *why)
{
	return parse_options(s, why) && check_login_options(s, why) &&
	    (s->terminal || require_options(s, why));
}

bool
setup_answers_may_have_secret(const struct setup_answers *s)
{
	return s->password_stdin || login_options(s) == 0;
}

static bool
set_key(struct setup_answers *s, enum config_key key, const char *value,
    const char *origin, struct failure *why)
{
	return section_set(s->top, key, value, strlen(value), origin, why) ||
	    failure_prefix(why, "%s: ", origin);
}

static const char *
value_in(const struct config *config, enum config_key key)
{
	const struct setting	*set = config->first != NULL ?
				    config->first->setting[key] : NULL;

	return set != NULL ? set->value : NULL;
}

const char *
setup_answers_value(const struct setup_answers *s, enum config_key key)
{
	return value_in(&s->config, key);
}

/* Whether the user changes answers: the earlier ones are the suggestions. */
static bool
is_change(const struct setup_answers *s)
{
	return s->earlier.first != NULL;
}

/* An answer about the smarthost can be the name of a provider in the table. */
static const char *
smarthost_of(const struct setup_answers *s, enum config_key key,
    const char *answer)
{
	const struct provider	*p = key == KEY_SMARTHOST ?
				    provider_by_id(&s->table, answer) : NULL;

	return p != NULL ? p->value[PROVIDER_SMARTHOST] : answer;
}

/* Sets a key; if the answer is not valid, prints the reason. */
static bool
accept_answer(struct setup_answers *s, enum config_key key, const char *answer)
{
	if (set_key(s, key, smarthost_of(s, key, answer), "answer", &s->why))
		return true;
	output_text(s->why.text);
	putchar('\n');
	return false;
}

/*
 * Sets a key to the given value or, on a terminal, asks until the answer is
 * valid.  False with s->why, or with .stopped.
 */
static bool
set_answer(struct setup_answers *s, enum config_key key, const char *given,
    const char *question, const char *suggestion)
{
	bool	good = false;

	if (given != NULL)
		return set_key(s, key, smarthost_of(s, key, given), "option",
		    &s->why);
	while (!good && !s->stopped) {
		char	*answer = ask(question, suggestion);

		s->stopped = answer == NULL;
		good = answer != NULL && accept_answer(s, key, answer);
		free(answer);
	}
	return good;
}

/* As set_answer(), and suggests the earlier answer, if there is one. */
static bool
set_changed(struct setup_answers *s, enum config_key key, const char *given,
    const char *question, const char *suggestion)
{
	const char	*earlier = value_in(&s->earlier, key);

	return set_answer(s, key, given, question, earlier != NULL ? earlier :
	    suggestion);
}

/*
 * The smarthost for the domain of the sender: the earlier answer, or one that
 * is found now; or NULL.
 */
static const char *
suggest_smarthost(struct setup_answers *s, struct discovery *d)
{
	const char	*from = setup_answers_value(s, KEY_FROM);
	const char	*domain = strrchr(from, '@') + 1;
	const char	*before = value_in(&s->earlier, KEY_FROM);
	struct failure	 why;

	if (before != NULL && strcasecmp(strrchr(before, '@') + 1,
	    domain) == 0)
		return value_in(&s->earlier, KEY_SMARTHOST);
	printf("Looking for the smarthost of ");
	output_text(domain);
	printf(" ...\n");
	fflush(stdout);
	if (!discover(d, &s->table, domain, DISCOVER_MS, &why)) {
		printf("Found none: ");
		output_text(why.text);
		putchar('\n');
		return NULL;
	}
	printf("Found: %s\n       (", d->smarthost);
	output_text(d->reason);
	printf(")\n");
	return d->smarthost;
}

static bool
choose_smarthost(struct setup_answers *s)
{
	const char		*given = s->given[ANSWER_SMARTHOST];
	const char		*suggestion = NULL;
	struct smarthost_list	 list = { 0 };
	struct discovery	 d;
	struct failure		 why;
	bool			 good;

	if (given == NULL && s->terminal)
		suggestion = suggest_smarthost(s, &d);
	good = set_answer(s, KEY_SMARTHOST, given,
	    "Smarthost (host name or URL)", suggestion);
	if (good && smarthost_list_parse(&list, setup_answers_value(s,
	    KEY_SMARTHOST), &why) && list.host[0].host != NULL)
		s->provider = provider_by_smarthost(&s->table,
		    list.host[0].host);
	smarthost_list_free(&list);
	return good;
}

/* Prints what the provider requires. */
static void
explain_provider(const struct provider *p)
{
	printf("%s: the login requires %s.\n", p->value[PROVIDER_NAME],
	    provider_login_text(p->login));
	if (p->value[PROVIDER_NOTE] != NULL)
		printf("  %s.\n", p->value[PROVIDER_NOTE]);
	if (p->value[PROVIDER_PAGE] != NULL)
		printf("  See %s\n", p->value[PROVIDER_PAGE]);
	if (p->sender == PROVIDER_SENDER_VERIFIED)
		printf("  The sender must be verified with the provider.\n");
}

/* Asks until the answer is valid.  False with .stopped. */
static bool
ask_user(struct setup_answers *s, const char *suggestion)
{
	bool	good = false;

	while (!good && !s->stopped) {
		char	*answer = ask("User name, or - for no login",
			    suggestion);

		s->stopped = answer == NULL;
		s->no_login = answer != NULL && strcmp(answer, "-") == 0;
		good = answer != NULL && (s->no_login ||
		    accept_answer(s, KEY_USER, answer));
		free(answer);
	}
	return good;
}

static bool
choose_user(struct setup_answers *s)
{
	const struct provider	*p = s->provider;
	const char		*user = s->given[ANSWER_USER];
	const char		*from = setup_answers_value(s, KEY_FROM);
	const char		*suggestion = p == NULL ||
				    p->user == PROVIDER_USER_ADDRESS ? from :
				    NULL;

	if (s->no_login)
		return true;
	if (user == NULL && p != NULL && p->user == PROVIDER_USER_FIXED)
		user = p->fixed_user;
	else if (user == NULL && p != NULL && !is_change(s) &&
	    p->user == PROVIDER_USER_ADDRESS)
		user = from;
	if (user != NULL)
		return set_answer(s, KEY_USER, user, "", NULL);
	if (is_change(s))
		suggestion = value_in(&s->earlier, KEY_USER) != NULL ?
		    value_in(&s->earlier, KEY_USER) : "-";
	return ask_user(s, suggestion);
}

static bool
check_secret(const struct buffer *secret, struct failure *why)
{
	const char	*text = secret->data;
	size_t		 len = secret->len;

	if (memchr(text, '\n', len) != NULL)
		return failed(why, EX_DATAERR, "the password has more than one "
		    "line");
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') ||
		    text[i] == 127)
			return failed(why, EX_DATAERR, "the password contains "
			    "a control character, perhaps that of an arrow "
			    "key; if it is part of the password, write the "
			    "password to a file and use --password-file");
	if (text_is_blank(text[0]) || text_is_blank(text[len - 1]))
		return failed(why, EX_DATAERR, "the password begins or ends "
		    "with a blank, perhaps because too much was copied; if the "
		    "blank is part of the password, write the password to a "
		    "file and use --password-file");
	return true;
}

static bool
read_secret(struct setup_answers *s, struct failure *why)
{
	char	block[1024];
	size_t	n;

	while ((n = fread(block, 1, sizeof(block), stdin)) > 0 &&
	    s->secret.len <= SECRET_MAX)
		buffer_add(&s->secret, block, n);
	explicit_bzero(block, sizeof(block));
	if (s->secret.len > SECRET_MAX)
		return failed(why, EX_DATAERR, "--password-stdin: the password "
		    "is too long");
	buffer_add_text(&s->secret, "");
	return trusted_value(&s->secret, "--password-stdin", why) &&
	    check_secret(&s->secret, why);
}

static const struct { enum answer answer; enum config_key key; }
secret_options[] = {
	{ ANSWER_PASSWORD_FILE, KEY_PASSWORD_FILE },
	{ ANSWER_PASSWORD_COMMAND, KEY_PASSWORD_COMMAND },
	{ ANSWER_TOKEN, KEY_TOKEN },
	{ ANSWER_TOKEN_COMMAND, KEY_TOKEN_COMMAND },
};

enum { SECRET_OPTIONS = sizeof(secret_options) / sizeof(*secret_options) };

/* The setting of the earlier password, or CONFIG_KEYS. */
static enum config_key
earlier_secret(const struct setup_answers *s)
{
	for (size_t i = 0; i < SECRET_OPTIONS; i++)
		if (value_in(&s->earlier, secret_options[i].key) != NULL)
			return secret_options[i].key;
	return CONFIG_KEYS;
}

/*
 * Asks until the password is valid; an empty line keeps the earlier one.  False
 * with why, or with .stopped.
 */
static bool
ask_password(struct setup_answers *s, struct failure *why)
{
	const struct provider	*p = s->provider;
	enum config_key		 earlier = earlier_secret(s);
	struct buffer		 question = { 0 }, answer = { 0 };
	struct failure		 problem;
	bool			 good = false;

	buffer_addf(&question, "Password (%s; it is not shown)%s: ",
	    p != NULL ? provider_login_text(p->login) : "of the account",
	    earlier != CONFIG_KEYS ? " [unchanged]" : "");
	while (!good) {
		s->stopped = !ask_secret(&answer, question.data);
		if (s->stopped ||
		    (answer.len == 0 && earlier != CONFIG_KEYS))
			break;
		good = answer.len > 0 && check_secret(&answer, &problem);
		if (!good && answer.len > 0)
			printf("%s\n", problem.text);
	}
	buffer_free(&question);
	if (good) {
		buffer_wipe(&s->secret);
		s->secret = answer;
		return set_key(s, KEY_PASSWORD_FILE, s->secret_path, "secret",
		    why);
	}
	buffer_wipe(&answer);
	return !s->stopped && set_key(s, earlier,
	    value_in(&s->earlier, earlier), "answer", why);
}

static bool
choose_secret(struct setup_answers *s, struct failure *why)
{
	const struct provider	*p = s->provider;

	if (s->no_login) {
		buffer_wipe(&s->secret);
		return true;
	}
	for (size_t i = 0; i < SECRET_OPTIONS; i++)
		if (s->given[secret_options[i].answer] != NULL)
			return set_key(s, secret_options[i].key,
			    s->given[secret_options[i].answer],
			    answer_names[secret_options[i].answer], why);
	/* A terminal would show it. */
	if (s->password_stdin)
		return isatty(STDIN_FILENO) ? ask_password(s, why) :
		    read_secret(s, why) && set_key(s, KEY_PASSWORD_FILE,
		    s->secret_path, "secret", why);
	if (p != NULL && p->login == LOGIN_OAUTH) {
		buffer_wipe(&s->secret);
		return set_changed(s, KEY_TOKEN, NULL,
		    "Name of the login that relais login has stored", NULL);
	}
	return ask_password(s, why);
}

/* The settings of -o. */
static bool
set_overrides(struct setup_answers *s, struct failure *why)
{
	const char	**o = s->options->overrides;
	enum config_key	  key;

	for (; o != NULL && *o != NULL; o++) {
		size_t	len = strcspn(*o, "=");

		if ((*o)[len] == '\0' || !key_find(*o, len, &key) ||
		    config_is_secret(key))
			return failed(why, EX_USAGE, "-o %.*s: setup cannot "
			    "write this setting", (int)len, *o);
		if (!set_key(s, key, *o + len + 1, "-o", why))
			return false;
	}
	return true;
}

/* Sets a key that the provider requires, unless -o sets it. */
static bool
set_of_provider(struct setup_answers *s, enum config_key key, const char *value,
    struct failure *why)
{
	return value == NULL || s->top->setting[key] != NULL ||
	    set_key(s, key, value, "provider", why);
}

/* False with why, or with .stopped. */
bool
setup_answers_complete(struct setup_answers *s, struct failure *why)
{
	if (s->top == NULL)
		s->top = section_insert(&s->config.first, SECTION_TOP);
	if (!set_overrides(s, why) ||
	    !set_changed(s, KEY_FROM, s->address,
	    "Address that sends the mail of this machine", NULL) ||
	    !choose_smarthost(s))
		return false;
	if (s->provider != NULL && s->terminal && !s->no_login)
		explain_provider(s->provider);
	if (!choose_user(s) || !choose_secret(s, why) ||
	    !set_changed(s, KEY_ROOT, s->given[ANSWER_ROOT],
	    "Address that receives mail to root", setup_answers_value(s,
	    KEY_FROM)))
		return false;
	if (s->provider != NULL && (!set_of_provider(s, KEY_FROM_MODE,
	    s->provider->sender == PROVIDER_SENDER_ACCOUNT ? "always" : NULL,
	    why) || !set_of_provider(s, KEY_CONNECTIONS,
	    s->provider->value[PROVIDER_CONNECTIONS], why) ||
	    !set_of_provider(s, KEY_PACE, s->provider->value[PROVIDER_PACE],
	    why)))
		return false;
	return config_check(&s->config, why);
}

void
setup_answers_change(struct setup_answers *s)
{
	config_free(&s->earlier);
	s->earlier = s->config;
	s->config = (struct config){ .first = NULL };
	s->top = NULL;
	s->provider = NULL;
	s->address = NULL;
	s->no_login = false;
	s->password_stdin = false;
	for (enum answer a = 0; a < ANSWERS; a++)
		if (a != ANSWER_GROUP)
			s->given[a] = NULL;
}

void
setup_answers_write(const struct setup_answers *s, struct buffer *text)
{
	buffer_add_text(text, "# Written by relais setup; see "
	    "relais.conf(5).\n");
	for (enum config_key k = 0; k < CONFIG_KEYS; k++) {
		const struct setting	**all;
		size_t			  n;

		if (s->top->setting[k] == NULL)
			continue;
		all = config_in_order(s->top->setting[k], &n);
		for (size_t i = 0; i < n; i++)
			buffer_addf(text, "%-13s = %s\n", config_key_name(k),
			    all[i]->value);
		free(all);
	}
}

void
setup_answers_free(struct setup_answers *s)
{
	provider_table_free(&s->table);
	buffer_wipe(&s->secret);
	config_free(&s->config);
	config_free(&s->earlier);
}
