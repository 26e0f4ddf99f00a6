#include "support/scenario.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "mail/header.h"
#include "queue/entry.h"
#include "queue/spool.h"
#include "support/conf.h"
#include "support/serving.h"
#include "support/skip.h"
#include "support/user.h"
#include "util/memory.h"

enum {
	RUNS_PER_SERVER = 200,	/* its record grows with each message */
	DOUBT_S = 50 * 60,	/* the next attempt of an entry in doubt */
	CLIENT_MS = 90000,	/* a busy service is waited for */
	START_MS = 10000,	/* the service accepts clients, or ends */
	MUTE_MS = 2000,		/* the same, but nothing may be heard of it */
	RUN_MS = 3000,		/* it has made a queue run, unless it failed */
	FAULTY_RUN_MS = 300,	/* the same after a fault */
	SETTLE_MS = 2000,	/* it closes descriptors */
	ORPHAN_MS = 10000,	/* for processes that outlive the program */
};

#define FIELDS	"From: me@example.org\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n" \
	"Message-ID: <run@example.org>\nTo: a@example.net"
#define BODY	"the first line\n.\n..a line with dots\nthe last line\n"
#define LAST	"the last line\r\n"

#define ONE	.to = { "a@example.net" }
#define TWO	.to = { "a@example.net", "b@example.net" }
#define THREE	.to = { "a@example.net", "b@example.net", "c@example.net" }
#define LOGIN	"user = nina\npassword = Tr0ub4dor&3-secret\ntls_ca = {ca}\n"
#define LOGIN_IN_CLEAR	.user = "nina", .password = "Tr0ub4dor&3-secret", \
	.auth_in_clear = true, .mechanisms = "PLAIN"

