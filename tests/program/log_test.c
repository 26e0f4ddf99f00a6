/*
 * A log or a standard error without a reader does not delay a message or change
 * the exit status.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/namespace.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/skip.h"
#include "support/temp_spool.h"

enum { NO_NAMESPACE = 99, DEADLINE_MS = 10000 };

/* The socket at /dev/log. */
enum logger {
	FULL,		/* and never reads */
	FULL_STREAM,	/* for connections, and never accepts one */
	DEAD,		/* the socket exists without a process */
};

static int
log_socket(int type, struct sockaddr_un *at)
{
	int	fd = socket(AF_UNIX, type, 0);

	if (fd == -1 || bind(fd, (struct sockaddr *)at, sizeof(*at)) == -1 ||
	    (type == SOCK_STREAM && listen(fd, 0) == -1))
		_exit(NO_NAMESPACE);
	return fd;
}

/* The buffer of each sender and the queue of the logger are full. */
static void
fill(int type, const struct sockaddr_un *to)
{
	for (int i = 0; i < 100; i++) {
		int	fd = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);

		if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) ==
		    -1)
			return;
		while (type == SOCK_DGRAM && send(fd, "x", 1, 0) == 1)
			continue;
	}
}

static void
put_logger(void *ctx)
{
	struct sockaddr_un	at = { AF_UNIX, "/dev/log" };
	enum logger		logger = *(enum logger *)ctx;
	int			type = logger == FULL_STREAM ? SOCK_STREAM :
				    SOCK_DGRAM;
	int			fd;

	if (!namespace_enter(1000, CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("tmpfs", "/dev", "tmpfs", 0, "mode=0755") == -1)
		_exit(NO_NAMESPACE);
	fd = log_socket(type, &at);
	if (logger == DEAD)
		close(fd);
	else
		fill(type, &at);
}

static void
run_logging(struct queue_fixture *p, struct program_result *o,
    enum logger logger, const char *const *arguments)
{
	const char	*argv[16] = { "relais", "-C", p->conf, "-o",
			    "log=syslog" };
	size_t		 n = 5;

	while (*arguments != NULL)
		argv[n++] = *arguments++;
	program_run(o, &(struct program){ .argv = argv,
	    .input = "Subject: x\n\nhi\n", .prepare = put_logger,
	    .ctx = &logger, .deadline_ms = DEADLINE_MS });
	if (o->status == NO_NAMESPACE)
		skip_because("the system allows no name spaces");
}

static void
a_message_is_sent(void **state)
{
	enum logger		logger = *(enum logger *)*state;
	struct queue_fixture	p;
	struct program_result	o;

	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	run_logging(&p, &o, logger, WORDS("-i", "a@example.net"));
	assert_int_equal(o.status, 0);
	assert_string_equal(o.err.data, "");
	program_result_free(&o);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	assert_int_equal(mock_smtp_messages(p.host), 1);
	queue_fixture_close(&p);
}

static void
the_queue_is_run(void **state)
{
	enum logger		logger = *(enum logger *)*state;
	struct queue_fixture	p;
	struct program_result	o;

	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	queue_fixture_put(&p, "me@example.org", (const char *const[]){
	    "a@example.net", "b@example.net", "" });
	run_logging(&p, &o, logger, WORDS("-q"));
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	assert_true(mock_smtp_wait_messages(p.host, 2));
	assert_int_equal(mock_smtp_messages(p.host), 2);
	queue_fixture_close(&p);
}

/* The socket in the directory replaces that of the system. */
static void
link_logger(void *ctx)
{
	if (!namespace_enter(1000, CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("tmpfs", "/dev", "tmpfs", 0, "mode=0755") == -1 ||
	    symlink(ctx, "/dev/log") == -1)
		_exit(NO_NAMESPACE);
}

static void
a_log_line_has_the_syslog_format(void **state)
{
	struct sockaddr_un	at = { .sun_family = AF_UNIX };
	struct fixture		p;
	struct program_result	o;
	char			line[4096] = "";
	int			fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct tm		tm;

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	strlcpy(at.sun_path, temp_dir_path(&p.dir, "log"),
	    sizeof(at.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	program_run(&o, &(struct program){ .argv = WORDS("relais", "-C",
	    p.conf, "-o", "log=syslog", "-i", "a@example.net"),
	    .input = "Subject: x\n\nhi\n", .prepare = link_logger,
	    .ctx = at.sun_path });
	if (o.status == NO_NAMESPACE)
		skip_because("the system allows no name spaces");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	assert_true(recv(fd, line, sizeof(line) - 1, MSG_DONTWAIT) > 0);
	assert_memory_equal(line, "<22>", 4);
	assert_non_null(strptime(line + 4, "%b %e %T", &tm));
	assert_memory_equal(line + 19, " relais[", 8);
	assert_non_null(strstr(line, "]: sent uid="));
	assert_null(strchr(line, '\n'));
	close(fd);
	fixture_close(&p);
}

#define WITH(sentence, test, which) { sentence, test, NULL, NULL, \
	&(enum logger){ which } }

/* A full pipe whose reader exists but does not read. */
static void
fill_stderr(void *ctx)
{
	static const char	block[1024];
	int			ends[2];

	(void)ctx;
	if (pipe(ends) == -1 || fcntl(ends[1], F_SETFL, O_NONBLOCK) == -1)
		_exit(NO_NAMESPACE);
	while (write(ends[1], block, sizeof(block)) > 0)
		continue;
	fcntl(ends[1], F_SETFL, 0);
	dup2(ends[1], STDERR_FILENO);
}

/* Pipes without a reader: a write causes SIGPIPE. */
static void
close_readers(void *ctx)
{
	int	ends[2];

	(void)ctx;
	if (pipe(ends) == -1)
		_exit(NO_NAMESPACE);
	dup2(ends[1], STDOUT_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[0]);
	signal(SIGPIPE, SIG_DFL);
}

struct report {
	bool		 closed;	/* no reader; otherwise, it is full */
	const char	*reply;		/* to RCPT; NULL: as usual */
	const char	*log;
	const char	*argument;
	int		 status;
};

static void
has_its_status(void **state)
{
	const struct report	*r = *state;
	struct fixture		 p;
	struct program_result	 o;

	fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .say = r->reply } } }, "smtp", r->log);
	program_run(&o, &(struct program){ .argv = WORDS("relais", "-C",
	    p.conf, r->argument, "a@example.net"),
	    .input = "Subject: x\n\nhi\n",
	    .prepare = r->closed ? close_readers : fill_stderr,
	    .deadline_ms = DEADLINE_MS });
	assert_int_equal(o.status, r->status);
	program_result_free(&o);
	if (r->status == 0)
		fixture_message(&p, 0);
	fixture_close(&p);
}

