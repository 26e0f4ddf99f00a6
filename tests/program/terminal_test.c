/*
 * Text from outside is escaped before it reaches a terminal or the log.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/conf.h"
#include "support/fixture.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/temp_spool.h"
#include "util/text.h"
#include "util/visible.h"

/* An escape sequence, a separate line, and right-to-left text. */
#define EVIL	"\033[2J\nroot: \342\200\256x"
#define SHOWN	"\\033[2J\\012root: \\342\\200\\256x"

/* Not a control character, which would be refused earlier. */
#define TURNED	"a\342\200\256b"
#define STAYS	"a\\342\\200\\256b"

/* A line end may appear only at the end of our own lines. */
static void
is_visible(const char *text, const char *what)
{
	size_t	left = strlen(text);

	while (left > 0) {
		uint32_t	c;
		size_t		n = text_decode_utf8(text, left, &c);

		if (n == 0 || (c != '\n' && !visible_is_safe(c)))
			fail_msg("%s shows octet %03o before: %s", what,
			    (unsigned char)*text, text + 1);
		text += n;
		left -= n;
	}
}

/* The sources of EVIL. */
struct way_in {
	const char	*argv[8];
	const char	*env;
	const char	*shown;		/* on standard error; NULL: SHOWN */
};

static void
shows(void **state)
{
	const struct way_in	*w = *state;
	const char		*argv[16] = { "relais", "-C" };
	struct fixture		 p;
	struct program_result	 o;
	size_t			 n = 3;

	fixture_open(&p, &(struct script){ .refusing = true }, "smtp", NULL);
	argv[2] = p.conf;
	for (size_t i = 0; i < 8 && w->argv[i] != NULL; i++)
		argv[n++] = w->argv[i];
	program_run(&o, &(struct program){ .argv = argv,
	    .env = w->env != NULL ? WORDS(w->env) : NULL });
	is_visible(o.out.data, "standard output");
	is_visible(o.err.data, "standard error");
	if (strstr(o.err.data, w->shown != NULL ? w->shown : SHOWN) == NULL)
		fail_msg("not shown: %s", o.err.data);
	assert_ptr_equal(strchr(o.err.data, '\n') + 1,
	    o.err.data + o.err.len);
	assert_string_equal(o.out.data, "");
	program_result_free(&o);
	fixture_close(&p);
}

#define SHOWS(sentence, ...) { sentence, shows, NULL, NULL, \
	&(struct way_in){ __VA_ARGS__ } }

static const struct CMUnitTest ways_in_spec[] = {
	SHOWS("the name of an option", .argv = { "--" EVIL, "x" }),
	SHOWS("the value of a mode", .argv = { "-b" EVIL }),
	SHOWS("the name of a configuration file", .argv = { "-C", "/" EVIL,
	    "a@example.net" }),
	SHOWS("the name of a key", .argv = { "-o", EVIL "=1",
	    "a@example.net" }),
	SHOWS("the value of a key", .argv = { "-o", "timeout=" TURNED,
	    "a@example.net" }, .shown = STAYS),
	SHOWS("the name of a variable", .env = "RELAIS_" EVIL "=1",
	    .argv = { "a@example.net" }),
	SHOWS("the value of a variable", .env = "RELAIS_TIMEOUT=" TURNED,
	    .argv = { "a@example.net" }, .shown = STAYS),
	SHOWS("an address in the environment", .env = "RELAIS_FROM="
	    TURNED, .argv = { "a@example.net" }, .shown = STAYS),
	SHOWS("the address of a recipient",
	    .argv = { "a" EVIL "@example.net" }),
	SHOWS("the address of the sender",
	    .argv = { "-f", "a" EVIL "@example.net",
	    "a@example.net" }),
	SHOWS("the name of an entry", .argv = { "queue", "show", EVIL }),
};

static void
a_verified_envelope_is_visible(void **state)
{
	struct fixture		p;
	struct program_result	o;

	(void)state;
	fixture_open(&p, &(struct script){ 0 }, "smtp", NULL);
	relais_run(&o, p.conf, WORDS("-bv", "-f", TURNED "@example.org",
	    TURNED "@example.net", "joe" TURNED), "");
	is_visible(o.out.data, "-bv");
	assert_non_null(strstr(o.out.data, "from <" STAYS "@example.org>\n"));
	assert_non_null(strstr(o.out.data, "to <" STAYS "@example.net>\n"));
	assert_non_null(strstr(o.out.data, "not to <joe" STAYS));
	program_result_free(&o);
	fixture_close(&p);
}

