/*
 * relais serve as a process: its user, the sockets that it is passed, what it
 * tells the service manager, its signals, and process 1 of a container.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/serving.h"
#include "support/skip.h"
#include "support/strace.h"
#include "support/temp_spool.h"
#include "support/user.h"
#include "util/clock.h"

enum { RELAIS = 990, DEADLINE_MS = 20 * 1000 };

#define TRANSACTION \
	"LHLO a\r\nMAIL FROM:<a@example.org>\r\n" \
	"RCPT TO:<b@example.net>\r\n" \
	"DATA\r\nSubject: a\r\n\r\nhello\r\n.\r\nQUIT\r\n"

static bool
exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Waits until the condition is true, or fails the test. */
static void
wait_until(bool (*condition)(void *), void *context, const char *what)
{
	const struct timespec	pause = { 0, 5 * 1000000 };
	int64_t			end = clock_ms() + DEADLINE_MS;

	while (!condition(context)) {
		if (clock_ms() > end)
			fail_msg("waited in vain: %s", what);
		nanosleep(&pause, NULL);
	}
}

static bool
is_gone(void *path)
{
	return !exists(path);
}

/* -------------------------------------------------------- the user relais */

/* Files that the service finds as /etc/passwd and /etc/group. */
struct machine {
	char	passwd[100];
	char	group[100];
};

static void
machine_make(struct machine *m, struct temp_dir *dir)
{
	struct buffer	text = { 0 };

	file_read(&text, "/etc/passwd");
	buffer_addf(&text, "relais:x:%d:%d::/:/bin/false\n", RELAIS, RELAIS);
	strlcpy(m->passwd, temp_dir_write(dir, "passwd", 0644, text.data),
	    sizeof(m->passwd));
	file_read(&text, "/etc/group");
	buffer_addf(&text, "relais:x:%d:\n", RELAIS);
	strlcpy(m->group, temp_dir_write(dir, "group", 0644, text.data),
	    sizeof(m->group));
	buffer_free(&text);
}

/* For .prepare: root, in a group that it must leave. */
static void
machine_enter(void *context)
{
	const struct machine	*m = context;
	const gid_t		 groups[] = { 4, 5 };

	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount(m->passwd, "/etc/passwd", NULL, MS_BIND, NULL) == -1 ||
	    mount(m->group, "/etc/group", NULL, MS_BIND, NULL) == -1 ||
	    setgroups(2, groups) == -1) {
		dprintf(2, "no namespace: %s\n", strerror(errno));
		_exit(99);
	}
}

/* Gives relais.conf to the group relais. */
static void
give_conf(const struct serving *s)
{
	assert_int_equal(chown(s->conf, 0, RELAIS), 0);
	assert_int_equal(chmod(s->conf, 0640), 0);
}

/* Skips the test if this machine has no mount namespaces for root. */
static void
open_machine(struct serving *s, struct machine *m, const struct script *script)
{
	int	status;
	pid_t	pid;

	user_needs_root();
	serving_open(s, script, "");
	machine_make(m, &s->dir);
	pid = fork();
	if (pid == 0) {
		machine_enter(m);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		serving_close(s);
		skip_because("root cannot mount in a namespace of its own");
	}
}

/* Fails unless a process has the user relais, and nothing else. */
static void
assert_is_relais(pid_t pid)
{
	static const char *const	lines[] = {
		"\nUid:\t990\t990\t990\t990\n", "\nGid:\t990\t990\t990\t990\n",
		"\nGroups:\t990 \n", "\nCapPrm:\t0000000000000000\n",
		"\nCapEff:\t0000000000000000\n",
		"\nCapInh:\t0000000000000000\n" };
	struct buffer			status = { 0 };
	char				path[50];

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	file_read(&status, path);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		if (strstr(status.data, lines[i]) == NULL)
			fail_msg("process %ld: not %s: %s", (long)pid,
			    lines[i] + 1, status.data);
	buffer_free(&status);
}

static void
assert_owner(const char *path, mode_t mode)
{
	struct stat	st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, RELAIS);
	assert_int_equal(st.st_gid, RELAIS);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void
