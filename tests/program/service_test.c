/* relais serve: its socket, its sessions and its workers. */

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/conf.h"
#include "support/temp_dir.h"
#include "support/program.h"
#include "support/mock_smtp.h"
#include "support/temp_spool.h"

struct service {
	struct temp_dir		 dir;
	struct mock_smtp	*host;
	const char		*conf;
	char			 socket[80];
	char			 spool[80];
	struct running		*running;
};

static void
service_start(struct service *s, const struct script *script,
    const char *more)
{
	char	lines[500];

	temp_dir_make(&s->dir);
	s->host = mock_smtp_start(script);
	snprintf(s->socket, sizeof(s->socket), "%s/run/submission",
	    s->dir.path);
	snprintf(s->spool, sizeof(s->spool), "%s/spool", s->dir.path);
	snprintf(lines, sizeof(lines), "socket = %s\nqueue = %s\n"
	    "log = stderr\n%s", s->socket, s->spool, more);
	s->conf = conf_write(&s->dir, s->host, "smtp", lines);
	s->running = program_start(&(struct program){
	    .path = BUILD "/relais",
	    .argv = WORDS("relais", "-C", s->conf, "serve") });
	program_wait_output(s->running, "accepts mail on");
}

/* Stops the service; it must end with status 0. */
static void
service_stop(struct service *s)
{
	struct program_result	o;

	program_stop(s->running, SIGTERM, &o);
	if (o.status != 0)
		fail_msg("status %d: %s", o.status, o.err.data);
	program_result_free(&o);
	mock_smtp_stop(s->host);
	temp_dir_remove(&s->dir);
}

