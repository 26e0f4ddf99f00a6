/*
 * The end of DATA is recognised with one kind of line end only, so that nothing
 * can be smuggled.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mail/dots.h"

struct example {
	const char	*in;
	const char	*out;
	const char	*rest;		/* input after the end; NULL: no end */
	bool		 bare_lf;
};

/* The input is fed in pieces of all sizes. */
static void
becomes(void **state)
{
	const struct example	*e = *state;
	size_t			 len = strlen(e->in);

	for (size_t piece = 1; piece <= len + 1; piece++) {
		struct dots_smtp	d = { .bare_lf = e->bare_lf };
		char			out[200];
		size_t			n = 0, used = 0, at = 0;

		while (at < len && d.state != DOTS_SMTP_ENDED) {
			n += dots_smtp_decode(&d, e->in + at, len - at <
			    piece ? len - at : piece, &used, out + n);
			at += used;
		}
		out[n] = '\0';
		assert_string_equal(out, e->out);
		assert_int_equal(d.state == DOTS_SMTP_ENDED, e->rest != NULL);
		assert_string_equal(e->in + at, e->rest ? e->rest : "");
	}
}

#define GIVES(sentence, in, out, rest) \
	{ sentence, becomes, NULL, NULL, \
	    &(struct example){ in, out, rest, false } }
#define GIVES_LF(sentence, in, out, rest) \
	{ sentence, becomes, NULL, NULL, \
	    &(struct example){ in, out, rest, true } }

static const struct CMUnitTest crlf_spec[] = {
	GIVES("CRLF dot CRLF ends the message before the next command",
	    "a\r\n.\r\nQUIT\r\n", "a\r\n", "QUIT\r\n"),
	GIVES("a single dot is an empty message", ".\r\n", "", ""),
	GIVES("one of two dots is removed", "..\r\n..a\r\n.\r\n", ".\r\n.a\r\n",
	    ""),
	GIVES("LF dot LF is text", "a\n.\nMAIL\r\n", "a\n.\nMAIL\r\n", NULL),
	GIVES("LF dot CRLF is text", "a\n.\r\nb", "a\n.\r\nb", NULL),
	GIVES("CRLF dot LF is text", "a\r\n.\nb", "a\r\n\nb", NULL),
	GIVES("CR dot CR is text", "a\r.\rb\r\n", "a\r.\rb\r\n", NULL),
	GIVES("CRLF dot CR is text", "a\r\n.\rb", "a\r\n\rb", NULL),
	GIVES("CRLF dot CR CRLF is text", "a\r\n.\r\r\nb", "a\r\n\r\r\nb",
	    NULL),
	GIVES("CR CRLF dot CRLF ends the message", "a\r\r\n.\r\n",
	    "a\r\r\n", ""),
	GIVES("dots within a line do not change",
	    "a.b\r\n c.\r\n", "a.b\r\n c.\r\n",
	    NULL),
};

static const struct CMUnitTest lf_spec[] = {
	GIVES_LF("LF dot LF ends the message", "a\n.\nQUIT\n", "a\n",
	    "QUIT\n"),
	GIVES_LF("one of two dots is removed", "..a\n.\n", ".a\n", ""),
	GIVES_LF("CRLF dot CRLF is text", "a\r\n.\r\nb", "a\r\n\r\nb", NULL),
	GIVES_LF("CR dot LF is text", "a\r.\nb", "a\r.\nb", NULL),
};

int
main(void)
{
	return cmocka_run_group_tests(crlf_spec, NULL, NULL) +
	    cmocka_run_group_tests(lf_spec, NULL, NULL);
}
