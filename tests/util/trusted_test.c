/*
 * Which files are read: those that nobody else can change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/skip.h"
#include "support/temp_dir.h"
#include "util/trusted.h"

enum { SOMEBODY = 54321, NOBODY = 65534 };

/* Who reads: root, or a user without rights. */
enum reader { ANYBODY, ROOT, USER };

/*
 * The directory has "file" and "way/file", which hold "text", and links
 * to them: "link" (to way/file), "far" (the same as an absolute path) and
 * "way/up" (to ../file).
 */
struct trust {
	const char	*sentence;
	enum reader	 reader;
	const char	*path;		/* that is read */
	const char	*changed;	/* that is given away or opened; NULL:
					 * the same */
	uid_t		 owner;		/* 0: it stays the reader's */
	mode_t		 mode;		/* 0: it stays 0644 or 0755 */
	bool		 secret;
	const char	*says[3];	/* none: it is read; {}: directory */
};

#define FOREIGN(who)	"owned by uid 54321, not by " who "; run: chown "

static const struct trust cases[] = {
	{ "a file of our own", .path = "file" },
	{ "in a directory of our own", .path = "way/file" },
	{ "a path with empty components and dots",
	    .path = "way/..//./way///file" },
	{ "a link", .path = "link" },
	{ "an absolute link", .path = "far" },
	{ "a link upwards", .path = "way/up" },
	{ "a file of root's, read by a user", USER, .path = "file" },

	{ "writable by other users", .path = "file", .mode = 0646,
	    .says = { "{}/file: writable by other users (mode 0646); run: "
	    "chmod "
	    "o-w {}/file" } },
	{ "the group can write it, read by root", ROOT, .path = "file",
	    .mode = 0664, .says = { "{}/file: writable by group root (mode "
	    "0664); run: chmod g-w {}/file" } },
	{ "the group can write it, read by a user", USER, .path = "file",
	    .owner = NOBODY, .mode = 0664 },
	{ "group and writable by other users, read by root", ROOT,
	    .path = "file", .mode = 0666,
	    .says = { "writable by group root and writable by other users",
	    "run: chmod g-w,o-w {}/file" } },
	{ "others can read a secret", .path = "file", .mode = 0604,
	    .secret = true,
	    .says = { "readable by other users (mode 0604); run: "
	    "chmod o-rwx {}/file" } },
	{ "the group can read a secret", .path = "file", .mode = 0640,
	    .secret = true },
	{ "the group can write a secret, readable by other users", ROOT,
	    .path = "file", .mode = 0664, .secret = true,
	    .says = { "run: chmod g-w,o-rwx {}/file" } },
	{ "the group can write a secret", ROOT, .path = "file", .mode = 0660,
	    .secret = true, .says = { "(mode 0660); run: chmod g-w {}/file" } },
	{ "it is somebody else's, read by root", ROOT, .path = "file",
	    .owner = SOMEBODY, .says = { "{}/file: " FOREIGN("root")
	    "root {}/file" } },
	{ "it is somebody else's, read by a user", USER, .path = "file",
	    .owner = SOMEBODY, .says = { "{}/file: owned by uid 54321, not "
	    "by root or ", "; run: chown root {}/file" } },
	{ "it is somebody else's, and the group can write it", ROOT,
	    .path = "file", .owner = SOMEBODY, .mode = 0664,
	    .says = { "owned by uid 54321, not by root, and writable by group "
	    "root (mode 0664); run: chown root {}/file && chmod g-w "
	    "{}/file" } },

	{ "the directory is somebody else's", ROOT, .path = "way/file",
	    .changed = "way", .owner = SOMEBODY, .says = { "{}/way/file: "
	    "{}/way: " FOREIGN("root") "root {}/way" } },
	{ "the directory is somebody else's, read by a user", USER,
	    .path = "way/file", .changed = "way", .owner = SOMEBODY,
	    .says = { "{}/way/file: {}/way: owned by " } },
	{ "the directory is the group's, too", ROOT, .path = "way/file",
	    .changed = "way", .mode = 0775, .says = { "{}/way/file: {}/way: "
	    "writable by group root (mode 0775); run: chmod g-w {}/way" } },
	{ "the directory is everybody's", .path = "way/file",
	    .changed = "way", .mode = 0757, .says = { "{}/way/file: {}/way: "
	    "writable by other users (mode 0757); run: chmod o-w {}/way" } },
	{ "the directory is everybody's and sticky", .path = "way/file",
	    .changed = "way", .mode = 01777 },
	{ "the directory is sticky and somebody else's", ROOT,
	    .path = "way/file", .changed = "way", .owner = SOMEBODY,
	    .mode = 01777, .says = { FOREIGN("root") "root {}/way" } },
	{ "the directory that a link leads to", ROOT, .path = "link",
	    .changed = "way", .owner = SOMEBODY, .says = { "{}/link: {}/way: "
	    FOREIGN("root") "root {}/way" } },
	{ "the directory that an absolute link leads to", ROOT,
	    .path = "far", .changed = "way", .owner = SOMEBODY,
	    .says = { "{}/far: {}/way: " FOREIGN("root") } },
	{ "the directory that a link is in", ROOT, .path = "way/up",
	    .changed = "way", .owner = SOMEBODY,
	    .says = { "{}/way/up: {}/way: " FOREIGN("root") } },
	{ "the directory that a path passes through", ROOT,
	    .path = "way/../file", .changed = "way", .owner = SOMEBODY,
	    .says = { "{}/way/../file: {}/way: " } },
	{ "a link of somebody else's", ROOT, .path = "link",
	    .changed = "link", .owner = SOMEBODY, .says = { "{}/link: "
	    "{}/link: " FOREIGN("root") "-h root {}/link" } },
	{ "the file that a link leads to", ROOT, .path = "link",
	    .changed = "way/file", .owner = SOMEBODY,
	    .says = { "{}/link: " FOREIGN("root") "root {}/link" } },
};

