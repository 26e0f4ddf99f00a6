/* relais-token token: the cache, and renewals with a scripted server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "support/authorization.h"
#include "support/cases.h"
#include "support/certificate.h"
#include "support/program.h"
#include "support/skip.h"
#include "support/temp_dir.h"

#define PLAIN	"{\"refresh_tokens\": [\"refresh-1\"]}"
#define STEP(step) "{\"refresh_tokens\": [\"refresh-1\"], " \
		"\"token\": [" step ", null]}"
#define ASKED	"\"/token\""

enum { EXPIRED = -60, ENDING = 120, VALID = 3000 };

struct place {
	struct temp_dir			 dir;
	struct usual_certificates	 usual;
	struct authorization		 server;
	char				 name[100];	/* of the login: a path */
	struct program_result		 o;
	struct buffer			 file;
};

/* Writes a login whose token was issued at, and expires at, now + seconds. */
static void
write_login(struct place *p, long issued, long expires, const char *more)
{
	struct buffer	text = { 0 };
	long		now = (long)time(NULL);

	buffer_addf(&text, "account = nina@example.org\n"
	    "grant = refresh_token\ntoken_endpoint = %s/token\n"
	    "client_id = relais-test\nrenewed = %ld\nexpires = %ld\n"
	    "refresh_token = refresh-1\naccess_token = access-0\n%s",
	    p->server.url, now + issued, now + expires, more);
	temp_dir_write(&p->dir, "tokens/work", 0600, text.data);
	buffer_free(&text);
}

static void
open_place(struct place *p, const char *script, long expires)
{
	memset(p, 0, sizeof(*p));
	skip_without_token();
	temp_dir_make(&p->dir);
	certificate_usual(&p->usual, &p->dir);
	authorization_start(&p->server, &p->dir, &p->usual, script);
	temp_dir_write(&p->dir, "tokens/.keep", 0600, "");
	assert_int_equal(chmod(temp_dir_path(&p->dir, "tokens"), 0700), 0);
	strlcpy(p->name, temp_dir_path(&p->dir, "tokens/work"),
	    sizeof(p->name));
	write_login(p, expires - 3600, expires, "");
}

static void
close_place(struct place *p)
{
	authorization_stop(&p->server);
	program_result_free(&p->o);
	buffer_free(&p->file);
	temp_dir_remove(&p->dir);
}

static struct program
program_of(const struct place *p, const char **words, const char *option)
{
	size_t	n = 0;

	words[n++] = "relais-token";
	words[n++] = "token";
	words[n++] = "--ca";
	words[n++] = p->usual.ca;
	if (option != NULL)
		words[n++] = option;
	words[n++] = p->name;
	words[n] = NULL;
	return (struct program){ .argv = words, .deadline_ms = 60000 };
}

/* Runs "relais-token token", with an option, which may be NULL. */
static int
token(struct place *p, const char *option)
{
	const char	*words[8];
	struct program	 program = program_of(p, words, option);

	program_result_free(&p->o);
	program_run(&p->o, &program);
	return p->o.status;
}

/* The file of the login. */
static const char *
file(struct place *p)
{
	file_read(&p->file, p->name);
	return p->file.data;
}

static size_t
requests(struct place *p)
{
	return authorization_count(&p->server, ASKED);
}

static void
said(const struct place *p, const char *words)
{
	if (strstr(p->o.err.data, words) == NULL)
		fail_msg("\"%s\" is not in: %s", words, p->o.err.data);
}

/* No secret of the login is in a message. */
static void
kept_secret(const struct place *p)
{
	assert_null(strstr(p->o.err.data, "refresh-"));
	assert_null(strstr(p->o.err.data, "access-"));
}

static void
a_valid_token_is_printed_without_a_request(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, PLAIN, VALID);
	assert_int_equal(token(&p, NULL), 0);
	assert_string_equal(p.o.out.data, "access-0\n");
	assert_string_equal(p.o.err.data, "");
	assert_int_equal(requests(&p), 0);
	close_place(&p);
}

