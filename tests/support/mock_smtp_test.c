/* The scripted smarthost, with a client on a raw socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/mock_smtp.h"
#include "support/temp_dir.h"

enum { DEADLINE_MS = 5000 };

#define HELLO_CLEAR "250-mail.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n" \
	"250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n250-SMTPUTF8\r\n" \
	"250-CHUNKING\r\n250 SIZE 0\r\n"
#define GREETING "220 mail.example ESMTP ready\r\n"

static int
dial(const struct mock_smtp *host)
{
	struct sockaddr_in	in = { .sin_family = AF_INET,
				    .sin_port = htons(host->port) };
	struct sockaddr_in6	in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(host->port) };
	struct sockaddr_un	un = { .sun_family = AF_UNIX };
	struct sockaddr		*to = (struct sockaddr *)&in;
	socklen_t		 len = sizeof(in);
	int			 fd;

	if (host->port == 0) {
		strlcpy(un.sun_path, host->address, sizeof(un.sun_path));
		to = (struct sockaddr *)&un;
		len = sizeof(un);
	} else if (inet_pton(AF_INET6, host->address, &in6.sin6_addr) == 1) {
		to = (struct sockaddr *)&in6;
		len = sizeof(in6);
	} else
		inet_pton(AF_INET, host->address, &in.sin_addr);
	fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, to, len) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
send_text(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
	    strlen(text));
}

/* One read(2) as text, or "(end)", "(reset)", "(silence)". */
static const char *
receive(int fd, char *to, size_t size, int ms)
{
	struct pollfd	pfd = { .fd = fd, .events = POLLIN };
	ssize_t		n;

	if (poll(&pfd, 1, ms) <= 0)
		return "(silence)";
	n = recv(fd, to, size - 1, 0);
	if (n <= 0)
		return n == 0 ? "(end)" : "(reset)";
	to[n] = '\0';
	return to;
}

/* Reads until exactly this text has arrived. */
static void
expect(int fd, const char *want)
{
	char	 got[8192] = "", block[4096];
	size_t	 len = 0;

	while (len < strlen(want)) {
		const char	*more = receive(fd, block, sizeof(block),
				    DEADLINE_MS);

		len = strlcat(got, more, sizeof(got));
		if (*more == '(')
			break;
	}
	assert_string_equal(got, want);
}

static void
expect_end(int fd, const char *how)
{
	char	block[64];

	assert_string_equal(receive(fd, block, sizeof(block), DEADLINE_MS),
	    how);
	close(fd);
}

static void
delivers_in_two_flights(void **state)
{
	struct mock_smtp		*host = mock_smtp_start(
					    &(struct script){ 0 });
	int				 fd = dial(host);
	const struct heard		*h;
	const struct heard_message	*m;
	char				*text;

	(void)state;
	expect(fd, GREETING);
	send_text(fd, "EHLO me\r\n");
	expect(fd, HELLO_CLEAR);
	send_text(fd, "MAIL FROM:<a@x> SIZE=5\r\nRCPT TO:<b@y>\r\n"
	    "RCPT TO:<\"c>d\"@y> NOTIFY=NEVER\r\nDATA\r\n");
	expect(fd, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n250 2.1.5 Ok\r\n"
	    "354 End data with <CR><LF>.<CR><LF>\r\n");
	send_text(fd, "A: b\r\n\r\n..x\r\n.\n\r\n..\r\n.\r\n");
	expect(fd, "250 2.0.0 Ok: queued as 1-1\r\n");
	send_text(fd, "QUIT\r\n");
	expect(fd, "221 2.0.0 Bye\r\n");
	expect_end(fd, "(end)");
	assert_true(mock_smtp_wait_closed(host, 1));

	h = mock_smtp_heard(host, 0);
	text = heard_commands(h, false);
	assert_string_equal(text, "EHLO|MAIL|RCPT|RCPT|DATA|QUIT");
	free(text);
	assert_int_equal(h->n_flights, 4);
	text = heard_flight(h, 2);
	assert_string_equal(text,
	    "A: b\r\n\r\n..x\r\n.\n\r\n..\r\n.\r\n");
	free(text);
	assert_int_equal(h->command[4].flight, 1);
	assert_int_equal(h->command[4].code, 354);
	assert_true(h->quit);
	assert_false(h->left_early);
	assert_int_equal(h->ending, WE_CLOSED);

	m = mock_smtp_message(host, 0);
	assert_non_null(m);
	assert_string_equal(m->reverse_path, "a@x");
	assert_string_equal(m->parameters, "SIZE=5");
	assert_int_equal(m->n_rcpt, 2);
	assert_string_equal(m->rcpt[1].path, "\"c>d\"@y");
	assert_string_equal(m->rcpt[1].parameters, "NOTIFY=NEVER");
	assert_string_equal(m->wire.data, "A: b\r\n\r\n..x\r\n.\n\r\n..\r\n");
	assert_string_equal(m->data.data, "A: b\r\n\r\n.x\r\n\n\r\n.\r\n");
	assert_int_equal(m->size, m->data.len);
	assert_int_equal(m->code, 250);
	assert_int_equal(m->flights, 3);
	assert_int_equal(m->round_trips, 5);
	mock_smtp_stop(host);
}

