/*
 * delivery_stage.c - CHECK_CONNECT for a program, a Maildir and discard:
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

/*
 * Sets *name to the directory in which a delivery would fail first, and returns
 * the reason as errno; 0: none.
 */
static int
find_unwritable(struct buffer *name, const char *path)
{
	static const char *const	names[] = { "", "/tmp", "/new" };

	for (size_t i = 0; i < 3; i++) {
		buffer_clear(name);
		buffer_addf(name, "%s%s", path, names[i]);
		if (access(name->data, i == 0 ? X_OK : W_OK | X_OK) == -1)
			return errno;
	}
	return 0;
}

static void
check_maildir(struct smarthost_run *r, const char *path)
{
	struct buffer	 name = { 0 }, text = { 0 };
	int		 error = find_unwritable(&name, path);
	char		*parent = file_directory(name.data);

	if (error == 0) {
		report(r, CHECK_OK, NULL, "is writable by this user");
	} else if (error == ENOENT && access(parent, W_OK | X_OK) == 0) {
		report(r, CHECK_OK, NULL, "will be created for the first "
		    "message");
	} else if (error == ENOENT) {
		buffer_addf(&text, "cannot be created: %s: %s", parent,
		    strerror(errno));
		report(r, CHECK_FAIL, "create its parent directory, or correct "
		    "the path in smarthost", text.data);
	} else {
		buffer_addf(&text, "cannot be used: %s: %s", name.data,
		    strerror(error));
		report(r, CHECK_FAIL, "make it writable by the user who "
		    "sends mail", text.data);
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
