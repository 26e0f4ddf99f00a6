#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/local.h"
#include "config/secret_command.h"
#include "util/buffer.h"
#include "util/text.h"

enum { PACKAGE_MS = 5000 };

/* The program that runs this check. */
struct self {
	char		path[PATH_MAX];
	struct stat	st;
};

static bool
find_self(struct self *self)
{
	ssize_t		 n = readlink("/proc/self/exe", self->path,
			    sizeof(self->path) - 1);
	const char	*started = (const char *)getauxval(AT_EXECFN);

	if (n > 0)
		self->path[n] = '\0';
	else if (started == NULL || realpath(started, self->path) == NULL)
		return false;
	return stat(self->path, &self->st) == 0;
}

/* Whether the program contains a text that only relais has. */
static bool
is_relais(const char *path)
{
	static const char	mark[] = "XRELAIS OPTIONS";
	int			fd = open(path, O_RDONLY | O_CLOEXEC |
				    O_NONBLOCK);
	bool			found = false;
	struct stat		st;
	void			*text;

	if (fd == -1)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE,
		    fd, 0);
		if (text != MAP_FAILED) {
			found = memmem(text, (size_t)st.st_size, mark,
			    sizeof(mark) - 1) != NULL;
			munmap(text, (size_t)st.st_size);
		}
	}
	close(fd);
	return found;
}

/*
 * Leaves the name of the package in the output of dpkg-query or rpm:
 *
 *	diversion by relais from: /usr/sbin/sendmail
 *	local diversion to: /usr/sbin/sendmail.distrib
 *	msmtp-mta: /usr/sbin/sendmail
 */
static bool
take_package(struct buffer *output)
{
	char	*line = output->data;

	while (line != NULL && (strncmp(line, "diversion ", 10) == 0 ||
	    strncmp(line, "local diversion ", 16) == 0))
		if ((line = strchr(line, '\n')) != NULL)
			line++;
	if (line == NULL)
		return false;
	line[strcspn(line, ":, \n")] = '\0';
	memmove(output->data, line, strlen(line) + 1);
	return line[0] != '\0';
}

/*
 * Sets the package that has installed the file; false if it is not known.  A
 * package lists the file by the path that it was installed at.
 */
static bool
find_package(struct buffer *name, const char *path, const char *resolved)
{
	const char *const	paths[] = { path, resolved };
	struct buffer		command = { 0 };
	struct failure		ignored;
	bool			found = false;

	for (size_t i = 0; i < 4 && !found; i++) {
		bool	dpkg = i < 2;

		if (access(dpkg ? "/usr/bin/dpkg-query" : "/usr/bin/rpm",
		    X_OK) == -1 || text_has_any(paths[i % 2], " \t"))
			continue;
		buffer_clear(&command);
		buffer_addf(&command, "%s %s", dpkg ? "dpkg-query -S" :
		    "rpm -qf --queryformat %{NAME}", paths[i % 2]);
		buffer_clear(name);
		found = command_output(name, command.data, PACKAGE_MS, -1,
		    &ignored) && name->len > 0;
	}
	buffer_free(&command);
	return found && take_package(name);
}

/* The remedy for a program that is not ours. */
static void
add_replacement(struct buffer *remedy, const char *path, const char *package,
    const struct self *self)
{
	static const char	alternatives[] = "/etc/alternatives/";
	char			target[PATH_MAX];
	ssize_t			n = readlink(path, target, sizeof(target) - 1);

	target[n > 0 ? n : 0] = '\0';
	if (strncmp(target, alternatives, sizeof(alternatives) - 1) == 0)
		buffer_addf(remedy, "run: update-alternatives --config %s",
		    target + sizeof(alternatives) - 1);
	else if (package != NULL)
		buffer_addf(remedy, "to use relais, remove the package %s, and "
		    "run: ln -sf %s %s", package, self->path, path);
	else
		buffer_addf(remedy, "to use relais, run: ln -sf %s %s",
		    self->path, path);
}

static void
report_other(struct check *c, struct check_finding *found,
    const char *resolved, const struct self *self)
{
	const char	*path = found->object;
	struct buffer	 remedy = { 0 }, package = { 0 };
	bool		 known = find_package(&package, path, resolved);

	found->verdict = CHECK_WARNING;
	if (is_relais(resolved)) {
		found->remedy = "if that copy sends the mail of this machine, "
		    "check it with its own \"relais check\"";
		check_report(c, found, "is another copy of relais, not this "
		    "program, %s", self->path);
	} else {
		add_replacement(&remedy, path, known ? package.data : NULL,
		    self);
		found->remedy = remedy.data;
		check_report(c, found, "is %s%s%s, not relais: programs that "
		    "call it do not send their mail through relais",
		    resolved, known ? " of the package " : "",
		    known ? package.data : "");
	}
	buffer_free(&remedy);
	buffer_free(&package);
}

static void
report_missing(struct check *c, struct check_finding *found,
    const struct self *self)
{
	struct buffer	remedy = { 0 };
	struct stat	st;

	buffer_addf(&remedy, "run: ln -sf %s %s", self->path, found->object);
	found->verdict = CHECK_WARNING;
	found->remedy = remedy.data;
	check_report(c, found, lstat(found->object, &st) == 0 ?
	    "is a link to a program that does not exist" :
	    "does not exist: programs that call it cannot send mail");
	buffer_free(&remedy);
}

/*
 * The program sendmail of this installation, beside relais
 * (cli/command_action.h), is ours, too; distributions may give it another name.
 */
static bool
is_ours(const char *resolved, const struct stat *st, const struct self *self)
{
	size_t	directory = (size_t)(strrchr(self->path, '/') - self->path);

	return (st->st_dev == self->st.st_dev &&
	    st->st_ino == self->st.st_ino) ||
	    (strncmp(resolved, self->path, directory + 1) == 0 &&
	    strchr(resolved + directory + 1, '/') == NULL &&
	    is_relais(resolved));
}

static void
check_path(struct check *c, const char *path, const struct self *self)
{
	struct check_finding	found = { .stage = CHECK_PROGRAM,
				    .object = path };
	char			resolved[PATH_MAX];
	struct buffer		remedy = { 0 };
	struct stat		st;

	if (realpath(path, resolved) == NULL || stat(resolved, &st) == -1) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) {
			report_missing(c, &found, self);
		} else {
			found.verdict = CHECK_SKIPPED;
			check_report(c, &found, "%s", strerror(errno));
		}
	} else if (!is_ours(resolved, &st, self)) {
		report_other(c, &found, resolved, self);
	} else if (st.st_mode & (S_ISUID | S_ISGID)) {
		buffer_addf(&remedy, "run: chmod ug-s %s", resolved);
		found.verdict = CHECK_WARNING;
		found.remedy = remedy.data;
		check_report(c, &found, "has a set-user-ID or set-group-ID "
		    "bit, which relais does not need");
	} else {
		check_report(c, &found, "is this program");
	}
	buffer_free(&remedy);
}

void
check_program(struct check *c)
{
	struct self	self;

	if (!find_self(&self)) {
		check_report(c, &(struct check_finding){
		    .stage = CHECK_PROGRAM, .verdict = CHECK_SKIPPED },
		    "the path of this program is not known: /proc is not "
		    "mounted");
		return;
	}
	if (c->program != NULL) {
		check_path(c, c->program, &self);
		return;
	}
	check_path(c, "/usr/sbin/sendmail", &self);
	check_path(c, "/usr/lib/sendmail", &self);
}
