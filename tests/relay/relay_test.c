/*
 * relay_send() with two scripted smarthosts: the connections and messages of
 * each smarthost, and the outcome of the last message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "relay/relay.h"
#include "support/cases.h"
#include "support/conf_load.h"
#include "support/mock_smtp.h"
#include "support/temp_dir.h"

enum { HOSTS = 2 };

struct sends {
	const char		*sentence;
	struct script		 script[HOSTS];
	enum outcome_kind	 kind;		/* of the last message */
	int			 code;
	size_t			 connections[HOSTS];
	size_t			 messages[HOSTS];
	int			 n;		/* messages; 0: 1 */
	const char		*conf;		/* or NULL */
	const char		*second;	/* sender of all but the first
						 * message, or NULL */
	bool			 remember;
	bool			 not_attempted;
	bool			 in_doubt;
};

struct place {
	struct temp_dir		 dir;
	struct mock_smtp	*host[HOSTS];
	struct config		 config;
	struct identity		 me;
	struct message		 message;
	struct relay		 relay;
};

static void
place_begin(struct place *p, const struct script *scripts, const char *more)
{
	static const struct message_limits	limits;
	static const char	text[] = "From: a@example.org\r\n\r\nHello\r\n";
	struct failure		why;
	char			conf[512];

	temp_dir_make(&p->dir);
	for (int i = 0; i < HOSTS; i++)
		p->host[i] = mock_smtp_start(&scripts[i]);
	snprintf(conf, sizeof(conf), "smarthost = smtp://127.0.0.1:%u "
	    "smtp://127.0.0.1:%u\ntimeout = 5s\n%s", p->host[0]->port,
	    p->host[1]->port, more != NULL ? more : "");
	conf_load(&p->config, &p->dir, conf);
	identity_find(&p->me, &p->config);
	message_begin(&p->message, &limits);
	assert_true(message_feed(&p->message, text, sizeof(text) - 1, &why));
	assert_true(message_end(&p->message, &why));
	relay_begin(&p->relay, &p->config, &p->me, NULL);
}

static void
place_end(struct place *p)
{
	relay_end(&p->relay);
	message_free(&p->message);
	identity_free(&p->me);
	config_free(&p->config);
	for (int i = 0; i < HOSTS; i++)
		mock_smtp_stop(p->host[i]);
	temp_dir_remove(&p->dir);
}

static void
sends(void **state)
{
	const struct sends	*c = *state;
	static struct place	 p;
	struct outcome		 o = { .kind = OUTCOME_WAITING };

	place_begin(&p, c->script, c->conf);
	p.relay.remember_failures = c->remember;
	for (int i = 0; i < (c->n > 0 ? c->n : 1); i++) {
		struct envelope	env = { 0 };

		envelope_set_reverse(&env, i > 0 && c->second != NULL ?
		    c->second : "a@example.org");
		envelope_add(&env, "b@example.net");
		outcome_clear(&o);
		relay_send(&p.relay, &env, &p.message, &o);
		envelope_free(&env);
	}
	for (int i = 0; i < HOSTS; i++) {
		assert_true(mock_smtp_wait_connections(p.host[i],
		    c->connections[i]));
		assert_true(mock_smtp_wait_messages(p.host[i],
		    c->messages[i]));
		assert_int_equal(mock_smtp_connections(p.host[i]),
		    c->connections[i]);
		assert_int_equal(mock_smtp_messages(p.host[i]),
		    c->messages[i]);
	}
	if (o.kind != c->kind)
		print_error("%s\n", outcome_text(&o));
	assert_int_equal(o.kind, c->kind);
	assert_int_equal(o.code, c->code);
	assert_int_equal(o.not_attempted, c->not_attempted);
	assert_int_equal(o.in_doubt, c->in_doubt);
	outcome_clear(&o);
	place_end(&p);
}

#define REFUSES	{ .steps = { { .at = ON_GREETING, .say = "554 no", \
	.then = THEN_CLOSE } } }
#define AT(stage, ...)	{ .steps = { { .at = stage, __VA_ARGS__ } } }

