#include "budget/sink.h"

#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/memory.h"

enum { ROOM = 256 * 1024, BACKLOG = 1024, STACK = 256 * 1024 };

/* Shared by the two processes. */
struct board {
	pthread_mutex_t		 lock;
	pthread_cond_t		 changed;
	struct sink_counts	 counts;
	bool			 hold;
};

struct sink {
	struct sink_options	 options;
	SSL_CTX			*tls;		/* NULL: never */
	struct board		*board;
	int			 listener;
	uint16_t		 port;
	pid_t			 pid;
};

struct conn {
	struct sink		*sink;
	int			 fd;
	SSL			*ssl;		/* NULL: in the clear */
	unsigned		 round_trips;
	unsigned		 before;	/* up to the last message */
	bool			 wrote;		/* since the last input */
	/* Of this transaction. */
	uint64_t		 recipients;
	uint64_t		 octets;
	uint64_t		 line, line_max;	/* the present, the longest */
	size_t			 start, end;	/* unread input */
	char			 in[ROOM];
	size_t			 out_len;
	char			 out[ROOM];
};

static int64_t
now_ns(void)
{
	struct timespec	t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
pause_ms(unsigned ms)
{
	struct timespec	t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

/* The two directions of the socket, also below TLS. */
static void
note_write(struct conn *c)
{
	c->wrote = true;
}

static void
note_read(struct conn *c)
{
	if (!c->wrote)
		return;
	c->wrote = false;
	c->round_trips++;
}

static long
watch(BIO *bio, int operation, const char *data, size_t len, int argi,
    long argl, int ret, size_t *processed)
{
	struct conn	*c = (void *)BIO_get_callback_arg(bio);

	(void)data;
	(void)len;
	(void)argi;
	(void)argl;
	(void)processed;
	if (ret > 0 && operation == (BIO_CB_READ | BIO_CB_RETURN))
		note_read(c);
	if (ret > 0 && operation == (BIO_CB_WRITE | BIO_CB_RETURN))
		note_write(c);
	return ret;
}

static bool
start_tls(struct conn *c)
{
	BIO	*bio;

	c->ssl = SSL_new(c->sink->tls);
	SSL_set_fd(c->ssl, c->fd);
	bio = SSL_get_rbio(c->ssl);
	BIO_set_callback_ex(bio, watch);
	BIO_set_callback_arg(bio, (char *)c);
	return SSL_accept(c->ssl) == 1;
}

static bool
flush(struct conn *c)
{
	size_t	at = 0;

	while (at < c->out_len) {
		ssize_t	n = c->ssl != NULL ?
			    SSL_write(c->ssl, c->out, (int)c->out_len) :
			    send(c->fd, c->out + at, c->out_len - at,
			    MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		at += (size_t)n;
		if (c->ssl == NULL)
			note_write(c);
	}
	c->out_len = 0;
	return true;
}

static bool
say(struct conn *c, const char *text)
{
	size_t	len = strlen(text);

	if (c->out_len + len > sizeof(c->out) && !flush(c))
		return false;
	memcpy(c->out + c->out_len, text, len);
	c->out_len += len;
	return true;
}

/* Reads more input; what was said is sent first. */
static bool
fill(struct conn *c)
{
	struct pollfd	 p = { .fd = c->fd, .events = POLLIN };
	bool		 first;
	ssize_t		 n;

	if (!flush(c))
		return false;
	memmove(c->in, c->in + c->start, c->end - c->start);
	c->end -= c->start;
	c->start = 0;
	if (c->end == sizeof(c->in))
		return false;
	first = c->wrote;
	if (first && c->sink->options.delay_ms > 0) {
		poll(&p, 1, -1);
		pause_ms(c->sink->options.delay_ms);
	}
	n = c->ssl != NULL ?
	    SSL_read(c->ssl, c->in + c->end, (int)(sizeof(c->in) - c->end)) :
	    recv(c->fd, c->in + c->end, sizeof(c->in) - c->end, 0);
	if (n <= 0)
		return false;
	if (c->ssl == NULL)
		note_read(c);
	c->end += (size_t)n;
	return true;
}

/* A line without its end; valid until the next call. */
static char *
next_line(struct conn *c)
{
	char	*line, *lf;

	while ((lf = memchr(c->in + c->start, '\n', c->end - c->start)) ==
	    NULL)
		if (!fill(c))
			return NULL;
	line = c->in + c->start;
	c->start = (size_t)(lf + 1 - c->in);
	*lf = '\0';
	line[strcspn(line, "\r")] = '\0';
	return line;
}

static void
begin_message(struct conn *c)
{
	c->recipients = c->octets = c->line = c->line_max = 0;
}

/* Removes a line, or the part of a line that is there, from the input. */
static void
take_line(struct conn *c, size_t len, bool whole)
{
	c->start += len;
	c->octets += len;
	c->line += len;
	if (c->line > c->line_max)
		c->line_max = c->line;
	if (whole)
		c->line = 0;
}

/* The whole message arrived. */
static bool
accept_message(struct conn *c)
{
	struct board		*b = c->sink->board;
	struct sink_counts	*n = &b->counts;

	pthread_mutex_lock(&b->lock);
	n->messages++;
	n->recipients += c->recipients;
	n->octets += c->octets;
	if (c->line_max > n->line_max)
		n->line_max = c->line_max;
	n->round_trips = c->round_trips + 1 - c->before;
	c->before = c->round_trips + 1;		/* with that of this reply */
	n->last_ns = now_ns();
	pthread_cond_broadcast(&b->changed);
	while (b->hold)
		pthread_cond_wait(&b->changed, &b->lock);
	pthread_mutex_unlock(&b->lock);
	begin_message(c);
	return say(c, "250 2.0.0 Ok: queued as 4XyZ\r\n");
}

/* The text after a 354, up to the final dot. */
static bool
read_data(struct conn *c)
{
	for (;;) {
		char	*from = c->in + c->start;
		size_t	 len = c->end - c->start;
		char	*lf = memchr(from, '\n', len);

		if (lf == NULL && c->line == 0 && len < 3) {
			if (!fill(c))
				return false;
			continue;
		}
		if (lf != NULL)
			len = (size_t)(lf + 1 - from);
		if (lf != NULL && c->line == 0 && len == 3 &&
		    memcmp(from, ".\r\n", 3) == 0) {
			c->start += len;
			return accept_message(c);
		}
		take_line(c, len, lf != NULL);
		if (lf == NULL && !fill(c))
			return false;
	}
}

/* A chunk (RFC 3030). */
static bool
read_chunk(struct conn *c, const char *args)
{
	char		*rest;
	uint64_t	 left = strtoull(args, &rest, 10);
	bool		 last = strcasecmp(rest, " LAST") == 0;

	while (left > 0) {
		char	*from = c->in + c->start, *lf;
		size_t	 len = c->end - c->start;

		if (len == 0) {
			if (!fill(c))
				return false;
			continue;
		}
		if (len > left)
			len = (size_t)left;
		lf = memchr(from, '\n', len);
		if (lf != NULL)
			len = (size_t)(lf + 1 - from);
		take_line(c, len, lf != NULL);
		left -= len;
	}
	return last ? accept_message(c) : say(c, "250 2.0.0 Ok\r\n");
}

static bool
is(const char *line, const char *verb)
{
	return strncasecmp(line, verb, strlen(verb)) == 0;
}

static bool
say_extensions(struct conn *c)
{
	enum security	security = c->sink->options.security;

	return say(c, "250-localhost\r\n250-PIPELINING\r\n"
	    "250-SIZE 1000000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
	    "250-DSN\r\n250-CHUNKING\r\n") &&
	    (security != STARTTLS_OFFERED || c->ssl != NULL ||
	    say(c, "250-STARTTLS\r\n")) &&
	    (c->ssl == NULL || say(c, "250-AUTH PLAIN LOGIN\r\n")) &&
	    say(c, "250 ENHANCEDSTATUSCODES\r\n");
}

/* PLAIN with or without an initial response, and LOGIN. */
static bool
authenticate(struct conn *c, const char *args)
{
	bool	login = is(args, "LOGIN");
	bool	initial = strchr(args, ' ') != NULL;

	if (!initial && (!say(c, login ? "334 VXNlcm5hbWU6\r\n" : "334 \r\n") ||
	    next_line(c) == NULL))
		return false;
	if (login && (!say(c, "334 UGFzc3dvcmQ6\r\n") ||
	    next_line(c) == NULL))
		return false;
	return say(c, "235 2.7.0 Authentication successful\r\n");
}

/* Returns false at the end of the session. */
static bool
command(struct conn *c, const char *line)
{
	if (is(line, "MAIL")) {
		begin_message(c);
		return say(c, "250 2.1.0 Ok\r\n");
	}
	if (is(line, "RCPT")) {
		c->recipients++;
		return say(c, "250 2.1.5 Ok\r\n");
	}
	if (is(line, "DATA"))
		return say(c, "354 End data with <CR><LF>.<CR><LF>\r\n") &&
		    read_data(c);
	if (is(line, "BDAT "))
		return read_chunk(c, line + 5);
	if (is(line, "EHLO") || is(line, "HELO"))
		return say_extensions(c);
	if (is(line, "AUTH "))
		return authenticate(c, line + 5);
	if (is(line, "STARTTLS"))
		return say(c, "220 2.0.0 Ready to start TLS\r\n") &&
		    flush(c) && start_tls(c);
	if (is(line, "QUIT")) {
		if (say(c, "221 2.0.0 Bye\r\n"))
			flush(c);
		return false;
	}
	return say(c, "250 2.0.0 Ok\r\n");
}

static void *
serve(void *arg)
{
	struct conn	*c = arg;
	unsigned	 delay = c->sink->options.delay_ms;
	char		*line;

	/* connect(2), and the first half of the next round trip. */
	c->round_trips = 1;
	if (delay > 0)
		pause_ms(2 * delay);
	if ((c->sink->options.security != TLS_AT_ONCE || start_tls(c)) &&
	    say(c, "220 localhost ESMTP\r\n"))
		while ((line = next_line(c)) != NULL && command(c, line))
			;
	if (c->ssl != NULL) {
		SSL_shutdown(c->ssl);
		SSL_free(c->ssl);
	}
	close(c->fd);
	free(c);
	return NULL;
}

_Noreturn static void
run(struct sink *s)
{
	pthread_attr_t	small;
	struct rlimit	files;
	const int	one = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	pthread_attr_init(&small);
	pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&small, STACK);
	for (;;) {
		struct conn	*c;
		pthread_t	 thread;
		int		 fd = accept4(s->listener, NULL, NULL,
				    SOCK_CLOEXEC);

		if (fd == -1)
			err(1, "sink: accept");
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		c = malloc(sizeof(*c));
		if (c == NULL)
			err(1, "sink");
		c->sink = s;
		c->fd = fd;
		c->ssl = NULL;
		c->wrote = false;
		c->before = 0;
		c->start = c->end = c->out_len = 0;
		errno = pthread_create(&thread, &small, serve, c);
		if (errno != 0)
			err(1, "sink");
	}
}

static void
listen_on_loopback(struct sink *s)
{
	struct sockaddr_in	in = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t		len = sizeof(in);

	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->listener == -1 ||
	    bind(s->listener, (struct sockaddr *)&in, sizeof(in)) == -1 ||
	    listen(s->listener, BACKLOG) == -1 ||
	    getsockname(s->listener, (struct sockaddr *)&in, &len) == -1)
		err(1, "sink: 127.0.0.1");
	s->port = ntohs(in.sin_port);
}

/*
 * Session tickets would be sent after the handshake, and be counted as another
 * round trip: no client here resumes a session.
 */
static SSL_CTX *
tls_context(const struct sink_options *o)
{
	SSL_CTX	*ctx;

	if (o->security == IN_CLEAR)
		return NULL;
	ctx = SSL_CTX_new(TLS_server_method());
	if (ctx == NULL || SSL_CTX_use_certificate_chain_file(ctx,
	    o->certificate) != 1 || SSL_CTX_use_PrivateKey_file(ctx, o->key,
	    SSL_FILETYPE_PEM) != 1 || SSL_CTX_set_num_tickets(ctx, 0) != 1)
		errx(1, "sink: cannot use %s", o->certificate);
	return ctx;
}

static struct board *
new_board(void)
{
	struct board		*b = mmap(NULL, sizeof(*b),
				    PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t	 mutex;
	pthread_condattr_t	 cond;

	if (b == MAP_FAILED)
		err(1, "sink");
	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&b->lock, &mutex);
	pthread_condattr_init(&cond);
	pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
	pthread_condattr_setclock(&cond, CLOCK_MONOTONIC);
	pthread_cond_init(&b->changed, &cond);
	return b;
}

struct sink *
sink_start(const struct sink_options *o)
{
	struct sink	*s = memory_new(1, sizeof(*s));

	s->options = *o;
	s->tls = tls_context(o);
	s->board = new_board();
	listen_on_loopback(s);
	fflush(NULL);
	s->pid = fork();
	if (s->pid == -1)
		err(1, "sink: fork");
	if (s->pid == 0)
		run(s);
	close(s->listener);
	return s;
}

void
sink_stop(struct sink *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	munmap(s->board, sizeof(*s->board));
	SSL_CTX_free(s->tls);
	free(s);
}

uint16_t
sink_port(const struct sink *s)
{
	return s->port;
}

void
sink_reset(struct sink *s)
{
	pthread_mutex_lock(&s->board->lock);
	s->board->counts = (struct sink_counts){ 0 };
	pthread_mutex_unlock(&s->board->lock);
}

struct sink_counts
sink_counts(struct sink *s)
{
	struct sink_counts	n;

	pthread_mutex_lock(&s->board->lock);
	n = s->board->counts;
	pthread_mutex_unlock(&s->board->lock);
	return n;
}

bool
sink_wait(struct sink *s, uint64_t recipients, int64_t deadline_ns)
{
	struct board	*b = s->board;
	struct timespec	 end = { deadline_ns / 1000000000,
			    deadline_ns % 1000000000 };
	bool		 arrived;

	pthread_mutex_lock(&b->lock);
	while (b->counts.recipients < recipients &&
	    pthread_cond_timedwait(&b->changed, &b->lock, &end) == 0)
		;
	arrived = b->counts.recipients >= recipients;
	pthread_mutex_unlock(&b->lock);
	return arrived;
}

void
sink_hold(struct sink *s, bool hold)
{
	pthread_mutex_lock(&s->board->lock);
	s->board->hold = hold;
	pthread_cond_broadcast(&s->board->changed);
	pthread_mutex_unlock(&s->board->lock);
}
