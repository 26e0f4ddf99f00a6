/*
 * Thousands of recipients in flights that are larger than the buffers of the
 * connection: the server is a process at the other end of a pair of sockets
 * with the smallest buffers, with or without TLS.  It does not read while it
 * writes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <openssl/ssl.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "smtp/session.h"
#include "support/cases.h"
#include "support/certificate.h"
#include "support/tls_client.h"
#include "util/buffer.h"
#include "util/file.h"
#include "util/memory.h"

struct flight_case {
	const char	*sentence;
	size_t		 n;		/* recipients */
	int		 pad;		/* octets added to each reply */
	bool		 when_idle;	/* the server replies when there is no
					 * more input */
	size_t		 every;		/* recipient of so many is refused */
	size_t		 limit;		/* of recipients; then 452 */
	size_t		 excess;	/* of replies 452; then 421 */
	bool		 announced;	/* the limit is 8192 (RFC 9422) */
	size_t		 closes;	/* after that many recipients */
	const char	*last_words;	/* before it closes */
	int		 turns;		/* of the dialogue; 0: not checked */
	int		 tls;		/* TLS1_2_VERSION ...; 0: in clear */
	bool		 new_keys;	/* TLS 1.3: before the first reply to
					 * RCPT, the server updates its keys,
					 * and requests this of the client */
	const char	*error;		/* NULL: the message is sent */
};

static const struct flight_case cases[] = {
	{ "10,000 recipients take nine round trips", 10000, .turns = 9 },
	{ "a server that replies to each command at once", 3000, .pad = 300 },
	{ "a server that replies when it has read everything", 3000,
	    .pad = 300, .when_idle = true },
	{ "a reply belongs to its recipient", 3000, .pad = 100, .every = 7 },
	{ "no recipient is accepted", 500, .every = 1 },
	{ "a limit is exceeded by no more recipients than were accepted", 5000,
	    .limit = 1000, .excess = 1000 },
	{ "a server with a small limit gets at most 320 at once", 1000,
	    .limit = 50, .excess = 270 },
	{ "a server that announces a limit gets that many at once", 8000,
	    .pad = 100, .announced = true, .turns = 4 },
	{ "the last reply before the connection closes is read", 3000,
	    .pad = 300, .closes = 1000,
	    .last_words = "421 4.7.0 too many errors\r\n",
	    .error = "too many errors" },
	{ "a connection that closes in a flight", 3000, .pad = 300,
	    .closes = 1000, .last_words = "", .error = "RCPT: the " },
	{ "a connection that closes in the first flight", 3000, .closes = 1,
	    .last_words = "", .error = "RCPT: the " },

	{ "TLS 1.3: 10,000 recipients take nine round trips", 10000,
	    .turns = 9, .tls = TLS1_3_VERSION },
	{ "TLS 1.2: a server that replies to each command at once", 3000,
	    .pad = 300, .tls = TLS1_2_VERSION },
	{ "TLS 1.3: a server that replies to each command at once", 3000,
	    .pad = 300, .tls = TLS1_3_VERSION },
	{ "TLS 1.3: a server that replies when it has read everything", 3000,
	    .pad = 300, .when_idle = true, .tls = TLS1_3_VERSION },
	{ "TLS 1.3: new keys in a flight", 10, .tls = TLS1_3_VERSION,
	    .new_keys = true },
	{ "TLS 1.3: the last reply before the connection closes is read", 3000,
	    .pad = 300, .closes = 1000,
	    .last_words = "421 4.7.0 too many errors\r\n",
	    .error = "too many errors", .tls = TLS1_3_VERSION },
};

static struct temp_dir			directory;
static struct usual_certificates	certificates;

/* ---------------------------------------------------------------- the server */

struct server {
	const struct flight_case	*c;
	int				 fd;
	SSL				*tls;		/* or NULL */
	struct buffer			 in, out;
	size_t				 accepted, excess, recipients;
};

static void
start_tls(struct server *v)
{
	SSL_CTX	*ctx = SSL_CTX_new(TLS_server_method());

	if (SSL_CTX_use_certificate_chain_file(ctx, certificates.chain) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, certificates.key,
	    SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, v->c->tls) != 1)
		_exit(2);
	v->tls = SSL_new(ctx);
	SSL_set_fd(v->tls, v->fd);
	if (SSL_accept(v->tls) != 1)
		_exit(3);
}