static const struct sends sends_table[] = {
	{ "the first smarthost is sent the message", { { 0 } },
	    OUTCOME_DELIVERED, 250, { 1, 0 },
	    .messages = { 1, 0 } },
	{ "if the greeting is a refusal, the next smarthost is tried",
	    { REFUSES }, OUTCOME_DELIVERED, 250, { 1, 1 },
	    .messages = { 0, 1 } },
	{ "if all refuse the session, the message was not attempted",
	    { REFUSES, REFUSES }, OUTCOME_FAILED, 0, { 1, 1 },
	    .messages = { 0, 0 },
	    .not_attempted = true },
	{ "if the connection is lost at MAIL, the next smarthost is tried",
	    { AT(ON_MAIL, .say = "", .then = THEN_CLOSE) },
	    OUTCOME_DELIVERED, 250, { 1, 1 },
	    .messages = { 0, 1 } },
	{ "a refused sender is an outcome", { AT(ON_MAIL, .say = "550 no") },
	    OUTCOME_FAILED, 550, { 1, 0 },
	    .messages = { 0, 0 } },
	{ "a refused recipient is an outcome",
	    { AT(ON_RCPT, .say = "550 5.1.1 no") },
	    OUTCOME_FAILED, 550, { 1, 0 },
	    .messages = { 0, 0 } },
	{ "after the message was sent, no other smarthost is tried",
	    { AT(ON_BODY, .say = "", .then = THEN_CLOSE) },
	    OUTCOME_DEFERRED, 0, { 1, 0 },
	    .messages = { 1, 0 }, .in_doubt = true },
	{ "the next message is sent in the same session", { { 0 } },
	    OUTCOME_DELIVERED, 250, { 1, 0 },
	    .messages = { 2, 0 }, .n = 2 },
	{ "a session that the server has closed is replaced",
	    { AT(ON_BODY, .say = "250 2.0.0 ok", .then = THEN_CLOSE) },
	    OUTCOME_DELIVERED, 250, { 2, 0 },
	    .messages = { 2, 0 }, .n = 2 },
	{ "a session with MAILMAX messages is replaced",
	    { { .keywords = "LIMITS MAILMAX=1" } },
	    OUTCOME_DELIVERED, 250, { 2, 0 },
	    .messages = { 2, 0 }, .n = 2 },
	{ "the next message is sent to the smarthost that accepted the first",
	    { REFUSES },
	    OUTCOME_DELIVERED, 250, { 1, 1 },
	    .messages = { 0, 2 }, .n = 2 },
	{ "a session for another sender's settings is not used",
	    { { 0 } }, OUTCOME_DELIVERED, 250, { 2, 0 },
	    .messages = { 2, 0 }, .n = 2,
	    .second = "c@example.org",
	    .conf = "[from c@example.org]\nhelo = c.example\n" },
	{ "smarthosts that refuse are tried for each message",
	    { REFUSES, REFUSES }, OUTCOME_FAILED, 0, { 2, 2 },
	    .messages = { 0, 0 },
	    .n = 2, .not_attempted = true },
	{ "with remember_failures, smarthosts that refuse are tried once",
	    { REFUSES, REFUSES },
	    OUTCOME_FAILED, 0, { 1, 1 },
	    .messages = { 0, 0 }, .n = 2, .remember = true,
	    .not_attempted = true },
	{ "after 421 to MAIL twice, the sender's messages are not sent",
	    { AT(ON_MAIL, .say = "421 no", .then = THEN_CLOSE),
	    AT(ON_MAIL, .say = "421 no", .then = THEN_CLOSE) },
	    OUTCOME_DEFERRED, 0, { 2, 2 },
	    .messages = { 0, 0 }, .n = 3,
	    .remember = true, .not_attempted = true },
	{ "after 421 to MAIL for two senders, no messages are sent",
	    { AT(ON_MAIL, .say = "421 no", .then = THEN_CLOSE),
	    AT(ON_MAIL, .say = "421 no", .then = THEN_CLOSE) },
	    OUTCOME_DEFERRED, 0, { 2, 2 },
	    .messages = { 0, 0 }, .n = 3,
	    .second = "c@example.org", .remember = true,
	    .not_attempted = true },
};

/* Stops the attempt after n callbacks. */
struct stops {
	const char	*sentence;
	int		 n;
	size_t		 connections;
	size_t		 messages;
	enum outcome_kind first, second;
	const char	*conf;		/* or NULL */
};

static bool
count_down(void *context, struct failure *why)
{
	int	*n = context;

	return (*n)-- > 0 || failed(why, EX_IOERR, "the disk is full");
}

