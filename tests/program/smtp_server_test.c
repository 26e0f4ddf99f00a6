/*
 * sendmail -bs: the sessions of real clients, and the outcomes of messages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "support/conf.h"
#include "support/fixture.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "util/clock.h"

struct client {
	struct fixture	 place;
	struct running	*mailer;
};

/* Starts sendmail -bs and waits for the greeting. */
static void
start(struct client *p, const char *const *options)
{
	const char	*argv[16] = { "relais", "-C", p->place.conf, "-bs" };
	size_t		 n = 4;

	while (n < 15 && *options != NULL)
		argv[n++] = *options++;
	p->mailer = program_start(&(struct program){ .argv = argv,
	    .keep_open = true });
	assert_memory_equal(program_hear(p->mailer), "220 ", 4);
}

/* Sends a command, and checks the beginning of the reply's last line. */
static const char *
ask(struct client *p, const char *command, const char *reply)
{
	const char	*line;

	program_say(p->mailer, command);
	do
		line = program_hear(p->mailer);
	while (line[3] == '-');
	if (strncmp(line, reply, strlen(reply)) != 0)
		fail_msg("%s: %s", command, line);
	return line;
}

static void
end(struct client *p)
{
	struct program_result	o;

	program_stop(p->mailer, 0, &o);
	assert_int_equal(o.status, 0);
	assert_string_equal(o.err.data, "");
	program_result_free(&o);
}

static void
symfony_sends_two_messages(void **state)
{
	struct client			 p;
	const struct heard_message	*m;

	(void)state;
	fixture_open(&p.place, &(struct script){ 0 }, "smtp", NULL);
	start(&p, WORDS(NULL));
	ask(&p, "EHLO [127.0.0.1]\r\n", "250 ");
	ask(&p, "MAIL FROM:<shop@example.org>\r\n", "250 2.1.0");
	ask(&p, "RCPT TO:<a@example.net>\r\n", "250 2.1.5");
	ask(&p, "DATA\r\n", "354 ");
	ask(&p, "To: a@example.net\r\nBcc: b@example.net\r\nSubject: 1\r\n"
	    "\r\n..dots\r\nTo: z@example.net\r\n.\r\n", "250 2.0.0");
	ask(&p, "NOOP\r\n", "250 2.0.0");
	ask(&p, "RSET\r\n", "250 2.0.0");
	ask(&p, "MAIL FROM:<>\r\n", "250 2.1.0");
	ask(&p, "RCPT TO:<c@example.net>\r\n", "250 2.1.5");
	ask(&p, "RCPT TO:<d@example.net>\r\n", "250 2.1.5");
	ask(&p, "DATA\r\n", "354 ");
	ask(&p, "Subject: 2\r\n\r\ntwo\r\n.\r\n", "250 2.0.0");
	ask(&p, "QUIT\r\n", "221 ");
	end(&p);
	m = fixture_message(&p.place, 0);
	assert_string_equal(m->reverse_path, "shop@example.org");
	assert_int_equal(m->n_rcpt, 1);
	assert_string_equal(m->rcpt[0].path, "a@example.net");
	assert_null(strstr(m->data.data, "Bcc"));
	assert_non_null(strstr(m->data.data, "\r\nDate: "));
	assert_non_null(strstr(m->data.data, "\r\nMessage-ID: "));
	assert_non_null(strstr(m->data.data, "\r\n\r\n.dots\r\nTo: z@"));
	m = fixture_message(&p.place, 1);
	assert_string_equal(m->reverse_path, "");
	assert_int_equal(m->n_rcpt, 2);
	assert_string_equal(m->rcpt[0].path, "c@example.net");
	assert_string_equal(m->rcpt[1].path, "d@example.net");
	assert_null(strstr(m->data.data, "dots"));
	assert_int_equal(mock_smtp_connections(p.place.host), 1);
	fixture_close(&p.place);
}

