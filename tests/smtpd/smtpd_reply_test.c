/*
 * smtpd_reply_write: the lines of a reply.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "smtpd/smtpd_reply.h"
#include "support/cases.h"

#define TEN	"0123456789"
#define HUNDRED	TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define FULL	HUNDRED HUNDRED HUNDRED HUNDRED TEN TEN TEN TEN TEN TEN TEN

struct reply_case {
	const char	*sentence;
	const char	*enhanced;
	const char	*text;
	const char	*wire;
};

static const struct reply_case cases[] = {
	{ "one line", "5.1.1", "unknown user", "550 5.1.1 unknown user\r\n" },
	{ "no enhanced status code", "", "unknown user", "550 unknown user\r\n" },
	{ "no text", "5.1.1", "", "550 5.1.1 \r\n" },
	{ "two lines", "5.1.1", "one\ntwo",
	    "550-5.1.1 one\r\n550 5.1.1 two\r\n" },
	{ "a line of the maximum length", "", FULL TEN,
	    "550 " FULL TEN "\r\n" },
	{ "a longer line is continued in the next line", "",
	    FULL TEN "x", "550-" FULL TEN "\r\n550 x\r\n" },
	{ "a long line before another line", "", FULL TEN "x\ny",
	    "550-" FULL TEN "\r\n550-x\r\n550 y\r\n" },
	{ "control characters and reversed text are made visible", "5.1.3",
	    "no \033[2J\r\nand no \342\200\256x",
	    "550-5.1.3 no \\033[2J\\015\r\n"
	    "550 5.1.3 and no \\342\\200\\256x\r\n" },
	{ "a UTF-8 character is not split", "", FULL "012345678\303\251",
	    "550-" FULL "012345678\r\n550 \303\251\r\n" },
};

static void
is_written(void **state)
{
	const struct reply_case	*c = *state;
	struct smtpd_reply		 reply = { 0 };
	struct stream			 s;
	struct failure			 why;
	char				 wire[2048] = "";
	int				 pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	stream_open(&s, pair[0]);
	smtpd_reply_set(&reply, 550, c->enhanced, "%s", c->text);
	assert_true(smtpd_reply_write(&reply, &s, &why));
	assert_true(stream_flush(&s, &why));
	assert_true(read(pair[1], wire, sizeof(wire) - 1) > 0);
	assert_string_equal(wire, c->wire);
	smtpd_reply_free(&reply);
	stream_close(&s);
	close(pair[1]);
}

int
main(void)
{
	return CASES_RUN("replies", is_written, cases);
}
