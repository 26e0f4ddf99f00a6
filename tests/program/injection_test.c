/*
 * Text from a caller, the configuration or the system never becomes an SMTP
 * command or a separate header field: it arrives as data, or the message is
 * refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <regex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mount.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/program.h"

/* The valid commands; a path has brackets only in a quoted string. */
#define PATH "([]!#-;=?-~[\200-\377]|" \
	"\"([]!#-;=?-~[ \200-\377]|\\\\[ -~])*\")*"
static const char	grammar[] =
    "^(EHLO []A-Za-z0-9._:[-]+"
    "|MAIL FROM:<" PATH ">( SIZE=[0-9]+| BODY=8BITMIME| SMTPUTF8| "
    "RET=(FULL|HDRS)"
    "| ENVID=[!-*,-<>-~+]+)*"
    "|RCPT TO:<" PATH ">( NOTIFY=(NEVER|(SUCCESS|FAILURE|DELAY|,)+)"
    "| ORCPT=rfc822;[!-~]+)*"
    "|DATA|BDAT [0-9]+ LAST|RSET|QUIT)$";

/* The sources of untrusted text, which replaces %s. */
enum door { ARGUMENT, SENDER, NAME, ENVID, RECIPIENT, NOTICES, HEADER, BODY,
	CONFIG, ENVIRONMENT, PASSWD, HOST_NAME };

static const struct { enum door door; const char *text; } doors[] = {
	{ ARGUMENT, "a%sb@example.net" },
	{ ARGUMENT, "\"a%sb\"@example.net" },
	{ ARGUMENT, "a@b%sc.example" },
	{ ARGUMENT, "N%s <a@example.net>" },
	{ ARGUMENT, "%s" },
	{ SENDER, "a%sb@example.net" },
	{ SENDER, "<a@example.net%s>" },
	{ SENDER, "%s" },
	{ NAME, "%s" },
	{ NAME, "A \"%s\" B" },
	{ ENVID, "a%sb" },
	{ NOTICES, "never%s" },
	{ HEADER, "To: a%sb@example.net" },
	{ HEADER, "To: \"a%sb\" <a@example.net>" },
	{ HEADER, "To: \"a%sb\"@example.net" },
	{ HEADER, "To: a@example.net (%s)" },
	{ HEADER, "Cc: g%s:a@example.net;" },
	{ HEADER, "From: a%sb <a@example.net>" },
	{ HEADER, "From: a@%sb.example" },
	{ HEADER, "Subject: a%sb" },
	{ HEADER, "Bcc: a@example.net,%sb@example.net" },
	{ HEADER, "Message-ID: <%s>" },
	{ BODY, "a%sb" },
	{ BODY, "%s" },
	{ CONFIG, "helo = a%sb" },
	{ CONFIG, "domain = a%sb.example" },
	{ CONFIG, "from = a%sb@example.org" },
	{ CONFIG, "root = a%sb@example.org" },
	{ CONFIG, "always_bcc = a%sb@example.org" },
	{ CONFIG, "header_add = X-A: a%sb" },
	{ CONFIG, "header_set = X-%sb: a" },
	{ ENVIRONMENT, "a%sb" },
	{ PASSWD, "a%sb" },
	{ HOST_NAME, "a%sb.example" },
};

/*
 * The untrusted text: each octet that could end or begin a line, and attacks.
 */
static const char *const attacks[] = {
	"\r\nRCPT TO:<evil@example.net>\r\n", "\nRCPT TO:<evil@example.net>\n",
	"\rRCPT TO:<evil@example.net>\r", "> NOTIFY=NEVER <",
	">\r\nDATA\r\nEvil: x\r\n\r\n.\r\n", "\r\nEvil: x", "\nEvil: x",
	"\r\n\r\nevil", "\r\n.\r\nMAIL FROM:<evil@example.net>\r\n",
	"\n.\nMAIL FROM:<evil@example.net>\n", "\r.\rQUIT\r", "\\\"\r\n",
	"%n%s%1000000d", "\302\205", "\342\200\250", "\303", "\377",
};
enum { ATTACKS = sizeof(attacks) / sizeof(*attacks) };