static void
stops(void **state)
{
	const struct stops	*c = *state;
	static struct place	 p;
	struct script		 scripts[HOSTS] = {
		{ .keywords = "LIMITS RCPTMAX=1" },
	};
	int			 n = c->n;
	struct relay_callbacks	 callbacks = { .before_send = count_down,
				    .after_transaction = count_down,
				    .context = &n };
	struct envelope		 env = { 0 };
	struct outcome		 o[2] = { { .kind = OUTCOME_WAITING } };

	place_begin(&p, scripts, c->conf);
	p.relay.callbacks = &callbacks;
	envelope_set_reverse(&env, "a@example.org");
	envelope_add(&env, "b@example.net");
	envelope_add(&env, "c@example.net");
	relay_send(&p.relay, &env, &p.message, o);
	assert_true(mock_smtp_wait_connections(p.host[0], c->connections));
	assert_true(mock_smtp_wait_messages(p.host[0], c->messages));
	assert_int_equal(mock_smtp_connections(p.host[0]), c->connections);
	assert_int_equal(mock_smtp_connections(p.host[1]), 0);
	assert_int_equal(mock_smtp_messages(p.host[0]), c->messages);
	assert_int_equal(o[0].kind, c->first);
	assert_int_equal(o[1].kind, c->second);
	assert_int_equal(p.relay.stopped, n < 0);
	if (o[1].kind == OUTCOME_DEFERRED) {
		assert_string_equal(o[1].text, "the disk is full");
		assert_int_equal(o[1].status, EX_TEMPFAIL);
	}
	outcome_clear(&o[0]);
	outcome_clear(&o[1]);
	envelope_free(&env);
	place_end(&p);
}

static const struct stops stops_table[] = {
	{ "if before_send() fails, no transaction begins", 0, 1, 0,
	    OUTCOME_DEFERRED, OUTCOME_DEFERRED, NULL },
	{ "if an outcome cannot be recorded, no other transaction begins", 1,
	    1, 1, OUTCOME_DELIVERED, OUTCOME_DEFERRED, NULL },
	{ "nor does an attempt for recipients with other settings", 1, 1, 1,
	    OUTCOME_DELIVERED, OUTCOME_DEFERRED, "[to c@*]\nhelo = other\n" },
	{ "nor does an attempt after a delivery without a server", 1, 0, 0,
	    OUTCOME_DELIVERED, OUTCOME_DEFERRED,
	    "[to b@*]\nsmarthost = discard:\n" },
	{ "if the callbacks succeed, all transactions are made", 3, 1, 2,
	    OUTCOME_DELIVERED, OUTCOME_DELIVERED, NULL },
};

/* The smarthosts that are known to have been tried for the last message. */
struct tries {
	const char	*sentence;
	struct script	 script[HOSTS];
	size_t		 n;
	unsigned	 last;		/* that of the outcome, from 1 */
	const char	*conf;		/* or NULL */
	int		 messages;	/* 0: 1 */
	enum tried_login login;		/* of the last */
	const char	*user;		/* the same */
};

static void
tries(void **state)
{
	const struct tries	*c = *state;
	static struct place	 p;
	struct outcome		 o = { .kind = OUTCOME_WAITING };
	struct envelope		 env = { 0 };
	char			 url[40];

	place_begin(&p, c->script, c->conf);
	envelope_set_reverse(&env, "a@example.org");
	envelope_add(&env, "b@example.net");
	for (int i = 0; i < (c->messages > 0 ? c->messages : 1); i++) {
		outcome_clear(&o);
		relay_send(&p.relay, &env, &p.message, &o);
	}
	assert_int_equal(p.relay.tried.n, c->n);
	assert_int_equal(o.smarthost, c->last);
	for (size_t i = 0; i < c->n; i++) {
		snprintf(url, sizeof(url), "smtp://127.0.0.1:%u",
		    p.host[i]->port);
		assert_string_equal(p.relay.tried.smarthost[i].url, url);
		assert_string_equal(p.relay.tried.smarthost[i].user,
		    c->user != NULL ? c->user : "");
	}
	assert_int_equal(p.relay.tried.smarthost[c->last - 1].login, c->login);
	outcome_clear(&o);
	envelope_free(&env);
	place_end(&p);
}

#define LOGIN(pass)	"tls = off\nauth = plain\nuser = u\npassword = " pass \
	"\n"
#define LOCKED	{ .user = "u", .password = "right", .auth_in_clear = true, \
	.auth_required = true }

static const struct tries tries_table[] = {
	{ "the smarthost that accepts the message", { { 0 } }, 1, 1,
	    .conf = NULL },
	{ "the one that refuses the session, and the next one", { REFUSES }, 2,
	    2, .conf = NULL },
	{ "both, if both refuse the session", { REFUSES, REFUSES }, 2, 2,
	    .conf = NULL },
	{ "the one with the open session", { { 0 } }, 1, 1, .messages = 2 },
	{ "a login that is accepted", { LOCKED }, 1, 1, LOGIN("right"),
	    .login = TRIED_LOGIN_ACCEPTED, .user = "u" },
	{ "a login in an open session", { LOCKED }, 1, 1, LOGIN("right"),
	    .messages = 2, .login = TRIED_LOGIN_ACCEPTED, .user = "u" },
	{ "a login that is refused", { LOCKED, LOCKED }, 2, 2, LOGIN("wrong"),
	    .login = TRIED_LOGIN_REFUSED, .user = "u" },
};