static void
flush(struct server *v)
{
	if (v->out.len == 0)
		return;
	if (v->tls == NULL && !file_write(v->fd, v->out.data, v->out.len))
		_exit(0);
	if (v->c->new_keys && v->recipients == 1 &&
	    SSL_key_update(v->tls, SSL_KEY_UPDATE_REQUESTED) != 1)
		_exit(4);
	if (v->tls != NULL && SSL_write(v->tls, v->out.data,
	    (int)v->out.len) <= 0)
		_exit(0);
	buffer_clear(&v->out);
}

static bool
is_idle(const struct server *v)
{
	struct pollfd	p = { .fd = v->fd, .events = POLLIN };

	return (v->tls == NULL || !SSL_has_pending(v->tls)) &&
	    poll(&p, 1, 0) == 0;
}

static void
reply(struct server *v, const char *text)
{
	buffer_addf(&v->out, "%s\r\n", text);
	if (!v->c->when_idle)
		flush(v);
}

/* The next line, without CRLF; it is valid until the next call. */
static char *
next_line(struct server *v)
{
	static char	line[1000];

	for (;;) {
		char		*end = v->in.len > 0 ?
				    strstr(v->in.data, "\r\n") : NULL;
		size_t		 n;
		ssize_t		 got;

		if (end != NULL) {
			n = (size_t)(end - v->in.data);
			memcpy(line, v->in.data, n);
			line[n] = '\0';
			n += 2;
			memmove(v->in.data, v->in.data + n, v->in.len - n + 1);
			v->in.len -= n;
			return line;
		}
		if (is_idle(v))
			flush(v);
		got = v->tls != NULL ?
		    SSL_read(v->tls, buffer_room(&v->in, 512), 512) :
		    read(v->fd, buffer_room(&v->in, 512), 512);
		if (got <= 0)
			_exit(0);
		v->in.len += (size_t)got;
		v->in.data[v->in.len] = '\0';
	}
}

static void
reply_to_rcpt(struct server *v, const char *line)
{
	const struct flight_case	*c = v->c;
	char				 text[500];

	if (++v->recipients == c->closes) {
		buffer_add_text(&v->out, c->last_words);
		flush(v);
		_exit(0);
	}
	if (c->limit > 0 && v->accepted == c->limit) {
		if (++v->excess > c->excess) {
			reply(v, "421 4.7.0 too many errors");
			_exit(1);
		}
		reply(v, "452 4.5.3 too many recipients");
		return;
	}
	if (strncmp(line, "RCPT TO:<no", 11) == 0) {
		snprintf(text, sizeof(text), "550 5.1.1 unknown: %s", line);
	} else {
		v->accepted++;
		snprintf(text, sizeof(text), "250 2.1.5 %0*d", c->pad + 1, 0);
	}
	reply(v, text);
}

static void
serve(const struct flight_case *c, int fd)
{
	struct server	 v = { .c = c, .fd = fd };
	const char	*line;

	signal(SIGPIPE, SIG_IGN);
	if (c->tls != 0)
		start_tls(&v);
	reply(&v, "220 mail.example");
	for (;;) {
		line = next_line(&v);
		if (strncmp(line, "EHLO", 4) == 0) {
			reply(&v, c->announced ? "250-mail.example\r\n"
			    "250-LIMITS RCPTMAX=8192\r\n250 PIPELINING" :
			    "250-mail.example\r\n250 PIPELINING");
		} else if (strncmp(line, "RCPT", 4) == 0) {
			reply_to_rcpt(&v, line);
		} else if (strcmp(line, "DATA") == 0 && v.accepted == 0) {
			reply(&v, "554 5.5.1 no valid recipients");
		} else if (strcmp(line, "DATA") == 0) {
			reply(&v, "354 go on");
			while (strcmp(next_line(&v), ".") != 0)
				;
			reply(&v, "250 2.0.0 queued");
			v.accepted = v.excess = 0;
		} else if (strcmp(line, "QUIT") == 0) {
			_exit(0);
		} else {
			reply(&v, "250 2.0.0 ok");
		}
	}
}

