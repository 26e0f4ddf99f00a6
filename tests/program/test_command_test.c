/*
 * relais test: sends a message, alone, through the service or as another user,
 * and says what became of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/fixture.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/serving.h"
#include "support/skip.h"
#include "support/user.h"

enum { ARGUMENTS_MAX = 6 };

static void
assert_says(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in: %s", part, text);
}

/* With a queue.  The IDs in the output are those of the queue. */
struct outcome_case {
	const char	*sentence;
	struct script	 script;
	const char	*conf;
	const char	*arguments[ARGUMENTS_MAX];
	int		 status;
	const char	*out[3];	/* parts of standard output */
	const char	*err;		/* a part, or NULL: it is empty */
};

static const struct outcome_case outcomes[] = {
	{ "an accepted message is reported with the reply",
	    { .steps = { { .at = ON_BODY, .say = "250 2.0.0 Ok as XY1" } } },
	    NULL, { "a@example.net" }, 0,
	    { "accepted   a@example.net: ", ": 250 2.0.0 Ok as XY1\n",
	    "through    this process, without the service\n" }, NULL },
	{ "without an address, the message goes to that of root", { 0 },
	    "root = admin@example.net\n", { NULL }, 0,
	    { "accepted   admin@example.net: " }, NULL },
	{ "a deferred message is queued, and the ID is printed",
	    { .steps = { { .at = ON_RCPT, .say = "451 4.3.0 later" } } },
	    NULL, { "a@example.net" }, 0,
	    { "queued     a@example.net: ", "451 4.3.0 later",
	    "To try it now: relais -C " }, NULL },
	{ "a refused message has the exit status of sendmail",
	    { .steps = { { .at = ON_RCPT, .say = "550 5.1.1 nobody" } } },
	    NULL, { "a@example.net" }, EX_NOUSER,
	    { "refused    a@example.net: ", "550 5.1.1 nobody",
	    "relais.conf queue drop " }, NULL },
	{ "a message that no server was asked to accept is not sent", { 0 },
	    "user = x\npassword_file = /nonexistent/password\n",
	    { "a@example.net" }, EX_CONFIG,
	    { "not sent   a@example.net: ", "/nonexistent/password",
	    "relais.conf route a@example.net\n" }, NULL },
	{ "without a queue, a deferred message is not sent",
	    { .steps = { { .at = ON_RCPT, .say = "451 4.3.0 later" } } },
	    "queue = off\n", { "a@example.net" }, EX_TEMPFAIL,
	    { "not sent   a@example.net: ", "451 4.3.0 later" }, NULL },
	{ "a local name without an address is an error", { 0 },
	    "domain =\n", { "joe" }, EX_NOUSER, { "" },
	    "no address for the local name joe" },
	{ "a smarthost that cannot be reached defers the message",
	    { .refusing = true }, NULL, { "a@example.net" }, 0,
	    { "queued     a@example.net: ", "onnection refused" }, NULL },
	{ "there is one recipient", { 0 }, NULL, { "a@x.example, b@x.example" },
	    EX_USAGE, { "" }, "a test message has one recipient" },
	{ "a second argument is refused", { 0 }, NULL,
	    { "a@x.example", "b@x.example" }, EX_USAGE, { "" },
	    "usage: relais test [--user NAME] [ADDRESS]" },
	{ "an unknown user is refused", { 0 }, NULL,
	    { "--user", "no-such-user", "a@x.example" }, EX_NOUSER, { "" },
	    "--user: there is no user no-such-user" },
};

static void
reports(void **state)
{
	const struct outcome_case	*c = *state;
	const char			*argv[ARGUMENTS_MAX + 1] = { "test" };
	struct queue_fixture		 p;
	struct program_result		 o;

	queue_fixture_open(&p, &c->script, c->conf);
	memcpy(argv + 1, c->arguments, sizeof(c->arguments));
	argv[ARGUMENTS_MAX] = NULL;
	relais_run(&o, p.conf, argv, "");
	for (size_t i = 0; i < 3 && c->out[i] != NULL; i++)
		assert_says(o.out.data, c->out[i]);
	if (c->err != NULL)
		assert_says(o.err.data, c->err);
	else
		assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, c->status);
	program_result_free(&o);
	queue_fixture_close(&p);
}

static void
the_message_has_the_printed_message_id(void **state)
{
	struct fixture			 p;
	const struct heard_message	*m;
	struct program_result		 o;
	char				 id[200];

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	relais_run(&o, p.conf, WORDS("-f", "kim@example.com", "test",
	    "a@example.net"), "");
	assert_int_equal(o.status, 0);
	assert_int_equal(sscanf(strstr(o.out.data, "Message-ID"),
	    "Message-ID %150s", id), 1);
	m = fixture_message(&p, 0);
	assert_string_equal(m->reverse_path, "kim@example.com");
	assert_says(m->data.data, "\r\nSubject: Test message from ");
	assert_says(m->data.data, "To: a@example.net\r\n");
	assert_says(m->data.data, id);
	program_result_free(&o);
	fixture_close(&p);
}

