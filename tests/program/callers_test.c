/*
 * The programs that call sendmail: the message of each arrives unchanged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/invocation.h"
#include "support/program.h"

static void
arrives(void **state)
{
	invocation_arrives(*state);
}

#define CALL(sentence, ...) { sentence, arrives, NULL, NULL, \
	&(struct invocation){ __VA_ARGS__ } }
#define ARGV(...)	.argv = WORDS("sendmail", __VA_ARGS__)
#define TO(...)		.to = WORDS(__VA_ARGS__)
#define FIELDS(...)	.fields = WORDS(__VA_ARGS__)

/* Most programs write all required header fields. */
#define HEAD \
	"From: Ana <ana@example.com>\nTo: Jo <jo@example.net>\n" \
	"Subject: Tuesday\nDate: Mon, 6 Jan 2025 10:20:30 +0100\n" \
	"Message-ID: <1@example.com>\nMIME-Version: 1.0\n" \
	"Content-Type: text/plain; charset=utf-8\n" \
	"Content-Transfer-Encoding: 8bit\n"
#define DOTS	"one\n.\n..two\nGr\303\274\303\237e\n"
#define NO_DOTS	"one\n ..two\nGr\303\274\303\237e\n"
#define UTF8	"MIME-Version: 1.0\n" \
	"Content-Type: text/plain; charset=utf-8\n"