static void
the_log_and_the_dialogue_are_visible(void **state)
{
	struct fixture		p;
	struct program_result	o;

	(void)state;
	fixture_open(&p, &(struct script){ .steps = { { .at = ON_RCPT,
	    .say = "550 5.1.1 " TURNED "\033[2J" } } }, "smtp",
	    "log = stderr\n");
	relais_run(&o, p.conf, WORDS("-v", "-f", TURNED "@example.org",
	    TURNED "@example.net"), "Message-ID: <" TURNED "@x>\n\n");
	assert_int_equal(o.status, EX_NOUSER);
	is_visible(o.out.data, "-v");
	is_visible(o.err.data, "the log");
	assert_non_null(strstr(o.err.data, " to=<" STAYS "@example.net> "));
	assert_non_null(strstr(o.err.data, " message-id=<" STAYS "@x> "));
	assert_non_null(strstr(o.err.data, "550 5.1.1 " STAYS "\\033[2J\""));
	program_result_free(&o);
	fixture_close(&p);
}

/* Programs split a log line at its blanks and quotation marks. */
static void
no_value_in_the_log_looks_like_another_word(void **state)
{
	struct fixture		p;
	struct program_result	o;

	(void)state;
	fixture_open(&p, &(struct script){ .steps = { { .at = ON_BODY,
	    .say = "250 2.0.0 \" to=<d@x> reply=\"250" } } }, "smtp",
	    "log = stderr\n");
	relais_run(&o, p.conf, WORDS("-f", "\"a to=b\"@example.org",
	    "\"c reply=\"@example.net"), "Message-ID: <1@x> to=<e@x> "
	    "reply=\"250 ok\"\n\n");
	assert_int_equal(o.status, 0);
	assert_memory_equal(o.err.data, "relais: sent uid=", 17);
	assert_non_null(strstr(o.err.data,
	    " from=<\\042a\\040to=b\\042@example.org> "
	    "to=<\\042c\\040reply=\\042@example.net> size="));
	assert_non_null(strstr(o.err.data, " message-id=<1@x\\076\\040to="
	    "\\074e@x\\076\\040reply=\\042250\\040ok\\042> tls=off "
	    "reply=\"127.0."));
	assert_non_null(strstr(o.err.data, ": 250 2.0.0 \\042 to=<d@x> "
	    "reply=\\042250\"\n"));
	program_result_free(&o);
	fixture_close(&p);
}

/* Names of files in the spool, and the name of the spool. */
static void
the_queue_is_visible(void **state)
{
	static const char *const	views[] = { "list", "status", "flush",
		"run" };
	struct queue_fixture	p;
	struct program_result	o;
	char			more[200], path[120];

	(void)state;
	queue_fixture_open(&p, &(struct script){ .refusing = true }, NULL);
	snprintf(path, sizeof(path), "%s/" TURNED, p.dir.path);
	snprintf(more, sizeof(more), "queue = %s\nlog = stderr\n", path);
	queue_fixture_change(&p, &(struct script){ .refusing = true }, more);
	relais_run(&o, p.conf, WORDS("-odq", "a@example.net"), "\n");
	is_visible(o.err.data, "-odq");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	temp_dir_write(&p.dir, TURNED "/queue/" EVIL, 0600, EVIL);
	temp_dir_write(&p.dir, TURNED "/failed/" EVIL, 0600, EVIL);
	for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++)
		for (int json = 0; json < 2; json++) {
			relais_run(&o, p.conf, WORDS("queue", views[i],
			    json ? "--json" : NULL), "");
			is_visible(o.out.data, views[i]);
			is_visible(o.err.data, views[i]);
			program_result_free(&o);
		}
	chmod(path, 0777);
	relais_run(&o, p.conf, WORDS("-i", "a@example.net"), "\n");
	is_visible(o.err.data, "a spool that can't be used");
	assert_non_null(strstr(o.err.data, STAYS));
	program_result_free(&o);
	queue_fixture_close(&p);
}

static const struct CMUnitTest terminal_spec[] = {
	cmocka_unit_test(a_verified_envelope_is_visible),
	cmocka_unit_test(the_log_and_the_dialogue_are_visible),
	cmocka_unit_test(no_value_in_the_log_looks_like_another_word),
	cmocka_unit_test(the_queue_is_visible),
};

int
main(void)
{
	return cmocka_run_group_tests(ways_in_spec, NULL, NULL) +
	    cmocka_run_group_tests(terminal_spec, NULL, NULL);
}
