#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mail/subject.h"
#include "support/cases.h"

struct subject_case {
	const char	*sentence;
	const char	*header;	/* without the empty line */
	const char	*text;
};

static const struct subject_case	cases[] = {
	{ "ASCII text is unchanged", "Subject: Disk full\r\n", "Disk full" },
	{ "a folded subject is one line", "Subject: Disk\r\n\tfull\r\n",
	    "Disk full" },
	{ "the first subject is used", "Subject: a\r\nSubject: b\r\n", "a" },
	{ "a message can have no subject", "To: a@example.org\r\n", "" },
	{ "a subject can be empty", "Subject: \r\n", "" },
	{ "UTF-8 is unchanged", "Subject: \xc3\xbc\r\n", "\xc3\xbc" },
	{ "an encoded word in UTF-8 is decoded",
	    "Subject: =?UTF-8?B?w7xiZXI=?= us\r\n", "\xc3\xbc" "ber us" },
	{ "encoded words are joined, even if a character is divided",
	    "Subject: =?utf-8?q?a=C3?=\r\n =?utf-8*en?q?=BCb_c?=\r\n",
	    "a\xc3\xbc" "b c" },
	{ "an encoded word in ISO 8859-1 is decoded",
	    "Subject: =?iso-8859-1?q?=FCber?=\r\n", "\xc3\xbc" "ber" },
	{ "an encoded word in another charset is unchanged",
	    "Subject: =?koi8-r?q?=C1?= a\r\n", "=?koi8-r?q?=C1?= a" },
	{ "an invalid encoded word is unchanged",
	    "Subject: =?utf-8?b?!?=\r\n", "=?utf-8?b?!?=" },
	{ "octets that are not UTF-8 become question marks",
	    "Subject: a\xff" "b\r\n", "a?b" },
	{ "control characters become spaces",
	    "Subject: =?utf-8?q?=1B[31m_red=0D=0ATo:_x=07?=\r\n",
	    "[31m red To: x" },
	{ "a change of the direction of text is removed",
	    "Subject: a\xe2\x80\xae" "b\r\n", "a b" },
	{ "a long subject is truncated after a whole character",
	    "Subject: 0123456789012345678\xc3\xbc" "b\r\n",
	    "0123456789012345678..." },
	{ "a subject of the greatest length is whole",
	    "Subject: 01234567890123456789\r\n", "01234567890123456789" },
	{ "a blank at the limit is not kept",
	    "Subject: 01234567890123456789 b\r\n",
	    "01234567890123456789..." },
};

static void
is_subject(void **state)
{
	const struct subject_case	*c = *state;
	struct header			 h = { 0 };
	struct buffer			 text = { 0 };

	buffer_addf(&text, "%s\r\n", c->header);
	assert_true(header_read(&h, text.data, text.len, 10));
	buffer_clear(&text);
	buffer_add_text(&text, "");
	subject_write(&text, &h, 20);
	assert_string_equal(text.data, c->text);
	buffer_free(&text);
	header_free(&h);
}

int
main(void)
{
	return CASES_RUN("subjects", is_subject, cases);
}
