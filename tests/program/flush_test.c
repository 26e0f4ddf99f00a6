/*
 * Queue runs: which messages are sent, deferred and bounced.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "queue/spool.h"
#include "support/cases.h"
#include "support/certificate.h"
#include "support/fault.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/skip.h"
#include "support/temp_spool.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, "" })

static const char	me[] = "me@example.org";

static const char *
queued(struct queue_fixture *p)
{
	return temp_spool_entries(p->spool, SPOOL_QUEUE);
}

static const char *
failed_ones(struct queue_fixture *p)
{
	return temp_spool_entries(p->spool, SPOOL_FAILED);
}

/* As cron does. */
static void
follow_schedule(struct queue_fixture *p)
{
	struct program_result	o;

	relais_run(&o, p->conf, WORDS("queue", "run"), "");
	assert_string_equal(o.err.data, "");
	assert_string_equal(o.out.data, "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
}

static void
after_an_outage_all_is_sent_over_one_connection(void **state)
{
	struct queue_fixture	p;
	char			*said;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .refusing = true }, NULL);
	queue_fixture_put(&p, me, LIST("a@example.net", "b@example.net",
	    "c@example.net"));
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_string_equal(queued(&p),
	    "?a@example.net\n?b@example.net\n?c@example.net");
	queue_fixture_change(&p, &(struct script){ 0 }, NULL);
	follow_schedule(&p);
	assert_int_equal(mock_smtp_connections(p.host), 0);
	queue_fixture_run(&p, "-q", 0);
	assert_string_equal(queued(&p), "");
	assert_true(mock_smtp_wait_messages(p.host, 3));
	assert_int_equal(mock_smtp_connections(p.host), 1);
	assert_true(mock_smtp_wait_closed(p.host, 1));
	said = heard_commands(mock_smtp_heard(p.host, 0), false);
	assert_non_null(strstr(said, "QUIT"));
	free(said);
	queue_fixture_close(&p);
}

static void
a_delivered_recipient_does_not_get_the_message_again(void **state)
{
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .match = "b@", .say = "451 4.7.1 greylisted" } } }, NULL);
	queue_fixture_put_one(&p, me, LIST("a@example.net", "b@example.net"));
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_string_equal(queued(&p), "+a@example.net ?b@example.net");
	queue_fixture_change(&p, &(struct script){ 0 }, NULL);
	queue_fixture_run(&p, "-qf", 0);
	assert_string_equal(queued(&p), "");
	assert_true(mock_smtp_wait_messages(p.host, 1));
	assert_int_equal(mock_smtp_message(p.host, 0)->n_rcpt, 1);
	assert_string_equal(mock_smtp_message(p.host, 0)->rcpt[0].path,
	    "b@example.net");
	queue_fixture_close(&p);
}

/* Recipients with another smarthost, which is down. */
#define AWAY "[to *@away.example]\nsmarthost = smtp:///nowhere/socket\n"

/* The smarthost that is down must not hide the outcomes of the other. */
static void
a_delivered_recipient_gets_no_copy_while_another_smarthost_is_down(void **state)
{
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .say = "451 4.7.1 greylisted" } } }, AWAY);
	queue_fixture_put_one(&p, me, LIST("a@example.net", "b@away.example"));
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_string_equal(queued(&p), "?a@example.net ?b@away.example");
	queue_fixture_change(&p, &(struct script){ 0 }, AWAY);
	queue_fixture_run(&p, "-qf", EX_TEMPFAIL);
	assert_string_equal(queued(&p), "+a@example.net ?b@away.example");
	queue_fixture_run(&p, "-qf", EX_TEMPFAIL);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	assert_int_equal(mock_smtp_messages(p.host), 1);
	queue_fixture_close(&p);
}

/* A worker that returns its entry must not have sent any part of it. */
static void
a_message_is_sent_by_one_worker_only(void **state)
{
	enum { MANY = 20 };
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &(struct script){ 0 }, AWAY);
	for (int i = 0; i < MANY; i++)
		queue_fixture_put_one(&p, me, LIST("a@example.net",
		    "b@away.example"));
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_true(mock_smtp_wait_messages(p.host, MANY));
	assert_int_equal(mock_smtp_messages(p.host), MANY);
	queue_fixture_close(&p);
}

/* The children of a process; the first of them. */
static pid_t
child_of(pid_t parent)
{
	char	path[80];
	FILE	*f;
	int	child = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent,
	    (int)parent);
	assert_non_null(f = fopen(path, "r"));
	if (fscanf(f, "%d", &child) != 1)
		child = 0;
	fclose(f);
	return (pid_t)child;
}

/* Why the message is sent in two transactions. */
struct second_case {
	const char	*keywords;
	const char	*more;
};

static void
the_first_transaction_is_recorded_before_the_second(void **state)
{
	const struct second_case	*t = *state;
	struct queue_fixture		 p;
	struct running			*r;
	struct program_result		 o;

	queue_fixture_open(&p, &(struct script){ .keywords = t->keywords,
	    .steps = { { .at = ON_RCPT, .match = "b@", .say = "",
	    .then = THEN_HANG } } }, t->more);
	queue_fixture_put_one(&p, me, LIST("a@example.net", "b@other.example"));
	r = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", p.conf, "-q") });
	assert_true(mock_smtp_wait_commands(p.host, ON_RCPT, 2));
	assert_int_equal(kill(child_of(program_pid(r)), SIGKILL), 0);
	program_stop(r, 0, &o);
	program_result_free(&o);
	assert_int_equal(mock_smtp_messages(p.host), 1);
	assert_string_equal(queued(&p), "+a@example.net ?b@other.example");
	queue_fixture_close(&p);
}

#define RECORDED(sentence, ...) { sentence, \
	the_first_transaction_is_recorded_before_the_second, NULL, NULL, \
	&(struct second_case){ __VA_ARGS__ } }

static void
forbid_writing(void *ctx)
{
	const struct rlimit	none = { 10, 10 };

	(void)ctx;
	setrlimit(RLIMIT_FSIZE, &none);
}

/* Otherwise, the delivered recipients would not be known later. */
static void
an_entry_that_cannot_be_written_is_not_sent(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;

	(void)state;
	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	queue_fixture_put(&p, me, LIST("a@example.net", "b@example.net"));
	queue_fixture_change(&p, &(struct script){ 0 }, "log = stderr\n");
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", p.conf, "-q"),
	    .prepare = forbid_writing });
	assert_non_null(strstr(o.err.data,
	    ": cannot be written; the message is not sent: File too large\n"));
	program_result_free(&o);
	/* The server is tried for neither message; one connection. */
	assert_true(mock_smtp_wait_closed(p.host, 1));
	assert_int_equal(mock_smtp_connections(p.host), 1);
	assert_int_equal(mock_smtp_heard(p.host, 0)->n_messages, 0);
	assert_string_equal(queued(&p), "?a@example.net\n?b@example.net");
	queue_fixture_change(&p, &(struct script){ 0 }, NULL);
	queue_fixture_run(&p, "-q", 0);
	assert_string_equal(queued(&p), "");
	queue_fixture_close(&p);
}

/*
 * Queue runs with one entry: without a fault, and with the fault in each call.
 * judge: what follows from the result; where is NULL without a fault.
 */
static void
run_with_faults(const struct fault *fault, void (*judge)(struct queue_fixture *,
    const struct program_result *, const char *where))
{
	struct queue_fixture	p;
	struct program_result	o;
	struct fault_run	f;

	if (SKIP_SANITIZED)
		skip_because("AddressSanitizer has an allocator of its own");
	queue_fixture_open_fast(&p, &(struct script){ 0 });
	fault_open(&f, &p.dir);
	fault_begin(&f, fault);
	for (bool counts = true; counts || fault_next(&f); counts = false) {
		queue_fixture_put(&p, me, LIST("a@example.net"));
		program_run(&o, &(struct program){ .argv = WORDS("relais",
		    "-C", p.conf, "-q"), .env = fault_environment(&f) });
		judge(&p, &o, counts ? NULL : fault_describe(&f));
		program_result_free(&o);
		queue_fixture_run(&p, "-q", QUEUE_FIXTURE_ANY);
		if (counts)
			fault_choose(&f, 0, 0);
	}
	fault_close(&f);
	queue_fixture_close(&p);
}

