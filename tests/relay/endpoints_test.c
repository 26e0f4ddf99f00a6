/*
 * The endpoints of a route, in order.  SRV and MX records: see lookup_test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <sysexits.h>

#include "relay/endpoints.h"
#include "support/conf_load.h"
#include "support/temp_dir.h"
#include "util/buffer.h"

struct row {
	const char	*conf;
	const char	*want;		/* "host:port path ..." */
};

static void
add_endpoint(struct buffer *to, const struct endpoints *e)
{
	if (to->len > 0)
		buffer_add_byte(to, ' ');
	if (e->at.path != NULL)
		buffer_add_text(to, e->at.path);
	else
		buffer_addf(to, "%s:%u", e->at.host, e->at.port);
}

static void
yields(void **state)
{
	const struct row		*row = *state;
	static struct endpoints		 e;
	const struct config_subject	 subject = { .to = "b@example.org" };
	struct temp_dir			 dir;
	struct config			 config;
	struct failure			 why;
	struct buffer			 got = { 0 };

	temp_dir_make(&dir);
	conf_load(&config, &dir, row->conf);
	if (row->want == NULL) {
		assert_false(endpoints_begin(&e, &config, &subject, &why));
		assert_int_equal(why.status, EX_CONFIG);
	} else {
		assert_true(endpoints_begin(&e, &config, &subject, &why));
		while (endpoints_next(&e, &why) == ENDPOINTS_FOUND)
			add_endpoint(&got, &e);
		assert_string_equal(got.data, row->want);
	}
	endpoints_free(&e);
	buffer_free(&got);
	config_free(&config);
	temp_dir_remove(&dir);
}

static void
the_last_one_is_first_of_a_new_order(void **state)
{
	static struct endpoints	e;
	struct temp_dir		dir;
	struct config		config;
	struct failure		why;
	struct buffer		got = { 0 };

	(void)state;
	temp_dir_make(&dir);
	conf_load(&config, &dir, "smarthost = smtp://a.example "
	    "smtp://b.example\n");
	assert_true(endpoints_begin(&e, &config, NULL, &why));
	assert_int_equal(endpoints_next(&e, &why), ENDPOINTS_FOUND);
	assert_int_equal(endpoints_next(&e, &why), ENDPOINTS_FOUND);
	endpoints_begin_with_last(&e);
	while (endpoints_next(&e, &why) == ENDPOINTS_FOUND)
		add_endpoint(&got, &e);
	assert_string_equal(got.data,
	    "b.example:25 a.example:25 b.example:25");
	endpoints_free(&e);
	buffer_free(&got);
	config_free(&config);
	temp_dir_remove(&dir);
}

#define YIELDS(sentence, ...) { sentence, yields, NULL, NULL, \
	&(struct row){ __VA_ARGS__ } }

static const struct CMUnitTest endpoints_spec[] = {
	YIELDS("smarthosts come in the order of the setting",
	    "smarthost = submission://b.example, smtp://a.example\n",
	    "b.example:587 a.example:25"),
	YIELDS("an address and a Unix socket are endpoints",
	    "smarthost = smtp://[::1]:2525 lmtp:///run/lmtp.sock\n",
	    "::1:2525 /run/lmtp.sock"),
	YIELDS("a section [to] replaces the smarthosts",
	    "smarthost = a.example\n[to *@example.org]\n"
	    "smarthost = submissions://c.example\n", "c.example:465"),
	YIELDS("without a smarthost there is no endpoint", "helo = x\n", NULL),
	cmocka_unit_test(the_last_one_is_first_of_a_new_order),
};

int
main(void)
{
	return cmocka_run_group_tests(endpoints_spec, NULL, NULL);
}
