/*
 * Listing and changing the queue.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "queue/spool_state.h"
#include "support/cases.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/skip.h"
#include "support/temp_spool.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, "" })

/* mailq cannot be used here: under that name, -C is ignored. */
static const char *const	bp[] = { "-bp", NULL };

/* Runs relais; returns its standard output, freed by the caller. */
static char *
say(struct queue_fixture *p, const char *const *arguments, int status)
{
	struct program_result	o;
	char			*out;

	relais_run(&o, p->conf, arguments, "");
	if (o.status != status || (status == 0 && o.err.len > 0))
		fail_msg("exit %d: %s%s", o.status, o.out.data, o.err.data);
	out = strdup(o.out.len > 0 ? o.out.data : o.err.data);
	program_result_free(&o);
	return out;
}

static void
says(struct queue_fixture *p, const char *const *arguments, int status,
    const char *words)
{
	char	*text = say(p, arguments, status);

	if (strstr(text, words) == NULL)
		fail_msg("no \"%s\" in: %s", words, text);
	free(text);
}

/* The whole output. */
static void
is_said(struct queue_fixture *p, const char *const *arguments,
    const char *output)
{
	char	*text = say(p, arguments, 0);

	assert_string_equal(text, output);
	free(text);
}

/* The name of the only entry. */
static const char *
only_name(struct queue_fixture *p, enum spool_dir dir)
{
	static char		name[32];
	struct spool_options	options = { 0 };
	struct spool		spool;
	struct spool_list	list;
	struct failure		why;

	assert_true(spool_open(&spool, p->spool, &options, &why));
	assert_true(spool_list(&list, &spool, dir, &why));
	assert_int_equal(list.n, 1);
	strlcpy(name, list.item[0].name, sizeof(name));
	spool_list_free(&list);
	spool_close(&spool);
	return name;
}

static void
the_list_has_the_layout_of_postfix(void **state)
{
	struct queue_fixture	p;
	char			*text, want[600], date[40];
	time_t			 now = time(NULL);

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .say = "450 4.2.1 busy" } } }, NULL);
	says(&p, bp, 0, "Mail queue is empty\n");
	says(&p, WORDS("-bP"), 0, "0\n");
	queue_fixture_put_one(&p, "me@example.org", LIST("a@example.net",
	    "b@example.net"));
	text = say(&p, bp, 0);
	strftime(date, sizeof(date), "%a %b %e", localtime(&now));
	snprintf(want, sizeof(want), "-Queue ID-  --Size-- ----Arrival "
	    "Time---- -Sender/Recipient-------\n%s", only_name(&p,
	    SPOOL_QUEUE));
	assert_memory_equal(text, want, strlen(want));
	assert_non_null(strstr(text, date));
	assert_non_null(strstr(text, "  me@example.org\n"
	    "                           (not tried yet: queued without an "
	    "attempt (-odq))\n"
	    "                                         a@example.net\n"
	    "                                         b@example.net\n"
	    "\n                Total requests: 1\n"
	    "-- 1 Kbytes in 1 Request.\n"));
	free(text);
	queue_fixture_run(&p, "-qf", EX_TEMPFAIL);
	text = say(&p, bp, 0);
	assert_non_null(strstr(text, ": RCPT TO:<a@example.net>: "
	    "450 4.2.1 busy)\n                                         "
	    "a@example.net\n"));
	free(text);
	queue_fixture_put(&p, "", LIST("c@example.net"));
	says(&p, bp, 0, " MAILER-DAEMON\n");
	says(&p, bp, 0, " Kbytes in 2 Requests.\n");
	says(&p, WORDS("-bP"), 0, "2\n");
	queue_fixture_close(&p);
}

static void
without_a_queue_the_list_is_empty(void **state)
{
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &(struct script){ 0 }, "queue = off\n");
	says(&p, bp, 0, "Mail queue is empty\n");
	says(&p, WORDS("-bP"), 0, "0\n");
	is_said(&p, WORDS("queue", "list", "--json"), "");
	says(&p, WORDS("queue", "status"), 0, "queue: 0 messages,");
	says(&p, WORDS("queue", "drop", "0123456789abcde"), EX_NOINPUT,
	    "no such message");
	queue_fixture_close(&p);
}