const struct scenario	scenarios[] = {
	{ "sendmail -t", SUBMITS, .words = { "-t", "-i" }, ONE },
	{ "sendmail -t without a queue", SUBMITS, .more = "queue = off\n",
	    .words = { "-t", "-i" }, ONE },
	{ "TLS and AUTH", SUBMITS, .script = { .security = STARTTLS_OFFERED,
	    LOGIN_IN_CLEAR }, .scheme = "submission", .more = LOGIN,
	    .words = { "-t", "-i" }, ONE },
	{ "sendmail -odq", SUBMITS, .words = { "-odq", "-t", "-i" }, ONE,
	    .waits = true },
	{ "a smarthost that defers", SUBMITS, .script = { .steps = {
	    { .at = ON_RCPT, .say = "450 4.2.0 later" } } },
	    .words = { "-t", "-i" }, ONE, .waits = true },
	{ "a smarthost that refuses connections", SUBMITS,
	    .script = { .refusing = true }, .words = { "-t", "-i" }, ONE,
	    .waits = true },
	{ "recipients of which one waits and one is refused", SUBMITS,
	    .script = { .steps = {
	    { .at = ON_RCPT, .match = "b@", .say = "450 4.2.0 later" },
	    { .at = ON_RCPT, .match = "c@", .say = "550 5.1.1 no" } } },
	    .words = { "-t", "-i" }, THREE, .status = EX_NOUSER,
	    .waits = true },
	{ "a large message that is re-encoded", SUBMITS,
	    .script = { .keywords = "PIPELINING" }, .words = { "-t", "-i" },
	    ONE, .large = true },
	{ "a password_command", SUBMITS, .script = { LOGIN_IN_CLEAR },
	    .more = "user = nina\nauth = plain\ntls = off\n"
	    "password_command = /bin/echo Tr0ub4dor&3-secret\n",
	    .words = { "-t", "-i" }, ONE },
	{ "a smarthost that is found by its name", SUBMITS,
	    .more = "smarthost = smtp://localhost:{port}\n",
	    .words = { "-t", "-i" }, ONE },
	{ "a program that delivers", SUBMITS,
	    .more = "smarthost = command://{dir}/deliver\n",
	    .words = { "-t", "-i" }, ONE, .files = "out" },
	{ "a Maildir", SUBMITS,
	    .more = "smarthost = maildir://{dir}/Maildir\n",
	    .words = { "-t", "-i" }, ONE, .files = "Maildir/new" },
	{ "sendmail -bs", SPEAKS, .words = { "-bs" }, ONE },
	{ "sendmail -bs, deferred", SPEAKS, .script = { .steps = {
	    { .at = ON_RCPT, .say = "450 4.2.0 later" } } },
	    .words = { "-bs" }, ONE, .waits = true },
	{ "sendmail -qf", FLUSHES, .words = { "-qf" }, TWO },
	{ "sendmail -qf with a recipient that waits", FLUSHES,
	    .script = { .steps = { { .at = ON_RCPT, .match = "b@",
	    .say = "450 4.2.0 later" } } }, .words = { "-qf" }, TWO,
	    .status = EX_TEMPFAIL, .waits = true },
	{ "sendmail -qf with a bounce", FLUSHES, .script = { .steps = {
	    { .at = ON_RCPT, .match = "b@", .say = "550 5.1.1 no" } } },
	    .words = { "-qf" }, TWO, .status = EX_TEMPFAIL },
	{ "sendmail -q with two messages", FLUSHES, .more = "connections = 1\n",
	    .words = { "-q" }, TWO, .apart = true },
	{ "relais queue run with two messages, of which the second waits",
	    FLUSHES, .script = { .steps = { { .at = ON_RCPT, .match = "b@",
	    .say = "450 4.2.0 later" } } }, .more = "connections = 1\n",
	    .words = { "queue", "run" }, TWO, .apart = true, .waits = true },
	{ "sendmail -qf with a digest", FLUSHES, .more = "storm = 1/day\n"
	    "connections = 1\n", .words = { "-qf" }, ONE, .collected = 3 },
	{ "mailq", PRINTS, .words = { "-bp" }, TWO },
	{ "relais queue list --json", PRINTS, .words = { "queue", "list",
	    "--json" }, TWO },
	{ "relais route", PRINTS, .words = { "route", "a@example.net" },
	    ONE },
	{ "relais check", PRINTS, .words = { "check" }, ONE,
	    .says = { "greeting", " OK, " } },
	{ "connect_command", SUBMITS, .more = "smarthost = "
	    "smtp://mail.example:25\ntls = off\n"
	    "connect_command = {dir}/connect\n", .words = { "-t", "-i" },
	    ONE },
	{ "pace, after the first message", SUBMITS, .more = "pace = 1/day\n",
	    .words = { "-t", "-i" }, ONE },
	{ "storm, after the first message", SUBMITS, .more = "storm = 1/day\n",
	    .words = { "-t", "-i" }, ONE },
	{ "a log in a file", SUBMITS, .more = "log = {dir}/log\n",
	    .words = { "-t", "-i" }, ONE },
	{ "a log on standard error", SUBMITS, .more = "log = json\n",
	    .words = { "-t", "-i" }, ONE },
	{ "the service", SUBMITS, FAULT_IN_SERVICE, .words = { "-t", "-i" },
	    ONE },
	{ "the service, deferred", SUBMITS, FAULT_IN_SERVICE,
	    .script = { .steps = { { .at = ON_RCPT, .match = "b@",
	    .say = "450 4.2.0 later" } } }, .words = { "-t", "-i" }, TWO,
	    .waits = true },
	{ "a client of the service", SUBMITS, FAULT_IN_CLIENT,
	    .words = { "-t", "-i" }, ONE },
	{ "a queue run of the service", FLUSHES, FAULT_IN_SERVICE,
	    .script = { .steps = {
	    { .at = ON_RCPT, .match = "b@", .say = "550 5.1.1 no" } } }, TWO },
	{ "relais setup", WRITES, .script = { LOGIN_IN_CLEAR }, .words = { "-C",
	    "{dir}/new.conf", "-o", "tls=off", "-o", "auth=plain", "setup",
	    "me@example.org", "--smarthost", "smtp://127.0.0.1:{port}",
	    "--user", "nina", "--password-stdin", "--root",
	    "boss@example.org" }, .written = { "new.conf", "new.password" } },
	{ "relais setup --force", WRITES, .script = { LOGIN_IN_CLEAR },
	    .words = { "-C", "{dir}/new.conf", "-o", "tls=off", "-o",
	    "auth=plain", "setup", "--force", "me@example.org", "--smarthost",
	    "smtp://127.0.0.1:{port}", "--user", "nina", "--password-stdin",
	    "--root", "boss@example.org" },
	    .written = { "new.conf", "new.password" }, .old = "old\n" },
	{ "relais import --write", WRITES, .words = { "-C", "{dir}/new.conf",
	    "import", "--write", "{dir}/ssmtp.conf" },
	    .written = { "new.conf", "new.password" } },
	{ "relais queue status --metrics --output", WRITES, .words = {
	    "queue", "status", "--metrics", "--output", "{dir}/out.prom" },
	    .written = { "out.prom" } },
	{ "relais login", WRITES, .more = "tls_ca = {ca}\n", .words = {
	    "login", "--provider", "{dir}/provider", "--client-id",
	    "relais-test", "--client-secret-file", "{dir}/client-secret",
	    "--client-credentials", "--user", "nina@example.org",
	    "--no-check", "{dir}/tokens/work" },
	    .written = { "tokens/work" }, .logs_in = true },

	/* Rare ones: only with FAULTS=all. */
	{ "a log in syslog", SUBMITS, .more = "log = syslog\n",
	    .words = { "-t", "-i" }, ONE, .logs = true },
	{ "a log in the journal", SUBMITS, .more = "log = journal\n",
	    .words = { "-t", "-i" }, ONE, .logs = true },
	{ "sendmail -qf with an alarm", FLUSHES, .script = { LOGIN_IN_CLEAR },
	    .more = "user = nina\npassword = wrong\nauth = plain\n"
	    "tls = off\nalarm_command = /bin/touch {dir}/alarmed\n",
	    .words = { "-qf" }, TWO, .status = EX_TEMPFAIL, .waits = true,
	    .forgets = true },
	{ "relais queue status", PRINTS, .words = { "queue", "status" }, TWO,
	    .says = { "1 " } },
	{ "sendmail -bs with the service", SPEAKS, FAULT_IN_CLIENT,
	    .words = { "-bs" }, ONE },
	{ "the service for sendmail -bs", SPEAKS, FAULT_IN_SERVICE,
	    .words = { "-bs" }, ONE },
};

enum { RARE = 6 };

const size_t	scenarios_n = sizeof(scenarios) / sizeof(*scenarios);
const size_t	scenarios_usual_n = sizeof(scenarios) / sizeof(*scenarios) -
		    RARE;

static void
fill_in(struct scenario_place *p, struct buffer *out, const char *text)
{
	char	port[8];
	const struct {
		const char	*name, *value;
	} words[] = {
		{ "{dir}", p->dir.path },
		{ "{port}", port },
		{ "{ca}", p->usual.ca },
	};

	snprintf(port, sizeof(port), "%u", p->host->port);
	while (*text != '\0') {
		size_t	i = 0, n = sizeof(words) / sizeof(*words);

		while (i < n && strncmp(text, words[i].name,
		    strlen(words[i].name)) != 0)
			i++;
		if (i < n) {
			buffer_add_text(out, words[i].value);
			text += strlen(words[i].name);
		} else
			buffer_add_byte(out, *text++);
	}
}

