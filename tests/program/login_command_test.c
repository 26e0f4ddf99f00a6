/* relais login: the login, its test with the smarthost, and sending with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/authorization.h"
#include "support/cases.h"
#include "support/mechanisms.h"
#include "support/skip.h"
#include "support/terminal.h"
#include "support/tls_fixture.h"

#define TRUSTED		"tls_ca = {ca}\n"
#define USER		"user = nina@example.org\n"
#define SMARTHOST	"smarthost = submission://127.0.0.1:{port}\n"
#define USES_LOGIN	"token = {dir}/tokens/work\n"
#define GRANTS(more)	"{\"token\": [{\"merge\": {\"access_token\": " \
			"\"good\"}}]" more "}"

struct place {
	struct tls_fixture	 at;
	struct authorization	 server;
	struct mechanisms	 how;
	char			 name[100];
	char			 provider[100];
	struct program_result	 o;
};

static void
open_place(struct place *p, const char *script, const char *mechanisms,
    const char *conf)
{
	struct script	smarthost = { .security = STARTTLS_OFFERED,
			    .auth_required = true };
	char		text[600];

	memset(p, 0, sizeof(*p));
	skip_without_token();
	tls_fixture_begin(&p->at);
	authorization_start(&p->server, &p->at.dir, &p->at.usual, script);
	temp_dir_write(&p->at.dir, "tokens/.keep", 0600, "");
	assert_int_equal(chmod(temp_dir_path(&p->at.dir, "tokens"), 0700), 0);
	snprintf(p->name, sizeof(p->name), "%s",
	    temp_dir_path(&p->at.dir, "tokens/work"));
	snprintf(text, sizeof(text), "[test]\nname = Test server\n"
	    "token = %s/token\ndevice = %s/device\nscope = mail\n"
	    "page = https://register.example/\n", p->server.url,
	    p->server.url);
	snprintf(p->provider, sizeof(p->provider), "%s",
	    temp_dir_write(&p->at.dir, "provider", 0600, text));
	p->how = (struct mechanisms){ .user = "nina@example.org",
	    .token = "good",
	    .error = "{\"status\":\"401\",\"schemes\":\"bearer\"}" };
	smarthost.mechanisms = mechanisms;
	smarthost.auth = mechanisms_auth;
	smarthost.auth_ctx = &p->how;
	tls_fixture_open(&p->at, &smarthost, "submission", conf);
}

/* With --user, unless relais.conf has it. */
static const char *const *
words(struct place *p, const char *more)
{
	struct buffer		 conf = { 0 };
	static const char	*argv[16];
	size_t			 n = 0;

	argv[n++] = "relais";
	argv[n++] = "-C";
	argv[n++] = p->at.conf;
	argv[n++] = "login";
	argv[n++] = p->name;
	argv[n++] = "--provider";
	argv[n++] = p->provider;
	argv[n++] = "--client-id";
	argv[n++] = "relais-test";
	file_read(&conf, p->at.conf);
	if (strstr(conf.data, "\nuser = ") == NULL) {
		argv[n++] = "--user";
		argv[n++] = "nina@example.org";
	}
	buffer_free(&conf);
	if (more != NULL)
		argv[n++] = more;
	argv[n] = NULL;
	return argv;
}

static void
log_in(struct place *p, const char *more)
{
	program_run(&p->o, &(struct program){ .argv = words(p, more),
	    .deadline_ms = 60000 });
}

static void
close_place(struct place *p)
{
	program_result_free(&p->o);
	authorization_stop(&p->server);
	tls_fixture_close(&p->at);
}

struct login_case {
	const char	*sentence;
	const char	*script;	/* of the authorization server */
	const char	*mechanisms;	/* of the smarthost */
	const char	*conf;
	int		 status;
	const char	*says[4];
};

