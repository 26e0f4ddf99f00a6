/* relais setup: with options, on a terminal, and interrupted. */
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
#include <termios.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/program.h"
#include "support/skip.h"
#include "support/terminal.h"
#include "support/tls_fixture.h"
#include "support/user.h"

enum { WORDS_MAX = 40 };

struct place {
	struct tls_fixture	 at;
	char			 conf[100], secret[100];
	char			 url[64], ca[120], aliases[120];
	const char		*words[WORDS_MAX];
	size_t			 n;
};

/* Begins "relais -C CONF -o ... setup". */
static void
place_open(struct place *p, const struct script *script)
{
	memset(p, 0, sizeof(*p));
	tls_fixture_begin(&p->at);
	tls_fixture_open(&p->at, script, "submission", "tls_ca = {ca}\n");
	snprintf(p->conf, sizeof(p->conf), "%s/new.conf", p->at.dir.path);
	snprintf(p->secret, sizeof(p->secret), "%s/new.password",
	    p->at.dir.path);
	snprintf(p->url, sizeof(p->url), "submission://localhost:%u",
	    p->at.host->port);
	snprintf(p->ca, sizeof(p->ca), "tls_ca=%s", p->at.usual.ca);
	for (const char *const *w = WORDS("relais", "-C", p->conf, "-o",
	    p->ca, "-o", "queue=off", "-o", "log=off", "-o", "aliases=off",
	    "-o", "socket=off", "-o", "helo=client.example", "setup");
	    *w != NULL; w++)
		p->words[p->n++] = *w;
}

static void
place_add(struct place *p, const char *const *words)
{
	for (; *words != NULL; words++) {
		assert_true(p->n < WORDS_MAX - 1);
		p->words[p->n++] = *words;
	}
}

static void
place_run(struct place *p, const char *input, int status, const char *says)
{
	struct program_result	o;

	program_run(&o, &(struct program){ .argv = p->words,
	    .input = input });
	if (o.status != status || (strstr(o.err.data, says) == NULL &&
	    strstr(o.out.data, says) == NULL))
		fail_msg("status %d, expected %d and \"%s\":\n%s%s", o.status,
		    status, says, o.out.data, o.err.data);
	assert_false(tls_fixture_shows_password(o.out.data, o.out.len));
	program_result_free(&o);
}

static const struct script host = {
	.security = STARTTLS_OFFERED, .user = "nina",
	.password = TLS_FIXTURE_PASSWORD, .auth_required = true,
};

#define ANSWERS(p)	"me@example.org", "--smarthost", (p)->url, \
			"--user", "nina", "--password-stdin", \
			"--root", "boss@example.org"

static mode_t
mode_of(const char *path)
{
	struct stat	st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static void
options_make_a_configuration_that_delivers(void **state)
{
	struct place	p;
	struct buffer	text = { 0 };

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS(ANSWERS(&p), "--test"));
	place_run(&p, TLS_FIXTURE_PASSWORD "\n", 0, "accepted");
	assert_true(mock_smtp_wait_messages(p.at.host, 1));
	assert_string_equal(mock_smtp_message(p.at.host, 0)->reverse_path,
	    "me@example.org");
	file_read(&text, p.secret);
	assert_string_equal(text.data, TLS_FIXTURE_PASSWORD "\n");
	assert_int_equal(mode_of(p.secret) & 0137, 0);
	assert_int_equal(mode_of(p.conf), geteuid() == 0 ? 0644 : 0600);
	buffer_free(&text);
	tls_fixture_close(&p.at);
}

static void
ignore_sigchld(void *unused)
{
	(void)unused;
	signal(SIGCHLD, SIG_IGN);
}

/* A process whose parent ignores SIGCHLD ignores it, too. */
static void
the_test_has_a_result_if_sigchld_was_ignored(void **state)
{
	struct place		p;
	struct program_result	o;

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS(ANSWERS(&p)));
	program_run(&o, &(struct program){ .argv = p.words,
	    .input = TLS_FIXTURE_PASSWORD "\n", .prepare = ignore_sigchld });
	if (o.status != 0)
		fail_msg("status %d: %s%s", o.status, o.out.data, o.err.data);
	program_result_free(&o);
	tls_fixture_close(&p.at);
}

