/* relais serve: its socket, its sessions and its workers. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/serving.h"
#include "support/temp_spool.h"
#include "support/user.h"

enum { DEADLINE_MS = 20 * 1000 };

#define MESSAGE \
	"DATA\r\nSubject: a\r\n\r\nhello\r\n.\r\nQUIT\r\n"

static void
a_message_is_delivered(void **state)
{
	struct serving	s;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "");
	serving_start(&s, NULL);
	serving_expect(&s, "EHLO a\r\nMAIL FROM:<a@example.org>\r\n"
	    "RCPT TO:<b@example.net>\r\n" MESSAGE, "\r\n250 2.0.0 Ok");
	assert_int_equal(mock_smtp_messages(s.host), 1);
	assert_string_equal(mock_smtp_message(s.host, 0)->rcpt[0].path,
	    "b@example.net");
	serving_close(&s);
}

static void
each_recipient_has_its_reply(void **state)
{
	struct serving	 s;
	char		*replies;

	(void)state;
	serving_open(&s, &(struct script){ .steps = {
	    { .at = ON_RCPT, .match = "bad", .say = "550 5.1.1 unknown" },
	    { .at = ON_RCPT, .match = "later", .say = "451 4.7.1 grey" },
	    } }, "");
	serving_start(&s, NULL);
	replies = serving_says(&s, "LHLO a\r\nMAIL FROM:<a@example.org>\r\n"
	    "RCPT TO:<good@example.net>\r\nRCPT TO:<bad@example.net>\r\n"
	    "RCPT TO:<later@example.net>\r\n" MESSAGE);
	assert_non_null(strstr(replies, "\r\n250 2.0.0 Ok: sent ("));
	assert_non_null(strstr(replies, "550 5.1.1 unknown"));
	assert_non_null(strstr(replies, "\r\n250 2.0.0 Ok: queued as "));
	assert_non_null(strstr(replies, "451 4.7.1 grey"));
	assert_string_equal(temp_spool_entries(s.spool, SPOOL_QUEUE),
	    "+good@example.net ?later@example.net");
	free(replies);
	serving_close(&s);
}

static void
messages_of_all_sessions_use_one_session_with_the_smarthost(void **state)
{
	struct serving	s;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "connections = 1\n");
	serving_start(&s, NULL);
	for (int i = 0; i < 5; i++)
		serving_expect(&s, "EHLO a\r\nMAIL FROM:<a@example.org>\r\n"
		    "RCPT TO:<b@example.net>\r\n" MESSAGE,
		    "\r\n250 2.0.0 Ok");
	assert_int_equal(mock_smtp_messages(s.host), 5);
	assert_int_equal(mock_smtp_connections(s.host), 1);
	serving_close(&s);
}

static void
every_user_can_connect_to_the_socket(void **state)
{
	struct serving	s;
	struct stat	st;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "");
	serving_start(&s, NULL);
	assert_int_equal(stat(s.socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	assert_int_equal(stat(s.spool, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	serving_close(&s);
	assert_int_equal(access(s.socket, F_OK), -1);
}

static void
a_second_service_is_refused(void **state)
{
	struct serving		s;
	struct program_result	o;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "");
	serving_start(&s, NULL);
	relais_run(&o, s.conf, WORDS("serve"), NULL);
	assert_int_equal(o.status, 75);
	assert_non_null(strstr(o.err.data, "another process listens"));
	program_result_free(&o);
	serving_close(&s);
}

/*
 * A service that was killed while it started a process: that process closes
 * the socket a moment later.
 */
static void
a_service_follows_one_that_was_killed(void **state)
{
	struct sockaddr_un	at = { .sun_family = AF_UNIX };
	struct serving		s;
	struct pollfd		p = { .events = POLLIN };

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "");
	strlcpy(at.sun_path, s.socket, sizeof(at.sun_path));
	assert_int_equal(mkdir(temp_dir_path(&s.dir, "run"), 0755), 0);
	p.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(p.fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(p.fd, 1), 0);
	s.running = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", s.conf, "serve") });
	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
	close(p.fd);
	program_wait_output(s.running, "accepts mail on");
	serving_close(&s);
}

/* As left by a service that was started at the same time. */
static void
the_socket_of_another_service_is_not_removed(void **state)
{
	struct serving	s;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "");
	serving_start(&s, NULL);
	assert_int_equal(unlink(s.socket), 0);
	temp_dir_write(&s.dir, s.socket + strlen(s.dir.path) + 1, 0600, "");
	serving_stop(&s, NULL);
	assert_int_equal(access(s.socket, F_OK), 0);
	serving_close(&s);
}