/* *state: the name of a subdirectory. */
static void
a_queue_that_has_lost_a_subdirectory_is_not_empty(void **state)
{
	const char		*lost = *state;
	struct queue_fixture	 p;
	char			 path[60], words[120];

	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	queue_fixture_put(&p, "me@example.org", LIST("a@example.net"));
	snprintf(path, sizeof(path), "spool/%s", lost);
	snprintf(words, sizeof(words), "/spool: its subdirectory %s is "
	    "missing: it is created when ", lost);
	assert_int_equal(rmdir(temp_dir_path(&p.dir, path)), 0);
	says(&p, bp, EX_CANTCREAT, words);
	says(&p, WORDS("-bP"), EX_CANTCREAT, words);
	says(&p, WORDS("queue", "list"), EX_CANTCREAT, words);
	says(&p, WORDS("queue", "list", "--json"), EX_CANTCREAT, words);
	says(&p, WORDS("queue", "list", "--failed"), EX_CANTCREAT, words);
	says(&p, WORDS("queue", "status"), EX_CANTCREAT, words);
	says(&p, WORDS("queue", "run"), EX_CANTCREAT, words);
	says(&p, WORDS("-q"), EX_CANTCREAT, words);
	queue_fixture_put(&p, "me@example.org", LIST("b@example.net"));
	says(&p, WORDS("-bP"), 0, "2\n");
	queue_fixture_close(&p);
}

static void
allow_everything(void *context)
{
	(void)context;
	umask(0);
}

static void
entries_are_private_whatever_the_umask_is(void **state)
{
	static const char *const	kinds[] = { "", "/queue", "/queue/*" };
	struct queue_fixture		p;
	struct program_result		o;
	struct stat			st;
	char				pattern[100];
	glob_t				found;

	(void)state;
	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	program_run(&o, &(struct program){ .argv = WORDS("relais", "-C",
	    p.conf, "-odq", "a@example.net"), .input = "Subject: x\n\nhi\n",
	    .prepare = allow_everything });
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	for (size_t i = 0; i < 3; i++) {
		snprintf(pattern, sizeof(pattern), "%s%s", p.spool, kinds[i]);
		assert_int_equal(glob(pattern, 0, NULL, &found), 0);
		assert_int_equal(found.gl_pathc, 1);
		assert_int_equal(stat(found.gl_pathv[0], &st), 0);
		assert_int_equal(st.st_mode & 0077, 0);
		globfree(&found);
	}
	queue_fixture_close(&p);
}

static void
control_characters_are_escaped(void **state)
{
	struct queue_fixture	p;
	const char *const	*views[] = { bp, WORDS("queue", "list",
	    "--json"), WORDS("queue", "status") };

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .say = "450 \033]0;x\007\233 \377busy" } } }, NULL);
	queue_fixture_put(&p, "me@example.org", LIST("a@example.net"));
	queue_fixture_run(&p, "-qf", EX_TEMPFAIL);
	temp_dir_write(&p.dir, "spool/queue/\033[2J\n", 0600, "\033[2J");
	for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++) {
		char	*text = say(&p, views[i], 0);

		for (const char *c = text; *c != '\0'; c++)
			assert_true(*c == '\n' || (*c >= ' ' && *c < 127));
		free(text);
	}
	queue_fixture_close(&p);
}

