#include "smtp/dialogue.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "util/memory.h"
#include "util/text.h"
#include "util/visible.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND };

/* The timeouts are those of RFC 5321 section 4.5.3.2. */
static const struct {
	const char	*name;
	int		 timeout_ms;
} steps[] = {
	[STEP_GREETING]	= { "greeting",		5 * MINUTE },
	[STEP_EHLO]	= { "EHLO",		5 * MINUTE },
	[STEP_STARTTLS]	= { "STARTTLS",		2 * MINUTE },
	[STEP_TLS]	= { "TLS",		2 * MINUTE },
	[STEP_AUTH]	= { "AUTH",		2 * MINUTE },
	[STEP_MAIL]	= { "MAIL",		5 * MINUTE },
	[STEP_RCPT]	= { "RCPT",		5 * MINUTE },
	[STEP_DATA]	= { "DATA",		2 * MINUTE },
	[STEP_BODY]	= { "message",		3 * MINUTE },
	[STEP_FINAL]	= { "end of message",	10 * MINUTE },
	[STEP_RSET]	= { "RSET",		2 * MINUTE },
	[STEP_NOOP]	= { "NOOP",		5 * MINUTE },
	[STEP_QUIT]	= { "QUIT",		10 * SECOND },
};

const char *
dialogue_step_name(const struct session *s, enum session_step step)
{
	if (step == STEP_EHLO && s->options->lmtp)
		return "LHLO";
	return steps[step].name;
}

static void
trace_line(struct session *s, char side, const char *text)
{
	const struct session_trace	*to = s->options->trace;

	if (to != NULL && s->holds_lines && side == 'C')
		buffer_addf(&s->held_lines, "%s\n", text);
	else if (to != NULL)
		to->line(to->context, side, text);
}

void
dialogue_hold_lines(struct session *s)
{
	buffer_clear(&s->held_lines);
	s->holds_lines = true;
}

