#include "budget/peers.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/program.h"

#define RELAIS_CONF	"/etc/relais.conf"
#define RELAIS_SOCKET	"/run/relais/submission"
#define CALL		"-i", "-f", "me@example.org"

static bool
in_clear(const struct site *s)
{
	return s->mode == PLAIN || s->mode == SLOW;
}

static void
relais(const struct site *s, const char *lines)
{
	static const char *const	schemes[] = {
		[PLAIN] = "smtp", [STARTTLS] = "submission",
		[TLS] = "submissions", [SLOW] = "smtp",
	};

	place_write("/etc/aliases", 0644, "%s", "");
	place_shell("rm -rf /var/spool/relais; mkdir -m 700 /var/spool/relais");
	place_write(RELAIS_CONF, 0600, "smarthost = %s://localhost:%u\n"
	    "%sdomain = example.org\nqueue = /var/spool/relais\n%s",
	    schemes[s->mode], s->port,
	    in_clear(s) ? "" : "user = me\npassword = secret\n", lines);
}

static void
relais_alone(const void *site)
{
	relais(site, "socket = off\n");
}

static void
relais_service(const void *site)
{
	relais(site, "socket = " RELAIS_SOCKET "\n");
	place_shell("echo relais:x:64000:64000::/var/spool/relais:/bin/false "
	    ">>/etc/passwd; echo relais:x:64000: >>/etc/group; "
	    "mkdir -p /run/relais; chown relais:relais /run/relais "
	    "/var/spool/relais; chgrp relais " RELAIS_CONF "; chmod 640 "
	    RELAIS_CONF);
}

static void
msmtp(const void *site)
{
	const struct site	*s = site;

	place_write("/etc/msmtprc", 0600, "account default\nhost localhost\n"
	    "port %u\nfrom me@example.org\n%s", s->port,
	    in_clear(s) ? "" : s->mode == TLS ?
	    "tls on\ntls_starttls off\nauth on\nuser me\npassword secret\n" :
	    "tls on\nauth on\nuser me\npassword secret\n");
}

static void
ssmtp(const void *site)
{
	const struct site	*s = site;

	place_write("/etc/ssmtp/ssmtp.conf", 0640, "mailhub=localhost:%u\n"
	    "hostname=client.test\nFromLineOverride=YES\n%s", s->port,
	    in_clear(s) ? "" : s->mode == TLS ?
	    "UseTLS=YES\nAuthUser=me\nAuthPass=secret\nAuthMethod=LOGIN\n" :
	    "UseTLS=YES\nUseSTARTTLS=YES\nAuthUser=me\nAuthPass=secret\n"
	    "AuthMethod=LOGIN\n");
}

/* libesmtp trusts only the certificates in the user's directory. */
static void
esmtp(const void *site)
{
	const struct site	*s = site;

	place_shell("mkdir -m 700 " PLACE_HOME "/.authenticate; cp /etc/ssl/"
	    "certs/ca-certificates.crt " PLACE_HOME "/.authenticate/ca.pem; "
	    "chmod 600 " PLACE_HOME "/.authenticate/ca.pem");
	place_write("/etc/esmtprc", 0600, "hostname = localhost:%u\n%s",
	    s->port, in_clear(s) ? "starttls = disabled\n" :
	    "username = \"me\"\npassword = \"secret\"\n"
	    "starttls = required\n");
}

static void
dma(const void *site)
{
	const struct site	*s = site;

	if (s->traced)
		place_shell("chmod 777 /var/spool/dma");
	place_write("/etc/dma/auth.conf", 0644, "me|localhost:secret\n");
	place_write("/etc/dma/dma.conf", 0644, "SMARTHOST localhost\nPORT %u\n"
	    "MAILNAME client.test\n%s", s->port,
	    in_clear(s) ? "" : s->mode == TLS ?
	    "AUTHPATH /etc/dma/auth.conf\nSECURETRANSFER\n" :
	    "AUTHPATH /etc/dma/auth.conf\nSECURETRANSFER\nSTARTTLS\n");
}

static void
nullmailer(const void *site)
{
	const struct site	*s = site;

	place_write("/etc/nullmailer/me", 0644, "client.test\n");
	place_write("/etc/nullmailer/remotes", 0640,
	    "localhost smtp --port=%u%s\n", s->port,
	    in_clear(s) ? "" : s->mode == TLS ?
	    " --ssl --user=me --pass=secret" :
	    " --starttls --user=me --pass=secret");
}

static void
postfix(const void *site)
{
	const struct site	*s = site;

	place_write("/etc/postfix/main.cf", 0644,
	    "compatibility_level = 3.6\nmyhostname = client.test\n"
	    "myorigin = client.test\nmydestination =\n"
	    "local_transport = error:no local mail\n"
	    "inet_interfaces = loopback-only\ninet_protocols = ipv4\n"
	    "master_service_disable = inet\nalias_maps =\n"
	    "message_size_limit = 0\nsmtp_host_lookup = native\n"
	    "relayhost = [localhost]:%u\n"
	    "smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt\n"
	    "maillog_file = /run/postfix.log\nmaillog_file_prefixes = /\n"
	    "%s%s%s", s->port, s->held ? "defer_transports = smtp\n" : "",
	    in_clear(s) ? "" : "smtp_tls_security_level = secure\n"
	    "smtp_sasl_auth_enable = yes\nsmtp_sasl_security_options =\n"
	    "smtp_sasl_password_maps = static:me:secret\n",
	    s->mode == TLS ? "smtp_tls_wrappermode = yes\n" : "");
	place_shell("postconf -F '*/*/chroot = n'");
}

