/*
 * relais config: the effective configuration, in a form that can be read again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sysexits.h>

#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "support/terminal.h"

static void
run(struct program_result *o, const char *conf, const char *const *env,
    const char *const *options)
{
	const char	*argv[12] = { "relais", "-C", conf };
	size_t		 n = 3;

	while (n < 11 && *options != NULL)
		argv[n++] = *options++;
	program_run(o, &(struct program){ .argv = argv, .env = env });
}

/* Like a shell: relais config > FILE. */
static void
write_config(struct program_result *o, const char *conf, const char *umask,
    const char *to)
{
	char	command[600];

	snprintf(command, sizeof(command), "umask %s; exec %s/relais -C %s "
	    "-o timeout=9s config > %s", umask, BUILD, conf, to);
	program_run(o, &(struct program){ .path = "/bin/sh",
	    .argv = WORDS("sh", "-c", command) });
}

static void
assert_says(const struct program_result *o, const char *lines)
{
	if (strstr(o->out.data, lines) == NULL)
		fail_msg("no \"%s\" in: %s%s", lines, o->out.data,
		    o->err.data);
}

static void
each_value_is_printed_with_its_origin(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;
	const char		*conf;
	char			want[300];

	(void)state;
	temp_dir_make(&dir);
	temp_dir_write(&dir, "more/a.conf", 0644, "domain = a.example\n");
	conf = temp_dir_write(&dir, "relais.conf", 0644,
	    "smarthost = a.example\nfrom = file@a.example\n"
	    "header_add = X-A: 1\nheader_add = X-A: 2\n"
	    "include = more/*.conf\n[to *@b.example]\ntls = off\n");
	run(&o, conf, WORDS("RELAIS_FROM=env@a.example"),
	    WORDS("-o", "connections=2", "config"));
	assert_int_equal(o.status, 0);
	assert_string_equal(o.err.data, "");
	snprintf(want, sizeof(want), "# %s:1\nsmarthost = a.example\n", conf);
	assert_says(&o, want);
	assert_says(&o,
	    "# environment RELAIS_FROM\nfrom = env@a.example\n");
	assert_says(&o, "# -o connections\nconnections = 2\n");
	snprintf(want, sizeof(want), "# %s:3\nheader_add = X-A: 1\n"
	    "# %s:4\nheader_add = X-A: 2\n", conf, conf);
	assert_says(&o, want);
	snprintf(want, sizeof(want), "# %s/more/a.conf:1\n"
	    "domain = a.example\n", dir.path);
	assert_says(&o, want);
	snprintf(want, sizeof(want), "\n# %s:6\n[to *@b.example]\n"
	    "# %s:7\ntls = off\n", conf, conf);
	assert_says(&o, want);
	assert_says(&o, "\n#queue = /var/spool/relais\n");
	assert_null(strstr(o.out.data, "file@a.example"));
	program_result_free(&o);
	temp_dir_remove(&dir);
}

static const char secretive[] =
	"smarthost = a.example\nuser = nina\npassword = # s3cret \\ \"\n"
	"[from *@b.example]\nsmarthost = b.example\nuser = otto\n"
	"password = other\ntimeout = 7s\n";

static void
a_secret_is_hidden_in_a_pipe(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;

	(void)state;
	temp_dir_make(&dir);
	run(&o, temp_dir_write(&dir, "relais.conf", 0600, secretive), NULL,
	    WORDS("config"));
	assert_int_equal(o.status, 0);
	assert_null(strstr(o.out.data, "s3cret"));
	assert_null(strstr(o.out.data, "other\n"));
	assert_says(&o, "\n#password = (hidden");
	program_result_free(&o);
	temp_dir_remove(&dir);
}

static void
a_secret_is_not_written_to_a_file_that_other_users_can_read(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;
	struct buffer		text = { 0 };

	(void)state;
	temp_dir_make(&dir);
	write_config(&o, temp_dir_write(&dir, "relais.conf", 0600,
	    secretive), "022", temp_dir_path(&dir, "out"));
	assert_int_equal(o.status, EX_NOPERM);
	assert_non_null(strstr(o.err.data, "umask 077"));
	file_read(&text, temp_dir_path(&dir, "out"));
	assert_int_equal(text.len, 0);
	buffer_free(&text);
	program_result_free(&o);
	temp_dir_remove(&dir);
}

/* Printing the printed file again changes nothing but the comments. */
static void
keep_settings(struct buffer *text, const char *path)
{
	struct buffer	all = { 0 };

	file_read(&all, path);
	buffer_clear(text);
	for (char *line = strtok(all.data, "\n"); line != NULL;
	    line = strtok(NULL, "\n"))
		if (line[0] != '#')
			buffer_addf(text, "%s\n", line);
	buffer_free(&all);
}

