#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/credentials.h"
#include "config/secret_command.h"
#include "support/temp_dir.h"
#include "util/clock.h"
#include "util/memory.h"

enum { NOBODY = 65534, DEADLINE_MS = 30000 };

struct test {
	struct temp_dir		 dir;
	struct config		 config;
	struct credentials	 credentials;
	struct failure		 why;
	char			*file;		/* "secret" in the directory */
};

static int
set_up(void **state)
{
	struct test	*t = calloc(1, sizeof(*t));

	assert_non_null(t);
	temp_dir_make(&t->dir);
	t->file = memory_copy(temp_dir_path(&t->dir, "secret"));
	*state = t;
	return 0;
}

static int
tear_down(void **state)
{
	struct test	*t = *state;

	credentials_free(&t->credentials);
	config_free(&t->config);
	temp_dir_remove(&t->dir);
	free(t->file);
	free(t);
	return 0;
}

static void
configure(struct test *t, const char *key, const char *value)
{
	char	 text[1024];
	char	*path = memory_copy(temp_dir_path(&t->dir, "relais.conf"));

	snprintf(text, sizeof(text),
	    "smarthost = mail.example\nuser = me\n%s = %s\n", key, value);
	temp_dir_write_bytes(&t->dir, "relais.conf", 0600, text, strlen(text));
	config_free(&t->config);
	if (!config_load(&t->config, &(struct config_source){ .file = path },
	    &t->why))
		fail_msg("%s", t->why.text);
	free(path);
}

static bool
read_credentials(struct test *t, const char *url_user)
{
	struct command_process	process;
	bool			good;

	credentials_free(&t->credentials);
	command_process_start(&process, &t->config);
	good = credentials_read(&t->credentials, &t->config, NULL, url_user,
	    &process, &t->why);
	command_process_end(&process);
	return good;
}

static void
assert_read(struct test *t)
{
	if (!read_credentials(t, NULL))
		fail_msg("%s", t->why.text);
}

static void
assert_refused(struct test *t, int status, const char *says)
{
	assert_false(read_credentials(t, NULL));
	assert_int_equal(t->why.status, status);
	if (strstr(t->why.text, says) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", t->why.text, says);
	assert_null(t->credentials.password);
	assert_null(t->credentials.token);
	assert_null(t->credentials.user);
}

static void
write_secret(struct test *t, const char *text, size_t len, mode_t mode)
{
	temp_dir_write_bytes(&t->dir, "secret", mode, text, len);
	configure(t, "password_file", t->file);
}

static void
reads_the_password(void **state)
{
	struct test	*t = *state;

	configure(t, "password", "pass # word");
	assert_read(t);
	assert_string_equal(t->credentials.user, "me");
	assert_string_equal(t->credentials.password, "pass # word");
	assert_null(t->credentials.token);
	assert_non_null(strstr(t->credentials.origin,
	    "relais.conf:3 (password)"));
}

static void
reads_nothing_without_a_user(void **state)
{
	struct test	*t = *state;

	assert_read(t);
	assert_null(t->credentials.user);
	assert_null(t->credentials.password);
}

static void
the_user_of_the_url_takes_precedence(void **state)
{
	struct test	*t = *state;

	configure(t, "password", "x");
	assert_true(read_credentials(t, "you"));
	assert_string_equal(t->credentials.user, "you");
}

struct value_case {
	const char	*text;		/* of the file */
	const char	*want;
};

static void
reads_value(void **state)
{
	const struct value_case	*c = *state;
	void			*test;
	struct test		*t;

	set_up(&test);
	t = test;
	write_secret(t, c->text, strlen(c->text), 0600);
	assert_read(t);
	assert_string_equal(t->credentials.password, c->want);
	tear_down(&test);
}

static void
follows_links(void **state)
{
	struct test	*t = *state;

	temp_dir_write_bytes(&t->dir, "..data/value", 0440, "linked\n", 7);
	assert_int_equal(symlink("..data/value", t->file), 0);
	configure(t, "password_file", t->file);
	assert_read(t);
	assert_string_equal(t->credentials.password, "linked");
}

static void
reads_the_password_of_the_service_manager(void **state)
{
	struct test	*t = *state;

	temp_dir_write_bytes(&t->dir, "relais.password", 0400, "passed\n", 7);
	setenv("CREDENTIALS_DIRECTORY", t->dir.path, 1);
	configure(t, "helo", "client.example");
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_read(t);
	assert_string_equal(t->credentials.password, "passed");
	assert_string_equal(t->credentials.origin,
	    "environment CREDENTIALS_DIRECTORY (password_file)");
	assert_int_equal(chmod(temp_dir_path(&t->dir, "relais.password"),
	    0444), 0);
	assert_refused(t, EX_CONFIG, "readable by other users");
}

static void
refuses_files_that_others_can_read(void **state)
{
	static const mode_t	modes[] = { 0644, 0604, 0606, 0666, 0602 };
	struct test		*t = *state;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		write_secret(t, "hunter2\n", 8, modes[i]);
		assert_refused(t, EX_CONFIG, "o-rwx /");
		assert_non_null(strstr(t->why.text, "relais.conf:3: "));
		assert_non_null(strstr(t->why.text, t->file));
		assert_null(strstr(t->why.text, "hunter2"));
	}
	write_secret(t, "hunter2\n", 8, 0640);
	assert_read(t);
}

