/*
 * The configurations of other programs as relais.conf.  Each result must be
 * accepted by config_load(), and must not contain a secret.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "import/import.h"
#include "support/cases.h"
#include "support/temp_dir.h"

struct text_file {
	const char	*name, *text;
};

struct import_case {
	const char	*sentence;
	const char	*path;		/* the argument of relais import */
	struct text_file files[8];
	const char	*settings;	/* without comments and empty lines */
	const char	*notes[4];	/* parts of the comments */
	const char	*secrets;	/* one on each line */
};

/* The passwords in the tables contain this word, and no other text does. */
#define SECRET "s3cret"

static const struct import_case cases[] = {
	/* ssmtp */
	{ "ssmtp: STARTTLS with a login, names, and the address of root",
	    "ssmtp.conf", { { "ssmtp.conf",
	    "# the mail of this machine\n"
	    "root=admin@example.org\n"
	    "mailhub=mail.example.org:587\n"
	    "rewriteDomain=example.org\n"
	    "hostname=web1.example.org\n"
	    "UseTLS=YES\n"
	    "UseSTARTTLS=YES\n"
	    "AuthUser=alerts@example.org\n"
	    "AuthPass=s3cret=#1:\n" } },
	    "smarthost = submission://mail.example.org\n"
	    "user = alerts@example.org\n"
	    "password_file = /etc/relais.password\n"
	    "helo = web1.example.org\n"
	    "domain = example.org\n"
	    "root = admin@example.org\n",
	    { "ssmtp.conf:9: the password is there",
	    "ssmtp.conf:3: relais verifies the certificate",
	    "accounts with IDs below 1000" },
	    "s3cret=#1:\n" },
	{ "ssmtp: UseTLS alone means implicit TLS, and the port is kept",
	    "ssmtp.conf", { { "ssmtp.conf",
	    "MAILHUB = mail.example.org:465\r\nusetls = yes\n" } },
	    "smarthost = submissions://mail.example.org\n", { NULL }, NULL },
	{ "ssmtp: without TLS, a password is sent with LOGIN, with a note",
	    "ssmtp.conf", { { "ssmtp.conf",
	    "mailhub=192.0.2.25\nAuthUser=me\nAuthPass=s3cret\n" } },
	    "smarthost = smtp://192.0.2.25\n"
	    "user = me\n"
	    "password_file = /etc/relais.password\n"
	    "auth = LOGIN\n"
	    "tls = off\n",
	    { "sent without encryption" }, "s3cret\n" },
	{ "ssmtp: AuthMethod selects CRAM-MD5",
	    "ssmtp.conf", { { "ssmtp.conf",
	    "mailhub=mail\nAuthUser=me\nAuthPass=s3cret\n"
	    "AuthMethod=cram-md5\n" } },
	    "smarthost = smtp://mail\n"
	    "user = me\n"
	    "password_file = /etc/relais.password\n"
	    "auth = CRAM-MD5\n"
	    "tls = off\n", { NULL }, "s3cret\n" },
	{ "ssmtp: revaliases has a sender and a mailhub for a user",
	    "ssmtp.conf", { { "ssmtp.conf",
	    "mailhub=mail.example.org\nUseTLS=YES\nUseSTARTTLS=YES\n"
	    "hostname=web1.example.org\nroot=postmaster\n"
	    "AuthUser=me\nAuthPass=s3cret\n" },
	    { "revaliases",
	    "# account:address:mailhub\n"
	    "root:root@example.org:mail2.example.org:465\n"
	    "www-data:web\n"
	    "kim\n" } },
	    "smarthost = smtp://mail.example.org\n"
	    "user = me\n"
	    "password_file = /etc/relais.password\n"
	    "helo = web1.example.org\n"
	    "domain = web1.example.org\n"
	    "root = postmaster@web1.example.org\n"
	    "[user root]\n"
	    "smarthost = smtp://mail2.example.org:465\n"
	    "user = me\n"
	    "password_file = /etc/relais.password\n"
	    "from = root@example.org\n"
	    "[user www-data]\n"
	    "from = web@web1.example.org\n",
	    { "revaliases:4: expected account:address" }, "s3cret\n" },
	{ "ssmtp: what has no equivalent becomes a note without its value",
	    "ssmtp.conf", { { "ssmtp.conf",
	    "mailhub=mail.example.org\nFromLineOverride=YES\nDebug=YES\n"
	    "Passwort=s3cret\nroot=two words\n"
	    "hostname=web_1\n" } },
	    "smarthost = smtp://mail.example.org\n"
	    "tls = off\n"
	    "domain = web_1\n",
	    { "ssmtp.conf:2: FromLineOverride",
	    "ssmtp.conf:4: Passwort: unknown setting",
	    "ssmtp.conf:5: root:",
	    "ssmtp.conf:6: helo:" }, NULL },

	/* msmtp */
	{ "msmtp: the default account is a copy of another one",
	    "msmtprc", { { "msmtprc",
	    "defaults\n"
	    "auth on\n"
	    "tls on\n"
	    "tls_trust_file /etc/ssl/own.pem\n"
	    "\n"
	    "account provider\n"
	    "host smtp.example.org\n"
	    "port 465\n"
	    "tls_starttls off\n"
	    "from alerts@example.org\n"
	    "user alerts@example.org\n"
	    "password \" s3cret #1\"\n"
	    "account default : provider\n" } },
	    "smarthost = submissions://smtp.example.org\n"
	    "user = alerts@example.org\n"
	    "password_file = /etc/relais.password\n"
	    "tls_ca = /etc/ssl/own.pem\n"
	    "from = alerts@example.org\n",
	    { "msmtprc:12: the password is there" }, " s3cret #1\n" },
	{ "msmtp: an account inherits, and is selected by its sender",
	    "msmtprc", { { "msmtprc",
	    "account a\nhost smtp.example.org\nport 587\ntls on\nauth on\n"
	    "user me\npasswordeval pass show mail/alerts\n"
	    "from me@example.org\n"
	    "account b : a\nhost smtp.work.example\nfrom *@work.example\n"
	    "account c\nhost 192.0.2.25\nfrom lan@example.org\n"
	    "account d : a, c\nport 25\nfrom d@example.org\n"
	    "account default : a\n" } },
	    "smarthost = submission://smtp.example.org\n"
	    "user = me\n"
	    "password_command = pass show mail/alerts\n"
	    "from = me@example.org\n"
	    "[from *@work.example]\n"
	    "smarthost = submission://smtp.work.example\n"
	    "user = me\n"
	    "password_command = pass show mail/alerts\n"
	    "[from lan@example.org]\n"
	    "smarthost = smtp://192.0.2.25\n"
	    "tls = off\n"
	    "from = lan@example.org\n"
	    "[from d@example.org]\n"
	    "smarthost = smtp://192.0.2.25\n"
	    "user = me\n"
	    "password_command = pass show mail/alerts\n"
	    "from = d@example.org\n", { NULL }, NULL },
	{ "msmtp: a section requires TLS if the top of the file does not",
	    "msmtprc", { { "msmtprc",
	    "account default\nhost mail.internal\nallow_from_override off\n"
	    "from a@example.org\n"
	    "account b\nhost smtp.example.org\ntls on\n"
	    "from b@example.org\ntls_certcheck off\n" } },
	    "smarthost = smtp://mail.internal\n"
	    "tls = off\n"
	    "from = a@example.org\n"
	    "from_mode = always\n"
	    "[from b@example.org]\n"
	    "smarthost = smtp://smtp.example.org\n"
	    "tls = required\n"
	    "from = b@example.org\n"
	    "from_mode = local\n",
	    { "msmtprc:6: relais verifies the certificate" }, NULL },
	{ "msmtp: new defaults replace the previous ones",
	    "msmtprc", { { "msmtprc",
	    "defaults\ntls on\nport 587\naccount a\nhost a.example\n"
	    "from a@a.example\n"
	    "defaults\naccount default\nhost b.example\n" } },
	    "smarthost = smtp://b.example\n"
	    "tls = off\n"
	    "[from a@a.example]\n"
	    "smarthost = submission://a.example\n"
	    "tls = required\n"
	    "from = a@a.example\n", { NULL }, NULL },
	{ "msmtp: a command for the shell is not carried over",
	    "msmtprc", { { "msmtprc",
	    "host smtp.example.org\ntls on\nauth plain\nuser me\n"
	    "passwordeval \"gpg -d ~/.pw.gpg | head -1\"\n"
	    "eval echo password s3cret\n" } },
	    "smarthost = smtp://smtp.example.org\n"
	    "user = me\n"
	    "password_file = /etc/relais.password\n"
	    "auth = PLAIN\n",
	    { "msmtprc:5: passwordeval: the command requires a shell",
	    "msmtprc:5: write the password to this file",
	    "msmtprc:6: eval: the command was not run" }, NULL },
	{ "msmtp: cat with a file is password_file",
	    "msmtprc", { { "msmtprc",
	    "host smtp.example.org\ntls on\nauth on\nuser me\n"
	    "passwordeval cat /etc/mail.password\n" } },
	    "smarthost = smtp://smtp.example.org\n"
	    "user = me\n"
	    "password_file = /etc/mail.password\n", { NULL }, NULL },
	{ "msmtp: a token comes from a command",
	    "msmtprc", { { "msmtprc",
	    "host smtp.example.org\ntls on\nauth xoauth2\nuser me\n"
	    "passwordeval oauth-token me\n" } },
	    "smarthost = smtp://smtp.example.org\n"
	    "user = me\n"
	    "token_command = oauth-token me\n"
	    "auth = XOAUTH2\n", { NULL }, NULL },
	{ "msmtp: without TLS, only mechanisms that hide the password are used",
	    "msmtprc", { { "msmtprc",
	    "host smtp.example.org\nauth on\nuser me\npassword s3cret\n" } },
	    "smarthost = smtp://smtp.example.org\n"
	    "user = me\n"
	    "password_file = /etc/relais.password\n"
	    "auth = SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5\n"
	    "tls = off\n", { NULL }, "s3cret\n" },
	{ "msmtp: a client certificate, names, timeouts and LMTP",
	    "msmtprc", { { "msmtprc",
	    "host mail.example.org\nprotocol lmtp\nport 2424\ntls on\n"
	    "auth external\ntls_cert_file /etc/c.pem\n"
	    "tls_key_file /etc/k.pem\ntls_host_override x.example.org\n"
	    "domain web1.example.org\ntimeout 30\nsource_ip 192.0.2.1\n"
	    "aliases /etc/msmtp-aliases\nundisclosed_recipients on\n"
	    "tls_fingerprint 00:11\nlogfile -\n" } },
	    "smarthost = lmtp://mail.example.org:2424\n"
	    "tls_name = x.example.org\n"
	    "tls_certificate = /etc/c.pem\n"
	    "tls_key = /etc/k.pem\n"
	    "helo = web1.example.org\n"
	    "aliases = /etc/msmtp-aliases\n"
	    "header_set = To: undisclosed-recipients:;\n"
	    "header_remove = Cc\n"
	    "timeout = 30s\n"
	    "source_address = 192.0.2.1\n",
	    { "tls_fingerprint: this is the digest of a certificate",
	    "logfile: relais has one log for all users" }, NULL },
	{ "msmtp: a log file", "msmtprc", { { "msmtprc",
	    "host b.example\nlogfile /var/log/msmtp.log\n" } },
	    "smarthost = smtp://b.example\ntls = off\nlog = /var/log/msmtp.log\n",
	    { NULL }, NULL },
	{ "msmtp: two logs and another facility", "msmtprc", { { "msmtprc",
	    "host b.example\nlogfile /var/log/msmtp.log\n"
	    "syslog LOG_USER\n" } },
	    "smarthost = smtp://b.example\ntls = off\nlog = syslog\n",
	    { "msmtprc:3: syslog: relais uses the facility mail",
	    "msmtprc:2: logfile: relais writes one log, and syslog was "
	    "chosen" },
	    NULL },
	{ "msmtp: a proxy of one account is not that of another",
	    "msmtprc", { { "msmtprc",
	    "account a\nhost a.example.org\nproxy_host ::1\n"
	    "proxy_port 9050\nfrom a@example.org\n"
	    "account b\nhost b.example.org\nfrom b@example.org\n"
	    "account c\nhost c.example.org\nproxy_host proxy.example.org\n"
	    "from c@example.org\n"
	    "account default : a\n" } },
	    "smarthost = smtp://a.example.org\n"
	    "tls = off\n"
	    "from = a@example.org\n"
	    "proxy = socks5://[::1]:9050\n"
	    "[from b@example.org]\n"
	    "smarthost = smtp://b.example.org\n"
	    "tls = off\n"
	    "from = b@example.org\n"
	    "proxy = off\n"
	    "[from c@example.org]\n"
	    "smarthost = smtp://c.example.org\n"
	    "tls = off\n"
	    "from = c@example.org\n"
	    "proxy = socks5://proxy.example.org\n", { NULL }, NULL },
	{ "msmtp: patterns, key rings and accounts without a sender are noted",
	    "msmtprc", { { "msmtprc",
	    "account one\nhost smtp.example.org\ntls on\nauth on\nuser me\n"
	    "from %U@%H\n"
	    "account two\nhost b.example\n" } },
	    "smarthost = smtp://smtp.example.org\n"
	    "user = me\n"
	    "password_file = /etc/relais.password\n",
	    { "msmtprc:6: from: patterns", "key ring",
	    "msmtprc:1: msmtp has no default account",
	    "msmtprc:7: account two has no sender" }, NULL },

	/* dma */
	{ "dma: a null client with a login and a masqueraded sender",
	    "dma.conf", { { "dma.conf",
	    "SMARTHOST mail.example.org\n"
	    "PORT 587\n"
	    "AUTHPATH auth.conf\n"
	    "SECURETRANSFER\n"
	    "STARTTLS # a comment\n"
	    "MAILNAME mailname\n"
	    "MASQUERADE alerts@example.org\n"
	    "NULLCLIENT\n" },
	    { "auth.conf",
	    "# user|smarthost:password\n"
	    "other|mail.example.net:s3cret-other\n"
	    "me@example.org|mail.example.org:s3cret:with|all #\n" } },
	    "smarthost = submission://mail.example.org\n"
	    "user = me@example.org\n"
	    "password_file = /etc/relais.password\n"
	    "helo = mailname\n"
	    "domain = mailname\n"
	    "from = alerts@example.org\n"
	    "from_mode = always\n"
	    "aliases = off\n",
	    { "auth.conf:3: the password is there" },
	    "s3cret:with|all #\n" },
	{ "dma: the default is port 25 without TLS",
	    "dma.conf", { { "dma.conf",
	    "SMARTHOST mail.example.org\nALIASES /etc/dma/aliases\n"
	    "DEFER\nFINGERPRINT 0011\nNEW s3cret\n" } },
	    "smarthost = smtp://mail.example.org\n"
	    "tls = off\n"
	    "aliases = /etc/dma/aliases\n",
	    { "dma.conf:3: DEFER", "dma.conf:4: FINGERPRINT",
	    "dma.conf:5: NEW: unknown setting",
	    "dma.conf:1: dma delivers mail to local users" }, NULL },
	{ "dma: implicit TLS, and a domain for all senders",
	    "dma.conf", { { "dma.conf",
	    "SMARTHOST mail.example.org\nPORT 465\nSECURETRANSFER\n"
	    "MASQUERADE example.org\nNULLCLIENT\n" } },
	    "smarthost = submissions://mail.example.org\n"
	    "domain = example.org\n"
	    "aliases = off\n", { "relais does not replace" }, NULL },
	{ "dma: opportunistic TLS, and a user with the mail name",
	    "dma.conf", { { "dma.conf",
	    "SMARTHOST mail.example.org\nSECURETRANSFER\nSTARTTLS\n"
	    "OPPORTUNISTIC_TLS\nMAILNAME web1.example.org\nMASQUERADE me@\n"
	    "NULLCLIENT\n" } },
	    "smarthost = smtp://mail.example.org\n"
	    "tls = opportunistic\n"
	    "helo = web1.example.org\n"
	    "domain = web1.example.org\n"
	    "from = me@web1.example.org\n"
	    "from_mode = always\n"
	    "aliases = off\n", { NULL }, NULL },
	{ "dma: opportunistic TLS is not enough for a password",
	    "dma.conf", { { "dma.conf",
	    "SMARTHOST mail.example.org\nSECURETRANSFER\nSTARTTLS\n"
	    "OPPORTUNISTIC_TLS\nNULLCLIENT\n" },
	    { "auth.conf", "bad line\nme|mail.example.org:s3cret\n" } },
	    "smarthost = smtp://mail.example.org\n"
	    "user = me\n"
	    "password_file = /etc/relais.password\n"
	    "aliases = off\n",
	    { "auth.conf:1: expected user|smarthost:password",
	    "over TLS with a verified certificate" }, "s3cret\n" },

	/* nullmailer */
	{ "nullmailer: servers with the same login are one list",
	    "nullmailer", { { "nullmailer/remotes",
	    "# the servers\n"
	    "a.example smtp --port=587 --starttls --user=me "
	    "--pass='s3cret \"1\"'\n"
	    "b.example smtp port=587 starttls user=me pass=s3cret\\ \\\"1\\\"\n"
	    "c.example qmqp\n"
	    "d.example smtp --port 465 --ssl --user you --pass s3cret2\n" },
	    { "nullmailer/me", "web1\n" },
	    { "nullmailer/defaultdomain", "example.org\n" },
	    { "nullmailer/adminaddr", "boss@example.org\n" } },
	    "smarthost = submission://a.example submission://b.example\n"
	    "user = me\n"
	    "password_file = /etc/relais.password\n"
	    "helo = web1\n"
	    "domain = web1.example.org\n"
	    "root = boss@example.org\n"
	    "aliases = off\n",
	    { "nullmailer/remotes:4: the protocol qmqp",
	    "nullmailer/remotes:5: d.example: a further server" },
	    "s3cret \"1\"\n" },
	{ "nullmailer: implicit TLS changes the port; every sender is replaced",
	    "nullmailer/remotes", { { "nullmailer/remotes",
	    "mail.example.org smtp tls insecure auth-login user=me "
	    "pass=s3cret x509cafile=/etc/ca.pem\n" },
	    { "nullmailer/allmailfrom", "all@example.org\n" },
	    { "nullmailer/helohost", "helo.example.org\n" },
	    { "nullmailer/defaulthost", "example.net\n" },
	    { "nullmailer/queuelifetime", "86400\n" },
	    { "nullmailer/pausetime", "60\n" } },
	    "smarthost = submissions://mail.example.org\n"
	    "user = me\n"
	    "password_file = /etc/relais.password\n"
	    "auth = LOGIN\n"
	    "tls_ca = /etc/ca.pem\n"
	    "helo = helo.example.org\n"
	    "domain = example.net\n"
	    "from = all@example.org\n"
	    "from_mode = always\n"
	    "aliases = off\n"
	    "queue_lifetime = 86400s\n",
	    { "verifies the certificate", "pausetime:1: pausetime" },
	    "s3cret\n" },
	{ "nullmailer: a server alone, the mail name, and several addresses",
	    "nullmailer", { { "nullmailer/remotes", "mail.example.org\n" },
	    { "mailname", "web1.example.org\n" },
	    { "nullmailer/adminaddr", "a@example.org,b@example.org\n" } },
	    "smarthost = smtp://mail.example.org\n"
	    "tls = off\n"
	    "helo = web1.example.org\n"
	    "domain = web1.example.org\n"
	    "root = a@example.org\n"
	    "aliases = off\n",
	    { "default: a@example.org,b@example.org" }, NULL },

	{ "nullmailer: names without a domain do not go to adminaddr",
	    "nullmailer", { { "nullmailer/remotes", "mail.example.org smtp\n" },
	    { "nullmailer/me", "web1.example.org\n" },
	    { "nullmailer/defaulthost", "mail\n" },
	    { "nullmailer/defaultdomain", "example.org\n" },
	    { "nullmailer/adminaddr", "boss@example.org\n" } },
	    "smarthost = smtp://mail.example.org\n"
	    "tls = off\n"
	    "helo = web1.example.org\n"
	    "domain = mail.example.org\n"
	    "root = boss@example.org\n"
	    "aliases = off\n",
	    { "nullmailer/defaulthost:1: defaulthost: nullmailer sends mail "
	    "for a name without a domain to this name at mail.example.org, "
	    "not to adminaddr; for the same result, set root = "
	    "*@mail.example.org" }, NULL },
	{ "nullmailer: a word that could be a password is not shown",
	    "nullmailer", { { "nullmailer/remotes",
	    "mail.example.org smtp starttls user=me pass s3cret\n" } },
	    "smarthost = smtp://mail.example.org\n"
	    "user = me\n"
	    "password_file = /etc/relais.password\n"
	    "aliases = off\n",
	    { "nullmailer/remotes:1: unknown setting",
	    "nullmailer/remotes:1: write the password to this file" }, NULL },

	/* Postfix */
	{ "postfix: a null client with a login",
	    "main.cf", { { "main.cf",
	    "# a null client\n"
	    "myhostname = web1.example.org\n"
	    "mydomain = example.org\n"
	    "myorigin = $mydomain\n"
	    "relayhost = [smtp.$mydomain]:587\n"
	    "mydestination =\n"
	    "smtp_sasl_auth_enable = yes\n"
	    "smtp_sasl_password_maps = hash:sasl_passwd\n"
	    "smtp_sasl_security_options =\n"
	    "    noanonymous,\n"
	    "# a comment within the value\n"
	    "    noplaintext\n"
	    "smtp_tls_security_level = encrypt\n"
	    "inet_interfaces = loopback-only\n"
	    "inet_protocols = ipv4\n"
	    "message_size_limit = 20480000\n"
	    "maximal_queue_lifetime = 3\n" },
	    { "sasl_passwd",
	    "# logins\n"
	    "[smtp.example.net]:587 you:s3cret-other\n"
	    "[smtp.example.org]:587   me@example.org:s3cret:# x\n" } },
	    "smarthost = submission://smtp.example.org\n"
	    "user = me@example.org\n"
	    "password_file = /etc/relais.password\n"
	    "helo = web1.example.org\n"
	    "domain = example.org\n"
	    "aliases = off\n"
	    "message_size_limit = 20480000\n"
	    "queue_lifetime = 3d\n"
	    "family = ipv4\n",
	    { "sasl_passwd:3: the password is there",
	    "main.cf:5: relais verifies" }, "s3cret:# x\n" },
	{ "postfix: without brackets, the host has MX records",
	    "main.cf", { { "main.cf",
	    "relayhost = example.org\nsmtp_tls_security_level = may\n"
	    "alias_maps = hash:/etc/mail/aliases\n"
	    "mydestination = $myhostname, localhost\n" } },
	    "smarthost = smtp+mx://example.org\n"
	    "tls = opportunistic\n"
	    "aliases = /etc/mail/aliases\n",
	    { "main.cf:4: Postfix delivers mail to local users" }, NULL },
	{ "postfix: a log file",
	    "main.cf", { { "main.cf",
	    "relayhost = [192.0.2.25]\nmydestination =\n"
	    "maillog_file = /var/log/postfix.log\n" } },
	    "smarthost = smtp://192.0.2.25\n"
	    "tls = off\naliases = off\n"
	    "log = /var/log/postfix.log\n", { NULL }, NULL },
	{ "postfix: the log of a container",
	    "main.cf", { { "main.cf",
	    "relayhost = [192.0.2.25]\nmydestination =\n"
	    "maillog_file = /dev/stdout\n" } },
	    "smarthost = smtp://192.0.2.25\n"
	    "tls = off\naliases = off\n",
	    { "main.cf:3: maillog_file: for the log of a container" }, NULL },
	{ "postfix: unknown users at another host",
	    "main.cf", { { "main.cf",
	    "relayhost = [192.0.2.25]\nmydestination = localhost\n"
	    "luser_relay = $user@example.org\n" } },
	    "smarthost = smtp://192.0.2.25\n"
	    "tls = off\n"
	    "root = *@example.org\n",
	    { "main.cf:3: luser_relay: Postfix sends" }, NULL },
	{ "postfix: one address for unknown users",
	    "main.cf", { { "main.cf",
	    "relayhost = [192.0.2.25]\nmydestination = localhost\n"
	    "luser_relay = admin@example.org\n" } },
	    "smarthost = smtp://192.0.2.25\n"
	    "tls = off\n"
	    "root = admin@example.org\n", { NULL }, NULL },
	{ "postfix: an address for unknown users that depends on the name",
	    "main.cf", { { "main.cf",
	    "relayhost = [192.0.2.25]\nmydestination = localhost\n"
	    "luser_relay = admin+$local\n" } },
	    "smarthost = smtp://192.0.2.25\n"
	    "tls = off\n",
	    { "main.cf:3: root: invalid value \"admin+\"",
	    "main.cf:2: Postfix delivers mail to local users" }, NULL },
	{ "postfix: a null client has no unknown users",
	    "main.cf", { { "main.cf",
	    "relayhost = [192.0.2.25]\nmydestination =\n"
	    "luser_relay = admin@example.org\n" } },
	    "smarthost = smtp://192.0.2.25\n"
	    "tls = off\n"
	    "aliases = off\n", { NULL }, NULL },
	{ "postfix: implicit TLS, a static login, and the old TLS settings",
	    "main.cf", { { "main.cf",
	    "relayhost = [smtp.example.org]:465\n"
	    "smtp_tls_wrappermode = yes\nsmtp_enforce_tls = yes\n"
	    "smtp_sasl_auth_enable = yes\n"
	    "smtp_sasl_password_maps = static:me:s3cret:x\n"
	    "smtp_tls_CAfile = /etc/ca.pem\nmydestination =\n"
	    "sender_canonical_maps = static:me@example.org\n"
	    "transport_maps = hash:/etc/postfix/transport\n" } },
	    "smarthost = submissions://smtp.example.org\n"
	    "user = me\n"
	    "password_file = /etc/relais.password\n"
	    "tls_ca = /etc/ca.pem\n"
	    "from = me@example.org\n"
	    "from_mode = always\n"
	    "aliases = off\n",
	    { "main.cf:9: transport_maps: write a [to] section" },
	    "s3cret:x\n" },
	{ "postfix: the name of the host precedes the value of relayhost",
	    "main.cf", { { "main.cf",
	    "relayhost = [mail.example.org]\nsmtp_sasl_auth_enable = yes\n"
	    "smtp_tls_security_level = secure\nmydestination =\n"
	    "smtp_sasl_password_maps = hash:sasl_passwd\n" },
	    { "sasl_passwd",
	    "[mail.example.org] one:s3cret1\nmail.example.org two:s3cret2\n" }
	    },
	    "smarthost = smtp://mail.example.org\n"
	    "user = two\n"
	    "password_file = /etc/relais.password\n"
	    "aliases = off\n", { NULL }, "s3cret2\n" },
	{ "postfix: tables of senders, and myorigin in a file",
	    "main.cf", { { "main.cf",
	    "relayhost = [192.0.2.25]\nmydestination =\n"
	    "myorigin = $x\nx = web1.example.org\n"
	    "smtp_generic_maps = hash:generic\n"
	    "sender_canonical_maps = regexp:canonical\n" },
	    { "generic",
	    "@web1.example.org alerts@example.org\n"
	    "backup@web1.example.org backup@example.org\n" },
	    { "canonical", "/^kim@/ kim@example.org\n/.+/ me@example.org\n" }
	    },
	    "smarthost = smtp://192.0.2.25\n"
	    "tls = off\n"
	    "domain = web1.example.org\n"
	    "from = me@example.org\n"
	    "from_mode = always\n"
	    "aliases = off\n"
	    "[user backup]\n"
	    "from = backup@example.org\n",
	    { "canonical:1: a pattern cannot be carried over" }, NULL },
	{ "postfix: a value that is the default is not set",
	    "main.cf", { { "main.cf",
	    "relayhost = [mail.example.org]\nalias_maps = hash:/etc/aliases\n"
	    "maximal_queue_lifetime = 5d\n" } },
	    "smarthost = smtp://mail.example.org\n"
	    "tls = off\n", { NULL }, NULL },
	{ "postfix: a name that contains itself ends",
	    "main.cf", { { "main.cf",
	    "relayhost = [mail.example.org]\nmydestination =\n"
	    "myhostname = $myhostname$myhostname\n" } },
	    "smarthost = smtp://mail.example.org\n"
	    "tls = off\n"
	    "aliases = off\n", { NULL }, NULL },

	/* Exim */
	{ "exim: a satellite with a login for every server",
	    "update-exim4.conf.conf", { { "update-exim4.conf.conf",
	    "# Debian's settings\n"
	    "dc_eximconfig_configtype='satellite'\n"
	    "dc_other_hostnames='web1.example.org'\n"
	    "dc_readhost='example.org'\n"
	    "dc_smarthost='smtp.example.org::587'\n"
	    "dc_hide_mailname='true'\n" },
	    { "passwd.client",
	    "# host:user:password\n"
	    "\n"
	    "*.example.net:you:s3cret-other\n"
	    "*:alerts:s3cret:#x\n" } },
	    "smarthost = submission://smtp.example.org\n"
	    "user = alerts\n"
	    "password_file = /etc/relais.password\n"
	    "domain = example.org\n",
	    { "passwd.client:4: the password is there",
	    "over TLS with a verified certificate" }, "s3cret:#x\n" },
	{ "exim: several servers, and no login",
	    "update-exim4.conf.conf", { { "update-exim4.conf.conf",
	    "dc_eximconfig_configtype=\"smarthost\"\n"
	    "dc_smarthost='a.example; [2001::db8::::1]::2525 ;b.example::26'\n"
	    } },
	    "smarthost = smtp://a.example smtp://[2001:db8::1]:2525 "
	    "smtp://b.example:26\n"
	    "tls = opportunistic\n",
	    { "Exim delivers mail to local users" }, NULL },
	{ "exim: the only login is used for another name, with a note",
	    "update-exim4.conf.conf", { { "update-exim4.conf.conf",
	    "dc_eximconfig_configtype='smarthost'\n"
	    "dc_smarthost='smtp.example.org::465'\n" },
	    { "passwd.client", "mx1.example.net:me@example.org:s3cret\n" } },
	    "smarthost = submissions://smtp.example.org\n"
	    "user = me@example.org\n"
	    "password_file = /etc/relais.password\n",
	    { "passwd.client:1: the login is for a server with another name" },
	    "s3cret\n" },
	{ "exim: regular expressions, incomplete lines, and blanks",
	    "update-exim4.conf.conf", { { "update-exim4.conf.conf",
	    "dc_eximconfig_configtype=smarthost  # Debian\n"
	    "dc_smarthost='2001::db8::0::0::0::0::0::1::2525;;'\n" },
	    { "passwd.client",
	    "^mail\\d:you:s3cret-other\n"
	    "nobody\n"
	    "*: me:s3cret \t\n" } },
	    "smarthost = smtp://[2001:db8:0:0:0:0:0:1]:2525\n"
	    "user = me\n"
	    "password_file = /etc/relais.password\n",
	    { "passwd.client:1: a regular expression is not supported",
	    "passwd.client:2: expected host:user:password" }, "s3cret\n" },
	{ "exim: the domain and the senders of Debian",
	    "etc/update-exim4.conf.conf", { { "etc/update-exim4.conf.conf",
	    "dc_eximconfig_configtype='satellite'\n"
	    "dc_smarthost='smtp.example.org::26'\n" },
	    { "mailname", " web1.example.org \n" },
	    { "email-addresses",
	    "# user: address\n"
	    "\n"
	    "kim\n"
	    "nina: nina@example.org \n"
	    "you@web1: you@example.org\n" } },
	    "smarthost = smtp://smtp.example.org:26\n"
	    "tls = opportunistic\n"
	    "domain = web1.example.org\n"
	    "[user nina]\n"
	    "from = nina@example.org\n",
	    { "email-addresses:5: this sender cannot be carried over" },
	    NULL },
	{ "postfix: parentheses, several hosts, and a line without a value",
	    "main.cf", { { "main.cf",
	    "nonsense\n"
	    "host = smtp.example.org\n"
	    "relayhost =  ,[$(host)]:587 [${host}]:26\n"
	    "mydestination =\n"
	    "myorigin = /nonexistent/mailname\n"
	    "smtp_sasl_auth_enable = yes\n"
	    "smtp_sasl_password_maps = hash:sasl_passwd\n"
	    "smtp_sasl_mechanism_filter = plain\n"
	    "smtp_tls_security_level = secure\n"
	    "smtp_tls_cert_file = /etc/client.pem\n"
	    "smtp_tls_key_file = /etc/client.key\n" },
	    { "sasl_passwd",
	    "smtp.example.org\n"
	    "[smtp.example.org]:587  me:s3cret \t\n" } },
	    "smarthost = submission://smtp.example.org\n"
	    "user = me\n"
	    "password_file = /etc/relais.password\n"
	    "tls_certificate = /etc/client.pem\n"
	    "tls_key = /etc/client.key\n"
	    "aliases = off\n",
	    { "main.cf:1: expected name = value",
	    "main.cf:3: relayhost: only the first host was imported",
	    "main.cf:5: /nonexistent/mailname: No such file",
	    "main.cf:8: smtp_sasl_mechanism_filter: see auth" }, "s3cret\n" },
	{ "postfix: a login without a table",
	    "main.cf", { { "main.cf",
	    "relayhost = [192.0.2.25]\nmydestination =\n"
	    "smtp_sasl_auth_enable = yes\n" } },
	    "smarthost = smtp://192.0.2.25\n"
	    "tls = off\naliases = off\n",
	    { "main.cf:3: smtp_sasl_password_maps is not set" }, NULL },
	{ "postfix: a table that cannot be read",
	    "main.cf", { { "main.cf",
	    "relayhost = [192.0.2.25]\nmydestination =\n"
	    "smtp_sasl_auth_enable = yes\n"
	    "smtp_sasl_password_maps = hash:missing\n" } },
	    "smarthost = smtp://192.0.2.25\n"
	    "tls = off\naliases = off\n",
	    { "main.cf:4: missing: No such file",
	    "main.cf:4: set user and password_file" }, NULL },
	{ "postfix: tables of another type",
	    "main.cf", { { "main.cf",
	    "relayhost = [192.0.2.25]\nmydestination =\n"
	    "smtp_sasl_auth_enable = yes\n"
	    "smtp_sasl_password_maps = mysql:x\n" } },
	    "smarthost = smtp://192.0.2.25\n"
	    "tls = off\naliases = off\n",
	    { "main.cf:4: only one table of the type hash" }, NULL },
	{ "postfix: a table without the host",
	    "main.cf", { { "main.cf",
	    "relayhost = [192.0.2.25]\nmydestination =\n"
	    "smtp_sasl_auth_enable = yes\n"
	    "smtp_sasl_password_maps = hash:sasl_passwd\n" },
	    { "sasl_passwd", "a.example me:s3cret-other\n" } },
	    "smarthost = smtp://192.0.2.25\n"
	    "tls = off\naliases = off\n",
	    { "main.cf:4: the table has no login for [192.0.2.25]" }, NULL },
	{ "dma: a mailname that cannot be read, and no domain of senders",
	    "dma.conf", { { "dma.conf",
	    "\n"
	    "SMARTHOST a.example \t\n"
	    "MAILNAME /nonexistent/mailname\n"
	    "MASQUERADE kim@\n" } },
	    "smarthost = smtp://a.example\n"
	    "tls = off\n",
	    { "dma.conf:3: MAILNAME: /nonexistent/mailname: No such file",
	    "dma.conf:4: MASQUERADE: the domain is unknown" }, NULL },
	{ "msmtp: a mechanism that relais does not have",
	    "msmtprc", { { "msmtprc",
	    "host a.example\ntls on\nauth ntlm\nuser me \npassword s3cret\n"
	    } },
	    "smarthost = smtp://a.example\n"
	    "user = me\n"
	    "password_file = /etc/relais.password\n",
	    { "msmtprc:3: auth: ntlm is not supported" }, "s3cret\n" },
	{ "msmtp: a token without a command",
	    "msmtprc", { { "msmtprc",
	    "host a.example\ntls on\nauth xoauth2\nuser me\n" } },
	    "smarthost = smtp://a.example\n"
	    "user = me\n"
	    "password_file = /etc/relais.password\n"
	    "auth = XOAUTH2\n",
	    { "msmtprc:3: auth: set token_command" }, NULL },
	{ "msmtp: EXTERNAL, the domain, and the settings of the default",
	    "msmtprc", { { "msmtprc",
	    "account default\nhost a.example\ntls on\nauth external\n"
	    "user me\nauto_from on\nmaildomain example.org\n"
	    "tls_certcheck on\ntimeout 30\n"
	    "account b\nhost b.example\nfrom b@example.org\ntls on\n"
	    "tls_starttls off\n"
	    "account c\nhost c.example\nfrom b@example.org\n" } },
	    "smarthost = smtp://a.example\n"
	    "domain = example.org\n"
	    "timeout = 30s\n"
	    "[from b@example.org]\n"
	    "smarthost = submissions://b.example\n"
	    "from = b@example.org\n",
	    { "timeout at the top of the file also applies" }, NULL },
};

