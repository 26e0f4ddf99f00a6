/*
 * The name in EHLO, which is always a domain or an address literal (RFC 5321
 * section 4.1.1.1), and the domain of bare names, for host names and
 * configurations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/mock_smtp.h"
#include "support/namespace.h"
#include "support/program.h"
#include "support/skip.h"
#include "support/temp_dir.h"

enum { NO_HOST = 99 };

struct helo_case {
	const char	*sentence;
	const char	*host;
	const char	*more;		/* lines of relais.conf, or NULL */
	const char	*hello;		/* the commands before MAIL */
	struct script	 script;
	int		 status;
	const char	*err;		/* in the line on stderr, or NULL */
};

#define LITERAL	"EHLO [127.0.0.1]"

static const struct helo_case cases[] = {
	{ "the full host name is sent", "web1.example.org", NULL,
	    .hello = "EHLO web1.example.org" },
	{ "a short host name is not completed", "web1", NULL,
	    .hello = LITERAL },
	{ "the key domain replaces a short host name",
	    "web1", "domain = example.org\n",
	    .hello = "EHLO example.org" },
	{ "a host name with an underscore is replaced with a literal",
	    "my_app.example.org", NULL, .hello = LITERAL },
	{ "a host name with a leading hyphen is replaced with a literal",
	    "-x.example.org", NULL, .hello = LITERAL },
	{ "a host name with a trailing hyphen is replaced with a literal",
	    "x-.example.org", NULL, .hello = LITERAL },
	{ "a host name with an empty label is replaced with a literal",
	    "a..b.example", NULL, .hello = LITERAL },
	{ "the dot at the end of a host name is removed",
	    "web1.example.org.", NULL,
	    .hello = "EHLO web1.example.org" },
	{ "a host name with two dots at the end is replaced with a literal",
	    "web1.example.org..", NULL, .hello = LITERAL },
	{ "a host name that is an IP address is replaced with a literal",
	    "192.0.2.7", NULL, .hello = LITERAL },
	{ "the key domain replaces an invalid host name", "my_app.example.net",
	    "domain = example.org\n", .hello = "EHLO example.org" },
	{ "an invalid host name and an invalid domain are replaced with a "
	    "literal", "my_app", "domain = my_net.example\n",
	    .hello = LITERAL },
	{ "the key helo overrides the host name", "web1.example.org",
	    "helo = mail.example.org\n", .hello = "EHLO mail.example.org" },
	{ "the dot at the end of helo is removed",
	    "web1", "helo = mail.example.org.\n",
	    .hello = "EHLO mail.example.org" },
	{ "helo may be an address literal",
	    "web1", "helo = [IPv6:2001:db8::1]\n",
	    .hello = "EHLO [IPv6:2001:db8::1]" },
	{ "helo of the section that applies is used", "web1",
	    "helo = one.example.org\n[from *@example.org]\n"
	    "helo = two.example.org\n", .hello = "EHLO two.example.org" },
	{ "a helo that is not a domain is an error", "web1",
	    "helo = my_app.example.org\n", .hello = "", .status = EX_CONFIG,
	    .err = "relais.conf:7: helo: invalid value \"my_app.example.org\"; "
	    "expected a domain such as" },
	{ "after 501 to a name, the literal is sent",
	    "web1.example.org", NULL,
	    .hello = "EHLO web1.example.org|" LITERAL,
	    .script = { .steps = { { .at = ON_EHLO, .match = "web1",
	    .say = "501 5.5.4 invalid" } } } },
	{ "after 504 to a name, the literal is sent", "web1", "helo = web1\n",
	    .hello = "EHLO web1|" LITERAL,
	    .script = { .steps = { { .at = ON_EHLO, .match = "web1",
	    .say = "504 5.5.2 need a fully-qualified hostname" } } } },
	{ "a literal that is refused is not repeated", "web1", NULL,
	    .hello = LITERAL "|HELO [127.0.0.1]",
	    .script = { .steps = { { .at = ON_EHLO,
	    .say = "501 5.5.4 invalid" } } } },
	{ "HELO sends the name, not the literal", "web1.example.org",
	    NULL, .hello = "EHLO web1.example.org|" LITERAL
	    "|HELO web1.example.org",
	    .script = { .steps = { { .at = ON_EHLO, .say = "501 what?" } } } },
	{ "LHLO sends the literal after a refused name, and HELO is not sent",
	    "web1.example.org",
	    "smarthost = lmtp://127.0.0.1:{port}\n",
	    .hello = "LHLO web1.example.org|LHLO [127.0.0.1]",
	    .script = { .lmtp = true, .steps = { { .at = ON_LHLO,
	    .say = "501 5.5.4 invalid" } } }, .status = EX_UNAVAILABLE,
	    .err = "LHLO: 501 5.5.4 invalid" },
};

