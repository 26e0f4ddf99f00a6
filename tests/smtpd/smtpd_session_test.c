/*
 * relais as a server: what it answers, and which messages it takes.
 *
 * A case is all that the client sends, in one piece; the answers are shown
 * as their codes, and the messages as "sender>paths=body".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "smtpd/smtpd_session.h"
#include "support/folder.h"
#include "util/file.h"

/* What the policy sees and says. */
struct post {
	struct buffer	messages;
	bool		queued;
};

static bool
take_recipient(void *context, const struct address *a, struct failure *why)
{
	(void)context;
	return strcmp(a->local, "nobody") != 0 ||
	    failed(why, EX_NOUSER, "nobody lives here");
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

/* The local part of a path tells what becomes of it. */
static struct outcome
outcome_of(const char *path)
{
	static const struct {
		const char	*local;
		struct outcome	 outcome;
	} table[] = {
		{ "bad", { .kind = OUTCOME_FAILED, .status = EX_NOUSER,
		    .code = 550, .enhanced = "5.1.1",
		    .text = "550 5.1.1 who?" } },
		{ "auth", { .kind = OUTCOME_FAILED, .status = EX_NOPERM,
		    .code = 530, .enhanced = "5.7.0",
		    .text = "530 5.7.0 log in" } },
		{ "later", { .kind = OUTCOME_DEFERRED, .status = EX_TEMPFAIL,
		    .code = 450, .enhanced = "4.2.0",
		    .text = "450 4.2.0 later" } },
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
take_message(void *context, const struct envelope *env, struct message *m,
    struct outcome *outcomes)
{
	struct post	*post = context;
	struct buffer	*to = &post->messages;

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
	if (env->ret != RETURN_UNSAID)
		buffer_addf(to, " R=%d", env->ret);
	buffer_add_text(to, "=");
	show_body(to, m);
	buffer_add_text(to, ";");
	return post->queued ? "ID" : NULL;
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

/* All of a session with that input; what was answered, octet by octet. */
static void
talk(const char *input, size_t len, struct post *post, struct buffer *answers)
{
	struct smtpd_policy	policy = {
		.host = "here", .size_max = 1000, .recipients_max = 3,
		.spill = (const char *const[]){ "/tmp", NULL },
		.recipient = take_recipient,
		.message = take_message, .context = post,
	};
	int			in = file_of(input, len);
	int			out = file_of("", 0);
	struct stream		stream;
	struct failure		why;

	buffer_add_text(&post->messages, "");
	stream_open_pair(&stream, in, out);
	assert_true(smtpd_session(&stream, &policy, &why));
	stream_close(&stream);
	whole_file(answers, out);
	close(in);
	close(out);
}

/* "250 2.1.0 Ok" to "250 2.1.0"; no words without codes. */
static void
codes(struct buffer *to, const char *answers)
{
	while (*answers != '\0') {
		size_t	n = strcspn(answers, "\r");
		size_t	code = 4;

		assert_memory_equal(answers + n, "\r\n", 2);
		if (answers[4] >= '2' && answers[4] <= '5' &&
		    answers[5] == '.')
			code += strcspn(answers + 4, " ");
		if (answers[3] == ' ')
			buffer_addf(to, "%s%.*s", to->len > 0 ? "|" : "",
			    (int)(code > 4 ? code : 3), answers);
		answers += n + 2;
	}
}

struct example {
	const char	*in;
	const char	*answers;	/* behind the greeting */
	const char	*messages;
	bool		 queued;
};

static void
answers(void **state)
{
	const struct example	*e = *state;
	struct post		 post = { .queued = e->queued };
	struct buffer		 all = { 0 };
	struct buffer		 shown = { 0 };

	talk(e->in, strlen(e->in), &post, &all);
	codes(&shown, all.data);
	assert_memory_equal(shown.data, "220", 3);
	assert_string_equal(shown.data + 3 + (shown.data[3] == '|'),
	    e->answers);
	assert_string_equal(post.messages.data, e->messages);
	buffer_free(&post.messages);
	buffer_free(&all);
	buffer_free(&shown);
}

#define ANSWERS(sentence, in, out, messages) \
	{ sentence, answers, NULL, NULL, \
	    &(struct example){ in, out, messages, false } }
#define ANSWERS_QUEUED(sentence, in, out, messages) \
	{ sentence, answers, NULL, NULL, \
	    &(struct example){ in, out, messages, true } }

/* The beginning of most cases, and what it is answered. */
#define HELO	"HELO me\r\n"
#define MAIL	"MAIL FROM:<a@x>\r\n"
#define RCPT	"RCPT TO:<b@x>\r\n"
#define START	HELO MAIL RCPT
#define STARTED	"250|250 2.1.0|250 2.1.5"

static const struct CMUnitTest commands_spec[] = {
	ANSWERS("a client that says nothing is no trouble", "", "", ""),
	ANSWERS("EHLO is greeted", "EHLO me\r\n", "250", ""),
	ANSWERS("an address literal is a name", "HELO [127.0.0.1]\r\n", "250",
	    ""),
	ANSWERS("HELO wants a name", "HELO\r\n", "501 5.5.4", ""),
	ANSWERS("verbs are read in any case", "nOOp\r\nquit\r\n",
	    "250 2.0.0|221 2.0.0", ""),
	ANSWERS("nothing behind QUIT is read", "QUIT\r\nNOOP\r\n", "221 2.0.0",
	    ""),
	ANSWERS("VRFY knows nobody", "VRFY a\r\n", "252 2.1.5", ""),
	ANSWERS("HELP helps", "HELP\r\n", "214 2.0.0", ""),
	ANSWERS("RSET is always fine", "RSET\r\n", "250 2.0.0", ""),
	ANSWERS("no AUTH, no STARTTLS, no EXPN",
	    "AUTH PLAIN\r\nSTARTTLS\r\nEXPN a\r\n",
	    "502 5.5.1|502 5.5.1|502 5.5.1", ""),
	ANSWERS("what nobody knows is refused", "FROB\r\n\r\n", "500 5.5.1|"
	    "500 5.5.1", ""),
	ANSWERS("half a command is none", HELO "NOO", "250", ""),
	ANSWERS("LF ends a command, too", "HELO me\nNOOP\n", "250|250 2.0.0",
	    ""),
};

static const struct CMUnitTest envelope_spec[] = {
	ANSWERS("MAIL before HELO is fine", MAIL, "250 2.1.0", ""),
	ANSWERS("RCPT comes behind MAIL", RCPT, "503 5.5.1", ""),
	ANSWERS("DATA comes behind RCPT", "DATA\r\n" MAIL "DATA\r\n",
	    "503 5.5.1|250 2.1.0|503 5.5.1", ""),
	ANSWERS("MAIL is said once", MAIL MAIL, "250 2.1.0|503 5.5.1", ""),
	ANSWERS("blanks behind the colon", "MAIL FROM: <a@x>\r\nRCPT TO: b\r\n",
	    "250 2.1.0|250 2.1.5", ""),
	ANSWERS("a bracket that is not closed", "MAIL FROM:<a@x\r\n",
	    "501 5.1.7", ""),
	ANSWERS("no address", "MAIL FROM:\r\nMAIL\r\nMAIL TO:<a@x>\r\n",
	    "501 5.1.7|501 5.5.2|501 5.5.2", ""),
	ANSWERS("text behind the bracket", "MAIL FROM:<a@x>b\r\n", "501 5.5.2",
	    ""),
	ANSWERS("a null forward-path", MAIL "RCPT TO:<>\r\n",
	    "250 2.1.0|553 5.1.3", ""),
	ANSWERS("programs and files are no mailboxes",
	    MAIL "RCPT TO:<|id>\r\nRCPT TO:</tmp/x>\r\n"
	    "RCPT TO:<:include:/etc/passwd>\r\n",
	    "250 2.1.0|553 5.1.3|553 5.1.3|553 5.1.3", ""),
	ANSWERS("a path that begins with a dash is a path",
	    MAIL "RCPT TO:<-oX@d>\r\nDATA\r\n.\r\n",
	    "250 2.1.0|250 2.1.5|354|250 2.0.0", "a@x>-oX@d=;"),
	ANSWERS("a control character in a path", "MAIL FROM:<a\001@x>\r\n",
	    "553 5.1.3", ""),
	ANSWERS("a bracket in quotes", "MAIL FROM:<\"a>b\"@x>\r\n",
	    "553 5.1.3", ""),
	ANSWERS("the policy refuses a recipient, and others stay",
	    START "RCPT TO:<nobody@x>\r\nDATA\r\n\r\nhi\r\n.\r\n",
	    STARTED "|550 5.1.1|354|250 2.0.0", "a@x>b@x=hi/;"),
	ANSWERS("more recipients than the limit",
	    START RCPT RCPT RCPT RCPT "DATA\r\n.\r\n", STARTED "|250 2.1.5|"
	    "250 2.1.5|452 4.5.3|452 4.5.3|354|250 2.0.0",
	    "a@x>b@x,b@x,b@x=;"),
	ANSWERS("a parameter that nobody knows", "MAIL FROM:<a@x> FOO=1\r\n",
	    "555 5.5.4", ""),
	ANSWERS("nor is a guarantee given that we do not know",
	    "MAIL FROM:<a@x> REQUIRETLS\r\nMAIL FROM:<a@x> BY=60;R\r\n"
	    "MAIL FROM:<a@x>\r\nRCPT TO:<b@x> RRVS=2014-04-03T23:01:00Z\r\n",
	    "555 5.5.4|555 5.5.4|250 2.1.0|555 5.5.4", ""),
	ANSWERS("SIZE is compared with the limit", "MAIL FROM:<a@x> SIZE=1001"
	    "\r\nMAIL FROM:<a@x> SIZE=1000\r\n", "552 5.3.4|250 2.1.0", ""),
	ANSWERS("SIZE is a number", "MAIL FROM:<a@x> SIZE=-1\r\n"
	    "MAIL FROM:<a@x> SIZE=99999999999999999999999\r\n"
	    "MAIL FROM:<a@x> SIZE\r\n", "501 5.5.4|501 5.5.4|501 5.5.4", ""),
	ANSWERS("BODY has two values", "MAIL FROM:<a@x> BODY=BINARYMIME\r\n"
	    "MAIL FROM:<a@x> BODY=8bitmime SMTPUTF8 AUTH=<>\r\n",
	    "501 5.5.4|250 2.1.0", ""),
	ANSWERS("delivery status notifications are passed on",
	    "MAIL FROM:<a@x> RET=HDRS ENVID=id+3D\r\n"
	    "RCPT TO:<b@x> NOTIFY=success,DELAY ORCPT=rfc822;c@x\r\n"
	    "DATA\r\n.\r\n", "250 2.1.0|250 2.1.5|354|250 2.0.0",
	    "a@x>b@x N=10 O=rfc822;c@x V=id+3D R=2=;"),
	ANSWERS("and checked", "MAIL FROM:<a@x> RET=ALL\r\n"
	    "MAIL FROM:<a@x> ENVID=a+b\r\nMAIL FROM:<a@x> ENVID=a ENVID=b\r\n"
	    MAIL "RCPT TO:<b@x> NOTIFY=NEVER,DELAY\r\n"
	    "RCPT TO:<b@x> ORCPT=b@x\r\n", "501 5.5.4|501 5.5.4|501 5.5.4|"
	    "250 2.1.0|501 5.5.4|501 5.5.4", ""),
};

static const struct CMUnitTest data_spec[] = {
	ANSWERS("a message is taken", START "DATA\r\nA: b\r\n\r\nhi\r\n.\r\n"
	    "QUIT\r\n", STARTED "|354|250 2.0.0|221 2.0.0", "a@x>b@x=hi/;"),
	ANSWERS("dots are taken off", START "DATA\r\n\r\n..\r\n..a\r\n.\r\n",
	    STARTED "|354|250 2.0.0", "a@x>b@x=./.a/;"),
	ANSWERS("two messages carry nothing over",
	    HELO "MAIL FROM:<a@x> RET=FULL ENVID=1\r\n"
	    "RCPT TO:<b@x> NOTIFY=NEVER\r\nDATA\r\n\r\none\r\n.\r\n"
	    "MAIL FROM:<>\r\nRCPT TO:<c@y>\r\nDATA\r\n\r\ntwo\r\n.\r\n",
	    STARTED "|354|250 2.0.0|250 2.1.0|250 2.1.5|354|250 2.0.0",
	    "a@x>b@x N=1 V=1 R=1=one/;>c@y=two/;"),
	ANSWERS("RSET forgets sender and recipients", START "RSET\r\n"
	    "DATA\r\nMAIL FROM:<c@x>\r\nRCPT TO:<d@x>\r\nDATA\r\n.\r\n",
	    STARTED "|250 2.0.0|503 5.5.1|250 2.1.0|250 2.1.5|354|250 2.0.0",
	    "c@x>d@x=;"),
	ANSWERS("so does EHLO", START "EHLO me\r\nDATA\r\n",
	    STARTED "|250|503 5.5.1", ""),
	ANSWERS("the end of input in a message discards it",
	    START "DATA\r\nhi\r\n", STARTED "|354", ""),
	ANSWERS("also behind half an end", START "DATA\r\nhi\r\n.\r",
	    STARTED "|354", ""),
	ANSWERS("a client of LF lines ends with LF dot LF",
	    "MAIL FROM:<a@x>\nRCPT TO:<b@x>\nDATA\n\nhi\n.\nQUIT\n",
	    "250 2.1.0|250 2.1.5|354|250 2.0.0|221 2.0.0", "a@x>b@x=hi/;"),
	ANSWERS("bare LFs smuggle nothing", START "DATA\r\n\r\nhi\n.\n"
	    "MAIL FROM:<evil@x>\r\nRCPT TO:<b@x>\r\n.\r\n",
	    STARTED "|354|250 2.0.0",
	    "a@x>b@x=hi/./MAIL FROM:<evil@x>/RCPT TO:<b@x>/;"),
	ANSWERS("nor do bare CRs", START "DATA\r\n\r\nhi\r.\rMAIL\r\n.\r\n",
	    STARTED "|354|250 2.0.0", "a@x>b@x=hi . MAIL/;"),
};

static const struct CMUnitTest bdat_spec[] = {
	ANSWERS("one chunk is a message", START "BDAT 6 LAST\r\n\r\nhi\r\n"
	    "QUIT\r\n", STARTED "|250 2.0.0|221 2.0.0", "a@x>b@x=hi/;"),
	ANSWERS("several are", START "BDAT 3\r\n\r\nhBDAT 3\r\ni\r\n"
	    "BDAT 0 LAST\r\n", STARTED "|250 2.0.0|250 2.0.0|250 2.0.0",
	    "a@x>b@x=hi/;"),
	ANSWERS("dots are text in a chunk", START "BDAT 7 LAST\r\n\r\n.\r\n\r\n",
	    STARTED "|250 2.0.0", "a@x>b@x=.//;"),
	ANSWERS("a chunk without recipients is read and dropped",
	    MAIL "BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n",
	    "250 2.1.0|503 5.5.1|250 2.0.0", ""),
	ANSWERS("DATA can't end what BDAT began", START "BDAT 1\r\nxDATA\r\n"
	    "RCPT TO:<c@x>\r\n", STARTED "|250 2.0.0|503 5.5.1|503 5.5.1", ""),
	ANSWERS("a chunk that is not whole", START "BDAT 9 LAST\r\nhi",
	    STARTED, ""),
	ANSWERS("a chunk without a size ends the session",
	    START "BDAT x\r\nNOOP\r\n", STARTED "|421 4.5.2", ""),
	ANSWERS("so does one of minus one", START "BDAT -1\r\nNOOP\r\n",
	    STARTED "|421 4.5.2", ""),
	ANSWERS("or with another word than LAST", START "BDAT 1 FIRST\r\n",
	    STARTED "|421 4.5.2", ""),
	ANSWERS("RSET between chunks", START "BDAT 1\r\nxRSET\r\nMAIL FROM:<>"
	    "\r\n", STARTED "|250 2.0.0|250 2.0.0|250 2.1.0", ""),
};

#define TWO(second) HELO MAIL RCPT "RCPT TO:<" second "@x>\r\nDATA\r\n.\r\n"
#define TWO_TAKEN "250|250 2.1.0|250 2.1.5|250 2.1.5|354"

static const struct CMUnitTest verdict_spec[] = {
	ANSWERS("one that failed decides over all", TWO("bad"),
	    TWO_TAKEN "|550 5.1.1", "a@x>b@x,bad@x=;"),
	ANSWERS("as does one deferred", TWO("later"), TWO_TAKEN "|450 4.2.0",
	    "a@x>b@x,later@x=;"),
	ANSWERS_QUEUED("unless it is in the queue", TWO("later"),
	    TWO_TAKEN "|250 2.0.0", "a@x>b@x,later@x=;"),
	ANSWERS_QUEUED("what failed fails, queue or not", TWO("bad"),
	    TWO_TAKEN "|550 5.1.1", "a@x>b@x,bad@x=;"),
	ANSWERS("the smarthost's 421 is no 421 of ours", TWO("closing"),
	    TWO_TAKEN "|451 4.4.1", "a@x>b@x,closing@x=;"),
	ANSWERS("nor is its wish for a password ours", TWO("auth"),
	    TWO_TAKEN "|554 5.7.0", "a@x>b@x,auth@x=;"),
	ANSWERS("what has no code gets one", TWO("config"),
	    TWO_TAKEN "|554 5.3.5", "a@x>b@x,config@x=;"),
	ANSWERS("LMTP has an answer for each", "LHLO me\r\n" MAIL
	    "RCPT TO:<bad@x>\r\n" RCPT "RCPT TO:<later@x>\r\nDATA\r\n.\r\n",
	    "250|250 2.1.0|250 2.1.5|250 2.1.5|250 2.1.5|354|550 5.1.1|"
	    "250 2.0.0|450 4.2.0", "a@x>bad@x,b@x,later@x=;"),
	ANSWERS("BDAT in LMTP, too", "LHLO me\r\n" MAIL RCPT RCPT
	    "BDAT 0 LAST\r\nQUIT\r\n", "250|250 2.1.0|250 2.1.5|250 2.1.5|"
	    "250 2.0.0|250 2.0.0|221 2.0.0", "a@x>b@x,b@x=;"),
	ANSWERS("a refused LHLO leaves SMTP and its transaction as they are",
	    START RCPT "LHLO\r\nDATA\r\n\r\nhi\r\n.\r\n",
	    STARTED "|250 2.1.5|501 5.5.4|354|250 2.0.0", "a@x>b@x,b@x=hi/;"),
	ANSWERS("a refused EHLO or HELO leaves LMTP as it is",
	    "LHLO me\r\n" MAIL RCPT RCPT "EHLO\r\nHELO\r\nDATA\r\n.\r\n",
	    "250|250 2.1.0|250 2.1.5|250 2.1.5|501 5.5.4|501 5.5.4|354|"
	    "250 2.0.0|250 2.0.0", "a@x>b@x,b@x=;"),
	ANSWERS("EHLO ends LMTP", "LHLO me\r\nEHLO me\r\n" MAIL RCPT RCPT
	    "DATA\r\n.\r\n", "250|250|250 2.1.0|250 2.1.5|250 2.1.5|354|"
	    "250 2.0.0", "a@x>b@x,b@x=;"),
};

/* Text that is long, or made from many pieces. */
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
shows(const struct buffer *in, const char *messages, const char *at_end)
{
	struct post	post = { .queued = false };
	struct buffer	all = { 0 };
	struct buffer	shown = { 0 };

	talk(in->data, in->len, &post, &all);
	codes(&shown, all.data);
	assert_true(shown.len >= strlen(at_end));
	assert_string_equal(shown.data + shown.len - strlen(at_end), at_end);
	assert_string_equal(post.messages.data, messages);
	buffer_free(&post.messages);
	buffer_free(&all);
	buffer_free(&shown);
}

static void
a_line_of_a_hundred_megabytes_is_one_bad_command(void **state)
{
	struct buffer	in = { 0 };

	(void)state;
	repeat(&in, "xxxxxxxxxx", 10 * 1000 * 1000);
	buffer_add_text(&in, "\r\nNOOP\r\n");
	shows(&in, "", "220|500 5.5.2|250 2.0.0");
	buffer_free(&in);
}

static void
the_longest_command_is_taken_and_one_octet_more_is_not(void **state)
{
	struct buffer	in = { 0 };

	(void)state;
	buffer_add_text(&in, "NOOP ");
	repeat(&in, "x", SMTPD_LINE_MAX - 5 - 1);
	buffer_add_text(&in, "\r\nNOOP ");
	repeat(&in, "x", SMTPD_LINE_MAX);
	buffer_add_text(&in, "\r\n");
	shows(&in, "", "220|250 2.0.0|500 5.5.2");
	buffer_free(&in);
}

static void
ten_thousand_recipients_over_the_limit_leave_the_message_alone(void **state)
{
	struct buffer	in = { 0 };

	(void)state;
	buffer_add_text(&in, START);
	repeat(&in, RCPT, 10 * 1000);
	buffer_add_text(&in, "DATA\r\n.\r\n");
	shows(&in, "a@x>b@x,b@x,b@x=;", "452 4.5.3|354|250 2.0.0");
	buffer_free(&in);
}

static void
a_thousand_commands_for_nothing_end_the_session(void **state)
{
	struct buffer	in = { 0 };

	(void)state;
	repeat(&in, MAIL RCPT "RSET\r\n", SMTPD_FRUITLESS_MAX);
	shows(&in, "", "|421 4.7.0");
	buffer_free(&in);
}

static void
a_thousand_messages_do_not(void **state)
{
	struct buffer	in = { 0 };
	struct buffer	want = { 0 };

	(void)state;
	repeat(&in, MAIL RCPT "DATA\r\n.\r\n", SMTPD_FRUITLESS_MAX);
	repeat(&want, "a@x>b@x=;", SMTPD_FRUITLESS_MAX);
	buffer_room(&want, 0);
	shows(&in, want.data, "354|250 2.0.0");
	buffer_free(&in);
	buffer_free(&want);
}

/* A large message comes in as many of them as its sender likes. */
static void
a_thousand_chunks_do_not_either(void **state)
{
	enum { CHUNKS = SMTPD_FRUITLESS_MAX - 50 };
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
	shows(&in, want.data, "250 2.0.0|250 2.0.0|221 2.0.0");
	buffer_free(&in);
	buffer_free(&want);
}

static void
empty_chunks_are_no_message(void **state)
{
	struct buffer	in = { 0 };

	(void)state;
	buffer_add_text(&in, START);
	repeat(&in, "BDAT 0\r\n", SMTPD_FRUITLESS_MAX);
	shows(&in, "", "250 2.0.0|421 4.7.0");
	buffer_free(&in);
}

static void
garbage_ends_the_session(void **state)
{
	struct buffer	in = { 0 };

	(void)state;
	repeat(&in, "\001\377garbage\r\n", 10 * SMTPD_ERRORS_MAX);
	shows(&in, "", "500 5.5.1|421 4.7.0");
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
	shows(&in, "", "354|552 5.3.4|" STARTED "|552 5.3.4|221 2.0.0");
	buffer_free(&in);
}

static void
a_nul_is_refused_wherever_it_stands(void **state)
{
	static const char	in[] = "NOOP\0\r\n" START "DATA\r\n\r\na\0b\r\n"
				    ".\r\nQUIT\r\n";
	struct buffer		all = { 0 };

	(void)state;
	buffer_add(&all, in, sizeof(in) - 1);
	shows(&all, "", "220|500 5.5.2|" STARTED "|354|554 5.6.0|221 2.0.0");
	buffer_free(&all);
}

/* Every state that a client can leave us in: no message, no complaint. */
static void
the_end_of_input_is_fine_anywhere(void **state)
{
	static const char	all[] = START "DATA\r\nA: b\r\n\r\nhi\r\n..\r\n"
				    ".\r\n";

	(void)state;
	for (size_t n = 0; n < sizeof(all) - 1; n++) {
		struct post	post = { .queued = false };
		struct buffer	out = { 0 };

		talk(all, n, &post, &out);
		assert_string_equal(post.messages.data, "");
		buffer_free(&post.messages);
		buffer_free(&out);
	}
}

static void
what_was_refused_is_named(void **state)
{
	struct post	post = { .queued = false };
	struct buffer	out = { 0 };
	const char	in[] = TWO("bad");

	(void)state;
	talk(in, sizeof(in) - 1, &post, &out);
	assert_non_null(strstr(out.data,
	    "550-5.1.1 not sent to bad@x: 550 5.1.1 who?\r\n"
	    "550 5.1.1 Error: accepted for 1 of 2 recipients\r\n"));
	buffer_free(&post.messages);
	buffer_free(&out);
}

static void
what_is_offered(void **state)
{
	struct post	post = { .queued = false };
	struct buffer	out = { 0 };

	(void)state;
	talk("EHLO me\r\n", 9, &post, &out);
	assert_string_equal(out.data, "220 here ESMTP relais\r\n"
	    "250-here\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 1000\r\n"
	    "250-CHUNKING\r\n250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n"
	    "250 SMTPUTF8\r\n");
	buffer_free(&post.messages);
	buffer_free(&out);
}

static void
a_silent_client_is_sent_away(void **state)
{
	struct post		post = { .queued = false };
	struct smtpd_policy	policy = { .host = "here", .idle_ms = 1,
				    .message = take_message,
				    .context = &post };
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

/* The client, in a process of its own: it hears nothing after the greeting. */
_Noreturn static void
leave_behind_quit(int fd)
{
	char	greeting[100];

	_exit(read(fd, greeting, sizeof(greeting)) > 0 &&
	    shutdown(fd, SHUT_RD) == 0 && file_write(fd, "QUIT\r\n", 6) ?
	    0 : 1);
}

static void
who_says_quit_need_not_wait_for_the_answer(void **state)
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
		leave_behind_quit(pair[1]);
	}
	close(pair[1]);
	stream_open(&stream, pair[0]);
	assert_true(smtpd_session(&stream, &policy, &why));
	stream_close(&stream);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static const struct CMUnitTest bounds_spec[] = {
	cmocka_unit_test(a_line_of_a_hundred_megabytes_is_one_bad_command),
	cmocka_unit_test(
	    the_longest_command_is_taken_and_one_octet_more_is_not),
	cmocka_unit_test(
	    ten_thousand_recipients_over_the_limit_leave_the_message_alone),
	cmocka_unit_test(a_thousand_commands_for_nothing_end_the_session),
	cmocka_unit_test(a_thousand_messages_do_not),
	cmocka_unit_test(a_thousand_chunks_do_not_either),
	cmocka_unit_test(empty_chunks_are_no_message),
	cmocka_unit_test(garbage_ends_the_session),
	cmocka_unit_test(a_message_above_the_limit_is_read_to_its_end),
	cmocka_unit_test(a_nul_is_refused_wherever_it_stands),
	cmocka_unit_test(the_end_of_input_is_fine_anywhere),
	cmocka_unit_test(what_was_refused_is_named),
	cmocka_unit_test(what_is_offered),
	cmocka_unit_test(a_silent_client_is_sent_away),
	cmocka_unit_test(who_says_quit_need_not_wait_for_the_answer),
};

int
main(void)
{
	return cmocka_run_group_tests(commands_spec, NULL, NULL) +
	    cmocka_run_group_tests(envelope_spec, NULL, NULL) +
	    cmocka_run_group_tests(data_spec, NULL, NULL) +
	    cmocka_run_group_tests(bdat_spec, NULL, NULL) +
	    cmocka_run_group_tests(verdict_spec, NULL, NULL) +
	    cmocka_run_group_tests(bounds_spec, NULL, NULL);
}