static void
the_printed_configuration_has_the_same_effect(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;
	struct buffer		first = { 0 };
	struct buffer		second = { 0 };

	(void)state;
	temp_dir_make(&dir);
	write_config(&o, temp_dir_write(&dir, "relais.conf", 0600,
	    secretive), "077", temp_dir_path(&dir, "first"));
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	keep_settings(&first, temp_dir_path(&dir, "first"));
	/* -o overrides every section. */
	assert_string_equal(first.data,
	    "smarthost = a.example\nuser = nina\npassword = # s3cret \\ \"\n"
	    "timeout = 9s\n[from *@b.example]\nsmarthost = b.example\n"
	    "user = otto\npassword = other\n");
	write_config(&o, temp_dir_path(&dir, "first"), "077",
	    temp_dir_path(&dir, "second"));
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	keep_settings(&second, temp_dir_path(&dir, "second"));
	assert_string_equal(first.data, second.data);
	buffer_free(&first);
	buffer_free(&second);
	temp_dir_remove(&dir);
}

/* The smarthost in the environment must not get the password in the file. */
static void
credentials_of_another_smarthost_are_not_printed(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;

	(void)state;
	temp_dir_make(&dir);
	run(&o, temp_dir_write(&dir, "relais.conf", 0600,
	    "smarthost = a.example\nuser = nina\npassword = s3cret\n"),
	    WORDS("RELAIS_SMARTHOST=env.example"), WORDS("config"));
	assert_int_equal(o.status, 0);
	assert_says(&o, "smarthost = env.example\n");
	assert_null(strstr(o.out.data, "user = "));
	assert_null(strstr(o.out.data, "password = "));
	program_result_free(&o);
	temp_dir_remove(&dir);
}

