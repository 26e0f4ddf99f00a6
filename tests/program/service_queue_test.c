/*
 * The queue of the service for users who cannot read the spool: mailq,
 * sendmail -q and relais queue.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "support/serving.h"
#include "support/skip.h"
#include "support/temp_dir.h"

enum { ROOT = 0, WWW_DATA = 33, NOBODY = 65534, ARGUMENTS = 4 };

static void
become_user(void *context)
{
	const unsigned	*uid = context;

	if (setgroups(0, NULL) == -1 || setgid(*uid) == -1 ||
	    setuid(*uid) == -1)
		_exit(99);
}

/* Runs relais with the arguments and the message, as this user. */
static void
run_as(const struct serving *s, unsigned uid, const char *const *arguments,
    const char *input, struct program_result *o)
{
	const char	*argv[ARGUMENTS + 8];
	char		 key[120];
	size_t		 n = 0;

	snprintf(key, sizeof(key), "socket=%s", s->socket);
	argv[n++] = "relais";
	argv[n++] = "-C";
	argv[n++] = s->conf;
	argv[n++] = "-o";
	argv[n++] = key;
	for (size_t i = 0; i < ARGUMENTS && arguments[i] != NULL; i++)
		argv[n++] = arguments[i];
	argv[n] = NULL;
	program_run(o, &(struct program){
	    .argv = argv, .input = input, .prepare = uid != ROOT ?
	    become_user : NULL, .ctx = &uid });
}

#define HELLO	"Subject: hello\n\nhi\n"

/* Sends a message as this user; the exit status must be this one. */
static void
send_as(const struct serving *s, unsigned uid, const char *to, int status)
{
	struct program_result	o;

	run_as(s, uid, WORDS("-i", "-f", "a@example.org", to), HELLO, &o);
	if (o.status != status)
		fail_msg("status %d: %s", o.status, o.err.data);
	program_result_free(&o);
}

/* Every recipient is deferred, except those with bad in the address. */
static const struct script	defers = { .steps = {
	{ .at = ON_RCPT, .match = "bad", .say = "550 5.1.1 unknown" },
	{ .at = ON_RCPT, .say = "451 4.7.1 grey" } } };

/* Opens a setting whose users cannot read relais.conf and the spool. */
static void
open_for_users(struct serving *s, const struct script *script)
{
	if (geteuid() != 0)
		skip_because("only root can become another user");
	serving_open(s, script, "");
	assert_int_equal(chmod(s->dir.path, 0755), 0);
	assert_int_equal(chmod(s->conf, 0600), 0);
}

/* The first queue ID in a list. */
static const char *
find_id(const char *list, char id[16])
{
	const char	*line = strstr(list, "-------\n");

	assert_non_null(line);
	strlcpy(id, line + strlen("-------\n"), 16);
	assert_int_equal(strspn(id, "0123456789abcdefghjkmnpqrstvwxyz"), 15);
	return id;
}

static void
assert_contains(const struct program_result *o, const char *text,
    const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("not in the output: %s\n%s\n%s", part, o->out.data,
		    o->err.data);
}

/* --------------------------------------------- a queue of different users */

struct view {
	const char	*sentence;
	unsigned	 uid;
	const char	*argument[ARGUMENTS];
	int		 status;
	const char	*out[4];	/* parts of standard output */
	const char	*not;		/* not on it; or NULL */
	const char	*err;		/* part of standard error; NULL: it is
					 * empty */
};

/*
 * The queue has a message to nobody@ of the user nobody, one to www@ of the
 * user www-data, and one to root@ of root.  One to bad@ of www-data has failed.
 */
static void
is_seen(void **state)
{
	const struct view	*v = *state;
	struct program_result	 o;
	struct serving		 s;

	open_for_users(&s, &defers);
	serving_start(&s, NULL);
	send_as(&s, NOBODY, "nobody@example.net", 0);
	send_as(&s, WWW_DATA, "www@example.net", 0);
	send_as(&s, ROOT, "root@example.net", 0);
	send_as(&s, WWW_DATA, "bad@example.net", EX_NOUSER);
	run_as(&s, v->uid, v->argument, NULL, &o);
	if (o.status != v->status)
		fail_msg("status %d: %s", o.status, o.err.data);
	for (size_t i = 0; i < 4 && v->out[i] != NULL; i++)
		assert_contains(&o, o.out.data, v->out[i]);
	if (v->not != NULL && strstr(o.out.data, v->not) != NULL)
		fail_msg("in the output: %s\n%s", v->not, o.out.data);
	if (v->err == NULL)
		assert_string_equal(o.err.data, "");
	else
		assert_contains(&o, o.err.data, v->err);
	program_result_free(&o);
	serving_close(&s);
}

