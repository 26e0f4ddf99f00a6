/*
 * Messages that cannot be sent now: relais queues the message before it exits
 * 0, or the caller keeps the message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "support/namespace.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/skip.h"
#include "support/temp_spool.h"

static const char	letter[] = "Subject: x\nFrom: me@example.org\n"
			    "To: list@example.org\n\nhi\n";

/* The queue after each behaviour of the server. */
struct outage {
	struct script	 script;
	const char	*more;		/* of the configuration */
	const char	*arguments[3];
	int		 status;
	const char	*queued;	/* as tell_entries() tells it */
	const char	*failed;
	const char	*words;		/* on stderr; NULL: nothing there */
};

static void
is_kept(void **state)
{
	const struct outage	*t = *state;
	const char		*arguments[8] = { "-i", "-oi" };
	struct queue_fixture		 p;
	struct program_result		 o;
	size_t			 n = 2;

	for (size_t i = 0; i < 3 && t->arguments[i] != NULL; i++)
		arguments[n++] = t->arguments[i];
	arguments[n++] = "a@example.net";
	arguments[n++] = "b@example.net";
	queue_fixture_open(&p, &t->script, t->more);
	relais_run(&o, p.conf, arguments, letter);
	if (t->words == NULL)
		assert_string_equal(o.err.data, "");
	else if (strstr(o.err.data, t->words) == NULL)
		fail_msg("no \"%s\" in: %s", t->words, o.err.data);
	assert_string_equal(o.out.data, "");
	assert_int_equal(o.status, t->status);
	if (t->queued != NULL) {
		assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE),
		    t->queued);
		assert_string_equal(temp_spool_entries(p.spool, SPOOL_FAILED),
		    t->failed != NULL ? t->failed : "");
	}
	program_result_free(&o);
	queue_fixture_close(&p);
}

#define KEPT(sentence, ...) { sentence, is_kept, NULL, NULL, \
	&(struct outage){ __VA_ARGS__ } }

#define BOTH_WAIT "?a@example.net ?b@example.net"

/* Reasons why a message cannot be queued, and the error for the caller. */
static void
forbid_growth(void *ctx)
{
	struct rlimit	limit = { *(rlim_t *)ctx, *(rlim_t *)ctx };

	setrlimit(RLIMIT_FSIZE, &limit);
}

static void
a_file_size_limit_leaves_the_message_with_the_caller(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;
	rlim_t		limit = 1000;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .refusing = true }, NULL);
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", p.conf, "a@example.net"),
	    .input = letter, .prepare = forbid_growth, .ctx = &limit });
	assert_int_equal(o.status, EX_CANTCREAT);
	assert_non_null(strstr(o.err.data, "File too large"));
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	program_result_free(&o);
	queue_fixture_close(&p);
}

/* A message that does not fit into memory uses a file in the spool. */
static void
a_large_message_is_queued_whole(void **state)
{
	struct queue_fixture		p;
	struct program_result		o;
	struct buffer		input = { 0 };

	(void)state;
	buffer_add_text(&input, "Subject: x\n\n");
	while (input.len < 3 * MESSAGE_MEMORY)
		buffer_add_text(&input, "a line of some length to fill it\n");
	queue_fixture_open(&p, &(struct script){ .refusing = true }, NULL);
	relais_run(&o, p.conf, WORDS("-i", "a@example.net"), input.data);
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE),
	    "?a@example.net");
	buffer_free(&input);
	program_result_free(&o);
	queue_fixture_close(&p);
}

enum { NO_NAMESPACE = 99 };

/* Mounts a file system of so many kilobytes over the spool. */
struct small_disk {
	const char	*dir;
	unsigned	 kilobytes;
};