static void
success_leaves_nothing(struct queue_fixture *p, const struct program_result *o,
    const char *where)
{
	if (o->status == 0 && queued(p)[0] != '\0')
		fail_msg("%s: status 0, but queued: %s", where != NULL ?
		    where : "no fault", queued(p));
}

/* The look at the names does not decide. */
static void
a_file_that_cannot_be_examined_is_opened(void **state)
{
	(void)state;
	run_with_faults(&(struct fault){ "fstatat", FAULT_ERROR, EIO, false },
	    success_leaves_nothing);
}

static void
failure_sends_nothing(struct queue_fixture *p, const struct program_result *o,
    const char *where)
{
	assert_int_equal(o->status, where == NULL ? EX_OK : EX_OSERR);
	if (where == NULL)
		return;
	assert_non_null(strstr(o->err.data, "cannot start a worker process: "
	    "Resource temporarily unavailable"));
	assert_string_equal(queued(p), "?a@example.net");
}

/* A queue run that says that it could not be made has sent nothing. */
static void
without_a_worker_nothing_is_sent(void **state)
{
	(void)state;
	run_with_faults(&(struct fault){ "fork", FAULT_ERROR, EAGAIN, false },
	    failure_sends_nothing);
}

/* Many messages, sent by two queue runs with several connections each. */
static void
two_queue_runs_deliver_each_message_once(void **state)
{
	enum { MANY = 60 };
	struct queue_fixture	 p;
	struct running		*other;
	struct program_result	 o;
	char			 address[MANY][40];
	const char		*list[MANY + 1];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(address[i], sizeof(address[i]), "n%02d@example.net",
		    i);
		list[i] = address[i];
	}
	list[MANY] = "";
	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	queue_fixture_put(&p, me, list);
	other = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", p.conf, "-q") });
	queue_fixture_run(&p, "-q", QUEUE_FIXTURE_ANY);
	program_stop(other, 0, &o);
	assert_true(o.status == EX_OK || o.status == EX_TEMPFAIL);
	program_result_free(&o);
	assert_string_equal(queued(&p), "");
	assert_true(mock_smtp_wait_messages(p.host, MANY));
	assert_int_equal(mock_smtp_messages(p.host), MANY);
	assert_in_range(mock_smtp_connections(p.host), 2, 8);
	for (int i = 0; i < MANY; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(
			    mock_smtp_message(p.host, i)->rcpt[0].path,
			    mock_smtp_message(p.host, k)->rcpt[0].path);
	queue_fixture_close(&p);
}

/* The behaviour of the server during a queue run with five messages. */
struct flush_case {
	struct script	 script;
	const char	*more;
	const char	*other;		/* sender of d and e; NULL: of all */
	size_t		 sent;		/* of five */
	size_t		 connections;
	const char	*left;		/* in the queue */
};

static void
goes_on(void **state)
{
	const struct flush_case	*t = *state;
	struct queue_fixture	 p;

	queue_fixture_open(&p, &t->script, t->more);
	queue_fixture_put(&p, "", LIST("a@example.net", "b@example.net",
	    "c@example.net"));
	queue_fixture_put(&p, t->other != NULL ? t->other : "",
	    LIST("d@example.net", "e@example.net"));
	queue_fixture_run(&p, "-q", t->left[0] != '\0' ?
	    EX_TEMPFAIL : EX_OK);
	assert_string_equal(queued(&p), t->left);
	assert_true(mock_smtp_wait_messages(p.host, t->sent));
	assert_int_equal(mock_smtp_connections(p.host), t->connections);
	queue_fixture_close(&p);
}

#define GOES_ON(sentence, ...) { sentence, goes_on, NULL, NULL, \
	&(struct flush_case){ __VA_ARGS__ } }

#define ALL_FIVE "?a@example.net\n?b@example.net\n?c@example.net\n" \
	"?d@example.net\n?e@example.net"

#define ALL_THREE "?a@example.net\n?b@example.com\n?c@example.net"

static void
choose(const char *const *arguments, int status, const char *left)
{
	struct queue_fixture	p;
	struct program_result	o;

	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	queue_fixture_put(&p, me, LIST("a@example.net", "b@example.com"));
	queue_fixture_put(&p, "you@example.org", LIST("c@example.net"));
	relais_run(&o, p.conf, arguments, "");
	if (status == EX_OK)
		assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, status);
	program_result_free(&o);
	assert_string_equal(queued(&p), left);
	queue_fixture_close(&p);
}

static void
q_selects_entries(void **state)
{
	(void)state;
	choose(WORDS("-qRa@example"), 0, "?b@example.com\n?c@example.net");
	choose(WORDS("-qR", "EXAMPLE.net"), 0, "?b@example.com");
	choose(WORDS("-qSyou@"), 0, "?a@example.net\n?b@example.com");
	choose(WORDS("-qRnobody"), 0, ALL_THREE);
	choose(WORDS("-qInosuchentry"), EX_NOINPUT,
	    ALL_THREE);
}

static void
odb_returns_at_once_and_sends_the_message(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_GREETING,
	    .hold = true } } }, NULL);
	relais_run(&o, p.conf, WORDS("-odb", "a@example.net"),
	    "Subject: x\n\nhi\n");
	assert_int_equal(o.status, 0);
	assert_string_equal(o.err.data, "");
	program_result_free(&o);
	assert_string_equal(queued(&p), "?a@example.net");
	mock_smtp_release(p.host);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	assert_true(mock_smtp_wait_closed(p.host, 1));
	queue_fixture_close(&p);
}

static void
a_refusal_is_bounced_to_the_sender(void **state)
{
	struct queue_fixture		 p;
	const struct heard_message	*m;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .match = "b@", .say = "550 5.1.1 who is that?" } } }, NULL);
	queue_fixture_put_one(&p, me, LIST("a@example.net", "b@example.net"));
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_string_equal(queued(&p), "");
	assert_string_equal(failed_ones(&p), "");
	assert_true(mock_smtp_wait_messages(p.host, 2));
	assert_int_equal(mock_smtp_connections(p.host), 1);
	m = mock_smtp_message(p.host, 1);
	assert_string_equal(m->reverse_path, "");
	assert_int_equal(m->n_rcpt, 1);
	assert_string_equal(m->rcpt[0].path, me);
	assert_string_equal(m->rcpt[0].parameters, "NOTIFY=NEVER");
	for (size_t i = 0; i < 10; i++) {
		static const char *const	words[] = {
			"From: Mail Delivery System <MAILER-DAEMON@",
			"To: <me@example.org>\r\n",
			"Auto-Submitted: auto-replied\r\n",
			"multipart/report; report-type=delivery-status;",
			"\r\n<b@example.net>\r\n    127.0.0.1:",
			"message/delivery-status\r\n",
			"Final-Recipient: rfc822;b@example.net\r\n"
			"Action: failed\r\nStatus: 5.1.1\r\n"
			"Remote-MTA: dns; [127.0.0.1]\r\n"
			"Diagnostic-Code: smtp; 550 5.1.1 who is that?\r\n"
			"Last-Attempt-Date: ",
			"delivered to 1 other address.",
			"text/rfc822-headers\r\n",
			"Subject: x\r\n",
		};

		if (strstr(m->data.data, words[i]) == NULL)
			fail_msg("no \"%s\" in %s", words[i], m->data.data);
	}
	assert_null(strstr(m->data.data, "\r\nhi\r\n"));
	queue_fixture_close(&p);
}

/* A provider checks From in a bounce as in any other message. */
static void
a_bounce_uses_the_from_key(void **state)
{
	struct queue_fixture		 p;
	const struct heard_message	*m;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .match = "b@", .say = "550 5.1.1 who is that?" } } },
	    "from = from@example.org\nnull_sender = bounce@example.org\n");
	queue_fixture_put_one(&p, me, LIST("b@example.net"));
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	m = mock_smtp_message(p.host, 0);
	assert_string_equal(m->reverse_path, "bounce@example.org");
	assert_non_null(strstr(m->data.data,
	    "From: Mail Delivery System <from@example.org>\r\n"));
	queue_fixture_close(&p);
}

static void
change_entries(const struct queue_fixture *p, const char *how)
{
	char	command[300];

	snprintf(command, sizeof(command), "%s %s/queue/*", how, p->spool);
	assert_int_equal(system(command), 0);
}

