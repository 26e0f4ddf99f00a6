/*
 * AUTH in the whole program: the mechanism, the errors, and the places where a
 * password must not appear.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "support/mechanisms.h"
#include "support/skip.h"
#include "support/tls_fixture.h"

#define TRUSTED	"tls_ca = {ca}\n"
#define LOGIN	TRUSTED TLS_FIXTURE_LOGIN
#define TOKEN	TRUSTED "user = nina\ntoken_command = cat {dir}/token\n"
#define ALL	"LOGIN PLAIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 " \
		"SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS XOAUTH2 OAUTHBEARER " \
		"EXTERNAL"
#define BOUND	"PLAIN SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS"

enum { TOKEN_SIZE = 2500 };

/* The server, our configuration, and the expected result. */
struct login {
	struct script		 script;
	struct mechanisms	 how;
	const char		*scheme;	/* NULL: submission */
	const char		*more;		/* NULL: LOGIN */
	const char		*mechanism;	/* that is taken; or NULL */
	int			 status;
	const char		*says[3];
	const char		*traces;	/* or NULL */
	const char		*commands;	/* NULL: any */
	const char		*lines;		/* from the first AUTH on, NULL:
						 * any */
};

static void
no_ems(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_EXTENDED_MASTER_SECRET);
}

static void
write_token(struct tls_fixture *s, char token[TOKEN_SIZE + 2])
{
	memset(token, 't', TOKEN_SIZE);
	strlcpy(token + TOKEN_SIZE, "\n", 2);
	temp_dir_write(&s->dir, "token", 0600, token);
	token[TOKEN_SIZE] = '\0';
}

/* Writes a client certificate; returns the path of its authority. */
static const char *
write_certificate(struct tls_fixture *s)
{
	struct certificate	root, leaf;

	certificate_make(&root, &(struct certificate_form){
	    .common_name = "Client Root", .authority = true }, NULL);
	certificate_make(&leaf, &(struct certificate_form){
	    .common_name = "nina", .usage = "clientAuth" }, &root);
	certificate_write(&leaf, temp_dir_path(&s->dir, "own.pem"),
	    CERTIFICATE_KEY);
	certificate_write(&root, temp_dir_path(&s->dir, "clients.pem"), 0);
	certificate_free(&leaf);
	certificate_free(&root);
	return temp_dir_path(&s->dir, "clients.pem");
}

static void
prepare(struct tls_fixture *s, const struct login *l, struct script *script,
    struct mechanisms *how)
{
	*script = l->script;
	*how = l->how;
	script->auth = mechanisms_auth;
	script->auth_ctx = how;
	script->auth_required = l->mechanism != NULL;
	if (script->user == NULL) {
		script->user = "nina";
		script->password = TLS_FIXTURE_PASSWORD;
	}
	how->user = script->user;
	how->password = script->password;
	if (l->scheme == NULL)
		script->security = STARTTLS_OFFERED;
	if (script->client_ca != NULL)
		script->client_ca = write_certificate(s);
}

static void
check(struct tls_fixture *s, const struct login *l)
{
	const struct heard	*h;
	char			*commands;

	if (s->o.status != l->status)
		fail_msg("status %d: %s", s->o.status, s->o.err.data);
	for (size_t i = 0; i < 3; i++)
		tls_fixture_said(s, l->says[i]);
	tls_fixture_traced(s, l->traces);
	assert_true(mock_smtp_wait_closed(s->host, 1));
	h = mock_smtp_heard(s->host, 0);
	assert_int_equal(mock_smtp_messages(s->host), l->status == 0);
	if (l->mechanism != NULL) {
		assert_true(h->authenticated);
		assert_string_equal(h->mechanism, l->mechanism);
	}
	commands = heard_commands(h, false);
	if (l->commands != NULL)
		assert_string_equal(commands, l->commands);
	free(commands);
	commands = heard_commands(h, true);
	if (l->lines != NULL) {
		const char	*auth = strstr(commands, "AUTH ");

		assert_non_null(auth);
		assert_memory_equal(auth, l->lines, strlen(l->lines));
	}
	free(commands);
}

static void
logs_in(void **state)
{
	const struct login	*l = *state;
	struct tls_fixture	 s;
	struct script		 script;
	struct mechanisms	 how;
	char			 token[TOKEN_SIZE + 2];
	bool			 in_clear = l->scheme != NULL &&
				    l->mechanism != NULL;

	tls_fixture_begin(&s);
	write_token(&s, token);
	temp_dir_write(&s.dir, "secret", 0600, TLS_FIXTURE_PASSWORD "\n");
	prepare(&s, l, &script, &how);
	if (how.token == NULL)
		how.token = token;
	tls_fixture_open(&s, &script, l->scheme != NULL ? l->scheme :
	    "submission", l->more != NULL ? l->more : LOGIN);
	tls_fixture_send(&s);
	check(&s, l);
	if (!in_clear)
		tls_fixture_kept_secret(&s);
	/* The server's signature, "v=", allows a guess to be tested. */
	if (l->status == 0)
		assert_null(strstr(s.o.out.data, "334 dj"));
	assert_null(strstr(s.o.out.data, "tttttttttt"));
	assert_null(strstr(s.o.out.data, "dHR0dHR0dHR0"));
	tls_fixture_close(&s);
}

#define LOGS_IN(sentence, name, ...) { sentence, logs_in, NULL, NULL, \
	&(struct login){ .mechanism = name, __VA_ARGS__ } }
#define FAILS(sentence, ...) { sentence, logs_in, NULL, NULL, \
	&(struct login){ __VA_ARGS__ } }

#define OFFERS(names)	.script = { .mechanisms = names }
#define STEPS(names, ...) \
	.script = { .mechanisms = names, .steps = { __VA_ARGS__ } }
#define ON_AUTH_SAY(names, reply) \
	STEPS(names, { .at = ON_AUTH, .say = reply })
#define IN_CLEAR(lines) .scheme = "smtp", .more = TLS_FIXTURE_LOGIN lines, \
	.script = { .mechanisms = "PLAIN" }
