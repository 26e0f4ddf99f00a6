/*
 * loopback_fuzz.c - the requests of browsers, and of anything else, during a
 * login with OAuth 2
 *
 * The text up to the first \377 is pasted into the terminal.  Each further text
 * up to a \377 is sent over a connection of its own.  Every connection gets one
 * of our pages or none.  The redirect of the login, sent last, ends the
 * wait, unless one of the others has the state and so could be it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz/must.h"
#include "token/loopback.h"
#include "util/clock.h"
#include "util/file.h"

enum { CONNECTIONS = 12, SEPARATOR = 255, REPLY_MAX = 4096 };

static const char	state[] = "s4";
static const char	redirect[] =
	"GET /?code=final&state=s4 HTTP/1.1\r\nHost: localhost\r\n\r\n";

/* Listens at an address that the system chooses; *to is set to it. */
static int
listen_anywhere(struct sockaddr_un *to, socklen_t *len)
{
	int	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	*to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	*len = sizeof(*to);
	must(fd != -1 && bind(fd, (struct sockaddr *)to,
	    sizeof(to->sun_family)) == 0 &&
	    listen(fd, CONNECTIONS + 1) == 0 &&
	    getsockname(fd, (struct sockaddr *)to, len) == 0);
	return fd;
}

static int
request(const struct sockaddr_un *to, socklen_t to_len, const void *text,
    size_t len)
{
	int	fd = socket(AF_UNIX, SOCK_STREAM, 0);

	must(fd != -1 && connect(fd, (const struct sockaddr *)to,
	    to_len) == 0 && (len == 0 ||
	    send(fd, text, len, MSG_DONTWAIT) > 0));
	return fd;
}

static void
check_reply(int fd)
{
	static const char	begin[] = "HTTP/1.1 ", end[] = "</p></html>\n";
	char			text[REPLY_MAX];
	ssize_t			n = recv(fd, text, sizeof(text) - 1,
				    MSG_DONTWAIT);

	if (n > 0) {
		text[n] = '\0';
		must(strncmp(text, begin, strlen(begin)) == 0);
		must(strcmp(strchr(text, '\0') - strlen(end), end) == 0);
	}
	close(fd);
}

static void
remark(const char *line)
{
	for (; *line != '\0'; line++)
		must(*line >= ' ' && *line <= '~');
}

/* The next text; returns false after the last one. */
static bool
next_text(const uint8_t **text, size_t *len, const uint8_t **at, size_t *left)
{
	const uint8_t	*end = memchr(*at, SEPARATOR, *left);

	*text = *at;
	*len = end != NULL ? (size_t)(end - *at) : *left;
	*at += *len + (end != NULL);
	*left -= *len + (end != NULL);
	return *len > 0 || end != NULL;
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct loopback_login	login = { .path = "/", .state = state,
				    .remark = remark };
	struct loopback		l = { .fd = { -1, -1 } };
	struct sockaddr_un	address;
	socklen_t		address_len;
	struct buffer		code = { 0 };
	struct failure		why = { .status = 0 };
	const uint8_t		*text, *at = data;
	size_t			 len, left = size, n = 0;
	int			 client[CONNECTIONS + 1];
	bool			 good;

	if (size == 0)
		return 0;
	l.fd[0] = listen_anywhere(&address, &address_len);
	next_text(&text, &len, &at, &left);
	login.terminal = file_in_memory();
	must(login.terminal != -1 && file_write(login.terminal, text, len) &&
	    lseek(login.terminal, 0, SEEK_SET) == 0);
	while (n < CONNECTIONS && next_text(&text, &len, &at, &left))
		client[n++] = request(&address, address_len, text, len);
	client[n++] = request(&address, address_len, redirect,
	    strlen(redirect));
	login.until = clock_ms() + 60 * 1000;
	good = loopback_receive(&l, &login, &code, &why);
	must(good == (code.len > 0));
	if (memmem(data, size, state, strlen(state)) == NULL &&
	    memchr(data, '%', size) == NULL)
		must(good && strcmp(code.data, "final") == 0);
	if (!good)
		for (const char *c = why.text; *c != '\0'; c++)
			must((unsigned char)*c >= ' ' && *c != 127);
	loopback_close(&l);
	for (size_t i = 0; i < n; i++)
		check_reply(client[i]);
	close(login.terminal);
	buffer_wipe(&code);
	return 0;
}
