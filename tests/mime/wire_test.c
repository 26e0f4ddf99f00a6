/*
 * The converted form of a message for a server without 8BITMIME, with 8BITMIME,
 * and with SMTPUTF8.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "mime/wire.h"
#include "util/memory.h"
#include "util/text.h"

enum server { SEVEN, EIGHT, UTF8 };

/* Texts have LF line ends.  "{n}" represents n letters x. */
struct example {
	enum server	 server;
	const char	*in;
	const char	*out;
	const char	*remark;	/* in the remark; NULL: none */
};

static void
expand(struct buffer *to, const char *text)
{
	for (; *text != '\0'; text++) {
		long	n;
		char	*end;

		if (*text == '{' && (n = strtol(text + 1, &end, 10)) > 0 &&
		    *end == '}') {
			while (n-- > 0)
				buffer_add_byte(to, 'x');
			text = end;
		} else {
			buffer_add_byte(to, *text);
		}
	}
}

static void
feed(struct message *m, const struct buffer *text)
{
	static const char *const		tmp[] = { "/tmp", NULL };
	static const struct message_limits	limits = { .spill = tmp };
	struct failure				why;

	message_begin(m, &limits);
	assert_true(message_feed(m, text->data, text->len, &why));
	assert_true(message_end(m, &why));
}

static void
read_all(struct buffer *to, struct wire *w, size_t room)
{
	struct failure	why;
	char		block[4096];
	ssize_t		n;

	buffer_clear(to);
	buffer_add(to, w->head.data, w->head.len);
	while ((n = wire_read(w, block, room, &why)) > 0)
		buffer_add(to, block, (size_t)n);
	assert_int_equal(n, 0);
	assert_int_equal(to->len, w->size);
}

static void
without_crs(struct buffer *to, const struct buffer *from)
{
	buffer_clear(to);
	for (size_t i = 0; i < from->len; i++)
		if (from->data[i] != '\r')
			buffer_add_byte(to, from->data[i]);
}

/* The body is read several times, in pieces of different sizes. */
static void
is_converted(void **state)
{
	const struct example		*e = *state;
	const struct wire_abilities	 abilities = {
		.eight_bit = e->server != SEVEN, .utf8 = e->server == UTF8 };
	struct buffer			 in = { 0 }, want = { 0 };
	struct buffer			 got = { 0 }, seen = { 0 };
	struct message			 m;
	struct wire			 w;
	struct failure			 why;

	expand(&in, e->in);
	expand(&want, e->out);
	feed(&m, &in);
	assert_true(wire_prepare(&w, &m, &abilities, &why));
	for (size_t room = 1; room <= 4096; room *= 8) {
		wire_rewind(&w);
		read_all(&got, &w, room);
		without_crs(&seen, &got);
		assert_string_equal(seen.data, want.data);
	}
	if (e->remark == NULL)
		assert_null(w.remark);
	else
		assert_non_null(strstr(w.remark, e->remark));
	assert_int_equal(w.has_8bit, !text_is_ascii(want.data, want.len));
	wire_free(&w);
	message_free(&m);
	buffer_free(&in);
	buffer_free(&want);
	buffer_free(&got);
	buffer_free(&seen);
}

/* They took the square of their number: here, three seconds. */
static void
sections_with_the_same_number_take_linear_time(void **state)
{
	enum { SECTIONS = 199, LETTERS = 20 * 1000 };
	const struct wire_abilities	 eight = { .eight_bit = true };
	struct buffer			 in = { 0 };
	struct message			 m;
	struct wire			 w;
	struct failure			 why;
	clock_t				 used;

	(void)state;
	buffer_add_text(&in, "Content-Type: text/plain");
	for (int i = 0; i < SECTIONS; i++) {
		buffer_add_text(&in, "; name*0=");
		for (int k = 0; k < LETTERS; k++)
			buffer_add_text(&in, "\303\244");
	}
	buffer_add_text(&in, "\n\n");
	feed(&m, &in);
	used = clock();
	assert_true(wire_prepare(&w, &m, &eight, &why));
	used = clock() - used;
	print_message("%.2f s\n", (double)used / CLOCKS_PER_SEC);
#ifndef __SANITIZE_ADDRESS__
	assert_true(used < CLOCKS_PER_SEC);
#endif
	wire_free(&w);
	message_free(&m);
	buffer_free(&in);
}

/* Parts that could not be encoded follow. */
static void
a_message_with_too_many_parts_does_not_change(void **state)
{
	const struct wire_abilities	 seven = { .eight_bit = false };
	struct buffer			 in = { 0 };
	struct message			 m;
	struct wire			 w;
	struct failure			 why;

	(void)state;
	buffer_add_text(&in, "Content-Type: multipart/mixed; boundary=o\n\n");
	for (int i = 0; i <= MIME_CHANGES_MAX; i++)
		buffer_add_text(&in, "--o\n\n\303\244\n");
	buffer_add_text(&in, "--o\n"
	    "Content-Type: multipart/signed; boundary=i\n\n"
	    "--i\n\n\303\244\n--i--\n--o--\n");
	feed(&m, &in);
	assert_true(wire_prepare(&w, &m, &seven, &why));
	assert_non_null(wire_unchanged(&w));
	assert_true(w.has_8bit);
	assert_non_null(strstr(w.remark, "too many parts"));
	wire_free(&w);
	message_free(&m);
	buffer_free(&in);
}

