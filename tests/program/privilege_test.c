/*
 * Privilege that other users could gain: root's, from files that they can
 * change; a group's, from a set-group-ID copy of the program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/namespace.h"
#include "support/program.h"
#include "support/skip.h"
#include "support/temp_dir.h"
#include "support/tls_fixture.h"

enum { NOBODY = 65534, GROUP = 8, NO_NAMESPACE = 99 };

static void
become_nobody(void *ctx)
{
	(void)ctx;
	if (setgroups(0, NULL) == -1 || setgid(NOBODY) == -1 ||
	    setuid(NOBODY) == -1)
		_exit(EX_OSERR);
}

/* As a container system mounts secrets.  A user is root there. */
static void
make_read_only(void *ctx)
{
	const char	*path = ctx;

	if ((geteuid() == 0 ? unshare(CLONE_NEWNS) == -1 :
	    !namespace_enter(0, CLONE_NEWNS)) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount(path, path, NULL, MS_BIND, NULL) == -1 ||
	    mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) ==
	    -1)
		_exit(NO_NAMESPACE);
}

static void
run_read_only(struct tls_fixture *s, const char *const *argv)
{
	struct program	p = tls_fixture_program(s);

	p.argv = argv;
	p.prepare = make_read_only;
	p.ctx = s->dir.path;
	program_result_free(&s->o);
	program_run(&s->o, &p);
	if (s->o.status != NO_NAMESPACE)
		return;
	tls_fixture_close(s);
	skip_because("needs a mount namespace of its own");
}

static void
secrets_of_containers_are_reported(void **state)
{
	static const char	warning[] = ": every user of this system or "
				    "container can read the secret ";
	struct tls_fixture	s;
	const char		*at;

	(void)state;
	tls_fixture_begin(&s);
	temp_dir_write(&s.dir, "secret", 0444, TLS_FIXTURE_PASSWORD "\n");
	tls_fixture_open(&s, &(struct script){ .security = STARTTLS_OFFERED,
	    .user = "nina", .password = TLS_FIXTURE_PASSWORD }, "submission",
	    "tls_ca = {ca}\nuser = nina\nlog = stderr\n"
	    "password_file = {dir}/secret\n");
	run_read_only(&s, WORDS("relais", "-C", s.conf, "-i",
	    "a@example.org"));
	assert_int_equal(s.o.status, EX_OK);
	assert_int_equal(mock_smtp_messages(s.host), 1);
	tls_fixture_said(&s, warning);
	at = strstr(s.o.err.data, warning);
	assert_null(strstr(at + 1, warning));
	run_read_only(&s, WORDS("relais", "-C", s.conf, "check"));
	assert_non_null(strstr(s.o.out.data, "every user of this system or "));
	tls_fixture_send(&s);
	assert_int_equal(s.o.status, EX_CONFIG);
	tls_fixture_said(&s, "readable by other users (mode 0444); run: ");
	tls_fixture_close(&s);
}

/* Creates the program with the bit; returns true if the bit takes effect. */
static bool
copy_program(struct temp_dir *f, const char *name)
{
	struct buffer	program = { 0 };
	struct statvfs	fs;
	char		 built[1024];
	const char	*path;

	if (geteuid() != 0 || statvfs(f->path, &fs) == -1 ||
	    fs.f_flag & ST_NOSUID)
		return false;
	snprintf(built, sizeof(built), "%s/%s", BUILD, name);
	file_read(&program, built);
	path = temp_dir_write_bytes(f, name, 0755, program.data, program.len);
	buffer_free(&program);
	assert_int_equal(chmod(f->path, 0755), 0);
	assert_int_equal(chown(path, 0, GROUP), 0);
	assert_int_equal(chmod(path, 02755), 0);
	return true;
}

static void
files_of_the_group_stay_closed(void **state)
{
	struct temp_dir		f;
	struct program_result	out;
	const char		*conf;

	(void)state;
	temp_dir_make(&f);
	if (!copy_program(&f, "relais")) {
		temp_dir_remove(&f);
		skip_because("needs root, and a TMPDIR that is not mounted "
		    "with nosuid");
	}
	conf = temp_dir_write(&f, "conf", 0640, "a secret\n");
	assert_int_equal(chown(conf, 0, GROUP), 0);
	assert_int_equal(chmod(conf, 0640), 0);
	program_run(&out, &(struct program){
	    .argv = WORDS("relais", "-C", conf, "-bv", "a@example.org"),
	    .path = temp_dir_path(&f, "relais"), .prepare = become_nobody });
	assert_int_equal(out.status, EX_NOPERM);
	assert_non_null(strstr(out.err.data, "has no permission to read it"));
	program_result_free(&out);
	temp_dir_remove(&f);
}

