/*
 * The exit status and the message of sendmail when the smarthost misbehaves:
 * every event at every stage of a session, and single cases after them.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "support/rows.h"

enum {
	OK	= EX_OK,
	USER	= EX_NOUSER,		/* recipient refused */
	NO	= EX_UNAVAILABLE,	/* message refused */
	LATER	= EX_TEMPFAIL,
	ODD	= EX_PROTOCOL,		/* protocol error */
	LOGIN	= EX_NOPERM,
};

enum event {
	REFUSES, PUTS_OFF, LEAVES, HANGS, CLOSES, RESETS, SAYS_2XX, SAYS_3XX,
	GARBAGE, LONG_LINE, MANY_LINES, TWO_CODES, WITH_NUL, BARE_LF, DRIPS,
	TWICE, SPLITS, EVENTS
};

/*
 * The octets that the server sends, with %s for the expected reply.  The text
 * is the part of the message on stderr that follows the name of the step.
 */
static const struct {
	const char	*name;
	const char	*raw;
	enum manner	 how;
	unsigned	 pause_ms;
	enum sequel	 then;
	bool		 impatient;
	const char	*text;
} events[EVENTS] = {
	[REFUSES] = { "permanent refusal", "550 5.7.1 never\r\n",
	    .text = "550 5.7.1 never" },
	[PUTS_OFF] = { "temporary refusal", "451 4.3.0 later\r\n",
	    .text = "451 4.3.0 later" },
	[LEAVES] = { "421", "421 4.3.2 going down\r\n",
	    .text = "the server closes the connection: 421 4.3.2 going down" },
	[HANGS] = { "no answer", "", .then = THEN_HANG, .impatient = true,
	    .text = "timed out after 2 s" },
	[CLOSES] = { "hang-up", "", .then = THEN_CLOSE,
	    .text = "the server closed the connection" },
	[RESETS] = { "reset", "", .then = THEN_RESET,
	    .text = "the connection was reset" },
	[SAYS_2XX] = { "2xx", "299 2.0.0 well\r\n", .text = "299 2.0.0 well" },
	[SAYS_3XX] = { "3xx", "399 and then\r\n", .text = "399 and then" },
	[GARBAGE] = { "garbage", "\033]0;you\a\x90 hello\r\n",
	    .text = "invalid SMTP reply from the server (no reply code): "
	    "\"\\033]0;you\\007\\220 hello\"" },
	[LONG_LINE] = { "an endless line", "250 and on and on",
	    .how = ENDLESS, .text = "a line of more than 12288 octets" },
	[MANY_LINES] = { "an endless reply", "250-more\r\n",
	    .how = ENDLESS, .text = "too many lines" },
	[TWO_CODES] = { "two codes in one reply",
	    "250-yes\r\n550 no\r\n", .text = "two reply codes in one reply" },
	[WITH_NUL] = { "a NUL within", .raw = "%s\r\n" },
	[BARE_LF] = { "a bare LF at its end", .raw = "%s\n" },
	[DRIPS] = { "an octet at a time, too slowly",
	    "250 this takes rather more than two seconds to say\r\n",
	    .how = DRIPPING, .pause_ms = 100, .impatient = true,
	    .text = "timed out after 2 s" },
	[TWICE] = { "the reply twice", .raw = "%s\r\n%s\r\n" },
	[SPLITS] = { "the reply in two pieces", "%s\r\n", .how = SPLIT },
};

/* Stages, and the server and configuration that lead to them. */
#define NO_PIPELINING	"8BITMIME\nSIZE 0"
#define PIPELINING	"PIPELINING\n8BITMIME\nSIZE 0"
#define WITH_BDAT	"PIPELINING\nCHUNKING\n8BITMIME\nSIZE 0"

#define IN_CLEAR_LOGIN \
	"tls = off\nauth = PLAIN\nuser = me\npassword = secret\n"