static void
an_ending_token_is_renewed_and_kept(void **state)
{
	struct place	 p;
	char		*first;

	(void)state;
	open_place(&p, PLAIN, ENDING);
	assert_int_equal(token(&p, NULL), 0);
	first = strdup(p.o.out.data);
	assert_non_null(first);
	assert_int_equal(strncmp(first, "access-", 7), 0);
	assert_string_not_equal(first, "access-0\n");
	assert_non_null(strstr(file(&p), "refresh_token = refresh-"));
	assert_null(strstr(file(&p), "refresh-1\n"));
	assert_null(strstr(file(&p), "renewal_begun"));

	assert_int_equal(token(&p, NULL), 0);
	assert_string_equal(p.o.out.data, first);
	assert_int_equal(requests(&p), 1);

	/* The new refresh token is the one that is used. */
	write_login(&p, -3600, EXPIRED, "");
	assert_int_equal(token(&p, NULL), EX_NOPERM);
	free(first);
	close_place(&p);
}

static void
a_refresh_token_that_is_not_replaced_is_kept(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, "{\"refresh_tokens\": [\"refresh-1\"], "
	    "\"rotate\": false}", EXPIRED);
	assert_int_equal(token(&p, NULL), 0);
	assert_non_null(strstr(file(&p), "refresh_token = refresh-1\n"));
	assert_int_equal(token(&p, NULL), 0);
	assert_int_equal(requests(&p), 1);
	close_place(&p);
}

/* Some servers issue tokens for five minutes: not renewed with each message. */
static void
a_short_lifetime_has_a_short_margin(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, PLAIN, VALID);
	write_login(&p, -60, 240, "");
	assert_int_equal(token(&p, NULL), 0);
	assert_int_equal(requests(&p), 0);
	write_login(&p, -200, 100, "");
	assert_int_equal(token(&p, NULL), 0);
	assert_int_equal(requests(&p), 1);
	close_place(&p);
}

static void
two_processes_renew_once(void **state)
{
	struct program_result	 o[2];
	struct running		*running[2];
	const char		*words[8];
	struct place		 p;
	char			 script[300];

	(void)state;
	open_place(&p, PLAIN, EXPIRED);
	snprintf(script, sizeof(script), STEP("{\"hold\": \"%s/go\"}"),
	    p.dir.path);
	authorization_script(&p.server, script);
	for (size_t i = 0; i < 2; i++) {
		struct program	program = program_of(&p, words, NULL);

		running[i] = program_start(&program);
	}
	authorization_wait(&p.server, ASKED, 1);
	temp_dir_write(&p.dir, "go", 0600, "");
	for (size_t i = 0; i < 2; i++) {
		program_stop(running[i], 0, &o[i]);
		assert_int_equal(o[i].status, 0);
	}
	assert_string_equal(o[0].out.data, o[1].out.data);
	assert_int_equal(requests(&p), 1);
	program_result_free(&o[0]);
	program_result_free(&o[1]);
	close_place(&p);
}

