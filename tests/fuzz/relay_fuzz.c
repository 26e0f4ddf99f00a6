/*
 * relay_fuzz.c - an attempt with any entry, as a session of the service passes
 * it to a worker
 *
 * The first octet selects what the smarthost offers; the file of the entry
 * follows, and is sent twice.  The smarthost accepts a recipient or not by the
 * length of the command.  Commands are lines without control characters, in
 * ASCII unless SMTPUTF8 is offered; and as many recipients are delivered as the
 * smarthost has accepted.  An invalid entry is tried again with the right
 * lengths.
 */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz/entry_text.h"
#include "fuzz/must.h"
#include "fuzz/own_config.h"
#include "queue/entry.h"
#include "relay/relay.h"

/* What the smarthost offers, and whether it accepts messages. */
enum { UTF8 = 1, EIGHT_BIT = 2, CHUNKING = 4, OTHERS = 8, REFUSES = 16 };

static const char	text[] =
	"smarthost = smtp://192.0.2.1:25\nhelo = client.example\ntls = off\n"
	"domain = example.org\naliases = /nonexistent\n"
	"[to *@b.example]\nsmarthost = smtp://192.0.2.2:25\n"
	"[from *@a.example]\nsmarthost = lmtp://192.0.2.3:24\n"
	"[user root]\nfrom = root@example.org\nearly_bdat = yes\n";

static struct identity	me = { .host = (char []){ "web1" },
	.domain = (char []){ "example.org" }, .user = (char []){ "www-data" },
	.name = (char []){ "Web" } };
static struct config	config;

/* The smarthost; connect() and poll() have no argument for it. */
static struct {
	unsigned	 offers;
	int		 fd;		/* its end of the connection, or -1 */
	bool		 lmtp;
	struct buffer	 in;
	size_t		 in_at;
	enum { COMMANDS, DATA, CHUNK } state;
	size_t		 n_accepted;	/* recipients of this message */
	size_t		 delivered;	/* of all messages */
	size_t		 chunk;		/* octets that follow */
} host = { .fd = -1 };

static void
say(const char *line)
{
	must(send(host.fd, line, strlen(line), MSG_NOSIGNAL) > 0);
}

static void
say_extensions(void)
{
	say("250-host\r\n");
	if (host.offers & UTF8)
		say("250-SMTPUTF8\r\n");
	if (host.offers & EIGHT_BIT)
		say("250-8BITMIME\r\n");
	if (host.offers & CHUNKING)
		say("250-CHUNKING\r\n");
	if (host.offers & OTHERS)
		say("250-PIPELINING\r\n250-DSN\r\n250-SIZE 0\r\n"
		    "250-REQUIRETLS\r\n250-ENHANCEDSTATUSCODES\r\n");
	say("250 HELP\r\n");
}

static void
end_message(void)
{
	size_t	replies = host.lmtp ? host.n_accepted : 1;
	bool	good = host.n_accepted > 0 && !(host.offers & REFUSES);

	while (replies-- > 0)
		say(good ? "250 2.0.0 ok\r\n" : "452 4.3.1 full\r\n");
	if (good)
		host.delivered += host.n_accepted;
	host.n_accepted = 0;
	host.state = COMMANDS;
}

static bool
begins(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0;
}

static void
run_command(const char *line)
{
	for (const char *c = line; *c != '\0'; c++)
		must((unsigned char)*c >= ' ' && *c != 127 &&
		    ((unsigned char)*c < 0x80 || (host.offers & UTF8)));
	if (begins(line, "EHLO ") || begins(line, "LHLO ")) {
		host.lmtp = line[0] == 'L';
		say_extensions();
	} else if (begins(line, "RCPT TO:<")) {
		must(strchr(line, '>') != NULL);
		if (strlen(line) % 5 > 1)
			host.n_accepted++;
		say(strlen(line) % 5 == 0 ? "550 5.1.1 no\r\n" :
		    strlen(line) % 5 == 1 ? "450 4.2.0 later\r\n" :
		    "250 2.1.5 ok\r\n");
	} else if (sscanf(line, "BDAT %zu LAST", &host.chunk) == 1) {
		host.state = CHUNK;
	} else if (begins(line, "DATA") && host.n_accepted > 0) {
		say("354 go\r\n");
		host.state = DATA;
	} else if (begins(line, "DATA")) {
		say("554 5.5.1 no recipients\r\n");
	} else {
		must(begins(line, "MAIL FROM:<") || begins(line, "RSET") ||
		    begins(line, "NOOP") || begins(line, "QUIT"));
		host.n_accepted = 0;
		say("250 2.0.0 ok\r\n");
	}
}

