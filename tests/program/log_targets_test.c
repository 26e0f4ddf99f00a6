/*
 * The log in the journal, as JSON and in a file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/loggers.h"
#include "support/namespace.h"
#include "support/program.h"
#include "support/skip.h"
#include "support/temp_dir.h"

#define LOGGED_TO	"to=<a@example.net>"

/* Sends a message with these settings of log and log_addresses. */
struct sending {
	const char	*log;
	const char	*addresses;	/* NULL: full */
	void	       (*prepare)(void *ctx);
	void		*ctx;
};

static int
send_one(struct fixture *p, const struct sending *how, struct buffer *err)
{
	struct program_result	o;
	char			log[128], addresses[64];
	int			status;

	snprintf(log, sizeof(log), "log=%s", how->log);
	snprintf(addresses, sizeof(addresses), "log_addresses=%s",
	    how->addresses != NULL ? how->addresses : "full");
	program_run(&o, &(struct program){ .argv = WORDS("relais", "-C",
	    p->conf, "-o", log, "-o", addresses, "-i", "a@example.net"),
	    .input = "Subject: x\nMessage-ID: <1@example.org>\n\nhi\n",
	    .prepare = how->prepare, .ctx = how->ctx });
	if (o.status == LOGGERS_NO_NAMESPACE)
		skip_because("the system allows no name spaces");
	status = o.status;
	if (err != NULL)
		buffer_add_text(err, o.err.data);
	program_result_free(&o);
	return status;
}

/* The next datagram; "" without one. */
static const char *
receive(int fd, char record[8192])
{
	ssize_t	n = recv(fd, record, 8191, MSG_DONTWAIT);

	record[n > 0 ? n : 0] = '\0';
	return record;
}

static void
assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void
the_journal_gets_fields(void **state)
{
	struct fixture	p;
	struct loggers	l;
	struct sending	how = { .log = "journal", .prepare = loggers_put,
			    .ctx = &l };
	char		record[8192];

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	loggers_open(&l, &p.dir, true);
	assert_int_equal(send_one(&p, &how, NULL), 0);
	receive(l.journal_fd, record);
	assert_memory_equal(record, "MESSAGE=sent uid=", 17);
	assert_has(record, "\nPRIORITY=6\nSYSLOG_FACILITY=2\n");
	assert_has(record, "\nSYSLOG_IDENTIFIER=relais\n");
	assert_has(record, "\nRELAIS_STATUS=sent\n");
	assert_has(record, "\nRELAIS_RECIPIENT=a@example.net\n");
	assert_has(record, "\nRELAIS_MESSAGE_ID=1@example.org\n");
	assert_string_equal(receive(l.journal_fd, record), "");
	assert_string_equal(receive(l.syslog_fd, record), "");
	loggers_close(&l);
	fixture_close(&p);
}

static void
without_a_journal_syslog_is_used(void **state)
{
	struct fixture	p;
	struct loggers	l;
	struct sending	how = { .log = "journal", .prepare = loggers_put,
			    .ctx = &l };
	char		record[8192];

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	loggers_open(&l, &p.dir, false);
	assert_int_equal(send_one(&p, &how, NULL), 0);
	assert_has(receive(l.syslog_fd, record), "]: sent uid=");
	loggers_close(&l);
	fixture_close(&p);
}

/* A session in the sandbox, and the last words of each of its replies. */
static void
send_in_session(struct running *session)
{
	const char	*reply;

	program_say(session, "MAIL FROM:<s@example.org>\r\n");
	assert_memory_equal(program_hear(session), "250 ", 4);
	program_say(session, "RCPT TO:<a@example.net>\r\n");
	assert_memory_equal(program_hear(session), "250 ", 4);
	program_say(session, "DATA\r\n");
	assert_memory_equal(program_hear(session), "354 ", 4);
	program_say(session, "Subject: x\r\n\r\nhi\r\n.\r\n");
	reply = program_hear(session);
	if (strncmp(reply, "250 ", 4) != 0)
		fail_msg("%s", reply);
}