static void
mount_small_disk(void *ctx)
{
	const struct small_disk	*disk = ctx;
	char			 options[80];

	snprintf(options, sizeof(options), "mode=0755,size=%uk",
	    disk->kilobytes);
	if (!namespace_enter(1000, CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("tmpfs", disk->dir, "tmpfs", 0, options) == -1)
		_exit(NO_NAMESPACE);
}

struct full_case {
	unsigned	 kilobytes;	/* of free space in the spool */
	const char	*tmp;
};

/*
 * The spool is full before the message is written to a file, or becomes full
 * while it is written.
 */
static void
needs_no_space_in_the_spool(void **state)
{
	enum { LINES = 580 * 1024 / 64 };
	const struct full_case	*c = *state;
	struct buffer		 input = { 0 }, body = { 0 };
	struct queue_fixture	 p;
	struct small_disk	 disk = { p.spool, c->kilobytes };
	struct program_result	 o;

	buffer_add_text(&input, "Subject: x\n\n");
	for (int i = 0; i < LINES; i++) {
		buffer_addf(&input, "%063d\n", i);
		buffer_addf(&body, "%063d\r\n", i);
	}
	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	assert_int_equal(mkdir(p.spool, 0700), 0);
	program_run(&o, &(struct program){ .argv = WORDS("relais", "-C", p.conf,
	    "-i", "a@example.net"), .input = input.data, .env = WORDS(c->tmp),
	    .prepare = mount_small_disk, .ctx = &disk });
	if (o.status == NO_NAMESPACE)
		skip_because("the system allows no name spaces");
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	assert_string_equal(strstr(mock_smtp_message(p.host, 0)->data.data,
	    "\r\n\r\n") + 4, body.data);
	queue_fixture_close(&p);
	buffer_free(&input);
	buffer_free(&body);
}

#define SPILLS(sentence, ...) { sentence, needs_no_space_in_the_spool, NULL, \
	NULL, &(struct full_case){ __VA_ARGS__ } }

/* The default queue exists, but other users can write to it. */
static void
spoil_the_default_queue(void *ctx)
{
	(void)ctx;
	if (!namespace_enter(1000, CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("tmpfs", "/var/spool", "tmpfs", 0, "mode=0755") == -1 ||
	    mkdir("/var/spool/relais", 0755) == -1 ||
	    chmod("/var/spool/relais", 02775) == -1)
		_exit(NO_NAMESPACE);
}

static void
an_unusable_default_queue_is_reported(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;
	char			url[80];

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .say = "450 4.2.1 busy" } } }, NULL);
	snprintf(url, sizeof(url), "RELAIS_SMARTHOST=smtp://127.0.0.1:%u",
	    p.host->port);
	program_run(&o, &(struct program){
	    .argv = WORDS("sendmail", "-i", "a@example.net"), .input = letter,
	    .env = WORDS(url, "RELAIS_ALIASES=off", "RELAIS_LOG=off"),
	    .prepare = spoil_the_default_queue });
	if (o.status == NO_NAMESPACE)
		skip_because("the system allows no name spaces");
	assert_int_equal(o.status, EX_TEMPFAIL);
	assert_non_null(strstr(o.err.data, ": 450 4.2.1 busy; not queued: "
	    "the queue directory /var/spool/relais: it is writable by other "
	    "users; run: chmod 700 /var/spool/relais\n"));
	program_result_free(&o);
	queue_fixture_close(&p);
}

static void
verbose_output_says_why_a_message_is_queued(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .refusing = true }, NULL);
	relais_run(&o, p.conf, WORDS("-i", "-v", "a@example.net"), letter);
	assert_int_equal(o.status, 0);
	assert_string_equal(o.err.data, "");
	assert_non_null(strstr(o.out.data, "*** not sent to a@example.net: "));
	assert_non_null(strstr(o.out.data, "Connection refused"));
	assert_non_null(strstr(o.out.data, "; queued as "));
	program_result_free(&o);
	queue_fixture_close(&p);
}

/* Returns the Message-ID up to its '>', freed by the caller. */
static char *
message_id_of(struct mock_smtp *host)
{
	const struct heard_message	*m;
	const struct heard		*h = mock_smtp_heard(host, 0);
	const char			*id;

	assert_non_null(h);
	assert_true(h->n_messages > 0);
	m = h->message[0];
	id = strstr(m->data.data, "Message-ID: <");
	assert_non_null(id);
	return strndup(id, strcspn(id, ">"));
}

/*
 * The server may have accepted the message: it is tried again after an hour,
 * with the same Message-ID, so that the server can detect a duplicate.
 */
static void
a_message_in_doubt_waits_longer_unchanged(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;
	struct spool		spool;
	struct spool_list	list;
	struct failure		why;
	char			*first, *second;
	time_t			now = time(NULL);

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_BODY,
	    .say = "", .then = THEN_CLOSE } } }, NULL);
	relais_run(&o, p.conf, WORDS("-i", "a@example.net"), letter);
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	assert_true(mock_smtp_wait_closed(p.host, 1));
	first = message_id_of(p.host);
	assert_true(spool_open(&spool, p.spool, &(struct spool_options){ 0 },
	    &why));
	assert_true(spool_list(&list, &spool, SPOOL_QUEUE, &why));
	assert_int_equal(list.n, 1);
	assert_true(list.item[0].next >= now + 3600);
	spool_list_free(&list);
	spool_close(&spool);
	queue_fixture_change(&p, &(struct script){ 0 }, NULL);
	queue_fixture_run(&p, "-qf", 0);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	second = message_id_of(p.host);
	assert_string_equal(first, second);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	free(first);
	free(second);
	queue_fixture_close(&p);
}