static void
swift_mailer_uses_helo(void **state)
{
	struct client	p;

	(void)state;
	fixture_open(&p.place, &(struct script){ 0 }, "smtp", NULL);
	start(&p, WORDS("-i"));
	ask(&p, "HELO [127.0.0.1]\r\n", "250 ");
	ask(&p, "MAIL FROM: <a@example.org>\r\n", "250 2.1.0");
	ask(&p, "RCPT TO: <b@example.net>\r\n", "250 2.1.5");
	ask(&p, "DATA\r\n", "354 ");
	ask(&p, "Subject: x\r\n\r\nhi\r\n.\r\n", "250 2.0.0");
	program_end_input(p.mailer);
	end(&p);
	assert_non_null(strstr(fixture_message(&p.place, 0)->data.data,
	    "Subject: x"));
	fixture_close(&p.place);
}

static void
alpine_and_nmh_use_ehlo(void **state)
{
	struct client			 p;
	const struct heard_message	*m;

	(void)state;
	fixture_open(&p.place, &(struct script){ 0 }, "smtp", NULL);
	start(&p, WORDS("-odb", "-oem", "-om", "-t", "-f", "x@example.org",
	    "-F", "X", "-B", "none", "someone@example.net"));
	ask(&p, "EHLO localhost\r\n", "250 ");
	ask(&p, "MAIL FROM:<a@example.org> BODY=8BITMIME\r\n", "250 2.1.0");
	ask(&p, "RCPT TO:<b@example.net>\r\n", "250 2.1.5");
	ask(&p, "DATA\r\n", "354 ");
	ask(&p, "From: a@example.org\r\n\r\ngr\303\274n\r\n.\r\n",
	    "250 2.0.0");
	ask(&p, "QUIT\r\n", "221 ");
	end(&p);
	m = fixture_message(&p.place, 0);
	assert_string_equal(m->reverse_path, "a@example.org");
	assert_int_equal(m->n_rcpt, 1);
	fixture_close(&p.place);
}

static void
a_refusal_by_the_smarthost_is_the_final_reply(void **state)
{
	struct client	p;
	const char	*line;

	(void)state;
	fixture_open(&p.place, &(struct script){ .steps = {
	    { .at = ON_RCPT, .match = "bad@", .say = "550 5.1.1 who?" } } },
	    "smtp", NULL);
	start(&p, WORDS(NULL));
	ask(&p, "EHLO me\r\n", "250 ");
	ask(&p, "MAIL FROM:<a@example.org>\r\n", "250 ");
	ask(&p, "RCPT TO:<bad@example.net>\r\n", "250 ");
	ask(&p, "DATA\r\n", "354 ");
	line = ask(&p, "\r\nhi\r\n.\r\n",
	    "550 5.1.1 Error: accepted for 0 of 1");
	assert_non_null(line);
	/* The session goes on. */
	ask(&p, "MAIL FROM:<a@example.org>\r\n", "250 ");
	ask(&p, "RCPT TO:<good@example.net>\r\n", "250 ");
	ask(&p, "DATA\r\n", "354 ");
	ask(&p, "\r\nhi\r\n.\r\n", "250 2.0.0 Ok: sent (");
	ask(&p, "QUIT\r\n", "221 ");
	end(&p);
	assert_string_equal(fixture_message(&p.place, 0)->rcpt[0].path,
	    "good@example.net");
	fixture_close(&p.place);
}