/* Many messages must not wait for the same timeout one after the other. */
static void
a_failure_counts_for_the_processes_that_wait(void **state)
{
	struct program_result	 o;
	struct running		*running;
	const char		*words[8];
	struct program		 program;
	struct pollfd		 opened = { .fd = inotify_init1(IN_CLOEXEC),
				    .events = POLLIN };
	struct place		 p;
	char			 more[100];
	int			 lock;

	(void)state;
	open_place(&p, PLAIN, EXPIRED);
	temp_dir_write(&p.dir, "tokens/.work.lock", 0600, "");
	lock = open(temp_dir_path(&p.dir, "tokens/.work.lock"), O_RDWR |
	    O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	assert_int_not_equal(inotify_add_watch(opened.fd,
	    temp_dir_path(&p.dir, "tokens/.work.lock"), IN_OPEN), -1);
	program = program_of(&p, words, NULL);
	running = program_start(&program);
	assert_int_equal(poll(&opened, 1, 20000), 1);
	snprintf(more, sizeof(more), "trouble_at = %ld\ntrouble = no reply\n",
	    (long)time(NULL) + 5);
	write_login(&p, -3600, EXPIRED, more);
	close(lock);
	close(opened.fd);
	program_stop(running, 0, &o);
	assert_int_equal(o.status, EX_TEMPFAIL);
	assert_non_null(strstr(o.err.data,
	    "the access token cannot be renewed: no reply\n"));
	assert_int_equal(requests(&p), 0);
	program_result_free(&o);

	/* The next process asks again. */
	write_login(&p, -3600, EXPIRED, "trouble_at = 1700000000\n");
	assert_int_equal(token(&p, NULL), 0);
	close_place(&p);
}

/* A message does not wait for a renewal while the token is valid. */
static void
a_valid_token_is_used_while_another_process_renews(void **state)
{
	struct program_result	 o;
	struct running		*running;
	const char		*words[8];
	struct program		 program;
	struct place		 p;
	char			 script[300];

	(void)state;
	open_place(&p, PLAIN, ENDING);
	snprintf(script, sizeof(script), STEP("{\"hold\": \"%s/go\"}"),
	    p.dir.path);
	authorization_script(&p.server, script);
	program = program_of(&p, words, NULL);
	running = program_start(&program);
	authorization_wait(&p.server, ASKED, 1);
	assert_int_equal(token(&p, NULL), 0);
	assert_string_equal(p.o.out.data, "access-0\n");
	temp_dir_write(&p.dir, "go", 0600, "");
	program_stop(running, 0, &o);
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	close_place(&p);
}

/* Killed after the server has replaced the refresh token. */
static void
an_interrupted_renewal_is_explained(void **state)
{
	struct program_result	 o;
	struct running		*running;
	const char		*words[8];
	struct program		 program;
	struct place		 p;
	char			 script[300];

	(void)state;
	open_place(&p, PLAIN, EXPIRED);
	snprintf(script, sizeof(script), STEP("{\"hold\": \"%s/go\"}"),
	    p.dir.path);
	authorization_script(&p.server, script);
	program = program_of(&p, words, NULL);
	running = program_start(&program);
	authorization_wait(&p.server, ASKED, 1);
	program_stop(running, SIGKILL, &o);
	program_result_free(&o);
	assert_non_null(strstr(file(&p), "renewal_begun = "));
	assert_non_null(strstr(file(&p), "refresh_token = refresh-1\n"));

	/* Again and again: the reason must not be forgotten. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(token(&p, NULL), EX_NOPERM);
		said(&p, "invalid_grant");
		said(&p, "was interrupted; the server may have replaced the "
		    "refresh token then");
		said(&p, "run: relais login ");
		kept_secret(&p);
	}
	temp_dir_write(&p.dir, "go", 0600, "");
	close_place(&p);
}

/* As at the end of a service or of a session. */
static void
a_signal_does_not_interrupt_a_renewal(void **state)
{
	struct program_result	 o;
	struct running		*running;
	const char		*words[8];
	struct program		 program;
	struct place		 p;
	char			 script[300];

	(void)state;
	open_place(&p, PLAIN, EXPIRED);
	snprintf(script, sizeof(script), STEP("{\"hold\": \"%s/go\"}"),
	    p.dir.path);
	authorization_script(&p.server, script);
	program = program_of(&p, words, NULL);
	running = program_start(&program);
	authorization_wait(&p.server, ASKED, 1);
	assert_int_equal(kill(program_pid(running), SIGINT), 0);
	temp_dir_write(&p.dir, "go", 0600, "");
	program_stop(running, 0, &o);
	assert_int_equal(o.signal, SIGINT);
	assert_string_equal(o.out.data, "");
	program_result_free(&o);
	assert_null(strstr(file(&p), "renewal_begun"));
	assert_null(strstr(file(&p), "refresh-1\n"));
	assert_int_equal(token(&p, NULL), 0);
	assert_int_equal(requests(&p), 1);
	close_place(&p);
}

/* The server has replaced the old one, whatever the rest of the reply is. */
static void
a_new_refresh_token_in_an_invalid_reply_is_kept(void **state)
{
	static const char *const	scripts[] = {
		STEP("{\"merge\": {\"expires_in\": \"soon\"}}"),
		STEP("{\"merge\": {\"access_token\": 5}}"),
		STEP("{\"merge\": {\"id_token\": \"a b\"}}"),
	};
	struct place			p;

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		open_place(&p, scripts[i], EXPIRED);
		assert_int_equal(token(&p, NULL), EX_TEMPFAIL);
		kept_secret(&p);
		assert_null(strstr(file(&p), "refresh-1\n"));
		assert_null(strstr(file(&p), "renewal_begun"));
		assert_int_equal(token(&p, NULL), 0);
		close_place(&p);
	}
}

/* If the server accepts the old refresh token, nothing is lost. */
static void
an_interrupted_renewal_is_repeated(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, PLAIN, EXPIRED);
	write_login(&p, -3600, EXPIRED, "renewal_begun = 1700000000\n");
	assert_int_equal(token(&p, NULL), 0);
	assert_null(strstr(file(&p), "renewal_begun"));
	close_place(&p);
}