root_becomes_the_user_relais(void **state)
{
	struct serving	s;
	struct machine	m;
	pid_t		pids[10];
	size_t		n;
	int		fd;

	(void)state;
	open_machine(&s, &m, &(struct script){ 0 });
	give_conf(&s);
	serving_start(&s, &(struct program){ .prepare = machine_enter,
	    .ctx = &m });
	assert_owner(s.socket, 0666);
	assert_owner(s.spool, 0700);
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent (");
	/* A session, and the worker that has sent the message. */
	fd = serving_connect(&s);
	assert_int_equal(read(fd, (char[4]){ 0 }, 3), 3);
	n = serving_children(program_pid(s.running), pids, 10);
	assert_true(n >= 2);
	assert_is_relais(program_pid(s.running));
	for (size_t i = 0; i < n; i++)
		assert_is_relais(pids[i]);
	close(fd);
	serving_close(&s);
}

static void
root_serves_if_there_is_no_user_relais(void **state)
{
	struct serving		s;
	struct program_result	o;
	struct machine		m;

	(void)state;
	open_machine(&s, &m, &(struct script){ 0 });
	strlcpy(m.passwd, temp_dir_write(&s.dir, "passwd", 0644,
	    "root:x:0:0:root:/root:/bin/sh\n"), sizeof(m.passwd));
	serving_start(&s, &(struct program){ .prepare = machine_enter,
	    .ctx = &m });
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent (");
	serving_stop(&s, &o);
	assert_non_null(strstr(o.err.data, "the user relais does not exist, "
	    "so the service runs as root"));
	program_result_free(&o);
	serving_close(&s);
}

/* What the user relais cannot read, and what the service says about it. */
struct closed_case {
	const char	*sentence;
	const char	*more;		/* lines of relais.conf */
	bool		 conf;		/* relais can read it */
	const char	*err[2];
};

static void
is_closed(void **state)
{
	const struct closed_case *c = *state;
	struct serving		 s;
	struct program_result	 o;
	struct machine		 m;
	char			 more[300];
	const char		*secret;

	open_machine(&s, &m, &(struct script){ 0 });
	secret = temp_dir_write(&s.dir, "secret", 0600, "secret");
	snprintf(more, sizeof(more), "%s%s\n", c->more, c->more[0] != '\0' ?
	    secret : "");
	serving_configure(&s, more);
	if (c->conf)
		give_conf(&s);
	serving_fail(&s, &(struct program){ .prepare = machine_enter,
	    .ctx = &m }, &o);
	assert_int_equal(o.status, EX_NOPERM);
	for (size_t i = 0; i < 2; i++)
		if (strstr(o.err.data, c->err[i]) == NULL)
			fail_msg("no \"%s\" in: %s", c->err[i], o.err.data);
	assert_false(exists(s.socket));
	program_result_free(&o);
	serving_close(&s);
}

static const struct closed_case	closed_table[] = {
	{ "relais.conf", .more = "", .conf = false, { "/relais.conf: ",
	    "relais (uid 990) has no permission to read it" } },
	{ "a password file", .more = "user = me\npassword_file = ",
	    .conf = true, { "/secret: ", "the user of the service (uid 990) "
	    "has no permission to read it" } },
};

static void
a_queue_of_root_is_named(void **state)
{
	struct serving		s;
	struct program_result	o;
	struct machine		m;
	char			words[200];

	(void)state;
	open_machine(&s, &m, &(struct script){ .refusing = true });
	give_conf(&s);
	/* An attempt of root itself. */
	relais_run(&o, s.conf, WORDS("-o", "socket=off", "b@example.net"),
	    "\nhello\n");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	for (int i = 0; i < 2; i++) {
		serving_fail(&s, &(struct program){ .prepare = machine_enter,
		    .ctx = &m }, &o);
		assert_int_equal(o.status, EX_CANTCREAT);
		snprintf(words, sizeof(words), "it must belong to the user of "
		    "the service: run chown -R 990 %s", s.spool);
		if (strstr(o.err.data, words) == NULL)
			fail_msg("no \"%s\" in: %s", words, o.err.data);
		program_result_free(&o);
		/* Only the directory, as tmpfiles.d(5) does for a line "d". */
		assert_int_equal(chown(s.spool, RELAIS, RELAIS), 0);
	}
	serving_close(&s);
}

static void
a_directory_of_root_is_named(void **state)
{
	struct serving		s;
	struct program_result	o;
	struct machine		m;

	(void)state;
	open_machine(&s, &m, &(struct script){ 0 });
	give_conf(&s);
	assert_int_equal(mkdir(temp_dir_path(&s.dir, "run"), 0755), 0);
	serving_fail(&s, &(struct program){ .prepare = machine_enter,
	    .ctx = &m }, &o);
	assert_int_equal(o.status, EX_CANTCREAT);
	assert_non_null(strstr(o.err.data, "/run/submission: cannot create "
	    "the socket of the service: Permission denied; its directory must "
	    "belong to the user of the service (uid 990)"));
	program_result_free(&o);
	serving_close(&s);
}

/* ------------------------------------------------------------ LISTEN_FDS */

enum kind { UNIX_SOCKET, TCP4, TCP6, TCP4_EVERYWHERE, TCP6_EVERYWHERE,
	DATAGRAM, NOT_LISTENING, PLAIN_FILE };

enum { PASSED_MAX = 17 };

struct listen_case {
	const char	*sentence;
	enum kind	 kind[PASSED_MAX];
	size_t		 n;
	const char	*err;		/* it refuses to start, and says why */
	size_t		 claimed;	/* LISTEN_FDS, if not n */
	bool		 foreign;	/* LISTEN_PID is another process */
	bool		 own;		/* the service creates its socket */
};

union any_address {
	struct sockaddr		any;
	struct sockaddr_un	local;
	struct sockaddr_in	v4;
	struct sockaddr_in6	v6;
};

struct passed {
	int			fd[PASSED_MAX];
	union any_address	at[PASSED_MAX];
	socklen_t		len[PASSED_MAX];
	size_t			n;
};

static void
make_socket(struct passed *p, size_t i, enum kind kind, struct temp_dir *dir)
{
	union any_address	*a = &p->at[i];
	char			 name[40];

	*a = (union any_address){ .v4 = { .sin_family = AF_INET } };
	p->len[i] = sizeof(a->v4);
	if (kind == TCP4 || kind == TCP4_EVERYWHERE) {
		a->v4.sin_addr.s_addr = htonl(kind == TCP4 ?
		    INADDR_LOOPBACK : INADDR_ANY);
	} else if (kind == TCP6 || kind == TCP6_EVERYWHERE) {
		a->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
		a->v6.sin6_addr = kind == TCP6 ? in6addr_loopback :
		    in6addr_any;
		p->len[i] = sizeof(a->v6);
	} else {
		snprintf(name, sizeof(name), "passed%zu", i);
		a->local = (struct sockaddr_un){ .sun_family = AF_UNIX };
		strlcpy(a->local.sun_path, temp_dir_path(dir, name),
		    sizeof(a->local.sun_path));
		p->len[i] = sizeof(a->local);
	}
	if (kind == PLAIN_FILE) {
		p->fd[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return;
	}
	p->fd[i] = socket(a->any.sa_family, (kind == DATAGRAM ? SOCK_DGRAM :
	    SOCK_STREAM) | SOCK_CLOEXEC, 0);
	assert_int_not_equal(p->fd[i], -1);
	if (bind(p->fd[i], &a->any, p->len[i]) == -1)
		skip_because("no socket of this kind: %s", strerror(errno));
	if (kind != DATAGRAM && kind != NOT_LISTENING)
		assert_int_equal(listen(p->fd[i], 10), 0);
	getsockname(p->fd[i], &a->any, &p->len[i]);
}

/* For .prepare: the sockets become descriptors 3 and following. */
static void
pass_sockets(void *context)
{
	struct passed	*p = context;

	for (size_t i = 0; i < p->n; i++)
		p->fd[i] = fcntl(p->fd[i], F_DUPFD, 3 + PASSED_MAX);
	for (size_t i = 0; i < p->n; i++)
		if (dup2(p->fd[i], 3 + (int)i) == -1)
			_exit(99);
}

/* Sends a message; the reply must be among those to it. */
static void
assert_reply(const struct passed *p, size_t i, const char *reply)
{
	struct buffer	replies = { 0 };
	char		block[4096];
	ssize_t		n;
	int		fd = socket(p->at[i].any.sa_family,
			    SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, &p->at[i].any, p->len[i]), 0);
	assert_int_equal(write(fd, TRANSACTION, sizeof(TRANSACTION) - 1),
	    (ssize_t)sizeof(TRANSACTION) - 1);
	while ((n = read(fd, block, sizeof(block))) > 0)
		buffer_add(&replies, block, (size_t)n);
	close(fd);
	if (strstr(replies.data, reply) == NULL)
		fail_msg("socket %zu: %s", i, replies.data);
	buffer_free(&replies);
}

static void
is_passed(void **state)
{
	const struct listen_case *c = *state;
	struct serving		 s;
	struct program_result	 o;
	struct passed		 p = { .n = c->n };
	struct program		 how = { .path = "/bin/sh",
				    .prepare = pass_sockets, .ctx = &p };
	char			 script[200];

	serving_open(&s, &(struct script){ 0 }, "");
	for (size_t i = 0; i < c->n; i++)
		make_socket(&p, i, c->kind[i], &s.dir);
	snprintf(script, sizeof(script), "LISTEN_FDS=%zu LISTEN_PID=%s "
	    "LISTEN_FDNAMES=a exec \"$0\" \"$@\"", c->claimed > 0 ?
	    c->claimed : c->n, c->foreign ? "1" : "$$");
	how.argv = WORDS("sh", "-c", script, BUILD "/relais", "-C", s.conf,
	    "serve");
	if (c->err != NULL) {
		serving_fail(&s, &how, &o);
		assert_int_equal(o.status, EX_CONFIG);
		if (strstr(o.err.data, c->err) == NULL)
			fail_msg("no \"%s\" in: %s", c->err, o.err.data);
		assert_false(exists(s.socket));
		program_result_free(&o);
	} else {
		serving_start(&s, &how);
		assert_int_equal(exists(s.socket), c->own);
		for (size_t i = 0; i < c->n && !c->foreign; i++)
			assert_reply(&p, i, "\r\n250 2.0.0 Ok: sent (");
		if (c->own)
			serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: s");
		serving_stop(&s, NULL);
		assert_false(exists(s.socket));
		/* A socket of the service manager stays. */
		for (size_t i = 0; i < c->n; i++)
			if (c->kind[i] == UNIX_SOCKET)
				assert_true(exists(p.at[i].local.sun_path));
	}
	for (size_t i = 0; i < c->n; i++)
		close(p.fd[i]);
	serving_close(&s);
}

/* Their users are not known. */
static void
tcp_clients_count_as_one_user(void **state)
{
	struct serving		 s;
	struct program_result	 o;
	struct passed		 p = { .n = 1 };
	struct program		 how = { .path = "/bin/sh",
				    .prepare = pass_sockets, .ctx = &p };

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "limit = 1/hour\n");
	make_socket(&p, 0, TCP4, &s.dir);
	how.argv = WORDS("sh", "-c", "LISTEN_FDS=1 LISTEN_PID=$$ "
	    "exec \"$0\" \"$@\"", BUILD "/relais", "-C", s.conf, "serve");
	serving_start(&s, &how);
	assert_reply(&p, 0, "\r\n250 2.0.0 Ok: sent (");
	assert_reply(&p, 0, "\r\n450 4.7.1 Error: TCP clients have sent 1 "
	    "message, as many as allowed; try again in 60 minutes\r\n");
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent (");
	serving_stop(&s, &o);
	assert_non_null(strstr(o.err.data, "TCP clients have sent 1 message "));
	program_result_free(&o);
	close(p.fd[0]);
	serving_close(&s);
}

static const struct listen_case	listen_table[] = {
	{ "a Unix socket takes the place of the service's own",
	    { UNIX_SOCKET }, .n = 1 },
	{ "a Unix socket and both TCP sockets",
	    { UNIX_SOCKET, TCP4, TCP6 }, .n = 3 },
	{ "two Unix sockets", { UNIX_SOCKET, UNIX_SOCKET }, .n = 2 },
	{ "with TCP sockets only, the service also creates its own",
	    { TCP4, TCP6 }, .n = 2, .own = true },
	{ "sockets of another process are ignored", { UNIX_SOCKET }, .n = 1,
	    .foreign = true, .own = true },
	{ "0.0.0.0 is refused", { TCP4_EVERYWHERE }, .n = 1,
	    .err = "descriptor 3, passed by the service manager, listens on "
	    "an address that other machines can reach" },
	{ ":: is refused", { UNIX_SOCKET, TCP6_EVERYWHERE }, .n = 2,
	    .err = "descriptor 4, passed by the service manager, listens on "
	    "an address that other machines can reach" },
	{ "a datagram socket is refused", { DATAGRAM }, .n = 1,
	    .err = "is not a listening stream socket" },
	{ "a socket that does not listen is refused", { NOT_LISTENING }, .n = 1,
	    .err = "is not a listening stream socket" },
	{ "a file is refused", { PLAIN_FILE }, .n = 1,
	    .err = "descriptor 3, passed by the service manager, cannot be" },
	{ "a descriptor that is not open is refused", { UNIX_SOCKET }, .n = 1,
	    .claimed = 2, .err = "descriptor 4, passed by the service manager, "
	    "cannot be used" },
	{ "more than 16 sockets are refused", { UNIX_SOCKET }, .n = 17,
	    .err = "passes 17 sockets; at most 16 are allowed" },
};

/* --------------------------------------------------------------- sd_notify */

struct manager {
	int	fd;
	char	name[120];	/* NOTIFY_SOCKET=... */
	char	text[300];	/* the last notification */
};

static void
manager_open(struct manager *m, struct temp_dir *dir, bool abstract)
{
	struct sockaddr_un	at = { .sun_family = AF_UNIX };
	char			path[100];

	if (abstract)
		snprintf(path, sizeof(path), "@relais-test-%ld",
		    (long)getpid());
	else
		strlcpy(path, temp_dir_path(dir, "notify"), sizeof(path));
	snprintf(m->name, sizeof(m->name), "NOTIFY_SOCKET=%s", path);
	strlcpy(at.sun_path, path, sizeof(at.sun_path));
	if (abstract)
		at.sun_path[0] = '\0';
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(m->fd, (struct sockaddr *)&at,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    strlen(path))), 0);
}

