/*
 * storm: which messages are collected, and what is sent in their place.  The
 * hour ends when the test sets the times of the entries back.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/entry.h"
#include "queue/id.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/skip.h"
#include "support/temp_spool.h"

#define PYTHON	"/usr/bin/python3"

#define HEADER	"From: Cron <cron@example.org>\nTo: a@example.net\n" \
	"Date: Sun, 29 Nov 2026 07:02:11 +0000\nMessage-ID: <1@example.org>\n"

static const struct script	accepting = { 0 };
static const struct script	seven_bit = { .keywords = "PIPELINING" };

static const char	two_an_hour[] = "storm = 2/hour\n";

struct storm_fixture {
	struct queue_fixture	 queue;
	struct buffer		 report;	/* of digest.py */
};

static void
open_storm(struct storm_fixture *p, const struct script *script,
    const char *conf)
{
	*p = (struct storm_fixture){ 0 };
	queue_fixture_open(&p->queue, script, conf);
}

static void
close_storm(struct storm_fixture *p)
{
	buffer_free(&p->report);
	queue_fixture_close(&p->queue);
}

/* Runs relais; returns its standard output and error, freed by the caller. */
static char *
run_text(struct storm_fixture *p, const char *const *words, const char *input,
    int status)
{
	struct program_result	o;
	struct buffer		b = { 0 };

	relais_run(&o, p->queue.conf, words, input);
	buffer_addf(&b, "%s%s", o.out.data, o.err.data);
	if (o.status != status)
		fail_msg("status %d: %s", o.status, b.data);
	program_result_free(&o);
	return buffer_take(&b);
}

static void
run(struct storm_fixture *p, const char *const *words, const char *input,
    int status)
{
	free(run_text(p, words, input, status));
}

/* From cron@example.org, to the recipients in the header. */
static void
send_message(struct storm_fixture *p, const char *message)
{
	run(p, WORDS("-i", "-t", "-f", "cron@example.org"), message, 0);
}

static void
send_many(struct storm_fixture *p, size_t n)
{
	char	message[300];

	for (size_t i = 1; i <= n; i++) {
		snprintf(message, sizeof(message), HEADER
		    "Subject: message %zu\n\nthe body\n", i);
		send_message(p, message);
	}
}

/* Calls each() for the entries in the queue; returns their number. */
static size_t
each_entry(struct storm_fixture *p,
    void (*each)(void *context, const struct entry *), void *context)
{
	struct spool_list	list;
	struct spool		spool;
	struct failure		why;
	size_t			n;

	temp_spool_open(&spool, p->queue.spool);
	assert_true(spool_list(&list, &spool, SPOOL_QUEUE, &why));
	n = list.n;
	for (size_t i = 0; i < n && each != NULL; i++) {
		struct entry		e;
		enum entry_result	result;

		/* A process in the background can remove an entry. */
		result = entry_open(&e, &spool, SPOOL_QUEUE, list.item[i].name,
		    ENTRY_LOOK, &why);
		if (result == ENTRY_GONE)
			continue;
		assert_int_equal(result, ENTRY_OPENED);
		each(context, &e);
		entry_close(&e);
	}
	spool_list_free(&list);
	spool_close(&spool);
	return n;
}

static size_t
waiting(struct storm_fixture *p)
{
	return each_entry(p, NULL, NULL);
}

static void
count_if_collected(void *context, const struct entry *e)
{
	size_t	*n = context;

	*n += e->file.collected;
}

static size_t
collected(struct storm_fixture *p)
{
	size_t	n = 0;

	each_entry(p, count_if_collected, &n);
	return n;
}

static void
set_due(void *context, const struct entry *e)
{
	const struct timespec	times[2] = { { .tv_nsec = UTIME_OMIT },
				    { .tv_sec = time(NULL) - 1 } };

	(void)context;
	assert_int_equal(futimens(e->fd, times), 0);
}