static void
an_entry_is_shown_held_released_and_dropped(void **state)
{
	struct queue_fixture	p;
	const char		*id;
	char			run_id[40];

	(void)state;
	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	queue_fixture_put(&p, "me@example.org", LIST("a@example.net"));
	id = only_name(&p, SPOOL_QUEUE);
	says(&p, WORDS("queue", "show", id), 0, "to: <a@example.net> waiting");
	says(&p, WORDS("queue", "show", id), 0, "\nSubject: x\n");
	says(&p, WORDS("queue", "show", id), 0, "\n\nhi\n");
	says(&p, WORDS("queue", "show", id, "--json"), 0,
	    "\"recipients\": [{\"address\": \"a@example.net\", "
	    "\"delay_reason\": \"not tried yet: queued without an attempt "
	    "(-odq)\", \"status\": \"waiting\"}], \"state\": \"waiting\"");
	snprintf(run_id, sizeof(run_id), "-qI%s", id);
	says(&p, WORDS("queue", "hold", id), 0, "");
	says(&p, bp, 0, "! ");
	queue_fixture_run(&p, "-qf", 0);
	says(&p, WORDS("queue", "flush", id), EX_USAGE, "held; to send it");
	says(&p, (const char *const[]){ run_id, NULL }, EX_USAGE,
	    ": held, or collected for a digest; to send it, run relais queue "
	    "release ");
	assert_int_equal(mock_smtp_connections(p.host), 0);
	says(&p, WORDS("queue", "release", id), 0, "");
	says(&p, WORDS("queue", "flush", id), 0, "");
	assert_true(mock_smtp_wait_messages(p.host, 1));
	says(&p, WORDS("queue", "show", id), EX_NOINPUT, "no such message");
	queue_fixture_put(&p, "me@example.org", LIST("a@example.net"));
	id = only_name(&p, SPOOL_QUEUE);
	says(&p, WORDS("queue", "drop", id), 0, "");
	says(&p, bp, 0, "Mail queue is empty\n");
	says(&p, WORDS("queue", "drop", "../../etc/passwd"), EX_USAGE,
	    "not a queue ID");
	says(&p, WORDS("queue", "drop"), EX_USAGE, "usage: ");
	says(&p, WORDS("queue", "nonsense"), EX_USAGE, "usage: ");
	says(&p, WORDS("queue", "run", id), EX_USAGE, "usage: ");
	queue_fixture_close(&p);
}

static void
an_entry_that_is_being_sent_is_not_changed(void **state)
{
	static const char *const	words[] = { "flush", "hold", "release",
		"drop" };
	struct queue_fixture	p;
	struct running		*r;
	struct program_result	o;
	const char		*id;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .match = "a@", .hold = true } } }, NULL);
	queue_fixture_put(&p, "me@example.org", LIST("a@example.net"));
	id = only_name(&p, SPOOL_QUEUE);
	r = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", p.conf, "-q") });
	assert_true(mock_smtp_wait_commands(p.host, ON_RCPT, 1));
	says(&p, WORDS("queue", "show", id), 0, "state: being sent");
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		says(&p, WORDS("queue", words[i], id), EX_TEMPFAIL,
		    "being sent by another process");
	says(&p, WORDS("queue", "flush"), EX_TEMPFAIL,
	    "relais: not sent: 1 being sent by another process; to "
	    "see each reason, run relais queue list\n");
	says(&p, WORDS("queue", "run"), 0, "");
	queue_fixture_put(&p, "me@example.org", LIST("b@example.net"));
	says(&p, WORDS("queue", "flush"), EX_TEMPFAIL,
	    "relais: not sent: 1 being sent by another process; to "
	    "see each reason, run relais queue list\n");
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE),
	    "?a@example.net");
	mock_smtp_release(p.host);
	program_stop(r, 0, &o);
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	assert_true(mock_smtp_wait_messages(p.host, 2));
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	queue_fixture_close(&p);
}

static void
a_message_that_was_given_up_can_be_released(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;
	const char		*id;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .say = "550 5.1.1 no" } } }, NULL);
	relais_run(&o, p.conf, WORDS("a@example.net"), "Subject: x\n\nhi\n");
	assert_int_equal(o.status, EX_NOUSER);
	program_result_free(&o);
	id = only_name(&p, SPOOL_FAILED);
	says(&p, WORDS("queue"), 0, "-- 1 failed in ");
	says(&p, WORDS("queue", "show", id), 0, "state: failed");
	queue_fixture_change(&p, &(struct script){ 0 }, NULL);
	says(&p, WORDS("queue", "release", id), 0, "\n");
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_FAILED), "");
	queue_fixture_run(&p, "-q", 0);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	queue_fixture_close(&p);
}

/* The files whose names begin with a dot, in failed/. */
static size_t
transcripts(const struct queue_fixture *p)
{
	char			command[200], line[100];
	struct program_result	o;
	size_t			n;

	snprintf(command, sizeof(command), "find '%s/failed' -name '.?*' "
	    "-type f -perm 600 | wc -l", p->spool);
	program_run(&o, &(struct program){ .path = "/bin/sh",
	    .argv = WORDS("sh", "-c", command) });
	strlcpy(line, o.out.data, sizeof(line));
	program_result_free(&o);
	assert_int_equal(sscanf(line, "%zu", &n), 1);
	return n;
}

