#include "token/loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "token/redirect.h"
#include "util/clock.h"

enum {
	CLIENTS		= 8,
	ATTEMPTS	= 10,		/* to get the same port for both */
	REQUEST_MAX	= 16 * 1024,
	REQUEST_MS	= 10 * 1000,
	READ_SIZE	= 4096,
	FIRST_CLIENT	= 3		/* in the array for poll(2) */
};

struct client {
	int		fd;		/* -1: free */
	int64_t		until;
	struct buffer	request;
};

/* Everything that the functions below need. */
struct wait {
	const struct loopback_login *login;
	struct client	 client[CLIENTS];
	struct buffer	 pasted;	/* an incomplete line */
	bool		 has_remarked;	/* about a foreign request: others can
					 * be sent endlessly */
	struct buffer	*code;
	struct failure	*why;
	enum redirect	 result;	/* REDIRECT_FOREIGN: none yet */
};

static int
listen_at(int family, unsigned *port)
{
	struct sockaddr_in6	 six = { .sin6_family = AF_INET6,
				    .sin6_addr = in6addr_loopback,
				    .sin6_port = htons((uint16_t)*port) };
	struct sockaddr_in	 four = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				    .sin_port = htons((uint16_t)*port) };
	struct sockaddr		*address = family == AF_INET6 ?
				    (struct sockaddr *)&six :
				    (struct sockaddr *)&four;
	socklen_t		 len = family == AF_INET6 ? sizeof(six) :
				    sizeof(four);
	int			 fd, on = 1;

	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	if ((family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY,
	    &on, sizeof(on)) == -1) || bind(fd, address, len) == -1 ||
	    listen(fd, CLIENTS) == -1 ||
	    getsockname(fd, address, &len) == -1) {
		close(fd);
		return -1;
	}
	*port = ntohs(family == AF_INET6 ? six.sin6_port : four.sin_port);
	return fd;
}

bool
loopback_open(struct loopback *l, struct failure *why)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		l->port = 0;
		l->fd[1] = -1;
		l->fd[0] = listen_at(AF_INET, &l->port);
		if (l->fd[0] == -1)
			return failed_errno(why, EX_OSERR,
			    "cannot listen on 127.0.0.1");
		l->fd[1] = listen_at(AF_INET6, &l->port);
		/* Another program must not receive the redirect. */
		if (l->fd[1] != -1 || errno != EADDRINUSE)
			return true;
		loopback_close(l);
	}
	return failed(why, EX_OSERR, "no port of 127.0.0.1 and [::1] is free");
}

static void
drop(struct client *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	buffer_wipe(&c->request);
}

