/*
 * sendmail and the service: the exit status, standard error and message are
 * those of a direct attempt, and a service that is absent, down, busy or
 * broken is reported as what it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "support/serving.h"
#include "support/temp_dir.h"
#include "support/user.h"

enum { ARGUMENTS = 12 };

/* The log of the client is off, so that it does not appear in its output. */
static void
setting_open(struct serving *s, const struct script *script, const char *more)
{
	struct buffer	lines = { 0 };

	buffer_addf(&lines, "log = off\n%s", more != NULL ? more : "");
	serving_open(s, script, lines.data);
	buffer_free(&lines);
}

static void
service_begin(struct serving *s)
{
	serving_start(s, &(struct program){ .argv = WORDS("relais", "-C",
	    s->conf, "-o", "log=stderr", "serve") });
}

/* For -o.  Valid until the next call. */
static const char *
socket_key(const char *path)
{
	static char	key[120];

	snprintf(key, sizeof(key), "socket=%s", path);
	return key;
}

/* Runs relais -bs with this socket and option, and this input. */
static void
run_session(const struct serving *s, const char *option, const char *input,
    uid_t *user, struct program_result *o)
{
	program_run(o, &(struct program){
	    .argv = WORDS("relais", "-C", s->conf, "-o",
		socket_key(s->socket), option,
		"-bs"), .input = input, .ctx = user,
	    .prepare = user != NULL ? user_become : NULL });
}

/* ------------------------------------------ the same as without the service */

struct same_case {
	const char	*sentence;
	struct script	 script;
	const char	*more;		/* of relais.conf, or NULL */
	const char	*argument[ARGUMENTS];
	const char	*input;
	bool		 large;		/* followed by a megabyte */
	int		 status;
	const char	*err;		/* part of stderr; NULL: it is empty */
};

static size_t
add_large_body(void *context, uint64_t at, char *to, size_t size)
{
	const char	*input = context;
	size_t		 len = strlen(input);
	size_t		 n = 0;

	for (; n < size && at < len + 1024 * 1024; n++, at++)
		to[n] = at < len ? input[at] : at % 77 == 0 ? '\n' :
		    at % 77 == 1 ? '.' : 'x';
	return n;
}

/* A message has another queue ID in each run. */
static void
mask_ids(char *text)
{
	static const char *const	before[] = { "kept as ", "queue show " };

	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++)
		for (char *at = text; (at = strstr(at, before[i])) != NULL;)
			for (at += strlen(before[i]);
			    isalnum((unsigned char)*at); at++)
				*at = '*';
}

static void
run_same(const struct serving *s, const struct same_case *c,
    const char *socket, struct program_result *o)
{
	const char	*argv[ARGUMENTS + 8] = { "relais", "-C", s->conf, "-o",
			    socket, "-i" };
	size_t		 n = 6;

	for (size_t i = 0; i < ARGUMENTS && c->argument[i] != NULL; i++)
		argv[n++] = c->argument[i];
	program_run(o, &(struct program){ .argv = argv,
	    .input = c->large ? NULL : c->input,
	    .generate = c->large ? add_large_body : NULL,
	    .ctx = (void *)(uintptr_t)c->input });
	mask_ids(o->err.data);
}

static void
assert_same_message(const struct serving *s, size_t direct, size_t served)
{
	struct heard_message	 copy = *mock_smtp_message(s->host, direct);
	const struct heard_message *m;
	char			*data = strdup(copy.data.data);
	char			*sender = strdup(copy.reverse_path);
	char			 paths[400] = "", again[400] = "";

	for (size_t i = 0; i < copy.n_rcpt; i++)
		snprintf(paths + strlen(paths), sizeof(paths) - strlen(paths),
		    "%s %s;", copy.rcpt[i].path, copy.rcpt[i].parameters);
	m = mock_smtp_message(s->host, served);
	for (size_t i = 0; i < m->n_rcpt; i++)
		snprintf(again + strlen(again), sizeof(again) - strlen(again),
		    "%s %s;", m->rcpt[i].path, m->rcpt[i].parameters);
	assert_string_equal(again, paths);
	assert_string_equal(m->reverse_path, sender);
	assert_string_equal(m->data.data, data);
	free(data);
	free(sender);
}