#define TRANSACTION \
	"EHLO a\r\nMAIL FROM:<a@example.org>\r\n" \
	"RCPT TO:<b@example.net>\r\n" MESSAGE

static void
limit_is_for_each_user_and_period(void **state)
{
	struct serving	s;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "limit = 2/hour\n");
	serving_start(&s, NULL);
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent");
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent");
	serving_expect(&s, TRANSACTION, "\r\n450 4.7.1 Error: the user ");
	serving_expect(&s, TRANSACTION, "try again in 60 minutes\r\n");
	assert_int_equal(mock_smtp_messages(s.host), 2);
	serving_close(&s);
}

/* Sends lines, and reads the reply to the last of them. */
static void
converse(int fd, const char *lines, const char *reply)
{
	char	text[1000];
	size_t	len = 0;

	assert_int_equal(write(fd, lines, strlen(lines)),
	    (ssize_t)strlen(lines));
	do {
		ssize_t	n = read(fd, text + len, sizeof(text) - 1 - len);

		assert_true(n > 0);
		len += (size_t)n;
		text[len] = '\0';
	} while (strstr(text, reply) == NULL);
}

static void
messages_at_the_same_time_do_not_exceed_the_limit(void **state)
{
	struct serving	s;
	int		first, second;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "limit = 1/hour\n");
	serving_start(&s, NULL);
	first = serving_connect(&s);
	second = serving_connect(&s);
	converse(first, "HELO a\r\nMAIL FROM:<a@example.org>\r\n",
	    "250 2.1.0 ");
	converse(second, "HELO a\r\nMAIL FROM:<a@example.org>\r\n",
	    "450 4.7.1 ");
	/* A message that is not sent does not count; nor does a second one. */
	converse(first, "RSET\r\nMAIL FROM:<a@example.org>\r\n",
	    "250 2.1.0 ");
	close(first);
	serving_wait_children(program_pid(s.running), 1);
	converse(second, "MAIL FROM:<a@example.org>\r\n", "250 2.1.0 ");
	converse(second, "RCPT TO:<b@example.net>\r\n" MESSAGE,
	    "250 2.0.0 Ok: sent");
	close(second);
	serving_expect(&s, TRANSACTION, "450 4.7.1 ");
	serving_close(&s);
}

static void
refused_messages_do_not_use_up_the_limit(void **state)
{
	struct serving	s;

	(void)state;
	serving_open(&s, &(struct script){ .steps = {
	    { .at = ON_RCPT, .nth = 1, .say = "550 5.1.1 unknown" } } },
	    "limit = 1/hour\n");
	serving_start(&s, NULL);
	serving_expect(&s, TRANSACTION, "\r\n550 5.1.1 ");
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent");
	serving_expect(&s, TRANSACTION, "\r\n450 4.7.1 ");
	serving_close(&s);
}

static void
unfinished_messages_do_not_use_up_the_limit(void **state)
{
	struct serving	s;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "limit = 1/hour\n");
	serving_start(&s, NULL);
	serving_expect(&s, "EHLO a\r\nMAIL FROM:<a@example.org>\r\nQUIT\r\n",
	    "\r\n250 2.1.0 Ok");
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent");
	serving_close(&s);
}

static const struct script greylisting = { .steps = {
    { .at = ON_RCPT, .say = "451 4.7.1 grey" } } };

static void
counts_and_entries_are_shown(void **state)
{
	struct serving	s;

	(void)state;
	serving_open(&s, &greylisting, "");
	serving_start(&s, NULL);
	serving_expect(&s, "LHLO a\r\nXRELAIS COUNT\r\nQUIT\r\n",
	    "\r\n250 2.0.0 0 0 0 0 0 0 0 0 0 0 0 0\r\n");
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: queued as ");
	serving_expect(&s, "LHLO a\r\nXRELAIS COUNT\r\nQUIT\r\n",
	    "\r\n250 2.0.0 1 ");
	serving_expect(&s, "LHLO a\r\nXRELAIS ENTRIES\r\n",
	    "\r\n250 2.0.0 Entries follow\r\nentry queue ");
	serving_expect(&s, "LHLO a\r\nXRELAIS ENTRIES\r\n",
	    "\n? b@example.net\n");
	serving_expect(&s, "LHLO a\r\nXRELAIS ENTRIES\r\n", "\nend\n");
	serving_close(&s);
}

