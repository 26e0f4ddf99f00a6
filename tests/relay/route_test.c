/*
 * The routes of a message, as the sections [to] define them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "relay/route.h"
#include "support/conf_load.h"
#include "support/temp_dir.h"
#include "util/memory.h"

struct row {
	const char	*conf;
	const char	*from;
	const char	*to[6];
	const char	*want;	/* "0,2 1": places, a blank between routes */
};

static void
has_routes(void **state)
{
	const struct row	*row = *state;
	struct temp_dir		 dir;
	struct config		 config;
	struct envelope		 env = { 0 };
	struct outcome		*outcomes;
	struct route_list	 routes;
	struct buffer		 got = { 0 };

	temp_dir_make(&dir);
	conf_load(&config, &dir, row->conf);
	envelope_set_reverse(&env, row->from);
	for (size_t i = 0; row->to[i] != NULL; i++)
		envelope_add(&env, row->to[i]);
	outcomes = memory_new(env.n, sizeof(*outcomes));
	for (size_t i = 0; i < env.n; i++)
		if (env.forward[i].path[0] == '-')
			outcomes[i].kind = OUTCOME_FAILED;
	route_list_make(&routes, &config, "nina", &env, outcomes);
	for (size_t i = 0; i < routes.n; i++) {
		const struct route	*r = &routes.route[i];

		if (i > 0)
			buffer_add_byte(&got, ' ');
		buffer_addf(&got, "<%s>%s", r->envelope.reverse_path,
		    r->envelope.requiretls == REQUIRETLS_YES ? "!" :
		    r->envelope.requiretls == REQUIRETLS_IF_OFFERED ? "?" : "");
		for (size_t k = 0; k < r->envelope.n; k++) {
			size_t	at = r->place != NULL ? r->place[k] : k;

			assert_string_equal(r->envelope.forward[k].path,
			    row->to[at]);
			buffer_addf(&got, ",%zu", at);
		}
	}
	assert_string_equal(got.data, row->want);
	buffer_free(&got);
	route_list_free(&routes);
	free(outcomes);
	envelope_free(&env);
	config_free(&config);
	temp_dir_remove(&dir);
}

#define ROUTES(sentence, ...) { sentence, has_routes, NULL, NULL, \
	&(struct row){ __VA_ARGS__ } }

#define TOP	"smarthost = smtp://localhost\n"
#define INSIDE	"[to *@inside]\nsmarthost = smtp://127.0.0.2\n"
#define BOSS	"[to boss@*]\ntimeout = 5s\n"

static const struct CMUnitTest route_spec[] = {
	ROUTES("without a section [to] there is one route",
	    TOP "[from *]\nhelo = a.example\n", "a@x",
	    { "b@x", "c@inside", "d@x" }, "<a@x>,0,1,2"),
	ROUTES("recipients with another smarthost form a route",
	    TOP INSIDE, "a@x", { "b@x", "c@inside", "d@x", "e@INSIDE" },
	    "<a@x>,0,2 <a@x>,1,3"),
	ROUTES("requiretls applies to its route", TOP "[to *@inside]\n"
	    "requiretls = yes\n", "a@x", { "b@x", "c@inside" },
	    "<a@x>,0 <a@x>!,1"),
	ROUTES("a bounce is not lost because of requiretls",
	    TOP "requiretls = yes\n", "", { "b@x" }, "<>?,0"),
	ROUTES("routes keep the order of the recipients",
	    TOP INSIDE, "a@x", { "c@inside", "b@x" }, "<a@x>,0 <a@x>,1"),
	ROUTES("each set of sections is a route",
	    TOP INSIDE BOSS, "a@x",
	    { "boss@x", "boss@inside", "a@inside", "a@x", "boss@y" },
	    "<a@x>,0,4 <a@x>,1 <a@x>,2 <a@x>,3"),
	ROUTES("a recipient that has an outcome has no route",
	    TOP INSIDE, "a@x", { "-b@x", "c@inside", "d@x" },
	    "<a@x>,1 <a@x>,2"),
	ROUTES("the null sender stays null",
	    TOP, "", { "b@x" }, "<>,0"),
	ROUTES("null_sender replaces the null sender",
	    TOP "null_sender = bounces@x\n", "", { "b@x" },
	    "<bounces@x>,0"),
	ROUTES("null_sender can be set for some recipients",
	    TOP "[to *@inside]\nnull_sender = bounces@x\n", "",
	    { "b@x", "b@inside" }, "<>,0 <bounces@x>,1"),
	ROUTES("null_sender does not replace another sender",
	    TOP "null_sender = bounces@x\n", "a@x", { "b@x" }, "<a@x>,0"),
};

int
main(void)
{
	return cmocka_run_group_tests(route_spec, NULL, NULL);
}
