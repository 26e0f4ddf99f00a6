/* alarm_command: when it is started, with what, and how often. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/id.h"
#include "queue/spool_state.h"
#include "support/program.h"
#include "support/queue_fixture.h"

#define LOGIN	"tls = off\nauth = plain\nuser = u\n"

static const struct script	locked = { .user = "u", .password = "right",
				    .auth_in_clear = true,
				    .auth_required = true };
static const struct script	refusing = { .refusing = true };
static const struct script	rejecting = { .steps = { { .at = ON_RCPT,
	.match = "a@", .say = "550 5.1.1 no such user \033[31m" } } };
static const struct script	rejecting_one = { .steps = {
	{ .at = ON_RCPT, .match = "a@", .say = "550 5.1.1 no such user" },
	{ .at = ON_RCPT, .say = "450 4.2.0 later" } } };
static const struct script	accepting = { 0 };

static const char *const	one[] = { "a@example.net", "" };

struct alarm_fixture {
	struct queue_fixture	 queue;
	struct temp_dir		 dir;
	char			 conf[400];	/* lines */
	char			*heard;		/* owned */
	char			 id[ID_SIZE];	/* of the entry */
};

/* The command: a script with this body. */
static void
put_command(struct alarm_fixture *p, const char *body)
{
	char	path[100];
	FILE	*f;

	snprintf(path, sizeof(path), "%s/command", p->dir.path);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\ncd %s\n{ echo \"[$RELAIS_ALARM_EVENT]\"; cat; "
	    "env; echo \"$#$1$2\"; } > new && cat new >> log\n%s\n",
	    p->dir.path, body);
	fclose(f);
	assert_int_equal(chmod(path, 0700), 0);
}

/* more is added to the configuration. */
static void
open_alarm(struct alarm_fixture *p, const struct script *script,
    const char *more)
{
	*p = (struct alarm_fixture){ 0 };
	temp_dir_make(&p->dir);
	put_command(p, "");
	snprintf(p->conf, sizeof(p->conf), "alarm_command = %s/command 'a b\n"
	    "alarm_after = 1h\n%s", p->dir.path, more);
	queue_fixture_open(&p->queue, script, p->conf);
}

static void
change(struct alarm_fixture *p, const struct script *script, const char *more)
{
	snprintf(p->conf, sizeof(p->conf), "alarm_command = %s/command\n"
	    "alarm_after = 1h\n%s", p->dir.path, more);
	queue_fixture_change(&p->queue, script, p->conf);
}

static void
close_alarm(struct alarm_fixture *p)
{
	free(p->heard);
	queue_fixture_close(&p->queue);
	temp_dir_remove(&p->dir);
}

static const char *
heard(struct alarm_fixture *p)
{
	char	path[100];
	FILE	*f;
	size_t	len = 0, size = 100000;

	free(p->heard);
	p->heard = calloc(1, size + 1);
	snprintf(path, sizeof(path), "%s/log", p->dir.path);
	f = fopen(path, "r");
	if (f != NULL) {
		len = fread(p->heard, 1, size, f);
		fclose(f);
	}
	p->heard[len] = '\0';
	return p->heard;
}

/* The events so far: "[waiting][recovered]". */
static void
expect_events(struct alarm_fixture *p, const char *events)
{
	const char	*text = heard(p);
	char		 found[500] = "";

	for (const char *line = text; line != NULL && *line != '\0';) {
		if (line[0] == '[')
			strncat(found, line, strcspn(line, "\n"));
		line = strchr(line, '\n');
		line += line != NULL;
	}
	assert_string_equal(found, events);
}

static void
expect_words(struct alarm_fixture *p, const char *words)
{
	if (strstr(heard(p), words) == NULL)
		fail_msg("no \"%s\" in: %s", words, p->heard);
}

/* A fake time: the entry arrived so many seconds ago. */
static void
put_entry(struct alarm_fixture *p, int64_t age)
{
	struct spool_options	options = { 0 };
	struct spool_list	list;
	struct spool		spool;
	struct failure		why;

	queue_fixture_put(&p->queue, "me@example.org", one);
	assert_true(spool_open(&spool, p->queue.spool, &options, &why));
	assert_true(spool_list(&list, &spool, SPOOL_QUEUE, &why));
	assert_int_equal(list.n, 1);
	id_make(p->id, ((int64_t)time(NULL) - age) * 1000000, 7);
	assert_int_equal(renameat(spool.dir[SPOOL_QUEUE], list.item[0].name,
	    spool.dir[SPOOL_QUEUE], p->id), 0);
	spool_list_free(&list);
	spool_close(&spool);
}