/* Waits for a notification that contains the text. */
static void
manager_expect(struct manager *m, const char *text)
{
	struct pollfd	p = { .fd = m->fd, .events = POLLIN };
	ssize_t		n;

	do {
		if (poll(&p, 1, DEADLINE_MS) != 1)
			fail_msg("no notification: %s", text);
		n = recv(m->fd, m->text, sizeof(m->text) - 1, 0);
		assert_true(n >= 0);
		m->text[n] = '\0';
	} while (strstr(m->text, text) == NULL);
}

struct notify_case {
	const char	*sentence;
	bool		 abstract;
};

static void
is_notified(void **state)
{
	const struct notify_case *c = *state;
	struct serving		 s;
	struct manager		 m;
	struct timespec		 now;
	long long		 usec;

	serving_open(&s, &(struct script){ 0 }, "");
	manager_open(&m, &s.dir, c->abstract);
	serving_start(&s, &(struct program){ .env = WORDS("PATH=/usr/bin",
	    "ASAN_OPTIONS=detect_leaks=0", m.name,
	    "WATCHDOG_USEC=100000") });
	manager_expect(&m, "READY=1");
	manager_expect(&m, "STATUS=0 of 100 clients, 0 of 4 workers busy");
	manager_expect(&m, "WATCHDOG=1");
	manager_expect(&m, "WATCHDOG=1");
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent (");
	manager_expect(&m, "STATUS=1 of 100 clients, 1 of 4 workers busy");
	clock_gettime(CLOCK_MONOTONIC, &now);
	kill(program_pid(s.running), SIGHUP);
	manager_expect(&m, "RELOADING=1\nMONOTONIC_USEC=");
	usec = strtoll(strchr(m.text, '\n') + strlen("\nMONOTONIC_USEC="),
	    NULL, 10);
	assert_true(usec / 1000000 >= now.tv_sec - 1);
	assert_true(usec / 1000000 <= now.tv_sec + DEADLINE_MS / 1000);
	manager_expect(&m, "READY=1");
	kill(program_pid(s.running), SIGTERM);
	manager_expect(&m, "STOPPING=1");
	close(m.fd);
	serving_close(&s);
}

static const struct notify_case	notify_table[] = {
	{ "a socket in a directory", false },
	{ "a socket in the abstract namespace", true },
};

/* ------------------------------------------------------------ descriptors */

/* The clients wait until the limit has been raised. */
static void
a_lack_of_descriptors_is_logged(void **state)
{
	struct serving	s;
	struct rlimit	limit, before;
	char		reply[4] = "";
	pid_t		pid;
	int		fd;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "");
	serving_start(&s, NULL);
	pid = program_pid(s.running);
	assert_int_equal(prlimit(pid, RLIMIT_NOFILE, NULL, &before), 0);
	limit = (struct rlimit){ 3, before.rlim_max };
	assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &limit, NULL), 0);
	fd = serving_connect(&s);
	program_wait_output(s.running, "cannot accept clients: Too many open "
	    "files; they wait; raise the limit of open files of the service");
	assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &before, NULL), 0);
	assert_int_equal(read(fd, reply, 3), 3);
	assert_string_equal(reply, "220");
	close(fd);
	serving_close(&s);
}