/* The period ends, and a queue run follows. */
static void
end_period(struct storm_fixture *p)
{
	each_entry(p, set_due, NULL);
	run(p, WORDS("queue", "run"), "", 0);
}

static const struct heard_message *
message(struct storm_fixture *p, size_t i)
{
	const struct heard_message	*m;

	assert_true(mock_smtp_wait_messages(p->queue.host, i + 1));
	m = mock_smtp_message(p->queue.host, i);
	assert_non_null(m);
	return m;
}

/* Writes the message of an entry to a file o1, o2 and so on. */
struct originals {
	struct temp_dir	*dir;
	size_t		 n;
};

static void
save_original(void *context, const struct entry *e)
{
	struct originals	*o = context;
	size_t			 size = (size_t)e->file.message_size;
	char			*text = malloc(size);
	char			 name[20];

	assert_int_equal(pread(e->fd, text, size, (off_t)e->file.message_at),
	    size);
	snprintf(name, sizeof(name), "o%zu", ++o->n);
	temp_dir_write_bytes(o->dir, name, 0600, text, size);
	free(text);
}

/*
 * Ends the period, and checks the digest, which is the next message: it has
 * the messages of all entries.
 */
static void
expect_digest(struct storm_fixture *p, const char *how)
{
	struct originals		 o = { .dir = &p->queue.dir };
	const struct heard_message	*m;
	size_t				 before;
	char				 paths[8][100];
	const char			*argv[16] = { "python3", "-B",
					    "tests/program/digest.py" };
	struct program_result		 r;

	if (access(PYTHON, X_OK) != 0)
		skip_because("python3 is not installed");
	before = mock_smtp_messages(p->queue.host);
	each_entry(p, save_original, &o);
	end_period(p);
	m = message(p, before);
	argv[3] = temp_dir_write_bytes(&p->queue.dir, "digest", 0600,
	    m->data.data, m->data.len);
	argv[4] = how;
	for (size_t i = 0; i < o.n && i < 8; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/o%zu",
		    p->queue.dir.path, i + 1);
		argv[5 + i] = paths[i];
	}
	program_run(&r, &(struct program){ .path = PYTHON, .argv = argv });
	if (r.status != 0)
		fail_msg("%s%s\n%s", r.out.data, r.err.data, m->data.data);
	buffer_clear(&p->report);
	buffer_add(&p->report, r.out.data, r.out.len);
	program_result_free(&r);
	assert_int_equal(waiting(p), 0);
	assert_int_equal(mock_smtp_messages(p->queue.host), before + 1);
}

static void
expect_report(const struct storm_fixture *p, const char *text)
{
	if (strstr(p->report.data, text) == NULL)
		fail_msg("no \"%s\" in: %s", text, p->report.data);
}

static void
the_rest_of_an_hour_is_one_digest(void **state)
{
	struct storm_fixture		 p;
	const struct heard_message	*m;

	(void)state;
	open_storm(&p, &accepting, two_an_hour);
	send_many(&p, 5);
	assert_int_equal(mock_smtp_messages(p.queue.host), 2);
	assert_int_equal(collected(&p), 3);
	run(&p, WORDS("queue", "run"), "", 0);
	run(&p, WORDS("-q"), "", 0);
	assert_int_equal(mock_smtp_messages(p.queue.host), 2);
	expect_digest(&p, "same");
	expect_report(&p, "To: a@example.net\nFrom: Cron <cron@example.org>\n"
	    "Subject: [digest] 3 messages: message 3\n");
	expect_report(&p, "contains 3 messages from <cron@example.org>.");
	expect_report(&p, "(storm = 2/hour)");
	expect_report(&p, "    1  message 3\n    1  message 4\n"
	    "    1  message 5\n");
	m = message(&p, 2);
	assert_string_equal(m->reverse_path, "cron@example.org");
	assert_int_equal(m->n_rcpt, 1);
	assert_string_equal(m->rcpt[0].path, "a@example.net");
	close_storm(&p);
}

