/*
 * relais check: settings that contradict each other or have no effect, each
 * with the file and the line of both, and a remedy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sysexits.h>

#include "check/local.h"
#include "support/cases.h"
#include "support/temp_dir.h"
#include "util/buffer.h"

struct config_case {
	const char	*sentence;
	const char	*conf;
	const char	*want;		/* after "OK"; "": no contradiction */
	int		 status;
};

#define HOST	"smarthost = submission://mail.example\n"
#define LOGIN	"user = kim\npassword_command = /bin/true\n"

static const struct config_case configs[] = {
	{ "settings that fit together are good", HOST LOGIN
	    "from = a@example.org\nfrom_mode = always\ntls_ca = /ca.pem\n"
	    "queue_retry = 1m\nalarm_command = /bin/true\nalarm_after = 2h\n"
	    "[from *@shop.example]\nfrom = b@shop.example\n"
	    "smarthost = submissions://mail.shop.example:465\n"
	    "[to *@internal]\nsmarthost = smtp://mail.internal\ntls = off\n"
	    "[user root]\nheader_add = X-Origin: root\n", "", EX_OK },

	{ "a configuration without a smarthost fails", "from = a@example.org\n",
	    "fail conf: no smarthost is configured, so mail does not leave "
	    "this machine => run \"relais setup\", or set smarthost\n",
	    EX_CONFIG },
	{ "a smarthost in a section is enough",
	    "[from *@example.org]\nsmarthost = submission://mail.example\n", "",
	    EX_OK },
	{ "a group that OpenSSL does not support fails",
	    HOST "tls_groups = X25519:P-256\n[to *@example.org]\n"
	    "tls_groups = :nonsense:\n",
	    "fail tls_groups: does not support the group \"nonsense\" "
	    "(conf:4) => remove the groups that this version of OpenSSL does "
	    "not support; X25519:P-256 is small and widely supported\n",
	    EX_CONFIG },
	{ "requiretls requires verified TLS", HOST
	    "tls = opportunistic\nrequiretls = yes\n",
	    "fail requiretls: requires verified TLS, which tls = opportunistic "
	    "in conf:2 excludes, so mail is not sent (conf:3) => set tls = "
	    "required, or remove requiretls\n", EX_CONFIG },
	{ "requiretls requires TLS to this machine, too",
	    "smarthost = smtp://localhost\nrequiretls = yes\n",
	    "fail requiretls: requires verified TLS, and mail to a smarthost "
	    "on this machine is not encrypted by default, so mail is not sent "
	    "(conf:2) => set tls = required, or remove requiretls\n",
	    EX_CONFIG },
	{ "requiretls requires a server",
	    "smarthost = maildir:///var/mail/dev\nrequiretls = yes\n",
	    "fail requiretls: requires a server with verified TLS, and the "
	    "smarthost in conf:1 is not a server, so mail is not sent (conf:2) "
	    "=> use a server as the smarthost, or remove requiretls\n",
	    EX_CONFIG },
	{ "requiretls fits verified TLS", HOST "requiretls = yes\n", "",
	    EX_OK },
	{ "requiretls = no fits any session", HOST "tls = off\n"
	    "requiretls = no\n", "", EX_OK },
	{ "queue_retry has no effect without a queue",
	    HOST "queue = off\nqueue_retry = 1m\n",
	    "warning queue_retry: has no effect, because queue = off in "
	    "conf:2 (conf:3) => remove queue_retry, or change queue\n",
	    EX_OK },
	{ "storm has no effect without a queue",
	    HOST "queue = off\nstorm = 20/hour\n",
	    "warning storm: has no effect, because queue = off in "
	    "conf:2 (conf:3) => remove storm, or change queue\n",
	    EX_OK },
	{ "alarm_command has no effect without a queue",
	    HOST "queue = off\nalarm_command = /bin/true\n",
	    "warning alarm_command: has no effect, because queue = off in "
	    "conf:2 (conf:3) => remove alarm_command, or change queue\n",
	    EX_OK },
	{ "alarm_after has no effect without alarm_command",
	    HOST "alarm_after = 2h\n",
	    "warning alarm_after: has no effect, because alarm_command is not "
	    "set (conf:2) => set alarm_command, or remove alarm_after\n",
	    EX_OK },
	{ "log_addresses has no effect without a log",
	    HOST "log = off\nlog_addresses = hash\n",
	    "warning log_addresses: has no effect, because log = off in "
	    "conf:2 (conf:3) => remove log_addresses, or change log\n",
	    EX_OK },
	{ "from_mode has no effect without from", HOST "from_mode = local\n",
	    "warning from_mode: has no effect, because from is not set "
	    "(conf:2) => set from, or remove from_mode\n", EX_OK },
	{ "from in a section is sufficient for from_mode",
	    HOST "from_mode = local\n[user root]\nfrom = a@example.org\n", "",
	    EX_OK },
	{ "of two lines with the same key, the first one has no effect",
	    HOST "root = a@example.org\nroot = b@example.org\n",
	    "warning root: has no effect, because the same key is set again "
	    "in conf:3 (conf:2) => remove one of the two lines\n", EX_OK },
	{ "keys that accumulate can be set again",
	    HOST "header_remove = X-A\nheader_remove = X-B\n", "", EX_OK },
	{ "a field that is set again is not removed",
	    HOST "header_remove = x-mailer\nheader_set = X-Mailer: relais\n",
	    "warning header_remove: has no effect on x-mailer, which "
	    "header_set adds again in conf:3 (conf:2) => remove one of the "
	    "two lines\n", EX_OK },
	{ "a message larger than the queue cannot be queued",
	    HOST "message_size_limit = 2G\n",
	    "warning message_size_limit: a message of 2G can never be queued, "
	    "because queue_size_limit = 1G by default (conf:2) => lower "
	    "message_size_limit, or raise queue_size_limit\n", EX_OK },
	{ "an alarm after the lifetime of the queue is too late",
	    HOST "alarm_command = /bin/true\nalarm_after = 1d\n"
	    "queue_lifetime = 12h\n",
	    "warning alarm_after: messages may be given up before the alarm, "
	    "because queue_lifetime = 12h in conf:4 (conf:3) => set "
	    "alarm_after to less than queue_lifetime\n", EX_OK },
	{ "pace has no effect without a queue",
	    HOST "queue = off\npace = 30/minute\n",
	    "warning pace: has no effect, because queue = off in conf:2 "
	    "(conf:3) => remove pace, or change queue\n", EX_OK },
	{ "a section has no more connections than all",
	    HOST "[to *@internal]\nconnections = 5\n",
	    "warning connections: this number is never reached, because "
	    "connections = 4 by default (conf:3) => raise connections at the "
	    "top of the file\n", EX_OK },

	{ "a password has no effect with auth = off",
	    HOST LOGIN "auth = off\n",
	    "warning password_command: has no effect, because auth = off in "
	    "conf:4 (conf:3) => remove password_command, or change auth\n",
	    EX_OK },
	{ "mechanisms without a user have no effect", HOST "auth = PLAIN\n",
	    "warning auth: has no effect, because user is not set (conf:2) "
	    "=> set user, or remove auth\n", EX_OK },
	{ "a mechanism for tokens cannot be used with a password",
	    HOST LOGIN "auth = XOAUTH2\n",
	    "fail auth: none of these mechanisms can be used with "
	    "password_command in conf:3 (conf:4) => set auth = auto\n",
	    EX_CONFIG },
	{ "a user in each URL takes precedence over the key",
	    "smarthost = submission://kim@mail.example\n" LOGIN,
	    "warning user: has no effect, because smarthost = "
	    "submission://kim@mail.example in conf:1 (conf:2) => remove user, "
	    "or change smarthost\n", EX_OK },

	{ "tls_ca has no effect without TLS",
	    "smarthost = smtp://mail.internal\ntls = off\n"
	    "tls_ca = /ca.pem\n",
	    "warning tls_ca: has no effect, because tls = off in conf:2 "
	    "(conf:3) => remove tls_ca, or change tls\n", EX_OK },
	{ "tls_ca has an effect if one smarthost has TLS", HOST
	    "tls_ca = /ca.pem\n[to *@internal]\ntls = off\n"
	    "smarthost = smtp://mail.internal\n", "", EX_OK },
	{ "tls_name has no effect with a smarthost on this machine",
	    "smarthost = smtp://localhost\ntls_name = mail.example\n",
	    "warning tls_name: has no effect, because mail to a smarthost on "
	    "this machine is not encrypted by default (conf:2) => set tls = "
	    "required, or remove this key\n", EX_OK },
	{ "tls_ca has no effect without verification",
	    HOST "tls = opportunistic\ntls_ca = /ca.pem\n",
	    "warning tls_ca: has no effect, because tls = opportunistic in "
	    "conf:2 (conf:3) => remove tls_ca, or change tls\n", EX_OK },
	{ "tls = off has no effect with a pin",
	    HOST "tls = off\n"
	    "tls_pin = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
	    "warning tls: has no effect, because tls_pin is set in conf:3 "
	    "(conf:2) => remove tls, or change tls_pin\n", EX_OK },
	{ "tls = opportunistic has no effect with implicit TLS",
	    "smarthost = submissions://mail.example\ntls = opportunistic\n",
	    "warning tls: has no effect, because smarthost = "
	    "submissions://mail.example in conf:1 (conf:2) => remove tls, or "
	    "change smarthost\n", EX_OK },
	{ "tls = off contradicts implicit TLS",
	    "smarthost = submissions://mail.example\ntls = off\n",
	    "fail tls: tls = off contradicts submissions:// (implicit TLS) in "
	    "conf:1 (conf:2) => remove tls = off; or, to send in clear text, "
	    "use smtp://\n", EX_CONFIG },
	{ "a password is not sent without verification",
	    HOST LOGIN "tls = opportunistic\n",
	    "fail password_command: the password is never sent, because tls = "
	    "opportunistic in conf:4 does not verify the server (conf:3) => "
	    "set tls = required\n", EX_CONFIG },
	{ "a password is not sent without TLS unless auth allows it",
	    "smarthost = smtp://mail.internal\n" LOGIN "tls = off\n",
	    "fail password_command: the password is never sent, because tls = "
	    "off in conf:4 (conf:3) => set tls = required; or, if nobody else "
	    "can read the traffic, set auth = PLAIN LOGIN\n", EX_CONFIG },
	{ "a password is not sent to this machine without TLS either",
	    "smarthost = smtp://localhost\n" LOGIN,
	    "fail password_command: the password is never sent, because "
	    "connections to a smarthost on this machine are not encrypted by "
	    "default (conf:3) => set tls = required; or, to log in without "
	    "TLS, set tls = off and auth = PLAIN LOGIN\n", EX_CONFIG },
	{ "a token is not sent to this machine in clear text",
	    "smarthost = smtp://localhost\nuser = me\ntoken = work\n",
	    "fail token: the token is never sent, because connections to a "
	    "smarthost on this machine are not encrypted by default (conf:3) "
	    "=> set tls = required; or, to log in without TLS, set tls = off "
	    "and auth = OAUTHBEARER XOAUTH2\n", EX_CONFIG },
	{ "an unused password is a warning if another smarthost uses it",
	    "smarthost = submission://mail.example smtp://localhost\n" LOGIN,
	    "warning password_command: the password is not sent to some "
	    "smarthosts, because connections to a smarthost on this machine "
	    "are not encrypted by default (conf:3) => set tls = required\n",
	    EX_OK },
	{ "a password in clear text is a warning",
	    "smarthost = smtp://mail.internal\n" LOGIN
	    "tls = off\nauth = PLAIN\n",
	    "warning password_command: the password is sent in clear text to "
	    "mail.internal, because tls = off in conf:4 and auth = PLAIN in "
	    "conf:5 (conf:3) => set tls = required, or name only SCRAM "
	    "mechanisms in auth\n", EX_OK },
	{ "a password in clear text on this machine is good",
	    "smarthost = smtp://localhost\n" LOGIN
	    "tls = off\nauth = PLAIN\n", "", EX_OK },

	{ "port 465 requires implicit TLS",
	    "smarthost = smtp://mail.example:465\n",
	    "warning smarthost: smtp://mail.example:465: port 465 usually "
	    "requires implicit TLS (conf:1) => unless this server differs, "
	    "use submissions://mail.example:465\n", EX_OK },
	{ "port 587 requires STARTTLS",
	    "smarthost = submissions://mail.example:587\n",
	    "warning smarthost: submissions://mail.example:587: port 587 "
	    "usually requires STARTTLS (conf:1) => unless this server "
	    "differs, use submission://mail.example:587\n", EX_OK },
	{ "source_address must be of the address family", HOST
	    "family = ipv4\nsource_address = 2001:db8::1\n"
	    "[to *@internal]\nsmarthost = smtp://mail.internal\n",
	    "fail source_address: no address can be used, because family = "
	    "ipv4 in conf:2 (conf:3) => remove one of them\n", EX_CONFIG },
	{ "an address of another family cannot be reached",
	    "smarthost = smtp://192.0.2.1\nfamily = ipv6\n",
	    "fail smarthost: 192.0.2.1 cannot be reached, because family = "
	    "ipv6 in conf:2 (conf:1) => change one of them\n", EX_CONFIG },

	{ "an address of another family is reached through a proxy",
	    "smarthost = smtp://192.0.2.1\nfamily = ipv6\n"
	    "proxy = socks5://proxy.example\n", "", EX_OK },
	{ "family has no effect on connect_command", HOST "family = ipv6\n"
	    "connect_command = true %h\n",
	    "warning family: has no effect, because connect_command = true %h "
	    "in conf:3 (conf:2) => remove family, or change "
	    "connect_command\n", EX_OK },
	{ "source_address has no effect on connect_command", HOST
	    "source_address = 192.0.2.1\nconnect_command = true\n",
	    "warning source_address: has no effect, because connect_command = "
	    "true in conf:3 (conf:2) => remove source_address, or change "
	    "connect_command\n", EX_OK },
	{ "a proxy has no effect on a Unix socket",
	    "smarthost = lmtp:///run/lmtp\nproxy = socks5://proxy.example\n",
	    "warning proxy: has no effect, because smarthost = lmtp:///run/lmtp "
	    "in conf:1 (conf:2) => remove proxy, or change smarthost\n",
	    EX_OK },
	{ "a program that does not exist cannot connect", HOST
	    "connect_command = /nonexistent/ssh %h\n",
	    "fail connect_command: /nonexistent/ssh cannot be started (No such "
	    "file or directory), so no connection can be made (conf:2) => install "
	    "the program, or write its full path\n", EX_CONFIG },
	{ "localhost is not this machine through a proxy",
	    "smarthost = smtp://localhost\nproxy = socks5://proxy.example\n"
	    "tls = off\nauth = PLAIN\n" LOGIN,
	    "warning password_command: the password is sent in clear text to "
	    "localhost, because tls = off in conf:3 and auth = PLAIN in conf:4 "
	    "(conf:6) => set tls = required, or name only SCRAM mechanisms in "
	    "auth\n", EX_OK },

	{ "a section has no effect after one that matches the same mail",
	    HOST "[from *@example.org]\nsmarthost = smtp://a\n"
	    "[from kim@example.org]\nsmarthost = smtp://b\n",
	    "warning [from kim@example.org]: smarthost has no effect, because "
	    "[from *@example.org] in conf:2 comes first and matches the same "
	    "mail (conf:4) => move this section before [from *@example.org] "
	    "(conf:2), or remove it\n", EX_OK },
	{ "a section before the one that matches more has an effect",
	    HOST "[from kim@example.org]\nsmarthost = smtp://b\n"
	    "[from *@example.org]\nsmarthost = smtp://a\n", "", EX_OK },
	{ "keys that the earlier section does not set have an effect",
	    HOST "[from *]\ntimeout = 1m\n"
	    "[to *@example.org]\nsmarthost = smtp://b\n", "", EX_OK },
	{ "[to *] matches the mail of sections of other kinds, too",
	    HOST "[to *]\nsmarthost = smtp://a\n"
	    "[from kim@example.org]\nsmarthost = smtp://b\ntimeout = 1m\n",
	    "warning [from kim@example.org]: smarthost has no effect, because "
	    "[to *] in conf:2 comes first and matches the same mail (conf:4) "
	    "=> move this section before [to *] (conf:2), or remove these "
	    "keys\n", EX_OK },
	{ "a recipient always has a domain",
	    HOST "[to root]\nsmarthost = smtp://a\n",
	    "warning [to root]: never matches, because local names are first "
	    "replaced with the addresses of aliases, root or domain (conf:2) "
	    "=> write the pattern as name@domain\n", EX_OK },
	{ "redirect_all replaces each recipient", HOST
	    "redirect_all = a@example.org\n[to *@internal]\n"
	    "smarthost = smtp://a\n",
	    "warning [to *@internal]: never matches, because redirect_all = "
	    "a@example.org in conf:2 replaces every recipient (conf:3) => "
	    "remove the section, or redirect_all\n", EX_OK },
	{ "the sender of a smarthost always has a domain",
	    HOST "[from kim]\nsmarthost = smtp://a\n",
	    "warning [from kim]: smarthost is never used, because each sender "
	    "has a domain when its message is sent (conf:2) => write the "
	    "pattern as name@domain\n", EX_OK },
	{ "from_mode = always replaces the sender of a section", HOST
	    "from = a@example.org\nfrom_mode = always\n"
	    "[from *@shop.example]\nsmarthost = smtp://a\n",
	    "warning [from *@shop.example]: smarthost is never used, because "
	    "from_mode = always in conf:3 replaces every sender with "
	    "a@example.org (conf:4) => set from in this section to an address "
	    "that the pattern matches\n", EX_OK },
	{ "a program that does not exist cannot print a password",
	    HOST "user = kim\npassword_command = no-such-program kim\n",
	    "fail password_command: no-such-program cannot be started (No such "
	    "file or directory), so there is no password (conf:3) => install "
	    "the program, or write its full path\n", EX_CONFIG },
	{ "a file that is not executable is not a program",
	    HOST "alarm_command = /etc/passwd\n",
	    "warning alarm_command: /etc/passwd cannot be started (Permission "
	    "denied), so no alarm is sent (conf:2) => make it executable, or "
	    "name another program\n", EX_OK },
	{ "a program is found by its name", HOST "alarm_command = true x\n", "",
	    EX_OK },
	{ "a user must exist", HOST "[user no-such-user]\nlimit = 1/hour\n",
	    "warning [user no-such-user]: never matches, because there is no "
	    "user no-such-user (conf:2) => correct the name, or remove the "
	    "section\n", EX_OK },
};