/* ------------------------------------------------------------- queue runs */

static int64_t
cpu_ms(pid_t pid)
{
	clockid_t	clock;
	struct timespec	time;

	assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
	assert_int_equal(clock_gettime(clock, &time), 0);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/*
 * The second run waits for the end of the first one, also when the interval,
 * one second, has passed.
 */
static void
the_service_sleeps_while_a_queue_run_waits_for_another(void **state)
{
	const struct timespec	pause = { 0, 20 * 1000000 };
	struct serving		s;
	int64_t			cpu, end;
	pid_t			pid;

	(void)state;
	serving_open(&s, &(struct script){ .steps = {
	    { .at = ON_RCPT, .connection = 1, .say = "451 4.7.1 grey" },
	    { .at = ON_RSET, .connection = 1, .then = THEN_CLOSE },
	    { .at = ON_RCPT, .hold = true } } }, "");
	serving_start(&s, &(struct program){
	    .argv = WORDS("relais", "-C", s.conf, "-bD", "-q1s") });
	pid = program_pid(s.running);
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: queued as ");
	kill(pid, SIGUSR1);
	assert_true(mock_smtp_wait_commands(s.host, ON_RCPT, 2));
	kill(pid, SIGUSR1);
	cpu = cpu_ms(pid);
	end = clock_ms() + 2000;
	while (clock_ms() < end) {
		if (cpu_ms(pid) - cpu > 200)
			fail_msg("the service has used %lld ms of CPU time",
			    (long long)(cpu_ms(pid) - cpu));
		nanosleep(&pause, NULL);
	}
	mock_smtp_release(s.host);
	serving_close(&s);
}

/* ----------------------------------------------------------------- signals */

static void
sighup_reads_the_configuration(void **state)
{
	struct serving	s;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "domain = before.example\n");
	serving_start(&s, NULL);
	serving_expect(&s, "LHLO a\r\nMAIL FROM:<a>\r\nRCPT TO:<b@example.net>"
	    "\r\nDATA\r\n\r\n.\r\nQUIT\r\n", "\r\n250 2.0.0 Ok: sent (");
	serving_configure(&s, "domain = after.example\n");
	kill(program_pid(s.running), SIGHUP);
	program_wait_output(s.running, "has been read again");
	serving_expect(&s, "LHLO a\r\nMAIL FROM:<a>\r\nRCPT TO:<b@example.net>"
	    "\r\nDATA\r\n\r\n.\r\nQUIT\r\n", "\r\n250 2.0.0 Ok: sent (");
	assert_string_equal(mock_smtp_message(s.host, 0)->reverse_path,
	    "a@before.example");
	assert_string_equal(mock_smtp_message(s.host, 1)->reverse_path,
	    "a@after.example");
	serving_close(&s);
}