/* A message whose body is in a file. */
static void
make_large(struct message *m, const char *beginning)
{
	struct buffer	in = { 0 };

	buffer_add_text(&in, beginning);
	while (in.len < 2 * MESSAGE_MEMORY)
		buffer_add_text(&in, "0123456789 \303\244\n");
	feed(m, &in);
	assert_int_not_equal(m->body.fd, -1);
	buffer_free(&in);
}

static void
the_charset_of_a_large_body_is_found(void **state)
{
	const struct wire_abilities	 eight = { .eight_bit = true };
	const char			*subject = "Subject: =?x-1?B?5A==?=";
	struct message			 m;
	struct wire			 w;
	struct failure			 why;

	(void)state;
	make_large(&m, "Subject: \344\n"
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: text/plain; charset=x-1\n\n");
	assert_true(wire_prepare(&w, &m, &eight, &why));
	assert_int_equal(strncmp(w.head.data, subject, strlen(subject)), 0);
	wire_free(&w);
	message_free(&m);
}

/* The body is in nested parts, whose headers may change. */
static void
make_nested(struct message *m)
{
	make_large(m, "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: multipart/mixed; boundary=i\n"
	    "Content-Transfer-Encoding: 8bit\n\n"
	    "--i\nContent-Transfer-Encoding: 8bit\n\n");
}

static void
a_body_that_cannot_be_read_is_an_error(void **state)
{
	const struct wire_abilities	 seven = { .eight_bit = false };
	struct message			 m;
	struct wire			 w;
	struct failure			 why;

	(void)state;
	make_nested(&m);
	assert_int_equal(ftruncate(m.body.fd, MESSAGE_MEMORY), 0);
	assert_false(wire_prepare(&w, &m, &seven, &why));
	assert_int_equal(why.status, EX_IOERR);
	assert_string_equal(why.text, "cannot read the stored message: "
	    "Input/output error");
	wire_free(&w);
	message_free(&m);
}

/* In a boundary line, in the header of a part, and in its text. */
static void
a_body_that_is_truncated_meanwhile_is_an_error(void **state)
{
	const off_t			 ends[] = { 20, 60, 1000,
					    MESSAGE_MEMORY };
	const struct wire_abilities	 seven = { .eight_bit = false };
	char				 block[4096];
	struct message			 m;
	struct wire			 w;
	struct failure			 why;
	ssize_t				 n;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		make_nested(&m);
		assert_true(wire_prepare(&w, &m, &seven, &why));
		assert_int_equal(ftruncate(m.body.fd, ends[i]), 0);
		while ((n = wire_read(&w, block, sizeof(block), &why)) > 0)
			continue;
		assert_int_equal(n, -1);
		assert_int_equal(why.status, EX_IOERR);
		wire_free(&w);
		message_free(&m);
	}
}

#define CONVERTS(sentence, server, in, out) \
	{ sentence, is_converted, NULL, NULL, \
	    &(struct example){ server, in, out, NULL } }
#define WORD	" =?utf-8?Q?{63}?=\n"	/* the maximum length */
#define B60	" =?utf-8?B?{60}?=\n"
#define FIELDS	"B: {900}\nB: {900}\nB: {900}\nB: {900}\nB: {900}\n" \
		"B: {900}\nB: {900}\nB: {900}\nB: {900}\nB: {900}\n"
#define KEEPS(sentence, server, in) CONVERTS(sentence, server, in, in)
#define REPORTS(sentence, server, in, remark) \
	{ sentence, is_converted, NULL, NULL, \
	    &(struct example){ server, in, in, remark } }

