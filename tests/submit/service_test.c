/*
 * service_path(): which settings allow the use of the service; and replies of a
 * service that is not ours.  Sessions with the service are in
 * tests/program/service_client_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "submit/service.h"
#include "support/cases.h"
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
	{ "a greeting without end is not read without end", "220-a\r\n",
	    .repeated = true, .answer = SERVICE_DOWN, .why = "has no end" },
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
};

int
main(void)
{
	return CASES_RUN("service_path", has_path, path_table) +
	    CASES_RUN("replies of a service", service_answers, reply_table) +
	    cmocka_run_group_tests(advice_spec, NULL, NULL);
}
