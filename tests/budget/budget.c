/*
 * Limits for the cost of one message: instructions, system calls and memory.
 * Time is not measured, so the load of the machine does not matter.
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

#include "support/certificate.h"
#include "support/conf.h"
#include "support/measure.h"
#include "support/program.h"
#include "util/memory.h"

#define MESSAGE \
	"From: a@example.org\nTo: b@example.net\nSubject: budget\n\nHello\n"

enum kind {
	IN_THE_CLEAR, WITH_A_QUEUE, ENCRYPTED, BY_SERVICE, WITHOUT_A_MESSAGE
};

/*
 * Upper limits.  The resident size varies by 200 KiB from run to run: the
 * kernel maps the pages around each page fault, and the addresses are random.
 * A reply that is not there yet costs two system calls, so there are more of
 * them if the machine is busy.  The instructions are the same in each run, but
 * a change of the functions of libc that sendmail uses can cost 5,500: the
 * dynamic linker compares the name GLIBC_2.2.5 150 times, with more work if the
 * name crosses a cache line.
 */
static const struct {
	long	instructions, calls, objects, kib;
} budget[] = {
	[IN_THE_CLEAR] = { 372000, 108, 3, 2480 },
	[WITH_A_QUEUE] = { 412000, 131, 3, 2480 },
	[ENCRYPTED] = { 27000000, 216, 6, 7780 },
	[BY_SERVICE] = { 344000, 86, 3, 2350 },
	[WITHOUT_A_MESSAGE] = { 256000, 54, 3, 2048 },
};

struct setting {
	struct temp_dir			 dir;
	struct usual_certificates	 certificates;
	struct mock_smtp		*host;
	struct running			*service;	/* or NULL */
	char				 conf[256];
};

/* The step, if not NULL, is the first of the script. */
static void
set_up(struct setting *s, enum kind kind, const struct step *step)
{
	struct script	script = { .keywords = "PIPELINING\n8BITMIME\nSIZE 0",
			    .discard = true };
	struct buffer	more = { 0 };

	temp_dir_make(&s->dir);
	certificate_usual(&s->certificates, &s->dir);
	if (kind == ENCRYPTED) {
		script.security = TLS_AT_ONCE;
		script.certificate = s->certificates.chain;
		script.key = s->certificates.key;
		script.user = "me";
		script.password = "secret";
		buffer_addf(&more, "tls_ca = %s\nauth = PLAIN\nuser = me\n"
		    "password = secret\n", s->certificates.hashed);
	}
	if (kind == BY_SERVICE)
		buffer_addf(&more, "socket = %s/run/socket\nqueue = %s/spool\n"
		    "log = stderr\n", s->dir.path, s->dir.path);
	if (step != NULL)
		script.steps[0] = *step;
	s->host = mock_smtp_start(&script);
	strlcpy(s->conf, conf_write(&s->dir, s->host,
	    kind == ENCRYPTED ? "submissions" : "smtp", more.data),
	    sizeof(s->conf));
	buffer_free(&more);
	s->service = NULL;
	if (kind == BY_SERVICE) {
		s->service = program_start(&(struct program){
		    .argv = WORDS("relais", "-C", s->conf, "serve") });
		program_wait_output(s->service, "accepts mail on");
	}
}

static void
tear_down(struct setting *s)
{
	struct program_result	o;

	if (s->service != NULL) {
		program_stop(s->service, SIGTERM, &o);
		program_result_free(&o);
	}
	mock_smtp_stop(s->host);
	temp_dir_remove(&s->dir);
}

static void
within(const char *what, long n, long most)
{
	print_message("%12ld of %ld %s\n", n, most, what);
	if (n > most)
		fail_msg("%s: %ld; the limit is %ld", what, n, most);
}

static void
check(enum kind kind, const char *const *argv, const char *input)
{
	struct measured_calls	calls;

	within("instructions", measure_instructions(argv, input),
	    budget[kind].instructions);
	measure_calls(&calls, argv, input);
	within("system calls", calls.all, budget[kind].calls);
	within("shared objects", calls.objects, budget[kind].objects);
	if (kind != ENCRYPTED)
		assert_false(calls.ssl);
}

static void
a_message_in_clear(void **state)
{
	struct setting	s;

	(void)state;
	set_up(&s, IN_THE_CLEAR, NULL);
	check(IN_THE_CLEAR, WORDS("relais", "-C", s.conf, "-t", "-i"),
	    MESSAGE);
	tear_down(&s);
}

/* The outcome is counted in the queue directory. */
static void
a_message_with_a_queue(void **state)
{
	struct setting	s;
	char		queue[128];

	(void)state;
	set_up(&s, WITH_A_QUEUE, NULL);
	snprintf(queue, sizeof(queue), "queue=%s/spool", s.dir.path);
	check(WITH_A_QUEUE, WORDS("relais", "-C", s.conf, "-o", queue, "-t",
	    "-i"), MESSAGE);
	tear_down(&s);
}

static void
a_message_by_verified_tls_and_auth(void **state)
{
	struct setting	s;

	(void)state;
	set_up(&s, ENCRYPTED, NULL);
	check(ENCRYPTED, WORDS("relais", "-C", s.conf, "-t", "-i"), MESSAGE);
	tear_down(&s);
}

