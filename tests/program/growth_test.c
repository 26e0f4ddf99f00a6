/*
 * The memory of a process does not grow with the number of its messages,
 * clients or queue entries, whatever becomes of them.
 *
 * The most memory that each process has had in use is compared after a few and
 * after many times the same.  Blocks are counted, so that a leak of a few
 * octets is found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/heap.h"
#include "support/program.h"
#include "support/serving.h"
#include "support/skip.h"
#include "support/tls_fixture.h"

enum {
	FEW = 4, MANY = 12,		/* times what a client says */
	GROWTH = MANY - FEW,

	/*
	 * One block each time is a leak.  Fewer blocks, or one buffer, differ
	 * by chance.
	 */
	BLOCKS_MAX = GROWTH / 2,
	OCTETS_MAX = 128 * 1024,

	/* A queue run keeps the name of each entry, and reads directories. */
	ENTRIES = 5,			/* each time */
	NAME_BLOCKS = 1,
	NAME_OCTETS = 120,
	DIRECTORY_OCTETS = 64 * 1024,
};

struct growth_case {
	const char	*sentence;
	struct script	 script;
	const char	*scheme;	/* NULL: smtp */
	const char	*conf;		/* more lines, or NULL */
	const char	*says;		/* after EHLO; NULL: usual */
	bool		 collects;	/* a digest of the entries */
};

#define MESSAGE(parameters, to, text) \
	"MAIL FROM:<me@example.org>" parameters "\r\n" to "DATA\r\n" \
	"Subject: x\r\n\r\n" text "\r\n.\r\n"
#define TO(path)	"RCPT TO:<" path ">\r\n"
#define EIGHT_BIT	"Gr\303\274\303\237e"

/* A message for each outcome, one with three outcomes, and one that is not
 * completed. */
static const char	usual[] =
	MESSAGE("", TO("a@example.net"), "hi")
	MESSAGE("", TO("later@example.net"), "hi")
	MESSAGE("", TO("no@example.net"), "hi")
	MESSAGE(" BODY=8BITMIME", TO("a@example.net") TO("later@example.net")
	    TO("no@example.net") TO("no@example.com"), EIGHT_BIT)
	"MAIL FROM:<bad@example.org>\r\n" TO("a@example.net") "DATA\r\n\r\n"
	".\r\n"
	"MAIL FROM:<me@example.org>\r\n" TO("a@example.net")
	"BDAT 2\r\nhiRSET\r\n";

#define OUTCOMES \
	{ .at = ON_RCPT, .match = "later@", .say = "450 4.2.0 later" }, \
	{ .at = ON_RCPT, .match = "no@", .say = "550 5.1.1 no" }, \
	{ .at = ON_MAIL, .match = "bad@", .say = "553 5.7.1 no" }
#define TLS	.security = STARTTLS_OFFERED
#define LOGIN	.user = "nina", .password = TLS_FIXTURE_PASSWORD

static const struct growth_case cases[] = {
	{ "a smarthost in clear text", .script = { .steps = { OUTCOMES } } },
	{ "a smarthost that closes the connection", .script = { .steps = {
	    OUTCOMES, { .at = ON_BODY, .then = THEN_CLOSE } } },
	    .conf = "early_bdat = yes\n" },
	{ "a smarthost that loses its reply", .script = { .steps = { OUTCOMES,
	    { .at = ON_BODY, .say = "", .then = THEN_RESET } } } },
	{ "a smarthost that sends nonsense", .script = { .steps = {
	    { .at = ON_MAIL, .raw = "what?\r\n" } } } },
	{ "a smarthost that refuses connections", .script = {
	    .refusing = true } },
	{ "TLS and a login", .script = { TLS, LOGIN, .steps = { OUTCOMES,
	    { .at = ON_BODY, .then = THEN_CLOSE } } }, "submission",
	    "tls_ca = {ca}\n" TLS_FIXTURE_LOGIN },
	{ "a login that is refused", .script = { TLS, .user = "nina",
	    .password = "other" }, "submission",
	    "tls_ca = {ca}\n" TLS_FIXTURE_LOGIN },
	{ "a certificate for another name", .script = { TLS }, "submission",
	    "tls_ca = {ca}\ntls_name = other.example\n" },
	{ "a server without extensions", .script = { .keywords = "", .steps = {
	    OUTCOMES } } },
	{ "a password_command and sections", .script = { LOGIN,
	    .auth_in_clear = true, .steps = { OUTCOMES } },
	    .conf = "user = nina\nauth = plain\ntls = off\n"
	    "password_command = /bin/echo " TLS_FIXTURE_PASSWORD "\n"
	    "[to *@example.com]\nsmarthost = smtp://127.0.0.1:{port}\n" },
	{ "a connect_command that fails", .script = { .host = NULL },
	    .conf = "connect_command = false\n" },
	{ "a program that delivers", .script = { .host = NULL },
	    .conf = "smarthost = command:///bin/true\n"
	    "[to *@example.com]\nsmarthost = command:///bin/false\n" },
	{ "a Maildir", .script = { .host = NULL },
	    .conf = "smarthost = maildir://{dir}/Maildir\n" },
	{ "pace and storm", .script = { .steps = { OUTCOMES } },
	    .conf = "pace = 2/day\nstorm = 4/day\n", .collects = true },
	{ "notices and local names", .script = { .keywords = "PIPELINING" },
	    .conf = "root = boss@example.net\n",
	    .says = MESSAGE(" RET=HDRS ENVID=q",
	    "RCPT TO:<root> NOTIFY=SUCCESS,FAILURE\r\n"
	    "RCPT TO:<joe> ORCPT=rfc822;joe\r\n", "hi") },
};

