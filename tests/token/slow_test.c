/* relais-token token: a server that replies too slowly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "support/authorization.h"
#include "support/certificate.h"
#include "support/program.h"
#include "support/skip.h"
#include "support/temp_dir.h"

enum { LOGINS = 4 };

/* Each has its own file, so that they do not wait for each other. */
static const struct {
	const char	*name;
	long		 expires;	/* seconds from now */
	int		 status;
	const char	*out;
} logins[LOGINS] = {
	{ "expired-1", -60, EX_TEMPFAIL, "" },
	{ "ending-1", 300, EX_OK, "access-0\n" },
	{ "expired-2", -60, EX_TEMPFAIL, "" },
	{ "ending-2", 300, EX_OK, "access-0\n" },
};

static void
write_login(struct temp_dir *dir, const char *url, size_t i)
{
	struct buffer	text = { 0 };
	long		now = (long)time(NULL);
	char		name[40];

	buffer_addf(&text, "grant = refresh_token\ntoken_endpoint = %s/token\n"
	    "client_id = relais-test\nrenewed = %ld\nexpires = %ld\n"
	    "refresh_token = refresh-1\naccess_token = access-0\n", url,
	    now + logins[i].expires - 3600, now + logins[i].expires);
	snprintf(name, sizeof(name), "tokens/%s", logins[i].name);
	temp_dir_write(dir, name, 0600, text.data);
	buffer_free(&text);
}

/*
 * The first two requests get no reply, the others one octet a second.  Every
 * process ends before sendmail would kill it, after 30 seconds.
 */
static void
a_slow_server_is_given_up(void **state)
{
	struct temp_dir			 dir;
	struct usual_certificates	 usual;
	struct authorization		 server;
	struct running			*running[LOGINS];
	struct program_result		 o;

	(void)state;
	skip_without_token();
	temp_dir_make(&dir);
	certificate_usual(&usual, &dir);
	authorization_start(&server, &dir, &usual,
	    "{\"refresh_tokens\": [\"refresh-1\"], \"rotate\": false, "
	    "\"token\": [{\"slow\": 100}, {\"slow\": 100}, {\"drip\": 1}]}");
	for (size_t i = 0; i < LOGINS; i++) {
		char	name[40];

		write_login(&dir, server.url, i);
		assert_int_equal(chmod(temp_dir_path(&dir, "tokens"), 0700),
		    0);
		snprintf(name, sizeof(name), "tokens/%s", logins[i].name);
		running[i] = program_start(&(struct program){
		    .argv = WORDS("relais-token", "token", "--ca", usual.ca,
		    temp_dir_path(&dir, name)), .deadline_ms = 30000 });
	}
	for (size_t i = 0; i < LOGINS; i++) {
		program_stop(running[i], 0, &o);
		assert_int_equal(o.status, logins[i].status);
		assert_string_equal(o.out.data, logins[i].out);
		if (o.status != EX_OK)
			assert_non_null(strstr(o.err.data, "timed out"));
		program_result_free(&o);
	}
	authorization_stop(&server);
	temp_dir_remove(&dir);
}

static const struct CMUnitTest slow[] = {
	cmocka_unit_test(a_slow_server_is_given_up),
};

int
main(void)
{
	return cmocka_run_group_tests_name("slow servers", slow, NULL, NULL);
}
