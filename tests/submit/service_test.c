/*
 * service_path(): which settings allow the use of the service; and replies of a
 * service that is not ours, or is an older version.  Sessions with the service are in
 * tests/program/service_client_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "submit/service.h"
#include "submit/service_protocol.h"
#include "support/cases.h"
#include "support/mock_smtp.h"
#include "support/temp_dir.h"
#include "util/memory.h"

#define DEFAULT	"/run/relais/submission"

struct path_case {
	const char	*sentence;
	const char	*conf;		/* the file */
	bool		 own;		/* it is not that of the system */
	const char	*variable[2];	/* in the environment, or NULL */
	const char	*override;	/* of -o, or NULL */
	const char	*path;		/* expected; NULL: no service, */
	const char	*why;		/* for this reason, or NULL */
};

static const struct path_case path_table[] = {
	{ "the default socket is used with the system's configuration",
	    .conf = "smarthost = a\n", .path = DEFAULT },
	{ "the key socket names another one",
	    .conf = "socket = /run/x\n", .path = "/run/x" },
	{ "the key socket disables the service", .conf = "socket = off\n" },
	{ "a user's own configuration is unknown to the service",
	    .conf = "smarthost = a\n", .own = true,
	    .why = "it does not read /" },
	{ "a user's own configuration can name the socket",
	    .conf = "socket = /run/x\n", .own = true, .path = "/run/x" },
	{ "a setting of -o is unknown to the service", .conf = "",
	    .override = "from=a@example.org",
	    .why = "it does not know the setting of -o from" },
	{ "a setting of the environment is unknown to the service",
	    .conf = "", .variable = { "RELAIS_SMARTHOST", "b" },
	    .why = "the setting of environment RELAIS_SMARTHOST" },
	{ "log can be set by -o", .conf = "", .override = "log=off",
	    .path = DEFAULT },
	{ "ignore_dots can be set by -o", .conf = "",
	    .override = "ignore_dots=yes", .path = DEFAULT },
	{ "queue can be set by -o", .conf = "", .override = "queue=off",
	    .path = DEFAULT },
	{ "timeout can be set in the environment", .conf = "",
	    .variable = { "RELAIS_TIMEOUT", "5s" }, .path = DEFAULT },
	{ "message_size_limit can be set in the environment", .conf = "",
	    .variable = { "RELAIS_MESSAGE_SIZE_LIMIT", "1M" },
	    .path = DEFAULT },
	{ "-o can name the socket, and other settings have no effect then",
	    .conf = "", .variable = { "RELAIS_SMARTHOST", "b" },
	    .override = "socket=/run/x", .path = "/run/x" },
	{ "sections do not matter", .conf = "[from *@a]\nhelo = b\n",
	    .path = DEFAULT },
};

static void
has_path(void **state)
{
	const struct path_case	*c = *state;
	struct temp_dir		 dir;
	struct config		 config;
	const char		*overrides[] = { c->override, NULL };
	struct config_source	 source = { .overrides = overrides };
	struct failure		 why;
	const char		*path;

	temp_dir_make(&dir);
	source.file = temp_dir_write(&dir, "relais.conf", 0600, c->conf);
	if (c->variable[0] != NULL)
		setenv(c->variable[0], c->variable[1], 1);
	if (!config_load(&config, &source, &why))
		fail_msg("%s", why.text);
	if (c->variable[0] != NULL)
		unsetenv(c->variable[0]);
	if (!c->own) {
		free(config.path);
		config.path = memory_copy(config_system_file());
	}
	path = service_path(&config, &why);
	if (c->path == NULL)
		assert_null(path);
	else
		assert_string_equal(path, c->path);
	if (c->why == NULL)
		assert_string_equal(why.text, "");
	else if (strstr(why.text, c->why) == NULL)
		fail_msg("no \"%s\" in: %s", c->why, why.text);
	config_free(&config);
	temp_dir_remove(&dir);
}

struct reply_case {
	const char		*sentence;
	const char		*text;		/* from the service */
	bool			 repeated;	/* without end */
	enum service_answer	 answer;
	const char		*why;		/* or NULL */
};

static const struct reply_case reply_table[] = {
	{ "a service that accepts the options is used",
	    "220-a\r\n220 b\r\n250 ok\r\n", .answer = SERVICE_ACCEPTED },
	{ "a service that refuses the options is down",
	    "220 a\r\n550 no\r\n", .answer = SERVICE_DOWN,
	    .why = "refused the options of the session: 550 no" },
	{ "a service that closes the connection is down", "220-a\r\n",
	    .answer = SERVICE_DOWN, .why = "closed the connection" },
	{ "a service that is busy is tried again", "421 busy\r\n",
	    .answer = SERVICE_DOWN, .why = "cannot connect" },
	{ "a greeting without end is not read without end", "220-a\r\n",
	    .repeated = true, .answer = SERVICE_DOWN, .why = "is too long" },
};

