#include "token/confine.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/token_file.h"
#include "util/buffer.h"
#include "util/file.h"
#include "util/privilege.h"

#define SERVICE_USER "relais"

void
confine_no_new_privileges(void)
{
#ifdef __linux__
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#endif
}

static bool
become(uid_t uid, const char *path, struct failure *why)
{
	const struct passwd	*pw = getpwuid(uid);
	struct stat		 st;
	gid_t			 gid;

	if (pw != NULL)
		gid = pw->pw_gid;
	else if (lstat(path, &st) == 0)
		gid = st.st_gid;
	else
		return failed_errno(why, EX_OSERR, "%s", path);
	if ((pw != NULL ? initgroups(pw->pw_name, gid) :
	    setgroups(0, NULL)) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		return failed_errno(why, EX_OSERR, "cannot become the owner "
		    "of %s (uid %lu)", path, (unsigned long)uid);
	privilege_hide_memory();
	return true;
}

/* The directories of relais belong to its user from the beginning. */
static bool
create_directory(const char *path, struct failure *why)
{
	const char		*tokens = token_file_system_directory();
	char			*state = file_directory(tokens);
	const struct passwd	*pw = NULL;

	if (geteuid() == 0 && (strcmp(path, tokens) == 0 ||
	    strcmp(path, state) == 0))
		pw = getpwnam(SERVICE_USER);
	free(state);
	if ((mkdir(path, 0700) == -1 && errno != EEXIST) ||
	    (pw != NULL && lchown(path, pw->pw_uid, pw->pw_gid) == -1))
		return failed_errno(why, EX_CANTCREAT, "%s", path);
	return true;
}

bool
confine_to_directory(const char *directory, bool create, struct failure *why)
{
	struct buffer	path = { 0 };
	const char	*at = directory;
	struct stat	st;
	bool		good = true, exists = true;

	while (good && exists && *at != '\0') {
		size_t	len = strcspn(at + 1, "/") + 1;

		buffer_add(&path, at, len);
		at += len;
		exists = lstat(path.data, &st) == 0;
		if (!exists && errno == ENOENT && create) {
			good = create_directory(path.data, why);
			exists = lstat(path.data, &st) == 0;
		}
		if (good && exists && geteuid() == 0 && st.st_uid != 0)
			good = become(st.st_uid, path.data, why);
	}
	buffer_free(&path);
	return good;
}
