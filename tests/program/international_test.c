/*
 * Addresses that are not ASCII, to servers that take them and to others.
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

/* "C: " lines of the dialogue, without the message; what it says on stderr. */
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
		if (size != NULL)	/* which is not the point here */
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
what_is_left_alone_is_told(void **state)
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
	SAYS("a domain goes as its A-label, whatever the server takes", ALL,
	    "me@b\303\274cher.example", "a@m\303\274nchen.example", 0,
	    "MAIL FROM:<me@xn--bcher-kva.example>\n"
	    "RCPT TO:<a@xn--mnchen-3ya.example>\n", NULL),
	SAYS("and to a server that takes nothing", SEVEN,
	    "me@example.org", "a@m\303\274nchen.example", 0,
	    "MAIL FROM:<me@example.org>\n"
	    "RCPT TO:<a@xn--mnchen-3ya.example>\n", NULL),
	SAYS("a local part needs SMTPUTF8", ALL,
	    "me@example.org", "j\303\266rg@example.net", 0,
	    "MAIL FROM:<me@example.org> SMTPUTF8\n"
	    "RCPT TO:<j\303\266rg@example.net>\n", NULL),
	SAYS("where it is missing such a recipient fails alone", EIGHT,
	    "me@example.org", "j\303\266rg@example.net, b@example.net",
	    EX_NOUSER, "MAIL FROM:<me@example.org>\n"
	    "RCPT TO:<b@example.net>\n",
	    "the server does not support addresses that are not ASCII"),
	SAYS("such a sender fails for all", EIGHT,
	    "j\303\266rg@example.org", "a@example.net,b@example.net",
	    EX_DATAERR, "", "(SMTPUTF8)"),
	SAYS("what is no domain is refused", EIGHT,
	    "me@example.org", "a@\303\274--.\342\200\250.example, b@example.net",
	    EX_NOUSER, "MAIL FROM:<me@example.org>\n"
	    "RCPT TO:<b@example.net>\n", "no ASCII form"),
	NEEDS("an address that stays in the header needs SMTPUTF8, too", ALL,
	    " BODY=8BITMIME SMTPUTF8",
	    "Reply-To: J\303\266rg <j\303\266rg@example.org>\n"),
	NEEDS("also one in a field that cannot be read", ALL,
	    " BODY=8BITMIME SMTPUTF8",
	    "Cc: j\303\266rg@example.org, [b\n"),
	NEEDS("so does a message id", ALL,
	    " BODY=8BITMIME SMTPUTF8",
	    "References: <a@b> <1@gr\303\266\303\237e.example>\n"),
	NEEDS("and a domain that a DKIM signature covers", ALL,
	    " BODY=8BITMIME SMTPUTF8",
	    "From: me@b\303\274cher.example\nDKIM-Signature: v=1\n"),
	NEEDS("without the signature a domain does not need it", ALL,
	    "",
	    "Subject: x\nFrom: me@b\303\274cher.example\n"),
	NEEDS("nor does other text", ALL,
	    "",
	    "Subject: x\nFrom: J\303\266rg <a@example.org>\n"
	    "Message-ID: <1@example.org> (\303\266)\n"),
	NEEDS("an address that is not UTF-8 cannot have it", ALL,
	    " BODY=8BITMIME",
	    "Reply-To: j\366rg@example.org\n"),
	NEEDS("if it is not offered the field is sent as it is", EIGHT,
	    " BODY=8BITMIME",
	    "Message-ID: <1@gr\303\266\303\237e.example>\n"),
	cmocka_unit_test(what_is_left_alone_is_told),
};

int
main(void)
{
	return cmocka_run_group_tests(international_spec, NULL, NULL);
}