static const struct CMUnitTest wire_spec[] = {
	KEEPS("ASCII text in short lines does not change", SEVEN,
	    "A: b\n\nc = d \n.e\n"),
	KEEPS("8-bit text does not change for a server with 8BITMIME", EIGHT,
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n\n\303\244\n"),
	CONVERTS("8-bit text without MIME fields gets MIME fields", EIGHT,
	    "A: b\n\n\303\244\n",
	    "A: b\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: 8bit\n\n\303\244\n"),
	CONVERTS("8-bit text becomes quoted-printable for a server without "
	    "8BITMIME", SEVEN,
	    "A: b\n\n\303\244 = 1 \n",
	    "A: b\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4 =3D 1=20\n"),
	CONVERTS("text that is not UTF-8 gets the charset unknown-8bit", SEVEN,
	    "A: b\n\n\344\n",
	    "A: b\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=unknown-8bit\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=E4\n"),
	KEEPS("a line of 998 octets does not change", SEVEN,
	    "A: b\n\n{998}\n"),
	CONVERTS("a line of 999 octets is encoded",
	    EIGHT, "A: b\n\n-{150}{849}\n",
	    "A: b\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=us-ascii\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "-{74}=\n{75}=\n{75}=\n{75}=\n{75}=\n{75}=\n{75}=\n{75}=\n{75}=\n"
	    "{75}=\n{75}=\n{75}=\n{75}=\n{25}\n"),
	CONVERTS("an existing Content-Transfer-Encoding changes in its place",
	    SEVEN,
	    "content-transfer-encoding: 8bit\n"
	    "Content-Type: text/html; charset=utf-8\nA: b\n\n\303\244\n",
	    "content-transfer-encoding: quoted-printable\n"
	    "Content-Type: text/html; charset=utf-8\nA: b\n"
	    "MIME-Version: 1.0\n\n=C3=A4\n"),
	CONVERTS("a line of encoded text does not begin like a boundary", SEVEN,
	    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=bb\n\n"
	    "--bb\n\n\303\244{69}--bb\n--bb--\n",
	    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=bb\n\n"
	    "--bb\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4{69}=\n=2D-bb\n--bb--\n"),
	CONVERTS("only parts with 8-bit text are encoded", SEVEN,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n"
	    "Content-Type: multipart/mixed; boundary=\"b b\"\n\n"
	    "preamble\n--b b\nContent-Type: text/plain\n\na=b\n"
	    "--b b  \nContent-Type: text/html\n"
	    "Content-Transfer-Encoding: 8bit\n\n\303\244\n\n"
	    "--b b\n\n\303\244\n--b b--\nend\n",
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 7bit\n"
	    "Content-Type: multipart/mixed; boundary=\"b b\"\n\n"
	    "preamble\n--b b\nContent-Type: text/plain\n\na=b\n"
	    "--b b  \nContent-Type: text/html\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n\n"
	    "--b b\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4\n--b b--\nend\n"),
	CONVERTS("the parts of an enclosed message are encoded", SEVEN,
	    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: message/rfc822\n"
	    "Content-Transfer-Encoding: 8bit\n\n"
	    "Subject: \303\244\nContent-Type: multipart/mixed; boundary=i\n\n"
	    "--i\n\n\303\244\n--i--\n\n--o\n\nx\n--o--\n",
	    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: message/rfc822\n"
	    "Content-Transfer-Encoding: 7bit\n\n"
	    "Subject: =?utf-8?B?w6Q=?=\n"
	    "Content-Type: multipart/mixed; boundary=i\n\n"
	    "--i\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"
	    "--i--\n\n--o\n\nx\n--o--\n"),
	CONVERTS("the boundary of an outer multipart ends the inner multipart",
	    SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: multipart/mixed; boundary=i\n\n"
	    "--i\n\n\303\244\n--o\n\n\303\244\n--o--\n",
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: multipart/mixed; boundary=i\n\n"
	    "--i\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"
	    "--o\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"
	    "--o--\n"),
	CONVERTS("long lines of base64 are split", SEVEN,
	    "Content-Transfer-Encoding: base64\n\n{1000}\n",
	    "Content-Transfer-Encoding: base64\n\n{76}\n{76}\n{76}\n{76}\n{76}\n"
	    "{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{12}\n"),
	CONVERTS("the encoding 8bits is 8bit", SEVEN,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 8bits\n\n"
	    "\303\244\n",
	    "MIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"),
	CONVERTS("the encoding 8-Bit is 8bit", SEVEN,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 8-Bit\n\n"
	    "\303\244\n",
	    "MIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"),
	CONVERTS("the encoding \"8 bit\" with a comment is 8bit", SEVEN,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 8 bit (UTF-8)\n\n"
	    "\303\244\n",
	    "MIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"),
	CONVERTS("the encoding 7-bits is 7bit", EIGHT,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 7-bits\n\n"
	    "= {997}\n",
	    "MIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "=3D {71}=\n{75}=\n{75}=\n{75}=\n{75}=\n{75}=\n{75}=\n{75}=\n"
	    "{75}=\n{75}=\n{75}=\n{75}=\n{75}=\n{26}\n"),
	REPORTS("a part with an unknown encoding does not change", SEVEN,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 8bitmime\n\n"
	    "\303\244\n", "cannot be encoded"),
	REPORTS("a part with two different encodings does not change", SEVEN,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n"
	    "Content-Transfer-Encoding: base64\n\n\303\244\n",
	    "cannot be encoded"),
	CONVERTS("the sections of a boundary parameter are joined (RFC 2231)",
	    SEVEN,
	    "Content-Type: multipart/mixed; boundary*1=\"o\"; boundary*0=b\n\n"
	    "--bo\n\n\303\244\n--bo--\n",
	    "Content-Type: multipart/mixed; boundary*1=\"o\"; boundary*0=b\n\n"
	    "--bo\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4\n--bo--\n"),
	CONVERTS("a boundary parameter with a charset is decoded (RFC 2231)",
	    SEVEN,
	    "Content-Type: multipart/mixed; boundary*=us-ascii'en'b%20o\n\n"
	    "--b o\n\n\303\244\n--b o--\n",
	    "Content-Type: multipart/mixed; boundary*=us-ascii'en'b%20o\n\n"
	    "--b o\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4\n--b o--\n"),
	CONVERTS("a boundary parameter can have sections and a charset", SEVEN,
	    "Content-Type: multipart/mixed; boundary*0*=''b%20;\n"
	    " boundary*1=o%20; boundary*3=x\n\n"
	    "--b o%20\n\n\303\244\n--b o%20--\n",
	    "Content-Type: multipart/mixed; boundary*0*=''b%20;\n"
	    " boundary*1=o%20; boundary*3=x\n\n"
	    "--b o%20\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4\n--b o%20--\n"),
	CONVERTS("a boundary parameter without sections takes precedence",
	    SEVEN,
	    "Content-Type: multipart/mixed; boundary*0=x; boundary=\"o \"\n\n"
	    "--o\n\n\303\244\n--o--\n",
	    "Content-Type: multipart/mixed; boundary*0=x; boundary=\"o \"\n\n"
	    "--o\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4\n--o--\n"),
	CONVERTS("a multipart that declares base64 or quoted-printable has "
	    "parts", SEVEN,
	    "Content-Transfer-Encoding: quoted-printable\n"
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: multipart/mixed; boundary=i\n"
	    "Content-Transfer-Encoding: base64\n\n"
	    "--i\n\n\303\244\n--i--\n--o--\n",
	    "Content-Transfer-Encoding: 7bit\n"
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: multipart/mixed; boundary=i\n"
	    "Content-Transfer-Encoding: 7bit\n\n"
	    "--i\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4\n--i--\n--o--\n"),
	CONVERTS("for a server with 8BITMIME, such a multipart becomes 8bit",
	    EIGHT,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: base64\n"
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\n\n\303\244\n--o\nContent-Transfer-Encoding: base64\n\n"
	    "{1000}\n--o--\n",
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n"
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\n\n\303\244\n--o\nContent-Transfer-Encoding: base64\n\n"
	    "{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n"
	    "{76}\n{76}\n{12}\n--o--\n"),
	REPORTS("a multipart of base64 text without parts does not change",
	    EIGHT,
	    "Content-Transfer-Encoding: base64\n"
	    "Content-Type: multipart/mixed; boundary=o\n\n{1000}\n",
	    "preamble or epilogue"),
	CONVERTS("the lines of an enclosed message in base64 are split", EIGHT,
	    "Content-Type: message/rfc822\n"
	    "Content-Transfer-Encoding: base64\n\n{1000}\n",
	    "Content-Type: message/rfc822\n"
	    "Content-Transfer-Encoding: base64\n\n"
	    "{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n"
	    "{76}\n{76}\n{12}\n"),
	CONVERTS("an enclosed message without MIME fields gets MIME fields",
	    SEVEN,
	    "Content-Type: message/rfc822\n\n"
	    "Subject: x\n\n\303\244\n",
	    "Content-Type: message/rfc822\n\n"
	    "Subject: x\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"),
	CONVERTS("a message in a digest gets MIME fields", SEVEN,
	    "Content-Type: multipart/digest; boundary=o\n\n"
	    "--o\n\nSubject: x\n\n\344\n--o--\n",
	    "Content-Type: multipart/digest; boundary=o\n\n"
	    "--o\n\nSubject: x\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=unknown-8bit\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=E4\n--o--\n"),
	CONVERTS("an enclosed message with a Content-Type keeps it", SEVEN,
	    "Content-Type: message/rfc822\n\n"
	    "Content-Type: text/html\n\n\303\244\n",
	    "Content-Type: message/rfc822\n\n"
	    "Content-Type: text/html\nMIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"),
	CONVERTS("a missing empty line is added before the new fields of an "
	    "enclosed message", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: message/rfc822\nno field \303\244\n--o--\n",
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: message/rfc822\n\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "no field =C3=A4\n--o--\n"),
	CONVERTS("missing empty lines are added in nested messages", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: message/rfc822\n\n"
	    "Content-Type: message/rfc822\nno field \303\244\n--o--\n",
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: message/rfc822\n\n"
	    "Content-Type: message/rfc822\n\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "no field =C3=A4\n--o--\n"),
	KEEPS("a missing empty line is not added if no part is encoded", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: message/rfc822\nno field\n--o--\n"),
	CONVERTS("a \"From \" line before the header of an enclosed message "
	    "does not change", SEVEN,
	    "Content-Type: message/rfc822\n\n"
	    "From a@example.org\nSubject: x\n\n\303\244\n",
	    "Content-Type: message/rfc822\n\n"
	    "From a@example.org\nSubject: x\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"),
	REPORTS("a part whose header begins with a blank does not change",
	    SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\n a\nb: c\n\n\303\244\n--o--\n", "cannot be encoded"),
	{ "a boundary that is not ASCII does not change, and the outer "
	    "multipart stays 8bit",
	    is_converted, NULL, NULL, &(struct example){ SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n"
	    "Content-Transfer-Encoding: 8bit\n\n"
	    "--o\nContent-Type: multipart/mixed; boundary=\"\303\266\"\n\n"
	    "--\303\266\n\n\303\244\n--\303\266--\n--o--\n",
	    "Content-Type: multipart/mixed; boundary=o\n"
	    "Content-Transfer-Encoding: 8bit\n\n"
	    "--o\nContent-Type: multipart/mixed; boundary=\"\303\266\"\n\n"
	    "--\303\266\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4\n--\303\266--\n--o--\n", "" } },
	REPORTS("plain text that declares base64 does not change", SEVEN,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\n"
	    "access denied (user \"j\303\266rg\")\n", "contradicts"),
	REPORTS("long lines of plain text that declares base64 do not change",
	    EIGHT,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\n"
	    "try 3 of 5. {990}\n", "contradicts"),
	REPORTS("plain text that declares quoted-printable does not change",
	    SEVEN,
	    "MIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "<a href=\"/?q=41\">\303\266</a>\n", "contradicts"),
	REPORTS("a multipart stays 8bit if a part with 8-bit text does not "
	    "change", SEVEN,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n"
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Transfer-Encoding: base64\n\n\303\244\n"
	    "--o--\n", "contradicts"),
	CONVERTS("8-bit octets in quoted-printable text are encoded", SEVEN,
	    "MIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "1 =3D \303\266=\n\n",
	    "MIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "1 =3D =C3=B6=\n\n"),
	REPORTS("8-bit text in a preamble does not change", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "\303\244\n--o\n\nx\n--o--\n", "preamble or epilogue"),
	REPORTS("8-bit text in an epilogue does not change", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\n\nx\n--o--\n\303\244\n", "preamble or epilogue"),
	{ "parts after a preamble with 8-bit text are encoded",
	    is_converted, NULL,
	    NULL,
	    &(struct example){ SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "\303\244\n--o\n\n\303\244\n--o--\n",
	    "Content-Type: multipart/mixed; boundary=o\n\n\303\244\n"
	    "--o\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4\n--o--\n", "preamble or epilogue" } },
	REPORTS("a long line in a preamble does not change", EIGHT,
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "\303\244{1000}\n--o\n\nx\n--o--\n", "preamble or epilogue"),
	REPORTS("text before a closing boundary without an opening one does "
	    "not change", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "\303\244\n--o--\n", "preamble or epilogue"),
	REPORTS("text after a boundary line with other text does not change",
	    SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o ; one\nContent-Type: text/plain\n\n\303\244\n--o--\n",
	    "preamble or epilogue"),
	REPORTS("a part with an ambiguous boundary line does not change",
	    SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\n\na\n--o two\n\n\303\244\n--o--\n", "ambiguous"),
	KEEPS("an ambiguous boundary line in a part that needs no encoding "
	    "causes no remark", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\n\na\n--o two\n\nb\n--o--\n"),
	REPORTS("a signed part does not change", SEVEN,
	    "Content-Type: multipart/signed; boundary=o\n\n"
	    "--o\n\n\303\244\n--o\n\nx\n--o--\n", "signed"),
	REPORTS("a message with a DKIM signature does not change", SEVEN,
	    "DKIM-Signature: a\nSubject: \303\244\n\n\303\244\n", "DKIM"),
	REPORTS("a multipart without a boundary line does not change", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n\303\244\n",
	    "preamble or epilogue"),

	KEEPS("an enclosed message may end before its header", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: message/rfc822\n--o\nA: b\n--o--\n"),
	CONVERTS("the part after an enclosed message without a header is "
	    "encoded", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: message/rfc822\n--o\n\n\303\244\n--o--\n",
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: message/rfc822\n--o\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n--o--\n"),
	REPORTS("a part with a header of more than 64 KiB does not change",
	    SEVEN, "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nA: {900}\nB: {66000}\n\n\303\244\n--o\n\nx\n--o--\n",
	    "type cannot be encoded"),
	REPORTS("8-bit text before the end of such a header does not change",
	    SEVEN, "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nA: \303\244\n" FIELDS FIELDS FIELDS FIELDS FIELDS FIELDS FIELDS
	    FIELDS "\nx\n--o--\n", "header field"),
	CONVERTS("an empty Content-Transfer-Encoding means 7bit", SEVEN,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: \n\n\303\244\n",
	    "MIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"),
	REPORTS("the encoding 8-byte is unknown", SEVEN,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 8-byte\n\n"
	    "\303\244\n", "type cannot be encoded"),
	CONVERTS("comments in a Content-Type are skipped", SEVEN,
	    "Content-Type: (a \\) (b)) multipart/mixed (c); (d) boundary (e)= "
	    "(f) \"o\"\n\n--o\n\n\303\244\n--o--\n",
	    "Content-Type: (a \\) (b)) multipart/mixed (c); (d) boundary (e)= "
	    "(f) \"o\"\n\n--o\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n--o--\n"),
	CONVERTS("a type that is too long is not a multipart", SEVEN,
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/{200}; boundary=o\n\n\303\244\n",
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/{200}; boundary=o\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"),
	CONVERTS("a subject becomes encoded words", SEVEN,
	    "Subject: Gr\303\274\303\237e aus K\303\266ln am Rhein\n\n",
	    "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= aus =?utf-8?Q?K=C3=B6ln?= "
	    "am Rhein\n\n"),
	CONVERTS("blanks between two encoded words are encoded", SEVEN,
	    "Subject: =?utf-8?Q?a?= \303\244 \303\266 =?utf-8?Q?b?=\n\n",
	    "Subject: =?utf-8?Q?a?= =?utf-8?Q?_=C3=A4_=C3=B6_?= "
	    "=?utf-8?Q?b?=\n\n"),
	CONVERTS("8-bit octets in an encoded word are encoded in its charset",
	    EIGHT,
	    "Subject: =?iso-8859-1?Q?J\366rg?= a =?UTF-8?q?b\303\244_=3F?= "
	    "=?utf-8?b?w7Y=?=\nFrom: =?iso-8859-1*de?Q?J\366rg?= <a@b>\n\n",
	    "Subject: =?iso-8859-1?Q?J=F6rg?= a =?UTF-8?Q?b=C3=A4_=3F?= "
	    "=?utf-8?b?w7Y=?=\nFrom: =?iso-8859-1*de?Q?J=F6rg?= <a@b>\n\n"),
	CONVERTS("blanks and specials in an encoded word with 8-bit octets are "
	    "encoded", EIGHT,
	    "Subject: a =?utf-8?Q?b c? \303\244?= d\n"
	    "Keywords: =?utf-8?Q?\303\244, b?=, c\n\n",
	    "Subject: a =?utf-8?Q?b_c=3F_=C3=A4?= d\n"
	    "Keywords: =?utf-8?Q?=C3=A4=2C_b?=, c\n\n"),
	CONVERTS("encoded words in quotes lose the quotes if one is encoded "
	    "again", EIGHT,
	    "From: \"=?utf-8?Q?\303\244?= =?utf-8?q?b?= c\" d <a@b>\n\n",
	    "From: =?utf-8?B?w6Q=?= =?utf-8?q?b?= =?utf-8?Q?_c?= d <a@b>\n\n"),
	CONVERTS("encoded words in quotes lose the quotes if other text is "
	    "encoded", EIGHT,
	    "From: \"=?utf-8?q?a?=\" \303\244 <a@b>\n\n",
	    "From: =?utf-8?q?a?= =?utf-8?B?IMOk?= <a@b>\n\n"),
	CONVERTS("text next to an encoded word becomes an encoded word", EIGHT,
	    "Subject: Re:=?utf-8?q?a?=\303\244 b\n"
	    "From: a@b (=?utf-8?q?a?= b\303\244)\n\n",
	    "Subject: =?utf-8?Q?Re=3A?= =?utf-8?q?a?= =?utf-8?B?w6Q=?= b\n"
	    "From: a@b (=?utf-8?q?a?= =?utf-8?Q?_b=C3=A4?=)\n\n"),
	CONVERTS("an encoded word that is too long for a line is split", EIGHT,
	    "Subject: =?utf-8?q?{990}?= a\n\n",
	    "Subject: =?utf-8?Q?{54}?=\n" WORD WORD WORD WORD WORD WORD WORD
	    WORD WORD WORD WORD WORD WORD WORD " =?utf-8?Q?{54}?= a\n\n"),
	{ "an encoded word with invalid base64 does not change",
	    is_converted, NULL,
	    NULL,
	    &(struct example){ EIGHT,
	    "Subject: =?utf-8?B?w6Q\303\244?= \303\244\n\n",
	    "Subject: =?utf-8?B?w6Q\303\244?= =?utf-8?B?IMOk?=\n\n",
	    "header field" } },
	{ "a quoted string without an end does not change", is_converted, NULL,
	    NULL, &(struct example){ EIGHT,
	    "Keywords: \303\244, \"\303\244 b\n\n",
	    "Keywords: =?utf-8?B?w6Q=?=, \"\303\244 b\n\n",
	    "header field" } },
	CONVERTS("a file name in encoded words is encoded according to RFC "
	    "2231", EIGHT,
	    "Content-Type: application/pdf; "
	    "name=\"=?iso-8859-1?Q?a\344?= =?ISO-8859-1?b?5A==?=.pdf\"\n\n",
	    "Content-Type: application/pdf; "
	    "name*=iso-8859-1''a%E4%E4.pdf\n\n"),
	REPORTS("a file name in encoded words of two charsets does not change",
	    EIGHT, "Content-Type: application/pdf; "
	    "name=\"=?iso-8859-1?Q?\344?= =?utf-8?Q?=C3=A4?=\"\n\n",
	    "header field"),
	REPORTS("a file name in encoded words and other octets does not change",
	    EIGHT, "Content-Type: application/pdf; "
	    "name=\"=?iso-8859-1?Q?=E4?= \303\244\"\n\n", "header field"),
	CONVERTS("comments are nested, and can contain quoted characters",
	    EIGHT, "From: a@b (\303\244 \\) (c \\\\ d efg hij))\n\n",
	    "From: a@b (=?utf-8?Q?=C3=A4_=29_=28c_=5C_d_efg_hij=29?=)\n\n"),
	CONVERTS("a quoted character in a display name", EIGHT,
	    "From: \"\303\244 bcdefgh \\\"i\\\"\" <a@b>\n\n",
	    "From: =?utf-8?Q?=C3=A4_bcdefgh_=22i=22?= <a@b>\n\n"),
	CONVERTS("a quoted string in a field that has no phrases is kept",
	    EIGHT, "Received: by \"x y\" (\303\244); date\n\n",
	    "Received: by \"x y\" (=?utf-8?B?w6Q=?=); date\n\n"),
	CONVERTS("a parenthesis that closes nothing is kept", EIGHT,
	    "Keywords: \303\244), b\n\n",
	    "Keywords: =?utf-8?B?w6Q=?= ), b\n\n"),
	CONVERTS("an encoded word without padding is decoded", EIGHT,
	    "Subject: =?utf-8?B?{1002}?=\n\n",
	    "Subject: =?utf-8?B?{52}?=\n" B60 B60 B60 B60 B60 B60 B60 B60 B60
	    B60 B60 B60 B60 B60 B60 " =?utf-8?B?{49}w==?=\n\n"),
	CONVERTS("an encoded word ends where another one begins", EIGHT,
	    "Subject: =?utf-8?Q?a=?utf-8?Q?\303\244?=\n\n",
	    "Subject: =?utf-8?Q?=3D=3Futf-8=3FQ=3Fa?= =?utf-8?B?w6Q=?=\n\n"),
	CONVERTS("a long subject is split between characters", SEVEN,
	    "Subject: \344\270\255\346\226\207\344\270\255\346\226\207"
	    "\344\270\255\346\226\207\344\270\255\346\226\207"
	    "\344\270\255\346\226\207\344\270\255\346\226\207"
	    "\344\270\255\346\226\207\344\270\255\346\226\207\n\n",
	    "Subject: =?utf-8?B?5Lit5paH5Lit5paH5Lit5paH5Lit5paH5Lit5paH"
	    "5Lit5paH5Lit?=\n =?utf-8?B?5paH5Lit5paH?=\n\n"),
	CONVERTS("text that is not UTF-8 has the charset of the body", SEVEN,
	    "Subject: \344\nContent-Type: text/plain; charset=ISO-8859-15\n\n",
	    "Subject: =?ISO-8859-15?B?5A==?=\n"
	    "Content-Type: text/plain; charset=ISO-8859-15\n\n"),
	CONVERTS("text that is not UTF-8 can have an East Asian charset", EIGHT,
	    "From: \271\375\277\370 <a@b>\nContent-Type: text/plain; "
	    "charset=\"euc-kr\"; name=\271\375\n\n",
	    "From: =?euc-kr?B?uf2/+A==?= <a@b>\nContent-Type: text/plain; "
	    "charset=\"euc-kr\"; name*=euc-kr''%B9%FD\n\n"),
	CONVERTS("text that is not UTF-8 has the charset of the first text "
	    "part that declares one", EIGHT,
	    "Subject: \344\nContent-Type: multipart/mixed; boundary=o\n\n"
	    "Content-Type: text/plain; charset=x-1\n--p\n"
	    "Content-Type: text/plain; charset=x-2\n\n"
	    "--o\nContent-Type: application/x; charset=x-3\n\n"
	    "--o\nContent-Type: multipart/alternative; boundary=i\n\n"
	    "--i\nContent-Type: text/plain; charset=us-ascii\n\n--i--\n"
	    "--i\nContent-Type: text/plain; charset=x-4\n\n"
	    "--o\nContent-Type: text/html;\n charset=x-5\n\n--o--\n",
	    "Subject: =?x-5?B?5A==?=\n"
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "Content-Type: text/plain; charset=x-1\n--p\n"
	    "Content-Type: text/plain; charset=x-2\n\n"
	    "--o\nContent-Type: application/x; charset=x-3\n\n"
	    "--o\nContent-Type: multipart/alternative; boundary=i\n\n"
	    "--i\nContent-Type: text/plain; charset=us-ascii\n\n--i--\n"
	    "--i\nContent-Type: text/plain; charset=x-4\n\n"
	    "--o\nContent-Type: text/html;\n charset=x-5\n\n--o--\n"),
	CONVERTS("the fields of a part have the charset of the part", SEVEN,
	    "Subject: \344\nContent-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: text/plain; charset=iso-8859-1\n\n"
	    "--o\nContent-Description: \344\n"
	    "Content-Type: text/plain; charset=iso-8859-2\n\n"
	    "--o\nContent-Description: \344\n\n--o--\n",
	    "Subject: =?iso-8859-1?B?5A==?=\n"
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: text/plain; charset=iso-8859-1\n\n"
	    "--o\nContent-Description: =?iso-8859-2?B?5A==?=\n"
	    "Content-Type: text/plain; charset=iso-8859-2\n\n"
	    "--o\nContent-Description: =?iso-8859-1?B?5A==?=\n\n--o--\n"),
	CONVERTS("text that is not UTF-8 has the charset unknown-8bit if none "
	    "is declared", EIGHT,
	    "Subject: \344\n\n", "Subject: =?unknown-8bit?B?5A==?=\n\n"),
	CONVERTS("display names are encoded, addresses are not", EIGHT,
	    "To: J\303\266rg von M\303\274ller <j@example.org>, "
	    "\"M\303\274ller, A.\" <a@example.org>, b@example.org (B\303\244r), "
	    "Gr\303\274n: c@example.org;\n\n",
	    "To: =?utf-8?Q?J=C3=B6rg?= von =?utf-8?Q?M=C3=BCller?= "
	    "<j@example.org>,\n =?utf-8?Q?M=C3=BCller=2C_A=2E?= "
	    "<a@example.org>, b@example.org\n (=?utf-8?Q?B=C3=A4r?=), "
	    "=?utf-8?Q?Gr=C3=BCn?= : c@example.org;\n\n"),
	CONVERTS("a domain becomes its A-label", EIGHT,
	    "Cc: a@m\303\274nchen.example, B <b@M\303\234NCHEN.example>\n\n",
	    "Cc: a@xn--mnchen-3ya.example, B <b@xn--mnchen-3ya.example>\n\n"),
	{ "a local part that is not ASCII does not change", is_converted, NULL,
	    NULL,
	    &(struct example){ EIGHT,
	    "Cc: J\303\266rg <j\303\266rg@example.org>\n\n",
	    "Cc: =?utf-8?Q?J=C3=B6rg?= <j\303\266rg@example.org>\n\n",
	    "header field" } },
	KEEPS("with SMTPUTF8, UTF-8 text does not change", UTF8,
	    "Subject: \303\244\nCc: J\303\266rg <j\303\266rg@example.org>\n\n"),
	CONVERTS("with SMTPUTF8, encoded words and parameters are still "
	    "encoded", UTF8,
	    "Subject: \303\244 =?utf-8?q?\303\244?= \303\244\n"
	    "Content-Disposition: x; filename*=utf-8''\303\244\n\n",
	    "Subject: \303\244 =?utf-8?B?w6Q=?= \303\244\n"
	    "Content-Disposition: x; filename*=utf-8''%C3%A4\n\n"),
	CONVERTS("with SMTPUTF8, text that is not UTF-8 is encoded", UTF8,
	    "Subject: \344\n\n", "Subject: =?unknown-8bit?B?5A==?=\n\n"),
	CONVERTS("a file name is encoded according to RFC 2231", EIGHT,
	    "Content-Disposition: attachment; filename=\"\303\244 b.pdf\"; "
	    "size=1\n\n",
	    "Content-Disposition: attachment; filename*=utf-8''%C3%A4%20b.pdf; "
	    "size=1\n\n"),
	CONVERTS("8-bit octets in an encoded parameter are encoded", EIGHT,
	    "Content-Disposition: attachment; "
	    "filename*=UTF-8'de'%C3%84%20\303\244.pdf\n\n",
	    "Content-Disposition: attachment; "
	    "filename*=UTF-8'de'%C3%84%20%C3%A4.pdf\n\n"),
	CONVERTS("an encoded parameter without a charset gets one", EIGHT,
	    "Content-Disposition: attachment; filename*=\"\303\244 100%\"\n\n",
	    "Content-Disposition: attachment; "
	    "filename*=utf-8''%C3%A4%20100%25\n\n"),
	CONVERTS("a NUL in an encoded parameter stays encoded", EIGHT,
	    "Content-Disposition: attachment; "
	    "filename*=utf-8''a%00b\303\244\n\n",
	    "Content-Disposition: attachment; "
	    "filename*=utf-8''a%00b%C3%A4\n\n"),
	CONVERTS("a NUL in an encoded word of a parameter stays encoded", EIGHT,
	    "Content-Disposition: attachment; "
	    "filename=\"=?utf-8?q?a=00b?= \303\244\"\n\n",
	    "Content-Disposition: attachment; "
	    "filename*=utf-8''a%00b%20%C3%A4\n\n"),
	CONVERTS("only the first section of a parameter names the charset",
	    EIGHT,
	    "Content-Type: application/pdf; name*0=\"a b\"; "
	    "name*1=\"\303\244\";\n name*2=c; name*3*=%C3%A4\303\244\n\n",
	    "Content-Type: application/pdf; name*0*=utf-8''a%20b; "
	    "name*1*=%C3%A4;\n name*2=c; name*3*=%C3%A4%C3%A4\n\n"),
	CONVERTS("a value without quotes extends to the next semicolon", EIGHT,
	    "Content-Type: application/pdf; name=\303\244 b (1).pdf ; x=y\n\n",
	    "Content-Type: application/pdf; "
	    "name*=utf-8''%C3%A4%20b%20%281%29.pdf ; x=y\n\n"),
	CONVERTS("a backslash in a file name is kept", EIGHT,
	    "Content-Type: application/pdf; name=\"C:\\\303\244\\\\b.pdf\"\n\n",
	    "Content-Type: application/pdf; "
	    "name*=utf-8''C%3A%5C%C3%A4%5Cb.pdf\n\n"),
	{ "a boundary parameter does not change", is_converted, NULL,
	    NULL,
	    &(struct example){ SEVEN,
	    "Content-Type: multipart/mixed; boundary=\"\303\244\"\n\n"
	    "--\303\244\n\nx\n--\303\244--\n",
	    "Content-Type: multipart/mixed; boundary=\"\303\244\"\n\n"
	    "--\303\244\n\nx\n--\303\244--\n", "header field" } },
	{ "a message id that is not ASCII does not change", is_converted, NULL,
	    NULL,
	    &(struct example){ EIGHT, "Message-ID: <\303\244@b> (\303\266)\n\n",
	    "Message-ID: <\303\244@b> (=?utf-8?B?w7Y=?=)\n\n",
	    "the header field Message-ID cannot be encoded" } },
	CONVERTS("a list of addresses is folded at its commas", SEVEN,
	    "To: a@{900}.example,b@example.org,\"c,c\"@{90}.example\n\n",
	    "To: a@{900}.example,\n b@example.org,\n"
	    " \"c,c\"@{90}.example\n\n"),
	CONVERTS("a long subject is folded at blanks", SEVEN,
	    "Subject: {500}  {400} b {200}\n\n",
	    "Subject: {500}\n  {400}\n b\n {200}\n\n"),
	KEEPS("a folded subject does not change", SEVEN,
	    "Subject: {900}\n {900}\n\n"),
	{ "a message id that is too long does not change", is_converted, NULL,
	    NULL, &(struct example){ SEVEN, "Message-ID: <{1000}@b>\n\n",
	    "Message-ID: <{1000}@b>\n\n", "Message-ID cannot be folded" } },
	CONVERTS("URLs are folded after the commas between them", SEVEN,
	    "List-Unsubscribe: <mailto:u@b?c=,d>,<https://b/?\"(,{960}>,"
	    "<https://c>\n\n",
	    "List-Unsubscribe: <mailto:u@b?c=,d>,\n <https://b/?\"(,{960}>,\n"
	    " <https://c>\n\n"),
	CONVERTS("a list of message ids is folded between them", SEVEN,
	    "In-Reply-To: <{500}@b><{500}@b>\n"
	    "References: <\"(@b><{970}@b>(a><b) <{20}@b>\n\n",
	    "In-Reply-To: <{500}@b>\n <{500}@b>\n"
	    "References: <\"(@b>\n <{970}@b>(a><b)\n <{20}@b>\n\n"),
	CONVERTS("other fields are folded only at blanks", SEVEN,
	    "X-A: {\"a\": \"b,c  d{980}\",\"e\": 1}\n\n",
	    "X-A: {\"a\": \"b,c\n  d{980}\",\"e\":\n 1}\n\n"),
	{ "a long field without blanks does not change", is_converted, NULL,
	    NULL, &(struct example){ SEVEN,
	    "X-A: {\"a\":\"b,c{998}\",\"e\":[1,2]}\nSubject: {1200} a\n\n",
	    "X-A: {\"a\":\"b,c{998}\",\"e\":[1,2]}\nSubject: {1200} a\n\n",
	    "X-A cannot be folded" } },
	CONVERTS("JSON in an unknown field is escaped", EIGHT,
	    "X-A: {\"\303\244\": [\"b\\\"\", \"\360\237\230\200\"]}\n"
	    "Subject: {\"\303\244bcde\"}\nX-B: [\303\244bcde]\n\n",
	    "X-A: {\"\\u00e4\": [\"b\\\"\", \"\\ud83d\\ude00\"]}\n"
	    "Subject: =?utf-8?Q?=7B=22=C3=A4bcde=22=7D?=\n"
	    "X-B: =?utf-8?Q?=5B=C3=A4bcde=5D?=\n\n"),
	cmocka_unit_test(a_message_with_too_many_parts_does_not_change),
	cmocka_unit_test(sections_with_the_same_number_take_linear_time),
	cmocka_unit_test(the_charset_of_a_large_body_is_found),
	cmocka_unit_test(a_body_that_cannot_be_read_is_an_error),
	cmocka_unit_test(a_body_that_is_truncated_meanwhile_is_an_error),
};

int
main(void)
{
	return cmocka_run_group_tests(wire_spec, NULL, NULL);
}
