/*
 * Addresses that are not ASCII, with and without SMTPUTF8.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/program.h"

#define SEVEN	"PIPELINING\nSIZE\nENHANCEDSTATUSCODES"
#define EIGHT	SEVEN "\n8BITMIME"
#define ALL	EIGHT "\nSMTPUTF8"

/* The "C: " lines of the dialogue without the message, and part of stderr. */
struct example {
	const char	*keywords;
	const char	*sender;
	const char	*recipients;	/* one argument */
	int		 status;
	const char	*commands;	/* MAIL and RCPT */
	const char	*told;		/* a part of it, or NULL: nothing */
	const char	*header;	/* its first field arrives as it is */
};

static char *
envelope_of(struct mock_smtp *host)
{
	struct buffer		 all = { 0 };
	const struct heard	*h;

	if (mock_smtp_connections(host) == 0)
		return buffer_take(&all);
	assert_true(mock_smtp_wait_closed(host, 1));
	h = mock_smtp_heard(host, 0);
	for (size_t i = 0; i < h->n_commands; i++) {
		char	*line = h->command[i].line;
		char	*size = strstr(line, " SIZE=");

		if (h->command[i].stage != ON_MAIL &&
		    h->command[i].stage != ON_RCPT)
			continue;
		if (size != NULL)	/* not relevant here */
			memmove(size, size + 1 + strcspn(size + 1, " "),
			    strlen(size + 1 + strcspn(size + 1, " ")) + 1);
		buffer_addf(&all, "%s\n", line);
	}
	return buffer_take(&all);
}