static void
a_session_logs_to_a_logger_that_was_restarted(void **state)
{
	struct fixture		 p;
	struct loggers		 l;
	struct running		*session;
	struct program_result	 o;
	char			 record[8192];

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	loggers_open(&l, &p.dir, false);
	/* Skips the test if the system allows no namespaces. */
	assert_int_equal(send_one(&p, &(struct sending){ .log = "syslog",
	    .prepare = loggers_put, .ctx = &l }, NULL), 0);
	receive(l.syslog_fd, record);
	session = program_start(&(struct program){ .argv = WORDS("relais",
	    "-C", p.conf, "-o", "log=syslog", "-bs"), .keep_open = true,
	    .prepare = loggers_put, .ctx = &l });
	assert_memory_equal(program_hear(session), "220 ", 4);
	program_say(session, "HELO me\r\n");
	assert_memory_equal(program_hear(session), "250 ", 4);
	send_in_session(session);
	assert_has(receive(l.syslog_fd, record), "]: sent uid=");
	close(l.syslog_fd);
	assert_int_equal(unlink(l.syslog), 0);
	l.syslog_fd = loggers_bind(l.syslog);
	send_in_session(session);
	assert_has(receive(l.syslog_fd, record), "]: sent uid=");
	program_say(session, "QUIT\r\n");
	program_stop(session, 0, &o);
	program_result_free(&o);
	loggers_close(&l);
	fixture_close(&p);
}

static void
a_full_journal_does_not_delay_a_message(void **state)
{
	struct fixture	p;
	struct loggers	l;
	struct sending	how = { .log = "journal", .prepare = loggers_put,
			    .ctx = &l };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int		senders[100];
	size_t		n;

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	loggers_open(&l, &p.dir, true);
	strlcpy(at.sun_path, l.journal, sizeof(at.sun_path));
	for (n = 0; n < 100; n++) {
		senders[n] = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		assert_int_equal(connect(senders[n], (struct sockaddr *)&at,
		    sizeof(at)), 0);
		while (send(senders[n], "x", 1, 0) == 1)
			continue;
	}
	assert_int_equal(send_one(&p, &how, NULL), 0);
	fixture_message(&p, 0);
	while (n > 0)
		close(senders[--n]);
	loggers_close(&l);
	fixture_close(&p);
}

/*
 * JSON.
 */

static void
a_line_of_json_is_the_report(void **state)
{
	struct fixture	p;
	struct buffer	err = { 0 };

	(void)state;
	fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .say = "550 5.1.1 <a@example.net> who?" } } }, "smtp", NULL);
	assert_int_equal(send_one(&p, &(struct sending){ .log = "json" },
	    &err), EX_NOUSER);
	assert_memory_equal(err.data, "{\"time\":\"", 9);
	assert_has(err.data, "\"level\":\"warning\",\"tag\":\"relais\"");
	assert_has(err.data, "\"status\":\"failed\"");
	assert_has(err.data, "\"recipient\":\"a@example.net\"");
	assert_ptr_equal(strchr(err.data, '\n'), err.data + err.len - 1);
	buffer_free(&err);
	fixture_close(&p);
}

static void
addresses_are_hidden_in_replies(void **state)
{
	struct fixture	p;
	struct buffer	err = { 0 };

	(void)state;
	fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .say = "550 5.1.1 <a@example.net> who?" } } }, "smtp", NULL);
	assert_int_equal(send_one(&p, &(struct sending){ .log = "stderr",
	    .addresses = "domain" }, &err), EX_NOUSER);
	assert_has(err.data, "to=<*@example.net>");
	assert_has(err.data, "550 5.1.1 <*@example.net> who?");
	assert_null(strstr(err.data, "a@example.net"));
	buffer_free(&err);
	fixture_close(&p);
}

/*
 * A file.
 */

static void
count_lines(const char *path, size_t n)
{
	struct buffer	text = { 0 };
	size_t		found = 0;

	file_read(&text, path);
	for (const char *at = text.data; (at = strstr(at, LOGGED_TO)) != NULL;
	    at++)
		found++;
	assert_int_equal(found, n);
	buffer_free(&text);
}

