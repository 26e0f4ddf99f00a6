/*
 * The users of the service: each can send although only the service can read
 * relais.conf and the password, with the same result as by an attempt of its
 * own; and each is who the kernel says, whatever it claims.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/serving.h"
#include "support/skip.h"
#include "support/temp_spool.h"
#include "support/user.h"

enum { ARGUMENTS = 12 };

/* A smarthost that requires a password. */
static const struct script	guarded = { .user = "me", .password = "secret",
	.auth_in_clear = true, .auth_required = true };

/* What a user claims to be in its environment. */
#define CLAIMS	"PATH=/usr/bin:/bin", "HOME=/nowhere", "LC_ALL=C", \
		"ASAN_OPTIONS=detect_leaks=0", "LOGNAME=root", "USER=root", \
		"USERNAME=root", "RELAIS_FROM=root@example.org", \
		"RELAIS_USER=root"

static void
open_guarded(struct serving *s, const struct script *script, const char *more)
{
	char		lines[600];
	const char	*password;

	user_needs_root();
	serving_open(s, script, "");
	password = temp_dir_write(&s->dir, "password", 0600, "secret");
	snprintf(lines, sizeof(lines), "tls = off\nauth = PLAIN\nuser = me\n"
	    "password_file = %s\n%s", password, more);
	serving_configure(s, lines);
}

/* relais -C CONF -o socket=SOCKET and further arguments, as a user. */
struct command {
	const char	*argv[ARGUMENTS + 10];
	char		 socket[120];
	char		 queue[120];
	uid_t		 uid;
	struct program	 program;
};

static void
command_set(struct command *c, const struct serving *s, uid_t uid,
    const char *const *argument)
{
	size_t	n = 5;

	*c = (struct command){ .argv = { "relais", "-C", s->conf, "-o",
	    c->socket }, .uid = uid };
	snprintf(c->socket, sizeof(c->socket), "socket=%s", s->socket);
	for (size_t i = 0; i < ARGUMENTS && argument[i] != NULL; i++)
		c->argv[n++] = argument[i];
	c->program = (struct program){
	    .argv = c->argv, .prepare = user_become, .ctx = &c->uid };
}

static void
run_as(struct program_result *o, const struct serving *s, uid_t uid,
    const char *const *argument, const char *input)
{
	struct command	c;

	command_set(&c, s, uid, argument);
	c.program.input = input;
	program_run(o, &c.program);
}

static void
send_as(const struct serving *s, uid_t uid, int status, const char *err)
{
	struct program_result	o;

	run_as(&o, s, uid, WORDS("-i", "b@example.net"), "\nhello\n");
	if (o.status != status)
		fail_msg("status %d, not %d: %s", o.status, status,
		    o.err.data);
	if (err == NULL)
		assert_string_equal(o.err.data, "");
	else if (strstr(o.err.data, err) == NULL)
		fail_msg("no \"%s\" in: %s", err, o.err.data);
	program_result_free(&o);
}

/* ----------------------------- the same as by an attempt of the user itself */

struct user_case {
	const char	*sentence;
	uid_t		 uid;
	struct script	 script;	/* of a smarthost without password */
	const char	*argument[ARGUMENTS];
	const char	*input;
	const char	*env;		/* one more variable, or NULL */
	int		 status;
	bool		 sent_later;	/* directly, by another process */
};

static void
run_case(struct serving *s, const struct user_case *c, bool direct,
    struct program_result *o)
{
	struct command	run;
	const char	*env[] = { "PATH=/usr/bin:/bin", "HOME=/nowhere",
			    "LC_ALL=C", "ASAN_OPTIONS=detect_leaks=0", c->env,
			    NULL };

	command_set(&run, s, c->uid, c->argument);
	if (direct) {
		/* A file that the user can read, and a queue of its own. */
		strlcpy(run.socket, "socket=off", sizeof(run.socket));
		snprintf(run.queue, sizeof(run.queue), "queue=%s/direct",
		    s->dir.path);
		memmove(&run.argv[9], &run.argv[5], ARGUMENTS *
		    sizeof(*run.argv));
		run.argv[5] = run.argv[7] = "-o";
		run.argv[6] = run.queue;
		run.argv[8] = "log=off";
	}
	run.program.env = env;
	run.program.input = c->input;
	program_run(o, &run.program);
}

