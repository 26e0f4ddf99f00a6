/*
 * Control characters in a reply do not reach a terminal or the log, at any step
 * of a session.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "support/cases.h"
#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/program.h"

/*
 * Clears the screen, sets the window title, overwrites text; C1 controls as
 * octets and as UTF-8.
 */
#define HOSTILE	"\033[2J\033]0;x\a\b\b\177\x9b" "31m\xc2\x9b \r over\v\t"

struct plain_case {
	const char	*sentence;
	enum stage	 at;
	const char	*reply;
};

static const struct plain_case cases[] = {
	{ "control characters in a refusing greeting",
	    ON_GREETING, "554 " HOSTILE "\r\n" },
	{ "control characters in a valid greeting",
	    ON_GREETING, "220 " HOSTILE "\r\n" },
	{ "control characters in an invalid reply",
	    ON_GREETING, HOSTILE HOSTILE "\r\n" },
	{ "control characters in the reply to EHLO",
	    ON_EHLO, "250-" HOSTILE "\r\n250 AUTH "
	    HOSTILE "\r\n" },
	{ "control characters in the reply to MAIL",
	    ON_MAIL, "550 5.7.1 " HOSTILE "\r\n" },
	{ "control characters in the reply to RCPT",
	    ON_RCPT, "450-" HOSTILE "\r\n450 " HOSTILE "\r\n" },
	{ "control characters in the reply to DATA",
	    ON_DATA, "554 " HOSTILE "\r\n" },
	{ "control characters in the final refusal",
	    ON_BODY, "554 5.6.0 " HOSTILE "\r\n" },
	{ "control characters in the final reply",
	    ON_BODY, "250 " HOSTILE "\r\n" },
	{ "control characters in an unexpected reply",
	    ON_EHLO, "250 x\r\n250 " HOSTILE
	    "\r\n" },
};

static void
assert_plain(const struct buffer *text)
{
	for (size_t i = 0; i < text->len; i++) {
		unsigned char	c = (unsigned char)text->data[i];

		if (c == '\n' || (c >= 0x20 && c < 0x7f))
			continue;
		fail_msg("octet %#x: %s", c, text->data);
	}
}

static void
run(const struct plain_case *c, const char *more, const char *option,
    struct program_result *out)
{
	struct script		 script = { .keywords = "PIPELINING",
				    .steps = { { .at = c->at,
				    .raw = c->reply } } };
	struct mock_smtp	*host = mock_smtp_start(&script);
	struct temp_dir		 dir;

	temp_dir_make(&dir);
	relais_run(out, conf_write(&dir, host, "smtp", more),
	    WORDS("-i", option, "b@example.net"), "\nHello\n");
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

static void
is_plain(void **state)
{
	const struct plain_case	*c = *state;
	struct program_result	 out;

	run(c, NULL, "-v", &out);
	assert_plain(&out.out);
	assert_plain(&out.err);
	assert_non_null(strstr(out.out.data, "\\033[2J"));
	program_result_free(&out);
	run(c, "log = stderr\n", "-i", &out);
	assert_plain(&out.err);
	assert_true(out.err.len > 0);
	program_result_free(&out);
}

int
main(void)
{
	return CASES_RUN("plain text", is_plain, cases);
}