static void
run(struct alarm_fixture *p)
{
	queue_fixture_run(&p->queue, "-q", QUEUE_FIXTURE_ANY);
}

static void
mail_that_waits_is_reported_once(void **state)
{
	struct alarm_fixture	p;

	(void)state;
	open_alarm(&p, &refusing, "");
	put_entry(&p, 3700);
	run(&p);
	expect_events(&p, "[waiting]");
	expect_words(&p, "1 message) has been waiting since 20");
	expect_words(&p, "Connection refused");
	expect_words(&p, "RELAIS_ALARM_WAITING=1\n");
	expect_words(&p, "\n2'ab\n");	/* words, without a shell */
	run(&p);
	expect_events(&p, "[waiting]");
	change(&p, &accepting, "");
	run(&p);
	expect_events(&p, "[waiting][recovered]");
	run(&p);
	expect_events(&p, "[waiting][recovered]");
	close_alarm(&p);
}

/* A young entry, and one that seems to arrive later since the clock was set
 * back. */
static void
is_no_reason(void **state)
{
	const int64_t		*age = *state;
	struct alarm_fixture	 p;

	open_alarm(&p, &refusing, "");
	put_entry(&p, *age);
	run(&p);
	expect_events(&p, "");
	close_alarm(&p);
}

static void
a_held_entry_is_not_reported(void **state)
{
	struct alarm_fixture	p;
	struct program_result	o;

	(void)state;
	open_alarm(&p, &accepting, "");
	put_entry(&p, 3700);
	relais_run(&o, p.queue.conf, WORDS("queue", "hold", p.id), "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	run(&p);
	assert_int_equal(mock_smtp_messages(p.queue.host), 0);
	expect_events(&p, "");
	close_alarm(&p);
}

static void
a_refused_login_is_reported_at_once(void **state)
{
	struct alarm_fixture	p;

	(void)state;
	open_alarm(&p, &locked, LOGIN "password = sesame-1\n");
	put_entry(&p, 0);
	run(&p);
	expect_events(&p, "[refused]");
	expect_words(&p, "AUTH PLAIN: 535");
	expect_words(&p, "relais queue flush");
	assert_null(strstr(p.heard, "sesame"));
	run(&p);
	expect_events(&p, "[refused]");
	change(&p, &locked, LOGIN "password = right\n");
	/* The other port is another smarthost, and the queue is empty. */
	run(&p);
	expect_events(&p, "[refused][recovered]");
	close_alarm(&p);
}

static void
an_entry_that_was_given_up_is_reported(void **state)
{
	struct alarm_fixture	p;

	(void)state;
	open_alarm(&p, &rejecting, "");
	put_entry(&p, 0);
	run(&p);
	expect_events(&p, "[given-up]");
	expect_words(&p, "550 5.1.1 no such user");
	assert_null(strchr(p.heard, '\033'));
	run(&p);
	expect_events(&p, "[given-up]");
	close_alarm(&p);
}

/* Neither the last error, nor that of its bounce, which waits. */
static void
the_reason_is_that_of_the_entry_that_was_given_up(void **state)
{
	struct alarm_fixture	p;

	(void)state;
	open_alarm(&p, &rejecting_one, "");
	put_entry(&p, 0);
	queue_fixture_put(&p.queue, "me@example.org",
	    (const char *const[]){ "b@example.net", "" });
	run(&p);
	expect_events(&p, "[given-up]");
	expect_words(&p, "550 5.1.1 no such user");
	assert_null(strstr(p.heard, "450 4.2.0 later"));
	close_alarm(&p);
}

static void
a_command_that_fails_is_tried_again(void **state)
{
	struct alarm_fixture	p;

	(void)state;
	open_alarm(&p, &refusing, "");
	put_entry(&p, 3700);
	put_command(&p, "exit 1");
	run(&p);
	put_command(&p, "");
	run(&p);
	run(&p);
	expect_events(&p, "[waiting][waiting]");
	close_alarm(&p);
}

/* The command has been told, but this has not been recorded. */
static void
a_killed_run_tells_the_command_again(void **state)
{
	struct alarm_fixture	p;
	struct program_result	o;

	(void)state;
	open_alarm(&p, &refusing, "");
	put_entry(&p, 3700);
	put_command(&p, "kill -9 $PPID");
	relais_run(&o, p.queue.conf, WORDS("-q"), "");
	assert_int_equal(o.signal, SIGKILL);
	program_result_free(&o);
	put_command(&p, "");
	run(&p);
	run(&p);
	expect_events(&p, "[waiting][waiting]");
	close_alarm(&p);
}

/* The command runs the queue itself. */
static void
another_run_does_not_start_the_command(void **state)
{
	struct alarm_fixture	p;
	char			body[400];

	(void)state;
	open_alarm(&p, &refusing, "");
	put_entry(&p, 3700);
	snprintf(body, sizeof(body), BUILD "/relais -C %s queue run || "
	    "echo failed >> log", p.queue.conf);
	put_command(&p, body);
	run(&p);
	expect_events(&p, "[waiting]");
	assert_null(strstr(p.heard, "\nfailed"));
	close_alarm(&p);
}

static void
a_state_that_cannot_be_written_does_not_cause_a_storm(void **state)
{
	struct alarm_fixture	p;
	char			path[100];

	(void)state;
	open_alarm(&p, &refusing, "");
	put_entry(&p, 3700);
	snprintf(path, sizeof(path), "%s/state", p.queue.spool);
	assert_int_equal(mkdir(path, 0700), 0);
	run(&p);
	run(&p);
	expect_events(&p, "[waiting]");
	assert_int_equal(rmdir(path), 0);
	close_alarm(&p);
}

/* Neither DIR/alarm nor DIR/state can be opened for writing. */
static void
a_spool_that_cannot_be_written_is_reported(void **state)
{
	struct alarm_fixture	p;
	char			path[2][100], more[120];

	(void)state;
	open_alarm(&p, &refusing, "");
	put_entry(&p, 3700);
	snprintf(path[0], sizeof(path[0]), "%s/alarm", p.queue.spool);
	snprintf(path[1], sizeof(path[1]), "%s/state", p.queue.spool);
	for (int i = 0; i < 2; i++)
		assert_int_equal(mkdir(path[i], 0700), 0);
	snprintf(more, sizeof(more), "socket = %s/socket\n", p.dir.path);
	change(&p, &refusing, more);
	run(&p);
	run(&p);
	expect_events(&p, "[waiting]");
	expect_words(&p, "The queue directory cannot be written: ");
	for (int i = 0; i < 2; i++)
		assert_int_equal(rmdir(path[i]), 0);
	close_alarm(&p);
}

static bool
is_known_variable(const char *line)
{
	static const char *const	known[] = { "PATH=", "HOME=", "LANG=C",
		"RELAIS_ALARM_", "PWD=", "OLDPWD=", "SHLVL=", "_=" };
	size_t				name = strcspn(line, "=");

	if (line[name] != '=' || strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") !=
	    name)
		return true;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strncmp(line, known[i], strlen(known[i])) == 0)
			return true;
	return false;
}

