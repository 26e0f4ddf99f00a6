/* The dialogue with a SOCKS5 proxy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "net/socks.h"
#include "support/cases.h"
#include "support/mock_socks.h"

enum { DEADLINE_MS = 30000 };

#define OCTETS(text)	text, sizeof(text) - 1

/* A host name or a user with 255 octets. */
#define TEN(c)		c c c c c c c c c c
#define LONG(c)		TEN(TEN(c)) TEN(TEN(c)) TEN(c) TEN(c) TEN(c) \
			TEN(c) TEN(c) c c c c c

#define CONNECT_NAME	"\5\1\0\3\14mail.example\2\113"

struct socks_case {
	const char	*sentence;
	struct socks_script script;
	const char	*host;		/* NULL: mail.example */
	const char	*user, *password;
	const char	*requests;	/* NULL: not compared */
	size_t		 requests_len;
	int		 status;	/* of the failure; EX_OK: none */
	int		 cause;
	const char	*text;
};

#define REPLIES(octet, because, words) \
	{ because, { .step = { [SOCKS_CONNECT] = \
	    { OCTETS("\5" octet "\0\1\0\0\0\0\0\0"), SOCKS_GO_ON } } }, \
	    .status = EX_TEMPFAIL, .cause = SOCKS_CAUSE_HOST, .text = words }

