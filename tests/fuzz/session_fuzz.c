/*
 * session_fuzz.c - three messages in a session with a scripted server
 *
 * The first two octets have the options of the session.  The rest is the
 * script: the replies, one for each command and each end of a message.  "=N"
 * repeats the next reply N times.  A line that begins with '+' is sent without
 * a command.  At the end of the script, the server closes the connection.  TLS
 * is only a flag: nothing is encrypted.
 *
 * The server keeps the recipients it has accepted as a server in need of RSET
 * does: after a refused BDAT, and after MAIL.  Commands are lines without
 * control characters.  If TLS is required, only EHLO and STARTTLS are sent in
 * clear text; AUTH is sent only to a verified server; and a message with
 * REQUIRETLS is sent only over TLS that is verified.  Without '+' lines, a
 * message is accepted at most once for each recipient and for no other one,
 * unchanged, and is delivered if and only if the server has accepted it, or it
 * is in doubt.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "fuzz/must.h"
#include "smtp/session.h"
#include "util/interrupt.h"
#include "util/memory.h"

enum { MESSAGES = 3, PATHS_MAX = 340, SCRIPT_MAX = 64 * 1024, PIECE = 7 };

enum option {
	LMTP		= 1 << 0,
	EARLY_BDAT	= 1 << 1,
	AHEAD		= 1 << 2,
	AUTH		= 1 << 3,
	MANY		= 1 << 4,	/* recipients of the second message */
	LARGE		= 1 << 5,	/* the second message */
	PIECES		= 1 << 6,	/* replies arrive in pieces */
	NO_CHUNKING	= 1 << 7,
	TLS_POLICY	= 3 << 8,	/* enum session_tls_policy */
	REQUIRETLS	= 1 << 10,	/* of the third message */
};

static const char	secret[] = "correct-horse";

/* The messages, which no session changes. */
static struct message	messages[MESSAGES];
static struct buffer	texts[MESSAGES];
static struct message	large;
static struct buffer	large_text;

struct server {
	const char	*script, *end;
	const char	*repeated;	/* a reply; */
	unsigned	 repeats;	/* so many times */
	int		 fd;
	unsigned	 options;
	bool		 honest;	/* no '+' line was sent */
	bool		 ended;
	bool		 closing;	/* 421 or 221 was sent, after which it
					 * accepts no message */
	bool		 encrypted;
	bool		 has_secret;	/* AUTH was sent */
	enum { COMMANDS, CREDENTIALS, DATA, CHUNK } state;
	uint64_t	 chunk;		/* octets that follow */
	struct buffer	 in, out, content;
	size_t		 in_at, out_at;
	unsigned	 accepted[PATHS_MAX][2];	/* message and path */
	size_t		 n_accepted;
	uint8_t		 copies[MESSAGES][PATHS_MAX];
};

struct caller {
	struct interrupt interrupt;
	struct server	 server;
	struct envelope	 env[MESSAGES];
	struct outcome	*outcomes[MESSAGES];
	size_t		 at;
};

static void
must_be_visible(const char *text)
{
	for (; *text != '\0'; text++)
		must((unsigned char)*text >= ' ' && *text != 127);
}

/* ------------------------------------------------------------- the messages */

static void
make_message(struct message *m, const struct buffer *text)
{
	static const char *const	tmp[] = { "/tmp", NULL };
	static const struct message_limits	limits = { .spill = tmp };
	struct failure			why;

	message_begin(m, &limits);
	must(message_feed(m, text->data, text->len, &why) &&
	    message_end(m, &why));
}

static void
make_messages(void)
{
	buffer_add_text(&texts[0], "Subject: 0\r\n\r\nHello\r\n.\r\n..x\r\n");
	buffer_add_text(&texts[1], "Subject: 1\r\nContent-Type: text/plain; "
	    "charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nMIME-Version: "
	    "1.0\r\n\r\ngr\xc3\xbc\xc3\x9f\r\n");
	buffer_add_text(&texts[2], "Subject: 2\r\n\r\n.\r\n");
	buffer_add_text(&large_text, "Subject: 1\r\n\r\n");
	while (large_text.len < 100 * 1024)
		buffer_add_text(&large_text, ".This line makes it large.\r\n");
	for (size_t i = 0; i < MESSAGES; i++)
		make_message(&messages[i], &texts[i]);
	make_message(&large, &large_text);
}