static const char *const relais_call[] = { SENDMAIL, "-C",
	RELAIS_CONF, CALL, NULL };
static const char *const relais_hold[] = { SENDMAIL, "-C",
	RELAIS_CONF, "-odq", CALL, NULL };
static const char *const relais_flush[] = { SENDMAIL, "-C",
	RELAIS_CONF, "-q", NULL };
static const char *const relais_serve[] = { BUILD "/relais", "-C",
	RELAIS_CONF, "serve", NULL };
static const char *const msmtp_call[] = { "/usr/bin/msmtp", "-C",
	"/etc/msmtprc", CALL, NULL };
static const char *const ssmtp_call[] = { "/usr/sbin/ssmtp", CALL, NULL };
static const char *const esmtp_call[] = { "/usr/bin/esmtp", "-C",
	"/etc/esmtprc", CALL, NULL };
static const char *const dma_call[] = { "/usr/sbin/dma", CALL, NULL };
static const char *const dma_trace[] = { "/usr/sbin/dma", "-bm", CALL, NULL };
static const char *const dma_hold[] = { "/usr/sbin/dma", "-bq", CALL, NULL };
static const char *const dma_flush[] = { "/usr/sbin/dma", "-q", NULL };
static const char *const sendmail_call[] = { "/usr/sbin/sendmail", CALL,
	NULL };
static const char *const nullmailer_send[] = { "/usr/sbin/nullmailer-send",
	NULL };
static const char *const postfix_start[] = { "/usr/sbin/postfix", "start-fg",
	NULL };
/* The messages are deferred; with the new configuration, they need not be. */
static const char *const postfix_settle[] = { "/bin/sh", "-ec",
	"cd /var/spool/postfix\n"
	"while [ -n \"$(find maildrop incoming active -type f)\" ]; do\n"
	"	sleep 0.1\n"
	"done\n"
	"postconf -X defer_transports\n"
	"postfix stop\n"
	"postfix start\n", NULL };
static const char *const postfix_flush[] = { "/usr/sbin/postqueue", "-f",
	NULL };

const struct peer peers[N_PEERS] = {
	[RELAIS] = { .name = "relais", .furnish = relais_alone,
	    .call = relais_call, .hold = relais_hold, .flush = relais_flush },
	{ .name = "relais, service", .furnish = relais_service,
	    .call = relais_call, .daemon = relais_serve,
	    .ready = RELAIS_SOCKET },
	{ .name = "msmtp", .package = "msmtp", .image = "msmtp",
	    .furnish = msmtp, .call = msmtp_call },
	{ .name = "ssmtp", .package = "ssmtp", .image = "ssmtp",
	    .furnish = ssmtp, .call = ssmtp_call },
	{ .name = "esmtp", .package = "esmtp", .image = "esmtp",
	    .furnish = esmtp, .call = esmtp_call, .without_tls = true },
	{ .name = "dma", .package = "dma", .image = "dma", .furnish = dma,
	    .call = dma_call, .trace = dma_trace, .hold = dma_hold,
	    .flush = dma_flush, .forks = true },
	{ .name = "nullmailer", .package = "nullmailer", .image = "nullmailer",
	    .furnish = nullmailer, .call = sendmail_call,
	    .daemon = nullmailer_send, .hold = sendmail_call,
	    .flush = nullmailer_send, .flush_is_daemon = true },
	{ .name = "Postfix", .package = "postfix", .image = "postfix",
	    .furnish = postfix, .call = sendmail_call,
	    .daemon = postfix_start, .ready = "/var/spool/postfix/pid/master.pid",
	    .hold = sendmail_call, .settle = postfix_settle,
	    .flush = postfix_flush },
};

static void
furnish(const void *site)
{
	const struct site	*s = site;
	char			 command[400];

	place_write("/etc/hosts", 0644, "127.0.0.1 localhost client.test\n");
	place_write("/etc/nsswitch.conf", 0644,
	    "passwd: files\ngroup: files\nhosts: files\n");
	place_write("/etc/resolv.conf", 0644, "nameserver 127.0.0.1\n");
	place_write("/etc/mailname", 0644, "client.test\n");
	snprintf(command, sizeof(command), "cat %s >>"
	    "/etc/ssl/certs/ca-certificates.crt; "
	    "install -m 644 %s/* /etc/ssl/certs",
	    s->ca, s->hashed);
	place_shell(command);
	if (s->traced)
		place_shell("find /usr/bin /usr/sbin -xdev -perm /6000 "
		    "-exec chmod ug-s {} +");
	s->peer->furnish(site);
}

bool
peer_open(struct place *p, const struct site *s)
{
	char	image[600];

	if (s->peer->image != NULL)
		snprintf(image, sizeof(image), BUILD "/servers/%s",
		    s->peer->image);
	return place_open(p, s->peer->image != NULL ? image : NULL, furnish,
	    s);
}

void
peer_version(const struct place *p, const struct peer *peer, char *to,
    size_t size)
{
	pid_t	pid;
	int	out, status;
	ssize_t	n;

	snprintf(to, size, "%s", VERSION);
	if (peer->package == NULL)
		return;
	pid = place_start(p, WORDS("/usr/bin/dpkg-query", "-W", "-f",
	    "${Version}", peer->package), NULL, &out);
	n = read(out, to, size - 1);
	to[n > 0 ? n : 0] = '\0';
	close(out);
	place_wait(&pid, 1, place_now_ns() + 10 * (int64_t)1000000000,
	    &status);
}
