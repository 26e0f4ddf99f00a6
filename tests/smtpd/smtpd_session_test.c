/*
 * smtpd_session: the replies of the server, and the messages that it accepts.
 *
 * A case is the whole input of a session.  Replies are shown as their codes,
 * separated by "|", and messages as "sender>paths=body;".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "smtpd/smtpd_session.h"
#include "support/temp_dir.h"
#include "util/file.h"
#include "util/interrupt.h"

/* The messages that the policy received, and whether it queues them. */
struct received {
	struct buffer	messages;
	bool		queued;
};

static bool
check_recipient(void *context, const char *reverse_path,
    const struct address *a, struct smtpd_reply *reply)
{
	(void)context, (void)reverse_path;
	return strcmp(a->local, "nobody") != 0 ||
	    smtpd_reply_set(reply, 550, "5.1.1", "unknown user");
}

static void
show_body(struct buffer *to, const struct message *m)
{
	const char	*body = body_in_memory(&m->body);

	for (size_t i = 0; body != NULL && i < m->body.size; i++)
		if (body[i] == '\n')
			buffer_add_text(to, "/");
		else if (body[i] != '\r')
			buffer_add_byte(to, body[i]);
}

/* The outcome depends on the local part. */
static struct outcome
outcome_of(const char *path)
{
	static const struct {
		const char	*local;
		struct outcome	 outcome;
	} table[] = {
		{ "bad", { .kind = OUTCOME_FAILED, .status = EX_NOUSER,
		    .code = 550, .enhanced = "5.1.1",
		    .text = "550 5.1.1 unknown" } },
		{ "auth", { .kind = OUTCOME_FAILED, .status = EX_NOPERM,
		    .code = 530, .enhanced = "5.7.0",
		    .text = "530 5.7.0 authentication required" } },
		{ "later", { .kind = OUTCOME_DEFERRED, .status = EX_TEMPFAIL,
		    .code = 450, .enhanced = "4.2.0",
		    .text = "450 4.2.0 try later" } },
		{ "closing", { .kind = OUTCOME_DEFERRED, .status = EX_TEMPFAIL,
		    .code = 421, .enhanced = "4.3.2",
		    .text = "421 4.3.2 bye" } },
		{ "config", { .kind = OUTCOME_FAILED, .status = EX_CONFIG,
		    .text = "no smarthost" } },
	};
	struct outcome	good = { .kind = OUTCOME_DELIVERED, .code = 250,
			    .text = "250 ok" };

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strncmp(path, table[i].local,
		    strlen(table[i].local)) == 0)
			return table[i].outcome;
	return good;
}

static const char *
receive_message(void *context, const struct envelope *env, struct message *m,
    struct outcome *outcomes)
{
	struct received	*received = context;
	struct buffer	*to = &received->messages;

	buffer_addf(to, "%s>", env->reverse_path);
	for (size_t i = 0; i < env->n; i++) {
		buffer_addf(to, "%s%s", i > 0 ? "," : "",
		    env->forward[i].path);
		if (env->forward[i].notify != 0)
			buffer_addf(to, " N=%u", env->forward[i].notify);
		if (env->forward[i].orcpt != NULL)
			buffer_addf(to, " O=%s", env->forward[i].orcpt);
		outcomes[i] = outcome_of(env->forward[i].path);
	}
	if (env->envid != NULL)
		buffer_addf(to, " V=%s", env->envid);
	if (env->ret != RETURN_UNSPECIFIED)
		buffer_addf(to, " R=%d", env->ret);
	if (env->requiretls == REQUIRETLS_YES)
		buffer_add_text(to, " TLS");
	buffer_add_text(to, "=");
	show_body(to, m);
	buffer_add_text(to, ";");
	return received->queued ? "ID" : NULL;
}

