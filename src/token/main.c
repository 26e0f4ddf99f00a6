/*
 * main.c - relais-token: access tokens of OAuth 2 for relais
 *
 * A program of its own, because sendmail must not map libcurl at each start.
 * Secrets are never in its arguments or its environment.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "token/answer.h"
#include "token/confine.h"
#include "token/http.h"
#include "token/login.h"
#include "token/renew.h"
#include "token/status.h"
#include "token/store.h"
#include "util/privilege.h"

enum { SHOW_USAGE = -1 };

/* The options of token and status. */
struct options {
	struct http_options	http;
	enum renew_reason	reason;
	const char		*name;
};

static bool
read_options(struct options *o, int argc, char **argv)
{
	static const struct option	known[] = {
		{ "renew", no_argument, NULL, 'r' },
		{ "ca", required_argument, NULL, 'c' },
		{ "proxy", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	int				c;

	*o = (struct options){ .http.timeout_ms = RENEW_HTTP_MS };
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'r')
			o->reason = RENEW_REFUSED_TOKEN;
		else if (c == 'c')
			o->http.ca = optarg;
		else if (c == 'p')
			o->http.proxy = optarg;
		else
			return false;
	}
	if (optind != argc - 1)
		return false;
	o->name = argv[optind];
	return true;
}

static int
flush_output(struct failure *why)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EX_OK;
	failed_errno(why, EX_IOERR, "cannot write to standard output");
	return why->status;
}

static int
print_token(struct store *s, const struct options *o, struct failure *why)
{
	if (!renew_token(s, &o->http, o->reason, why))
		return why->status;
	printf("%s\n", s->value[STORE_ACCESS_TOKEN]);
	return flush_output(why);
}

static int
print_status(struct store *s, const struct options *o, struct failure *why)
{
	(void)o;
	if (!store_read(s, why))
		return why->status;
	status_print(s);
	return flush_output(why);
}

/* A command that reads one login. */
static int
with_store(int argc, char **argv, int (*command)(struct store *,
    const struct options *, struct failure *))
{
	struct options	options;
	struct store	s;
	struct failure	why = { .status = EX_OK };
	int		status;

	if (!read_options(&options, argc, argv))
		return SHOW_USAGE;
	status = store_open(&s, options.name, false, &why) ?
	    command(&s, &options, &why) : why.status;
	store_close(&s);
	if (why.text[0] != '\0' && status != EX_OK)
		fprintf(stderr, "relais-token: %s\n", why.text);
	return status;
}

static int
token_command(int argc, char **argv)
{
	return with_store(argc, argv, print_token);
}

static int
status_command(int argc, char **argv)
{
	return with_store(argc, argv, print_status);
}

static int
run_login(int argc, char **argv)
{
	struct failure	why;
	int		status = login_run(argc, argv, &why);

	if (status == EX_OK)
		status = flush_output(&why);
	if (status != EX_OK && why.text[0] != '\0')
		fprintf(stderr, "relais-token: %s\n", why.text);
	return status != EX_OK && why.text[0] == '\0' ? SHOW_USAGE : status;
}

static const struct {
	const char	*name;
	int		(*run)(int argc, char **argv);	/* returns EX_* or
						 * SHOW_USAGE */
} commands[] = {
	{ "token", token_command },
	{ "status", status_command },
	{ "login", run_login },
};

int
main(int argc, char **argv)
{
	int	status = SHOW_USAGE;

	if (!privilege_begin())
		return EX_OSERR;
	/* If it is ignored, which is inherited, waitpid(2) has no status. */
	signal(SIGCHLD, SIG_DFL);
	if (argc > 1 && strcmp(argv[1], "login") != 0)
		confine_no_new_privileges();
	answer_wipe_memory();
	for (size_t i = 0; argc > 1 && i < sizeof(commands) /
	    sizeof(*commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			status = commands[i].run(argc - 1, argv + 1);
	if (status != SHOW_USAGE)
		return status;
	fprintf(stderr, "usage: relais-token token [--renew] [--ca PATH] "
	    "[--proxy environment] NAME\n"
	    "       relais-token status NAME\n"
	    "       relais-token login [OPTION ...] NAME\n");
	return EX_USAGE;
}
