#include "config/connect_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/secret_command.h"
#include "config/smarthost.h"
#include "util/helper.h"
#include "util/text.h"
#include "util/visible.h"

enum {
	HOST_SIZE = 256,
	REPLY_MS = 5 * 1000,		/* if a process hangs */
	LINE_MAX_SHOWN = 150,		/* octets of a line in a text */
	PROGRAMS_MAX = 16,		/* at a time: one is used, and those
					 * before it end within seconds */
	CONNECTION = 0, CONTROL = 1,	/* in an array of descriptors */
};

/* On the socket of the helper.  The command is that of section number n. */
struct request {
	uint32_t	n;
	uint16_t	port;
	char		host[HOST_SIZE];
	uint32_t	number;		/* of the request */
};

/* The reply, with two descriptors unless .error is set. */
struct reply {
	uint32_t	number;		/* of the request */
	int		error;		/* errno, or 0 */
};

/* On the control socket, from the supervisor. */
struct report {
	enum connect_program_end end;
	struct failure		 why;
};

static const char *
command_of(const struct section *s)
{
	const struct setting	*set = s->setting[KEY_CONNECT_COMMAND];

	return config_is_on(set) ? set->value : NULL;
}

/*
 * In the helper and its supervisors.
 */

/* Whether a smarthost of the configuration has this host and port. */
static bool
is_smarthost(const struct config *config, const struct request *r)
{
	struct smarthost_list	list;
	struct failure		ignored;
	bool			found = false;

	for (const struct section *s = config->first; s != NULL && !found;
	    s = s->next) {
		if (s->setting[KEY_SMARTHOST] == NULL || !smarthost_list_parse(
		    &list, s->setting[KEY_SMARTHOST]->value, &ignored))
			continue;
		for (size_t i = 0; i < list.n && !found; i++) {
			const struct smarthost_url	*h = &list.host[i];

			found = h->lookup != LOOKUP_ADDRESS ?
			    text_is_host_name(r->host, strlen(r->host)) :
			    h->host != NULL && h->port == r->port &&
			    strcmp(h->host, r->host) == 0;
		}
		smarthost_list_free(&list);
	}
	return found;
}

/* Returns the command of a valid request, or NULL. */
static const char *
find_command(const struct config *config, struct request *r)
{
	const struct section	*s = config->first;

	r->host[HOST_SIZE - 1] = '\0';
	for (uint32_t i = 0; i < r->n && s != NULL; i++)
		s = s->next;
	return s != NULL && is_smarthost(config, r) ? command_of(s) : NULL;
}

/* The host has neither blanks nor percent signs that mean anything. */
static void
expand(struct buffer *to, const char *command, const struct request *r)
{
	for (const char *c = command; *c != '\0'; c++) {
		if (*c != '%')
			buffer_add_byte(to, *c);
		else if (*++c == 'h')
			buffer_add_text(to, r->host);
		else if (*c == 'p')
			buffer_addf(to, "%u", r->port);
		else
			buffer_add_byte(to, *c);
	}
}

/*
 * The last two lines that are not empty, separated by a semicolon, or "": the
 * last line of ssh, "stdio forwarding failed", follows the line with the cause.
 */
static void
last_lines(char *to, size_t size, const struct buffer *errors)
{
	struct buffer	 lines = { 0 };
	const char	*text = errors->len > 0 ? errors->data : "";
	const char	*last, *before;
	size_t		 len, before_len;

	last = command_last_line(text, errors->len, &len);
	before = command_last_line(text, (size_t)(last - text), &before_len);
	buffer_add(&lines, before, before_len < LINE_MAX_SHOWN ?
	    before_len : LINE_MAX_SHOWN);
	if (lines.len > 0)
		buffer_add_text(&lines, "; ");
	buffer_add(&lines, last, len < LINE_MAX_SHOWN ? len : LINE_MAX_SHOWN);
	visible(to, size, lines.data, lines.len);
	buffer_free(&lines);
}

static void
fill_report(struct report *report, const struct command_connection *c,
    enum command_end end)
{
	struct failure	*why = &report->why;
	char		 line[4 * LINE_MAX_SHOWN];
	int		 name = (int)strcspn(c->command, " \t");

