#include "relay/delivery_process.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/secret_command.h"
#include "mail/message.h"
#include "relay/maildir.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/helper.h"
#include "util/memory.h"
#include "util/visible.h"

enum {
	PIECE_MAX = 64 * 1024,		/* octets of the message */
	REPLY_MAX = 512,		/* octets of a line of a program */
	WRITE_MS = 5 * 60 * 1000,	/* for one piece of the message */
	EXTRA_MS = 30 * 1000,		/* if the process hangs */
	TIMEOUT_MAX = 24 * 60 * 60 * 1000,	/* that of the key timeout */
};

/*
 * The message follows in pieces, each after its length, a uint32_t.  These are
 * not lengths of pieces:
 */
enum { END = 0, ABANDONED = PIECE_MAX + 1 };

/* On the socket, before the paths. */
struct request {
	uint32_t	smarthost;	/* its number in the configuration */
	uint32_t	only_open;
	uint32_t	paths_len;
	int64_t		timeout_ms;
};

static bool
is_same(const struct smarthost_url *a, const struct smarthost_url *b)
{
	return a->scheme == b->scheme && strcmp(a->path, b->path) == 0 &&
	    (a->command == NULL || strcmp(a->command, b->command) == 0);
}

/*
 * Returns the program or Maildir with this number, in the list, which the
 * caller frees, or NULL after the last one.
 */
static const struct smarthost_url *
find_smarthost(struct smarthost_list *list, const struct config *config,
    size_t number)
{
	struct failure	ignored;

	for (const struct section *s = config->first; s != NULL; s = s->next) {
		if (s->setting[KEY_SMARTHOST] == NULL ||
		    !smarthost_list_parse(list,
		    s->setting[KEY_SMARTHOST]->value, &ignored))
			continue;
		for (size_t i = 0; i < list->n; i++)
			if ((list->host[i].scheme == SCHEME_COMMAND ||
			    list->host[i].scheme == SCHEME_MAILDIR) &&
			    number-- == 0)
				return &list->host[i];
		smarthost_list_free(list);
	}
	return NULL;
}

/* --------------------------------------------------------- in the process */

/* Where the message is written to. */
struct inbox {
	const struct smarthost_url	*smarthost;
	struct maildir			 maildir;
	int				 fd;
	uint64_t			 len;
	bool				 in_memory;
};

static bool
check_program(const char *path, struct failure *why)
{
	if (access(path, X_OK) == 0)
		return true;
	return failed_errno(why, errno == EIO || errno == ENOMEM ? EX_TEMPFAIL :
	    EX_CONFIG, "cannot be started");
}

static bool
inbox_open(struct inbox *in, const struct smarthost_url *h, bool only_open,
    struct failure *why)
{
	*in = (struct inbox){ .smarthost = h, .fd = -1 };
	if (h->scheme == SCHEME_MAILDIR) {
		if (!maildir_open(&in->maildir, h->path, why) ||
		    (!only_open && !maildir_create(&in->maildir, why)))
			return false;
		in->fd = in->maildir.fd;
		return true;
	}
	if (!check_program(h->path, why) || only_open)
		return why->status == EX_OK;
	in->fd = file_in_memory();
	in->in_memory = true;
	return in->fd != -1 || failed_errno(why, EX_OSERR,
	    "cannot create a file in memory");
}

/* Moves a large message to a file without a name, if there is room for one. */
static void
inbox_spill(struct inbox *in)
{
	const char	*directories[] = { getenv("TMPDIR"), "/var/tmp",
			    "/tmp" };
	int		 fd = -1;
	char		 data[4096];
	ssize_t		 n;

	for (size_t i = 0; i < 3 && fd == -1; i++)
		if (directories[i] != NULL)
			fd = file_unnamed(directories[i]);
	in->in_memory = false;
	if (fd == -1)
		return;
	for (off_t at = 0; (n = pread(in->fd, data, sizeof(data), at)) > 0;
	    at += n)
		if (!file_write(fd, data, (size_t)n))
			break;
	if (n == 0) {
		close(in->fd);
		in->fd = fd;
	} else {
		close(fd);
	}
}

static bool
inbox_add(struct inbox *in, const char *data, size_t len, struct failure *why)
{
	if (in->in_memory && in->len + len > MESSAGE_MEMORY)
		inbox_spill(in);
	in->len += len;
	return file_write(in->fd, data, len) || failed_errno(why, EX_TEMPFAIL,
	    "cannot write the message");
}

static void
inbox_close(struct inbox *in)
{
	if (in->smarthost->scheme == SCHEME_MAILDIR)
		maildir_close(&in->maildir);
	else if (in->fd != -1)
		close(in->fd);
}

