/*
 * The list of the queue: why each message waits, and its form as JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "queue/files.h"
#include "queue/id.h"
#include "support/cases.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/temp_spool.h"
#include "util/buffer.h"
#include "util/text.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, "" })

/* Prints the list; returns standard output, freed by the caller. */
static char *
list(struct queue_fixture *p, bool json)
{
	struct program_result	o;
	char			*text;

	relais_run(&o, p->conf, WORDS("queue", "list", json ? "--json" : NULL),
	    "");
	if (o.status != 0 || o.err.len > 0)
		fail_msg("exit %d: %s", o.status, o.err.data);
	text = strdup(o.out.len > 0 ? o.out.data : "");
	program_result_free(&o);
	return text;
}

static void
contains(const char *text, const char *words)
{
	if (strstr(text, words) == NULL)
		fail_msg("no \"%s\" in: %s", words, text);
}

/* The path of the only entry in queue/, from DIR. */
static const char *
only_entry(struct queue_fixture *p, char id[ID_SIZE])
{
	static char	path[60];
	char		*text = list(p, true);
	const char	*at = strstr(text, "\"queue_id\": \"");

	assert_non_null(at);
	strlcpy(id, at + strlen("\"queue_id\": \""), ID_SIZE);
	free(text);
	snprintf(path, sizeof(path), "spool/queue/%s", id);
	return path;
}

/* Replaces octets of the only entry by others of the same number. */
static void
replace(struct queue_fixture *p, const char *from, const char *to)
{
	char		id[ID_SIZE];
	const char	*path = only_entry(p, id);
	struct buffer	b = { 0 };
	char		*at;

	file_read(&b, temp_dir_path(&p->dir, path));
	at = memmem(b.data, b.len, from, strlen(from));
	assert_non_null(at);
	assert_int_equal(strlen(from), strlen(to));
	memcpy(at, to, strlen(to));
	temp_dir_write_bytes(&p->dir, path, 0600, b.data, b.len);
	buffer_free(&b);
}

/* --------------------------------------------------------------------- JSON */

static void
an_entry_is_a_line_with_the_members_of_postfix(void **state)
{
	struct queue_fixture	p;
	char			*text, want[700], id[ID_SIZE];

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = {
	    { .at = ON_RCPT, .match = "b@", .say = "450 4.2.1 busy \"now\"" },
	    } }, NULL);
	queue_fixture_put_one(&p, "me@example.org", LIST("a@example.net",
	    "b@example.net"));
	queue_fixture_run(&p, "-qf", EX_TEMPFAIL);
	only_entry(&p, id);
	snprintf(want, sizeof(want), "{\"queue_name\": \"deferred\", "
	    "\"queue_id\": \"%s\", \"arrival_time\": %lld, "
	    "\"message_size\": ", id, (long long)id_time(id));
	text = list(&p, true);
	assert_memory_equal(text, want, strlen(want));
	contains(text, ", \"forced_expire\": false, \"sender\": "
	    "\"me@example.org\", \"recipients\": [{\"address\": "
	    "\"b@example.net\", \"delay_reason\": \"127.0.0.1:");
	contains(text, " 450 4.2.1 busy \\\"now\\\"\", \"status\": "
	    "\"waiting\"}], \"state\": \"waiting\", \"reason\": \"127.0.0.1:");
	contains(text, ", \"attempts\": 1, \"uid\": ");
	/* One line, and the object ends with it. */
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	assert_memory_equal(text + strlen(text) - 3, "\"}\n", 3);
	free(text);
	queue_fixture_close(&p);
}

static void
the_null_sender_is_mailer_daemon(void **state)
{
	struct queue_fixture	p;
	char			*text;

	(void)state;
	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	queue_fixture_put(&p, "", LIST("a@example.net"));
	text = list(&p, true);
	contains(text, ", \"sender\": \"MAILER-DAEMON\", ");
	free(text);
	queue_fixture_close(&p);
}

/* A value of the file, as another program could have written it. */
static const struct hostile {
	const char	*sentence;
	const char	*from;		/* in the file */
	const char	*to;
	const char	*json;
} hostile[] = {
	{ "a control character in the sender", "mememe@", "me%1Be@",
	    "\"sender\": \"me\\u001be@example.org\"" },
	{ "an octet that is not UTF-8", "mememe@", "me%FFe@",
	    "\"sender\": \"me\\ufffde@example.org\"" },
	{ "a quotation mark and a backslash", "mememe@", "%22%5C@",
	    "\"sender\": \"\\\"\\\\@example.org\"" },
	{ "a character that reverses the direction of text", "longlongl@",
	    "%E2%80%AE@", "\"address\": \"\\u202e@example.net\"" },
	{ "a surrogate in UTF-8", "longlongl@", "%ED%A0%80@",
	    "\"address\": \"\\ufffd\\ufffd\\ufffd@example.net\"" },
	{ "an overlong encoding", "mememe@", "%C0%80@",
	    "\"sender\": \"\\ufffd\\ufffd@example.org\"" },
	{ "a delete character in the name of the user", "user 0 root\n",
	    "user 0 r%7F\n", "\"user\": \"r\\u007f\"" },
};

