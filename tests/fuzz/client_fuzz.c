/*
 * client_fuzz.c - what the service sends to sendmail and to relais queue
 *
 * The first octet selects a message with or without -t, or a command for the
 * queue; the rest are the replies of the service, one for each command and, at
 * the end of the message, one for each recipient.  Everything after the reply
 * to ENTRIES is sent with it.  At the end, the service closes the connection.
 *
 * A message that the service has accepted has an outcome for each recipient,
 * and one that it has not accepted has a reason.  Commands are lines without
 * control characters.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "fuzz/must.h"
#include "submit/service.h"
#include "submit/service_queue.h"
#include "util/memory.h"

enum { INPUT_MAX = 64 * 1024 };

static const char	path[] = "/nonexistent/submission";
static const char	id[] = "0123456789abcde";
static const char *const to[] = { "c@example.net", "d@example.net", "joe" };
enum { RECIPIENTS = sizeof(to) / sizeof(*to) };

/* The service; connect() and poll() have no argument for it. */
static struct {
	const char	*script, *end;
	int		 fd;		/* its end of the connection */
	bool		 connected;
	struct buffer	 in;
	size_t		 in_at, n_accepted;
	enum { COMMANDS, DATA, CHUNK } state;
	uint64_t	 chunk;		/* octets that follow */
	bool		 last;		/* of the message */
} service;

