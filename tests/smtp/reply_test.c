/*
 * Valid and invalid SMTP replies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "smtp/reply.h"
#include "util/file.h"
#include "util/memory.h"

struct example {
	const char	*sent;
	size_t		 len;
	int		 code;		/* 0: no reply */
	const char	*enhanced;
	const char	*text;
	int		 status;	/* if the reply is invalid */
};

/* Reads the reply of a server that then closes the connection. */
static bool
read_from(const char *sent, size_t len, struct reply *r, struct failure *why)
{
	struct stream	s;
	int		pair[2];
	bool		good;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_true(file_write(pair[1], sent, len));
	close(pair[1]);
	stream_open(&s, pair[0]);
	stream_set_timeout(&s, 5000);
	good = reply_read(r, &s, NULL, why);
	stream_close(&s);
	return good;
}

static void
reads(void **state)
{
	const struct example	*e = *state;
	struct reply		 r;
	struct failure		 why;

	assert_true(read_from(e->sent, e->len, &r, &why));
	assert_int_equal(r.code, e->code);
	assert_string_equal(r.enhanced, e->enhanced);
	assert_string_equal(r.text, e->text);
}

static void
fails(void **state)
{
	const struct example	*e = *state;
	struct reply		 r;
	struct failure		 why;

	assert_false(read_from(e->sent, e->len, &r, &why));
	assert_int_equal(why.status, e->status);
	for (const char *c = why.text; *c != '\0'; c++)
		assert_true((unsigned char)*c >= ' ');
}

#define READS(sentence, sent, code, enhanced, text) \
	{ sentence, reads, NULL, NULL, &(struct example){ sent, \
	    sizeof(sent) - 1, code, enhanced, text, 0 } }
#define DEFERS(sentence, sent) \
	{ sentence, fails, NULL, NULL, &(struct example){ sent, \
	    sizeof(sent) - 1, 0, NULL, NULL, EX_TEMPFAIL } }
#define REFUSES(sentence, sent) \
	{ sentence, fails, NULL, NULL, &(struct example){ sent, \
	    sizeof(sent) - 1, 0, NULL, NULL, EX_PROTOCOL } }

static const struct CMUnitTest reply_spec[] = {
	READS("a reply is a code and text",
	    "220 mail.example ESMTP\r\n", 220, "", "mail.example ESMTP"),
	READS("a hyphen after the code announces more lines",
	    "250-mail.example\r\n250 SIZE\r\n", 250, "",
	    "mail.example\nSIZE"),
	READS("the text may be missing", "250\r\n", 250, "", ""),
	READS("a bare LF ends a line", "250 ok\n", 250, "", "ok"),
	READS("the enhanced status code is removed from the text",
	    "550 5.1.1 no such user\r\n", 550, "5.1.1", "no such user"),
	READS("the enhanced status code is removed from each line",
	    "550-5.7.1 go\r\n550 5.7.1 away\r\n", 550, "5.7.1", "go\naway"),
	READS("the text after the enhanced status code may be missing",
	    "250 2.1.5\r\n", 250, "2.1.5", ""),
	READS("an enhanced status code of another class is text",
	    "550 2.0.0 fine\r\n", 550, "", "2.0.0 fine"),
	READS("an incomplete enhanced status code is text",
	    "250 2.0 liters\r\n", 250, "", "2.0 liters"),
	READS("a part of an enhanced status code has up to three digits",
	    "250 2.1000.0 liters\r\n", 250, "", "2.1000.0 liters"),
	READS("354 has no enhanced status code", "354 3.0.0 go on\r\n", 354, "",
	    "3.0.0 go on"),
	READS("control characters are made visible",
	    "250 \033[2J\001\r\n", 250, "", "\\033[2J\\001"),
	READS("a NUL is made visible", "250 a\0b\r\n", 250, "", "a\\000b"),
	READS("the next reply stays in the stream",
	    "250 one\r\n250 two\r\n", 250, "", "one"),
	DEFERS("a closed connection is not a reply", ""),
	DEFERS("a connection closed between lines is not a reply",
	    "250-yes\r\n"),
	DEFERS("a connection closed within a line is not a reply", "250 ye"),
	REFUSES("the greeting of another protocol is not a reply",
	    "SSH-2.0-OpenSSH_9.2\r\n"),
	REFUSES("two digits are not a reply code", "25 ok\r\n"),
	REFUSES("four digits are not a reply code", "2500 ok\r\n"),
	REFUSES("a reply code does not begin with 6", "650 ok\r\n"),
	REFUSES("a reply code consists of digits", "2x0 ok\r\n"),
	REFUSES("a space must follow the reply code", "250x\r\n"),
	REFUSES("an empty line is not a reply", "\r\n"),
	REFUSES("all lines of a reply have the same code", "250-a\r\n550 b\r\n"),
};