/* Returns false if a whole line, or the rest of a chunk, has not arrived. */
static bool
take_input(void)
{
	char	*from = host.in.data + host.in_at, *lf;
	size_t	 left = host.in.len - host.in_at;

	if (host.state == CHUNK) {
		if (left < host.chunk)
			return false;
		host.in_at += host.chunk;
		end_message();
		return true;
	}
	lf = left > 0 ? memchr(from, '\n', left) : NULL;
	if (lf == NULL)
		return false;
	host.in_at += (size_t)(lf + 1 - from);
	if (host.state == DATA) {
		if (lf - from == 2 && memcmp(from, ".\r", 2) == 0)
			end_message();
		return true;
	}
	must(lf > from && lf[-1] == '\r' &&
	    memchr(from, '\0', (size_t)(lf - from)) == NULL);
	lf[-1] = '\0';
	run_command(from);
	return true;
}

/* Called while the client waits. */
static void
serve(void)
{
	enum { PIECE = 64 * 1024 };
	ssize_t	n;

	while ((n = recv(host.fd, buffer_room(&host.in, PIECE), PIECE,
	    MSG_DONTWAIT)) > 0)
		host.in.len += (size_t)n;
	while (take_input())
		continue;
	if (host.in_at == host.in.len) {
		buffer_clear(&host.in);
		host.in_at = 0;
	}
}

/* In the place of connect(2). */
int
connect(int fd, const struct sockaddr *address, socklen_t len)
{
	int	ends[2];

	(void)address, (void)len;
	if (host.fd != -1)
		close(host.fd);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
	must(dup2(ends[0], fd) == fd);
	close(ends[0]);
	host.fd = ends[1];
	host.in_at = host.n_accepted = 0;
	host.state = COMMANDS;
	buffer_clear(&host.in);
	say("220 host\r\n");
	return 0;
}

/* If the smarthost cannot say anything, the client would wait without end. */
int
poll(struct pollfd *p, nfds_t n, int ms)
{
	const struct timespec	now = { 0, 0 };
	int			ready = ppoll(p, n, &now, NULL);

	if (ready == 0 && n > 0 && ms != 0) {
		serve();
		ready = ppoll(p, n, &now, NULL);
		must(ready > 0);
	}
	return ready;
}

static void
attempt(struct relay *relay, const struct entry *e)
{
	size_t		 n = e->file.envelope.n, delivered = 0;
	struct outcome	*outcomes = outcome_list_copy(e->file.outcomes, n);

	host.delivered = 0;
	relay_send(relay, &e->file.envelope, &e->message, outcomes);
	for (size_t i = 0; i < n; i++) {
		must(outcomes[i].kind != OUTCOME_WAITING);
		delivered += outcomes[i].kind == OUTCOME_DELIVERED &&
		    e->file.outcomes[i].kind == OUTCOME_WAITING;
	}
	must(delivered == host.delivered);
	outcome_list_free(outcomes, n);
}

static bool
try(uint8_t offers, const void *data, size_t len)
{
	struct relay	relay;
	struct entry	e;
	bool		valid = entry_text_open(&e, data, len);

	if (valid) {
		host.offers = offers;
		relay_begin(&relay, &config, &me, NULL);
		attempt(&relay, &e);
		attempt(&relay, &e);
		relay_end(&relay);
	}
	entry_close(&e);
	if (host.fd != -1)
		close(host.fd);
	host.fd = -1;
	return valid;
}

static void
free_config(void)
{
	buffer_free(&host.in);
	config_free(&config);
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (config.first == NULL) {
		own_config_parse(&config, text, strlen(text));
		atexit(free_config);
	}
	entry_text_try(try, data, len);
	return 0;
}