static void
accepts_chunks_in_one_flight(void **state)
{
	struct mock_smtp		*host = mock_smtp_start(
					    &(struct script){ 0 });
	int				 fd = dial(host);
	const struct heard_message	*m;

	(void)state;
	expect(fd, GREETING);
	send_text(fd, "EHLO me\r\n");
	expect(fd, HELLO_CLEAR);
	send_text(fd, "MAIL FROM:<>\r\nRCPT TO:<b@y>\r\nBDAT 3\r\nabc"
	    "BDAT 4 LAST\r\n.\r\nd");
	expect(fd, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n250 2.0.0 Ok\r\n"
	    "250 2.0.0 Ok: queued as 1-1\r\n");
	close(fd);
	assert_true(mock_smtp_wait_closed(host, 1));
	m = mock_smtp_message(host, 0);
	assert_string_equal(m->data.data, "abc.\r\nd");
	assert_int_equal(m->chunks, 2);
	assert_int_equal(m->flights, 2);
	assert_int_equal(m->round_trips, 4);
	assert_int_equal(mock_smtp_heard(host, 0)->ending, CLIENT_CLOSED);
	mock_smtp_stop(host);
}

/* Output is sent before the server waits for the rest of a line. */
static void
greets_a_client_that_sent_half_a_line(void **state)
{
	struct mock_smtp	*host = mock_smtp_start(&(struct script){
					.steps = { { .at = ON_GREETING,
					    .hold = true } } });
	int			 fd = dial(host);

	(void)state;
	send_text(fd, "\026\003\001");
	mock_smtp_release(host);
	expect(fd, GREETING);
	close(fd);
	mock_smtp_stop(host);
}