/* Calls import_choose() and import_run() in the directory of the files. */
static bool
import_text(struct import *in, const char *path, struct failure *why)
{
	char				*paths[] = { (char *)path };
	const struct import_format	*format;

	draft_start(&in->draft, "/etc/relais.password");
	format = import_choose(in, paths, 1, why);
	return format != NULL && import_run(in, format, why);
}

static void
enter(struct temp_dir *dir, const struct text_file *files)
{
	temp_dir_make(dir);
	for (size_t i = 0; files[i].name != NULL; i++)
		temp_dir_write(dir, files[i].name, 0600, files[i].text);
	assert_int_equal(chdir(dir->path), 0);
}

static void
leave(struct temp_dir *dir)
{
	assert_int_equal(chdir("/"), 0);
	temp_dir_remove(dir);
}

/* Returns the lines that are not comments; the caller frees them. */
static char *
without_comments(const char *text)
{
	struct buffer	settings = { 0 };

	while (*text != '\0') {
		size_t	len = strcspn(text, "\n");

		if (*text != '#' && len > 0)
			buffer_add(&settings, text, len + 1);
		text += len + 1;
	}
	return buffer_take(&settings);
}

static void
is_accepted(struct temp_dir *dir, const char *text)
{
	struct config		config;
	struct config_source	source = { .file = temp_dir_write(dir,
				    "relais.conf", 0600, text) };
	struct failure		why;

	if (!config_load(&config, &source, &why))
		fail_msg("%s in: %s", why.text, text);
	config_free(&config);
}