/* The only reply must ask the client to try again. */
static void
a_deferral_without_a_queue_is_the_final_reply(void **state)
{
	struct client	p;
	const char	*line;

	(void)state;
	fixture_open(&p.place, &(struct script){ .steps = {
	    { .at = ON_RCPT, .match = "bad@", .say = "550 5.1.1 who?" },
	    { .at = ON_RCPT, .match = "busy@", .say = "450 4.2.1 busy" } } },
	    "smtp", NULL);
	start(&p, WORDS(NULL));
	ask(&p, "EHLO me\r\n", "250 ");
	ask(&p, "MAIL FROM:<a@example.org>\r\n", "250 ");
	ask(&p, "RCPT TO:<bad@example.net>\r\n", "250 ");
	ask(&p, "RCPT TO:<busy@example.net>\r\n", "250 ");
	ask(&p, "DATA\r\n", "354 ");
	line = ask(&p, "\r\nhi\r\n.\r\n",
	    "450 4.2.1 Error: accepted for 0 of 2");
	assert_non_null(line);
	ask(&p, "QUIT\r\n", "221 ");
	end(&p);
	fixture_close(&p.place);
}

static void
lmtp_has_a_reply_for_each_recipient(void **state)
{
	struct client	p;

	(void)state;
	fixture_open(&p.place, &(struct script){ .steps = {
	    { .at = ON_RCPT, .match = "bad@", .say = "550 5.1.1 who?" } } },
	    "smtp", "root = good@example.net\n");
	start(&p, WORDS(NULL));
	ask(&p, "LHLO me\r\n", "250 ");
	ask(&p, "MAIL FROM:<a@example.org>\r\n", "250 ");
	ask(&p, "RCPT TO:<bad@example.net>\r\n", "250 ");
	ask(&p, "RCPT TO:<good@example.net>\r\n", "250 ");
	ask(&p, "RCPT TO:<bare>\r\n", "250 ");
	ask(&p, "DATA\r\n", "354 ");
	ask(&p, "\r\nhi\r\n.\r\n", "550 5.1.1 ");
	assert_memory_equal(program_hear(p.mailer), "250 2.0.0 ", 10);
	assert_memory_equal(program_hear(p.mailer), "250 2.0.0 ", 10);
	ask(&p, "QUIT\r\n", "221 ");
	end(&p);
	fixture_close(&p.place);
}

static void
rcpt_refuses_an_unresolvable_local_name(void **state)
{
	struct client	p;

	(void)state;
	fixture_open(&p.place, &(struct script){ 0 }, "smtp", "domain =\n");
	start(&p, WORDS(NULL));
	ask(&p, "MAIL FROM:<a@example.org>\r\n", "250 ");
	assert_non_null(strstr(ask(&p, "RCPT TO:<root>\r\n", "550 5.1.1"),
	    "set root = "));
	ask(&p, "RCPT TO:<good@example.net>\r\n", "250 ");
	ask(&p, "QUIT\r\n", "221 ");
	end(&p);
	fixture_close(&p.place);
}

/* Later changes of the file have no effect on the session. */
static void
aliases_are_read_once_per_session(void **state)
{
	struct client			 p;
	const struct heard_message	*m;
	char				 more[200];
	const char			*path;

	(void)state;
	temp_dir_make(&p.place.dir);
	path = temp_dir_write(&p.place.dir, "who", 0600,
	    "ops: a@example.net\nweb: b@example.net\n");
	snprintf(more, sizeof(more), "domain =\naliases = %s\n", path);
	p.place.host = mock_smtp_start(&(struct script){ 0 });
	p.place.conf = conf_write(&p.place.dir, p.place.host, "smtp", more);
	start(&p, WORDS(NULL));
	for (size_t i = 0; i < 2; i++) {
		ask(&p, "MAIL FROM:<a@example.org>\r\n", "250 ");
		ask(&p, "RCPT TO:<ops>\r\n", "250 ");
		temp_dir_write(&p.place.dir, "who", 0600,
		    "no: c@example.net\n");
		ask(&p, "RCPT TO:<web>\r\n", "250 ");
		ask(&p, "DATA\r\n", "354 ");
		ask(&p, "Subject: x\r\n\r\nhi\r\n.\r\n", "250 ");
		m = fixture_message(&p.place, i);
		assert_int_equal(m->n_rcpt, 2);
		assert_string_equal(m->rcpt[1].path, "b@example.net");
	}
	ask(&p, "QUIT\r\n", "221 ");
	end(&p);
	fixture_close(&p.place);
}