static void
judge_status(struct delivery_result *r, int status)
{
	failed(&r->why, status, "exited with status %d", status);
	if (status == EX_OK) {
		r->kind = DELIVERY_DONE;
	} else if (status == EX_TEMPFAIL || status == EX_OSERR) {
		r->kind = DELIVERY_NOT_DONE;
		r->why.status = EX_TEMPFAIL;
	} else {
		r->kind = DELIVERY_REFUSED;
		if (status < EX__BASE || status > EX__MAX)
			r->why.status = EX_UNAVAILABLE;
	}
}

/* Also writes the result; false if this fails. */
static bool
run_program(const struct inbox *in, const struct request *request,
    const struct buffer *paths, int caller, struct delivery_result *r)
{
	struct command_delivery	 d = { .command = in->smarthost->command,
				    .input = in->fd,
				    .timeout_ms = request->timeout_ms,
				    .caller = caller };
	struct buffer		 sender = { 0 };
	char			**arguments = NULL;
	char			 separator[] = "--", line[REPLY_MAX];
	const char		*end = paths->data + paths->len, *last;
	size_t			 n = 0, cap = 0, last_len;
	bool			 good;

	buffer_addf(&sender, "RELAIS_SENDER=%s", paths->data);
	arguments = memory_room(arguments, n, &cap, sizeof(*arguments));
	arguments[n++] = separator;
	for (char *path = strchr(paths->data, '\0') + 1; path < end;
	    path = strchr(path, '\0') + 1) {
		arguments = memory_room(arguments, n, &cap,
		    sizeof(*arguments));
		arguments[n++] = path;
	}
	arguments = memory_room(arguments, n, &cap, sizeof(*arguments));
	arguments[n] = NULL;
	d.arguments = arguments;
	d.environment = (char *const[]){ sender.data, NULL };

	r->kind = DELIVERY_IN_DOUBT;
	switch (lseek(in->fd, 0, SEEK_SET) == 0 ? command_deliver(&d,
	    &r->why) : COMMAND_END_NOT_STARTED) {
	case COMMAND_END_NOT_STARTED:
		if (r->why.status == EX_OK)
			failed_errno(&r->why, EX_TEMPFAIL, "cannot read the "
			    "message");
		r->kind = DELIVERY_NOT_DONE;
		break;
	case COMMAND_END_STATUS:
		judge_status(r, d.status);
		break;
	case COMMAND_END_SIGNAL:
		failed(&r->why, EX_TEMPFAIL, "killed by signal %d", d.status);
		break;
	case COMMAND_END_STOPPED:
		break;
	}
	last = command_last_line(d.errors.data, d.errors.len, &last_len);
	visible(line, sizeof(line), last, last_len);
	if (line[0] != '\0')
		failure_suffix(&r->why, ": %s", line);
	r->output_len = d.errors.len;
	good = file_write(caller, r, sizeof(*r)) &&
	    file_write(caller, d.errors.data, d.errors.len);
	buffer_free(&d.errors);
	buffer_free(&sender);
	free(arguments);
	return good;
}

static bool
deliver(struct inbox *in, const struct request *request,
    const struct buffer *paths, int caller, struct delivery_result *r)
{
	bool	in_doubt;

	if (in->smarthost->scheme == SCHEME_COMMAND)
		return run_program(in, request, paths, caller, r);
	if (maildir_commit(&in->maildir, &in_doubt, &r->why))
		failed(&r->why, EX_OK, "delivered as new/%s",
		    in->maildir.name);
	r->kind = r->why.status == EX_OK ? DELIVERY_DONE : in_doubt ?
	    DELIVERY_IN_DOUBT : DELIVERY_NOT_DONE;
	return file_write(caller, r, sizeof(*r));
}

