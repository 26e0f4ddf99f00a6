/*
 * The smarthost is reached through a SOCKS5 proxy.  The name mail.example does
 * not exist, so only the proxy can connect to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "support/cases.h"
#include "support/certificate.h"
#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/mock_socks.h"
#include "support/program.h"

struct proxy_case {
	const char	*sentence;
	const char	*conf;		/* {port}: of the proxy; {dir}; {ca} */
	int		 status;
	const char	*said[3];	/* on standard output or error */
	struct script	 host;
	struct socks_script proxy;
};

#define OCTETS(text)	text, sizeof(text) - 1
#define SMTP		"smarthost = smtp://mail.example:25\ntls = off\n"
#define PROXY		"proxy = socks5://127.0.0.1:{port}\n"
#define USER_PROXY	"proxy = socks5://me@127.0.0.1:{port}\n" \
			"proxy_password_file = {dir}/secret\n"
#define LOGIN		"user = nina\npassword = secret\ntls_ca = {ca}\n"

static const struct proxy_case cases[] = {
	{ "the proxy looks up the name of the smarthost", SMTP PROXY,
	    .said = { "connected to mail.example:25 through proxy 127.0.0.1:" }
	    },
	{ "with a user and a password", SMTP USER_PROXY,
	    .proxy = { .user = "me", .password = "proxy secret" } },
	{ "STARTTLS and AUTH", "smarthost = submission://mail.example\n"
	    LOGIN PROXY, .host = { .security = STARTTLS_OFFERED,
	    .user = "nina", .password = "secret" } },
	{ "implicit TLS and AUTH", "smarthost = submissions://mail.example\n"
	    LOGIN PROXY, .host = { .security = TLS_AT_ONCE,
	    .user = "nina", .password = "secret" } },
	{ "the replies of the proxy arrive octet by octet",
	    "smarthost = submissions://mail.example\ntls_ca = {ca}\n" PROXY,
	    .host = { .security = TLS_AT_ONCE },
	    .proxy = { .dripping = true } },
	{ "localhost is the host of the proxy, so TLS is required",
	    "smarthost = smtp://localhost\n" PROXY, .status = EX_UNAVAILABLE,
	    .said = { "the server does not offer TLS" } },
	{ "the certificate must be valid for the name in the URL",
	    "smarthost = submissions://mail2.example\ntls_ca = {ca}\n" PROXY,
	    .host = { .security = TLS_AT_ONCE }, .status = EX_CONFIG,
	    .said = { "mail2.example" } },

	{ "nothing listens on the port of the proxy", SMTP
	    "proxy = socks5://127.0.0.1:1\n", .status = EX_TEMPFAIL,
	    .said = { "mail.example:25: proxy 127.0.0.1:1: Connection refused; "
	    "check the host and the port of the proxy, and that it is running "
	    "({dir}/relais.conf:", } },
	{ "an IPv6 proxy is shown in brackets", SMTP "proxy = socks5://[::1]:1\n",
	    .status = EX_TEMPFAIL, .said = { "proxy [::1]:1: " } },
	{ "the proxy is not a SOCKS5 proxy", SMTP PROXY,
	    .proxy = { .step = { [SOCKS_METHODS] =
	    { OCTETS("HTTP/1.1 400 Bad Request\r\n"), SOCKS_CLOSE } } },
	    .status = EX_PROTOCOL, .said = { "the server does not speak "
	    "SOCKS5: it sent \"HTTP/1.1 400 Bad Request\"; check the host and "
	    "the port of the proxy ({dir}/relais.conf:" } },
	{ "the proxy requires authentication", SMTP PROXY,
	    .proxy = { .user = "me", .password = "x" }, .status = EX_CONFIG,
	    .said = { "the proxy requires authentication; name the user in the "
	    "URL, as in socks5://user@host, and set proxy_password_file "
	    "({dir}/relais.conf:" } },
	{ "the proxy refuses the password", SMTP USER_PROXY,
	    .proxy = { .user = "me", .password = "x" }, .status = EX_CONFIG,
	    .said = { "the proxy refused the user or the password; check the "
	    "user in proxy and the password in proxy_password_file "
	    "({dir}/relais.conf:" } },
	{ "the rules of the proxy do not allow the connection", SMTP PROXY,
	    .proxy = { .step = { [SOCKS_CONNECT] =
	    { OCTETS("\5\2\0\1\0\0\0\0\0\0"), SOCKS_GO_ON } } },
	    .status = EX_TEMPFAIL, .said = { "its rules do not allow this "
	    "connection (reply 2); its administrator must allow connections to "
	    "this host and port ({dir}/relais.conf:" } },
	{ "the proxy cannot resolve the name", SMTP PROXY,
	    .proxy = { .step = { [SOCKS_CONNECT] =
	    { OCTETS("\5\4\0\1\0\0\0\0\0\0"), SOCKS_GO_ON } } },
	    .status = EX_TEMPFAIL, .said = { "host unreachable, or its name "
	    "does not exist (reply 4); check the host and the port, and "
	    "whether the proxy can reach them ({dir}/relais.conf:" } },
	{ "the proxy is silent", SMTP PROXY "connect_timeout = 2s\n",
	    .proxy = { .step = { [SOCKS_CONNECT] = { NULL, 0, SOCKS_HANG } } },
	    .status = EX_TEMPFAIL,
	    .said = { "no reply to the request to connect within 2 s" } },
	{ "the next smarthost is tried through the proxy as well",
	    "smarthost = smtp://[fe80::1%lo] smtp://mail.example\ntls = off\n"
	    PROXY, .said = { "an address with a zone cannot be used with a "
	    "proxy" } },
	{ "other users can read the password file", SMTP
	    "proxy = socks5://me@127.0.0.1:{port}\n"
	    "proxy_password_file = {dir}/open\n", .status = EX_CONFIG,
	    .said = { "proxy_password_file: {dir}/open", "chmod o-rwx" } },
	{ "the password file does not exist", SMTP
	    "proxy = socks5://me@127.0.0.1:{port}\n"
	    "proxy_password_file = {dir}/none\n", .status = EX_CONFIG,
	    .said = { "proxy_password_file: {dir}/none: No such file" } },
	{ "the password is empty", SMTP
	    "proxy = socks5://me@127.0.0.1:{port}\n"
	    "proxy_password_file = {dir}/empty\n", .status = EX_CONFIG,
	    .said = { "{dir}/empty is empty" } },
	{ "the password is too long", SMTP
	    "proxy = socks5://me@127.0.0.1:{port}\n"
	    "proxy_password_file = {dir}/long\n", .status = EX_CONFIG,
	    .said = { "{dir}/long: the password has more than 255 octets" } },
	{ "a section can do without the proxy",
	    SMTP PROXY "[to *@example.net]\nproxy = off\n"
	    "smarthost = smtp://127.0.0.1:1\n", .status = EX_TEMPFAIL,
	    .said = { "127.0.0.1:1: Connection refused" } },
	{ "a section can use the proxy", "smarthost = smtp://127.0.0.1:1\n"
	    "tls = off\n[to *@example.net]\n" PROXY, .status = EX_OK },
	{ "the source address is used for the connection to the proxy",
	    SMTP PROXY "source_address = ::1\n", .status = EX_CONFIG,
	    .said = { "proxy 127.0.0.1:", "the host has no address of the same "
	    "family as the source address ::1; check source_address" } },
};

