/*
 * A container: a user ID without a passwd entry, a read-only root directory, no
 * HOME, no /dev/log and no /etc; only the environment configures relais.
 *
 * The container consists of namespaces. If the kernel does not allow them, the
 * tests are skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/mock_smtp.h"
#include "support/namespace.h"
#include "support/program.h"
#include "support/skip.h"
#include "support/temp_dir.h"

enum { NO_CONTAINER = 99, LARGE = 1024 * 1024 };

struct container {
	char		 root[80];	/* the container's root */
	const char	*secrets;	/* at the same path in the container */
};

static bool
make_dirs(char *path)
{
	for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL;
	    slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) == -1 && errno != EEXIST)
			return false;
		*slash = '/';
	}
	return mkdir(path, 0755) == 0 || errno == EEXIST;
}

static bool
show(const struct container *c, const char *dir)
{
	char		to[600];
	struct stat	st;

	if (stat(dir, &st) == -1)
		return true;
	snprintf(to, sizeof(to), "%s%s", c->root, dir);
	return make_dirs(to) &&
	    mount(dir, to, NULL, MS_BIND | MS_REC, NULL) == 0;
}

static void
enter(void *context)
{
	const struct container	*c = context;

	/* Our user is 54321 there, so the kernel requires no privilege. */
	if (!namespace_enter(54321, CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("tmpfs", c->root, "tmpfs", 0, "mode=0755") == -1 ||
	    !show(c, "/usr") || !show(c, "/lib") || !show(c, "/lib64") ||
	    !show(c, "/proc") || !show(c, BUILD) || !show(c, c->secrets) ||
	    mount(NULL, c->root, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY,
	    NULL) == -1 || chroot(c->root) == -1 || chdir("/") == -1)
		_exit(NO_CONTAINER);
}

struct place {
	struct temp_dir		 dir;
	struct temp_dir		 root;
	struct mock_smtp	*host;
	struct container	 container;
	char			 url[80];
	char			 secret[120];
};

static void
open_place(struct place *p, const struct script *script)
{
	temp_dir_make(&p->dir);
	temp_dir_make(&p->root);
	temp_dir_write(&p->dir, "password", 0400, "s3cret\n");
	p->host = mock_smtp_start(script);
	p->container.secrets = p->dir.path;
	strlcpy(p->container.root, p->root.path, sizeof(p->container.root));
	snprintf(p->url, sizeof(p->url), "RELAIS_SMARTHOST=smtp://"
	    "127.0.0.1:%u", p->host->port);
	snprintf(p->secret, sizeof(p->secret), "RELAIS_PASSWORD_FILE="
	    "%s/password", p->dir.path);
}

static void
close_place(struct place *p)
{
	mock_smtp_stop(p->host);
	temp_dir_remove(&p->root);
	temp_dir_remove(&p->dir);
}

static void
skip_without_container(struct place *p, struct program_result *o)
{
	if (o->status != NO_CONTAINER)
		return;
	program_result_free(o);
	close_place(p);
	skip_because("needs namespaces of its own");
}

/* Runs sendmail in the container, with only these variables. */
static void
run_prepared(struct place *p, struct program_result *o, void (*prepare)(void *),
    const char *const *env, const char *const *argv, const char *input)
{
	program_run(o, &(struct program){ .path = BUILD "/sendmail",
	    .argv = argv, .env = env, .input = input, .prepare = prepare,
	    .ctx = &p->container });
	skip_without_container(p, o);
}

static void
run(struct place *p, struct program_result *o, const char *const *env,
    const char *const *argv, const char *input)
{
	run_prepared(p, o, enter, env, argv, input);
}

static void
the_environment_is_sufficient(void **state)
{
	struct place			 p;
	struct program_result		 o;
	const struct heard_message	*m;

	(void)state;
	open_place(&p, &(struct script){ .user = "nina",
	    .password = "s3cret", .auth_in_clear = true,
	    .auth_required = true });
	run(&p, &o, WORDS(p.url, p.secret, "RELAIS_USER=nina",
	    "RELAIS_TLS=off", "RELAIS_AUTH=PLAIN",
	    "RELAIS_FROM=web@example.org", "RELAIS_ROOT=admin@example.net"),
	    WORDS("sendmail", "-t", "-i"),
	    "To: root\nSubject: hello\n\nhi\n");
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	m = mock_smtp_message(p.host, 0);
	assert_string_equal(m->reverse_path, "web@example.org");
	assert_string_equal(m->rcpt[0].path, "admin@example.net");
	assert_non_null(strstr(m->data.data, "To: admin@example.net\r\n"));
	program_result_free(&o);
	close_place(&p);
}

/* Without a passwd entry, the user name is the number. */
static void
a_user_without_passwd_entry_has_a_name(void **state)
{
	struct place		p;
	struct program_result	o;

	(void)state;
	open_place(&p, &(struct script){ 0 });
	run(&p, &o, WORDS(p.url, "RELAIS_DOMAIN=example.org"),
	    WORDS("sendmail", "a@example.net"), "Subject: x\n\nhi\n");
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	assert_string_equal(mock_smtp_message(p.host, 0)->reverse_path,
	    "uid-54321@example.org");
	program_result_free(&o);
	close_place(&p);
}

static void
the_log_goes_to_stderr(void **state)
{
	struct place		p;
	struct program_result	o;

	(void)state;
	open_place(&p, &(struct script){ 0 });
	run(&p, &o, WORDS(p.url, "RELAIS_DOMAIN=example.org",
	    "RELAIS_LOG=stderr"), WORDS("sendmail", "a@example.net"),
	    "Subject: x\n\nhi\n");
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(o.err.data, "sent uid=54321 "));
	assert_non_null(strstr(o.err.data, "to=<a@example.net>"));
	assert_ptr_equal(strchr(o.err.data, '\n') + 1,
	    o.err.data + o.err.len);
	program_result_free(&o);
	close_place(&p);
}