struct trial {
	const struct growth_case *c;
	struct tls_fixture	 fixture;
	struct temp_dir		 memory;	/* for the queue, whose files
						 * are synced */
	struct heap		 heap;
	struct heap_copy	 few, many;
	struct serving		 serving;
};

/* Says the same so many times in a session. */
static char *
session(const struct trial *t, unsigned times)
{
	struct buffer	text = { 0 };

	buffer_add_text(&text, "LHLO client.example\r\n");
	while (times-- > 0)
		buffer_add_text(&text, t->c->says != NULL ? t->c->says :
		    usual);
	buffer_add_text(&text, "QUIT\r\n");
	return buffer_take(&text);
}

static void
run(struct trial *t, const char *const *argv, const char *input, bool counted)
{
	struct program_result	o;

	program_run(&o, &(struct program){ .argv = argv, .input = input,
	    .env = counted ? t->heap.environment : NULL,
	    .deadline_ms = 60000 });
	assert_int_equal(o.signal, 0);
	program_result_free(&o);
}

static void
compare(const struct trial *t, long blocks_max, long octets_max)
{
	for (unsigned i = 0; i < t->few.n; i++) {
		long	blocks = t->many.process[i].blocks -
			    t->few.process[i].blocks;
		long	octets = t->many.process[i].octets -
			    t->few.process[i].octets;

		if (getenv("GROWTH_SHOWN") != NULL)
			print_message("process %u: %ld blocks and %ld octets, "
			    "then %ld and %ld more\n", i,
			    t->few.process[i].blocks, t->few.process[i].octets,
			    blocks, octets);
		assert_true(t->few.process[0].blocks > 0);
		if (blocks > blocks_max || octets > octets_max)
			fail_msg("process %u had %ld blocks and %ld octets, "
			    "and then %ld and %ld more", i,
			    t->few.process[i].blocks, t->few.process[i].octets,
			    blocks, octets);
	}
}

static void
say_on_stdin(struct trial *t, unsigned times, struct heap_copy *use)
{
	char	*input = session(t, times);

	heap_clear(&t->heap);
	run(t, WORDS("relais", "-C", t->fixture.conf, "-bs"), input, true);
	heap_copy(&t->heap, use);
	free(input);
}

static void
a_program(struct trial *t)
{
	say_on_stdin(t, FEW, &t->few);
	say_on_stdin(t, MANY, &t->many);
	compare(t, BLOCKS_MAX, OCTETS_MAX);
}

/* The log is not read until the service has ended. */
static void
enlarge_pipe(void *context)
{
	(void)context;
	fcntl(STDERR_FILENO, F_SETPIPE_SZ, 1024 * 1024);
}

static void
start_service(struct trial *t)
{
	strlcpy(t->serving.socket, temp_dir_path(&t->fixture.dir,
	    "run/submission"), sizeof(t->serving.socket));
	t->serving.running = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", t->fixture.conf, "-o", "log=stderr",
	    "serve"), .env = t->heap.environment, .prepare = enlarge_pipe });
	program_wait_output(t->serving.running, "accepts mail on");
}

static void
say_to_service(struct trial *t, unsigned clients, unsigned times)
{
	char	*input = session(t, times);

	while (clients-- > 0)
		free(serving_says(&t->serving, input));
	free(input);
}

