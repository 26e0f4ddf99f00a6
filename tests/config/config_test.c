#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/keys.h"
#include "config/section.h"
#include "support/skip.h"
#include "support/temp_dir.h"
#include "util/memory.h"

/* The user id of a user without files. */
enum { NOBODY = 65534 };

struct test {
	struct temp_dir	 dir;
	struct config	 config;
	struct failure	 why;
	char		*path;		/* of relais.conf */
};

static int
set_up(void **state)
{
	struct test	*t = calloc(1, sizeof(*t));

	assert_non_null(t);
	temp_dir_make(&t->dir);
	t->path = memory_copy(temp_dir_path(&t->dir, "relais.conf"));
	*state = t;
	return 0;
}

static int
tear_down(void **state)
{
	struct test	*t = *state;

	config_free(&t->config);
	temp_dir_remove(&t->dir);
	free(t->path);
	free(t);
	return 0;
}

static void
write_text(struct test *t, const char *name, const char *text)
{
	temp_dir_write_bytes(&t->dir, name, 0640, text, strlen(text));
}

static bool
load_with(struct test *t, const char *text, const char *const *overrides)
{
	if (text != NULL)
		write_text(t, "relais.conf", text);
	config_free(&t->config);
	t->why = (struct failure){ .status = EX_OK };
	return config_load(&t->config, &(struct config_source){
	    .file = t->path, .overrides = overrides }, &t->why);
}

static bool
load(struct test *t, const char *text)
{
	return load_with(t, text, NULL);
}

static void
assert_loads(struct test *t, const char *text)
{
	if (!load(t, text))
		fail_msg("%s", t->why.text);
}

static void
assert_says(const struct test *t, const char *words)
{
	if (strstr(t->why.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", t->why.text, words);
}

static void
assert_refused(struct test *t, const char *text, const char *says)
{
	if (load(t, text))
		fail_msg("accepted");
	assert_int_equal(t->why.status, EX_CONFIG);
	assert_says(t, says);
}

static void
assert_value(const struct test *t, enum config_key key, const char *want)
{
	const char	*got = config_text(&t->config, NULL, key);

	assert_string_equal(got != NULL ? got : "none", want);
}

/* A text with the value of one key, or with the error. */

struct reading {
	const char	*text;
	enum config_key	 key;
	const char	*want;
};

struct refusal {
	const char	*text;
	const char	*says;
};

static void
reads(void **state)
{
	const struct reading	*c = *state;
	void			*test;

	set_up(&test);
	assert_loads(test, c->text);
	assert_value(test, c->key, c->want);
	tear_down(&test);
}

static void
refuses(void **state)
{
	const struct refusal	*c = *state;
	void			*test;

	set_up(&test);
	assert_refused(test, c->text, c->says);
	assert_says(test, ((struct test *)test)->path);
	tear_down(&test);
}

static void
reads_the_example(void **state)
{
	struct test	*t = *state;

	assert_loads(t,
	    "smarthost     = submission://smtp.example.org\n"
	    "user          = alerts@example.org\n"
	    "password_file = /etc/relais.password\n"
	    "from          = alerts@example.org\n"
	    "root          = admin@example.org\n");
	assert_value(t, KEY_SMARTHOST, "submission://smtp.example.org");
	assert_value(t, KEY_USER, "alerts@example.org");
	assert_value(t, KEY_PASSWORD_FILE, "/etc/relais.password");
	assert_value(t, KEY_FROM, "alerts@example.org");
	assert_value(t, KEY_ROOT, "admin@example.org");
	assert_string_equal(t->config.path, t->path);
}

static void
has_the_documented_defaults(void **state)
{
	struct test	*t = *state;

	assert_loads(t, "");
	assert_value(t, KEY_SMARTHOST, "none");
	assert_value(t, KEY_AUTH, "auto");
	assert_value(t, KEY_FROM_MODE, "local");
	assert_value(t, KEY_QUEUE, "/var/spool/relais");
	assert_int_equal(config_ms(&t->config, NULL, KEY_QUEUE_LIFETIME),
	    INT64_C(5) * 24 * 3600 * 1000);
	assert_int_equal(config_ms(&t->config, NULL, KEY_CONNECT_TIMEOUT),
	    15000);
	assert_int_equal(config_ms(&t->config, NULL, KEY_TIMEOUT), 0);
	assert_int_equal(config_number(&t->config, NULL, KEY_CONNECTIONS), 4);
	assert_int_equal(config_number(&t->config, NULL, KEY_CLIENTS), 100);
	assert_value(t, KEY_SOCKET, "/run/relais/submission");
	assert_int_equal(config_number(&t->config, NULL,
	    KEY_QUEUE_SIZE_LIMIT), 1024 * 1024 * 1024);
	assert_int_equal(config_number(&t->config, NULL,
	    KEY_MESSAGE_SIZE_LIMIT), 0);
	assert_false(config_bool(&t->config, NULL, KEY_EARLY_BDAT));
}

static void
knows_every_key(void **state)
{
	(void)state;
	for (int k = 0; k < CONFIG_KEYS; k++) {
		assert_non_null(config_key_name((enum config_key)k));
		assert_int_equal(config_is_secret((enum config_key)k),
		    k == KEY_PASSWORD);
	}
	assert_null(config_default(KEY_LOG));
	assert_string_equal(config_default(KEY_FAMILY), "any");
}

static void
assert_rate(const struct test *t, const char *user, uint64_t count,
    int64_t ms)
{
	struct config_subject	subject = { .user = user };
	uint64_t		got;
	int64_t			period;

	assert_int_equal(config_rate(&t->config, &subject, KEY_LIMIT, &got,
	    &period), count > 0);
	if (count == 0)
		return;
	assert_int_equal(got, count);
	assert_int_equal(period, ms);
}

static void
reads_rates(void **state)
{
	struct test	*t = *state;

	assert_loads(t, "");
	assert_rate(t, "kim", 0, 0);
	assert_loads(t, "limit = 200/hour\n[user www-data]\n"
	    "limit = 10/minute\n[user cron]\nlimit = 1000/day\n"
	    "[user backup]\nlimit = off\n");
	assert_rate(t, "kim", 200, 3600 * 1000);
	assert_rate(t, "www-data", 10, 60 * 1000);
	assert_rate(t, "cron", 1000, 24 * 3600 * 1000);
	assert_rate(t, "backup", 0, 0);
	assert_loads(t, "limit = 5/second\n");
	assert_rate(t, "kim", 5, 1000);
}

static void
has_the_origin_of_a_setting(void **state)
{
	struct test		*t = *state;
	const struct setting	*set;
	char			 want[128];

	assert_loads(t, "# first\n\nfrom = a@example.org\n");
	set = config_find(&t->config, NULL, KEY_FROM);
	snprintf(want, sizeof(want), "%s:3", t->path);
	assert_string_equal(set->origin, want);
	assert_null(config_find(&t->config, NULL, KEY_ROOT));
}

static void
accumulates_some_keys(void **state)
{
	struct test		*t = *state;
	const struct setting	*set;

	assert_loads(t, "header_add = X-A: 1\nheader_add = X-B: 2\n"
	    "header_remove = X-C, X-D X-E\n");
	set = config_find(&t->config, NULL, KEY_HEADER_ADD);
	assert_string_equal(set->value, "X-B: 2");
	assert_string_equal(set->next->value, "X-A: 1");
	assert_null(set->next->next);
	set = config_find(&t->config, NULL, KEY_HEADER_REMOVE);
	assert_string_equal(set->value, "X-E");
	assert_string_equal(set->next->value, "X-D");
	assert_string_equal(set->next->next->value, "X-C");
}

/* The installed file contains each key with a valid value. */
static void
installed_file_is_valid(void **state)
{
	struct test	*t = *state;
	FILE		*f = fopen("conf/relais.conf", "r");
	struct section	*s = section_insert(&t->config.first, SECTION_TOP);
	char		 line[256];
	char		 name[64];
	int		 at = 0;
	enum config_key	 key;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL &&
	    strncmp(line, "# --- Sections", 14) != 0) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0')
			continue;
		assert_int_equal(line[0], '#');
		if (sscanf(line, "#%63[a-z_] = %n", name, &at) != 1 ||
		    strchr(line, '=') == NULL || strchr("# ", line[1]) != NULL)
			continue;
		assert_true(key_find(name, strlen(name), &key));
		if (!section_set(s, key, line + at, strlen(line + at), "here",
		    &t->why))
			fail_msg("%s", t->why.text);
	}
	fclose(f);
	for (int k = 0; k < CONFIG_KEYS; k++) {
		if (s->setting[k] == NULL)
			fail_msg("%s is not in conf/relais.conf",
			    config_key_name((enum config_key)k));
		if (config_default((enum config_key)k) != NULL)
			assert_string_equal(s->setting[k]->value,
			    config_default((enum config_key)k));
	}
}

