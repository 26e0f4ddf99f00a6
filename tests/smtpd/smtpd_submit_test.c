/*
 * smtpd_submit: the private commands, and the replies to messages whose
 * attempts are made by a worker.
 *
 * A case is the whole input of a session and a pattern of all replies after
 * the greeting, in which a queue ID is shown as ID.  Each session runs in a
 * child process, because it enters the sandbox.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "smtpd/smtpd_submit.h"
#include "support/cases.h"
#include "support/temp_dir.h"
#include "util/file.h"

static const struct identity me = { .host = (char []){ "web1" },
	.domain = (char []){ "example.org" }, .user = (char []){ "www-data" },
	.name = (char []){ "Web" } };

struct submit_case {
	const char	*sentence;
	const char	*in;
	const char	*replies;
	bool		 smtp_only;	/* no private commands */
	const char	*sent;		/* by the worker, "sender>paths"; or
					 * NULL */
	const char	*field;		/* part of the header that is sent */
};

/* What the worker did, in memory that it shares with the test. */
struct worker {
	char	sent[400];
	char	header[2000];
};

static bool
attempt(void *context, const struct submit_attempt *a, struct failure *why)
{
	struct worker		*w = context;
	const struct envelope	*env = a->envelope;
	struct outcome		*outcomes = a->outcomes;
	struct buffer		 header = { 0 };

	header_write(&header, &a->message->header);
	strlcpy(w->header, header.data, sizeof(w->header));
	buffer_free(&header);
	strlcat(w->sent, env->reverse_path, sizeof(w->sent));
	strlcat(w->sent, ">", sizeof(w->sent));
	for (size_t i = 0; i < env->n; i++) {
		struct outcome	*o = &outcomes[i];

		strlcat(w->sent, env->forward[i].path, sizeof(w->sent));
		strlcat(w->sent, ";", sizeof(w->sent));
		if (o->kind != OUTCOME_WAITING)
			continue;
		if (strcmp(env->forward[i].path, "busy@x") == 0)
			return failed(why, EX_TEMPFAIL, "no worker is free");
		*o = (struct outcome){ .kind = OUTCOME_DELIVERED, .code = 250,
		    .step = STEP_FINAL, .enhanced = "2.0.0",
		    .text = "host: 250 2.0.0 Ok" };
		if (strcmp(env->forward[i].path, "no@x") == 0)
			*o = (struct outcome){ .kind = OUTCOME_FAILED,
			    .code = 550, .step = STEP_RCPT,
			    .status = EX_NOUSER, .enhanced = "5.1.1",
			    .text = "host: 550 5.1.1 unknown" };
		if (strcmp(env->forward[i].path, "later@x") == 0)
			*o = (struct outcome){ .kind = OUTCOME_DEFERRED,
			    .code = 450, .step = STEP_RCPT,
			    .status = EX_TEMPFAIL,
			    .text = "host: 450 later" };
	}
	return true;
}

/* In the child.  Returns its exit status. */
static int
run_session(const struct submit_case *c, const char *conf,
    struct worker *worker, int in, int out)
{
	static struct config	 config;
	struct log		 log = { .target = LOG_TO_NOTHING };
	struct submit_options	 how = {
		.config = &config,
		.me = &me,
		.uid = (uint32_t)getuid(),
		.log = &log,
		.attempt = attempt,
		.context = worker,
	};
	struct submit		 submit;
	struct smtpd_submit_options session = {
		.submit = &submit,
		.private_commands = !c->smtp_only,
	};
	struct config_source	 source = { .file = conf };
	struct stream		 stream;
	struct failure		 why;

	if (!config_load(&config, &source, &why))
		return 2;
	smtpd_submit_open(&submit, &how);
	stream_open_pair(&stream, in, out);
	if (!smtpd_submit(&stream, &session, &why))
		return 3;
	submit_close(&submit);
	stream_close(&stream);
	config_free(&config);
	return 0;
}

/* The replies after the greeting, with IDs replaced. */
static void
show_replies(struct buffer *to, int fd)
{
	char	 text[8192];
	ssize_t	 n = pread(fd, text, sizeof(text) - 1, 0);
	char	*at = text;

	assert_true(n > 0);
	text[n] = '\0';
	at += strcspn(at, "\n") + 1;
	buffer_add_text(to, "");
	while (*at != '\0') {
		char	word[16];

		strlcpy(word, at, sizeof(word));
		if (id_is_valid(word)) {
			buffer_add_text(to, "ID");
			at += strlen(word);
			continue;
		}
		if (*at != '\r')
			buffer_add_byte(to, *at);
		at++;
	}
}