void
dialogue_trace_held(struct session *s)
{
	char	*line = s->held_lines.data, *end;

	s->holds_lines = false;
	while (s->held_lines.len > 0 && (end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		trace_line(s, 'C', line);
		line = end + 1;
	}
	buffer_clear(&s->held_lines);
}

void
dialogue_remark(struct session *s, const char *fmt, ...)
{
	char	text[512];
	va_list	ap;

	if (s->options->trace == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	trace_line(s, '*', text);
}

/* The reply in s->reply is not a reply to any of our commands. */
static bool
unsolicited(struct session *s, enum session_step step, struct failure *why)
{
	char	line[300];

	s->broken = true;
	failed(why, EX_PROTOCOL, "unexpected reply from the server: %s",
	    reply_line(&s->reply, line, sizeof(line)));
	return failure_prefix(why, "%s: ", dialogue_step_name(s, step));
}

/* At the start of a flight, input that was read before is not a reply to it. */
static bool
check_no_input(struct session *s, struct failure *why)
{
	enum session_step	step = s->step;

	if (s->pending > 0 || !stream_has_input(&s->stream))
		return true;
	return dialogue_receive(s, step, why) && unsolicited(s, step, why);
}

bool
dialogue_send_line(struct session *s, struct buffer *line, struct failure *why)
{
	char	shown[2048];
	bool	good;

	if (!check_no_input(s, why))
		return false;
	if (s->options->trace != NULL)
		trace_line(s, 'C', visible(shown, sizeof(shown), line->data,
		    line->len));
	buffer_add(line, "\r\n", 2);
	good = stream_write(&s->stream, line->data, line->len, why);
	s->pending++;
	s->broken |= !good;
	return good;
}

bool
dialogue_send(struct session *s, struct failure *why, const char *fmt, ...)
{
	struct buffer	line = { 0 };
	va_list		ap;
	bool		good;

	va_start(ap, fmt);
	buffer_vaddf(&line, fmt, ap);
	va_end(ap);
	good = dialogue_send_line(s, &line, why);
	buffer_free(&line);
	return good;
}

bool
dialogue_send_secret(struct session *s, const char *words, const char *base64,
    struct failure *why)
{
	char	shown[64];

	if (!check_no_input(s, why))
		return false;
	snprintf(shown, sizeof(shown), "%s****", words);
	trace_line(s, 'C', shown);
	secrets_add_sent(&s->secrets, base64);
	s->pending++;
	if (stream_write(&s->stream, words, strlen(words), why) &&
	    stream_write(&s->stream, base64, strlen(base64), why) &&
	    stream_write(&s->stream, "\r\n", 2, why))
		return true;
	s->broken = true;
	return false;
}

/*
 * Fixed arrays need no relocation at the start, and the first letter, in either
 * case, excludes most of them.
 */
static const struct {
	char			keyword[20];
	enum session_extension	bit;
} extensions[] = {
	{ "PIPELINING",		EXT_PIPELINING },
	{ "SIZE",		EXT_SIZE },
	{ "8BITMIME",		EXT_8BITMIME },
	{ "SMTPUTF8",		EXT_SMTPUTF8 },
	{ "DSN",		EXT_DSN },
	{ "ENHANCEDSTATUSCODES", EXT_ENHANCED },
	{ "STARTTLS",		EXT_STARTTLS },
	{ "AUTH",		EXT_AUTH },
	{ "CHUNKING",		EXT_CHUNKING },
	{ "LIMITS",		EXT_LIMITS },
	{ "REQUIRETLS",		EXT_REQUIRETLS },
	{ "BURL",		EXT_BURL },
};

static uint64_t
parse_number(const char *text)
{
	uint64_t	n = 0;

	while (*text >= '0' && *text <= '9' && n < UINT64_MAX / 10 - 9)
		n = n * 10 + (uint64_t)(*text++ - '0');
	return n;
}

static unsigned
parse_limit(const char *text)
{
	uint64_t	n = parse_number(text);

	return n < UINT_MAX ? (unsigned)n : UINT_MAX;
}

/* "RCPTMAX=100 MAILMAX=10 RCPTDOMAINMAX=1" (RFC 9422). */
static void
parse_limits(struct session *s, const char *words)
{
	const char	*word;
	size_t		 len;

	while ((word = text_next_word(&words, &len)) != NULL) {
		if (strncasecmp(word, "RCPTMAX=", 8) == 0)
			s->rcpt_max = parse_limit(word + 8);
		else if (strncasecmp(word, "MAILMAX=", 8) == 0)
			s->mail_max = parse_limit(word + 8);
		else if (strncasecmp(word, "RCPTDOMAINMAX=", 14) == 0)
			s->domain_max = parse_limit(word + 14);
	}
}

/* Parses a line of the reply to EHLO after the code: keyword, parameters. */
static void
parse_extension(struct session *s, const char *text)
{
	size_t		 n = strcspn(text, " =");
	const char	*words = text[n] != '\0' ? text + n + 1 : "";

	for (size_t i = 0; i < sizeof(extensions) / sizeof(*extensions); i++) {
		const char	*keyword = extensions[i].keyword;

		if (((keyword[0] ^ text[0]) & ~0x20) != 0 ||
		    strlen(keyword) != n || strncasecmp(text, keyword, n) != 0)
			continue;
		/* Only AUTH has an old form with '=': "AUTH=PLAIN". */
		if (text[n] == '=' && extensions[i].bit != EXT_AUTH)
			return;
		s->extensions |= extensions[i].bit;
		if (extensions[i].bit == EXT_AUTH)
			buffer_addf(&s->mechanisms, "%s ", words);
		else if (extensions[i].bit == EXT_SIZE)
			s->size_max = parse_number(words);
		else if (extensions[i].bit == EXT_LIMITS)
			parse_limits(s, words);
	}
}

static void
receive_line(void *context, const char *shown, const struct buffer *line)
{
	struct session	*s = context;

	trace_line(s, 'S', shown);
	if (s->step == STEP_AUTH) {
		buffer_clear(&s->challenge);
		if (line->len > 4)
			buffer_add(&s->challenge, line->data + 4,
			    line->len - 4);
	}
	/* The first line of the reply to EHLO is the name of the server. */
	if (s->ehlo_line > 0 && s->ehlo_line++ > 1 && strlen(shown) > 4)
		parse_extension(s, shown + 4);
}

static int64_t
step_timeout(const struct session *s, enum session_step step)
{
	const struct session_options	*o = s->options;

	if (step == STEP_GREETING && o->greeting_ms > 0)
		return o->greeting_ms;
	if (step == STEP_NOOP && o->noop_ms > 0)
		return o->noop_ms;
	return o->timeout_ms > 0 ? o->timeout_ms : steps[step].timeout_ms;
}

bool
dialogue_receive(struct session *s, enum session_step step,
    struct failure *why)
{
	struct reply_listener	listener = { receive_line, s, &s->secrets };
	char			line[600];
	bool			good;

	s->step = step;
	stream_set_timeout(&s->stream, step_timeout(s, step));
	if (s->pending > 0)
		s->pending--;
	good = stream_flush(&s->stream, why) &&
	    reply_read(&s->reply, &s->stream, &listener, why);
	/*
	 * The reply to QUIT is never read.  In reply to any other command, 221
	 * means the same as 421: the server closes the connection and has not
	 * executed the command.
	 */
	if (good && (s->reply.code == 421 || s->reply.code == 221))
		good = failed(why, EX_TEMPFAIL, "the server closes the "
		    "connection: %s", reply_line(&s->reply, line,
		    sizeof(line)));
	if (good)
		return true;
	s->broken = true;
	return failure_prefix(why, "%s: ", dialogue_step_name(s, step));
}

/*
 * Reads the next line of a reply, which begins with the reply code, as all
 * lines before it.
 */
static bool
receive_long_line(struct session *s, struct buffer *line, struct failure *why)
{
	struct reply	*r = &s->reply;
	int		 code;

	buffer_clear(line);
	switch (stream_read_line(&s->stream, line, SESSION_LINE_MAX, NULL,
	    why)) {
	case STREAM_LINE:
		break;
	case STREAM_FAILED:
		return false;
	case STREAM_CLOSED:
		return failed(why, EX_TEMPFAIL,
		    "the server closed the connection");
	case STREAM_LONG:
		return failed(why, EX_PROTOCOL, "invalid reply from the "
		    "server (a line of more than %d octets)",
		    SESSION_LINE_MAX);
	}
	code = line->len >= 4 ? (int)strtoimax(line->data, NULL, 10) : 0;
	if (code < 200 || code > 599 || strlen(line->data) != line->len ||
	    (line->data[3] != ' ' && line->data[3] != '-') ||
	    (r->code != 0 && code != r->code))
		return failed(why, EX_PROTOCOL, "invalid reply from the "
		    "server");
	r->code = code;
	return true;
}

bool
dialogue_receive_lines(struct session *s,
    bool (*each)(void *context, const char *text, struct failure *why),
    void *context, struct failure *why)
{
	struct reply	*r = &s->reply;
	struct buffer	 line = { 0 };
	bool		 more = true, good;

	stream_set_timeout(&s->stream, step_timeout(s, s->step));
	if (s->pending > 0)
		s->pending--;
	*r = (struct reply){ 0 };
	good = stream_flush(&s->stream, why);
	while (good && more) {
		good = receive_long_line(s, &line, why);
		if (!good)
			break;
		visible(r->text, sizeof(r->text), line.data + 4, line.len - 4);
		if (s->options->trace != NULL) {
			size_t	 size = 4 * line.len + 1;
			char	*shown = memory_new(size, 1);

			trace_line(s, 'S', visible(shown, size, line.data,
			    line.len));
			free(shown);
		}
		more = line.data[3] == '-';
		good = !reply_is_positive(r) || each == NULL ||
		    each(context, line.data + 4, why);
	}
	buffer_free(&line);
	if (good && (r->code == 421 || r->code == 221))
		good = failed(why, EX_TEMPFAIL, "the server closes the "
		    "connection: %d %s", r->code, r->text);
	s->broken |= !good;
	return good;
}

void
dialogue_begin_flight(struct session *s)
{
	stream_set_timeout(&s->stream, step_timeout(s, STEP_RCPT));
}

void
dialogue_begin_message(struct session *s)
{
	stream_set_wait_timeout(&s->stream, step_timeout(s, STEP_BODY));
}

bool
dialogue_command(struct session *s, enum session_step step,
    struct failure *why, const char *command)
{
	s->step = step;
	return dialogue_is_idle(s, why) &&
	    dialogue_send(s, why, "%s", command) &&
	    dialogue_receive(s, step, why);
}

bool
dialogue_is_idle(struct session *s, struct failure *why)
{
	enum session_step	step = s->step;

	if (!stream_is_readable(&s->stream))
		return true;
	/* After 421, 221 or a closed connection, dialogue_receive() fails. */
	return dialogue_receive(s, step, why) && unsolicited(s, step, why);
}

bool
dialogue_refused(struct session *s, enum session_step step,
    int status_if_permanent, struct failure *why)
{
	char	line[800];
	int	status = EX_PROTOCOL;

	if (reply_is_transient(&s->reply))
		status = EX_TEMPFAIL;
	else if (reply_is_permanent(&s->reply))
		status = status_if_permanent;
	return failed(why, status, "%s: %s", dialogue_step_name(s, step),
	    reply_line(&s->reply, line, sizeof(line)));
}

bool
dialogue_unexpected(struct session *s, enum session_step step,
    struct failure *why)
{
	s->broken = true;
	dialogue_refused(s, step, EX_PROTOCOL, why);
	return failure_suffix(why, " (not a valid reply to %s)",
	    dialogue_step_name(s, step));
}
