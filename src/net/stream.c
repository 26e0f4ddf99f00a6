#include "net/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#ifdef __linux__
#include <sys/sendfile.h>
#endif
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "net/tls.h"
#include "util/clock.h"
#include "util/interrupt.h"

/* Clears everything except the input buffer, which would take time. */
static void
stream_init(struct stream *s, int in, int out)
{
	memset(s, 0, offsetof(struct stream, in));
	s->fd = in;
	s->fd_out = out;
}

void
stream_open(struct stream *s, int fd)
{
	int	flags = fcntl(fd, F_GETFL);

	if (!(flags & O_NONBLOCK))
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	stream_open_nonblocking(s, fd);
}

void
stream_open_nonblocking(struct stream *s, int fd)
{
	stream_init(s, fd, fd);
}

void
stream_open_pair(struct stream *s, int in, int out)
{
	stream_init(s, in, out);
	s->is_pair = true;
}

void
stream_set_interrupt(struct stream *s, struct interrupt *interrupt)
{
	s->interrupt = interrupt;
}

void
stream_set_grace(struct stream *s, int64_t ms)
{
	s->grace = ms;
}

void
stream_set_timeout(struct stream *s, int64_t ms)
{
	s->timeout = ms;
	s->deadline = ms > 0 ? clock_ms() + ms : 0;
	s->per_wait = s->no_input = false;
}

void
stream_set_wait_timeout(struct stream *s, int64_t ms)
{
	stream_set_timeout(s, ms);
	s->per_wait = true;
}

void
stream_expect_no_input(struct stream *s)
{
	s->no_input = true;
}

/* For how long a wait may continue after a signal, from its first wait. */
static int64_t
grace_left(struct stream *s, short events)
{
	int64_t	left;

	if (s->grace == 0 || events == POLLIN)
		return 0;
	if (s->grace_end == 0)
		s->grace_end = clock_ms() + s->grace;
	left = s->grace_end - clock_ms();
	return left > 0 ? left : 0;
}

/*
 * The event that a read waits for.  If TLS has to write before it can read, it
 * leaves the input in the socket: a wait for input would end at once, and in
 * vain.
 */
static short
read_event(const struct stream *s)
{
	return s->write_first ? POLLOUT : POLLIN;
}

static enum tls_result
read_module(struct stream *s, char *to, size_t room, size_t *got,
    struct failure *why)
{
	enum tls_result	result = s->module->read(s->tls, to, room, got, why);

	s->write_first = result == TLS_WANT_WRITE;
	return result;
}

/*
 * Haraka and other servers write the replies to a flight one by one, without
 * TCP_NODELAY: the second reply is not sent before the first one has been
 * acknowledged, which Linux delays by 40 ms.  A reply that is not the last one
 * is therefore acknowledged at once.  50 queued messages to Haraka take 0.3 s
 * instead of 2.9 s.
 */