/* This applies even if root is set. */
static void
rcpt_accepts_any_name_if_the_senders_mail_is_redirected(void **state)
{
	struct client	p;

	(void)state;
	fixture_open(&p.place, &(struct script){ 0 }, "smtp",
	    "domain =\n[from shop@example.org]\n"
	    "redirect_all = dev@example.com\n");
	start(&p, WORDS(NULL));
	ask(&p, "MAIL FROM:<shop@example.org>\r\n", "250 ");
	ask(&p, "RCPT TO:<nobody>\r\n", "250 ");
	ask(&p, "DATA\r\n", "354 ");
	ask(&p, "Subject: x\r\n\r\nhi\r\n.\r\n", "250 2.0.0");
	ask(&p, "QUIT\r\n", "221 ");
	end(&p);
	assert_string_equal(fixture_message(&p.place, 0)->rcpt[0].path,
	    "dev@example.com");
	fixture_close(&p.place);
}

static void
rcpt_refuses_local_parts_that_cannot_be_accounts(void **state)
{
	struct client	p;

	(void)state;
	fixture_open(&p.place, &(struct script){ 0 }, "smtp",
	    "root = admin@example.net\n");
	start(&p, WORDS(NULL));
	ask(&p, "MAIL FROM:<a@example.org>\r\n", "250 ");
	ask(&p, "RCPT TO:<\"kim@example.net\">\r\n", "550 5.1.1");
	ask(&p, "RCPT TO:<kim\uff20example.net>\r\n", "550 5.1.1");
	ask(&p, "RCPT TO:<=?UTF-8?Q?L=C3=A9e>\r\n", "550 5.1.1");
	ask(&p, "RCPT TO:<kim>\r\n", "250 ");
	ask(&p, "QUIT\r\n", "221 ");
	end(&p);
	fixture_close(&p.place);
}

static void
from_mode_always_replaces_the_sender(void **state)
{
	struct client			 p;
	const struct heard_message	*m;

	(void)state;
	fixture_open(&p.place, &(struct script){ 0 }, "smtp",
	    "from = from@example.org\nfrom_mode = always\n");
	start(&p, WORDS("-f", "evil@example.net"));
	ask(&p, "MAIL FROM:<evil@example.net>\r\n", "250 ");
	ask(&p, "RCPT TO:<b@example.net>\r\n", "250 ");
	ask(&p, "DATA\r\n", "354 ");
	ask(&p, "From: E <evil@example.net>\r\nSender: evil@example.net\r\n"
	    "Resent-From: evil@example.net\r\n\r\nhi\r\n.\r\n", "250 ");
	ask(&p, "QUIT\r\n", "221 ");
	end(&p);
	m = fixture_message(&p.place, 0);
	assert_string_equal(m->reverse_path, "from@example.org");
	assert_non_null(strstr(m->data.data, "From: E <from@example.org>"));
	assert_non_null(strstr(m->data.data, "Sender: from@example.org"));
	assert_non_null(strstr(m->data.data, "Resent-From: from@example.org"));
	assert_non_null(strstr(m->data.data,
	    "Reply-To: E <evil@example.net>"));
	fixture_close(&p.place);
}

static void
a_closed_connection_is_reopened(void **state)
{
	struct client	p;

	(void)state;
	fixture_open(&p.place, &(struct script){ .steps = { { .at = ON_BODY,
	    .connection = 1, .say = "250 2.0.0 ok", .then = THEN_CLOSE } } },
	    "smtp", NULL);
	start(&p, WORDS(NULL));
	for (int i = 0; i < 2; i++) {
		ask(&p, "MAIL FROM:<a@example.org>\r\n", "250 ");
		ask(&p, "RCPT TO:<b@example.net>\r\n", "250 ");
		ask(&p, "DATA\r\n", "354 ");
		ask(&p, "\r\nhi\r\n.\r\n", "250 2.0.0");
		if (i == 0)
			assert_true(mock_smtp_wait_closed(p.place.host, 1));
	}
	ask(&p, "QUIT\r\n", "221 ");
	end(&p);
	assert_int_equal(mock_smtp_connections(p.place.host), 2);
	fixture_close(&p.place);
}