/* Bounces are prepared like other messages. */
struct bounce_case {
	const char	*more;
	const char	*aliases;	/* or NULL */
	const char	*sender;	/* NULL: me@example.org */
	const char	*to;		/* where the bounce goes; NULL: nowhere,
					 * the message is kept in failed/ */
	const char	*words;		/* in the bounce */
};

static void
bounce_goes_to(void **state)
{
	const struct bounce_case	*t = *state;
	struct queue_fixture		 p;
	const struct heard_message	*m;

	/* The first RCPT is for the message, the next one for the bounce. */
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .connection = 1, .nth = 1, .say = "550 5.1.1 no" } } }, t->more);
	if (t->aliases != NULL)
		temp_dir_write(&p.dir, "aliases", 0600, t->aliases);
	queue_fixture_put(&p, t->sender != NULL ? t->sender : me,
	    LIST("b@example.net"));
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_string_equal(queued(&p), "");
	if (t->to == NULL) {
		assert_string_equal(failed_ones(&p), "-b@example.net");
		assert_int_equal(mock_smtp_messages(p.host), 0);
	} else {
		assert_string_equal(failed_ones(&p), "");
		assert_true(mock_smtp_wait_messages(p.host, 1));
		m = mock_smtp_message(p.host, 0);
		assert_string_equal(m->reverse_path, "");
		assert_int_equal(m->n_rcpt, 1);
		assert_string_equal(m->rcpt[0].path, t->to);
		assert_non_null(strstr(m->data.data, t->words));
	}
	queue_fixture_close(&p);
}

#define BOUNCE(sentence, ...) { sentence, bounce_goes_to, NULL, NULL, \
	&(struct bounce_case){ __VA_ARGS__ } }

/* The text of an edited entry must never become a command. */
static void
adds_no_command(void **state)
{
	struct queue_fixture	p;

	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	queue_fixture_put(&p, me, LIST("b@example.net"));
	change_entries(&p, *state);
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_string_equal(queued(&p), "");
	assert_int_equal(temp_dir_count(temp_dir_path(&p.dir, "spool/failed")),
	    1);
	assert_int_equal(mock_smtp_connections(p.host), 0);
	queue_fixture_close(&p);
}

/* The new text must be as long as the old one, or the entry is invalid. */
#define EDITED(sentence, edit) { sentence, adds_no_command, NULL, NULL, \
	(void *)(uintptr_t)edit }

static void
an_edited_message_does_not_end_early(void **state)
{
	struct queue_fixture		 p;
	struct program_result		 o;
	const struct heard_message	*m;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .keywords = "PIPELINING" },
	    NULL);
	relais_run(&o, p.conf, WORDS("-odq", "-i", "b@example.net"),
	    "Subject: x\n\naQQQQQRSET\n");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	change_entries(&p, "sed -i 's/aQQQQQ/a\\r\\n.\\r\\n/'");
	queue_fixture_run(&p, "-q", 0);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	m = mock_smtp_message(p.host, 0);
	assert_non_null(strstr(m->data.data, "\r\n\r\na\r\n.\r\nRSET\r\n"));
	queue_fixture_close(&p);
}

/* Without a line end before it, the final dot would be a part of the text. */
static void
an_edited_message_without_a_last_line_end_ends(void **state)
{
	struct queue_fixture		 p;
	const struct heard_message	*m;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .keywords = "PIPELINING" },
	    "timeout = 5s\n");
	queue_fixture_put(&p, me, LIST("b@example.net"));
	change_entries(&p, "sed -zi 's/\\r\\n$/XX/'");
	queue_fixture_run(&p, "-q", 0);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	m = mock_smtp_message(p.host, 0);
	assert_non_null(strstr(m->data.data, "XX\r\n"));
	queue_fixture_close(&p);
}

/* Root runs the queue with the messages of all users. */
static void
a_bounce_uses_the_from_key_of_the_section_of_the_user(void **state)
{
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .match = "b@", .say = "550 5.1.1 who is that?" } } },
	    "from = from@example.org\n[user Q*]\nfrom = web@example.org\n");
	queue_fixture_put_one(&p, me, LIST("b@example.net"));
	change_entries(&p, "sed -i 's/^\\(user [0-9]* \\)./\\1Q/'");
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	assert_non_null(strstr(mock_smtp_message(p.host, 0)->data.data,
	    "From: Mail Delivery System <web@example.org>\r\n"));
	queue_fixture_close(&p);
}

static void
a_clock_that_was_set_back_does_not_delay_messages(void **state)
{
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	queue_fixture_put(&p, me, LIST("a@example.net"));
	change_entries(&p, "touch -t 209901010000");
	queue_fixture_run(&p, "-q", 0);
	assert_string_equal(queued(&p), "");
	assert_true(mock_smtp_wait_messages(p.host, 1));
	queue_fixture_close(&p);
}

/* One message that is refused permanently in a queue run. */
struct ending_case {
	const char	*sender;
	const char	*option[2];
	struct step	 step;
	size_t		 messages;	/* notices that arrived */
	const char	*failed;
	const char	*words;		/* in the notice */
};

static void
ends(void **state)
{
	const struct ending_case	*t = *state;
	struct script			 script = { 0 };
	struct queue_fixture		 p;
	struct program_result		 o;

	script.steps[0] = t->step;
	queue_fixture_open(&p, &script, NULL);
	relais_run(&o, p.conf, WORDS("-odq", "-i", "-f", t->sender,
	    t->option[0] != NULL ? t->option[0] : "-i",
	    t->option[1] != NULL ? t->option[1] : "-i", "b@example.net"),
	    "Subject: x\n\nthe body\n");
	assert_string_equal(o.err.data, "");
	program_result_free(&o);
	queue_fixture_run(&p, "-q", QUEUE_FIXTURE_ANY);
	assert_string_equal(queued(&p), "");
	assert_string_equal(failed_ones(&p), t->failed);
	assert_true(mock_smtp_wait_messages(p.host, t->messages));
	assert_int_equal(mock_smtp_messages(p.host), t->messages);
	if (t->words != NULL)
		assert_non_null(strstr(mock_smtp_message(p.host,
		    t->messages - 1)->data.data, t->words));
	queue_fixture_close(&p);
}

#define ENDS(sentence, ...) { sentence, ends, NULL, NULL, \
	&(struct ending_case){ __VA_ARGS__ } }

#define NO_B { .at = ON_RCPT, .match = "b@", .say = "550 5.1.1 no" }

struct lifetime_case {
	const char	*more;		/* lines of relais.conf, or NULL */
	const char	*reason;	/* in the bounce */
};

static void
is_given_up(void **state)
{
	const struct lifetime_case	*c = *state;
	struct queue_fixture		 p;
	const char			*bounce;

	queue_fixture_open(&p, &(struct script){ .steps = { {
	    .at = ON_RCPT, .match = "b@",
	    .say = "450 4.2.1 mailbox busy" } } }, c->more);
	queue_fixture_put(&p, me, LIST("b@example.net"));
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_string_equal(queued(&p), "?b@example.net");
	queue_fixture_rewrite(&p, "arrived ", '1');
	queue_fixture_rewrite(&p, "state ready ", '9');
	queue_fixture_run(&p, "-qf", EX_TEMPFAIL);
	assert_string_equal(queued(&p), "");
	assert_true(mock_smtp_wait_messages(p.host, 1));
	bounce = mock_smtp_message(p.host, 0)->data.data;
	assert_non_null(strstr(bounce, c->reason));
	assert_non_null(strstr(bounce, "Status: 4.4.7\r\n"
	    "Remote-MTA: dns; [127.0.0.1]\r\n"
	    "Diagnostic-Code: smtp; 450 4.2.1 mailbox busy\r\n"
	    "Last-Attempt-Date: "));
	queue_fixture_close(&p);
}

#define GIVEN_UP(sentence, ...) { sentence, is_given_up, NULL, NULL, \
	&(struct lifetime_case){ __VA_ARGS__ } }

/* A message to b@example.net with -N, and the notices about it. */
struct notice_case {
	const char	*sender;	/* NULL: me@example.org */
	const char	*notify;	/* -N */
	const char	*option;	/* "-odq": only by queue runs; or NULL */
	bool		 dsn;		/* the smarthost offers it */
	const char	*busy;		/* the first reply to RCPT, or NULL */
	size_t		 hours;		/* between the first attempt and the
					 * queue runs */
	size_t		 notices;
	const char	*words[6];	/* in each notice */
};