static const struct socks_case cases[] = {
	{ "a host name is passed to the proxy", { 0 },
	    .requests = "\5\1\0" CONNECT_NAME, .requests_len = 3 + 19 },
	{ "an IPv4 address is passed as four octets", { 0 },
	    .host = "192.0.2.7",
	    .requests = "\5\1\0" "\5\1\0\1\300\0\2\7\2\113",
	    .requests_len = 3 + 10 },
	{ "an IPv6 address is passed as sixteen octets", { 0 },
	    .host = "2001:db8::1", .requests = "\5\1\0" "\5\1\0\4"
	    "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1\2\113",
	    .requests_len = 3 + 22 },
	{ "a host name can have 255 octets", { 0 }, .host = LONG("h"),
	    .requests = "\5\1\0" "\5\1\0\3\377" LONG("h") "\2\113",
	    .requests_len = 3 + 5 + 255 + 2 },
	{ "a host name with 256 octets is refused", { 0 },
	    .host = LONG("h") "h", .status = EX_CONFIG,
	    .cause = SOCKS_CAUSE_HOST,
	    .text = "the host name is too long for a proxy" },
	{ "an address with a zone is refused", { 0 }, .host = "fe80::1%lo",
	    .status = EX_CONFIG, .cause = SOCKS_CAUSE_HOST,
	    .text = "an address with a zone cannot be used with a proxy" },
	{ "the user and the password are sent if the proxy requires them",
	    { .user = "me", .password = "secret" }, .user = "me",
	    .password = "secret", .requests = "\5\2\0\2" "\1\2me\6secret"
	    CONNECT_NAME, .requests_len = 4 + 11 + 19 },
	{ "the user and the password can have 255 octets",
	    { .user = LONG("u"), .password = LONG("p") }, .user = LONG("u"),
	    .password = LONG("p") },
	{ "the password is not sent to a proxy that does not require it",
	    { 0 }, .user = "me", .password = "secret",
	    .requests = "\5\2\0\2" CONNECT_NAME, .requests_len = 4 + 19 },
	{ "a reply may arrive octet by octet",
	    { .user = "me", .password = "x", .dripping = true }, .user = "me",
	    .password = "x" },
	{ "the first octets of the host may arrive with the reply",
	    { .early = true }, .user = NULL },
	{ "the address in the reply may be a long name", { .step = {
	    [SOCKS_CONNECT] = { OCTETS("\5\0\0\3\377" LONG("b") "\0\0"),
	    SOCKS_GO_ON } } }, .user = NULL },
	{ "the address in the reply may be an empty name", { .step = {
	    [SOCKS_CONNECT] = { OCTETS("\5\0\0\3\0\0\0"), SOCKS_GO_ON } } },
	    .user = NULL },
	{ "the address in the reply may be an IPv6 address", { .step = {
	    [SOCKS_CONNECT] = { OCTETS("\5\0\0\4" "0123456789abcdef" "\0\0"),
	    SOCKS_GO_ON } } }, .user = NULL },

	{ "the proxy requires authentication",
	    { .user = "me", .password = "secret" }, .status = EX_CONFIG,
	    .cause = SOCKS_CAUSE_NO_METHOD,
	    .text = "the proxy requires authentication" },
	{ "the proxy accepts no method", { .step = { [SOCKS_METHODS] =
	    { OCTETS("\5\377"), SOCKS_CLOSE } } }, .user = "me",
	    .password = "x", .status = EX_CONFIG,
	    .cause = SOCKS_CAUSE_NO_METHOD, .text = "the proxy accepts neither "
	    "a password nor connections without authentication" },
	{ "the proxy chooses a method that was not offered", { .step = {
	    [SOCKS_METHODS] = { OCTETS("\5\2"), SOCKS_CLOSE } } },
	    .status = EX_PROTOCOL, .cause = SOCKS_CAUSE_PROTOCOL,
	    .text = "the server does not speak SOCKS5: it sent \"\\005\\002\"" },
	{ "the proxy refuses the password",
	    { .user = "me", .password = "secret" }, .user = "me",
	    .password = "other", .status = EX_CONFIG,
	    .cause = SOCKS_CAUSE_LOGIN,
	    .text = "the proxy refused the user or the password" },
	{ "the proxy closes the connection after the password",
	    { .user = "me", .password = "secret", .step = { [SOCKS_LOGIN] =
	    { NULL, 0, SOCKS_CLOSE } } }, .user = "me", .password = "secret",
	    .status = EX_TEMPFAIL, .cause = SOCKS_CAUSE_LOGIN,
	    .text = "the proxy closed the connection without a reply to the "
	    "user and the password" },
	{ "the server speaks HTTP", { .step = { [SOCKS_METHODS] =
	    { OCTETS("HTTP/1.1 400 Bad Request\r\nServer: x\r\n"),
	    SOCKS_HANG } } }, .status = EX_PROTOCOL,
	    .cause = SOCKS_CAUSE_PROTOCOL, .text = "the server does not speak "
	    "SOCKS5: it sent \"HTTP/1.1 400 Bad Request\"" },
	{ "the server speaks SOCKS4", { .step = { [SOCKS_METHODS] =
	    { OCTETS("\0\133\0\0\0\0\0\0"), SOCKS_CLOSE } } },
	    .status = EX_PROTOCOL, .cause = SOCKS_CAUSE_PROTOCOL,
	    .text = "the server does not speak SOCKS5: it sent "
	    "\"\\000[\\000\\000\\000\\000\\000\\000\"" },
	{ "the reply to CONNECT has another version", { .step = {
	    [SOCKS_CONNECT] = { OCTETS("\4\0\0\1"), SOCKS_HANG } } },
	    .status = EX_PROTOCOL, .cause = SOCKS_CAUSE_PROTOCOL,
	    .text = "the server does not speak SOCKS5: it sent "
	    "\"\\004\\000\\000\\001\"" },
	{ "the reply to CONNECT has an unknown type of address", { .step = {
	    [SOCKS_CONNECT] = { OCTETS("\5\0\0\2"), SOCKS_HANG } } },
	    .status = EX_PROTOCOL, .cause = SOCKS_CAUSE_PROTOCOL,
	    .text = "the server does not speak SOCKS5: it sent "
	    "\"\\005\\000\\000\\002\"" },
	{ "the proxy closes the connection at once", { .step = {
	    [SOCKS_METHODS] = { NULL, 0, SOCKS_CLOSE } } },
	    .status = EX_TEMPFAIL, .cause = SOCKS_CAUSE_PROXY,
	    .text = "the proxy closed the connection without a reply to the "
	    "first request" },
	{ "the proxy closes the connection in its reply", { .step = {
	    [SOCKS_CONNECT] = { OCTETS("\5\0\0\1\0\0"), SOCKS_CLOSE } } },
	    .status = EX_TEMPFAIL, .cause = SOCKS_CAUSE_HOST,
	    .text = "the proxy closed the connection without a reply to the "
	    "request to connect" },
	{ "the proxy is silent", { .step = { [SOCKS_METHODS] =
	    { NULL, 0, SOCKS_HANG } } }, .status = EX_TEMPFAIL,
	    .cause = SOCKS_CAUSE_PROXY,
	    .text = "no reply to the first request within 1 s" },
	{ "the proxy does not check the password in time", { .user = "me",
	    .password = "x", .step = { [SOCKS_LOGIN] =
	    { NULL, 0, SOCKS_HANG } } }, .user = "me", .password = "x",
	    .status = EX_TEMPFAIL, .cause = SOCKS_CAUSE_PROXY,
	    .text = "no reply to the user and the password within 1 s" },
	{ "the proxy does not connect in time", { .step = { [SOCKS_CONNECT] =
	    { OCTETS("\5"), SOCKS_HANG } } }, .status = EX_TEMPFAIL,
	    .cause = SOCKS_CAUSE_HOST,
	    .text = "no reply to the request to connect within 1 s" },

	REPLIES("\1", "reply 1: a general failure", "the proxy did not connect: "
	    "failure of the proxy (reply 1)"),
	{ "reply 2: the rules do not allow the connection", { .step = {
	    [SOCKS_CONNECT] = { OCTETS("\5\2\0\1\0\0\0\0\0\0"),
	    SOCKS_GO_ON } } }, .status = EX_TEMPFAIL,
	    .cause = SOCKS_CAUSE_RULES, .text = "the proxy did not connect: "
	    "its rules do not allow this connection (reply 2)" },
	REPLIES("\3", "reply 3: the network is unreachable", "the proxy did not connect: "
	    "network unreachable (reply 3)"),
	REPLIES("\4", "reply 4: the host is unreachable", "the proxy did not connect: "
	    "host unreachable, or its name does not exist (reply 4)"),
	REPLIES("\5", "reply 5: the host refuses", "the proxy did not connect: "
	    "connection refused (reply 5)"),
	REPLIES("\6", "reply 6: the time to live has expired", "the proxy did not "
	    "connect: timed out (reply 6)"),
	REPLIES("\7", "reply 7: CONNECT is not supported", "the proxy did not connect: "
	    "it does not support CONNECT (reply 7)"),
	REPLIES("\10", "reply 8: the address type is not supported", "the proxy did not "
	    "connect: it does not support this type of address (reply 8)"),
	REPLIES("\360", "reply 240: unknown", "the proxy did not connect: unknown reason "
	    "(reply 240)"),
};

