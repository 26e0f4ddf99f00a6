/* The key token: sendmail logs in with a token of relais-token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "support/authorization.h"
#include "support/cases.h"
#include "support/skip.h"
#include "support/tls_fixture.h"
#include "support/user.h"

#define PLAIN	"{\"refresh_tokens\": [\"refresh-1\"]}"
#define STEP(step) "{\"refresh_tokens\": [\"refresh-1\"], " \
		"\"token\": [" step "]}"
#define REFUSES	"535 5.7.3 Authentication unsuccessful"

enum { EXPIRED = -60, VALID = 3000 };

struct place {
	struct tls_fixture	s;
	struct authorization	server;
};

static void
accept_token(struct auth_exchange *x, const char *line)
{
	(void)line;
	strlcpy(x->reply, "235 2.7.0 Accepted", sizeof(x->reply));
}

/*
 * The token was issued an hour before it expires.  The smarthost can have a
 * Unix socket in the directory.
 */
static void
open_place_at(struct place *p, const char *socket, const struct step *step,
    const char *script, long expires)
{
	struct script	host = { .security = STARTTLS_OFFERED,
			    .mechanisms = "XOAUTH2", .auth = accept_token,
			    .auth_required = true };
	struct buffer	text = { 0 };
	long		now = (long)time(NULL);

	skip_without_token();
	if (step != NULL)
		host.steps[0] = *step;
	tls_fixture_begin(&p->s);
	if (socket != NULL) {
		host.address = temp_dir_path(&p->s.dir, socket);
		host.lmtp = true;
	}
	authorization_start(&p->server, &p->s.dir, &p->s.usual, script);
	buffer_addf(&text, "account = nina\ngrant = refresh_token\n"
	    "token_endpoint = %s/token\nclient_id = relais-test\n"
	    "renewed = %ld\nexpires = %ld\nrefresh_token = refresh-1\n"
	    "access_token = access-0\n", p->server.url, now + expires - 3600,
	    now + expires);
	temp_dir_write(&p->s.dir, "tokens/work", 0600, text.data);
	assert_int_equal(chmod(temp_dir_path(&p->s.dir, "tokens"), 0700), 0);
	tls_fixture_open(&p->s, &host, socket != NULL ? "lmtp" : "submission",
	    "tls = required\ntls_ca = {ca}\n"
	    "user = nina\ntoken = {dir}/tokens/work\nsocket = off\n");
	buffer_free(&text);
}

static void
open_place(struct place *p, const struct step *step, const char *script,
    long expires)
{
	open_place_at(p, NULL, step, script, expires);
}

static void
close_place(struct place *p)
{
	authorization_stop(&p->server);
	tls_fixture_close(&p->s);
}

struct token_case {
	const char	*sentence;
	struct step	 step;		/* of the smarthost */
	const char	*script;	/* of the authorization server */
	long		 expires;	/* seconds from now */
	int		 status;
	const char	*says;		/* or NULL */
	size_t		 connections;	/* to the smarthost */
	size_t		 requests;	/* to the authorization server */
};

static const struct token_case cases[] = {
	{ "a valid token is used", { .at = ON_END }, PLAIN, VALID, EX_OK, NULL,
	    1, 0 },
	{ "an expired token is renewed before the connection",
	    { .at = ON_END }, PLAIN, EXPIRED, EX_OK, NULL, 1, 1 },
	{ "a token that is refused is renewed once, and tried again",
	    { .at = ON_AUTH, .connection = 1, .say = REFUSES }, PLAIN, VALID,
	    EX_OK, NULL, 2, 1 },
	{ "a new token that is refused is not renewed again",
	    { .at = ON_AUTH, .say = REFUSES }, PLAIN, VALID, EX_NOPERM,
	    REFUSES, 2, 1 },
	{ "a token that was renewed just now is not renewed again",
	    { .at = ON_AUTH, .say = REFUSES }, PLAIN, EXPIRED, EX_NOPERM,
	    REFUSES, 1, 1 },
	{ "if the renewal fails, the refusal is reported",
	    { .at = ON_AUTH, .say = REFUSES }, STEP("{\"status\": 503}"),
	    VALID, EX_NOPERM, REFUSES, 1, 1 },
	{ "another reply than 535 is not about the token",
	    { .at = ON_AUTH, .say = "454 4.7.0 Temporary failure" }, PLAIN,
	    VALID, EX_TEMPFAIL, "454 4.7.0", 1, 0 },
	{ "the message is deferred if the token cannot be renewed for now",
	    { .at = ON_END }, STEP("{\"status\": 503}"), EXPIRED,
	    EX_TEMPFAIL, "relais.conf:", 0, 1 },
	{ "a login that has ended is reported with the remedy",
	    { .at = ON_END }, STEP("{\"error\": \"invalid_grant\"}"), EXPIRED,
	    EX_CONFIG, "invalid_grant; the login has ended; run: relais login ",
	    0, 1 },
};