static const struct message *
message_of(const struct server *s, size_t i)
{
	return i == 1 && (s->options & LARGE) ? &large : &messages[i];
}

static void
make_envelope(struct envelope *env, size_t message, unsigned options)
{
	size_t	n = message == 1 && (options & MANY) ? PATHS_MAX :
		    message == 2 ? 1 : 2;
	char	path[64];

	envelope_set_reverse(env, message == 2 ? "" : "me@example.org");
	for (size_t i = 0; i < n; i++) {
		struct forward_path	*to;

		/* Only with SMTPUTF8 can the last one be sent. */
		snprintf(path, sizeof(path), "r%zu.%zu%s@%s.example", message,
		    i, message == 2 ? "\xc3\xbc" : "", i % 2 ? "one" : "two");
		to = envelope_add(env, path);
		if (message == 0)
			to->notify = NOTIFY_FAILURE | NOTIFY_DELAY;
	}
	if (message == 2 && (options & REQUIRETLS))
		env->requiretls = REQUIRETLS_YES;
	if (message == 0) {
		env->envid = memory_copy("QQ+2B1");
		env->ret = RETURN_HEADERS;
	}
}

/* --------------------------------------------------------------- the server */

/* Appends the lines of a reply, and returns its first octet. */
static char
copy_reply(struct server *s)
{
	for (;;) {
		const char	*line = s->script;
		const char	*lf = memchr(line, '\n',
				    (size_t)(s->end - line));
		size_t		 len = (size_t)((lf != NULL ? lf : s->end) -
				    line);

		s->script = lf != NULL ? lf + 1 : s->end;
		buffer_add(&s->out, line, len);
		buffer_add_text(&s->out, "\r\n");
		s->closing |= len >= 3 && (memcmp(line, "421", 3) == 0 ||
		    memcmp(line, "221", 3) == 0);
		if (len < 4 || line[3] != '-' || s->script == s->end)
			return len > 0 ? line[0] : '\0';
	}
}

/* Returns the first octet of the reply, or NUL if the script has ended. */
static char
reply(struct server *s)
{
	if (s->repeats > 0) {
		s->repeats--;
		s->script = s->repeated;
		return copy_reply(s);
	}
	for (; s->script < s->end && *s->script == '+'; copy_reply(s)) {
		s->script++;
		s->honest = false;
	}
	while (s->script < s->end && *s->script == '=') {
		s->script++;
		for (s->repeats = 0; s->script < s->end &&
		    *s->script >= '0' && *s->script <= '9'; s->script++)
			s->repeats = (s->repeats * 10 +
			    (unsigned)(*s->script - '0')) % 1000;
		if (s->script < s->end)
			s->script++;
		s->repeated = s->script;
	}
	s->ended |= s->script == s->end;
	return s->ended ? '\0' : copy_reply(s);
}

static void
check_content(const struct server *s, unsigned message)
{
	const struct buffer	*text = message == 1 && (s->options & LARGE) ?
				    &large_text : &texts[message];
	char			 start[16];

	if (message == 1 && !(s->options & LARGE)) {
		/* It may have been re-encoded. */
		snprintf(start, sizeof(start), "Subject: %u\r\n", message);
		must(s->content.len > strlen(start) && memcmp(s->content.data,
		    start, strlen(start)) == 0);
		must(memmem(s->content.data, s->content.len, "\r\n\r\ngr", 6) !=
		    NULL);
	} else {
		must(s->content.len == text->len && memcmp(s->content.data,
		    text->data, text->len) == 0);
	}
}

/* The end of a message: a reply or, in LMTP, one for each recipient. */
static void
end_message(struct server *s, bool by_data)
{
	bool	each = (s->options & LMTP) && s->n_accepted > 0;
	char	class = each ? '\0' : reply(s);

	for (size_t i = 0; i < s->n_accepted; i++) {
		unsigned	message = s->accepted[i][0];
		unsigned	path = s->accepted[i][1];

		if (each)
			class = reply(s);
		if (class != '2' || !s->honest || s->closing)
			continue;
		check_content(s, message);
		must(s->copies[message][path]++ == 0);
	}
	if (by_data || class == '2')
		s->n_accepted = 0;
	buffer_clear(&s->content);
	s->state = COMMANDS;
}