/* A message to a@example.net that is given up, and what becomes of it. */
struct transcript_case {
	const char	*option;	/* "-odq": in a queue run */
	const char	*then;		/* the queue command that ends it */
};

static void
the_transcript_is_kept(void **state)
{
	const struct transcript_case	*t = *state;
	struct queue_fixture		 p;
	struct program_result		 o;
	char				*text;
	char				 id[32], path[60];

	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .say = "550 5.1.1 no" } } }, NULL);
	relais_run(&o, p.conf, WORDS("-f", "", t->option, "a@example.net"),
	    "Subject: x\n\nsecret words\n");
	program_result_free(&o);
	queue_fixture_run(&p, "-q", strcmp(t->option, "-odq") == 0 ?
	    EX_TEMPFAIL : EX_OK);
	strlcpy(id, only_name(&p, SPOOL_FAILED), sizeof(id));
	assert_int_equal(transcripts(&p), 1);
	text = say(&p, WORDS("queue", "show", id), 0);
	assert_non_null(strstr(text, "\nlast attempt:\n    *** connected to "));
	assert_non_null(strstr(text, "\n    >>> RCPT TO:<a@example.net>\n"));
	assert_non_null(strstr(text, "\n    <<< 550 5.1.1 no\n"));
	/* In the message only. */
	assert_non_null(strstr(text, "\n\nsecret words\n"));
	assert_null(strstr(strstr(text, "secret words") + 1, "secret words"));
	free(text);
	says(&p, WORDS("queue", "show", id, "--json"), 0,
	    ", \"transcript\": \"*** connected to ");
	text = say(&p, WORDS("queue", "list", "--failed", "--json"), 0);
	assert_null(strstr(text, "transcript"));
	free(text);
	snprintf(path, sizeof(path), "spool/failed/%s", id);
	if (t->then != NULL)
		free(say(&p, WORDS("queue", t->then, id), 0));
	else
		assert_int_equal(unlink(temp_dir_path(&p.dir, path)), 0);
	queue_fixture_run(&p, "-q", t->then != NULL &&
	    strcmp(t->then, "release") == 0 ? EX_TEMPFAIL : EX_OK);
	assert_int_equal(transcripts(&p), t->then != NULL &&
	    strcmp(t->then, "release") == 0);
	queue_fixture_close(&p);
}

#define KEEPS(sentence, ...) { sentence, the_transcript_is_kept, NULL, NULL, \
	&(struct transcript_case){ __VA_ARGS__ } }

/* Sends a message that the smarthost refuses. */
static void
give_up(struct queue_fixture *p, const char *to)
{
	struct program_result	o;

	relais_run(&o, p->conf, WORDS("-i", to), "Subject: x\n\nhi\n");
	assert_int_equal(o.status, EX_NOUSER);
	program_result_free(&o);
}

static void
messages_that_were_given_up_are_listed_with_the_time_and_the_reason(
    void **state)
{
	struct queue_fixture	p;
	char			date[40];
	time_t			now = time(NULL);

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .match = "bad", .say = "550 5.1.1 \033[2Jno" } } }, NULL);
	says(&p, WORDS("queue", "list", "--failed"), 0,
	    "No message has been given up\n");
	give_up(&p, "bad@example.net");
	queue_fixture_put(&p, "me@example.org", LIST("a@example.net"));
	strftime(date, sizeof(date), "given up %Y-%m-%d", localtime(&now));
	says(&p, WORDS("queue", "list", "--failed"), 0, date);
	says(&p, WORDS("queue", "list", "--failed"), 0,
	    "550 5.1.1 \\033[2Jno)\n");
	says(&p, WORDS("queue", "list", "--failed"), 0, " bad@example.net\n\n"
	    "-- 1 Kbytes in 1 message given up; to send it again: relais "
	    "queue release --failed\n");
	temp_dir_write(&p.dir, "spool/failed/broken", 0600, "x");
	says(&p, WORDS("queue", "list", "--failed"), 0, " (cannot be "
	    "released; correct or delete the file)\n");
	says(&p, WORDS("queue", "list", "--failed"), 0, " in 2 messages given "
	    "up; to send it again: relais queue release --failed\n");
	assert_int_equal(unlink(temp_dir_path(&p.dir, "spool/failed/broken")),
	    0);
	says(&p, WORDS("queue", "list", "--failed", "--json"), 0,
	    "{\"queue_name\": \"failed\", \"queue_id\": \"");
	says(&p, WORDS("queue", "list", "--failed", "--json"), 0,
	    "\"state\": \"failed\", \"reason\": \"127.0.0.1:");
	says(&p, WORDS("queue", "list", "--failed", "--json"), 0,
	    ", \"given_up\": 1");
	says(&p, WORDS("queue", "show", only_name(&p, SPOOL_FAILED)), 0,
	    "\ngiven up: 2");
	says(&p, WORDS("queue", "status", "--failed"), EX_USAGE, "usage: ");
	queue_fixture_close(&p);
}