/* Makes the entries so many hours older. */
static void
age_entries(struct queue_fixture *p, size_t hours)
{
	char	command[120];

	snprintf(command, sizeof(command), "sed -i 's/^arrived .*/arrived "
	    "%lld/'", ((long long)time(NULL) - (long long)hours * 3600) *
	    1000000);
	change_entries(p, command);
}

static void
is_notified(void **state)
{
	const struct notice_case	*t = *state;
	const char			*sender = t->sender != NULL ?
					    t->sender : me;
	struct script			 script = {
		.keywords = t->dsn ? "PIPELINING\nDSN" : "PIPELINING",
	};
	struct queue_fixture		 p;
	struct program_result		 o;
	size_t				 n = 0;

	if (t->busy != NULL)
		script.steps[0] = (struct step){ .at = ON_RCPT, .match = "b@",
		    .say = t->busy };
	queue_fixture_open(&p, &script, NULL);
	relais_run(&o, p.conf, WORDS("-i", "-f", sender, "-N", t->notify,
	    "-V", "QQ314159", t->option != NULL ? t->option : "-i",
	    "b@example.net"), "Subject: x\n\nthe body\n");
	assert_int_equal(o.status, 0);
	assert_string_equal(o.err.data, "");
	program_result_free(&o);
	if (t->hours > 0)
		age_entries(&p, t->hours);
	/* The second and third one must not repeat a notice. */
	for (int i = 0; i < 3; i++) {
		relais_run(&o, p.conf, WORDS("-q"), NULL);
		program_result_free(&o);
	}
	assert_string_equal(failed_ones(&p), "");
	for (size_t i = 0; i < mock_smtp_messages(p.host); i++) {
		const struct heard_message	*m =
					    mock_smtp_message(p.host, i);

		if (strstr(m->data.data, "delivery-status") == NULL)
			continue;
		n++;
		assert_string_equal(m->reverse_path, "");
		assert_string_equal(m->rcpt[0].path, me);
		for (size_t j = 0; j < 6 && t->words[j] != NULL; j++)
			if (strstr(m->data.data, t->words[j]) == NULL)
				fail_msg("no \"%s\" in %s", t->words[j],
				    m->data.data);
		assert_null(strstr(m->data.data, "the body"));
	}
	assert_int_equal(n, t->notices);
	queue_fixture_close(&p);
}

#define NOTIFIED(sentence, ...) { sentence, is_notified, NULL, NULL, \
	&(struct notice_case){ __VA_ARGS__ } }

/* Without a clock battery, the arrival may seem years old or in the future. */
static void
a_wrong_clock_on_arrival_gives_up_nothing_at_once(void **state)
{
	char			arrived_digit = *(const char *)*state;
	struct queue_fixture	p;

	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .match = "b@", .say = "450 4.2.1 mailbox busy" } } }, NULL);
	queue_fixture_put(&p, me, LIST("b@example.net"));
	queue_fixture_rewrite(&p, "arrived ", arrived_digit);
	for (int i = 1; i < 5; i++) {
		queue_fixture_run(&p, "-qf", EX_TEMPFAIL);
		assert_string_equal(queued(&p), "?b@example.net");
	}
	queue_fixture_run(&p, "-qf", EX_TEMPFAIL);
	assert_string_equal(queued(&p), arrived_digit == '1' ? "" :
	    "?b@example.net");
	queue_fixture_close(&p);
}

/* The outage may last longer than queue_lifetime. */
static void
a_message_without_an_attempt_is_not_given_up(void **state)
{
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .refusing = true }, NULL);
	queue_fixture_put(&p, me, LIST("b@example.net"));
	queue_fixture_rewrite(&p, "arrived ", '1');
	for (int i = 0; i < 6; i++)
		queue_fixture_run(&p, "-qf", EX_TEMPFAIL);
	assert_string_equal(queued(&p), "?b@example.net");
	queue_fixture_change(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .match = "b@", .say = "450 4.2.1 mailbox busy" } } }, NULL);
	queue_fixture_run(&p, "-qf", EX_TEMPFAIL);
	assert_string_equal(queued(&p), "?b@example.net");
	/* A message that a server has deferred until it is given up. */
	queue_fixture_rewrite(&p, "state ready ", '4');
	queue_fixture_change(&p, &(struct script){ .refusing = true }, NULL);
	queue_fixture_run(&p, "-qf", EX_TEMPFAIL);
	assert_string_equal(queued(&p), "?me@example.org");
	queue_fixture_close(&p);
}

/* The text and encoding of a bounce if no server has replied. */
static void
a_bounce_shows_a_non_ascii_address_unchanged(void **state)
{
	static const char	address[] = "b\xc3\xb6@example.net";
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .refusing = true }, NULL);
	queue_fixture_put(&p, me, LIST(address));
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	queue_fixture_rewrite(&p, "arrived ", '1');
	queue_fixture_rewrite(&p, "state ready ", '9');
	queue_fixture_run(&p, "-qf", EX_TEMPFAIL);
	queue_fixture_change(&p, &(struct script){ 0 }, NULL);
	queue_fixture_run(&p, "-qf", 0);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	assert_non_null(strstr(mock_smtp_message(p.host, 0)->data.data,
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: 8bit\r\n"));
	assert_non_null(strstr(mock_smtp_message(p.host, 0)->data.data,
	    "Status: 4.4.7\r\n"));
	queue_fixture_close(&p);
	queue_fixture_open(&p, &(struct script){ .keywords = "8BITMIME" },
	    NULL);
	queue_fixture_put(&p, me, LIST(address));
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	assert_non_null(strstr(mock_smtp_message(p.host, 0)->data.data,
	    "Final-Recipient: utf-8;b\\x{F6}@example.net\r\n"
	    "Action: failed\r\nStatus: 5.6.7\r\n"));
	queue_fixture_close(&p);
}

/* Mistakes of the administrator delay mail, but do not lose it. */
static void
a_wrong_password_does_not_cause_bounces(void **state)
{
	struct queue_fixture		 p;
	struct usual_certificates	 u;
	struct temp_dir			 dir;
	char				 more[600];

	(void)state;
	temp_dir_make(&dir);
	certificate_usual(&u, &dir);
	snprintf(more, sizeof(more), "tls_ca = %s\ntls = required\n"
	    "user = nina\npassword = wrong\n", u.ca);
	queue_fixture_open(&p, &(struct script){ .security = STARTTLS_OFFERED,
	    .certificate = u.chain, .key = u.key, .user = "nina",
	    .password = "right", .auth_required = true }, more);
	queue_fixture_put(&p, me, LIST("a@example.net", "b@example.net"));
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_string_equal(queued(&p), "?a@example.net\n?b@example.net");
	/* One attempt for both messages: providers count failed logins. */
	assert_int_equal(mock_smtp_connections(p.host), 1);
	queue_fixture_close(&p);
	temp_dir_remove(&dir);
}

static void
a_lost_reply_is_waited_out(void **state)
{
	const char		*argument = *state;
	struct queue_fixture	p;
	struct spool		spool;
	struct spool_list	list;
	struct failure		why;

	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_BODY,
	    .say = "", .then = THEN_CLOSE } } }, NULL);
	queue_fixture_put(&p, me, LIST("a@example.net"));
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_true(spool_open(&spool, p.spool, &(struct spool_options){
	    false, 0 }, &why));
	assert_true(spool_list(&list, &spool, SPOOL_QUEUE, &why));
	assert_int_equal(list.n, 1);
	assert_true(list.item[0].next > time(NULL) + 3500);
	spool_list_free(&list);
	spool_close(&spool);
	queue_fixture_change(&p, &(struct script){ 0 }, NULL);
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	queue_fixture_run(&p, "-qRexample", EX_TEMPFAIL);
	follow_schedule(&p);
	assert_int_equal(mock_smtp_connections(p.host), 0);
	assert_string_equal(queued(&p), "?a@example.net");
	queue_fixture_run(&p, argument, 0);
	assert_string_equal(queued(&p), "");
	assert_true(mock_smtp_wait_messages(p.host, 1));
	queue_fixture_close(&p);
}