/* Sections */

static const char sections[] =
    "smarthost = top.example\n"
    "helo = top\n"
    "[from *@Work.example]\n"
    "smarthost = work.example\n"
    "[to *@internal]\n"
    "smarthost = smtp://[::1]\n"
    "helo = inside\n"
    "[user www-*]\n"
    "helo = web\n"
    "from = web@example.org\n";

static void
assert_subject(const struct test *t, const char *from, const char *to,
    const char *user, const char *host, const char *helo)
{
	struct config_subject	who = { .from = from, .to = to, .user = user };

	assert_string_equal(config_text(&t->config, &who, KEY_SMARTHOST),
	    host);
	assert_string_equal(config_text(&t->config, &who, KEY_HELO), helo);
}

static void
the_first_matching_section_is_used(void **state)
{
	struct test	*t = *state;

	assert_loads(t, sections);
	assert_subject(t, "a@b.example", "c@d.example", "root", "top.example",
	    "top");
	assert_subject(t, NULL, NULL, NULL, "top.example", "top");
	assert_subject(t, "me@WORK.example", "x@internal", "root",
	    "work.example", "inside");
	assert_subject(t, "a@b.example", "x@internal", "www-data",
	    "smtp://[::1]", "inside");
	assert_subject(t, "", NULL, "www-data", "top.example", "web");
	assert_subject(t, NULL, NULL, "WWW-data", "top.example", "top");
	assert_value(t, KEY_FROM, "none");
}

static void
returns_the_section_of_a_setting(void **state)
{
	struct test		*t = *state;
	struct config_subject	 who = { .to = "x@internal" };
	const struct section	*s;

	assert_loads(t, sections);
	s = config_section(&t->config, &who, KEY_SMARTHOST);
	assert_int_equal(s->kind, SECTION_TO);
	assert_string_equal(s->pattern, "*@internal");
	assert_non_null(strstr(s->origin, "relais.conf:5"));
	s = config_section(&t->config, NULL, KEY_SMARTHOST);
	assert_int_equal(s->kind, SECTION_TOP);
	assert_null(config_section(&t->config, &who, KEY_ROOT));
}

/* More files */

static void
includes_files_in_order(void **state)
{
	struct test	*t = *state;

	write_text(t, "relais.d/20.conf", "helo = b\nroot = b@example.org\n");
	write_text(t, "relais.d/10.conf", "helo = a\n[user x]\nhelo = x\n");
	write_text(t, "relais.d/note.txt", "not a configuration\n");
	assert_loads(t, "include = relais.d/*.conf\ndomain = example.org\n");
	assert_value(t, KEY_HELO, "b");
	assert_value(t, KEY_ROOT, "b@example.org");
	assert_value(t, KEY_DOMAIN, "example.org");
	assert_string_equal(config_text(&t->config,
	    &(struct config_subject){ .user = "x" }, KEY_HELO), "x");
	assert_non_null(strstr(config_find(&t->config, NULL,
	    KEY_HELO)->origin, "relais.d/20.conf:1"));
}

static void
names_the_included_line(void **state)
{
	struct test	*t = *state;

	write_text(t, "more.conf", "\nhello = x\n");
	assert_refused(t, "include = more.conf\n", "relais.conf:1: ");
	assert_says(t, "more.conf:2: unknown key \"hello\"; did you mean "
	    "helo?");
}

static void
includes_must_exist_without_wildcards(void **state)
{
	struct test	*t = *state;

	assert_loads(t, "include = none.d/*.conf\n");
	assert_refused(t, "include = none.conf\n", "No such file");
	assert_refused(t, "include =\n", "the value is missing");
}

static void
refuses_a_file_that_includes_itself(void **state)
{
	struct test	*t = *state;

	write_text(t, "a.conf", "include = b.conf\n");
	write_text(t, "b.conf", "include = relais.conf\n");
	assert_refused(t, "include = a.conf\n", "includes itself");
}