/* A flight ends only where a client may wait for a reply. */
static void
continues_a_flight_after_half_a_line(void **state)
{
	struct mock_smtp	*host = mock_smtp_start(
				    &(struct script){ .keywords = "" });
	int			 fd = dial(host);

	(void)state;
	expect(fd, GREETING);
	send_text(fd, "EHLO me\r\n");
	expect(fd, "250 mail.example\r\n");
	send_text(fd, "MAIL FROM:<>\r\nRCPT TO:<b@y>\r\nBDAT 3\r\na");
	expect(fd, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n");
	send_text(fd, "bcBDAT 0 LA");
	expect(fd, "250 2.0.0 Ok\r\n");
	send_text(fd, "ST\r\n");
	expect(fd, "250 2.0.0 Ok: queued as 1-1\r\n");
	close(fd);
	assert_true(mock_smtp_wait_closed(host, 1));
	assert_int_equal(mock_smtp_heard(host, 0)->n_flights, 2);
	assert_int_equal(mock_smtp_message(host, 0)->flights, 2);
	assert_int_equal(mock_smtp_message(host, 0)->round_trips, 4);
	mock_smtp_stop(host);
}

static void
replies_for_each_recipient_in_lmtp(void **state)
{
	struct temp_dir			 dir;
	struct mock_smtp		*host;
	const struct heard_message	*m;
	int				 fd;

	(void)state;
	temp_dir_make(&dir);
	host = mock_smtp_start(&(struct script){
		.lmtp = true, .keywords = "",
		.address = temp_dir_path(&dir, "socket"),
		.steps = { { .at = ON_BODY, .match = "c@",
		    .say = "452 4.2.2 full" } } });
	fd = dial(host);
	expect(fd, GREETING);
	send_text(fd, "EHLO me\r\n");
	expect(fd, "500 5.5.1 This is LMTP\r\n");
	send_text(fd, "LHLO me\r\n");
	expect(fd, "250 mail.example\r\n");
	send_text(fd, "MAIL FROM:<>\r\nRCPT TO:<b@y>\r\nRCPT TO:<c@y>\r\n"
	    "DATA\r\n");
	expect(fd, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n250 2.1.5 Ok\r\n"
	    "354 End data with <CR><LF>.<CR><LF>\r\n");
	send_text(fd, ".\r\n");
	expect(fd, "250 2.1.5 Delivered\r\n452 4.2.2 full\r\n");
	assert_true(mock_smtp_wait_messages(host, 1));
	m = mock_smtp_message(host, 0);
	assert_int_equal(m->rcpt[0].body_code, 250);
	assert_int_equal(m->rcpt[1].body_code, 452);
	close(fd);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

static void
decodes_credentials(void **state)
{
	struct mock_smtp	*host = mock_smtp_start(&(struct script){
					.user = "joe", .password = "secret",
					.address = "::1", .keywords = "" });
	const struct heard	*h;
	int			 fd = dial(host);

	(void)state;
	expect(fd, GREETING);
	send_text(fd, "EHLO me\r\n");
	expect(fd, "250-mail.example\r\n250 AUTH PLAIN LOGIN\r\n");
	send_text(fd, "AUTH LOGIN\r\n");
	expect(fd, "334 VXNlcm5hbWU6\r\n");
	send_text(fd, "*\r\n");
	expect(fd, "501 5.7.0 Authentication cancelled\r\n");
	send_text(fd, "auth plain AGpvZQB3cm9uZw==\r\n");
	expect(fd, "535 5.7.8 Authentication credentials invalid\r\n");
	send_text(fd, "AUTH LOGIN\r\n");
	expect(fd, "334 VXNlcm5hbWU6\r\n");
	send_text(fd, "am9l\r\n");
	expect(fd, "334 UGFzc3dvcmQ6\r\n");
	send_text(fd, "c2VjcmV0\r\n");
	expect(fd, "235 2.7.0 Authentication succeeded\r\n");
	close(fd);
	assert_true(mock_smtp_wait_closed(host, 1));
	h = mock_smtp_heard(host, 0);
	assert_string_equal(h->mechanism, "LOGIN");
	assert_string_equal(h->user, "joe");
	assert_string_equal(h->password, "secret");
	assert_null(h->authorize_as);
	assert_true(h->authenticated);
	mock_smtp_stop(host);
}

static void
echo_mechanism(struct auth_exchange *x, const char *line)
{
	if (x->round == 0)
		strlcpy(x->reply, "334 eHk=", sizeof(x->reply));
	else if (strcmp(line, "eHk=") == 0)
		strlcpy(x->reply, "235 2.7.0 same", sizeof(x->reply));
	else
		strlcpy(x->reply, "535 5.7.8 not same", sizeof(x->reply));
	strlcpy(x->user, x->mechanism, sizeof(x->user));
}

static void
calls_the_hook_for_other_mechanisms(void **state)
{
	struct mock_smtp	*host = mock_smtp_start(&(struct script){
					.auth = echo_mechanism,
					.mechanisms = "X-ECHO",
					.keywords = "" });
	int			 fd = dial(host);

	(void)state;
	expect(fd, GREETING);
	send_text(fd, "EHLO me\r\n");
	expect(fd, "250-mail.example\r\n250 AUTH X-ECHO\r\n");
	send_text(fd, "AUTH x-echo\r\n");
	expect(fd, "334 eHk=\r\n");
	send_text(fd, "eHk=\r\n");
	expect(fd, "235 2.7.0 same\r\n");
	close(fd);
	assert_true(mock_smtp_wait_closed(host, 1));
	assert_string_equal(mock_smtp_heard(host, 0)->user, "X-ECHO");
	mock_smtp_stop(host);
}

static void
counts_and_hashes_discarded_messages(void **state)
{
	/* printf 'abc\r\n.\r\n' | sha256sum */
	static const char		 sum[] =
					    "58a4e23f429d7cd4e9d4c3e6247c6b38"
					    "f72e88e474d749ce3ba979908817041d";
	struct mock_smtp		*host = mock_smtp_start(
					    &(struct script){
					    .discard = true });
	const struct heard_message	*m;
	int				 fd = dial(host);

	(void)state;
	expect(fd, GREETING);
	send_text(fd, "EHLO me\r\n");
	expect(fd, HELLO_CLEAR);
	send_text(fd, "MAIL FROM:<>\r\nRCPT TO:<b@y>\r\nDATA\r\n");
	expect(fd, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n"
	    "354 End data with <CR><LF>.<CR><LF>\r\n");
	send_text(fd, "abc\r\n.");
	send_text(fd, ".\r\n");
	send_text(fd, ".\r\n");
	expect(fd, "250 2.0.0 Ok: queued as 1-1\r\n");
	close(fd);
	assert_true(mock_smtp_wait_messages(host, 1));
	m = mock_smtp_message(host, 0);
	assert_int_equal(m->size, 8);
	assert_null(m->data.data);
	assert_string_equal(m->first.data, "abc\r\n.\r\n");
	assert_string_equal(m->last.data, "abc\r\n.\r\n");
	assert_string_equal(m->sha256, sum);
	mock_smtp_stop(host);
}

static void
holds_a_reply_until_it_is_released(void **state)
{
	struct mock_smtp	*host = mock_smtp_start(&(struct script){
					.steps = { { .at = ON_GREETING,
					    .hold = true } } });
	int			 fd = dial(host);
	char			 block[64];

	(void)state;
	assert_true(mock_smtp_wait_connections(host, 1));
	assert_string_equal(receive(fd, block, sizeof(block), 0),
	    "(silence)");
	mock_smtp_release(host);
	expect(fd, GREETING);
	close(fd);
	mock_smtp_stop(host);
}

static void
serves_connections_in_parallel(void **state)
{
	struct mock_smtp	*host = mock_smtp_start(&(struct script){
					.steps = { { .at = ON_GREETING,
					    .connection = 2,
					    .say = "554 5.3.2 second" } } });
	int			 first = dial(host), second;

	(void)state;
	expect(first, GREETING);
	second = dial(host);
	expect(second, "554 5.3.2 second\r\n");
	send_text(first, "NOOP\r\n");
	expect(first, "250 2.0.0 Ok\r\n");
	close(first);
	close(second);
	assert_true(mock_smtp_wait_closed(host, 2));
	mock_smtp_stop(host);
}

static void
keeps_transactions_apart(void **state)
{
	struct mock_smtp	*host = mock_smtp_start(&(struct script){
					.keywords = "", .steps = {
					{ .at = ON_DATA, .say = "354 go" },
					{ .at = ON_QUIT, .hold = true } } });
	const struct heard	*h;
	int			 fd = dial(host);

	(void)state;
	expect(fd, GREETING);
	send_text(fd, "HELO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"
	    "DATA\r\nx\r\n.\r\nBDAT 1 LAST\r\nyRSET\r\n"
	    "MAIL FROM:<e@f>\r\nMAIL FROM:<g@h>\r\nQUIT\r\n");
	shutdown(fd, SHUT_WR);
	assert_true(mock_smtp_wait_closed(host, 1));
	close(fd);
	assert_int_equal(mock_smtp_messages(host), 2);
	h = mock_smtp_heard(host, 0);
	assert_int_equal(h->n_messages, 4);
	assert_string_equal(h->message[0]->data.data, "x\r\n");
	assert_int_equal(h->message[0]->code, 250);
	assert_string_equal(h->message[1]->data.data, "y");
	assert_int_equal(h->message[1]->code, 554);
	assert_int_equal(h->message[2]->mail_code, 250);
	assert_int_equal(h->message[3]->mail_code, 503);
	assert_true(h->left_early);
	mock_smtp_stop(host);
}

static void
refuses_wrong_pipelining_if_strict(void **state)
{
	struct mock_smtp	*host = mock_smtp_start(&(struct script){
					.keywords = "", .strict = true });
	int			 fd = dial(host);

	(void)state;
	expect(fd, GREETING);
	send_text(fd, "RSET\r\nRSET\r\n");
	expect(fd, "554 5.5.0 Protocol synchronization error\r\n");
	close(fd);
	mock_smtp_stop(host);
}

static void
enforces_its_limits(void **state)
{
	struct mock_smtp	*host = mock_smtp_start(&(struct script){
					.keywords = "SIZE 10",
					.size_limit = 10, .rcpt_max = 1,
					.mail_max = 1 });
	int			 fd = dial(host);

	(void)state;
	expect(fd, GREETING);
	send_text(fd, "EHLO me\r\nMAIL FROM:<> SIZE=11\r\nMAIL FROM:<>\r\n"
	    "RCPT TO:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 11 LAST\r\n"
	    "12345678901MAIL FROM:<>\r\n");
	expect(fd, "250-mail.example\r\n250-SIZE 10\r\n"
	    "250 LIMITS MAILMAX=1 RCPTMAX=1\r\n552 5.3.4 Message too big\r\n"
	    "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n452 4.5.3 Too many recipients"
	    "\r\n552 5.3.4 Message too big\r\n421 4.7.0 Too many messages"
	    "\r\n");
	expect_end(fd, "(end)");
	mock_smtp_stop(host);
}

static void
binds_a_port_without_listening(void **state)
{
	struct mock_smtp	*host = mock_smtp_start(
				    &(struct script){ .refusing = true });

	(void)state;
	assert_int_equal(dial(host), -1);
	assert_int_equal(errno, ECONNREFUSED);
	mock_smtp_stop(host);
}

static void
does_not_complete_connections(void **state)
{
	struct mock_smtp	*host = mock_smtp_start(
				    &(struct script){ .black_hole = true });
	struct sockaddr_in	 in = { .sin_family = AF_INET,
				    .sin_port = htons(host->port),
				    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int			 fd = socket(AF_INET, SOCK_STREAM |
				    SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd		 pfd = { .fd = fd, .events = POLLOUT };

	(void)state;
	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), -1);
	assert_int_equal(poll(&pfd, 1, 20), 0);
	close(fd);
	mock_smtp_stop(host);
}

/* The input of the client, and the expected output. */
struct misbehaviour {
	struct step	 step;
	const char	*say;		/* after the greeting; or NULL */
	const char	*want;		/* all output, and the end */
	bool		 strict;
};

static void
misbehaves(void **state)
{
	const struct misbehaviour	*c = *state;
	struct script			 script = { .keywords = "",
					    .strict = c->strict };
	struct mock_smtp		*host;
	char				 got[4096] = "", block[1024];
	const char			*more;
	int				 fd;

	script.steps[0] = c->step;
	host = mock_smtp_start(&script);
	fd = dial(host);
	if (c->say != NULL)
		send_text(fd, c->say);
	do {
		/* Wait for silence only if it is expected. */
		more = receive(fd, block, sizeof(block),
		    strstr(c->want, "(silence)") != NULL &&
		    strlen(got) + 9 >= strlen(c->want) ? 20 : DEADLINE_MS);
		strlcat(got, more, sizeof(got));
	} while (*more != '(' && strlen(got) < strlen(c->want));
	assert_string_equal(got, c->want);
	close(fd);
	assert_true(mock_smtp_wait_closed(host, 1));
	mock_smtp_stop(host);
}

#define MISBEHAVES(sentence, want_, say_, ...) \
	{ sentence, misbehaves, NULL, NULL, &(struct misbehaviour){ \
	    .want = want_, .say = say_, .step = { __VA_ARGS__ } } }
#define STRICTLY(sentence, want_, say_) \
	{ sentence, misbehaves, NULL, NULL, &(struct misbehaviour){ \
	    .want = want_, .say = say_, .strict = true, \
	    .step = { .at = ON_END } } }

static const struct CMUnitTest smarthost_spec[] = {
	cmocka_unit_test(delivers_in_two_flights),
	cmocka_unit_test(accepts_chunks_in_one_flight),
	cmocka_unit_test(greets_a_client_that_sent_half_a_line),
	cmocka_unit_test(continues_a_flight_after_half_a_line),
	cmocka_unit_test(replies_for_each_recipient_in_lmtp),
	cmocka_unit_test(decodes_credentials),
	cmocka_unit_test(calls_the_hook_for_other_mechanisms),
	cmocka_unit_test(counts_and_hashes_discarded_messages),
	cmocka_unit_test(holds_a_reply_until_it_is_released),
	cmocka_unit_test(serves_connections_in_parallel),
	cmocka_unit_test(keeps_transactions_apart),
	cmocka_unit_test(refuses_wrong_pipelining_if_strict),
	cmocka_unit_test(enforces_its_limits),
	cmocka_unit_test(binds_a_port_without_listening),
	cmocka_unit_test(does_not_complete_connections),
	MISBEHAVES("THEN_CLOSE without a reply", "(end)", NULL,
	    .at = ON_GREETING, .say = "", .then = THEN_CLOSE),
	MISBEHAVES("THEN_RESET without a reply", "(reset)", NULL,
	    .at = ON_GREETING, .say = "", .then = THEN_RESET),
	MISBEHAVES("THEN_CLOSE after a reply", "554 no\r\n(end)", NULL,
	    .at = ON_GREETING, .say = "554 no", .then = THEN_CLOSE),
	MISBEHAVES("THEN_HANG sends nothing", GREETING "(silence)",
	    "EHLO me\r\n",
	    .at = ON_EHLO, .say = "", .then = THEN_HANG),
	MISBEHAVES("an empty reply, and the session goes on",
	    GREETING "500 5.5.2 Unknown command\r\n", "EHLO me\r\nX\r\n",
	    .at = ON_EHLO, .say = ""),
	MISBEHAVES("\\n in a reply becomes CRLF",
	    "220-a\r\n220 b\r\n", NULL,
	    .at = ON_GREETING, .say = "220-a\n220 b"),
	MISBEHAVES("raw octets are sent unchanged", "220 a\n", NULL,
	    .at = ON_GREETING, .raw = "220 a\n"),
	MISBEHAVES("a premature reply is sent with the reply",
	    GREETING "250 mail.example\r\n250 early\r\n", "HELO me\r\n",
	    .at = ON_HELO, .say = "250 mail.example",
	    .also = "250 early\r\n"),
	MISBEHAVES("a dripping reply arrives octet by octet", "220 a\r\n", NULL,
	    .at = ON_GREETING, .say = "220 a", .how = DRIPPING),
	MISBEHAVES("a reply in two segments", "220 a\r\n", NULL,
	    .at = ON_GREETING, .say = "220 a", .how = SPLIT),
	MISBEHAVES("a delayed reply arrives", GREETING, NULL,
	    .at = ON_GREETING, .delay_ms = 5),
	MISBEHAVES("nth: only the second match",
	    GREETING "250 2.0.0 Ok\r\n450 no\r\n250 2.0.0 Ok\r\n",
	    "NOOP\r\nNOOP\r\nNOOP\r\n",
	    .at = ON_NOOP, .nth = 2, .say = "450 no"),
	MISBEHAVES("match: only lines that contain the text",
	    GREETING "250 2.0.0 Ok\r\n450 no\r\n", "NOOP a\r\nNOOP b\r\n",
	    .at = ON_ANY, .match = "b", .say = "450 no"),
	MISBEHAVES("a 2xx reply to DATA does not begin a message",
	    GREETING "250 2.0.0 Ok\r\n500 5.5.2 Unknown command\r\n",
	    "DATA\r\n.\r\n",
	    .at = ON_DATA, .say = "250 2.0.0 Ok"),
	MISBEHAVES("a dot ends an empty message",
	    GREETING "354 go\r\n554 5.5.1 No valid recipients\r\n",
	    "DATA\r\n.\r\n", .at = ON_DATA, .say = "354 go"),
	MISBEHAVES("a reply within the message",
	    GREETING "250 mail.example\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n"
	    "354 End data with <CR><LF>.<CR><LF>\r\n421 enough\r\n(end)",
	    "HELO me\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\nabc",
	    .at = ON_IN_BODY, .after = 3, .say = "421 enough",
	    .then = THEN_CLOSE),
	MISBEHAVES("a reply within a chunk",
	    GREETING "250 mail.example\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n"
	    "452 full\r\n(end)",
	    "HELO me\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 9\r\nabc",
	    .at = ON_IN_BODY, .after = 3, .say = "452 full",
	    .then = THEN_CLOSE),
	MISBEHAVES("THEN_CLOSE after the message",
	    GREETING "354 go\r\n421 bye\r\n(end)", "DATA\r\nabcdefg",
	    .at = ON_DATA, .say = "354 go\n421 bye", .then = THEN_SHUT),
	STRICTLY("input before the greeting is refused",
	    "554 5.5.0 Protocol synchronization error\r\n",
	    "EHLO me\r\n"),
};

int
main(void)
{
	return cmocka_run_group_tests(smarthost_spec, NULL, NULL);
}