static void
collect_difficult(struct storm_fixture *p)
{
	send_many(p, 2);
	send_message(p, HEADER "Subject: =?utf-8?q?f=C3=BCr_alle?=\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: 8bit\n\n"
	    "\xc3\xbc\n.\n..dots\nFrom x\n--\n-- \n\n\n");
	send_message(p, HEADER "Subject: parts\nMIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n"
	    "one\n--b\nContent-Type: application/octet-stream\n"
	    "Content-Transfer-Encoding: base64\n\nAAECAw==\n--b--\n");
	send_message(p, HEADER "Subject: no body\n\n");
	send_message(p, HEADER "Subject: no body\n\nwithout a line end");
	assert_int_equal(collected(p), 4);
}

static void
each_message_is_unchanged(void **state)
{
	struct storm_fixture	p;

	(void)state;
	open_storm(&p, &accepting, two_an_hour);
	collect_difficult(&p);
	expect_digest(&p, "same");
	expect_report(&p, "    1  f\xc3\xbcr alle\n    1  parts\n"
	    "    2  no body\n");
	expect_report(&p, "First message: ");
	close_storm(&p);
}

static void
without_8bitmime_only_the_text_is_encoded(void **state)
{
	struct storm_fixture	p;

	(void)state;
	open_storm(&p, &seven_bit, two_an_hour);
	collect_difficult(&p);
	expect_digest(&p, "decoded");
	close_storm(&p);
}

static void
a_signed_message_is_unchanged(void **state)
{
	struct storm_fixture	p;

	(void)state;
	open_storm(&p, &seven_bit, two_an_hour);
	send_many(&p, 3);
	send_message(&p, HEADER "Subject: signed\nMIME-Version: 1.0\n"
	    "Content-Type: multipart/signed; boundary=b; micalg=pgp-sha1;\n"
	    " protocol=\"application/pgp-signature\"\n\n--b\n"
	    "Content-Type: text/plain\n\none =\n two  \n--b\n"
	    "Content-Type: application/pgp-signature\n\nx\n--b--\n");
	expect_digest(&p, "same");
	close_storm(&p);
}

static void
hidden_recipients_stay_hidden(void **state)
{
	struct storm_fixture		 p;
	const struct heard_message	*m;

	(void)state;
	open_storm(&p, &accepting, two_an_hour);
	for (int i = 0; i < 5; i++)
		send_message(&p, i == 3 ? "To: a@example.net\n"
		    "Cc: b@Example.NET\n\nshown\n" : "To: A <a@example.net>\n"
		    "Bcc: b@example.net\n\nhidden\n");
	assert_int_equal(collected(&p), 3);
	expect_digest(&p, "same");
	expect_report(&p, "To: a@example.net\n");
	assert_null(strstr(p.report.data, "b@"));
	m = message(&p, 2);
	assert_int_equal(m->n_rcpt, 2);
	close_storm(&p);
}

static void
without_a_visible_recipient_the_digest_shows_none(void **state)
{
	struct storm_fixture	p;

	(void)state;
	open_storm(&p, &accepting, two_an_hour);
	for (int i = 0; i < 4; i++)
		send_message(&p, "Bcc: b@example.net\n\nhidden\n");
	expect_digest(&p, "same");
	expect_report(&p, "To: undisclosed-recipients:;\n");
	close_storm(&p);
}

static void
a_message_that_is_alone_is_sent_as_it_is(void **state)
{
	struct storm_fixture	p;

	(void)state;
	open_storm(&p, &accepting, two_an_hour);
	send_many(&p, 3);
	assert_int_equal(collected(&p), 1);
	end_period(&p);
	assert_non_null(strstr(message(&p, 2)->data.data,
	    "Subject: message 3\r\n"));
	assert_null(strstr(message(&p, 2)->data.data, "digest"));
	assert_int_equal(waiting(&p), 0);
	close_storm(&p);
}