	last_lines(line, sizeof(line), &c->errors);
	report->end = PROGRAM_ENDED;
	switch (end) {
	case COMMAND_END_NOT_STARTED:
		report->end = PROGRAM_NOT_STARTED;
		return;
	case COMMAND_END_STATUS:
		failed(why, EX_TEMPFAIL, "%.*s exited with status %d", name,
		    c->command, c->status);
		break;
	case COMMAND_END_SIGNAL:
		failed(why, EX_TEMPFAIL, "%.*s was killed by signal %d", name,
		    c->command, c->status);
		break;
	case COMMAND_END_STOPPED:
		report->end = line[0] != '\0' ? PROGRAM_STOPPED :
		    PROGRAM_SILENT;
		failed(why, EX_TEMPFAIL, "the last lines of %.*s", name,
		    c->command);
		break;
	}
	if (line[0] != '\0')
		failure_suffix(why, ": %s", line);
}

/* Runs one program; the descriptors are those of the other ends. */
static void
supervise(const char *command, const struct request *r, const int fds[2])
{
	struct buffer			text = { 0 };
	struct command_connection	c = { .fd = fds[CONNECTION],
					    .caller = fds[CONTROL] };
	struct report			report;
	enum command_end		end;

	memset(&report, 0, sizeof(report));
	expand(&text, command, r);
	c.command = text.data;
	end = command_connect(&c, &report.why);
	fill_report(&report, &c, end);
	send(fds[CONTROL], &report, sizeof(report), MSG_NOSIGNAL);
	_exit(EX_OK);
}

/* fds: to be sent unless .error is set. */
static bool
send_reply(int to, const struct reply *reply, const int fds[2])
{
	struct reply	copy = *reply;
	struct iovec	text = { .iov_base = &copy, .iov_len = sizeof(copy) };
	struct msghdr	message = { .msg_iov = &text, .msg_iovlen = 1 };
	union {
		struct cmsghdr	header;
		char		room[CMSG_SPACE(2 * sizeof(int))];
	}		passed = { .room = { 0 } };

	if (reply->error == 0) {
		message.msg_control = passed.room;
		message.msg_controllen = sizeof(passed.room);
		passed.header.cmsg_level = SOL_SOCKET;
		passed.header.cmsg_type = SCM_RIGHTS;
		passed.header.cmsg_len = CMSG_LEN(2 * sizeof(int));
		memcpy(CMSG_DATA(&passed.header), fds, 2 * sizeof(int));
	}
	return sendmsg(to, &message, MSG_NOSIGNAL) == sizeof(copy);
}

/*
 * Starts a supervisor, unless *running of them are too many, and passes the
 * sockets to the parent.
 */
static bool
serve_request(int fd, const char *command, const struct request *r,
    size_t *running)
{
	int		connection[2] = { -1, -1 }, control[2] = { -1, -1 };
	int		ours[2];
	struct reply	reply = { .number = r->number };
	pid_t		pid = -1;
	bool		good;

	if (*running >= PROGRAMS_MAX)
		reply.error = EAGAIN;
	else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    connection) == -1 || socketpair(AF_UNIX, SOCK_STREAM |
	    SOCK_CLOEXEC, 0, control) == -1 || (pid = fork()) == -1)
		reply.error = errno;
	if (pid == 0) {
		close(fd);
		close(connection[0]);
		close(control[0]);
		supervise(command, r, (const int[]){ connection[1],
		    control[1] });
	}
	*running += pid != -1;
	ours[CONNECTION] = connection[0];
	ours[CONTROL] = control[0];
	good = send_reply(fd, &reply, ours);
	for (int i = 0; i < 2; i++) {
		if (connection[i] != -1)
			close(connection[i]);
		if (control[i] != -1)
			close(control[i]);
	}
	return good;
}

/* The helper: ends if the socket is at its end or a request is invalid. */
static void
run_connections(int fd, const void *context)
{
	const struct config	*config = context;
	struct signalfd_siginfo	 info;
	struct request		 r;
	const char		*command;
	size_t			 running = 0;
	sigset_t		 sigchld;
	struct pollfd		 p[2] = { { .fd = fd, .events = POLLIN },
				    { .events = POLLIN } };
	bool			 good = true;

	sigemptyset(&sigchld);
	sigaddset(&sigchld, SIGCHLD);
	/* If the caller ignores SIGCHLD, no exit status would be kept. */
	signal(SIGCHLD, SIG_DFL);
	p[1].fd = signalfd(-1, &sigchld, SFD_CLOEXEC | SFD_NONBLOCK);
	while (good && p[1].fd != -1) {
		if (poll(p, 2, -1) == -1)
			continue;
		while (read(p[1].fd, &info, sizeof(info)) > 0)
			continue;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			running--;
		if (p[0].revents != 0)
			good = recv(fd, &r, sizeof(r), MSG_WAITALL) ==
			    sizeof(r) &&
			    (command = find_command(config, &r)) != NULL &&
			    serve_request(fd, command, &r, &running);
	}
	close(fd);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		continue;
}