static void
session_replies(void **state)
{
	const struct submit_case	*c = *state;
	struct temp_dir			 dir;
	struct buffer			 conf = { 0 }, shown = { 0 };
	struct worker			*worker;
	const char			*path;
	int				 in, out, status;
	pid_t				 child;

	worker = mmap(NULL, sizeof(*worker), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(worker, MAP_FAILED);
	temp_dir_make(&dir);
	buffer_addf(&conf, "smarthost = smtp://localhost:1\naliases = off\n"
	    "recipient_limit = 3\nqueue = %s\n", temp_dir_path(&dir, "spool"));
	path = temp_dir_write(&dir, "relais.conf", 0600, conf.data);
	in = memfd_create("in", MFD_CLOEXEC);
	out = memfd_create("out", MFD_CLOEXEC);
	assert_true(file_write(in, c->in, strlen(c->in)));
	assert_int_equal(lseek(in, 0, SEEK_SET), 0);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0)
		_exit(run_session(c, path, worker, in, out));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	show_replies(&shown, out);
	if (fnmatch(c->replies, shown.data, 0) != 0)
		assert_string_equal(shown.data, c->replies);
	assert_string_equal(worker->sent, c->sent != NULL ? c->sent : "");
	if (c->field != NULL && strstr(worker->header, c->field) == NULL)
		fail_msg("no \"%s\" in:\n%s", c->field, worker->header);
	munmap(worker, sizeof(*worker));
	close(in);
	close(out);
	buffer_free(&conf);
	buffer_free(&shown);
	temp_dir_remove(&dir);
}

#define LHLO	"LHLO me\r\n"
#define HELLO	"250-web1\n250-PIPELINING\n250-8BITMIME\n250-SIZE 0\n" \
	"250-CHUNKING\n250-ENHANCEDSTATUSCODES\n250-DSN\n"
#define ANNOUNCED HELLO "250-SMTPUTF8\n250-REQUIRETLS\n250 XRELAIS\n"
#define MAIL	"MAIL FROM:<a@example.net>\r\n"
#define RCPT(p)	"RCPT TO:<" p ">\r\n"
#define DATA	"DATA\r\nSubject: x\r\n\r\nhi\r\n.\r\n"
#define RESULT	"XRELAIS RESULT\r\n"
#define OK	"250 2.0.0 Ok\n"
#define OK_MAIL	"250 2.1.0 Ok\n"
#define OK_RCPT	"250 2.1.5 Ok\n"
#define OK_DATA	"354 End data with <CR><LF>.<CR><LF>\n"