/* The envelope, the parameters and the data of the n-th message. */
static char *
describe(struct mock_smtp *host, size_t n)
{
	const struct heard_message	*m = mock_smtp_message(host, n);
	struct buffer			 text = { 0 };

	buffer_addf(&text, "MAIL FROM:<%s> %s\n", m->reverse_path,
	    m->parameters);
	for (size_t i = 0; i < m->n_rcpt; i++)
		buffer_addf(&text, "RCPT TO:<%s> %s\n", m->rcpt[i].path,
		    m->rcpt[i].parameters);
	buffer_add_text(&text, m->data.data);
	return buffer_take(&text);
}

/* What is in a queue, which may be absent. */
static void
copy_entries(char *to, size_t size, const char *spool)
{
	strlcpy(to, temp_spool_entries(spool, SPOOL_QUEUE), size);
}

static void
is_the_same(void **state)
{
	const struct user_case	*c = *state;
	struct serving		 s;
	struct program_result	 direct, served;
	char			 spool[100], before[200], after[200];
	char			*first, *second;
	size_t			 messages;

	user_needs_root();
	serving_open(&s, &c->script, "");
	snprintf(spool, sizeof(spool), "%s/direct", s.dir.path);
	assert_int_equal(mkdir(spool, 0700), 0);
	assert_int_equal(chown(spool, c->uid, c->uid), 0);
	assert_int_equal(chmod(s.conf, 0644), 0);
	run_case(&s, c, true, &direct);
	if (c->sent_later)
		assert_true(mock_smtp_wait_messages(s.host, 1));
	messages = mock_smtp_messages(s.host);
	copy_entries(before, sizeof(before), spool);

	assert_int_equal(chmod(s.conf, 0600), 0);
	serving_start(&s, NULL);
	run_case(&s, c, false, &served);
	copy_entries(after, sizeof(after), s.spool);
	if (direct.status != c->status)
		fail_msg("status %d: %s", direct.status, direct.err.data);
	assert_int_equal(served.status, direct.status);
	assert_string_equal(served.out.data, direct.out.data);
	assert_string_equal(served.err.data, direct.err.data);
	assert_int_equal(mock_smtp_messages(s.host), 2 * messages);
	if (!c->sent_later)
		assert_string_equal(after, before);
	if (messages == 1) {
		first = describe(s.host, 0);
		second = describe(s.host, 1);
		assert_string_equal(second, first);
		free(first);
		free(second);
	}
	program_result_free(&direct);
	program_result_free(&served);
	serving_close(&s);
}

#define AS_EACH(sentence, ...) \
	{ sentence ": root", ROOT, __VA_ARGS__ }, \
	{ sentence ": nobody", NOBODY, __VA_ARGS__ }, \
	{ sentence ": www-data", WWW_DATA, __VA_ARGS__ }, \
	{ sentence ": a user without a name", 54321, __VA_ARGS__ }

/* Fields that relais would otherwise add with another value each time. */
#define STAMP	"Date: Sat, 28 Nov 2026 10:00:00 +0000\n" \
		"Message-ID: <1@example.org>\n"
#define HELLO	STAMP "To: b@example.net\nSubject: hello\n\nhi\n"

#define SESSION	"EHLO a\r\nMAIL FROM:<a@example.org>\r\n" \
		"RCPT TO:<b@example.net>\r\nDATA\r\n" \
		STAMP "From: a@example.org\r\nTo: b@example.net\r\n\r\nhi\r\n" \
		".\r\nQUIT\r\n"

