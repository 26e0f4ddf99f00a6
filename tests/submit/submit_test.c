/*
 * submit_open(), submit_message() and submit_close(), with a scripted
 * smarthost and a queue.
 *
 * Each case submits its messages in a child process, because an attempt
 * confines the process to the sandbox and holds signals.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "submit/submit.h"
#include "support/cases.h"
#include "support/mock_smtp.h"
#include "support/temp_dir.h"
#include "util/buffer.h"

enum { PATHS = 3, MESSAGES = 2 };

static const struct identity me = { .host = (char []){ "web1" },
	.domain = (char []){ "example.org" }, .user = (char []){ "www-data" },
	.name = (char []){ "Web" } };

/* One message, with its expected result. */
struct submits_message {
	const char		*from;		/* reverse-path, or NULL */
	const char		*to[PATHS];
	const char		*fields;	/* of the header; NULL: none */
	const char		*full_name;
	bool			 from_header;
	bool			 queue;

	enum outcome_kind	 kind[PATHS];	/* of each forward-path */
	int			 code;		/* of the first outcome; */
	int			 status;	/* or of the failure if nothing
						 * can be sent; 0: any */
	const char		*text;		/* part of the text of either */
	bool			 refused;	/* submit_message() fails */
	bool			 queued;
	bool			 failed;
};

struct submits {
	const char		*sentence;
	enum submit_mode	 mode;
	struct script		 script;
	const char		*conf;		/* or NULL */
	const char		*queue;		/* in a directory of the test;
						 * NULL: spool */
	bool			 each_recipient; /* compare the outcomes of the
						 * given forward-paths */
	bool			 signalled;	/* before the first message */
	bool			 by_worker;	/* options.attempt is set, */
	bool			 busy;		/* and makes no attempt */
	struct submits_message	 message[MESSAGES];

	/* The expected state of the smarthost and the queue. */
	size_t			 connections;
	size_t			 messages;
	size_t			 entries;	/* in queue/ */
	size_t			 entries_failed; /* in failed/ */
	const char		*data;		/* part of the last message */
	const char		*not_data;	/* not in the last message */
};

/* What the child process reports, in shared memory. */
struct report {
	bool		good;
	struct failure	why;
	size_t		n;
	struct outcome	outcomes[PATHS + 1];	/* without their texts */
	char		text[OUTCOME_TEXT_MAX];	/* of the first one */
	bool		queued;
	bool		failed;
};

struct fixture {
	struct temp_dir		 dir;
	struct mock_smtp	*host;
	const char		*conf;
	struct report		*report;	/* of each message */
};

static bool
submit_one(struct submit *submit, const struct submits_message *m,
    struct report *r)
{
	struct envelope		 env = { 0 };
	struct message		 message;
	struct submit_request	 request = {
		.envelope = &env,
		.message = &message,
		.full_name = m->full_name,
		.from_header = m->from_header,
		.queue = m->queue,
	};
	struct submit_result	 result;
	size_t			 given = 0;
	const char		*fields = m->fields != NULL ? m->fields : "";

	if (m->from != NULL)
		envelope_set_reverse(&env, m->from);
	for (; given < PATHS && m->to[given] != NULL; given++)
		envelope_add(&env, m->to[given]);
	message_begin(&message, &submit->limits);
	if (!message_feed(&message, fields, strlen(fields), &r->why) ||
	    !message_feed(&message, "Subject: x\n\nhi\n", 15, &r->why) ||
	    !message_end(&message, &r->why))
		return false;
	r->good = submit_message(submit, &request, &result, &r->why);
	r->n = !r->good ? 0 : submit->options.each_recipient ? given : env.n;
	if (r->n > PATHS + 1)
		return false;
	for (size_t i = 0; i < r->n; i++)
		r->outcomes[i] = submit->options.each_recipient ?
		    *submit_result_for(&result, i) : result.outcomes[i];
	if (r->n > 0)
		strlcpy(r->text, outcome_text(&r->outcomes[0]),
		    sizeof(r->text));
	r->queued = r->good && result.queued[0] != '\0';
	r->failed = r->good && result.failed[0] != '\0';
	submit_result_free(&result);
	envelope_free(&env);
	message_free(&message);
	return true;
}

static bool
attempt_by_worker(void *context, const struct submit_attempt *a,
    struct failure *why)
{
	const struct submits	*c = context;
	const struct envelope	*env = a->envelope;
	struct outcome		*outcomes = a->outcomes;

	if (c->busy)
		return failed(why, EX_TEMPFAIL, "all workers are busy");
	for (size_t i = 0; i < env->n; i++)
		if (outcomes[i].kind == OUTCOME_WAITING)
			outcomes[i].kind = strcmp(env->forward[i].path,
			    "no@x") == 0 ? OUTCOME_FAILED : OUTCOME_DELIVERED;
	return true;
}