/* The connection test and the message use the address of mail to root. */
static void
root_can_be_a_domain(void **state)
{
	struct place	p;
	struct buffer	text = { 0 };

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS("me@example.org", "--smarthost", p.url, "--user",
	    "nina", "--password-stdin", "--root", "*@example.org", "--test"));
	place_run(&p, TLS_FIXTURE_PASSWORD "\n", 0,
	    "RCPT TO:<root@example.org>");
	assert_true(mock_smtp_wait_messages(p.at.host, 1));
	assert_string_equal(mock_smtp_message(p.at.host, 0)->rcpt[0].path,
	    "root@example.org");
	file_read(&text, p.conf);
	assert_non_null(strstr(text.data, "root          = *@example.org\n"));
	buffer_free(&text);
	tls_fixture_close(&p.at);
}

static void
limits_of_the_provider_are_written(void **state)
{
	struct place	p;
	struct buffer	text = { 0 };

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS("--no-check", "me@example.org", "--smarthost",
	    "microsoft365", "--user", "me@example.org", "--password-stdin",
	    "--root", "boss@example.org"));
	place_run(&p, "x\n", 0, "Written");
	file_read(&text, p.conf);
	assert_non_null(strstr(text.data, "\nconnections   = 3\n"));
	assert_non_null(strstr(text.data, "\npace          = 30/minute\n"));
	buffer_free(&text);
	tls_fixture_close(&p.at);
}

static void
a_login_with_oauth_is_written(void **state)
{
	struct place	p;
	struct buffer	text = { 0 };

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS("--no-check", "me@outlook.com", "--smarthost",
	    "outlook", "--user", "me@outlook.com", "--token", "work",
	    "--root", "boss@example.org"));
	place_run(&p, "", 0, "Written");
	file_read(&text, p.conf);
	assert_non_null(strstr(text.data, "\ntoken         = work\n"));
	assert_null(strstr(text.data, "\npassword_file"));
	buffer_free(&text);
	tls_fixture_close(&p.at);
}

static void
missing_options_are_named(void **state)
{
	struct place	p;

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS("me@example.org", "--user", "nina"));
	place_run(&p, "", EX_USAGE, "missing: --smarthost, --password-stdin, "
	    "--password-file, --password-command, --token or --token-command, "
	    "--root");
	tls_fixture_close(&p.at);
}

static void
a_refused_password_is_not_written(void **state)
{
	struct place	p;

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS(ANSWERS(&p)));
	place_run(&p, "wrong\n", EX_NOPERM, "nothing was written");
	assert_int_equal(access(p.conf, F_OK), -1);
	assert_int_equal(access(p.secret, F_OK), -1);
	tls_fixture_close(&p.at);
}

static void
a_password_that_ends_with_a_blank_is_refused(void **state)
{
	struct place	p;

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS(ANSWERS(&p)));
	place_run(&p, "pasted \n", EX_DATAERR, "begins or ends with a blank");
	assert_int_equal(access(p.conf, F_OK), -1);
	tls_fixture_close(&p.at);
}

/* Arguments after those of place_open(), which are complete. */
struct refusal {
	const char	*sentence;
	const char	*words[4];
	const char	*password;
	int		 status;
	const char	*says;
};

static const struct refusal refusals[] = {
	{ "a password with two lines", { NULL }, "one\ntwo\n", EX_DATAERR,
	    "the password has more than one line" },
	{ "a password that is too long", { NULL }, NULL, EX_DATAERR,
	    "--password-stdin: the password is too long" },
	{ "a group that does not exist", { "--group", "no-such-group" },
	    "x\n", EX_USAGE, "--group: the group no-such-group does not exist" },
	{ "a password with a control character", { NULL }, "se\033[Dcret\n",
	    EX_DATAERR, "the password contains a control character, perhaps "
	    "that of an arrow key" },
	{ "a second password", { "--password-file", "/dev/null" }, "x\n",
	    EX_USAGE, "--password-stdin, --password-file, " },
	{ "a user without a login", { "--no-login" }, "x\n", EX_USAGE,
	    "cannot be combined" },
	{ "a root that is not an address", { "--root", "a@@b" }, "x\n", EX_CONFIG,
	    "root: invalid value \"a@@b\"" },
};