static const struct user_case	same_table[] = {
	AS_EACH("a recipient as an argument",
	    .argument = { "-i", "b@example.net" }, .input = HELLO),
	AS_EACH("recipients in the header, -t",
	    .argument = { "-t" }, .input = HELLO),
	AS_EACH("another envelope sender, -f",
	    .argument = { "-f", "a@example.com", "b@example.net" },
	    .input = HELLO),
	AS_EACH("a full name, -F",
	    .argument = { "-F", "Jo \"J\" Doe", "b@example.net" },
	    .input = HELLO),
	AS_EACH("a full name, $NAME", .env = "NAME=Jo Doe",
	    .argument = { "-i", "b@example.net" }, .input = HELLO),
	AS_EACH("a session on standard input, -bs",
	    .script = { .steps = { { .at = ON_BODY, .say = "250 taken" } } },
	    .argument = { "-bs" }, .input = SESSION),
	AS_EACH("a full name, $NAME, in such a session", .env = "NAME=Jo Doe",
	    .script = { .steps = { { .at = ON_BODY, .say = "250 taken" } } },
	    .argument = { "-bs" }, .input = "EHLO a\r\n"
	    "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\n"
	    "DATA\r\nDate: Sat, 28 Nov 2026 10:00:00 +0000\r\n"
	    "Message-ID: <1@example.org>\r\n\r\nhi\r\n.\r\nQUIT\r\n"),
	AS_EACH("a message for the queue, -odq",
	    .argument = { "-odq", "b@example.net" }, .input = HELLO),
	AS_EACH("a message in the background, -odb",
	    .argument = { "-odb", "b@example.net" }, .input = HELLO,
	    .sent_later = true),
	AS_EACH("a deferred message",
	    .script = { .steps = { { .at = ON_RCPT, .say = "451 4.7.1 no" } } },
	    .argument = { "-i", "b@example.net" }, .input = HELLO),
	AS_EACH("a refused recipient, quietly, -oeq",
	    .script = { .steps = { { .at = ON_RCPT, .say = "550 5.1.1 no" } } },
	    .argument = { "-oeq", "b@example.net" }, .input = HELLO,
	    .status = EX_NOUSER),
	AS_EACH("a smarthost that is down", .script = { .refusing = true },
	    .argument = { "-i", "b@example.net" }, .input = HELLO),
	AS_EACH("no recipients", .argument = { "-t" },
	    .input = "Subject: a\n\nb\n", .status = EX_USAGE),
};

/* ------------------------------------------------------------- the password */

struct password_case {
	const char	*sentence;
	uid_t		 uid;
};

static void
needs_no_password(void **state)
{
	const struct password_case *c = *state;
	struct serving		 s;
	struct program_result	 o;

	open_guarded(&s, &guarded, "");
	serving_start(&s, NULL);
	run_as(&o, &s, c->uid, WORDS("-v", "b@example.net"), "\nhello\n");
	if (o.status != 0)
		fail_msg("status %d: %s", o.status, o.err.data);
	/* The words of the smarthost, and nothing that is secret. */
	assert_non_null(strstr(o.out.data, "\n<<< 250 2.0.0 Ok: sent ("));
	assert_non_null(strstr(o.out.data, ": end of message: 250 2.0.0 "));
	assert_null(strstr(o.out.data, "secret"));
	assert_int_equal(mock_smtp_messages(s.host), 1);
	assert_string_equal(mock_smtp_heard(s.host, 0)->password, "secret");
	program_result_free(&o);
	serving_close(&s);
}

static const struct password_case	password_table[] = {
	{ "root", ROOT },
	{ "www-data", WWW_DATA },
	{ "nobody", NOBODY },
	{ "a user without a name", 54321 },
};

/* ---------------------------------------------------------- who the user is */

static const char *
sender_of_last(const struct serving *s)
{
	size_t	n = mock_smtp_messages(s->host);

	assert_int_not_equal(n, 0);
	return mock_smtp_message(s->host, n - 1)->reverse_path;
}

#define SECTIONS \
	"from_mode = always\nfrom = other@example.org\n" \
	"[user www-data]\nfrom = web@example.org\n" \
	"[user root]\nfrom = admin@example.org\n"

