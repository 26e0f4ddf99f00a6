/*
 * Header fields that are added and removed, and display names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "mail/complete.h"
#include "mail/message.h"
#include "mail/phrase.h"

static const struct completion completion = {
	.now = 1795298656, .from = "me@example.org", .name = "Me",
	.id_domain = "example.org",
};

static void
read_header(struct message *m, const char *text, size_t len)
{
	static const char *const		tmp[] = { "/tmp", NULL };
	static const struct message_limits	limits = { .spill = tmp };
	struct failure				why;

	message_begin(m, &limits);
	assert_true(message_feed(m, text, len, &why));
	assert_true(message_end(m, &why));
}

/* Writes the header, with D for each date and X for each random id. */
static char *
written(const struct header *h)
{
	struct buffer	all = { 0 }, out = { 0 };
	char		*line, *rest;

	header_write(&all, h);
	for (rest = all.data; (line = strsep(&rest, "\n")) != NULL;) {
		char	*end = strchr(line, '\r');

		if (end == NULL)
			break;
		*end = '\0';
		if (strstr(line, "Date: ") != NULL &&
		    strstr(line, " Nov 2026 ") != NULL)
			strcpy(strstr(line, "Date: ") + 6, "D");
		if (strstr(line, "<6b0") != NULL)
			strcpy(strchr(line, '<'), "X");
		buffer_addf(&out, "%s\n", line);
	}
	buffer_free(&all);
	return buffer_take(&out);
}

struct example {
	const char	*in;
	const char	*out;
};

static void
is_completed(void **state)
{
	const struct example	*e = *state;
	struct message		 m;
	char			*got;

	read_header(&m, e->in, strlen(e->in));
	header_complete(&m.header, &completion);
	got = written(&m.header);
	assert_string_equal(got, e->out);
	free(got);
	message_free(&m);
}

#define COMPLETES(sentence, in, out) \
	{ sentence, is_completed, NULL, NULL, &(struct example){ in, out } }

#define WHOLE	"From: a@b\nDate: c\nMessage-ID: <d@e>\n"

/* The header has several megabytes; a Bcc is the last line of the message. */
static void
bcc_is_removed_everywhere(void **state)
{
	struct buffer	in = { 0 }, out = { 0 };
	struct message	m;

	(void)state;
	buffer_add_text(&in, WHOLE "To: x@y\nSubject: ");
	for (int i = 0; i < 5000000; i++)
		buffer_add_byte(&in, 'x');
	for (int i = 0; i < 10000; i++)
		buffer_addf(&in, "\nX-%d: y%s", i, i % 100 == 0 ?
		    "\nbCC\t :\n secret@example.org" : "");
	buffer_add_text(&in, "\nResent-Bcc: a@b,\n\tsecret@example.org");
	read_header(&m, in.data, in.len);
	header_complete(&m.header, &completion);
	header_write(&out, &m.header);
	assert_null(strstr(out.data, "secret"));
	assert_non_null(strstr(out.data, "\r\nX-0: y\r\nX-1: y\r\n"));
	assert_non_null(strstr(out.data, "\r\nX-9999: y\r\n"));
	message_free(&m);
	buffer_free(&in);
	buffer_free(&out);
}

static void
a_message_id_is_always_ascii(void **state)
{
	struct buffer	out = { 0 };

	(void)state;
	message_id_write(&out, 0, "m\303\274nchen.example");
	assert_non_null(strstr(out.data, "@xn--mnchen-3ya.example>"));
	buffer_clear(&out);
	message_id_write(&out, 0, "m\374nchen.example");
	assert_non_null(strstr(out.data, "@localhost>"));
	buffer_free(&out);
}

/* A display name and its written form. */
static void
is_written(void **state)
{
	const char *const	*pair = *state;
	struct buffer		 out = { 0 };

	phrase_write(&out, pair[0]);
	assert_string_equal(out.data, pair[1]);
	buffer_free(&out);
}

#define NAME(sentence, name, out) \
	{ sentence, is_written, NULL, NULL, (const char *[]){ name, out } }