static void
note(void *context, const struct check_finding *f)
{
	if (f->verdict != CHECK_OK)
		buffer_addf(context, "%s %s: %s%s%s%s => %s\n",
		    check_verdict_name(f->verdict), f->object, f->text,
		    f->origin != NULL ? " (" : "", f->origin != NULL ?
		    f->origin : "", f->origin != NULL ? ")" : "", f->remedy);
}

/* Removes the directory of the test from each path. */
static void
shorten(char *text, const char *path)
{
	size_t	len = strlen(path);

	while ((text = strstr(text, path)) != NULL)
		memmove(text, text + len, strlen(text + len) + 1);
}

/* Removes "OpenSSL 3.0.19 ". */
static void
remove_version(char *text)
{
	char	*at = strstr(text, ": OpenSSL ");
	char	*end = at != NULL ? strchr(at + strlen(": OpenSSL "), ' ') :
		    NULL;

	if (end != NULL)
		memmove(at + 1, end, strlen(end) + 1);
}

static void
is_reported(void **state)
{
	const struct config_case *c = *state;
	struct temp_dir		 dir;
	struct config_source	 source = { .overrides = NULL };
	struct config		 config;
	struct buffer		 out = { 0 }, prefix = { 0 };
	struct check		 check = { .config = &config, .report = note,
				    .context = &out };
	struct failure		 why;

	temp_dir_make(&dir);
	buffer_addf(&prefix, "%s/", dir.path);
	source.file = temp_dir_write(&dir, "conf", 0600, c->conf);
	if (!config_load(&config, &source, &why))
		fail_msg("%s", why.text);
	check_config(&check);
	buffer_add_text(&out, "");
	shorten(out.data, prefix.data);
	remove_version(out.data);
	assert_string_equal(out.data, c->want);
	assert_int_equal(check.status, c->status);
	config_free(&config);
	buffer_free(&out);
	buffer_free(&prefix);
	temp_dir_remove(&dir);
}

int
main(void)
{
	return CASES_RUN("the configuration", is_reported, configs);
}