static void
is_refused(void **state)
{
	const struct refusal	*r = *state;
	struct place		 p;
	struct buffer		 octets = { 0 };

	place_open(&p, &host);
	place_add(&p, WORDS("--no-check", ANSWERS(&p)));
	place_add(&p, r->words);
	while (r->password == NULL && octets.len < 100000)
		buffer_add_text(&octets, "0123456789");
	place_run(&p, r->password != NULL ? r->password : octets.data,
	    r->status, r->says);
	assert_int_equal(access(p.conf, F_OK), -1);
	assert_int_equal(access(p.secret, F_OK), -1);
	buffer_free(&octets);
	tls_fixture_close(&p.at);
}

/* The value, which may be secret, is not shown. */
static void
a_secret_of_an_option_is_not_shown(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;

	(void)state;
	temp_dir_make(&dir);
	program_run(&o, &(struct program){ .argv = WORDS("relais", "-C",
	    temp_dir_path(&dir, "new.conf"), "-o", "password=s3cret", "setup",
	    "me@example.org", "--smarthost", "a.example", "--no-login",
	    "--root", "me@example.org"), .input = "" });
	assert_int_equal(o.status, EX_USAGE);
	assert_non_null(strstr(o.err.data,
	    "-o password: setup cannot write this setting"));
	assert_null(strstr(o.err.data, "s3cret"));
	program_result_free(&o);
	temp_dir_remove(&dir);
}

static void
an_existing_file_is_kept(void **state)
{
	struct place	p;
	struct buffer	text = { 0 };
	char		old[120];

	(void)state;
	place_open(&p, &host);
	temp_dir_write(&p.at.dir, "new.conf", 0640, "# mine\n");
	place_add(&p, WORDS("--no-check", ANSWERS(&p)));
	place_run(&p, "x\n", EX_CANTCREAT, "use --force");
	file_read(&text, p.conf);
	assert_string_equal(text.data, "# mine\n");
	place_add(&p, WORDS("--force"));
	place_run(&p, "x\n", 0, "Written");
	snprintf(old, sizeof(old), "%s.old", p.conf);
	file_read(&text, old);
	assert_string_equal(text.data, "# mine\n");
	assert_int_equal(mode_of(old), 0640);
	file_read(&text, p.conf);
	assert_non_null(strstr(text.data, "boss@example.org"));
	buffer_free(&text);
	tls_fixture_close(&p.at);
}

/* A link is replaced, and its target is not changed. */
static void
a_symbolic_link_is_not_followed(void **state)
{
	struct place	p;
	struct buffer	text = { 0 };
	const char	*target;

	(void)state;
	place_open(&p, &host);
	target = temp_dir_write(&p.at.dir, "victim", 0600, "# victim\n");
	assert_int_equal(symlink(target, p.secret), 0);
	place_add(&p, WORDS("--no-check", ANSWERS(&p)));
	place_run(&p, "x\n", EX_CANTCREAT, "use --force");
	place_add(&p, WORDS("--force"));
	place_run(&p, "x\n", 0, "Written");
	file_read(&text, temp_dir_path(&p.at.dir, "victim"));
	assert_string_equal(text.data, "# victim\n");
	buffer_free(&text);
	tls_fixture_close(&p.at);
}

static void
a_group_is_looked_up_before_the_questions(void **state)
{
	struct place	p;
	struct terminal	t;

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS("--group", "no-such-group"));
	terminal_start(&t, &(struct program){ .argv = p.words }, 80);
	terminal_wait(&t, "--group: the group no-such-group does not exist");
	assert_int_equal(terminal_end(&t), EX_USAGE);
	tls_fixture_close(&p.at);
}