static void
one_session_of_the_service(struct trial *t)
{
	start_service(t);
	say_to_service(t, 1, FEW);
	heap_copy(&t->heap, &t->few);
	say_to_service(t, 1, MANY);
	heap_copy(&t->heap, &t->many);
	serving_stop(&t->serving, NULL);
	compare(t, BLOCKS_MAX, OCTETS_MAX);
}

static void
many_sessions_of_the_service(struct trial *t)
{
	start_service(t);
	say_to_service(t, FEW, 1);
	heap_copy(&t->heap, &t->few);
	say_to_service(t, MANY, 1);
	heap_copy(&t->heap, &t->many);
	serving_stop(&t->serving, NULL);
	compare(t, BLOCKS_MAX, OCTETS_MAX);
}

/* The sessions and workers end, and others take their place. */
static void
say_after_reload(struct trial *t, unsigned times)
{
	while (times-- > 0) {
		assert_int_equal(kill(program_pid(t->serving.running), SIGHUP),
		    0);
		say_to_service(t, 1, 1);
	}
}

static void
reloads_of_the_service(struct trial *t)
{
	start_service(t);
	say_after_reload(t, FEW);
	heap_copy(&t->heap, &t->few);
	say_after_reload(t, MANY);
	heap_copy(&t->heap, &t->many);
	serving_stop(&t->serving, NULL);
	compare(t, BLOCKS_MAX, OCTETS_MAX);
}

static void
run_queue(struct trial *t, unsigned times, struct heap_copy *use)
{
	char	*input = session(t, times);

	run(t, WORDS("relais", "-C", t->fixture.conf, "-odq", "-bs"), input,
	    false);
	heap_clear(&t->heap);
	run(t, WORDS("relais", "-C", t->fixture.conf, "-qf"), "", true);
	heap_copy(&t->heap, use);
	free(input);
}

/* A digest has the messages of all its entries open (runner/collect.c). */
static void
a_queue_run(struct trial *t)
{
	long	each = t->c->collects ? 40 : 1;

	run_queue(t, FEW, &t->few);
	run_queue(t, MANY, &t->many);
	compare(t, BLOCKS_MAX + each * ENTRIES * MANY * NAME_BLOCKS,
	    OCTETS_MAX + each * ENTRIES * MANY * NAME_OCTETS +
	    DIRECTORY_OCTETS);
}

static const struct way {
	const char	*sentence;
	void		(*run)(struct trial *);
} ways[] = {
	{ "sendmail -bs", a_program },
	{ "one session of the service", one_session_of_the_service },
	{ "many sessions of the service", many_sessions_of_the_service },
	{ "a queue run", a_queue_run },
}, reload[] = {
	{ "reloads of the service", reloads_of_the_service },
};

static void
memory_does_not_grow(void **state)
{
	const struct cases_pair	*pair = *state;
	const struct way	*way = pair->second;
	struct trial		*t = test_calloc(1, sizeof(*t));
	char			 conf[600];

	if (SKIP_SANITIZED)
		skip_because("AddressSanitizer has an allocator of its own");
	t->c = pair->first;
	strlcpy(t->memory.path, "/dev/shm/relais-test.XXXXXX",
	    sizeof(t->memory.path));
	if (mkdtemp(t->memory.path) == NULL)
		temp_dir_make(&t->memory);
	snprintf(conf, sizeof(conf), "queue = %s/spool\n"
	    "connections = 1\n%s%s", t->memory.path, way->run == a_program ||
	    way->run == a_queue_run ? "" : "socket = {dir}/run/submission\n",
	    t->c->conf != NULL ? t->c->conf : "");
	tls_fixture_open(&t->fixture, &t->c->script, t->c->scheme != NULL ?
	    t->c->scheme : "smtp", conf);
	heap_open(&t->heap, &t->fixture.dir);
	way->run(t);
	heap_close(&t->heap);
	tls_fixture_close(&t->fixture);
	temp_dir_remove(&t->memory);
	test_free(t);
}

int
main(int argc, char **argv)
{
	struct cases_table	first = { cases, sizeof(*cases),
				    sizeof(cases) / sizeof(*cases) };
	struct cases_table	second = { ways, sizeof(*ways),
				    sizeof(ways) / sizeof(*ways) };

	struct cases_table	one = { cases, sizeof(*cases), 1 };
	struct cases_table	third = { reload, sizeof(*reload), 1 };
	const char		*only = argc > 1 ? argv[1] : NULL;

	/* One case says why all are skipped. */
	if (SKIP_SANITIZED)
		first.n = second.n = 1;
	return cases_run_pairs("growth", memory_does_not_grow, &first, &second,
	    only) + cases_run_pairs("growth", memory_does_not_grow, &one,
	    &third, only);
}
