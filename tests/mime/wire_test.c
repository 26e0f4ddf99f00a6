/*
 * What a message is on the wire to a server without 8BITMIME, to one with it,
 * and to one with SMTPUTF8.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mime/wire.h"
#include "util/memory.h"
#include "util/text.h"

enum server { SEVEN, EIGHT, UTF8 };

/*
 * Both with LF line ends, for the eye.  "{n}" stands for n letters x, so
 * that long lines fit a table.
 */
struct example {
	enum server	 server;
	const char	*in;
	const char	*out;
	const char	*remark;	/* a part of it, or NULL: none */
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

/* Whether the body is read in single octets or at once, and again. */
static void
travels(void **state)
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

/* Whatever else is left alone behind them, too. */
static void
too_many_parts_stay(void **state)
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

#define TRAVELS(sentence, server, in, out) \
	{ sentence, travels, NULL, NULL, \
	    &(struct example){ server, in, out, NULL } }
#define WORD	" =?utf-8?Q?{63}?=\n"		/* and no octet more */
#define STAYS(sentence, server, in) TRAVELS(sentence, server, in, in)
#define LEFT(sentence, server, in, remark) \
	{ sentence, travels, NULL, NULL, \
	    &(struct example){ server, in, in, remark } }

static const struct CMUnitTest wire_spec[] = {
	STAYS("ASCII in short lines stays as it is", SEVEN,
	    "A: b\n\nc = d \n.e\n"),
	STAYS("8 bits stay for a server with 8BITMIME", EIGHT,
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n\n\303\244\n"),
	TRAVELS("8 bits without any MIME field are labelled", EIGHT,
	    "A: b\n\n\303\244\n",
	    "A: b\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: 8bit\n\n\303\244\n"),
	TRAVELS("8 bits become quoted-printable else", SEVEN,
	    "A: b\n\n\303\244 = 1 \n",
	    "A: b\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4 =3D 1=20\n"),
	TRAVELS("text that is not UTF-8 is said to be unknown", SEVEN,
	    "A: b\n\n\344\n",
	    "A: b\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=unknown-8bit\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=E4\n"),
	STAYS("a line of 998 octets is short enough", SEVEN,
	    "A: b\n\n{998}\n"),
	TRAVELS("one of 999 is not", EIGHT, "A: b\n\n-{150}{849}\n",
	    "A: b\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=us-ascii\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "-{74}=\n{75}=\n{75}=\n{75}=\n{75}=\n{75}=\n{75}=\n{75}=\n{75}=\n"
	    "{75}=\n{75}=\n{75}=\n{75}=\n{25}\n"),
	TRAVELS("the label that is there is amended in its place", SEVEN,
	    "content-transfer-encoding: 8bit\n"
	    "Content-Type: text/html; charset=utf-8\nA: b\n\n\303\244\n",
	    "content-transfer-encoding: quoted-printable\n"
	    "Content-Type: text/html; charset=utf-8\nA: b\n"
	    "MIME-Version: 1.0\n\n=C3=A4\n"),
	TRAVELS("text that looks like a boundary does not begin a line", SEVEN,
	    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=bb\n\n"
	    "--bb\n\n\303\244{69}--bb\n--bb--\n",
	    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=bb\n\n"
	    "--bb\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4{69}=\n=2D-bb\n--bb--\n"),
	TRAVELS("only the part that needs it is encoded", SEVEN,
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
	TRAVELS("a message within the message has its parts encoded", SEVEN,
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
	TRAVELS("the end of an outer part ends the inner ones", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: multipart/mixed; boundary=i\n\n"
	    "--i\n\n\303\244\n--o\n\n\303\244\n--o--\n",
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: multipart/mixed; boundary=i\n\n"
	    "--i\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"
	    "--o\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"
	    "--o--\n"),
	TRAVELS("base64 gets shorter lines", SEVEN,
	    "Content-Transfer-Encoding: base64\n\n{1000}\n",
	    "Content-Transfer-Encoding: base64\n\n{76}\n{76}\n{76}\n{76}\n{76}\n"
	    "{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{12}\n"),
	TRAVELS("a misspelt 8bit is 8bit", SEVEN,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 8bits\n\n"
	    "\303\244\n",
	    "MIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"),
	TRAVELS("with a hyphen", SEVEN,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 8-Bit\n\n"
	    "\303\244\n",
	    "MIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"),
	TRAVELS("with a blank", SEVEN,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 8 bit (UTF-8)\n\n"
	    "\303\244\n",
	    "MIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"),
	TRAVELS("and a misspelt 7bit is 7bit", EIGHT,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 7-bits\n\n"
	    "= {997}\n",
	    "MIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "=3D {71}=\n{75}=\n{75}=\n{75}=\n{75}=\n{75}=\n{75}=\n{75}=\n"
	    "{75}=\n{75}=\n{75}=\n{75}=\n{75}=\n{26}\n"),
	LEFT("an unknown label is left alone", SEVEN,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 8bitmime\n\n"
	    "\303\244\n", "cannot be encoded"),
	LEFT("and two that differ", SEVEN,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n"
	    "Content-Transfer-Encoding: base64\n\n\303\244\n",
	    "cannot be encoded"),
	TRAVELS("a boundary in sections is one boundary", SEVEN,
	    "Content-Type: multipart/mixed; boundary*1=\"o\"; boundary*0=b\n\n"
	    "--bo\n\n\303\244\n--bo--\n",
	    "Content-Type: multipart/mixed; boundary*1=\"o\"; boundary*0=b\n\n"
	    "--bo\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4\n--bo--\n"),
	TRAVELS("and one with a charset", SEVEN,
	    "Content-Type: multipart/mixed; boundary*=us-ascii'en'b%20o\n\n"
	    "--b o\n\n\303\244\n--b o--\n",
	    "Content-Type: multipart/mixed; boundary*=us-ascii'en'b%20o\n\n"
	    "--b o\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4\n--b o--\n"),
	TRAVELS("and one with both", SEVEN,
	    "Content-Type: multipart/mixed; boundary*0*=''b%20;\n"
	    " boundary*1=o%20; boundary*3=x\n\n"
	    "--b o%20\n\n\303\244\n--b o%20--\n",
	    "Content-Type: multipart/mixed; boundary*0*=''b%20;\n"
	    " boundary*1=o%20; boundary*3=x\n\n"
	    "--b o%20\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4\n--b o%20--\n"),
	TRAVELS("a plain boundary comes first", SEVEN,
	    "Content-Type: multipart/mixed; boundary*0=x; boundary=\"o \"\n\n"
	    "--o\n\n\303\244\n--o--\n",
	    "Content-Type: multipart/mixed; boundary*0=x; boundary=\"o \"\n\n"
	    "--o\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4\n--o--\n"),
	TRAVELS("a multipart has parts, whatever its label says", SEVEN,
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
	TRAVELS("to who takes 8 bits it is 8bit", EIGHT,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: base64\n"
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\n\n\303\244\n--o\nContent-Transfer-Encoding: base64\n\n"
	    "{1000}\n--o--\n",
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n"
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\n\n\303\244\n--o\nContent-Transfer-Encoding: base64\n\n"
	    "{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n"
	    "{76}\n{76}\n{12}\n--o--\n"),
	LEFT("one that is all base64 is left alone", EIGHT,
	    "Content-Transfer-Encoding: base64\n"
	    "Content-Type: multipart/mixed; boundary=o\n\n{1000}\n",
	    "preamble or epilogue"),
	TRAVELS("a message in base64 gets shorter lines", EIGHT,
	    "Content-Type: message/rfc822\n"
	    "Content-Transfer-Encoding: base64\n\n{1000}\n",
	    "Content-Type: message/rfc822\n"
	    "Content-Transfer-Encoding: base64\n\n"
	    "{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n{76}\n"
	    "{76}\n{76}\n{12}\n"),
	TRAVELS("a plain message within is labelled like the outer one", SEVEN,
	    "Content-Type: message/rfc822\n\n"
	    "Subject: x\n\n\303\244\n",
	    "Content-Type: message/rfc822\n\n"
	    "Subject: x\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"),
	TRAVELS("in a digest, too", SEVEN,
	    "Content-Type: multipart/digest; boundary=o\n\n"
	    "--o\n\nSubject: x\n\n\344\n--o--\n",
	    "Content-Type: multipart/digest; boundary=o\n\n"
	    "--o\n\nSubject: x\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=unknown-8bit\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=E4\n--o--\n"),
	TRAVELS("one that names a type gets no other", SEVEN,
	    "Content-Type: message/rfc822\n\n"
	    "Content-Type: text/html\n\n\303\244\n",
	    "Content-Type: message/rfc822\n\n"
	    "Content-Type: text/html\nMIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"),
	TRAVELS("its fields come after an empty line that was missing", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: message/rfc822\nno field \303\244\n--o--\n",
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: message/rfc822\n\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "no field =C3=A4\n--o--\n"),
	TRAVELS("two were missing", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: message/rfc822\n\n"
	    "Content-Type: message/rfc822\nno field \303\244\n--o--\n",
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: message/rfc822\n\n"
	    "Content-Type: message/rfc822\n\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "no field =C3=A4\n--o--\n"),
	STAYS("nothing is inserted where nothing is encoded", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: message/rfc822\nno field\n--o--\n"),
	TRAVELS("a From line in front of a part's header stays", SEVEN,
	    "Content-Type: message/rfc822\n\n"
	    "From a@example.org\nSubject: x\n\n\303\244\n",
	    "Content-Type: message/rfc822\n\n"
	    "From a@example.org\nSubject: x\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"),
	LEFT("a part that begins with a blank is left alone", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\n a\nb: c\n\n\303\244\n--o--\n", "cannot be encoded"),
	{ "a nested boundary of 8 bits stays, and its container is 8bit",
	    travels, NULL, NULL, &(struct example){ SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n"
	    "Content-Transfer-Encoding: 8bit\n\n"
	    "--o\nContent-Type: multipart/mixed; boundary=\"\303\266\"\n\n"
	    "--\303\266\n\n\303\244\n--\303\266--\n--o--\n",
	    "Content-Type: multipart/mixed; boundary=o\n"
	    "Content-Transfer-Encoding: 8bit\n\n"
	    "--o\nContent-Type: multipart/mixed; boundary=\"\303\266\"\n\n"
	    "--\303\266\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4\n--\303\266--\n--o--\n", "" } },
	LEFT("plain text that is labelled base64 stays", SEVEN,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\n"
	    "access denied (user \"j\303\266rg\")\n", "contradicts"),
	LEFT("and in long lines", EIGHT,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\n"
	    "try 3 of 5. {990}\n", "contradicts"),
	LEFT("plain text that is labelled quoted-printable stays", SEVEN,
	    "MIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "<a href=\"/?q=41\">\303\266</a>\n", "contradicts"),
	LEFT("and in a part, whose container stays 8bit", SEVEN,
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n"
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Transfer-Encoding: base64\n\n\303\244\n"
	    "--o--\n", "contradicts"),
	TRAVELS("8 bits in real quoted-printable are encoded", SEVEN,
	    "MIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "1 =3D \303\266=\n\n",
	    "MIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "1 =3D =C3=B6=\n\n"),
	LEFT("8 bits in a preamble stay", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "\303\244\n--o\n\nx\n--o--\n", "preamble or epilogue"),
	LEFT("and in an epilogue", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\n\nx\n--o--\n\303\244\n", "preamble or epilogue"),
	{ "the parts are encoded all the same", travels, NULL, NULL,
	    &(struct example){ SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "\303\244\n--o\n\n\303\244\n--o--\n",
	    "Content-Type: multipart/mixed; boundary=o\n\n\303\244\n"
	    "--o\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "=C3=A4\n--o--\n", "preamble or epilogue" } },
	LEFT("a long line in a preamble stays", EIGHT,
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "\303\244{1000}\n--o\n\nx\n--o--\n", "preamble or epilogue"),
	LEFT("text with nothing but a closing boundary stays", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "\303\244\n--o--\n", "preamble or epilogue"),
	LEFT("so does text after a boundary that has text after it", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o ; one\nContent-Type: text/plain\n\n\303\244\n--o--\n",
	    "preamble or epilogue"),
	LEFT("a part with such a line in it stays", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\n\na\n--o two\n\n\303\244\n--o--\n", "ambiguous"),
	STAYS("if nothing has to be encoded it needs no remark", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\n\na\n--o two\n\nb\n--o--\n"),
	LEFT("a signed part is left alone", SEVEN,
	    "Content-Type: multipart/signed; boundary=o\n\n"
	    "--o\n\n\303\244\n--o\n\nx\n--o--\n", "signed"),
	LEFT("a message with a DKIM signature is left alone", SEVEN,
	    "DKIM-Signature: a\nSubject: \303\244\n\n\303\244\n", "DKIM"),
	LEFT("a multipart whose boundary never comes is left alone", SEVEN,
	    "Content-Type: multipart/mixed; boundary=o\n\n\303\244\n",
	    "preamble or epilogue"),

	TRAVELS("a subject becomes encoded words", SEVEN,
	    "Subject: Gr\303\274\303\237e aus K\303\266ln am Rhein\n\n",
	    "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= aus =?utf-8?Q?K=C3=B6ln?= "
	    "am Rhein\n\n"),
	TRAVELS("the blanks between two encoded words are in them", SEVEN,
	    "Subject: =?utf-8?Q?a?= \303\244 \303\266 =?utf-8?Q?b?=\n\n",
	    "Subject: =?utf-8?Q?a?= =?utf-8?Q?_=C3=A4_=C3=B6_?= "
	    "=?utf-8?Q?b?=\n\n"),
	TRAVELS("raw octets in an encoded word are encoded in its charset",
	    EIGHT,
	    "Subject: =?iso-8859-1?Q?J\366rg?= a =?UTF-8?q?b\303\244_=3F?= "
	    "=?utf-8?b?w7Y=?=\nFrom: =?iso-8859-1*de?Q?J\366rg?= <a@b>\n\n",
	    "Subject: =?iso-8859-1?Q?J=F6rg?= a =?UTF-8?Q?b=C3=A4_=3F?= "
	    "=?utf-8?b?w7Y=?=\nFrom: =?iso-8859-1*de?Q?J=F6rg?= <a@b>\n\n"),
	TRAVELS("blanks and specials in such a word are encoded, too", EIGHT,
	    "Subject: a =?utf-8?Q?b c? \303\244?= d\n"
	    "Keywords: =?utf-8?Q?\303\244, b?=, c\n\n",
	    "Subject: a =?utf-8?Q?b_c=3F_=C3=A4?= d\n"
	    "Keywords: =?utf-8?Q?=C3=A4=2C_b?=, c\n\n"),
	TRAVELS("words in quotes are words to readers", EIGHT,
	    "From: \"=?utf-8?Q?\303\244?= =?utf-8?q?b?= c\" d <a@b>\n\n",
	    "From: =?utf-8?B?w6Q=?= =?utf-8?q?b?= =?utf-8?Q?_c?= d <a@b>\n\n"),
	TRAVELS("whether it is they that have to be mended or not", EIGHT,
	    "From: \"=?utf-8?q?a?=\" \303\244 <a@b>\n\n",
	    "From: =?utf-8?q?a?= =?utf-8?B?IMOk?= <a@b>\n\n"),
	TRAVELS("text next to an encoded word goes into one of its own", EIGHT,
	    "Subject: Re:=?utf-8?q?a?=\303\244 b\n"
	    "From: a@b (=?utf-8?q?a?= b\303\244)\n\n",
	    "Subject: =?utf-8?Q?Re=3A?= =?utf-8?q?a?= =?utf-8?B?w6Q=?= b\n"
	    "From: a@b (=?utf-8?q?a?= =?utf-8?Q?_b=C3=A4?=)\n\n"),
	TRAVELS("an encoded word that is too long for a line is split", EIGHT,
	    "Subject: =?utf-8?q?{990}?= a\n\n",
	    "Subject: =?utf-8?Q?{54}?=\n" WORD WORD WORD WORD WORD WORD WORD
	    WORD WORD WORD WORD WORD WORD WORD " =?utf-8?Q?{54}?= a\n\n"),
	{ "one that is not base64 is left as it is", travels, NULL, NULL,
	    &(struct example){ EIGHT,
	    "Subject: =?utf-8?B?w6Q\303\244?= \303\244\n\n",
	    "Subject: =?utf-8?B?w6Q\303\244?= =?utf-8?B?IMOk?=\n\n",
	    "header field" } },
	{ "a quoted string without its end is left as it is", travels, NULL,
	    NULL, &(struct example){ EIGHT,
	    "Keywords: \303\244, \"\303\244 b\n\n",
	    "Keywords: =?utf-8?B?w6Q=?=, \"\303\244 b\n\n",
	    "header field" } },
	TRAVELS("a file name in encoded words becomes RFC 2231, too", EIGHT,
	    "Content-Type: application/pdf; "
	    "name=\"=?iso-8859-1?Q?a\344?= =?ISO-8859-1?b?5A==?=.pdf\"\n\n",
	    "Content-Type: application/pdf; "
	    "name*=iso-8859-1''a%E4%E4.pdf\n\n"),
	TRAVELS("a long one is folded between characters", SEVEN,
	    "Subject: \344\270\255\346\226\207\344\270\255\346\226\207"
	    "\344\270\255\346\226\207\344\270\255\346\226\207"
	    "\344\270\255\346\226\207\344\270\255\346\226\207"
	    "\344\270\255\346\226\207\344\270\255\346\226\207\n\n",
	    "Subject: =?utf-8?B?5Lit5paH5Lit5paH5Lit5paH5Lit5paH5Lit5paH"
	    "5Lit5paH5Lit?=\n =?utf-8?B?5paH5Lit5paH?=\n\n"),
	TRAVELS("octets that are not UTF-8 have the body's charset", SEVEN,
	    "Subject: \344\nContent-Type: text/plain; charset=ISO-8859-15\n\n",
	    "Subject: =?ISO-8859-15?B?5A==?=\n"
	    "Content-Type: text/plain; charset=ISO-8859-15\n\n"),
	TRAVELS("whatever charset that is", EIGHT,
	    "From: \271\375\277\370 <a@b>\nContent-Type: text/plain; "
	    "charset=\"euc-kr\"; name=\271\375\n\n",
	    "From: =?euc-kr?B?uf2/+A==?= <a@b>\nContent-Type: text/plain; "
	    "charset=\"euc-kr\"; name*=euc-kr''%B9%FD\n\n"),
	TRAVELS("or that of the first text part that has one", EIGHT,
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
	TRAVELS("a part's fields have the charset of the part", SEVEN,
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
	TRAVELS("or none that is known", EIGHT,
	    "Subject: \344\n\n", "Subject: =?unknown-8bit?B?5A==?=\n\n"),
	TRAVELS("names are encoded, addresses are not", EIGHT,
	    "To: J\303\266rg von M\303\274ller <j@example.org>, "
	    "\"M\303\274ller, A.\" <a@example.org>, b@example.org (B\303\244r), "
	    "Gr\303\274n: c@example.org;\n\n",
	    "To: =?utf-8?Q?J=C3=B6rg?= von =?utf-8?Q?M=C3=BCller?= "
	    "<j@example.org>,\n =?utf-8?Q?M=C3=BCller=2C_A=2E?= "
	    "<a@example.org>, b@example.org\n (=?utf-8?Q?B=C3=A4r?=), "
	    "=?utf-8?Q?Gr=C3=BCn?= : c@example.org;\n\n"),
	TRAVELS("a domain becomes its A-label", EIGHT,
	    "Cc: a@m\303\274nchen.example, B <b@M\303\234NCHEN.example>\n\n",
	    "Cc: a@xn--mnchen-3ya.example, B <b@xn--mnchen-3ya.example>\n\n"),
	{ "a local part stays as it is", travels, NULL, NULL,
	    &(struct example){ EIGHT,
	    "Cc: J\303\266rg <j\303\266rg@example.org>\n\n",
	    "Cc: =?utf-8?Q?J=C3=B6rg?= <j\303\266rg@example.org>\n\n",
	    "header field" } },
	STAYS("with SMTPUTF8 text stays UTF-8", UTF8,
	    "Subject: \303\244\nCc: J\303\266rg <j\303\266rg@example.org>\n\n"),
	TRAVELS("but an encoded word and a file name are ASCII", UTF8,
	    "Subject: \303\244 =?utf-8?q?\303\244?= \303\244\n"
	    "Content-Disposition: x; filename*=utf-8''\303\244\n\n",
	    "Subject: \303\244 =?utf-8?B?w6Q=?= \303\244\n"
	    "Content-Disposition: x; filename*=utf-8''%C3%A4\n\n"),
	TRAVELS("but what is not UTF-8 does not", UTF8,
	    "Subject: \344\n\n", "Subject: =?unknown-8bit?B?5A==?=\n\n"),
	TRAVELS("a file name becomes RFC 2231", EIGHT,
	    "Content-Disposition: attachment; filename=\"\303\244 b.pdf\"; "
	    "size=1\n\n",
	    "Content-Disposition: attachment; filename*=utf-8''%C3%A4%20b.pdf; "
	    "size=1\n\n"),
	TRAVELS("one in that form already has its raw octets encoded", EIGHT,
	    "Content-Disposition: attachment; "
	    "filename*=UTF-8'de'%C3%84%20\303\244.pdf\n\n",
	    "Content-Disposition: attachment; "
	    "filename*=UTF-8'de'%C3%84%20%C3%A4.pdf\n\n"),
	TRAVELS("and gets the charset that it does not name", EIGHT,
	    "Content-Disposition: attachment; filename*=\"\303\244 100%\"\n\n",
	    "Content-Disposition: attachment; "
	    "filename*=utf-8''%C3%A4%20100%25\n\n"),
	TRAVELS("in sections the charset is named once, in the first", EIGHT,
	    "Content-Type: application/pdf; name*0=\"a b\"; "
	    "name*1=\"\303\244\";\n name*2=c; name*3*=%C3%A4\303\244\n\n",
	    "Content-Type: application/pdf; name*0*=utf-8''a%20b; "
	    "name*1*=%C3%A4;\n name*2=c; name*3*=%C3%A4%C3%A4\n\n"),
	TRAVELS("a value without quotes extends to the next semicolon", EIGHT,
	    "Content-Type: application/pdf; name=\303\244 b (1).pdf ; x=y\n\n",
	    "Content-Type: application/pdf; "
	    "name*=utf-8''%C3%A4%20b%20%281%29.pdf ; x=y\n\n"),
	TRAVELS("a backslash in a file name is one", EIGHT,
	    "Content-Type: application/pdf; name=\"C:\\\303\244\\\\b.pdf\"\n\n",
	    "Content-Type: application/pdf; "
	    "name*=utf-8''C%3A%5C%C3%A4%5Cb.pdf\n\n"),
	{ "a boundary stays equal to the delimiters", travels, NULL, NULL,
	    &(struct example){ SEVEN,
	    "Content-Type: multipart/mixed; boundary=\"\303\244\"\n\n"
	    "--\303\244\n\nx\n--\303\244--\n",
	    "Content-Type: multipart/mixed; boundary=\"\303\244\"\n\n"
	    "--\303\244\n\nx\n--\303\244--\n", "header field" } },
	{ "what has no text in it is left as it is", travels, NULL, NULL,
	    &(struct example){ EIGHT, "Message-ID: <\303\244@b> (\303\266)\n\n",
	    "Message-ID: <\303\244@b> (=?utf-8?B?w7Y=?=)\n\n",
	    "the header field Message-ID cannot be encoded" } },
	TRAVELS("a list of addresses is folded at its commas", SEVEN,
	    "To: a@{900}.example,b@example.org,\"c,c\"@{90}.example\n\n",
	    "To: a@{900}.example,\n b@example.org,\n"
	    " \"c,c\"@{90}.example\n\n"),
	TRAVELS("a long subject is folded at its blanks", SEVEN,
	    "Subject: {500}  {400} b {200}\n\n",
	    "Subject: {500}\n  {400}\n b\n {200}\n\n"),
	STAYS("one that is folded already stays", SEVEN,
	    "Subject: {900}\n {900}\n\n"),
	{ "an identifier that is too long is left as it is", travels, NULL,
	    NULL, &(struct example){ SEVEN, "Message-ID: <{1000}@b>\n\n",
	    "Message-ID: <{1000}@b>\n\n", "Message-ID cannot be folded" } },
	TRAVELS("URLs are folded after the commas between them", SEVEN,
	    "List-Unsubscribe: <mailto:u@b?c=,d>,<https://b/?\"(,{960}>,"
	    "<https://c>\n\n",
	    "List-Unsubscribe: <mailto:u@b?c=,d>,\n <https://b/?\"(,{960}>,\n"
	    " <https://c>\n\n"),
	TRAVELS("message ids are folded between them", SEVEN,
	    "In-Reply-To: <{500}@b><{500}@b>\n"
	    "References: <\"(@b><{970}@b>(a><b) <{20}@b>\n\n",
	    "In-Reply-To: <{500}@b>\n <{500}@b>\n"
	    "References: <\"(@b>\n <{970}@b>(a><b)\n <{20}@b>\n\n"),
	TRAVELS("all other fields at blanks that are there", SEVEN,
	    "X-A: {\"a\": \"b,c  d{980}\",\"e\": 1}\n\n",
	    "X-A: {\"a\": \"b,c\n  d{980}\",\"e\":\n 1}\n\n"),
	{ "and if there is none they are left as they are", travels, NULL,
	    NULL, &(struct example){ SEVEN,
	    "X-A: {\"a\":\"b,c{998}\",\"e\":[1,2]}\nSubject: {1200} a\n\n",
	    "X-A: {\"a\":\"b,c{998}\",\"e\":[1,2]}\nSubject: {1200} a\n\n",
	    "X-A cannot be folded" } },
	TRAVELS("JSON has its own form for what is not ASCII", EIGHT,
	    "X-A: {\"\303\244\": [\"b\\\"\", \"\360\237\230\200\"]}\n"
	    "Subject: {\"\303\244bcde\"}\nX-B: [\303\244bcde]\n\n",
	    "X-A: {\"\\u00e4\": [\"b\\\"\", \"\\ud83d\\ude00\"]}\n"
	    "Subject: =?utf-8?Q?=7B=22=C3=A4bcde=22=7D?=\n"
	    "X-B: =?utf-8?Q?=5B=C3=A4bcde=5D?=\n\n"),
	cmocka_unit_test(too_many_parts_stay),
};

int
main(void)
{
	return cmocka_run_group_tests(wire_spec, NULL, NULL);
}