/* Returns a worker, and its helper: only workers have children. */
static pid_t
find_worker(const struct serving *s, pid_t *helper)
{
	pid_t	child[10];
	size_t	n = serving_children(program_pid(s->running), child, 10);

	for (size_t i = 0; i < n; i++)
		if (serving_children(child[i], helper, 1) == 1)
			return child[i];
	fail_msg("no worker has a helper");
	return -1;
}

/* As for lack of memory.  The next message is deferred, but not all others. */
static void
a_worker_that_has_lost_its_helper_ends(void **state)
{
	struct serving	s;
	struct pollfd	end = { .events = POLLIN };
	pid_t		helper;
	char		lines[200];

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "");
	snprintf(lines, sizeof(lines), "smarthost = maildir://%s/box\n"
	    "connections = 1\n", s.dir.path);
	serving_configure(&s, lines);
	serving_start(&s, NULL);
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent (");
	end.fd = pidfd_open(find_worker(&s, &helper), 0);
	assert_int_equal(kill(helper, SIGKILL), 0);
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: queued as ");
	assert_int_equal(poll(&end, 1, DEADLINE_MS), 1);
	close(end.fd);
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent (");
	serving_close(&s);
}

/* Programs would look for the service where it does not listen. */
static void
after_sighup_the_socket_stays(void **state)
{
	struct serving	s;
	char		line[200];

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "");
	serving_start(&s, NULL);
	snprintf(line, sizeof(line), "socket = %s/other\n", s.dir.path);
	serving_configure(&s, line);
	kill(program_pid(s.running), SIGHUP);
	program_wait_output(s.running, "/other has no effect until the "
	    "service is restarted");
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent (");
	serving_close(&s);
}

/*
 * The service is stopped until both the signal and the client are there, so
 * that it sees them at the same time.
 */
static void
a_client_after_sighup_gets_the_new_configuration(void **state)
{
	static const char	lines[] = "LHLO a\r\nMAIL FROM:<a>\r\n"
				    "RCPT TO:<b@example.net>\r\nDATA\r\n\r\n.\r\n";
	struct serving		s;
	int			fd;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "domain = before.example\n");
	serving_start(&s, NULL);
	serving_configure(&s, "domain = after.example\n");
	kill(program_pid(s.running), SIGSTOP);
	kill(program_pid(s.running), SIGHUP);
	fd = serving_connect(&s);
	assert_int_equal(write(fd, lines, strlen(lines)), strlen(lines));
	kill(program_pid(s.running), SIGCONT);
	assert_true(mock_smtp_wait_messages(s.host, 1));
	assert_string_equal(mock_smtp_message(s.host, 0)->reverse_path,
	    "a@after.example");
	close(fd);
	serving_close(&s);
}