static void
is_harmless(void **state)
{
	const struct hostile	*h = *state;
	struct queue_fixture	 p;
	char			*text;
	uint32_t		 c;
	size_t			 n;

	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	queue_fixture_put(&p, "mememe@example.org",
	    LIST("longlongl@example.net"));
	if (strncmp(h->from, "user", 4) != 0) {
		replace(&p, h->from, h->to);
	} else {
		char	id[ID_SIZE];

		if (geteuid() != 0)
			skip();
		only_entry(&p, id);
		replace(&p, h->from, h->to);
	}
	text = list(&p, true);
	contains(text, h->json);
	for (const char *at = text; *at != '\0'; at += n) {
		n = text_decode_utf8(at, strlen(at), &c);
		assert_true(n > 0 && (c >= ' ' || c == '\n') && c != 0x7f);
	}
	free(text);
	queue_fixture_close(&p);
}

/* ------------------------------------------------------------------ reasons */

/* Makes the entry wait, and how it is listed. */
struct kind {
	const char	*sentence;
	void		(*make)(struct queue_fixture *);
	const char	*reason;	/* what the list says */
	const char	*queue;		/* queue_name in JSON */
	struct script	 script;
};

static void
put(struct queue_fixture *p)
{
	queue_fixture_put(p, "me@example.org", LIST("a@example.net"));
}

static void
put_and_try(struct queue_fixture *p)
{
	put(p);
	queue_fixture_run(p, "-qf", EX_TEMPFAIL);
}

static void
put_and_hold(struct queue_fixture *p)
{
	struct program_result	o;
	char			id[ID_SIZE];

	put(p);
	only_entry(p, id);
	relais_run(&o, p->conf, WORDS("queue", "hold", id), "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
}

static void
put_long_ago(struct queue_fixture *p)
{
	char		id[ID_SIZE];
	const char	*path;
	struct timespec	times[2] = { { .tv_nsec = UTIME_OMIT },
			    { .tv_sec = time(NULL) - 3600 } };

	put(p);
	path = temp_dir_path(&p->dir, only_entry(p, id));
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void
put_by_another_version(struct queue_fixture *p)
{
	put(p);
	replace(p, "reason not tried yet: queued without an attempt (-odq)",
	    "reason                                                ");
}

static void
put_broken(struct queue_fixture *p)
{
	put(p);
	replace(p, "relais-queue 1", "relais-queue x");
}

static void
put_directory(struct queue_fixture *p)
{
	put(p);
	assert_int_equal(mkdir(temp_dir_path(&p->dir,
	    "spool/queue/0123456789abcde"), 0700), 0);
}

/* So that the state can be written, but not the outcomes. */
static void
limit_file_size(void *context)
{
	const rlim_t	*octets = context;
	struct rlimit	 limit = { *octets, *octets };

	setrlimit(RLIMIT_FSIZE, &limit);
}

static void
put_and_try_without_space(struct queue_fixture *p)
{
	struct buffer		b = { 0 };
	struct program_result	o;
	char			id[ID_SIZE];
	rlim_t			octets;

	put(p);
	file_read(&b, temp_dir_path(&p->dir, only_entry(p, id)));
	octets = (rlim_t)(strstr(b.data, "\n? a@") - b.data);
	buffer_free(&b);
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", p->conf, "-q"),
	    .prepare = limit_file_size, .ctx = &octets });
	assert_int_equal(o.status, EX_TEMPFAIL);
	program_result_free(&o);
	assert_int_equal(mock_smtp_messages(p->host), 0);
}

static void
put_delivered(struct queue_fixture *p)
{
	put(p);
	replace(p, "\n? a@example.net", "\n+ a@example.net");
}

static const struct kind kinds[] = {
	{ "a message that was only queued", put,
	    "(not tried yet: queued without an attempt (-odq))\n", "incoming",
	    { 0 } },
	{ "a message that another version has queued",
	    put_by_another_version, "(not tried yet)\n", "incoming", { 0 } },
	{ "a recipient that the smarthost deferred", put_and_try,
	    ": 450 4.2.1 busy)\n", "deferred",
	    { .steps = { { .at = ON_RCPT, .say = "450 4.2.1 busy" } } } },
	{ "a smarthost that cannot be reached", put_and_try,
	    ": Connection refused (", "deferred", { .refusing = true } },
	{ "a message that may have been delivered", put_and_try,
	    "may have been delivered already; next attempt at 2", "deferred",
	    { .steps = { { .at = ON_BODY, .say = "",
	    .then = THEN_CLOSE } } } },
	{ "the reply is listed as well", put_and_try,
	    "the server may have accepted the message)\n", "deferred",
	    { .steps = { { .at = ON_BODY, .say = "",
	    .then = THEN_CLOSE } } } },
	{ "a message that is held", put_and_hold,
	    "(held; to send it: relais queue release ", "hold", { 0 } },
	{ "a message that no queue run tries", put_long_ago,
	    "but no queue run has sent it; start relais serve, or a timer",
	    "incoming", { 0 } },
	{ "a message whose outcome could not be recorded",
	    put_and_try_without_space, ": cannot be written; the message is "
	    "not sent: File too large)\n", "incoming", { 0 } },
	{ "a message that could not be removed", put_delivered,
	    "(no recipient is waiting; the next queue run removes the "
	    "message)\n", "incoming", { 0 } },
	{ "a file that is not an entry", put_broken,
	    ": is not a queued message)\n", "corrupt", { 0 } },
	{ "a directory", put_directory, ": not a regular file)\n", "corrupt",
	    { 0 } },
};