static void
send_one(struct client *p)
{
	ask(p, "MAIL FROM:<a@example.org>\r\n", "250 ");
	ask(p, "RCPT TO:<b@example.net>\r\n", "250 ");
	ask(p, "DATA\r\n", "354 ");
	ask(p, "\r\nhi\r\n.\r\n", "250 2.0.0");
}

/* The reply to NOOP, and the commands on each connection. */
static const struct {
	struct step	 noop;
	const char	*heard[2];	/* NULL: no connection */
} idle_cases[] = {
	{ { .at = ON_NOOP, .say = "250 2.0.0 ok" },
	    { "EHLO|MAIL|RCPT|DATA|MAIL|RCPT|DATA|NOOP|MAIL|RCPT|DATA|QUIT" } },
	{ { .at = ON_NOOP, .say = "", .then = THEN_HANG },
	    { "EHLO|MAIL|RCPT|DATA|MAIL|RCPT|DATA|NOOP",
	    "EHLO|MAIL|RCPT|DATA|QUIT" } },
	{ { .at = ON_NOOP, .say = "421 4.4.2 timeout", .then = THEN_CLOSE },
	    { "EHLO|MAIL|RCPT|DATA|MAIL|RCPT|DATA|NOOP",
	    "EHLO|MAIL|RCPT|DATA|QUIT" } },
	{ { .at = ON_NOOP, .say = "500 5.5.1 what?" },
	    { "EHLO|MAIL|RCPT|DATA|MAIL|RCPT|DATA|NOOP|QUIT",
	    "EHLO|MAIL|RCPT|DATA|QUIT" } },
};

enum { IDLE_CASES = sizeof(idle_cases) / sizeof(*idle_cases), IDLE_MS = 3100 };

static void
check_idle(struct client *p, size_t i)
{
	struct mock_smtp	*host = p->place.host;
	size_t			 n = idle_cases[i].heard[1] != NULL ? 2 : 1;

	assert_true(mock_smtp_wait_closed(host, n));
	assert_int_equal(mock_smtp_connections(host), n);
	assert_int_equal(mock_smtp_messages(host), 3);
	for (size_t c = 0; c < n; c++) {
		char	*heard = heard_commands(mock_smtp_heard(host, c),
			    false);

		assert_string_equal(heard, idle_cases[i].heard[c]);
		free(heard);
	}
}

/*
 * A connection that was used just before is used again; one that was idle must
 * first reply to NOOP in time.
 */
static void
an_idle_connection_is_checked_with_noop(void **state)
{
	struct client	p[IDLE_CASES];
	int64_t		begin;

	(void)state;
	for (size_t i = 0; i < IDLE_CASES; i++) {
		struct script	script = { .keywords = "PIPELINING" };

		script.steps[0] = idle_cases[i].noop;
		fixture_open(&p[i].place, &script, "smtp", NULL);
		start(&p[i], WORDS(NULL));
		send_one(&p[i]);
		send_one(&p[i]);
	}
	/* The client is idle, and relais must not wait. */
	poll(NULL, 0, IDLE_MS);
	for (size_t i = 0; i < IDLE_CASES; i++) {
		begin = clock_ms();
		send_one(&p[i]);
		/* A reply may take minutes; the reply to NOOP must not. */
		assert_true(clock_ms() - begin < 10 * 1000);
		ask(&p[i], "QUIT\r\n", "221 ");
		end(&p[i]);
		check_idle(&p[i], i);
		fixture_close(&p[i].place);
	}
}