static void
says(void **state)
{
	const struct example	*e = *state;
	struct mock_smtp	*host;
	struct temp_dir		 dir;
	struct program_result	 o;
	struct buffer		 text = { 0 };
	char			*commands;

	temp_dir_make(&dir);
	host = mock_smtp_start(&(struct script){ .keywords = e->keywords });
	buffer_addf(&text, "%s\ny\n", e->header);
	relais_run(&o, conf_write(&dir, host, "smtp", NULL),
	    WORDS("-i", "-f", e->sender, e->recipients), text.data);
	assert_int_equal(o.status, e->status);
	if (e->status == 0) {
		assert_true(mock_smtp_wait_messages(host, 1));
		buffer_clear(&text);
		buffer_add_text(&text, e->header);
		text.data[strcspn(text.data, "\n")] = '\0';
		assert_non_null(strstr(mock_smtp_message(host, 0)->data.data,
		    text.data));
	}
	buffer_free(&text);
	if (e->told == NULL)
		assert_string_equal(o.err.data, "");
	else
		assert_non_null(strstr(o.err.data, e->told));
	commands = envelope_of(host);
	assert_string_equal(commands, e->commands);
	free(commands);
	program_result_free(&o);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

#define SAYS(sentence, ...) \
	{ sentence, says, NULL, NULL, \
	    &(struct example){ __VA_ARGS__, "Subject: x\n" } }
#define NEEDS(sentence, keywords, parameters, header) \
	{ sentence, says, NULL, NULL, &(struct example){ keywords, \
	    "me@example.org", "b@example.net", 0, \
	    "MAIL FROM:<me@example.org>" parameters "\n" \
	    "RCPT TO:<b@example.net>\n", NULL, header } }

static void
fields_that_stay_unchanged_are_logged(void **state)
{
	struct mock_smtp	*host;
	struct temp_dir		 dir;
	struct program_result	 o;

	(void)state;
	temp_dir_make(&dir);
	host = mock_smtp_start(&(struct script){ .keywords = SEVEN });
	relais_run(&o, conf_write(&dir, host, "smtp", "log = stderr\n"),
	    WORDS("-i", "a@example.net"), "DKIM-Signature: v=1\n"
	    "Subject: \303\244\n\n\303\244\n");
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(o.err.data, "DKIM signature and is sent"));
	assert_true(mock_smtp_wait_messages(host, 1));
	assert_non_null(strstr(mock_smtp_message(host, 0)->data.data,
	    "Subject: \303\244\r\n"));
	program_result_free(&o);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

static const struct CMUnitTest international_spec[] = {
	SAYS("a domain is sent as its A-label to a server with SMTPUTF8", ALL,
	    "me@b\303\274cher.example", "a@m\303\274nchen.example", 0,
	    "MAIL FROM:<me@xn--bcher-kva.example>\n"
	    "RCPT TO:<a@xn--mnchen-3ya.example>\n", NULL),
	SAYS("a domain is sent as its A-label to a server without SMTPUTF8",
	    SEVEN,
	    "me@example.org", "a@m\303\274nchen.example", 0,
	    "MAIL FROM:<me@example.org>\n"
	    "RCPT TO:<a@xn--mnchen-3ya.example>\n", NULL),
	SAYS("a non-ASCII local part requires SMTPUTF8", ALL,
	    "me@example.org", "j\303\266rg@example.net", 0,
	    "MAIL FROM:<me@example.org> SMTPUTF8\n"
	    "RCPT TO:<j\303\266rg@example.net>\n", NULL),
	SAYS("without SMTPUTF8, only such a recipient fails", EIGHT,
	    "me@example.org", "j\303\266rg@example.net, b@example.net",
	    EX_NOUSER, "MAIL FROM:<me@example.org>\n"
	    "RCPT TO:<b@example.net>\n",
	    "the server does not support addresses that are not ASCII"),
	SAYS("without SMTPUTF8, such a sender fails for all recipients", EIGHT,
	    "j\303\266rg@example.org", "a@example.net,b@example.net",
	    EX_DATAERR, "", "(SMTPUTF8)"),
	SAYS("an invalid domain is refused", EIGHT,
	    "me@example.org",
	    "a@\303\274--.\342\200\250.example, b@example.net",
	    EX_NOUSER, "MAIL FROM:<me@example.org>\n"
	    "RCPT TO:<b@example.net>\n", "no ASCII form"),
	NEEDS("a non-ASCII address in the header requires SMTPUTF8", ALL,
	    " BODY=8BITMIME SMTPUTF8",
	    "Reply-To: J\303\266rg <j\303\266rg@example.org>\n"),
	NEEDS("such an address in an invalid field requires SMTPUTF8", ALL,
	    " BODY=8BITMIME SMTPUTF8",
	    "Cc: j\303\266rg@example.org, [b\n"),
	NEEDS("a non-ASCII message ID requires SMTPUTF8", ALL,
	    " BODY=8BITMIME SMTPUTF8",
	    "References: <a@b> <1@gr\303\266\303\237e.example>\n"),
	NEEDS("a non-ASCII domain in a signed field requires SMTPUTF8", ALL,
	    " BODY=8BITMIME SMTPUTF8",
	    "From: me@b\303\274cher.example\nDKIM-Signature: v=1\n"),
	NEEDS("a non-ASCII domain without a signature does not require "
	    "SMTPUTF8", ALL,
	    "",
	    "Subject: x\nFrom: me@b\303\274cher.example\n"),
	NEEDS("other non-ASCII text does not require SMTPUTF8", ALL,
	    "",
	    "Subject: x\nFrom: J\303\266rg <a@example.org>\n"
	    "Message-ID: <1@example.org> (\303\266)\n"),
	NEEDS("an address that is not UTF-8 is sent without SMTPUTF8", ALL,
	    " BODY=8BITMIME",
	    "Reply-To: j\366rg@example.org\n"),
	NEEDS("without SMTPUTF8, such a field is sent unchanged", EIGHT,
	    " BODY=8BITMIME",
	    "Message-ID: <1@gr\303\266\303\237e.example>\n"),
	cmocka_unit_test(fields_that_stay_unchanged_are_logged),
};

int
main(void)
{
	return cmocka_run_group_tests(international_spec, NULL, NULL);
}
