/*
 * relais check: the stages in order, the exit status of the first one that
 * fails, and no message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "support/cases.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/terminal.h"
#include "util/text.h"
#include "util/visible.h"

struct check_case {
	const char	*sentence;
	struct script	 script;
	const char	*conf;
	const char	*arguments[2];
	int		 status;
	const char	*out[4];	/* parts of standard output */
	const char	*err;		/* a part, or NULL: it is empty */
};

static const struct check_case checks[] = {
	{ "every stage of a working smarthost is reported", { 0 },
	    "root = admin@example.net\n", { NULL }, 0,
	    { "config   OK", "connect  OK", "RCPT TO:<admin@example.net>",
	    "rset     OK" }, NULL },
	{ "a smarthost that cannot be reached fails at the connection",
	    { .refusing = true }, NULL, { NULL }, EX_TEMPFAIL,
	    { "connect  FAIL", "onnection refused" }, NULL },
	{ "a refused sender fails at MAIL, with the server's reply",
	    { .steps = { { .at = ON_MAIL, .say = "553 5.7.1 not yours" } } },
	    "root = admin@example.net\n", { NULL }, EX_UNAVAILABLE,
	    { "mail     FAIL", "553 5.7.1 not yours" }, NULL },
	{ "a refused recipient fails at RCPT, with the server's reply",
	    { .steps = { { .at = ON_RCPT, .say = "550 5.1.1 nobody" } } },
	    "root = admin@example.net\n", { NULL }, EX_NOUSER,
	    { "mail     OK", "rcpt     FAIL", "550 5.1.1 nobody" }, NULL },
	{ "the smarthost of a section is tried after that of the top", { 0 },
	    "[from *@shop.example]\nsmarthost = smtp://127.0.0.1:1\n",
	    { NULL }, EX_TEMPFAIL,
	    { "nothing was sent\nlookup   OK          127.0.0.1: 127.0.0.1, "
	    "for [from *@shop.example]\n", "connect  FAIL", "127.0.0.1:1" },
	    NULL },
	{ "without a smarthost, the connection is not checked", { 0 },
	    "smarthost =\n", { NULL }, EX_CONFIG,
	    { "config   FAIL", "no smarthost is configured" }, NULL },
	{ "without an address for root, MAIL is tried, and RCPT is not", { 0 },
	    "domain =\n", { NULL }, 0,
	    { "mail     OK", "rcpt     not checked", "rset     OK" }, NULL },
	{ "the JSON has the verdict and the reply of each stage",
	    { .steps = { { .at = ON_RCPT, .say = "550 5.1.1 nobody" } } },
	    "root = admin@example.net\n", { "--json" }, EX_NOUSER,
	    { "{\"findings\":[{\"stage\":\"config\",\"verdict\":\"ok\"",
	    "{\"stage\":\"rcpt\",\"verdict\":\"fail\"",
	    "550 5.1.1 nobody", "],\"status\":67}" }, NULL },
	{ "control characters of a server are escaped in a pipe",
	    { .steps = { { .at = ON_RCPT, .say = "550 \033[31mred\302\233x" } } },
	    "root = admin@example.net\n", { NULL }, EX_NOUSER,
	    { "550 \\033[31mred\\302\\233x (" }, NULL },
	{ "control characters of a server are escaped in the JSON",
	    { .steps = { { .at = ON_RCPT, .say = "550 \033[31mred\302\233x" } } },
	    "root = admin@example.net\n", { "--json" }, EX_NOUSER,
	    { "550 \\\\033[31mred\\\\302" }, NULL },
	{ "in a pipe, there is no colour, and a finding is one line",
	    { .steps = { { .at = ON_RCPT, .say = "550 5.1.1 nobody" } } },
	    "root = admin@example.net\n", { NULL }, EX_NOUSER,
	    { "\nrcpt     FAIL        127.0.0.1:", "5.1.1 nobody (", "FAIL\n" },
	    NULL },
	{ "the last line counts the findings", { 0 },
	    "queue = off\ndomain =\n[from *@shop.example]\n"
	    "smarthost = smtp://127.0.0.1:1\n", { NULL }, EX_TEMPFAIL,
	    { " OK, ", ", 1 FAIL, 1 not checked\n" }, NULL },
	{ "--verbose prints every value of the configuration", { 0 },
	    "root = admin@example.net\npassword = cameo\nuser = x\n",
	    { "--verbose" }, EX_CONFIG, { "root = admin@example.net (",
	    "password = (hidden) (" }, NULL },
	{ "--verbose prints the dialogue, without the password",
	    { .user = "x", .password = "cameo", .auth_in_clear = true },
	    "root = admin@example.net\npassword = cameo\nuser = x\n"
	    "tls = off\nauth = plain\n", { "-v" }, 0,
	    { ">>> EHLO client.example\n", "<<< 250-mail.example\n",
	    ">>> AUTH PLAIN ****\n", ">>> QUIT\n" }, NULL },
	{ "an unknown argument is refused", { 0 }, NULL, { "--every" },
	    EX_USAGE, { "" }, "usage: relais check" },
};