/* The service is stopped after it has accepted the first client. */
static void
also_if_the_service_is_accepting_another_client(void **state)
{
	static const char	lines[] = "LHLO a\r\nMAIL FROM:<a>\r\n"
				    "RCPT TO:<b@example.net>\r\nDATA\r\n\r\n.\r\n";
	struct program_result	o;
	struct running		*strace;
	struct serving		s;
	char			pid[20];
	int			first, second;

	(void)state;
	strace_need();
	serving_open(&s, &(struct script){ 0 }, "domain = before.example\n");
	serving_start(&s, NULL);
	serving_configure(&s, "domain = after.example\n");
	snprintf(pid, sizeof(pid), "%ld", (long)program_pid(s.running));
	strace = program_start(&(struct program){ .path = STRACE,
	    .argv = WORDS("strace", "-p", pid, "-e",
	    "inject=accept4:signal=STOP:when=1") });
	program_wait_output(strace, "ttached");
	first = serving_connect(&s);
	program_wait_output(strace, "stopped by SIGSTOP");
	kill(program_pid(s.running), SIGHUP);
	second = serving_connect(&s);
	assert_int_equal(write(second, lines, strlen(lines)), strlen(lines));
	kill(program_pid(s.running), SIGCONT);
	assert_true(mock_smtp_wait_messages(s.host, 1));
	assert_string_equal(mock_smtp_message(s.host, 0)->reverse_path,
	    "a@after.example");
	close(first);
	close(second);
	program_stop(strace, SIGINT, &o);
	program_result_free(&o);
	serving_close(&s);
}

static void
an_invalid_configuration_is_not_used(void **state)
{
	struct serving	s;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "domain = before.example\n");
	serving_start(&s, NULL);
	serving_configure(&s, "domain = after.example\nnonsense = 1\n");
	kill(program_pid(s.running), SIGHUP);
	program_wait_output(s.running, "nonsense");
	program_wait_output(s.running, "the service continues with the "
	    "previous configuration");
	serving_expect(&s, "LHLO a\r\nMAIL FROM:<a>\r\nRCPT TO:<b@example.net>"
	    "\r\nDATA\r\n\r\n.\r\nQUIT\r\n", "\r\n250 2.0.0 Ok: sent (");
	assert_string_equal(mock_smtp_message(s.host, 0)->reverse_path,
	    "a@before.example");
	serving_close(&s);
}