static void
groups_have_digests_of_their_own(void **state)
{
	struct storm_fixture	p;

	(void)state;
	open_storm(&p, &accepting, two_an_hour);
	for (int i = 0; i < 8; i++)
		run(&p, WORDS("-i", "-f", "cron@example.org", i % 2 ?
		    "a@example.net" : "b@example.net"), HEADER "\nx\n", 0);
	assert_int_equal(collected(&p), 4);
	end_period(&p);
	assert_int_equal(mock_smtp_messages(p.queue.host), 6);
	for (size_t i = 4; i < 6; i++) {
		assert_int_equal(message(&p, i)->n_rcpt, 1);
		assert_non_null(strstr(message(&p, i)->data.data,
		    "Subject: [digest] 2 messages: (no subject)\r\n"));
	}
	close_storm(&p);
}

/* Messages that are sent at once, after the limit has been reached. */
static void
some_messages_are_never_collected(void **state)
{
	enum { LARGE = 256 * 1024 };
	struct storm_fixture	p;
	struct buffer		large = { 0 };

	(void)state;
	open_storm(&p, &accepting, "storm = 1/hour\n");
	send_many(&p, 1);
	send_many(&p, 1);
	run(&p, WORDS("-i", "-t", "-f", "<>"), HEADER "\nx\n", 0);
	run(&p, WORDS("-i", "-t", "-f", "<>"), HEADER "\nx\n", 0);
	run(&p, WORDS("-i", "-t", "-N", "never", "-f", "cron@example.org"),
	    HEADER "\nx\n", 0);
	run(&p, WORDS("-i", "-t", "-R", "hdrs", "-f", "cron@example.org"),
	    HEADER "\nx\n", 0);
	run(&p, WORDS("-i", "-t", "-V", "id7", "-f", "cron@example.org"),
	    HEADER "\nx\n", 0);
	buffer_add_text(&large, HEADER "\n");
	while (large.len < LARGE)
		buffer_add_text(&large, "0123456789012345678901234567890\n");
	send_message(&p, large.data);
	buffer_free(&large);
	assert_int_equal(collected(&p), 1);
	assert_int_equal(waiting(&p), 1);
	assert_int_equal(mock_smtp_messages(p.queue.host), 7);
	close_storm(&p);
}

static void
the_caller_is_told(void **state)
{
	struct storm_fixture	 p;
	char			*text;

	(void)state;
	open_storm(&p, &accepting, "storm = 1/hour\n");
	send_many(&p, 1);
	text = run_text(&p, WORDS("-i", "-v", "a@example.net"), "To: "
	    "a@example.net\n\nx\n", 0);
	assert_null(strstr(text, "collected"));		/* another sender */
	free(text);
	text = run_text(&p, WORDS("-i", "-v", "-f", "cron@example.org",
	    "a@example.net"), "\nx\n", 0);
	if (strstr(text, "*** not sent to a@example.net: collected for a "
	    "digest, which will be sent at ") == NULL ||
	    strstr(text, ": storm = 1/hour); queued as ") == NULL)
		fail_msg("%s", text);
	free(text);
	close_storm(&p);
}

static void
get_id(void *context, const struct entry *e)
{
	strlcpy(context, e->name, ID_SIZE);
}