static const char *
attack(size_t n, char octet[2])
{
	if (n < ATTACKS)
		return attacks[n];
	n -= ATTACKS;
	octet[0] = (char)(n + 1);
	octet[1] = '\0';
	if (n >= 31)
		octet[0] = "\177<>,;:\\\"()@ .[]"[n - 31];
	return octet;
}

enum { CASES = ATTACKS + 31 + 15 };

struct trial {
	struct temp_dir		 dir;
	struct mock_smtp	*host;
	regex_t			 wire;
	size_t			 seen;		/* connections */
	const char		*passwd;	/* a file, or NULL */
	const char		*host_name;
};

static void
in_another_system(void *context)
{
	const struct trial	*t = context;

	if (t->host_name != NULL && unshare(CLONE_NEWUTS) == 0 &&
	    sethostname(t->host_name, strlen(t->host_name)) == 0)
		return;
	if (t->passwd != NULL && unshare(CLONE_NEWNS) == 0 &&
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount(t->passwd, "/etc/passwd", NULL, MS_BIND, NULL) == 0)
		return;
	_exit(99);
}

/*
 * One header, of lines that begin or continue a field. The author of a header
 * may write any fields.
 */
static void
check_message(const struct heard_message *m, bool is_header)
{
	const char	*at = m->data.data;
	size_t		 from = 0;

	while (strncmp(at, "\r\n", 2) != 0) {
		const char	*end = strstr(at, "\r\n");

		assert_non_null(end);
		assert_true(is_header || strncasecmp(at, "Evil", 4) != 0);
		if (*at != ' ' && *at != '\t')
			assert_true(strcspn(at, ":") < strcspn(at, "\r"));
		from += strncasecmp(at, "From:", 5) == 0;
		at = end + 2;
	}
	assert_int_equal(from, 1);
	assert_true(m->n_rcpt <= 3);
	for (size_t i = 0; i < m->n_rcpt; i++)
		assert_false(strncmp(m->rcpt[i].path, "evil@", 5) == 0);
	assert_false(strncmp(m->reverse_path, "evil@", 5) == 0);
}

static void
check_wire(struct trial *t, const struct program_result *o, enum door door,
    const char *shown)
{
	size_t			 now = mock_smtp_connections(t->host);
	const struct heard	*h;

	assert_true(o->status >= 0 && o->status <= EX_CONFIG);
	assert_true(o->status == 0 || o->err.len > 0);
	if (now == t->seen) {
		assert_int_not_equal(o->status, 0);
		return;
	}
	assert_int_equal(now, t->seen + 1);
	assert_true(mock_smtp_wait_closed(t->host, now));
	h = mock_smtp_heard(t->host, t->seen++);
	for (size_t i = 0; i < h->n_commands; i++)
		if (regexec(&t->wire, h->command[i].line, 0, NULL, 0) != 0)
			fail_msg("%s: '%s' is no command of ours", shown,
			    h->command[i].line);
	assert_true(h->n_messages <= 1);
	if (h->n_messages == 1 && h->message[0]->complete)
		check_message(h->message[0], door == HEADER);
	else
		assert_int_not_equal(o->status, 0);
}