static void
limits_the_depth_of_includes(void **state)
{
	struct test	*t = *state;
	char		 name[32];
	char		 text[64];

	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "%d.conf", i);
		snprintf(text, sizeof(text), "include = %d.conf\n", i + 1);
		write_text(t, name, text);
	}
	assert_refused(t, "include = 0.conf\n", "too many included files");
}

static void
limits_the_number_of_includes(void **state)
{
	struct test	*t = *state;
	char		 text[300 * 20] = "";

	write_text(t, "a.conf", "# nothing\n");
	for (int i = 0; i < 300; i++)
		strlcat(text, "include = a.conf\n", sizeof(text));
	assert_refused(t, text, "too many included files");
}

static void
limits_the_number_of_sections(void **state)
{
	struct test	*t = *state;
	char		 text[1001 * 9 + 1] = "";

	for (size_t i = 0; i < 1001; i++)
		memcpy(text + 9 * i, "[user x]\n", 9);
	assert_refused(t, text, ":1001: too many sections (at most 1000)");
	text[1000 * 9] = '\0';
	assert_loads(t, text);
}

/* Unusual and refused files */

static void
reads_crlf_and_byte_order_marks(void **state)
{
	struct test	*t = *state;

	assert_loads(t, "helo = a\r\n\r\n# c\r\n[user x]\r\nhelo = x\r\n");
	assert_value(t, KEY_HELO, "a");
	assert_loads(t, "\357\273\277helo = bom\n");
	assert_value(t, KEY_HELO, "bom");
	assert_loads(t, "helo = last");
	assert_value(t, KEY_HELO, "last");
	assert_loads(t, "\357\273\277");
}

static void
refuses_a_nul_character(void **state)
{
	struct test	*t = *state;

	temp_dir_write_bytes(&t->dir, "relais.conf", 0640,
	    "\n\nfrom = a\0b\n", 13);
	assert_refused(t, NULL, "relais.conf:3: the line contains a NUL");
}

static void
refuses_a_large_file(void **state)
{
	struct test	*t = *state;

	write_text(t, "relais.conf", "");
	assert_int_equal(truncate(t->path, 10 * 1024 * 1024), 0);
	assert_refused(t, NULL, "larger than 1024 KiB");
}

static void
refuses_files_that_are_not_regular(void **state)
{
	struct test	*t = *state;

	assert_int_equal(mkdir(t->path, 0755), 0);
	assert_refused(t, NULL, "is a directory");
	assert_int_equal(rmdir(t->path), 0);
	assert_int_equal(mkfifo(t->path, 0600), 0);
	assert_refused(t, NULL, "is a FIFO, not a regular file");
	assert_int_equal(unlink(t->path), 0);
	assert_int_equal(symlink("/dev/zero", t->path), 0);
	assert_refused(t, NULL, "is a device, not a regular file");
	assert_int_equal(unlink(t->path), 0);
	assert_refused(t, NULL, "No such file");
}

static void
refuses_a_file_that_others_can_write(void **state)
{
	struct test	*t = *state;

	temp_dir_write_bytes(&t->dir, "relais.conf", 0666, "", 0);
	assert_refused(t, NULL, "o-w /");
}

static void
refuses_a_shared_password(void **state)
{
	struct test	*t = *state;
	static const char text[] =
	    "smarthost = a\nuser = b\npassword = hunter2\n";

	temp_dir_write_bytes(&t->dir, "relais.conf", 0644, text,
	    sizeof(text) - 1);
	assert_refused(t, NULL, "relais.conf:3: password: other users can "
	    "read this file");
	assert_says(t, "chmod o-rwx ");
	assert_null(strstr(t->why.text, "hunter2"));
	temp_dir_write_bytes(&t->dir, "relais.conf", 0640, text,
	    sizeof(text) - 1);
	assert_loads(t, NULL);
}