#define ONLY_ROOT	"only root and the user relais can do this"

static const struct view views[] = {
	{ "mailq shows a user's own messages", NOBODY, { "-bp" }, 0,
	    .out = { "(127.0.0.1:", "451 4.7.1 grey)\n", "nobody@example.net\n",
	    " in 1 Request.\n" }, .not = "www@" },
	{ "mailq hides the messages of another user", WWW_DATA, { "-bp" }, 0,
	    .out = { "www@example.net\n", "in 1 Request.\n" },
	    .not = "nobody@" },
	{ "root sees all messages", ROOT, { "-bp" }, 0,
	    .out = { "www@example.net\n", "nobody@example.net\n",
	    "root@example.net\n", " in 3 Requests.\n" }, .not = "bad@" },
	{ "a user without messages sees none", 1, { "-bp" }, 0,
	    .out = { "Mail queue is empty\n" }, .not = "@" },
	{ "relais queue list counts the user's failed messages", WWW_DATA,
	    { "queue", "list" }, 0, .out = { "www@example.net\n",
	    " in 1 Request.\n-- 1 failed; the service keeps it.\n" },
	    .not = "bad@" },
	{ "relais queue counts no failed messages of others", NOBODY,
	    { "queue" }, 0,
	    .out = { "nobody@example.net\n" }, .not = "failed" },
	{ "JSON has the user's messages in the queue", WWW_DATA,
	    { "queue", "list", "--json" }, 0,
	    .out = { "{\"queue_name\": \"deferred\", \"queue_id\": \"",
	    "\"uid\": 33,", "\"address\": \"www@example.net\"" },
	    .not = "bad@" },
	{ "JSON has the user's messages that failed", WWW_DATA,
	    { "queue", "list", "--failed", "--json" }, 0,
	    .out = { "{\"queue_name\": \"failed\", \"queue_id\": \"",
	    "\"address\": \"bad@example.net\"" }, .not = "www@" },
	{ "no message in JSON is no line", 1, { "queue", "list", "--json" },
	    0, .not = "{" },
	{ "-bP counts the messages of all users", NOBODY, { "-bP" }, 0,
	    .out = { "3\n" } },
	{ "relais queue status is for all users, without the last error",
	    NOBODY, { "queue", "status" }, 1, .out = { "queue: 3 messages, ",
	    "failed: 1 message, ", ": NOTHING SENT SINCE\n",
	    ": only root and the user relais can read the message\n" },
	    .not = "unknown" },
	{ "in JSON, the last error is null", NOBODY,
	    { "queue", "status", "--json" }, 1,
	    .out = { "\"queue\":3,", "\"failed\":1,",
		"\"last_error_text\":null" },
	    .not = "unknown" },
	{ "a message that does not exist", NOBODY,
	    { "queue", "show", "0123456789abcde" }, EX_NOINPUT,
	    .err = "0123456789abcde: no such message" },
	{ "an argument that is not an ID", NOBODY,
	    { "queue", "show", "1\n2" }, EX_USAGE, .err = "not a queue ID" },
	{ "relais queue run is for root", NOBODY, { "queue", "run" },
	    EX_NOPERM, .err = "relais queue run: " ONLY_ROOT },
	{ "relais queue flush is for root", NOBODY, { "queue", "flush" },
	    EX_NOPERM, .err = ONLY_ROOT },
	{ "relais queue hold is for root", NOBODY,
	    { "queue", "hold", "0123456789abcde" }, EX_NOPERM,
	    .err = ONLY_ROOT },
	{ "a message that does not exist cannot be released", NOBODY,
	    { "queue", "release", "0123456789abcde" }, EX_NOINPUT,
	    .err = "0123456789abcde: no such message" },
	{ "a user releases the messages that were given up", WWW_DATA,
	    { "queue", "release", "--failed" }, 0,
	    .out = { "\n1 message released\n" } },
	{ "a user does not release the messages of another user", NOBODY,
	    { "queue", "release", "--failed" }, 0,
	    .out = { "0 messages released\n" } },
	{ "--recipient selects for a user, too", WWW_DATA,
	    { "queue", "release", "--recipient", "BAD" }, 0,
	    .out = { "\n1 message released\n" } },
	{ "--recipient excludes messages for a user, too", WWW_DATA,
	    { "queue", "release", "--recipient", "x@" }, 0,
	    .out = { "0 messages released\n" } },
	{ "--since selects for a user, too", WWW_DATA,
	    { "queue", "release", "--since", "1h" }, 0,
	    .out = { "\n1 message released\n" } },
	{ "relais queue drop is for root", NOBODY,
	    { "queue", "drop", "0123456789abcde" }, EX_NOPERM,
	    .err = ONLY_ROOT },
	{ "-qf is for root", NOBODY, { "-qf" }, EX_NOPERM,
	    .err = "-qf: " ONLY_ROOT },
	{ "-qR is for root", NOBODY, { "-qRwww@" }, EX_NOPERM,
	    .err = ONLY_ROOT },
	{ "a timer is for root", NOBODY, { "-q15m" }, EX_NOPERM,
	    .err = "no permission to read it" },
};