/* Closes the connection after the page, which is small enough for one write. */
static void
reply(struct client *c, const char *status, const char *sentence)
{
	struct buffer	page = { 0 }, text = { 0 };

	buffer_addf(&page, "<!doctype html><html lang=\"en\"><meta charset="
	    "\"utf-8\"><title>relais</title><p>%s</p></html>\n", sentence);
	buffer_addf(&text, "HTTP/1.1 %s\r\nContent-Type: text/html; charset="
	    "utf-8\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
	    "Referrer-Policy: no-referrer\r\nConnection: close\r\n%s\r\n%s",
	    status, page.len, strncmp(status, "405 ", 4) == 0 ?
	    "Allow: GET\r\n" : "", page.data);
	send(c->fd, text.data, text.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(c->fd, SHUT_WR);
	buffer_free(&text);
	buffer_free(&page);
	drop(c);
}

/* The request is complete. */
static void
answer(struct wait *w, struct client *c)
{
	const char	*path = c->request.data, *query;
	size_t		 path_len, len = 0;

	if (strncmp(path, "GET ", 4) != 0) {
		reply(c, "405 Method Not Allowed", "Only GET is allowed.");
		return;
	}
	path += 4;
	path_len = strcspn(path, "? \r\n");
	if (path_len != strlen(w->login->path) ||
	    memcmp(path, w->login->path, path_len) != 0) {
		reply(c, "404 Not Found", "This page does not exist.");
		return;
	}
	query = path + path_len;
	if (*query == '?')
		len = strcspn(++query, " \r\n");
	w->result = redirect_read(query, len, w->login->state, w->code,
	    w->why);
	switch (w->result) {
	case REDIRECT_CODE:
		reply(c, "200 OK", "The login was received. You can close this "
		    "window; the result appears in the terminal.");
		break;
	case REDIRECT_REFUSED:
		reply(c, "200 OK", "The login was refused; the reason appears "
		    "in the terminal.");
		break;
	case REDIRECT_FOREIGN:
		if (!w->has_remarked)
			w->login->remark("a request that does not belong to "
			    "this login was ignored");
		w->has_remarked = true;
		reply(c, "400 Bad Request", "This address does not belong to "
		    "the current login.");
		break;
	}
}

static void
read_client(struct wait *w, struct client *c)
{
	ssize_t	n = read(c->fd, buffer_room(&c->request, READ_SIZE),
		    READ_SIZE);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	c->request.len += (size_t)n;
	c->request.data[c->request.len] = '\0';
	if (strlen(c->request.data) != c->request.len)
		reply(c, "400 Bad Request", "The request is invalid.");
	else if (strstr(c->request.data, "\r\n\r\n") != NULL ||
	    strstr(c->request.data, "\n\n") != NULL)
		answer(w, c);
	else if (c->request.len > REQUEST_MAX)
		reply(c, "431 Request Header Fields Too Large",
		    "The request is too large.");
}

/* If there are too many connections, the oldest one is closed. */
static void
accept_client(struct wait *w, int listener)
{
	struct client	*oldest = &w->client[0];
	int		 fd = accept4(listener, NULL, NULL,
			    SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd == -1)
		return;
	for (int i = 1; i < CLIENTS && oldest->fd != -1; i++)
		if (w->client[i].fd == -1 ||
		    w->client[i].until < oldest->until)
			oldest = &w->client[i];
	drop(oldest);
	oldest->fd = fd;
	oldest->until = clock_ms() + REQUEST_MS;
}

/* Text without a question mark is taken to be the query itself. */
static void
read_pasted(struct wait *w)
{
	const char	*query;
	size_t		 len;

	len = strcspn(w->pasted.data, "# \t\r\n");
	query = memchr(w->pasted.data, '?', len);
	query = query != NULL ? query + 1 : w->pasted.data;
	w->result = redirect_read(query, len - (size_t)(query -
	    w->pasted.data), w->login->state, w->code, w->why);
	if (w->result == REDIRECT_FOREIGN && len > 0)
		w->login->remark("this is not the redirected address of this "
		    "login: it must contain state= and code=; copy all of it "
		    "from the address bar of the browser");
	buffer_wipe(&w->pasted);
}

/* Returns false at the end of input. */
static bool
read_terminal(struct wait *w)
{
	ssize_t	n = read(w->login->terminal, buffer_room(&w->pasted,
		    READ_SIZE), READ_SIZE);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	w->pasted.len += (size_t)n;
	w->pasted.data[w->pasted.len] = '\0';
	if (memchr(w->pasted.data, '\n', w->pasted.len) != NULL)
		read_pasted(w);
	else if (w->pasted.len > REQUEST_MAX)
		buffer_wipe(&w->pasted);
	return true;
}

/* Waits for the next event until the deadline of the login or of a client. */
static void
wait_for(struct wait *w, struct pollfd *p)
{
	int64_t	until = w->login->until, left;

	for (int i = 0; i < CLIENTS; i++) {
		const struct client	*c = &w->client[i];

		p[FIRST_CLIENT + i] = (struct pollfd){ .fd = c->fd,
		    .events = POLLIN };
		if (c->fd != -1 && c->until < until)
			until = c->until;
	}
	left = until - clock_ms();
	if (poll(p, FIRST_CLIENT + CLIENTS, left > 0 ? (int)left : 0) == -1)
		for (int i = 0; i < FIRST_CLIENT + CLIENTS; i++)
			p[i].revents = 0;
}

bool
loopback_receive(const struct loopback *l, const struct loopback_login *login,
    struct buffer *code, struct failure *why)
{
	struct pollfd	p[FIRST_CLIENT + CLIENTS] = {
		{ .fd = l->fd[0], .events = POLLIN },
		{ .fd = l->fd[1], .events = POLLIN },
		{ .fd = login->terminal, .events = POLLIN },
	};
	struct wait	w = { .login = login, .code = code, .why = why,
			    .result = REDIRECT_FOREIGN };

	for (int i = 0; i < CLIENTS; i++)
		w.client[i].fd = -1;
	failed(why, EX_TEMPFAIL, "the login was not completed in time");
	while (w.result == REDIRECT_FOREIGN && clock_ms() < login->until) {
		wait_for(&w, p);
		for (int i = 0; i < CLIENTS; i++)
			if (p[FIRST_CLIENT + i].revents != 0 &&
			    w.result == REDIRECT_FOREIGN)
				read_client(&w, &w.client[i]);
			else if (w.client[i].fd != -1 &&
			    clock_ms() >= w.client[i].until)
				drop(&w.client[i]);
		for (int i = 0; i < 2; i++)
			if (p[i].revents != 0)
				accept_client(&w, l->fd[i]);
		if (p[2].revents != 0 && w.result == REDIRECT_FOREIGN &&
		    !read_terminal(&w))
			p[2].fd = -1;
	}
	for (int i = 0; i < CLIENTS; i++)
		drop(&w.client[i]);
	buffer_wipe(&w.pasted);
	return w.result == REDIRECT_CODE;
}

void
loopback_close(struct loopback *l)
{
	for (int i = 0; i < 2; i++) {
		if (l->fd[i] != -1)
			close(l->fd[i]);
		l->fd[i] = -1;
	}
}