static void
the_environment_is_clean(void **state)
{
	struct alarm_fixture	p;
	struct program_result	o;
	char			*text, *line;

	(void)state;
	open_alarm(&p, &refusing, "");
	put_entry(&p, 3700);
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", p.queue.conf, "-q"),
	    .env = WORDS("PATH=/nowhere", "HOME=/home", "TOKEN=sesame",
	    "NOTIFY_SOCKET=/x", "LD_LIBRARY_PATH=/x", "LANG=de",
	    "RELAIS_ALARM_EVENT=none") });
	program_result_free(&o);
	expect_events(&p, "[waiting]");
	expect_words(&p, "\nHOME=/home\n");
	expect_words(&p, "\nRELAIS_ALARM_EVENT=waiting\n");
	text = p.heard;
	while ((line = strsep(&text, "\n")) != NULL)
		if (!is_known_variable(line))
			fail_msg("%s", line);
	close_alarm(&p);
}

/* The queue run is not affected. */
static void
expect_error(struct alarm_fixture *p, const char *words)
{
	struct program_result	o;

	relais_run(&o, p->queue.conf, WORDS("queue", "run"), "");
	assert_int_equal(o.status, 0);
	if (strstr(o.err.data, words) == NULL)
		fail_msg("no \"%s\" in: %s", words, o.err.data);
	program_result_free(&o);
}