static pid_t
start_server(const struct flight_case *c, int *fd)
{
	int	pair[2], size = 1;
	pid_t	pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	for (int i = 0; i < 2; i++) {
		setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &size,
		    sizeof(size));
		setsockopt(pair[i], SOL_SOCKET, SO_RCVBUF, &size,
		    sizeof(size));
	}
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		close(pair[0]);
		serve(c, pair[1]);
	}
	close(pair[1]);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	*fd = pair[0];
	return pid;
}

/* ---------------------------------------------------------------- the client */

struct dialogue {
	char	side;
	int	turns;		/* to the server */
};

static void
count_turns(void *context, char side, const char *text)
{
	struct dialogue	*d = context;

	(void)text;
	d->turns += side == 'S' && d->side != 'S';
	d->side = side;
}

static void
write_message(struct message *m)
{
	static const struct message_limits	limits;
	struct failure				why;
	const char				text[] =
	    "From: a@example.org\r\n\r\nHello\r\n";

	message_begin(m, &limits);
	assert_true(message_feed(m, text, sizeof(text) - 1, &why));
	assert_true(message_end(m, &why));
}

static bool
is_refused(const struct flight_case *c, size_t i)
{
	return c->every > 0 && i % c->every == c->every - 1;
}

static void
write_envelope(const struct flight_case *c, struct envelope *env)
{
	char	path[40];

	envelope_set_reverse(env, "a@example.org");
	for (size_t i = 0; i < c->n; i++) {
		snprintf(path, sizeof(path), "%s%zu@example.net",
		    is_refused(c, i) ? "no" : "yes", i);
		envelope_add(env, path);
	}
}

/* Outcomes of one transaction with the same reply have the same text. */
static void
check_outcomes(const struct flight_case *c, const struct envelope *env,
    const struct outcome *outcomes)
{
	const struct outcome	*first = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const struct outcome	*o = &outcomes[i];

		if (c->error != NULL) {
			assert_int_equal(o->kind, OUTCOME_WAITING);
			continue;
		}
		if (is_refused(c, i)) {
			assert_int_equal(o->kind, OUTCOME_FAILED);
			assert_int_equal(o->code, 550);
			assert_non_null(strstr(strstr(outcome_text(o),
			    "unknown: "), env->forward[i].path));
			continue;
		}
		assert_int_equal(o->kind, OUTCOME_DELIVERED);
		if (first == NULL)
			first = o;
		if (c->limit == 0)
			assert_ptr_equal(o->text, first->text);
	}
}

static void
sends(void **state)
{
	const struct flight_case	*c = *state;
	struct dialogue			 d = { .side = 'C' };
	const struct session_trace	 trace = { count_turns, &d };
	struct session_options		 options = { .prefix = "",
		.helo = "client.example", .timeout_ms = 30000,
		.trace = &trace };
	struct outcome			*outcomes = memory_new(c->n,
					    sizeof(*outcomes));
	struct envelope			 env = { 0 };
	struct message			 message;
	struct session			 s;
	struct failure			 why;
	bool				 data_sent, good;
	int				 fd, status;
	pid_t				 server = start_server(c, &fd);

	if (c->tls != 0) {
		options.tls_policy = SESSION_TLS_IMPLICIT;
		options.tls_module = tls_client_module();
		options.tls = options.tls_module->start(&(struct tls_options){
		    .name = "mail.example", .ca = certificates.ca,
		    .verify = true }, &why);
		assert_non_null(options.tls);
	}
	write_envelope(c, &env);
	write_message(&message);
	if (!session_open(&s, fd, &options, &why))
		fail_msg("%s", why.text);
	s.stream.deadline = 1;	/* as after a long pause */
	good = session_send(&s, &env, &message, outcomes, &data_sent, &why);
	session_close(&s);
	assert_int_equal(waitpid(server, &status, 0), server);
	assert_int_equal(status, 0);
	if (!good && (c->error == NULL || strstr(why.text, c->error) == NULL))
		fail_msg("%s", why.text);
	assert_int_equal(good, c->error == NULL);
	if (c->error != NULL)
		assert_false(data_sent);
	if (c->turns != 0)
		assert_int_equal(d.turns, c->turns);
	check_outcomes(c, &env, outcomes);
	outcome_list_free(outcomes, c->n);
	message_free(&message);
	envelope_free(&env);
}

int
main(void)
{
	int	failed;

	temp_dir_make(&directory);
	certificate_usual(&certificates, &directory);
	failed = CASES_RUN("flights", sends, cases);
	temp_dir_remove(&directory);
	return failed;
}