/* PHP-FPM clears the environment, so the configuration is in a file. */
static void
an_entrypoint_can_write_a_file_for_a_cleared_environment(void **state)
{
	struct temp_dir			 dir;
	struct mock_smtp		*host;
	struct program_result		 o;
	const struct heard_message	*m;
	char				 command[600];
	char				 variable[80];

	(void)state;
	temp_dir_make(&dir);
	host = mock_smtp_start(&(struct script){ .user = "nina",
	    .password = "s3cret", .auth_in_clear = true,
	    .auth_required = true });
	temp_dir_write(&dir, "empty", 0600, "");
	temp_dir_write(&dir, "secret", 0600, "s3cret\n");
	snprintf(command, sizeof(command), "umask 077; cd %s && "
	    "RELAIS_PASSWORD_FILE=$PWD/secret %s/relais -C empty config "
	    "> relais.conf", dir.path, BUILD);
	snprintf(variable, sizeof(variable),
	    "RELAIS_SMARTHOST=smtp://127.0.0.1:%u", host->port);
	program_run(&o, &(struct program){ .path = "/bin/sh",
	    .argv = WORDS("sh", "-c", command),
	    .env = WORDS(variable, "RELAIS_USER=nina", "RELAIS_TLS=off",
	    "RELAIS_AUTH=PLAIN", "RELAIS_FROM=web@example.org",
	    "RELAIS_ALIASES=off", "RELAIS_QUEUE=off", "RELAIS_SOCKET=off",
	    "RELAIS_ROOT=admin@example.net") });
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	relais_run(&o, temp_dir_path(&dir, "relais.conf"), WORDS("-t", "-i"),
	    "To: root\nSubject: hello\n\nhi\n");
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	assert_true(mock_smtp_wait_messages(host, 1));
	m = mock_smtp_message(host, 0);
	assert_string_equal(m->reverse_path, "web@example.org");
	assert_string_equal(m->rcpt[0].path, "admin@example.net");
	program_result_free(&o);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

static void
a_broken_configuration_is_not_printed(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;

	(void)state;
	temp_dir_make(&dir);
	run(&o, temp_dir_write(&dir, "relais.conf", 0600,
	    "smarthost = a.example\nform = x@y\n"), NULL, WORDS("config"));
	assert_int_equal(o.status, EX_CONFIG);
	assert_string_equal(o.out.data, "");
	assert_non_null(strstr(o.err.data, "relais.conf:2: "));
	assert_non_null(strstr(o.err.data, "did you mean from"));
	program_result_free(&o);
	run(&o, temp_dir_write(&dir, "relais.conf", 0600,
	    "smarthost = a.example\n"), NULL, WORDS("config", "me"));
	assert_int_equal(o.status, EX_USAGE);
	program_result_free(&o);
	temp_dir_remove(&dir);
}

static void
a_full_disk_is_reported(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;

	(void)state;
	temp_dir_make(&dir);
	temp_dir_write(&dir, "relais.conf", 0600, "smarthost = a.example\n");
	write_config(&o, temp_dir_path(&dir, "relais.conf"), "077",
	    "/dev/full");
	assert_int_equal(o.status, EX_IOERR);
	assert_non_null(strstr(o.err.data, "No space left"));
	program_result_free(&o);
	temp_dir_remove(&dir);
}

/*
 * Under another name, "config" is a recipient. Without a smarthost, nothing is
 * created on the system, even by root.
 */
static void
sendmail_config_is_a_recipient(void **state)
{
	bool			had = access("/var/spool/relais", F_OK) == 0;
	struct program_result	o;

	(void)state;
	program_run(&o, &(struct program){ .argv = WORDS("sendmail",
	    "config"), .env = WORDS("RELAIS_ALIASES=off"),
	    .input = "Subject: x\n\nhi\n" });
	assert_int_not_equal(o.status, 0);
	assert_string_equal(o.out.data, "");
	assert_int_equal(access("/var/spool/relais", F_OK) == 0, had);
	program_result_free(&o);
}

/* Only OpenSSL knows its groups, and it is loaded for this key. */
static void
an_unknown_group_is_reported(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;

	(void)state;
	temp_dir_make(&dir);
	run(&o, temp_dir_write(&dir, "relais.conf", 0600,
	    "smarthost = a.example\n[from *@b.example]\n"
	    "tls_groups = X25519:nonsense\n"), NULL,
	    WORDS("config"));
	assert_int_equal(o.status, EX_CONFIG);
	assert_string_equal(o.out.data, "");
	assert_non_null(strstr(o.err.data, "relais.conf:3: tls_groups: "
	    "OpenSSL "));
	assert_non_null(strstr(o.err.data, "does not support the group "
	    "\"nonsense\""));
	program_result_free(&o);
	temp_dir_remove(&dir);
}

/* Control characters are made visible, and no secret is shown. */
static void
a_terminal_gets_no_control_character(void **state)
{
	struct temp_dir	dir;
	struct terminal	t;
	const char	*conf;

	(void)state;
	temp_dir_make(&dir);
	conf = temp_dir_write(&dir, "relais.conf", 0600,
	    "smarthost = a.example\nuser = nina\npassword = s3cret\n"
	    "root = a\342\200\256b@example.org\n");
	terminal_start(&t, &(struct program){ .argv = WORDS("relais", "-C",
	    conf, "config") }, 80);
	terminal_read(&t);
	assert_non_null(strstr(t.out.data, "\r\n#password = (hidden"));
	assert_null(strstr(t.out.data, "s3cret"));
	assert_non_null(strstr(t.out.data,
	    "\r\nroot = a\\342\\200\\256b@example.org\r\n"));
	assert_int_equal(terminal_end(&t), 0);
	temp_dir_remove(&dir);
}

/* That of a proxy which is replaced by another section is not its own. */
static void
the_password_file_of_the_proxy_is_printed(void **state)
{
	struct temp_dir		dir;
	struct program_result	o;

	(void)state;
	temp_dir_make(&dir);
	run(&o, temp_dir_write(&dir, "relais.conf", 0600,
	    "smarthost = a.example\nproxy = socks5://me@[::1]\n"
	    "proxy_password_file = /etc/proxy\n"), NULL, WORDS("config"));
	assert_int_equal(o.status, 0);
	assert_says(&o, ":3\nproxy_password_file = /etc/proxy\n");
	program_result_free(&o);
	run(&o, temp_dir_write(&dir, "relais.conf", 0600,
	    "smarthost = a.example\nproxy = socks5://me@[::1]\n"
	    "proxy_password_file = /etc/proxy\n"), NULL,
	    WORDS("-o", "proxy=socks5://[::1]", "config"));
	assert_int_equal(o.status, 0);
	assert_says(&o, "\nproxy = socks5://[::1]\n");
	assert_null(strstr(o.out.data, "/etc/proxy"));
	program_result_free(&o);
	temp_dir_remove(&dir);
}

static const struct CMUnitTest print_config_spec[] = {
	cmocka_unit_test(a_terminal_gets_no_control_character),
	cmocka_unit_test(the_password_file_of_the_proxy_is_printed),
	cmocka_unit_test(each_value_is_printed_with_its_origin),
	cmocka_unit_test(a_secret_is_hidden_in_a_pipe),
	cmocka_unit_test(
	    a_secret_is_not_written_to_a_file_that_other_users_can_read),
	cmocka_unit_test(the_printed_configuration_has_the_same_effect),
	cmocka_unit_test(credentials_of_another_smarthost_are_not_printed),
	cmocka_unit_test(
	    an_entrypoint_can_write_a_file_for_a_cleared_environment),
	cmocka_unit_test(a_broken_configuration_is_not_printed),
	cmocka_unit_test(an_unknown_group_is_reported),
	cmocka_unit_test(a_full_disk_is_reported),
	cmocka_unit_test(sendmail_config_is_a_recipient),
};

int
main(void)
{
	return cmocka_run_group_tests(print_config_spec, NULL, NULL);
}
