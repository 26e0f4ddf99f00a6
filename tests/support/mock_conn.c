#include "support/mock_conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/clock.h"

void
mock_conn_open(struct mock_conn *p, size_t n_open)
{
	int	on = 1;

	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	p->said = true;
	p->round_trips = 1;		/* SYN and its answer */
	mock_conn_event(p, EVENT_ACCEPTED, n_open, 0, NULL, 0);
}

void
mock_conn_close(struct mock_conn *p)
{
	if (p->fd != -1)
		close(p->fd);
	p->fd = -1;
	SSL_free(p->ssl);
	p->ssl = NULL;
	buffer_free(&p->out);
	mock_conn_event(p, EVENT_CLOSED, p->ending, 0, NULL, 0);
}

void
mock_conn_event(const struct mock_conn *p, enum event_kind kind, uint64_t a,
    uint64_t b, const void *bytes, size_t len)
{
	struct event	event = {
		.kind = kind, .connection = p->connection,
		.a = a, .b = b, .len = len,
	};

	event_log_add(p->events, &event, bytes);
}

static void
ends(struct mock_conn *p, enum ending how)
{
	if (p->ending == STILL_OPEN)
		p->ending = how;
}

static bool
readable(const struct mock_conn *p, int ms)
{
	struct pollfd	pfd = { .fd = p->fd, .events = POLLIN };

	return poll(&pfd, 1, ms) > 0;
}

/*
 * Output is written before we wait for the client, which may be waiting, too,
 * even within a line (a TLS client hello is not a line).  Within a TLS record,
 * a line, a chunk or a message, the client does not need our reply to
 * continue, so its flight and its round trip continue.
 */
static bool
flush_before_waiting(struct mock_conn *p)
{
	bool		within = p->in_body || p->end > p->start ||
			    (p->ssl != NULL && SSL_has_pending(p->ssl));
	bool		said = p->said, wrote = p->wrote;
	unsigned	round_trips = p->round_trips;

	if (!mock_conn_flush(p))
		return false;
	if (within) {
		p->said = said;
		p->wrote = wrote;
		p->round_trips = round_trips;
	}
	return true;
}

/* Reads from the socket; returns 0 at the end of the connection. */
static size_t
read_raw(struct mock_conn *p, void *to, size_t room)
{
	ssize_t	n;

	if (p->out.len > 0 && !readable(p, 0) && !flush_before_waiting(p))
		return 0;
	do
		n = recv(p->fd, to, room, 0);
	while (n == -1 && errno == EINTR);
	if (n <= 0) {
		ends(p, n == -1 ? CLIENT_RESET :
		    p->ssl != NULL ? CLIENT_CUT : CLIENT_CLOSED);
		return 0;
	}
	p->wrote = false;
	return (size_t)n;
}

