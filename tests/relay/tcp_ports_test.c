/*
 * The TCP ports that a process in the sandbox needs for a configuration.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "relay/tcp_ports.h"
#include "support/cases.h"
#include "support/conf_load.h"
#include "support/temp_dir.h"
#include "util/buffer.h"

struct ports_case {
	const char	*sentence;
	const char	*conf;
	const char	*ports;		/* "any": all */
};

static const struct ports_case cases[] = {
	{ "no smarthost: no port", "", "" },
	{ "the default port of each scheme", "smarthost = submission://a, "
	  "submissions://b, smtp://c, lmtp://d\n", "587 465 25 24 " },
	{ "a port in the URL", "smarthost = smtp://a:2525\n", "2525 " },
	{ "a port is allowed once", "smarthost = smtp://a, smtp://b\n", "25 " },
	{ "a smarthost of a section", "smarthost = smtp://a\n"
	  "[to *@example.net]\nsmarthost = submission://b\n", "587 25 " },
	{ "a proxy", "smarthost = smtp://a\nproxy = socks5://p:9050\n",
	  "25 9050 " },
	{ "a section without a proxy", "smarthost = smtp://a\n"
	  "[to *@example.net]\nproxy = off\n", "25 " },
	{ "MX records have no ports", "smarthost = smtp+mx://a\n", "25 " },
	{ "SRV records have ports", "smarthost = submission+srv://a\n",
	  "any" },
	{ "a Unix socket, a program and a Maildir",
	  "smarthost = lmtp:///run/lmtp, maildir:///m, command:///bin/true\n",
	  "" },
	{ "more ports than a sandbox can list", "smarthost = smtp://a:1 "
	  "smtp://a:2 smtp://a:3 smtp://a:4 smtp://a:5 smtp://a:6 smtp://a:7 "
	  "smtp://a:8 smtp://a:9 smtp://a:10 smtp://a:11 smtp://a:12 "
	  "smtp://a:13 smtp://a:14 smtp://a:15 smtp://a:16 smtp://a:17\n",
	  "any" },
};

static void
allows(void **state)
{
	const struct ports_case	*c = *state;
	struct temp_dir		 dir;
	struct config		 config = { 0 };
	struct sandbox		 sandbox = { .directory = -1 };
	struct buffer		 ports = { 0 };

	temp_dir_make(&dir);
	conf_load(&config, &dir, c->conf);
	tcp_ports_allow(&sandbox, &config);
	buffer_add_text(&ports, sandbox.any_port ? "any" : "");
	for (size_t i = 0; i < sandbox.n_ports && !sandbox.any_port; i++)
		buffer_addf(&ports, "%u ", sandbox.port[i]);
	assert_string_equal(ports.data, c->ports);
	buffer_free(&ports);
	config_free(&config);
	temp_dir_remove(&dir);
}

int
main(void)
{
	return CASES_RUN("ports", allows, cases);
}