/* Returns the exit status of the child process. */
static int
submit_all(const struct submits *c, const struct fixture *s)
{
	struct log		 log = { .target = LOG_TO_NOTHING };
	struct config		 config;
	struct config_source	 source = { .file = s->conf };
	struct interrupt	 interrupt;
	struct submit_options	 options = {
		.mode = c->mode,
		.config = &config,
		.me = &me,
		.uid = (uint32_t)getuid(),
		.log = &log,
		.each_recipient = c->each_recipient,
		.attempt = c->by_worker ? attempt_by_worker : NULL,
		.context = (void *)(uintptr_t)c,
	};
	struct submit		*submit = malloc(sizeof(*submit));
	int			 status = 0;

	if (submit == NULL || !config_load(&config, &source,
	    &s->report[0].why))
		return 2;
	if (c->signalled) {
		interrupt_hold(&interrupt);
		options.interrupt = &interrupt;
		raise(SIGTERM);
	}
	submit_open(submit, &options);
	for (size_t i = 0; i < MESSAGES && c->message[i].to[0] != NULL; i++)
		if (!submit_one(submit, &c->message[i], &s->report[i]))
			status = 3;
	submit_close(submit);
	config_free(&config);
	free(submit);
	return status;
}

static void
fixture_begin(struct fixture *s, const struct submits *c)
{
	struct buffer	conf = { 0 };

	temp_dir_make(&s->dir);
	s->host = mock_smtp_start(&c->script);
	buffer_addf(&conf, "smarthost = smtp://127.0.0.1:%u\naliases = off\n"
	    "timeout = 5s\nqueue = %s\n%s", s->host->port,
	    c->queue == NULL ? temp_dir_path(&s->dir, "spool") :
	    strcmp(c->queue, "off") == 0 ? "off" :
	    temp_dir_path(&s->dir, c->queue), c->conf != NULL ? c->conf : "");
	s->conf = temp_dir_write(&s->dir, "relais.conf", 0600, conf.data);
	s->report = mmap(NULL, MESSAGES * sizeof(*s->report),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(s->report, MAP_FAILED);
	buffer_free(&conf);
}

static void
fixture_end(struct fixture *s)
{
	munmap(s->report, MESSAGES * sizeof(*s->report));
	mock_smtp_stop(s->host);
	temp_dir_remove(&s->dir);
}

static void
assert_report(const struct submits_message *m, const struct report *r)
{
	const char	*text = m->refused ? r->why.text : r->text;
	int		 status = m->refused ? r->why.status :
			    r->outcomes[0].status;

	if (r->good == m->refused)
		fail_msg("%s", r->good ? "the message was not refused" :
		    r->why.text);
	for (size_t i = 0; i < r->n; i++)
		if (r->outcomes[i].kind != m->kind[i])
			fail_msg("outcome %zu is %d: %s", i,
			    r->outcomes[i].kind, i == 0 ? r->text : "");
	assert_int_equal(r->outcomes[0].code, m->code);
	if (m->status != 0)
		assert_int_equal(status, m->status);
	if (m->text != NULL && strstr(text, m->text) == NULL)
		fail_msg("no \"%s\" in: %s", m->text, text);
	assert_int_equal(r->queued, m->queued);
	assert_int_equal(r->failed, m->failed);
}

/* The transcripts in failed/ begin with a dot and are not entries. */
static size_t
count_entries(struct fixture *s, const char *directory)
{
	glob_t	found = { 0 };
	size_t	n = 0;
	char	path[200];

	snprintf(path, sizeof(path), "%s/*", temp_dir_path(&s->dir,
	    directory));
	if (glob(path, 0, NULL, &found) == 0)
		n = found.gl_pathc;
	globfree(&found);
	return n;
}

static void
submits(void **state)
{
	const struct submits		*c = *state;
	const struct heard_message	*last;
	struct fixture			 s;
	pid_t				 pid;
	int				 status;

	fixture_begin(&s, c);
	if ((pid = fork()) == 0)
		_exit(submit_all(c, &s));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("status %d: %s", status, s.report[0].why.text);
	for (size_t i = 0; i < MESSAGES && c->message[i].to[0] != NULL; i++)
		assert_report(&c->message[i], &s.report[i]);
	assert_true(mock_smtp_wait_connections(s.host, c->connections));
	assert_true(mock_smtp_wait_messages(s.host, c->messages));
	assert_int_equal(mock_smtp_connections(s.host), c->connections);
	assert_int_equal(mock_smtp_messages(s.host), c->messages);
	assert_int_equal(count_entries(&s, "spool/queue"), c->entries);
	assert_int_equal(count_entries(&s, "spool/failed"),
	    c->entries_failed);
	if (c->data != NULL) {
		last = mock_smtp_message(s.host, c->messages - 1);
		if (strstr(last->data.data, c->data) == NULL)
			fail_msg("no \"%s\" in:\n%s", c->data,
			    last->data.data);
		if (c->not_data != NULL)
			assert_null(strstr(last->data.data, c->not_data));
	}
	fixture_end(&s);
}

#define AT(...)	{ .steps = { { __VA_ARGS__ } } }

static const struct submits now_table[] = {
	{ "a message that the smarthost accepts is delivered",
	    .message = { { .from = "a@example.org", .to = { "b@x" },
		.kind = { OUTCOME_DELIVERED }, .code = 250 } },
	    .connections = 1, .messages = 1, .data = "Subject: x" },
	{ "a deferred message is committed to the queue",
	    .script = AT(ON_MAIL, .say = "451 4.3.0 busy"),
	    .message = { { .to = { "b@x" },
		.kind = { OUTCOME_DEFERRED }, .code = 451,
		.status = EX_TEMPFAIL, .text = "451 4.3.0 busy",
		.queued = true } },
	    .connections = 1, .entries = 1 },
	{ "a refused message is kept in failed/",
	    .script = AT(ON_RCPT, .say = "550 5.1.1 unknown"),
	    .message = { { .to = { "b@x" },
		.kind = { OUTCOME_FAILED }, .code = 550, .status = EX_NOUSER,
		.text = "550 5.1.1 unknown", .failed = true } },
	    .connections = 1, .entries_failed = 1 },
	{ "each forward-path has its own outcome",
	    .script = { .steps = {
		{ .at = ON_RCPT, .match = "busy@", .say = "450 4.2.1 busy" },
		{ .at = ON_RCPT, .match = "no@", .say = "550 5.1.1 no" } } },
	    .message = { { .to = { "b@x", "busy@x", "no@x" },
		.kind = { OUTCOME_DELIVERED, OUTCOME_DEFERRED,
		    OUTCOME_FAILED }, .code = 250,
		.queued = true, .failed = true } },
	    .connections = 1, .messages = 1, .entries = 1,
	    .entries_failed = 1 },
	{ "an unresolvable local name does not delay the other recipients",
	    .message = { { .to = { "joe", "b@x" },
		.kind = { OUTCOME_FAILED, OUTCOME_DELIVERED },
		.status = EX_NOUSER,
		.text = "no address for the local name joe",
		.failed = true } },
	    .connections = 1, .messages = 1, .entries_failed = 1 },
	{ "if every local name is unresolvable, the smarthost is not contacted",
	    .message = { { .to = { "joe" }, .refused = true,
		.status = EX_NOUSER,
		.text = "no address for the local name joe" } } },
	{ "if no smarthost can be reached, the message is queued",
	    .script = { .refusing = true },
	    .message = { { .to = { "b@x" }, .kind = { OUTCOME_DEFERRED },
		.text = "Connection refused", .queued = true } },
	    .entries = 1 },
	{ "without a queue, the caller keeps a deferred message",
	    .script = AT(ON_MAIL, .say = "451 4.3.0 busy"), .queue = "off",
	    .message = { { .to = { "b@x" },
		.kind = { OUTCOME_DEFERRED }, .code = 451,
		.status = EX_TEMPFAIL, .text = "451 4.3.0 busy" } },
	    .connections = 1 },
	{ "if the queue cannot be used, the outcome has both reasons",
	    .script = AT(ON_MAIL, .say = "451 4.3.0 busy"),
	    .queue = "relais.conf",
	    .message = { { .to = { "b@x" },
		.kind = { OUTCOME_DEFERRED }, .code = 451,
		.status = EX_CANTCREAT, .text = "busy; not queued: " } },
	    .connections = 1 },
	{ "if the queue cannot be used, mail is still delivered",
	    .queue = "relais.conf",
	    .message = { { .to = { "b@x" },
		.kind = { OUTCOME_DELIVERED }, .code = 250 } },
	    .connections = 1, .messages = 1 },
	{ "messages of one run share a session with the smarthost",
	    .message = {
		{ .to = { "b@x" }, .kind = { OUTCOME_DELIVERED }, .code = 250 },
		{ .to = { "c@x" }, .kind = { OUTCOME_DELIVERED },
		    .code = 250 } },
	    .connections = 1, .messages = 2 },
	{ "after a message that is refused, the next one is sent",
	    .message = {
		{ .to = { "joe" }, .refused = true, .status = EX_NOUSER },
		{ .to = { "c@x" }, .kind = { OUTCOME_DELIVERED },
		    .code = 250 } },
	    .connections = 1, .messages = 1 },
	{ "the full name and -t apply to one message of a run",
	    .message = {
		{ .to = { "b@x" }, .fields = "To: c@x\n", .from_header = true,
		    .full_name = "Shop",
		    .kind = { OUTCOME_DELIVERED, OUTCOME_DELIVERED },
		    .code = 250 },
		{ .to = { "b@x" }, .fields = "To: c@x\n",
		    .kind = { OUTCOME_DELIVERED }, .code = 250 } },
	    .connections = 1, .messages = 2, .data = "From: Web <",
	    .not_data = "Shop" },
	{ "the outcome of a repeated forward-path is reported twice",
	    .each_recipient = true,
	    .message = { { .to = { "b@x", "joe", "b@x" },
		.kind = { OUTCOME_DELIVERED, OUTCOME_FAILED,
		    OUTCOME_DELIVERED }, .code = 250, .failed = true } },
	    .connections = 1, .messages = 1, .entries_failed = 1 },
	{ "if a signal ends the attempt, the message is queued",
	    .script = AT(ON_GREETING, .hold = true), .signalled = true,
	    .message = { { .to = { "b@x" }, .kind = { OUTCOME_DEFERRED },
		.text = "signal 15", .queued = true } },
	    .connections = 1, .entries = 1 },
};

static const struct submits queue_table[] = {
	{ "SUBMIT_QUEUE queues without an attempt", SUBMIT_QUEUE,
	    .message = { { .to = { "b@x" }, .kind = { OUTCOME_DEFERRED },
		.status = EX_TEMPFAIL, .queued = true } },
	    .entries = 1 },
	{ "SUBMIT_QUEUE keeps unresolvable local names in failed/",
	    SUBMIT_QUEUE,
	    .message = { { .to = { "joe", "b@x" },
		.kind = { OUTCOME_FAILED, OUTCOME_DEFERRED },
		.status = EX_NOUSER,
		.text = "no address for the local name joe",
		.queued = true, .failed = true } },
	    .entries = 1, .entries_failed = 1 },
	{ "SUBMIT_QUEUE makes an attempt if the queue is disabled",
	    SUBMIT_QUEUE, .queue = "off",
	    .message = { { .to = { "b@x" },
		.kind = { OUTCOME_DELIVERED }, .code = 250 } },
	    .connections = 1, .messages = 1 },
	{ "SUBMIT_QUEUE returns the message if the queue cannot be used",
	    SUBMIT_QUEUE, .queue = "relais.conf",
	    .message = { { .to = { "b@x" }, .kind = { OUTCOME_DEFERRED },
		.status = EX_CANTCREAT, .text = "relais.conf" } } },
	{ "SUBMIT_VERIFY neither sends nor queues", SUBMIT_VERIFY,
	    .message = { { .to = { "b@x", "joe" },
		.kind = { OUTCOME_WAITING, OUTCOME_FAILED } } } },
};

static const struct submits worker_table[] = {
	{ "a worker makes the attempt", .by_worker = true,
	    .message = { { .to = { "joe", "b@x", "no@x" },
		.kind = { OUTCOME_FAILED, OUTCOME_DELIVERED, OUTCOME_FAILED },
		.status = EX_NOUSER, .failed = true } },
	    .entries_failed = 1 },
	{ "if no worker is free, the message is queued",
	    .by_worker = true, .busy = true,
	    .message = { { .to = { "b@x" }, .kind = { OUTCOME_DEFERRED },
		.status = EX_TEMPFAIL, .text = "all workers are busy",
		.queued = true } },
	    .entries = 1 },
	{ "if no worker is free and the queue cannot be used, the caller keeps "
	    "the message",
	    .by_worker = true, .busy = true, .queue = "relais.conf",
	    .message = { { .to = { "b@x" }, .kind = { OUTCOME_DEFERRED },
		.status = EX_CANTCREAT,
		.text = "all workers are busy; not queued: " } } },
	{ "one message of a session can be queued without an attempt",
	    .by_worker = true,
	    .message = {
		{ .to = { "b@x" }, .queue = true,
		    .kind = { OUTCOME_DEFERRED }, .status = EX_TEMPFAIL,
		    .queued = true },
		{ .to = { "c@x" }, .kind = { OUTCOME_DELIVERED } } },
	    .entries = 1 },
};

int
main(void)
{
	return CASES_RUN("SUBMIT_NOW", submits, now_table) +
	    CASES_RUN("other modes", submits, queue_table) +
	    CASES_RUN("attempts by a worker", submits, worker_table);
}