/* Files that a user with write access to the spool could create. */
static void
a_file_that_is_not_an_entry_does_not_stop_the_queue_run(void **state)
{
	struct queue_fixture	p;
	char			path[8][300];
	char			name[256];

	(void)state;
	memset(name, 'n', 255);
	name[255] = '\0';
	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	queue_fixture_put(&p, me, LIST("a@example.net"));
	for (int i = 0; i < 8; i++)
		snprintf(path[i], sizeof(path[i]), "%s/queue/00000000000000%d",
		    p.spool, i);
	temp_dir_write(&p.dir, "victim", 0600, "secret\n");
	assert_int_equal(symlink("/etc/passwd", path[0]), 0);
	assert_int_equal(link(temp_dir_path(&p.dir, "victim"), path[1]), 0);
	assert_int_equal(mkfifo(path[2], 0600), 0);
	assert_int_equal(mkdir(path[3], 0700), 0);
	temp_dir_write(&p.dir, "spool/queue/000000000000004", 0600,
	    "relais-queue 1\nmessage 00");
	temp_dir_write(&p.dir, "spool/queue/000000000000005", 0600, "\033[2J");
	temp_dir_write(&p.dir, "spool/queue/000000000000006", 0600, "");
	assert_int_equal(truncate(path[6], 1LL << 40), 0);
	snprintf(path[7], sizeof(path[7]), "spool/queue/%s", name);
	temp_dir_write(&p.dir, path[7], 0600, "x");
	queue_fixture_put(&p, me, LIST("b@example.net"));
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_string_equal(queued(&p), "");
	assert_true(mock_smtp_wait_messages(p.host, 2));
	assert_int_equal(mock_smtp_messages(p.host), 2);
	queue_fixture_close(&p);
}

/* A directory and a file; a timer keeps what is printed. */
static void
a_queue_run_reports_invalid_files(void **state)
{
	static const char *const	log[] = { "off", "off", "stderr" };
	struct queue_fixture		p;
	struct program_result		o;

	(void)state;
	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	for (int i = 0; i < 3; i++) {
		char	key[16], name[40];

		snprintf(key, sizeof(key), "log=%s", log[i]);
		queue_fixture_put(&p, me, LIST("a@example.net"));
		snprintf(name, sizeof(name), "spool/queue/00000000000000%d",
		    i);
		temp_dir_write(&p.dir, name, 0600, "x\n");
		snprintf(name, sizeof(name), "spool/queue/00000000000001%d",
		    i);
		if (i > 0)
			assert_int_equal(mkdir(temp_dir_path(&p.dir, name),
			    0700), 0);
		relais_run(&o, p.conf, WORDS("-o", key, "queue", "run"), "");
		assert_int_equal(o.status, 0);
		if (i == 0)
			assert_string_equal(o.err.data, "relais: 1 invalid "
			    "file was moved from the queue to failed; for the "
			    "reason, run relais queue list --failed\n");
		else if (i == 1)
			assert_string_equal(o.err.data, "relais: 2 invalid "
			    "files were moved from the queue to failed; for "
			    "the reasons, run relais queue list --failed\n");
		else
			assert_null(strstr(o.err.data, "invalid files"));
		program_result_free(&o);
	}
	relais_run(&o, p.conf, WORDS("queue", "list", "--failed"), "");
	assert_non_null(strstr(o.out.data, "is not a queued message"));
	assert_non_null(strstr(o.out.data, "not a regular file"));
	program_result_free(&o);
	assert_true(mock_smtp_wait_messages(p.host, 3));
	queue_fixture_close(&p);
}

static void
an_entry_that_kills_its_worker_does_not_stop_the_queue_run(void **state)
{
	struct queue_fixture	 p;
	struct running		*r;
	struct program_result	 o;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .match = "a@", .say = "450 4.2.1 busy" } } }, NULL);
	queue_fixture_put(&p, me, LIST("a@example.net"));
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	queue_fixture_change(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .match = "a@", .then = THEN_HANG, .say = "" } } }, NULL);
	queue_fixture_put(&p, me, LIST("b@example.net", "c@example.net"));
	r = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", p.conf, "-q") });
	assert_true(mock_smtp_wait_commands(p.host, ON_RCPT, 1));
	assert_int_equal(kill(child_of(program_pid(r)), SIGKILL), 0);
	program_stop(r, 0, &o);
	assert_int_equal(o.status, EX_TEMPFAIL);
	program_result_free(&o);
	assert_string_equal(queued(&p), "?a@example.net");
	assert_true(mock_smtp_wait_messages(p.host, 2));
	/*
	 * The server may have accepted it, so neither command tries it for an
	 * hour.
	 */
	follow_schedule(&p);
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_int_equal(mock_smtp_connections(p.host), 2);
	relais_run(&o, p.conf, WORDS("queue", "list"), "");
	assert_non_null(strstr(o.out.data, "was ended by signal 9)\n"));
	assert_non_null(strstr(o.out.data, "450 4.2.1 busy)\n"));
	program_result_free(&o);
	queue_fixture_close(&p);
}

/* It would kill a worker once an hour, for ever. */
static void
an_old_entry_that_kills_its_worker_is_given_up(void **state)
{
	struct queue_fixture	 p;
	struct running		*r;
	struct program_result	 o;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .match = "a@", .then = THEN_HANG, .say = "" } } }, NULL);
	queue_fixture_put(&p, me, LIST("a@example.net", "b@example.net"));
	queue_fixture_rewrite(&p, "arrived ", '1');
	queue_fixture_rewrite(&p, "state ready ", '9');
	r = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", p.conf, "-q") });
	assert_true(mock_smtp_wait_commands(p.host, ON_RCPT, 1));
	assert_int_equal(kill(child_of(program_pid(r)), SIGKILL), 0);
	program_stop(r, 0, &o);
	assert_int_equal(o.status, EX_TEMPFAIL);
	assert_non_null(strstr(o.err.data, "1 given up"));
	program_result_free(&o);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	assert_string_equal(queued(&p), "");
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_FAILED),
	    "?a@example.net");
	relais_run(&o, p.conf, WORDS("queue", "list", "--failed"), "");
	assert_non_null(strstr(o.out.data, "was ended by signal 9; no bounce "
	    "was sent: the message may be the cause"));
	program_result_free(&o);
	queue_fixture_close(&p);
}

/* The message in hand is sent and recorded. */
static void
a_worker_ends_after_its_queue_run_was_killed(void **state)
{
	struct queue_fixture	 p;
	struct running		*r;
	struct program_result	 o;
	struct pollfd		 end = { .events = POLLIN };

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = {
	    { .at = ON_RCPT, .match = "a@", .hold = true } } }, NULL);
	queue_fixture_put(&p, me, LIST("a@example.net", "b@example.net",
	    "c@example.net"));
	r = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", p.conf, "-q") });
	assert_true(mock_smtp_wait_commands(p.host, ON_RCPT, 1));
	end.fd = pidfd_open(program_pid(r), 0);
	assert_int_equal(kill(program_pid(r), SIGKILL), 0);
	assert_int_equal(poll(&end, 1, -1), 1);
	close(end.fd);
	mock_smtp_release(p.host);
	program_stop(r, 0, &o);
	assert_int_equal(o.signal, SIGKILL);
	program_result_free(&o);
	assert_true(mock_smtp_wait_closed(p.host, 1));
	assert_int_equal(mock_smtp_messages(p.host), 1);
	queue_fixture_run(&p, "-q", 0);
	assert_true(mock_smtp_wait_messages(p.host, 3));
	assert_int_equal(mock_smtp_messages(p.host), 3);
	queue_fixture_close(&p);
}

/* A signal that arrives during the first of two messages. */
struct signal_case {
	int	 sig;
	bool	 ignored;		/* as nohup(1) does it */
};

static void
dispose(void *ctx)
{
	const struct signal_case	*t = ctx;
	sigset_t			 none;

	signal(t->sig, t->ignored ? SIG_IGN : SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Like a terminal, which signals the whole process group. */
static void
no_signal_sends_a_message_twice(void **state)
{
	struct signal_case	*t = *state;
	struct queue_fixture	 p;
	struct running		*r;
	struct program_result	 o;
	pid_t			 worker;

	queue_fixture_open(&p, &(struct script){ .keywords = "PIPELINING",
	    .steps = { { .at = ON_BODY, .nth = 1, .connection = 1,
	    .hold = true } } }, NULL);
	queue_fixture_put(&p, me, LIST("a@example.net", "b@example.net"));
	r = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", p.conf, "-q"), .prepare = dispose,
	    .ctx = t });
	assert_true(mock_smtp_wait_commands(p.host, ON_DATA, 1));
	worker = child_of(program_pid(r));
	assert_int_equal(kill(program_pid(r), t->sig), 0);
	assert_int_equal(kill(worker, t->sig), 0);
	mock_smtp_release(p.host);
	program_stop(r, 0, &o);
	assert_int_equal(o.signal, t->ignored ? 0 : t->sig);
	program_result_free(&o);
	/* The worker may take another entry before the signal arrives. */
	if (t->ignored || strcmp(queued(&p), "?b@example.net") != 0)
		assert_string_equal(queued(&p), "");
	queue_fixture_run(&p, "-q", 0);
	assert_true(mock_smtp_wait_messages(p.host, 2));
	assert_int_equal(mock_smtp_messages(p.host), 2);
	queue_fixture_close(&p);
}