/* Ends with the connection: the first write after that fails. */
static void
be_service(int listener, const struct reply_case *c)
{
	int	fd = accept(listener, NULL, NULL);
	char	octet;

	while (write(fd, c->text, strlen(c->text)) > 0 && c->repeated)
		continue;
	shutdown(fd, SHUT_WR);
	while (read(fd, &octet, 1) > 0)
		continue;
	_exit(0);
}

static void
service_answers(void **state)
{
	const struct reply_case		*c = *state;
	const struct service_options	 options = { .queue = false };
	struct sockaddr_un		 at = { .sun_family = AF_UNIX };
	struct temp_dir			 dir;
	struct buffer			 greeting = { 0 };
	struct failure			 why = { .status = 0 };
	enum service_answer		 answer;
	int				 listener, fd;
	pid_t				 pid;

	temp_dir_make(&dir);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/s", dir.path);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)),
	    0);
	assert_int_equal(listen(listener, 1), 0);
	pid = fork();
	if (pid == 0)
		be_service(listener, c);
	close(listener);
	answer = service_connect(at.sun_path, &options, &fd, &greeting, &why);
	if (answer == SERVICE_ACCEPTED)
		close(fd);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	buffer_free(&greeting);
	temp_dir_remove(&dir);
	assert_int_equal(answer, c->answer);
	if (c->why != NULL && strstr(why.text, c->why) == NULL)
		fail_msg("no \"%s\" in: %s", c->why, why.text);
}

static void
a_path_that_is_too_long_is_no_socket(void **state)
{
	const struct service_options	 options = { .queue = false };
	struct buffer			 greeting = { 0 };
	struct failure			 why;
	char				 path[200] = "/";
	int				 fd;

	(void)state;
	memset(path + 1, 'x', sizeof(path) - 2);
	assert_int_equal(service_connect(path, &options, &fd, &greeting, &why),
	    SERVICE_DOWN);
	assert_int_equal(why.status, EX_CONFIG);
	assert_non_null(strstr(why.text, "the path is too long for a Unix "
	    "socket"));
}

/* ------------------------------------------------------------ one message */

enum { STEPS = 3, SEVERAL = 2 };

struct submit_case {
	const char		*sentence;
	size_t			 n;		/* recipients */
	size_t			 name_len;	/* of the full name */
	bool			 requires_tls;
	bool			 limits;	/* offers LIMITS (RFC 9422) */
	struct step		 steps[STEPS];	/* of the service */
	enum service_answer	 answer;
	const char		*why;		/* if it is not accepted */
	enum outcome_kind	 kind[SEVERAL];
};

static const struct submit_case submit_table[] = {
	{ "the result contains the paths that were refused at RCPT", 2,
	    .steps = { { .at = ON_RCPT, .match = "0@", .say = "550 no" },
	    { .at = ON_OTHER, .match = "RESULT", .say = "250-path delivered 0 "
	    "250 final 2.0.0 - 1@example.net ok\n250 end 1" },
	    { .at = ON_OTHER, .say = "250 ok" } },
	    .answer = SERVICE_ACCEPTED,
	    .kind = { OUTCOME_DELIVERED, OUTCOME_FAILED } },
	{ "without a result, the replies of LMTP decide", 2,
	    .steps = { { .at = ON_OTHER, .match = "RESULT", .say = "250 ??" },
	    { .at = ON_BODY, .match = "1@", .say = "451 later" },
	    { .at = ON_OTHER, .say = "250 ok" } },
	    .answer = SERVICE_ACCEPTED,
	    .kind = { OUTCOME_DELIVERED, OUTCOME_DEFERRED } },
	{ "if the connection is lost, the paths are deferred", 2,
	    .steps = { { .at = ON_BODY, .say = "", .then = THEN_CLOSE },
	    { .at = ON_OTHER, .say = "250 ok" } },
	    .answer = SERVICE_ACCEPTED,
	    .kind = { OUTCOME_DEFERRED, OUTCOME_DEFERRED } },
	{ "a service may have limits", 2, .limits = true,
	    .steps = { { .at = ON_OTHER, .match = "RESULT", .say = "250 ??" },
	    { .at = ON_OTHER, .say = "250 ok" } },
	    .answer = SERVICE_ACCEPTED,
	    .kind = { OUTCOME_DELIVERED, OUTCOME_DEFERRED } },
	{ "a service that refuses the options is not asked", 1,
	    .answer = SERVICE_DOWN, .why = "OPTIONS late-checks name=: 500 " },
	{ "an older service does not promise REQUIRETLS", 1,
	    .requires_tls = true, .answer = SERVICE_DOWN,
	    .why = "is an older version without REQUIRETLS: restart it" },
	{ "the service accepts a number of recipients",
	    SERVICE_RECIPIENTS_MAX + 1, .answer = SERVICE_UNASKED,
	    .why = "too many recipients: 100001 (the service accepts 100000)" },
	{ "the service accepts a name of limited length", 1,
	    .name_len = SERVICE_NAME_MAX + 1, .answer = SERVICE_UNASKED,
	    .why = "-F: the name has more than 1000 octets" },
};