static int
file_of(const char *text, size_t len)
{
	int	fd = memfd_create("session", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_true(file_write(fd, text, len));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void
whole_file(struct buffer *to, int fd)
{
	off_t	size = lseek(fd, 0, SEEK_END);

	buffer_room(to, (size_t)size);
	assert_int_equal(pread(fd, to->data, (size_t)size, 0), size);
	to->len = (size_t)size;
	to->data[to->len] = '\0';
}

/* Runs a session with that input; replies are the octets of its output. */
static void
run_session(const char *input, size_t len, struct received *received,
    struct buffer *replies)
{
	struct smtpd_policy	policy = {
		.host = "here", .size_max = 1000, .recipients_max = 3,
		.spill = (const char *const[]){ "/tmp", NULL },
		.recipient = check_recipient,
		.message = receive_message, .context = received,
	};
	int			in = file_of(input, len);
	int			out = file_of("", 0);
	struct stream		stream;
	struct failure		why;

	buffer_add_text(&received->messages, "");
	stream_open_pair(&stream, in, out);
	assert_true(smtpd_session(&stream, &policy, &why));
	stream_close(&stream);
	whole_file(replies, out);
	close(in);
	close(out);
}

/* "250 2.1.0 Ok" becomes "250 2.1.0". */
static void
reply_codes(struct buffer *to, const char *replies)
{
	while (*replies != '\0') {
		size_t	n = strcspn(replies, "\r");
		size_t	code = 4;

		assert_memory_equal(replies + n, "\r\n", 2);
		if (replies[4] >= '2' && replies[4] <= '5' &&
		    replies[5] == '.')
			code += strcspn(replies + 4, " ");
		if (replies[3] == ' ')
			buffer_addf(to, "%s%.*s", to->len > 0 ? "|" : "",
			    (int)(code > 4 ? code : 3), replies);
		replies += n + 2;
	}
}

struct example {
	const char	*in;
	const char	*replies;	/* after the greeting */
	const char	*messages;
	bool		 queued;
};

static void
session_replies(void **state)
{
	const struct example	*e = *state;
	struct received		 received = { .queued = e->queued };
	struct buffer		 all = { 0 };
	struct buffer		 shown = { 0 };

	run_session(e->in, strlen(e->in), &received, &all);
	reply_codes(&shown, all.data);
	assert_memory_equal(shown.data, "220", 3);
	assert_string_equal(shown.data + 3 + (shown.data[3] == '|'),
	    e->replies);
	assert_string_equal(received.messages.data, e->messages);
	buffer_free(&received.messages);
	buffer_free(&all);
	buffer_free(&shown);
}

#define REPLIES(sentence, in, out, messages) \
	{ sentence, session_replies, NULL, NULL, \
	    &(struct example){ in, out, messages, false } }
#define REPLIES_QUEUED(sentence, in, out, messages) \
	{ sentence, session_replies, NULL, NULL, \
	    &(struct example){ in, out, messages, true } }

/* The commands at the beginning of most cases, and the replies. */
#define HELO	"HELO me\r\n"
#define MAIL	"MAIL FROM:<a@x>\r\n"
#define RCPT	"RCPT TO:<b@x>\r\n"
#define START	HELO MAIL RCPT
#define STARTED	"250|250 2.1.0|250 2.1.5"

static const struct CMUnitTest commands_spec[] = {
	REPLIES("a client that sends nothing gets the greeting", "", "", ""),
	REPLIES("EHLO is accepted", "EHLO me\r\n", "250", ""),
	REPLIES("HELO accepts an address literal",
	    "HELO [127.0.0.1]\r\n", "250",
	    ""),
	REPLIES("HELO requires a name", "HELO\r\n", "501 5.5.4", ""),
	REPLIES("verbs are case-insensitive", "nOOp\r\nquit\r\n",
	    "250 2.0.0|221 2.0.0", ""),
	REPLIES("commands after QUIT are ignored",
	    "QUIT\r\nNOOP\r\n", "221 2.0.0",
	    ""),
	REPLIES("VRFY verifies nothing", "VRFY a\r\n", "252 2.1.5", ""),
	REPLIES("HELP lists the commands", "HELP\r\n", "214 2.0.0", ""),
	REPLIES("RSET is accepted at any time", "RSET\r\n", "250 2.0.0", ""),
	REPLIES("AUTH, STARTTLS and EXPN are not implemented",
	    "AUTH PLAIN\r\nSTARTTLS\r\nEXPN a\r\n",
	    "502 5.5.1|502 5.5.1|502 5.5.1", ""),
	REPLIES("private commands are unknown unless the policy has them",
	    "XRELAIS RESULT\r\nXRELAIS OPTIONS queue\r\n",
	    "500 5.5.1|500 5.5.1", ""),
	REPLIES("an unknown command is refused", HELO "FROB\r\n\r\n",
	    "250|500 5.5.1|500 5.5.1", ""),
	REPLIES("a request of HTTP ends the session", "POST / HTTP/1.1\r\n"
	    "Host: me\r\n\r\n" START "DATA\r\n\r\nhi\r\n.\r\n", "421 4.7.0",
	    ""),
	REPLIES("an incomplete command is ignored", HELO "NOO", "250", ""),
	REPLIES("a command may end with LF", "HELO me\nNOOP\n", "250|250 2.0.0",
	    ""),
};

static const struct CMUnitTest envelope_spec[] = {
	REPLIES("MAIL is accepted before HELO", MAIL, "250 2.1.0", ""),
	REPLIES("RCPT requires MAIL", RCPT, "503 5.5.1", ""),
	REPLIES("DATA requires RCPT", "DATA\r\n" MAIL "DATA\r\n",
	    "503 5.5.1|250 2.1.0|503 5.5.1", ""),
	REPLIES("DATA has no parameters", START "DATA x\r\n" "DATA\r\n.\r\n",
	    STARTED "|501 5.5.4|354|250 2.0.0", "a@x>b@x=;"),
	REPLIES("a quoted local part may contain a quote",
	    "MAIL FROM:<\"a\\\" b\"@x>\r\n", "250 2.1.0", ""),
	REPLIES("MAIL must not be repeated",
	    MAIL MAIL, "250 2.1.0|503 5.5.1", ""),
	REPLIES("blanks after the colon are accepted",
	    "MAIL FROM: <a@x>\r\nRCPT TO: b\r\n",
	    "250 2.1.0|250 2.1.5", ""),
	REPLIES("a missing closing bracket is refused", "MAIL FROM:<a@x\r\n",
	    "501 5.1.7", ""),
	REPLIES("a missing address is refused",
	    "MAIL FROM:\r\nMAIL\r\nMAIL TO:<a@x>\r\n",
	    "501 5.1.7|501 5.5.2|501 5.5.2", ""),
	REPLIES("text after the closing bracket is refused",
	    "MAIL FROM:<a@x>b\r\n", "501 5.5.2",
	    ""),
	REPLIES("a null forward-path is refused", MAIL "RCPT TO:<>\r\n",
	    "250 2.1.0|553 5.1.3", ""),
	REPLIES("programs and files are refused as recipients",
	    MAIL "RCPT TO:<|id>\r\nRCPT TO:</tmp/x>\r\n"
	    "RCPT TO:<:include:/etc/passwd>\r\n",
	    "250 2.1.0|553 5.1.3|553 5.1.3|553 5.1.3", ""),
	REPLIES("a path may begin with a hyphen",
	    MAIL "RCPT TO:<-oX@d>\r\nDATA\r\n.\r\n",
	    "250 2.1.0|250 2.1.5|354|250 2.0.0", "a@x>-oX@d=;"),
	REPLIES("a control character in a path is refused",
	    "MAIL FROM:<a\001@x>\r\n",
	    "553 5.1.3", ""),
	REPLIES("a bracket in a quoted local part is refused",
	    "MAIL FROM:<\"a>b\"@x>\r\n",
	    "553 5.1.3", ""),
	REPLIES("a recipient that the policy refuses leaves the others alone",
	    START "RCPT TO:<nobody@x>\r\nDATA\r\n\r\nhi\r\n.\r\n",
	    STARTED "|550 5.1.1|354|250 2.0.0", "a@x>b@x=hi/;"),
	REPLIES("recipients above the limit get 452",
	    START RCPT RCPT RCPT RCPT "DATA\r\n.\r\n", STARTED "|250 2.1.5|"
	    "250 2.1.5|452 4.5.3|452 4.5.3|354|250 2.0.0",
	    "a@x>b@x,b@x,b@x=;"),
	REPLIES("an unknown parameter is refused", "MAIL FROM:<a@x> FOO=1\r\n",
	    "555 5.5.4", ""),
	REPLIES("parameters that ask for a guarantee are refused",
	    "MAIL FROM:<a@x> BY=60;R\r\n"
	    "MAIL FROM:<a@x>\r\nRCPT TO:<b@x> RRVS=2014-04-03T23:01:00Z\r\n",
	    "555 5.5.4|250 2.1.0|555 5.5.4", ""),
	REPLIES("REQUIRETLS applies to its own message only",
	    "MAIL FROM:<a@x> requiretls\r\n" RCPT "DATA\r\n.\r\n"
	    START "DATA\r\n.\r\n", "250 2.1.0|250 2.1.5|354|250 2.0.0|"
	    STARTED "|354|250 2.0.0",
	    "a@x>b@x TLS=;a@x>b@x=;"),
	REPLIES("REQUIRETLS has no value", "MAIL FROM:<a@x> REQUIRETLS=1\r\n"
	    "MAIL FROM:<a@x> REQUIRETLS=\r\n", "501 5.5.4|250 2.1.0", ""),
	REPLIES("SIZE is compared with the limit", "MAIL FROM:<a@x> SIZE=1001"
	    "\r\nMAIL FROM:<a@x> SIZE=1000\r\n", "552 5.3.4|250 2.1.0", ""),
	REPLIES("SIZE must be a number", "MAIL FROM:<a@x> SIZE=-1\r\n"
	    "MAIL FROM:<a@x> SIZE=99999999999999999999999\r\n"
	    "MAIL FROM:<a@x> SIZE\r\n", "501 5.5.4|501 5.5.4|501 5.5.4", ""),
	REPLIES("BODY must be 7BIT or 8BITMIME",
	    "MAIL FROM:<a@x> BODY=BINARYMIME\r\n"
	    "MAIL FROM:<a@x> BODY=8bitmime SMTPUTF8 AUTH=<>\r\n",
	    "501 5.5.4|250 2.1.0", ""),
	REPLIES("DSN parameters are passed on",
	    "MAIL FROM:<a@x> RET=HDRS ENVID=id+3D\r\n"
	    "RCPT TO:<b@x> NOTIFY=success,DELAY ORCPT=rfc822;c@x\r\n"
	    "DATA\r\n.\r\n", "250 2.1.0|250 2.1.5|354|250 2.0.0",
	    "a@x>b@x N=10 O=rfc822;c@x V=id+3D R=2=;"),
	REPLIES("invalid DSN parameters are refused",
	    "MAIL FROM:<a@x> RET=ALL\r\n"
	    "MAIL FROM:<a@x> ENVID=a+b\r\nMAIL FROM:<a@x> ENVID=a ENVID=b\r\n"
	    MAIL "RCPT TO:<b@x> NOTIFY=NEVER,DELAY\r\n"
	    "RCPT TO:<b@x> ORCPT=b@x\r\n", "501 5.5.4|501 5.5.4|501 5.5.4|"
	    "250 2.1.0|501 5.5.4|501 5.5.4", ""),
};

static const struct CMUnitTest data_spec[] = {
	REPLIES("a message is accepted", START "DATA\r\nA: b\r\n\r\nhi\r\n.\r\n"
	    "QUIT\r\n", STARTED "|354|250 2.0.0|221 2.0.0", "a@x>b@x=hi/;"),
	REPLIES("dot-stuffing is removed",
	    START "DATA\r\n\r\n..\r\n..a\r\n.\r\n",
	    STARTED "|354|250 2.0.0", "a@x>b@x=./.a/;"),
	REPLIES("nothing is carried over to the next message",
	    HELO "MAIL FROM:<a@x> RET=FULL ENVID=1\r\n"
	    "RCPT TO:<b@x> NOTIFY=NEVER\r\nDATA\r\n\r\none\r\n.\r\n"
	    "MAIL FROM:<>\r\nRCPT TO:<c@y>\r\nDATA\r\n\r\ntwo\r\n.\r\n",
	    STARTED "|354|250 2.0.0|250 2.1.0|250 2.1.5|354|250 2.0.0",
	    "a@x>b@x N=1 V=1 R=1=one/;>c@y=two/;"),
	REPLIES("RSET discards sender and recipients", START "RSET\r\n"
	    "DATA\r\nMAIL FROM:<c@x>\r\nRCPT TO:<d@x>\r\nDATA\r\n.\r\n",
	    STARTED "|250 2.0.0|503 5.5.1|250 2.1.0|250 2.1.5|354|250 2.0.0",
	    "c@x>d@x=;"),
	REPLIES("EHLO discards sender and recipients",
	    START "EHLO me\r\nDATA\r\n",
	    STARTED "|250|503 5.5.1", ""),
	REPLIES("the end of input within a message discards the message",
	    START "DATA\r\nhi\r\n", STARTED "|354", ""),
	REPLIES("input that ends within the end of a message discards it",
	    START "DATA\r\nhi\r\n.\r",
	    STARTED "|354", ""),
	REPLIES("LF.LF ends the message of a client that uses LF",
	    "MAIL FROM:<a@x>\nRCPT TO:<b@x>\nDATA\n\nhi\n.\nQUIT\n",
	    "250 2.1.0|250 2.1.5|354|250 2.0.0|221 2.0.0", "a@x>b@x=hi/;"),
	REPLIES("bare LFs do not end a message", START "DATA\r\n\r\nhi\n.\n"
	    "MAIL FROM:<evil@x>\r\nRCPT TO:<b@x>\r\n.\r\n",
	    STARTED "|354|250 2.0.0",
	    "a@x>b@x=hi/./MAIL FROM:<evil@x>/RCPT TO:<b@x>/;"),
	REPLIES("bare CRs do not end a message",
	    START "DATA\r\n\r\nhi\r.\rMAIL\r\n.\r\n",
	    STARTED "|354|250 2.0.0", "a@x>b@x=hi . MAIL/;"),
};

static const struct CMUnitTest bdat_spec[] = {
	REPLIES("a message in one chunk", START "BDAT 6 LAST\r\n\r\nhi\r\n"
	    "QUIT\r\n", STARTED "|250 2.0.0|221 2.0.0", "a@x>b@x=hi/;"),
	REPLIES("a message in several chunks",
	    START "BDAT 3\r\n\r\nhBDAT 3\r\ni\r\n"
	    "BDAT 0 LAST\r\n", STARTED "|250 2.0.0|250 2.0.0|250 2.0.0",
	    "a@x>b@x=hi/;"),
	REPLIES("dots in a chunk are text",
	    START "BDAT 7 LAST\r\n\r\n.\r\n\r\n",
	    STARTED "|250 2.0.0", "a@x>b@x=.//;"),
	REPLIES("a chunk without recipients is read and discarded",
	    MAIL "BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n",
	    "250 2.1.0|503 5.5.1|250 2.0.0", ""),
	REPLIES("after a refused last chunk, the next message has its own "
	    "sender", MAIL "RCPT TO:<nobody@x>\r\nBDAT 6 LAST\r\n\r\nhi\r\n"
	    "MAIL FROM:<c@x>\r\n" RCPT "BDAT 6 LAST\r\n\r\nho\r\n",
	    "250 2.1.0|550 5.1.1|503 5.5.1|250 2.1.0|250 2.1.5|250 2.0.0",
	    "c@x>b@x=ho/;"),
	REPLIES("after a refused chunk, no recipient gets the rest",
	    MAIL "BDAT 3\r\n\r\nh" RCPT "DATA\r\nBDAT 3 LAST\r\ni\r\n"
	    MAIL RCPT "BDAT 2 LAST\r\n\r\n",
	    "250 2.1.0|503 5.5.1|503 5.5.1|503 5.5.1|503 5.5.1|250 2.1.0|"
	    "250 2.1.5|250 2.0.0", "a@x>b@x=;"),
	REPLIES("a chunk before MAIL does not affect the next message",
	    "BDAT 1\r\nx" MAIL RCPT "BDAT 2 LAST\r\n\r\n",
	    "503 5.5.1|250 2.1.0|250 2.1.5|250 2.0.0", "a@x>b@x=;"),
	REPLIES("RSET ends a message whose chunk was refused",
	    MAIL "BDAT 1\r\nxRSET\r\n" MAIL RCPT "BDAT 2 LAST\r\n\r\n",
	    "250 2.1.0|503 5.5.1|250 2.0.0|250 2.1.0|250 2.1.5|250 2.0.0",
	    "a@x>b@x=;"),
	REPLIES("DATA and RCPT are refused after BDAT",
	    START "BDAT 1\r\nxDATA\r\n"
	    "RCPT TO:<c@x>\r\n", STARTED "|250 2.0.0|503 5.5.1|503 5.5.1", ""),
	REPLIES("an incomplete chunk is discarded", START "BDAT 9 LAST\r\nhi",
	    STARTED, ""),
	REPLIES("a chunk without a size ends the session",
	    START "BDAT x\r\nNOOP\r\n", STARTED "|421 4.5.2", ""),
	REPLIES("a negative chunk size ends the session",
	    START "BDAT -1\r\nNOOP\r\n",
	    STARTED "|421 4.5.2", ""),
	REPLIES("a word other than LAST ends the session",
	    START "BDAT 1 FIRST\r\n",
	    STARTED "|421 4.5.2", ""),
	REPLIES("RSET between chunks discards the message",
	    START "BDAT 1\r\nxRSET\r\nMAIL FROM:<>"
	    "\r\n", STARTED "|250 2.0.0|250 2.0.0|250 2.1.0", ""),
};

#define TWO(second) HELO MAIL RCPT "RCPT TO:<" second "@x>\r\nDATA\r\n.\r\n"
#define TWO_TAKEN "250|250 2.1.0|250 2.1.5|250 2.1.5|354"

static const struct CMUnitTest outcome_spec[] = {
	REPLIES("one failed recipient makes the reply negative", TWO("bad"),
	    TWO_TAKEN "|550 5.1.1", "a@x>b@x,bad@x=;"),
	REPLIES("one deferred recipient makes the reply negative",
	    TWO("later"), TWO_TAKEN "|450 4.2.0",
	    "a@x>b@x,later@x=;"),
	REPLIES_QUEUED("a deferred recipient in the queue is accepted",
	    TWO("later"),
	    TWO_TAKEN "|250 2.0.0", "a@x>b@x,later@x=;"),
	REPLIES_QUEUED("with a queue, one failed recipient makes the reply "
	    "negative, too",
	    TWO("bad"),
	    TWO_TAKEN "|550 5.1.1", "a@x>b@x,bad@x=;"),
	REPLIES("a 421 of the smarthost is not passed on", TWO("closing"),
	    TWO_TAKEN "|451 4.4.1", "a@x>b@x,closing@x=;"),
	REPLIES("a 530 of the smarthost is not passed on", TWO("auth"),
	    TWO_TAKEN "|554 5.7.0", "a@x>b@x,auth@x=;"),
	REPLIES("a failure without a reply code is replied to with 554", TWO("config"),
	    TWO_TAKEN "|554 5.3.5", "a@x>b@x,config@x=;"),
	REPLIES("LMTP has a reply for each recipient", "LHLO me\r\n" MAIL
	    "RCPT TO:<bad@x>\r\n" RCPT "RCPT TO:<later@x>\r\nDATA\r\n.\r\n",
	    "250|250 2.1.0|250 2.1.5|250 2.1.5|250 2.1.5|354|550 5.1.1|"
	    "250 2.0.0|450 4.2.0", "a@x>bad@x,b@x,later@x=;"),
	REPLIES("LMTP has a reply for each recipient after BDAT",
	    "LHLO me\r\n" MAIL RCPT RCPT
	    "BDAT 0 LAST\r\nQUIT\r\n", "250|250 2.1.0|250 2.1.5|250 2.1.5|"
	    "250 2.0.0|250 2.0.0|221 2.0.0", "a@x>b@x,b@x=;"),
	REPLIES("a refused LHLO leaves SMTP and its transaction as they are",
	    START RCPT "LHLO\r\nDATA\r\n\r\nhi\r\n.\r\n",
	    STARTED "|250 2.1.5|501 5.5.4|354|250 2.0.0", "a@x>b@x,b@x=hi/;"),
	REPLIES("a refused EHLO or HELO leaves LMTP as it is",
	    "LHLO me\r\n" MAIL RCPT RCPT "EHLO\r\nHELO\r\nDATA\r\n.\r\n",
	    "250|250 2.1.0|250 2.1.5|250 2.1.5|501 5.5.4|501 5.5.4|354|"
	    "250 2.0.0|250 2.0.0", "a@x>b@x,b@x=;"),
	REPLIES("EHLO ends LMTP", "LHLO me\r\nEHLO me\r\n" MAIL RCPT RCPT
	    "DATA\r\n.\r\n", "250|250|250 2.1.0|250 2.1.5|250 2.1.5|354|"
	    "250 2.0.0", "a@x>b@x,b@x=;"),
};

/* Appends n copies of a text. */
static void
repeat(struct buffer *to, const char *text, size_t n)
{
	size_t	len = strlen(text);
	char	*at = buffer_room(to, n * len);

	for (size_t i = 0; i < n; i++, at += len)
		memcpy(at, text, len);
	to->len += n * len;
}

static void
assert_session(const struct buffer *in, const char *messages,
    const char *at_end)
{
	struct received	received = { .queued = false };
	struct buffer	all = { 0 };
	struct buffer	shown = { 0 };

	run_session(in->data, in->len, &received, &all);
	reply_codes(&shown, all.data);
	assert_true(shown.len >= strlen(at_end));
	assert_string_equal(shown.data + shown.len - strlen(at_end), at_end);
	assert_string_equal(received.messages.data, messages);
	buffer_free(&received.messages);
	buffer_free(&all);
	buffer_free(&shown);
}

static void
a_line_of_a_hundred_megabytes_is_one_bad_command(void **state)
{
	struct buffer	in = { 0 };

	(void)state;
	buffer_add_text(&in, "NOOP\r\n");
	repeat(&in, "xxxxxxxxxx", 10 * 1000 * 1000);
	buffer_add_text(&in, "\r\nNOOP\r\n");
	assert_session(&in, "", "220|250 2.0.0|500 5.5.2|250 2.0.0");
	buffer_free(&in);
}

static void
a_command_above_the_maximum_length_is_refused(void **state)
{
	struct buffer	in = { 0 };

	(void)state;
	buffer_add_text(&in, "NOOP ");
	repeat(&in, "x", SMTPD_LINE_MAX - 5 - 1);
	buffer_add_text(&in, "\r\nNOOP ");
	repeat(&in, "x", SMTPD_LINE_MAX);
	buffer_add_text(&in, "\r\n");
	assert_session(&in, "", "220|250 2.0.0|500 5.5.2");
	buffer_free(&in);
}

static void
recipients_above_the_limit_do_not_end_the_session(void **state)
{
	struct buffer	in = { 0 };

	(void)state;
	buffer_add_text(&in, START);
	repeat(&in, RCPT, 10 * 1000);
	buffer_add_text(&in, "DATA\r\n.\r\n");
	assert_session(&in, "a@x>b@x,b@x,b@x=;", "452 4.5.3|354|250 2.0.0");
	buffer_free(&in);
}

static void
too_many_commands_without_a_message_end_the_session(void **state)
{
	struct buffer	in = { 0 };

	(void)state;
	repeat(&in, MAIL RCPT "RSET\r\n", SMTPD_COMMANDS_MAX);
	assert_session(&in, "", "|421 4.7.0");
	buffer_free(&in);
}

static void
a_thousand_messages_do_not_end_the_session(void **state)
{
	struct buffer	in = { 0 };
	struct buffer	want = { 0 };

	(void)state;
	repeat(&in, MAIL RCPT "DATA\r\n.\r\n", SMTPD_COMMANDS_MAX);
	repeat(&want, "a@x>b@x=;", SMTPD_COMMANDS_MAX);
	buffer_room(&want, 0);
	assert_session(&in, want.data, "354|250 2.0.0");
	buffer_free(&in);
	buffer_free(&want);
}

static void
chunks_do_not_end_the_session(void **state)
{
	enum { CHUNKS = SMTPD_COMMANDS_MAX - 50 };
	struct buffer	in = { 0 };
	struct buffer	want = { 0 };

	(void)state;
	repeat(&in, "NOOP\r\n", 100);
	buffer_add_text(&in, START "BDAT 2\r\n\r\n");
	repeat(&in, "BDAT 1\r\nx", CHUNKS);
	buffer_add_text(&in, "BDAT 0 LAST\r\nQUIT\r\n");
	buffer_add_text(&want, "a@x>b@x=");
	repeat(&want, "x", CHUNKS);
	buffer_add_text(&want, "/;");
	assert_session(&in, want.data, "250 2.0.0|250 2.0.0|221 2.0.0");
	buffer_free(&in);
	buffer_free(&want);
}

static void
too_many_empty_chunks_end_the_session(void **state)
{
	struct buffer	in = { 0 };

	(void)state;
	buffer_add_text(&in, START);
	repeat(&in, "BDAT 0\r\n", SMTPD_COMMANDS_MAX);
	assert_session(&in, "", "250 2.0.0|421 4.7.0");
	buffer_free(&in);
}

static void
too_many_errors_end_the_session(void **state)
{
	struct buffer	in = { 0 };

	(void)state;
	buffer_add_text(&in, "NOOP\r\n");
	repeat(&in, "\001\377garbage\r\n", 10 * SMTPD_ERRORS_MAX);
	assert_session(&in, "", "500 5.5.1|421 4.7.0");
	buffer_free(&in);
}

static void
a_request_of_http_with_a_long_url_ends_the_session(void **state)
{
	struct buffer	in = { 0 };

	(void)state;
	buffer_add_text(&in, "GET /");
	repeat(&in, "x", SMTPD_LINE_MAX);
	buffer_add_text(&in, " HTTP/1.1\r\nHost: me\r\n\r\n" START
	    "DATA\r\n\r\nhi\r\n.\r\n");
	assert_session(&in, "", "220|421 4.7.0");
	buffer_free(&in);
}

static void
a_command_that_is_too_long_ends_the_session_if_it_is_the_first(void **state)
{
	struct buffer	in = { 0 };

	(void)state;
	buffer_add_text(&in, "NOOP ");
	repeat(&in, "x", SMTPD_LINE_MAX);
	buffer_add_text(&in, "\r\n" START "DATA\r\n\r\nhi\r\n.\r\n");
	assert_session(&in, "", "220|421 4.7.0");
	buffer_free(&in);
}

static void
a_message_above_the_limit_is_read_to_its_end(void **state)
{
	struct buffer	in = { 0 };

	(void)state;
	buffer_add_text(&in, START "DATA\r\n\r\n");
	repeat(&in, "MAIL FROM:<evil@x>\r\n", 100);
	buffer_add_text(&in, ".\r\n" START "BDAT 2000 LAST\r\n\r\n");
	repeat(&in, "x", 1998);
	buffer_add_text(&in, "QUIT\r\n");
	assert_session(&in, "", "354|552 5.3.4|" STARTED
	    "|552 5.3.4|221 2.0.0");
	buffer_free(&in);
}

/* The sender and the recipients of a message that was rejected. */
static void
a_rejected_message_leaves_nothing_to_the_next(void **state)
{
	struct buffer	in = { 0 };

	(void)state;
	buffer_add_text(&in, START "BDAT 1502\r\n\r\n");
	repeat(&in, "x\r\n", 500);
	buffer_add_text(&in, "MAIL FROM:<c@x>\r\nRCPT TO:<d@x>\r\n"
	    "BDAT 0 LAST\r\nRCPT TO:<d@x>\r\nDATA\r\n"
	    "MAIL FROM:<c@x>\r\nRCPT TO:<d@x>\r\nDATA\r\n.\r\n");
	assert_session(&in, "c@x>d@x=;", STARTED "|552 5.3.4|503 5.5.1|"
	    "503 5.5.1|552 5.3.4|503 5.5.1|503 5.5.1|250 2.1.0|250 2.1.5|354|"
	    "250 2.0.0");
	buffer_free(&in);
}

static void
a_nul_is_refused_in_commands_and_messages(void **state)
{
	static const char	in[] = HELO "NOOP\0\r\n" START "DATA\r\n\r\na\0b\r\n"
				    ".\r\nQUIT\r\n";
	struct buffer		all = { 0 };

	(void)state;
	buffer_add(&all, in, sizeof(in) - 1);
	assert_session(&all, "", "250|500 5.5.2|" STARTED
	    "|354|554 5.6.0|221 2.0.0");
	buffer_free(&all);
}

static void
the_end_of_input_at_any_octet_sends_nothing(void **state)
{
	static const char	all[] = START "DATA\r\nA: b\r\n\r\nhi\r\n..\r\n"
				    ".\r\n";

	(void)state;
	for (size_t n = 0; n < sizeof(all) - 1; n++) {
		struct received	received = { .queued = false };
		struct buffer	out = { 0 };

		run_session(all, n, &received, &out);
		assert_string_equal(received.messages.data, "");
		buffer_free(&received.messages);
		buffer_free(&out);
	}
}

static void
the_reply_lists_refused_recipients(void **state)
{
	struct received	received = { .queued = false };
	struct buffer	out = { 0 };
	const char	in[] = TWO("bad");

	(void)state;
	run_session(in, sizeof(in) - 1, &received, &out);
	assert_non_null(strstr(out.data,
	    "550-5.1.1 not sent to bad@x: 550 5.1.1 unknown\r\n"
	    "550 5.1.1 Error: accepted for 1 of 2 recipients\r\n"));
	buffer_free(&received.messages);
	buffer_free(&out);
}

static void
ehlo_lists_the_extensions(void **state)
{
	struct received	received = { .queued = false };
	struct buffer	out = { 0 };

	(void)state;
	run_session("EHLO me\r\n", 9, &received, &out);
	assert_string_equal(out.data, "220 here ESMTP relais\r\n"
	    "250-here\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 1000\r\n"
	    "250-CHUNKING\r\n250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n"
	    "250-SMTPUTF8\r\n250 REQUIRETLS\r\n");
	buffer_free(&received.messages);
	buffer_free(&out);
}

static void
an_idle_client_gets_421(void **state)
{
	struct received		received = { .queued = false };
	struct smtpd_policy	policy = { .host = "here", .idle_ms = 1,
				    .message = receive_message,
				    .context = &received };
	struct stream		stream;
	struct failure		why;
	char			answer[200];
	ssize_t			n;
	int			pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	stream_open(&stream, pair[0]);
	assert_false(smtpd_session(&stream, &policy, &why));
	assert_int_equal(why.status, EX_TEMPFAIL);
	stream_close(&stream);
	n = read(pair[1], answer, sizeof(answer) - 1);
	assert_true(n > 0);
	answer[n] = '\0';
	assert_non_null(strstr(answer, "\r\n421 4.4.2 "));
	close(pair[1]);
}

/* A client process that does not read after the greeting. */
_Noreturn static void
leave_after_quit(int fd)
{
	char	greeting[100];

	_exit(read(fd, greeting, sizeof(greeting)) > 0 &&
	    shutdown(fd, SHUT_RD) == 0 && file_write(fd, "QUIT\r\n", 6) ?
	    0 : 1);
}

static void
a_client_need_not_wait_for_the_reply_to_quit(void **state)
{
	struct smtpd_policy	policy = { .host = "here" };
	struct stream		stream;
	struct failure		why;
	int			pair[2], status;
	pid_t			pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_not_equal(pid = fork(), -1);
	if (pid == 0) {
		close(pair[0]);
		leave_after_quit(pair[1]);
	}
	close(pair[1]);
	stream_open(&stream, pair[0]);
	assert_true(smtpd_session(&stream, &policy, &why));
	stream_close(&stream);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* More replies than the connection holds, to a client that reads slowly. */
enum { MANY = 300 };

struct late_reader {
	struct smtpd_policy	 policy;
	struct interrupt	*interrupt;	/* gets a signal; or NULL */
	int			 fd;		/* of the session */
	int			 go;		/* the client waits for this */
};

/* An attempt that takes longer than the client may wait with a command. */
static const char *
attempt_slowly(void *context, const struct envelope *env, struct message *m,
    struct outcome *outcomes)
{
	struct late_reader	*late = context;
	const int		 small = 1;
	char			 text[400];

	(void)m;
	assert_int_equal(setsockopt(late->fd, SOL_SOCKET, SO_SNDBUF, &small,
	    sizeof(small)), 0);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < env->n; i++) {
		outcomes[i].kind = OUTCOME_DELIVERED;
		outcome_set_text(&outcomes[i], "%s", text);
	}
	poll(NULL, 0, (int)late->policy.idle_ms + 1);
	late->policy.idle_ms = 10 * 1000;
	if (late->interrupt != NULL) {
		raise(SIGTERM);
		assert_true(interrupt_came(late->interrupt));
	}
	close(late->go);
	return NULL;
}

/* Exits with 0 if it reads all replies. */
_Noreturn static void
read_late(int fd, int go)
{
	struct buffer	all = { 0 };
	char		octet;
	unsigned	n = 0;
	ssize_t		got = read(go, &octet, 1);

	while (got >= 0 && (got = read(fd, buffer_room(&all, 4096),
	    4096)) > 0) {
		all.len += (size_t)got;
		poll(NULL, 0, 1);	/* slower than the session writes */
	}
	buffer_add_text(&all, "");
	for (const char *at = all.data; (at = strstr(at,
	    "\r\n250 2.0.0 Ok: sent (")) != NULL; at++)
		n++;
	_exit(got == 0 && n == MANY ? 0 : 1);
}

static void
assert_late_reader_gets_replies(struct interrupt *interrupt)
{
	struct late_reader	late = { .interrupt = interrupt,
				    .policy = { .host = "here", .idle_ms = 1,
				    .spill = (const char *const[]){ "/tmp",
				    NULL }, .message = attempt_slowly,
				    .context = &late } };
	struct buffer		in = { 0 };
	struct stream		stream;
	struct failure		why;
	int			pair[2], go[2], status;
	pid_t			pid;

	buffer_add_text(&in, "LHLO me\r\nMAIL FROM:<a@x>\r\n");
	for (int i = 0; i < MANY; i++)
		buffer_addf(&in, "RCPT TO:<%d@x>\r\n", i);
	buffer_add_text(&in, "DATA\r\n\r\nhi\r\n.\r\n");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(pipe(go), 0);
	/* All input is there, so the session need not wait for it. */
	assert_true(file_write(pair[1], in.data, in.len));
	assert_int_equal(shutdown(pair[1], SHUT_WR), 0);
	assert_int_not_equal(pid = fork(), -1);
	if (pid == 0) {
		close(pair[0]);
		close(go[1]);
		read_late(pair[1], go[0]);
	}
	close(pair[1]);
	close(go[0]);
	late.fd = pair[0];
	late.go = go[1];
	stream_open(&stream, pair[0]);
	stream_set_interrupt(&stream, interrupt);
	smtpd_session(&stream, &late.policy, &why);
	stream_close(&stream);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	buffer_free(&in);
}

static void
after_a_slow_attempt_all_replies_arrive(void **state)
{
	(void)state;
	assert_late_reader_gets_replies(NULL);
}

static void
after_a_signal_all_replies_arrive(void **state)
{
	struct interrupt	i;

	(void)state;
	interrupt_hold(&i);
	assert_int_not_equal(i.fd, -1);
	assert_late_reader_gets_replies(&i);
	i.signal = 0;
	interrupt_release(&i);
}

static const struct CMUnitTest bounds_spec[] = {
	cmocka_unit_test(a_line_of_a_hundred_megabytes_is_one_bad_command),
	cmocka_unit_test(
	    a_command_above_the_maximum_length_is_refused),
	cmocka_unit_test(
	    recipients_above_the_limit_do_not_end_the_session),
	cmocka_unit_test(too_many_commands_without_a_message_end_the_session),
	cmocka_unit_test(a_thousand_messages_do_not_end_the_session),
	cmocka_unit_test(chunks_do_not_end_the_session),
	cmocka_unit_test(too_many_empty_chunks_end_the_session),
	cmocka_unit_test(too_many_errors_end_the_session),
	cmocka_unit_test(a_request_of_http_with_a_long_url_ends_the_session),
	cmocka_unit_test(
	    a_command_that_is_too_long_ends_the_session_if_it_is_the_first),
	cmocka_unit_test(a_message_above_the_limit_is_read_to_its_end),
	cmocka_unit_test(a_rejected_message_leaves_nothing_to_the_next),
	cmocka_unit_test(a_nul_is_refused_in_commands_and_messages),
	cmocka_unit_test(the_end_of_input_at_any_octet_sends_nothing),
	cmocka_unit_test(the_reply_lists_refused_recipients),
	cmocka_unit_test(ehlo_lists_the_extensions),
	cmocka_unit_test(an_idle_client_gets_421),
	cmocka_unit_test(a_client_need_not_wait_for_the_reply_to_quit),
	cmocka_unit_test(after_a_slow_attempt_all_replies_arrive),
	cmocka_unit_test(after_a_signal_all_replies_arrive),
};

int
main(void)
{
	return cmocka_run_group_tests(commands_spec, NULL, NULL) +
	    cmocka_run_group_tests(envelope_spec, NULL, NULL) +
	    cmocka_run_group_tests(data_spec, NULL, NULL) +
	    cmocka_run_group_tests(bdat_spec, NULL, NULL) +
	    cmocka_run_group_tests(outcome_spec, NULL, NULL) +
	    cmocka_run_group_tests(bounds_spec, NULL, NULL);
}