/* The only entry was given up two hours ago. */
static void
make_failed_older(struct queue_fixture *p)
{
	const struct timespec	times[2] = {
		{ .tv_nsec = UTIME_OMIT }, { .tv_sec = time(NULL) - 7200 },
	};
	char			path[150];

	snprintf(path, sizeof(path), "%s/failed/%s", p->spool,
	    only_name(p, SPOOL_FAILED));
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Three messages were given up, the first two hours ago, and one is held. */
static const struct selection {
	const char	*sentence;
	const char	*arguments[6];	/* after "queue" */
	int		 status;
	const char	*says;		/* part of the output */
	const char	*failed;	/* recipients in failed/ afterwards */
} selections[] = {
	{ "--failed releases all messages that were given up",
	    { "release", "--failed" }, 0, "\n3 messages released\n", "" },
	{ "--all releases also those that are held",
	    { "release", "--all" }, 0, "\n4 messages released\n", "" },
	{ "--recipient selects by a part of the address",
	    { "release", "--recipient", "BAD2@" }, 0,
	    "\n1 message released\n", "-bad1@example.net\n"
	    "-bad3@example.net" },
	{ "--since selects those that were given up later",
	    { "release", "--failed", "--since", "1h" }, 0,
	    "\n2 messages released\n", "-bad1@example.net" },
	{ "options are combined", { "release", "--all", "--recipient",
	    "bad3", "--since", "1d" }, 0, "1 message released\n",
	    "-bad1@example.net\n-bad2@example.net" },
	{ "nothing is selected", { "release", "--recipient", "x@x" }, 0,
	    "0 messages released\n", "-bad1@example.net\n"
	    "-bad2@example.net\n-bad3@example.net" },
	{ "an option or an ID is required", { "release" }, EX_USAGE,
	    "usage: ", NULL },
	{ "an ID and options exclude each other", { "release", "--failed",
	    "0123456789abcde" }, EX_USAGE, "usage: ", NULL },
	{ "the time must be valid", { "release", "--since", "x" }, EX_USAGE,
	    "--since x: invalid time; expected a number followed by s, m, h, d "
	    "or w, such as 2h", NULL },
	{ "the time must not be 0", { "release", "--since", "0s" }, EX_USAGE,
	    "--since 0s: invalid time", NULL },
	{ "drop has no such options", { "drop", "--failed" }, EX_USAGE,
	    "usage: ", NULL },
};

static void
is_released(void **state)
{
	const struct selection	*s = *state;
	struct queue_fixture	 p;
	const char		*argv[8] = { "queue" };

	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .match = "bad", .say = "550 5.1.1 no" } } }, NULL);
	queue_fixture_put(&p, "me@example.org", LIST("held@example.net"));
	says(&p, WORDS("queue", "hold", only_name(&p, SPOOL_QUEUE)), 0, "");
	give_up(&p, "bad1@example.net");
	make_failed_older(&p);
	give_up(&p, "bad2@example.net");
	give_up(&p, "bad3@example.net");
	memcpy(argv + 1, s->arguments, sizeof(s->arguments));
	says(&p, argv, s->status, s->says);
	if (s->failed != NULL)
		assert_string_equal(temp_spool_entries(p.spool, SPOOL_FAILED),
		    s->failed);
	queue_fixture_close(&p);
}