static const struct CMUnitTest web_spec[] = {
	CALL("PHP's mail(): CRLF, with LF in the application's text",
	    ARGV("-t", "-i"),
	    .input = "To: jo@example.net\r\nSubject: Order 7\r\n"
	    "X-PHP-Originating-Script: 33:order.php\r\n"
	    "From: Shop <shop@example.com>\nBcc: audit@hidden.example\n"
	    "Content-Type: text/plain; charset=utf-8\r\n\r\n"
	    "Thank you\n.\r\n.Gr\303\274\303\237e\r\nbye\r\n",
	    TO("jo@example.net", "audit@hidden.example"),
	    FIELDS("To: jo@example.net", "Subject: Order 7",
	    "From: Shop <shop@example.com>",
	    "X-PHP-Originating-Script: 33:order.php"),
	    .body = "Thank you\n.\n.Gr\303\274\303\237e\nbye\n"),
	CALL("PHP's mail() with only Bcc writes an empty To",
	    ARGV("-t", "-i"),
	    .input = "To: \r\nSubject: Newsletter\r\n"
	    "Bcc: a@hidden.example,\r\n b@hidden.example\r\n"
	    "Reply-To: news@example.com\r\n\r\nHello\r\n",
	    TO("a@hidden.example", "b@hidden.example"),
	    FIELDS("Subject: Newsletter"), .body = "Hello\n"),
	CALL("PHP's mail() with mail.mixed_lf_and_crlf: only LF",
	    ARGV("-t", "-i"),
	    .input = "To: jo@example.net\nSubject: x\n"
	    "X-Mailer: PHP/8.2\n\nbody\n.\nend\n",
	    TO("jo@example.net"), .body = "body\n.\nend\n"),
	CALL("PHP's fifth parameter",
	    ARGV("-t", "-i", "-fbounces@example.com"),
	    .input = "To: jo@example.net\r\nSubject: x\r\n"
	    "From: shop@example.com\r\n\r\nbody\r\n",
	    .sender = "bounces@example.com", TO("jo@example.net"),
	    .body = "body\n"),
	CALL("PHP's fifth parameter overrides -f in sendmail_path",
	    ARGV("-t", "-i", "-oi", "-f", "www@example.com",
	    "-fbounces@example.com", "-t"),
	    .input = "To: jo@example.net\r\nSubject: x\r\n"
	    "From: shop@example.com\r\n\r\n.\r\n",
	    .sender = "bounces@example.com", TO("jo@example.net"),
	    .body = ".\n"),
	CALL("PHPMailer: WordPress, Joomla",
	    ARGV("-fwordpress@example.com", "-i", "-t"),
	    .input = "Date: Mon, 6 Jan 2025 10:20:30 +0100\r\n"
	    "To: Jo Doe <jo@example.net>\r\n"
	    "From: WordPress <wordpress@example.com>\r\n"
	    "Cc: =?utf-8?Q?J=C3=B6?= <jo2@example.net>\r\n"
	    "Bcc: log@hidden.example\r\nSubject: [Blog] A comment\r\n"
	    "Message-ID: <Xa1@example.com>\r\nX-Mailer: PHPMailer 6.6.3\r\n"
	    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
	    "\r\n..first\r\nlast\r\n\r\n",
	    .sender = "wordpress@example.com",
	    TO("jo@example.net", "jo2@example.net", "log@hidden.example"),
	    FIELDS("Message-ID: <Xa1@example.com>",
	    "Cc: =?utf-8?Q?J=C3=B6?= <jo2@example.net>"),
	    .body = "..first\nlast\n\n"),
	CALL("PHPMailer with only Bcc writes an empty group",
	    ARGV("-t", "-i", "-fnews@example.com"),
	    .input = "To: undisclosed-recipients:;\r\n"
	    "From: news@example.com\r\nBcc: a@hidden.example\r\n"
	    "Subject: News\r\n\r\nNews\r\n",
	    .sender = "news@example.com", TO("a@hidden.example"),
	    FIELDS("To: undisclosed-recipients:;"), .body = "News\n"),
	CALL("CodeIgniter",
	    ARGV("-oi", "-f", "app@example.com", "-t"),
	    .input = "User-Agent: CodeIgniter\n"
	    "Date: Mon, 6 Jan 2025 10:20:30 +0100\n"
	    "From: \"App\" <app@example.com>\n"
	    "Return-Path: <app@example.com>\nTo: jo@example.net\n"
	    "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\n\ntext\n",
	    .sender = "app@example.com", TO("jo@example.net"),
	    FIELDS("Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?="),
	    .body = "text\n"),
	CALL("Symfony with -t: recipients as arguments, Bcc stays, dots are "
	    "doubled",
	    ARGV("-fapp@example.com", "jo@example.net", "x@hidden.example"),
	    .input = "From: App <app@example.com>\r\nTo: jo@example.net\r\n"
	    "Bcc: x@hidden.example\r\nSubject: x\r\n\r\n..\r\n...two\r\nend",
	    .sender = "app@example.com",
	    TO("jo@example.net", "x@hidden.example"),
	    .body = ".\n..two\nend\n"),
	CALL("Symfony with -t -i",
	    ARGV("-i", "-f", "app@example.com", "--", "jo@example.net",
	    "x@hidden.example"),
	    .input = "From: App <app@example.com>\r\nTo: jo@example.net\r\n"
	    "Bcc: x@hidden.example\r\nSubject: x\r\n\r\n.\r\n..two\r\nend",
	    .sender = "app@example.com",
	    TO("jo@example.net", "x@hidden.example"),
	    .body = ".\n..two\nend\n"),
	CALL("Swift Mailer with -t: dots are doubled",
	    ARGV("-t", "-fapp@example.com"),
	    .input = "Message-ID: <s1@example.com>\n"
	    "From: App <app@example.com>\nTo: jo@example.net\n"
	    "Bcc: x@hidden.example\nSubject: x\n\n..\nend\n",
	    .sender = "app@example.com",
	    TO("jo@example.net", "x@hidden.example"), .body = ".\nend\n"),
	CALL("PEAR's Mail, Horde",
	    ARGV("-i", "-fana@example.com", "--", "jo@example.net"),
	    .input = HEAD "\n" DOTS, .sender = "ana@example.com",
	    TO("jo@example.net"), .body = DOTS),
	CALL("Nodemailer: recipients as arguments, Bcc stays, mixed line ends",
	    ARGV("-i", "-f", "ana@example.com", "jo@example.net",
	    "x@hidden.example"),
	    .input = "From: Ana <ana@example.com>\r\nTo: jo@example.net\r\n"
	    "Bcc: x@hidden.example\r\nSubject: x\r\n"
	    "Message-ID: <n@example.com>\r\n\r\none\n.\ntwo\r\nthree",
	    .sender = "ana@example.com",
	    TO("jo@example.net", "x@hidden.example"),
	    FIELDS("Message-ID: <n@example.com>"),
	    .body = "one\n.\ntwo\nthree\n"),
	CALL("Nodemailer with custom arguments: also -t",
	    ARGV("-i", "-t", "-i", "-f", "ana@example.com", "jo@example.net"),
	    .input = "From: ana@example.com\nTo: Jo <jo@example.net>\n"
	    "Subject: x\n\nx\n",
	    .sender = "ana@example.com", TO("jo@example.net"),
	    .body = "x\n"),
	CALL("Ruby's mail: ActionMailer",
	    ARGV("-i", "-f", "app@example.com", "--", "jo@example.net",
	    "x@hidden.example"),
	    .prepare = invocation_close_outputs,
	    .input = "Date: Mon, 06 Jan 2025 10:20:30 +0100\n"
	    "From: app@example.com\nTo: jo@example.net\n"
	    "Message-ID: <r1@host.mail>\nSubject: Welcome\n"
	    "Mime-Version: 1.0\nContent-Type: text/plain;\n charset=UTF-8\n"
	    "Content-Transfer-Encoding: 7bit\n\nHello\n.\n",
	    .sender = "app@example.com",
	    TO("jo@example.net", "x@hidden.example"),
	    FIELDS("Content-Type: text/plain;\n charset=UTF-8"),
	    .body = "Hello\n.\n"),
	CALL("Ruby's mail with arguments '-i -t': every recipient once",
	    ARGV("-i", "-t", "-f", "app@example.com", "--", "jo@example.net",
	    "x@example.net"),
	    .input = "From: app@example.com\nTo: Jo <jo@example.net>\n"
	    "Cc: x@EXAMPLE.net\nSubject: x\n\nx\n",
	    .sender = "app@example.com",
	    TO("jo@example.net", "x@example.net"), .body = "x\n"),
	CALL("Perl's Mail::Mailer: -t without -i, so a single dot ends the "
	    "message",
	    ARGV("-t"),
	    .input = HEAD "\n" "one\n..two\n.\nthree\n",
	    TO("jo@example.net"), .body = "one\n.two\n"),
	CALL("Perl's Email::Sender",
	    ARGV("-i", "-f", "ana@example.com", "--", "jo@example.net"),
	    .input = HEAD "\n" DOTS, .sender = "ana@example.com",
	    TO("jo@example.net"), .body = DOTS),
	CALL("Perl's MIME::Lite",
	    ARGV("-t", "-oi", "-oem", "-fana@example.com"),
	    .input = HEAD "\n" DOTS, .sender = "ana@example.com",
	    TO("jo@example.net"), .body = DOTS),
	CALL("Perl's Mail::Box: Bcc stays, recipients as arguments",
	    ARGV("-i", "jo@example.net", "x@hidden.example"),
	    .input = HEAD "Bcc: x@hidden.example\n\n" DOTS,
	    TO("jo@example.net", "x@hidden.example"), .body = DOTS),
	CALL("Python, as in its manual",
	    ARGV("-t", "-oi"), .input = HEAD "\n" DOTS,
	    TO("jo@example.net"), .body = DOTS),
	CALL("lettre, Gitea: CRLF throughout",
	    ARGV("-f", "gitea@example.com", "-i", "--", "jo@example.net"),
	    .input = "Message-ID: <g@example.com>\r\n"
	    "From: Gitea <gitea@example.com>\r\nTo: jo@example.net\r\n"
	    "Subject: x\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
	    "one\r\n.\r\ntwo\r\n",
	    .sender = "gitea@example.com", TO("jo@example.net"),
	    .body = "one\n.\ntwo\n"),
	CALL("Swoosh: with NOTIFY",
	    ARGV("-fapp@example.com", "-oi", "-t", "-N",
	    "delay,failure,success"),
	    .input = "From: app@example.com\r\nTo: jo@example.net\r\n"
	    "Subject: x\r\n\r\nx\r\n",
	    .sender = "app@example.com", TO("jo@example.net"),
	    .rcpt_says = "NOTIFY=SUCCESS,FAILURE,DELAY", .body = "x\n"),
	CALL("Request Tracker",
	    ARGV("-oi", "-ODeliveryMode=b", "-OErrorMode=m", "-t"),
	    .input = HEAD "\n" DOTS, TO("jo@example.net"), .body = DOTS),
	CALL("Foswiki: never prints anything",
	    ARGV("-t", "-oi", "-oeq"), .input = HEAD "\n" DOTS,
	    TO("jo@example.net"), .body = DOTS),
	CALL("Proxmox",
	    ARGV("-B", "8BITMIME", "-f", "root", "--", "jo@example.net"),
	    .input = HEAD "\n" NO_DOTS, .sender = "root@example.org",
	    TO("jo@example.net"), .body = NO_DOTS),
	CALL("Sympa: a message to a list, with an envelope identifier",
	    ARGV("-oi", "-odi", "-oem", "-N", "success,delay,failure",
	    "-Vlist7", "-f", "list-owner@example.com", "--",
	    "jo@example.net", "al@example.net"),
	    .input = HEAD "\n" DOTS, .sender = "list-owner@example.com",
	    TO("jo@example.net", "al@example.net"),
	    .mail_says = "ENVID=list7",
	    .rcpt_says = "NOTIFY=SUCCESS,FAILURE,DELAY", .body = DOTS),
};