#define SIGNAL(sentence, ...) { sentence, no_signal_sends_a_message_twice, \
	NULL, NULL, &(struct signal_case){ .sig = __VA_ARGS__ } }

/* The smarthost is silent.  The message to it is not sent again at once. */
static void
a_second_signal_ends_a_queue_run_at_once(void **state)
{
	struct signal_case	 t = { .sig = SIGINT };
	struct queue_fixture	 p;
	struct running		*r;
	struct program_result	 o;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .keywords = "PIPELINING",
	    .steps = { { .at = ON_BODY, .connection = 1, .hold = true } } },
	    NULL);
	queue_fixture_put(&p, me, LIST("a@example.net", "b@example.net"));
	r = program_start(&(struct program){ .path = BUILD "/relais",
	    .argv = WORDS("relais", "-C", p.conf, "-q"), .prepare = dispose,
	    .ctx = &t });
	assert_true(mock_smtp_wait_commands(p.host, ON_DATA, 1));
	assert_int_equal(kill(program_pid(r), SIGTERM), 0);
	assert_int_equal(kill(program_pid(r), SIGINT), 0);
	program_stop(r, 0, &o);
	assert_int_not_equal(o.signal, 0);
	program_result_free(&o);
	assert_string_equal(queued(&p), "?a@example.net\n?b@example.net");
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_string_equal(queued(&p), "?a@example.net");
	assert_true(mock_smtp_wait_messages(p.host, 1));
	queue_fixture_close(&p);
}

static void
end_stderr_at_a_terminal(void *ctx)
{
	dup2(*(int *)ctx, STDERR_FILENO);
}

static void
progress_is_shown_on_a_terminal(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;
	char			seen[400] = "";
	int			ours = posix_openpt(O_RDWR | O_NOCTTY);
	int			theirs;

	(void)state;
	assert_int_equal(grantpt(ours) | unlockpt(ours), 0);
	theirs = open(ptsname(ours), O_RDWR | O_NOCTTY);
	assert_true(theirs >= 0);
	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	queue_fixture_put(&p, me, LIST("a@example.net", "b@example.net"));
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", p.conf, "queue", "flush"),
	    .prepare = end_stderr_at_a_terminal, .ctx = &theirs });
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	assert_true(read(ours, seen, sizeof(seen) - 1) > 0);
	assert_non_null(strstr(seen, "\r2 of 2, 2 sent, "));
	close(ours);
	close(theirs);
	queue_fixture_close(&p);
}

static void
a_service_runs_the_queue_until_a_signal_ends_it(void **state)
{
	struct queue_fixture	 p;
	struct running		*r;
	struct program_result	 o;
	char			 socket[100];

	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	snprintf(socket, sizeof(socket), "socket=%s/socket", p.dir.path);
	queue_fixture_put(&p, me, LIST("a@example.net"));
	r = program_start(&(struct program){
	    .argv = *state != NULL ?
	    WORDS("relais", "-C", p.conf, "-q15m") :
	    WORDS("relais", "-C", p.conf, "-o", socket, "serve") });
	assert_true(mock_smtp_wait_messages(p.host, 1));
	assert_true(mock_smtp_wait_closed(p.host, 1));
	queue_fixture_put(&p, me, LIST("b@example.net"));
	assert_int_equal(kill(program_pid(r), SIGUSR1), 0);
	assert_true(mock_smtp_wait_messages(p.host, 2));
	program_stop(r, SIGTERM, &o);
	assert_int_equal(o.status, 0);
	assert_string_equal(o.err.data, "");
	program_result_free(&o);
	assert_string_equal(queued(&p), "");
	queue_fixture_close(&p);
}

/* As PHP's mail() would pass it on from additional_params. */
static void
sendmail_refuses_an_interval(void **state)
{
	struct program_result	o;

	(void)state;
	program_run(&o, &(struct program){ .argv = WORDS("sendmail", "-t",
	    "-i", "-q1m"), .input = "To: a@example.net\n\nhi\n" });
	assert_int_equal(o.status, EX_USAGE);
	assert_non_null(strstr(o.err.data, "relais serve"));
	program_result_free(&o);
}

static void
a_service_with_an_interval_ends_with_its_parent(void **state)
{
	struct queue_fixture	 p;
	struct running		*shell;
	struct program_result	 o;
	struct pollfd		 service = { .events = POLLIN };
	bool			 ended;

	(void)state;
	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	queue_fixture_put(&p, me, LIST("a@example.net"));
	shell = program_start(&(struct program){ .path = "/bin/sh",
	    .argv = WORDS("sh", "-c", "\"$0\"/relais -C \"$1\" -q1h & "
	    "echo $!; wait", BUILD, p.conf), .keep_open = true });
	service.fd = pidfd_open(atoi(program_hear(shell)), 0);
	assert_int_not_equal(service.fd, -1);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	program_stop(shell, SIGKILL, &o);
	program_result_free(&o);
	ended = poll(&service, 1, 10000) == 1;
	pidfd_send_signal(service.fd, SIGKILL, NULL, 0);
	close(service.fd);
	assert_true(ended);
	queue_fixture_close(&p);
}

struct argument_case {
	const char	*argument;
	const char	*error;		/* part of it; NULL: accepted */
};

static void
reads_argument(void **state)
{
	const struct argument_case	*c = *state;
	struct queue_fixture		 p;
	struct program_result		 o;

	queue_fixture_open(&p, &(struct script){ 0 }, "queue = off\n");
	relais_run(&o, p.conf, WORDS(c->argument), "");
	assert_int_equal(o.status, c->error == NULL ? EX_OK : EX_USAGE);
	if (c->error == NULL)
		assert_string_equal(o.err.data, "");
	else
		assert_non_null(strstr(o.err.data, c->error));
	program_result_free(&o);
	queue_fixture_close(&p);
}

static void
without_a_queue_no_message_can_be_tried(void **state)
{
	struct queue_fixture	 p;
	struct program_result	 o;

	(void)state;
	queue_fixture_open(&p, &(struct script){ 0 }, "queue = off\n");
	relais_run(&o, p.conf, WORDS("-qI0123456789abcde"), "");
	assert_int_equal(o.status, EX_NOINPUT);
	assert_string_equal(o.err.data, "relais: 0123456789abcde: no such "
	    "message in the queue\n");
	program_result_free(&o);
	queue_fixture_close(&p);
}

#define ACCEPTED(argument) { argument " is accepted", reads_argument, NULL, \
	NULL, &(struct argument_case){ argument, NULL } }
#define REJECTED(argument, error) { argument " is refused", reads_argument, \
	NULL, NULL, &(struct argument_case){ argument, error } }

/* What -q reports about two messages, to a@ and b@. */
struct report_case {
	const char	*sentence;
	const char	*argument;
	int		 status;
	const char	*err;		/* all of stderr up to the last error */
	struct step	 step;
	bool		 refusing;	/* the smarthost cannot be reached */
	const char	*before;	/* "-q", or a command that changes the
					 * entries; or NULL */
	const char	*sender;	/* NULL: me@example.org */
	const char	*after;		/* part of the rest of stderr, or NULL */
};