static void
is_the_same(void **state)
{
	const struct same_case	*c = *state;
	struct serving		 s;
	struct program_result	 direct, served;
	size_t			 messages;

	setting_open(&s, &c->script, c->more);
	run_same(&s, c, "socket=off", &direct);
	messages = mock_smtp_messages(s.host);
	/* The service must not find the message of the direct attempt. */
	assert_true(rename(s.spool, temp_dir_path(&s.dir, "direct")) == 0 ||
	    errno == ENOENT);
	service_begin(&s);
	run_same(&s, c, socket_key(s.socket), &served);
	assert_int_equal(direct.status, c->status);
	assert_int_equal(served.status, direct.status);
	assert_string_equal(served.err.data, direct.err.data);
	assert_string_equal(served.out.data, direct.out.data);
	if (c->err == NULL)
		assert_string_equal(served.err.data, "");
	else if (strstr(served.err.data, c->err) == NULL)
		fail_msg("no \"%s\" in: %s", c->err, served.err.data);
	assert_int_equal(mock_smtp_messages(s.host), 2 * messages);
	if (messages == 1)
		assert_same_message(&s, 0, 1);
	program_result_free(&direct);
	program_result_free(&served);
	serving_close(&s);
}

/* Fields that relais would otherwise add with another value each time. */
#define STAMP	"Date: Sat, 28 Nov 2026 10:00:00 +0000\n" \
		"Message-ID: <1@example.org>\n"
#define HELLO	STAMP "Subject: hello\n\nhi\n"

#define HELLO_CRLF "Subject: hello\r\n\r\nhi\r\n"

#define SAYS(...) .script = { .steps = { { __VA_ARGS__ } } }

#define HOPS "Received: a\nReceived: a\nReceived: a\nReceived: a\n" \
	"Received: a\nReceived: a\nReceived: a\nReceived: a\n" \
	"Received: a\nReceived: a\n"	/* ten */