#define CRON \
	"From: root (Cron Daemon)\nTo: root\n" \
	"Subject: Cron <root@host> backup\nMIME-Version: 1.0\n" \
	"Content-Type: text/plain; charset=UTF-8\n" \
	"Content-Transfer-Encoding: 8bit\nX-Cron-Env: <SHELL=/bin/sh>\n" \
	"X-Cron-Env: <HOME=/root>\nX-Cron-Env: <PATH=/usr/bin:/bin>\n" \
	"X-Cron-Env: <LOGNAME=root>\n\n" DOTS

static const struct CMUnitTest system_spec[] = {
	CALL("Debian's cron",
	    ARGV("-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root"),
	    .input = CRON, TO("admin@example.net"),
	    FIELDS("From: root@example.org (Cron Daemon)",
	    "Subject: Cron <root@host> backup",
	    "X-Cron-Env: <SHELL=/bin/sh>"), .body = DOTS),
	CALL("Debian's cron with a provider that requires one sender",
	    ARGV("-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root"),
	    .from = "alerts@example.org", .input = CRON,
	    TO("admin@example.net"),
	    FIELDS("From: alerts@example.org (Cron Daemon)"), .body = DOTS),
	CALL("Vixie's cron",
	    ARGV("-FCronDaemon", "-odi", "-oem", "-or0s", "-oi", "-t"),
	    .input = CRON, TO("admin@example.net"),
	    FIELDS("From: root@example.org (Cron Daemon)"), .body = DOTS),
	CALL("cronie: Fedora, Arch",
	    ARGV("-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t", "-f",
	    "root"),
	    .input = "From: \"(Cron Daemon)\" <root>\n"
	    "To: jo@example.net\nSubject: Cron <root@host> ls\n"
	    "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
	    "Auto-Submitted: auto-generated\nPrecedence: bulk\n\n" DOTS,
	    .sender = "root@example.org", TO("jo@example.net"),
	    FIELDS("From: \"(Cron Daemon)\" <root@example.org>"),
	    .body = DOTS),
	CALL("anacron",
	    ARGV("-FAnacron", "-odi", "root"),
	    .prepare = invocation_close_outputs,
	    .input = "From: Anacron <root>\nTo: root\n" UTF8
	    "Subject: Anacron job 'cron.daily' on host\n\n" NO_DOTS,
	    TO("admin@example.net"), .body = NO_DOTS),
	CALL("systemd-cron",
	    ARGV("-i", "-B8BITMIME", "root"),
	    .input = "Date: Mon, 6 Jan 2025 10:20:30 +0100\n"
	    "From: root (systemd-cron)\nTo: root\n"
	    "Subject: [host] job output: cron-daily\n" UTF8
	    "X-Mailer: systemd-cron 1.15.19\n"
	    "Auto-Submitted: auto-generated\n\n" DOTS,
	    TO("admin@example.net"), .body = DOTS),
	CALL("BusyBox's crond: OpenWrt, Alpine",
	    ARGV("-ti"), .from_file = true,
	    .input = "To: jo@example.net\nSubject: cron: backup\n\n" DOTS,
	    TO("jo@example.net"), .body = DOTS),
	CALL("dcron",
	    ARGV("-t", "-oem", "-i"),
	    .input = "To: jo@example.net\nSubject: cron: x\n\n" DOTS,
	    TO("jo@example.net"), .body = DOTS),
	CALL("at: only Subject and To, from a file",
	    ARGV("-i", "root"), .from_file = true,
	    .input = "Subject: Output from your job        7\n"
	    "To: root\n\n" DOTS,
	    TO("admin@example.net"), .body = DOTS),
	CALL("sudo",
	    ARGV("-t"),
	    .input = "To: root\nFrom: root\nAuto-Submitted: auto-generated\n"
	    "Subject: *** SECURITY information for host ***\n\n"
	    "host : Jan  6 10:20:30 : ana : user NOT in sudoers\n\n",
	    TO("admin@example.net"), FIELDS("From: root@example.org"),
	    .body = "host : Jan  6 10:20:30 : ana : user NOT in sudoers\n\n"),
	CALL("mdadm",
	    ARGV("-t"),
	    .input = "From: mdadm monitoring <root>\nTo: root\n"
	    "Subject: DegradedArray event on /dev/md0:host\n\nDegraded\n",
	    TO("admin@example.net"),
	    FIELDS("From: mdadm monitoring <root@example.org>"),
	    .body = "Degraded\n"),
	CALL("logwatch",
	    ARGV("-t"),
	    .input = "To: root\nFrom: Logwatch\nSubject: Logwatch for host\n"
	    "Auto-Submitted: auto-generated\nPrecedence: bulk\n" UTF8
	    "Content-Transfer-Encoding: 8bit\n\n"
	    " ################### Logwatch\n\n",
	    TO("admin@example.net"), FIELDS("From: Logwatch@example.org"),
	    .body = " ################### Logwatch\n\n"),
	CALL("unattended-upgrades, apt-listchanges",
	    ARGV("-oi", "-t"), .input = HEAD "\n" DOTS,
	    TO("jo@example.net"), .body = DOTS),
	CALL("fail2ban",
	    ARGV("-f", "fail2ban@example.com", "jo@example.net"),
	    .input = "Subject: [Fail2Ban] sshd: banned 192.0.2.1 from host\n"
	    "Date: Mon, 06 Jan 2025 10:20:30 +0000\n"
	    "From: Fail2Ban <fail2ban@example.com>\nTo: jo@example.net\n\n"
	    "Hi,\n\nThe IP 192.0.2.1 has been banned\n",
	    .sender = "fail2ban@example.com", TO("jo@example.net"),
	    FIELDS("From: Fail2Ban <fail2ban@example.com>"),
	    .body = "Hi,\n\nThe IP 192.0.2.1 has been banned\n"),
	CALL("arpwatch",
	    ARGV("-odi", "root"),
	    .input = "From: arpwatch (Arpwatch host)\nTo: root\n"
	    "Subject: new station (192.0.2.7)\n\n  hostname: x\n",
	    TO("admin@example.net"),
	    FIELDS("From: arpwatch@example.org (Arpwatch host)"),
	    .body = "  hostname: x\n"),
	CALL("calendar: the quotation marks are part of the name",
	    ARGV("-i", "-t", "-F", "\"Reminder Service\""),
	    .input = "From: \"Reminder Service\" <root>\nTo: <root>\n"
	    "Subject: Monday's Calendar\nPrecedence: bulk\n"
	    "Auto-Submitted: auto-generated\n\n Jan  6\tx\n",
	    TO("admin@example.net"), .body = " Jan  6\tx\n"),
	CALL("procmail, mime-construct",
	    ARGV("-oi", "jo@example.net"), .input = HEAD "\n" DOTS,
	    TO("jo@example.net"), .body = DOTS),
	CALL("Task Spooler: started without standard output and error",
	    ARGV("-oi", "jo@example.net"), .prepare = invocation_close_outputs,
	    .input = "From: Task Spooler <taskspooler>\nTo: jo@example.net\n"
	    "Subject: the task 0\n\nls\n",
	    TO("jo@example.net"),
	    FIELDS("From: Task Spooler <taskspooler@example.org>"),
	    .body = "ls\n"),
	CALL("vacation: the sender is a bare user name",
	    ARGV("-f", "ana", "--", "jo@example.net"),
	    .input = "From: ana@example.com\nTo: jo@example.net\n"
	    "Subject: away\nPrecedence: bulk\n\nAway\n",
	    .sender = "ana@example.org", TO("jo@example.net"),
	    .body = "Away\n"),
	CALL("Dovecot's vacation: the null sender and CRLF",
	    ARGV("-i", "-f", "<>", "--", "jo@example.net"),
	    .input = "X-Sieve: Pigeonhole Sieve 0.5.19\r\n"
	    "Message-ID: <dovecot-sieve-1@host>\r\n"
	    "Date: Mon, 06 Jan 2025 10:20:30 +0100\r\n"
	    "From: <ana@example.com>\r\nTo: <jo@example.net>\r\n"
	    "Subject: Auto: x\r\nAuto-Submitted: auto-replied (vacation)\r\n"
	    "\r\nAway\r\n.\r\n",
	    .sender = "", TO("jo@example.net"), .body = "Away\n.\n"),
	CALL("maildrop: the null sender as an empty argument",
	    ARGV("-oi", "-f", "", "jo@example.net"),
	    .input = HEAD "\n" DOTS, .sender = "", TO("jo@example.net"),
	    .body = DOTS),
	CALL("Mailutils' sieve, popularity-contest",
	    ARGV("-oi", "-f", "ana@example.com", "jo@example.net"),
	    .input = HEAD "\n" DOTS, .sender = "ana@example.com",
	    TO("jo@example.net"), .body = DOTS),
	CALL("a content filter of a mail server",
	    ARGV("-G", "-i", "-f", "ana@example.com", "jo@example.net"),
	    .input = HEAD "\n" DOTS, .sender = "ana@example.com",
	    TO("jo@example.net"), .body = DOTS),
	CALL("Trojita",
	    ARGV("-bm", "-oi", "-f", "ana@example.com", "jo@example.net"),
	    .input = HEAD "\n" DOTS, .sender = "ana@example.com",
	    TO("jo@example.net"), .body = DOTS),
	CALL("HylaFAX",
	    ARGV("-t", "-ffax", "-oi"),
	    .input = HEAD "\n" DOTS, .sender = "fax@example.org",
	    TO("jo@example.net"), .body = DOTS),
	CALL("Subversion's commit-email.pl",
	    ARGV("-fana@example.com", "jo@example.net"),
	    .input = HEAD "\n" NO_DOTS, .sender = "ana@example.com",
	    TO("jo@example.net"), .body = NO_DOTS),
	CALL("Mercurial, quilt, SmokePing",
	    ARGV("-f", "ana@example.com", "jo@example.net"),
	    .input = HEAD "\n" NO_DOTS, .sender = "ana@example.com",
	    TO("jo@example.net"), .body = NO_DOTS),
};