static void
commands_know_collected_messages(void **state)
{
	struct storm_fixture	 p;
	char			 id[ID_SIZE], *text, words[200];

	(void)state;
	open_storm(&p, &accepting, two_an_hour);
	send_many(&p, 6);
	each_entry(&p, get_id, id);
	text = run_text(&p, WORDS("queue", "list"), "", 0);
	snprintf(words, sizeof(words), "to send it on its own: relais queue "
	    "release %s)", id);
	if (strstr(text, "(collected: will be sent with 3 others in a digest "
	    "at ") == NULL || strstr(text, words) == NULL)
		fail_msg("%s", text);
	free(text);
	text = run_text(&p, WORDS("queue", "flush", id), "", EX_USAGE);
	assert_non_null(strstr(text, "collected for a digest; to send it"));
	free(text);
	run(&p, WORDS("queue", "drop", id), "", 0);
	assert_int_equal(collected(&p), 3);
	each_entry(&p, get_id, id);
	run(&p, WORDS("queue", "hold", id), "", 0);
	assert_int_equal(collected(&p), 2);
	text = run_text(&p, WORDS("queue", "show", id), "", 0);
	assert_non_null(strstr(text, "state: held"));
	free(text);
	run(&p, WORDS("queue", "release", id), "", 0);
	run(&p, WORDS("queue", "run"), "", 0);
	assert_non_null(strstr(message(&p, 2)->data.data,
	    "Subject: message 5\r\n"));
	assert_int_equal(waiting(&p), 2);
	text = run_text(&p, WORDS("queue", "list", "--json"), "", 0);
	assert_non_null(strstr(text, "\"queue_name\": \"deferred\""));
	assert_non_null(strstr(text, "\"state\": \"collected\", \"reason\": "
	    "\"collected: will be sent with 1 other in a digest at "));
	free(text);
	run(&p, WORDS("queue", "flush"), "", 0);
	assert_non_null(strstr(message(&p, 3)->data.data,
	    "Subject: [digest] 2 messages: message 3\r\n"));
	assert_int_equal(waiting(&p), 0);
	close_storm(&p);
}

/* The entries arrived two hours ago, or are due since then. */
static void
set_old(void *context, const struct entry *e)
{
	struct spool		*spool = context;
	const struct timespec	 times[2] = { { .tv_nsec = UTIME_OMIT },
				    { .tv_sec = e->next } };
	char			 id[ID_SIZE];

	id_make(id, (int64_t)(time(NULL) - 2 * 3600) * 1000000,
	    arc4random());
	assert_int_equal(renameat(spool->dir[SPOOL_QUEUE], e->name,
	    spool->dir[SPOOL_QUEUE], id), 0);
	assert_int_equal(futimens(e->fd, times), 0);
}

static void
set_overdue(void *context, const struct entry *e)
{
	const struct timespec	times[2] = { { .tv_nsec = UTIME_OMIT },
				    { .tv_sec = time(NULL) - 7000 } };

	(void)context;
	assert_int_equal(futimens(e->fd, times), 0);
}

static void
collected_messages_are_trouble_only_if_the_digest_is_late(void **state)
{
	struct storm_fixture	 p;
	struct spool		 spool;
	char			*text;

	(void)state;
	open_storm(&p, &accepting, two_an_hour);
	send_many(&p, 4);
	temp_spool_open(&spool, p.queue.spool);
	each_entry(&p, set_old, &spool);
	spool_close(&spool);
	text = run_text(&p, WORDS("queue", "status"), "", 0);
	if (strstr(text, "\ncollected: 2 of them, for a digest at 20") ==
	    NULL || strstr(text, "oldest 0 minutes\n") == NULL)
		fail_msg("%s", text);
	free(text);
	text = run_text(&p, WORDS("queue", "status", "--json"), "", 0);
	assert_non_null(strstr(text, "\"oldest_seconds\":0,"
	    "\"collected\":2,\"next_digest\":1"));
	free(text);
	each_entry(&p, set_overdue, NULL);
	text = run_text(&p, WORDS("queue", "status"), "", 1);
	assert_non_null(strstr(text, " minutes: TOO OLD"));
	free(text);
	close_storm(&p);
}

