#include "net/socks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/buffer.h"
#include "util/clock.h"
#include "util/interrupt.h"
#include "util/visible.h"

enum {
	VERSION_5 = 5,
	AUTH_VERSION = 1,		/* RFC 1929 */
	METHOD_NONE = 0,
	METHOD_PASSWORD = 2,
	METHOD_REFUSED = 0xff,
	COMMAND_CONNECT = 1,
	ADDRESS_IPV4 = 1,
	ADDRESS_NAME = 3,
	ADDRESS_IPV6 = 4,
	REPLY_RULES = 2,
	SHOWN_MAX = 80,			/* octets of a reply in a text */
};

/* A dialogue with the proxy. */
struct socks {
	int			 fd;
	int64_t			 timeout_ms;
	int64_t			 deadline;	/* 0: none */
	struct interrupt	*interrupt;
	const char		*awaited;	/* from the proxy, for a text */
	enum socks_cause	 closing;	/* the cause if it closes */
	struct failure		*why;
};

static bool socks_failed(struct socks *, int status, enum socks_cause,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static bool
socks_failed(struct socks *s, int status, enum socks_cause cause,
    const char *fmt, ...)
{
	char	text[512];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	failed(s->why, status, "%s", text);
	s->why->cause = cause;
	return false;
}

static bool
wait_for(struct socks *s, short events)
{
	struct pollfd	p[2] = {
		{ .fd = s->fd, .events = events },
		{ .fd = s->interrupt != NULL ? s->interrupt->fd : -1,
		    .events = POLLIN },
	};

	for (;;) {
		int64_t	left = -1;
		int	n;

		if (s->deadline > 0 && (left = s->deadline - clock_ms()) <= 0)
			return socks_failed(s, EX_TEMPFAIL, s->closing ==
			    SOCKS_CAUSE_LOGIN ? SOCKS_CAUSE_PROXY : s->closing,
			    "no %s within %lld s", s->awaited,
			    (long long)(s->timeout_ms + 999) / 1000);
		n = poll(p, 2, (int)interrupt_limit_wait(s->interrupt, left));
		if (n > 0 && p[0].revents != 0)
			return true;
		if (interrupt_came(s->interrupt))
			return interrupt_failed(s->interrupt, s->why);
	}
}

static bool
is_try_again(void)
{
	return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
}

/*
 * Sends the request, and wipes it.  awaited is what the proxy must send, and
 * closing the cause if it closes the connection instead.
 */
static bool
send_request(struct socks *s, struct buffer *request, const char *awaited,
    enum socks_cause closing)
{
	size_t	done = 0;
	bool	good = true;

	s->awaited = awaited;
	s->closing = closing;
	while (good && done < request->len) {
		ssize_t	n = send(s->fd, request->data + done,
			    request->len - done, MSG_NOSIGNAL);

		if (n >= 0)
			done += (size_t)n;
		else if (is_try_again())
			good = wait_for(s, POLLOUT);
		else
			good = socks_failed(s, EX_TEMPFAIL, SOCKS_CAUSE_PROXY,
			    "the proxy closed the connection");
	}
	buffer_wipe(request);
	return good;
}

/* Receives exactly len octets: those after them are for the session. */
static bool
receive(struct socks *s, unsigned char *to, size_t len)
{
	for (size_t done = 0; done < len; ) {
		ssize_t	n = recv(s->fd, to + done, len - done, 0);

		if (n > 0)
			done += (size_t)n;
		else if (n == -1 && is_try_again()) {
			if (!wait_for(s, POLLIN))
				return false;
		} else
			return socks_failed(s, EX_TEMPFAIL, s->closing,
			    n == 0 ? "the proxy closed the connection without "
			    "a %s" : "the proxy reset the connection without a "
			    "%s", s->awaited);
	}
	return true;
}

/* Shows the line of a server that speaks another protocol, such as HTTP. */
static bool
fail_protocol(struct socks *s, const unsigned char *begin, size_t len)
{
	char	line[SHOWN_MAX], shown[4 * SHOWN_MAX];
	ssize_t	n;
	size_t	shorter = 0;

	memcpy(line, begin, len);
	n = recv(s->fd, line + len, sizeof(line) - len, 0);
	if (n > 0)
		len += (size_t)n;
	while (shorter < len && line[shorter] != '\r' && line[shorter] != '\n')
		shorter++;
	return socks_failed(s, EX_PROTOCOL, SOCKS_CAUSE_PROTOCOL, "the server "
	    "does not speak SOCKS5: it sent \"%s\"",
	    visible(shown, sizeof(shown), line, shorter));
}

/* RFC 1929. */
static bool
log_in(struct socks *s, const struct socks_proxy *proxy)
{
	struct buffer	request = { 0 };
	unsigned char	reply[2];

	buffer_add_byte(&request, AUTH_VERSION);
	buffer_add_byte(&request, (char)strlen(proxy->user));
	buffer_add_text(&request, proxy->user);
	buffer_add_byte(&request, (char)strlen(proxy->password));
	buffer_add_text(&request, proxy->password);
	if (!send_request(s, &request, "reply to the user and the password",
	    SOCKS_CAUSE_LOGIN) || !receive(s, reply, sizeof(reply)))
		return false;
	return reply[1] == 0 || socks_failed(s, EX_CONFIG, SOCKS_CAUSE_LOGIN,
	    "the proxy refused the user or the password");
}

/* Agrees on a method (RFC 1928 section 3), and logs in if it requires that. */
static bool
begin(struct socks *s, const struct socks_proxy *proxy)
{
	bool		has_user = proxy->user != NULL;
	struct buffer	request = { 0 };
	unsigned char	reply[2];

	buffer_add_byte(&request, VERSION_5);
	buffer_add_byte(&request, has_user ? 2 : 1);
	buffer_add_byte(&request, METHOD_NONE);
	if (has_user)
		buffer_add_byte(&request, METHOD_PASSWORD);
	if (!send_request(s, &request, "reply to the first request",
	    SOCKS_CAUSE_PROXY) ||
	    !receive(s, reply, sizeof(reply)))
		return false;
	if (reply[0] != VERSION_5)
		return fail_protocol(s, reply, sizeof(reply));
	if (reply[1] == METHOD_NONE)
		return true;
	if (reply[1] == METHOD_PASSWORD && has_user)
		return log_in(s, proxy);
	if (reply[1] == METHOD_REFUSED)
		return socks_failed(s, EX_CONFIG, SOCKS_CAUSE_NO_METHOD,
		    has_user ? "the proxy accepts neither a password nor "
		    "connections without authentication" :
		    "the proxy requires authentication");
	return fail_protocol(s, reply, sizeof(reply));
}

/* The words of RFC 1928 section 6, where they are clear. */
static bool
fail_reply(struct socks *s, unsigned reply)
{
	static const char *const	words[] = {
		NULL,
		"failure of the proxy",
		"its rules do not allow this connection",
		"network unreachable",
		"host unreachable, or its name does not exist",
		"connection refused",
		"timed out",
		"it does not support CONNECT",
		"it does not support this type of address",
	};
	bool	is_known = reply < sizeof(words) / sizeof(words[0]);

	return socks_failed(s, EX_TEMPFAIL, reply == REPLY_RULES ?
	    SOCKS_CAUSE_RULES : SOCKS_CAUSE_HOST, "the proxy did not connect: "
	    "%s (reply %u)", is_known ? words[reply] : "unknown reason", reply);
}

/* The name, or the address without a lookup; false if it cannot be sent. */
static bool
add_host(struct socks *s, struct buffer *request, const char *host)
{
	size_t		len = strlen(host);
	struct in_addr	ip4;
	struct in6_addr	ip6;

	if (inet_pton(AF_INET, host, &ip4) == 1) {
		buffer_add_byte(request, ADDRESS_IPV4);
		buffer_add(request, &ip4, sizeof(ip4));
	} else if (inet_pton(AF_INET6, host, &ip6) == 1) {
		buffer_add_byte(request, ADDRESS_IPV6);
		buffer_add(request, &ip6, sizeof(ip6));
	} else if (strchr(host, '%') != NULL) {
		return socks_failed(s, EX_CONFIG, SOCKS_CAUSE_HOST,
		    "an address with a zone cannot be used with a proxy");
	} else if (len > SOCKS_NAME_MAX) {
		return socks_failed(s, EX_CONFIG, SOCKS_CAUSE_HOST,
		    "the host name is too long for a proxy");
	} else {
		buffer_add_byte(request, ADDRESS_NAME);
		buffer_add_byte(request, (char)len);
		buffer_add(request, host, len);
	}
	return true;
}

/* Receives the address to which the proxy is bound, which is not used. */
static bool
skip_address(struct socks *s, const unsigned char *reply, size_t len)
{
	unsigned char	address[UINT8_MAX + 2];	/* and the port */
	unsigned char	n;

	switch (reply[3]) {
	case ADDRESS_IPV4:
		return receive(s, address, 4 + 2);
	case ADDRESS_IPV6:
		return receive(s, address, 16 + 2);
	case ADDRESS_NAME:
		return receive(s, &n, 1) && receive(s, address, n + 2U);
	default:
		return fail_protocol(s, reply, len);
	}
}

/* RFC 1928 sections 4 to 6. */
static bool
request_host(struct socks *s, const struct endpoint *host)
{
	struct buffer	request = { 0 };
	unsigned char	reply[4];

	buffer_add_byte(&request, VERSION_5);
	buffer_add_byte(&request, COMMAND_CONNECT);
	buffer_add_byte(&request, 0);
	if (!add_host(s, &request, host->host)) {
		buffer_free(&request);
		return false;
	}
	buffer_add_byte(&request, (char)(host->port >> 8));
	buffer_add_byte(&request, (char)(host->port & 0xff));
	if (!send_request(s, &request, "reply to the request to connect",
	    SOCKS_CAUSE_HOST) ||
	    !receive(s, reply, sizeof(reply)))
		return false;
	if (reply[0] != VERSION_5)
		return fail_protocol(s, reply, sizeof(reply));
	if (reply[1] != 0)
		return fail_reply(s, reply[1]);
	return skip_address(s, reply, sizeof(reply));
}

bool
socks_negotiate(int fd, const struct socks_proxy *proxy,
    const struct endpoint *host, const struct connect_options *options,
    struct failure *why)
{
	struct socks	s = { .fd = fd, .timeout_ms = options->timeout_ms,
			    .interrupt = options->interrupt, .why = why };

	if (options->timeout_ms > 0)
		s.deadline = clock_ms() + options->timeout_ms;
	return begin(&s, proxy) && request_host(&s, host);
}

int
socks_connect(const struct socks_proxy *proxy, const struct endpoint *host,
    const struct connect_options *options, struct failure *why)
{
	int	fd = connect_to(&proxy->at, options, why);

	if (fd == -1) {
		if (why->cause == CONNECT_CAUSE_UNREACHABLE)
			why->cause = SOCKS_CAUSE_PROXY;
		return -1;
	}
	if (socks_negotiate(fd, proxy, host, options, why))
		return fd;
	close(fd);
	return -1;
}
