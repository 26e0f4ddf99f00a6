/*
 * Only files that no other user can change are read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/namespace.h"
#include "support/skip.h"
#include "support/temp_dir.h"
#include "util/trusted.h"

enum { OTHER_USER = 54321, NOBODY = 65534 };

/* The user who reads. */
enum reader { ANY_READER, ROOT, USER };

/*
 * The directory contains "file" and "dir/file" with the content "text", and the
 * links "link" (to dir/file), "far" (to the absolute path of dir/file) and
 * "dir/up" (to ../file).
 */
struct trust {
	const char	*sentence;
	enum reader	 reader;
	const char	*path;		/* of the file to read */
	const char	*changed;	/* gets .owner and .mode; NULL: path */
	uid_t		 owner;		/* 0: the user who runs the test */
	mode_t		 mode;		/* 0: 0644 or 0755 */
	bool		 secret;
	const char	*says[3];	/* of the error, with {} for the
					 * directory; none: it is read */
};

#define FOREIGN(who)	"owned by uid 54321, not by " who "; run: chown "

static const struct trust cases[] = {
	{ "a file of the reader", .path = "file" },
	{ "a file in a directory of the reader", .path = "dir/file" },
	{ "a path with empty components and dots",
	    .path = "dir/..//./dir///file" },
	{ "a link", .path = "link" },
	{ "an absolute link", .path = "far" },
	{ "a link to the parent directory", .path = "dir/up" },
	{ "a file of root, read by a user", USER, .path = "file" },

	{ "other users can write it", .path = "file", .mode = 0646,
	    .says = { "{}/file: writable by other users (mode 0646); run: "
	    "chmod o-w {}/file" } },
	{ "the group can write it, read by root", ROOT, .path = "file",
	    .mode = 0664, .says = { "{}/file: writable by group root (mode "
	    "0664); run: chmod g-w {}/file" } },
	{ "the group can write it, read by a user", USER, .path = "file",
	    .owner = NOBODY, .mode = 0664 },
	{ "the group and other users can write it, read by root", ROOT,
	    .path = "file", .mode = 0666,
	    .says = { "writable by group root and writable by other users",
	    "run: chmod g-w,o-w {}/file" } },
	{ "other users can read a secret", .path = "file", .mode = 0604,
	    .secret = true,
	    .says = { "readable by other users (mode 0604); run: "
	    "chmod o-rwx {}/file" } },
	{ "the group can read a secret", .path = "file", .mode = 0640,
	    .secret = true },
	{ "the group can write a secret, and other users can read it", ROOT,
	    .path = "file", .mode = 0664, .secret = true,
	    .says = { "run: chmod g-w,o-rwx {}/file" } },
	{ "the group can write a secret", ROOT, .path = "file", .mode = 0660,
	    .secret = true, .says = { "(mode 0660); run: chmod g-w {}/file" } },
	{ "another user owns it, read by root", ROOT, .path = "file",
	    .owner = OTHER_USER, .says = { "{}/file: " FOREIGN("root")
	    "root {}/file" } },
	{ "another user owns it, read by a user", USER, .path = "file",
	    .owner = OTHER_USER, .says = { "{}/file: owned by uid 54321, not "
	    "by root or ", "; run: chown root {}/file" } },
	{ "another user owns it, and the group can write it", ROOT,
	    .path = "file", .owner = OTHER_USER, .mode = 0664,
	    .says = { "owned by uid 54321, not by root, and writable by group "
	    "root (mode 0664); run: chown root {}/file && chmod g-w "
	    "{}/file" } },

	{ "another user owns the directory", ROOT, .path = "dir/file",
	    .changed = "dir", .owner = OTHER_USER, .says = { "{}/dir/file: "
	    "{}/dir: " FOREIGN("root") "root {}/dir" } },
	{ "another user owns the directory, read by a user", USER,
	    .path = "dir/file", .changed = "dir", .owner = OTHER_USER,
	    .says = { "{}/dir/file: {}/dir: owned by " } },
	{ "the group can write the directory", ROOT, .path = "dir/file",
	    .changed = "dir", .mode = 0775, .says = { "{}/dir/file: {}/dir: "
	    "writable by group root (mode 0775); run: chmod g-w {}/dir" } },
	{ "other users can write the directory", .path = "dir/file",
	    .changed = "dir", .mode = 0757, .says = { "{}/dir/file: {}/dir: "
	    "writable by other users (mode 0757); run: chmod o-w {}/dir" } },
	{ "other users can write the directory, which is sticky",
	    .path = "dir/file",
	    .changed = "dir", .mode = 01777 },
	{ "another user owns the directory, which is sticky", ROOT,
	    .path = "dir/file", .changed = "dir", .owner = OTHER_USER,
	    .mode = 01777, .says = { FOREIGN("root") "root {}/dir" } },
	{ "another user owns the directory that contains the target",
	    ROOT, .path = "link",
	    .changed = "dir", .owner = OTHER_USER, .says = { "{}/link: {}/dir: "
	    FOREIGN("root") "root {}/dir" } },
	{ "another user owns the directory of an absolute target", ROOT,
	    .path = "far", .changed = "dir", .owner = OTHER_USER,
	    .says = { "{}/far: {}/dir: " FOREIGN("root") } },
	{ "another user owns the directory that contains a link",
	    ROOT, .path = "dir/up",
	    .changed = "dir", .owner = OTHER_USER,
	    .says = { "{}/dir/up: {}/dir: " FOREIGN("root") } },
	{ "another user owns a directory before ..", ROOT,
	    .path = "dir/../file", .changed = "dir", .owner = OTHER_USER,
	    .says = { "{}/dir/../file: {}/dir: " } },
	{ "another user owns the link", ROOT, .path = "link",
	    .changed = "link", .owner = OTHER_USER, .says = { "{}/link: "
	    "{}/link: " FOREIGN("root") "-h root {}/link" } },
	{ "another user owns the target of a link", ROOT, .path = "link",
	    .changed = "dir/file", .owner = OTHER_USER,
	    .says = { "{}/link: " FOREIGN("root") "root {}/link" } },
};