static const struct CMUnitTest reader_spec[] = {
	CALL("bsd-mailx: from a file",
	    ARGV("-i", "-t"), .from_file = true,
	    .input = "To: jo@example.net\nSubject: hello\nCc: al@example.net\n"
	    "Bcc: x@hidden.example\n" UTF8
	    "Content-Transfer-Encoding: 8bit\n\n" DOTS,
	    TO("jo@example.net", "al@example.net", "x@hidden.example"),
	    .body = DOTS),
	CALL("bsd-mailx -r",
	    ARGV("-i", "-t", "-f", "ana@example.com"),
	    .input = "To: jo@example.net\nSubject: hello\n\n" DOTS,
	    .sender = "ana@example.com", TO("jo@example.net"), .body = DOTS),
	CALL("GNU mailutils: a list without spaces, without standard output",
	    ARGV("-oi", "-f", "ana@example.org", "-t"),
	    .prepare = invocation_close_outputs,
	    .input = "Subject: x\nTo: <jo@example.net>,<al@example.net>\n"
	    "User-Agent: mail (GNU Mailutils 3.15)\n"
	    "Date: Mon,  6 Jan 2025 10:20:30 +0100\n\n" DOTS,
	    .sender = "ana@example.org",
	    TO("jo@example.net", "al@example.net"),
	    FIELDS("Date: Mon,  6 Jan 2025 10:20:30 +0100"), .body = DOTS),
	CALL("s-nail",
	    ARGV("-i", "-f", "ana@example.com", "--", "jo@example.net",
	    "x@hidden.example"), .from_file = true,
	    .input = HEAD "\n" DOTS, .sender = "ana@example.com",
	    TO("jo@example.net", "x@hidden.example"), .body = DOTS),
	CALL("s-nail without a sender",
	    ARGV("-i", "--", "jo@example.net"),
	    .input = HEAD "\n" DOTS, TO("jo@example.net"), .body = DOTS),
	CALL("Mutt, NeoMutt",
	    ARGV("-oem", "-oi", "--", "jo@example.net", "x@hidden.example"),
	    .from_file = true, .input = HEAD "\n" DOTS,
	    TO("jo@example.net", "x@hidden.example"), .body = DOTS),
	CALL("Mutt with all its options",
	    ARGV("-oem", "-oi", "-B8BITMIME", "-f", "ana@example.com", "-N",
	    "failure,delay", "-R", "hdrs", "--", "jo@example.net"),
	    .from_file = true, .input = HEAD "\n" DOTS,
	    .sender = "ana@example.com", TO("jo@example.net"),
	    .mail_says = "RET=HDRS", .rcpt_says = "NOTIFY=FAILURE,DELAY",
	    .body = DOTS),
	CALL("git send-email",
	    ARGV("-i", "jo@example.net", "list@example.net"),
	    .input = "From: Ana <ana@example.com>\nTo: jo@example.net\n"
	    "Cc: list@example.net\nSubject: [PATCH] x: y\n"
	    "Date: Mon,  6 Jan 2025 10:20:30 +0100\n"
	    "Message-Id: <20250106-1-ana@example.com>\n"
	    "X-Mailer: git-send-email 2.39.5\nMIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: 8bit\n\n---\n.\n-- \n2.39.5\n\n",
	    TO("jo@example.net", "list@example.net"),
	    FIELDS("Message-Id: <20250106-1-ana@example.com>"),
	    .body = "---\n.\n-- \n2.39.5\n\n"),
	CALL("git send-email with a sendmailCmd",
	    ARGV("-i", "-f", "ana@example.com", "-i", "jo@example.net"),
	    .input = HEAD "\n" DOTS, .sender = "ana@example.com",
	    TO("jo@example.net"), .body = DOTS),
	CALL("git's post-receive-email",
	    ARGV("-t", "-f", "git@example.com"),
	    .input = HEAD "\n" NO_DOTS, .sender = "git@example.com",
	    TO("jo@example.net"), .body = NO_DOTS),
	CALL("Alpine, configured to use sendmail",
	    ARGV("-oem", "-t", "-oi"),
	    .input = HEAD "\n" DOTS, TO("jo@example.net"), .body = DOTS),
	CALL("Emacs' message mode",
	    ARGV("-oi", "-f", "ana@example.com", "-t"),
	    .from_file = true,
	    .input = HEAD "Bcc: x@hidden.example\n\n" DOTS,
	    .sender = "ana@example.com",
	    TO("jo@example.net", "x@hidden.example"), .body = DOTS),
	CALL("Emacs' mail mode",
	    ARGV("-oi", "-oep", "-odi", "-t"),
	    .input = HEAD "\n" DOTS, TO("jo@example.net"), .body = DOTS),
	CALL("nmh's dist: only Resent-To is used",
	    ARGV("-t", "-i"), .from_file = true,
	    .input = "Resent-From: Ana <ana@example.com>\n"
	    "Resent-To: al@example.net\nResent-Bcc: x@hidden.example\n"
	    "From: Bo <bo@example.com>\nTo: jo@example.net\n"
	    "Date: Mon, 6 Jan 2025 10:20:30 +0100\n"
	    "Message-ID: <b@example.com>\nSubject: x\n\n" DOTS,
	    TO("al@example.net", "x@hidden.example"),
	    FIELDS("To: jo@example.net", "Resent-To: al@example.net",
	    "Message-ID: <b@example.com>"), .body = DOTS),
	CALL("aerc: CRLF and no options",
	    ARGV("jo@example.net"),
	    .input = "From: Ana <ana@example.com>\r\n"
	    "To: Jo <jo@example.net>\r\nSubject: x\r\n"
	    "Date: Mon, 06 Jan 2025 10:20:30 +0100\r\n"
	    "Message-Id: <a@host>\r\n\r\nHello\r\nend",
	    TO("jo@example.net"), .body = "Hello\nend\n"),
	CALL("mblaze",
	    ARGV("-t"),
	    .input = HEAD "\n" NO_DOTS, TO("jo@example.net"),
	    .body = NO_DOTS),
	CALL("mblaze's bounce",
	    ARGV("--", "jo@example.net"),
	    .input = "Resent-To: jo@example.net\n" HEAD "\n" NO_DOTS,
	    TO("jo@example.net"), .body = NO_DOTS),
	CALL("rss2email: an empty full name",
	    ARGV("-F", "", "-f", "ana@example.com", "jo@example.net"),
	    .input = HEAD "\n" NO_DOTS, .sender = "ana@example.com",
	    TO("jo@example.net"), .body = NO_DOTS),
	CALL("reportbug",
	    ARGV("-f", "ana@example.com", "-oi", "-oem", "jo@example.net"),
	    .input = HEAD "\n" DOTS, .sender = "ana@example.com",
	    TO("jo@example.net"), .body = DOTS),
	CALL("a list in one argument",
	    ARGV("-i", "jo@example.net, \"L, Al\" <al@example.net>,"
	    "bo@example.net"),
	    .input = HEAD "\n" DOTS,
	    TO("jo@example.net", "al@example.net", "bo@example.net"),
	    .body = DOTS),
	CALL("a script with -vt prints the dialogue",
	    ARGV("-vt"), .talks = true,
	    .input = HEAD "\n" NO_DOTS, TO("jo@example.net"),
	    .body = NO_DOTS),
	CALL("a script with -tv -oi",
	    ARGV("-tv", "-oi"), .talks = true,
	    .input = HEAD "\n" DOTS, TO("jo@example.net"), .body = DOTS),
};