#define NO_QUIT	"EHLO|STARTTLS|EHLO|AUTH"
#define ONCE	"EHLO|STARTTLS|EHLO|AUTH|QUIT"
#define SENT	"MAIL|RCPT|BDAT|QUIT"
/* Three characters that NFKC changes. */
#define ODD	"abcd123456789\302\250\342\200\221\302\274###"
#define PLAIN_NINA	"AG5pbmEAVHIwdWI0ZG9yJjMtc2VjcmV0"
#define NINA	"bmluYQ=="
#define SECRET	"VHIwdWI0ZG9yJjMtc2VjcmV0"
#define LOGIN_NINA	"AUTH LOGIN " NINA
#define LOGIN_LATE	"AUTH LOGIN|" NINA "|" SECRET "|MAIL"
#define ONCE_SENT	"EHLO|STARTTLS|EHLO|AUTH|" SENT

/* ----------------------------------------------- where a password is not */

/* Returns false if this user has no access; root has. */
static bool
read_proc(struct buffer *to, pid_t pid, const char *name)
{
	char	path[64];

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	if (access(path, R_OK) == -1)
		return false;
	file_read(to, path);
	return true;
}

/* Searches each region; returns false if this user has no access. */
static bool
memory_shows_password(pid_t pid, bool *shows)
{
	struct buffer	 maps = { 0 };
	char		 path[64], mode[5];
	unsigned long	 from, to;
	int		 fd;
	bool		 looked = false;

	*shows = false;
	snprintf(path, sizeof(path), "/proc/%ld/mem", (long)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	if (!read_proc(&maps, pid, "maps"))
		buffer_add_text(&maps, "");
	for (const char *at = maps.data; at != NULL && *at != '\0'; ) {
		if (sscanf(at, "%lx-%lx %4s", &from, &to, mode) == 3 &&
		    mode[1] == 'w' && to - from < 64ul << 20) {
			char	*copy = malloc(to - from);
			ssize_t	 n = pread(fd, copy, to - from, (off_t)from);

			looked = looked || n > 0;
			*shows = *shows || (n > 0 &&
			    tls_fixture_shows_password(copy, (size_t)n));
			free(copy);
		}
		at = strchr(at, '\n');
		at = at != NULL ? at + 1 : NULL;
	}
	close(fd);
	buffer_free(&maps);
	return looked;
}

/* The input is a file, because nothing writes to a pipe meanwhile. */
static struct program
in_background(struct tls_fixture *s)
{
	struct program	p = tls_fixture_program(s);

	p.input = NULL;
	p.input_file = temp_dir_write(&s->dir, "message", 0644,
	    "Subject: x\n\nhi\n");
	return p;
}

/* Waits for the reply to MAIL, when the password has been used. */
static void
memory_is_seen(const char *mechanism, const char *secret, bool expected)
{
	struct tls_fixture	 s;
	struct mechanisms	 how = { .user = "nina",
				    .password = TLS_FIXTURE_PASSWORD };
	struct program		 p;
	struct running		*running;
	struct buffer		 text = { 0 };
	bool			 shows;

	tls_fixture_begin(&s);
	temp_dir_write(&s.dir, "secret", 0600, TLS_FIXTURE_PASSWORD "\n");
	tls_fixture_open(&s, &(struct script){ .security = STARTTLS_OFFERED,
	    .user = "nina", .password = TLS_FIXTURE_PASSWORD,
	    .mechanisms = mechanism, .auth = mechanisms_auth,
	    .auth_ctx = &how, .auth_required = true,
	    .steps = { { .at = ON_MAIL, .hold = true } } }, "submission",
	    secret);
	p = in_background(&s);
	running = program_start(&p);
	assert_true(mock_smtp_wait_commands(s.host, ON_MAIL, 1));
	assert_true(read_proc(&text, program_pid(running), "cmdline"));
	assert_false(tls_fixture_shows_password(text.data, text.len));
	if (read_proc(&text, program_pid(running), "environ"))
		assert_false(tls_fixture_shows_password(text.data, text.len));
	assert_true(read_proc(&text, program_pid(running), "limits"));
	assert_non_null(strstr(text.data,
	    "Max core file size        0                    0 "));
	if (memory_shows_password(program_pid(running), &shows))
		assert_int_equal(shows, expected);
	mock_smtp_release(s.host);
	program_stop(running, 0, &s.o);
	assert_int_equal(s.o.status, 0);
	tls_fixture_kept_secret(&s);
	buffer_free(&text);
	tls_fixture_close(&s);
}

#define BY_FILE		TRUSTED "user = nina\npassword_file = {dir}/secret\n"
#define BY_COMMAND	TRUSTED "user = nina\n" \
			"password_command = cat {dir}/secret\n"

static void
the_password_is_wiped_after_use(void **state)
{
	(void)state;
	/* The search works: it finds the user name from the configuration. */
	memory_is_seen("PLAIN", LOGIN, true);
	memory_is_seen("PLAIN", BY_FILE, false);
	memory_is_seen("LOGIN", BY_FILE, false);
	memory_is_seen("SCRAM-SHA-256-PLUS SCRAM-SHA-256", BY_FILE,
	    false);
	memory_is_seen("CRAM-MD5", BY_FILE "auth = CRAM-MD5\n",
	    false);
	memory_is_seen("PLAIN", BY_COMMAND, false);
}

/* As another user: a process without dumps belongs to root in /proc. */
static void
become_nobody(void *context)
{
	(void)context;
	if (geteuid() == 0 && (setgid(65534) == -1 || setuid(65534) == -1))
		_exit(99);
	if (access(BUILD "/sendmail", X_OK) == -1)
		_exit(99);
}

static void
let_nobody_in(struct tls_fixture *s)
{
	chmod(s->dir.path, 0755);
	chmod(s->usual.ca, 0644);
	chmod(temp_dir_path(&s->dir, "aliases"), 0644);
	if (geteuid() == 0)
		assert_int_equal(chown(s->conf, 65534, 65534), 0);
}

static void
core_dumps_and_ptrace_are_disabled(void **state)
{
	struct tls_fixture	 s = { .host = NULL };
	struct program		 p;
	struct running		*running;
	struct stat		 st;
	char			 path[64];

	(void)state;
	tls_fixture_open(&s, &(struct script){ .security = STARTTLS_OFFERED,
	    .steps = { { .at = ON_EHLO, .hold = true } } }, "submission",
	    LOGIN);
	let_nobody_in(&s);
	p = in_background(&s);
	p.prepare = become_nobody;
	running = program_start(&p);
	if (mock_smtp_wait_commands(s.host, ON_EHLO, 1)) {
		snprintf(path, sizeof(path), "/proc/%ld/mem",
		    (long)program_pid(running));
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_uid, 0);
	}
	program_stop(running, SIGKILL, &s.o);
	tls_fixture_close(&s);
}