static void
questions_are_asked_on_a_terminal(void **state)
{
	struct place	p;
	struct terminal	t;

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS("--smarthost", p.url));
	terminal_start(&t, &(struct program){ .argv = p.words }, 80);
	terminal_say(&t, "Address that sends", "me\n");
	terminal_say(&t, "Address that sends", "me@example.org\n");
	terminal_say(&t, "User name", "nina\n");
	terminal_say(&t, "Password", TLS_FIXTURE_PASSWORD "\n");
	terminal_say(&t, "mail to root", "boss@example.org\n");
	terminal_say(&t, "Write these files?", "\n");
	terminal_say(&t, "Send a test message", "\n");
	terminal_wait(&t, "accepted");
	assert_int_equal(terminal_end(&t), 0);
	assert_true(mock_smtp_wait_messages(p.at.host, 1));
	tls_fixture_close(&p.at);
}

/* The provider of the address is suggested; another one can be named. */
static void
a_provider_is_an_answer(void **state)
{
	struct place	p;
	struct terminal	t;

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS("--no-check", "me@gmail.com"));
	terminal_start(&t, &(struct program){ .argv = p.words }, 80);
	terminal_say(&t, "URL) [submissions://smtp.gmail.com]", "fastmail\n");
	terminal_wait(&t, "Fastmail: the login requires an app password.");
	terminal_say(&t, "Password (an app password; ", "abcd efgh\n");
	terminal_say(&t, "root [me@gmail.com]", "\n");
	terminal_wait(&t, "= submissions://smtp.fastmail.com\r\n");
	terminal_wait(&t, "= me@gmail.com\r\n");
	terminal_say(&t, "Write these files?", "no\n");
	assert_int_equal(terminal_end(&t), 1);
	tls_fixture_close(&p.at);
}

static void
a_terminal_does_not_show_the_password_of_its_input(void **state)
{
	struct place	p;
	struct terminal	t;
	char		*echo;

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS("--no-check", ANSWERS(&p)));
	terminal_start(&t, &(struct program){ .argv = p.words }, 80);
	terminal_say(&t, "it is not shown): ", TLS_FIXTURE_PASSWORD "\n");
	echo = terminal_hear(&t, "");
	assert_string_equal(echo, "");
	free(echo);
	terminal_say(&t, "Write these files?", "no\n");
	assert_int_equal(terminal_end(&t), 1);
	tls_fixture_close(&p.at);
}

/* The list of servers is longer than the name of one. */
static void
a_long_answer_is_suggested_whole(void **state)
{
	struct place	p;
	struct terminal	t;
	struct buffer	list = { 0 };

	(void)state;
	place_open(&p, &(struct script){ .refusing = true });
	for (int i = 0; i < 16; i++)
		buffer_addf(&list, "%s%s", i > 0 ? "," : "", p.url);
	place_add(&p, WORDS("me@example.org", "--smarthost", list.data,
	    "--no-login", "--root", "boss@example.org"));
	terminal_start(&t, &(struct program){ .argv = p.words }, 0);
	terminal_say(&t, "(change, write, stop)", "change\n");
	terminal_say(&t, "Address that sends", "\n");
	terminal_wait(&t, "URL) [");
	terminal_wait(&t, list.data);
	terminal_say(&t, "]: ", "\004");
	assert_int_equal(terminal_end(&t), 1);
	buffer_free(&list);
	tls_fixture_close(&p.at);
}

/* After "change", an empty line keeps an answer. */
static void
a_wrong_password_can_be_corrected(void **state)
{
	struct place	p;
	struct terminal	t;
	struct buffer	text = { 0 };

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS("me@example.org", "--smarthost", p.url, "--user",
	    "nina", "--root", "boss@example.org"));
	terminal_start(&t, &(struct program){ .argv = p.words }, 80);
	terminal_say(&t, "Password", "wrong\n");
	terminal_wait(&t, "FAIL");
	terminal_wait(&t, "-> check user and password\r\n");
	terminal_say(&t, "(change, write, stop)", "change\n");
	terminal_say(&t, "Address that sends", "\n");
	terminal_wait(&t, "Smarthost (host name or URL) [");
	terminal_wait(&t, p.url);
	terminal_say(&t, "]: ", "\n");
	terminal_say(&t, "User name, or - for no login [nina]", "\n");
	terminal_say(&t, "[unchanged]", TLS_FIXTURE_PASSWORD "\n");
	terminal_say(&t, "mail to root [boss@example.org]", "\n");
	terminal_say(&t, "Write these files?", "\n");
	terminal_say(&t, "Send a test message", "no\n");
	assert_int_equal(terminal_end(&t), 0);
	file_read(&text, p.conf);
	assert_non_null(strstr(text.data, "from          = me@example.org\n"));
	assert_non_null(strstr(text.data, "user          = nina\n"));
	file_read(&text, p.secret);
	assert_string_equal(text.data, TLS_FIXTURE_PASSWORD "\n");
	buffer_free(&text);
	tls_fixture_close(&p.at);
}