static void
start_server(struct scenario_place *p)
{
	struct script	 script = p->s->script;
	struct buffer	 more = { 0 };

	mock_smtp_stop(p->host);
	if (script.security != IN_CLEAR) {
		script.certificate = p->usual.chain;
		script.key = p->usual.key;
	}
	p->host = mock_smtp_start(&script);
	p->messages = 0;
	if (p->s->more == NULL || strstr(p->s->more, "queue = ") == NULL)
		buffer_addf(&more, "queue = %s\n", p->spool);
	if (p->s->service != NO_SERVICE)
		buffer_addf(&more, "socket = %s/run/submission\n",
		    p->dir.path);
	fill_in(p, &more, p->s->more != NULL ? p->s->more : "");
	strlcpy(p->conf, conf_write(&p->dir, p->host, p->s->scheme != NULL ?
	    p->s->scheme : "smtp", more.data), sizeof(p->conf));
	buffer_free(&more);
	for (size_t i = 0; p->s->words[i] != NULL; i++) {
		buffer_clear(&p->word[i]);
		fill_in(p, &p->word[i], p->s->words[i]);
	}
}

static void
write_input(struct scenario_place *p)
{
	const struct scenario	*s = p->s;
	struct buffer		*b = &p->input;

	if (s->kind == WRITES) {
		buffer_add_text(b, "Tr0ub4dor&3-secret\n");
		return;
	}
	if (s->kind == SPEAKS)
		buffer_add_text(b, "EHLO client.example\r\n"
		    "MAIL FROM:<me@example.org>\r\n"
		    "RCPT TO:<a@example.net>\r\nDATA\r\n");
	buffer_addf(b, "Subject: run\n" FIELDS);
	for (size_t i = 1; s->to[i] != NULL; i++)
		buffer_addf(b, ", %s", s->to[i]);
	buffer_add_text(b, "\n\n");
	while (s->large && b->len < 400000)
		buffer_add_text(b, "a line of a large message: \303\244\n");
	buffer_add_text(b, s->kind == SPEAKS ? "the first line\r\n"
	    "the last line\r\n.\r\nQUIT\r\n" : BODY);
}

static void
open_authorization(struct scenario_place *p)
{
	char	text[300];

	authorization_start(&p->authorization, &p->dir, &p->usual,
	    "{\"secret\": \"s3cret\", \"token\": [{\"merge\": "
	    "{\"access_token\": \"good\", \"refresh_token\": null}}]}");
	snprintf(text, sizeof(text), "[test]\nname = Test server\n"
	    "token = %s/token\nclient-scope = mail\n"
	    "page = https://register.example/\n", p->authorization.url);
	temp_dir_write(&p->dir, "provider", 0600, text);
	temp_dir_write(&p->dir, "client-secret", 0600, "s3cret\n");
	temp_dir_write(&p->dir, "tokens/.keep", 0600, "");
	assert_int_equal(chmod(temp_dir_path(&p->dir, "tokens"), 0700), 0);
}

void
scenario_open(struct scenario_place *p, const struct scenario *s)
{
	char	connect[200];

	*p = (struct scenario_place){ .s = s };
	if (s->logs_in)
		skip_without_token();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	temp_dir_make(&p->dir);
	strlcpy(p->memory.path, "/dev/shm/relais-test.XXXXXX",
	    sizeof(p->memory.path));
	/* With the sockets of logs, another /dev is mounted. */
	if (s->logs || mkdtemp(p->memory.path) == NULL)
		p->memory.path[0] = '\0';
	if (s->logs)
		loggers_open(&p->loggers, &p->dir, true);
	snprintf(p->spool, sizeof(p->spool), "%s/spool",
	    p->memory.path[0] != '\0' ? p->memory.path : p->dir.path);
	if (s->script.security != IN_CLEAR || s->logs_in)
		certificate_usual(&p->usual, &p->dir);
	if (s->logs_in)
		open_authorization(p);
	temp_dir_write(&p->dir, "out/x", 0600, "");
	temp_dir_write(&p->dir, "ssmtp.conf", 0600, "mailhub=mail.example\n"
	    "AuthUser=nina\nAuthPass=s3cret\n");
	temp_dir_write(&p->dir, "deliver", 0700, "#!/bin/sh\n"
	    "cd ${0%/*}/out && cat >.part && mv .part $$\n");
	start_server(p);
	snprintf(connect, sizeof(connect), "#!/bin/bash\n"
	    "exec 3<>/dev/tcp/127.0.0.1/%u || exit 1\ncat <&3 &\n"
	    "cat >&3\n", p->host->port);
	temp_dir_write(&p->dir, "connect", 0700, connect);
	write_input(p);
}

void
scenario_close(struct scenario_place *p)
{
	buffer_free(&p->input);
	buffer_free(&p->delivered);
	buffer_free(&p->queued);
	buffer_free(&p->wrong);
	buffer_free(&p->found);
	buffer_free(&p->names);
	for (size_t i = 0; i < 3; i++)
		buffer_free(&p->written[i]);
	for (size_t i = 0; i < 20; i++)
		buffer_free(&p->word[i]);
	program_result_free(&p->o);
	program_result_free(&p->service);
	mock_smtp_stop(p->host);
	if (p->s->logs_in)
		authorization_stop(&p->authorization);
	if (p->s->logs)
		loggers_close(&p->loggers);
	temp_dir_remove(&p->dir);
	temp_dir_remove(&p->memory);
}

/* What precedes .prepare of a program. */
struct used {
	const struct scenario_place	*p;
	struct program			 how;
};

static void
prepare_place(void *used)
{
	struct used	*u = used;
	uid_t		 user = u->p->user != NULL ? *u->p->user : 0;
	struct loggers	 loggers = u->p->loggers;

	if (u->p->user != NULL)
		user_become(&user);
	if (u->p->s->logs)
		loggers_put(&loggers);
	if (u->how.prepare != NULL)
		u->how.prepare(u->how.ctx);
}

