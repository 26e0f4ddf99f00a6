/*
 * CHECK_CONNECT for a smarthost that is a program, a Maildir or discard:
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "check/smarthost.h"
#include "util/buffer.h"
#include "util/file.h"

static void
report(struct smarthost_run *r, enum check_verdict verdict, const char *remedy,
    const char *text)
{
	smarthost_report(r, &(struct check_finding){ .stage = CHECK_CONNECT,
	    .verdict = verdict, .status = verdict == CHECK_FAIL ? EX_CONFIG :
	    EX_OK, .remedy = remedy }, "%s", text);
}

static void
check_program(struct smarthost_run *r, const char *path)
{
	int		error = access(path, X_OK) == -1 ? errno : 0;
	struct buffer	text = { 0 };
	struct stat	st;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		report(r, CHECK_FAIL, "name a program in smarthost",
		    "is not a program");
	} else if (error != 0) {
		buffer_addf(&text, "cannot be started: %s", strerror(error));
		report(r, CHECK_FAIL, error == EACCES ? "make it executable, "
		    "or name another program" : "install the program, or "
		    "correct the path in smarthost", text.data);
	} else {
		report(r, CHECK_OK, NULL, "is executable by this user; it is "
		    "not run by this check");
	}
	buffer_free(&text);
}

/* The errno for which a directory cannot be used; 0: it can. */
static int
directory_error(const char *path, int permission)
{
	struct stat	st;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return ENOTDIR;
	return access(path, permission) == -1 ? errno : 0;
}

/*
 * Sets *name to the directory in which a delivery would fail first, and returns
 * the reason as errno; 0: none.
 */
static int
find_unusable(struct buffer *name, const char *path)
{
	static const char *const	names[] = { "", "/tmp", "/new" };
	int				error = 0;

	for (size_t i = 0; i < 3 && error == 0; i++) {
		buffer_clear(name);
		buffer_addf(name, "%s%s", path, names[i]);
		error = directory_error(name->data, i == 0 ? X_OK :
		    W_OK | X_OK);
	}
	return error;
}

static const char *
maildir_remedy(int error)
{
	switch (error) {
	case ENOENT:
		return "create its parent directory, or correct the path in "
		    "smarthost";
	case ENOTDIR:
		return "name a directory, or one that can be created, in "
		    "smarthost";
	}
	return "make it writable by the user who sends mail";
}

static void
check_maildir(struct smarthost_run *r, const char *path)
{
	struct buffer	 name = { 0 }, text = { 0 };
	int		 error = find_unusable(&name, path);
	bool		 is_missing = error == ENOENT;
	char		*parent = file_directory(name.data);

	if (is_missing)
		error = directory_error(parent, W_OK | X_OK);
	if (error == 0) {
		report(r, CHECK_OK, NULL, is_missing ? "will be created for "
		    "the first message" : "is writable by this user");
	} else {
		buffer_addf(&text, "cannot be %s: %s: %s", is_missing ?
		    "created" : "used", is_missing ? parent : name.data,
		    strerror(error));
		report(r, CHECK_FAIL, maildir_remedy(error), text.data);
	}
	free(parent);
	buffer_free(&name);
	buffer_free(&text);
}

void
smarthost_check_delivery(struct smarthost_run *r)
{
	const struct smarthost_url	*h = r->connection->smarthost;
	const char			*path = h->path != NULL ? h->path :
					    "discard";

	strlcpy(r->object, path, sizeof(r->object));
	if (h->scheme == SCHEME_COMMAND)
		check_program(r, path);
	else if (h->scheme == SCHEME_MAILDIR)
		check_maildir(r, path);
	else
		report(r, CHECK_WARNING, "if mail is to be delivered, set "
		    "smarthost to a server", "all mail is accepted and "
		    "discarded");
}