static const struct same_case same_table[] = {
	{ "a message is delivered", .argument = { "b@example.net" },
	    .input = HELLO },
	{ "an accepted, a refused and a deferred recipient",
	    .script = { .steps = {
		{ .at = ON_RCPT, .match = "bad", .say = "550 5.1.1 unknown" },
		{ .at = ON_RCPT, .match = "later", .say = "451 4.7.1 grey" },
	    } }, .argument = { "bad@example.net", "later@example.net",
		"good@example.net" }, .input = HELLO,
	    .status = EX_NOUSER, .err = "bad@example.net: " },
	{ "a refused sender", SAYS(.at = ON_MAIL, .say = "550 5.7.1 no"),
	    .argument = { "-f", "a@example.org", "b@example.net" },
	    .input = HELLO, .status = EX_UNAVAILABLE,
	    .err = "MAIL: 550 5.7.1 no" },
	{ "a message that is deferred and queued",
	    SAYS(.at = ON_BODY, .say = "452 4.3.1 full"),
	    .argument = { "b@example.net" }, .input = HELLO },
	{ "a message that is deferred without a queue",
	    SAYS(.at = ON_MAIL, .say = "451 4.3.0 busy"),
	    .more = "queue = off\n", .argument = { "b@example.net" },
	    .input = HELLO, .status = EX_TEMPFAIL,
	    .err = "451 4.3.0 busy" },
	{ "a smarthost that cannot be reached", .script = { .refusing = true },
	    .argument = { "b@example.net" }, .input = HELLO },
	{ "recipients in the header",
	    .argument = { "-t", "-f", "a@example.org", "d@example.net" },
	    .input = "To: b@example.net\nBcc: c@example.net\n" HELLO },
	{ "a header that contains an element that is not an address",
	    .argument = { "-t" },
	    .input = "To: John Doe, b@example.net\n" HELLO,
	    .status = EX_NOUSER, .err = "not sent to \"John Doe\"" },
	{ "a header with no address", .argument = { "-t" }, .input = HELLO,
	    .status = EX_USAGE, .err = "no recipients" },
	{ "a header with elements that are not addresses",
	    .argument = { "-t" }, .input = "To: John Doe, a b, c d, e f, g h\n"
	    HELLO, .status = EX_DATAERR, .err = "e f" },
	{ "a recipient that is given twice", .argument = { "b@example.net",
		"c@example.net", "b@EXAMPLE.net" }, .input = HELLO },
	{ "local names", .more = "root = admin@example.org\n",
	    .argument = { "root", "kim" }, .input = "To: kim\n" HELLO },
	{ "a local name that cannot be resolved",
	    .more = "domain =\n", .argument = { "kim", "b@example.net" },
	    .input = HELLO, .status = EX_NOUSER, .err = "kim" },
	{ "only local names that cannot be resolved",
	    .more = "domain =\n", .argument = { "kim" },
	    .input = HELLO, .status = EX_NOUSER, .err = "kim" },
	{ "the null sender", .argument = { "-f", "", "b@example.net" },
	    .input = HELLO },
	{ "the sender of the configuration",
	    .more = "from = alerts@example.org\nfrom_mode = always\n",
	    .argument = { "-f", "kim", "b@example.net" }, .input = HELLO },
	{ "a full name", .argument = { "-F", "M\303\274ller & Co",
		"b@example.net" }, .input = HELLO },
	{ "DSN parameters", .argument = { "-N", "success,delay", "-R", "hdrs",
		"-V", "id+3D", "b@example.net" }, .input = HELLO },
	{ "too many recipients", .more = "recipient_limit = 1\n",
	    .argument = { "b@example.net", "c@example.net" }, .input = HELLO,
	    .status = EX_USAGE, .err = "too many recipients" },
	{ "a message that is too large", .more = "message_size_limit = 100\n",
	    .argument = { "b@example.net" },
	    .input = "X: 123456789 123456789 123456789\n" HELLO,
	    .status = EX_DATAERR, .err = "100" },
	{ "a mail loop", .argument = { "b@example.net" },
	    .input = HOPS HOPS HOPS HOPS HOPS HOPS HOPS HOPS HOPS HOPS
	    "Received: a\n" HELLO, .status = EX_UNAVAILABLE,
	    .err = "mail loop" },
	{ "a message without a header", .argument = { "b@example.net" },
	    .input = STAMP "\n.\n..\nFrom here\n.x\n" },
	{ "text that is not ASCII, in header and body",
	    .argument = { "b@example.net" },
	    .input = STAMP "Subject: gr\303\274n\nTo: M\303\274ller "
	    "<b@example.net>\n\n\303\244\n" },
	{ "text that is not UTF-8, for a server without 8BITMIME",
	    .script = { .keywords = "PIPELINING" },
	    .argument = { "b@example.net" },
	    .input = STAMP "Subject: gr\374n\nContent-Type: text/plain; "
	    "charset=iso-8859-1\n\n\344\n" },
	{ "a domain that is not ASCII", .argument = { "b@b\303\274cher.example",
		}, .input = HELLO },
	{ "binary data", .argument = { "-B", "BINARYMIME", "b@example.net" },
	    .input = STAMP "MIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: binary\n\na\rb\n" },
	{ "a large message", .argument = { "b@example.net" }, .large = true,
	    .input = HELLO },
	{ "-oeq", SAYS(.at = ON_RCPT, .say = "550 5.1.1 unknown"),
	    .argument = { "-oeq", "b@example.net" }, .input = HELLO,
	    .status = EX_NOUSER },
};

/* --------------------------------------------- a service that does not work */

struct broken_case {
	const char	*sentence;
	struct script	 service;	/* on the socket */
	int		 status;
	const char	*err;		/* part of stderr; NULL: it is empty */
	size_t		 direct;	/* messages that the smarthost gets */
	size_t		 served;	/* that the service gets */
};