static void
a_message_that_cannot_be_released_is_reported_and_the_others_are_released(
    void **state)
{
	struct queue_fixture	p;
	struct program_result	o;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .match = "bad", .say = "550 5.1.1 no" } } }, "domain =\n");
	relais_run(&o, p.conf, WORDS("-i", "joe", "a@example.net"),
	    "Subject: x\n\nhi\n");
	assert_int_equal(o.status, EX_NOUSER);
	program_result_free(&o);
	give_up(&p, "bad@example.net");
	temp_dir_write(&p.dir, "spool/failed/broken", 0600, "x");
	relais_run(&o, p.conf, WORDS("queue", "release", "--failed"), "");
	assert_true(o.status != 0);
	assert_non_null(strstr(o.out.data, "\n1 message released\n"));
	if (strstr(o.err.data, ": no address for the local name "
	    "joe; set root = ") == NULL)
		fail_msg("not in: %s%s", o.out.data, o.err.data);
	assert_non_null(strstr(o.err.data, "failed/broken: "));
	program_result_free(&o);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE),
	    "?bad@example.net");
	queue_fixture_close(&p);
}

static void
release_resolves_local_names_again(void **state)
{
	struct queue_fixture	 p;
	struct program_result	 o;
	const char		*id;

	(void)state;
	queue_fixture_open(&p, &(struct script){ 0 }, "domain =\n");
	relais_run(&o, p.conf, WORDS("-i", "joe", "a@example.net"),
	    "Subject: x\n\nhi\n");
	assert_int_equal(o.status, EX_NOUSER);
	program_result_free(&o);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_FAILED), "-joe");
	id = only_name(&p, SPOOL_FAILED);
	says(&p, WORDS("queue", "release", id), EX_NOUSER,
	    "no address for the local name joe; set root = ");
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_FAILED), "-joe");
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	queue_fixture_change(&p, &(struct script){ 0 },
	    "root = admin@example.net\n");
	says(&p, WORDS("queue", "release", id), 0, "\n");
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_FAILED), "");
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE),
	    "?admin@example.net");
	queue_fixture_close(&p);
}

/* As if two hours had passed since a queue run gave up an entry. */
static void
make_given_up_older(struct queue_fixture *p)
{
	struct spool_options	options = { 0 };
	struct spool_state	facts;
	struct spool		spool;
	struct failure		why;

	assert_true(spool_open(&spool, p->spool, &options, &why));
	assert_true(spool_state_open(&facts, &spool, 1, &why));
	facts.given_up_at -= 2 * 60 * 60;
	assert_true(spool_state_close(&facts, &why));
	spool_close(&spool);
}

static void
status_reports_the_health_of_the_queue(void **state)
{
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .refusing = true }, NULL);
	queue_fixture_put(&p, "me@example.org", LIST("a@example.net"));
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	says(&p, WORDS("queue", "status"), 0, "queue: 1 message, ");
	says(&p, WORDS("queue", "status"), 0, "Connection refused");
	says(&p, WORDS("queue", "status"), 0, "last success: never");
	says(&p, WORDS("queue", "status", "--older", "2h", "--json"), 0,
	    "{\"ok\":true,\"queue\":1,");
	says(&p, WORDS("queue", "status", "--older", "2 hours"), EX_USAGE,
	    "--older 2 hours: invalid time; ");
	/* A message of 1971. */
	temp_dir_write(&p.dir, "spool/queue/010000000000001", 0600, "");
	says(&p, WORDS("queue", "status"), 1, "TOO OLD");
	says(&p, WORDS("queue", "status", "--json"), 1, "{\"ok\":false,");
	queue_fixture_change(&p, &(struct script){ 0 }, NULL);
	queue_fixture_run(&p, "-qf", EX_TEMPFAIL);
	make_given_up_older(&p);	/* the invalid one */
	says(&p, WORDS("queue", "status"), 0, "queue: 0 messages, ");
	says(&p, WORDS("queue", "status"), 0, "last success: 2");
	queue_fixture_close(&p);
}

/* Sets back the modification time that records the last success. */
static void
make_success_older(struct queue_fixture *p)
{
	char	command[300];

	snprintf(command, sizeof(command), "touch -d '-1 minute' %s/status",
	    p->spool);
	assert_int_equal(system(command), 0);
}