/* Runs the claim in a child, as a user who owns no files. */
static void
assert_as_nobody(struct test *t, bool (*claim)(struct test *))
{
	int	status;
	pid_t	pid = fork();

	assert_true(pid != -1);
	if (pid == 0) {
		if (geteuid() == 0 && (setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
		    setresuid(NOBODY, NOBODY, NOBODY) != 0))
			_exit(2);
		_exit(claim(t) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static bool
cannot_read(struct test *t)
{
	static const char *const override[] = { "helo=still.there", NULL };

	return !config_load(&t->config, &(struct config_source){
	    .file = t->path, .overrides = override }, &t->why) &&
	    t->why.status == EX_NOPERM &&
	    strstr(t->why.text, "(mode 0000, owner ") != NULL &&
	    strstr(t->why.text, "has no permission to read it") != NULL &&
	    strcmp(config_text(&t->config, NULL, KEY_HELO), "still.there") == 0;
}

static void
explains_missing_permission(void **state)
{
	struct test	*t = *state;

	temp_dir_write_bytes(&t->dir, "relais.conf", 0, "", 0);
	assert_as_nobody(t, cannot_read);
}

/* The default files, unless this machine has a configuration. */

static bool
load_usual(struct test *t)
{
	return config_load(&t->config, &(struct config_source){ .file = NULL },
	    &t->why);
}

static bool
reads_own(struct test *t)
{
	return load_usual(t) && t->config.path != NULL &&
	    strcmp(config_text(&t->config, NULL, KEY_HELO), "mine") == 0;
}

static bool
reads_none(struct test *t)
{
	return load_usual(t) && t->config.path == NULL &&
	    config_find(&t->config, NULL, KEY_HELO) == NULL;
}

static bool
refuses_foreign(struct test *t)
{
	return !load_usual(t) && t->why.status == EX_CONFIG &&
	    strstr(t->why.text, "owned by uid 1234, not by root or ") != NULL;
}

static void
own(struct test *t, const char *name)
{
	char	*path = memory_copy(temp_dir_path(&t->dir, name));

	if (geteuid() == 0)
		assert_int_equal(chown(path, NOBODY, NOBODY), 0);
	free(path);
}

static void
default_files(void **state)
{
	struct test	*t = *state;
	char		*other = memory_copy(temp_dir_path(&t->dir, "other"));

	if (access(SYSCONFDIR "/relais.conf", F_OK) == 0)
		skip_because("%s/relais.conf exists", SYSCONFDIR);
	unsetenv("XDG_CONFIG_HOME");
	setenv("HOME", t->dir.path, 1);
	assert_as_nobody(t, reads_none);
	write_text(t, ".config/relais.conf", "helo = mine\n");
	own(t, ".config/relais.conf");
	assert_as_nobody(t, reads_own);
	if (geteuid() == 0)
		assert_true(reads_none(t));
	config_free(&t->config);

	setenv("XDG_CONFIG_HOME", other, 1);
	assert_as_nobody(t, reads_none);
	write_text(t, "other/relais.conf", "helo = mine\n");
	own(t, "other/relais.conf");
	assert_as_nobody(t, reads_own);
	setenv("XDG_CONFIG_HOME", "other", 1);
	assert_as_nobody(t, reads_own);
	unsetenv("HOME");
	assert_as_nobody(t, reads_none);
	unsetenv("XDG_CONFIG_HOME");
	free(other);
}

static void
refuses_a_file_of_another_user(void **state)
{
	struct test	*t = *state;
	char		*path = memory_copy(temp_dir_path(&t->dir,
			    ".config/relais.conf"));

	if (access(SYSCONFDIR "/relais.conf", F_OK) == 0)
		skip_because("%s/relais.conf exists", SYSCONFDIR);
	if (geteuid() != 0)
		skip_because("only root can give a file away");
	write_text(t, ".config/relais.conf", "helo = planted\n");
	assert_int_equal(chown(path, 1234, 1234), 0);
	assert_int_equal(chmod(path, 0644), 0);
	setenv("HOME", t->dir.path, 1);
	assert_as_nobody(t, refuses_foreign);
	*strrchr(path, '/') = '\0';
	assert_int_equal(chmod(path, 0700), 0);
	assert_as_nobody(t, reads_none);
	unsetenv("HOME");
	free(path);
}

/* The environment */

static void
environment_takes_precedence_over_the_top(void **state)
{
	struct test	*t = *state;

	setenv("RELAIS_HELO", " container ", 1);
	setenv("RELAIS_FROM", "", 1);
	assert_loads(t, "helo = top\nfrom = a@example.org\n"
	    "[user x]\nhelo = x\n");
	assert_value(t, KEY_HELO, "container");
	assert_value(t, KEY_FROM, "a@example.org");
	assert_string_equal(config_find(&t->config, NULL, KEY_HELO)->origin,
	    "environment RELAIS_HELO");
	assert_string_equal(config_text(&t->config,
	    &(struct config_subject){ .user = "x" }, KEY_HELO), "x");
	unsetenv("RELAIS_HELO");
	unsetenv("RELAIS_FROM");
}

/* As in a file; the values of some container systems end with a newline. */
static void
environment_loses_one_newline(void **state)
{
	struct test	*t = *state;

	setenv("RELAIS_SMARTHOST", "mail.example\n", 1);
	setenv("RELAIS_USER", "me\r\n", 1);
	setenv("RELAIS_PASSWORD", "secret\n", 1);
	setenv("RELAIS_HELO", "\n", 1);
	assert_loads(t, "helo = box.example\n");
	assert_value(t, KEY_SMARTHOST, "mail.example");
	assert_value(t, KEY_USER, "me");
	assert_value(t, KEY_PASSWORD, "secret");
	assert_value(t, KEY_HELO, "box.example");
	setenv("RELAIS_PASSWORD", "secret\n\n", 1);
	assert_refused(t, "", "password: the value contains a control"
	    " character");
	unsetenv("RELAIS_PASSWORD");
	unsetenv("RELAIS_HELO");
	unsetenv("RELAIS_USER");
	unsetenv("RELAIS_SMARTHOST");
	setenv("RELAIS_HELO_FILE", "/nowhere\n", 1);
	assert_refused(t, "", "RELAIS_HELO_FILE: /nowhere: No such file");
	unsetenv("RELAIS_HELO_FILE");
}

#define LONG_NAME \
	"A123456789B123456789C123456789D123456789E123456789F123456789G123456789"

static void
environment_is_checked(void **state)
{
	struct test	*t = *state;

	setenv("RELAIS_FORM", "a@example.org", 1);
	assert_refused(t, "", "environment RELAIS_FORM: unknown key \"form\"; "
	    "did you mean from?");
	unsetenv("RELAIS_FORM");
	setenv("RELAIS_TLS", "no", 1);
	assert_refused(t, "", "environment RELAIS_TLS: tls: invalid value "
	    "\"no\"; expected one of: required opportunistic off");
	unsetenv("RELAIS_TLS");
	setenv("RELAIS_INCLUDE", "/etc/x", 1);
	assert_refused(t, "",
	    "include is allowed only in a configuration file");
	unsetenv("RELAIS_INCLUDE");
	setenv("RELAIS_HELO", "a\nb", 1);
	assert_refused(t, "", "contains a control character");
	unsetenv("RELAIS_HELO");
	setenv("RELAIS_PORT", "465", 1);
	assert_refused(t, "", "unknown key \"port\"");
	unsetenv("RELAIS_PORT");
	setenv("RELAIS_" LONG_NAME, "1", 1);
	assert_refused(t, "", "environment RELAIS_" LONG_NAME ": unknown key");
	unsetenv("RELAIS_" LONG_NAME);
}

/* The password that systemd passes to a service. */
struct passed {
	const char	*text;
	const char	*variable;	/* NAME=VALUE, or NULL */
	bool		 missing;	/* the file does not exist */
	bool		 used;
	const char	*says;		/* of the error, or NULL */
};

static void
uses_passed_secret(void **state)
{
	const struct passed	*c = *state;
	void			*test;
	struct test		*t;
	char			*path;
	const struct setting	*set;
	char			 name[64];

	set_up(&test);
	t = test;
	path = memory_copy(temp_dir_path(&t->dir, "relais.password"));
	if (!c->missing)
		temp_dir_write_bytes(&t->dir, "relais.password", 0400, "x", 1);
	setenv("CREDENTIALS_DIRECTORY", t->dir.path, 1);
	if (c->variable != NULL) {
		strlcpy(name, c->variable, sizeof(name));
		name[strcspn(name, "=")] = '\0';
		setenv(name, strchr(c->variable, '=') + 1, 1);
	}
	if (c->says != NULL)
		assert_refused(t, c->text, c->says);
	else
		assert_loads(t, c->text);
	set = config_find(&t->config, NULL, KEY_PASSWORD_FILE);
	assert_int_equal(set != NULL && strcmp(set->value, path) == 0,
	    c->used);
	if (c->used)
		assert_string_equal(set->origin,
		    "environment CREDENTIALS_DIRECTORY");
	if (c->variable != NULL)
		unsetenv(name);
	unsetenv("CREDENTIALS_DIRECTORY");
	free(path);
	tear_down(&test);
}

static void
ignores_kubernetes_variables(void **state)
{
	struct test	*t = *state;

	setenv("RELAIS_PORT", "tcp://10.0.0.1:25", 1);
	setenv("RELAIS_PORT_25_TCP_ADDR", "10.0.0.1", 1);
	setenv("RELAIS_SERVICE_HOST", "10.0.0.1", 1);
	assert_loads(t, "");
	unsetenv("RELAIS_PORT");
	unsetenv("RELAIS_PORT_25_TCP_ADDR");
	unsetenv("RELAIS_SERVICE_HOST");
}

static void
environment_names_files(void **state)
{
	struct test	*t = *state;
	char		*path = memory_copy(temp_dir_path(&t->dir, "host"));

	setenv("RELAIS_SMARTHOST_FILE", path, 1);
	assert_refused(t, "", "environment RELAIS_SMARTHOST_FILE: ");
	temp_dir_write_bytes(&t->dir, "host", 0444, "mail.example\n", 13);
	assert_loads(t, "");
	assert_value(t, KEY_SMARTHOST, "mail.example");
	setenv("RELAIS_SMARTHOST", "other.example", 1);
	assert_refused(t, "", "smarthost is also set by ");
	unsetenv("RELAIS_SMARTHOST");
	temp_dir_write_bytes(&t->dir, "host", 0444, "\n", 1);
	assert_refused(t, "", "is empty");
	unsetenv("RELAIS_SMARTHOST_FILE");

	/* The key password_file takes precedence over password in a file. */
	setenv("RELAIS_PASSWORD_FILE", "/run/secrets/mail", 1);
	assert_loads(t, "smarthost = a\nuser = b\n");
	assert_value(t, KEY_PASSWORD_FILE, "/run/secrets/mail");
	unsetenv("RELAIS_PASSWORD_FILE");
	free(path);
}

/* -o */

static void
options_take_precedence(void **state)
{
	struct test	*t = *state;
	static const char *const good[] = { "helo=o", "helo = p", NULL };

	setenv("RELAIS_HELO", "environment", 1);
	assert_false(load_with(t, "helo = a\n", good));
	assert_int_equal(t->why.status, EX_USAGE);
	assert_says(t, "-o: unknown key \"helo \"");
	assert_true(load_with(t, "helo = a\n[user x]\nhelo = x\n",
	    (const char *const []){ "helo=o", "helo= p", NULL }));
	assert_value(t, KEY_HELO, "p");
	assert_string_equal(config_find(&t->config,
	    &(struct config_subject){ .user = "x" }, KEY_HELO)->origin,
	    "-o helo");
	unsetenv("RELAIS_HELO");
}

struct bad_option {
	const char	*argument;
	const char	*says;
};

static void
refuses_option(void **state)
{
	const struct bad_option	*c = *state;
	void			*test;
	struct test		*t;

	set_up(&test);
	t = test;
	assert_false(load_with(t, "",
	    (const char *const []){ c->argument, NULL }));
	assert_int_equal(t->why.status, EX_USAGE);
	assert_says(t, c->says);
	assert_null(strstr(t->why.text, "hunter2"));
	tear_down(&test);
}

/* Credentials */

static const struct setting *
secret_of(const struct test *t, const char *user)
{
	struct config_subject	who = { .user = user };
	enum config_key		key;

	return config_secret(&t->config, config_section(&t->config,
	    &who, KEY_SMARTHOST), &key);
}

static void
credentials_are_for_their_smarthost(void **state)
{
	struct test	*t = *state;
	static const char text[] =
	    "smarthost = top.example\nuser = top\npassword_file = /top\n"
	    "[user x]\nsmarthost = x.example\n"
	    "[user y]\nsmarthost = y.example\nuser = y\npassword_file = /y\n";

	assert_loads(t, text);
	assert_string_equal(secret_of(t, NULL)->value, "/top");
	assert_null(secret_of(t, "x"));
	assert_string_equal(secret_of(t, "y")->value, "/y");

	setenv("RELAIS_SMARTHOST", "evil.example", 1);
	assert_loads(t, text);
	assert_null(secret_of(t, NULL));
	assert_string_equal(secret_of(t, "y")->value, "/y");
	unsetenv("RELAIS_SMARTHOST");

	assert_true(load_with(t, text,
	    (const char *const []){ "smarthost=evil.example", NULL }));
	assert_null(secret_of(t, NULL));
	assert_null(secret_of(t, "y"));
}

static void
environment_and_options_replace_the_password(void **state)
{
	struct test	*t = *state;

	setenv("RELAIS_PASSWORD_FILE", "/run/secret", 1);
	assert_loads(t, "smarthost = top.example\nuser = top\n"
	    "password = old\n");
	assert_string_equal(secret_of(t, NULL)->value, "/run/secret");
	assert_true(load_with(t, NULL,
	    (const char *const []){ "password_file=/o", NULL }));
	assert_string_equal(secret_of(t, NULL)->value, "/o");
	unsetenv("RELAIS_PASSWORD_FILE");
}

#define READS(sentence, text, key, want) \
	{ sentence, reads, NULL, NULL, &(struct reading){ text, key, want } }
#define REFUSES(sentence, text, says) \
	{ sentence, refuses, NULL, NULL, &(struct refusal){ text, says } }
#define REFUSES_OPTION(sentence, argument, says) \
	{ sentence, refuses_option, NULL, NULL, \
	    &(struct bad_option){ argument, says } }
#define DOES(function) \
	cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#define HOST	"smarthost = mail.example\n"

#define SIXTEEN	"0123456789abcdef"
#define LONG	SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN \
		SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN \
		SIXTEEN SIXTEEN
#define PASSED(sentence, ...) { sentence, uses_passed_secret, NULL, NULL, \
	&(struct passed){ __VA_ARGS__ } }

static const struct CMUnitTest spec[] = {
	DOES(reads_the_example),
	DOES(has_the_documented_defaults),
	DOES(knows_every_key),
	DOES(reads_rates),
	DOES(has_the_origin_of_a_setting),
	DOES(accumulates_some_keys),
	READS("blanks around key and value are removed",
	    "\t helo\t =  a.b \t\n",
	    KEY_HELO, "a.b"),
	READS("an equals sign belongs to the value",
	    "smarthost = h\nuser = a=b\npassword = c\n", KEY_USER, "a=b"),
	READS("a password extends to the end of the line",
	    "smarthost = h\nuser = u\npassword = a # \"b\\' ;c=:& %\n",
	    KEY_PASSWORD, "a # \"b\\' ;c=:& %"),
	READS("the last of several settings is used",
	    "helo = a\nhelo = b\n", KEY_HELO,
	    "b"),
	READS("a comment can be indented", "  # helo = a\n", KEY_HELO, "none"),
	READS("mechanisms are case-insensitive", "auth = plain login\n",
	    KEY_AUTH, "plain login"),
	READS("the queue can be off", "queue = off\n", KEY_QUEUE, "off"),
	READS("helo can be an address literal",
	    "helo = [192.0.2.1]\n", KEY_HELO,
	    "[192.0.2.1]"),
	READS("helo can be an IPv6 literal", "helo = [ipv6:2001:db8::1]\n",
	    KEY_HELO, "[ipv6:2001:db8::1]"),
	READS("helo can be a name in UTF-8", "helo = m\303\274nchen.example\n",
	    KEY_HELO, "m\303\274nchen.example"),
	READS("the user can be in the URL", "smarthost = smtp://me@h\n"
	    "password_file = /x\n", KEY_PASSWORD_FILE, "/x"),
	READS("a local part can be quoted",
	    "from = \"a b\"@example.org\n", KEY_FROM,
	    "\"a b\"@example.org"),
	READS("a user with a certificate needs no password",
	    "smarthost = h\nuser = u\n"
	    "tls_certificate = /c\ntls_key = /k\n", KEY_USER, "u"),
	READS("a pin can follow sha256//",
	    "tls_pin = sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	    "\n", KEY_TLS_PIN,
	    "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
	READS("a pin", "tls_pin = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	    "\n", KEY_TLS_PIN, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),

	REFUSES("an unknown key", "\nsmarthots = x\n",
	    ":2: unknown key \"smarthots\"; did you mean smarthost?"),
	REFUSES("a key with swapped letters", "form = a@b\n",
	    "did you mean from?"),
	REFUSES("a key with capitals and hyphens", "Password-File = /x\n",
	    "did you mean password_file?"),
	REFUSES("an unknown key that resembles no other", "mailhub = x\n",
	    "unknown key \"mailhub\""),
	REFUSES("an escape sequence as key", "\033[31m = x\n",
	    "\"\\033[31m\""),
	REFUSES("a line of base64, which is not shown",
	    "dHIwdWI0ZG9yJjMtc2VjcmV0=\n", ":1: unknown key before the equals "
	    "sign"),
	REFUSES("an empty key", "= x\n", "unknown key \"\""),
	REFUSES("a line without =", "smarthost mail\n",
	    ":1: the line has no equals sign; expected key = value; did you "
	    "mean smarthost = ...?"),
	REFUSES("a missing value",
	    "from =\n", ":1: from: the value is missing"),
	REFUSES("an empty list", "tls_pin = , ,\n",
	    ":1: tls_pin: the value is missing"),
	REFUSES("a host name that is not UTF-8",
	    "domain = m\374nchen.example\n",
	    "expected a host name"),
	REFUSES("a control character", "helo = a\033b\n",
	    "helo: the value contains a control"),
	REFUSES("a lone carriage return", "helo = a\rb\n",
	    "helo: the value contains a control"),
	REFUSES("a number above its range", "connections = 1001\n",
	    "connections: \"1001\" is out of range; expected 1 to 1000"),
	REFUSES("a number below its range",
	    "recipient_limit = 0\n", "1 to 1000000"),
	REFUSES("a number that exceeds 64 bits",
	    "connections = 99999999999999999999999\n", "expected a number"),
	REFUSES("a number with a sign",
	    "connections = -1\n", "expected a number"),
	REFUSES("a number followed by words", "connections = 4 or so\n",
	    "expected a number"),
	REFUSES("a duration without unit", "timeout = 15\n", "such as 15s"),
	REFUSES("a duration out of range", "queue_lifetime = 99w\n",
	    "1s to 365d"),
	REFUSES("a retry schedule with a number without unit",
	    "queue_retry = 1m 5\n", "such as 1m 5m 15m 30m 1h"),
	REFUSES("a retry schedule with a delay of more than a day",
	    "queue_retry = 1m 2d\n", "from 1s to 1d"),
	REFUSES("a retry schedule without a delay", "queue_retry = 0s\n",
	    "from 1s to 1d"),
	REFUSES("a retry schedule of more than 16 delays", "queue_retry = "
	    "1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m\n",
	    "1 to 16 times"),
	REFUSES("a size above its range", "queue_size_limit = 9999999T\n",
	    "a size such as"),
	REFUSES("an unknown word", "from_mode = sometimes\n",
	    "one of: local always never"),
	REFUSES("a truth value other than yes and no",
	    "received = true\n", "one of: yes no"),
	REFUSES("a rate without a period", "limit = 200\n", "such as 200/hour"),
	REFUSES("a rate of zero", "limit = 0/hour\n", "such as 200/hour"),
	REFUSES("a rate with an unknown period", "limit = 1/week\n",
	    "such as 200/hour"),
	REFUSES("a pace without a period", "pace = 30\n",
	    "expected off, or a number followed by /second, /minute, /hour or "
	    "/day, such as"),
	REFUSES("a limit for recipients", "[to *]\nlimit = 1/day\n",
	    "or in a [user] section"),
	REFUSES("a limit for senders", "[from *]\nlimit = 1/day\n",
	    "or in a [user] section"),
	REFUSES("an unknown mechanism", "auth = PLAIN NTLM\n",
	    "SCRAM-SHA-256"),
	REFUSES("commas between mechanisms", "auth = PLAIN,LOGIN\n",
	    "SCRAM-SHA-256"),
	REFUSES("a relative path", "password_file = secret\n",
	    "begins with /"),
	REFUSES("a program with a relative path",
	    "token_command = bin/token x\n",
	    "absolute path of a program"),
	REFUSES("an address with a display name", "from = A <a@example.org>\n",
	    "one address such as"),
	REFUSES("an address without domain", "root = admin\n",
	    "one address such as"),
	REFUSES("two addresses", "root = a@example.org, b@example.org\n",
	    "one address such as"),
	REFUSES("a source route", "root = @x.example:a@example.org\n",
	    "one address such as"),
	REFUSES("a helo with blanks", "helo = a b\n", "a domain such as"),
	REFUSES("a helo with an underscore", "helo = my_app.example.org\n",
	    "a domain such as"),
	REFUSES("an address as helo", "helo = 192.0.2.1\n",
	    "an address literal such as [192.0.2.1]"),
	REFUSES("an IPv6 literal without IPv6:", "helo = [2001:db8::1]\n",
	    "[IPv6:2001:db8::1]"),
	REFUSES("a literal without a closing bracket", "helo = [192.0.2.1\n",
	    "an address literal such as"),
	REFUSES("a host with blanks", "tls_name = a b\n", "a host name"),
	REFUSES("a host name as source address", "source_address = a.example\n",
	    "an IPv4 or IPv6 address"),
	REFUSES("an unknown word after a percent sign",
	    "connect_command = ssh %h:%p %r\n",
	    ":1: connect_command: invalid value \"ssh %h:%p %r\"; expected "
	    "off, or a program and its arguments, in which %h is the host, %p "
	    "the port and %% a percent sign"),
	REFUSES("a percent sign at the end", "connect_command = ssh 100%\n",
	    "%% a percent sign"),
	REFUSES("a program that depends on the host",
	    "connect_command = /opt/%h %p\n", "%% a percent sign"),
	REFUSES("a host that looks like an option",
	    "smarthost = smtp://-oProxyCommand\nconnect_command = ssh %h\n",
	    ":1: smarthost: \"smtp://-oProxyCommand\": invalid host name"),
	REFUSES("a proxy without a scheme", "proxy = proxy.example:1080\n",
	    ":1: proxy: \"proxy.example:1080\": expected "
	    "socks5://[user@]host[:port]"),
	REFUSES("a proxy that looks up no names",
	    "proxy = socks4://proxy.example\n",
	    "expected socks5://[user@]host[:port]"),
	REFUSES("two proxies", "proxy = socks5://a socks5://b\n",
	    "only one proxy can be set"),
	REFUSES("a proxy with a password", "proxy = socks5://me:x@a\n",
	    "\"...@a\": a URL must not contain a password; use "
	    "proxy_password_file"),
	REFUSES("a proxy without a host", "proxy = socks5://\n",
	    "the host is missing"),
	REFUSES("a proxy that is a Unix socket", "proxy = socks5:///run/x\n",
	    "the host is missing"),
	REFUSES("a proxy with an invalid port", "proxy = socks5://a:0\n",
	    "the port must be a number from 1 to 65535"),
	REFUSES("an IPv6 proxy without brackets", "proxy = socks5://::1\n",
	    "must be enclosed in [ and ]"),
	REFUSES("a proxy with an empty user", "proxy = socks5://@a\n",
	    "the user before @ is empty"),
	REFUSES("a proxy with a user of 256 octets", "proxy = socks5://" LONG
	    "@a\n", "the user has more than 255 octets"),
	REFUSES("a proxy with a user and no password", HOST
	    "proxy = socks5://me@a\n", ":2: proxy requires "
	    "proxy_password_file in the same section, for the user in the "
	    "URL"),
	REFUSES("a password for a proxy without a user", HOST
	    "proxy = socks5://a\nproxy_password_file = /x\n",
	    ":3: proxy_password_file requires a proxy with a user"),
	REFUSES("a password for the proxy of another section", HOST
	    "proxy = socks5://me@a\nproxy_password_file = /x\n"
	    "[from *]\nproxy = socks5://me@b\n", ":5: proxy requires "
	    "proxy_password_file in the same section"),
	REFUSES("a proxy and a connect_command", HOST "proxy = socks5://a\n"
	    "connect_command = ssh\n", ":2: proxy conflicts with "
	    "connect_command (/"),
	REFUSES("a proxy at the top and a connect_command in a section", HOST
	    "proxy = socks5://a\n[to *]\nconnect_command = ssh\n",
	    "; remove one of them, or set it to off in the section of the "
	    "other"),
	REFUSES("a short pin", "tls_pin = AAAA\n", "44 characters"),
	REFUSES("a pin with another digest", "tls_pin = sha1//"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "44 characters"),
	REFUSES("a field without colon", "header_add = X-A 1\n",
	    "a header field"),
	REFUSES("a field name with blanks", "header_remove = X:A\n",
	    "the name of a header field"),
	REFUSES("a URL with an unknown scheme", "smarthost = smtps://h\n",
	    ":1: smarthost: \"smtps://h\": unknown scheme; expected "
	    "submissions://"),

	REFUSES("an unknown section", "[account work]\n",
	    ":1: unknown section; expected [from PATTERN]"),
	REFUSES("a section without a closing bracket",
	    "[from *@work\n", "closing ] of the section"),
	REFUSES("a section without pattern", "[from ]\n", "expected one word"),
	REFUSES("a section with two patterns",
	    "[user a, b]\n", "for example [user www-data]"),
	REFUSES("an empty section", "[]\n", "unknown section"),
	REFUSES("an opening bracket alone", "[", "closing ] of the section"),
	REFUSES("a key of the machine in a section", "[user x]\nqueue = off\n",
	    ":2: queue is not allowed in a [user] section; put it at the top "
	    "of the file"),
	REFUSES("a key that changes the message in [to]",
	    "[to *@x]\nfrom = a@b\n", "or in a [from] or [user] section"),
	REFUSES("include in a section", "[user x]\ninclude = /x\n",
	    "include is not allowed in a section"),

	REFUSES("a Bcc field, which would be visible",
	    "\nheader_add = bcc: a@example.org\n",
	    ":2: header_add cannot set Bcc; it would reveal hidden recipients"),
	REFUSES("a From field in header_set",
	    "header_set = X-A: 1\nheader_set = From: a@example.org\n"
	    "header_set = X-B: 2\n", ":2: header_set cannot set From; "
	    "use from and from_mode"),
	REFUSES("a Received field", "header_add = Received: by x\n",
	    "use received = yes"),
	REFUSES("a root with the domain missing", "root = *@\n",
	    ":1: root: invalid value \"*@\"; expected one address such as "
	    "admin@example.org, without a name or comment, or *@ and a domain"),
	REFUSES("a root with a pattern for the domain", "root = *@*\n",
	    ":1: root: invalid value \"*@*\"; expected one address such as "),
	REFUSES("an address with a pattern for the domain",
	    "from = joe@*.example\n",
	    ":1: from: invalid value \"joe@*.example\"; expected one address"),
	REFUSES("a root of local names", "root = *@localhost\n",
	    ":1: root = *@localhost is a local name"),
	REFUSES("a domain in place of the sender", "from = *@example.org\n",
	    ":1: from: invalid value \"*@example.org\"; expected one address"),
	REFUSES("a domain in place of the address of all mail",
	    "redirect_all = *@example.org\n",
	    ":1: redirect_all: invalid value \"*@example.org\""),
	REFUSES("a root that is a local name", "root = me@LocalHost\n",
	    ":1: root = me@LocalHost is a local name"),
	REFUSES("a from that does not match its section",
	    "[from *@a.example]\nsmarthost = h\nfrom = x@b.example\n",
	    ":3: from = x@b.example does not match [from *@a.example]"),
	REFUSES("a user without a password", "smarthost = h\nuser = u\n",
	    ":2: user requires password_file"),
	REFUSES("a user in the URL without one", "smarthost = smtp://u@h\n",
	    ":1: smarthost requires password_file"),
	REFUSES("a password without user",
	    "smarthost = h\npassword_file = /x\n",
	    ":2: password_file requires user"),
	REFUSES("a token without user", "smarthost = h\ntoken_command = x\n",
	    ":2: token_command requires user"),
	REFUSES("two passwords", "smarthost = h\nuser = u\n"
	    "password_command = x\npassword_file = /x\n",
	    "password_command conflicts with password_file"),
	REFUSES("credentials without smarthost",
	    "user = u\npassword_file = /x\n", ":1: user requires smarthost"),
	REFUSES("credentials in a section without smarthost",
	    "smarthost = h\n[user x]\nuser = u\npassword_file = /x\n",
	    ":3: user requires smarthost"),
	REFUSES("a user without a password in a section",
	    "[user x]\nsmarthost = h\nuser = u\n", ":3: user requires"),
	REFUSES("a list of groups with blanks", "tls_groups = X25519, P-256\n",
	    ":1: tls_groups: invalid value \"X25519, P-256\"; expected names "
	    "of groups, separated by colons"),
	REFUSES("an old version of TLS", "tls_min = 1.1\n",
	    ":1: tls_min: invalid value \"1.1\"; expected one of: 1.2 1.3"),
	REFUSES("tls_key without tls_certificate", "tls_key = /k\n",
	    ":1: tls_key requires tls_certificate"),
	REFUSES("from_mode = always without from", "from_mode = always\n",
	    ":1: from_mode = always requires from"),

	DOES(installed_file_is_valid),
	DOES(the_first_matching_section_is_used),
	DOES(returns_the_section_of_a_setting),
	DOES(includes_files_in_order),
	DOES(names_the_included_line),
	DOES(includes_must_exist_without_wildcards),
	DOES(refuses_a_file_that_includes_itself),
	DOES(limits_the_depth_of_includes),
	DOES(limits_the_number_of_includes),
	DOES(limits_the_number_of_sections),
	DOES(reads_crlf_and_byte_order_marks),
	DOES(refuses_a_nul_character),
	DOES(refuses_a_large_file),
	DOES(refuses_files_that_are_not_regular),
	DOES(refuses_a_file_that_others_can_write),
	DOES(refuses_a_shared_password),
	DOES(explains_missing_permission),
	DOES(default_files),
	DOES(refuses_a_file_of_another_user),
	DOES(environment_takes_precedence_over_the_top),
	DOES(environment_loses_one_newline),
	DOES(environment_is_checked),
	DOES(ignores_kubernetes_variables),
	PASSED("the service manager can pass the password",
	    .text = HOST "user = me\n", .used = true),
	PASSED("the password is used for a user in the URL",
	    .text = "smarthost = me@mail.example\n", .used = true),
	PASSED("the password is used for the smarthost of the environment",
	    .text = "", .variable = "RELAIS_SMARTHOST=me@mail.example",
	    .used = true),
	PASSED("the password is used for the user of the environment",
	    .text = HOST, .variable = "RELAIS_USER=me", .used = true),
	PASSED("a password of the file takes precedence",
	    .text = HOST "user = me\npassword = y\n"),
	PASSED("a command of the file takes precedence",
	    .text = HOST "user = me\ntoken_command = token\n"),
	PASSED("a password of the environment takes precedence",
	    .text = HOST "user = me\n", .variable = "RELAIS_PASSWORD=y"),
	PASSED("a passed password is not used without a user", .text = HOST),
	PASSED("a passed password is not used in a section",
	    .text = HOST "[from a@example.org]\nsmarthost = b.example\n"
	    "user = me\n", .says = "user requires password_file"),
	PASSED("a service can have other credentials",
	    .text = HOST "user = me\n", .missing = true,
	    .says = "user requires password_file"),
	PASSED("a relative CREDENTIALS_DIRECTORY is ignored",
	    .text = HOST "user = me\n",
	    .variable = "CREDENTIALS_DIRECTORY=.",
	    .says = "user requires password_file"),
	DOES(environment_names_files),
	DOES(options_take_precedence),
	REFUSES_OPTION("-o without a value", "helo",
	    "-o: the argument has no equals sign; expected key=value"),
	REFUSES_OPTION("-o with a number out of range", "connections=0",
	    "out of range; expected 1 to 1000"),
	REFUSES_OPTION("-o include", "include=/x",
	    "include is allowed only in a configuration file"),
	REFUSES_OPTION("-o password", "password=hunter2",
	    "which all users can see"),
	REFUSES_OPTION("-o with an empty key", "=x", "unknown key"),
	DOES(credentials_are_for_their_smarthost),
	DOES(environment_and_options_replace_the_password),
};

int
main(void)
{
	return cmocka_run_group_tests(spec, NULL, NULL);
}