bool
mock_conn_write_raw(struct mock_conn *p, const void *data, size_t len)
{
	const char	*at = data;
	ssize_t		 n;

	if (len > 0 && !p->wrote) {
		p->wrote = true;
		p->round_trips++;
	}
	for (; len > 0; at += n, len -= (size_t)n) {
		n = send(p->fd, at, len, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			n = 0;
		if (n == -1) {
			ends(p, CLIENT_RESET);
			return false;
		}
	}
	return true;
}

/* Sends the output of OpenSSL. */
static bool
write_tls(struct mock_conn *p)
{
	BIO	*bio = SSL_get_wbio(p->ssl);
	char	*data;
	long	 len = BIO_get_mem_data(bio, &data);
	bool	 ok = mock_conn_write_raw(p, data, (size_t)len);

	(void)BIO_reset(bio);
	return ok;
}

/* Feeds OpenSSL from the wire. */
static bool
feed_tls(struct mock_conn *p)
{
	char	block[65536];
	size_t	n = read_raw(p, block, sizeof(block));

	return n > 0 && BIO_write(SSL_get_rbio(p->ssl), block, (int)n) > 0;
}

static size_t
read_tls(struct mock_conn *p, void *to, size_t room)
{
	for (;;) {
		int	n = SSL_read(p->ssl, to, (int)room);

		if (n > 0)
			return (size_t)n;
		switch (SSL_get_error(p->ssl, n)) {
		case SSL_ERROR_WANT_READ:
			if (!feed_tls(p))
				return 0;
			break;
		case SSL_ERROR_ZERO_RETURN:
			ends(p, CLIENT_CLOSED);
			return 0;
		default:
			ERR_clear_error();
			ends(p, CLIENT_CUT);
			return 0;
		}
	}
}

bool
mock_conn_fill(struct mock_conn *p)
{
	size_t	n;

	if (p->start > 0) {
		memmove(p->in, p->in + p->start, p->end - p->start);
		p->end -= p->start;
		p->start = 0;
	}
	n = p->ssl != NULL ?
	    read_tls(p, p->in + p->end, MOCK_CONN_ROOM - p->end) :
	    read_raw(p, p->in + p->end, MOCK_CONN_ROOM - p->end);
	if (n == 0)
		return false;
	if (p->in_body && p->script->discard)
		mock_conn_event(p, EVENT_SKIPPED, p->said, n, NULL, 0);
	else
		mock_conn_event(p, EVENT_READ, p->said, 0, p->in + p->end, n);
	p->said = false;
	p->end += n;
	return true;
}

bool
mock_conn_pending(const struct mock_conn *p, int ms)
{
	if (p->ssl != NULL && (SSL_has_pending(p->ssl) ||
	    BIO_ctrl_pending(SSL_get_rbio(p->ssl)) > 0))
		return true;
	return readable(p, ms);
}

void
mock_conn_take(struct mock_conn *p, size_t n)
{
	p->start += n;
	p->taken += n;
}

void
mock_conn_say(struct mock_conn *p, const void *data, size_t len)
{
	buffer_add(&p->out, data, len);
}

bool
mock_conn_send(struct mock_conn *p, const void *data, size_t len)
{
	p->said = true;
	if (p->ssl == NULL)
		return mock_conn_write_raw(p, data, len);
	return SSL_write(p->ssl, data, (int)len) > 0 && write_tls(p);
}

bool
mock_conn_flush(struct mock_conn *p)
{
	bool	ok;

	if (p->out.len == 0)
		return true;
	/* The event comes first: a test that sees the reply must find it. */
	mock_conn_event(p, EVENT_SAID, 0, 0, p->out.data, p->out.len);
	ok = mock_conn_send(p, p->out.data, p->out.len);
	buffer_clear(&p->out);
	return ok;
}

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static void
tell_tls(struct mock_conn *p)
{
	struct buffer	 facts = { 0 };
	char		 name[256] = "";
	X509		*cert = SSL_get1_peer_certificate(p->ssl);

	if (cert != NULL)
		X509_NAME_get_text_by_NID(X509_get_subject_name(cert),
		    NID_commonName, name, sizeof(name));
	X509_free(cert);
	buffer_addf(&facts, "%s%c%s%c%s%c%s", SSL_get_version(p->ssl), 0,
	    SSL_get_cipher(p->ssl), 0, or_empty(SSL_get_servername(p->ssl,
	    TLSEXT_NAMETYPE_host_name)), 0, name);
	mock_conn_event(p, EVENT_TLS, 0, 0, facts.data, facts.len);
	buffer_free(&facts);
}

static void
tell_tls_failure(struct mock_conn *p)
{
	unsigned long	code = ERR_get_error();
	const char	*why = code != 0 ? ERR_reason_error_string(code) : NULL;

	if (why == NULL)
		why = "the client left";
	mock_conn_event(p, EVENT_TLS_FAILED, 0, 0, why, strlen(why));
	ERR_clear_error();
}

static bool
handshake(struct mock_conn *p)
{
	for (;;) {
		int	n = SSL_accept(p->ssl);

		if (n == 1)
			return true;
		if (SSL_get_error(p->ssl, n) != SSL_ERROR_WANT_READ) {
			write_tls(p);			/* the alert */
			return false;
		}
		if (!write_tls(p) || !feed_tls(p))
			return false;
	}
}

bool
mock_conn_start_tls(struct mock_conn *p, SSL_CTX *ctx)
{
	BIO	*rbio = BIO_new(BIO_s_mem()), *wbio = BIO_new(BIO_s_mem());

	BIO_set_mem_eof_return(rbio, -1);
	p->ssl = SSL_new(ctx);
	SSL_set_bio(p->ssl, rbio, wbio);
	mock_conn_take(p, p->end - p->start);	/* ignore input */
	if (!handshake(p)) {
		tell_tls_failure(p);
		return false;
	}
	tell_tls(p);
	/* TLS 1.3: only tickets; TLS 1.2: our Finished. */
	if (SSL_version(p->ssl) >= TLS1_3_VERSION &&
	    !p->script->tickets_at_once)
		return true;
	return write_tls(p);
}

bool
mock_conn_wait(struct mock_conn *p, bool for_release, int ms)
{
	int64_t		end = clock_ms() + ms;
	struct pollfd	pfd[2] = {
		{ .fd = p->fd, .events = POLLRDHUP },
		{ .fd = for_release ? p->release : -1, .events = POLLIN },
	};
	uint64_t	one;

	for (;;) {
		int	left = ms == -1 ? -1 : (int)(end - clock_ms());

		if (ms != -1 && left <= 0)
			return true;
		if (poll(pfd, 2, left) <= 0)
			continue;
		if ((pfd[1].revents & POLLIN) != 0 &&
		    read(p->release, &one, sizeof(one)) == sizeof(one))
			return true;
		if (pfd[0].revents != 0)
			return false;
	}
}

void
mock_conn_drain(struct mock_conn *p)
{
	do
		mock_conn_take(p, p->end - p->start);
	while (mock_conn_fill(p));
}

static void
reset(struct mock_conn *p)
{
	struct linger	at_once = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static void
say_close_notify(struct mock_conn *p)
{
	if (p->ssl == NULL)
		return;
	SSL_shutdown(p->ssl);
	ERR_clear_error();
	write_tls(p);
}

void
mock_conn_end(struct mock_conn *p, enum sequel how)
{
	switch (how) {
	case THEN_GO_ON:
		break;
	case THEN_CLOSE:
		say_close_notify(p);
		break;
	case THEN_CUT:
		break;
	case THEN_RESET:
		reset(p);
		break;
	case THEN_SHUT:
		say_close_notify(p);
		shutdown(p->fd, SHUT_WR);
		mock_conn_drain(p);
		break;
	case THEN_HANG:
		mock_conn_wait(p, true, -1);
		mock_conn_drain(p);
		break;
	}
	ends(p, WE_CLOSED);
	if (p->fd != -1)
		close(p->fd);
	p->fd = -1;
}