static void
a_connection_that_ends_early_counts_as_interrupted(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, STEP("{\"close\": true}"), EXPIRED);
	assert_int_equal(token(&p, NULL), EX_TEMPFAIL);
	assert_non_null(strstr(file(&p), "renewal_begun = "));
	close_place(&p);
}

static void
without_a_server_a_valid_token_is_used(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, PLAIN, ENDING);
	authorization_stop(&p.server);
	assert_int_equal(token(&p, NULL), 0);
	assert_string_equal(p.o.out.data, "access-0\n");
	assert_non_null(strstr(file(&p), "trouble = "));
	assert_null(strstr(file(&p), "renewal_begun"));

	write_login(&p, -3600, EXPIRED, "");
	assert_int_equal(token(&p, NULL), EX_TEMPFAIL);
	assert_string_equal(p.o.out.data, "");
	said(&p, "the access token cannot be renewed: 127.0.0.1:");
	kept_secret(&p);
	authorization_start(&p.server, &p.dir, &p.usual, PLAIN);
	close_place(&p);
}

/* Otherwise, each message would wait for a server that does not reply. */
static void
a_failed_renewal_is_not_repeated_at_once(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, STEP("{\"status\": 503}"), ENDING);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(token(&p, NULL), 0);
		assert_string_equal(p.o.out.data, "access-0\n");
		assert_int_equal(requests(&p), 1);
	}
	write_login(&p, ENDING - 3600, ENDING, "trouble_at = 1700000000\n");
	assert_int_equal(token(&p, NULL), 0);
	assert_int_equal(requests(&p), 2);
	close_place(&p);
}

static void
retry_after_is_observed_by_all(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, STEP("{\"status\": 429, \"retry_after\": 300}"),
	    EXPIRED);
	assert_int_equal(token(&p, NULL), EX_TEMPFAIL);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(token(&p, NULL), EX_TEMPFAIL);
		said(&p, "asked not to try again before 20");
		assert_int_equal(requests(&p), 1);
	}
	/* A token that is still valid is used meanwhile. */
	write_login(&p, ENDING - 3600, ENDING, "retry_at = 99999999999\n");
	assert_int_equal(token(&p, NULL), 0);
	/* It is limited to an hour: a wrong one does not last forever. */
	assert_int_equal(requests(&p), 2);
	close_place(&p);
}

static void
a_token_that_was_refused_is_renewed_once(void **state)
{
	struct place	 p;
	char		*first;

	(void)state;
	open_place(&p, PLAIN, VALID);
	assert_int_equal(token(&p, "--renew"), 0);
	first = strdup(p.o.out.data);
	assert_non_null(first);
	assert_string_not_equal(first, "access-0\n");
	/* Another process may have done it just now. */
	assert_int_equal(token(&p, "--renew"), 0);
	assert_string_equal(p.o.out.data, first);
	assert_int_equal(requests(&p), 1);
	free(first);
	close_place(&p);
}

static void
a_token_that_was_refused_is_not_used_again(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, STEP("{\"status\": 503}"), VALID);
	assert_int_equal(token(&p, "--renew"), EX_TEMPFAIL);
	assert_string_equal(p.o.out.data, "");
	close_place(&p);
}

/* The token was issued in the future: the clock has been set back. */
static void
after_a_step_of_the_clock_the_token_is_renewed(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, PLAIN, VALID);
	write_login(&p, 86400, 86400 + 3600, "");
	assert_int_equal(token(&p, NULL), 0);
	assert_string_not_equal(p.o.out.data, "access-0\n");
	assert_int_equal(requests(&p), 1);
	close_place(&p);
}

static void
a_lock_that_cannot_be_taken_is_named(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, PLAIN, EXPIRED);
	assert_int_equal(symlink("/dev/null", temp_dir_path(&p.dir,
	    "tokens/.work.lock")), 0);
	assert_int_equal(token(&p, NULL), EX_CANTCREAT);
	said(&p, "/tokens/.work.lock: ");
	assert_int_equal(requests(&p), 0);
	close_place(&p);
}

static void
close_descriptors(void *context)
{
	(void)context;
	for (int i = 0; i <= STDERR_FILENO; i++)
		close(i);
}