static void
is_reported(void **state)
{
	const struct broken_case *c = *state;
	struct script		 script = c->service;
	struct mock_smtp	*service;
	struct program_result	 o;
	struct serving		 s;

	setting_open(&s, &(struct script){ 0 }, "queue = off\n");
	snprintf(s.socket, sizeof(s.socket), "%s/socket", s.dir.path);
	script.address = s.socket;
	script.lmtp = true;
	service = mock_smtp_start(&script);
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", s.conf, "-o",
		socket_key(s.socket), "-i",
		"b@example.net"), .input = HELLO });
	if (o.status != c->status)
		fail_msg("status %d: %s", o.status, o.err.data);
	if (c->err == NULL)
		assert_string_equal(o.err.data, "");
	else if (strstr(o.err.data, c->err) == NULL)
		fail_msg("no \"%s\" in: %s", c->err, o.err.data);
	assert_true(mock_smtp_wait_messages(service, c->served));
	assert_int_equal(mock_smtp_messages(service), c->served);
	assert_int_equal(mock_smtp_messages(s.host), c->direct);
	program_result_free(&o);
	mock_smtp_stop(service);
	serving_close(&s);
}

#define XRELAIS(reply) \
	{ .at = ON_OTHER, .match = "OPTIONS", .say = "250 2.0.0 Ok" }, \
	{ .at = ON_OTHER, .match = "RESULT", .say = reply }
#define RESULT	"250-path delivered 0 250 final 2.0.0 - b@example.net Ok\n" \
	"250 end 1"

static const struct broken_case broken_table[] = {
	{ "a result is reported",
	    .service = { .steps = { XRELAIS("250-path failed 67 550 rcpt "
		"5.1.1 - c@example.net host:%20550%20no\n250 end 1") } },
	    .status = EX_NOUSER, .err = "not sent to c@example.net: host: "
	    "550 no", .served = 1 },
	{ "a service that is busy is tried again",
	    .service = { .steps = {
		{ .at = ON_GREETING, .connection = 1, .say = "421 4.3.2 busy",
		    .then = THEN_CLOSE },
		{ .at = ON_GREETING, .connection = 2, .say = "421 4.3.2 busy",
		    .then = THEN_CLOSE }, XRELAIS(RESULT) } },
	    .served = 1 },
	{ "without a greeting, the message is sent directly",
	    .service = { .steps = {
		{ .at = ON_GREETING, .say = "", .then = THEN_CLOSE } } },
	    .direct = 1 },
	{ "a service that does not know XRELAIS is not used",
	    .service = { .steps = {
		{ .at = ON_OTHER, .say = "500 5.5.1 what?" } } },
	    .direct = 1 },
	{ "a service that shuts down before the message is not used",
	    .service = { .steps = { XRELAIS(RESULT),
		{ .at = ON_MAIL, .say = "421 4.3.2 shutting down",
		    .then = THEN_CLOSE } } },
	    .direct = 1 },
	{ "a connection that is lost before the message is no loss",
	    .service = { .steps = { XRELAIS(RESULT),
		{ .at = ON_DATA, .say = "", .then = THEN_CUT } } },
	    .direct = 1 },
	{ "a connection that is lost after the message leaves it in doubt",
	    .service = { .steps = { XRELAIS(RESULT),
		{ .at = ON_BODY, .say = "", .then = THEN_CUT } } },
	    .status = EX_TEMPFAIL, .err = "may have accepted the message",
	    .served = 1 },
	{ "a refusal of MAIL is a refusal of the message",
	    .service = { .steps = { XRELAIS(RESULT),
		{ .at = ON_MAIL, .say = "450 4.7.1 Error: too many messages" },
	    } },
	    .status = EX_TEMPFAIL, .err = "450 4.7.1 Error: too many" },
	{ "without a result, the final reply decides",
	    .service = { .steps = { { .at = ON_OTHER, .match = "OPTIONS",
		.say = "250 2.0.0 Ok" },
		{ .at = ON_OTHER, .match = "RESULT", .say = "",
		    .then = THEN_CUT } } },
	    .served = 1 },
	{ "with an invalid result, the final reply decides",
	    .service = { .steps = { XRELAIS("250-path delivered\n250 end 1"),
		{ .at = ON_BODY, .say = "550 5.1.1 unknown" } } },
	    .status = EX_NOUSER, .err = "550 5.1.1 unknown", .served = 1 },
	{ "a result without its end is invalid",
	    .service = { .steps = { XRELAIS("250 path failed 67 550 rcpt "
		"5.1.1 - c@example.net no") } }, .served = 1 },
};