static void
a_passed_password_does_not_count(void **state)
{
	struct temp_dir		f;
	struct program_result	out;
	const char		*conf;
	char			variable[256];

	(void)state;
	temp_dir_make(&f);
	if (!copy_program(&f, "relais")) {
		temp_dir_remove(&f);
		skip_because("needs root, and a TMPDIR that is not mounted "
		    "with nosuid");
	}
	temp_dir_write(&f, "relais.password", 0644, "secret\n");
	conf = temp_dir_write(&f, "conf", 0644,
	    "smarthost = mail.example\nuser = nina\n");
	snprintf(variable, sizeof(variable), "CREDENTIALS_DIRECTORY=%s",
	    f.path);
	program_run(&out, &(struct program){
	    .argv = WORDS("relais", "-C", conf, "config"),
	    .env = WORDS(variable),
	    .path = temp_dir_path(&f, "relais"), .prepare = become_nobody });
	assert_int_equal(out.status, EX_CONFIG);
	assert_non_null(strstr(out.err.data, "user requires password_file"));
	program_result_free(&out);
	temp_dir_remove(&f);
}

static void
the_environment_does_not_count(void **state)
{
	struct temp_dir		f;
	struct program_result	out;

	(void)state;
	temp_dir_make(&f);
	if (!copy_program(&f, "sendmail")) {
		temp_dir_remove(&f);
		skip_because("needs root, and a TMPDIR that is not mounted "
		    "with nosuid");
	}
	program_run(&out, &(struct program){
	    .argv = WORDS("sendmail", "-bv", "a@example.org"),
	    .env = WORDS("RELAIS_NONSENSE=1"),
	    .path = temp_dir_path(&f, "sendmail"), .prepare = become_nobody });
	assert_null(strstr(out.err.data, "NONSENSE"));
	program_result_free(&out);
	temp_dir_remove(&f);
}

/*
 * Root refuses files that other users can change: their commands are not run,
 * and nothing is sent.
 */
struct foreign {
	const char	*name;		/* the file or directory */
	const char	*more;		/* lines of relais.conf */
	mode_t		 mode;		/* 0: only the owner is changed */
	bool		 passed;	/* the directory is that of the
					 * variable CREDENTIALS_DIRECTORY */
	const char	*says;		/* the command to run */
};

static void
root_does_not_obey(void **state)
{
	const struct foreign	*f = *state;
	struct tls_fixture	 s;
	struct program		 p;
	char			 path[256], variable[256];

	if (geteuid() != 0)
		skip_because("only root can give a file away");
	tls_fixture_begin(&s);
	temp_dir_write(&s.dir, "secret", 0600, "secret\n");
	temp_dir_write(&s.dir, "relais.password", 0600, "secret\n");
	temp_dir_write(&s.dir, "part.conf", 0644, "helo = part.example\n");
	temp_dir_write(&s.dir, "local", 0644, "kim: kim@example.net\n");
	temp_dir_write(&s.dir, "trust/part.conf", 0644, "\n");
	tls_fixture_open(&s, &(struct script){ .security = STARTTLS_OFFERED },
	    "submission", f->more);
	snprintf(path, sizeof(path), "%s", temp_dir_path(&s.dir, f->name));
	if (f->mode != 0)
		assert_int_equal(chmod(path, f->mode), 0);
	else
		assert_int_equal(chown(path, 65534, 65534), 0);
	p = tls_fixture_program(&s);
	p.argv = WORDS("relais", "-C", s.conf, "-i", "kim");
	snprintf(variable, sizeof(variable), "CREDENTIALS_DIRECTORY=%s",
	    s.dir.path);
	p.env = f->passed ? WORDS(variable) : p.env;
	program_run(&s.o, &p);
	assert_int_equal(s.o.status, EX_CONFIG);
	tls_fixture_said(&s, f->says);
	tls_fixture_said(&s, path);
	assert_int_equal(access(temp_dir_path(&s.dir, "ran"), F_OK), -1);
	assert_true(mock_smtp_wait_closed(s.host,
	    mock_smtp_connections(s.host)));
	assert_int_equal(mock_smtp_messages(s.host), 0);
	tls_fixture_close(&s);
}

#define NOT_OBEYED(sentence, ...) { sentence, root_does_not_obey, NULL, NULL, \
	&(struct foreign){ __VA_ARGS__ } }