static const struct CMUnitTest complete_spec[] = {
	NAME("a display name of atoms does not change",
	    "Ann O'Hara", "Ann O'Hara"),
	NAME("specials are quoted", "Ann, \"B\"", "\"Ann, \\\"B\\\"\""),
	NAME("a display name that is not ASCII is encoded", "J\303\266rg, a",
	    "=?utf-8?Q?J=C3=B6rg=2C_a?="),
	NAME("an encoded word in a display name does not change",
	    "=?utf-8?Q?J=C3=B6rg?= a",
	    "=?utf-8?Q?J=C3=B6rg?= a"),
	NAME("an encoded word next to encoded text does not change",
	    "=?utf-8?Q?J=C3=B6rg?= (\303\266, a)",
	    "=?utf-8?Q?J=C3=B6rg?= =?utf-8?Q?_=28=C3=B6=2C_a=29?="),
	NAME("8-bit octets and specials in an encoded word are encoded",
	    "=?ISO-8859-1?q?J\366rg,_a b?=",
	    "=?ISO-8859-1?Q?J=F6rg=2C_a_b?="),
	NAME("specials in an encoded word are encoded", "=?utf-8?q?Ann,_B?=",
	    "=?utf-8?Q?Ann=2C_B?="),
	NAME("an incomplete encoded word is quoted", "=?utf-8?Q?J",
	    "\"=?utf-8?Q?J\""),
	NAME("control characters in a display name become blanks",
	    "A\tB\177\n", "A B  "),
	COMPLETES("a Date or Message-ID without a value is replaced",
	    "From: a@b\nDate: \nMessage-ID:\n\t\nTo: x@y\nSubject:\n\n",
	    "From: a@b\nTo: x@y\nSubject:\nDate: D\nMessage-ID: X\n\n"),
	COMPLETES("an empty header gets all required fields", "\n",
	    "From: Me <me@example.org>\nDate: D\nMessage-ID: X\n"
	    "To: undisclosed-recipients:;\n\n"),
	COMPLETES("existing fields do not change",
	    "subject:x \nDATE :  then\nfrom: a@b\n\t(c)\nCC: d\n"
	    "message-id:<e>\n\n",
	    "subject:x \nDATE :  then\nfrom: a@b\n\t(c)\nCC: d\n"
	    "message-id:<e>\n\n"),
	COMPLETES("all Bcc fields are removed, folded, repeated, empty and in "
	    "any case",
	    "Bcc: a,\n b\n" WHOLE "bcc:\nTo: x\nBCC : c\nbCC:d\nBccx: e\n"
	    "Bcc: f",
	    WHOLE "To: x\nBccx: e\n\n"),
	COMPLETES("an address field without an address is removed",
	    WHOLE "To: \nCC:\nReply-To:\n \nTo: ,(x), ;\nResent-To:\n"
	    "Resent-Cc: (y)\nresent-reply-to : ,\nTo: x\n\n",
	    "Resent-From: Me <me@example.org>\nResent-Date: D\n"
	    "Resent-Message-ID: X\n" WHOLE "To: x\n\n"),
	COMPLETES("a removed To is not replaced if Cc exists",
	    WHOLE "To: \nBcc: x\nCc: y\n\n", WHOLE "Cc: y\n\n"),
	COMPLETES("a removed To is replaced if Cc is removed, too",
	    WHOLE "To:\nCc: \nBcc: x\n\n",
	    WHOLE "To: undisclosed-recipients:;\n\n"),
	COMPLETES("an empty group and invalid addresses do not change",
	    WHOLE "To: a:;\nCc: b c\nReply-To: <>\n\n",
	    WHOLE "To: a:;\nCc: b c\nReply-To: <>\n\n"),
	COMPLETES("Return-Path, Content-Length and Apparently-To are removed",
	    "Return-Path: <a>\n" WHOLE "Content-Length: 1\nTo: x\n"
	    "Apparently-To: y\n\n", WHOLE "To: x\n\n"),
	COMPLETES("a message with only Bcc gets an empty group in To",
	    WHOLE "Bcc: x\n\n", WHOLE "To: undisclosed-recipients:;\n\n"),
	COMPLETES("a resent message gets missing Resent- fields at the "
	    "beginning",
	    "Received: z\nResent-To: x\n" WHOLE "To: y\nResent-Bcc: s\n\n",
	    "Resent-From: Me <me@example.org>\nResent-Date: D\n"
	    "Resent-Message-ID: X\nReceived: z\nResent-To: x\n" WHOLE
	    "To: y\n\n"),
	COMPLETES("a complete block of Resent- fields does not change",
	    "Resent-From: q\nResent-Date: r\nResent-Message-ID: s\n"
	    "Resent-To: x\n" WHOLE "To: y\n\n",
	    "Resent-From: q\nResent-Date: r\nResent-Message-ID: s\n"
	    "Resent-To: x\n" WHOLE "To: y\n\n"),
	COMPLETES("fields of an older block are not used for the new block",
	    "Resent-To: x\nResent-To: w\nResent-From: q\nResent-Date: r\n"
	    "Resent-Message-ID: s\n" WHOLE "To: y\n\n",
	    "Resent-From: Me <me@example.org>\nResent-Date: D\n"
	    "Resent-Message-ID: X\nResent-To: x\nResent-To: w\n"
	    "Resent-From: q\nResent-Date: r\nResent-Message-ID: s\n" WHOLE
	    "To: y\n\n"),
	cmocka_unit_test(bcc_is_removed_everywhere),
	cmocka_unit_test(a_message_id_is_always_ascii),
};

int
main(void)
{
	return cmocka_run_group_tests(complete_spec, NULL, NULL);
}