static bool
begins(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0;
}

static enum session_tls_policy
tls_policy(unsigned options)
{
	return (enum session_tls_policy)((options & TLS_POLICY) >> 8);
}

/* Whether the client may send the command. */
static bool
is_permitted(const struct server *s, const char *line)
{
	enum session_tls_policy	policy = tls_policy(s->options);
	bool			verified = s->encrypted &&
				    policy != SESSION_TLS_OPPORTUNISTIC;

	if (begins(line, "AUTH "))
		return verified || policy == SESSION_TLS_OFF;
	if ((s->options & REQUIRETLS) && begins(line, "MAIL FROM:<>"))
		return verified && strstr(line, " REQUIRETLS") != NULL;
	if (policy == SESSION_TLS_OFF || policy == SESSION_TLS_OPPORTUNISTIC)
		return true;
	return s->encrypted || begins(line, "EHLO ") ||
	    begins(line, "LHLO ") || begins(line, "HELO ") ||
	    begins(line, "STARTTLS") || begins(line, "QUIT");
}

static void
run_command(struct server *s, const char *line)
{
	unsigned long long	size;
	unsigned		message, path;
	char			class;

	must_be_visible(line);
	must(strlen(line) < 12288);
	must(s->state == CREDENTIALS || is_permitted(s, line));
	s->has_secret |= begins(line, "AUTH ");
	if (begins(line, "QUIT")) {
		s->ended = true;
	} else if (begins(line, "BDAT ")) {
		must(sscanf(line, "BDAT %llu LAST", &size) == 1);
		s->chunk = size;
		s->state = CHUNK;
	} else if (begins(line, "DATA")) {
		if (reply(s) == '3')
			s->state = DATA;
	} else if (begins(line, "RCPT ")) {
		must(sscanf(line, "RCPT TO:<r%u.%u", &message, &path) == 2 &&
		    message < MESSAGES && path < PATHS_MAX);
		if (reply(s) != '2')
			return;
		must(s->n_accepted < PATHS_MAX || !s->honest);
		if (s->n_accepted == PATHS_MAX)
			return;
		s->accepted[s->n_accepted][0] = message;
		s->accepted[s->n_accepted++][1] = path;
	} else {
		class = reply(s);
		if (class == '2' && (begins(line, "RSET") ||
		    begins(line, "EHLO ") || begins(line, "LHLO ") ||
		    begins(line, "HELO ")))
			s->n_accepted = 0;
		if (s->state == CREDENTIALS || begins(line, "AUTH "))
			s->state = class == '3' ? CREDENTIALS : COMMANDS;
	}
}

/* Reads a whole line, or returns false. */
static bool
take_line(struct server *s, struct buffer *line)
{
	const char	*from = s->in.data + s->in_at;
	const char	*lf = s->in.len > s->in_at ? memchr(from, '\n',
			    s->in.len - s->in_at) : NULL;

	if (lf == NULL)
		return false;
	buffer_clear(line);
	buffer_add(line, from, (size_t)(lf + 1 - from));
	s->in_at += line->len;
	must(line->len >= 2 && line->data[line->len - 2] == '\r');
	return true;
}

static bool
take_chunk(struct server *s)
{
	size_t	n = s->in.len - s->in_at;

	if (n > s->chunk)
		n = (size_t)s->chunk;
	if (n > 0)
		buffer_add(&s->content, s->in.data + s->in_at, n);
	s->in_at += n;
	s->chunk -= n;
	if (s->chunk == 0)
		end_message(s, false);
	return s->state != CHUNK;
}

static bool
handle_input(struct server *s, struct buffer *line)
{
	const char	*text;

	if (s->ended)
		return false;
	if (s->state == CHUNK)
		return take_chunk(s);
	if (!take_line(s, line))
		return false;
	text = line->data;
	if (s->state != DATA) {
		line->data[line->len - 2] = '\0';
		must(strlen(text) == line->len - 2);
		run_command(s, text);
	} else if (strcmp(text, ".\r\n") == 0) {
		end_message(s, true);
	} else {
		buffer_add(&s->content, text + (text[0] == '.'),
		    line->len - (text[0] == '.'));
	}
	return true;
}

/*
 * Called before each wait of the client: reads what it has sent, and replies.
 * If nothing can be done, the client would wait without end.
 */