static bool
read_all(int fd, void *to, size_t len)
{
	char	*at = to;

	while (len > 0) {
		ssize_t	n = read(fd, at, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/*
 * Reads the pieces of the message, each into a block of PIECE_MAX octets.
 * *whole: the end of the message follows them.  Returns false if the parent has
 * ended or sends something else.
 */
static bool
receive_message(struct inbox *in, int fd, char *piece, bool *whole,
    struct failure *why)
{
	uint32_t	len;

	while (read_all(fd, &len, sizeof(len))) {
		*whole = len == END;
		if (*whole || len == ABANDONED)
			return true;
		if (len > PIECE_MAX || !read_all(fd, piece, len))
			return false;
		/* After a failure, the rest is dropped. */
		if (why->status == EX_OK)
			inbox_add(in, piece, len, why);
	}
	return false;
}

/*
 * Whether the buffer consists of a reverse-path, which can be empty, and at
 * least one forward-path, each followed by a NUL.  Control characters, which no
 * envelope contains, are refused, so that no program receives them.
 */
static bool
are_paths(const struct buffer *paths)
{
	size_t	n = 0, start = 0;

	for (size_t i = 0; i < paths->len; i++) {
		unsigned char	c = (unsigned char)paths->data[i];

		if (c == '\0' && i == start && n > 0)
			return false;
		if (c == '\0') {
			n++;
			start = i + 1;
		} else if (c < ' ' || c == 127) {
			return false;
		}
	}
	return n > 1 && start == paths->len;
}

/*
 * Executes one request.  Returns false if the parent has ended or the request
 * is invalid.
 */
static bool
serve_request(int fd, const struct config *config,
    const struct request *request)
{
	struct smarthost_list		 list = { 0 };
	const struct smarthost_url	*h = find_smarthost(&list, config,
					    request->smarthost);
	struct delivery_result		*r = memory_new(1, sizeof(*r));
	struct buffer			 paths = { 0 };
	char				*piece = memory_new(PIECE_MAX, 1);
	struct inbox			 in;
	bool				 only_open = request->only_open != 0;
	bool				 whole = only_open;
	bool				 good = h != NULL &&
					    request->paths_len <=
					    2 * DELIVERY_PATHS_MAX &&
					    request->timeout_ms >= 0 &&
					    request->timeout_ms <= TIMEOUT_MAX;

	good = good && read_all(fd, buffer_room(&paths, request->paths_len +
	    1), request->paths_len);
	if (good) {
		paths.len = request->paths_len;
		good = only_open || h->scheme != SCHEME_COMMAND ||
		    are_paths(&paths);
	}
	if (good) {
		r->kind = DELIVERY_NOT_DONE;
		/* Without memory, a file would be left in the Maildir. */
		memory_reserve();
		inbox_open(&in, h, only_open, &r->why);
		good = only_open || receive_message(&in, fd, piece, &whole,
		    &r->why);
		if (good && whole && r->why.status == EX_OK && !only_open)
			good = deliver(&in, request, &paths, fd, r);
		else if (good && whole)
			good = file_write(fd, r, sizeof(*r));
		inbox_close(&in);
	}
	buffer_free(&paths);
	smarthost_list_free(&list);
	free(piece);
	free(r);
	return good;
}

static void
run_deliveries(int fd, const void *context)
{
	struct request	request;

	while (read_all(fd, &request, sizeof(request)) &&
	    serve_request(fd, context, &request))
		continue;
}

/* ---------------------------------------------------------- in the parent */

void
delivery_process_start(struct delivery_process *p, const struct config *config)
{
	struct smarthost_list	list;
	bool			needed = false;

	*p = (struct delivery_process){ .config = config, .fd = -1 };
	/* Most configurations have none: this costs less than to parse them. */
	for (const struct section *s = config->first; s != NULL; s = s->next) {
		const struct setting	*set = s->setting[KEY_SMARTHOST];

		needed |= set != NULL && strstr(set->value, ":///") != NULL;
	}
	if (!needed || find_smarthost(&list, config, 0) == NULL)
		return;
	smarthost_list_free(&list);
	p->pid = helper_start(&p->fd, run_deliveries, config);
	if (p->pid == -1) {
		p->error = errno;
		p->pid = 0;
		p->fd = -1;
	}
}

/* The program is killed, and the process ends. */
static void
give_up(struct delivery_process *p)
{
	close(p->fd);
	p->fd = -1;
}

/* Waits until the socket is ready; false with why, and gives up. */
static bool
wait_for(struct delivery_process *p, short events, int64_t deadline,
    struct failure *why)
{
	struct pollfd	ready[] = {
		{ .fd = p->fd, .events = events },
		{ .fd = p->interrupt != NULL ? p->interrupt->fd : -1,
		    .events = POLLIN },
	};

	for (;;) {
		int64_t	left = deadline - clock_ms();
		int	n;

		if (left <= 0) {
			failed(why, EX_TEMPFAIL, "the delivery process does "
			    "not respond");
			break;
		}
		left = interrupt_limit_wait(p->interrupt, left);
		n = poll(ready, 2, left > INT32_MAX ? INT32_MAX : (int)left);
		if (n > 0 && ready[0].revents != 0)
			return true;
		if (interrupt_came(p->interrupt)) {
			interrupt_failed(p->interrupt, why);
			break;
		}
		if (n == -1 && errno != EINTR) {
			failed_errno(why, EX_OSERR, "poll");
			break;
		}
	}
	give_up(p);
	return false;
}

static bool
has_ended(struct delivery_process *p, struct failure *why)
{
	p->lost = true;
	give_up(p);
	return failed(why, EX_TEMPFAIL, "the delivery process has ended");
}

static bool
send_all(struct delivery_process *p, const void *data, size_t len,
    struct failure *why)
{
	const char	*from = data;
	int64_t		 deadline = clock_ms() + WRITE_MS;

	while (len > 0) {
		ssize_t	n = send(p->fd, from, len, MSG_NOSIGNAL |
			    MSG_DONTWAIT);

		if (n > 0) {
			from += n;
			len -= (size_t)n;
		} else if (errno != EAGAIN && errno != EINTR) {
			return has_ended(p, why);
		} else if (!wait_for(p, POLLOUT, deadline, why)) {
			return false;
		}
	}
	return true;
}

static bool
receive_all(struct delivery_process *p, void *data, size_t len,
    int64_t deadline, struct failure *why)
{
	char	*to = data;

	while (len > 0) {
		ssize_t	n;

		if (!wait_for(p, POLLIN, deadline, why))
			return false;
		n = recv(p->fd, to, len, MSG_DONTWAIT);
		if (n > 0) {
			to += n;
			len -= (size_t)n;
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			return has_ended(p, why);
		}
	}
	return true;
}

static bool
send_request(struct delivery_process *p, const struct delivery_request *d,
    bool only_open, struct failure *why)
{
	struct request			 r = { .only_open = only_open,
					    .timeout_ms = d->timeout_ms };
	const struct smarthost_url	*h;
	struct smarthost_list		 list;
	bool				 found = false;

	if (p->pid == 0) {
		errno = p->error;
		return p->error == 0 ? failed(why, EX_SOFTWARE,
		    "the delivery process was not started") :
		    failed_errno(why, EX_OSERR,
		    "cannot start the delivery process");
	}
	if (p->fd == -1)
		return failed(why, EX_TEMPFAIL, "the delivery process has "
		    "ended");
	while (!found && (h = find_smarthost(&list, p->config,
	    r.smarthost)) != NULL) {
		found = is_same(h, d->smarthost);
		smarthost_list_free(&list);
		r.smarthost += !found;
	}
	if (!found)
		return failed(why, EX_SOFTWARE, "it is not in the "
		    "configuration");
	if (d->paths != NULL)
		r.paths_len = (uint32_t)d->paths->len;
	return send_all(p, &r, sizeof(r), why) && (d->paths == NULL ||
	    send_all(p, d->paths->data, d->paths->len, why));
}

bool
delivery_process_open(struct delivery_process *p,
    const struct smarthost_url *smarthost, struct failure *why)
{
	struct delivery_result	*r = memory_new(1, sizeof(*r));
	bool			 good;

	good = send_request(p, &(struct delivery_request){
	    .smarthost = smarthost }, true, why) &&
	    receive_all(p, r, sizeof(*r), clock_ms() + EXTRA_MS, why);
	if (good && r->why.status != EX_OK) {
		*why = r->why;
		good = false;
	}
	free(r);
	return good;
}

bool
delivery_process_begin(struct delivery_process *p,
    const struct delivery_request *d, struct failure *why)
{
	return send_request(p, d, false, why);
}

bool
delivery_process_write(struct delivery_process *p, const void *data,
    size_t len, struct failure *why)
{
	const char	*from = data;

	while (len > 0) {
		uint32_t	n = len < PIECE_MAX ? (uint32_t)len : PIECE_MAX;

		if (!send_all(p, &n, sizeof(n), why) ||
		    !send_all(p, from, n, why))
			return false;
		from += n;
		len -= n;
	}
	return true;
}

bool
delivery_process_end(struct delivery_process *p,
    const struct delivery_request *d, struct delivery_result *r,
    struct buffer *output, struct failure *why)
{
	const uint32_t	end = END;
	int64_t		deadline = clock_ms() + d->timeout_ms + EXTRA_MS;

	if (!send_all(p, &end, sizeof(end), why) ||
	    !receive_all(p, r, sizeof(*r), deadline, why) ||
	    !receive_all(p, buffer_room(output, r->output_len), r->output_len,
	    deadline, why))
		return false;
	output->len += r->output_len;
	buffer_add(output, "", 0);
	return true;
}

void
delivery_process_abandon(struct delivery_process *p)
{
	const uint32_t	abandoned = ABANDONED;
	struct failure	ignored;	/* it is given up */

	if (p->fd != -1)
		send_all(p, &abandoned, sizeof(abandoned), &ignored);
}

void
delivery_process_stop(struct delivery_process *p)
{
	if (p->pid == 0)
		return;
	/* After it was given up, it ends by itself, unless it hangs. */
	if (p->fd != -1)
		helper_end(p->pid, p->fd);
	p->pid = 0;
}