static void
sections_apply_to_the_user_of_the_socket(void **state)
{
	struct serving	s;

	(void)state;
	open_guarded(&s, &guarded, SECTIONS);
	serving_start(&s, NULL);
	send_as(&s, WWW_DATA, 0, NULL);
	assert_string_equal(sender_of_last(&s), "web@example.org");
	send_as(&s, NOBODY, 0, NULL);
	assert_string_equal(sender_of_last(&s), "other@example.org");
	send_as(&s, ROOT, 0, NULL);
	assert_string_equal(sender_of_last(&s), "admin@example.org");
	serving_close(&s);
}

static void
a_claim_is_not_believed(void **state)
{
	struct serving		 s;
	struct program_result	 o;
	struct command		 c;

	(void)state;
	open_guarded(&s, &guarded, SECTIONS);
	serving_start(&s, NULL);
	command_set(&c, &s, NOBODY, WORDS("-f", "root", "-F", "root",
	    "b@example.net"));
	c.program.env = WORDS(CLAIMS);
	c.program.input = "From: root\nSender: root\n\nhello\n";
	program_run(&o, &c.program);
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	assert_string_equal(sender_of_last(&s), "other@example.org");
	command_set(&c, &s, NOBODY, WORDS("-bs"));
	c.program.env = WORDS(CLAIMS);
	c.program.input = "EHLO root\r\n"
	    "XRELAIS OPTIONS default-sender name=root\r\n"
	    "MAIL FROM:<root> AUTH=root\r\n"
	    "RCPT TO:<b@example.net>\r\nDATA\r\n\r\nhi\r\n.\r\nQUIT\r\n";
	program_run(&o, &c.program);
	assert_int_equal(o.status, 0);
	/* The session belongs to another program. */
	assert_non_null(strstr(o.out.data, "\r\n500 5.5.1 "));
	program_result_free(&o);
	assert_int_equal(mock_smtp_messages(s.host), 2);
	assert_string_equal(sender_of_last(&s), "other@example.org");
	serving_stop(&s, &o);
	assert_non_null(strstr(o.err.data, " uid=65534 "));
	assert_null(strstr(o.err.data, " uid=0 "));
	program_result_free(&o);
	serving_close(&s);
}

static void
the_log_names_user_process_and_program(void **state)
{
	struct serving		 s;
	struct program_result	 o;
	struct running		*r;
	struct command		 c;
	char			 words[80];

	(void)state;
	open_guarded(&s, &guarded, "");
	serving_start(&s, NULL);
	command_set(&c, &s, WWW_DATA, WORDS("-i", "b@example.net"));
	c.program.keep_open = true;
	r = program_start(&c.program);
	/* The parent of sendmail is this test. */
	snprintf(words, sizeof(words), " uid=33 pid=%ld program=%.15s ",
	    (long)program_pid(r), getprogname());
	program_say(r, "\nhello\n");
	program_end_input(r);
	program_stop(r, 0, &o);
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	serving_stop(&s, &o);
	if (strstr(o.err.data, words) == NULL)
		fail_msg("no \"%s\" in: %s", words, o.err.data);
	program_result_free(&o);
	serving_close(&s);
}

/* The directory must be writable for the service, not for its client. */
static void
a_remedy_names_the_user_of_the_service(void **state)
{
	struct serving	s;
	char		lines[200], user[60];

	(void)state;
	user_needs_root();
	serving_open(&s, &(struct script){ 0 }, "");
	snprintf(lines, sizeof(lines), "smarthost = maildir://%s/none/box\n",
	    s.dir.path);
	serving_configure(&s, lines);
	serving_start(&s, NULL);
	snprintf(user, sizeof(user), "make it writable by user %s (",
	    getpwnam("relais") != NULL ? "relais" : "root");
	send_as(&s, NOBODY, EX_CONFIG, user);
	serving_close(&s);
}

/* ----------------------------------------------------------- limit, clients */

static size_t
count(const char *text, const char *word)
{
	size_t	n = 0;

	while ((text = strstr(text, word)) != NULL) {
		text += strlen(word);
		n++;
	}
	return n;
}