/* ------------------------------------------------ the same output as root's */

static void
the_output_is_the_same_as_for_root(void **state)
{
	static const char *const	arguments[][ARGUMENTS] = {
		{ "-bp" }, { "-bP" }, { "queue", "list" },
		{ "queue", "list", "--json" }, { "queue", "status" },
		{ "queue", "status", "--json" },
		{ "queue", "show", "ID" }, { "queue", "show", "ID", "--json" },
	};
	const size_t		n = sizeof(arguments) / sizeof(*arguments);
	struct program_result	own, root;
	struct serving		s;
	char			id[16] = "";

	(void)state;
	open_for_users(&s, &defers);
	serving_start(&s, NULL);
	run_as(&s, NOBODY, WORDS("-odq", "b@example.net", "c@example.net"),
	    HELLO, &own);
	assert_int_equal(own.status, 0);
	program_result_free(&own);
	for (size_t i = 0; i < n; i++) {
		const char	*argv[ARGUMENTS];

		memcpy(argv, arguments[i], sizeof(argv));
		if (argv[2] != NULL && strcmp(argv[2], "ID") == 0)
			argv[2] = id;
		run_as(&s, NOBODY, argv, NULL, &own);
		run_as(&s, ROOT, argv, NULL, &root);
		if (i == 0)
			find_id(own.out.data, id);
		assert_int_equal(own.status, root.status);
		assert_string_equal(own.err.data, "");
		assert_true(own.out.len > 0);
		if (strcmp(argv[0], "queue") != 0 ||
		    strcmp(argv[1], "status") != 0)
			assert_string_equal(own.out.data, root.out.data);
		program_result_free(&own);
		program_result_free(&root);
	}
	serving_close(&s);
}

static void
a_user_sees_the_transcript_of_a_failed_message(void **state)
{
	struct program_result	o;
	struct serving		s;
	const char		*id;
	char			name[16] = "";

	(void)state;
	open_for_users(&s, &defers);
	serving_start(&s, NULL);
	send_as(&s, NOBODY, "bad@example.net", EX_NOUSER);
	run_as(&s, NOBODY, WORDS("queue", "list", "--failed", "--json"), NULL,
	    &o);
	id = strstr(o.out.data, "\"queue_id\": \"");
	assert_non_null(id);
	strlcpy(name, id + strlen("\"queue_id\": \""), sizeof(name));
	program_result_free(&o);
	run_as(&s, NOBODY, WORDS("queue", "show", name), NULL, &o);
	assert_int_equal(o.status, 0);
	assert_contains(&o, o.out.data, "\nlast attempt:\n");
	assert_contains(&o, o.out.data, "    >>> RCPT TO:<bad@example.net>\n");
	assert_contains(&o, o.out.data, "    <<< 550 5.1.1 unknown\n");
	assert_contains(&o, o.out.data, "\n\nhi\n");
	program_result_free(&o);
	run_as(&s, WWW_DATA, WORDS("queue", "show", name), NULL, &o);
	assert_int_equal(o.status, EX_NOINPUT);
	assert_string_equal(o.out.data, "");
	program_result_free(&o);
	serving_close(&s);
}