static const struct CMUnitTest outage_spec[] = {
	KEPT("the connection is refused", .script = { .refusing = true },
	    .status = 0, .queued = BOTH_WAIT),
	KEPT("the server has no space", .script = { .steps = {
	    { .at = ON_GREETING, .say = "421 busy", .then = THEN_CLOSE } } },
	    .status = 0, .queued = BOTH_WAIT),
	KEPT("the server does not speak SMTP", .script = { .steps = {
	    { .at = ON_GREETING, .say = "SSH-2.0-OpenSSH_9.2" } } },
	    .status = 0, .queued = BOTH_WAIT),
	KEPT("one recipient is deferred and the other delivered",
	    .script = { .steps = {
	    { .at = ON_RCPT, .match = "b@", .say = "450 4.7.1 greylisted" } } },
	    .status = 0, .queued = "+a@example.net ?b@example.net"),
	KEPT("one recipient is deferred and the other refused",
	    .script = { .steps = {
	    { .at = ON_RCPT, .match = "a@", .say = "450 4.7.1 greylisted" },
	    { .at = ON_RCPT, .match = "b@", .say = "550 5.1.1 who?" } } },
	    .status = EX_NOUSER, .queued = "?a@example.net",
	    .failed = "-b@example.net", .words = "550 5.1.1 who?; kept as "),
	KEPT("both recipients are refused", .script = { .steps = {
	    { .at = ON_BODY, .say = "554 5.7.1 spam" } } },
	    .status = EX_UNAVAILABLE, .queued = "",
	    .failed = "-a@example.net -b@example.net",
	    .words = "554 5.7.1 spam; kept as "),
	KEPT("-odq makes no attempt", .status = 0,
	    .arguments = { "-odq" }, .queued = BOTH_WAIT),
	KEPT("-odd makes no attempt", .status = 0,
	    .arguments = { "-odd" }, .queued = BOTH_WAIT),
	KEPT("DeliveryMode=queue makes no attempt", .status = 0,
	    .arguments = { "-O", "DeliveryMode=q" }, .queued = BOTH_WAIT),
	KEPT("-odq makes an attempt if the queue is disabled",
	    .script = { .refusing = true }, .more = "queue = off\n",
	    .arguments = { "-odq" }, .status = EX_TEMPFAIL,
	    .words = "Connection refused"),
	KEPT("an unusable queue is reported if it is needed",
	    .script = { .refusing = true }, .more = "queue = /dev/null/x\n",
	    .status = EX_CANTCREAT, .words = "/dev/null/x"),
	KEPT("an unusable queue is reported with -odq",
	    .more = "queue = /nonexistent/x\n", .arguments = { "-odq" },
	    .status = EX_CANTCREAT, .words = "relais.conf:"),
	KEPT("an unusable queue does not matter if it is not needed",
	    .more = "queue = /dev/null/x\n", .status = 0),
	KEPT("a full queue leaves the message with the caller",
	    .script = { .refusing = true }, .more = "queue_size_limit = 1K\n",
	    .status = EX_TEMPFAIL, .queued = "",
	    .words = "queue_size_limit is 1024"),
	cmocka_unit_test(a_file_size_limit_leaves_the_message_with_the_caller),
	cmocka_unit_test(a_large_message_is_queued_whole),
	SPILLS("a large message goes to TMPDIR if the spool is full",
	    200, "TMPDIR=/tmp"),
	SPILLS("a large message goes to TMPDIR if the spool becomes full",
	    400, "TMPDIR=/tmp"),
	SPILLS("without TMPDIR, a large message goes to /tmp if the spool is "
	    "full", 200, "TMPDIR=/nonexistent"),
	SPILLS("without TMPDIR, a large message goes to /tmp if the spool "
	    "becomes full", 400, "TMPDIR=/nonexistent"),
	cmocka_unit_test(an_unusable_default_queue_is_reported),
	cmocka_unit_test(verbose_output_says_why_a_message_is_queued),
	cmocka_unit_test(a_message_in_doubt_waits_longer_unchanged),
};

int
main(void)
{
	return cmocka_run_group_tests(outage_spec, NULL, NULL);
}