static struct program
in_place(const struct scenario_place *p, const struct program *how,
    struct used *used)
{
	struct program	program = *how;

	if (p->user != NULL || p->s->logs) {
		*used = (struct used){ p, *how };
		program.prepare = prepare_place;
		program.ctx = used;
	}
	return program;
}

static void
put_entry(struct scenario_place *p, const char *to, const char *input)
{
	struct used		used;
	struct program		program = in_place(p, &(struct program){
				    .argv = WORDS("relais", "-C", p->conf,
				    "-odq", "-i", to),
				    .input = input }, &used);
	struct program_result	o;

	program_run(&o, &program);
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
}

/* Removes the files of a directory. */
static void
clear_directory(const char *path)
{
	DIR		*d = opendir(path);
	struct dirent	*e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
}

/* The subject of message i, from 0, of those that wait for a digest. */
static const char *
subject_of(size_t i)
{
	static char	text[40];

	snprintf(text, sizeof(text), "Subject: message %zu", i);
	return text;
}

/* The first message of all is not collected, and removed. */
static void
put_collected(struct scenario_place *p)
{
	struct buffer	input = { 0 };
	char		path[200];

	snprintf(path, sizeof(path), "%s/queue", p->spool);
	for (size_t i = p->runs == 0 ? SIZE_MAX : 0;
	    i == SIZE_MAX || i < p->s->collected; i++) {
		buffer_clear(&input);
		buffer_addf(&input, "%s\n" FIELDS "\n\n" BODY, subject_of(i));
		put_entry(p, "-t", input.data);
		if (i == SIZE_MAX)
			clear_directory(path);
	}
	buffer_free(&input);
}

/* "-t" instead of an address puts all recipients into one entry. */
static void
put_entries(struct scenario_place *p)
{
	if (p->s->kind != FLUSHES && p->s->kind != PRINTS)
		return;
	if (p->s->collected > 0)
		put_collected(p);
	else if (!p->s->apart)
		put_entry(p, "-t", p->input.data);
	for (size_t i = 0; p->s->apart && p->s->to[i] != NULL; i++)
		put_entry(p, p->s->to[i], p->input.data);
}

static void	accuse(struct scenario_place *, const char *fmt, ...)
		    __attribute__((format(printf, 2, 3)));

static void
accuse(struct scenario_place *p, const char *fmt, ...)
{
	char	text[2000];
	va_list	list;

	va_start(list, fmt);
	vsnprintf(text, sizeof(text), fmt, list);
	va_end(list);
	buffer_addf(&p->wrong, "%s%s", p->wrong.len > 0 ? "; " : "", text);
}

static bool
read_name(const char *process, char name[32])
{
	char	 path[64];
	FILE	*f;
	bool	 good;

	snprintf(path, sizeof(path), "/proc/%s/comm", process);
	if ((f = fopen(path, "re")) == NULL)
		return false;
	good = fgets(name, 32, f) != NULL;
	fclose(f);
	name[strcspn(name, "\n")] = '\0';
	return good;
}

static bool
is_server(const struct scenario_place *p, pid_t pid)
{
	for (size_t i = 0; i < p->n_servers; i++)
		if (p->servers[i] == pid)
			return true;
	return false;
}

/*
 * A helper that outlives the program may still deliver the message.  It has
 * become our child, beside the smarthost, which has our name, and other servers
 * of the test.
 */
static void
wait_for_orphans(struct scenario_place *p)
{
	pid_t	children[32];
	size_t	n = serving_children(getpid(), children, 32);
	char	process[16], name[32], own[32] = "";

	read_name("self", own);
	for (size_t i = 0; i < n; i++) {
		struct pollfd	end = { .events = POLLIN };

		snprintf(process, sizeof(process), "%ld", (long)children[i]);
		if (!read_name(process, name) || strcmp(name, own) == 0 ||
		    is_server(p, children[i]))
			continue;
		end.fd = pidfd_open(children[i], 0);
		if (end.fd != -1 && poll(&end, 1, ORPHAN_MS) != 1) {
			accuse(p, "the process %s outlives the program", name);
			kill(children[i], SIGKILL);
		}
		close(end.fd);
		waitpid(children[i], NULL, 0);
	}
}

/*
 * The descriptors of the service, without the channels to its sessions and
 * workers, which may wait for the next message.  A queue run has no channel.
 */
static size_t
count_descriptors(const struct scenario_place *p, pid_t service)
{
	char	path[64];
	pid_t	children[32];
	size_t	n, channels;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)service);
	if (access(path, R_OK) == -1)
		return 0;
	n = temp_dir_count(path);
	channels = p->s->kind == FLUSHES ? 0 :
	    serving_children(service, children, 32);
	return n > channels ? n - channels : 0;
}

/*
 * After the client has ended, the service has the same descriptors as before
 * the first client, or as after the first queue run.
 */
static void
look_at_descriptors(struct scenario_place *p, pid_t service)
{
	const struct timespec	pause = { 0, 5 * 1000000 };
	size_t			n;

	if (p->descriptors == 0) {
		serving_wait_children(service, 0);
		p->descriptors = count_descriptors(p, service);
	}
	n = count_descriptors(p, service);
	for (int ms = 0; ms < SETTLE_MS && n > p->descriptors; ms += 5) {
		nanosleep(&pause, NULL);
		n = count_descriptors(p, service);
	}
	if (n > p->descriptors)
		accuse(p, "the service has %zu descriptors, not %zu", n,
		    p->descriptors);
}

