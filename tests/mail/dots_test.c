/*
 * The lone dot that ends a message, and dots at the beginning of lines.
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
	bool		 ends;
};

/* The input is decoded in place, in pieces of all sizes. */
static void
becomes(void **state)
{
	const struct example	*e = *state;
	size_t			 len = strlen(e->in);

	for (size_t piece = 1; piece <= len + 1; piece++) {
		struct dots	d = { DOTS_LINE_START };
		char		out[200], block[DOTS_HELD_BACK + 200];
		size_t		n = 0;

		for (size_t at = 0; at < len; at += piece) {
			size_t	some = len - at < piece ? len - at : piece;

			memcpy(block + DOTS_HELD_BACK, e->in + at, some);
			some = dots_decode(&d, block + DOTS_HELD_BACK, some,
			    block);
			memcpy(out + n, block, some);
			n += some;
		}
		out[n] = '\0';
		assert_string_equal(out, e->out);
		assert_int_equal(d.state == DOTS_ENDED, e->ends);
	}
}

#define GIVES(sentence, in, out, ends) \
	{ sentence, becomes, NULL, NULL, &(struct example){ in, out, ends } }

static const struct CMUnitTest dots_spec[] = {
	GIVES("text without dots does not change",
	    "a\nb\r\n", "a\nb\r\n", false),
	GIVES("a lone dot ends the message", "a\n.\nb\n", "a\n", true),
	GIVES("a lone dot before CRLF ends the message", "a\r\n.\r\nb", "a\r\n",
	    true),
	GIVES("a lone dot in the first line ends the message",
	    ".\nb\n", "", true),
	GIVES("one of two or more dots is removed", "..\n..a\r\n....\n",
	    ".\n.a\r\n...\n", false),
	GIVES("a dot before text is kept", ".a\n. \n.\tb\r\n",
	    ".a\n. \n.\tb\r\n", false),
	GIVES("a dot inside a line is text", "a.\n b.\n", "a.\n b.\n", false),
	GIVES("a dot before a CR without a LF is kept", ".\ra\n.\r\r\n",
	    ".\ra\n.\r\r\n", false),
	GIVES("a dot at the end of the input ends the message",
	    "a\n.", "a\n", false),
	GIVES("a dot and a CR at the end of the input end the message",
	    "a\n.\r", "a\n", false),
	GIVES("a dot before an incomplete last line is kept", "a\n.b",
	    "a\n.b", false),
};

int
main(void)
{
	return cmocka_run_group_tests(dots_spec, NULL, NULL);
}