static void
becomes(void **state)
{
	const struct import_case	*c = *state;
	struct import			 in = { .read = source_read };
	struct buffer			 text = { 0 }, secrets = { 0 };
	struct temp_dir			 dir;
	struct failure			 why;
	char				*settings;

	enter(&dir, c->files);
	if (!import_text(&in, c->path, &why))
		fail_msg("%s", why.text);
	draft_print(&in.draft, false, &text);
	settings = without_comments(text.data);
	assert_string_equal(settings, c->settings);
	for (size_t i = 0; i < 4 && c->notes[i] != NULL; i++)
		if (strstr(text.data, c->notes[i]) == NULL)
			fail_msg("no \"%s\" in: %s", c->notes[i], text.data);
	if (strstr(text.data, SECRET) != NULL)
		fail_msg("a secret in: %s", text.data);
	for (size_t i = 0; i < in.draft.n_secrets; i++)
		if (in.draft.secrets[i].value != NULL)
			buffer_addf(&secrets, "%s\n",
			    in.draft.secrets[i].value);
	assert_string_equal(secrets.len > 0 ? secrets.data : "",
	    c->secrets != NULL ? c->secrets : "");
	is_accepted(&dir, text.data);
	leave(&dir);
	free(settings);
	buffer_free(&text);
	buffer_free(&secrets);
	draft_free(&in.draft);
}