static void
make_socket(const char *path)
{
	struct sockaddr_un	at = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd != -1);
	strlcpy(at.sun_path, path, sizeof(at.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
}

static void
refuses_invalid_password_files(void **state)
{
	struct test	*t = *state;
	char		 name[32];
	int		 pipes[2];

	configure(t, "password_file", t->file);
	assert_refused(t, EX_CONFIG, "No such file");
	write_secret(t, "", 0, 0600);
	assert_refused(t, EX_CONFIG, "is empty");
	write_secret(t, "\n", 1, 0600);
	assert_refused(t, EX_CONFIG, "is empty");
	write_secret(t, "a\0b", 3, 0600);
	assert_refused(t, EX_CONFIG, "contains a NUL character");
	assert_int_equal(truncate(t->file, 65 * 1024), 0);
	assert_refused(t, EX_CONFIG, "larger than 64 KiB");
	assert_int_equal(unlink(t->file), 0);
	assert_int_equal(mkfifo(t->file, 0600), 0);
	assert_refused(t, EX_CONFIG, "is a FIFO, not a regular file");
	/* As in -o password_file=<(pass show mail). */
	assert_int_equal(pipe(pipes), 0);
	snprintf(name, sizeof(name), "/dev/fd/%d", pipes[0]);
	configure(t, "password_file", name);
	assert_refused(t, EX_CONFIG, " is a FIFO, not a regular file");
	close(pipes[0]);
	close(pipes[1]);
	configure(t, "password_file", t->file);
	assert_int_equal(unlink(t->file), 0);
	assert_int_equal(symlink("/dev/zero", t->file), 0);
	assert_refused(t, EX_CONFIG, "is a device, not a regular file");
	assert_int_equal(unlink(t->file), 0);
	assert_int_equal(mkdir(t->file, 0700), 0);
	assert_refused(t, EX_CONFIG, "is a directory, not a regular file");
	assert_int_equal(rmdir(t->file), 0);
	make_socket(t->file);
	assert_refused(t, EX_CONFIG, "is a socket, not a regular file");
}

static void
explains_missing_permission(void **state)
{
	struct test	*t = *state;
	int		 status;
	pid_t		 pid;

	write_secret(t, "x", 1, 0);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		if (geteuid() == 0 && (setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
		    setresuid(NOBODY, NOBODY, NOBODY) != 0))
			_exit(2);
		_exit(!read_credentials(t, NULL) &&
		    t->why.status == EX_NOPERM &&
		    strstr(t->why.text, "(mode 0000") != NULL &&
		    strstr(t->why.text, "the relais service") == NULL ?
		    0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Commands */

static void
write_script(struct test *t, const char *body)
{
	char	 text[512];
	char	*path = memory_copy(temp_dir_path(&t->dir, "helper"));

	snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", body);
	temp_dir_write_bytes(&t->dir, "helper", 0700, text, strlen(text));
	strlcpy(text, path, sizeof(text));
	strlcat(text, "  one\ttwo ", sizeof(text));
	configure(t, "password_command", text);
	free(path);
}

static void
runs_without_a_shell(void **state)
{
	struct test	*t = *state;

	configure(t, "password_command", "echo $HOME ; \"a  b\" `id` | *");
	assert_read(t);
	assert_string_equal(t->credentials.password,
	    "$HOME ; \"a b\" `id` | *");
}

static void
splits_words_at_blanks(void **state)
{
	struct test	*t = *state;

	write_script(t, "echo \"$#:$1:$2\"");
	assert_read(t);
	assert_string_equal(t->credentials.password, "2:one:two");
}

static void
reads_a_token(void **state)
{
	struct test	*t = *state;

	configure(t, "token_command", "echo ya29.token");
	assert_read(t);
	assert_string_equal(t->credentials.token, "ya29.token");
	assert_null(t->credentials.password);
	configure(t, "token_command", "echo two words");
	assert_refused(t, EX_CONFIG, "not an access token");
	configure(t, "token_command", "printf a\\001b");
	assert_refused(t, EX_CONFIG, "not an access token");
}

static void
sets_a_clean_environment(void **state)
{
	struct test	*t = *state;

	setenv("RELAIS_DOMAIN", "example.org", 1);
	setenv("HOME", "/nowhere", 1);
	configure(t, "password_command", "env");
	assert_read(t);
	assert_non_null(strstr(t->credentials.password,
	    "PATH=/usr/local/sbin"));
	assert_non_null(strstr(t->credentials.password, "LANG=C"));
	assert_non_null(strstr(t->credentials.password, "HOME=/nowhere"));
	assert_null(strstr(t->credentials.password, "RELAIS_"));
	unsetenv("HOME");
	assert_read(t);
	assert_null(strstr(t->credentials.password, "HOME="));
	unsetenv("RELAIS_DOMAIN");
}

static void
closes_all_descriptors(void **state)
{
	struct test	*t = *state;
	int		 fd = dup2(STDERR_FILENO, 77);

	assert_int_equal(fd, 77);
	/* Descriptor 3 is the directory that ls has opened. */
	configure(t, "password_command", "ls /proc/self/fd");
	assert_read(t);
	assert_string_equal(t->credentials.password, "0\n1\n2\n3");
	close(fd);
}

/*
 * glibc reserves signals 32 and 33; its sigaction() does not change them, and a
 * program that posix_spawn() starts, as make does, may ignore them.
 */
#define LIBC_SIGNALS	(UINT64_C(3) << 31)

static bool
has_default_signals(const char *status)
{
	uint64_t	blocked, ignored;

	return sscanf(status, "SigBlk: %" SCNx64 " SigIgn: %" SCNx64,
	    &blocked, &ignored) == 2 && blocked == 0 &&
	    (ignored & ~LIBC_SIGNALS) == 0;
}

/* The caller of sendmail may have ignored or blocked signals. */
static void
restores_default_signals(void **state)
{
	struct test	*t = *state;
	int		 status;
	pid_t		 pid;

	configure(t, "password_command",
	    "grep -E Sig(Blk|Ign) /proc/self/status");
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		sigset_t	all;

		for (int sig = 1; sig < NSIG; sig++)
			signal(sig, SIG_IGN);
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
		_exit(read_credentials(t, NULL) &&
		    has_default_signals(t->credentials.password) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
works_without_standard_descriptors(void **state)
{
	struct test	*t = *state;
	int		 status;
	pid_t		 pid;

	configure(t, "password_command", "echo fine");
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		close(0);
		close(1);
		close(2);
		signal(SIGCHLD, SIG_IGN);
		_exit(read_credentials(t, NULL) &&
		    strcmp(t->credentials.password, "fine") == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
reports_why_a_command_failed(void **state)
{
	struct test	*t = *state;

	write_script(t, "echo locked away >&2; echo more >&2; echo hunter2; "
	    "exit 3");
	assert_refused(t, EX_CONFIG, "relais.conf:3: password_command: ");
	assert_non_null(strstr(t->why.text,
	    "/helper: exited with status 3: locked away"));
	assert_null(strstr(t->why.text, "more"));
	assert_null(strstr(t->why.text, "hunter2"));
	write_script(t, "printf '\\033[2J' >&2; exit 1");
	assert_refused(t, EX_CONFIG, "status 1: \\033[2J");
	write_script(t, "kill -9 $$");
	assert_refused(t, EX_CONFIG, "killed by signal 9");
	write_script(t, "exit 75");
	assert_refused(t, EX_TEMPFAIL, "status 75");
	write_script(t, ":");
	assert_refused(t, EX_CONFIG, "is empty");
	write_script(t, "printf 'a\\000b'");
	assert_refused(t, EX_CONFIG, "contains a NUL character");
	configure(t, "password_command", "/nowhere/at/all");
	assert_refused(t, EX_CONFIG, "/nowhere/at/all: No such file");
	configure(t, "password_command", "relais-no-such-helper");
	assert_refused(t, EX_CONFIG, "relais-no-such-helper: No such file");
	temp_dir_write_bytes(&t->dir, "secret", 0700, "no program", 10);
	configure(t, "password_command", t->file);
	assert_refused(t, EX_CONFIG, "secret: Exec format error");
	temp_dir_write(&t->dir, "secret", 0700, "#!/nowhere/at/all\n");
	assert_refused(t, EX_CONFIG, "secret: No such file or directory (the "
	    "interpreter in its first line)");
}

static void
limits_the_output(void **state)
{
	struct test	*t = *state;

	configure(t, "password_command", "yes");
	assert_refused(t, EX_CONFIG, "the output is larger than 64 KiB");
	write_script(t, "head -c 65536 /dev/zero | tr '\\0' a");
	assert_read(t);
	assert_int_equal(strlen(t->credentials.password), 65536);
	write_script(t, "head -c 300000 /dev/zero >&2; echo fine");
	assert_read(t);
	assert_string_equal(t->credentials.password, "fine");
}

static void
kills_a_command_that_times_out(void **state)
{
	struct buffer	output = { 0 };
	struct failure	why;
	int64_t		start = clock_ms();

	(void)state;
	assert_false(command_output(&output, "sleep 1000", 50, -1, &why));
	assert_int_equal(why.status, EX_TEMPFAIL);
	assert_string_equal(why.text, "sleep: timed out and was killed");
	assert_null(output.data);
	assert_true(clock_ms() - start < DEADLINE_MS);
}

static void
kills_a_notified_command_that_times_out(void **state)
{
	char			*environment[] = { NULL };
	struct command_notice	 notice = { .command = "sleep 1000",
				    .input = "text", .timeout_ms = 50,
				    .environment = environment };
	struct failure		 why;
	int64_t			 start = clock_ms();

	(void)state;
	assert_false(command_notify(&notice, &why));
	assert_string_equal(why.text, "sleep: timed out and was killed");
	assert_true(clock_ms() - start < DEADLINE_MS);
}

static void
tells_a_command_its_input_and_variables(void **state)
{
	struct test		*t = *state;
	char			*path = memory_copy(temp_dir_path(&t->dir,
				    "helper"));
	char			*environment[] = { (char[]){ "FACT=a b" },
				    NULL };
	struct command_notice	 notice = { .command = path, .input = "text",
				    .timeout_ms = DEADLINE_MS,
				    .environment = environment };

	write_script(t, "read x; test \"$x $FACT\" = 'text a b' || exit 3");
	if (!command_notify(&notice, &t->why))
		fail_msg("%s", t->why.text);
	notice.input = "other";
	assert_false(command_notify(&notice, &t->why));
	assert_non_null(strstr(t->why.text, "exited with status 3"));
	free(path);
}

static void
kills_the_process_group(void **state)
{
	struct test	*t = *state;
	struct buffer	 output = { 0 };
	char		*path = memory_copy(temp_dir_path(&t->dir, "helper"));
	char		*note = memory_copy(temp_dir_path(&t->dir, "pid"));
	char		 text[256];
	int64_t		 deadline = clock_ms() + DEADLINE_MS;
	FILE		*f;
	long		 pid = 0;

	snprintf(text, sizeof(text), "sleep 1000 & echo $! >%s; wait", note);
	write_script(t, text);
	assert_false(command_output(&output, path, 2000, -1,
	    &t->why));
	f = fopen(note, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld", &pid), 1);
	fclose(f);
	while (kill((pid_t)pid, 0) == 0 && clock_ms() < deadline) {
		char	stat[64] = "";

		/* A zombie has ended. */
		snprintf(text, sizeof(text), "/proc/%ld/stat", pid);
		f = fopen(text, "r");
		if (f == NULL || fgets(stat, sizeof(stat), f) == NULL ||
		    strstr(stat, ") Z") != NULL)
			deadline = 0;
		if (f != NULL)
			fclose(f);
	}
	assert_true(deadline == 0 || clock_ms() < deadline);
	free(path);
	free(note);
}

static void
does_not_wait_for_daemons(void **state)
{
	struct test	*t = *state;
	int64_t		 start = clock_ms();
	pid_t		 pid;

	write_script(t, "sleep 1000 & echo $!");
	assert_read(t);
	assert_true(clock_ms() - start < DEADLINE_MS);
	pid = (pid_t)atol(t->credentials.password);
	assert_true(pid > 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
}

#define READS(sentence, text, want) \
	{ sentence, reads_value, NULL, NULL, \
	    &(struct value_case){ text, want } }
#define DOES(function) \
	cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static const struct CMUnitTest spec[] = {
	DOES(reads_the_password),
	DOES(reads_nothing_without_a_user),
	DOES(the_user_of_the_url_takes_precedence),
	READS("a file without a newline", "secret", "secret"),
	READS("a newline at the end is removed", "secret\n", "secret"),
	READS("CRLF at the end is removed", "secret\r\n", "secret"),
	READS("only one newline is removed", "secret\n\n", "secret\n"),
	READS("a carriage return is kept", "secret\r", "secret\r"),
	READS("blanks and control characters are kept",
	    " se\tcr\001et \377 ", " se\tcr\001et \377 "),
	READS("all characters of relais.conf are kept", "#;\"'\\=:%&",
	    "#;\"'\\=:%&"),
	DOES(follows_links),
	DOES(reads_the_password_of_the_service_manager),
	DOES(refuses_files_that_others_can_read),
	DOES(refuses_invalid_password_files),
	DOES(explains_missing_permission),
	DOES(runs_without_a_shell),
	DOES(splits_words_at_blanks),
	DOES(reads_a_token),
	DOES(sets_a_clean_environment),
	DOES(closes_all_descriptors),
	DOES(restores_default_signals),
	DOES(works_without_standard_descriptors),
	DOES(reports_why_a_command_failed),
	DOES(limits_the_output),
	DOES(kills_a_command_that_times_out),
	DOES(kills_a_notified_command_that_times_out),
	DOES(tells_a_command_its_input_and_variables),
	DOES(kills_the_process_group),
	DOES(does_not_wait_for_daemons),
};

int
main(void)
{
	return cmocka_run_group_tests(spec, NULL, NULL);
}