static int
service_connect(const struct service *s)
{
	struct sockaddr_un	to = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strlcpy(to.sun_path, s->socket, sizeof(to.sun_path));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Sends the lines at once, and returns all replies; freed by the caller. */
static char *
service_says(const struct service *s, const char *lines)
{
	struct buffer	replies = { 0 };
	char		block[4096];
	ssize_t		n;
	int		fd = service_connect(s);

	assert_int_equal(write(fd, lines, strlen(lines)),
	    (ssize_t)strlen(lines));
	while ((n = read(fd, block, sizeof(block))) > 0)
		buffer_add(&replies, block, (size_t)n);
	close(fd);
	return buffer_take(&replies);
}

static void
assert_says(const struct service *s, const char *lines, const char *reply)
{
	char	*replies = service_says(s, lines);

	if (strstr(replies, reply) == NULL)
		fail_msg("not in the replies: %s\n%s", reply, replies);
	free(replies);
}

#define MESSAGE \
	"DATA\r\nSubject: a\r\n\r\nhello\r\n.\r\nQUIT\r\n"

static void
a_message_is_delivered(void **state)
{
	struct service	s;

	(void)state;
	service_start(&s, &(struct script){ 0 }, "");
	assert_says(&s, "EHLO a\r\nMAIL FROM:<a@example.org>\r\n"
	    "RCPT TO:<b@example.net>\r\n" MESSAGE, "\r\n250 2.0.0 Ok");
	assert_int_equal(mock_smtp_messages(s.host), 1);
	assert_string_equal(mock_smtp_message(s.host, 0)->rcpt[0].path,
	    "b@example.net");
	service_stop(&s);
}

static void
each_recipient_has_its_reply(void **state)
{
	struct service	s;
	char		*replies;

	(void)state;
	service_start(&s, &(struct script){ .steps = {
	    { .at = ON_RCPT, .match = "bad", .say = "550 5.1.1 unknown" },
	    { .at = ON_RCPT, .match = "later", .say = "451 4.7.1 grey" },
	    } }, "");
	replies = service_says(&s, "LHLO a\r\nMAIL FROM:<a@example.org>\r\n"
	    "RCPT TO:<good@example.net>\r\nRCPT TO:<bad@example.net>\r\n"
	    "RCPT TO:<later@example.net>\r\n" MESSAGE);
	assert_non_null(strstr(replies, "\r\n250 2.0.0 Ok: sent ("));
	assert_non_null(strstr(replies, "550 5.1.1 unknown"));
	assert_non_null(strstr(replies, "\r\n250 2.0.0 Ok: queued as "));
	assert_non_null(strstr(replies, "451 4.7.1 grey"));
	assert_string_equal(temp_spool_entries(s.spool, SPOOL_QUEUE),
	    "+good@example.net ?later@example.net");
	free(replies);
	service_stop(&s);
}

static void
messages_of_all_sessions_use_one_session_with_the_smarthost(void **state)
{
	struct service	s;

	(void)state;
	service_start(&s, &(struct script){ 0 }, "connections = 1\n");
	for (int i = 0; i < 5; i++)
		assert_says(&s, "EHLO a\r\nMAIL FROM:<a@example.org>\r\n"
		    "RCPT TO:<b@example.net>\r\n" MESSAGE,
		    "\r\n250 2.0.0 Ok");
	assert_int_equal(mock_smtp_messages(s.host), 5);
	assert_int_equal(mock_smtp_connections(s.host), 1);
	service_stop(&s);
}

static void
every_user_can_connect_to_the_socket(void **state)
{
	struct service	s;
	struct stat	st;

	(void)state;
	service_start(&s, &(struct script){ 0 }, "");
	assert_int_equal(stat(s.socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	assert_int_equal(stat(s.spool, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	service_stop(&s);
	assert_int_equal(access(s.socket, F_OK), -1);
}

static void
a_second_service_is_refused(void **state)
{
	struct service	s;
	struct program_result	o;

	(void)state;
	service_start(&s, &(struct script){ 0 }, "");
	relais_run(&o, s.conf, WORDS("serve"), NULL);
	assert_int_equal(o.status, 75);
	assert_non_null(strstr(o.err.data, "another process listens"));
	program_result_free(&o);
	service_stop(&s);
}

#define TRANSACTION \
	"EHLO a\r\nMAIL FROM:<a@example.org>\r\n" \
	"RCPT TO:<b@example.net>\r\n" MESSAGE

static void
limit_is_for_each_user_and_period(void **state)
{
	struct service	s;

	(void)state;
	service_start(&s, &(struct script){ 0 }, "limit = 2/hour\n");
	assert_says(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent");
	assert_says(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent");
	assert_says(&s, TRANSACTION, "\r\n450 4.7.1 Error: the user ");
	assert_says(&s, TRANSACTION, "try again in 60 minutes\r\n");
	assert_int_equal(mock_smtp_messages(s.host), 2);
	service_stop(&s);
}

static void
refused_messages_do_not_use_up_the_limit(void **state)
{
	struct service	s;

	(void)state;
	service_start(&s, &(struct script){ .steps = {
	    { .at = ON_RCPT, .nth = 1, .say = "550 5.1.1 unknown" } } },
	    "limit = 1/hour\n");
	assert_says(&s, TRANSACTION, "\r\n550 5.1.1 ");
	assert_says(&s, TRANSACTION, "\r\n250 2.0.0 Ok: sent");
	assert_says(&s, TRANSACTION, "\r\n450 4.7.1 ");
	service_stop(&s);
}

static const struct script greylisting = { .steps = {
    { .at = ON_RCPT, .say = "451 4.7.1 grey" } } };

static void
counts_and_entries_are_shown(void **state)
{
	struct service	s;

	(void)state;
	service_start(&s, &greylisting, "");
	assert_says(&s, "LHLO a\r\nXRELAIS COUNT\r\nQUIT\r\n",
	    "\r\n250 2.0.0 0 0 0 0 0\r\n");
	assert_says(&s, TRANSACTION, "\r\n250 2.0.0 Ok: queued as ");
	assert_says(&s, "LHLO a\r\nXRELAIS COUNT\r\nQUIT\r\n",
	    "\r\n250 2.0.0 1 ");
	assert_says(&s, "LHLO a\r\nXRELAIS ENTRIES\r\n",
	    "\r\n250 2.0.0 Entries follow\r\nentry queue ");
	assert_says(&s, "LHLO a\r\nXRELAIS ENTRIES\r\n",
	    "\n? b@example.net\n");
	assert_says(&s, "LHLO a\r\nXRELAIS ENTRIES\r\n", "\nend\n");
	service_stop(&s);
}

static void
a_queue_run_can_be_requested(void **state)
{
	struct service	s;

	(void)state;
	service_start(&s, &(struct script){ .steps = {
	    { .at = ON_RCPT, .connection = 1, .say = "451 4.7.1 grey" } } },
	    "connections = 1\n");
	assert_says(&s, TRANSACTION, "\r\n250 2.0.0 Ok: queued as ");
	assert_says(&s, "LHLO a\r\nXRELAIS RUN\r\nXRELAIS RUN\r\nQUIT\r\n",
	    "\r\n250 2.0.0 Ok\r\n450 4.7.1 Error: a queue run was ");
	assert_true(mock_smtp_wait_messages(s.host, 1));
	service_stop(&s);
}

static const struct CMUnitTest service_spec[] = {
	cmocka_unit_test(a_message_is_delivered),
	cmocka_unit_test(each_recipient_has_its_reply),
	cmocka_unit_test(
	    messages_of_all_sessions_use_one_session_with_the_smarthost),
	cmocka_unit_test(every_user_can_connect_to_the_socket),
	cmocka_unit_test(a_second_service_is_refused),
	cmocka_unit_test(limit_is_for_each_user_and_period),
	cmocka_unit_test(refused_messages_do_not_use_up_the_limit),
	cmocka_unit_test(counts_and_entries_are_shown),
	cmocka_unit_test(a_queue_run_can_be_requested),
};

int
main(void)
{
	return cmocka_run_group_tests(service_spec, NULL, NULL);
}
