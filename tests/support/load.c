#include "support/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "support/serving.h"
#include "util/clock.h"
#include "util/memory.h"

enum {
	LIFE_S = 900,			/* of the smarthost */
	STOP_MS = 60 * 1000,		/* for the service to end */
	STUCK_MS = 120 * 1000,		/* without a caller that ends */
	CHILDREN_MAX = 4096,
	LOOK_AGAIN_MS = 50,
};

/* A caller that is running. */
struct caller {
	pid_t	pid;			/* 0: none */
	size_t	message;
};

static struct script
smarthost(const struct load *l, uint16_t port)
{
	return (struct script){ .security = TLS_AT_ONCE, .life_s = LIFE_S,
	    .certificate = l->at.usual.chain, .key = l->at.usual.key,
	    .port = port };
}

void
load_open(struct load *l, const char *more)
{
	struct script	script;
	char		lines[1000];

	*l = (struct load){ 0 };
	tls_fixture_begin(&l->at);
	snprintf(l->spool, sizeof(l->spool), "%s/spool", l->at.dir.path);
	snprintf(lines, sizeof(lines), "tls_ca = {ca}\nlog = stderr\n"
	    "socket = {dir}/run/submission\nqueue = {dir}/spool\n%s",
	    more != NULL ? more : "");
	script = smarthost(l, 0);
	tls_fixture_open(&l->at, &script, "submissions", lines);
	snprintf(l->conf, sizeof(l->conf), "%s/service.conf",
	    l->at.dir.path);
	load_configure(l, "");
	l->errors = memfd_create("errors", MFD_CLOEXEC);
	assert_int_not_equal(l->errors, -1);
}

void
load_configure(struct load *l, const char *more)
{
	struct buffer	lines = { 0 };

	file_read(&lines, l->at.conf);
	buffer_add_text(&lines, more);
	assert_int_equal(rename(temp_dir_write(&l->at.dir, "new.conf", 0600,
	    lines.data), l->conf), 0);
	buffer_free(&lines);
}

void
load_start(struct load *l, void (*prepare)(void *))
{
	l->service = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", l->conf, "serve"),
	    .prepare = prepare, .deadline_ms = STOP_MS,
	    .measured = true });
	program_wait_output(l->service, "accepts mail on");
}

static void
end_service(struct load *l, int sig)
{
	struct program_result	o;

	program_stop(l->service, sig, &o);
	l->service = NULL;
	if (o.max_rss_kb > l->rss_max_kb)
		l->rss_max_kb = o.max_rss_kb;
	if (sig == SIGTERM && o.status != 0)
		fail_msg("the service: status %d, signal %d: %s", o.status,
		    o.signal, o.err.data);
	program_result_free(&o);
}

void
load_stop(struct load *l)
{
	end_service(l, SIGTERM);
}

void
load_kill(struct load *l)
{
	end_service(l, SIGKILL);
}

size_t
load_children(const struct load *l, pid_t *to, size_t max)
{
	return l->service == NULL ? 0 :
	    serving_children(program_pid(l->service), to, max);
}

/* Starts a caller.  Its message fits into the pipe. */
static pid_t
start_caller(const struct load *l, const struct load_callers *c, size_t number)
{
	const char *const		*argv = c->argv != NULL ? c->argv :
					    WORDS("relais", "-C",
					    l->at.conf, "-i",
					    "a@example.net");
	const char *const		*env = c->env != NULL ? c->env :
					    WORDS("LC_ALL=C");
	const char			*path = argv[0][0] == '/' ? argv[0] :
					    relais_program(argv);
	posix_spawn_file_actions_t	 actions;
	int				 in[2];
	pid_t				 pid;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	dprintf(in[1], "Subject: message %zu\nFrom: me@example.org\n"
	    "To: a@example.net\n\nThe text of this message.\n", number);
	close(in[1]);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	posix_spawn_file_actions_adddup2(&actions, l->errors, 1);
	posix_spawn_file_actions_adddup2(&actions, l->errors, 2);
	errno = posix_spawn(&pid, path, &actions, NULL,
	    (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
	if (errno != 0)
		fail_msg("%s: %s", path, strerror(errno));
	posix_spawn_file_actions_destroy(&actions);
	close(in[0]);
	return pid;
}

static void
show_errors(const struct load *l)
{
	char	text[4096];
	off_t	size = lseek(l->errors, 0, SEEK_END);
	ssize_t	n = pread(l->errors, text, sizeof(text) - 1,
		    size > (off_t)sizeof(text) ? size - (off_t)sizeof(text) :
		    0);

	text[n > 0 ? n : 0] = '\0';
	print_error("the end of the callers' standard error: %s\n", text);
}

static void
reap_caller(struct load *l, struct caller *caller)
{
	int	status;

	assert_int_equal(waitpid(caller->pid, &status, 0), caller->pid);
	caller->pid = 0;
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 &&
	    WEXITSTATUS(status) != EX_TEMPFAIL))
		l->failed++;
	else if (WEXITSTATUS(status) == EX_TEMPFAIL)
		l->deferred++;
	else {
		l->acknowledged++;
		l->message[caller->message].acknowledged = true;
	}
}