static void
run_program(struct scenario_place *p, const struct program *how)
{
	const char	*argv[24] = { "relais", "-C", p->conf };
	struct used	 used;
	struct program	 program = in_place(p, how, &used);

	for (size_t i = 0; p->s->words[i] != NULL; i++)
		argv[3 + i] = p->word[i].data;
	program.argv = argv;
	program.deadline_ms = CLIENT_MS;
	if (p->s->kind != FLUSHES && p->s->kind != PRINTS) {
		program.input = p->input.data;
		program.input_len = p->input.len;
	}
	program_run(&p->o, &program);
}

/* After a fault, there may be no queue run. */
static void
wait_for_queue_run(const struct scenario_place *p, struct running *r)
{
	for (int ms = 0; ms < RUN_MS; ms += FAULTY_RUN_MS)
		if (program_awaits_output(r, "queue run:", FAULTY_RUN_MS) ||
		    (p->faults != NULL && *p->faults > 0))
			return;
}

static void
run_with_service(struct scenario_place *p, const struct program *how)
{
	const struct program	 plain = { 0 };
	bool			 faulty = p->s->service == FAULT_IN_SERVICE;
	struct used		 used;
	struct program		 service = in_place(p, faulty ? how : &plain,
				    &used);
	struct running		*r;

	service.argv = WORDS("relais", "-C", p->conf, "-o", "log=stderr",
	    "serve");
	r = program_start(&service);
	if (program_awaits_output(r, "accepts mail on", p->runs == 0 ?
	    START_MS : MUTE_MS) && p->s->kind == FLUSHES)
		wait_for_queue_run(p, r);
	if (p->runs == 0)
		look_at_descriptors(p, program_pid(r));
	if (p->s->kind != FLUSHES)
		run_program(p, faulty ? &plain : how);
	look_at_descriptors(p, program_pid(r));
	program_stop(r, SIGTERM, p->s->kind == FLUSHES ? &p->o : &p->service);
}

/* The files are as they were before the first run. */
static void
put_files(struct scenario_place *p)
{
	for (size_t i = 0; i < 3 && p->s->written[i] != NULL; i++) {
		const char	*name = p->s->written[i];

		if (p->s->old != NULL)
			temp_dir_write(&p->dir, name, 0600, p->s->old);
		else
			unlink(temp_dir_path(&p->dir, name));
	}
}

static void
give_files(const char *path, uid_t user)
{
	char	*paths[] = { (char *)(uintptr_t)path, NULL };
	FTS	*tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT	*file;

	assert_non_null(tree);
	while ((file = fts_read(tree)) != NULL)
		if (file->fts_info != FTS_DP &&
		    lchown(file->fts_path, user, (gid_t)user) == -1)
			fail_msg("%s: %s", file->fts_path, strerror(errno));
	fts_close(tree);
}

void
scenario_run(struct scenario_place *p, const struct program *how)
{
	buffer_clear(&p->wrong);
	program_result_free(&p->o);
	program_result_free(&p->service);
	p->service = (struct program_result){ .status = EX_OK };
	put_files(p);
	if (p->user != NULL) {
		give_files(p->dir.path, *p->user);
		if (p->memory.path[0] != '\0')
			give_files(p->memory.path, *p->user);
	}
	put_entries(p);
	p->n_servers = serving_children(getpid(), p->servers, 4);
	if (p->s->service != NO_SERVICE)
		run_with_service(p, how);
	else
		run_program(p, how);
	wait_for_orphans(p);
	p->runs++;
}

/*
 * The fate of a message.
 */

struct copies {
	size_t	delivered;
	size_t	queued;
	int64_t	next;		/* when the entry is due; 0: none */
};

struct fate {
	struct copies	message, bounce;
	size_t		given_up;	/* in failed/ */
};

/* The first message is the model for all others. */
static void
compare(struct scenario_place *p, struct buffer *model, const char *data,
    size_t len)
{
	if (model->len == 0) {
		assert_non_null(memmem(data, len, "the last line", 13));
		buffer_add(model, data, len);
	}
	if (len != model->len || memcmp(data, model->data, len) != 0)
		accuse(p, "not the whole message, but %zu of %zu octets: "
		    "%.300s", len, model->len, data);
}

/* The last part of a bounce must be complete. */
static bool
is_bounce_for(const char *text, const char *to)
{
	char	line[100];

	snprintf(line, sizeof(line), "Final-Recipient: rfc822;%s", to);
	return strcasestr(text, line) != NULL;
}

static void
look_at_server(struct scenario_place *p, const char *to, struct fate *f)
{
	assert_true(mock_smtp_wait_closed(p->host,
	    mock_smtp_connections(p->host)));
	for (size_t i = p->messages; i < mock_smtp_messages(p->host); i++) {
		const struct heard_message	*m =
		    mock_smtp_message(p->host, i);

		for (size_t k = 0; m->code == 250 && k < m->n_rcpt; k++) {
			if (m->rcpt[k].code != 250)
				continue;
			if (m->reverse_path[0] == '\0')
				f->bounce.delivered +=
				    is_bounce_for(m->data.data, to);
			else if (strcmp(m->rcpt[k].path, to) == 0) {
				f->message.delivered++;
				compare(p, &p->delivered, m->data.data,
				    m->data.len);
			}
		}
	}
}

static void
look_at_files(struct scenario_place *p, struct fate *f)
{
	const char	*path = temp_dir_path(&p->dir, p->s->files);
	DIR		*d = opendir(path);
	struct buffer	 text = { 0 };
	struct dirent	*e;
	char		 file[600];

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' || strcmp(e->d_name, "x") == 0)
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		file_read(&text, file);
		f->message.delivered++;
		if (strstr(text.data, "Message-ID: <run@") == NULL ||
		    strstr(text.data, "\n" BODY) == NULL)
			accuse(p, "partial file: %s", text.data);
	}
	if (d != NULL)
		closedir(d);
	buffer_free(&text);
}