/* The output must not be written to a file that is opened meanwhile. */
static void
closed_descriptors_are_not_files_of_the_login(void **state)
{
	const char	*words[8];
	struct program	 program;
	struct place	 p;

	(void)state;
	open_place(&p, PLAIN, EXPIRED);
	program = program_of(&p, words, NULL);
	program.prepare = close_descriptors;
	program_run(&p.o, &program);
	assert_int_equal(p.o.status, 0);
	assert_non_null(strstr(file(&p), "access_token = access-"));
	file_read(&p.file, temp_dir_path(&p.dir, "tokens/.work.lock"));
	assert_string_equal(p.file.data, "");
	close_place(&p);
}

static void
forbid_files(void *context)
{
	const struct rlimit	none = { 0, 0 };

	(void)context;
	setrlimit(RLIMIT_FSIZE, &none);
}

/* The server would replace the refresh token, which could not be stored. */
static void
without_space_the_server_is_not_asked(void **state)
{
	const char	*words[8];
	struct program	 program;
	struct place	 p;

	(void)state;
	open_place(&p, PLAIN, EXPIRED);
	program = program_of(&p, words, NULL);
	program.prepare = forbid_files;
	program_run(&p.o, &program);
	assert_int_equal(p.o.status, EX_CANTCREAT);
	said(&p, "tokens/work: ");
	assert_int_equal(requests(&p), 0);
	assert_non_null(strstr(file(&p), "refresh_token = refresh-1\n"));

	/* A message need not wait for space while the token is valid. */
	write_login(&p, ENDING - 3600, ENDING, "");
	program_result_free(&p.o);
	program_run(&p.o, &program);
	assert_int_equal(p.o.status, 0);
	assert_string_equal(p.o.out.data, "access-0\n");
	assert_int_equal(requests(&p), 0);
	close_place(&p);
}

static void
the_server_must_have_a_valid_certificate(void **state)
{
	const char	*words[8];
	struct program	 program;
	struct place	 p;

	(void)state;
	open_place(&p, PLAIN, EXPIRED);
	program = program_of(&p, words, NULL);
	words[3] = "/etc/ssl/certs";
	program_run(&p.o, &program);
	assert_int_equal(p.o.status, EX_CONFIG);
	said(&p, "the certificate cannot be verified");
	assert_int_equal(requests(&p), 0);
	close_place(&p);
}

static void
a_proxy_of_the_environment_is_ignored(void **state)
{
	const char	*words[8];
	struct program	 program;
	struct place	 p;

	(void)state;
	open_place(&p, PLAIN, EXPIRED);
	program = program_of(&p, words, NULL);
	program.env = WORDS("https_proxy=http://127.0.0.1:1",
	    "HTTPS_PROXY=http://127.0.0.1:1", "ALL_PROXY=http://127.0.0.1:1");
	program_run(&p.o, &program);
	assert_int_equal(p.o.status, 0);
	program_result_free(&p.o);

	write_login(&p, -3600, EXPIRED, "");
	words[3] = "environment";
	words[2] = "--proxy";
	program_run(&p.o, &program);
	assert_int_equal(p.o.status, EX_TEMPFAIL);
	said(&p, "127.0.0.1 port 1");
	close_place(&p);
}

static void
a_name_must_not_lead_elsewhere(void **state)
{
	static const char *const	names[] = { "../work", "a/b", ".work",
		"", "-work", "/tmp/", "/tmp/.work", "a\nb" };
	struct place			p;

	(void)state;
	open_place(&p, PLAIN, VALID);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		program_result_free(&p.o);
		program_run(&p.o, &(struct program){
		    .argv = WORDS("relais-token", "token", "--", names[i]) });
		assert_int_equal(p.o.status, EX_CONFIG);
		said(&p, "is not the name of a login");
	}
	close_place(&p);
}

static void
a_login_that_others_can_read_is_refused(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, PLAIN, VALID);
	assert_int_equal(chmod(p.name, 0644), 0);
	assert_int_equal(token(&p, NULL), EX_CONFIG);
	said(&p, "readable by other users");
	close_place(&p);
}

static void
a_missing_or_damaged_login_is_reported(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, PLAIN, VALID);
	temp_dir_write(&p.dir, "tokens/work", 0600, "grant = x\n");
	assert_int_equal(token(&p, NULL), EX_CONFIG);
	said(&p, "the file of the login is damaged; run: relais login ");
	assert_int_equal(unlink(p.name), 0);
	assert_int_equal(token(&p, NULL), EX_CONFIG);
	said(&p, "there is no login with this name");
	close_place(&p);
}