static void
is_reported(void **state)
{
	const struct report_case	*t = *state;
	struct script			 script = { .refusing = t->refusing };
	struct queue_fixture		 p;
	struct program_result		 o;

	script.steps[0] = t->step;
	queue_fixture_open(&p, &script, NULL);
	queue_fixture_put(&p, t->sender != NULL ? t->sender : me,
	    LIST("a@example.net", "b@example.net"));
	if (t->before != NULL && t->before[0] == '-')
		queue_fixture_run(&p, t->before, EX_TEMPFAIL);
	else if (t->before != NULL)
		change_entries(&p, t->before);
	relais_run(&o, p.conf, WORDS(t->argument), "");
	assert_string_equal(o.out.data, "");
	if (o.status != t->status || strncmp(o.err.data, t->err,
	    strlen(t->err)) != 0)
		fail_msg("exit %d: %s", o.status, o.err.data);
	if (t->status == EX_OK)
		assert_string_equal(o.err.data, "");
	if (t->after != NULL && strstr(o.err.data, t->after) == NULL)
		fail_msg("no \"%s\" in: %s", t->after, o.err.data);
	program_result_free(&o);
	queue_fixture_close(&p);
}

#define HELD	"sed -i 's/^state ready/state held /'"

static const struct report_case reports[] = {
	{ "-q succeeds if all messages were sent", "-q", 0, "", .before = NULL },
	{ "a deferred message is reported with the reply", "-q", EX_TEMPFAIL,
	    "relais: not sent: 1 deferred; last error: 127.0.0.1:",
	    { .at = ON_RCPT, .match = "b@", .say = "450 4.2.1 busy" },
	    .after = " 450 4.2.1 busy; to see each reason, run relais queue "
	    "list\n" },
	{ "an unreachable smarthost is reported", "-qf", EX_TEMPFAIL,
	    "relais: not sent: 2 deferred; last error: 127.0.0.1:",
	    .refusing = true, .after = ": Connection refused" },
	{ "a message that is given up is reported", "-q", EX_TEMPFAIL,
	    "relais: not sent: 1 given up; last error: 127.0.0.1:",
	    { .at = ON_RCPT, .match = "b@", .say = "550 5.1.1 no" },
	    .sender = "", .after = "run relais queue list and relais queue "
	    "list --failed\n" },
	{ "held messages are not to be sent", "-q", 0, "", .before = HELD },
	{ "messages that may have been delivered are reported", "-q",
	    EX_TEMPFAIL, "relais: not sent: 2 possibly delivered already; to "
	    "see each reason, run relais queue list\n",
	    { .at = ON_BODY, .say = "", .then = THEN_CLOSE },
	    .before = "-q" },
	{ "a message with another recipient is not to be sent", "-qRx@", 0,
	    "", .before = NULL },
	{ "a message that is not in the queue cannot be sent",
	    "-qI0123456789abcde", EX_NOINPUT, "relais: 0123456789abcde: no "
	    "such message in the queue\n", .before = NULL },
};