static void
say(const char *text, size_t len)
{
	if (len > 0)
		send(service.fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Sends the next reply, and returns its first octet. */
static char
reply(void)
{
	const char	*text = service.script, *line, *lf;

	do {
		line = service.script;
		lf = line < service.end ? memchr(line, '\n',
		    (size_t)(service.end - line)) : NULL;
		service.script = lf != NULL ? lf + 1 : service.end;
	} while (service.script - line > 4 && line[3] == '-');
	say(text, (size_t)(service.script - text));
	return service.script > text ? text[0] : '\0';
}

static void
end_message(void)
{
	size_t	n = service.n_accepted;

	do
		reply();
	while (n-- > 1);
	service.state = COMMANDS;
}

static bool
begins(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0;
}

static void
run_command(const char *line)
{
	unsigned long long	size;
	char			class;

	for (const char *c = line; *c != '\0'; c++)
		must(*c >= ' ' && *c <= '~');
	if (sscanf(line, "BDAT %llu", &size) == 1) {
		service.state = CHUNK;
		service.chunk = size;
		service.last = strstr(line, " LAST") != NULL;
		return;
	}
	class = reply();
	if (begins(line, "RCPT "))
		service.n_accepted += class == '2';
	else if (begins(line, "DATA") && class == '3')
		service.state = DATA;
	else if (begins(line, "MAIL ") || begins(line, "RSET"))
		service.n_accepted = 0;
	else if (begins(line, "XRELAIS ENTRIES")) {
		say(service.script, (size_t)(service.end - service.script));
		service.script = service.end;
	}
}

static bool
take_chunk(size_t left)
{
	if (left > service.chunk)
		left = (size_t)service.chunk;
	service.in_at += left;
	service.chunk -= left;
	if (service.chunk > 0)
		return false;
	if (service.last)
		end_message();
	else
		reply();
	service.state = COMMANDS;
	return true;
}

/* Returns false if a whole line, or the rest of a chunk, has not arrived. */
static bool
take_input(void)
{
	char	*from = service.in.data + service.in_at, *lf;
	size_t	 left = service.in.len - service.in_at;

	if (service.state == CHUNK)
		return take_chunk(left);
	lf = left > 0 ? memchr(from, '\n', left) : NULL;
	if (lf == NULL)
		return false;
	service.in_at += (size_t)(lf + 1 - from);
	must(lf > from && lf[-1] == '\r');
	lf[-1] = '\0';
	if (service.state == COMMANDS)
		run_command(from);
	else if (strcmp(from, ".") == 0)
		end_message();
	return true;
}

/* Called while the client waits. */
static void
serve(void)
{
	enum { PIECE = 16 * 1024 };
	bool	busy = false;
	ssize_t	n;

	while ((n = recv(service.fd, buffer_room(&service.in, PIECE), PIECE,
	    MSG_DONTWAIT)) > 0)
		service.in.len += (size_t)n;
	while (service.script < service.end && take_input())
		busy = true;
	if (!busy)
		shutdown(service.fd, SHUT_RDWR);
}

/* In the place of connect(2). */
int
connect(int fd, const struct sockaddr *address, socklen_t len)
{
	int	ends[2];

	(void)address, (void)len;
	if (service.connected) {
		errno = ENOENT;
		return -1;
	}
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
	must(dup2(ends[0], fd) == fd);
	close(ends[0]);
	service.fd = ends[1];
	service.connected = true;
	reply();		/* the greeting */
	return 0;
}

/* A service that is busy is asked again at once. */
int
poll(struct pollfd *p, nfds_t n, int ms)
{
	const struct timespec	now = { 0, 0 };
	int			ready = ppoll(p, n, &now, NULL);

	must(ms != -1);
	if (ready == 0 && n > 0 && ms > 0) {
		serve();
		ready = ppoll(p, n, &now, NULL);
	}
	return ready;
}

static void
check_outcome(const struct outcome *o)
{
	must(o->kind == OUTCOME_DELIVERED || o->kind == OUTCOME_FAILED ||
	    o->kind == OUTCOME_DEFERRED);
	must(o->kind == OUTCOME_DELIVERED || o->status != EX_OK);
	must(strspn(o->enhanced, "0123456789.") == strlen(o->enhanced));
	must(strpbrk(outcome_text(o), "\r\n") == NULL);
}

static void
make_message(struct message *m)
{
	static const struct message_limits	limits = { .spill = NULL };
	static const char	text[] = "Subject: x\nTo: a@example.net, "
				    "b@example.net, no one\n\nhi\n";
	struct failure		why;

	message_begin(m, &limits);
	must(message_feed(m, text, sizeof(text) - 1, &why) &&
	    message_end(m, &why));
}

static void
submit(bool from_header)
{
	const struct submit_options	how = { .mode = SUBMIT_NOW };
	struct envelope			env = { .n = 0 };
	struct message			message;
	const struct submit_request	request = {
		.envelope = &env, .message = &message,
		.from_header = from_header,
	};
	struct submit_result		result;
	struct failure			why = { .status = EX_OK };
	enum service_answer		answer;

	make_message(&message);
	envelope_set_reverse(&env, "me@example.org");
	for (size_t i = 0; i < RECIPIENTS; i++)
		envelope_add(&env, to[i]);
	answer = service_submit(path, &how, &request, &result, &why);
	if (answer == SERVICE_ACCEPTED) {
		must(env.n > 0 && result.n == env.n);
		for (size_t i = 0; i < env.n; i++) {
			must(env.forward[i].path != NULL);
			check_outcome(&result.outcomes[i]);
		}
		must(result.queued[0] == '\0' || id_is_valid(result.queued));
		must(result.failed[0] == '\0' || id_is_valid(result.failed));
		submit_result_free(&result);
	} else {
		must(why.status != EX_OK && result.outcomes == NULL);
		must(env.n == RECIPIENTS);
	}
	envelope_free(&env);
	message_free(&message);
}

static void
check_entry(void *context, const struct entry *e)
{
	const struct service_entries	*wanted = context;

	must(e->file.envelope.n > 0);
	must(wanted->id == NULL || strcmp(e->name, id) == 0);
}

static void
ask(unsigned command)
{
	struct service_entries	wanted = { command == 4 ? id : NULL,
				    check_entry, &wanted };
	struct health_state	state;
	char			released[ID_SIZE];
	struct failure		why = { .status = EX_OK };
	enum service_answer	answer = SERVICE_DOWN;

	switch (command) {
	case 0:
		answer = service_queue_count(path, &state, &why);
		break;
	case 1:
		answer = service_queue_run(path, &why);
		break;
	case 2:
		answer = service_queue_release(path, id, released, &why);
		must(answer != SERVICE_ACCEPTED || id_is_valid(released));
		break;
	default:
		answer = service_queue_entries(path, &wanted, &why);
		break;
	}
	must(answer == SERVICE_ACCEPTED || why.status != EX_OK);
}

/* Signals are held and descriptors kept until sendmail exits. */
static void
release_all(int first)
{
	sigset_t	none;

	sigemptyset(&none);
	must(sigprocmask(SIG_SETMASK, &none, NULL) == 0);
	closefrom(first);
	buffer_free(&service.in);
	memset(&service, 0, sizeof(service));
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int	first = dup(STDERR_FILENO);

	close(first);
	if (len == 0 || len > INPUT_MAX)
		return 0;
	service.script = (const char *)data + 1;
	service.end = service.script + len - 1;
	if (data[0] % 8 < 5)
		ask(data[0] % 8);
	else
		submit(data[0] % 8 == 5);
	release_all(first);
	return 0;
}