static void
status_shows_no_secret(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, PLAIN, VALID);
	program_run(&p.o, &(struct program){
	    .argv = WORDS("relais-token", "status", p.name) });
	assert_int_equal(p.o.status, 0);
	assert_non_null(strstr(p.o.out.data, "account nina@example.org\n"));
	assert_non_null(strstr(p.o.out.data, "expires "));
	assert_null(strstr(p.o.out.data, "access-0"));
	assert_null(strstr(p.o.out.data, "refresh-1"));
	close_place(&p);
}

/* Answers of the server. */
struct answers {
	const char	*sentence;
	const char	*script;
	int		 status;
	const char	*says;		/* or NULL */
	const char	*file;		/* the file contains this; or NULL */
};

#define BODY(text) STEP("{\"body\": " text "}")
#define MERGE(text) STEP("{\"merge\": {" text "}}")

static const struct answers answers[] = {
	{ "a refused refresh token is final",
	    STEP("{\"error\": \"invalid_grant\"}"), EX_NOPERM,
	    "invalid_grant; the login has ended; run: relais login ", NULL },
	{ "the text of the server is shown",
	    STEP("{\"status\": 400, \"body\": \"{\\\"error\\\": "
	    "\\\"invalid_grant\\\", \\\"error_description\\\": "
	    "\\\"AADSTS700082: expired\\\\r\\\\nTrace\\\"}\"}"), EX_NOPERM,
	    "invalid_grant: AADSTS700082: expired; ", NULL },
	{ "a wrong client is a matter of the configuration",
	    STEP("{\"error\": \"invalid_client\", \"status\": 401}"),
	    EX_CONFIG, "127.0.0.1:", "trouble = " },
	{ "status 503 is temporary", STEP("{\"status\": 503}"), EX_TEMPFAIL,
	    NULL, NULL },
	{ "status 500 with an error of OAuth is temporary",
	    STEP("{\"error\": \"invalid_grant\", \"status\": 500}"),
	    EX_TEMPFAIL, NULL, "refresh-1" },
	{ "server_error is temporary",
	    STEP("{\"error\": \"temporarily_unavailable\"}"), EX_TEMPFAIL,
	    "temporarily_unavailable", NULL },
	{ "a page in HTML is not an answer", BODY("\"<html>\""), EX_TEMPFAIL,
	    "HTTP status 200: the reply is not a valid JSON object",
	    "renewal_begun = " },
	{ "a gateway that has failed may have passed the request on",
	    STEP("{\"status\": 502, \"body\": \"\"}"), EX_TEMPFAIL, NULL,
	    "renewal_begun = " },
	{ "an empty answer is not one", BODY("\"\""), EX_TEMPFAIL,
	    "not a valid JSON object", NULL },
	{ "an array is not an answer", BODY("\"[]\""), EX_TEMPFAIL,
	    "not a valid JSON object", NULL },
	{ "text after the object is an error", BODY("\"{}x\""), EX_TEMPFAIL,
	    "not a valid JSON object", NULL },
	{ "deep nesting is refused", BODY("\"{\\\"a\\\":[[[[[[[[[[[[[[[[[[["
	    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\""),
	    EX_TEMPFAIL, "not a valid JSON object", NULL },
	{ "a duplicate member is an error", STEP("{\"duplicate\": true}"),
	    EX_TEMPFAIL, "not a valid JSON object", NULL },
	{ "an answer without a token is an error",
	    MERGE("\"access_token\": null"), EX_TEMPFAIL,
	    "contains no access token", NULL },
	{ "a token that is a number is an error",
	    MERGE("\"access_token\": 5"), EX_TEMPFAIL,
	    "\"access_token\" in the reply is not a string", NULL },
	{ "a token with a line break is an error",
	    MERGE("\"access_token\": \"a\\r\\nb\""), EX_TEMPFAIL,
	    "\"access_token\" in the reply is not a token", NULL },
	{ "a token with a NUL is an error",
	    MERGE("\"access_token\": \"a\\u0000b\""), EX_TEMPFAIL,
	    "not a valid JSON object", NULL },
	{ "another type of token is an error",
	    MERGE("\"token_type\": \"mac\""), EX_TEMPFAIL,
	    "is not Bearer", NULL },
	{ "an answer is at most 64 KiB", STEP("{\"huge\": true}"),
	    EX_TEMPFAIL, "the reply is larger than 64 KiB", NULL },
	{ "a redirect is not followed",
	    STEP("{\"redirect\": \"https://127.0.0.1:1/\"}"), EX_CONFIG,
	    "status 302, a redirect, which is not followed", NULL },
	{ "a wrong path is a matter of the configuration",
	    STEP("{\"status\": 404, \"body\": \"no\"}"), EX_CONFIG,
	    "HTTP status 404 without an OAuth error", NULL },
	{ "expires_in may be missing", MERGE("\"expires_in\": null"), 0, NULL,
	    NULL },
	{ "expires_in may be a string", MERGE("\"expires_in\": \"3600\""), 0,
	    NULL, NULL },
	{ "expires_in may be 0", MERGE("\"expires_in\": 0"), 0, NULL, NULL },
	{ "expires_in may be huge", MERGE("\"expires_in\": 1e300"), 0, NULL,
	    NULL },
	{ "expires_in must not be negative", MERGE("\"expires_in\": -1"),
	    EX_TEMPFAIL, "\"expires_in\" in the reply is not a number of "
	    "seconds", NULL },
	{ "expires_in must not be text", MERGE("\"expires_in\": \"soon\""),
	    EX_TEMPFAIL, "not a number of seconds", NULL },
	{ "a token of 8 KiB is accepted",
	    "{\"refresh_tokens\": [\"refresh-1\"], \"size\": 8192}", 0, NULL,
	    NULL },
	{ "unknown members are ignored", MERGE("\"x\": {\"y\": [1]}"), 0, NULL,
	    NULL },
};