/*
 * In the parent.
 */

void
connect_process_start(struct connect_process *p, const struct config *config)
{
	bool	is_set = false;

	*p = (struct connect_process){ .config = config, .fd = -1 };
	for (const struct section *s = config->first; s != NULL; s = s->next)
		is_set |= command_of(s) != NULL;
	if (!is_set)
		return;
	p->pid = helper_start(&p->fd, run_connections, config);
	if (p->pid == -1) {
		p->error = errno;
		p->pid = 0;
	}
}

static bool
is_readable(int fd)
{
	struct pollfd	p = { .fd = fd, .events = POLLIN };
	int		n;

	while ((n = poll(&p, 1, REPLY_MS)) == -1 && errno == EINTR)
		continue;
	return n > 0;
}

/*
 * Receives what send_reply() has sent; false with errno.  If descriptors are
 * lacking, only the first one may arrive, or none: .error is then EMFILE.
 */
static bool
receive_reply(int from, struct reply *reply, int fds[2])
{
	struct iovec	text = { .iov_base = reply,
			    .iov_len = sizeof(*reply) };
	union {
		struct cmsghdr	header;
		char		room[CMSG_SPACE(2 * sizeof(int))];
	}		passed;
	struct msghdr	message = { .msg_iov = &text, .msg_iovlen = 1,
			    .msg_control = passed.room,
			    .msg_controllen = sizeof(passed.room) };
	size_t		len = 0;

	if (!is_readable(from)) {
		errno = ETIMEDOUT;
		return false;
	}
	if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) != sizeof(*reply)) {
		errno = EPIPE;
		return false;
	}
	if (CMSG_FIRSTHDR(&message) != NULL)
		len = passed.header.cmsg_len - CMSG_LEN(0);
	memcpy(fds, CMSG_DATA(&passed.header), len);
	if (reply->error == 0 && len < 2 * sizeof(int)) {
		reply->error = EMFILE;
		if (len > 0)
			close(fds[0]);
	}
	return true;
}

/*
 * Receives the descriptors; false with errno.  Replies to earlier requests, for
 * which nobody waits any more, are discarded: they may be for another host.
 */
static bool
receive_descriptors(struct connect_process *p, int fds[2])
{
	struct reply	reply;

	while (receive_reply(p->fd, &reply, fds)) {
		if (reply.number == p->number) {
			errno = reply.error;
			return reply.error == 0;
		}
		for (int i = 0; reply.error == 0 && i < 2; i++)
			close(fds[i]);
	}
	return false;
}

int
connect_process_run(struct connect_process *p,
    const struct connect_request *request, int *control, struct failure *why)
{
	struct request	r;
	int		fds[2];

	memset(&r, 0, sizeof(r));
	r.number = ++p->number;
	r.port = request->port;
	strlcpy(r.host, request->host, sizeof(r.host));
	for (const struct section *s = p->config != NULL ? p->config->first :
	    NULL; s != NULL; s = s->next, r.n++) {
		const char	*command = command_of(s);

		if (command != NULL && strcmp(command, request->command) == 0)
			break;
	}
	if (p->pid == 0) {
		errno = p->error;
		failed_errno(why, EX_OSERR, "cannot start the process that "
		    "runs connect_command");
		return -1;
	}
	if (send(p->fd, &r, sizeof(r), MSG_NOSIGNAL) != sizeof(r) ||
	    !receive_descriptors(p, fds)) {
		failed_errno(why, errno == EPIPE ? EX_TEMPFAIL : EX_OSERR,
		    "no connection from the process that runs connect_command");
		p->lost |= why->status == EX_TEMPFAIL;
		return -1;
	}
	fcntl(fds[CONNECTION], F_SETFL, O_NONBLOCK);
	*control = fds[CONTROL];
	return fds[CONNECTION];
}

enum connect_program_end
connect_program_explain(int control, struct failure *why)
{
	struct report	report;

	shutdown(control, SHUT_WR);
	if (!is_readable(control) || recv(control, &report, sizeof(report),
	    MSG_WAITALL) != sizeof(report))
		return PROGRAM_SILENT;
	*why = report.why;
	return report.end;
}

void
connect_process_end(struct connect_process *p)
{
	if (p->pid == 0)
		return;
	helper_end(p->pid, p->fd);
	p->pid = 0;
}