/* --------------------------------------------- users without the permission */

enum socket_state { NO_SOCKET, DEAD_SOCKET, SERVICE_RUNS };

struct permission_case {
	const char		*sentence;
	bool			 conf_readable;	/* but not the file */
	enum socket_state	 socket;
	int			 status;
	const char		*err[2];	/* parts of stderr; NULL: it is
						 * empty */
	const char		*settings;	/* the last key has the path of
						 * the file */
};

#define LOGIN "tls = off\nauth = PLAIN\nuser = me\n"
#define WITH_PASSWORD LOGIN "password_file"
#define WITH_ALIASES LOGIN "password_command = echo secret\naliases"

#define FROM "MAIL FROM:<a@example.org>\r\n"
#define ENVELOPE FROM "RCPT TO:<b@example.net>\r\n"

/*
 * A session on standard input says the same: in the reply to RCPT if the
 * aliases cannot be read, and otherwise in the reply to the message.
 */
static void
asks_in_session(const struct permission_case *c, const struct serving *s,
    const char *to)
{
	struct program_result	o;
	uid_t			nobody = NOBODY;
	char			session[300], reply[40];
	bool			early = strcmp(to, "joe") == 0;

	snprintf(session, sizeof(session), "EHLO a\r\n" FROM
	    "RCPT TO:<%s>\r\n%sQUIT\r\n", to, early && c->status != 0 ? "" :
	    "DATA\r\n" HELLO_CRLF ".\r\n");
	snprintf(reply, sizeof(reply), c->status == 0 ?
	    "\r\n250 2.0.0 Ok: sent" : c->status == EX_NOPERM ?
	    "\r\n554%c5.7.0 " : "\r\n451%c4.4.1 ", early ? ' ' : '-');
	run_session(s, "-i", session, &nobody, &o);
	assert_int_equal(o.status, 0);
	if (strstr(o.out.data, reply) == NULL)
		fail_msg("no \"%s\" in: %s", reply + 2, o.out.data);
	for (size_t i = 0; i < 2 && c->err[i] != NULL; i++)
		if (strstr(o.out.data, c->err[i]) == NULL)
			fail_msg("no \"%s\" in: %s", c->err[i], o.out.data);
	assert_int_equal(mock_smtp_messages(s->host), 2 * (c->status == 0));
	program_result_free(&o);
}

static void
asks_for_permission(void **state)
{
	const struct permission_case *c = *state;
	struct script		 script = { .user = "me", .password = "secret",
				    .auth_in_clear = true,
				    .auth_required = true };
	struct program_result	 o;
	struct serving		 s;
	bool			 aliases = strcmp(c->settings,
				    WITH_ALIASES) == 0;
	const char		*to = aliases ? "joe" : "b@example.net";
	char			 more[300];
	uid_t			 nobody = NOBODY;

	user_needs_root();
	setting_open(&s, &script, NULL);
	assert_int_equal(chmod(s.dir.path, 0755), 0);
	snprintf(more, sizeof(more), "log = off\n%s = %s\n", c->settings,
	    temp_dir_write(&s.dir, "secret", 0600, aliases ?
	    "joe: b@example.net\n" : "secret"));
	serving_configure(&s, more);
	if (c->socket == SERVICE_RUNS)
		service_begin(&s);
	else if (c->socket == DEAD_SOCKET)
		serving_make_dead_socket(&s);
	assert_int_equal(chmod(s.conf, c->conf_readable ? 0644 : 0600), 0);
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", s.conf, "-o",
		socket_key(s.socket), "-i", "-f", "a@example.org", to),
	    .prepare = user_become, .ctx = &nobody, .input = HELLO });
	if (o.status != c->status)
		fail_msg("status %d: %s", o.status, o.err.data);
	for (size_t i = 0; i < 2 && c->err[i] != NULL; i++)
		if (strstr(o.err.data, c->err[i]) == NULL)
			fail_msg("no \"%s\" in: %s", c->err[i], o.err.data);
	if (c->err[0] == NULL)
		assert_string_equal(o.err.data, "");
	assert_int_equal(mock_smtp_messages(s.host), c->status == 0);
	program_result_free(&o);
	if (c->conf_readable) {
		asks_in_session(c, &s, to);
	} else {
		run_session(&s, "-i", "QUIT\r\n", &nobody, &o);
		assert_int_equal(o.status, c->status);
		assert_memory_equal(o.out.data, c->status == 0 ? "220" : "421",
		    3);
		program_result_free(&o);
	}
	serving_close(&s);
}