static void
each_user_has_its_limit(void **state)
{
	struct serving		s;
	struct program_result	o;

	(void)state;
	open_guarded(&s, &guarded, "limit = 1/hour\n"
	    "[user www-data]\nlimit = 2/hour\n");
	serving_start(&s, NULL);
	send_as(&s, NOBODY, 0, NULL);
	send_as(&s, NOBODY, EX_TEMPFAIL, "450 4.7.1 Error: the user nobody "
	    "has sent 1 message, as many as allowed; try again in 60 min");
	send_as(&s, NOBODY, EX_TEMPFAIL, "450 4.7.1 ");
	send_as(&s, WWW_DATA, 0, NULL);
	send_as(&s, WWW_DATA, 0, NULL);
	send_as(&s, WWW_DATA, EX_TEMPFAIL, "the user www-data has sent 2 ");
	send_as(&s, ROOT, 0, NULL);
	assert_int_equal(mock_smtp_messages(s.host), 4);
	serving_stop(&s, &o);
	assert_int_equal(count(o.err.data, "uid=65534 has sent 1 message "),
	    1);
	assert_int_equal(count(o.err.data, "uid=33 has sent 2 messages"), 1);
	program_result_free(&o);
	serving_close(&s);
}

/* A release that fails does not count: it must not uncount the message. */
static void
a_release_after_mail_does_not_evade_the_limit(void **state)
{
	struct serving	s;

	(void)state;
	open_guarded(&s, &guarded, "limit = 1/hour\n");
	serving_start(&s, NULL);
	serving_expect(&s, "LHLO a\r\nMAIL FROM:<a@example.org>\r\n"
	    "RCPT TO:<b@example.net>\r\n"
	    "XRELAIS RELEASE 0123456789abcde\r\n"
	    "DATA\r\n\r\nhi\r\n.\r\n"
	    "MAIL FROM:<a@example.org>\r\nQUIT\r\n",
	    "\r\n450 4.7.1 Error: the user root has sent 1 message, ");
	assert_int_equal(mock_smtp_messages(s.host), 1);
	serving_close(&s);
}

static void
each_user_has_a_share_of_the_clients(void **state)
{
	struct serving		 s;
	struct program_result	 o;
	struct running		*idle, *waiting;
	struct command		 first, second;

	(void)state;
	/* One client for each user. */
	open_guarded(&s, &guarded, "clients = 4\n");
	serving_start(&s, NULL);
	command_set(&first, &s, NOBODY, WORDS("-bs"));
	first.program.keep_open = true;
	idle = program_start(&first.program);
	assert_memory_equal(program_hear(idle), "220", 3);
	command_set(&second, &s, NOBODY, WORDS("-v", "b@example.net"));
	second.program.input = "\nhello\n";
	waiting = program_start(&second.program);
	program_wait_output(waiting, "<<< 421 4.3.2 ");
	send_as(&s, WWW_DATA, 0, NULL);
	assert_int_equal(mock_smtp_messages(s.host), 1);
	program_end_input(idle);
	program_stop(idle, 0, &o);
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	program_stop(waiting, 0, &o);
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	assert_int_equal(mock_smtp_messages(s.host), 2);
	serving_close(&s);
}

static const struct CMUnitTest	user_spec[] = {
	cmocka_unit_test(sections_apply_to_the_user_of_the_socket),
	cmocka_unit_test(a_claim_is_not_believed),
	cmocka_unit_test(the_log_names_user_process_and_program),
	cmocka_unit_test(a_remedy_names_the_user_of_the_service),
	cmocka_unit_test(each_user_has_its_limit),
	cmocka_unit_test(a_release_after_mail_does_not_evade_the_limit),
	cmocka_unit_test(each_user_has_a_share_of_the_clients),
};

int
main(void)
{
	return CASES_RUN("users with and without the service", is_the_same,
	    same_table) +
	    CASES_RUN("a password that only the service can read",
	    needs_no_password, password_table) +
	    cmocka_run_group_tests(user_spec, NULL, NULL);
}