static void
add_message(struct buffer *text, const struct message *m)
{
	struct failure	why;
	uint64_t	at = 0;

	header_write(text, &m->header);
	while (at < m->body.size) {
		ssize_t	n = body_read(&m->body, at, buffer_room(text, 4096),
			    4096, &why);

		assert_true(n > 0);
		text->len += (size_t)n;
		at += (size_t)n;
	}
	buffer_add(text, "", 0);
}

static void
look_at_entry(struct scenario_place *p, struct entry *e, const char *to,
    struct fate *f)
{
	const struct envelope	*envelope = &e->file.envelope;
	struct buffer		 text = { 0 };
	struct failure		 why;

	if (!entry_load(e, &why)) {
		accuse(p, "entry: %s", why.text);
		return;
	}
	add_message(&text, &e->message);
	if (envelope->reverse_path[0] != '\0')
		compare(p, &p->queued, text.data, text.len);
	else if (e->file.outcomes[0].kind == OUTCOME_WAITING &&
	    is_bounce_for(text.data, to)) {
		f->bounce.queued++;
		f->bounce.next = e->next;
	}
	for (size_t i = 0; e->dir == SPOOL_QUEUE && i < envelope->n; i++)
		if (strcmp(envelope->forward[i].path, to) == 0 &&
		    e->file.outcomes[i].kind == OUTCOME_WAITING) {
			f->message.queued++;
			f->message.next = e->next;
		}
	f->given_up += e->dir == SPOOL_FAILED;
	buffer_free(&text);
}

static void
look_at_spool(struct scenario_place *p, enum spool_dir dir, const char *to,
    struct fate *f)
{
	struct spool_options	options = { 0 };
	struct spool_list	list;
	struct spool		spool;
	struct failure		why;

	if (!spool_open(&spool, p->spool, &options, &why))
		return;
	assert_true(spool_list(&list, &spool, dir, &why));
	for (size_t i = 0; i < list.n; i++) {
		struct entry	entry;

		if (entry_open(&entry, &spool, dir, list.item[i].name,
		    ENTRY_LOOK, &why) == ENTRY_OPENED)
			look_at_entry(p, &entry, to, f);
		else
			accuse(p, "%s: %s", list.item[i].name, why.text);
		entry_close(&entry);
	}
	spool_list_free(&list);
	spool_close(&spool);
}

static struct fate
find(struct scenario_place *p, const char *to)
{
	struct fate	f = { 0 };

	look_at_server(p, to, &f);
	if (p->s->files != NULL)
		look_at_files(p, &f);
	look_at_spool(p, SPOOL_QUEUE, to, &f);
	look_at_spool(p, SPOOL_FAILED, to, &f);
	return f;
}

/* Somebody gets it more than once. */
static bool
are_repeated(const struct copies *c, int64_t now)
{
	return c->delivered > 1 || c->queued > 1 || (c->delivered > 0 &&
	    c->queued > 0 && c->next - now < DOUBT_S);
}

static void
judge_copies(struct scenario_place *p, const char *what, const char *to,
    const struct copies *c, int64_t now)
{
	if (are_repeated(c, now))
		accuse(p, "%s %s: delivered %zu times, queued %zu times", what,
		    to, c->delivered, c->queued);
}

enum answer { NONE, ACCEPTED, REFUSED };

/* What the caller was told about the message. */
static enum answer
answer_of(const struct scenario_place *p)
{
	const char	*at;

	if (p->s->kind != SPEAKS)
		return p->o.signal == 0 && p->o.status == EX_OK ? ACCEPTED :
		    REFUSED;
	at = strstr(p->o.out.data, "\r\n354 ");
	/* If the replies of the service are lost, the client has none. */
	if (at == NULL)
		return p->s->service != NO_SERVICE &&
		    (p->o.status != EX_OK || p->o.signal != 0) ? NONE :
		    REFUSED;
	at = strstr(at + 2, "\r\n") + 2;
	return *at == '\0' ? NONE : *at == '2' ? ACCEPTED : REFUSED;
}

static void
judge_first(struct scenario_place *p, size_t queued)
{
	if (p->runs == 1 && (queued > 0) != p->s->waits)
		accuse(p, "without a fault: queued for %zu recipients",
		    queued);
}

static void
judge_new(struct scenario_place *p, int64_t now)
{
	enum answer	answer = answer_of(p);
	size_t		without = 0, queued = 0;

	for (size_t i = 0; p->s->to[i] != NULL; i++) {
		struct fate	f = find(p, p->s->to[i]);

		judge_copies(p, "to", p->s->to[i], &f.message, now);
		without += f.message.delivered + f.message.queued == 0;
		queued += f.message.queued;
	}
	judge_first(p, queued);
	if (answer == ACCEPTED && without > 0)
		accuse(p, "accepted and lost");
	if (answer == REFUSED && without == 0 && strstr(p->o.err.data,
	    "the server may have accepted the message") == NULL)
		accuse(p, "delivered or queued, and reported as failed");
}

static bool
is_lost(const struct fate *f)
{
	return f->message.delivered + f->message.queued + f->given_up +
	    f->bounce.delivered + f->bounce.queued == 0;
}

