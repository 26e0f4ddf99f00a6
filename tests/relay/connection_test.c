/*
 * Connections to a scripted smarthost: texts of failures, and whether a session
 * is alive.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "relay/connection.h"
#include "support/conf_load.h"
#include "support/mock_smtp.h"
#include "support/temp_dir.h"
#include "util/clock.h"

struct place {
	struct temp_dir		 dir;
	struct mock_smtp	*host;
	struct smarthost_url	 url;
	struct config		 config;
	struct identity		 me;
	struct command_process	 commands;
	struct connection	 connection;
};

static struct place	place;

/* Connects to a server with this script; NULL: no server is listening. */
static bool
open_place(const struct script *script, struct failure *why)
{
	struct place		*p = &place;
	struct connection	*c = &p->connection;

	memset(p, 0, sizeof(*p));
	temp_dir_make(&p->dir);
	conf_load(&p->config, &p->dir, "smarthost = smtp://localhost\n");
	identity_find(&p->me, &p->config);
	p->url = (struct smarthost_url){ .scheme = SCHEME_SMTP };
	connection_begin(c);
	c->config = &p->config;
	c->me = &p->me;
	c->commands = &p->commands;
	c->smarthost = &p->url;
	if (script != NULL) {
		p->host = mock_smtp_start(script);
		c->at = (struct endpoint){ .host = p->host->address,
		    .port = p->host->port };
		p->url.host = p->host->address;
	} else {
		p->url.path = "/nonexistent/socket";
		c->at.path = p->url.path;
	}
	enum connection_trouble	trouble;

	return connection_open(c, &trouble, why);
}

static void
close_place(void)
{
	struct place	*p = &place;

	connection_close(&p->connection);
	identity_free(&p->me);
	config_free(&p->config);
	mock_smtp_stop(p->host);
	temp_dir_remove(&p->dir);
}

static void
a_failed_connection_names_the_endpoint_and_the_line(void **state)
{
	struct failure	why;

	(void)state;
	assert_false(open_place(NULL, &why));
	assert_ptr_equal(strstr(why.text, "/nonexistent/socket: "
	    "No such file or directory ("), why.text);
	assert_non_null(strstr(why.text, "/relais.conf:1)"));
	assert_false(place.connection.is_open);
	close_place();
}

static void
a_refused_session_names_the_endpoint_and_the_step(void **state)
{
	struct failure	why;
	char		want[100];

	(void)state;
	assert_false(open_place(&(struct script){ .steps = { {
	    .at = ON_GREETING, .say = "554 no" } } }, &why));
	snprintf(want, sizeof(want), "127.0.0.1:%u: greeting: 554 no",
	    place.host->port);
	assert_string_equal(why.text, want);
	assert_false(place.connection.is_open);
	close_place();
}

static void
a_session_that_the_server_closes_is_not_alive(void **state)
{
	struct failure	why;

	(void)state;
	assert_true(open_place(&(struct script){ .steps = { {
	    .at = ON_EHLO, .say = "250 x", .then = THEN_CLOSE } } }, &why));
	place.connection.last_used_ms = clock_ms();
	assert_true(mock_smtp_wait_closed(place.host, 1));
	assert_false(connection_is_alive(&place.connection));
	close_place();
}

static void
an_idle_session_is_probed_with_noop(void **state)
{
	struct failure	why;

	(void)state;
	assert_true(open_place(&(struct script){ .lmtp = false }, &why));
	place.connection.last_used_ms = clock_ms() - 60 * 1000;
	assert_true(connection_is_alive(&place.connection));
	assert_true(mock_smtp_wait_commands(place.host, ON_NOOP, 1));
	close_place();
}

static void
an_idle_session_whose_noop_is_refused_is_not_alive(void **state)
{
	struct failure	why;

	(void)state;
	assert_true(open_place(&(struct script){ .steps = { {
	    .at = ON_NOOP, .say = "500 no" } } }, &why));
	place.connection.last_used_ms = clock_ms() - 60 * 1000;
	assert_false(connection_is_alive(&place.connection));
	close_place();
}

static const struct CMUnitTest connection_spec[] = {
	cmocka_unit_test(a_failed_connection_names_the_endpoint_and_the_line),
	cmocka_unit_test(a_refused_session_names_the_endpoint_and_the_step),
	cmocka_unit_test(a_session_that_the_server_closes_is_not_alive),
	cmocka_unit_test(an_idle_session_is_probed_with_noop),
	cmocka_unit_test(an_idle_session_whose_noop_is_refused_is_not_alive),
};

int
main(void)
{
	return cmocka_run_group_tests(connection_spec, NULL, NULL);
}