static void
run(struct trial *t, enum door door, const char *text)
{
	const char		*argv[12] = { "relais", "-C", NULL, "-i" };
	const char		*more = NULL;
	const char		*env[] = { "PATH=/usr/bin:/bin",
	    "HOME=/nowhere",
				    "LC_ALL=C", NULL, NULL };
	struct buffer		 input = { 0 }, line = { 0 };
	struct program_result	 o;
	size_t			 n = 4;
	struct program		 program = { .argv =
	    argv,
				    .env = env };

	if (door == SENDER)
		argv[n++] = "-f";
	if (door == NAME)
		argv[n++] = "-F";
	if (door == ENVID)
		argv[n++] = "-V";
	if (door == NOTICES)
		argv[n++] = "-N";
	if (door <= ENVID || door == NOTICES)
		argv[n++] = text;
	if (door == HEADER)
		argv[n++] = "-t";
	if (door != ARGUMENT && door != HEADER)
		argv[n++] = door == CONFIG ? "joe" : "joe@example.net";
	if (door == HEADER)
		buffer_addf(&input, "%s\nTo: z@example.net\n", text);
	buffer_addf(&input, "X: y\n\n%s\n", door == BODY ? text : "hello");
	if (door == ENVIRONMENT) {
		buffer_addf(&line, "NAME=%s", text);
		env[3] = line.data;
	}
	if (door == CONFIG) {
		buffer_addf(&line, "%s\n%s", text, strncmp(text, "root", 4) ?
		    "root = z@example.net\n" : "");
		more = line.data;
	}
	if (door == PASSWD) {
		buffer_addf(&line, "root:x:0:0:%s,,,:/root:/bin/sh\n", text);
		t->passwd = temp_dir_write(&t->dir, "passwd", 0644,
		    line.data);
	}
	t->host_name = door == HOST_NAME ? text : NULL;
	if (t->passwd != NULL || t->host_name != NULL) {
		program.prepare = in_another_system;
		program.ctx = t;
	}
	argv[2] = conf_write(&t->dir, t->host, "smtp", more);
	program.input = input.data;
	program_run(&o, &program);
	t->passwd = NULL;
	if (o.status != 99)
		check_wire(t, &o, door, text);
	program_result_free(&o);
	buffer_free(&input);
	buffer_free(&line);
}

static void
no_input_becomes_an_smtp_command(void **state)
{
	struct trial	t = { 0 };

	(void)state;
	temp_dir_make(&t.dir);
	assert_int_equal(regcomp(&t.wire, grammar, REG_EXTENDED | REG_NOSUB),
	    0);
	for (size_t d = 0; d < sizeof(doors) / sizeof(*doors); d++) {
		t.seen = 0;
		t.host = mock_smtp_start(&(struct script){ 0 });
		for (size_t n = 0; n < CASES; n++) {
			char		 octet[2];
			struct buffer	 text = { 0 };
			const char	*place = strstr(doors[d].text, "%s");

			buffer_add(&text, doors[d].text,
			    (size_t)(place - doors[d].text));
			buffer_add_text(&text, attack(n, octet));
			buffer_add_text(&text, place + 2);
			run(&t, doors[d].door, text.data);
			buffer_free(&text);
		}
		mock_smtp_stop(t.host);
	}
	regfree(&t.wire);
	temp_dir_remove(&t.dir);
}

struct nul_case {
	const char	*text;
	size_t		 len;
};

static void
is_refused_with_65(void **state)
{
	const struct nul_case	*c = *state;
	struct program_result	 o;
	struct temp_dir		 dir;
	struct mock_smtp	*host = mock_smtp_start(&(struct script){ 0 });
	const char		*conf;

	temp_dir_make(&dir);
	conf = conf_write(&dir, host, "smtp", NULL);
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", conf, "-t", "-i"),
	    .input = c->text, .input_len = c->len });
	assert_int_equal(o.status, EX_DATAERR);
	assert_non_null(strstr(o.err.data, "NUL"));
	program_result_free(&o);
	assert_int_equal(mock_smtp_messages(host), 0);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

#define REFUSED(sentence, text) { sentence, is_refused_with_65, NULL, NULL, \
	&(struct nul_case){ text, sizeof(text) - 1 } }

static const struct CMUnitTest injection_spec[] = {
	cmocka_unit_test(no_input_becomes_an_smtp_command),
	REFUSED("NUL in an address is refused with 65",
	    "To: a@b\0\n\nx\n"),
	REFUSED("NUL in a header field is refused with 65",
	    "To: a@b\nSubject: \0\n\n\n"),
	REFUSED("NUL in the body is refused with 65",
	    "To: a@b\n\nabcdefghi\0\n"),
};

int
main(void)
{
	return cmocka_run_group_tests(injection_spec, NULL, NULL);
}