static const struct login_case logins[] = {
	{ "the login is tested with XOAUTH2", GRANTS(""), "XOAUTH2",
	    TRUSTED USER USES_LOGIN, EX_OK, { "    code: WDJB-MJHT\n",
	    "The login is stored in ", "AUTH XOAUTH2",
	    "relais.conf uses this login (" } },
	{ "the login is tested with OAUTHBEARER", GRANTS(""), "OAUTHBEARER",
	    TRUSTED USER USES_LOGIN, EX_OK, { "AUTH OAUTHBEARER" } },
	{ "lines for relais.conf are printed", GRANTS(""), "XOAUTH2",
	    TRUSTED, EX_OK, { "Lines for relais.conf:\n\n"
	    "    user = nina@example.org\n    from = nina@example.org\n"
	    "    token = /", "AUTH XOAUTH2" } },
	{ "each tls_pin is used for the test", GRANTS(""), "XOAUTH2",
	    TRUSTED "tls_pin = sha256//{pin}\ntls_pin = sha256//"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", EX_OK,
	    { "AUTH XOAUTH2" } },
	{ "the password that the login replaces is named", GRANTS(""),
	    "XOAUTH2 PLAIN", TRUSTED USER "password = secret\n", EX_OK,
	    { "AUTH XOAUTH2", "Remove password (",
	    "), which this login replaces.\n" } },
	{ "the section that uses the login is tested", GRANTS(""), "XOAUTH2",
	    TRUSTED "[from *@other.example]\n" SMARTHOST USER USES_LOGIN, EX_OK,
	    { "AUTH XOAUTH2", "relais.conf uses this login (" } },
	{ "a token that the smarthost refuses is reported", "{}", "XOAUTH2",
	    TRUSTED USER USES_LOGIN, EX_NOPERM, { "The login is stored in ",
	    "auth     FAIL", "; to log in again, run: relais login /",
	    "the login is stored, but its test failed" } },
	{ "a smarthost without a mechanism for tokens is reported",
	    GRANTS(""), "PLAIN", TRUSTED USER USES_LOGIN, EX_NOPERM,
	    { "auth     FAIL" } },
	{ "the user of relais.conf is the account", GRANTS(""), "XOAUTH2",
	    TRUSTED USER USES_LOGIN, EX_OK, { "Log in there as nina@example.org." } },
	{ "a refused login is not tested", "{\"token\": [\"denied\"]}",
	    "XOAUTH2", TRUSTED, EX_NOPERM,
	    { "relais-token: the login was refused" } },
	{ "the authority of the server is that of tls_ca", GRANTS(""),
	    "XOAUTH2", "", EX_CONFIG, { "certificate cannot be verified" } },
};

static void
logs_in(void **state)
{
	const struct login_case	*c = *state;
	struct place		 p;

	open_place(&p, c->script, c->mechanisms, c->conf);
	log_in(&p, NULL);
	for (size_t i = 0; i < 4 && c->says[i] != NULL; i++)
		if (strstr(p.o.out.data, c->says[i]) == NULL &&
		    strstr(p.o.err.data, c->says[i]) == NULL)
			fail_msg("no \"%s\" in: %s%s", c->says[i],
			    p.o.out.data, p.o.err.data);
	if (p.o.status != c->status)
		fail_msg("exit status %d: %s%s", p.o.status, p.o.out.data,
		    p.o.err.data);
	/* Waiting messages can be sent only after a successful test. */
	assert_int_equal(strstr(p.o.out.data, "queue flush") != NULL,
	    c->status == EX_OK &&
	    strstr(p.o.out.data, "relais.conf uses") != NULL);
	assert_int_equal(mock_smtp_messages(p.at.host), 0);
	assert_null(strstr(p.o.out.data, "good"));
	assert_null(strstr(p.o.out.data, "refresh-"));
	assert_null(strstr(p.o.err.data, "refresh-"));
	close_place(&p);
}

static void
a_message_is_sent_with_the_login(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, GRANTS(""), "XOAUTH2", TRUSTED USER USES_LOGIN);
	tls_fixture_send(&p.at);
	assert_int_equal(p.at.o.status, EX_CONFIG);
	tls_fixture_said(&p.at, "run: relais login ");
	log_in(&p, "--no-check");
	assert_int_equal(p.o.status, EX_OK);
	assert_null(strstr(p.o.out.data, "Testing"));
	tls_fixture_send(&p.at);
	assert_int_equal(p.at.o.status, EX_OK);
	assert_int_equal(mock_smtp_messages(p.at.host), 1);
	close_place(&p);
}

static void
ignore_sigchld(void *unused)
{
	(void)unused;
	signal(SIGCHLD, SIG_IGN);
}