static void
assert_says(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in: %s", part, text);
}

static void
reports(void **state)
{
	const struct check_case	*c = *state;
	struct queue_fixture	 p;
	struct program_result	 o;

	queue_fixture_open(&p, &c->script, c->conf);
	relais_run(&o, p.conf, WORDS("check", c->arguments[0]), "");
	for (size_t i = 0; i < 4 && c->out[i] != NULL; i++)
		assert_says(o.out.data, c->out[i]);
	if (c->err != NULL)
		assert_says(o.err.data, c->err);
	else
		assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, c->status);
	assert_int_equal(mock_smtp_messages(p.host), 0);
	program_result_free(&o);
	queue_fixture_close(&p);
}

/*
 * The terminal.
 */

struct terminal_case {
	const char	*sentence;
	unsigned	 columns;
	const char	*env[3];
	const char	*want;		/* in the output */
	const char	*not;		/* is not in it, or NULL */
};

#define EVIL	"550 \033[31mred\033]0;title\007 \302\233K \342\200\256 end"
#define SHOWN	"\\033[31mred\\033]0;title\\007 \\302\\233K \\342\\200\\256 end"

static const struct terminal_case terminals[] = {
	{ "the verdict has a colour on a terminal", 0, { "TERM=xterm" },
	    "rset     \033[32mOK\033[m          127.", NULL },
	{ "what fails is red", 0, { "TERM=xterm" },
	    "rcpt     \033[1;31mFAIL\033[m        127.", NULL },
	{ "a server's control characters are visible", 0, { "TERM=xterm" },
	    SHOWN, NULL },
	{ "NO_COLOR means no colour", 0, { "TERM=xterm", "NO_COLOR=1" },
	    "rcpt     FAIL        127.", "\033" },
	{ "NO_COLOR has no effect if it is empty", 0, { "TERM=xterm",
	    "NO_COLOR=" }, "\033[1;31mFAIL", NULL },
	{ "a dumb terminal has no colour", 0, { "TERM=dumb" },
	    "rcpt     FAIL        127.", "\033" },
	{ "without TERM, there is no colour", 0, { NULL },
	    "rcpt     FAIL        127.", "\033" },
	{ "a terminal without a width wraps lines itself", 0, { NULL },
	    "RCPT TO:<admin@example.net>: 550 " SHOWN, NULL },
	{ "lines are wrapped between words", 80, { NULL },
	    "RCPT TO:<admin@example.net>: 550\r\n                     "
	    "\\033[31mred", NULL },
	{ "a narrow terminal wraps lines itself", 40, { NULL },
	    "RCPT TO:<admin@example.net>: 550 " SHOWN, NULL },
};

/* Only our own colours, and the ends of lines, are control characters. */
static void
assert_no_control(const char *text, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t	c;
		int		colour = 0;

		sscanf(text + i, "\033[%*[0-9;]m%n", &colour);
		if (colour == 0 && strncmp(text + i, "\033[m", 3) == 0)
			colour = 3;
		n = (size_t)colour;
		if (n > 0)
			continue;
		n = text_decode_utf8(text + i, len - i, &c);
		if (n == 0 || (c != '\r' && c != '\n' && !visible_is_safe(c)))
			fail_msg("octet %03o before: %s",
			    (unsigned char)text[i], text + i + 1);
	}
}

static void
shows_on_terminal(void **state)
{
	const struct terminal_case	*c = *state;
	struct queue_fixture		 p;
	struct terminal			 t;

	queue_fixture_open(&p, &(struct script){ .steps = {
	    { .at = ON_RCPT, .say = EVIL } } }, "root = admin@example.net\n");
	terminal_start(&t, &(struct program){ .argv = WORDS("relais", "-C",
	    p.conf, "check", "--verbose"), .env = c->env }, c->columns);
	terminal_read(&t);
	assert_says(t.out.data, c->want);
	if (c->not != NULL && strstr(t.out.data, c->not) != NULL)
		fail_msg("\"%s\" is in: %s", c->not, t.out.data);
	assert_no_control(t.out.data, t.out.len);
	assert_int_equal(terminal_end(&t), EX_NOUSER);
	queue_fixture_close(&p);
}

int
main(void)
{
	return CASES_RUN("check", reports, checks) +
	    CASES_RUN("on a terminal", shows_on_terminal, terminals);
}