/* The ID of the first entry in the output of list --json. */
static void
find_json_id(const struct serving *s, unsigned uid, bool given_up, char id[16])
{
	static const char	name[] = "\"queue_id\": \"";
	struct program_result	o;
	const char		*at;

	run_as(s, uid, WORDS("queue", "list", "--json", given_up ? "--failed" :
	    NULL), NULL, &o);
	at = strstr(o.out.data, name);
	assert_non_null(at);
	strlcpy(id, at + strlen(name), 16);
	program_result_free(&o);
}

static void
release_as(const struct serving *s, unsigned uid, const char *id, int status,
    const char *words)
{
	struct program_result	o;

	run_as(s, uid, WORDS("queue", "release", id), NULL, &o);
	if (o.status != status)
		fail_msg("status %d: %s%s", o.status, o.out.data, o.err.data);
	assert_contains(&o, status == EX_OK ? o.out.data : o.err.data, words);
	program_result_free(&o);
}

/* As if root had released it: a new ID, and a new attempt for the user. */
static void
a_user_releases_a_message_by_its_id(void **state)
{
	struct serving	s;
	char		id[16], next[16], text[60];

	(void)state;
	open_for_users(&s, &defers);
	serving_start(&s, NULL);
	send_as(&s, NOBODY, "bad@example.net", EX_NOUSER);
	find_json_id(&s, NOBODY, true, id);
	release_as(&s, WWW_DATA, id, EX_NOINPUT, "no such message");
	release_as(&s, NOBODY, "../../../etc/xy", EX_USAGE, "not a queue ID");
	release_as(&s, NOBODY, id, EX_OK, "\n");
	find_json_id(&s, NOBODY, false, next);
	assert_string_not_equal(next, id);
	release_as(&s, NOBODY, id, EX_NOINPUT, "no such message");
	/* It waits, which is not for the user to change. */
	snprintf(text, sizeof(text), "%s: not given up; only root", next);
	release_as(&s, NOBODY, next, EX_NOPERM, text);
	release_as(&s, WWW_DATA, next, EX_NOINPUT, "no such message");
	serving_close(&s);
}

/* Held by root. */
static void
a_user_cannot_release_a_message_that_is_held(void **state)
{
	struct program_result	o;
	struct serving		s;
	char			id[16];

	(void)state;
	open_for_users(&s, &defers);
	serving_start(&s, NULL);
	send_as(&s, NOBODY, "nobody@example.net", 0);
	find_json_id(&s, NOBODY, false, id);
	run_as(&s, ROOT, WORDS("queue", "hold", id), NULL, &o);
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	release_as(&s, NOBODY, id, EX_NOPERM, ": not given up; only root and "
	    "the user relais can release a message that waits, is held");
	run_as(&s, NOBODY, WORDS("-bp"), NULL, &o);
	assert_contains(&o, o.out.data, "!");
	program_result_free(&o);
	serving_close(&s);
}

static void
a_release_counts_against_the_limit_of_the_user(void **state)
{
	struct serving	s;
	char		id[16];

	(void)state;
	open_for_users(&s, &defers);
	serving_configure(&s, "limit = 2/hour\n");
	assert_int_equal(chmod(s.conf, 0600), 0);
	serving_start(&s, NULL);
	send_as(&s, NOBODY, "bad@example.net", EX_NOUSER);
	find_json_id(&s, NOBODY, true, id);
	/* A release that fails is not counted. */
	release_as(&s, NOBODY, "0123456789abcde", EX_NOINPUT, "no such");
	release_as(&s, NOBODY, "0123456789abcde", EX_NOINPUT, "no such");
	send_as(&s, NOBODY, "nobody@example.net", 0);
	send_as(&s, NOBODY, "nobody@example.net", 0);
	release_as(&s, NOBODY, id, EX_TEMPFAIL, "has sent 2 messages, as many "
	    "as allowed");
	serving_close(&s);
}

/* A message too large for the memory of the reader and of the socket. */
static size_t
generate(void *context, uint64_t at, char *to, size_t size)
{
	static const char	header[] = "To: b@example.net\n\n";
	size_t			n = 0;

	(void)context;
	for (; n < size && at < 3 * 1024 * 1024; n++, at++)
		to[n] = at < sizeof(header) - 1 ? header[at] :
		    at % 77 == 0 ? '\n' : 'x';
	return n;
}