/* The path of this file must be absolute. */
static void
a_mailname_can_be_empty(void **state)
{
	const struct text_file	 files[] = { { "mailname", "" },
				    { NULL, NULL } };
	struct import		 in = { .read = source_read };
	struct temp_dir		 dir;
	struct buffer		 conf = { 0 }, want = { 0 };
	struct failure		 why;

	(void)state;
	enter(&dir, files);
	buffer_addf(&conf, "SMARTHOST a.example\nMAILNAME %s\n",
	    temp_dir_path(&dir, "mailname"));
	temp_dir_write(&dir, "dma.conf", 0600, conf.data);
	assert_true(import_text(&in, "dma.conf", &why));
	buffer_addf(&want, "# dma.conf:2: MAILNAME: %s is empty\n",
	    temp_dir_path(&dir, "mailname"));
	assert_non_null(strstr(in.draft.notes.data, want.data));
	buffer_free(&conf);
	buffer_free(&want);
	draft_free(&in.draft);
	leave(&dir);
}

/*
 * Values that consist of 30,000 other ones, at six levels; 100,000 parameters;
 * and 30,000 servers.
 */
static void
a_large_file_takes_a_short_time(void **state)
{
	const struct text_file	 none[] = { { NULL, NULL } };
	struct import		 in = { .read = source_read };
	struct temp_dir		 dir;
	struct buffer		 conf = { 0 };
	struct failure		 why;
	clock_t			 began = clock();

	(void)state;
	enter(&dir, none);
	buffer_add_text(&conf, "relayhost = [mail.example.org]\n");
	for (int level = 0; level < 6; level++) {
		buffer_addf(&conf, "x%d =", level);
		for (int i = 0; i < 30000; i++)
			buffer_addf(&conf, "$x%d", level + 1);
		buffer_add_byte(&conf, '\n');
	}
	temp_dir_write(&dir, "main.cf", 0600, conf.data);
	assert_true(import_text(&in, "main.cf", &why));
	draft_free(&in.draft);

	buffer_clear(&conf);
	for (int i = 0; i < 100000; i++)
		buffer_addf(&conf, "x%d=\n", i);
	temp_dir_write(&dir, "main.cf", 0600, conf.data);
	in = (struct import){ .read = source_read };
	assert_false(import_text(&in, "main.cf", &why));
	assert_string_equal(why.text, "main.cf:5001: more than 5000 "
	    "parameters");
	draft_free(&in.draft);

	buffer_clear(&conf);
	buffer_add_text(&conf, "dc_eximconfig_configtype='smarthost'\n"
	    "dc_smarthost='a.example");
	for (int i = 0; i < 30000; i++)
		buffer_add_text(&conf, ";b.cc");
	buffer_add_text(&conf, "'\n");
	temp_dir_write(&dir, "update-exim4.conf.conf", 0600, conf.data);
	in = (struct import){ .read = source_read };
	assert_true(import_text(&in, "update-exim4.conf.conf", &why));
	draft_free(&in.draft);
	assert_true(clock() - began < 10 * CLOCKS_PER_SEC);
	buffer_free(&conf);
	leave(&dir);
}

