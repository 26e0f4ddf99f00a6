/*
 * The replies of a SOCKS5 proxy.  The first octet says whether there is a user.
 * After a success, exactly the replies have been received; the text of a
 * failure is visible and does not contain the password.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz/must.h"
#include "net/socks.h"

enum { INPUT_MAX = 4096 };

/* The length of the replies of a proxy that connects. */
static size_t
length_of_replies(const uint8_t *data)
{
	size_t	at = data[1] == 2 ? 4 : 2;

	switch (data[at + 3]) {
	case 1:
		return at + 4 + 4 + 2;
	case 3:
		return at + 4 + 1 + data[at + 4] + 2;
	default:
		return at + 4 + 16 + 2;
	}
}

static void
check_success(int fd, const uint8_t *data, size_t len)
{
	size_t	replies = length_of_replies(data);
	char	rest[INPUT_MAX];
	ssize_t	n = recv(fd, rest, sizeof(rest), MSG_DONTWAIT);

	must(n >= 0 && replies + (size_t)n == len);
	must(memcmp(rest, data + replies, (size_t)n) == 0);
}

static void
check_failure(const struct failure *why)
{
	must(why->status != 0 && why->cause >= SOCKS_CAUSE_PROXY &&
	    why->cause <= SOCKS_CAUSE_HOST && why->text[0] != '\0');
	must(strstr(why->text, "secret") == NULL);
	for (const char *c = why->text; *c != '\0'; c++)
		must((unsigned char)*c >= ' ' && *c != 127);
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct socks_proxy	proxy = { .user = NULL };
	struct endpoint		host = { .host = "mail.example", .port = 25 };
	struct connect_options	how = { .timeout_ms = 1000 };
	struct failure		why = { .status = 0 };
	int			fd[2];

	if (size == 0 || size > INPUT_MAX)
		return 0;
	if (data[0] & 1)
		proxy.user = "me", proxy.password = "secret";
	data++;
	size--;
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == 0);
	must(send(fd[1], data, size, 0) == (ssize_t)size || size == 0);
	must(shutdown(fd[1], SHUT_WR) == 0);
	if (socks_negotiate(fd[0], &proxy, &host, &how, &why))
		check_success(fd[0], data, size);
	else if (memmem(data, size, "secret", 6) == NULL)
		check_failure(&why);
	close(fd[0]);
	close(fd[1]);
	return 0;
}
