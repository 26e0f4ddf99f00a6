/* Name servers that truncate a reply over UDP, and what they do over TCP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <err.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "net/dns_query.h"
#include "net/lookup.h"
#include "support/cases.h"
#include "support/dns.h"
#include "util/file.h"

enum { QUERY_MAX = 512, SOON_MS = 300, LATE_MS = 60 * 1000 };

/* After the query, which is the first octet of the name. */
enum answer {
	ANSWER_WHOLE = 'w', ANSWER_EMPTY = 'e', ANSWER_NAME_ERROR = 'n',
	ANSWER_FAILURE = 'f', ANSWER_OTHER_ID = 'o', ANSWER_QUERY = 'q',
	ANSWER_SILENT = 's', ANSWER_PART = 'p', ANSWER_CLOSE = 'c',
	ANSWER_HEADER_PART = 'h', ANSWER_ENDLESS = 'u',
};

#define TRUNCATED(n) { .name = n, .type = DNS_MX, .flaw = DNS_TRUNCATED }

static const struct dns_record records[] = {
	TRUNCATED("w.test"), TRUNCATED("e.test"), TRUNCATED("n.test"),
	TRUNCATED("f.test"), TRUNCATED("o.test"), TRUNCATED("q.test"),
	TRUNCATED("s.test"), TRUNCATED("p.test"), TRUNCATED("c.test"),
	TRUNCATED("h.test"), TRUNCATED("u.test"), { .name = NULL }
};

struct tcp_case {
	const char	*sentence;
	const char	*name;
	int		 status;
	const char	*text;		/* of the failure */
};

static const struct tcp_case cases[] = {
	{ "a reply over TCP", "w.test", EX_OK, NULL },
	{ "a reply without records", "e.test", EX_NOHOST, "e.test has no MX "
	    "record in the DNS" },
	{ "a name that does not exist", "n.test", EX_NOHOST, "n.test does not "
	    "exist in the DNS" },
	{ "a server failure", "f.test", EX_TEMPFAIL, "no reply from a name "
	    "server" },
	{ "the reply to another query", "o.test", EX_TEMPFAIL, "cannot look "
	    "up the MX records of o.test: name server 127.0.0.1, over TCP: "
	    "invalid reply" },
	{ "the query instead of a reply", "q.test", EX_TEMPFAIL,
	    "invalid reply" },
	{ "a reply that is shorter than a header", "h.test", EX_TEMPFAIL,
	    "invalid reply" },
	{ "the connection is closed", "c.test", EX_TEMPFAIL, "name server "
	    "127.0.0.1, over TCP: the server closed the connection" },
	{ "no reply", "s.test", EX_TEMPFAIL, "cannot look up the MX records "
	    "of s.test: the name server 127.0.0.1 did not answer over TCP "
	    "within 0.3 seconds" },
	{ "a reply that stops", "p.test", EX_TEMPFAIL, "did not answer over "
	    "TCP within 0.3 seconds" },
	{ "a reply that arrives octet by octet", "u.test", EX_TEMPFAIL,
	    "did not answer over TCP within 0.3 seconds" },
};

static struct dns		 names;
static struct dns_options	 options;

static void
looks_up(void **state)
{
	const struct tcp_case	*c = *state;
	struct lookup_targets	 t;
	struct failure		 why;

	options.timeout_ms = c->text != NULL && strstr(c->text, "0.3") != NULL ?
	    SOON_MS : LATE_MS;
	if (lookup(&t, LOOKUP_TYPE_MX, c->name, &options, &why)) {
		assert_int_equal(c->status, EX_OK);
		assert_int_equal(t.n, 1);
		assert_string_equal(t.target[0].host, "mx");
		return;
	}
	if (c->text == NULL || strstr(why.text, c->text) == NULL)
		fail_msg("%s", why.text);
	assert_int_equal(why.status, c->status);
}

/* Sends one octet after the other until the client closes the connection. */
static _Noreturn void
drip(int fd)
{
	static const struct timeval	pause = { 0, 50 * 1000 };
	char				octet;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof(pause));
	do
		(void)send(fd, "\77", 1, MSG_NOSIGNAL);
	while (recv(fd, &octet, 1, 0) == -1);
	_exit(0);
}

/* Reads a query, and answers.  The connection ends with the process. */
static _Noreturn void
serve(int fd)
{
	static const char	record[] = "\300\14\0\17\0\1\0\0\0\1\0\6"
				    "\0\12\2mx";
	unsigned char		m[2 + QUERY_MAX];
	size_t			record_len = sizeof(record);
	ssize_t			n = recv(fd, m, 2, MSG_WAITALL);
	size_t			len = (size_t)(m[0] << 8 | m[1]);
	char			octet;

	if (n != 2 || len + record_len > QUERY_MAX ||
	    recv(fd, m + 2, len, MSG_WAITALL) != (ssize_t)len)
		_exit(1);
	m[4] |= m[15] == ANSWER_QUERY ? 0 : 0x80;
	switch ((enum answer)m[15]) {
	case ANSWER_WHOLE:
		m[9] = 1;
		memcpy(m + 2 + len, record, record_len);
		len += record_len;
		break;
	case ANSWER_NAME_ERROR:
		m[5] |= 3;
		break;
	case ANSWER_FAILURE:
		m[5] |= 2;
		break;
	case ANSWER_OTHER_ID:
		m[2] ^= 1;
		break;
	case ANSWER_HEADER_PART:
		len = 5;
		break;
	case ANSWER_CLOSE:
		_exit(0);
	case ANSWER_ENDLESS:
		drip(fd);
	case ANSWER_SILENT:
	case ANSWER_PART:
		len = m[15] == ANSWER_PART ? 8 : 0;
		m[1] = 100;
		(void)file_write(fd, m, len);
		(void)recv(fd, &octet, 1, 0);
		_exit(0);
	case ANSWER_EMPTY:
	case ANSWER_QUERY:
		break;
	}
	m[0] = (unsigned char)(len >> 8);
	m[1] = (unsigned char)len;
	(void)file_write(fd, m, 2 + len);
	_exit(0);
}

/*
 * Starts before the name server, which uses only UDP, on the same port: many
 * ports are in use for TCP, and few for UDP.
 */
static pid_t
start_tcp(struct sockaddr_in *address)
{
	int		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t	len = sizeof(*address);
	pid_t		pid;

	*address = (struct sockaddr_in){ .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd == -1 || bind(fd, (struct sockaddr *)address, len) == -1 ||
	    getsockname(fd, (struct sockaddr *)address, &len) == -1 ||
	    listen(fd, 8) == -1)
		err(1, "name server");
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid != 0) {
		close(fd);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int	client = accept(fd, NULL, NULL);

		if (client != -1 && fork() == 0)
			serve(client);
		close(client);
	}
}

int
main(void)
{
	pid_t	tcp;
	int	failures;

	tcp = start_tcp(&options.server);
	dns_start(&names, records, ntohs(options.server.sin_port));
	failures = CASES_RUN("DNS over TCP", looks_up, cases);
	kill(tcp, SIGKILL);
	waitpid(tcp, NULL, 0);
	dns_stop(&names);
	return failures;
}