/* Two messages in a session; the smarthost refuses the first. */
static char *
send_after_a_refused_message(const struct script *script, const char *reply)
{
	struct client	 p;
	char		*commands;

	fixture_open(&p.place, script, "smtp", NULL);
	start(&p, WORDS(NULL));
	ask(&p, "EHLO me\r\n", "250 ");
	for (int i = 0; i < 2; i++) {
		ask(&p, "MAIL FROM:<a@example.org>\r\n", "250 ");
		ask(&p, i == 0 ? "RCPT TO:<secret@example.net>\r\n" :
		    "RCPT TO:<b@example.net>\r\n", "250 ");
		ask(&p, "DATA\r\n", "354 ");
		ask(&p, "Subject: x\r\n\r\nhi\r\n.\r\n", i == 0 ? reply :
		    "250 ");
	}
	ask(&p, "QUIT\r\n", "221 ");
	end(&p);
	assert_int_equal(mock_smtp_messages(p.place.host), 2);
	assert_int_equal(mock_smtp_message(p.place.host, 1)->n_rcpt, 1);
	assert_string_equal(mock_smtp_message(p.place.host, 1)->rcpt[0].path,
	    "b@example.net");
	assert_true(mock_smtp_wait_closed(p.place.host, 1));
	commands = heard_commands(mock_smtp_heard(p.place.host, 0), false);
	fixture_close(&p.place);
	return commands;
}

static void
after_a_refused_bdat_the_envelope_is_reset(void **state)
{
	char	*commands;

	(void)state;
	commands = send_after_a_refused_message(&(struct script){
	    .keywords = "PIPELINING\n8BITMIME\nCHUNKING", .steps = { {
	    .at = ON_BODY, .nth = 1, .say = "451 4.3.0 later" } } }, "451 ");
	assert_string_equal(commands, "EHLO|MAIL|RCPT|BDAT|RSET|MAIL|RCPT|"
	    "BDAT|QUIT");
	free(commands);
}

/* With the sender that the server has refused: nothing must follow. */
static void
a_refused_sender_gets_no_empty_message(void **state)
{
	struct client	p;
	char		*commands;

	(void)state;
	fixture_open(&p.place, &(struct script){
	    .keywords = "PIPELINING\n8BITMIME", .steps = {
	    { .at = ON_MAIL, .say = "550 5.7.1 no" },
	    { .at = ON_RCPT, .say = "250 2.1.5 Ok" },
	    { .at = ON_DATA, .say = "354 go" } } }, "smtp", NULL);
	start(&p, WORDS(NULL));
	ask(&p, "MAIL FROM:<a@example.org>\r\n", "250 ");
	ask(&p, "RCPT TO:<b@example.net>\r\n", "250 ");
	ask(&p, "DATA\r\n", "354 ");
	ask(&p, "Subject: x\r\n\r\nhi\r\n.\r\n", "550 5.7.1 ");
	ask(&p, "QUIT\r\n", "221 ");
	end(&p);
	assert_true(mock_smtp_wait_closed(p.place.host, 1));
	assert_int_equal(mock_smtp_messages(p.place.host), 0);
	commands = heard_commands(mock_smtp_heard(p.place.host, 0), false);
	assert_string_equal(commands, "EHLO|MAIL|RCPT|DATA");
	free(commands);
	fixture_close(&p.place);
}

/* The recipients of the first message would get an empty one. */
static void
no_empty_message_is_sent_to_a_server_that_kept_the_envelope(void **state)
{
	char	*commands;

	(void)state;
	commands = send_after_a_refused_message(&(struct script){
	    .keywords = "PIPELINING\n8BITMIME", .steps = {
	    { .at = ON_BODY, .nth = 1, .connection = 1,
	    .say = "451 4.3.0 later" },
	    { .at = ON_MAIL, .nth = 2, .connection = 1,
	    .say = "503 5.5.1 nested MAIL" },
	    { .at = ON_RCPT, .nth = 2, .connection = 1, .say = "250 2.1.5 Ok" },
	    { .at = ON_DATA, .nth = 2, .connection = 1, .say = "354 go" } } },
	    "451 ");
	assert_string_equal(commands, "EHLO|MAIL|RCPT|DATA|MAIL|RCPT|DATA");
	free(commands);
}

