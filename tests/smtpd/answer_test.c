/*
 * How an answer's text becomes the lines of a reply.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "smtpd/answer.h"
#include "support/cases.h"

#define TEN	"0123456789"
#define HUNDRED	TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define FULL	HUNDRED HUNDRED HUNDRED HUNDRED TEN TEN TEN TEN TEN TEN TEN

struct answer_case {
	const char	*sentence;
	const char	*enhanced;
	const char	*text;
	const char	*wire;
};

static const struct answer_case cases[] = {
	{ "one line", "5.1.1", "who?", "550 5.1.1 who?\r\n" },
	{ "without an enhanced status code", "", "who?", "550 who?\r\n" },
	{ "without a text", "5.1.1", "", "550 5.1.1 \r\n" },
	{ "two lines", "5.1.1", "one\ntwo",
	    "550-5.1.1 one\r\n550 5.1.1 two\r\n" },
	{ "as long as a line may be", "", FULL TEN,
	    "550 " FULL TEN "\r\n" },
	{ "what is longer goes on in the next line, and nothing is lost", "",
	    FULL TEN "x", "550-" FULL TEN "\r\n550 x\r\n" },
	{ "so it does before another line", "", FULL TEN "x\ny",
	    "550-" FULL TEN "\r\n550-x\r\n550 y\r\n" },
	{ "a character stays in one piece", "", FULL "012345678\303\251",
	    "550-" FULL "012345678\r\n550 \303\251\r\n" },
};

static void
is_written(void **state)
{
	const struct answer_case	*c = *state;
	struct answer			 answer = { 0 };
	struct stream			 s;
	struct failure			 why;
	char				 wire[2048] = "";
	int				 pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	stream_open(&s, pair[0]);
	answer_set(&answer, 550, c->enhanced, "%s", c->text);
	assert_true(answer_write(&answer, &s, &why));
	assert_true(stream_flush(&s, &why));
	assert_true(read(pair[1], wire, sizeof(wire) - 1) > 0);
	assert_string_equal(wire, c->wire);
	answer_free(&answer);
	stream_close(&s);
	close(pair[1]);
}

int
main(void)
{
	return CASES_RUN("answers", is_written, cases);
}