static const struct permission_case permission_table[] = {
	{ "a user without permission for relais.conf sends by the service",
	    false, SERVICE_RUNS, 0, { NULL }, WITH_PASSWORD },
	{ "without a socket, a user without permission for relais.conf is told "
	    "to start the service", false, NO_SOCKET, EX_NOPERM,
	    { "no permission to read it",
	    "start the relais service, or let this user read the file" },
	    WITH_PASSWORD },
	{ "if the service is down, a user without permission for relais.conf "
	    "can try again", false, DEAD_SOCKET, EX_TEMPFAIL,
	    { "the relais service is down",
	    "Connection refused" }, WITH_PASSWORD },
	{ "a user without permission for the password sends by the service",
	    true, SERVICE_RUNS, 0, { NULL }, WITH_PASSWORD },
	{ "without a socket, the password is named", true, NO_SOCKET,
	    EX_NOPERM, { "/secret: ", "start the relais service" },
	    WITH_PASSWORD },
	{ "if the service is down, the password is named", true, DEAD_SOCKET,
	    EX_TEMPFAIL, { "/secret: ", "the relais service is down" },
	    WITH_PASSWORD },
	{ "without a socket, the certificate is named", true, NO_SOCKET,
	    EX_NOPERM, { "/secret: ", "start the relais service" },
	    "tls_certificate" },
	{ "if the service is down, the certificate is named", true, DEAD_SOCKET,
	    EX_TEMPFAIL, { "/secret: ", "the relais service is down" },
	    "tls_certificate" },
	{ "a user without permission for the aliases sends by the service",
	    true, SERVICE_RUNS, 0, { NULL }, WITH_ALIASES },
	{ "without a socket, the aliases are named", true, NO_SOCKET,
	    EX_NOPERM, { "/secret: ", "start the relais service" },
	    WITH_ALIASES },
	{ "if the service is down, the aliases are named", true, DEAD_SOCKET,
	    EX_TEMPFAIL, { "/secret: ", "the relais service is down" },
	    WITH_ALIASES },
};

/* ----------------------------------------------------------------- the rest */

static void
a_dead_socket_is_not_used_by_those_who_can_send(void **state)
{
	struct program_result	o;
	struct serving		s;

	(void)state;
	setting_open(&s, &(struct script){ 0 }, NULL);
	serving_make_dead_socket(&s);
	relais_run(&o, s.conf, WORDS("-v", "b@example.net"), HELLO);
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(o.out.data, "*** "));
	assert_non_null(strstr(o.out.data, "Connection refused"));
	assert_int_equal(mock_smtp_messages(s.host), 1);
	program_result_free(&o);
	serving_close(&s);
}

static void
the_dialogue_with_the_service_is_shown(void **state)
{
	struct program_result	o;
	struct serving		s;

	(void)state;
	setting_open(&s, &(struct script){ 0 }, NULL);
	service_begin(&s);
	relais_run(&o, s.conf, WORDS("-v", "b@example.net"), HELLO);
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(o.out.data, "*** connected to the relais "
	    "service\n<<< 220 "));
	assert_non_null(strstr(o.out.data, "\n>>> LHLO localhost\n"));
	assert_non_null(strstr(o.out.data, "\n<<< 250 2.0.0 Ok: sent ("));
	program_result_free(&o);
	serving_close(&s);
}