/* Configurations that cannot be imported. */
struct refused_case {
	const char	*sentence;
	const char	*path;
	struct text_file files[3];
	int		 status;
	const char	*text;		/* a part of the reason */
};

static const struct refused_case refused[] = {
	{ "a missing file is named", "ssmtp.conf", { { NULL, NULL } },
	    EX_NOINPUT, "ssmtp.conf: No such file" },
	{ "an unknown name has no format", "mail.conf",
	    { { "mail.conf", "" } }, EX_USAGE, "ssmtp:mail.conf" },
	{ "a companion alone is not enough", "revaliases",
	    { { "revaliases", "" } }, EX_USAGE, "ssmtp.conf" },
	{ "a directory is not a file", "ssmtp.conf",
	    { { "ssmtp.conf/x", "" } }, EX_DATAERR, "not a regular file" },
	{ "without a server, nothing is printed", "ssmtp.conf",
	    { { "ssmtp.conf", "root=a@example.org\n" } }, EX_CONFIG,
	    "ssmtp.conf: mailhub names no server that relais can use" },
	{ "the reason is that the server is not valid", "ssmtp:x",
	    { { "x", "\nmailhub=a..b\n" } }, EX_CONFIG, "(x:2: smarthost" },
	{ "msmtp: an unknown parent has a line", "msmtprc",
	    { { "msmtprc", "account a\nhost x\naccount b : c\n" } },
	    EX_DATAERR, "msmtprc:3: account c is not defined" },
	{ "exim: only a smarthost can be imported", "update-exim4.conf.conf",
	    { { "update-exim4.conf.conf",
	    "dc_eximconfig_configtype='internet'\n" } }, EX_CONFIG,
	    "update-exim4.conf.conf:1: Exim is not configured" },
};

