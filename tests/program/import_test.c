/*
 * relais import: the printed configuration, and the files of --write.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/program.h"
#include "support/temp_dir.h"

#define SSMTP	"root=admin@example.org\nmailhub=mail.example.org:587\n" \
	"UseSTARTTLS=YES\nAuthUser=me\nAuthPass=s3cret\n"

/* Runs relais in the directory with relais.conf as the file of -C. */
static void
import(struct program_result *o, const struct temp_dir *dir,
    const char *const *arguments)
{
	const char	*argv[12] = { "relais", "-C", "relais.conf",
			    "import" };

	for (size_t i = 4; i < 11 && *arguments != NULL; i++)
		argv[i] = *arguments++;
	program_run(o, &(struct program){ .argv = argv, .dir = dir->path });
}

static void
assert_file(struct temp_dir *dir, const char *name, const char *content)
{
	struct buffer	text = { 0 };
	const char	*path = temp_dir_path(dir, name);

	if (content == NULL) {
		assert_int_equal(access(path, F_OK), -1);
		return;
	}
	file_read(&text, path);
	assert_string_equal(text.data, content);
	buffer_free(&text);
}

static void
assert_mode(struct temp_dir *dir, const char *name, mode_t mode)
{
	struct stat	st;

	assert_int_equal(stat(temp_dir_path(dir, name), &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void
prints_the_whole_configuration(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;
	char			want[1200];

	(void)state;
	temp_dir_make(&dir);
	temp_dir_write(&dir, "ssmtp.conf", 0600, SSMTP);
	temp_dir_write(&dir, "revaliases", 0600, "www-data:web@example.org\n");
	import(&o, &dir, WORDS("ssmtp.conf"));
	snprintf(want, sizeof(want),
	    "# ssmtp.conf:2\n"
	    "smarthost = submission://mail.example.org\n"
	    "# ssmtp.conf:4\n"
	    "user = me\n"
	    "# ssmtp.conf:5: the password is there; copy it to this file, "
	    "mode 0600, or use --write\n"
	    "password_file = %s/relais.password\n"
	    "# ssmtp.conf:1\n"
	    "root = admin@example.org\n"
	    "\n"
	    "# revaliases:1\n"
	    "[user www-data]\n"
	    "# revaliases:1\n"
	    "from = web@example.org\n"
	    "\n"
	    "# Settings that have no equivalent, or have a different effect:\n"
	    "# ssmtp.conf:2: relais verifies the certificate of the server, "
	    "which this configuration does not require; if it is not trusted, "
	    "set tls_ca or tls_pin\n"
	    "# ssmtp.conf:1: root: ssmtp sends only mail to accounts with "
	    "IDs below 1000 to this address; relais sends mail to every "
	    "local name without an alias to it\n", dir.path);
	assert_string_equal(o.out.data, want);
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	assert_file(&dir, "relais.conf", NULL);
	assert_file(&dir, "relais.password", NULL);
	program_result_free(&o);
	temp_dir_remove(&dir);
}

static void
write_creates_the_configuration_and_the_secret(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;
	struct buffer		text = { 0 };
	char			want[400];

	(void)state;
	temp_dir_make(&dir);
	temp_dir_write(&dir, "ssmtp.conf", 0600, SSMTP);
	import(&o, &dir, WORDS("--write", "ssmtp.conf"));
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	snprintf(want, sizeof(want), "created %s/relais.conf\n"
	    "created %s/relais.password\n"
	    "2 settings have no equivalent, or have a different effect; see "
	    "the end of the file\nTo test it: relais -C %s/relais.conf check\n",
	    dir.path, dir.path, dir.path);
	assert_string_equal(o.out.data, want);
	program_result_free(&o);

	assert_file(&dir, "relais.password", "s3cret\n");
	/* The group of the user relais, if there is one, can read it. */
	assert_mode(&dir, "relais.password", geteuid() == 0 &&
	    getpwnam("relais") != NULL ? 0640 : 0600);
	assert_mode(&dir, "relais.conf", geteuid() == 0 ? 0644 : 0600);
	file_read(&text, temp_dir_path(&dir, "relais.conf"));
	assert_non_null(strstr(text.data, "# ssmtp.conf:5\npassword_file"));
	assert_null(strstr(text.data, "s3cret"));
	buffer_free(&text);

	/* relais accepts the configuration and reads the password. */
	program_run(&o, &(struct program){ .dir = dir.path, .argv =
	    WORDS("relais", "-C", temp_dir_path(&dir, "relais.conf"),
	    "config") });
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	temp_dir_remove(&dir);
}

static void
one_setting_without_an_equivalent_is_singular(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;

	(void)state;
	temp_dir_make(&dir);
	temp_dir_write(&dir, "ssmtp.conf", 0600,
	    "mailhub=mail.example\nDebug=YES\n");
	import(&o, &dir, WORDS("--write", "ssmtp.conf"));
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(o.out.data, "\n1 setting has no equivalent, or "
	    "has a different effect; "));
	program_result_free(&o);
	temp_dir_remove(&dir);
}

/* Neither file is changed, and no other file is left. */
static void
write_keeps_existing_files(void **state)
{
	static const char *const	names[] = {
		"relais.conf", "relais.password",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct temp_dir		dir;
		struct program_result	o;

		temp_dir_make(&dir);
		temp_dir_write(&dir, "ssmtp.conf", 0600, SSMTP);
		temp_dir_write(&dir, names[i], 0600, "precious\n");
		import(&o, &dir, WORDS("--write", "ssmtp.conf"));
		assert_int_equal(o.status, EX_CANTCREAT);
		assert_non_null(strstr(o.err.data, "exists already"));
		assert_non_null(strstr(o.err.data, names[i]));
		assert_file(&dir, names[i], "precious\n");
		assert_file(&dir, names[1 - i], NULL);
		program_result_free(&o);
		temp_dir_remove(&dir);
	}
}

static void
write_does_not_follow_a_link(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;

	(void)state;
	temp_dir_make(&dir);
	temp_dir_write(&dir, "ssmtp.conf", 0600, SSMTP);
	assert_int_equal(symlink("target", temp_dir_path(&dir,
	    "relais.password")), 0);
	import(&o, &dir, WORDS("--write", "ssmtp.conf"));
	assert_int_equal(o.status, EX_CANTCREAT);
	assert_file(&dir, "target", NULL);
	program_result_free(&o);
	temp_dir_remove(&dir);
}

static void
accounts_have_secrets_of_their_own(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;

	(void)state;
	temp_dir_make(&dir);
	temp_dir_write(&dir, "msmtprc", 0600,
	    "account default\nhost a.example\ntls on\nauth on\nuser a\n"
	    "password \"s3cret 1 \"\n"
	    "account b\nhost b.example\nfrom b@b.example\ntls on\nauth on\n"
	    "user b\npassword s3cret2\n");
	import(&o, &dir, WORDS("--write", "msmtprc"));
	assert_int_equal(o.status, 0);
	assert_file(&dir, "relais.password", "s3cret 1 \n");
	assert_file(&dir, "relais.password.2", "s3cret2\n");
	program_result_free(&o);
	temp_dir_remove(&dir);
}

static void
files_are_named_one_by_one(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;

	(void)state;
	temp_dir_make(&dir);
	temp_dir_write(&dir, "old/main.cf", 0600,
	    "relayhost = [mail.example.org]:587\n"
	    "smtp_sasl_auth_enable = yes\nsmtp_tls_security_level = secure\n"
	    "smtp_sasl_password_maps = hash:/nowhere/sasl_passwd\n");
	temp_dir_write(&dir, "new/sasl_passwd", 0600,
	    "mail.example.org me:s3cret\n");
	import(&o, &dir, WORDS("new/sasl_passwd", "old/main.cf"));
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(o.out.data, "# new/sasl_passwd:1\nuser = me"));
	program_result_free(&o);
	import(&o, &dir, WORDS("old/main.cf", "old/main.cf"));
	assert_int_equal(o.status, EX_USAGE);
	program_result_free(&o);
	import(&o, &dir, WORDS("old/main.cf", "--write"));
	assert_int_equal(o.status, EX_USAGE);
	assert_non_null(strstr(o.err.data, "usage: relais"));
	program_result_free(&o);
	temp_dir_remove(&dir);
}

static void
a_nul_character_is_refused_with_its_line(void **state)
{
	static const char	text[] = "mailhub=a.example\nroot=\0x\n";
	struct temp_dir		dir;
	struct program_result	o;

	(void)state;
	temp_dir_make(&dir);
	temp_dir_write_bytes(&dir, "ssmtp.conf", 0600, text,
	    sizeof(text) - 1);
	import(&o, &dir, WORDS("ssmtp.conf"));
	assert_int_equal(o.status, EX_DATAERR);
	assert_non_null(strstr(o.err.data, "ssmtp.conf:2: "));
	program_result_free(&o);
	temp_dir_remove(&dir);
}

static void
a_large_file_is_refused(void **state)
{
	static char		text[1024 * 1024 + 1];
	struct temp_dir		dir;
	struct program_result	o;

	(void)state;
	memset(text, '#', sizeof(text));
	temp_dir_make(&dir);
	temp_dir_write_bytes(&dir, "ssmtp.conf", 0600, text, sizeof(text));
	import(&o, &dir, WORDS("ssmtp.conf"));
	assert_int_equal(o.status, EX_DATAERR);
	assert_non_null(strstr(o.err.data, "larger than 1 MiB"));
	program_result_free(&o);
	temp_dir_remove(&dir);
}

/* A FIFO without a writer, such as one that another user created. */
static void
a_fifo_does_not_block(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;

	(void)state;
	temp_dir_make(&dir);
	assert_int_equal(mkfifo(temp_dir_path(&dir, "ssmtp.conf"), 0600), 0);
	import(&o, &dir, WORDS("ssmtp.conf"));
	assert_int_equal(o.status, EX_DATAERR);
	program_result_free(&o);
	temp_dir_remove(&dir);
}

static void
escapes_do_not_reach_the_terminal(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;

	(void)state;
	temp_dir_make(&dir);
	temp_dir_write(&dir, "ssmtp.conf", 0600, "mailhub=a.example\n"
	    "\033[2Jkey=x\nroot=\033[2J@example.org\nAuthUser=\033x\n"
	    "hostname=\342\200\256a\n");
	import(&o, &dir, WORDS("ssmtp.conf"));
	assert_int_equal(o.status, 0);
	assert_null(strchr(o.out.data, '\033'));
	assert_null(strstr(o.out.data, "\342\200\256"));
	program_result_free(&o);
	temp_dir_remove(&dir);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(prints_the_whole_configuration),
		cmocka_unit_test(
		    write_creates_the_configuration_and_the_secret),
		cmocka_unit_test(
		    one_setting_without_an_equivalent_is_singular),
		cmocka_unit_test(write_keeps_existing_files),
		cmocka_unit_test(write_does_not_follow_a_link),
		cmocka_unit_test(accounts_have_secrets_of_their_own),
		cmocka_unit_test(files_are_named_one_by_one),
		cmocka_unit_test(a_nul_character_is_refused_with_its_line),
		cmocka_unit_test(a_large_file_is_refused),
		cmocka_unit_test(a_fifo_does_not_block),
		cmocka_unit_test(escapes_do_not_reach_the_terminal),
	};

	return cmocka_run_group_tests_name("relais import", tests, NULL, NULL);
}