static void
the_background_mode_is_an_attempt_of_the_service(void **state)
{
	struct program_result	o;
	struct serving		s;

	(void)state;
	setting_open(&s, &(struct script){ 0 }, NULL);
	service_begin(&s);
	relais_run(&o, s.conf, WORDS("-odb", "b@example.net"), HELLO);
	assert_int_equal(o.status, 0);
	assert_int_equal(mock_smtp_messages(s.host), 1);
	program_result_free(&o);
	serving_close(&s);
}

static void
the_queue_mode_is_passed_on(void **state)
{
	struct program_result	o;
	struct serving		s;
	const char		*reply;

	(void)state;
	setting_open(&s, &(struct script){ 0 }, NULL);
	service_begin(&s);
	relais_run(&o, s.conf, WORDS("-odq", "-v", "b@example.net"), HELLO);
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(o.out.data, ">>> XRELAIS OPTIONS queue "));
	reply = strstr(o.out.data, "<<< 250 2.0.0 Ok: queued as ");
	assert_non_null(reply);
	/* The reply to an attempt would follow in parentheses. */
	assert_int_equal(strcspn(reply, "\n("), strcspn(reply, "\n"));
	program_result_free(&o);
	serving_close(&s);
}

/* The same process serves both clients, unless the second one is late. */
static void
each_client_has_the_present_aliases(void **state)
{
	static const char	message[] = "LHLO a\r\n"
		"MAIL FROM:<a@example.org>\r\nRCPT TO:<joe>\r\n"
		"DATA\r\n\r\n.\r\nQUIT\r\n";
	struct serving		s;

	(void)state;
	setting_open(&s, &(struct script){ 0 }, NULL);
	temp_dir_write(&s.dir, "aliases", 0600, "joe: old@example.net\n");
	service_begin(&s);
	serving_expect(&s, message, "\r\n250 2.0.0 Ok: sent (");
	temp_dir_write(&s.dir, "aliases", 0600, "joe: new@example.net\n");
	serving_expect(&s, message, "\r\n250 2.0.0 Ok: sent (");
	assert_string_equal(mock_smtp_message(s.host, 0)->rcpt[0].path,
	    "old@example.net");
	assert_string_equal(mock_smtp_message(s.host, 1)->rcpt[0].path,
	    "new@example.net");
	serving_close(&s);
}

static void
a_session_is_passed_through(void **state)
{
	struct program_result	o;
	struct serving		s;
	struct running		*r;
	const char		*line;

	(void)state;
	setting_open(&s, &(struct script){ 0 }, NULL);
	service_begin(&s);
	r = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", s.conf, "-bs"),
	    .keep_open = true });
	assert_memory_equal(program_hear(r), "220 ", 4);
	program_say(r, "EHLO a\r\n");
	do {
		line = program_hear(r);
		assert_null(strstr(line, "XRELAIS"));
	} while (line[3] == '-');
	program_say(r, ENVELOPE "DATA\r\n");
	assert_string_equal(program_hear(r), "250 2.1.0 Ok");
	assert_string_equal(program_hear(r), "250 2.1.5 Ok");
	assert_memory_equal(program_hear(r), "354", 3);
	program_say(r, HELLO_CRLF ".\r\n");
	assert_memory_equal(program_hear(r), "250 2.0.0 Ok: sent (", 20);
	program_say(r, "QUIT\r\n");
	assert_memory_equal(program_hear(r), "221", 3);
	program_stop(r, 0, &o);		/* its input is still open */
	assert_int_equal(o.status, 0);
	assert_int_equal(mock_smtp_messages(s.host), 1);
	program_result_free(&o);
	serving_close(&s);
}