static const struct submit_case submit_table[] = {
	{ "private commands are announced",
	    .in = LHLO,
	    .replies = ANNOUNCED },
	{ "private commands can be disabled",
	    .in = LHLO RESULT,
	    .replies = HELLO "250-SMTPUTF8\n250 REQUIRETLS\n"
	    "500 5.5.1 Error: command not recognized\n",
	    .smtp_only = true },
	{ "there is no result without a message",
	    .in = RESULT,
	    .replies = "503 5.5.1 Error: no message\n" },
	{ "an unknown private command is refused",
	    .in = "XRELAIS\r\nxrelais fly\r\n",
	    .replies = "504 5.5.4 Error: unknown private command\n"
	    "504 5.5.4 Error: unknown private command\n" },
	{ "invalid options are refused",
	    .in = "XRELAIS OPTIONS fly\r\n",
	    .replies = "501 5.5.4 Syntax: XRELAIS OPTIONS \\[queue] "
	    "\\[default-sender] \\[late-checks] \\[from-header] "
	    "\\[plain] \\[name=word]\n" },
	{ "each recipient has a final reply, and a line in the result",
	    .in = LHLO MAIL RCPT("b@x") RCPT("no@x") RCPT("later@x") DATA
	    RESULT,
	    .replies = ANNOUNCED OK_MAIL OK_RCPT OK_RCPT OK_RCPT OK_DATA
	    "250 2.0.0 Ok: sent (host: 250 2.0.0 Ok)\n"
	    "550 5.1.1 host: 550 5.1.1 unknown\n"
	    "250 2.0.0 Ok: queued as ID (host: 450 later)\n"
	    "250-path delivered 0 250 final 2.0.0 - b@x "
	    "host:%20250%202.0.0%20Ok\n"
	    "250-path failed 67 550 rcpt 5.1.1 - no@x "
	    "host:%20550%205.1.1%20unknown\n"
	    "250-path deferred 75 450 rcpt - - later@x "
	    "host:%20450%20later\n"
	    "250-queued ID\n250-failed ID\n250 end 3\n",
	    .sent = "a@example.net>b@x;no@x;later@x;" },
	{ "a message is queued if no worker is free",
	    .in = LHLO MAIL RCPT("busy@x") DATA,
	    .replies = ANNOUNCED OK_MAIL OK_RCPT OK_DATA
	    "250 2.0.0 Ok: queued as ID (no worker is free)\n",
	    .sent = "a@example.net>busy@x;" },
	{ "the option queue prevents an attempt",
	    .in = "XRELAIS OPTIONS queue\r\n" LHLO MAIL RCPT("b@x") DATA RESULT,
	    .replies = OK ANNOUNCED OK_MAIL OK_RCPT OK_DATA
	    "250 2.0.0 Ok: queued as ID\n"
	    "250-path deferred 75 0 greeting - - b@x\n"
	    "250-queued ID\n250 end 1\n" },
	{ "without a sender and with a name, From has both defaults",
	    .in = LHLO "XRELAIS OPTIONS default-sender name=Shop%20%26%20Co\r\n"
	    MAIL RCPT("b@x") DATA,
	    .replies = ANNOUNCED "250 2.0.0 Ok\n" OK_MAIL OK_RCPT OK_DATA
	    "250 2.0.0 Ok: sent (host: 250 2.0.0 Ok)\n",
	    .sent = "www-data@example.org>b@x;",
	    .field = "From: Shop & Co <www-data@example.org>\r\n" },
	{ "options are replaced by those of the next command",
	    .in = "XRELAIS OPTIONS queue name=Shop\r\nXRELAIS OPTIONS\r\n"
	    LHLO MAIL RCPT("b@x") DATA,
	    .replies = OK OK ANNOUNCED OK_MAIL OK_RCPT OK_DATA
	    "250 2.0.0 Ok: sent (host: 250 2.0.0 Ok)\n",
	    .sent = "a@example.net>b@x;", .field = "From: Web <" },
	{ "after the option plain, private commands are unknown",
	    .in = "XRELAIS OPTIONS plain\r\n" LHLO RESULT,
	    .replies = OK HELLO "250-SMTPUTF8\n250 REQUIRETLS\n"
	    "500 5.5.1 Error: command not recognized\n" },
	{ "recipients are checked at once by default",
	    .in = LHLO MAIL RCPT("joe"),
	    .replies = ANNOUNCED OK_MAIL
	    "550 5.1.1 no address for the local name joe*\n" },
	{ "with late-checks, the result names those that are refused",
	    .in = "XRELAIS OPTIONS late-checks\r\n" LHLO MAIL RCPT("joe")
	    RCPT("b@x") DATA RESULT,
	    .replies = OK ANNOUNCED OK_MAIL OK_RCPT OK_RCPT OK_DATA
	    "550 5.1.1 no address for the local name joe*\n"
	    "250 2.0.0 Ok: sent (host: 250 2.0.0 Ok)\n"
	    "250-path failed 67 0 greeting 5.1.1 - joe no%20address*\n"
	    "250-path delivered 0 250 final 2.0.0 - b@x "
	    "host:%20250%202.0.0%20Ok\n"
	    "250-failed ID\n250 end 2\n",
	    .sent = "a@example.net>joe;b@x;" },
	{ "with late-checks, too many recipients are a failure of the message",
	    .in = "XRELAIS OPTIONS late-checks\r\n" LHLO MAIL RCPT("a@x")
	    RCPT("b@x") RCPT("c@x") RCPT("d@x") DATA RESULT,
	    .replies = OK ANNOUNCED OK_MAIL OK_RCPT OK_RCPT OK_RCPT OK_RCPT
	    OK_DATA
	    "553 5.1.3 too many recipients: 4 *\n"
	    "553 5.1.3 too many recipients: 4 *\n"
	    "553 5.1.3 too many recipients: 4 *\n"
	    "553 5.1.3 too many recipients: 4 *\n"
	    "250-failure 64 too%20many%20recipients:%204*\n250 end 0\n" },
	{ "between MAIL and the end of the message, private commands are refused",
	    .in = LHLO MAIL "XRELAIS OPTIONS queue\r\n" RCPT("b@x") RESULT DATA
	    RESULT,
	    .replies = ANNOUNCED OK_MAIL "503 5.5.1 Error: XRELAIS after MAIL\n"
	    OK_RCPT "503 5.5.1 Error: XRELAIS after MAIL\n" OK_DATA
	    "250 2.0.0 Ok: sent (host: 250 2.0.0 Ok)\n"
	    "250-path delivered 0 250 final 2.0.0 - b@x "
	    "host:%20250%202.0.0%20Ok\n250 end 1\n",
	    .sent = "a@example.net>b@x;" },
	{ "a private command leaves the end of DATA to the next command",
	    .in = "XRELAIS OPTIONS queue\r\nLHLO me\n"
	    "MAIL FROM:<a@example.net>\nRCPT TO:<b@x>\nDATA\nSubject: x\n\nhi\n.\n",
	    .replies = OK ANNOUNCED OK_MAIL OK_RCPT OK_DATA
	    "250 2.0.0 Ok: queued as ID\n" },
};

int
main(void)
{
	return CASES_RUN("sessions", session_replies, submit_table);
}