struct trusted_place {
	struct temp_dir	dir;
	char		path[PATH_MAX];		/* of the file to read */
};

static void
make_place(struct trusted_place *p, const struct trust *t)
{
	const char	*changed = t->changed != NULL ? t->changed : t->path;
	char		 file[PATH_MAX];

	temp_dir_make(&p->dir);
	temp_dir_write(&p->dir, "file", 0644, "text\n");
	temp_dir_write(&p->dir, "dir/file", 0644, "text\n");
	assert_int_equal(symlink("dir/file", temp_dir_path(&p->dir, "link")),
	    0);
	assert_int_equal(symlink(temp_dir_path(&p->dir, "dir/file"),
	    temp_dir_path(&p->dir, "far")), 0);
	assert_int_equal(symlink("../file", temp_dir_path(&p->dir,
	    "dir/up")), 0);
	strlcpy(file, temp_dir_path(&p->dir, changed), sizeof(file));
	if (t->owner != 0)
		assert_int_equal(lchown(file, t->owner, (gid_t)-1), 0);
	if (t->mode != 0)
		assert_int_equal(chmod(file, t->mode), 0);
	strlcpy(p->path, temp_dir_path(&p->dir, t->path), sizeof(p->path));
}

/* Whether the text contains the words, with {} replaced by the directory. */
static bool
has_words(const struct failure *why, const char *words, const char *dir)
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
reads_as_expected(const struct trusted_place *p, const struct trust *t)
{
	struct buffer	value = { 0 };
	struct failure	why = { .status = EX_OK };
	struct stat	st;
	bool		good;

	good = trusted_read_value(&value, p->path, t->secret ? TRUSTED_SECRET :
	    0, &st, &why);
	if (t->says[0] == NULL) {
		if (!good)
			print_error("%s\n", why.text);
		good = good && strcmp(value.data, "text") == 0;
	} else {
		good = !good && why.status == EX_CONFIG && value.len == 0;
		for (size_t i = 0; i < 3 && t->says[i] != NULL; i++)
			good = has_words(&why, t->says[i], p->dir.path) && good;
	}
	buffer_free(&value);
	return good;
}