/* Sets the host name; /etc/mailname is empty and cannot override it. */
static void
enter_host(void *context)
{
	const char	*name = context;

	if (unshare(CLONE_NEWUTS | CLONE_NEWNS) == -1 &&
	    !namespace_enter(0, CLONE_NEWUTS | CLONE_NEWNS))
		_exit(NO_HOST);
	if (sethostname(name, strlen(name)) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		_exit(NO_HOST);
	if (access("/etc/mailname", F_OK) == 0 && mount("/dev/null",
	    "/etc/mailname", NULL, MS_BIND, NULL) == -1)
		_exit(NO_HOST);
}

static const char *
write_conf(struct temp_dir *dir, const struct helo_case *c, unsigned port)
{
	static const char	 mark[] = "{port}";
	const char		*more = c->more != NULL ? c->more : "";
	const char		*at = strstr(more, mark);
	struct buffer		 text = { 0 };
	const char		*path;

	buffer_addf(&text, "smarthost = smtp://127.0.0.1:%u\nqueue = off\n"
	    "socket = off\naliases = off\nlog = off\ntls = off\n", port);
	if (at != NULL)
		buffer_addf(&text, "%.*s%u%s", (int)(at - more), more, port,
		    at + sizeof(mark) - 1);
	else
		buffer_add_text(&text, more);
	path = temp_dir_write(dir, "relais.conf", 0600, text.data);
	buffer_free(&text);
	return path;
}

/* "EHLO a|HELO b": all before MAIL or QUIT. */
static char *
hello_heard(const struct heard *h)
{
	struct buffer	said = { 0 };

	buffer_add_text(&said, "");
	for (size_t i = 0; h != NULL && i < h->n_commands; i++)
		if (h->command[i].stage <= ON_LHLO)
			buffer_addf(&said, "%s%s", said.len > 0 ? "|" : "",
			    h->command[i].line);
	return buffer_take(&said);
}

static void
is_greeted(void **state)
{
	const struct helo_case	*c = *state;
	struct mock_smtp	*host = mock_smtp_start(&c->script);
	struct temp_dir		 dir;
	struct program_result	 o;
	char			*hello;
	int			 status;

	temp_dir_make(&dir);
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", write_conf(&dir, c, host->port),
	    "-i", "-f", "a@example.org", "b@example.net"),
	    .input = "Subject: x\n\nhi\n", .prepare = enter_host,
	    .ctx = (void *)(uintptr_t)c->host });
	hello = hello_heard(mock_smtp_heard(host, 0));
	status = o.status;
	if (status == c->status) {
		assert_string_equal(hello, c->hello);
		if (c->err == NULL)
			assert_string_equal(o.err.data, "");
		else if (strstr(o.err.data, c->err) == NULL)
			fail_msg("not said: \"%s\", but: %s", c->err,
			    o.err.data);
	} else if (status != NO_HOST)
		fail_msg("status %d: %s", status, o.err.data);
	free(hello);
	program_result_free(&o);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
	if (status == NO_HOST)
		skip_because("needs a host name of its own (a namespace)");
}

struct domain_case {
	const char	*sentence;
	const char	*host;
	const char	*more;		/* lines of relais.conf, or NULL */
	const char	*domain;
};

static const struct domain_case domains[] = {
	{ "the domain is the host name without its first label",
	    "web1.example.org", NULL, "example.org" },
	{ "the domain of a name with two labels is the whole name",
	    "example.org", NULL, "example.org" },
	{ "the first label need not be valid", "my_app.example.org", NULL,
	    "example.org" },
	{ "without another source, the domain is a short name",
	    "web1", NULL, "web1" },
	{ "the domain of from comes before a short name", "web1",
	    "from = a@example.net\nfrom_mode = never\n", "example.net" },
	{ "a host name that is an IP address is written as a literal",
	    "10.0.0.5", NULL, "[10.0.0.5]" },
	{ "the domain of from comes before an address", "10.0.0.5",
	    "from = a@example.net\nfrom_mode = never\n", "example.net" },
	{ "a host name that resembles an IP address is not used",
	    "10.0.5", NULL,
	    "localhost" },
	{ "a numeric host name is not used", "1234", NULL, "localhost" },
	{ "a host name with an empty label is not used", "a..example", NULL,
	    "localhost" },
	{ "a host name with an underscore is not used",
	    "my_app", NULL, "localhost" },
	{ "the key domain overrides all other sources", "10.0.0.5",
	    "domain = example.org\n", "example.org" },
};

/* The domain is that of the sender that relais route shows. */
static void
is_the_domain(void **state)
{
	const struct domain_case	*c = *state;
	struct helo_case		 conf = { .more = c->more };
	struct temp_dir			 dir;
	struct program_result		 o;
	const char			*path;
	char				 want[200];
	int				 status;

	temp_dir_make(&dir);
	path = write_conf(&dir, &conf, 25);
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", path, "route", "-f", "root",
	    "b@example.net"), .prepare = enter_host,
	    .ctx = (void *)(uintptr_t)c->host });
	status = o.status;
	snprintf(want, sizeof(want), "b@example.net\n  sender     root@%s "
	    "(local name at our domain, %s%s)\n", c->domain,
	    c->more != NULL ? path : "host name",
	    c->more != NULL ? ":7" : "");
	if (status == 0 && strncmp(o.out.data, want, strlen(want)) != 0)
		fail_msg("not \"%s\", but: %s", want, o.out.data);
	else if (status != 0 && status != NO_HOST)
		fail_msg("status %d: %s", status, o.err.data);
	program_result_free(&o);
	temp_dir_remove(&dir);
	if (status == NO_HOST)
		skip_because("needs a host name of its own (a namespace)");
}

int
main(void)
{
	return CASES_RUN("EHLO's name", is_greeted, cases) +
	    CASES_RUN("the domain of this machine", is_the_domain, domains);
}
