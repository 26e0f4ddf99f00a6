/* The dialogue with a simple smarthost, line by line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/program.h"

static const struct script classic = {
	.host = "host",
	.steps = {
		{ .at = ON_GREETING, .say = "220 host ESMTP" },
		{ .at = ON_EHLO, .say = "250-host\n250-PIPELINING\n"
		    "250-SIZE 10485760\n250-AUTH PLAIN LOGIN\n"
		    "250-AUTH=PLAIN LOGIN\n250 8BITMIME" },
		{ .at = ON_MAIL, .say = "250 Ok" },
		{ .at = ON_RCPT, .say = "250 Ok" },
		{ .at = ON_DATA, .say = "354 End data with <CR><LF>.<CR><LF>" },
		{ .at = ON_BODY, .say = "250 Ok: queued as 12345" },
		{ .at = ON_QUIT, .say = "221 Bye" },
	},
};

#define MESSAGE \
	"Date: Sat, 21 Nov 2026 10:00:00 +0000\n" \
	"From: ann@example.org\n" \
	"To: bob@example.net, carol@example.com\n" \
	"Message-ID: <1@example.org>\n" \
	"Subject: classic\n" \
	"\n" \
	".hidden\n" \
	"end\n"

static const char connected[] = "*** connected to 127.0.0.1:";

/* The port precedes it; the size in MAIL is that of the message. */
static const char transcript[] =
	"<<< 220 host ESMTP\n"
	">>> EHLO client.example\n"
	"<<< 250-host\n"
	"<<< 250-PIPELINING\n"
	"<<< 250-SIZE 10485760\n"
	"<<< 250-AUTH PLAIN LOGIN\n"
	"<<< 250-AUTH=PLAIN LOGIN\n"
	"<<< 250 8BITMIME\n"
	">>> MAIL FROM:<ann@example.org> SIZE=165\n"
	">>> RCPT TO:<bob@example.net>\n"
	">>> RCPT TO:<carol@example.com>\n"
	">>> DATA\n"
	"<<< 250 Ok\n"
	"<<< 250 Ok\n"
	"<<< 250 Ok\n"
	"<<< 354 End data with <CR><LF>.<CR><LF>\n"
	"*** message, 165 octets\n"
	"<<< 250 Ok: queued as 12345\n"
	">>> QUIT\n";

static void
a_session_of_bs_matches_the_classic_transcript(void **state)
{
	struct mock_smtp		*host = mock_smtp_start(&classic);
	const struct heard_message	*m;
	struct temp_dir			 dir;
	struct program_result		 out;
	char				*heard;

	(void)state;
	temp_dir_make(&dir);
	relais_run(&out, conf_write(&dir, host, "smtp", NULL),
	    WORDS("-v", "-t", "-i", "-fann@example.org"), MESSAGE);
	assert_string_equal(out.err.data, "");
	assert_int_equal(out.status, 0);
	assert_int_equal(strncmp(out.out.data, connected,
	    sizeof(connected) - 1), 0);
	assert_string_equal(strchr(out.out.data, '\n') + 1, transcript);
	assert_true(mock_smtp_wait_closed(host, 1));
	heard = heard_commands(mock_smtp_heard(host, 0), false);
	assert_string_equal(heard, "EHLO|MAIL|RCPT|RCPT|DATA|QUIT");
	m = mock_smtp_message(host, 0);
	assert_non_null(strstr(m->wire.data, "\r\n\r\n..hidden\r\nend\r\n"));
	assert_int_equal(m->size, 165);
	free(heard);
	program_result_free(&out);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(
		    a_session_of_bs_matches_the_classic_transcript),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