static void
a_queue_run_can_be_requested(void **state)
{
	struct serving	s;

	(void)state;
	serving_open(&s, &(struct script){ .steps = {
	    { .at = ON_RCPT, .connection = 1, .say = "451 4.7.1 grey" } } },
	    "connections = 1\n");
	serving_start(&s, NULL);
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: queued as ");
	serving_expect(&s, "LHLO a\r\nXRELAIS RUN\r\nXRELAIS RUN\r\nQUIT\r\n",
	    "\r\n250 2.0.0 Ok\r\n450 4.7.1 Error: a queue run was ");
	assert_true(mock_smtp_wait_messages(s.host, 1));
	serving_close(&s);
}

/* Connects, and returns the process of the session after its greeting. */
static pid_t
begin_session(const struct serving *s, uid_t uid, int *fd)
{
	char	greeting[512];
	pid_t	child[20];
	size_t	n;

	assert_int_equal(seteuid(uid), 0);
	*fd = serving_connect(s);
	assert_int_equal(seteuid(getuid()), 0);
	assert_in_range(read(*fd, greeting, sizeof(greeting)), 4, 512);
	n = serving_children(program_pid(s->running), child, 20);
	assert_in_range(n, 1, 19);
	return child[n - 1];
}

static pid_t
run_session(const struct serving *s)
{
	char	block[512];
	int	fd;
	pid_t	pid = begin_session(s, getuid(), &fd);

	assert_int_equal(write(fd, "QUIT\r\n", 6), 6);
	while (read(fd, block, sizeof(block)) > 0)
		;
	close(fd);
	return pid;
}

/* The process ends if there is no other client for a second. */
static void
a_process_serves_the_clients_of_a_user_one_after_another(void **state)
{
	struct serving	s;
	char		reply[512] = "";
	pid_t		first, second = 0;
	int		fd;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "");
	serving_start(&s, NULL);
	serving_expect(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent");
	for (int i = 0; i < 20; i++) {
		first = run_session(&s);
		second = begin_session(&s, getuid(), &fd);
		if (second == first)
			break;
		close(fd);
	}
	assert_int_equal(second, first);
	/* It knows nothing of the messages of other clients. */
	assert_int_equal(write(fd, "XRELAIS RESULT\r\n", 16), 16);
	assert_in_range(read(fd, reply, sizeof(reply) - 1), 4, 512);
	assert_string_equal(reply, "503 5.5.1 Error: no message\r\n");
	close(fd);
	serving_close(&s);
}

static void
each_user_has_processes_of_its_own(void **state)
{
	struct serving	s;
	pid_t		first;
	int		fd;

	(void)state;
	user_needs_root();
	serving_open(&s, &(struct script){ 0 }, "");
	serving_start(&s, NULL);
	first = run_session(&s);
	assert_int_not_equal(begin_session(&s, NOBODY, &fd), first);
	close(fd);
	serving_close(&s);
}

static void
a_process_with_the_previous_configuration_serves_no_further_client(
    void **state)
{
	struct serving	s;
	pid_t		first;
	int		fd;

	(void)state;
	serving_open(&s, &(struct script){ 0 }, "");
	serving_start(&s, NULL);
	first = run_session(&s);
	kill(program_pid(s.running), SIGHUP);
	program_wait_output(s.running, "has been read again");
	assert_int_not_equal(begin_session(&s, getuid(), &fd), first);
	close(fd);
	serving_close(&s);
}

static const struct CMUnitTest service_spec[] = {
	cmocka_unit_test(a_message_is_delivered),
	cmocka_unit_test(each_recipient_has_its_reply),
	cmocka_unit_test(
	    messages_of_all_sessions_use_one_session_with_the_smarthost),
	cmocka_unit_test(every_user_can_connect_to_the_socket),
	cmocka_unit_test(a_second_service_is_refused),
	cmocka_unit_test(a_service_follows_one_that_was_killed),
	cmocka_unit_test(the_socket_of_another_service_is_not_removed),
	cmocka_unit_test(limit_is_for_each_user_and_period),
	cmocka_unit_test(messages_at_the_same_time_do_not_exceed_the_limit),
	cmocka_unit_test(refused_messages_do_not_use_up_the_limit),
	cmocka_unit_test(unfinished_messages_do_not_use_up_the_limit),
	cmocka_unit_test(counts_and_entries_are_shown),
	cmocka_unit_test(a_queue_run_can_be_requested),
	cmocka_unit_test(
	    a_process_serves_the_clients_of_a_user_one_after_another),
	cmocka_unit_test(each_user_has_processes_of_its_own),
	cmocka_unit_test(
	    a_process_with_the_previous_configuration_serves_no_further_client),
};

int
main(void)
{
	return cmocka_run_group_tests(service_spec, NULL, NULL);
}