/* Replaces {word} in the text. */
static void
fill_in(struct buffer *to, const char *text, struct temp_dir *dir,
    const struct mock_socks *proxy)
{
	for (size_t skip; *text != '\0'; text += skip) {
		skip = 1;
		if (strncmp(text, "{port}", 6) == 0)
			buffer_addf(to, "%u", proxy->port), skip = 6;
		else if (strncmp(text, "{dir}", 5) == 0)
			buffer_add_text(to, dir->path), skip = 5;
		else if (strncmp(text, "{ca}", 4) == 0)
			buffer_addf(to, "%s", temp_dir_path(dir, "ca.pem")),
			    skip = 4;
		else
			buffer_add_byte(to, *text);
	}
}

static void
write_passwords(struct temp_dir *dir)
{
	char	text[257];

	memset(text, 'p', 256);
	text[256] = '\0';
	temp_dir_write(dir, "secret", 0600, "proxy secret\n");
	temp_dir_write(dir, "open", 0644, "proxy secret\n");
	temp_dir_write(dir, "empty", 0600, "\n");
	temp_dir_write(dir, "long", 0600, text);
}

static void
delivers_or_fails(void **state)
{
	const struct proxy_case		*c = *state;
	struct script			 script = c->host;
	struct socks_script		 socks = c->proxy;
	struct usual_certificates	 certificates;
	struct mock_smtp		*host;
	struct mock_socks		*proxy;
	struct temp_dir			 dir;
	struct program_result		 out;
	struct buffer			 conf = { 0 };

	temp_dir_make(&dir);
	write_passwords(&dir);
	certificate_usual(&certificates, &dir);
	script.certificate = certificates.chain;
	script.key = certificates.key;
	host = mock_smtp_start(&script);
	socks.host_port = host->port;
	proxy = mock_socks_start(&socks);
	fill_in(&conf, c->conf, &dir, proxy);
	relais_run(&out, conf_write(&dir, NULL, NULL, conf.data),
	    WORDS("-v", "-i", "a@example.net"), "Subject: x\n\nhi\n");
	if (out.status != c->status)
		fail_msg("status %d: %s", out.status, out.err.data);
	assert_int_equal(mock_smtp_messages(host), c->status == EX_OK);
	for (size_t i = 0; i < 3 && c->said[i] != NULL; i++) {
		buffer_clear(&conf);
		fill_in(&conf, c->said[i], &dir, proxy);
		if (strstr(out.err.data, conf.data) == NULL &&
		    strstr(out.out.data, conf.data) == NULL)
			fail_msg("not said: \"%s\", but: %s%s", conf.data,
			    out.out.data, out.err.data);
	}
	assert_null(strstr(out.err.data, "proxy secret"));
	assert_null(strstr(out.out.data, "proxy secret"));
	buffer_free(&conf);
	program_result_free(&out);
	mock_socks_stop(proxy);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

int
main(void)
{
	return CASES_RUN("proxy", delivers_or_fails, cases);
}
