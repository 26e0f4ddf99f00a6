/*
 * Every command that prints fails, and says why, if its output cannot be
 * written: a script must not take half of a list for the whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "support/cases.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/skip.h"

struct output_case {
	const char	*command;	/* for sh, with $build, $conf, $id of
					 * an entry, $dir and $url */
	int		 status;
};

#define RELAIS	"$build/relais -C $conf "

static const struct output_case cases[] = {
	{ "$build/relais help", EX_IOERR },
	{ "$build/relais help queue", EX_IOERR },
	{ "$build/relais help keys", EX_IOERR },
	{ "$build/sendmail --version", EX_IOERR },
	{ "$build/sendmail --help", EX_IOERR },
	{ "RELAIS_QUEUE=$dir/spool $build/mailq", EX_IOERR },
	{ RELAIS "-bp", EX_IOERR },
	{ RELAIS "-bP", EX_IOERR },
	{ RELAIS "-bv a@example.net", EX_IOERR },
	{ RELAIS "queue", EX_IOERR },
	{ RELAIS "queue list", EX_IOERR },
	{ RELAIS "queue list --json", EX_IOERR },
	{ RELAIS "queue show $id", EX_IOERR },
	{ RELAIS "queue show --json $id", EX_IOERR },
	{ RELAIS "queue status", EX_IOERR },
	{ RELAIS "queue status --json", EX_IOERR },
	{ RELAIS "queue status --metrics", EX_IOERR },
	{ RELAIS "route a@example.net", EX_IOERR },
	{ RELAIS "route --json a@example.net", EX_IOERR },
	{ RELAIS "config", EX_IOERR },
	{ RELAIS "check", EX_IOERR },
	{ RELAIS "check --json", EX_IOERR },
	{ RELAIS "-o smarthost=smtp://127.0.0.1:1 check", EX_TEMPFAIL },
	{ RELAIS "test a@example.net", EX_IOERR },
	{ RELAIS "import $dir/ssmtp.conf", EX_IOERR },
	{ "$build/relais -C $dir/new.conf import --write $dir/ssmtp.conf",
	    EX_IOERR },
	{ "$build/relais -C $dir/new.conf setup me@example.org --smarthost "
	    "$url --no-login --root boss@example.org --no-check", EX_IOERR },
	{ "$build/relais-token status $dir/tokens/work", EX_IOERR },
	{ "$build/relais-token token $dir/tokens/work", EX_IOERR },
};

/* The ID of the only entry. */
static void
find_entry(const char *spool, char id[32])
{
	char		 path[120];
	DIR		*d;
	struct dirent	*e;

	snprintf(path, sizeof(path), "%s/queue", spool);
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			strlcpy(id, e->d_name, 32);
	closedir(d);
}

static void
fails_with_a_reason(void **state)
{
	const struct output_case	*c = *state;
	struct queue_fixture		 p;
	struct program_result		 o;
	char				 command[600], id[32] = "", url[40];

	if (strstr(c->command, "relais-token") != NULL)
		skip_without_token();
	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	queue_fixture_put(&p, "me@example.org", WORDS("a@example.net", ""));
	find_entry(p.spool, id);
	temp_dir_write(&p.dir, "ssmtp.conf", 0600, "mailhub=mail.example\n");
	temp_dir_write(&p.dir, "tokens/work", 0600, "account = x\n"
	    "grant = refresh_token\ntoken_endpoint = https://a.example/t\n"
	    "client_id = x\nrenewed = 1\nexpires = 99999999999\n"
	    "refresh_token = r\naccess_token = a\n");
	snprintf(url, sizeof(url), "smtp://127.0.0.1:%u", p.host->port);
	snprintf(command, sizeof(command), "build=$0 conf=$1 dir=$2 id=$3 "
	    "url=$4; %s >/dev/full", c->command);
	program_run(&o, &(struct program){ .path = "/bin/sh", .argv = WORDS(
	    "sh", "-c", command, BUILD, p.conf, p.dir.path, id, url) });
	if (o.status != c->status || strstr(o.err.data,
	    ": cannot write to standard output") == NULL)
		fail_msg("status %d: %s", o.status, o.err.data);
	program_result_free(&o);
	queue_fixture_close(&p);
}

int
main(void)
{
	return CASES_RUN("a full output", fails_with_a_reason, cases);
}