static void
serve(void *context)
{
	struct caller	*c = context;
	struct server	*s = &c->server;
	struct buffer	 line = { 0 };
	bool		 busy = false;
	ssize_t		 n;

	while ((n = recv(s->fd, buffer_room(&s->in, 64 * 1024), 64 * 1024,
	    MSG_DONTWAIT)) > 0) {
		s->in.len += (size_t)n;
		busy = true;
	}
	while (handle_input(s, &line))
		busy = true;
	buffer_free(&line);
	if (s->in_at == s->in.len) {
		buffer_clear(&s->in);
		s->in_at = 0;
	}
	if (s->out.len > s->out_at) {
		size_t	left = s->out.len - s->out_at;

		if ((s->options & PIECES) && left > PIECE)
			left = PIECE;
		n = send(s->fd, s->out.data + s->out_at, left, MSG_NOSIGNAL |
		    MSG_DONTWAIT);
		s->out_at += n > 0 ? (size_t)n : 0;
		busy |= n > 0;
	}
	if (s->out_at == s->out.len && (s->ended || !busy))
		shutdown(s->fd, SHUT_RDWR);
	c->interrupt.callback_ms = 1;	/* also before the next wait */
}

/* --------------------------------------------------------------------- TLS */

struct tls {
	struct server	*server;
	int		 fd;
};

static enum tls_result
handshake(struct tls *tls, int fd, struct failure *why)
{
	struct server	*s = tls->server;
	char		 octet;

	/* No clear text follows STARTTLS; if the server sends any, it fails.
	 * At the end of the script, the server has closed the connection. */
	must(s->in_at == s->in.len &&
	    recv(s->fd, &octet, 1, MSG_DONTWAIT) <= 0);
	if (s->out_at < s->out.len || recv(fd, &octet, 1, MSG_DONTWAIT) > 0) {
		failed(why, EX_PROTOCOL, "this is not TLS");
		return TLS_FAILED;
	}
	tls->fd = fd;
	s->encrypted = true;
	s->n_accepted = 0;
	if (tls_policy(s->options) == SESSION_TLS_IMPLICIT)
		reply(s);
	return TLS_DONE;
}

static enum tls_result
read_tls(struct tls *tls, void *to, size_t room, size_t *got,
    struct failure *why)
{
	ssize_t	n = recv(tls->fd, to, room, MSG_DONTWAIT);

	(void)why;
	*got = n > 0 ? (size_t)n : 0;
	return n > 0 ? TLS_DONE : n == 0 ? TLS_CLOSED : TLS_WANT_READ;
}