static bool
read_long(const char *line, size_t times, struct failure *why)
{
	struct buffer	all = { 0 };
	struct stream	s;
	struct reply	r;
	int		pair[2];
	int		room = 4 << 20;
	bool		good;

	for (size_t i = 0; i < times; i++)
		buffer_add_text(&all, line);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	assert_true(send(pair[1], all.data, all.len, MSG_DONTWAIT) > 100000);
	stream_open(&s, pair[0]);
	stream_set_timeout(&s, 5000);
	good = reply_read(&r, &s, NULL, why);
	stream_close(&s);
	close(pair[1]);
	buffer_free(&all);
	return good;
}

static void
an_endless_line_is_invalid(void **state)
{
	struct failure	why;

	(void)state;
	assert_false(read_long("250 0123456789012345678901234567890123456789",
	    3000, &why));
	assert_int_equal(why.status, EX_PROTOCOL);
}

static void
an_endless_reply_is_invalid(void **state)
{
	struct failure	why;

	(void)state;
	assert_false(read_long("250-0123456789012345678901234567890123456789"
	    "\r\n", 3000, &why));
	assert_int_equal(why.status, EX_PROTOCOL);
}

static void
a_silent_server_times_out(void **state)
{
	struct stream	s;
	struct reply	r;
	struct failure	why;
	int		pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	stream_open(&s, pair[0]);
	stream_set_timeout(&s, 50);
	assert_false(reply_read(&r, &s, NULL, &why));
	assert_int_equal(why.status, EX_TEMPFAIL);
	assert_non_null(strstr(why.text, "timed out"));
	stream_close(&s);
	close(pair[1]);
}

static void
an_enhanced_status_code_is_not_kept_for_the_next_reply(void **state)
{
	struct reply	r;
	struct failure	why;

	(void)state;
	assert_true(read_from("550 5.1.1 no\r\n", 14, &r, &why));
	assert_string_equal(r.enhanced, "5.1.1");
	assert_true(read_from("550 no\r\n", 8, &r, &why));
	assert_string_equal(r.enhanced, "");
	assert_string_equal(r.text, "no");
}

static void
reply_line_joins_the_lines(void **state)
{
	struct reply	r;
	struct failure	why;
	char		line[40];

	(void)state;
	assert_true(read_from("550-5.7.1 go\r\n550 5.7.1 away\r\n", 30, &r,
	    &why));
	assert_string_equal(reply_line(&r, line, sizeof(line)),
	    "550 5.7.1 go / away");
	assert_string_equal(reply_line(&r, line, 12), "550 5.7.1 g");
	assert_true(read_from("250\r\n", 5, &r, &why));
	assert_string_equal(reply_line(&r, line, sizeof(line)), "250");
}

static const struct CMUnitTest reply_bounds[] = {
	cmocka_unit_test(an_endless_line_is_invalid),
	cmocka_unit_test(an_endless_reply_is_invalid),
	cmocka_unit_test(a_silent_server_times_out),
	cmocka_unit_test(an_enhanced_status_code_is_not_kept_for_the_next_reply),
	cmocka_unit_test(reply_line_joins_the_lines),
};

int
main(void)
{
	return cmocka_run_group_tests(reply_spec, NULL, NULL) +
	    cmocka_run_group_tests(reply_bounds, NULL, NULL);
}
