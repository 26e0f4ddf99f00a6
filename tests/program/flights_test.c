/* The number of flights and round trips of a message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/certificate.h"
#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "util/memory.h"

#define MESSAGE "From: a@example.org\nSubject: flights\n\nHello\n"

struct flights_case {
	const char	*sentence;
	struct script	 script;
	const char	*scheme;
	const char	*more;
	unsigned	 recipients;
	size_t		 size;		/* of the body */
	const char	*flights;	/* verbs, '|' between the flights */
	unsigned	 round_trips;	/* until the final reply; 0: any */
};

#define SUBMIT	"PIPELINING\n8BITMIME\nSIZE 0"
#define CHUNKS	SUBMIT "\nCHUNKING"
#define LOGIN	"user = me\npassword = secret\n"
#define EARLY	"early_bdat = yes\n"

static const struct flights_case cases[] = {
	{ "port 25 takes five round trips", { .keywords = SUBMIT }, "smtp",
	    .recipients = 1, .flights = "EHLO|MAIL RCPT DATA|.|QUIT",
	    .round_trips = 5 },
	{ "BDAT takes five round trips", { .keywords = CHUNKS }, "smtp",
	    .recipients = 1, .flights = "EHLO|MAIL RCPT|BDAT|QUIT",
	    .round_trips = 5 },
	{ "early BDAT saves a round trip",
	    { .keywords = CHUNKS }, "smtp", EARLY,
	    .recipients = 1, .flights = "EHLO|MAIL RCPT BDAT|QUIT",
	    .round_trips = 4 },
	{ "early BDAT requires CHUNKING", { .keywords = SUBMIT }, "smtp",
	    EARLY, .recipients = 1, .flights = "EHLO|MAIL RCPT DATA|.|QUIT",
	    .round_trips = 5 },
	{ "early BDAT requires PIPELINING", { .keywords = "CHUNKING" },
	    "smtp", EARLY, .recipients = 1,
	    .flights = "EHLO|MAIL|RCPT|BDAT|QUIT", .round_trips = 6 },
	{ "a large message is sent after the replies to RCPT",
	    { .keywords = CHUNKS }, "smtp", EARLY, .recipients = 1,
	    .size = 65 * 1024, .flights = "EHLO|MAIL RCPT|BDAT|QUIT",
	    .round_trips = 5 },
	{ "a large message is sent after the reply to DATA",
	    { .keywords = SUBMIT }, "smtp",
	    .recipients = 1, .size = 65 * 1024,
	    .flights = "EHLO|MAIL RCPT DATA|.|QUIT", .round_trips = 5 },
	{ "implicit TLS and AUTH take seven round trips",
	    { .security = TLS_AT_ONCE,
	    .keywords = SUBMIT, .user = "me", .password = "secret",
	    .mechanisms = "PLAIN" }, "submissions", LOGIN, .recipients = 1,
	    .flights = "EHLO|AUTH|MAIL RCPT DATA|.|QUIT", .round_trips = 7 },
	{ "STARTTLS and AUTH take nine round trips",
	    { .security = STARTTLS_OFFERED,
	    .keywords = SUBMIT, .user = "me", .password = "secret",
	    .mechanisms = "PLAIN" }, "submission", LOGIN, .recipients = 1,
	    .flights = "EHLO|STARTTLS|EHLO|AUTH|MAIL RCPT DATA|.|QUIT",
	    .round_trips = 9 },
	{ "early BDAT with implicit TLS takes six round trips",
	    { .security = TLS_AT_ONCE,
	    .keywords = CHUNKS, .user = "me", .password = "secret",
	    .mechanisms = "PLAIN" }, "submissions", LOGIN EARLY,
	    .recipients = 1, .flights = "EHLO|AUTH|MAIL RCPT BDAT|QUIT",
	    .round_trips = 6 },
	{ "early BDAT with STARTTLS takes eight round trips",
	    { .security = STARTTLS_OFFERED, .keywords = CHUNKS,
	    .user = "me", .password = "secret", .mechanisms = "PLAIN" },
	    "submission", LOGIN EARLY, .recipients = 1,
	    .flights = "EHLO|STARTTLS|EHLO|AUTH|MAIL RCPT BDAT|QUIT",
	    .round_trips = 8 },
	{ "a hundred recipients share a flight", { .keywords = SUBMIT },
	    "smtp", .recipients = 100,
	    .flights = "EHLO|MAIL RCPTx100 DATA|.|QUIT", .round_trips = 5 },
	{ "a hundred recipients and early BDAT share a flight",
	    { .keywords = CHUNKS }, "smtp",
	    EARLY, .recipients = 100,
	    .flights = "EHLO|MAIL RCPTx100 BDAT|QUIT", .round_trips = 4 },
	{ "700 recipients take two more round trips", { .keywords = SUBMIT },
	    "smtp", .recipients = 700,
	    .flights = "EHLO|MAIL RCPTx320|RCPTx320|RCPTx60 DATA|.|QUIT",
	    .round_trips = 7 },
	{ "without PIPELINING, each command waits for its reply",
	    { .keywords = "8BITMIME", .strict = true }, "smtp",
	    .recipients = 2, .flights = "EHLO|MAIL|RCPT|RCPT|DATA|.|QUIT",
	    .round_trips = 8 },
	{ "a server that checks RFC 2920 strictly accepts the session",
	    { .keywords = CHUNKS, .strict = true }, "smtp",
	    .recipients = 3, .flights = "EHLO|MAIL RCPTx3|BDAT|QUIT",
	    .round_trips = 5 },
};