static void
the_password_is_kept_if_another_answer_is_wrong(void **state)
{
	struct place	p;
	struct terminal	t;
	struct buffer	text = { 0 };

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS("me@example.org", "--smarthost", p.url, "--user",
	    "nin", "--root", "boss@example.org"));
	terminal_start(&t, &(struct program){ .argv = p.words }, 80);
	terminal_say(&t, "Password", TLS_FIXTURE_PASSWORD "\n");
	terminal_say(&t, "(change, write, stop)", "\n");
	terminal_say(&t, "Address that sends", "you@example.org\n");
	terminal_say(&t, "Smarthost (host name or URL)", "\n");
	terminal_say(&t, "[nin]", "nina\n");
	terminal_say(&t, "[unchanged]", "\n");
	terminal_say(&t, "mail to root", "\n");
	terminal_say(&t, "Write these files?", "\n");
	terminal_say(&t, "Send a test message", "no\n");
	assert_int_equal(terminal_end(&t), 0);
	file_read(&text, p.conf);
	assert_non_null(strstr(text.data, "from          = you@example.org\n"));
	file_read(&text, p.secret);
	assert_string_equal(text.data, TLS_FIXTURE_PASSWORD "\n");
	buffer_free(&text);
	tls_fixture_close(&p.at);
}

/* A provider with a login with OAuth 2: the name of the login is asked for. */
static void
the_name_of_a_login_is_asked_for(void **state)
{
	struct place	p;
	struct terminal	t;
	struct buffer	text = { 0 };

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS("--no-check", "me@outlook.com", "--smarthost",
	    "outlook", "--root", "boss@example.org"));
	terminal_start(&t, &(struct program){ .argv = p.words }, 80);
	terminal_say(&t, "that relais login has stored: ", "work\n");
	terminal_say(&t, "Write these files?", "\n");
	terminal_say(&t, "Send a test message", "no\n");
	assert_int_equal(terminal_end(&t), 0);
	file_read(&text, p.conf);
	assert_non_null(strstr(text.data, "user          = me@outlook.com\n"));
	assert_non_null(strstr(text.data, "token         = work\n"));
	assert_int_equal(access(p.secret, F_OK), -1);
	buffer_free(&text);
	tls_fixture_close(&p.at);
}

/* And a password that is refused is asked for again. */
static void
the_user_can_be_that_of_the_provider(void **state)
{
	struct place	p;
	struct terminal	t;
	struct buffer	text = { 0 };

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS("--no-check", "me@example.org", "--smarthost",
	    "sendgrid", "--root", "boss@example.org"));
	terminal_start(&t, &(struct program){ .argv = p.words }, 80);
	terminal_wait(&t, "  The sender must be verified with the provider.");
	terminal_say(&t, "it is not shown): ", " blank\n");
	terminal_wait(&t, "begins or ends with a blank");
	terminal_say(&t, "it is not shown): ", "right\n");
	terminal_say(&t, "Write these files?", "\n");
	terminal_say(&t, "Send a test message", "no\n");
	assert_int_equal(terminal_end(&t), 0);
	file_read(&text, p.conf);
	assert_non_null(strstr(text.data, "user          = apikey\n"));
	file_read(&text, p.secret);
	assert_string_equal(text.data, "right\n");
	buffer_free(&text);
	tls_fixture_close(&p.at);
}