static void
a_queued_message_is_accepted(void **state)
{
	struct client	p;
	char		more[200];

	(void)state;
	temp_dir_make(&p.place.dir);
	p.place.host = mock_smtp_start(&(struct script){ .refusing = true });
	snprintf(more, sizeof(more), "queue = %s/spool\n", p.place.dir.path);
	p.place.conf = conf_write(&p.place.dir, p.place.host, "smtp", more);
	start(&p, WORDS(NULL));
	ask(&p, "MAIL FROM:<a@example.org>\r\n", "250 ");
	ask(&p, "RCPT TO:<b@example.net>\r\n", "250 ");
	ask(&p, "DATA\r\n", "354 ");
	ask(&p, "\r\nhi\r\n.\r\n", "250 2.0.0 Ok: queued as ");
	ask(&p, "QUIT\r\n", "221 ");
	end(&p);
	assert_int_equal(temp_dir_count(temp_dir_path(&p.place.dir,
	    "spool/queue")), 1);
	fixture_close(&p.place);
}

static void
an_undelivered_message_without_a_queue_gets_451(void **state)
{
	struct client	p;

	(void)state;
	fixture_open(&p.place, &(struct script){ .refusing = true }, "smtp",
	    NULL);
	start(&p, WORDS(NULL));
	ask(&p, "MAIL FROM:<a@example.org>\r\n", "250 ");
	ask(&p, "RCPT TO:<b@example.net>\r\n", "250 ");
	ask(&p, "DATA\r\n", "354 ");
	ask(&p, "\r\nhi\r\n.\r\n", "451 4.4.1 ");
	ask(&p, "QUIT\r\n", "221 ");
	end(&p);
	fixture_close(&p.place);
}

static void
the_end_of_input_in_a_message_discards_it(void **state)
{
	struct client	p;

	(void)state;
	fixture_open(&p.place, &(struct script){ 0 }, "smtp", NULL);
	start(&p, WORDS(NULL));
	ask(&p, "MAIL FROM:<a@example.org>\r\n", "250 ");
	ask(&p, "RCPT TO:<b@example.net>\r\n", "250 ");
	ask(&p, "DATA\r\n", "354 ");
	program_say(p.mailer, "\r\nhi\r\n");
	program_end_input(p.mailer);
	end(&p);
	assert_int_equal(mock_smtp_connections(p.place.host), 0);
	fixture_close(&p.place);
}

/* A whole session in one write, with a thousand recipients. */
static void
a_session_in_one_write_is_accepted(void **state)
{
	struct client		p;
	struct program_result	o;
	struct buffer		in = { 0 };

	(void)state;
	fixture_open(&p.place, &(struct script){ .discard = true }, "smtp",
	    NULL);
	buffer_add_text(&in, "EHLO me\r\nMAIL FROM:<a@example.org>\r\n");
	for (int i = 0; i < 1000; i++)
		buffer_addf(&in, "RCPT TO:<u%d@example.net>\r\n", i);
	buffer_add_text(&in, "BDAT 8 LAST\r\n\r\nhello\nQUIT\r\n");
	relais_run(&o, p.place.conf, WORDS("-bs"), in.data);
	assert_int_equal(o.status, 0);
	assert_string_equal(o.err.data, "");
	assert_non_null(strstr(o.out.data, "\r\n250 2.0.0 Ok: sent ("));
	assert_int_equal(fixture_message(&p.place, 0)->n_rcpt, 1000);
	program_result_free(&o);
	buffer_free(&in);
	fixture_close(&p.place);
}