/* The commands that each program sends to -bs, here in one write. */
#define SMTP(mail, data) mail "RCPT TO:<jo@example.net>\r\n" \
	"RCPT TO:<x@hidden.example>\r\nDATA\r\n" \
	"From: Ana <ana@example.com>\r\nTo: jo@example.net\r\n" \
	"Bcc: x@hidden.example\r\nSubject: x\r\n\r\n" data "\r\n.\r\n"
#define DIALOGUE .talks = true, .sender = "ana@example.com", \
	TO("jo@example.net", "x@hidden.example")

static const struct CMUnitTest smtp_spec[] = {
	CALL("Symfony and Swift Mailer with their defaults, Nextcloud",
	    ARGV("-bs"), DIALOGUE,
	    .input = SMTP("HELO [127.0.0.1]\r\n"
	    "MAIL FROM:<ana@example.com>\r\n", "..\r\n...two\r\nend")
	    "QUIT\r\n", .body = ".\n..two\nend\n"),
	CALL("Laravel",
	    ARGV("-bs", "-i"), DIALOGUE,
	    .input = SMTP("EHLO [127.0.0.1]\r\n"
	    "MAIL FROM:<ana@example.com>\r\n", "..\r\nend")
	    "RSET\r\nQUIT\r\n", .body = ".\nend\n"),
	CALL("Alpine",
	    ARGV("-bs", "-odb", "-oem"), DIALOGUE,
	    .input = SMTP("EHLO localhost\r\n"
	    "MAIL FROM:<ana@example.com>\r\n", "one") "QUIT\r\n",
	    .body = "one\n"),
	CALL("nmh",
	    ARGV("-bs", "-odb", "-oem", "-om"), DIALOGUE,
	    .input = SMTP("EHLO host\r\n"
	    "MAIL FROM:<ana@example.com> BODY=8BITMIME\r\n",
	    "Gr\303\274\303\237e") "QUIT\r\n",
	    .mail_says = "BODY=8BITMIME", .body = "Gr\303\274\303\237e\n"),
	CALL("a program that uses LF and sends no QUIT",
	    ARGV("-bs"), DIALOGUE,
	    .input = "EHLO host\nMAIL FROM:<ana@example.com>\n"
	    "RCPT TO:<jo@example.net>\nRCPT TO:<x@hidden.example>\nDATA\n"
	    "Subject: x\nFrom: ana@example.com\n\none\n.\n",
	    .body = "one\n"),
};

int
main(void)
{
	return cmocka_run_group_tests(web_spec, NULL, NULL) +
	    cmocka_run_group_tests(system_spec, NULL, NULL) +
	    cmocka_run_group_tests(reader_spec, NULL, NULL) +
	    cmocka_run_group_tests(smtp_spec, NULL, NULL);
}