static void
a_command_that_cannot_be_run_is_logged(void **state)
{
	struct alarm_fixture	p;
	char			path[100];

	(void)state;
	open_alarm(&p, &refusing, "");
	put_entry(&p, 3700);
	change(&p, &refusing, "log = stderr\n");
	snprintf(path, sizeof(path), "%s/command", p.dir.path);
	assert_int_equal(chmod(path, 0600), 0);
	expect_error(&p, "alarm_command failed, and is started again in the "
	    "next queue run: ");
	expect_error(&p, "/command: Permission denied");
	assert_int_equal(unlink(path), 0);
	expect_error(&p, "/command: No such file or directory");
	put_command(&p, "exit 7");
	expect_error(&p, "/command: exited with status 7");
	put_command(&p, "");
	expect_error(&p, "alarm_command reported: ");
	expect_events(&p, "[waiting][waiting]");
	close_alarm(&p);
}

static void
set_due(struct alarm_fixture *p, int64_t in)
{
	struct timespec	times[2] = { { .tv_sec = time(NULL) + in },
			    { .tv_sec = time(NULL) + in } };
	char		path[150];

	snprintf(path, sizeof(path), "%s/queue/%s", p->queue.spool, p->id);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void
start_until_alarm(struct alarm_fixture *p, const char *const *words)
{
	const char		*argv[8] = { "relais", "-C", p->queue.conf };
	struct running		*service;
	struct program_result	 o;

	for (size_t i = 3; *words != NULL; i++)
		argv[i] = *words++;
	service = program_start(&(struct program){
	    .argv = argv });
	program_wait_output(service, "alarm_command reported");
	program_stop(service, SIGTERM, &o);
	program_result_free(&o);
}

/*
 * The entry is not due: only its age is a reason for a queue run.  The service
 * is started again before the recovery.
 */
static void
the_service_reports(void **state)
{
	struct alarm_fixture	p;
	char			more[150];

	open_alarm(&p, &refusing, "");
	put_entry(&p, 3700);
	snprintf(more, sizeof(more), "log = stderr\nsocket = %s/run/socket\n",
	    p.dir.path);
	change(&p, &refusing, more);
	set_due(&p, 1800);
	start_until_alarm(&p, *state);
	expect_events(&p, "[waiting]");
	change(&p, &accepting, more);
	set_due(&p, -1);
	start_until_alarm(&p, *state);
	expect_events(&p, "[waiting][recovered]");
	close_alarm(&p);
}

#define REPORTS(...) \
	{ "the service reports an entry that is not due, and the recovery " \
	    "after a restart: " #__VA_ARGS__, the_service_reports, NULL, \
	    NULL, (void *)(uintptr_t)WORDS(__VA_ARGS__) }

static const struct CMUnitTest alarm_spec[] = {
	{ "mail that waits for too long is reported once, and its delivery, too",
	    mail_that_waits_is_reported_once, NULL, NULL, NULL },
	{ "a younger entry is not reported", is_no_reason, NULL, NULL,
	    &(int64_t){ 3000 } },
	{ "an entry from the future is not reported", is_no_reason, NULL, NULL,
	    &(int64_t){ -100000 } },
	{ "a held entry is not reported", a_held_entry_is_not_reported, NULL,
	    NULL, NULL },
	{ "a refused login is reported at once, without secrets",
	    a_refused_login_is_reported_at_once, NULL, NULL, NULL },
	{ "the reason is that of the entry that was given up",
	    the_reason_is_that_of_the_entry_that_was_given_up, NULL, NULL,
	    NULL },
	{ "an entry that was given up is reported, without control characters",
	    an_entry_that_was_given_up_is_reported, NULL, NULL, NULL },
	{ "a command that fails is started again in the next queue run",
	    a_command_that_fails_is_tried_again, NULL, NULL, NULL },
	{ "after kill -9 between the command and the record, the command is "
	    "started again", a_killed_run_tells_the_command_again, NULL, NULL,
	    NULL },
	{ "while the command runs, another queue run does not start it",
	    another_run_does_not_start_the_command, NULL, NULL, NULL },
	REPORTS("serve"),
	REPORTS("-bd", "-q1h"),
	REPORTS("-bD"),
	REPORTS("-q1h"),
	REPORTS("-q1h", "serve"),
	{ "a spool that cannot be written is reported, but not in each queue "
	    "run", a_spool_that_cannot_be_written_is_reported, NULL, NULL,
	    NULL },
	{ "the environment of the command is clean", the_environment_is_clean,
	    NULL, NULL, NULL },
	{ "a command that cannot be run is logged, and tried again",
	    a_command_that_cannot_be_run_is_logged, NULL, NULL, NULL },
	{ "a state that cannot be written does not start the command in each "
	    "queue run", a_state_that_cannot_be_written_does_not_cause_a_storm,
	    NULL, NULL, NULL },
};

int
main(void)
{
	return cmocka_run_group_tests(alarm_spec, NULL, NULL);
}