static const char *
verb_of(const struct heard_command *c, char verb[16])
{
	snprintf(verb, 16, "%.*s", (int)strcspn(c->line, " "), c->line);
	return verb;
}

static void
add_verb(struct buffer *out, const char *verb, unsigned times)
{
	if (times == 0)
		return;
	if (out->len > 0 && out->data[out->len - 1] != '|')
		buffer_add_byte(out, ' ');
	buffer_add_text(out, verb);
	if (times > 1)
		buffer_addf(out, "x%u", times);
}

/* The verbs of each flight; "." is a flight with only the message. */
static char *
describe(const struct heard *h)
{
	struct buffer	out = { 0 };
	size_t		c = 0;

	for (size_t f = 0; f < h->n_flights; f++) {
		char		last[16] = "", verb[16];
		unsigned	times = 0;

		if (f > 0)
			buffer_add_byte(&out, '|');
		if (c == h->n_commands || h->command[c].flight > f)
			buffer_add_byte(&out, '.');
		for (; c < h->n_commands && h->command[c].flight == f; c++) {
			verb_of(&h->command[c], verb);
			if (strcmp(verb, last) != 0) {
				add_verb(&out, last, times);
				times = 0;
			}
			strlcpy(last, verb, sizeof(last));
			times++;
		}
		add_verb(&out, last, times);
	}
	return buffer_take(&out);
}

static char *
make_message(size_t size)
{
	struct buffer	text = { 0 };

	buffer_add_text(&text, MESSAGE);
	while (text.len < size)
		buffer_add_text(&text, "sixty-three octets of nothing in "
		    "particular, line by line......\n");
	return buffer_take(&text);
}

static void
run(const struct flights_case *c, const char *conf, struct program_result *out)
{
	const char	*argv[720] = { "relais", "-C", conf, "-i",
			    "-fa@example.org" };
	char		 to[700][24];
	char		*message = make_message(c->size);

	for (unsigned i = 0; i < c->recipients; i++) {
		snprintf(to[i], sizeof(to[i]), "r%u@example.net", i);
		argv[5 + i] = to[i];
	}
	program_run(out, &(struct program){ .argv = argv,
	    .input = message });
	free(message);
}

static void
flies(void **state)
{
	const struct flights_case	*c = *state;
	struct script			 script = c->script;
	struct usual_certificates	 certificates;
	struct mock_smtp		*host;
	struct temp_dir			 dir;
	struct program_result		 out;
	struct buffer			 more = { 0 };
	char				*flights;

	temp_dir_make(&dir);
	certificate_usual(&certificates, &dir);
	script.certificate = certificates.chain;
	script.key = certificates.key;
	host = mock_smtp_start(&script);
	buffer_addf(&more, "tls_ca = %s\n%s", certificates.hashed,
	    c->more != NULL ? c->more : "");
	run(c, conf_write(&dir, host, c->scheme, more.data), &out);
	assert_string_equal(out.err.data, "");
	assert_int_equal(out.status, 0);
	assert_true(mock_smtp_wait_closed(host, 1));
	flights = describe(mock_smtp_heard(host, 0));
	assert_string_equal(flights, c->flights);
	assert_int_equal(mock_smtp_message(host, 0)->round_trips,
	    c->round_trips);
	assert_int_equal(mock_smtp_heard(host, 0)->message[0]->n_rcpt,
	    c->recipients);
	free(flights);
	buffer_free(&more);
	program_result_free(&out);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

/* The server never replies to QUIT. */
static void
quit_does_not_wait_for_its_reply(void **state)
{
	struct script		 script = { .steps = { { .at = ON_QUIT,
				    .say = "", .then = THEN_HANG } } };
	struct mock_smtp	*host = mock_smtp_start(&script);
	struct temp_dir		 dir;
	struct program_result	 out;

	(void)state;
	temp_dir_make(&dir);
	relais_run(&out, conf_write(&dir, host, "smtp", NULL),
	    WORDS("-i", "b@example.net"), MESSAGE);
	assert_int_equal(out.status, 0);
	assert_true(mock_smtp_wait_closed(host, 1));
	assert_true(mock_smtp_heard(host, 0)->quit);
	assert_true(mock_smtp_heard(host, 0)->left_early);
	program_result_free(&out);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

/* Each flight arrives as it was written: one read for each. */
static void
a_flight_is_one_write(void **state)
{
	struct script		 script = { .keywords = CHUNKS };
	struct mock_smtp	*host = mock_smtp_start(&script);
	const struct heard	*heard;
	struct temp_dir		 dir;
	struct program_result	 out;

	(void)state;
	temp_dir_make(&dir);
	relais_run(&out, conf_write(&dir, host, "smtp", EARLY),
	    WORDS("-i", "b@example.net", "c@example.net"), MESSAGE);
	assert_int_equal(out.status, 0);
	assert_true(mock_smtp_wait_closed(host, 1));
	heard = mock_smtp_heard(host, 0);
	assert_int_equal(heard->n_flights, 3);
	for (size_t i = 0; i < heard->n_flights; i++)
		assert_int_equal(heard->flight[i].reads, 1);
	program_result_free(&out);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

int
main(void)
{
	enum { N = sizeof(cases) / sizeof(*cases) };
	struct CMUnitTest	tests[N + 2];

	for (size_t i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].sentence,
		    .test_func = flies,
		    .initial_state = (void *)(uintptr_t)&cases[i] };
	tests[N] = (struct CMUnitTest)cmocka_unit_test(
	    quit_does_not_wait_for_its_reply);
	tests[N + 1] = (struct CMUnitTest)cmocka_unit_test(
	    a_flight_is_one_write);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