static enum tls_result
write_tls(struct tls *tls, const void *from, size_t len, size_t *put,
    struct failure *why)
{
	ssize_t	n = send(tls->fd, from, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	*put = n > 0 ? (size_t)n : 0;
	if (n >= 0)
		return TLS_DONE;
	if (errno == EAGAIN)
		return TLS_WANT_WRITE;
	failed_errno(why, EX_TEMPFAIL, "send");
	return TLS_FAILED;
}

static const char *
describe(const struct tls *tls, char *to, size_t size)
{
	(void)tls;
	strlcpy(to, "TLS", size);
	return to;
}

/* There is none, so no mechanism that ends in -PLUS is used. */
static size_t
channel_binding(struct tls *tls, enum tls_binding type,
    unsigned char out[TLS_BINDING_MAX])
{
	(void)tls, (void)type, (void)out;
	return 0;
}

static void
close_tls(struct tls *tls)
{
	tls->server = NULL;
}

static const struct tls_module module = {
	.handshake = handshake,
	.read = read_tls,
	.write = write_tls,
	.describe = describe,
	.channel_binding = channel_binding,
	.close = close_tls,
};

/* --------------------------------------------------------------- the client */

static bool
next_message(void *context, struct session_next *to)
{
	struct caller	*c = context;
	size_t		 i = c->at + 1;

	if (i == MESSAGES || !(c->server.options & AHEAD))
		return false;
	*to = (struct session_next){ &c->env[i], message_of(&c->server, i),
	    c->outcomes[i] };
	return true;
}

static void
check_line(void *context, char side, const char *text)
{
	const struct caller	*c = context;

	(void)side;
	must_be_visible(text);
	must(!c->server.has_secret || strstr(text, secret) == NULL);
}

static void
check_outcome(const struct server *s, const struct outcome *o, unsigned copies)
{
	must_be_visible(outcome_text(o));
	must(!s->has_secret || strstr(outcome_text(o), secret) == NULL);
	if (!s->honest)
		return;
	if (o->kind == OUTCOME_DELIVERED)
		must(copies == 1);
	if (copies > 0)
		must(o->kind == OUTCOME_DELIVERED || o->in_doubt);
}

static void
send_messages(struct caller *c, struct session *s)
{
	struct failure	why = { .status = 0 };
	bool		good = true, data_sent;

	for (c->at = 0; good && !s->broken && !session_is_full(s) &&
	    c->at < MESSAGES; c->at++) {
		size_t	n = c->env[c->at].n;

		good = session_send(s, &c->env[c->at],
		    message_of(&c->server, c->at), c->outcomes[c->at],
		    &data_sent, &why);
		must(good || (why.status != 0 && s->broken));
		for (size_t i = 0; i < n; i++) {
			check_outcome(&c->server, &c->outcomes[c->at][i],
			    c->server.copies[c->at][i]);
			if (good && !session_is_full(s) && s->domain_max == 0)
				must(c->outcomes[c->at][i].kind !=
				    OUTCOME_WAITING);
		}
	}
}

static void
run_session(struct caller *c, int fd)
{
	const struct auth_options	auth = {
		.mechanisms = "PLAIN LOGIN OAUTHBEARER XOAUTH2",
		.user = "me", .password = secret, .token = secret,
		.in_clear = tls_policy(c->server.options) == SESSION_TLS_OFF,
		.host = "mail.example", .port = 25,
	};
	unsigned		options = c->server.options;
	struct session_trace	trace = { check_line, c };
	struct tls		tls = { .server = &c->server };
	struct session_options	how = {
		.prefix = "mail.example:25: ",
		.helo = "here.example",
		.lmtp = options & LMTP,
		.early_bdat = options & EARLY_BDAT,
		.no_chunking = options & NO_CHUNKING,
		.tls_policy = tls_policy(options),
		.tls_module = &module,
		.tls = tls_policy(options) == SESSION_TLS_OFF ? NULL : &tls,
		.auth = options & AUTH ? &auth : NULL,
		.timeout_ms = 8000,
		.trace = &trace,
		.interrupt = &c->interrupt,
		.next = next_message,
		.context = c,
	};
	struct session		s;
	struct failure		why = { .status = 0 };

	if (session_open(&s, fd, &how, &why)) {
		send_messages(c, &s);
	} else {
		must(why.status != 0);
		must_be_visible(why.text);
		must(!c->server.has_secret ||
		    strstr(why.text, secret) == NULL);
	}
	session_close(&s);
	must(how.tls == NULL || tls.server == NULL);	/* it was closed */
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct caller	*c;
	struct server	*s;
	int		 fd[2];

	if (size < 2 || size > SCRIPT_MAX)
		return 0;
	if (texts[0].data == NULL)
		make_messages();
	c = memory_new(1, sizeof(*c));
	s = &c->server;
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) == 0);
	must(fcntl(fd[0], F_SETFL, O_NONBLOCK) == 0);
	s->fd = fd[1];
	s->options = data[0] | (unsigned)data[1] << 8;
	s->script = (const char *)data + 2;
	s->end = s->script + size - 2;
	s->honest = true;
	if (tls_policy(s->options) != SESSION_TLS_IMPLICIT)
		reply(s);	/* the greeting */
	c->interrupt = (struct interrupt){ .fd = -1, .callback_ms = 1,
	    .callback = serve, .context = c };
	for (size_t i = 0; i < MESSAGES; i++) {
		make_envelope(&c->env[i], i, s->options);
		c->outcomes[i] = memory_new(c->env[i].n,
		    sizeof(*c->outcomes[i]));
	}
	run_session(c, fd[0]);
	for (size_t i = 0; i < MESSAGES; i++) {
		outcome_list_free(c->outcomes[i], c->env[i].n);
		envelope_free(&c->env[i]);
	}
	close(s->fd);
	buffer_free(&s->in);
	buffer_free(&s->out);
	buffer_free(&s->content);
	free(c);
	return 0;
}