/* The message cannot be queued here: the error says so, once. */
static void
an_unsent_message_is_reported_and_kept(void **state)
{
	struct place		p;
	struct program_result	o;

	(void)state;
	open_place(&p, &(struct script){ .refusing = true });
	run(&p, &o, WORDS(p.url, "RELAIS_DOMAIN=example.org",
	    "RELAIS_LOG=stderr"), WORDS("sendmail", "a@example.net"),
	    "Subject: x\n\nhi\n");
	assert_int_equal(o.status, EX_TEMPFAIL);
	assert_non_null(strstr(o.err.data, "Connection refused"));
	program_result_free(&o);
	close_place(&p);
}

static void
a_large_message_needs_no_directory(void **state)
{
	static char		text[LARGE + 1];
	struct place		p;
	struct program_result	o;

	(void)state;
	for (size_t i = 0; i < LARGE; i++)
		text[i] = i % 64 == 63 ? '\n' : 'a';
	memcpy(text, "Subject: x\n\n", 12);
	open_place(&p, &(struct script){ .discard = true });
	run(&p, &o, WORDS(p.url, "RELAIS_DOMAIN=example.org", "TMPDIR=/usr"),
	    WORDS("sendmail", "-i", "a@example.net"), text);
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	assert_true(mock_smtp_message(p.host, 0)->size > LARGE);
	program_result_free(&o);
	close_place(&p);
}

static void
enter_without_outputs(void *context)
{
	enter(context);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
}

/* Without /dev/null, sockets must still not get descriptors 0 to 2. */
static void
closed_outputs_do_not_affect_the_session(void **state)
{
	struct place			 p;
	struct program_result		 o;
	const struct heard_message	*m;

	(void)state;
	open_place(&p, &(struct script){ 0 });
	run_prepared(&p, &o, enter_without_outputs, WORDS(p.url,
	    "RELAIS_DOMAIN=example.org"), WORDS("sendmail", "-v", "-Bodd",
	    "a@example.net"), "Subject: x\n\nhi\n");
	assert_int_equal(o.status, 0);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	m = mock_smtp_message(p.host, 0);
	assert_int_equal(m->n_rcpt, 1);
	assert_null(strstr(m->data.data, ">>>"));
	assert_null(strstr(m->data.data, "<<<"));
	program_result_free(&o);
	close_place(&p);
}

/* The outputs are closed before the message is sent. */
static void
the_background_process_closes_its_output(void **state)
{
	struct place		p;
	struct program_result	o;
	char			queue[120];

	(void)state;
	open_place(&p, &(struct script){ .steps = { { .at = ON_GREETING,
	    .hold = true } } });
	snprintf(queue, sizeof(queue), "RELAIS_QUEUE=%s/spool",
	    p.dir.path);
	program_run(&o, &(struct program){ .path = "/usr/bin/sh",
	    .argv = WORDS("sh", "-c", "x=$(\"$0\" -odb a@example.net 2>&1)",
	    BUILD "/sendmail"), .input = "Subject: x\n\nhi\n",
	    .env = WORDS(p.url, "RELAIS_DOMAIN=example.org", queue),
	    .prepare = enter, .ctx = &p.container });
	skip_without_container(&p, &o);
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	mock_smtp_release(p.host);
	assert_true(mock_smtp_wait_messages(p.host, 1));
	assert_true(mock_smtp_wait_closed(p.host, 1));
	close_place(&p);
}

/* An incomplete configuration must be reported. */
static void
a_missing_variable_is_named(void **state)
{
	struct place		p;
	struct program_result	o;

	(void)state;
	open_place(&p, &(struct script){ 0 });
	run(&p, &o, WORDS(p.url, "RELAIS_USER=nina"),
	    WORDS("sendmail", "a@example.net"), "Subject: x\n\nhi\n");
	assert_int_equal(o.status, EX_CONFIG);
	assert_non_null(strstr(o.err.data,
	    "environment RELAIS_USER: user requires password_file"));
	program_result_free(&o);
	run(&p, &o, WORDS("RELAIS_FORM=a@example.org"),
	    WORDS("sendmail", "a@example.net"), "Subject: x\n\nhi\n");
	assert_int_equal(o.status, EX_CONFIG);
	assert_non_null(strstr(o.err.data, "did you mean from?"));
	program_result_free(&o);
	close_place(&p);
}

static const struct CMUnitTest container_spec[] = {
	cmocka_unit_test(the_environment_is_sufficient),
	cmocka_unit_test(a_user_without_passwd_entry_has_a_name),
	cmocka_unit_test(the_log_goes_to_stderr),
	cmocka_unit_test(an_unsent_message_is_reported_and_kept),
	cmocka_unit_test(a_large_message_needs_no_directory),
	cmocka_unit_test(closed_outputs_do_not_affect_the_session),
	cmocka_unit_test(the_background_process_closes_its_output),
	cmocka_unit_test(a_missing_variable_is_named),
};

int
main(void)
{
	return cmocka_run_group_tests(container_spec, NULL, NULL);
}
