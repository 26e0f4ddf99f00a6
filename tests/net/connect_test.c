/*
 * Failed connections: the text, which does not name the host, and the cause.
 * Connections to several addresses: see program/addresses_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "net/connect.h"
#include "support/cases.h"
#include "support/mock_smtp.h"

#define DIRECTORY	"/nonexistent-directory-of-relais"

struct connect_case {
	const char		*sentence;
	struct endpoint		 to;	/* port 0: one that refuses */
	struct connect_options	 how;
	int			 status;
	enum connect_cause	 cause;
	const char		*text;
};

static const struct connect_case cases[] = {
	{ "a refused connection to an IPv4 address", { .host = "127.0.0.1" },
	    { .family = AF_UNSPEC }, EX_TEMPFAIL, CONNECT_CAUSE_UNREACHABLE,
	    "Connection refused" },
	{ "a refused connection to a host name", { .host = "localhost" },
	    { .family = AF_INET }, EX_TEMPFAIL, CONNECT_CAUSE_UNREACHABLE,
	    "127.0.0.1: Connection refused" },
	{ "a Unix socket that does not exist",
	    { .path = DIRECTORY "/socket" }, { .family = AF_UNSPEC },
	    EX_TEMPFAIL, CONNECT_CAUSE_UNREACHABLE,
	    "No such file or directory" },
	{ "a path that is too long for a Unix socket",
	    { .path = DIRECTORY DIRECTORY DIRECTORY DIRECTORY },
	    { .family = AF_UNSPEC }, EX_CONFIG, CONNECT_CAUSE_UNREACHABLE,
	    "the path is too long for a Unix socket" },
	{ "an IPv4 address with family IPv6", { .host = "127.0.0.1" },
	    { .family = AF_INET6 }, EX_NOHOST, CONNECT_CAUSE_FAMILY,
	    "the host has no IPv6 address" },
	{ "an IPv6 address with family IPv4", { .host = "::1" },
	    { .family = AF_INET }, EX_NOHOST, CONNECT_CAUSE_FAMILY,
	    "the host has no IPv4 address" },
	{ "a source address of another family", { .host = "127.0.0.1" },
	    { .family = AF_UNSPEC, .source = "::1" }, EX_CONFIG,
	    CONNECT_CAUSE_SOURCE, "the host has no address of the same family "
	    "as the source address ::1" },
	{ "a source address of another machine", { .host = "127.0.0.1" },
	    { .family = AF_UNSPEC, .source = "192.0.2.1" }, EX_CONFIG,
	    CONNECT_CAUSE_SOURCE, "cannot bind to the source address "
	    "192.0.2.1: Cannot assign requested address" },
	{ "a source address that is not an address", { .host = "127.0.0.1" },
	    { .family = AF_UNSPEC, .source = "localhost" }, EX_CONFIG,
	    CONNECT_CAUSE_SOURCE, "the source address localhost is not an IP "
	    "address" },
};

static void
fails(void **state)
{
	const struct connect_case	*c = *state;
	struct mock_smtp		*host;
	struct endpoint			 to = c->to;
	struct failure			 why;

	host = mock_smtp_start(&(struct script){ .refusing = true });
	to.port = host->port;
	assert_int_equal(connect_to(&to, &c->how, &why), -1);
	mock_smtp_stop(host);
	assert_string_equal(why.text, c->text);
	assert_int_equal(why.status, c->status);
	assert_int_equal(why.cause, c->cause);
}

int
main(void)
{
	return CASES_RUN("net/connect", fails, cases);
}
