/*
 * relais check: the service, for root and for a user who depends on it, and
 * the program behind /usr/sbin/sendmail.
 */
#include <sys/mount.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/serving.h"
#include "support/skip.h"
#include "support/user.h"

enum place {
	RUNS,
	UNAWARE,	/* it runs, and relais.conf has changed since then */
	REPLACED,	/* it runs, and the file of its program is gone */
	ABSENT,
	DEAD,
};

struct service_case {
	const char	*sentence;
	enum place	 service;
	uid_t		 user;		/* of relais check */
	mode_t		 conf;		/* of relais.conf */
	const char	*more;		/* lines of it, or NULL */
	const char	*option;	/* of -o, or NULL: the socket */
	int		 status;
	const char	*out[3];	/* parts */
	const char	*not_out;	/* not a part, or NULL */
};

#define DEPENDS	"; this user depends on the service, because "

static const struct service_case services[] = {
	{ "the service accepts mail from a user who cannot read the password",
	    RUNS, NOBODY, 0644, NULL, NULL, EX_OK,
	    { "secrets  not checked ", "the service accepts mail from nobody "
	    "to root", "auth     not checked " }, " FAIL " },
	{ "the service accepts mail from root", RUNS, ROOT, 0600, NULL, NULL,
	    EX_OK, { "the service accepts mail from root to root" },
	    "service  warning" },
	{ "a user who cannot read the configuration checks the service",
	    RUNS, NOBODY, 0600, NULL, NULL, EX_OK,
	    { "config   not checked ", "the service accepts mail from nobody "
	    "to root", "program " }, "secrets " },
	{ "a configuration that the service has not read is a warning",
	    UNAWARE, ROOT, 0600, NULL, NULL, EX_OK, { "service  warning ",
	    "the service has not read the latest changes to ",
	    "the service accepts mail from root to root" }, "FAIL" },
	{ "a service of the previous version is a warning", REPLACED, ROOT,
	    0600, NULL, NULL, EX_OK, { "service  warning ",
	    " still runs the previous version of the program",
	    "the service accepts mail from root to root" }, "FAIL" },
	{ "mail to root without an address", RUNS, NOBODY, 0600,
	    "domain =\n", NULL, EX_OK, { "service  warning ",
	    "the service does not accept mail to root: 550 5.1.1 " }, "FAIL" },

	{ "without the service, a user who depends on it sends no mail",
	    ABSENT, NOBODY, 0644, NULL, NULL, EX_NOPERM,
	    { "service  FAIL ", "the service is not running" DEPENDS,
	    "/password is not readable" }, NULL },
	{ "without the service, a user who cannot read the configuration "
	    "sends no mail",
	    ABSENT, NOBODY, 0600, NULL, NULL, EX_NOPERM,
	    { "config   not checked ", "the service is not running" DEPENDS,
	    "/relais.conf is not readable" }, NULL },
	{ "root is warned of users who depend on the service", ABSENT, ROOT,
	    0644, NULL, NULL, EX_OK, { "service  warning ",
	    "the service is not running: users who cannot read ",
	    "/password cannot send mail" }, "FAIL" },
	{ "a service that is down fails for a user who depends on it",
	    DEAD, NOBODY, 0644, NULL, NULL, EX_TEMPFAIL,
	    { "service  FAIL ", "Connection refused" DEPENDS }, NULL },
	{ "a service that is down is a warning for root", DEAD, ROOT, 0600,
	    NULL, NULL, EX_OK, { "service  warning ", "Connection refused" },
	    "FAIL" },
	{ "without socket, a user who depends on the service sends no mail",
	    RUNS, NOBODY, 0644, NULL, "socket=off", EX_NOPERM,
	    { "service  FAIL ", "the service is not used: socket = off"
	    DEPENDS, "-> remove socket = off, and start the service" },
	    NULL },
	{ "root can do without the service", RUNS, ROOT, 0600, NULL,
	    "socket=off", EX_OK, { "service  OK ",
	    "the service is not used: socket = off" }, "FAIL" },
};