double
load_run(struct load *l, const struct load_callers *c)
{
	struct caller	*caller = memory_new(c->at_once, sizeof(*caller));
	struct pollfd	*p = memory_new(c->at_once, sizeof(*p));
	size_t		 started = l->n, end = l->n + c->n, ended = 0;
	int64_t		 begin = clock_ms();
	pid_t		 children[CHILDREN_MAX];
	size_t		 n_children;

	l->message = reallocarray(l->message, end, sizeof(*l->message));
	memset(l->message + l->n, 0, c->n * sizeof(*l->message));
	l->n = end;
	for (size_t i = 0; i < c->at_once; i++)
		p[i].fd = -1;
	while (ended < c->n) {
		for (size_t i = 0; i < c->at_once && started < end; i++) {
			if (caller[i].pid != 0)
				continue;
			caller[i].message = started;
			caller[i].pid = start_caller(l, c, started++);
			p[i].fd = pidfd_open(caller[i].pid, 0);
			p[i].events = POLLIN;
		}
		if (poll(p, c->at_once, STUCK_MS) <= 0) {
			show_errors(l);
			fail_msg("no caller ends: %zu of %zu have", ended,
			    c->n);
		}
		for (size_t i = 0; i < c->at_once; i++) {
			if (p[i].fd == -1 || p[i].revents == 0)
				continue;
			close(p[i].fd);
			p[i].fd = -1;
			reap_caller(l, &caller[i]);
			ended++;
			if (c->ended != NULL)
				c->ended(l, ended);
		}
		n_children = load_children(l, children, CHILDREN_MAX);
		if (n_children > l->processes_max)
			l->processes_max = n_children;
	}
	free(caller);
	free(p);
	return (double)(clock_ms() - begin) / 1000;
}

/* Adds what the present smarthost has received. */
static void
count_received(struct load *l)
{
	size_t	n = mock_smtp_messages(l->at.host);

	for (size_t i = 0; i < n; i++) {
		const struct heard_message	*m =
		    mock_smtp_message(l->at.host, i);
		const char	*subject = memmem(m->data.data, m->data.len,
				    "Subject: message ", 17);
		size_t		 number;

		assert_non_null(subject);
		number = strtoul(subject + 17, NULL, 10);
		assert_in_range(number, 0, l->n - 1);
		l->message[number].received += m->code == 250;
	}
}

/* It may receive messages until it has ended. */
static void
end_smarthost(struct load *l)
{
	mock_smtp_end(l->at.host);
	count_received(l);
	mock_smtp_stop(l->at.host);
}

void
load_lose_smarthost(struct load *l)
{
	uint16_t	port = l->at.host->port;
	struct script	gone = { .refusing = true, .port = port };

	end_smarthost(l);
	l->at.host = mock_smtp_start(&gone);
}

void
load_replace_smarthost(struct load *l)
{
	struct script	script = smarthost(l, l->at.host->port);

	end_smarthost(l);
	l->at.host = mock_smtp_start(&script);
}

/* A queue run of a service that was killed may still be sending a message. */
void
load_settle(struct load *l)
{
	const struct timespec	pause = { 0, LOOK_AGAIN_MS * 1000000 };
	int64_t			end = clock_ms() + STUCK_MS;
	struct program_result	o;

	if (l->service != NULL)
		load_stop(l);
	for (;;) {
		program_run(&o, &(struct program){
		    .argv = WORDS("relais", "-C", l->at.conf, "-qf"),
		    .deadline_ms = STUCK_MS });
		if (strstr(o.err.data, "being sent by another process") ==
		    NULL || clock_ms() > end)
			break;
		program_result_free(&o);
		nanosleep(&pause, NULL);
	}
	if (o.status != 0 || temp_dir_count(temp_dir_path(&l->at.dir,
	    "spool/queue")) != 0)
		fail_msg("the queue run: status %d: %s", o.status,
		    o.err.data);
	program_result_free(&o);
}

void
load_check(struct load *l, size_t twice_max)
{
	size_t	lost = 0, twice = 0, thrice = 0;

	assert_true(mock_smtp_wait_closed(l->at.host,
	    mock_smtp_connections(l->at.host)));
	count_received(l);
	for (size_t i = 0; i < l->n; i++) {
		const struct load_message	*m = &l->message[i];

		if (m->acknowledged && m->received == 0)
			lost++;
		twice += m->received == 2;
		thrice += m->received > 2;
	}
	print_message("%zu messages: %zu acknowledged, %zu deferred to the "
	    "caller, %zu failed, %zu received twice; at most %zu processes "
	    "of %ld KiB\n", l->n, l->acknowledged, l->deferred, l->failed,
	    twice, l->processes_max, l->rss_max_kb);
	if (l->failed > 0)
		show_errors(l);
	assert_int_equal(lost, 0);
	assert_int_equal(thrice, 0);
	assert_in_range(twice, 0, twice_max);
	assert_int_equal(l->failed, 0);
}

void
load_close(struct load *l)
{
	if (l->service != NULL)
		load_stop(l);
	close(l->errors);
	free(l->message);
	tls_fixture_close(&l->at);
}