static void
is_sent_or_reported(void **state)
{
	const struct token_case	*c = *state;
	struct place		 p;

	open_place(&p, &c->step, c->script, c->expires);
	tls_fixture_send(&p.s);
	if (p.s.o.status != c->status)
		fail_msg("status %d: %s", p.s.o.status, p.s.o.err.data);
	tls_fixture_said(&p.s, c->says);
	assert_int_equal(mock_smtp_connections(p.s.host), c->connections);
	assert_int_equal(authorization_count(&p.server, "\"/token\""),
	    c->requests);
	assert_int_equal(mock_smtp_messages(p.s.host), c->status == EX_OK);
	assert_null(strstr(p.s.o.err.data, "access-"));
	assert_null(strstr(p.s.o.err.data, "refresh-"));
	close_place(&p);
}

static void
a_new_token_may_find_the_smarthost_unreachable(void **state)
{
	const struct step	 refuses = { .at = ON_AUTH, .say = REFUSES,
				    .hold = true };
	struct running		*running;
	struct program		 program;
	struct place		 p;

	(void)state;
	open_place_at(&p, "lmtp", &refuses, PLAIN, VALID);
	program = tls_fixture_program(&p.s);
	running = program_start(&program);
	program_wait_output(running, "AUTH XOAUTH2");
	assert_int_equal(unlink(p.s.host->address), 0);
	mock_smtp_release(p.s.host);
	program_stop(running, 0, &p.s.o);
	assert_int_equal(p.s.o.status, EX_TEMPFAIL);
	tls_fixture_said(&p.s, "lmtp: No such file or directory");
	assert_int_equal(authorization_count(&p.server, "\"/token\""), 1);
	close_place(&p);
}

/* Another user than its owner: the message is for the service. */
static void
other_users_cannot_use_a_login(void **state)
{
	struct program	program;
	struct place	p;
	uid_t		nobody = NOBODY;

	(void)state;
	user_needs_root();
	open_place(&p, NULL, PLAIN, VALID);
	assert_int_equal(chmod(p.s.dir.path, 0755), 0);
	assert_int_equal(chmod(p.s.conf, 0644), 0);
	program = tls_fixture_program(&p.s);
	program.prepare = user_become;
	program.ctx = &nobody;
	program_run(&p.s.o, &program);
	assert_int_equal(p.s.o.status, EX_NOPERM);
	tls_fixture_said(&p.s, "no permission");
	assert_int_equal(mock_smtp_connections(p.s.host), 0);
	close_place(&p);
}

/* The proxy does not exist. */
static void
token_proxy_passes_the_proxy_of_the_environment(void **state)
{
	static const char *const	values[] = { "token_proxy=off",
						    "token_proxy=environment" };
	struct program			program;
	struct place			p;
	const char			*words[8];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		open_place(&p, NULL, PLAIN, EXPIRED);
		words[0] = "relais", words[1] = "-C", words[2] = p.s.conf;
		words[3] = "-o", words[4] = values[i];
		words[5] = "a@example.net", words[6] = NULL;
		program = tls_fixture_program(&p.s);
		program.argv = words;
		program.env = WORDS("HTTPS_PROXY=http://127.0.0.1:1");
		program_run(&p.s.o, &program);
		assert_int_equal(p.s.o.status, i == 0 ? EX_OK : EX_TEMPFAIL);
		if (i == 1)
			tls_fixture_said(&p.s, "127.0.0.1 port 1");
		assert_int_equal(authorization_count(&p.server, "\"/token\""),
		    i == 0);
		close_place(&p);
	}
}

static void
check_shows_the_login(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, NULL, PLAIN, VALID);
	relais_run(&p.s.o, p.s.conf, WORDS("check"), "");
	assert_non_null(strstr(p.s.o.out.data, "tokens/work: login of nina: "
	    "the access token was last renewed at "));
	close_place(&p);
}