static const struct {
	const char	*name;		/* on stderr */
	const char	*title;
	struct script	 script;
	const char	*scheme;
	const char	*more;
	const char	*to;
	const char	*due;		/* the expected reply */
	bool		 last;		/* the message is sent: in doubt */
	int		 status[EVENTS];
} stages[] = {
	/*
	 * In the order of enum event:
	 * refused now 421 | hang close reset | 2xx 3xx garbage |
	 * line lines codes | NUL LF drip twice split
	 */
	{ "greeting", "greeting", { .steps = { { .at = ON_GREETING } } },
	    .due = "220 mail.example ESMTP",
	    .status = { NO, LATER, LATER, LATER, LATER, LATER, OK, ODD, ODD,
	    ODD, ODD, ODD, OK, OK, LATER, ODD, OK } },
	{ "EHLO", "EHLO", { .steps = { { .at = ON_EHLO },
	    { .at = ON_HELO, .say = "550 5.7.1 never" } } },
	    .due = "250-mail.example\r\n250 8BITMIME",
	    .status = { NO, LATER, LATER, LATER, LATER, LATER, OK, ODD, ODD,
	    ODD, ODD, ODD, OK, OK, LATER, ODD, OK } },
	{ "EHLO", "HELO", { .steps = { { .at = ON_HELO },
	    { .at = ON_EHLO, .say = "502 5.5.1 what?" } } },
	    .due = "250 mail.example",
	    .status = { NO, LATER, LATER, LATER, LATER, LATER, OK, ODD, ODD,
	    ODD, ODD, ODD, OK, OK, LATER, ODD, OK } },
	{ "LHLO", "LHLO", { .lmtp = true, .steps = { { .at = ON_LHLO } } },
	    .scheme = "lmtp", .due = "250-mail.example\r\n250 8BITMIME",
	    .more = "tls = off\n",
	    .status = { NO, LATER, LATER, LATER, LATER, LATER, OK, ODD, ODD,
	    ODD, ODD, ODD, OK, OK, LATER, ODD, OK } },
	{ "STARTTLS", "STARTTLS", { .security = STARTTLS_OFFERED,
	    .steps = { { .at = ON_STARTTLS } } },
	    .scheme = "submission", .due = "220 2.0.0 go",
	    .status = { NO, LATER, LATER, LATER, LATER, LATER, ODD, ODD, ODD,
	    ODD, ODD, ODD, OK, OK, LATER, ODD, OK } },
	{ "AUTH", "AUTH", { .user = "me", .password = "secret",
	    .mechanisms = "PLAIN", .steps = { { .at = ON_AUTH } } },
	    .more = IN_CLEAR_LOGIN, .due = "235 2.7.0 welcome",
	    .status = { LOGIN, LATER, LATER, LATER, LATER, LATER, OK, ODD,
	    ODD, ODD, ODD, ODD, OK, OK, LATER, ODD, OK } },
	{ "MAIL", "MAIL, without PIPELINING", { .keywords = NO_PIPELINING,
	    .steps = { { .at = ON_MAIL } } }, .due = "250 2.1.0 yes",
	    .status = { NO, LATER, LATER, LATER, LATER, LATER, OK, ODD, ODD,
	    ODD, ODD, ODD, OK, OK, LATER, ODD, OK } },
	{ "MAIL", "MAIL, pipelined", { .keywords = PIPELINING,
	    .steps = { { .at = ON_MAIL } } }, .due = "250 2.1.0 yes",
	    .status = { NO, LATER, LATER, LATER, LATER, LATER, OK, ODD, ODD,
	    ODD, ODD, ODD, OK, OK, LATER, ODD, OK } },
	{ "RCPT", "RCPT, without PIPELINING", { .keywords = NO_PIPELINING,
	    .steps = { { .at = ON_RCPT } } }, .due = "250 2.1.5 yes",
	    .status = { USER, LATER, LATER, LATER, LATER, LATER, OK, ODD, ODD,
	    ODD, ODD, ODD, OK, OK, LATER, ODD, OK } },
	{ "RCPT", "RCPT, pipelined", { .keywords = PIPELINING,
	    .steps = { { .at = ON_RCPT } } }, .due = "250 2.1.5 yes",
	    .status = { USER, LATER, LATER, LATER, LATER, LATER, OK, ODD, ODD,
	    ODD, ODD, ODD, OK, OK, LATER, ODD, OK } },
	{ "RCPT", "RCPT, before BDAT", { .keywords = WITH_BDAT,
	    .steps = { { .at = ON_RCPT } } }, .due = "250 2.1.5 yes",
	    .status = { USER, LATER, LATER, LATER, LATER, LATER, OK, ODD, ODD,
	    ODD, ODD, ODD, OK, OK, LATER, ODD, OK } },
	{ "DATA", "DATA, without PIPELINING", { .keywords = NO_PIPELINING,
	    .steps = { { .at = ON_DATA } } }, .due = "354 go",
	    .status = { NO, LATER, LATER, LATER, LATER, LATER, ODD, OK, ODD,
	    ODD, ODD, ODD, OK, OK, LATER, ODD, OK } },
	{ "DATA", "DATA, pipelined", { .keywords = PIPELINING,
	    .steps = { { .at = ON_DATA } } }, .due = "354 go",
	    .status = { NO, LATER, LATER, LATER, LATER, LATER, ODD, OK, ODD,
	    ODD, ODD, ODD, OK, OK, LATER, ODD, OK } },
	{ "end of message", "end of DATA", { .keywords = PIPELINING,
	    .steps = { { .at = ON_BODY } } }, .due = "250 2.0.0 yes",
	    .last = true,
	    .status = { NO, LATER, LATER, LATER, LATER, LATER, OK, LATER,
	    LATER, LATER, LATER, LATER, OK, OK, LATER, OK, OK } },
	{ "end of message", "end of BDAT", { .keywords = WITH_BDAT,
	    .steps = { { .at = ON_BODY } } }, .due = "250 2.0.0 yes",
	    .last = true,
	    .status = { NO, LATER, LATER, LATER, LATER, LATER, OK, LATER,
	    LATER, LATER, LATER, LATER, OK, OK, LATER, OK, OK } },
	{ "end of message", "end of message in LMTP", { .lmtp = true,
	    .steps = { { .at = ON_BODY } } }, .scheme = "lmtp",
	    .more = "tls = off\n", .due = "250 2.0.0 yes", .last = true,
	    .status = { USER, LATER, LATER, LATER, LATER, LATER, OK, LATER,
	    LATER, LATER, LATER, LATER, OK, OK, LATER, OK, OK } },
	/*
	 * Two recipients in two transactions: the server's limit defers the
	 * second, and a refused DATA requires RSET.  If RSET fails, the second
	 * is sent on a new connection.
	 */
	{ "RSET", "RSET between transactions", { .keywords = PIPELINING,
	    .steps = { { .at = ON_RSET, .connection = 1 },
	    { .at = ON_RCPT, .connection = 1, .nth = 2,
	    .say = "452 4.5.3 too many" },
	    { .at = ON_DATA, .connection = 1, .nth = 1,
	    .say = "451 4.3.0 not now" } } },
	    .to = "one@example.net two@example.net", .due = "250 2.0.0 yes",
	    .status = { OK } },
	{ "QUIT", "QUIT", { .steps = { { .at = ON_QUIT } } },
	    .due = "221 2.0.0 bye", .status = { OK } },
};