static void
a_session_ends_with_its_input(void **state)
{
	struct program_result	o;
	struct serving		s;
	struct buffer		input = { 0 };

	(void)state;
	setting_open(&s, &(struct script){ 0 }, NULL);
	service_begin(&s);
	buffer_add_text(&input, "EHLO a\r\n" ENVELOPE "DATA\r\n" HELLO_CRLF);
	while (input.len < 1024 * 1024)
		buffer_add_text(&input, "0123456789 0123456789 0123456789\r\n");
	buffer_add_text(&input, ".\r\n");
	for (int i = 0; i < 900; i++)
		buffer_add_text(&input, i % 50 == 0 ? "RSET\r\n" :
		    i % 50 == 1 ? ENVELOPE : "NOOP\r\n");
	run_session(&s, "-i", input.data, NULL, &o);
	assert_int_equal(o.status, 0);
	assert_int_equal(mock_smtp_messages(s.host), 1);
	assert_int_equal(mock_smtp_message(s.host, 0)->size > 1024 * 1024, 1);
	assert_non_null(strstr(o.out.data, "\r\n250 2.0.0 Ok: sent ("));
	program_result_free(&o);
	/* Lines that end with LF alone: the first line decides. */
	run_session(&s, "-i", "EHLO a\nMAIL FROM:<>\nRCPT TO:<b@example.net>\n"
	    "DATA\n" HELLO ".\nQUIT\n", NULL, &o);
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(o.out.data, "\r\n221 "));
	assert_int_equal(mock_smtp_messages(s.host), 2);
	program_result_free(&o);
	buffer_free(&input);
	serving_close(&s);
}

static void
fill_output(void *unused)
{
	int	fd = open("/dev/full", O_WRONLY);

	(void)unused;
	if (fd == -1 || dup2(fd, STDOUT_FILENO) == -1)
		_exit(99);
}

/* The client would wait for a greeting that it has not got. */
static void
without_its_greeting_a_session_ends(void **state)
{
	struct program_result	o;
	struct serving		s;

	(void)state;
	setting_open(&s, &(struct script){ 0 }, NULL);
	service_begin(&s);
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", s.conf, "-bs"),
	    .prepare = fill_output, .keep_open = true });
	assert_int_equal(o.status, EX_IOERR);
	assert_non_null(strstr(o.err.data, "lost connection to the SMTP "
	    "client on standard output: No space left on device"));
	program_result_free(&o);
	serving_close(&s);
}

static void
a_session_can_queue_its_messages(void **state)
{
	struct program_result	o;
	struct serving		s;

	(void)state;
	setting_open(&s, &(struct script){ 0 }, "domain =\n");
	service_begin(&s);
	run_session(&s, "-odq", "EHLO a\r\n" ENVELOPE "RCPT TO:<kim>\r\nDATA"
	    "\r\n" HELLO_CRLF ".\r\nQUIT\r\n", NULL, &o);
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(o.out.data, "\r\n550 5.1.1 "));
	assert_non_null(strstr(o.out.data, "\r\n250 2.0.0 Ok: queued as "));
	assert_non_null(strstr(o.out.data, "\r\n221 "));
	program_result_free(&o);
	serving_close(&s);
}

static const struct CMUnitTest client_spec[] = {
	cmocka_unit_test(a_session_is_passed_through),
	cmocka_unit_test(a_session_ends_with_its_input),
	cmocka_unit_test(without_its_greeting_a_session_ends),
	cmocka_unit_test(a_session_can_queue_its_messages),
	cmocka_unit_test(a_dead_socket_is_not_used_by_those_who_can_send),
	cmocka_unit_test(the_dialogue_with_the_service_is_shown),
	cmocka_unit_test(the_queue_mode_is_passed_on),
	cmocka_unit_test(the_background_mode_is_an_attempt_of_the_service),
	cmocka_unit_test(each_client_has_the_present_aliases),
};

int
main(void)
{
	return CASES_RUN("with and without the service", is_the_same,
	    same_table) +
	    CASES_RUN("a broken service", is_reported, broken_table) +
	    CASES_RUN("permissions", asks_for_permission, permission_table) +
	    cmocka_run_group_tests(client_spec, NULL, NULL);
}
