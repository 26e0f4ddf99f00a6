#include "serve/serve_user.h"

#include <sys/stat.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sysexits.h>
#include <unistd.h>

bool
serve_user_find(struct serve_user *u, struct failure *why)
{
	const struct passwd	*pw;

	*u = (struct serve_user){ "relais", geteuid(), getegid(), false };
	if (u->uid != 0)
		return true;
	errno = 0;
	pw = getpwnam(u->name);
	/* An error must not make root run the service. */
	if (pw == NULL && errno != 0 && errno != ENOENT && errno != ESRCH &&
	    errno != EBADF && errno != EPERM)
		return failed_errno(why, EX_OSERR, "cannot look up the user "
		    "%s", u->name);
	if (pw == NULL) {
		u->name = NULL;
		return true;
	}
	u->uid = pw->pw_uid;
	u->gid = pw->pw_gid;
	u->change = true;
	return true;
}

bool
serve_user_directory(const struct serve_user *u, const char *path,
    mode_t mode, struct failure *why)
{
	if (mkdir(path, mode) == -1)
		return errno == EEXIST || failed_errno(why, EX_CANTCREAT,
		    "cannot create %s", path);
	/* Whatever the umask is. */
	if (chmod(path, mode) == -1 ||
	    (u->change && chown(path, u->uid, u->gid) == -1))
		return failed_errno(why, EX_CANTCREAT, "cannot give %s to the "
		    "user %s", path, u->name);
	return true;
}

bool
serve_user_become(const struct serve_user *u, struct failure *why)
{
	if (!u->change)
		return true;
	if (initgroups(u->name, u->gid) == -1 || setgid(u->gid) == -1 ||
	    setuid(u->uid) == -1 || setuid(0) != -1)
		return failed_errno(why, EX_OSERR, "cannot become the user %s",
		    u->name);
	return true;
}
