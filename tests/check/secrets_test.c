/*
 * relais check: the files with passwords and private keys, and who can read
 * them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "check/local.h"
#include "support/cases.h"
#include "support/findings.h"
#include "support/skip.h"
#include "support/temp_dir.h"
#include "util/buffer.h"

struct secret_case {
	const char	*sentence;
	const char	*content;	/* of the file; NULL: there is none */
	enum config_key	 key;		/* that names the file */
	mode_t		 mode;
	gid_t		 group;		/* 0: do not change it */
	const char	*want;		/* the findings, without the path */
	int		 status;
};

#define ONLY_ROOT	"secrets ok only root can read it\n"

static const struct secret_case secrets[] = {
	{ "a password file of root", "cameo\n", KEY_PASSWORD_FILE, 0600, 0,
	    ONLY_ROOT, EX_OK },
	{ "the users of a group are named", "cameo\n", KEY_PASSWORD_FILE, 0640,
	    4242424, "secrets ok only root and gid 4242424 (no users) can "
	    "read it\n", EX_OK },
	{ "a group that cannot read the file is not named", "cameo\n",
	    KEY_PASSWORD_FILE, 0600, 4242424, ONLY_ROOT, EX_OK },
	{ "a password file that others can read is refused", "cameo\n",
	    KEY_PASSWORD_FILE, 0644, 0, "secrets fail readable by other users "
	    "(mode 0644) => run: chmod o-rwx \n", EX_CONFIG },
	{ "a password file that others can change is refused", "cameo\n",
	    KEY_PASSWORD_FILE, 0602, 0, "secrets fail writable by other users "
	    "(mode 0602) => run: chmod o-rwx \n", EX_CONFIG },
	{ "a missing password file", NULL, KEY_PASSWORD_FILE, 0, 0,
	    "secrets fail No such file or directory => write the password to "
	    "this file, or correct password_file\n", EX_CONFIG },
	{ "a password file that is not a regular file", NULL,
	    KEY_PASSWORD_FILE, S_IFIFO, 0, "secrets fail is a FIFO, not a "
	    "regular file => write the password to a regular file, or set "
	    "password_command to a program that prints it\n", EX_CONFIG },
	{ "an empty password file", "\n", KEY_PASSWORD_FILE, 0600, 0,
	    "secrets fail is empty => write the password to this file, or "
	    "correct password_file\n", EX_CONFIG },
	{ "a password that ends with a blank", "cameo \n", KEY_PASSWORD_FILE,
	    0600, 0, ONLY_ROOT "secrets warning the password ends with a "
	    "blank => remove the blank, unless it is part of the password\n",
	    EX_OK },
	{ "a password that begins with a blank", "\tcameo", KEY_PASSWORD_FILE,
	    0600, 0, ONLY_ROOT "secrets warning the password begins with a "
	    "blank => remove the blank, unless it is part of the password\n",
	    EX_OK },
	{ "quotation marks around a password", "\"cameo\"\n",
	    KEY_PASSWORD_FILE, 0600, 0, ONLY_ROOT "secrets warning the "
	    "password is sent with the quotation marks around it => remove the "
	    "quotation marks, unless they are part of the password\n", EX_OK },
	{ "one quotation mark is a password", "'\n", KEY_PASSWORD_FILE, 0600,
	    0, ONLY_ROOT, EX_OK },
	{ "a comment after a password", "cam#eo\t# mail\n",
	    KEY_PASSWORD_FILE, 0600, 0, ONLY_ROOT "secrets warning the "
	    "password is sent with the comment after it => remove the comment, "
	    "unless it is part of the password\n", EX_OK },
	{ "a password file with a comment", "# mail\ncameo\n",
	    KEY_PASSWORD_FILE, 0600, 0, ONLY_ROOT "secrets warning the file "
	    "has several lines, and the password consists of all of them => "
	    "remove everything but the password\n", EX_OK },
	{ "a line end of Windows is not part of the password", "cameo\r\n",
	    KEY_PASSWORD_FILE, 0600, 0, ONLY_ROOT, EX_OK },

	{ "a private key of root", "KEY\n", KEY_TLS_KEY, 0600, 0,
	    ONLY_ROOT, EX_OK },
	{ "a private key that others can read", "KEY\n", KEY_TLS_KEY, 0644, 0,
	    "secrets warning every user can read this private key => run: "
	    "chmod o-rwx \n", EX_OK },
	{ "a private key that others can change", "KEY\n", KEY_TLS_KEY, 0602,
	    0, "secrets fail writable by other users (mode 0602) => run: "
	    "chmod o-w \n", EX_CONFIG },
	{ "a missing private key", NULL, KEY_TLS_KEY, 0, 0,
	    "secrets fail No such file or directory => create this file, or "
	    "correct its name in the configuration\n", EX_CONFIG },
	{ "without tls_key, the certificate contains the key", "KEY\n",
	    KEY_TLS_CERTIFICATE, 0644, 0, "secrets warning every user can "
	    "read this private key => run: chmod o-rwx \n", EX_OK },
	{ "a configuration with a password", "cam#eo", KEY_PASSWORD, 0600, 0,
	    ONLY_ROOT, EX_OK },
	{ "quotation marks in the configuration", "'cameo'", KEY_PASSWORD, 0600,
	    0, ONLY_ROOT "secrets warning the password is sent with the "
	    "quotation marks around it => remove the quotation marks, unless "
	    "they are part of the password\n", EX_OK },
	{ "no secrets", NULL, KEY_ROOT, 0, 0,
	    "secrets ok no file contains a password or a private key\n",
	    EX_OK },
};

static void
cut(char *text, const char *part)
{
	size_t	len = strlen(part);

	while ((text = strstr(text, part)) != NULL)
		memmove(text, text + len, strlen(text + len) + 1);
}

static void
is_reported(void **state)
{
	const struct secret_case *c = *state;
	struct temp_dir		 dir;
	const char		*path;
	struct setting		 set = { .origin = NULL };
	struct section		 top = { 0 }, to = { .kind = SECTION_TO };
	struct config		 config = { .first = &to };
	struct buffer		 out = { 0 }, origin = { 0 };
	struct check		 check = { .config = &config,
				    .report = findings_note, .context = &out };

	if (geteuid() != 0)
		skip_because("the texts are those for files of root");
	to.next = &top;
	temp_dir_make(&dir);
	path = c->content != NULL ?
	    temp_dir_write(&dir, "secret", c->mode, c->content) :
	    temp_dir_path(&dir, "secret");
	if (S_ISFIFO(c->mode))
		assert_int_equal(mkfifo(path, 0600), 0);
	if (c->group != 0)
		assert_int_equal(chown(path, 0, c->group), 0);
	buffer_addf(&origin, "%s:2", c->key == KEY_PASSWORD ? path : "conf");
	set.origin = origin.data;
	set.value = (char *)(uintptr_t)(c->key == KEY_PASSWORD ? c->content :
	    path);
	/* A file that two sections name is reported once. */
	top.setting[c->key] = to.setting[c->key] = &set;
	check_secrets(&check);
	cut(out.data, path);
	assert_string_equal(out.data, c->want);
	assert_int_equal(check.status, c->status);
	buffer_free(&out);
	buffer_free(&origin);
	temp_dir_remove(&dir);
}

int
main(void)
{
	return CASES_RUN("secrets", is_reported, secrets);
}