static void
a_file_gets_lines(void **state)
{
	struct fixture	p;
	struct stat	st;
	struct sending	how = { 0 };
	mode_t		mask = umask(077);

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	how.log = temp_dir_path(&p.dir, "log");
	assert_int_equal(send_one(&p, &how, NULL), 0);
	assert_int_equal(send_one(&p, &how, NULL), 0);
	umask(mask);
	count_lines(how.log, 2);
	assert_int_equal(stat(how.log, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	fixture_close(&p);
}

static void
make_link(const char *path)
{
	char	target[200];

	snprintf(target, sizeof(target), "%s.target", path);
	assert_int_equal(symlink(target, path), 0);
}

static void
make_fifo(const char *path)
{
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void
make_directory(const char *path)
{
	assert_int_equal(mkdir(path, 0700), 0);
}

static void
send_without_file(void (*make)(const char *), const char *first)
{
	struct fixture	p;
	struct loggers	l;
	char		path[100], record[8192];
	struct sending	how = { .log = path, .prepare = loggers_put,
			    .ctx = &l };

	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	loggers_open(&l, &p.dir, false);
	snprintf(path, sizeof(path), "%s/logs/log", p.dir.path);
	*strrchr(path, '/') = '\0';
	assert_int_equal(mkdir(path, 0700), 0);
	path[strlen(path)] = '/';
	make(path);
	assert_int_equal(send_one(&p, &how, NULL), 0);
	fixture_message(&p, 0);
	assert_has(receive(l.syslog_fd, record), first);
	if (strstr(record, "]: sent uid=") == NULL)
		assert_has(receive(l.syslog_fd, record), "]: sent uid=");
	assert_string_equal(receive(l.syslog_fd, record), "");
	loggers_close(&l);
	fixture_close(&p);
}

static void
syslog_gets_the_reason(void **state)
{
	send_without_file(*(void (**)(const char *))*state,
	    "]: cannot write the log to ");
}

/* That a user lacks permission is not an error in the configuration. */
static void
remove_permission(const char *path)
{
	char	directory[100];

	strlcpy(directory, path, sizeof(directory));
	*strrchr(directory, '/') = '\0';
	assert_int_equal(chmod(directory, 0500), 0);
}

static void
without_permission_syslog_is_used(void **state)
{
	(void)state;
	send_without_file(remove_permission, "]: sent uid=");
}

static void
limit_files(void *ctx)
{
	const struct rlimit	limit = { 10, 10 };

	(void)ctx;
	setrlimit(RLIMIT_FSIZE, &limit);
}

/* SIGXFSZ would end the process. */
static void
a_file_at_its_limit_does_not_change_the_status(void **state)
{
	struct fixture	p;
	struct sending	how = { .prepare = limit_files };

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	how.log = temp_dir_path(&p.dir, "log");
	assert_int_equal(send_one(&p, &how, NULL), 0);
	fixture_message(&p, 0);
	fixture_close(&p);
}

#define REFUSES(sentence, what) { sentence, syslog_gets_the_reason, NULL, \
	NULL, &(void (*)(const char *)){ what } }

static const struct CMUnitTest targets_spec[] = {
	cmocka_unit_test(the_journal_gets_fields),
	cmocka_unit_test(without_a_journal_syslog_is_used),
	cmocka_unit_test(a_session_logs_to_a_logger_that_was_restarted),
	cmocka_unit_test(a_full_journal_does_not_delay_a_message),
	cmocka_unit_test(a_line_of_json_is_the_report),
	cmocka_unit_test(addresses_are_hidden_in_replies),
	cmocka_unit_test(a_file_gets_lines),
	REFUSES("a link instead of a file: syslog gets the line", make_link),
	REFUSES("a FIFO instead of a file: syslog gets the line", make_fifo),
	REFUSES("a directory instead of a file: syslog gets the line",
	    make_directory),
	cmocka_unit_test(without_permission_syslog_is_used),
	cmocka_unit_test(a_file_at_its_limit_does_not_change_the_status),
};

int
main(void)
{
	return cmocka_run_group_tests(targets_spec, NULL, NULL);
}