/* ESC [ D is what the left arrow key sends. */
static void
an_answer_that_is_not_valid_is_asked_for_again(void **state)
{
	struct place	p;
	struct terminal	t;

	(void)state;
	place_open(&p, &(struct script){ .refusing = true });
	place_add(&p, WORDS("me@example.org", "--smarthost", p.url, "--root",
	    "boss@example.org"));
	terminal_start(&t, &(struct program){ .argv = p.words }, 80);
	terminal_say(&t, "User name, or - for no login", "nnia\033[D\n");
	terminal_wait(&t, "answer: user: the value contains a control "
	    "character\r\n");
	terminal_say(&t, "User name, or - for no login", "-\n");
	terminal_say(&t, "(change, write, stop)", "yes\n");
	terminal_say(&t, "(change, write, stop)", "Write\n");
	terminal_say(&t, "Write these files?", "sure\n");
	terminal_say(&t, "Write these files?", "Yes\n");
	terminal_say(&t, "Send a test message", "no\n");
	assert_int_equal(terminal_end(&t), 0);
	assert_int_equal(access(p.conf, F_OK), 0);
	tls_fixture_close(&p.at);
}

static void
refused_answers_can_be_written(void **state)
{
	struct place	p;
	struct terminal	t;

	(void)state;
	place_open(&p, &(struct script){ .refusing = true });
	place_add(&p, WORDS("me@example.org", "--smarthost", p.url,
	    "--no-login", "--root", "boss@example.org"));
	terminal_start(&t, &(struct program){ .argv = p.words }, 80);
	terminal_say(&t, "(change, write, stop)", "write\n");
	terminal_say(&t, "Write these files?", "\n");
	terminal_say(&t, "Send a test message", "no\n");
	assert_int_equal(terminal_end(&t), 0);
	assert_int_equal(access(p.conf, F_OK), 0);
	assert_int_equal(access(p.secret, F_OK), -1);
	tls_fixture_close(&p.at);
}

static void
refused_answers_can_be_dropped(void **state)
{
	struct place	p;
	struct terminal	t;

	(void)state;
	place_open(&p, &(struct script){ .refusing = true });
	place_add(&p, WORDS("me@example.org", "--smarthost", p.url,
	    "--no-login", "--root", "boss@example.org"));
	terminal_start(&t, &(struct program){ .argv = p.words }, 80);
	terminal_say(&t, "(change, write, stop)", "stop\n");
	terminal_wait(&t, "nothing was written");
	assert_int_equal(terminal_end(&t), 1);
	assert_int_equal(access(p.conf, F_OK), -1);
	tls_fixture_close(&p.at);
}

static void
the_dialogue_can_be_stopped(void **state)
{
	struct place	p;
	struct terminal	t;

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS("me@example.org", "--smarthost", p.url, "--user",
	    "nina", "--root", "boss@example.org"));
	terminal_start(&t, &(struct program){ .argv = p.words }, 80);
	terminal_say(&t, "Password", TLS_FIXTURE_PASSWORD "\n");
	terminal_say(&t, "Write these files?", "no\n");
	terminal_wait(&t, "nothing was written");
	assert_int_equal(terminal_end(&t), 1);
	assert_int_equal(access(p.conf, F_OK), -1);
	tls_fixture_close(&p.at);
}

/*
 * The signal arrives as soon as the question is visible, and no input follows
 * it.  It is sent several times, at different moments.
 */