static void
check_reports_a_missing_login(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, NULL, PLAIN, VALID);
	assert_int_equal(unlink(temp_dir_path(&p.s.dir, "tokens/work")), 0);
	relais_run(&p.s.o, p.s.conf, WORDS("check"), "");
	assert_int_equal(p.s.o.status, EX_CONFIG);
	assert_non_null(strstr(p.s.o.out.data,
	    "tokens/work: there is no login with this name (/"));
	assert_non_null(strstr(p.s.o.out.data, "-> run: relais login /"));
	close_place(&p);
}

static void
check_says_how_to_log_in_again(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, NULL, STEP("{\"error\": \"invalid_grant\"}"), EXPIRED);
	tls_fixture_send(&p.s);
	program_result_free(&p.s.o);
	relais_run(&p.s.o, p.s.conf, WORDS("check"), "");
	assert_non_null(strstr(p.s.o.out.data, "the last renewal failed at "));
	assert_non_null(strstr(p.s.o.out.data, "-> run: relais login /"));
	close_place(&p);
}

static void
metrics_have_the_expiry(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, NULL, PLAIN, VALID);
	relais_run(&p.s.o, p.s.conf, WORDS("queue", "status", "--metrics"), "");
	assert_non_null(strstr(p.s.o.out.data,
	    "relais_token_expiry_timestamp_seconds{token=\"/"));
	assert_non_null(strstr(p.s.o.out.data, "tokens/work\"} 1\n"));
	close_place(&p);
}

static void
relais_token_prints_the_token(void **state)
{
	struct place	 p;
	char		*name;

	(void)state;
	open_place(&p, NULL, PLAIN, EXPIRED);
	name = strdup(temp_dir_path(&p.s.dir, "tokens/work"));
	/* With tls_ca of the configuration. */
	relais_run(&p.s.o, p.s.conf, WORDS("token", name), "");
	assert_int_equal(p.s.o.status, 0);
	assert_int_equal(strncmp(p.s.o.out.data, "access-", 7), 0);
	free(name);
	close_place(&p);
}

/* Otherwise, a new refresh token of the server would be lost. */
static void
a_renewal_is_completed_if_sendmail_is_killed(void **state)
{
	struct program_result	 o;
	struct running		*running;
	struct program		 program;
	struct place		 p;
	char			*name, script[300];

	(void)state;
	open_place(&p, NULL, PLAIN, EXPIRED);
	name = strdup(temp_dir_path(&p.s.dir, "tokens/work"));
	snprintf(script, sizeof(script), STEP("{\"hold\": \"%s/go\"}, null"),
	    p.s.dir.path);
	authorization_script(&p.server, script);
	temp_dir_write(&p.s.dir, "message", 0600, "Subject: x\n\nhi\n");
	program = tls_fixture_program(&p.s);
	program.input = NULL;
	program.input_file = temp_dir_path(&p.s.dir, "message");
	running = program_start(&program);
	authorization_wait(&p.server, "\"/token\"", 1);
	program_stop(running, SIGKILL, &o);
	program_result_free(&o);

	/* It waits until the first renewal is complete. */
	program = (struct program){ .argv = WORDS("relais-token", "token",
	    "--ca", p.s.usual.ca, name) };
	running = program_start(&program);
	temp_dir_write(&p.s.dir, "go", 0600, "");
	program_stop(running, 0, &o);
	assert_int_equal(o.status, 0);
	assert_int_equal(authorization_count(&p.server, "\"/token\""), 1);
	program_result_free(&o);
	free(name);
	close_place(&p);
}

/* Sets the age of the login in days. */
static void
set_age(struct place *p, int age)
{
	const char	*name = temp_dir_path(&p->s.dir, "tokens/work");
	struct timespec	 times[2] = { { .tv_nsec = UTIME_OMIT },
			    { .tv_sec = time(NULL) - age * 86400L } };

	assert_int_equal(utimensat(AT_FDCWD, name, times, 0), 0);
}

/* Queue runs on schedule, with this age of the login in days. */
static void
runs_queue(struct place *p, int age)
{
	char	queue[120];

	snprintf(queue, sizeof(queue), "queue=%s/spool", p->s.dir.path);
	for (size_t i = 0; i < 3; i++)
		temp_dir_write(&p->s.dir, (const char *[]){ "spool/queue/.new",
		    "spool/tmp/.new", "spool/failed/.new" }[i], 0600, "");
	set_age(p, age);
	for (int i = 0; i < 2; i++) {
		program_result_free(&p->s.o);
		relais_run(&p->s.o, p->s.conf, WORDS("-o", queue, "queue",
		    "run"), "");
		assert_int_equal(p->s.o.status, 0);
	}
}