static void
sigusr1_runs_the_queue(void **state)
{
	struct serving	s;

	(void)state;
	serving_open(&s, &(struct script){ .steps = { { .at = ON_RCPT,
	    .connection = 1, .say = "451 4.7.1 later" } } },
	    "connections = 1\n");
	serving_start(&s, NULL);
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: queued as ");
	kill(program_pid(s.running), SIGUSR1);
	assert_true(mock_smtp_wait_messages(s.host, 1));
	serving_close(&s);
}

/* A client that has sent a message, and waits for the reply. */
static struct running *
start_client(const struct serving *s)
{
	struct running	*r;

	r = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", s->conf, "-v", "b@example.net"),
	    .input = "\nhello\n" });
	program_wait_output(r, "*** message");
	return r;
}

static void
a_stop_waits_for_messages_in_progress(void **state)
{
	struct serving		s;
	struct running		*client;
	struct program_result	o;

	(void)state;
	serving_open(&s, &(struct script){ .keywords = "PIPELINING",
	    .steps = { { .at = ON_BODY, .hold = true } } }, "");
	serving_start(&s, NULL);
	client = start_client(&s);
	assert_true(mock_smtp_wait_commands(s.host, ON_DATA, 1));
	kill(program_pid(s.running), SIGTERM);
	wait_until(is_gone, s.socket, "the end of the socket");
	mock_smtp_release(s.host);
	program_stop(client, 0, &o);
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(o.out.data, "\n<<< 250 2.0.0 Ok: sent ("));
	program_result_free(&o);
	program_stop(s.running, 0, &o);
	s.running = NULL;
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	assert_int_equal(mock_smtp_messages(s.host), 1);
	assert_string_equal(temp_spool_entries(s.spool, SPOOL_QUEUE), "");
	serving_close(&s);
}

/* Whether a message waits for a worker, or has waited and is in the queue. */
static bool
holds_message(void *context)
{
	const struct serving	*s = context;
	char			 path[50], link[100];

	for (int fd = 3; fd < 50; fd++) {
		ssize_t	n;

		snprintf(path, sizeof(path), "/proc/%ld/fd/%d",
		    (long)program_pid(s->running), fd);
		n = readlink(path, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		if (strncmp(link, "/memfd:", 7) == 0)
			return true;
	}
	return temp_spool_entries(s->spool, SPOOL_QUEUE)[0] != '\0';
}

static void
a_stop_queues_messages_that_wait(void **state)
{
	struct serving		s;
	struct running		*first, *second;
	struct program_result	o;

	(void)state;
	serving_open(&s, &(struct script){ .keywords = "PIPELINING",
	    .steps = { { .at = ON_BODY, .hold = true } } },
	    "connections = 1\n");
	serving_start(&s, NULL);
	first = start_client(&s);
	assert_true(mock_smtp_wait_commands(s.host, ON_DATA, 1));
	second = start_client(&s);
	wait_until(holds_message, &s, "the second message");
	kill(program_pid(s.running), SIGTERM);
	program_stop(second, 0, &o);
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(o.out.data, "queued as "));
	program_result_free(&o);
	mock_smtp_release(s.host);
	program_stop(first, 0, &o);
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	/* That of the first client existed only while it waited. */
	assert_string_equal(temp_spool_entries(s.spool, SPOOL_QUEUE),
	    "?b@example.net");
	program_stop(s.running, 0, &o);
	s.running = NULL;
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	serving_close(&s);
}

static void
a_stop_does_not_wait_for_idle_clients(void **state)
{
	struct serving	s;
	char		text[200];
	ssize_t		n;
	int		fd;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "");
	serving_start(&s, NULL);
	fd = serving_connect(&s);
	assert_true(read(fd, text, sizeof(text)) > 0);
	serving_stop(&s, NULL);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_memory_equal(text, "421 4.3.2 ", 10);
	close(fd);
	serving_close(&s);
}

/* -------------------------------------------------------------- the socket */

static void
a_dead_socket_is_replaced(void **state)
{
	struct serving		s;
	struct sockaddr_un	at = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "");
	assert_int_equal(mkdir(temp_dir_path(&s.dir, "run"), 0755), 0);
	strlcpy(at.sun_path, s.socket, sizeof(at.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
	serving_start(&s, NULL);
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent (");
	serving_close(&s);
}

static void
a_killed_service_is_replaced(void **state)
{
	struct serving		s;
	struct program_result	o;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "");
	serving_start(&s, NULL);
	program_stop(s.running, SIGKILL, &o);
	program_result_free(&o);
	assert_true(exists(s.socket));
	serving_start(&s, NULL);
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent (");
	serving_close(&s);
}

static void
a_file_that_is_not_a_socket_stays(void **state)
{
	struct serving		s;
	struct program_result	o;
	struct buffer		text = { 0 };

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "");
	temp_dir_write(&s.dir, "run/submission", 0644, "precious\n");
	serving_fail(&s, NULL, &o);
	assert_int_equal(o.status, EX_CANTCREAT);
	assert_non_null(strstr(o.err.data, "/run/submission: cannot create "
	    "the socket of the service"));
	file_read(&text, s.socket);
	assert_string_equal(text.data, "precious\n");
	buffer_free(&text);
	program_result_free(&o);
	serving_close(&s);
}

static void
a_service_without_a_socket_does_not_start(void **state)
{
	struct serving		s;
	struct program_result	o;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "");
	serving_fail(&s, &(struct program){ .argv = WORDS("relais", "-C",
	    s.conf, "-o", "socket=off", "serve") }, &o);
	assert_int_equal(o.status, EX_CONFIG);
	assert_non_null(strstr(o.err.data, "there is no socket: the service "
	    "manager passes none, and socket = off (-o socket)"));
	program_result_free(&o);
	serving_close(&s);
}