/* Queues such a message as root, and sets its ID. */
static void
queue_large(const struct serving *s, char id[16])
{
	struct program_result	o;

	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", s->conf, "-odq", "b@example.net"),
	    .generate = generate });
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	relais_run(&o, s->conf, WORDS("-bp"), NULL);
	find_id(o.out.data, id);
	program_result_free(&o);
}

static void
a_message_of_another_user_is_not_shown(void **state)
{
	struct program_result	o;
	struct serving		s;
	char			id[16], line[100];
	char			*replies;

	(void)state;
	open_for_users(&s, &defers);
	serving_start(&s, NULL);
	send_as(&s, WWW_DATA, "www@example.net", 0);
	run_as(&s, WWW_DATA, WORDS("-bp"), NULL, &o);
	find_id(o.out.data, id);
	program_result_free(&o);
	run_as(&s, NOBODY, WORDS("queue", "show", id), NULL, &o);
	assert_int_equal(o.status, EX_NOINPUT);
	assert_string_equal(o.out.data, "");
	program_result_free(&o);
	/* Root sees it, also through the service. */
	snprintf(line, sizeof(line), "XRELAIS ENTRIES %s\r\n", id);
	replies = serving_says(&s, line);
	assert_non_null(strstr(replies, "www@example.net"));
	assert_non_null(strstr(replies, "Subject: hello\r\n"));
	free(replies);
	serving_close(&s);
}

static void
a_failed_message_is_shown_to_its_user(void **state)
{
	struct program_result	o, shown;
	struct serving		s;
	char			id[16];
	const char		*kept;

	(void)state;
	open_for_users(&s, &defers);
	serving_start(&s, NULL);
	run_as(&s, NOBODY, WORDS("bad@example.net"), HELLO, &o);
	assert_int_equal(o.status, EX_NOUSER);
	kept = strstr(o.err.data, "; kept as ");
	assert_non_null(kept);
	assert_null(strstr(o.err.data, "/failed/"));
	strlcpy(id, kept + strlen("; kept as "), sizeof(id));
	run_as(&s, NOBODY, WORDS("queue", "show", id), NULL, &shown);
	assert_int_equal(shown.status, 0);
	assert_contains(&shown, shown.out.data, "state: failed\n");
	assert_contains(&shown, shown.out.data, "\nSubject: hello\n");
	assert_contains(&shown, shown.out.data, "\n\nhi\n");
	program_result_free(&o);
	program_result_free(&shown);
	serving_close(&s);
}

static void
a_broken_entry_is_omitted(void **state)
{
	struct program_result	o;
	struct serving		s;

	(void)state;
	open_for_users(&s, &defers);
	serving_start(&s, NULL);
	send_as(&s, NOBODY, "nobody@example.net", 0);
	temp_dir_write(&s.dir, "spool/queue/0123456789abcde", 0600,
	    "relais-queue 1\nuser 65534 nobody\n");
	temp_dir_write(&s.dir, "spool/queue/not-an-id", 0644, "");
	run_as(&s, NOBODY, WORDS("-bp"), NULL, &o);
	assert_int_equal(o.status, 0);
	assert_contains(&o, o.out.data, " in 1 Request.\n");
	program_result_free(&o);
	run_as(&s, NOBODY, WORDS("queue", "show", "0123456789abcde"), NULL,
	    &o);
	assert_int_equal(o.status, EX_NOINPUT);
	program_result_free(&o);
	serving_close(&s);
}

/* --------------------------------------------------------------- queue runs */

static void
a_user_requests_a_run_once_in_ten_seconds(void **state)
{
	struct program_result	o;
	struct serving		s;

	(void)state;
	open_for_users(&s, &(struct script){ .steps = {
	    { .at = ON_RCPT, .connection = 1, .say = "451 4.7.1 grey" } } });
	serving_start(&s, NULL);
	send_as(&s, NOBODY, "nobody@example.net", 0);
	assert_int_equal(mock_smtp_messages(s.host), 0);
	run_as(&s, NOBODY, WORDS("-q"), NULL, &o);
	assert_int_equal(o.status, 0);
	assert_string_equal(o.out.data, "");
	assert_string_equal(o.err.data, "");
	program_result_free(&o);
	assert_true(mock_smtp_wait_messages(s.host, 1));
	run_as(&s, NOBODY, WORDS("-q"), NULL, &o);
	assert_int_equal(o.status, EX_TEMPFAIL);
	assert_contains(&o, o.err.data, "450 4.7.1 Error: a queue run was "
	    "requested less than 10 seconds ago; try again in ");
	assert_ptr_equal(strchr(o.err.data, '\n'),
	    o.err.data + o.err.len - 1);
	program_result_free(&o);
	run_as(&s, WWW_DATA, WORDS("-q"), NULL, &o);
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	serving_close(&s);
}