static void
is_explained(void **state)
{
	const struct kind	*k = *state;
	struct queue_fixture	 p;
	char			*text, want[60];

	queue_fixture_open(&p, &k->script, NULL);
	k->make(&p);
	text = list(&p, false);
	contains(text, k->reason);
	free(text);
	snprintf(want, sizeof(want), "{\"queue_name\": \"%s\", ", k->queue);
	text = list(&p, true);
	contains(text, want);
	/* What failed is in "reason" if no recipient is known. */
	contains(text, strcmp(k->queue, "corrupt") == 0 ||
	    strstr(k->reason, "no recipient") != NULL ? "\"reason\": \"" :
	    "\"delay_reason\": \"");
	assert_null(strstr(text, "reason\": \"\""));
	free(text);
	queue_fixture_close(&p);
}

static void
a_message_that_is_being_sent_is_marked(void **state)
{
	struct queue_fixture	p;
	struct running		*r;
	struct program_result	o;
	char			*text;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .hold = true } } }, NULL);
	put(&p);
	r = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", p.conf, "-q") });
	assert_true(mock_smtp_wait_commands(p.host, ON_RCPT, 1));
	text = list(&p, false);
	contains(text, "* ");
	/* Other users than root cannot look into the process. */
	contains(text, geteuid() == 0 ? "(being sent now by process " :
	    "(being sent now");
	if (geteuid() == 0)
		contains(text, " (relais))\n");
	free(text);
	text = list(&p, true);
	contains(text, "{\"queue_name\": \"active\", ");
	contains(text, "\"state\": \"being sent\", \"reason\": \"being sent "
	    "now");
	free(text);
	mock_smtp_release(p.host);
	program_stop(r, 0, &o);
	program_result_free(&o);
	queue_fixture_close(&p);
}

/* Their locks are looked up in /proc once, not for each of them. */
static void
two_hundred_messages_that_are_being_sent_are_listed_fast(void **state)
{
	enum { MANY = 200 };
	struct spool_options	options = { 0 };
	struct queue_fixture	p;
	struct spool		spool;
	struct spool_list	found;
	struct program_result	o;
	struct failure		why;
	int			fd[MANY];
	size_t			n = 0;
	char			id[ID_SIZE];

	(void)state;
	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	put(&p);
	assert_true(spool_open(&spool, p.spool, &options, &why));
	for (int i = 1; i < MANY; i++)
		temp_spool_put(&spool, id, LIST("a@example.net"));
	assert_true(spool_list(&found, &spool, SPOOL_QUEUE, &why));
	assert_int_equal(found.n, MANY);
	for (size_t i = 0; i < MANY; i++) {
		fd[i] = files_open(spool.dir[SPOOL_QUEUE],
		    found.item[i].name, O_RDWR);
		assert_true(files_lock(fd[i], false));
	}
	relais_run(&o, p.conf, WORDS("queue", "list"), "");
	assert_int_equal(o.status, 0);
	for (const char *at = o.out.data; (at = strstr(at, "being sent now "
	    "by process ")) != NULL; at++)
		n++;
	/* This process can be examined by its user. */
	assert_int_equal(n, MANY);
	print_message("200 locked entries listed in %.2f s\n",
	    o.user_s + o.system_s);
#ifndef __SANITIZE_ADDRESS__
	assert_true(o.user_s + o.system_s < 1);
#endif
	program_result_free(&o);
	for (size_t i = 0; i < MANY; i++)
		close(fd[i]);
	spool_list_free(&found);
	spool_close(&spool);
	queue_fixture_close(&p);
}

static const struct CMUnitTest list_spec[] = {
	cmocka_unit_test(an_entry_is_a_line_with_the_members_of_postfix),
	cmocka_unit_test(the_null_sender_is_mailer_daemon),
	cmocka_unit_test(a_message_that_is_being_sent_is_marked),
	cmocka_unit_test(
	    two_hundred_messages_that_are_being_sent_are_listed_fast),
};

int
main(void)
{
	return cmocka_run_group_tests(list_spec, NULL, NULL) +
	    CASES_RUN("hostile values", is_harmless, hostile) +
	    CASES_RUN("reasons", is_explained, kinds);
}