#define COMMAND	"user = nina\npassword_command = touch {dir}/ran\n"
#define CHOWN	"; run: chown root /"
#define CHMOD	"; run: chmod g-w /"

/* HOME can be that of another user after sudo, or in a cron job. */
static void
root_reads_no_configuration_in_a_home_directory(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;
	char			home[120], other[120];

	(void)state;
	if (geteuid() != 0)
		skip_because("needs root");
	temp_dir_make(&dir);
	temp_dir_write(&dir, ".config/relais.conf", 0600,
	    "smarthost = smtp://planted.example\n");
	temp_dir_write(&dir, "relais.conf", 0600,
	    "smarthost = smtp://planted.example\n");
	snprintf(home, sizeof(home), "HOME=%s", dir.path);
	snprintf(other, sizeof(other), "XDG_CONFIG_HOME=%s", dir.path);
	program_run(&o, &(struct program){ .argv = WORDS("relais", "config"),
	    .env = WORDS("PATH=/usr/bin:/bin", home, other), .dir = dir.path });
	assert_null(strstr(o.out.data, "planted.example"));
	assert_null(strstr(o.err.data, "planted.example"));
	program_result_free(&o);
	temp_dir_remove(&dir);
}

static const struct CMUnitTest privilege_spec[] = {
	cmocka_unit_test(root_reads_no_configuration_in_a_home_directory),
	NOT_OBEYED("a relais.conf of another user is refused",
	    .name = "relais.conf",
	    .more = COMMAND, .says = CHOWN),
	NOT_OBEYED("a relais.conf that its group can write is refused",
	    .mode = 0664,
	    .name = "relais.conf", .more = COMMAND, .says = CHMOD),
	NOT_OBEYED("a relais.conf in a directory of another user is refused",
	    .name = "", .more = COMMAND, .says = CHOWN),
	NOT_OBEYED("an included file of another user is refused",
	    .name = "part.conf",
	    .more = COMMAND "include = part.conf\n", .says = CHOWN),
	NOT_OBEYED("an included file that its group can write is refused",
	    .mode = 0664,
	    .name = "part.conf", .more = "include = {dir}/part.*\n" COMMAND,
	    .says = CHMOD),
	NOT_OBEYED("an included file in a directory of another user is refused",
	    .name = "trust", .more = "include = trust/part.conf\n" COMMAND,
	    .says = CHOWN),
	NOT_OBEYED("a password file of another user is refused",
	    .name = "secret",
	    .more = "tls_ca = {ca}\nuser = nina\naliases = {dir}/local\n"
	    "password_file = {dir}/secret\n", .says = CHOWN),
	NOT_OBEYED("a password file that its group can write is refused",
	    .mode = 0660,
	    .name = "secret", .more = "tls_ca = {ca}\nuser = nina\n"
	    "aliases = {dir}/local\npassword_file = {dir}/secret\n",
	    .says = CHMOD),
	NOT_OBEYED("a password of another user's CREDENTIALS_DIRECTORY is "
	    "refused", .name = "relais.password", .passed = true,
	    .more = "tls_ca = {ca}\nuser = nina\naliases = {dir}/local\n",
	    .says = CHOWN),
	NOT_OBEYED("an aliases file of another user is refused",
	    .name = "local",
	    .more = "aliases = {dir}/local\n", .says = CHOWN),
	NOT_OBEYED("an aliases file that its group can write is refused",
	    .mode = 0664,
	    .name = "local", .more = "aliases = {dir}/local\n",
	    .says = CHMOD),
	NOT_OBEYED("a tls_ca file of another user is refused", .name = "local",
	    .more = "tls_ca = {dir}/local\nroot = root@example.net\n",
	    .says = CHOWN),
	NOT_OBEYED("a tls_ca directory of another user is refused",
	    .name = "hashed", .more = "tls_ca = {hashed}\n"
	    "root = root@example.net\n", .says = CHOWN),

	{ "a secret that others can read is used from a read-only mount, and "
	    "reported", secrets_of_containers_are_reported, NULL, NULL, NULL },
	{ "a file that only the group can read stays unreadable",
	    files_of_the_group_stay_closed, NULL, NULL, NULL },
	{ "CREDENTIALS_DIRECTORY is ignored if privileges are raised",
	    a_passed_password_does_not_count, NULL, NULL, NULL },
	{ "RELAIS_ variables are ignored if privileges are raised",
	    the_environment_does_not_count, NULL, NULL, NULL },
};

int
main(void)
{
	return cmocka_run_group_tests(privilege_spec, NULL, NULL);
}