enum {
	STAGES	= sizeof(stages) / sizeof(*stages),
	OCTETS	= 256,
};

struct row_text {
	char	title[96];
	char	raw[OCTETS];
};

/* Writes the octets of an event; returns their number. */
static size_t
write_event(char raw[OCTETS], enum event event, const char *due)
{
	const char	*form = events[event].raw;
	size_t		 len = 0;

	for (; *form != '\0'; form++) {
		if (form[0] != '%' || form[1] != 's') {
			raw[len++] = *form;
			continue;
		}
		memcpy(raw + len, due, strlen(due));
		len += strlen(due);
		if (event == WITH_NUL)
			raw[len++] = '\0';
		form++;
	}
	return len;
}

static void
set_expected(struct row *row, size_t stage, enum event event)
{
	row->status = stages[stage].status[event];
	row->delivered = row->status == OK;
	if (row->status != OK) {
		/* The surplus reply is noticed at a later step. */
		row->err = event == TWICE ? ": " : stages[stage].name;
		row->err_too = event == TWICE ? NULL : events[event].text;
	} else if (strcmp(stages[stage].name, "RSET") == 0) {
		row->status = LATER;	/* of the other recipient */
		row->err = "DATA: 451 4.3.0 not now";
	}
}

/* The message is sent: unless refused, it may have been accepted. */
static void
set_expected_doubt(struct row *row, enum event event)
{
	if (event == LEAVES)
		row->err_too = "end of message: 421 4.3.2 going down";
	else if (event != PUTS_OFF)
		row->err = "the server may have accepted the message";
	row->delivered = -1;	/* either */
}