static void
the_age_of_collected_messages_raises_no_alarm(void **state)
{
	struct storm_fixture	p;
	struct temp_dir		dir;
	struct spool		spool;
	char			conf[200];
	const char		*alarmed;

	(void)state;
	temp_dir_make(&dir);
	alarmed = temp_dir_path(&dir, "alarmed");
	snprintf(conf, sizeof(conf), "storm = 2/hour\nalarm_after = 1h\n"
	    "alarm_command = touch %s\n", alarmed);
	open_storm(&p, &accepting, conf);
	send_many(&p, 4);
	temp_spool_open(&spool, p.queue.spool);
	each_entry(&p, set_old, &spool);
	spool_close(&spool);
	run(&p, WORDS("queue", "run"), "", 0);
	assert_int_equal(collected(&p), 2);
	assert_int_equal(access(alarmed, F_OK), -1);
	temp_dir_remove(&dir);
	close_storm(&p);
}

static void
without_the_key_collected_messages_are_sent(void **state)
{
	struct storm_fixture	p;

	(void)state;
	open_storm(&p, &accepting, two_an_hour);
	send_many(&p, 4);
	queue_fixture_change(&p.queue, &accepting, NULL);
	run(&p, WORDS("queue", "run"), "", 0);
	assert_non_null(strstr(message(&p, 0)->data.data,
	    "Subject: [digest] 2 messages: message 3\r\n"));
	assert_int_equal(waiting(&p), 0);
	close_storm(&p);
}

static void
the_bounce_of_a_digest_goes_to_the_sender(void **state)
{
	static const struct script	 rejecting = { .steps = {
		{ .at = ON_RCPT, .match = "a@", .say = "550 5.1.1 no" } } };
	const struct heard_message	*m;
	struct storm_fixture		 p;

	(void)state;
	open_storm(&p, &accepting, two_an_hour);
	send_many(&p, 4);
	queue_fixture_change(&p.queue, &rejecting, two_an_hour);
	end_period(&p);
	m = message(&p, 0);
	assert_string_equal(m->reverse_path, "");
	assert_string_equal(m->rcpt[0].path, "cron@example.org");
	assert_non_null(strstr(m->data.data,
	    "Subject: [digest] 2 messages: message 3\r\n"));
	/* It has the messages, too. */
	assert_non_null(strstr(m->data.data,
	    "Subject: message 4\r\n\r\nthe body\r\n"));
	assert_int_equal(waiting(&p), 0);
	close_storm(&p);
}

/* The caller exits at once, and a process tries the entry. */
static void
a_message_in_the_background_is_collected(void **state)
{
	struct storm_fixture	p;

	(void)state;
	open_storm(&p, &accepting, two_an_hour);
	for (int i = 0; i < 4; i++)
		run(&p, WORDS("-odb", "-i", "-t", "-f", "cron@example.org"),
		    HEADER "\nx\n", 0);
	message(&p, 1);
	assert_int_equal(collected(&p), 2);
	run(&p, WORDS("-odq", "-i", "-t", "-f", "cron@example.org"),
	    HEADER "\nx\n", 0);
	assert_int_equal(collected(&p), 3);
	close_storm(&p);
}

static void
without_a_queue_messages_are_sent(void **state)
{
	struct storm_fixture	p;

	(void)state;
	open_storm(&p, &accepting, "storm = 2/hour\nqueue = off\n");
	send_many(&p, 5);
	assert_int_equal(mock_smtp_messages(p.queue.host), 5);
	close_storm(&p);
}

static void
if_the_queue_is_full_messages_are_sent(void **state)
{
	struct storm_fixture	p;

	(void)state;
	open_storm(&p, &accepting, "storm = 2/hour\nqueue_size_limit = 1\n");
	send_many(&p, 5);
	assert_int_equal(mock_smtp_messages(p.queue.host), 5);
	assert_int_equal(waiting(&p), 0);
	close_storm(&p);
}

/* Far in the future, as if the clock had been set back. */
static void
a_period_of_a_day_causes_no_needless_queue_run(void **state)
{
	struct storm_fixture	 p;
	char			*text;

	(void)state;
	open_storm(&p, &accepting, "storm = 2/day\n");
	send_many(&p, 4);
	text = run_text(&p, WORDS("-o", "log=stderr", "queue", "run"), "", 0);
	assert_string_equal(text, "");
	free(text);
	assert_int_equal(collected(&p), 2);
	end_period(&p);
	assert_int_equal(waiting(&p), 0);
	close_storm(&p);
}