/* An unreadable file is reported with its mode and owner, and status 77. */
static void
may_not_be_read(const char *name, const char *more)
{
	struct tls_fixture	s;
	struct program		p;

	tls_fixture_begin(&s);
	temp_dir_write(&s.dir, "secret", 0600, TLS_FIXTURE_PASSWORD);
	tls_fixture_open(&s, &(struct script){ .security = STARTTLS_OFFERED },
	    "submission", more);
	let_nobody_in(&s);
	chmod(temp_dir_path(&s.dir, name), 0040);
	if (geteuid() == 0)
		assert_int_equal(chown(temp_dir_path(&s.dir, name), 0, 0), 0);
	p = tls_fixture_program(&s);
	p.prepare = become_nobody;
	program_run(&s.o, &p);
	if (s.o.status == 99)
		skip_because("user 65534 cannot reach %s/sendmail", BUILD);
	assert_int_equal(s.o.status, EX_NOPERM);
	tls_fixture_said(&s, name);
	tls_fixture_said(&s, "(mode 0040, owner ");
	tls_fixture_said(&s, "has no permission to read it");
	assert_int_equal(mock_smtp_connections(s.host), 0);
	tls_fixture_close(&s);
}

static void
an_unreadable_password_file_is_reported(void **state)
{
	(void)state;
	may_not_be_read("secret", BY_FILE);
}

static void
an_unreadable_configuration_is_reported(void **state)
{
	(void)state;
	may_not_be_read("relais.conf", LOGIN);
}

static void
is_open_to_others(const char *name, const char *more)
{
	struct tls_fixture	s;

	tls_fixture_begin(&s);
	temp_dir_write(&s.dir, "secret", 0600, TLS_FIXTURE_PASSWORD);
	tls_fixture_open(&s, &(struct script){ .security = STARTTLS_OFFERED },
	    "submission", more);
	chmod(temp_dir_path(&s.dir, name), 0644);
	tls_fixture_send(&s);
	assert_int_equal(s.o.status, EX_CONFIG);
	tls_fixture_said(&s, "run: chmod o-rwx /");
	tls_fixture_said(&s, name);
	assert_int_equal(mock_smtp_connections(s.host), 0);
	tls_fixture_close(&s);
}

static void
a_secret_that_other_users_can_read_is_refused(void **state)
{
	(void)state;
	is_open_to_others("secret", BY_FILE);
	is_open_to_others("relais.conf", LOGIN);
}

/* ---------------------------------------- what a server repeats of it all */

/*
 * The password as it was sent, truncated, decoded, in other encodings, and
 * split over two lines.
 */
#define REPEATED(code) \
	code "-unrecognized: \"AUTH PLAIN " PLAIN_NINA "\"\n" \
	code "-AG5pbmEAVHIwdWI0ZG9y\n" \
	code "-JjMtc2VjcmV0, " SECRET ", " TLS_FIXTURE_PASSWORD "\n" \
	code "-Tr0ub4dor%263-secret, 54723075623464 6f7226332d736563726574\n" \
	code " dTpUcjB1YjRkb3ImMy1zZWNyZXQh"
#define TOKEN_REPEATED(code) code " what is tttttttttt, dHR0dHR0dHR0dHR0 " \
	"or 7474747474747474?"

struct echo {
	struct script	 script;
	const char	*more;		/* NULL: LOGIN */
	const char	*says;		/* on standard error; NULL: any */
	bool		 refuses;	/* the token */
};

/* In every file of the queue. */
static void
queue_kept_secret(struct tls_fixture *s)
{
	static const char *const	dirs[] = { "queue", "failed" };
	struct buffer			text = { 0 };

	for (size_t i = 0; i < 2; i++) {
		char		 path[512];
		DIR		*dir;
		struct dirent	*entry;

		snprintf(path, sizeof(path), "%s/spool/%s", s->dir.path,
		    dirs[i]);
		dir = opendir(path);
		while (dir != NULL && (entry = readdir(dir)) != NULL) {
			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/spool/%s/%s",
			    s->dir.path, dirs[i], entry->d_name);
			file_read(&text, path);
			assert_false(tls_fixture_shows_password(text.data,
			    text.len));
			assert_null(strstr(text.data, "tttttt"));
		}
		if (dir != NULL)
			closedir(dir);
	}
	buffer_free(&text);
}

/* Standard output contains the dialogue; standard error the log. */
static void
repeats(void **state)
{
	static const char	secrets[][16] = { "Tr0ub4", "dor&3-", "dor%26",
		"VHIwdW", "AG5pbmE", "ZWNyZXQ", "546572", "726332", "jMtc2V",
		"ttttt", "dHR0dH", "747474" };
	const struct echo	*e = *state;
	struct tls_fixture	 s;
	struct script		 script = e->script;
	struct mechanisms	 how = { .user = "nina", .error = "{\"token\":"
				    "\"ttttttt dHR0dHR0dHR0dHR0\"}" };
	struct buffer		 more = { 0 };
	char			 token[TOKEN_SIZE + 2];

	tls_fixture_begin(&s);
	write_token(&s, token);
	how.token = e->refuses ? "other" : token;
	script.security = STARTTLS_OFFERED;
	script.user = "nina";
	script.password = TLS_FIXTURE_PASSWORD;
	script.auth = mechanisms_auth;
	script.auth_ctx = &how;
	buffer_addf(&more, "queue = {dir}/spool\nlog = stderr\n%s",
	    e->more != NULL ? e->more : LOGIN);
	tls_fixture_open(&s, &script, "submission", more.data);
	tls_fixture_send(&s);
	tls_fixture_said(&s, e->says);
	tls_fixture_kept_secret(&s);
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		assert_null(strstr(s.o.out.data, secrets[i]));
		assert_null(strstr(s.o.err.data, secrets[i]));
	}
	queue_kept_secret(&s);
	buffer_free(&more);
	tls_fixture_close(&s);
}

#define REPEATS(sentence, where, code) { sentence, repeats, NULL, NULL, \
	&(struct echo){ STEPS("PLAIN", { .at = where, \
	    .say = REPEATED(code) }), .says = code } }
#define REPEATS_TOKEN(sentence, where, code) { sentence, repeats, NULL, \
	NULL, &(struct echo){ STEPS("XOAUTH2", { .at = where, \
	    .say = TOKEN_REPEATED(code) }), .more = TOKEN, .says = code } }