/* Reads the file in a child, which may become another user. */
static void
read_as(const struct trusted_place *p, const struct trust *t)
{
	int	status;
	pid_t	pid = fork();

	assert_true(pid != -1);
	if (pid == 0) {
		if (t->reader == USER && geteuid() == 0 &&
		    (setresgid(NOBODY, NOBODY, NOBODY) == -1 ||
		    setresuid(NOBODY, NOBODY, NOBODY) == -1))
			_exit(2);
		_exit(reads_as_expected(p, t) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
checks_file(void **state)
{
	const struct trust	*t = *state;
	struct trusted_place		 p;

	if (geteuid() != 0 && (t->reader == ROOT || t->owner != 0))
		skip_because("only root can give a file away");
	make_place(&p, t);
	read_as(&p, t);
	temp_dir_remove(&p.dir);
}

/* A secret on a read-only mount, as in a container. */
struct fixed_secret {
	mode_t		 mode;
	bool		 writable;	/* the mount */
	const char	*says;		/* of the error; NULL: it is read */
};

enum { NO_NAMESPACE = 3 };

static void
reads_fixed_secret(void **state)
{
	const struct fixed_secret *f = *state;
	struct trust		 t = { .path = "file", .secret = true,
				    .says = { f->says } };
	struct trusted_place	 p;
	int			 status;
	pid_t			 pid;

	make_place(&p, &t);
	assert_int_equal(chmod(p.path, f->mode), 0);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		/* An ordinary user is root there, and owns the file. */
		if ((geteuid() == 0 ? unshare(CLONE_NEWNS) == -1 :
		    !namespace_enter(0, CLONE_NEWNS)) ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
		    mount(p.dir.path, p.dir.path, NULL, MS_BIND, NULL) == -1 ||
		    (!f->writable && mount(NULL, p.dir.path, NULL, MS_REMOUNT |
		    MS_BIND | MS_RDONLY, NULL) == -1))
			_exit(NO_NAMESPACE);
		_exit(reads_as_expected(&p, &t) &&
		    trusted_is_exposed(p.path) == (f->says == NULL) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	temp_dir_remove(&p.dir);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_NAMESPACE)
		skip_because("needs a mount namespace of its own");
	assert_int_equal(status, 0);
}

/* A relative path includes the working directory. */
static void
checks_the_working_directory(void **state)
{
	struct trust	here = { .path = "file" };
	struct trust	shared = { .path = "file",
			    .says = { "file: .: writable by other users" } };
	struct trusted_place	p;
	int		before = open(".", O_RDONLY | O_DIRECTORY);

	(void)state;
	make_place(&p, &here);
	assert_int_equal(chdir(p.dir.path), 0);
	strlcpy(p.path, "dir/../file", sizeof(p.path));
	read_as(&p, &here);
	strlcpy(p.path, "link", sizeof(p.path));
	read_as(&p, &here);
	strlcpy(p.path, "far", sizeof(p.path));
	read_as(&p, &here);
	strlcpy(p.path, "file", sizeof(p.path));
	assert_int_equal(chmod(".", 0757), 0);
	read_as(&p, &shared);
	assert_int_equal(fchdir(before), 0);
	close(before);
	temp_dir_remove(&p.dir);
}

static void
a_lack_of_descriptors_is_temporary(void **state)
{
	struct temp_dir		dir;
	struct buffer		text = { 0 };
	const char		*path;
	struct rlimit		before, none;
	enum trusted_answer	answer;
	struct stat		st;
	struct failure		why;

	(void)state;
	temp_dir_make(&dir);
	path = temp_dir_write(&dir, "file", 0644, "text");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ 0, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	answer = trusted_read(&text, path, 100, 0, &st, &why);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(answer, TRUSTED_REFUSED);
	assert_int_equal(why.status, EX_TEMPFAIL);
	assert_non_null(strstr(why.text, path));
	temp_dir_remove(&dir);
}

static void
refuses_a_link_loop(void **state)
{
	struct trust	t = { .path = "file",
			    .says = { "{}/a: Too many levels of symbolic" } };
	struct trusted_place	p;

	(void)state;
	make_place(&p, &t);
	assert_int_equal(symlink("b", temp_dir_path(&p.dir, "a")), 0);
	assert_int_equal(symlink("a", temp_dir_path(&p.dir, "b")), 0);
	strlcpy(p.path, temp_dir_path(&p.dir, "a"), sizeof(p.path));
	read_as(&p, &t);
	temp_dir_remove(&p.dir);
}

static void
checks_directories(void **state)
{
	struct trust	t = { .path = "file" };
	struct trusted_place	p;
	struct failure	why;

	(void)state;
	make_place(&p, &t);
	assert_true(trusted_directory(temp_dir_path(&p.dir, "dir"), &why));
	assert_int_equal(chmod(temp_dir_path(&p.dir, "dir"), 0757), 0);
	assert_false(trusted_directory(temp_dir_path(&p.dir, "dir"), &why));
	assert_true(has_words(&why, "{}/dir: writable by other users (mode "
	    "0757); run: chmod o-w {}/dir", p.dir.path));
	temp_dir_remove(&p.dir);
}

#define FIXED(sentence, ...) { sentence, reads_fixed_secret, NULL, NULL, \
	&(struct fixed_secret){ __VA_ARGS__ } }

int
main(void)
{
	const struct CMUnitTest	spec[] = {
		FIXED("others can read a secret on a read-only mount",
		    .mode = 0444),
		FIXED("others can read a secret, and the mount is writable",
		    .mode = 0444, .writable = true,
		    .says = "readable by other users (mode 0444); run: chmod "
		    "o-rwx "),
		FIXED("another mode on a read-only mount is a mistake",
		    .mode = 0644, .says = "on this read-only mount, configure "
		    "mode 0400"),
		FIXED("others can write a secret on a read-only mount",
		    .mode = 0446, .says = "(mode 0446); run: chmod "),
		cmocka_unit_test(checks_the_working_directory),
		cmocka_unit_test(refuses_a_link_loop),
		cmocka_unit_test(a_lack_of_descriptors_is_temporary),
		cmocka_unit_test(checks_directories),
	};

	return CASES_RUN("trusted", checks_file, cases) +
	    cmocka_run_group_tests(spec, NULL, NULL);
}