/* -------------------------------------------------------- without a service */

struct absence {
	const char	*sentence;
	bool		 readable;	/* relais.conf */
	bool		 dead;		/* a socket that nobody listens on */
	const char	*argument[ARGUMENTS];
	int		 status;
	const char	*err[2];	/* parts of standard error */
};

static void
needs_the_service(void **state)
{
	const struct absence	*a = *state;
	struct program_result	 o;
	struct serving		 s;

	open_for_users(&s, &(struct script){ 0 });
	assert_int_equal(mkdir(s.spool, 0700), 0);
	if (a->readable)
		assert_int_equal(chmod(s.conf, 0644), 0);
	if (a->dead)
		serving_make_dead_socket(&s);
	run_as(&s, NOBODY, a->argument, NULL, &o);
	if (o.status != a->status)
		fail_msg("status %d: %s", o.status, o.err.data);
	for (size_t i = 0; i < 2; i++)
		assert_contains(&o, o.err.data, a->err[i]);
	program_result_free(&o);
	serving_close(&s);
}

#define START	"; start the relais service, or run this command as root\n"
#define DOWN	": Connection refused): start it, or run this command as root\n"

static const struct absence absences[] = {
	{ "mailq says to start the service", true, false, { "-bp" },
	    EX_NOPERM, { "/spool: Permission denied", START } },
	{ "mailq without relais.conf says to start the service", false,
	    false, { "-bp" }, EX_NOPERM, { "no permission to read it", START } },
	{ "mailq of a service that is down is to be tried again", true, true,
	    { "-bp" }, EX_TEMPFAIL, { "/spool: Permission denied", DOWN } },
	{ "without relais.conf, mailq is to be tried again, too", false,
	    true, { "-bp" },
	    EX_TEMPFAIL, { "no permission to read it", DOWN } },
	{ "-bP without the service", true, false, { "-bP" }, EX_NOPERM,
	    { "Permission denied", START } },
	{ "-q without the service", true, false, { "-q" }, EX_NOPERM,
	    { "Permission denied", START } },
	{ "-q if the service is down", true, true, { "-q" }, EX_TEMPFAIL,
	    { "Permission denied", DOWN } },
	{ "relais queue show without the service", true, false,
	    { "queue", "show", "0123456789abcde" }, EX_NOPERM,
	    { "Permission denied", START } },
	{ "relais queue status if the service is down", true, true,
	    { "queue", "status" }, EX_TEMPFAIL,
	    { "Permission denied", DOWN } },
	{ "without permission, a hold is refused", true, true,
	    { "queue", "hold", "0123456789abcde" }, EX_NOPERM,
	    { "relais queue hold: " ONLY_ROOT, "Permission denied" } },
	{ "a release if the service is down", true, true,
	    { "queue", "release", "0123456789abcde" }, EX_TEMPFAIL,
	    { "the relais service is down", "Permission denied" } },
	{ "a release of all if the service is down", true, true,
	    { "queue", "release", "--all" }, EX_TEMPFAIL,
	    { "the relais service is down", "Permission denied" } },
};

/* The service has the queue in relais.conf, not the one of -o. */
static void
the_service_is_not_asked_about_another_queue(void **state)
{
	struct program_result	o;
	struct serving		s;
	unsigned		uid = NOBODY;
	char			option[120];

	(void)state;
	open_for_users(&s, &defers);
	assert_int_equal(chmod(s.conf, 0644), 0);
	serving_start(&s, NULL);
	snprintf(option, sizeof(option), "queue=%s/other", s.dir.path);
	assert_int_equal(mkdir(option + strlen("queue="), 0700), 0);
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", s.conf, "-o", option, "-bP"),
	    .prepare = become_user, .ctx = &uid });
	assert_int_equal(o.status, EX_NOPERM);
	assert_string_equal(o.out.data, "");
	assert_contains(&o, o.err.data, "/other: Permission denied");
	assert_contains(&o, o.err.data, "; the relais service is not used, "
	    "because it does not know the setting of -o queue\n");
	program_result_free(&o);
	serving_close(&s);
}