static const struct CMUnitTest auth_spec[] = {
	REPEATS("a 500 to AUTH that repeats the credentials is masked",
	    ON_AUTH, "500"),
	REPEATS("a 535 to AUTH that repeats the credentials is masked",
	    ON_AUTH, "535"),
	REPEATS("a 454 to AUTH that repeats the credentials is masked",
	    ON_AUTH, "454"),
	REPEATS("a 421 to AUTH that repeats the credentials is masked",
	    ON_AUTH, "421"),
	REPEATS("an invalid reply that repeats the credentials is masked",
	    ON_AUTH, "hm"),
	{ "a 235 to AUTH that repeats the credentials is masked",
	    repeats, NULL, NULL,
	    &(struct echo){ STEPS("PLAIN", { .at = ON_AUTH,
	    .say = REPEATED("235") }) } },
	REPEATS("a 530 to MAIL that repeats the credentials is masked",
	    ON_MAIL, "530"),
	REPEATS("a 450 to RCPT that repeats the credentials is masked",
	    ON_RCPT, "450"),
	REPEATS("a final 554 that repeats the credentials is masked",
	    ON_BODY, "554"),
	REPEATS("a final 250 that repeats the credentials is masked",
	    ON_BODY, "250"),
	REPEATS_TOKEN("a 500 to AUTH that repeats the token is masked",
	    ON_AUTH, "500"),
	REPEATS_TOKEN("a 450 to MAIL that repeats the token is masked",
	    ON_MAIL, "450"),
	{ "a challenge that repeats the token is masked", repeats, NULL, NULL,
	    &(struct echo){ OFFERS("XOAUTH2"), .more = TOKEN, .refuses = true,
	    .says = "AUTH XOAUTH2: 535" } },

	LOGS_IN("the strongest mechanism is used", "SCRAM-SHA-256-PLUS",
	    OFFERS(ALL)),
	LOGS_IN("with TLS 1.3, the channel binding is tls-exporter",
	    "SCRAM-SHA-1-PLUS", OFFERS(BOUND),
	    .traces = "SCRAM-SHA-1-PLUS with channel binding tls-exporter\n"),
	LOGS_IN("with TLS 1.2, the channel binding is tls-unique",
	    "SCRAM-SHA-1-PLUS", .script = { .mechanisms = BOUND,
	    .tls_max = TLS1_2_VERSION },
	    .traces = "SCRAM-SHA-1-PLUS with channel binding tls-unique\n"),
	LOGS_IN("without extended master secret, the next mechanism is used",
	    "SCRAM-SHA-256", .script = { .mechanisms = ALL,
	    .tls_max = TLS1_2_VERSION, .tls_setup = no_ems }),
	FAILS("without extended master secret, and only -PLUS is offered",
	    .script = { .mechanisms = "SCRAM-SHA-1-PLUS",
	    .tls_max = TLS1_2_VERSION, .tls_setup = no_ems },
	    .status = EX_NOPERM, .commands = "EHLO|STARTTLS|EHLO|QUIT",
	    .says = { "AUTH: the server offers only SCRAM-SHA-1-PLUS; "
	    "TLS 1.3, or TLS 1.2 with extended master secret, is required for "
	    "SCRAM-SHA-1-PLUS (" }),
	LOGS_IN("a server that requires tls-server-end-point gets it",
	    "SCRAM-SHA-256-PLUS", OFFERS(ALL),
	    .how = { .binding = "tls-server-end-point" },
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|*|AUTH|*|*|" SENT,
	    .traces = "SCRAM-SHA-256-PLUS with channel binding "
	    "tls-server-end-point\n"),
	LOGS_IN("tls-server-end-point is tried if tls-exporter does not match",
	    "SCRAM-SHA-1-PLUS", OFFERS(BOUND), .how = { .intercepted = true },
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|*|*|AUTH|*|*|" SENT),
	LOGS_IN("tls-server-end-point is tried if tls-unique does not match",
	    "SCRAM-SHA-1-PLUS", .script = { .mechanisms = BOUND,
	    .tls_max = TLS1_2_VERSION }, .how = { .intercepted = true },
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|*|*|AUTH|*|*|" SENT),
	FAILS("between two TLS sessions, nothing else is tried",
	    OFFERS(ALL), .how = { .attacked = true }, .status = EX_NOPERM,
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|*|*|AUTH|*|*|QUIT",
	    .says = { "AUTH SCRAM-SHA-256-PLUS: 535 5.7.8 credentials invalid "
	    "(channel-bindings-dont-match); the TLS session does not end at "
	    "the server: a proxy or an attacker decrypts everything; if it is "
	    "a proxy that you trust, set auth = SCRAM-SHA-256, which does not "
	    "detect it (" }),
	FAILS("between two TLS sessions, without an explanation",
	    OFFERS(ALL), .how = { .attacked = true, .silent = true },
	    .status = EX_NOPERM,
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|*|QUIT",
	    .says = { "AUTH SCRAM-SHA-256-PLUS: 535 5.7.8 credentials invalid; "
	    "check user (", "(password)); if they are correct, a proxy or "
	    "an attacker may decrypt TLS in between, or the server may not "
	    "support this channel binding; if you are sure that it is not an "
	    "attacker, set auth = SCRAM-SHA-256 to log in without channel "
	    "binding\n" }),
	FAILS("-PLUS reports a wrong password, which is tried once",
	    .script = { .mechanisms = ALL, .user = "nina",
	    .password = "another" }, .status = EX_NOPERM,
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|*|QUIT",
	    .says = { "AUTH SCRAM-SHA-256-PLUS: 535" }),
	FAILS("-PLUS that was removed from the offer is detected",
	    OFFERS("PLAIN SCRAM-SHA-256"), .how = { .stripped = true },
	    .status = EX_NOPERM,
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|*|QUIT",
	    .says = { "AUTH SCRAM-SHA-256: 535 5.7.8 credentials invalid "
	    "(server-does-support-channel-binding); the server supports "
	    "channel binding, but the offer that has arrived does not include "
	    "it" }),
	FAILS("-PLUS that was removed from the offer, without an explanation",
	    OFFERS("PLAIN SCRAM-SHA-256"), .how = { .stripped = true,
	    .silent = true }, .status = EX_NOPERM,
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|QUIT",
	    .says = { "AUTH SCRAM-SHA-256: 535 5.7.8 credentials invalid; "
	    "check user (", "may decrypt TLS in between" }),
	LOGS_IN("without -PLUS in auth, -PLUS may be missing in the offer",
	    "SCRAM-SHA-256", OFFERS("PLAIN SCRAM-SHA-256"),
	    .how = { .stripped = true },
	    .more = LOGIN "auth = SCRAM-SHA-256\n"),
	FAILS("after a refused -PLUS, PLAIN is not used",
	    STEPS("PLAIN SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS", { .at = ON_AUTH,
	    .match = "-PLUS", .say = "504 5.5.4 not that one" }),
	    .status = EX_NOPERM,
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|AUTH|QUIT",
	    .says = { "AUTH SCRAM-SHA-1-PLUS: 504 5.5.4 not that one; to log "
	    "in without channel binding, set auth = SCRAM-SHA-256, or another "
	    "mechanism without -PLUS (" }),
	FAILS("after a refused -PLUS, a changed offer is detected",
	    STEPS("PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS", { .at = ON_AUTH,
	    .match = "-PLUS", .say = "504 5.5.4 not that one" }),
	    .how = { .stripped = true }, .status = EX_NOPERM,
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|AUTH|*|QUIT",
	    .says = { "AUTH SCRAM-SHA-256: 535 5.7.8 credentials invalid "
	    "(server-does-support-channel-binding)" }),
	FAILS("after 501 to a message of -PLUS, PLAIN is not used",
	    STEPS("PLAIN SCRAM-SHA-256-PLUS", { .at = ON_AUTH_LINE,
	    .say = "501 5.5.2 what?" }), .status = EX_NOPERM,
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|*|QUIT",
	    .says = { "AUTH SCRAM-SHA-256-PLUS: 501 5.5.2 what?; to log in" }),
	LOGS_IN("after a refused -PLUS, PLAIN is used if auth names it",
	    "PLAIN", STEPS("PLAIN SCRAM-SHA-256-PLUS", { .at = ON_AUTH,
	    .match = "-PLUS", .say = "504 5.5.4 not that one" }),
	    .more = LOGIN "auth = SCRAM-SHA-256-PLUS PLAIN\n"),
	FAILS("success after an error in the exchange is not accepted",
	    STEPS("SCRAM-SHA-256-PLUS", { .at = ON_AUTH_LINE, .nth = 2,
	    .say = "235 2.7.0 never mind" }), .how = { .attacked = true },
	    .status = EX_NOPERM, .says = { "did not prove" },
	    .commands = NO_QUIT "|*|*"),
	FAILS("a challenge after an error in the exchange is not answered",
	    STEPS("SCRAM-SHA-256-PLUS", { .at = ON_AUTH_LINE, .nth = 2,
	    .say = "334 cj14" }), .how = { .attacked = true },
	    .status = EX_PROTOCOL, .says = { "unexpected challenge" },
	    .commands = NO_QUIT "|*|*"),
	FAILS("a temporary failure after an error in the exchange is temporary",
	    STEPS("SCRAM-SHA-256-PLUS", { .at = ON_AUTH_LINE, .nth = 2,
	    .say = "454 4.7.0 later" }), .how = { .attacked = true },
	    .status = EX_TEMPFAIL, .says = { "454 4.7.0 later" },
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|*|*|QUIT"),
	LOGS_IN("SCRAM-SHA-1 is used before PLAIN", "SCRAM-SHA-1",
	    OFFERS("PLAIN LOGIN SCRAM-SHA-1")),
	LOGS_IN("PLAIN is used before LOGIN", "PLAIN", OFFERS("LOGIN PLAIN")),
	LOGS_IN("LOGIN is used if no other mechanism is offered", "LOGIN",
	    OFFERS("LOGIN CRAM-MD5")),
	LOGS_IN("CRAM-MD5 is used if auth names it", "CRAM-MD5", OFFERS(ALL),
	    .more = LOGIN "auth = CRAM-MD5\n"),
	LOGS_IN("the mechanisms in auth are tried in their order",
	    "LOGIN", OFFERS(ALL),
	    .more = LOGIN "auth = login plain\n"),
	LOGS_IN("an access token is sent with OAUTHBEARER", "OAUTHBEARER",
	    OFFERS(ALL), .more = TOKEN),
	LOGS_IN("an access token is sent with XOAUTH2", "XOAUTH2",
	    OFFERS("PLAIN XOAUTH2"), .more = TOKEN),
	LOGS_IN("EXTERNAL is used with only a certificate", "EXTERNAL",
	    .script = { .mechanisms = ALL, .client_ca = "" },
	    .more = TRUSTED "tls_certificate = {dir}/own.pem\n"),
	LOGS_IN("EXTERNAL is used with a certificate and a user", "EXTERNAL",
	    .script = { .mechanisms = ALL, .client_ca = "" },
	    .more = TRUSTED "tls_certificate = {dir}/own.pem\n"
	    "user = nina\n"),
	LOGS_IN("a password is used before a certificate", "PLAIN",
	    .script = { .mechanisms = "PLAIN EXTERNAL", .client_ca = "" },
	    .more = LOGIN "tls_certificate = {dir}/own.pem\n"),
	FAILS("with only a certificate, mail is sent to a server without AUTH",
	    .script = { .mechanisms = "PLAIN", .client_ca = "" },
	    .more = TRUSTED "tls_certificate = {dir}/own.pem\n",
	    .commands = "EHLO|STARTTLS|EHLO|" SENT),
	FAILS("auth = off sends without authentication", OFFERS("PLAIN"),
	    .more = LOGIN "auth = off\n",
	    .commands = "EHLO|STARTTLS|EHLO|" SENT),
	LOGS_IN("password_command supplies the password",
	    "PLAIN", OFFERS("PLAIN"),
	    .more = BY_COMMAND),
	LOGS_IN("SASLprep is applied to the user name and the password",
	    "SCRAM-SHA-256",
	    .script = { .mechanisms = "SCRAM-SHA-256", .user = "nina",
	    .password = "IX" }, .more = TRUSTED "user = ni\302\255na\n"
	    "password = I\302\255X\n"),
	LOGS_IN("PLAIN sends the octets of the password unchanged", "PLAIN",
	    .script = { .mechanisms = "PLAIN", .user = "nina",
	    .password = ODD }, .more = TRUSTED "user = nina\n"
	    "password = " ODD "\n"),
	LOGS_IN("LOGIN sends the octets of the password unchanged", "LOGIN",
	    .script = { .mechanisms = "LOGIN", .user = "nina",
	    .password = ODD }, .more = TRUSTED "user = nina\n"
	    "password = " ODD "\n"),
	LOGS_IN("CRAM-MD5 uses the octets of the password unchanged",
	    "CRAM-MD5",
	    .script = { .mechanisms = "CRAM-MD5", .user = "nina",
	    .password = ODD }, .more = TRUSTED "user = nina\n"
	    "auth = cram-md5\npassword = " ODD "\n"),
	LOGS_IN("SCRAM applies SASLprep to the password", "SCRAM-SHA-256",
	    .script = { .mechanisms = "SCRAM-SHA-256", .user = "nina",
	    .password = "IXa" }, .more = TRUSTED "user = nina\n"
	    "auth = scram-sha-256\npassword = I\302\255X\302\252\n"),
	LOGS_IN("a password that SASLprep rejects is sent with PLAIN", "PLAIN",
	    .script = { .mechanisms = "PLAIN SCRAM-SHA-256",
	    .user = "nina", .password = "p\374" }, .more = TRUSTED
	    "user = nina\npassword = p\374\n",
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|" SENT),
	FAILS("a password that SASLprep rejects, and only SCRAM is offered",
	    OFFERS("SCRAM-SHA-256"), .more = TRUSTED "user = nina\n"
	    "password = p\374\n", .status = EX_CONFIG,
	    .commands = "EHLO|STARTTLS|EHLO|QUIT",
	    .says = { "AUTH: SCRAM-SHA-256: the password is not valid" }),
	LOGS_IN("after 504, the next mechanism is tried", "PLAIN",
	    STEPS("SCRAM-SHA-1 PLAIN LOGIN", { .at = ON_AUTH, .nth = 1,
	    .say = "504 5.5.4 not that one" }),
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|AUTH|" SENT),
	LOGS_IN("after 501 to the AUTH command, the next mechanism is tried",
	    "LOGIN",
	    STEPS("PLAIN LOGIN", { .at = ON_AUTH, .match = "PLAIN",
	    .say = "501 5.5.4 what?" }),
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|AUTH|*|" SENT),
	LOGS_IN("after 501 during an exchange, the next mechanism is tried",
	    "PLAIN",
	    STEPS("SCRAM-SHA-256 PLAIN", { .at = ON_AUTH_LINE,
	    .say = "501 5.5.2 what?" }),
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|*|AUTH|" SENT),
	LOGS_IN("after 534, the next mechanism is tried", "PLAIN",
	    STEPS("SCRAM-SHA-1 PLAIN", { .at = ON_AUTH, .nth = 1,
	    .say = "534 5.7.9 too weak" })),
	FAILS("after 534, the password is not sent by another mechanism",
	    STEPS("PLAIN LOGIN", { .at = ON_AUTH,
	    .say = "534 5.7.9 Application-specific password required." }),
	    .status = EX_NOPERM, .commands = ONCE,
	    .says = { "AUTH PLAIN: 534 5.7.9 Application-specific" }),
	FAILS("after 538, the token is not sent by another mechanism",
	    STEPS("XOAUTH2 OAUTHBEARER", { .at = ON_AUTH_LINE,
	    .say = "538 5.7.11 Encryption required" }), .more = TOKEN,
	    .status = EX_NOPERM,
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|*|QUIT",
	    .says = { "AUTH OAUTHBEARER: 538 5.7.11 Encryption" }),
	LOGS_IN("after 534 to PLAIN, a stronger mechanism is tried",
	    "SCRAM-SHA-1", STEPS("PLAIN LOGIN SCRAM-SHA-1", { .at = ON_AUTH,
	    .match = "PLAIN", .say = "534 5.7.9 too weak" }),
	    .more = LOGIN "auth = PLAIN LOGIN SCRAM-SHA-1\n"),
	FAILS("250 instead of 235 is success", ON_AUTH_SAY("PLAIN",
	    "250 2.0.0 yes"), .commands = ONCE_SENT),
	FAILS("254 after a challenge is success", STEPS("LOGIN",
	    { .at = ON_AUTH_LINE, .say = "254 welcome" }),
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|*|" SENT),
	FAILS("SCRAM requires the server's signature before 250, too",
	    ON_AUTH_SAY("SCRAM-SHA-256", "250 2.0.0 yes"),
	    .status = EX_NOPERM, .says = { "did not prove" }),
	LOGS_IN("the log does not contain the password", "PLAIN",
	    OFFERS("PLAIN"), .more = LOGIN "log = stderr\n"),
	LOGS_IN("PLAIN without TLS is used if tls = off and auth = PLAIN",
	    "PLAIN",
	    IN_CLEAR("tls = off\nauth = PLAIN\n")),
	LOGS_IN("auth = auto without TLS uses a mechanism that hides the "
	    "password",
	    "SCRAM-SHA-1", .scheme = "smtp", .more = TLS_FIXTURE_LOGIN
	    "tls = off\nauth = auto\n",
	    .script = { .mechanisms = "PLAIN LOGIN SCRAM-SHA-1" }),

	FAILS("after a wrong password, no other mechanism is tried",
	    .script = { .mechanisms = "PLAIN LOGIN", .user = "nina",
	    .password = "another" }, .status = EX_NOPERM,
	    .commands = ONCE, .says = { "AUTH PLAIN: 535 5.7.8",
	    "check user (", "relais.conf:10 (password)" }),
	FAILS("SCRAM reports a wrong password",
	    .script = { .mechanisms = "SCRAM-SHA-256", .user = "nina",
	    .password = "another" }, .status = EX_NOPERM,
	    .says = { "AUTH SCRAM-SHA-256: 535" }),
	FAILS("CRAM-MD5 reports a wrong password",
	    .script = { .mechanisms = "CRAM-MD5", .user = "nina",
	    .password = "another" }, .more = LOGIN "auth = CRAM-MD5\n",
	    .status = EX_NOPERM, .says = { "AUTH CRAM-MD5: 535" }),
	FAILS("454 is a temporary failure", ON_AUTH_SAY("PLAIN",
	    "454 4.7.0 Temporary authentication failure"),
	    .status = EX_TEMPFAIL, .commands = ONCE,
	    .says = { "AUTH PLAIN: 454 4.7.0 Temporary" }),
	FAILS("432 is a temporary failure",
	    ON_AUTH_SAY("PLAIN",
	    "432 4.7.12 A password transition is needed"),
	    .status = EX_TEMPFAIL, .says = { "432 4.7.12" }),
	FAILS("the server refuses every mechanism", STEPS("PLAIN LOGIN",
	    { .at = ON_AUTH, .say = "504 5.5.4 none" }),
	    .status = EX_NOPERM, .says = { "AUTH LOGIN: 504 5.5.4 none\n" },
	    .commands = "EHLO|STARTTLS|EHLO|AUTH|AUTH|AUTH|QUIT"),
	FAILS("an intermediate reply other than 334 is a refusal",
	    ON_AUTH_SAY("PLAIN", "354 go on"), .status = EX_PROTOCOL,
	    .says = { "AUTH PLAIN: 354" }),
	FAILS("OAUTHBEARER: the error contains the provider's reason",
	    OFFERS("OAUTHBEARER"), .how = { .token = "other",
	    .error = "{\"status\":\"invalid_token\",\"scope\":\"mail\"}" },
	    .more = TOKEN, .status = EX_NOPERM,
	    .says = { "AUTH OAUTHBEARER: 535 5.7.8",
	    "({\"status\":\"invalid_token\",\"scope\":\"mail\"})",
	    "and the token (" }),
	FAILS("XOAUTH2: the error contains the provider's reason",
	    OFFERS("XOAUTH2"), .how = { .token = "other",
	    .error = "{\"status\":\"400\",\"schemes\":\"Bearer\"}" },
	    .more = TOKEN, .status = EX_NOPERM,
	    .says = { "AUTH XOAUTH2: 535 5.7.8",
	    "({\"status\":\"400\",\"schemes\":\"Bearer\"})" }),
	FAILS("SCRAM detects a server that does not know the password",
	    OFFERS("SCRAM-SHA-256"), .how = { .forged = true },
	    .status = EX_NOPERM, .says = { "AUTH: SCRAM-SHA-256: ",
	    "signature" }),
	FAILS("SCRAM-PLUS detects a server that does not know the password",
	    OFFERS("SCRAM-SHA-256-PLUS"), .how = { .forged = true },
	    .status = EX_NOPERM, .says = { "signature" }),
	FAILS("SCRAM rejects too many iterations", OFFERS("SCRAM-SHA-1"),
	    .how = { .iterations = 1000001 }, .status = EX_PROTOCOL,
	    .says = { "AUTH: SCRAM-SHA-1: ", "iterations" } ),
	FAILS("SCRAM rejects an iteration count that overflows",
	    OFFERS("SCRAM-SHA-1"),
	    .how = { .iterations = 4294967295u }, .status = EX_PROTOCOL,
	    .says = { "iterations" }),
	FAILS("SCRAM rejects an invalid server-first-message",
	    STEPS("SCRAM-SHA-1", { .at = ON_AUTH,
	    .say = "334 cj14LHM9YyxpPTA=" }), .status = EX_PROTOCOL,
	    .says = { "AUTH: SCRAM-SHA-1: " }, .commands = NO_QUIT),
	FAILS("a challenge that is not base64 is an error", ON_AUTH_SAY("LOGIN",
	    "334 %%%"), .status = EX_PROTOCOL, .commands = NO_QUIT "|*|AUTH",
	    .says = { "challenge is not base64" }),
	FAILS("a challenge after PLAIN is an error", ON_AUTH_SAY("PLAIN",
	    "334 "), .status = EX_PROTOCOL, .commands = NO_QUIT,
	    .says = { "AUTH: PLAIN: ", "unexpected challenge" }),
	FAILS("no password is sent if a reply follows the prompt at once",
	    STEPS("LOGIN", { .at = ON_AUTH, .also = "235 2.7.0 welcome\r\n" }),
	    .status = EX_PROTOCOL, .commands = NO_QUIT,
	    .says = { "unexpected reply from the server: 235" }),
	FAILS("no password is sent if a second prompt follows at once",
	    STEPS("LOGIN", { .at = ON_AUTH, .also = "334 UGFzc3dvcmQ6\r\n" }),
	    .status = EX_PROTOCOL, .commands = NO_QUIT,
	    .says = { "unexpected reply from the server: 334" }),
	FAILS("a reply to AUTH that arrives with that to EHLO is an error",
	    STEPS("PLAIN", { .at = ON_EHLO, .nth = 2,
	    .also = "235 2.7.0 welcome\r\n" }), .status = EX_PROTOCOL,
	    .commands = "EHLO|STARTTLS|EHLO",
	    .says = { "unexpected reply from the server: 235" }),
	FAILS("a reply to MAIL that arrives with that to AUTH is an error",
	    STEPS("PLAIN", { .at = ON_AUTH, .also = "250 2.1.0 Ok\r\n" }),
	    .status = EX_PROTOCOL, .commands = "EHLO|STARTTLS|EHLO|AUTH",
	    .says = { "unexpected reply from the server: 250" }),
	FAILS("LOGIN: a second request for the user name is an error",
	    STEPS("LOGIN",
	    { .at = ON_AUTH, .say = "334 VXNlcm5hbWU6" },
	    { .at = ON_AUTH_LINE, .say = "334 VXNlcm5hbWU6" }),
	    .status = EX_PROTOCOL, .lines = LOGIN_NINA "|" NINA,
	    .commands = NO_QUIT "|*",
	    .says = { "requests the user name again" }),
	FAILS("a challenge that is too long ends the session",
	    STEPS("LOGIN", { .at = ON_AUTH,
	    .raw = "334 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	    .how = ENDLESS }), .status = EX_PROTOCOL,
	    .says = { "a line of more than" }),
	LOGS_IN("after 501, LOGIN is repeated without the initial response",
	    "LOGIN",
	    STEPS("LOGIN", { .at = ON_AUTH, .match = LOGIN_NINA,
	    .say = "501 5.7.0 initial response not allowed" }),
	    .lines = LOGIN_NINA "|" LOGIN_LATE),
	LOGS_IN("after 535, LOGIN is repeated without the initial response",
	    "LOGIN",
	    STEPS("LOGIN", { .at = ON_AUTH, .match = LOGIN_NINA,
	    .say = "535 5.7.8 authentication failed" }),
	    .lines = LOGIN_NINA "|" LOGIN_LATE),
	LOGS_IN("LOGIN: if the initial response is ignored, the user name is "
	    "sent again", "LOGIN",
	    STEPS("LOGIN", { .at = ON_AUTH, .say = "334 VXNlcm5hbWU6" },
	    { .at = ON_AUTH_LINE, .nth = 1, .say = "334 UGFzc3dvcmQ6" }),
	    .lines = LOGIN_NINA "|" NINA "|" SECRET "|MAIL"),
	LOGS_IN("LOGIN: ignored initial response and empty prompts start it "
	    "again", "LOGIN",
	    STEPS("LOGIN", { .at = ON_AUTH, .say = "334 " },
	    { .at = ON_AUTH_LINE, .nth = 2, .say = "334 " }),
	    .lines = LOGIN_NINA "|*|" LOGIN_LATE),
	LOGS_IN("LOGIN: ignored initial response and German prompts start it "
	    "again",
	    "LOGIN", STEPS("LOGIN",
	    { .at = ON_AUTH, .say = "334 TnV0emVya2VubnVuZzo=" },
	    { .at = ON_AUTH_LINE, .nth = 2, .say = "334 S2VubndvcnQ6" }),
	    .lines = LOGIN_NINA "|*|" LOGIN_LATE),
	FAILS("LOGIN: no password is sent if the server ignores the "
	    "cancellation", STEPS("LOGIN",
	    { .at = ON_AUTH, .say = "334 " },
	    { .at = ON_AUTH_LINE, .say = "334 " }), .status = EX_PROTOCOL,
	    .says = { "AUTH: LOGIN: the server's prompt does not say" },
	    .commands = NO_QUIT "|*"),
	FAILS("LOGIN: success after a cancellation is not accepted",
	    STEPS("LOGIN", { .at = ON_AUTH, .say = "334 " },
	    { .at = ON_AUTH_LINE, .say = "235 2.7.0 na gut" }),
	    .status = EX_PROTOCOL, .says = { "prompt does not say" },
	    .commands = NO_QUIT "|*"),
	FAILS("LOGIN: the server closes the connection after the cancellation",
	    STEPS("LOGIN",
	    { .at = ON_AUTH, .say = "334 " }, { .at = ON_AUTH_LINE,
	    .say = "421 4.3.2 bye", .then = THEN_CLOSE }),
	    .status = EX_TEMPFAIL, .says = { "AUTH: ", "421 4.3.2 bye" }),
	FAILS("LOGIN: a wrong password is tried once",
	    .script = { .mechanisms = "LOGIN", .user = "nina",
	    .password = "another" }, .status = EX_NOPERM,
	    .lines = LOGIN_NINA "|" SECRET "|QUIT",
	    .says = { "AUTH LOGIN: 535 5.7.8" }),
	FAILS("LOGIN: a refused user name is repeated once",
	    ON_AUTH_SAY("LOGIN", "535 5.7.8 no"), .status = EX_NOPERM,
	    .lines = LOGIN_NINA "|AUTH LOGIN|QUIT",
	    .says = { "AUTH LOGIN: 535 5.7.8 no; check user" }),
	FAILS("the server sends 421 between two challenges", STEPS("LOGIN",
	    { .at = ON_AUTH_LINE, .say = "421 4.3.2 bye",
	    .then = THEN_CLOSE }), .status = EX_TEMPFAIL,
	    .says = { "AUTH: ", "421 4.3.2 bye" }),
	FAILS("the server closes the connection between two challenges",
	    STEPS("LOGIN",
	    { .at = ON_AUTH_LINE, .say = "", .then = THEN_CLOSE }),
	    .status = EX_TEMPFAIL, .says = { "AUTH: the server closed" }),
	FAILS("the server stops replying between two challenges",
	    STEPS("SCRAM-SHA-256",
	    { .at = ON_AUTH_LINE, .say = "", .then = THEN_HANG }),
	    .more = LOGIN "timeout = 2s\n", .status = EX_TEMPFAIL,
	    .says = { "AUTH: timed out" }),
	FAILS("none of the offered mechanisms can be used",
	    OFFERS("CRAM-MD5 GSSAPI"),
	    .status = EX_NOPERM, .commands = "EHLO|STARTTLS|EHLO|QUIT",
	    .says = { "AUTH: the server offers only CRAM-MD5 GSSAPI; "
	    "auth must name CRAM-MD5 (in ", "relais.conf)" }),

	FAILS("a user is set and the server does not offer TLS", IN_CLEAR(""),
	    .status = EX_NOPERM, .commands = "EHLO|QUIT",
	    .says = { "not sent in clear text; set tls = required; or, on a "
	    "trusted network, set tls = off and name the mechanism",
	    "relais.conf:" }),
	FAILS("tls = off without auth is refused", IN_CLEAR("tls = off\n"),
	    .status = EX_NOPERM, .commands = "EHLO|QUIT",
	    .says = { "set tls = off and name the mechanism" }),
	FAILS("tls = off and auth = auto are refused for PLAIN",
	    IN_CLEAR("tls = off\nauth = auto\n"), .status = EX_NOPERM,
	    .commands = "EHLO|QUIT", .says = { "AUTH: the server offers "
	    "only PLAIN; without TLS, auth must name PLAIN (" }),
	FAILS("tls = off and auth = auto are refused for a token",
	    .scheme = "smtp",
	    .more = "user = nina\ntoken_command = cat {dir}/token\n"
	    "tls = off\nauth = auto\n", OFFERS("XOAUTH2 OAUTHBEARER"),
	    .status = EX_NOPERM, .commands = "EHLO|QUIT",
	    .says = { "without TLS, auth must name OAUTHBEARER, "
	    "XOAUTH2" }),
	FAILS("auth = PLAIN without tls is refused if TLS is not offered",
	    IN_CLEAR("auth = PLAIN\n"), .status = EX_NOPERM,
	    .commands = "EHLO|QUIT",
	    .says = { "set tls = off and name the mechanism" }),
	FAILS("tls = opportunistic without TLS is refused for PLAIN",
	    IN_CLEAR("tls = opportunistic\n"
	    "auth = PLAIN\n"), .status = EX_NOPERM, .commands = "EHLO|QUIT",
	    .says = { "tls = required" }),
	FAILS("tls = opportunistic is refused for PLAIN with TLS",
	    OFFERS("PLAIN"), .more = TLS_FIXTURE_LOGIN
	    "tls = opportunistic\nauth = PLAIN\n", .status = EX_NOPERM,
	    .commands = "EHLO|STARTTLS|EHLO|QUIT",
	    .says = { "certificate is not verified", "tls = required",
	    "relais.conf:" }),

	cmocka_unit_test(the_password_is_wiped_after_use),
	cmocka_unit_test(core_dumps_and_ptrace_are_disabled),
	cmocka_unit_test(an_unreadable_password_file_is_reported),
	cmocka_unit_test(an_unreadable_configuration_is_reported),
	cmocka_unit_test(a_secret_that_other_users_can_read_is_refused),
};

int
main(void)
{
	return cmocka_run_group_tests(auth_spec, NULL, NULL);
}