static void
a_section_can_set_the_limit(void **state)
{
	struct storm_fixture	p;

	(void)state;
	open_storm(&p, &accepting, "storm = 1/hour\n"
	    "[from cron@example.org]\nstorm = off\n");
	send_many(&p, 4);
	run(&p, WORDS("-f", "me@example.org", "a@example.net"), "\nx\n", 0);
	run(&p, WORDS("-f", "me@example.org", "a@example.net"), "\nx\n", 0);
	assert_int_equal(mock_smtp_messages(p.queue.host), 5);
	assert_int_equal(collected(&p), 1);
	close_storm(&p);
}

static void
twenty_callers_at_once(void **state)
{
	enum { CALLERS = 20, LIMIT = 5 };
	struct storm_fixture	 p;
	struct running		*caller[CALLERS];
	struct program_result	 r;
	size_t			 found = 0;

	(void)state;
	open_storm(&p, &accepting, "storm = 5/hour\n");
	for (int i = 0; i < CALLERS; i++)
		caller[i] = program_start(&(struct program){ .argv = WORDS(
		    "relais", "-C", p.queue.conf, "-i", "-t", "-f",
		    "cron@example.org"),
		    .input = HEADER "\nx\n" });
	for (int i = 0; i < CALLERS; i++) {
		program_stop(caller[i], 0, &r);
		assert_int_equal(r.status, 0);
		program_result_free(&r);
	}
	assert_int_equal(mock_smtp_messages(p.queue.host), LIMIT);
	assert_int_equal(collected(&p), CALLERS - LIMIT);
	end_period(&p);
	for (const char *at = message(&p, LIMIT)->data.data;
	    (at = strstr(at, "\r\nContent-Type: message/rfc822\r\n")) != NULL;
	    at++)
		found++;
	assert_int_equal(found, CALLERS - LIMIT);
	assert_int_equal(waiting(&p), 0);
	close_storm(&p);
}

static const struct CMUnitTest storm_spec[] = {
	cmocka_unit_test(the_rest_of_an_hour_is_one_digest),
	cmocka_unit_test(each_message_is_unchanged),
	cmocka_unit_test(without_8bitmime_only_the_text_is_encoded),
	cmocka_unit_test(a_signed_message_is_unchanged),
	cmocka_unit_test(hidden_recipients_stay_hidden),
	cmocka_unit_test(without_a_visible_recipient_the_digest_shows_none),
	cmocka_unit_test(a_message_that_is_alone_is_sent_as_it_is),
	cmocka_unit_test(groups_have_digests_of_their_own),
	cmocka_unit_test(some_messages_are_never_collected),
	cmocka_unit_test(the_caller_is_told),
	cmocka_unit_test(commands_know_collected_messages),
	cmocka_unit_test(
	    collected_messages_are_trouble_only_if_the_digest_is_late),
	cmocka_unit_test(the_age_of_collected_messages_raises_no_alarm),
	cmocka_unit_test(without_the_key_collected_messages_are_sent),
	cmocka_unit_test(the_bounce_of_a_digest_goes_to_the_sender),
	cmocka_unit_test(a_message_in_the_background_is_collected),
	cmocka_unit_test(without_a_queue_messages_are_sent),
	cmocka_unit_test(if_the_queue_is_full_messages_are_sent),
	cmocka_unit_test(a_period_of_a_day_causes_no_needless_queue_run),
	cmocka_unit_test(a_section_can_set_the_limit),
	cmocka_unit_test(twenty_callers_at_once),
};

int
main(void)
{
	return cmocka_run_group_tests(storm_spec, NULL, NULL);
}