#define REPORTS(sentence, ...) { sentence, has_its_status, NULL, NULL, \
	&(struct report){ __VA_ARGS__ } }

static const struct CMUnitTest log_spec[] = {
	cmocka_unit_test(a_log_line_has_the_syslog_format),
	WITH("a full log does not delay a message", a_message_is_sent, FULL),
	WITH("a full stream log does not delay a message",
	    a_message_is_sent, FULL_STREAM),
	WITH("a log without a reader does not delay a message",
	    a_message_is_sent, DEAD),
	WITH("a full log does not delay a queue run", the_queue_is_run, FULL),
	REPORTS("a full standard error as the log does not change status 0",
	    .argument = "-i", .log = "log = stderr\n", .status = 0),
	REPORTS("a full standard error as the log does not change a refusal",
	    .argument = "-i", .log = "log = stderr\n",
	    .reply = "550 5.1.1 who?", .status = EX_NOUSER),
	REPORTS("a full standard error does not change the status of a refusal",
	    .argument = "-i", .reply = "550 5.1.1 who?",
	    .status = EX_NOUSER),
	REPORTS("a full standard error does not change the status of a bad "
	    "option", .argument = "-Z",
	    .status = EX_USAGE),
	REPORTS("a full standard error does not change the status of a warning",
	    .argument = "-Bodd", .status = 0),
	REPORTS("a log on a closed pipe does not end a process by SIGPIPE",
	    .closed = true, .argument = "-i", .log = "log = stderr\n",
	    .status = 0),
	REPORTS("a dialogue on a closed pipe does not end a process by SIGPIPE",
	    .closed = true, .argument = "-v", .status = 0),
	REPORTS("a refusal that nobody reads does not end a process by SIGPIPE",
	    .closed = true, .argument = "-i", .reply = "550 5.1.1 who?",
	    .status = EX_NOUSER),
};

int
main(void)
{
	return cmocka_run_group_tests(log_spec, NULL, NULL);
}