static void
a_message_through_the_service(void **state)
{
	struct setting	s;

	(void)state;
	set_up(&s, BY_SERVICE, NULL);
	check(BY_SERVICE, WORDS("relais", "-C", s.conf, "-t", "-i"), MESSAGE);
	tear_down(&s);
}

static void
nothing_to_do(void **state)
{
	struct setting	s;

	(void)state;
	set_up(&s, IN_THE_CLEAR, NULL);
	check(WITHOUT_A_MESSAGE, WORDS("relais", "-C", s.conf, "-q"), NULL);
	check(WITHOUT_A_MESSAGE, WORDS("relais", "-C", s.conf, "-bp"), NULL);
	check(WITHOUT_A_MESSAGE, WORDS("relais", "--version"), NULL);
	tear_down(&s);
}

/* EHLO; MAIL, RCPT and DATA; the message; QUIT. */
static void
one_write_a_flight(void **state)
{
	struct setting		s;
	struct measured_calls	calls;

	(void)state;
	set_up(&s, IN_THE_CLEAR, NULL);
	measure_calls(&calls, WORDS("relais", "-C", s.conf, "-t", "-i"),
	    MESSAGE);
	assert_int_equal(calls.writes, 4);
	tear_down(&s);
}

/* For each octet of a message of 4 MB, beyond those of a small one. */
struct work {
	const char	*sentence;
	size_t		 line;		/* octets, its end included; 0: one */
	long		 tenths;	/* of an instruction, at most */
};

static const struct work works[] = {
	{ "tenths of an instruction for an octet in lines of 77", 77, 18 },
	{ "tenths of an instruction for an octet in lines of 20", 20, 40 },
	{ "tenths of an instruction for an octet of a long line", 0, 80 },
};

static void
work_for_each_octet(void **state)
{
	static const size_t	sizes[] = { 400000, 4400000 };
	static const char	head[] = "To: b@example.net\n\n";
	char			*message = memory_new(sizes[1] + sizeof(head),
				    1);
	struct setting		 s;
	long			 n[2];

	(void)state;
	set_up(&s, IN_THE_CLEAR, NULL);
	for (size_t i = 0; i < sizeof(works) / sizeof(*works); i++) {
		const struct work	*w = &works[i];

		for (int k = 0; k < 2; k++) {
			char	*body = message + strlcpy(message, head,
				    sizeof(head));

			memset(body, 'x', sizes[k]);
			for (size_t at = w->line; w->line > 0 && at < sizes[k];
			    at += w->line)
				body[at - 1] = '\n';
			body[sizes[k]] = '\0';
			n[k] = measure_instructions(WORDS("relais", "-C",
			    s.conf, "-t", "-i"), message);
		}
		within(w->sentence, (n[1] - n[0]) / (long)((sizes[1] -
		    sizes[0]) / 10), w->tenths);
	}
	tear_down(&s);
	free(message);
}

/* A message of *ctx octets with lines of eighty. */
static size_t
generate(void *ctx, uint64_t n, char *to, size_t size)
{
	static const char	head[] = "To: b@example.net\n\n";
	uint64_t		left = *(uint64_t *)ctx - n;

	if (n == 0) {
		memcpy(to, head, sizeof(head) - 1);
		return sizeof(head) - 1;
	}
	if (size > left)
		size = (size_t)left;
	memset(to, 'x', size);
	for (size_t i = 80; i < size; i += 80)
		to[i] = '\n';
	return size;
}

static long
memory(enum kind kind, uint64_t size)
{
	static const struct step	held = { .at = ON_BODY, .hold = true };
	struct setting			s;
	long				kib;

	set_up(&s, kind, &held);
	kib = measure_memory(&(struct program){ .argv = WORDS("relais", "-C",
	    s.conf, "-v", "-t", "-i"), .generate = generate, .ctx = &size,
	    .deadline_ms = 240000 }, s.host);
	tear_down(&s);
	return kib;
}

/*
 * The kernel counts pages per processor and adds the counts up at intervals.
 * The smallest result of several runs is the most accurate.
 */
static long
least_memory(enum kind kind, uint64_t size)
{
	long	least = memory(kind, size);

	for (int i = 0; i < 2; i++) {
		long	kib = memory(kind, size);

		if (kib < least)
			least = kib;
	}
	return least;
}

static void
memory_does_not_grow_with_the_message(void **state)
{
	long	small = least_memory(IN_THE_CLEAR, 1000);
	long	large = memory(IN_THE_CLEAR, 1000000000);

	(void)state;
	within("KiB resident for 1 KB", small, budget[IN_THE_CLEAR].kib);
	within("KiB more for 1 GB", large - small, 4096);
	within("KiB resident through the service",
	    least_memory(BY_SERVICE, 1000), budget[BY_SERVICE].kib);
	within("KiB resident with TLS", least_memory(ENCRYPTED, 1000),
	    budget[ENCRYPTED].kib);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(a_message_in_clear),
		cmocka_unit_test(a_message_with_a_queue),
		cmocka_unit_test(a_message_by_verified_tls_and_auth),
		cmocka_unit_test(a_message_through_the_service),
		cmocka_unit_test(nothing_to_do),
		cmocka_unit_test(one_write_a_flight),
		cmocka_unit_test(work_for_each_octet),
		cmocka_unit_test(memory_does_not_grow_with_the_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