static void
an_interrupt_restores_the_echo(void **state)
{
	struct place		p;
	struct terminal		t;
	struct termios		mode;
	struct program_result	o;
	int			slave;

	(void)state;
	place_open(&p, &host);
	place_add(&p, WORDS("me@example.org", "--smarthost", p.url, "--user",
	    "nina", "--root", "boss@example.org"));
	for (int i = 0; i < 20; i++) {
		terminal_start(&t, &(struct program){ .argv = p.words }, 80);
		slave = open(t.slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
		terminal_wait(&t, "Password");
		assert_int_equal(tcgetattr(slave, &mode), 0);
		assert_int_equal(mode.c_lflag & ECHO, 0);
		assert_int_equal(kill(program_pid(t.running), SIGTERM), 0);
		program_stop(t.running, 0, &o);
		assert_int_equal(o.signal, SIGTERM);
		program_result_free(&o);
		assert_int_equal(tcgetattr(slave, &mode), 0);
		assert_int_not_equal(mode.c_lflag & ECHO, 0);
		close(slave);
		close(t.master);
		buffer_free(&t.out);
	}
	assert_int_equal(access(p.conf, F_OK), -1);
	tls_fixture_close(&p.at);
}

/* Runs a command as a user whose home directory is empty. */
static void
run_at_home(struct temp_dir *home, const char *const *words,
    const char *input)
{
	struct program_result	o;
	uid_t			nobody = NOBODY;
	char			variable[120];
	bool			root = geteuid() == 0;

	snprintf(variable, sizeof(variable), "HOME=%s", home->path);
	program_run(&o, &(struct program){ .argv = words, .input = input,
	    .env = WORDS("PATH=/usr/bin:/bin", variable),
	    .prepare = root ? user_become : NULL, .ctx = &nobody });
	if (o.status != 0)
		fail_msg("status %d: %s%s", o.status, o.out.data, o.err.data);
	program_result_free(&o);
}

static void
a_missing_directory_of_a_user_is_created(void **state)
{
	struct temp_dir	home;

	(void)state;
	if (access(SYSCONFDIR "/relais.conf", F_OK) == 0)
		skip_because("this machine has a " SYSCONFDIR "/relais.conf");
	if (geteuid() == 0)
		user_needs_root();
	temp_dir_make(&home);
	if (geteuid() == 0)
		assert_int_equal(chown(home.path, NOBODY, NOBODY), 0);
	run_at_home(&home, WORDS("relais", "setup", "me@example.org",
	    "--no-check", "--smarthost", "gmail", "--user", "me",
	    "--password-stdin", "--root", "me@example.org"), "secret\n");
	assert_int_equal(mode_of(temp_dir_path(&home, ".config")), 0700);
	assert_int_equal(mode_of(temp_dir_path(&home,
	    ".config/relais.conf")), 0600);
	assert_int_equal(mode_of(temp_dir_path(&home,
	    ".config/relais.password")), 0600);
	temp_dir_remove(&home);

	temp_dir_make(&home);
	if (geteuid() == 0)
		assert_int_equal(chown(home.path, NOBODY, NOBODY), 0);
	temp_dir_write(&home, "ssmtp.conf", 0644, "mailhub=a.example.org\n");
	run_at_home(&home, WORDS("relais", "import", "--write",
	    temp_dir_path(&home, "ssmtp.conf")), "");
	assert_int_equal(mode_of(temp_dir_path(&home, ".config")), 0700);
	temp_dir_remove(&home);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(options_make_a_configuration_that_delivers),
		cmocka_unit_test(the_test_has_a_result_if_sigchld_was_ignored),
		cmocka_unit_test(root_can_be_a_domain),
		cmocka_unit_test(limits_of_the_provider_are_written),
		cmocka_unit_test(a_login_with_oauth_is_written),
		cmocka_unit_test(missing_options_are_named),
		cmocka_unit_test(a_refused_password_is_not_written),
		cmocka_unit_test(
		    a_password_that_ends_with_a_blank_is_refused),
		cmocka_unit_test(a_secret_of_an_option_is_not_shown),
		cmocka_unit_test(an_existing_file_is_kept),
		cmocka_unit_test(a_symbolic_link_is_not_followed),
		cmocka_unit_test(a_group_is_looked_up_before_the_questions),
		cmocka_unit_test(questions_are_asked_on_a_terminal),
		cmocka_unit_test(a_provider_is_an_answer),
		cmocka_unit_test(
		    a_terminal_does_not_show_the_password_of_its_input),
		cmocka_unit_test(a_long_answer_is_suggested_whole),
		cmocka_unit_test(a_wrong_password_can_be_corrected),
		cmocka_unit_test(
		    the_password_is_kept_if_another_answer_is_wrong),
		cmocka_unit_test(the_name_of_a_login_is_asked_for),
		cmocka_unit_test(the_user_can_be_that_of_the_provider),
		cmocka_unit_test(
		    an_answer_that_is_not_valid_is_asked_for_again),
		cmocka_unit_test(refused_answers_can_be_written),
		cmocka_unit_test(refused_answers_can_be_dropped),
		cmocka_unit_test(the_dialogue_can_be_stopped),
		cmocka_unit_test(a_missing_directory_of_a_user_is_created),
		cmocka_unit_test(an_interrupt_restores_the_echo),
	};

	return CASES_RUN("relais setup refuses", is_refused, refusals) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