static void
is_answered(void **state)
{
	const struct answers	*a = *state;
	struct place		 p;

	open_place(&p, a->script, EXPIRED);
	if (token(&p, NULL) != a->status)
		fail_msg("status %d: %s", p.o.status, p.o.err.data);
	if (a->says != NULL)
		said(&p, a->says);
	kept_secret(&p);
	assert_int_equal(requests(&p), 1);
	assert_non_null(strstr(file(&p), a->file != NULL ? a->file :
	    "client_id"));
	if (a->status == 0)
		assert_int_equal(strncmp(p.o.out.data, "access-", 7), 0);
	else
		assert_string_equal(p.o.out.data, "");
	close_place(&p);
}

static const struct CMUnitTest renewal[] = {
	cmocka_unit_test(a_valid_token_is_printed_without_a_request),
	cmocka_unit_test(an_ending_token_is_renewed_and_kept),
	cmocka_unit_test(a_refresh_token_that_is_not_replaced_is_kept),
	cmocka_unit_test(a_short_lifetime_has_a_short_margin),
	cmocka_unit_test(two_processes_renew_once),
	cmocka_unit_test(a_valid_token_is_used_while_another_process_renews),
	cmocka_unit_test(a_failure_counts_for_the_processes_that_wait),
	cmocka_unit_test(an_interrupted_renewal_is_explained),
	cmocka_unit_test(a_signal_does_not_interrupt_a_renewal),
	cmocka_unit_test(a_new_refresh_token_in_an_invalid_reply_is_kept),
	cmocka_unit_test(an_interrupted_renewal_is_repeated),
	cmocka_unit_test(a_connection_that_ends_early_counts_as_interrupted),
	cmocka_unit_test(without_a_server_a_valid_token_is_used),
	cmocka_unit_test(a_failed_renewal_is_not_repeated_at_once),
	cmocka_unit_test(retry_after_is_observed_by_all),
	cmocka_unit_test(a_token_that_was_refused_is_renewed_once),
	cmocka_unit_test(a_token_that_was_refused_is_not_used_again),
	cmocka_unit_test(after_a_step_of_the_clock_the_token_is_renewed),
	cmocka_unit_test(a_lock_that_cannot_be_taken_is_named),
	cmocka_unit_test(closed_descriptors_are_not_files_of_the_login),
	cmocka_unit_test(without_space_the_server_is_not_asked),
	cmocka_unit_test(the_server_must_have_a_valid_certificate),
	cmocka_unit_test(a_proxy_of_the_environment_is_ignored),
	cmocka_unit_test(a_name_must_not_lead_elsewhere),
	cmocka_unit_test(a_login_that_others_can_read_is_refused),
	cmocka_unit_test(a_missing_or_damaged_login_is_reported),
	cmocka_unit_test(status_shows_no_secret),
};

int
main(void)
{
	return cmocka_run_group_tests_name("renewals", renewal, NULL, NULL) +
	    CASES_RUN("answers", is_answered, answers);
}
