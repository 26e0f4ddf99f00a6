/* Large messages: progress, and replies before the end of the message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sysexits.h>

#include "support/cases.h"
#include "support/certificate.h"
#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/program.h"

#define MB ((uint64_t)1000 * 1000)

struct large_case {
	const char	*sentence;
	struct script	 script;
	int		 status;
	const char	*err;		/* or NULL */
	size_t		 messages;	/* that came whole */
	const char	*more;		/* NULL: timeout = 2s */
};

#define SLOWLY(mb)	{ .at = ON_IN_BODY, .after = mb * MB, .say = "", \
			  .delay_ms = 800 }	/* three exceed 2 s */

static const struct large_case cases[] = {
	{ "a slow server that keeps reading does not time out, with DATA",
	    { .keywords = "PIPELINING",
	    .steps = { SLOWLY(1), SLOWLY(9), SLOWLY(17) } },
	    .messages = 1 },
	{ "a slow server that keeps reading does not time out, with BDAT",
	    { .keywords = "CHUNKING",
	    .steps = { SLOWLY(1), SLOWLY(9), SLOWLY(17) } },
	    .messages = 1 },
	{ "a server that stops reading times out", { .keywords = "8BITMIME",
	    .steps = { { .at = ON_IN_BODY, .after = MB, .say = "",
	    .then = THEN_HANG } } },
	    .status = EX_TEMPFAIL,
	    .err = "message: timed out after 2 s" },
	{ "after a refusal during the message, the rest is not sent",
	    { .keywords = "PIPELINING", .steps = { { .at = ON_IN_BODY,
	    .after = MB, .say = "552 5.3.4 too big" } } },
	    .status = EX_DATAERR,
	    .err = "end of message: 552 5.3.4 too big" },
	{ "after a temporary refusal during the message, the rest is not sent",
	    { .keywords = "PIPELINING", .steps = { {
	    .at = ON_IN_BODY, .after = MB, .say = "452 4.3.1 full" } } },
	    .status = EX_TEMPFAIL,
	    .err = "end of message: 452 4.3.1 full" },
	{ "421 during the message is reported if the server closes",
	    { .keywords = "PIPELINING", .steps = { { .at = ON_IN_BODY,
	    .after = MB, .say = "421 4.3.2 down", .then = THEN_CLOSE } } },
	    .status = EX_TEMPFAIL,
	    .err = "the server closes the connection: 421 4.3.2 down" },
	{ "421 during the message is reported if the server stops reading",
	    { .keywords = "CHUNKING", .steps = { { .at = ON_IN_BODY,
	    .after = MB, .say = "421 4.3.2 down", .then = THEN_HANG } } },
	    .status = EX_TEMPFAIL,
	    .err = "the server closes the connection: 421 4.3.2 down" },
	{ "a refusal is noticed at once if the server stops reading DATA",
	    { .keywords = "PIPELINING", .steps = { { .at = ON_IN_BODY,
	    .after = MB, .say = "552 5.3.4 too big", .then = THEN_HANG } } },
	    .status = EX_DATAERR,
	    .err = "end of message: 552 5.3.4 too big",
	    .more = "timeout = 60s\n" },
	{ "a refusal is noticed at once if the server stops reading BDAT",
	    { .keywords = "CHUNKING", .steps = { {
	    .at = ON_IN_BODY, .after = MB, .say = "452 4.3.1 full",
	    .then = THEN_HANG } } },
	    .status = EX_TEMPFAIL,
	    .err = "end of message: 452 4.3.1 full",
	    .more = "timeout = 60s\n" },
	{ "a session ticket during the message is not taken as a reply",
	    { .keywords = "PIPELINING", .security = TLS_AT_ONCE,
	    .steps = { { .at = ON_IN_BODY, .after = MB,
	    .say = "552 5.3.4 too big", .then = THEN_HANG } } },
	    .status = EX_DATAERR, .err = "end of message: 552 5.3.4 too big",
	    .more = "timeout = 60s\n" },
	{ "an unexpected reply is noticed at once if the server stops reading",
	    { .keywords = "PIPELINING",
	    .steps = { { .at = ON_IN_BODY, .after = MB, .say = "250 2.0.0 ok",
	    .then = THEN_HANG } } }, .status = EX_PROTOCOL,
	    .err = "250 2.0.0 ok (before the end of the message)",
	    .more = "timeout = 60s\n" },
	{ "250 during the message is an error, and the message is not "
	    "delivered",
	    { .keywords = "PIPELINING", .steps = { { .at = ON_IN_BODY,
	    .after = MB, .say = "250 2.0.0 thanks" } } },
	    .status = EX_PROTOCOL,
	    .err = "250 2.0.0 thanks (before the end of the message)" },
};

static size_t
twenty_megabytes(void *ctx, uint64_t n, char *to, size_t size)
{
	static const char	head[] = "From: a@example.org\n\n";

	(void)ctx;
	if (n == 0) {
		memcpy(to, head, sizeof(head) - 1);
		return sizeof(head) - 1;
	}
	if (n >= 20 * MB)
		return 0;
	memset(to, 'x', size);
	for (size_t i = 79; i < size; i += 80)
		to[i] = '\n';
	return size;
}

static void
goes(void **state)
{
	const struct large_case	*c = *state;
	struct script		 script = c->script;
	bool			 tls = script.security == TLS_AT_ONCE;
	struct usual_certificates certificates;
	struct mock_smtp	*host;
	struct temp_dir		 dir;
	struct program_result	 out;
	struct buffer		 more = { 0 };

	temp_dir_make(&dir);
	certificate_usual(&certificates, &dir);
	script.certificate = certificates.chain;
	script.key = certificates.key;
	script.discard = true;
	host = mock_smtp_start(&script);
	buffer_addf(&more, "tls_ca = %s\n%s", certificates.ca,
	    c->more != NULL ? c->more : "timeout = 2s\n");
	program_run(&out, &(struct program){ .argv = WORDS("relais", "-C",
	    conf_write(&dir, host, tls ? "submissions" : "smtp",
	    more.data), "-i",
	    "b@example.net"), .generate = twenty_megabytes });
	if (c->err == NULL)
		assert_string_equal(out.err.data, "");
	else if (strstr(out.err.data, c->err) == NULL)
		fail_msg("stderr lacks \"%s\": %s", c->err, out.err.data);
	assert_int_equal(out.status, c->status);
	assert_int_equal(mock_smtp_messages(host), c->messages);
	program_result_free(&out);
	buffer_free(&more);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

int
main(void)
{
	return CASES_RUN("large messages", goes, cases);
}