/* --------------------------------------------------------------- process 1 */

/* For .prepare: the program is process 1; this one waits for its end. */
static void
become_process_1(void *context)
{
	int	status = 0;
	pid_t	pid;

	(void)context;
	if (unshare(CLONE_NEWPID) == -1 || (pid = fork()) == -1)
		_exit(99);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		return;
	}
	close(0);
	close(1);
	close(2);
	waitpid(pid, &status, 0);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 98);
}

/* Adds an orphan to the namespace of process 1: it ends with the pipe. */
static void
make_orphan(pid_t process_1, const int ends[2])
{
	char	path[50];
	int	status, fd;
	pid_t	pid = fork();

	if (pid == 0) {
		close(ends[1]);
		snprintf(path, sizeof(path), "/proc/%ld/ns/pid",
		    (long)process_1);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd == -1 || setns(fd, CLONE_NEWPID) == -1)
			_exit(99);
		pid = fork();
		if (pid > 0) {
			waitpid(pid, &status, 0);
			_exit(status != 0);
		}
		/* The parent of the orphan. */
		pid = fork();
		if (pid == 0)
			_exit((int)read(ends[0], path, 1));
		_exit(pid == -1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
process_1_reaps_orphans_and_stops(void **state)
{
	struct serving		s;
	struct program_result	o;
	pid_t			pid, children[10];
	int			ends[2];

	(void)state;
	user_needs_root();
	serving_open(&s, &(struct script){ 0 }, "");
	serving_start(&s, &(struct program){ .prepare = become_process_1 });
	assert_int_equal(serving_children(program_pid(s.running), &pid, 1), 1);
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent (");
	/* The worker, after the end of the session. */
	serving_wait_children(pid, 1);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	make_orphan(pid, ends);
	assert_int_equal(serving_children(pid, children, 10), 2);
	close(ends[1]);
	serving_wait_children(pid, 1);
	close(ends[0]);
	kill(pid, SIGTERM);
	program_stop(s.running, 0, &o);
	s.running = NULL;
	assert_int_equal(o.status, 0);
	assert_false(exists(s.socket));
	program_result_free(&o);
	serving_close(&s);
}

static const struct CMUnitTest	process_spec[] = {
	cmocka_unit_test(tcp_clients_count_as_one_user),
	cmocka_unit_test(root_becomes_the_user_relais),
	cmocka_unit_test(root_serves_if_there_is_no_user_relais),
	cmocka_unit_test(a_queue_of_root_is_named),
	cmocka_unit_test(a_directory_of_root_is_named),
	cmocka_unit_test(a_lack_of_descriptors_is_logged),
	cmocka_unit_test(sighup_reads_the_configuration),
	cmocka_unit_test(a_worker_that_has_lost_its_helper_ends),
	cmocka_unit_test(after_sighup_the_socket_stays),
	cmocka_unit_test(a_client_after_sighup_gets_the_new_configuration),
	cmocka_unit_test(also_if_the_service_is_accepting_another_client),
	cmocka_unit_test(an_invalid_configuration_is_not_used),
	cmocka_unit_test(
	    the_service_sleeps_while_a_queue_run_waits_for_another),
	cmocka_unit_test(sigusr1_runs_the_queue),
	cmocka_unit_test(a_stop_waits_for_messages_in_progress),
	cmocka_unit_test(a_stop_queues_messages_that_wait),
	cmocka_unit_test(a_stop_does_not_wait_for_idle_clients),
	cmocka_unit_test(a_dead_socket_is_replaced),
	cmocka_unit_test(a_killed_service_is_replaced),
	cmocka_unit_test(a_file_that_is_not_a_socket_stays),
	cmocka_unit_test(a_service_without_a_socket_does_not_start),
	cmocka_unit_test(process_1_reaps_orphans_and_stops),
};

int
main(void)
{
	return CASES_RUN("files that relais cannot read", is_closed,
	    closed_table) +
	    CASES_RUN("sockets of the service manager", is_passed,
	    listen_table) +
	    CASES_RUN("notifications", is_notified, notify_table) +
	    cmocka_run_group_tests(process_spec, NULL, NULL);
}