static void
a_configuration_error_gets_421(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;

	(void)state;
	temp_dir_make(&dir);
	program_run(&o, &(struct program){ .argv = WORDS("relais", "-C",
	    temp_dir_write(&dir, "relais.conf", 0600, "frob = 1\n"), "-bs"),
	    .keep_open = true });
	assert_int_equal(o.status, EX_CONFIG);
	assert_memory_equal(o.out.data, "421 ", 4);
	assert_non_null(strstr(o.err.data, "frob"));
	program_result_free(&o);
	temp_dir_remove(&dir);
}

static void
an_invalid_option_ends_at_once(void **state)
{
	struct program_result	o;

	(void)state;
	program_run(&o, &(struct program){ .argv = WORDS("sendmail", "-Z",
	    "-bs"), .keep_open = true, .deadline_ms = 1500 });
	assert_int_equal(o.status, EX_USAGE);
	program_result_free(&o);
}

static void
sends_nothing(void **state)
{
	const int		*signal = *state;
	struct client		 p;
	struct program_result	 o;

	fixture_open(&p.place, &(struct script){ 0 }, "smtp", NULL);
	start(&p, WORDS(NULL));
	ask(&p, "MAIL FROM:<a@example.org>\r\n", "250 ");
	ask(&p, "RCPT TO:<b@example.net>\r\n", "250 ");
	ask(&p, "DATA\r\n", "354 ");
	program_say(p.mailer, "\r\nhi\r\n");
	program_stop(p.mailer, *signal, &o);
	assert_int_equal(o.signal, *signal);
	program_result_free(&o);
	assert_int_equal(mock_smtp_connections(p.place.host), 0);
	fixture_close(&p.place);
}

#define SIGNAL(number) { #number " during the message sends nothing", \
	sends_nothing, NULL, NULL, &(int){ number } }

static const struct CMUnitTest smtp_server_spec[] = {
	cmocka_unit_test(symfony_sends_two_messages),
	cmocka_unit_test(swift_mailer_uses_helo),
	cmocka_unit_test(alpine_and_nmh_use_ehlo),
	cmocka_unit_test(a_refusal_by_the_smarthost_is_the_final_reply),
	cmocka_unit_test(a_deferral_without_a_queue_is_the_final_reply),
	cmocka_unit_test(lmtp_has_a_reply_for_each_recipient),
	cmocka_unit_test(rcpt_refuses_an_unresolvable_local_name),
	cmocka_unit_test(
	    rcpt_accepts_any_name_if_the_senders_mail_is_redirected),
	cmocka_unit_test(rcpt_refuses_local_parts_that_cannot_be_accounts),
	cmocka_unit_test(aliases_are_read_once_per_session),
	cmocka_unit_test(from_mode_always_replaces_the_sender),
	cmocka_unit_test(a_closed_connection_is_reopened),
	cmocka_unit_test(an_idle_connection_is_checked_with_noop),
	cmocka_unit_test(a_refused_sender_gets_no_empty_message),
	cmocka_unit_test(after_a_refused_bdat_the_envelope_is_reset),
	cmocka_unit_test(
	    no_empty_message_is_sent_to_a_server_that_kept_the_envelope),
	cmocka_unit_test(a_queued_message_is_accepted),
	cmocka_unit_test(an_undelivered_message_without_a_queue_gets_451),
	cmocka_unit_test(the_end_of_input_in_a_message_discards_it),
	cmocka_unit_test(a_session_in_one_write_is_accepted),
	cmocka_unit_test(a_configuration_error_gets_421),
	cmocka_unit_test(an_invalid_option_ends_at_once),
	SIGNAL(SIGHUP), SIGNAL(SIGINT), SIGNAL(SIGTERM),
};

int
main(void)
{
	return cmocka_run_group_tests(smtp_server_spec, NULL, NULL);
}