/* ---------------------------------------------------- faults of either side */

/* A service that replies to one command; its client has no spool. */
struct fault {
	const char	*sentence;
	const char	*argument[ARGUMENTS];
	const char	*reply;
	int		 status;
	const char	*out;		/* part of standard output */
	const char	*err;		/* part of standard error */
};

static void
is_reported(void **state)
{
	const struct fault	*f = *state;
	struct script		 script = { .lmtp = true, .steps = {
		{ .at = ON_OTHER, .match = "OPTIONS", .say = "250 Ok" },
		{ .at = ON_OTHER, .match = "XRELAIS", .say = f->reply,
		    .then = THEN_CLOSE } } };
	struct mock_smtp	*service;
	struct program_result	 o;
	struct serving		 s;

	serving_open(&s, &(struct script){ 0 }, "");
	snprintf(s.socket, sizeof(s.socket), "%s/socket", s.dir.path);
	script.address = s.socket;
	service = mock_smtp_start(&script);
	run_as(&s, ROOT, f->argument, NULL, &o);
	if (o.status != f->status)
		fail_msg("status %d: %s", o.status, o.err.data);
	assert_contains(&o, o.out.data, f->out);
	assert_contains(&o, o.err.data, f->err);
	program_result_free(&o);
	mock_smtp_stop(service);
	serving_close(&s);
}

static const struct fault faults[] = {
	{ "a list without its end", { "-bp" }, "250 Entries follow",
	    EX_TEMPFAIL, "", "closed before the end of the list" },
	{ "an empty list", { "-bp" }, "250-Entries\n250 follow\nend", 0,
	    "Mail queue is empty\n", "" },
	{ "an invalid list", { "-bp" }, "250 Entries follow\nentry queue 1",
	    EX_PROTOCOL, "", "invalid line in the reply" },
	{ "a command that the service does not know", { "-bp" },
	    "504 5.5.4 Error: unknown private command", EX_UNAVAILABLE, "",
	    "504 5.5.4 Error: unknown private command" },
	{ "the end of the connection instead of a reply", { "-bP" }, "",
	    EX_TEMPFAIL, "", "the relais service (" },
	{ "counts that are not numbers", { "-bP" }, "250 2.0.0 Ok",
	    EX_PROTOCOL, "", "XRELAIS COUNT" },
	{ "counts", { "-bP" }, "250 2.0.0 7 6 5 4 3 2 1 1 1 1 0 0", 0, "7\n", "" },
	{ "a release", { "queue", "release", "0123456789abcde" },
	    "250 2.0.0 released 0123456789abcdf", 0, "0123456789abcdf\n",
	    "" },
	{ "a release that fails", { "queue", "release", "0123456789abcde" },
	    "250 2.0.0 failure 67 no address for joe", EX_NOUSER, "",
	    "relais: no address for joe\n" },
	{ "an invalid reply to a release",
	    { "queue", "release", "0123456789abcde" }, "250 2.0.0 Ok",
	    EX_PROTOCOL, "", "invalid reply of the service to XRELAIS "
	    "RELEASE" },
	{ "a reply that is not SMTP", { "-q" }, "x", EX_PROTOCOL, "",
	    "the relais service (" },
};

static void
a_client_that_disconnects_affects_no_other(void **state)
{
	struct program_result	o;
	struct serving		s;
	char			id[16], line[100], first[64];
	int			fd, n;

	(void)state;
	serving_open(&s, &defers, "");
	serving_start(&s, NULL);
	queue_large(&s, id);
	n = snprintf(line, sizeof(line), "XRELAIS ENTRIES %s\r\n", id);
	fd = serving_connect(&s);
	assert_int_equal(write(fd, line, (size_t)n), n);
	assert_true(read(fd, first, sizeof(first)) > 0);
	close(fd);
	program_wait_output(s.running, "the list of entries is incomplete");
	serving_expect(&s, "XRELAIS COUNT\r\nQUIT\r\n", "\r\n250 2.0.0 1 ");
	serving_stop(&s, &o);
	assert_null(strstr(o.err.data, "was ended by signal"));
	program_result_free(&o);
	serving_close(&s);
}