struct place {
	struct temp_dir	dir;
	char		path[PATH_MAX];		/* that is read */
};

static void
prepare(struct place *p, const struct trust *t)
{
	const char	*changed = t->changed != NULL ? t->changed : t->path;
	char		 file[PATH_MAX];

	temp_dir_make(&p->dir);
	temp_dir_write(&p->dir, "file", 0644, "text\n");
	temp_dir_write(&p->dir, "way/file", 0644, "text\n");
	assert_int_equal(symlink("way/file", temp_dir_path(&p->dir, "link")),
	    0);
	assert_int_equal(symlink(temp_dir_path(&p->dir, "way/file"),
	    temp_dir_path(&p->dir, "far")), 0);
	assert_int_equal(symlink("../file", temp_dir_path(&p->dir,
	    "way/up")), 0);
	strlcpy(file, temp_dir_path(&p->dir, changed), sizeof(file));
	if (t->owner != 0)
		assert_int_equal(lchown(file, t->owner, (gid_t)-1), 0);
	if (t->mode != 0)
		assert_int_equal(chmod(file, t->mode), 0);
	strlcpy(p->path, temp_dir_path(&p->dir, t->path), sizeof(p->path));
}

/* The words, with {} filled in. */
static bool
says(const struct failure *why, const char *words, const char *dir)
{
	struct buffer	whole = { 0 };
	bool		good;

	for (; *words != '\0'; words++) {
		if (strncmp(words, "{}", 2) == 0) {
			buffer_add_text(&whole, dir);
			words++;
		} else {
			buffer_add_byte(&whole, *words);
		}
	}
	good = strstr(why->text, whole.data) != NULL;
	if (!good)
		print_error("\"%s\" is not in: %s\n", whole.data, why->text);
	buffer_free(&whole);
	return good;
}