static void
send_now(struct queue_fixture *p, const char *to, int status)
{
	struct program_result	o;

	relais_run(&o, p->conf, WORDS(to), "\n");
	assert_int_equal(o.status, status);
	program_result_free(&o);
}

/* In a queue run, or while the caller waits. */
static void
status_is_bad_while_every_message_is_given_up(void **state)
{
	static const struct script	refusal = { .steps = {
		{ .at = ON_RCPT, .match = "b@", .say = "550 5.7.1 no relay" },
	} };
	bool			by_run = *state != NULL;
	struct queue_fixture	p;
	struct program_result	o;

	queue_fixture_open(&p, &refusal, NULL);
	for (int i = 0; i < 2; i++) {
		if (by_run) {
			queue_fixture_put(&p, "", LIST("b@example.net"));
			queue_fixture_run(&p, "-q", EX_TEMPFAIL);
		} else {
			relais_run(&o, p.conf, WORDS("b@example.net"), "\n");
			assert_int_equal(o.status, EX_NOUSER);
			program_result_free(&o);
		}
		says(&p, WORDS("queue", "status"), 1, "last error: 2");
		says(&p, WORDS("queue", "status"), 1, "550 5.7.1 no relay");
		says(&p, WORDS("queue", "status"), 1,
		    ": NOTHING SENT SINCE\n");
		says(&p, WORDS("queue", "status", "--json"), 1,
		    "{\"ok\":false,\"queue\":0,");
		/*
		 * One refused recipient among others is not a sign of bad
		 * health.
		 */
		if (by_run) {
			queue_fixture_put_one(&p, "", LIST("b@example.net",
			    "a@example.net"));
			queue_fixture_run(&p, "-q", EX_TEMPFAIL);
			make_given_up_older(&p);
		} else {
			relais_run(&o, p.conf, WORDS("b@example.net",
			    "a@example.net"), "\n");
			assert_int_equal(o.status, EX_NOUSER);
			program_result_free(&o);
		}
		says(&p, WORDS("queue", "status"), 0, "last success: 2");
		says(&p, WORDS("queue", "status"), 0, "550 5.7.1 no relay");
		make_success_older(&p);
	}
	queue_fixture_close(&p);
}

/* Whether or not other messages are sent. */
static void
status_is_bad_for_an_hour_after_an_entry_was_given_up(void **state)
{
	static const struct script	refusal = { .steps = {
		{ .at = ON_RCPT, .match = "b@", .say = "550 5.7.1 no relay" },
	} };
	const char		*invalid = *state;
	struct queue_fixture	p;
	char			 path[120];

	queue_fixture_open(&p, &refusal, NULL);
	queue_fixture_put(&p, "me@example.org", LIST("a@example.net"));
	if (invalid == NULL)
		queue_fixture_put(&p, "me@example.org",
		    LIST("b@example.net"));
	else if (strcmp(invalid, "a file") == 0)
		temp_dir_write(&p.dir, "spool/queue/010000000000001", 0600,
		    "");
	snprintf(path, sizeof(path), "%s/queue/010000000000001", p.spool);
	if (invalid != NULL && strcmp(invalid, "a link") == 0)
		assert_int_equal(symlink("/dev/null", path), 0);
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	send_now(&p, "a@example.net", 0);
	says(&p, WORDS("queue", "status"), 1, "queue: 0 messages, ");
	says(&p, WORDS("queue", "status"), 1,
	    ": A QUEUED MESSAGE WAS GIVEN UP IN THE LAST HOUR\n");
	says(&p, WORDS("queue", "status", "--json"), 1, "{\"ok\":false,");
	make_given_up_older(&p);
	says(&p, WORDS("queue", "status"), 0, "queue: 0 messages, ");
	says(&p, WORDS("queue", "status", "--json"), 0, "{\"ok\":true,");
	queue_fixture_close(&p);
}

static void
status_does_not_report_a_refusal_that_the_caller_knows(void **state)
{
	static const struct script	refusal = { .steps = {
		{ .at = ON_RCPT, .match = "b@", .say = "550 5.7.1 no relay" },
	} };
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &refusal, NULL);
	send_now(&p, "b@example.net", EX_NOUSER);
	send_now(&p, "a@example.net", 0);
	says(&p, WORDS("queue", "status"), 0, "failed: 1 message");
	queue_fixture_close(&p);
}