static void
a_client_that_stalls_does_not_delay_the_end(void **state)
{
	struct serving	s;
	char		id[16], line[100], first[64];
	int		fd, n;

	(void)state;
	serving_open(&s, &defers, "");
	serving_start(&s, NULL);
	queue_large(&s, id);
	n = snprintf(line, sizeof(line), "XRELAIS ENTRIES %s\r\n", id);
	fd = serving_connect(&s);
	assert_int_equal(write(fd, line, (size_t)n), n);
	assert_true(read(fd, first, sizeof(first)) > 0);
	/* Fails unless the service ends earlier than it kills sessions. */
	serving_stop(&s, NULL);
	close(fd);
	serving_close(&s);
}

/* The key storm; the period ends when the times of the entries are set. */
static void
messages_of_a_user_are_collected(void **state)
{
	static const struct script	 accepts = { 0 };
	const struct heard_message	*m;
	struct program_result		 o;
	struct serving			 s;
	char				 command[200];

	(void)state;
	if (geteuid() != 0)
		skip_because("only root can become another user");
	serving_open(&s, &accepts, "storm = 1/hour\n");
	assert_int_equal(chmod(s.dir.path, 0755), 0);
	assert_int_equal(chmod(s.conf, 0600), 0);
	serving_start(&s, NULL);
	run_as(&s, WWW_DATA, WORDS("-i", "-f", "a@example.org",
	    "b@example.net"), HELLO, &o);
	program_result_free(&o);
	for (int i = 0; i < 3; i++)
		send_as(&s, WWW_DATA, "b@example.net", 0);
	send_as(&s, NOBODY, "b@example.net", 0);
	run_as(&s, WWW_DATA, WORDS("-v", "-f", "a@example.org",
	    "b@example.net"), HELLO, &o);
	assert_int_equal(o.status, 0);
	assert_contains(&o, o.out.data, "*** not sent to b@example.net: "
	    "collected for a digest, which will be sent at ");
	program_result_free(&o);
	assert_int_equal(mock_smtp_messages(s.host), 2);
	run_as(&s, WWW_DATA, WORDS("-bp"), NULL, &o);
	assert_contains(&o, o.out.data, "(collected: will be sent in a digest "
	    "at ");
	assert_contains(&o, o.out.data, "in 4 Requests.");
	program_result_free(&o);
	run_as(&s, NOBODY, WORDS("queue", "status"), NULL, &o);
	assert_int_equal(o.status, 0);
	assert_contains(&o, o.out.data, "\ncollected: 4 of them, for a digest "
	    "at ");
	program_result_free(&o);
	snprintf(command, sizeof(command), "touch -d '1 hour ago' %s/queue/*",
	    s.spool);
	assert_int_equal(system(command), 0);
	run_as(&s, WWW_DATA, WORDS("-q"), NULL, &o);
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	assert_true(mock_smtp_wait_messages(s.host, 3));
	m = mock_smtp_message(s.host, 2);
	assert_non_null(m);
	assert_non_null(strstr(m->data.data,
	    "\r\nSubject: [digest] 4 messages: hello\r\n"));
	serving_stop(&s, &o);
	assert_contains(&o, o.err.data, " is sent in the digest id=");
	program_result_free(&o);
	serving_close(&s);
}

static const struct CMUnitTest queue_spec[] = {
	cmocka_unit_test(messages_of_a_user_are_collected),
	cmocka_unit_test(the_output_is_the_same_as_for_root),
	cmocka_unit_test(a_user_sees_the_transcript_of_a_failed_message),
	cmocka_unit_test(a_user_releases_a_message_by_its_id),
	cmocka_unit_test(a_user_cannot_release_a_message_that_is_held),
	cmocka_unit_test(a_release_counts_against_the_limit_of_the_user),
	cmocka_unit_test(a_message_of_another_user_is_not_shown),
	cmocka_unit_test(a_failed_message_is_shown_to_its_user),
	cmocka_unit_test(a_broken_entry_is_omitted),
	cmocka_unit_test(a_user_requests_a_run_once_in_ten_seconds),
	cmocka_unit_test(the_service_is_not_asked_about_another_queue),
	cmocka_unit_test(a_client_that_disconnects_affects_no_other),
	cmocka_unit_test(a_client_that_stalls_does_not_delay_the_end),
};

int
main(void)
{
	return CASES_RUN("users", is_seen, views) +
	    CASES_RUN("without the service", needs_the_service, absences) +
	    CASES_RUN("a broken service", is_reported, faults) +
	    cmocka_run_group_tests(queue_spec, NULL, NULL);
}