static void
assert_greeting(int fd)
{
	struct pollfd	p = { .fd = fd, .events = POLLIN };
	char		greeting[20] = "";
	size_t		n = 0;

	while (n < 10 && poll(&p, 1, DEADLINE_MS) == 1) {
		ssize_t	got = recv(fd, greeting + n, 10 - n, 0);

		assert_true(got > 0);
		n += (size_t)got;
	}
	assert_string_equal(greeting, "220 host\r\n");
}

static void
connects_or_fails(void **state)
{
	const struct socks_case	*c = *state;
	struct mock_socks	*mock = mock_socks_start(&c->script);
	struct socks_proxy	 proxy = {
		.at = { .host = "127.0.0.1", .port = mock->port },
		.user = c->user,
		.password = c->password,
	};
	struct endpoint		 host = { .port = 587, .host = c->host != NULL ?
				    c->host : "mail.example" };
	struct connect_options	 how = { .family = AF_UNSPEC };
	struct buffer		 requests = { 0 };
	struct failure		 why = { .status = EX_OK };
	int			 fd;

	/* Short only if a timeout is expected. */
	how.timeout_ms = c->text != NULL && strstr(c->text, "within") != NULL ?
	    300 : DEADLINE_MS;
	fd = socks_connect(&proxy, &host, &how, &why);
	if (c->status == EX_OK) {
		if (fd == -1)
			fail_msg("%s", why.text);
		assert_greeting(fd);
		close(fd);
	} else {
		assert_int_equal(fd, -1);
		assert_string_equal(why.text, c->text);
		assert_int_equal(why.status, c->status);
		assert_int_equal(why.cause, c->cause);
	}
	if (c->requests != NULL) {
		mock_socks_requests(mock, &requests);
		assert_int_equal(requests.len, c->requests_len);
		assert_memory_equal(requests.data, c->requests, requests.len);
		buffer_free(&requests);
	}
	mock_socks_stop(mock);
}

int
main(void)
{
	return CASES_RUN("net/socks", connects_or_fails, cases);
}
