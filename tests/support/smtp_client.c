#include "support/smtp_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/socket.h>

#include "net/connect.h"

void
smtp_client_open(struct session *s, const struct session_options *options,
    const struct mock_smtp *host)
{
	struct endpoint		where = { .port = host->port };
	struct connect_options	how = { .family = AF_UNSPEC };
	struct failure		why;
	int			fd;

	if (host->port == 0)
		where.path = host->address;
	else
		where.host = host->address;
	fd = connect_to(&where, &how, &why);
	if (fd == -1 || !session_open(s, fd, options, &why))
		fail_msg("%s", why.text);
}