static void
make_message(struct message *m)
{
	static const struct message_limits	limits;
	struct failure				why;

	message_begin(m, &limits);
	assert_true(message_feed(m, "A: b\n\nHello\n", 12, &why));
	assert_true(message_end(m, &why));
}

static void
make_envelope(struct envelope *env, const struct submit_case *c)
{
	char	path[40];

	*env = (struct envelope){ .requiretls = c->requires_tls ?
	    REQUIRETLS_YES : REQUIRETLS_NO };
	envelope_set_reverse(env, "a@example.org");
	for (size_t i = 0; i < c->n; i++) {
		snprintf(path, sizeof(path), "%zu@example.net", i);
		envelope_add(env, path);
	}
}

static void
is_submitted(void **state)
{
	const struct submit_case	*c = *state;
	const struct submit_options	 how = { .mode = SUBMIT_NOW };
	struct script			 script = { .lmtp = true,
					    .keywords = "" };
	char				*name = memory_new(c->name_len + 1, 1);
	struct envelope			 env;
	struct message			 message;
	struct submit_request		 request = { .envelope = &env,
					    .message = &message,
					    .full_name = name };
	struct submit_result		 result;
	struct temp_dir			 dir;
	struct mock_smtp		*host;
	struct failure			 why = { .text = "" };
	sigset_t			 before;

	temp_dir_make(&dir);
	script.address = temp_dir_path(&dir, "s");
	memcpy(script.steps, c->steps, sizeof(c->steps));
	if (c->limits)
		script.mail_max = script.rcpt_max = 1;
	host = mock_smtp_start(&script);
	memset(name, 'x', c->name_len);
	make_message(&message);
	make_envelope(&env, c);
	/* After the message was accepted, signals are blocked. */
	sigprocmask(SIG_BLOCK, NULL, &before);
	assert_int_equal(service_submit(host->address, &how, &request, &result,
	    &why), c->answer);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (c->why != NULL && strstr(why.text, c->why) == NULL)
		fail_msg("%s", why.text);
	for (size_t i = 0; c->answer == SERVICE_ACCEPTED && i < SEVERAL; i++) {
		assert_int_equal(result.outcomes[i].kind, c->kind[i]);
		assert_int_equal(result.outcomes[i].status == EX_OK,
		    c->kind[i] == OUTCOME_DELIVERED);
	}
	submit_result_free(&result);
	envelope_free(&env);
	message_free(&message);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
	free(name);
}

static void
assert_advice(enum service_answer answer, const char *advice)
{
	struct failure	why, reason;

	failed(&reason, 75, "refused");
	failed(&why, 77, "no permission");
	service_advise(answer, &reason, "let this user read the file", &why);
	assert_string_equal(why.text, advice);
}

static void
advice_depends_on_the_state_of_the_service(void **state)
{
	(void)state;
	assert_advice(SERVICE_OFF, "no permission; the relais service is not "
	    "used, because refused");
	assert_advice(SERVICE_ABSENT, "no permission; start the relais "
	    "service, or let this user read the file");
	assert_advice(SERVICE_DOWN, "no permission; the relais service is down "
	    "(refused): start it, or let this user read the file");
}

static const struct CMUnitTest advice_spec[] = {
	cmocka_unit_test(advice_depends_on_the_state_of_the_service),
	cmocka_unit_test(a_path_that_is_too_long_is_no_socket),
};

int
main(void)
{
	return CASES_RUN("service_path", has_path, path_table) +
	    CASES_RUN("replies of a service", service_answers, reply_table) +
	    CASES_RUN("one message", is_submitted, submit_table) +
	    cmocka_run_group_tests(advice_spec, NULL, NULL);
}