/* If a recipient was refused, the next queue run may have to bounce. */
static void
judge_old(struct scenario_place *p, int64_t now)
{
	size_t	queued = 0;
	bool	is_done = p->o.status == EX_OK && p->o.signal == 0 &&
		    p->s->words[0] != NULL &&
		    strncmp(p->s->words[0], "-q", 2) == 0;

	for (size_t i = 0; p->s->to[i] != NULL; i++) {
		struct program_result	o;
		struct fate		f = find(p, p->s->to[i]);

		if (is_lost(&f)) {
			relais_run(&o, p->conf, WORDS("-qf"), "");
			program_result_free(&o);
			f = find(p, p->s->to[i]);
		}
		if (is_lost(&f))
			accuse(p, "%s: lost", p->s->to[i]);
		judge_copies(p, "to", p->s->to[i], &f.message, now);
		judge_copies(p, "the bounce for", p->s->to[i], &f.bounce, now);
		if (f.bounce.delivered + f.bounce.queued > 0 &&
		    f.message.delivered + f.message.queued > 0)
			accuse(p, "%s: delivered or queued, and bounced",
			    p->s->to[i]);
		if (is_done && (f.message.delivered != 1 ||
		    f.message.queued != 0))
			accuse(p, "exit status 0, but %s: delivered %zu times, "
			    "queued %zu times", p->s->to[i],
			    f.message.delivered, f.message.queued);
		queued += f.message.queued;
	}
	judge_first(p, queued);
}

/* Where a message that waited for a digest is now. */
struct kept {
	size_t	delivered;
	size_t	ready;		/* entries that can be sent, or in failed/ */
	size_t	collected;	/* entries that cannot, with a digest that is
				 * not complete */
	int64_t	next;		/* of the first one that can be sent */
};

static bool
holds(const struct buffer *text, const char *subject)
{
	char	line[60];

	snprintf(line, sizeof(line), "%s\r\n", subject);
	return memmem(text->data, text->len, line, strlen(line)) != NULL;
}

static void
look_for_collected(struct scenario_place *p, struct entry *e,
    const char *subject, struct kept *k)
{
	struct buffer	text = { 0 };
	struct failure	why;

	if (!entry_load(e, &why)) {
		accuse(p, "entry: %s", why.text);
		return;
	}
	add_message(&text, &e->message);
	if (holds(&text, subject) && e->file.collected &&
	    e->dir == SPOOL_QUEUE) {
		k->collected++;
	} else if (holds(&text, subject) && (e->dir == SPOOL_FAILED ||
	    e->file.outcomes[0].kind == OUTCOME_WAITING)) {
		k->ready++;
		k->next = e->next;
	}
	buffer_free(&text);
}

static struct kept
find_collected(struct scenario_place *p, const char *subject)
{
	struct spool_options	options = { 0 };
	struct kept		k = { 0 };
	struct spool		spool;
	struct failure		why;

	assert_true(mock_smtp_wait_closed(p->host,
	    mock_smtp_connections(p->host)));
	for (size_t i = p->messages; i < mock_smtp_messages(p->host); i++) {
		const struct heard_message	*m =
		    mock_smtp_message(p->host, i);

		k.delivered += m->code == 250 && holds(&m->data, subject);
	}
	assert_true(spool_open(&spool, p->spool, &options, &why));
	for (enum spool_dir d = SPOOL_QUEUE; d <= SPOOL_FAILED; d++) {
		struct spool_list	list;

		assert_true(spool_list(&list, &spool, d, &why));
		for (size_t i = 0; i < list.n; i++) {
			struct entry	e;

			if (entry_open(&e, &spool, d, list.item[i].name,
			    ENTRY_LOOK, &why) == ENTRY_OPENED)
				look_for_collected(p, &e, subject, &k);
			else
				accuse(p, "%s: %s", list.item[i].name,
				    why.text);
			entry_close(&e);
		}
		spool_list_free(&list);
	}
	spool_close(&spool);
	return k;
}

/* Each message is delivered or kept, and not sent twice. */
static void
judge_collected(struct scenario_place *p, int64_t now)
{
	bool	is_done = p->o.status == EX_OK && p->o.signal == 0;

	for (size_t i = 0; i < p->s->collected; i++) {
		struct kept	k = find_collected(p, subject_of(i));
		size_t		copies = k.delivered + k.ready +
				    (k.collected > 0);

		if (copies == 0)
			accuse(p, "message %zu: lost", i);
		if (copies > 1 && (k.delivered != 1 || k.ready != 1 ||
		    k.next - now < DOUBT_S))
			accuse(p, "message %zu: delivered %zu times, queued "
			    "%zu times, collected %zu times", i, k.delivered,
			    k.ready, k.collected);
		if (is_done && (k.delivered != 1 || copies != 1))
			accuse(p, "exit status 0, but message %zu: delivered "
			    "%zu times, queued %zu times, collected %zu times",
			    i, k.delivered, k.ready, k.collected);
	}
}

/* An entry that cannot be read is listed with the reason. */
static void
judge_output(struct scenario_place *p)
{
	bool	silent = p->o.status == EX_OK && p->o.err.len == 0 &&
		    strstr(p->o.out.data, ": cannot be ") == NULL;

	const char *const	*words = p->s->says[0] != NULL ? p->s->says :
				    p->s->to;

	for (size_t i = 0; silent && words[i] != NULL; i++)
		if (strstr(p->o.out.data, words[i]) == NULL)
			accuse(p, "exit status 0, but %s is missing: %s",
			    words[i], p->o.out.data);
}

/* The times in the file of a login. */
static void
hide_digits(struct buffer *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] >= '0' && text->data[i] <= '9')
			text->data[i] = '0';
}