static void
assert_says(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in: %s", part, text);
}

/* Starts the service from a file that is then removed. */
static void
start_copy(struct serving *s)
{
	struct buffer	program = { 0 };
	const char	*copy;

	file_read(&program, BUILD "/relais");
	copy = temp_dir_write_bytes(&s->dir, "program", 0755, program.data,
	    program.len);
	buffer_free(&program);
	serving_start(s, &(struct program){ .path = copy });
	assert_int_equal(unlink(temp_dir_path(&s->dir, "program")), 0);
}

static void
service_is_reported(void **state)
{
	const struct service_case *c = *state;
	const struct script	 script = { .user = "me", .password = "secret",
				    .auth_in_clear = true };
	struct serving		 s;
	struct program_result	 o;
	uid_t			 user = c->user;
	char			 more[400], socket_key[120];

	user_needs_root();
	serving_open(&s, &script, NULL);
	assert_int_equal(chmod(s.dir.path, 0755), 0);
	snprintf(more, sizeof(more), "tls = off\nauth = PLAIN\nuser = me\n"
	    "password_file = %s\n%s", temp_dir_write(&s.dir, "password", 0600,
	    "secret"), c->more != NULL ? c->more : "");
	serving_configure(&s, more);
	assert_int_equal(chmod(s.conf, c->conf), 0);
	switch (c->service) {
	case RUNS:
	case UNAWARE:
		serving_start(&s, NULL);
		break;
	case REPLACED:
		start_copy(&s);
		break;
	case ABSENT:
		break;
	case DEAD:
		serving_make_dead_socket(&s);
		break;
	}
	if (c->service == UNAWARE)
		serving_configure(&s, more);
	snprintf(socket_key, sizeof(socket_key), "socket=%s", s.socket);
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", s.conf, "-o", c->option != NULL ?
		c->option : socket_key, "check"),
	    .prepare = user_become, .ctx = &user });
	for (size_t i = 0; i < 3 && c->out[i] != NULL; i++)
		assert_says(o.out.data, c->out[i]);
	if (c->not_out != NULL && strstr(o.out.data, c->not_out) != NULL)
		fail_msg("\"%s\" in: %s", c->not_out, o.out.data);
	if (o.status != c->status)
		fail_msg("status %d: %s", o.status, o.out.data);
	assert_string_equal(o.err.data, "");
	assert_int_equal(mock_smtp_messages(s.host), 0);
	program_result_free(&o);
	serving_close(&s);
}

/* Replaces /usr/sbin with a directory of the test. */
static void
enter_sbin(void *directory)
{
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount(directory, "/usr/sbin", NULL, MS_BIND, NULL) == -1)
		_exit(99);
}

static void
sbin_is_checked(void **state)
{
	struct temp_dir		 dir;
	struct program_result	 o;

	(void)state;
	user_needs_root();
	temp_dir_make(&dir);
	assert_int_equal(symlink(BUILD "/relais",
	    temp_dir_path(&dir, "sendmail")), 0);
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", temp_dir_write(&dir, "relais.conf",
		0600, "smarthost = smtp://127.0.0.1:1\nqueue = off\n"),
		"check"),
	    .prepare = enter_sbin, .ctx = dir.path });
	if (o.status == 99)
		skip_because("no mount namespace can be created");
	assert_says(o.out.data, "program  OK          /usr/sbin/sendmail: is "
	    "this program\n");
	program_result_free(&o);
	temp_dir_remove(&dir);
}

static const struct CMUnitTest program_spec[] = {
	{ "/usr/sbin/sendmail is checked", sbin_is_checked, NULL, NULL, NULL },
};

int
main(void)
{
	return CASES_RUN("the service", service_is_reported, services) +
	    cmocka_run_group_tests(program_spec, NULL, NULL);
}