/* A process whose parent ignores SIGCHLD ignores it, too. */
static void
a_login_has_a_result_if_sigchld_was_ignored(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, GRANTS(""), "XOAUTH2", TRUSTED USER USES_LOGIN);
	program_run(&p.o, &(struct program){ .argv = words(&p, NULL),
	    .prepare = ignore_sigchld, .deadline_ms = 60000 });
	if (p.o.status != EX_OK)
		fail_msg("exit status %d, signal %d: %s%s", p.o.status,
		    p.o.signal, p.o.out.data, p.o.err.data);
	close_place(&p);
}

/* relais.conf has no smarthost: that of the provider is used, if it has one. */
struct unset_case {
	const char	*sentence;
	const char	*provider;	/* more lines of its file */
	const char	*option;	/* or NULL */
	int		 status;
	const char	*says[2];
};

static const struct unset_case unset_cases[] = {
	{ "of a provider without one, it must be set", "", NULL, EX_OK,
	    { "The login was not tested, because the smarthost is not known.",
	    "    smarthost = submission://HOST\n    user = " } },
	{ "of a provider, it is the first one",
	    "smarthost = smtp.test.example b.example\n", "--no-check", EX_OK,
	    { "    smarthost = submission://smtp.test.example\n" } },
	{ "that is in the table has its URL from there",
	    "smarthost = smtp.gmail.com\n", "--no-check", EX_OK,
	    { "    smarthost = submissions://smtp.gmail.com\n" } },
};

static void
names_the_smarthost(void **state)
{
	const struct unset_case	*c = *state;
	struct place		 p;
	struct buffer		 text = { 0 };
	char			 conf[200];

	open_place(&p, GRANTS(""), "XOAUTH2", TRUSTED);
	file_read(&text, p.provider);
	buffer_add_text(&text, c->provider);
	temp_dir_write(&p.at.dir, "provider", 0600, text.data);
	snprintf(conf, sizeof(conf), "tls_ca = %s\n", p.at.usual.ca);
	free(p.at.conf);
	p.at.conf = strdup(temp_dir_write(&p.at.dir, "bare.conf", 0600, conf));
	log_in(&p, c->option);
	if (p.o.status != c->status)
		fail_msg("exit status %d: %s%s", p.o.status, p.o.out.data,
		    p.o.err.data);
	for (size_t i = 0; i < 2 && c->says[i] != NULL; i++)
		if (strstr(p.o.out.data, c->says[i]) == NULL)
			fail_msg("no \"%s\" in: %s", c->says[i],
			    p.o.out.data);
	buffer_free(&text);
	close_place(&p);
}

/* Both processes end, and the terminal is as before. */
static void
interrupted_on_a_terminal(void **state)
{
	struct place	p;
	struct terminal	t;

	(void)state;
	open_place(&p, "{\"token\": [\"pending\"]}", "XOAUTH2", TRUSTED);
	terminal_start(&t, &(struct program){ .argv = words(&p, NULL) }, 80);
	terminal_wait(&t, "Waiting for the login: ");
	assert_int_equal(write(t.master, "\003", 1), 1);
	terminal_read(&t);
	assert_int_equal(terminal_end(&t), -1);
	assert_int_equal(access(p.name, F_OK), -1);
	close_place(&p);
}

/* The word is never a recipient. */
static void
without_a_name_nothing_is_sent(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, GRANTS(""), "XOAUTH2", TRUSTED USER USES_LOGIN);
	program_run(&p.o, &(struct program){ .argv = WORDS("relais", "-C",
	    p.at.conf, "login"), .input = "To: a@example.net\n\nhi\n" });
	assert_int_equal(p.o.status, EX_USAGE);
	assert_non_null(strstr(p.o.err.data, "usage: relais login"));
	assert_int_equal(mock_smtp_messages(p.at.host), 0);
	close_place(&p);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(a_message_is_sent_with_the_login),
		cmocka_unit_test(a_login_has_a_result_if_sigchld_was_ignored),
		cmocka_unit_test(interrupted_on_a_terminal),
		cmocka_unit_test(without_a_name_nothing_is_sent),
	};

	/* A shell ignores it for a program in the background. */
	signal(SIGINT, SIG_DFL);
	return CASES_RUN("relais login", logs_in, logins) +
	    CASES_RUN("the smarthost", names_the_smarthost, unset_cases) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