/*
 * A server accepts two recipients, refuses the third, and closes the connection
 * at the fourth.  In the second session, no transaction has more than two.
 */
static void
a_limit_is_remembered_in_the_next_session(void **state)
{
	enum { N = 5 };
	static struct place	 p;
	struct script		 scripts[HOSTS] = { { .steps = {
		{ .at = ON_RCPT, .connection = 1, .nth = 3,
		    .say = "452 4.5.3 too many recipients" },
		{ .at = ON_RCPT, .connection = 1, .nth = 4,
		    .say = "421 4.7.0 too many errors", .then = THEN_CLOSE },
	} } };
	struct outcome		 o[N] = { { .kind = OUTCOME_WAITING } };
	struct envelope		 env = { 0 };

	(void)state;
	place_begin(&p, scripts, NULL);
	envelope_set_reverse(&env, "a@example.org");
	for (int i = 0; i < N; i++)
		envelope_add(&env, "b@example.net");
	relay_send(&p.relay, &env, &p.message, o);
	assert_true(mock_smtp_wait_messages(p.host[0], 3));
	assert_int_equal(mock_smtp_connections(p.host[0]), 2);
	assert_int_equal(mock_smtp_connections(p.host[1]), 0);
	for (int i = 0; i < N; i++) {
		assert_int_equal(o[i].kind, OUTCOME_DELIVERED);
		outcome_clear(&o[i]);
	}
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(mock_smtp_message(p.host[0], i)->n_rcpt,
		    i < 2 ? 2 : 1);
	envelope_free(&env);
	place_end(&p);
}

/* Instead of the smarthosts of place_begin(). */
static void
deliver_into_maildir(struct place *p)
{
	char	conf[200];

	snprintf(conf, sizeof(conf), "smarthost = maildir://%s/Maildir\n",
	    p->dir.path);
	config_free(&p->config);
	conf_load(&p->config, &p->dir, conf);
	delivery_process_start(&p->relay.delivery, &p->config);
}

/* A message in a file, which becomes shorter. */
static void
make_truncated(struct message *m)
{
	const char *const		spill[] = { "/tmp", NULL };
	const struct message_limits	limits = { .spill = spill };
	static const char		line[] = "a line\r\n";
	struct failure			why;

	message_begin(m, &limits);
	assert_true(message_feed(m, "Subject: x\r\n\r\n", 14, &why));
	for (size_t n = 0; n <= MESSAGE_MEMORY; n += sizeof(line) - 1)
		assert_true(message_feed(m, line, sizeof(line) - 1, &why));
	assert_true(message_end(m, &why));
	assert_int_not_equal(m->body.fd, -1);
	assert_int_equal(ftruncate(m->body.fd, 2000), 0);
}

static void
a_message_that_cannot_be_read_is_not_delivered_in_part(void **state)
{
	static const struct script	scripts[HOSTS];
	static struct place		p;
	struct message			truncated;
	struct outcome			o = { .kind = OUTCOME_WAITING };
	struct envelope			env = { 0 };

	(void)state;
	place_begin(&p, scripts, NULL);
	deliver_into_maildir(&p);
	envelope_set_reverse(&env, "a@example.org");
	envelope_add(&env, "b@example.net");
	make_truncated(&truncated);
	relay_send(&p.relay, &env, &truncated, &o);
	assert_int_equal(o.kind, OUTCOME_DEFERRED);
	assert_int_equal(o.status, EX_IOERR);
	outcome_clear(&o);
	relay_send(&p.relay, &env, &p.message, &o);
	if (o.kind != OUTCOME_DELIVERED)
		fail_msg("%s", outcome_text(&o));
	outcome_clear(&o);
	assert_int_equal(temp_dir_count(temp_dir_path(&p.dir, "Maildir/new")),
	    1);
	message_free(&truncated);
	envelope_free(&env);
	place_end(&p);
}

static const struct CMUnitTest limit_spec[] = {
	cmocka_unit_test(a_limit_is_remembered_in_the_next_session),
	cmocka_unit_test(
	    a_message_that_cannot_be_read_is_not_delivered_in_part),
};

int
main(void)
{
	return cmocka_run_group_tests(limit_spec, NULL, NULL) +
	    CASES_RUN("tried", tries, tries_table) +
	    CASES_RUN("relay_send", sends, sends_table) +
	    CASES_RUN("relay_callbacks", stops, stops_table);
}