static bool
is_judged_right(const struct place *p, const struct trust *t)
{
	struct buffer	value = { 0 };
	struct failure	why = { .status = EX_OK };
	bool		good;

	good = trusted_read_value(&value, p->path, t->secret ? TRUSTED_SECRET :
	    0, &why);
	if (t->says[0] == NULL) {
		if (!good)
			print_error("%s\n", why.text);
		good = good && strcmp(value.data, "text") == 0;
	} else {
		good = !good && why.status == EX_CONFIG && value.len == 0;
		for (size_t i = 0; i < 3 && t->says[i] != NULL; i++)
			good = says(&why, t->says[i], p->dir.path) && good;
	}
	buffer_free(&value);
	return good;
}

/* In a child, which may become another user. */
static void
judge(const struct place *p, const struct trust *t)
{
	int	status;
	pid_t	pid = fork();

	assert_true(pid != -1);
	if (pid == 0) {
		if (t->reader == USER && geteuid() == 0 &&
		    (setresgid(NOBODY, NOBODY, NOBODY) == -1 ||
		    setresuid(NOBODY, NOBODY, NOBODY) == -1))
			_exit(2);
		_exit(is_judged_right(p, t) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
trusts(void **state)
{
	const struct trust	*t = *state;
	struct place		 p;

	if (geteuid() != 0 && (t->reader == ROOT || t->owner != 0))
		skip_because("only root can give a file away");
	prepare(&p, t);
	judge(&p, t);
	temp_dir_remove(&p.dir);
}

/* The working directory is on the way to a relative path. */
static void
relative_paths(void **state)
{
	struct trust	here = { .path = "file" };
	struct trust	shared = { .path = "file",
			    .says = { "file: .: writable by other users" } };
	struct place	p;
	int		before = open(".", O_RDONLY | O_DIRECTORY);

	(void)state;
	prepare(&p, &here);
	assert_int_equal(chdir(p.dir.path), 0);
	strlcpy(p.path, "way/../file", sizeof(p.path));
	judge(&p, &here);
	strlcpy(p.path, "link", sizeof(p.path));
	judge(&p, &here);
	strlcpy(p.path, "far", sizeof(p.path));
	judge(&p, &here);
	strlcpy(p.path, "file", sizeof(p.path));
	assert_int_equal(chmod(".", 0757), 0);
	judge(&p, &shared);
	assert_int_equal(fchdir(before), 0);
	close(before);
	temp_dir_remove(&p.dir);
}

static void
links_without_end(void **state)
{
	struct trust	t = { .path = "file",
			    .says = { "{}/a: Too many levels of symbolic" } };
	struct place	p;

	(void)state;
	prepare(&p, &t);
	assert_int_equal(symlink("b", temp_dir_path(&p.dir, "a")), 0);
	assert_int_equal(symlink("a", temp_dir_path(&p.dir, "b")), 0);
	strlcpy(p.path, temp_dir_path(&p.dir, "a"), sizeof(p.path));
	judge(&p, &t);
	temp_dir_remove(&p.dir);
}

static void
directories(void **state)
{
	struct trust	t = { .path = "file" };
	struct place	p;
	struct failure	why;

	(void)state;
	prepare(&p, &t);
	assert_true(trusted_directory(temp_dir_path(&p.dir, "way"), &why));
	assert_int_equal(chmod(temp_dir_path(&p.dir, "way"), 0757), 0);
	assert_false(trusted_directory(temp_dir_path(&p.dir, "way"), &why));
	assert_true(says(&why, "{}/way: writable by other users (mode 0757); "
	    "run: chmod o-w {}/way", p.dir.path));
	temp_dir_remove(&p.dir);
}

int
main(void)
{
	const struct CMUnitTest	spec[] = {
		cmocka_unit_test(relative_paths),
		cmocka_unit_test(links_without_end),
		cmocka_unit_test(directories),
	};

	return CASES_RUN("trusted", trusts, cases) +
	    cmocka_run_group_tests(spec, NULL, NULL);
}