/* CPU time, because other processes may be running. */
static void
ten_thousand_entries_are_listed_within_a_second(void **state)
{
	enum { MANY = 10000 };
	struct queue_fixture	p;
	struct spool		spool;
	char			id[32], more[200];
	struct program_result	o;

	(void)state;
	if (access("/dev/shm", W_OK) != 0)
		skip_because("needs /dev/shm");
	temp_spool_make_in(&spool, "/dev/shm", 0);
	for (int i = 0; i < MANY; i++)
		temp_spool_put(&spool, id, LIST("b@example.net"));
	snprintf(more, sizeof(more), "queue = %s\n", spool.directory);
	queue_fixture_open(&p, &(struct script){ .refusing = true }, more);
	relais_run(&o, p.conf, bp, "");
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(o.out.data, " Kbytes in 10000 Requests.\n"));
	print_message("10000 entries listed in %.2f s\n",
	    o.user_s + o.system_s);
#ifndef __SANITIZE_ADDRESS__
	assert_true(o.user_s + o.system_s < 1);
#endif
	program_result_free(&o);
	queue_fixture_close(&p);
	temp_spool_remove(&spool);
}

static const struct CMUnitTest queue_spec[] = {
	cmocka_unit_test(the_list_has_the_layout_of_postfix),
	cmocka_unit_test(without_a_queue_the_list_is_empty),
	{ "a queue without failed/ is not empty",
	    a_queue_that_has_lost_a_subdirectory_is_not_empty, NULL, NULL,
	    (void *)(uintptr_t)"failed" },
	{ "a queue without tmp/ is not empty",
	    a_queue_that_has_lost_a_subdirectory_is_not_empty, NULL, NULL,
	    (void *)(uintptr_t)"tmp" },
	cmocka_unit_test(entries_are_private_whatever_the_umask_is),
	cmocka_unit_test(control_characters_are_escaped),
	cmocka_unit_test(an_entry_is_shown_held_released_and_dropped),
	cmocka_unit_test(an_entry_that_is_being_sent_is_not_changed),
	cmocka_unit_test(a_message_that_was_given_up_can_be_released),
	KEEPS("the transcript of a queue run is kept until drop", "-odq",
	    "drop"),
	KEEPS("the transcript of sendmail is kept until drop", "-i", "drop"),
	KEEPS("after release, a failure has a new transcript", "-odq",
	    "release"),
	KEEPS("a queue run removes a transcript without an entry", "-i",
	    NULL),
	cmocka_unit_test(
	    messages_that_were_given_up_are_listed_with_the_time_and_the_reason
	),
	cmocka_unit_test(
	    a_message_that_cannot_be_released_is_reported_and_the_others_are_released
	),
	cmocka_unit_test(release_resolves_local_names_again),
	cmocka_unit_test(status_reports_the_health_of_the_queue),
	{ "status is bad while every message is given up",
	    status_is_bad_while_every_message_is_given_up, NULL, NULL, NULL },
	{ "status is bad while every queue run gives up every message",
	    status_is_bad_while_every_message_is_given_up, NULL, NULL,
	    (void *)(uintptr_t)"-q" },
	{ "status is bad for an hour after an entry was given up",
	    status_is_bad_for_an_hour_after_an_entry_was_given_up, NULL, NULL,
	    NULL },
	{ "status is bad for an hour after a file was found to be invalid",
	    status_is_bad_for_an_hour_after_an_entry_was_given_up, NULL, NULL,
	    (void *)(uintptr_t)"a file" },
	{ "status is bad for an hour after a link was found in the queue",
	    status_is_bad_for_an_hour_after_an_entry_was_given_up, NULL, NULL,
	    (void *)(uintptr_t)"a link" },
	cmocka_unit_test(
	    status_does_not_report_a_refusal_that_the_caller_knows),
	cmocka_unit_test(ten_thousand_entries_are_listed_within_a_second),
};

int
main(void)
{
	int	failed = cmocka_run_group_tests(queue_spec, NULL, NULL);

	return failed + CASES_RUN("releases", is_released, selections);
}