/* All files have the new content, or none has. */
static void
judge_files(struct scenario_place *p, bool may_leave)
{
	struct buffer	text = { 0 };
	size_t		new = 0, n = 0;

	for (; n < 3 && p->s->written[n] != NULL; n++) {
		const char	*path = temp_dir_path(&p->dir,
				    p->s->written[n]);
		struct buffer	*model = &p->written[n];

		if (access(path, F_OK) == -1) {
			if (p->s->old != NULL)
				accuse(p, "%s is gone", path);
			continue;
		}
		file_read(&text, path);
		if (p->s->logs_in)
			hide_digits(&text);
		if (model->len == 0)
			buffer_add(model, text.data, text.len + 1);
		if (p->s->old != NULL && strcmp(text.data, p->s->old) == 0)
			continue;
		new++;
		if (strcmp(text.data, model->data) != 0)
			accuse(p, "%s: not the whole file: %s", path,
			    text.data);
	}
	if (new != 0 && new != n && !may_leave)
		accuse(p, "%zu of %zu files are new", new, n);
	if (p->o.status == EX_OK && p->o.signal == 0 && new != n)
		accuse(p, "exit status 0, but %zu of %zu files are old",
		    n - new, n);
	buffer_free(&text);
}

/* Adds the names of the files below a directory, except those of messages. */
static void
add_names(struct scenario_place *p, struct buffer *to, const char *path)
{
	DIR		*d = opendir(path);
	struct dirent	*e;
	struct stat	 st;
	char		 inner[600];
	bool		 files = p->s->files != NULL && strcmp(path,
			    temp_dir_path(&p->dir, p->s->files)) == 0;

	while (d != NULL && !files && (e = readdir(d)) != NULL) {
		snprintf(inner, sizeof(inner), "%s/%s", path, e->d_name);
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 || lstat(inner, &st) == -1)
			continue;
		if (S_ISDIR(st.st_mode))
			add_names(p, to, inner);
		/* The service replaces the socket of a dead one. */
		else if (!S_ISSOCK(st.st_mode))
			buffer_addf(to, "%s\n", inner);
	}
	if (d != NULL)
		closedir(d);
}

/* Compares the files beside the spool with those after the first run. */
static void
judge_rest(struct scenario_place *p, bool may_leave)
{
	char	 tmp[200], *line, *rest, *end;

	buffer_clear(&p->found);
	snprintf(tmp, sizeof(tmp), "%s/tmp", p->spool);
	add_names(p, &p->found, tmp);
	if (strncmp(p->spool, p->dir.path, strlen(p->dir.path)) != 0)
		add_names(p, &p->found, p->dir.path);
	buffer_add(&p->found, "", 1);
	if (p->names.len == 0) {
		buffer_add(&p->names, p->found.data, p->found.len);
		return;
	}
	for (line = p->found.data; (end = strchr(line, '\n')) != NULL;
	    line = rest) {
		rest = end + 1;
		*end = '\0';
		if (strstr(p->names.data, line) != NULL)
			continue;
		if (!may_leave)
			accuse(p, "left: %s", line);
		unlink(line);
	}
}

static void
judge_service(struct scenario_place *p, const struct scenario_excuse *excuse)
{
	const struct program_result	*o = &p->service;

	if (o->signal != 0 && o->signal != excuse->signal)
		accuse(p, "the service was killed by signal %d", o->signal);
	if (o->signal == 0 && o->status != EX_OK && o->err.len == 0 &&
	    !excuse->is_mute)
		accuse(p, "no reason from the service");
}

/* Reads what was logged; returns the number of records. */
static size_t
read_log(const struct scenario_place *p)
{
	const int	fds[] = { p->loggers.syslog_fd, p->loggers.journal_fd };
	char		record[8192];
	size_t		n = 0;

	for (size_t i = 0; i < 2; i++)
		while (recv(fds[i], record, sizeof(record), MSG_DONTWAIT) > 0)
			n++;
	return n;
}

bool
scenario_judge(struct scenario_place *p, const struct scenario_excuse *excuse)
{
	int64_t	now = time(NULL) + excuse->clock;

	if (p->runs == 1 && p->o.status != p->s->status)
		accuse(p, "without a fault: exit status %d", p->o.status);
	if (p->o.signal != 0 && p->o.signal != excuse->signal)
		accuse(p, "killed by signal %d", p->o.signal);
	/* Status 1 is the state of the queue. */
	if (p->o.signal == 0 && p->o.status > 1 && p->o.err.len == 0 &&
	    !excuse->is_mute && p->s->kind != SPEAKS &&
	    strstr(p->o.out.data, "FAIL") == NULL)
		accuse(p, "no reason");
	if (p->s->logs && read_log(p) == 0 && p->runs == 1)
		accuse(p, "without a fault: nothing is logged");
	switch (p->s->kind) {
	case SUBMITS:
	case SPEAKS:
		if (p->s->kind == SUBMITS || !excuse->is_unheard)
			judge_new(p, now);
		break;
	case FLUSHES:
		if (p->s->collected > 0)
			judge_collected(p, now);
		else
			judge_old(p, now);
		break;
	case PRINTS:
		if (!excuse->is_unheard)
			judge_output(p);
		break;
	case WRITES:
		if (p->o.signal == 0)
			judge_files(p, excuse->may_leave);
		break;
	}
	judge_service(p, excuse);
	judge_rest(p, excuse->may_leave || p->o.signal != 0);
	p->successes += p->o.signal == 0 && p->o.status == EX_OK;
	return p->wrong.len == 0;
}

void
scenario_sweep(struct scenario_place *p)
{
	char	path[200];

	if (p->s->forgets) {
		snprintf(path, sizeof(path), "%s/state", p->spool);
		unlink(path);
	}

	for (enum spool_dir d = 0; d < SPOOL_DIRS; d++) {
		snprintf(path, sizeof(path), "%s/%s", p->spool,
		    spool_dir_name(d));
		clear_directory(path);
	}
	if (p->s->files != NULL)
		clear_directory(temp_dir_path(&p->dir, p->s->files));
	/* Its port may be in the files that were written. */
	if (p->runs % RUNS_PER_SERVER == 0 && p->s->kind != WRITES)
		start_server(p);
	p->messages = mock_smtp_messages(p->host);
}