static void
an_idle_login_is_renewed_once(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, NULL, PLAIN, VALID);
	runs_queue(&p, 6);
	assert_int_equal(authorization_count(&p.server, "\"/token\""), 0);
	runs_queue(&p, 8);
	assert_int_equal(authorization_count(&p.server, "\"/token\""), 1);
	close_place(&p);
}

/* The last of two queue runs does not try again: the file is new. */
static void
a_renewal_of_an_idle_login_that_fails_is_logged(void **state)
{
	struct place	p;
	char		text[200];

	(void)state;
	open_place(&p, NULL, STEP("{\"status\": 503}"), VALID);
	runs_queue(&p, 8);
	assert_int_equal(authorization_count(&p.server, "\"/token\""), 1);
	assert_string_equal(p.s.o.err.data, "");
	set_age(&p, 8);
	snprintf(text, sizeof(text), "queue=%s/spool", p.s.dir.path);
	program_result_free(&p.s.o);
	relais_run(&p.s.o, p.s.conf, WORDS("-o", text, "-o", "log=stderr",
	    "queue", "run"), "");
	assert_int_equal(p.s.o.status, 0);
	tls_fixture_said(&p.s, "relais.conf:");
	tls_fixture_said(&p.s, ": token: ");
	close_place(&p);
}

static int
run_with_queue(struct place *p, const char *const *words)
{
	char		 queue[120];
	const char	*all[8] = { "-o", queue };

	snprintf(queue, sizeof(queue), "queue=%s/spool", p->s.dir.path);
	for (size_t i = 0; words[i] != NULL; i++)
		all[i + 2] = words[i];
	program_result_free(&p->s.o);
	relais_run(&p->s.o, p->s.conf, all, "Subject: x\n\nhi\n");
	return p->s.o.status;
}

/* relais login changes the time of the lock file. */
static void
after_a_new_login_waiting_messages_are_sent(void **state)
{
	const char	*lock;
	struct place	 p;

	(void)state;
	open_place(&p, NULL, STEP("{\"error\": \"invalid_grant\"}"), EXPIRED);
	assert_int_equal(run_with_queue(&p, WORDS("a@example.net")),
	    EX_CONFIG);
	/* The next ones wait, and do not ask the server. */
	assert_int_equal(run_with_queue(&p, WORDS("a@example.net")), EX_OK);
	assert_int_equal(run_with_queue(&p, WORDS("queue", "run")), EX_OK);
	assert_int_equal(authorization_count(&p.server, "\"/token\""), 1);

	authorization_script(&p.server, PLAIN);
	lock = temp_dir_path(&p.s.dir, "tokens/.work.lock");
	assert_int_equal(utimensat(AT_FDCWD, lock, NULL, 0), 0);
	assert_int_equal(run_with_queue(&p, WORDS("queue", "run")), EX_OK);
	assert_int_equal(mock_smtp_messages(p.s.host), 1);
	close_place(&p);
}

static const struct CMUnitTest more[] = {
	cmocka_unit_test(a_new_token_may_find_the_smarthost_unreachable),
	cmocka_unit_test(other_users_cannot_use_a_login),
	cmocka_unit_test(token_proxy_passes_the_proxy_of_the_environment),
	cmocka_unit_test(check_shows_the_login),
	cmocka_unit_test(check_reports_a_missing_login),
	cmocka_unit_test(check_says_how_to_log_in_again),
	cmocka_unit_test(metrics_have_the_expiry),
	cmocka_unit_test(relais_token_prints_the_token),
	cmocka_unit_test(a_renewal_is_completed_if_sendmail_is_killed),
	cmocka_unit_test(an_idle_login_is_renewed_once),
	cmocka_unit_test(a_renewal_of_an_idle_login_that_fails_is_logged),
	cmocka_unit_test(after_a_new_login_waiting_messages_are_sent),
};

int
main(void)
{
	return CASES_RUN("token", is_sent_or_reported, cases) +
	    cmocka_run_group_tests_name("login", more, NULL, NULL);
}