static void
is_refused(void **state)
{
	const struct refused_case	*c = *state;
	struct import			 in = { .read = source_read };
	struct temp_dir			 dir;
	struct failure			 why;

	enter(&dir, c->files);
	assert_false(import_text(&in, c->path, &why));
	if (why.status != c->status || strstr(why.text, c->text) == NULL)
		fail_msg("%d: %s", why.status, why.text);
	draft_free(&in.draft);
	leave(&dir);
}

/* The configuration that is installed. */
struct found_case {
	const char	*sentence;
	struct text_file files[3];
	const char	*found;		/* or NULL */
	const char	*text;		/* a part of the reason */
};

static const struct found_case installed[] = {
	{ "the only configuration is found",
	    { { "etc/dma/dma.conf", "" } }, "/etc/dma/dma.conf", NULL },
	{ "a directory is found",
	    { { "etc/nullmailer/remotes", "" } }, "/etc/nullmailer", NULL },
	{ "several configurations are listed",
	    { { "etc/msmtprc", "" }, { "etc/postfix/main.cf", "" } }, NULL,
	    "several configurations" },
	{ "without one, the message says why, and what to run",
	    { { NULL, NULL } }, NULL, "(a purge of the package deletes it): "
	    "name a copy of the file, or run \"relais setup\"" },
};

static void
is_found(void **state)
{
	const struct found_case	*c = *state;
	struct temp_dir		 dir;
	struct failure		 why;
	char			*found;

	unsetenv("HOME");
	unsetenv("XDG_CONFIG_HOME");
	enter(&dir, c->files);
	found = import_find(dir.path, &why);
	if (c->found != NULL) {
		assert_non_null(found);
		assert_string_equal(found + strlen(dir.path), c->found);
	} else {
		assert_null(found);
		assert_non_null(strstr(why.text, c->text));
	}
	free(found);
	leave(&dir);
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(a_mailname_can_be_empty),
	cmocka_unit_test(a_large_file_takes_a_short_time),
};

int
main(void)
{
	int	failed_cases;

	failed_cases = CASES_RUN("formats", becomes, cases);
	failed_cases += CASES_RUN("refused configurations", is_refused,
	    refused);
	failed_cases += CASES_RUN("installed configurations", is_found,
	    installed);
	failed_cases += cmocka_run_group_tests(others, NULL, NULL);
	return failed_cases;
}