static const struct CMUnitTest flush_spec[] = {
	cmocka_unit_test(after_an_outage_all_is_sent_over_one_connection),
	cmocka_unit_test(a_delivered_recipient_does_not_get_the_message_again),
	cmocka_unit_test(
	    a_delivered_recipient_gets_no_copy_while_another_smarthost_is_down),
	cmocka_unit_test(a_message_is_sent_by_one_worker_only),
	RECORDED("each outcome is recorded with one recipient for each "
	    "transaction",
	    .keywords = "PIPELINING\nLIMITS RCPTMAX=1"),
	RECORDED("each outcome is recorded with two routes",
	    .more = "[to *@other.example]\nhelo = other.example\n"),
	cmocka_unit_test(an_entry_that_cannot_be_written_is_not_sent),
	cmocka_unit_test(a_file_that_cannot_be_examined_is_opened),
	cmocka_unit_test(without_a_worker_nothing_is_sent),
	cmocka_unit_test(two_queue_runs_deliver_each_message_once),
	GOES_ON("after a server closes the session, a new session is opened",
	    .script = { .mail_max = 2 }, .sent = 5, .connections = 3,
	    .left = ""),
	GOES_ON("messages for one domain use one session",
	    .script = { .steps = { { .at = ON_EHLO, .say = "250-x\n"
	    "250 LIMITS RCPTDOMAINMAX=1" } } }, .sent = 5, .connections = 1,
	    .left = ""),
	GOES_ON("after a server closes the session without 421, a new one is "
	    "opened",
	    .script = { .steps = { { .at = ON_BODY, .nth = 2,
	    .then = THEN_CLOSE } } }, .sent = 5, .connections = 3, .left = ""),
	GOES_ON("a message that ends the session does not stop the others",
	    .script = { .steps = { { .at = ON_RCPT, .match = "b@",
	    .say = "421 not for that one", .then = THEN_CLOSE } } },
	    .sent = 4, .connections = 3, .left = "?b@example.net"),
	GOES_ON("a recipient without a reply does not stop the other messages",
	    .script = { .steps = { { .at = ON_RCPT, .match = "b@",
	    .say = "", .then = THEN_HANG } } }, .more = "timeout = 2s\n",
	    .sent = 4, .connections = 3, .left = "?b@example.net"),
	GOES_ON("a server that defers every session is tried once",
	    .script = { .steps = { { .at = ON_GREETING,
	    .say = "421 4.7.0 too many connections", .then = THEN_CLOSE } } },
	    .sent = 0, .connections = 1, .left = ALL_FIVE),
	GOES_ON("after 421 to MAIL, one more message of the sender is tried",
	    .script = { .steps = { { .at = ON_MAIL,
	    .say = "421 4.7.0 too much", .then = THEN_CLOSE } } },
	    .sent = 0, .connections = 2, .left = ALL_FIVE),
	GOES_ON("after 421 to two senders, no more messages are tried",
	    .script = { .steps = { { .at = ON_MAIL,
	    .say = "421 4.7.0 too much", .then = THEN_CLOSE } } },
	    .other = "me@example.org",
	    .sent = 0, .connections = 3, .left = ALL_FIVE),
	GOES_ON("after 421 to one sender, mail of other senders is sent",
	    .script = { .steps = { { .at = ON_MAIL, .match = "<>",
	    .say = "421 4.7.0 not from you", .then = THEN_CLOSE } } },
	    .other = "me@example.org", .sent = 2, .connections = 3,
	    .left = "?a@example.net\n?b@example.net\n?c@example.net"),
	GOES_ON("after 421 to one message, the others are sent",
	    .script = { .steps = { { .at = ON_MAIL, .connection = 1,
	    .say = "421 4.7.0 not now", .then = THEN_CLOSE } } },
	    .sent = 4, .connections = 2, .left = "?a@example.net"),
	GOES_ON("a refused session does not cause bounces",
	    .script = { .steps = { { .at = ON_GREETING,
	    .say = "554 5.7.1 go away", .then = THEN_CLOSE } } },
	    .sent = 0, .connections = 1, .left = ALL_FIVE),
	GOES_ON("a missing login does not cause bounces",
	    .script = { .steps = { { .at = ON_MAIL,
	    .say = "530 5.7.0 log in first" } } },
	    .sent = 0, .connections = 1, .left = ALL_FIVE),
	cmocka_unit_test(q_selects_entries),
	cmocka_unit_test(odb_returns_at_once_and_sends_the_message),
	cmocka_unit_test(a_refusal_is_bounced_to_the_sender),
	cmocka_unit_test(a_bounce_uses_the_from_key),
	cmocka_unit_test(a_bounce_uses_the_from_key_of_the_section_of_the_user),
	BOUNCE("a bounce goes to redirect_all",
	    .more = "redirect_all = dev@example.com\n",
	    .to = "dev@example.com",
	    .words = "\r\nX-Original-To: me@example.org\r\n"),
	BOUNCE("a bounce goes to redirect_all of the failed message's section",
	    .more = "[from me@*]\nredirect_all = dev@example.com\n",
	    .to = "dev@example.com",
	    .words = "\r\nX-Original-To: me@example.org\r\n"),
	BOUNCE("a bounce to a local name goes to root",
	    .more = "from_mode = never\nroot = admin@example.com\n",
	    .sender = "root@localhost", .to = "admin@example.com",
	    .words = "\r\nTo: <admin@example.com>\r\n"),
	BOUNCE("a bounce to a local name goes to its alias",
	    .more = "from_mode = never\nroot = admin@example.com\n",
	    .aliases = "www-data: web@example.com\n",
	    .sender = "www-data@localhost", .to = "web@example.com",
	    .words = "\r\nTo: <web@example.com>\r\n"),
	BOUNCE("a bounce to a local name goes to domain if root is not set",
	    .more = "from_mode = never\ndomain = example.com\n",
	    .sender = "www-data@localhost", .to = "www-data@example.com",
	    .words = "\r\nTo: <www-data@example.com>\r\n"),
	BOUNCE("with root = *@domain, a bounce to a local name goes to the same "
	    "name there",
	    .more = "from_mode = never\nroot = *@example.com\n",
	    .sender = "www-data@localhost", .to = "www-data@example.com",
	    .words = "\r\nTo: <www-data@example.com>\r\n"),
	BOUNCE("a bounce to an unresolvable local name is not sent",
	    .more = "from_mode = never\ndomain = localhost\n",
	    .sender = "root@localhost", .to = NULL),
	EDITED("a sender with CRLF in an edited entry adds no command",
	    "sed -i 's/^from me@example.org/from a%0D%0ARSET%0D/'"),
	EDITED("a recipient with CRLF in an edited entry adds no command",
	    "sed -i 's/^? b@example.net/? b%0D%0ARSET@x/'"),
	cmocka_unit_test(an_edited_message_does_not_end_early),
	cmocka_unit_test(an_edited_message_without_a_last_line_end_ends),
	cmocka_unit_test(a_clock_that_was_set_back_does_not_delay_messages),
	NOTIFIED("-N success: sendmail queues a notice", .notify = "success",
	    .notices = 1, .words = { "\r\nSubject: Mail was relayed\r\n",
	    "Original-Envelope-Id: QQ314159\r\n", "Final-Recipient: "
	    "rfc822;b@example.net\r\nAction: relayed\r\nStatus: 2.0.0\r\n"
	    "Remote-MTA: dns; [127.0.0.1]\r\nDiagnostic-Code: smtp; 250 ",
	    "\r\nSubject: x\r\n" }),
	NOTIFIED("-N success: a queue run sends a notice",
	    .notify = "success,failure", .option = "-odq", .notices = 1,
	    .words = { "Action: relayed\r\n" }),
	NOTIFIED("no notice if the smarthost offers DSN", .notify = "success",
	    .dsn = true),
	NOTIFIED("no notice from the queue if the smarthost offers DSN",
	    .notify = "success", .option = "-odq", .dsn = true),
	NOTIFIED("no notice without -N success", .notify = "failure,delay"),
	NOTIFIED("no notice to the null sender", .sender = "",
	    .notify = "success,delay", .option = "-odq"),
	NOTIFIED("-N delay: one notice after four hours", .notify = "delay",
	    .busy = "450 4.2.1 busy", .hours = 4, .notices = 1,
	    .words = { "\r\nSubject: Mail is delayed\r\n",
	    "\r\n<b@example.net>\r\n    127.0.0.1:", "\r\nFinal-Recipient: "
	    "rfc822;b@example.net\r\nAction: delayed\r\nStatus: 4.2.1\r\n"
	    "Remote-MTA: dns; [127.0.0.1]\r\n"
	    "Diagnostic-Code: smtp; 450 4.2.1 busy\r\nLast-Attempt-Date: ",
	    "\r\nWill-Retry-Until: " }),
	NOTIFIED("-N delay: no notice before four hours", .notify = "delay",
	    .busy = "450 4.2.1 busy", .hours = 3),
	NOTIFIED("no notice of a delay without -N delay",
	    .notify = "success,failure", .busy = "450 4.2.1 busy", .hours = 5),
	ENDS("a bounce goes to the sender", .sender = "me@example.org",
	    .step = NO_B, .messages = 1, .failed = ""),
	ENDS("the null sender gets no bounce", .sender = "", .step = NO_B,
	    .messages = 0, .failed = "-b@example.net"),
	ENDS("a bounce that is refused is kept", .sender = "me@example.org",
	    .step = { .at = ON_RCPT, .say = "550 5.1.1 no" },
	    .messages = 0, .failed = "-me@example.org"),
	ENDS("NOTIFY=NEVER suppresses the bounce",
	    .sender = "me@example.org", .option = { "-N", "never" },
	    .step = NO_B, .messages = 0, .failed = "-b@example.net"),
	ENDS("RET=FULL returns the whole message",
	    .sender = "me@example.org", .option = { "-R", "full" },
	    .step = NO_B, .messages = 1, .failed = "",
	    .words = "message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n"
	    "\r\nSubject: x\r\n"),
	GIVEN_UP("a message is given up after five days by default",
	    NULL, "given up after 120 hours: 127.0.0.1:"),
	GIVEN_UP("a message is given up after an hour",
	    "queue_lifetime = 1h\n", "given up after 1 hour: "),
	GIVEN_UP("a message is given up after 90 minutes",
	    "queue_lifetime = 90m\n", "given up after 90 minutes: "),
	GIVEN_UP("a message is given up after 59 seconds",
	    "queue_lifetime = 59s\n", "given up after 59 seconds: "),
	{ "a message that arrived while the clock was behind is not given up",
	    a_wrong_clock_on_arrival_gives_up_nothing_at_once, NULL, NULL,
	    (void *)(uintptr_t)"1" },
	{ "a message that arrived while the clock was ahead is not given up",
	    a_wrong_clock_on_arrival_gives_up_nothing_at_once, NULL, NULL,
	    (void *)(uintptr_t)"9" },
	cmocka_unit_test(a_message_without_an_attempt_is_not_given_up),
	cmocka_unit_test(a_bounce_shows_a_non_ascii_address_unchanged),
	cmocka_unit_test(a_wrong_password_does_not_cause_bounces),
	{ "an entry in doubt waits an hour, except for -qf",
	    a_lost_reply_is_waited_out, NULL, NULL,
	    (void *)(uintptr_t)"-qf" },
	cmocka_unit_test(
	    a_file_that_is_not_an_entry_does_not_stop_the_queue_run),
	cmocka_unit_test(a_queue_run_reports_invalid_files),
	cmocka_unit_test(
	    an_entry_that_kills_its_worker_does_not_stop_the_queue_run),
	cmocka_unit_test(an_old_entry_that_kills_its_worker_is_given_up),
	cmocka_unit_test(a_worker_ends_after_its_queue_run_was_killed),
	SIGNAL("SIGHUP ends a queue run after the current message", SIGHUP),
	SIGNAL("SIGINT ends a queue run after the current message", SIGINT),
	SIGNAL("SIGQUIT ends a queue run after the current message", SIGQUIT),
	SIGNAL("SIGALRM ends a queue run after the current message", SIGALRM),
	SIGNAL("SIGTERM ends a queue run after the current message", SIGTERM),
	SIGNAL("SIGUSR1 ends a queue run after the current message", SIGUSR1),
	SIGNAL("SIGUSR2 ends a queue run after the current message", SIGUSR2),
	SIGNAL("SIGVTALRM ends a queue run after the current message",
	    SIGVTALRM),
	SIGNAL("an ignored SIGHUP does not end a queue run", SIGHUP,
	    .ignored = true),
	cmocka_unit_test(a_second_signal_ends_a_queue_run_at_once),
	cmocka_unit_test(progress_is_shown_on_a_terminal),
	{ "relais -q15m runs the queue until a signal ends it",
	    a_service_runs_the_queue_until_a_signal_ends_it, NULL, NULL,
	    (void *)(uintptr_t)"-q15m" },
	{ "relais serve runs the queue until a signal ends it",
	    a_service_runs_the_queue_until_a_signal_ends_it, NULL, NULL,
	    NULL },
	cmocka_unit_test(sendmail_refuses_an_interval),
	cmocka_unit_test(a_service_with_an_interval_ends_with_its_parent),
	cmocka_unit_test(without_a_queue_no_message_can_be_tried),
	ACCEPTED("-q"),
	ACCEPTED("-qf"),
	ACCEPTED("-qfoo"),
	ACCEPTED("-qRx"),
	REJECTED("-qR", "-qR requires a part of a recipient's address"),
	REJECTED("-qS", "-qS requires a part of the sender's address"),
	REJECTED("-qI", "-qI requires a queue ID"),
	REJECTED("-qG", "-q: value G is not supported"),
	REJECTED("-q15x", "-q15x: invalid value; valid values are f, Iid, "),
	REJECTED("-q0m", "-q0m: invalid value"),
	REJECTED("-q9999999m", "-q9999999m: invalid value"),
};

int
main(void)
{
	return cmocka_run_group_tests(flush_spec, NULL, NULL) +
	    CASES_RUN("reports", is_reported, reports);
}