static void
fill_row(struct row *row, struct row_text *text, size_t stage,
    enum event event)
{
	struct step	*step;

	snprintf(text->title, sizeof(text->title), "%s: %s",
	    stages[stage].title, events[event].name);
	*row = (struct row){
		.sentence = text->title,
		.script = stages[stage].script,
		.scheme = stages[stage].scheme,
		.more = stages[stage].more,
		.to = stages[stage].to,
		.impatient = events[event].impatient,
	};
	step = &row->script.steps[0];
	step->raw = text->raw;
	step->raw_len = write_event(text->raw, event, stages[stage].due);
	step->how = events[event].how;
	step->pause_ms = events[event].pause_ms;
	step->then = events[event].then;
	set_expected(row, stage, event);
	if (stages[stage].last && row->status == LATER)
		set_expected_doubt(row, event);
	/* The reset may arrive before connect(2) returns. */
	if (stage == 0 && event == RESETS)
		row->err = "127.0.0.1", row->err_too = "onnection";
}

/* Single cases. */
static const struct row others[] = {
	{ "no server on the port", { .refusing = true },
	    .status = LATER, .err = ": Connection refused (" },
	{ "no reply to the connection request", { .black_hole = true },
	    .more = "connect_timeout = 500ms\n",
	    .status = LATER, .err = ": Connection timed out (" },
	{ "the Unix socket does not exist", { 0 },
	    .more = "smarthost = smtp:///nowhere/socket\n",
	    .status = LATER, .err = "one@example.net: /nowhere/socket: No such "
	    "file or directory (" },
	{ "STARTTLS is required and not offered", { 0 },
	    .scheme = "submission", .status = NO, .heard = "EHLO|QUIT",
	    .err = "STARTTLS: the server does not offer TLS" },
	{ "a reply after the 220 of STARTTLS ends the session",
	    { .security = STARTTLS_OFFERED, .steps = { { .at = ON_STARTTLS,
	    .also = "250 injected\r\n" } } }, .scheme = "submission",
	    .status = ODD, .err = "clear text after its reply to STARTTLS",
	    .heard = "EHLO|STARTTLS" },
	{ "one octet after the 220 of STARTTLS ends the session",
	    { .security = STARTTLS_OFFERED, .steps = { { .at = ON_STARTTLS,
	    .also = "2" } } }, .scheme = "submission",
	    .status = ODD, .err = "clear text after its reply to STARTTLS",
	    .heard = "EHLO|STARTTLS" },
	{ "AUTH that was offered before STARTTLS is not used",
	    { .security = STARTTLS_OFFERED, .steps = { { .at = ON_EHLO,
	    .nth = 1, .say = "250-x\n250-AUTH PLAIN\n250 STARTTLS" },
	    { .at = ON_EHLO, .say = "250 x" } } }, .scheme = "submission",
	    .more = "user = me\npassword = secret\n",
	    .status = LOGIN, .err = "does not offer AUTH",
	    .heard = "EHLO|STARTTLS|EHLO|QUIT" },
	{ "clear text in place of the TLS handshake",
	    { .security = STARTTLS_OFFERED,
	    .steps = { { .at = ON_HANDSHAKE, .say = "hello?",
	    .then = THEN_CLOSE } } }, .scheme = "submission",
	    .status = ODD, .err = "TLS: " },
	{ "connection closed in place of the TLS handshake",
	    { .security = STARTTLS_OFFERED,
	    .steps = { { .at = ON_HANDSHAKE, .say = "", .then = THEN_CLOSE }
	    } }, .scheme = "submission", .status = LATER, .err = "TLS: " },
	{ "no reply to the TLS handshake", { .security = STARTTLS_OFFERED,
	    .steps = { { .at = ON_HANDSHAKE, .say = "", .then = THEN_HANG }
	    } }, .scheme = "submission", .impatient = true,
	    .status = LATER, .err = "octets: timed out after 2 s; " },
	{ "implicit TLS to a server without it", { 0 },
	    .scheme = "submissions", .status = ODD, .err = "TLS: " },
	{ "no TLS to a server with implicit TLS",
	    { .security = TLS_AT_ONCE }, .impatient = true,
	    .status = LATER, .err = "greeting: timed out after 2 s" },
	{ "the final reply together with the 354", { .keywords = PIPELINING,
	    .steps = { { .at = ON_DATA, .also = "250 2.0.0 taken\r\n" } } },
	    .status = ODD, .err = "unexpected reply" },
	{ "a 421 together with the greeting", { .steps = { { .at = ON_GREETING,
	    .also = "421 4.3.2 no, go\r\n" } } },
	    .status = LATER, .err = "421 4.3.2 no, go" },
	{ "a 421 before the transaction", { .keywords = PIPELINING,
	    .steps = { { .at = ON_EHLO,
	    .say = "250-x\n250 PIPELINING\n421 4.4.2 too slow" } } },
	    .status = LATER, .err = "421 4.4.2 too slow" },
	{ "refused and closed within the message",
	    { .keywords = PIPELINING, .steps = { { .at = ON_IN_BODY,
	    .after = 1, .say = "552 5.3.4 too big", .then = THEN_CLOSE } } },
	    .status = EX_DATAERR, .err = "552 5.3.4 too big" },
	{ "reset within the message", { .keywords = PIPELINING,
	    .steps = { { .at = ON_IN_BODY, .say = "", .then = THEN_RESET } } },
	    .status = LATER, .err = "127.0.0.1:" },
	{ "an unexpected reply is reported in one line", { .steps = { {
	    .at = ON_GREETING, .also = "250-x\r\n250 y\r\n" } } },
	    .status = ODD,
	    .err = "unexpected reply from the server: 250 x / y\n" },
	{ "an incomplete line after the final reply is ignored",
	    { .steps = { { .at = ON_BODY, .also = "2" } } },
	    .status = OK, .delivered = 1 },
	{ "a refused RCPT is not tried again",
	    { .keywords = PIPELINING, .steps = { { .at = ON_RCPT,
	    .say = "550 5.1.1 who?" }, { .at = ON_DATA, .say = "",
	    .then = THEN_CLOSE } } }, .status = USER,
	    .err = "550 5.1.1 who?", .connections = 1 },
	{ "a refused MAIL is not tried again",
	    { .keywords = PIPELINING, .steps = { { .at = ON_MAIL,
	    .say = "550 5.7.1 never", .then = THEN_CLOSE } } },
	    .status = NO, .err = "550 5.7.1 never", .connections = 1 },
	{ "5.5.3 means too many recipients, whatever the reply code",
	    { .keywords = PIPELINING, .steps = { { .at = ON_RCPT, .nth = 2,
	    .say = "550 5.5.3 too many" } } }, .status = OK,
	    .to = "one@example.net two@example.net", .delivered = 2 },
	{ "advice about a sender that is refused at RCPT", { .user = "me",
	    .password = "secret", .mechanisms = "PLAIN", .steps = { {
	    .at = ON_RCPT, .say = "553 5.7.1 <s>: not owned by user me" } } },
	    .more = IN_CLEAR_LOGIN, .status = USER,
	    .err = "not owned by user me; the provider probably rejects this "
	    "sender" },
	{ "advice about authentication after a refused RCPT", { .steps = { {
	    .at = ON_RCPT, .say = "550 5.7.1 relaying denied" } } },
	    .status = USER, .err = "relaying denied; the server may "
	    "require authentication" },
	{ "no advice about passwords if AUTH is not recognized",
	    { .user = "me", .password = "secret", .mechanisms = "PLAIN",
	    .steps = { { .at = ON_AUTH, .say = "500 5.5.1 what?" } } },
	    .more = IN_CLEAR_LOGIN, .status = LOGIN,
	    .err = "AUTH PLAIN: 500 5.5.1 what?\n" },
	{ "RCPTDOMAINMAX is obeyed; other domains get another session",
	    { .steps = { { .at = ON_EHLO, .say = "250-x\n250-PIPELINING\n"
	    "250 LIMITS RCPTDOMAINMAX=2" } } }, .status = OK,
	    .to = "a@one.example b@two.example c@three.example d@ONE.example",
	    .heard = "EHLO|MAIL|RCPT|RCPT|RCPT|DATA|QUIT", .delivered = 2,
	    .connections = 2 },
	{ "advice about an LMTP server that is used with SMTP",
	    { .lmtp = true }, .status = NO,
	    .err = "; if the server speaks LMTP, use lmtp:// (" },
	{ "advice about an SMTP server that is used with LMTP",
	    { .steps = { { .at = ON_OTHER,
	    .say = "500 5.5.2 what?" }, { .at = ON_LHLO,
	    .say = "500 5.5.2 what?" } } }, .scheme = "lmtp",
	    .more = "tls = off\n", .status = NO,
	    .err = "LHLO: 500 5.5.2 what?; if the server speaks SMTP, use "
	    "smtp://" },
	{ "LMTP: refused for one recipient, delivered to the other",
	    { .lmtp = true, .steps = { { .at = ON_BODY, .match = "one@",
	    .say = "550 5.2.2 full" } } }, .scheme = "lmtp",
	    .more = "tls = off\n", .to = "one@example.net two@example.net",
	    .status = USER, .err = "not sent to one@example.net: 127.0.0.1:",
	    .err_too = "end of message: 550 5.2.2 full", .delivered = 1,
	    .connections = 1 },
	{ "LMTP: 500 for one recipient, delivered to the other",
	    { .lmtp = true, .steps = { { .at = ON_BODY, .match = "one@",
	    .say = "500 5.5.1 no" } } }, .scheme = "lmtp",
	    .more = "tls = off\n", .to = "one@example.net two@example.net",
	    .status = USER, .err = "not sent to one@example.net: 127.0.0.1:",
	    .err_too = "end of message: 500 5.5.1 no", .delivered = 1,
	    .heard = "LHLO|MAIL|RCPT|RCPT|DATA|QUIT", .connections = 1 },
	{ "a long reply is reported completely", { .steps = { { .at = ON_BODY,
	    .say = "550-5.7.26 Your email has been blocked because the sender "
	    "is unauthenticated.\n550-5.7.26 The server requires all senders "
	    "to authenticate with either SPF or DKIM.\n550-5.7.26 \n"
	    "550-5.7.26 Authentication results:\n"
	    "550-5.7.26 DKIM = did not pass\n"
	    "550-5.7.26 SPF [example.org] with ip: [192.0.2.1] = did not pass\n"
	    "550-5.7.26 \n550-5.7.26 For instructions on setting up "
	    "authentication, go to\n550 5.7.26 https://support.example.net/"
	    "mail/answer/81126#authentication a640c23a62f3a-ab9 - smtp" } } },
	    .status = NO, .err = "81126#authentication a640c23a62f3a-ab9 - "
	    "smtp; the server may require authentication" },
	{ "control characters in a reply are made visible", { .steps = { {
	    .at = ON_MAIL, .raw = "550 5.7.1 \033[2J\b\x9b\r\n" } } },
	    .status = NO, .err = "550 5.7.1 \\033[2J\\010\\233" },
	{ "conversions of printf in a reply are text", { .steps = { {
	    .at = ON_RCPT, .say = "550 5.1.1 %n%s%1000000d%p" } } },
	    .status = USER, .err = "550 5.1.1 %n%s%1000000d%p" },
};

enum { OTHERS = sizeof(others) / sizeof(*others) };

int
main(void)
{
	static struct row	rows[STAGES * EVENTS + OTHERS];
	static struct row_text	words[STAGES * EVENTS];
	size_t			n = 0;

	for (size_t stage = 0; stage < STAGES; stage++)
		for (int event = 0; event < EVENTS; event++, n++)
			fill_row(&rows[n], &words[n], stage, (enum event)event);
	memcpy(rows + n, others, sizeof(others));
	return rows_test("sessions", rows, n + OTHERS);
}