static void
acknowledge(const struct stream *s)
{
#ifdef TCP_QUICKACK
	int	on = 1;

	if (s->heard && s->ahead_max > 0)
		setsockopt(s->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
#else
	(void)s;
#endif
}

/*
 * Waits until the descriptor is ready, which is checked first, or until the
 * deadline or a signal.  *ready: the events that have ended the wait.
 */
static bool
wait_until(struct stream *s, short events, short *ready, struct failure *why)
{
	struct pollfd	p[2] = {
		{ .fd = events == POLLIN ? s->fd : s->fd_out },
		{ .fd = s->interrupt != NULL ? s->interrupt->fd : -1,
		    .events = POLLIN },
	};

	if (events == POLLIN)
		acknowledge(s);
	if (s->per_wait && s->timeout > 0)
		s->deadline = clock_ms() + s->timeout;
	for (;;) {
		int64_t	left = -1;
		int	n;

		if (s->deadline > 0) {
			left = s->deadline - clock_ms();
			if (left <= 0)
				break;
			if (left > 3600 * 1000)
				left = 3600 * 1000;
		}
		left = interrupt_limit_wait(s->interrupt, left);
		if (interrupt_is_known(s->interrupt)) {
			int64_t	most = grace_left(s, events);

			p[1].fd = -1;
			if (left < 0 || left > most)
				left = most;
		}
		p[0].events = s->no_input ? events | read_event(s) : events;
		n = poll(p, 2, (int)left);
		*ready = p[0].revents;
		if (n > 0 && (*ready & (events | POLLERR | POLLHUP)) != 0)
			return true;
		if (interrupt_came(s->interrupt) &&
		    grace_left(s, events) == 0)
			return interrupt_failed(s->interrupt, why);
		/* A session ticket is not input; this has consumed it. */
		if (n > 0 && *ready != 0 && stream_is_readable(s))
			return failed(why, EX_TEMPFAIL, "the server stopped "
			    "reading");
		if (n == -1 && errno != EINTR)
			return failed_errno(why, EX_OSERR, "poll");
	}
	return failed(why, EX_TEMPFAIL, "timed out after %lld s",
	    (long long)(s->timeout + 999) / 1000);
}

static bool
wait_for(struct stream *s, short events, struct failure *why)
{
	short	ready;

	return wait_until(s, events, &ready, why);
}

static bool
connection_failed(struct failure *why)
{
	if (errno == EPIPE || errno == ECONNRESET)
		return failed(why, EX_TEMPFAIL, "the connection was reset");
	return failed_errno(why, EX_TEMPFAIL, "connection lost");
}

/*
 * If the peer sends records without data, such as key updates, without a pause,
 * no wait notices a signal; therefore, this function checks for one.
 */
static ssize_t
read_tls(struct stream *s, char *to, size_t room, struct failure *why)
{
	const int	most = 16;	/* about the packets of a record */

	for (int waits = 0;; waits++) {
		size_t	got;

		if (waits >= most && interrupt_came(s->interrupt)) {
			interrupt_failed(s->interrupt, why);
			return -1;
		}
		switch (read_module(s, to, room, &got, why)) {
		case TLS_DONE:
			return (ssize_t)got;
		case TLS_CLOSED:
			return 0;
		case TLS_FAILED:
			return -1;
		case TLS_WANT_READ:
		case TLS_WANT_WRITE:
			if (!wait_for(s, read_event(s), why))
				return -1;
			break;
		}
	}
}

/* Reads from the connection, not from the input buffer. */
static ssize_t
read_connection(struct stream *s, char *to, size_t room, struct failure *why)
{
	ssize_t	n;

	if (s->eof)
		return 0;
	if (s->lost.status != 0) {
		*why = s->lost;
		return -1;
	}
	if (s->tls != NULL) {
		n = read_tls(s, to, room, why);
	} else {
		if (s->is_pair && !wait_for(s, POLLIN, why))
			return -1;
		while ((n = read(s->fd, to, room)) == -1) {
			if (errno == EINTR)
				continue;
			if (errno != EAGAIN && errno != EWOULDBLOCK) {
				connection_failed(why);
				return -1;
			}
			if (!wait_for(s, POLLIN, why))
				return -1;
		}
	}
	s->eof = n == 0;
	return n;
}

/* The number of octets that were read during writes, and not used yet. */
static size_t
ahead(const struct stream *s)
{
	return s->ahead.len - s->ahead_start;
}

void
stream_read_while_writing(struct stream *s, size_t most)
{
	s->ahead_max = most;
}

/*
 * Reads once, without waiting, in addition to the octets that were read before.
 * Returns true if more input may have arrived.  Otherwise, sets .eof or .lost
 * if no more can arrive.
 */
static bool
read_more(struct stream *s)
{
	char	*to = buffer_room(&s->ahead, STREAM_IN);
	size_t	 got = 0;
	ssize_t	 n;

	if (s->tls != NULL) {
		switch (read_module(s, to, STREAM_IN, &got, &s->lost)) {
		case TLS_DONE:
			s->ahead.len += got;
			return true;
		case TLS_CLOSED:
			s->eof = true;
			return false;
		case TLS_FAILED:
		case TLS_WANT_READ:
		case TLS_WANT_WRITE:
			return false;
		}
	}
	while ((n = read(s->fd, to, STREAM_IN)) == -1 && errno == EINTR)
		continue;
	if (n > 0)
		s->ahead.len += (size_t)n;
	else if (n == 0)
		s->eof = true;
	else if (errno != EAGAIN && errno != EWOULDBLOCK)
		connection_failed(&s->lost);
	return n > 0;
}

static void
read_meanwhile(struct stream *s)
{
	while (ahead(s) < s->ahead_max && read_more(s))
		continue;
}

static bool
is_over(const struct stream *s)
{
	return s->eof || s->lost.status != 0;
}

/* No output can be sent any more; the reader finds out why. */
static bool
discards_output(const struct stream *s)
{
	return s->ahead_max > 0 && !s->no_input && is_over(s);
}

/*
 * Waits until a write can continue; if discards_output() is true after that,
 * it cannot.  *in_vain: the last wait of this write ended without room for
 * output, because there was input, or TLS records without data.  This is not
 * progress, so the deadline remains.  As it can be repeated without a pause, no
 * wait may notice a signal; therefore, this function checks for one.
 */
static bool
wait_to_write(struct stream *s, bool *in_vain, struct failure *why)
{
	bool	per_wait = s->per_wait;
	bool	reads = !s->no_input && !is_over(s) && ahead(s) < s->ahead_max;
	short	ready;
	bool	good;

	if (*in_vain && interrupt_came(s->interrupt))
		return interrupt_failed(s->interrupt, why);
	s->per_wait = per_wait && !*in_vain;
	good = wait_until(s, reads ? read_event(s) | POLLOUT : POLLOUT, &ready,
	    why);
	s->per_wait = per_wait;
	if (!good)
		return false;
	if (reads)
		read_meanwhile(s);
	*in_vain = (ready & POLLOUT) == 0;
	return true;
}

/* Copies from the octets that were read during a write. */
static ssize_t
take_ahead(struct stream *s)
{
	size_t	n = ahead(s) < sizeof(s->in) ? ahead(s) : sizeof(s->in);

	memcpy(s->in, s->ahead.data + s->ahead_start, n);
	s->ahead_start += n;
	if (ahead(s) == 0) {
		buffer_wipe(&s->ahead);
		s->ahead_start = 0;
	}
	return (ssize_t)n;
}

/* The input buffer has n octets, of which none has been used. */
static void
set_input(struct stream *s, size_t n)
{
	s->in_start = 0;
	s->in_end = n;
	if (s->in_used < n)
		s->in_used = n;
}

static ssize_t
read_ahead(struct stream *s, struct failure *why)
{
	ssize_t	n = ahead(s) > 0 ? take_ahead(s) :
		    read_connection(s, s->in, sizeof(s->in), why);

	set_input(s, n > 0 ? (size_t)n : 0);
	s->heard |= n > 0;
	return n;
}

enum stream_result
stream_read_line(struct stream *s, struct buffer *line, size_t limit,
    bool *bare_lf, struct failure *why)
{
	size_t	start = line->len;

	for (;;) {
		const char	*from = s->in + s->in_start;
		size_t		 have = s->in_end - s->in_start;
		const char	*lf = memchr(from, '\n', have);
		size_t		 n = lf != NULL ? (size_t)(lf - from) : have;
		ssize_t		 got;

		if (line->len - start + n > limit)
			return STREAM_LONG;
		buffer_add(line, from, n);
		s->in_start += n + (lf != NULL);
		if (lf != NULL)
			break;
		if ((got = read_ahead(s, why)) == -1)
			return STREAM_FAILED;
		if (got == 0)
			return STREAM_CLOSED;
	}
	if (bare_lf != NULL)
		*bare_lf = true;
	if (line->len > start && line->data[line->len - 1] == '\r') {
		line->data[--line->len] = '\0';
		if (bare_lf != NULL)
			*bare_lf = false;
	}
	return STREAM_LINE;
}

ssize_t
stream_peek(struct stream *s, const char **data, struct failure *why)
{
	ssize_t	n = 1;

	if (s->in_start == s->in_end)
		n = read_ahead(s, why);
	if (n <= 0)
		return n;
	*data = s->in + s->in_start;
	return (ssize_t)(s->in_end - s->in_start);
}

void
stream_consume(struct stream *s, size_t n)
{
	s->in_start += n;
}

bool
stream_has_input(const struct stream *s)
{
	return s->in_end > s->in_start || ahead(s) > 0;
}

bool
stream_has_line(const struct stream *s)
{
	return memchr(s->in + s->in_start, '\n', s->in_end - s->in_start) !=
	    NULL;
}

/*
 * With TLS, the descriptor can be readable because of a session ticket, and the
 * module can hold a reply while the descriptor is not readable.  Therefore this
 * function reads from the module, which never waits.
 */
static bool
is_readable_tls(struct stream *s)
{
	size_t	got = 0;

	switch (read_module(s, s->in, sizeof(s->in), &got, &s->lost)) {
	case TLS_DONE:
		set_input(s, got);
		return true;
	case TLS_CLOSED:
		s->eof = true;
		return true;
	case TLS_FAILED:
		return true;
	case TLS_WANT_READ:
	case TLS_WANT_WRITE:
		break;
	}
	return false;
}

bool
stream_is_readable(struct stream *s)
{
	struct pollfd	p = { .fd = s->fd, .events = POLLIN };

	if (stream_has_input(s) || s->eof || s->lost.status != 0)
		return true;
	return s->tls != NULL ? is_readable_tls(s) : poll(&p, 1, 0) > 0;
}

/* Whether a line, or the end of the input, was read. */
static bool
has_line_or_end(const struct stream *s)
{
	return stream_has_line(s) || is_over(s) || ahead(s) >= s->ahead_max ||
	    (ahead(s) > 0 && memchr(s->ahead.data + s->ahead_start, '\n',
	    ahead(s)) != NULL);
}

bool
stream_wait_line(struct stream *s, int64_t ms)
{
	int64_t		end = clock_ms() + ms;
	struct pollfd	p[2] = {
		{ .fd = s->fd },
		{ .fd = s->interrupt != NULL ? s->interrupt->fd : -1,
		    .events = POLLIN },
	};

	while (!has_line_or_end(s)) {
		int64_t	left = end - clock_ms();

		if (read_more(s) || is_over(s))
			continue;
		if (left <= 0)
			return false;
		left = interrupt_limit_wait(s->interrupt, left);
		p[0].events = read_event(s);
		if (poll(p, 2, (int)left) > 0 && p[1].revents != 0)
			return true;
	}
	return true;
}

/*
 * A server may send a reply before it closes the connection, for example that
 * there were too many errors: the reader gets this reply before the failure.
 */
static ssize_t
write_failed(struct stream *s, size_t len, const struct failure *why)
{
	if (s->ahead_max == 0 || s->no_input)
		return -1;
	read_meanwhile(s);
	if (!is_over(s))
		s->lost = *why;
	return (ssize_t)len;
}

static ssize_t
write_some(struct stream *s, const char *from, size_t len, struct failure *why)
{
	size_t		 put;
	enum tls_result	 result;
	bool		 in_vain = false;
	ssize_t		 n;

	if (discards_output(s))
		return (ssize_t)len;
	if (s->tls == NULL) {
		if (s->is_pair && !wait_for(s, POLLOUT, why))
			return -1;
		while ((n = s->is_pair ? write(s->fd_out, from, len) :
		    send(s->fd, from, len, MSG_NOSIGNAL)) == -1) {
			if (errno == EINTR)
				continue;
			if (errno != EAGAIN && errno != EWOULDBLOCK) {
				connection_failed(why);
				return write_failed(s, len, why);
			}
			if (!wait_to_write(s, &in_vain, why))
				return -1;
			if (discards_output(s))
				return (ssize_t)len;
		}
		return n;
	}
	for (;;) {
		result = s->module->write(s->tls, from, len, &put, why);
		if (result == TLS_DONE)
			return (ssize_t)put;
		if (result == TLS_CLOSED) {
			errno = EPIPE;
			connection_failed(why);
		}
		if (result == TLS_CLOSED || result == TLS_FAILED)
			return write_failed(s, len, why);
		if (result == TLS_WANT_READ ? !wait_for(s, POLLIN, why) :
		    !wait_to_write(s, &in_vain, why))
			return -1;
		if (discards_output(s))
			return (ssize_t)len;
	}
}

static bool
write_all(struct stream *s, const char *from, size_t len, struct failure *why)
{
	s->heard &= len == 0;
	while (len > 0) {
		ssize_t	n = write_some(s, from, len, why);

		if (n == -1)
			return false;
		from += n;
		len -= (size_t)n;
	}
	return true;
}

bool
stream_flush(struct stream *s, struct failure *why)
{
	bool	good = write_all(s, s->out.data, s->out.len, why);

	buffer_clear(&s->out);
	return good;
}

bool
stream_write(struct stream *s, const void *data, size_t len,
    struct failure *why)
{
	const char	*from = data;

	while (s->out.len + len > STREAM_OUT) {
		size_t	n = STREAM_OUT - s->out.len;

		/* With an empty buffer, a large block needs no copy. */
		if (s->out.len == 0) {
			if (!write_all(s, from, n, why))
				return false;
		} else {
			buffer_add(&s->out, from, n);
			if (!stream_flush(s, why))
				return false;
		}
		from += n;
		len -= n;
	}
	buffer_add(&s->out, from, len);
	return true;
}

bool
stream_printf(struct stream *s, struct failure *why, const char *fmt, ...)
{
	struct buffer	text = { 0 };
	va_list		ap;
	bool		good;

	va_start(ap, fmt);
	buffer_vaddf(&text, fmt, ap);
	va_end(ap);
	good = stream_write(s, text.data, text.len, why);
	buffer_wipe(&text);
	return good;
}

static bool
send_file_copied(struct stream *s, int fd, off_t offset, uint64_t len,
    struct failure *why)
{
	char	block[STREAM_OUT];

	while (len > 0) {
		size_t	room = len < sizeof(block) ? (size_t)len :
			    sizeof(block);
		ssize_t	n = pread(fd, block, room, offset);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;	/* the file has been truncated */
		if (n <= 0)
			return failed_errno(why, EX_IOERR,
			    "cannot read the stored message");
		if (!write_all(s, block, (size_t)n, why))
			return false;
		offset += n;
		len -= (uint64_t)n;
	}
	return true;
}

/*
 * Sends as much as the kernel accepts without waiting.  Returns the number of
 * octets, 0 at the end of the file, or -1 with errno; ENOSYS if the system has
 * no sendfile(2) of this kind.
 */
static ssize_t
send_file_in_kernel(int to, int fd, off_t *offset, uint64_t len)
{
#ifdef __linux__
	const uint64_t	most = 0x7ffff000;	/* of one call */

	return sendfile(to, fd, offset, (size_t)(len < most ? len : most));
#else
	(void)to, (void)fd, (void)offset, (void)len;
	errno = ENOSYS;
	return -1;
#endif
}

bool
stream_send_file(struct stream *s, int fd, off_t offset, uint64_t len,
    struct failure *why)
{
	if (!stream_flush(s, why))
		return false;
	while (s->tls == NULL && len > 0) {
		ssize_t	n = send_file_in_kernel(s->fd, fd, &offset, len);

		if (n > 0)
			len -= (uint64_t)n;
		else if (n == 0 || errno == EINVAL || errno == ENOSYS)
			break;
		else if (errno == EAGAIN) {
			if (!wait_for(s, POLLOUT, why))
				return false;
		} else if (errno != EINTR)
			return connection_failed(why);
	}
	return send_file_copied(s, fd, offset, len, why);
}

bool
stream_start_tls(struct stream *s, const struct tls_module *module,
    struct tls *tls, struct failure *why)
{
	enum tls_result	result;

	s->module = module;
	s->tls = tls;
	if (stream_has_input(s))
		return failed(why, EX_PROTOCOL, "the server sent clear "
		    "text after its reply to STARTTLS; an attacker on the "
		    "network may have injected it");
	while ((result = module->handshake(tls, s->fd, why)) != TLS_DONE) {
		if (result == TLS_FAILED)
			return false;
		if (result == TLS_CLOSED)
			return failed(why, EX_TEMPFAIL,
			    "the server closed the connection during the TLS "
			    "handshake");
		if (!wait_for(s, result == TLS_WANT_READ ? POLLIN : POLLOUT,
		    why)) {
			if (!interrupt_is_known(s->interrupt))
				module->unanswered(tls, why);
			return false;
		}
	}
	return true;
}

void
stream_close(struct stream *s)
{
	if (s->tls != NULL)
		s->module->close(s->tls);
	if (s->fd != -1 && !s->is_pair)
		close(s->fd);
	buffer_wipe(&s->out);
	buffer_wipe(&s->ahead);
	explicit_bzero(s->in, s->in_used);
	s->tls = NULL;
	s->fd = -1;
}