/* A message that no server has is not in the log of a server. */
static void
only_servers_have_a_log(void **state)
{
	struct fixture		p;
	struct program_result	o;

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	relais_run(&o, p.conf, WORDS("test", "a@example.net"), "");
	assert_says(o.out.data, "look for the Message-ID in the log of the");
	program_result_free(&o);
	relais_run(&o, p.conf, WORDS("-o", "smarthost=discard:", "test",
	    "a@example.net"), "");
	assert_says(o.out.data, "discard: the message was discarded\n");
	assert_null(strstr(o.out.data, "the log of the"));
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	fixture_close(&p);
}

static void
the_service_is_used(void **state)
{
	struct serving		s;
	struct program_result	o;

	(void)state;
	serving_open(&s, &(struct script){ .steps = { { .at = ON_RCPT,
	    .match = "bad", .say = "550 5.1.1 nobody" } } }, "");
	serving_start(&s, NULL);
	relais_run(&o, s.conf, WORDS("test", "a@example.net"), "");
	assert_says(o.out.data, "through    the service\n");
	assert_says(o.out.data, "accepted   a@example.net: ");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	relais_run(&o, s.conf, WORDS("test", "bad@example.net"), "");
	assert_says(o.out.data, "through    the service\n");
	assert_says(o.out.data, "550 5.1.1 nobody");
	assert_int_equal(o.status, EX_NOUSER);
	program_result_free(&o);
	serving_close(&s);
}

/* This user has no permission to read the configuration. */
static void
root_sends_as_another_user(void **state)
{
	struct serving		s;
	struct program_result	o;
	char			key[120];

	(void)state;
	user_needs_root();
	serving_open(&s, &(struct script){ 0 }, "");
	serving_start(&s, NULL);
	snprintf(key, sizeof(key), "socket=%s", s.socket);
	relais_run(&o, s.conf, WORDS("-o", key, "test", "--user", "nobody",
	    "a@example.net"), "");
	assert_says(o.out.data, "sent by    nobody\n");
	assert_says(o.out.data, "through    the service\n");
	assert_says(o.out.data, "accepted   a@example.net: ");
	assert_int_equal(o.status, 0);
	assert_true(mock_smtp_wait_messages(s.host, 1));
	assert_string_equal(mock_smtp_message(s.host, 0)->reverse_path,
	    "nobody@example.org");
	program_result_free(&o);
	serving_close(&s);
}

static void
ignore_sigchld(void *unused)
{
	(void)unused;
	signal(SIGCHLD, SIG_IGN);
}

/* A process whose parent ignores SIGCHLD ignores it, too. */
static void
the_status_is_known_if_sigchld_was_ignored(void **state)
{
	struct fixture		p;
	struct program_result	o;

	(void)state;
	if (geteuid() != 0)
		skip_because("only root can send mail as another user");
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	program_run(&o, &(struct program){ .argv = WORDS("relais", "-C",
	    p.conf, "test", "--user", "root", "a@example.net"),
	    .prepare = ignore_sigchld });
	assert_says(o.out.data, "accepted   a@example.net: ");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	fixture_close(&p);
}

/* The smarthost is silent while the process is killed. */
static void
a_killed_process_is_reported(void **state)
{
	struct fixture		p;
	struct program_result	o;
	struct running		*r;
	pid_t			child;

	(void)state;
	if (geteuid() != 0)
		skip_because("only root can send mail as another user");
	fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .say = "", .then = THEN_HANG } } }, "smtp", NULL);
	r = program_start(&(struct program){ .argv = WORDS("relais", "-C",
	    p.conf, "-v", "test", "--user", "root", "a@example.net") });
	program_wait_output(r, ">>> RCPT");
	assert_int_equal(serving_children(program_pid(r), &child, 1), 1);
	assert_int_equal(kill(child, SIGKILL), 0);
	program_stop(r, 0, &o);
	assert_int_equal(o.status, EX_OSERR);
	assert_says(o.err.data, "--user: the process was killed by signal 9");
	program_result_free(&o);
	fixture_close(&p);
}

static void
other_users_cannot_send_as_root(void **state)
{
	struct program_result	o;
	uid_t			nobody = NOBODY;

	(void)state;
	if (geteuid() == 0)
		user_needs_root();	/* who can become nobody */
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "test", "--user", "root", "a@example.net"),
	    .prepare = geteuid() == 0 ? user_become : NULL, .ctx = &nobody });
	assert_says(o.err.data, "only root can send mail as another user");
	assert_int_equal(o.status, EX_NOPERM);
	program_result_free(&o);
}

static const struct CMUnitTest other_cases[] = {
	cmocka_unit_test(the_message_has_the_printed_message_id),
	cmocka_unit_test(only_servers_have_a_log),
	cmocka_unit_test(the_service_is_used),
	cmocka_unit_test(root_sends_as_another_user),
	cmocka_unit_test(the_status_is_known_if_sigchld_was_ignored),
	cmocka_unit_test(a_killed_process_is_reported),
	cmocka_unit_test(other_users_cannot_send_as_root),
};

int
main(void)
{
	return CASES_RUN("test", reports, outcomes) +
	    cmocka_run_group_tests(other_cases, NULL, NULL);
}
